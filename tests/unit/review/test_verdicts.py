"""Verdicts: the reviewers' votes on each field beside the prediction."""

from __future__ import annotations

import pytest

from human_loop_reviews.outcome_values import Note, Verdict
from human_loop_reviews.review.field import Field, Vote
from human_loop_reviews.review.values import (
    Value,
    ValueKind,
    equal_within,
    labels_value,
    number_value,
    text_value,
)
from human_loop_reviews.review.verdicts import FieldReview, Review, judge_fields


def value(text: str | None) -> Value | None:
    return None if text is None else text_value(text)


def votes(*texts: str | None) -> list[Vote]:
    return [Vote(value(text)) for text in texts]


def moved(text: str, key: str) -> Vote:
    return Vote(value(text), key, moved=True)


def judge(field: Field, *, known: bool = True) -> FieldReview:
    (review,) = judge_fields([field], prediction_known=known)
    return review


def loop(*fields: Field) -> Review:
    reviews = judge_fields(fields, prediction_known=True)
    return Review(len(fields[0].votes), True, reviews, None, ())


@pytest.mark.parametrize(
    ("predicted", "answers", "verdict", "model_correct", "upheld"),
    [
        ("x", ("x",), "confirmed", True, 1.0),
        ("x", ("y",), "corrected", False, 0.0),
        ("x", (None,), "removed", False, 0.0),
        ("x", (" ",), "removed", False, 0.0),
        ("", (" ",), "confirmed", True, 1.0),
        ("", (None, None, "y"), "confirmed", True, 2 / 3),
        ("", ("y", "y", None), "corrected", False, 1 / 3),
        ("x", ("x", "y"), "disputed", None, 0.5),
        ("x", ("x", "x", "y"), "confirmed", True, 2 / 3),
        ("x", ("x", "y", "z"), "disputed", False, 1 / 3),
        ("x", ("y", "z"), "disputed", False, 0.0),
        ("x", ("y", None), "disputed", False, 0.0),
        ("x", ("y", "y", "x"), "corrected", False, 1 / 3),
        (None, ("x",), "added", None, None),
        (None, ("x", "x", None), "added", None, None),
        (None, ("x", None), "disputed", None, None),
        (None, ("x", "y", None), "disputed", None, None),
        (None, ("x", "y"), "disputed", None, None),
        (None, (None, "x", None), None, None, None),
    ],
)
def test_more_than_half_of_the_reviewers_decide(
    predicted: str | None,
    answers: tuple[str | None, ...],
    verdict: str | None,
    model_correct: bool | None,
    upheld: float | None,
) -> None:
    review = judge(Field("field", votes(*answers), value(predicted)))

    assert (review.verdict, review.model_correct) == (verdict, model_correct)
    assert review.upheld_share == upheld


def test_what_a_minority_adds_has_a_note_and_no_verdict() -> None:
    review = judge(Field("field", votes(None, "x", None)))

    assert (review.verdict, review.note) == (None, Note.MINORITY)


def test_without_a_prediction_only_a_dispute_is_a_verdict() -> None:
    assert judge(Field("field", votes("x")), known=False).verdict is None
    assert judge(Field("field", votes("x", "y")), known=False).verdict == "disputed"


def test_kind_is_that_of_the_consensus_else_of_the_prediction_else_of_a_vote() -> None:
    number, text = number_value(5, 5), text_value("five")
    assert judge(Field("n", [Vote(text)], predicted=number)).kind is ValueKind.TEXT
    assert judge(Field("n", [Vote(None)], predicted=number)).kind is ValueKind.NUMBER
    assert judge(Field("n", [Vote(text), Vote(None)]), known=False).kind is ValueKind.TEXT
    assert judge(Field("n", [Vote(text_value(""))], predicted=number)).kind is ValueKind.NUMBER
    assert judge(Field("n", [Vote(None)]), known=False).kind is None


@pytest.mark.parametrize("other_key", ["Sum", "Zum", "Amount"])
def test_tied_key_keeps_that_of_the_model_whatever_the_alphabet_says(other_key: str) -> None:
    review = judge(
        Field("Total", [Vote(value("5"), "Total"), moved("5", other_key)], predicted=value("5"))
    )

    assert (review.name, review.predicted_name) == ("Total", None)
    assert (review.verdict, review.model_correct, review.upheld_share) == ("disputed", None, 0.5)
    assert review.reviewer_agreement == 0.0


def test_key_that_more_than_half_gave_is_the_name() -> None:
    review = judge(
        Field(
            "Total",
            [moved("5", "Sum"), moved("5", "Sum"), Vote(value("5"), "Total")],
            predicted=value("5"),
        )
    )

    assert (review.name, review.predicted_name, review.verdict) == ("Sum", "Total", "relabelled")
    assert review.model_correct is False
    assert review.reviewer_agreement == pytest.approx(1 / 3)


def test_same_value_under_different_other_keys_is_relabelled_under_the_key_of_the_model() -> None:
    review = judge(Field("Total", [moved("5", "A"), moved("5", "B")], predicted=value("5")))

    assert (review.name, review.verdict, review.model_correct) == ("Total", "relabelled", False)


def test_alias_is_upheld_and_names_the_field() -> None:
    review = judge(Field("Sum", [Vote(value("5"), "Total")], predicted=value("5")))

    assert (review.name, review.predicted_name) == ("Total", "Sum")
    assert (review.verdict, review.model_correct) == ("confirmed", True)


def test_another_value_under_another_key_is_corrected() -> None:
    review = judge(Field("Total", [moved("6", "Sum")], predicted=value("5")))

    assert (review.name, review.verdict, review.consensus) == ("Sum", "corrected", "6")


def test_prediction_within_the_tolerance_is_confirmed() -> None:
    one, other = number_value(1, 1), number_value(1.5, 1.5)

    assert judge(Field("f", [Vote(other)], one, same=equal_within(1))).verdict == "confirmed"


@pytest.mark.parametrize(
    ("answer", "verdict", "model_correct"), [("x", None, None), ("y", "corrected", False)]
)
def test_what_is_compared_in_part_is_never_confirmed(
    answer: str, verdict: str | None, model_correct: bool | None
) -> None:
    review = judge(Field("f", votes(answer), value("x"), note=Note.LABEL_AND_COUNT))

    assert (review.verdict, review.model_correct) == (verdict, model_correct)
    assert review.note is Note.LABEL_AND_COUNT


@pytest.mark.parametrize("note", [Note.MASK, Note.OPAQUE, Note.MAPPING_FAILED])
def test_field_that_is_not_compared_has_no_verdict(note: Note) -> None:
    review = judge(Field("field", votes("x", "x"), value("x"), note=note))

    assert (review.verdict, review.model_correct, review.consensus) == (None, None, None)
    assert (review.upheld_share, review.reviewer_agreement) == (None, None)
    assert review.answers == ("x", "x")


def test_proven_errors_count_though_the_corrections_differ() -> None:
    right = [Field(f"right {n}", votes("x", "x"), value("x")) for n in range(5)]
    wrong = [Field(f"wrong {n}", votes("one", "1"), value("x")) for n in range(5)]

    review = loop(*right, *wrong)

    assert (review.agreement, review.fields_judged, review.fields_correct) == (0.5, 10, 5)


def test_additions_never_flatter_the_model() -> None:
    removed = Field("label", votes(None, None, None), value("x"))
    added = [Field(f"added {n}", votes("x", None, None)) for n in range(4)]

    review = loop(removed, *added)

    assert (review.agreement, review.fields_judged, review.fields_correct) == (0.0, 1, 0)


def test_what_was_not_shown_is_in_no_agreement() -> None:
    shown = Field("shown", votes("x"), value("x"))
    unshown = Field("unshown", votes("y"), value("x"), confidence=97.0, shown=False)

    review = loop(shown, unshown)

    assert review.agreement == 1.0
    assert [(each.verdict, each.shown) for each in review.fields] == [
        ("confirmed", True),
        ("corrected", False),
    ]


def test_shares_are_none_where_nothing_was_judged() -> None:
    disputed = loop(Field("field", votes("x", "y"), value("x")))

    assert (disputed.agreement, disputed.fields_judged) == (None, 0)
    assert disputed.verdict_counts[Verdict.DISPUTED] == 1
    assert disputed.reviewer_agreement == 0.0


EMPTY, NO_LABELS = text_value(""), labels_value(())


@pytest.mark.parametrize(
    "votes",
    [
        [Vote(None), Vote(EMPTY)],
        [Vote(EMPTY), Vote(None), Vote(EMPTY)],
        [Vote(text_value(" ")), Vote(None)],
        [Vote(NO_LABELS), Vote(None)],
        [Vote(EMPTY, "Sum", moved=True), Vote(EMPTY, "Total")],
    ],
)
def test_reviewers_who_leave_empty_and_who_delete_agree(votes: list[Vote]) -> None:
    field = Field("Total", votes, predicted=EMPTY)
    (review,) = judge_fields([field], prediction_known=True)
    assert (review.verdict, review.reviewer_agreement) == (Verdict.CONFIRMED, 1.0)
    assert len(set(field.values)) == 1
    assert not any(field.moved_keys)
