"""Moderation: labels that the model gave and labels that people gave."""

from __future__ import annotations

import json
from typing import Any

import pytest

from human_loop_reviews.a2i.task_type import MODERATION
from human_loop_reviews.tasks.moderation import MAX_LABELS
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
    "content",
    [
        {},
        {MODERATION: None},
        {MODERATION: {}},
        {MODERATION: []},
        {MODERATION: {"moderationLabels": []}},
    ],
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


def test_label_that_one_of_three_gave_is_a_minority() -> None:
    field = fields(moderation([], [label("Violence")], [], []))["Violence"]
    assert (field.verdict, field.note) == (None, "minority")


# The documented forms: whole labels if the categories are objects, names if they are texts, and an
# empty list from the exclusion button.

SHOWN = [label("Suggestive", confidence=90), label("Revealing Clothes", "Suggestive", 90)]
BOTH = {"Suggestive": "confirmed", "Suggestive/Revealing Clothes": "confirmed"}


@pytest.mark.parametrize(
    "content",
    [
        ["Suggestive", "Revealing Clothes"],
        {"ModerationLabels": ["Revealing Clothes", "Suggestive"]},
        {"moderationLabels": [{"name": "Suggestive"}, {"name": "Revealing Clothes"}]},
        [{"name": "Revealing Clothes", "confidence": 99, "parentName": "Suggestive"}],
        ["Revealing Clothes"],
    ],
)
def test_every_documented_form_of_an_answer_is_read(content: Any) -> None:
    assert verdicts(moderation(SHOWN, {MODERATION: content})) == BOTH


def test_parent_alone_does_not_imply_its_child() -> None:
    assert verdicts(moderation(SHOWN, [label("Suggestive")])) == {
        "Suggestive": "confirmed",
        "Suggestive/Revealing Clothes": "removed",
    }


def test_child_implies_the_labels_of_all_levels_above() -> None:
    shown = [label("Explicit"), label("Nudity", "Explicit"), label("Exposed", "Nudity")]
    document = moderation(shown, [label("Exposed", "Nudity")])
    assert set(verdicts(document).values()) == {"confirmed"}


def test_child_adds_no_field_for_a_parent_that_nobody_named() -> None:
    assert verdicts(moderation([], [label("Weapons", "Violence")])) == {"Violence/Weapons": "added"}


def test_circle_of_parents_ends() -> None:
    shown = [label("A", "B"), label("B", "A")]
    assert set(verdicts(moderation(shown, [label("A", "B")])).values()) == {"confirmed"}


def test_parent_is_told_by_another_reviewer_or_by_an_answer_for_the_model() -> None:
    child = [label("Weapons", "Violence")]
    assert verdicts(moderation([], {MODERATION: ["Weapons"]}, child)) == {
        "Violence/Weapons": "added"
    }
    assert verdicts(moderation([{"name": "Weapons"}], child)) == {"Violence/Weapons": "confirmed"}
    assert verdicts(moderation([], {MODERATION: ["Weapons"]})) == {"Weapons": "added"}


def test_name_of_two_shown_labels_is_both() -> None:
    shown = [label("Weapons", "Violence"), label("Weapons", "Hate")]
    document = moderation(shown, {MODERATION: ["Weapons"]})
    assert set(verdicts(document).values()) == {"confirmed"}


@pytest.mark.parametrize("count", [MAX_LABELS, MAX_LABELS + 1])
def test_labels_are_bounded(count: int) -> None:
    document = moderation([], {MODERATION: [f"l{index}" for index in range(count)]})
    if count == MAX_LABELS:
        assert len(fields(document)) == count
    else:
        assert error_of(json.dumps(document)).endswith(f"expected at most {MAX_LABELS} labels")


def test_nothing_predicted_and_nothing_given_is_no_field() -> None:
    result = review(moderation([], []))
    assert (result.fields, result.agreement, result.prediction_known) == ((), None, True)


@pytest.mark.parametrize(
    ("labels", "place"),
    [
        ([5], "moderationLabels[0]: expected an object"),
        ([" "], "moderationLabels[0].name: expected a label's name"),
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
