"""Pro rata, written to be read: big integers, every step in order."""

from __future__ import annotations

UNIT = 1 << 32
LOOK = 32


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


def next_payment(pointer, positions, pot, place, back, size):
    """Where in ``positions`` the pot's first payment behind a place in time order is, or -1."""
    own = range(int(pointer[pot]), int(pointer[pot + 1]))
    places = {(size - 1 - int(positions[i]) if back else int(positions[i])): i for i in own}
    return min(((o, i) for o, i in places.items() if o > place), default=(0, -1))[1]


def payments_of(steps, side, converted, pot, at, back):
    """A pot's payments from a place in ``side`` on: first place, step, how much, out of how much, place behind.

    Backward, the parts of one transfer are one payment.
    """
    pointer, positions = side[:2]
    arriving = {int(s): int(amount) for s, amount in converted}
    begins, ends = int(pointer[pot]), int(pointer[pot + 1])
    if not back:
        for i in range(at, ends):
            step = steps[positions[i]]
            yield (
                i,
                int(positions[i]),
                min(int(step["amount"]), int(step["avail"])),
                int(step["avail"]),
                i + 1,
            )
        return
    i = at
    while i >= begins:
        group = [i]
        while group[-1] > begins and same_payment(steps, positions[group[-1]], positions[group[-1] - 1]):
            group.append(group[-1] - 1)
        came = [(int(positions[x]), steps[positions[x]]) for x in group]
        pays = sum(arriving.get(s, int(step["amount"])) - int(step["repaid"]) for s, step in came)
        yield i, came[0][0], pays, int(came[0][1]["after"]), group[-1] - 1
        i = group[-1] - 1


def settle(steps, side, converted, state, pot, place, back):
    """Take from a pot's exact amount what its payments up to a place take, those that it does not know of."""
    at = int(state[pot][4]) - 1
    value = int(state[pot][1]) * UNIT + int(state[pot][2])
    for _, s, pays, balance, behind in payments_of(steps, side, converted, pot, at, back):
        if (len(steps) - 1 - s if back else s) > place:
            break
        if pays:
            value -= value * pays // balance
        at = behind
    state[pot][1], state[pot][2] = divmod(value, UNIT)
    state[pot][4] = at + 1


def look(steps, side, converted, state, pot, back):
    """The pot's next payment that carries something, or the one after so many."""
    value = int(state[pot][1]) * UNIT + int(state[pot][2])
    missed = payments_of(steps, side, converted, pot, int(state[pot][4]) - 1, back)
    for number, (at, _, pays, balance, _) in enumerate(missed):
        if number == LOOK:
            return at
        if pays:
            value -= value * pays // balance
            if (value + UNIT // 2 - 1) // UNIT != state[pot][0]:
                return at
    return -1


def trace_shares(steps, side, seeds, converted, state, last, back, patience=0):
    """What each step carries: T, E and the amount in the seed's currency of every pot, step by step."""
    arriving = {int(s): int(amount) for s, amount in converted}
    traced, exact, worth = (dict.fromkeys(range(len(state)), 0) for _ in range(3))
    size = len(steps)
    injected = {int(row[0]): row for row in seeds}
    seed_rows = {
        int(steps[len(steps) - 1 - place // 2 if back else place // 2]["row"])
        for place in injected
        if place % 2 == 0
    }
    moved, stopped = [], []

    def put(pot, amount, value):
        if amount:
            traced[pot] += amount
            exact[pot] += amount * UNIT
            worth[pot] += value

    for event in range(-1, 2 * size):
        if event % 2:
            for number, row in enumerate(
                seeds
            ):  # money that stands in a pot, and the whole of the pot restarts
                if row[0] == event:
                    pot, amount = int(row[1]), int(row[2])
                    if traced[pot]:
                        stopped.append((-3 - number, pot, traced[pot], worth[pot]))
                    traced[pot], exact[pot], worth[pot] = amount, amount * UNIT, amount
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
                if (
                    first["row"] in seed_rows and len(group) > 1
                ):  # of a transfer in two legs the second is the seed
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
    left = [
        (pot, traced[pot], worth[pot], *divmod(exact[pot], UNIT))
        for pot in traced
        if traced[pot] or worth[pot]
    ]
    aside = [
        (i, came_in, lent, lent_value)
        for i, (_, left_with, came_in, _, lent, lent_value) in enumerate(moved)
        if came_in != left_with or lent or lent_value
    ]
    return [(t, left_with, worth_of) for t, left_with, _, worth_of, _, _ in moved], aside, stopped, left


def same_payment(steps, s, other):
    """Whether two steps are parts of one payment out of several compartments."""
    if not (0 <= other < len(steps) and steps[s]["flags"] & steps[other]["flags"] & 512):
        return False
    return steps[s]["row"] == steps[other]["row"]
