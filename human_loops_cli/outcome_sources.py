"""The further options, and the outcomes, that `report` and `thresholds` share."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.outcome_data.open_outcomes import Athena, OutcomeData, open_outcomes
from human_loops_cli.outcome_data.rejects import describe
from human_loops_cli.session import Session
from human_loops_cli.times import parse_times

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILE|DIRECTORY|s3://BUCKET/PREFIX...",
        help="Outcomes, or outputs of A2I; - for standard input.",
    ),
]
Flow = Annotated[str | None, typer.Option(help="Loops of this flow definition: its name or ARN.")]
MappingFile = Annotated[
    Path | None,
    typer.Option(
        "--mapping", help="Where outputs of custom tasks have predictions and answers: JSON."
    ),
]
TaskLifetime = Annotated[
    int | None,
    typer.Option(
        metavar="SECONDS",
        min=1,
        help="How long a loop can be open: TaskAvailabilityLifetimeInSeconds plus "
        "TaskTimeLimitInSeconds of the flow definition. Default: the longest turnaround, which is "
        "too short for a young sample.",
    ),
]
WorkGroup = Annotated[
    str | None,
    typer.Option(
        "--athena", metavar="WORKGROUP", help="Query the archive in Athena, instead of sources."
    ),
]
Database = Annotated[
    str | None, typer.Option(help="The archive's database. Default: the name of the workgroup.")
]

WithLedger = Annotated[
    bool,
    typer.Option(
        "--ledger",
        help="Compare outcomes with the stack's ledger: a loop counts as the ledger has it, and "
        "loops that it does not have are left out and named.",
    ),
]


def open_sources(
    session: Session,
    sources: Sequence[str] | None,
    *,
    flow: str | None,
    since: str | None,
    until: str | None,
    mapping: Path | None,
    work_group: str | None,
    database: str | None,
    ledger: bool,
    created_until: datetime | None = None,
) -> AbstractContextManager[OutcomeData]:
    """Read the outcomes that the options name. See `open_outcomes`.

    Raises
    ------
    CommandError
        If the options contradict each other.
    """
    if work_group is None and database is not None:
        raise CommandError("--database is for --athena", status=ExitStatus.USAGE)
    earliest, latest = parse_times(since, until)
    return open_outcomes(
        session,
        sources or (),
        athena=None
        if work_group is None
        else Athena(work_group=work_group, database=database or work_group),
        mapping=mapping,
        flow=flow,
        since=earliest,
        until=latest,
        created_until=created_until,
        ledger=ledger,
    )


def lifetime_of(seconds: int | None) -> timedelta | None:
    """Return ``--task-lifetime`` as a time."""
    return None if seconds is None else timedelta(seconds=seconds)


def report_left_out(session: Session, data: OutcomeData) -> None:
    """Print what was left out of the sources, and what the ledger has otherwise.

    Raises
    ------
    typer.Exit
        With status 1, if something cannot be used, or contradicts the ledger.
    """
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
    comparison = data.comparison
    contradicted = 0 if comparison is None else comparison.contradicted
    if comparison is not None:
        for problem in comparison.problems:
            session.printer.note(f"{problem.human_loop_arn}: {problem.problem}")
        more = contradicted - len(comparison.problems)
        if more:
            session.printer.note(f"and {more:,} more")
    if data.rejects or contradicted:
        raise typer.Exit(ExitStatus.INCOMPLETE)
