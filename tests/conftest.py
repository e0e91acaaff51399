"""The examples of property-based tests, the tests that run on one process, and the last line."""

from __future__ import annotations

import os
import sys
from functools import cache

import botocore.loaders
import botocore.session
import pytest

from tests.examples import load_profile

load_profile()

# moto makes a session for each test, and each session would read the services' models again.
botocore.session.create_loader = cache(botocore.loaders.create_loader)

# jsonschema would load grammars of IRIs for seconds, and no schema here has an IRI.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

#: In the namespace of a module, or among the fixtures of a test, that needs synthesized cases.
_SYNTHESIS = {"synthesized", "synthesize", "pattern_cases"}

#: The groups of several files. They take longest, and start first.
_LONG_GROUPS = ("e2e", "synthesized cases")


def pytest_xdist_auto_num_workers() -> int:
    """Return the number of processes: one more than processors, because end-to-end tests wait."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep on one process what shares a deployment, synthesized cases or a file."""
    groups = {item: _group(item) for item in items}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    # False sorts before True.
    items.sort(key=lambda item: [groups[item] != group for group in _LONG_GROUPS])


def _group(item: pytest.Item) -> str:
    module = item.getparent(pytest.Module)
    assert module is not None
    fixtures = getattr(item, "fixturenames", ())
    if not _SYNTHESIS.isdisjoint([*fixtures, *vars(module.obj)]):
        return "synthesized cases"
    return "e2e" if item.path.parent.name == "e2e" else str(item.path)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with the numbers of passed and failed tests, alone on a line."""
    counts = {
        name: len(terminalreporter.stats.get(name, ())) for name in ("passed", "failed", "error")
    }
    failed = counts["failed"] + counts["error"]
    terminalreporter.write_line(f"\n{counts['passed']} passed, {failed} failed")
