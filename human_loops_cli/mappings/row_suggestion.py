"""Rows with an input each, suggested from outputs: inputs that differ in a number or an id.

Their names state the row. Equal values, or the same name, state which part of the row is compared.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.mapping import FieldMapping, InputName
from human_loop_reviews.review.values import to_common_kind
from human_loop_reviews.tasks.crowd_elements import Path, read_value
from human_loop_reviews.tasks.mapped_rows import MAX_ROWS
from human_loops_cli.mappings.expressions import similarity, write_expression
from human_loops_cli.mappings.judgements import read_judgements

# The most lists of an input, columns of a row and inputs of an answer that are considered.
_MAX_LISTS: Final = 20
_MAX_COLUMNS: Final = 30
_MAX_INPUTS: Final = 2_000

# Columns and inputs that are named as similarly as this belong together without equal values.
_SAME_NAME: Final = 0.8

# The column of a row that is no object.
_WHOLE: Final = ""


class _Rows(NamedTuple):
    """Inputs named alike, the rows that they are of, and what identifies a row."""

    name: InputName
    place: Path
    row_key: str | None


@dataclass(slots=True)
class _Evidence:
    """What outputs say about inputs that are named alike."""

    files: int = 0
    rows: int = 0
    """How many rows were predicted."""
    answered: int = 0
    """How many of these have an input."""
    inputs: set[str] = field(default_factory=set)
    """Their names."""
    texts: bool = True
    """Whether all answers are texts."""
    both: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    equal: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """By column: how many rows have both, and how many of these are equal."""
    answers: list[Any] = field(default_factory=list)
    """Some of the answers."""


@dataclass(frozen=True, slots=True)
class RowSuggestion:
    """Inputs that are named alike, and the rows that they are of."""

    mapping: FieldMapping
    inputs: InputName
    names: frozenset[str]
    place: str
    files: int
    rows: int
    answered: int
    equal: int
    both: int

    def owns(self, element: Path) -> bool:
        """Return whether an element of the answers is one of these inputs."""
        name = element[0]
        if name == re.split(r"[.\[]", self.inputs.prefix)[0] != self.inputs.prefix:
            return True  # the names are flattened
        return (
            len(name) > len(self.inputs.prefix) + len(self.inputs.suffix)
            and name.startswith(self.inputs.prefix)
            and name.endswith(self.inputs.suffix)
        )

    def describe(self) -> str:
        """Return the suggestion in one line, without values."""
        compared = (
            "its values are verdicts"
            if self.mapping.answer_values
            else f"equal in {self.equal} of {self.both} rows"
        )
        return (
            f"{self.mapping.answer_name}: rows of {self.place} ({self.answered} of {self.rows} "
            f"rows in {self.files} files have an input, {compared})"
        )


class RowEvidence:
    """What the outputs of one custom task show about inputs that are named in a loop."""

    def __init__(self) -> None:
        self._evidence: dict[_Rows, _Evidence] = defaultdict(_Evidence)
        self._from_zero: set[tuple[str, str]] = set()

    def add(self, output: Output, lists: Sequence[tuple[Path, list[Any]]]) -> None:
        """Add an output, and the lists of objects in its input."""
        answers = [answer.content for answer in output.answers]
        names = list(dict.fromkeys(name for answer in answers for name in answer))[:_MAX_INPUTS]
        numbered = _number(names)
        self._from_zero |= {affixes for affixes, numbers in numbered.items() if 0 in numbers}
        for place, rows in lists[:_MAX_LISTS]:
            if not 0 < len(rows) <= MAX_ROWS:
                continue
            for (prefix, suffix), numbers in numbered.items():
                for placeholder, first in (("{number}", 1), ("{index}", 0)):
                    found = {
                        number - first: names_of
                        for number, names_of in numbers.items()
                        if number >= first
                    }
                    rows_of = _Rows(InputName(prefix, placeholder, suffix), place, None)
                    self._add_rows(rows_of, rows, found, answers)
            for column in _id_columns(rows):
                ids = {str(row[column]): index for index, row in enumerate(rows)}
                for (prefix, suffix), keyed in _by_id(names, ids).items():
                    rows_of = _Rows(InputName(prefix, "{key}", suffix), place, column)
                    self._add_rows(rows_of, rows, keyed, answers)

    def _add_rows(
        self,
        rows_of: _Rows,
        rows: Sequence[Any],
        found: Mapping[int, str],
        answers: Sequence[Mapping[str, Any]],
    ) -> None:
        evidence = self._evidence[rows_of]
        evidence.files += 1
        evidence.rows += len(rows)
        for index, name in sorted(found.items()):
            if index >= len(rows):
                continue
            row = rows[index]
            given = [answer[name] for answer in answers if name in answer]
            evidence.answered += 1
            evidence.inputs.add(name)
            evidence.texts &= all(isinstance(each, str) for each in given)
            evidence.answers += given[: max(0, MAX_ROWS - len(evidence.answers))]
            columns = row if type(row) is dict else {_WHOLE: row}
            for column in [*columns][:_MAX_COLUMNS]:
                value = columns[column]
                if value in (None, "", [], {}) or column == rows_of.row_key:
                    continue
                evidence.both[column] += 1
                evidence.equal[column] += any(_is_equal(value, each) for each in given)

    def suggest(self) -> Iterator[RowSuggestion]:
        """Yield a suggestion for each group of inputs that most rows have."""
        best: dict[tuple[str, str], RowSuggestion] = {}
        for rows_of, evidence in self._evidence.items():
            name = rows_of.name
            affixes = (name.prefix, name.suffix)
            starts_at_zero = affixes in self._from_zero
            if name.placeholder != "{key}" and starts_at_zero != (name.placeholder == "{index}"):
                continue
            if 2 * evidence.answered < evidence.rows:
                continue
            suggestion = _suggest(rows_of, evidence)
            if suggestion is not None and _rank(suggestion) > _rank(best.get(affixes)):
                best[affixes] = suggestion
        kept: list[RowSuggestion] = []
        for each in sorted(best.values(), key=_rank, reverse=True):
            if not any(each.names & other.names for other in kept):
                kept.append(each)
        kept.sort(key=lambda each: each.inputs)
        yield from _with_columns_of_others(kept)


def _suggest(rows_of: _Rows, evidence: _Evidence) -> RowSuggestion | None:
    fixed = f"{rows_of.name.prefix}{rows_of.name.suffix}"
    judgements = read_judgements(evidence.answers)
    columns = [
        (evidence.equal[column] / both, similarity(fixed, column), column)
        for column, both in evidence.both.items()
        if 2 * evidence.equal[column] >= both or similarity(fixed, column) >= _SAME_NAME
    ]
    if judgements is None and not columns:
        return None
    column = None if judgements is not None else max(columns)[2]
    is_prefilled = evidence.texts and column is not None and evidence.equal[column] > 0
    mapping = FieldMapping(
        name=re.sub(r"[\W_]+$|^[\W_]+", "", fixed) or "rows",
        prediction=write_expression(rows_of.place),
        rows=True,
        row_key=None if rows_of.row_key is None else write_expression((rows_of.row_key,)),
        row_value=write_expression((column,)) if column else None,
        answer_name="".join(rows_of.name),
        answer_values=judgements,
        absent="blank" if is_prefilled else "unknown",
    )
    return RowSuggestion(
        mapping=mapping,
        inputs=rows_of.name,
        names=frozenset(evidence.inputs),
        place=write_expression(rows_of.place),
        files=evidence.files,
        rows=evidence.rows,
        answered=evidence.answered,
        equal=0 if column is None else evidence.equal[column],
        both=0 if column is None else evidence.both[column],
    )


def _rank(suggestion: RowSuggestion | None) -> tuple[float, ...]:
    if suggestion is None:
        return (-1.0,)
    return (
        suggestion.answered / suggestion.rows,
        suggestion.equal,
        suggestion.mapping.row_key is not None,
    )


def _with_columns_of_others(suggestions: Sequence[RowSuggestion]) -> Iterator[RowSuggestion]:
    """Yield suggestions; a verdict is on the part of the row that another input has."""
    columns = {each.place: each.mapping.row_value for each in suggestions if each.mapping.row_value}
    for each in suggestions:
        column = columns.get(each.place)
        if each.mapping.answer_values and column:
            yield replace(each, mapping=replace(each.mapping, row_value=column))
        else:
            yield each


def _number(names: Sequence[str]) -> dict[tuple[str, str], dict[int, str]]:
    """Return inputs by what is around a number in their names, and the number."""
    numbered: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for name in names:
        for match in list(re.finditer("[0-9]{1,6}", name))[:3]:
            before, after = name[: match.start()], name[match.end() :]
            if not before[-1:].isdigit() and not after[:1].isdigit():
                numbered[before, after][int(match[0])] = name
    return numbered


def _by_id(names: Sequence[str], ids: Mapping[str, int]) -> dict[tuple[str, str], dict[int, str]]:
    """Return inputs by what is around an id in their names, and the index of its row."""
    found: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for name in names:
        for part in {name, *_parts(name)}:
            if part in ids:
                before, _, after = name.partition(part)
                if before or after:
                    found[before, after][ids[part]] = name
    return found


def _parts(name: str) -> Iterator[str]:
    """Yield the ends of a name that an id can be: what follows or precedes a separator."""
    for match in list(re.finditer(r"[\W_]", name))[:20]:
        yield name[match.end() :]
        yield name[: match.start()]


def _id_columns(rows: Sequence[Any]) -> list[str]:
    """Return the columns of rows that identify them."""
    if not all(type(row) is dict for row in rows):
        return []
    columns = [*rows[0]][:_MAX_COLUMNS]
    return [
        column
        for column in columns
        if all(type(row.get(column)) in (str, int) and row[column] != "" for row in rows)
        and len({str(row[column]) for row in rows}) == len(rows)
    ]


def _is_equal(prediction: Any, answer: Any) -> bool:
    one, other = to_common_kind([read_value(prediction), read_value(answer)])
    if one is None or other is None or other.is_blank:
        return False
    return bool(one.comparison_key == other.comparison_key)
