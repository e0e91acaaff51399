"""The definition of outcomes: what is published and recorded about a human loop that ended.

The JSON Schema in docs/, the columns of the archive, and the types and conditions of the command
line's reader are derived from it. Constructs import this module, so it needs the standard library
only.

The metadata of a property has what its type cannot say:

``optional``
    It is left out if it has no value. Other properties are null then.
``form``
    The form of a text: ``time`` or ``arn``.
``range``
    The smallest and the largest number. The largest is None for no limit.
``at_most``
    The property of the same outcome with the largest number.
``open``
    Readers accept values that the enumeration does not have.
``members``
    The types of the members of each object in the list, by name.
``archived``
    False for what the archive leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Any, Final, Literal

from human_loop_reviews.contract import ACTIVATION_PARAMETERS, EventSource, HumanLoopStatus

SCHEMA_VERSION: Final[Literal["1.0"]] = "1.0"

_OPTIONAL: Final = {"optional": True}
_OPEN: Final = {"open": True}
_TIME: Final = {"form": "time"}
_ARN: Final = {"form": "arn"}
_SHARE: Final = {"range": (0, 1)}
_PERCENTAGE: Final = {"range": (0, 100)}
_FROM_ZERO: Final = {"range": (0, None)}
_NOT_ARCHIVED: Final = {"archived": False}

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


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldValues:
    """What the model predicted and the reviewers gave, in an outcome with values."""

    predicted: Any
    """The model's value. Null for no value."""
    answers: Sequence[Any]
    """Each reviewer's value, in the order of secondsWorked. Null for no value."""
    consensus: Any
    """The value that more than half of the reviewers gave. Null if there is no such value."""
    source: Mapping[str, Any] | None = field(default=None, metadata=_OPTIONAL)
    """Where the prediction stands in the document: page, geometry and block ids, where known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOutcome:
    """One thing that was compared."""

    name: str
    """The key that more than half of the reviewers gave, or else the model's. At most 200
    characters, or a hash. It can quote the document."""
    predicted_name: str | None = field(default=None, metadata=_OPTIONAL)
    """The model's key, where it is another one than the name. In the same form."""
    verdict: Verdict | None
    """What more than half of the reviewers made of it. Null without a prediction to compare with,
    or for the reason in note."""
    model_correct: bool | None
    """Whether more than half of the reviewers upheld the prediction. False if more than half did
    not, whatever they gave instead. Null on a tie, without a prediction, and where nothing, or not
    enough, was compared."""
    upheld_share: float | None = field(metadata=_SHARE)
    """The share of reviewers who upheld the prediction, 0 to 1. Null without a prediction."""
    reviewer_agreement: float | None = field(metadata=_SHARE)
    """The share of pairs of reviewers who gave the same, 0 to 1. Null with fewer than two."""
    confidence: float | None = field(metadata=_PERCENTAGE)
    """The model's confidence, 0 to 100. For a form it is the confidence of the key's block."""
    value_confidence: float | None = field(default=None, metadata=_OPTIONAL | _PERCENTAGE)
    """For a form: the confidence of the value's block, 0 to 100."""
    lowest_word_confidence: float | None = field(default=None, metadata=_OPTIONAL | _PERCENTAGE)
    """For a form: the lowest confidence of a word of the key and of the value, 0 to 100."""
    parts_predicted: int | None = field(default=None, metadata=_OPTIONAL)
    """For labels, spans and lists of objects: how many the model predicted."""
    parts_upheld: int | None = field(default=None, metadata=_OPTIONAL)
    """How many of these more than half of the reviewers gave."""
    parts_added: int | None = field(default=None, metadata=_OPTIONAL)
    """How many others more than half of the reviewers gave."""
    shown: bool | None
    """Whether the reviewers were shown the prediction. What was not shown is in no agreement. Null
    without a prediction."""
    note: Note | None = field(default=None, metadata=_OPTIONAL | _OPEN)
    """Why the field has no verdict, or was compared only in part."""
    prediction_repair: str | None = field(default=None, metadata=_OPTIONAL)
    """With note notComparable: what to append to the mapping's prediction so that it can be
    compared, such as .label, where it is known."""
    absent_answers: int | None = field(default=None, metadata=_OPTIONAL)
    """How many answers lack the field's input while the mapping does not state what that means. It
    is above 0."""
    values: FieldValues | None = field(default=None, metadata=_OPTIONAL | _NOT_ARCHIVED)
    """With values included only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOutcome:
    """What the output of a human loop says. Empty values, zero or null, without an output."""

    layout: Layout | None = field(metadata=_OPEN)
    """Where the output keeps its input."""
    task_type: TaskType | None = field(metadata=_OPEN)
    """What the reviewers were asked to do."""
    answer_count: int | None
    """How many answers the output has. Null if it cannot be read."""
    reviewer_count: int | None
    """How many different reviewers the output names. Null if the output cannot be read."""
    unanswered: bool | None
    """Whether no reviewer answered, which is neither agreement nor disagreement. Null if the output
    cannot be read."""
    prediction_known: bool | None
    """Whether the output, or the owner's mapping, says what the model predicted. Null if the output
    cannot be read."""
    fields: Sequence[FieldOutcome]
    """What was compared."""
    verdict_counts: Mapping[Verdict, int]
    """How many fields have each verdict."""
    fields_judged: int
    """How many shown fields were found correct or wrong."""
    fields_correct: int = field(metadata={"at_most": "fieldsJudged"})
    """How many of the judged fields were found correct."""
    fields_absent: int
    """How many fields have absentAnswers: a reviewer cleared the prediction, or had nothing to
    change, and the mapping does not state which."""
    agreement: float | None = field(metadata=_SHARE)
    """fieldsCorrect divided by fieldsJudged, 0 to 1. Null if no field was judged."""
    mean_reviewer_agreement: float | None = field(metadata=_SHARE)
    """The mean of the fields' reviewerAgreement, 0 to 1. Null without any."""
    seconds_to_first_acceptance: float | None = field(metadata=_FROM_ZERO)
    """From the loop's creation until the first reviewer accepted the task. Null where unknown."""
    seconds_worked: Sequence[float | None] = field(metadata=_FROM_ZERO)
    """How long each reviewer worked, the first to submit first. Pauses are included where the
    output only has the times of acceptance and submission. Null where unknown."""
    sampled: bool | None
    """Whether the loop is one of a random sample of all that the model did: a Sampling condition
    that can start a loop alone held. Null where the output has no activation conditions."""
    sampling_percentage: float | None = field(metadata=_PERCENTAGE)
    """The percentage of all that the model did that the flow definition samples, whether this loop
    is of the sample or not. Null where unknown."""
    activation_conditions: Sequence[Mapping[str, Any]] | None = field(
        metadata={"members": CONDITION_MEMBERS}
    )
    """The activation conditions that held: each with its type, its key (the form's key or the
    label's name), and what it compares, as keyValueBlockConfidenceLessThan. Null where the output
    has no activation conditions."""
    model_version: str | None
    """The version of the model, where the AWS service states it."""
    ignored_values: int
    """How many optional values of the event and the output had an unexpected form. They count as
    absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(ReviewOutcome):
    """The outcome of one human loop: the detail of the event, and the item in the ledger."""

    schema_version: Literal["1.0"] = SCHEMA_VERSION
    """Readers ignore unknown properties. A new minor version only adds some."""
    outcome_id: str
    """The same whenever this outcome is published again. Another outcome of the same loop, such as
    one of an output that could not be read before, has another id and replaces the earlier one."""
    event_source: EventSource
    """Who said that the loop ended: AWS's event, or A2I's API after an event was sent again."""
    human_loop_arn: str = field(metadata=_ARN)
    """With creationTime, the identity of the loop."""
    human_loop_name: str
    """The loop's name. It can be used again once the loop is deleted."""
    flow_definition_arn: str = field(metadata=_ARN)
    """The loop's flow definition."""
    human_loop_status: HumanLoopStatus
    """How the loop ended."""
    creation_time: str = field(metadata=_TIME)
    """When the loop was created: ISO 8601 in UTC with milliseconds, as A2I writes it."""
    end_time: str | None = field(metadata=_TIME)
    """When the loop ended: ISO 8601 in UTC, whole seconds. Null if its event was recovered."""
    turnaround_seconds: float | None
    """From the loop's creation to its end. Null if its event was recovered."""
    failure_code: str | None
    """An open set: ValidationError, Expired, InternalError and others."""
    failure_reason: str | None
    """As A2I gives it, at most 1,000 characters. It can quote the document. Null if A2I gave none,
    or if reasons are not included."""
    output_s3_uri: str | None
    """Where the output is. Null without an output."""
    output_error: str | None
    """Why the output cannot be read: the place and what was expected there, nothing of its content.
    Such an outcome has no fields. Null if the output was read, and without an output."""
    fields_left_out: int
    """How many further fields do not fit into an event. The counts include them."""
    verification: str | None = field(default=None, metadata=_OPTIONAL)
    """The id of the run of `human-loops verify` that made this loop up. Absent from all outcomes of
    human loops of A2I."""


def properties(record_type: type) -> Iterator[tuple[Field[Any], str]]:
    """Yield the properties of a record of this module in their order, each with its JSON name.

    Names are in camel case, as in A2I's own documents. What a class adds to its base comes first.

    Examples
    --------
    >>> next(name for _, name in properties(Outcome))
    'schemaVersion'
    """
    inherited = {
        each.name for base in record_type.__bases__ if is_dataclass(base) for each in fields(base)
    }
    for each in sorted(fields(record_type), key=lambda each: each.name in inherited):
        first, *others = each.name.split("_")
        yield each, first + "".join(other.capitalize() for other in others)
