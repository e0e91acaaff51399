"""The outcomes that the ledger has of a human loop."""

from __future__ import annotations

from typing import Any

from human_loop_reviews.aws.calls import naming
from human_loop_reviews.aws.ledger import Entry, outcome_of
from human_loop_reviews.aws.ledger_table import LedgerTable


class RecordedOutcomes:
    """The outcomes in the ledger, by the ARN of the human loop.

    Parameters
    ----------
    dynamodb
        A client.
    table
        The ledger's name.
    """

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._table = LedgerTable(dynamodb, table)

    def of(self, human_loop_arn: str) -> list[dict[str, Any]]:
        """Return the outcomes of a human loop, ready for JSON, the first created first.

        There are several if the loop was deleted and its name was used again. An outcome of an
        event that anybody could send, and that A2I did not confirm, is left out.
        """
        with naming(f"table {self._table.name}"):
            return [
                outcome_of(item)
                for item in self._table.outcomes_of(human_loop_arn)
                if (entry := Entry.parse(item)) is not None and entry.is_authoritative
            ]
