"""Where the input of a custom task has the prediction of a mapping's field, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from human_loop_reviews.corrected.places import NOWHERE, Place, resolve, value_at
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.tasks.crowd_elements import read_value
from human_loop_reviews.tasks.look_up import look_up, plain_path
from human_loop_reviews.tasks.mapped_rows import as_rows

_EXPRESSION: Final = (
    "its prediction is a JMESPath expression, not a plain path such as model.total. Only values at "
    "plain paths, and rows of a list at one, are replaced"
)
_NOT_AS_WRITTEN: Final = (
    "the input does not have its path as it is written: it has a text with JSON there, or "
    "flattened names, or nothing"
)
_ROW_EXPRESSION: Final = "its row_value is a JMESPath expression, not a plain path such as text"
_ROWS_WITHOUT_VALUE: Final = "rows of the list do not have its path"
_NO_LIST: Final = "the input has no list at its path"
_PART_OF_NEW_ROW: Final = (
    "reviewers added a row, and the field is a part of it. Only whole rows are appended"
)


class Target(NamedTuple):
    """Where a value is to be replaced, or why it cannot be."""

    place: Place | None
    """Of the value, or of the list that it is appended to. None for no such place."""
    predicted: Any = None
    """The value there, None for no value."""
    appends: bool = False
    """Whether the value becomes a new row of the list at the place."""
    reason: str | None = None
    """Why there is no place."""


class MappedPlaces:
    """Where the input has the values of one field of a mapping.

    Parameters
    ----------
    mapping
        The field.
    inputs
        The input of the human loop, as it was written.
    searched
        The same in the form that expressions search, with texts of JSON unpacked.
    """

    def __init__(
        self, mapping: FieldMapping, inputs: Mapping[str, Any], searched: Mapping[str, Any]
    ) -> None:
        self.mapping = mapping
        self._inputs = inputs
        self._searched = searched
        self._base: Place = ()
        self._in_row: tuple[str | int, ...] = ()
        self.reason = self._find()
        self._rows: Any = value_at(inputs, self._base) if self.reason is None else None

    def _find(self) -> str | None:
        """Find the place, and return why there is none."""
        path = plain_path(self.mapping.prediction_path)
        if path is None or not path.steps:
            return _EXPRESSION
        if path.in_entries is not None and not self.mapping.rows:
            return _EXPRESSION
        base = resolve(self._inputs, path.steps)
        if base is None or value_at(self._inputs, base) != value_at(self._searched, path.steps):
            return _NOT_AS_WRITTEN
        self._base = base
        if path.in_entries is not None:
            entries = value_at(self._inputs, base)
            if type(entries) is not list:
                return _NO_LIST
            found = [value_at(entry, path.in_entries) for entry in entries]
            if any(value is NOWHERE or value is None for value in found):
                return _ROWS_WITHOUT_VALUE  # the expression skips these rows
        if self.mapping.rows:
            in_row = plain_path(self.mapping.row_value or "@")
            if in_row is None or in_row.in_entries is not None:
                return _ROW_EXPRESSION
            self._in_row = (*(path.in_entries or ()), *in_row.steps)
        return None

    @property
    def whole(self) -> Target:
        """The whole value, of a list all rows."""
        if self.reason is not None:
            return Target(None, reason=self.reason)
        return self._target(self._base)

    @property
    def count(self) -> int:
        """How many rows the model predicted."""
        if self._rows is None:
            return 0
        return len(self._rows) if type(self._rows) is list else 1

    @property
    def pairs_parts_by_position(self) -> bool:
        """Whether parts of rows belong to the rows at their positions, for want of a key."""
        mapping = self.mapping
        has_no_key = mapping.row_key is None and mapping.answer_name is None
        return mapping.rows and has_no_key and bool(self._in_row)

    def row(self, index: int) -> Target:
        """Return a row, or the part of it that is compared."""
        if self.reason is not None:
            return Target(None, reason=self.reason)
        if index >= self.count:
            if self._in_row:
                return Target(None, reason=_PART_OF_NEW_ROW)
            if type(self._rows) is not list:
                return Target(None, reason=_NO_LIST)
            return Target(self._base, appends=True)
        base = (*self._base, index) if type(self._rows) is list else self._base
        if self._in_row:
            container = value_at(self._inputs, (*base, *self._in_row[:-1]))
            name = self._in_row[-1]
            if isinstance(container, dict) and isinstance(name, str) and name not in container:
                outer = resolve(self._inputs, (*base, *self._in_row[:-1]))
                return Target((*(outer or ()), name))
        return self._target((*base, *self._in_row))

    def shares_its_key(self, index: int) -> bool:
        """Return whether another row has the key of a row, so that reviewers can mean either."""
        return index in self._rows_of_one_key

    @cached_property
    def _rows_of_one_key(self) -> Collection[int]:
        if self.mapping.row_key is None:
            return ()
        rows = as_rows(look_up(self.mapping.prediction_path, self._searched).value)
        values = [read_value(look_up(self.mapping.row_key, row).value) for row in rows]
        keys = [None if value is None else value.comparison_key for value in values]
        counts = Counter(keys)
        return {index for index, key in enumerate(keys) if counts[key] > 1}

    def _target(self, steps: Place) -> Target:
        place = resolve(self._inputs, steps)
        if place is None:
            return Target(None, reason=_ROWS_WITHOUT_VALUE)
        return Target(place, value_at(self._inputs, place))
