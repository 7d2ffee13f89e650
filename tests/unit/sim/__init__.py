"""Tests of the pretend world."""
