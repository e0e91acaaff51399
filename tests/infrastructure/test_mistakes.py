"""The most likely mistakes by file and construct, each with its message.

A mistake that AWS refuses, or that cannot work, stops synthesis. Where the other side must allow
something, or CDK does not know enough, synthesis warns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aws_cdk import Duration, Environment, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_kinesisfirehose as firehose
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Annotations, Match
from constructs import Construct

from human_loop_events import (
    Alerts,
    AlertsSettings,
    CorrectedDocuments,
    Delivery,
    EventArchive,
    FlowDefinitions,
    HandlerDelivery,
    HumanLoopCallbacks,
    HumanLoopDashboard,
    HumanLoopEvents,
    HumanLoopFilter,
    HumanLoopHub,
    HumanLoopSpoke,
    HumanLoopTask,
    JobFilter,
    Ledger,
    OutputLocation,
    ReconcilerSettings,
    ReviewHandler,
    ReviewHandlerSettings,
    StatusEvents,
)
from tests.infrastructure.cases import ACCOUNT, REGION, new_app

OTHER = "999988887777"
ELSEWHERE = "us-east-1"
KEY = "key/1234abcd-12ab-34cd-56ef-1234567890ab"
ENVIRONMENT = Environment(account=ACCOUNT, region=REGION)


@dataclass(frozen=True)
class Mistake:
    """What a user writes in a stack, and what the message says."""

    name: str
    write: Callable[[Stack], object]
    says: str


def wrong(value: object) -> Any:
    """Return a value of a wrong type, which a type checker would refuse."""
    return value


def _arn(service: str, resource: str, *, account: str = ACCOUNT, region: str = REGION) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def _topic(stack: Stack, **where: str) -> sns.ITopic:
    return sns.Topic.from_topic_arn(stack, "SuppliedTopic", _arn("sns", "theirs", **where))


def _queue(stack: Stack, **where: str) -> sqs.IQueue:
    return sqs.Queue.from_queue_arn(stack, "SuppliedQueue", _arn("sqs", "theirs", **where))


def _function(stack: Construct, function_id: str = "SuppliedFunction") -> lambda_.Function:
    return lambda_.Function(
        stack,
        function_id,
        code=lambda_.Code.from_inline("def handle(event, context): pass"),
        handler="index.handle",
        runtime=lambda_.Runtime.PYTHON_3_14,
        dead_letter_queue=sqs.Queue(stack, f"{function_id}Failures"),
    )


def _imported_function(stack: Stack, **where: str) -> lambda_.IFunction:
    return lambda_.Function.from_function_arn(
        stack, "SuppliedFunction", _arn("lambda", "function:theirs", **where)
    )


def _key(stack: Stack, **where: str) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "SuppliedKey", _arn("kms", KEY, **where))


def _alias(stack: Stack) -> kms.IKey:
    return kms.Alias.from_alias_name(stack, "SuppliedAlias", "alias/reviews")


def _bus(stack: Stack, **where: str) -> events.IEventBus:
    return events.EventBus.from_event_bus_arn(
        stack, "SuppliedBus", _arn("events", "event-bus/theirs", **where)
    )


def _table(stack: Stack, **where: str) -> dynamodb.ITable:
    return dynamodb.Table.from_table_arn(
        stack, "SuppliedTable", _arn("dynamodb", "table/theirs", **where)
    )


def _output(stack: Stack) -> OutputLocation:
    return OutputLocation(s3.Bucket(stack, "Output"))


def _documents_within_the_output(stack: Stack) -> HumanLoopEvents:
    output = _output(stack)
    documents = CorrectedDocuments(output.bucket, prefix="x/")
    return _loops(stack, output=output, corrected_documents=documents)


def _loops(stack: Stack, **arguments: Any) -> HumanLoopEvents:
    if "output" not in arguments:
        arguments["output"] = _output(stack)
    return HumanLoopEvents(stack, "HumanLoops", **arguments)


def _events(stack: Stack, **arguments: Any) -> StatusEvents:
    return StatusEvents(stack, "Loops", **{"filter": HumanLoopFilter(), **arguments})


def _delivery(stack: Stack, **arguments: Any) -> Delivery:
    return Delivery(stack, "Delivery", **arguments)


def _handler(stack: Stack, **arguments: Any) -> ReviewHandler:
    return ReviewHandler(stack, "Handler", **{"output": _output(stack), **arguments})


def _fifo(stack: Stack, **arguments: Any) -> sqs.Queue:
    return sqs.Queue(stack, "Fifo", fifo=True, **arguments)


def _wrong_table(stack: Stack) -> dynamodb.Table:
    return dynamodb.Table(
        stack,
        "SuppliedTable",
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
    )


def _task(stack: Stack, **arguments: Any) -> HumanLoopTask:
    callbacks = _loops(stack, reconciler=False).add_callbacks()
    return HumanLoopTask(
        stack,
        "Review",
        **{
            "callbacks": callbacks,
            "flow_definition": "claims",
            "input_content": sfn.TaskInput.from_object({}),
            **arguments,
        },
    )


def _state_machine(stack: Stack, definition: sfn.IChainable, **arguments: Any) -> None:
    sfn.StateMachine(
        stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(definition), **arguments
    )


def _express_map(stack: Stack) -> None:
    pages = sfn.DistributedMap(stack, "Pages", map_execution_type=sfn.StateMachineType.EXPRESS)
    _state_machine(stack, pages.item_processor(_task(stack)))


def _other_stack(stack: Stack) -> Stack:
    return Stack(stack.node.root, "Other", env=ENVIRONMENT)  # type: ignore[arg-type]


REFUSED: dict[str, list[Mistake]] = {
    "human_loop_events.py: HumanLoopEvents": [
        Mistake(
            "an empty list of flow definitions",
            lambda stack: _loops(stack, flow_definitions=[]),
            "flow_definitions: expected FlowDefinitions.from_names('invoices'), .from_arns(…) or "
            ".all(), got []",
        ),
        Mistake(
            "names in place of FlowDefinitions",
            lambda stack: _loops(stack, flow_definitions=["invoices"]),
            "or .all(), got ['invoices']",
        ),
        Mistake(
            "one status as text",
            lambda stack: _loops(stack, statuses="Failed"),
            "statuses: expected a list such as",
        ),
        Mistake(
            "a status that loops do not end with",
            lambda stack: _loops(stack, statuses=["InProgress"]),
            "statuses: expected one of Completed, Failed, Stopped, got 'InProgress'",
        ),
        Mistake(
            "the URI of the output",
            lambda stack: _loops(stack, output="s3://example/reviews/"),
            "OutputLocation(…) or OutputBucketSettings(…), got 's3://example/",
        ),
        Mistake(
            "a bucket as output",
            lambda stack: _loops(stack, output=s3.Bucket(stack, "Bucket")),
            "OutputLocation(…) or OutputBucketSettings(…), got Bucket Loops/",
        ),
        Mistake(
            "the ARN of a topic",
            lambda stack: _loops(stack, topic=_arn("sns", "mine")),
            "topic: expected a topic, such as sns.Topic.from_topic_arn(…), got 'arn:aws:sns:",
        ),
        Mistake(
            "an L1 topic",
            lambda stack: _loops(stack, topic=sns.CfnTopic(stack, "L1")),
            "topic: expected a topic, such as sns.Topic.from_topic_arn(…), got the L1 construct "
            "CfnTopic Loops/L1",
        ),
        Mistake(
            "an L1 queue",
            lambda stack: _loops(stack, queue=sqs.CfnQueue(stack, "L1")),
            "queue: expected a queue, such as sqs.Queue.from_queue_arn(…) or QueueSettings(…), got "
            "the L1 construct "
            "CfnQueue Loops/L1",
        ),
        Mistake(
            "a topic as queue",
            lambda stack: _loops(stack, queue=sns.Topic(stack, "Topic")),
            "queue: expected a queue, such as sqs.Queue.from_queue_arn(…) or QueueSettings(…), got "
            "Topic Loops/Topic",
        ),
        Mistake(
            "a queue as topic",
            lambda stack: _loops(stack, topic=sqs.Queue(stack, "Queue")),
            "topic: expected a topic, such as sns.Topic.from_topic_arn(…), got Queue Loops/Queue",
        ),
        Mistake(
            "a topic of another Region",
            lambda stack: _loops(stack, topic=_topic(stack, region=ELSEWHERE)),
            "topic: arn:aws:sns:us-east-1:111122223333:theirs is in Region us-east-1, but Loops is "
            "deployed to Region eu-west-1: EventBridge delivers to targets of its own Region only",
        ),
        Mistake(
            "a queue of another Region",
            lambda stack: _loops(stack, queue=_queue(stack, region=ELSEWHERE)),
            "queue: arn:aws:sqs:us-east-1:111122223333:theirs is in Region us-east-1, but Loops",
        ),
        Mistake(
            "a function of another Region",
            lambda stack: _loops(stack, handler=_imported_function(stack, region=ELSEWHERE)),
            "function: arn:aws:lambda:us-east-1:111122223333:function:theirs is in Region us-east",
        ),
        Mistake(
            "an L1 function",
            lambda stack: _loops(
                stack, handler=lambda_.CfnFunction(stack, "L1", code={}, role="role")
            ),
            "handler: expected a function, such as lambda_.Function.from_function_arn(…) or "
            "ReviewHandler(…) or ReviewHandlerSettings(…), got the L1 construct CfnFunction",
        ),
        Mistake(
            "a class in place of settings",
            lambda stack: _loops(stack, handler=ReviewHandlerSettings),
            "handler: expected a function, such as",
        ),
        Mistake(
            "the name of a delivery of events",
            lambda stack: _loops(stack, handler_delivery="buffered"),
            "handler_delivery: expected HandlerDelivery.direct() or .buffered(…), got 'buffered'",
        ),
        Mistake(
            "None for no reconciler",
            lambda stack: _loops(stack, reconciler=None),
            "reconciler: expected Reconciler(…) or ReconcilerSettings(…) or False, got None",
        ),
        Mistake(
            "True for the archive of outcomes",
            lambda stack: _loops(stack, outcome_archive=True),
            "outcome_archive: expected OutcomeArchiveSettings(…), got True",
        ),
        Mistake(
            "settings of the delivery for the alerts",
            lambda stack: _loops(stack, alerts=_delivery(stack)),
            "alerts: expected Alerts(…) or AlertsSettings(…), got Delivery Loops/Delivery",
        ),
        Mistake(
            "alerts of another stack",
            lambda stack: _loops(stack, alerts=Alerts(_other_stack(stack), "Alerts")),
            "alerts: Other/Alerts is in the stack Other, and Loops/HumanLoops in Loops: each stack "
            "would depend on the other; expected AlertsSettings(topic=…) with its topic",
        ),
        Mistake(
            "a delivery of another stack",
            lambda stack: _loops(stack, delivery=Delivery(_other_stack(stack), "Delivery")),
            "expected DeliverySettings(encryption_key=…, dead_letter_queue=…) with its key",
        ),
        Mistake(
            "a target that is a construct",
            lambda stack: _loops(stack).on_failed("Page", target=wrong(sns.Topic(stack, "Page"))),
            "target: expected a target, such as targets.SqsQueue(…), got Topic Loops/Page",
        ),
        Mistake(
            "a long description of a rule",
            lambda stack: _loops(stack).on_failed("Page", description="x" * 513),
            "description of the rule Page: expected at most 512 characters, got 513",
        ),
        Mistake(
            "spaces in the name of a rule",
            lambda stack: _loops(stack).on_failed("Page", rule_name="failed loops"),
            "rule_name: expected 1 to 64 letters, digits, '.', '-' and '_', got 'failed loops'",
        ),
        Mistake(
            "a number of days as retention of the archive",
            lambda stack: _loops(stack).add_archive(retention=wrong(90)),
            "retention: expected a Duration, such as Duration.minutes(5), got 90",
        ),
        Mistake(
            "a percentage as threshold",
            lambda stack: _loops(
                stack, flow_definitions=FlowDefinitions.from_names("invoices")
            ).alert_on_low_agreement(90),
            "threshold: expected a share, over 0 up to 1, got 90",
        ),
        Mistake(
            "a period that CloudWatch does not have",
            lambda stack: _loops(
                stack, flow_definitions=FlowDefinitions.from_names("invoices")
            ).alert_on_low_agreement(0.9, period=Duration.days(7)),
            "period: expected whole minutes, 1 minute to 1 day",
        ),
        Mistake(
            "the name of a grantee",
            lambda stack: _loops(stack).grant_read_output(wrong("role")),
            "grantee: expected an IGrantable, got 'role'",
        ),
        Mistake(
            "a misspelled setting",
            lambda stack: _loops(stack, alerts={"runbok": "https://example.com"}),
            "alerts: expected AlertsSettings(…) with topic, alert_format, include_failure_reason, "
            "runbook, failure_threshold, failure_period, failure_evaluation_periods, ok_actions; "
            "got runbok",
        ),
        Mistake(
            "a setting of a wrong type",
            lambda stack: _loops(stack, delivery={"max_event_age": 3600}),
            "max_event_age: expected a Duration, such as Duration.minutes(5), got 3600",
        ),
    ],
    "events/delivery.py: Delivery": [
        Mistake(
            "a number of seconds",
            lambda stack: _delivery(stack, max_event_age=3600),
            "max_event_age: expected a Duration, such as Duration.minutes(5), got 3600",
        ),
        Mistake(
            "too many retries",
            lambda stack: _delivery(stack, retry_attempts=186),
            "retry_attempts: expected a whole number, 0 to 185, got 186",
        ),
        Mistake(
            "the ARN of a key",
            lambda stack: _delivery(stack, encryption_key=_arn("kms", "key/1")),
            "encryption_key: expected a key, such as kms.Key.from_key_arn(…), got 'arn:aws:kms",
        ),
        Mistake(
            "an L1 key",
            lambda stack: _delivery(stack, encryption_key=kms.CfnKey(stack, "L1")),
            "encryption_key: expected a key, such as kms.Key.from_key_arn(…), got the L1 construct",
        ),
        Mistake(
            "an imported alias",
            lambda stack: _delivery(stack, encryption_key=_alias(stack)),
            "alias/reviews is an imported alias, and a policy that names an alias allows nothing; "
            "expected its key, such as kms.Key.from_key_arn(…)",
        ),
        Mistake(
            "an alias imported as a key",
            lambda stack: _delivery(
                stack,
                encryption_key=kms.Key.from_key_arn(stack, "K", _arn("kms", "alias/reviews")),
            ),
            "encryption_key: arn:aws:kms:eu-west-1:111122223333:alias/reviews is an imported alias",
        ),
        Mistake(
            "an asymmetric key",
            lambda stack: _delivery(
                stack, encryption_key=kms.Key(stack, "K", key_spec=kms.KeySpec.RSA_2048)
            ),
            "encryption_key: Loops/K is a key of the kind RSA_2048, with which AWS services cannot",
        ),
        Mistake(
            "a key for signatures",
            lambda stack: _delivery(
                stack,
                encryption_key=kms.Key(
                    stack,
                    "K",
                    key_spec=kms.KeySpec.HMAC_256,
                    key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
                ),
            ),
            "encryption_key: Loops/K is a key of the kind HMAC_256",
        ),
        Mistake(
            "a key of another Region",
            lambda stack: _delivery(stack, encryption_key=_key(stack, region=ELSEWHERE)),
            f"encryption_key: arn:aws:kms:us-east-1:111122223333:{KEY} is in Region us-east-1, "
            "but Loops is deployed to Region eu-west-1: services encrypt with keys of their own",
        ),
        Mistake(
            "a dead-letter queue of another Region",
            lambda stack: _delivery(stack, dead_letter_queue=_queue(stack, region=ELSEWHERE)),
            "dead_letter_queue: arn:aws:sqs:us-east-1:111122223333:theirs is in Region us-east-1, "
            "but Loops is deployed to Region eu-west-1: EventBridge and Lambda send undeliverable",
        ),
        Mistake(
            "a FIFO dead-letter queue",
            lambda stack: _delivery(stack, dead_letter_queue=_fifo(stack)),
            "dead_letter_queue: expected a standard queue, got the FIFO queue",
        ),
        Mistake(
            "a topic as dead-letter queue",
            lambda stack: _delivery(stack, dead_letter_queue=sns.Topic(stack, "Topic")),
            "dead_letter_queue: expected a queue, such as sqs.Queue.from_queue_arn(…), got Topic",
        ),
        Mistake(
            "text for a switch",
            lambda stack: _delivery(stack, authorize_using_role="no"),
            "authorize_using_role: expected True or False, got 'no'",
        ),
        Mistake(
            "a topic of another account without a role",
            lambda stack: _delivery(stack, authorize_using_role=False).topic_target(
                _topic(stack, account=OTHER)
            ),
            "topic: arn:aws:sns:eu-west-1:999988887777:theirs is in account 999988887777, but "
            "Loops is deployed to account 111122223333: EventBridge delivers to another account "
            "with a role only, and authorize_using_role is False",
        ),
        Mistake(
            "a FIFO topic",
            lambda stack: _delivery(stack).topic_target(sns.Topic(stack, "Fifo", fifo=True)),
            "topic: expected a standard topic, got the FIFO topic",
        ),
        Mistake(
            "a FIFO queue without content-based deduplication",
            lambda stack: _delivery(stack).queue_target(_fifo(stack), message_group_id="loops"),
            "queue: Loops/Fifo is a FIFO queue without content-based deduplication, and "
            "EventBridge sends no deduplication id; expected content_based_deduplication=True",
        ),
        Mistake(
            "a FIFO queue without a group",
            lambda stack: _delivery(stack).queue_target(
                _fifo(stack, content_based_deduplication=True)
            ),
            "queue: Loops/Fifo is a FIFO queue; expected a standard queue, or",
        ),
        Mistake(
            "a field of the event as group",
            lambda stack: _delivery(stack).queue_target(
                _fifo(stack, content_based_deduplication=True),
                message_group_id=events.EventField.from_path("$.detail.humanLoopName"),
            ),
            "message_group_id: expected one text for all events, got",
        ),
        Mistake(
            "the path of a field as group",
            lambda stack: _delivery(stack).queue_target(
                _fifo(stack, content_based_deduplication=True),
                message_group_id="$.detail.humanLoopName",
            ),
            "message_group_id: expected one text for all events, got a field of the event",
        ),
        Mistake(
            "text as message",
            lambda stack: _delivery(stack).topic_target(_topic(stack), message=wrong("failed")),
            "message: expected RuleTargetInput(…), got 'failed'",
        ),
        Mistake(
            "an L1 bus as target",
            lambda stack: _delivery(stack).event_bus_target(
                wrong(events.CfnEventBus(stack, "L1", name="mine"))
            ),
            "event_bus: expected a bus, such as events.EventBus.from_event_bus_name(…), got the L1",
        ),
        Mistake(
            "a function by name",
            lambda stack: _delivery(stack).function_target(wrong("pager")),
            "function: expected a function, such as lambda_.Function.from_function_arn(…), got 'p",
        ),
        Mistake(
            "a delivery stream of another Region",
            lambda stack: _delivery(stack).delivery_stream_target(
                firehose.CfnDeliveryStream(
                    Stack(
                        stack.node.root,  # type: ignore[arg-type]
                        "Other",
                        env=Environment(account=ACCOUNT, region=ELSEWHERE),
                    ),
                    "Stream",
                )
            ),
            "delivery_stream: Other/Stream is in Region us-east-1, but Loops is deployed to",
        ),
    ],
    "events/alerts.py: Alerts": [
        Mistake(
            "a topic of another Region",
            lambda stack: Alerts(stack, "Alerts", topic=_topic(stack, region=ELSEWHERE)),
            "topic of the alerts: arn:aws:sns:us-east-1:111122223333:theirs is in Region us-east-1"
            ", but Loops is deployed to Region eu-west-1: an alarm notifies topics of",
        ),
        Mistake(
            "an e-mail address as topic",
            lambda stack: Alerts(stack, "Alerts", topic=wrong("ml-oncall@example.com")),
            "topic: expected a topic, such as sns.Topic.from_topic_arn(…), got 'ml-oncall@",
        ),
        Mistake(
            "an unknown format",
            lambda stack: Alerts(stack, "Alerts", alert_format=wrong("HTML")),
            "alert_format: expected one of TEXT, JSON, CHAT, got 'HTML'",
        ),
        Mistake(
            "minutes as a number",
            lambda stack: Alerts(stack, "Alerts", failure_period=wrong(5)),
            "failure_period: expected a Duration, such as Duration.minutes(5), got 5",
        ),
        Mistake(
            "a period of high resolution",
            lambda stack: Alerts(stack, "Alerts", failure_period=Duration.seconds(10)),
            "failure_period: expected whole minutes, 1 minute to 1 day, got 10 seconds: CloudWatch",
        ),
        Mistake(
            "half a minute",
            lambda stack: Alerts(stack, "Alerts", failure_period=Duration.seconds(90)),
            "failure_period: expected whole minutes, 1 minute to 1 day",
        ),
        Mistake(
            "no failure at all",
            lambda stack: Alerts(stack, "Alerts", failure_threshold=0),
            "failure_threshold: expected a whole number from 1, got 0",
        ),
        Mistake(
            "a runbook that makes the description of an alarm too long",
            lambda stack: _events(
                stack, alerts=Alerts(stack, "Alerts", runbook="https://x/" + "r" * 900)
            ).alert_on_failure(),
            "with its runbook: expected at most 1,024 characters, got",
        ),
        Mistake(
            "a sentence as runbook",
            lambda stack: Alerts(stack, "Alerts", runbook="ask the team"),
            "runbook: expected a path or URL without spaces, got 'ask the team'",
        ),
        Mistake(
            "a description that is too long",
            lambda stack: Alerts(stack, "Alerts").add_alarm(
                stack,
                "Mine",
                cloudwatch.Metric(namespace="Mine", metric_name="Mine"),
                description="x" * 1024,
                section="FailedLoops",
            ),
            "description of the alarm Mine, with its runbook: expected at most 1,024 characters",
        ),
        Mistake(
            "an imported alias as key",
            lambda stack: Alerts(stack, "Alerts", encryption_key=_alias(stack)),
            "alias/reviews is an imported alias",
        ),
    ],
    "events/status_events.py: StatusEvents": [
        Mistake(
            "a pattern as filter",
            lambda stack: _events(stack, filter={"source": ["aws.sagemaker"]}),
            "filter: expected HumanLoopFilter(…) or JobFilter.training(…), got {'sou",
        ),
        Mistake(
            "the class of a filter",
            lambda stack: _events(stack, filter=HumanLoopFilter),
            "filter: expected HumanLoopFilter(…) or JobFilter.training(…), got <class",
        ),
        Mistake(
            "settings in place of alerts",
            lambda stack: _events(stack, alerts=AlertsSettings(ok_actions=True)),
            "alerts: expected Alerts(…), got {'ok_actions': True}",
        ),
        Mistake(
            "alerts of another stack",
            lambda stack: _events(stack, alerts=Alerts(_other_stack(stack), "Alerts")),
            "alerts: Other/Alerts is in the stack Other, and Loops/Loops in Loops",
        ),
        Mistake(
            "the name of a bus",
            lambda stack: _events(stack, event_bus="default"),
            "event_bus: expected a bus, such as events.EventBus.from_event_bus_name(…), got 'def",
        ),
        Mistake(
            "a bus of another account",
            lambda stack: _events(stack, event_bus=_bus(stack, account=OTHER)),
            "event_bus: arn:aws:events:eu-west-1:999988887777:event-bus/theirs is in account "
            "999988887777, but Loops is deployed to account 111122223333: a rule must be where",
        ),
        Mistake(
            "a bus of another Region",
            lambda stack: _events(stack, event_bus=_bus(stack, region=ELSEWHERE)),
            "is in Region us-east-1, but Loops is deployed to Region eu-west-1: a rule must be",
        ),
        Mistake(
            "a topic for add_queue",
            lambda stack: _events(stack).add_queue(wrong(_topic(stack))),
            "queue: expected a queue, such as sqs.Queue.from_queue_arn(…), got",
        ),
        Mistake(
            "a hundred days of silence",
            lambda stack: _events(stack).alert_on_silence(days=100),
            "days: expected a whole number, 1 to 7, got 100",
        ),
        Mistake(
            "a threshold of a wrong type",
            lambda stack: _events(stack).alert_on_failure(threshold=wrong("3")),
            "threshold: expected a whole number from 1, got '3'",
        ),
    ],
    "events/event_archive.py: EventArchive": [
        Mistake(
            "half a day",
            lambda stack: _archive(stack, retention=Duration.hours(12)),
            "retention of the archive: expected whole days, got 12 hours",
        ),
        Mistake(
            "a long description",
            lambda stack: _archive(stack, description="x" * 513),
            "description of the archive: expected at most 512 characters, got 513",
        ),
        Mistake(
            "a pattern as a dictionary of text",
            lambda stack: _archive(stack, event_pattern="aws.sagemaker"),
            "event_pattern: expected EventPattern(…), got 'aws.sagemaker'",
        ),
    ],
    "events/flow_definitions.py, human_loop_filter.py, job_filter.py": [
        Mistake(
            "an ARN in from_names",
            lambda _: FlowDefinitions.from_names(_arn("sagemaker", "flow-definition/x")),
            "(an ARN goes to from_arns())",
        ),
        Mistake(
            "a list in from_names",
            lambda _: FlowDefinitions.from_names(wrong(["invoices"])),
            "FlowDefinitions.from_names(): expected texts as in",
        ),
        Mistake("no name", lambda _: FlowDefinitions.from_names(), "needs at least one name"),
        Mistake(
            "an empty list in the filter",
            lambda _: HumanLoopFilter(flow_definitions=wrong([])),
            "flow_definitions: expected FlowDefinitions.from_names('invoices'), .from_arns(…) or "
            ".all(), got []",
        ),
        Mistake(
            "flow definitions of another Region",
            lambda stack: _events(
                stack,
                filter=HumanLoopFilter(
                    flow_definitions=FlowDefinitions.from_arns(
                        _arn("sagemaker", "flow-definition/x", region=ELSEWHERE)
                    )
                ),
            ),
            "is in Region us-east-1, but Loops is deployed to Region eu-west-1",
        ),
        Mistake(
            "a wildcard as prefix of a job's name",
            lambda _: JobFilter.training(name_prefix="invoices-*"),
            "name_prefix: expected the beginning of a name",
        ),
        Mistake(
            "a status that jobs do not have",
            lambda _: JobFilter.training(statuses=["Succeeded"]),
            "statuses: 'Succeeded' is not a status of a SageMaker Training Job",
        ),
    ],
    "events/human_loop_hub.py, human_loop_spoke.py": [
        Mistake(
            "one account as text",
            lambda stack: HumanLoopHub(stack, "Hub", accounts=OTHER),
            "accounts: expected a list such as ['444455556666'], got '999988887777'",
        ),
        Mistake(
            "an account as a number",
            lambda stack: HumanLoopHub(stack, "Hub", accounts=wrong([999988887777])),
            "accounts: expected a list such as ['444455556666'], got 999988887777 in it",
        ),
        Mistake(
            "a spoke without output",
            lambda stack: HumanLoopSpoke(
                stack, "Spoke", hub=_arn("events", "x"), output=wrong(None)
            ),
            "output: expected OutputLocation(…)",
        ),
        Mistake(
            "the name of a hub",
            lambda stack: HumanLoopSpoke(stack, "Spoke", hub="reviews-hub", output=_output(stack)),
            "hub: expected a HumanLoopHub of the app, or the ARN of a hub's event bus",
        ),
    ],
    "reviews/output_location.py: OutputLocation": [
        Mistake(
            "the name of a bucket",
            lambda _: OutputLocation(wrong("example-reviews")),
            "bucket: expected a bucket, such as s3.Bucket.from_bucket_name(…), got 'example-re",
        ),
        Mistake(
            "a prefix that begins with a slash",
            lambda stack: OutputLocation(s3.Bucket(stack, "B"), prefix="/reviews"),
            "prefix of the output: '/reviews' has an empty part; expected one such as 'reviews/'",
        ),
        Mistake(
            "a URI with two slashes",
            lambda stack: OutputLocation.from_s3_output_path(stack, "O", "s3://example-b//x/"),
            "prefix of the output: '/x/' has an empty part; expected one such as 'reviews/'",
        ),
        Mistake(
            "a path in place of a URI",
            lambda stack: OutputLocation.from_s3_output_path(stack, "O", "example-b/x/"),
            "s3_output_path: expected s3://<bucket>/<prefix>, got 'example-b/x/'",
        ),
        Mistake(
            "a wildcard",
            lambda stack: OutputLocation(s3.Bucket(stack, "B"), prefix="reviews/*"),
            "prefix of the output: 'reviews/*' contains one of * ? $",
        ),
        Mistake(
            "an imported alias as key",
            lambda stack: OutputLocation(s3.Bucket(stack, "B"), encryption_key=_alias(stack)),
            "encryption_key of the output:",
        ),
        Mistake(
            "the ARN of a key",
            lambda stack: OutputLocation(
                s3.Bucket(stack, "B"), encryption_key=wrong(_arn("kms", "key/1"))
            ),
            "encryption_key: expected a key, such as kms.Key.from_key_arn(…), got 'arn:",
        ),
    ],
    "reviews/corrected_documents.py: CorrectedDocuments": [
        Mistake(
            "the name of a bucket",
            lambda _: CorrectedDocuments(wrong("example-documents")),
            "bucket: expected a bucket, such as s3.Bucket.from_bucket_name(…), got 'example-doc",
        ),
        Mistake(
            "a URI as prefix",
            lambda stack: CorrectedDocuments(s3.Bucket(stack, "B"), prefix="s3://b/corrected/"),
            "prefix of the corrected documents: expected a key prefix such as 'corrected/', got "
            "'s3://b/corrected/'",
        ),
        Mistake(
            "a prefix with an empty part",
            lambda stack: CorrectedDocuments(s3.Bucket(stack, "B"), prefix="/corrected/"),
            "prefix of the corrected documents: '/corrected/' has an empty part; expected one such "
            "as 'corrected/'",
        ),
        Mistake(
            "a wildcard",
            lambda stack: CorrectedDocuments(s3.Bucket(stack, "B"), prefix="*/corrected/"),
            "prefix of the corrected documents: '*/corrected/' contains one of * ? $",
        ),
        Mistake(
            "an imported alias as key",
            lambda stack: CorrectedDocuments(s3.Bucket(stack, "B"), encryption_key=_alias(stack)),
            "encryption_key of the corrected documents:",
        ),
        Mistake(
            "a key of another Region",
            lambda stack: CorrectedDocuments(
                s3.Bucket(stack, "B"), encryption_key=_key(stack, region="us-east-1")
            ),
            "encryption_key of the corrected documents: Loops/SuppliedKey is in Region us-east-1, "
            "but the bucket Loops/B is in eu-west-1",
        ),
        Mistake(
            "a folder of the output",
            _documents_within_the_output,
            "corrected_documents: prefix 'x/' and prefix '' of the output are in the same bucket, "
            "Loops/Output, and one is within the other",
        ),
        Mistake(
            "a bucket in place of the location",
            lambda stack: _loops(stack, corrected_documents=wrong(s3.Bucket(stack, "B"))),
            "corrected_documents: expected ",
        ),
        Mistake(
            "a supplied handler",
            lambda stack: _loops(
                stack,
                handler=_function(stack),
                corrected_documents=CorrectedDocuments(s3.Bucket(stack, "B")),
            ),
            "handler is supplied; expected ReviewHandler(…, corrected_documents=…)",
        ),
    ],
    "reviews/ledger.py: Ledger": [
        Mistake(
            "a table with other keys",
            lambda stack: Ledger(stack, "Ledger", table=_wrong_table(stack)),
            "table: expected the partition key 'humanLoopArn' and the sort key 'creationTime', "
            "both of the type STRING, got Loops/SuppliedTable with 'id' (S)",
        ),
        Mistake(
            "a table of another Region",
            lambda stack: Ledger(stack, "Ledger", table=_table(stack, region=ELSEWHERE)),
            "table: arn:aws:dynamodb:us-east-1:111122223333:table/theirs is in Region us-east-1",
        ),
        Mistake(
            "a reconciler with a ledger of another account",
            lambda stack: _loops(
                stack,
                handler=ReviewHandlerSettings(
                    ledger=Ledger(stack, "Ledger", table=_table(stack, account=OTHER))
                ),
            ),
            "the reconciler and callbacks find the ledger by its name",
        ),
        Mistake(
            "the name of a table",
            lambda stack: Ledger(stack, "Ledger", table=wrong("ledger")),
            "table: expected a table, such as dynamodb.Table.from_table_arn(…), got 'ledger'",
        ),
        Mistake(
            "days as a number",
            lambda stack: Ledger(stack, "Ledger", retention=wrong(400)),
            "retention: expected a Duration, such as Duration.minutes(5), got 400",
        ),
        Mistake(
            "a table in place of a ledger",
            lambda stack: _handler(stack, ledger=_table(stack)),
            "ledger: expected Ledger(…), got",
        ),
    ],
    "reviews/review_handler.py, handler_queue.py: ReviewHandler": [
        Mistake(
            "no output", lambda stack: _handler(stack, output=None), "output: expected OutputLoc"
        ),
        Mistake(
            "an outcome bus of another Region",
            lambda stack: _handler(stack, outcome_bus=_bus(stack, region=ELSEWHERE)),
            "outcome_bus: arn:aws:events:us-east-1:111122223333:event-bus/theirs is in Region",
        ),
        Mistake(
            "a rule on outcomes of a bus of another account",
            lambda stack: _handler(stack, outcome_bus=_bus(stack, account=OTHER)).on_outcome(
                "Mine", delivery=_delivery(stack), alerts=Alerts(stack, "Alerts")
            ),
            "a rule must be where its bus is",
        ),
        Mistake(
            "a dead-letter queue of another Region",
            lambda stack: _handler(stack, dead_letter_queue=_queue(stack, region=ELSEWHERE)),
            "dead_letter_queue: arn:aws:sqs:us-east-1:111122223333:theirs is in Region us-east-1",
        ),
        Mistake(
            "bytes as a number",
            lambda stack: _handler(stack, max_output_size=12_000_000),
            "max_output_size: expected a Size, such as Size.mebibytes(12), got 12000000",
        ),
        Mistake(
            "seconds as a number",
            lambda stack: _handler(stack, timeout=120),
            "timeout: expected a Duration, such as Duration.minutes(5), got 120",
        ),
        Mistake(
            "a number of days as retention of logs",
            lambda stack: _handler(stack, log_retention=365),
            "log_retention: expected RetentionDays.",
        ),
        Mistake(
            "no instances",
            lambda stack: _handler(stack, reserved_concurrent_executions=0),
            "reserved_concurrent_executions: expected a whole number from 1, got 0",
        ),
        Mistake(
            "text for a switch",
            lambda stack: _handler(stack, include_values="no"),
            "include_values: expected True or False, got 'no'",
        ),
        Mistake(
            "the id of a VPC",
            lambda stack: _handler(stack, vpc="vpc-01234567"),
            "vpc: expected an IVpc, got 'vpc-01234567'",
        ),
        Mistake(
            "a retry time as a number",
            lambda _: HandlerDelivery.buffered(retry_for=wrong(3600)),
            "retry_for: expected a Duration, such as Duration.minutes(5), got 3600",
        ),
        Mistake(
            "an imported alias as key of the queue",
            lambda stack: _handler(stack).read_from_queue(
                stack,
                "Buffer",
                handler_delivery=HandlerDelivery.buffered(),
                encryption_key=_alias(stack),
            ),
            "alias/reviews is an imported alias",
        ),
    ],
    "reviews/reconciler.py: Reconciler": [
        Mistake(
            "a schedule as a number",
            lambda stack: _loops(stack, reconciler=wrong({"schedule": 60})),
            "schedule: expected a Duration, such as Duration.minutes(5), got 60",
        ),
        Mistake(
            "a schedule of five minutes",
            lambda stack: _loops(
                stack, reconciler=ReconcilerSettings(schedule=Duration.minutes(5))
            ),
            "schedule of the reconciler: expected whole minutes, 15 minutes to 1 day",
        ),
    ],
    "step_functions/: HumanLoopCallbacks, HumanLoopTask": [
        Mistake(
            "an Express workflow",
            lambda stack: _state_machine(
                stack, _task(stack), state_machine_type=sfn.StateMachineType.EXPRESS
            ),
            "Loops/Review waits for a human loop, but Loops/Machine/Resource is an Express "
            "workflow or has one in a Map, and only Standard workflows wait for a task token",
        ),
        Mistake("an Express Map", _express_map, "Loops/Review waits for a human loop, but"),
        Mistake(
            "HumanLoopEvents in place of callbacks",
            lambda stack: _task(stack, callbacks=_events(stack)),
            "callbacks: expected HumanLoopCallbacks(…), got StatusEvents Loops/Loops",
        ),
        Mistake(
            "a dictionary as input",
            lambda stack: _task(stack, input_content={"claim": 1}),
            "input_content: expected TaskInput(…), got {'claim': 1}",
        ),
        Mistake(
            "a timeout as a number",
            lambda stack: _task(stack, timeout=3600),
            "timeout: expected a Duration, such as Duration.minutes(5), got 3600",
        ),
        Mistake(
            "a function in place of the handler",
            lambda stack: HumanLoopCallbacks(
                stack,
                "Callbacks",
                handler=wrong(_function(stack)),
                delivery=_delivery(stack),
                alerts=Alerts(stack, "Alerts"),
            ),
            "handler: expected ReviewHandler(…), got Function Loops/SuppliedFunction",
        ),
    ],
    "human_loop_dashboard.py: HumanLoopDashboard": [
        Mistake(
            "HumanLoopFilter in place of the rules",
            lambda stack: HumanLoopDashboard(
                stack,
                "Dashboard",
                status_events=wrong(HumanLoopFilter()),
                handler=_function(stack),
                alerts=Alerts(stack, "Alerts"),
            ),
            "status_events: expected StatusEvents(…), got HumanLoopFilter(",
        ),
    ],
}

WARNED: dict[str, list[Mistake]] = {
    "events/delivery.py: Delivery": [
        Mistake(
            "topic-policy:role",
            lambda stack: _events(stack).add_topic(_topic(stack, account=OTHER)),
            "topic: arn:aws:sns:eu-west-1:999988887777:theirs is in account 999988887777: its "
            "policy must allow the role of Loops/Loops/Delivery sns:Publish, and the policy of its "
            "key, if it has one, kms:Decrypt and kms:GenerateDataKey",
        ),
        Mistake(
            "topic-key",
            lambda stack: _events(stack).add_topic(_topic(stack)),
            "theirs was imported. CDK does not know its key: if it has a customer managed key, "
            "import it with key_arn, or allow the role of Loops/Loops/Delivery kms:Decrypt and",
        ),
        Mistake(
            "queue-policy:role",
            lambda stack: _events(stack).add_queue(_queue(stack, account=OTHER)),
            "queue: arn:aws:sqs:eu-west-1:999988887777:theirs is in account 999988887777: its "
            "policy must allow the role of Loops/Loops/Delivery sqs:SendMessage",
        ),
        Mistake(
            "queue-policy:events",
            lambda stack: _events(stack).add_queue(_queue(stack)),
            "it must allow events.amazonaws.com sqs:SendMessage; otherwise, deliveries or the "
            "deployment fail. CDK does not know its key",
        ),
        Mistake(
            "function-policy:role",
            lambda stack: _events(stack).add_function(_imported_function(stack, account=OTHER)),
            "its policy must allow the role of Loops/Loops/Delivery lambda:InvokeFunction; "
            "otherwise no event is delivered. The alarms on it have data only with CloudWatch's "
            "cross-account observability for its account",
        ),
        Mistake(
            "bus-policy:role",
            lambda stack: _events(stack).add_target(
                Delivery(stack, "D").event_bus_target(_bus(stack, account=OTHER))
            ),
            "its policy must allow the role of Loops/D events:PutEvents",
        ),
        Mistake(
            "dead-letter-queue-account",
            lambda stack: _delivery(stack, dead_letter_queue=_queue(stack, account=OTHER)),
            "its policy must allow events.amazonaws.com and the roles of the functions "
            "sqs:SendMessage",
        ),
        Mistake(
            "key-account",
            lambda stack: _delivery(stack, encryption_key=_key(stack, account=OTHER)),
            f"encryption_key: arn:aws:kms:eu-west-1:999988887777:{KEY} is in account "
            "999988887777: its policy must allow this account and the AWS services that use it",
        ),
        Mistake(
            "fifo-deduplication",
            lambda stack: _delivery(stack).queue_target(
                sqs.Queue.from_queue_arn(stack, "Q", _arn("sqs", "theirs.fifo")),
                message_group_id="loops",
            ),
            "'theirs.fifo' was imported: it must have content-based deduplication",
        ),
    ],
    "events/alerts.py: Alerts": [
        Mistake(
            "topic-policy:cloudwatch",
            lambda stack: Alerts(stack, "Alerts", topic=_topic(stack, account=OTHER)),
            "it must allow cloudwatch.amazonaws.com sns:Publish; otherwise, deliveries or the "
            "deployment fail. CDK does not know its key",
        ),
    ],
    "reviews/": [
        Mistake(
            "output-bucket-key",
            lambda stack: _handler(
                stack,
                output=OutputLocation(s3.Bucket.from_bucket_name(stack, "Named", "example-b")),
            ),
            "output: the bucket example-b was imported, and CDK does not know its default "
            "encryption. If that is a customer managed key, set encryption_key",
        ),
        Mistake(
            "document-bucket-key",
            lambda stack: _handler(
                stack,
                corrected_documents=CorrectedDocuments(
                    s3.Bucket.from_bucket_name(stack, "Named", "example-d")
                ),
            ),
            "corrected_documents: the bucket example-d was imported, and CDK does not know its "
            "default encryption. If that is a customer managed key, set encryption_key",
        ),
        Mistake(
            "document-bucket-account",
            lambda stack: _handler(
                stack,
                corrected_documents=CorrectedDocuments(
                    s3.Bucket.from_bucket_attributes(
                        stack, "Named", bucket_name="example-d", account=OTHER
                    )
                ),
            ),
            "its policy must allow the role of Loops/Handler s3:PutObject",
        ),
        Mistake(
            "document-key-account",
            lambda stack: _handler(
                stack,
                corrected_documents=CorrectedDocuments(
                    s3.Bucket.from_bucket_name(stack, "Named", "example-d"),
                    encryption_key=_key(stack, account=OTHER),
                ),
            ),
            "its policy must allow the role of Loops/Handler kms:GenerateDataKey",
        ),
        Mistake(
            "table-account",
            lambda stack: Ledger(stack, "Ledger", table=_table(stack, account=OTHER)),
            "its resource-based policy must allow the role of the handler dynamodb:GetItem",
        ),
        Mistake(
            "outcome-bus-account",
            lambda stack: _handler(stack, outcome_bus=_bus(stack, account=OTHER)),
            "its policy must allow the role of the handler events:PutEvents",
        ),
    ],
    "events/same_loops.py: two constructs": [
        Mistake(
            "loops-twice:handles",
            lambda stack: (
                _loops(stack),
                HumanLoopEvents(
                    _other_stack(stack), "HumanLoops", output=_output(_other_output(stack))
                ),
            ),
            "Loops/HumanLoops sees the same human loops in the same account and Region: each loop "
            "is sent to two topics and two queues, is reviewed twice, and has an outcome in two "
            "ledgers; an event that one reconciler sends again reaches both; metrics differ by the "
            "dimension FunctionName, and a sum over it counts each loop twice",
        ),
        Mistake(
            "loops-twice:alerts",
            lambda stack: (
                _events(stack).alert_on_failure(),
                StatusEvents(
                    stack,
                    "Again",
                    filter=HumanLoopFilter(flow_definitions=FlowDefinitions.from_names("claims")),
                ).alert_on_failure(),
            ),
            "Loops/Loops sees the same human loops in the same account and Region: each Failed "
            "loop is alerted twice, and two alarms go off",
        ),
    ],
}


def _other_output(stack: Stack) -> Stack:
    other: Any = stack.node.root.node.find_child("Other")
    return other  # type: ignore[no-any-return]


def _archive(stack: Stack, **arguments: Any) -> EventArchive:
    return EventArchive(
        stack,
        "Archive",
        **{
            "event_pattern": events.EventPattern(source=["aws.sagemaker"]),
            "retention": Duration.days(1),
            "encryption_key": kms.Key(stack, "ArchiveKey"),
            **arguments,
        },
    )


def _cases(table: dict[str, list[Mistake]]) -> list[Any]:
    cases = [
        pytest.param(mistake, id=f"{part}-{mistake.name}")
        for part, mistakes in table.items()
        for mistake in mistakes
    ]
    assert len(cases) >= 10
    return cases


@pytest.mark.parametrize("mistake", _cases(REFUSED))
def test_mistake_is_refused_with_what_is_expected(mistake: Mistake) -> None:
    app = new_app()
    stack = Stack(app, "Loops", env=ENVIRONMENT)

    def synthesize() -> None:
        mistake.write(stack)
        app.synth()

    with pytest.raises((ValueError, RuntimeError)) as raised:
        synthesize()

    assert mistake.says in str(raised.value)


@pytest.mark.parametrize("mistake", _cases(WARNED))
def test_mistake_that_may_be_none_is_warned_of(mistake: Mistake) -> None:
    app = new_app()
    stack = Stack(app, "Loops", env=ENVIRONMENT)
    sns.Topic(stack, "Other")  # a stack without resources is an error
    mistake.write(stack)

    warnings = [
        str(each.entry.data)
        for every in app.node.children
        if isinstance(every, Stack)
        for each in Annotations.from_stack(every).find_warning(
            "*", Match.string_like_regexp(re.escape(mistake.says))
        )
    ]

    assert len(warnings) >= 1
    assert f"human-loop-events:{mistake.name}]" in warnings[0]
