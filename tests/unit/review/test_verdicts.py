"""Verdicts: the consensus on one field beside the prediction."""

from __future__ import annotations

import pytest

from human_loop_reviews.review.field import Field, Note
from human_loop_reviews.review.values import Value, equal_within, number_value, text_value
from human_loop_reviews.review.verdicts import (
    Verdict,
    count_verdicts,
    judge_fields,
    model_agreement,
    reviewer_agreement,
)


def value(text: str | None) -> Value | None:
    return None if text is None else text_value(text)


def verdict(predicted: str | None, *answers: str | None, known: bool = True) -> str | None:
    field = Field("field", [value(answer) for answer in answers], value(predicted))
    return judge_fields([field], prediction_known=known)[0].verdict


@pytest.mark.parametrize(
    ("predicted", "answers", "expected"),
    [
        ("x", ("x",), "confirmed"),
        ("x", ("y",), "corrected"),
        ("x", (None,), "removed"),
        ("x", (" ",), "removed"),
        ("", (" ",), "confirmed"),
        ("x", ("x", "y"), "disputed"),
        (None, ("x",), "added"),
        (None, (None, "x", None), "confirmed"),
    ],
)
def test_consensus_is_compared_with_the_prediction(
    predicted: str | None, answers: tuple[str | None, ...], expected: str
) -> None:
    assert verdict(predicted, *answers) == expected


def test_without_a_prediction_only_a_dispute_is_a_verdict() -> None:
    assert verdict(None, "x", known=False) is None
    assert verdict(None, "x", "y", known=False) == "disputed"


def test_value_moved_to_another_key_is_relabelled_only_if_it_is_the_same() -> None:
    moved = Field("field", [value("x")], value("x"), relabelled=True)
    changed = moved._replace(answers=[value("y")])
    reviews = judge_fields([moved, changed], prediction_known=True)
    assert {review.verdict for review in reviews} == {"relabelled", "corrected"}


def test_prediction_within_the_tolerance_is_confirmed() -> None:
    one, other = number_value(1, 1), number_value(1.5, 1.5)
    field = Field("field", [other], one, same=equal_within(1))
    assert judge_fields([field], prediction_known=True)[0].verdict == "confirmed"


@pytest.mark.parametrize("note", [Note.MASK, Note.OPAQUE, Note.MAPPING_FAILED])
def test_field_that_is_not_compared_has_no_verdict(note: Note) -> None:
    field = Field("field", [value("x"), value("x")], value("x"), note=note)
    (review,) = judge_fields([field], prediction_known=True)
    assert (review.verdict, review.consensus, review.agreement) == (None, None, None)
    assert review.answers == ("x", "x")


def test_shares_are_none_where_nothing_was_judged() -> None:
    assert model_agreement(count_verdicts([])) is None
    assert reviewer_agreement([]) is None
    disputed = judge_fields(
        [Field("field", [value("x"), value("y")], value("x"))], prediction_known=True
    )
    counts = count_verdicts(disputed)
    assert (counts[Verdict.DISPUTED], model_agreement(counts)) == (1, None)
    assert reviewer_agreement(disputed) == 0.0
