"""How a version is released: `make dist` and `make release`."""
