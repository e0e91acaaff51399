"""The archive of outcomes: delivery stream, tables and queries."""
