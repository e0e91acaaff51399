"""The demo's output: steps with their time, and tables and quotations that fit the terminal."""

from __future__ import annotations

import contextlib
import io
import shutil
import textwrap
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.box import Box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.cases import Case
from local.observer import Observation

# A narrower terminal wraps the lines. A file or a pipe has 120 columns.
_MIN_WIDTH = 60
_WIDTH = max(_MIN_WIDTH, shutil.get_terminal_size((120, 24)).columns)
_INDENT = "  "
_QUOTED = f"{_INDENT}| "
_CONTINUED = "    "
QUOTED_WIDTH = _WIDTH - len(_QUOTED)
"""The number of columns of a line in a quotation."""

_RULE_UNDER_HEADINGS = Box("    \n    \n -  \n    \n    \n    \n    \n    \n", ascii=True)


@contextlib.contextmanager
def step(doing: str) -> Iterator[None]:
    """Print what is being done, and how long it took."""
    print(f"{doing} ...", end="", flush=True)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        print(" not done", flush=True)
        raise
    print(f" {time.monotonic() - start:.1f} s", flush=True)


def table(headings: Sequence[str], rows: Sequence[Sequence[str | int]], *, zero: str = "-") -> str:
    """Return a table with numbers aligned to the right, and a dash or another text for zero.

    Cells that do not fit are folded.
    """
    console = Console(width=_WIDTH - len(_INDENT), file=io.StringIO(), color_system=None)
    drawn = Table(box=_RULE_UNDER_HEADINGS, show_edge=False, padding=(0, 1, 0, 0))
    for heading, column in zip(headings, zip(*rows, strict=True), strict=True):
        numeric = all(isinstance(value, int) for value in column)
        drawn.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(_cell(value, zero)) for value in row))
    with console.capture() as capture:
        console.print(drawn)
    lines = (line.rstrip() for line in capture.get().splitlines())
    return textwrap.indent("\n".join(lines), _INDENT)


def arrivals_table(cases: Sequence[Case], observations: Mapping[str, Observation]) -> str:
    """Return a table with the observations of each human loop."""
    return table(
        ["human loop", "what happened", "sent", "topic", "queue", "alerts", "outcome", "ledger"],
        [_arrivals_row(case, observations[case.loop]) for case in cases],
    )


def _arrivals_row(case: Case, observation: Observation) -> list[str | int]:
    return [
        case.loop,
        case.shows,
        case.sent,
        observation.topic,
        observation.queue,
        len(observation.alerts),
        len(observation.outcomes),
        ", ".join(_recorded(record) for record in observation.records) or "-",
    ]


def _recorded(record: Mapping[str, Any]) -> str:
    answers = record.get("answerCount")
    recovered = ", recovered" if record.get("recovered") else ""
    return f"{record['humanLoopStatus']}{f', {answers} answers' if answers else ''}{recovered}"


def fields_table(cases: Sequence[Case], observations: Mapping[str, Observation]) -> str:
    """Return a table with the prediction, the answers and the verdict for each reviewed field."""
    rows: list[list[str | int]] = []
    for case in cases:
        for outcome in observations[case.loop].outcomes[:1]:
            names = [case.loop, *[""] * len(outcome["fields"])]
            rows.extend(
                [
                    name,
                    field["name"],
                    _value(field["values"]["predicted"]),
                    _answers(field),
                    field["verdict"] or "-",
                ]
                for name, field in zip(names, outcome["fields"], strict=False)
            )
    return table(["human loop", "field", "predicted", "reviewers", "verdict"], rows)


def _answers(field: Mapping[str, Any]) -> str:
    """Return the answer of most of the reviewers, or the answers of all if there is none."""
    values = field["values"]
    if field["verdict"] in ("disputed", None) and values["consensus"] is None:
        return " | ".join(_value(answer) for answer in values["answers"])
    return _value(values["consensus"])


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value) or "-"
    return "-" if value is None else str(value)


def _cell(value: str | int, zero: str) -> str:
    if isinstance(value, int):
        return str(value) if value else zero
    return " ".join(value.split())


def quotation(text: str) -> str:
    """Return a text with a mark before each line, wrapped to the width of the terminal."""
    console = Console(width=QUOTED_WIDTH)
    parts = (
        f"{_CONTINUED if number else ''}{part.plain.rstrip()}"
        for line in text.strip("\n").splitlines()
        for number, part in enumerate(_wrapped(line, console))
    )
    return "\n".join(f"{_QUOTED}{part}".rstrip() for part in parts)


def _wrapped(line: str, console: Console) -> Iterable[Text]:
    if cell_len(line) <= QUOTED_WIDTH:
        return [Text(line)]
    return Text(line).wrap(console, QUOTED_WIDTH - len(_CONTINUED), overflow="fold")
