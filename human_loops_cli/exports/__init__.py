"""Exports: what reviewers agreed on, as training data. Each format is one module."""
