"""Index of steps by pot: a stable counting sort."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]


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


@njit(cache=True, nogil=True)
def period_of(account: Ints, time: Ints, pointer: Ints, begins: Ints, ends: Ints) -> Ints:
    """The period of each account that holds each time; -1 where none does.

    Periods ``pointer[a]`` to ``pointer[a + 1]`` are account ``a``'s, in order and apart from one another.
    """
    found = np.full(account.size, -1, np.int64)
    for i in range(account.size):
        a = account[i]
        if a < 0:
            continue
        low = pointer[a]
        high = pointer[a + 1]
        while low < high:  # the first period that ends at the time or later
            middle = (low + high) // 2
            if ends[middle] < time[i]:
                low = middle + 1
            else:
                high = middle
        if low < pointer[a + 1] and begins[low] <= time[i]:
            found[i] = low
    return found


@njit(cache=True, nogil=True)
def history_keys(
    account: Ints,
    coin: Ints,
    period: Ints,
    mark: Ints,
    kept: Flags,
    pointer: Ints,
    sizes: tuple[int, int, int],
) -> tuple[Ints, Ints]:
    """A number for the book and the pot of each row's side; -1 where the account is.

    ``sizes``: currencies, most periods of an account plus 1, earmarks plus 1. ``kept`` are accounts that
    are kept by earmark. Period 0 of a book is the world outside.
    """
    coins, widest, marks = sizes
    book = np.full(account.size, -1, np.int64)
    pot = np.full(account.size, -1, np.int64)
    for i in range(account.size):
        a = account[i]
        if a < 0:
            continue
        slot = np.int64(0)
        if period[i] >= 0:
            slot = period[i] - pointer[a] + 1
        key = (a * coins + coin[i]) * widest + slot
        book[i] = key
        pot[i] = key * marks
        if kept[a] and slot > 0:
            pot[i] += mark[i] + 1
    return book, pot


@njit(cache=True, nogil=True)
def compact(present: Flags, keys: Ints) -> tuple[Ints, Ints]:
    """Numbers for the keys that occur: those keys, ascending, and the number of each key given (-1 stays).

    ``present`` is false for every possible key; it is used up.
    """
    count = 0
    for i in range(keys.size):
        if keys[i] >= 0 and not present[keys[i]]:
            present[keys[i]] = True
            count += 1
    distinct = np.empty(count, np.int64)
    number = np.empty(present.size, np.int64)
    count = 0
    for k in range(present.size):
        if present[k]:
            distinct[count] = k
            number[k] = count
            count += 1
    places = np.empty(keys.size, np.int64)
    for i in range(keys.size):
        places[i] = number[keys[i]] if keys[i] >= 0 else -1
    return distinct, places
