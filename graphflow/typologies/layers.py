"""Runs that have the same holders on one side are one pattern, with all those on the other side."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from graphflow import sets

Ints = npt.NDArray[np.int64]


def alike(pointer: Ints, holders: Ints, since: Ints, until: Ints) -> Iterator[list[int]]:
    """Groups of runs whose sets are equal and whose times overlap, one after another.

    The set of run ``k`` is ``holders[pointer[k]:pointer[k + 1]]``, ascending.

    >>> pointer, holders = np.array([0, 2, 4, 6]), np.array([1, 2, 1, 2, 1, 3])
    >>> list(alike(pointer, holders, np.array([0, 5, 0]), np.array([5, 9, 9])))
    [[0, 1], [2]]
    """
    same: dict[bytes, list[int]] = {}
    for k in range(len(pointer) - 1):
        same.setdefault(holders[pointer[k] : pointer[k + 1]].tobytes(), []).append(k)
    for runs in same.values():
        runs.sort(key=lambda k: (int(since[k]), k))
        group, latest = [runs[0]], int(until[runs[0]])
        for k in runs[1:]:
            if since[k] > latest:
                yield group
                group = []
            group.append(k)
            latest = max(latest, int(until[k]))
        yield group


def ascending(groups: Ints, values: Ints, count: int) -> tuple[Ints, Ints]:
    """Of each of `count` groups its different values, ascending: pointer, values.

    >>> [x.tolist() for x in ascending(np.array([0, 0, 1]), np.array([7, 3, 7]), 2)]
    [[0, 2, 3], [3, 7, 7]]
    """
    size = int(values.max(initial=0)) + 1
    keys = sets.unique(groups * size + values)
    pointer = np.concatenate(
        [np.zeros(1, np.int64), np.cumsum(np.bincount(keys // size, minlength=count), dtype=np.int64)]
    )
    return pointer, keys % size
