"""What a report has about one flow definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from human_loops_cli.flow_definition_names import shown_names
from human_loops_cli.report.data import ReportData
from human_loops_cli.report.figures import Share
from human_loops_cli.thresholds.advice import Advice

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A flow definition of a report.

    Parameters
    ----------
    name
        Its name, as it is shown.
    anchor
        What links on the page lead to.
    totals
        Its row of the query `totals`.
    rows
        Its rows of the other queries, by the query's name.
    advice
        The advice on its thresholds.
    """

    name: str
    anchor: str
    totals: Row
    rows: Mapping[str, Sequence[Row]]
    advice: Sequence[Advice]

    def count(self, column: str) -> int:
        """Return a number of its totals. A sum of nothing is zero."""
        return number(self.totals, column)

    @property
    def correct(self) -> Share:
        """The share of its judged predictions that were found correct."""
        return Share(self.count("fields_correct"), self.count("fields_judged"))


def number(row: Row, column: str) -> int:
    """Return a number of a row. A sum of nothing, which is null in SQL, is zero."""
    return int(row[column] or 0)


def flows(data: ReportData) -> list[Flow]:
    """Return the flow definitions of a report, those with the most loops first."""
    totals = sorted(
        data.rows.get("totals", ()),
        key=lambda row: (-number(row, "loops"), row["flow_definition_arn"] or ""),
    )
    names = shown_names(arn for row in totals if (arn := row["flow_definition_arn"]))
    rows: dict[str | None, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for query, all_rows in data.rows.items():
        for row in all_rows:
            rows[row["flow_definition_arn"]][query].append(row)
    advice: dict[str, list[Advice]] = defaultdict(list)
    for each in data.advice:
        advice[each.flow_definition_arn].append(each)
    return [
        Flow(
            name=names.get(arn, "unknown flow definition"),
            anchor=f"flow-{place}",
            totals=row,
            rows=defaultdict(list, rows[arn]),
            advice=advice[arn or ""],
        )
        for place, row in enumerate(totals, 1)
        for arn in [row["flow_definition_arn"]]
    ]
