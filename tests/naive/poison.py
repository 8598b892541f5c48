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


# ---------------------------------------------------------------------- the rule
def book_of(books, pot):
    """The pots of a pot's book: the first, and the one behind the last."""
    return next(((int(a), int(b)) for a, b in books if a <= pot < b), (int(pot), int(pot) + 1))


def next_payment(pointer, positions, pot, place, back, size):
    """Where in ``positions`` the pot's first payment behind a place in time order is, or -1."""
    own = range(int(pointer[pot]), int(pointer[pot + 1]))
    places = {(size - 1 - int(positions[i]) if back else int(positions[i])): i for i in own}
    return min(((o, i) for o, i in places.items() if o > place), default=(0, -1))[1]


def nearest(amount, part, parts):
    """``amount * part / parts`` to the nearest whole number, a half up; all of it where there are no parts."""
    return (2 * int(amount) * int(part) + int(parts)) // (2 * int(parts)) if parts else int(amount)


def held(steps, pots, sides, pot, step):
    """What stands in a pot behind a step, from its opening and all that came in and went out."""
    if step >= len(steps) - 1:
        return max(int(pots[pot]["closing"]), 0)
    total = max(int(pots[pot]["opening"]), 0)
    for s in range(step + 1):
        if steps[s]["src"] == pot:
            total = max(int(steps[s]["avail"]) - int(steps[s]["amount"]), 0)
        if steps[s]["dst"] == pot:
            total = int(steps[s]["after"])
    return total


def same_payment(steps, s, other):
    """Whether two steps are parts of one payment out of several compartments."""
    if not (0 <= other < len(steps) and steps[s]["flags"] & steps[other]["flags"] & 512):
        return False
    return steps[s]["row"] == steps[other]["row"]


def first_money(amounts, part):
    """The first ``part`` of several amounts in a row."""
    out = []
    for amount in amounts:
        out.append(min(amount, part))
        part -= out[-1]
    return out


def spread(steps, pots, sides, seeds, converted, state, limits, patience=0):
    """What the seeds' money touches and where it ends, every step in order."""
    last, most, back, party = limits
    books, size = sides[4], len(steps)
    arriving = {int(s): int(amount) for s, amount in converted}
    injected = {int(row[0]): int(row[2]) for row in seeds if row[0] % 2 == 0}
    hops: dict[int, int] = {}  # book that is touched: fewest transfers after a seed
    ever: list[int] = []
    on_its_way: dict[int, int] = {}  # pot of a transfer's own: what was traced of it
    too_far: dict[int, int] = {}
    moved, ended = [], []

    def home(pot):
        return book_of(books, pot)[0]

    def touch_book(book, number):
        hops[book] = min(number, hops.get(book, number))
        if book not in ever:
            ever.append(book)

    for event in range(-1, 2 * size):
        if event % 2:
            standing = [row for row in seeds if row[0] == event]
            for _, pot, _, balance in standing:
                if home(pot) in hops:
                    ended.append((6, int(pot), int(balance)))
            for _, pot, _, _ in standing:
                hops.pop(home(pot), None)
            for _, pot, amount, _ in standing:
                if amount:
                    touch_book(home(pot), 0)
            continue
        place = event // 2
        s = size - 1 - place if back else place
        if place > last or (event and same_payment(steps, s, s + 1 if back else s - 1)):
            continue  # it went with the part before it
        group = [s]
        while same_payment(steps, group[-1], group[-1] + (-1 if back else 1)):
            group.append(group[-1] + (-1 if back else 1))
        group.sort()
        near, far = ("dst", "src") if back else ("src", "dst")
        payer = int(steps[group[0]][near])
        payee = int(steps[group[0]][far])
        amounts = [int(steps[t]["amount"]) for t in group]
        comes = [arriving.get(t, int(steps[t]["amount"])) for t in group]
        paid, came = sum(amounts), sum(comes)
        own = sum(min(int(steps[t]["amount"]), int(steps[t]["avail"])) for t in group)
        repaid = sum(int(steps[t]["repaid"]) for t in group)
        arrival = bool(steps[group[0]]["flags"] & 256)
        here = [2 * (size - 1 - t if back else t) for t in group]
        count = hops.get(home(payer))
        if here[0] in injected:
            if count is not None:
                for t, amount in zip(group, comes if back else amounts, strict=True):
                    ended.append((6, int(steps[t][near]), amount))
            carried, count = sum(injected[key] for key in here), 0
        elif count is None:
            continue
        else:
            on_way = payer in on_its_way if back else arrival
            # what was on its way is one transfer, counted where the money comes to it first
            counts = not on_way and not (party and steps[group[0]]["flags"] & 1024)
            if counts and most >= 0 and count + 1 > most:
                book = home(payer)
                too_far[book] = too_far.get(book, 0) + (came if back else paid)
                continue
            count += counts
            carried = paid
            if on_way:
                carried = min(paid, on_its_way.pop(payer))
                del hops[home(payer)]
        arrived = carried
        if steps[group[0]]["flags"] & 128 and not back:
            arrived = nearest(came, carried, paid)
        for t, part in zip(group, first_money(amounts, carried), strict=True):
            if part:
                moved.append((t, part, arrived if len(group) == 1 else part))
        stop = (int(steps[group[0]]["flags"]) >> 3 if back else int(steps[group[0]]["flags"])) & 7
        if stop:
            ended.append((stop, payee, arrived))
            continue
        lent = min(arrived, paid - own if back else repaid)
        if lent:
            ended.append((5, payee, lent))
        if int(pots[payee]["kind"]) == 4:
            on_its_way[payee] = on_its_way.get(payee, 0) + carried
        touch_book(home(payee), count)
    for book in ever:
        if book in hops:
            for pot in range(*book_of(books, book)):
                step = size - 2 - last if back else last
                stands = on_its_way[pot] if pot in on_its_way else held(steps, pots, sides, pot, step)
                if stands:
                    ended.append((0, pot, stands))
        if book in too_far:
            ended.append((7, book, too_far[book]))
    return moved, ended
