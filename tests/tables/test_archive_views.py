"""The views of the archive give the flat tables of the outcomes in its Parquet files.

DuckDB runs them as sqlglot translates them from Trino's SQL. Athena itself runs in no test.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot

from human_loop_tables.archive_schema import OUTCOME_PROPERTIES, PARTITION
from human_loop_tables.archive_views import VIEWS
from human_loop_tables.queries import QUERIES
from human_loop_tables.tables import FIELDS, LOOPS, TABLES, SqlType
from tests.tables.parquet_files import duckdb_type, sample_outcomes, write_parquet

#: DuckDB makes one column of a field, where Trino makes a column of each of its properties.
_UNNESTED = (
    "FROM (SELECT *, unnest(fields, max_depth := 2), "
    "generate_subscripts(fields, 1) AS position FROM ended)"
)

Row = dict[str, Any]


@functools.cache
def in_duckdb(view: str) -> str:
    (sql,) = sqlglot.transpile(VIEWS[view].sql, read="trino", write="duckdb")
    return re.sub(r"FROM ended CROSS JOIN UNNEST\(.*$", _UNNESTED, sql)


class Archive:
    """The Parquet files of an archive, and the views on them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection = duckdb.connect()

    def add(self, *outcomes: Mapping[str, Any], day: str = "2026-03-14") -> Archive:
        write_parquet([dict(each) for each in outcomes], self._folder, date=day)
        files = f"{self._folder}/*/*.parquet"
        self._connection.read_parquet(files, hive_partitioning=True).create_view("outcomes")
        for name in VIEWS:
            self._connection.execute(f"CREATE OR REPLACE VIEW {name} AS {in_duckdb(name)}")
        return self

    def types(self, name: str) -> dict[str, str]:
        described = self._connection.execute(f"DESCRIBE {name}").fetchall()
        return {row[0]: row[1].lower() for row in described}

    def rows(self, sql: str) -> list[Row]:
        result = self._connection.execute(sql)
        names = [each[0] for each in result.description or ()]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


@pytest.fixture
def outcome() -> Row:
    """An outcome of a form."""
    return next(each for each in sample_outcomes() if each["taskType"] == "TextractForms")


def test_files_have_the_columns_that_glue_declares(archive: Archive) -> None:
    types = archive.add(*sample_outcomes()).types("outcomes")

    assert types.pop(PARTITION) == "date"
    assert {name: each.replace('"', "") for name, each in types.items()} == {
        each.column: duckdb_type(each.type).lower().replace('"', "") for each in OUTCOME_PROPERTIES
    }


@pytest.mark.parametrize("name", TABLES)
def test_views_have_the_columns_of_the_tables(archive: Archive, name: str) -> None:
    types = archive.add(*sample_outcomes()).types(name)

    # Views have no time zone. They are in UTC.
    assert types == {
        each.name: "timestamp_ms" if each.type is SqlType.TIMESTAMP else each.type.value
        for each in TABLES[name]
    }


def test_every_loop_is_a_row_with_what_its_outcome_says(archive: Archive) -> None:
    outcomes = sample_outcomes(include_values=True)

    rows = archive.add(*outcomes).rows("SELECT * FROM loops ORDER BY creation_time")

    assert len(rows) == len(outcomes) > 30
    for row, said in zip(rows, outcomes, strict=True):
        ended, created = (
            datetime.fromisoformat(said[name]).replace(tzinfo=None)
            for name in ("endTime", "creationTime")
        )
        worked = said["secondsWorked"]
        assert row == {
            "human_loop_arn": said["humanLoopArn"],
            "creation_time": created,
            "flow_definition_arn": said["flowDefinitionArn"],
            "reference_time": ended,
            "day": ended.date(),
            "task_type": said["taskType"],
            "model_version": said["modelVersion"],
            "sampled": said["sampled"],
            "sampling_percentage": said["samplingPercentage"],
            "reviewer_count": said["reviewerCount"],
            "human_loop_name": said["humanLoopName"],
            "status": said["humanLoopStatus"],
            "end_time": ended,
            "turnaround_seconds": said["turnaroundSeconds"],
            "failure_code": said["failureCode"],
            "unreadable": False,
            "unanswered": said["unanswered"],
            "prediction_known": said["predictionKnown"],
            "fields_judged": said["fieldsJudged"],
            "fields_correct": said["fieldsCorrect"],
            "fields_absent": said["fieldsAbsent"],
            "fields_left_out": 0,
            "reviewer_agreement": said["meanReviewerAgreement"],
            "seconds_to_first_acceptance": said["secondsToFirstAcceptance"],
            "seconds_worked": None if None in (worked or [None]) else sum(worked),
        }
        assert list(row) == [each.name for each in LOOPS]


def test_every_field_is_a_row_with_what_its_outcome_says(archive: Archive) -> None:
    outcomes = sample_outcomes(include_values=True)
    told_by_both = {each.name for each in FIELDS} & {each.name for each in LOOPS}
    names = {each.name for each in FIELDS} - told_by_both - {"position", "field"}
    names.add("reviewer_agreement")

    rows = archive.add(*outcomes).rows("SELECT * FROM fields ORDER BY creation_time, position")

    told = [
        (outcome, position, field)
        for outcome in outcomes
        for position, field in enumerate(outcome["fields"], start=1)
    ]
    assert len(rows) == len(told) > 80
    for row, (outcome, position, field) in zip(rows, told, strict=True):
        assert row["human_loop_arn"] == outcome["humanLoopArn"]
        assert row["position"] == position
        for name in names:
            first, *others = name.split("_")
            key = first + "".join(each.capitalize() for each in others)
            assert row[name] == field.get(key), name


def test_rows_of_a_list_have_one_field_and_keys_of_forms_stay(
    archive: Archive, outcome: Row
) -> None:
    field = {**outcome["fields"][0], "predictedName": "Box [2]", "name": "Box [3]"}
    listed = {**outcome["fields"][0], "name": "Quantity[12]"}
    listed.pop("predictedName", None)
    archive.add(
        {**outcome, "fields": [field]},
        {**outcome, "humanLoopArn": "arn", "taskType": "Custom", "fields": [listed]},
    )

    assert {row["field"] for row in archive.rows("SELECT field FROM fields")} == {
        "Box [2]",
        "Quantity[]",
    }


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_runs_on_the_views(archive: Archive, name: str) -> None:
    rows = archive.add(*sample_outcomes()).rows(QUERIES[name].sql)

    assert rows
    assert tuple(rows[0]) == QUERIES[name].columns


def test_outcome_that_was_delivered_twice_is_one_row(archive: Archive, outcome: Row) -> None:
    archive.add(outcome, outcome).add(outcome, day="2026-03-15")

    assert archive.rows("SELECT count(*) AS n FROM outcomes") == [{"n": 3}]
    assert archive.rows("SELECT count(*) AS n FROM loops") == [{"n": 1}]
    assert archive.rows("SELECT count(*) AS n FROM fields") == [{"n": len(outcome["fields"])}]


def test_name_that_is_used_again_is_another_loop(archive: Archive, outcome: Row) -> None:
    archive.add(outcome, {**outcome, "creationTime": "2026-06-01T00:00:00.000Z"})

    assert archive.rows("SELECT count(*) AS n FROM loops") == [{"n": 2}]


AWS, RESENT = "aws.sagemaker", "human-loop-events"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"eventSource": AWS}, {"eventSource": RESENT, "endTime": "2027-01-01T00:00:00Z"}),
        ({"endTime": "2026-03-15T00:00:01Z"}, {"endTime": "2026-03-15T00:00:00Z"}),
        ({"endTime": "2026-03-15T00:00:00Z"}, {"endTime": None}),
        ({"humanLoopStatus": "Completed"}, {"humanLoopStatus": "Stopped"}),
        ({"humanLoopStatus": "Stopped"}, {"humanLoopStatus": "Failed"}),
        ({"outputError": None}, {"outputError": "output.json: expected an object"}),
        (
            {"endTime": "2026-03-15T00:00:01Z", "outputError": "output.json: expected an object"},
            {"endTime": "2026-03-15T00:00:00Z", "outputError": None},
        ),
    ],
)
@pytest.mark.parametrize("reverse", [False, True])
def test_outcome_that_takes_precedence_is_the_row(
    archive: Archive, outcome: Row, first: Row, second: Row, *, reverse: bool
) -> None:
    kept = {**outcome, **first, "outcomeId": "b", "modelVersion": "kept"}
    other = {**outcome, **second, "outcomeId": "a", "modelVersion": "other"}
    archive.add(*((other, kept) if reverse else (kept, other)))

    assert archive.rows("SELECT model_version FROM loops") == [{"model_version": "kept"}]


def test_verifications_are_no_loops(archive: Archive, outcome: Row) -> None:
    archive.add(outcome, {**outcome, "humanLoopArn": "arn", "verification": "0123456789abcdef"})

    assert archive.rows("SELECT count(*) AS n FROM loops") == [{"n": 1}]


def test_recovered_loop_is_of_the_day_of_its_creation(archive: Archive, outcome: Row) -> None:
    archive.add({**outcome, "endTime": None, "creationTime": "2026-03-31T23:59:59.999Z"})

    (row,) = archive.rows("SELECT end_time, reference_time, day FROM loops")

    assert row == {
        "end_time": None,
        "reference_time": datetime(2026, 3, 31, 23, 59, 59, 999_000, tzinfo=UTC).replace(
            tzinfo=None
        ),
        "day": date(2026, 3, 31),
    }


@pytest.mark.parametrize(
    ("worked", "expected"),
    [([], None), ([1.5, None], None), ([1.5, 2], 3.5), ([1e9, 1], None), ([0], 0)],
)
def test_time_of_the_reviewers_is_their_sum_where_it_is_known(
    archive: Archive, outcome: Row, worked: list[float | None], expected: float | None
) -> None:
    archive.add({**outcome, "secondsWorked": worked})

    assert archive.rows("SELECT seconds_worked FROM loops") == [{"seconds_worked": expected}]


def test_text_that_is_no_time_makes_no_query_fail(archive: Archive, outcome: Row) -> None:
    archive.add({**outcome, "endTime": "yesterday"})

    assert archive.rows("SELECT end_time FROM loops") == [{"end_time": None}]
