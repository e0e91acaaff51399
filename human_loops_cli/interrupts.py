"""Signals that end a command, as KeyboardInterrupt, so that the command can clean up."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer

#: Ctrl-C, termination, and the end of the terminal. Windows has no SIGHUP.
_SIGNALS: Final = tuple(
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if name in signal.Signals.__members__
)


@contextmanager
def as_interrupts() -> Iterator[None]:
    """Raise `KeyboardInterrupt` on each of the signals, except those that are ignored, as by nohup.

    Raises
    ------
    KeyboardInterrupt
        Also in place of an error that other code raised from it.
    """
    received = False

    def interrupt(*_: Any) -> None:
        nonlocal received
        received = True
        raise KeyboardInterrupt

    before = {
        each: signal.signal(each, interrupt)
        for each in _SIGNALS
        if signal.getsignal(each) in (signal.SIG_DFL, signal.default_int_handler)
    }
    try:
        yield
    except RuntimeError as error:
        # DuckDB in a query, and Python in a class body, raise RuntimeError from the interrupt.
        if received and not isinstance(error, typer.Exit):
            raise KeyboardInterrupt from None
        raise
    finally:
        _restore(before)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore the signals."""
    before = {each: signal.signal(each, signal.SIG_IGN) for each in _SIGNALS}
    try:
        yield
    finally:
        _restore(before)


def _restore(handlers: dict[signal.Signals, Any]) -> None:
    for each, handler in handlers.items():
        signal.signal(each, handler)
