"""Fault injection: runs stacks in the emulator under faults, and counts lost and doubled loops."""
