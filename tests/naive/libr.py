"""Lowest intermediate balance, written to be read: every step in order, T and its worth of every pot."""

from __future__ import annotations


def nearest(amount, part, parts):
    """``amount * part / parts`` to the nearest whole number, a half up; all of it where there are no parts."""
    return (2 * int(amount) * int(part) + int(parts)) // (2 * int(parts)) if parts else int(amount)


def left_behind(step):
    """What a payment leaves in its pot."""
    return max(int(step["avail"]) - int(step["amount"]), 0)


def first_below(steps, side, pot, step, height):
    """Where in ``side`` the pot's first payment behind a step is that leaves less than ``height``, or -1."""
    pointer, positions = side[:2]
    for at in range(int(pointer[pot]), int(pointer[pot + 1])):
        if positions[at] > step and left_behind(steps[positions[at]]) < height:
            return at
    return -1


def same_payment(steps, s, other):
    """Whether two steps are parts of one payment out of several compartments."""
    if not (0 <= other < len(steps) and steps[s]["flags"] & steps[other]["flags"] & 512):
        return False
    return steps[s]["row"] == steps[other]["row"]


def trace_lowest(steps, side, seeds, converted, state, last, patience=0):
    """What each step carries: T := min(T, what is left behind), the difference goes."""
    arriving = {int(s): int(amount) for s, amount in converted}
    traced, worth = (dict.fromkeys(range(len(state)), 0) for _ in range(2))
    moved, aside, stopped = [], [], []
    injected = {int(key): int(amount) for key, _, amount, _ in seeds}
    for event in range(-1, 2 * len(steps)):
        if event % 2:  # money that stands in a pot, and the whole of the pot restarts
            for number, (key, pot, amount, _) in enumerate(seeds):
                if key == event:
                    if traced[pot]:
                        stopped.append((-3 - number, int(pot), traced[pot], worth[pot]))
                    traced[pot] = worth[pot] = int(amount)
            continue
        first = event // 2
        if first > last or (first and same_payment(steps, first, first - 1)):
            continue  # it went with the part before it
        group = [first]
        while same_payment(steps, group[-1], group[-1] + 1):
            group.append(group[-1] + 1)
        parts = []  # step, what it carries, what that is worth
        for s in group:
            payer = int(steps[s]["src"])
            stays = min(traced[payer], left_behind(steps[s])) if steps[s]["avail"] else 0
            carried = traced[payer] - stays
            value = nearest(worth[payer], carried, traced[payer]) if traced[payer] else 0
            traced[payer], worth[payer] = stays, worth[payer] - value
            if 2 * s in injected:
                if carried:
                    stopped.append((s, payer, carried, value))
                carried = value = injected[2 * s]
            parts.append((s, carried, value))
        carried, value = (sum(part[i] for part in parts) for i in (1, 2))
        if not carried:
            continue
        amounts = [int(steps[s]["amount"]) for s in group]
        came = sum(arriving.get(s, amount) for s, amount in zip(group, amounts, strict=True))
        arrived = carried
        if steps[first]["flags"] & 128:
            arrived = nearest(came, carried, sum(amounts))
        payee, stop = int(steps[first]["dst"]), steps[first]["flags"] & 7
        repaid = sum(int(steps[s]["repaid"]) for s in group)
        lender = 0 if stop else max(repaid - (came - arrived), 0)
        lender_value = nearest(value, lender, arrived) if lender else 0
        for s, amount, part_value in parts:
            if not amount:
                continue
            entered = arrived if len(group) == 1 else amount
            of_it, of_its_value = min(lender, entered), min(lender_value, part_value)
            lender, lender_value = lender - of_it, lender_value - of_its_value
            if entered != amount or of_it or of_its_value:
                aside.append((len(moved), entered, of_it, of_its_value))
            moved.append((s, amount, part_value))
            if stop:
                continue
            if entered > of_it:
                traced[payee] += entered - of_it
                worth[payee] += part_value - of_its_value
            elif part_value > of_its_value:
                stopped.append((-2, payee, 0, part_value - of_its_value))
    left = [(pot, traced[pot], worth[pot]) for pot in traced if traced[pot]]
    return moved, aside, stopped, left
