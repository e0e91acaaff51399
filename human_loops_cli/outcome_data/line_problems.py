"""What can be wrong with a line."""

from __future__ import annotations

from typing import Final

from human_loop_reviews.a2i.strict_json import read_json
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.contract import OUTCOME_DETAIL_TYPE

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

DETAIL_IS_NO_OBJECT: Final = "detail: expected an object"

DETAIL_TYPE: Final = "detail-type"
DETAIL: Final = "detail"

#: What a line has that is an event, as its bytes.
ENVELOPE: Final = f'"{DETAIL_TYPE}"'.encode()

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


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
