"""Volume and turnaround, by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from human_loops_cli.report import charts
from human_loops_cli.report.figures import NOT_KNOWN, counted, day_text, duration
from human_loops_cli.report.flow import Correct, Flow, Row, correct_of, number
from human_loops_cli.report.markup import Column, Markup, clipped, element, joined, table
from human_loops_cli.report.periods import Period
from human_loops_cli.report.sections.parts import (
    CorrectColumns,
    View,
    details,
    figure,
    heading,
    paragraph,
)


def by_day(flow: Flow, view: View) -> Markup:
    """Volume and turnaround."""
    days = {row["day"]: row for row in flow.rows["days"] if row["day"]}
    if not days or view.window is None:
        return joined(
            heading(flow, "volume", "Volume and turnaround"), paragraph("No loop has a known day.")
        )
    periods = view.window.periods()
    totals = [_period_totals(period, days) for period in periods]
    found = CorrectColumns(bool(flow.correct.unknown.of))
    return joined(
        heading(flow, "volume", "Volume and turnaround"),
        _undated(flow),
        element(
            "div",
            _volume_figure(flow, view, periods, totals),
            _turnaround_figure(flow, view, periods),
            class_="figures",
        ),
        details(
            f"Loops by {view.window.unit}, as a table",
            table(
                f"Loops of {clipped(flow.name)} by {view.window.unit} (UTC), latest first",
                [
                    Column(view.window.unit.capitalize()),
                    Column("Completed"),
                    Column("Failed"),
                    Column("Stopped"),
                    *found.columns,
                ],
                list(reversed(list(zip(periods, totals, strict=True)))),
                lambda each: [
                    each[0].text,
                    *_ended(flow, each[1].ended),
                    *found.cells(each[1].correct),
                ],
                limit=view.rows,
            ),
        ),
        _turnaround_table(flow, view),
    )


@dataclass(frozen=True, slots=True)
class _PeriodTotals:
    ended: tuple[int, int, int]
    correct: Correct


def _period_totals(period: Period, days: dict[date, Row]) -> _PeriodTotals:
    rows = [
        days[day]
        for each in range(period.first.toordinal(), period.last.toordinal() + 1)
        if (day := date.fromordinal(each)) in days
    ]

    def total(column: str) -> int:
        return sum(number(row, column) for row in rows)

    return _PeriodTotals(
        (total("completed"), total("failed"), total("stopped")),
        correct_of(rows, "fields_judged", "fields_correct"),
    )


def _undated(flow: Flow) -> Markup:
    count = sum(
        number(row, column)
        for row in flow.rows["days"]
        if row["day"] is None
        for column in ("completed", "failed", "stopped")
    )
    if not count:
        return Markup()
    return paragraph(
        f"{counted(count, 'loop')} of unknown time {'is' if count == 1 else 'are'} left out here."
    )


def _volume_figure(
    flow: Flow, view: View, periods: Sequence[Period], totals: Sequence[_PeriodTotals]
) -> Markup:
    ended = [sum(each.ended[place] for each in totals) for place in range(3)]
    kinds = (charts.COMPLETED, charts.FAILED, charts.STOPPED)
    present = [place for place in range(3) if ended[place]]
    title = ", ".join(f"{ended[place]:,} {kinds[place].name}" for place in present)
    unit = view.window.unit if view.window else "day"
    shaded = f" Shaded: only a part of the {unit}." if any(p.partial for p in periods) else ""
    spec = charts.volume(
        periods,
        [kinds[place] for place in present],
        [[each.ended[place] for place in present] for each in totals],
    )
    return figure(
        view,
        spec,
        f"Loops: {title}",
        f"Ended human loops by {unit} (UTC).{shaded}",
        f"Stacked bars of ended human loops of {clipped(flow.name)} by {unit}: {title}.",
    )


def _ended(flow: Flow, counts: Sequence[int]) -> list[str]:
    """Return how many loops Completed, Failed and Stopped. Outputs alone show the first only."""
    completed, *others = counts
    return [f"{completed:,}", *(f"{each:,}" if flow.with_event else NOT_KNOWN for each in others)]


def _turnaround_rows(flow: Flow) -> list[Row]:
    return [row for row in flow.rows["turnaround"] if row["day"]]


def _turnaround_figure(flow: Flow, view: View, periods: Sequence[Period]) -> Markup:
    rows = _turnaround_rows(flow)
    if not rows:
        return Markup()
    (overall,) = flow.rows["all_turnarounds"]
    median, p90 = duration(overall["median_seconds"]), duration(overall["p90_seconds"])
    title = f"Turnaround: median {median}, nine of ten within {p90}"
    shown = (
        "Dot: median. Bar: up to nine of ten."
        if all(period.first == period.last for period in periods)
        else "Line: median. Band: up to nine of ten."
    )
    return figure(
        view,
        charts.turnaround(periods, rows),
        title,
        f"Of all {number(overall, 'loops'):,} Completed loops; the chart is by day. {shown}"
        + _cut(rows),
        f"Turnaround of Completed loops of {clipped(flow.name)} by day. {title}.",
    )


def _cut(rows: Sequence[Row]) -> str:
    """Say which days may reach beyond the chart."""
    few = [row for row in rows if number(row, "loops") < charts.FEW_LOOPS]
    if not few or len(few) == len(rows):
        return ""
    return f" Days with fewer than {charts.FEW_LOOPS} loops do not set the scale."


def _turnaround_table(flow: Flow, view: View) -> Markup:
    rows = _turnaround_rows(flow)
    if not rows:
        return paragraph("No Completed loop has a known turnaround.")
    return details(
        "Turnaround by day, as a table",
        table(
            f"Turnaround of Completed loops of {clipped(flow.name)} by day (UTC), latest first",
            [
                Column("Day"),
                Column("Completed loops"),
                Column("median"),
                Column("nine of ten within"),
                Column("longest"),
            ],
            list(reversed(rows)),
            lambda row: [
                day_text(row["day"]),
                f"{number(row, 'loops'):,}",
                duration(row["median_seconds"]),
                duration(row["p90_seconds"]),
                duration(row["max_seconds"]),
            ],
            limit=view.rows,
        ),
    )
