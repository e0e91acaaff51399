"""Outputs for which a mapping counts: those of custom tasks, with answers."""

from __future__ import annotations

from typing import Final

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.outcome_values import TaskType

_CUSTOM: Final = frozenset({TaskType.CUSTOM, TaskType.OTHER})


def is_answered_custom_task(output: Output) -> bool:
    """Return whether a mapping counts for an output."""
    return reason_without_mapping(output) is None


def reason_without_mapping(output: Output) -> str | None:
    """Return why no mapping counts for an output, None if one does."""
    if output.task_type not in _CUSTOM:
        return f"{output.task_type} is a built-in task, which needs no mapping"
    if not output.answers:
        return "it has no answers"
    return None
