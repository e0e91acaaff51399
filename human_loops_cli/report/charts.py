"""The charts, as specifications of Vega-Lite 6.

Colours are variables of the style sheet, so that charts follow its light and dark modes. Names of
fields are values of the data only, never part of a specification.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor
from typing import Any, Final

from human_loops_cli.report.calibration import Band
from human_loops_cli.report.figures import Share, day_text, duration
from human_loops_cli.report.markup import clipped, visible
from human_loops_cli.report.periods import Period

Spec = dict[str, Any]

#: The widths of a chart, and of one of several beside each other, in pixels.
_WIDTH: Final = 430
_PANEL: Final = 300

#: How wide a day is at most: few days do not fill the chart.
_WIDEST_DAY: Final = 60

#: The height of a chart by day, and the room for names and figures beside bars.
_DAYS_HEIGHT: Final = 150
_LABELS: Final = 122
_FIGURES: Final = 110

#: A day with fewer loops does not set the scale of a chart.
FEW_LOOPS: Final = 10

#: How many characters of a name a tooltip has.
_TOOLTIP: Final = 80

#: Units of time, the longest first, in seconds. Times in charts are in milliseconds.
_UNITS: Final = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))
_HALF_DAY: Final = 43_200_000.0

#: The marks of turnaround: for days apart from each other, and for more of them than have room.
_DAY_MARKS: Final = (
    {"type": "rule", "color": "var(--range)", "strokeWidth": 3, "aria": False},
    {"type": "circle", "color": "var(--upheld)", "size": 34, "opacity": 1},
)
_LINE: Final = {"strokeWidth": 1.5, "aria": False, "invalid": "break-paths-filter-domains"}
_LINES: Final = (
    {
        **_LINE,
        "type": "area",
        "fill": "var(--range)",
        "fillOpacity": 1,
        "stroke": "var(--range)",
    },
    {**_LINE, "type": "line", "stroke": "var(--upheld)", "strokeCap": "round"},
)

_INK, _QUIET, _GRID = "var(--ink)", "var(--quiet)", "var(--grid)"
_CONFIG: Final[dict[str, Any]] = {
    "font": "Helvetica, Arial, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": _QUIET,
        "titleColor": _QUIET,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": _GRID,
        "aria": False,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
    },
    "legend": {
        "aria": False,
        "labelColor": _INK,
        "labelFontSize": 12,
        "symbolSize": 150,
        "symbolType": "square",
        "orient": "top",
        "direction": "horizontal",
        "title": None,
        "columnPadding": 14,
        "rowPadding": 4,
        "offset": 8,
        "columns": 4,
    },
}


@dataclass(frozen=True, slots=True)
class Segment:
    """A kind of thing that a bar shows.

    Parameters
    ----------
    name
        The word in the legend.
    fill
        Its colour or pattern, as the style sheet names it.
    """

    name: str
    fill: str


COMPLETED: Final = Segment("Completed", "var(--upheld)")
FAILED: Final = Segment("Failed", "url(#rising)")
STOPPED: Final = Segment("Stopped", "var(--open)")

CONFIRMED: Final = Segment("confirmed", "var(--upheld)")
CORRECTED: Final = Segment("corrected", "var(--changed)")
REMOVED: Final = Segment("removed", "url(#rising)")
REJECTED: Final = Segment("rejected", "url(#checks)")
RELABELLED: Final = Segment("relabelled", "url(#grating)")
ADDED: Final = Segment("added", "url(#falling)")
DISPUTED: Final = Segment("disputed", "var(--open)")
WITHOUT_VERDICT: Final = Segment("no verdict", "url(#dots)")

WRONG: Final = Segment("wrong predictions", "var(--changed)")
ADDITIONS: Final = Segment("added", "url(#falling)")
AGREED: Final = Segment("agreement", "var(--upheld)")


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a field.

    Parameters
    ----------
    name
        The field.
    lengths
        The length of each segment.
    figure
        What is written beside the bar.
    meanings
        What the tooltip of each segment says after the field's name.
    """

    name: str
    lengths: Sequence[float]
    figure: str
    meanings: Sequence[str]


def volume(
    periods: Sequence[Period], segments: Sequence[Segment], counts: Sequence[Sequence[int]]
) -> Spec:
    """Return the chart of loops by period: stacked bars.

    Parameters
    ----------
    periods
        The periods.
    segments
        How loops ended.
    counts
        For each period, how many loops ended in each of these ways.
    """
    values = []
    for period, row in zip(periods, counts, strict=True):
        below = 0.0
        for segment, count in zip(segments, row, strict=True):
            text = f"{period.text}: {count:,} {segment.name}"
            if count:
                values.append(
                    {
                        **_span(period),
                        "from": below,
                        "to": below + count,
                        "kind": segment.name,
                        "text": text,
                    }
                )
            below += float(count)
    loops: Spec = {
        "mark": {"type": "rect", "x2Offset": -1 if len(periods) > 20 else -2},
        "encoding": {
            "y": {
                "field": "from",
                "type": "quantitative",
                "title": "loops",
                "axis": {"format": "~s", "tickMinStep": 1, "tickCount": 4},
            },
            "y2": {"field": "to"},
            "color": _colours(segments),
            "description": {"field": "text"},
        },
    }
    return _by_day(periods, values, [loops])


def turnaround(periods: Sequence[Period], rows: Sequence[Mapping[str, Any]]) -> Spec:
    """Return the chart of turnaround by day: the median, up to nine tenths of the loops.

    Parameters
    ----------
    periods
        The periods of the chart of loops, which has the same days.
    rows
        Rows of the query `turnaround`, by day.
    """
    longest = max(
        row["p90_seconds"] for row in ([row for row in rows if row["loops"] >= FEW_LOOPS] or rows)
    )
    unit, seconds = next((each for each in _UNITS if longest >= 2 * each[1]), _UNITS[-1])
    values: list[Spec] = []
    after: date | None = None
    for row in rows:
        day: date = row["day"]
        if after and day > after:
            values.append({"middle": _milliseconds(after), "median": None, "p90": None})
        values.append(
            {
                "middle": _milliseconds(day) + _HALF_DAY,
                "median": row["median_seconds"] / seconds,
                "p90": row["p90_seconds"] / seconds,
                "text": f"{day_text(day)}: median {duration(row['median_seconds'])}, nine of ten "
                f"within {duration(row['p90_seconds'])}, {int(row['loops']):,} Completed",
            }
        )
        after = day + timedelta(days=1) if day < date.max else day
    axis = {
        "type": "quantitative",
        "title": unit,
        "axis": {"tickCount": 4, "format": "~s"},
        "scale": {"domain": [0, longest / seconds or 1], "nice": True},
    }
    marks = _DAY_MARKS if all(each.first == each.last for each in periods) else _LINES
    x = {"field": "middle", "type": "temporal"}
    median = {"x": x, "y": {"field": "median", **axis}}
    return _by_day(
        periods,
        values,
        [
            {"mark": {**marks[0], "clip": True}, "encoding": {**median, "y2": {"field": "p90"}}},
            {
                "mark": {**marks[1], "clip": True},
                "encoding": {**median, "description": {"field": "text"}},
            },
        ],
    )


def bars(rows: Sequence[Bar], segments: Sequence[Segment], *, longest: float = 0) -> Spec:
    """Return a chart of horizontal bars: a bar for each field, with a figure beside it.

    Parameters
    ----------
    rows
        The bars, the first on top.
    segments
        What the bars are made of.
    longest
        The length of the axis. The longest bar by default.
    """
    values: list[Spec] = []
    for place, row in enumerate(rows):
        start = 0.0
        for segment, length, meaning in zip(segments, row.lengths, row.meanings, strict=True):
            if length or len(segments) == 1:
                text = f"{visible(clipped(row.name, _TOOLTIP))}: {meaning}"
                values.append(
                    {
                        "place": place,
                        "start": start,
                        "end": start + length,
                        "kind": segment.name,
                        "text": text,
                    }
                )
            start += float(length)
    names = [
        {"place": place, "name": _label(row.name), "figure": row.figure}
        for place, row in enumerate(rows)
    ]
    y = {"field": "place", "type": "ordinal", "axis": None, "scale": {"paddingInner": 0.3}}
    length = longest or max(sum(row.lengths) for row in rows)
    width = _WIDTH - _LABELS - _FIGURES - 20
    top = 12 + 19 * ceil(len(segments) / _CONFIG["legend"]["columns"])
    legend: Spec | None = {"orient": "none", "legendX": -_LABELS, "legendY": 4 - top}
    if len(segments) == 1:
        top, legend = 2, None
    words: Spec = {"type": "text", "fontSize": 12, "color": _INK, "aria": False, "align": "left"}
    layers: list[Spec] = [
        {
            "data": {"values": values},
            "mark": {"type": "bar", "stroke": "var(--paper)", "strokeWidth": 1},
            "encoding": {
                "y": y,
                "x": {
                    "field": "start",
                    "type": "quantitative",
                    "axis": None,
                    "scale": {"domain": [0, float(length) or 1.0], "nice": False},
                },
                "x2": {"field": "end"},
                "color": {**_colours(segments), "legend": legend},
                "description": {"field": "text"},
            },
        },
        {
            "data": {"values": names},
            "mark": words,
            "encoding": {"y": y, "x": {"value": -_LABELS}, "text": {"field": "name"}},
        },
        {
            "data": {"values": names},
            "mark": {**words, "color": _QUIET},
            "encoding": {"y": y, "x": {"value": width + 8}, "text": {"field": "figure"}},
        },
    ]
    return _spec(width=width, height={"step": 24}, layers=layers) | {
        "padding": {"left": _LABELS + 2, "right": _FIGURES + 10, "top": top, "bottom": 2},
        "autosize": {"type": "none"},
    }


def correctness(periods: Sequence[Period], shares: Sequence[tuple[Period, Share]]) -> Spec:
    """Return the chart of the share of correct predictions over time, with intervals.

    Parameters
    ----------
    periods
        All periods.
    shares
        The share of each period that has one.
    """
    # Intervals of few predictions reach far down, and would press all others together.
    many = [share for _, share in shares if not share.few] or [share for _, share in shares]
    lowest = floor(min(share.interval[0] for share in many) * 20) * 5
    values = [
        {
            "middle": (_span(period)["start"] + _span(period)["end"]) / 2,
            "correct": share.value * 100,
            "low": share.interval[0] * 100,
            "high": share.interval[1] * 100,
            "few": share.few,
            "text": f"{period.text}: {share.text} correct, 95 % interval {share.range}",
        }
        for period, share in shares
    ]
    axis = {
        "type": "quantitative",
        "title": "found correct, %",
        "scale": {"domain": [min(lowest, 95), 100], "nice": False},
        "axis": {"tickCount": 5},
    }
    x = {"field": "middle", "type": "temporal"}
    return _by_day(
        periods,
        values,
        [
            {
                "mark": {**_INTERVAL, "strokeWidth": 3},
                "encoding": {"x": x, "y": {**axis, "field": "low"}, "y2": {"field": "high"}},
            },
            {
                "mark": {**_POINT, "size": 34, "clip": True},
                "encoding": {
                    "x": x,
                    "y": {**axis, "field": "correct"},
                    **_FILLED,
                    "description": {"field": "text"},
                },
            },
        ],
    )


_INTERVAL: Final = {
    "type": "rule",
    "color": "var(--range)",
    "strokeWidth": 5,
    "clip": True,
    "aria": False,
}
_POINT: Final = {"type": "point", "filled": True, "size": 60, "opacity": 1, "strokeWidth": 2}
_FILLED: Final = {
    "fill": {
        "condition": {"test": "datum.few", "value": "var(--paper)"},
        "value": "var(--upheld)",
    },
    "stroke": {"value": "var(--upheld)"},
}


def calibration(found: Sequence[Band], counted: Sequence[Band], lowest: int) -> Spec:
    """Return the chart of the share of correct predictions by confidence, above their numbers.

    Parameters
    ----------
    found
        The bands with a share.
    counted
        The bands with a number: how many predictions lie where.
    lowest
        Where the confidences begin, in points.
    """
    values = [
        {
            "confidence": band.mean_confidence,
            "correct": band.correct.value * 100,
            "low": band.correct.interval[0] * 100,
            "high": band.correct.interval[1] * 100,
            "few": band.correct.few,
            "text": f"Confidence {band.text}: {band.correct.text} correct, "
            f"95 % interval {band.correct.range}" + (", few" if band.correct.few else ""),
        }
        for band in found
    ]
    numbers = [
        {
            "low": max(band.low, lowest),
            "high": band.high,
            "count": float(band.correct.of),
            "text": f"Confidence {band.text}: {band.correct.of:,} judged",
        }
        for band in counted
        if band.high > lowest
    ]
    lows = [band.correct.interval[0] for band in found if not band.correct.few]
    least = min([lowest, *(floor(each * 20) * 5 for each in lows)])
    width = _PANEL - 64

    def axis(field: str, title: str | None, start: int) -> Spec:
        return {
            "field": field,
            "type": "quantitative",
            "title": title,
            "scale": {"domain": [start, 100], "nice": False},
            "axis": {"tickCount": 5, "labelFlush": False},
        }

    x = axis("confidence", None, lowest)
    y = axis("correct", "found correct, %", least)
    ideal = {"values": [{"confidence": each, "correct": each} for each in (lowest, 100)]}
    shares: list[Spec] = [
        {
            "data": ideal,
            "mark": {"type": "line", "color": _QUIET, "strokeDash": [4, 4], "aria": False},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": {"values": values},
            "mark": _INTERVAL,
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {
            "data": {"values": values},
            "mark": _POINT,
            "encoding": {"x": x, "y": y, **_FILLED, "description": {"field": "text"}},
        },
    ]
    bars: Spec = {
        "data": {"values": numbers},
        "mark": {"type": "rect", "color": "var(--range)", "x2Offset": -1},
        "encoding": {
            "x": {**axis("low", "confidence", lowest)},
            "x2": {"field": "high"},
            "y": {
                "field": "count",
                "type": "quantitative",
                "title": "judged",
                "axis": {"format": "~s", "tickMinStep": 1, "tickCount": 2},
            },
            "y2": {"datum": 0},
            "description": {"field": "text"},
        },
    }
    spec = _spec(width=width, height=_PANEL - 120, layers=[])
    del spec["layer"], spec["width"], spec["height"]
    return spec | {
        "spacing": 14,
        "vconcat": [
            {"width": width, "height": _PANEL - 120, "layer": shares},
            {"width": width, "height": 46, "layer": [bars]},
        ],
    }


def _by_day(periods: Sequence[Period], values: list[Spec], layers: list[Spec]) -> Spec:
    width = _WIDTH - 58
    partial = {
        "data": {"values": [_span(period) for period in periods if period.partial]},
        "mark": {"type": "rect", "color": "var(--partial)", "aria": False},
        "encoding": {"y": {"value": 0}, "y2": {"value": _DAYS_HEIGHT}},
    }
    x = {
        "field": "start",
        "type": "temporal",
        "title": None,
        "scale": {
            "type": "utc",
            "domain": [_span(periods[0])["start"], _span(periods[-1])["end"]],
            "range": [0, min(width, _WIDEST_DAY * len(periods))],
            "nice": False,
        },
        "axis": {
            "grid": False,
            "values": _day_ticks(periods),
            "format": _day_format(periods),
            "labelFlush": True,
        },
    }
    spec = _spec(width=width, height=_DAYS_HEIGHT, layers=[partial, *layers])
    for layer in spec["layer"]:
        layer.setdefault("data", {"values": values})
        encoding = layer["encoding"]
        spans = "x" not in encoding
        encoding["x"] = {**x, **encoding.get("x", {})}
        if spans:
            encoding["x2"] = {"field": "end"}
    return spec


def _day_ticks(periods: Sequence[Period]) -> list[float]:
    step = next(each for each in (1, 2, 7, 14, 28, len(periods)) if len(periods) <= 7 * each)
    return [_milliseconds(period.first) for period in periods[::step]]


def _day_format(periods: Sequence[Period]) -> str:
    days = (periods[-1].last - periods[0].first).days
    return "%-d %b" if days < 150 else "%b %Y" if days < 2000 else "%Y"


def _spec(*, width: int, height: int | Spec, layers: list[Spec]) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": width,
        "height": height,
        "background": None,
        "padding": 4,
        "config": _CONFIG,
        "layer": layers,
    }


def _label(text: str) -> str:
    """Return a name that fits beside its bar, by the usual widths of letters.

    Vega can measure texts, but takes several times as long as for the rest of the chart.
    """
    shown = visible(clipped(text))
    room = _LABELS / 12 - 1
    for place, each in enumerate(shown):
        if unicodedata.east_asian_width(each) in "WF" or each in "mwMW@%&":
            room -= 1
        elif each in "fijltI.,:;'|!()[] ":
            room -= 0.32
        else:
            room -= 0.7 if each.isupper() else 0.56
        if room < 0 and place < len(shown) - 1:
            return f"{shown[:place]}…"
    return shown


def _colours(segments: Sequence[Segment]) -> Spec:
    return {
        "field": "kind",
        "type": "nominal",
        "scale": {
            "domain": [each.name for each in segments],
            "range": [each.fill for each in segments],
        },
    }


def _span(period: Period) -> Spec:
    return {"start": _milliseconds(period.first), "end": _milliseconds(period.last) + 2 * _HALF_DAY}


def _milliseconds(day: date) -> float:
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * 2 * _HALF_DAY
