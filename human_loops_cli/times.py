"""Times as options take them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from human_loops_cli.errors import CommandError, ExitStatus


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
    latest = None if until is None else _parse("--until", until)
    if latest is not None and until is not None and _is_date(until):
        latest += timedelta(days=1, microseconds=-1)
    if earliest is not None and latest is not None and latest < earliest:
        raise CommandError(f"--until {until} is before --since {since}", status=ExitStatus.USAGE)
    return earliest, latest


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
