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

    size = len(steps)
    for event in range(-1, 2 * size):
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
        s = size - 1 - place if back else place
        if place > last or (event and same_payment(steps, s, s + 1 if back else s - 1)):
            continue  # moved with the part before it
        group = [s]
        while same_payment(steps, group[-1], group[-1] + (-1 if back else 1)):
            group.append(group[-1] + (-1 if back else 1))
        group.sort()
        first, final = steps[group[0]], steps[group[-1]]
        amounts = [int(steps[t]["amount"]) for t in group]
        owns = [min(int(steps[t]["amount"]), int(steps[t]["avail"])) for t in group]
        paid, own = sum(amounts), sum(owns)
        came = sum(arriving.get(t, int(steps[t]["amount"])) for t in group)
        repaid = sum(int(steps[t]["repaid"]) for t in group)
        if back:
            payments = [(group[0], int(final["dst"]), came - repaid, int(final["after"]))]
        else:
            payments = [
                (t, int(steps[t]["src"]), pays, int(steps[t]["avail"]))
                for t, pays in zip(group, owns, strict=True)
            ]
        taken = []
        for _, payer, pays, balance in payments:
            carried = value = 0
            if pays and exact[payer]:
                rest = exact[payer] - exact[payer] * pays // balance
                stays = (rest + UNIT // 2 - 1) // UNIT  # the nearest whole number stays, a half goes
                carried = traced[payer] - stays
                value = nearest(worth[payer], carried, traced[payer])
                exact[payer], traced[payer], worth[payer] = rest, stays, worth[payer] - value
            taken.append((carried, value))
        here = [2 * (size - 1 - t if back else t) for t in group]
        is_seed = here[0] in injected
        if is_seed:
            for (t, payer, _, _), (carried, value) in zip(payments, taken, strict=True):
                if carried:
                    stopped.append((t, payer, carried, value))
            taken = [(int(injected[key][2]),) * 2 for key in here]
        carried, value = sum(part for part, _ in taken), sum(part for _, part in taken)
        if not carried:
            continue
        stop = first["flags"] & (56 if back else 7)
        arrived = carried
        if first["flags"] & 128 and not (back and is_seed):
            arrived = nearest(paid, carried, came) if back else nearest(came, carried, paid)
        lent, of = (paid - own, paid) if back else (repaid, came)
        lender = nearest(arrived, lent, of) if not stop else 0
        lender_value = nearest(value, lender, arrived) if arrived else 0
        if not stop and arrived == lender and value > lender_value:
            stopped.append((-2, int(first["src" if back else "dst"]), 0, value - lender_value))
        # the parts: left, arrived, worth, of that the lender's
        parts = []
        if back:
            rest, rest_value = arrived - lender, value - lender_value
            for i, t in enumerate(group):
                done = sum(owns[: i + 1])
                upto = rest if len(group) == 1 or not own else nearest(rest, done, own)
                if is_seed and len(group) > 1:
                    upto = min(rest, done)
                upto_value = nearest(rest_value, upto, rest) if upto < rest else rest_value
                before, before_value = (sum(part[k] for part in parts) for k in (2, 3))
                parts.append([t, 0, upto - before, upto_value - before_value, 0, 0])
            parts[-1][2] += lender
            parts[-1][3] += lender_value
            parts[-1][4:] = lender, lender_value
            for part in parts:
                part[1] = part[2]
        else:
            done = given = 0
            for t, (part, part_value) in zip(group, taken, strict=True):
                done += part
                upto = nearest(arrived, done, carried)
                first_of, first_value = min(lender, upto - given), min(lender_value, part_value)
                parts.append([t, part, upto - given, part_value, first_of, first_value])
                lender, lender_value, given = lender - first_of, lender_value - first_value, upto
        for t, left, came_in, part_value, first_of, first_value in parts:
            if left or came_in or part_value:
                moved.append((t, left, came_in, part_value, first_of, first_value))
                if not stop:
                    put(int(steps[t]["src" if back else "dst"]), came_in - first_of, part_value - first_value)
    for pot in range(len(state)):
        state[pot][0], state[pot][3] = traced[pot], worth[pot]
        state[pot][1], state[pot][2] = divmod(exact[pot], UNIT)
    return moved, stopped, touched


def same_payment(steps, s, other):
    """Whether two steps are parts of one payment out of several compartments."""
    if not (0 <= other < len(steps) and steps[s]["flags"] & steps[other]["flags"] & 512):
        return False
    return steps[s]["row"] == steps[other]["row"]
