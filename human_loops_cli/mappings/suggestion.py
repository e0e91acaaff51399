"""A mapping for a custom task, suggested from its outputs.

An element of the answers and a place in the input belong together if they have equal values in
several outputs, or the same name. Outputs do not say otherwise which part of the input was the
prediction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final, NamedTuple

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.mapping import Absent, FieldMapping
from human_loop_reviews.outcome_values import Note
from human_loop_reviews.review.values import Value, ValueKind, to_common_kind
from human_loop_reviews.tasks.aws_elements import ELEMENTS, find_element
from human_loop_reviews.tasks.crowd_elements import (
    Path,
    TooLargeError,
    read_value,
    unfold,
    write_name,
)
from human_loop_reviews.tasks.drawings import same_drawing
from human_loop_reviews.tasks.searchable import read_elements
from human_loop_reviews.tasks.value_fields import make_field
from human_loops_cli.mappings.expressions import similarity, write_expression
from human_loops_cli.mappings.judgements import read_judgements
from human_loops_cli.mappings.row_suggestion import RowEvidence, RowSuggestion

# How lines call outputs that name no flow definition.
_UNNAMED: Final = "without a flow definition"

# Names that are as similar as this belong together without equal values.
_SAME_NAME: Final = 0.8

# Names that are as similar as this belong together if one value is equal.
_SIMILAR_NAME: Final = 0.5

# The most places of an input that are considered.
_MAX_PLACES: Final = 2_000
_MAX_DEPTH: Final = 8

# The most answers by which an element is recognised as a verdict.
_MAX_ANSWERS: Final = 500

# Words in the names of places that hold predictions.
_PREDICTIONS: Final = (
    "predict",
    "model",
    "label",
    "initial",
    "result",
    "draft",
    "suggest",
    "guess",
)


class _Candidate(NamedTuple):
    """A value of the input or of an answer, as it was found and as it is compared."""

    found: Any
    value: Value | None


@dataclass(slots=True)
class _Evidence:
    """What outputs say about one place of the input and one element of the answers."""

    files: int = 0
    """In how many files both have a value."""
    equal_files: int = 0
    """In how many of these an answer equals the prediction."""
    equal_values: set[Any] = field(default_factory=set)
    """The different values that were equal."""
    same_element: bool = False
    """Whether both are of the same element of a built-in task."""
    incomparable_files: int = 0
    """In how many files they are named alike or equal, and cannot be compared."""
    is_scalar: bool = True
    """Whether the input has a text, a number or a boolean there."""


@dataclass(slots=True)
class _Element:
    """What outputs say about one element of the answers."""

    places: dict[Path, _Evidence] = field(default_factory=dict)
    is_text: bool = True
    """Whether all answers are texts, so that A2I leaves out empty ones."""
    answers: list[Any] = field(default_factory=list)
    """Some of the answers."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One element of the answers, and its place in the input.

    Parameters
    ----------
    element
        The element's path, as field names are written.
    mapping
        The suggested mapping, None without a candidate.
    files, equal_files
        In how many files both have a value, and in how many of these an answer equals it.
    similarity
        How similar the names are, from 0 to 1.
    """

    element: str
    mapping: FieldMapping | None
    files: int = 0
    equal_files: int = 0
    similarity: float = 0.0
    judgements: Mapping[str, str] | None = None
    """What its values say about the prediction, if they are verdicts."""
    asks_for_absent: bool = False
    """Whether it is not known what an empty input means."""

    def describe(self) -> str:
        """Return the suggestion in one line, without values."""
        if self.judgements is not None:
            place = "name its prediction" if self.mapping is None else self.mapping.prediction_path
            return f"{self.element}: {place} (its values are verdicts: answer_values)"
        if self.mapping is None:
            return f"{self.element}: no candidate"
        ask = "; decide on absent: blank or upheld" if self.asks_for_absent else ""
        return (
            f"{self.element}: {self.mapping.prediction_path} (equal in {self.equal_files} of "
            f"{self.files} files, names {self.similarity:.0%} alike{ask})"
        )


class MappingEvidence:
    """What the outputs of one custom task show about its mapping.

    Examples
    --------
    >>> from human_loop_reviews.a2i.output import parse_output
    >>> evidence = MappingEvidence()
    >>> evidence.add(
    ...     parse_output(
    ...         '{"inputContent": {"model": {"town": "X"}},'
    ...         ' "humanAnswers": [{"answerContent": {"town": "X", "notes": "fine"}}]}',
    ...         source="output.json",
    ...     )
    ... )
    >>> [each.describe() for each in evidence.suggest()]
    ['notes: no candidate', 'town: model.town (equal in 1 of 1 files, names 100% alike)']
    """

    def __init__(self) -> None:
        self._elements: dict[Path, _Element] = defaultdict(_Element)
        self._rows = RowEvidence()

    def add(self, output: Output) -> None:
        """Add an output of a custom task with answers.

        Raises
        ------
        UnreadableOutputError
            If the answers are too large.
        """
        given = _read_answers(output)
        places = list(islice(_places(output.inputs), _MAX_PLACES))
        self._rows.add(output, [(path, each.found) for path, each in places if _is_list(each)])
        for element, values in given.items():
            known = self._elements[element]
            known.is_text &= all(type(value.found) is str for value in values)
            known.answers += [value.found for value in values][
                : max(0, _MAX_ANSWERS - len(known.answers))
            ]
            for place, prediction in places:
                each = known.places.setdefault(place, _Evidence())
                each.files += 1
                equal = {_equal_key(prediction, value) for value in values} - {None}
                each.equal_values |= equal
                each.equal_files += bool(equal)
                each.same_element |= find_element([prediction.found]) == element[0]
                each.is_scalar &= type(prediction.found) in (str, int, float, bool)
                if equal or similarity(element[-1], place[-1]) >= _SAME_NAME:
                    each.incomparable_files += not _is_comparable(prediction, values)

    def suggest(self) -> list[Suggestion | RowSuggestion]:
        """Return one suggestion for each element of the answers, in alphabetical order.

        Inputs that are named in a loop have one together, before the others.
        """
        rows = list(self._rows.suggest())
        suggestions = [
            _suggest(element, known)
            for element, known in sorted(self._elements.items())
            if not any(each.owns(element) for each in rows)
        ]
        # Two paths can have one name: {"a": {"b": …}} and a key "a.b" that contradicts it.
        others = {each.element: each for each in suggestions}
        return [*_with_own_names(rows, others), *others.values()]


class MappingSuggestions:
    """Suggested mappings by flow definition, because each has its own task."""

    def __init__(self) -> None:
        self._evidence: dict[str, MappingEvidence] = defaultdict(MappingEvidence)

    def add(self, output: Output) -> None:
        """Add an output of a custom task with answers.

        Raises
        ------
        UnreadableOutputError
            If the answers are too large.
        """
        self._evidence[output.flow_definition_name or ""].add(output)

    def describe(self) -> Iterator[str]:
        """Yield one line for each element of the answers, without values."""
        for flow_definition, evidence in sorted(self._evidence.items()):
            prefix = f"{flow_definition or _UNNAMED}: " if len(self._evidence) > 1 else ""
            for each in evidence.suggest():
                yield f"{prefix}{each.describe()}"
            if prefix and not flow_definition:
                yield f"{prefix}left out, because a mapping is found by the flow definition's name"

    def to_json(self) -> list[Any] | dict[str, list[Any]] | None:
        """Return the mapping, or several by flow definition. None without any field."""
        mappings = {
            flow_definition: fields
            for flow_definition, evidence in sorted(self._evidence.items())
            if (fields := [each.mapping.to_json() for each in evidence.suggest() if each.mapping])
        }
        if len(self._evidence) > 1:
            mappings.pop("", None)
            return mappings or None
        return next(iter(mappings.values()), None)


def _read_answers(output: Output) -> dict[Path, list[_Candidate]]:
    """Return what the reviewers gave, by the element of the answers."""
    contents = [answer.content for answer in output.answers]
    given: dict[Path, list[_Candidate]] = defaultdict(list)
    for answer in read_elements(contents, output.answers[0].place.source):
        for element, value in answer.items():
            if element[0] not in ELEMENTS:
                given[element].append(_Candidate(value, read_value(value)))
    for content in contents:
        for key in ELEMENTS.keys() & content.keys():
            given[key,].append(_Candidate(content[key], None))
    return given


def _places(inputs: Mapping[str, Any]) -> Iterator[tuple[Path, _Candidate]]:
    """Yield the places of an input that have a value, the outer ones first."""
    try:
        inputs = unfold(dict(inputs))
    except TooLargeError:
        return
    pending: list[tuple[Path, Any]] = [((name,), inputs[name]) for name in sorted(inputs)]
    for path, value in pending:  # grows while it is read
        read = read_value(value)
        if read is not None and not read.is_blank:
            yield path, _Candidate(value, read)
        if type(value) is dict and len(path) < _MAX_DEPTH and len(pending) < _MAX_PLACES:
            pending += [((*path, key), value[key]) for key in sorted(value)]


def _equal_key(prediction: _Candidate, answer: _Candidate) -> Any:
    """Return what two values have in common if they are equal, else None."""
    one, other = to_common_kind([prediction.value, answer.value])
    if one is None or other is None or other.is_blank:
        return None
    if {one.kind, other.kind} & {ValueKind.OPAQUE, ValueKind.MASK}:
        return None
    if one.comparison_key == other.comparison_key or same_drawing(one, other):
        return one.comparison_key
    return None


def _is_list(candidate: _Candidate) -> bool:
    """Return whether a place has a list of rows: of objects, or of texts."""
    found = candidate.found
    return type(found) is list and (
        all(type(row) is dict for row in found) or all(type(row) is str for row in found)
    )


def _is_comparable(prediction: _Candidate, answers: Sequence[_Candidate]) -> bool:
    if any(answer.value is None for answer in answers):
        return True  # the element of a built-in task has its own rules
    made = make_field("", prediction.found, [answer.found for answer in answers])
    return made.note is not Note.NOT_COMPARABLE


def _with_own_names(
    rows: Iterable[RowSuggestion], others: Mapping[str, Suggestion]
) -> Iterator[RowSuggestion]:
    """Yield rows with names that no other field has."""
    names = {*others}
    for each in rows:
        name = each.mapping.name
        while name in names:
            name += " rows"
        names.add(name)
        yield replace(each, mapping=replace(each.mapping, name=name))


def _suggest(element: Path, known: _Element) -> Suggestion:
    name = write_name(element)
    places = known.places
    candidates = [
        (evidence.equal_files / evidence.files, similarity(element[-1], place[-1]), place)
        for place, evidence in places.items()
        if _is_candidate(evidence, similarity(element[-1], place[-1]))
    ]
    judgements = read_judgements(known.answers)
    if judgements is not None and not any(share for share, _, _ in candidates):
        return Suggestion(name, _judge(name, element, places, judgements), judgements=judgements)
    if not candidates:
        return Suggestion(name, None)
    # The highest share of equal values, then the most similar name, then the shortest path.
    _, alike, place = max(
        candidates, key=lambda each: (each[0], each[1], -len(each[2]), [*map(_reversed, each[2])])
    )
    evidence = places[place]
    # An answer that equals the prediction shows that the input is prefilled with it.
    is_prefilled = known.is_text and evidence.equal_files > 0
    mapping = _map(name, element, place)
    return Suggestion(
        name,
        replace(mapping, absent=Absent.BLANK) if is_prefilled else mapping,
        evidence.files,
        evidence.equal_files,
        alike,
        asks_for_absent=known.is_text and not is_prefilled,
    )


def _judge(
    name: str, element: Path, places: Mapping[Path, _Evidence], judgements: Mapping[str, str]
) -> FieldMapping | None:
    """Return the mapping of a verdict on the only place that can be a prediction."""
    scalars = [place for place, evidence in places.items() if evidence.is_scalar]
    named = [
        place
        for place in scalars
        if any(word in step.casefold() for step in place for word in _PREDICTIONS)
    ]
    found = named if named else scalars
    if len(found) != 1:
        return None
    return FieldMapping(
        name=name,
        prediction=write_expression(found[0]),
        answer=write_expression(element),
        answer_values=judgements,
    )


def _is_candidate(evidence: _Evidence, similarity: float) -> bool:
    if 2 * evidence.incomparable_files > evidence.files:
        return False
    if evidence.same_element or similarity >= _SAME_NAME:
        return True
    if 2 * evidence.equal_files < evidence.files or not evidence.equal_files:
        return False
    # One equal value can be chance, also in many files: a constant, or one of two labels.
    return similarity >= _SIMILAR_NAME or len(evidence.equal_values) > 1


def _map(name: str, element: Path, place: Path) -> FieldMapping:
    if element == place:
        return FieldMapping(name=name, path=write_expression(place))
    return FieldMapping(
        name=name, prediction=write_expression(place), answer=write_expression(element)
    )


def _reversed(text: str) -> tuple[int, ...]:
    """Return an order in which the first text of the alphabet is the highest."""
    return tuple(-ord(character) for character in text)
