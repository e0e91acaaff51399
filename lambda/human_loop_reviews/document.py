"""Strict JSON: one document from text, or an error that says where and what, never the content."""

from __future__ import annotations

import gc
import json
import re
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias

FORMS: Final = "AWS/Textract/AnalyzeDocument/Forms/V1"
MODERATION: Final = "AWS/Rekognition/DetectModerationLabels/Image/V3"

# The only keys an error may name. Any other key was chosen by people and may say something of them.
_NAMED_KEYS: Final = frozenset(
    {
        FORMS,
        MODERATION,
        "And",
        "ConditionParameters",
        "Conditions",
        "ImportantFormKey",
        "ImportantFormKeyAliases",
        "ModerationLabels",
        "Or",
        "acceptanceTime",
        "aiServiceRequest",
        "aiServiceResponse",
        "answerContent",
        "awsManagedHumanLoopRequestSource",
        "blockType",
        "blocks",
        "confidence",
        "entityTypes",
        "flowDefinitionArn",
        "humanAnswers",
        "humanLoopInputContent",
        "humanLoopName",
        "humanTaskActivationConditionResults",
        "id",
        "ids",
        "inputContent",
        "moderationLabels",
        "name",
        "parentName",
        "relationships",
        "selectedAiServiceResponse",
        "selectionStatus",
        "submissionTime",
        "text",
        "timeSpentInSeconds",
        "type",
        "workerId",
        "workerMetadata",
    }
)
_STEPS_NAMED: Final = 20
_LARGE: Final = 500_000
# Compiled when first needed, which for most documents is never.
_HIGH_THEN_LOW: Final = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_SURROGATE_ESCAPE: Final = r"\\u[dD][89a-fA-F]"
_LONE_SURROGATE: Final = "[\ud800-\udfff]"


class UnreadableOutputError(ValueError):
    """An output is not what Amazon A2I writes.

    The message begins with the source, names the place in the document and what was expected
    there. It holds nothing of the document's content and no reviewer's identity.
    """


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which document something stands.

    Parameters
    ----------
    source
        What the document is called: a path or a URI.
    path
        The way from the document's root, with keys that are not Amazon A2I's own as ``*``.

    Examples
    --------
    >>> str(Place("output.json").at("humanAnswers", 0, "card number").expected("text"))
    'output.json: humanAnswers[0].*: expected text'
    """

    source: str
    path: str = ""

    def at(self, *steps: str | int) -> Place:
        """Return the place so many steps further down."""
        path = self.path
        for step in steps:
            if isinstance(step, int):
                path += f"[{step}]"
            else:
                name = step if step in _NAMED_KEYS else "*"
                path += f".{name}" if path else name
        return Place(self.source, path)

    def expected(self, what: str) -> UnreadableOutputError:
        """Return the error that says what was expected here."""
        return UnreadableOutputError(
            f"{self.source}: {self.path or 'the document'}: expected {what}"
        )


def read_json(text: bytes | str, *, source: str) -> Any:
    """Parse a document, refusing what JSON readers disagree about.

    Parameters
    ----------
    text
        The document: bytes in UTF-8, with or without a byte order mark, or text.
    source
        What to call the document in errors.

    Returns
    -------
    Any
        Dictionaries, lists, texts, numbers, booleans and None.

    Raises
    ------
    UnreadableOutputError
        If it is not JSON, is nested too deeply, or has a key twice in one object, a number that is
        none (``NaN``) or half of a surrogate pair.

    Examples
    --------
    >>> read_json('{"humanAnswers": []}', source="output.json")
    {'humanAnswers': []}
    """
    place = Place(source)
    text = _decode(text, place)
    counter = _count_keys()
    next(counter)
    try:
        document = _load(text, place, object_hook=counter.send, parse_constant=_refuse)
    except _NotANumberError:
        _refuse_flaws(text, place)
        raise place.expected("numbers") from None
    if _may_repeat_keys(text, counter.send(None)) or _may_split_surrogates(text):
        _refuse_flaws(text, place)
    return document


@contextmanager
def collector_paused(size: int) -> Iterator[None]:
    """Keep Python from looking for garbage while a large document is read.

    That is hundreds of thousands of objects, all of them in use and in no cycle. Going through them
    again and again while they become more would take a third of the time.

    Parameters
    ----------
    size
        How long the document is.
    """
    pause = size > _LARGE and gc.isenabled()
    if pause:
        gc.disable()
    try:
        yield
    finally:
        if pause:
            gc.enable()


# Each of the following takes a value that may stand at a place, or some steps below it.


def an_object(value: Any, place: Place, *steps: str | int) -> dict[str, Any]:
    """Return the value if it is a JSON object; raise ``UnreadableOutputError`` otherwise."""
    if type(value) is not dict:
        raise place.at(*steps).expected("an object")
    return value


def a_list(value: Any, place: Place, *steps: str | int) -> list[Any]:
    """Return the value if it is a list; raise ``UnreadableOutputError`` otherwise."""
    if type(value) is not list:
        raise place.at(*steps).expected("a list")
    return value


def optional_object(value: Any, place: Place, *steps: str | int) -> dict[str, Any]:
    """Return the value if it is a JSON object, an empty one for null."""
    return {} if value is None else an_object(value, place, *steps)


def optional_list(value: Any, place: Place, *steps: str | int) -> list[Any]:
    """Return the value if it is a list, an empty one for null."""
    return [] if value is None else a_list(value, place, *steps)


def optional_text(value: Any, place: Place, *steps: str | int) -> str | None:
    """Return the value if it is text or null; raise ``UnreadableOutputError`` otherwise."""
    if value is not None and type(value) is not str:
        raise place.at(*steps).expected("text")
    return value


def optional_number(value: Any, place: Place, *steps: str | int) -> float | None:
    """Return the value as a float if it is a finite number or null."""
    if value is None:
        return None
    if type(value) is float or type(value) is int:
        try:
            number = float(value)
        except OverflowError:
            raise place.at(*steps).expected("a finite number") from None
        if number - number == 0:  # neither infinite nor NaN
            return number
    raise place.at(*steps).expected("a finite number")


class _NotANumberError(Exception):
    """The document says NaN or Infinity."""


def _count_keys() -> Generator[Any, Any, None]:
    """Be sent objects and send them back; return their number of keys in the end, for None.

    Sending to a generator takes less time than calling a function, and every object passes here.
    """
    keys = 0
    parsed = yield
    while parsed is not None:
        keys += len(parsed)
        parsed = yield parsed
    yield keys


def _refuse(_constant: str) -> NoReturn:
    raise _NotANumberError


def _decode(text: bytes | str, place: Place) -> str:
    """Return the text without a byte order mark, knowing that it can be written as UTF-8."""
    try:
        if isinstance(text, bytes):
            text = text.decode()
        elif not text.isascii():
            text.encode()
    except UnicodeDecodeError as error:
        raise Place(place.source, f"byte {error.start}").expected("UTF-8") from None
    except UnicodeEncodeError as error:
        here = Place(place.source, f"character {error.start}")
        raise here.expected("whole surrogate pairs") from None
    return text.removeprefix("\ufeff")


def _load(text: str, place: Place, **hooks: Any) -> Any:
    """Run the parser; everything it raises comes out as ``UnreadableOutputError``."""
    try:
        return json.loads(text, **hooks)
    except json.JSONDecodeError as error:
        place, flaw = Place(place.source, f"line {error.lineno} column {error.colno}"), "JSON"
    except RecursionError:
        flaw = "objects and lists nested less deeply"
    except ValueError:
        flaw = f"numbers of at most {sys.get_int_max_str_digits()} digits"
    raise place.expected(flaw)


def _may_repeat_keys(text: str, keys: int) -> bool:
    """Say whether the text may hold more keys than its parsed objects do.

    An object that repeats a key parses into one with fewer keys than were written. Every written
    key ends in a quote and a colon, so counting those bounds the keys from above, and nearly always
    exactly; only when the two numbers differ is a closer look worth its time.
    """
    written = text.count('":')
    if text.rfind(" :") >= 0:  # from the end, which takes half the time
        # One space after the quote, or more white space that ends in two spaces.
        written += text.count('" :') + text.count("  :")
    for space in "\t\n\r":  # never inside a string
        if space in text:
            written += text.count(space + ":") + text.count(space + " :")
    if written != keys:
        # A quote after a single backslash is inside a string: JSON packed in a string.
        written += text.count('\\\\":') - text.count('\\":')
    return written != keys


def _may_split_surrogates(text: str) -> bool:
    """Say whether the text may hold half of a surrogate pair, written as an escape."""
    if "\\" not in text or ("\\ud" not in text and "\\uD" not in text):
        return False
    return re.search(_SURROGATE_ESCAPE, re.sub(_HIGH_THEN_LOW, "", text)) is not None


@dataclass(frozen=True, slots=True)
class _Flaw:
    """Stands in the parsed document where something cannot be accepted."""

    expected: str


def _refuse_flaws(text: str, place: Place) -> None:
    """Parse once more, exactly and slowly, and raise at the first flaw if there is one."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Flaw:
        parsed = dict(pairs)
        return parsed if len(parsed) == len(pairs) else _Flaw("each key once")

    document = _load(
        text,
        place,
        object_pairs_hook=unique,
        parse_constant=lambda _constant: _Flaw("a number"),
    )
    for path, value in _walk(document):
        expected = _flaw_of(value)
        if expected:
            raise _place_of(path, place).expected(expected)


def _flaw_of(value: Any) -> str | None:
    if isinstance(value, _Flaw):
        return value.expected
    texts = [value] if type(value) is str else list(value) if type(value) is dict else []
    if any(re.search(_LONE_SURROGATE, text) for text in texts):
        return "whole surrogate pairs"
    return None


# The way to a value: the way to its parent and one step. Cheap at any depth.
_Path: TypeAlias = "tuple[_Path, str | int] | None"


def _walk(document: Any) -> Iterator[tuple[_Path, Any]]:
    """Yield every value with the way to it, parents first, without recursion."""
    pending: list[tuple[_Path, Any]] = [(None, document)]
    while pending:
        path, value = pending.pop()
        yield path, value
        if type(value) is dict:
            pending.extend([((path, key), inner) for key, inner in reversed(value.items())])
        elif type(value) is list:
            pending.extend([((path, i), value[i]) for i in reversed(range(len(value)))])


def _place_of(path: _Path, place: Place) -> Place:
    """Return the place at the end of a path; of a very long one the first steps."""
    steps: list[str | int] = []
    while path is not None:
        path, step = path
        steps.append(step)
    return place.at(*steps[: -_STEPS_NAMED - 1 : -1])
