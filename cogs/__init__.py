"""One cog per thing a person does."""
