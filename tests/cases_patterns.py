"""Kernels of laundering patterns beside their naive twins."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import numpy as np

from graphflow.kernels import cycles, passes, windows
from tests.naive import cycles as naive_cycles
from tests.naive import index as naive_index
from tests.naive import passes as naive_passes
from tests.naive import windows as naive_windows


def ints(values: Any, width: int = 0) -> np.ndarray:
    array = np.array(values, np.int64)
    return array.reshape(-1, width) if width else array


def index_by(keys: Any, size: int) -> tuple[np.ndarray, np.ndarray]:
    pointer, positions = naive_index.index_by(np.array(keys, np.int32), size)
    return ints(pointer), np.array(positions, np.int32)


def transfers(rng: random.Random, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """A few accounts, few moments so that many transfers are at once, amounts near one another, currencies."""
    accounts, moments = rng.randint(2, 7), rng.choice((1, 3, 12, 40))
    ends = [(rng.randrange(accounts), rng.randrange(accounts)) for _ in range(size)]
    if rng.random() < 0.3:  # everything goes round
        ends = [(i % accounts, (i + 1) % accounts) for i in range(size)]
    time = sorted(rng.randint(0, moments) for _ in range(size))
    money = []
    for _ in range(size):
        amount, coin = rng.choice((1000, rng.randint(1, 20), rng.randint(800, 1200))), rng.randrange(2)
        converts = rng.random() < 0.2
        money.append(
            (amount, coin, rng.randint(800, 1200) if converts else amount, 1 - coin if converts else coin)
        )
    return np.array(ends, np.int32).reshape(-1, 2), ints(time), ints(money, 4), accounts


def first_inputs(rng: random.Random, size: int) -> tuple:
    time = ints(sorted(rng.randint(0, 9) for _ in range(size)))
    positions = np.array(sorted(rng.sample(range(size), rng.randint(0, size))), np.int32)
    begin = rng.randint(0, positions.size)
    return positions, begin, rng.randint(begin, positions.size), time, rng.randint(-1, 10)


def close_inputs(rng: random.Random, size: int) -> tuple:
    came, permille = (
        rng.choice((rng.randint(1, 5000), rng.randint(1, 2**61))),
        rng.choice((-1, 0, 1, 10, 999)),
    )
    near = came * max(permille, 0) // 1000
    return came, max(came + rng.choice((-1, 1)) * near + rng.choice((-1, 0, 0, 1)), 0), permille


# By the short way from 0 over 2 it can be left until 3 only, by the long one until 6: that is found out later.
LONGER_IS_LATER = ((0, 1, 0), (1, 6, 1), (1, 2, 5), (2, 3, 3), (3, 0, 10), (2, 4, 6), (4, 5, 7), (5, 0, 8))


def longer_is_later(rng: random.Random) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """A way home that is longer and later than another, and some transfers more."""
    accounts = rng.randint(7, 9)
    names = rng.sample(range(accounts), accounts)
    rows = [(names[a], names[b], at) for a, b, at in LONGER_IS_LATER]
    rows += [
        (rng.randrange(accounts), rng.randrange(accounts), rng.randint(0, 10))
        for _ in range(rng.randint(0, 5))
    ]
    rows.sort(key=lambda row: row[2])
    ends, time = np.array([row[:2] for row in rows], np.int32), ints([row[2] for row in rows])
    return ends, time, ints([(5, 0, 5, 0)] * len(rows), 4), accounts


def cycles_inputs(rng: random.Random, size: int) -> tuple:
    ends, time, money, accounts = (
        transfers(rng, min(size, 16)) if rng.random() < 0.8 else longer_is_later(rng)
    )
    index = (*index_by(ends[:, 0], accounts), *index_by(ends[:, 1], accounts))
    least = rng.choice((2, 3, 4))
    limits = ints(
        [least, rng.randint(least, 6), rng.choice((0, 2, 6, 40)), rng.choice((-1, 0, 100, 300)), 10**6]
    )
    roots = np.array(sorted(rng.sample(range(len(ends)), rng.randint(1, len(ends)))), np.int32)
    return ends, time, money, index, limits, roots


def begin_inputs(rng: random.Random, size: int) -> tuple:
    ends, time, _, accounts = transfers(rng, size)
    if rng.random() < 0.5:
        accounts *= 4
        ends = np.array([rng.randrange(accounts) for _ in range(2 * size)], np.int32).reshape(-1, 2)
    some = sorted(rng.sample(range(len(ends)), rng.choice((len(ends), rng.randint(0, len(ends))))))
    return ends, time, np.array(some, np.int32), accounts, rng.choice((0, 1, 5, 50))


def numbers(found: Any, args: tuple) -> Any:
    return list(map(int, found))


def cycles_outcome(found: Any, args: tuple) -> Any:
    """The ways, in the order in which they were found; and what was cut."""
    if len(found) == 2:
        return [list(map(int, way)) for way in found[0]], list(found[1])
    pointer, ways, cut, _ = found  # how many steps it took is the search's own
    return [ways[a:b].tolist() for a, b in pairwise(pointer)], cut.tolist()


def within_inputs(rng: random.Random, size: int) -> tuple:
    ends, time, _, accounts = transfers(rng, size)
    side = rng.randrange(2)
    pointer, positions = index_by(ends[:, side], accounts)
    moments = [sorted(rng.randint(-2, 42) for _ in range(rng.randint(0, 6))) for _ in range(accounts)]
    at_pointer, at = (
        ints([0, *np.cumsum([len(each) for each in moments])]),
        ints([each for mine in moments for each in mine]),
    )
    if rng.random() < 0.5:
        at_pointer, at = pointer, time[positions]
    other = np.ascontiguousarray(ends[:, 1 - side])
    return pointer, positions, other, time, at_pointer, at, rng.choice((0, 1, 5, 50)), rng.random() < 0.5


def crowded_inputs(rng: random.Random, size: int) -> tuple:
    keys = ints([rng.choice((rng.randrange(4), rng.randint(0, 2**62))) for _ in range(size)])
    time = ints([rng.randint(0, 60) for _ in range(size)])
    return keys, time, rng.choice((0, 5, 50)), rng.choice((1, 2, 3, 300)), rng.randint(1, 8)


def mark_inputs(rng: random.Random, size: int) -> tuple:
    return rng.randint(0, 2**62), rng.randint(0, 2**40), rng.randint(1, 29)


def passes_inputs(rng: random.Random, size: int) -> tuple:
    ends, time, money, accounts = transfers(rng, size)
    index = (*index_by(ends[:, 0], accounts), *index_by(ends[:, 1], accounts))
    limits = ints([rng.choice((0, 2, 6, 40)), rng.choice((-1, 0, 100, 300)), rng.choice((1, 5, 10**6))])
    return ends, time, money, index, limits


def passes_outcome(found: Any, args: tuple) -> Any:
    return [tuple(map(int, pair)) for pair in found[0]], [int(each) for each in found[1]]


def both_inputs(rng: random.Random, size: int) -> tuple:
    ends, time, _, accounts = transfers(rng, size)
    return ends, time, *index_by(ends[:, 0], accounts), rng.choice((0, 2, 6, 40)), rng.choice((1, 5, 10**6))


def pairs_inputs(rng: random.Random, size: int) -> tuple:
    pairs = sorted({(rng.randrange(size), rng.randrange(size)) for _ in range(size)})
    return np.array(pairs, np.int32).reshape(-1, 2), size


def flags(found: Any, args: tuple) -> Any:
    return [bool(each) for each in found]


def lists(found: Any, args: tuple) -> Any:
    return [list(map(int, each)) for each in found]


def plain(found: Any, args: tuple) -> Any:
    return found.item() if hasattr(found, "item") else found


#: Name, kernel, twin, inputs, how outcomes compare, sizes to measure at.
PATTERNS = (
    ("cycles.first_behind", cycles.first_behind, naive_cycles.first_behind, first_inputs, plain, (100,)),
    ("cycles.first_from", cycles.first_from, naive_cycles.first_from, first_inputs, plain, (100,)),
    ("cycles.may_begin", cycles.may_begin, naive_cycles.may_begin, begin_inputs, numbers),
    ("cycles.close_enough", cycles.close_enough, naive_cycles.close_enough, close_inputs, plain, ()),
    ("cycles.cycles", cycles.cycles, naive_cycles.cycles, cycles_inputs, cycles_outcome, (16,)),
    ("windows.distinct_within", windows.distinct_within, naive_windows.distinct_within, within_inputs, lists),
    ("windows.mark_of", windows.mark_of, naive_windows.mark_of, mark_inputs, plain, ()),
    ("windows.crowded", windows.crowded, naive_windows.crowded, crowded_inputs, flags),
    ("passes.close_enough", passes.close_enough, naive_passes.close_enough, close_inputs, plain, ()),
    ("passes.passes", passes.passes, naive_passes.passes, passes_inputs, passes_outcome),
    ("passes.one_to_one", passes.one_to_one, naive_passes.one_to_one, pairs_inputs, flags),
    ("passes.both_paid", passes.both_paid, naive_passes.both_paid, both_inputs, passes_outcome),
)  # fmt: skip
