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
    libr,
    lifo,
    lows,
    maxflow,
    numbering,
    order,
    poison,
    prorata,
    reaching,
    runs,
    text,
    unroll,
)
from graphflow.ledger.form import CUSTODY, ORDINARY, POT, ROW, STEP, TRANSIT
from graphflow.ledger.form import OUTSIDE as NOWHERE
from tests.cases_owning import OWNING
from tests.cases_patterns import PATTERNS
from tests.naive import balances as naive_balances
from tests.naive import chains as naive_chains
from tests.naive import claims as naive_claims
from tests.naive import fifo as naive_fifo
from tests.naive import index as naive_index
from tests.naive import lay as naive_lay
from tests.naive import libr as naive_libr
from tests.naive import lifo as naive_lifo
from tests.naive import lows as naive_lows
from tests.naive import maxflow as naive_maxflow
from tests.naive import numbering as naive_numbering
from tests.naive import order as naive_order
from tests.naive import poison as naive_poison
from tests.naive import prorata as naive_prorata
from tests.naive import reaching as naive_reaching
from tests.naive import runs as naive_runs
from tests.naive import text as naive_text
from tests.naive import unroll as naive_unroll

LENT, CONVERTS, ARRIVAL, PARTS, INNER, OUTSIDE = 64, 128, 256, 512, 1024, 4


def ints(values: Any, width: int = 0) -> np.ndarray:
    array = np.array(values, np.int64)
    return array.reshape(-1, width) if width else array


def kept(array: np.ndarray) -> np.ndarray:
    """As a ledger keeps it: read-only, which to numba is a type of its own; for another it compiles anew."""
    array.setflags(write=False)
    return array


def payments_of(steps: np.ndarray, pots: int, back: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each pot pays: pointer, positions, places on its ruler."""
    end, place = ("dst", "cplace") if back else ("src", "dplace")
    pointer, positions = naive_index.index_by(steps[end], pots)
    return (
        kept(ints(pointer)),
        kept(np.array(positions, np.int32)),
        kept(steps[place][positions].astype(np.int64)),
    )


def side_of(steps: np.ndarray, pots: int, back: bool) -> tuple[np.ndarray, ...]:
    """The same, and what each pot holds at them."""
    pointer, positions, starts = payments_of(steps, pots, back)
    return pointer, positions, starts, kept(ints(naive_lay.held(steps, positions.tolist(), back)))


def index_of(steps: np.ndarray, converted: np.ndarray, pots: int, back: bool) -> tuple[np.ndarray, ...]:
    """The same, and the tree of what is left behind every payment."""
    side = side_of(steps, pots, back)
    return *side, kept(ints(naive_lows.lows_of(steps, side, converted, back)))


class World:
    """Books, their pots, and steps between them in time order, with every field filled in."""

    def __init__(
        self,
        rng: random.Random,
        size: int,
        converts: float = 0.2,
        far: bool = False,
        calm: bool = False,
        custody: float = 0.25,
        stops: int = 3,
    ) -> None:
        self.rng, self.calm, self.stops = rng, calm, 0 if calm else stops
        self.books: list[list[int]] = []  # the pots of each book, the bare one first
        self.outside: list[bool] = []
        for _ in range(rng.randint(2, 6)):
            chance = 0.5 if calm else rng.random()
            pots = rng.randint(2, 3) if chance < custody else 1
            self.books.append(list(range(len(self.outside), len(self.outside) + pots)))
            self.outside += [chance > 0.9] * pots
        self.party = [rng.randrange(4) for _ in self.books]
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
        if row["source"] == row["target"]:
            row["into"] = row["own"]  # a transfer has one earmark
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
            inner = INNER if self.party[row["source"]] == self.party[row["target"]] else 0
            stops = ((0,) * 12 + (1, 2, 3))[: 12 + self.stops]
            flags = OUTSIDE if self.outside[row["into"]] else self.rng.choice(stops)
            flags |= (OUTSIDE if self.outside[row["own"]] else self.rng.choice(stops)) << 3 | inner
            parts = self.parts.get(number, [(row["own"], row["amount"], False)])
            joined = bool(row["converts"]) and len(parts) > 1
            if row["transit"] is not None or joined:
                pot = len(self.outside)
                self.outside.append(False)
                self.opening.append(0)
                divided.append(False)
            if joined:  # converted as a whole: several parts go through a pot of the row's own
                for part, amount, lent in parts:
                    these = flags & 56 | inner | (LENT if lent else 0) | PARTS
                    lines.append((number, number, part, pot, these, amount, amount, 0))
                a, b, owed = row["amount"], row["received"], self.repaid[number]
                these = flags & 7 | inner | CONVERTS | ARRIVAL
                lines.append((number, number, pot, row["into"], these, a, b, owed))
                continue
            if row["transit"] is not None:
                later = number + row["transit"] + 0.5
                a, b = row["amount"], row["received"]
                lines.append((number, number, row["own"], pot, flags & 56 | inner, a, a, 0))
                these = flags & 7 | inner | converts | ARRIVAL
                lines.append((later, number, pot, row["into"], these, a, b, 0))
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
        self.converted = kept(ints(converted, 2))
        stand = np.zeros(len(self.outside), balances.STAND)
        stand["outside"], stand["divided"] = self.outside, divided
        stand["credited"] = np.maximum(self.opening, 0)
        stand["held"] = np.where(divided, stand["credited"], self.opening)
        converts = self.converted[:, 0].copy(), self.converted[:, 1].copy()
        self.unfilled = (self.steps.copy(), stand.copy(), *converts)
        naive_balances.run_balances(self.steps, stand, *converts)
        kept(self.steps)
        self.closing, self.last_moved = stand["held"].tolist(), (stand["debit"], stand["credit"])
        self.pots = len(self.outside)

    def payments(self, back: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return payments_of(self.steps, self.pots, back)

    def side(self, back: bool) -> tuple[np.ndarray, ...]:
        """The index of a ledger: payments, and what each pot holds at them."""
        return side_of(self.steps, self.pots, back)

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
        return kept(records)

    def index(self, back: bool) -> tuple[np.ndarray, ...]:
        """The same with the tree of what is left behind every payment."""
        return index_of(self.steps, self.converted, self.pots, back)

    def leads(self) -> np.ndarray:
        """Of each pot the first of its book."""
        first = [pots[0] for pots in self.books for _ in pots]
        return kept(np.array([*first, *range(len(first), self.pots)], np.int32))

    def lenders(self, back: bool) -> tuple[np.ndarray, ...]:
        """The ruler of what lenders paid, as a ledger has it."""
        owed = ints([max(-opening, 0) for opening in self.opening])
        lent, repaid = (ints(side, 2) for side in naive_lay.lay_lenders(self.steps, self.leads(), owed))
        side, other, end = (repaid, lent, "dst") if back else (lent, repaid, "src")
        pointer, positions = naive_index.index_by(self.leads()[self.steps[end][side[:, 0]]], self.pots)
        positions = ints(positions)
        return (
            self.leads(),
            kept(ints(pointer)),
            kept(side[positions, 0].astype(np.int32)),
            kept(side[positions, 1].copy()),
            kept(other),
        )

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


def stack_inputs(rng: random.Random, size: int) -> tuple:
    converts, far, calm = rng.choice((0, 0, 0.05, 0.2)), rng.random() < 0.8, rng.random() < 0.2
    world = World(rng, 2 * size, converts, far, calm, rng.choice((0.25, 0.7)), rng.choice((0, 0, 1)))
    back = rng.random() < 0.5
    last = world.last(back)
    found = {(row[4], row[1]): row for _ in range(rng.randint(1, 3)) for row in world.seeds(back)}
    seeds = []
    for s, pot, low, high, o, whole in found.values():
        if s < 0:  # places on the ruler: any heights
            high -= low
            low = rng.randint(0, whole - high)
            high += low
        if o <= last:
            seeds.append((2 * o + (s < 0), pot, low, high, 0))
    seeds.sort()
    queue = np.zeros((world.pots, 2), np.int64)
    patience = rng.choice((1, 2, 4, 1024))
    return (
        world.steps,
        world.index(back),
        world.converted,
        ints(seeds, 5),
        queue,
        last,
        back,
        patience,
    )


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


def lowest_inputs(rng: random.Random, size: int) -> tuple:
    far, calm = rng.random() < 0.3, rng.random() < 0.3
    world = World(rng, size * rng.choice((1, 6)), converts=rng.choice((0.2, 0.6)), far=far, calm=calm)
    seeds = [(2 * o + (s < 0), pot, high - low, whole) for s, pot, low, high, o, whole in world.seeds(False)]
    last = world.last(False)
    lent = np.flatnonzero((world.steps["flags"] & PARTS > 0) & (world.steps["repaid"] > 0)).tolist()
    if lent and rng.random() < 0.7:  # several parts together repay a lender
        group = world.payment(rng.choice(lent))
        more = [(2 * s, -1, rng.randint(0, int(world.steps[s]["amount"])), 0) for s in group]
        keys = {row[0] for row in more}
        seeds = sorted([*more, *(seed for seed in seeds if seed[0] not in keys)])
    return (
        world.steps,
        world.index(False),
        ints([seed for seed in seeds if seed[0] >> 1 <= last], 4),
        world.converted,
        np.zeros((world.pots, 4), np.int64),
        last,
        rng.choice((1, 2, 4, 8, 1024)),
    )


def lowest_outcome(result: Any, args: tuple) -> Any:
    moved, aside, stopped, left = plain(result)
    also = [(*moved[row], *rest) for row, *rest in aside]
    return moved, also, sorted(stopped), sorted(left), plain(args[4])  # zero again


def beneath_inputs(rng: random.Random, size: int) -> tuple:
    """Pots of many payments, beside one another in the index: a node of its tree covers leaves of several."""
    count, pots = size * rng.choice((1, 30, 60, 60)), rng.randint(1, 5)
    steps = np.zeros(count, STEP)
    steps["src"] = np.sort([rng.randrange(pots) for _ in range(count)]) if rng.random() < 0.5 else [
        rng.randrange(pots) for _ in range(count)
    ]  # fmt: skip
    steps["amount"] = [rng.randint(1, 9) for _ in range(count)]
    rare = rng.choice((0.5, 0.05, 0.005, 0.002))
    steps["avail"] = [
        rng.randint(0, 20) if rng.random() < rare else rng.randint(30, 60) for _ in range(count)
    ]
    paid = [0] * pots
    for step in steps:
        step["dplace"] = paid[step["src"]]
        paid[step["src"]] += min(int(step["amount"]), int(step["avail"]))
    pointer, positions = naive_index.index_by(steps["src"], pots)
    positions = np.array(positions, np.int32)
    side = (
        kept(ints(pointer)),
        kept(positions),
        kept(steps["dplace"][positions].astype(np.int64)),
        kept(ints(steps["avail"][positions])),
    )
    tree = kept(ints(naive_lows.lows_of(steps, side, ints([], 2), False)))
    return (
        kept(steps),
        (*side, tree),
        rng.randrange(pots),
        rng.randint(-1, count),
        rng.choice((1, 15, 25, 40, 70)),
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
    base, whole, turn = rng.randint(-50, 50), rng.randint(0, rng.choice((1, 12, 2**51))), rng.choice((-1, 1))
    low, high = sorted(base + turn * rng.randint(0, whole) for _ in range(2))
    return low, high, base, turn, whole, rng.randint(0, rng.choice((3, 40, 2**51)))


def chains_inputs(rng: random.Random, size: int) -> tuple:
    world = World(rng, 3 * size, converts=rng.choice((0.1, 0.5)), far=rng.random() < 0.8)
    back = rng.random() < 0.5
    lifo, coordinated = rng.choice(((False, False), (True, False), (False, True)))
    last = world.last(back)
    seeds = []
    for s, pot, low, high, place, _ in world.seeds(back):
        if place > last:
            continue
        if back:
            mirror = int(world.steps[s]["amount"]) if s >= 0 else 0
            low, high = mirror - high, mirror - low
        if lifo and s < 0:  # heights
            paid, _ = world.standing(pot, len(world.steps) - 1 - place if back else place + 1)
            low, high = low - paid, high - paid
        seeds.append((s, pot, low, high, place))
    barriers = (
        kept(ints(sorted(s for s, *_ in seeds if s >= 0), 1)),
        kept(ints(sorted((pot, 2 * place + 1) for s, pot, _, _, place in seeds if s < 0), 2)),
    )
    # what several compartments pay is one seed
    of = [int(world.steps["row"][s]) if s >= 0 and world.steps["flags"][s] & PARTS else -1 for s, *_ in seeds]
    numbers = np.cumsum([i == 0 or of[i] < 0 or of[i] != of[i - 1] for i in range(len(of))])
    asked = chains.BACK * back + chains.LIFO * lifo + chains.COORDINATED * coordinated
    asked += chains.PARTY * (rng.random() < 0.4)
    limits = (last, rng.choice((-1, -1, -1, 0, 1, 3)), rng.choice((0, 0, 1, 3)), asked, 10**6)
    none, few = kept(np.zeros(0, np.int64)), kept(np.zeros(0, np.int32))
    nobody = few, none, few, none, kept(ints([], 2))
    stack = (
        np.zeros(1, chains.GROUP), np.zeros(1, chains.PIECE), np.zeros(1, chains.END), np.zeros(1, np.int64),
        ints(chains.START),
    )  # fmt: skip
    return (
        world.steps,
        (world.index(back), world.converted, world.lenders(back) if coordinated else nobody),
        kept(ints([(*seed, number) for seed, number in zip(seeds, numbers, strict=True)], 6)),
        barriers,
        limits,
        stack,
        np.zeros((len(world.steps), 2), np.int64),
    )


def crossing_inputs(rng: random.Random, size: int) -> tuple:
    standing = sorted({(rng.randrange(3), 2 * rng.randrange(8) + 1) for _ in range(rng.randint(0, size))})
    came = rng.randint(-1, 14)
    return ints(standing, 2), rng.randrange(4), came, came + rng.randint(0, 5)


def behind_step_inputs(rng: random.Random, size: int) -> tuple:
    world, back = World(rng, size), rng.random() < 0.5
    pointer, positions = world.payments(back)[:2]
    return pointer, positions, rng.randrange(world.pots), rng.randint(-1, len(world.steps)), back


def lenders_inputs(rng: random.Random, size: int) -> tuple:
    world = World(rng, size)
    leads = world.leads() if len(world.books) < world.settled else kept(np.zeros(0, np.int32))
    return world.steps, leads, ints([max(-opening, 0) for opening in world.opening])


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
    for _ in range(rng.choice((0, 0, 1, 4))):  # as where all that was asked for stands in other sub-ledgers
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
    most, patience = rng.choice((-1, -1, 0, 1, 3)), rng.choice((1, 2, 4, 8, 1024))
    return (
        world.steps,
        world.pot_records(),
        world.both(),
        ints(seeds, 4),
        world.converted,
        np.zeros((world.pots, 4), np.int64),
        (last, most, back, rng.random() < 0.5),
        patience,
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


def jumps_inputs(rng: random.Random, size: int) -> tuple:
    """Rows between balances: mostly a walk, with some rows exchanged; from a known balance, an unknown or a wrong one."""
    levels = rng.randint(1, 5)
    at = first = rng.randrange(levels)
    rows = []
    for _ in range(rng.randint(1, min(size, 7))):
        rows.append((at, at := rng.randrange(levels)))
    if rng.random() < 0.2:
        rows[rng.randrange(len(rows))] = rng.randrange(levels), rng.randrange(levels)
    rng.shuffle(rows)
    start = first if rng.random() < 0.5 else rng.randint(-1, levels - 1)
    most = rng.choice((1, 2, 5, 10_000))
    return ints([a for a, _ in rows]), ints([b for _, b in rows]), levels, start, most, 1 << 40


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


def placed_inputs(rng: random.Random, size: int) -> tuple:
    pointer, _, starts, pot, place, back = place_inputs(rng, size)
    return pointer, starts, pot, -place - 1 if back else place


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
    return pointer, entries, kept(last), back


def many_payments(rng: random.Random, size: int, back: bool) -> tuple:
    """Steps of one pot and, before and behind it, of two others; its balance wanders far up and down."""
    steps = np.zeros(size, STEP)
    pots, run = sorted(rng.choices((0, 1, 1, 1, 2), k=size)), [0, 0, 0]
    least = [0, rng.choice((0, 40)), 0]  # where the other two go lower, a search goes on into them
    balance = [rng.randint(low, 90) for low in least]
    for s, pot in enumerate(pots):
        step = steps[s]
        step["row"], step["amount"] = s, rng.randint(1, 9)
        if s and pots[s - 1] == pot and rng.random() < 0.2:  # with the one before it, a part of one transfer
            step["row"], step["flags"], steps[s - 1]["flags"] = steps[s - 1]["row"], PARTS, PARTS
        else:
            balance[pot] = max(balance[pot] + rng.randint(-10, 10), least[pot])
        step["dst" if back else "src"], step["cplace" if back else "dplace"] = pot, run[pot]
        step["avail"], step["repaid"] = balance[pot], rng.choice((0, 0, 0, 1))
        moved = int(step["amount"]) - int(step["repaid"]) if back else min(int(step["amount"]), balance[pot])
        run[pot] += moved
        balance[pot] = balance[pot] + (moved if back else -moved)
        step["after"] = balance[pot]
    side, place = ("dst", "cplace") if back else ("src", "dplace")
    pointer, positions = naive_index.index_by(steps[side], 3)
    held = ints(naive_lay.held(steps, positions, back))
    return (
        kept(steps),
        (
            kept(ints(pointer)),
            kept(np.array(positions, np.int32)),
            kept(steps[place].astype(np.int64)),
            kept(held),
        ),
        kept(ints([], 2)),
    )


def below_inputs(rng: random.Random, size: int) -> tuple:
    """A place among a pot's payments, or just beyond them, and a height that few or many go below."""
    back = rng.random() < 0.5
    if rng.random() < 0.6:
        steps, side, converted = many_payments(rng, rng.choice((40, 300, 600)), back)
    else:
        world = World(rng, size)
        steps, side, converted = world.steps, world.side(back), world.converted
    side = *side, kept(ints(naive_lows.lows_of(steps, side, converted, back)))
    pot = rng.choice((1, rng.randrange(len(side[0]) - 1)))
    begin, end = int(side[0][pot]), int(side[0][pot + 1])
    at = rng.randint(begin - 1, end - 1) if back else rng.randint(begin, end)
    most = max([1, *side[3][begin:end].tolist()])
    return steps, side, converted, pot, at, rng.choice((1, 30, rng.randint(1, most), most)), back


def step_inputs(rng: random.Random, size: int) -> tuple:
    world, back = World(rng, size), rng.random() < 0.5
    count = len(world.steps)
    return *world.payments(back)[:2], rng.randrange(world.pots), rng.randrange(count), back, count


def found_inputs(rng: random.Random, size: int) -> tuple:
    values = sorted(rng.sample(range(2 * size + 2), rng.randint(0, size)))
    return ints([(value, 0) for value in values], 2), rng.randint(-1, 2 * size + 2)


# ---------------------------------------------------------------------- the unrolled network
def reach_inputs(rng: random.Random, size: int) -> tuple:
    world, back = World(rng, size * rng.choice((1, 4)), far=rng.random() < 0.3), rng.random() < 0.5
    pots = np.zeros(world.pots, POT)
    pots["kind"] = 4
    pots["kind"][: world.settled] = [0 if out else 1 for out in world.outside[: world.settled]]
    leads = np.arange(world.pots, dtype=np.int32)
    for own in world.books:
        leads[own] = own[0]
        if len(own) > 1:
            pots["kind"][own] = 2
        pots["basis"][own] = rng.choice((1, 1, 3))
    payers = leads[world.steps["dst" if back else "src"]]
    pointer, positions = naive_index.index_by(payers, world.pots)
    loose = np.array([rng.random() < 0.3 for _ in range(world.pots if rng.random() < 0.2 else 0)], np.bool_)
    seeds: dict[tuple[int, int], list[int]] = {}
    for s, pot, low, high, o, _ in world.seeds(back):
        key = (2 * o + (s < 0), int(leads[pot]) if s < 0 else -1)
        bits = seeds.get(key, [0, 0])[0] | (rng.randint(0, 1) if high - low == 1 else int(high > low))
        seeds[key] = [bits, int(s < 0)]
    if rng.random() < 0.3:
        seeds.setdefault(
            (2 * rng.randrange(len(world.steps)) - 1, int(leads[rng.randrange(world.settled)])), [3, 0]
        )
    table = [(*key, *seeds[key]) for key in sorted(seeds)]
    if len(leads) and rng.random() < 0.5 and (leads == np.arange(world.pots)).all():
        leads = leads[:0]
    return (
        world.steps,
        kept(pots),
        (kept(ints(pointer)), kept(np.array(positions, np.int32)), kept(leads), loose),
        ints(table, 4),
        np.zeros((world.pots, 1), np.int64),
        world.last(back),
        back,
        rng.choice((3, 1024, 1024, 1024)),
    )


def reach_outcome(result: Any, args: tuple) -> Any:
    return plain(result), plain(args[4])  # zero again


def next_inputs(rng: random.Random, size: int) -> tuple:
    world, back = World(rng, size), rng.random() < 0.5
    pointer, positions = world.payments(back)[:2]
    return pointer, positions, rng.randrange(world.pots), rng.randint(-1, len(world.steps)), back


def unroll_inputs(rng: random.Random, size: int) -> tuple:
    pots = rng.randint(2, 6)
    count = rng.randint(0, 2 * size)
    spans = sorted(rng.sample(range(count + 1), min(2 * rng.randint(0, 2), count + 1 - (count + 1) % 2)))
    open_ = [(low, high, rng.sample(range(pots), rng.randint(0, 2)))
             for low, high in zip(spans[::2], spans[1::2], strict=True)]  # fmt: skip
    joint: dict[tuple[int, int], int] = {}
    amounts: list[list[int]] = []

    def span_of(m: int, book: int) -> int:
        for low, high, whose in open_:
            if low <= m < high and book in whose:
                if (low, book) not in joint:
                    joint[low, book] = len(amounts)
                    amounts.append([book, rng.randint(0, 4), rng.randint(0, 2), -1 - (5 * pots + book)])
                return joint[low, book]
        return -1

    moves = []
    for m in range(count):
        payer, payee = rng.randrange(pots), rng.randrange(pots)
        part = rng.choice((0, 0, 0, 0, rng.randint(0, 9)))
        ends = -1 - (rng.randint(1, 4) * pots + payee) if rng.random() < 0.2 else 0
        met = -1 - (6 * pots + payer) if part or rng.random() < 0.05 else 0
        numbers = [rng.choice((0, rng.randint(1, 9))) for _ in range(4)]
        pays, lends, into, left = numbers
        moves.append((payer, payee, pays, ends, lends, into, left, part, met,
                      span_of(m, payer), -1 if ends else span_of(m, payee), -1 - (5 * pots + payee)))  # fmt: skip
    cuts = []
    for before in sorted(rng.randint(0, count) for _ in range(rng.randint(0, 2))):
        if all(not low < before < high for low, high, _ in open_):
            book = rng.randrange(pots)
            if (before, book) not in {(cut[0], cut[1]) for cut in cuts}:
                cuts.append((before, book, rng.randint(0, 5), -1 - (6 * pots + book)))
    return ints(moves, 12), ints(cuts, 4), ints(amounts, 4), np.zeros((pots, 1), np.int64)


def unroll_outcome(result: Any, args: tuple) -> Any:
    """Nodes may be numbered in any way: each is what leaves it and what comes to it, two rounds deep."""
    edges, nodes = plain(result)
    assert not args[3].any()
    named: dict[int, Any] = {}
    for _ in range(3):
        leaving: dict[int, list] = {}
        coming: dict[int, list] = {}
        for tail, head, capacity, move in edges:
            leaving.setdefault(tail, []).append(
                (move, capacity, str(named.get(head, "") if head > 0 else head))
            )
            coming.setdefault(head, []).append(
                (move, capacity, str(named.get(tail, "") if tail > 0 else tail))
            )
        named = {
            v: hash((tuple(sorted(leaving.get(v, []))), tuple(sorted(coming.get(v, [])))))
            for v in range(1, nodes)
        }
    return sorted(map(str, named.values())), sorted(
        (str(named.get(tail, tail)), str(named.get(head, head)), capacity, move)
        for tail, head, capacity, move in edges
    )


def network(rng: random.Random, size: int, ordered: bool = False) -> tuple:
    """Edges among a few nodes; ordered: from 0 on, down to 1, to the ends, to the last, which none leaves."""
    inner, ends = rng.randint(2, 3 + size // 3), rng.randint(1, 3)
    nodes = inner + ends + 1
    order = [0, *range(inner - 1, 0, -1), *range(inner, nodes)]
    edges = []
    for _ in range(rng.randint(1, 2 * size)):
        a, b = (rng.randrange(nodes) for _ in range(2))
        if ordered:
            a, b = sorted((a, b), key=order.index)
            if rng.random() < 0.5 and order.index(a) + 1 < nodes:
                b = order[order.index(a) + 1]
        if a != b:
            edges.append((a, b, rng.choice((0, 1, rng.randint(1, 9), rng.randint(1, 2**40)))))
    return edges, nodes, inner


def arcs_inputs(rng: random.Random, size: int) -> tuple:
    edges, nodes, _ = network(rng, size)
    tail, head, capacity = ([edge[i] for edge in edges] for i in range(3))
    return np.array(tail, np.int32), np.array(head, np.int32), ints(capacity), nodes


def pour_inputs(rng: random.Random, size: int) -> tuple:
    edges, nodes, inner = network(rng, size, ordered=True)
    tail, head, capacity = ([edge[i] for edge in edges] for i in range(3))
    pointer, to, mate, room, _ = naive_maxflow.arcs(tail, head, capacity, nodes)
    return *(np.array(x, np.int32) for x in (pointer, to, mate)), ints(room), inner


def pour_outcome(result: Any, args: tuple) -> Any:
    return plain(result), plain(args[3])


def shift_arcs(rng: random.Random, size: int) -> tuple:
    """A network with some flow in it, two of its nodes, how much to send and how many arcs to look at."""
    edges, nodes, _ = network(rng, 2 * size)
    tail, head, capacity = ([edge[i] for edge in edges] for i in range(3))
    pointer, to, mate, room, _ = naive_maxflow.arcs(tail, head, capacity, nodes)
    for _ in range(rng.randint(0, 2)):
        naive_maxflow.shift((pointer, to, mate), room, *rng.sample(range(nodes), 2), rng.randint(0, 2**41))
    graph = tuple(np.array(x, np.int32) for x in (pointer, to, mate))
    most, spare = rng.choice((2**50, rng.randint(0, 12))), rng.choice((2**61, 2**61, 2**61, 60, 0))
    return graph, ints(room), *rng.sample(range(nodes), 2), most, spare


def meet_inputs(rng: random.Random, size: int) -> tuple:
    graph, room, *rest = shift_arcs(rng, size)
    return graph, room, np.zeros((len(graph[0]) - 1, 2), np.int32), *rest


def flow_outcome(result: Any, args: tuple) -> Any:
    """What was sent, and the rest of it if the kernel was told to stop; that nothing is lost on the way."""
    sent, _, ended = plain(result)
    graph, room, *marks, start, goal, most, spare = args
    good = bool((room >= 0).all()) and 0 <= sent <= most
    rest = naive_maxflow.shift(graph, room, start, goal, most - sent)
    good &= rest == 0 or (ended != 0 and spare < 2**61)
    pointer, _, mate = graph
    change = room[mate] - room
    through = [int(change[pointer[v] : pointer[v + 1]].sum()) for v in range(len(pointer) - 1)]
    return good, sent + rest, through, plain(room + room[mate]), [plain(mark[:, 0]) for mark in marks]


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


def stack_outcome(result: Any, args: tuple) -> Any:
    return lots_outcome(result, args), plain(args[4][:, 0])  # zero again


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


def chains_outcome(result: Any, args: tuple) -> Any:
    """The kernel hands chains out by the buffer: all of them, by path and end; those of a path follow one another."""
    if isinstance(result, dict):
        return {
            (rows, int(code), pot, number): value for (rows, code, pot, number), value in result.items()
        }, plain(args[6])
    summed: dict[tuple, list[int]] = {}
    told: dict[tuple, int] = {}
    numbers = args[2][:, 5]
    while True:
        bounds, rows, ends, stack, more = result
        for i, (code, pot, amount, worth, seed, path) in enumerate(ends.tolist()):
            way, number = tuple(rows[bounds[i] : bounds[i + 1]].tolist()), int(numbers[seed])
            assert told.setdefault((way, number), path) == path  # told at once
            total = summed.setdefault((way, code, pot, number), [0, 0])
            total[0] += amount
            total[1] += worth
        if not more:
            return {key: value for key, value in summed.items() if any(value)}, plain(args[6])
        result = chains.walk_chains(*args[:5], stack, args[6])


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
    return kept(ints(ends)), np.frombuffer(b"".join(texts) or b" ", np.uint8), kept(valid)


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
        numbering.hold_texts(slots, kept(starts.copy()), kept(texts.copy()), len(held))
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
    return kept(ints(local)), kept(good), first, ints(shifts)


def divide_inputs(rng: random.Random, size: int) -> tuple:
    count = rng.randint(1, 6)
    whole = [rng.choice((0, 0, rng.randint(1, 9), rng.randint(1, 10**9))) for _ in range(count)]
    alike = rng.random() < 0.4  # equal claims: the first of them is first
    whole = [rng.randint(1, 3)] * count if alike else whole
    stays = rng.randint(0, sum(whole))
    exact = [max(units * stays / max(sum(whole), 1) + rng.choice((0, 0, -3.5, 2.25)), 0) for units in whole]
    if alike:
        exact = [units * stays / sum(whole) for units in whole]
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
    return kept(steps), ints(enters, 4), pots + 1, seeds


def runs_inputs(rng: random.Random, size: int) -> tuple:
    """Payments in and out of a few holders, each holder's together."""
    holder = sorted(rng.randrange(4) for _ in range(size))
    return (
        ints(holder),
        np.array([rng.random() < 0.5 for _ in holder], np.bool_),
        ints([rng.randint(1, 6) for _ in holder]),
    )


class Near(list):  # type: ignore[type-arg]
    """Real numbers that are equal where they differ by what floating point loses."""

    __hash__ = None  # type: ignore[assignment]

    def __ne__(self, other: object) -> bool:  # a list has its own
        return not self == other

    def __eq__(self, other: object) -> bool:
        return np.asarray(self).shape == np.asarray(other).shape and bool(
            np.allclose(np.asarray(self), np.asarray(other), rtol=0, atol=1e-9)
        )


def reaching_inputs(rng: random.Random, size: int) -> tuple:
    """Seeds in classes, each with its own last step; goals that some payments reach."""
    world = World(rng, size, calm=rng.random() < 0.3)
    count = len(world.steps)
    seed_of, classes, seeds = np.full(count, -1, np.int64), [], 0
    begin = 0
    while begin < count and len(classes) < 4:
        end = rng.randint(begin, count - 1)
        chosen = [s for s in range(begin, end + 1) if rng.random() < 0.25]
        if chosen:
            classes.append((chosen[0], rng.randint(chosen[-1], count - 1), seeds))
            seed_of[chosen] = range(seeds, seeds + len(chosen))
            seeds += len(chosen)
        begin = end + 1
    goals = rng.randint(1, 3)
    goal = np.array([rng.choice((0, 0, 0, rng.randint(1, goals))) for _ in range(count)], np.int8)
    state = np.zeros((world.pots, rng.randint(0, 4) + 1, goals))
    return world.steps, world.converted, goal, seed_of, ints(classes, 3), state, seeds


def reaching_outcome(result: Any, args: tuple) -> Any:
    assert not np.asarray(args[5]).any(), "what was written to is left"
    return Near(plain(result))


PAIRS = (
    Pair("runs.number_runs", runs.number_runs, naive_runs.number_runs, runs_inputs,
         lambda found, _: list(map(int, found))),
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
    Pair("lay.lay_lenders", lay.lay_lenders, naive_lay.lay_lenders, lenders_inputs),
    Pair("lay.first_beyond", lay.first_beyond, naive_lay.first_beyond, beyond_inputs),
    Pair("lows.build_lows", lows.build_lows, naive_lows.build_lows, lows_inputs),
    Pair("order.topological", order.topological, naive_order.topological, edges_inputs),
    Pair("order.chain_balances", order.chain_balances, naive_order.chain_balances, jumps_inputs,
         lambda found, _: sorted(found.tolist()), sizes=()),
    Pair("balances.book_rows", balances.book_rows, naive_balances.book_rows, rows_inputs),
    Pair("balances.divide_custody", balances.divide_custody, naive_balances.divide_custody,
         lambda rng, size: World(rng, size).custody),
    Pair("balances.run_balances", balances.run_balances, naive_balances.run_balances,
         lambda rng, size: World(rng, size).unfilled, balances_outcome, (100, 300)),
    Pair("fifo.payment_at", fifo.payment_at, naive_fifo.payment_at, place_inputs),
    Pair("fifo.trace_lots", fifo.trace_lots, naive_fifo.trace_lots, lots_inputs, lots_outcome),
    Pair("lifo.first_below", lifo.first_below, naive_lifo.first_below, below_inputs),
    Pair("lifo.first_behind", lifo.first_behind, naive_lifo.first_behind, step_inputs),
    Pair("lifo.trace_stack", lifo.trace_stack, naive_lifo.trace_stack, stack_inputs, stack_outcome),
    Pair("prorata.share", prorata.share, naive_prorata.share, share_inputs, sizes=()),
    Pair("prorata.take", prorata.take, naive_prorata.take, take_inputs, sizes=()),
    Pair("prorata.nearest", prorata.nearest, naive_prorata.nearest, share_inputs, sizes=()),
    Pair("prorata.next_payment", prorata.next_payment, naive_prorata.next_payment, step_inputs),
    Pair("prorata.settle", prorata.settle, naive_prorata.settle, asleep_inputs, state_outcome, (30,)),
    Pair("prorata.look", prorata.look, naive_prorata.look, look_inputs, sizes=(30,)),
    Pair("prorata.trace_shares", prorata.trace_shares, naive_prorata.trace_shares, shares_inputs, shares_outcome, (30,)),
    Pair("reaching.reaching_parts", reaching.reaching_parts, naive_reaching.reaching_parts, reaching_inputs,
         reaching_outcome),
    Pair("claims.divide", claims.divide, naive_claims.divide, divide_inputs, divided_outcome, sizes=()),
    Pair("claims.split_claims", claims.split_claims, naive_claims.split_claims, claims_inputs),
    Pair("libr.nearest", libr.nearest, naive_libr.nearest, share_inputs, sizes=()),
    Pair("libr.first_below", libr.first_below, naive_libr.first_below, beneath_inputs),
    Pair("libr.trace_lowest", libr.trace_lowest, naive_libr.trace_lowest, lowest_inputs, lowest_outcome, (100,)),
    Pair("unroll.next_of", unroll.next_of, naive_unroll.next_of, next_inputs),
    Pair("unroll.reach", unroll.reach, naive_unroll.reach, reach_inputs, reach_outcome),
    Pair("unroll.unroll", unroll.unroll, naive_unroll.unroll, unroll_inputs, unroll_outcome),
    Pair("maxflow.arcs", maxflow.arcs, naive_maxflow.arcs, arcs_inputs),
    Pair("maxflow.pour", maxflow.pour, naive_maxflow.pour, pour_inputs, pour_outcome),
    Pair("maxflow.meet", maxflow.meet, naive_maxflow.meet, meet_inputs, flow_outcome, (30, 100)),
    Pair("maxflow.push", maxflow.push, naive_maxflow.push, shift_arcs, flow_outcome, (30, 100)),
    Pair("poison.first_behind", poison.first_behind, naive_poison.first_behind, behind_inputs),
    Pair("poison.touch", poison.touch, naive_poison.touch, poison_inputs, touch_outcome, (100,)),
    Pair("poison.book_of", poison.book_of, naive_poison.book_of, book_inputs),
    Pair("poison.next_payment", poison.next_payment, naive_poison.next_payment, step_inputs),
    Pair("poison.nearest", poison.nearest, naive_poison.nearest, share_inputs, sizes=()),
    Pair("poison.held", poison.held, naive_poison.held, held_inputs),
    Pair("poison.spread", poison.spread, naive_poison.spread, spread_inputs, spread_outcome, (100,)),
    Pair("chains.nearest", chains.nearest, naive_chains.nearest, share_inputs, sizes=()),
    Pair("chains.placed_at", chains.placed_at, naive_chains.placed_at, placed_inputs),
    Pair("chains.behind", chains.behind, naive_chains.behind, behind_step_inputs),
    Pair("chains.worth", chains.worth, naive_chains.worth, worth_inputs, sizes=()),
    Pair("chains.position_of", chains.position_of, naive_chains.position_of, found_inputs),
    Pair("chains.crosses", chains.crosses, naive_chains.crosses, crossing_inputs),
    Pair("chains.first_below", chains.first_below, naive_chains.first_below, below_inputs),
    Pair("chains.walk_chains", chains.walk_chains, naive_chains.walk_chains, chains_inputs, chains_outcome),
    *(Pair(*each) for each in OWNING),
    *(Pair(*each) for each in PATTERNS),
)  # fmt: skip
