"""The temporary folder of one run: private, locked during the run, and removed at its end.

A run that is killed may leave its folder. The next run removes it, because it is not locked.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "a2i-human-loop-events-"


@contextlib.contextmanager
def run_folder() -> Iterator[Path]:
    """Create a folder that only its owner can read, and remove it when the block is left."""
    _remove_left_behind()
    folder, lock = _create()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _create() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))  # with mode 0700
        lock = _open(folder)
        if lock is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)
        # Another run removed the folder before it was locked.


def _remove_left_behind() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        lock = _open(folder)
        if lock is None:
            continue
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _open(folder: Path) -> int | None:
    """Open a folder. Return None if it does not exist, belongs to another user, or is a link."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    status = os.fstat(descriptor)
    if status.st_uid == os.getuid() and stat.S_IMODE(status.st_mode) == stat.S_IRWXU:
        return descriptor
    os.close(descriptor)
    return None
