"""Child processes that end with the program that started them, and signals that end it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals of Ctrl-C, of a request to end, and of a closed terminal."""

_KILL_ORPHANS = Path(__file__).with_name("kill_orphans.py")


class InterruptedBySignalError(KeyboardInterrupt):
    """A signal ends the program.

    Parameters
    ----------
    number
        The signal.
    """

    def __init__(self, number: int) -> None:
        self.signal = signal.Signals(number)
        super().__init__(self.signal.name)


@contextlib.contextmanager
def process_group(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    output: IO[bytes],
    remove: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a new process group, and kill the group when the block is left.

    The descendants of the command (the workers of an emulator, the app of a CDK CLI) are in the
    group too. They have no data to save. If this program is killed, the group is killed and the
    folder `remove` is removed.
    """
    with _killed_with_this_program(remove) as started:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            started.write(f"{process.pid}\n")
            started.flush()
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def _killed_with_this_program(remove: Path | None) -> Iterator[IO[str]]:
    """Yield a pipe. If this program is killed, the process groups written to it are killed too."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", str(_KILL_ORPHANS), str(remove or "")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as orphans_killer:
        assert orphans_killer.stdin is not None  # noqa: S101 - it is a pipe
        try:
            yield orphans_killer.stdin
        finally:
            orphans_killer.kill()


@contextlib.contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Raise `InterruptedBySignalError` at the first signal, and ignore later signals.

    Therefore all open contexts are closed completely. Only the main thread can handle signals. In
    other threads, this has no effect.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, _frame: FrameType | None) -> None:
        ignore_signals()
        raise InterruptedBySignalError(number)

    before = {number: signal.signal(number, interrupt) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore_signals() -> None:
    """Ignore signals that would interrupt the removal of processes and files."""
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
