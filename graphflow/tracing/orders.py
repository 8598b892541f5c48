"""Where nothing decides the order of rows: every order that is possible, and what the figures are in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from graphflow import sets
from graphflow.errors import UsageError
from graphflow.tracing.excerpt import settled
from graphflow.tracing.seeds import ends_of_case, rows_of

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.ledger.form import Ledger
    from graphflow.tracing.excerpt import Excerpt
    from graphflow.tracing.question import Question
    from graphflow.tracing.result import Trace

Ints = NDArray[np.int64]

MOST_ORDERS = 1000
"""Joint orders that are tried; of more, only bounds from outside are said."""

Figure = TypeVar("Figure")

Key = tuple[str, tuple[str, str], str]
"""An end: kind, holder (an account, or else a party), currency."""


@dataclass(frozen=True)
class Intervals:
    """What the figures of a trace are over all orders that are possible.

    Attributes
    ----------
    transfers
        By transfer: the least and the greatest that it carries; what is not there carries nothing.
    ends
        By kind, holder and currency: the least and the greatest amount; what is not there holds nothing.
    orders
        How many joint orders were tried; 0: they are too many, and these are bounds from outside.
    """

    transfers: Mapping[str, tuple[int, int]]
    ends: Mapping[Key, tuple[int, int]]
    orders: int


def intervals(trace: Trace) -> Intervals | None:
    """The figures of a trace over all orders; None where there are more than :data:`MOST_ORDERS`."""
    found = over_orders(trace, lambda each: (each._end_amounts, each._carried_amounts))
    if found is None:
        return None
    return Intervals(_spans([moved for _, moved in found]), _spans([ends for ends, _ in found]), len(found))


def over_orders(trace: Trace, figure: Callable[[Trace], Figure]) -> list[Figure] | None:
    """Ask the question of a trace again in every joint order of the rows that its money may reach.

    Each order has its own least openings. What `figure` says of each answer; None where there are more than
    :data:`MOST_ORDERS`.
    """
    if not trace._open_accounts:
        return [figure(trace)]
    question, ledger = trace._question, trace._whole
    case = trace.case
    span = ends_of_case(ledger)
    held = np.array([ledger.account(x.id) for x in question.references if x.kind == "balance"], np.int64)

    def try_all(excerpt: Excerpt) -> tuple[list[Figure] | None, Ints]:
        from graphflow.tracing.question import ask

        orders = joint_orders(ledger, excerpt, MOST_ORDERS)
        if orders is None:
            return None, excerpt.whole
        figures: list[Figure] = []
        reached = excerpt.whole
        for events in orders:
            part = excerpt.case(events)
            try:
                found = ask(part, question, span, excerpt)
            except UsageError:  # in this order there is no such money: a part of a balance, say
                continue
            grown = sets.union(reached, found._walked)
            if grown.size > reached.size:
                reached = grown
                break  # all of it again, with the rows of these accounts
            figures.append(figure(found))
        return figures, reached

    found: list[Figure] | None = settled(
        case, np.concatenate((held, trace._walked)), asked_rows(case, question), try_all, question.cash_gaps
    )
    return found


def asked_rows(case: Case, question: Question) -> Ints:
    """The rows that a question's references name, whenever they were."""
    found = [rows_of(case, x, question.backward) for x in question.references]
    return sets.unique(np.concatenate(found))


Name = TypeVar("Name")


def _spans(found: list[dict[Name, int]]) -> dict[Name, tuple[int, int]]:
    """The least and the greatest of each figure; what is not there is nothing."""
    keys = dict.fromkeys(key for each in found for key in each)
    return {
        key: (min(each.get(key, 0) for each in found), max(each.get(key, 0) for each in found))
        for key in keys
    }


# --------------------------------------------------------------------------- every order
def joint_orders(ledger: Ledger, excerpt: Excerpt, most: int) -> list[Ints] | None:
    """Every order of an excerpt's events that what is known allows, as far as it makes a difference to one
    of the accounts of which all rows are here; None where there are more than ``most``.

    The first is the one that is shown.
    """
    groups = _groups(ledger, excerpt)
    choices: list[list[Ints]] = []
    count = 1
    for places, below, pairs in groups:
        if len(pairs) >= most:  # so many pairs that can be turned round are more orders still
            return None
        found: list[Ints] = []
        for order in _orientations(below, pairs):
            found.append(places[_line_up(order)])
            if count * len(found) > most:
                return None
        count *= len(found)
        choices.append(found)
    orders = []
    for chosen in product(*choices):
        events = excerpt.events.copy()
        for (places, _, _), taken in zip(groups, chosen, strict=True):
            events[places] = excerpt.events[taken]
        orders.append(events)
    return orders


def _groups(ledger: Ledger, excerpt: Excerpt) -> list[tuple[Ints, list[int], list[tuple[int, int]]]]:
    """Groups of equal time in which the order of an excerpt's account is open.

    Of each: its events' places in the excerpt; for each of them, as bits, those that come before it for
    certain; pairs that share an account and may stand in either order.
    """
    open_rows = ledger.open_rows
    if not np.isin(open_rows[:, 1], excerpt.whole).any():
        return []
    where = {int(code): i for i, code in enumerate(ledger.open_groups[:, 0].tolist())}
    members: dict[int, list[tuple[int, int]]] = {}
    for place, code in enumerate(excerpt.events.tolist()):
        node = where.get(code)
        if node is not None:
            members.setdefault(int(ledger.open_groups[node, 1]), []).append((place, node))
    whole = set(excerpt.whole.tolist())
    out = []
    for group, both in members.items():
        nodes = [node for _, node in both]
        before = _certain(ledger, group, nodes)
        accounts = [_accounts(ledger, int(ledger.open_groups[node, 0])) & whole for node in nodes]
        pairs = [
            (i, j)
            for j in range(len(nodes))
            for i in range(j)
            if accounts[i] & accounts[j] and not before[j] >> i & 1
        ]
        if pairs:
            out.append((np.array([place for place, _ in both], np.int64), before, pairs))
    return out


def _accounts(ledger: Ledger, code: int) -> set[int]:
    """The accounts in whose history an event stands."""
    row = ledger.rows[code >> 1]
    moving = int(row["arrives"]) > int(row["time"])
    found = set()
    if not code & 1:
        found.add(int(row["source"]))
    if code & 1 or not moving:
        found.add(int(row["target"]))
    return found


def _certain(ledger: Ledger, group: int, nodes: list[int]) -> list[int]:
    """For each of some events of a group, as bits, those of them that come before it for certain.

    They stand in the order that is shown, which contradicts nothing that is known.
    """
    low, high = np.searchsorted(ledger.open_groups[:, 1], (group, group + 1)).tolist()
    pairs = ledger.open_pairs
    # pairs are ordered by their first event, and both events are of one group
    begin, end = np.searchsorted(pairs[:, 0], (low, high)).tolist()
    number = {node: i for i, node in enumerate(nodes)}
    before = [0] * (high - low)
    for first, then in pairs[begin:end].tolist():
        own = 1 << number[first] if first in number else 0
        before[then - low] |= before[first - low] | own
    return [before[node - low] for node in nodes]


def _orientations(before: list[int], pairs: list[tuple[int, int]]) -> Iterator[list[int]]:
    """Every way to put the pairs in order without a contradiction, as what comes before each event.

    Whatever pairs have been decided, the others can be decided too: no way is begun in vain.
    """
    stack = [(before, 0)]
    while stack:
        above, turn = stack.pop()
        while turn < len(pairs):
            i, j = pairs[turn]
            if not (above[j] >> i & 1 or above[i] >> j & 1):
                break
            turn += 1
        if turn == len(pairs):
            yield above
            continue
        stack.append((_with_pair(above, j, i), turn + 1))
        stack.append((_with_pair(above, i, j), turn + 1))


def _with_pair(above: list[int], first: int, then: int) -> list[int]:
    """The same where also ``first``, and all before it, comes before ``then`` and all behind that."""
    more = above[first] | 1 << first
    return [held | more if number == then or held >> then & 1 else held for number, held in enumerate(above)]


def _line_up(above: list[int]) -> Ints:
    """Events one behind the other, each after all that come before it; of several, the one shown first."""
    left = set(range(len(above)))
    done = 0
    order = []
    while left:
        number = min(number for number in left if above[number] & ~done == 0)
        left.remove(number)
        done |= 1 << number
        order.append(number)
    return np.array(order, np.int64)
