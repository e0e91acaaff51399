"""Runs a command, and ends it when the program that started this one has ended.

`python -I -S end_with_parent.py FOLDER COMMAND...`, as the leader of a process group, with a pipe
from the starting program as its standard input. Every system closes that pipe however the program
ends, by SIGKILL too. Then the whole group is killed, and FOLDER is removed unless it is empty text.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time

_SECONDS_BETWEEN_LOOKS = 0.1
_SECONDS_TO_REMOVE = 5.0


def main() -> int:
    """Run the command; return its exit status as a shell does."""
    folder, *command = sys.argv[1:]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    while process.poll() is None:
        # Nothing is ever written to the pipe: it is readable when it is closed.
        if select.select([sys.stdin], [], [], _SECONDS_BETWEEN_LOOKS)[0]:
            _kill_group(folder)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def _kill_group(folder: str) -> None:
    group = os.getpgrp()
    if os.fork() != 0:
        signal.pause()  # until the other process kills this one
    os.setsid()
    os.killpg(group, signal.SIGKILL)
    deadline = time.monotonic() + _SECONDS_TO_REMOVE
    while folder and os.path.exists(folder) and time.monotonic() < deadline:  # noqa: PTH110
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
