"""Control: the least set of parties whose majorities lie within it.

Everything that the compiled code calls is in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]


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
