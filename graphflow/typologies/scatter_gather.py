"""Scatter-gather: one holder pays many, who pass it on to one other."""

from __future__ import annotations

import numpy as np

from graphflow.typologies.episodes import busy, distinct, ranges
from graphflow.typologies.found import Asked, Found, nothing
from graphflow.typologies.passing import both_legs, pairs_of, payer_and_payee
from graphflow.typologies.payments import Payments


def find(payments: Payments, asked: Asked) -> Found:
    """Payer and payee with at least `least` holders between them who pass on what they receive.

    Each passes it on within the window of receiving it, and what they receive lies within the window of one
    of them; windows that have a passing in common are one pattern. Members: the payer, those between, the
    payee. The amount is what came to those between or what they passed on, whichever is less.

    Examples
    --------
    >>> from graphflow.case import Case
    >>> from graphflow.typologies.payments import payments_of
    >>> case = Case.from_tables(transfers={"transfer_id": ["t1", "t2", "t3", "t4"],
    ...     "time": ["2024-03-01", "2024-03-01", "2024-03-02", "2024-03-02"], "amount": ["5", "6", "5", "6"],
    ...     "source": ["A", "A", "M", "N"], "target": ["M", "N", "B", "B"]})
    >>> found = find(payments_of(case), Asked(window=7 * 86_400_000_000, least=2))
    >>> found.transfers.tolist(), found.amount.tolist()
    ([0, 1, 2, 3], [1100])
    """
    pairs, left = pairs_of(payments, asked, "scatter_gather")
    keys = payer_and_payee(payments, pairs)
    between, time = payments.ends[pairs[:, 0], 1], payments.time[pairs[:, 0]]
    order, begin, end = busy(keys, between, time, asked.window, asked.least)
    if not begin.size:
        return nothing(left)
    pairs = pairs[order]
    mine = pairs[ranges(begin, end)]
    groups, number = np.repeat(np.arange(begin.size), end - begin), np.arange(begin.size)
    bounds, transfers, amount = both_legs(payments, groups, mine, begin.size)
    members = distinct(
        np.concatenate([number, groups, number]),
        np.concatenate(
            [
                payments.ends[pairs[begin, 0], 0],
                payments.ends[mine[:, 0], 1],
                payments.ends[pairs[begin, 1], 1],
            ]
        ).astype(np.int64),
        begin.size,
    )
    return Found(bounds, transfers, *members, amount, left)
