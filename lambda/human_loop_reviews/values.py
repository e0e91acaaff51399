"""Values that can be compared: what the model said, and what a reviewer said, of one field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

BLANK: Final = ""

# Not everything that Python takes for a number: "1_000", "inf" and other digits are text.
_NUMBER: Final = r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?"
_ARITHMETIC = Context(prec=80)


class Kind(StrEnum):
    """How a value is compared."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LABELS = "labels"
    SPANS = "spans"
    BOXES = "boxes"
    SHAPES = "shapes"
    MASK = "mask"
    OPAQUE = "opaque"


_TEXT: Final = Kind.TEXT  # looking up a member of an enumeration takes its time


class Value(NamedTuple):
    """One value of one field.

    Two values are equal if their hashable ``key`` is; what a person reads is ``shown``. A key of
    ``BLANK`` means that there is nothing: an empty text, a list of no labels.
    """

    kind: Kind
    key: Any
    shown: Any


def fold(text: str) -> str:
    """Return the text in Unicode NFC, trimmed, with each run of white space as one space."""
    folded = " ".join(text.split())
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded)


def text_value(text: str) -> Value:
    """Return text as a value."""
    folded = fold(text)
    return Value(_TEXT, folded, folded)


def boolean_value(chosen: bool) -> Value:
    """Return a yes or no as a value. Its key differs from that of a number."""
    return Value(Kind.BOOLEAN, (Kind.BOOLEAN, chosen), chosen)


def number_value(number: float | Decimal, shown: Any) -> Value:
    """Return a number as a value: 1, 1.0 and 1e0 are equal."""
    exact = number if isinstance(number, Decimal) else Decimal(str(number))
    return Value(Kind.NUMBER, (Kind.NUMBER, exact), shown)


def labels_value(labels: Iterable[str]) -> Value:
    """Return labels as a value in which neither order nor repetition counts."""
    folded = {fold(label) for label in labels}
    return Value(Kind.LABELS, (Kind.LABELS, frozenset(folded)) if folded else BLANK, sorted(folded))


def close_within(tolerance: float) -> Callable[[Value, Value], bool]:
    """Return the comparison that calls numbers equal if they differ by no more than a tolerance."""
    most = Decimal(str(tolerance))

    def same(one: Value, other: Value) -> bool:
        if one.kind is not Kind.NUMBER or other.kind is not Kind.NUMBER or one.key == other.key:
            return bool(one.key == other.key)
        difference = _ARITHMETIC.subtract(one.key[1], other.key[1])
        return bool(difference.copy_abs() <= most)

    return same


def alike(
    values: Sequence[Value | None], *, numeric: bool = False, ignore_case: bool = False
) -> list[Value | None]:
    """Return the values of one field in one kind, where that takes no guess.

    Beside a number, a text that reads as a number becomes one; beside a list of labels, a single
    label becomes a list of one.

    Parameters
    ----------
    values
        What the model and the reviewers said, None where they said nothing.
    numeric
        Whether texts become numbers even without a number beside them.
    ignore_case
        Whether case is folded away.
    """
    kinds = {value.kind for value in values if value is not None}
    result = list(values)
    if numeric or Kind.NUMBER in kinds:
        result = [_as_number(value) for value in result]
    if Kind.LABELS in kinds:
        result = [_as_labels(value) for value in result]
    if ignore_case:
        result = [_caseless(value) for value in result]
    return result


def _as_number(value: Value | None) -> Value | None:
    if value is None or value.kind is not Kind.TEXT or not re.fullmatch(_NUMBER, value.key):
        return value
    return number_value(Decimal(value.key), value.shown)


def _as_labels(value: Value | None) -> Value | None:
    if value is None or value.kind is not Kind.TEXT or value.key == BLANK:
        return value
    return labels_value([value.key])


def _caseless(value: Value | None) -> Value | None:
    if value is None or value.key == BLANK:
        return value
    if value.kind is Kind.TEXT:
        return value._replace(key=value.key.casefold())
    if value.kind is Kind.LABELS:
        return value._replace(key=(Kind.LABELS, frozenset(s.casefold() for s in value.shown)))
    return value
