"""Settling an ended human loop: the steps from its event to the ledger."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from human_loop_reviews.a2i.event import HumanLoopEvent, ObjectLocation, parse_event
from human_loop_reviews.a2i.output import Output, parse_output
from human_loop_reviews.a2i.same_loop import require_same_loop
from human_loop_reviews.a2i.validation import Place, UnreadableOutputError
from human_loop_reviews.aws import metrics, output_store
from human_loop_reviews.aws.calls import error_code
from human_loop_reviews.aws.ledger import Entry, Ledger
from human_loop_reviews.aws.outcome_bus import OutcomeBus
from human_loop_reviews.contract import (
    SAME_TIME,
    VERIFICATION_SECONDS,
    EventSource,
    HumanLoopStatus,
)
from human_loop_reviews.outcome import describe_outcome
from human_loop_reviews.review.verdicts import Review
from human_loop_reviews.review_output import review_output
from human_loop_reviews.settings import Settings

if TYPE_CHECKING:  # most handlers have none of them
    from collections.abc import Sequence

    from human_loop_reviews.aws.document_store import DocumentStore
    from human_loop_reviews.aws.spokes import Spokes
    from human_loop_reviews.mapping import FieldMapping, TaskMapping
    from human_loop_reviews.mapping_files import MappingFiles

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)


class OutputNotReadyError(Exception):
    """The output of a Completed loop is not in S3, or not yet. A retry may find it."""


class Settler(NamedTuple):
    """Settles ended loops: reads and reviews the output, publishes and records the outcome.

    The corrected document is written before the outcome that names it. It is made from the output
    and the mapping only, so a retry writes the same document.

    Only AWS can send AWS's own events. About the loop of an event that was sent again, A2I is asked
    first: what it says is settled, and nothing else of the event.

    If a step before the ledger fails, a retry may publish the outcome again, with the same id. Once
    the ledger is written, the same event changes nothing. An output that cannot be read has an
    outcome that says why, until an event can be settled.
    """

    settings: Settings
    """The function's settings."""
    s3: Any
    """A client."""
    outcome_bus: OutcomeBus
    """The bus that outcomes are published on."""
    ledger: Ledger
    """The ledger."""
    a2i_runtime: Callable[[], Any]
    """Returns a client of ``sagemaker-a2i-runtime``. Most events need none."""
    mappings: MappingFiles | None = None
    """The owner's mappings of custom tasks; None without mappings."""
    spokes: Spokes | None = None
    """The accounts with the loops of a hub. None outside a hub, where the clients are used."""
    documents: DocumentStore | None = None
    """Where corrected documents are written; None where they are not."""

    def settle(self, event: Any) -> None:
        """Settle the loop that an event is about.

        Parameters
        ----------
        event
            The event as EventBridge delivers it.

        Raises
        ------
        MalformedEventError
            If the event is not the end of a human loop.
        OutputNotReadyError
            If the loop is Completed and its output is missing.
        UnreadableOutputError
            If the output is not what A2I writes, of another loop, or too large.
        UnusableMappingError
            If the mapping of the flow definition cannot be read.
        OutcomeNotPublishedError
            If the bus does not exist, or refused the outcome.
        CallError
            If AWS refused another call, or did not answer.
        """
        loop = parse_event(event)
        if loop.verification is not None and _age(loop) > VERIFICATION_SECONDS:
            _log("a verification that is over", loop)
            return
        if loop.verified_ledger not in (None, self.settings.ledger_table):
            _log("a verification of another stack", loop)
            return
        try:
            confirmed = self._confirm(loop)
            if confirmed is not None:
                self._settle(confirmed)
        except Exception as error:
            # The errors of AWS do not name the loop.
            _log(f"not settled ({error_code(error)})", loop, error=error)
            raise

    def review(self, loop: HumanLoopEvent) -> tuple[Output | None, Review | None]:
        """Read the output of a loop, and review it. None for both without an output.

        Raises
        ------
        OutputNotReadyError, UnreadableOutputError, UnusableMappingError, CallError
            See `settle`.
        """
        output = self._read_output(loop)
        return output, self._review(loop, output)

    def _confirm(self, loop: HumanLoopEvent) -> HumanLoopEvent | None:
        """Return what A2I says about the loop of an event that was sent again. None if it is open.

        AWS's own event is returned as it is, and so is a verification, which A2I does not know.
        """
        if loop.source is EventSource.AWS or loop.verification is not None:
            return loop
        # Only such an event needs this module, with its client.
        from human_loop_reviews.confirm import NotConfirmed, confirm

        client = self.a2i_runtime() if self.spokes is None else self.spokes.a2i_runtime(loop)
        answer = confirm(loop, client)
        if isinstance(answer, NotConfirmed):
            _log(f"not settled, because {answer.reason}", loop)
            metrics.emit_unconfirmed()
            return None
        if abs(answer.creation_time - loop.creation_time) >= SAME_TIME:
            # A loop that was deleted, with the same name. Or somebody made the event up.
            at, event_at = answer.creation_time_text, loop.creation_time_text
            _log(f"was created at {at}, not at {event_at} as its event says", answer)
            metrics.emit_unconfirmed()
        return answer

    def _settle(self, loop: HumanLoopEvent) -> None:
        entry = self.ledger.find(loop)
        if entry is not None:
            loop = entry.complete(loop)
            if entry.settles(loop):
                _log("settled before", loop)
                return
        try:
            output, review = self.review(loop)
        except UnreadableOutputError as error:
            if self._conclude(loop, entry, None, None, error):
                metrics.emit_unreadable(loop, qualified=self.settings.hub is not None)
            raise
        document = None
        if self.documents is not None and output is not None and review is not None:
            document = self._correct(self.documents, loop, output, review)
        first = self._conclude(loop, entry, output, review, document=document)
        _log("settled" if first else "settled again", loop, output)
        if first:
            metrics.emit(loop, review, qualified=self.settings.hub is not None)

    def _conclude(
        self,
        loop: HumanLoopEvent,
        entry: Entry | None,
        output: Output | None,
        review: Review | None,
        error: UnreadableOutputError | None = None,
        document: ObjectLocation | None = None,
    ) -> bool:
        """Publish and record the outcome; return whether this is the first time that it is."""
        outcome = describe_outcome(
            loop,
            output,
            review,
            disclosure=self.settings.disclosure,
            output_error=None if error is None else str(error),
            corrected_document=document,
        )
        # Another event can say the same. Then the ledger keeps the one that takes precedence.
        is_new = entry is None or entry.outcome_id != outcome["outcomeId"]
        if entry is None or is_new or not entry.is_authoritative:
            self.outcome_bus.publish(loop, outcome)
        return self.ledger.record(loop, outcome) and is_new

    def _read_output(self, loop: HumanLoopEvent) -> Output | None:
        """Read the output: a Completed loop must have one, a Stopped one may."""
        if loop.output is None or loop.status is HumanLoopStatus.FAILED:
            return None
        source = f"output of human loop {loop.human_loop_arn}"
        s3 = self.s3 if self.spokes is None else self.spokes.s3(loop)
        content = output_store.read_object(
            s3, loop.output, max_bytes=self.settings.max_output_bytes, source=source
        )
        if content is not None:
            output = parse_output(content, source=source)
            require_same_loop(output, loop, Place(source))
            return output
        if loop.status is HumanLoopStatus.COMPLETED:
            raise OutputNotReadyError(f"{source}: there is no object {loop.output}")
        return None

    def _review(self, loop: HumanLoopEvent, output: Output | None) -> Review | None:
        if output is None:
            return None
        return review_output(output, mapping=self._mapping(loop), creation_time=loop.creation_time)

    def _mapping(self, loop: HumanLoopEvent) -> TaskMapping | Sequence[FieldMapping]:
        if self.mappings is None:
            return ()
        # Only a hub has mappings with account and Region. No name has a slash.
        return self.mappings.find(loop.qualified_flow_definition, loop.flow_definition) or ()

    def _correct(
        self, documents: DocumentStore, loop: HumanLoopEvent, output: Output, review: Review
    ) -> ObjectLocation | None:
        """Write the corrected document, if there is one, and return where it is."""
        if loop.verification is not None or review.unanswered:
            return None
        # Only handlers that write documents need these modules.
        from human_loop_reviews.corrected.errors import NoCorrectedDocumentError
        from human_loop_reviews.corrected_document import correct_document

        try:
            document = correct_document(output, review, mapping=self._mapping(loop))
        except NoCorrectedDocumentError as error:
            _log(f"has no corrected document, because {error}", loop)
            return None
        return documents.write(loop, document)


def _age(loop: HumanLoopEvent) -> float:
    """Return how many seconds ago a loop ended."""
    return (datetime.now(UTC) - loop.time).total_seconds()


def _log(
    what: str,
    loop: HumanLoopEvent,
    output: Output | None = None,
    error: Exception | None = None,
) -> None:
    fields: dict[str, object] = {
        "humanLoopArn": loop.human_loop_arn,
        "flowDefinitionArn": loop.flow_definition_arn,
        "humanLoopStatus": loop.status.value,
    }
    if loop.failure_code is not None:
        fields["failureCode"] = loop.failure_code
    if output is not None:
        fields |= {"taskType": output.task_type.value, "answerCount": len(output.answers)}
    if error is not None:
        fields["errorMessage"] = str(error)
    level = logging.INFO if error is None else logging.ERROR
    logger.log(level, "human loop %s %s: %s", loop.human_loop_name, what, loop.status, extra=fields)
