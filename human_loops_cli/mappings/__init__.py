"""Mappings of custom tasks: a file of them, and suggestions from outputs."""
