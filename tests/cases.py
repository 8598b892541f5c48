"""Every kernel beside its naive twin: one line a pair, from which its property test and its benchmark come.

A world is a few books with random payments between them, divided, balanced and indexed by the *twins*: so the inputs
of a tracing kernel do not depend on another kernel being right.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from graphflow.kernels import (
    balances,
    chains,
    claims,
    fifo,
    index,
    lay,
    lifo,
    lows,
    numbering,
    order,
    poison,
    prorata,
    text,
)
from graphflow.ledger.form import CUSTODY, ORDINARY, POT, ROW, STEP, TRANSIT
from graphflow.ledger.form import OUTSIDE as NOWHERE
from tests.naive import balances as naive_balances
from tests.naive import chains as naive_chains
from tests.naive import claims as naive_claims
from tests.naive import fifo as naive_fifo
from tests.naive import index as naive_index
from tests.naive import lay as naive_lay
from tests.naive import lifo as naive_lifo
from tests.naive import lows as naive_lows
from tests.naive import numbering as naive_numbering
from tests.naive import order as naive_order
from tests.naive import poison as naive_poison
from tests.naive import prorata as naive_prorata
from tests.naive import text as naive_text

LENT, CONVERTS, ARRIVAL, PARTS, OUTSIDE = 64, 128, 256, 512, 4


def ints(values: Any, width: int = 0) -> np.ndarray:
    array = np.array(values, np.int64)
    return array.reshape(-1, width) if width else array


class World:
    """Books, their pots, and steps between them in time order, with every field filled in."""

    def __init__(
        self, rng: random.Random, size: int, converts: float = 0.2, far: bool = False, calm: bool = False
    ) -> None:
        self.rng, self.calm = rng, calm
        self.books: list[list[int]] = []  # the pots of each book, the bare one first
        self.outside: list[bool] = []
        for _ in range(rng.randint(2, 6)):
            chance = 0.5 if calm else rng.random()
            pots = rng.randint(2, 3) if chance < 0.25 else 1
            self.books.append(list(range(len(self.outside), len(self.outside) + pots)))
            self.outside += [chance > 0.9] * pots
        self.most = rng.choice((3, 12, 40))
        self.opening = [0 if out or far else max(0, rng.randint(-30, 20)) for out in self.outside]
        for pots in self.books:
            if calm:
                self.opening[pots[0]] = 3 * self.most
            elif not self.outside[pots[0]] and rng.random() < 0.15:
                self.opening[pots[0]] = -rng.randint(1, 15)
            for pot in pots[1:]:
                self.opening[pot] = 0
        self.held = {} if far else None  # what each book has: of that it pays, so that money travels far
        self.rows = [self.row(converts) for _ in range(rng.randint(1, size))]
        self.divide()
        self.lay_out()

    def row(self, converts: float) -> dict:
        rng = self.rng
        row = {"source": rng.randrange(len(self.books)), "target": rng.randrange(len(self.books))}
        row["amount"] = rng.randint(1, self.most)
        rich = [book for book, held in (self.held or {}).items() if held > 0]
        if rich and rng.random() < 0.8:
            row["source"] = rng.choice(rich)
            row["amount"] = rng.randint(1, self.held[row["source"]])
        row["received"] = rng.randint(1, self.most) if rng.random() < converts else row["amount"]
        row["converts"] = row["received"] != row["amount"]
        if self.held is not None:
            self.held[row["source"]] = self.held.get(row["source"], 0) - row["amount"]
            self.held[row["target"]] = self.held.get(row["target"], 0) + row["received"]
        row["own"], row["into"] = (rng.choice(self.books[row[side]]) for side in ("source", "target"))
        row["transit"] = rng.randint(0, 4) if rng.random() < 0.15 else None
        return row

    def divide(self) -> None:
        """Custody books pay out of compartments."""
        books = [b for b, pots in enumerate(self.books) if len(pots) > 1]
        number = {b: i for i, b in enumerate(books)}
        for row in self.rows:
            if row["transit"] is not None and (row["source"] in number or row["target"] in number):
                row["transit"] = None
        self.custody = (
            ints([number.get(row["source"], -1) for row in self.rows]),
            ints([number.get(row["target"], -1) for row in self.rows]),
            ints([row["own"] for row in self.rows]),
            ints([row["into"] for row in self.rows]),
            ints([row["amount"] for row in self.rows]),
            ints([row["received"] for row in self.rows]),
            ints([self.opening[self.books[b][0]] for b in books]),
            ints([self.books[b][0] for b in books]),
        )
        part_row, part_pot, part_amount, part_lent, self.repaid = naive_balances.divide_custody(*self.custody)
        self.parts: dict[int, list[tuple[int, int, bool]]] = {}
        for row, pot, amount, lent in zip(part_row, part_pot, part_amount, part_lent, strict=True):
            self.parts.setdefault(row, []).append((pot, amount, lent))

    def lay_out(self) -> None:
        """Steps, their balances and places, and the two indexes."""
        divided = [len(pots) > 1 for pots in self.books for _ in pots]
        self.settled = len(divided)  # behind these come the pots of transfers in transit
        lines: list[tuple] = []  # place, row, src, dst, flags, amount, received, repaid
        for number, row in enumerate(self.rows):
            converts = CONVERTS if row["converts"] else 0
            stops = (0,) if self.calm else (0,) * 12 + (1, 2, 3)
            flags = OUTSIDE if self.outside[row["into"]] else self.rng.choice(stops)
            flags |= (OUTSIDE if self.outside[row["own"]] else self.rng.choice(stops)) << 3
            parts = self.parts.get(number, [(row["own"], row["amount"], False)])
            joined = bool(row["converts"]) and len(parts) > 1
            if row["transit"] is not None or joined:
                pot = len(self.outside)
                self.outside.append(False)
                self.opening.append(0)
                divided.append(False)
            if joined:  # converted as a whole: several parts go through a pot of the row's own
                for part, amount, lent in parts:
                    these = flags & 56 | (LENT if lent else 0) | PARTS
                    lines.append((number, number, part, pot, these, amount, amount, 0))
                a, b, owed = row["amount"], row["received"], self.repaid[number]
                lines.append((number, number, pot, row["into"], flags & 7 | CONVERTS | ARRIVAL, a, b, owed))
                continue
            if row["transit"] is not None:
                later = number + row["transit"] + 0.5
                a, b = row["amount"], row["received"]
                lines.append((number, number, row["own"], pot, flags & 56, a, a, 0))
                lines.append((later, number, pot, row["into"], flags & 7 | converts | ARRIVAL, a, b, 0))
                continue
            owed = self.repaid[number]
            for pot, amount, lent in parts:
                arrives = row["received"] if row["converts"] else amount
                back = min(owed, arrives)
                owed -= back
                these = flags | (LENT if lent else 0) | converts | (PARTS if len(parts) > 1 else 0)
                lines.append((number, number, pot, row["into"], these, amount, arrives, back))
        lines.sort(key=lambda line: line[0])
        self.steps = np.zeros(len(lines), STEP)
        converted = []
        for s, (_, row, src, dst, flags, amount, arrives, repaid) in enumerate(lines):
            step = self.steps[s]
            step["row"], step["src"], step["dst"], step["flags"] = row, src, dst, flags
            step["amount"], step["repaid"] = amount, repaid
            if flags & CONVERTS:
                converted.append((s, arrives))
        self.converted = ints(converted, 2)
        stand = np.zeros(len(self.outside), balances.STAND)
        stand["outside"], stand["divided"] = self.outside, divided
        stand["credited"] = np.maximum(self.opening, 0)
        stand["held"] = np.where(divided, stand["credited"], self.opening)
        converts = self.converted[:, 0].copy(), self.converted[:, 1].copy()
        self.unfilled = (self.steps.copy(), stand.copy(), *converts)
        naive_balances.run_balances(self.steps, stand, *converts)
        self.closing, self.last_moved = stand["held"].tolist(), (stand["debit"], stand["credit"])
        self.pots = len(self.outside)

    def payments(self, back: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        side, place = ("dst", "cplace") if back else ("src", "dplace")
        pointer, positions = naive_index.index_by(self.steps[side], self.pots)
        return ints(pointer), np.array(positions, np.int32), self.steps[place][positions].astype(np.int64)

    def side(self, back: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The index of a ledger: payments, and what each pot holds at them."""
        pointer, positions, starts = self.payments(back)
        return pointer, positions, starts, ints(naive_lay.held(self.steps, positions.tolist(), back))

    def both(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Debits and credits by pot, and the books of several pots."""
        several = [(pots[0], pots[-1] + 1) for pots in self.books if len(pots) > 1]
        return *self.payments(False)[:2], *self.payments(True)[:2], ints(several, 2)

    def pot_records(self) -> np.ndarray:
        """The pots as a ledger has them."""
        records = np.zeros(self.pots, POT)
        records["opening"], records["closing"] = self.opening, self.closing
        records["kind"] = TRANSIT
        for pots in self.books:
            kind = CUSTODY if len(pots) > 1 else NOWHERE if self.outside[pots[0]] else ORDINARY
            records["kind"][pots] = kind
        return records

    def index(self, back: bool) -> tuple[np.ndarray, ...]:
        """The same with the tree of what is left behind every payment."""
        side = self.side(back)
        return *side, ints(naive_lows.lows_of(self.steps, side, self.converted, back))

    def standing(self, pot: int, upto: int) -> tuple[int, int]:
        """What stands in a pot before step ``upto``: from where to where on its ruler."""
        paid, came = 0, max(self.opening[pot], 0)
        arriving = dict(self.converted.tolist())
        for s in range(upto):
            step = self.steps[s]
            if step["src"] == pot:
                paid += min(int(step["amount"]), int(step["avail"]))
            if step["dst"] == pot:
                came += arriving.get(s, int(step["amount"])) - int(step["repaid"])
        return paid, came

    def payment(self, s: int) -> list[int]:
        """The steps that are one payment with step ``s``: itself, or the parts out of several compartments."""
        if not self.steps[s]["flags"] & PARTS:
            return [s]
        return [
            t
            for t in range(len(self.steps))
            if self.steps[t]["row"] == self.steps[s]["row"] and self.steps[t]["flags"] & PARTS
        ]

    def last(self, back: bool) -> int:
        """The last place of a period: mostly that of the case; never amid the parts of one payment."""
        size = len(self.steps)
        group = self.payment(self.rng.choice((0 if back else size - 1, self.rng.randrange(size))))
        return size - 1 - group[0] if back else group[-1]

    def seeds(self, back: bool) -> list[tuple[int, int, int, int, int, int]]:
        """Seeds: step, pot, from, to, place in time order, the pot's whole balance. Backward all of them mirrored."""
        rng, size = self.rng, len(self.steps)
        found: dict[tuple[int, int], tuple] = {}
        for _ in range(rng.randint(1, 3)):
            if (
                rng.random() < 0.7
            ):  # a transfer, or some of it: all parts of a payment, some of them with nothing
                group = self.payment(rng.randrange(size))
                whole = sum(int(self.steps[s]["amount"]) for s in group)
                first, upto = sorted((rng.randint(0, whole), rng.randint(0, whole)))
                if first < upto:
                    at = 0
                    for s in group:
                        amount = int(self.steps[s]["amount"])
                        low, high = (min(max(edge - at, 0), amount) for edge in (first, upto))
                        place = size - 1 - s if back else s
                        if back:
                            low, high = amount - high, amount - low
                        found[2 * place, -1] = (s, -1, low, high, place, 0)
                        at += amount
                continue
            pot, upto = rng.randrange(self.settled), rng.randint(0, size)
            if 0 < upto < size and upto in self.payment(upto - 1):
                continue  # nothing stands between the parts of one payment
            paid, came = self.standing(pot, upto)
            place = size - 1 - upto if back else upto - 1
            if self.outside[pot] or came <= paid:
                continue
            low, high = sorted((rng.randint(paid, came), rng.randint(paid, came)))
            if low < high:
                if back:
                    low, high = -high, -low
                found[2 * place + 1, pot] = (-1, pot, low, high, place, came - paid)
        return [found[key] for key in sorted(found)]


# ---------------------------------------------------------------------- inputs of the kernels
def lots_inputs(rng: random.Random, size: int) -> tuple:
    world, back = World(rng, size, converts=rng.choice((0,) * 9 + (0.2,))), rng.random() < 0.5
    latest = {int(step["dst"]): step for step in world.steps}
    if any(step["flags"] & CONVERTS for step in latest.values()):
        world = World(rng, size, converts=0)  # what such a credit comes to is not among the arguments
    seeds = [(2 * o + (s < 0), pot, low, high, 0) for s, pot, low, high, o, _ in world.seeds(back)]
    queue = np.zeros((world.pots, 2), np.int64)
    last = world.last(back)
    seeds = [seed for seed in seeds if seed[0] >> 1 <= last]
    return world.steps, *world.payments(back), ints(seeds, 5), queue, last, back


def shares_inputs(rng: random.Random, size: int) -> tuple:
    # in calm worlds what a pot holds fades to a fraction, and that counts again when more comes
    calm = rng.random() < 0.5
    world, back = World(rng, size * (6 if calm else 1), calm=calm), rng.random() < 0.5
    seeds = [(2 * o + (s < 0), pot, high - low, whole) for s, pot, low, high, o, whole in world.seeds(back)]
    last = world.last(back)
    few = rng.randint(1, 3) if calm else 1000
    seeds = [(key, pot, min(part, few), whole) for key, pot, part, whole in seeds if key >> 1 <= last]
    state = np.zeros((world.pots, 6), np.int64)
    patience = rng.choice((1, 2, 4, 8, 1024))
    return (
        world.steps,
        world.side(back),
        ints(seeds, 4),
        world.converted,
        state,
        last,
        back,
        patience,
    )


def lazy_pot(rng: random.Random, size: int) -> tuple:
    world, back = World(rng, size), rng.random() < 0.5
    side = world.side(back)
    pointer, positions = side[:2]
    payers = world.steps["dst" if back else "src"]
    pots = [pot for pot in range(world.pots) if not world.outside[pot] and (payers == pot).any()] or [0]
    state = np.zeros((world.pots, 6), np.int64)
    pot = rng.choice(pots)
    begin, end = int(pointer[pot]), int(pointer[pot + 1])
    own = list(range(begin, end))
    if back:  # not in the midst of a transfer
        own = [i for i in own if i == end - 1 or not same(world.steps, positions[i], positions[i + 1])]
    place = -1 if world.outside[pot] or not own else rng.randint(0, len(world.steps))
    if back and 0 <= place < len(world.steps):
        while (s := len(world.steps) - 1 - place) > 0 and same(world.steps, s, s - 1):
            place += 1
    return (
        world.steps,
        side,
        world.converted,
        state,
        pot,
        place,
        back,
        (rng.choice(own) if own else begin) + 1,
    )


def asleep_inputs(rng: random.Random, size: int) -> tuple:
    *args, at = lazy_pot(rng, size)
    args[3][args[4]] = 0, 0, rng.randint(1, 2**31), 0, at, 0
    return tuple(args)


def look_inputs(rng: random.Random, size: int) -> tuple:
    steps, side, converted, state, pot, place, back, at = lazy_pot(rng, size * rng.choice((1, 8)))
    if place < 0:  # nothing stands outside, nor where nothing is paid: nothing is awaited there
        at = int(side[0][pot]) if back else int(side[0][pot + 1]) + 1
    held = rng.randint(1, 3)
    fraction = rng.randint(-(2**31) + 1, 2**31)
    state[pot] = held, held - (fraction < 0), fraction % 2**32, 0, at, 0
    return steps, side, converted, state, pot, back


def same(steps: np.ndarray, s: int, other: int) -> bool:
    """Whether two steps are parts of one transfer."""
    return naive_prorata.same_payment(steps, int(s), int(other))


def state_outcome(result: Any, args: tuple) -> Any:
    return plain(args[3])


def worth_inputs(rng: random.Random, size: int) -> tuple:
    base, length = rng.randint(-50, 50), rng.randint(0, rng.choice((1, 12, 2**51)))
    low, high = sorted(rng.randint(base, base + length) for _ in range(2))
    return low, high, base, length, rng.randint(0, rng.choice((3, 40, 2**51))), rng.random() < 0.5


def chains_inputs(rng: random.Random, size: int) -> tuple:
    world = World(rng, 3 * size, converts=rng.choice((0.1, 0.5)), far=rng.random() < 0.8)
    back = rng.random() < 0.5
    last = world.last(back)
    seeds = [seed[:5] for seed in world.seeds(back) if seed[4] <= last]
    pointer, positions, starts = world.payments(back)
    barriers = (
        ints(sorted(s for s, *_ in seeds if s >= 0), 1),
        ints([(pot, place) for s, pot, _, _, place in seeds if s < 0], 2),
    )
    # what several compartments pay is one seed
    of = [int(world.steps["row"][s]) if s >= 0 and world.steps["flags"][s] & PARTS else -1 for s, *_ in seeds]
    numbers = np.cumsum([i == 0 or of[i] < 0 or of[i] != of[i - 1] for i in range(len(of))])
    limits = (last, rng.choice((-1, -1, -1, 0, 1, 3)), rng.choice((0, 0, 1, 3)), int(back))
    stack = (np.zeros((4, 19), np.int64), np.zeros(4, np.int64), ints([0, -1]))
    carried = np.zeros((len(world.steps), 2), np.int64)
    return (
        world.steps,
        (pointer, positions, world.converted),
        starts,
        ints([(*seed, number) for seed, number in zip(seeds, numbers, strict=True)], 6),
        barriers,
        limits,
        stack,
        carried,
    )


def poison_inputs(rng: random.Random, size: int) -> tuple:
    world = World(rng, size * rng.choice((1, 4)))
    count = len(world.steps)
    steps = sorted(rng.sample(range(count), rng.randint(0, min(3, count))))
    seeds = [(s, rng.randint(1, int(world.steps[s]["amount"]))) for s in steps]
    pointer, positions = world.payments(False)[:2]
    return (
        world.steps,
        pointer,
        positions,
        ints(seeds, 2),
        np.zeros((world.pots, 4), np.int64),
        rng.randrange(count),
        rng.choice((-1, 0, 1, 3)),
        rng.random() < 0.5,
        rng.choice((1, 3, 1024)),
    )


def spread_inputs(rng: random.Random, size: int) -> tuple:
    world, back = World(rng, size * rng.choice((1, 4)), far=rng.random() < 0.5), rng.random() < 0.5
    last, count = world.last(back), len(world.steps)
    found = {
        (2 * o + (s < 0), pot if s < 0 else s): (2 * o + (s < 0), pot, high - low, whole)
        for s, pot, low, high, o, whole in world.seeds(back)
    }
    for key, pot, _, _ in list(found.values()):
        book = next((pots for pots in world.books if pot in pots), [])
        upto = count - 1 - (key >> 1) if back else (key >> 1) + 1
        for other in book if key & 1 else []:  # mostly the other compartments are named too, some for nothing
            paid, came = world.standing(other, upto)
            if came > paid and rng.random() < 0.8:
                row = (key, other, rng.choice((0, came - paid)), came - paid)
                found.setdefault((key, other), row)
    for _ in range(rng.choice((0, 0, 2))):  # as where all that was asked for stands in other sub-ledgers
        upto, pot = rng.randint(0, count), rng.randrange(world.settled)
        paid, came = world.standing(pot, upto)
        key = 2 * (count - 1 - upto if back else upto - 1) + 1
        if (
            not world.outside[pot]
            and came > paid
            and not (0 < upto < count and upto in world.payment(upto - 1))
        ):
            found.setdefault((key, pot), (key, pot, 0, came - paid))
    seeds = [
        found[key] for key in sorted(found, key=lambda key: (key[0], found[key][1])) if key[0] >> 1 <= last
    ]
    return (
        world.steps,
        world.pot_records(),
        world.both(),
        ints(seeds, 4),
        world.converted,
        np.zeros((world.pots, 4), np.int64),
        (last, rng.choice((-1, -1, 0, 1, 3)), back),
        rng.choice((1, 2, 4, 8, 1024)),
    )


def held_inputs(rng: random.Random, size: int) -> tuple:
    world = World(rng, size)
    pots = [pot for pot in range(world.pots) if not world.outside[pot]] or [0]
    place = -1 if world.outside[pots[0]] else rng.randint(-1, len(world.steps))
    return world.steps, world.pot_records(), world.both(), rng.choice(pots), place


def book_inputs(rng: random.Random, size: int) -> tuple:
    edges = sorted(rng.sample(range(3 * size), 2 * rng.randint(0, size)))
    return ints(list(zip(edges[::2], edges[1::2], strict=True)), 2), rng.randrange(3 * size)


def behind_inputs(rng: random.Random, size: int) -> tuple:
    world = World(rng, size)
    pointer, positions = world.payments(False)[:2]
    return pointer, positions, rng.randrange(world.pots), rng.randint(-1, len(world.steps))


def rows_inputs(rng: random.Random, size: int) -> tuple:
    count, books = rng.randint(0, size), rng.randint(1, 6)
    sides = [ints([rng.randint(-1, books - 1) for _ in range(count)]) for _ in range(2)]
    amounts = [ints([rng.randint(1, 50) for _ in range(count)]) for _ in range(2)]
    return *sides, *amounts, books, rng.random() < 0.5


def keys_inputs(rng: random.Random, size: int) -> tuple:
    count = rng.randint(1, 8)
    return np.array([rng.randrange(count) for _ in range(rng.randint(0, size))], np.int32), count


def edges_inputs(rng: random.Random, size: int) -> tuple:
    count = rng.randint(1, max(size // 2, 1))
    edges = [(rng.randrange(count), rng.randrange(count)) for _ in range(rng.randint(0, size))]
    if rng.random() < 0.7:  # mostly without rings
        edges = [
            (a, b) if (a * 7) % 11 < (b * 7) % 11 else (b, a)
            for a, b in edges
            if (a * 7) % 11 != (b * 7) % 11
        ]
    edges = [(a, b) for a, b in edges if a != b]
    return ints([a for a, _ in edges]), ints([b for _, b in edges]), count


def below(rng: random.Random, most: int) -> int:
    return rng.choice(
        (
            rng.randint(0, 9),
            rng.randint(0, most),
            most - rng.randint(0, min(9, most)),
            rng.randint(0, 1 << 20) % (most + 1),
        )
    )


def share_inputs(rng: random.Random, _: int) -> tuple:
    if rng.random() < 0.3:  # what divides without a rest
        a, b = rng.randint(1, 1 << 26), rng.randint(1, 1 << 26)
        return np.int64(a * rng.randint(0, b)), np.int64(b * rng.randint(0, a)), np.int64(a * b)
    parts = 1 + below(rng, (1 << 52) - 2)
    most = rng.choice((parts, (1 << 52) - 1))  # a conversion's other amount may be the greater one
    return np.int64(below(rng, most)), np.int64(below(rng, parts)), np.int64(parts)


def take_inputs(rng: random.Random, _: int) -> tuple:
    whole, part, parts = share_inputs(rng, 0)
    whole = min(whole, parts)
    fraction = 0 if whole == parts else below(rng, (1 << 32) - 1)
    return whole, np.int64(fraction), part, parts


def place_inputs(rng: random.Random, size: int) -> tuple:
    world, back = World(rng, size), rng.random() < 0.5
    pointer, positions, starts = world.payments(back)
    pot = rng.randrange(world.pots)
    place = rng.randint(-80, 0) if back else rng.randint(0, 80)
    edges = starts[pointer[pot] : pointer[pot + 1]].tolist()
    if edges and rng.random() < 0.6:  # where a payment begins, and just before
        edge = rng.choice(edges)
        place = -edge - rng.randint(0, 1) if back else max(edge - rng.randint(0, 1), 0)
    return pointer, positions, starts, pot, place, back


def lows_inputs(rng: random.Random, size: int) -> tuple:
    back = rng.random() < 0.5
    if rng.random() < 0.3:
        steps, side, converted = many_payments(rng, rng.choice((40, 300, 600)), back)
    else:
        world = World(rng, size)
        steps, side, converted = world.steps, world.side(back), world.converted
    return entries_of(steps, side, converted, back)


def entries_of(steps: np.ndarray, side: tuple, converted: np.ndarray, back: bool) -> tuple:
    """What the tree of lows is built of."""
    pointer, positions, starts, held = side
    entries = np.zeros(positions.size, lay.ENTRY)
    entries["step"], entries["start"], entries["held"] = positions, starts, held
    arriving = dict(converted.tolist())
    last = np.zeros(pointer.size - 1, np.int64)
    for p in range(pointer.size - 1):
        if pointer[p] < pointer[p + 1]:
            s = int(positions[pointer[p + 1] - 1])
            moved = int(steps[s]["amount"])
            last[p] = arriving.get(s, moved) - int(steps[s]["repaid"]) if back else moved
    return pointer, entries, last, back


def many_payments(rng: random.Random, size: int, back: bool) -> tuple:
    """Steps of one pot and, before and behind it, of two others; its balance wanders far up and down."""
    steps = np.zeros(size, STEP)
    pots, balance, run = sorted(rng.choices((0, 1, 1, 1, 2), k=size)), [rng.randint(0, 90)] * 3, [0, 0, 0]
    for s, pot in enumerate(pots):
        step = steps[s]
        step["row"], step["amount"] = s, rng.randint(1, 9)
        if s and pots[s - 1] == pot and rng.random() < 0.2:  # with the one before it, a part of one transfer
            step["row"], step["flags"], steps[s - 1]["flags"] = steps[s - 1]["row"], PARTS, PARTS
        else:
            balance[pot] = max(balance[pot] + rng.randint(-10, 10), 0)
        step["dst" if back else "src"], step["cplace" if back else "dplace"] = pot, run[pot]
        step["avail"], step["repaid"] = balance[pot], rng.choice((0, 0, 0, 1))
        moved = int(step["amount"]) - int(step["repaid"]) if back else min(int(step["amount"]), balance[pot])
        run[pot] += moved
        balance[pot] = max(balance[pot] + (moved if back else -moved), 0)
        step["after"] = balance[pot]
    side, place = ("dst", "cplace") if back else ("src", "dplace")
    pointer, positions = naive_index.index_by(steps[side], 3)
    held = ints(naive_lay.held(steps, positions, back))
    return (
        steps,
        (ints(pointer), np.array(positions, np.int32), steps[place].astype(np.int64), held),
        ints([], 2),
    )


def below_inputs(rng: random.Random, size: int) -> tuple:
    """A place among a pot's payments, or just beyond them, and a height that few or many go below."""
    back = rng.random() < 0.5
    if rng.random() < 0.6:
        steps, side, converted = many_payments(rng, rng.choice((40, 300, 600)), back)
    else:
        world = World(rng, size)
        steps, side, converted = world.steps, world.side(back), world.converted
    side = *side, ints(naive_lows.lows_of(steps, side, converted, back))
    pot = rng.randrange(len(side[0]) - 1)
    begin, end = int(side[0][pot]), int(side[0][pot + 1])
    at = rng.randint(begin - 1, end - 1) if back else rng.randint(begin, end)
    most = max([1, *side[3][begin:end].tolist()])
    return steps, side, converted, pot, at, rng.choice((1, rng.randint(1, most), most)), back


def step_inputs(rng: random.Random, size: int) -> tuple:
    world, back = World(rng, size), rng.random() < 0.5
    count = len(world.steps)
    return *world.payments(back)[:2], rng.randrange(world.pots), rng.randrange(count), back, count


def found_inputs(rng: random.Random, size: int) -> tuple:
    values = sorted(rng.sample(range(2 * size + 2), rng.randint(0, size)))
    return ints([(value, 0) for value in values], 2), rng.randint(-1, 2 * size + 2)


# ---------------------------------------------------------------------- outcomes
def plain(value: Any) -> Any:
    """Arrays as lists of numbers, so that a kernel's outcome and its twin's can be equal."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def as_it_is(result: Any, args: tuple) -> Any:
    return plain(result)


def first_as_it_is(result: Any, args: tuple) -> Any:
    """What a kernel has written into the records that it was given."""
    return plain(args[0])


def lots_outcome(result: Any, args: tuple) -> Any:
    status, moved, stopped, left = plain(result)
    return [status, moved, sorted(stopped), sorted(left)] if not status else [status]


def shares_outcome(result: Any, args: tuple) -> Any:
    moved, aside, stopped, left = plain(result)
    also = [(*moved[row], *rest) for row, *rest in aside]  # the twin may find them in another order
    summed: dict[tuple[int, int], list[int]] = {}  # what rounds to nothing comes in parts or at once
    for code, pot, amount, worth in stopped:
        total = summed.setdefault((code, pot), [0, 0])
        total[0] += amount
        total[1] += worth
    return sorted(moved), sorted(also), summed, sorted(left), plain(args[4])  # zero again


def spread_outcome(result: Any, args: tuple) -> Any:
    moved, ended = plain(result)
    return moved, sorted(ended), plain(args[5])  # zero again


def touch_outcome(result: Any, args: tuple) -> Any:
    return plain(result), plain(args[4])  # zero again


def balances_outcome(result: Any, args: tuple) -> Any:
    return plain(args[0]), plain(args[1])


def books(steps: np.ndarray) -> dict[int, int]:
    """The least pot of those that pay for one row together: the compartments of one account."""
    found = {int(pot): int(pot) for pot in {*steps["src"].tolist(), *steps["dst"].tolist()}}
    for row in set(steps["row"][steps["flags"] & PARTS != 0].tolist()):
        together = {found[pot] for pot in steps["src"][steps["row"] == row].tolist()}
        found = {pot: min(together) if book in together else book for pot, book in found.items()}
    return found


def chains_outcome(result: Any, args: tuple) -> Any:
    """The kernel hands chains out by the buffer: all of them, by account; compartments are no ends of their own."""
    book = books(args[0])
    if isinstance(result, dict):
        by_book: dict[tuple, list[int]] = {}
        for (rows, code, pot, number), value in result.items():
            total = by_book.setdefault((rows, int(code), book.get(int(pot), int(pot)), number), [0, 0])
            total[0] += value[0]
            total[1] += value[1]
        return {key: value for key, value in by_book.items() if any(value)}, plain(args[7])
    summed: dict[tuple, list[int]] = {}
    numbers = args[3][:, 5]
    while True:
        bounds, rows, ends, stack, more = result
        for i, (code, pot, amount, worth, number) in enumerate(ends.tolist()):
            key = (
                tuple(rows[bounds[i] : bounds[i + 1]].tolist()),
                code,
                book.get(pot, pot),
                int(numbers[number]),
            )
            total = summed.setdefault(key, [0, 0])
            total[0] += amount
            total[1] += worth
        if not more:
            return {key: value for key, value in summed.items() if any(value)}, plain(args[7])
        result = chains.walk_chains(*args[:6], stack, args[7])


@dataclass(frozen=True)
class Pair:
    """A kernel, its twin, what both are fed with, how their outcomes compare, and sizes to measure at."""

    name: str
    kernel: Callable[..., Any]
    twin: Callable[..., Any]
    make: Callable[[random.Random, int], tuple]
    outcome: Callable[[Any, tuple], Any] = as_it_is
    sizes: tuple[int, ...] = (100, 300)

    def inputs(self) -> st.SearchStrategy[tuple]:
        """Random inputs, small ones first."""
        made = st.tuples(st.sampled_from((4, 12, 30)), st.integers(0, 2**40))
        return made.map(lambda drawn: self.make(random.Random(drawn[1]), drawn[0]))


def period_inputs(rng: random.Random, size: int) -> tuple:
    """Periods of a few accounts, apart from one another, and times within, between and at the edge of them."""
    pointer, begins, ends = [0], [], []
    for _ in range(rng.randint(1, 5)):
        edge = rng.randint(-3, 3)
        for _ in range(rng.randint(0, 3)):
            begins.append(edge)
            ends.append(edge + rng.randint(0, 4))
            edge = ends[-1] + rng.randint(1, 3)
        pointer.append(len(begins))
    account = [rng.randint(-1, len(pointer) - 2) for _ in range(size)]
    time = [rng.randint(-5, 30) for _ in range(size)]
    return np.array(account, np.int32), ints(time), ints(pointer), ints(begins), ints(ends)


def history_inputs(rng: random.Random, size: int) -> tuple:
    account, time, pointer, begins, ends = period_inputs(rng, size)
    coins, marks = rng.randint(1, 3), rng.randint(1, 4)
    period = np.array(naive_index.period_of(account, time, pointer, begins, ends), np.int32)
    coin = np.array([rng.randrange(coins) for _ in range(size)], np.int32)
    mark = np.array([rng.randint(-1, marks - 2) for _ in range(size if marks > 1 else 0)], np.int32)
    kept = np.array([rng.random() < 0.5 for _ in range(len(pointer) - 1)])
    widest = int(np.diff(pointer).max()) + 1
    return account, coin, period, mark, kept, pointer, (coins, widest, marks)


def hash_inputs(rng: random.Random, size: int) -> tuple:
    """Hashes spread evenly, and some that are equal or begin alike."""
    few = [rng.getrandbits(64) for _ in range(3)]
    keys = [rng.choice((rng.getrandbits(64), rng.choice(few), few[0] ^ 1)) for _ in range(size)]
    return (np.array(keys, np.uint64),)


def row_records(rng: random.Random, size: int) -> tuple:
    origin = rng.sample(range(size), size)
    wide = [ints([rng.randint(-(2**40), 2**40) for _ in range(size)]) for _ in range(4)]
    narrow = [np.array([rng.randint(-1, 2**31 - 1) for _ in range(size)], np.int32) for _ in range(3)]
    rows = np.array([(-7,) * 8] * size, ROW)
    order = np.array(origin, np.int32)
    return rows, order, (wide[0], wide[1]), (narrow[0], narrow[1]), (wide[2], wide[3]), narrow[2]


def step_records(rng: random.Random, size: int) -> tuple:
    narrow = [np.array([rng.randint(0, 2**31 - 1) for _ in range(size)], np.int32) for _ in range(4)]
    flags = narrow[3] if rng.random() < 0.5 else np.zeros(0, np.int32)
    steps = np.array([(-7,) * 10] * size, STEP)
    return steps, narrow[0], (narrow[1], narrow[2]), ints([rng.randint(0, 2**52) for _ in range(size)]), flags


def index_inputs(rng: random.Random, size: int) -> tuple:
    """Steps that go on behind others, which are entered already."""
    world, back = World(rng, size), rng.random() < 0.5
    side = world.steps["dst" if back else "src"]
    pointer = np.concatenate(([0], np.cumsum(np.bincount(side, minlength=world.pots)))).astype(np.int64)
    free, entries = pointer[:-1].copy(), np.zeros(side.size, lay.ENTRY)
    first = world.payment(rng.randrange(side.size))[0] if rng.random() < 0.7 else 0
    naive_lay.index_steps(world.steps[:first], 0, back, pointer, free, entries)
    return world.steps[first:].copy(), first, back, pointer, free, entries


def index_outcome(result: Any, args: tuple) -> Any:
    *_, free, entries = args
    return plain(free), [plain(entries[name]) for name in ("step", "start", "held")]


def count_inputs(rng: random.Random, size: int) -> tuple:
    keys, count = keys_inputs(rng, 3 * size)
    return keys, ints([rng.randint(0, 9) for _ in range(count)])


def second_as_it_is(result: Any, args: tuple) -> Any:
    return plain(args[1])


def beyond_inputs(rng: random.Random, size: int) -> tuple:
    world = World(rng, size)
    return world.steps, np.array(world.outside), rng.randint(1, 60)


def text_inputs(rng: random.Random, size: int) -> tuple:
    return few_texts(rng, 1_000 if rng.random() < 0.05 else size)  # more than the first table holds


def few_texts(rng: random.Random, size: int) -> tuple:
    """Texts that are often equal, of one length, or alike in their first or last eight bytes; some unknown."""
    few = ["", "A", "0" * 8, "0" * 8 + "A", "A" + "0" * 7 + "A", "A" + "0" * 8, "人" * 5, "0" * 16]
    texts = [rng.choice((rng.choice(few), str(rng.randrange(2 * size)))).encode() for _ in range(size)]
    ends = np.cumsum([0] + [len(text) for text in texts])
    valid = np.array([rng.random() < 0.8 for _ in range(size if rng.random() < 0.5 else 0)], np.uint8)
    return ints(ends), np.frombuffer(b"".join(texts) or b" ", np.uint8), valid


def two_texts_inputs(rng: random.Random, size: int) -> tuple:
    return *text_inputs(rng, size), *text_inputs(rng, size)[:2]


def hold_inputs(rng: random.Random, size: int) -> tuple:
    """Texts for an empty table that has room for them."""
    offsets, data, _ = text_inputs(rng, size)
    count = rng.randint(0, offsets.size - 1)
    bits = max(2 * count, 1).bit_length()
    return np.zeros(1 << bits, np.uint64), offsets, data, count


def hold_outcome(result: Any, args: tuple) -> Any:
    """Which texts stand in the table; the twin says it itself."""
    if result is not None:
        return result
    return sorted(int(slot & np.uint64(0xFFFFFFFF)) - 1 for slot in args[0] if slot)


def numbering_inputs(rng: random.Random, size: int) -> tuple:
    """A column, some texts that have numbers already, and room for some more or for many."""
    column = text_inputs(rng, size)
    known = naive_numbering.texts_of(*few_texts(rng, rng.randint(0, size)))
    held = list(dict.fromkeys(text for text in known if text is not None))
    laid = b"".join(held)
    rows = column[0].size - 1
    slots = np.zeros(1 << (2 * (len(held) + rng.choice((rows, 300)))).bit_length(), np.uint64)
    starts = np.zeros(len(held) + 2 + rng.choice((rows, 300)), np.int64)
    starts[: len(held) + 1] = np.cumsum([0, *(len(text) for text in held)])
    texts = np.zeros(len(laid) + rng.choice((rows, 20 * rows + 20)), np.uint8)
    texts[: len(laid)] = np.frombuffer(laid, np.uint8)
    with np.errstate(over="ignore"):
        numbering.hold_texts(slots, starts, texts, len(held))
    begin = rng.choice((0, 0, rng.randint(0, rows)))
    return column, begin, np.full(rows, 7, np.int32), (slots, starts, texts), len(held)


def numbering_outcome(result: Any, args: tuple) -> Any:
    _, begin, numbers, (_, starts, texts), _ = args
    at, count = result
    return at, count, plain(numbers[begin:at]), plain(starts[: count + 1]), plain(texts[: starts[count]])


def shift_inputs(rng: random.Random, size: int) -> tuple:
    """Local times within a few days, mostly in order, the shift of some days, and days without one."""
    day, first = 86_400_000_000, rng.randint(-3, 3)
    local = [
        rng.choice((0, day - 1, rng.randrange(day))) + rng.randint(first, first + 3) * day
        for _ in range(size)
    ]
    if rng.random() < 0.5:
        local.sort()
    shifts = [rng.choice((0, 2**62, rng.randint(-day // 2, day // 2))) for _ in range(rng.randint(1, 4))]
    good = np.array([rng.random() < 0.9 for _ in range(size)], np.uint8)
    return ints(local), good, first, ints(shifts)


def divide_inputs(rng: random.Random, size: int) -> tuple:
    count = rng.randint(1, 6)
    whole = [rng.choice((0, 0, rng.randint(1, 9), rng.randint(1, 10**9))) for _ in range(count)]
    stays = rng.randint(0, sum(whole))
    exact = [max(units * stays / max(sum(whole), 1) + rng.choice((0, 0, -3.5, 2.25)), 0) for units in whole]
    room = [ints([-7] * (count + 1)), np.full(count + 1, -7.0)]
    return ints([*whole, 0]), np.array([*exact, 0.0]), count, stays, *room


def divided_outcome(result: Any, args: tuple) -> Any:
    return plain(args[4])


def claims_inputs(rng: random.Random, size: int) -> tuple:
    """A ledger of traced money alone: seeds come from nowhere, and no pot pays what it does not hold."""
    pots, seeds = rng.randint(2, 5), rng.randint(1, 5)
    nobody = pots
    held = [0] * pots
    most = rng.choice((3, 40, 2**40))
    lines, enters = [], []
    for _ in range(rng.randint(1, size)):
        rich = [pot for pot in range(pots) if held[pot]]
        seed = rng.randrange(seeds)
        if rng.random() < 0.1:
            pot, amount = rng.randrange(pots), rng.randint(1, most)
            if all((at, into) != (len(lines), pot) for at, into, *_ in enters):
                if held[pot]:  # what stood there before ends
                    lines.append((pot, nobody, held[pot], 0, 0))
                held[pot] = amount
                enters.append((len(lines), pot, amount, seed))
        if not rich or rng.random() < 0.2:
            source, amount = nobody, rng.choice((1, rng.randint(1, most), most))
            enters.append((len(lines), -1, amount, seed))
        else:
            source = rng.choice([pot for pot in range(pots) if held[pot]] or [nobody])
            amount = rng.choice((held[source], held[source] - 1, rng.randint(0, held[source])))
            held[source] -= amount
        target, stop = rng.choice((*range(pots), nobody)), rng.choice((0, 0, 0, 0, 1, 4))
        repaid = rng.choice((0, 0, 0, rng.randint(0, amount)))
        if target != nobody and not stop:
            held[target] += amount - repaid
        lines.append((source, target, amount, 0 if stop else repaid, stop))
    steps = np.zeros(len(lines), STEP)
    for s, (source, target, amount, repaid, stop) in enumerate(lines):
        steps[s]["src"], steps[s]["dst"], steps[s]["amount"] = source, target, amount
        steps[s]["repaid"], steps[s]["flags"] = repaid, stop
    return steps, ints(enters, 4), pots + 1, seeds


PAIRS = (
    Pair("text.shifted", text.shifted, naive_text.shifted, shift_inputs),
    Pair("numbering.find_texts", numbering.find_texts, naive_numbering.find_texts, two_texts_inputs),
    Pair("numbering.hold_texts", numbering.hold_texts, naive_numbering.hold_texts, hold_inputs, hold_outcome),
    Pair("numbering.number_texts", numbering.number_texts, naive_numbering.number_texts, numbering_inputs,
         numbering_outcome),
    Pair("index.index_by", index.index_by, naive_index.index_by, keys_inputs),
    Pair("index.period_of", index.period_of, naive_index.period_of, period_inputs),
    Pair("index.history_keys", index.history_keys, naive_index.history_keys, history_inputs),
    Pair("index.sort_hashes", index.sort_hashes, naive_index.sort_hashes, hash_inputs),
    Pair("lay.lay_rows", lay.lay_rows, naive_lay.lay_rows, row_records, first_as_it_is),
    Pair("lay.lay_steps", lay.lay_steps, naive_lay.lay_steps, step_records, first_as_it_is),
    Pair("lay.count_keys", lay.count_keys, naive_lay.count_keys, count_inputs, second_as_it_is),
    Pair("lay.index_steps", lay.index_steps, naive_lay.index_steps, index_inputs, index_outcome),
    Pair("lay.first_beyond", lay.first_beyond, naive_lay.first_beyond, beyond_inputs),
    Pair("lows.build_lows", lows.build_lows, naive_lows.build_lows, lows_inputs),
    Pair("order.topological", order.topological, naive_order.topological, edges_inputs),
    Pair("balances.book_rows", balances.book_rows, naive_balances.book_rows, rows_inputs),
    Pair("balances.divide_custody", balances.divide_custody, naive_balances.divide_custody,
         lambda rng, size: World(rng, size).custody),
    Pair("balances.run_balances", balances.run_balances, naive_balances.run_balances,
         lambda rng, size: World(rng, size).unfilled, balances_outcome, (100, 300)),
    Pair("fifo.payment_at", fifo.payment_at, naive_fifo.payment_at, place_inputs),
    Pair("fifo.trace_lots", fifo.trace_lots, naive_fifo.trace_lots, lots_inputs, lots_outcome),
    Pair("lifo.first_below", lifo.first_below, naive_lifo.first_below, below_inputs),
    Pair("prorata.share", prorata.share, naive_prorata.share, share_inputs, sizes=()),
    Pair("prorata.take", prorata.take, naive_prorata.take, take_inputs, sizes=()),
    Pair("prorata.nearest", prorata.nearest, naive_prorata.nearest, share_inputs, sizes=()),
    Pair("prorata.next_payment", prorata.next_payment, naive_prorata.next_payment, step_inputs),
    Pair("prorata.settle", prorata.settle, naive_prorata.settle, asleep_inputs, state_outcome, (30,)),
    Pair("prorata.look", prorata.look, naive_prorata.look, look_inputs, sizes=(30,)),
    Pair("prorata.trace_shares", prorata.trace_shares, naive_prorata.trace_shares, shares_inputs, shares_outcome, (30,)),
    Pair("claims.divide", claims.divide, naive_claims.divide, divide_inputs, divided_outcome, sizes=()),
    Pair("claims.split_claims", claims.split_claims, naive_claims.split_claims, claims_inputs),
    Pair("poison.first_behind", poison.first_behind, naive_poison.first_behind, behind_inputs),
    Pair("poison.touch", poison.touch, naive_poison.touch, poison_inputs, touch_outcome, (100,)),
    Pair("poison.book_of", poison.book_of, naive_poison.book_of, book_inputs),
    Pair("poison.next_payment", poison.next_payment, naive_poison.next_payment, step_inputs),
    Pair("poison.nearest", poison.nearest, naive_poison.nearest, share_inputs, sizes=()),
    Pair("poison.held", poison.held, naive_poison.held, held_inputs),
    Pair("poison.spread", poison.spread, naive_poison.spread, spread_inputs, spread_outcome, (100,)),
    Pair("chains.nearest", chains.nearest, naive_chains.nearest, share_inputs, sizes=()),
    Pair("chains.payment_at", chains.payment_at, naive_chains.payment_at, place_inputs),
    Pair("chains.worth", chains.worth, naive_chains.worth, worth_inputs, sizes=()),
    Pair("chains.position_of", chains.position_of, naive_chains.position_of, found_inputs),
    Pair("chains.walk_chains", chains.walk_chains, naive_chains.walk_chains, chains_inputs, chains_outcome),
)  # fmt: skip
