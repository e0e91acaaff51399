"""Pairs of source and target: the rows of a custom task's list, such as translations.

A row is paired by its number. A JMESPath projection leaves out nulls, which would move all rows
after one, so the source's path is looked up without leaving any out, and both sides must have as
many rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.tasks.look_up import ExpressionFailedError, look_up
from human_loop_reviews.tasks.searchable import searchable_inputs
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.loop import FieldLeftOut, ReviewedLoop
from human_loops_cli.rows import row_of

_KEY: Final = r'(?:[A-Za-z_]\w*|"[^"]*")'

# A path that ends with keys of the elements of a list: after [*], [], a slice or a filter.
_KEYS_OF_ELEMENTS: Final = re.compile(
    rf"(?P<list>.*\[(?:\*|\?[^\]]*|[^\]]*:[^\]]*)?\])\.(?P<keys>{_KEY}(?:\.{_KEY})*)"
)


class TextPair(NamedTuple):
    """A row: what was translated, and the text that more than half of the reviewers gave."""

    name: str
    source: str
    target: str


def read_text_pairs(loop: ReviewedLoop) -> list[TextPair]:
    """Return the rows of the field that is named, or of the only one with rows.

    Rows without a text on one side are left out, and counted.

    Raises
    ------
    LeftOutError
        If there is no such row, if several fields have rows, or if the sources are not as many as
        the predicted rows.
    """
    fields = loop.require_fields()
    rows = [(row, each) for each in fields if (row := row_of(each.name)) is not None]
    if not rows:
        raise LeftOutError(Reason.NO_ROWS)
    if len({row.field for row, _ in rows}) > 1:
        raise LeftOutError(Reason.SEVERAL_FIELDS)
    sources = _sources(loop, rows[0][0].field)
    pairs = []
    for row, each in rows:
        source = sources[row.number] if row.number < len(sources) else None
        texts = [value for value in (source, each.consensus) if isinstance(value, str)]
        if len(texts) == 2 and all(map(str.strip, texts)):
            pairs.append(TextPair(each.name, *texts))
        else:
            loop.leave_out(FieldLeftOut.NO_PAIR)
    if not pairs:
        raise LeftOutError(Reason.NO_ROWS)
    return pairs


def _sources(loop: ReviewedLoop, field: str) -> Sequence[Any]:
    """Return what was translated in each row, null where that is missing."""
    sources = _look_up_rows(loop, loop.source_expression)
    mapping = next((each for each in loop.mapping if each.name == field), None)
    predicted = None if mapping is None else _predicted(loop, mapping)
    if not isinstance(sources, list):
        raise LeftOutError(Reason.NO_SOURCE_ROWS)
    if not isinstance(predicted, list) or len(predicted) != len(sources):
        raise LeftOutError(Reason.OTHER_SOURCE_ROWS)
    return sources


def _predicted(loop: ReviewedLoop, mapping: FieldMapping) -> Any:
    """Return the predicted rows. One without a value cannot be paired by its number."""
    rows = _look_up_rows(loop, mapping.prediction_path)
    projected = _look_up(loop, mapping.prediction_path)
    whole = isinstance(rows, list) and isinstance(projected, list) and len(rows) == len(projected)
    return rows if whole else None


def _look_up_rows(loop: ReviewedLoop, expression: str) -> Any:
    """Return the elements that a path finds, null for those that it would leave out."""
    found = _KEYS_OF_ELEMENTS.fullmatch(expression)
    if found is None:
        return _look_up(loop, expression)
    rows = _look_up(loop, f"{found['list']}.[{found['keys']}]")
    return [row and row[0] for row in rows] if isinstance(rows, list) else None


def _look_up(loop: ReviewedLoop, expression: str) -> Any:
    try:
        return look_up(expression, searchable_inputs(loop.output.inputs)).value
    except ExpressionFailedError:
        return None
