"""One package per broker, behind one contract."""
