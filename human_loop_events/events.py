"""What Amazon A2I says when a human loop ends, and the EventBridge patterns that match it.

Nothing here creates a resource.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aws_cdk import Token
from aws_cdk import aws_events as events

#: The source of A2I's own events, and the source of events that are sent in again by a person or a
#: tool: EventBridge refuses sources beginning with ``aws.`` from anybody but AWS.
SOURCES = ("aws.sagemaker", "human-loop-events")

#: Today's detail type, and the one of the documentation's first edition.
DETAIL_TYPES = (
    "SageMaker A2I HumanLoop Status Change",
    "Amazon Augmented AI HumanLoop Status Change",
)

#: Source and detail type of the outcomes that the review handler publishes.
OUTCOME_SOURCE = "human-loop-events"
OUTCOME_DETAIL_TYPE = "Human Review Outcome"

#: EventBridge's limit for one event pattern, in characters.
#: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
MAX_PATTERN_LENGTH = 2048


class HumanLoopStatus(StrEnum):
    """The statuses with which a human loop ends; A2I sends an event for each of them.

    https://docs.aws.amazon.com/sagemaker/latest/dg/a2i-cloudwatch-events.html
    """

    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"


class FailureCode(StrEnum):
    """The failure codes seen so far; A2I may send others."""

    VALIDATION_ERROR = "ValidationError"
    EXPIRED = "Expired"
    INTERNAL_ERROR = "InternalError"


@dataclass(frozen=True, slots=True)
class FlowDefinitions:
    """Whose human loops are meant. Make one with `named`, `arns` or `any`.

    Examples
    --------
    >>> FlowDefinitions.named("invoices", "claims").names
    ('invoices', 'claims')
    """

    _values: tuple[str, ...]
    _are_arns: bool

    @classmethod
    def named(cls, *names: str) -> FlowDefinitions:
        """Match flow definitions by name, in any account, Region and partition.

        Parameters
        ----------
        names
            At least one name, such as ``"invoices"``.

        Raises
        ------
        ValueError
            If there is no name, or one cannot be a flow definition's name.
        """
        if not names:
            raise ValueError("FlowDefinitions.named() needs at least one name")
        for name in names:
            if not Token.is_unresolved(name) and not re.fullmatch(r"[A-Za-z0-9-]{1,63}", name):
                raise ValueError(
                    f"FlowDefinitions.named(): {name!r} is not the name of a flow definition: "
                    "expected 1 to 63 letters, digits and hyphens (an ARN goes to arns())"
                )
        return cls(tuple(dict.fromkeys(names)), _are_arns=False)

    @classmethod
    def arns(cls, *arns: str) -> FlowDefinitions:
        """Match exactly the flow definitions with these ARNs.

        Parameters
        ----------
        arns
            At least one ARN, such as
            ``"arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices"``.

        Raises
        ------
        ValueError
            If there is no ARN, or one is not the ARN of a flow definition.
        """
        if not arns:
            raise ValueError("FlowDefinitions.arns() needs at least one ARN")
        for arn in arns:
            if not Token.is_unresolved(arn) and not re.fullmatch(
                r"arn:[^:]+:sagemaker:[^:]+:\d+:flow-definition/[A-Za-z0-9-]+", arn
            ):
                raise ValueError(
                    f"FlowDefinitions.arns(): {arn!r} is not the ARN of a flow definition: "
                    "expected arn:<partition>:sagemaker:<region>:<account>:flow-definition/<name>"
                )
        return cls(tuple(dict.fromkeys(arns)), _are_arns=True)

    @classmethod
    def any(cls) -> FlowDefinitions:
        """Match every human loop of the account and Region, those of other teams included."""
        return cls((), _are_arns=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, where all of them are known at synthesis; empty otherwise."""
        if any(Token.is_unresolved(value) for value in self._values):
            return ()
        return tuple(dict.fromkeys(value.rsplit("/", 1)[-1] for value in self._values))

    @property
    def matchers(self) -> list[Any]:
        """What the event's ``flowDefinitionArn`` is matched with; empty for any."""
        if self._are_arns:
            return list(self._values)
        # An ARN ends in flow-definition/<name>; the shorter suffix leaves room for more names.
        return [{"suffix": f"/{name}"} for name in self._values]


def human_loop_pattern(
    flow_definitions: FlowDefinitions,
    statuses: Sequence[HumanLoopStatus],
    *,
    failure_codes: Sequence[str] = (),
    more_detail: Mapping[str, Any] | None = None,
) -> events.EventPattern:
    """Build the pattern for human loops that ended with one of the statuses.

    Parameters
    ----------
    flow_definitions
        Whose human loops.
    statuses
        At least one status.
    failure_codes
        Only loops with one of these failure codes; none given means whatever the code.
    more_detail
        What else the event's detail must match.

    Raises
    ------
    ValueError
        If there is no status, or the pattern is longer than EventBridge allows. The message says
        how many of the flow definitions fit.
    """
    if not statuses:
        raise ValueError("statuses: expected at least one HumanLoopStatus, got none")
    detail: dict[str, Any] = {"humanLoopStatus": [HumanLoopStatus(each).value for each in statuses]}
    if failure_codes:
        detail["failureCode"] = [str(code) for code in failure_codes]
    detail |= more_detail or {}
    matchers = flow_definitions.matchers
    fitting = _fitting(detail, matchers)
    if fitting < len(matchers):
        raise ValueError(
            f"flow_definitions: {len(matchers)} flow definitions make an event pattern of over "
            f"{MAX_PATTERN_LENGTH} characters, which EventBridge refuses; the first {fitting} fit. "
            "Use shorter names, FlowDefinitions.named() instead of ARNs, or several HumanLoopEvents"
        )
    return events.EventPattern(
        source=list(SOURCES),
        detail_type=list(DETAIL_TYPES),
        detail=_with_flow_definitions(detail, matchers),
    )


def _with_flow_definitions(detail: dict[str, Any], matchers: list[Any]) -> dict[str, Any]:
    return {**detail, "flowDefinitionArn": matchers} if matchers else detail


def _fitting(detail: dict[str, Any], matchers: list[Any]) -> int:
    """Count the leading matchers with which the pattern stays within the limit."""

    def length(count: int) -> int:
        pattern = {
            "source": SOURCES,
            "detail-type": DETAIL_TYPES,
            "detail": _with_flow_definitions(detail, matchers[:count]),
        }
        return len(json.dumps(pattern, separators=(",", ":")))

    fitting = len(matchers)
    while fitting and length(fitting) > MAX_PATTERN_LENGTH:
        fitting -= 1
    return fitting
