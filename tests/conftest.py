"""The examples of property-based tests, the tests that run on one process, and the last line."""

from __future__ import annotations

import os
from functools import cache

import botocore.loaders
import botocore.session
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

# moto makes a session for each test, and each session would read the services' models again.
botocore.session.create_loader = cache(botocore.loaders.create_loader)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares fixtures on one process: a file, and all end-to-end tests."""
    for item in items:
        folder, file = item.path.parent.name, str(item.path)
        item.add_marker(pytest.mark.xdist_group("e2e" if folder == "e2e" else file))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with the numbers of passed and failed tests, alone on a line."""
    counts = {
        name: len(terminalreporter.stats.get(name, ())) for name in ("passed", "failed", "error")
    }
    failed = counts["failed"] + counts["error"]
    terminalreporter.write_line(f"\n{counts['passed']} passed, {failed} failed")
