"""All stacks of the app: one for each deployment, the hubs before their spokes."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Stack
from constructs import Construct

from human_loop_events import HumanLoopHub
from stacks.deployment import Deployment
from stacks.faults import ConfigurationError
from stacks.human_loop_stack import HumanLoopStack
from stacks.spoke_stack import SpokeStack


def create_stacks(scope: Construct, deployments: Iterable[Deployment]) -> list[Stack]:
    """Create the stack of each deployment, and return them, the hubs first.

    Parameters
    ----------
    scope
        The app, or a stage of a pipeline.
    deployments
        What `read_deployments` returned.

    Raises
    ------
    ConfigurationError
        If the constructs refuse a value, with a line for each deployment in which they do.
    """
    stacks: list[Stack] = []
    hubs: dict[str, HumanLoopHub] = {}
    faults: list[str] = []
    for deployment in sorted(deployments, key=lambda each: each.hub is not None):
        try:
            stacks.append(_create_stack(scope, deployment, hubs))
        except ValueError as error:
            name = deployment.name or "without a name"
            faults.append(f"deployment {name}: {error}")
    if faults:
        raise ConfigurationError(*faults)
    return stacks


def _create_stack(scope: Construct, deployment: Deployment, hubs: dict[str, HumanLoopHub]) -> Stack:
    """Create the stack of one deployment. A hub is added to the hubs, by the deployment's name."""
    if deployment.hub is not None:
        hub = hubs.get(deployment.hub)
        return SpokeStack(scope, deployment.stack_name, deployment=deployment, hub=hub)
    stack = HumanLoopStack(scope, deployment.stack_name, deployment=deployment)
    if stack.hub is not None:
        hubs[deployment.name] = stack.hub
    return stack
