"""The table of the metrics in docs/reference.md, generated from their definition.

`python -m docs_tools.metric_docs` writes it.
"""

from __future__ import annotations

import re
from typing import Final

from docs_tools.docstrings import DOCS, attribute_docstrings, markdown
from human_loop_reviews.contract import HumanLoopStatus, Metric
from human_loop_reviews.outcome_schema import Verdict

REFERENCE: Final = DOCS / "reference.md"
_TABLE: Final = re.compile(
    r"(?<=<!-- metrics: made by `make schema` -->\n\n).*?(?=\n<!-- end of the metrics -->)",
    re.DOTALL,
)


def metric_table() -> str:
    """Return the table of all metrics, in Markdown."""
    meanings = attribute_docstrings(Metric)
    lines = [
        "| metric | meaning |",
        "| --- | --- |",
        f"| {_codes(HumanLoopStatus)} | 1 for a loop with this status. |",
        f"| {_codes(Verdict)} | The number of fields with this verdict, where the prediction is "
        f"known. `{Verdict.REJECTED.capitalize()}` only above 0. |",
        *(f"| `{each}` | {markdown(meanings[each.name])} |" for each in Metric),
    ]
    return "\n".join(lines) + "\n"


def with_metrics(reference: str) -> str:
    """Return the reference with its table replaced by the current one."""
    assert _TABLE.search(reference)  # noqa: S101 - the reference has the marks
    return _TABLE.sub(lambda _: metric_table(), reference)


def _codes(names: type[HumanLoopStatus | Verdict]) -> str:
    return ", ".join(f"`{each.capitalize()}`" for each in names)


if __name__ == "__main__":
    REFERENCE.write_text(with_metrics(REFERENCE.read_text(encoding="utf-8")), encoding="utf-8")
