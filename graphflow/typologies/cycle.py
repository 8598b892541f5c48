"""Cycles: money that comes back to where it left, through others, each of them once, in time order."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future

import numpy as np
import numpy.typing as npt

from graphflow import sets
from graphflow.kernels.cycles import cycles, may_begin
from graphflow.language import N_
from graphflow.threads import threads
from graphflow.typologies.episodes import ranges
from graphflow.typologies.found import Asked, Found, one_currency
from graphflow.typologies.payments import LeftOut, Payments

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]

A_PART, PARTS = 100_000, 64
"""First transfers are asked in parts of so many, in so many parts at most, so that progress is seen."""


def find(payments: Payments, asked: Asked) -> Found:
    """Every cycle of at least `least` and at most `most` transfers, all within the window of the first.

    Each leaves the holder whom the one before it paid, not before that arrived; the first transfer is the
    earliest. Members are in the order of the way. What went round is the least of the transfers.

    Where nearly everybody can be reached from everybody within the window there are more ways than can be
    tried. Then every first transfer is tried alike, and those with which that does not come to an end again,
    with more steps each, as long as `total` steps last.

    Examples
    --------
    >>> from graphflow.case import Case
    >>> from graphflow.typologies.payments import payments_of
    >>> case = Case.from_tables(transfers={"transfer_id": ["t1", "t2", "t3"], "amount": ["9", "8", "7"],
    ...     "time": ["2024-03-01T09:00", "2024-03-02T09:00", "2024-03-03T09:00"],
    ...     "source": ["A", "B", "C"], "target": ["B", "C", "A"]})
    >>> found = find(payments_of(case), Asked(window=3 * 86_400_000_000, least=3))
    >>> found.transfers.tolist(), found.amount.tolist()
    ([0, 1, 2], [700])
    """
    roots = may_begin(payments.ends, payments.time, payments.between, payments.holders, asked.window)
    sizes, transfers = np.zeros(0, np.int64), np.zeros(0, np.int64)
    left, tried = asked.total, 0
    with threads(2, payments.size) as pool:
        while roots.size:
            steps = min(asked.budget, max(left // (2 * roots.size), LEAST_STEPS))
            if steps < min(2 * tried, asked.budget + 1):
                break
            if tried:  # what these were begun with before is found again
                again = np.isin(transfers[_ends(sizes)[:-1]], roots)
                transfers, sizes = transfers[np.repeat(~again, sizes)], sizes[~again]
            more, way, roots, made = _tried(payments, asked, pool, roots, steps)
            sizes, transfers = np.concatenate([sizes, more]), np.concatenate([transfers, way])
            left, tried = left - made, steps
    order = np.argsort(transfers[_ends(sizes)[:-1]], kind="stable")
    begin = _ends(sizes)[order]
    transfers, sizes = transfers[ranges(begin, begin + sizes[order])], sizes[order]
    pointer, transfers = arrived_in_time(payments, _ends(sizes), transfers)
    same = one_currency(payments, pointer, transfers) if len(pointer) > 1 else np.zeros(0, np.bool_)
    least = (
        np.minimum.reduceat(payments.money[transfers, 0], pointer[:-1])
        if len(pointer) > 1
        else np.zeros(0, np.int64)
    )
    return Found(
        pointer, transfers, pointer, payments.ends[transfers, 0].astype(np.int64),
        np.where(same, least, -1), tuple(_cut(payments, roots)),
    )  # fmt: skip


LEAST_STEPS = 16
"""So many steps every first transfer is tried with at least, however many there are."""


def _tried(
    payments: Payments, asked: Asked, pool: Executor, roots: Numbers, steps: int
) -> tuple[Ints, Ints, Numbers, int]:
    """What some first transfers begin, with so many steps each: sizes, transfers, what was cut, steps."""
    limits = np.array([asked.least, asked.most, asked.window, asked.permille, steps], np.int64)
    index = (*payments.by_payer, *payments.by_payee)
    parts = np.array_split(roots, min(max(2, roots.size // A_PART), PARTS))
    running: list[Future[tuple[Ints, Numbers, Numbers, int]]] = [
        pool.submit(cycles, payments.ends, payments.time, payments.money, index, limits, part)
        for part in parts
    ]
    sizes, ways, cut, made = [], [], [], 0
    for number, one in enumerate(running):
        pointer, way, stopped, spent = one.result()
        sizes.append(np.diff(pointer))
        ways.append(way)
        cut.append(stopped)
        made += int(spent)
        if asked.progress is not None:
            asked.progress(N_("looking for cycles"), number + 1, len(parts))
    return np.concatenate(sizes), np.concatenate(ways).astype(np.int64), np.concatenate(cut), made


BUDGET = N_("there are more ways than were tried")

LINES = 1_000
"""So many first transfers are named of those that were not tried to the end, the greatest amounts first."""


def _cut(payments: Payments, roots: Numbers) -> Iterator[LeftOut]:
    """Those that were not tried to the end; very many of them in one line a currency."""
    amount, currency = payments.money[roots, 0], payments.money[roots, 1]
    order = np.argsort(-amount, kind="stable")
    for k in np.sort(order[:LINES]).tolist():
        yield LeftOut("cycle", -1, int(roots[k]), BUDGET, 1, int(amount[k]), int(currency[k]))
    rest = order[LINES:]
    for code in sets.unique(currency[rest]).tolist():
        mine = amount[rest[currency[rest] == code]]
        yield LeftOut("cycle", -1, -1, BUDGET, mine.size, int(mine.sum()), code)


def arrived_in_time(payments: Payments, pointer: Ints, transfers: Ints) -> tuple[Ints, Ints]:
    """Those cycles in which money never leaves before it has arrived: it may be in transit."""
    late = payments.arrives > payments.time
    if not late.any() or not transfers.size:
        return pointer, transfers
    last = np.zeros(len(transfers), np.bool_)
    last[pointer[1:] - 1] = True
    after = np.append(transfers[1:], transfers[:1])
    wrong = ~last & (payments.arrives[transfers] > payments.time[after])
    groups = pointer[:-1]
    bad = np.add.reduceat(wrong, groups, dtype=np.int64) > 0
    # All at one moment: it is in order if the one that is in transit comes last.
    first, end = payments.time[transfers[groups]], payments.time[transfers[pointer[1:] - 1]]
    delayed = np.add.reduceat(late[transfers], groups, dtype=np.int64)
    bad &= ~((first == end) & (delayed <= 1))
    good = np.repeat(~bad, np.diff(pointer))
    return _ends(np.diff(pointer)[~bad]), transfers[good]


def _ends(sizes: Ints) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])
