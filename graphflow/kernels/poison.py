"""Poison: everything that an account pays out after it was touched. An upper bound, not an attribution."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Records = NDArray[np.void]


@njit(cache=True, nogil=True)
def touch(steps: Records, seeds: Ints, reached: Ints, last: int, most: int) -> Ints:
    """Mark what the seeds' money touches, forward, in time order.

    Parameters
    ----------
    steps : record array (m)
    seeds : int64 (k, 2): step and amount, ascending
    reached : int64 (pots, 2), zero
        After the call: most hops that are left when the pot pays, plus 1 (0: never touched), and the
        first step that touched it.
    last : the last step of the period
    most : most transfers after a seed; -1 for any number

    Returns
    -------
    int64 (v, 2): step and amount, in time order. A seed step carries its seed's amount, or the whole
    where its payer was touched before.
    """
    if seeds.shape[0] == 0:
        return np.empty((0, 2), np.int64)
    # room for all at once: what is not written to takes no memory, and growing cost more than the walk
    moved = np.empty((max(last + 1 - seeds[0, 0], 0), 2), np.int64)
    count = 0
    turn = 0
    unlimited = np.int64(4611686018427387904)
    start = unlimited if most < 0 else np.int64(most) + 1
    for s in range(seeds[0, 0], last + 1):
        left = reached[steps[s]["src"], 0]
        amount = np.int64(0)
        if left > 1:
            amount = steps[s]["amount"]
            left -= 1
        else:
            left = 0
        if turn < seeds.shape[0] and seeds[turn, 0] == s:
            amount = max(amount, seeds[turn, 1])
            left = start
            turn += 1
        if amount == 0:
            continue
        moved[count, 0] = s
        moved[count, 1] = amount
        count += 1
        if steps[s]["flags"] & 7 == 0:
            q = steps[s]["dst"]
            if reached[q, 0] == 0:
                reached[q, 1] = s
            reached[q, 0] = max(reached[q, 0], left)
    return moved[:count]
