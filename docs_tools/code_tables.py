"""The tables in docs/ that are generated from definitions and the docstrings of their members.

`python -m docs_tools.code_tables` writes them between the marks in the pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from docs_tools import corrected_docs, review_tables
from docs_tools.costs import archive_costs, cost_table
from docs_tools.docstrings import DOCS, meaning_table, meanings_of
from human_loop_reviews.callback_contract import CallbackError, CallbackKey
from human_loop_reviews.contract import HumanLoopStatus, Metric
from human_loop_reviews.outcome_values import Verdict
from stacks import hub_and_spokes

#: The volumes of which the costs are shown.
_LOOPS_A_MONTH: Final = (1_000, 1_000_000)


def metric_table() -> str:
    """Return the table of all metrics."""
    rejected = Verdict.REJECTED.capitalize()
    statuses = (_capitalized(HumanLoopStatus), "1 for a loop with this status.")
    verdicts = (
        _capitalized(Verdict),
        "The number of fields with this verdict, where the prediction is known. "
        f"`{rejected}` only above 0.",
    )
    return meaning_table("metric", [statuses, verdicts, *meanings_of(Metric)])


def error_table() -> str:
    """Return the table of the errors of an execution that waits."""
    return meaning_table("error", meanings_of(CallbackError))


def payload_table() -> str:
    """Return the table of the keys with which a state waits."""
    return meaning_table("key", meanings_of(CallbackKey))


def costs_table() -> str:
    """Return the table of the costs of a stack."""
    return cost_table(*_LOOPS_A_MONTH)


def archive_costs_table() -> str:
    """Return the table of what an archive of outcomes costs in addition."""
    return cost_table(*_LOOPS_A_MONTH, costs_of=archive_costs)


def keys_of_a_spoke() -> str:
    """Return the keys of a deployment that forwards its events."""
    whole = sorted(hub_and_spokes.KEYS_OF_A_SPOKE - {"name", "alerts", "delivery"})
    parts = {
        "alerts": hub_and_spokes.ALERTS_OF_A_SPOKE,
        "delivery": hub_and_spokes.DELIVERY_OF_A_SPOKE,
    }
    names = [*whole, *(f"{part}.{key}" for part, keys in parts.items() for key in sorted(keys))]
    return ", ".join(f"`{name}`" for name in names) + "\n"


TABLES: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = {
    "corrected-documents.md": corrected_docs.TABLES,
    "deploying.md": {"costs": costs_table, "costs of an archive": archive_costs_table},
    "many-accounts.md": {"keys of a spoke": keys_of_a_spoke},
    "reference.md": {"metrics": metric_table},
    "reviews.md": review_tables.TABLES,
    "step-functions.md": {"errors": error_table, "payload": payload_table},
}


def with_tables(name: str, page: str) -> str:
    """Return a page with its tables replaced by the present ones.

    Parameters
    ----------
    name
        The file of the page.
    page
        Its text.
    """
    for mark, table in TABLES[name].items():
        between = re.compile(
            rf"(?<=<!-- {mark}: made by `make schema` -->\n\n).*?(?=\n<!-- end of {mark} -->)", re.S
        )
        found = between.search(page)
        assert found, mark  # noqa: S101 - the page has the marks
        page = page[: found.start()] + table() + page[found.end() :]
    return page


def _capitalized(names: type[StrEnum]) -> str:
    return ", ".join(f"`{each.capitalize()}`" for each in names)


if __name__ == "__main__":
    for name in TABLES:
        path = DOCS / name
        path.write_text(with_tables(name, path.read_text("utf-8")), encoding="utf-8")
