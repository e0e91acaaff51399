"""A format converts one reviewed human loop into one entry of a file."""

from __future__ import annotations

import json
from typing import Any, Final, Protocol

from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import ReviewedLoop

# JSON leaves these as they are, and many readers take them for the end of a line.
_LINE_ENDS: Final = {ord(each): f"\\u{ord(each):04x}" for each in "\x85\u2028\u2029"}


class ExportFormat(Protocol):
    """One format. An instance is for one file.

    Attributes
    ----------
    DESCRIPTION
        What the format is for, in a line of help.
    START, SEPARATOR, END
        What stands before, between and after the entries.
    """

    DESCRIPTION: str
    START: str
    SEPARATOR: str
    END: str

    def write(self, loop: ReviewedLoop, /) -> str:
        """Return the entry of one human loop.

        Raises
        ------
        LeftOutError
            If the loop has nothing to export, or does not fit.
        """
        ...


class JsonLines:
    """The base class of formats in JSON Lines."""

    START: str = ""
    SEPARATOR: str = "\n"
    END: str = "\n"


class SchemaConsistency:
    """Requires that all loops of a file have the schema of the first one."""

    def __init__(self) -> None:
        self._first: tuple[object, ...] | None = None

    def require(self, *key: object) -> None:
        """Check a loop, after everything else about it was checked.

        Raises
        ------
        LeftOutError
            If its key is another one than the first loop's.
        """
        if self._first is None:
            self._first = key
        elif key != self._first:
            raise LeftOutError(Reason.MIXED)


def one_line(value: Any) -> str:
    r"""Return JSON without any character that a reader can take for the end of a line.

    Examples
    --------
    >>> one_line({"a": "x\n\u2028y"})
    '{"a": "x\\n\\u2028y"}'
    """
    return json.dumps(value, ensure_ascii=False).translate(_LINE_ENDS)
