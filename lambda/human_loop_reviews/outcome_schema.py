"""The definition of outcomes: what is published and recorded about a human loop that ended.

The JSON Schema in docs/, the columns of the archive, and the types and conditions of the command
line's reader are derived from it. The code inside Lambda imports it for type checks only, so it
costs no time there.

A property that is ``NotRequired`` is left out if it has no value. Others are null then. Annotations
have what a type cannot say:

``form``
    The form of a text: ``time`` or ``arn``.
``range``
    The smallest and the largest number. The largest is None for no limit.
``at_most``
    The property of the same outcome with the largest number.
``null_only_from``
    The event source of the outcomes in which it can be null.
``open``
    Readers accept values that the enumeration does not have.
``members``
    The types of the members of each object in the list, by name.
``archived``
    False for what the archive leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

from human_loop_reviews.contract import EventSource, HumanLoopStatus
from human_loop_reviews.outcome_values import (
    CONDITION_MEMBERS,
    Layout,
    Note,
    TaskType,
    Verdict,
)

_OPEN: Final = {"open": True}
_TIME: Final = {"form": "time"}
_ARN: Final = {"form": "arn"}
_SHARE: Final = {"range": (0, 1)}
_PERCENTAGE: Final = {"range": (0, 100)}
_FROM_ZERO: Final = {"range": (0, None)}
_NOT_ARCHIVED: Final = {"archived": False}


class FieldValues(TypedDict):
    """What the model predicted and the reviewers gave, in an outcome with values."""

    predicted: Any
    """The model's value. Null for no value."""
    answers: Sequence[Any]
    """Each reviewer's value, in the order of secondsWorked. Null for no value."""
    consensus: Any
    """The value that more than half of the reviewers gave. Null if there is no such value."""
    source: NotRequired[Mapping[str, Any]]
    """Where the prediction stands in the document: page, geometry and block ids, where known."""


class FieldOutcome(TypedDict):
    """One thing that was compared."""

    name: str
    """The key that more than half of the reviewers gave, or else the model's. At most 200
    characters, or a hash. It can quote the document."""
    predictedName: NotRequired[str]
    """The model's key, where it is another one than the name. In the same form."""
    verdict: Verdict | None
    """What more than half of the reviewers made of it. Null without a prediction to compare with,
    or for the reason in note."""
    modelCorrect: bool | None
    """Whether more than half of the reviewers upheld the prediction. False if more than half did
    not, whatever they gave instead. Null on a tie, without a prediction, and where nothing, or not
    enough, was compared."""
    upheldShare: Annotated[float | None, _SHARE]
    """The share of reviewers who upheld the prediction, 0 to 1. Null without a prediction."""
    reviewerAgreement: Annotated[float | None, _SHARE]
    """The share of pairs of reviewers who gave the same, 0 to 1. Null with fewer than two."""
    confidence: Annotated[float | None, _PERCENTAGE]
    """The model's confidence, 0 to 100. For a form it is the confidence of the key's block."""
    valueConfidence: NotRequired[Annotated[float, _PERCENTAGE]]
    """For a form: the confidence of the value's block, 0 to 100."""
    lowestWordConfidence: NotRequired[Annotated[float, _PERCENTAGE]]
    """For a form: the lowest confidence of a word of the key and of the value, 0 to 100."""
    partsPredicted: NotRequired[int]
    """For labels, spans and lists of objects: how many the model predicted."""
    partsUpheld: NotRequired[int]
    """How many of these more than half of the reviewers gave."""
    partsAdded: NotRequired[int]
    """How many others more than half of the reviewers gave."""
    shown: bool | None
    """Whether the reviewers were shown the prediction. What was not shown is in no agreement. Null
    without a prediction."""
    note: NotRequired[Annotated[Note, _OPEN]]
    """Why the field has no verdict, or was compared only in part."""
    predictionRepair: NotRequired[str]
    """With note notComparable: what to append to the mapping's prediction so that it can be
    compared, such as .label, where it is known."""
    absentAnswers: NotRequired[int]
    """How many answers lack the field's input while the mapping does not state what that means. It
    is above 0."""
    values: NotRequired[Annotated[FieldValues, _NOT_ARCHIVED]]
    """With values included only."""


class ReviewOutcome(TypedDict):
    """What the output of a human loop says. Empty values, zero or null, without an output."""

    layout: Annotated[Layout | None, _OPEN]
    """Where the output keeps its input."""
    taskType: Annotated[TaskType | None, _OPEN]
    """What the reviewers were asked to do."""
    answerCount: int | None
    """How many answers the output has. Null if it cannot be read."""
    reviewerCount: int | None
    """How many different reviewers the output names. Null if the output cannot be read."""
    unanswered: bool | None
    """Whether no reviewer answered, which is neither agreement nor disagreement. Null if the output
    cannot be read."""
    predictionKnown: bool | None
    """Whether the output, or the owner's mapping, says what the model predicted. Null if the output
    cannot be read."""
    fields: Sequence[FieldOutcome]
    """What was compared."""
    verdictCounts: Mapping[Verdict, int]
    """How many fields have each verdict."""
    fieldsJudged: int
    """How many shown fields were found correct or wrong."""
    fieldsCorrect: Annotated[int, {"at_most": "fieldsJudged"}]
    """How many of the judged fields were found correct."""
    fieldsAbsent: int
    """How many fields have absentAnswers: a reviewer cleared the prediction, or had nothing to
    change, and the mapping does not state which."""
    agreement: Annotated[float | None, _SHARE]
    """fieldsCorrect divided by fieldsJudged, 0 to 1. Null if no field was judged."""
    meanReviewerAgreement: Annotated[float | None, _SHARE]
    """The mean of the fields' reviewerAgreement, 0 to 1. Null without any."""
    secondsToFirstAcceptance: Annotated[float | None, _FROM_ZERO]
    """From the loop's creation until the first reviewer accepted the task. Null where unknown."""
    secondsWorked: Annotated[Sequence[float | None], _FROM_ZERO]
    """How long each reviewer worked, the first to submit first. Pauses are included where the
    output only has the times of acceptance and submission. Null where unknown."""
    sampled: bool | None
    """Whether the loop is one of a random sample of all that the model did: a Sampling condition
    that can start a loop alone held. Null where the output has no activation conditions."""
    samplingPercentage: Annotated[float | None, _PERCENTAGE]
    """The percentage of all that the model did that the flow definition samples, whether this loop
    is of the sample or not. Null where unknown."""
    activationConditions: Annotated[
        Sequence[Mapping[str, Any]] | None, {"members": CONDITION_MEMBERS}
    ]
    """The activation conditions that held: each with its type, its key (the form's key or the
    label's name), and what it compares, as keyValueBlockConfidenceLessThan. Null where the output
    has no activation conditions."""
    modelVersion: str | None
    """The version of the model, where the AWS service states it."""
    ignoredValues: int
    """How many optional values of the event and the output had an unexpected form. They count as
    absent."""


class LoopOutcome(TypedDict):
    """What the event of a human loop says, and what became of its output."""

    schemaVersion: Literal["1.0"]
    """Readers ignore unknown properties. A new minor version only adds some."""
    outcomeId: str
    """The same whenever this outcome is published again. Another outcome of the same loop, such as
    one of an output that could not be read before, has another id and replaces the earlier one."""
    eventSource: EventSource
    """Who said that the loop ended: AWS's event, or A2I's API after an event was sent again. In
    history, which the command line reads from outputs alone: the output."""
    humanLoopArn: Annotated[str, _ARN]
    """With creationTime, the identity of the loop."""
    humanLoopName: str
    """The loop's name. It can be used again once the loop is deleted."""
    flowDefinitionArn: Annotated[str, _ARN]
    """The loop's flow definition."""
    humanLoopStatus: HumanLoopStatus
    """How the loop ended."""
    creationTime: Annotated[str | None, _TIME | {"null_only_from": EventSource.OUTPUT}]
    """When the loop was created: ISO 8601 in UTC with milliseconds, as A2I writes it. In
    history, the time in the output's key, in whole seconds; null without one."""
    endTime: Annotated[str | None, _TIME]
    """When the loop ended: ISO 8601 in UTC, whole seconds. Null if its event was recovered. In
    history, when the last answer was submitted."""
    turnaroundSeconds: float | None
    """From the loop's creation to its end. Null if its event was recovered, and in history."""
    failureCode: str | None
    """An open set: ValidationError, Expired, InternalError and others."""
    failureReason: str | None
    """As A2I gives it, at most 1,000 characters. It can quote the document. Null if A2I gave none,
    or if reasons are not included."""
    outputS3Uri: str | None
    """Where the output is. Null without an output."""
    outputError: str | None
    """Why the output cannot be read: the place and what was expected there, nothing of its content.
    Such an outcome has no fields. Null if the output was read, and without an output."""
    correctedDocumentS3Uri: str | None
    """Where the prediction with the reviewers' corrections is. Null where corrected documents are
    not written, and without an answer or a prediction that could be corrected. It is not part of
    the outcomeId."""
    fieldsLeftOut: int
    """How many further fields do not fit into an event. The counts include them."""
    verification: NotRequired[str]
    """The id of the run of `human-loops verify` that made this loop up. Absent from all outcomes of
    human loops of A2I."""


class Outcome(LoopOutcome, ReviewOutcome):
    """The outcome of one human loop: the detail of the event, and the item in the ledger."""
