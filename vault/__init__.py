"""Seal credentials, and keep secrets out of everything printed."""
