"""Sample outcome events, created with the code of the review handler."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from human_loop_events.testing.events import completed_event
from human_loop_events.testing.outputs import textract_forms_output
from human_loop_events.testing.sample_loop import ACCOUNT, REGION
from human_loop_reviews.a2i.event import HumanLoopEvent, parse_event
from human_loop_reviews.a2i.output import Output, parse_output
from human_loop_reviews.contract import OUTCOME_DETAIL_TYPE, PROJECT_SOURCE
from human_loop_reviews.disclosure import Disclosure
from human_loop_reviews.mapping import FieldMapping, TaskMapping
from human_loop_reviews.outcome import describe_outcome
from human_loop_reviews.review_output import review_output

_LEDGER_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ledger"


def outcome_event(
    event: Mapping[str, Any] | None = None,
    output: Mapping[str, Any] | None = None,
    *,
    mapping: TaskMapping | Sequence[FieldMapping] = (),
    include_values: bool = False,
    ledger_arn: str = _LEDGER_ARN,
) -> dict[str, Any]:
    """Return the outcome event that the review handler publishes for an ended human loop.

    Parameters
    ----------
    event
        The event of the loop. Default: `completed_event`.
    output
        The output of the loop. Default: a review of two fields by one reviewer, who corrected one
        field. None if the event has no output location.
    mapping
        The locations of predictions and answers of a custom task.
    include_values
        Whether fields contain the values of the model and the reviewers. See `ReviewHandler`.
    ledger_arn
        The ARN of the ledger. `HumanLoopEvents.on_outcome` matches only outcomes of its ledger.

    Raises
    ------
    ValueError
        If the output does not belong to the loop of the event.
    MalformedEventError
        If the event is not about an ended human loop.
    UnreadableOutputError
        If the output does not have the format of A2I.

    Examples
    --------
    >>> [str(field["verdict"]) for field in outcome_event()["detail"]["fields"]]
    ['confirmed', 'corrected']
    """
    event = completed_event() if event is None else event
    loop = parse_event(dict(event))
    read = _output_of(loop, output)
    review = (
        None
        if read is None
        else review_output(read, mapping=mapping, creation_time=loop.creation_time)
    )
    return {
        "version": "0",
        "id": "b2f3c0d1-6a5e-4f0b-9f5d-3c1a7e9d4b60",
        "detail-type": OUTCOME_DETAIL_TYPE,
        "source": PROJECT_SOURCE,
        "account": event["account"],
        "time": event["time"],
        "region": event["region"],
        "resources": [loop.human_loop_arn, ledger_arn],
        "detail": describe_outcome(
            loop, read, review, disclosure=Disclosure(include_values=include_values)
        ),
    }


def _output_of(loop: HumanLoopEvent, output: Mapping[str, Any] | None) -> Output | None:
    if loop.output is None:
        if output is not None:
            raise ValueError(
                f"output: the event of {loop.human_loop_name} has no output location; expected "
                "completed_event() or stopped_event(output_uri=…)"
            )
        return None
    if output is None:
        output = {
            **textract_forms_output(
                {"Invoice Number": "INV-1042", "Total": "$148.99"},
                {"Invoice Number": "INV-1042", "Total": "$1,148.99"},
            ),
            "humanLoopName": loop.human_loop_name,
            "flowDefinitionArn": loop.flow_definition_arn,
        }
    for key, expected in (
        ("humanLoopName", loop.human_loop_name),
        ("flowDefinitionArn", loop.flow_definition_arn),
    ):
        if output.get(key) != expected:
            raise ValueError(
                f"output: its {key} is {output.get(key)!r}; expected {expected!r}, as in the event"
            )
    return parse_output(json.dumps(output), source=str(loop.output))
