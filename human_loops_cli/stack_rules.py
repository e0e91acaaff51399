"""The rules of a deployed stack, as CloudFormation and EventBridge name and describe them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from human_loops_cli.session import Session
from human_loops_cli.stack import DeployedStack


@dataclass(frozen=True, kw_only=True)
class RuleName:
    """The bus and the name of a rule."""

    bus: str
    """The name of a bus of the stack's account, and the ARN of any other."""
    name: str

    @classmethod
    def of_reference(cls, reference: str, stack: DeployedStack) -> RuleName:
        """Return the rule of a ``Ref`` in a template: on a custom bus it is ``bus|name``.

        Examples
        --------
        >>> stack = DeployedStack(name="s", arn="arn:aws:cloudformation:r:1:stack/s/1", outputs={})
        >>> RuleName.of_reference("arn:aws:events:r:1:event-bus/reviews|Failed", stack)
        RuleName(bus='reviews', name='Failed')
        """
        bus, _, name = reference.rpartition("|")
        return cls(bus=bus_name(bus or "default", stack), name=name)

    @classmethod
    def of_arn(cls, arn: str) -> RuleName:
        """Return the rule of an ARN.

        Examples
        --------
        >>> RuleName.of_arn("arn:aws:events:eu-west-1:111122223333:rule/Failed")
        RuleName(bus='default', name='Failed')
        """
        bus, _, name = arn.partition(":rule/")[2].rpartition("/")
        return cls(bus=bus or "default", name=name)


def bus_name(bus: str, stack: DeployedStack) -> str:
    """Return the name of a bus of the stack's account, and the ARN of any other."""
    owned = bus.startswith("arn:") and bus.split(":")[4] == stack.arn.split(":")[4]
    return bus.rpartition("/")[2] if owned else bus


@dataclass(frozen=True, kw_only=True)
class DeployedRule:
    """A rule of the stack."""

    name: str
    bus: str
    """Its name, and the name or ARN of its bus."""
    description: Mapping[str, Any] | None
    """The response of DescribeRule. None if the rule does not exist."""

    @property
    def pattern(self) -> Mapping[str, Any]:
        """The pattern of the event's detail."""
        pattern = json.loads((self.description or {}).get("EventPattern") or "{}")
        detail: Mapping[str, Any] = pattern.get("detail") or {}
        return detail

    def matches(self, flow_definition_arn: str) -> bool:
        """Return whether the pattern admits events of a flow definition.

        Examples
        --------
        >>> pattern = {"detail": {"flowDefinitionArn": [{"suffix": "/invoices"}]}}
        >>> description = {"EventPattern": json.dumps(pattern)}
        >>> rule = DeployedRule(name="r", bus="default", description=description)
        >>> rule.matches("arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices")
        True
        """
        matchers = self.pattern.get("flowDefinitionArn")
        return matchers is None or any(
            flow_definition_arn.endswith(each["suffix"])
            if isinstance(each, dict)
            else each == flow_definition_arn
            for each in matchers
        )

    def flow_definitions(self, stack: DeployedStack) -> list[str]:
        """Return the ARNs of the flow definitions that the pattern names. Empty if it names none.

        Examples
        --------
        >>> stack = DeployedStack(name="s", arn="arn:aws:cloudformation:r:1:stack/s/1", outputs={})
        >>> pattern = {"detail": {"flowDefinitionArn": [{"suffix": "/invoices"}]}}
        >>> description = {"EventPattern": json.dumps(pattern)}
        >>> DeployedRule(name="r", bus="default", description=description).flow_definitions(stack)
        ['arn:aws:sagemaker:r:1:flow-definition/invoices']
        """
        return [
            stack.flow_definition_arn(each["suffix"].strip("/") if isinstance(each, dict) else each)
            for each in self.pattern.get("flowDefinitionArn") or ()
        ]


def read_rule(session: Session, output: str) -> DeployedRule | None:
    """Read the rule that an output of the stack names. None without such an output."""
    reference = session.stack.outputs.get(output)
    if reference is None:
        return None
    rule = RuleName.of_reference(reference, session.stack)
    try:
        description = session.client("events").describe_rule(Name=rule.name, EventBusName=rule.bus)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        description = None
    return DeployedRule(name=rule.name, bus=rule.bus, description=description)
