"""Numbers as the report writes them, so that none of them flatters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import ceil, floor, sqrt
from statistics import NormalDist
from typing import Final

#: The standard score of a two-sided 95 % interval.
_Z: Final = NormalDist().inv_cdf(0.975)

#: A share of fewer is marked as being of few.
FEW: Final = 30

#: From so many on, a tenth of a percent means something.
_MANY: Final = 1_000

_MONTHS: Final = "JanFebMarAprMayJunJulAugSepOctNovDec"
_NBSP: Final = "\u00a0"
NOT_KNOWN: Final = "n/a"


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a number of things, 95 % interval included.

    Parameters
    ----------
    part, of
        The share is ``part`` of ``of``. There is none of zero.
    """

    part: int
    of: int

    @property
    def few(self) -> bool:
        """Whether it is of so few that it says little."""
        return self.of < FEW

    @property
    def value(self) -> float:
        """The share, 0 to 1. Only of more than zero."""
        return self.part / self.of

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval, with a probability of 95 %. Only of more than zero.

        It is that of E. B. Wilson, Probable inference, the law of succession, and statistical
        inference (1927), which holds for small numbers and for shares near 0 and 1.

        Examples
        --------
        >>> low, high = Share(9, 10).interval
        >>> round(low, 3), round(high, 3)
        (0.596, 0.982)
        """
        spread = _Z * sqrt(self.value * (1 - self.value) / self.of + (_Z / (2 * self.of)) ** 2)
        scale = 1 + _Z**2 / self.of
        middle = self.value + _Z**2 / (2 * self.of)
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)

    @property
    def text(self) -> str:
        r"""The share and the number that it is a share of.

        Examples
        --------
        >>> Share(3, 4).text, Share(0, 0).text
        ('75\xa0% of 4', 'n/a')
        """
        return f"{self.percent} of {self.of:,}" if self.of else NOT_KNOWN

    @property
    def percent(self) -> str:
        r"""The share alone. It is 0 % or 100 % only if it is exactly that.

        Examples
        --------
        >>> Share(1999, 2000).percent, Share(1, 1_000_000).percent, Share(199, 200).percent
        ('>99.9\xa0%', '<0.1\xa0%', '>99\xa0%')
        """
        if not self.of:
            return NOT_KNOWN
        places = 1 if self.of >= _MANY else 0
        if 0 < self.part < self.of:
            step = 10**-places
            if self.value * 100 > 100 - step:
                return f">{100 - step:.{places}f}{_NBSP}%"
            if self.value * 100 < step:
                return f"<{step:.{places}f}{_NBSP}%"
        return f"{self.value * 100:.{places}f}{_NBSP}%"

    @property
    def range(self) -> str:
        r"""The interval, rounded outwards.

        Examples
        --------
        >>> Share(9, 10).range, Share(0, 0).range
        ('59 to 99\xa0%', 'n/a')
        """
        if not self.of:
            return NOT_KNOWN
        low, high = self.interval
        scale = 1000 if self.of >= _MANY else 100
        places = 1 if self.of >= _MANY else 0
        lowest, highest = floor(low * scale) * 100 / scale, ceil(high * scale) * 100 / scale
        return f"{lowest:.{places}f} to {highest:.{places}f}{_NBSP}%"


def counted(count: int, one: str, several: str | None = None) -> str:
    """Return a number of things.

    Examples
    --------
    >>> counted(1, "loop"), counted(1200, "loop"), counted(2, "has", "have")
    ('1 loop', '1,200 loops', '2 have')
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def duration(seconds: float | None) -> str:
    r"""Return a time in its two largest units.

    Examples
    --------
    >>> duration(8.2), duration(760), duration(8240), duration(200_000), duration(None)
    ('8\xa0s', '13\xa0min', '2\xa0h 17\xa0min', '2\xa0d 7\xa0h', 'n/a')
    """
    if seconds is None:
        return NOT_KNOWN
    if round(seconds) < 60:
        return f"{seconds:.0f}{_NBSP}s"
    minutes = round(seconds / 60)
    hours, days = minutes // 60, minutes // 1440
    if hours == 0:
        return f"{minutes}{_NBSP}min"
    if days == 0:
        return f"{hours}{_NBSP}h" + (f" {minutes % 60}{_NBSP}min" if minutes % 60 else "")
    return f"{days:,}{_NBSP}d" + (f" {hours % 24}{_NBSP}h" if hours % 24 else "")


def day_text(day: date) -> str:
    r"""Return a day.

    Examples
    --------
    >>> day_text(date(2026, 3, 1))
    '1\xa0Mar\xa02026'
    """
    return f"{day.day}{_NBSP}{_MONTHS[3 * day.month - 3 : 3 * day.month]}{_NBSP}{day.year}"
