"""Kills what a program started, and removes its folder, after the program itself was killed.

`python -I -S kill_orphans.py FOLDER`, in a session of its own, with a pipe from the program as its
standard input. The program writes the process groups that it starts to the pipe. Every system
closes the pipe however the program ends, by SIGKILL too. FOLDER may be empty text.
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
    """Wait until the program has ended, and tidy up."""
    folder = sys.argv[1]
    for group in sys.stdin.read().split():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(group), signal.SIGKILL)
    deadline = time.monotonic() + _SECONDS_TO_REMOVE
    # Again, if a process wrote to it until it was gone.
    while folder and os.path.exists(folder) and time.monotonic() < deadline:  # noqa: PTH110
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
