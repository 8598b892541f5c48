"""Chains, written to be read: every pot is a queue of lots, each with the way that it came."""

from __future__ import annotations

from collections import defaultdict, deque

from tests.naive.fifo import payment_at, rulers
from tests.naive.prorata import nearest as nearest_of

__all__ = ["nearest", "payment_at", "position_of", "walk_chains", "worth"]


def nearest(amount, part, parts):
    """``amount * part / parts`` to the nearest whole number, a half up; all of it where there is nothing to divide by."""
    return nearest_of(amount, part, parts) if parts else int(amount)


def position_of(values, value):
    """Where ``value`` stands in the first column, or -1."""
    return next((i for i, row in enumerate(values) if row[0] == value), -1)


def worth(low, high, base, length, seed, back):
    """What is at these places of ``length`` units that are ``seed``: all cuts are rounded from the money's beginning."""
    low, high = low - base, high - base
    if back:
        low, high = length - high, length - low
    return nearest(high, seed, length) - nearest(low, seed, length)


class Lot:
    back = False  # whether its places are counted from its end

    """``size`` units of one way; of `whole` units that are `worth` in the seed's currency, those from `at` on."""

    def __init__(self, size, seed, way, hops, whole, worth, at):
        self.size, self.seed, self.way, self.hops = size, seed, way, hops
        self.whole, self.worth, self.at = whole, worth, at

    def value(self):
        return worth(self.at, self.at + self.size, 0, self.whole, self.worth, self.back)

    def split(self, size):
        """Its first ``size`` units, and the rest."""
        first = Lot(size, self.seed, self.way, self.hops, self.whole, self.worth, self.at)
        rest = Lot(self.size - size, self.seed, self.way, self.hops, self.whole, self.worth, self.at + size)
        return first, rest


def pop(queue, size):
    """The first ``size`` units of a queue of (units, lot or None)."""
    out = []
    while size:
        units, lot = queue.popleft()
        taken = min(units, size)
        rest = None
        if lot is not None and taken < units:
            lot, rest = lot.split(taken)
        if taken < units:
            queue.appendleft((units - taken, rest))
        out.append((taken, lot))
        size -= taken
    return out


def walk_chains(steps, payments, starts, seeds, barriers, limits, stack, carried):
    """All chains: {(rows, code, pot, number of the seed): [amount, amount in the seed's currency]}.

    Every lot of every pot is moved in time order; the pots know nothing of rulers.
    """
    pointer, _, converted = payments
    last, most, least, backward = limits
    back = Lot.back = backward == 1
    arriving = {int(s): int(amount) for s, amount in converted}
    size = len(steps)
    pots = len(pointer) - 1
    opening, came, went = rulers(steps, pots, seeds, back)
    for s in range(size):
        step = steps[s]
        if s in arriving:
            came[int(step["dst"])] = int(step["cplace"]) + arriving[s] - int(step["repaid"])
        else:
            came[int(step["dst"])] = int(step["cplace"]) + int(step["amount"]) - int(step["repaid"])
    held = [deque() for _ in range(pots)]
    head = [-came[p] if back else 0 for p in range(pots)]
    for p in range(pots):
        stands = came[p] - went[p] if back else opening[p]
        if stands > 0:
            held[p].append((stands, None))
    chains: dict[tuple, list[int]] = defaultdict(lambda: [0, 0])
    restarts = {int(row[0]) for row in barriers[0]}
    taken_row, together = None, {}

    def end(lot, code, pot):
        key = (lot.way, code, pot, lot.seed)
        chains[key][0] += lot.size
        chains[key][1] += lot.value() if lot.size else lot.worth

    for event in range(-1, 2 * size):
        place = event // 2
        if event % 2:
            for pot, at in {(int(p), int(at)) for p, at in barriers[1] if at == place}:
                queue = deque()
                for units, lot in held[pot]:
                    if lot is not None:
                        end(lot, 6, pot)
                    queue.append((units, None))
                held[pot] = queue
                for row in seeds:
                    number = int(row[5])
                    if row[0] < 0 and row[1] == pot and row[4] == at and row[3] > row[2]:
                        low, high = int(row[2]) - head[pot], int(row[3]) - head[pot]
                        before, within = pop(held[pot], low), pop(held[pot], high - low)
                        assert sum(units for units, _ in within) == high - low
                        held[pot].appendleft(
                            (high - low, Lot(high - low, number, (), 0, high - low, high - low, 0))
                        )
                        held[pot].extendleft(reversed(before))
            continue
        if place > last:
            continue
        s = size - 1 - place if back else place
        step = steps[s]
        amount, repaid, row = int(step["amount"]), int(step["repaid"]), int(step["row"])
        arrives = arriving.get(s, amount) if step["flags"] & 128 else amount
        own = min(amount, int(step["avail"]))
        if back:
            payer, payee, pays = int(step["dst"]), int(step["src"]), arrives - repaid
            leaves, enters, lent = arrives, amount, amount - own
            stop = (step["flags"] & 56) >> 3
        else:
            payer, payee, pays, leaves, enters = int(step["src"]), int(step["dst"]), own, amount, arrives
            lent, stop = repaid, step["flags"] & 7
        outside = (
            sum(count for count, _ in held[payer]) < pays
        )  # no history there: what it pays is not traced
        units = [(pays, None)] if outside else pop(held[payer], pays)
        head[payer] += 0 if outside else pays
        units.append((leaves - pays, None))
        if not (taken_row == row and not step["flags"] & 256):
            # what several compartments pay or receive is one transfer: its parts are weighed together
            together = weigh(steps, held, s, back, arriving, restarts)
            for _, lot in units:
                if lot is not None and s not in restarts:
                    together[lot.seed, lot.way] += lot.value()
        taken_row = row
        lots = []
        for count, lot in units:
            if lot is None:
                lots.append((count, None))
            elif s in restarts:
                end(lot, 6, payer)
                lots.append((count, None))
            elif lot.way and lot.way[-1] == row:  # the second leg of a transfer in transit
                lots.append((count, lot))
            elif (most >= 0 and lot.hops + 1 > most) or together[lot.seed, lot.way] < least:
                end(lot, 7, payer)
                lots.append((count, None))
            else:
                lots.append(
                    (count, Lot(count, lot.seed, (*lot.way, row), lot.hops + 1, lot.whole, lot.worth, lot.at))
                )
        fresh = []
        for seed in seeds:
            number = int(seed[5])
            if seed[0] == s:
                low, high = int(seed[2]), int(seed[3])
                lot = Lot(high - low, number, (row,), 0, high - low, high - low, 0)
                fresh = [(low, None), (high - low, lot), (amount - high, None)]
        left = lots  # the amount that a step carries is that which left, in both directions
        if not back:
            left = lots = fresh or lots
        if step["flags"] & 128:
            lots = spread(convert(lots, leaves, enters, back), enters)
        if back:
            left = lots = fresh or lots
        for _, lot in left:
            if lot is not None and len(carried):
                carried[s][0] += lot.size
                carried[s][1] += lot.value() if lot.size else lot.worth
        at = 0
        for count, lot in lots:
            first = min(max(lent - at, 0), count)
            at += count
            if lot is None or stop or not lot.size:
                if lot is not None:
                    end(lot, stop, payee)
                if count > first:
                    held[payee].append((count - first, None))
                continue
            if first:
                head_lot, lot = lot.split(first)
                end(head_lot, 5, payee)
            if lot.size:
                held[payee].append((lot.size, lot))
    for pot in range(pots):
        for _, lot in held[pot]:
            if lot is not None:
                end(lot, 0, pot)
    return {key: value for key, value in chains.items() if any(value)}


def weigh(steps, held, s, back, arriving, restarts):
    """What the other parts of a transfer, behind step ``s``, take of each way: they follow one another."""
    together = defaultdict(int)
    copies = {pot: deque(queue) for pot, queue in enumerate(held)}
    for other in range(s - 1, -1, -1) if back else range(s + 1, len(steps)):
        step = steps[other]
        if step["row"] != steps[s]["row"] or (step["flags"] | steps[s]["flags"]) & 256:
            break
        amount = int(step["amount"])
        if back:
            arrives = arriving.get(other, amount) if step["flags"] & 128 else amount
            payer, pays = int(step["dst"]), arrives - int(step["repaid"])
        else:
            payer, pays = int(step["src"]), min(amount, int(step["avail"]))
        if sum(count for count, _ in copies[payer]) < pays:
            continue
        for _, lot in pop(copies[payer], pays):
            if lot is not None and other not in restarts:
                together[lot.seed, lot.way] += lot.value()
    return together


def convert(lots, leaves, enters, back):
    """The traced lots with their places in what arrives: a cut at p of a is one at (2pb + a) div 2a of b.

    Backward the places are counted from the transfer's end.
    """
    at, found = 0, []
    whole, worth, done = defaultdict(int), defaultdict(int), defaultdict(int)
    for count, lot in lots:
        low, high = at, at + count
        at += count
        if lot is None:
            continue
        if back:
            low, high = (enters - nearest(leaves - place, enters, leaves) for place in (low, high))
        else:
            low, high = (nearest(place, enters, leaves) for place in (low, high))
        new = Lot(
            high - low, lot.seed, lot.way, lot.hops, high - low, lot.value() if lot.size else lot.worth, 0
        )
        new.low = low
        whole[lot.seed, lot.way] += new.size
        worth[lot.seed, lot.way] += new.worth
        found.append(new)
    # the worth of all that came by one way is spread evenly over what that is now
    found = [lot for lot in found if lot.size or not whole[lot.seed, lot.way]]
    for lot in found:
        if lot.size:
            key = (lot.seed, lot.way)
            lot.whole, lot.worth, lot.at = whole[key], worth[key], done[key]
            done[key] += lot.size
    return found


def spread(lots, total):
    """Lots at their places, with what is not traced between them."""
    out, at = [], 0
    for lot in lots:
        if lot.low > at:
            out.append((lot.low - at, None))
        out.append((lot.size, lot))
        at = max(at, lot.low + lot.size)
    out.append((total - at, None))
    return out
