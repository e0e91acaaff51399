"""Waiting for a condition."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Much longer than anything takes that works, also on a busy machine.
MAX_SECONDS = 120.0

_SECONDS_BETWEEN_LOOKS = 0.1


def wait_until(holds: Callable[[], bool], *, seconds: float = MAX_SECONDS) -> bool:
    """Wait until a condition holds or time is up, and return whether it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return True
