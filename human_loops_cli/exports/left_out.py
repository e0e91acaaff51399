"""Why a human loop, or one of its fields, is not in an export."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a human loop is left out. The value is what people read."""

    #: The first five are results of reviews. All others are refusals, which need an action.
    DUPLICATE = "the same output again"
    UNANSWERED = "no reviewer answered"
    DISPUTED = "no value is known to have more than half of the reviewers"
    NOT_CORRECTED = "the reviewers corrected nothing"
    NO_VALUE = "the model predicted nothing, and no more than half of the reviewers gave a value"

    UNREADABLE = "the output cannot be read"
    NO_PREDICTION = "the prediction is not known, which takes a --mapping"
    NO_DOCUMENT = "the prediction cannot be corrected"
    TASK_TYPE = "the format does not take this task type"
    NO_FIELD = "no field of this name was compared"
    SEVERAL_FIELDS = "several fields: name the one to export with --field"
    VALUE_KIND = "the format does not take a value of this kind"
    MIXED = "another field, kind of value or kind of source than the first loop that was exported"
    NO_NAMES = "the output does not name its human loop and its flow definition"
    NO_TIME = "no answer has a submissionTime"
    NO_SOURCE = "the output does not say what was reviewed: for a custom task, use --source"
    SOURCE_IS_URL = "what was reviewed is a URL, not an object in S3"
    SOURCE_IS_OBJECT = "what was reviewed is an object in S3, not a text: use --source"
    SOURCE_IS_TEXT = "what was reviewed is a text, not an object in S3: use --source"
    SOURCE_IS_NO_IMAGE = "the object in S3 is not a .jpg, .jpeg or .png"
    INVALID_S3_URI = "what was reviewed is not a valid S3 URI"
    OTHER_BUCKET = "the image is in another bucket than the first: a data set has one bucket"
    NO_LABEL = "the reviewers agreed on no label, and the format cannot say so"
    DELIMITER_IN_LABEL = "a label contains the delimiter: choose another one with --delimiter"
    LABEL_NAME = "a label's name is not one of Amazon Rekognition"
    NO_IMAGE_SIZE = "no answer, or not every answer alike, has the size of the image"
    BOX_OUTSIDE_IMAGE = "a box is not within the image"
    SPAN_OUTSIDE_TEXT = "a span is empty, or is not within the text: use --source"
    EMPTY_BOX = "a box has no area"
    OVERLAPPING_SPANS = "spans overlap, which Amazon Comprehend does not support"
    SAME_ENTITY_TYPE = "two labels are the same entity type, once in upper case with underscores"
    TOO_MANY_ENTITY_TYPES = "more than 25 entity types in the file"
    NO_ROWS = "no row of a list has a source and a target: the mapping's field needs rows"
    NO_SOURCE_ROWS = "--source finds no list: name what was translated, such as pairs[*].original"
    OTHER_SOURCE_ROWS = (
        "--source and the mapping's prediction do not find the same number of rows, or a row has "
        "no prediction"
    )
    SEGMENT = "every row has a text over 1,000 bytes or with characters that XML cannot hold"

    @property
    def is_refusal(self) -> bool:
        """Whether the loop does not fit, as opposed to having nothing to export."""
        return self not in _NOTHING_TO_EXPORT

    @property
    def id(self) -> str:
        """The reason as the summary in JSON names it.

        Examples
        --------
        >>> Reason.NOT_CORRECTED.id
        'notCorrected'
        """
        first, *others = self.name.lower().split("_")
        return first + "".join(word.capitalize() for word in others)


_NOTHING_TO_EXPORT = frozenset(
    {
        Reason.DUPLICATE,
        Reason.UNANSWERED,
        Reason.DISPUTED,
        Reason.NOT_CORRECTED,
        Reason.NO_VALUE,
    }
)


class LeftOutError(Exception):
    """A human loop cannot be exported.

    Parameters
    ----------
    reason
        Why.
    detail
        The place in the output, where one is known. Nothing of the document.
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason
        self.detail = detail
