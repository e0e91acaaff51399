"""How many examples a property-based test has: a fifth in `make test`, all in `make fuzz`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

FUZZED = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
_SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


def examples(number: int) -> int:
    """Return how many of the examples of a test with costly ones run."""
    return number if FUZZED else max(number // 5, 10)


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
