"""Crowd elements: what each element of a custom task's form gives, as a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias

from human_loop_reviews.a2i.strict_json import read_json
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.review.values import (
    BLANK,
    Element,
    Value,
    ValueKind,
    boolean_value,
    fold,
    labels_value,
    number_value,
    single_spaced,
    structure_value,
    text_value,
)
from human_loop_reviews.tasks.drawings import read_boxes, read_shapes

#: The most values in the answers of one output: ten reviewers can draw 300 polygons of 50 corners
#: each. The bound keeps a review within the memory and the time of the review handler.
MAX_VALUES: Final = 500_000

#: The most characters of JSON packed in the texts of one output. With more, no text is unpacked: a
#: reviewer can paste any text, and a text is always readable as text.
MAX_PACKED_CHARACTERS: Final = 1_000_000

#: The most fields of one output. An event of 256 KB has room for fewer.
MAX_ANSWER_FIELDS: Final = 2_000

#: The most characters of all field names of one output. An object within many objects repeats all
#: their names.
MAX_NAME_CHARACTERS: Final = 500_000

# The longest list that is read with entries missing, whose inputs were left empty.
_MAX_INCOMPLETE_LIST: Final = 500

# Objects below this depth are not unfolded, and opaque values are left out of outcomes.
_MAX_DEPTH: Final = 32

# Python refuses to write longer numbers as text. JMESPath's functions can return them.
_MAX_NUMBER_BITS: Final = 14_000

_FLATTENED: Final = r"[^.\[\]\s]+(\.[^.\[\]\s]+|\[[0-9]{1,6}\])+"
_STEP: Final = r"\[([0-9]+)\]|([^.\[\]]+)"
_AMBIGUOUS: Final = r'[.\[\]"]'
_JSON_TYPES: Final = frozenset({str, int, float, bool, type(None), list, dict})

# Keys that only crowd elements have, and keys that only the parts they list have.
_ELEMENTS: Final = frozenset(
    {"boundingBoxes", "entities", "instances", "labeledImage", "polygons", "polylines", "lines"}
    | {"keypoints", "inputImageProperties"}
)
_PARTS: Final = frozenset({"startOffset", "width", "vertices"})
_SHAPES: Final = {
    "polygons": Element.POLYGONS,
    "polylines": Element.POLYLINES,
    "lines": Element.LINES,
    "keypoints": Element.KEYPOINTS,
    "vertices": Element.VERTICES,
}

# The key of a block of Amazon Textract, as Amazon A2I and as boto3 write it.
_BLOCK: Final = frozenset({"blockType", "BlockType"})

#: Where a field stands in an answer: the keys from the form's element.
Path: TypeAlias = tuple[str, ...]


# An empty object or list.
_EMPTY: Final = labels_value(())._replace(given_by=Element.EMPTY)


class TooLargeError(Exception):
    """The answers of an output have more parts than are read. The message names the limit."""


def too_many_fields() -> TooLargeError:
    """Return the error for answers with more fields than are read."""
    return TooLargeError(f"at most {MAX_ANSWER_FIELDS:,} fields in all answers")


@dataclass(slots=True)
class Limits:
    """What may still be read of one output."""

    values: int = MAX_VALUES
    """How many values."""
    packed_characters: int = MAX_PACKED_CHARACTERS
    """How many characters of packed JSON. With 0, no text is unpacked."""
    fields: int = MAX_ANSWER_FIELDS
    """How many fields."""
    name_characters: int = MAX_NAME_CHARACTERS
    """How many characters of field names."""
    missing_entries: int = 0
    """How many entries of flattened lists may be missing. They become null."""

    def use_value(self) -> None:
        """Count a value."""
        self.values -= 1
        if self.values < 0:
            raise TooLargeError(f"at most {MAX_VALUES:,} values in all answers")

    def use_packed(self, characters: int) -> None:
        """Count a packed text."""
        self.packed_characters -= characters
        if self.packed_characters < 0:
            raise TooLargeError(f"at most {MAX_PACKED_CHARACTERS:,} characters of packed JSON")

    def use_field(self, path: Path) -> None:
        """Count a field, before its name is written."""
        self.fields -= 1
        if self.fields < 0:
            raise too_many_fields()
        self.name_characters -= sum(map(len, path)) + len(path)
        if self.name_characters < 0:
            raise TooLargeError(f"at most {MAX_NAME_CHARACTERS:,} characters of field names")


def unfold(content: Any, limits: Limits | None = None) -> Any:
    """Return an answer with JSON unpacked from strings and flattened keys (``a.b[0].c``) nested.

    Amazon A2I flattens keys at the top level. Further down, a dot is a part of the name.

    Parameters
    ----------
    content
        What a form, or the caller who started the human loop, gave.
    limits
        What may be read. It is used up.

    Raises
    ------
    TooLargeError
        If a limit is reached.

    Examples
    --------
    >>> unfold({"a.b[0]": "x", "a.b[1]": "y", "packed": '{"n.m": 1}'})
    {'packed': {'n.m': 1}, 'a': {'b': ['x', 'y']}}
    """
    limits = limits or Limits()
    unpacked = _unpack(content, limits, 0)
    return _nest(unpacked, limits) if type(content) is dict else unpacked


def _unpack(value: Any, limits: Limits, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        return value
    limits.use_value()
    if type(value) is str:
        unpacked = unpack_json(value, limits)
        return value if unpacked is None else _unpack(unpacked, limits, depth + 1)
    if type(value) is list:
        return [_unpack(entry, limits, depth + 1) for entry in value]
    if type(value) is dict and value.keys().isdisjoint(_BLOCK):  # a word of a document can be "[1]"
        return {key: _unpack(entry, limits, depth + 1) for key, entry in value.items()}
    return value


def read_fields(content: Mapping[str, Any]) -> dict[Path, Any]:
    """Return the elements of an unfolded answer, by their paths, without null.

    An object that is not a crowd element holds further fields. A list is one field.

    Parameters
    ----------
    content
        What the form gave, by the names of its elements.

    Raises
    ------
    TooLargeError
        If there are more than `MAX_ANSWER_FIELDS`.

    Examples
    --------
    >>> read_fields({"kind": {"label": "Billing"}, "form": {"town": "X", "rows": [{"n": 1}]}})
    {('form', 'rows'): [{'n': 1}], ('form', 'town'): 'X', ('kind',): {'label': 'Billing'}}
    """
    fields: dict[Path, Any] = {}
    pending: list[tuple[Path, Any]] = [((name,), content[name]) for name in content]
    while pending:
        path, value = pending.pop()
        if value is None:
            continue
        if len(path) <= _MAX_DEPTH and _is_group(value):
            pending += [((*path, key), entry) for key, entry in value.items()]
        else:
            fields[path] = value
        if len(fields) > MAX_ANSWER_FIELDS:
            raise too_many_fields()
    return dict(sorted(fields.items()))


def _is_group(value: Any) -> bool:
    """Return whether a value is an object that holds further fields."""
    return type(value) is dict and _read_known(value) is None and not value.keys() <= _ELEMENTS


def write_name(path: Path) -> str:
    """Return a field's name: names within an object are quoted if they contain dots or brackets.

    Examples
    --------
    >>> write_name(("selected", "left")), write_name(("selected", "a.mp4"))
    ('selected.left', 'selected."a.mp4"')
    """
    inner = [f'"{key}"' if re.search(_AMBIGUOUS, key) else key for key in path[1:]]
    return ".".join([path[0], *inner])


def read_value(value: Any) -> Value | None:
    """Return the value of one element, None for null.

    Parameters
    ----------
    value
        An unfolded value. An object or a list of no known form is compared as a whole. An element
        of a known name but not of its form is opaque.

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
    return _read_known(value) or _read_structure(value)


def is_choice(value: Any) -> bool:
    """Return whether a value is of checkboxes or radio buttons that share a name."""
    return type(value) is dict and bool(value) and all(type(on) is bool for on in value.values())


def read_chosen(value: Any) -> Value | None:
    """Return the set of selected checkboxes or radio buttons, also of a single one."""
    return labels_value(name for name, on in value.items() if on) if is_choice(value) else None


def _read_known(value: Any) -> Value | None:
    """Return the value of a crowd element or of a list of known parts, None for anything else."""
    if type(value) is list:
        return _read_list(value)
    return _read_object(value) if type(value) is dict else None


def _read_structure(value: Any) -> Value:
    """Return an object or a list as a value, opaque if it is a damaged element or not JSON."""
    if type(value) is list:
        damaged = any(type(entry) is dict and entry.keys() & _PARTS for entry in value)
    else:
        damaged = type(value) is not dict or bool(value.keys() & _ELEMENTS)
    return _opaque(value) if damaged or not _can_be_carried(value) else structure_value(value)


def _read_number(number: float) -> Value:
    if not _can_be_written(number):
        return _opaque(number)
    return number_value(Decimal(str(number)), number)


def _read_list(entries: list[Any]) -> Value | None:
    if not entries:
        return _EMPTY
    if all(type(entry) is str for entry in entries):
        return labels_value(entries)
    first = entries[0] if type(entries[0]) is dict else {}
    if "startOffset" in first:
        return read_spans(entries)
    if "width" in first:
        return read_boxes(entries)
    if "vertices" in first or "x" in first:
        return read_shapes(entries, Element.VERTICES if "vertices" in first else Element.KEYPOINTS)
    return None


def _read_object(element: dict[str, Any]) -> Value | None:
    """Read one crowd element, which its keys identify."""
    if is_choice(element):
        return _read_checkboxes(element)
    if "labeledImage" in element:
        return _read_mask(element)
    keys = element.keys() - {"workerComment", "inputImageProperties"}
    if len(keys) != 1:
        return None if keys else _EMPTY
    [key] = keys
    value = element[key]
    if key == "label" and type(value) is str:
        return text_value(value)._replace(given_by=Element.CHOICE)
    if type(value) is not list:
        return None
    if key == "labels" and all(type(entry) is str for entry in value):
        return labels_value(value)
    if key == "entities":
        return read_spans(value)
    if key == "boundingBoxes":
        return read_boxes(value)
    return read_shapes(value, _SHAPES[key]) if key in _SHAPES else None


def _read_checkboxes(element: dict[str, bool]) -> Value:
    """Read checkboxes that share a name as the set of those selected, a single one as a boolean."""
    if len(element) == 1:
        return boolean_value(next(iter(element.values())))
    return labels_value(name for name, selected in element.items() if selected)


def read_spans(entities: list[Any]) -> Value | None:
    """Return a list of labelled spans as a value, None if the list holds anything else.

    Parameters
    ----------
    entities
        What ``crowd-entity-annotation`` gives under ``entities``.

    Examples
    --------
    >>> read_spans([{"startOffset": 0, "endOffset": 5, "label": "PERSON"}]).kind
    <ValueKind.SPANS: 'spans'>
    """
    spans: dict[tuple[int, int, str], str] = {}
    for entity in entities:
        if type(entity) is not dict:
            return None
        start, end, label = (entity.get(key) for key in ("startOffset", "endOffset", "label"))
        if type(start) is not int or type(end) is not int or type(label) is not str:
            return None
        spans[start, end, fold(label)] = single_spaced(label)
    display = [
        {"startOffset": start, "endOffset": end, "label": spans[start, end, label]}
        for start, end, label in sorted(spans)
    ]
    return Value(ValueKind.SPANS, (ValueKind.SPANS, frozenset(spans)) if spans else BLANK, display)


def _read_mask(element: dict[str, Any]) -> Value:
    """Read the labels of a mask. Its pixels are never decoded."""
    display: dict[str, Any] = {}
    if type(element.get("labelMappings")) is dict:
        display["labels"] = sorted(element["labelMappings"])
    if type(element.get("instances")) is list:
        display["instances"] = len(element["instances"])
    return Value(ValueKind.MASK, (ValueKind.MASK,), display)


def _opaque(value: Any) -> Value:
    return Value(ValueKind.OPAQUE, (ValueKind.OPAQUE,), value if _can_be_carried(value) else None)


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


def unpack_json(text: str, limits: Limits) -> Any:
    """Return the object or list that a text holds as JSON, None if it holds none.

    A text that repeats a key is none: unpacking it would lose a value that the reviewer entered.
    """
    if not limits.packed_characters or not text.lstrip().startswith(("{", "[")):
        return None
    limits.use_packed(len(text))
    try:
        return read_json(text, source="packed JSON", unique_keys=True)
    except UnreadableOutputError:
        return None


def _nest(flat: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Return an object with its flattened keys nested, unless they contradict each other."""
    nested: dict[str, Any] = {}
    roots: dict[str, dict[str, Steps]] = {}
    for key, value in flat.items():
        steps = split_name(key)
        if len(steps) > 1 and steps[0] not in flat:
            roots.setdefault(str(steps[0]), {})[key] = steps[1:]
        else:
            nested[key] = value
    for root, keys in roots.items():
        try:
            nested[root] = _build([(steps, flat[key]) for key, steps in keys.items()], limits)
        except _ContradictionError:
            nested |= {key: flat[key] for key in keys}
    return nested


#: The names and indexes of which the name of an input consists.
Steps: TypeAlias = tuple[str | int, ...]


class _ContradictionError(Exception):
    """Flattened keys contradict each other: one place would be an object and a value."""


def split_name(name: str) -> Steps:
    """Return the steps of an input's name, a single one unless it is flattened.

    Examples
    --------
    >>> split_name("address.lines[0]"), split_name("Line 1.")
    (('address', 'lines', 0), ('Line 1.',))
    """
    if re.fullmatch(_FLATTENED, name):
        steps = tuple(int(index) if index else name for index, name in re.findall(_STEP, name))
        if len(steps) <= _MAX_DEPTH:
            return steps
    return (name,)


def _build(leaves: list[tuple[Steps, Any]], limits: Limits) -> Any:
    """Return the object, list or value that has the given parts."""
    branches: dict[str | int, list[tuple[Steps, Any]]] = {}
    for steps, value in leaves:
        if steps:
            branches.setdefault(steps[0], []).append((steps[1:], value))
        elif len(leaves) == 1:
            return value
        else:
            raise _ContradictionError
    if all(isinstance(step, str) for step in branches):
        return {step: _build(branch, limits) for step, branch in branches.items()}
    indexes = [step for step in branches if isinstance(step, int)]
    length = max(indexes) + 1
    missing = length - len(indexes)
    if len(indexes) < len(branches) or (missing and length > _MAX_INCOMPLETE_LIST):
        raise _ContradictionError
    if missing > limits.missing_entries:
        raise _ContradictionError
    limits.missing_entries -= missing
    return [
        _build(branches[index], limits) if index in branches else None for index in range(length)
    ]
