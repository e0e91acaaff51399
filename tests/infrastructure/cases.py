"""The ways in which the constructs are used that every test of a template goes through."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aws_cdk import App, CfnElement, Duration, Environment, RemovalPolicy, Size, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Template
from constructs import Construct

from human_loop_events import (
    AlertFormat,
    Alerts,
    AlertsSettings,
    Delivery,
    DeliverySettings,
    FieldMapping,
    FlowDefinitions,
    HandlerDelivery,
    HumanLoopCallbacks,
    HumanLoopEvents,
    HumanLoopFilter,
    HumanLoopHub,
    HumanLoopStatus,
    HumanLoopTask,
    JobFilter,
    Ledger,
    OutcomeArchiveSettings,
    OutputBucketSettings,
    OutputLocation,
    Reconciler,
    ReconcilerSettings,
    ReviewHandler,
    ReviewHandlerSettings,
    StatusEvents,
)
from stacks.create_stacks import create_stacks
from stacks.deployments_file import read_deployments
from stacks.human_loop_stack import HumanLoopStack

ACCOUNT = "111122223333"
REGION = "eu-west-1"
SPOKE_ACCOUNT = "444455556666"
SPOKE_REGION = "us-east-1"
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
    templates: dict[str, dict[str, Any]]
    """The templates of all stacks of the app."""
    resources: dict[str, dict[str, Any]]
    """The resources of all stacks, with references between stacks resolved."""
    own: frozenset[str]
    """The logical ids of the resources that the constructs made. Others belong to their user."""

    @property
    def name(self) -> str:
        return self.case.name

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
    return Synthesized(
        case,
        app,
        stack,
        templates[stack.stack_name],
        templates,
        _resources_of_all(templates),
        _made_by_the_constructs(app),
    )


def _made_by_the_constructs(app: App) -> frozenset[str]:
    return frozenset(
        str(Stack.of(element).resolve(element.logical_id))
        for construct in app.node.find_all()
        if type(construct).__module__.startswith("human_loop_events.")
        for element in construct.node.find_all()
        if isinstance(element, CfnElement)
    )


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
    loops = HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.named("invoices", "claims"),
        output=OutputLocation(
            _bucket(stack, "Output", _key(stack, "OutputKey")), prefix="reviews/"
        ),
        handler=ReviewHandlerSettings(
            ledger_retention=Duration.days(90),
            mappings={
                "claims": [
                    FieldMapping(
                        name="Amount",
                        prediction="model.amount",
                        answer="amount",
                        normalize=["case"],
                        tolerance=0.01,
                    )
                ]
            },
            include_values=True,
            outcome_bus=events.EventBus(stack, "Outcomes"),
            log_retention=logs.RetentionDays.ONE_MONTH,
            max_output_size=Size.mebibytes(16),
            memory_size=2048,
            timeout=Duration.minutes(5),
            reserved_concurrent_executions=20,
        ),
        alerts=AlertsSettings(
            alert_format=AlertFormat.CHAT,
            failure_threshold=3,
            failure_period=Duration.minutes(15),
            failure_evaluation_periods=2,
        ),
        delivery=DeliverySettings(max_event_age=Duration.hours(6), retry_attempts=20),
        reconciler=ReconcilerSettings(
            schedule=Duration.minutes(30),
            look_back=Duration.days(12),
            max_open_age=Duration.days(1),
            log_retention=logs.RetentionDays.ONE_MONTH,
        ),
        outcome_archive=OutcomeArchiveSettings(
            expiration=Duration.days(730),
            result_expiration=Duration.days(7),
            access_log_expiration=Duration.days(90),
            scan_limit=Size.gibibytes(1),
            log_retention=logs.RetentionDays.ONE_MONTH,
        ),
    )
    loops.outcome_archive.grant_query(_role(stack, "Reporter", "glue.amazonaws.com"))
    loops.add_dashboard()
    loops.add_archive(retention=Duration.days(30))
    loops.alert_on_low_agreement(0.8)
    loops.alert_on_silence(days=7)
    pager = _function(stack, "Pager")
    loops.on_completed("Retrain", target=targets.LambdaFunction(pager))
    loops.on_failed(
        "Page",
        target=targets.LambdaFunction(
            pager,
            dead_letter_queue=_queue(
                stack,
                "PagerDeadLetterQueue",
                _key(stack, "PagerKey"),
                retention_period=Duration.days(14),
            ),
            retry_attempts=1,
        ),
        failure_codes=["Expired", "InternalError"],
    )
    loops.on_stopped("Forget", target=targets.LambdaFunction(pager))
    loops.on_event("Archive", target=targets.LambdaFunction(pager), rule_name="archive")
    loops.on_outcome("Count", target=targets.LambdaFunction(pager))
    loops.grant_read_output(_role(stack, "Analyst", "glue.amazonaws.com"))
    loops.grant_write_output(_role(stack, "FlowDefinition", "sagemaker.amazonaws.com"))
    consumer = _role(stack, "Consumer", "ecs-tasks.amazonaws.com")
    loops.grant_consume(consumer)
    loops.review_handler.ledger.grant_read(consumer)


def _everything_supplied(stack: Stack) -> None:
    key = _key(stack, "Key")
    dead_letter_queue = _queue(stack, "DeadLetters", key, retention_period=Duration.days(14))
    loops = HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.arns(
            f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:flow-definition/invoices"
        ),
        event_bus=events.EventBus(stack, "Bus"),
        output=OutputLocation(_bucket(stack, "Output", _key(stack, "OutputKey")), prefix="a2i"),
        topic=_topic(stack, "Topic", key),
        queue=_queue(
            stack,
            "Queue",
            key,
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letter_queue, max_receive_count=3),
        ),
        handler=_function(stack, "Handler", dead_letter_queue=dead_letter_queue),
        alerts=AlertsSettings(topic=_topic(stack, "AlertsTopic", _key(stack, "AlertsKey"))),
        delivery=DeliverySettings(encryption_key=key, dead_letter_queue=dead_letter_queue),
    )
    loops.add_dashboard()
    loops.add_archive(retention=Duration.days(1))


def _review_handler_supplied(stack: Stack) -> None:
    key = _key(stack, "Key")
    delivery = Delivery(stack, "Delivery", encryption_key=key)
    flow_definitions = FlowDefinitions.named("invoices")
    output = OutputLocation(_bucket(stack, "Output", key), encryption_key=_key(stack, "OutputKey"))
    HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=flow_definitions,
        output=output,
        delivery=delivery,
        handler=ReviewHandler(
            stack,
            "ReviewHandler",
            output=output,
            flow_definitions=flow_definitions,
            dead_letter_queue=delivery.dead_letter_queue,
            encryption_key=key,
            ledger=Ledger(stack, "Ledger", table=_table(stack, "Table", key)),
            reserved_concurrent_executions=10,
        ),
    )


def _reconciler_supplied(stack: Stack) -> None:
    delivery = Delivery(stack, "Delivery")
    alerts = Alerts(stack, "Alerts", encryption_key=delivery.encryption_key)
    bus = events.EventBus(stack, "Bus")
    handler = ReviewHandler(
        stack,
        "ReviewHandler",
        output=OutputLocation(_bucket(stack, "Output", delivery.encryption_key)),
        dead_letter_queue=delivery.dead_letter_queue,
        encryption_key=delivery.encryption_key,
        ledger_retention=Duration.days(7),
    )
    HumanLoopEvents(
        stack,
        "HumanLoops",
        event_bus=bus,
        handler=handler,
        delivery=delivery,
        alerts=alerts,
        reconciler=Reconciler(
            stack,
            "Reconciler",
            ledger=handler.ledger,
            delivery=delivery,
            alerts=alerts,
            event_bus=bus,
            encryption_key=_key(stack, "ReconcilerKey"),
        ),
    )


#: In another Region than the stack, as the bucket then is too.
KEY_OF_IMPORTED_OUTPUT = (
    f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/00000000-0000-0000-0000-000000000003"
)


def _with_callbacks(stack: Stack) -> None:
    """Let a state machine wait for loops of two flow definitions, and another for any."""
    named = HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.named("invoices", "claims"),
        output=OutputLocation(_bucket(stack, "Output", _key(stack, "OutputKey"))),
    )
    named.add_dashboard()
    review = HumanLoopTask(
        stack,
        "Review",
        callbacks=named.add_callbacks(),
        flow_definition="claims",
        input_content=sfn.TaskInput.from_json_path_at("$.claim"),
    )
    handler = ReviewHandler(
        stack,
        "ReviewHandler",
        output=named.output,
        dead_letter_queue=named.delivery.dead_letter_queue,
    )
    any_loop = HumanLoopCallbacks(
        stack,
        "Callbacks",
        handler=handler,
        delivery=named.delivery,
        alerts=named.alerts,
        encryption_key=_key(stack, "CallbacksKey"),
    )
    wait = HumanLoopTask(
        stack,
        "Wait",
        callbacks=any_loop,
        human_loop_arn="{% $states.input.arn %}",
        query_language=sfn.QueryLanguage.JSONATA,
    )
    for state in (review, wait):
        sfn.StateMachine(
            stack,
            f"{state.id}Machine",
            definition_body=sfn.DefinitionBody.from_chainable(state),
            tracing_enabled=True,
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
        output=OutputLocation.from_s3_output_path(
            stack,
            "Output",
            "s3://example-output/reviews/",
            encryption_key=kms.Key.from_key_arn(stack, "OutputKey", KEY_OF_IMPORTED_OUTPUT),
        ),
        topic=sns.Topic.from_topic_arn(stack, "Topic", arn("sns", "topic")),
        queue=sqs.Queue.from_queue_arn(stack, "Queue", arn("sqs", "queue")),
        alerts=AlertsSettings(
            topic=sns.Topic.from_topic_arn(stack, "AlertsTopic", arn("sns", "alerts"))
        ),
        delivery=DeliverySettings(
            encryption_key=kms.Key.from_key_arn(
                stack, "Key", arn("kms", "key/00000000-0000-0000-0000-000000000002")
            ),
            dead_letter_queue=sqs.Queue.from_queue_attributes(
                stack,
                "DeadLetters",
                queue_arn=arn("sqs", "dead-letters"),
                key_arn=arn("kms", "key/00000000-0000-0000-0000-000000000001"),
            ),
        ),
        reconciler=None,
    )


def _from_another_stack(app: App) -> Stack:
    shared = Stack(app, "Shared")
    key = _key(shared, "Key")
    loops = Stack(app, "Loops")
    HumanLoopEvents(
        loops,
        "HumanLoops",
        output=OutputLocation(_bucket(shared, "Output", key)),
        topic=_topic(shared, "Topic", key),
        queue=_queue(shared, "Queue", key),
        alerts=AlertsSettings(topic=_topic(shared, "AlertsTopic", key)),
        delivery=DeliverySettings(
            encryption_key=key,
            dead_letter_queue=_queue(
                shared, "DeadLetters", key, retention_period=Duration.days(14)
            ),
        ),
    )
    return loops


def _composed_without_handler(stack: Stack) -> None:
    delivery = Delivery(stack, "Delivery", authorize_using_role=False)
    loops = StatusEvents(
        stack,
        "Events",
        filter=HumanLoopFilter(statuses=[HumanLoopStatus.COMPLETED, HumanLoopStatus.STOPPED]),
        delivery=delivery,
        alerts=Alerts(
            stack,
            "Alerts",
            encryption_key=delivery.encryption_key,
            alert_format=AlertFormat.JSON,
        ),
    )
    loops.add_topic()
    loops.add_queue()
    loops.alert_on_failure()


def _handler_only(stack: Stack) -> None:
    delivery = Delivery(stack, "Delivery")
    alerts = Alerts(stack, "Alerts", encryption_key=delivery.encryption_key)
    handler = ReviewHandler(
        stack,
        "ReviewHandler",
        output=OutputLocation(_bucket(stack, "Output", delivery.encryption_key)),
        dead_letter_queue=delivery.dead_letter_queue,
        encryption_key=delivery.encryption_key,
    )
    loops = StatusEvents(
        stack, "Events", filter=HumanLoopFilter(), delivery=delivery, alerts=alerts
    )
    loops.add_function(handler.function)


def _buffered(stack: Stack) -> None:
    HumanLoopEvents(
        stack,
        "HumanLoops",
        output=OutputBucketSettings(
            expiration=Duration.days(730),
            noncurrent_version_expiration=Duration.days(30),
            access_log_expiration=Duration.days(90),
        ),
        handler_delivery=HandlerDelivery.buffered(max_concurrency=5),
        outcome_archive=OutcomeArchiveSettings(),
    )


def _buffered_own_function(stack: Stack) -> None:
    HumanLoopEvents(
        stack,
        "HumanLoops",
        handler=_function(stack, "Handler", timeout=Duration.seconds(20)),
        handler_delivery=HandlerDelivery.buffered(retry_for=Duration.hours(1)),
    )


def _two_constructs(stack: Stack) -> None:
    delivery = Delivery(stack, "Delivery")
    alerts = Alerts(stack, "Alerts", encryption_key=delivery.encryption_key)
    invoices = HumanLoopEvents(
        stack,
        "Invoices",
        flow_definitions=FlowDefinitions.named("invoices"),
        delivery=delivery,
        alerts=alerts,
    )
    HumanLoopEvents(
        stack,
        "Claims",
        flow_definitions=FlowDefinitions.named("claims"),
        output=invoices.output,
        delivery=delivery,
        alerts=alerts,
    )


#: The filters of the case `jobs`, by the id of their `StatusEvents`.
JOB_FILTERS = {
    "Training": JobFilter.training(name_prefix="invoices-"),
    "Processing": JobFilter.processing(statuses=["Completed", "Failed"]),
    "Transform": JobFilter.transform().failed_only(),
    "Tuning": JobFilter.hyperparameter_tuning(name_prefix="invoices-"),
    "Labeling": JobFilter.labeling(name_prefix="Invoices-"),
    "Pipelines": JobFilter.pipeline_executions(name_prefix="Invoices-"),
    "Endpoints": JobFilter.endpoints(statuses=["InService", "Failed"]),
}


def _jobs(stack: Stack) -> None:
    loops = HumanLoopEvents(stack, "HumanLoops", handler=_function(stack, "Handler"))
    for construct_id, job_filter in JOB_FILTERS.items():
        jobs = StatusEvents(
            stack, construct_id, filter=job_filter, delivery=loops.delivery, alerts=loops.alerts
        )
        jobs.alert_on_failure()
        if construct_id == "Training":
            jobs.add_queue()
            jobs.on_completed("Deploy", target=targets.LambdaFunction(_function(stack, "Deployer")))
        else:
            jobs.add_topic(loops.topic)


def _many_flow_definitions(stack: Stack) -> None:
    output = OutputLocation(_bucket(stack, "Output", _key(stack, "OutputKey")), prefix="reviews")
    delivery = Delivery(stack, "Delivery")
    HumanLoopEvents(
        stack,
        "HumanLoops",
        output=output,
        delivery=delivery,
        # So many names fit no event pattern: the rules match any loop.
        handler=ReviewHandler(
            stack,
            "ReviewHandler",
            output=output,
            flow_definitions=FlowDefinitions.named(*MANY_NAMES),
            dead_letter_queue=delivery.dead_letter_queue,
            encryption_key=delivery.encryption_key,
        ),
    )


#: 60 names of 20 characters.
MANY_NAMES = tuple(f"flow-definition-{number:04}" for number in range(60))


def _default_app(app: App) -> Stack:
    (deployment,) = read_deployments(None)
    return HumanLoopStack(app, deployment.stack_name, deployment=deployment)


def _configured_app(app: App) -> Stack:
    (deployment,) = read_deployments(
        {
            "prod": {
                "account": ACCOUNT,
                "region": REGION,
                "flow_definitions": ["invoices", "claims"],
                "statuses": ["Completed", "Failed"],
                "output": {
                    "bucket": "example-output",
                    "prefix": "reviews/",
                    "encryption_key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/"
                    "00000000-0000-0000-0000-000000000001",
                },
                "handler": {
                    "include_values": True,
                    "mappings": {
                        "claims": [
                            {"name": "Amount", "prediction": "model.amount", "answer": "amount"}
                        ]
                    },
                },
                "handler_delivery": {"buffered": True},
                "alerts": {"alert_format": "JSON", "failure_threshold": 5},
                "alert_emails": ["ml-oncall@example.com"],
            }
        }
    )
    return HumanLoopStack(app, deployment.stack_name, deployment=deployment)


def _existing(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


def _existing_key(number: int) -> str:
    return _existing("kms", f"key/00000000-0000-0000-0000-{number:012}")


#: A deployment with every key that can be there together.
EVERY_KEY: dict[str, Any] = {
    "account": ACCOUNT,
    "region": REGION,
    "flow_definitions": ["invoices", "claims"],
    "statuses": ["Completed", "Failed"],
    "event_bus": "human-loops",
    "output": {
        "bucket": "example-output",
        "prefix": "reviews/",
        "encryption_key": _existing_key(1),
    },
    "topic": {"arn": _existing("sns", "systems"), "encryption_key": _existing_key(2)},
    "queue": {"arn": _existing("sqs", "consumers"), "encryption_key": _existing_key(6)},
    "handler": {
        "mappings": {
            "claims": [{"name": "Amount", "prediction": "model.amount", "answer": "amount"}]
        },
        "include_values": True,
        "include_failure_reason": False,
        "allowed_field_names": ["Total"],
        "ledger": {
            "arn": _existing("dynamodb", "table/ledger"),
            "encryption_key": _existing_key(3),
            "retention": "90 days",
        },
        "outcome_bus": _existing("events", "event-bus/outcomes"),
        "log_retention": "ONE_MONTH",
        "max_output_size": "16 MiB",
        "memory_size": 2048,
        "timeout": "5 minutes",
        "reserved_concurrent_executions": 7,
    },
    "handler_delivery": {"buffered": True, "max_concurrency": 5, "retry_for": "12 hours"},
    "alerts": {
        "topic": {"arn": _existing("sns", "alerts"), "encryption_key": _existing_key(4)},
        "alert_format": "CHAT",
        "runbook": "https://wiki.example.com/loops",
        "failure_threshold": 3,
        "failure_period": "15 minutes",
        "failure_evaluation_periods": 2,
        "ok_actions": True,
    },
    "alert_emails": ["ml-oncall@example.com"],
    "alert_on_silence": {"days": 3},
    "alert_on_low_agreement": {"threshold": 0.8, "period": "12 hours"},
    "delivery": {
        "encryption_key": _existing_key(5),
        "dead_letter_queue": {
            "arn": _existing("sqs", "dead-letters"),
            "encryption_key": _existing_key(7),
        },
        "max_event_age": "6 hours",
        "retry_attempts": 20,
    },
    "reconciler": {
        "schedule": "30 minutes",
        "look_back": "12 days",
        "max_open_age": "1 day",
        "log_retention": "ONE_WEEK",
    },
    "archive": {"retention": "30 days"},
    "vpc": {
        "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "security_group_ids": ["sg-0123456789abcdef0"],
    },
    "permissions_boundary": "developers",
}


def _in_a_vpc(app: App) -> Stack:
    keys = ("account", "region", "output", "vpc")
    (deployment,) = read_deployments({"prod": {key: EVERY_KEY[key] for key in keys}})
    return HumanLoopStack(app, deployment.stack_name, deployment=deployment)


#: The deployments of a hub and a spoke in another account and Region.
HUB_AND_SPOKE: dict[str, dict[str, Any]] = {
    "invoices": {
        "account": SPOKE_ACCOUNT,
        "region": SPOKE_REGION,
        "hub": "people",
        "flow_definitions": ["invoices", "claims"],
        "output": {
            "bucket": "example-output",
            "prefix": "reviews/",
            "encryption_key": f"arn:aws:kms:{SPOKE_REGION}:{SPOKE_ACCOUNT}:key/"
            "00000000-0000-0000-0000-000000000001",
        },
        "alert_emails": ["ml-oncall@example.com"],
    },
    "people": {"account": ACCOUNT, "region": REGION, "admits": [SPOKE_ACCOUNT]},
}


def _hub_and_spoke(app: App) -> Stack:
    hub, _ = create_stacks(app, read_deployments(HUB_AND_SPOKE))
    return hub


def _hub_of_an_organization(stack: Stack) -> None:
    hub = HumanLoopHub(stack, "Hub", organization_id="o-a1b2c3d4e5")
    arns = [
        f"arn:aws:sagemaker:{SPOKE_REGION}:{account}:flow-definition/claims"
        for account in (SPOKE_ACCOUNT, "777788889999")
    ]
    loops = HumanLoopEvents(
        stack, "HumanLoops", event_bus=hub, flow_definitions=FlowDefinitions.arns(*arns)
    )
    loops.alert_on_low_agreement(0.9)


def _key(scope: Construct, key_id: str) -> kms.Key:
    return kms.Key(scope, key_id, enable_key_rotation=True)


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


def _table(scope: Construct, table_id: str, key: kms.IKey) -> dynamodb.TableV2:
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
    dead_letter_queue: sqs.IQueue | None = None,
    timeout: Duration | None = None,
) -> lambda_.Function:
    return lambda_.Function(
        scope,
        function_id,
        code=lambda_.Code.from_inline("def handle(event, context): print(event)"),
        handler="index.handle",
        runtime=lambda_.Runtime.PYTHON_3_14,
        dead_letter_queue=dead_letter_queue,
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

#: Cases whose review handler reads outputs with the roles of spokes.
HUBS = frozenset({"hub-and-spoke", "hub-of-an-organization"})

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
    Case("reconciler-supplied", _in_stack(_reconciler_supplied), RECOMMENDED_FLAGS),
    Case("callbacks", _in_stack(_with_callbacks), RECOMMENDED_FLAGS),
    Case("imported", _in_stack(_imported, env=_KNOWN_ENVIRONMENT), RECOMMENDED_FLAGS),
    Case("from-another-stack", _from_another_stack, RECOMMENDED_FLAGS),
    Case("composed-without-handler", _in_stack(_composed_without_handler), RECOMMENDED_FLAGS),
    Case("handler-only", _in_stack(_handler_only), RECOMMENDED_FLAGS),
    Case("buffered", _in_stack(_buffered), RECOMMENDED_FLAGS),
    Case("buffered-own-function", _in_stack(_buffered_own_function), {}),
    Case("two-constructs", _in_stack(_two_constructs), RECOMMENDED_FLAGS),
    Case("jobs", _in_stack(_jobs), RECOMMENDED_FLAGS),
    Case("known-environment", _in_stack(_minimal, env=_KNOWN_ENVIRONMENT), RECOMMENDED_FLAGS),
    Case("many-flow-definitions", _in_stack(_many_flow_definitions), RECOMMENDED_FLAGS),
    Case("default-app", _default_app, RECOMMENDED_FLAGS),
    Case("configured-app", _configured_app, RECOMMENDED_FLAGS),
    Case("in-a-vpc", _in_a_vpc, RECOMMENDED_FLAGS),
    Case("hub-and-spoke", _hub_and_spoke, RECOMMENDED_FLAGS),
    Case("hub-of-an-organization", _in_stack(_hub_of_an_organization), {}),
)
