"""Pass-through: a holder whose money leaves soon after it came, and in about the same amounts."""

from __future__ import annotations

import numpy as np

from graphflow.kernels.passes import one_to_one
from graphflow.typologies.episodes import busy, ranges
from graphflow.typologies.found import Asked, Found, nothing
from graphflow.typologies.passing import both_legs, pairs_of
from graphflow.typologies.payments import Payments


def find(payments: Payments, asked: Asked) -> Found:
    """Holders that at least `least` times within the window pass on what they receive, to another.

    What comes in is matched with the first that goes out within the window in about its amount, each transfer
    once. Windows that have such a match in common are one pattern. The one member is the holder; the amount
    is what came in or what went out, whichever is less.

    Examples
    --------
    >>> from graphflow.case import Case
    >>> from graphflow.typologies.payments import payments_of
    >>> case = Case.from_tables(transfers={"transfer_id": ["t1", "t2", "t3", "t4"],
    ...     "time": ["2024-03-01", "2024-03-02", "2024-03-03", "2024-03-04"],
    ...     "amount": ["5", "5", "60", "59"],
    ...     "source": ["A", "M", "B", "M"], "target": ["M", "X", "M", "Y"]})
    >>> found = find(payments_of(case), Asked(window=7 * 86_400_000_000, least=2, permille=50))
    >>> found.transfers.tolist(), found.members.size, found.amount.tolist()
    ([0, 1, 2, 3], 1, [6400])
    """
    pairs, left = pairs_of(payments, asked, "pass_through")
    pairs = pairs[one_to_one(pairs, payments.size)]
    holder = payments.ends[pairs[:, 0], 1].astype(np.int64)
    each, time = np.arange(len(pairs)), payments.time[pairs[:, 0]]
    order, begin, end = busy(holder, each, time, asked.window, asked.least)
    if not begin.size:
        return nothing(left)
    pairs, holder = pairs[order], holder[order]
    groups = np.repeat(np.arange(begin.size), end - begin)
    bounds, transfers, amount = both_legs(payments, groups, pairs[ranges(begin, end)], begin.size)
    return Found(bounds, transfers, np.arange(begin.size + 1), holder[begin], amount, left)
