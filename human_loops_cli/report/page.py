"""The report as one HTML file, which loads nothing and is complete without scripts.

It has a content security policy that allows its own script and style only, by their hashes. The
same data give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from human_loops_cli.errors import CommandError
from human_loops_cli.report.data import ReportData
from human_loops_cli.report.drawing import Drawings
from human_loops_cli.report.flow import Flow, flows
from human_loops_cli.report.markup import Markup, clipped, element, joined, name
from human_loops_cli.report.periods import Window
from human_loops_cli.report.sections import sections
from human_loops_cli.report.sections.parts import View
from human_loops_cli.report.summary import flow_table, summary

#: The size of the largest page. Larger ones load slowly, and mail servers refuse them.
MAX_BYTES: Final = 1_200_000

#: How many flow definitions have sections, and how many rows a table has: the first that fits.
_LIMITS: Final = (
    *((8, rows) for rows in (5000, 2000, 1000, 500, 250, 100, 50, 25)),
    *((flows, 25) for flows in (5, 3, 1)),
    (1, 5),
)

#: A row has at least so many bytes.
_ROW_BYTES: Final = 120

#: The queries of which each row is a row of a table.
_TABLED: Final = ("turnaround", "field_verdicts", "relabelled", "notes", "failures")

#: What the numbers of a report cannot say.
_LIMITATIONS: Final = (
    "Reviewers saw the prediction. People tend to confirm what they see, so shares of correct "
    "predictions are rather too high than too low.",
    "Only sampled loops stand for all predictions of a flow definition. If the percentage that is "
    "sampled changed, times with a higher percentage count for more. Loops that were selected for "
    "review, such as for a low confidence, stand for themselves.",
    "Sampled loops without a review are in no share. If they are the difficult ones, the shares "
    "are too high.",
    "An interval treats predictions as independent of each other. Those of one document often are "
    "not, so the truth is less certain than an interval says.",
    "Reviewers found it: more than half of them decide, and they can be wrong. Where one reviewer "
    "answers a loop, nothing shows it.",
    "The model may have changed within the window. Compare windows before and after a change.",
)


def render(data: ReportData) -> bytes:
    """Return the report as an HTML file.

    Parameters
    ----------
    data
        What it shows.

    Returns
    -------
    bytes
        HTML in UTF-8, of at most 1.2 MB: it leaves out rows and sections that do not fit, and
        says so.

    Raises
    ------
    CommandError
        If the package that draws charts is not installed.

    Examples
    --------
    >>> render(ReportData(sources=["outcomes.jsonl"]))[:15]
    b'<!doctype html>'
    """
    all_flows = flows(data)
    window = _window(data, all_flows)
    drawings = Drawings()
    for detailed, rows in _LIMITS:
        if _least_rows(all_flows[:detailed], rows) * _ROW_BYTES > MAX_BYTES:
            continue
        view = View(window, rows, drawings.draw, data.question, data.pending)
        page = _page(data, all_flows, all_flows[:detailed], view).encode()
        if len(page) <= MAX_BYTES:
            return page
    raise CommandError("the report does not fit into a page of 1.2 MB")


def _window(data: ReportData, all_flows: Sequence[Flow]) -> Window | None:
    totals = [flow.totals for flow in all_flows if flow.totals["first_day"]]
    if not totals:
        return None
    return Window.of(
        min(row["first_day"] for row in totals),
        max(row["last_day"] for row in totals),
        since=data.since,
        until=data.until,
    )


def _least_rows(detailed: Sequence[Flow], rows: int) -> int:
    return sum(
        min(rows, len(each))
        for flow in detailed
        for query, each in flow.rows.items()
        if query in _TABLED
    )


def _page(
    data: ReportData, all_flows: Sequence[Flow], detailed: Sequence[Flow], view: View
) -> Markup:
    style, script = _file("style.css"), _file("page.js")
    policy = (
        f"default-src 'none'; img-src data:; script-src {_hash(script)}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", _title(data)),
        element("link", rel="icon", href="data:,"),
        element("style", style),
    )
    body = element(
        "body",
        _patterns(),
        element(
            "main",
            summary(data, all_flows, view.window, view.rows),
            flow_table(all_flows, len(detailed), view.rows) if len(all_flows) > 1 else Markup(),
            _links(detailed),
            *(
                joined(
                    element("h2", name(flow.name), id=flow.anchor, class_="flow"),
                    sections(flow, view),
                )
                for flow in detailed
            ),
            element("h2", "What these numbers cannot say", id="limitations"),
            element("ul", *(element("li", each) for each in _LIMITATIONS)),
        ),
        element("div", id="tooltip", role="status"),
        element("script", script),
    )
    return joined(Markup("<!doctype html>\n"), element("html", head, body, lang="en"), Markup("\n"))


def _title(data: ReportData) -> str:
    return f"Human loop reviews: {clipped(data.flow)}" if data.flow else "Human loop reviews"


def _links(detailed: Sequence[Flow]) -> Markup:
    links = [
        *((f"#{flow.anchor}", name(flow.name)) for flow in detailed),
        ("#limitations", Markup("What these numbers cannot say")),
    ]
    return element(
        "nav",
        element("ul", *(element("li", element("a", text, href=href)) for href, text in links)),
        aria_label="Sections",
    )


def _patterns() -> Markup:
    """Return the patterns of bars, which tell them apart without their colours."""

    def pattern(name: str, colour: str, size: int, turn: int, *shapes: Markup) -> Markup:
        paper = element("rect", width=size, height=size, fill="var(--paper)")
        return element(
            "pattern",
            paper,
            element("g", *shapes, fill=colour),
            id=name,
            width=size,
            height=size,
            patternUnits="userSpaceOnUse",
            patternTransform=f"rotate({turn})",
        )

    stripe = element("rect", width=4, height=6)
    return element(
        "svg",
        element(
            "defs",
            pattern("rising", "var(--removed)", 6, 45, stripe),
            pattern("falling", "var(--added)", 6, -45, stripe),
            pattern("grating", "var(--relabelled)", 5, 0, element("rect", width=3, height=5)),
            pattern(
                "checks",
                "var(--changed)",
                6,
                0,
                element("rect", width=3, height=3),
                element("rect", x=3, y=3, width=3, height=3),
            ),
            pattern(
                "dots", "var(--none)", 5, 0, element("rect", x=1, y=1, width=3, height=3, rx=1)
            ),
        ),
        class_="patterns",
        aria_hidden="true",
    )


def _file(name: str) -> Markup:
    return Markup(files("human_loops_cli.report").joinpath(name).read_text(encoding="utf-8"))


def _hash(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"
