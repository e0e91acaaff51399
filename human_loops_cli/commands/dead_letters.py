"""``human-loops dead-letters``: list, show and redrive messages that were not processed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any, Final

import typer

from human_loops_cli.dead_letters.dead_letter_message import DeadLetterMessage
from human_loops_cli.dead_letters.dead_letter_queues import (
    DeadLetterQueueClient,
    DeployedDeadLetterQueue,
    find_queues,
)
from human_loops_cli.dead_letters.destination import destination_of
from human_loops_cli.dead_letters.message_redriver import MessageRedriver
from human_loops_cli.dead_letters.redrive import Redrive, deliver, move
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.session import Session

app = typer.Typer(
    help="List, show and redrive messages that were not processed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_QueueOption = Annotated[
    str | None, typer.Option("--queue", help="One dead-letter queue, by its stack output.")
]

# About two screens. The counts show whether there are more.
_MAX_LISTED: Final = 100

# Enough to find a message with `show`, and narrow in a terminal.
_SHOWN_OF_AN_ID: Final = 8


@app.command("list")
def list_messages(
    ctx: typer.Context,
    queue: _QueueOption = None,
    at_most: Annotated[
        int, typer.Option("--max", min=1, help="List at most this many of each queue.")
    ] = _MAX_LISTED,
) -> None:
    """List the messages of each dead-letter queue, with the reason and the destination.

    Other consumers cannot receive these messages while the command runs.
    """
    session: Session = ctx.obj
    found = _browse(session, find_queues(session.stack, queue), at_most)
    if session.printer.as_json:
        session.printer.json([_described(each, message) for each, message in found])
        return
    for each in find_queues(session.stack, queue):
        messages = [message for client, message in found if client.queue == each]
        session.printer.table(
            f"{each.name} ({len(messages)})",
            ("message", "about", "status", "sent", "from", "reason", "destination"),
            (
                (
                    message.message_id[:_SHOWN_OF_AN_ID],
                    message.subject or "unknown",
                    message.status,
                    f"{message.sent:%Y-%m-%dT%H:%M:%SZ}",
                    message.sender,
                    message.reason,
                    destination_of(message, each),
                )
                for message in messages
            ),
            "no messages",
        )
        count = DeadLetterQueueClient(session.client("sqs"), each).count()
        if count > len(messages):
            session.printer.note(
                f"{each.name} has about {count} messages, {len(messages)} are listed: --max lists "
                "more. Messages that another consumer received are not visible for a while."
            )


@app.command("show")
def show_messages(
    ctx: typer.Context,
    which: Annotated[
        str | None,
        typer.Argument(
            metavar="[MESSAGE]", help="A message id or its beginning, or a loop's name."
        ),
    ] = None,
    queue: _QueueOption = None,
    at_most: Annotated[
        int, typer.Option("--max", min=1, help="Look at this many messages of each queue.")
    ] = 1000,
) -> None:
    """Show messages with their attributes and the event. Status 1 if there is none."""
    session: Session = ctx.obj
    found = [
        (client, message)
        for client, message in _browse(session, find_queues(session.stack, queue), at_most)
        if which is None or message.message_id.startswith(which) or message.subject == which
    ]
    if session.printer.as_json:
        session.printer.json(
            [
                {
                    **_described(client, message),
                    "attributes": dict(message.attributes),
                    "body": message.body,
                }
                for client, message in found
            ]
        )
    for client, message in found if not session.printer.as_json else ():
        for name, value in {**_described(client, message), **message.attributes}.items():
            session.printer.line(f"{name}: {'' if value is None else value}")
        session.printer.line(_indented(message.body))
        session.printer.line()
    if which is not None and not found:
        raise CommandError(
            f"no message has the id or is about {which}",
            advice="human-loops dead-letters list lists them.",
            status=ExitStatus.INCOMPLETE,
        )


@app.command("redrive")
def redrive_messages(
    ctx: typer.Context,
    queue: _QueueOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the destinations. Send nothing.")
    ] = False,
    at_most: Annotated[
        int | None, typer.Option("--max", min=1, help="Redrive at most this many of each queue.")
    ] = None,
) -> None:
    """Send each message to its destination, and then delete it.

    A message for a function is deleted only if the function succeeds. If the command is
    interrupted, run it again. No message is lost. A message can be delivered twice, which the
    handler accepts.

    Status 1 if a message stays in its queue.
    """
    session: Session = ctx.obj
    queues = find_queues(session.stack, queue)
    if dry_run:
        _dry_run(session, queues, at_most)
        return
    redrives = [Redrive(each) for each in queues]
    try:
        with session.printer.progress() as progress:
            for redrive in redrives:
                task = progress.add_task(redrive.queue.name, total=None)
                _redrive(session, redrive, at_most, partial(_show, progress, task))
    except KeyboardInterrupt:
        _report(session, redrives)
        raise CommandError(
            "interrupted",
            advice="No message is lost. Run the command again to redrive the others. SQS continues "
            "to move messages of a move task.",
            status=ExitStatus.INTERRUPTED,
        ) from None
    except BaseException:
        _report(session, redrives)
        raise
    _report(session, redrives)
    if not all(redrive.is_complete for redrive in redrives):
        raise typer.Exit(ExitStatus.INCOMPLETE)


def _browse(
    session: Session, queues: Sequence[DeployedDeadLetterQueue], at_most: int
) -> list[tuple[DeadLetterQueueClient, DeadLetterMessage]]:
    clients = [DeadLetterQueueClient(session.client("sqs"), queue) for queue in queues]
    return [(client, message) for client in clients for message in client.browse(at_most)]


def _redrive(session: Session, redrive: Redrive, at_most: int | None, progressed: Any) -> None:
    sqs = session.client("sqs")
    if at_most is None and move(redrive, sqs, progressed):
        return
    deliver(
        redrive,
        DeadLetterQueueClient(sqs, redrive.queue),
        MessageRedriver(session),
        lambda message: destination_of(message, redrive.queue),
        at_most=at_most,
        progressed=progressed,
    )


def _dry_run(
    session: Session, queues: Sequence[DeployedDeadLetterQueue], at_most: int | None
) -> None:
    rows = [
        {
            "queue": client.queue.name,
            "messageId": message.message_id,
            "about": message.subject,
            "destination": str(destination_of(message, client.queue)),
        }
        for client, message in _browse(session, queues, at_most or _MAX_LISTED)
    ]
    if session.printer.as_json:
        session.printer.json(rows)
        return
    session.printer.table(
        "Would be redriven",
        ("queue", "message", "about", "to"),
        ([row[name] for name in ("queue", "messageId", "about", "destination")] for row in rows),
        "no messages",
    )
    if at_most is None and len(rows) >= _MAX_LISTED:
        session.printer.note(f"At most {_MAX_LISTED} messages of each queue are listed here.")


def _report(session: Session, redrives: Sequence[Redrive]) -> None:
    printer = session.printer
    if printer.as_json:
        printer.json(
            [
                {
                    "queue": redrive.queue.name,
                    "redriven": redrive.redriven,
                    "notRedriven": [
                        {
                            "messageId": each.message.message_id,
                            "about": each.message.subject,
                            "problem": each.problem,
                        }
                        for each in redrive.not_redriven
                    ],
                    "arrivedMeanwhile": redrive.arrived_meanwhile,
                    "problem": redrive.problem or None,
                }
                for redrive in redrives
            ]
        )
        return
    printer.table(
        "Redriven",
        ("queue", "redriven", "not redriven", "arrived meanwhile"),
        (
            (each.queue.name, each.redriven, len(each.not_redriven), each.arrived_meanwhile)
            for each in redrives
        ),
        "nothing",
    )
    left = [(redrive, each) for redrive in redrives for each in redrive.not_redriven]
    if left:
        printer.table(
            "Not redriven, and still in the queue",
            ("queue", "message", "about", "problem"),
            (
                (redrive.queue.name, each.message.message_id, each.message.subject, each.problem)
                for redrive, each in left
            ),
            "",
        )
    for redrive in redrives:
        if redrive.problem:
            printer.note(f"{redrive.queue.name}: {redrive.problem}")


def _described(client: DeadLetterQueueClient, message: DeadLetterMessage) -> dict[str, Any]:
    return {
        "queue": message.queue,
        "messageId": message.message_id,
        "about": message.subject,
        "status": message.status,
        "flowDefinitionArn": message.flow_definition_arn,
        "sent": f"{message.sent:%Y-%m-%dT%H:%M:%SZ}",
        "receives": message.receives,
        "from": message.sender.value,
        "error": message.error,
        "reason": message.reason,
        "destination": str(destination_of(message, client.queue)),
    }


def _indented(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


def _show(progress: Any, task: Any, done: int, total: int) -> None:
    progress.update(task, completed=done, total=total)
