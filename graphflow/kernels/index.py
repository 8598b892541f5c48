"""Numbers for the books and pots of rows, and what belongs to each number: sorts by counting."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint64]


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
def sort_hashes(keys: Words) -> tuple[Words, Numbers]:
    """The hashes in ascending order, and where each stood; equal ones in the order in which they stood.

    Hashes are spread evenly, so that a count by their first bits leaves a few to each insertion sort.
    """
    n = keys.size
    bits = 1
    while bits < 28 and (4 << bits) < n:
        bits += 1
    shift = np.uint64(64 - bits)
    pointer = np.zeros((1 << bits) + 1, np.int64)
    for i in range(n):
        pointer[np.int64(keys[i] >> shift) + 1] += 1
    for k in range(1 << bits):
        pointer[k + 1] += pointer[k]
    ordered = np.empty(n, np.uint64)
    places = np.empty(n, np.int32)
    for i in range(n):
        bucket = np.int64(keys[i] >> shift)
        begin = pointer[bucket]
        pointer[bucket] += 1
        ordered[begin] = keys[i]
        places[begin] = i
    begin = 0
    for k in range(1 << bits):
        end = pointer[k]  # where the bucket's last one was put, plus 1
        for i in range(begin + 1, end):
            key = ordered[i]
            place = places[i]
            at = i
            while at > begin and ordered[at - 1] > key:
                ordered[at] = ordered[at - 1]
                places[at] = places[at - 1]
                at -= 1
            ordered[at] = key
            places[at] = place
        begin = end
    return ordered, places


@njit(cache=True, nogil=True)
def period_of(account: Numbers, time: Ints, pointer: Ints, begins: Ints, ends: Ints) -> Numbers:
    """The period of each account that holds each time; -1 where none does.

    Periods ``pointer[a]`` to ``pointer[a + 1]`` are account ``a``'s, in order and apart from one another.
    """
    found = np.full(account.size, -1, np.int32)
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
    account: Numbers,
    coin: Numbers,
    period: Numbers,
    mark: Numbers,
    kept: Flags,
    pointer: Ints,
    sizes: tuple[int, int, int],
) -> Ints:
    """A number for the pot of each row's side, ``marks`` times that of its book; -1 where the account is.

    ``sizes``: currencies, most periods of an account plus 1, earmarks plus 1 (``marks``). ``kept`` are
    accounts that are kept by earmark; without any ``mark`` no row has one. Period 0 of a book is the world
    outside.
    """
    coins, widest, marks = sizes
    pot = np.full(account.size, -1, np.int64)
    for i in range(account.size):
        a = np.int64(account[i])
        if a < 0:
            continue
        slot = np.int64(0)
        if period[i] >= 0:
            slot = period[i] - pointer[a] + 1
        pot[i] = ((a * coins + coin[i]) * widest + slot) * marks
        if mark.size > 0 and kept[a] and slot > 0:
            pot[i] += mark[i] + 1
    return pot
