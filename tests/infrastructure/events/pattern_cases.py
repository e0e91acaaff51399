"""Synthesized event patterns, events, and which of them match: for any matcher to agree with."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import event_ruler
from moto.events.models import EventPattern

from tests.infrastructure.cases import ACCOUNT, REGION, synthesize

DOCUMENTED_EVENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "local/samples/events/documented-event.json").read_text(
        encoding="utf-8"
    )
)
DETAIL_TYPES = (
    "SageMaker A2I HumanLoop Status Change",
    "Amazon Augmented AI HumanLoop Status Change",
)
ENDS = ("Completed", "Failed", "Stopped")
REASON = "Task failed to render: [ InvalidParameters: '\"grant_read_access\" is not a URI' ]."


#: In an event of a case: the ARN of the table that the pattern names.
THE_LEDGER = "the ledger"


class Rule(NamedTuple):
    """A rule of a synthesized case, by its id and the ids of its parents."""

    case: str
    rule: str
    of: str = "HumanLoopsEvents"


class PatternCase(NamedTuple):
    """Whether an event matches a rule's pattern.

    A test synthesizes the pattern. Synthesis during collection would take half of its time.
    """

    name: str
    rule: Rule
    written_event: dict[str, Any]
    matches: bool

    @property
    def pattern(self) -> dict[str, Any]:
        return pattern_of(*self.rule)

    @property
    def event(self) -> dict[str, Any]:
        """The event, with the name of the ledger."""
        resources = self.written_event["resources"]
        if THE_LEDGER not in resources:
            return self.written_event
        (ledger,) = self.pattern["resources"]
        named = [ledger if each == THE_LEDGER else each for each in resources]
        return {**self.written_event, "resources": named}


@functools.cache
def pattern_of(case: str, rule: str, of: str = "HumanLoopsEvents") -> dict[str, Any]:
    """Return the event pattern of a rule, by its id and the ids of its parents."""
    (pattern,) = (
        properties["EventPattern"]
        for logical_id, properties in synthesize(case).of_type("AWS::Events::Rule").items()
        # CDK appends eight hexadecimal digits to an id. Rules that users add have their own scope.
        if logical_id[:-8] in (f"{of}{rule}", f"{of}Rules{rule}")
    )
    return as_deployed(pattern)


def as_deployed(pattern: dict[str, Any]) -> dict[str, Any]:
    """Write ARNs in the place of references, of which an event pattern has some to tables."""
    references = [
        arn_of(each.get("Fn::GetAtt", ["Imported"])[0])
        if isinstance(each, dict) and next(iter(each)).startswith("Fn::")
        else each
        for each in pattern.get("resources", [])
    ]
    return {**pattern, "resources": references} if references else dict(pattern)


def arn_of(table: str) -> str:
    """Return the ARN of a table by its logical id."""
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"


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
    """Ask event-ruler whether an event matches a pattern, or moto where event-ruler cannot tell."""
    try:
        matched: bool = event_ruler.test_event_pattern(
            json.dumps(event), json.dumps(_in_shell_style(pattern))
        )
    except _CannotBeExpressed:
        other_matcher: Any = EventPattern.load(json.dumps(pattern))
        matched = other_matcher.matches_event(event)
    return matched


class _CannotBeExpressed(Exception):  # noqa: N818 - no failure
    """event-ruler knows neither two wildcards in one value nor comparison without case."""


def _in_shell_style(pattern: Any) -> Any:
    """Write prefix, suffix and wildcard in the one wildcard that event-ruler knows."""
    if isinstance(pattern, list):
        return [_in_shell_style(each) for each in pattern]
    if not isinstance(pattern, dict):
        return pattern
    if "suffix" in pattern:
        return {"shellstyle": f"*{pattern['suffix']}"}
    if "prefix" in pattern:
        return {"shellstyle": f"{pattern['prefix']}*"}
    if "wildcard" in pattern or "equals-ignore-case" in pattern:
        raise _CannotBeExpressed
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
    yield from _verifications()
    yield from _jobs()


def _any_flow_definition() -> Iterator[PatternCase]:
    pattern = Rule("minimal", "StatusChange")
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
    pattern = Rule("everything-on", "StatusChange")
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
    pattern = Rule("everything-supplied", "StatusChange")
    for arn, matches in {
        flow_definition("invoices"): True,
        flow_definition("invoices", region="eu-west-2"): False,
        flow_definition("invoices", account="222233334444"): False,
        flow_definition("invoices-2"): False,
    }.items():
        yield PatternCase(f"by ARN: {arn}", pattern, event(flowDefinitionArn=arn), matches)


def _chosen_statuses() -> Iterator[PatternCase]:
    pattern = Rule("composed-without-handler", "StatusChange", of="Events")
    for status in ENDS:
        yield PatternCase(
            f"without Failed: {status}",
            pattern,
            event(humanLoopStatus=status),
            matches=status != "Failed",
        )


def _failed() -> Iterator[PatternCase]:
    pattern = Rule("composed-without-handler", "Failed", of="Events")
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
    pattern = Rule("everything-on", "FailedReason")
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
    pattern = Rule("everything-on", "Page")
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


class JobKind(NamedTuple):
    """What AWS documents of the status events of one kind of job.

    https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
    """

    detail_type: str
    status: str
    """The field with the status."""
    name: str | None
    """The field with the name."""
    resource: str
    """What stands before the name in the ARN."""
    failed: str = "Failed"
    reason: str | None = None
    """The field with the reason of a failure."""


#: By the ids of the case `jobs`.
JOB_KINDS = {
    "Training": JobKind(
        "SageMaker Training Job State Change",
        "TrainingJobStatus",
        "TrainingJobName",
        "training-job",
        reason="FailureReason",
    ),
    "Processing": JobKind(
        "SageMaker Processing Job State Change",
        "ProcessingJobStatus",
        "ProcessingJobName",
        "processing-job",
        reason="FailureReason",
    ),
    "Transform": JobKind(
        "SageMaker Transform Job State Change",
        "TransformJobStatus",
        "TransformJobName",
        "transform-job",
        reason="FailureReason",
    ),
    "Tuning": JobKind(
        "SageMaker HyperParameter Tuning Job State Change",
        "HyperParameterTuningJobStatus",
        "HyperParameterTuningJobName",
        "hyper-parameter-tuning-job",
        reason="FailureReason",
    ),
    "Labeling": JobKind(
        "SageMaker Ground Truth Labeling Job State Change",
        "LabelingJobStatus",
        None,
        "labeling-job",
    ),
    "Pipelines": JobKind(
        "SageMaker Model Building Pipeline Execution Status Change",
        "currentPipelineExecutionStatus",
        None,
        "pipeline",
    ),
    "Endpoints": JobKind(
        "SageMaker Endpoint State Change",
        "EndpointStatus",
        "EndpointName",
        "endpoint",
        failed="FAILED",
        reason="FailureReason",
    ),
}


def job_event(
    kind: str, status: str, *, name: str = "invoices-2026", **detail: Any
) -> dict[str, Any]:
    """Make a status event of a job."""
    described = JOB_KINDS[kind]
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{described.resource}/{name}"
    fields: dict[str, Any] = {described.status: status, **detail}
    resources = [arn]
    if described.name is not None:
        fields |= {described.name: name, described.name.replace("Name", "Arn"): arn}
    if kind == "Pipelines":
        fields |= {"pipelineArn": arn, "pipelineExecutionArn": f"{arn}/execution/a1b2c3"}
        resources.append(fields["pipelineExecutionArn"])
    return {
        "version": "0",
        "id": "844e2571-85d4-695f-b930-0153b71dcb42",
        "detail-type": described.detail_type,
        "source": "aws.sagemaker",
        "account": ACCOUNT,
        "time": "2026-10-06T12:26:13Z",
        "region": REGION,
        "resources": resources,
        "detail": fields,
    }


def _jobs() -> Iterator[PatternCase]:
    for kind, status, name, matched in (
        ("Training", "InProgress", "invoices-1", True),
        ("Training", "Completed", "invoices-1", True),
        ("Training", "Completed", "claims-1", False),
        ("Training", "Completed", "my-invoices-1", False),
        ("Processing", "Completed", "claims-1", True),
        ("Processing", "Failed", "claims-1", True),
        ("Processing", "InProgress", "claims-1", False),
        ("Transform", "Failed", "claims-1", True),
        ("Transform", "Completed", "claims-1", False),
        ("Tuning", "Stopped", "invoices-1", True),
        ("Tuning", "Stopped", "claims-1", False),
        ("Labeling", "Completed", "Invoices-1", True),
        ("Labeling", "Completed", "invoices-1", True),
        ("Labeling", "Completed", "my-invoices-1", False),
        ("Pipelines", "Executing", "Invoices-1", True),
        ("Pipelines", "Executing", "invoices-1", True),
        ("Pipelines", "Executing", "claims-1", False),
        ("Endpoints", "IN_SERVICE", "claims-1", True),
        ("Endpoints", "InService", "claims-1", True),
        ("Endpoints", "FAILED", "claims-1", True),
        ("Endpoints", "OUT_OF_SERVICE", "claims-1", False),
        ("Endpoints", "UPDATE_ROLLBACK_FAILED", "claims-1", False),
    ):
        yield PatternCase(
            f"{kind}: {status} {name}",
            Rule("jobs", "StatusChange", of=kind),
            job_event(kind, status, name=name),
            matched,
        )
    for kind, described in JOB_KINDS.items():
        failed = Rule("jobs", "Failed", of=kind)
        completed = job_event(kind, "Succeeded" if kind == "Pipelines" else "Completed")
        yield PatternCase(
            f"{kind}: failure", failed, job_event(kind, described.failed), matches=True
        )
        yield PatternCase(f"{kind}: no failure", failed, completed, matches=False)
        for other in JOB_KINDS:
            if other != kind:
                yield PatternCase(
                    f"{kind}: failure of {other}",
                    failed,
                    job_event(other, JOB_KINDS[other].failed),
                    matches=False,
                )
        yield PatternCase(
            f"{kind}: human loop", failed, event(humanLoopStatus="Failed"), matches=False
        )
    rolled_back = job_event("Endpoints", "UPDATE_ROLLBACK_FAILED")
    yield PatternCase(
        "Endpoints: failed rollback",
        Rule("jobs", "Failed", of="Endpoints"),
        rolled_back,
        matches=True,
    )
    yield PatternCase(
        "any: a job",
        Rule("jobs", "StatusChange"),
        job_event("Training", "Failed"),
        matches=False,
    )


def _verifications() -> Iterator[PatternCase]:
    """A marked event comes to the rule that is verified, and to no alert and no rule of a user."""
    marked = event(
        source="human-loop-events",
        humanLoopStatus="Failed",
        failureCode="InternalError",
        failureReason=REASON,
        flowDefinitionArn=flow_definition("invoices"),
    )
    marked["detail"]["verification"] = "17-ab"
    outcome = {**marked, "detail-type": "Human Review Outcome"}
    for rule in ("StatusChange", "Failed", "FailedReason", "Page", "Archive"):
        pattern = Rule("everything-on", rule)
        yield PatternCase(f"verification: {rule}", pattern, marked, matches=rule == "StatusChange")
    counting = Rule("everything-on", "Count", of="HumanLoopsReviewHandler")
    yield PatternCase("verification: outcome", counting, outcome, matches=False)
    real = {**outcome, "detail": {**outcome["detail"]}}
    del real["detail"]["verification"]
    of_this_ledger = {**real, "resources": [real["detail"]["humanLoopArn"], THE_LEDGER]}
    of_another = {**real, "resources": [real["detail"]["humanLoopArn"], arn_of("Another")]}
    yield PatternCase("outcome of the ledger", counting, of_this_ledger, matches=True)
    yield PatternCase("outcome of another ledger", counting, of_another, matches=False)
