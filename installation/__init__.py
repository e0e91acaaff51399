"""Sets up .venv with the locked versions, for the demo or for everything."""
