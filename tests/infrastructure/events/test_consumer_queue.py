"""The queue that is created for consumers."""

from __future__ import annotations

from typing import Any

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from human_loop_events import HumanLoopEvents, HumanLoopFilter, QueueSettings, StatusEvents
from tests.infrastructure.cases import new_app


def events() -> StatusEvents:
    return StatusEvents(Stack(new_app(), "Loops"), "Loops", filter=HumanLoopFilter())


def test_consumer_with_a_longer_timeout_can_read_the_queue() -> None:
    loops = HumanLoopEvents(
        Stack(new_app(), "Loops"),
        "Loops",
        queue=QueueSettings(visibility_timeout=Duration.minutes(30)),
    )
    consumer = lambda_.Function(
        loops,
        "Consumer",
        code=lambda_.Code.from_inline("def handle(event, context): pass"),
        handler="index.handle",
        runtime=lambda_.Runtime.PYTHON_3_14,
        timeout=Duration.minutes(5),
    )
    consumer.add_event_source(sources.SqsEventSource(loops.queue))
    template = Template.from_stack(Stack.of(loops))
    template.has_resource_properties(
        "AWS::SQS::Queue", {"VisibilityTimeout": 1800, "MessageRetentionPeriod": 864_000}
    )


@pytest.mark.parametrize(
    ("retention", "threshold", "says"),
    [
        (None, 8 * 86_400, "for 8 days or longer. SQS deletes them after 10 days."),
        (Duration.days(4), 2 * 86_400, "for 2 days or longer. SQS deletes them after 4 days."),
        (Duration.hours(2), 3600, "for 1 hour or longer. SQS deletes them after 2 hours."),
        (Duration.days(13), 11 * 86_400, "for 11 days or longer. SQS deletes them after 13 days."),
    ],
)
def test_alarm_goes_off_before_a_message_is_deleted(
    retention: Duration | None, threshold: int, says: str
) -> None:
    loops = events()
    if retention is None:
        loops.add_queue()
    else:
        loops.add_queue(retention_period=retention)
    alarms = Template.from_stack(Stack.of(loops)).find_resources("AWS::CloudWatch::Alarm").values()
    (alarm,) = [
        each["Properties"]
        for each in alarms
        if each["Properties"].get("MetricName") == "ApproximateAgeOfOldestMessage"
    ]
    assert alarm["Threshold"] == threshold
    assert says in alarm["AlarmDescription"]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"visibility_timeout": 300}, "visibility_timeout: expected a Duration, such as"),
        ({"visibility_timeout": Duration.hours(13)}, "1 second to 12 hours, got 13 hours"),
        (
            {"visibility_timeout": Duration.seconds(0)},
            "visibility_timeout: expected a time, 1 second to",
        ),
        (
            {"retention_period": Duration.days(14)},
            "retention_period: expected a time, 1 hour to 13",
        ),
        (
            {"retention_period": Duration.minutes(1)},
            "retention_period: expected a time, 1 hour to 13",
        ),
    ],
)
def test_time_that_the_queue_cannot_have_is_refused(settings: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        events().add_queue(**settings)


def test_settings_of_a_supplied_queue_are_refused() -> None:
    loops = events()
    queue = sqs.Queue(loops, "Mine")
    with pytest.raises(ValueError, match="retention_period: for a new queue, but queue is suppl"):
        loops.add_queue(queue, retention_period=Duration.days(4))
