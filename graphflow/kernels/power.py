"""How often each block of votes decides: the counts behind Shapley and Shubik's index and Banzhaf's.

Everything that the compiled code calls is in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@njit(cache=True, nogil=True)
def count_swings(weights: Ints, quota: int) -> Ints:
    """In how many sets of the others, by their number, a block turns a loss into a win.

    Every set is looked at: twice as many for each further block.

    Parameters
    ----------
    weights : int64 (n)
        Votes of each block, n at most 24.
    quota : int
        Votes that are not enough; one more is.

    Returns
    -------
    int64 (n, n)
        ``[i, s]``: sets of `s` others that lose without block ``i`` and win with it.
    """
    n = weights.size
    swings = np.zeros((n, n), np.int64)
    inside = np.zeros(n, np.bool_)
    total = np.int64(0)
    size = np.int64(0)
    for number in range(1, 2**n + 1):
        for i in range(n):
            if not inside[i] and total <= quota and total + weights[i] > quota:
                swings[i, size] += 1
        if number == 2**n:
            break
        # the next set differs in one block (Gray's code)
        flip = np.int64(0)
        while not (number >> flip) & 1:
            flip += 1
        inside[flip] = not inside[flip]
        total += weights[flip] if inside[flip] else -weights[flip]
        size += 1 if inside[flip] else -1
    return swings
