"""``human-loops status``: loops, failures, dead-letter queues, alarms and handler errors."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from human_loops_cli.console import Printer
from human_loops_cli.errors import ExitStatus
from human_loops_cli.flow_definition_names import shown_names
from human_loops_cli.health import EndedLoops, Health, read_health
from human_loops_cli.session import Session


def status(
    ctx: typer.Context,
    flow: Annotated[
        str | None, typer.Option(help="Count loops of this flow definition: its name or ARN.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show the parts that are in order too.")
    ] = False,
    days: Annotated[int, typer.Option(min=1, max=455, help="How many days to look back.")] = 7,
    watch: Annotated[bool, typer.Option("--watch", help="Repeat until Ctrl-C.")] = False,
    interval: Annotated[int, typer.Option(min=1, help="Seconds between repetitions.")] = 30,
) -> None:
    """Show what is wrong, loops by status, and the last failures.

    A line counts the dead-letter queues and alarms that are in order. --all lists them.

    Loops are read from the ledger. Without --flow, the whole ledger is read. Use --flow if the
    ledger is large.

    A part that cannot be read is named with the reason, and the others are shown.

    Status 1 if an alarm is on, a dead-letter queue has messages, A2I does not know a flow
    definition that the stack names, or a part cannot be read.
    """
    session: Session = ctx.obj
    while True:
        health = read_health(session, flow_definition=flow, days=days)
        if watch and session.printer.live_console.is_terminal:
            session.printer.live_console.clear()
        if session.printer.as_json:
            session.printer.json(health.to_json())
        else:
            _print(session, health, days=days, everything=everything)
        if not watch:
            break
        try:
            time.sleep(interval)
        except KeyboardInterrupt:
            break
    if not health.is_good:
        raise typer.Exit(ExitStatus.INCOMPLETE)


def _print(session: Session, health: Health, *, days: int, everything: bool) -> None:
    printer = session.printer
    _print_problems(printer, health)
    if health.ended is not None:
        _print_loops(printer, health.ended, days)
    if health.handler is not None:
        errors, runs = health.handler
        unknown = "unknown, CloudWatch has no data"
        printer.line(
            f"Handler: errors {unknown if errors is None else errors}, "
            f"invocations {unknown if runs is None else runs}"
        )
    alarms = [each for each in health.alarms or () if each["state"] != "ALARM"]
    queues = [name for name, count in health.dead_letters.items() if count == 0]
    if everything:
        _print_alarms(printer, "Alarms that are not on", alarms)
        printer.line(f"Empty dead-letter queues: {', '.join(queues) or 'none'}")
    else:
        silent = sum(each["state"] == "INSUFFICIENT_DATA" for each in alarms)
        printer.line(
            f"In order: {len(queues)} of {len(health.dead_letters)} dead-letter queues, "
            f"{len(alarms)} of {len(health.alarms or ())} alarms"
            f"{f' ({silent} without data)' if silent else ''}. --all lists them."
        )


def _print_problems(printer: Printer, health: Health) -> None:
    """Print what gives the status 1, or that there is nothing of it."""
    if health.is_good:
        printer.line("No problem found.")
        return
    for part, reason in health.unread.items():
        printer.line(f"Cannot be read: {part}: {reason}")
    for arn in health.unknown_flow_definitions or ():
        printer.line(f"A2I does not know the flow definition {arn}")
    _print_alarms(
        printer, "Alarms", [each for each in health.alarms or () if each["state"] == "ALARM"]
    )
    full = [(name, count) for name, count in health.dead_letters.items() if count]
    if full:
        printer.table("Dead-letter messages", ("queue", "about"), full, "")


def _print_alarms(printer: Printer, title: str, alarms: Sequence[Mapping[str, str]]) -> None:
    if alarms:
        printer.table(
            title,
            ("alarm", "state", "reason"),
            ((alarm["name"], alarm["state"], alarm["reason"]) for alarm in alarms),
            "",
        )


def _print_loops(printer: Printer, ended: EndedLoops, days: int) -> None:
    statuses = sorted({each for _, each in ended.counts})
    arns = {flow for flow, _ in ended.counts}
    names = shown_names(arns | {loop["flowDefinitionArn"] for loop in ended.failures})
    printer.table(
        f"Loops that ended in the last {days} days",
        ("flow definition", *statuses),
        ((names[flow], *(ended.counts[flow, each] for each in statuses)) for flow in sorted(arns)),
        "none",
    )
    printer.line(f"Items of the ledger read: {ended.items_read}")
    printer.table(
        "Last failures",
        ("ended", "loop", "flow definition", "code", "reason"),
        (
            (
                loop["endTime"],
                loop["humanLoopName"],
                names[loop["flowDefinitionArn"]],
                loop.get("failureCode") or "none",
                loop.get("failureReason") or "none",
            )
            for loop in ended.failures
        ),
        "none",
    )
