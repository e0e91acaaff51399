"""The argument and the options that the commands for outputs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from human_loops_cli.output_limits import OutputLimits
from human_loops_cli.times import parse_times

Outputs = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE|DIRECTORY|s3://BUCKET/PREFIX...", help="Outputs; - for standard input."
    ),
]
MappingPath = Annotated[
    Path | None,
    typer.Option(
        "--mapping", help="Where predictions and answers of custom tasks are found: JSON."
    ),
]
OutputFlow = Annotated[
    str | None,
    typer.Option("--flow", help="Outputs of this flow definition: its name or ARN."),
]
OutputSince = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Outputs with the last answer at this time or later; without the time of an answer, "
        "the time in the key counts.",
    ),
]
OutputUntil = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="TIME",
        help="Outputs with the last answer at this time or earlier; a date includes its day.",
    ),
]


def parse_output_limits(flow: str | None, since: str | None, until: str | None) -> OutputLimits:
    """Return the limits that the options name.

    Raises
    ------
    CommandError
        If a time is none, or the latest is before the earliest.
    """
    earliest, latest = parse_times(since, until)
    return OutputLimits(flow=flow, since=earliest, until=latest)
