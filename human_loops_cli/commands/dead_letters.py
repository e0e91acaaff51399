"""``human-loops dead-letters``: list, show, redrive and delete messages that were not processed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from human_loops_cli.dead_letters.dead_letter_message import DeadLetterMessage
from human_loops_cli.dead_letters.dead_letter_queues import (
    DeadLetterQueueClient,
    DeployedDeadLetterQueue,
    find_queues,
)
from human_loops_cli.dead_letters.deletion import DeletionFile, delete
from human_loops_cli.dead_letters.destination import DestinationType, destination_of
from human_loops_cli.dead_letters.message_redriver import MessageRedriver
from human_loops_cli.dead_letters.permitted_targets import PermittedTargets
from human_loops_cli.dead_letters.redrive import Redrive, deliver, move
from human_loops_cli.dead_letters.selection import Selection
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.session import Session

app = typer.Typer(
    help="List, show, redrive and delete messages that were not processed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_QueueOption = Annotated[
    str | None, typer.Option("--queue", help="One dead-letter queue, by its stack output.")
]

_MessageOption = Annotated[
    str | None, typer.Option("--message", metavar="ID", help="A message id, or its beginning.")
]
_LoopOption = Annotated[
    str | None, typer.Option("--loop", help="Messages about this human loop: its name or ARN.")
]
_CauseOption = Annotated[
    str | None,
    typer.Option("--cause", metavar="TEXT", help="Messages with this text in the listed cause."),
]

# The counts show whether there are more.
_MAX_LISTED: Final = 1000

_MAX_LOOPS_OF_A_CAUSE: Final = 3


@app.command("list")
def list_messages(
    ctx: typer.Context,
    queue: _QueueOption = None,
    at_most: Annotated[
        int, typer.Option("--max", min=1, help="List at most this many of each queue.")
    ] = _MAX_LISTED,
) -> None:
    """List the causes of the messages of each dead-letter queue. With --json, each message.

    Other consumers cannot receive these messages while the command runs.
    """
    session: Session = ctx.obj
    permitted = PermittedTargets(session)
    found = _browse(session, find_queues(session.stack, queue), at_most)
    if session.printer.as_json:
        session.printer.json([_described(each, message, permitted) for each, message in found])
        return
    for each in find_queues(session.stack, queue):
        messages = [message for client, message in found if client.queue == each]
        session.printer.table(
            f"{each.name} ({len(messages)})",
            ("messages", "cause", "about", "sent", "from", "destination"),
            _causes(messages, each, permitted),
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
    permitted = PermittedTargets(session)
    found = [
        (client, message)
        for client, message in _browse(session, find_queues(session.stack, queue), at_most)
        if which is None or message.message_id.startswith(which) or message.subject == which
    ]
    if session.printer.as_json:
        session.printer.json(
            [
                {
                    **_described(client, message, permitted),
                    "attributes": dict(message.attributes),
                    "body": message.body,
                }
                for client, message in found
            ]
        )
    for client, message in found if not session.printer.as_json else ():
        described = _described(client, message, permitted)
        for name, value in {**described, **message.attributes}.items():
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
    message: _MessageOption = None,
    loop: _LoopOption = None,
    cause: _CauseOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the destinations. Send nothing.")
    ] = False,
    at_most: Annotated[
        int | None,
        typer.Option(
            "--max", min=1, help="Redrive at most this many of each queue, chosen at random."
        ),
    ] = None,
    allowed: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-target",
            metavar="ARN",
            help="Also send to this target, which no rule of the stack has. Repeatable.",
        ),
    ] = None,
) -> None:
    """Send each message to its destination, and then delete it.

    Messages of rules are sent only to targets that the stack's rules have now.

    A message for a function is deleted only if the function succeeds. If the command is
    interrupted, run it again. No message is lost. A message can be delivered twice, which the
    handler accepts.

    Status 1 if a message stays in its queue.
    """
    session: Session = ctx.obj
    queues = find_queues(session.stack, queue)
    selection = Selection(message=message, loop=loop, cause=cause)
    permitted = PermittedTargets(session, allowed or ())
    if dry_run:
        _dry_run(session, queues, selection, permitted, at_most)
        return
    redrives = [Redrive(each) for each in queues]
    try:
        with session.printer.progress() as progress:
            for redrive in redrives:
                task = progress.add_task(redrive.queue.name, total=None)
                _redrive(
                    session,
                    redrive,
                    selection,
                    permitted,
                    at_most,
                    partial(_show, progress, task),
                )
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


@app.command("delete")
def delete_messages(
    ctx: typer.Context,
    queue: _QueueOption = None,
    message: _MessageOption = None,
    loop: _LoopOption = None,
    cause: _CauseOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the messages. Delete nothing.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A new file for the messages. Default: dead-letters-TIME.jsonl here.",
        ),
    ] = None,
) -> None:
    """Write messages to a file, and delete each from its queue after it is in the file.

    Name the messages with --message, --loop or --cause, or a whole queue with --queue. A message
    must match all of them.

    Status 1 if there is no such message.
    """
    session: Session = ctx.obj
    selection = Selection(message=message, loop=loop, cause=cause)
    if selection.is_everything and queue is None:
        raise CommandError(
            "no messages are named",
            advice="Name them with --message, --loop or --cause, or a queue with --queue.",
            status=ExitStatus.USAGE,
        )
    queues = find_queues(session.stack, queue)
    path = output or Path(f"dead-letters-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl")
    deleted: list[DeadLetterMessage] = []
    if dry_run:
        deleted = [each for _, each in _browse(session, queues, _MAX_LISTED) if selection.has(each)]
        _report_deletion(session, "Would be deleted", deleted, None)
    else:
        try:
            with DeletionFile(path=path) as file:
                for each in queues:
                    client = DeadLetterQueueClient(session.client("sqs"), each)
                    delete(client, selection, file, deleted.append)
        finally:
            _report_deletion(session, "Deleted", deleted, path)
    if not deleted:
        raise typer.Exit(ExitStatus.INCOMPLETE)


def _report_deletion(
    session: Session, title: str, messages: Sequence[DeadLetterMessage], path: Path | None
) -> None:
    rows = [
        {
            "queue": message.queue,
            "messageId": message.message_id,
            "about": message.subject,
            "cause": message.cause,
        }
        for message in messages
    ]
    if session.printer.as_json:
        session.printer.json(rows)
    else:
        session.printer.table(
            title,
            ("queue", "message", "about", "cause"),
            ([*row.values()] for row in rows),
            "no messages",
        )
    if path is not None and rows:
        session.printer.note(f"{path} has the deleted messages.")


def _browse(
    session: Session, queues: Sequence[DeployedDeadLetterQueue], at_most: int
) -> list[tuple[DeadLetterQueueClient, DeadLetterMessage]]:
    clients = [DeadLetterQueueClient(session.client("sqs"), queue) for queue in queues]
    return [(client, message) for client in clients for message in client.browse(at_most)]


def _causes(
    messages: Sequence[DeadLetterMessage],
    queue: DeployedDeadLetterQueue,
    permitted: PermittedTargets,
) -> list[tuple[object, ...]]:
    """Return a row for each cause and destination, the most frequent first."""
    groups: dict[tuple[str, str, str], list[DeadLetterMessage]] = {}
    for message in messages:
        destination = str(destination_of(message, queue, permitted))
        groups.setdefault((message.cause, message.sender, destination), []).append(message)
    return [
        (len(each), cause, _about(each), _times(each), sender, destination)
        for (cause, sender, destination), each in sorted(
            groups.items(), key=lambda group: (-len(group[1]), group[0])
        )
    ]


def _about(messages: Sequence[DeadLetterMessage]) -> str:
    names = list(dict.fromkeys(message.subject or "unknown" for message in messages))
    shown, more = names[:_MAX_LOOPS_OF_A_CAUSE], len(names) - _MAX_LOOPS_OF_A_CAUSE
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _times(messages: Sequence[DeadLetterMessage]) -> str:
    """Return the times of the first and the last message, which are sorted."""
    times = (_time(messages[0]), _time(messages[-1]))
    return " to ".join(dict.fromkeys(times))


def _time(message: DeadLetterMessage) -> str:
    return f"{message.sent:%Y-%m-%dT%H:%M:%SZ}"


def _redrive(
    session: Session,
    redrive: Redrive,
    selection: Selection,
    permitted: PermittedTargets,
    at_most: int | None,
    progressed: Any,
) -> None:
    sqs = session.client("sqs")
    if at_most is None and selection.is_everything and move(redrive, sqs, progressed):
        return
    deliver(
        redrive,
        DeadLetterQueueClient(sqs, redrive.queue),
        MessageRedriver(session),
        lambda message: destination_of(message, redrive.queue, permitted),
        selection=selection,
        at_most=at_most,
        progressed=progressed,
    )


def _dry_run(
    session: Session,
    queues: Sequence[DeployedDeadLetterQueue],
    selection: Selection,
    permitted: PermittedTargets,
    at_most: int | None,
) -> None:
    """Print the destinations. A message without one is shown first, because it would stay."""
    destinations = [
        (client, message, destination_of(message, client.queue, permitted))
        for client, message in _browse(session, queues, _MAX_LISTED)
        if selection.has(message)
    ]
    rows = [
        {
            "queue": client.queue.name,
            "messageId": message.message_id,
            "about": message.subject,
            "destination": str(destination),
        }
        for client, message, destination in sorted(
            destinations, key=lambda each: each[2].type is not DestinationType.NONE
        )
    ]
    if session.printer.as_json:
        session.printer.json(rows)
    else:
        names = ("queue", "messageId", "about", "destination")
        session.printer.table(
            "Would be redriven",
            ("queue", "message", "about", "to"),
            ([row[name] for name in names] for row in rows),
            "no messages",
        )
    left = sum(each.type is DestinationType.NONE for *_, each in destinations)
    if left:
        session.printer.note(f"warning: {left} of {len(rows)} messages would not be redriven.")
    if at_most is not None and at_most < len(rows):
        session.printer.note(f"--max {at_most} chooses from them at random.")
    if len(destinations) >= _MAX_LISTED:
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


def _described(
    client: DeadLetterQueueClient, message: DeadLetterMessage, permitted: PermittedTargets
) -> dict[str, Any]:
    return {
        "queue": message.queue,
        "messageId": message.message_id,
        "about": message.subject,
        "status": message.status,
        "flowDefinitionArn": message.flow_definition_arn,
        "sent": _time(message),
        "receives": message.receives,
        "from": message.sender.value,
        "error": message.error,
        "cause": message.cause,
        "reason": message.reason,
        "destination": str(destination_of(message, client.queue, permitted)),
    }


def _indented(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


def _show(progress: Any, task: Any, done: int, total: int) -> None:
    progress.update(task, completed=done, total=total)
