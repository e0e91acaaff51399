"""``human-loops report``: what the reviews say about the model, as one page of HTML."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from human_loop_tables.queries import QUERIES
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.outcome_data.open_outcomes import Athena, OutcomeData, open_outcomes
from human_loops_cli.outcome_data.rejects import describe
from human_loops_cli.report.data import ReportData
from human_loops_cli.session import Session
from human_loops_cli.thresholds.advise import advise
from human_loops_cli.times import parse_time

_STANDARD_OUTPUT: Final = "-"


def report(
    ctx: typer.Context,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE|DIRECTORY|s3://BUCKET/PREFIX...",
            help="Outcomes, or outputs of A2I; - for standard input.",
        ),
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="The file to write; - for standard output.")
    ] = "human-loops-report.html",
    flow: Annotated[
        str | None, typer.Option(help="Loops of this flow definition: its name or ARN.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Loops that ended at this time or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Loops that ended at this time or earlier.")
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(help="Where outputs of custom tasks have predictions and answers: JSON."),
    ] = None,
    athena: Annotated[
        str | None,
        typer.Option(metavar="WORKGROUP", help="Query the archive in Athena, instead of sources."),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(help="The archive's database. Default: the name of the workgroup."),
    ] = None,
) -> None:
    """Write a report on human loops: volume, verdicts, calibration, agreement, thresholds.

    The sources are outcomes (JSON, JSON Lines, Parquet, compressed or not, bare or in the envelope
    of their event), or output files of A2I. In a folder and under a prefix, all such files are
    read.

    TIME is ISO 8601, in UTC unless it says otherwise, such as 2026-03-14 or 2026-03-14T09:30:00Z.

    --json prints the rows of all queries instead of writing a report.

    Status 1 if something of the sources cannot be used. The report then says what.
    """
    session: Session = ctx.obj
    path = None if output == _STANDARD_OUTPUT else Path(output)
    if path is not None and not session.printer.as_json:
        _require_writable(path)
    with open_outcomes(
        session,
        sources or (),
        athena=_athena(athena, database),
        mapping=mapping,
        flow=flow,
        since=parse_time("--since", since),
        until=parse_time("--until", until, end_of_day=True),
    ) as data:
        described = _describe(session, data)
    if session.printer.as_json:
        session.printer.json(_to_json(asdict(described)))
    else:
        _write(session, described, path)
    _note_rejects(session, described)
    if described.rejects:
        raise typer.Exit(ExitStatus.INCOMPLETE)


def _athena(work_group: str | None, database: str | None) -> Athena | None:
    if work_group is None:
        if database is not None:
            raise CommandError("--database is for --athena", status=ExitStatus.USAGE)
        return None
    return Athena(work_group=work_group, database=database or work_group)


def _describe(session: Session, data: OutcomeData) -> ReportData:
    rows = {}
    with session.printer.progress() as progress:
        for query in progress.track(QUERIES.values(), description="Querying"):
            rows[query.name] = data.rows(query)
    return ReportData(
        sources=data.sources,
        flow=data.flow,
        since=data.since,
        until=data.until,
        outcomes=data.outcomes,
        duplicates=data.duplicates,
        replaced=data.replaced,
        verifications=data.verifications,
        rejects=data.rejects,
        rows=rows,
        advice=advise(rows["samples"], rows["sampling"]),
    )


def _require_writable(path: Path) -> None:
    """Refuse a place for the report before hours are spent on it."""
    if path.is_dir():
        raise CommandError(
            f"{path} is a directory", advice="Name a file with -o.", status=ExitStatus.USAGE
        )
    if not path.absolute().parent.is_dir():
        raise CommandError(f"{path.parent}: no such directory", status=ExitStatus.USAGE)


def _write(session: Session, data: ReportData, path: Path | None) -> None:
    # Imported here: it needs the package that draws charts.
    from human_loops_cli.report.page import render

    session.printer.note("Drawing the report")
    content = render(data)
    if path is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    try:
        with _replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", status=ExitStatus.USAGE) from None
    session.printer.line(f"Report of {_loops(data):,} human loops: {path}")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file that takes the place of another one when it is complete."""
    path = path.resolve()  # a link stays a link
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            yield file
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _loops(data: ReportData) -> int:
    return sum(row["loops"] for row in data.rows["totals"])


def _note_rejects(session: Session, data: ReportData) -> None:
    counts = [
        f"{count:,} {what}"
        for count, what in (
            (data.duplicates, "duplicates"),
            (data.replaced, "replaced by another outcome of their loop"),
            (data.verifications, "of verifications"),
        )
        if count
    ]
    if counts:
        session.printer.note(f"Left out: {', '.join(counts)}.")
    for each in data.rejects:
        session.printer.note(f"not used: {describe(each)}")


def _to_json(value: Any) -> Any:
    """Return a value with times and days as texts."""
    if isinstance(value, dict):
        return {key: _to_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value
