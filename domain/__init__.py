"""The nouns of the system: values, contracts and ports. Standard library only."""
