"""DuckDB in a private folder. It can read only that folder and the sources, and no network."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from human_loops_cli.errors import CommandError, ExitStatus
from human_loops_cli.installation import how_to_install

if TYPE_CHECKING:
    import duckdb

_MEMORY: Final = "300MB"
_MAX_THREADS: Final = 4


def thread_count() -> int:
    """Return how many threads read and query."""
    return min(_processors(), _MAX_THREADS)


def _processors() -> int:
    """Return how many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def connect(folder: Path, readable: Sequence[str]) -> duckdb.DuckDBPyConnection:
    """Return a connection with an empty database ``staged``.

    Parameters
    ----------
    folder
        Where it may read and write.
    readable
        Further files that it may read.

    Raises
    ------
    CommandError
        If DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise CommandError(
            "this command needs DuckDB",
            advice=how_to_install("report"),
            status=ExitStatus.USAGE,
        ) from None
    connection = duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "memory_limit": _MEMORY,
            "temp_directory": str(folder / "spilled"),
            "threads": 1,
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET allowed_directories = ?", [[str(folder)]])
    connection.execute("SET allowed_paths = ?", [list(readable)])
    connection.execute("SET enable_external_access = false")
    # DuckDB writes the progress bar to standard output.
    connection.execute("SET enable_progress_bar = false")
    # A checkpoint compresses the data, which takes as long as reading it. The default is 16 MB.
    connection.execute("SET checkpoint_threshold = '128MB'")
    connection.execute("ATTACH ':memory:' AS staged")
    return connection


def use_all_threads(connection: duckdb.DuckDBPyConnection) -> None:
    """Let each statement use all threads, in any order of rows. Batches have one thread each."""
    connection.execute(f"SET threads = {thread_count()}")
    connection.execute("SET preserve_insertion_order = false")


def use_one_thread(connection: duckdb.DuckDBPyConnection) -> None:
    """Let each statement use one thread, in the order of rows."""
    connection.execute("SET threads = 1")
    connection.execute("SET preserve_insertion_order = true")


@contextmanager
def errors_without_content() -> Iterator[None]:
    """Replace errors of DuckDB, because their messages can quote outcomes.

    Raises
    ------
    CommandError
        If DuckDB has an error.
    """
    import duckdb

    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        raise CommandError(
            f"DuckDB failed: {type(error).__name__}",
            advice=f"Check the free space in {tempfile.gettempdir()}. Set TMPDIR to another "
            "folder, or read less data with --since or fewer files.",
            status=ExitStatus.INCOMPLETE,
        ) from None


def run(connection: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query.

    Raises
    ------
    CommandError
        If DuckDB has an error.
    """
    with errors_without_content():
        return connection.execute(sql).fetchall()
