"""Threads for what lets go of Python's lock; of little work none is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

FEW = 10_000
"""Of fewer rows a thread costs more than it saves."""


def threads(count: int, rows: int) -> Any:
    """A pool of so many threads, for work on so many rows."""
    return ThreadPoolExecutor(count) if rows > FEW else _Here()


class _Here:
    """What a pool of threads does, done at once."""

    def map(self, do: Callable[..., Any], values: Iterable[Any]) -> Iterator[Any]:
        return iter([do(value) for value in values])

    def submit(self, do: Callable[..., Any], *values: Any) -> Future[Any]:
        found: Future[Any] = Future()
        found.set_result(do(*values))
        return found

    def __enter__(self) -> _Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass
