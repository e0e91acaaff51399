"""``human-loops verify``: send an event through a deployed stack."""

from __future__ import annotations

from typing import Annotated

import typer

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.session import Session
from human_loops_cli.verification.links.link import LinkState
from human_loops_cli.verification.verification import Verification, VerifiedLink


def verify(
    ctx: typer.Context,
    timeout: Annotated[
        int, typer.Option(min=1, max=1800, help="How many seconds to wait for the event.")
    ] = 180,
    alerts: Annotated[
        bool,
        typer.Option(
            "--alerts/--no-alerts",
            help="Test the alarm path: subscribers of the alerts receive one message, which "
            "is marked as a test.",
        ),
    ] = True,
    flow: Annotated[
        list[str] | None,
        typer.Option(
            help="Check this flow definition: its name or ARN. Repeatable. Default: all that the "
            "stack matches."
        ),
    ] = None,
) -> None:
    """Send one marked event through the stack, and show where it arrived.

    For each flow definition that the stack matches, the command checks that A2I knows it, that the
    rule matches it, and that A2I writes its output where the handler may read. The test output is
    written to the place of one of them.

    Subscribers of the topic and consumers of the queue receive it with "verification" in its
    detail. The command removes all resources that it creates, also after an interruption.

    Status 1 if a link is broken, or a resource could not be removed.
    """
    session: Session = ctx.obj
    verification = Verification(
        session=session,
        seconds=timeout,
        with_alarm=alerts,
        flows=flow or (),
        announced=lambda uri: session.printer.note(f"Writes the test output {uri}, and removes it"),
    )
    try:
        with session.printer.progress() as progress:
            task = progress.add_task("Verifying", total=None)
            links = verification.run(
                lambda awaited: progress.update(task, description=f"Awaiting {', '.join(awaited)}")
            )
    except KeyboardInterrupt:
        _report_not_removed(session, verification)
        advice = "" if verification.left else "The temporary resources are removed."
        raise CommandError("interrupted", advice=advice, status=ExitStatus.INTERRUPTED) from None
    except BaseException:
        _report_not_removed(session, verification)
        raise
    _print(session, verification, links)
    if verification.left or any(each.state is LinkState.BROKEN for each in links):
        raise typer.Exit(ExitStatus.INCOMPLETE)


def _print(session: Session, verification: Verification, links: list[VerifiedLink]) -> None:
    printer = session.printer
    if printer.as_json:
        rows = [{"link": each.name, "state": each.state, "detail": each.detail} for each in links]
        printer.json({"links": rows, "left": verification.left})
    else:
        for each in links:
            printer.line(f"{_SIGNS[each.state]} {each.name:<9}  {each.detail}")
    for name in verification.leftovers:
        printer.note(f"Removed what an earlier verification left: {name}")
    for note in verification.notes:
        printer.note(note)
    _report_not_removed(session, verification)


def _report_not_removed(session: Session, verification: Verification) -> None:
    for each in verification.left:
        session.printer.note(f"not removed: {each}")


_SIGNS = {
    LinkState.OK: "ok      ",
    LinkState.BROKEN: "BROKEN  ",
    LinkState.UNKNOWN: "unknown ",
    LinkState.SKIPPED: "skipped ",
}
