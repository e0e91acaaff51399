"""What several reviewers say together: their consensus, and how far they agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from human_loop_reviews.values import Value

# A tolerance or an overlap is not transitive: everybody is compared with everybody. Beyond this
# many different values only equal ones count, so that no document takes for ever.
_MOST_COMPARED: Final = 10

Same = Callable[[Value, Value], bool]


class Poll(NamedTuple):
    """The result of asking several reviewers for one value.

    Parameters
    ----------
    reached
        Whether more than half of them said the same.
    consensus
        What they said, None if that is nothing, or if no consensus was reached.
    agreement
        The share of pairs of reviewers who said the same, None with fewer than two reviewers.
    """

    reached: bool
    consensus: Value | None
    agreement: float | None


def poll(answers: Sequence[Value | None], same: Same | None = None) -> Poll:
    """Count what reviewers said.

    Parameters
    ----------
    answers
        One value per reviewer, None where the reviewer left the field empty.
    same
        When two values are the same; by default, when their keys are equal.

    Examples
    --------
    >>> from human_loop_reviews.values import text_value
    >>> result = poll([text_value("Billing"), text_value(" Billing"), None])
    >>> result.consensus.shown, result.agreement
    ('Billing', 0.3333333333333333)
    """
    if answers.count(answers[0]) == len(answers):
        return Poll(True, answers[0], 1.0 if len(answers) > 1 else None)
    votes = _count(answers)
    if same is not None and len(votes) <= _MOST_COMPARED:
        return _poll_close(votes, len(answers), same)
    value, most = max(votes, key=lambda vote: vote[1], default=(None, 0))
    agreeing = sum(count * (count - 1) for _, count in votes)
    return _result(value, most, len(answers), agreeing)


def _count(answers: Sequence[Value | None]) -> list[tuple[Value | None, int]]:
    """Return each different value with its number of votes, in an order of their own."""
    voters: dict[object, list[Value | None]] = {}
    for answer in answers:
        voters.setdefault(None if answer is None else answer.key, []).append(answer)
    # Equal values may be written differently: show the same one, whoever was asked first.
    votes = [(min(equal, key=_order), len(equal)) for equal in voters.values()]
    return sorted(votes, key=lambda vote: _order(vote[0]))


def _order(value: Value | None) -> tuple[str, str]:
    return ("", "") if value is None else (value.kind, repr(value.shown))


def _poll_close(votes: list[tuple[Value | None, int]], reviewers: int, same: Same) -> Poll:
    """Count with a comparison of two values: the value with most others close to it wins."""

    def close(one: Value | None, other: Value | None) -> bool:
        if one is None or other is None:
            return one is other
        return same(one, other)

    supports = [sum(count for other, count in votes if close(value, other)) for value, _ in votes]
    most = max(supports, default=0)
    value = votes[supports.index(most)][0] if votes else None
    agreeing = sum(
        count * (support - 1) for (_, count), support in zip(votes, supports, strict=True)
    )
    return _result(value, most, reviewers, agreeing)


def _result(value: Value | None, votes: int, reviewers: int, agreeing: int) -> Poll:
    reached = 2 * votes > reviewers
    agreement = agreeing / (reviewers * (reviewers - 1)) if reviewers > 1 else None
    return Poll(reached, value if reached else None, agreement)
