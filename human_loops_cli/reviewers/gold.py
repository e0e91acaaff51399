"""Gold loops: loops of which the right values are known, planted among the others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from human_loop_reviews.mapping import FieldMapping, TaskMapping
from human_loop_reviews.review.field import COMPARED_IN_PART, NOT_COMPARED, Field
from human_loop_reviews.review.verdicts import judge_fields, upholds
from human_loop_reviews.tasks.value_fields import make_field
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.files import read_whole
from human_loops_cli.reviewers.units import is_unit
from human_loops_cli.rows import field_of_row
from human_loops_cli.votes import Votes

_MAX_BYTES: Final = 64 * 1024 * 1024

_EXPECTED: Final = 'expected {"LOOP NAME": {"FIELD": VALUE, ...}, ...}'


class GoldField(NamedTuple):
    """A field of which the right value is known."""

    right: Mapping[str, bool]
    """Whether each reviewer gave it, by worker id."""
    prediction_right: bool
    """Whether the model predicted it."""
    prediction_upheld: bool | None
    """Whether more than half of the reviewers upheld the prediction. None on a tie."""


@dataclass(frozen=True, slots=True)
class Gold:
    """The right values by loop and field.

    Parameters
    ----------
    path
        The file.
    values
        What it says.
    """

    path: Path
    values: Mapping[str, Mapping[str, Any]]

    def find(
        self, loop: str | None, votes: Votes, mapping: TaskMapping | None
    ) -> tuple[list[GoldField], int]:
        """Return the fields of a loop with known values, and how many could not be compared."""
        expected = dict(self.values.get(loop or "", {}))
        found: list[GoldField] = []
        for field in votes.fields:
            if field.name in expected and is_unit(field):
                compared = _compare(field, expected[field.name], votes, mapping)
                if compared is not None:
                    del expected[field.name]
                    found.append(compared)
        return found, len(expected)


def read_gold(path: Path) -> Gold:
    """Read the right values.

    Raises
    ------
    CommandError
        If the file cannot be read, or is not in the expected form.
    """
    try:
        document = json.loads(read_whole(path, _MAX_BYTES))
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from None
    except (ValueError, RecursionError) as error:
        raise _unusable(path, f"{error}; {_EXPECTED}") from None
    if not isinstance(document, dict) or not document:
        raise _unusable(path, _EXPECTED)
    for loop, fields in document.items():
        if not isinstance(fields, dict) or not fields:
            raise _unusable(path, f"{loop}: {_EXPECTED}")
    return Gold(path, document)


def _compare(
    field: Field, expected: Any, votes: Votes, mapping: TaskMapping | None
) -> GoldField | None:
    """Compare the votes and the prediction with the right value. None if they cannot be."""
    marks = list(_mark(field, expected, mapping))
    if None in marks:
        return None
    prediction, *given = marks
    (review,) = judge_fields([field], prediction_known=True)
    return GoldField(
        right={
            answer.worker_id: bool(right)
            for answer, right in zip(votes.answers, given, strict=True)
            if answer.worker_id is not None
        },
        prediction_right=bool(prediction),
        prediction_upheld=review.model_correct,
    )


def _mark(field: Field, expected: Any, mapping: TaskMapping | None) -> Iterator[bool | None]:
    """Return whether the prediction, then each vote, is the right value."""
    values = [field.predicted, *field.values]
    if expected is None or expected == "":
        yield from (each is None or each.is_blank for each in values)
        return
    displayed = [None if each is None else each.display for each in values]
    compared = make_field(field.name, expected, displayed, _mapping_of(field.name, mapping))
    if compared.note in NOT_COMPARED or compared.note in COMPARED_IN_PART:
        yield None
        return
    moved = [None, *field.moved_keys]
    for vote, value, key in zip(compared.votes, compared.values, moved, strict=True):
        yield key is None and upholds(compared, vote, value)


def _mapping_of(name: str, mapping: TaskMapping | None) -> FieldMapping | None:
    names = (name, field_of_row(name))
    fields = () if mapping is None else mapping.fields
    return next((each for each in fields if each.name in names), None)


def _unusable(path: Path, reason: str) -> CommandError:
    return CommandError(f"{path}: {reason}", status=ExitStatus.USAGE)
