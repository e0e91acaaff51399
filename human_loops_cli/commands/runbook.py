"""``human-loops runbook``: what to do when an alarm goes off."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

import typer

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.session import Session

# A link to another page of the documentation, which an installed package does not have.
_PAGE_LINK: Final = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]*\)")


def runbook(
    ctx: typer.Context,
    section: Annotated[
        str | None,
        typer.Argument(help="The section that an alert or an alarm names. Default: all."),
    ] = None,
) -> None:
    """Print the runbook: what to do when an alarm goes off.

    The command needs no account. It prints the runbook of the installed version.
    """
    session: Session = ctx.obj
    text = _PAGE_LINK.sub(r"\1", _text())
    if section is not None:
        text = _section(text, section)
    if session.printer.as_json:
        session.printer.json({"section": section, "text": text})
    else:
        session.printer.text(text.strip())


def _text() -> str:
    """Read the runbook: in the package if it is installed, in docs if it is used in place."""
    packaged = resources.files("human_loops_cli") / "runbook.md"
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


def _section(text: str, wanted: str) -> str:
    sections = {part.partition("\n")[0]: part for part in re.split(r"^## ", text, flags=re.M)[1:]}
    for name, part in sections.items():
        if name.casefold() == wanted.removeprefix("#").casefold():
            return f"## {part}"
    raise CommandError(
        f"the runbook has no section {wanted}",
        advice=f"It has: {', '.join(sections)}.",
        status=ExitStatus.USAGE,
    )
