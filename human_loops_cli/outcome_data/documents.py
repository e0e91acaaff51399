"""A file's outcomes: lines, one JSON document, or an output of A2I, compressed or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from io import BufferedReader
from itertools import chain, count
from pathlib import Path
from typing import Any, Final, Protocol

from human_loop_reviews.a2i.strict_json import read_json
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loops_cli.files import is_utf8
from human_loops_cli.outcome_data.group import MAX_REVIEWED_BYTES, Group
from human_loops_cli.outcome_data.gzip_stream import (
    DAMAGE,
    GzipStream,
    TrailingBytesError,
    decompressed,
)
from human_loops_cli.outcome_data.line_problems import (
    BYTE_ORDER_MARK,
    ENVELOPE,
    MAX_LINE_BYTES,
    NOT_JSON,
    NOT_JSON_LINES,
    REPEATED,
    TOO_LONG,
    begins_without_objects,
)
from human_loops_cli.outcome_data.output_reviewers import OutputReviewers
from human_loops_cli.outcome_data.reviewed_output import ANSWERS, Reviewed, is_output

#: The largest file that is one document, and not lines.
MAX_DOCUMENT_BYTES: Final = 64 * 1024 * 1024

#: A file of lines that is as large is a group of its own.
_LARGE: Final = 4 * 1024 * 1024

_BLOCK: Final = MAX_LINE_BYTES

_GZIP: Final = b"\x1f\x8b"


class ReadFile(Protocol):
    """Reads a whole file of lines. Returns whether all lines are valid."""

    def __call__(self, path: Path, *, compressed: bool, enveloped: bool) -> bool:
        """Read a file that may be compressed, with lines that may have an envelope."""
        ...


class Documents:
    """Reads files into groups of lines.

    Parameters
    ----------
    folder
        Where groups are written.
    reviewers
        Review outputs.
    read_group
        Called with each full group.
    read_file
        Reads a large file of lines. If it returns False, the lines are read into groups.
    reject
        Called with the file, the problem and the line of what cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        reviewers: OutputReviewers,
        read_group: Callable[[Group], None],
        read_file: ReadFile,
        reject: Callable[[str, str, int | None], None],
    ) -> None:
        self._paths = (folder / f"group-{number}.jsonl" for number in count())
        self._reviewers = reviewers
        self._read_group = read_group
        self._read_file = read_file
        self._reject = reject
        self._groups = {reviewed: self._new_group(reviewed) for reviewed in (False, True)}

    def read(self, file: BufferedReader, path: Path, place: str) -> None:
        """Read a file.

        Parameters
        ----------
        file, path
            The file at its beginning, and where it is.
        place
            The name of the file in rejects.
        """
        compressed = file.peek(len(_GZIP)).startswith(_GZIP)
        stream: Any = GzipStream(file) if compressed else file
        blocks = self._blocks(stream, place)
        first = next(blocks, b"").removeprefix(BYTE_ORDER_MARK)
        second = next(blocks, b"")
        if not first.strip():
            self._reject(place, "expected outcomes, the file is empty", None)
        elif not second and ANSWERS in first:
            self._take_reviewed(self._reviewers.review(first, place))
        elif not self._read_large(path, first, compressed=compressed):
            self._read_blocks(first, chain([second], blocks), place)

    def finish(self) -> None:
        """Wait for the last reviews, and read the last groups."""
        self._take_reviewed(self._reviewers.finish())
        for group in self._groups.values():
            self._submit(group)

    def _read_large(self, path: Path, first: bytes, *, compressed: bool) -> bool:
        return (
            path.stat().st_size >= _LARGE
            and not is_pattern(path)
            and _is_lines(first)
            and self._read_file(path, compressed=compressed, enveloped=ENVELOPE in first)
        )

    def _blocks(self, stream: Any, place: str) -> Iterator[bytes]:
        try:
            while block := stream.read(_BLOCK):
                yield block
        except TrailingBytesError:
            self._reject(place, "bytes after the end of the compressed data are not read", None)
        except DAMAGE:
            self._reject(place, "the compressed file is damaged or cut off: its rest is lost", None)
        except OSError as error:
            self._reject(place, f"cannot be read: {error.strerror}", None)

    def _read_blocks(self, first: bytes, others: Iterable[bytes], place: str) -> None:
        read = self._read_lines if _is_lines(first) else self._read_document
        read(chain([first], others), place)

    def _read_lines(self, blocks: Iterable[bytes], place: str) -> None:
        """Read lines into groups, the last one with or without its end."""
        rest, line, skipping = b"", 1, False
        for block in _without_last_blanks(blocks):
            if skipping:
                _, end, block = block.partition(b"\n")
                skipping, line = not end, line + len(end)
            if rest and len(rest) + block.find(b"\n") > MAX_LINE_BYTES:
                self._reject(place, TOO_LONG, line)
                rest, block, line = b"", block[block.find(b"\n") + 1 :], line + 1
            cut = block.rfind(b"\n") + 1
            if cut:
                line += self._add((rest, memoryview(block)[:cut]), place, line)
            rest = block[cut:] if cut else rest + block
            if len(rest) > MAX_LINE_BYTES:
                self._reject(place, TOO_LONG, line)
                rest, skipping = b"", True
        if rest.strip():
            self._add((rest, b"\n"), place, line)

    def _read_document(self, blocks: Iterable[bytes], place: str) -> None:
        """Read a file that is one object or a list of them. If it is neither, read its lines."""
        content, left = bytearray(), iter(blocks)
        for block in left:
            content += block
            if len(content) > MAX_DOCUMENT_BYTES:
                break
        found = None if len(content) > MAX_DOCUMENT_BYTES else _parse(bytes(content))
        if not isinstance(found, dict | list):
            if begins_without_objects(content):
                self._reject(place, NOT_JSON_LINES, None)
                return
            self._read_lines(chain(_blocks_of(bytes(content)), left), place)
            return
        documents = found if isinstance(found, list) else [found]
        if not all(map(is_output, documents)) and _parse(bytes(content), unique_keys=True) is None:
            self._reject(place, REPEATED, None)
            return
        for number, document in enumerate(documents, 1):
            number_of_list = number if isinstance(found, list) else None
            self._take(document, place, number_of_list, size=len(content))

    def _take(self, document: Any, place: str, number: int | None, *, size: int) -> None:
        """Take an outcome, an event or an output."""
        if not isinstance(document, dict):
            self._reject(place, NOT_JSON, number)
        elif is_output(document):
            self._take_reviewed([self._reviewers.review_here(document, place, number, size)])
        else:
            line = json.dumps(document, separators=(",", ":")).encode()
            if len(line) > MAX_LINE_BYTES:
                self._reject(place, TOO_LONG, number)
            else:
                self._add((line, b"\n"), place, number or 1)

    def _take_reviewed(self, finished: Iterable[Reviewed]) -> None:
        """Take what reviews made of outputs, and read what is none."""
        for each in finished:
            if each.problem is not None:
                self._reject(each.place, each.problem, each.number)
            elif each.outcome is None:
                self._read_blocks(each.content, (), each.place)
            elif len(each.outcome) > MAX_REVIEWED_BYTES:
                self._reject(each.place, TOO_LONG, each.number)
            else:
                self._add((each.outcome, b"\n"), each.place, each.number or 1, reviewed=True)

    def _add(
        self,
        parts: Sequence[bytes | memoryview],
        place: str,
        line: int,
        *,
        reviewed: bool = False,
    ) -> int:
        """Add lines to a group, and return how many these are."""
        group = self._groups[reviewed]
        added = group.add(parts, place, line)
        if group.is_full:
            self._submit(group)
            self._groups[reviewed] = self._new_group(reviewed)
        return added

    def _submit(self, group: Group) -> None:
        group.close()
        if group.count:
            self._read_group(group)

    def _new_group(self, reviewed: bool) -> Group:
        return Group(next(self._paths), reviewed=reviewed)


def count_lines(path: Path, *, compressed: bool) -> int | None:
    """Return how many lines a file has. None if one is too long, or the file is damaged."""
    count = length = 0
    try:
        with path.open("rb") as file:
            for block in (
                decompressed(file) if compressed else iter(partial(file.read, _BLOCK), b"")
            ):
                end = block.find(b"\n")
                if length + (len(block) if end < 0 else end) > MAX_LINE_BYTES:
                    return None
                count += block.count(b"\n")
                length = len(block) - block.rfind(b"\n") - 1 + (length if end < 0 else 0)
    except (*DAMAGE, OSError):
        return None
    return count + (length > 0)


def is_pattern(path: Path) -> bool:
    """Return whether DuckDB cannot open a file by its name: a pattern, or one that is not UTF-8."""
    name = str(path)
    return bool(set(name) & set("*?[{")) or not is_utf8(name)


def _is_lines(first: bytes) -> bool:
    """Return whether the beginning of a file is that of lines, each with an object."""
    line = first.lstrip().partition(b"\n")[0].rstrip()
    is_object = line.startswith(b"{") and line.endswith(b"}")
    return is_object and not (ANSWERS in line and is_output(_parse(line)))


def _parse(text: bytes, *, unique_keys: bool = False) -> Any:
    """Return the value of a document. None if it is no JSON."""
    try:
        return read_json(text, source="document", unique_keys=unique_keys)
    except UnreadableOutputError:
        return None


def _without_last_blanks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks, without blank lines at the end: they are no reason to read a group twice."""
    last = b""
    for block in filter(None, blocks):
        yield last
        last = block
    yield last.rstrip()


def _blocks_of(content: bytes) -> Iterator[bytes]:
    return (content[start : start + _BLOCK] for start in range(0, len(content), _BLOCK))
