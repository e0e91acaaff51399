"""Outcomes in the ledger, published again."""
