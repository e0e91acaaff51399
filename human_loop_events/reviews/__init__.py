"""The review of ended loops: handler, output, ledger, mappings and reconciler."""
