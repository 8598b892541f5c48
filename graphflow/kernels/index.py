"""Index of steps by pot: a stable counting sort."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]


@njit(cache=True, nogil=True)
def index_by(keys: Numbers, size: int) -> tuple[Ints, Numbers]:
    """Positions of equal keys, in their order.

    Returns ``pointer`` (size + 1) and ``positions``: those of key ``k`` are
    ``positions[pointer[k]:pointer[k + 1]]``, ascending.
    """
    pointer = np.zeros(size + 1, np.int64)
    for i in range(keys.size):
        pointer[keys[i] + 1] += 1
    for k in range(size):
        pointer[k + 1] += pointer[k]
    positions = np.empty(keys.size, np.int32)
    free = pointer[:-1].copy()
    for i in range(keys.size):
        k = keys[i]
        positions[free[k]] = i
        free[k] += 1
    return pointer, positions
