"""Outputs are reviewed here, or by several processes if there are many."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from human_loops_cli.mappings.mapping_file import MappingFile, PathCounts
from human_loops_cli.outcome_data import review_worker
from human_loops_cli.outcome_data.reviewed_output import (
    Reviewed,
    Share,
    review_document,
    review_share,
    review_text,
)

# A process is started for more than this: to start it takes as long.
_FEW_BYTES: Final = 4 * 1024 * 1024

# What a process reviews at once.
_SHARE_BYTES: Final = 1024 * 1024


class OutputReviewers:
    """Reviews outputs.

    Parameters
    ----------
    mappings
        The mappings of custom tasks.
    processes
        How many processes may run. With one, all outputs are reviewed here.
    """

    def __init__(self, mappings: MappingFile, processes: int) -> None:
        self._mappings = mappings
        self._few = _FEW_BYTES if processes > 1 else None
        self._processes = processes
        self._seen = 0
        self._share: Share = []
        self._size = 0
        self._pending: deque[Future[list[Reviewed]]] = deque()
        self._workers: list[_Worker] = []
        self._threads = ThreadPoolExecutor(processes)
        self._of_thread = threading.local()
        self._lock = threading.Lock()
        self._is_closed = False

    def review(self, content: bytes, place: str) -> Iterator[Reviewed]:
        """Review the content of a file, and yield the reviews that are finished.

        Those of other files can be among them, and this one be yielded later.
        """
        self._seen += len(content)
        if self._few is None or self._seen <= self._few:
            yield review_text(content, place, self._mappings)
            return
        self._share.append((content, place))
        self._size += len(content)
        if self._size >= _SHARE_BYTES:
            self._submit()
            # Two shares for each process bound the memory.
            while len(self._pending) > 2 * self._processes:
                yield from self._pending.popleft().result()

    def review_here(self, document: Any, place: str, number: int | None, size: int) -> Reviewed:
        """Review an output that was parsed."""
        return review_document(document, place, self._mappings, size=size, number=number)

    def finish(self) -> Iterator[Reviewed]:
        """Yield the last reviews."""
        if self._share:
            self._submit()
        while self._pending:
            yield from self._pending.popleft().result()

    def close(self) -> None:
        """End the processes."""
        self._is_closed = True
        for each in self._workers:
            each.end()
        self._threads.shutdown(cancel_futures=True)

    def _submit(self) -> None:
        self._pending.append(self._threads.submit(self._review, self._share))
        self._share, self._size = [], 0

    def _review(self, share: Share) -> list[Reviewed]:
        """Review a share in the process of this thread. If that has ended, review it here."""
        try:
            reviewed, counts = self._worker().review(share)
        except (OSError, ValueError, EOFError, pickle.UnpicklingError):  # it has ended
            if self._is_closed:
                return []
            mappings = self._mappings.without_counts()
            reviewed = review_share(share, mappings)
            counts = mappings.counts
        with self._lock:
            self._mappings.counts.add(counts)
        return reviewed

    def _worker(self) -> _Worker:
        if not hasattr(self._of_thread, "worker"):
            self._of_thread.worker = _Worker(self._mappings.without_counts())
            self._workers.append(self._of_thread.worker)
        found: _Worker = self._of_thread.worker
        return found


class _Worker:
    """A process that reviews shares. It ends with this one, which closes its input."""

    def __init__(self, mappings: MappingFile) -> None:
        process = subprocess.Popen(  # noqa: S603 - this program
            # -P: the current folder is of the user, and has no modules.
            [sys.executable, "-P", "-m", review_worker.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback can quote content
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            start_new_session=True,  # Ctrl-C is for this process, which ends the other ones
        )
        self._process = process
        self._in: Any = process.stdin
        self._out: Any = process.stdout
        self._send(mappings)

    def review(self, share: Share) -> tuple[list[Reviewed], PathCounts]:
        """Return the reviews, and which paths of the mappings were found."""
        self._send(share)
        found: tuple[list[Reviewed], PathCounts] = pickle.load(self._out)  # noqa: S301 - as above
        return found

    def end(self) -> None:
        """End the process at once."""
        self._process.kill()
        with suppress(OSError), self._process:
            pass  # closes the pipes, and waits

    def _send(self, value: object) -> None:
        pickle.dump(value, self._in)
        self._in.flush()
