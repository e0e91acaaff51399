"""Waiting for what happens in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable

_SECONDS_BETWEEN_LOOKS = 0.1


def wait_until(holds: Callable[[], bool], *, seconds: float) -> bool:
    """Look until a condition holds; return whether it came to."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    return True
