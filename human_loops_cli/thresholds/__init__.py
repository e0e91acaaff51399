"""Advice on thresholds: which confidence may go without review."""
