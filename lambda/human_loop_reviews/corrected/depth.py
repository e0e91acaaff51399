"""How deeply an input may be nested, so that a document with parts of it can be written as JSON."""

from __future__ import annotations

from typing import Any, Final

from human_loop_reviews.corrected.errors import NoCorrectedDocumentError

#: The most objects and lists within each other. Python can read more of them than it can write.
MAX_DEPTH: Final = 200


def require_depth(value: Any) -> None:
    """Require that JSON is not nested too deeply.

    Raises
    ------
    NoCorrectedDocumentError
        If it is.
    """
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            inner
            for each in level
            if type(each) is dict or type(each) is list
            for inner in (each.values() if type(each) is dict else each)
        ]
        if not level:
            return
    raise NoCorrectedDocumentError(
        f"its input has more than {MAX_DEPTH} objects and lists within each other"
    )
