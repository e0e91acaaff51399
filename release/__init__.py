"""Checks of distributions and releases: `make dist` and `make release`."""
