"""Unit tests of the signal reader."""
