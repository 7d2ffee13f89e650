"""Write symbols as Schwab does: BRK/B for BRK.B, and options with their root padded to six characters."""

from domain.instruments import OptionContract


def stock(symbol: str) -> str:
    """Write a stock's symbol: share classes follow a slash."""
    return symbol.replace(".", "/")


def plain_stock(symbol: str) -> str:
    """Read a stock's symbol back."""
    return symbol.replace("/", ".")


def option(contract: OptionContract) -> str:
    """Write an option: ``AAPL  250321C00150000`` (OCC OSI, 2010)."""
    return f"{contract.underlying:<6}{contract.occ.removeprefix(contract.underlying)}"
