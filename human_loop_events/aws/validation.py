"""Checks at synthesis, of what is complete only then."""

from __future__ import annotations

from collections.abc import Callable

import jsii
from constructs import IConstruct, IValidation


def validate_at_synthesis(construct: IConstruct, find_faults: Callable[[], list[str]]) -> None:
    """Let synthesis fail with the faults of a construct.

    Parameters
    ----------
    construct
        The construct.
    find_faults
        Returns a message for each fault.
    """
    construct.node.add_validation(_Validation(find_faults))


@jsii.implements(IValidation)
class _Validation:
    def __init__(self, find_faults: Callable[[], list[str]]) -> None:
        self._find_faults = find_faults

    def validate(self) -> list[str]:
        return self._find_faults()
