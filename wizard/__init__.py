"""Ask a person for things, step by step."""
