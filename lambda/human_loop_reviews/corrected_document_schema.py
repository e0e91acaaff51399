"""The definition of corrected documents. Their JSON Schema in docs/ is derived from it.

As in `outcome_schema`, a property that is ``NotRequired`` is left out if it has no value. Others
are null then. The code inside Lambda imports this module for type checks only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

from human_loop_reviews.outcome_values import FieldStatus, TaskType


class BlockIds(TypedDict):
    """The blocks of a key and its value in the response of Amazon Textract."""

    key: str
    """The id of the key's block."""
    values: Sequence[str]
    """The ids of the value's blocks. Usually one. Empty for a key without a value."""


class CorrectedField(TypedDict):
    """One key with its value."""

    key: str
    """A key of a form, a moderation label with its parent, or the name of a mapping's field. Two
    fields can have the same one. If more than half of the reviewers gave another key than the
    model, it is theirs."""
    predictedKey: NotRequired[str]
    """The model's key, where it is another one."""
    value: Any
    """The corrected value. Null if it was removed, and if it is disputed."""
    predicted: Any
    """The model's value. Null without one."""
    status: FieldStatus
    """What the value is."""
    blockIds: NotRequired[BlockIds]
    """Forms: the blocks of what the model read. Absent from added fields."""


class NotApplied(TypedDict):
    """A field of a custom task of which the document does not have the correction."""

    key: str
    """The field's name in the mapping."""
    reason: str
    """Why, and what to change."""


class CorrectedDocument(TypedDict):
    """The prediction of one human loop with the reviewers' corrections applied."""

    schemaVersion: Literal["1.0"]
    """Readers ignore unknown properties. A new minor version only adds some."""
    humanLoopName: str | None
    """The loop's name in the output. Null without one."""
    flowDefinitionArn: str | None
    """The loop's flow definition in the output. Null without one."""
    taskType: TaskType
    """What the reviewers were asked to do."""
    answerCount: int
    """How many reviewers answered."""
    complete: bool
    """Whether the reviewers decided everything that they were asked. False if a field is disputed,
    if a correction is not applied, and if no reviewer answered."""
    fields: Sequence[CorrectedField]
    """What the model predicted, in its order. What the reviewers added follows."""
    document: NotRequired[Mapping[str, Any]]
    """Custom tasks: the input of the human loop with the corrections applied."""
    notApplied: NotRequired[Sequence[NotApplied]]
    """Custom tasks: the fields of which the document does not have the correction."""
