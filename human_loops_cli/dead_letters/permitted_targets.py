"""The targets that a redrive may send to: those that the stack's rules have now.

The attributes of a message are text that everybody with `sqs:SendMessage` can write. A redrive runs
with the operator's credentials, so no attribute chooses what receives the message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from botocore.exceptions import ClientError

from human_loops_cli.session import Session
from human_loops_cli.stack_resources import physical_ids
from human_loops_cli.stack_rules import RuleName


class PermittedTargets:
    """The targets of the stack's rules, and those that the user permits.

    They are read from EventBridge when the first message of a rule asks for them.

    Parameters
    ----------
    session
        The run.
    allowed
        ARNs of further targets. For an event bus, the ARN of the rule that forwards to it.
    """

    def __init__(self, session: Session, allowed: Sequence[str] = ()) -> None:
        self._session = session
        self._allowed = frozenset(allowed)

    def refusal(self, target: str) -> str:
        """Return why no message is sent to a target. Empty if it is permitted."""
        if target in self._allowed or any(target in each for each in self._of_rules.values()):
            return ""
        return (
            f"{target} is no target of a rule of stack {self._session.stack.name} now: "
            f"--allow-target {target} permits it"
        )

    def refusal_of_bus(self, bus: str, rule_arn: str) -> str:
        """Return why no event is put on the bus of a rule that forwards to another bus."""
        rule = RuleName.of_arn(rule_arn)
        if rule_arn in self._allowed or bus in self._of_rules.get(rule, ()):
            return ""
        return (
            f"{rule_arn} is no rule of stack {self._session.stack.name} that forwards to {bus} "
            f"now: --allow-target {rule_arn} permits it"
        )

    @cached_property
    def _of_rules(self) -> Mapping[RuleName, frozenset[str]]:
        events = self._session.client("events")
        pages = events.get_paginator("list_targets_by_rule")
        found: dict[RuleName, frozenset[str]] = {}
        for reference in physical_ids(self._session, "AWS::Events::Rule"):
            rule = RuleName.of_reference(reference, self._session.stack)
            try:
                found[rule] = frozenset(
                    target["Arn"]
                    for page in pages.paginate(Rule=rule.name, EventBusName=rule.bus)
                    for target in page["Targets"]
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
        return found
