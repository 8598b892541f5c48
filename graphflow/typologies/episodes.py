"""Windows that overlap are one episode: every transfer of one is in exactly one pattern."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graphflow.kernels.windows import distinct_within
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


def fans(payments: Payments, asked: Asked, side: int) -> Found:
    """Holders that receive (``side`` 1) from, or pay (0) to, at least so many others within the window."""
    pointer, positions = payments.by_payee if side else payments.by_payer
    other = np.ascontiguousarray(payments.ends[:, 1 - side])
    at = payments.time[positions]
    counts, begins, ends = distinct_within(
        pointer, positions, other, payments.time, pointer, at, asked.window, True
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


def busy(keys: Ints, who: Ints, time: Ints, window: int, least: int) -> tuple[Ints, Ints, Ints]:
    """Runs of rows with one key in which some window has at least so many different others.

    Returns an order of the rows, and where in it each run begins and ends.

    >>> keys, who = np.array([7, 7, 7, 8]), np.array([1, 2, 1, 3])
    >>> [x.tolist() for x in busy(keys, who, np.array([0, 1, 9, 0]), 2, 2)]
    [[0, 1, 2], [0], [2]]
    """
    none = np.zeros(0, np.int64)
    if not keys.size:
        return none, none, none
    _, group, counts = np.unique(keys, return_inverse=True, return_counts=True)
    many = np.flatnonzero(counts[group] >= least)
    order = many[np.lexsort((time[many], group[many]))]
    if not order.size:
        return none, none, none
    group = group[order]
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
