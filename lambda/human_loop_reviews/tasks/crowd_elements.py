"""Crowd elements: what each element of a custom task's form gives, as a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from human_loop_reviews.a2i.strict_json import read_json
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.review.values import (
    BLANK,
    Kind,
    Value,
    boolean_value,
    fold,
    labels_value,
    number_value,
    text_value,
)
from human_loop_reviews.tasks.drawings import read_boxes, read_shapes

# Deeper than this, nothing is unfolded, and opaque values are left out of outcomes.
_MAX_DEPTH: Final = 32

# Python refuses to write longer numbers as text. JMESPath's functions can return them.
_MAX_NUMBER_BITS: Final = 14_000

_FLATTENED: Final = r"[^.\[\]\s]+(\.[^.\[\]\s]+|\[[0-9]{1,6}\])+"
_STEP: Final = r"\[([0-9]+)\]|([^.\[\]]+)"
_JSON_TYPES: Final = frozenset({str, int, float, bool, type(None), list, dict})

# Keys that only crowd elements have, and keys that only the parts they list have.
_ELEMENTS: Final = frozenset(
    {"boundingBoxes", "entities", "instances", "labeledImage", "polygons", "polylines", "lines"}
    | {"keypoints", "inputImageProperties"}
)
_PARTS: Final = frozenset({"startOffset", "width", "vertices"})
_SHAPES: Final = ("polygons", "polylines", "lines", "keypoints", "vertices")


def unfold(value: Any, depth: int = 0) -> Any:
    """Return a value with JSON unpacked from strings and flattened keys (``a.b[0].c``) nested.

    Parameters
    ----------
    value
        What a form, or the caller who started the human loop, gave.
    depth
        How deeply the value is nested.

    Examples
    --------
    >>> unfold({"a.b[0]": "x", "a.b[1]": "y", "packed": '{"n": 1}'})
    {'packed': {'n': 1}, 'a': {'b': ['x', 'y']}}
    """
    if depth > _MAX_DEPTH:
        return value
    if type(value) is str:
        unpacked = _unpack_json(value)
        return value if unpacked is None else unfold(unpacked, depth + 1)
    if type(value) is list:
        return [unfold(entry, depth + 1) for entry in value]
    if type(value) is dict:
        return _nest({key: unfold(entry, depth + 1) for key, entry in value.items()})
    return value


def read_fields(content: Mapping[str, Any]) -> dict[str, Value]:
    """Return the fields of an unfolded answer by name.

    An object that is not a crowd element holds further fields, named ``outer.inner``, and so does
    a list of objects, as ``outer[0].inner``.

    Parameters
    ----------
    content
        What the form gave, by the names of its elements.
    """
    fields: dict[str, Value] = {}
    pending = [(name, value, 0) for name, value in sorted(content.items(), reverse=True)]
    while pending:
        name, value, depth = pending.pop()
        read = read_value(value)
        if read is None:
            continue
        if read.kind is Kind.OPAQUE and depth < _MAX_DEPTH:
            inner = _read_parts(name, value)
            pending += [(part, entry, depth + 1) for part, entry in reversed(inner)]
            if inner:
                continue
        fields.setdefault(name, read)
    return fields


def _read_parts(name: str, value: Any) -> list[tuple[str, Any]]:
    """Return the parts of a value that is not a crowd element, none for an opaque value."""
    if type(value) is dict and not value.keys() <= _ELEMENTS:
        return [(f"{name}.{key}", entry) for key, entry in sorted(value.items())]
    if type(value) is list and not any(
        type(entry) is not dict or entry.keys() & _PARTS for entry in value
    ):
        return [(f"{name}[{index}]", entry) for index, entry in enumerate(value)]
    return []


def read_value(value: Any) -> Value | None:
    """Return the value of one element, None for null.

    Parameters
    ----------
    value
        An unfolded value. A value of no known form becomes an opaque value.

    Examples
    --------
    >>> read_value({"label": "Billing", "workerComment": "a refund"}).display
    'Billing'
    >>> read_value({"blurry": True, "dim": True, "exposed": False}).display
    ['blurry', 'dim']
    """
    if value is None:
        return None
    if type(value) is str:
        return text_value(value)
    if type(value) is bool:
        return boolean_value(value)
    if type(value) is int or type(value) is float:
        return _read_number(value)
    if type(value) is list:
        return _read_list(value) or _opaque(value)
    return (_read_object(value) if type(value) is dict else None) or _opaque(value)


def _read_number(number: float) -> Value:
    if not _can_be_written(number):
        return _opaque(number)
    return number_value(Decimal(str(number)), number)


def read_button(value: Any) -> tuple[str, bool] | None:
    """Return the value and state of a single radio button or checkbox, None for anything else."""
    if type(value) is dict and len(value) == 1:
        [(name, chosen)] = value.items()
        if type(chosen) is bool:
            return fold(name), chosen
    return None


def _read_list(entries: list[Any]) -> Value | None:
    if all(type(entry) is str for entry in entries):
        return labels_value(entries)
    first = entries[0] if type(entries[0]) is dict else {}
    if "startOffset" in first:
        return _read_spans(entries)
    if "width" in first:
        return read_boxes(entries)
    if "vertices" in first or "x" in first:
        return read_shapes(entries)
    return None


def _read_object(element: dict[str, Any]) -> Value | None:
    """Read one crowd element, which its keys identify."""
    if element and all(type(entry) is bool for entry in element.values()):
        return _read_checkboxes(element)
    if "labeledImage" in element:
        return _read_mask(element)
    keys = element.keys() - {"workerComment", "inputImageProperties"}
    if len(keys) != 1:
        return None if keys else labels_value(())
    [key] = keys
    value = element[key]
    if key == "label" and type(value) is str:
        return text_value(value)
    if type(value) is not list:
        return None
    if key == "labels" and all(type(entry) is str for entry in value):
        return labels_value(value)
    if key == "entities":
        return _read_spans(value)
    if key == "boundingBoxes":
        return read_boxes(value)
    return read_shapes(value) if key in _SHAPES else None


def _read_checkboxes(element: dict[str, bool]) -> Value:
    """Read checkboxes that share a name as the set of those selected, a single one as a boolean."""
    if len(element) == 1:
        return boolean_value(next(iter(element.values())))
    return labels_value(name for name, selected in element.items() if selected)


def _read_spans(entities: list[Any]) -> Value | None:
    spans = set()
    for entity in entities:
        if type(entity) is not dict:
            return None
        start, end, label = (entity.get(key) for key in ("startOffset", "endOffset", "label"))
        if type(start) is not int or type(end) is not int or type(label) is not str:
            return None
        spans.add((start, end, fold(label)))
    display = [
        {"startOffset": start, "endOffset": end, "label": label}
        for start, end, label in sorted(spans)
    ]
    return Value(Kind.SPANS, (Kind.SPANS, frozenset(spans)) if spans else BLANK, display)


def _read_mask(element: dict[str, Any]) -> Value:
    """Read the labels of a mask. Its pixels are never decoded."""
    display: dict[str, Any] = {}
    if type(element.get("labelMappings")) is dict:
        display["labels"] = sorted(element["labelMappings"])
    if type(element.get("instances")) is list:
        display["instances"] = len(element["instances"])
    return Value(Kind.MASK, (Kind.MASK,), display)


def _opaque(value: Any) -> Value:
    return Value(Kind.OPAQUE, (Kind.OPAQUE,), value if _can_be_carried(value) else None)


def _can_be_carried(value: Any) -> bool:
    """Return whether a value can be written as JSON, and is not nested too deeply."""
    level, depth = [value], 0
    while level and depth <= _MAX_DEPTH:
        if not all(type(entry) in _JSON_TYPES for entry in level):
            return False
        numbers = [entry for entry in level if type(entry) is float or type(entry) is int]
        if not all(map(_can_be_written, numbers)):
            return False
        lists = [entry for entry in level if type(entry) is list]
        lists += [list(entry.values()) for entry in level if type(entry) is dict]
        level, depth = [inner for entry in lists for inner in entry], depth + 1
    return not level


def _can_be_written(number: float) -> bool:
    """Return whether JSON and Python's text can express a number: finite, and not too long."""
    if type(number) is int:
        return number.bit_length() <= _MAX_NUMBER_BITS
    return number - number == 0


def _unpack_json(text: str) -> Any:
    """Return the object or list that a text holds as JSON, None if it holds none.

    A text that repeats a key is none: unpacking it would lose a value that the reviewer entered.
    """
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return read_json(text, source="packed JSON", unique_keys=True)
    except UnreadableOutputError:
        return None


def _nest(flat: dict[str, Any]) -> dict[str, Any]:
    """Return an object with its flattened keys nested, unless they contradict each other."""
    nested: dict[str, Any] = {}
    roots: dict[str, dict[str, _Steps]] = {}
    for key, value in flat.items():
        steps = _split_key(key)
        if len(steps) > 1 and steps[0] not in flat:
            roots.setdefault(str(steps[0]), {})[key] = steps[1:]
        else:
            nested[key] = value
    for root, keys in roots.items():
        try:
            nested[root] = _build([(steps, flat[key]) for key, steps in keys.items()])
        except _ContradictionError:
            nested |= {key: flat[key] for key in keys}
    return nested


_Steps = tuple[str | int, ...]


class _ContradictionError(Exception):
    """Flattened keys contradict each other: one place would be an object and a value."""


def _split_key(key: str) -> _Steps:
    """Return the steps of a flattened key, a single one for any other key."""
    if re.fullmatch(_FLATTENED, key):
        steps = tuple(int(index) if index else name for index, name in re.findall(_STEP, key))
        if len(steps) <= _MAX_DEPTH:
            return steps
    return (key,)


def _build(leaves: list[tuple[_Steps, Any]]) -> Any:
    """Return the object, list or value that has the given parts."""
    branches: dict[str | int, list[tuple[_Steps, Any]]] = {}
    for steps, value in leaves:
        if steps:
            branches.setdefault(steps[0], []).append((steps[1:], value))
        elif len(leaves) == 1:
            return value
        else:
            raise _ContradictionError
    if all(isinstance(step, str) for step in branches):
        return {step: _build(branch) for step, branch in branches.items()}
    if branches.keys() != set(range(len(branches))):
        raise _ContradictionError
    return [_build(branches[index]) for index in range(len(branches))]
