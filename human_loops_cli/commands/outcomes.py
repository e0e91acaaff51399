"""``human-loops outcomes``: publish outcomes again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Annotated, Any

import typer

from human_loop_reviews.aws.ledger import Ledger
from human_loop_reviews.aws.outcome_bus import OutcomeBus
from human_loop_reviews.settle import Settler
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.handler import read_handler
from human_loops_cli.ledger import LedgerReader
from human_loops_cli.outcomes.recorded import RecordedOutcome
from human_loops_cli.outcomes.republish import NotPublished, Republication
from human_loops_cli.session import Session
from human_loops_cli.times import parse_time

app = typer.Typer(
    help="Publish outcomes again.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def outcomes() -> None:
    """Publish outcomes again."""


@app.command("republish")
def republish(
    ctx: typer.Context,
    flow: Annotated[
        str | None, typer.Option(help="Outcomes of this flow definition: its name or ARN.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Loops that ended at this time or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Loops that ended at this time or earlier.")
    ] = None,
    loop: Annotated[
        list[str] | None, typer.Option(metavar="ARN", help="This human loop. Repeatable.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All outcomes of the ledger.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be published. Publish nothing.")
    ] = False,
    at_most: Annotated[
        int | None, typer.Option("--max", min=1, help="Publish at most this many.")
    ] = None,
) -> None:
    """Publish settled outcomes of the ledger again on the outcome bus, with the same ids.

    All rules on outcomes receive them again. Readers that drop an outcomeId they know see each
    outcome once, so the command can be interrupted and repeated.

    TIME is ISO 8601, in UTC unless it says otherwise, such as 2026-03-14 or 2026-03-14T09:30:00Z.

    Status 1 if an outcome was not published, or a loop is not in the ledger.
    """
    session: Session = ctx.obj
    earliest = parse_time("--since", since)
    latest = parse_time("--until", until, end_of_day=True)
    others = [option for option in (flow, since, until) if option is not None]
    if bool(loop) + bool(others) + everything != 1:
        raise CommandError(
            "name the outcomes: --flow, --since and --until, or --loop, or --all",
            status=ExitStatus.USAGE,
        )
    handler = read_handler(session)
    reader = LedgerReader(dynamodb=session.client("dynamodb"), table=handler.settings.ledger_table)
    not_found: list[NotPublished] = []
    if loop:
        items = _items_of(reader, loop, not_found)
    else:
        arn = None if flow is None else session.stack.flow_definition_arn(flow)
        items = reader.items(since=earliest, until=latest, flow_definition_arn=arn)
    recorded = (RecordedOutcome.parse(item) for item in islice(items, at_most))
    if dry_run:
        _dry_run(session, list(recorded), not_found)
    else:
        republication = _republication(session, handler.settings)
        republication.not_published = not_found
        _publish(session, republication, recorded)
        not_found = republication.not_published
    if not_found:
        raise typer.Exit(ExitStatus.INCOMPLETE)


def _republication(session: Session, settings: Any) -> Republication:
    """Return what publishes, after a look at the bus."""
    bus = OutcomeBus(session.client("events"), settings.outcome_bus, ledger_arn=settings.ledger_arn)
    if not bus.exists():
        raise CommandError(
            f"the event bus {settings.outcome_bus} does not exist",
            advice="EventBridge would drop the outcomes. Create the bus or deploy the stack again.",
        )
    retention = timedelta(days=settings.ledger_retention_days)
    ledger = Ledger(session.client("dynamodb"), settings.ledger_table, retention)
    settler = Settler(settings=settings, s3=session.client("s3"), outcome_bus=bus, ledger=ledger)
    return Republication(settler=settler, bus=bus)


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
            advice="Run the command again: readers that drop a known outcomeId see each once.",
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
    session: Session, recorded: Sequence[RecordedOutcome], not_found: Sequence[NotPublished]
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


def _problems(not_published: Sequence[NotPublished]) -> list[dict[str, str]]:
    return [
        {"humanLoopArn": each.human_loop_arn, "problem": each.problem} for each in not_published
    ]


def _print_problems(session: Session, problems: Sequence[dict[str, str]]) -> None:
    if problems:
        session.printer.table(
            "Not published", ("human loop", "problem"), ([*row.values()] for row in problems), ""
        )


def _items_of(
    reader: LedgerReader, arns: Sequence[str], not_found: list[NotPublished]
) -> Iterator[dict[str, Any]]:
    for arn in dict.fromkeys(arns):
        items = reader.items_of(arn)
        if not items:
            not_found.append(NotPublished(arn, "there is no outcome of this loop in the ledger"))
        yield from items
