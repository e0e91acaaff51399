"""The mappings of custom tasks, as a deployment writes them."""

from __future__ import annotations

from typing import Any

from human_loop_reviews.mapping import MappingError, read_mappings
from stacks.faults import Fault, ValueFaultsError


def refuse_unusable_mappings(mappings: dict[str, Any]) -> dict[str, Any]:
    """Refuse mappings that the review handler cannot read, with each fault at its place.

    Raises
    ------
    ValueFaultsError
        If there are any.
    """
    try:
        read_mappings(mappings)
    except MappingError as error:
        raise ValueFaultsError(
            *[Fault(fault.place, fault.reason) for fault in error.faults]
        ) from None
    return mappings
