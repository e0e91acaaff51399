"""All stacks of the app: one for each deployment, the hubs before their spokes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aws_cdk import Stack
from constructs import Construct

from human_loop_events import HumanLoopHub
from stacks.deployment import Deployment
from stacks.faults import ConfigurationError
from stacks.human_loop_stack import HumanLoopStack
from stacks.spoke_stack import SpokeStack

#: A new bucket that no flow definition writes to makes each Completed loop a dead letter.
_WITHOUT_OUTPUT: Final = (
    "deployment {}: output: expected the bucket in the S3OutputPath of your flow definitions, as "
    "`human-loops configure` prints it; or output_bucket with {{}} for a new bucket that new flow "
    "definitions will write to"
)


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
        If a deployment says neither where flow definitions write their output nor that there is a
        new bucket, or the constructs refuse a value, with a line for each deployment.
    """
    stacks: list[Stack] = []
    hubs: dict[str, HumanLoopHub] = {}
    faults: list[str] = []
    for deployment in sorted(deployments, key=lambda each: each.hub is not None):
        if _lacks_output(deployment):
            faults.append(_WITHOUT_OUTPUT.format(deployment.name))
            continue
        try:
            stacks.append(_create_stack(scope, deployment, hubs))
        except ValueError as error:
            name = deployment.name or "without a name"
            faults.append(f"deployment {name}: {error}")
    if faults:
        raise ConfigurationError(*faults)
    return stacks


def _lacks_output(deployment: Deployment) -> bool:
    """Return whether a deployment says nothing about output. A hub reads that of its spokes."""
    wanted = (deployment.output, deployment.output_bucket, deployment.admits)
    return all(each is None for each in wanted)


def _create_stack(scope: Construct, deployment: Deployment, hubs: dict[str, HumanLoopHub]) -> Stack:
    """Create the stack of one deployment. A hub is added to the hubs, by the deployment's name."""
    if deployment.hub is not None:
        hub = hubs.get(deployment.hub)
        return SpokeStack(scope, deployment.stack_name, deployment=deployment, hub=hub)
    stack = HumanLoopStack(scope, deployment.stack_name, deployment=deployment)
    if stack.hub is not None:
        hubs[deployment.name] = stack.hub
    return stack
