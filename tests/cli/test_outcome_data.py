"""Sources become the two tables: every line counts or is named, whatever form it has."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import boto3
import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from human_loop_tables.queries import QUERIES, Query
from human_loop_tables.tables import TABLES
from human_loops_cli.console import Printer
from human_loops_cli.errors import CommandError
from human_loops_cli.outcome_data import documents
from human_loops_cli.outcome_data import line_problems as problems
from human_loops_cli.outcome_data.open_outcomes import OutcomeData, open_outcomes
from human_loops_cli.outcome_data.staging import Staging
from human_loops_cli.session import Session
from tests.examples import examples
from tests.tables.parquet_files import sample_outcomes, write_parquet

OUTPUTS: Final = Path(__file__).parents[2] / "local" / "samples" / "outputs"
OUTCOMES: Final = sample_outcomes()
ONE: Final = next(each for each in OUTCOMES if each["humanLoopStatus"] == "Completed")

#: Stands in hostile lines where the content of a document would.
HIDDEN: Final = "content-of-a-document"


@pytest.fixture
def session() -> Session:
    return a_session()


def a_session() -> Session:
    return Session(
        stack_name="HumanLoops",
        endpoint_url=None,
        profile=None,
        region=None,
        printer=Printer(as_json=False),
    )


@pytest.fixture(params=["in batches", "at once"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Read files of lines as if they were small, and as if they were large."""
    if request.param == "at once":
        monkeypatch.setattr(documents, "_LARGE", 0)
    return str(request.param)


def lines(outcomes: Sequence[Any]) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in outcomes)


def tables(data: OutcomeData) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of both tables, with times as texts, in a defined order."""
    found = {}
    for name, columns in TABLES.items():
        names = [column.name for column in columns]
        chosen = ", ".join(f"CAST({each} AS VARCHAR) AS {each}" for each in names)
        order = ", ".join(str(n + 1) for n in range(len(names)))
        sql = f"SELECT {chosen} FROM {name} ORDER BY {order}"  # noqa: S608 - the project's own
        rows = data.rows(Query(name=name, meaning="", columns=tuple(names), sql=sql))
        found[name] = [tuple(row.values()) for row in rows]
    return found


def read(*sources: Path | str, **options: Any) -> tuple[OutcomeData, dict[str, list[Any]]]:
    with open_outcomes(a_session(), [str(each) for each in sources], **options) as data:
        return data, tables(data)


def envelope(outcome: Any, detail_type: str = "Human Review Outcome") -> dict[str, Any]:
    return {"source": "human-loop-events", "detail-type": detail_type, "detail": outcome}


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "outcomes.jsonl"
    path.write_text(lines(OUTCOMES))
    return path


def test_tables_have_the_columns_and_types_of_the_contract(session: Session, plain: Path) -> None:
    with open_outcomes(session, [str(plain)]) as data:
        for name, columns in TABLES.items():
            query = Query(
                name=name,
                meaning="",
                columns=("name", "type", "null", "key", "default", "extra"),
                sql=f"DESCRIBE {name}",
            )
            described = {row["name"]: row["type"].lower() for row in data.rows(query)}
            described.pop("fields", None)
            assert described == {column.name: column.type.value for column in columns}


@pytest.mark.usefixtures("way")
def test_every_route_gives_the_same_rows(tmp_path: Path, plain: Path) -> None:
    _, expected = read(plain)
    assert len(expected["loops"]) == len(OUTCOMES)
    assert len(expected["fields"]) == sum(len(each["fields"]) for each in OUTCOMES)
    routes = {
        "lines.jsonl.gz": gzip.compress(lines(OUTCOMES).encode()),
        "list.json": json.dumps(OUTCOMES, indent=2).encode(),
        "list.json.gz": gzip.compress(json.dumps(OUTCOMES).encode()),
        "events.jsonl": lines([envelope(each) for each in OUTCOMES]).encode(),
        "mixed.jsonl": lines(
            [envelope(each) if n % 2 else each for n, each in enumerate(OUTCOMES)]
        ).encode(),
        "crlf.jsonl": lines(OUTCOMES).replace("\n", "\r\n").encode(),
        "no-end.jsonl": lines(OUTCOMES).rstrip().encode(),
        "marked.jsonl": b"\xef\xbb\xbf" + lines(OUTCOMES).encode(),
        "misnamed.txt": lines(OUTCOMES).encode(),
    }
    for name, content in routes.items():
        path = tmp_path / name
        path.write_bytes(content)
        data, rows = read(path)
        assert rows == expected, name
        assert (data.outcomes, data.rejects) == (len(OUTCOMES), []), name
    folder = tmp_path / "folder"
    for number, outcome in enumerate(OUTCOMES):
        each = folder / str(number % 3) / f"{number}.json"
        each.parent.mkdir(parents=True, exist_ok=True)
        each.write_text(json.dumps(outcome, indent=1))
    assert read(folder)[1] == expected


def test_parquet_gives_the_same_rows(tmp_path: Path, plain: Path) -> None:
    _, expected = read(plain)
    archive = tmp_path / "archive"
    write_parquet(OUTCOMES[::2], archive / "outcomes", date="2026-03-14")
    write_parquet(OUTCOMES[1::2], archive / "outcomes", date="2026-03-15")
    assert read(archive)[1] == expected
    exported, events = tmp_path / "exported[1].parquet", tmp_path / "events.parquet"
    enveloped = tmp_path / "enveloped.jsonl"
    enveloped.write_text(lines([envelope(each) for each in OUTCOMES]))
    with duckdb.connect() as connection:
        connection.read_json(str(plain)).write_parquet(str(exported))
        connection.read_json(str(enveloped)).write_parquet(str(events))
    assert read(exported)[1] == expected
    assert read(events)[1] == expected


def test_times_of_parquet_that_no_outcome_has_are_refused_by_row(
    tmp_path: Path, plain: Path
) -> None:
    times = ("infinity", "-infinity", "10000-01-01", "0044-03-15 (BC)", "9999-12-31 23:59:59.9")
    listed = ", ".join(f"TIMESTAMPTZ '{each}'" for each in times)
    path = tmp_path / "outcomes.parquet"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        outcomes = connection.read_json(str(plain)).limit(len(times))
        outcomes.project(f"* REPLACE ([{listed}][row_number() OVER ()] AS endTime)").write_parquet(
            str(path)
        )
    data, rows = read(path)
    (refused,) = data.rejects
    assert refused.problem == "endTime: expected a time such as 2026-03-14T09:12:44Z"
    assert refused.lines == (1, 2, 3, 4)
    assert len(rows["loops"]) == 1


def test_archive_in_s3_is_read_without_its_errors(
    tmp_path: Path, plain: Path, session: Session
) -> None:
    path = write_parquet(OUTCOMES, tmp_path, date="2026-03-14")
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="archive")
        s3.upload_file(str(path), "archive", "outcomes/date=2026-03-14/stream-1")
        s3.put_object(Bucket="archive", Key="errors/format/2026", Body=b'{"rawData": ""}')
        s3.put_object(Bucket="archive", Key="results/query.csv", Body=b"a,b")
        with open_outcomes(session, ["s3://archive"]) as data:
            found = tables(data)
        with pytest.raises(CommandError, match="has no file to read"):
            read("s3://archive/nothing/")
    assert found == read(plain)[1]


def test_outputs_of_a2i_are_reviewed_on_the_fly(tmp_path: Path) -> None:
    for path in OUTPUTS.glob("*.json"):
        if path.suffixes == [".json"]:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    data, rows = read(tmp_path)
    names = [column.name for column in TABLES["loops"]]
    loops = [dict(zip(names, row, strict=True)) for row in rows["loops"]]
    assert loops
    assert {each["status"] for each in loops} == {"Completed"}
    assert {each["creation_time"] for each in loops} == {None}
    assert all(each["reference_time"] == each["end_time"] for each in loops)
    # One sample has no answer, so it does not say when it was written.
    without_end = [each for each in loops if each["end_time"] is None]
    assert [(each["unanswered"], each["day"]) for each in without_end] == [("true", None)]
    assert not data.rejects
    assert data.outcomes == len(loops) + data.duplicates


@pytest.mark.parametrize("sample", ["textract-invoice", "textract-unanswered"])
def test_output_beside_the_outcome_of_its_loop_counts_once(tmp_path: Path, sample: str) -> None:
    output = json.loads((OUTPUTS / f"{sample}.json").read_text())
    arn = output["flowDefinitionArn"].partition(":flow-definition/")[0]
    outcome = ONE | {
        "humanLoopArn": f"{arn}:human-loop/{output['humanLoopName']}",
        "humanLoopName": output["humanLoopName"],
        "creationTime": "2026-01-01T00:00:00.000Z",
        "endTime": "2026-12-31T00:00:00Z",
    }
    (tmp_path / "output.json").write_text(json.dumps(output))
    (tmp_path / "outcome.json").write_text(json.dumps(outcome))
    data, rows = read(tmp_path)
    assert (len(rows["loops"]), data.replaced) == (1, 1)


@pytest.mark.usefixtures("way")
def test_duplicates_replaced_outcomes_and_verifications_are_counted(tmp_path: Path) -> None:
    resent = ONE | {"eventSource": "human-loop-events", "outcomeId": "resent", "endTime": None}
    later = ONE | {"outcomeId": "later", "endTime": "2026-12-31T00:00:00Z", "failureCode": "later"}
    verified = ONE | {"humanLoopArn": "arn:aws:v", "verification": "1", "outcomeId": "v"}
    path = tmp_path / "outcomes.jsonl"
    path.write_text(lines([resent, ONE, later, ONE, later, verified, resent]))
    data, rows = read(path)
    assert data.rejects == []
    assert len(rows["loops"]) == 1
    assert "later" in rows["loops"][0]
    assert (data.outcomes, data.duplicates, data.replaced, data.verifications) == (7, 3, 2, 1)


@pytest.mark.parametrize("seed", range(3))
def test_order_of_lines_does_not_matter(plain: Path, seed: int) -> None:
    others = [
        each | {"outcomeId": f"{number}", "outputError": error, "eventSource": source}
        for each in OUTCOMES[:6]
        for number, error in enumerate((None, "expected JSON"))
        for source in ("aws.sagemaker", "human-loop-events")
    ]
    shuffled = [*OUTCOMES, *others, *OUTCOMES[:3]]
    plain.write_text(lines(shuffled))
    expected = read(plain)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - not for secrets
    plain.write_text(lines(shuffled))
    again = read(plain)
    assert again[1] == expected[1]
    assert again[0].duplicates == expected[0].duplicates
    assert again[0].replaced == expected[0].replaced > 0


def test_limits(session: Session, plain: Path) -> None:
    flows = {each["flowDefinitionArn"] for each in OUTCOMES}
    flow = min(flows)
    _, rows = read(plain, flow=flow.rpartition("/")[2])
    assert {row[2] for row in rows["loops"]} == {flow}
    assert len(flows) > 1
    _, rows = read(plain, since=datetime(2026, 3, 16, tzinfo=UTC))
    assert 0 < len(rows["loops"]) < len(OUTCOMES)
    assert min(row[4] for row in rows["loops"]) == "2026-03-16"
    with pytest.raises(CommandError, match="no flow definition nobody is known here") as raised:
        read(plain, flow="nobody")
    assert flow.rpartition("/")[2] in raised.value.advice
    with pytest.raises(CommandError, match="within these limits") as raised:
        read(plain, until=datetime(2020, 1, 1, tzinfo=UTC))
    assert "2026-03-14" in raised.value.advice
    assert session


#: Lines that cannot be used, each with what is said of it.
HOSTILE: Final = {
    HIDDEN: problems.NOT_JSON,
    f'{{"a": "{HIDDEN}"': problems.NOT_JSON,
    "[" * 100_000: problems.NOT_JSON,
    f'["{HIDDEN}"]': problems.NOT_JSON,
    "null": problems.NOT_JSON,
    json.dumps(ONE) + json.dumps(ONE): problems.NOT_JSON,
    json.dumps(ONE | {"modelVersion": "\ud800"}): problems.NOT_JSON,
    json.dumps(ONE | {"turnaroundSeconds": float("nan")}): "turnaroundSeconds: expected",
    json.dumps(ONE).replace("{", '{"sampled": true, "sampled": false, ', 1): problems.REPEATED,
    '{"a": "' + "x" * 1_100_000 + '"}': problems.TOO_LONG,
    "{}": "no outcome: schemaVersion is missing",
    json.dumps(ONE | {"schemaVersion": "2.0"}): "schemaVersion: expected version 1",
    json.dumps(ONE | {"humanLoopStatus": HIDDEN}): "humanLoopStatus: expected one of Completed",
    json.dumps(ONE | {"fieldsJudged": HIDDEN}): "fieldsJudged: expected a whole number",
    json.dumps(ONE | {"fieldsJudged": 1.5}): "fieldsJudged: expected a whole number",
    json.dumps(ONE | {"fieldsJudged": 10**30}): "fieldsJudged: expected a whole number",
    json.dumps(ONE | {"turnaroundSeconds": 1e30}): "turnaroundSeconds: expected",
    json.dumps(ONE | {"creationTime": "infinity"}): "creationTime: expected a time",
    json.dumps(ONE | {"endTime": "2026-13-45T00:00:00Z"}): "endTime: expected a time",
    json.dumps(ONE | {"secondsWorked": [-1]}): "secondsWorked: expected numbers from 0",
    json.dumps(ONE | {"secondsWorked": {"a": HIDDEN}}): "secondsWorked: expected a list",
    json.dumps(ONE | {"fields": [{"name": HIDDEN, "confidence": 101}]}): "confidence: expected 0",
    # DuckDB quotes this in an error, and cuts it within a character.
    json.dumps(
        ONE
        | {
            "fields": [
                {
                    "name": "Total",
                    "confidence": {"\x1f\x1f\x1f": None, "00000\x1f\x1f\r\U00010000": None},
                }
            ]
        }
    ): "confidence: expected a number",
    json.dumps(ONE | {"fields": [{"name": None}]}): "no outcome: name is missing",
    json.dumps(ONE | {"fields": [{"name": "a", "verdict": HIDDEN}]}): "verdict: expected one of",
    json.dumps(ONE | {"fields": [HIDDEN]}): "fields: expected a list of objects",
    json.dumps(envelope(ONE, "SageMaker A2I HumanLoop Status Change")): problems.EVENT_OF_LOOP,
    json.dumps(envelope(ONE, HIDDEN)): problems.OTHER_EVENT,
    json.dumps(envelope(HIDDEN)): "detail: expected an object",
    '{"humanAnswers": [], "inputContent": {}}': problems.A2I_OUTPUT,
}


@pytest.mark.usefixtures("way")
def test_hostile_lines_are_named_without_their_content(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hostile.jsonl"
    good = json.dumps(ONE)
    path.write_text("\n".join([good, *HOSTILE, good]))
    data, rows = read(path)
    assert len(rows["loops"]) == 1
    assert (data.outcomes, data.duplicates) == (2, 1)
    found = {line: each.problem for each in data.rejects for line in each.lines}
    assert len(found) == len(HOSTILE)
    for line, expected in enumerate(HOSTILE.values(), 2):
        assert found[line].startswith(expected), (line, found[line])
    assert HIDDEN not in str(data.rejects)
    captured = capsys.readouterr()
    assert HIDDEN not in captured.out + captured.err


#: JSON of any shape, and outcomes of which something was changed.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
CHANGED = st.builds(
    lambda name, value: json.dumps(ONE | {name: value}),
    st.sampled_from(sorted(ONE)),
    VALUES,
)
OF_FIELD = st.builds(
    lambda name, value: json.dumps(ONE | {"fields": [{"name": "Total"} | {name: value}]}),
    st.sampled_from(sorted({name for each in ONE["fields"] for name in each})),
    VALUES,
)
LINES = st.lists(
    st.builds(lambda value: json.dumps(value).encode(), VALUES)
    | (CHANGED | OF_FIELD).map(str.encode)
    | st.binary(max_size=40).map(lambda text: text.replace(b"\n", b"")),
    min_size=1,
    max_size=12,
)


@pytest.mark.usefixtures("way")
@settings(
    max_examples=examples(30),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(LINES)
@pytest.mark.full
def test_every_line_is_counted_or_named(tmp_path: Path, hostile: list[bytes]) -> None:
    path = tmp_path / "lines.jsonl"
    good = json.dumps(ONE | {"outcomeId": "good"}).encode()
    path.write_bytes(b"\n".join([good, *hostile]))
    data, _ = read(path)
    rejected = sum(each.count for each in data.rejects)
    blank = sum(not each.strip() for each in hostile)
    assert data.outcomes is not None
    assert data.outcomes + rejected == 1 + len(hostile) - blank


GOOD: Final = lines([*OUTCOMES, ONE]).encode()

# More than is read at a time.
LONG: Final = gzip.compress(GOOD * (2_000_000 // len(GOOD)))


@pytest.mark.parametrize(
    ("content", "at_once"),
    [
        (GOOD, True),
        (GOOD.rstrip(), True),
        (gzip.compress(GOOD), True),
        (gzip.compress(GOOD) * 2, True),
        (lines([envelope(ONE), ONE]).encode(), True),
        (GOOD + b"\n\n", False),
        (LONG[:-4], False),
        # The checksum is wrong, the content is not.
        (LONG[:-8] + bytes(4) + LONG[-4:], False),
        # Few lines, because each line beside one that is wrong is read alone.
        *(
            (lines([ONE]).encode() + f"{line}\n".encode() + lines([ONE]).encode(), False)
            for line, problem in HOSTILE.items()
            if problem != problems.A2I_OUTPUT  # in a small file, it could be an output
        ),
    ],
    ids=lambda value: None if isinstance(value, bool) else str(len(value)),
)
def test_large_file_is_read_at_once_if_nothing_is_wrong(
    plain: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, at_once: bool
) -> None:
    found: list[bool] = []
    read_file = Staging.read_file

    def noted(*args: Any, **options: Any) -> bool:
        found.append(read_file(*args, **options))
        return found[-1]

    path = plain.with_name("large.jsonl")
    path.write_bytes(content)
    expected = read(plain, path)
    monkeypatch.setattr(documents, "_LARGE", 0)
    monkeypatch.setattr(Staging, "read_file", noted)
    again = read(plain, path)
    assert found == [True, at_once]
    assert again[1] == expected[1]
    assert again[0].outcomes == expected[0].outcomes
    assert again[0].rejects == expected[0].rejects


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("empty.json", b"", "the file is empty"),
        ("blank.jsonl", b"\n\n", "the file is empty"),
        ("no.parquet", b"PAR1 and nothing else", "no Parquet file"),
        ("cut.jsonl.gz", gzip.compress(lines(OUTCOMES).encode())[:-200], "damaged or cut off"),
    ],
)
def test_file_that_cannot_be_read_is_named(
    tmp_path: Path, plain: Path, name: str, content: bytes, problem: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    data, rows = read(plain, path)
    assert len(rows["loops"]) == len(OUTCOMES)
    assert any(each.place == str(path) and problem in each.problem for each in data.rejects)


def test_error_without_any_outcome_says_why(tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    path.touch()
    with pytest.raises(CommandError, match="no outcome was read") as raised:
        read(path)
    assert f"not used: {path}: expected outcomes, the file is empty" in raised.value.advice


def test_file_that_is_named_twice_is_read_once(tmp_path: Path, plain: Path) -> None:
    link = tmp_path / "link.jsonl"
    link.symlink_to(plain)
    data, _ = read(plain, plain, tmp_path, link)
    assert (data.outcomes, data.duplicates) == (len(OUTCOMES), 0)


def test_every_query_runs(session: Session, plain: Path) -> None:
    with open_outcomes(session, [str(plain)]) as data:
        for query in QUERIES.values():
            assert all(tuple(row) == query.columns for row in data.rows(query))
        totals = data.rows(QUERIES["totals"])
    assert sum(row["loops"] for row in totals) == len(OUTCOMES)


def test_nothing_is_left_behind(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    modes: list[int] = []

    def interrupted() -> None:
        with open_outcomes(a_session(), [str(plain)]):
            modes.extend(each.stat().st_mode for each in folder.iterdir())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [mode & 0o77 for mode in modes] == [0]
    assert list(folder.iterdir()) == []


def test_duckdb_reads_nothing_else(session: Session, plain: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a\n1\n")
    with open_outcomes(session, [str(plain)]) as data:
        for sql in (f"FROM '{other}'", "INSTALL httpfs", "SET threads = 1"):
            with pytest.raises(CommandError, match="DuckDB failed") as raised:
                data.rows(Query(name="", meaning="", columns=(), sql=sql))
            assert str(other) not in str(raised.value)
