"""``inputContent`` of any form: an object, an object packed in a text, a list, a text, a number."""

from __future__ import annotations

import json
from typing import Any

import pytest

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.task_type import MODERATION
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.outcome_values import Note, Verdict
from human_loop_reviews.review.verdicts import Review
from human_loop_reviews.review_output import review_output


def reviewed(document: dict[str, Any], *mapping: FieldMapping) -> Review:
    return review_output(parse_output(json.dumps(document), source="o"), mapping=mapping)


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
