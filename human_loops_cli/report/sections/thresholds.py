"""Advice on thresholds."""

from __future__ import annotations

from human_loops_cli.report.figures import NOT_KNOWN, Share
from human_loops_cli.report.flow import Flow
from human_loops_cli.report.markup import Column, Markup, clipped, element, joined, name, table
from human_loops_cli.report.sections.parts import View, heading, paragraph, share_text
from human_loops_cli.thresholds.wording import (
    IN_CODE,
    explanation,
    guarantee,
    holds_for,
    percent,
)


def thresholds(flow: Flow, view: View) -> Markup:
    """Advice on the confidence that may go without review."""
    head = heading(flow, "thresholds", "Thresholds: what confidence may go without review?")
    pending = [paragraph(each[0].upper(), each[1:]) for each in view.pending]
    if view.pending:
        pending.append(paragraph("Only the advice is limited: the other sections have all loops."))
    if not flow.advice:
        return joined(head, paragraph("There is no advice for this flow definition."), *pending)
    promised = guarantee(view.question)
    return joined(
        head,
        paragraph(
            f"{promised[0].upper()}{promised[1:]}, as long as the documents and the model stay the "
            f"same: {holds_for(view.question)}. Only sampled loops count."
        ),
        *pending,
        table(
            f"Thresholds for the fields of {clipped(flow.name)}",
            [
                Column("Field"),
                Column("threshold"),
                Column("right at least"),
                Column("found right at or above"),
                Column("share without review"),
                Column("samples"),
                Column("added in samples"),
                Column("what it rests on, or why none", words=True),
            ],
            sorted(flow.advice, key=lambda each: (each.field is not None, each.field or "")),
            lambda each: [
                name(each.field) if each.field is not None else "all fields",
                f"{each.threshold}" if each.threshold is not None else "none",
                NOT_KNOWN if each.lower_bound is None else percent(each.lower_bound),
                share_text(Share(each.correct_above, each.samples_above)),
                share_text(Share(round(each.share_saved * each.samples), each.samples))
                if each.share_saved is not None
                else NOT_KNOWN,
                f"{each.samples:,}",
                f"{each.added:,}",
                explanation(each),
            ],
            limit=view.rows,
        ),
        paragraph(
            f"{IN_CODE} No threshold finds the values that the model did not predict: they are the "
            "column of additions. ",
            element("code", "human-loops thresholds"),
            " says how to sample, and writes activation conditions.",
        ),
    )
