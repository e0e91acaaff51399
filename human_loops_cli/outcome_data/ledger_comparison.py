"""Comparing outcomes with the ledger, which records only what AWS or A2I says.

Everyone who may put events on the outcome bus can add outcomes to an archive. So the ledger decides
what a loop counts as, and the loops that it does not have do not count.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from human_loop_reviews.aws.ledger_table import LedgerTable
from human_loop_reviews.contract import EventSource
from human_loop_reviews.settings import Settings
from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.ledger import LedgerReader
from human_loops_cli.outcome_data.line_problems import MAX_LINE_BYTES, UNEXPECTED
from human_loops_cli.outcome_data.outcome_properties import OF_OUTCOME
from human_loops_cli.outcome_data.refused_lines import line_problems_query
from human_loops_cli.outcome_data.staging import OUTCOMES, leave_out
from human_loops_cli.outcome_data.statements import COLUMNS, NAMES, insert_statement, lines_query
from human_loops_cli.outcomes.recorded import RecordedOutcome
from human_loops_cli.session import Session

if TYPE_CHECKING:
    import duckdb

#: What is said about outcomes that were not compared.
NOT_COMPARED: Final = (
    "The outcomes were not compared with the ledger, so forged ones in an archive would count; "
    "--ledger compares outcomes that are read from files."
)

# How many loops are named.
_MAX_NAMED: Final = 20

# Lines that are read again, as JSON, need 15 times their size.
_LINES_OF_A_PIECE: Final = 500

_UNNAMED: Final = "an outcome"

_LEDGER: Final = "staged.ledger"
_SOURCE_LOOPS: Final = "staged.source_loops"
_LOOP: Final = "humanLoopArn, creationTime"

#: The condition on the outcomes of outputs alone, which the ledger does not have.
_IS_OUTPUT: Final = f"eventSource = '{EventSource.OUTPUT}'"
_OF_EVENTS: Final = f"(SELECT * FROM {OUTCOMES} WHERE NOT {_IS_OUTPUT})"

# What copies of an outcome can have different. The ledger learns the end of a loop, and that AWS
# sent an event, after its outcome was published.
_MAY_DIFFER: Final = (
    *("schemaVersion", "outcomeId", "eventSource", "humanLoopArn", "creationTime"),
    *("endTime", "turnaroundSeconds", "outputS3Uri", "verification"),
)

_COMPARED: Final = tuple(each.name for each in OF_OUTCOME if each.name not in _MAY_DIFFER)

# The names of the properties of an outcome that contradict the ledger.
_DIFFERING: Final = "list_filter([{}], lambda name: name IS NOT NULL)".format(
    ", ".join(
        [
            *(
                f'CASE WHEN source."{name}" IS DISTINCT FROM recorded."{name}" THEN \'{name}\' END'
                for name in _COMPARED
            ),
            f"CASE WHEN source.eventSource = '{EventSource.AWS}' "
            f"AND recorded.eventSource <> '{EventSource.AWS}' THEN 'eventSource' END",
        ]
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopProblem:
    """Why the outcomes of a loop are not what the ledger has."""

    human_loop_arn: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerComparison:
    """How the loops of the sources within the limits, and those of the ledger, compare."""

    retention_days: float
    """How long the ledger keeps a loop."""
    confirmed: int
    """Loops with an outcome that the ledger has."""
    different: int
    """Loops of which every outcome contradicts the ledger. They count as the ledger has them."""
    unknown: int
    """Loops that the ledger does not have. They are left out."""
    expired: int
    """Loops that are older than the retention of the ledger. They are left out."""
    missing: int
    """Loops of the ledger that are not in the sources. They do not count."""
    not_compared: int = 0
    """Outputs of loops that the ledger does not have. They are left out, because everybody who can
    add outcomes can add such ones."""
    problems: tuple[LoopProblem, ...]
    """Some of those that are different or unknown, by name."""

    @property
    def contradicted(self) -> int:
        """Loops that are different or unknown."""
        return self.different + self.unknown

    @property
    def sentence(self) -> str:
        """All of it in a sentence.

        Examples
        --------
        >>> LedgerComparison(
        ...     retention_days=400, confirmed=12, different=0, unknown=1, expired=0, missing=0,
        ...     problems=(),
        ... ).sentence
        'Compared with the ledger: 12 human loops are confirmed, and 1 is unknown to it, left out.'
        """
        found = [
            f"{_loops(self.confirmed)} confirmed",
            *(
                f"{_are(count)} {what}"
                for count, what in (
                    (self.different, "recorded otherwise, and count as the ledger has them"),
                    (self.unknown, "unknown to it, left out"),
                    (
                        self.expired,
                        f"older than its retention of {self.retention_days:g} days, left out "
                        "without a comparison",
                    ),
                    (self.missing, "in the ledger only, and do not count"),
                    (
                        self.not_compared,
                        "of an output alone, left out without a comparison",
                    ),
                )
                if count
            ),
        ]
        *first, last = found
        return f"Compared with the ledger: {', '.join(first)}{', and ' if first else ''}{last}."


def _loops(count: int) -> str:
    return f"{count:,} human loop{' is' if count == 1 else 's are'}"


def _are(count: int) -> str:
    return f"{count:,} {'is' if count == 1 else 'are'}"


def read_ledger(
    session: Session,
    settings: Settings,
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    flow: str | None,
    since: datetime | None,
) -> timedelta:
    """Read the outcomes of the stack's ledger, and return how long it keeps them.

    Parameters
    ----------
    session
        The run of the command line.
    settings
        The settings of the stack's review handler.
    connection
        The connection with the database ``staged``.
    folder
        Where the outcomes are written for DuckDB.
    flow
        An ARN limits the loops. A name does not, because accounts of a hub can share it.
    since
        Only the loops that ended at this time or later.

    Raises
    ------
    CommandError
        If the ledger has an outcome that this version cannot read.
    """
    import duckdb

    table = LedgerTable(session.client("dynamodb"), settings.ledger_table)
    reader = LedgerReader(table=table)
    arn = flow if flow is not None and flow.startswith("arn:") else None
    path, written = folder / "ledger.jsonl", 0
    with path.open("wb") as file, session.printer.progress() as progress:
        items = reader.items(since=since, flow_definition_arn=arn)
        for item in progress.track(items, description="Reading the ledger", total=None):
            outcome = RecordedOutcome.parse(item).outcome
            file.write(f"{json.dumps(outcome)}\n".encode())
            written += 1
    query = lines_query(str(path), enveloped=False, max_line_bytes=MAX_LINE_BYTES)
    connection.execute(f"CREATE TABLE {_LEDGER} ({COLUMNS})")
    try:
        (read,) = _row(connection, insert_statement(_LEDGER, query))
    except (duckdb.DataError, duckdb.ProgrammingError):
        read = -1
    if read < written:
        raise _unreadable(connection, path)
    path.unlink()
    return timedelta(days=settings.ledger_retention_days)


def compare(
    connection: duckdb.DuckDBPyConnection, retention: timedelta, conditions: str
) -> LedgerComparison:
    """Compare the staged outcomes with the ledger.

    Parameters
    ----------
    connection
        The connection with the staged outcomes and the ledger.
    retention
        How long the ledger keeps a loop.
    conditions
        The limits of the loops, in SQL.

    Raises
    ------
    CommandError
        If there are only outputs of A2I.
    """
    (outputs, outcomes) = _row(
        connection,
        f"SELECT count(*) FILTER ({_IS_OUTPUT}), count(*) FILTER (NOT {_IS_OUTPUT}) "
        f"FROM {OUTCOMES}",
    )
    if outputs and not outcomes:
        raise CommandError(
            f"--ledger compares outcomes, but all {outputs:,} of the sources are outputs of A2I",
            advice="Name outcomes of the stack too, such as those of an archive.",
            status=ExitStatus.USAGE,
        )
    connection.execute(f"CREATE TABLE {_SOURCE_LOOPS} AS SELECT DISTINCT {_LOOP} FROM {_OF_EVENTS}")
    if outputs:
        _use_ledger_for_outputs(connection)
    (not_compared,) = _row(
        connection, f"SELECT count(*) FROM {OUTCOMES} WHERE {_IS_OUTPUT} AND ({conditions})"
    )
    recorded = f"(SELECT * FROM {_LEDGER} WHERE {conditions})"
    different = connection.execute(
        f"SELECT humanLoopArn, min_by(differing, len(differing)) FROM ("
        f"SELECT source.humanLoopArn, source.creationTime, {_DIFFERING} AS differing "
        f"FROM {_OF_EVENTS} AS source JOIN {recorded} AS recorded USING ({_LOOP})) "
        f"GROUP BY {_LOOP} HAVING min(len(differing)) > 0 ORDER BY {_LOOP}"
    ).fetchall()
    oldest = datetime.now(UTC) - retention
    absent = connection.execute(
        f"SELECT humanLoopArn, max(coalesce(endTime, creationTime)) < ? AS expired "
        f"FROM {_OF_EVENTS} AS source ANTI JOIN {_LEDGER} USING ({_LOOP}) WHERE {conditions} "
        f"GROUP BY {_LOOP} ORDER BY {_LOOP}",
        [oldest],
    ).fetchall()
    unknown = [arn for arn, expired in absent if not expired]
    in_both, in_ledger = _row(
        connection,
        f"SELECT count(sources.humanLoopArn), count(*) FROM {recorded} AS recorded "
        f"LEFT JOIN {_SOURCE_LOOPS} AS sources USING ({_LOOP})",
    )
    problems = [
        *(LoopProblem(human_loop_arn=arn, problem="not in the ledger") for arn in unknown),
        *(
            LoopProblem(human_loop_arn=arn, problem=f"the ledger has another {', '.join(names)}")
            for arn, names in different
        ),
    ]
    return LedgerComparison(
        retention_days=retention / timedelta(days=1),
        confirmed=in_both - len(different),
        different=len(different),
        unknown=len(unknown),
        expired=len(absent) - len(unknown),
        missing=in_ledger - in_both,
        not_compared=not_compared,
        problems=tuple(problems[:_MAX_NAMED]),
    )


def use_ledger(connection: duckdb.DuckDBPyConnection) -> None:
    """Put what the ledger has of the loops of the sources in the place of their outcomes."""
    connection.execute(
        f"CREATE OR REPLACE VIEW {OUTCOMES} AS SELECT 0 AS part, rowid AS row, {NAMES} "
        f"FROM {_LEDGER} SEMI JOIN {_SOURCE_LOOPS} USING ({_LOOP})"
    )


def _use_ledger_for_outputs(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave out the outputs of loops that the ledger has, and take the ledger's outcomes."""
    matches = [
        f"FROM {OUTCOMES} AS outputs JOIN {_LEDGER} AS recorded ON {condition} "
        f"WHERE outputs.{_IS_OUTPUT}"
        for condition in (
            "recorded.outputS3Uri = outputs.outputS3Uri",
            "recorded.humanLoopArn = outputs.humanLoopArn AND "
            "date_trunc('second', recorded.creationTime) = outputs.creationTime",
        )
    ]
    loops = " UNION ".join(
        f"SELECT recorded.humanLoopArn, recorded.creationTime {each}" for each in matches
    )
    rows = " UNION ".join(f"SELECT outputs.part, outputs.row {each}" for each in matches)
    connection.execute(
        f"INSERT INTO {_SOURCE_LOOPS} SELECT * FROM ({loops}) EXCEPT SELECT * FROM {_SOURCE_LOOPS}"
    )
    leave_out(connection, rows)


def _unreadable(connection: duckdb.DuckDBPyConnection, path: Path) -> CommandError:
    """Return the error about an outcome of the ledger that this version cannot read."""
    loop, problem = _first_problem(connection, path)
    return CommandError(
        f"{loop} cannot be compared: its item in the ledger is of another version, or was changed: "
        f"{problem}",
        advice="Install the version of this command that is deployed.",
        status=ExitStatus.INCOMPLETE,
    )


def _first_problem(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, str]:
    """Return the loop of the first line that cannot be read, and what is wrong with the line."""
    piece = path.with_suffix(".piece")

    def problems(lines: Sequence[bytes]) -> list[str]:
        piece.write_bytes(b"".join(lines))
        query = line_problems_query(str(piece), max_line_bytes=MAX_LINE_BYTES)
        return [problem for (problem,) in connection.execute(query).fetchall() if problem]

    with path.open("rb") as outcomes:
        while lines := list(islice(outcomes, _LINES_OF_A_PIECE)):
            # The rows of several lines are in any order.
            for line in lines if problems(lines) else ():
                if found := problems([line]):
                    return str(json.loads(line).get("humanLoopArn", _UNNAMED)), found[0]
    return _UNNAMED, UNEXPECTED


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    return tuple(int(number) for number in connection.execute(query).fetchone() or ())
