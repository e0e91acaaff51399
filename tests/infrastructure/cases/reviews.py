"""Cases of the review handler and the reconciler: supplied, alone and buffered."""

from __future__ import annotations

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events

from human_loop_events import (
    Alerts,
    CorrectedDocuments,
    Delivery,
    FlowDefinitions,
    HandlerDelivery,
    HumanLoopEvents,
    HumanLoopFilter,
    Ledger,
    OutcomeArchiveSettings,
    OutputBucketSettings,
    OutputLocation,
    Reconciler,
    ReviewHandler,
    StatusEvents,
)
from tests.infrastructure.cases.case import (
    KNOWN_ENVIRONMENT,
    Case,
    in_stack,
)
from tests.infrastructure.cases.resources import (
    create_bucket,
    create_function,
    create_key,
    create_table,
)


def _review_handler_supplied(stack: Stack) -> None:
    key = create_key(stack, "Key")
    delivery = Delivery(stack, "Delivery", encryption_key=key)
    flow_definitions = FlowDefinitions.from_names("invoices")
    output = OutputLocation(
        create_bucket(stack, "Output", key), encryption_key=create_key(stack, "OutputKey")
    )
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
            ledger=Ledger(stack, "Ledger", table=create_table(stack, "Table", key)),
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
        output=OutputLocation(create_bucket(stack, "Output", delivery.encryption_key)),
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
            encryption_key=create_key(stack, "ReconcilerKey"),
        ),
    )


def _handler_only(stack: Stack) -> None:
    delivery = Delivery(stack, "Delivery")
    alerts = Alerts(stack, "Alerts", encryption_key=delivery.encryption_key)
    handler = ReviewHandler(
        stack,
        "ReviewHandler",
        output=OutputLocation(create_bucket(stack, "Output", delivery.encryption_key)),
        dead_letter_queue=delivery.dead_letter_queue,
        encryption_key=delivery.encryption_key,
    )
    loops = StatusEvents(
        stack, "Events", filter=HumanLoopFilter(), delivery=delivery, alerts=alerts
    )
    loops.add_function(handler.function)
    handler.alert_on_unconfirmed_events(alerts)


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
        handler=create_function(stack, "Handler", timeout=Duration.seconds(20)),
        handler_delivery=HandlerDelivery.buffered(retry_for=Duration.hours(1)),
    )


#: 60 names of 20 characters.
MANY_NAMES = tuple(f"flow-definition-{number:04}" for number in range(60))


def _many_flow_definitions(stack: Stack) -> None:
    output = OutputLocation(
        create_bucket(stack, "Output", create_key(stack, "OutputKey")), prefix="reviews"
    )
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
            flow_definitions=FlowDefinitions.from_names(*MANY_NAMES),
            dead_letter_queue=delivery.dead_letter_queue,
            encryption_key=delivery.encryption_key,
        ),
    )


def _corrected_documents(stack: Stack) -> None:
    bucket = create_bucket(stack, "Output", create_key(stack, "OutputKey"))
    HumanLoopEvents(
        stack,
        "HumanLoops",
        output=OutputLocation(bucket, prefix="reviews/"),
        corrected_documents=CorrectedDocuments(bucket, prefix="corrected/"),
    )


CASES = (
    Case("review-handler-supplied", in_stack(_review_handler_supplied, env=KNOWN_ENVIRONMENT)),
    Case("reconciler-supplied", in_stack(_reconciler_supplied)),
    Case("handler-only", in_stack(_handler_only)),
    Case("buffered", in_stack(_buffered)),
    Case("buffered-own-function", in_stack(_buffered_own_function), {}),
    Case("corrected-documents", in_stack(_corrected_documents)),
    Case("many-flow-definitions", in_stack(_many_flow_definitions)),
)
