"""The stack of a deployment that is no spoke."""

from __future__ import annotations

from typing import Any, cast

from aws_cdk import Annotations, Size
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events import (
    CorrectedDocuments,
    HandlerDelivery,
    HumanLoopEvents,
    HumanLoopHub,
    Ledger,
    OutputBucketSettings,
    QueueSettings,
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
            output=self._outputs(deployment) or _new_bucket(deployment.output_bucket),
            topic=self._topic("Topic", deployment.topic),
            queue=self._consumer_queue(deployment.queue),
            handler_delivery=_handler_delivery(deployment.handler_delivery),
            **self._parts(deployment),
        )
        self._add_callbacks(deployment)
        self._add_alarms(deployment)
        self._add_dashboard(deployment)
        self._add_archive(deployment)
        self._subscribe(self.human_loops.alerts, deployment)
        self.human_loops.add_outputs()

    def _parts(self, deployment: Deployment) -> dict[str, Any]:
        """Return the arguments for the keys that are present in the deployment."""
        vpc = self._network
        parts: dict[str, Any] = {
            "handler": self._handler(deployment, vpc),
            **self._rules(deployment),
        }
        if self.hub is not None:
            parts["event_bus"] = self.hub
        if deployment.corrected_documents is not None:
            parts["corrected_documents"] = self._documents(deployment.corrected_documents)
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

    def _documents(self, documents: configured.CorrectedDocuments) -> CorrectedDocuments:
        if documents.encrypted_by_s3:
            Annotations.of(self).acknowledge_warning(
                "human-loop-events:document-bucket-key", "encrypted_by_s3 is true."
            )
        return CorrectedDocuments(
            s3.Bucket.from_bucket_name(self, "Documents", documents.bucket),
            prefix=documents.prefix,
            encryption_key=self._optional_key("DocumentsKey", documents.encryption_key),
        )

    def _consumer_queue(self, queue: configured.ConsumerQueue) -> sqs.IQueue | QueueSettings:
        if queue.arn is None:
            return cast("QueueSettings", settings_of(queue))
        return self._existing_queue("Queue", queue.arn, queue.encryption_key)

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
        if deployment.callbacks:
            self.human_loops.add_callbacks(**self._network)

    def _add_alarms(self, deployment: Deployment) -> None:
        silence, agreement = deployment.alert_on_silence, deployment.alert_on_low_agreement
        if silence is not None:
            self.human_loops.alert_on_silence(days=silence.days)
        if agreement is not None:
            self.human_loops.alert_on_low_agreement(**settings_of(agreement))

    def _add_dashboard(self, deployment: Deployment) -> None:
        if deployment.dashboard:
            self.human_loops.add_dashboard()

    def _add_archive(self, deployment: Deployment) -> None:
        if deployment.archive is not None:
            self.human_loops.add_archive(**settings_of(deployment.archive))


def _new_bucket(bucket: configured.OutputBucket | None) -> OutputBucketSettings | None:
    return None if bucket is None else cast("OutputBucketSettings", settings_of(bucket))


def _outcome_archive(archive: configured.OutcomeArchive) -> dict[str, Any]:
    settings = settings_of(archive, "enabled", "scan_limit")
    if archive.scan_limit is not None:
        settings["scan_limit"] = Size.bytes(archive.scan_limit)
    return settings


def _handler_delivery(delivery: configured.HandlerDelivery) -> HandlerDelivery:
    if delivery.buffered:
        return HandlerDelivery.buffered(**settings_of(delivery, "buffered"))
    return HandlerDelivery.direct()
