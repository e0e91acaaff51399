"""Checks of parsed JSON: each returns the value in its type, or raises an error with its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, NamedTuple, TypeVar

from human_loop_reviews.a2i.task_type import FORMS, MODERATION

_T = TypeVar("_T")

# The only keys that an error may name. Any other key was chosen by a person or by the flow's owner,
# and can itself be personal data.
_NAMED_KEYS: Final = frozenset(
    {
        FORMS,
        MODERATION,
        "ModerationLabels",
        "acceptanceTime",
        "account",
        "aiServiceRequest",
        "aiServiceResponse",
        "answerContent",
        "awsManagedHumanLoopRequestSource",
        "blockType",
        "blocks",
        "confidence",
        "creationTime",
        "detail",
        "detail-type",
        "entityTypes",
        "failureCode",
        "failureReason",
        "flowDefinitionArn",
        "humanAnswers",
        "humanLoopArn",
        "humanLoopInputContent",
        "humanLoopName",
        "humanLoopOutput",
        "humanLoopStatus",
        "id",
        "ids",
        "inputContent",
        "moderationLabels",
        "name",
        "outputS3Uri",
        "parentName",
        "relationships",
        "selectedAiServiceResponse",
        "selectionStatus",
        "source",
        "submissionTime",
        "text",
        "time",
        "timeSpentInSeconds",
        "type",
        "workerId",
        "workerMetadata",
    }
)

# The length of the longest text that is read as a time. Event times are also sort keys.
_MAX_TIME_LENGTH: Final = 64


class InvalidDocumentError(ValueError):
    """An event or an output is not in A2I's form. Every retry raises the same error."""

    #: Whether messages name the type of the value that was found.
    NAMES_TYPES: ClassVar[bool] = False


class UnreadableOutputError(InvalidDocumentError):
    """An output is not what Amazon A2I writes.

    The message begins with the source, names the place in the document and what was expected
    there. It contains nothing of the document's content and no reviewer's identity.
    """


class Place(NamedTuple):
    """A place in a document.

    Examples
    --------
    >>> str(Place("output.json").at("humanAnswers", 0, "card number").expected("text"))
    'output.json: humanAnswers[0].*: expected text'
    """

    source: str
    """What errors call the document: a path or a URI."""
    path: str = ""
    """The keys and indexes from the document's root. Keys that are not Amazon A2I's own are written
    as ``*``."""
    error: type[InvalidDocumentError] = UnreadableOutputError
    """The class of the errors about this document."""

    def at(self, *steps: str | int) -> Place:
        """Return the place that many steps further down."""
        path = self.path
        for step in steps:
            if isinstance(step, int):
                path += f"[{step}]"
            else:
                name = step if step in _NAMED_KEYS else "*"
                path += f".{name}" if path else name
        return Place(self.source, path, self.error)

    def expected(self, what: str) -> InvalidDocumentError:
        """Return the error that names this place and what was expected."""
        where = f"{self.source}: {self.path}" if self.path else self._whole()
        return self.error(f"{where}: expected {what}")

    def unexpected(self, what: str, value: Any, *, or_null: bool = False) -> InvalidDocumentError:
        """Return the error that names this place, what was expected and the value's type.

        Only classes of errors with ``NAMES_TYPES`` name the type. The value is never shown.
        """
        if not self.error.NAMES_TYPES:
            return self.expected(what)
        return self.expected(f"{what}{' or null' if or_null else ''}, got {_type_name(value)}")

    def _whole(self) -> str:
        return self.source if self.error.NAMES_TYPES else f"{self.source}: the document"


# Each of the following checks the value at a place, or some steps below it.


def require_object(value: Any, place: Place, *steps: str | int) -> dict[str, Any]:
    """Return the value if it is a JSON object; raise the place's error otherwise."""
    if type(value) is not dict:
        raise place.at(*steps).unexpected("an object", value)
    return value


def require_list(value: Any, place: Place, *steps: str | int) -> list[Any]:
    """Return the value if it is a list; raise the place's error otherwise."""
    if type(value) is not list:
        raise place.at(*steps).unexpected("a list", value)
    return value


def require_text(value: Any, place: Place, *steps: str | int) -> str:
    """Return the value if it is text that is not empty; raise the place's error otherwise."""
    if type(value) is not str or not value:
        raise place.at(*steps).unexpected("text", value)
    return value


def require_one_of(value: Any, choices: Sequence[str], place: Place, *steps: str | int) -> str:
    """Return the value if it is one of the choices. The error shows a text that is not."""
    if type(value) is str and value in choices:
        return value
    what = " or ".join(choices)
    if type(value) is str:
        raise place.at(*steps).expected(f"{what}, got {value!r}")
    raise place.at(*steps).unexpected(what, value)


def require_time(text: str, place: Place, *steps: str | int) -> datetime:
    """Return a time in ISO 8601 as UTC. A time without a zone is UTC."""
    try:
        time = datetime.fromisoformat(text if len(text) <= _MAX_TIME_LENGTH else "")
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (OverflowError, ValueError):
        raise place.at(*steps).expected("a time such as 2019-11-14T17:37:36.740Z") from None


def optional_object(value: Any, place: Place, *steps: str | int) -> dict[str, Any]:
    """Return the value if it is a JSON object, an empty one for null."""
    if value is not None and type(value) is not dict:
        raise place.at(*steps).unexpected("an object", value, or_null=True)
    return value or {}


def optional_list(value: Any, place: Place, *steps: str | int) -> list[Any]:
    """Return the value if it is a list, an empty one for null."""
    if value is not None and type(value) is not list:
        raise place.at(*steps).unexpected("a list", value, or_null=True)
    return value or []


def optional_text(value: Any, place: Place, *steps: str | int) -> str | None:
    """Return the value if it is text or null; raise the place's error otherwise."""
    if value is not None and type(value) is not str:
        raise place.at(*steps).unexpected("text", value, or_null=True)
    return value


def optional_time(value: Any, place: Place, *steps: str | int) -> datetime | None:
    """Return a time in ISO 8601 as UTC, None for null."""
    text = optional_text(value, place, *steps)
    return None if text is None else require_time(text, place, *steps)


def optional_number(value: Any, place: Place, *steps: str | int) -> float | None:
    """Return the value as a float if it is a finite number, None for null."""
    if value is None:
        return None
    if type(value) is float or type(value) is int:
        try:
            number = float(value)
        except OverflowError:
            raise place.at(*steps).expected("a finite number") from None
        if number - number == 0:  # neither infinite nor NaN
            return number
    raise place.at(*steps).unexpected("a finite number", value)


def optional_seconds(value: Any, place: Place, *steps: str | int) -> float | None:
    """Return the value as a float if it is a finite number from 0, None for null."""
    seconds = optional_number(value, place, *steps)
    if seconds is not None and seconds < 0:
        raise place.at(*steps).expected("a number of seconds, 0 or more")
    return seconds


class OptionalValues:
    """Reads values that a document can do without. What has an unexpected form counts as absent.

    Examples
    --------
    >>> values = OptionalValues()
    >>> values.read(optional_number, "soon", Place("output.json"))
    >>> values.ignored
    1
    """

    def __init__(self) -> None:
        self.ignored = 0
        """How many values had an unexpected form."""

    def read(self, check: Callable[[Any, Place], _T | None], value: Any, place: Place) -> _T | None:
        """Return what a check of this module returns, None and counted where it raises."""
        try:
            return check(value, place)
        except InvalidDocumentError:
            self.ignored += 1
            return None


def _type_name(value: Any) -> str:
    if value is None:
        return "nothing"
    return "empty text" if value == "" else type(value).__name__
