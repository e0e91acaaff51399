"""How CloudFormation and EventBridge name rules."""

from __future__ import annotations

from dataclasses import dataclass

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
