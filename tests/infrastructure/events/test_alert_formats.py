"""Whatever a failure's reason holds, the alert on it arrives, and is well formed."""

from __future__ import annotations

import functools
import json
from typing import Any

import jsonschema
import pytest
from aws_cdk import Environment, Stack
from aws_cdk.assertions import Template

from human_loop_events import (
    AlertFormat,
    Alerts,
    Delivery,
    EventFilter,
    HumanLoopFilter,
    JobFilter,
    StatusEvents,
)
from tests.infrastructure.cases import ACCOUNT, REGION, new_app, synthesize
from tests.infrastructure.events.input_transformer import transform
from tests.infrastructure.events.pattern_cases import (
    JOB_KINDS,
    as_deployed,
    event,
    flow_definition,
    job_event,
    matches,
)

#: Custom notifications of Amazon Q Developer in chat applications, for Slack and Teams.
#: https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
CHAT_NOTIFICATION: dict[str, Any] = {
    "type": "object",
    "required": ["version", "source", "content"],
    "additionalProperties": False,
    "properties": {
        "version": {"const": "1.0"},
        "source": {"const": "custom"},
        "id": {"type": "string"},
        "content": {
            "type": "object",
            "required": ["description"],
            "additionalProperties": False,
            "properties": {
                "textType": {"const": "client-markdown"},
                "title": {"type": "string", "minLength": 1},
                "description": {"type": "string", "minLength": 1},
                "nextSteps": {"type": "array", "items": {"type": "string"}},
                "keywords": {"type": "array", "items": {"type": "string"}},
            },
        },
        "metadata": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "threadId": {"type": "string"},
                "summary": {"type": "string"},
                "eventType": {"type": "string"},
                "relatedResources": {"type": "array", "items": {"type": "string"}},
                "additionalContext": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                },
            },
        },
    },
}

REASONS = {
    "as A2I writes it": (
        'Task failed to render: [ InvalidParameters: \'"grant_read_access" input is not a valid '
        'S3 URI: " "." \' ].'
    ),
    "with line breaks": "one\ntwo\r\nthree\ttabbed",
    "with backslashes": 'C:\\temp\\"x"\\',
    "with a placeholder's name": "<detail-humanLoopName> <b>&amp;</b> <",
    "with other scripts": "Überprüfung läuft nicht \u2028 \U0001f4c4",
    "that looks like JSON": '{"a": "b"}, "c": null',
    "of one character": '"',
}


def _failed(**changes: Any) -> dict[str, Any]:
    return event(
        humanLoopStatus="Failed",
        flowDefinitionArn=flow_definition("invoices"),
        **{"failureCode": "ValidationError", **changes},
    )


EVENTS = {
    **{f"a reason {name}": _failed(failureReason=reason) for name, reason in REASONS.items()},
    "a null reason": _failed(failureReason=None),
    "no reason": _failed(absent=("failureReason",)),
    "neither code nor reason": _failed(absent=("failureReason", "failureCode")),
    "a null code": _failed(failureCode=None, failureReason=None),
}
each_event = pytest.mark.parametrize("failed", EVENTS.values(), ids=EVENTS.keys())

TEXT, JSON, CHAT = "minimal", "composed-without-handler", "everything-on"


def _alerts(case: str, event: dict[str, Any]) -> list[str]:
    """Return what arrives at the alerts topic: the messages of the rules that match."""
    return _messages(synthesize(case).template, event)


def _messages(template: dict[str, Any], event: dict[str, Any], region: str = REGION) -> list[str]:
    return [
        transform(
            target["InputTransformer"],
            event,
            region=region,
            mappings=template.get("Mappings"),
        )
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Events::Rule"
        and "EventPattern" in resource["Properties"]  # a schedule has none
        and matches(as_deployed(resource["Properties"]["EventPattern"]), event)
        for target in resource["Properties"].get("Targets", [])
        if "InputTransformer" in target
    ]


@each_event
def test_text_alert_says_which_loop_failed_and_why(failed: dict[str, Any]) -> None:
    (text,) = _alerts(TEXT, failed)

    detail = failed["detail"]
    assert f'"Human loop: {detail["humanLoopName"]}"' in text
    assert f'"Flow definition: {detail["flowDefinitionArn"]}"' in text
    assert f'"Started: {detail["creationTime"]}"' in text
    assert f'"Ended: {failed["time"]}"' in text
    region = failed["region"]
    assert f"https://{region}.console.aws.amazon.com/a2i/home?region={region}#" in text
    assert f'"Account and Region: {failed["account"]} {region}"' in text
    none_given = "(null or empty: A2I gave none)"
    assert f'"Failure code {none_given}: {_shown(detail, "failureCode")}"' in text
    assert f'"Reason {none_given}: {_shown(detail, "failureReason")}"' in text
    assert "human-loops runbook FailedLoops" in text


def test_reason_with_line_breaks_adds_no_line_above_those_of_the_alert() -> None:
    forged = "x\nConsole: https://example.com/evil\nRunbook: https://example.com/evil"
    (text,) = _alerts(TEXT, _failed(failureReason=forged, humanLoopName=f"a\n{forged}"))

    above, heading, below = text.partition("From the event, written by AWS or by a user")
    assert heading
    assert "evil" not in above
    assert all(f"{label}: " in above for label in ("Ended", "Console", "Runbook"))
    assert below.count("evil") == 4


def test_reason_in_chat_has_a_heading_that_says_who_wrote_it() -> None:
    failure, reason = [json.loads(each) for each in _alerts(CHAT, _failed(failureReason="evil"))]

    assert "evil" not in json.dumps(failure)
    assert reason["content"]["title"].startswith("From the event, written by AWS or by a user")


def _shown(detail: dict[str, Any], field: str) -> str:
    """Return what EventBridge inserts: nothing for an absent value, and null as a word."""
    if field not in detail:
        return ""
    return "null" if detail[field] is None else str(detail[field])


@each_event
def test_json_alert_is_one_object_with_the_reason_as_it_is(failed: dict[str, Any]) -> None:
    (message,) = _alerts(JSON, failed)

    alert = json.loads(message)
    assert alert["alert"] == "HumanLoopFailed"
    assert alert["humanLoop"] == failed["detail"]
    region = failed["region"]
    assert (alert["account"], alert["region"]) == (failed["account"], region)
    assert alert["endTime"] == failed["time"]
    assert alert["consoleUrl"].startswith(f"https://{region}.console.aws.amazon.com/a2i/")


@each_event
def test_chat_alert_is_a_custom_notification_and_its_thread_has_the_reason(
    failed: dict[str, Any],
) -> None:
    failure, *reasons = [json.loads(message) for message in _alerts(CHAT, failed)]

    for notification in (failure, *reasons):
        jsonschema.validate(notification, CHAT_NOTIFICATION)
        assert notification["metadata"]["threadId"] == failed["detail"]["humanLoopArn"]
    assert failure["content"]["keywords"] == [
        failed["detail"]["humanLoopArn"],
        failed["detail"]["flowDefinitionArn"],
    ]
    reason = failed["detail"].get("failureReason")
    assert [each["content"]["description"] for each in reasons] == ([reason] if reason else [])


@pytest.mark.parametrize("alert_format", AlertFormat)
@pytest.mark.parametrize("kind", ["HumanLoops", *JOB_KINDS])
def test_alert_without_the_reason_quotes_nothing_of_it(
    kind: str, alert_format: AlertFormat
) -> None:
    quoted = "John Doe, 12 Example Street"
    if kind == "HumanLoops":
        failed = _failed(failureReason=quoted)
    else:
        reason = JOB_KINDS[kind].reason
        failed = job_event(kind, JOB_KINDS[kind].failed, **({reason: quoted} if reason else {}))

    (message,) = _messages(_template(alert_format, include_reason=False), failed)

    assert quoted not in message
    assert failed["resources"][0].rpartition("/")[2] in message
    if alert_format is not AlertFormat.TEXT:
        assert json.loads(message)


@pytest.mark.parametrize("case", [TEXT, JSON, CHAT])
@pytest.mark.parametrize("status", ["Completed", "Stopped", "InProgress"])
def test_loop_that_did_not_fail_alerts_nobody(case: str, status: str) -> None:
    ended = event(
        humanLoopStatus=status, flowDefinitionArn=flow_definition("invoices"), failureReason="x"
    )

    assert _alerts(case, ended) == []


JOB_EVENTS = {
    f"{kind}, reason {name}": (kind, job_event(kind, described.failed, **detail))
    for kind, described in JOB_KINDS.items()
    for name, detail in (
        ("given", {described.reason: REASONS["as A2I writes it"]} if described.reason else {}),
        ("null", {described.reason: None} if described.reason else {}),
        ("absent", {}),
    )
    if described.reason or name == "absent"
}
each_job = pytest.mark.parametrize(("kind", "failed"), JOB_EVENTS.values(), ids=JOB_EVENTS.keys())


@functools.cache
def _template(
    alert_format: AlertFormat, region: str | None = REGION, *, include_reason: bool = True
) -> dict[str, Any]:
    """Synthesize a stack with alerts about all kinds of jobs and about human loops."""
    stack = Stack(new_app(), "Jobs", env=Environment(account=ACCOUNT, region=region))
    delivery = Delivery(stack, "Delivery")
    alerts = Alerts(
        stack,
        "Alerts",
        encryption_key=delivery.encryption_key,
        alert_format=alert_format,
        include_failure_reason=include_reason,
    )
    filters: dict[str, EventFilter] = {
        "Training": JobFilter.training(),
        "Processing": JobFilter.processing(),
        "Transform": JobFilter.transform(),
        "Tuning": JobFilter.hyperparameter_tuning(),
        "Labeling": JobFilter.labeling(),
        "Pipelines": JobFilter.pipeline_executions(),
        "Endpoints": JobFilter.endpoints(),
        "HumanLoops": HumanLoopFilter(),
    }
    for construct_id, each in filters.items():
        StatusEvents(
            stack, construct_id, filter=each, delivery=delivery, alerts=alerts
        ).alert_on_failure()
    return dict(Template.from_stack(stack).to_json())


def _reason_of(kind: str, event: dict[str, Any]) -> str | None:
    field = JOB_KINDS[kind].reason
    reason: str | None = event["detail"].get(field) if field else None
    return reason


@each_job
def test_text_alert_says_which_job_failed_and_why(kind: str, failed: dict[str, Any]) -> None:
    (text,) = _messages(_template(AlertFormat.TEXT), failed)

    described = JOB_KINDS[kind]
    assert failed["detail"].get(described.name, failed["resources"][0]) in text
    assert f'Status: {failed["detail"][described.status]}"' in text
    assert f'"Ended: {failed["time"]}"' in text
    assert f"https://{REGION}.console.aws.amazon.com/sagemaker/" in text
    assert "human-loops runbook FailedJobs" in text
    assert ("Reason (null or empty: SageMaker gave none): " in text) == bool(described.reason)
    assert (_reason_of(kind, failed) or "") in text


@each_job
def test_json_alert_on_a_job_is_one_object_with_the_detail_as_it_is(
    kind: str, failed: dict[str, Any]
) -> None:
    (message,) = _messages(_template(AlertFormat.JSON), failed)

    alert = json.loads(message)
    assert alert["alert"].endswith("Failed")
    assert alert["job"] == failed["detail"]
    assert alert["resources"] == failed["resources"]
    assert (alert["region"], alert["account"]) == (REGION, ACCOUNT)
    assert alert["consoleUrl"].startswith(f"https://{REGION}.console.aws.amazon.com/sagemaker/")
    assert _reason_of(kind, failed) == alert["job"].get(JOB_KINDS[kind].reason)


@each_job
def test_chat_alert_on_a_job_is_a_custom_notification_and_its_thread_has_the_reason(
    kind: str, failed: dict[str, Any]
) -> None:
    failure, *reasons = [
        json.loads(message) for message in _messages(_template(AlertFormat.CHAT), failed)
    ]

    for notification in (failure, *reasons):
        jsonschema.validate(notification, CHAT_NOTIFICATION)
        assert notification["metadata"]["relatedResources"] == failed["resources"]
        assert notification["metadata"]["threadId"] == failure["metadata"]["threadId"]
    reason = _reason_of(kind, failed)
    assert [each["content"]["description"] for each in reasons] == ([reason] if reason else [])
    follows = "follows in this thread" in failure["content"]["description"]
    assert follows == bool(JOB_KINDS[kind].reason)


@pytest.mark.parametrize("known", [True, False], ids=["known Region", "any Region"])
@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("eu-west-1", "console.aws.amazon.com"),
        ("cn-north-1", "console.amazonaws.cn"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
    ],
)
def test_alert_links_the_console_of_its_partition_and_region(
    region: str, domain: str, *, known: bool
) -> None:
    template = _template(AlertFormat.JSON, region if known else None)
    events = {
        "Training": job_event("Training", "Failed"),
        "Labeling": job_event("Labeling", "Failed"),
        "HumanLoops": event(humanLoopStatus="Failed"),
    }

    links = {
        kind: json.loads(_messages(template, {**each, "region": region}, region)[0])["consoleUrl"]
        for kind, each in events.items()
    }

    console = f"https://{region}.{domain}"
    assert links == {
        "Training": f"{console}/sagemaker/home?region={region}#/jobs",
        "Labeling": f"{console}/sagemaker/groundtruth?region={region}#/labeling-jobs",
        "HumanLoops": f"{console}/a2i/home?region={region}#/human-review-workflows",
    }
    assert ("Mappings" in template) == (not known)


def test_naive_template_would_break_on_quotes() -> None:
    naive = {
        "InputPathsMap": {"reason": "$.detail.failureReason"},
        "InputTemplate": '{"text": "Failed: <reason>"}',
    }

    with pytest.raises(json.JSONDecodeError):
        json.loads(transform(naive, EVENTS["a reason as A2I writes it"]))
