"""Canonical JSON: the same value and text for the same content in another order."""

from __future__ import annotations

import json
from typing import Any, Final

# Values below this depth are not compared.
_MAX_DEPTH: Final = 40

# Python refuses to write longer numbers as text.
_MAX_NUMBER_BITS: Final = 14_000


def canonical_json(value: Any) -> str:
    """Return JSON with the keys of objects, rows of objects and lists of texts in one order.

    Parameters
    ----------
    value
        Parsed JSON. What JSON cannot express, and what is nested too deeply, is left out.

    Examples
    --------
    >>> canonical_json({"b": ["y", "x"], "a": [2, 1]})
    '{"a":[2,1],"b":["x","y"]}'
    """
    return _order(value, 0)[1]


def in_one_order(value: Any) -> Any:
    """Return a value with what has no order in one order: rows of objects and lists of texts.

    Examples
    --------
    >>> in_one_order([{"n": 2}, {"n": 1}])
    [{'n': 1}, {'n': 2}]
    """
    return _order(value, 0)[0]


def _order(value: Any, depth: int) -> tuple[Any, str]:
    """Return a value in one order, and its text."""
    if depth > _MAX_DEPTH:
        return value, ""
    if type(value) is dict:
        inner = {key: _order(value[key], depth + 1) for key in sorted(value)}
        texts = [f"{json.dumps(key)}:{text}" for key, (_, text) in inner.items()]
        return {key: entry for key, (entry, _) in inner.items()}, f"{{{','.join(texts)}}}"
    if type(value) is list:
        entries = [_order(entry, depth + 1) for entry in value]
        if all(type(e) is dict for e in value) or all(type(e) is str for e in value):
            entries.sort(key=lambda entry: entry[1])
        return [entry for entry, _ in entries], f"[{','.join([text for _, text in entries])}]"
    if type(value) is int and value.bit_length() > _MAX_NUMBER_BITS:
        return value, ""
    return value, json.dumps(value, default=lambda _: None)
