"""What a report has about one flow definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from human_loops_cli.flow_definition_names import shown_names
from human_loops_cli.report.data import ReportData
from human_loops_cli.report.figures import Share
from human_loops_cli.thresholds.advice import Advice

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Correct:
    """The shares of judged predictions that were found correct, by how their loops were selected.

    Parameters
    ----------
    sampled
        Of randomly sampled loops: only these stand for all predictions.
    selected
        Of loops that were selected for review, such as for a low confidence.
    unknown
        Of loops of which it is unknown.
    """

    sampled: Share
    selected: Share
    unknown: Share

    @property
    def kinds(self) -> list[tuple[str, Share]]:
        """Those of which something was judged, with what their loops are called."""
        named = ((SAMPLED, self.sampled), (SELECTED, self.selected), (UNKNOWN, self.unknown))
        return [(kind, share) for kind, share in named if share.of]


#: What loops are called by how they were selected.
SAMPLED: Final = "sampled"
SELECTED: Final = "selected"
UNKNOWN: Final = "unknown"


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
    from_outputs
        How many of its loops are known from their output alone. None of them Failed, because such
        loops have no output.
    """

    name: str
    anchor: str
    totals: Row
    rows: Mapping[str, Sequence[Row]]
    advice: Sequence[Advice]
    from_outputs: int = 0

    def count(self, column: str) -> int:
        """Return a number of its totals. A sum of nothing is zero."""
        return number(self.totals, column)

    @property
    def with_event(self) -> int:
        """How many of its loops are known from an event."""
        return self.count("loops") - self.from_outputs

    @property
    def correct(self) -> Correct:
        """The shares of its judged predictions that were found correct."""
        return correct_of([self.totals], "fields_judged", "fields_correct")


def correct_of(rows: Iterable[Row], judged: str = "judged", correct: str = "correct") -> Correct:
    """Return the shares of rows together.

    Parameters
    ----------
    rows
        The rows.
    judged, correct
        The columns with the numbers of all loops.
    """
    all_rows = list(rows)

    def share(of: str, part: str) -> Share:
        return Share(
            sum(number(row, part) for row in all_rows), sum(number(row, of) for row in all_rows)
        )

    known = share("sampled_judged", "sampled_correct"), share("selected_judged", "selected_correct")
    total = share(judged, correct)
    known_part, known_of = sum(each.part for each in known), sum(each.of for each in known)
    return Correct(*known, Share(total.part - known_part, total.of - known_of))


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
            from_outputs=data.history.get(arn or "", 0),
        )
        for place, row in enumerate(totals, 1)
        for arn in [row["flow_definition_arn"]]
    ]
