"""The values that the properties of outcomes have: their version and enumerations.

Constructs import this module, so it needs the standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

from human_loop_reviews.contract import ACTIVATION_PARAMETERS

SCHEMA_VERSION: Final[Literal["1.0"]] = "1.0"

#: The members of an activation condition, each with its type.
CONDITION_MEMBERS: Final[Mapping[str, type]] = {
    "type": str,
    "key": str,
    **{name[0].lower() + name[1:]: float for name in ACTIVATION_PARAMETERS},
}


class Layout(StrEnum):
    """Where an output keeps the input of its human loop."""

    #: Under ``inputContent``, as today.
    INPUT_CONTENT = "inputContent"
    #: Under ``humanLoopInputContent``, as in the preview of 2020.
    HUMAN_LOOP_INPUT_CONTENT = "humanLoopInputContent"
    #: At the top level, as the first built-in tasks did.
    TOP_LEVEL = "topLevel"


class TaskType(StrEnum):
    """What the reviewers were asked to do."""

    TEXTRACT_FORMS = "TextractForms"
    REKOGNITION_MODERATION = "RekognitionModeration"
    CUSTOM = "Custom"
    #: A request source that Amazon A2I did not have when it was closed to new customers.
    OTHER = "Other"


class Verdict(StrEnum):
    """What more than half of the reviewers made of one field."""

    CONFIRMED = "confirmed"
    """More than half upheld the prediction: ``modelCorrect`` is true."""
    CORRECTED = "corrected"
    """More than half gave the same other value."""
    ADDED = "added"
    """The model predicted none, and more than half gave the same value."""
    REMOVED = "removed"
    """More than half gave no value."""
    REJECTED = "rejected"
    """More than half rejected the prediction and gave no other value, with ``answer_values``
    only."""
    RELABELLED = "relabelled"
    """More than half gave the predicted value under another key, which is not one of the flow
    definition's aliases. The prediction is not upheld."""
    DISPUTED = "disputed"
    """There is no such majority. ``modelCorrect`` can still be false: three reviewers can give
    three corrections. Without a prediction: at least half gave a value, but not more than half the
    same one."""


class FieldStatus(StrEnum):
    """What the value of a field of a corrected document is."""

    UPHELD = "upheld"
    """The predicted value. More than half of the reviewers upheld it."""
    CORRECTED = "corrected"
    """The other value, or the other key, that more than half of the reviewers gave."""
    ADDED = "added"
    """A value that more than half of the reviewers gave where the model predicted none."""
    REMOVED = "removed"
    """None: more than half of the reviewers removed the predicted value."""
    DISPUTED = "disputed"
    """None: the prediction was not upheld, and no more than half of the reviewers gave the same
    value, or it is not known where their value belongs. The document is not complete."""
    UNREVIEWED = "unreviewed"
    """The predicted value. No reviewer was asked about it, or none answered."""


class Note(StrEnum):
    """Why a field has no verdict, or was compared only in part."""

    LABEL_AND_COUNT = "labelAndCount"
    """Only labels and their numbers are compared. They can be wrong, and are never confirmed."""
    MASK = "mask"
    """A mask of pixels. It is neither decoded nor compared."""
    OPAQUE = "opaque"
    """A value of no known form. It is not compared."""
    MAPPING_FAILED = "mappingFailed"
    """An expression of the mapping failed on this output. The field is not compared."""
    PATH_NOT_FOUND = "pathNotFound"
    """An answer has the element of the mapping's path, but not the rest of it. The field is not
    compared."""
    ANSWER_NOT_FOUND = "answerNotFound"
    """No answer has the element of the mapping's path, and the mapping does not state what that
    means (``absent``). The field is not compared."""
    PREDICTION_NOT_FOUND = "predictionNotFound"
    """The input does not have the mapping's path. The field is not compared. Null is found."""
    NOT_COMPARABLE = "notComparable"
    """The prediction cannot be compared with what the element gives, as a number with boxes, or
    ``answer_values`` does not list the answer. The field is not compared."""
    AMBIGUOUS_ROWS = "ambiguousRows"
    """It is not known which row an answer belongs to: rows have the same key, the inputs count from
    another number, or the rows are in the order of an object's keys. The field is not compared."""
    TOO_LARGE = "tooLarge"
    """The value has more parts than are compared. The field is not compared."""
    MINORITY = "minority"
    """Less than half of the reviewers added a value that they were not shown. It is not compared
    with the model's."""
