"""Answers that say whether the prediction is right, recognised by their usual words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from human_loop_reviews.mapping import Judgement
from human_loop_reviews.tasks.crowd_elements import is_choice, read_value

_UPHELD: Final = frozenset(
    {"agree", "good", "correct", "right", "approve", "approved", "accept", "accepted", "valid"}
)
_REJECTED: Final = frozenset(
    {"disagree", "bad", "incorrect", "wrong", "reject", "rejected", "edit", "edited", "invalid"}
    | {"decline", "declined"}
)


def read_judgements(answers: Sequence[Any]) -> Mapping[str, str] | None:
    """Return which values of answers uphold the prediction, and which reject it.

    None unless all values are usual words for one or the other, and both are among them. Radio
    buttons have all their values in each answer.

    Examples
    --------
    >>> read_judgements([{"good": True, "bad": False}])
    {'bad': 'rejected', 'good': 'upheld'}
    >>> read_judgements([{"label": "approve"}, {"label": "cat"}]) is None
    True
    """
    values: set[str] = set()
    for answer in answers:
        if is_choice(answer) and len(answer) > 1:
            values |= answer.keys()
            continue
        read = read_value(answer)
        if read is None or not isinstance(read.display, str):
            return None
        values |= {read.display} - {""}
    meanings = {value: _meaning(value) for value in sorted(values)}
    if {*meanings.values()} != {*Judgement}:
        return None
    return {value: str(meaning) for value, meaning in meanings.items() if meaning is not None}


def _meaning(value: str) -> Judgement | None:
    word = value.strip().casefold()
    if word in _UPHELD:
        return Judgement.UPHELD
    return Judgement.REJECTED if word in _REJECTED else None
