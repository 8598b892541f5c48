"""Poison, written to be read: once touched, everything that a pot pays is touched."""

from __future__ import annotations


def touch(steps, seeds, reached, last, most):
    """Steps that carry touched money, with the fewest transfers after a seed by which it came to the payer.

    ``reached`` gets what is left of ``most`` for each pot, plus 1, and the first step that touched it.
    """
    endless = 1 << 62
    parts = {int(step): int(amount) for step, amount in seeds}
    fewest: dict[int, int] = {}  # pot: fewest transfers after a seed
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
        if not steps[s]["flags"] & 7:
            first.setdefault(target, s)
            fewest[target] = min(hops, fewest.get(target, hops))
    for pot, hops in fewest.items():
        reached[pot][0] = endless - hops if most < 0 else most + 1 - hops
        reached[pot][1] = first[pot]
    return moved
