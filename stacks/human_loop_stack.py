"""The stack of a deployment that is no spoke."""

from __future__ import annotations

from typing import Any, cast

from aws_cdk import Annotations, CfnOutput, Size
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from constructs import Construct

from human_loop_events import (
    HandlerDelivery,
    HumanLoopEvents,
    HumanLoopHub,
    Ledger,
    OutputBucketSettings,
)
from stacks import deployment_keys as configured
from stacks.deployment import Deployment
from stacks.deployment_stack import DeploymentStack, settings_of
from stacks.values import as_duration


class HumanLoopStack(DeploymentStack):
    """Human loop events that a `Deployment` configures.

    Parameters
    ----------
    scope
        The app, or a stage of a pipeline.
    construct_id
        The id within it.
    deployment
        What to deploy, and where.

    Raises
    ------
    ValueError
        If the constructs refuse a value.
    """

    def __init__(self, scope: Construct, construct_id: str, *, deployment: Deployment) -> None:
        super().__init__(
            scope,
            construct_id,
            deployment=deployment,
            description="Events, alerts and reviews of Amazon A2I human loops",
        )
        self.hub = self._hub(deployment.admits)
        self._network = self._vpc(deployment.vpc)
        self.human_loops = HumanLoopEvents(
            self,
            "HumanLoops",
            output=self._output(deployment.output) or _new_bucket(deployment.output_bucket),
            topic=self._topic("Topic", deployment.topic),
            queue=self._queue("Queue", deployment.queue),
            handler_delivery=_handler_delivery(deployment.handler_delivery),
            **self._parts(deployment),
        )
        self._add_callbacks(deployment)
        self._add_alarms(deployment)
        self._add_dashboard(deployment)
        self._add_archive(deployment)
        self._subscribe(self.human_loops.alerts, deployment)
        self._add_outputs(deployment)

    def _parts(self, deployment: Deployment) -> dict[str, Any]:
        """Return the arguments for the keys that are present in the deployment."""
        vpc = self._network
        parts: dict[str, Any] = {
            "handler": self._handler(deployment, vpc),
            **self._rules(deployment),
        }
        if self.hub is not None:
            parts["event_bus"] = self.hub
        reconciler = settings_of(deployment.reconciler, "enabled")
        elsewhere = deployment.flow_definitions_matched._are_of_other_environments(self)
        if not deployment.reconciler.enabled:
            parts["reconciler"] = False
        elif reconciler or (vpc and not elsewhere and self.hub is None):
            parts["reconciler"] = {**reconciler, **vpc}
        if deployment.outcome_archive.enabled:
            parts["outcome_archive"] = _outcome_archive(deployment.outcome_archive)
        return parts

    def _hub(self, admits: list[str] | str | None) -> HumanLoopHub | None:
        if admits is None:
            return None
        if isinstance(admits, str):
            return HumanLoopHub(self, "Hub", organization_id=admits)
        return HumanLoopHub(self, "Hub", accounts=admits)

    def _handler(self, deployment: Deployment, vpc: dict[str, Any]) -> dict[str, Any]:
        handler = deployment.handler
        settings = {
            **settings_of(handler, "mappings", "ledger", "outcome_bus", "max_output_size"),
            **vpc,
        }
        if handler.mappings:
            settings["mappings"] = deployment.task_mappings
        if handler.max_output_size is not None:
            settings["max_output_size"] = Size.bytes(handler.max_output_size)
        if handler.outcome_bus is not None:
            settings["outcome_bus"] = events.EventBus.from_event_bus_arn(
                self, "OutcomeBus", handler.outcome_bus
            )
        if handler.ledger is not None:
            settings["ledger"] = self._ledger(handler.ledger)
        return settings

    def _ledger(self, ledger: configured.ExistingLedger) -> Ledger:
        table = dynamodb.Table.from_table_attributes(
            self,
            "Table",
            table_arn=ledger.arn,
            encryption_key=self._optional_key("TableKey", ledger.encryption_key),
            grant_index_permissions=True,
        )
        retention = None if ledger.retention is None else as_duration(ledger.retention)
        return Ledger(self, "Ledger", table=table, retention=retention)

    def _vpc(self, vpc: configured.Vpc | None) -> dict[str, Any]:
        if vpc is None:
            return {}
        imported = ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            # Lambda uses subnets and security groups only. No template has the other values.
            vpc_id="unknown",
            availability_zones=["unknown"],
            private_subnet_ids=vpc.subnet_ids,
        )
        Annotations.of(imported).acknowledge_warning(
            "@aws-cdk/aws-ec2:noSubnetRouteTableId", "Nothing here changes routes."
        )
        groups = [
            ec2.SecurityGroup.from_security_group_id(self, f"SecurityGroup{n}", each, mutable=False)
            for n, each in enumerate(vpc.security_group_ids, start=1)
        ]
        return {"vpc": imported, "security_groups": groups}

    def _add_callbacks(self, deployment: Deployment) -> None:
        if not deployment.callbacks:
            return
        callbacks = self.human_loops.add_callbacks(**self._network)
        outputs = {
            "CallbacksName": callbacks.function.function_name,
            "CallbacksArn": callbacks.function.function_arn,
            "CallbacksDeadLetterQueueUrl": callbacks.dead_letter_queue.queue_url,
        }
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)

    def _add_alarms(self, deployment: Deployment) -> None:
        silence, agreement = deployment.alert_on_silence, deployment.alert_on_low_agreement
        if silence is not None:
            self.human_loops.alert_on_silence(days=silence.days)
        if agreement is not None:
            self.human_loops.alert_on_low_agreement(**settings_of(agreement))

    def _add_dashboard(self, deployment: Deployment) -> None:
        if not deployment.dashboard:
            return
        dashboard = self.human_loops.add_dashboard()
        CfnOutput(self, "DashboardName", value=dashboard.dashboard.dashboard_name)
        CfnOutput(self, "DashboardUrl", value=dashboard.url)

    def _add_archive(self, deployment: Deployment) -> None:
        if deployment.archive is None:
            return
        archive = self.human_loops.add_archive(**settings_of(deployment.archive))
        CfnOutput(self, "ArchiveArn", value=archive.archive_arn)
        destination = archive.replay_destination(self.human_loops.status_events.rule)
        CfnOutput(self, "ReplayDestination", value=destination)

    def _add_outputs(self, deployment: Deployment) -> None:
        loops = self.human_loops
        outputs = {
            "TopicArn": loops.topic.topic_arn,
            "QueueUrl": loops.queue.queue_url,
            "AlertsTopicArn": loops.alerts.topic.topic_arn,
            "DeadLetterQueueUrl": loops.delivery.dead_letter_queue.queue_url,
            "HandlerName": loops.handler.function_name,
            "LedgerTableName": loops.review_handler.ledger.table.table_name,
            "StatusChangeRuleName": loops.status_events.rule.rule_name,
            "FailedRuleName": loops.status_events.failed_rule.rule_name,
            "FailedLoopsAlarmName": loops.status_events.failure_alarm.alarm_name,
        }
        if self.hub is None:
            outputs["OutputBucketName"] = loops.output.bucket.bucket_name
            outputs["S3OutputPath"] = (
                f"s3://{loops.output.bucket.bucket_name}/{loops.output.prefix}"
            )
        else:
            outputs["HubEventBusArn"] = self.hub.event_bus_arn
        if deployment.queue is None:
            outputs["QueueDeadLetterQueueUrl"] = (
                loops.status_events.queue_dead_letter_queue.queue_url
            )
        if loops.node.try_find_child("Reconciler") is not None:
            outputs["ReconcilerName"] = loops.reconciler.function.function_name
        if deployment.handler_delivery.buffered:
            outputs["HandlerQueueUrl"] = loops.handler_queue.queue.queue_url
            outputs["HandlerQueueDeadLetterQueueUrl"] = (
                loops.handler_queue.dead_letter_queue.queue_url
            )
        if deployment.outcome_archive.enabled:
            archive = loops.outcome_archive
            outputs["OutcomeArchiveLocation"] = archive.location
            outputs["OutcomeArchiveWorkGroupName"] = archive.work_group_name
        if deployment.output is not None and deployment.output.encryption_key is not None:
            outputs["OutputKeyArn"] = deployment.output.encryption_key
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def _new_bucket(bucket: configured.OutputBucket) -> OutputBucketSettings | None:
    settings = settings_of(bucket)
    return cast("OutputBucketSettings", settings) if settings else None


def _outcome_archive(archive: configured.OutcomeArchive) -> dict[str, Any]:
    settings = settings_of(archive, "enabled", "scan_limit")
    if archive.scan_limit is not None:
        settings["scan_limit"] = Size.bytes(archive.scan_limit)
    return settings


def _handler_delivery(delivery: configured.HandlerDelivery) -> HandlerDelivery:
    if delivery.buffered:
        return HandlerDelivery.buffered(**settings_of(delivery, "buffered"))
    return HandlerDelivery.direct()
