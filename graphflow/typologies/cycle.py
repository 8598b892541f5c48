"""Cycles: money that comes back to where it left, through others, each of them once, in time order."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future

import numpy as np
import numpy.typing as npt

from graphflow.kernels.cycles import cycles, may_begin
from graphflow.language import N_
from graphflow.threads import threads
from graphflow.typologies.found import Asked, Found, one_currency
from graphflow.typologies.payments import LeftOut, Payments

Ints = npt.NDArray[np.int64]

A_PART, PARTS = 100_000, 64
"""First transfers are asked in parts of so many, in so many parts at most, so that progress is seen."""


def find(payments: Payments, asked: Asked) -> Found:
    """Every cycle of at least `least` and at most `most` transfers, all within the window of the first.

    Each leaves the holder whom the one before it paid, not before that arrived; the first transfer is the
    earliest. Members are in the order of the way. What went round is the least of the transfers.

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
    limits = np.array([asked.least, asked.most, asked.window, asked.permille, asked.budget], np.int64)
    index = (*payments.by_payer, *payments.by_payee)
    roots = may_begin(payments.ends, payments.time, payments.between, payments.holders, asked.window)
    parts = np.array_split(roots, min(max(2, roots.size // A_PART), PARTS))
    pointers, ways, cut = [], [], []
    with threads(2, payments.size) as pool:
        running: list[Future[tuple[Ints, npt.NDArray[np.int32], npt.NDArray[np.int32]]]] = [
            pool.submit(cycles, payments.ends, payments.time, payments.money, index, limits, part)
            for part in parts
        ]
        for number, one in enumerate(running):
            pointer, way, stopped = one.result()
            pointers.append(np.diff(pointer))
            ways.append(way)
            cut.append(stopped)
            if asked.progress is not None:
                asked.progress(N_("looking for cycles"), number + 1, len(parts))
    sizes, transfers = np.concatenate(pointers), np.concatenate(ways).astype(np.int64)
    pointer, transfers = arrived_in_time(payments, _ends(sizes), transfers)
    same = one_currency(payments, pointer, transfers) if len(pointer) > 1 else np.zeros(0, np.bool_)
    least = (
        np.minimum.reduceat(payments.money[transfers, 0], pointer[:-1])
        if len(pointer) > 1
        else np.zeros(0, np.int64)
    )
    return Found(
        pointer, transfers, pointer, payments.ends[transfers, 0].astype(np.int64),
        np.where(same, least, -1), tuple(_cut(payments, np.concatenate(cut).tolist())),
    )  # fmt: skip


def _cut(payments: Payments, roots: Iterable[int]) -> Iterable[LeftOut]:
    for root in roots:
        amount, currency = payments.money[root, :2].tolist()
        yield LeftOut("cycle", -1, root, BUDGET, 1, amount, currency)


BUDGET = N_("there are more ways than were tried")


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
