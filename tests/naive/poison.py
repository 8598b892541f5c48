"""Poison, written to be read: once touched, everything that a pot pays is touched."""

from __future__ import annotations

from bisect import bisect_right


def first_behind(pointer, positions, pot, step):
    """Where in ``positions`` the pot's first payment behind a step is; the end of its part if there is none."""
    begin, end = int(pointer[pot]), int(pointer[pot + 1])
    return begin + bisect_right([int(x) for x in positions[begin:end]], step)


def touch(steps, pointer, positions, seeds, reached, last, most, listed, patience=1):
    """Steps that carry touched money, and the pots that it came to, in the order in which it first did."""
    parts = {int(step): int(amount) for step, amount in seeds}
    fewest: dict[int, int] = {}  # pot that can pay: fewest transfers after a seed
    came: dict[int, int] = {}
    first: dict[int, int] = {}
    moved = []
    for s in range(last + 1):
        source, target = int(steps[s]["src"]), int(steps[s]["dst"])
        hops = None
        amount = 0
        if source in fewest and (most < 0 or fewest[source] + 1 <= most):
            hops, amount = fewest[source] + 1, int(steps[s]["amount"])
        if s in parts:
            hops, amount = 0, max(amount, parts[s])
        if not amount:
            continue
        moved.append((s, amount))
        first.setdefault(target, s)
        came[target] = came.get(target, 0) + amount
        if not steps[s]["flags"] & 7:
            fewest[target] = min(hops, fewest.get(target, hops))
    return (moved if listed else []), [(pot, first[pot], came[pot]) for pot in came]
