"""Messages in dead-letter queues: why they are there, and where they are redriven to."""
