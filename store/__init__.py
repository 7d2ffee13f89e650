"""Keep what must survive: one narrow collection port on two engines."""
