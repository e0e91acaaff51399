"""The stack that is deployed into one account and Region."""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from human_loop_events import (
    AlertFormat,
    Alerts,
    AlertsSettings,
    HumanLoopEvents,
    HumanLoopHub,
    HumanLoopStatus,
    OutputLocation,
    ReviewHandlerSettings,
)
from human_loop_events.acknowledgements import acknowledge
from stacks.deployment import Deployment


class HumanLoopStack(Stack):
    """Human loop events as one `Deployment` describes them.

    Parameters
    ----------
    scope
        The app, or a stage of a pipeline.
    construct_id
        The id within it.
    deployment
        What to deploy, and where.
    """

    def __init__(self, scope: Construct, construct_id: str, *, deployment: Deployment) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Events, alerts and reviews of Amazon A2I human loops",
            env=Environment(account=deployment.account, region=deployment.region),
        )
        self.hub = create_hub(self, deployment)
        self.human_loops = HumanLoopEvents(
            self,
            "HumanLoops",
            flow_definitions=deployment.flow_definitions_matched,
            statuses=[HumanLoopStatus(status) for status in deployment.statuses],
            event_bus=self.hub,
            output=output_location(self, deployment),
            handler=ReviewHandlerSettings(
                mappings=deployment.task_mappings, include_values=deployment.include_values
            ),
            handler_delivery=deployment.delivery_of_handler,
            alerts=AlertsSettings(
                alert_format=AlertFormat(deployment.alert_format),
                runbook=deployment.runbook,
                failure_threshold=deployment.failed_loops_threshold,
            ),
        )
        subscribe_emails(self.human_loops.alerts, deployment)
        self._add_outputs(deployment)

    def _add_outputs(self, deployment: Deployment) -> None:
        loops = self.human_loops
        outputs = {
            "TopicArn": loops.topic.topic_arn,
            "QueueUrl": loops.queue.queue_url,
            "QueueDeadLetterQueueUrl": loops.status_events.queue_dead_letter_queue.queue_url,
            "AlertsTopicArn": loops.alerts.topic.topic_arn,
            "DeadLetterQueueUrl": loops.delivery.dead_letter_queue.queue_url,
            "HandlerName": loops.handler.function_name,
            "LedgerTableName": loops.review_handler.ledger.table.table_name,
            "StatusChangeRuleName": loops.status_events.rule.rule_name,
            "FailedRuleName": loops.status_events.failed_rule.rule_name,
            "FailedLoopsAlarmName": loops.status_events.failure_alarm.alarm_name,
        }
        if self.hub is None:
            outputs["ReconcilerName"] = loops.reconciler.function.function_name
            outputs["OutputBucketName"] = loops.output.bucket.bucket_name
        else:
            outputs["HubEventBusArn"] = self.hub.event_bus_arn
        if deployment.delivery_of_handler.is_buffered:
            outputs["HandlerQueueUrl"] = loops.handler_queue.queue.queue_url
            outputs["HandlerQueueDeadLetterQueueUrl"] = (
                loops.handler_queue.dead_letter_queue.queue_url
            )
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def create_hub(scope: Construct, deployment: Deployment) -> HumanLoopHub | None:
    """Create the event bus to which spokes forward, if the deployment is a hub."""
    if deployment.admits is None:
        return None
    if isinstance(deployment.admits, str):
        return HumanLoopHub(scope, "Hub", organization_id=deployment.admits)
    return HumanLoopHub(scope, "Hub", accounts=deployment.admits)


def output_location(scope: Construct, deployment: Deployment) -> OutputLocation | None:
    """Return where the flow definitions write their output, if the deployment says it."""
    if deployment.output_bucket is None:
        return None
    key = deployment.output_key_arn
    return OutputLocation(
        s3.Bucket.from_bucket_name(scope, "Output", deployment.output_bucket),
        prefix=deployment.output_prefix,
        encryption_key=kms.Key.from_key_arn(scope, "OutputKey", key) if key else None,
    )


def subscribe_emails(alerts: Alerts, deployment: Deployment) -> None:
    """Subscribe the deployment's e-mail addresses to its alerts."""
    for address in deployment.alert_emails or []:
        acknowledge(
            alerts.topic.add_subscription(subscriptions.EmailSubscription(address)),
            "SNS retries an e-mail for hours. After that it is out of date: the alarm stays "
            "on, and the event is in a queue.",
            "Serverless-SNSRedrivePolicy",
        )
