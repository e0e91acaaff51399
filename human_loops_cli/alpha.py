"""Krippendorff's alpha: the agreement of reviewers, corrected for chance.

It is computed from sums of counts. Packages that compute it compare all categories in pairs, or
build matrices of units by categories by categories, which texts of a few thousand documents make
larger than any memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import Any, Final

Category = Hashable
"""What a reviewer said of a unit."""

Unit = Counter[Any]
"""How many reviewers said what of one thing that at least two reviewed."""

Same = Callable[[Any, Any], bool]
"""When two different categories count as the same."""

# Categories within a tolerance are compared in pairs.
_MAX_COMPARED: Final = 1000


class Undefined(StrEnum):
    """Why there is no alpha."""

    TOO_FEW_UNITS = "fewer than two units with at least two reviewers"
    ONE_CATEGORY = "all reviewers gave the same everywhere, so chance cannot be estimated"
    TOO_MANY_VALUES = f"more than {_MAX_COMPARED} different values with a tolerance"


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """The disagreement about one variable, summed over the pairable votes.

    Alpha is ``1 - observed / expected``.

    Parameters
    ----------
    units, votes, categories
        How many there are.
    observed
        The observed disagreement times the number of votes.
    expected
        The disagreement that is expected by chance, times the number of votes.
    undefined
        Why there is no alpha.
    """

    units: int
    votes: int
    categories: int
    observed: float = 0.0
    expected: float = 0.0
    undefined: Undefined | None = None

    @property
    def alpha(self) -> float | None:
        """Krippendorff's alpha. None if it is not defined."""
        return None if self.undefined else 1 - self.observed / self.expected


def measure(units: Iterable[Unit], same: Same | None = None) -> Disagreement:
    """Measure the disagreement about one variable, of which values are equal or not.

    Parameters
    ----------
    units
        The votes on each unit. Units with fewer than two votes are left out.
    same
        When different values count as the same. It need not be transitive. Default: never.

    Examples
    --------
    >>> units = [Counter("aa"), Counter("bb"), Counter("ab"), Counter("bb")]
    >>> round(measure(units).alpha, 4)
    0.5333
    """
    pairable = [unit for unit in units if unit.total() > 1]
    totals: Unit = Counter()
    for unit in pairable:
        totals.update(unit)
    counted = Disagreement(units=len(pairable), votes=totals.total(), categories=len(totals))
    if len(pairable) < 2:
        return replace(counted, undefined=Undefined.TOO_FEW_UNITS)
    if same is not None and len(totals) > _MAX_COMPARED:
        return replace(counted, undefined=Undefined.TOO_MANY_VALUES)
    expected = _different_pairs(totals, same)
    if expected == 0:
        return replace(counted, undefined=Undefined.ONE_CATEGORY)
    return replace(
        counted,
        observed=sum(_different_pairs(unit, same) / (unit.total() - 1) for unit in pairable),
        expected=expected / (totals.total() - 1),
    )


def combined_alpha(measured: Sequence[Disagreement]) -> float | None:
    """Return one alpha for several variables: chance is estimated for each by itself.

    It is the mean of their alphas, weighted by the disagreement that is expected of each. Chance
    over all variables together would compare a date with a total: reviewers who guess would seem to
    agree.

    Examples
    --------
    >>> coins = measure([Counter("aa"), Counter("ab"), Counter("ba"), Counter("bb")])
    >>> combined_alpha([coins, coins]) == coins.alpha
    True
    """
    defined = [each for each in measured if each.undefined is None]
    expected = sum(each.expected for each in defined)
    return 1 - sum(each.observed for each in defined) / expected if expected else None


def _different_pairs(counts: Unit, same: Same | None) -> int:
    """Return the number of ordered pairs of votes that differ."""
    total = counts.total()
    different = total * total - sum(count * count for count in counts.values())
    if same is not None:
        different -= 2 * sum(
            counts[one] * counts[other]
            for one, other in combinations(counts, 2)
            if same(one, other)
        )
    return different
