"""Files that a command writes: complete, or not at all."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from human_loops_cli.errors import CommandError, ExitStatus


@contextmanager
def replaced(path: Path | None) -> Iterator[IO[bytes]]:
    """Give a file to write. It gets its name when all is written, and replaces what had it.

    Parameters
    ----------
    path
        The file. None for standard output, which gets what is written at once.

    Raises
    ------
    CommandError
        If it cannot be written.
    """
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if path.is_dir():
        raise CommandError(f"{path} is a folder; expected a file", status=ExitStatus.USAGE)
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            try:
                yield file
                file.flush()
                _give_usual_mode(file.name)
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise CommandError(
            f"{path} cannot be written: {error.strerror}", status=ExitStatus.INCOMPLETE
        ) from error


def _give_usual_mode(name: str) -> None:
    """Give a temporary file, which only its owner may read, the mode of a file that is created."""
    mask = os.umask(0)
    os.umask(mask)
    Path(name).chmod(0o666 & ~mask)
