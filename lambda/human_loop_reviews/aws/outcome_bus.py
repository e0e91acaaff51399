"""The bus that outcomes are published on: EventBridge."""

from __future__ import annotations

import json
from typing import Any

from human_loop_reviews.a2i.event import HumanLoopEvent
from human_loop_reviews.aws.calls import naming
from human_loop_reviews.aws.event_bus import bus_exists
from human_loop_reviews.contract import OUTCOME_DETAIL_TYPE, PROJECT_SOURCE


class OutcomeNotPublishedError(Exception):
    """The bus refused an outcome or does not exist. The message names loop, bus and reason."""


class OutcomeBus:
    """A bus that outcomes are published on.

    Parameters
    ----------
    events
        A client.
    bus
        Name or ARN of the bus.
    ledger_arn
        The ledger in which the outcomes are recorded. Several stacks can publish on one bus.
    """

    def __init__(self, events: Any, bus: str, *, ledger_arn: str) -> None:
        self._events = events
        self._bus = bus
        self._ledger_arn = ledger_arn
        self._exists = False

    def publish(self, loop: HumanLoopEvent, outcome: dict[str, Any]) -> None:
        """Publish an outcome.

        Parameters
        ----------
        loop
            The loop that ended.
        outcome
            Its outcome, ready for JSON.

        Raises
        ------
        OutcomeNotPublishedError
            If the bus does not exist, or refuses the outcome.
        CallError
            If EventBridge refuses the call.
        """
        if not self.exists():
            raise OutcomeNotPublishedError(
                f"human loop {loop.human_loop_arn}: the event bus {self._bus} does not exist"
            )
        with naming(f"event bus {self._bus}"):
            response = self._events.put_events(
                Entries=[
                    {
                        "EventBusName": self._bus,
                        "Source": PROJECT_SOURCE,
                        "DetailType": OUTCOME_DETAIL_TYPE,
                        "Resources": [loop.human_loop_arn, self._ledger_arn],
                        "Detail": json.dumps(outcome, separators=(",", ":")),
                    }
                ]
            )
        if response["FailedEntryCount"]:
            refusal = response["Entries"][0]
            raise OutcomeNotPublishedError(
                f"human loop {loop.human_loop_arn}: outcome refused by {self._bus}: "
                f"{refusal['ErrorCode']}: {refusal['ErrorMessage']}"
            )

    def exists(self) -> bool:
        """Return whether the bus exists. Asked once for the life of the execution environment."""
        self._exists = self._exists or bus_exists(self._events, self._bus)
        return self._exists
