"""Failed loops, loops without a review, and fields without a verdict."""

from __future__ import annotations

from typing import Final

from human_loops_cli.report.figures import NOT_KNOWN, Share, counted, day_text
from human_loops_cli.report.flow import Flow, Row, number
from human_loops_cli.report.markup import Column, Markup, clipped, element, joined, name, table
from human_loops_cli.report.sections.parts import View, heading, paragraph, share_text

#: What the notes mean.
NOTES: Final = {
    "minority": (
        "Less than half of the reviewers added a value that they were not shown. It is not "
        "compared with the model's."
    ),
    "labelAndCount": "Only labels and their numbers are compared.",
    "mask": "A mask of pixels, which is not compared.",
    "opaque": "A value of no known form, which is not compared.",
    "mappingFailed": "An expression of the mapping failed.",
    "pathNotFound": "An answer has the element of the mapping's path, but not the rest of it.",
    "answerNotFound": (
        "No answer has the element of the mapping's path, and the mapping does not state what that "
        "means (absent)."
    ),
    "predictionNotFound": "The input does not have the mapping's path.",
    "notComparable": "The prediction cannot be compared with what the form gives.",
    "ambiguousRows": "It is not known which row an answer belongs to.",
    "tooLarge": "The value has more parts than are compared.",
}


def failures(flow: Flow, view: View) -> Markup:
    """Failed loops, and outputs without a review."""
    rows = flow.rows["failures"]
    facts = [
        counted(flow.count("unreadable"), "loop has", "loops have")
        + " an output that cannot be read.",
        counted(flow.count("unanswered"), "loop has", "loops have")
        + " an output without an answer.",
        counted(flow.count("prediction_unknown"), "loop has", "loops have")
        + " an output without a known prediction to compare with.",
        counted(flow.count("fields_left_out"), "field is", "fields are")
        + " left out of outcomes that were too large.",
    ]
    return joined(
        heading(flow, "failures", "Failures"),
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
                share_text(Share(number(row, "loops"), flow.with_event)),
                day_text(row["first_day"]) if row["first_day"] else NOT_KNOWN,
                day_text(row["last_day"]) if row["last_day"] else NOT_KNOWN,
            ],
            limit=view.rows,
        )
        if rows
        else paragraph(_none_failed(flow)),
        element("ul", *(element("li", fact) for fact in facts)),
    )


def _none_failed(flow: Flow) -> str:
    if not flow.from_outputs:
        return "No loop Failed."
    return (
        f"No loop with an event Failed. {counted(flow.from_outputs, 'loop is', 'loops are')} known "
        "from the output alone, which loops that Failed do not have."
    )


def _meaning(row: Row) -> str:
    repair = row["prediction_repair"]
    meaning = NOTES.get(row["note"], NOT_KNOWN)
    return f"{meaning} Append {repair} to the mapping's prediction." if repair else meaning


def notes(flow: Flow, view: View) -> Markup:
    """Why fields have no verdict."""
    rows = flow.rows["notes"]
    head = heading(flow, "notes", "Notes: fields without a verdict, or compared in part")
    if not rows:
        return joined(head, paragraph("No field has a note."))
    return joined(
        head,
        table(
            f"Notes on the fields of {clipped(flow.name)}",
            [Column("Note"), Column("fields"), Column("meaning", words=True)],
            rows,
            lambda row: [
                name(row["note"]),
                f"{number(row, 'fields'):,}",
                _meaning(row),
            ],
            limit=view.rows,
        ),
    )
