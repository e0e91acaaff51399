"""Tests of the flat tables of outcomes, of their queries and of the archive."""
