"""Work that threads do ahead of whoever takes it, a little of it at a time."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")
_EACH = 4
"""Results of a thread that may wait to be taken: they may be whole pictures."""


def ahead(work: Callable[[S], T], items: Iterable[S], threads: int) -> Iterator[T]:
    """The results in order. On Ctrl-C, what was not begun is not waited for.

    Args:
        work: done in a thread; what it raises is raised where its result is taken.
        items: what it is done with.
        threads: 0 takes every core.
    """
    count = threads or os.cpu_count() or 1
    rest = iter(items)
    pool = ThreadPoolExecutor(count)
    try:
        waiting: deque[Future[T]] = deque(
            pool.submit(work, item) for item in islice(rest, count * _EACH)
        )
        while waiting:
            done = waiting.popleft().result()
            waiting.extend(pool.submit(work, item) for item in islice(rest, 1))
            yield done
    finally:
        pool.shutdown(cancel_futures=True)
