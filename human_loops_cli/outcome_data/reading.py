"""The files of the sources are fetched and read, several at a time."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from botocore.exceptions import ClientError

from human_loops_cli.errors import explain, is_access_denied
from human_loops_cli.mappings.mapping_file import MappingFile
from human_loops_cli.outcome_data.documents import Documents, count_lines, is_pattern
from human_loops_cli.outcome_data.engine import thread_count
from human_loops_cli.outcome_data.group import Group
from human_loops_cli.outcome_data.output_reviewers import OutputReviewers
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
        closing(OutputReviewers(mappings, thread_count())) as reviewers,
        ThreadPoolExecutor(1) as reader,
        ThreadPoolExecutor(1) as counter,
        ThreadPoolExecutor(_FETCHES) as fetchers,
    ):
        task = progress.add_task("Reading files", total=len(files))
        pending: deque[Future[None]] = deque()
        submitted = 0

        def finish_pending() -> None:
            while pending:
                pending.popleft().result()

        def read_group(group: Group) -> None:
            nonlocal submitted
            # One group is read while the next one is written.
            finish_pending()
            pending.append(reader.submit(staging.read_group, group))
            submitted += group.count
            progress.update(task, description=f"Reading files ({submitted:,} outcomes)")

        def read_file(path: Path, *, compressed: bool, enveloped: bool) -> bool:
            finish_pending()
            lines = counter.submit(count_lines, path, compressed=compressed)
            return staging.read_file(
                path, compressed=compressed, enveloped=enveloped, count_lines=lines.result
            )

        documents = Documents(folder, reviewers, read_group, read_file, staging.reject)
        parquet: dict[Path, str] = {}
        for number, (file, fetched) in enumerate(_fetched(session, files, folder, fetchers)):
            progress.advance(task)
            try:
                path = fetched()
                opened = path.open("rb")
            except ClientError as error:
                if is_access_denied(error):
                    raise
                staging.reject(file.name, str(explain(error)))
                continue
            except OSError as error:
                staging.reject(file.name, f"cannot be read: {error.strerror}")
                continue
            with opened:
                is_parquet = opened.peek(len(_PARQUET)).startswith(_PARQUET)
                if not is_parquet:
                    documents.read(opened, path, file.name)
            if is_parquet:
                parquet[_without_pattern(path, folder / f"copied-{number}")] = file.name
            elif file.path is None:
                path.unlink()
        documents.finish()
        finish_pending()
        staging.read_parquet(parquet)
    staging.finish()


def _without_pattern(path: Path, copy: Path) -> Path:
    """Return the path, or that of a copy: DuckDB takes some names for patterns."""
    return Path(shutil.copyfile(path, copy)) if is_pattern(path) else path


def _fetched(
    session: Session, files: Sequence[SourceFile], folder: Path, fetchers: ThreadPoolExecutor
) -> Iterator[tuple[SourceFile, Callable[[], Path]]]:
    """Yield the files in their order, each with what returns its path once it is fetched.

    The next objects of S3 are fetched in parallel. Standard input is read by the caller, because a
    thread that waits for it cannot be interrupted.
    """
    ahead: deque[tuple[SourceFile, Callable[[], Path]]] = deque()
    for number, file in enumerate(files):
        fetch = partial(file.fetch, session, folder / f"fetched-{number}")
        in_s3 = file.key is not None
        ahead.append((file, fetchers.submit(fetch).result if in_s3 else fetch))
        if len(ahead) == 2 * _FETCHES:
            yield ahead.popleft()
    yield from ahead
