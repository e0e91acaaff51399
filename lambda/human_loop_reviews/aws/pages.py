"""The pages of a query or scan of DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def pages(operation: Callable[..., Any], request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the responses to a request until the last page.

    Parameters
    ----------
    operation
        The client's method, such as ``query``.
    request
        Its parameters.
    """
    place: dict[str, Any] = {}
    while True:
        page = operation(**request, **place)
        yield page
        if not page.get("LastEvaluatedKey"):
            return
        place = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
