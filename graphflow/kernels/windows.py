"""Counts within a window of time that moves along an account's transfers."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def distinct_within(
    pointer: Ints, positions: Numbers, other: Numbers, time: Ints,
    at_pointer: Ints, at: Ints, window: int, ahead: bool,
) -> tuple[Numbers, Ints, Ints]:  # fmt: skip
    """How many different others each account has transfers with, in a window from, or up to, some moments.

    Both edges of the window belong to it, so at equal times the order of transfers does not matter.

    Parameters
    ----------
    pointer, positions
        Transfers of each account, in time order, as `kernels.index.index_by` gives them.
    other : int32 (n)
        The other account of each transfer.
    time : int64 (n)
    at_pointer, at : int64
        The moments of account ``k`` are ``at[at_pointer[k]:at_pointer[k + 1]]``, ascending.
    window
        How long it is.
    ahead
        From the moment on; else up to it.

    Returns
    -------
    counts, begins, ends
        By moment: different others, and between which places of ``positions`` its window's transfers lie.
    """
    counts = np.empty(at.size, np.int32)
    begins = np.empty(at.size, np.int64)
    ends = np.empty(at.size, np.int64)
    most = 0
    for i in range(other.size):
        most = max(most, other[i])
    seen = np.zeros(most + 1, np.int32)
    for account in range(pointer.size - 1):
        low = high = pointer[account]
        end = pointer[account + 1]
        distinct = 0
        for k in range(at_pointer[account], at_pointer[account + 1]):
            first = at[k] if ahead else at[k] - window
            last = first + window
            while high < end and time[positions[high]] <= last:
                who = other[positions[high]]
                if seen[who] == 0:
                    distinct += 1
                seen[who] += 1
                high += 1
            while low < high and time[positions[low]] < first:
                who = other[positions[low]]
                seen[who] -= 1
                if seen[who] == 0:
                    distinct -= 1
                low += 1
            counts[k] = distinct
            begins[k] = low
            ends[k] = high
        for i in range(low, high):  # leave no mark for the next account
            seen[other[positions[i]]] = 0
    return counts, begins, ends


@njit(cache=True, nogil=True)
def mark_of(key: int, stretch: int, bits: int) -> int:
    """The place of a key and a stretch of time in a table; following stretches of a key lie side by side."""
    mark = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return (np.int64(mark >> np.uint64(64 - bits)) + stretch) & ((np.int64(1) << bits) - 1)


@njit(cache=True, nogil=True)
def crowded(keys: Ints, time: Ints, window: int, least: int, bits: int) -> Flags:
    """Which rows may be among so many of one key within a window; of the others none is.

    Rows are counted by a mark of their key and by stretches of time as long as the window, of which each
    window meets two at most. Several keys may have one mark, so some rows pass that are not: it costs one
    look at a table a row, where telling keys apart exactly costs sorting them.

    Parameters
    ----------
    keys, time : int64 (n)
    window
        How long it is; both edges belong to it.
    least
        How many rows; above 255 it counts as 255.
    bits
        The table has 2 to the power of so many places.
    """
    last = (np.int64(1) << bits) - 1
    table = np.zeros(last + 1, np.uint8)
    for i in range(keys.size):
        place = mark_of(keys[i], time[i] // (window + 1), bits)
        if table[place] < 255:
            table[place] += 1
    many = min(least, 255)
    found = np.empty(keys.size, np.bool_)
    for i in range(keys.size):
        place = mark_of(keys[i], time[i] // (window + 1), bits)
        mine = np.int64(table[place])
        before, after = np.int64(table[(place - 1) & last]), np.int64(table[(place + 1) & last])
        found[i] = mine + before >= many or mine + after >= many
    return found
