"""The built-in paper broker: ``ADAPTER``, made when first asked for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.broker import BrokerAdapter

    ADAPTER: BrokerAdapter


def __getattr__(name: str) -> object:
    if name != "ADAPTER":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from adapters.paper.adapter import PaperAdapter

    adapter = globals()["ADAPTER"] = PaperAdapter()
    return adapter
