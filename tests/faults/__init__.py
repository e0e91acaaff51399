"""Faults injected around a stack in the emulator, and what is lost or doubled: `make faults`."""
