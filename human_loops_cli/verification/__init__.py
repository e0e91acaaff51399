"""Verifying a deployed stack with one marked event."""
