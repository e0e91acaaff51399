"""What is wrong with a line, or with an object that should be an outcome."""

from __future__ import annotations

from typing import Any, Final

from human_loop_reviews.a2i.strict_json import read_json
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.contract import HUMAN_LOOP_DETAIL_TYPES, OUTCOME_DETAIL_TYPE
from human_loops_cli.outcome_data.batch import MAX_LINE_BYTES
from human_loops_cli.outcome_data.outcome_properties import type_problem

NOT_JSON: Final = "expected one JSON object on the line"
TOO_LONG: Final = f"longer than {MAX_LINE_BYTES:,} bytes"
EVENT_OF_LOOP: Final = "an event of A2I itself: name outcomes, which the review handler publishes"
OTHER_EVENT: Final = f"an event that is no {OUTCOME_DETAIL_TYPE}"
A2I_OUTPUT: Final = "an output of A2I among lines of outcomes: put it in a separate file"
NOT_JSON_LINES: Final = (
    "not JSON Lines: none of the first 1,000 lines is a JSON object. Write each object on one "
    "line, for example with: jq -c ."
)
UNEXPECTED: Final = "a value has an unexpected form"

# A file without an object in as many lines is none of lines.
_MANY: Final = 1_000

DETAIL_TYPE: Final = "detail-type"

#: What a line has that is an event, as its bytes.
ENVELOPE: Final = f'"{DETAIL_TYPE}"'.encode()


def begins_without_objects(content: bytes | bytearray) -> bool:
    """Return whether none of the first thousand lines of a file is a JSON object."""
    lines = bytes(content).split(b"\n", _MANY)[:_MANY]
    return len(lines) == _MANY and not any(map(_is_object, lines))


def _is_object(line: bytes) -> bool:
    if not line.strip().startswith(b"{"):
        return False
    try:
        return isinstance(read_json(line, source="line"), dict)
    except UnreadableOutputError:
        return False


def problem_of_line(line: bytes) -> str | None:
    """Return what is wrong with a line. None if Python finds no problem."""
    if not line.strip():
        return None
    if len(line) > MAX_LINE_BYTES:
        return TOO_LONG
    try:
        outcome = read_json(line, source="line", unique_keys=True)
    except UnreadableOutputError:
        return NOT_JSON
    if not isinstance(outcome, dict):
        return NOT_JSON
    return problem_of(outcome)


def problem_of(outcome: dict[str, Any]) -> str | None:
    """Return what is wrong with an object that should be an outcome or its event."""
    detail_type = outcome.get(DETAIL_TYPE)
    if detail_type is not None:
        if detail_type in HUMAN_LOOP_DETAIL_TYPES:
            return EVENT_OF_LOOP
        if detail_type != OUTCOME_DETAIL_TYPE:
            return OTHER_EVENT
        outcome = outcome.get("detail")  # type: ignore[assignment]
        if not isinstance(outcome, dict):
            return "detail: expected an object"
    if "humanAnswers" in outcome:
        return A2I_OUTPUT
    return type_problem(outcome)
