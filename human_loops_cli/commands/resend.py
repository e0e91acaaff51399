"""``human-loops resend``: let the reconciler send the events of human loops again."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from human_loop_reviews.contract import RESEND
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.session import Session


def resend(
    ctx: typer.Context,
    arns: Annotated[list[str], typer.Argument(metavar="ARN", help="ARNs of human loops.")],
) -> None:
    """Send the events of ended human loops again, also of loops that the ledger has.

    The reconciler sends the events, and all targets of the rules receive them. The handler ignores
    an event that it has settled.

    Status 1 if the event of a loop was not sent.
    """
    session: Session = ctx.obj
    answer = session.client("lambda").invoke(
        FunctionName=session.stack["ReconcilerName"],
        InvocationType="RequestResponse",
        Payload=json.dumps({RESEND: arns}).encode(),
    )
    text = answer["Payload"].read().decode(errors="replace")
    # The invocation succeeds also if the function fails.
    if "FunctionError" in answer:
        raise CommandError(
            f"the reconciler failed: {text}",
            advice="Read its log. human-loops runbook ReconcilerErrors explains the errors.",
            status=ExitStatus.INCOMPLETE,
        )
    report: dict[str, Any] = json.loads(text)
    if session.printer.as_json:
        session.printer.json(report)
    else:
        rows = [(arn, "sent again") for arn in report["resent"]]
        rows += [(arn, f"not sent: {why}") for arn, why in report["notResent"].items()]
        session.printer.table("Events", ("human loop", "what happened"), rows, "none")
    if report["notResent"]:
        raise typer.Exit(ExitStatus.INCOMPLETE)
