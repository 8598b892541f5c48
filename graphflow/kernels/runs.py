"""Runs: an investor's payments from a first one in to the last one back before it pays in anew."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def number_runs(holder: Ints, comes_in: Flags, amount: Ints) -> Ints:
    """Number the runs of all holders, whose rows stand together and in time order; -1: a row of none.

    A run begins with a payment in, and ends where somebody pays in again after everything was paid back. What
    is paid to somebody who has not paid in is of something else.
    """
    found = np.full(holder.size, -1, np.int64)
    run = np.int64(-1)
    paid = np.int64(0)
    back = np.int64(0)
    for i in range(holder.size):
        if i == 0 or holder[i] != holder[i - 1]:
            paid = np.int64(0)
            back = np.int64(0)
        if comes_in[i]:
            if paid == 0:
                run += 1
            elif back >= paid:
                run += 1
                paid = np.int64(0)
                back = np.int64(0)
            paid += amount[i]
        elif paid > 0:
            back += amount[i]
        else:
            continue
        found[i] = run
    return found
