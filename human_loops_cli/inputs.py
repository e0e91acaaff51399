"""Outputs to read: files, directories and objects in S3, each with a name."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from human_loop_reviews.a2i.output import Output, parse_output
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loops_cli.errors import CommandError, ExitStatus, explain, is_access_denied
from human_loops_cli.files import as_text, read_whole
from human_loops_cli.session import Session

_S3: Final = "s3://"
_EXTENSION: Final = ".json"

#: The folder of a flow definition's output with the outputs of verifications, which are left out.
VERIFICATION_FOLDER: Final = "human-loops_verification"

# How many objects of S3 are read in parallel, the next ones before they are needed.
_READ_AHEAD: Final = 8

# The default limit of the review handler.
_MAX_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Input:
    """One output to read.

    Parameters
    ----------
    name
        Its path or URI.
    read
        Returns its content.
    named
        Whether the user named it, rather than its directory or prefix.
    """

    name: str
    read: Callable[[], bytes]
    named: bool = True


class UnreadableInputError(Exception):
    """An input cannot be read, or is not an output. The message names it."""


class NotAnOutputError(UnreadableInputError):
    """An input that nobody named is JSON of something else, such as an expected outcome."""


def find_inputs(session: Session, places: Sequence[str]) -> list[Input]:
    """Return the outputs at some places, each once.

    Parameters
    ----------
    session
        Has the client of S3.
    places
        Files, ``-`` for standard input, directories, objects and prefixes in S3. In a directory and
        under a prefix, all ``.json`` files at any depth are outputs.

    Raises
    ------
    CommandError
        If a directory or prefix has no such file.
    """
    found: dict[str, Input] = {}
    for place in places:
        here = {each.name: each for each in _inputs_at(session, place)}
        if not here:
            raise CommandError(
                f"{place} has no {_EXTENSION} file",
                advice="Name a directory or prefix with outputs of Amazon A2I.",
                status=ExitStatus.INCOMPLETE,
            )
        found |= here
    return _read_ahead(list(found.values()))


def read_output(each: Input) -> Output:
    """Read and parse one output.

    Raises
    ------
    UnreadableInputError
        If it cannot be read, or is not an output.
    """
    content = b""
    try:
        content = each.read()
        return parse_output(content, source=each.name)
    except UnreadableOutputError as error:
        other = not each.named and _is_something_else(content)
        raise (NotAnOutputError if other else UnreadableInputError)(str(error)) from error
    except OSError as error:
        raise UnreadableInputError(f"{each.name}: {error.strerror}") from error
    except ClientError as error:
        if is_access_denied(error):
            raise
        raise UnreadableInputError(f"{each.name}: {explain(error)}") from error


def identify(output: Output) -> bytes:
    """Return what is the same for two copies of one output.

    The name alone is not: A2I lets a deleted loop's name be used again.
    """
    answers = [[answer.content, str(answer.submitted)] for answer in output.answers]
    parts = [output.flow_definition_arn, output.human_loop_name, output.inputs, answers]
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).digest()


def _is_something_else(content: bytes) -> bool:
    """Return whether a document is JSON without what each output has."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return not isinstance(document, dict) or "humanAnswers" not in document


def _inputs_at(session: Session, place: str) -> Iterator[Input]:
    if place == "-":
        yield Input(name="standard input", read=_read_standard_input)
    elif place.startswith(_S3):
        yield from _objects(session.client("s3"), place)
    else:
        path = Path(place)
        named = not path.is_dir()
        files = [path] if named else sorted(path.rglob(f"*{_EXTENSION}"))
        for file in files:
            read = partial(read_whole, file, _MAX_BYTES)
            yield Input(name=as_text(str(file)), read=read, named=named)


def _read_standard_input() -> bytes:
    content = sys.stdin.buffer.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise UnreadableInputError(f"standard input: larger than {_MAX_BYTES:,} bytes")
    return content


def _objects(s3: Any, uri: str) -> Iterator[Input]:
    bucket, _, prefix = uri.removeprefix(_S3).partition("/")
    if not bucket:
        raise CommandError(f"{uri}: expected s3://BUCKET/PREFIX", status=ExitStatus.USAGE)
    if prefix.endswith(_EXTENSION):
        yield _object(s3, bucket, prefix, named=True)
        return
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", ()):
            key = entry["Key"]
            if key.endswith(_EXTENSION) and f"/{VERIFICATION_FOLDER}/" not in f"/{key}":
                yield _object(s3, bucket, key, named=False)


def _object(s3: Any, bucket: str, key: str, *, named: bool) -> Input:
    name = f"{_S3}{bucket}/{key}"

    def read() -> bytes:
        answer = s3.get_object(Bucket=bucket, Key=key)
        if answer["ContentLength"] > _MAX_BYTES:
            raise UnreadableInputError(f"{name}: larger than {_MAX_BYTES:,} bytes")
        content: bytes = answer["Body"].read()
        return content

    return Input(name=name, read=read, named=named)


def _read_ahead(inputs: Sequence[Input]) -> list[Input]:
    """Return inputs of which the objects of S3 are read in parallel."""
    ahead = _ReadAhead([each.read for each in inputs if each.name.startswith(_S3)])
    numbers = iter(range(len(inputs)))
    return [
        replace(each, read=partial(ahead.read, next(numbers)))
        if each.name.startswith(_S3)
        else each
        for each in inputs
    ]


class _ReadAhead:
    """Reads in parallel what is read one after another."""

    def __init__(self, reads: Sequence[Callable[[], bytes]]) -> None:
        self._reads = reads
        self._started = 0
        self._pending: dict[int, Future[bytes]] = {}
        self._threads = ThreadPoolExecutor(_READ_AHEAD)

    def read(self, number: int) -> bytes:
        """Return the content of a number, and start to read those that follow."""
        until = min(number + _READ_AHEAD, len(self._reads))
        for each in range(self._started, until):
            self._pending[each] = self._threads.submit(self._reads[each])
        self._started = max(self._started, until)
        pending = self._pending.pop(number, None)
        return self._reads[number]() if pending is None else pending.result()
