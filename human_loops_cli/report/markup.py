"""HTML, with all escaping in one place.

Names of fields come from documents and from reviewers: they can hold markup, line breaks, and
characters that change the direction of the text around them.
"""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

#: Elements without an end tag.
_VOID: Final = frozenset({"link", "meta"})

#: Joiners that scripts and emoji need, which Python calls not printable.
_JOINERS: Final = "\u200c\u200d"

#: The maximum length of a name.
_MAX_NAME: Final = 200

Item = TypeVar("Item")


class Markup(str):
    """Text that is HTML."""

    __slots__ = ()


def visible(text: str) -> str:
    r"""Return a text with control characters and the like written as ``\u202e``.

    Examples
    --------
    >>> print(visible("Total\u202e"))
    Total\u202e
    """
    if not text or text.isspace():
        return "(blank)" if text else "(empty)"
    if text.isprintable():
        return text
    return "".join(
        each
        if each.isprintable() or each in _JOINERS or unicodedata.category(each) == "Zs"
        else f"\\u{ord(each):04x}"
        for each in text
    )


def escaped(content: str) -> Markup:
    """Return a text as HTML. What is HTML stays as it is."""
    if isinstance(content, Markup):
        return content
    return Markup(html.escape(visible(content) if content else ""))


def joined(*content: str) -> Markup:
    """Return texts and HTML, one after the other, as HTML."""
    return Markup("".join(escaped(each) for each in content))


def element(tag: str, *content: str, **attributes: str | int | bool | None) -> Markup:
    """Return an element.

    Parameters
    ----------
    tag
        The element's name.
    content
        Texts, which are escaped, and HTML.
    attributes
        Attributes, with ``_`` for ``-``, and one at the end for Python's keywords. True is an
        attribute without a value; None and False are none.

    Examples
    --------
    >>> element("p", "a < b", element("b", "c"), class_="note")
    '<p class="note">a &lt; b<b>c</b></p>'
    """
    start = tag + "".join(
        f" {name.strip('_').replace('_', '-')}"
        + ("" if value is True else f'="{escaped(str(value))}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(f"<{start}>" if tag in _VOID else f"<{start}>{joined(*content)}</{tag}>")


def name(text: str) -> Markup:
    """Return a name that comes from outside, whose direction does not affect the text around it."""
    return element("bdi", visible(clipped(text)))


def clipped(text: str, longest: int = _MAX_NAME) -> str:
    """Return a text of bounded length."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    title
        Its heading.
    words
        Whether it has words rather than figures, which are aligned on the right.
    """

    title: str
    words: bool = False


def table(
    caption: str,
    columns: Sequence[Column],
    items: Sequence[Item],
    cells: Callable[[Item], Sequence[str]],
    *,
    limit: int,
) -> Markup:
    """Return a table with a row for each item, up to a limit, and what it leaves out.

    Parameters
    ----------
    caption
        What a row is.
    columns
        The columns. The first names the row.
    items
        What the rows show, the most important first.
    cells
        Returns the cells of an item, as texts or HTML.
    limit
        How many rows to show at most.
    """
    kinds = ["words" if each.words else None for each in columns]
    titles = [each.title[:1].upper() + each.title[1:] for each in columns]
    # On a phone, sentences need the whole width: each cell is a line with the title of its column.
    has_sentences = "words" in kinds[1:]
    head = [
        element("th", title, scope="col", class_=kind)
        for title, kind in zip(titles, kinds, strict=True)
    ]
    body = []
    for item in items[:limit]:
        first, *others = cells(item)
        row = [element("th", first, scope="row", class_=kinds[0])]
        row += [
            element("td", each, class_=kind, data_title=title if has_sentences else None)
            for each, kind, title in zip(others, kinds[1:], titles[1:], strict=True)
        ]
        body.append(element("tr", *row))
    return joined(
        element(
            "div",
            element(
                "table",
                element("caption", caption),
                element("thead", element("tr", *head)),
                element("tbody", *body),
                class_="cards" if has_sentences else None,
            ),
            class_="table",
            role="region",
            aria_label=caption,
            tabindex=0,
        ),
        _left_out(len(items) - limit),
    )


def _left_out(count: int) -> Markup:
    if count <= 0:
        return Markup()
    rows = "1 more row is" if count == 1 else f"{count:,} more rows are"
    return element(
        "p",
        f"{rows} left out to keep this page small. ",
        element("code", "human-loops report --json"),
        " prints all of them.",
        class_="left-out",
    )
