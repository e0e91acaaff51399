"""Reading sources into the two tables, and querying these."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from human_loop_tables.queries import Query
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.files import as_text, is_utf8
from human_loops_cli.handler import read_handler
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.outcome_data.athena import Athena, AthenaQueries
from human_loops_cli.outcome_data.engine import (
    connect,
    errors_without_content,
    run,
)
from human_loops_cli.outcome_data.flat_tables import build_tables, limit_creation
from human_loops_cli.outcome_data.ledger_comparison import (
    NOT_COMPARED,
    LedgerComparison,
    read_ledger,
)
from human_loops_cli.outcome_data.reading import read_files
from human_loops_cli.outcome_data.rejects import RejectList, Rejects, describe
from human_loops_cli.outcome_data.source_files import find_files
from human_loops_cli.outcome_data.staging import Staging
from human_loops_cli.output_limits import OutputLimits
from human_loops_cli.session import Session

__all__ = ["Athena", "OutcomeData", "open_outcomes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeData:
    """The tables `loops` and `fields` of some outcomes."""

    sources: Sequence[str]
    """Where they come from, as the user named it."""
    flow: str | None
    since: datetime | None
    until: datetime | None
    """The limits of the loops."""
    outcomes: int | None = None
    """How many outcomes were read. None if the engine does not say."""
    duplicates: int = 0
    replaced: int = 0
    verifications: int = 0
    """How many outcomes are not in the tables: those with an ``outcomeId`` that was read before,
    those that another outcome of the loop replaced, and those of ``human-loops verify``."""
    rejects: Sequence[Rejects] = ()
    """What could not be used."""
    comparison: LedgerComparison | None = None
    """How the loops compare with those of the ledger. None if they were not compared."""
    outputs_only: bool = False
    """Whether all are outputs of A2I, which the ledger does not have."""
    history: Mapping[str, int] = field(default_factory=dict)
    """How many loops of each flow definition are known from their output alone."""
    _run: Callable[[str], list[tuple[Any, ...]]]
    _limit_creation: Callable[[datetime], None]

    @property
    def compared_with_ledger(self) -> str | None:
        """What a reader has to know of the ledger, in a sentence. None for outputs."""
        if self.comparison is not None:
            return self.comparison.sentence
        return None if self.outputs_only else NOT_COMPARED

    def rows(self, query: Query) -> list[dict[str, Any]]:
        """Return the rows of a query, each with its columns by name."""
        return [dict(zip(query.columns, row, strict=True)) for row in self._run(query.sql)]

    def limit_creation(self, created_until: datetime) -> None:
        """Leave out the loops that were created later, or of unknown creation, from now on."""
        self._limit_creation(created_until)


@contextmanager
def open_outcomes(
    session: Session,
    sources: Sequence[str],
    *,
    athena: Athena | None = None,
    mapping: Path | None = None,
    flow: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    created_until: datetime | None = None,
    ledger: bool = False,
) -> Iterator[OutcomeData]:
    """Read outcomes, and return them as two tables.

    Parameters
    ----------
    session
        The run of the command line.
    sources
        Files, ``-`` for standard input, folders, objects and prefixes in S3.
    athena
        Where queries run instead, on an archive. It excludes sources and a mapping.
    mapping
        The file with the mappings of custom tasks, for outputs of A2I.
    flow
        Only the loops of this flow definition: its name or ARN.
    since, until
        Only the loops that ended at these times or between.
    created_until
        Only the loops that were created at this time or earlier. A loop of unknown creation is not.
    ledger
        Whether the outcomes are compared with the ledger of the stack.

    Raises
    ------
    CommandError
        If there is no loop, or none of the flow definition.
    """
    if athena is not None:
        if sources or mapping is not None:
            raise CommandError("--athena excludes sources and --mapping", status=ExitStatus.USAGE)
        if ledger:
            raise CommandError(
                "--ledger compares outcomes that this command reads, but Athena returns sums",
                advice="Name the archive as the source: the stack output OutcomeArchiveLocation.",
                status=ExitStatus.USAGE,
            )
        client = session.client("athena")
        queries = AthenaQueries(
            client=client,
            athena=athena,
            flow=flow,
            since=since,
            until=until,
            created_until=created_until,
        )
        name = f"Amazon Athena, workgroup {athena.work_group}"
        yield OutcomeData(
            sources=(name,),
            flow=flow,
            since=since,
            until=until,
            _run=queries.run,
            _limit_creation=queries.limit_creation,
        )
        return
    if not sources:
        raise CommandError(
            "name files, folders or prefixes with outcomes, or --athena",
            status=ExitStatus.USAGE,
        )
    # A stack that does not exist is named before the sources are read.
    settings = read_handler(session).settings if ledger else None
    mappings = MappingFile(mapping)
    rejects = RejectList()
    with tempfile.TemporaryDirectory(prefix="human-loops-") as name:
        folder = Path(name).resolve()
        limits = OutputLimits(flow=flow, since=since, until=until)
        found = find_files(session, sources, limits)
        local = [str(each.path) for each in found.files if each.path is not None]
        connection = connect(folder, list(filter(is_utf8, local)))  # others are read as copies
        try:
            with errors_without_content():
                staging = Staging(connection, folder, rejects)
                read_files(session, found.files, staging, mappings, folder)
                mappings.check(session.printer)
                if found.not_read:
                    session.printer.note(
                        f"{found.not_read:,} files with other extensions are not read"
                    )
                if found.outside:
                    session.printer.note(
                        f"{found.outside:,} outputs are not read: their keys are outside the limits"
                    )
                connection.execute("SET lock_configuration = true")
                retention = (
                    read_ledger(session, settings, connection, folder, flow=flow, since=since)
                    if settings is not None
                    else None
                )
                advice = "\n".join(f"not used: {describe(each)}" for each in rejects.listed())
                counts = build_tables(
                    connection,
                    flow=flow,
                    since=since,
                    until=until,
                    created_until=created_until,
                    advice=advice,
                    retention=retention,
                )
                yield OutcomeData(
                    sources=tuple(map(as_text, sources)),
                    flow=flow,
                    since=since,
                    until=until,
                    outcomes=counts.outcomes,
                    duplicates=counts.duplicates,
                    replaced=counts.replaced,
                    verifications=counts.verifications,
                    rejects=rejects.listed(),
                    comparison=counts.comparison,
                    outputs_only=counts.outputs == counts.outcomes,
                    history=counts.history,
                    _run=partial(run, connection),
                    _limit_creation=partial(limit_creation, connection, counts.conditions),
                )
        finally:
            connection.close()
