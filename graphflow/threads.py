"""Threads where there is enough to do: starting them costs more than a few thousand rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

FEW = 10_000
"""Rows that one thread is done with before others have started."""


class _Here(Executor):
    """What a pool of threads does, done at once."""

    def submit(self, do: Callable[..., Any], /, *values: Any, **named: Any) -> Future[Any]:
        found: Future[Any] = Future()
        try:
            found.set_result(do(*values, **named))
        except BaseException as error:
            found.set_exception(error)
        return found

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any], **_: Any) -> Iterator[Any]:
        return iter([fn(*values) for values in zip(*iterables, strict=False)])


def threads(most: int, rows: int) -> Executor:
    """A pool of up to `most` threads; for few rows one that does everything at once, where it is asked to.

    Examples
    --------
    >>> with threads(2, rows=3) as pool:
    ...     list(pool.map(str.upper, ["a", "b"]))
    ['A', 'B']
    """
    return ThreadPoolExecutor(most) if most > 1 and rows > FEW else _Here()
