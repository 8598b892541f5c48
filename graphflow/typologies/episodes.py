"""Windows that overlap are one episode: every transfer of one is in exactly one pattern."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.windows import crowded, distinct_within
from graphflow.typologies.found import Asked, Found, nothing, sums
from graphflow.typologies.payments import Payments

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def pointer_of(sizes: Ints) -> Ints:
    """Where groups of these sizes begin and end.

    >>> pointer_of(np.array([2, 1])).tolist()
    [0, 2, 3]
    """
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])


def ranges(begins: Ints, ends: Ints) -> Ints:
    """The numbers from each begin to before its end, one after another.

    >>> ranges(np.array([5, 1]), np.array([7, 2])).tolist()
    [5, 6, 1]
    """
    sizes = ends - begins
    pointer = pointer_of(sizes)
    found: Ints = np.arange(pointer[-1]) + np.repeat(begins - pointer[:-1], sizes)
    return found


def distinct(groups: Ints, values: Ints, count: int) -> tuple[Ints, Ints]:
    """Of each of `count` groups its different values, in the order in which they come: pointer, values.

    >>> [x.tolist() for x in distinct(np.array([0, 0, 0, 1]), np.array([7, 3, 7, 7]), 2)]
    [[0, 2, 3], [7, 3, 7]]
    """
    if not values.size:
        return np.zeros(count + 1, np.int64), values
    size = int(values.max()) + 1
    _, first = np.unique(groups * size + values, return_index=True)
    first.sort()
    order = first[np.argsort(groups[first], kind="stable")]
    return pointer_of(np.bincount(groups[order], minlength=count)), values[order]


def in_a_row(positions: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The numbers from 0 on: what lies in memory as it is asked for is read several times as fast."""
    return np.arange(len(positions), dtype=np.int32)


def fans(payments: Payments, asked: Asked, side: int) -> Found:
    """Holders that receive (``side`` 1) from, or pay (0) to, at least so many others within the window."""
    pointer, positions = payments.by_payee if side else payments.by_payer
    other, at = payments.ends[:, 1 - side][positions], payments.time[positions]
    counts, begins, ends = distinct_within(
        pointer, in_a_row(positions), other, at, pointer, at, asked.window, True
    )
    enough = np.flatnonzero(counts >= asked.least)
    if not enough.size:
        return nothing()
    first = episodes(begins[enough], ends[enough])
    last = np.append(first[1:], enough.size) - 1
    begin, end = begins[enough[first]], ends[enough[last]]
    transfers = positions[ranges(begin, end)].astype(np.int64)
    groups = np.repeat(np.arange(begin.size), end - begin)
    hubs = payments.ends[positions[begin], side].astype(np.int64)
    members = distinct(
        np.concatenate([np.arange(begin.size), groups]),
        np.concatenate([hubs, payments.ends[transfers, 1 - side].astype(np.int64)]),
        begin.size,
    )
    bounds = pointer_of(end - begin)
    return Found(bounds, transfers, *members, sums(payments, bounds, transfers))


def episodes(begins: Ints, ends: Ints) -> Ints:
    """Which windows, given in order, have nothing in common with those before them: there an episode begins.

    >>> episodes(np.array([0, 1, 4]), np.array([2, 4, 6])).tolist()
    [0, 2]
    """
    return np.flatnonzero(np.append(True, begins[1:] >= ends[:-1]))


FEW, MOST_BITS = 1_000, 29
"""Fewer rows are sorted as they are; a table of 2 to the power of so many places is as large as it gets."""


def together(keys: Ints, time: Ints, window: int, least: int) -> Ints:
    """The places of rows that may be among so many of their key within a window: none is left out.

    >>> keys = np.array([7] * 600 + list(range(600)))
    >>> found = together(keys, np.zeros(1200, np.int64), 0, 500)
    >>> found[:600].tolist() == list(range(600)), found.size < 700
    (True, True)
    """
    if keys.size < FEW or least < 2:
        return np.arange(keys.size)
    bits = min(int(keys.size).bit_length() + 3, MOST_BITS)
    return np.flatnonzero(crowded(keys, time, window, least, bits))


def busy(keys: Ints, who: Ints, time: Ints, window: int, least: int) -> tuple[Ints, Ints, Ints]:
    """Runs of rows with one key in which some window has at least so many different others.

    Returns an order of the rows, and where in it each run begins and ends.

    >>> keys, who = np.array([7, 7, 7, 8]), np.array([1, 2, 1, 3])
    >>> [x.tolist() for x in busy(keys, who, np.array([0, 1, 9, 0]), 2, 2)]
    [[0, 1, 2], [0], [2]]
    """
    none = np.zeros(0, np.int64)
    some = together(keys, time, window, least)
    if not some.size:
        return none, none, none
    _, group, counts = np.unique(keys[some], return_inverse=True, return_counts=True)
    many = np.flatnonzero(counts[group] >= least)
    order, group = some[many], group[many]
    in_time = np.lexsort((time[order], group))
    order, group = order[in_time], group[in_time]
    if not order.size:
        return none, none, none
    pointer = np.append(np.flatnonzero(np.append(True, group[1:] != group[:-1])), order.size).astype(np.int64)
    at, others = time[order], who[order].astype(np.int32)
    places = np.arange(order.size, dtype=np.int32)
    found, begins, ends = distinct_within(pointer, places, others, at, pointer, at, window, True)
    enough = np.flatnonzero(found >= least)
    if not enough.size:
        return none, none, none
    first = episodes(begins[enough], ends[enough])
    last = np.append(first[1:], enough.size) - 1
    return order, begins[enough[first]], ends[enough[last]]
