"""Carry journaled events to listeners; the journal, never the bus, is the truth."""
