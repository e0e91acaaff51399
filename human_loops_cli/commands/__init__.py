"""The commands: what they take, and how they print what they find."""
