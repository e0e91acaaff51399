"""The files of the sources are fetched and read, several at a time."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

from botocore.exceptions import ClientError

from human_loops_cli.errors import explain, is_access_denied
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.outcome_data.batch import Batch
from human_loops_cli.outcome_data.documents import Documents, count_lines, is_pattern
from human_loops_cli.outcome_data.engine import thread_count
from human_loops_cli.outcome_data.source_files import SourceFile
from human_loops_cli.outcome_data.staging import Staging
from human_loops_cli.session import Session

_FETCHES: Final = 8
_PARQUET: Final = b"PAR1"


def read_files(
    session: Session,
    files: Sequence[SourceFile],
    staging: Staging,
    mappings: MappingFile,
    folder: Path,
) -> None:
    """Read all files into the staging table.

    Parameters
    ----------
    session
        The run of the command line.
    files
        The files.
    staging, mappings
        Takes the outcomes, and reviews outputs.
    folder
        Where objects of S3 are kept until they are read.
    """
    with (
        session.printer.progress() as progress,
        ThreadPoolExecutor(thread_count()) as readers,
        ThreadPoolExecutor(_FETCHES) as fetchers,
    ):
        task = progress.add_task("Reading files", total=len(files))
        pending: deque[Future[None]] = deque()

        submitted = 0

        def submit(batch: Batch) -> None:
            nonlocal submitted
            # Two batches for each thread bound the memory.
            while len(pending) >= thread_count() + 1:
                pending.popleft().result()
            pending.append(readers.submit(staging.read_batch, batch))
            submitted += batch.count
            progress.update(task, description=f"Reading files ({submitted:,} outcomes)")

        def finish_pending() -> None:
            while pending:
                pending.popleft().result()

        def read_file(path: Path, *, compressed: bool, enveloped: bool) -> bool:
            finish_pending()
            lines = readers.submit(count_lines, path, compressed=compressed)
            return staging.read_file(
                path.resolve(), compressed=compressed, enveloped=enveloped, lines=lines
            )

        documents = Documents(mappings, submit, read_file, staging.reject)
        parquet: dict[Path, str] = {}
        for number, (file, path) in enumerate(_fetched(session, files, staging, folder, fetchers)):
            if _is_parquet(path):
                parquet[_without_pattern(path, folder / f"copied-{number}").resolve()] = file.name
            else:
                documents.read(path, file.name)
                if file.path is None:
                    path.unlink()
            progress.advance(task)
        documents.finish()
        finish_pending()
        staging.read_parquet(parquet)
    staging.finish()


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_PARQUET)) == _PARQUET


def _without_pattern(path: Path, copy: Path) -> Path:
    """Return the path, or that of a copy: DuckDB takes some names for patterns."""
    return Path(shutil.copyfile(path, copy)) if is_pattern(path) else path


def _fetched(
    session: Session,
    files: Sequence[SourceFile],
    staging: Staging,
    folder: Path,
    fetchers: ThreadPoolExecutor,
) -> Iterator[tuple[SourceFile, Path]]:
    """Yield the fetched files in their order. The next files are fetched in parallel."""
    ahead: deque[tuple[SourceFile, Future[Path]]] = deque()
    numbered = iter(enumerate(files))
    while True:
        while len(ahead) < 2 * _FETCHES and (following := next(numbered, None)):
            number, file = following
            to = folder / f"fetched-{number}"
            if file.is_standard_input:
                # Here, because a thread that waits for it cannot be interrupted.
                now: Future[Path] = Future()
                now.set_result(file.fetch(session, to))
                ahead.append((file, now))
            else:
                ahead.append((file, fetchers.submit(file.fetch, session, to)))
        if not ahead:
            return
        file, fetched = ahead.popleft()
        try:
            path = fetched.result()
            path.open("rb").close()
        except ClientError as error:
            if is_access_denied(error):
                raise
            staging.reject(file.name, str(explain(error)))
        except OSError as error:
            staging.reject(file.name, f"cannot be read: {error.strerror}")
        else:
            yield file, path
