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

    #: They upheld the prediction.
    CONFIRMED = "confirmed"
    #: They gave another value.
    CORRECTED = "corrected"
    #: They gave the same value, and the model predicted none.
    ADDED = "added"
    #: They gave no value.
    REMOVED = "removed"
    #: They rejected the prediction, and gave no other value.
    REJECTED = "rejected"
    #: They gave the same value under another key, which is not one of the flow's aliases.
    RELABELLED = "relabelled"
    #: No such majority.
    DISPUTED = "disputed"


class Note(StrEnum):
    """Why a field has no verdict, or was compared only in part."""

    #: Shapes are equal if each label has the same number of them. Positions are not compared, so
    #: the prediction can be wrong, and is never confirmed.
    LABEL_AND_COUNT = "labelAndCount"
    #: A mask of pixels. It is neither decoded nor compared.
    MASK = "mask"
    #: A value of no known form. It is not compared.
    OPAQUE = "opaque"
    #: An expression of the owner's mapping failed on this output. The field is not compared.
    MAPPING_FAILED = "mappingFailed"
    #: A reviewer's answer has the element of the mapping's path, but not the rest of the path. The
    #: field is not compared.
    PATH_NOT_FOUND = "pathNotFound"
    #: No answer has the element of the mapping's path. The path can be wrong, or every reviewer
    #: left the element empty, and the mapping does not state what that means. The field is not
    #: compared.
    ANSWER_NOT_FOUND = "answerNotFound"
    #: The input does not have the mapping's path. The field is not compared. Null is found.
    PREDICTION_NOT_FOUND = "predictionNotFound"
    #: The prediction cannot be compared with what the element of the form gives, as a number with
    #: boxes, or ``answer_values`` does not list the answer. The field is not compared.
    NOT_COMPARABLE = "notComparable"
    #: It is not known which row an answer belongs to: rows have the same key, the inputs count from
    #: another number, or the rows are in the order of an object's keys. The field is not compared.
    AMBIGUOUS_ROWS = "ambiguousRows"
    #: The value has more parts than are compared. The field is not compared.
    TOO_LARGE = "tooLarge"
    #: Less than half of the reviewers added a value that they were not shown. It is not compared
    #: with the model's.
    MINORITY = "minority"
