"""Places of inputs and answers: as expressions, and how similarly they are named."""

from __future__ import annotations

import json
import re
from difflib import SequenceMatcher
from functools import lru_cache

from human_loop_reviews.tasks.crowd_elements import Path


def write_expression(path: Path) -> str:
    """Return a path as a JMESPath expression.

    Examples
    --------
    >>> write_expression(("model", "Bank Name"))
    'model."Bank Name"'
    """
    return ".".join(
        [key if re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", key) else json.dumps(key) for key in path]
    )


@lru_cache(maxsize=100_000)
def similarity(one: str, other: str) -> float:
    """Return how similar two names are, from 0 to 1, without case and separators.

    Examples
    --------
    >>> similarity("First name", "first_name")
    1.0
    """
    one, other = [re.sub(r"[\W_]", "", each).casefold() for each in (one, other)]
    return SequenceMatcher(None, one, other).ratio() if one and other else 0.0
