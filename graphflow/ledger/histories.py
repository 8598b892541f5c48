"""Histories, numbered: an account's in one currency and one period, or one earmark's part of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphflow import sets
from graphflow.kernels.index import history_keys
from graphflow.ledger.columns import fixed
from graphflow.ledger.coverage import Coverage
from graphflow.ledger.form import CLEARING, CUSTODY, GAP, ORDINARY, OUTSIDE, POT, TRANSIT
from graphflow.ledger.keeping import STRETCH

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Events:
    """Every transfer, and the arrival of those in transit.

    Attributes
    ----------
    row, time
        Each event's row of the table, and when it is.
    first, second
        Whether it only leaves, and whether it only arrives.
    moving
        The rows in transit.
    rows
        Picks the events out of a column of the table.
    """

    row: Numbers
    time: Ints
    first: Flags
    second: Flags
    moving: Ints
    rows: Any

    def stretches(self) -> Iterator[tuple[slice, Any]]:
        """The events in stretches, each with what picks its rows out of a column of the table."""
        for at in range(0, self.row.size, STRETCH):
            part = slice(at, min(at + STRETCH, self.row.size))
            yield part, part if isinstance(self.rows, slice) else self.rows[part]


@dataclass(frozen=True)
class Sides:
    """Whose history each side of every event belongs to.

    The account of each row's payer and payee and the currency of what leaves and of what arrives, all by row
    of the table; the earmark of each row (none has one where there is no entry); the kind of each account.
    """

    accounts: tuple[Numbers, Numbers]
    coins: tuple[Numbers, Numbers]
    earmark: Numbers
    kind: NDArray[np.int8]


def number_histories(
    sides: Sides, coins: int, coverage: Coverage, own_coin: Ints, events: Events
) -> tuple[NDArray[np.void], NDArray[np.void], tuple[Numbers, Numbers], tuple[Numbers, Numbers]]:
    """Number the books and pots of both sides of every event: books, pots, the pot of each side, its book.

    A book is (account, currency, period); a pot is one, or its part under one earmark. Pots are numbered by
    account, so that those of an account are neighbours; transfers in transit come last, each with its own.
    What opens with a stated balance has one also where no row is.
    """
    kind = sides.kind
    # period 0 is the world outside; the periods of one account are neighbours
    widest = int(np.diff(coverage.pointer).max(initial=0)) + 1
    marks = int(sides.earmark.max(initial=-1)) + 2
    sizes = (coins, widest, marks)
    keys = [_keys(sides, side, sizes, coverage, events) for side in (0, 1)]
    found = _distinct(*keys)
    told = np.flatnonzero(coverage.tells)
    whose = coverage.periods["account"][told].astype(np.int64)
    told, whose = (x[(kind[whose] != 4) & (own_coin[whose] >= 0)] for x in (told, whose))
    opened = (whose * coins + own_coin[whose]) * widest + told - coverage.pointer[whose] + 1
    book_keys = _ascending(np.concatenate((found // marks, opened)))
    # a custody book always has its bare compartment: the opening stands there
    custody = book_keys[(kind[book_keys // (widest * coins)] == 5) & (book_keys % widest > 0)]
    pot_keys = _ascending(np.concatenate((found, custody * marks, opened * marks)))
    source_pot, target_pot = (_places(side, pot_keys) for side in keys)
    del keys

    pots = np.zeros(pot_keys.size + events.moving.size, POT)
    plain = pots[: pot_keys.size]
    of_book = pot_keys // marks
    plain["earmark"] = pot_keys % marks - 1
    plain["account"] = of_book // (widest * coins)
    plain["currency"] = of_book // widest % coins
    slot = of_book % widest
    plain["period"] = np.where(slot > 0, coverage.pointer[plain["account"]] + slot - 1, -1)
    what = kind[plain["account"]]
    plain["kind"] = np.where(
        slot == 0, OUTSIDE, np.where(what == 4, CLEARING, np.where(what == 5, CUSTODY, ORDINARY))
    )
    books = np.zeros(book_keys.size, POT)
    books["account"] = book_keys // (widest * coins)
    books["currency"] = book_keys // widest % coins
    slot = book_keys % widest
    books["period"] = np.where(slot > 0, coverage.pointer[books["account"]] + slot - 1, -1)
    books["kind"] = np.where(slot == 0, OUTSIDE, np.where(kind[books["account"]] == 4, CLEARING, ORDINARY))
    books["earmark"] = np.searchsorted(pot_keys, book_keys * marks)  # the bare pot, where there is one

    if events.moving.size:
        transit = pots[pot_keys.size :]
        transit["account"] = -1
        transit["period"] = events.moving  # the transfer, as a row of the table
        transit["currency"] = sides.coins[0][events.moving]
        transit["earmark"] = -1
        transit["kind"] = TRANSIT
        own = np.full(int(events.row.max()) + 1, -1, np.int64)
        own[events.moving] = pot_keys.size + np.arange(events.moving.size)
        target_pot[events.first] = own[events.row[events.first]]
        source_pot[events.second] = own[events.row[events.second]]
    # no sums are run for the world outside, for clearing, in transit
    summed = (books["kind"] != OUTSIDE) & (books["kind"] != CLEARING)
    number = np.searchsorted(book_keys, of_book)
    book_of = np.full(len(pots) + 1, -1, np.int32)  # behind the pots: of no pot
    book_of[: pot_keys.size] = np.where(summed[number], number, -1)
    if bool((book_of[:-1] == np.arange(len(pots))).all()):  # as in most cases
        return books, pots, (source_pot, target_pot), (source_pot, target_pot)
    return books, pots, (source_pot, target_pot), (book_of[source_pot], book_of[target_pot])


def bridge(
    gaps: Ints,
    events: Events,
    pots: NDArray[np.void],
    sides: tuple[Numbers, Numbers],
    books: tuple[Numbers, Numbers],
) -> tuple[NDArray[np.void], tuple[Flags, Flags]]:
    """Give the cash of each pair of a withdrawal and a deposit a place of its own, between the two.

    Neither stands in the books of the cash accounts then. Changes the pots and books of the events' sides.

    Parameters
    ----------
    gaps
        Withdrawals and deposits, as rows of the table.
    sides, books
        The pots and books of the payers and the payees, by event.

    Returns
    -------
    The pots with those of the pairs behind the others, and of which events the payer's side is such a place,
    of which the payee's.
    """
    joined = np.zeros((2, events.row.size), np.bool_)
    place = np.full(int(events.row.max()) + 1, -1, np.int64)
    more = np.zeros(len(gaps), POT)
    # a withdrawal comes to the place when it arrives, a deposit leaves it when it leaves
    for side, column, only in ((1, 0, ~events.first), (0, 1, ~events.second)):
        place[:] = -1
        place[gaps[:, column]] = len(pots) + np.arange(len(gaps))
        which = np.flatnonzero((place[events.row] >= 0) & only)
        if side:
            more["currency"][place[events.row[which]] - len(pots)] = pots["currency"][sides[1][which]]
        sides[side][which] = place[events.row[which]]
        books[side][which] = -1
        joined[side, which] = True
    more["account"] = -1
    more["period"] = gaps[:, 0]  # as rows of the table
    more["earmark"] = gaps[:, 1]
    more["kind"] = GAP
    return np.concatenate((pots, more)), (joined[0], joined[1])


def _keys(
    sides: Sides, side: int, sizes: tuple[int, int, int], coverage: Coverage, events: Events
) -> Ints | Numbers:
    """The key of the pot of one side of every event; -1 where it is in transit."""
    number, coin, kind = sides.accounts[side], sides.coins[side], sides.kind
    gone = events.first if side else events.second
    by_earmark = np.isin(kind, (4, 5))
    clearing = bool((kind == 4).any())
    span = kind.size * sizes[0] * sizes[1] * sizes[2]
    keys: Any = np.empty(events.row.size, np.int32 if span < 2**31 else np.int64)
    for part, rows in events.stretches():
        account = number[rows]
        period = coverage.find(account, events.time[part])
        mark = sides.earmark[rows] if sides.earmark.size else sides.earmark
        if clearing:
            known = mark >= 0 if mark.size else np.zeros(account.size, np.bool_)
            period = np.where((kind[account] == 4) & ~known, -1, period)
        if events.moving.size:
            account = np.where(gone[part], -1, account)
        keys[part] = history_keys(
            fixed(account, np.int32), fixed(coin[rows], np.int32), fixed(period, np.int32),
            fixed(mark, np.int32), by_earmark, coverage.pointer, sizes,
        )  # fmt: skip
    return np.asarray(keys)


def _distinct(*sides: Ints | Numbers) -> Ints:
    """The keys that occur, ascending, but -1."""
    span = max(int(keys.max(initial=-1)) for keys in sides) + 1
    if span > 4 * sum(keys.size for keys in sides) + 1_000_000:
        found = sets.unique(np.concatenate(sides)).astype(np.int64)
        return found[found >= 0]
    present = np.zeros(span + 1, np.bool_)  # a table of all possible keys costs less than a sort
    for keys in sides:
        for at in range(0, keys.size, STRETCH):
            present[keys[at : at + STRETCH]] = True  # -1 is the last
    return np.flatnonzero(present[:-1])


def _ascending(keys: Ints) -> Ints:
    """The keys in order, each once; `np.unique` hashes, which costs far more where they are sorted nearly."""
    keys = np.sort(keys)
    return keys[np.append(True, keys[1:] != keys[:-1])] if keys.size else keys


def _places(keys: Ints | Numbers, among: Ints) -> Numbers:
    """Where each key stands among ascending ones; -1 stays. The keys may be written over."""
    span = int(among[-1]) + 1 if among.size else 0
    if span > 4 * keys.size + 1_000_000:
        return np.where(keys < 0, -1, np.searchsorted(among, keys)).astype(np.int32)
    number = np.full(span + 1, -1, np.int32)
    number[among] = np.arange(among.size, dtype=np.int32)
    places: Any = keys if keys.dtype == np.int32 else np.empty(keys.size, np.int32)
    for at in range(0, keys.size, STRETCH):
        places[at : at + STRETCH] = number[keys[at : at + STRETCH]]
    return np.asarray(places, np.int32)
