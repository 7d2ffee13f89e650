"""Compose and run; the only room that sees all."""
