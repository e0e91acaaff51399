"""``human-loops outcomes backfill``: write the outcomes of old outputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.history.backfill import Backfill
from human_loops_cli.inputs import Inputs
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.output_sources import (
    MappingPath,
    OutputFlow,
    Outputs,
    OutputSince,
    OutputUntil,
    parse_output_limits,
)
from human_loops_cli.session import Session

# People read --json for more.
_MAX_NAMED: Final = 20

_ACCOUNT: Final = re.compile("[0-9]{12}")


def backfill(
    ctx: typer.Context,
    outputs: Outputs,
    folder: Annotated[
        Path, typer.Option("-o", "--output", help="The folder for the files of outcomes.")
    ],
    flow: OutputFlow = None,
    since: OutputSince = None,
    until: OutputUntil = None,
    mapping: MappingPath = None,
    account: Annotated[
        str | None,
        typer.Option(
            help="The account, with the Region of --region, of outputs that do not name their flow "
            "definition. The name is taken from the key."
        ),
    ] = None,
) -> None:
    """Write the outcomes of old outputs as files, which `report` and `thresholds` read.

    The outcomes have no values and no identities. The loops count as Completed, and their last
    answer as their end. Failed loops have no output, and no loop has a turnaround. The outcome of
    the same loop that the stack recorded replaces such an outcome in every command.

    A run that was interrupted goes on where it stopped. A run with another mapping replaces the
    outcomes. Neither adds an outcome twice.

    Status 1 if an output has no outcome. The command names it.
    """
    session: Session = ctx.obj
    limits = parse_output_limits(flow, since, until)
    if "-" in outputs:
        raise CommandError(
            "outcomes backfill reads no standard input: name files, folders or prefixes",
            status=ExitStatus.USAGE,
        )
    arn_prefix = None if account is None else _arn_prefix(session, account)
    mappings = MappingFile(mapping)
    inputs = Inputs(session, outputs, limits)
    _make(folder)
    run = Backfill(
        folder=folder,
        inputs=inputs,
        limits=limits,
        mappings=mappings,
        mapping_content=b"" if mapping is None else mapping.read_bytes(),
        arn_prefix=arn_prefix,
    )
    try:
        with session.printer.progress() as progress:
            task = progress.add_task("Reading", total=None)
            for _ in run.run():
                progress.update(
                    task, completed=inputs.read_count, description=inputs.describe("Reading")
                )
    except KeyboardInterrupt:
        raise CommandError(
            "interrupted",
            advice=f"Run the command again: the {run.files:,} files that it wrote are complete.",
            status=ExitStatus.INTERRUPTED,
        ) from None
    _report(session, run)
    inputs.report(session.printer)
    if inputs.read_count:
        mappings.check(session.printer)
    if run.problems:
        raise typer.Exit(ExitStatus.INCOMPLETE)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise CommandError(
            f"{folder}: {error.strerror}",
            advice="Name a folder with -o.",
            status=ExitStatus.USAGE,
        ) from None


def _arn_prefix(session: Session, account: str) -> str:
    if not _ACCOUNT.fullmatch(account):
        raise CommandError(f"--account {account}: expected 12 digits", status=ExitStatus.USAGE)
    meta = session.client("sagemaker").meta
    return f"arn:{meta.partition}:sagemaker:{meta.region_name}:{account}"


def _report(session: Session, run: Backfill) -> None:
    printer = session.printer
    if printer.as_json:
        printer.json(
            {
                "outcomes": run.written,
                "files": run.files,
                "doneBefore": run.done_before,
                "unanswered": run.unanswered,
                "notOutputs": run.not_outputs,
                "problems": run.problems,
            }
        )
        return
    printer.line(f"Outcomes: {run.written:,} in {run.files:,} files of {run.folder}.")
    for count, what in (
        (run.done_before, "outputs were done by an earlier run"),
        (run.unanswered, "outcomes have no answer"),
        (run.not_outputs, "other JSON files are no outputs: left out"),
    ):
        if count:
            printer.note(f"{count:,} {what}")
    for each in run.problems[:_MAX_NAMED]:
        printer.note(f"no outcome: {each['input']}: {each['problem']}")
    if len(run.problems) > _MAX_NAMED:
        printer.note(f"and {len(run.problems) - _MAX_NAMED:,} more, which --json names")
