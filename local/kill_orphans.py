"""Kills the processes that a program started, and removes its folder, after the program has ended.

`python -I -S kill_orphans.py FOLDER` runs in a separate session, with a pipe from the program as
its standard input. The program writes the process groups that it starts to the pipe. The system
closes the pipe when the program ends, including by SIGKILL. FOLDER may be an empty text.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
import time

_SECONDS_TO_REMOVE = 5.0


def main() -> None:
    """Wait until the program has ended, kill its processes, and remove its folder."""
    folder = sys.argv[1]
    for group in sys.stdin.read().split():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(group), signal.SIGKILL)
    deadline = time.monotonic() + _SECONDS_TO_REMOVE
    # A process may have written to the folder until it was killed.
    while folder and os.path.exists(folder) and time.monotonic() < deadline:  # noqa: PTH110
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
