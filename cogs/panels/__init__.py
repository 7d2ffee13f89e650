"""Draw what people see: Components v2 panels."""

from cogs.panels.confirm import trade_panel

__all__ = ["trade_panel"]
