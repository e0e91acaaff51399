"""State machines that wait for human loops."""
