"""Reading files with a limit, and writing files atomically."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from human_loops_cli.errors import CommandError, ExitStatus

#: How ``-o`` names standard output.
STANDARD_OUTPUT: Final = Path("-")


def is_utf8(path: str) -> bool:
    """Return whether a path is UTF-8. A name on disk can have any bytes."""
    return as_text(path) == path


def as_text(path: str) -> str:
    r"""Return a path as text that can be written: bytes that are not UTF-8 are escaped.

    Examples
    --------
    >>> as_text("a\udcff.json")
    'a\\udcff.json'
    """
    return path.encode("utf-8", "backslashreplace").decode()


def read_whole(path: Path, most: int) -> bytes:
    """Read a regular file.

    Parameters
    ----------
    path
        The file.
    most
        How many bytes it has at most.

    Raises
    ------
    OSError
        If it cannot be read, is no regular file, or is larger. A pipe is not waited for.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        found = os.fstat(file.fileno())
        if stat.S_ISDIR(found.st_mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file: pipe it to standard input")
        content = b"" if found.st_size > most else file.read(most + 1)
    if max(found.st_size, len(content)) > most:
        raise OSError(errno.EFBIG, f"larger than {most:,} bytes")
    return content


def refuse_inputs(written: Iterable[Path | None], read: Iterable[Path | None]) -> None:
    """Refuse to write over files that the command reads.

    Parameters
    ----------
    written, read
        The files. None for those that are not named.

    Raises
    ------
    CommandError
        If a file is both.
    """
    inputs = {each.resolve() for each in read if each is not None}
    for each in written:
        if each is not None and each != STANDARD_OUTPUT and each.resolve() in inputs:
            raise CommandError(
                f"{each} is read too: write to another file", status=ExitStatus.USAGE
            )


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

    It has the permissions of the file that it replaces.

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
        with open(part, "xb", opener=_private if path.exists() else None) as stream:
            yield stream
            stream.flush()
            if path.exists():
                os.fchmod(stream.fileno(), stat.S_IMODE(path.stat().st_mode))
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        if isinstance(error, BrokenPipeError) or error.filename not in (None, str(part)):
            raise
        raise CommandError(f"{path}: {error.strerror}", status=ExitStatus.INCOMPLETE) from None
    finally:
        part.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    """Open a file that nobody else can read."""
    return os.open(path, flags, mode=0o600)
