"""The ways in which the constructs are used that every test of a template goes through."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import App, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template
from constructs import Construct

from human_loop_events import (
    AlertFormat,
    FieldMapping,
    FlowDefinitions,
    HandlerDelivery,
    HumanLoopEvents,
    HumanLoopStatus,
    ReviewHandler,
)
from stacks.deployment import Deployment
from stacks.human_loop_stack import HumanLoopStack

ACCOUNT = "111122223333"
REGION = "eu-west-1"
QUEUE_FLAG = "@aws-cdk/aws-events:eventsTargetQueueSameAccount"

#: The feature flags that this CDK release recommends, as the project's own app sets them.
RECOMMENDED_FLAGS: dict[str, Any] = {
    key: value
    for key, value in json.loads(
        (Path(__file__).parents[2] / "cdk.json").read_text(encoding="utf-8")
    )["context"].items()
    if key.startswith("@aws-cdk")
}


@dataclass(frozen=True)
class Case:
    """One use of the constructs."""

    name: str
    build: Callable[[App], Stack]
    flags: Mapping[str, Any]


@dataclass(frozen=True)
class Synthesized:
    """A case, synthesized."""

    case: Case
    app: App
    stack: Stack
    template: dict[str, Any]
    resources: dict[str, dict[str, Any]]
    """The resources of all stacks, with references between stacks resolved."""

    def of_type(self, *types: str) -> dict[str, dict[str, Any]]:
        return {
            logical_id: resource.get("Properties", {})
            for logical_id, resource in self.resources.items()
            if resource["Type"] in types
        }


def new_app(flags: Mapping[str, Any] = RECOMMENDED_FLAGS) -> App:
    return App(context=dict(flags), analytics_reporting=False)


@functools.cache
def synthesize(name: str) -> Synthesized:
    case = next(case for case in CASES if case.name == name)
    app = new_app(case.flags)
    stack = case.build(app)
    templates = {
        child.stack_name: dict(Template.from_stack(child).to_json())
        for child in app.node.children
        if isinstance(child, Stack)
    }
    return Synthesized(case, app, stack, templates[stack.stack_name], _resources_of_all(templates))


def _resources_of_all(templates: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    def resolve(value: Any) -> Any:
        if isinstance(value, list):
            return [resolve(each) for each in value]
        if not isinstance(value, dict):
            return value
        if output := value.get("Fn::GetStackOutput"):
            return templates[output["StackName"]]["Outputs"][output["OutputName"]]["Value"]
        return {key: resolve(each) for key, each in value.items()}

    resources: dict[str, dict[str, Any]] = {}
    for template in templates.values():
        assert not resources.keys() & template["Resources"].keys()
        resources |= resolve(template["Resources"])
    return resources


def _in_stack(
    build: Callable[[Stack], None], *, env: Environment | None = None
) -> Callable[[App], Stack]:
    def build_app(app: App) -> Stack:
        stack = Stack(app, "Loops", env=env)
        build(stack)
        return stack

    return build_app


def _minimal(stack: Stack) -> None:
    HumanLoopEvents(stack, "HumanLoops")


def _everything_on(stack: Stack) -> None:
    bus = events.EventBus(stack, "Outcomes")
    loops = HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.named("invoices", "claims"),
        output_prefix="reviews/",
        mappings={
            "claims": [
                FieldMapping(
                    name="Amount",
                    prediction="model.amount",
                    answer="amount",
                    ignore_case=True,
                    tolerance=0.01,
                )
            ]
        },
        include_values=True,
        outcome_bus=bus,
        alert_format=AlertFormat.CHAT,
        failed_loops_threshold=3,
        failed_loops_period=Duration.minutes(15),
        failed_loops_evaluation_periods=2,
        low_agreement_threshold=0.8,
        max_event_age=Duration.hours(6),
        retry_attempts=20,
    )
    program = _function(stack, "Program", dead_letters=loops.dead_letters)
    to_program = functools.partial(
        targets.LambdaFunction,
        program,
        dead_letter_queue=loops.dead_letters,
        retry_attempts=20,
        max_event_age=Duration.hours(6),
    )
    loops.on_completed("Retrain", target=to_program())
    loops.on_failed("Page", target=to_program(), failure_codes=["Expired", "InternalError"])
    loops.on_stopped("Forget", target=to_program())
    loops.review_handler.on_outcome("Count", target=to_program())
    loops.grant_read_output(_role(stack, "Analyst", "glue.amazonaws.com"))
    loops.grant_write_output(_role(stack, "FlowDefinition", "sagemaker.amazonaws.com"))
    consumer = _role(stack, "Consumer", "ecs-tasks.amazonaws.com")
    loops.grant_consume(consumer)
    loops.review_handler.grant_read_ledger(consumer)


def _everything_supplied(stack: Stack) -> None:
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    output_key = kms.Key(stack, "OutputKey", enable_key_rotation=True)
    dead_letters = _queue(stack, "DeadLetters", key, retention_period=Duration.days(14))
    HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.arns(
            f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:flow-definition/invoices"
        ),
        event_bus=events.EventBus(stack, "Bus"),
        topic=_topic(stack, "Topic", key),
        queue=_queue(
            stack,
            "Queue",
            key,
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=3),
        ),
        alerts=_topic(stack, "Alerts", kms.Key(stack, "AlertsKey", enable_key_rotation=True)),
        handler=_function(stack, "Handler", dead_letters=dead_letters),
        dead_letters=dead_letters,
        encryption_key=key,
        output_bucket=_bucket(stack, "Output", output_key),
        output_prefix="a2i",
    )


def _review_handler_supplied(stack: Stack) -> None:
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    dead_letters = _queue(stack, "DeadLetters", key, retention_period=Duration.days(14))
    flow_definitions = FlowDefinitions.named("invoices")
    HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=flow_definitions,
        encryption_key=key,
        dead_letters=dead_letters,
        handler=ReviewHandler(
            stack,
            "ReviewHandler",
            flow_definitions=flow_definitions,
            output_bucket=_bucket(stack, "Output", key),
            output_encryption_key=kms.Key(stack, "OutputKey", enable_key_rotation=True),
            ledger=_ledger(stack, "Ledger", key),
            dead_letters=dead_letters,
            encryption_key=key,
            reserved_concurrent_executions=10,
        ),
    )


def _imported(stack: Stack) -> None:
    """Use resources of which the stack knows an ARN or a name only."""

    def arn(service: str, name: str) -> str:
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"

    HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.named("invoices"),
        event_bus=events.EventBus.from_event_bus_name(stack, "Bus", "default"),
        topic=sns.Topic.from_topic_arn(stack, "Topic", arn("sns", "topic")),
        queue=sqs.Queue.from_queue_arn(stack, "Queue", arn("sqs", "queue")),
        alerts=sns.Topic.from_topic_arn(stack, "Alerts", arn("sns", "alerts")),
        dead_letters=sqs.Queue.from_queue_attributes(
            stack,
            "DeadLetters",
            queue_arn=arn("sqs", "dead-letters"),
            key_arn=arn("kms", "key/00000000-0000-0000-0000-000000000001"),
        ),
        encryption_key=kms.Key.from_key_arn(
            stack, "Key", arn("kms", "key/00000000-0000-0000-0000-000000000002")
        ),
        output_bucket=s3.Bucket.from_bucket_name(stack, "Output", "example-output"),
        output_prefix="reviews/",
        output_encryption_key=kms.Key.from_key_arn(
            stack, "OutputKey", arn("kms", "key/00000000-0000-0000-0000-000000000003")
        ),
    )


def _from_another_stack(app: App) -> Stack:
    shared = Stack(app, "Shared")
    key = kms.Key(shared, "Key", enable_key_rotation=True)
    loops = Stack(app, "Loops")
    HumanLoopEvents(
        loops,
        "HumanLoops",
        topic=_topic(shared, "Topic", key),
        queue=_queue(shared, "Queue", key),
        dead_letters=_queue(shared, "DeadLetters", key, retention_period=Duration.days(14)),
        alerts=_topic(shared, "Alerts", key),
        encryption_key=key,
        output_bucket=_bucket(shared, "Output", key),
    )
    return loops


def _no_handler(stack: Stack) -> None:
    HumanLoopEvents(
        stack,
        "HumanLoops",
        handler_enabled=False,
        statuses=[HumanLoopStatus.COMPLETED, HumanLoopStatus.STOPPED],
        alert_format=AlertFormat.JSON,
        authorize_topics_using_role=False,
    )


def _handler_only(stack: Stack) -> None:
    HumanLoopEvents(
        stack, "HumanLoops", topic_enabled=False, queue_enabled=False, alerts_enabled=False
    )


def _buffered(stack: Stack) -> None:
    HumanLoopEvents(
        stack,
        "HumanLoops",
        handler_delivery=HandlerDelivery.BUFFERED,
        handler_max_concurrency=5,
    )


def _buffered_own_function(stack: Stack) -> None:
    HumanLoopEvents(
        stack,
        "HumanLoops",
        handler=_function(stack, "Handler", timeout=Duration.seconds(20)),
        handler_delivery=HandlerDelivery.BUFFERED,
    )


def _two_constructs(stack: Stack) -> None:
    invoices = HumanLoopEvents(
        stack,
        "Invoices",
        flow_definitions=FlowDefinitions.named("invoices"),
        output_prefix="reviews/",
    )
    HumanLoopEvents(
        stack,
        "Claims",
        flow_definitions=FlowDefinitions.named("claims"),
        output_bucket=invoices.output_bucket,
        output_prefix="reviews/",
        encryption_key=invoices.encryption_key,
        dead_letters=invoices.dead_letters,
        alerts=invoices.alerts,
    )


def _default_app(app: App) -> Stack:
    (deployment,) = Deployment.from_context(None)
    return HumanLoopStack(app, deployment.stack_name, deployment=deployment)


def _configured_app(app: App) -> Stack:
    (deployment,) = Deployment.from_context(
        {
            "prod": {
                "account": ACCOUNT,
                "region": REGION,
                "flow_definitions": ["invoices", "claims"],
                "statuses": ["Completed", "Failed"],
                "output_bucket": "example-output",
                "output_prefix": "reviews/",
                "output_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/"
                "00000000-0000-0000-0000-000000000001",
                "handler_delivery": "BUFFERED",
                "include_values": True,
                "mappings": {
                    "claims": [{"name": "Amount", "prediction": "model.amount", "answer": "amount"}]
                },
                "alert_format": "JSON",
                "alert_emails": ["ml-oncall@example.com"],
                "failed_loops_threshold": 5,
            }
        }
    )
    return HumanLoopStack(app, deployment.stack_name, deployment=deployment)


def _topic(scope: Construct, topic_id: str, key: kms.IKey) -> sns.Topic:
    topic = sns.Topic(scope, topic_id, master_key=key, enforce_ssl=True)
    topic.apply_removal_policy(RemovalPolicy.RETAIN)
    return topic


def _queue(
    scope: Construct,
    queue_id: str,
    key: kms.IKey,
    *,
    retention_period: Duration | None = None,
    dead_letter_queue: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        queue_id,
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        retention_period=retention_period,
        dead_letter_queue=dead_letter_queue,
        removal_policy=RemovalPolicy.RETAIN,
    )


def _bucket(scope: Construct, bucket_id: str, key: kms.IKey) -> s3.Bucket:
    return s3.Bucket(
        scope,
        bucket_id,
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        versioned=True,
    )


def _ledger(scope: Construct, table_id: str, key: kms.IKey) -> dynamodb.TableV2:
    return dynamodb.TableV2(
        scope,
        table_id,
        partition_key=dynamodb.Attribute(name="humanLoopArn", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="creationTime", type=dynamodb.AttributeType.STRING),
        encryption=dynamodb.TableEncryptionV2.customer_managed_key(key),
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
    )


def _function(
    scope: Construct,
    function_id: str,
    *,
    dead_letters: sqs.IQueue | None = None,
    timeout: Duration | None = None,
) -> lambda_.Function:
    return lambda_.Function(
        scope,
        function_id,
        code=lambda_.Code.from_inline("def handle(event, context): print(event)"),
        handler="index.handle",
        runtime=lambda_.Runtime.PYTHON_3_14,
        dead_letter_queue=dead_letters,
        timeout=timeout,
    )


def _role(scope: Construct, role_id: str, service: str) -> iam.Role:
    return iam.Role(
        scope,
        role_id,
        assumed_by=iam.ServicePrincipal(
            service, conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
        ),
    )


_KNOWN_ENVIRONMENT = Environment(account=ACCOUNT, region=REGION)

CASES = (
    Case("minimal", _in_stack(_minimal), RECOMMENDED_FLAGS),
    Case("minimal-queue-flag-off", _in_stack(_minimal), {**RECOMMENDED_FLAGS, QUEUE_FLAG: False}),
    Case("minimal-no-flags", _in_stack(_minimal), {}),
    Case("everything-on", _in_stack(_everything_on), RECOMMENDED_FLAGS),
    Case(
        "everything-supplied",
        _in_stack(_everything_supplied, env=_KNOWN_ENVIRONMENT),
        RECOMMENDED_FLAGS,
    ),
    Case(
        "review-handler-supplied",
        _in_stack(_review_handler_supplied, env=_KNOWN_ENVIRONMENT),
        RECOMMENDED_FLAGS,
    ),
    Case("imported", _in_stack(_imported, env=_KNOWN_ENVIRONMENT), RECOMMENDED_FLAGS),
    Case("from-another-stack", _from_another_stack, RECOMMENDED_FLAGS),
    Case("no-handler", _in_stack(_no_handler), RECOMMENDED_FLAGS),
    Case("handler-only", _in_stack(_handler_only), RECOMMENDED_FLAGS),
    Case("buffered", _in_stack(_buffered), RECOMMENDED_FLAGS),
    Case("buffered-own-function", _in_stack(_buffered_own_function), {}),
    Case("two-constructs", _in_stack(_two_constructs), RECOMMENDED_FLAGS),
    Case("default-app", _default_app, RECOMMENDED_FLAGS),
    Case("configured-app", _configured_app, RECOMMENDED_FLAGS),
)
