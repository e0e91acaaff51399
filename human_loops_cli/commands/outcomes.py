"""``human-loops outcomes``: publish outcomes again, download them, or make those of history."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from human_loop_reviews.aws.ledger import Ledger
from human_loop_reviews.aws.ledger_table import LedgerTable
from human_loop_reviews.aws.outcome_bus import OutcomeBus
from human_loop_reviews.settings import Settings
from human_loop_reviews.settle import Settler
from human_loops_cli.commands.backfill import backfill
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.files import complete_file, refuse_unwritable
from human_loops_cli.handler import DeployedHandler, read_handler
from human_loops_cli.known_flow_definitions import require_loop_or_flow_definition
from human_loops_cli.ledger import LedgerReader
from human_loops_cli.mappings.deployed_mappings import download_mappings
from human_loops_cli.outcomes.complete import IncompleteOutcomeError, complete_outcome
from human_loops_cli.outcomes.recorded import RecordedOutcome
from human_loops_cli.outcomes.republish import OutcomeProblem, Republication
from human_loops_cli.session import Session
from human_loops_cli.times import Since, Until, parse_times

app = typer.Typer(
    help="Publish outcomes again, download them, or make those of old outputs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def outcomes() -> None:
    """Publish outcomes again, download them, or make those of old outputs."""


app.command("backfill")(backfill)

_Flow = Annotated[
    str | None, typer.Option(help="Outcomes of this flow definition: its name or ARN.")
]
_Loop = Annotated[
    list[str] | None, typer.Option(metavar="ARN", help="This human loop. Repeatable.")
]
_All = Annotated[bool, typer.Option("--all", help="All outcomes of the ledger.")]


@app.command("republish")
def republish(
    ctx: typer.Context,
    flow: _Flow = None,
    since: Since = None,
    until: Until = None,
    loop: _Loop = None,
    everything: _All = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the outcomes. Publish nothing.")
    ] = False,
    at_most: Annotated[
        int | None, typer.Option("--max", min=1, help="Publish at most this many.")
    ] = None,
) -> None:
    """Publish settled outcomes of the ledger again on the outcome bus, with the same ids.

    All rules on outcomes receive them again. Consumers that drop a known outcomeId process each
    outcome once, so the command can be interrupted and repeated.

    TIME is ISO 8601, in UTC unless it says otherwise, such as 2026-03-14 or 2026-03-14T09:30:00Z.

    Status 1 if an outcome was not published, or a loop is not in the ledger.
    """
    session: Session = ctx.obj
    limits = _Limits.parse(flow, since, until, loop, everything)
    handler = read_handler(session)
    not_found: list[OutcomeProblem] = []
    recorded = islice(_selected(session, handler, limits, not_found), at_most)
    if dry_run:
        _dry_run(session, list(recorded), not_found)
    else:
        republication = _republication(session, handler.settings)
        republication.not_published = not_found
        _publish(session, republication, recorded)
        not_found = republication.not_published
    if not_found:
        raise typer.Exit(ExitStatus.INCOMPLETE)


@app.command("download")
def download(
    ctx: typer.Context,
    flow: _Flow = None,
    since: Since = None,
    until: Until = None,
    loop: _Loop = None,
    everything: _All = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file. Default: -, standard output."),
    ] = None,
    values: Annotated[
        bool,
        typer.Option(
            "--values", help="Include predicted and answered values, if the outcome has them."
        ),
    ] = False,
) -> None:
    """Download settled outcomes of the ledger: a line of JSON each, as `report` reads them.

    Status 1 if an outcome was left out, because the ledger does not hold it completely and its
    output cannot be read, or a loop is not in the ledger.
    """
    session: Session = ctx.obj
    limits = _Limits.parse(flow, since, until, loop, everything)
    refuse_unwritable(output)
    handler = read_handler(session)
    settler = _settler(session, handler.settings)
    left_out: list[OutcomeProblem] = []
    recorded = _selected(session, handler, limits, left_out)
    written = 0
    with complete_file(output) as lines, session.printer.progress() as progress:
        for each in progress.track(recorded, description="Downloading", total=None):
            try:
                outcome = complete_outcome(each, settler)
            except IncompleteOutcomeError as error:
                left_out.append(OutcomeProblem(each.human_loop_arn, str(error)))
                continue
            lines.write(_line(outcome if values else _without_values(outcome)))
            written += 1
    session.printer.note(f"{written} outcomes")
    for problem in left_out:
        session.printer.note(f"left out: {problem.human_loop_arn}: {problem.problem}")
    if left_out:
        raise typer.Exit(ExitStatus.INCOMPLETE)


def _line(outcome: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(outcome, separators=(',', ':'))}\n".encode()


def _without_values(outcome: Mapping[str, Any]) -> dict[str, Any]:
    fields = [
        {name: value for name, value in field.items() if name != "values"}
        for field in outcome["fields"]
    ]
    return {**outcome, "fields": fields}


def _settler(session: Session, settings: Settings) -> Settler:
    """Return what the deployed handler settles with."""
    bus = OutcomeBus(session.client("events"), settings.outcome_bus, ledger_arn=settings.ledger_arn)
    retention = timedelta(days=settings.ledger_retention_days)
    ledger = Ledger(session.client("dynamodb"), settings.ledger_table, retention)
    layer = settings.mappings_layer
    return Settler(
        settings=settings,
        s3=session.client("s3"),
        outcome_bus=bus,
        ledger=ledger,
        a2i_runtime=lambda: session.client("sagemaker-a2i-runtime"),
        mappings=None if layer is None else download_mappings(session.client("lambda"), layer),
    )


def _republication(session: Session, settings: Settings) -> Republication:
    """Return what publishes, after a look at the bus."""
    settler = _settler(session, settings)
    if not settler.outcome_bus.exists():
        raise CommandError(
            f"the event bus {settings.outcome_bus} does not exist",
            advice="EventBridge would drop the outcomes. Create the bus or deploy the stack again.",
        )
    return Republication(settler=settler)


def _publish(
    session: Session, republication: Republication, recorded: Iterator[RecordedOutcome]
) -> None:
    try:
        with session.printer.progress() as progress:
            for each in progress.track(recorded, description="Publishing", total=None):
                republication.publish(each)
    except KeyboardInterrupt:
        raise CommandError(
            "interrupted",
            advice="Run the command again: consumers that drop known ids process each one once.",
            status=ExitStatus.INTERRUPTED,
        ) from None
    finally:
        _report(session, republication)


def _report(session: Session, republication: Republication) -> None:
    problems = _problems(republication.not_published)
    if session.printer.as_json:
        session.printer.json(
            {
                "published": republication.published,
                "readAgain": republication.read_again,
                "notPublished": problems,
            }
        )
        return
    session.printer.line(
        f"Published again: {republication.published}, of which "
        f"{republication.read_again} were read again from the output."
    )
    _print_problems(session, problems)


def _dry_run(
    session: Session, recorded: Sequence[RecordedOutcome], not_found: Sequence[OutcomeProblem]
) -> None:
    rows = [
        {
            "humanLoopArn": each.outcome.get("humanLoopArn"),
            "humanLoopStatus": each.outcome.get("humanLoopStatus"),
            "endTime": each.ended,
            "outcomeId": each.outcome.get("outcomeId"),
            "from": "ledger" if each.is_complete else "output",
        }
        for each in recorded
    ]
    problems = _problems(not_found)
    if session.printer.as_json:
        session.printer.json({"wouldPublish": rows, "notPublished": problems})
        return
    session.printer.table(
        f"Would be published again ({len(rows)})",
        ("human loop", "status", "ended", "outcome", "from"),
        ((str(row["humanLoopArn"]).rpartition("/")[2], *list(row.values())[1:]) for row in rows),
        "no outcomes",
    )
    _print_problems(session, problems)


def _problems(not_published: Sequence[OutcomeProblem]) -> list[dict[str, str]]:
    return [
        {"humanLoopArn": each.human_loop_arn, "problem": each.problem} for each in not_published
    ]


def _print_problems(session: Session, problems: Sequence[dict[str, str]]) -> None:
    if problems:
        session.printer.table(
            "Not published", ("human loop", "problem"), ([*row.values()] for row in problems), ""
        )


@dataclass(frozen=True)
class _Limits:
    """Which outcomes of the ledger are meant."""

    flow: str | None
    since: datetime | None
    until: datetime | None
    loops: Sequence[str]

    @classmethod
    def parse(
        cls,
        flow: str | None,
        since: str | None,
        until: str | None,
        loops: Sequence[str] | None,
        everything: bool,
    ) -> _Limits:
        """Read the options, of which one kind is needed."""
        earliest, latest = parse_times(since, until)
        limited = any(each is not None for each in (flow, since, until))
        if bool(loops) + limited + everything != 1:
            raise CommandError(
                "name the outcomes: --flow, --since and --until, or --loop, or --all",
                status=ExitStatus.USAGE,
            )
        return cls(flow, earliest, latest, loops or ())


def _selected(
    session: Session, handler: DeployedHandler, limits: _Limits, not_found: list[OutcomeProblem]
) -> Iterator[RecordedOutcome]:
    """Return the outcomes within some limits, and note the loops that the ledger lacks."""
    reader = LedgerReader(
        table=LedgerTable(session.client("dynamodb"), handler.settings.ledger_table)
    )
    if limits.loops:
        items = _items_of(reader, limits.loops, not_found)
    else:
        flow = limits.flow
        arn = None if flow is None else session.stack.flow_definition_arn(flow)
        if arn is not None:
            require_loop_or_flow_definition(session, reader, arn)
        items = reader.items(since=limits.since, until=limits.until, flow_definition_arn=arn)
    return (RecordedOutcome.parse(item) for item in items)


def _items_of(
    reader: LedgerReader, arns: Sequence[str], not_found: list[OutcomeProblem]
) -> Iterator[dict[str, Any]]:
    for arn in dict.fromkeys(arns):
        items = reader.items_of(arn)
        if not items:
            not_found.append(OutcomeProblem(arn, "there is no outcome of this loop in the ledger"))
        yield from items
