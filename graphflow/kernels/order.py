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


@njit(cache=True, nogil=True)
def chain_balances(ahead: Ints, behind: Ints, levels: int, start: int, most: int, work: int) -> Ints:
    """Every order of rows in which each begins at the balance that the one before left.

    The rows are the arrows of a graph whose points are balances, and an order is a walk over every arrow
    once (Euler's). A row is tried only if all that is left can still be walked behind it, so no way is begun
    that leads nowhere, and the work is that of the orders found.

    Parameters
    ----------
    ahead, behind : int64 (n)
        The balance before and after each row, numbered from 0.
    levels : int
        How many balances there are.
    start : int
        The balance before the first row; negative: not known.
    most : int
        Orders to be found at most.
    work : int
        Rows to be looked at, at most.

    Returns
    -------
    orders : int64 (k, n)
        None where there is no such order, or where a limit is passed.
    """
    count = ahead.size
    none = np.empty((0, count), np.int64)
    pointer = np.zeros(levels + 1, np.int64)
    surplus = np.zeros(levels, np.int64)  # rows that leave a balance, less those that come to it
    for i in range(count):
        pointer[ahead[i] + 1] += 1
        surplus[ahead[i]] += 1
        surplus[behind[i]] -= 1
    for v in range(levels):
        pointer[v + 1] += pointer[v]
    rows = np.empty(count, np.int64)
    free = pointer[:-1].copy()
    for i in range(count):
        rows[free[ahead[i]]] = i
        free[ahead[i]] += 1
    if start < 0:
        for v in range(levels):
            if surplus[v] > 0:
                start = v
    # one row more leaves the first balance than comes to it, and one less the last; or all are even
    open_ended = start >= 0 and surplus[start] == 1
    for v in range(levels):
        if v == start:
            if surplus[v] != 0 and not open_ended:
                return none
        elif surplus[v] > 0 or surplus[v] < (-1 if open_ended else 0):
            return none

    left = np.diff(pointer)
    taken = np.zeros(count, np.bool_)
    seen = np.zeros(levels, np.int64)
    stack = np.empty(levels, np.int64)
    asked = 0
    orders = np.empty((min(most, 4), count), np.int64)
    found = 0
    order = np.empty(count, np.int64)
    tried = np.zeros(count + 1, np.int64)  # how many rows of its balance each place has tried
    begin = start if start >= 0 else 0
    while begin < levels:
        depth = 0
        tried[0] = 0
        while depth >= 0:
            at = begin if depth == 0 else behind[order[depth - 1]]
            n = np.int64(-1)
            while n < 0 and depth < count and tried[depth] < pointer[at + 1] - pointer[at]:
                i = rows[pointer[at] + tried[depth]]
                tried[depth] += 1
                if taken[i]:
                    continue
                n = i
                if left[at] == 1 and depth > 0:
                    continue
                # can all others be walked from where it leads?
                asked += 1
                taken[i] = True
                reached = depth + 1
                stack[0] = behind[i]
                seen[behind[i]] = asked
                size = 1
                while size > 0:
                    size -= 1
                    v = stack[size]
                    for j in range(pointer[v], pointer[v + 1]):
                        work -= 1
                        if not taken[rows[j]]:
                            reached += 1
                            w = behind[rows[j]]
                            if seen[w] != asked:
                                seen[w] = asked
                                stack[size] = w
                                size += 1
                taken[i] = False
                if reached < count:
                    n = np.int64(-1)
            work -= 1
            if work < 0:
                return none
            if n >= 0:
                order[depth] = n
                taken[n] = True
                left[at] -= 1
                depth += 1
                tried[depth] = 0
                if depth < count:
                    continue
                if found == most:
                    return none
                if found == orders.shape[0]:
                    more = np.empty((min(most, 2 * found), count), np.int64)
                    more[:found] = orders
                    orders = more
                orders[found] = order
                found += 1
            depth -= 1
            if depth >= 0:
                taken[order[depth]] = False
                left[ahead[order[depth]]] += 1
        if start >= 0:
            break
        begin += 1
    return orders[:found]
