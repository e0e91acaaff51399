"""The verdicts of one human loop: the reviewers' votes on each field beside the prediction.

More than half of the reviewers decide. One reviewer decides alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from human_loop_reviews.outcome_values import Note, Verdict
from human_loop_reviews.review.consensus import Consensus, find_consensus
from human_loop_reviews.review.field import COMPARED_IN_PART, NOT_COMPARED, Field, Vote
from human_loop_reviews.review.natural_order import natural_key
from human_loop_reviews.review.values import REJECTION, Value, ValueKind

if TYPE_CHECKING:  # the task types that can have one import it
    from human_loop_reviews.a2i.activation import Activation

_NO_CONSENSUS: Final = Consensus(reached=False, value=None, agreement=None)


class FieldReview(NamedTuple):
    """The review of one field."""

    name: str
    """The key that more than half of the reviewers gave, or else the model's."""
    predicted_name: str | None
    """The model's key where it is another one than the name, else None."""
    verdict: Verdict | None
    """None where there is no prediction to compare with, or for the reason in ``note``."""
    model_correct: bool | None
    """Whether more than half of the reviewers upheld the prediction. False if more than half did
    not, whatever they gave instead. None on a tie, without a prediction, and where nothing, or not
    enough, was compared."""
    upheld_share: float | None
    """The share of reviewers who upheld the prediction. None without a prediction, and where
    nothing was compared."""
    reviewer_agreement: float | None
    """The share of pairs of reviewers who gave the same key and value. None with fewer than two
    reviewers, and where nothing was compared."""
    confidence: float | None
    """The model's confidence, from 0 to 100, where it is known."""
    shown: bool | None
    """Whether the reviewers were shown the prediction. None without one."""
    note: Note | None
    """Why the field has no verdict, or was compared only in part. None if it was compared fully."""
    kind: ValueKind | None
    """How the consensus is compared, or the model's value without one, or the reviewers' values.
    None without any value."""
    details: Mapping[str, Any]
    """As in `Field`."""
    source: Mapping[str, Any]
    """As in `Field`."""
    predicted: Any
    """The model's value, ready for JSON. None for no value."""
    answers: tuple[Any, ...]
    """Each reviewer's value, in one order for all fields. None for no value."""
    consensus: Any
    """The value that more than half of the reviewers gave. None if there is no such value."""
    placed: bool = True
    """Whether it is known where the reviewers' value belongs. False if one key stands several times
    and a reviewer replaced more than one of its values, which the output does not say apart, and if
    more than half of the reviewers gave other keys than the model's, but not the same one."""


class Review(NamedTuple):
    """All verdicts of one human loop."""

    answer_count: int
    """How many reviewers answered."""
    prediction_known: bool
    """Whether the output, or the owner's mapping, contains the prediction."""
    fields: tuple[FieldReview, ...]
    """The fields by name."""
    seconds_to_first_acceptance: float | None
    """From the loop's creation until the first reviewer accepted the task, where known."""
    seconds_worked: tuple[float | None, ...]
    """How long each reviewer worked, None where unknown, in the order of the fields'
    ``answers``."""
    activation: Activation | None = None
    """Why the loop was started. None where the output does not say."""

    @property
    def unanswered(self) -> bool:
        """Whether no reviewer answered, which is neither agreement nor disagreement."""
        return self.answer_count == 0

    @property
    def verdict_counts(self) -> dict[Verdict, int]:
        """How many fields have each verdict."""
        counts = Counter(field.verdict for field in self.fields)
        return {verdict: counts[verdict] for verdict in Verdict}

    @property
    def fields_absent(self) -> int:
        """How many fields lack an answer's input while it is not known what that means."""
        return sum("absentAnswers" in field.details for field in self.fields)

    @property
    def fields_judged(self) -> int:
        """How many shown fields were found correct or wrong."""
        return sum(field.shown is True and field.model_correct is not None for field in self.fields)

    @property
    def fields_correct(self) -> int:
        """How many of the judged fields were found correct."""
        return sum(field.shown is True and field.model_correct is True for field in self.fields)

    @property
    def agreement(self) -> float | None:
        """The share of correct fields among the judged ones. None without any."""
        return self.fields_correct / self.fields_judged if self.fields_judged else None

    @property
    def reviewer_agreement(self) -> float | None:
        """The mean of the fields' reviewer agreement. None without any."""
        shares = [
            field.reviewer_agreement
            for field in self.fields
            if field.reviewer_agreement is not None
        ]
        return sum(shares) / len(shares) if shares else None


#: The review of a loop without an output.
NO_REVIEW: Final = Review(
    answer_count=0,
    prediction_known=False,
    fields=(),
    seconds_to_first_acceptance=None,
    seconds_worked=(),
)


def judge_fields(fields: Iterable[Field], *, prediction_known: bool) -> tuple[FieldReview, ...]:
    """Count the votes on each field, and compare them with the prediction.

    Parameters
    ----------
    fields
        The fields in any order.
    prediction_known
        Whether the absence of a predicted value means that the model predicted none.

    Returns
    -------
    tuple[FieldReview, ...]
        The fields by name in natural order, those of one name by their values.

    Examples
    --------
    >>> from human_loop_reviews.review.values import text_value
    >>> total = Field("Total", [Vote(text_value("6"))], predicted=text_value("5"))
    >>> (review,) = judge_fields([total], prediction_known=True)
    >>> review.verdict, review.model_correct
    (<Verdict.CORRECTED: 'corrected'>, False)
    """
    reviews = [_judge(field, prediction_known) for field in fields]
    if len({review.name for review in reviews}) < len(reviews):
        reviews.sort(key=lambda review: repr((review.predicted, review.answers, review.confidence)))
    reviews.sort(key=lambda review: natural_key(review.name))
    return tuple(reviews)


class _Tally(NamedTuple):
    """How many reviewers gave what, compared with the prediction."""

    reviewers: int
    upheld: int
    relabelled: int
    """The same value under another key."""
    nothing: int
    rejected: int
    """They rejected the prediction without another value."""
    consensus: Consensus


def _judge(field: Field, prediction_known: bool) -> FieldReview:
    values = field.values
    name = _name(field)
    compared = field.note not in NOT_COMPARED
    tally = _count(field, values) if compared else None
    verdict, note = _verdict(field, tally, prediction_known) if tally else (None, field.note)
    predicted = field.predicted
    consensus = tally.consensus if tally else _NO_CONSENSUS
    return FieldReview(
        name=name,
        predicted_name=None if predicted is None or name == field.name else field.name,
        verdict=verdict,
        model_correct=_model_correct(field, tally) if tally else None,
        upheld_share=tally.upheld / tally.reviewers if tally and predicted is not None else None,
        reviewer_agreement=_reviewer_agreement(field, values, consensus),
        confidence=field.confidence,
        shown=None if predicted is None else field.shown,
        note=note,
        kind=_kind((consensus.value, predicted, *[vote.value for vote in field.votes])),
        details=field.details,
        source=field.source,
        predicted=None if predicted is None else predicted.display,
        answers=tuple([None if value is None else value.display for value in values]),
        consensus=None if consensus.value is None else consensus.value.display,
        placed=field.placed and not _is_key_lost(field, name),
    )


def _count(field: Field, values: Sequence[Value | None]) -> _Tally:
    predicted = field.predicted
    upheld = relabelled = nothing = rejected = 0
    for vote, value in zip(field.votes, values, strict=True):
        is_nothing = value is None or value.is_blank
        nothing += is_nothing
        rejected += value is REJECTION
        if predicted is None:
            continue
        if upholds(field, vote, value):
            upheld += 1
        elif vote.moved and value is not None and are_equal(field, predicted, value):
            relabelled += 1
    consensus = find_consensus(values, field.same)
    return _Tally(len(values), upheld, relabelled, nothing, rejected, consensus)


def upholds(field: Field, vote: Vote, value: Value | None) -> bool:
    """Return whether a vote upholds the prediction of its field.

    Parameters
    ----------
    field
        The field.
    vote, value
        The vote, and its value in `Field.values`.

    Examples
    --------
    >>> from human_loop_reviews.review.values import text_value
    >>> vote = Vote(text_value("5"), key="Amount", moved=True)
    >>> upholds(Field("Total", [vote], predicted=text_value("5")), vote, vote.value)
    False
    """
    predicted = field.predicted
    if predicted is None:
        return False
    if value is None or value.is_blank:
        return predicted.is_blank
    return not vote.moved and are_equal(field, predicted, value)


def are_equal(field: Field, one: Value, other: Value) -> bool:
    """Return whether two values of a field are the same, by the field's rule."""
    if one.comparison_key == other.comparison_key:
        return True
    return field.same is not None and field.same(one, other)


def _model_correct(field: Field, tally: _Tally) -> bool | None:
    if field.predicted is None:
        return None
    if 2 * tally.upheld > tally.reviewers:
        return None if field.note in COMPARED_IN_PART else True
    return False if 2 * (tally.reviewers - tally.upheld) > tally.reviewers else None


def _verdict(
    field: Field, tally: _Tally, prediction_known: bool
) -> tuple[Verdict | None, Note | None]:
    """Return the verdict, and the field's note or the reason for no verdict."""
    if field.predicted is not None:
        return _verdict_on_prediction(field, tally), field.note
    if not prediction_known:
        return None if tally.consensus.reached else Verdict.DISPUTED, field.note
    given = tally.reviewers - tally.nothing
    if tally.consensus.reached and tally.consensus.value is not None:
        return Verdict.ADDED, field.note
    if 2 * given >= tally.reviewers:
        return Verdict.DISPUTED, field.note
    return None, Note.MINORITY if given else field.note


def _verdict_on_prediction(field: Field, tally: _Tally) -> Verdict | None:
    half = tally.reviewers / 2
    if tally.upheld > half:
        return None if field.note in COMPARED_IN_PART else Verdict.CONFIRMED
    if tally.nothing > half:
        return Verdict.REMOVED
    if tally.rejected > half:
        return Verdict.REJECTED
    if tally.relabelled > half:
        return Verdict.RELABELLED
    predicted, value = field.predicted, tally.consensus.value
    if value is None or predicted is None or are_equal(field, predicted, value):
        return Verdict.DISPUTED
    return Verdict.CORRECTED


def _kind(values: Sequence[Value | None]) -> ValueKind | None:
    """Return the kind of the first value that is not empty, else of the first value."""
    given = [value for value in values if value is not None and value is not REJECTION]
    return next((value.kind for value in sorted(given, key=lambda value: value.is_blank)), None)


def _name(field: Field) -> str:
    """Return the key that more than half of the reviewers gave, else the model's.

    Without a prediction it is the key that most of those gave who gave one, the first in the
    alphabet on a tie.
    """
    keys = [vote.key for vote in field.votes if vote.key]
    if not keys:
        return field.name
    if keys.count(keys[0]) == len(field.votes):
        return keys[0]
    key, count = min(Counter(keys).items(), key=lambda entry: (-entry[1], entry[0]))
    if field.predicted is None or 2 * count > len(field.votes):
        return key
    return field.name


def _is_key_lost(field: Field, name: str) -> bool:
    """Return whether more than half of the reviewers gave other keys, and no common one."""
    if name != field.name or not any(vote.moved for vote in field.votes):
        return False
    return 2 * sum(key is not None for key in field.moved_keys) > len(field.votes)


def _reviewer_agreement(
    field: Field, values: Sequence[Value | None], consensus: Consensus
) -> float | None:
    """Return the share of pairs of reviewers who gave the same value, and the same key."""
    if not any(field.moved_keys):
        return consensus.agreement
    keyed = [
        value._replace(comparison_key=(key, value.comparison_key))
        if value is not None and key is not None
        else value
        for key, value in zip(field.moved_keys, values, strict=True)
    ]
    return find_consensus(keyed).agreement
