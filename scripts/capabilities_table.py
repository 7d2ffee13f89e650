"""Write docs/reference/capabilities.md: ``python scripts/capabilities_table.py``.

What a broker can do is read from its manifest. What is said to pass is what tests/contract/test_contract.py
runs: the very parameters of its test, and not a second opinion on them.
"""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from domain.broker import BrokerManifest, ClassRules, RateRule  # noqa: E402
from domain.instruments import AssetClass  # noqa: E402
from tests.contract import test_contract  # noqa: E402
from tests.contract.cards import Card  # noqa: E402
from tests.contract.harness import HarnessSpec  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "capabilities.md"
PASSES = "passes"
CLASSES = {
    AssetClass.EQUITY: "stocks",
    AssetClass.OPTION: "options",
    AssetClass.CRYPTO: "crypto",
    AssetClass.FUTURE: "futures",
    AssetClass.FOREX: "forex",
}
SCOPES = {"account": "account", "app_key": "app key", "connection": "connection", "ip": "IP address"}
HEAD = """# What each broker can do

This page is made by `python scripts/capabilities_table.py` from the brokers' manifests and from the contract
suite; a test fails when it is not current. What a broker cannot do is refused before anything is sent.

## Orders

*Brackets*: **native** are made and tied by the broker; **software** are separate orders that the bot ties,
across restarts. *By amount* is an order for a sum of money in place of a quantity.

"""
SESSIONS = """
## Sessions

*Our order id*: **unique** is refused or answered with the first order when it comes twice, **unique while
open** only as long as the first one rests, **echoed** is kept and not checked, **none** is not kept. After a
reply that did not come, an order can still land for as long as *can land late* says; until then it is neither
sent again nor called rejected. Where several rules stand under *requests allowed*, each is of its own kind of
request; the lower of these and the ceiling in your settings holds.

"""
CARDS = """
## The contract, card by card

Each card is a sentence that every session keeps, checked through the broker's own SDK and over real sockets
against a simulator of the broker (the built-in paper broker has neither). **passes** stands only where
`tests/contract/test_contract.py` runs the card; anything else is what the broker has not, as its manifest or
harness declares.

"""
SIGN_IN = {
    "none": "none is needed",
    "api_key": "as long as the key",
    "gateway": "as long as the gateway's own",
}


def page() -> str:
    """Give the whole page."""
    specs = test_contract.HARNESSES
    return "".join([HEAD, *orders(specs), SESSIONS, *sessions(specs), CARDS, *contract(specs)])


def orders(specs: Iterable[HarnessSpec]) -> Iterator[str]:
    """Write what each broker takes, a line for each of its asset classes."""
    heads = ("broker", "class", "order types", "times in force", "brackets", "fractions")
    yield from top(*heads, "by amount", "short", "changes", "extended hours")
    for spec in specs:
        for kind, rules in spec.manifest.classes.items():
            yield line(spec.manifest.title, CLASSES[kind], *taken(rules))


def taken(rules: ClassRules) -> Iterator[str]:
    """Give the cells of one asset class."""
    yield listed(rules.order_types)
    yield listed(rules.times_in_force).upper()
    yield rules.bracket.value
    flags = (rules.fractional, rules.notional, rules.short, rules.replace, rules.extended_hours)
    yield from ("yes" if flag else "no" for flag in flags)


def sessions(specs: Iterable[HarnessSpec]) -> Iterator[str]:
    """Write how each broker is reached and held, a line for each."""
    heads = ("broker", "environments", "our order id", "can land late", "order updates")
    yield from top(*heads, "requests allowed", "sign-in lasts")
    for spec in specs:
        yield line(spec.manifest.title, *held(spec.manifest))


def held(manifest: BrokerManifest) -> Iterator[str]:
    """Give the cells of one broker."""
    yield listed(manifest.environments)
    yield manifest.client_ids.value.replace("_", " ")
    yield lasting(manifest.settle)
    yield manifest.events.value
    yield "; ".join(map(rate, manifest.rates)) or "any number"
    yield SIGN_IN[manifest.auth] if manifest.session_lifetime is None else lasting(manifest.session_lifetime)


def rate(rule: RateRule) -> str:
    """Say a rate rule in words."""
    only = f", {listed(rule.lanes)} only" if rule.lanes else ""
    window = "1 s" if rule.window == 1 else lasting(rule.window)
    return f"{rule.count} in {window} for each {SCOPES[rule.scope]}{only}"


def contract(specs: Collection[HarnessSpec]) -> Iterator[str]:
    """Write a line for each card and a cell for each broker, and count what passes."""
    collected = run_by_the_suite()
    yield from top("card", "sentence", *(spec.manifest.title for spec in specs))
    counts = dict.fromkeys((spec.name for spec in specs), 0)
    for card in test_contract.in_order():
        cells = [said(card, spec, collected) for spec in specs]
        yield line(card.id, card.sentence.replace("_", " "), *cells)
        for spec, cell in zip(specs, cells, strict=True):
            counts[spec.name] += cell == PASSES
    yield line("", "**pass**", *(f"**{count}**" for count in counts.values()))


def said(card: Card, spec: HarnessSpec, collected: Mapping[tuple[str, str], str]) -> str:
    """Say of one card at one broker that it passes, or what is lacking. Raises LookupError on neither."""
    if (spec.name, card.id) in collected:
        return PASSES
    lacking = card.lacking(spec)
    if not lacking:
        raise LookupError(f"{card.id} applies to {spec.name} and is not run")
    return lacking


def run_by_the_suite() -> Mapping[tuple[str, str], str]:
    """Give broker and card of every case that pytest runs, with its name."""
    marks = getattr(test_contract.test_the_broker_keeps, "pytestmark")  # noqa: B009
    (cases,) = (mark.args[1] for mark in marks if mark.name == "parametrize")
    ran = {}
    for case in cases:
        spec, card = case.values
        if {mark.name for mark in case.marks} != {"card"}:
            raise LookupError(f"{case.id} is marked as something that may not be run")
        ran[spec.name, card.id] = str(case.id)
    return ran


def top(*heads: str) -> Iterator[str]:
    """Write the head of a table."""
    yield line(*heads)
    yield "|---" * len(heads) + "|\n"


def line(*cells: str) -> str:
    """Write one line of a table."""
    return f"| {' | '.join(cells)} |\n"


def listed(values: Iterable[StrEnum]) -> str:
    """List values in the order in which they are declared."""
    there = set(values)
    return ", ".join(
        v.value.replace("_", " ") for kind in {type(v) for v in there} for v in kind if v in there
    )


def lasting(seconds: float) -> str:
    """Say a time in its largest whole unit."""
    for length, unit in ((86_400, "days"), (3_600, "hours"), (60, "min")):
        if (seconds >= 2 * length and seconds % length == 0) or seconds == length == 60:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:.3g} s"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())
    print(f"{PAGE.relative_to(ROOT)} is written")
