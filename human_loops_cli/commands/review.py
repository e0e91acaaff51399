"""``human-loops review``: reviews outputs on a desk."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loop_reviews.outcome import describe_review
from human_loop_reviews.outcome_values import Verdict
from human_loop_reviews.review_output import review_output
from human_loops_cli.console import printable
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.inputs import Inputs, NotAnOutputError, ReadInput, UnreadableInputError
from human_loops_cli.mappings.absent import FIELDS_ABSENT
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.output_sources import (
    MappingPath,
    OutputFlow,
    Outputs,
    OutputSince,
    OutputUntil,
    parse_output_limits,
)
from human_loops_cli.session import Session
from human_loops_cli.spreadsheet_cell import spreadsheet_cell

_OF_LOOP: Final = ("input", "error", "humanLoopName", "flowDefinitionArn", "taskType")
_OF_FIELD: Final = (
    "name",
    "predictedName",
    "verdict",
    "modelCorrect",
    "upheldShare",
    "reviewerAgreement",
    "confidence",
    "shown",
    "note",
    "predictionRepair",
)
_VALUES: Final = ("predicted", "answers", "consensus")


def review(
    ctx: typer.Context,
    outputs: Outputs,
    flow: OutputFlow = None,
    since: OutputSince = None,
    until: OutputUntil = None,
    mapping: MappingPath = None,
    values: Annotated[
        bool, typer.Option("--values", help="Add predicted and answered values.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a row of CSV a field.")] = False,
) -> None:
    """Compare predictions with the reviewers' answers: one row for each output.

    Below are the fields that differ from the prediction, or with --values all of them.

    --json prints one line of JSON for each output. An output that cannot be read has a row that
    says why.

    Status 1 if an output cannot be read.
    """
    session: Session = ctx.obj
    if as_csv and session.printer.as_json:
        raise CommandError("--csv and --json exclude each other", status=ExitStatus.USAGE)
    mappings = MappingFile(mapping)
    inputs = Inputs(session, outputs, parse_output_limits(flow, since, until))
    summary = Counter[str]()
    rows: list[dict[str, Any]] = []
    columns = (*_OF_LOOP, *_OF_FIELD, *(_VALUES if values else ()))
    if as_csv:
        _write_csv(columns)
    for each in inputs.read("Reviewing"):
        try:
            row = _row(each, mappings, values)
        except NotAnOutputError:
            summary["others"] += 1
            continue
        _count(summary, row)
        if session.printer.as_json:
            session.printer.text(json.dumps(row))
        elif as_csv:
            for cells in _csv_rows(row, columns):
                _write_csv(cells)
        else:
            rows.append(row)
    if not as_csv and not session.printer.as_json:
        _print(session, rows, values)
    session.printer.note(_summarize(summary))
    if summary["fieldsAbsent"]:
        session.printer.note(f"{summary['fieldsAbsent']:,} {FIELDS_ABSENT}")
    if summary["others"]:
        session.printer.note(f"{summary['others']:,} other JSON files are no outputs: left out")
    if summary["repeated"]:
        session.printer.note(
            f"in {summary['repeated']:,} outputs a reviewer answered more than once: each answer "
            "counts as a vote"
        )
    mappings.check(session.printer)
    if summary["unreadable"]:
        raise typer.Exit(ExitStatus.INCOMPLETE)


def _row(each: ReadInput, mappings: MappingFile, values: bool) -> dict[str, Any]:
    try:
        output = each.output()
        judged = review_output(output, mapping=mappings.find(output) or ())
    except NotAnOutputError:
        raise
    except (UnreadableInputError, UnreadableOutputError) as error:
        return {"input": each.name, "error": str(error)}
    return {
        "input": each.name,
        "humanLoopName": output.human_loop_name,
        "flowDefinitionArn": output.flow_definition_arn,
        **describe_review(output, judged, include_values=values),
    }


def _count(summary: Counter[str], row: Mapping[str, Any]) -> None:
    summary["inputs"] += 1
    summary["unreadable"] += "error" in row
    summary["repeated"] += row.get("answerCount", 0) > row.get("reviewerCount", 0)
    for name in ("fieldsJudged", "fieldsCorrect", "fieldsAbsent"):
        summary[name] += row.get(name, 0)


def _summarize(summary: Counter[str]) -> str:
    judged, correct = summary["fieldsJudged"], summary["fieldsCorrect"]
    share = f" ({correct / judged:.1%})" if judged else ""
    return (
        f"{summary['inputs']} outputs, {summary['unreadable']} unreadable; "
        f"{judged} fields judged, {correct} correct{share}"
    )


def _print(session: Session, rows: Sequence[Mapping[str, Any]], values: bool) -> None:
    session.printer.table(
        "Reviews",
        ("input", "loop", "task", "answers", "verdicts", "agreement"),
        (
            (row["input"], "unreadable", None, None, row["error"], None)
            if "error" in row
            else (
                row["input"],
                row["humanLoopName"],
                row["taskType"],
                _answers(row),
                ", ".join(f"{n} {name}" for name, n in row["verdictCounts"].items() if n),
                row["agreement"],
            )
            for row in rows
        ),
        "none",
    )
    if not values:
        session.printer.table(
            "Fields that differ, or have no verdict",
            ("input", "field", "model's name", "verdict", "confidence", "note"),
            (
                (
                    row["input"],
                    field["name"],
                    field.get("predictedName"),
                    field["verdict"],
                    field.get("confidence"),
                    _note(field),
                )
                for row in rows
                for field in row.get("fields", ())
                if field["verdict"] != Verdict.CONFIRMED
            ),
            "No field differs.",
        )
    if values:
        session.printer.table(
            "Fields",
            ("input", "field", "predicted", "answers", "verdict"),
            (
                (
                    row["input"],
                    field["name"],
                    json.dumps(field["values"]["predicted"], ensure_ascii=False),
                    json.dumps(field["values"]["answers"], ensure_ascii=False),
                    field["verdict"] or _note(field),
                )
                for row in rows
                for field in row.get("fields", ())
            ),
            "none",
        )


def _note(field: Mapping[str, Any]) -> str | None:
    """Return a field's note, with the repair of a mapping that has one."""
    note, repair = field.get("note"), field.get("predictionRepair")
    return f"{note}: append {repair} to the mapping's prediction" if repair else note


def _answers(row: Mapping[str, Any]) -> str:
    """Return the number of answers, and of reviewers where one of them answered more than once."""
    answers, reviewers = row["answerCount"], row["reviewerCount"]
    return f"{answers}" if answers == reviewers else f"{answers} of {reviewers} reviewers"


def _csv_rows(row: Mapping[str, Any], columns: Sequence[str]) -> Iterator[list[str]]:
    """Yield a row for each field, and one for an output without fields."""
    loop = [_cell(row.get(name)) for name in _OF_LOOP]
    for field in row.get("fields") or [{}]:
        of_field = {**field, **{name: json.dumps(v) for name, v in field.get("values", {}).items()}}
        yield [*loop, *(_cell(of_field.get(name)) for name in columns[len(_OF_LOOP) :])]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    # A name comes from a document or a reviewer.
    return spreadsheet_cell(text) if isinstance(value, str) else text


def _write_csv(cells: Sequence[str]) -> None:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    text = line.getvalue()
    # A file has the names as they are. A terminal would obey their control characters.
    sys.stdout.write(printable(text).plain if sys.stdout.isatty() else text)
