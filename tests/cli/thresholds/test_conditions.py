"""The activation conditions are what AWS documents, and review what the tests did not pass."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import jsonschema
import pytest

from human_loop_reviews.a2i.activation import read_activation
from human_loops_cli.thresholds.conditions import (
    MAX_LENGTH,
    ActivationConditions,
    activation_conditions,
    as_text,
)

#: The conditions of AWS's page that are used here: no conditions below And or Or.
#: https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-human-fallback-conditions-json-schema.html
SCHEMA = {
    "type": "object",
    "required": ["Conditions"],
    "additionalProperties": False,
    "properties": {
        "Conditions": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["ConditionType", "ConditionParameters"],
                "additionalProperties": False,
                "properties": {
                    "ConditionType": {
                        "enum": [
                            "Sampling",
                            "ImportantFormKeyConfidenceCheck",
                            "ModerationLabelConfidenceCheck",
                        ]
                    },
                    "ConditionParameters": {"type": "object", "minProperties": 1},
                },
            },
        }
    },
}

#: The parameters of each type that AWS's pages name, in one way only.
PARAMETERS = {
    "Sampling": {"RandomSamplingPercentage"},
    "ImportantFormKeyConfidenceCheck": {
        *("ImportantFormKey", "ImportantFormKeyAliases"),
        *("KeyValueBlockConfidenceLessThan", "KeyValueBlockConfidenceGreaterThan"),
        *("WordBlockConfidenceLessThan", "WordBlockConfidenceGreaterThan"),
    },
    "ModerationLabelConfidenceCheck": {
        *("ModerationLabelName", "ConfidenceLessThan", "ConfidenceGreaterThan"),
    },
}


def conditions(result: ActivationConditions) -> list[dict[str, Any]]:
    assert result.problem is None
    assert result.conditions is not None
    jsonschema.validate(result.conditions, SCHEMA)
    listed: list[dict[str, Any]] = result.conditions["Conditions"]
    for each in listed:
        assert each["ConditionParameters"].keys() <= PARAMETERS[each["ConditionType"]]
    return listed


def parameters(
    task: str, thresholds: dict[str, int | None], *, words: bool = False
) -> list[dict[str, Any]]:
    result = activation_conditions(task, thresholds, sampling_percentage=5.0, words=words)
    sampling, *others = conditions(result)
    assert sampling["ConditionParameters"] == {"RandomSamplingPercentage": 5}
    return [each["ConditionParameters"] for each in others]


def test_form_key_is_reviewed_below_its_threshold_with_and_without_a_colon() -> None:
    assert parameters("TextractForms", {"Total": 88}) == [
        {
            "ImportantFormKey": "Total",
            "ImportantFormKeyAliases": ["Total:"],
            "KeyValueBlockConfidenceLessThan": 88,
        }
    ]


def test_words_have_a_condition_of_their_own_because_parameters_hold_together() -> None:
    measures = [
        {name for name in each if "Confidence" in name}
        for each in parameters("TextractForms", {"Total": 88}, words=True)
    ]
    assert measures == [{"KeyValueBlockConfidenceLessThan"}, {"WordBlockConfidenceLessThan"}]


def test_field_without_threshold_is_always_reviewed() -> None:
    (form,) = parameters("TextractForms", {"Total": None}, words=True)
    assert form["KeyValueBlockConfidenceGreaterThan"] == 0
    (label,) = parameters("RekognitionModeration", {"Violence": None})
    assert label == {"ModerationLabelName": "Violence", "ConfidenceGreaterThan": 0}


def test_threshold_of_zero_needs_no_review() -> None:
    assert parameters("TextractForms", {"Total": 0}) == []


def test_labels_of_one_name_have_the_stricter_threshold() -> None:
    several: dict[str, int | None] = {"Violence/Weapons": 80, "Other/Weapons": 90}
    assert parameters("RekognitionModeration", several) == [
        {"ModerationLabelName": "Weapons", "ConfidenceLessThan": 90}
    ]
    (label,) = parameters("RekognitionModeration", {**several, "Weapons": None})
    assert label == {"ModerationLabelName": "Weapons", "ConfidenceGreaterThan": 0}


@pytest.mark.parametrize("name", ["*", "", "field-b0ddcf7c75c5", "x" * 199 + "…"])
def test_name_that_no_condition_can_have_is_left_out(name: str) -> None:
    result = activation_conditions("TextractForms", {name: 50, "Total": 60}, sampling_percentage=5)
    assert result.left_out == (name,)
    assert len(conditions(result)) == 2


@pytest.mark.parametrize("task", ["Custom", "Other", None])
def test_custom_task_has_no_activation_conditions(task: str | None) -> None:
    result = activation_conditions(task, {"Total": 60}, sampling_percentage=5)
    assert result.conditions is None
    assert "code that starts" in str(result.problem)


def test_unknown_percentage_makes_no_conditions() -> None:
    result = activation_conditions("TextractForms", {"Total": 60}, sampling_percentage=None)
    assert (result.conditions, result.left_out) == (None, ())


def test_conditions_that_are_too_long_for_aws_are_refused() -> None:
    shape = botocore.session.get_session().get_service_model("sagemaker")
    assert shape.shape_for("HumanLoopActivationConditions").metadata["max"] == MAX_LENGTH
    many: dict[str, int | None] = {f"Field number {number}": 90 for number in range(60)}
    few = dict(list(many.items())[:50])
    fits = activation_conditions("TextractForms", few, sampling_percentage=5)
    assert fits.conditions is not None
    assert len(as_text(fits.conditions)) <= MAX_LENGTH
    result = activation_conditions("TextractForms", many, sampling_percentage=5)
    assert result.conditions is None
    assert "--field" in str(result.problem)


def test_loops_that_these_conditions_start_are_read_as_sampled() -> None:
    result = activation_conditions("TextractForms", {"Total": 60}, sampling_percentage=2.5)
    evaluated = [{**each, "EvaluationResult": True} for each in conditions(result)]
    read = read_activation({"humanTaskActivationConditionResults": {"Conditions": evaluated}})
    assert (read.sampled, read.sampling_percentage) == (True, 2.5)


def test_text_is_json_with_names_as_they_are() -> None:
    result = activation_conditions("TextractForms", {'Straße "1"': 60}, sampling_percentage=5)
    assert result.conditions is not None
    assert "Straße" in as_text(result.conditions)
    assert json.loads(as_text(result.conditions)) == result.conditions
