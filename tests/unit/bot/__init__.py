"""Check the running process piece by piece."""
