"""The CDK app of the fault injection: a stack with each kind of delivery.

Outcomes go to an event bus that does not exist when the stacks are deployed.
"""

from __future__ import annotations

import sys

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3

from human_loop_events import (
    FlowDefinitions,
    HandlerDelivery,
    HumanLoopEvents,
    OutputLocation,
    ReviewHandlerSettings,
)


def create_app(output_bucket: str, outcome_bus: str) -> App:
    """Create the app with one stack for each delivery, named `Faults-<delivery>`."""
    app = App()
    deliveries = {
        "buffered": HandlerDelivery.buffered(),
        "direct": HandlerDelivery.direct(),
    }
    for name, delivery in deliveries.items():
        stack = Stack(app, f"Faults-{name}")
        loops = HumanLoopEvents(
            stack,
            "HumanLoops",
            flow_definitions=FlowDefinitions.from_names(name),
            output=OutputLocation(s3.Bucket.from_bucket_name(stack, "Output", output_bucket)),
            handler=ReviewHandlerSettings(
                outcome_bus=events.EventBus.from_event_bus_name(stack, "Outcomes", outcome_bus)
            ),
            handler_delivery=delivery,
        )
        outputs = {
            "TopicArn": loops.topic.topic_arn,
            "QueueUrl": loops.queue.queue_url,
            "QueueDeadLetterQueueUrl": loops.status_events.queue_dead_letter_queue.queue_url,
            "AlertsTopicArn": loops.alerts.topic.topic_arn,
            "DeadLetterQueueUrl": loops.delivery.dead_letter_queue.queue_url,
            "HandlerName": loops.handler.function_name,
            "ReconcilerName": loops.reconciler.function.function_name,
            "LedgerTableName": loops.review_handler.ledger.table.table_name,
        }
        if delivery.is_buffered:
            outputs["HandlerQueueUrl"] = loops.handler_queue.queue.queue_url
            outputs["HandlerQueueDeadLetterQueueUrl"] = (
                loops.handler_queue.dead_letter_queue.queue_url
            )
        for output, value in outputs.items():
            CfnOutput(stack, output, value=value)
    return app


if __name__ == "__main__":
    create_app(*sys.argv[1:]).synth()
