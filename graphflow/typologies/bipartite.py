"""Bipartite: several holders each pay each of several others within a short time."""

from __future__ import annotations

import numpy as np

from graphflow import sets
from graphflow.kernels.passes import both_paid
from graphflow.typologies.episodes import busy, distinct, pointer_of, ranges, together
from graphflow.typologies.found import Asked, Found, nothing, sums
from graphflow.typologies.layers import alike, ascending
from graphflow.typologies.passing import left_out
from graphflow.typologies.payments import Payments


def find(payments: Payments, asked: Asked) -> Found:
    """Sets of at least `least` payers and as many payees, each of whom each of the payers pays.

    Looked at are every two payees: who pays both within the window, at least `least` of them within that of
    one of them. Pairs of payees with the same payers at overlapping times are one pattern, so that each of
    its payers pays each of its payees. Members: payers, payees. The amount is what was paid.

    Examples
    --------
    >>> from graphflow.case import Case
    >>> from graphflow.typologies.payments import payments_of
    >>> case = Case.from_tables(transfers={"transfer_id": ["t1", "t2", "t3", "t4"], "amount": ["5"] * 4,
    ...     "time": ["2024-03-01"] * 4, "source": ["A", "A", "B", "B"], "target": ["X", "Y", "X", "Y"]})
    >>> found = find(payments_of(case), Asked(window=7 * 86_400_000_000, least=2))
    >>> found.transfers.tolist(), found.members.size, found.amount.tolist()
    ([0, 1, 2, 3], 4, [2000])
    """
    pointer, positions = payments.by_payer
    pairs, cut = both_paid(payments.ends, payments.time, pointer, positions, asked.window, asked.budget)
    left = tuple(left_out(payments, cut, "bipartite", 0))
    keys = payments.ends[pairs[:, 0], 1] * np.int64(payments.holders) + payments.ends[pairs[:, 1], 1]
    earlier = payments.time[pairs.min(axis=1)]
    pairs = pairs[together(keys, earlier, asked.window, asked.least)]
    payees = payments.ends[:, 1][pairs].astype(np.int64)
    payer, time = payments.ends[pairs[:, 0], 0].astype(np.int64), payments.time[pairs]
    keys = payees[:, 0] * payments.holders + payees[:, 1]
    order, begin, end = busy(keys, payer, time.min(axis=1), asked.window, asked.least)
    if not begin.size:
        return nothing(left)
    rows = order[ranges(begin, end)]
    runs, bounds = np.repeat(np.arange(begin.size), end - begin), pointer_of(end - begin)
    since = np.minimum.reduceat(time[rows].min(axis=1), bounds[:-1])
    until = np.maximum.reduceat(time[rows].max(axis=1), bounds[:-1])
    of_run = np.full(begin.size, -1, np.int64)
    count = 0
    for group in alike(*ascending(runs, payer[rows], begin.size), since, until):
        if len(sets.unique(payees[order[begin[group]]])) >= asked.least:
            of_run[group] = count
            count += 1
    which = of_run[runs]
    rows, which = rows[which >= 0], which[which >= 0]
    if not count:
        return nothing(left)
    size = np.int64(payments.size)
    each = sets.unique(np.concatenate([which * size + pairs[rows, side] for side in (0, 1)]))
    bounds, transfers = pointer_of(np.bincount(each // size, minlength=count)), each % size
    groups = np.repeat(np.arange(count), np.diff(bounds))
    members = distinct(
        np.concatenate([groups, groups]),
        np.concatenate([payments.ends[transfers, side].astype(np.int64) for side in (0, 1)]),
        count,
    )
    return Found(bounds, transfers, *members, sums(payments, bounds, transfers), left)
