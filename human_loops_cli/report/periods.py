"""The days of a report, and the weeks, months or years that show many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from human_loops_cli.report.figures import day_text

_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)

#: How many bars a chart shows at most, about.
_BARS: Final = 93


@dataclass(frozen=True, slots=True)
class Period:
    """A day, week, month or year of a report.

    Parameters
    ----------
    first, last
        Its first and last day in the report.
    partial
        Whether the report may have only a part of it.
    """

    first: date
    last: date
    partial: bool

    @property
    def text(self) -> str:
        """Its days, and whether it is partial."""
        days = day_text(self.first)
        if self.last != self.first:
            days += f" to {day_text(self.last)}"
        return days + (" (partial)" if self.partial else "")


@dataclass(frozen=True, slots=True)
class Window:
    """The days from the first to the last one with loops.

    Parameters
    ----------
    first, last
        The days.
    first_partial, last_partial
        Whether loops of these days may be missing, because the window begins or ends within them.
    """

    first: date
    last: date
    first_partial: bool
    last_partial: bool

    @classmethod
    def of(
        cls, first: date, last: date, *, since: datetime | None, until: datetime | None
    ) -> Window:
        """Return the window of data that is limited by times.

        Examples
        --------
        >>> march = date(2026, 3, 1), date(2026, 3, 31)
        >>> midnight = datetime(2026, 3, 1, tzinfo=UTC)
        >>> window = Window.of(*march, since=midnight, until=None)
        >>> window.first_partial, window.last_partial
        (False, True)
        """
        starts, ends = _midnight(first), _midnight(last) + (_DAY if last < date.max else _DAY * 0)
        return cls(
            first,
            last,
            first_partial=since is None or since.astimezone(UTC) > starts,
            # The last second of a day is its end.
            last_partial=until is None or until.astimezone(UTC) < ends - _SECOND,
        )

    @property
    def unit(self) -> str:
        """What a period is: day, week, month or year."""
        days = (self.last - self.first).days + 1
        units = (("day", 1), ("week", 7), ("month", 30))
        return next((unit for unit, length in units if days <= length * _BARS), "year")

    def periods(self, unit: str | None = None) -> list[Period]:
        """Return the days, or else the weeks from Monday on, months or years, without a gap."""
        return list(self._periods(_FIRST_DAYS[unit or self.unit]))

    def days(self) -> list[date]:
        """Return all days."""
        return [self.first + _DAY * each for each in range((self.last - self.first).days + 1)]

    def _periods(self, first_day: Callable[[date], date]) -> Iterator[Period]:
        days = self.days()
        start = 0
        while start < len(days):
            whole = first_day(days[start])
            end = start
            while end + 1 < len(days) and first_day(days[end + 1]) == whole:
                end += 1
            cut_first = start == 0 and (self.first_partial or whole < self.first)
            cut_last = end + 1 == len(days) and (self.last_partial or self._ends_early(first_day))
            yield Period(days[start], days[end], cut_first or cut_last)
            start = end + 1

    def _ends_early(self, first_day: Callable[[date], date]) -> bool:
        return self.last < date.max and first_day(self.last + _DAY) == first_day(self.last)


_FIRST_DAYS: Final[dict[str, Callable[[date], date]]] = {
    "day": lambda day: day,
    "week": lambda day: date.fromordinal(max(1, day.toordinal() - day.weekday())),
    "month": lambda day: day.replace(day=1),
    "year": lambda day: day.replace(month=1, day=1),
}


#: What a period can be, the shortest first.
UNITS: Final = tuple(_FIRST_DAYS)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
