"""Task types: how the prediction and the answers of each are read and compared.

Each task type is one module with a ``TASK`` that implements `Task`. A module is imported when its
task type is first reviewed, so that a cold start pays for one task type. The modules of mappings
are imported with the first mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from human_loop_reviews.outcome_values import TaskType

if TYPE_CHECKING:
    from human_loop_reviews.tasks.task import Task

#: The module of each task type, in this package.
_MODULES: Final[Mapping[TaskType, str]] = {
    TaskType.TEXTRACT_FORMS: "forms",
    TaskType.REKOGNITION_MODERATION: "moderation",
    TaskType.CUSTOM: "custom",
    TaskType.OTHER: "custom",
}


def task_of(task_type: TaskType) -> Task[Any, Any]:
    """Return the rules of a task type.

    Examples
    --------
    >>> type(task_of(TaskType.CUSTOM)).__name__
    'CustomTask'
    """
    task: Task[Any, Any] = import_module(f"{__name__}.{_MODULES[task_type]}").TASK
    return task
