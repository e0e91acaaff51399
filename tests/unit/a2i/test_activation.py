"""Activation: why Amazon A2I started a human loop, as its output says."""

from __future__ import annotations

from typing import Any

import pytest

from human_loop_reviews.a2i.activation import Activation, read_activation
from human_loop_reviews.outcome import describe_review
from human_loop_reviews.review_output import review_output
from tests.unit.documents import custom, forms, moderation, parse


def sampling(result: bool | None, percentage: float = 5) -> dict[str, Any]:
    parameters = {"RandomSamplingPercentage": percentage}
    known = {} if result is None else {"EvaluationResult": result}
    return {"ConditionType": "Sampling", "ConditionParameters": parameters, **known}


def confidence(result: bool, key: str = "Total", **thresholds: float) -> dict[str, Any]:
    return {
        "ConditionType": "ImportantFormKeyConfidenceCheck",
        "ConditionParameters": {"ImportantFormKey": key, **thresholds},
        "EvaluationResult": result,
    }


def read(*conditions: Any) -> Activation:
    results = {"Conditions": list(conditions)}
    return read_activation({"humanTaskActivationConditionResults": results})


@pytest.mark.parametrize(
    ("conditions", "sampled"),
    [
        ([sampling(True)], True),
        ([sampling(False), confidence(True)], False),
        ([confidence(True)], False),
        ([{"EvaluationResult": True, "Or": [confidence(True), sampling(True)]}], True),
        ([{"EvaluationResult": True, "Or": [confidence(True), sampling(False)]}], False),
        ([{"EvaluationResult": True, "Or": [{"Or": [sampling(True)]}]}], True),
        ([sampling(None)], None),
        ([sampling(None), sampling(True)], True),
    ],
)
def test_loop_is_sampled_where_a_sampling_condition_alone_started_it(
    conditions: list[Any], sampled: bool | None
) -> None:
    assert read(*conditions).sampled is sampled


def test_sample_of_what_meets_another_condition_is_no_random_sample() -> None:
    both = {"EvaluationResult": True, "And": [sampling(True), confidence(True)]}
    activation = read({"EvaluationResult": True, "Or": [both]})
    assert activation.sampled is False
    assert activation.sampling_percentage is None
    assert read({"And": [{"Or": [sampling(True)]}, confidence(True)]}).sampled is False
    assert read({"And": [sampling(True)]}).sampled is True


def test_percentage_is_known_whether_the_loop_was_sampled_or_not() -> None:
    assert read(sampling(True, 2.5)).sampling_percentage == 2.5
    assert read(sampling(False, 2.5), confidence(True)).sampling_percentage == 2.5
    assert read(sampling(False, 2), sampling(True, 3)).sampling_percentage is None
    assert read(confidence(True)).sampling_percentage is None
    assert read(sampling(True, 500)).sampling_percentage is None


def test_conditions_that_hold_are_described_by_the_names_of_amazon_a2i() -> None:
    label = {
        "ConditionType": "ModerationLabelConfidenceCheck",
        "ConditionParameters": {"ModerationLabelName": "Suggestive", "ConfidenceLessThan": 98},
        "EvaluationResult": True,
    }
    missing = {
        "ConditionType": "MissingImportantFormKey",
        "ConditionParameters": {"ImportantFormKey": "IBAN", "ImportantFormKeyAliases": ["Account"]},
        "EvaluationResult": True,
    }
    either = {
        "EvaluationResult": True,
        "Or": [
            confidence(True, KeyValueBlockConfidenceLessThan=90, WordBlockConfidenceGreaterThan=8),
            confidence(False, "Other", KeyValueBlockConfidenceLessThan=90),
            missing,
        ],
    }
    conditions = read(either, label, sampling(True)).conditions
    assert conditions is not None
    assert [condition.properties for condition in conditions] == [
        {
            "type": "ImportantFormKeyConfidenceCheck",
            "key": "Total",
            "keyValueBlockConfidenceLessThan": 90.0,
            "wordBlockConfidenceGreaterThan": 8.0,
        },
        {"type": "MissingImportantFormKey", "key": "IBAN"},
        {"type": "ModerationLabelConfidenceCheck", "key": "Suggestive", "confidenceLessThan": 98.0},
        {"type": "Sampling", "randomSamplingPercentage": 5.0},
    ]


def test_condition_that_holds_in_a_combination_that_failed_started_nothing() -> None:
    failed = {"EvaluationResult": False, "And": [confidence(True), sampling(False)]}
    activation = read(failed, sampling(True))
    assert activation.conditions is not None
    assert [condition.type for condition in activation.conditions] == ["Sampling"]
    assert [condition.type for condition in activation.configured] == [
        "ImportantFormKeyConfidenceCheck",
        "Sampling",
        "Sampling",
    ]


NOTHING = Activation()


@pytest.mark.parametrize(
    "results",
    [
        None,
        5,
        [],
        {},
        {"Conditions": None},
        {"Conditions": []},
        {"Conditions": 5},
        {"Conditions": "x"},
    ],
)
def test_without_conditions_nothing_is_known(results: Any) -> None:
    assert read_activation({"humanTaskActivationConditionResults": results}) == NOTHING
    assert read_activation({}) == NOTHING


@pytest.mark.parametrize(
    "malformed",
    [
        5,
        {"Or": 5},
        {"And": [5]},
        {},
        {"ConditionType": 5, "ConditionParameters": {}},
        {"ConditionType": "Sampling", "ConditionParameters": []},
        {"ConditionParameters": {"ImportantFormKey": 5}},
        {"ConditionParameters": {"ImportantFormKeyAliases": "x"}},
        {"ConditionParameters": {"ImportantFormKeyAliases": [5]}},
    ],
)
def test_malformed_condition_costs_its_own_information_only(malformed: Any) -> None:
    assert read(malformed) == NOTHING
    activation = read(malformed, confidence(True))
    assert activation.sampled is None
    assert len(activation.configured) == 1
    assert read(malformed, sampling(True)).sampled is True


def test_malformed_threshold_is_left_out() -> None:
    condition = confidence(True, KeyValueBlockConfidenceLessThan=float("inf"))
    condition["ConditionParameters"]["WordBlockConfidenceLessThan"] = "90"
    assert read(condition).configured[0].thresholds == {}


@pytest.mark.parametrize(
    "name",
    [
        "analyzeDocumentModelVersion",
        "AnalyzeDocumentModelVersion",
        "moderationModelVersion",
        "ModerationModelVersion",
    ],
)
def test_model_version_is_that_of_the_response(name: str) -> None:
    assert read_activation({"aiServiceResponse": {name: "3.0"}}).model_version == "3.0"
    assert read_activation({"selectedAiServiceResponse": {name: "3.0"}}).model_version == "3.0"


@pytest.mark.parametrize("version", [3.0, "", None, "x" * 257])
def test_malformed_model_version_is_unknown(version: Any) -> None:
    response = {"moderationModelVersion": version}
    assert read_activation({"aiServiceResponse": response}).model_version is None


def test_more_conditions_than_a_flow_definition_can_have_are_not_read() -> None:
    assert read(*[sampling(True)] * 340).sampled is True
    assert read(*[sampling(True)] * 341) == NOTHING
    texts = len("ImportantFormKeyConfidenceCheck")
    assert read(confidence(True, "x" * (10_240 - texts))).sampled is False
    assert read(confidence(True, "x" * (10_241 - texts))) == NOTHING


def test_nested_deeper_than_amazon_a2i_accepts_is_not_read() -> None:
    nested: Any = sampling(True)
    for _ in range(300):
        nested = {"Or": [nested]}
    assert read(nested) == NOTHING


# In outcomes


PROPERTIES = ("sampled", "samplingPercentage", "activationConditions", "modelVersion")


def described(document: dict[str, Any], layout: str | None = "inputContent") -> list[Any]:
    """Return the properties of an outcome that come from the activation."""
    inputs = document.pop("inputContent")
    document |= inputs if layout is None else {layout: inputs}
    output = parse(document)
    outcome = describe_review(output, review_output(output), include_values=False)
    return [outcome[name] for name in PROPERTIES]


@pytest.mark.parametrize("layout", ["inputContent", "humanLoopInputContent", None])
@pytest.mark.parametrize("document", [forms([]), moderation([])])
def test_outcome_of_a_built_in_task_says_why_the_loop_was_started(
    document: dict[str, Any], layout: str | None
) -> None:
    inputs = {
        **document["inputContent"],
        "aiServiceResponse": {"moderationModelVersion": "7.0"},
        "humanTaskActivationConditionResults": {"Conditions": [sampling(True)]},
    }
    assert described({**document, "inputContent": inputs}, layout) == [
        True,
        5.0,
        [{"type": "Sampling", "randomSamplingPercentage": 5.0}],
        "7.0",
    ]


def test_outcome_without_conditions_has_nulls() -> None:
    assert described(moderation([])) == [None] * 4
    assert described(custom({})) == [None] * 4
