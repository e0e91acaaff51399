"""The stack of a spoke: it forwards the events of its account and Region to a hub."""

from __future__ import annotations

from aws_cdk import Stack
from constructs import Construct

from human_loop_events import HumanLoopHub, HumanLoopSpoke
from stacks.deployment import Deployment
from stacks.deployment_stack import DeploymentStack


class SpokeStack(DeploymentStack):
    """A spoke that a `Deployment` configures.

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

    Raises
    ------
    ValueError
        If the deployment is no spoke, or the constructs refuse a value.
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
            deployment=deployment,
            description="Forwards the events of Amazon A2I human loops to a hub",
        )
        output = self._outputs(deployment)
        if not output or deployment.hub is None:
            raise ValueError("a spoke needs hub and output")
        self.spoke = HumanLoopSpoke(
            self,
            "Spoke",
            hub=hub or deployment.hub,
            output=output,
            **self._rules(deployment),
        )
        if hub is not None:
            self.add_stack_dependency(Stack.of(hub))
        if deployment.alert_on_silence is not None:
            self.spoke.status_events.alert_on_silence(days=deployment.alert_on_silence.days)
        self._subscribe(self.spoke.alerts, deployment)
        self.spoke.add_outputs()
