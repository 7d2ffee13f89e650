"""Tests of the broker adapters' pure parts."""
