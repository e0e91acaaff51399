"""Natural order: the names of rows by their numbers."""

from __future__ import annotations

import re
from typing import TypeAlias

#: What sorts before what: texts and numbers in turn, then the name itself.
NaturalKey: TypeAlias = tuple[tuple[str | tuple[int, str], ...], str]


def natural_key(name: str) -> NaturalKey:
    """Return a sort key by which ``T[2]`` comes before ``T[10]``.

    Numbers are compared as digits, because a name can have more of them than Python converts.

    Examples
    --------
    >>> sorted(["T[10]", "T[2]", "T[1]", "Total"], key=natural_key)
    ['T[1]', 'T[2]', 'T[10]', 'Total']
    """
    parts: list[str | tuple[int, str]] = list(re.split("([0-9]+)", name))
    for place in range(1, len(parts), 2):
        digits = str(parts[place]).lstrip("0")
        parts[place] = (len(digits), digits)
    return tuple(parts), name
