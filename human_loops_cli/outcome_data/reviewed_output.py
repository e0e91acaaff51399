"""Outputs of A2I without their events, as outcomes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, TypeAlias

from human_loop_reviews.a2i.event import time_text
from human_loop_reviews.a2i.output import Output, read_output
from human_loop_reviews.a2i.strict_json import garbage_collector_paused, read_json
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.contract import VERIFICATION_LOOP_PREFIX, EventSource, HumanLoopStatus
from human_loop_reviews.mapping import TaskMapping
from human_loop_reviews.outcome import describe_review
from human_loop_reviews.outcome_values import SCHEMA_VERSION
from human_loop_reviews.review_output import review_output
from human_loop_tables.properties import PROPERTIES_OF_OUTCOME
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.output_keys import parse_output_key
from human_loops_cli.output_limits import last_submission

#: The prefix of the ids of these outcomes.
OUTPUT_ID_PREFIX: Final = "output-"


_ANSWERS: Final = "humanAnswers"

# An output does not say what only the event of its loop does.
_NOTHING_KNOWN: Final = {each.name: None for each in PROPERTIES_OF_OUTCOME if not each.optional}

#: What an output has, as its bytes.
ANSWERS: Final = f'"{_ANSWERS}"'.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What the review of a document found."""

    place: str
    """The file."""
    number: int | None = None
    """The document's number in a file with a list."""
    content: bytes = b""
    """The document, if it is no output."""
    outcome: bytes | None = None
    """The outcome as JSON. None if there is none."""
    problem: str | None = None
    """What is wrong with the output."""


#: Documents, each with the name of its file.
Share: TypeAlias = list[tuple[bytes, str]]


class IncompleteOutputError(Exception):
    """An output does not name its human loop."""


def is_output(document: Any) -> bool:
    """Return whether a JSON value is an output of A2I."""
    return isinstance(document, dict) and _ANSWERS in document


def review_text(content: bytes, place: str, mappings: MappingFile) -> Reviewed:
    """Review the content of a file, if it is an output.

    Parameters
    ----------
    content, place
        The content, and the name of the file.
    mappings
        The mappings of custom tasks.
    """
    try:
        with garbage_collector_paused(len(content)):
            document = read_json(content, source=place)
    except UnreadableOutputError:
        return Reviewed(place=place, content=content)
    if not is_output(document):
        return Reviewed(place=place, content=content)
    return review_document(document, place, mappings, size=len(content))


def review_share(share: Share, mappings: MappingFile) -> list[Reviewed]:
    """Review several files. See `review_text`."""
    return [review_text(content, place, mappings) for content, place in share]


def review_document(
    document: Any, place: str, mappings: MappingFile, *, size: int, number: int | None = None
) -> Reviewed:
    """Review an output that was parsed.

    Parameters
    ----------
    document, place, number
        The output, its file, and its number there.
    mappings
        The mappings of custom tasks.
    size
        The length of its text.
    """
    try:
        output = read_output(document, source="output", size=size)
        outcome = outcome_of_output(output, mappings.find(output), place)
    except (IncompleteOutputError, UnreadableOutputError) as error:
        return Reviewed(place=place, number=number, problem=str(error))
    line = json.dumps(outcome, separators=(",", ":")).encode()
    return Reviewed(place=place, number=number, outcome=line)


def outcome_of_output(output: Output, mapping: TaskMapping | None, place: str) -> dict[str, Any]:
    """Review an output and return its outcome, without what only the loop's event has.

    A2I writes the output of a loop when the last reviewer has submitted. The loop is
    therefore Completed. Its end is the last submission, or unknown. The key says when it was
    created, in whole seconds.

    Parameters
    ----------
    output, mapping
        The output, and the mapping of a custom task.
    place
        Its path or URI.

    Raises
    ------
    IncompleteOutputError
        If the output has no name of the loop or flow definition.
    UnreadableOutputError
        If the prediction or an answer is not in the form of the task type.
    """
    flow, name = output.flow_definition_arn, output.human_loop_name
    if not flow or not name or not flow.startswith("arn:"):
        raise IncompleteOutputError("flowDefinitionArn and humanLoopName: expected both")
    key, ended = parse_output_key(place), last_submission(output)
    reviewed = describe_review(
        output, review_output(output, mapping=mapping or ()), include_values=False
    )
    outcome: dict[str, Any] = {
        **_NOTHING_KNOWN,
        "schemaVersion": SCHEMA_VERSION,
        "eventSource": EventSource.OUTPUT.value,
        "humanLoopArn": f"{flow.partition(':flow-definition/')[0]}:human-loop/{name}",
        "humanLoopName": name,
        "flowDefinitionArn": flow,
        "humanLoopStatus": HumanLoopStatus.COMPLETED.value,
        "creationTime": None if key is None else time_text(key.time),
        "endTime": None if ended is None else _whole_seconds(ended),
        "outputS3Uri": place if place.startswith("s3://") else None,
        "fieldsLeftOut": 0,
        **reviewed,
    }
    if name.startswith(VERIFICATION_LOOP_PREFIX):
        outcome["verification"] = name
    return outcome | {"outcomeId": output_id(json.dumps(outcome, sort_keys=True))}


def output_id(identity: str) -> str:
    """Return the id of the outcome of an output, given a text that identifies it."""
    return OUTPUT_ID_PREFIX + sha256(identity.encode()).hexdigest()[:32]


def _whole_seconds(time: datetime) -> str:
    utc = time.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    return f"{utc.isoformat()}Z"
