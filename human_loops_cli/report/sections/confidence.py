"""Calibration: the share of correct predictions by confidence."""

from __future__ import annotations

from human_loops_cli.report import calibration, charts
from human_loops_cli.report.figures import counted
from human_loops_cli.report.flow import Flow
from human_loops_cli.report.markup import Column, Markup, clipped, element, joined, table
from human_loops_cli.report.sections.parts import (
    FLATTERED,
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
    lowest = min(
        min(band.mean_confidence, band.correct.interval[0] * 100)
        for _, found in groups
        for band in found
    )
    panels = [
        figure(
            view,
            charts.calibration(found, int(lowest // 10) * 10),
            title,
            counted(sum(band.correct.of for band in found), "judged prediction"),
            f"{title} of {clipped(flow.name)}: the share of correct predictions by confidence, "
            f"in {counted(len(found), 'band')}.",
            panel=True,
        )
        for title, found in groups
    ]
    return joined(
        heading(
            flow,
            "calibration",
            "Calibration: is the model as often correct as its confidence says?",
        ),
        paragraph(
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
                [(title, band) for title, found in groups for band in found],
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
    )
