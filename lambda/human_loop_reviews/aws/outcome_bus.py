"""The bus that outcomes are published on: EventBridge."""

from __future__ import annotations

import json
from typing import Any

from human_loop_reviews.a2i.event import HumanLoopEvent
from human_loop_reviews.contract import OUTCOME_DETAIL_TYPE, PROJECT_SOURCE


class OutcomeNotPublishedError(Exception):
    """The bus refused an outcome. The message names the loop and the bus's reason."""


def publish(events: Any, bus: str, loop: HumanLoopEvent, outcome: dict[str, Any]) -> None:
    """Publish an outcome.

    Parameters
    ----------
    events
        A client of EventBridge.
    bus
        Name or ARN of the bus.
    loop
        The loop that ended.
    outcome
        Its outcome, ready for JSON.

    Raises
    ------
    OutcomeNotPublishedError
        If the bus refuses the outcome.
    """
    response = events.put_events(
        Entries=[
            {
                "EventBusName": bus,
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
            f"human loop {loop.human_loop_arn}: outcome refused by {bus}: "
            f"{refusal['ErrorCode']}: {refusal['ErrorMessage']}"
        )
