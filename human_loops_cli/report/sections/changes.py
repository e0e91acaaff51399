"""What reviewers change most."""

from __future__ import annotations

from human_loop_reviews.review.natural_order import natural_key
from human_loops_cli.report import charts
from human_loops_cli.report.figures import counted
from human_loops_cli.report.flow import Flow, Row, number
from human_loops_cli.report.markup import Column, Markup, clipped, joined, name, table
from human_loops_cli.report.sections.parts import (
    FIELDS_SHOWN,
    View,
    beside,
    details,
    field_bar,
    fields_shown,
    figure,
    heading,
    paragraph,
)


def changed_most(flow: Flow, view: View) -> Markup:
    """Fields that reviewers change most."""
    rows = sorted(
        (row for row in flow.rows["field_verdicts"] if _changes(row) or _not_shown(row)),
        key=lambda row: (-_changes(row), -_not_shown(row), natural_key(row["field"])),
    )
    changed = [row for row in rows if _changes(row)]
    shown = changed[:FIELDS_SHOWN]
    segments = (charts.WRONG, charts.ADDITIONS)
    wrong = sum(_wrong(row) for row in rows)
    added = sum(number(row, "added") for row in rows)
    title = f"{counted(wrong, 'prediction')} wrong, {counted(added, 'value')} added"
    bars = [
        field_bar(
            row,
            [_wrong(row), number(row, "added")],
            segments,
            f"{_wrong(row):,} of {number(row, 'judged'):,}"
            + (f", +{number(row, 'added'):,}" if number(row, "added") else ""),
        )
        for row in shown
    ]
    return joined(
        heading(flow, "changes", "What reviewers change most"),
        beside(
            figure(
                view,
                charts.bars(bars, segments),
                title,
                f"{fields_shown(len(shown), len(changed), ' with changes', 'change most often')} "
                "Beside the bar: wrong, of judged predictions, + added.",
                f"Bars of wrong predictions and additions by field of {clipped(flow.name)}. "
                f"{title}.",
            ),
            paragraph(
                "These are numbers of all reviewed loops, sampled or not. They are the work, and "
                "no share of all predictions. A prediction is wrong if more than half of the "
                "reviewers did not uphold it. A value is added if the model predicted none: no "
                "threshold of confidence finds it."
            ),
        )
        if changed
        else paragraph("No prediction that reviewers saw was wrong, and none was added."),
        details(
            "What reviewers change most, as a table",
            table(
                f"Changes to the fields of {clipped(flow.name)}, the most changed first",
                [
                    Column("Field"),
                    Column("wrong"),
                    Column("judged"),
                    Column("added"),
                    Column("wrong, but not shown to reviewers"),
                ],
                rows,
                lambda row: [
                    name(row["field"]),
                    f"{_wrong(row):,}",
                    f"{number(row, 'judged'):,}",
                    f"{number(row, 'added'):,}",
                    f"{_not_shown(row):,}",
                ],
                limit=view.rows,
            ),
        )
        if rows
        else Markup(),
        _relabelled(flow, view),
    )


def _relabelled(flow: Flow, view: View) -> Markup:
    rows = flow.rows["relabelled"]
    if not rows:
        return Markup()
    return details(
        f"Relabelled keys: {sum(number(row, 'times') for row in rows):,}",
        table(
            f"Keys of {clipped(flow.name)} that reviewers replaced, the most frequent first",
            [
                Column("Key of the model"),
                Column("key of the reviewers", words=True),
                Column("times"),
            ],
            rows,
            lambda row: [
                name(row["predicted_name"]),
                name(row["name"]),
                f"{number(row, 'times'):,}",
            ],
            limit=view.rows,
        ),
    )


def _wrong(row: Row) -> int:
    return number(row, "judged") - number(row, "correct")


def _changes(row: Row) -> int:
    return _wrong(row) + number(row, "added")


def _not_shown(row: Row) -> int:
    return number(row, "not_shown_wrong")
