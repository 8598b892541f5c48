"""The invariants of tracing on the arrays that the kernels read: no case, no door, thousands of ledgers.

Each ledger is drawn from its number; `GRAPHFLOW_EXAMPLES` says how many (2,000 by default). What a kernel found is
booked again, event by event, by lines that know nothing of rules: what cannot be booked breaks an invariant.
"""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from graphflow.kernels.chains import walk_chains
from graphflow.kernels.fifo import trace_lots
from graphflow.kernels.libr import trace_lowest
from graphflow.kernels.lifo import trace_stack
from graphflow.kernels.poison import touch
from graphflow.kernels.prorata import trace_shares
from tests import cases
from tests.cases import ARRIVAL, CONVERTS, PARTS, World, ints, kept

EXAMPLES = int(os.environ.get("GRAPHFLOW_EXAMPLES", "2000"))


@dataclass(frozen=True)
class Asked:
    """A question on arrays: seeds as the kernel of the rule takes them, with the last place of the period."""

    steps: np.ndarray
    seeds: np.ndarray
    converted: np.ndarray
    pots: int
    last: int
    back: bool
    patience: int = 1024

    def index(self) -> tuple[np.ndarray, ...]:
        return cases.index_of(self.steps, self.converted, self.pots, self.back)

    def parts(self) -> list[int]:
        """How much of each seed."""
        return [int(row[-2] - row[-3] if row.size == 5 else row[2]) for row in self.seeds]


@dataclass(frozen=True)
class Found:
    """What a kernel says: by step what it carries, what of it repays a lender; what met a seed; what is left."""

    moved: dict[int, tuple[int, int]]
    lent: dict[int, int]
    met: Counter
    left: dict[int, int]
    worth: int  # in the seed's currency, all that ended


def lots(asked: Asked) -> Found | None:
    """First in, first out."""
    queue = np.zeros((asked.pots, 2), np.int64)
    side = asked.index()[:3]
    return of_lots(asked, trace_lots(asked.steps, *side, asked.seeds, queue, asked.last, asked.back))


def stack(asked: Asked) -> Found | None:
    queue = np.zeros((asked.pots, 2), np.int64)
    how = asked.last, asked.back, asked.patience
    return of_lots(asked, trace_stack(asked.steps, asked.index(), asked.converted, asked.seeds, queue, *how))


def of_lots(asked: Asked, result: Any) -> Found | None:
    status, moved, stopped, left = result
    if status:
        return None
    carried = {s: (amount, amount) for s, amount, _ in moved.tolist()}
    assert len(carried) == len(moved)
    lent = {s: amount for s, _, amount in moved.tolist() if amount}
    met: Counter = Counter()
    for s, pot, amount in stopped.tolist():
        met[s, pot] += amount
    stops = sum(amount - lent.get(s, 0) for s, (amount, _) in carried.items() if stop_of(asked, s))
    ended = stops + sum(lent.values()) + sum(met.values()) + sum(left[:, 1].tolist())
    return Found(carried, lent, met, dict(left.tolist()), ended)


def shares(asked: Asked) -> Found:
    state = np.zeros((asked.pots, 6), np.int64)
    how = asked.last, asked.back, asked.patience
    return of_shares(
        asked, trace_shares(asked.steps, asked.index()[:4], asked.seeds, asked.converted, state, *how)
    )


def lowest(asked: Asked) -> Found:
    state, how = np.zeros((asked.pots, 4), np.int64), (asked.last, asked.patience)
    return of_shares(
        asked, trace_lowest(asked.steps, asked.index(), asked.seeds, asked.converted, state, *how)
    )


def of_shares(asked: Asked, result: Any) -> Found:
    moved, aside, stopped, left = (each.tolist() for each in result)
    entered = {row: (came, lent, lent_worth) for row, came, lent, lent_worth in aside}
    carried, lent, ended = {}, {}, 0
    for row, (s, amount, worth) in enumerate(moved):
        came, owed, owed_worth = entered.get(row, (amount, 0, 0))
        carried[s] = amount, came
        if owed:
            lent[s] = owed
        ended += owed_worth + (worth - owed_worth if stop_of(asked, s) else 0)
    assert len(carried) == len(moved)
    met: Counter = Counter()
    for code, pot, amount, worth in stopped:
        ended += worth
        if amount:
            met[-1 if code < -2 else code, pot] += amount
    ended += sum(row[2] for row in left)
    return Found(carried, lent, met, {row[0]: row[1] for row in left if row[1]}, ended)


RULES: dict[str, tuple[Callable[[Asked], Found | None], Callable[..., tuple]]] = {
    "fifo": (lots, cases.lots_inputs),
    "lifo": (stack, cases.stack_inputs),
    "prorata": (shares, cases.shares_inputs),
    "libr": (lowest, cases.lowest_inputs),
}


def drawn(rule: str, rng: random.Random) -> Asked:
    """A question of up to forty transfers, as the kernel's pair with its twin draws it."""
    args = RULES[rule][1](rng, rng.choice((4, 12, 20)))
    none = kept(np.zeros((0, 2), np.int64))
    if rule == "fifo":
        steps, _, _, _, seeds, queue, last, back = args
        return Asked(steps, seeds, none, len(queue), last, back)
    if rule == "lifo":
        steps, _, converted, seeds, queue, last, back, patience = args
        return Asked(steps, seeds, converted, len(queue), last, back, patience)
    if rule == "prorata":
        steps, _, seeds, converted, state, last, back, patience = args
        return Asked(steps, seeds, converted, len(state), last, back, patience)
    steps, _, seeds, converted, state, last, patience = args
    return Asked(steps, seeds, converted, len(state), last, False, patience)


def stop_of(asked: Asked, s: int) -> int:
    flags = int(asked.steps[s]["flags"])
    return (flags >> 3) & 7 if asked.back else flags & 7


# ---------------------------------------------------------------------- 1, 2, 3 and 5
def balances(asked: Asked) -> np.ndarray:
    """What stands in each pot before every step, and behind the last one: of its own money, none of a lender's."""
    size, turned = len(asked.steps), dict(asked.converted.tolist())
    opening: dict[int, int] = {}
    for step in asked.steps:
        opening.setdefault(int(step["src"]), int(step["avail"]))
        opening.setdefault(int(step["dst"]), int(step["cplace"]))
    held = [max(opening.get(pot, 0), 0) for pot in range(asked.pots)]
    out = np.zeros((size + 1, asked.pots), np.int64)
    out[0] = held
    for s, step in enumerate(asked.steps):
        amount = int(step["amount"])
        held[int(step["src"])] -= min(amount, max(int(step["avail"]), 0))
        held[int(step["dst"])] += turned.get(s, amount) - int(step["repaid"])
        out[s + 1] = held
    return out


def book(asked: Asked, found: Found) -> None:
    """Book what was found, in the order of the question: traced money lies in pots, and never more of it than they hold."""
    steps, size, back = asked.steps, len(asked.steps), asked.back
    stand, boundless = balances(asked), np.zeros(asked.pots, bool)
    boundless[steps["src"][steps["flags"] & (cases.OUTSIDE << 3) > 0]] = True
    boundless[steps["dst"][steps["flags"] & cases.OUTSIDE > 0]] = True
    begins: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row, part in zip(asked.seeds.tolist(), asked.parts(), strict=True):
        begins[row[0]].append((row[1], part))
    held = [0] * asked.pots
    met: Counter = Counter()
    seen = set()

    def stands(place: int) -> None:
        """A standing seed begins: what traced money there was has met it."""
        for pot, part in begins.get(2 * place + 1, ()):
            met[-1, pot] += held[pot]
            held[pot] = part

    stands(-1)
    place = 0
    while place <= asked.last:
        group = [place]  # the parts of one payment leave together, before any of it arrives
        while group[-1] < asked.last and together(
            steps, *(at(size, back, o) for o in (group[-1], group[-1] + 1))
        ):
            group.append(group[-1] + 1)
        arriving = []
        given = [part for o in group for _, part in begins.get(2 * o, ())]
        if given:  # shares spread it over the parts of a payment
            assert sum(found.moved.get(at(size, back, o), (0, 0))[0] for o in group) == sum(given), (
                "a seed's part"
            )
        for o in group:
            s = at(size, back, o)
            payer, payee = (int(steps[s][end]) for end in (("dst", "src") if back else ("src", "dst")))
            left, came = found.moved.get(s, (0, 0))
            if given:
                met[s, payer] += found.met.get((s, payer), 0)
                held[payer] -= found.met.get((s, payer), 0)
            else:
                held[payer] -= left
            assert 0 <= left <= int(steps[s]["amount"]), "no more than the transfer"
            assert held[payer] >= 0, "no more than has come"
            arriving.append((s, payee, came))
            seen.add(s)
        for s, payee, came in arriving:
            lent = found.lent.get(s, 0)
            assert 0 <= lent <= came
            if not stop_of(asked, s):
                held[payee] += came - lent
        place = group[-1] + 1
        own = stand[size - place if back else place]
        for pot in {int(steps[at(size, back, o)][end]) for o in group for end in ("src", "dst")}:
            assert boundless[pot] or held[pot] <= own[pot], "no more than the balance"
        stands(place - 1)
    assert set(found.moved) <= seen, "nothing moves outside of the period"
    assert {pot: amount for pot, amount in enumerate(held) if amount} == found.left
    assert +met == +found.met


def at(size: int, back: bool, place: int) -> int:
    return size - 1 - place if back else place


def together(steps: np.ndarray, s: int, other: int) -> bool:
    return bool(steps[s]["flags"] & steps[other]["flags"] & PARTS) and steps[s]["row"] == steps[other]["row"]


def divided_stops(steps: np.ndarray) -> bool:
    """Whether a drawn account of several compartments is one that money comes from for good: there is none such."""
    return bool(((steps["flags"] & PARTS > 0) & (steps["flags"] & 56 > 0)).any())


@pytest.mark.parametrize("rule", RULES)
def test_what_a_rule_says_can_be_booked_and_adds_up(rule: str) -> None:
    tried = 0
    for number in range(EXAMPLES):
        asked = drawn(rule, random.Random(number))
        found = RULES[rule][0](asked)
        if found is None or (asked.back and divided_stops(asked.steps)):
            continue
        tried += 1
        assert found.worth == sum(asked.parts()), number
        if not (asked.steps["flags"] & CONVERTS).any():
            book(asked, found)
    assert tried > EXAMPLES / 3


@pytest.mark.parametrize("fault", ["more", "less", "later", "elsewhere", "left"])
def test_what_cannot_be_booked_is_seen(fault: str) -> None:
    """Each kind of fault, planted in what first in, first out says."""
    planted = 0
    for number in range(200):
        asked = drawn("fifo", random.Random(number))
        found = lots(asked)
        assert found is not None
        begun = {at(len(asked.steps), asked.back, row[0] >> 1) for row in asked.seeds.tolist()}
        steps, end = asked.steps, "dst" if asked.back else "src"
        # what goes back to where it was, or goes from there another way, can be booked
        free = [s for s in found.moved if s not in begun and steps[s]["src"] != steps[s]["dst"]]
        unused = [
            s
            for s in range(len(steps))
            if free and s not in found.moved and s not in begun and steps[s][end] != steps[free[0]][end]
        ]
        moved, left = dict(found.moved), dict(found.left)
        if fault in ("more", "less") and free:
            amount = moved[free[0]][0] + (1 if fault == "more" else -1)
            moved[free[0]] = amount, amount
        elif fault == "later" and free and unused:
            moved[unused[-1] if asked.back else unused[0]] = moved.pop(free[0])
        elif fault == "elsewhere" and left:
            pot, amount = left.popitem()
            left[pot + 1] = left.get(pot + 1, 0) + amount
        elif fault == "left" and left:
            left[max(left)] += 1
        else:
            continue
        planted += 1
        with pytest.raises(AssertionError):
            book(asked, replace(found, moved=moved, left=left))
    assert planted > 20


def test_chains_go_with_the_time_and_add_up_to_their_seeds() -> None:
    for number in range(EXAMPLES):
        rng = random.Random(number)
        args = cases.chains_inputs(rng, rng.choice((4, 12, 20)))
        steps, seeds, asked = args[0], args[2], args[4][3]
        leaves, comes = {}, {}
        for s, step in enumerate(steps):
            leaves.setdefault(int(step["row"]), s)
            comes[int(step["row"])] = s
        chains, carried = cases.chains_outcome(walk_chains(*args), args)
        told: Counter = Counter()
        for (way, _, _, seed), (_, worth) in chains.items():
            told[seed] += worth
            for first, then in itertools.pairwise(way):
                earlier, later = (then, first) if asked & cases.chains.BACK else (first, then)
                if not asked & cases.chains.COORDINATED:
                    assert comes[earlier] < leaves[later], number
        wanted: Counter = Counter()
        for _, _, low, high, _, seed in seeds.tolist():
            wanted[seed] += high - low
        assert +told == +wanted, number
        if not (steps["flags"] & CONVERTS).any():
            assert all(0 <= both[0] <= int(step["amount"]) for both, step in zip(carried, steps, strict=True))


# ---------------------------------------------------------------------- 4
@pytest.mark.parametrize("rule", ["fifo", "lifo"])
def test_forward_and_backward_are_one_question(rule: str) -> None:
    kernel, reached = RULES[rule][0], 0
    for number in range(EXAMPLES):
        rng = random.Random(number)
        world = World(rng, rng.choice((4, 12, 40)), converts=0, far=rng.random() < 0.7, stops=0)
        size = len(world.steps)
        legs = Counter(world.steps["row"].tolist())
        whole = [s for s in range(size) if legs[int(world.steps[s]["row"])] == 1]
        if len(whole) < 2:
            continue
        none = kept(np.zeros((0, 2), np.int64))

        def carried(
            s: int, back: bool, world: World = world, size: int = size, none: np.ndarray = none
        ) -> Any:
            seed = ints([(2 * at(size, back, s), -1, 0, int(world.steps[s]["amount"]), 0)], 5)
            found = kernel(Asked(world.steps, seed, none, world.pots, size - 1, back))
            return found.moved

        some = rng.sample(whole, min(4, len(whole)))
        forward = {s: carried(s, False) for s in some}
        for other in rng.sample(whole, min(4, len(whole))):
            backward = carried(other, True)
            for s in some:
                there, again = forward[s].get(other, (0, 0))[0], backward.get(s, (0, 0))[0]
                assert there == again, (number, s, other)
                reached += there > 0 and s != other
    assert reached > EXAMPLES / 10


# ---------------------------------------------------------------------- 6
def amid(asked: Asked, others: np.ndarray, pots: int, rng: random.Random) -> tuple[Asked, dict, dict]:
    """The same question where other rows happen in between and all pots have other numbers; and what they were."""
    groups = [[(s, True)] for s in range(len(asked.steps))], [[(s, False)] for s in range(len(others))]
    merged: list[list[tuple[int, bool]]] = []
    for own, steps in zip(groups, (asked.steps, others), strict=True):
        for one in own:  # parts of one payment stay beside one another
            s = one[0][0]
            if s and together(steps, s - 1, s):
                merged[-1].extend(one)
            else:
                merged.append(one)
    mine = [group for group in merged if group[0][1]]
    theirs = [group for group in merged if not group[0][1]]
    turns = [True] * len(mine) + [False] * len(theirs)
    rng.shuffle(turns)
    order = [step for turn in turns for step in (mine if turn else theirs).pop(0)]
    number = rng.sample(range(asked.pots + pots), asked.pots + pots)
    steps = np.zeros(len(order), asked.steps.dtype)
    place = {}
    for i, (s, own) in enumerate(order):
        steps[i] = (asked.steps if own else others)[s]
        steps[i]["row"] += 0 if own else 10_000
        for end in ("src", "dst"):
            steps[i][end] = number[int(steps[i][end]) + (0 if own else asked.pots)]
        if own:
            place[s] = i
    size, total = len(asked.steps), len(order)
    seeds = asked.seeds.copy()
    for row in seeds:
        o = int(row[0]) >> 1
        if o >= 0:
            o = at(total, asked.back, place[at(size, asked.back, o)])
        row[0] = 2 * o + (row[0] & 1)
        if row[1] >= 0:
            row[1] = number[int(row[1])]
    converted = kept(ints([(place[s], amount) for s, amount in asked.converted.tolist()], 2))
    last = at(total, asked.back, place[at(size, asked.back, asked.last)])
    same = Asked(kept(steps), seeds, converted, len(number), last, asked.back, asked.patience)
    return same, {new: old for old, new in place.items()}, {new: old for old, new in enumerate(number)}


@pytest.mark.parametrize("rule", RULES)
def test_other_rows_and_other_numbers_change_nothing(rule: str) -> None:
    kernel = RULES[rule][0]
    for number in range(EXAMPLES):
        rng = random.Random(number)
        asked = drawn(rule, rng)
        found = kernel(asked)
        other = World(rng, 12, converts=0)
        again, steps, pots = amid(asked, other.steps, other.pots, rng)
        same = kernel(again)
        if found is None:
            assert same is None, number
            continue
        assert same is not None, number
        assert {steps[s]: amounts for s, amounts in same.moved.items()} == found.moved, number
        assert {pots[pot]: amount for pot, amount in same.left.items()} == found.left, number
        met = {(steps.get(s, s), pots[pot]): amount for (s, pot), amount in same.met.items()}
        assert (met, same.worth) == (dict(found.met), found.worth), number


# ---------------------------------------------------------------------- poison
def test_poison_touches_whatever_any_rule_moves() -> None:
    moving = 0
    for number in range(EXAMPLES):
        rng = random.Random(number)
        world = World(rng, rng.choice((4, 12, 40)), converts=0, far=rng.random() < 0.5)
        size = len(world.steps)
        begun = sorted(
            s
            for s in rng.sample(range(size), min(2, size))
            if not world.steps[s]["flags"] & (PARTS | ARRIVAL)
        )
        amounts = [int(world.steps[s]["amount"]) for s in begun]
        marked = np.zeros((world.pots, 4), np.int64)
        pointer, positions = world.payments(False)[:2]
        seeds = ints(list(zip(begun, amounts, strict=True)), 2)
        touched = dict(
            touch(world.steps, pointer, positions, seeds, marked, size - 1, -1, True, 1024)[0].tolist()
        )
        for rule, (kernel, _) in RULES.items():
            table = [
                (2 * s, -1, 0, amount, 0) if rule in ("fifo", "lifo") else (2 * s, -1, amount, 0)
                for s, amount in zip(begun, amounts, strict=True)
            ]
            width = 5 if rule in ("fifo", "lifo") else 4
            none = kept(np.zeros((0, 2), np.int64))
            found = kernel(Asked(world.steps, ints(table, width), none, world.pots, size - 1, False))
            assert found is not None
            for s, (amount, _) in found.moved.items():
                assert amount <= touched.get(s, 0), (number, rule)
            moving += len(found.moved) > len(begun)
    assert moving > EXAMPLES
