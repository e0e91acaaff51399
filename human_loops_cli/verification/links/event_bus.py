"""The link ``event bus``: the bus has the marked event."""

from __future__ import annotations

from human_loop_reviews.aws.event_bus import bus_exists
from human_loops_cli.verification.links.link import Link, LinkState
from human_loops_cli.verification.stack_parts import StackParts


class EventBusLink(Link):
    """The bus of the rule on ended loops."""

    name = "event bus"

    @staticmethod
    def is_part_of(parts: StackParts) -> bool:
        """Return whether the stack has a rule on ended loops."""
        return parts.rule is not None

    def add(self) -> None:
        """Add a rule on the marked event."""
        if not self.run.loop.can_be_settled:
            self.judge(
                LinkState.BROKEN,
                "no event was sent: the handler may not read the output of any flow definition",
            )
        rule = self.run.parts.rule
        if rule is not None:
            watch_bus(self, rule.bus)

    def seen(self) -> None:
        """Look at what the rule received."""
        if self.name in self.run.received:
            self.judge(LinkState.OK, "has the marked event")

    def cause(self) -> None:
        """Judge a bus on which the event was not seen."""
        self.judge(LinkState.BROKEN, "the rule of this verification on the bus saw no event")


def watch_bus(link: Link, bus: str) -> None:
    """Add a rule on the marked events of a bus of the account. Without the bus, a link is broken.

    Parameters
    ----------
    link
        The link.
    bus
        The name of the bus.
    """
    run = link.run
    if bus not in run.parts.buses:
        return
    if bus_exists(run.session.client("events"), bus):
        run.resources.watch_bus(bus)
    else:
        link.judge(LinkState.BROKEN, f"the event bus {bus} does not exist")
