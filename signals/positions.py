"""Find which open position a message speaks of; where several fit, ask."""

from dataclasses import dataclass

from domain.signals import Reading
from signals.build import asking, nothing
from signals.context import Context
from signals.facts import Facts


@dataclass(slots=True)
class Target:
    """Say which position is meant: a symbol, or the reading that says why none or which may be."""

    symbol: str | None = None
    refused: Reading | None = None


def settle(facts: Facts, context: Context, *, all_of_them: bool = False) -> Target:
    """Find the position a message speaks of: what it names, what it replies to, the only one open."""
    opens = context.open_positions
    if facts.symbol is not None:
        if opens is None:
            return Target(facts.symbol.symbol)
        match = next((o for o in opens if same_symbol(facts.symbol.symbol, o)), None)
        return Target(match) if match else Target(refused=nothing("not_open" if opens else "nothing_open"))
    if context.reply_to_symbol:
        symbol = context.reply_to_symbol
        known = opens is None or any(same_symbol(symbol, o) for o in opens)
        return Target(symbol) if known else Target(refused=nothing("not_open"))
    if opens is None:
        return Target()
    if len(opens) > 1 and not all_of_them:
        return Target(refused=asking("which_position", opens))
    if not opens:
        return Target(refused=nothing("nothing_open"))
    return Target(opens[0] if len(opens) == 1 else None)


def same_symbol(named: str, held: str) -> bool:
    """Compare symbols; a coin named without its quote (BTC, read as BTCUSD) is any pair of that coin."""
    plain, other = (s.upper().replace("/", "").replace("-", "") for s in (named, held))
    if plain == other:
        return True
    bases = [s.removesuffix("USDT").removesuffix("USDC").removesuffix("USD") for s in (plain, other)]
    return bases[0] == bases[1] and (plain.endswith("USD") or other == bases[1])
