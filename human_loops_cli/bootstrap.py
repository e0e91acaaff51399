"""How much an agreement depends on which loops were reviewed: a bootstrap interval over loops."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

from human_loops_cli.alpha import Unit

_RESAMPLES: Final = 400
_LEAST_UNITS: Final = 10

#: If the measure is undefined in more of the resamples, there is no interval.
_MOST_UNDEFINED: Final = 0.05

#: The same units have the same interval.
_SEED: Final = 1


def interval(
    units: Sequence[Unit], measure: Callable[[Sequence[Unit]], float | None]
) -> tuple[float, float] | None:
    """Return the range of the middle 95 % of a measure over resampled units.

    Parameters
    ----------
    units
        The votes of one loop each. Those with fewer than two votes are left out.
    measure
        The measure of some units. None where it is undefined.

    Returns
    -------
    tuple of float or None
        None with fewer than ten units, or if the measure is often undefined.

    Examples
    --------
    >>> from collections import Counter
    >>> from human_loops_cli.ac1 import ac1
    >>> units = [Counter("aa")] * 45 + [Counter("bb")] * 45 + [Counter("ab")] * 10
    >>> low, high = interval(units, ac1)
    >>> round(low, 1), round(high, 1)
    (0.7, 0.9)
    """
    pairable = [unit for unit in units if unit.total() > 1]
    if len(pairable) < _LEAST_UNITS:
        return None
    chance = random.Random(_SEED)  # noqa: S311 - no secret
    found = []
    for _ in range(_RESAMPLES):
        value = measure(chance.choices(pairable, k=len(pairable)))
        if value is not None:
            found.append(value)
    if len(found) < _RESAMPLES * (1 - _MOST_UNDEFINED):
        return None
    found.sort()
    cut = round(len(found) * 0.025)
    return found[cut], found[-1 - cut]
