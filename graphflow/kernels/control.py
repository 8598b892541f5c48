"""Control: the least set of parties whose majorities lie within it.

Everything that the compiled code calls is in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def controlled(
    pointer: Ints, companies: Numbers, votes: Ints, quota: Ints, starts: Ints, gained: Ints
) -> tuple[Ints, Ints]:
    """Whom some parties control together, in the order in which they come under control.

    A party comes in when those that are in have more than its quota of votes. Votes only ever add up, so the
    set is the same whatever the order.

    Parameters
    ----------
    pointer, companies : stakes by owner
        Those of party ``i`` are ``pointer[i]`` to ``pointer[i + 1]``.
    votes : int64 (stakes)
        Votes that each gives in its company.
    quota : int64 (parties)
        Votes that are not enough; one more is.
    starts : int64
        The parties that control.
    gained : int64 (parties)
        All zero; left so.

    Returns
    -------
    tuple of two int64 arrays
        The parties in, `starts` first; and the votes that each had gained when it came in (of `starts`: 0).
    """
    inside = np.empty(max(16, 2 * starts.size), np.int64)
    had = np.empty(inside.size, np.int64)
    count = np.int64(0)
    for i in starts:
        if gained[i] >= 0:
            gained[i] = -1
            inside[count] = i
            had[count] = 0
            count += 1
    at = np.int64(0)
    while at < count:
        i = inside[at]
        at += 1
        for k in range(pointer[i], pointer[i + 1]):
            j = np.int64(companies[k])
            if gained[j] < 0:
                continue
            gained[j] += votes[k]
            if gained[j] > quota[j]:
                if count == inside.size:
                    more = np.empty(2 * count, np.int64)
                    more[:count] = inside
                    inside = more
                    more = np.empty(2 * count, np.int64)
                    more[:count] = had
                    had = more
                inside[count] = j
                had[count] = gained[j]
                count += 1
                gained[j] = -1
    for m in range(count):
        i = inside[m]
        gained[i] = 0
        for k in range(pointer[i], pointer[i + 1]):
            gained[companies[k]] = 0
    return inside[:count].copy(), had[:count].copy()


@njit(cache=True, nogil=True)
def controlled_by_each(
    pointer: Ints, companies: Numbers, votes: Ints, quota: Ints, begins: Ints, starts: Ints
) -> tuple[Ints, Ints]:
    """Whom each of many groups of parties controls together.

    Parameters
    ----------
    pointer, companies, votes, quota
        As in `controlled`.
    begins, starts : int64
        The parties of group ``g`` are ``starts[begins[g] : begins[g + 1]]``.

    Returns
    -------
    tuple of two int64 arrays
        Where the parties under each group begin (and the end); these, in the order in which they come in.
    """
    gained = np.zeros(pointer.size - 1, np.int64)
    ends = np.zeros(begins.size, np.int64)
    under = np.empty(16, np.int64)
    count = np.int64(0)
    for g in range(begins.size - 1):
        group = starts[begins[g] : begins[g + 1]]
        inside, _ = controlled(pointer, companies, votes, quota, group, gained)
        more = inside.size - group.size
        if count + more > under.size:
            longer = np.empty(2 * (count + more), np.int64)
            longer[:count] = under[:count]
            under = longer
        under[count : count + more] = inside[group.size :]
        count += more
        ends[g + 1] = count
    return ends, under[:count].copy()


@njit(cache=True, nogil=True)
def held_from_below(
    pointer: Ints, owners: Numbers, companies: Numbers, votes: Ints, quota: Ints, asked: Ints
) -> Flags:
    """Which ties are of an owner that its company controls itself.

    Parameters
    ----------
    pointer, owners, companies, votes : ties by owner
        Those of party ``i`` are ``pointer[i]`` to ``pointer[i + 1]``.
    quota : int64 (parties)
        Votes that are not enough.
    asked : int64
        The companies that are looked at.
    """
    gained = np.zeros(pointer.size - 1, np.int64)
    found = np.zeros(owners.size, np.bool_)
    start = np.empty(1, np.int64)
    for company in asked:
        start[0] = company
        inside, _ = controlled(pointer, companies, votes, quota, start, gained)
        for i in inside:
            for k in range(pointer[i], pointer[i + 1]):
                if companies[k] == company:
                    found[k] = True
    return found
