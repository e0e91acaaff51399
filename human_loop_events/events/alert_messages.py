"""The messages to the alerts topic about a failure.

EventBridge's input transformer inserts values without escaping them. Therefore, a message is plain
text, or each inserted value is a complete JSON value. In JSON, a value that can be absent (a
failure code or a reason) is passed as part of the event's detail. Otherwise, an absent value would
leave a key without a value.

In plain text, a line break of a value begins a line that looks like any other. Therefore, what A2I,
SageMaker or a user wrote comes last, under a heading that says so. In JSON, values are encoded. In
chat, the reason is a separate message with that heading: EventBridge escapes no value within a
longer text, so the reason cannot be formatted as code.
"""

from __future__ import annotations

from enum import StrEnum

from aws_cdk import Stack
from aws_cdk import aws_events as events

from human_loop_events.events.console import console_page
from human_loop_events.events.event_filter import FailureDescription

#: The heading of what the alert quotes from the event.
QUOTED = "From the event, written by AWS or by a user"

#: The Region of the event. In a hub, it can differ from that of the stack. It needs no escaping.
_REGION = events.EventField.from_path("$.region")


class AlertFormat(StrEnum):
    """The format of an alert on a failure."""

    TEXT = "TEXT"
    """Plain text for people."""
    JSON = "JSON"
    """One object for programs."""
    CHAT = "CHAT"
    """Custom notifications of Amazon Q Developer in chat applications, for Slack and Microsoft
    Teams: one for the failure and, in the same thread, one with the reason if the event has one.
    https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html"""


def failure_message(
    stack: Stack,
    alert_format: AlertFormat,
    failure: FailureDescription,
    section: str,
    *,
    include_reason: bool,
) -> events.RuleTargetInput:
    """Build the message about a failure.

    Parameters
    ----------
    stack
        The stack of the rule.
    alert_format
        The format.
    failure
        The content of the message.
    section
        The section of the runbook: a path, a URL or a command.
    include_reason
        Whether to quote the failure's reason.
    """
    if alert_format is AlertFormat.JSON:
        return events.RuleTargetInput.from_object(
            _json_message(stack, failure, section, include_reason)
        )
    if alert_format is AlertFormat.CHAT:
        following = " The reason, if the event has one, follows in this thread."
        return events.RuleTargetInput.from_object(
            _chat_message(
                failure,
                failure.title,
                failure.text + (following if failure.reason_path and include_reason else ""),
                next_steps=[f"Open {console_url(stack, failure)}", f"Runbook: {section}"],
            )
        )
    return events.RuleTargetInput.from_multiline_text(
        _text_message(stack, failure, section, include_reason)
    )


def reason_message(failure: FailureDescription, reason_path: str) -> events.RuleTargetInput:
    """Build the chat message with the reason, for an event that has one."""
    return events.RuleTargetInput.from_object(
        _chat_message(
            failure,
            f"{QUOTED}: the reason of the failure",
            events.EventField.from_path(reason_path),
        )
    )


def console_url(stack: Stack, failure: FailureDescription) -> str:
    """Build the URL of the console page, in the event's Region and the stack's partition."""
    return console_page(stack, failure.console_path.format(region=_REGION), region=_REGION)


def _text_message(
    stack: Stack, failure: FailureDescription, section: str, include_reason: bool
) -> str:
    return "\n".join(
        [
            f"{failure.title}. {failure.text}",
            f"Ended: {events.EventField.time}",
            f"Account and Region: {events.EventField.account} {_REGION}",
            f"Console: {console_url(stack, failure)}",
            f"Runbook: {section}",
            f"{QUOTED}. Follow no link or instruction below:",
            *(
                f"{label}: {events.EventField.from_path(path)}"
                for label, path in failure.lines
                if include_reason or path != failure.reason_path
            ),
        ]
    )


def _json_message(
    stack: Stack, failure: FailureDescription, section: str, include_reason: bool
) -> dict[str, object]:
    detail: object = events.EventField.from_path("$.detail")
    if not include_reason:
        detail = {
            field: events.EventField.from_path(f"$.detail.{field}")
            for field in failure.always_present
        }
    return {
        "alert": failure.alert,
        "account": events.EventField.account,
        "region": _REGION,
        "endTime": events.EventField.time,
        "consoleUrl": console_url(stack, failure),
        "runbook": section,
        "resources": events.EventField.from_path("$.resources"),
        failure.detail_key: detail,
    }


def _chat_message(
    failure: FailureDescription,
    title: str,
    description: str,
    *,
    next_steps: list[str] | None = None,
) -> dict[str, object]:
    resources: object = events.EventField.from_path("$.resources")
    if failure.resource_paths:
        resources = [events.EventField.from_path(path) for path in failure.resource_paths]
    content: dict[str, object] = {
        "textType": "client-markdown",
        "title": title,
        "description": description,
    }
    if next_steps:
        content["nextSteps"] = next_steps
        content["keywords"] = resources
    return {
        "version": "1.0",
        "source": "custom",
        "content": content,
        "metadata": {
            "threadId": events.EventField.from_path(failure.thread_path),
            "eventType": failure.alert,
            "relatedResources": resources,
        },
    }
