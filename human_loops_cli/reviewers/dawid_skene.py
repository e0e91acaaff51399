"""Dawid and Skene's model: how often each reviewer keeps right and wrong predictions.

Whether a prediction is right is not known, and is estimated together with the reviewers: those who
depart from the prediction together are evidence that it is wrong. A model with one accuracy for
each reviewer takes those who always keep it for the best. A. P. Dawid and A. M. Skene, Maximum
likelihood estimation of observer error-rates using the EM algorithm (1979),
https://doi.org/10.2307/2346806
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

# The steps until the estimates no longer change.
_MAX_STEPS: Final = 500
_CHANGE: Final = 1e-5
_CHANGE_FROM_START: Final = 1e-3

# Other starts of the search, as powers of the share who kept a prediction: with a small one, few
# predictions are wrong.
_OTHER_STARTS: Final = (0.1, 0.3, 3.0, 10.0)

# Half of the 95 % quantile of chi-squared with one degree of freedom.
_ABOUT_AS_LIKELY: Final = 1.92

# exp() of more is no float.
_MAX_ODDS: Final = 700.0

# Added to each count: a probability of zero could never change again.
_SMOOTHING: Final = 0.01


class Pattern(NamedTuple):
    """What the reviewers of one field of one loop gave. Loops often have the same."""

    field: str
    kept: tuple[tuple[str, bool], ...]
    """Each reviewer, and whether the reviewer kept the prediction."""


class Kept(NamedTuple):
    """The share of predictions that a reviewer keeps."""

    share: float
    of: float
    """Of how many predictions, estimated too."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is estimated of a flow definition.

    Parameters
    ----------
    right
        By field, the share of predictions that are right.
    keeps_right, keeps_wrong
        By reviewer, which right and which wrong predictions the reviewer keeps.
    """

    right: Mapping[str, float]
    keeps_right: Mapping[str, Kept]
    keeps_wrong: Mapping[str, Kept]


def estimate(patterns: Counter[Pattern], start: Estimate | None = None) -> Estimate:
    """Estimate the reviewers and the share of right predictions by expectation maximization.

    Parameters
    ----------
    patterns
        How often the reviewers gave what. There is at least one pattern.
    start
        Where the search starts: the estimate of similar patterns, with which fewer steps suffice.
        Default: the share of reviewers who kept each prediction.

    Examples
    --------
    >>> votes = {"ann": True, "bob": True, "cay": False, "dan": False}
    >>> contested = Pattern("Total", tuple(votes.items()))
    >>> agreed = Pattern("Total", tuple(dict.fromkeys(votes, True).items()))
    >>> found = estimate(Counter({contested: 20, agreed: 80}))
    >>> round(found.keeps_wrong["ann"].share, 2), round(found.keeps_wrong["dan"].share, 2)
    (1.0, 0.0)
    """
    if start is not None:
        return _search(patterns, _expect(patterns, start), _CHANGE_FROM_START)
    return _search(patterns, [_kept_share(pattern) for pattern in patterns], _CHANGE)


def other_estimates(patterns: Counter[Pattern], found: Estimate) -> list[Estimate]:
    """Return other estimates that explain what the reviewers gave about as well.

    If fewer than three reviewers of the same loops ever depart from a prediction, many estimates
    do: the votes cannot decide between a wrong prediction and a wrong correction.

    Parameters
    ----------
    patterns
        How often the reviewers gave what.
    found
        The estimate of them.
    """
    least = _log_likelihood(patterns, found) - _ABOUT_AS_LIKELY
    searches = [
        _search(patterns, [_kept_share(pattern) ** power for pattern in patterns], _CHANGE)
        for power in _OTHER_STARTS
    ]
    return [each for each in searches if _log_likelihood(patterns, each) >= least]


def _search(patterns: Counter[Pattern], right: list[float], change: float) -> Estimate:
    """Improve an estimate, which is given by how likely each prediction is right."""
    weighted = list(patterns.items())
    for _ in range(_MAX_STEPS):
        new = _expect(patterns, _maximize(weighted, right))
        converged = all(abs(one - other) < change for one, other in zip(right, new, strict=True))
        right = new
        if converged:
            break
    return _maximize(weighted, right)


def _kept_share(pattern: Pattern) -> float:
    return sum(kept for _, kept in pattern.kept) / len(pattern.kept)


def _log_likelihood(patterns: Counter[Pattern], found: Estimate) -> float:
    total = 0.0
    for pattern, count in patterns.items():
        right = found.right[pattern.field]
        wrong = 1 - right
        for reviewer, kept in pattern.kept:
            if_right, if_wrong = (
                found.keeps_right[reviewer].share,
                found.keeps_wrong[reviewer].share,
            )
            right *= if_right if kept else 1 - if_right
            wrong *= if_wrong if kept else 1 - if_wrong
        total += count * math.log(right + wrong)
    return total


def _maximize(weighted: Sequence[tuple[Pattern, int]], right: Sequence[float]) -> Estimate:
    """Return the most likely estimate, given how likely each prediction is right."""
    fields: dict[str, list[float]] = {}
    reviewers: dict[str, list[float]] = {}
    for (pattern, count), share in zip(weighted, right, strict=True):
        is_right = count * share
        is_wrong = count - is_right
        counts = fields.get(pattern.field) or fields.setdefault(pattern.field, [0.0, 0.0])
        counts[0] += is_right
        counts[1] += is_wrong
        for reviewer, kept in pattern.kept:
            counts = reviewers.get(reviewer) or reviewers.setdefault(reviewer, [0.0] * 4)
            counts[0] += is_right
            counts[1] += is_wrong
            if kept:
                counts[2] += is_right
                counts[3] += is_wrong
    return Estimate(
        right={
            name: _share(of_right, of_right + of_wrong)
            for name, (of_right, of_wrong) in fields.items()
        },
        keeps_right={name: Kept(_share(n[2], n[0]), n[0]) for name, n in reviewers.items()},
        keeps_wrong={name: Kept(_share(n[3], n[1]), n[1]) for name, n in reviewers.items()},
    )


def _share(part: float, of: float) -> float:
    """Return a share that is never exactly 0 or 1."""
    return (part + _SMOOTHING) / (of + 2 * _SMOOTHING)


def _expect(patterns: Iterable[Pattern], found: Estimate) -> list[float]:
    """Return how likely each prediction is right, given an estimate."""
    fields = {name: _log_odds(share, 1 - share) for name, share in found.right.items()}
    votes = {}
    for reviewer, (if_right, _) in found.keeps_right.items():
        if_wrong, _ = found.keeps_wrong[reviewer]
        votes[reviewer, True] = _log_odds(if_right, if_wrong)
        votes[reviewer, False] = _log_odds(1 - if_right, 1 - if_wrong)
    return [
        _logistic(fields[pattern.field] + sum([votes[vote] for vote in pattern.kept]))
        for pattern in patterns
    ]


def _log_odds(one: float, other: float) -> float:
    return math.log(one) - math.log(other)


def _logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-odds)) if odds > -_MAX_ODDS else 0.0
