"""Tests of the paper broker and its engine."""
