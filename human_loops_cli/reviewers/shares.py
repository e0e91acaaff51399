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

# What an interval leaves out at each end.
_TAIL: Final = 0.025

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
    cut = round(len(found) * _TAIL)
    return Interval(found[cut], found[-1 - cut])


def widen(interval: Interval | None, value: float, cases: float) -> Interval | None:
    """Return the interval of a share, also where it is nearly 0 or 1 and resamples are all alike.

    Parameters
    ----------
    interval
        The middle of the resamples.
    value
        The share.
    cases
        Of how many independent cases. If all of them are alike, the interval is the exact one of
        Clopper and Pearson (https://doi.org/10.1093/biomet/26.4.404).

    Examples
    --------
    >>> widen(Interval(1.0, 1.0), 1.0, 30)
    Interval(low=0.884..., high=1.0)
    """
    if interval is None or cases <= 0:
        return None
    low, high = interval
    nearly_one = _TAIL ** (1 / cases)
    if value * cases > cases - 0.5:
        low = min(low, nearly_one)
    if value * cases < 0.5:
        high = max(high, 1 - nearly_one)
    return Interval(low, high)


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
    share = _sum(counted)
    if share.value is None:
        return share
    interval = middle(_sum(each).value for each in resamples(counted))
    return share._replace(interval=widen(interval, share.value, sum(of > 0 for _, of in counted)))


def _sum(counted: Sequence[tuple[float, int]]) -> Share:
    return Share(sum(part for part, _ in counted), sum(of for _, of in counted))
