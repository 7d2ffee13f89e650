"""The HTTP face, piece by piece."""
