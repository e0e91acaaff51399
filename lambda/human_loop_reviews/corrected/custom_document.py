"""The corrected document of a custom task: its input with the fields of the mapping corrected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.corrected.custom_part import (
    CustomPart,
    dispute_added_rows_after_gaps,
    dispute_rows_of_one_key,
    dispute_shifted_rows,
    make_part,
    make_parts_of_element,
)
from human_loop_reviews.corrected.decision import Decision
from human_loop_reviews.corrected.depth import require_depth
from human_loop_reviews.corrected.errors import NoCorrectedDocumentError
from human_loop_reviews.corrected.mapped_places import MappedPlaces, Target
from human_loop_reviews.corrected.places import EditedCopy
from human_loop_reviews.corrected.settled_places import settle_places
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.outcome_values import FieldStatus
from human_loop_reviews.review.verdicts import FieldReview, Review
from human_loop_reviews.tasks.look_up import ExpressionFailedError, look_up
from human_loop_reviews.tasks.searchable import searchable_inputs

if TYPE_CHECKING:
    from human_loop_reviews.corrected_document_schema import CorrectedField, NotApplied


def correct_inputs(
    output: Output, review: Review, mapping: Sequence[FieldMapping]
) -> tuple[list[CorrectedField], dict[str, Any], list[NotApplied]]:
    """Return the fields, the input with the corrections, and the fields that were not applied.

    What the reviewers did not decide, and what cannot be written, is null in the input.

    Raises
    ------
    NoCorrectedDocumentError
        If names of the mapping do not distinguish its fields, or the input is nested too deeply.
    """
    _refuse_ambiguous_names(mapping)
    require_depth(output.inputs)
    searched = searchable_inputs(output.inputs)
    places = [MappedPlaces(each, output.inputs, searched) for each in mapping]
    if review.unanswered:
        unreviewed = [part for each in places for part in _unreviewed(each, searched)]
        return [_describe(part) for part in unreviewed], dict(output.inputs), []
    parts = [part for each in places for part in _parts_of(each, review.fields)]
    copy = EditedCopy(output.inputs)
    for place, value in settle_places(parts).items():
        copy.replace(place, value)
    for part in parts:
        if part.target.appends and part.is_written:
            copy.append(part.target.place or (), part.decision.value)
    not_applied: list[NotApplied] = [
        {"key": part.key, "reason": part.reason} for part in parts if part.reason is not None
    ]
    return [_describe(part) for part in parts], copy.content, not_applied


def _refuse_ambiguous_names(mapping: Sequence[FieldMapping]) -> None:
    """Refuse names that several fields have, or that are those of another field's rows."""
    seen: set[str] = set()
    for each in mapping:
        if each.name in seen:
            raise NoCorrectedDocumentError(
                f"two fields of the mapping are named {each.name}: give each another name"
            )
        seen.add(each.name)
    for each in mapping:
        row = re.fullmatch(r"(.*)\[[0-9]+\]", each.name, re.DOTALL)
        if row is not None and row[1] in seen:
            raise NoCorrectedDocumentError(
                f"a field of the mapping is named {each.name}, as rows of {row[1]} are: give it "
                "another name"
            )


def _unreviewed(places: MappedPlaces, searched: Mapping[str, Any]) -> Iterable[CustomPart]:
    """Yield the predictions of a loop that nobody answered."""
    name = places.mapping.name
    try:
        predicted = look_up(places.mapping.prediction_path, searched).value
    except ExpressionFailedError:
        return
    if not places.mapping.rows or type(predicted) is not list:
        yield _unreviewed_part(name, predicted)
        return
    for index, row in enumerate(predicted):
        is_known = places.reason is None
        value = places.row(index).predicted if is_known else row
        yield _unreviewed_part(f"{name}[{index}]", value)


def _unreviewed_part(key: str, value: Any) -> CustomPart:
    return CustomPart(key, Target(None), Decision(FieldStatus.UNREVIEWED, value), value)


def _parts_of(places: MappedPlaces, fields: Sequence[FieldReview]) -> list[CustomPart]:
    """Return the parts of one field of the mapping: one, or one per row or part of an element."""
    name = places.mapping.name
    rows: dict[int, CustomPart] = {}
    inner = []
    for field in fields:
        rest = field.name[len(name) :] if field.name.startswith(name) else None
        if rest == "":
            part = make_part(field, places.whole, places.mapping)
            return [] if part is None else [part]
        if rest is None:
            continue
        row = re.fullmatch(r"\[([0-9]+)\]", rest) if places.mapping.rows else None
        if row is not None:
            index = int(row[1])
            part = make_part(field, places.row(index), places.mapping)
            if part is not None:
                rows[index] = part
        elif rest.startswith("."):
            inner.append(field)
    if not rows:
        return make_parts_of_element(inner, places.whole)
    dispute_rows_of_one_key(rows, places)
    dispute_shifted_rows(rows, places)
    dispute_added_rows_after_gaps(rows, places)
    return [rows[index] for index in sorted(rows)]


def _describe(part: CustomPart) -> CorrectedField:
    return {
        "key": part.key,
        "value": part.decision.value,
        "predicted": part.predicted,
        "status": part.decision.status,
    }
