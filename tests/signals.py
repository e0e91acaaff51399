"""Signals in the programs that tests start, however the tests themselves were started."""

from __future__ import annotations

import signal

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends a program: Ctrl-C, a request to end, and a terminal that is closed."""


def heed_signals() -> None:
    """Let a program end by signals, as one in a terminal does: a `preexec_fn`.

    A program inherits the signals that are ignored: SIGHUP from nohup, and SIGINT from a shell that
    runs the tests in the background.
    """
    for each in ENDING:
        signal.signal(each, signal.SIG_DFL)
