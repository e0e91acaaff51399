"""A text that can be a JSON object: a message, or a line of a log."""

from __future__ import annotations

import json
from typing import Any


def read_object(text: str) -> dict[str, Any]:
    """Return the object that a text is. Empty for any other text.

    Examples
    --------
    >>> read_object('{"a": 1}'), read_object("plain")
    ({'a': 1}, {})
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
