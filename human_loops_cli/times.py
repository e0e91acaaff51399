"""Times as options take them, and the options that limit the end of loops."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from human_loops_cli.errors import CommandError, ExitStatus

Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="Loops that ended at this time or later.")
]
Until = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="Loops that ended at this time or earlier; a date includes its day."
    ),
]


def parse_times(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """Return the times of ``--since`` and ``--until``, in UTC unless they say otherwise.

    Parameters
    ----------
    since, until
        ISO 8601. A date stands for its beginning, and as the latest time for its end. None for no
        time.

    Raises
    ------
    CommandError
        If one is no time, or the latest is before the earliest.

    Examples
    --------
    >>> [time.isoformat() for time in parse_times("2026-03-14", "2026-03-14")]
    ['2026-03-14T00:00:00+00:00', '2026-03-14T23:59:59.999999+00:00']
    """
    earliest = None if since is None else _parse("--since", since)
    latest = None if until is None else parse_end("--until", until)
    if earliest is not None and latest is not None and latest < earliest:
        raise CommandError(f"--until {until} is before --since {since}", status=ExitStatus.USAGE)
    return earliest, latest


def parse_end(option: str, text: str) -> datetime:
    """Return a time at which something ends. A day ends with its last microsecond.

    Examples
    --------
    >>> parse_end("--until", "2026-03-14").isoformat()
    '2026-03-14T23:59:59.999999+00:00'
    """
    time = _parse(option, text)
    return time + timedelta(days=1, microseconds=-1) if _is_date(text) else time


def _parse(option: str, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"{option}: expected a time such as 2026-03-14 or 2026-03-14T09:30:00Z, got {text!r}",
            status=ExitStatus.USAGE,
        ) from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
