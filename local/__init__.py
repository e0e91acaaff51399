"""The product on one machine: an emulator of AWS, a real deployment into it, and a demo."""
