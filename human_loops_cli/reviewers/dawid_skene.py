"""Dawid and Skene's model: how often each reviewer keeps right and wrong predictions.

Whether a prediction is right is not known, and is estimated together with the reviewers: those who
depart from the prediction together are evidence that it is wrong. A model with one accuracy for
each reviewer takes those who always keep it for the best. A. P. Dawid and A. M. Skene, Maximum
likelihood estimation of observer error-rates using the EM algorithm (1979),
https://doi.org/10.2307/2346806
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]]

# The steps until the estimates no longer change.
_MAX_STEPS: Final = 500
_CHANGE: Final = 1e-5

# From the estimate of similar votes, fewer steps suffice.
_STEPS_FROM_START: Final = 20
_CHANGE_FROM_START: Final = 1e-3

# Other starts of the search, as powers of the share who kept a prediction: with a small one, few
# predictions are wrong.
_OTHER_STARTS: Final = (0.1, 0.3, 3.0, 10.0)

# Half of the 95 % quantile of chi-squared with one degree of freedom.
_ABOUT_AS_LIKELY: Final = 1.92

# Added to each count: a probability of zero could never change again.
_SMOOTHING: Final = 0.01


class Ballot(NamedTuple):
    """Who kept the prediction of one field of one loop."""

    field: str
    kept: Mapping[str, bool]
    """By reviewer."""


class Estimate(NamedTuple):
    """What is estimated: arrays in the order of `Ballots.fields` or `Ballots.reviewers`."""

    right: Floats
    """By field, the share of predictions that are right."""
    keeps_right: Floats
    """By reviewer, the share of right predictions that the reviewer keeps."""
    keeps_wrong: Floats
    """By reviewer, the share of wrong predictions that the reviewer keeps."""
    right_count: Floats
    """By reviewer, how many right predictions the reviewer reviewed."""
    wrong_count: Floats
    """By reviewer, how many wrong predictions the reviewer reviewed."""


class Ballots:
    """The votes of a flow definition, as arrays.

    Parameters
    ----------
    ballots
        The votes. Each has at least one reviewer.

    Examples
    --------
    >>> votes = {"ann": True, "bob": True, "cay": False, "dan": False}
    >>> contested, agreed = Ballot("Total", votes), Ballot("Total", dict.fromkeys(votes, True))
    >>> ballots = Ballots([contested] * 20 + [agreed] * 80)
    >>> found = ballots.estimate(np.ones(100))
    >>> dict(zip(ballots.reviewers, np.round(found.keeps_wrong, 2).tolist()))
    {'ann': 1.0, 'bob': 1.0, 'cay': 0.0, 'dan': 0.0}
    """

    def __init__(self, ballots: Sequence[Ballot]) -> None:
        self.fields = sorted({each.field for each in ballots})
        self.reviewers = sorted({name for each in ballots for name in each.kept})
        fields = {name: number for number, name in enumerate(self.fields)}
        reviewers = {name: number for number, name in enumerate(self.reviewers)}
        self._field = np.array([fields[each.field] for each in ballots])
        self._sizes = np.array([len(each.kept) for each in ballots])
        self._ballot = np.repeat(np.arange(len(ballots)), self._sizes)
        self._reviewer = np.array([reviewers[name] for each in ballots for name in each.kept])
        self._kept = np.array([kept for each in ballots for kept in each.kept.values()])

    def estimate(self, weights: Floats, start: Estimate | None = None) -> Estimate:
        """Estimate the reviewers and the share of right predictions by expectation maximization.

        Parameters
        ----------
        weights
            How often each ballot counts.
        start
            Where the search starts: the estimate with similar weights. Default: the share of
            reviewers who kept each prediction.
        """
        if start is not None:
            right, _ = self._expect(start)
            return self._search(weights, right, _STEPS_FROM_START, _CHANGE_FROM_START)
        return self._search(weights, self._kept_share, _MAX_STEPS, _CHANGE)

    def other_estimates(self, weights: Floats, found: Estimate) -> list[Estimate]:
        """Return other estimates that explain the votes about as well.

        If fewer than three reviewers of the same loops ever depart from a prediction, many do: the
        votes cannot decide between a wrong prediction and a wrong correction.

        Parameters
        ----------
        weights
            How often each ballot counts.
        found
            The estimate.
        """
        least = self._log_likelihood(weights, found) - _ABOUT_AS_LIKELY
        searches = [
            self._search(weights, self._kept_share**power, _MAX_STEPS, _CHANGE)
            for power in _OTHER_STARTS
        ]
        return [each for each in searches if self._log_likelihood(weights, each) >= least]

    @property
    def _kept_share(self) -> Floats:
        kept = self._sum_ballots(self._kept.astype(float))
        shares: Floats = kept / self._sizes
        return shares

    def _search(self, weights: Floats, right: Floats, steps: int, change: float) -> Estimate:
        """Improve an estimate, which is given by how likely each prediction is right."""
        for _ in range(steps):
            new, _ = self._expect(self._maximize(weights, right))
            converged = np.max(np.abs(new - right), initial=0.0, where=weights > 0) < change
            right = new
            if converged:
                break
        return self._maximize(weights, right)

    def _maximize(self, weights: Floats, right: Floats) -> Estimate:
        """Return the most likely estimate, given how likely each prediction is right."""
        is_right = weights * right
        is_wrong = weights - is_right
        of_field = _sums(self._field, is_right, len(self.fields))
        all_of_field = _sums(self._field, weights, len(self.fields))
        of_right, of_wrong = [
            self._sum_reviewers(each[self._ballot]) for each in (is_right, is_wrong)
        ]
        kept_right, kept_wrong = [
            self._sum_reviewers(each[self._ballot] * self._kept) for each in (is_right, is_wrong)
        ]
        return Estimate(
            right=_share(of_field, all_of_field),
            keeps_right=_share(kept_right, of_right),
            keeps_wrong=_share(kept_wrong, of_wrong),
            right_count=of_right,
            wrong_count=of_wrong,
        )

    def _expect(self, found: Estimate) -> tuple[Floats, Floats]:
        """Return how likely each prediction is right, and the logarithm of each ballot's chance."""
        right = np.log(found.right)[self._field] + self._log_chance(found.keeps_right)
        wrong = np.log1p(-found.right)[self._field] + self._log_chance(found.keeps_wrong)
        log_chance = np.logaddexp(right, wrong)
        return np.exp(right - log_chance), log_chance

    def _log_chance(self, keeps: Floats) -> Floats:
        if_kept, if_not = np.log(keeps)[self._reviewer], np.log1p(-keeps)[self._reviewer]
        return self._sum_ballots(np.where(self._kept, if_kept, if_not))

    def _log_likelihood(self, weights: Floats, found: Estimate) -> float:
        _, log_chance = self._expect(found)
        return float(weights @ log_chance)

    def _sum_ballots(self, votes: Floats) -> Floats:
        return _sums(self._ballot, votes, len(self._sizes))

    def _sum_reviewers(self, votes: Floats) -> Floats:
        return _sums(self._reviewer, votes, len(self.reviewers))


def _sums(places: NDArray[np.integer[Any]], values: Floats, count: int) -> Floats:
    """Return the sum of the values of each place."""
    return np.bincount(places, values, count).astype(float)


def _share(part: Floats, of: Floats) -> Floats:
    """Return shares that are never exactly 0 or 1."""
    return (part + _SMOOTHING) / (of + 2 * _SMOOTHING)
