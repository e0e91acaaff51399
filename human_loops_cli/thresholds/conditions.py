"""Activation conditions: the JSON that makes a flow definition act on thresholds.

A condition sends to review what is below a threshold: ``LessThan`` leaves a confidence that equals
the threshold without review, as the tests count it. Conditions at the top level are alternatives.
https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-human-fallback-conditions-json-schema.html

For Amazon Textract, the parameters of one condition hold together: with
``KeyValueBlockConfidenceLessThan`` and ``WordBlockConfidenceLessThan``, a pair is reviewed if both
confidences are low. So each has a separate condition here. Whether one word or each word of the
pair has to be low, AWS's page says in both ways (its examples 1 and 2). So thresholds are on the
confidence of the key-value block, unless the caller chooses otherwise.
https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-json-humantaskactivationconditions-textract-example.html

For Amazon Rekognition, the page names parameters in two ways (``ConfidenceLessThanEquals`` and
``ConfidenceLessThanOrEqual``). So only ``LessThan`` and ``GreaterThan`` are used here.
https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-json-humantaskactivationconditions-rekognition-example.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from human_loop_reviews.disclosure import MAX_NAME_LENGTH
from human_loop_reviews.outcome_values import TaskType

#: The longest ``HumanLoopActivationConditions`` that CreateFlowDefinition accepts, in characters.
#: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HumanLoopActivationConditionsConfig.html
MAX_LENGTH: Final = 10_240

# A field's name that outcomes tell as a hash.
_HASH: Final = re.compile("field-[0-9a-f]{12}")

_ANY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationConditions:
    """Activation conditions for a flow definition, or why there are none.

    Parameters
    ----------
    conditions
        The value of ``HumanLoopActivationConditions``, before it is written as a text. None if
        there are none.
    problem
        Why there are none. None if there are.
    left_out
        The fields that cannot be named in a condition.
    """

    conditions: Mapping[str, Any] | None = None
    problem: str | None = None
    left_out: tuple[str, ...] = ()


def activation_conditions(
    task_type: str | None,
    thresholds: Mapping[str, int | None],
    *,
    sampling_percentage: float | None,
    words: bool = False,
) -> ActivationConditions:
    """Return the activation conditions that act on thresholds and go on sampling.

    Parameters
    ----------
    task_type
        What the reviewers of the flow definition are asked to do.
    thresholds
        The threshold of each field, by its name. A field with None is always reviewed.
    sampling_percentage
        The percentage of everything that is reviewed at random. None where it is unknown.
    words
        Whether the thresholds are also on the confidence of words.

    Examples
    --------
    >>> result = activation_conditions("RekognitionModeration", {"Gore": 88}, sampling_percentage=5)
    >>> for condition in result.conditions["Conditions"]:
    ...     print(condition["ConditionParameters"])
    {'RandomSamplingPercentage': 5}
    {'ModerationLabelName': 'Gore', 'ConfidenceLessThan': 88}
    """
    if task_type not in (TaskType.TEXTRACT_FORMS, TaskType.REKOGNITION_MODERATION):
        return ActivationConditions(
            problem="A custom task has no activation conditions. Compare the thresholds in the "
            "code that starts the human loops."
        )
    if sampling_percentage is None:
        return ActivationConditions(problem="The percentage that is sampled is not known.")
    forms = task_type == TaskType.TEXTRACT_FORMS
    usable = {name: each for name, each in thresholds.items() if _is_usable(name)}
    left_out = tuple(name for name in thresholds if name not in usable)
    of_fields = _of_forms(usable, words=words) if forms else _of_labels(usable)
    sampling = {"RandomSamplingPercentage": _plain(sampling_percentage)}
    conditions = {"Conditions": [_condition("Sampling", sampling), *of_fields]}
    length = len(as_text(conditions))
    if length > MAX_LENGTH:
        return ActivationConditions(
            problem=f"The activation conditions of {len(usable)} fields have {length:,} "
            f"characters, and {MAX_LENGTH:,} are allowed. Choose the fields that matter with "
            "--field.",
            left_out=left_out,
        )
    return ActivationConditions(conditions=conditions, left_out=left_out)


def as_text(conditions: Mapping[str, Any]) -> str:
    """Return conditions as CreateFlowDefinition takes them: as a text."""
    return json.dumps(conditions, ensure_ascii=False, separators=(",", ":"))


def _of_forms(thresholds: Mapping[str, int | None], *, words: bool) -> Iterator[dict[str, Any]]:
    measures = ["KeyValueBlockConfidence", *(["WordBlockConfidence"] if words else [])]
    for name, threshold in thresholds.items():
        # Keys are read with their colon, and names of fields have none.
        key = {"ImportantFormKey": name, "ImportantFormKeyAliases": [f"{name}:"]}
        for measure in measures if threshold is not None else measures[:1]:
            for limit in _limits(measure, threshold):
                yield _condition("ImportantFormKeyConfidenceCheck", {**key, **limit})


def _of_labels(thresholds: Mapping[str, int | None]) -> Iterator[dict[str, Any]]:
    by_label: dict[str, list[int | None]] = {}
    for name, threshold in thresholds.items():
        by_label.setdefault(name.rpartition("/")[2], []).append(threshold)
    for label, several in by_label.items():
        # A condition cannot tell labels of the same name under different parents apart.
        known = [each for each in several if each is not None]
        threshold = max(known) if len(known) == len(several) else None
        for limit in _limits("Confidence", threshold):
            yield _condition(
                "ModerationLabelConfidenceCheck", {"ModerationLabelName": label, **limit}
            )


def _limits(measure: str, threshold: int | None) -> Iterable[dict[str, int]]:
    """Return what sends a field to review: always without a threshold, never with 0."""
    if threshold is None:
        return [{f"{measure}GreaterThan": 0}]
    return [{f"{measure}LessThan": threshold}] if threshold else []


def _is_usable(name: str) -> bool:
    """Return whether a condition can name a field: not a wildcard, a hash or a cut name."""
    return name not in ("", _ANY) and len(name) < MAX_NAME_LENGTH and not _HASH.fullmatch(name)


def _condition(kind: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {"ConditionType": kind, "ConditionParameters": dict(parameters)}


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number
