"""What Amazon A2I sends and writes: events and outputs."""
