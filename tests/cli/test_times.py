"""Times of options."""

from __future__ import annotations

import pytest

from human_loops_cli.errors import CommandError
from human_loops_cli.times import parse_times


@pytest.mark.parametrize("day", ["2026-03-14", "20260314", "2026-W11-6"])
def test_latest_day_is_taken_with_all_of_its_time(day: str) -> None:
    since, until = parse_times(day, day)
    assert since is not None
    assert until is not None
    assert since.isoformat() == "2026-03-14T00:00:00+00:00"
    assert until.isoformat() == "2026-03-14T23:59:59.999999+00:00"


def test_time_of_another_zone_is_kept() -> None:
    _, until = parse_times(None, "2026-03-14T09:30:00+02:00")
    assert until is not None
    assert until.isoformat() == "2026-03-14T09:30:00+02:00"


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        ("2026-03-15", "2026-03-14", "--until 2026-03-14 is before --since 2026-03-15"),
        ("2026-03-14T12:00", "2026-03-14T11:00", "is before"),
        ("May", None, "--since: expected a time"),
        (None, "2026-02-30", "--until: expected a time"),
    ],
)
def test_mistake_is_told(since: str | None, until: str | None, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        parse_times(since, until)
