"""The bus with the events of human loops, on which the reconciler sends them again."""

from __future__ import annotations

import json
from typing import Any

from human_loop_reviews.aws.calls import naming
from human_loop_reviews.aws.event_bus import bus_exists
from human_loop_reviews.aws.human_loops import DescribedLoop
from human_loop_reviews.contract import HUMAN_LOOP_DETAIL_TYPES, PROJECT_SOURCE, RECOVERED


class EventBusNotFoundError(LookupError):
    """The bus does not exist. EventBridge would drop events for it without an error."""


class EventNotResentError(Exception):
    """The bus refused an event. The message names the loop and the bus's reason."""


class HumanLoopBus:
    """The bus with the events of human loops.

    Parameters
    ----------
    events
        A client of EventBridge.
    arn
        The bus's ARN.
    """

    def __init__(self, events: Any, arn: str) -> None:
        self._events = events
        self._arn = arn

    def require(self) -> None:
        """Check that the bus exists.

        Raises
        ------
        EventBusNotFoundError
            If it does not.
        """
        if not bus_exists(self._events, self._arn):
            raise EventBusNotFoundError(f"event bus {self._arn} does not exist")

    def resend(self, loop: DescribedLoop) -> None:
        """Send the event of an ended loop again, from the project's own source.

        Parameters
        ----------
        loop
            The loop.

        Raises
        ------
        EventNotResentError
            If the bus refuses the event.
        CallError
            If EventBridge refuses the call, or does not answer.
        """
        with naming(f"event bus {self._arn}"):
            response = self._events.put_events(
                Entries=[
                    {
                        "EventBusName": self._arn,
                        "Source": PROJECT_SOURCE,
                        "DetailType": HUMAN_LOOP_DETAIL_TYPES[0],
                        "Resources": [loop.arn],
                        "Detail": json.dumps(
                            {**loop.detail, RECOVERED: True}, separators=(",", ":")
                        ),
                    }
                ]
            )
        if response["FailedEntryCount"]:
            refusal = response["Entries"][0]
            raise EventNotResentError(
                f"human loop {loop.arn}: event refused by {self._arn}: "
                f"{refusal['ErrorCode']}: {refusal['ErrorMessage']}"
            )
