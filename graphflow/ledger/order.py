"""In what order things happened: by time, then by the book's or the statements' own order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow.kernels.order import topological

NONE = np.iinfo(np.int64).min
"""An unknown number."""

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Side:
    """One side of every event: its account (-1: none), its place in the statement, the balance behind it."""

    account: Ints
    sequence: Ints
    balance: Ints
    amount: Ints  # as it changes the balance


@dataclass(frozen=True)
class Ordered:
    """The order of events, and where it is forced or open."""

    order: Ints
    contradicted: Ints  # events that were taken although something should stand before them
    open_events: Ints  # events whose place among others of the same account nothing decides
    open_account: Ints  # the accounts where that is so, beside the events


def order_events(
    time: Ints, sequence: Ints, bare: Flags, day: Ints | None, ids: Any, sides: tuple[Side, Side]
) -> Ordered:
    """The joint order of events.

    By time; at equal times by ``sequence``, where every event of that time has one; else every statement
    orders its own rows (its sequence, else its running balance) and the joint order is a topological one
    over all of them, the least free id first. On a day with an event of which only the date is known, all
    events of the day are one group in which those with a time keep their order.

    Parameters
    ----------
    time, sequence : int64 (n)
        Microseconds; the number in a book that recorded everything, or :data:`NONE`.
    bare : bool (n)
        Only the date is known.
    day : int64 (n) or None
        Local day, where any event is ``bare``.
    ids : pyarrow array (n)
        Ids, for the order that is shown where it is open.
    sides : the payers' and the payees' statements
    """
    none = np.zeros(0, np.int64)
    key = time
    if day is not None and bare.any():
        loose = np.unique(day[bare])
        grouped = np.isin(day, loose)
        # all of such a day stands at its beginning: no other event has that time
        key = np.where(grouped, day, time)
    if key.size < 2:
        return Ordered(np.arange(key.size, dtype=np.int64), none, none, none)
    rising = bool((key[1:] > key[:-1]).all())
    if rising:
        return Ordered(np.arange(key.size, dtype=np.int64), none, none, none)
    if bool((sequence == NONE).all()):
        order = np.argsort(key, kind="stable")
    else:
        order = np.lexsort((sequence, key))
    placed = key[order]
    same = placed[1:] == placed[:-1]
    if not same.any():
        return Ordered(order, none, none, none)
    begins = np.flatnonzero(np.concatenate(([True], ~same)))
    group = np.repeat(np.arange(begins.size), np.diff(np.append(begins, key.size)))
    # a group is settled where each of its events has a number of its own
    number = sequence[order]
    unsettled = np.zeros(begins.size, np.bool_)
    unsettled[group[number == NONE]] = True
    twice = same & (number[1:] == number[:-1])
    unsettled[group[1:][twice]] = True
    unsettled &= np.diff(np.append(begins, key.size)) > 1
    if not unsettled.any():
        return Ordered(order, none, none, none)

    places = np.flatnonzero(unsettled[group])
    events = order[places]
    groups = group[places]
    # ranks by group and id: the least free node of the earliest group is taken first
    names = pa.table({"group": groups, "id": ids.take(pa.array(events))})
    ranked = pc.sort_indices(names, sort_keys=[("group", "ascending"), ("id", "ascending")]).to_numpy()
    events = events[ranked]
    groups = groups[ranked]
    before, after, loose_event, loose_account = _statements(events, groups, sides)
    timed = ~bare[events]
    if day is not None and not timed.all():
        # events with a time keep their order
        known = np.flatnonzero(timed)
        known = known[np.lexsort((sequence[events[known]], time[events[known]], groups[known]))]
        next_to = (groups[known][1:] == groups[known][:-1]) & (
            time[events[known]][1:] > time[events[known]][:-1]
        )
        # between two different times only: equal times are ordered by their statements
        before, after = _chain_times(before, after, known, groups, time[events], next_to)
    found, forced = topological(before, after, events.size)
    result = order.copy()
    result[places] = events[found]
    open_events, open_account = _left_open(events, groups, sides, before, after, loose_event, loose_account)
    return Ordered(result, events[np.flatnonzero(forced)], open_events, open_account)


def _chain_times(
    before: Ints, after: Ints, known: Ints, groups: Ints, time: Ints, next_to: Flags
) -> tuple[Ints, Ints]:
    """Edges from all events of one time to all of the next time of the same group, through the last
    and first.
    """
    more_before: list[int] = []
    more_after: list[int] = []
    starts = np.flatnonzero(np.concatenate(([True], (groups[known][1:] != groups[known][:-1]) | next_to)))
    ends = np.append(starts[1:], known.size)
    for i in range(starts.size - 1):
        left, right = known[starts[i] : ends[i]], known[starts[i + 1] : ends[i + 1]]
        if groups[left[0]] != groups[right[0]]:
            continue
        for a in left:
            for b in right:
                more_before.append(int(a))
                more_after.append(int(b))
    return (
        np.concatenate((before, np.array(more_before, np.int64))),
        np.concatenate((after, np.array(more_after, np.int64))),
    )


def _statements(events: Ints, groups: Ints, sides: tuple[Side, Side]) -> tuple[Ints, Ints, Ints, Ints]:
    """What each statement says of its own rows: edges, and the rows of which it says nothing.

    A row of an account to itself stands in its statement twice; its debit comes first.
    """
    node = np.concatenate((np.arange(events.size), np.arange(events.size)))
    account = np.concatenate([side.account[events] for side in sides])
    number = np.concatenate([side.sequence[events] for side in sides])
    balance = np.concatenate([side.balance[events] for side in sides])
    change = np.concatenate([side.amount[events] for side in sides])
    of_group = np.concatenate((groups, groups))
    keep = account >= 0
    node, account, number, balance, change, of_group = (
        x[keep] for x in (node, account, number, balance, change, of_group)
    )
    sort = np.lexsort((number, account, of_group))
    node, account, number, balance, change, of_group = (
        x[sort] for x in (node, account, number, balance, change, of_group)
    )
    together = (account[1:] == account[:-1]) & (of_group[1:] == of_group[:-1])
    numbered = together & (number[:-1] != NONE) & (number[1:] > number[:-1]) & (node[1:] != node[:-1])
    before = [node[:-1][numbered]]
    after = [node[1:][numbered]]
    # rows without a number: the running balance, one statement at a time
    begins = np.flatnonzero(np.concatenate(([True], ~together)))
    ends = np.append(begins[1:], node.size)
    unnumbered = np.zeros(begins.size, np.bool_)
    unnumbered[np.repeat(np.arange(begins.size), ends - begins)[number == NONE]] = True
    loose_event: list[int] = []
    loose_account: list[int] = []
    for i in np.flatnonzero(unnumbered & (ends - begins > 1)):
        part = slice(int(begins[i]), int(ends[i]))
        known = number[part] == NONE
        rows = node[part][known]
        chain = chain_by_balance(balance[part][known], change[part][known], rows)
        if chain is not None:
            ordered = rows[chain]
            moves = ordered[1:] != ordered[:-1]
            before.append(ordered[:-1][moves])
            after.append(ordered[1:][moves])
            if known.all():
                continue
        loose_event.extend(int(x) for x in node[part])
        loose_account.extend([int(account[part][0])] * int(ends[i] - begins[i]))
    return (
        np.concatenate(before),
        np.concatenate(after),
        np.array(loose_event, np.int64),
        np.array(loose_account, np.int64),
    )


def chain_by_balance(balance: Ints, change: Ints, rows: Ints) -> list[int] | None:
    """The one order in which each balance is the one before it and the change, or None.

    Each row leads from the balance before it to the one behind it, so an order is a walk over all of them.
    It is known only where it is the only one: where no balance is left by more than one row.

    Examples
    --------
    >>> chain_by_balance(np.array([70, 100, 120]), np.array([-30, 100, 50]), np.arange(3))
    [1, 0, 2]
    """
    if (balance == NONE).any() or balance.size < 2:
        return None
    leaves: dict[int, int] = {}
    for i in range(balance.size):
        start = int(balance[i]) - int(change[i])
        if start in leaves:
            return None
        leaves[start] = i
    reached = {int(x) for x in balance}
    heads = [start for start in leaves if start not in reached]
    if len(heads) != 1:
        return None
    chain: list[int] = []
    place = heads[0]
    while place in leaves and len(chain) < balance.size:
        i = leaves[place]
        chain.append(i)
        place = int(balance[i])
    return chain if len(chain) == balance.size else None


def _left_open(
    events: Ints,
    groups: Ints,
    sides: tuple[Side, Side],
    before: Ints,
    after: Ints,
    loose_event: Ints,
    loose_account: Ints,
) -> tuple[Ints, Ints]:
    """Events of one account and group whose order nothing decides, with that account.

    What the orders of other accounts imply is followed; up to 2,000 rows of a group are looked at, a larger
    one is called open wherever its own statement does not settle it.
    """
    if loose_event.size == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    follow: dict[int, list[int]] = {}
    for a, b in zip(before.tolist(), after.tolist(), strict=True):
        follow.setdefault(a, []).append(b)
    members: dict[tuple[int, int], list[int]] = {}
    for node, account in zip(loose_event.tolist(), loose_account.tolist(), strict=True):
        members.setdefault((int(groups[node]), account), []).append(node)
    out_event: list[int] = []
    out_account: list[int] = []
    for (_, account), nodes in members.items():
        wanted = sorted(set(nodes))
        if len(wanted) < 2:
            continue
        ahead = {node: _reach(node, follow) for node in wanted} if len(wanted) <= 200 else {}
        free = [
            a
            for a in wanted
            if not ahead or any(b != a and b not in ahead[a] and a not in ahead[b] for b in wanted)
        ]
        out_event.extend(int(events[node]) for node in free)
        out_account.extend([account] * len(free))
    return np.array(out_event, np.int64), np.array(out_account, np.int64)


def _reach(node: int, follow: dict[int, list[int]]) -> set[int]:
    seen: set[int] = set()
    stack = [node]
    while stack:
        for other in follow.get(stack.pop(), ()):
            if other not in seen:
                seen.add(other)
                stack.append(other)
    return seen
