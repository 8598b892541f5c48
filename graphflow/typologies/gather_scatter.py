"""Gather-scatter: one holder collects from many and then pays to many."""

from __future__ import annotations

import numpy as np

from graphflow.kernels.windows import distinct_within
from graphflow.typologies.episodes import distinct, in_a_row, pointer_of, ranges
from graphflow.typologies.found import Asked, Found, nothing, one_currency
from graphflow.typologies.payments import Payments


def find(payments: Payments, asked: Asked) -> Found:
    """Holders with at least `least` payers within the window up to a moment, and as many payees from it on.

    The moments are those at which they receive; neighbouring ones whose windows have a transfer in common are
    one pattern. Members: the holder, payers, payees. The amount is the less of what it received and paid.

    Examples
    --------
    >>> from graphflow.synthesis import toys
    >>> from graphflow.typologies.payments import payments_of
    >>> found = find(payments_of(toys.t1()), Asked(window=365 * 86_400_000_000, least=2))
    >>> found.transfers.tolist(), found.amount.tolist()    # A and B pay M, and M pays X and Y
    ([0, 1, 2, 4], [50000])
    """
    pointer, came = payments.by_payee
    out_pointer, went = payments.by_payer
    window, at, later = asked.window, payments.time[came], payments.time[went]
    payer, payee = payments.ends[:, 0][came], payments.ends[:, 1][went]
    gathers, begins, ends = distinct_within(pointer, in_a_row(came), payer, at, pointer, at, window, False)
    scatters, out_begins, out_ends = distinct_within(
        out_pointer, in_a_row(went), payee, later, pointer, at, window, True
    )
    enough = np.flatnonzero((gathers >= asked.least) & (scatters >= asked.least))
    if not enough.size:
        return nothing()
    hubs = payments.ends[came[enough], 1].astype(np.int64)
    apart = (begins[enough][1:] >= ends[enough][:-1]) & (out_begins[enough][1:] >= out_ends[enough][:-1])
    first = np.flatnonzero(np.append(True, (hubs[1:] != hubs[:-1]) | apart))
    last = np.append(first[1:], enough.size) - 1
    hubs = hubs[first]
    begin, end = begins[enough[first]], ends[enough[last]]
    out_begin, out_end = out_begins[enough[first]], out_ends[enough[last]]
    number = np.arange(first.size)
    ins, outs = came[ranges(begin, end)].astype(np.int64), went[ranges(out_begin, out_end)].astype(np.int64)
    of_ins, of_outs = np.repeat(number, end - begin), np.repeat(number, out_end - out_begin)
    groups, transfers = np.concatenate([of_ins, of_outs]), np.concatenate([ins, outs])
    order = np.lexsort((transfers, groups))
    transfers = transfers[order]
    bounds = pointer_of(np.bincount(groups, minlength=first.size))
    members = distinct(
        np.concatenate([number, of_ins, of_outs]),
        np.concatenate([hubs, payments.ends[ins, 0], payments.ends[outs, 1]]).astype(np.int64),
        first.size,
    )
    received = np.add.reduceat(payments.money[ins, 2], pointer_of(end - begin)[:-1])
    paid = np.add.reduceat(payments.money[outs, 0], pointer_of(out_end - out_begin)[:-1])
    amount = np.where(one_currency(payments, bounds, transfers), np.minimum(received, paid), -1)
    return Found(bounds, transfers, *members, amount)
