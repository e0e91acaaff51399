"""``human-loops report``: what the reviews say about the model, as one page of HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from human_loop_tables.queries import QUERIES, SAMPLES, SAMPLING
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.files import STANDARD_OUTPUT, complete_file, refuse_inputs, refuse_unwritable
from human_loops_cli.mappings.absent import FIELDS_ABSENT
from human_loops_cli.outcome_data.open_outcomes import OutcomeData
from human_loops_cli.outcome_sources import (
    Database,
    Flow,
    MappingFile,
    Sources,
    TaskLifetime,
    WithLedger,
    WorkGroup,
    lifetime_of,
    open_sources,
    report_left_out,
)
from human_loops_cli.report.data import ReportData
from human_loops_cli.session import Session
from human_loops_cli.thresholds.advise import advise
from human_loops_cli.thresholds.cut_off import leave_out_pending, pending_notes
from human_loops_cli.times import Since, Until


def report(
    ctx: typer.Context,
    sources: Sources = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file to write; - for standard output.")
    ] = Path("human-loops-report.html"),
    flow: Flow = None,
    since: Since = None,
    until: Until = None,
    task_lifetime: TaskLifetime = None,
    mapping: MappingFile = None,
    work_group: WorkGroup = None,
    database: Database = None,
    ledger: WithLedger = False,
) -> None:
    """Write a report on human loops: volume, verdicts, calibration, agreement, thresholds.

    The sources are outcomes (JSON, JSON Lines, Parquet, compressed or not, bare or in the envelope
    of their event), or output files of A2I. In a folder and under a prefix, all such files are
    read.

    TIME is ISO 8601, in UTC unless it says otherwise, such as 2026-03-14 or 2026-03-14T09:30:00Z.

    --json prints the rows of all queries instead of writing a report.

    Status 1 if something of the sources cannot be used, or contradicts the ledger. The report then
    says what.
    """
    session: Session = ctx.obj
    if not session.printer.as_json:
        refuse_unwritable(output)
        refuse_inputs((output,), (mapping,))
        _keep_sources(output, sources or ())
    with open_sources(
        session,
        sources,
        flow=flow,
        since=since,
        until=until,
        mapping=mapping,
        work_group=work_group,
        database=database,
        ledger=ledger,
    ) as data:
        described = _describe(session, data, lifetime_of(task_lifetime))
    if session.printer.as_json:
        session.printer.json(_to_json(asdict(described)))
    else:
        _write(session, described, output)
        if described.compared_with_ledger is not None:
            session.printer.note(described.compared_with_ledger)
    report_left_out(session, data)


def _describe(session: Session, data: OutcomeData, lifetime: timedelta | None) -> ReportData:
    of_advice = (SAMPLING, SAMPLES)
    of_all = [query for query in QUERIES.values() if query not in of_advice]
    with session.printer.progress() as progress:
        rows = {
            query.name: data.rows(query) for query in progress.track(of_all, description="Querying")
        }
    cut = leave_out_pending(data, lifetime)
    rows |= {query.name: data.rows(query) for query in of_advice}
    return ReportData(
        sources=data.sources,
        flow=data.flow,
        since=data.since,
        until=data.until,
        outcomes=data.outcomes,
        duplicates=data.duplicates,
        replaced=data.replaced,
        verifications=data.verifications,
        history=data.history,
        rejects=data.rejects,
        comparison=data.comparison,
        compared_with_ledger=data.compared_with_ledger,
        rows=rows,
        advice=advise(rows["samples"], rows["sampling"]),
        cut_off=cut,
        pending=list(pending_notes(cut, rows["sampling"], sum(data.history.values()))),
    )


def _keep_sources(output: Path, sources: Sequence[str]) -> None:
    """Refuse to write over a source. In a folder of sources, only a report is replaced."""
    written = output.resolve()
    for each in map(Path, sources):
        source = each.resolve()
        in_source = source in written.parents and written.suffix != ".html"
        if output.is_file() and (source == written or in_source):
            raise CommandError(
                f"{output} is a source: write to another file", status=ExitStatus.USAGE
            )


def _write(session: Session, data: ReportData, path: Path) -> None:
    # Imported here: it needs the package that draws charts.
    from human_loops_cli.report.page import render

    session.printer.note("Drawing the report")
    content = render(data)
    with complete_file(path) as file:
        file.write(content)
    if path != STANDARD_OUTPUT:
        session.printer.line(f"Report of {_loops(data):,} human loops: {path}")
    absent = sum(row["fields_absent"] or 0 for row in data.rows["totals"])
    if absent:
        session.printer.note(f"{absent:,} {FIELDS_ABSENT}")


def _loops(data: ReportData) -> int:
    return sum(row["loops"] for row in data.rows["totals"])


def _to_json(value: Any) -> Any:
    """Return a value with times and days as texts, and durations in seconds."""
    if isinstance(value, dict):
        return {key: _to_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(each) for each in value]
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.isoformat() if isinstance(value, date) else value
