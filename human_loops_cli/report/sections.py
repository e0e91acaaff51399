"""The sections of a report about one flow definition, in the order in which a reader needs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import floor
from typing import Final

from human_loops_cli.report import calibration, charts
from human_loops_cli.report.charts import Bar, Segment, Spec, period_text
from human_loops_cli.report.figures import NOT_KNOWN, Share, counted, day_text, duration
from human_loops_cli.report.flow import Flow, Row, number
from human_loops_cli.report.markup import Column, Markup, clipped, element, joined, name, table
from human_loops_cli.report.periods import Period, Window
from human_loops_cli.thresholds.advice import Advice, NoThreshold

#: How many fields a chart shows.
FIELDS_SHOWN: Final = 12

FLATTERED: Final = "Reviewers saw the prediction, which makes them uphold it more often."

VERDICTS: Final = (
    charts.CONFIRMED,
    charts.CORRECTED,
    charts.REMOVED,
    charts.RELABELLED,
    charts.ADDED,
    charts.DISPUTED,
    charts.WITHOUT_VERDICT,
)

#: What the notes mean.
NOTES: Final = {
    "minority": "Less than half of the reviewers gave a value that the model did not predict.",
    "labelAndCount": "Only labels and their numbers are compared.",
    "mask": "A mask of pixels, which is not compared.",
    "opaque": "A value of no known form, which is not compared.",
    "mappingFailed": "An expression of the mapping failed.",
    "pathNotFound": "An answer has the element of the mapping's path, but not the rest of it.",
    "answerNotFound": "No answer has the element of the mapping's path.",
    "predictionNotFound": "The input does not have the mapping's path.",
    "tooLarge": "The value has more parts than are compared.",
}


@dataclass(frozen=True, slots=True)
class View:
    """How the sections are shown.

    Parameters
    ----------
    window
        The days of the report. None if no loop has a known day.
    rows
        How many rows a table has at most.
    draw
        Draws a chart with a description.
    target, confidence
        What the advice on thresholds keeps.
    """

    window: Window | None
    rows: int
    draw: Callable[[Spec, str], Markup]
    target: float
    confidence: float


def sections(flow: Flow, view: View) -> Markup:
    """Return all sections about a flow definition."""
    return joined(
        *(
            section(flow, view)
            for section in (
                by_day,
                verdicts,
                by_confidence,
                changed_most,
                reviewers_agreement,
                failures,
                notes,
                thresholds,
            )
        )
    )


def by_day(flow: Flow, view: View) -> Markup:
    """Volume and turnaround."""
    days = {row["day"]: row for row in flow.rows["days"] if row["day"]}
    if not days or view.window is None:
        return joined(_heading("Volume and turnaround"), _text("No loop has a known day."))
    periods = view.window.periods()
    totals = [_period_totals(period, days) for period in periods]
    return joined(
        _heading("Volume and turnaround"),
        _undated(flow),
        element(
            "div",
            _volume_figure(flow, view, periods, totals),
            _turnaround_figure(flow, view, periods),
            class_="figures",
        ),
        _details(
            f"Loops by {view.window.unit}, as a table",
            table(
                f"Loops of {clipped(flow.name)} by {view.window.unit} (UTC), latest first",
                [
                    Column(view.window.unit.capitalize()),
                    Column("Completed"),
                    Column("Failed"),
                    Column("Stopped"),
                    Column("found correct, of judged"),
                ],
                list(reversed(list(zip(periods, totals, strict=True)))),
                lambda each: [
                    period_text(each[0]),
                    *(f"{count:,}" for count in each[1].ended),
                    _share(each[1].correct),
                ],
                limit=view.rows,
            ),
        ),
        _turnaround_table(flow, view),
    )


@dataclass(frozen=True, slots=True)
class _PeriodTotals:
    ended: tuple[int, int, int]
    correct: Share


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
        Share(total("fields_correct"), total("fields_judged")),
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
    return _text(
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
    return _figure(
        view,
        spec,
        f"Loops: {title}",
        f"Ended human loops by {unit} (UTC).{shaded}",
        f"Stacked bars of ended human loops of {clipped(flow.name)} by {unit}: {title}.",
    )


def _turnaround_rows(flow: Flow) -> list[Row]:
    return [row for row in flow.rows["turnaround"] if row["day"]]


def _turnaround_figure(flow: Flow, view: View, periods: Sequence[Period]) -> Markup:
    rows = _turnaround_rows(flow)
    if not rows:
        return Markup()
    medians = [row["median_seconds"] for row in rows]
    low, high = duration(min(medians)), duration(max(medians))
    title = f"The median turnaround of a day was {low}" + (f" to {high}" if low != high else "")
    shown = (
        "Dot: median. Bar: up to the time within which nine of ten ended."
        if all(period.first == period.last for period in periods)
        else "Line: median. Dotted: the time within which nine of ten ended."
    )
    return _figure(
        view,
        charts.turnaround(periods, rows),
        title,
        f"From creation to end, Completed loops by day. {shown}",
        f"Turnaround of Completed loops of {clipped(flow.name)} by day. {title}.",
    )


def _turnaround_table(flow: Flow, view: View) -> Markup:
    rows = _turnaround_rows(flow)
    if not rows:
        return _text("No Completed loop has a known turnaround.")
    return _details(
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


def verdicts(flow: Flow, view: View) -> Markup:
    """Verdicts by field."""
    rows = sorted(
        flow.rows["field_verdicts"], key=lambda row: (-number(row, "fields"), row["field"])
    )
    if not rows:
        return joined(_heading("Verdicts"), _text("No loop has a field."))
    columns = [each.name.replace("no verdict", "without_verdict") for each in VERDICTS]
    sums = [sum(number(row, column) for row in rows) for column in columns]
    present = [place for place, total in enumerate(sums) if total]
    segments = [VERDICTS[place] for place in present]
    title = "Verdicts: " + ", ".join(f"{sums[place]:,} {VERDICTS[place].name}" for place in present)
    shown = rows[:FIELDS_SHOWN]
    bars = [
        _bar(
            row,
            [number(row, columns[place]) for place in present],
            segments,
            _correct(row).text + (" (few)" if _correct(row).few and _correct(row).of else ""),
        )
        for row in shown
    ]
    return joined(
        _heading("Verdicts by field"),
        _text(
            f"Of {counted(flow.count('fields_judged'), 'judged prediction')}, reviewers found ",
            _share(flow.correct),
            f" correct (95 % interval {flow.correct.range}). {FLATTERED}",
        ),
        element(
            "div",
            _figure(
                view,
                charts.bars(bars, segments),
                title,
                f"{_fields_shown(len(shown), len(rows), 'that occur most often')} Beside the bar: "
                "the share of judged predictions that were found correct.",
                f"Stacked bars of the verdicts on fields of {clipped(flow.name)}. {title}.",
            ),
            class_="figures",
        ),
        _details(
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
                    _share(_correct(row)),
                    _correct(row).range,
                ],
                limit=view.rows,
            ),
        ),
    )


def by_confidence(flow: Flow, view: View) -> Markup:
    """Calibration."""
    rows = flow.rows["calibration"]
    groups = [
        (title, calibration.bands([row for row in rows if row["sampled"] is sampled]))
        for title, sampled in (
            ("Sampled loops", True),
            ("Loops selected for review", False),
            ("Unknown whether sampled", None),
        )
    ]
    groups = [(title, found) for title, found in groups if found]
    outside = calibration.outside(rows)
    left_out = (
        _text(f"{counted(outside, 'prediction')} with a confidence outside 0 to 100 left out.")
        if outside
        else Markup()
    )
    if not groups:
        return joined(
            _heading("Calibration"), _text("No judged prediction has a confidence."), left_out
        )
    lowest = min(
        min(band.mean_confidence, band.correct.interval[0] * 100)
        for _, found in groups
        for band in found
    )
    panels = [
        _figure(
            view,
            charts.calibration(found, int(lowest // 10) * 10),
            f"{title}: {counted(sum(band.correct.of for band in found), 'prediction')}",
            "",
            f"{title} of {clipped(flow.name)}: the share of correct predictions by confidence, "
            f"in {counted(len(found), 'band')}.",
            panel=True,
        )
        for title, found in groups
    ]
    return joined(
        _heading("Calibration: is the model as often correct as its confidence says?"),
        _text(
            "A point on the dashed line: predictions with a confidence of 80 are found correct in "
            "80 % of cases. Below the line, the model is too confident. The bar is the 95 % "
            f"interval (Wilson). A hollow point is of few predictions. "
            f"{calibration.HOW_BANDS_ARE_MADE} {FLATTERED}",
        ),
        element(
            "p",
            "Loops that were reviewed because of their confidence say nothing about the "
            "predictions that were not reviewed. Only sampled loops stand for all predictions.",
            class_="caution",
        ),
        element("div", *panels, class_="figures"),
        left_out,
        _details(
            "Calibration, as a table",
            table(
                f"Predictions of {clipped(flow.name)} that were found correct, by confidence",
                [
                    Column("Loops"),
                    Column("confidence"),
                    Column("mean confidence"),
                    Column("found correct, of judged"),
                    Column("95 % interval"),
                ],
                [(title, band) for title, found in groups for band in found],
                lambda each: [
                    each[0],
                    charts.band_text(each[1]),
                    f"{each[1].mean_confidence:.1f}",
                    _share(each[1].correct),
                    each[1].correct.range,
                ],
                limit=view.rows,
            ),
        ),
    )


def changed_most(flow: Flow, view: View) -> Markup:
    """Fields that reviewers change most."""
    rows = sorted(
        (row for row in flow.rows["field_verdicts"] if _changes(row)),
        key=lambda row: (-_changes(row), row["field"]),
    )
    heading = _heading("What reviewers change most")
    if not rows:
        return joined(heading, _text("Reviewers changed nothing."), _relabelled(flow, view))
    segments = (charts.WRONG, charts.ADDITIONS)
    shown = rows[:FIELDS_SHOWN]
    wrong = sum(_wrong(row) for row in rows)
    added = sum(number(row, "added") for row in rows)
    title = f"{counted(wrong, 'prediction')} wrong, {counted(added, 'value')} added"
    bars = [
        _bar(
            row,
            [_wrong(row), number(row, "added")],
            segments,
            f"{_wrong(row):,} wrong, {number(row, 'added'):,} added"
            if number(row, "added")
            else f"{_wrong(row):,} of {number(row, 'judged'):,}",
        )
        for row in shown
    ]
    return joined(
        heading,
        _text(
            "A prediction is wrong if more than half of the reviewers did not uphold it. A value "
            "is added if the model predicted none: no confidence can point to it."
        ),
        element(
            "div",
            _figure(
                view,
                charts.bars(bars, segments),
                title,
                _fields_shown(len(shown), len(rows), "that are changed most often"),
                f"Bars of wrong predictions and additions by field of {clipped(flow.name)}. "
                f"{title}.",
            ),
            class_="figures",
        ),
        _details(
            "What reviewers change most, as a table",
            table(
                f"Changes to the fields of {clipped(flow.name)}, the most changed first",
                [
                    Column("Field"),
                    Column("wrong, of judged"),
                    Column("95 % interval"),
                    Column("added"),
                    Column("wrong, but not shown to reviewers"),
                ],
                rows,
                lambda row: [
                    name(row["field"]),
                    joined(f"{_wrong(row):,}: ", _share(_wrong_share(row))),
                    _wrong_share(row).range,
                    f"{number(row, 'added'):,}",
                    f"{number(row, 'not_shown_wrong'):,}",
                ],
                limit=view.rows,
            ),
        ),
        _relabelled(flow, view),
    )


def _relabelled(flow: Flow, view: View) -> Markup:
    rows = flow.rows["relabelled"]
    if not rows:
        return Markup()
    return _details(
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


def reviewers_agreement(flow: Flow, view: View) -> Markup:
    """How far reviewers agree with each other."""
    heading = _heading("Agreement among reviewers")
    several = Share(flow.count("loops_with_several_reviewers"), flow.count("loops_with_reviewers"))
    rows = sorted(
        (row for row in flow.rows["field_verdicts"] if number(row, "with_several_reviewers")),
        key=lambda row: (_agreement(row).few, _agreement(row).value, row["field"]),
    )
    answered = _text(
        f"{counted(several.part, 'loop has', 'loops have')} answers of several reviewers, of "
        f"{several.of:,} with answers."
    )
    if not rows:
        unknown = "How far reviewers agree is not known: no field has answers of several."
        return joined(heading, answered, _text(unknown))
    shown = rows[:FIELDS_SHOWN]
    bars = [
        Bar(
            row["field"],
            [_agreement(row).value],
            _agreement_text(row) + (" (few)" if _agreement(row).few else ""),
            [f"reviewers agree {_agreement_text(row)}"],
        )
        for row in shown
    ]
    lowest = f": reviewers agree in {_agreement_text(shown[0])}"
    return joined(
        heading,
        answered,
        _text(
            "The agreement of a field is the share of pairs of reviewers who gave the same. Where "
            "reviewers disagree, the question is unclear, and no model can be right for all."
        ),
        element(
            "div",
            _figure(
                view,
                charts.bars(bars, (charts.AGREED,), longest=1),
                joined(name(shown[0]["field"]), lowest),
                f"{_fields_shown(len(shown), len(rows), 'with the lowest agreement')} Fields with "
                "few answers are last.",
                f"Bars of the agreement among reviewers by field of {clipped(flow.name)}.",
            ),
            class_="figures",
        ),
        _details(
            "Agreement among reviewers, as a table",
            table(
                f"Agreement among reviewers on the fields of {clipped(flow.name)}",
                [Column("Field"), Column("mean agreement, of fields with several reviewers")],
                rows,
                lambda row: [
                    name(row["field"]),
                    joined(_agreement_text(row), _few(_agreement(row))),
                ],
                limit=view.rows,
            ),
        ),
    )


def failures(flow: Flow, view: View) -> Markup:
    """Failed loops, and outputs without a review."""
    rows = flow.rows["failures"]
    facts = [
        counted(flow.count("unreadable"), "loop has", "loops have")
        + " an output that cannot be read.",
        counted(flow.count("unanswered"), "loop has", "loops have") + " no answer.",
        counted(flow.count("prediction_unknown"), "loop has", "loops have")
        + " no known prediction to compare with.",
        counted(flow.count("fields_left_out"), "field is", "fields are")
        + " left out of outcomes that were too large.",
    ]
    return joined(
        _heading("Failures"),
        table(
            f"Failed loops of {clipped(flow.name)} by failure code",
            [
                Column("Failure code"),
                Column("loops"),
                Column("of all loops"),
                Column("first day"),
                Column("last day"),
            ],
            rows,
            lambda row: [
                name(row["failure_code"]) if row["failure_code"] else "no code",
                f"{number(row, 'loops'):,}",
                _share(Share(number(row, "loops"), flow.count("loops"))),
                day_text(row["first_day"]) if row["first_day"] else NOT_KNOWN,
                day_text(row["last_day"]) if row["last_day"] else NOT_KNOWN,
            ],
            limit=view.rows,
        )
        if rows
        else _text("No loop Failed."),
        element("ul", *(element("li", fact) for fact in facts)),
    )


def notes(flow: Flow, view: View) -> Markup:
    """Why fields have no verdict."""
    rows = flow.rows["notes"]
    if not rows:
        return Markup()
    return joined(
        _heading("Notes: fields without a verdict, or compared in part"),
        table(
            f"Notes on the fields of {clipped(flow.name)}",
            [Column("Note"), Column("fields"), Column("meaning", words=True)],
            rows,
            lambda row: [
                name(row["note"]),
                f"{number(row, 'fields'):,}",
                NOTES.get(row["note"], NOT_KNOWN),
            ],
            limit=view.rows,
        ),
    )


def thresholds(flow: Flow, view: View) -> Markup:
    """Advice on the confidence that may go without review."""
    heading = _heading("Thresholds: what confidence may go without review?")
    if not flow.advice:
        return joined(heading, _text("There is no advice for this flow definition."))
    return joined(
        heading,
        _text(
            f"With a probability of {view.confidence * 100:g} %, at least {view.target * 100:g} % "
            "of the predictions at or above a threshold are what reviewers find correct, as long "
            "as the documents and the model stay the same. Only sampled loops count. Each field "
            f"is tested on its own. {FLATTERED}"
        ),
        table(
            f"Thresholds for the fields of {clipped(flow.name)}",
            [
                Column("Field"),
                Column("threshold"),
                Column("correct at least"),
                Column("found correct at or above"),
                Column("share without review"),
                Column("samples"),
                Column("samples needed at or above"),
                Column("added in samples"),
                Column("why none", words=True),
            ],
            sorted(flow.advice, key=lambda each: (each.field is not None, each.field or "")),
            lambda each: [
                name(each.field) if each.field is not None else "all fields together",
                f"{each.threshold}" if each.threshold is not None else "none",
                _floor_percent(each.lower_bound),
                _share(Share(each.correct_above, each.samples_above)),
                _share(Share(each.samples_above, each.samples))
                if each.threshold is not None
                else NOT_KNOWN,
                f"{each.samples:,}",
                f"{each.samples_needed:,}" if each.samples_needed else NOT_KNOWN,
                f"{each.added:,}",
                _why(each),
            ],
            limit=view.rows,
        ),
        _text(
            "No threshold finds the values that the model did not predict: they are the column of "
            "additions. ",
            element("code", "human-loops thresholds"),
            " says how to sample, and writes activation conditions.",
        ),
    )


def _why(advice: Advice) -> str:
    match advice.reason:
        case NoThreshold.NOT_SAMPLED:
            return "No loop is known to be randomly sampled."
        case NoThreshold.NO_CONFIDENCE:
            return "No prediction in a sampled loop has a confidence."
        case NoThreshold.NOT_COMPARED:
            return "No prediction in a sampled loop was compared with an answer."
        case NoThreshold.TOO_FEW_SAMPLES:
            return (
                f"Too few samples: {advice.samples:,}, and the test needs "
                f"{advice.samples_needed:,} at or above a threshold."
            )
        case NoThreshold.TARGET_MISSED:
            return "The predictions with enough samples are not correct often enough."
        case None:
            return ""


def _floor_percent(share: float | None) -> str:
    return NOT_KNOWN if share is None else f"{floor(round(share * 1000, 6)) / 10:.1f}\u00a0%"


def _correct(row: Row) -> Share:
    return Share(number(row, "correct"), number(row, "judged"))


def _wrong(row: Row) -> int:
    return number(row, "judged") - number(row, "correct")


def _wrong_share(row: Row) -> Share:
    return Share(_wrong(row), number(row, "judged"))


def _changes(row: Row) -> int:
    return _wrong(row) + number(row, "added")


@dataclass(frozen=True, slots=True)
class _Mean:
    value: float
    of: int

    @property
    def few(self) -> bool:
        return Share(0, self.of).few


def _agreement(row: Row) -> _Mean:
    count = number(row, "with_several_reviewers")
    return _Mean(number(row, "reviewer_agreement_millionths") / count / 1_000_000, count)


def _agreement_text(row: Row) -> str:
    count = number(row, "with_several_reviewers")
    percent = number(row, "reviewer_agreement_millionths") * 100 // (count * 1_000_000)
    return f"{percent}\u00a0% of {count:,}"


def _share(share: Share) -> Markup:
    return joined(share.text, _few(share) if share.of else "")


def _few(share: Share | _Mean) -> Markup:
    return element("span", "few", class_="few") if share.few else Markup()


def _bar(row: Row, lengths: Sequence[int], segments: Sequence[Segment], figure: str) -> Bar:
    meanings = [
        f"{length:,} {segment.name}, of {number(row, 'fields'):,} fields"
        for length, segment in zip(lengths, segments, strict=True)
    ]
    return Bar(row["field"], lengths, figure, meanings)


def _fields_shown(shown: int, of: int, which: str) -> str:
    if shown == of:
        return f"All {counted(of, 'field')}." if of > 1 else "The only field."
    return f"The {shown} fields {which}, of {of:,}; the other {of - shown:,} are in the table."


def _heading(text: str) -> Markup:
    return element("h3", text)


def _text(*content: str) -> Markup:
    return element("p", *content)


def _details(summary: str, *content: str) -> Markup:
    return element("details", element("summary", summary), *content)


def _figure(
    view: View, spec: Spec, title: str, explanation: str, description: str, *, panel: bool = False
) -> Markup:
    return element(
        "figure",
        element("figcaption", title, element("p", explanation) if explanation else Markup()),
        view.draw(spec, description),
        class_="panel" if panel else None,
    )
