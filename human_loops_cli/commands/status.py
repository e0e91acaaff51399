"""``human-loops status``: loops, failures, dead-letter queues, alarms and handler errors."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from human_loops_cli.errors import ExitStatus
from human_loops_cli.flow_definition_names import shown_names
from human_loops_cli.health import Health, read_health
from human_loops_cli.session import Session


def status(
    ctx: typer.Context,
    flow: Annotated[
        str | None, typer.Option(help="Count loops of this flow definition: its name or ARN.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=455, help="How far to look back.")] = 7,
    watch: Annotated[bool, typer.Option("--watch", help="Repeat until Ctrl-C.")] = False,
    interval: Annotated[int, typer.Option(min=1, help="Seconds between repetitions.")] = 30,
) -> None:
    """Show loops by status, the last failures, dead-letter queues, alarms and handler errors.

    Loops are read from the ledger. Without --flow, the whole ledger is read. Use --flow if the
    ledger is large.

    Status 1 if an alarm is on or a dead-letter queue has messages.
    """
    session: Session = ctx.obj
    while True:
        health = read_health(session, flow_definition=flow, days=days)
        if watch and session.printer.live_console.is_terminal:
            session.printer.live_console.clear()
        if session.printer.as_json:
            session.printer.json(health.to_json())
        else:
            _print(session, health, days)
        if not watch:
            break
        try:
            time.sleep(interval)
        except KeyboardInterrupt:
            break
    if not health.is_good:
        raise typer.Exit(ExitStatus.INCOMPLETE)


def _print(session: Session, health: Health, days: int) -> None:
    printer = session.printer
    statuses = sorted({each for _, each in health.loops})
    arns = {flow for flow, _ in health.loops}
    names = shown_names(arns | {loop["flowDefinitionArn"] for loop in health.failures})
    printer.table(
        f"Loops that ended in the last {days} days",
        ("flow definition", *statuses),
        ((names[flow], *(health.loops[flow, each] for each in statuses)) for flow in sorted(arns)),
        "none",
    )
    printer.line(f"Items of the ledger read: {health.items_read}")
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
            for loop in health.failures
        ),
        "none",
    )
    printer.table(
        "Dead-letter messages", ("queue", "about"), health.dead_letters.items(), "no queues"
    )
    printer.table(
        "Alarms",
        ("alarm", "state", "reason"),
        ((alarm["name"], alarm["state"], alarm["reason"]) for alarm in health.alarms),
        "none",
    )
    errors, runs = health.handler_errors, health.handler_runs
    unknown = "unknown, CloudWatch has no data"
    printer.line(
        f"Handler: errors {unknown if errors is None else errors}, "
        f"invocations {unknown if runs is None else runs}"
    )
