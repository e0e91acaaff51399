"""Bounds of parameters, in one form for the constructs and for the keys of deployments.

A construct keeps the bounds of its parameters beside it, and requires them. A deployment derives
its checks, its JSON Schema and its documentation from the same bounds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from aws_cdk import Duration, Size, SizeRoundingBehavior, Token

from human_loop_events.aws.argument_types import refuse_wrong_type

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)
_UNITS: Final = {
    "day": _DAY,
    "hour": timedelta(hours=1),
    "minute": _MINUTE,
    "second": timedelta(seconds=1),
}
_SIZE_UNITS: Final = {"GiB": 1024**3, "MiB": 1024**2, "KiB": 1024}


@dataclass(frozen=True, slots=True)
class NumberBounds:
    """The bounds of a whole number, both included."""

    least: int
    """The smallest number."""
    most: int | None = None
    """The largest number. None for no such bound."""

    @property
    def expected(self) -> str:
        """The numbers, for messages and the documentation.

        Examples
        --------
        >>> NumberBounds(256, 10_240).expected, NumberBounds(1).expected
        ('a whole number, 256 to 10,240', 'a whole number from 1')
        """
        if self.most is None:
            return f"a whole number from {self.least:,}"
        return f"a whole number, {self.least:,} to {self.most:,}"

    def require(self, name: str, value: Any) -> int:
        """Return a whole number within the bounds.

        Raises
        ------
        ValueError
            If the value is no whole number, or out of bounds.
        """
        admitted = type(value) is int and value >= self.least
        if not admitted or (self.most is not None and value > self.most):
            raise ValueError(f"{name}: expected {self.expected}, got {value!r}")
        return int(value)


@dataclass(frozen=True, slots=True)
class ShareBounds:
    """The bounds of a share."""

    above: float = 0
    """The share is above it."""
    most: float = 1
    """The largest share."""

    @property
    def expected(self) -> str:
        """The shares, for messages and the documentation."""
        return f"a share, over {self.above:g} up to {self.most:g}"

    def require(self, name: str, value: float) -> float:
        """Return a share.

        Raises
        ------
        ValueError
            If it is out of bounds.
        """
        if not self.above < value <= self.most:
            raise ValueError(f"{name}: expected {self.expected}, got {value!r}")
        return value


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """The bounds of a time, both included."""

    least: timedelta
    """The shortest time."""
    most: timedelta | None = None
    """The longest time. None for no such bound."""
    whole: str = ""
    """The unit of which the time is a multiple: ``minutes`` or ``days``. Empty for none."""
    because: str = ""
    """Why there are such bounds, if the service does not say so itself."""

    @property
    def expected(self) -> str:
        """The times, for messages."""
        return f"{self._kind}{self._range}"

    def such_as(self, example: str) -> str:
        """Return the times with an example, for the keys of deployments.

        Examples
        --------
        >>> TimeBounds(timedelta(minutes=2), timedelta(minutes=15)).such_as("5 minutes")
        'a time such as 5 minutes, 2 minutes to 15 minutes'
        >>> WHOLE_DAYS.such_as("30 days")
        'whole days such as 30 days'
        """
        return f"{self._kind} such as {example}{self._range}"

    @property
    def _kind(self) -> str:
        return f"whole {self.whole}" if self.whole else "a time"

    @property
    def _range(self) -> str:
        if self.most is not None:
            return f", {in_words(self.least)} to {in_words(self.most)}"
        return "" if self.whole and self.least == self._unit else f", from {in_words(self.least)}"

    @property
    def _unit(self) -> timedelta | None:
        return _UNITS[self.whole.removesuffix("s")] if self.whole else None

    def admit(self, time: timedelta) -> bool:
        """Return whether a time is within the bounds."""
        in_units = self._unit is None or not time % self._unit
        return in_units and self.least <= time and (self.most is None or time <= self.most)

    def require(self, name: str, value: Any) -> Duration:
        """Return a duration within the bounds. A token is accepted.

        Raises
        ------
        ValueError
            If the value is no duration, or out of bounds.
        """
        refuse_wrong_type(name, value, Duration)
        given: Duration = value
        if given.is_unresolved() or self.admit(timedelta(milliseconds=given.to_milliseconds())):
            return given
        because = f": {self.because}" if self.because else ""
        raise ValueError(
            f"{name}: expected {self.expected}, got {given.to_human_string()}{because}"
        )


@dataclass(frozen=True, slots=True)
class SizeBounds:
    """The bounds of a size in bytes, both included."""

    least: int
    """The smallest size."""
    most: int | None = None
    """The largest size. None for no such bound."""

    @property
    def expected(self) -> str:
        """The sizes, for messages."""
        return f"a size{self._range}"

    def such_as(self, example: str) -> str:
        """Return the sizes with an example, for the keys of deployments.

        Examples
        --------
        >>> SizeBounds(1024, 1024**3).such_as("16 MiB")
        'a size such as 16 MiB, 1 KiB to 1 GiB'
        """
        return f"a size such as {example}{self._range}"

    @property
    def _range(self) -> str:
        if self.most is None:
            return f", from {_size_in_words(self.least)}"
        return f", {_size_in_words(self.least)} to {_size_in_words(self.most)}"

    def require(self, name: str, value: Size) -> Size:
        """Return a size within the bounds. A token is accepted.

        Raises
        ------
        ValueError
            If it is out of bounds.
        """
        if value.is_unresolved():
            return value
        size = value.to_bytes(rounding=SizeRoundingBehavior.NONE)
        if size < self.least or (self.most is not None and size > self.most):
            raise ValueError(f"{name}: expected {self.expected}, got {size:,.0f} bytes")
        return value


@dataclass(frozen=True, slots=True)
class TextForm:
    """The form of a text."""

    pattern: str
    """A regular expression that matches the whole text."""
    expected: str
    """The form, for messages and the documentation."""

    def require(self, name: str, value: Any) -> str:
        """Return a text of the form. A token is accepted.

        Raises
        ------
        ValueError
            If the value is no text, or of another form.
        """
        admitted = isinstance(value, str) and (
            Token.is_unresolved(value) or re.fullmatch(self.pattern, value)
        )
        if not admitted:
            raise ValueError(f"{name}: expected {self.expected}, got {value!r}")
        return str(value)


def in_words(time: timedelta) -> str:
    """Return a time in the largest unit that it is a multiple of.

    Examples
    --------
    >>> in_words(timedelta(hours=24)), in_words(timedelta(minutes=90))
    ('1 day', '90 minutes')
    """
    unit, size = next(each for each in _UNITS.items() if not time % each[1])
    return f"{time // size} {unit}{'' if time == size else 's'}"


def _size_in_words(size: int) -> str:
    unit, factor = next(each for each in _SIZE_UNITS.items() if not size % each[1])
    return f"{size // factor} {unit}"


#: Any count of things.
FROM_ONE: Final = NumberBounds(1)

#: Times after which S3 and EventBridge delete.
WHOLE_DAYS: Final = TimeBounds(_DAY, whole="days")

#: The periods of alarms.
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
ALARM_PERIOD: Final = TimeBounds(
    _MINUTE,
    _DAY,
    whole="minutes",
    because="CloudWatch has no other period for the metrics of AWS services",
)
