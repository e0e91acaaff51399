"""Docstrings as Markdown: those of classes and functions, and those below attributes."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

DOCS: Final = Path(__file__).parents[1] / "docs"
_SECTION: Final = re.compile(r"^(Parameters|Returns|Raises|Examples)\n-+\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Docstring:
    """The parts of a docstring in the style of NumPy."""

    text: str
    parameters: Mapping[str, str]
    raises: Mapping[str, str]
    examples: str

    @classmethod
    def of(cls, documented: Any) -> Docstring:
        """Return that of a class, method or property."""
        text, *rest = _SECTION.split(inspect.getdoc(documented) or "")
        sections = dict(zip(rest[::2], rest[1::2], strict=True))
        return cls(
            text=markdown(text),
            parameters=_entries(sections.get("Parameters", "")),
            raises=_entries(sections.get("Raises", "")),
            examples=sections.get("Examples", ""),
        )


def attribute_docstrings(documented: type) -> dict[str, str]:
    """Return the docstrings below the attributes that a class itself defines.

    Examples
    --------
    >>> from human_loop_reviews.contract import HumanLoopStatus
    >>> attribute_docstrings(HumanLoopStatus)["STOPPED"]
    'Somebody stopped the loop. There can be answers.'
    """
    docstrings: dict[str, str] = {}
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(documented))).body
    body: list[ast.stmt] = getattr(definition, "body", [])
    for attribute, docstring in pairwise(body):
        match attribute, docstring:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                docstrings[name] = flat(text)
    return docstrings


def meanings_of(enumeration: type[StrEnum]) -> list[tuple[str, str]]:
    """Return the rows of the members of an enumeration: each as code, and its docstring."""
    meanings = attribute_docstrings(enumeration)
    return [(f"`{each}`", markdown(meanings[each.name])) for each in enumeration]


def meaning_table(subject: str, rows: Iterable[tuple[str, str]]) -> str:
    """Return a table in Markdown with the meanings of what a subject can be."""
    lines = [f"| {subject} | meaning |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| {name} | {text} |" for name, text in rows), ""])


def markdown(text: str) -> str:
    """Turn a docstring's text into paragraphs of one line, with links to web and docs."""
    paragraphs = [
        "\n".join(flat(item) for item in re.split(r"\n(?=- )", each))
        for each in inspect.cleandoc(text).strip().split("\n\n")
    ]
    written = "\n\n".join(paragraphs).replace("``", "`")
    written = re.sub(r"(?<![<(`])(https://[^\s)]+)", r"<\1>", written)
    return re.sub(r"`docs/([\w.-]+)#?([\w-]*)`", _page_link, written)


def flat(text: str) -> str:
    """Return a text in one line."""
    return " ".join(text.split())


def _entries(section: str) -> dict[str, str]:
    """Return the descriptions of a section by name, or by several that share one."""
    entries = re.findall(r"^(\S.*)\n((?:(?:    .*)?\n?)*)", section, re.MULTILINE)
    return {names: flat(markdown(described)) for names, described in entries}


def _page_link(found: re.Match[str]) -> str:
    """Link a page or one of its sections by its heading, another file by its name."""
    page, anchor = found[1], found[2]
    headings = re.findall(r"^#+ (.+)$", (DOCS / page).read_text("utf-8"), re.MULTILINE)
    if anchor:
        (text,) = (each for each in headings if _slug(each) == anchor)
        return f"[{text}]({page}#{anchor})"
    return f"[{headings[0] if headings else page}]({page})"


def _slug(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
