"""The link ``outcome``: the outcome bus has the outcome of the marked loop."""

from __future__ import annotations

from human_loops_cli.verification.links.event_bus import watch_bus
from human_loops_cli.verification.links.handler_causes import judge_missing_result
from human_loops_cli.verification.links.link import Link, LinkState
from human_loops_cli.verification.stack_parts import StackParts


class OutcomeLink(Link):
    """The bus on which the handler publishes outcomes."""

    name = "outcome"

    @staticmethod
    def is_part_of(parts: StackParts) -> bool:
        """Return whether the rule on ended loops has a review handler."""
        return parts.rule is not None and parts.handler is not None

    def add(self) -> None:
        """Add a rule on the outcome, unless the rule on the marked event is on the same bus."""
        rule, bus = self.run.parts.rule, self.run.parts.outcome_bus
        if bus is None or rule is None:
            return
        if bus.startswith("arn:"):
            self.judge(LinkState.SKIPPED, f"{bus} is in another account")
        elif bus != rule.bus:
            watch_bus(self, bus)

    def seen(self) -> None:
        """Look at what the rule received."""
        if self.name in self.run.received:
            self.judge(LinkState.OK, "received on the outcome bus")

    def cause(self) -> None:
        """Judge a bus without the outcome."""
        judge_missing_result(self)
