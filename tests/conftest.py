"""The examples of property-based tests, their order, the slow ones, and the last line."""

from __future__ import annotations

import gc
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

import botocore.loaders
import botocore.session
import pytest
from xdist.remote import Producer

from tests.examples import load_profile
from tests.scheduling import E2E, Scheduling, group_of
from tests.shared import share_a_folder

load_profile()

# CDK's validation of templates takes over half of the processor time of each process that
# synthesizes one. tests/infrastructure/test_cdk_validation.py validates them.
os.environ["CDK_VALIDATION"] = "false"

# Python looked for garbage for an eighth of the tests' time, mostly among imported modules.
gc.set_threshold(50_000, 50)

# moto makes a session for each test, and each session would read the services' models again.
botocore.session.create_loader = cache(botocore.loaders.create_loader)

# jsonschema would load grammars of IRIs for seconds, and no schema here has an IRI.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

#: In the namespace of a module, or among the fixtures of a test, that is slow: it starts programs,
#: synthesizes further apps, lints templates, reads files with DuckDB, calls AWS in memory,
#: starts a server, or simulates.
_SLOW = {
    *("subprocess", "evaluate", "emulator", "seen", "new_app", "run_example"),
    *("lint_rules", "findings", "duckdb", "stack", "world", "np", "ThreadingHTTPServer"),
}
_SLOW_FOLDERS = {"e2e", "compatibility", "installation", "thresholds"}

#: `make check` leaves out the tests with these fixtures: the shared apps, and AWS in memory.
_LEFT_OUT_BY_CHECK = {"synthesized", "place", "bucket", "account"}

#: `make test` runs one in so many of the cases of a slow test, beginning with the first, and
#: `make full` the others.
_ONE_CASE_IN = 8

#: These take longest, and start first.
_LONG = (E2E, "tests/infrastructure/")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the number of processes: one more than processors if end-to-end tests run, which wait.

    Each process imports all tests.
    """
    return len(os.sched_getaffinity(0)) + ("not slow" not in config.option.markexpr)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        share_a_folder(config)
    config.addinivalue_line("markers", "slow: left out by make check")
    config.addinivalue_line("markers", "fuzz: has a short form, and all of it in make fuzz")
    config.addinivalue_line("markers", "full: more of what another test shows: only in make full")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark slow tests, and start with those that take longest."""
    for item in items:
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker(pytest.mark.fuzz)
        if _is_slow(item) or not _LEFT_OUT_BY_CHECK.isdisjoint(_fixtures(item)):
            item.add_marker(pytest.mark.slow)
    _mark_further_cases(items)
    # False sorts before True.
    items.sort(key=lambda item: [not group_of(item.nodeid).startswith(each) for each in _LONG])


def pytest_collection_finish() -> None:
    """Look for no garbage among what is imported by now."""
    gc.freeze()


def _mark_further_cases(items: list[pytest.Item]) -> None:
    """Leave most cases of the slow tests to `make full`.

    The cases of an end-to-end test share what takes its time.
    """
    number: Counter[str] = Counter()
    for item in items:
        test = item.nodeid.partition("[")[0]
        if _is_slow(item) and group_of(test) != E2E:
            if number[test] % _ONE_CASE_IN:
                item.add_marker(pytest.mark.full)
            number[test] += 1


def _is_slow(item: pytest.Item) -> bool:
    return (
        item.path.parent.name in _SLOW_FOLDERS
        or not _SLOW.isdisjoint(_names(item))
        or item.get_closest_marker("fuzz") is not None
    )


def _names(item: pytest.Item) -> Iterator[str]:
    """Give what the module of a test names, and the fixtures of the test."""
    module = item.getparent(pytest.Module)
    assert module is not None
    yield from vars(module.obj)
    yield from _fixtures(item)


def _fixtures(item: pytest.Item) -> Iterable[str]:
    names: Iterable[str] = getattr(item, "fixturenames", ())
    return names


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with the numbers of passed and failed tests, alone on a line."""
    counts = {
        name: len(terminalreporter.stats.get(name, ())) for name in ("passed", "failed", "error")
    }
    failed = counts["failed"] + counts["error"]
    terminalreporter.write_line(f"\n{counts['passed']} passed, {failed} failed")
