"""Chains, written to be read: every unit of money is followed by itself, from one transfer to the next.

The books are run once, unit by unit: so it is known of each unit of each transfer where it goes on (or where it had
come from). Nothing is known here of rulers, heights or intervals.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from tests.naive.lifo import first_below
from tests.naive.prorata import nearest as nearest_of

__all__ = ["behind", "crosses", "first_below", "nearest", "placed_at", "position_of", "walk_chains", "worth"]

BACK, LIFO, PARTY, COORDINATED = 1, 2, 4, 8
STAYS, LENDER, MET, LIMIT = 0, 5, 6, 7
CONVERTS, ARRIVAL, PARTS, INNER = 128, 256, 512, 1024


def nearest(amount, part, parts):
    """``amount * part / parts`` to the nearest whole number, a half up; all of it where there is nothing to divide by."""
    return nearest_of(amount, part, parts) if parts else int(amount)


def position_of(values, value):
    """Where ``value`` stands in the first column, or -1."""
    return next((i for i, row in enumerate(values) if row[0] == value), -1)


def worth(low, high, base, turn, whole, seed):
    """What is at these places of ``whole`` units that are ``seed``: unit by unit, all cuts rounded from the beginning."""
    if whole == 0:
        return seed
    first, last = sorted((turn * (low - base), turn * (high - base)))
    return nearest(last, seed, whole) - nearest(first, seed, whole)


def placed_at(pointer, starts, pot, place):
    """The last payment of the pot that begins at or before a place, or -1."""
    return max((i for i in range(pointer[pot], pointer[pot + 1]) if starts[i] <= place), default=-1)


def behind(pointer, positions, pot, step, back):
    """The first payment of the pot behind a step, or just beyond the last one."""
    own = range(pointer[pot], pointer[pot + 1])
    if back:
        return max((i for i in own if positions[i] < step), default=int(pointer[pot]) - 1)
    return min((i for i in own if positions[i] > step), default=int(pointer[pot + 1]))


def crosses(standing, pot, came, goes):
    """Whether a standing seed of the pot lies between two moments."""
    return any(p == pot and came < moment < goes for p, moment in standing)


@dataclass(frozen=True)
class Unit:
    """One unit: it is the one numbered ``index`` of ``whole`` that are ``worth`` together; ``trail`` is all that it passed.

    ``at`` is where it is in the transfer at hand.
    """

    at: int
    index: int
    whole: int
    worth: int
    trail: tuple

    def value(self):
        return nearest(self.index + 1, self.worth, self.whole) - nearest(self.index, self.worth, self.whole)


class Books:
    """Every unit of every transfer: where it goes on, where it had come from.

    A unit that arrives is ``(step, offset)``, one that stands in a pot from the beginning ``(None, pot, number)``. Where
    it goes: ``("paid", step, offset)``, ``("lent", step, offset)`` (it repays that payment's lender), ``("lender",)`` or
    ``("stays",)``. Backward the same: where a unit that leaves had come from.
    """

    def __init__(self, steps, converted, seeds, asked, lenders):
        self.steps, self.lifo = steps, bool(asked & LIFO)
        self.arriving = [int(step["amount"]) for step in steps]
        for s, amount in converted:
            self.arriving[int(s)] = int(amount)
        pots = 1 + max(int(p) for side in ("src", "dst") for p in steps[side])
        pots = max([pots, *(int(row[1]) + 1 for row in seeds)])
        self.opening = [self.opens(pot, seeds) for pot in range(pots)]
        self.held = [[(None, pot, i) for i in range(self.opening[pot])] for pot in range(pots)]
        self.book = [int(p) for p in lenders[0]] or list(range(pots))
        self.owed = defaultdict(list)
        back = bool(asked & BACK)
        for pot in range(len(lenders[1]) - 1):  # what repays the opening lies below 0
            if back:
                places = [int(p) for p in lenders[3][lenders[1][pot] : lenders[1][pot + 1]]]
            else:
                places = [int(p) for s, p in lenders[4] if self.book[int(steps[int(s)]["dst"])] == pot]
            self.owed[pot] = [None] * max([0, *(-p for p in places)])
        self.went = {}
        self.came = {}
        self.paid = [0] * pots
        self.stood = {}  # pots behind each step, and how much each has paid by then
        self.stood[-1] = ([list(units) for units in self.held], list(self.paid))
        for s in range(len(steps)):
            parts = self.parts(s)
            if s == parts[0]:  # what several compartments pay together is paid before any of it arrives
                for t in parts:
                    self.debit(t)
                for t in parts:
                    self.credit(t)
            self.stood[s] = ([list(units) for units in self.held], list(self.paid))

    def parts(self, s):
        """The steps that are one payment with step ``s``."""
        if not self.steps[s]["flags"] & PARTS:
            return [s]
        row = self.steps[s]["row"]
        return [t for t, step in enumerate(self.steps) if step["row"] == row and step["flags"] & PARTS]

    def opens(self, pot, seeds):
        """What a pot holds at the beginning: what its first credit lies on, else what its first debit found, else what a
        seed says."""
        for side, name in (("dst", "cplace"), ("src", "avail")):
            for step in self.steps:
                if step[side] == pot and not (side == "src" and step["flags"] & 64):
                    return int(step[name])
        return max((int(row[3]) for row in seeds if row[0] < 0 and row[1] == pot), default=0)

    def debit(self, s):
        step = self.steps[s]
        pot, amount = int(step["src"]), int(step["amount"])
        own = min(amount, int(step["avail"]))
        units = self.held[pot]
        if len(units) < own:  # no history there
            return
        for offset in range(own):
            last_first = self.lifo and not step["flags"] & ARRIVAL
            unit = units.pop(-1 if last_first else 0)
            self.went[unit] = ("paid", s, offset)
            self.came[s, offset] = ("paid", *unit) if unit[0] is not None else ("stays",)
        self.paid[pot] += own
        for offset in range(own, amount):
            self.owed[self.book[pot]].append((s, offset))

    def credit(self, s):
        pot = int(self.steps[s]["dst"])
        for offset in range(self.arriving[s]):
            if not self.is_lenders(s, offset):
                self.held[pot].append((s, offset))
                continue
            owed = self.owed[self.book[pot]]
            debt = owed.pop(0) if owed else None
            self.went[s, offset] = ("lent", *debt) if debt else ("lender",)
            if debt:
                self.came[debt] = ("lent", s, offset)

    def is_lenders(self, s, offset):
        """Whether a unit that arrives repays a lender: the first, last in first out the last of the whole transfer."""
        if not self.lifo:
            return offset < int(self.steps[s]["repaid"])
        parts = self.parts(s)
        whole = sum(self.arriving[t] for t in parts)
        repaid = sum(int(self.steps[t]["repaid"]) for t in parts)
        before = sum(self.arriving[t] for t in parts if t < s)
        return before + offset >= whole - repaid

    def standing(self, pot, low, high, after):
        """The units of a pot at these places behind a step."""
        held, paid = self.stood[after]
        head = 0 if self.lifo else paid[pot]
        return held[pot][low - head : high - head]


def walk_chains(steps, payments, seeds, barriers, limits, stack, carried):
    """All chains: {(rows, code, pot, number of the seed): [amount, amount in the seed's currency]}."""
    _, converted, lenders = payments
    last, most, least, asked, _ = limits
    back, size = bool(asked & BACK), len(steps)
    restarts = {int(row[0]) for row in barriers[0]}
    standing = [(int(pot), int(moment)) for pot, moment in barriers[1]]
    books = Books(steps, converted, seeds, asked, lenders)
    chains: dict[tuple, list[int]] = defaultdict(lambda: [0, 0])

    def order(s):
        return size - 1 - s if back else s

    def end(path, code, pot, unit, number, amount=1):
        total = chains[path, code, int(pot), number]
        total[0] += amount
        total[1] += unit.value() if unit.whole else unit.worth

    def goes_on(where, pot, came, unit, path, number):
        """What takes of a unit next: a list of (step, unit in it, pot that it leaves), or nothing where it ends."""
        word = where[0]
        book = books.book[pot]
        if word == "lent" and asked & COORDINATED:
            if where[1] in restarts:
                end(path, MET, book, unit, number)
                return []
            return [(where[1], replace(unit, at=where[2]), book)]
        if word in ("lent", "lender"):
            end(
                path, LENDER, book if back and asked & COORDINATED and word == "lender" else pot, unit, number
            )
            return []
        never = word == "stays" or order(where[1]) > last
        leaves = 2 * size if never else 2 * order(where[1])
        if crosses(standing, pot, came, leaves) or (not never and where[1] in restarts):
            end(path, MET, pot, unit, number)
            return []
        if never:
            end(path, STAYS, pot, unit, number)
            return []
        return [(where[1], replace(unit, at=where[2]), pot)]

    def arrive(s, units, path, number):
        """Units that a transfer carries come to the other side: what takes of them next."""
        step, waiting = steps[s], []
        flags = int(step["flags"])
        stop = (flags >> 3) & 7 if back else flags & 7
        pot = int(step["src"] if back else step["dst"])
        for unit in units:
            if stop or not unit.whole:
                end(path, stop or STAYS, pot, unit, number, 1 if unit.whole else 0)
                continue
            if back:
                # of a lender that nobody repaid nothing more is known
                where = books.came.get((s, unit.at), ("lender",))
            else:
                where = books.went.get((s, unit.at), ("stays",))
            waiting += goes_on(where, pot, 2 * order(s), unit, path, number)
        return waiting

    def convert(s, units):
        old, new = int(steps[s]["amount"]), books.arriving[s]
        if back:
            old, new = new, old
        out = []
        for trail in {unit.trail: None for unit in units}:
            own = sorted((unit for unit in units if unit.trail == trail), key=lambda unit: unit.at)
            places = [x for u in own for x in range(nearest(u.at, new, old), nearest(u.at + 1, new, old))]
            value = sum(unit.value() for unit in own)
            out += [Unit(x, i, len(places), value, trail) for i, x in enumerate(places)]
            if not places:  # rounded to nothing
                out.append(Unit(0, 0, 0, value, trail))
        return out

    def move(s, units, root=False):
        """A transfer's units, as they left, to its other side; counted as they left, a seed as it stands."""
        turns = steps[s]["flags"] & CONVERTS and not (back and root)
        if turns and back:
            units = convert(s, units)
        if len(carried):
            carried[s][0] += sum(1 for unit in units if unit.whole)
            carried[s][1] += sum(unit.value() if unit.whole else unit.worth for unit in units)
        if turns and not back:
            units = convert(s, units)
        return [replace(unit, trail=(*unit.trail, int(steps[s]["row"]))) for unit in units]

    def same_payment(s, other):
        parts = steps[s]["flags"] & steps[other]["flags"] & PARTS
        return s == other or bool(parts and steps[s]["row"] == steps[other]["row"])

    transit = {int(step["src"]) for step in steps if step["flags"] & ARRIVAL}

    def silent(item):
        """Whether a payment carries no hop: the second leg of one in transit, by party one inside a party."""
        s, _, pot = item
        return pot in transit or bool(asked & PARTY and steps[s]["flags"] & INNER)

    def follow(path, hops, waiting, number):
        """All money of one path: what waits for its next payment, as (step, unit, pot that it leaves)."""
        while waiting:
            # what carries no hop goes first: other money of this path can still come to the same payments
            next_one = min(waiting, key=lambda item: (not silent(item), order(item[0])))
            first = next_one[0]
            taken = [item for item in waiting if same_payment(item[0], first)]
            waiting = [item for item in waiting if not same_payment(item[0], first)]
            total = sum(unit.value() for _, unit, _ in taken)
            hidden = silent(next_one)
            if not hidden and ((most >= 0 and hops + 1 > most) or total < least):
                for _, unit, pot in taken:
                    end(path, LIMIT, pot, unit, number)
                continue
            onto = path if hidden else (*path, int(steps[first]["row"]))
            arrived = []
            for s in dict.fromkeys(s for s, _, _ in taken):
                arrived += arrive(s, move(s, [unit for t, unit, _ in taken if t == s]), onto, number)
            if hidden:
                waiting += arrived
            else:
                follow(onto, hops + 1, arrived, number)

    for number in dict.fromkeys(int(row[5]) for row in seeds):
        waiting, path = [], ()
        for s, pot, low, high, place, _ in (map(int, row) for row in seeds if row[5] == number):
            if s >= 0:
                path = (int(steps[s]["row"]),)
                units = [Unit(i, i - low, high - low, high - low, ()) for i in range(low, high)]
                waiting += arrive(s, move(s, units, root=True), path, number)
                continue
            after = size - 2 - place if back else place
            for i, token in enumerate(books.standing(pot, low, high, after)):
                unit = Unit(0, i, high - low, high - low, ())
                if back:
                    where = ("paid", *token) if token[0] is not None else ("stays",)
                else:
                    where = books.went.get(token, ("stays",))
                waiting += goes_on(where, pot, 2 * place + 1, unit, path, number)
        follow(path, 0, waiting, number)
    return {key: value for key, value in chains.items() if any(value)}
