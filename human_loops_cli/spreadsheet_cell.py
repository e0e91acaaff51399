"""Texts for a spreadsheet, which must not run them as formulas."""

from __future__ import annotations

import re
from typing import Final

# What begins a formula, also as a full-width character; at the beginning of a text, or where a
# spreadsheet can split it into cells. Blanks before it are ignored.
_SPLITS: Final = r"\n\r\t\v\f\x1c-\x1e\x85\u2028\u2029"
_BLANKS: Final = rf"(?:[^\S{_SPLITS}]|[\x00-\x08\x0e-\x1b\x1f\u200b-\u200f\u2060\ufeff])*"
_FORMULA: Final = re.compile(rf"(^|[;|{_SPLITS}])({_BLANKS})([=+\-@\uff1d\uff0b\uff0d\uff20])")


def spreadsheet_cell(text: str) -> str:
    """Return a text that no spreadsheet runs: an apostrophe stands before what begins a formula.

    Examples
    --------
    >>> spreadsheet_cell("=1+1"), spreadsheet_cell("a; @sum(1)"), spreadsheet_cell("no-reply")
    ("'=1+1", "a; '@sum(1)", 'no-reply')
    """
    return _FORMULA.sub(r"\1\2'\3", text)
