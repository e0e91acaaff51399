"""Files that a command writes: complete, or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from human_loops_cli.errors import CommandError, ExitStatus


@contextmanager
def complete_file(path: Path | None) -> Iterator[IO[bytes]]:
    """Open a file that replaces the one at a path when the block ends without an error.

    Parameters
    ----------
    path
        The file. None for standard output, which has what was written also after an error.

    Raises
    ------
    CommandError
        If the file cannot be written.
    """
    if path is None:
        yield sys.stdout.buffer
        return
    path = path.resolve()  # the file behind a link, not the link
    if path.exists() and not path.is_file():
        raise CommandError(
            f"{path} is not a regular file",
            advice="Name a file with -o, or leave -o out for standard output.",
            status=ExitStatus.USAGE,
        )
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        if isinstance(error, BrokenPipeError) or error.filename not in (None, str(part)):
            raise
        raise CommandError(f"{path}: {error.strerror}", status=ExitStatus.INCOMPLETE) from None
    finally:
        part.unlink(missing_ok=True)
