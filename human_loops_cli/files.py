"""Writing files atomically."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from human_loops_cli.errors import CommandError, ExitStatus

#: How ``-o`` names standard output.
STANDARD_OUTPUT: Final = Path("-")


def refuse_unwritable(path: Path | None) -> None:
    """Refuse a path that cannot be written, before the content is computed.

    Parameters
    ----------
    path
        The file. None or ``-`` for standard output.

    Raises
    ------
    CommandError
        If it is no regular file, or its folder does not exist or takes no file.
    """
    if path is None or path == STANDARD_OUTPUT:
        return
    # A device would be replaced by a file.
    if path.exists() and not path.is_file():
        raise CommandError(
            f"{path} is not a regular file",
            advice="Name a file with -o, or - for standard output.",
            status=ExitStatus.USAGE,
        )
    folder = path.resolve().parent
    if not folder.is_dir():
        raise CommandError(f"{folder}: no such directory", status=ExitStatus.USAGE)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CommandError(f"{folder}: permission denied", status=ExitStatus.USAGE)


@contextmanager
def complete_file(path: Path | None) -> Iterator[IO[bytes]]:
    """Open a file that replaces the one at a path when the block ends without an error.

    Parameters
    ----------
    path
        The file. None or ``-`` for standard output, which has what was written also after an
        error.

    Raises
    ------
    CommandError
        If the file cannot be written.
    """
    if path is None or path == STANDARD_OUTPUT:
        sys.stdout.flush()
        yield sys.stdout.buffer
        return
    refuse_unwritable(path)
    path = path.resolve()  # the file behind a link, not the link
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
