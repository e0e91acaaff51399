"""The stacks of the app, and their configuration."""
