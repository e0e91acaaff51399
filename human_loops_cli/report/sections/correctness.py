"""The share of correct predictions over time."""

from __future__ import annotations

from datetime import date
from statistics import median
from typing import Final

from human_loops_cli.report import charts
from human_loops_cli.report.figures import FEW, counted
from human_loops_cli.report.flow import Correct, Flow, Row, correct_of
from human_loops_cli.report.markup import Column, Markup, clipped, element, joined, table
from human_loops_cli.report.periods import UNITS, Period, Window
from human_loops_cli.report.sections.parts import (
    CorrectColumns,
    View,
    details,
    figure,
    heading,
    paragraph,
)
from human_loops_cli.report.sections.verdicts import LOOPS

#: A chart of so few periods shows no course.
_LEAST: Final = 2


def over_time(flow: Flow, view: View) -> Markup:
    """Found correct over time, by how the loops were selected."""
    head = heading(flow, "correctness", "Found correct over time")
    days = {row["day"]: row for row in flow.rows["days"] if row["day"]}
    kinds = [kind for kind, _ in flow.correct.kinds]
    if not kinds or not days or view.window is None:
        return joined(head, paragraph("No prediction with a known day was judged."))
    panels: list[Markup] = []
    tables: list[Markup] = []
    for kind in kinds:
        unit, periods = _periods(view.window, days, kind)
        judged = [(period, correct) for period, correct in periods if dict(correct.kinds).get(kind)]
        if len(judged) < _LEAST:
            continue
        shares = [(period, dict(correct.kinds)[kind]) for period, correct in judged]
        title = LOOPS[kind][:1].upper() + LOOPS[kind][1:]
        panels.append(
            figure(
                view,
                charts.correctness([period for period, _ in periods], shares),
                title,
                f"Found correct by {unit}, with the 95 % interval. A hollow point is of fewer than "
                f"{FEW} predictions.",
                f"Points of the share of judged predictions of {LOOPS[kind]} of "
                f"{clipped(flow.name)} that were found correct, by {unit}: "
                f"{counted(len(shares), unit)}.",
            )
        )
        if not tables:
            tables.append(_table(flow, view, unit, periods))
    if not panels:
        return joined(head, paragraph("All judged predictions are of one period."))
    return joined(head, element("div", *panels, class_="figures"), *tables)


def _periods(
    window: Window, days: dict[date, Row], kind: str
) -> tuple[str, list[tuple[Period, Correct]]]:
    """Return the shortest periods of which most have enough predictions to say something."""
    found: list[tuple[Period, Correct]] = []
    for unit in UNITS[UNITS.index(window.unit) :]:
        found = [(period, _correct(period, days)) for period in window.periods(unit)]
        counts = [dict(each.kinds)[kind].of for _, each in found if kind in dict(each.kinds)]
        if len(counts) <= _LEAST or median(counts) >= FEW:
            return unit, found
    return UNITS[-1], found


def _correct(period: Period, days: dict[date, Row]) -> Correct:
    numbers = range(period.first.toordinal(), period.last.toordinal() + 1)
    rows = [days[day] for each in numbers if (day := date.fromordinal(each)) in days]
    return correct_of(rows, "fields_judged", "fields_correct")


def _table(flow: Flow, view: View, unit: str, periods: list[tuple[Period, Correct]]) -> Markup:
    found = CorrectColumns(bool(flow.correct.unknown.of))
    return details(
        f"Found correct by {unit}, as a table",
        table(
            f"Predictions of {clipped(flow.name)} that were found correct, latest first",
            [Column(unit.capitalize()), *found.columns],
            periods[::-1],
            lambda each: [each[0].text, *found.cells(each[1])],
            limit=view.rows,
        ),
    )
