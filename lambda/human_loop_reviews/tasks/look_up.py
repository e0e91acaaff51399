"""Looking up JMESPath expressions: what one finds, and if nothing, what is missing."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from human_loop_reviews.mapping import JMESPATH_ERRORS

# A node of a parsed expression, as JMESPath's parser gives it.
_Node: TypeAlias = Any


class ExpressionFailedError(Exception):
    """An expression cannot be evaluated on this output."""


class PathMatch(Enum):
    """What an expression finds."""

    #: A value.
    VALUE = "value"
    #: Null, or a place in an empty element.
    EMPTY = "empty"
    #: The element, but not the rest of the path.
    ELEMENT_ONLY = "elementOnly"
    #: Not even the element.
    NOTHING = "nothing"


_ORDER: Final = tuple(PathMatch)


class LookUp(NamedTuple):
    """The result of one expression."""

    found: PathMatch
    """What the expression finds."""
    value: Any = None
    """The value, None unless ``found`` is a value."""


def look_up(expression: str, data: Any) -> LookUp:
    """Evaluate a JMESPath expression on data.

    Raises
    ------
    ExpressionFailedError
        If the expression cannot be evaluated on the data.

    Examples
    --------
    >>> look_up("category.label", {"category": {"label": "Billing"}}).value
    'Billing'
    >>> look_up("category.labels", {"category": {"label": "Billing"}}).found
    <PathMatch.ELEMENT_ONLY: 'elementOnly'>
    >>> look_up("town", {"category": {"label": "Billing"}}).found
    <PathMatch.NOTHING: 'nothing'>
    """
    try:
        node, value = _parse(expression), None
        try:
            value = _evaluate(node, data)
        except JMESPATH_ERRORS:
            if _has_element(node, data):
                raise
            return LookUp(PathMatch.NOTHING)
        if value is not None and not _finds_nothing(node, value, data):
            return LookUp(PathMatch.VALUE, value)
        return LookUp(_explain(node, data))
    except JMESPATH_ERRORS:
        raise ExpressionFailedError from None


def is_list_of_expressions(expression: str) -> bool:
    """Return whether an expression makes a list of several places, such as ``[a, b.c]``."""
    return bool(_parse(expression)["type"] == "multi_select_list")


def find_paths_of(expression: str) -> list[list[str | int]]:
    """Return the plain paths that an expression looks up, each as its names and indexes.

    Examples
    --------
    >>> find_paths_of("address.town || lines[0].text || ''")
    [['address', 'town'], ['lines', 0, 'text']]
    """
    return _paths(_parse(expression))


class PlainPath(NamedTuple):
    """A path of names and indexes, or one into each entry of a list."""

    steps: tuple[str | int, ...]
    """The names and indexes, of the list if there is one."""
    in_entries: tuple[str | int, ...] | None = None
    """The names and indexes within each entry of the list. None for a path to one value."""


def plain_path(expression: str) -> PlainPath | None:
    """Return an expression as a path, None for any other expression.

    Examples
    --------
    >>> plain_path("model.lines[0].text").steps, plain_path("lines[*].text").in_entries
    (('model', 'lines', 0, 'text'), ('text',))
    >>> plain_path("join(', ', labels)")
    """
    try:
        node = _parse(expression)
    except JMESPATH_ERRORS:
        return None
    steps = _steps(node)
    if steps is not None:
        return PlainPath(tuple(steps))
    if node["type"] != "projection":
        return None
    rows, rest = map(_steps, node["children"])
    return None if rows is None or rest is None else PlainPath(tuple(rows), tuple(rest))


@lru_cache(maxsize=256)
def _parse(expression: str) -> _Node:
    import jmespath  # here, because most flow definitions have no mapping

    node: _Node = jmespath.compile(expression).parsed
    return node


def _evaluate(node: _Node, data: Any) -> Any:
    from jmespath.visitor import TreeInterpreter

    return TreeInterpreter().visit(node, data)


def _finds_nothing(node: _Node, value: Any, data: Any) -> bool:
    """Return whether a list or an object was made of nothing but missing values."""
    if node["type"] in ("multi_select_list", "multi_select_dict"):
        parts = value.values() if isinstance(value, dict) else value
        return all(part is None for part in parts)
    return value == [] and _explain_rows(node, data) is not None


def _explain(node: _Node, data: Any) -> PathMatch:
    """Return what an expression without a value finds."""
    steps = _steps(node)
    if steps is not None:
        return _walk(steps, data)
    if node["type"] == "or_expression":
        found = min([_explain(child, data) for child in node["children"]], key=_ORDER.index)
        return PathMatch.EMPTY if found is PathMatch.VALUE else found
    if rows := _explain_rows(node, data):
        return rows
    return PathMatch.EMPTY if _has_element(node, data) else PathMatch.NOTHING


def _explain_rows(node: _Node, data: Any) -> PathMatch | None:
    """Return what a path into each entry of a list finds; None for another expression."""
    if node["type"] != "projection":
        return None
    rows, rest = node["children"]
    entries = _evaluate(rows, data)
    if entries is None:
        return _explain(rows, data)
    if not isinstance(entries, list):
        return PathMatch.ELEMENT_ONLY
    path = _steps(rest)
    if not entries or not path:
        return None
    found = {_walk(path, entry) for entry in entries if isinstance(entry, dict)}
    return None if PathMatch.EMPTY in found or PathMatch.VALUE in found else PathMatch.ELEMENT_ONLY


def _steps(node: _Node) -> list[str | int] | None:
    """Return the names and indexes of a plain path, None for any other expression."""
    kind = node["type"]
    if kind in ("field", "index"):
        return [node["value"]]
    if kind in ("identity", "current"):
        return []
    if kind not in ("subexpression", "index_expression", "pipe"):
        return None
    steps: list[str | int] = []
    for child in node["children"]:
        inner = _steps(child)
        if inner is None:
            return None
        steps += inner
    return steps


def _walk(steps: list[str | int], data: Any) -> PathMatch:
    for depth, step in enumerate(steps):
        if data is None or data in ("", [], {}):
            return PathMatch.EMPTY if depth else PathMatch.NOTHING
        if isinstance(step, int):
            if not isinstance(data, list):
                return PathMatch.ELEMENT_ONLY
            data = data[step] if -len(data) <= step < len(data) else None
        elif isinstance(data, dict) and step in data:
            data = data[step]
        else:
            return PathMatch.ELEMENT_ONLY if depth else PathMatch.NOTHING
    return PathMatch.EMPTY if data is None else PathMatch.VALUE


def _has_element(node: _Node, data: Any) -> bool:
    """Return whether the data has one of the elements that an expression begins with."""
    names = {path[0] for path in _paths(node)}
    return not names or (isinstance(data, dict) and not names.isdisjoint(data))


def _paths(node: _Node) -> list[list[str | int]]:
    """Return the plain paths that an expression looks up in the data itself."""
    steps = _steps(node)
    if steps is not None:
        return [steps] if steps else []
    kind = node["type"]
    if kind in ("expref", "literal"):
        return []
    children = [child for child in node["children"] if isinstance(child, dict)]
    if kind.endswith("projection") or kind in ("subexpression", "index_expression", "pipe"):
        children = children[:1]  # the others are evaluated on what the first finds
    return [path for child in children for path in _paths(child)]
