"""The files of the sources: on disk, on standard input, and in S3."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Any, Final

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.files import as_text
from human_loops_cli.outcome_data.limits import nothing
from human_loops_cli.output_folders import VERIFICATION_FOLDER
from human_loops_cli.output_keys import parse_output_key
from human_loops_cli.output_limits import NO_LIMITS, OutputLimits
from human_loops_cli.session import Session

_S3: Final = "s3://"

#: The files of a folder that are read. Firehose can write objects without an extension.
_EXTENSIONS: Final = ("", ".json", ".jsonl", ".ndjson", ".parquet")

#: Folders without outcomes, and those of verifications.
_NOT_READ: Final = frozenset({"errors", "results", VERIFICATION_FOLDER})


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file of a source."""

    name: str
    """Its path or URI."""
    path: Path | None = None
    """The path on disk, without links. None if it must be fetched."""
    key: tuple[str, str] | None = None
    """In S3: bucket and key."""
    written: datetime | None = None
    """In S3: when it was written."""

    def may_be_within(self, limits: OutputLimits) -> bool:
        """Return whether it can have loops within some limits. Only keys of outputs say no."""
        place = str(self.path) if self.key is None else self.key[1]
        key = parse_output_key(place)
        return key is None or limits.may_contain(key, self.written)

    def fetch(self, session: Session, to: Path) -> Path:
        """Return the path of the file on disk, after fetching it if need be."""
        if self.path is not None:
            return self.path
        if self.key is None:
            with to.open("wb") as file:
                shutil.copyfileobj(sys.stdin.buffer, file)
        else:
            session.client("s3").download_file(*self.key, str(to))
        return to


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFiles:
    """The files of all sources."""

    files: Sequence[SourceFile]
    """Those to read, each once."""
    not_read: int
    """How many files of folders and prefixes have another extension."""
    outside: int
    """How many are outputs that their keys say to be outside the limits."""


def find_files(
    session: Session, sources: Sequence[str], limits: OutputLimits = NO_LIMITS
) -> SourceFiles:
    """Return the files of some sources that can have loops within some limits.

    Parameters
    ----------
    session
        Has the client of S3.
    sources
        Files, ``-`` for standard input, folders, objects and prefixes in S3.
    limits
        The limits of the loops.

    Raises
    ------
    CommandError
        If a source has no file to read, or none is within the limits.
    """
    files: dict[str, SourceFile] = {}
    not_read = outside = 0
    for source in sources:
        here = list(_files_at(session, source))
        wanted = [each for each in here if each is not None]
        not_read += len(here) - len(wanted)
        if not wanted:
            raise CommandError(
                f"{source} has no file to read",
                advice="Name files, folders or prefixes with outcomes, or outputs of Amazon A2I.",
                status=ExitStatus.USAGE,
            )
        for each in wanted:
            if limits.are_set and not each.may_be_within(limits):
                outside += 1
                continue
            files.setdefault(str(each.path or each.name), each)
    if not files:
        raise nothing(
            "no loop is within these limits", f"Outputs that their keys exclude: {outside:,}."
        )
    return SourceFiles(files=list(files.values()), not_read=not_read, outside=outside)


def _files_at(session: Session, source: str) -> Iterator[SourceFile | None]:
    """Yield the files of a source, None for each that is not read."""
    if source == "-":
        yield SourceFile(name="standard input")
    elif source.startswith(_S3):
        yield from _objects(session.client("s3"), source)
    else:
        yield from _local(Path(source))


def _local(path: Path) -> Iterator[SourceFile | None]:
    if not path.is_dir():
        if not path.exists():
            raise CommandError(f"{path}: no such file or directory", status=ExitStatus.USAGE)
        if not path.is_file():
            raise CommandError(
                f"{path} is not a regular file",
                advice="Pipe it to standard input, which is named -.",
                status=ExitStatus.USAGE,
            )
        yield SourceFile(name=as_text(str(path)), path=path.resolve())
        return
    root = os.path.realpath(path)
    for each in _files_below(root):
        if not _is_read(each.name):
            yield None
            continue
        found = os.path.realpath(each.path) if each.is_symlink() else each.path
        name = path / each.path[len(root) :].lstrip("/")
        yield SourceFile(name=as_text(str(name)), path=Path(found))


def _files_below(folder: str) -> Iterator[os.DirEntry[str]]:
    """Yield the files in a folder and below, without what is left out. Links to folders are."""
    try:
        entries = sorted(os.scandir(folder), key=attrgetter("name"))
    except OSError as error:
        raise CommandError(
            f"{as_text(folder)}: {error.strerror}", status=ExitStatus.INCOMPLETE
        ) from None
    for entry in entries:
        if not _has_outcomes((entry.name,)):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(entry.path)
        elif entry.is_file():
            yield entry


def _objects(s3: Any, uri: str) -> Iterator[SourceFile | None]:
    bucket, _, prefix = uri.removeprefix(_S3).partition("/")
    if not bucket:
        raise CommandError(f"{uri}: expected s3://BUCKET/PREFIX", status=ExitStatus.USAGE)
    folder = prefix.rpartition("/")[0]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", ()):
            key = entry["Key"]
            named = key == prefix
            parts = PurePosixPath(key[len(folder) :].lstrip("/")).parts
            if key.endswith("/") or not (named or _has_outcomes(parts)):
                continue
            if named or _is_read(parts[-1]):
                name = f"{_S3}{bucket}/{key}"
                yield SourceFile(name=name, key=(bucket, key), written=entry["LastModified"])
            else:
                yield None


def _has_outcomes(parts: Sequence[str]) -> bool:
    """Return whether a file is in no folder that is left out. Hidden files are left out too."""
    return not any(part in _NOT_READ or part.startswith((".", "_")) for part in parts)


def _is_read(name: str) -> bool:
    return PurePosixPath(name.removesuffix(".gz")).suffix.lower() in _EXTENSIONS
