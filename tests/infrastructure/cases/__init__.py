"""The ways in which the constructs are used that every test of a template goes through.

A module for each subject has its cases. To add one, write a function that builds it, and list it in
the `CASES` of the module.
"""

from __future__ import annotations

import functools

from aws_cdk import App, Stack

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
    read_case,
    synthesize_case,
)
from tests.shared import make_once

__all__ = [
    "ACCOUNT",
    "CASES",
    "COVERING",
    "RECOMMENDED_FLAGS",
    "REGION",
    "Case",
    "Synthesized",
    "new_app",
    "synthesize",
    "synthesized_app",
]

CASES: tuple[Case, ...] = (
    *facade.CASES,
    *events.CASES,
    *reviews.CASES,
    *step_functions.CASES,
    *deployments.CASES,
    *hubs.CASES,
)

#: Cases that together have every type of resource and every acknowledgement of cdk-nag.
COVERING = (
    "composed-without-handler",
    "everything-on",
    "buffered",
    "callbacks",
    "hub-and-spoke",
    "in-a-vpc",
    "review-handler-supplied",
    "configured-app",
)


@functools.cache
def synthesize(name: str) -> Synthesized:
    """Return what the case with this name gives. One process of a test run synthesizes it."""
    text = make_once(f"case-{name}.json", lambda: _synthesized(name)[2])
    return read_case(_case(name), text)


def synthesized_app(name: str) -> tuple[App, Stack]:
    """Return the app and the stack of the case with this name, synthesized in this process."""
    app, stack, _ = _synthesized(name)
    return app, stack


@functools.cache
def _synthesized(name: str) -> tuple[App, Stack, str]:
    return synthesize_case(_case(name))


def _case(name: str) -> Case:
    return next(case for case in CASES if case.name == name)
