"""Outputs of A2I without their events, as outcomes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from human_loop_reviews.a2i.event import EventSource
from human_loop_reviews.a2i.output import Output
from human_loop_reviews.contract import VERIFICATION_LOOP_PREFIX, HumanLoopStatus
from human_loop_reviews.mapping import TaskMapping
from human_loop_reviews.outcome import SCHEMA_VERSION, describe_review
from human_loop_reviews.review_output import review_output

#: The prefix of the ids of these outcomes.
OUTPUT_ID_PREFIX: Final = "output-"


class IncompleteOutputError(Exception):
    """An output does not name its human loop."""


def outcome_of_output(output: Output, mapping: TaskMapping | None) -> dict[str, Any]:
    """Review an output and return its outcome, without what only the loop's event has.

    A2I writes the output of a loop when the last reviewer has submitted. The loop is
    therefore Completed. Its end is the last submission, or unknown. Its creation is unknown.

    Parameters
    ----------
    output, mapping
        The output, and the mapping of a custom task.

    Raises
    ------
    IncompleteOutputError
        If the output has no name of the loop or flow definition.
    UnreadableOutputError
        If the prediction or an answer is not in the form of the task type.
    """
    flow, name = output.flow_definition_arn, output.human_loop_name
    if not flow or not name or not flow.startswith("arn:"):
        raise IncompleteOutputError("flowDefinitionArn and humanLoopName: expected both")
    submitted = [_utc(each.submitted) for each in output.answers if each.submitted is not None]
    reviewed = describe_review(
        output, review_output(output, mapping=mapping or ()), include_values=False
    )
    outcome: dict[str, Any] = {
        "schemaVersion": SCHEMA_VERSION,
        "eventSource": EventSource.AWS.value,
        "humanLoopArn": f"{flow.partition(':flow-definition/')[0]}:human-loop/{name}",
        "humanLoopName": name,
        "flowDefinitionArn": flow,
        "humanLoopStatus": HumanLoopStatus.COMPLETED.value,
        "endTime": max(submitted).isoformat() if submitted else None,
        "fieldsLeftOut": 0,
        **reviewed,
    }
    if name.startswith(VERIFICATION_LOOP_PREFIX):
        outcome["verification"] = name
    text = json.dumps(outcome, sort_keys=True)
    return outcome | {"outcomeId": OUTPUT_ID_PREFIX + sha256(text.encode()).hexdigest()[:32]}


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
