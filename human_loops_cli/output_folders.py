"""The files of a folder, on disk or in S3, of which outputs outside some limits are not listed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final, NamedTuple, Protocol

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.files import as_text
from human_loops_cli.in_parallel import in_parallel
from human_loops_cli.output_keys import parse_date_folder, parse_output_key
from human_loops_cli.output_limits import OutputLimits

#: The folder of a flow definition's output with the outputs of verifications, which are left out.
VERIFICATION_FOLDER: Final = "human-loops_verification"

#: How the names of outputs end.
EXTENSION: Final = ".json"

# How many folders are listed at once.
_LISTINGS: Final = 8

# A folder with more folders is neither a prefix nor that of a flow definition, a year or a month.
_MAX_FOLDERS: Final = 1000


class FoundFile(NamedTuple):
    """A file of a folder."""

    key: str
    """Its key in S3, or its absolute path."""
    tag: str
    """What is another one once the file has other content."""
    written: datetime | None
    """When the object was written. None on disk, where a copy can have any time."""


class OutputFolder(Protocol):
    """A place with files and folders. The name of a folder ends with a slash."""

    def files(self, folder: str) -> Iterator[FoundFile]:
        """Yield all files of a folder and below, in the order of their keys."""
        ...

    def first(self, folder: str) -> str:
        """Return the first key of a folder or below. Empty without any."""
        ...

    def entries(self, folder: str) -> tuple[Sequence[FoundFile], Sequence[str]] | None:
        """Return the files and the folders of a folder. None if there are too many."""
        ...


@dataclass
class Listing:
    """Lists the files of a folder that can be outputs within some limits.

    A folder is left out only if its first file has a key of Amazon A2I: folders of other files can
    have such names too.

    Parameters
    ----------
    folder
        Where the files are.
    limits
        The limits.
    """

    folder: OutputFolder
    limits: OutputLimits
    listed: int = 0
    """How many files were listed."""
    folders_left_out: int = 0
    """How many folders of other flow definitions or times were not listed."""
    other_flow_definitions: set[str] = field(default_factory=set)
    """The names of the flow definitions that are outside the limits."""

    def files(self, start: str) -> Iterator[FoundFile]:
        """Yield the files below a folder, or with keys that begin with a text."""
        if not self.limits.are_set:
            found = self.folder.files(start)
        else:
            is_date = parse_date_folder(start) is not None
            found = self._listed(self._visit(start) if is_date else self._enter(start))
        for each in found:
            if is_verification(each.key) or not each.key.endswith(EXTENSION):
                continue
            self.listed += 1
            key = parse_output_key(each.key)
            if key is not None and not self.limits.may_be_flow(key.flow_definition):
                self.other_flow_definitions.add(key.flow_definition)
            if self.limits.may_contain(key, each.written):
                yield each

    def _listed(self, calls: Iterator[Callable[[], list[FoundFile]]]) -> Iterator[FoundFile]:
        for files in in_parallel(calls, _LISTINGS):
            yield from files()

    def _visit(self, folder: str) -> Iterator[Callable[[], list[FoundFile]]]:
        """Yield calls that list a folder, or parts of it."""
        date = parse_date_folder(folder)
        if date is not None and self.limits.may_contain_folder(date):
            yield from [self._all(folder)] if date.is_day else self._enter(folder)
            return
        key = self.folder.first(folder)
        first = parse_output_key(key)
        if first is None:
            # Beside a file, there can be folders of flow definitions.
            is_beside = "/" not in key.removeprefix(folder)
            yield from self._enter(folder) if is_beside else [self._all(folder)]
        elif date is not None and first.flow_folder == date.flow_folder:
            self._leave_out(date.flow_definition)
        elif first.flow_folder == folder and not self.limits.may_be_flow(first.flow_definition):
            self._leave_out(first.flow_definition)
        elif first.flow_folder.startswith(folder):
            yield from self._enter(folder)
        else:
            yield self._all(folder)

    def _enter(self, folder: str) -> Iterator[Callable[[], list[FoundFile]]]:
        entries = self.folder.entries(folder)
        if entries is None:
            yield self._all(folder)
            return
        files, folders = entries
        yield partial(list, files)
        for each in folders:
            if not is_verification(each):
                yield from self._visit(each)

    def _all(self, folder: str) -> Callable[[], list[FoundFile]]:
        return lambda: list(self.folder.files(folder))

    def _leave_out(self, flow_definition: str) -> None:
        self.folders_left_out += 1
        if not self.limits.may_be_flow(flow_definition):
            self.other_flow_definitions.add(flow_definition)


def is_verification(key: str) -> bool:
    """Return whether a key is in the folder of verifications."""
    return f"/{VERIFICATION_FOLDER}/" in f"/{key}"


class S3Folder:
    """A bucket.

    Parameters
    ----------
    s3
        A client.
    bucket
        Its name.
    """

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def files(self, folder: str) -> Iterator[FoundFile]:
        """Yield all objects with keys that begin with a text."""
        pages = self._s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=folder):
            yield from map(_object, page.get("Contents", ()))

    def first(self, folder: str) -> str:
        """Return the first key of a folder. Empty without any."""
        page = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=folder, MaxKeys=1)
        return next((each["Key"] for each in page.get("Contents", ())), "")

    def entries(self, folder: str) -> tuple[Sequence[FoundFile], Sequence[str]] | None:
        """Return the objects and the folders of a folder. None if they are more than a page."""
        page = self._s3.list_objects_v2(
            Bucket=self._bucket, Prefix=folder, Delimiter="/", MaxKeys=_MAX_FOLDERS
        )
        if page.get("IsTruncated"):
            return None
        folders = [each["Prefix"] for each in page.get("CommonPrefixes", ())]
        return list(map(_object, page.get("Contents", ()))), folders


class LocalFolder:
    """The files of this computer. Links to folders are not followed."""

    def files(self, folder: str) -> Iterator[FoundFile]:
        """Yield all files of a folder and below, in the order of their paths."""
        for entry in _scan(folder):
            if entry.is_dir(follow_symlinks=False):
                yield from self.files(f"{entry.path}/")
            else:
                yield _file(entry)

    def first(self, folder: str) -> str:
        """Return the path of the first file of a folder or below. Empty without any."""
        return next((each.key for each in self.files(folder)), "")

    def entries(self, folder: str) -> tuple[Sequence[FoundFile], Sequence[str]] | None:
        """Return the files and the folders of a folder. None if they are too many."""
        found = _scan(folder)
        if len(found) > _MAX_FOLDERS:
            return None
        files = [_file(each) for each in found if not each.is_dir(follow_symlinks=False)]
        return files, [f"{each.path}/" for each in found if each.is_dir(follow_symlinks=False)]


def _object(entry: Any) -> FoundFile:
    return FoundFile(entry["Key"], entry.get("ETag", ""), entry.get("LastModified"))


def _scan(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder.rstrip("/") or "/") as entries:
            return sorted(entries, key=attrgetter("name"))
    except OSError as error:
        raise CommandError(
            f"{as_text(folder)}: {error.strerror}", status=ExitStatus.INCOMPLETE
        ) from None


def _file(entry: os.DirEntry[str]) -> FoundFile:
    found = entry.stat(follow_symlinks=False)
    return FoundFile(entry.path, f"{found.st_size}-{found.st_mtime_ns}", None)
