"""Gwet's AC1: agreement corrected for chance, where one label is far more frequent than others.

Alpha compares the disagreement with that of random pairs of votes. If 99 of 100 votes are equal,
random pairs agree as well, and alpha is near zero although reviewers nearly always agree. AC1
estimates chance from how evenly the labels are used. It needs a closed set of labels.
K. L. Gwet, Computing inter-rater reliability in the presence of high agreement (2008),
https://doi.org/10.1348/000711006X126600
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from human_loops_cli.alpha import Unit

#: More different values than this are no closed set of labels.
MOST_LABELS: Final = 20


def ac1(units: Iterable[Unit]) -> float | None:
    """Return AC1. None without two different labels, or with more than 20.

    Parameters
    ----------
    units
        The votes on each unit. Units with fewer than two votes are left out.

    Examples
    --------
    >>> from collections import Counter
    >>> units = [Counter("aa")] * 98 + [Counter("ab")] * 2
    >>> round(ac1(units), 4)
    0.9796
    """
    pairable = [unit for unit in units if unit.total() > 1]
    shares: dict[Any, float] = {}
    agreed = 0.0
    for unit in pairable:
        total = unit.total()
        agreed += sum(each * (each - 1) for each in unit.values()) / (total * (total - 1))
        for label, votes in unit.items():
            shares[label] = shares.get(label, 0.0) + votes / total
    if not 2 <= len(shares) <= MOST_LABELS:
        return None
    observed = agreed / len(pairable)
    used = [each / len(pairable) for each in shares.values()]
    chance = sum(each * (1 - each) for each in used) / (len(shares) - 1)
    return (observed - chance) / (1 - chance)
