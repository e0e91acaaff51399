"""A mapping file on the command line: the mapping of each output, and what its paths find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.a2i.task_type import TaskType
from human_loop_reviews.mapping import MappingError, TaskMapping
from human_loop_reviews.tasks.mapped_fields import find_paths
from human_loop_reviews.tasks.mapping_json import parse_mapping
from human_loop_reviews.tasks.searchable import searchable_answers, searchable_inputs

_CUSTOM = frozenset({TaskType.CUSTOM, TaskType.OTHER})


@dataclass(slots=True)
class MappingFile:
    """The mappings of a file, and what outputs have shown about them.

    Parameters
    ----------
    mappings
        One mapping for any flow definition, or several by the flow definition's name.
    """

    mappings: TaskMapping | Mapping[str, TaskMapping]
    _flow_definitions: set[str] = field(default_factory=set)
    _files: Counter[str] = field(default_factory=Counter)
    _found: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def find(self, output: Output) -> TaskMapping | None:
        """Return an output's mapping, None without one, and count the paths that it finds.

        Raises
        ------
        UnreadableOutputError
            If the answers are too large.
        """
        name = output.flow_definition_name or ""
        self._flow_definitions.add(name)
        one = isinstance(self.mappings, TaskMapping)
        mapping = self.mappings if isinstance(self.mappings, TaskMapping) else None
        if not isinstance(self.mappings, TaskMapping):
            mapping = self.mappings.get(name)
        if mapping is None or output.task_type not in _CUSTOM or not output.answers:
            return mapping
        group = "" if one else name
        self._files[group] += 1
        inputs = searchable_inputs(output.inputs)
        contents = [answer.content for answer in output.answers]
        answers = searchable_answers(contents, output.answers[0].place.source)
        for each in mapping.fields:
            found = find_paths(inputs, answers, each)
            for side, is_found in zip(("prediction", "answer"), found, strict=True):
                self._found[group, each.name, side] += is_found
        return mapping

    def describe_paths(self) -> Iterator[str]:
        """Yield one line per field: in how many files its paths were found."""
        groups = {"": self.mappings} if isinstance(self.mappings, TaskMapping) else self.mappings
        for group, mapping in groups.items():
            files = self._files[group]
            for each in mapping.fields:
                prediction, answer = [
                    self._found[group, each.name, side] for side in ("prediction", "answer")
                ]
                name = f"{group}: {each.name}" if group else each.name
                yield (
                    f"{name}: prediction found in {prediction} of {files} files, "
                    f"answer in {answer} of {files}"
                )

    def refuse_unused(self) -> None:
        """Raise an error if a mapping is for a flow definition that no output is of.

        Raises
        ------
        MappingError
            With the name, and those that the outputs have.
        """
        if isinstance(self.mappings, TaskMapping) or not self._flow_definitions:
            return
        for name in self.mappings:
            if name not in self._flow_definitions:
                known = ", ".join(sorted(self._flow_definitions - {""})) or "none"
                raise MappingError(
                    f"{name}: no such flow definition; those of the outputs: {known}"
                )


def read_mapping_file(path: str) -> MappingFile:
    """Read a mapping file.

    Raises
    ------
    MappingError
        If it cannot be read, or is not a mapping.
    """
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise MappingError(error.strerror) from None
    return MappingFile(parse_mapping(text))
