"""First in, first out, written to be read: every pot is a queue of single units, each traced or not."""

from __future__ import annotations

from collections import deque


def payment_at(pointer, positions, starts, pot, place, back):
    """The last payment of the pot that begins at or before a place (backward: the unit at -place - 1), or -1."""
    unit = -place - 1 if back else place
    own = range(pointer[pot], pointer[pot + 1])
    return max((int(positions[i]) for i in own if starts[i] <= unit), default=-1)


def rulers(steps, pots, seeds, back):
    """Where the rulers of every pot begin and end: the opening, and all that came in and went out of it.

    The opening is where the first credit is placed, else what the first debit found, else what a seed says.
    """
    opening = [None] * pots
    for side, name in (("dst", "cplace"), ("src", "avail")):
        for pot in range(pots):
            found = [
                step for step in steps if step[side] == pot and not (side == "src" and step["flags"] & 64)
            ]
            if found and opening[pot] is None:
                opening[pot] = int(found[0][name])
    for pot in range(pots):
        if opening[pot] is None:
            standing = [-int(row[2]) if back else int(row[3]) for row in seeds if row[1] == pot]
            opening[pot] = max(standing, default=0)
    came, went = list(opening), [0] * pots
    for step in steps:
        came[int(step["dst"])] = int(step["cplace"]) + int(step["amount"]) - int(step["repaid"])
        went[int(step["src"])] += min(int(step["amount"]), int(step["avail"]))
    return opening, came, went


def arriving(steps):
    """What each step arrives as: a conversion that is not traced matters only for where the next credit stands."""
    amounts, later = [0] * len(steps), {}
    for s in range(len(steps) - 1, -1, -1):
        step = steps[s]
        place, repaid = int(step["cplace"]), int(step["repaid"])
        amounts[s] = int(step["amount"])
        if step["flags"] & 128 and int(step["dst"]) in later:
            amounts[s] = later[int(step["dst"])] - place + repaid
        later[int(step["dst"])] = place
    return amounts


def trace_lots(steps, pointer, positions, starts, seeds, queue, last, back):
    """What each step carries of the seeds' money, unit by unit."""
    pots = len(queue)
    opening, came, went = rulers(steps, pots, seeds, back)
    amounts = arriving(steps)
    # a unit is False, or True where it is traced; head is the place of the first unit on the (mirrored) ruler
    held = [deque([False] * ((came[p] - went[p]) if back else opening[p])) for p in range(pots)]
    head = [-came[p] if back else 0 for p in range(pots)]
    moved, stopped = [], []
    for event in range(-1, 2 * len(steps)):
        here = [row for row in seeds if row[0] == event]
        if event % 2:
            for _, pot, low, high, _ in here:
                gone = sum(held[pot])
                if gone:
                    stopped.append((-1, int(pot), gone))
                size = len(held[pot])
                held[pot] = deque(low - head[pot] <= i < high - head[pot] for i in range(size))
            continue
        place = event // 2
        if place > last:
            continue
        s = len(steps) - 1 - place if back else place
        step = steps[s]
        amount, repaid, arrives = int(step["amount"]), int(step["repaid"]), amounts[s]
        own = min(amount, int(step["avail"]))
        if back:
            payer, payee, stop = int(step["dst"]), int(step["src"]), 56
            pays, lent, leaves, enters = arrives - repaid, amount - own, arrives, amount
        else:
            payer, payee, stop = int(step["src"]), int(step["dst"]), 7
            pays, lent, leaves, enters = own, repaid, amount, arrives
        outside = len(held[payer]) < pays  # no history there: what it pays is not traced
        units = [False] * pays if outside else [held[payer].popleft() for _ in range(pays)]
        head[payer] += 0 if outside else pays
        units += [False] * (leaves - pays)
        if here:
            if any(units):
                stopped.append((s, payer, sum(units)))
            units = [here[0][2] <= i < here[0][3] for i in range(amount)]
        stopping = step["flags"] & stop
        if step["flags"] & 128 and (any(units) or here):
            return 1, [], [], []
        if any(units):
            moved.append((s, sum(units), 0 if stopping else sum(units[:lent])))
        units = units if leaves == enters and not stopping else [False] * enters
        held[payee].extend(units[lent:])
    left = [(pot, sum(held[pot])) for pot in range(pots) if any(held[pot])]
    return 0, moved, stopped, left
