"""Cases of `HumanLoopEvents`: with defaults, with every part, with what is supplied."""

from __future__ import annotations

from aws_cdk import App, Duration, Size, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from human_loop_events import (
    AlertFormat,
    Alerts,
    AlertsSettings,
    Delivery,
    DeliverySettings,
    FieldMapping,
    FlowDefinitions,
    HumanLoopEvents,
    OutcomeArchiveSettings,
    OutputLocation,
    ReconcilerSettings,
    ReviewHandlerSettings,
)
from tests.infrastructure.cases.case import (
    ACCOUNT,
    KNOWN_ENVIRONMENT,
    QUEUE_FLAG,
    RECOMMENDED_FLAGS,
    REGION,
    Case,
    in_stack,
)
from tests.infrastructure.cases.resources import (
    create_bucket,
    create_function,
    create_key,
    create_queue,
    create_role,
    create_topic,
)


def _minimal(stack: Stack) -> None:
    HumanLoopEvents(stack, "HumanLoops")


def _everything_on(stack: Stack) -> None:
    loops = HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.from_names("invoices", "claims"),
        output=OutputLocation(
            create_bucket(stack, "Output", create_key(stack, "OutputKey")), prefix="reviews/"
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
    loops.outcome_archive.grant_query(create_role(stack, "Reporter", "glue.amazonaws.com"))
    loops.add_dashboard()
    loops.add_archive(retention=Duration.days(30))
    loops.alert_on_low_agreement(0.8)
    loops.alert_on_silence(days=7)
    pager = create_function(stack, "Pager")
    loops.on_completed("Retrain", target=targets.LambdaFunction(pager))
    loops.on_failed(
        "Page",
        target=targets.LambdaFunction(
            pager,
            dead_letter_queue=create_queue(
                stack,
                "PagerDeadLetterQueue",
                create_key(stack, "PagerKey"),
                retention_period=Duration.days(14),
            ),
            retry_attempts=1,
        ),
        failure_codes=["Expired", "InternalError"],
    )
    loops.on_stopped("Forget", target=targets.LambdaFunction(pager))
    loops.on_event("Archive", target=targets.LambdaFunction(pager), rule_name="archive")
    loops.on_outcome("Count", target=targets.LambdaFunction(pager))
    loops.grant_read_output(create_role(stack, "Analyst", "glue.amazonaws.com"))
    loops.grant_write_output(create_role(stack, "FlowDefinition", "sagemaker.amazonaws.com"))
    consumer = create_role(stack, "Consumer", "ecs-tasks.amazonaws.com")
    loops.grant_consume(consumer)
    loops.review_handler.ledger.grant_read(consumer)


def _everything_supplied(stack: Stack) -> None:
    key = create_key(stack, "Key")
    dead_letter_queue = create_queue(stack, "DeadLetters", key, retention_period=Duration.days(14))
    loops = HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.from_arns(
            f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:flow-definition/invoices"
        ),
        event_bus=events.EventBus(stack, "Bus"),
        output=OutputLocation(
            create_bucket(stack, "Output", create_key(stack, "OutputKey")), prefix="a2i"
        ),
        topic=create_topic(stack, "Topic", key),
        queue=create_queue(
            stack,
            "Queue",
            key,
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letter_queue, max_receive_count=3),
        ),
        handler=create_function(stack, "Handler", dead_letter_queue=dead_letter_queue),
        alerts=AlertsSettings(
            topic=create_topic(stack, "AlertsTopic", create_key(stack, "AlertsKey"))
        ),
        delivery=DeliverySettings(encryption_key=key, dead_letter_queue=dead_letter_queue),
    )
    loops.add_dashboard()
    loops.add_archive(retention=Duration.days(1))


#: In another Region than the stack, as the bucket then is too.
KEY_OF_IMPORTED_OUTPUT = (
    f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/00000000-0000-0000-0000-000000000003"
)


def _imported(stack: Stack) -> None:
    """Use resources of which the stack knows an ARN or a name only."""

    def arn(service: str, name: str) -> str:
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"

    HumanLoopEvents(
        stack,
        "HumanLoops",
        flow_definitions=FlowDefinitions.from_names("invoices"),
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
        reconciler=False,
    )


def _from_another_stack(app: App) -> Stack:
    shared = Stack(app, "Shared")
    key = create_key(shared, "Key")
    loops = Stack(app, "Loops")
    HumanLoopEvents(
        loops,
        "HumanLoops",
        output=OutputLocation(create_bucket(shared, "Output", key)),
        topic=create_topic(shared, "Topic", key),
        queue=create_queue(shared, "Queue", key),
        alerts=AlertsSettings(topic=create_topic(shared, "AlertsTopic", key)),
        delivery=DeliverySettings(
            encryption_key=key,
            dead_letter_queue=create_queue(
                shared, "DeadLetters", key, retention_period=Duration.days(14)
            ),
        ),
    )
    return loops


def _two_constructs(stack: Stack) -> None:
    delivery = Delivery(stack, "Delivery")
    alerts = Alerts(stack, "Alerts", encryption_key=delivery.encryption_key)
    invoices = HumanLoopEvents(
        stack,
        "Invoices",
        flow_definitions=FlowDefinitions.from_names("invoices"),
        delivery=delivery,
        alerts=alerts,
    )
    HumanLoopEvents(
        stack,
        "Claims",
        flow_definitions=FlowDefinitions.from_names("claims"),
        output=invoices.output,
        delivery=delivery,
        alerts=alerts,
    )


CASES = (
    Case("minimal", in_stack(_minimal)),
    Case("minimal-queue-flag-off", in_stack(_minimal), {**RECOMMENDED_FLAGS, QUEUE_FLAG: False}),
    Case("minimal-no-flags", in_stack(_minimal), {}),
    Case("known-environment", in_stack(_minimal, env=KNOWN_ENVIRONMENT)),
    Case("everything-on", in_stack(_everything_on)),
    Case("everything-supplied", in_stack(_everything_supplied, env=KNOWN_ENVIRONMENT)),
    Case("imported", in_stack(_imported, env=KNOWN_ENVIRONMENT)),
    Case("from-another-stack", _from_another_stack),
    Case("two-constructs", in_stack(_two_constructs)),
)
