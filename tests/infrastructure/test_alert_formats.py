"""Whatever a failure's reason holds, the alert on it arrives, and is well formed."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tests.infrastructure.cases import REGION, synthesize
from tests.infrastructure.input_transformer import transform
from tests.infrastructure.pattern_cases import event, flow_definition, matches

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

TEXT, JSON, CHAT = "minimal", "no-handler", "everything-on"


def _alerts(case: str, event: dict[str, Any]) -> list[str]:
    """Give what arrives at the alerts topic: the messages of the rules that match."""
    return [
        transform(target["InputTransformer"], event)
        for rule in synthesize(case).of_type("AWS::Events::Rule").values()
        if matches(rule["EventPattern"], event)
        for target in rule["Targets"]
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
    assert f"https://{REGION}.console.aws.amazon.com/a2i/" in text
    assert f'"Failure code: {detail.get("failureCode") or ""}' in text
    assert f'"Reason: {detail.get("failureReason") or ""}' in text
    assert "docs/operations.md#failedloops" in text


@each_event
def test_json_alert_is_one_object_with_the_reason_as_it_is(failed: dict[str, Any]) -> None:
    (message,) = _alerts(JSON, failed)

    alert = json.loads(message)
    assert alert["alert"] == "HumanLoopFailed"
    assert alert["humanLoop"] == failed["detail"]
    assert (alert["region"], alert["endTime"]) == (REGION, failed["time"])
    assert alert["consoleUrl"].startswith(f"https://{REGION}.console.aws.amazon.com/a2i/")


@each_event
def test_chat_alert_is_a_custom_notification_and_its_thread_has_the_reason(
    failed: dict[str, Any],
) -> None:
    failure, *reasons = [json.loads(message) for message in _alerts(CHAT, failed)]

    for notification in (failure, *reasons):
        jsonschema.validate(notification, CHAT_NOTIFICATION)
        assert notification["metadata"]["threadId"] == failed["detail"]["humanLoopArn"]
    assert failed["detail"]["humanLoopName"] in failure["content"]["keywords"]
    reason = failed["detail"].get("failureReason")
    assert [each["content"]["description"] for each in reasons] == ([reason] if reason else [])


@pytest.mark.parametrize("case", [TEXT, JSON, CHAT])
@pytest.mark.parametrize("status", ["Completed", "Stopped", "InProgress"])
def test_loop_that_did_not_fail_alerts_nobody(case: str, status: str) -> None:
    ended = event(
        humanLoopStatus=status, flowDefinitionArn=flow_definition("invoices"), failureReason="x"
    )

    assert _alerts(case, ended) == []


def test_naive_template_would_break_on_quotes() -> None:
    naive = {
        "InputPathsMap": {"reason": "$.detail.failureReason"},
        "InputTemplate": '{"text": "Failed: <reason>"}',
    }

    with pytest.raises(json.JSONDecodeError):
        json.loads(transform(naive, EVENTS["a reason as A2I writes it"]))
