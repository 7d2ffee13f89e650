"""One module per thing the wizard does."""
