"""Sampling: how the human loop of a custom task was selected, and by which model's prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from human_loop_reviews.a2i.activation import Activation
from human_loop_reviews.mapping import TaskMapping
from human_loop_reviews.tasks.found_fields import read_number_up_to
from human_loop_reviews.tasks.look_up import ExpressionFailedError, look_up
from human_loop_reviews.tasks.searchable import searchable_inputs


def read_sampling(inputs: Mapping[str, Any], mapping: TaskMapping) -> Activation:
    """Read how a human loop was selected. What is not found, or of another type, is None.

    Parameters
    ----------
    inputs
        What the caller passed in.
    mapping
        The owner's mapping.

    Examples
    --------
    >>> from human_loop_reviews.mapping import FieldMapping
    >>> mapping = TaskMapping(fields=[FieldMapping(name="n", path="n")], sampled="audit")
    >>> read_sampling({"audit": True}, mapping).sampled
    True
    """
    inputs = searchable_inputs(inputs)
    sampled = _look_up_value(mapping.sampled, inputs)
    percentage = read_number_up_to(_look_up_value(mapping.sampling_percentage, inputs), 100)
    version = _look_up_value(mapping.model_version, inputs)
    if type(version) is int:
        version = str(version) if abs(version) < 10**15 else None
    return Activation(
        sampled=sampled if type(sampled) is bool else None,
        sampling_percentage=percentage or None,
        model_version=version if type(version) is str and version.strip() else None,
    )


def _look_up_value(expression: str | None, data: Mapping[str, Any]) -> Any:
    try:
        return None if expression is None else look_up(expression, data).value
    except ExpressionFailedError:
        return None
