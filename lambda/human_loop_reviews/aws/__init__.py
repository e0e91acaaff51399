"""The AWS services that the runtime reads from and writes to."""
