"""A mapping file on the command line: the mapping of each output, and what its paths find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.mapping import ROWS_IN_ORDER_OF_KEYS, MappingError, TaskMapping
from human_loop_reviews.tasks.mapped_fields import find_paths
from human_loop_reviews.tasks.mapping_json import parse_mapping
from human_loop_reviews.tasks.searchable import searchable_answers, searchable_inputs
from human_loops_cli.console import Printer
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.files import read_whole
from human_loops_cli.mappings.custom_outputs import is_answered_custom_task

# A mapping of the handler has a few thousand bytes.
_MAX_BYTES: Final = 4 * 1024 * 1024


@dataclass
class PathCounts:
    """In how many outputs the paths of mappings are found."""

    flow_definitions: set[str] = field(default_factory=set)
    """The names of the flow definitions of the outputs."""
    files: Counter[str] = field(default_factory=Counter)
    """How many outputs a mapping counts for, by its flow definition."""
    found: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By flow definition, field, and ``prediction`` or ``answer``."""

    def add(self, others: PathCounts) -> None:
        """Add the counts of other outputs."""
        self.flow_definitions |= others.flow_definitions
        self.files += others.files
        self.found += others.found


class MappingFile:
    """The mappings of custom tasks in a file, or none.

    It counts in how many outputs the path of each prediction and answer is found.

    Parameters
    ----------
    path
        The file. None for no mappings.

    Raises
    ------
    CommandError
        If the file cannot be read, or is not a mapping.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._mappings: TaskMapping | Mapping[str, TaskMapping] = {}
        if path is not None:
            try:
                self._mappings = parse_mapping(read_whole(path, _MAX_BYTES))
            except OSError as error:
                raise self._unusable(error.strerror or str(error)) from None
            except MappingError as error:
                raise self._unusable(str(error)) from None
        self.counts = PathCounts()

    def without_counts(self) -> MappingFile:
        """Return the same mappings, as if there were no output yet."""
        new = copy(self)
        new.counts = PathCounts()
        return new

    def find(self, output: Output) -> TaskMapping | None:
        """Return an output's mapping, None without one, and count the paths that it finds.

        Raises
        ------
        UnreadableOutputError
            If the answers are too large.
        """
        name = output.flow_definition_name or ""
        self.counts.flow_definitions.add(name)
        if isinstance(self._mappings, TaskMapping):
            group, mapping = "", self._mappings
        elif name in self._mappings:
            group, mapping = name, self._mappings[name]
        else:
            return None
        if is_answered_custom_task(output):
            self._count_paths(group, mapping, output)
        return mapping

    def check(self, printer: Printer) -> None:
        """Print in how many outputs each path was found, and refuse a mapping that none needs.

        Raises
        ------
        CommandError
            If a mapping is for a flow definition that none of the outputs has.
        """
        for line in self._describe_paths():
            printer.note(line)
        if isinstance(self._mappings, TaskMapping) or not self.counts.flow_definitions:
            return
        for name in self._mappings:
            if name not in self.counts.flow_definitions:
                known = ", ".join(sorted(self.counts.flow_definitions - {""})) or "none"
                raise self._unusable(
                    f"{name}: no such flow definition; those of the outputs: {known}"
                )

    def _count_paths(self, group: str, mapping: TaskMapping, output: Output) -> None:
        inputs = searchable_inputs(output.inputs)
        contents = [answer.content for answer in output.answers]
        answers = searchable_answers(contents, output.answers[0].place.source)
        self.counts.files[group] += 1
        for each in mapping.fields:
            found = find_paths(inputs, answers, each)
            for side, is_found in zip(("prediction", "answer"), found, strict=True):
                self.counts.found[group, each.name, side] += is_found

    def _describe_paths(self) -> Iterator[str]:
        groups = {"": self._mappings} if isinstance(self._mappings, TaskMapping) else self._mappings
        for group, mapping in groups.items():
            files = self.counts.files[group]
            for each in mapping.fields:
                prediction, answer = [
                    self.counts.found[group, each.name, side] for side in ("prediction", "answer")
                ]
                name = f"{group}: {each.name}" if group else each.name
                if each.pairs_by_order_of_keys:
                    yield f"{name}: no verdict: {ROWS_IN_ORDER_OF_KEYS}"
                yield (
                    f"{name}: prediction found in {prediction} of {files} files, "
                    f"answer in {answer} of {files}"
                )

    def _unusable(self, reason: str) -> CommandError:
        return CommandError(f"{self._path}: {reason}", status=ExitStatus.USAGE)
