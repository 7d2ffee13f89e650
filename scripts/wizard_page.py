"""Write docs/reference/wizard.md: ``python scripts/wizard_page.py``.

Every flow that bot/compose.py declares, step by step, in the words people read, with examples filled in.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from adapters.registry import adapters  # noqa: E402
from domain.accounts import Environment, RiskLimits  # noqa: E402
from domain.broker import BrokerAdapter, BrokerManifest, FieldSpec  # noqa: E402
from wizard.flow import Flow, Form, Menu, Progress, Step  # noqa: E402
from wizard.flows import choose, premium, risk_profile, source  # noqa: E402
from wizard.flows.catalogue import declare  # noqa: E402
from wizard.flows.link_review import name_field  # noqa: E402
from wizard.flows.ways import word  # noqa: E402
from wizard.texts import TEXTS, say  # noqa: E402

PAGE = ROOT / "docs" / "reference" / "wizard.md"
HEAD = """# What the wizard says

Every panel, form and sentence of the wizard, in the order people meet them, with examples filled in. This
page is made by `python scripts/wizard_page.py` from the flows themselves; a test fails when it is
not current.

A step that has only one possible answer is skipped. Each panel also has the buttons *Back* (once there is
something to go back to) and *Cancel*. Secrets are sealed as soon as they arrive; they are never shown again.
"""
ABOUT = {
    "link_account": (
        "Link an account",
        "`/broker add`, in direct messages. With the broker named there it takes 4 to 7 interactions.",
    ),
    "reauth": ("Connect an account again", "`/broker relink`, or the button *Link again*."),
    "reconfigure": ("Change an account's settings", "`/broker edit`, or the button *Settings*."),
    "risk_profile": ("Your limits", "`/limits`."),
    "source": ("A channel with signals", "`/channel setup`, for those who may manage the server."),
    "premium": ("Roles and memberships", "`/premium setup`, for those who may manage the server."),
}
EXAMPLES = {
    "broker": "Alpaca",
    "environment": "Paper",
    "name": "Alpaca paper",
    "number": "…1234",
    "buying_power": "20,000.00 USD",
    "cash": "10,000.00 USD",
    "equity": "10,250.00 USD",
    "settings": "API port: 7497, Client ID: 71",
    "max_order_notional": "1000",
    "max_open_positions": "10",
    "entry_max_age": "30",
    "duplicate_window": "60",
    "channel": "#signals",
    "authors": "@Casey",
    "premium": "@Gold",
    "pro": "@Silver",
    "basic": "no role",
    "id": "123456789012345678",
    "what": say("link_account.credentials.what_keys"),
    "enter": say("link_account.credentials.what_keys"),
    "how": say("link_account.credentials.how_keys", broker="Alpaca"),
    "label": "API key ID",
    "most": "40",
    "hint": "An Alpaca key ID is 16 to 40 capital letters and digits, such as PKX3... Copy it again.",
    "text": "Alpaca does not know these keys.",
    "ref": "3f9a1c20",
    "link": "https://discord.com/channels/@me/…",
    "setup": "https://app.alpaca.markets/…",
    "caution": "",
    "low": "1",
    "high": "100",
    "default": "10",
}


class _NoVerbs:
    """Be what flows are built on when they are only looked at."""

    accounts = care = gate = trading = None

    class limits:  # noqa: N801
        defaults = RiskLimits(id="default")


def flows() -> Sequence[Flow]:
    """Give every flow there is."""
    return declare(_NoVerbs())  # type: ignore[arg-type]


def page() -> str:
    """Write the page."""
    parts = [HEAD]
    for flow in flows():
        title, how = ABOUT[flow.name]
        parts.append(f"\n## {title}\n\nStarted by {how}\n")
        parts += [_step(flow, name, step) for name, step in flow.steps.items()]
        parts.append(f"\nAt the end: {_inline(_said(f'done.{flow.name}'))}\n")
    parts.append(
        "\n## When something is not right\n\nShown in the panel, which stays where it is or goes back.\n\n"
    )
    parts += _sentences("problem.")
    parts.append("\n## When it ends early\n\n")
    parts += _sentences("abort.")
    parts.append("\n## When a click does nothing\n\nSeen by whoever clicked, and by nobody else.\n\n")
    parts += _sentences("refused.")
    parts.append("\n## Around the steps\n\n")
    parts += _sentences("view.")
    parts.append("\n## What each broker asks for\n")
    parts += [_broker(adapter.manifest) for adapter in _sorted()]
    return "".join(parts)


def _sorted() -> list[BrokerAdapter]:
    return sorted(adapters().values(), key=lambda one: (one.manifest.slug != "paper", one.manifest.title))


def _step(flow: Flow, name: str, step: Step) -> str:
    key = f"{flow.name}.{name}"
    lines = [f"\n### {_said(f'{key}.title')}\n\n", f"{_broken(_said(f'{key}.body'))}\n"]
    if step.kind is Form:
        lines.append(f"\nButton: **{_said(f'{key}.open')}**\n")
        lines.append(_fields(flow, name))
    if step.kind is Menu:
        lines += _choices(flow, name)
    if step.kind is Progress:
        lines.append(f"\nButton, if it does not go on by itself: **{say('view.retry')}**\n")
    return "".join(lines)


def _fields(flow: Flow, name: str) -> str:
    match flow.name, name:
        case _, "confirm_live":
            return _table([word()])
        case _, "credentials" | "credentials_more":
            said = "\nThe fields of each broker are [below](#what-each-broker-asks-for).\n"
            return said + (_variants() if (flow.name, name) == ("link_account", "credentials") else "")
        case "reconfigure", "settings":
            return _table([name_field()]) + "\nand what of the broker's fields is not secret.\n"
        case _, "name":
            return _table([name_field()])
        case "risk_profile", _:
            return _table(risk_profile.fields(RiskLimits(id="default")))
        case "source", _:
            return _table(source.fields())
        case _:
            return _table(premium.fields())


def _variants() -> str:
    """Say how the step begins where no key is made, and what is added for real money."""
    lines = ["\nIts first sentence, its title and its button name what is asked for:\n\n"]
    for kind, broker in (("keys", "Alpaca"), ("gateway", "Interactive Brokers"), ("app", "Charles Schwab")):
        what = say(f"link_account.credentials.what_{kind}")
        lines.append(f"- **{what}**: {say(f'link_account.credentials.how_{kind}', broker=broker)}\n")
    entered = say("link_account.credentials.enter_gateway")
    lines.append(f"\nFor a gateway the button says *Enter {entered}*.\n")
    lines.append(f"\nWith real money it adds: {say('link_account.credentials.caution')}\n")
    return "".join(lines)


def _choices(flow: Flow, name: str) -> Iterator[str]:
    key = f"{'link_account' if name == 'way' else flow.name}.{name}"
    prefix = re.compile(rf"{re.escape(key)}\.([a-z]+)")
    words = {match[1]: _said(found) for found in TEXTS if (match := prefix.fullmatch(found))}
    left_out = {"title", "body", "pick", "open", "webhook", "beta", "premium"}
    if name == "broker":
        yield "\n"
        for adapter in _sorted():
            marked = choose.label_of(adapter.manifest, beta=adapter.manifest.beta)
            yield f"- **{marked}**: {adapter.manifest.summary}\n"
        beta, premium_mark = say("link_account.broker.beta", broker="…"), say("link_account.broker.premium")
        yield f"- Marks: {beta}; {premium_mark}\n"
        return
    if name == "account":
        yield "\nOne button for each account, such as **…1234**.\n"
        return
    yield "\n"
    for choice, said in words.items():
        if choice not in left_out and not choice.endswith("help"):
            more = TEXTS.get(f"{key}.{choice}_help", "")
            yield f"- **{said}**{': ' + more if more else ''}\n"


def _broker(manifest: BrokerManifest) -> str:
    kinds = " and ".join(each.value for each in sorted(manifest.environments, key=_paper_first))
    head = f"\n### {manifest.title}\n\n{manifest.summary} Offered: {kinds}.\n"
    where = f"\n{say('view.setup', setup=f'<{manifest.setup_url}>')}\n" if manifest.setup_url else ""
    return head + where + _table(manifest.fields)


def _paper_first(environment: Environment) -> bool:
    return environment is not Environment.PAPER


def _table(fields: Sequence[FieldSpec]) -> str:
    rows = ["\n| field | help | secret | needed | when it does not fit |\n|---|---|---|---|---|\n"]
    for spec in fields:
        usual = f" Filled in with `{spec.default}`." if spec.default else ""
        cells = (
            f"**{spec.label}**",
            f"{spec.help}{usual}",
            "yes" if spec.secret else "no",
            "yes" if spec.required else "no",
            spec.pattern_hint or "",
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n")
    return "".join(rows)


def _sentences(prefix: str) -> Iterator[str]:
    for key in TEXTS:
        if key.startswith(prefix):
            yield f"- {_inline(_said(key))}\n"


def _said(key: str) -> str:
    return say(key, **EXAMPLES)


def _broken(text: str) -> str:
    """Keep the ends of lines."""
    return text.replace("\n", "  \n")


def _inline(text: str) -> str:
    return text.replace("\n", " ")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page())
    print(f"{PAGE.relative_to(ROOT)} is written")


if __name__ == "__main__":
    main()
