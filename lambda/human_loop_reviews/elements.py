"""What reviewers enter in a custom task's form: every crowd element as a comparable value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from human_loop_reviews.document import UnreadableOutputError, read_json
from human_loop_reviews.geometry import read_boxes, read_shapes
from human_loop_reviews.values import (
    BLANK,
    Kind,
    Value,
    boolean_value,
    fold,
    labels_value,
    number_value,
    text_value,
)

# Deeper than this nothing is unfolded or carried along.
_DEEPEST: Final = 32

_FLATTENED: Final = r"[^.\[\]\s]+(\.[^.\[\]\s]+|\[[0-9]{1,6}\])+"
_STEP: Final = r"\[([0-9]+)\]|([^.\[\]]+)"
_JSON_TYPES: Final = frozenset({str, int, float, bool, type(None), list, dict})

# Keys by which crowd elements, and the parts they list, are known.
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
        How deep the value already stands.

    Examples
    --------
    >>> unfold({"a.b[0]": "x", "a.b[1]": "y", "packed": '{"n": 1}'})
    {'packed': {'n': 1}, 'a': {'b': ['x', 'y']}}
    """
    if depth > _DEEPEST:
        return value
    if type(value) is str:
        unpacked = _unpack(value)
        return value if unpacked is None else unfold(unpacked, depth + 1)
    if type(value) is list:
        return [unfold(entry, depth + 1) for entry in value]
    if type(value) is dict:
        return _nest({key: unfold(entry, depth + 1) for key, entry in value.items()})
    return value


def read_fields(content: Mapping[str, Any]) -> dict[str, Value]:
    """Return the fields of an unfolded answer by name.

    An object that is no crowd element holds further fields, named ``outer.inner``, and so does a
    list of objects, as ``outer[0].inner``.

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
        if read.kind is Kind.OPAQUE and depth < _DEEPEST:
            inner = _read_parts(name, value)
            pending += [(part, entry, depth + 1) for part, entry in reversed(inner)]
            if inner:
                continue
        fields.setdefault(name, read)
    return fields


def _read_parts(name: str, value: Any) -> list[tuple[str, Any]]:
    """Return the parts of a value that is no crowd element, none for an opaque one."""
    if type(value) is dict and not value.keys() <= _ELEMENTS:
        return [(f"{name}.{key}", entry) for key, entry in sorted(value.items())]
    if type(value) is list and not any(
        type(entry) is not dict or entry.keys() & _PARTS for entry in value
    ):
        return [(f"{name}[{index}]", entry) for index, entry in enumerate(value)]
    return []


def read_value(value: Any) -> Value | None:
    """Return one element's value in the form in which it is compared, None for null.

    Parameters
    ----------
    value
        An unfolded value. What has no known form becomes an opaque value.

    Examples
    --------
    >>> read_value({"label": "Billing", "workerComment": "a refund"}).shown
    'Billing'
    >>> read_value({"blurry": True, "dim": True, "exposed": False}).shown
    ['blurry', 'dim']
    """
    if value is None:
        return None
    if type(value) is str:
        return text_value(value)
    if type(value) is bool:
        return boolean_value(value)
    if type(value) is int or type(value) is float:
        number = Decimal(str(value))
        return number_value(number, value) if number.is_finite() else _opaque(value)
    if type(value) is list:
        return _read_list(value) or _opaque(value)
    return (_read_object(value) if type(value) is dict else None) or _opaque(value)


def read_button(value: Any) -> tuple[str, bool] | None:
    """Return the value and state of a lone radio button or checkbox, None for anything else."""
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
    """Read one crowd element by the keys that are its own."""
    if element and all(type(entry) is bool for entry in element.values()):
        return _read_boxes_ticked(element)
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


def _read_boxes_ticked(element: dict[str, bool]) -> Value:
    """Read boxes that share a name as the set of those ticked, a lone one as yes or no."""
    if len(element) == 1:
        return boolean_value(next(iter(element.values())))
    return labels_value(name for name, ticked in element.items() if ticked)


def _read_spans(entities: list[Any]) -> Value | None:
    spans = set()
    for entity in entities:
        if type(entity) is not dict:
            return None
        start, end, label = (entity.get(key) for key in ("startOffset", "endOffset", "label"))
        if type(start) is not int or type(end) is not int or type(label) is not str:
            return None
        spans.add((start, end, fold(label)))
    shown = [
        {"startOffset": start, "endOffset": end, "label": label}
        for start, end, label in sorted(spans)
    ]
    return Value(Kind.SPANS, (Kind.SPANS, frozenset(spans)) if spans else BLANK, shown)


def _read_mask(element: dict[str, Any]) -> Value:
    """Note what a mask is labelled with; its pixels are never looked at."""
    shown: dict[str, Any] = {}
    if type(element.get("labelMappings")) is dict:
        shown["labels"] = sorted(element["labelMappings"])
    if type(element.get("instances")) is list:
        shown["instances"] = len(element["instances"])
    return Value(Kind.MASK, (Kind.MASK,), shown)


def _opaque(value: Any) -> Value:
    return Value(Kind.OPAQUE, (Kind.OPAQUE,), value if _can_be_carried(value) else None)


def _can_be_carried(value: Any) -> bool:
    """Say whether a value can be written as JSON: shallow enough, all numbers finite."""
    level, depth = [value], 0
    while level and depth <= _DEEPEST:
        if not all(type(entry) in _JSON_TYPES for entry in level):
            return False
        if any(type(entry) is float and entry - entry != 0 for entry in level):
            return False
        lists = [entry for entry in level if type(entry) is list]
        lists += [list(entry.values()) for entry in level if type(entry) is dict]
        level, depth = [inner for entry in lists for inner in entry], depth + 1
    return not level


def _unpack(text: str) -> Any:
    """Return the object or list that a string holds as JSON, None if it holds none."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return read_json(text, source="packed JSON")
    except UnreadableOutputError:
        return None


def _nest(flat: dict[str, Any]) -> dict[str, Any]:
    """Return an object with its flattened keys nested, where they do not contradict each other."""
    nested: dict[str, Any] = {}
    roots: dict[str, dict[str, _Steps]] = {}
    for key, value in flat.items():
        steps = _steps(key)
        if len(steps) > 1 and steps[0] not in flat:
            roots.setdefault(str(steps[0]), {})[key] = steps[1:]
        else:
            nested[key] = value
    for root, keys in roots.items():
        try:
            nested[root] = _grow([(steps, flat[key]) for key, steps in keys.items()])
        except _ContradictionError:
            nested |= {key: flat[key] for key in keys}
    return nested


_Steps = tuple[str | int, ...]


class _ContradictionError(Exception):
    """Flattened keys give one place two forms."""


def _steps(key: str) -> _Steps:
    """Return the steps of a flattened key, a single one for any other key."""
    if re.fullmatch(_FLATTENED, key):
        steps = tuple(int(index) if index else name for index, name in re.findall(_STEP, key))
        if len(steps) <= _DEEPEST:
            return steps
    return (key,)


def _grow(leaves: list[tuple[_Steps, Any]]) -> Any:
    """Return the object, list or value whose parts stand at the given steps."""
    branches: dict[str | int, list[tuple[_Steps, Any]]] = {}
    for steps, value in leaves:
        if steps:
            branches.setdefault(steps[0], []).append((steps[1:], value))
        elif len(leaves) == 1:
            return value
        else:
            raise _ContradictionError
    if all(isinstance(step, str) for step in branches):
        return {step: _grow(branch) for step, branch in branches.items()}
    if branches.keys() != set(range(len(branches))):
        raise _ContradictionError
    return [_grow(branches[index]) for index in range(len(branches))]
