"""Dead letters: messages that were not processed, why, and where they go back."""
