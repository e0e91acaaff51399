"""What the sections are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from human_loops_cli.report.charts import Bar, Segment, Spec
from human_loops_cli.report.figures import Share
from human_loops_cli.report.flow import Correct, Flow, Row, number
from human_loops_cli.report.markup import Column, Markup, element, escaped, joined
from human_loops_cli.report.periods import Window
from human_loops_cli.thresholds.advise import Question

#: How many fields a chart shows.
FIELDS_SHOWN: Final = 12


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
    question
        What the advice on thresholds answers.
    pending
        What is left out of its sample because loops may be open, in sentences.
    """

    window: Window | None
    rows: int
    draw: Callable[[Spec, str], Markup]
    question: Question
    pending: Sequence[str] = ()


def share_text(share: Share) -> Markup:
    """Return a share, marked if it is of few."""
    return joined(share.text, few_mark(share) if share.of else "")


@dataclass(frozen=True, slots=True)
class CorrectColumns:
    """The columns of what was found correct. Shares of different kinds of loops are not added up.

    Parameters
    ----------
    unknown
        Whether there are loops of which it is unknown whether they are sampled.
    """

    unknown: bool

    @property
    def columns(self) -> list[Column]:
        """The columns."""
        kinds = ["sampled: correct, of judged", "95 % interval", "selected: correct, of judged"]
        if self.unknown:
            kinds.append("unknown: correct, of judged")
        return [Column(each) for each in kinds]

    def cells(self, correct: Correct) -> list[Markup]:
        """Return the cells of a row."""
        cells = [
            share_text(correct.sampled),
            escaped(correct.sampled.range),
            share_text(correct.selected),
        ]
        return [*cells, share_text(correct.unknown)] if self.unknown else cells


def few_mark(share: Share) -> Markup:
    """Return the mark of what is of few, with the space before it."""
    return joined(Markup(" "), element("span", "few", class_="few")) if share.few else Markup()


def field_bar(row: Row, lengths: Sequence[int], segments: Sequence[Segment], figure: str) -> Bar:
    """Return the bar of a field, with the length of each segment and a figure."""
    meanings = [
        f"{length:,} {segment.name}, of {number(row, 'fields'):,} fields"
        for length, segment in zip(lengths, segments, strict=True)
    ]
    return Bar(row["field"], lengths, figure, meanings)


def fields_shown(shown: int, of: int, kind: str, which: str) -> str:
    """Say which fields a chart shows, and how many it leaves out."""
    if shown == of:
        return f"All {of:,} fields{kind}." if of > 1 else f"The only field{kind}."
    return f"The {shown} fields that {which}, of {of:,}{kind}; {of - shown:,} are not in the chart."


def heading(flow: Flow, section: str, text: str) -> Markup:
    """Return the heading of a section, which links lead to."""
    return element("h3", text, id=f"{flow.anchor}-{section}")


def paragraph(*content: str) -> Markup:
    """Return a paragraph."""
    return element("p", *content)


def details(title: str, *content: str) -> Markup:
    """Return what opens on demand, and in print."""
    return element("details", element("summary", title), *content)


def figure(
    view: View, spec: Spec, title: str, explanation: str, description: str, *, panel: bool = False
) -> Markup:
    """Return a chart with a title and what is needed to read it."""
    return element(
        "figure",
        element("figcaption", title, element("p", explanation) if explanation else Markup()),
        view.draw(spec, description),
        class_="panel" if panel else None,
    )


def beside(drawn: Markup, *texts: Markup) -> Markup:
    """Return a figure with texts beside it, where the page is wide enough."""
    return element("div", drawn, element("div", *texts), class_="beside")
