"""The examples of property-based tests, and the line that sums up a run."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

_SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

settings.register_profile(
    "default",
    max_examples=200,
    deadline=None,
    derandomize=True,  # a change is judged by what it changed, not by luck
    suppress_health_check=_SLOW_IS_FINE,
)
settings.register_profile(
    "nightly", max_examples=10_000, deadline=None, suppress_health_check=_SLOW_IS_FINE
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with the numbers of passed and failed tests, alone on a line."""
    counts = {
        name: len(terminalreporter.stats.get(name, ())) for name in ("passed", "failed", "error")
    }
    failed = counts["failed"] + counts["error"]
    terminalreporter.write_line(f"\n{counts['passed']} passed, {failed} failed")
