"""The deployed stack, found through its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from human_loops_cli.errors import CHECK_ENDPOINT, CommandError, ExitStatus, is_access_denied

#: The outputs by which a stack of this project is recognised.
_OURS: Final = (
    frozenset({"DeadLetterQueueUrl", "HandlerName", "LedgerTableName"}),
    frozenset({"DeadLetterQueueUrl", "HubEventBusArn", "OutputRoleArn"}),
)


#: What to do about a stack without the outputs of this project.
NO_OUTPUTS_ADVICE: Final = (
    "If it is a stack of this project, call add_outputs() on its HumanLoopEvents and deploy it. "
    "Otherwise name the stack with --stack."
)

#: The output that every construct with outputs has, after its prefix.
_MARK: Final = "AlertsTopicArn"


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """A deployed stack."""

    name: str
    arn: str
    """Its name and its ARN."""
    outputs: Mapping[str, str]
    """Its outputs by name: those of one construct, without their prefix."""
    other_alerts: frozenset[str] = frozenset()
    """The ARNs of the alerts topics of its other constructs."""

    def __getitem__(self, output: str) -> str:
        """Return the value of an output. Raise CommandError if the stack does not have it."""
        if output not in self.outputs and "OutputRoleArn" in self.outputs:
            raise CommandError(
                f"stack {self.name} is a spoke and has no output {output}",
                advice=f"The stack of the hub has it: {self.outputs.get('HubEventBusArn')}.",
            )
        if output not in self.outputs and "HubEventBusArn" in self.outputs:
            raise CommandError(
                f"stack {self.name} is a hub and has no output {output}",
                advice="A deployment beside the spoke, in the account of the human loops, has it.",
            )
        if output not in self.outputs:
            raise CommandError(
                f"stack {self.name} has no output {output}", advice=NO_OUTPUTS_ADVICE
            )
        return self.outputs[output]

    def flow_definition_arn(self, flow_definition: str) -> str:
        """Return the ARN of a flow definition in the stack's account and Region.

        Parameters
        ----------
        flow_definition
            Its name, or its ARN.

        Raises
        ------
        CommandError
            If it is a name and the stack is a hub.

        Examples
        --------
        >>> arn = "arn:aws:cloudformation:eu-west-1:111122223333:stack/HumanLoops/1"
        >>> stack = DeployedStack(name="HumanLoops", arn=arn, outputs={})
        >>> stack.flow_definition_arn("invoices")
        'arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices'
        """
        if flow_definition.startswith("arn:"):
            return flow_definition
        if "HubEventBusArn" in self.outputs:
            raise CommandError(
                f"{flow_definition}: stack {self.name} is a hub, where accounts can have flow "
                "definitions of the same name",
                advice="Give the ARN of the flow definition.",
            )
        _, partition, _, region, account, _ = self.arn.split(":", 5)
        return f"arn:{partition}:sagemaker:{region}:{account}:flow-definition/{flow_definition}"


def read_stack(cloudformation: Any, name: str, prefix: str = "") -> DeployedStack:
    """Read a stack's outputs.

    Parameters
    ----------
    cloudformation
        A client.
    name
        The stack's name.
    prefix
        The prefix of the outputs, as the stack's app names it. It can be left out if the stack has
        outputs with one prefix only.

    Raises
    ------
    CommandError
        If the stack does not exist, or has no outputs with the prefix. The advice lists stacks of
        this project, or the prefixes.
    """
    try:
        stacks = cloudformation.describe_stacks(StackName=name).get("Stacks", [])
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise CommandError(
            f"there is no stack {name} in {cloudformation.meta.region_name}",
            advice=_advise(cloudformation),
            status=ExitStatus.AWS,
        ) from error
    if len(stacks) != 1:
        raise CommandError(
            f"{cloudformation.meta.endpoint_url} does not answer as AWS CloudFormation does",
            advice=CHECK_ENDPOINT,
        )
    (stack,) = stacks
    everything = _outputs(stack)
    outputs = _of_prefix(everything, prefix, name)
    alerts = {value for key, value in everything.items() if key.endswith(_MARK)}
    return DeployedStack(
        name=stack["StackName"],
        arn=stack["StackId"],
        outputs=outputs,
        other_alerts=frozenset(alerts - {outputs.get(_MARK)}),
    )


def _of_prefix(outputs: Mapping[str, str], prefix: str, name: str) -> dict[str, str]:
    """Return the outputs with a prefix, without it, and none of those with a longer one."""
    prefixes = {key.removesuffix(_MARK) for key in outputs if key.endswith(_MARK)}
    if not prefix and len(prefixes) == 1:
        (prefix,) = prefixes
    if prefixes and prefix not in prefixes:
        named = ", ".join(sorted(each or "none" for each in prefixes))
        which = f"with the prefix {prefix}" if prefix else "without a prefix"
        raise CommandError(
            f"stack {name} has no outputs {which}",
            advice=f"Name the prefix with --prefix. There are: {named}.",
            status=ExitStatus.USAGE,
        )
    longer = tuple(each for each in prefixes if len(each) > len(prefix))
    return {
        key.removeprefix(prefix): value
        for key, value in outputs.items()
        if key.startswith(prefix) and not key.startswith(longer)
    }


def _advise(cloudformation: Any) -> str:
    """Return the advice, which names the stacks with the outputs of this project."""
    try:
        names = [
            stack["StackName"]
            for page in cloudformation.get_paginator("describe_stacks").paginate()
            for stack in page["Stacks"]
            if any(_outputs(stack).keys() >= ours for ours in _OURS)
        ]
    except ClientError as error:
        if not is_access_denied(error):
            raise
        return "Name the stack with --stack. The credentials may not list the stacks."
    if names:
        return f"Name the stack with --stack. These look right: {', '.join(sorted(names))}."
    return "No stack in this account and Region looks right. Check --profile and --region."


def _outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}
