"""The stack that is deployed into one account and Region."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from aws_cdk import Annotations, CfnOutput, Environment, PermissionsBoundary, Size, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events import (
    HandlerDelivery,
    HumanLoopEvents,
    HumanLoopStatus,
    Ledger,
    OutputLocation,
)
from human_loop_events.acknowledgements import acknowledge
from stacks import deployment as configured
from stacks.deployment import Deployment
from stacks.faults import ConfigurationError
from stacks.values import as_duration


def create_stacks(scope: Construct, deployments: Iterable[Deployment]) -> None:
    """Create the stack of each deployment.

    Raises
    ------
    ConfigurationError
        If the constructs refuse a value, with a line for each deployment in which they do.
    """
    faults = []
    for deployment in deployments:
        try:
            HumanLoopStack(scope, deployment.stack_name, deployment=deployment)
        except ValueError as error:
            name = deployment.name or "without a name"
            faults.append(f"deployment {name}: {error}")
    if faults:
        raise ConfigurationError(*faults)


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

    Raises
    ------
    ValueError
        If the constructs refuse a value.
    """

    def __init__(self, scope: Construct, construct_id: str, *, deployment: Deployment) -> None:
        boundary = deployment.permissions_boundary
        super().__init__(
            scope,
            construct_id,
            description="Events, alerts and reviews of Amazon A2I human loops",
            env=Environment(account=deployment.account, region=deployment.region),
            tags=deployment.tags,
            termination_protection=deployment.termination_protection,
            permissions_boundary=PermissionsBoundary.from_name(boundary) if boundary else None,
        )
        self._network = self._vpc(deployment.vpc)
        self.human_loops = HumanLoopEvents(
            self,
            "HumanLoops",
            flow_definitions=deployment.flow_definitions_matched,
            output=self._output(deployment.output) or _settings(deployment.output_bucket),
            topic=self._topic("Topic", deployment.topic),
            queue=self._queue("Queue", deployment.queue),
            handler_delivery=_handler_delivery(deployment.handler_delivery),
            **self._parts(deployment),
        )
        self._add_callbacks(deployment)
        self._add_alarms(deployment)
        self._add_dashboard(deployment)
        self._add_archive(deployment)
        self._subscribe(deployment.alert_emails or [])
        self._add_outputs(deployment)

    def _parts(self, deployment: Deployment) -> dict[str, Any]:
        """Return the arguments that keep their default where the deployment says nothing."""
        vpc = self._network
        parts: dict[str, Any] = {
            "handler": self._handler(deployment, vpc),
            "alerts": self._alerts(deployment.alerts),
            "delivery": self._delivery(deployment.delivery),
        }
        if deployment.statuses is not None:
            parts["statuses"] = [HumanLoopStatus(status) for status in deployment.statuses]
        if deployment.event_bus is not None:
            parts["event_bus"] = events.EventBus.from_event_bus_name(
                self, "EventBus", deployment.event_bus
            )
        reconciler = _settings(deployment.reconciler, "enabled")
        elsewhere = deployment.flow_definitions_matched.are_of_other_environments(self)
        if not deployment.reconciler.enabled:
            parts["reconciler"] = None
        elif reconciler or (vpc and not elsewhere):
            parts["reconciler"] = {**reconciler, **vpc}
        return parts

    def _handler(self, deployment: Deployment, vpc: dict[str, Any]) -> dict[str, Any]:
        handler = deployment.handler
        settings = {
            **_settings(handler, "mappings", "ledger", "outcome_bus", "max_output_size"),
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

    def _alerts(self, alerts: configured.Alerts) -> dict[str, Any]:
        settings = _settings(alerts, "topic")
        topic = self._topic("AlertsTopic", alerts.topic)
        if topic is not None:
            settings["topic"] = topic
        return settings

    def _delivery(self, delivery: configured.Delivery) -> dict[str, Any]:
        settings = _settings(delivery, "encryption_key", "dead_letter_queue")
        if delivery.encryption_key is not None:
            settings["encryption_key"] = self._key("Key", delivery.encryption_key)
        queue = self._queue("DeadLetterQueue", delivery.dead_letter_queue)
        if queue is not None:
            settings["dead_letter_queue"] = queue
        return settings

    def _output(self, output: configured.Output | None) -> OutputLocation | None:
        if output is None:
            return None
        return OutputLocation(
            s3.Bucket.from_bucket_name(self, "Output", output.bucket),
            prefix=output.prefix,
            encryption_key=self._optional_key("OutputKey", output.encryption_key),
        )

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

    def _topic(self, topic_id: str, topic: configured.ExistingTopic | None) -> sns.ITopic | None:
        if topic is None:
            return None
        return sns.Topic.from_topic_attributes(
            self, topic_id, topic_arn=topic.arn, key_arn=topic.encryption_key
        )

    def _queue(self, queue_id: str, queue: configured.ExistingQueue | None) -> sqs.IQueue | None:
        if queue is None:
            return None
        return sqs.Queue.from_queue_attributes(
            self, queue_id, queue_arn=queue.arn, key_arn=queue.encryption_key
        )

    def _optional_key(self, key_id: str, arn: str | None) -> kms.IKey | None:
        return None if arn is None else self._key(key_id, arn)

    def _key(self, key_id: str, arn: str) -> kms.IKey:
        return kms.Key.from_key_arn(self, key_id, arn)

    def _vpc(self, vpc: configured.Vpc | None) -> dict[str, Any]:
        if vpc is None:
            return {}
        imported = ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            # Lambda takes subnets and security groups. The rest is in no template.
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
            self.human_loops.alert_on_low_agreement(**_settings(agreement))

    def _add_dashboard(self, deployment: Deployment) -> None:
        if not deployment.dashboard:
            return
        dashboard = self.human_loops.add_dashboard()
        CfnOutput(self, "DashboardName", value=dashboard.dashboard.dashboard_name)
        CfnOutput(self, "DashboardUrl", value=dashboard.url)

    def _add_archive(self, deployment: Deployment) -> None:
        if deployment.archive is None:
            return
        archive = self.human_loops.add_archive(**_settings(deployment.archive))
        CfnOutput(self, "ArchiveArn", value=archive.archive_arn)
        destination = archive.replay_destination(self.human_loops.status_events.rule)
        CfnOutput(self, "ReplayDestination", value=destination)

    def _subscribe(self, addresses: Iterable[str]) -> None:
        for address in addresses:
            acknowledge(
                self.human_loops.alerts.topic.add_subscription(
                    subscriptions.EmailSubscription(address)
                ),
                "SNS retries an e-mail for hours. After that it is out of date: the alarm stays "
                "on, and the loop is in the queue and in the ledger.",
                "Serverless-SNSRedrivePolicy",
            )

    def _add_outputs(self, deployment: Deployment) -> None:
        loops = self.human_loops
        outputs = {
            "TopicArn": loops.topic.topic_arn,
            "QueueUrl": loops.queue.queue_url,
            "AlertsTopicArn": loops.alerts.topic.topic_arn,
            "DeadLetterQueueUrl": loops.delivery.dead_letter_queue.queue_url,
            "HandlerName": loops.handler.function_name,
            "LedgerTableName": loops.review_handler.ledger.table.table_name,
            "OutputBucketName": loops.output.bucket.bucket_name,
            "S3OutputPath": f"s3://{loops.output.bucket.bucket_name}/{loops.output.prefix}",
            "StatusChangeRuleName": loops.status_events.rule.rule_name,
            "FailedRuleName": loops.status_events.failed_rule.rule_name,
            "FailedLoopsAlarmName": loops.status_events.failure_alarm.alarm_name,
        }
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
        if deployment.output is not None and deployment.output.encryption_key is not None:
            outputs["OutputKeyArn"] = deployment.output.encryption_key
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def _handler_delivery(delivery: configured.HandlerDelivery) -> HandlerDelivery:
    if delivery.buffered:
        return HandlerDelivery.buffered(**_settings(delivery, "buffered"))
    return HandlerDelivery.direct()


def _settings(keys: configured.Keys, *others: str) -> dict[str, Any]:
    """Return the keys that have a value as the constructs take them, but some others."""
    return {
        name: as_duration(value) if isinstance(value, timedelta) else value
        for name, value in keys.given().items()
        if name not in others
    }
