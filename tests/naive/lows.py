"""The tree of lowest balances, written to be read: every node is the least of all leaves below it."""

from __future__ import annotations

NEVER = 2**62


def left_behind(steps, side, arriving, at, end, back):
    """What is left in the pot behind a payment, out of the steps themselves; `NEVER` if more parts of it follow."""
    positions = side[1]
    step = steps[positions[at]]
    if not back:
        return int(step["avail"]) - paid(steps, side, at, end)
    if at + 1 < end and same_payment(step, steps[positions[at + 1]]):
        return NEVER
    before = int(step["after"])
    while True:
        s = int(positions[at])
        before -= arriving.get(s, int(steps[s]["amount"])) - int(steps[s]["repaid"])
        if at == 0 or not same_payment(steps[positions[at - 1]], step):
            return max(before, 0)  # outside nothing stands at any time
        at -= 1


def paid(steps, side, at, end):
    """What a debit took out of its pot; outside, where there are no balances, only the last one takes any."""
    step = steps[side[1][at]]
    outside = at + 1 < end and steps[side[1][at + 1]]["dplace"] == step["dplace"]
    return 0 if outside else min(int(step["amount"]), int(step["avail"]))


def same_payment(step, other):
    """Whether two steps are parts of one payment out of several compartments into one pot."""
    parts = step["flags"] & other["flags"] & 512
    return bool(parts and step["row"] == other["row"] and step["dst"] == other["dst"])


def lows_of(steps, side, converted, back):
    """The least of every 16 leaves, of every 256, and so on, until one node is above all."""
    pointer = [int(x) for x in side[0]]
    arriving = {int(s): int(amount) for s, amount in converted}
    return tree(
        left_behind(steps, side, arriving, at, pointer[p + 1], back)
        for p in range(len(pointer) - 1)
        for at in range(pointer[p], pointer[p + 1])
    )


def tree(leaves):
    leaves = list(leaves)
    found = []
    width = 16
    while leaves:
        found += [min(leaves[i : i + width]) for i in range(0, len(leaves), width)]
        if width >= len(leaves):
            break
        width *= 16
    return found


def build_lows(pointer, entries, last, back):
    """The same out of the entries of an index alone, and what the last payment of every pot moved."""
    leaves = []
    for p in range(len(pointer) - 1):
        mine = entries[pointer[p] : pointer[p + 1]]
        moved = [int(x) for x in mine["start"][1:] - mine["start"][:-1]] + [int(last[p])] * min(len(mine), 1)
        before = 0  # what the parts in front of the last one moved
        for held, own in zip(mine["held"].tolist(), moved, strict=True):
            if held < 0:
                before += own
                leaves.append(NEVER)
            else:
                leaves.append(max(held - before - own, 0))
                before = 0
    return tree(leaves)
