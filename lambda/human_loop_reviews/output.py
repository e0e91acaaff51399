"""The output that Amazon A2I writes when a human loop ends: one JSON document, in three layouts.

What only one task needs is imported where it is needed, so that a cold start pays for one task.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from human_loop_reviews.document import (
    FORMS,
    MODERATION,
    Place,
    UnreadableOutputError,
    a_list,
    an_object,
    collector_paused,
    optional_list,
    optional_number,
    optional_object,
    optional_text,
    read_json,
)

if TYPE_CHECKING:
    from human_loop_reviews.forms import Form
    from human_loop_reviews.moderation import Moderation

__all__ = ["Answer", "Layout", "Output", "TaskType", "UnreadableOutputError", "parse_output"]

# Amazon A2I asks three reviewers at most. The bound keeps a forged file from taking for ever.
_MOST_ANSWERS: Final = 100

# What an early output has at its top level besides the input.
_NOT_INPUT: Final = frozenset(
    {"awsManagedHumanLoopRequestSource", "flowDefinitionArn", "humanAnswers", "humanLoopName"}
)

_NEVER: Final = datetime.max.replace(tzinfo=UTC)

Content: TypeAlias = "Form | Moderation | Mapping[str, Any]"


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


_BUILT_IN: Final = {FORMS: TaskType.TEXTRACT_FORMS, MODERATION: TaskType.REKOGNITION_MODERATION}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one reviewer submitted. Nothing in it but ``worker_id`` identifies the reviewer.

    Parameters
    ----------
    content
        The pairs of a form, the labels of an image, or what a custom form gave by element name.
    worker_id
        Amazon A2I's id of the reviewer. An identity: never log, emit or store it.
    accepted, submitted
        When the reviewer took and gave back the task, where the output says so.
    seconds_spent
        How long the reviewer worked without pauses, where the output says so.
    """

    content: Content
    worker_id: str | None
    accepted: datetime | None
    submitted: datetime | None
    seconds_spent: float | None


@dataclass(frozen=True, slots=True)
class Output:
    """One human loop's output.

    Parameters
    ----------
    layout
        Which of the three layouts the file has.
    task_type
        What the reviewers were asked to do.
    human_loop_name, flow_definition_arn
        As the file says.
    inputs
        What the caller, or the service, passed in. May hold personal data and task tokens.
    shown
        The prediction as the reviewers saw it; None for a custom task, which does not say.
    aliases
        For each form key with aliases, and each alias, one key that stands for them all.
    answers
        What each reviewer submitted, the earliest first; never in the file's order.
    """

    layout: Layout
    task_type: TaskType
    human_loop_name: str | None
    flow_definition_arn: str | None
    inputs: Mapping[str, Any]
    shown: Form | Moderation | None
    aliases: Mapping[str, str]
    answers: tuple[Answer, ...]

    @property
    def reviewers(self) -> int:
        """How many different people answered, as far as the file tells them apart."""
        named = {answer.worker_id for answer in self.answers if answer.worker_id is not None}
        return len(named) + sum(answer.worker_id is None for answer in self.answers)

    @property
    def flow_definition_name(self) -> str | None:
        """The last part of the flow definition's ARN."""
        return self.flow_definition_arn.rpartition("/")[2] if self.flow_definition_arn else None

    def read_response(self) -> Form:
        """Read all pairs that the model read, shown or not; none if they cannot be read."""
        from human_loop_reviews.forms import Form, read_form

        response = self.inputs.get("aiServiceResponse")
        try:
            return read_form(response, Place("aiServiceResponse"))
        except UnreadableOutputError:
            return Form(())


def parse_output(text: bytes | str, *, source: str) -> Output:
    """Read one output document.

    Parameters
    ----------
    text
        The document as it is stored.
    source
        What to call it in errors: a path or a URI.

    Returns
    -------
    Output
        The document in one form, whichever layout it has.

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
    with collector_paused(len(text)):
        document = an_object(read_json(text, source=source), Place(source))
        return _read_output(document, Place(source))


def _read_output(document: dict[str, Any], root: Place) -> Output:
    layout, inputs, place = _find_inputs(document, root)
    task_type = _find_task_type(document, layout, inputs, root)
    answers = a_list(document.get("humanAnswers"), root, "humanAnswers")
    if len(answers) > _MOST_ANSWERS:
        raise root.at("humanAnswers").expected(f"at most {_MOST_ANSWERS} answers")
    return Output(
        layout=layout,
        task_type=task_type,
        human_loop_name=_text(document, "humanLoopName", root),
        flow_definition_arn=_text(document, "flowDefinitionArn", root),
        inputs=inputs,
        shown=_read_shown(task_type, inputs, place),
        aliases=_read_aliases(task_type, inputs, place),
        answers=_in_order(
            [
                _read_answer(answer, task_type, root.at("humanAnswers", index))
                for index, answer in enumerate(answers)
            ]
        ),
    )


def _find_inputs(document: dict[str, Any], root: Place) -> tuple[Layout, Mapping[str, Any], Place]:
    """Return the layout, and the input with its place."""
    for layout in (Layout.INPUT_CONTENT, Layout.HUMAN_LOOP_INPUT_CONTENT):
        if document.get(layout) is not None:
            place = root.at(layout.value)
            return layout, an_object(document[layout], place), place
    inputs = {key: value for key, value in document.items() if key not in _NOT_INPUT}
    return Layout.TOP_LEVEL, inputs, root


def _find_task_type(
    document: dict[str, Any], layout: Layout, inputs: Mapping[str, Any], root: Place
) -> TaskType:
    requested_by = _text(document, "awsManagedHumanLoopRequestSource", root)
    if requested_by is not None:
        return _BUILT_IN.get(requested_by, TaskType.OTHER)
    selected = inputs.get("selectedAiServiceResponse")
    if layout is Layout.TOP_LEVEL and type(selected) is dict:
        # The earliest outputs are of built-in tasks, whether or not they say of which.
        if "blocks" in selected:
            return TaskType.TEXTRACT_FORMS
        if "moderationLabels" in selected:
            return TaskType.REKOGNITION_MODERATION
    return TaskType.CUSTOM


def _read_shown(
    task_type: TaskType, inputs: Mapping[str, Any], place: Place
) -> Form | Moderation | None:
    selected = inputs.get("selectedAiServiceResponse")
    here = place.at("selectedAiServiceResponse")
    if task_type is TaskType.TEXTRACT_FORMS:
        from human_loop_reviews.forms import read_form

        response = optional_object(inputs.get("aiServiceResponse"), place, "aiServiceResponse")
        optional_list(response.get("blocks"), place, "aiServiceResponse", "blocks")
        return read_form(selected, here)
    if task_type is TaskType.REKOGNITION_MODERATION:
        from human_loop_reviews.moderation import read_moderation

        return read_moderation(selected, here)
    return None


def _read_aliases(
    task_type: TaskType, inputs: Mapping[str, Any], place: Place
) -> Mapping[str, str]:
    if task_type is not TaskType.TEXTRACT_FORMS:
        return {}
    from human_loop_reviews.forms import read_aliases

    results = "humanTaskActivationConditionResults"
    return read_aliases(inputs.get(results), place.at(results))


def _read_answer(entry: Any, task_type: TaskType, place: Place) -> Answer:
    answer = an_object(entry, place)
    seconds = optional_number(answer.get("timeSpentInSeconds"), place, "timeSpentInSeconds")
    if seconds is not None and seconds < 0:
        raise place.at("timeSpentInSeconds").expected("a number of seconds, 0 or more")
    return Answer(
        content=_read_content(answer.get("answerContent"), task_type, place.at("answerContent")),
        worker_id=_text(answer, "workerId", place),
        accepted=_time(answer, "acceptanceTime", place),
        submitted=_time(answer, "submissionTime", place),
        seconds_spent=seconds,
    )


def _read_content(entry: Any, task_type: TaskType, place: Place) -> Content:
    if type(entry) is str:
        # JSON packed in a string. Its own errors would name lines and columns within it.
        try:
            entry = read_json(entry, source=place.source)
        except UnreadableOutputError:
            raise place.expected("an object") from None
    content = an_object(entry, place)
    if task_type is TaskType.TEXTRACT_FORMS:
        from human_loop_reviews.forms import read_form

        return read_form(content.get(FORMS), place.at(FORMS))
    if task_type is TaskType.REKOGNITION_MODERATION:
        from human_loop_reviews.moderation import read_moderation

        return read_moderation(content.get(MODERATION), place.at(MODERATION))
    return content


def _in_order(answers: list[Answer]) -> tuple[Answer, ...]:
    """Return the answers by time, those of the same time by content: never by the file's order."""
    answers.sort(key=_times)
    if len({_times(answer) for answer in answers}) < len(answers):
        answers.sort(key=lambda answer: (_times(answer), _written(answer.content)))
    return tuple(answers)


def _times(answer: Answer) -> tuple[datetime, datetime, float]:
    seconds = -1.0 if answer.seconds_spent is None else answer.seconds_spent
    return answer.submitted or _NEVER, answer.accepted or _NEVER, seconds


def _written(content: Content) -> str:
    """Write what a reviewer said, the same for whatever says the same in another order."""
    if not isinstance(content, Mapping):
        return content.written()
    from human_loop_reviews.elements import read_fields, unfold

    fields = read_fields(unfold(dict(content)))
    shown = [(name, value.kind, value.shown) for name, value in fields.items()]
    return json.dumps(sorted(shown, key=itemgetter(0)), sort_keys=True)


def _text(entries: dict[str, Any], key: str, place: Place) -> str | None:
    return optional_text(entries.get(key), place, key)


def _time(entries: dict[str, Any], key: str, place: Place) -> datetime | None:
    text = _text(entries, key, place)
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (OverflowError, ValueError):
        raise place.at(key).expected("a time as in ISO 8601") from None
