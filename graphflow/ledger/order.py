"""In what order things happened: by time, then by the book's or the statements' own order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow import sets
from graphflow.kernels.order import chain_balances, topological

NONE = np.iinfo(np.int64).min
"""An unknown number."""

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]

MOST_ORDERS = 5000
"""Orders that running balances allow, looked at for one statement and group; more of them say nothing."""

MOST_MOVING = 400
"""Rows that may stand in one another's places, of which it is still asked what all orders have in common."""

MOST_PAIRS = 1_000_000
"""Pairs of rows of neighbouring runs: of more, it is not said that all of the one come before the other."""

MOST_CELLS = 20_000_000
"""Rows of all these orders together: a statement of more than 4,000 rows of one time is allowed fewer."""

MOST_WORK = 1_000_000_000
"""Rows looked at to find these orders: a statement of up to 400 rows of one time never needs so many."""


@dataclass(frozen=True)
class Side:
    """One side of every event.

    Its account (-1: none), its place in that account's statement, the balance behind it, its currency, and
    how much it changes the balance.
    """

    account: Numbers
    sequence: Ints
    balance: Ints
    currency: Numbers
    change: Ints


@dataclass(frozen=True)
class Known:
    """What is known of the order in groups of equal time.

    Their events in the order that is shown, the group of each, and pairs of them (by their places here) of
    which the first comes before the second.
    """

    event: Ints
    group: Ints
    before: Ints
    after: Ints


@dataclass(frozen=True)
class Ordered:
    """The order of events, where it is contradicted, and where it is open.

    ``contradicted`` are events that were taken although something should stand before them; ``open_events``
    those whose place among others of ``open_account`` nothing decides; ``open_groups`` what is known of the
    order in the groups of equal time that hold such events.
    """

    order: Ints | Numbers
    contradicted: Ints
    open_events: Ints
    open_account: Ints
    open_groups: Known | None = None

    @classmethod
    def settled(cls, order: Ints | Numbers) -> Ordered:
        """An order in which nothing is open and nothing contradicted."""
        none = np.zeros(0, np.int64)
        return cls(order, none, none, none)

    @cached_property
    def place(self) -> Ints:
        """Where each event stands in the order."""
        place = np.empty(self.order.size, np.int64)
        place[self.order] = np.arange(self.order.size)
        return place


@dataclass(frozen=True)
class _Nodes:
    """The events of unsettled groups, by group and id."""

    event: Ints
    group: Ints
    whole: Flags  # every event of its group has a sequence


def order_events(
    time: Ints,
    sequence: Ints,
    bare: Flags,
    day: Ints | None,
    row: Numbers,
    ids: Any,
    sides: tuple[Side, Side],
) -> Ordered:
    """The joint order of events.

    By time; at equal times by ``sequence``, where every event of that time has one; else every statement
    orders its own rows (its sequence, else its running balance) and the joint order is a topological one
    over all of them, the least free id first. A day with an event of which only the date is known is one
    group, in which those with a time keep their order: money does not flow back in time through a row
    without one.

    Parameters
    ----------
    time, sequence : int64 (n)
        Microseconds; the number in a book that recorded everything, or :data:`NONE`.
    bare : bool (n)
        Only the date is known.
    day : int64 (n) or None
        Local day, where any event is ``bare``.
    row : int32 (n)
        The transfer: one in transit is two events, the arrival later in the array.
    ids : pyarrow array (n)
        Ids, for the order that is shown where it is open.
    sides : the payers' and the payees' statements
    """
    key = time
    if day is not None and bare.any():
        loose = np.isin(day, sets.unique(day[bare]))
        # all of such a day stands at its beginning: no other event has that time
        key = np.where(loose, day, time)
    if ascending(key):
        return Ordered.settled(np.arange(key.size, dtype=np.int64))
    unnumbered = sequence == NONE
    order = np.argsort(key, kind="stable") if unnumbered.all() else np.lexsort((sequence, key))
    placed = key[order]
    same = placed[1:] == placed[:-1]
    if not same.any():
        return Ordered.settled(order)
    begins = np.flatnonzero(np.concatenate(([True], ~same)))
    lengths = np.diff(np.append(begins, key.size))
    group = np.repeat(np.arange(begins.size), lengths)
    number = sequence[order]
    lacking = np.zeros(begins.size, np.bool_)
    lacking[group[number == NONE]] = True
    unsettled = lacking.copy()
    unsettled[group[1:][same & (number[1:] == number[:-1])]] = True
    unsettled[group[bare[order]]] = True
    unsettled &= lengths > 1
    if not unsettled.any():
        return Ordered.settled(order)

    places = np.flatnonzero(unsettled[group])
    named = pa.table(
        {"group": group[places], "id": ids.take(pa.array(order[places])), "event": order[places]}
    )
    keys = [("group", "ascending"), ("id", "ascending"), ("event", "ascending")]
    ranked = pc.sort_indices(named, sort_keys=keys).to_numpy()
    nodes = _Nodes(order[places][ranked], group[places][ranked], ~lacking[group[places][ranked]])
    before, after = _edges(nodes, time, sequence, bare, row, sides)
    result = order.copy()
    balances = _balance_groups(nodes, sides)
    if balances:
        found, forced, before, after = _with_balances(nodes, order, group, before, after, balances, sides)
    else:
        found, forced = topological(before, after, nodes.event.size)
        if forced.any():  # while one group was stuck, the rows of later ones were taken: time comes first
            found = found[np.argsort(nodes.group[found], kind="stable")]
    result[places] = nodes.event[found]
    open_events, open_account = _left_open(nodes, found, before, after, sides)
    groups = _known_of(nodes, found, before, after, open_events)
    return Ordered(result, nodes.event[np.flatnonzero(forced)], open_events, open_account, groups)


def ascending(key: Ints) -> bool:
    """Whether no two events have the same time, and they stand in order."""
    return bool((key[1:] > key[:-1]).all())


def _edges(
    nodes: _Nodes, time: Ints, sequence: Ints, bare: Flags, row: Numbers, sides: tuple[Side, Side]
) -> tuple[Ints, Ints]:
    """What comes before what, by everything but running balances."""
    numbers = np.arange(nodes.event.size)
    found: list[tuple[Ints, Ints]] = []
    whole = numbers[nodes.whole]
    found.append(_levels(whole, nodes.group[whole], sequence[nodes.event[whole]]))
    dated = np.isin(nodes.group, nodes.group[bare[nodes.event]])
    timed = numbers[dated & ~bare[nodes.event]]
    found.append(_levels(timed, nodes.group[timed], time[nodes.event[timed]]))
    # both halves of a transfer in transit
    halves = np.lexsort((nodes.event, row[nodes.event], nodes.group))
    pair = (row[nodes.event[halves]][1:] == row[nodes.event[halves]][:-1]) & (
        nodes.group[halves][1:] == nodes.group[halves][:-1]
    )
    found.append((halves[:-1][pair], halves[1:][pair]))
    node, account, place = _statements(nodes, sides)
    known = place != NONE
    accounts = np.int64(max(int(side.account.max(initial=0)) for side in sides) + 1)
    found.append(_levels(node[known], nodes.group[node[known]] * accounts + account[known], place[known]))
    return np.concatenate([x for x, _ in found]), np.concatenate([x for _, x in found])


def _statements(nodes: _Nodes, sides: tuple[Side, Side]) -> tuple[Ints, Numbers, Ints]:
    """Node, account and place in that account's statement; a transfer to itself stands at its first place."""
    count = np.flatnonzero(~nodes.whole)
    payer, payee = (side.account[nodes.event[count]] for side in sides)
    first, second = (side.sequence[nodes.event[count]] for side in sides)
    own = payer == payee
    first = np.where(own & (first == NONE), second, first)
    node = np.concatenate((count, count))
    account = np.concatenate((payer, np.where(own, -1, payee)))
    place = np.concatenate((first, second))
    keep = account >= 0
    return node[keep], account[keep], place[keep]


def _levels(node: Ints, together: Ints, level: Ints) -> tuple[Ints, Ints]:
    """Edges from all nodes of one level to all of the next, among nodes that belong together."""
    order = np.lexsort((level, together))
    node, together, level = node[order], together[order], level[order]
    if node.size < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    new = np.concatenate(([True], (together[1:] != together[:-1]) | (level[1:] != level[:-1])))
    heads = np.flatnonzero(new)
    sizes = np.diff(np.append(heads, node.size))
    follows = together[heads[1:]] == together[heads[:-1]]
    single = follows & (sizes[1:] == 1) & (sizes[:-1] == 1)
    before = [node[heads[:-1][single]]]
    after = [node[heads[1:][single]]]
    for i in np.flatnonzero(follows & ~single).tolist():
        left = node[heads[i] : heads[i] + sizes[i]]
        right = node[heads[i + 1] : heads[i + 1] + sizes[i + 1]]
        before.append(np.repeat(left, right.size))
        after.append(np.tile(right, left.size))
    return np.concatenate(before), np.concatenate(after)


# ------------------------------------------------------------------------------- running balances
def _balance_groups(nodes: _Nodes, sides: tuple[Side, Side]) -> dict[int, list[tuple[int, int]]]:
    """Statements that their running balances may order: by group, account and currency.

    Those where some row has no place in the statement, and all rows of that currency state a balance.
    """
    if not any(bool((side.balance[nodes.event] != NONE).any()) for side in sides):
        return {}
    node, account, place = _statements(nodes, sides)
    lacking = {
        (int(g), int(a))
        for g, a in zip(nodes.group[node[place == NONE]], account[place == NONE], strict=True)
    }
    members: dict[tuple[int, int, int], list[bool]] = defaultdict(list)
    for side in sides:
        event = nodes.event
        for g, a, c, b in zip(
            nodes.group.tolist(),
            side.account[event].tolist(),
            side.currency[event].tolist(),
            side.balance[event].tolist(),
            strict=True,
        ):
            if (g, a) in lacking:
                members[g, a, c].append(b != NONE)
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (g, a, c), stated in members.items():
        if len(stated) > 1 and all(stated):
            found[g].append((a, c))
    return dict(found)


def _with_balances(
    nodes: _Nodes,
    order: Ints,
    group: Ints,
    before: Ints,
    after: Ints,
    balances: dict[int, list[tuple[int, int]]],
    sides: tuple[Side, Side],
) -> tuple[Ints, Flags, Ints, Ints]:
    """The topological order where running balances decide: group by group, each going on from the one
    before.
    """
    watched = sets.unique([a for pairs in balances.values() for a, _ in pairs])
    touches = np.isin(sides[0].account[order], watched) | np.isin(sides[1].account[order], watched)
    heads = np.searchsorted(nodes.group, np.arange(int(group[-1]) + 2))
    edge_group = nodes.group[before]
    by_group = np.argsort(edge_group, kind="stable")
    edge_heads = np.searchsorted(edge_group[by_group], np.arange(int(group[-1]) + 2))
    found = np.empty(nodes.event.size, np.int64)
    forced = np.zeros(nodes.event.size, np.bool_)
    more_before: list[int] = []
    more_after: list[int] = []
    last: dict[tuple[int, int], int] = {}

    def remember(event: int) -> None:
        for side in sides:
            if side.account[event] >= 0:
                last[int(side.account[event]), int(side.currency[event])] = int(side.balance[event])

    done = -1
    in_groups = np.zeros(int(group[-1]) + 1, np.bool_)
    in_groups[nodes.group] = True
    for place in np.flatnonzero(touches | in_groups[group]).tolist():
        g = int(group[place])
        if not in_groups[g]:
            remember(int(order[place]))
            continue
        if g == done:
            continue
        done = g
        low, high = int(heads[g]), int(heads[g + 1])
        edges = by_group[int(edge_heads[g]) : int(edge_heads[g + 1])]
        first, then = (before[edges] - low).tolist(), (after[edges] - low).tolist()
        for account, currency in balances.get(g, ()):
            for a, b in _by_balance(nodes.event[low:high], account, currency, last, sides):
                first.append(a)
                then.append(b)
                more_before.append(a + low)
                more_after.append(b + low)
        local, stuck = topological(np.array(first, np.int64), np.array(then, np.int64), high - low)
        found[low:high] = local + low
        forced[low:high] = stuck
        for event in nodes.event[low:high][local].tolist():
            remember(event)
    return (
        found,
        forced,
        np.concatenate((before, np.array(more_before, np.int64))),
        np.concatenate((after, np.array(more_after, np.int64))),
    )


def _by_balance(
    events: Ints, account: int, currency: int, last: dict[tuple[int, int], int], sides: tuple[Side, Side]
) -> Iterator[tuple[int, int]]:
    """What all orders have in common in which each balance follows from the one before, as pairs of nodes.

    The chain begins at the balance that was stated last before the group; without one, anywhere.
    """
    jumps: dict[int, tuple[int, int]] = {}
    for side in sides:
        mine = np.flatnonzero((side.account[events] == account) & (side.currency[events] == currency))
        for n in mine.tolist():
            behind = int(side.balance[events[n]])
            ahead = behind - int(side.change[events[n]])
            if n in jumps:  # to itself: a debit, then a credit
                if jumps[n][1] != ahead:
                    return
                ahead = jumps[n][0]
            jumps[n] = (ahead, behind)
    rows = np.fromiter(jumps, np.int64, len(jumps))
    start = last.get((account, currency), NONE)
    for a, b in in_common(orders_of_balances(np.array(list(jumps.values()), np.int64), start)):
        yield int(rows[a]), int(rows[b])


def orders_of_balances(jumps: Ints, start: int) -> Ints:
    """Every order of rows in which each begins at the balance that the one before left; none if there are
    too many to say anything.

    ``jumps`` (n, 2): the balance before and after each row; ``start``: that before the first, or ``NONE``.

    Examples
    --------
    >>> orders_of_balances(np.array([[100, 70], [0, 100], [70, 120]]), NONE)
    array([[1, 0, 2]])
    >>> orders_of_balances(np.array([[100, 50], [50, 100]]), 100)
    array([[0, 1]])
    """
    levels, numbers = np.unique(jumps, return_inverse=True)
    first = -1
    if start != NONE:
        first = int(np.searchsorted(levels, start))
        if first == levels.size or levels[first] != start:
            return np.empty((0, len(jumps)), np.int64)
    ahead, behind = np.ascontiguousarray(numbers.reshape(-1, 2).T.astype(np.int64))
    most = min(MOST_ORDERS, MOST_CELLS // len(jumps))
    return chain_balances(ahead, behind, levels.size, first, most, MOST_WORK)


def in_common(orders: Ints) -> Iterator[tuple[int, int]]:
    """Pairs of rows of which the first comes before the second in all of these orders (k, n).

    Only those from which all others follow. Where more than `MOST_MOVING` rows could stand in one another's
    places, nothing is said of these among themselves; of runs with more than `MOST_PAIRS`, of both.

    Examples
    --------
    >>> list(in_common(np.array([[2, 0, 1, 3], [2, 1, 0, 3]])))
    [(2, 0), (2, 1), (0, 3), (1, 3)]
    """
    if not len(orders):
        return
    places = np.empty_like(orders)
    np.put_along_axis(places, orders, np.arange(orders.shape[1])[None], axis=1)
    shown = orders[0]
    # behind these places of the first order stands what stands behind them in all
    cuts = np.flatnonzero(np.maximum.accumulate(places.max(axis=0)[shown]) == np.arange(shown.size)) + 1
    last = np.empty(0, np.int64)  # those of the run before behind which nothing of it surely stands
    for run in np.split(shown, cuts[:-1]):
        always = np.zeros((run.size, run.size), np.bool_)
        if 1 < run.size <= MOST_MOVING:
            always = ~always
            for place in places[:, run]:
                always &= place[:, None] < place
        first = run[~always.any(axis=0)]
        if last.size * first.size <= MOST_PAIRS:
            yield from ((int(a), int(b)) for a in last for b in first)
        steps = always.astype(np.float32)
        near = always & ~((steps @ steps) > 0)  # what goes over a third follows
        yield from ((int(run[i]), int(run[j])) for i, j in np.argwhere(near))
        last = run[~always.any(axis=1)]


# ------------------------------------------------------------------------------- what is left open
def _left_open(
    nodes: _Nodes, found: Ints, before: Ints, after: Ints, sides: tuple[Side, Side]
) -> tuple[Ints, Ints]:
    """Neighbours of one account in the order that is shown which nothing puts in this order."""
    position = np.empty(found.size, np.int64)
    position[found] = np.arange(found.size)
    payer, payee = (side.account[nodes.event] for side in sides)
    node = np.concatenate((np.arange(found.size), np.arange(found.size)))
    account = np.concatenate((payer, np.where(payer == payee, -1, payee)))
    node, account = node[account >= 0], account[account >= 0]
    order = np.lexsort((position[node], account, nodes.group[node]))
    node, account = node[order], account[order]
    pair = (account[1:] == account[:-1]) & (nodes.group[node[1:]] == nodes.group[node[:-1]])
    left, right, whose = node[:-1][pair], node[1:][pair], account[1:][pair]
    size = np.int64(found.size)
    direct = np.isin(left * size + right, before * size + after)
    left, right, whose = left[~direct], right[~direct], whose[~direct]
    if before.size:
        follow: dict[int, list[int]] = defaultdict(list)
        for a, b in zip(before.tolist(), after.tolist(), strict=True):
            follow[a].append(b)
        linked = np.array(
            [_reaches(a, b, follow) for a, b in zip(left.tolist(), right.tolist(), strict=True)], np.bool_
        )
        left, right, whose = left[~linked], right[~linked], whose[~linked]
    events = np.concatenate((nodes.event[left], nodes.event[right]))
    accounts = np.concatenate((whose, whose))
    both = np.unique(np.column_stack((accounts, events)), axis=0)
    return both[:, 1].copy(), both[:, 0].copy()


def _known_of(nodes: _Nodes, found: Ints, before: Ints, after: Ints, open_events: Ints) -> Known | None:
    """What is known in the groups that hold open events; what contradicts the order that is shown is left
    out.
    """
    if open_events.size == 0:
        return None
    concerned = np.isin(nodes.group[found], nodes.group[np.isin(nodes.event, open_events)])
    kept = found[concerned]
    place = np.full(found.size, -1, np.int64)
    place[kept] = np.arange(kept.size)
    first, then = place[before], place[after]
    holds = (first >= 0) & (first < then)
    pairs = np.unique(np.column_stack((first[holds], then[holds])), axis=0)
    return Known(nodes.event[kept], nodes.group[kept], pairs[:, 0].copy(), pairs[:, 1].copy())


def _reaches(start: int, end: int, follow: dict[int, list[int]]) -> bool:
    seen = {start}
    stack = [start]
    while stack:
        for other in follow.get(stack.pop(), ()):
            if other == end:
                return True
            if other not in seen:
                seen.add(other)
                stack.append(other)
    return False
