"""The filter for ended human loops of Amazon A2I."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import Stack
from aws_cdk import aws_events as events

from human_loop_events.aws.argument_types import checks_arguments
from human_loop_events.aws.arguments import require_choices, require_texts
from human_loop_events.events.event_filter import EventFilter, FailureDescription
from human_loop_events.events.flow_definitions import FlowDefinitions
from human_loop_reviews.contract import (
    HUMAN_LOOP_DETAIL_TYPES,
    HUMAN_LOOP_SOURCES,
    VERIFICATION_EXCLUDED,
    FailureCode,
    HumanLoopStatus,
)

#: EventBridge's limit for one event pattern, in characters.
#: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
MAX_PATTERN_LENGTH: Final = 2048

_ANY_FLOW_DEFINITION: Final = FlowDefinitions.all()


@checks_arguments
@dataclass(frozen=True, slots=True, kw_only=True)
class HumanLoopFilter(EventFilter):
    """Matches ended human loops of Amazon A2I, under both detail types that AWS documents.

    https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-cloudwatch-events.html

    Parameters
    ----------
    flow_definitions
        The flow definitions of the human loops. Default: all of the account and Region.
    statuses
        The terminal statuses. Default: all three.

    Raises
    ------
    ValueError
        If `statuses` is empty or contains a value that is not a terminal status.

    Examples
    --------
    >>> HumanLoopFilter(statuses=["Failed"]).pattern().detail["humanLoopStatus"]
    ['Failed']
    """

    flow_definitions: FlowDefinitions = _ANY_FLOW_DEFINITION
    statuses: Sequence[HumanLoopStatus] = tuple(HumanLoopStatus)

    def __post_init__(self) -> None:
        statuses = require_choices("statuses", self.statuses, HumanLoopStatus)
        object.__setattr__(self, "statuses", statuses)

    @property
    def description(self) -> str:
        """The description of the matched events."""
        return "Ended human loops of Amazon A2I"

    @property
    def failure(self) -> FailureDescription:
        """The content of alerts and alarms about a Failed human loop."""
        return _HUMAN_LOOP_FAILURE

    @property
    def completed_statuses(self) -> tuple[str, ...]:
        """The status Completed."""
        return (HumanLoopStatus.COMPLETED,)

    @property
    def failed_statuses(self) -> tuple[str, ...]:
        """The status Failed."""
        return (HumanLoopStatus.FAILED,)

    @property
    def stopped_statuses(self) -> tuple[str, ...]:
        """The status Stopped."""
        return (HumanLoopStatus.STOPPED,)

    @property
    def tests_excluded(self) -> Mapping[str, Any]:
        """The pattern for the detail that excludes the event of ``human-loops verify``."""
        return VERIFICATION_EXCLUDED

    def pattern(
        self, *, statuses: Sequence[str] | None = None, detail: Mapping[str, Any] | None = None
    ) -> events.EventPattern:
        """Build the event pattern. See `EventFilter.pattern`."""
        wanted = require_choices(
            "statuses", self.statuses if statuses is None else statuses, HumanLoopStatus
        )
        matched: dict[str, Any] = {
            "humanLoopStatus": [each.value for each in wanted],
            **(detail or {}),
        }
        matchers = self.flow_definitions._matchers
        fitting = _fitting(matched, matchers)
        if fitting < len(matchers):
            raise ValueError(
                f"flow_definitions: {len(matchers)} flow definitions make an event pattern of over "
                f"{MAX_PATTERN_LENGTH} characters, which EventBridge refuses; the first {fitting} "
                "fit. Use shorter names, FlowDefinitions.from_names() instead of ARNs, or several "
                "constructs"
            )
        return events.EventPattern(
            source=list(HUMAN_LOOP_SOURCES),
            detail_type=list(HUMAN_LOOP_DETAIL_TYPES),
            detail=_with_flow_definitions(matched, matchers),
        )

    def _overlaps(self, other: HumanLoopFilter) -> bool:
        """Return whether a human loop can match both filters."""
        return not set(self.statuses).isdisjoint(
            other.statuses
        ) and self.flow_definitions._overlaps(other.flow_definitions)

    def refuse_other_environments(self, stack: Stack) -> None:
        """Refuse flow definitions of another account or Region than a stack's."""
        self.flow_definitions._refuse_those_of_other_environments(stack)


def failure_code_detail(failure_codes: Sequence[str] | None) -> dict[str, Any]:
    """Build the pattern for the detail of human loops with one of these failure codes.

    Parameters
    ----------
    failure_codes
        The codes. A2I can add codes, so an unknown code is accepted. None for any.

    Raises
    ------
    ValueError
        If the value is a text or an empty list, or the case of a known code is wrong.
    """
    if failure_codes is None:
        return {}
    codes = require_texts("failure_codes", failure_codes, example="['InternalError']")
    known = {code.lower(): code.value for code in FailureCode}
    for code in codes:
        expected = known.get(code.lower(), code)
        if code != expected:
            raise ValueError(
                f"failure_codes: expected {expected!r}, got {code!r}: EventBridge compares case"
            )
    return {"failureCode": [str(code) for code in codes]}


_HUMAN_LOOP_FAILURE: Final = FailureDescription(
    alert="HumanLoopFailed",
    title="A human loop in Amazon A2I failed",
    text="No reviewer will answer it. Fix the cause, start the human loop again, and notify the "
    "requester.",
    lines=(
        ("Human loop", "$.detail.humanLoopName"),
        ("Flow definition", "$.detail.flowDefinitionArn"),
        ("Failure code (null or empty: A2I gave none)", "$.detail.failureCode"),
        ("Reason (null or empty: A2I gave none)", "$.detail.failureReason"),
        ("Started", "$.detail.creationTime"),
    ),
    reason_path="$.detail.failureReason",
    detail_key="humanLoop",
    always_present=(
        *("humanLoopName", "humanLoopArn", "humanLoopStatus"),
        *("flowDefinitionArn", "creationTime"),
    ),
    thread_path="$.detail.humanLoopArn",
    resource_paths=("$.detail.humanLoopArn", "$.detail.flowDefinitionArn"),
    console_path="a2i/home?region={region}#/human-review-workflows",
    alarm_id="FailedLoops",
    alarm_text="Human loops ended Failed. No reviewer will answer them. Read the alert of each "
    "loop for its reason, fix the cause, and start the loops again.",
    runbook_section="FailedLoops",
)


def _with_flow_definitions(detail: dict[str, Any], matchers: list[Any]) -> dict[str, Any]:
    return {**detail, "flowDefinitionArn": matchers} if matchers else detail


def _fitting(detail: dict[str, Any], matchers: list[Any]) -> int:
    """Count how many of the first matchers fit within the length limit of the pattern."""

    def length(count: int) -> int:
        pattern = {
            "source": HUMAN_LOOP_SOURCES,
            "detail-type": HUMAN_LOOP_DETAIL_TYPES,
            "detail": _with_flow_definitions(detail, matchers[:count]),
        }
        return len(json.dumps(pattern, separators=(",", ":")))

    fitting = len(matchers)
    while fitting and length(fitting) > MAX_PATTERN_LENGTH:
        fitting -= 1
    return fitting
