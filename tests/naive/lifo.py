"""Last in, first out, written to be read: every pot is a stack of single units, each traced or not."""

from __future__ import annotations

from tests.naive.lows import left_behind


def first_below(steps, side, converted, pot, at, height, back):
    """The first payment from a place on that leaves less than so much in the pot, or -1: one by one."""
    begin, end = int(side[0][pot]), int(side[0][pot + 1])
    for i in range(at, begin - 1, -1) if back else range(at, end):
        if left_behind(steps, side, converted, i, end, back) < height:
            return i
    return -1
