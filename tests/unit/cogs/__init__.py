"""Tests of the Discord commands and panels."""
