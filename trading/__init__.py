"""The verbs: what happens between a message and an order."""
