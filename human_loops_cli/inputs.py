"""Outputs to read: files, directories and objects in S3, each with a name."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from botocore.exceptions import ClientError

from human_loop_reviews.a2i.output import Output, parse_output
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loops_cli.console import Printer
from human_loops_cli.errors import CommandError, ExitStatus, explain, is_access_denied
from human_loops_cli.files import as_text, read_whole
from human_loops_cli.in_parallel import in_parallel
from human_loops_cli.output_folders import EXTENSION, Listing, LocalFolder, OutputFolder, S3Folder
from human_loops_cli.output_keys import OutputKey, parse_output_key
from human_loops_cli.output_limits import NO_LIMITS, OutputLimits, UnplacedOutputError
from human_loops_cli.session import Session

_S3: Final = "s3://"

# How many outputs are read in parallel, the next ones before they are needed.
_READ_AHEAD: Final = 8

# The default limit of the review handler.
_MAX_BYTES: Final = 64 * 1024 * 1024


class Content(NamedTuple):
    """The content of an output."""

    body: bytes
    """Its bytes."""
    version: str | None = None
    """In S3: the id of its version, and without one its ETag."""


_EMPTY: Final = Content(b"")


@dataclass(frozen=True, kw_only=True)
class Input:
    """One output to read.

    Parameters
    ----------
    name
        Its path or URI.
    key
        Its key in S3, or its absolute path. Empty for standard input.
    tag
        What is another one once it has other content. Empty where unknown.
    read
        Returns its content.
    named
        Whether the user named it, rather than its directory or prefix.
    """

    name: str
    key: str = ""
    tag: str = ""
    read: Callable[[], Content]
    named: bool = True

    @property
    def is_in_s3(self) -> bool:
        """Whether it is an object in S3."""
        return self.name.startswith(_S3)

    @property
    def place(self) -> str:
        """Its URI, or its absolute path."""
        return self.name if self.is_in_s3 else self.key

    @cached_property
    def output_key(self) -> OutputKey | None:
        """What its key says. None if Amazon A2I does not make such keys."""
        return parse_output_key(self.key)


class UnreadableInputError(Exception):
    """An input cannot be read, or is not an output. The message names it."""


class NotAnOutputError(UnreadableInputError):
    """An input that nobody named is JSON of something else, such as an expected outcome."""


_Read: TypeAlias = tuple[Input, Content | UnreadableInputError | OSError | ClientError]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadInput:
    """An output within the limits that was read, or the reason why it cannot be read."""

    input: Input
    content: Content = _EMPTY
    """Its content. Empty if it cannot be read."""
    result: Output | UnreadableInputError | ClientError
    """The output, or what is wrong with it."""

    @property
    def name(self) -> str:
        """Its path or URI."""
        return self.input.name

    def output(self) -> Output:
        """Return the output.

        Raises
        ------
        UnreadableInputError
            If it cannot be read, is not an output, or lacks what the limits need.
        ClientError
            If access is denied.
        """
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Inputs:
    """The outputs at some places, each once. Those within the limits are read.

    Parameters
    ----------
    session
        Has the client of S3.
    places
        Files, ``-`` for standard input, directories, objects and prefixes in S3. In a directory and
        under a prefix, all ``.json`` files at any depth are outputs.
    limits
        Which of them are read.

    Raises
    ------
    CommandError
        If a directory or prefix has no such file, or none at all can be within the limits.
    """

    def __init__(
        self, session: Session, places: Sequence[str], limits: OutputLimits = NO_LIMITS
    ) -> None:
        self._session = session
        self._places = places
        self._limits = limits
        self._listings: list[Listing] = []
        self.read_count = self._outside = 0
        """How many files were read."""
        self._found = [_peek(self._inputs_at(place)) for place in places]
        if not limits.are_set:
            for place, found in zip(places, self._found, strict=True):
                if found is None:
                    raise CommandError(
                        f"{as_text(place)} has no {EXTENSION} file",
                        advice="Name a directory or prefix with outputs of Amazon A2I.",
                        status=ExitStatus.INCOMPLETE,
                    )
        elif not any(self._found):
            raise self._nothing()

    def read(self, description: str) -> Iterator[ReadInput]:
        """Yield the outputs within the limits in their order, and show the progress.

        The next ones are read in parallel before they are needed.

        Parameters
        ----------
        description
            What the progress is called.
        """
        with self._session.printer.progress() as progress:
            task = progress.add_task(description, total=None)
            for read in self.read_some(self.find()):
                progress.update(
                    task, completed=self.read_count, description=self.describe(description)
                )
                if read is not None:
                    yield read
        self.report(self._session.printer)

    def find(self) -> Iterator[Input]:
        """Yield what can be within the limits, each once."""
        seen: set[str] = set()
        for found in self._found:
            for each in found or ():
                if each.name not in seen:
                    # The files of one place have different names.
                    if len(self._places) > 1:
                        seen.add(each.name)
                    yield each

    def read_some(self, inputs: Iterable[Input]) -> Iterator[ReadInput | None]:
        """Yield each of some inputs in their order, None for one outside the limits."""
        for read in in_parallel(map(_reading, inputs), _READ_AHEAD):
            self.read_count += 1
            limited = self._limit(_parse(read()))
            self._outside += limited is None
            yield limited

    def describe(self, description: str) -> str:
        """Return the description of a progress, with the number of files that were listed."""
        return f"{description} ({self._listed:,} listed)"

    def refuse_writing(self, files: Iterable[Path | None]) -> None:
        """Refuse to write over an output.

        Raises
        ------
        CommandError
            If one of the files is an output at the places, also outside the limits.
        """
        for file in files:
            if file is None or not file.is_file():
                continue
            written = file.resolve()
            for place in map(Path, self._places):
                source = place.resolve()
                below = source in written.parents and written.suffix == EXTENSION
                if source == written or below:
                    raise CommandError(
                        f"{file} is an output to read: write to another file",
                        status=ExitStatus.USAGE,
                    )

    @property
    def _listed(self) -> int:
        return sum(each.listed for each in self._listings)

    def report(self, printer: Printer) -> None:
        """Print how many files were listed and read, if there are limits."""
        if not self._limits.are_set:
            return
        folders = sum(each.folders_left_out for each in self._listings)
        printer.note(
            f"Within the limits: {self.read_count - self._outside:,} of {self.read_count:,} files "
            f"that were read, of {self._listed:,} that were listed. "
            f"Folders outside the limits: {folders:,}."
        )

    def _nothing(self) -> CommandError:
        names = sorted(set().union(*(each.other_flow_definitions for each in self._listings)))
        listed = f"Files that were listed: {self._listed:,}."
        others = f" Other flow definitions: {', '.join(names)}." if names else ""
        return CommandError(
            "no output is within --flow, --since and --until",
            advice=f"{listed}{others}",
            status=ExitStatus.INCOMPLETE,
        )

    def _limit(self, read: ReadInput) -> ReadInput | None:
        """Return what was read. None if it is outside the limits."""
        if isinstance(read.result, Exception):
            return read
        try:
            return read if self._limits.contain(read.result, read.input.output_key) else None
        except UnplacedOutputError as error:
            return replace(read, result=UnreadableInputError(f"{read.name}: {error}"))

    def _inputs_at(self, place: str) -> Iterator[Input]:
        if place == "-":
            yield Input(name="standard input", read=_read_standard_input)
        elif place.startswith(_S3):
            yield from self._objects(place)
        elif Path(place).is_dir():
            yield from self._files(Path(place))
        else:
            yield _local(as_text(place), str(Path(place).absolute()), named=True)

    def _objects(self, uri: str) -> Iterator[Input]:
        s3 = self._session.client("s3")
        bucket, _, prefix = uri.removeprefix(_S3).partition("/")
        if not bucket:
            raise CommandError(f"{uri}: expected s3://BUCKET/PREFIX", status=ExitStatus.USAGE)
        if prefix.endswith(EXTENSION):
            yield _object(s3, bucket, prefix, named=True)
            return
        for each in self._listing(S3Folder(s3, bucket)).files(prefix):
            yield _object(s3, bucket, each.key, tag=each.tag)

    def _files(self, directory: Path) -> Iterator[Input]:
        # The directory can be in the folder of a flow definition, which only the whole path says.
        start = f"{str(directory.absolute()).rstrip('/')}/"
        for each in self._listing(LocalFolder()).files(start):
            name = as_text(str(directory / each.key.removeprefix(start)))
            yield _local(name, each.key, tag=each.tag)

    def _listing(self, folder: OutputFolder) -> Listing:
        listing = Listing(folder, self._limits)
        self._listings.append(listing)
        return listing


def identify(output: Output) -> bytes:
    """Return what is the same for two copies of one output.

    The name alone is not: A2I lets a deleted loop's name be used again.
    """
    answers = [[answer.content, str(answer.submitted)] for answer in output.answers]
    parts = [output.flow_definition_arn, output.human_loop_name, output.inputs, answers]
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).digest()


def _peek(inputs: Iterator[Input]) -> Iterator[Input] | None:
    """Return the same inputs. None if there is none."""
    first = next(inputs, None)
    return None if first is None else chain([first], inputs)


def _reading(each: Input) -> Callable[[], _Read]:
    """Return what reads an input. A thread that waits for standard input cannot be interrupted."""
    if each.key:
        return partial(_read_input, each)
    read = _read_input(each)
    return lambda: read


def _read_input(each: Input) -> _Read:
    """Read an input, or return why it cannot be read."""
    try:
        return each, each.read()
    except (UnreadableInputError, OSError, ClientError) as error:
        return each, error


def _parse(read: _Read) -> ReadInput:
    each, content = read
    match content:
        case Content():
            try:
                output = parse_output(content.body, source=each.name)
            except UnreadableOutputError as error:
                other = not each.named and _is_something_else(content.body)
                unreadable = (NotAnOutputError if other else UnreadableInputError)(str(error))
                return ReadInput(input=each, content=content, result=unreadable)
            return ReadInput(input=each, content=content, result=output)
        case ClientError() if is_access_denied(content):
            return ReadInput(input=each, result=content)
        case ClientError():
            problem = str(explain(content))
        case OSError():
            problem = str(content.strerror)
        case _:
            return ReadInput(input=each, result=content)
    return ReadInput(input=each, result=UnreadableInputError(f"{each.name}: {problem}"))


def _is_something_else(content: bytes) -> bool:
    """Return whether a document is JSON without what each output has."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return not isinstance(document, dict) or "humanAnswers" not in document


def _read_standard_input() -> Content:
    content = sys.stdin.buffer.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise UnreadableInputError(f"standard input: larger than {_MAX_BYTES:,} bytes")
    return Content(content)


def _local(name: str, path: str, *, tag: str = "", named: bool = False) -> Input:
    def read() -> Content:
        return Content(read_whole(Path(path), _MAX_BYTES))

    return Input(name=name, key=path, tag=tag, read=read, named=named)


def _object(s3: Any, bucket: str, key: str, *, tag: str = "", named: bool = False) -> Input:
    name = f"{_S3}{bucket}/{key}"

    def read() -> Content:
        answer = s3.get_object(Bucket=bucket, Key=key)
        if answer["ContentLength"] > _MAX_BYTES:
            raise UnreadableInputError(f"{name}: larger than {_MAX_BYTES:,} bytes")
        # A bucket that never had versions has no id, one in which they are suspended has "null".
        version = answer.get("VersionId", "null")
        return Content(answer["Body"].read(), answer.get("ETag") if version == "null" else version)

    return Input(name=name, key=key, tag=tag, read=read, named=named)
