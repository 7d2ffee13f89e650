"""Keep what must survive: one narrow collection port on two engines."""

from store.opening import open_bus, open_store

__all__ = ["open_bus", "open_store"]
