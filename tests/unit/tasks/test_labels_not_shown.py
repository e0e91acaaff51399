"""Moderation labels that the model predicted and the reviewers were not shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.task_type import MODERATION
from human_loop_reviews.outcome_values import Note, Verdict
from human_loop_reviews.review.verdicts import FieldReview
from human_loop_reviews.review_output import review_output

SHOWN = {"name": "Alcohol", "parentName": "", "confidence": 51.0}
UNSHOWN = {"name": "Gambling", "parentName": "", "confidence": 98.5}


def moderation(response: Any, *answers: list[Any]) -> FieldReview:
    """Return the review of the label that was not shown."""
    content = [{"answerContent": {MODERATION: {"moderationLabels": each}}} for each in answers]
    document = {
        "awsManagedHumanLoopRequestSource": MODERATION,
        "inputContent": {
            "selectedAiServiceResponse": {"moderationLabels": [SHOWN]},
            "aiServiceResponse": response,
        },
        "humanAnswers": content,
    }
    review = review_output(parse_output(json.dumps(document), source="o"))
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
