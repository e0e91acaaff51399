"""``human-loops mapping``: mappings of custom tasks."""

from __future__ import annotations

import typer

from human_loop_reviews.a2i.validation import UnreadableOutputError
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.inputs import Inputs, UnreadableInputError
from human_loops_cli.mappings.custom_outputs import reason_without_mapping
from human_loops_cli.mappings.suggestion import MappingSuggestions
from human_loops_cli.output_sources import (
    OutputFlow,
    Outputs,
    OutputSince,
    OutputUntil,
    parse_output_limits,
)
from human_loops_cli.session import Session

app = typer.Typer(
    help="Write mappings of custom tasks.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def mapping() -> None:
    """Write mappings of custom tasks."""


@app.command("suggest")
def suggest(
    ctx: typer.Context,
    outputs: Outputs,
    flow: OutputFlow = None,
    since: OutputSince = None,
    until: OutputUntil = None,
) -> None:
    """Suggest a mapping for outputs of custom tasks: JSON for --mapping.

    Standard error has the reasons, and the outputs that were not used. Outputs of several flow
    definitions give a mapping for each of them.

    Status 1 if an output cannot be read, or no mapping can be suggested.
    """
    session: Session = ctx.obj
    printer = session.printer
    suggestions = MappingSuggestions()
    incomplete = False
    inputs = Inputs(session, outputs, parse_output_limits(flow, since, until))
    for each in inputs.read("Reading"):
        try:
            output = each.output()
            reason = reason_without_mapping(output)
            if reason is None:
                suggestions.add(output)
            else:
                printer.note(f"not used: {each.name}: {reason}")
        except (UnreadableInputError, UnreadableOutputError) as error:
            printer.note(f"unreadable: {error}")
            incomplete = True
    for line in suggestions.describe():
        printer.note(line)
    suggested = suggestions.to_json()
    if suggested is None:
        raise CommandError(
            "no mapping can be suggested from these outputs",
            advice="Name outputs of a custom task that have the prediction in their input.",
            status=ExitStatus.INCOMPLETE,
        )
    printer.json(suggested)
    if incomplete:
        raise typer.Exit(ExitStatus.INCOMPLETE)
