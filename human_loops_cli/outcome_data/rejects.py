"""Lines and files that cannot be used: by file, problem and line, without content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_MAX_LINES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejects:
    """Lines of a file with the same problem, or the whole file."""

    place: str
    """The file's path or URI."""
    problem: str
    """What is wrong with it, without its content."""
    lines: Sequence[int] = ()
    """The numbers of the first few lines with the problem. Empty if it is the whole file."""
    count: int = 1
    """How many outcomes it affects."""


@dataclass
class RejectList:
    """The rejects so far."""

    _counts: dict[tuple[str, str], int] = field(default_factory=dict)
    _lines: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def add(self, place: str, problem: str, line: int | None = None) -> None:
        """Note a line that cannot be used, or a whole file.

        Parameters
        ----------
        place
            The file.
        problem
            What is wrong, without content.
        line
            The line's number. None for the whole file.
        """
        key = place, problem
        self._counts[key] = self._counts.get(key, 0) + 1
        if line is not None:
            lines = self._lines.setdefault(key, [])
            lines.append(line)
            # Lines come in any order: only the first few are kept.
            if len(lines) > 100 * _MAX_LINES:
                self._lines[key] = sorted(lines)[:_MAX_LINES]

    def __bool__(self) -> bool:
        return bool(self._counts)

    def listed(self) -> list[Rejects]:
        """Return them by file and problem."""
        return [
            Rejects(
                place=key[0],
                problem=key[1],
                lines=tuple(sorted(self._lines.get(key, ()))[:_MAX_LINES]),
                count=count,
            )
            for key, count in sorted(self._counts.items())
        ]


def describe(rejects: Rejects) -> str:
    """Return rejects as one line of text.

    Examples
    --------
    >>> describe(Rejects(place="outcomes.jsonl", problem="longer than 1 MB", lines=(3,), count=2))
    'outcomes.jsonl, lines 3 and 1 more: longer than 1 MB'
    """
    more = rejects.count - len(rejects.lines)
    others = f" and {more:,} more" if more else ""
    if not rejects.lines:
        return f"{rejects.place}: {rejects.problem}"
    word = "line" if rejects.count == 1 else "lines"
    lines = ", ".join(map(str, rejects.lines))
    return f"{rejects.place}, {word} {lines}{others}: {rejects.problem}"
