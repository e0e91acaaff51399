"""The queries in Amazon Athena, on the views of an archive."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from human_loop_tables.tables import TABLES
from human_loops_cli.errors import CommandError
from human_loops_cli.known_flow_definitions import choose_flow_definitions
from human_loops_cli.outcome_data.limits import nothing
from human_loops_cli.outcome_data.statements import literal

_PAUSES: Final = (0.2, 0.5, 1.0, 2.0)

#: The types of the columns that queries return, as Athena names them.
_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "varchar": str,
    "bigint": int,
    "integer": int,
    "double": float,
    "boolean": lambda text: text == "true",
    "date": date.fromisoformat,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Athena:
    """Where the queries run."""

    work_group: str
    """The archive's workgroup. It says where results go."""
    database: str
    """The database of the archive's views."""


@dataclass(kw_only=True)
class AthenaQueries:
    """Runs queries on the loops within some limits.

    Raises
    ------
    CommandError
        If there is no loop within the limits.
    """

    client: Any
    """A client of Athena."""
    athena: Athena
    """Where they run."""
    flow: str | None
    since: datetime | None
    until: datetime | None
    created_until: datetime | None = None
    """The limits of the loops."""
    sleep: Callable[[float], None] = time.sleep
    """Waits for so many seconds."""
    _conditions: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        conditions = []
        if self.flow is not None:
            known = self.run("SELECT DISTINCT flow_definition_arn FROM loops ORDER BY 1")
            arns = choose_flow_definitions([arn for (arn,) in known], self.flow)
            conditions.append(f"flow_definition_arn IN ({', '.join(map(literal, arns))})")
        for column, operator, limit in (
            ("reference_time", ">=", self.since),
            ("reference_time", "<=", self.until),
            ("creation_time", "<=", self.created_until),
        ):
            if limit is not None:
                conditions.append(f"{column} {operator} {_timestamp(limit)}")
        self._conditions = conditions
        if self.run("SELECT count(*) FROM loops") == [(0,)]:
            raise nothing(
                "no loop is within these limits" if conditions else "the archive has no loop",
                "Firehose delivers outcomes within 15 minutes.",
            )

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query on the two tables.

        Raises
        ------
        CommandError
            If the query fails. The message has Athena's reason.
        """
        query = self.client.start_query_execution(
            QueryString=self.limited(sql),
            ClientRequestToken=str(uuid4()),
            QueryExecutionContext={"Database": self.athena.database},
            WorkGroup=self.athena.work_group,
        )["QueryExecutionId"]
        try:
            self._wait(query)
        except KeyboardInterrupt:
            with contextlib.suppress(BotoCoreError, ClientError):
                self.client.stop_query_execution(QueryExecutionId=query)
            raise
        pages = self.client.get_paginator("get_query_results").paginate(QueryExecutionId=query)
        return list(_rows(pages))

    def limit_creation(self, created_until: datetime) -> None:
        """Leave out the loops that were created later, from now on."""
        self._conditions.append(f"creation_time <= {_timestamp(created_until)}")

    def limited(self, sql: str) -> str:
        """Return a query on the two tables as one on the views, within the limits."""
        limits = f" WHERE {' AND '.join(self._conditions)}" if self._conditions else ""
        database = '"' + self.athena.database.replace('"', '""') + '"'
        tables = ", ".join(
            f'{name} AS (SELECT * FROM {database}."{name}"{limits})' for name in TABLES
        )
        return f"WITH {tables} {sql}"

    def _wait(self, query: str) -> None:
        for pause in _pauses():
            answer = self.client.get_query_execution(QueryExecutionId=query)
            status = answer["QueryExecution"]["Status"]
            if status["State"] == "SUCCEEDED":
                return
            if status["State"] in ("FAILED", "CANCELLED"):
                reason = status.get("StateChangeReason", "Athena gives no reason")
                raise CommandError(
                    f"a query in the workgroup {self.athena.work_group} has ended "
                    f"{status['State']}: {reason}",
                    advice="The archive's grant_query has all permissions. A scan limit can be "
                    "raised by scan_limit of OutcomeArchive.",
                )
            self.sleep(pause)


def _pauses() -> Iterator[float]:
    yield from _PAUSES
    while True:
        yield _PAUSES[-1]


def _timestamp(limit: datetime) -> str:
    # The views have times without a time zone, in UTC.
    utc = limit.astimezone(UTC).replace(tzinfo=None)
    return f"TIMESTAMP '{utc.isoformat(sep=' ', timespec='milliseconds')}'"


def _rows(pages: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of all pages, without the first one, which has the names of the columns."""
    names = True
    for page in pages:
        result = page["ResultSet"]
        types = [each["Type"] for each in result["ResultSetMetadata"]["ColumnInfo"]]
        for row in result["Rows"]:
            texts = [each.get("VarCharValue") for each in row["Data"]]
            if names:
                names = False
                continue
            yield tuple(
                [
                    None if text is None else _READ[kind](text)
                    for kind, text in zip(types, texts, strict=True)
                ]
            )
