"""What was not shown, what is empty, inputs of any form, and the order of rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.task_type import MODERATION
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.review.field import Field, Note, Vote
from human_loop_reviews.review.natural_order import natural_key
from human_loop_reviews.review.values import labels_value, text_value
from human_loop_reviews.review.verdicts import FieldReview, Review, Verdict, judge_fields
from human_loop_reviews.review_output import review_output

SHOWN = {"name": "Alcohol", "parentName": "", "confidence": 51.0}
UNSHOWN = {"name": "Gambling", "parentName": "", "confidence": 98.5}


def reviewed(document: dict[str, Any], *mapping: FieldMapping) -> Review:
    return review_output(parse_output(json.dumps(document), source="o"), mapping=mapping)


def moderation(response: Any, *answers: list[Any]) -> FieldReview:
    """Return the review of the label that was not shown."""
    content = [{"answerContent": {MODERATION: {"moderationLabels": each}}} for each in answers]
    review = reviewed(
        {
            "awsManagedHumanLoopRequestSource": MODERATION,
            "inputContent": {
                "selectedAiServiceResponse": {"moderationLabels": [SHOWN]},
                "aiServiceResponse": response,
            },
            "humanAnswers": content,
        }
    )
    assert review.fields_judged == 1
    return next(field for field in review.fields if field.name.endswith("Gambling"))


@pytest.mark.parametrize("label", [{"name": "Gambling", "parentName": ""}, "Gambling"])
@pytest.mark.parametrize("adding", [2, 3])
def test_label_that_was_not_shown_is_confirmed_by_more_than_half(adding: int, label: Any) -> None:
    answers = [[label]] * adding + [[]] * (3 - adding)
    field = moderation({"moderationLabels": [SHOWN, UNSHOWN]}, *answers)
    assert (field.verdict, field.shown, field.confidence) == (Verdict.CONFIRMED, False, 98.5)


def test_label_that_was_not_shown_is_not_judged_by_a_minority() -> None:
    field = moderation({"moderationLabels": [SHOWN, UNSHOWN]}, ["Gambling"], [], [])
    assert (field.verdict, field.shown, field.note) == (None, None, Note.MINORITY)


def test_label_that_was_not_shown_is_not_judged_by_half() -> None:
    field = moderation({"moderationLabels": [SHOWN, UNSHOWN]}, ["Gambling"], [])
    assert (field.verdict, field.shown) == (Verdict.DISPUTED, None)


@pytest.mark.parametrize("response", [None, {}, {"moderationLabels": [1]}, "text"])
def test_label_is_added_if_the_response_does_not_have_it(response: Any) -> None:
    assert moderation(response, ["Gambling"]).verdict is Verdict.ADDED


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


@pytest.mark.parametrize("content", [[], ["a"], "text", '["packed"]', 5, True])
def test_answers_are_read_beside_an_input_that_is_no_object(content: Any) -> None:
    document = {"inputContent": content, "humanAnswers": [{"answerContent": {"town": "Ulm"}}]}
    review = reviewed(document)
    assert [field.answers for field in review.fields] == [("Ulm",)]
    assert not review.prediction_known
    (field,) = reviewed(document, FieldMapping(name="t", prediction="x", answer="town")).fields
    assert field.note is Note.PREDICTION_NOT_FOUND


def test_prediction_is_found_in_an_input_packed_in_a_string() -> None:
    document = {"inputContent": '{"x": "Ulm"}', "humanAnswers": [{"answerContent": {"t": "Ulm"}}]}
    (field,) = reviewed(document, FieldMapping(name="t", prediction="x", answer="t")).fields
    assert field.verdict is Verdict.CONFIRMED


def test_input_of_a_built_in_task_that_is_no_object_is_unreadable() -> None:
    document = {"awsManagedHumanLoopRequestSource": MODERATION, "inputContent": []}
    with pytest.raises(UnreadableOutputError, match="inputContent: expected an object"):
        reviewed({**document, "humanAnswers": []})


def test_rows_are_in_the_order_of_their_numbers() -> None:
    rows = FieldMapping(name="T", prediction="p", answer="a", rows=True)
    texts = [str(number) for number in range(12)]
    document = {"inputContent": {"p": texts}, "humanAnswers": [{"answerContent": {"a": texts}}]}
    assert [field.name for field in reviewed(document, rows).fields] == [
        f"T[{number}]" for number in range(12)
    ]


@pytest.mark.parametrize(
    "names",
    [
        ["line2", "line10", "line10b"],
        ["T[9].a", "T[9].b", "T[10].a"],
        ["1", "2", "010", "10", "a"],
        ["", "a", "a1"],
        ["x" + "9" * 5000, "x1" + "0" * 5000],
    ],
)
def test_names_are_in_natural_order(names: list[str]) -> None:
    assert sorted(names, key=natural_key) == names
