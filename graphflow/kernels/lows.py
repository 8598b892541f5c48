"""The lowest balances behind a pot's payments, as a tree: the first payment that goes below a height is
found without looking at those between.

Payments stand in the order of an index, all pots one behind the other. A leaf is what is left in the pot
behind a payment; leaves are not kept, they are differences of what the index has. A node is the least of 16
nodes below it: level 1 of 16 leaves, level 2 of 16 nodes of level 1, up to a level of one node. The levels
stand one behind the other, the lowest first; of ``m`` payments level ``k`` has ``ceil(m / 16**k)`` nodes, so
that sizes and offsets follow from ``m``, and the whole is a fifteenth of it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Records = NDArray[np.void]

NEVER = np.int64(2**62)
"""No height: of several parts that come in together only the last one is a payment."""


@njit(cache=True, nogil=True)
def left_behind(entries: Records, at: int, end: int, last: int, back: bool) -> int:
    """What is left in a pot behind its payment at a place of ``entries``; the pot's part of them ends at
    ``end``, and its last payment moved ``last``.

    Forward a debit leaves what the pot had less what it paid of its own. Backward a credit leaves what stood
    there before it came: of several parts of one transfer the last one (the first that is met) stands for
    all, and the others, which go below no height, are not asked about here. Neighbours on the ruler say how
    much moved.
    """
    held = entries[at]["held"]
    first = at
    if back:
        while first > 0 and entries[first - 1]["held"] < 0:
            first -= 1
    if at + 1 < end:
        return held - (entries[at + 1]["start"] - entries[first]["start"])
    if not back:
        return held - min(last, held)
    return max(held - (entries[at]["start"] - entries[first]["start"] + last), 0)  # 0: outside


@njit(cache=True, nogil=True)
def build_lows(pointer: Ints, entries: Records, last: Ints, back: bool) -> Ints:
    """The nodes of the tree, level by level.

    Parameters
    ----------
    pointer : int64 (pots + 1)
    entries : record array (m)
        The payments of each pot (forward: debits, backward: credits), as ``lay.ENTRY``: those of pot ``p``
        are ``pointer[p]`` to ``pointer[p + 1]`` of them.
    last : int64 (pots)
        How much the last debit of each pot was; backward what was left of its last credit when its lender
        was repaid.
    """
    size = entries.size
    total = 0
    count = size
    while count > 1 or total == 0:
        count = (count + 15) >> 4
        total += count
        if count == 0:
            break
    lows = np.full(total, NEVER, np.int64)
    for p in range(pointer.size - 1):
        end = pointer[p + 1]
        for at in range(pointer[p], end - 1):
            low = NEVER
            if entries[at]["held"] >= 0 and (at == 0 or entries[at - 1]["held"] >= 0):  # as nearly all are
                low = entries[at]["held"] - (entries[at + 1]["start"] - entries[at]["start"])
            elif entries[at]["held"] >= 0:
                low = left_behind(entries, at, end, last[p], back)
            lows[at >> 4] = min(lows[at >> 4], low)
        if end > pointer[p]:
            low = left_behind(entries, end - 1, end, last[p], back)
            lows[(end - 1) >> 4] = min(lows[(end - 1) >> 4], low)
    begin = 0
    count = (size + 15) >> 4
    while count > 1:
        for i in range(count):
            above = begin + count + (i >> 4)
            lows[above] = min(lows[above], lows[begin + i])
        begin += count
        count = (count + 15) >> 4
    return lows
