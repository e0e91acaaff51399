"""Verdicts by field."""

from __future__ import annotations

from typing import Final

from human_loop_reviews.review.natural_order import natural_key
from human_loops_cli.report import charts
from human_loops_cli.report.figures import NOT_KNOWN
from human_loops_cli.report.flow import (
    SAMPLED,
    SELECTED,
    UNKNOWN,
    Correct,
    Flow,
    correct_of,
    number,
)
from human_loops_cli.report.markup import Column, Markup, clipped, element, joined, name, table
from human_loops_cli.report.sections.parts import (
    FIELDS_SHOWN,
    CorrectColumns,
    View,
    beside,
    details,
    field_bar,
    fields_shown,
    figure,
    heading,
    paragraph,
)

VERDICTS: Final = (
    charts.CONFIRMED,
    charts.CORRECTED,
    charts.REMOVED,
    charts.REJECTED,
    charts.RELABELLED,
    charts.ADDED,
    charts.DISPUTED,
    charts.WITHOUT_VERDICT,
)


def verdicts(flow: Flow, view: View) -> Markup:
    """Verdicts by field."""
    rows = sorted(
        flow.rows["field_verdicts"],
        key=lambda row: (-number(row, "fields"), natural_key(row["field"])),
    )
    if not rows:
        return joined(heading(flow, "verdicts", "Verdicts"), paragraph("No loop has a field."))
    columns = [each.name.replace("no verdict", "without_verdict") for each in VERDICTS]
    sums = [sum(number(row, column) for row in rows) for column in columns]
    present = [place for place, total in enumerate(sums) if total]
    segments = [VERDICTS[place] for place in present]
    title = "Verdicts: " + ", ".join(f"{sums[place]:,} {VERDICTS[place].name}" for place in present)
    shown = rows[:FIELDS_SHOWN]
    found = CorrectColumns(bool(flow.correct.unknown.of))
    kind = next((kind for kind, _ in flow.correct.kinds), SAMPLED)
    bars = [
        field_bar(
            row,
            [number(row, columns[place]) for place in present],
            segments,
            _figure(correct_of([row]), kind),
        )
        for row in shown
    ]
    return joined(
        heading(flow, "verdicts", "Verdicts by field"),
        beside(
            figure(
                view,
                charts.bars(bars, segments),
                title,
                f"{fields_shown(len(shown), len(rows), '', 'occur most often')} Beside the bar: "
                f"found correct, of judged predictions of {LOOPS[kind]}.",
                f"Stacked bars of the verdicts on fields of {clipped(flow.name)}. {title}.",
            ),
            _shares(flow),
            paragraph(
                "More than half of the reviewers decide. A disputed field has no such majority."
            ),
        ),
        details(
            "Verdicts by field, as a table",
            table(
                f"Verdicts on the fields of {clipped(flow.name)}, the most frequent fields first",
                [
                    Column("Field"),
                    Column("fields"),
                    *(Column(each.name) for each in VERDICTS),
                    *found.columns,
                ],
                rows,
                lambda row: [
                    name(row["field"]),
                    f"{number(row, 'fields'):,}",
                    *(f"{number(row, column):,}" for column in columns),
                    *found.cells(correct_of([row])),
                ],
                limit=view.rows,
            ),
        ),
    )


#: What loops are called in a sentence, by how they were selected.
LOOPS: Final = {
    SAMPLED: "sampled loops",
    SELECTED: "loops selected for review",
    UNKNOWN: "loops of which it is unknown whether they are sampled",
}


def _figure(correct: Correct, kind: str) -> str:
    share = dict(correct.kinds).get(kind)
    if share is None:
        return NOT_KNOWN
    return share.text + (" (few)" if share.few else "")


def _shares(flow: Flow) -> Markup:
    """Say what was found correct, the sampled loops first."""
    facts = [
        f"In {LOOPS[kind]}, {share.text} judged predictions were found correct (95 % interval "
        f"{share.range})."
        for kind, share in flow.correct.kinds
    ]
    if not flow.correct.sampled.of:
        facts.append(
            "No prediction of a sampled loop was judged: what share of all predictions is correct "
            "cannot be said."
        )
    return element("ul", *(element("li", fact) for fact in facts))
