"""Calls in several threads, with their results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def in_parallel(calls: Iterable[Callable[[], T]], threads: int) -> Iterator[Callable[[], T]]:
    """Run calls ahead of their use, and yield what returns the result of each, in order.

    Parameters
    ----------
    calls
        The calls. The next ones are taken as soon as a result is used.
    threads
        How many run at once, and how many results are kept.

    Examples
    --------
    >>> [result() for result in in_parallel([lambda: 1, lambda: 2], threads=2)]
    [1, 2]
    """
    ahead: deque[Future[T]] = deque()
    executor = ThreadPoolExecutor(threads)
    try:
        for call in calls:
            ahead.append(executor.submit(call))
            if len(ahead) == threads:
                yield ahead.popleft().result
        while ahead:
            yield ahead.popleft().result
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
