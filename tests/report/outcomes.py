"""Made-up outcomes in the two tables, and the report's data that the real queries make of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from tempfile import NamedTemporaryFile
from typing import Any

import duckdb

from human_loop_tables.queries import QUERIES
from human_loop_tables.tables import TABLES
from human_loops_cli.outcome_data.rejects import Rejects
from human_loops_cli.report.data import ReportData
from human_loops_cli.thresholds.advice import Advice
from human_loops_cli.thresholds.advise import advise
from human_loops_cli.thresholds.cut_off import cut_off, pending_notes

Row = dict[str, Any]
ARN = "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/"

#: A field's share of documents that have it, and how often the model is right about it.
INVOICE = {
    "Invoice Number": (0.99, 0.95),
    "Invoice Date": (0.98, 0.93),
    "Total": (0.99, 0.84),
    "Due Date": (0.7, 0.88),
    "Purchase Order": (0.5, 0.76),
    "VAT Number": (0.6, 0.9),
    "Supplier": (0.97, 0.94),
    "Payment Terms": (0.35, 0.7),
    "IBAN": (0.6, 0.97),
    "Paid": (0.3, 0.98),
}
CLAIM = {"Policy Number": (0.95, 0.86), "Date of Loss": (0.9, 0.8), "Policy Holder": (1, 0.92)}
WRONG = ("corrected", "corrected", "corrected", "removed", "relabelled", "disputed")


def staged(loops: Sequence[Row], fields: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows of all queries on tables with these rows, as the engine returns them."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table, rows in (("loops", loops), ("fields", fields)):
            columns = [column.name for column in TABLES[table]]
            types = ", ".join(f"{column.name} {column.type}" for column in TABLES[table])
            connection.execute(f"CREATE TABLE {table} ({types})")
            if not rows:
                continue
            with NamedTemporaryFile("w", suffix=".jsonl") as file:
                for row in rows:
                    file.write(json.dumps({name: row.get(name) for name in columns}, default=str))
                    file.write("\n")
                file.flush()
                connection.execute(f"COPY {table} FROM '{file.name}' (FORMAT json)")
        found = {}
        for query in QUERIES.values():
            cursor = connection.execute(query.sql)
            names = [each[0] for each in cursor.description or ()]
            assert tuple(names) == query.columns
            found[query.name] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return found


def loop(place: int, flow: str = "invoices", **changes: Any) -> Row:
    """Return a row of `loops`."""
    created = changes.pop("creation_time", datetime(2026, 3, 2, 9, tzinfo=UTC))
    seconds = changes.get("turnaround_seconds", 7200.0)
    end = created + timedelta(seconds=seconds) if seconds is not None else None
    return {
        "human_loop_arn": f"arn:aws:sagemaker:eu-west-1:111122223333:human-loop/{flow}-{place}",
        "creation_time": created,
        "flow_definition_arn": ARN + flow,
        "reference_time": end or created,
        "day": (end or created).date(),
        "task_type": "TextractForms",
        "sampled": None,
        "reviewer_count": 1,
        "human_loop_name": f"{flow}-{place}",
        "status": "Completed",
        "end_time": end,
        "turnaround_seconds": seconds,
        "unreadable": False,
        "unanswered": False,
        "prediction_known": True,
        "fields_judged": 0,
        "fields_correct": 0,
        "fields_left_out": 0,
        "seconds_worked": 95.0,
    } | changes


def field(of: Row, name: str, *, correct: bool | None = True, **changes: Any) -> Row:
    """Return a row of `fields`."""
    verdict = {True: "confirmed", False: "corrected", None: None}[correct]
    shared = {column.name for column in TABLES["fields"]} & of.keys()
    row = {key: of[key] for key in shared} | {
        "field": name,
        "name": name,
        "verdict": verdict,
        "model_correct": correct,
        "confidence": 81.5,
        "shown": True,
    }
    return row | changes


def judged(of: Row, fields: Iterable[Row]) -> Row:
    """Return a loop with the numbers of its judged fields."""
    known = [row["model_correct"] for row in fields if row["shown"] and row["verdict"] != "added"]
    known = [each for each in known if each is not None]
    return of | {"fields_judged": len(known), "fields_correct": sum(known)}


def plausible(days: int = 45, loops_a_day: int = 30, seed: int = 7) -> tuple[list[Row], list[Row]]:
    """Return the rows of outcomes as two flow definitions could have them."""
    chance = random.Random(seed)  # noqa: S311
    loops: list[Row] = []
    fields: list[Row] = []
    for flow, known, factor in (("invoices", INVOICE, 1.0), ("claims", CLAIM, 0.3)):
        for day in range(days):
            start = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day)
            busy = 0.15 if start.weekday() > 4 else 1
            for _ in range(round(chance.gauss(loops_a_day, 6) * busy * factor)):
                ended, its_fields = _ended_loop(chance, len(loops), flow, start, known)
                loops.append(ended)
                fields += its_fields
    return loops, fields


def _ended_loop(
    chance: random.Random, place: int, flow: str, start: datetime, known: Mapping[str, Any]
) -> tuple[Row, list[Row]]:
    created = start + timedelta(hours=chance.uniform(6, 18))
    status = chance.choices(("Completed", "Failed", "Stopped"), (96, 3, 1))[0]
    sampled = chance.random() < 0.35
    ended = loop(
        place,
        flow,
        creation_time=created,
        turnaround_seconds=round(chance.lognormvariate(8.6, 0.8), 3),
        status=status,
        sampled=sampled,
        reviewer_count=chance.choice((1, 2, 2)) if status == "Completed" else 0,
    )
    if status != "Completed":
        code = chance.choice(("ValidationError", "Expired", "Expired", None))
        return ended | {"failure_code": code if status == "Failed" else None}, []
    fields = []
    for name, (present, right) in known.items():
        if chance.random() < present:
            fields.append(_reviewed_field(chance, ended, name, right, sampled=sampled))
    return judged(ended, fields), fields


def _reviewed_field(
    chance: random.Random, of: Row, name: str, right: float, *, sampled: bool
) -> Row:
    if chance.random() < 0.02:
        return field(of, name, correct=None, verdict="added", confidence=None, shown=None)
    confidence = round(100 - min(70, chance.expovariate(1 / (9 if sampled else 24))), 2)
    correct = chance.random() < right - (100 - confidence) / 130 + 0.04
    verdict = "confirmed" if correct else chance.choice(WRONG)
    pairs = None
    if of["reviewer_count"] > 1:
        pairs = 1.0 if chance.random() < (0.97 if correct else 0.7) else 0.0
    row = field(
        of,
        name,
        correct=correct,
        verdict=verdict,
        confidence=confidence,
        reviewer_agreement=pairs,
    )
    return row | ({"predicted_name": "No."} if verdict == "relabelled" else {})


def example() -> ReportData:
    """Return the data of the example in the README."""
    loops, fields = plausible()
    rows = staged(loops, fields)
    cut = cut_off(
        {
            "loops": len(loops) + 37,
            "latest": max(str(each["end_time"]) for each in loops if each["end_time"])[:19],
            "longest_milliseconds": max(each["turnaround_seconds"] or 0 for each in loops) * 1000,
        }
    )
    return ReportData(
        sources=["s3://example-archive/outcomes/"],
        since=datetime(2026, 3, 1, tzinfo=UTC),
        outcomes=len(loops) + 6,
        duplicates=4,
        replaced=1,
        verifications=1,
        rejects=[
            Rejects(
                place="s3://example-archive/outcomes/b.jsonl.gz", problem="not JSON", lines=[17]
            )
        ],
        rows=rows,
        advice=advise(rows["samples"], rows["sampling"]),
        cut_off=cut,
        pending=list(pending_notes(cut, rows["sampling"])),
    )


#: Names that break out of a page, a chart or a line that does not expect them.
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "</title></style><svg onload=alert(3)>",
    '" onmouseover="alert(4)" x="',
    "' autofocus onfocus='alert(5)",
    "<!--",
    "-->",
    "]]>",
    "&lt;script&gt;",
    "line\u2028separator\u2029and\x00null\x1b[31m\x7f",
    "reversed \u202eedoc\u202c name",
    "W" * 200,
    "&" * 200,
    "datum.x",
    "a.b[0]",
    "a\\.b\\[0\\]",
    '{"signal": "alert(6)"}',
    "=HYPERLINK(1)",
    "url(javascript:alert(7))",
    "__proto__",
    "constructor",
    "",
    " ",
    "\u05e9\u05dc\u05d5\u05dd",
    "\U0001f469\u200d\U0001f4bb",
    "e\u0301" * 50,
)


def hostile() -> ReportData:
    """Return data in which each name is hostile."""
    loops: list[Row] = []
    fields: list[Row] = []
    for place, text in enumerate(HOSTILE):
        for flow in ("invoices", HOSTILE[1]):
            ended = loop(len(loops), flow, reviewer_count=2, task_type=text)
            its_fields = [
                field(ended, text, correct=place % 2 == 0, reviewer_agreement=0.0, note=text),
                field(ended, text, correct=False, verdict="relabelled", predicted_name=text),
                field(ended, text, correct=None, verdict="added", confidence=None),
            ]
            loops.append(judged(ended, its_fields))
            fields += its_fields
            loops.append(loop(len(loops), flow, status="Failed", failure_code=text))
    return ReportData(
        sources=HOSTILE,
        outcomes=len(loops),
        flow=HOSTILE[0],
        rejects=[Rejects(place=text, problem=text) for text in HOSTILE],
        rows=staged(loops, fields),
        advice=[Advice(flow_definition_arn=f"{ARN}invoices", field=text) for text in HOSTILE],
    )
