"""The argument and the option that the commands for outputs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
