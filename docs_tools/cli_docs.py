"""The help of each command and the tables of options in docs/cli.md, made from the command line.

`python -m docs_tools.cli_docs` writes them between the marks of the page.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Final

import typer

from human_loops_cli.app import app

PAGE: Final = Path(__file__).parents[1] / "docs" / "cli.md"

_BLOCK: Final = re.compile(
    r"(?P<mark><!-- help of (?P<command>[a-z -]+): made by `make schema` -->\n\n).*?"
    r"(?=\n<!-- end of the help -->)",
    re.DOTALL,
)

_OPTION: Final = re.compile(r"(?<![\w`-])--?[a-z][a-z-]*")

#: The name of the block with the global options.
GLOBAL: Final = "all commands"

#: What completion says in its help is for a terminal.
_NOT_LISTED: Final = frozenset({"help", "install_completion", "show_completion"})


def commands() -> dict[str, Any]:
    """Return each command by its name, such as ``outcomes download``."""
    return dict(_leaves("", typer.main.get_command(app)))


def with_help(page: str) -> str:
    """Return the page with each block of help replaced by the current one."""
    found = commands()

    def replaced(block: re.Match[str]) -> str:
        name = block["command"]
        text = _options(typer.main.get_command(app)) if name == GLOBAL else _help(found[name])
        return f"{block['mark']}{text}"

    return _BLOCK.sub(replaced, page)


def blocks(page: str) -> list[str]:
    """Return the commands of the blocks of a page."""
    return [block["command"] for block in _BLOCK.finditer(page)]


def _leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for each, inner in command.commands.items():
        yield from _leaves(f"{name} {each}".strip(), inner)


def _help(command: Any) -> str:
    """Return the help of a command in Markdown."""
    paragraphs = inspect.cleandoc(command.help).split("\n\n")
    text = "\n\n".join(_marked(" ".join(each.split())) for each in paragraphs)
    table = _options(command)
    return f"{text}\n\n{table}" if table else f"{text}\n"


def _options(command: Any) -> str:
    """Return the table of the options of a command. Empty if it has none."""
    rows = [
        f"| {_names(each)} | {_cell(each.help)} | {_default(each)} |".replace("  ", " ")
        for each in command.params
        if each.name not in _NOT_LISTED
    ]
    if not rows:
        return ""
    return "\n".join(["| option | meaning | default |", "| --- | --- | --- |", *rows]) + "\n"


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{_escaped(parameter.metavar or parameter.name.upper())}`"
    names = ", ".join(f"`{each}`" for each in (*parameter.opts, *parameter.secondary_opts))
    annotation = parameter.type_descriptor.annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return f"{names} {' or '.join(f'`{each.value}`' for each in annotation)}"
    value = "" if parameter.is_flag else parameter.metavar or ""
    # The help of an option lists long choices.
    return names if "|" in value else f"{names} {value}".strip()


def _default(parameter: Any) -> str:
    """Return the default value, and the environment variable that replaces it."""
    if parameter.required:
        return "required"
    default = getattr(parameter.default, "value", parameter.default)
    shown = default not in (None, "", ()) and not isinstance(default, bool)
    values = [str(default)] if shown else []
    if parameter.envvar:
        values.append(parameter.envvar)
    return ", or ".join(f"`{_escaped(each)}`" for each in values)


def _cell(text: str) -> str:
    return _marked(_escaped(" ".join(text.split())))


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _marked(text: str) -> str:
    """Return a text with its options as code."""
    return _OPTION.sub(r"`\g<0>`", text)


if __name__ == "__main__":
    PAGE.write_text(with_help(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
