"""Orders that nothing decides: every joint order of the rows, and what the figures are over all of them.

Written from the definition alone (tracing.md, invariant 7), to be read. A comment that begins `READING:` stands where the
definition leaves room.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.naive.oracle import Oracle, Ref, RefusedError
from tests.naive.oracle_rows import Rows

Relation = dict[int, set[int]]  # places: those that come behind, all of them


def joint_orders(rows: Rows, accounts: Iterable[str], most: int = 1000) -> list[Rows] | None:
    """The rows in every order of the open groups that differs for these accounts; None if there are more than `most`.

    Two orders are the same if every one of the accounts has its rows in the same order. Of those that are the same one
    stands for all: that which is nearest to the order that is shown.
    """
    # READING: rows are taken as booked: what was undone has its place in the order, and openings depend on it.
    assert "contradictory order" not in rows.breaks, "nobody says which orders contradict one another how"
    wanted = set(accounts)
    found: list[list[Relation]] = []
    for group in rows.groups:
        some = list(itertools.islice(decided(rows, group, wanted), most + 1))
        if len(some) > most:
            return None
        found.append(some)
    count = 1
    for some in found:
        count *= len(some)
    if count > most:
        return None
    return [in_order(rows, relations) for relations in itertools.product(*found)]


def decided(rows: Rows, behind: Relation, accounts: set[str]) -> Iterator[Relation]:
    """Every way to decide which of two rows of one of the accounts comes first, where that is not known."""
    for a, b in itertools.combinations(sorted(behind), 2):
        shared = places_of(rows, a) & places_of(rows, b) & accounts
        if shared and b not in behind[a] and a not in behind[b]:
            yield from decided(rows, first_before(behind, a, b), accounts)
            yield from decided(rows, first_before(behind, b, a), accounts)
            return
    yield behind


def places_of(rows: Rows, place: int) -> set[str]:
    return {rows.steps[place].source, rows.steps[place].target}


def first_before(behind: Relation, a: int, b: int) -> Relation:
    """The same knowledge, and that `a` comes before `b`: so does all that is before `a`, before all behind `b`."""
    later = {b, *behind[b]}
    return {
        place: others | later if place == a or a in others else others for place, others in behind.items()
    }


def in_order(rows: Rows, relations: Iterable[Relation]) -> Rows:
    """The rows with the groups in an order that the relations allow, the first in the order that is shown first."""
    order = list(range(len(rows.steps)))
    for behind in relations:
        places = sorted(behind)
        before = {place: sum(place in others for others in behind.values()) for place in places}
        free = [place for place in places if not before[place]]
        heapq.heapify(free)
        done = []
        while free:
            place = heapq.heappop(free)
            done.append(place)
            for other in behind[place]:
                before[other] -= 1
                if not before[other]:
                    heapq.heappush(free, other)
        assert len(done) == len(places)
        for at, place in zip(places, done, strict=True):
            order[at] = place
    return rows.reordered(order)


@dataclass
class Intervals:
    """The least and the greatest of every figure over all joint orders; a figure that an order has not is 0 there."""

    transfers: dict[str, tuple[Any, Any]]  # what each carries, in its own currency
    ends: dict[tuple[str, str, str], tuple[Any, Any]]  # the amount, in its own currency
    orders: int


def intervals(oracle: Oracle, refs: list[Ref], most: int = 1000, **question: Any) -> Intervals | None:
    """A question asked in every joint order of the rows in any account that its money reaches in some order.

    None where there are more than `most` orders. Each order has its own least openings.
    """
    accounts = {ref.name for ref in refs if ref.kind == "balance"}
    while True:
        orders = joint_orders(oracle.rows, accounts, most)
        if orders is None:
            return None
        answers, reached = [], set(accounts)
        for rows in orders:
            # READING: each order is asked the whole question: what stood in a balance seed's account, too. An order in which
            # there is no such money has no answer, and counts for nothing. But of which of several transfers a part is
            # taken, does not vary by the order in accounts that its money only left.
            try:
                answers.append(Oracle.of(rows).trace(refs, **question))
            except RefusedError:
                continue
            reached |= answers[-1].touched
        if reached <= accounts:
            break
        accounts |= reached
    if not answers:
        raise RefusedError("there is no such money, in whatever order")
    return Intervals(
        spans([{name: amounts[0] for name, amounts in answer.transfers.items()} for answer in answers]),
        spans([{end: amounts[0] for end, amounts in answer.ends.items()} for answer in answers]),
        len(orders),
    )


def spans(figures: list[dict]) -> dict:
    names = {name for each in figures for name in each}
    return {
        name: (min(each.get(name, 0) for each in figures), max(each.get(name, 0) for each in figures))
        for name in names
    }
