"""The sections about a flow definition, in the order in which a reader needs them."""

from __future__ import annotations

from typing import Final

from human_loops_cli.report.flow import Flow
from human_loops_cli.report.markup import Markup, clipped, element, joined
from human_loops_cli.report.sections.agreement import reviewers_agreement
from human_loops_cli.report.sections.changes import changed_most
from human_loops_cli.report.sections.confidence import by_confidence
from human_loops_cli.report.sections.correctness import over_time
from human_loops_cli.report.sections.failures import failures, notes
from human_loops_cli.report.sections.parts import View
from human_loops_cli.report.sections.thresholds import thresholds
from human_loops_cli.report.sections.verdicts import verdicts
from human_loops_cli.report.sections.volume import by_day

#: The end of a section's anchor, its title in links, and the section.
_SECTIONS: Final = (
    ("volume", "Volume and turnaround", by_day),
    ("verdicts", "Verdicts", verdicts),
    ("correctness", "Over time", over_time),
    ("calibration", "Calibration", by_confidence),
    ("changes", "Changes", changed_most),
    ("agreement", "Agreement", reviewers_agreement),
    ("failures", "Failures", failures),
    ("notes", "Notes", notes),
    ("thresholds", "Thresholds", thresholds),
)


def sections(flow: Flow, view: View) -> Markup:
    """Return all sections about a flow definition, and links to them."""
    links = [
        element("li", element("a", title, href=f"#{flow.anchor}-{anchor}"))
        for anchor, title, _ in _SECTIONS
    ]
    return joined(
        element("nav", element("ul", *links), aria_label=f"Sections about {clipped(flow.name)}"),
        *(section(flow, view) for _, _, section in _SECTIONS),
    )
