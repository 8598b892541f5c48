"""Stack: several holders pay several others, who all pay several others again, in time order."""

from __future__ import annotations

import numpy as np

from graphflow.typologies.episodes import busy, distinct, pointer_of, ranges, together
from graphflow.typologies.found import Asked, Found, nothing
from graphflow.typologies.layers import alike, ascending
from graphflow.typologies.passing import both_legs, pairs_of, payer_and_payee
from graphflow.typologies.payments import Payments


def find(payments: Payments, asked: Asked) -> Found:
    """Layers of at least `least` payers, holders between and payees: each pays each of the next layer.

    Looked at are a payer and a payee: at least `least` holders between them are paid, and pay within the
    window from then on, all within that of one of them (amounts as `permille` says). Those with the same
    holders between at overlapping times are one pattern, as far as each payer reaches each payee. Members:
    payers, those between, payees. The amount is the less of what came to those between and what they paid.

    Examples
    --------
    >>> from graphflow.case import Case
    >>> from graphflow.typologies.payments import payments_of
    >>> ways = ["AM", "AN", "BM", "BN", "MX", "MY", "NX", "NY"]
    >>> case = Case.from_tables(transfers={"transfer_id": [f"t{i}" for i in range(8)], "amount": ["5"] * 8,
    ...     "time": ["2024-03-01"] * 4 + ["2024-03-02"] * 4,
    ...     "source": [a for a, _ in ways], "target": [b for _, b in ways]})
    >>> found = find(payments_of(case), Asked(window=7 * 86_400_000_000, least=2))
    >>> found.transfers.tolist(), found.members.size, found.amount.tolist()
    ([0, 1, 2, 3, 4, 5, 6, 7], 6, [2000])
    """
    pairs, left = pairs_of(payments, asked, "stack")
    keys, came = payer_and_payee(payments, pairs), payments.time[pairs[:, 0]]
    pairs = pairs[together(keys, came, asked.window, asked.least)]
    ends, time = payments.ends.astype(np.int64), payments.time[pairs]
    payer, between, payee = ends[pairs[:, 0], 0], ends[pairs[:, 0], 1], ends[pairs[:, 1], 1]
    order, begin, end = busy(payer * payments.holders + payee, between, time[:, 0], asked.window, asked.least)
    if not begin.size:
        return nothing(left)
    rows = order[ranges(begin, end)]
    runs, bounds = np.repeat(np.arange(begin.size), end - begin), pointer_of(end - begin)
    since = np.minimum.reduceat(time[rows, 0], bounds[:-1])
    until = np.maximum.reduceat(time[rows, 1], bounds[:-1])
    first = order[begin]
    of_run = np.full(begin.size, -1, np.int64)
    count = 0
    for group in alike(*ascending(runs, between[rows], begin.size), since, until):
        for part in full(payer[first[group]].tolist(), payee[first[group]].tolist(), asked.least):
            of_run[[group[i] for i in part]] = count
            count += 1
    if not count:
        return nothing(left)
    which = of_run[runs]
    rows, which = rows[which >= 0], which[which >= 0]
    bounds, transfers, amount = both_legs(payments, which, pairs[rows], count)
    on_the_way = np.concatenate([payer[rows], between[rows], payee[rows]])
    members = distinct(np.concatenate([which] * 3), on_the_way, count)
    return Found(bounds, transfers, *members, amount, left)


def full(payers: list[int], payees: list[int], least: int) -> list[list[int]]:
    """Of edges those sets in which each payer has the same payees, if there are enough of both.

    >>> full([1, 1, 2, 2, 3], [8, 9, 8, 9, 8], 2)
    [[0, 1, 2, 3]]
    """
    reached: dict[int, set[int]] = {}
    for payer, payee in zip(payers, payees, strict=True):
        reached.setdefault(payer, set()).add(payee)
    same: dict[frozenset[int], set[int]] = {}
    for payer, those in reached.items():
        same.setdefault(frozenset(those), set()).add(payer)
    enough = [mine for those, mine in same.items() if len(those) >= least and len(mine) >= least]
    return [[i for i, payer in enumerate(payers) if payer in mine] for mine in enough]
