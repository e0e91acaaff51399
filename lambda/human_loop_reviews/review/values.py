"""Values that can be compared: the model's or a reviewer's value of one field."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

from human_loop_reviews.review.canonical_json import in_one_order

#: The comparison key of an empty value.
BLANK: Final = ""

# What nobody sees: zero-width characters, and marks of the direction of text.
_INVISIBLE: Final = "[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"

# NFKC would make 10\u00b2 the number 102. Superscripts, subscripts and fractions stay as they are:
# during normalization, they are characters for private use.
_RAISED: Final = {
    code: 0x100000 + code
    for code in (
        *(0xAA, 0xB2, 0xB3, 0xB9, 0xBA, 0xBC, 0xBD, 0xBE, 0x2189),
        *range(0x2070, 0x209D),
        *range(0x2150, 0x2160),
    )
}
_RESTORED: Final = {private: code for code, private in _RAISED.items()}

_DECIMAL_SEPARATOR_OF_ARABIC: Final = "\u066b"

# Stricter than Python's own: "1_000" and "inf" are text.
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


class Element(StrEnum):
    """What gave a value: the element of a form, or where a value stands alone, its form.

    A classifier's label and a typed text are both text. They are compared by different rules.
    """

    #: ``crowd-input`` or ``crowd-text-area``.
    TYPED = "typed"
    #: A classifier, or checkboxes or radio buttons that share a name.
    CHOICE = "choice"
    #: A single checkbox or toggle button.
    SINGLE_BOX = "singleBox"
    #: An object or a list that no element gives.
    STRUCTURE = "structure"
    #: An empty object or list, which can be of any element.
    EMPTY = "empty"
    BOXES = "boxes"
    SPANS = "spans"
    POLYGONS = "polygons"
    POLYLINES = "polylines"
    LINES = "lines"
    KEYPOINTS = "keypoints"
    #: Polygons, polylines or lines.
    VERTICES = "vertices"
    MASK = "mask"
    OPAQUE = "opaque"


_ELEMENTS: Final[Mapping[ValueKind, Element]] = {
    ValueKind.TEXT: Element.TYPED,
    ValueKind.NUMBER: Element.TYPED,
    ValueKind.BOOLEAN: Element.SINGLE_BOX,
    ValueKind.LABELS: Element.CHOICE,
    ValueKind.SPANS: Element.SPANS,
    ValueKind.BOXES: Element.BOXES,
    ValueKind.SHAPES: Element.VERTICES,
    ValueKind.STRUCTURE: Element.STRUCTURE,
    ValueKind.MASK: Element.MASK,
    ValueKind.OPAQUE: Element.OPAQUE,
}

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
    given_by: Element | None = None
    """What gave the value, where its kind does not imply it."""

    @property
    def element(self) -> Element:
        """What gave the value."""
        return self.given_by or _ELEMENTS[self.kind]

    @property
    def is_blank(self) -> bool:
        """Whether the value is empty: an empty text, a list of no labels."""
        return bool(self.comparison_key == BLANK)


#: What a reviewer gives who rejects the prediction without another value. It equals no other value,
#: and is displayed as none.
REJECTION: Final = Value(ValueKind.OPAQUE, ("rejected",), None)


def single_spaced(text: str) -> str:
    """Return the text in Unicode NFC, trimmed, with each run of white space as one space."""
    spaced = " ".join(text.split())
    if spaced.isascii():
        return spaced
    import unicodedata  # only here and in `fold`, because a cold start need not load its tables

    return unicodedata.normalize("NFC", spaced)


def fold(text: str) -> str:
    r"""Return what counts of a text: in Unicode NFKC, without what is invisible, single-spaced.

    Digits of all scripts are equal. Superscripts, subscripts and fractions are kept.

    Examples
    --------
    >>> fold("\uff34\uff4f\uff54\uff41\uff4c\u200e  \u0661\u0662"), fold("10\u00b2")
    ('Total 12', '10\xb2')
    """
    if not text.isascii():
        import unicodedata

        text = re.sub(_INVISIBLE, "", text)
        text = unicodedata.normalize("NFKC", text.translate(_RAISED)).translate(_RESTORED)
        digits = [each for each in set(text) if each.isdecimal() and not each.isascii()]
        text = text.translate({ord(each): str(unicodedata.decimal(each)) for each in digits})
    return single_spaced(text)


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
    written = {fold(label): label for label in sorted(map(single_spaced, labels), reverse=True)}
    return Value(
        ValueKind.LABELS,
        (ValueKind.LABELS, frozenset(written)) if written else BLANK,
        sorted(written.values()),
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


def to_common_kind(
    values: Sequence[Value | None], *, read_numbers: bool = True
) -> list[Value | None]:
    """Return the values of one field in one kind, where that is not a guess.

    Beside a boolean, ``yes``, ``no``, ``true``, ``false``, ``on``, ``off``, 1 and 0 become
    booleans. Beside a number, a text that reads as a number becomes a number. Beside a list of
    labels, a single label becomes a list of one.

    Parameters
    ----------
    values
        The values of the model and the reviewers, None for no value.
    read_numbers
        Whether texts become numbers beside a number. Normalized texts that are numbers already are.

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
    if read_numbers and ValueKind.NUMBER in kinds:
        result = [_as_number(value) for value in result]
    if ValueKind.LABELS in kinds:
        result = [_as_labels(value) for value in result]
    return result


def read_number(text: str) -> Decimal | None:
    """Return the number that a text is, as JSON or Python write it; None for any other text.

    Parameters
    ----------
    text
        A folded text.
    """
    text = text.replace(_DECIMAL_SEPARATOR_OF_ARABIC, ".")
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
    return Value(
        ValueKind.LABELS, (ValueKind.LABELS, frozenset([value.comparison_key])), [value.display]
    )
