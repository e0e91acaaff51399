"""Which tests run in one process of pytest-xdist."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

#: Its tests share one emulator and one deployment.
E2E = "tests/e2e/"

#: They need neither, and some start an emulator themselves.
ALONE = (
    *("test_demo_process.py", "test_demo_result.py", "test_emulator.py"),
    *("test_report.py", "test_run_folder.py"),
)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc] # untyped
    """Keeps the tests of a file on one process, and those that share a deployment.

    `--dist loadgroup` would keep marked tests together, but pytest-xdist 3.8 ignores the mark
    under pytest 9.2, without a warning: https://github.com/pytest-dev/pytest-xdist/issues/1386.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """Return the name of the group of a test. Its tests run in one process."""
    path = nodeid.partition("::")[0]
    return E2E if path.startswith(E2E) and not path.endswith(ALONE) else path
