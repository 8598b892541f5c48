"""Joint order, written to be read."""

from __future__ import annotations


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
