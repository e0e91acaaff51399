"""Republishing outcomes of the ledger on the outcome bus, with the same ids.

A consumer that drops known ids processes each outcome once, however often this runs.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any, Final

from human_loop_reviews.aws.outcome_bus import OutcomeNotPublishedError
from human_loop_reviews.contract import OUTCOME_DETAIL_TYPE, PROJECT_SOURCE
from human_loop_reviews.settle import Settler
from human_loops_cli.outcomes.complete import IncompleteOutcomeError, complete_outcome
from human_loops_cli.outcomes.recorded import RecordedOutcome

#: EventBridge's limit for one entry.
#: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
MAX_EVENT_BYTES: Final = 256 * 1024

# EventBridge can reject single entries temporarily. The SDK does not retry these.
_TEMPORARY: Final = ("ThrottlingException", "InternalFailure", "InternalException")
_PAUSES: Final = (0, 0.2, 0.4, 0.8, 1.6)


@dataclass(frozen=True)
class OutcomeProblem:
    """An outcome that was not published, and why."""

    human_loop_arn: str
    problem: str


@dataclass
class Republication:
    """The progress of republishing. It is current at any time."""

    settler: Settler
    """Provides the outcome bus, and reviews outputs with the settings of the deployed handler."""
    published: int = 0
    """How many outcomes were published."""
    read_again: int = 0
    """How many of these were read again from the output."""
    not_published: list[OutcomeProblem] = field(default_factory=list)
    """The outcomes that were not."""

    def publish(self, recorded: RecordedOutcome) -> None:
        """Publish an outcome, or record why that is not possible.

        Raises
        ------
        CallError
            If EventBridge rejects the call. It would reject every further call.
        """
        try:
            problem = self._publish(recorded, complete_outcome(recorded, self.settler))
        except IncompleteOutcomeError as error:
            problem = str(error)
        if problem is None:
            self.published += 1
            self.read_again += not recorded.is_complete
        else:
            self.not_published.append(OutcomeProblem(recorded.human_loop_arn, problem))

    def _publish(self, recorded: RecordedOutcome, outcome: dict[str, Any]) -> str | None:
        """Publish an outcome. Return why that was not possible."""
        size = event_size(outcome)
        if size > MAX_EVENT_BYTES:
            return f"its event has {size:,} bytes, EventBridge accepts {MAX_EVENT_BYTES:,}"
        for pause in _PAUSES:
            if pause:
                time.sleep(pause)
            try:
                self.settler.outcome_bus.publish(recorded.loop, outcome)
            except OutcomeNotPublishedError as error:
                refusal = str(error)
                if not any(each in refusal for each in _TEMPORARY):
                    return refusal
            else:
                return None
        return refusal


def event_size(outcome: dict[str, Any]) -> int:
    """Return the size of an outcome's event as EventBridge counts it, in bytes.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
    """
    detail = json.dumps(outcome, separators=(",", ":"))
    texts = (PROJECT_SOURCE, OUTCOME_DETAIL_TYPE, outcome["humanLoopArn"], detail)
    return sum(len(each.encode()) for each in texts)
