"""Verdicts by field."""

from __future__ import annotations

from typing import Final

from human_loop_reviews.review.natural_order import natural_key
from human_loops_cli.report import charts
from human_loops_cli.report.figures import Share
from human_loops_cli.report.flow import Flow, Row, number
from human_loops_cli.report.markup import Column, Markup, clipped, joined, name, table
from human_loops_cli.report.sections.parts import (
    FIELDS_SHOWN,
    FLATTERED,
    View,
    beside,
    details,
    field_bar,
    fields_shown,
    figure,
    heading,
    paragraph,
    share_text,
)

VERDICTS: Final = (
    charts.CONFIRMED,
    charts.CORRECTED,
    charts.REMOVED,
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
    bars = [
        field_bar(
            row,
            [number(row, columns[place]) for place in present],
            segments,
            _correct(row).text + (" (few)" if _correct(row).few and _correct(row).of else ""),
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
                "the share of judged predictions that were found correct.",
                f"Stacked bars of the verdicts on fields of {clipped(flow.name)}. {title}.",
            ),
            paragraph(
                f"Reviewers found {flow.correct.text} judged predictions correct (95 % interval "
                f"{flow.correct.range})."
            ),
            paragraph(
                "More than half of the reviewers decide. A disputed field has no such majority."
            ),
            paragraph(FLATTERED),
        ),
        details(
            "Verdicts by field, as a table",
            table(
                f"Verdicts on the fields of {clipped(flow.name)}, the most frequent fields first",
                [
                    Column("Field"),
                    Column("fields"),
                    *(Column(each.name) for each in VERDICTS),
                    Column("found correct, of judged"),
                    Column("95 % interval"),
                ],
                rows,
                lambda row: [
                    name(row["field"]),
                    f"{number(row, 'fields'):,}",
                    *(f"{number(row, column):,}" for column in columns),
                    share_text(_correct(row)),
                    _correct(row).range,
                ],
                limit=view.rows,
            ),
        ),
    )


def _correct(row: Row) -> Share:
    return Share(number(row, "correct"), number(row, "judged"))
