"""The parts of a stack that a verification checks."""

from __future__ import annotations

from dataclasses import dataclass

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.handler import DeployedHandler, read_handler
from human_loops_cli.session import Session
from human_loops_cli.stack import NO_OUTPUTS_ADVICE, DeployedStack
from human_loops_cli.stack_rules import DeployedRule, bus_name, read_rule


@dataclass(frozen=True, kw_only=True)
class StackParts:
    """The parts of a stack."""

    stack: DeployedStack
    """The stack."""
    rule: DeployedRule | None
    failed_rule: DeployedRule | None
    """The rule on all ended loops, and the one on failures. None without such an output."""
    handler: DeployedHandler | None
    """The review handler. None if the stack has none, or has a custom function."""

    def output(self, name: str) -> str | None:
        """Return an output of the stack, None if it has no such part."""
        return self.stack.outputs.get(name)

    @property
    def output_paths(self) -> list[str]:
        """Where flow definitions write output that the handler can read."""
        return [
            value
            for name, value in sorted(self.stack.outputs.items())
            if name.rstrip("0123456789") == "S3OutputPath"
        ]

    @property
    def topics(self) -> list[str]:
        """The ARNs of the topic and of the alerts' topic, if they are in the stack's account.

        A subscription to a topic of another account must be confirmed.
        """
        found = map(self.output, ("TopicArn", "AlertsTopicArn"))
        account = self.stack.arn.split(":")[4]
        return [topic for topic in found if topic is not None and topic.split(":")[4] == account]

    @property
    def handler_queue(self) -> str | None:
        """The URL of the queue before the handler. None if the rule invokes the handler."""
        return self.output("HandlerQueueUrl")

    @property
    def outcome_bus(self) -> str | None:
        """The bus of outcomes: its name, or its ARN if it is in another account."""
        if self.handler is None:
            return None
        return bus_name(self.handler.settings.outcome_bus, self.stack)

    @property
    def buses(self) -> list[str]:
        """The buses of the event and of the outcome that are in the stack's account."""
        buses = (None if self.rule is None else self.rule.bus, self.outcome_bus)
        names = (bus for bus in buses if bus is not None and not bus.startswith("arn:"))
        return list(dict.fromkeys(names))


def read_stack_parts(session: Session) -> StackParts:
    """Find the parts of the stack.

    Raises
    ------
    CommandError
        If the stack has no part to verify, or is a hub or a spoke.
    """
    stack = session.stack
    if "HubEventBusArn" in stack.outputs:
        raise CommandError(
            f"stack {stack.name} is a hub or a spoke, which have parts in several accounts; "
            "verify sends an event through one account",
            advice="End a human loop in the account of a spoke, and run status on the hub. "
            "A deployment beside the spoke can be verified.",
            status=ExitStatus.INCOMPLETE,
        )
    parts = StackParts(
        stack=stack,
        rule=read_rule(session, "StatusChangeRuleName"),
        failed_rule=read_rule(session, "FailedRuleName"),
        handler=read_handler(session) if "LedgerTableName" in stack.outputs else None,
    )
    if parts.rule is None and parts.output("AlertsTopicArn") is None:
        raise CommandError(
            f"there is nothing to verify: stack {stack.name} has neither the output "
            "StatusChangeRuleName nor AlertsTopicArn",
            advice=NO_OUTPUTS_ADVICE,
            status=ExitStatus.INCOMPLETE,
        )
    return parts
