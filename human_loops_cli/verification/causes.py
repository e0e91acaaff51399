"""Why a link is broken, from the state of the services."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from human_loops_cli.dead_letters.dead_letter_queues import (
    DeadLetterQueueClient,
    find_queues,
    queue_arn,
)
from human_loops_cli.errors import explain
from human_loops_cli.session import Session
from human_loops_cli.stack_rules import DeployedRule
from human_loops_cli.verification.stack_parts import StackParts
from human_loops_cli.verification.temporary_resources import subscriptions
from human_loops_cli.verification.verification_loop import VerificationLoop

#: Why it is not known whether the queue got the event.
ANOTHER_CONSUMER: Final = (
    "another consumer may have received the message. verify did not read the queue because it held "
    "other messages. CloudWatch counts messages after some minutes: use a longer --timeout"
)

_MAX_BROWSED: Final = 100
_MAX_LOG_MESSAGE: Final = 400
_UNKNOWN: Final = "no cause was found; run it again with a longer --timeout"


@dataclass(frozen=True, kw_only=True)
class Causes:
    """Finds why an event or message did not arrive."""

    session: Session
    parts: StackParts
    loop: VerificationLoop
    """The run, the parts of the stack, and the marked loop."""
    sent: datetime
    """When the event was sent."""

    def of_topic(self) -> str:
        """Return why the topic did not get the event."""
        return self._first(*self._of_target("topic", self.parts.stack.outputs["TopicArn"]))

    def of_queue(self) -> str:
        """Return why the queue did not get the event."""
        url = self.parts.stack.outputs["QueueUrl"]
        return self._first(
            *self._of_target("queue", self._queue_arn(url)),
            lambda: ANOTHER_CONSUMER,
        )

    def of_handler(self) -> str:
        """Return why the handler did not settle the marked loop."""
        url = self.parts.handler_queue
        handler = self.parts.handler
        assert handler is not None  # noqa: S101 - a link of the handler
        target = handler.configuration["FunctionArn"] if url is None else self._queue_arn(url)
        what = "handler" if url is None else "handler queue"
        return self._first(*self._of_target(what, target), self._mapping, self._function, self._log)

    def of_alarm(self, alarm: str) -> str:
        """Return why the alarm's message did not come to the alerts."""
        return self._first(lambda: self._alarm_history(alarm))

    def of_alerts(self, own_queue: str) -> str | None:
        """Return why alerts do not reach people. No alert is sent to find out."""
        topic = self.parts.stack.outputs["AlertsTopicArn"]
        faults = [self._of_rule(self.parts.failed_rule, "topic of the alerts", topic)]
        others = [
            each
            for each in subscriptions(self.session.client("sns"), topic)
            if not each["Endpoint"].endswith(f":{own_queue}")
        ]
        pending = [each["Protocol"] for each in others if ":" not in each["SubscriptionArn"]]
        if not others:
            faults.append("the alerts have no subscription")
        if pending:
            faults.append(
                f"{len(pending)} of {len(others)} subscriptions await confirmation "
                f"({', '.join(sorted(set(pending)))}): the recipient must confirm it"
            )
        return "; ".join(filter(None, faults)) or None

    def _of_target(self, what: str, arn: str) -> Iterator[Callable[[], str | None]]:
        """Yield checks of why the rule does not reach a target."""
        yield lambda: self._of_rule(self.parts.rule, what, arn)
        yield lambda: self._dead_letter(arn)
        yield lambda: self._key(arn)

    def _of_rule(self, rule: DeployedRule | None, what: str, arn: str) -> str | None:
        if rule is None:
            return None
        if rule.description is None:
            return f"the rule {rule.name} does not exist: deploy the stack again"
        bus = "" if rule.bus == "default" else f" --event-bus-name {rule.bus}"
        if rule.description.get("State") == "DISABLED":
            return (
                f"the rule {rule.name} is disabled: aws events enable-rule --name {rule.name}{bus}"
            )
        targets = self.session.client("events").list_targets_by_rule(
            Rule=rule.name, EventBusName=rule.bus
        )["Targets"]
        if arn not in [each["Arn"] for each in targets]:
            return f"the {what} is no target of the rule {rule.name}: deploy the stack again"
        return None

    def _dead_letter(self, target: str) -> str | None:
        """Find the event in the dead-letter queues, return the reason, and delete the message."""
        sqs, reason = self.session.client("sqs"), None
        if not any(output.endswith("DeadLetterQueueUrl") for output in self.parts.stack.outputs):
            return None
        for queue in find_queues(self.parts.stack):
            client = DeadLetterQueueClient(sqs, queue)
            if client.count() == 0:
                continue
            for message in client.browse(_MAX_BROWSED):
                if self.loop.arn in message.body and message.target_arn in (None, target):
                    reason = f"its event was in {queue.name}: {message.reason}"
                    client.delete(message)
        return reason

    def _key(self, arn: str) -> str | None:
        """Look at the key of a topic or queue."""
        service, name = arn.split(":")[2], arn.rpartition(":")[2]
        if service == "sns":
            answer = self.session.client("sns").get_topic_attributes(TopicArn=arn)
            key = answer["Attributes"].get("KmsMasterKeyId")
        elif service == "sqs":
            sqs = self.session.client("sqs")
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])
            key = answer.get("Attributes", {}).get("KmsMasterKeyId")
        else:
            key = None
        if not key:
            return None
        state = self.session.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
        return None if state == "Enabled" else f"its key {key} is {state}"

    def _mapping(self) -> str | None:
        handler = self.parts.handler
        if self.parts.handler_queue is None or handler is None:
            return None
        queue = self._queue_arn(self.parts.handler_queue)
        mappings = self.session.client("lambda").list_event_source_mappings(
            FunctionName=handler.name, EventSourceArn=queue
        )["EventSourceMappings"]
        if not mappings:
            return "the handler has no event source mapping of its queue: deploy the stack again"
        state, uuid = mappings[0]["State"], mappings[0]["UUID"]
        if state in ("Enabled", "Updating", "Creating", "Enabling"):
            return None
        return (
            f"the event source mapping of the handler is {state}: "
            f"aws lambda update-event-source-mapping --uuid {uuid} --enabled"
        )

    def _function(self) -> str | None:
        handler = self.parts.handler
        assert handler is not None  # noqa: S101 - a link of the handler
        state = handler.configuration.get("State", "Active")
        if state not in ("Active", "Inactive"):
            return f"the function {handler.name} is {state}"
        concurrency = self.session.client("lambda").get_function_concurrency(
            FunctionName=handler.name
        )
        if concurrency.get("ReservedConcurrentExecutions") == 0:
            return (
                f"the function {handler.name} is throttled: its reserved concurrency is 0: "
                f"aws lambda delete-function-concurrency --function-name {handler.name}"
            )
        return None

    def _log(self) -> str | None:
        handler = self.parts.handler
        assert handler is not None  # noqa: S101 - a link of the handler
        group = handler.configuration.get("LoggingConfig", {}).get(
            "LogGroup", f"/aws/lambda/{handler.name}"
        )
        pages = (
            self.session.client("logs")
            .get_paginator("filter_log_events")
            .paginate(
                logGroupName=group,
                startTime=int((self.sent - timedelta(minutes=1)).timestamp() * 1000),
                filterPattern=f'"{self.loop.name}"',
            )
        )
        lines = [event["message"] for page in pages for event in page["events"]]
        errors = [_message(line) for line in lines if "not settled" in line]
        return f"the log of the handler: {errors[-1][:_MAX_LOG_MESSAGE]}" if errors else None

    def _alarm_history(self, alarm: str) -> str | None:
        answer = self.session.client("cloudwatch").describe_alarm_history(
            AlarmName=alarm, HistoryItemType="Action", StartDate=self.sent - timedelta(minutes=1)
        )
        for item in answer.get("AlarmHistoryItems", ()):
            if "Failed" in item["HistorySummary"]:
                error = _object(item.get("HistoryData", "")).get("error")
                return f"CloudWatch: {error or item['HistorySummary']}"
        return None

    def _queue_arn(self, url: str) -> str:
        return queue_arn(self.session.client("sqs"), url)

    def _first(self, *looks: Callable[[], str | None]) -> str:
        """Return the first cause that is found, or the first permission that is missing."""
        refused = ""
        for look in looks:
            try:
                cause = look()
            except (BotoCoreError, ClientError) as error:
                refused = refused or " ".join(str(explain(error)).split())
                continue
            if cause is not None:
                return cause
        return refused or _UNKNOWN


def _message(line: str) -> str:
    """Return the message in a line of the log: an object, or text where logs are plain."""
    message = str(_object(line).get("message", line))
    return " ".join(message.split())


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
