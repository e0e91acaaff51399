"""Strict JSON: the value that a text holds, or an error that names the place and no content."""

from __future__ import annotations

import gc
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from human_loop_reviews.a2i.validation import Place

_MAX_STEPS_NAMED: Final = 20
_LARGE: Final = 500_000
# Compiled on first use: most documents have no surrogates.
_SURROGATE_PAIR: Final = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_SURROGATE_ESCAPE: Final = r"\\u[dD][89a-fA-F]"
_LONE_SURROGATE: Final = "[\ud800-\udfff]"

# Takes the place of NaN or Infinity in a parsed document.
_NOT_A_NUMBER: Final = object()


def read_json(text: bytes | str, *, source: str, unique_keys: bool = False) -> Any:
    """Parse a document, refusing what JSON does not allow but Python's parser does.

    Of a key that an object repeats, the last value counts, as in Python and JavaScript.

    Parameters
    ----------
    text
        The document: bytes in UTF-8, with or without a byte order mark, or text.
    source
        What errors call the document.
    unique_keys
        Whether an object that repeats a key is refused.

    Returns
    -------
    Any
        Dictionaries, lists, texts, numbers, booleans and None.

    Raises
    ------
    UnreadableOutputError
        If the text is not JSON, is nested too deeply, or contains ``NaN``, ``Infinity`` or a lone
        surrogate.

    Examples
    --------
    >>> read_json('{"humanAnswers": []}', source="output.json")
    {'humanAnswers': []}
    """
    place = Place(source)
    text = _decode(text, place)
    constants: list[str] = []

    def mark(constant: str) -> object:
        constants.append(constant)
        return _NOT_A_NUMBER

    hooks = {"object_pairs_hook": _unique} if unique_keys else {}
    document = _parse(text, place, parse_constant=mark, **hooks)
    if constants or _may_have_lone_surrogates(text):
        _refuse_flaws(document, place)
    if constants:  # all of them in values of a repeated key, which do not count
        raise place.expected("a number")
    return document


@contextmanager
def garbage_collector_paused(size: int) -> Iterator[None]:
    """Pause Python's garbage collector while a large document is read.

    Parsing makes hundreds of thousands of objects, all of them in use and in no cycle. Visiting
    them again and again while their number grows would take a third of the time.

    Parameters
    ----------
    size
        The length of the document. Small documents pause nothing.
    """
    pause = size > _LARGE and gc.isenabled()
    if pause:
        gc.disable()
    try:
        yield
    finally:
        if pause:
            gc.enable()


class _RepeatedKeyError(Exception):
    """An object repeats a key."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(pairs)
    if len(parsed) < len(pairs):
        raise _RepeatedKeyError
    return parsed


def _decode(text: bytes | str, place: Place) -> str:
    """Return the text without a byte order mark, after a check that UTF-8 can express it."""
    try:
        if isinstance(text, bytes):
            text = text.decode()
        elif not text.isascii():
            text.encode()
    except UnicodeDecodeError as error:
        raise place._replace(path=f"byte {error.start}").expected("UTF-8") from None
    except UnicodeEncodeError as error:
        here = place._replace(path=f"character {error.start}")
        raise here.expected("whole surrogate pairs") from None
    return text.removeprefix("\ufeff")


def _parse(text: str, place: Place, **hooks: Any) -> Any:
    """Run the parser; whatever it raises becomes an ``UnreadableOutputError``."""
    try:
        return json.loads(text, **hooks)
    except json.JSONDecodeError as error:
        place, expected = place._replace(path=f"line {error.lineno} column {error.colno}"), "JSON"
    except RecursionError:
        expected = "objects and lists nested less deeply"
    except ValueError:
        expected = f"numbers of at most {sys.get_int_max_str_digits()} digits"
    except _RepeatedKeyError:
        expected = "each key once in an object"
    raise place.expected(expected)


def _may_have_lone_surrogates(text: str) -> bool:
    """Return whether the text may contain a lone surrogate, written as an escape."""
    if "\\" not in text or ("\\ud" not in text and "\\uD" not in text):
        return False
    return re.search(_SURROGATE_ESCAPE, re.sub(_SURROGATE_PAIR, "", text)) is not None


def _refuse_flaws(document: Any, place: Place) -> None:
    """Raise an error with the place of the first value that is refused, if there is one."""
    for path, value in _walk(document):
        if value is _NOT_A_NUMBER:
            raise _place_of(path, place).expected("a number")
        texts = [value] if type(value) is str else list(value) if type(value) is dict else []
        if any(re.search(_LONE_SURROGATE, text) for text in texts):
            raise _place_of(path, place).expected("whole surrogate pairs")


# The path to a value: the path to its parent and one step. Small at any depth.
_Path: TypeAlias = "tuple[_Path, str | int] | None"


def _walk(document: Any) -> Iterator[tuple[_Path, Any]]:
    """Yield every value with its path, parents first, without recursion."""
    pending: list[tuple[_Path, Any]] = [(None, document)]
    while pending:
        path, value = pending.pop()
        yield path, value
        if type(value) is dict:
            pending.extend([((path, key), inner) for key, inner in reversed(value.items())])
        elif type(value) is list:
            pending.extend([((path, i), value[i]) for i in reversed(range(len(value)))])


def _place_of(path: _Path, place: Place) -> Place:
    """Return the place at the end of a path; for a very long path, the place of its first steps."""
    steps: list[str | int] = []
    while path is not None:
        path, step = path
        steps.append(step)
    return place.at(*steps[: -_MAX_STEPS_NAMED - 1 : -1])
