"""Shares with intervals that resample loops: fields of one loop are not independent."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeVar

ItemT = TypeVar("ItemT")

#: With more loops, several are resampled together. The intervals are about as wide.
MAX_GROUPS: Final = 400

_RESAMPLES: Final = 200

# With fewer groups, resamples are too much alike.
_MIN_GROUPS: Final = 10

# An interval is shown if at most this share of the resamples has no value.
_MOST_UNDEFINED: Final = 0.05

#: The same loops have the same interval.
_SEED: Final = 1


class Interval(NamedTuple):
    """The range of the middle 95 % over resampled loops."""

    low: float
    high: float


class Share(NamedTuple):
    """A share of some cases."""

    part: float
    of: int
    interval: Interval | None = None
    """None where there are too few loops."""

    @property
    def value(self) -> float | None:
        """The share. None without a case."""
        return self.part / self.of if self.of else None


def resamples(groups: Sequence[ItemT]) -> Iterator[list[ItemT]]:
    """Return samples of some groups of loops, with replacement."""
    chance = random.Random(_SEED)  # noqa: S311 - no secret
    for _ in range(_RESAMPLES if len(groups) >= _MIN_GROUPS else 0):
        yield chance.choices(groups, k=len(groups))


def middle(values: Iterable[float | None]) -> Interval | None:
    """Return the interval of values of resamples. None if too many are undefined."""
    found = sorted(each for each in values if each is not None)
    if len(found) < _RESAMPLES * (1 - _MOST_UNDEFINED):
        return None
    cut = round(len(found) * 0.025)
    return Interval(found[cut], found[-1 - cut])


def share_of(counted: Sequence[tuple[float, int]]) -> Share:
    """Return a share with its interval.

    Parameters
    ----------
    counted
        For each group of loops, how many cases it has, after how many of them count.

    Examples
    --------
    >>> found = share_of([(1, 2), (2, 2)] * 50)
    >>> found.value, found.interval.low < 0.75 < found.interval.high
    (0.75, True)
    """
    interval = middle(_sum(each).value for each in resamples(counted))
    return _sum(counted)._replace(interval=interval)


def _sum(counted: Sequence[tuple[float, int]]) -> Share:
    return Share(sum(part for part, _ in counted), sum(of for _, of in counted))
