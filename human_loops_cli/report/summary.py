"""The head of a report: what was read, and the figures of all flow definitions together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from human_loops_cli.outcome_data.ledger_comparison import LedgerComparison
from human_loops_cli.outcome_data.rejects import Rejects
from human_loops_cli.report.data import ReportData
from human_loops_cli.report.figures import NOT_KNOWN, Share, counted, day_text, duration
from human_loops_cli.report.flow import Flow, correct_of
from human_loops_cli.report.markup import Column, Markup, element, escaped, joined, name, table
from human_loops_cli.report.periods import Window
from human_loops_cli.report.sections.parts import CorrectColumns

#: How many sources are named, and how many rejects at most, before what the report is about.
_SOURCES: Final = 5
_REJECTS: Final = 20


def summary(data: ReportData, flows: Sequence[Flow], window: Window | None, rows: int) -> Markup:
    """Return the head of a report.

    Parameters
    ----------
    data
        The report.
    flows
        Its flow definitions.
    window
        Its days. None if no loop has a known day.
    rows
        How many rows a table has at most.
    """
    return joined(
        element("h1", "Human loop reviews"),
        element("p", "Read from ", _sources(data), ". ", _limits(data), class_="sources"),
        element("p", _lead(flows, window), class_="lead"),
        _key_figures(flows) if flows else Markup(),
        element("h2", "What was read"),
        element("ul", *(element("li", fact) for fact in _facts(data, flows, window))),
        _rejects(data.rejects, rows),
        _contradictions(data.comparison),
    )


def flow_table(flows: Sequence[Flow], detailed: int, rows: int) -> Markup:
    """Return the table of flow definitions, and which of them have sections.

    Parameters
    ----------
    flows
        All flow definitions.
    detailed
        How many of them have sections.
    rows
        How many rows the table has at most.
    """
    without = len(flows) - detailed
    found = CorrectColumns(any(flow.correct.unknown.of for flow in flows))
    return joined(
        element("h2", "Flow definitions"),
        table(
            "Flow definitions, those with the most loops first",
            [
                Column("Flow definition"),
                Column("task type", words=True),
                Column("loops"),
                Column("Completed"),
                Column("Failed"),
                Column("Stopped"),
                *found.columns,
                Column("median turnaround"),
                Column("nine of ten within"),
            ],
            flows,
            lambda flow: [
                name(flow.name),
                flow.totals["task_type"] or NOT_KNOWN,
                *(f"{flow.count(column):,}" for column in ("loops", "completed")),
                *(
                    f"{flow.count(column):,}" if flow.with_event else NOT_KNOWN
                    for column in ("failed", "stopped")
                ),
                *found.cells(flow.correct),
                *(duration(_turnaround(flow, each)) for each in ("median", "p90")),
            ],
            limit=rows,
        ),
        element(
            "p",
            counted(
                without,
                "flow definition has no section",
                "flow definitions have no section",
            ),
            " here, to keep this page small. To get one, use ",
            element("code", "--flow"),
            ".",
            class_="left-out",
        )
        if without
        else Markup(),
    )


def _sources(data: ReportData) -> Markup:
    named = [name(each) for each in data.sources[:_SOURCES]]
    more = len(data.sources) - _SOURCES
    texts: list[str] = [named[0]] if named else ["no source"]
    for each in named[1:]:
        texts += [", ", each]
    return joined(*texts, f" and {counted(more, 'more source')}" if more > 0 else "")


def _limits(data: ReportData) -> Markup:
    parts: list[str] = []
    if data.flow:
        parts += ["Only the flow definition ", name(data.flow), ". "]
    if data.since:
        parts += [f"Since {_moment(data.since)}. "]
    if data.until:
        parts += [f"Until {_moment(data.until)}."]
    return joined(*parts)


def _moment(time: datetime) -> str:
    utc = time.astimezone(UTC)
    return f"{day_text(utc.date())} {utc:%H:%M} UTC"


def _lead(flows: Sequence[Flow], window: Window | None) -> Markup:
    loops = _total(flows, "loops")
    if not loops:
        return escaped("There is no human loop to report on.")
    ended = [
        f"{_total(flows, status.lower()):,} {status}"
        for status in ("Completed", "Failed", "Stopped")
        if _total(flows, status.lower())
    ]
    days = "at an unknown time"
    if window and window.first == window.last:
        days = f"on {day_text(window.first)} (UTC)"
    elif window:
        days = f"from {day_text(window.first)} to {day_text(window.last)} (UTC)"
    return escaped(
        f"{counted(loops, 'human loop')} of {counted(len(flows), 'flow definition')} ended "
        f"{days}: {', '.join(ended)}.{_history(flows)}"
    )


def _history(flows: Sequence[Flow]) -> str:
    """Return what is not known of loops without an event, as a sentence. Empty without any."""
    count = sum(flow.from_outputs for flow in flows)
    if not count:
        return ""
    return (
        f" {counted(count, 'loop is', 'loops are')} known from the output alone: that counts as "
        "Completed, ends with the last answer and has no turnaround. Loops that Failed have no "
        "output, so how many did is not known."
    )


def _key_figures(flows: Sequence[Flow]) -> Markup:
    worked = _total(flows, "loops_with_seconds_worked")
    seconds = _total(flows, "seconds_worked")
    figures = [
        *_correct_figures(flows),
        *_absent_figure(flows),
        *_turnaround_figure(flows),
        _failed_figure(flows),
        (
            "reviewers' time for a loop",
            duration(seconds / worked) if worked else NOT_KNOWN,
            f"mean of {counted(worked, 'loop')} with known times; {_hours(seconds)} in all"
            if worked
            else "no loop has known times",
        ),
    ]
    return element(
        "dl",
        *(
            element("div", element("dt", label), element("dd", figure), element("dd", detail))
            for label, figure, detail in figures
        ),
        class_="key-figures",
    )


def _failed_figure(flows: Sequence[Flow]) -> tuple[str, str, str]:
    """Return the share of Failed loops, of those with an event."""
    failed = Share(_total(flows, "failed"), sum(flow.with_event for flow in flows))
    if not failed.of:
        return "failed", NOT_KNOWN, "loops that Failed have no output"
    known = " with an event" if any(flow.from_outputs for flow in flows) else ""
    return "failed", f"{failed.part:,}", f"{failed.percent} of {counted(failed.of, 'loop')}{known}"


def _correct_figures(flows: Sequence[Flow]) -> list[tuple[str, str, str]]:
    """Return the share of sampled loops first, which alone stands for all predictions."""
    correct = correct_of((flow.totals for flow in flows), "fields_judged", "fields_correct")
    sampled = correct.sampled
    judged = counted(sampled.of, "judged prediction")
    figures = [
        (
            "found correct in sampled loops",
            sampled.percent,
            f"of {judged}; 95 % interval {sampled.range}"
            + ("; all flow definitions together" if _with_sampled(flows) > 1 else "")
            if sampled.of
            else "no prediction of a randomly sampled loop was judged: what share of all "
            "predictions is correct cannot be said",
        )
    ]
    if correct.selected.of:
        figures.append(
            (
                "found correct in loops selected for review",
                correct.selected.percent,
                f"of {counted(correct.selected.of, 'judged prediction')}; says nothing about "
                "predictions that were not selected",
            )
        )
    if correct.unknown.of:
        figures.append(
            (
                "found correct where it is unknown whether loops are sampled",
                correct.unknown.percent,
                f"of {counted(correct.unknown.of, 'judged prediction')}; may stand for anything",
            )
        )
    return figures


def _absent_figure(flows: Sequence[Flow]) -> list[tuple[str, str, str]]:
    """Return how many fields lack an answer's input, which can hide wrong predictions."""
    absent = _total(flows, "fields_absent")
    if not absent:
        return []
    return [
        (
            "fields with an absent input",
            f"{absent:,}",
            "the share of correct predictions is unreliable: answers lack an input, which is a "
            "cleared prediction or one that was left as it is. State it in the mapping: absent is "
            "blank or upheld",
        )
    ]


def _with_sampled(flows: Sequence[Flow]) -> int:
    return sum(flow.correct.sampled.of > 0 for flow in flows)


def _turnaround_figure(flows: Sequence[Flow]) -> list[tuple[str, str, str]]:
    """Return the figure of turnaround: of one flow definition. Medians cannot be added up."""
    if len(flows) != 1:
        return []
    median, p90 = (_turnaround(flows[0], each) for each in ("median", "p90"))
    if median is None:
        return [("median turnaround", NOT_KNOWN, "no Completed loop has a known turnaround")]
    return [("median turnaround", duration(median), f"nine of ten within {duration(p90)}")]


def _turnaround(flow: Flow, which: str) -> float | None:
    rows = flow.rows["all_turnarounds"]
    return rows[0][f"{which}_seconds"] if rows else None


def _facts(data: ReportData, flows: Sequence[Flow], window: Window | None) -> list[str]:
    rejected = sum(each.count for each in data.rejects)
    facts = [
        f"{counted(data.duplicates, 'duplicate')} of an outcome dropped.",
        f"{counted(data.replaced, 'outcome')} replaced by another one of the same loop.",
        f"{counted(data.verifications, 'outcome')} of verifications left out.",
        f"{counted(rejected, 'outcome')} rejected." if rejected else "Nothing rejected.",
    ]
    sampled, loops = _total(flows, "sampled"), _total(flows, "loops")
    facts.append(f"{sampled:,} of {counted(loops, 'loop')} randomly sampled.")
    if data.outcomes is not None:
        facts.insert(0, f"{counted(data.outcomes, 'outcome')} read.")
    else:
        facts = ["How many outcomes were read and dropped is not known: only sums were read."]
        facts.append(f"{sampled:,} of {counted(loops, 'loop')} randomly sampled.")
    if data.compared_with_ledger is not None:
        facts.append(data.compared_with_ledger)
    without_end = _total(flows, "without_end")
    if without_end:
        facts.append(
            f"{counted(without_end, 'loop has', 'loops have')} no known end: the event was lost, "
            "or an output without an answer was read without it. Such a loop counts for the day of "
            "its creation, if that is known, and has no turnaround."
        )
    if window:
        facts.append(_partial_days(window))
    return facts


def _partial_days(window: Window) -> str:
    partial = [
        day_text(day)
        for day, cut in (
            (window.first, window.first_partial),
            (window.last, window.last_partial),
        )
        if cut
    ]
    if not partial:
        return "The first and the last day are complete."
    return (
        f"{' and '.join(dict.fromkeys(partial))} may be partial: the loops are not limited by a "
        "midnight (UTC) there."
    )


def _contradictions(comparison: LedgerComparison | None) -> Markup:
    if comparison is None or not comparison.problems:
        return Markup()
    return element(
        "details",
        element("summary", f"Contradicts the ledger: {comparison.contradicted:,}"),
        table(
            "Loops that the ledger has otherwise, or not",
            [Column("Human loop", words=True), Column("problem", words=True)],
            comparison.problems,
            lambda each: [name(each.human_loop_arn), name(each.problem)],
            limit=len(comparison.problems),
        ),
        open=True,
    )


def _rejects(rejects: Sequence[Rejects], rows: int) -> Markup:
    if not rejects:
        return Markup()
    return element(
        "details",
        element("summary", f"Rejected: {sum(each.count for each in rejects):,}"),
        table(
            "What could not be used",
            [
                Column("Place"),
                Column("problem", words=True),
                Column("first lines", words=True),
                Column("outcomes"),
            ],
            rejects,
            lambda each: [
                name(each.place),
                name(each.problem),
                ", ".join(f"{line:,}" for line in each.lines) or "the whole file",
                f"{each.count:,}",
            ],
            limit=min(rows, _REJECTS),
        ),
        open=True,
    )


def _total(flows: Sequence[Flow], column: str) -> int:
    return sum(flow.count(column) for flow in flows)


def _hours(seconds: float) -> str:
    """Return working time, whose days have no 24 hours."""
    return duration(seconds) if seconds < 3600 else f"{seconds / 3600:,.0f}\u00a0h"
