"""Which events, how they are delivered, and who is alerted."""
