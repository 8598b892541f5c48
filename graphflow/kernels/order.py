"""Joint order of rows whose times are equal, from the orders of single statements."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def topological(before: Ints, after: Ints, size: int) -> tuple[Ints, Flags]:
    """The topological order of nodes ``0..size-1`` that takes the least free node first.

    ``before[i]`` comes before ``after[i]``. Where orders contradict one another (a ring), the least
    node that is left is taken although something should stand before it; ``forced`` marks it.
    """
    pointer = np.zeros(size + 1, np.int64)
    waits = np.zeros(size, np.int64)
    for i in range(before.size):
        pointer[before[i] + 1] += 1
        waits[after[i]] += 1
    for k in range(size):
        pointer[k + 1] += pointer[k]
    heads = np.empty(before.size, np.int64)
    free = pointer[:-1].copy()
    for i in range(before.size):
        heads[free[before[i]]] = after[i]
        free[before[i]] += 1

    order = np.empty(size, np.int64)
    forced = np.zeros(size, np.bool_)
    done = np.zeros(size, np.bool_)
    heap = np.empty(size, np.int64)
    count = 0
    for k in range(size):
        if waits[k] == 0:  # ascending, so the array is a heap already
            heap[count] = k
            count += 1
    taken = 0
    left = 0
    while taken < size:
        if count == 0:
            while done[left]:
                left += 1
            node = left
            forced[node] = True
        else:
            node = heap[0]
            count -= 1
            last = heap[count]
            i = 0
            while True:
                child = 2 * i + 1
                if child >= count:
                    break
                if child + 1 < count and heap[child + 1] < heap[child]:
                    child += 1
                if heap[child] >= last:
                    break
                heap[i] = heap[child]
                i = child
            heap[i] = last
            if done[node]:
                continue
        done[node] = True
        order[taken] = node
        taken += 1
        for e in range(pointer[node], pointer[node + 1]):
            follower = heads[e]
            waits[follower] -= 1
            if waits[follower] == 0 and not done[follower]:
                i = count
                count += 1
                while i > 0 and heap[(i - 1) // 2] > follower:
                    heap[i] = heap[(i - 1) // 2]
                    i = (i - 1) // 2
                heap[i] = follower
    return order, forced
