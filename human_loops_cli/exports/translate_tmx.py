"""The parallel data that customizes Amazon Translate, as Translation Memory eXchange (TMX) 1.4b.

https://docs.aws.amazon.com/translate/latest/dg/customizing-translations-parallel-data-input-files.html

Amazon Translate also takes CSV and TSV. There, a text cannot begin with ``+``, ``-``, ``=`` or
``@``, and has no line break.
"""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from human_loops_cli.exports.format import ExportFormat
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import FieldLeftOut, ReviewedLoop
from human_loops_cli.exports.text_pairs import TextPair, read_text_pairs

#: Amazon Translate skips a longer segment without an error.
_MAX_BYTES: Final = 1000

# What XML 1.0 can hold.
_XML: Final = "[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*"


class TranslateTmx:
    """One translation unit for each row.

    Parameters
    ----------
    source, target
        The language codes of Amazon Translate.
    """

    DESCRIPTION: str = "parallel data of Amazon Translate (TMX): translations by row"
    SEPARATOR: str = ""
    END: str = "</body>\n</tmx>\n"

    def __init__(self, source: str = "", target: str = "") -> None:
        self._source, self._target = quoteattr(source), quoteattr(target)
        self.START = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<tmx version="1.4">\n'
            f"<header srclang={self._source}/>\n<body>\n"
        )

    def write(self, loop: ReviewedLoop, /) -> str:
        """Return the translation units of one human loop, each on a line."""
        units = []
        for each in read_text_pairs(loop):
            if _fits(each.source) and _fits(each.target):
                units.append(self._unit(each))
            else:
                loop.leave_out(FieldLeftOut.NOT_TAKEN)
        if not units:
            raise LeftOutError(Reason.SEGMENT)
        return "".join(units)

    def _unit(self, pair: TextPair) -> str:
        segments = ((self._source, pair.source), (self._target, pair.target))
        # A reader takes a carriage return for a line break, unless it is escaped.
        variants = "".join(
            f"<tuv xml:lang={language}><seg>{escape(text, {chr(13): '&#13;'})}</seg></tuv>"
            for language, text in segments
        )
        return f"<tu>{variants}</tu>\n"


FORMAT: Final[type[ExportFormat]] = TranslateTmx


def _fits(text: str) -> bool:
    return len(text.encode()) <= _MAX_BYTES and re.fullmatch(_XML, text) is not None
