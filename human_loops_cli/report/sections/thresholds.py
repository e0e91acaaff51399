"""Advice on thresholds."""

from __future__ import annotations

from math import floor

from human_loops_cli.report.figures import NOT_KNOWN, Share
from human_loops_cli.report.flow import Flow
from human_loops_cli.report.markup import Column, Markup, clipped, element, joined, name, table
from human_loops_cli.report.sections.parts import FLATTERED, View, heading, paragraph, share_text
from human_loops_cli.thresholds.advice import Advice, NoThreshold


def thresholds(flow: Flow, view: View) -> Markup:
    """Advice on the confidence that may go without review."""
    head = heading(flow, "thresholds", "Thresholds: what confidence may go without review?")
    if not flow.advice:
        return joined(head, paragraph("There is no advice for this flow definition."))
    return joined(
        head,
        paragraph(
            f"With a probability of {view.confidence * 100:g} %, at least {view.target * 100:g} % "
            "of the predictions at or above a threshold are what reviewers find correct, as long "
            "as the documents and the model stay the same. The probability holds for each field "
            "on its own, and for one look at the data. Only sampled loops count, each once for a "
            "field: a sample is correct if all predictions of the field in the loop are. "
            f"{FLATTERED}"
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
                name(each.field) if each.field is not None else "all fields",
                f"{each.threshold}" if each.threshold is not None else "none",
                _floor_percent(each.lower_bound),
                share_text(Share(each.correct_above, each.samples_above)),
                share_text(Share(round(each.share_saved * each.samples), each.samples))
                if each.share_saved is not None
                else NOT_KNOWN,
                f"{each.samples:,}",
                f"{each.samples_needed:,}" if each.samples_needed else NOT_KNOWN,
                f"{each.added:,}",
                _why(each),
            ],
            limit=view.rows,
        ),
        paragraph(
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
