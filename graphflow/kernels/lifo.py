"""Last in, first out: the newest money of a pot leaves first.

What stands in a pot is a height: what comes in lies on top, and a payment takes from the top down. Traced
money is a set of intervals of heights, a stack; a payment touches it only where it leaves less behind than
the height of the stack's top, and the first one that does is found in a tree (:mod:`graphflow.kernels.lows`).

Everything that the compiled code calls is in this file: numba's cache does not see other files.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Records = NDArray[np.void]
Side = tuple[Ints, Numbers, Ints, Ints, Ints]

NEVER = np.int64(2**62)


@njit(cache=True, nogil=True)
def left_behind(steps: Records, side: Side, converted: Ints, at: int, end: int, back: bool) -> int:
    """What is left in the pot behind its payment at a place of ``side``, as ``lows.left_behind`` says."""
    _, positions, starts, held, _ = side
    if held[at] < 0:
        return NEVER
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
def first_below(
    steps: Records, side: Side, converted: Ints, pot: int, at: int, height: int, back: bool
) -> int:
    """Where in ``side`` a pot's first payment is, from place ``at`` on (backward: down from it), that leaves
    less than ``height`` behind; -1 where none does.

    Up the tree, past sixteens that stay above the height, and down to the first leaf that does not.
    """
    pointer, positions, _, _, lows = side
    begin = pointer[pot]
    end = pointer[pot + 1]
    ahead = -1 if back else 1
    edge = 0 if back else 15  # the last of sixteen
    node = at
    shift = 0  # of the level: 4 bits each
    offset = 0  # where the level begins
    found = False
    while not found:
        last = begin >> shift if back else (end - 1) >> shift
        while node * ahead <= last * ahead:
            if shift == 0:
                low = left_behind(steps, side, converted, node, end, back)
            else:
                low = lows[offset + node]
            if low < height:
                found = True
                break
            node += ahead
            if (node - ahead) & 15 == edge:
                break
        if found:
            break
        if node * ahead > last * ahead:
            return np.int64(-1)
        if shift > 0:
            offset += (positions.size + (np.int64(1) << shift) - 1) >> shift
        node >>= 4
        shift += 4
    while shift > 0:
        shift -= 4
        count = (positions.size + (np.int64(1) << shift) - 1) >> shift
        node = (node << 4) + 15 - edge  # backward no node below is missing: all lie before the place
        if shift > 0:
            offset -= count
            while lows[offset + node] >= height:
                node += ahead
        else:
            last = begin if back else end - 1
            while left_behind(steps, side, converted, node, end, back) >= height:
                if node == last:
                    return np.int64(-1)
                node += ahead
    return np.int64(node)
