"""Values that can be compared: the model's or a reviewer's value of one field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

#: The comparison key of an empty value.
BLANK: Final = ""

# Stricter than Python's own: "1_000", "inf" and digits of other scripts are text.
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


_TEXT: Final = Kind.TEXT  # a look-up in an enumeration is slow


class Value(NamedTuple):
    """One value of one field.

    Parameters
    ----------
    kind
        How the value is compared.
    comparison_key
        Two values are equal if their comparison keys are. It is hashable. ``BLANK`` is the key of
        an empty value: an empty text, a list of no labels.
    display
        The value as outcomes carry it, ready for JSON.
    """

    kind: Kind
    comparison_key: Any
    display: Any

    @property
    def is_blank(self) -> bool:
        """Whether the value is empty: an empty text, a list of no labels."""
        return bool(self.comparison_key == BLANK)


def fold(text: str) -> str:
    """Return the text in Unicode NFC, trimmed, with each run of white space as one space."""
    folded = " ".join(text.split())
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded)


def text_value(text: str) -> Value:
    """Return text as a value. It is displayed as given, line breaks included."""
    folded = fold(text)
    return Value(_TEXT, folded, folded if folded == text else text)


def boolean_value(chosen: bool) -> Value:
    """Return a boolean as a value. It never equals a number."""
    return Value(Kind.BOOLEAN, (Kind.BOOLEAN, chosen), chosen)


def number_value(number: float | Decimal, display: Any) -> Value:
    """Return a number as a value: 1, 1.0 and 1e0 are equal."""
    exact = number if isinstance(number, Decimal) else Decimal(str(number))
    return Value(Kind.NUMBER, (Kind.NUMBER, exact), display)


def labels_value(labels: Iterable[str]) -> Value:
    """Return labels as a value in which neither order nor repetition counts."""
    folded = {fold(label) for label in labels}
    return Value(Kind.LABELS, (Kind.LABELS, frozenset(folded)) if folded else BLANK, sorted(folded))


def equal_within(tolerance: float) -> Callable[[Value, Value], bool]:
    """Return the comparison by which numbers are equal that differ by at most a tolerance."""
    largest = Decimal(str(tolerance))

    def same(one: Value, other: Value) -> bool:
        if one.comparison_key == other.comparison_key:
            return True
        if one.kind is not Kind.NUMBER or other.kind is not Kind.NUMBER:
            return False
        difference = _ARITHMETIC.subtract(one.comparison_key[1], other.comparison_key[1])
        return bool(difference.copy_abs() <= largest)

    return same


def to_common_kind(
    values: Sequence[Value | None], *, numeric: bool = False, ignore_case: bool = False
) -> list[Value | None]:
    """Return the values of one field in one kind, where that is not a guess.

    Beside a number, a text that reads as a number becomes a number. Beside a list of labels, a
    single label becomes a list of one.

    Parameters
    ----------
    values
        The values of the model and the reviewers, None for no value.
    numeric
        Whether texts become numbers even without a number beside them.
    ignore_case
        Whether texts and labels that differ only in case become equal.

    Examples
    --------
    >>> one, other = to_common_kind([text_value("5.0"), number_value(5, 5)])
    >>> one.comparison_key == other.comparison_key
    True
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
    if value is None or value.kind is not Kind.TEXT:
        return value
    text = value.comparison_key
    return number_value(Decimal(text), value.display) if re.fullmatch(_NUMBER, text) else value


def _as_labels(value: Value | None) -> Value | None:
    if value is None or value.kind is not Kind.TEXT or value.is_blank:
        return value
    return labels_value([value.comparison_key])


def _caseless(value: Value | None) -> Value | None:
    if value is None or value.is_blank:
        return value
    if value.kind is Kind.TEXT:
        return value._replace(comparison_key=value.comparison_key.casefold())
    if value.kind is Kind.LABELS:
        labels = frozenset(label.casefold() for label in value.display)
        return value._replace(comparison_key=(Kind.LABELS, labels))
    return value
