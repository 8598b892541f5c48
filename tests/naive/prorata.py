"""Pro rata, written to be read: big integers, every step in order."""

from __future__ import annotations

UNIT = 1 << 32


def share(whole, part, parts):
    """``whole * part // parts``, and the remainder."""
    return divmod(int(whole) * int(part), int(parts))


def take(whole, fraction, part, parts):
    """What is left of ``whole + fraction / 2**32`` after a payment of ``part`` out of ``parts``."""
    value = int(whole) * UNIT + int(fraction)
    return divmod(value - value * int(part) // int(parts), UNIT)


def nearest(amount, part, parts):
    """``amount * part / parts`` to the nearest whole number, a half up; nothing of nothing."""
    return (2 * int(amount) * int(part) + int(parts)) // (2 * int(parts)) if parts else 0


def next_step(pointer, positions, pot, place, back, size):
    """The place in time order of the pot's first payment after ``place``, or -1."""
    own = positions[pointer[pot] : pointer[pot + 1]]
    return min((o for o in ((size - 1 - int(s) if back else int(s)) for s in own) if o > place), default=-1)


def trace_shares(steps, pointer, positions, seeds, converted, state, last, back):
    """What each step carries: T, E and the amount in the seed's currency of every pot, step by step."""
    arriving = {int(s): int(amount) for s, amount in converted}
    traced, exact, worth = (dict.fromkeys(range(len(state)), 0) for _ in range(3))
    injected = {int(row[0]): row for row in seeds}
    moved, stopped, touched = [], [], []

    def put(pot, amount, value):
        if amount:
            if not exact[pot]:
                touched.append(pot)
            traced[pot] += amount
            exact[pot] += amount * UNIT
            worth[pot] += value

    for event in range(2 * len(steps)):
        if event % 2:
            for number, row in enumerate(
                seeds
            ):  # money that stands in a pot, and the whole of the pot restarts
                if row[0] == event:
                    pot, amount = int(row[1]), int(row[2])
                    if traced[pot]:
                        stopped.append((-3 - number, pot, traced[pot], worth[pot]))
                    held = exact[pot]
                    traced[pot], exact[pot], worth[pot] = amount, amount * UNIT, amount
                    if amount and not held:
                        touched.append(pot)
            continue
        place = event // 2
        if place > last:
            continue
        s = len(steps) - 1 - place if back else place
        step = steps[s]
        amount, repaid = int(step["amount"]), int(step["repaid"])
        arrives = arriving.get(s, amount) if step["flags"] & 128 else amount
        own = min(amount, int(step["avail"]))
        if back:
            payer, payee, pays, balance = (
                int(step["dst"]),
                int(step["src"]),
                arrives - repaid,
                int(step["after"]),
            )
            leaves, enters, lent, stop = arrives, amount, amount - own, step["flags"] & 56
        else:
            payer, payee, pays, balance = int(step["src"]), int(step["dst"]), own, int(step["avail"])
            leaves, enters, lent, stop = amount, arrives, repaid, step["flags"] & 7
        carried = value = 0
        if pays and exact[payer]:
            rest = exact[payer] - exact[payer] * pays // balance
            stays = (rest + UNIT // 2 - 1) // UNIT  # the nearest whole number stays, a half goes
            carried = traced[payer] - stays
            value = nearest(worth[payer], carried, traced[payer])
            exact[payer], traced[payer], worth[payer] = rest, stays, worth[payer] - value
        seed = injected.get(event)
        if seed is not None:
            if carried:
                stopped.append((s, payer, carried, value))
            carried = value = int(seed[2])
        if not carried:
            continue
        arrived = carried
        if step["flags"] & 128 and not (back and seed is not None):
            arrived = nearest(enters, carried, leaves)
        to_lender = lender_value = 0
        if not stop and lent:
            to_lender = nearest(arrived, lent, enters)
            lender_value = nearest(value, to_lender, arrived)
        moved.append((s, arrived if back else carried, arrived, value, to_lender, lender_value))
        if not stop:
            if arrived > to_lender:
                put(payee, arrived - to_lender, value - lender_value)
            elif value > lender_value:
                stopped.append((-2, payee, 0, value - lender_value))
    for pot in range(len(state)):
        state[pot][0], state[pot][3] = traced[pot], worth[pot]
        state[pot][1], state[pot][2] = divmod(exact[pot], UNIT)
    return moved, stopped, touched
