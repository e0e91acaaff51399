"""The corrected document of a form: its keys and values in the document's order."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from human_loop_reviews.a2i.output import Output
from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.corrected.decision import DISPUTED, Decision, decide
from human_loop_reviews.corrected.errors import NoCorrectedDocumentError
from human_loop_reviews.outcome_values import FieldStatus
from human_loop_reviews.review.natural_order import natural_key
from human_loop_reviews.review.verdicts import FieldReview, Review
from human_loop_reviews.tasks.form_blocks import Form, Pair, read_form
from human_loop_reviews.tasks.forms import TASK

if TYPE_CHECKING:
    from human_loop_reviews.corrected_document_schema import CorrectedField


class PredictedForm(NamedTuple):
    """What the model read, and what of it the reviewers were shown."""

    response: Form
    shown: Form

    @property
    def pairs(self) -> Iterable[Pair]:
        """All pairs in the order of their keys' blocks. Of those with one id, the shown one."""
        pairs = {pair.id: pair for form in self for pair in form.pairs}
        order = dict.fromkeys(block["id"] for form in self for block in form.blocks)
        return [pairs[block_id] for block_id in order if block_id in pairs]


class CorrectedPair(NamedTuple):
    """One pair of the model, or one that the reviewers added, with the decision about it."""

    key: str
    decision: Decision
    predicted: Pair | None
    """What the model read. None for a pair that the reviewers added."""

    @property
    def predicted_key(self) -> str | None:
        """The model's key where it is another one."""
        if self.predicted is None or self.predicted.key == self.key:
            return None
        return self.predicted.key


def correct_form(output: Output, review: Review) -> list[CorrectedField]:
    """Return the fields of the corrected form. See `correct_pairs`."""
    return [_describe(pair) for pair in correct_pairs(read_predicted_form(output), review)]


def read_predicted_form(output: Output) -> PredictedForm:
    """Read what the model read.

    Raises
    ------
    NoCorrectedDocumentError
        If the response cannot be read: pairs would be missing without notice.
    """
    prediction = TASK.read_prediction(output.inputs, output.inputs_place, ())
    try:
        response = read_form(prediction.response, output.inputs_place.at("aiServiceResponse"))
    except UnreadableOutputError as error:
        raise NoCorrectedDocumentError(str(error)) from None
    return PredictedForm(response, prediction.shown)


def correct_pairs(form: PredictedForm, review: Review) -> list[CorrectedPair]:
    """Return all pairs that the model read, then those that the reviewers added.

    The pairs of the model have the order of their keys' blocks in the response of Amazon Textract.
    A pair that the reviewers were not shown, and did not add, is unreviewed.
    """
    by_id, added = _reviewed(review)
    pairs = [_correct(pair, by_id.pop(pair.id, None)) for pair in form.pairs]
    if by_id:
        raise ValueError("the review is of another output")
    for field in added:
        decision = decide(field)
        if decision is not None:
            pairs.append(CorrectedPair(field.name, decision, None))
    return pairs


def _reviewed(review: Review) -> tuple[dict[str, FieldReview], list[FieldReview]]:
    """Return the fields of the model's pairs by the ids of their keys, and the others."""
    by_id: dict[str, FieldReview] = {}
    added = []
    for field in review.fields:
        blocks = field.source.get("blockIds")
        if blocks is None:
            added.append(field)
        else:
            by_id[blocks["key"]] = field
    # The order of reviewers, which is that of their values, does not count.
    added.sort(key=lambda each: (natural_key(each.name), json.dumps(each.consensus)))
    return by_id, added


def _correct(pair: Pair, field: FieldReview | None) -> CorrectedPair:
    if field is None:
        return CorrectedPair(pair.key, Decision(FieldStatus.UNREVIEWED, pair.value.display), pair)
    decision = decide(field) or DISPUTED
    keeps_key = decision.status in (FieldStatus.REMOVED, FieldStatus.DISPUTED)
    return CorrectedPair(pair.key if keeps_key else field.name, decision, pair)


def _describe(pair: CorrectedPair) -> CorrectedField:
    predicted: Any = None if pair.predicted is None else pair.predicted.value.display
    described: CorrectedField = {
        "key": pair.key,
        "value": pair.decision.value,
        "predicted": predicted,
        "status": pair.decision.status,
    }
    if pair.predicted_key is not None:
        described["predictedKey"] = pair.predicted_key
    if pair.predicted is not None:
        described["blockIds"] = {
            "key": pair.predicted.id,
            "values": [block["id"] for block in pair.predicted.value_blocks],
        }
    return described
