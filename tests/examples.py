"""How many examples a test has: some in `make test`, all in `make fuzz` and `make full`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

FUZZED = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
_SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


def examples(number: int) -> int:
    """Return how many of the examples of a test with costly ones run."""
    return number if FUZZED else max(number // 5, 10)


def one_in(stride: int, cases: Iterable[Any]) -> list[Any]:
    """Return the parameters of a test. `make test` runs one in so many, and `make full` the others.

    A case is one parameter, or a tuple of several.
    """
    return [
        pytest.param(
            *(case if type(case) is tuple else (case,)),  # a named tuple is one
            marks=[pytest.mark.full] if number % stride else [],
        )
        for number, case in enumerate(cases)
    ]


def load_profile() -> None:
    """Set what holds for every property-based test that says nothing else."""
    settings.register_profile(
        "short",
        max_examples=40,
        deadline=None,
        derandomize=True,  # a change is judged by what it changed, not by luck
        suppress_health_check=_SLOW_IS_FINE,
    )
    settings.register_profile(
        "fuzz", max_examples=10_000, deadline=None, suppress_health_check=_SLOW_IS_FINE
    )
    settings.load_profile("fuzz" if FUZZED else "short")
