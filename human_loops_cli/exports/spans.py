"""Labelled spans of a text, as `crowd-entity-annotation` writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from human_loop_reviews.review.values import single_spaced
from human_loops_cli.exports.left_out import LeftOutError, Reason


class TextSpan(NamedTuple):
    """A labelled span.

    The offsets count UTF-16 code units, as the browser of a reviewer does: a character beyond the
    Basic Multilingual Plane, such as an emoji, counts as two. No page of AWS says so.
    """

    label: str
    start: int
    end: int
    text: str


def spans_of_text(spans: Sequence[Mapping[str, Any]], text: str) -> list[TextSpan]:
    r"""Return spans with their text.

    Parameters
    ----------
    spans
        As a review displays them.
    text
        What the reviewers read.

    Raises
    ------
    LeftOutError
        If a span is empty, not within the text or divides a character, or has no label.

    Examples
    --------
    >>> span = {"label": "org", "startOffset": 3, "endOffset": 6}
    >>> spans_of_text([span], "\U0001f600 IBM")
    [TextSpan(label='org', start=3, end=6, text='IBM')]
    """
    units = text.encode("utf-16-le")
    return [_of_text(span, units) for span in spans]


def start_in_characters(span: TextSpan, text: str) -> int:
    r"""Return where a span begins, counted in characters, each of which is one.

    Examples
    --------
    >>> start_in_characters(TextSpan("org", 3, 6, "IBM"), "\U0001f600 IBM")
    2
    """
    return len(text.encode("utf-16-le")[: 2 * span.start].decode("utf-16-le"))


def _of_text(span: Mapping[str, Any], units: bytes) -> TextSpan:
    label, start, end = single_spaced(span["label"]), span["startOffset"], span["endOffset"]
    if not label:
        raise LeftOutError(Reason.NO_LABEL)
    if not 0 <= start < end <= len(units) // 2:
        raise LeftOutError(Reason.SPAN_OUTSIDE_TEXT)
    try:
        return TextSpan(label, start, end, units[2 * start : 2 * end].decode("utf-16-le"))
    except UnicodeDecodeError:
        raise LeftOutError(Reason.SPAN_OUTSIDE_TEXT) from None
