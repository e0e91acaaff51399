"""Shares with intervals that resample loops: fields of one loop are not independent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: With more loops, several are resampled together. The intervals are about as wide.
MAX_GROUPS: Final = 400

_RESAMPLES: Final = 100

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


@cache
def resamples(groups: int) -> NDArray[np.int64]:
    """Return how often each group of loops is in each resample: an array of resamples by groups.

    Parameters
    ----------
    groups
        How many groups there are. With fewer than ten, there is no resample.
    """
    count = _RESAMPLES if groups >= _MIN_GROUPS else 0
    chance = np.random.default_rng(_SEED)
    return chance.multinomial(groups, np.full(groups, 1 / max(groups, 1)), size=count)


def middle(values: NDArray[np.float64]) -> Interval | None:
    """Return the interval of the values of resamples. None if too many are undefined (NaN)."""
    found = values[~np.isnan(values)]
    if len(found) < _RESAMPLES * (1 - _MOST_UNDEFINED):
        return None
    low, high = np.quantile(found, [_TAIL, 1 - _TAIL])
    return Interval(float(low), float(high))


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
    >>> low, high = widen(Interval(1.0, 1.0), 1.0, 30)
    >>> round(low, 2), high
    (0.88, 1.0)
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
        For each group of loops, how many of its cases count, and how many cases it has.

    Examples
    --------
    >>> found = share_of([(1, 2), (2, 2)] * 50)
    >>> found.value, found.interval.low < 0.75 < found.interval.high
    (0.75, True)
    """
    share = Share(sum(part for part, _ in counted), sum(of for _, of in counted))
    if share.value is None:
        return share
    parts, of = np.array(counted, dtype=float).T
    weights = resamples(len(counted))
    cases = weights @ of
    values = np.divide(weights @ parts, cases, out=np.full(len(cases), np.nan), where=cases > 0)
    return share._replace(interval=widen(middle(values), share.value, int(np.sum(of > 0))))
