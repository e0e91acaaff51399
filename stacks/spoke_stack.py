"""The stack of a spoke: it forwards the events of its account and Region to a hub."""

from __future__ import annotations

from aws_cdk import CfnOutput, Environment, Stack
from constructs import Construct

from human_loop_events import AlertsSettings, HumanLoopHub, HumanLoopSpoke, HumanLoopStatus
from stacks.deployment import Deployment
from stacks.human_loop_stack import output_location, subscribe_emails


class SpokeStack(Stack):
    """A spoke as one `Deployment` describes it.

    Parameters
    ----------
    scope
        The app, or a stage of a pipeline.
    construct_id
        The id within it.
    deployment
        What to deploy, and where.
    hub
        The hub, if it is in the same app. Default: the ARN in the deployment.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        hub: HumanLoopHub | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Forwards the events of Amazon A2I human loops to a hub",
            env=Environment(account=deployment.account, region=deployment.region),
        )
        output = output_location(self, deployment)
        if output is None or deployment.hub is None:
            raise ValueError("a spoke needs hub and output_bucket")
        self.spoke = HumanLoopSpoke(
            self,
            "Spoke",
            hub=hub or deployment.hub,
            output=output,
            flow_definitions=deployment.flow_definitions_matched,
            statuses=[HumanLoopStatus(status) for status in deployment.statuses],
            alerts=AlertsSettings(runbook=deployment.runbook),
        )
        if hub is not None:
            self.add_stack_dependency(Stack.of(hub))
        subscribe_emails(self.spoke.alerts, deployment)
        for name, value in {
            "AlertsTopicArn": self.spoke.alerts.topic.topic_arn,
            "HubEventBusArn": self.spoke.hub_event_bus_arn,
            "DeadLetterQueueUrl": self.spoke.delivery.dead_letter_queue.queue_url,
            "OutputRoleArn": self.spoke.output_role.role_arn,
            "StatusChangeRuleName": self.spoke.status_events.rule.rule_name,
        }.items():
            CfnOutput(self, name, value=value)
