"""Why Amazon A2I started a human loop: the flow definition's activation conditions, evaluated.

The output of a built-in task has each condition of its flow definition with the result:

    {"Conditions": [{"EvaluationResult": true, "Or": [
        {"ConditionType": "Sampling", "EvaluationResult": false,
         "ConditionParameters": {"RandomSamplingPercentage": 5}}, ...]}]}

What is not in this form costs the information, never the review of the loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

from human_loop_reviews.contract import ACTIVATION_PARAMETERS
from human_loop_reviews.outcome_values import CONDITION_MEMBERS

# A flow definition's conditions have at most 10,240 characters, and each condition at least 30 of
# them. More was not written by Amazon A2I, and is not read.
_MAX_CHARACTERS: Final = 10_240
_MAX_CONDITIONS: Final = 340

# Amazon A2I accepts two levels of Or and And.
_MAX_NESTING: Final = 10

# The response's property with the version of the model, by the AWS service.
_MODEL_VERSIONS: Final = (
    "analyzeDocumentModelVersion",
    "AnalyzeDocumentModelVersion",
    "moderationModelVersion",
    "ModerationModelVersion",
)
_MAX_VERSION_LENGTH: Final = 256

_SAMPLING: Final = "Sampling"
_PERCENTAGE: Final = "RandomSamplingPercentage"


class ActivationCondition(NamedTuple):
    """One simple condition of a flow definition."""

    type: str | None
    """Amazon A2I's ``ConditionType``: ``Sampling``, ``ImportantFormKeyConfidenceCheck``,
    ``MissingImportantFormKey`` or ``ModerationLabelConfidenceCheck``."""
    key: str | None
    """The form's key (``ImportantFormKey``) or the moderation label's name
    (``ModerationLabelName``) that it is about. ``*`` is any."""
    aliases: tuple[str, ...]
    """Other keys with the same meaning (``ImportantFormKeyAliases``)."""
    thresholds: Mapping[str, float]
    """The numbers that it compares with, by Amazon A2I's name of the parameter."""

    @property
    def properties(self) -> dict[str, Any]:
        """The condition as outcomes carry it, ready for JSON.

        Examples
        --------
        >>> ActivationCondition("Sampling", None, (), {"RandomSamplingPercentage": 5.0}).properties
        {'type': 'Sampling', 'randomSamplingPercentage': 5.0}
        """
        values = (self.type, self.key, *map(self.thresholds.get, ACTIVATION_PARAMETERS))
        described = zip(CONDITION_MEMBERS, values, strict=True)
        return {name: each for name, each in described if each is not None or name == "type"}


class Activation(NamedTuple):
    """Why a human loop was started, and with which model."""

    sampled: bool | None = None
    """Whether the loop is one of a random sample of all that the model did. None where unknown."""
    sampling_percentage: float | None = None
    """The percentage of all that the model did that the flow definition samples, where known."""
    conditions: tuple[ActivationCondition, ...] | None = None
    """The conditions that hold. None where the output has none."""
    configured: tuple[ActivationCondition, ...] = ()
    """All conditions of the flow definition, whether they hold or not."""
    model_version: str | None = None
    """The version of the model, where the AWS service states it."""


def read_activation(inputs: Mapping[str, Any]) -> Activation:
    """Read why the loop of a built-in task was started.

    A `Sampling` condition makes a random sample where it can start the loop alone: at the top
    level, or below ``Or``. Below ``And``, it samples what meets other conditions.

    Parameters
    ----------
    inputs
        What the AWS service passed in, whichever layout the output has.

    Returns
    -------
    Activation
        Without what is not in Amazon A2I's form.

    Examples
    --------
    >>> condition = {"ConditionType": "Sampling", "EvaluationResult": True,
    ...              "ConditionParameters": {"RandomSamplingPercentage": 5}}
    >>> results = {"Conditions": [condition]}
    >>> activation = read_activation({"humanTaskActivationConditionResults": results})
    >>> activation.sampled, activation.sampling_percentage
    (True, 5.0)
    """
    version = _model_version(inputs)
    results = inputs.get("humanTaskActivationConditionResults")
    top_level = results.get("Conditions") if type(results) is dict else None
    entries = list(islice(_walk(top_level), _MAX_CONDITIONS + 1)) if top_level else []
    read = [entry for entry in entries if entry is not None]
    if not read or len(entries) > _MAX_CONDITIONS or _length(read) > _MAX_CHARACTERS:
        return Activation(model_version=version)
    sampling = [entry for entry in read if entry.alone and entry.condition.type == _SAMPLING]
    return Activation(
        sampled=_sampled(sampling, complete=len(read) == len(entries)),
        sampling_percentage=_percentage(sampling),
        conditions=tuple([entry.condition for entry in read if entry.holds]),
        configured=tuple([entry.condition for entry in read]),
        model_version=version,
    )


class _Entry(NamedTuple):
    """A simple condition in its place among the others."""

    condition: ActivationCondition
    """The condition."""
    result: bool | None
    """Whether it holds by itself. None where unknown."""
    alone: bool
    """Whether it can start the loop alone."""
    active: bool
    """Whether no combination around it failed."""

    @property
    def holds(self) -> bool:
        return self.active and self.result is True


def _walk(
    conditions: Any, *, alone: bool = True, active: bool = True, depth: int = 0
) -> Iterator[_Entry | None]:
    """Yield the simple conditions, and None for what is not in Amazon A2I's form."""
    if type(conditions) is not list or depth > _MAX_NESTING:
        yield None
        return
    for condition in conditions:
        if type(condition) is not dict:
            yield None
            continue
        result = condition.get("EvaluationResult")
        combined = [key for key in ("Or", "And") if condition.get(key) is not None]
        for key in combined:
            members = condition[key]
            joined = key == "And" and type(members) is list and len(members) > 1
            yield from _walk(
                members,
                alone=alone and not joined,
                active=active and result is not False,
                depth=depth + 1,
            )
        if not combined:
            read = _read_condition(condition)
            known = result if type(result) is bool else None
            yield None if read is None else _Entry(read, known, alone, active)


def _read_condition(condition: Mapping[str, Any]) -> ActivationCondition | None:
    kind = condition.get("ConditionType")
    parameters = condition.get("ConditionParameters")
    if (kind is not None and type(kind) is not str) or type(parameters) is not dict:
        return None
    key = parameters.get("ImportantFormKey") or parameters.get("ModerationLabelName")
    aliases = parameters.get("ImportantFormKeyAliases")
    if aliases is None:
        aliases = []
    if (key is not None and type(key) is not str) or type(aliases) is not list:
        return None
    if any(type(alias) is not str for alias in aliases):
        return None
    thresholds = {
        name: number
        for name in ACTIVATION_PARAMETERS
        if (number := _number(parameters.get(name))) is not None
    }
    return ActivationCondition(kind, key, tuple(aliases), thresholds)


def _number(value: Any) -> float | None:
    """Return a percentage or a confidence, None for anything else."""
    if (type(value) is float or type(value) is int) and 0 <= value <= 100:
        return float(value)
    return None


def _length(entries: Sequence[_Entry]) -> int:
    """Return the length of all texts of the conditions."""
    return sum(
        len(text)
        for condition, *_ in entries
        for text in (condition.type or "", condition.key or "", *condition.aliases)
    )


def _sampled(sampling: Sequence[_Entry], *, complete: bool) -> bool | None:
    if any(each.holds for each in sampling):
        return True
    return False if complete and all(each.result is False for each in sampling) else None


def _percentage(sampling: Sequence[_Entry]) -> float | None:
    """Return the one percentage of the sampling conditions, None for several or none."""
    numbers = {each.condition.thresholds.get(_PERCENTAGE) for each in sampling}
    return numbers.pop() if len(numbers) == 1 else None


def _model_version(inputs: Mapping[str, Any]) -> str | None:
    for section in ("aiServiceResponse", "selectedAiServiceResponse"):
        response = inputs.get(section)
        if type(response) is dict:
            for name in _MODEL_VERSIONS:
                version = response.get(name)
                if type(version) is str and 0 < len(version) <= _MAX_VERSION_LENGTH:
                    return version
    return None
