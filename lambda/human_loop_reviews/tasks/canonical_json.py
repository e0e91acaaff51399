"""Canonical JSON: a text that is the same for the same content in another order."""

from __future__ import annotations

import json
from typing import Any, Final

# Deeper than this, nothing is compared.
_MAX_DEPTH: Final = 40

# Python refuses to write longer numbers as text.
_MAX_NUMBER_BITS: Final = 14_000


def canonical_json(value: Any, depth: int = 0) -> str:
    """Return JSON with the keys of objects, rows of objects and lists of texts in one order.

    Parameters
    ----------
    value
        Parsed JSON. What JSON cannot express, and what is nested too deeply, is left out.
    depth
        How deeply the value is nested.

    Examples
    --------
    >>> canonical_json({"b": ["y", "x"], "a": [2, 1]})
    '{"a":[2,1],"b":["x","y"]}'
    """
    if depth > _MAX_DEPTH:
        return ""
    if type(value) is dict:
        keys = sorted(value)
        inner = [f"{json.dumps(key)}:{canonical_json(value[key], depth + 1)}" for key in keys]
        return f"{{{','.join(inner)}}}"
    if type(value) is list:
        entries = [canonical_json(entry, depth + 1) for entry in value]
        if all(type(e) is dict for e in value) or all(type(e) is str for e in value):
            entries.sort()
        return f"[{','.join(entries)}]"
    if type(value) is int and value.bit_length() > _MAX_NUMBER_BITS:
        return ""
    return json.dumps(value, default=lambda _: None)
