"""The ways in which the constructs are used that every test of a template goes through.

A module for each subject has its cases. To add one, write a function that builds it, and list it in
the `CASES` of the module.
"""

from __future__ import annotations

import functools

from tests.infrastructure.cases import (
    deployments,
    events,
    facade,
    hubs,
    reviews,
    step_functions,
)
from tests.infrastructure.cases.case import (
    ACCOUNT,
    RECOMMENDED_FLAGS,
    REGION,
    Case,
    Synthesized,
    new_app,
    synthesize_case,
)

__all__ = [
    "ACCOUNT",
    "CASES",
    "RECOMMENDED_FLAGS",
    "REGION",
    "Case",
    "Synthesized",
    "new_app",
    "synthesize",
]

CASES: tuple[Case, ...] = (
    *facade.CASES,
    *events.CASES,
    *reviews.CASES,
    *step_functions.CASES,
    *deployments.CASES,
    *hubs.CASES,
)


@functools.cache
def synthesize(name: str) -> Synthesized:
    """Synthesize the case with this name, once in a process."""
    return synthesize_case(next(case for case in CASES if case.name == name))
