"""Agreement among reviewers."""

from __future__ import annotations

from human_loop_reviews.review.natural_order import natural_key
from human_loops_cli.report import charts
from human_loops_cli.report.charts import Bar
from human_loops_cli.report.figures import Share, counted
from human_loops_cli.report.flow import Flow, Row, number
from human_loops_cli.report.markup import Column, Markup, clipped, joined, name, table
from human_loops_cli.report.sections.parts import (
    FIELDS_SHOWN,
    View,
    beside,
    details,
    few_mark,
    fields_shown,
    figure,
    heading,
    paragraph,
)


def reviewers_agreement(flow: Flow, view: View) -> Markup:
    """How far reviewers agree with each other."""
    head = heading(flow, "agreement", "Agreement among reviewers")
    several = Share(flow.count("loops_with_several_reviewers"), flow.count("loops_with_reviewers"))
    rows = sorted(
        (row for row in flow.rows["field_verdicts"] if number(row, "with_several_reviewers")),
        key=lambda row: (_few(row), _pairs(row).value, natural_key(row["field"])),
    )
    answered = paragraph(
        f"{counted(several.part, 'loop has', 'loops have')} answers of several reviewers, of "
        f"{several.of:,} with answers."
    )
    if not rows:
        unknown = "How far reviewers agree is not known: no field has answers of several."
        return joined(head, answered, paragraph(unknown))
    shown = rows[:FIELDS_SHOWN]
    bars = [
        Bar(
            row["field"],
            [_pairs(row).value],
            _agreement_text(row) + (" (few)" if _few(row) else ""),
            [f"reviewers agree {_agreement_text(row)}"],
        )
        for row in shown
    ]
    lowest = f": reviewers agree in {_agreement_text(shown[0])}"
    return joined(
        head,
        beside(
            figure(
                view,
                charts.bars(bars, (charts.AGREED,), longest=1),
                joined(name(shown[0]["field"]), lowest),
                fields_shown(
                    len(shown), len(rows), " with several reviewers", "have the lowest agreement"
                )
                + " Fields with few answers are last.",
                f"Bars of the agreement among reviewers by field of {clipped(flow.name)}.",
            ),
            answered,
            paragraph(
                "The agreement of a field is the share of pairs of reviewers who gave the same. "
                "Where reviewers disagree, the task may be unclear, and no model can be right for "
                "all of them."
            ),
        ),
        details(
            "Agreement among reviewers, as a table",
            table(
                f"Agreement among reviewers on the fields of {clipped(flow.name)}",
                [Column("Field"), Column("mean agreement, of fields with several reviewers")],
                rows,
                lambda row: [
                    name(row["field"]),
                    joined(_agreement_text(row), few_mark(Share(0, _several(row)))),
                ],
                limit=view.rows,
            ),
        ),
    )


def _pairs(row: Row) -> Share:
    """Return the mean of a field's agreements, as a share: the sum of them, of their number."""
    return Share(
        number(row, "reviewer_agreement_millionths"),
        number(row, "with_several_reviewers") * 1_000_000,
    )


def _several(row: Row) -> int:
    return number(row, "with_several_reviewers")


def _few(row: Row) -> bool:
    return Share(0, _several(row)).few


def _agreement_text(row: Row) -> str:
    return f"{_pairs(row).percent} of {_several(row):,}"
