"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

# The maximum width of a table in a file or a pipe, unless COLUMNS is set.
_WIDTH_OF_A_PIPE: Final = 200

# Texts come from documents and events, and must not control the terminal.
# The last two ranges reverse what follows.
_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave the end of the command to the application."""
        raise BrokenPipeError


class Printer:
    """Prints the results of commands.

    Parameters
    ----------
    as_json
        Whether results are JSON.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out = _console(stderr=False)
        self._err = _console(stderr=True)

    def json(self, value: Any) -> None:
        """Print a result as JSON, in ASCII: other characters could control a terminal."""
        self.text(json.dumps(value, indent=2))

    def text(self, text: str) -> None:
        """Print a line as it is, without a limit of its width."""
        sys.stdout.write(f"{text}\n")

    def line(self, text: str = "") -> None:
        """Print a line of a result."""
        self._out.print(printable(text), soft_wrap=True)

    def table(
        self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str
    ) -> None:
        """Print a table with a title, or that there is nothing to print.

        If the longest words of the columns do not fit side by side, the rows are printed as lists:
        a name that is divided cannot be copied.
        """
        cells = [[printable("" if cell is None else str(cell)) for cell in row] for row in rows]
        if not cells:
            self.line(f"{title}: {empty}")
            return
        self._out.print(Text(printable(title).plain, style="bold"), soft_wrap=True)
        widths = _widths(self._out, columns, cells)
        if widths is None:
            self._lists(columns, cells)
            return
        table = Table()
        for column, width in zip(columns, widths, strict=True):
            table.add_column(column, width=width)
        for row in cells:
            table.add_row(*row)
        self._out.print(table)

    def _lists(self, columns: Sequence[str], rows: Iterable[Sequence[Text]]) -> None:
        """Print each row as a list of its cells. A line is not limited in its width."""
        longest = max(map(len, columns))
        for row in rows:
            for name, cell in zip(columns, row, strict=True):
                if cell:
                    self._out.print(Text(f"  {name:<{longest}}  ") + cell, soft_wrap=True)
            self._out.print()

    @property
    def live_console(self) -> Console:
        """The console for a display that changes in place."""
        return self._out

    def note(self, text: str) -> None:
        """Print a note on standard error."""
        self._err.print(printable(text), soft_wrap=True)

    def progress(self) -> Progress:
        """Return a display of progress, which shows on a terminal only."""
        return Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            console=self._err,
            transient=True,
            disable=not self._err.is_terminal,
        )


def printable(text: str) -> Text:
    r"""Return a text for the terminal, with control characters replaced.

    Examples
    --------
    >>> printable("a\x1b[2J[bold]\u202e").plain
    'a\ufffd[2J[bold]\ufffd'
    """
    return Text(_CONTROL.sub("\ufffd", text))


def _widths(
    console: Console, columns: Sequence[str], rows: Sequence[Sequence[Text]]
) -> list[int] | None:
    """Return the widths of columns in which no word is divided. None if they do not fit."""
    unlimited = console.options.update(max_width=sys.maxsize)
    measured = [
        [Measurement.get(console, unlimited, cell) for cell in (Text(name), *column)]
        for name, column in zip(columns, zip(*rows, strict=True), strict=True)
    ]
    widths = [max(each.minimum for each in column) for column in measured]
    # A border, and a space on each side of a cell.
    left = console.width - sum(widths) - 3 * len(columns) - 1
    if left < 0:
        return None
    wanted = [max(each.maximum for each in column) for column in measured]
    # The columns that want least more get it, so that as few as possible have lines that wrap.
    order = sorted(range(len(columns)), key=lambda n: wanted[n] - widths[n])
    for turn, n in enumerate(order):
        more = min(wanted[n] - widths[n], left // (len(order) - turn))
        widths[n] += more
        left -= more
    return widths


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    fits = stream.isatty() or "COLUMNS" in os.environ
    return _Console(stderr=stderr, highlight=False, width=None if fits else _WIDTH_OF_A_PIPE)
