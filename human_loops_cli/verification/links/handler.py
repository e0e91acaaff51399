"""The link ``handler``: the review handler settles the marked loop."""

from __future__ import annotations

from human_loops_cli.verification.links.handler_causes import why_not_settled
from human_loops_cli.verification.links.ledger import LedgerLink
from human_loops_cli.verification.links.link import Link, LinkState
from human_loops_cli.verification.stack_parts import StackParts


class HandlerLink(Link):
    """The review handler, and the queue before it."""

    name = "handler"

    @staticmethod
    def is_part_of(parts: StackParts) -> bool:
        """Return whether the rule on ended loops has a review handler."""
        return parts.rule is not None and parts.handler is not None

    def add(self) -> None:
        """Write the output that the handler reads."""
        place = self.run.loop.place
        if place is not None:
            self.run.announced(str(self.run.loop.output_uri))
            self.add_or_break(f"the output bucket {place.bucket}", self.run.resources.put_output)

    def seen(self) -> None:
        """Look at the ledger and the outcome bus, where the handler writes."""
        ledger, outcome = self.run.link("ledger"), self.run.link("outcome")
        item = ledger.item if isinstance(ledger, LedgerLink) else None
        if item is not None and item.get("outputError"):
            self.judge(LinkState.BROKEN, f"it could not read the output: {item['outputError']}")
        elif item is not None:
            self.judge(LinkState.OK, "settled the marked loop")
        elif outcome is not None and outcome.state is LinkState.OK:
            self.judge(LinkState.OK, "published the outcome of the marked loop")

    def cause(self) -> None:
        """Find why the handler did not settle the marked loop."""
        self.judge(LinkState.BROKEN, why_not_settled(self.run))
