"""What is wrong with a line that DuckDB cannot read.

DuckDB decides what a line says, and whether it can be used. Its errors quote content, so Python
finds out what is wrong with a line. Python refuses no line that DuckDB can read: then the same line
would count in one file, and not in another one with a damaged line.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from human_loop_reviews.a2i.strict_json import read_json
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.contract import HUMAN_LOOP_DETAIL_TYPES, OUTCOME_DETAIL_TYPE
from human_loops_cli.outcome_data.outcome_properties import type_problem

#: The longest line. EventBridge's limit for an event is a quarter of it.
MAX_LINE_BYTES: Final = 1024 * 1024

NOT_JSON: Final = "expected one JSON object on the line"
REPEATED: Final = "an object on the line repeats a key"
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
DETAIL: Final = "detail"

#: What a line has that is an event, as its bytes.
ENVELOPE: Final = f'"{DETAIL_TYPE}"'.encode()

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

# What DuckDB's parser accepts and Python's refuses: a comma before a bracket, NaN and Infinity in
# any spelling, any number of digits, and any depth.
_LENIENT: Final = re.compile(rb",\s*[]}]|nan|inf|[0-9]{4000}", re.IGNORECASE)
_DEEP: Final = 500


class LineProblem(NamedTuple):
    """What is wrong with a line."""

    text: str
    """In words, without its content."""
    certain: bool
    """Whether DuckDB refuses it too. If not, DuckDB decides."""


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


def problem_of_line(line: bytes) -> LineProblem | None:
    """Return what is wrong with a line. None if Python finds no problem.

    Examples
    --------
    >>> problem_of_line(b"[1]")
    LineProblem(text='expected one JSON object on the line', certain=True)
    """
    try:
        outcome = read_json(line, source="line", unique_keys=True)
    except UnreadableOutputError:
        return _syntax_problem(line)
    if not isinstance(outcome, dict) or line.startswith(BYTE_ORDER_MARK):
        return LineProblem(NOT_JSON, certain=True)
    return _problem_of(outcome)


def _syntax_problem(line: bytes) -> LineProblem:
    try:
        read_json(line, source="line")
    except UnreadableOutputError:
        deep = line.count(b"[") + line.count(b"{") > _DEEP
        return LineProblem(NOT_JSON, certain=not deep and not _LENIENT.search(line))
    # DuckDB refuses those of the properties that it reads.
    return LineProblem(REPEATED, certain=False)


def _problem_of(outcome: dict[str, Any]) -> LineProblem | None:
    """Return what is wrong with an object that should be an outcome or its event."""
    detail_type = outcome.get(DETAIL_TYPE)
    if detail_type is not None:
        if detail_type in HUMAN_LOOP_DETAIL_TYPES:
            return LineProblem(EVENT_OF_LOOP, certain=True)
        if detail_type != OUTCOME_DETAIL_TYPE:
            return LineProblem(OTHER_EVENT, certain=True)
        outcome = outcome.get(DETAIL)  # type: ignore[assignment]
        if not isinstance(outcome, dict):
            return LineProblem("detail: expected an object", certain=True)
    if "humanAnswers" in outcome:
        return LineProblem(A2I_OUTPUT, certain=False)
    found = type_problem(outcome)
    return found and LineProblem(*found)
