"""A file's outcomes: lines, one JSON document, or an output of A2I, compressed or not."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final, Protocol

from human_loop_reviews.a2i.output import parse_output
from human_loop_reviews.a2i.strict_json import read_json
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loops_cli.files import is_utf8
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.outcome_data.batch import MAX_LINE_BYTES, MAX_TRUSTED_LINE_BYTES, Batch
from human_loops_cli.outcome_data.gzip_stream import DAMAGE, GzipStream, TrailingBytesError
from human_loops_cli.outcome_data.line_problems import (
    ENVELOPE,
    NOT_JSON,
    NOT_JSON_LINES,
    TOO_LONG,
    begins_without_objects,
    problem_of,
)
from human_loops_cli.outcome_data.reviewed_output import IncompleteOutputError, outcome_of_output

#: The largest file that is one document, and not lines.
MAX_DOCUMENT_BYTES: Final = 64 * 1024 * 1024

#: A file of lines that is as large is read at once.
_LARGE: Final = 4 * 1024 * 1024

_BLOCK: Final = MAX_LINE_BYTES

_GZIP: Final = b"\x1f\x8b"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class ReadFile(Protocol):
    """Reads a whole file of lines. Returns whether all lines are valid."""

    def __call__(self, path: Path, *, compressed: bool, enveloped: bool) -> bool:
        """Read a file that may be compressed, with lines that may have an envelope."""
        ...


class Documents:
    """Reads files into batches of lines.

    Parameters
    ----------
    mappings
        The mappings of custom tasks.
    submit
        Called with each full batch.
    read_file
        Reads a large file of lines. If it returns False, the lines are read into batches.
    reject
        Called with the file, the problem and the line of what cannot be used.
    """

    def __init__(
        self,
        mappings: MappingFile,
        submit: Callable[[Batch], None],
        read_file: ReadFile,
        reject: Callable[[str, str, int | None], None],
    ) -> None:
        self._mappings = mappings
        self._submit = submit
        self._read_file = read_file
        self._reject = reject
        self._lines = Batch()
        self._reviewed = Batch(trusted=True)

    def read(self, path: Path, place: str) -> None:
        """Read a file.

        Parameters
        ----------
        path
            Where it is.
        place
            The name of the file in rejects.
        """
        with path.open("rb") as file:
            compressed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            stream: Any = GzipStream(file) if compressed else file
            blocks = self._blocks(stream, place)
            first = next(blocks, b"").removeprefix(_BYTE_ORDER_MARK)
            if not first.strip():
                self._reject(place, "expected outcomes, the file is empty", None)
            elif not _is_lines(first):
                self._read_document(first, blocks, place)
            elif not self._read_large(path, first, compressed=compressed):
                self._read_lines(chain([first], blocks), place)

    def finish(self) -> None:
        """Submit the last batches."""
        self._submit_if(self._lines.count > 0, self._reviewed.count > 0)

    def _read_large(self, path: Path, first: bytes, *, compressed: bool) -> bool:
        return (
            path.stat().st_size >= _LARGE
            and not is_pattern(path)
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

    def _read_lines(self, blocks: Iterator[bytes], place: str) -> None:
        """Read lines into batches, the last one with or without its end."""
        rest, line, skipping = b"", 1, False
        for block in blocks:
            if skipping:
                _, end, block = block.partition(b"\n")
                skipping, line = not end, line + len(end)
            cut = block.rfind(b"\n") + 1
            if cut:
                line += self._lines.add((rest, memoryview(block)[:cut]), place, line)
                self._submit_full()
            rest = block[cut:] if cut else rest + block
            if len(rest) > MAX_LINE_BYTES:
                self._reject(place, TOO_LONG, line)
                rest, skipping = b"", True
        if rest.strip():
            self._lines.add((rest, b"\n"), place, line)
            self._submit_full()

    def _read_document(self, first: bytes, blocks: Iterator[bytes], place: str) -> None:
        """Read a file that is one object or a list of them. If it is neither, read its lines."""
        content = bytearray(first)
        for block in blocks:
            content += block
            if len(content) > MAX_DOCUMENT_BYTES:
                self._read_lines(chain([bytes(content)], blocks), place)
                return
        try:
            document = read_json(bytes(content), source=place)
        except UnreadableOutputError:
            if begins_without_objects(content):
                self._reject(place, NOT_JSON_LINES, None)
            else:
                self._read_lines(iter([bytes(content)]), place)
            return
        for number, each in enumerate(document if isinstance(document, list) else [document], 1):
            problem = self._take(each, place, number)
            if problem:
                self._reject(place, problem, number if isinstance(document, list) else None)

    def _take(self, document: Any, place: str, number: int) -> str | None:
        """Add an outcome, an event or an output to a batch. Return what is wrong with it."""
        if not isinstance(document, dict):
            return NOT_JSON
        if "humanAnswers" in document:
            return self._review(document, place, number)
        problem = problem_of(document)
        return problem or _add(self._lines, document, place, number, MAX_LINE_BYTES)

    def _review(self, document: dict[str, Any], place: str, number: int) -> str | None:
        try:
            output = parse_output(json.dumps(document), source="output")
            outcome = outcome_of_output(output, self._mappings.find(output))
        except (IncompleteOutputError, UnreadableOutputError) as error:
            return str(error)
        problem = _add(self._reviewed, outcome, place, number, MAX_TRUSTED_LINE_BYTES)
        self._submit_full()
        return problem

    def _submit_full(self) -> None:
        self._submit_if(self._lines.is_full, self._reviewed.is_full)

    def _submit_if(self, lines: bool, reviewed: bool) -> None:
        if lines:
            self._submit(self._lines)
            self._lines = Batch()
        if reviewed:
            self._submit(self._reviewed)
            self._reviewed = Batch(trusted=True)


def _add(batch: Batch, document: dict[str, Any], place: str, number: int, most: int) -> str | None:
    line = json.dumps(document, separators=(",", ":")).encode() + b"\n"
    if len(line) > most:
        return TOO_LONG
    batch.add((line,), place, number)
    return None


def count_lines(path: Path, *, compressed: bool) -> int | None:
    """Return how many lines a file has. None if one is too long, or the file is damaged."""
    count = length = 0
    try:
        with gzip.open(path) if compressed else path.open("rb") as file:
            while block := file.read(_BLOCK):
                head, end, _ = block.partition(b"\n")
                if length + len(head) > MAX_LINE_BYTES:
                    return None
                count += block.count(b"\n")
                length = len(block) - block.rfind(b"\n") - 1 if end else length + len(block)
    except (EOFError, zlib.error, OSError):
        return None
    return count + (length > 0)


def is_pattern(path: Path) -> bool:
    """Return whether DuckDB cannot open a file by its name: a pattern, or one that is not UTF-8."""
    name = str(path.resolve())
    return bool(set(name) & set("*?[{")) or not is_utf8(name)


def _is_lines(first: bytes) -> bool:
    """Return whether the beginning of a file is that of lines, each with an object."""
    line, _, _ = first.lstrip().partition(b"\n")
    try:
        value = read_json(line, source="line")
    except UnreadableOutputError:
        return False
    return isinstance(value, dict) and "humanAnswers" not in value
