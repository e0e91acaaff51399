"""Values that can be compared: the model's or a reviewer's value of one field."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

from human_loop_reviews.review.canonical_json import in_one_order

#: The comparison key of an empty value.
BLANK: Final = ""

# Stricter than Python's own: "1_000", "inf" and digits of other scripts are text.
_NUMBER: Final = r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?"
_ARITHMETIC = Context(prec=80)

# How forms and models write booleans as text or number, without upper case.
_BOOLEANS: Final[Mapping[str | Decimal, bool]] = {
    **dict.fromkeys(("true", "yes", "on", "1", Decimal(1)), True),
    **dict.fromkeys(("false", "no", "off", "0", Decimal(0)), False),
}


class ValueKind(StrEnum):
    """How a value is compared."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LABELS = "labels"
    SPANS = "spans"
    BOXES = "boxes"
    SHAPES = "shapes"
    STRUCTURE = "structure"
    MASK = "mask"
    OPAQUE = "opaque"


_TEXT: Final = ValueKind.TEXT  # a look-up in an enumeration is slow


class Value(NamedTuple):
    """One value of one field."""

    kind: ValueKind
    """How the value is compared."""
    comparison_key: Any
    """Two values are equal if their comparison keys are. It is hashable. ``BLANK`` is the key of an
    empty value: an empty text, a list of no labels."""
    display: Any
    """The value as outcomes carry it, ready for JSON."""

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
    return Value(ValueKind.BOOLEAN, (ValueKind.BOOLEAN, chosen), chosen)


def number_value(number: float | Decimal, display: Any) -> Value:
    """Return a number as a value: 1, 1.0 and 1e0 are equal."""
    exact = number if isinstance(number, Decimal) else Decimal(str(number))
    return Value(ValueKind.NUMBER, (ValueKind.NUMBER, exact), display)


def labels_value(labels: Iterable[str]) -> Value:
    """Return labels as a value in which neither order nor repetition counts."""
    folded = {fold(label) for label in labels}
    return Value(
        ValueKind.LABELS, (ValueKind.LABELS, frozenset(folded)) if folded else BLANK, sorted(folded)
    )


def structure_value(structure: Any) -> Value:
    """Return an object or a list as a value.

    Parameters
    ----------
    structure
        Parsed JSON, not nested too deeply for recursion.

    Examples
    --------
    >>> one = structure_value([{"sku": "A", "n": 1}, {"sku": "B", "n": None}])
    >>> other = structure_value([{"sku": "B"}, {"n": 1.0, "sku": " A"}])
    >>> one.comparison_key == other.comparison_key
    True
    """
    ordered = in_one_order(structure)
    return Value(ValueKind.STRUCTURE, (ValueKind.STRUCTURE, structure_key(ordered)), ordered)


def structure_key(value: Any, text_key: Callable[[str], str] = fold) -> Any:
    """Return a hashable key that is equal for JSON with the same content.

    The order of an object's keys does not count, and null counts as absent. A list of objects or of
    texts has no order: it is rows or labels. Any other list has: it can be a position.

    Parameters
    ----------
    value
        Parsed JSON.
    text_key
        What of a text counts.
    """
    if type(value) is str:
        return text_key(value)
    if type(value) is bool:
        return (ValueKind.BOOLEAN, value)
    if type(value) is int or type(value) is float:
        return (ValueKind.NUMBER, Decimal(str(value)))
    if type(value) is dict:
        return frozenset(
            (key, structure_key(inner, text_key))
            for key, inner in value.items()
            if inner is not None
        )
    if type(value) is not list:
        return value
    keys = [structure_key(inner, text_key) for inner in value]
    if all(type(inner) is dict for inner in value):
        return ("rows", frozenset(Counter(keys).items()))
    if all(type(inner) is str for inner in value):
        return (ValueKind.LABELS, frozenset(keys))
    return tuple(keys)


def equal_within(tolerance: float) -> Callable[[Value, Value], bool]:
    """Return the comparison by which numbers are equal that differ by at most a tolerance."""
    largest = Decimal(str(tolerance))

    def same(one: Value, other: Value) -> bool:
        if one.comparison_key == other.comparison_key:
            return True
        if one.kind is not ValueKind.NUMBER or other.kind is not ValueKind.NUMBER:
            return False
        difference = _ARITHMETIC.subtract(one.comparison_key[1], other.comparison_key[1])
        return bool(difference.copy_abs() <= largest)

    return same


def to_common_kind(values: Sequence[Value | None], *, numeric: bool = False) -> list[Value | None]:
    """Return the values of one field in one kind, where that is not a guess.

    Beside a boolean, ``yes``, ``no``, ``true``, ``false``, ``on``, ``off``, 1 and 0 become
    booleans. Beside a number, a text that reads as a number becomes a number. Beside a list of
    labels, a single label becomes a list of one.

    Parameters
    ----------
    values
        The values of the model and the reviewers, None for no value.
    numeric
        Whether texts become numbers even without a number beside them.

    Examples
    --------
    >>> one, other = to_common_kind([text_value("5.0"), number_value(5, 5)])
    >>> one.comparison_key == other.comparison_key
    True
    """
    kinds = {value.kind for value in values if value is not None}
    result = list(values)
    if ValueKind.BOOLEAN in kinds:
        result = [_as_boolean(value) for value in result]
    if numeric or ValueKind.NUMBER in kinds:
        result = [_as_number(value) for value in result]
    if ValueKind.LABELS in kinds:
        result = [_as_labels(value) for value in result]
    return result


def read_number(text: str) -> Decimal | None:
    """Return the number that a text is, as JSON or Python write it; None for any other text."""
    return Decimal(text) if re.fullmatch(_NUMBER, text) else None


def _as_boolean(value: Value | None) -> Value | None:
    if value is None or value.kind not in (ValueKind.TEXT, ValueKind.NUMBER) or value.is_blank:
        return value
    key = value.comparison_key
    chosen = _BOOLEANS.get(key.casefold() if value.kind is ValueKind.TEXT else key[1])
    return value if chosen is None else boolean_value(chosen)._replace(display=value.display)


def _as_number(value: Value | None) -> Value | None:
    if value is None or value.kind is not ValueKind.TEXT:
        return value
    number = read_number(value.comparison_key)
    return value if number is None else number_value(number, value.display)


def _as_labels(value: Value | None) -> Value | None:
    if value is None or value.kind is not ValueKind.TEXT or value.is_blank:
        return value
    return labels_value([value.comparison_key])
