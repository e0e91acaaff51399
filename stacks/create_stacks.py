"""All stacks of the app: one for each deployment, the hubs before their spokes."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from constructs import Construct

from human_loop_events import HumanLoopHub
from stacks.deployment import ConfigurationError, Deployment
from stacks.human_loop_stack import HumanLoopStack
from stacks.spoke_stack import SpokeStack


def create_stacks(scope: Construct, deployments: Sequence[Deployment]) -> list[Stack]:
    """Create the stack of each deployment.

    Parameters
    ----------
    scope
        The app, or a stage of a pipeline.
    deployments
        What `read_deployments` returned.

    Raises
    ------
    ConfigurationError
        If a construct refuses a deployment, whose name the message begins with.
    """
    stacks: list[Stack] = []
    hubs: dict[str, HumanLoopHub] = {}
    for deployment in sorted(deployments, key=lambda each: each.hub is not None):
        try:
            if deployment.hub is not None:
                stacks.append(
                    SpokeStack(
                        scope,
                        deployment.stack_name,
                        deployment=deployment,
                        hub=hubs.get(deployment.hub),
                    )
                )
                continue
            stack = HumanLoopStack(scope, deployment.stack_name, deployment=deployment)
        except ValueError as error:
            name = deployment.name or "without a name"
            raise ConfigurationError(f"deployment {name}: {error}") from error
        stacks.append(stack)
        if stack.hub is not None:
            hubs[deployment.name] = stack.hub
    return stacks
