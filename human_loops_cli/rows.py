"""The rows of lists, as the names of fields state them."""

from __future__ import annotations

import re
from typing import NamedTuple


class Row(NamedTuple):
    """A row of a custom task's list, as the name of its field states it."""

    field: str
    number: int


def row_of(name: str) -> Row | None:
    """Return the row that a name states.

    Examples
    --------
    >>> row_of("Quantity[2]")
    Row(field='Quantity', number=2)
    """
    found = re.fullmatch(r"(.*)\[(\d+)\]", name, re.DOTALL)
    return None if found is None else Row(found[1], int(found[2]))


def field_of_row(name: str) -> str | None:
    """Return the field of which a name states a row. None if it states none.

    Examples
    --------
    >>> field_of_row("Quantity[2]"), field_of_row("Total")
    ('Quantity', None)
    """
    row = row_of(name)
    return None if row is None else row.field
