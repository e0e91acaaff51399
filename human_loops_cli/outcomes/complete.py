"""Complete outcomes of the ledger. What an item lacks is read again from the output."""

from __future__ import annotations

from typing import Any

from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.aws.calls import CallError
from human_loop_reviews.mapping_files import UnusableMappingError
from human_loop_reviews.outcome import describe_outcome
from human_loop_reviews.settle import OutputNotReadyError, Settler
from human_loops_cli.errors import explain
from human_loops_cli.outcomes.recorded import RecordedOutcome


class IncompleteOutcomeError(Exception):
    """An outcome in the ledger is incomplete, and its output cannot be read."""


def complete_outcome(recorded: RecordedOutcome, settler: Settler) -> dict[str, Any]:
    """Return an outcome as it was published.

    Parameters
    ----------
    recorded
        The outcome as the ledger has it.
    settler
        Reviews an output again, with the settings of the deployed handler.

    Raises
    ------
    IncompleteOutcomeError
        If the outcome is incomplete and its output cannot be read.
    """
    if recorded.problem is not None:
        raise IncompleteOutcomeError(recorded.problem)
    if recorded.is_complete:
        return recorded.outcome
    try:
        return _review_again(recorded, settler)
    except CallError as error:
        cause: Any = error.cause
        raise IncompleteOutcomeError(" ".join(str(explain(cause)).split())) from error
    except (OutputNotReadyError, UnreadableOutputError, UnusableMappingError) as error:
        raise IncompleteOutcomeError(str(error)) from error


def _review_again(recorded: RecordedOutcome, settler: Settler) -> dict[str, Any]:
    loop = recorded.loop
    error = recorded.outcome.get("outputError")
    output, review = (None, None) if error else settler.review(loop)
    outcome = describe_outcome(
        loop,
        output,
        review,
        disclosure=settler.settings.disclosure,
        output_error=error,
    )
    # It is the same outcome, so it must have the same id. The corrected document is not written
    # again: it is where it was.
    same = ("outcomeId", "correctedDocumentS3Uri")
    return outcome | {name: recorded.outcome.get(name) for name in same}
