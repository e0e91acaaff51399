"""What the reviewers decided about a field: its value in a corrected document, and its status."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from human_loop_reviews.outcome_values import FieldStatus, Note, Verdict
from human_loop_reviews.review.verdicts import FieldReview


class Decision(NamedTuple):
    """What a corrected document has for a field."""

    status: FieldStatus
    value: Any
    """None for no value."""


#: There is no decision: the document has no value, whatever the model predicted.
DISPUTED: Final = Decision(FieldStatus.DISPUTED, None)


def decide(field: FieldReview) -> Decision | None:
    """Return the decision about a field.

    The verdict decides, and what it leaves open is disputed:

    - ``confirmed``: the predicted value is upheld.
    - ``corrected`` and ``added``: the value that more than half of the reviewers gave.
    - ``relabelled``: the predicted value, corrected to the key that more than half gave.
    - ``removed``: no value.
    - ``disputed`` and ``rejected``: no value, also on a tie, where the model may be right.
    - Without a verdict: no value, unless a minority added it, which counts as not given.

    A correction of which it is not known where it belongs is disputed. So is a removal that the
    absence of inputs can mean, or not (``absent`` in the mapping).

    Returns
    -------
    Decision | None
        None for a field that neither the model nor more than half of the reviewers gave.
    """
    match field.verdict:
        case Verdict.CONFIRMED:
            return Decision(FieldStatus.UPHELD, field.predicted)
        case None if field.predicted is None and field.note in (None, Note.MINORITY):
            return None
        case Verdict.ADDED:
            return Decision(FieldStatus.ADDED, field.consensus)
        case _ if not field.placed:
            return DISPUTED
        case Verdict.REMOVED if "absentAnswers" in field.details:
            return DISPUTED
        case Verdict.CORRECTED:
            return Decision(FieldStatus.CORRECTED, field.consensus)
        case Verdict.RELABELLED:
            return Decision(FieldStatus.CORRECTED, field.predicted)
        case Verdict.REMOVED:
            return Decision(FieldStatus.REMOVED, None)
    return DISPUTED
