"""Moderation: labels that the model gave and labels that people gave."""

from __future__ import annotations

import json
from typing import Any

import pytest

from human_loop_reviews.a2i.task_type import MODERATION
from tests.unit.documents import error_of, fields, label, moderation, review, verdicts


def test_label_is_named_with_its_parent() -> None:
    shown = [label("Suggestive", confidence=96.7), label("Revealing Clothes", "Suggestive")]
    assert verdicts(moderation(shown, shown)) == {
        "Suggestive": "confirmed",
        "Suggestive/Revealing Clothes": "confirmed",
    }
    assert fields(moderation(shown, shown))["Suggestive"].confidence == 96.7


def test_same_name_under_another_parent_is_another_label() -> None:
    document = moderation([label("Weapons", "Violence")], [label("Weapons", "Hate")])
    assert verdicts(document) == {"Hate/Weapons": "added", "Violence/Weapons": "removed"}


@pytest.mark.parametrize(
    "content", [{}, {MODERATION: None}, {MODERATION: {}}, {MODERATION: {"moderationLabels": []}}]
)
def test_no_labels_disagree_with_the_model(content: Any) -> None:
    result = review(moderation([label("Violence")], content))
    assert (result.unanswered, result.agreement) == (False, 0.0)
    assert [field.verdict for field in result.fields] == ["removed"]


def test_either_spelling_of_the_list_is_read() -> None:
    content = {MODERATION: {"ModerationLabels": [label("Violence")]}}
    assert verdicts(moderation([label("Violence")], content)) == {"Violence": "confirmed"}


def test_repeated_label_counts_once_with_its_highest_confidence() -> None:
    shown = [label("Violence", confidence=c) for c in (3, 9, None, 5)]
    assert fields(moderation(shown, [label("Violence")] * 2))["Violence"].confidence == 9


def test_label_that_one_of_three_gave_is_rightly_not_in_the_prediction() -> None:
    document = moderation([], [label("Violence")], [], [])
    assert verdicts(document) == {"Violence": "confirmed"}


def test_nothing_predicted_and_nothing_given_is_no_field() -> None:
    result = review(moderation([], []))
    assert (result.fields, result.agreement, result.prediction_known) == ((), None, True)


@pytest.mark.parametrize(
    ("labels", "place"),
    [
        ([5], "moderationLabels[0]: expected an object"),
        ([{"name": 5}], "moderationLabels[0].name: expected text"),
        ([{"name": " "}], "moderationLabels[0].name: expected a label's name"),
        ([{"name": "x", "parentName": []}], "moderationLabels[0].parentName: expected text"),
        ([{"name": "x", "confidence": []}], "moderationLabels[0].confidence: expected a finite"),
        ("x", "moderationLabels: expected a list"),
    ],
)
def test_misshapen_label_is_named(labels: Any, place: str) -> None:
    assert f"AWS/Rekognition/DetectModerationLabels/Image/V3.{place}" in error_of(
        json.dumps(moderation([], {MODERATION: {"moderationLabels": labels}}))
    )
    assert f"selectedAiServiceResponse.{place}" in error_of(
        json.dumps(moderation([]) | {"inputContent": selected(labels)})
    )


def selected(labels: Any) -> dict[str, Any]:
    return {"selectedAiServiceResponse": {"moderationLabels": labels}}


def test_label_without_confidence_is_read() -> None:
    assert review(moderation([label("Violence")])).prediction_known
