"""Reading sources into the two tables, and querying these."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from human_loop_tables.queries import Query
from human_loops_cli.inputs import Mappings
from human_loops_cli.outcome_data.engine import connect, use_all_threads
from human_loops_cli.outcome_data.files import find_files
from human_loops_cli.outcome_data.flat_tables import build_tables
from human_loops_cli.outcome_data.reading import read_files
from human_loops_cli.outcome_data.rejects import RejectList
from human_loops_cli.outcome_data.staging import Staging
from human_loops_cli.report.data import Rejects
from human_loops_cli.session import Session

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeData:
    """The tables `loops` and `fields` of some outcomes.

    Parameters
    ----------
    sources
        Where they come from, as the user named it.
    flow, since, until
        What limits the loops.
    outcomes
        How many outcomes were read. None if the engine does not say.
    duplicates, replaced, verifications, rejects
        What is not in the tables. See `human_loops_cli.report.data.ReportData`.
    """

    sources: Sequence[str]
    flow: str | None
    since: datetime | None
    until: datetime | None
    outcomes: int | None
    duplicates: int
    replaced: int
    verifications: int
    rejects: Sequence[Rejects]
    _connection: duckdb.DuckDBPyConnection

    def rows(self, query: Query) -> list[dict[str, Any]]:
        """Return the rows of a query, each with its columns by name."""
        found = self._connection.execute(query.sql).fetchall()
        return [dict(zip(query.columns, row, strict=True)) for row in found]


@contextmanager
def open_outcomes(
    session: Session,
    sources: Sequence[str],
    *,
    mapping: Path | None = None,
    flow: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[OutcomeData]:
    """Read outcomes, and return them as two tables.

    Parameters
    ----------
    session
        The run of the command line.
    sources
        Files, ``-`` for standard input, folders, objects and prefixes in S3.
    mapping
        The file with the mappings of custom tasks, for outputs of A2I.
    flow
        Only the loops of this flow definition: its name or ARN.
    since, until
        Only the loops that ended at these times or between.

    Raises
    ------
    CommandError
        If there is no loop, or none of the flow definition.
    """
    mappings = Mappings(mapping)
    found = find_files(session, sources)
    rejects = RejectList()
    with tempfile.TemporaryDirectory(prefix="human-loops-") as name:
        folder = Path(name).resolve()
        local = [each.path.resolve() for each in found.files if each.path is not None]
        connection = connect(folder, local)
        try:
            staging = Staging(connection, folder, rejects)
            read_files(session, found.files, staging, mappings, folder)
            mappings.check(session.printer)
            if found.not_read:
                session.printer.note(f"{found.not_read} files with other extensions were not read")
            use_all_threads(connection)
            counts = build_tables(connection, flow=flow, since=since, until=until)
            yield OutcomeData(
                sources=tuple(sources),
                flow=flow,
                since=since,
                until=until,
                outcomes=counts.outcomes,
                duplicates=counts.duplicates,
                replaced=counts.replaced,
                verifications=counts.verifications,
                rejects=rejects.listed(),
                _connection=connection,
            )
        finally:
            connection.close()
