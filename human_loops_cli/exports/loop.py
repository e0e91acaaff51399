"""A reviewed human loop for the formats: the values of more than half of the reviewers."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.corrected.decision import DISPUTED, decide
from human_loop_reviews.mapping import FieldMapping
from human_loop_reviews.outcome_values import Verdict
from human_loop_reviews.review.field import COMPARED_IN_PART, NOT_COMPARED
from human_loop_reviews.review.values import ValueKind
from human_loop_reviews.review.verdicts import FieldReview, Review
from human_loop_reviews.tasks.look_up import ExpressionFailedError, look_up
from human_loop_reviews.tasks.searchable import searchable_inputs
from human_loops_cli.exports.left_out import LeftOutError, Reason
from human_loops_cli.exports.source import DEFAULT_EXPRESSION, Source
from human_loops_cli.files import as_text
from human_loops_cli.rows import field_of_row

#: The verdicts by which the model was not upheld, and more than half gave something else.
CORRECTIONS: Final = frozenset(
    {Verdict.CORRECTED, Verdict.ADDED, Verdict.REMOVED, Verdict.RELABELLED}
)

# A reviewer's comment for the owner of the task, which is not a value.
_COMMENT: Final = "workerComment"


class ReviewSelection(StrEnum):
    """Which reviews are exported."""

    #: Those in which the model was not upheld, and more than half gave something else.
    CORRECTED = "corrected"
    #: Those as well in which the model was upheld, or had predicted nothing to compare with.
    ALL = "all"


class FieldLeftOut(StrEnum):
    """Why a field has no consensus to export."""

    #: As in a corrected document: also a value of which it is not known which key it belongs to.
    DISPUTED = "disputed"
    #: A mask, a drawing that is compared by its labels only, or a mapping that finds nothing.
    NOT_COMPARED = "notCompared"
    #: The model predicted nothing, and no more than half of the reviewers gave a value.
    NO_VALUE = "noValue"
    #: A row without a text as its source or target.
    NO_PAIR = "noPair"
    #: A row with a text that the format does not take.
    NOT_TAKEN = "notTaken"


@dataclass(frozen=True, slots=True)
class ConsensusField:
    """A field whose value more than half of the reviewers gave.

    Parameters
    ----------
    name, predicted_name, verdict, predicted, confidence, kind
        As in a `FieldReview`. The name is that of the consensus.
    consensus
        The value, None where more than half gave none.
    agreement
        The share of pairs of reviewers who gave the same, 0 with one reviewer.
    """

    name: str
    predicted_name: str | None
    verdict: Verdict | None
    predicted: Any
    consensus: Any
    confidence: float | None
    kind: ValueKind | None
    agreement: float

    @property
    def is_correction(self) -> bool:
        """Whether the model was not upheld."""
        return self.verdict in CORRECTIONS


@dataclass(frozen=True)
class ReviewedLoop:
    """One human loop with its review."""

    input_name: str
    """The path or URI of its output."""
    output: Output
    review: Review
    """The output and the review of it. At least one reviewer answered."""
    source: Source | None
    """What the reviewers were shown, None where the output does not say."""
    only: ReviewSelection
    """Which reviews are exported."""
    field: str | None = None
    """The name of the only field to export. None for all."""
    mapping: Sequence[FieldMapping] = ()
    """Where a custom task's predictions and answers are found."""
    source_expression: str = DEFAULT_EXPRESSION
    """Where a custom task has what was reviewed."""
    _not_written: Counter[FieldLeftOut] = dataclasses.field(default_factory=Counter)

    @cached_property
    def _states(self) -> list[ConsensusField | FieldLeftOut]:
        return [
            _state(each)
            for each in self.review.fields
            if self.field in (None, each.name, each.predicted_name, field_of_row(each.name))
            and each.name.rpartition(".")[2] != _COMMENT
        ]

    @property
    def consensus(self) -> list[ConsensusField]:
        """The fields with a consensus, confirmed ones as well."""
        return [each for each in self._states if isinstance(each, ConsensusField)]

    @property
    def fields_left_out(self) -> Counter[FieldLeftOut]:
        """How many fields are not exported, and why."""
        states = Counter(each for each in self._states if isinstance(each, FieldLeftOut))
        return states + self._not_written

    def leave_out(self, why: FieldLeftOut) -> None:
        """Count a field with a consensus that the format cannot write."""
        self._not_written[why] += 1

    def require_fields(self) -> list[ConsensusField]:
        """Return the fields to export, one at least: with ``CORRECTED``, the corrected ones.

        Raises
        ------
        LeftOutError
            If there is none.
        """
        fields = self.consensus
        if self.only is ReviewSelection.CORRECTED:
            fields = [each for each in fields if each.is_correction]
        if fields:
            return fields
        raise LeftOutError(self._why_nothing())

    def require_selected(self, fields: Sequence[ConsensusField]) -> None:
        """Check a loop that is exported as a whole: with ``CORRECTED``, a field was corrected.

        Raises
        ------
        LeftOutError
            If not.
        """
        if self.only is ReviewSelection.CORRECTED and not any(
            each.is_correction for each in fields
        ):
            raise LeftOutError(self._why_nothing_corrected())

    def require_source(self) -> Source:
        """Return what the reviewers were shown.

        Raises
        ------
        LeftOutError
            If the output does not say.
        """
        if self.source is None:
            raise LeftOutError(Reason.NO_SOURCE)
        return self.source

    def require_one_field(self) -> ConsensusField:
        """Return the field that is named, or the only one.

        Raises
        ------
        LeftOutError
            If there is none, or more than one, or if it has no consensus.
        """
        if not self._states:
            raise LeftOutError(self._why_nothing())
        if len(self._states) > 1:
            raise LeftOutError(Reason.SEVERAL_FIELDS)
        (field,) = self._states
        if isinstance(field, FieldLeftOut):
            raise LeftOutError(self._why_nothing())
        self.require_selected([field])
        return field

    def predicts_one_class(self, field: ConsensusField) -> bool:
        """Return whether the input of a custom task has one text as the prediction of a field.

        A2I writes radio buttons as it writes checkboxes. A model that predicts a text, and not a
        list, predicts one class.
        """
        named = (each for each in self.mapping if each.name in (field.name, field.predicted_name))
        mapping = next(named, None)
        if mapping is None:
            return False
        try:
            found = look_up(mapping.prediction_path, searchable_inputs(self.output.inputs))
        except ExpressionFailedError:
            return False
        return isinstance(found.value, str)

    @property
    def trace(self) -> dict[str, str]:
        """What names the loop. A name that the output lacks is empty."""
        return {
            "human_loop_name": self.output.human_loop_name or "",
            "flow_definition_arn": self.output.flow_definition_arn or "",
            "output_uri": as_text(self.input_name),
        }

    @property
    def decided(self) -> datetime:
        """When the last reviewer submitted an answer, in UTC.

        Raises
        ------
        LeftOutError
            If no answer says when.
        """
        times = [each.submitted for each in self.output.answers if each.submitted is not None]
        if not times:
            raise LeftOutError(Reason.NO_TIME)
        return max(times).astimezone(UTC)

    def _why_nothing(self) -> Reason:
        if self.consensus:
            return self._why_nothing_corrected()
        if FieldLeftOut.DISPUTED in self._states:
            return Reason.DISPUTED
        if FieldLeftOut.NOT_COMPARED in self._states:
            return Reason.VALUE_KIND
        is_missing = self.field is not None and not self._states
        return Reason.NO_FIELD if is_missing else Reason.NO_VALUE

    def _why_nothing_corrected(self) -> Reason:
        return Reason.NOT_CORRECTED if self.review.prediction_known else Reason.NO_PREDICTION


def _state(field: FieldReview) -> ConsensusField | FieldLeftOut:
    """Return a field's consensus, or why it has none."""
    if field.note in NOT_COMPARED or field.note in COMPARED_IN_PART:
        return FieldLeftOut.NOT_COMPARED
    if field.verdict is not None and decide(field) == DISPUTED:
        return FieldLeftOut.DISPUTED
    consensus = field.consensus
    if consensus is None and field.verdict in (Verdict.CONFIRMED, Verdict.RELABELLED):
        # Each reviewer's number or drawing is near the model's, but not near the others'.
        consensus = field.predicted
    if consensus is None and field.predicted is None:
        return FieldLeftOut.NO_VALUE  # not even its name: one reviewer alone may have typed it
    return ConsensusField(
        name=field.name,
        predicted_name=None if field.predicted is None else field.predicted_name or field.name,
        verdict=field.verdict,
        predicted=field.predicted,
        consensus=consensus,
        confidence=field.confidence,
        kind=field.kind,
        agreement=field.reviewer_agreement or 0.0,
    )
