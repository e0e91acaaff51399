"""The consensus of several reviewers on one value, and the share of them who agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from human_loop_reviews.review.values import Value

# "Equal within a tolerance" is not transitive, so every value is compared with every other. With
# more different values than this only equal ones count, which bounds the time.
_MAX_COMPARED: Final = 10

Same = Callable[[Value, Value], bool]


class Consensus(NamedTuple):
    """The result of counting the votes of several reviewers."""

    reached: bool
    """Whether more than half of the reviewers gave the same."""
    value: Value | None
    """The value that they gave; None if they gave no value, or if no consensus was reached."""
    agreement: float | None
    """The share of pairs of reviewers who gave the same, None with fewer than two reviewers."""


def find_consensus(votes: Sequence[Value | None], same: Same | None = None) -> Consensus:
    """Count the votes of reviewers.

    Parameters
    ----------
    votes
        One value per reviewer, None where the reviewer gave none. There is at least one reviewer.
    same
        When two values are the same; by default, when their comparison keys are equal.

    Returns
    -------
    Consensus
        The same for any order of the votes.

    Examples
    --------
    >>> from human_loop_reviews.review.values import text_value
    >>> result = find_consensus([text_value("Billing"), text_value(" Billing"), None])
    >>> result.value.display, result.agreement
    ('Billing', 0.3333333333333333)
    """
    if votes.count(votes[0]) == len(votes):
        return Consensus(True, votes[0], 1.0 if len(votes) > 1 else None)
    counts = _count(votes)
    if same is not None and len(counts) <= _MAX_COMPARED:
        return _compare_all(counts, len(votes), same)
    value, most = max(counts, key=lambda entry: entry[1])
    agreeing = sum(count * (count - 1) for _, count in counts)
    return _result(value, most, len(votes), agreeing)


def _count(votes: Sequence[Value | None]) -> list[tuple[Value | None, int]]:
    """Return each different value with its number of votes, in an order of their own."""
    voters: dict[object, list[Value | None]] = {}
    for vote in votes:
        voters.setdefault(None if vote is None else vote.comparison_key, []).append(vote)
    # Equal values can be written differently: display the shortest, whatever the votes' order.
    counts = [
        (min(equal, key=lambda vote: (len(_order(vote)[1]), _order(vote))), len(equal))
        for equal in voters.values()
    ]
    return sorted(counts, key=lambda entry: _order(entry[0]))


def _order(value: Value | None) -> tuple[str, str]:
    return ("", "") if value is None else (value.kind, repr(value.display))


def _compare_all(counts: list[tuple[Value | None, int]], reviewers: int, same: Same) -> Consensus:
    """Compare every two values: the value that most reviewers' values equal wins."""
    supports = [count for _, count in counts]
    for i, (one, one_count) in enumerate(counts):
        for j, (other, other_count) in enumerate(counts[:i]):
            if one is not None and other is not None and same(one, other):
                supports[i] += other_count
                supports[j] += one_count
    most = max(supports)
    value = counts[supports.index(most)][0]
    agreeing = sum(
        count * (support - 1) for (_, count), support in zip(counts, supports, strict=True)
    )
    return _result(value, most, reviewers, agreeing)


def _result(value: Value | None, support: int, reviewers: int, agreeing: int) -> Consensus:
    reached = 2 * support > reviewers
    agreement = agreeing / (reviewers * (reviewers - 1)) if reviewers > 1 else None
    return Consensus(reached, value if reached else None, agreement)
