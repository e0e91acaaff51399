"""What the demo prints: steps with their time, and aligned tables of at most 120 columns."""

from __future__ import annotations

import contextlib
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local.cases import Case
from local.witness import Trace

_WIDTH = 116
_WIDEST_CELL = 40


@contextlib.contextmanager
def step(doing: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    print(f"{doing} ...", end="", flush=True)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        print(" not done", flush=True)
        raise
    print(f" {time.monotonic() - start:.1f} s", flush=True)


def table(headings: Sequence[str], rows: Sequence[Sequence[str | int]], *, zero: str = "-") -> str:
    """Align cells in columns: numbers to the right, an absent one as a dash."""
    cells = [[_cell(value) if value != 0 else zero for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    numeric = [
        bool(rows) and all(isinstance(row[column], int) for row in rows)
        for column in range(len(headings))
    ]

    def line(row: Sequence[str]) -> str:
        aligned = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        return "  ".join(aligned).rstrip()

    rule = ["-" * width for width in widths]
    return textwrap.indent("\n".join(map(line, [headings, rule, *cells])), "  ")


def arrivals_table(cases: Sequence[Case], traces: Mapping[str, Trace]) -> str:
    """Show, for each human loop, what each target received and what the ledger holds."""
    return table(
        ["human loop", "what happened", "sent", "topic", "queue", "alerts", "outcome", "ledger"],
        [_arrivals_row(case, traces[case.loop]) for case in cases],
    )


def _arrivals_row(case: Case, trace: Trace) -> list[str | int]:
    return [
        case.loop,
        case.shows,
        case.sent,
        trace.topic,
        trace.queue,
        len(trace.alerts),
        len(trace.outcomes),
        ", ".join(_recorded(record) for record in trace.records) or "-",
    ]


def _recorded(record: Mapping[str, Any]) -> str:
    answers = record.get("answerCount")
    return str(record["humanLoopStatus"]) + (f", {answers} answers" if answers else "")


def fields_table(cases: Sequence[Case], traces: Mapping[str, Trace]) -> str:
    """Show, for each reviewed loop, what the model said, what people said, and the verdict."""
    rows: list[list[str | int]] = []
    for case in cases:
        for outcome in traces[case.loop].outcomes[:1]:
            names = [case.loop, *[""] * len(outcome["fields"])]
            rows.extend(
                [
                    name,
                    field["name"],
                    _value(field["values"]["predicted"]),
                    _people(field),
                    field["verdict"] or "-",
                ]
                for name, field in zip(names, outcome["fields"], strict=False)
            )
    return table(["human loop", "field", "predicted", "reviewers", "verdict"], rows)


def _people(field: Mapping[str, Any]) -> str:
    """Say what most of the reviewers said; if there is no such thing, what each of them said."""
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


def _cell(value: str | int) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _WIDEST_CELL else text[: _WIDEST_CELL - 3] + "..."


def quotation(text: str) -> str:
    """Set a message off from the demo's own words, as it came, in lines that fit."""
    lines = (
        textwrap.wrap(line, _WIDTH - 4, subsequent_indent="    ") or [""]
        for line in text.splitlines()
    )
    return "\n".join(f"  | {part}" for wrapped in lines for part in wrapped)
