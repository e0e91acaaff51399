"""The demo's process: `python -m local`, with `--keep` to leave the emulator up afterwards."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def _exit_at_once(number: int, _frame: FrameType | None) -> None:
    """Exit before the demo has started. An exception could be lost in an import."""
    message = f"\ndemo: stopped by {signal.Signals(number).name}; nothing is left running\n"
    os.write(2, message.encode())
    os._exit(128 + number)


def main() -> int:
    """Run the demo; return its exit status."""
    if sys.argv[1:] not in ([], ["--keep"]):
        sys.exit(f"error: expected --keep or nothing, got {' '.join(sys.argv[1:])!r}")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit_at_once)
    # Imported only now: it takes a second, in which the demo may be interrupted.
    from local.demo import main as run_demo

    return run_demo(keep=sys.argv[1:] == ["--keep"])


if __name__ == "__main__":
    sys.exit(main())
