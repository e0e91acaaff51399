"""Synthesized event patterns, events, and which of them match: for any matcher to agree with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import event_ruler

from tests.infrastructure.cases import ACCOUNT, REGION, synthesize

DOCUMENTED_EVENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "local/samples/events/documented-event.json").read_text(
        encoding="utf-8"
    )
)
DETAIL_TYPES = (
    "SageMaker A2I HumanLoop Status Change",
    "Amazon Augmented AI HumanLoop Status Change",
)
ENDS = ("Completed", "Failed", "Stopped")
REASON = "Task failed to render: [ InvalidParameters: '\"grant_read_access\" is not a URI' ]."


class PatternCase(NamedTuple):
    """Whether an event matches a rule's pattern."""

    name: str
    pattern: dict[str, Any]
    event: dict[str, Any]
    matches: bool


def pattern_of(case: str, rule: str) -> dict[str, Any]:
    """Give the event pattern of the rule of `HumanLoopEvents` with this id."""
    (pattern,) = (
        properties["EventPattern"]
        for logical_id, properties in synthesize(case).of_type("AWS::Events::Rule").items()
        # CDK appends eight hex digits to an id.
        if logical_id[:-8] == f"HumanLoops{rule}"
    )
    return dict(pattern)


def event(*, absent: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    """Make an event from the documented one; a name is a field of the detail or of the envelope."""
    envelope = {key: value for key, value in DOCUMENTED_EVENT.items() if key != "detail"}
    detail = dict(DOCUMENTED_EVENT["detail"])
    for name, value in changes.items():
        (detail if name in detail else envelope)[name.replace("_", "-")] = value
    return {**envelope, "detail": {k: v for k, v in detail.items() if k not in absent}}


def flow_definition(
    name: str, *, partition: str = "aws", region: str = REGION, account: str = ACCOUNT
) -> str:
    """Write the ARN of a flow definition."""
    return f"arn:{partition}:sagemaker:{region}:{account}:flow-definition/{name}"


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    """Ask event-ruler whether an event matches a pattern."""
    matched: bool = event_ruler.test_event_pattern(
        json.dumps(event), json.dumps(_in_shell_style(pattern))
    )
    return matched


def _in_shell_style(pattern: Any) -> Any:
    """Write prefix and suffix in the one wildcard that this matcher knows."""
    if isinstance(pattern, list):
        return [_in_shell_style(each) for each in pattern]
    if not isinstance(pattern, dict):
        return pattern
    if "suffix" in pattern:
        return {"shellstyle": f"*{pattern['suffix']}"}
    if "prefix" in pattern:
        return {"shellstyle": f"{pattern['prefix']}*"}
    return {key: _in_shell_style(value) for key, value in pattern.items()}


def pattern_cases() -> Iterator[PatternCase]:
    """Give every pattern with events that it must and must not match."""
    yield from _any_flow_definition()
    yield from _named_flow_definitions()
    yield from _flow_definitions_by_arn()
    yield from _chosen_statuses()
    yield from _failed()
    yield from _failed_with_reason()
    yield from _chosen_failure_codes()


def _any_flow_definition() -> Iterator[PatternCase]:
    pattern = pattern_of("minimal", "StatusChange")
    yield PatternCase("the documented event", pattern, DOCUMENTED_EVENT, matches=True)
    for source in ("aws.sagemaker", "human-loop-events"):
        for detail_type in DETAIL_TYPES:
            for status in ENDS:
                yield PatternCase(
                    f"any: {status} from {source} as {detail_type[:6]}",
                    pattern,
                    event(source=source, detail_type=detail_type, humanLoopStatus=status),
                    matches=True,
                )
    for name, other in {
        "InProgress": event(humanLoopStatus="InProgress"),
        "Stopping": event(humanLoopStatus="Stopping"),
        "no status": event(absent=("humanLoopStatus",)),
        "another source": event(source="aws.rekognition"),
        "another of SageMaker's events": event(
            detail_type="SageMaker Training Job State Change", humanLoopStatus="Completed"
        ),
        "an outcome of the handler": event(
            source="human-loop-events", detail_type="Human Review Outcome"
        ),
    }.items():
        yield PatternCase(f"any: {name}", pattern, other, matches=False)


def _named_flow_definitions() -> Iterator[PatternCase]:
    pattern = pattern_of("everything-on", "StatusChange")
    for arn, matches in {
        flow_definition("invoices"): True,
        flow_definition("claims"): True,
        flow_definition("invoices", partition="aws-us-gov", region="us-gov-west-1"): True,
        flow_definition(
            "invoices", partition="aws-cn", region="cn-north-1", account="1" * 13
        ): True,
        flow_definition("my-invoices"): False,
        flow_definition("invoices-2"): False,
        flow_definition("Invoices"): False,
        flow_definition("invoice"): False,
    }.items():
        yield PatternCase(f"named: {arn}", pattern, event(flowDefinitionArn=arn), matches)
    yield PatternCase("named: none", pattern, event(absent=("flowDefinitionArn",)), matches=False)
    yield PatternCase("named: null", pattern, event(flowDefinitionArn=None), matches=False)


def _flow_definitions_by_arn() -> Iterator[PatternCase]:
    pattern = pattern_of("everything-supplied", "StatusChange")
    for arn, matches in {
        flow_definition("invoices"): True,
        flow_definition("invoices", region="eu-west-2"): False,
        flow_definition("invoices", account="222233334444"): False,
        flow_definition("invoices-2"): False,
    }.items():
        yield PatternCase(f"by ARN: {arn}", pattern, event(flowDefinitionArn=arn), matches)


def _chosen_statuses() -> Iterator[PatternCase]:
    pattern = pattern_of("no-handler", "StatusChange")
    for status in ENDS:
        yield PatternCase(
            f"without Failed: {status}",
            pattern,
            event(humanLoopStatus=status),
            matches=status != "Failed",
        )


def _failed() -> Iterator[PatternCase]:
    pattern = pattern_of("no-handler", "Failed")
    for status in ENDS:
        yield PatternCase(
            f"alerts: {status}", pattern, event(humanLoopStatus=status), matches=status == "Failed"
        )
    for reason in (None, "", REASON):
        yield PatternCase(
            f"alerts: reason {reason!r}",
            pattern,
            event(humanLoopStatus="Failed", failureReason=reason),
            matches=True,
        )


def _failed_with_reason() -> Iterator[PatternCase]:
    pattern = pattern_of("everything-on", "FailedReason")
    failed: dict[str, Any] = {
        "humanLoopStatus": "Failed",
        "flowDefinitionArn": flow_definition("invoices"),
    }
    for reason, matches in ((REASON, True), ("x", True), (None, False)):
        yield PatternCase(
            f"reason: {reason!r}", pattern, event(**failed, failureReason=reason), matches
        )
    yield PatternCase(
        "reason: absent", pattern, event(**failed, absent=("failureReason",)), matches=False
    )
    yield PatternCase(
        "reason: on a Stopped loop",
        pattern,
        event(**{**failed, "humanLoopStatus": "Stopped"}, failureReason=REASON),
        matches=False,
    )


def _chosen_failure_codes() -> Iterator[PatternCase]:
    pattern = pattern_of("everything-on", "Page")
    failed: dict[str, Any] = {
        "humanLoopStatus": "Failed",
        "flowDefinitionArn": flow_definition("claims"),
    }
    for code, matches in (
        ("Expired", True),
        ("InternalError", True),
        ("ValidationError", False),
        ("SomethingNew", False),
        (None, False),
    ):
        yield PatternCase(f"page: {code}", pattern, event(**failed, failureCode=code), matches)
