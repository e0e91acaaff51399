"""Outcomes of old outputs, which no event is known of."""
