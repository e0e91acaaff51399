"""Confirming an event that was sent again: what A2I itself says about its human loop.

Everyone who may put events on the bus can send an event from the project's own source. So such an
event only names a human loop, and A2I is asked about it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from human_loop_reviews.a2i.event import HumanLoopEvent, parse_event, time_text
from human_loop_reviews.aws.human_loops import HumanLoops
from human_loop_reviews.contract import (
    A2I_NAME,
    HUMAN_LOOP_DETAIL_TYPES,
    MAX_A2I_NAME,
    PROJECT_SOURCE,
    HumanLoopStatus,
)

# Real loops have capitals in their names, although the API documents none.
_NAME: Final = re.compile(A2I_NAME, re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NotConfirmed:
    """A2I does not say that the human loop of an event ended."""

    reason: str
    """What A2I says instead."""


def confirm(hint: HumanLoopEvent, a2i_runtime: Any) -> HumanLoopEvent | NotConfirmed:
    """Ask A2I about the human loop that an event names.

    Parameters
    ----------
    hint
        The event. Only the ARN of the loop is used.
    a2i_runtime
        A client of ``sagemaker-a2i-runtime`` for the loop's account and Region.

    Returns
    -------
    HumanLoopEvent or NotConfirmed
        The loop with everything that A2I says about it, or why it is not confirmed.

    Raises
    ------
    CallError
        If A2I refuses for any other reason than that there is no such loop, or does not answer.
    """
    name = hint.human_loop_arn.rpartition("/")[2]
    if len(name) > MAX_A2I_NAME or not _NAME.fullmatch(name):
        return NotConfirmed("A2I accepts no such name")
    described = HumanLoops(a2i_runtime).describe(hint.human_loop_arn)
    if described is None:
        return NotConfirmed("A2I has no such human loop")
    # An account or Region in which A2I was not asked. Case does not count, as in outputs.
    if described.arn.casefold() != hint.human_loop_arn.casefold():
        return NotConfirmed(f"A2I has no such human loop, but {described.arn}")
    if described.status not in tuple(HumanLoopStatus):
        return NotConfirmed(f"A2I says that it is {described.status}")
    event = {
        "source": PROJECT_SOURCE,
        "detail-type": HUMAN_LOOP_DETAIL_TYPES[0],
        "time": time_text(datetime.now(UTC)),
        "detail": described.detail,
    }
    return parse_event(event)._replace(confirmed=True)
