"""What the alerts topic says of a failed human loop.

EventBridge's input transformer inserts values without escaping them, so a message either is plain
text, or every value stands alone as a whole JSON value. A value that may be absent (the failure
code and reason) is never taken out of its object in JSON: an absent one would leave nothing behind
its key.
"""

from __future__ import annotations

from enum import StrEnum

from aws_cdk import Stack
from aws_cdk import aws_events as events

from human_loop_events.runbook import runbook_section


class AlertFormat(StrEnum):
    """How an alert on a failed human loop is written.

    ``TEXT``: lines for a person. ``JSON``: one object for a program. ``CHAT``: custom notifications
    of Amazon Q Developer in chat applications, for Slack and Microsoft Teams: one for the failure
    and, in its thread, one with the reason if A2I gave one.
    https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
    """

    TEXT = "TEXT"
    JSON = "JSON"
    CHAT = "CHAT"


#: Matches a reason that is a string: neither null nor absent. A chat message must have a text, so
#: only such a reason makes one.
REASON_GIVEN = {"failureReason": [{"prefix": ""}]}


def failure_message(
    stack: Stack, alert_format: AlertFormat, runbook: str
) -> events.RuleTargetInput:
    """Build the message on a failed human loop."""
    section = runbook_section(runbook, "FailedLoops")
    if alert_format is AlertFormat.JSON:
        return events.RuleTargetInput.from_object(_json_message(stack, section))
    if alert_format is AlertFormat.CHAT:
        return events.RuleTargetInput.from_object(
            _chat_message(
                "A human loop ended Failed",
                "A2I gave up on this review: no reviewer will answer it, and whoever waits for it "
                "must be told. The reason follows in this thread if A2I gave one.",
                next_steps=[f"Find the human loop in {console_url(stack)}", f"Follow {section}"],
                keywords=[_field("humanLoopName"), _field("flowDefinitionArn")],
            )
        )
    return events.RuleTargetInput.from_multiline_text(_text_message(stack, section))


def reason_message() -> events.RuleTargetInput:
    """Build the chat message with the reason, for an event that matches `REASON_GIVEN`."""
    return events.RuleTargetInput.from_object(
        _chat_message("Why the human loop failed", _field("failureReason"))
    )


def console_url(stack: Stack) -> str:
    """Build the address of A2I's console page with the Region's human review workflows."""
    region = stack.region
    return (
        f"https://{region}.console.aws.amazon.com/a2i/home?region={region}#/human-review-workflows"
    )


def _text_message(stack: Stack, section: str) -> str:
    return "\n".join(
        [
            "A human loop in Amazon A2I ended Failed: no reviewer will answer it.",
            f"Human loop: {_field('humanLoopName')}",
            f"Flow definition: {_field('flowDefinitionArn')}",
            f"Failure code: {_field('failureCode')}",
            f"Reason: {_field('failureReason')}",
            f"Started: {_field('creationTime')}",
            f"Ended: {events.EventField.time}",
            f"Account and Region: {events.EventField.account} {stack.region}",
            f"Console: {console_url(stack)}",
            f"What to do: {section}",
        ]
    )


def _json_message(stack: Stack, section: str) -> dict[str, object]:
    return {
        "alert": "HumanLoopFailed",
        "account": events.EventField.account,
        "region": stack.region,
        "endTime": events.EventField.time,
        "consoleUrl": console_url(stack),
        "runbook": section,
        "humanLoop": events.EventField.from_path("$.detail"),
    }


def _chat_message(
    title: str,
    description: str,
    *,
    next_steps: list[str] | None = None,
    keywords: list[str] | None = None,
) -> dict[str, object]:
    content: dict[str, object] = {
        "textType": "client-markdown",
        "title": title,
        "description": description,
    }
    if next_steps:
        content["nextSteps"] = next_steps
    if keywords:
        content["keywords"] = keywords
    return {
        "version": "1.0",
        "source": "custom",
        "content": content,
        "metadata": {
            "threadId": _field("humanLoopArn"),
            "eventType": "HumanLoopFailed",
            "relatedResources": [_field("humanLoopArn"), _field("flowDefinitionArn")],
        },
    }


def _field(name: str) -> str:
    return events.EventField.from_path(f"$.detail.{name}")
