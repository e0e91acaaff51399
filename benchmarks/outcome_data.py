"""The time and memory of `human-loops report`, until it has the rows of all queries.

Run it with ``python -m benchmarks outcome_data``, or with ``OUTCOMES=1000000`` for one million
outcomes of five fields, and ``FILES=20000`` for as many output files. The floor is the time to
decompress the lines and to parse each with orjson in the same run, for small files to read and
parse each, and for outputs to parse each with ``json.loads``. For Parquet, the time of DuckDB
alone with the same queries on the same columns is shown beside it: what is left for the checks.

Times with several processors are elapsed times, so other programs on the machine make them larger.
Processor times are of all threads and processes.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.review_speed import output_of

ROOT = Path(__file__).parents[1]
OUTCOMES = int(os.environ.get("OUTCOMES", "200000"))
FILES = int(os.environ.get("FILES", "2000"))
MEMORY_MB = 600

#: The largest permitted value of each figure, by its name, on an idle machine with two processors.
#: Measured on one, with 200,000 outcomes and 4,000 files: 1.45 and 2.50 from JSON Lines, 0.69 and
#: 1.05 from Parquet, 1.18 times DuckDB alone, and 378 MB; 5.7, 2.1 and 1.1 from files. With a
#: million outcomes and 20,000 files: 1.38 and 2.68, 0.53 and 1.00, 1.38 times DuckDB alone, and
#: 408 MB; 4.7, 2.1 and 1.2 from files.
MAX_FIGURES = {
    "time": 1.5,
    "processor time": 3.0,
    "time of Parquet": 0.7,
    "processor time of Parquet": 1.1,
    "processor time of Parquet, to DuckDB alone": 1.5,
    "memory": 0.8,
    "time of small files": 8.0,
    "time of outputs on one processor": 3.0,
    "time of outputs on two processors": 2.0,
}

_FLOOR = """
import gzip, sys, time
import orjson
used, started = time.process_time(), time.perf_counter()
with gzip.open(sys.argv[1]) as lines:
    for line in lines:
        orjson.loads(line)
print(time.perf_counter() - started, time.process_time() - used, 0)
"""

_FLOOR_OF_PARQUET = """
import sys, time
from human_loop_tables.queries import QUERIES
from human_loops_cli.outcome_data.flat_tables import show_tables
from human_loops_cli.outcome_data.parquet import columns_of, outcomes_query
from human_loops_cli.outcome_data.staging import OUTCOMES
import duckdb
used, started = time.process_time(), time.perf_counter()
connection = duckdb.connect()
connection.execute("SET enable_progress_bar = false")
connection.execute("ATTACH ':memory:' AS staged")
outcomes = outcomes_query(sys.argv[1:], columns_of(connection, sys.argv[1]))
connection.execute(f"CREATE VIEW {OUTCOMES} AS {outcomes}")
show_tables(connection)
for query in QUERIES.values():
    connection.execute(query.sql).fetchall()
print(time.perf_counter() - started, time.process_time() - used, 0)
"""

_FLOOR_OF_FILES = """
import os, pathlib, sys, time
import json, orjson
os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])
parse = {"json": json.loads, "orjson": orjson.loads}[os.environ["PARSER"]]
texts = [path.read_bytes() for path in pathlib.Path(sys.argv[1]).iterdir()]
started, used = time.perf_counter(), time.process_time()
if os.environ["PARSER"] == "orjson":
    for path in pathlib.Path(sys.argv[1]).iterdir():
        parse(path.read_bytes())
else:
    for text in texts:
        parse(text)
print(time.perf_counter() - started, time.process_time() - used)
"""

_READ = """
import os, sys, time
from human_loops_cli.console import Printer
from human_loops_cli.outcome_data.open_outcomes import open_outcomes
from human_loops_cli.session import Session
import duckdb
os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:int(os.environ["PROCESSORS"])])
printer = Printer(as_json=False)
session = Session(stack_name="", endpoint_url=None, profile=None, region=None, printer=printer)
started, used = time.perf_counter(), sum(os.times()[:4])
with open_outcomes(session, sys.argv[1:]) as data:
    seconds = time.perf_counter() - started
assert data.outcomes == int(os.environ["FILES"]) and not data.rejects
print(seconds, sum(os.times()[:4]) - used)
"""

_BACKFILL = """
import os, pathlib, sys, tempfile, time
from human_loops_cli.console import Printer
from human_loops_cli.history.backfill import Backfill
from human_loops_cli.inputs import Inputs
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.output_limits import NO_LIMITS
from human_loops_cli.session import Session
os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])
printer = Printer(as_json=False)
session = Session(stack_name="", endpoint_url=None, profile=None, region=None, printer=printer)
with tempfile.TemporaryDirectory() as folder:
    started, used = time.perf_counter(), time.process_time()
    backfill = Backfill(
        folder=pathlib.Path(folder),
        inputs=Inputs(session, sys.argv[1:]),
        limits=NO_LIMITS,
        mappings=MappingFile(None),
        mapping_content=b"",
        arn_prefix=None,
    )
    for _ in backfill.run():
        pass
    print(time.perf_counter() - started, time.process_time() - used)
assert backfill.written == int(os.environ["FILES"]) and not backfill.problems
"""

_REPORT = """
import pathlib, sys, time
from human_loop_tables.queries import QUERIES
from human_loops_cli.console import Printer
from human_loops_cli.outcome_data.open_outcomes import open_outcomes
from human_loops_cli.session import Session
import duckdb
printer = Printer(as_json=False)
session = Session(stack_name="", endpoint_url=None, profile=None, region=None, printer=printer)
started, used = time.perf_counter(), time.process_time()
with open_outcomes(session, sys.argv[1:]) as data:
    rows = [data.rows(query) for query in QUERIES.values()]
seconds, used = time.perf_counter() - started, time.process_time() - used
assert data.outcomes == sum(row["loops"] for row in rows[0]) and not data.rejects
# Not ru_maxrss: that is at least the memory of the process that started this one.
status = pathlib.Path("/proc/self/status").read_text()
(peak,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
print(seconds, used, int(peak) / 1024)
"""


def measure() -> dict[str, float]:
    """Return each figure by its name: a ratio to the floor, or to the permitted memory."""
    with tempfile.TemporaryDirectory() as folder:
        lines, parquet = Path(folder) / "outcomes.jsonl.gz", Path(folder) / "outcomes.parquet"
        _write(lines, parquet)
        # Alternating runs, and the best of each, so that noise affects all of them.
        runs = [
            (
                _run(_FLOOR, lines),
                _run(_REPORT, lines),
                _run(_FLOOR_OF_PARQUET, parquet),
                _run(_REPORT, parquet),
            )
            for _ in range(3)
        ]
        of_files = _measure_files(Path(folder))
    elapsed, used = (
        [min(run[place][kind] for run in runs) for place in range(4)] for kind in range(2)
    )
    memory = max(run[place][2] for run in runs for place in (1, 3))
    return {
        f"time: {OUTCOMES:,} outcomes from JSON Lines": elapsed[1] / elapsed[0],
        f"processor time: {OUTCOMES:,} outcomes from JSON Lines": used[1] / used[0],
        f"time of Parquet: {OUTCOMES:,} outcomes": elapsed[3] / elapsed[0],
        f"processor time of Parquet: {OUTCOMES:,} outcomes": used[3] / used[0],
        f"processor time of Parquet, to DuckDB alone: {OUTCOMES:,}": used[3] / used[2],
        f"memory: {OUTCOMES:,} outcomes": memory / MEMORY_MB,
        **of_files,
    }


def _measure_files(folder: Path) -> dict[str, float]:
    """Return the figures of many small files: of one outcome each, and of one output each."""
    outcomes, outputs = folder / "outcomes", folder / "outputs"
    _write_files(outcomes, outputs)
    runs = [
        (
            _run(_FLOOR_OF_FILES, outcomes, PARSER="orjson"),
            _run(_READ, outcomes, PROCESSORS="2"),
            _run(_FLOOR_OF_FILES, outputs, PARSER="json"),
            _run(_READ, outputs, PROCESSORS="1"),
            _run(_READ, outputs, PROCESSORS="2"),
            _run(_BACKFILL, outputs),
        )
        for _ in range(3)
    ]
    elapsed, used = (
        [min(run[place][kind] for run in runs) for place in range(6)] for kind in range(2)
    )
    return {
        f"time of small files: {FILES:,} of one outcome": used[1] / used[0],
        f"time of outputs on one processor: {FILES:,}": used[3] / used[2],
        f"time of outputs on two processors: {FILES:,}": elapsed[4] / elapsed[2],
        f"time of a backfill: {FILES:,}": used[5] / used[2],
    }


def _write_files(outcomes: Path, outputs: Path) -> None:
    chance = random.Random(2)  # noqa: S311 - not for secrets
    outcomes.mkdir()
    outputs.mkdir()
    output = output_of(blocks=100, shown=0.2)
    for number in range(FILES):
        name = f'"humanLoopName":"loop-{number}"'.encode()
        (outputs / f"{number}.json").write_bytes(output.replace(b'"humanLoopName":"loop"', name))
        (outcomes / f"{number}.json").write_text(json.dumps(_outcome(number, chance)))


def _run(code: str, path: Path, **variables: str) -> tuple[float, ...]:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'lambda'}",
        "FILES": str(FILES),
        **variables,
    }
    ran = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    return tuple(map(float, ran.stdout.split()))


def _write(lines: Path, parquet: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - not for secrets
    with gzip.open(lines, "wt", compresslevel=6) as file:
        for number in range(OUTCOMES):
            file.write(json.dumps(_outcome(number, chance), separators=(",", ":")) + "\n")
    with duckdb.connect() as connection:
        connection.read_json(str(lines)).write_parquet(str(parquet), compression="gzip")


def _outcome(number: int, chance: random.Random) -> dict[str, Any]:
    arn = "arn:aws:sagemaker:eu-west-1:111122223333"
    name = f"invoice-{number}"
    created = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=7 * number)
    seconds = chance.randint(100, 9000)
    return {
        "schemaVersion": "1.0",
        "outcomeId": f"{chance.getrandbits(128):032x}",
        "eventSource": "aws.sagemaker",
        "humanLoopArn": f"{arn}:human-loop/{name}",
        "humanLoopName": name,
        "flowDefinitionArn": f"{arn}:flow-definition/{chance.choice(('invoices', 'claims'))}",
        "humanLoopStatus": "Completed",
        "creationTime": f"{created:%Y-%m-%dT%H:%M:%S}.318Z",
        "endTime": f"{created + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}",
        "turnaroundSeconds": seconds - 0.318,
        "failureCode": None,
        "failureReason": None,
        "outputS3Uri": f"s3://reviews/invoices/2026/03/14/11/30/02/{name}/output.json",
        "outputError": None,
        "correctedDocumentS3Uri": None,
        "fieldsLeftOut": 0,
        "fieldsAbsent": 0,
        "layout": "inputContent",
        "taskType": "TextractForms",
        "answerCount": 2,
        "reviewerCount": 2,
        "unanswered": False,
        "predictionKnown": True,
        "fields": [_field(each, chance) for each in ("Date", "Number", "Paid", "Total", "VAT")],
        "verdictCounts": {"confirmed": 3, "corrected": 2, "added": 0, "removed": 0, "disputed": 0},
        "fieldsJudged": 5,
        "fieldsCorrect": 3,
        "agreement": 0.6,
        "meanReviewerAgreement": 1.0,
        "secondsToFirstAcceptance": 37.797,
        "secondsWorked": [round(chance.random() * 100, 3), round(chance.random() * 100, 3)],
        "sampled": chance.random() < 0.2,
        "samplingPercentage": 20.0,
        "activationConditions": [
            {
                "type": "ImportantFormKeyConfidenceCheck",
                "key": "Total",
                "keyValueBlockConfidenceLessThan": 90.0,
                "wordBlockConfidenceLessThan": 90.0,
            }
        ],
        "modelVersion": None,
        "ignoredValues": 0,
    }


def _field(name: str, chance: random.Random) -> dict[str, Any]:
    confidence = round(chance.random() * 100, 2)
    correct = chance.random() < 0.5 + confidence / 200
    return {
        "name": name,
        "verdict": "confirmed" if correct else "corrected",
        "modelCorrect": correct,
        "upheldShare": float(correct),
        "reviewerAgreement": 1.0,
        "confidence": confidence,
        "valueConfidence": confidence,
        "lowestWordConfidence": round(confidence * chance.random(), 2),
        "shown": True,
    }
