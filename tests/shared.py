"""What the processes of one test run make once and share."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

#: The environment variable with the folder, which the processes of pytest-xdist inherit.
_FOLDER = "SHARED_BY_TESTS"


def share_a_folder(config: pytest.Config) -> None:
    """Make the folder of a run. It is removed at the end."""
    folder = tempfile.TemporaryDirectory(prefix="shared-by-tests-")
    os.environ[_FOLDER] = folder.name
    config.add_cleanup(folder.cleanup)


def make_once(name: str, make: Callable[[], str]) -> str:
    """Return the text that the first process to ask for it makes.

    Outside of a test run, it is made each time.
    """
    if _FOLDER not in os.environ:
        return make()
    file = Path(os.environ[_FOLDER]) / name
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            file.write_text(make(), encoding="utf-8")
    return file.read_text(encoding="utf-8")
