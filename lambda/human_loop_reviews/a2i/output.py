"""The output that Amazon A2I writes when a human loop ends: one JSON document, in three layouts.

What is the same for all task types is read here. The prediction and what reviewers entered differ
by task type: ``human_loop_reviews.tasks`` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from human_loop_reviews.a2i.strict_json import garbage_collector_paused, read_json
from human_loop_reviews.a2i.task_type import FORMS, MODERATION
from human_loop_reviews.a2i.validation import (
    OptionalValues,
    Place,
    UnreadableOutputError,
    optional_seconds,
    optional_text,
    optional_time,
    require_list,
    require_object,
)
from human_loop_reviews.outcome_values import Layout, TaskType

# Amazon A2I asks three reviewers at most. The limit bounds the time that a forged file takes.
_MAX_ANSWERS: Final = 100

_REQUEST_SOURCE: Final = "awsManagedHumanLoopRequestSource"

# The top-level keys of an early output that are not its input.
_NOT_INPUT: Final = frozenset(
    {_REQUEST_SOURCE, "flowDefinitionArn", "humanAnswers", "humanLoopName"}
)

_BUILT_IN: Final = {FORMS: TaskType.TEXTRACT_FORMS, MODERATION: TaskType.REKOGNITION_MODERATION}


class Answer(NamedTuple):
    """What one reviewer submitted. Only ``worker_id`` identifies the reviewer."""

    content: dict[str, Any]
    """The ``answerContent``: the task type determines its form."""
    place: Place
    """The content's place in the output, for errors."""
    worker_id: str | None
    """Amazon A2I's id of the reviewer. An identity: never log, emit or store it."""
    accepted: datetime | None
    """When the reviewer accepted the task, where known."""
    submitted: datetime | None
    """When the reviewer submitted the task, where known."""
    seconds_spent: float | None
    """How long the reviewer worked without pauses, where known."""


class Output(NamedTuple):
    """The output of one human loop."""

    layout: Layout
    """Which of the three layouts the file has."""
    task_type: TaskType
    """What the reviewers were asked to do."""
    human_loop_name: str | None
    """The loop's name in the file. None without one."""
    flow_definition_arn: str | None
    """The ARN of the flow definition in the file. None without one."""
    inputs: Mapping[str, Any]
    """What the caller, or the AWS service, passed in. Can contain personal data and task tokens."""
    inputs_place: Place
    """Their place in the output, for errors."""
    answers: tuple[Answer, ...]
    """What each reviewer submitted, in the file's order."""
    size: int
    """The length of the document."""
    ignored_values: int
    """How many optional values have an unexpected form. They count as absent."""

    @property
    def reviewer_count(self) -> int:
        """The number of different reviewers. Answers without a worker id count as one each."""
        named = {answer.worker_id for answer in self.answers if answer.worker_id is not None}
        return len(named) + sum(answer.worker_id is None for answer in self.answers)

    @property
    def flow_definition_name(self) -> str | None:
        """The last part of the flow definition's ARN."""
        return self.flow_definition_arn.rpartition("/")[2] if self.flow_definition_arn else None


def parse_output(text: bytes | str, *, source: str) -> Output:
    """Parse one output document.

    Parameters
    ----------
    text
        The document as it is stored.
    source
        What errors call the document: a path or a URI.

    Returns
    -------
    Output
        The document in one form, whichever layout it has. Optional values of an unexpected form
        count as absent.

    Raises
    ------
    UnreadableOutputError
        If the document is not what Amazon A2I writes. The message names the source, the place and
        what was expected there.

    Examples
    --------
    >>> parse_output('{"humanAnswers": [], "inputContent": {}}', source="output.json").task_type
    <TaskType.CUSTOM: 'Custom'>
    """
    with garbage_collector_paused(len(text)):
        document = read_json(text, source=source)
    return read_output(document, source=source, size=len(text))


def read_output(document: Any, *, source: str, size: int) -> Output:
    """Read one output that was parsed by `read_json`. See `parse_output`.

    Parameters
    ----------
    document
        The document.
    source
        What errors call it.
    size
        The length of its text.
    """
    root = Place(source)
    document = require_object(document, root)
    layout, inputs, inputs_place = _find_inputs(document, root)
    entries = require_list(document.get("humanAnswers"), root, "humanAnswers")
    if len(entries) > _MAX_ANSWERS:
        raise root.at("humanAnswers").expected(f"at most {_MAX_ANSWERS} answers")
    optional = OptionalValues()
    answers = [
        _read_answer(entry, root.at("humanAnswers", index), optional)
        for index, entry in enumerate(entries)
    ]

    def name(key: str) -> str | None:
        return optional.read(optional_text, document.get(key), root)

    return Output(
        layout=layout,
        task_type=_find_task_type(document, layout, inputs, root),
        human_loop_name=name("humanLoopName"),
        flow_definition_arn=name("flowDefinitionArn"),
        inputs=inputs,
        inputs_place=inputs_place,
        answers=tuple(answers),
        size=size,
        ignored_values=optional.ignored,  # the last argument: the others are read by now
    )


def _find_inputs(document: dict[str, Any], root: Place) -> tuple[Layout, Mapping[str, Any], Place]:
    """Return the layout, and the input with its place."""
    for layout in (Layout.INPUT_CONTENT, Layout.HUMAN_LOOP_INPUT_CONTENT):
        if document.get(layout) is not None:
            place = root.at(layout.value)
            return layout, _read_inputs(document, document[layout], place), place
    inputs = {key: value for key, value in document.items() if key not in _NOT_INPUT}
    return Layout.TOP_LEVEL, inputs, root


def _read_inputs(document: dict[str, Any], content: Any, place: Place) -> dict[str, Any]:
    """Return the input as an object, which it can be as JSON packed in a string.

    The caller of a custom task can pass text or a list, which has no names for a mapping to find.
    The input of a built-in task is written by the AWS service, and has the prediction.
    """
    if type(content) is str:
        try:
            content = read_json(content, source=place.source)
        except UnreadableOutputError:
            content = None
    if type(content) is dict:
        return content
    if document.get(_REQUEST_SOURCE) in _BUILT_IN:
        raise place.expected("an object")
    return {}


def _find_task_type(
    document: dict[str, Any], layout: Layout, inputs: Mapping[str, Any], root: Place
) -> TaskType:
    request_source = optional_text(document.get(_REQUEST_SOURCE), root, _REQUEST_SOURCE)
    if request_source is not None:
        return _BUILT_IN.get(request_source, TaskType.OTHER)
    selected = inputs.get("selectedAiServiceResponse")
    if layout is Layout.TOP_LEVEL and type(selected) is dict:
        # The earliest outputs are of built-in tasks, and not all of them name the request source.
        if "blocks" in selected:
            return TaskType.TEXTRACT_FORMS
        if "moderationLabels" in selected:
            return TaskType.REKOGNITION_MODERATION
    return TaskType.CUSTOM


def _read_answer(entry: Any, place: Place, optional: OptionalValues) -> Answer:
    answer = require_object(entry, place)
    content_place = place.at("answerContent")
    return Answer(
        content=_read_content(answer.get("answerContent"), content_place),
        place=content_place,
        worker_id=optional.read(optional_text, answer.get("workerId"), place),
        accepted=optional.read(optional_time, answer.get("acceptanceTime"), place),
        submitted=optional.read(optional_time, answer.get("submissionTime"), place),
        seconds_spent=optional.read(optional_seconds, answer.get("timeSpentInSeconds"), place),
    )


def _read_content(content: Any, place: Place) -> dict[str, Any]:
    if type(content) is str:
        # JSON packed in a string. Its own errors would name lines and columns within the string.
        try:
            content = read_json(content, source=place.source)
        except UnreadableOutputError:
            raise place.expected("an object") from None
    return require_object(content, place)
