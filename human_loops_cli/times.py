"""Times as options take them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from human_loops_cli.errors import CommandError, ExitStatus


def parse_time(option: str, text: str | None, *, end_of_day: bool = False) -> datetime | None:
    """Return the time that an option names, in UTC unless it says otherwise.

    Parameters
    ----------
    option
        The option's name, for the error.
    text
        ISO 8601. None for no time.
    end_of_day
        Whether a date stands for its last second.

    Raises
    ------
    CommandError
        If the text is no time.

    Examples
    --------
    >>> parse_time("--until", "2026-03-14", end_of_day=True).isoformat()
    '2026-03-14T23:59:59+00:00'
    """
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(
            f"{option}: expected a time such as 2026-03-14 or 2026-03-14T09:30:00Z, got {text!r}",
            status=ExitStatus.USAGE,
        ) from None
    if end_of_day and len(text) == len("2026-03-14"):
        time += timedelta(days=1, seconds=-1)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
