"""Fields of what a mapping's expressions found: what counts as an answer, and why there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from human_loop_reviews.mapping import Absent, FieldMapping, Judgement
from human_loop_reviews.outcome_values import Note
from human_loop_reviews.review.field import Field, Vote
from human_loop_reviews.review.values import fold
from human_loop_reviews.tasks.crowd_elements import is_choice, read_value, split_name
from human_loop_reviews.tasks.image_size import ImageSize
from human_loop_reviews.tasks.look_up import LookUp, PathMatch, find_paths_of, look_up
from human_loop_reviews.tasks.searchable import SearchableAnswer
from human_loop_reviews.tasks.value_fields import make_field

#: What an expression finds where a path is missing.
MISSING: Final = frozenset({PathMatch.NOTHING, PathMatch.ELEMENT_ONLY})

#: The input is not in the answer.
ABSENT: Final = LookUp(PathMatch.NOTHING)


def look_up_answer(expression: str, answer: SearchableAnswer) -> LookUp:
    """Evaluate an expression on an answer. A path is missing only from an input that is there.

    The inputs ``address.town`` and ``address.street`` are unfolded to one object. If one of them is
    left empty, it is absent, as an input without a dot is.

    Raises
    ------
    ExpressionFailedError
        If the expression cannot be evaluated on the answer.

    Examples
    --------
    >>> written = {"address.street": "Main Street"}
    >>> answer = SearchableAnswer(written, {"address": {"street": "Main Street"}})
    >>> look_up_answer("address.town", answer).found
    <PathMatch.NOTHING: 'nothing'>
    """
    found = look_up(expression, answer.unfolded)
    if found.found is PathMatch.VALUE or found.found is PathMatch.NOTHING:
        return found
    paths = find_paths_of(expression)
    if not paths or any(_meet(path, split_name(name)) for name in answer.written for path in paths):
        return found
    return ABSENT


def _meet(path: Sequence[str | int], name: Sequence[str | int]) -> bool:
    """Return whether an input is within the path, or has it within itself."""
    return all(
        step == part or (isinstance(step, int) and isinstance(part, int) and step < 0)
        for step, part in zip(path, name, strict=False)
    )


def make_found_field(
    name: str,
    prediction: LookUp,
    answers: Sequence[LookUp],
    mapping: FieldMapping,
    confidence: float | None,
    image_size: Callable[[], ImageSize | None],
) -> Field:
    """Return the field of what was found, with the reason if it is not compared.

    Parameters
    ----------
    name
        The field's name.
    prediction, answers
        What the expressions found.
    mapping
        How the field is compared, and what an absent input means.
    confidence
        The model's confidence, from 0 to 100.
    image_size
        Returns the size of the image that the answers have, None without one.
    """
    if mapping.answer_values is not None:
        answers = [ABSENT if _is_undecided(answer) else answer for answer in answers]
    absent = 0
    if mapping.absent == Absent.UNKNOWN and prediction.found is PathMatch.VALUE:
        absent = sum(answer.found is PathMatch.NOTHING for answer in answers)
    details = {"absentAnswers": absent} if absent else {}
    note = why_not_compared(prediction, answers, mapping)
    if note is not None:
        return not_compared(name, len(answers), note)._replace(details=details)
    given = [_read_answer(answer, mapping) for answer in answers]
    if _UNLISTED in given:
        votes = [Vote(read_value(answer.value)) for answer in answers]
        predicted = read_value(prediction.value)
        return Field(name, votes, predicted, note=Note.NOT_COMPARABLE, details=details)
    field = make_field(name, prediction.value, given, mapping, confidence, image_size)
    return field._replace(details={**field.details, **details})


def why_not_compared(
    prediction: LookUp, answers: Sequence[LookUp], mapping: FieldMapping
) -> Note | None:
    """Return why a field is not compared: a path that finds nothing is not an answer."""
    found = {answer.found for answer in answers}
    if PathMatch.ELEMENT_ONLY in found:
        return Note.PATH_NOT_FOUND
    if prediction.found in MISSING:
        return Note.PREDICTION_NOT_FOUND
    if (
        found == {PathMatch.NOTHING}
        and prediction.found is PathMatch.VALUE
        and mapping.absent == Absent.UNKNOWN
    ):
        return Note.ANSWER_NOT_FOUND
    return None


def not_compared(name: str, answers: int, note: Note) -> Field:
    """Return a field without values."""
    return Field(name, [Vote()] * answers, note=note)


def read_share(confidence: LookUp | None, mapping: FieldMapping) -> float | None:
    """Return a confidence from 0 to 100, None if it is none."""
    highest = mapping.confidence_max
    number = read_number_up_to(None if confidence is None else confidence.value, highest)
    return None if number is None else round(number * 100 / highest, 6)


def read_number_up_to(value: Any, highest: float) -> float | None:
    """Return a number from 0 to the highest one, None for anything else."""
    if type(value) is not int and type(value) is not float:
        return None
    return float(value) if 0 <= value <= highest else None


# An answer that the mapping's ``answer_values`` do not list.
_UNLISTED: Final = object()


def _read_answer(answer: LookUp, mapping: FieldMapping) -> Any:
    """Return the value of an answer, or what it says about the prediction."""
    if answer.found is PathMatch.NOTHING:
        return Judgement.UPHELD if mapping.absent == Absent.UPHELD else None
    if mapping.answer_values is None:
        return answer.value
    meanings = {fold(value): meaning for value, meaning in mapping.answer_values.items()}
    found = [meanings[each] for each in _write_answers(answer.value) if each in meanings]
    return Judgement(found[0]) if len(found) == 1 else _UNLISTED


def _is_undecided(answer: LookUp) -> bool:
    """Return whether the input of a verdict is there, and nothing is selected or entered."""
    return answer.found not in MISSING and not _write_answers(answer.value)


def _write_answers(value: Any) -> list[str]:
    """Return an answer as texts: what was selected, a single box also as true or false.

    It is empty where nothing is selected.
    """
    if is_choice(value):
        chosen = [fold(name) for name, selected in value.items() if selected]
        if len(value) > 1:
            return chosen
        return [*chosen, "true" if chosen else "false"]
    read = read_value(value)
    if read is None or read.is_blank:
        return []
    if isinstance(read.display, list):
        return [fold(str(each)) for each in read.display]
    display = read.display
    return [str(display).lower() if isinstance(display, bool) else fold(str(display))]
