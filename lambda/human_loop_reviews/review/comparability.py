"""Comparability: which predictions can be compared with what which elements of a form give.

A pair that cannot be compared has no verdict: a confidence is no drawing, and a text is no span.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from human_loop_reviews.review.values import Element, Value, ValueKind


class Prediction(StrEnum):
    """The rows of the matrix: what the model gave."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LABELS = "list of texts"
    EMPTY_TEXT = "empty text"
    EMPTY_LIST = "empty list"
    STRUCTURE = "object, list of objects or numbers"
    BOXES = "boxes"
    SPANS = "spans"
    SHAPES = "shapes"


class Rule(NamedTuple):
    """A cell of the matrix.

    Parameters
    ----------
    title
        The rule, as the documentation has it.
    holds
        Whether a prediction can be compared with an answer, both in one kind where there is one.
    """

    title: str
    holds: Callable[[Value, Value], bool]


def _boolean(predicted: Value, _answer: Value) -> bool:
    return predicted.kind is ValueKind.BOOLEAN


def _number(_predicted: Value, answer: Value) -> bool:
    return answer.kind is ValueKind.NUMBER


def _same_form(predicted: Value, answer: Value) -> bool:
    return type(predicted.display) is type(answer.display)


def _same_unit(predicted: Value, answer: Value) -> bool:
    return answer.is_blank or has_ratios(answer) or not has_ratios(predicted)


def _same_shape(predicted: Value, answer: Value) -> bool:
    shapes = {predicted.element, answer.element}
    return len(shapes) == 1 or (Element.VERTICES in shapes and Element.KEYPOINTS not in shapes)


def _always(_predicted: Value, _answer: Value) -> bool:
    return True


def _never(_predicted: Value, _answer: Value) -> bool:
    return False


_C: Final = Rule("compared", _always)
_N: Final = Rule("—", _never)
_AS_NUM: Final = Rule("compared, as numbers if the text reads as one", _always)
_AS_BOOL: Final = Rule("compared, as booleans if the text is yes, no, …", _always)
_LABEL: Final = Rule("compared, the text as one label", _always)
_IN_SET: Final = Rule("compared, the text as the only label of a set", _always)
_IF_BOOL: Final = Rule("if the text is yes, no, true, false, on or off", _boolean)
_IF_NUM: Final = Rule("if the label reads as a number", _number)
_IF_BIT: Final = Rule("if the number is 0 or 1", _boolean)
_FORM: Final = Rule("an object with an object, a list with a list", _same_form)
# These predictions were read as boxes and spans before, and what is left is something else.
_AWS_BOX: Final = Rule("if it is an AWS response with boxes", _never)
_AWS_ENT: Final = Rule("if it is an AWS response with entities", _never)
_UNIT: Final = Rule("compared; ratios only with `inputImageProperties`", _same_unit)
_SHAPE: Final = Rule("if the shape is the same", _same_shape)

#: The columns of the matrix: the elements that give answers, by their title.
COLUMNS: Final[Mapping[str, frozenset[Element]]] = {
    "typed text": frozenset({Element.TYPED}),
    "choice": frozenset({Element.CHOICE}),
    "single box or toggle": frozenset({Element.SINGLE_BOX}),
    "object or list": frozenset({Element.STRUCTURE}),
    "boxes": frozenset({Element.BOXES}),
    "spans": frozenset({Element.SPANS}),
    "shapes": frozenset(
        {
            *(Element.POLYGONS, Element.POLYLINES, Element.LINES, Element.KEYPOINTS),
            Element.VERTICES,
        }
    ),
    "empty object or list": frozenset({Element.EMPTY}),
}

#: What can be compared. The columns are in the order of `COLUMNS`.
# fmt: off
MATRIX: Final[Mapping[Prediction, tuple[Rule, ...]]] = {
    #                       typed     choice     box       object    boxes    spans   shapes  empty
    Prediction.TEXT:       (_C,       _IN_SET,   _IF_BOOL, _N,       _N,      _N,       _N,     _N),
    Prediction.NUMBER:     (_AS_NUM,  _IF_NUM,   _IF_BIT,  _N,       _N,      _N,       _N,     _N),
    Prediction.BOOLEAN:    (_AS_BOOL, _N,        _C,       _N,       _N,      _N,       _N,     _N),
    Prediction.LABELS:     (_LABEL,   _C,        _N,       _N,       _N,      _N,       _N,     _C),
    Prediction.EMPTY_TEXT: (_C,       _C,        _N,       _N,       _N,      _N,       _N,     _N),
    Prediction.EMPTY_LIST: (_C,       _C,        _N,       _C,       _C,      _C,       _C,     _C),
    Prediction.STRUCTURE:  (_N,       _N,        _N,       _FORM,    _AWS_BOX, _AWS_ENT, _N,    _C),
    Prediction.BOXES:      (_N,       _N,        _N,       _N,       _UNIT,   _N,       _N,     _C),
    Prediction.SPANS:      (_N,       _N,        _N,       _N,       _N,      _C,       _N,     _C),
    Prediction.SHAPES:     (_N,       _N,        _N,       _N,       _N,      _N,       _SHAPE, _C),
}
# fmt: on

_RULES: Final = {
    (row, element): rule
    for row, rules in MATRIX.items()
    for elements, rule in zip(COLUMNS.values(), rules, strict=True)
    for element in elements
}

_ROWS: Final[Mapping[Element, Prediction]] = {
    **dict.fromkeys(COLUMNS["shapes"], Prediction.SHAPES),
    Element.STRUCTURE: Prediction.STRUCTURE,
    Element.BOXES: Prediction.BOXES,
    Element.SPANS: Prediction.SPANS,
}

_ROWS_OF_KINDS: Final[Mapping[ValueKind, Prediction]] = {
    ValueKind.TEXT: Prediction.TEXT,
    ValueKind.NUMBER: Prediction.NUMBER,
    ValueKind.BOOLEAN: Prediction.BOOLEAN,
    ValueKind.LABELS: Prediction.LABELS,
}

# Masks and values of no known form have notes of their own.
_WITHOUT_RULES: Final = frozenset({Element.MASK, Element.OPAQUE})


def is_comparable(
    predicted: Value, answer: Value, converted: tuple[Value, Value] | None = None
) -> bool:
    """Return whether a prediction can be compared with an answer.

    Parameters
    ----------
    predicted, answer
        The values as they were read.
    converted
        Both in one kind. Default: as they were read.

    Examples
    --------
    >>> from human_loop_reviews.review.values import number_value, text_value
    >>> typed = text_value("cat")
    >>> is_comparable(number_value(5, 5), typed)
    True
    >>> is_comparable(number_value(5, 5), typed._replace(given_by=Element.CHOICE))
    False
    """
    if not _WITHOUT_RULES.isdisjoint((predicted.element, answer.element)):
        return True
    rule = _RULES[classify(predicted), answer.element]
    return rule.holds(*(converted or (predicted, answer)))


def classify(predicted: Value) -> Prediction:
    """Return the row of a prediction that is neither a mask nor opaque."""
    if predicted.element in _ROWS:
        return _ROWS[predicted.element]
    if predicted.is_blank:
        return Prediction.EMPTY_TEXT if predicted.kind is ValueKind.TEXT else Prediction.EMPTY_LIST
    return _ROWS_OF_KINDS[predicted.kind]


def has_ratios(drawing: Value) -> bool:
    """Return whether a drawing has boxes, and all as ratios of the image's sides."""
    if drawing.kind is not ValueKind.BOXES or drawing.is_blank:
        return False
    # A box at an edge of the image can end beyond it.
    return all(abs(side) <= 1.01 for box in drawing.comparison_key[1] for side in box[1:])
