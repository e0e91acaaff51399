"""The queries in Athena: what is asked, how answers are read, and how queries end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from human_loop_tables.queries import QUERIES
from human_loop_tables.tables import TABLES
from human_loops_cli.errors import CommandError
from human_loops_cli.outcome_data.athena import Athena, AthenaQueries
from tests.tables.sql_guard import grammar_faults

FLOW = "arn:aws:sagemaker:eu-west-1:111122223333:flow-definition/invoices"
QUERY = "0123456789ab"


@pytest.fixture
def client() -> Any:
    return boto3.client("athena")


@pytest.fixture
def stubber(client: Any) -> Stubber:
    return Stubber(client)


def start(stubber: Stubber, sql: Any = ANY) -> None:
    stubber.add_response(
        "start_query_execution",
        {"QueryExecutionId": QUERY},
        {
            "QueryString": sql,
            "ClientRequestToken": ANY,
            "QueryExecutionContext": {"Database": "archive"},
            "WorkGroup": "archive",
        },
    )


def state(stubber: Stubber, state: str, reason: str | None = None) -> None:
    status = {"State": state} | ({"StateChangeReason": reason} if reason else {})
    stubber.add_response("get_query_execution", {"QueryExecution": {"Status": status}})


def page(
    stubber: Stubber,
    types: Sequence[str],
    rows: Sequence[Sequence[str | None]],
    *,
    token: str | None = None,
    following: str | None = None,
) -> None:
    data = [
        {"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows
    ]
    columns = [{"Name": f"c{n}", "Type": each} for n, each in enumerate(types)]
    stubber.add_response(
        "get_query_results",
        {"ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": columns}}}
        | ({"NextToken": following} if following else {}),
        {"QueryExecutionId": QUERY} | ({"NextToken": token} if token else {}),
    )


def answer(stubber: Stubber, types: Sequence[str], *rows: Sequence[str | None]) -> None:
    start(stubber)
    state(stubber, "SUCCEEDED")
    page(stubber, types, [["name"] * len(types), *rows])


def queries(client: Any, **limits: Any) -> AthenaQueries:
    defaults: dict[str, Any] = {"flow": None, "since": None, "until": None}
    athena = Athena(work_group="archive", database="archive")
    return AthenaQueries(client=client, athena=athena, sleep=lambda _: None, **(defaults | limits))


def test_rows_are_those_of_duckdb(client: Any, stubber: Stubber) -> None:
    answer(stubber, ["bigint"], ["2"])
    start(stubber)
    state(stubber, "QUEUED")
    state(stubber, "RUNNING")
    state(stubber, "SUCCEEDED")
    types = ["varchar", "bigint", "double", "boolean", "date"]
    page(stubber, types, [["a"] * 5, ["", "12", "0.5", "true", "2026-03-14"]], following="2")
    page(stubber, types, [[None] * 5, ["name", "-1", "1e-05", "false", None]], token="2")  # noqa: S106
    with stubber:
        rows = queries(client).run("SELECT 1")
    assert rows == [
        ("", 12, 0.5, True, date(2026, 3, 14)),
        (None,) * 5,
        ("name", -1, 0.00001, False, None),
    ]
    stubber.assert_no_pending_responses()


@pytest.mark.slow
def test_limits_are_conditions_on_both_views(client: Any, stubber: Stubber) -> None:
    answer(stubber, ["varchar"], [FLOW], [FLOW.replace("invoices", "o'claims")])
    answer(stubber, ["bigint"], ["2"])
    with stubber:
        asked = queries(
            client,
            flow="o'claims",
            since=datetime.fromisoformat("2026-03-14T01:00:00+01:00"),
            until=datetime(2026, 3, 15, tzinfo=UTC),
        )
    limits = (
        f"WHERE flow_definition_arn IN ('{FLOW.removesuffix('invoices')}o''claims') "
        "AND reference_time >= TIMESTAMP '2026-03-14 00:00:00.000' "
        "AND reference_time <= TIMESTAMP '2026-03-15 00:00:00.000'"
    )
    view = '{0} AS (SELECT * FROM "archive"."{0}" {1})'
    views = [view.format(name, limits) for name in TABLES]
    assert asked.limited("SELECT 1") == f"WITH {', '.join(views)} SELECT 1"
    statements = [asked.limited(query.sql) for query in QUERIES.values()]
    assert len(statements) > 5
    assert grammar_faults(statements) == [[] for _ in statements]


def test_unknown_flow_definition_lists_the_others(client: Any, stubber: Stubber) -> None:
    answer(stubber, ["varchar"], [FLOW])
    with stubber, pytest.raises(CommandError, match="no flow definition nix is known") as raised:
        queries(client, flow="nix")
    assert FLOW.rpartition("/")[2] in raised.value.advice


def test_archive_without_loops_is_an_error(client: Any, stubber: Stubber) -> None:
    answer(stubber, ["bigint"], ["0"])
    with stubber, pytest.raises(CommandError, match="the archive has no loop"):
        queries(client)


@pytest.mark.parametrize("ended", ["FAILED", "CANCELLED"])
def test_failed_query_gives_athenas_reason(client: Any, stubber: Stubber, ended: str) -> None:
    start(stubber)
    state(stubber, ended, "Bytes scanned limit was exceeded")
    with stubber, pytest.raises(CommandError, match="Bytes scanned limit was exceeded"):
        queries(client)


def test_interrupted_query_is_stopped(client: Any, stubber: Stubber) -> None:
    start(stubber)
    state(stubber, "RUNNING")
    stubber.add_response("stop_query_execution", {}, {"QueryExecutionId": QUERY})

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    athena = Athena(work_group="archive", database="archive")
    with stubber, pytest.raises(KeyboardInterrupt):
        AthenaQueries(
            client=client, athena=athena, flow=None, since=None, until=None, sleep=interrupt
        )
    stubber.assert_no_pending_responses()
