"""``human-loops policy``: the IAM policy for the user of one stack."""

from __future__ import annotations

from typing import Annotated

import typer

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.session import Session
from human_loops_cli.stack_policy import stack_policy, statement_names


def policy(
    ctx: typer.Context,
    statements: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STATEMENT]...", help="The names of statements. Default: all."),
    ] = None,
) -> None:
    """Print the IAM policy that allows the commands on this stack, and on no other one.

    The documentation lists the statements that each command needs.
    """
    session: Session = ctx.obj
    known = statement_names()
    unknown = [each for each in statements or () if each not in known]
    if unknown:
        raise CommandError(
            f"there is no statement {', '.join(unknown)}",
            advice=f"There are {', '.join(known)}.",
            status=ExitStatus.USAGE,
        )
    session.printer.json(stack_policy(session, statements or ()))
