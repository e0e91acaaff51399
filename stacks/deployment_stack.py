"""The base class of the stacks of deployments."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aws_cdk import Annotations, Environment, PermissionsBoundary, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from human_loop_events import Alerts, FlowDefinitions, OutputLocation
from human_loop_events.aws.acknowledgements import acknowledge
from stacks import deployment_keys as configured
from stacks.deployment import Deployment
from stacks.values import as_duration


class DeploymentStack(Stack):
    """A stack that a `Deployment` configures.

    Parameters
    ----------
    scope
        The app, or a stage of a pipeline.
    construct_id
        The id within it.
    deployment
        What to deploy, and where.
    description
        The stack's description.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, deployment: Deployment, description: str
    ) -> None:
        boundary = deployment.permissions_boundary
        super().__init__(
            scope,
            construct_id,
            description=description,
            env=Environment(account=deployment.account, region=deployment.region),
            tags=deployment.tags,
            termination_protection=deployment.termination_protection,
            permissions_boundary=PermissionsBoundary.from_name(boundary) if boundary else None,
        )

    def _rules(self, deployment: Deployment) -> dict[str, Any]:
        """Return the arguments for rules: their filter, delivery and alerts.

        Keys that are absent in the deployment keep their defaults.
        """
        rules: dict[str, Any] = {
            "flow_definitions": deployment.flow_definitions_matched,
            "alerts": self._alerts(deployment.alerts),
            "delivery": self._delivery(deployment.delivery),
        }
        if deployment.statuses is not None:
            rules["statuses"] = deployment.statuses
        if deployment.event_bus is not None:
            rules["event_bus"] = events.EventBus.from_event_bus_name(
                self, "EventBus", deployment.event_bus
            )
        return rules

    def _alerts(self, alerts: configured.Alerts) -> dict[str, Any]:
        settings = settings_of(alerts, "topic")
        topic = self._topic("AlertsTopic", alerts.topic)
        if topic is not None:
            settings["topic"] = topic
        return settings

    def _delivery(self, delivery: configured.Delivery) -> dict[str, Any]:
        settings = settings_of(
            delivery, "encryption_key", "earlier_encryption_keys", "dead_letter_queue"
        )
        if delivery.earlier_encryption_keys is not None:
            settings["earlier_encryption_keys"] = [
                self._key(f"EarlierKey{number}", arn)
                for number, arn in enumerate(delivery.earlier_encryption_keys, start=1)
            ]
        if delivery.encryption_key is not None:
            settings["encryption_key"] = self._key("Key", delivery.encryption_key)
        queue = self._queue("DeadLetterQueue", delivery.dead_letter_queue)
        if queue is not None:
            settings["dead_letter_queue"] = queue
        return settings

    def _outputs(self, deployment: Deployment) -> list[OutputLocation]:
        """Return the output locations, the first of which has what no other one names."""
        if deployment.output is None:
            return []
        further = deployment.further_outputs or []
        elsewhere = {name for each in further for name in each.flow_definitions}
        names = [
            name
            for name in deployment.flow_definitions_matched.names
            if further and name not in elsewhere
        ]
        first = self._output("", deployment.output, names)
        others = [
            self._output(f"{number}", each, each.flow_definitions)
            for number, each in enumerate(further, start=2)
        ]
        return [first, *others]

    def _output(
        self, number: str, output: configured.Output, flow_definitions: list[str]
    ) -> OutputLocation:
        if output.encrypted_by_s3:
            Annotations.of(self).acknowledge_warning(
                "human-loop-events:output-bucket-key", "encrypted_by_s3 is true."
            )
        return OutputLocation(
            s3.Bucket.from_bucket_name(self, f"Output{number}", output.bucket),
            prefix=output.prefix,
            encryption_key=self._optional_key(f"OutputKey{number}", output.encryption_key),
            flow_definitions=FlowDefinitions.from_names(*flow_definitions)
            if flow_definitions
            else None,
        )

    def _topic(self, topic_id: str, topic: configured.ExistingTopic | None) -> sns.ITopic | None:
        if topic is None:
            return None
        return sns.Topic.from_topic_attributes(
            self, topic_id, topic_arn=topic.arn, key_arn=topic.encryption_key
        )

    def _queue(self, queue_id: str, queue: configured.ExistingQueue | None) -> sqs.IQueue | None:
        if queue is None:
            return None
        return self._existing_queue(queue_id, queue.arn, queue.encryption_key)

    def _existing_queue(self, queue_id: str, arn: str, key_arn: str | None) -> sqs.IQueue:
        return sqs.Queue.from_queue_attributes(self, queue_id, queue_arn=arn, key_arn=key_arn)

    def _optional_key(self, key_id: str, arn: str | None) -> kms.IKey | None:
        return None if arn is None else self._key(key_id, arn)

    def _key(self, key_id: str, arn: str) -> kms.IKey:
        return kms.Key.from_key_arn(self, key_id, arn)

    def _subscribe(self, alerts: Alerts, deployment: Deployment) -> None:
        for address in deployment.alert_emails or []:
            acknowledge(
                alerts.topic.add_subscription(subscriptions.EmailSubscription(address)),
                "SNS retries an e-mail for hours. After that it is out of date: the alarm stays "
                "on, and the event is in a queue.",
                "Serverless-SNSRedrivePolicy",
            )


def settings_of(keys: configured.Keys, *others: str) -> dict[str, Any]:
    """Return the keys that have a value as arguments of a construct, except some keys."""
    return {
        name: as_duration(value) if isinstance(value, timedelta) else value
        for name, value in keys.given().items()
        if name not in others
    }
