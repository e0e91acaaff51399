"""The link ``ledger``: the table has the outcome of the marked loop."""

from __future__ import annotations

from typing import Any

from human_loops_cli.verification.links.handler_causes import judge_missing_result
from human_loops_cli.verification.links.link import Link, LinkState, VerifiedRun
from human_loops_cli.verification.stack_parts import StackParts


class LedgerLink(Link):
    """The table in which the handler records outcomes."""

    name = "ledger"

    def __init__(self, run: VerifiedRun) -> None:
        super().__init__(run)
        self.item: dict[str, Any] | None = None
        """The item of the marked loop. None as long as there is none."""

    @staticmethod
    def is_part_of(parts: StackParts) -> bool:
        """Return whether the rule on ended loops has a review handler."""
        return parts.rule is not None and parts.handler is not None

    def add(self) -> None:
        """Look whether the table exists, and register the removal of the handler's item."""
        handler = self.run.parts.handler
        assert handler is not None  # noqa: S101 - a link of the handler
        table = handler.settings.ledger_table
        self.run.resources.expect_item(table)
        self.add_or_break(f"the table {table}", self.run.resources.ledger_item)

    def seen(self) -> None:
        """Look the marked loop up."""
        self.item = self.run.resources.ledger_item()
        if self.item is not None:
            self.judge(LinkState.OK, "has its outcome")

    def cause(self) -> None:
        """Judge a table without the outcome."""
        judge_missing_result(self)
