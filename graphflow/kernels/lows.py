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

from graphflow.kernels.prefetch import prefetch

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Records = NDArray[np.void]
Side = tuple[Ints, Numbers, Ints, Ints]

AHEAD = 16
"""How many pots ahead memory is asked for."""

NEVER = np.int64(2**62)
"""No height: of several parts that come in together only the last one is a payment."""


@njit(cache=True, nogil=True)
def left_behind(steps: Records, side: Side, converted: Ints, at: int, end: int, back: bool) -> int:
    """What is left in a pot behind its payment at a place of ``side``; the pot's part of it ends at ``end``.

    Forward a debit leaves what the pot had less what it paid of its own. Backward a credit leaves what stood
    there before it came: of several parts of one transfer the last one (the first that is met) stands for
    all, and the others, which go below no height, are not asked about here. Neighbours on the ruler say how
    much moved, so that only the last step of a pot is read.
    """
    _, positions, starts, held = side
    first = at
    if back:
        while first > 0 and held[first - 1] < 0:
            first -= 1
    if at + 1 < end:
        return held[at] - (starts[at + 1] - starts[first])
    s = np.int64(positions[at])
    moved = np.int64(steps[s]["amount"])
    if not back:
        return held[at] - min(moved, held[at])
    if steps[s]["flags"] & 128:
        low = 0
        high = converted.shape[0]
        while low < high:
            middle = (low + high) // 2
            if converted[middle, 0] < s:
                low = middle + 1
            else:
                high = middle
        moved = converted[low, 1]
    return max(held[at] - (starts[at] - starts[first] + moved - steps[s]["repaid"]), 0)  # 0: outside


@njit(cache=True, nogil=True)
def build_lows(steps: Records, side: Side, converted: Ints, back: bool) -> Ints:
    """The nodes of the tree, level by level.

    Parameters
    ----------
    steps : record array (m)
    side : int64 (pots + 1), int32 (m), int64 (m), int64 (m)
        The payments of each pot (forward: debits, backward: credits): those of pot ``p`` are ``pointer[p]``
        to ``pointer[p + 1]`` of the others; their steps, their places on its ruler, what it holds.
    converted : int64 (c, 2)
        Steps that arrive as another amount, ascending, and that amount.
    """
    pointer, positions, starts, held = side
    size = positions.size
    total = 0
    count = size
    while count > 1 or total == 0:
        count = (count + 15) >> 4
        total += count
        if count == 0:
            break
    lows = np.full(total, NEVER, np.int64)
    pots = pointer.size - 1
    for p in range(pots):
        end = pointer[p + 1]
        if p + AHEAD < pots and pointer[p + AHEAD + 1] > 0:  # its last step will be read
            prefetch(steps, np.int64(positions[pointer[p + AHEAD + 1] - 1]))
        for at in range(pointer[p], end - 1):
            low = NEVER
            if held[at] >= 0 and (at == 0 or held[at - 1] >= 0):  # as nearly all are
                low = held[at] - (starts[at + 1] - starts[at])
            elif held[at] >= 0:
                low = left_behind(steps, side, converted, at, end, back)
            lows[at >> 4] = min(lows[at >> 4], low)
        if end > pointer[p]:
            low = left_behind(steps, side, converted, end - 1, end, back)
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
