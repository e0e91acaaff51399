"""Calibration: the share of correct predictions by confidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from human_loops_cli.report import calibration, charts
from human_loops_cli.report.calibration import Band
from human_loops_cli.report.figures import FEW, counted
from human_loops_cli.report.flow import Flow, Row, number
from human_loops_cli.report.markup import Column, Markup, clipped, element, joined, name, table
from human_loops_cli.report.sections.parts import (
    View,
    details,
    figure,
    heading,
    paragraph,
    share_text,
)


def by_confidence(flow: Flow, view: View) -> Markup:
    """Calibration."""
    rows = flow.rows["calibration"]
    groups = [
        _Group(title, sampled, [row for row in rows if row["sampled"] is sampled])
        for title, sampled in (
            ("Sampled loops", True),
            ("Loops selected for review", False),
            ("Unknown whether sampled", None),
        )
    ]
    groups = [group for group in groups if calibration.bands(group.points)]
    outside = calibration.outside(rows)
    left_out = (
        paragraph(f"{counted(outside, 'prediction')} with a confidence outside 0 to 100 left out.")
        if outside
        else Markup()
    )
    if not groups:
        return joined(
            heading(flow, "calibration", "Calibration"),
            paragraph("No judged prediction has a confidence."),
            left_out,
        )
    return joined(
        heading(
            flow,
            "calibration",
            "Calibration: is the model as often correct as its confidence says?",
        ),
        paragraph(
            "A point on the dashed line: predictions with a confidence of 80 are found correct in "
            "80 % of cases. Below the line, the model is too confident. The bar is the 95 % "
            "interval (Wilson). A hollow point is of few predictions. "
            f"{calibration.HOW_BANDS_ARE_MADE} Below: how many predictions lie where.",
        ),
        *(element("div", *_panels(flow, view, group), class_="figures") for group in groups),
        left_out,
        details(
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
                [
                    (group.title, band)
                    for group in groups
                    for band in calibration.bands(group.points)
                ],
                lambda each: [
                    each[0],
                    each[1].text,
                    f"{each[1].mean_confidence:.1f}",
                    share_text(each[1].correct),
                    each[1].correct.range,
                ],
                limit=view.rows,
            ),
        ),
        _by_field(flow, view, groups[0]),
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """The predictions of loops that were selected in one way."""

    title: str
    sampled: bool | None
    points: Sequence[Row]


def _panels(flow: Flow, view: View, group: _Group) -> Iterator[Markup]:
    """Yield the chart of all confidences, and one of 90 to 100."""
    found = calibration.bands(group.points)
    counts = calibration.unmerged(group.points, calibration.POINT_EDGES)
    yield _panel(view, group.title, found, counts, flow.name)
    close = calibration.bands(group.points, calibration.CLOSE_EDGES)
    if sum(band.correct.of for band in close) >= FEW and found[0].mean_confidence < _CLOSE:
        counts = calibration.unmerged(group.points, calibration.CLOSE_EDGES)
        yield _panel(view, f"{group.title}, {_CLOSE} to 100", close, counts, flow.name, _CLOSE)


def _panel(
    view: View,
    title: str,
    found: Sequence[Band],
    counts: Sequence[Band],
    of: str,
    lowest: int | None = None,
) -> Markup:
    start = _start(found, counts) if lowest is None else lowest
    judged = counted(sum(band.correct.of for band in found), "judged prediction")
    return figure(
        view,
        charts.calibration(found, counts, start),
        title,
        judged,
        f"{title} of {clipped(of)}: the share of correct predictions by confidence, "
        f"in {counted(len(found), 'band')}, and their numbers.",
        panel=True,
    )


def _start(found: Sequence[Band], counts: Sequence[Band]) -> int:
    """Return where the confidences of a chart begin: few predictions do not set the scale."""
    judged = sum(band.correct.of for band in counts)
    lows = [band.low for band in counts if band.correct.of * _SCALE >= judged]
    return int(min(*lows, found[0].mean_confidence) // 10) * 10


def _by_field(flow: Flow, view: View, group: _Group) -> Markup:
    """Return the calibration of each field, of the loops that say most."""
    by_field: dict[str, list[Row]] = {}
    for row in flow.rows["field_calibration"]:
        if row["sampled"] is group.sampled:
            by_field.setdefault(row["field"], []).append(row)
    if len(by_field) < _SEVERAL:
        return Markup()

    def judged(entry: tuple[str, list[Row]]) -> tuple[int, str]:
        return -sum(number(row, "judged") for row in entry[1]), entry[0]

    fields = sorted(by_field.items(), key=judged)
    drawn = []
    for field, points in fields[:_DRAWN]:
        found = calibration.bands(points, calibration.FIELD_EDGES, by="band")
        counts = calibration.unmerged(points, calibration.FIELD_EDGES, by="band")
        drawn.append(
            figure(
                view,
                charts.calibration(found, counts, _start(found, counts)),
                name(field),
                counted(sum(band.correct.of for band in found), "judged prediction"),
                f"A field of {clipped(flow.name)}, {group.title.lower()}: the share of correct "
                f"predictions by confidence, in {counted(len(found), 'band')}, and their numbers.",
                panel=True,
            )
        )
    more = len(fields) - len(drawn)
    left_out = f" {counted(more, 'more field is', 'more fields are')} in the table." if more else ""
    return joined(
        element("h4", f"Calibration by field: {group.title.lower()}"),
        paragraph(f"The fields with the most judged predictions.{left_out}"),
        element("div", *drawn, class_="figures"),
        details(
            "Calibration by field, as a table",
            table(
                f"Predictions of {clipped(flow.name)} that were found correct, of judged, by "
                f"confidence: {group.title.lower()}",
                [Column("Field"), *(Column(text) for text in _BANDS)],
                fields,
                lambda entry: [name(entry[0]), *_cells(entry[1])],
                limit=view.rows,
            ),
        ),
    )


def _cells(points: Sequence[Row]) -> list[Markup]:
    found = calibration.unmerged(points, calibration.FIELD_EDGES, by="band")
    shares = {band.low: share_text(band.correct) for band in found}
    return [shares.get(low, Markup("")) for low in calibration.FIELD_EDGES[:-1]]


_BANDS: Final = tuple(
    f"{low} to {'' if high == calibration.FIELD_EDGES[-1] else 'below '}{high}"
    for low, high in pairwise(calibration.FIELD_EDGES)
)

#: Where the closer look begins, how many fields have a chart, and how many make it worth one.
_CLOSE: Final = calibration.CLOSE_EDGES[0]
_DRAWN: Final = 6
_SEVERAL: Final = 2

#: A band with less than this part of the predictions does not set the scale.
_SCALE: Final = 50
