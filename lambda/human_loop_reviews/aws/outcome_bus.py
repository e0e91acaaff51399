"""The bus that outcomes are published on: EventBridge."""

from __future__ import annotations

import json
from typing import Any, Final

from human_loop_reviews.a2i.event import HumanLoopEvent
from human_loop_reviews.aws.calls import CallError, naming, refusal_code
from human_loop_reviews.contract import OUTCOME_DETAIL_TYPE, PROJECT_SOURCE

_DEFAULT: Final = "default"


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
    """

    def __init__(self, events: Any, bus: str) -> None:
        self._events = events
        self._bus = bus
        # Every account has the default bus.
        self._exists = bus.rpartition("/")[2] == _DEFAULT

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
                        "Resources": [loop.human_loop_arn],
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
        """Return whether the bus exists: EventBridge drops events for one that does not.

        Asked once for the life of the execution environment. The owner of a bus in another account
        need not allow the question.

        Raises
        ------
        CallError
            If EventBridge refuses the call for another reason.
        """
        if self._exists:
            return True
        try:
            with naming(f"event bus {self._bus}"):
                self._events.describe_event_bus(Name=self._bus)
        except CallError as error:
            code = refusal_code(error.cause)
            if code == "ResourceNotFoundException":
                return False
            if code not in ("AccessDeniedException", "AccessDenied"):
                raise
        self._exists = True
        return True
