"""Joint order, written to be read."""

from __future__ import annotations

import numpy as np


def topological(before, after, size):
    """Always the least node that nothing left must precede; where there is none, the least that is left, marked."""
    left = set(range(size))
    edges = [(int(a), int(b)) for a, b in zip(before, after, strict=True)]
    order, forced = [], [False] * size
    while left:
        held_up = {b for a, b in edges if a in left and b in left}
        free = left - held_up
        node = min(free) if free else min(left)
        forced[node] = not free
        left.remove(node)
        order.append(node)
    return order, forced


def chain_balances(ahead, behind, levels, start, most, work):
    """Every way to put the rows one behind the other; those in which each goes on from the balance before."""
    count = len(ahead)
    found = []

    def walk(order, at):
        if len(order) == count:
            found.append(order)
        for n in range(count):
            if n not in order and (at < 0 or ahead[n] == at):
                walk([*order, n], int(behind[n]))

    walk([], start)
    found = found if len(found) <= most else []
    return np.array(found, np.int64).reshape(-1, count)
