"""With what every history opens, and where what is stated of balances does not hold together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphflow.kernels.balances import book_rows
from graphflow.ledger.columns import fixed, integers, texts, whole
from graphflow.ledger.coverage import Coverage
from graphflow.ledger.form import BASES, ORDINARY
from graphflow.ledger.order import NONE

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]
Breaks = list[Mapping[str, Any]]

STATED, FIRST, UNKNOWN = (BASES.index(name) for name in ("stated", "first balance", "unknown"))
LISTED = 100_000
"""Breaks of one kind that are listed; of the others the number is said."""


@dataclass(frozen=True)
class Booked:
    """Every event as booked, in order: its row of the table, its time, and by side its book and its amount.

    ``rows`` picks the events out of a column of the table; ``open`` are events, with the account whose rows
    around them nothing puts in order.
    """

    row: Numbers
    time: Ints
    rows: Any
    books: tuple[Numbers, Numbers]
    amounts: tuple[Ints, Ints]
    open: tuple[Ints, Ints]


@dataclass(frozen=True)
class Names:
    """What accounts and currencies are called, and the currency in which each account's openings are."""

    accounts: Any
    currencies: list[str]
    own: Ints


def find_openings(
    transfers: Any,
    coverage: Coverage,
    names: Names,
    books: NDArray[np.void],
    booked: Booked,
    spare: int = 0,
) -> tuple[Ints, Ints, Breaks]:
    """Opening and basis of each book, and breaks.

    An opening is the stated one, else it follows from the first running balance, else from an opening that is
    stated for a later time of the same period, else it is the least one that never overdraws, and what is
    ``spare``. What is stated
    of openings is compared with one another and with the rows, running balances with the rows.
    """
    size = len(transfers)
    stated = ("source_balance", "target_balance")
    balances: list[Ints] = []
    known: list[NDArray[np.bool_]] = []
    if any(whole(transfers, name) is not None for name in stated):
        balances = [integers(transfers, name, size)[booked.rows] for name in stated]
        known = [(x != NONE) & (book >= 0) for x, book in zip(balances, booked.books, strict=True)]
    wanted = any(bool(x.any()) for x in known)
    payers, payees = (fixed(book, np.int32) for book in booked.books)
    paid, received = (fixed(amounts, np.int64) for amounts in booked.amounts)
    sums, *runs = book_rows(payers, payees, paid, received, len(books), wanted)
    lowest, total = sums[:, 0], sums[:, 1]

    opening = np.full(len(books), NONE, np.int64)
    basis = np.zeros(len(books), np.int64)
    ordinary = np.flatnonzero(books["kind"] == ORDINARY)
    value = coverage.openings[books["period"][ordinary]]
    fits = (value != NONE) & (names.own[books["account"][ordinary]] == books["currency"][ordinary])
    opening[ordinary[fits]] = value[fits]
    basis[ordinary[fits]] = STATED
    breaks: Breaks = []
    if wanted:
        breaks += _by_balances(transfers, names, books, booked, balances, known, runs, opening, basis)
    breaks += _by_later_openings(coverage, names, books, booked, opening, basis)
    least = ordinary[opening[ordinary] == NONE]
    opening[least] = spare - np.minimum(lowest[least], 0)
    basis[least] = UNKNOWN
    breaks += _between_periods(coverage, names, books, opening, basis, total)
    return opening, basis, breaks


def _by_balances(
    transfers: Any,
    names: Names,
    books: NDArray[np.void],
    booked: Booked,
    balances: list[Ints],
    known: list[NDArray[np.bool_]],
    runs: list[Ints],
    opening: Ints,
    basis: Ints,
) -> Breaks:
    """Openings that follow from the first running balance, and running balances that do not follow."""
    events = [np.flatnonzero(x) for x in known]
    event = np.concatenate(events)
    side = np.repeat([0, 1], [x.size for x in events])
    book = np.concatenate([booked.books[i][events[i]] for i in (0, 1)])
    run = np.concatenate([runs[i][events[i]] for i in (0, 1)])
    balance = np.concatenate([balances[i][events[i]] for i in (0, 1)])
    sort = np.lexsort((side, event, book))
    event, book, run, balance = event[sort], book[sort], run[sort], balance[sort]
    implied = balance - run
    heads = np.flatnonzero(np.concatenate(([True], book[1:] != book[:-1])))
    unknown = opening[book[heads]] == NONE
    opening[book[heads][unknown]] = implied[heads][unknown]
    basis[book[heads][unknown]] = FIRST
    # among rows whose order is open a balance proves nothing against the rows; behind them it does
    vague = _in_open_order(event, books["account"][book], booked.open)
    proven = ~(unknown & vague[heads])
    settled = np.flatnonzero(~vague)
    line = np.searchsorted(heads, settled, side="right") - 1  # which book's
    event, book, run, balance, implied = (x[settled] for x in (event, book, run, balance, implied))
    # a break is where the balance stops being the sum of what came before; the next ones follow from it
    last = np.roll(implied, 1)
    first = np.flatnonzero(np.diff(line, prepend=-1))
    last[first] = np.where(proven[line[first]], opening[book[first]], implied[first])
    broken = np.flatnonzero(implied != last)
    ids = texts(transfers, "transfer_id")
    breaks: Breaks = [
        {
            "kind": "balance",
            "transfer_id": ids[int(booked.row[event[i]])].as_py(),
            "account_id": names.accounts[int(books["account"][book[i]])].as_py(),
            "currency": names.currencies[int(books["currency"][book[i]])],
            "stated": int(balance[i]),
            "expected": int(run[i] + last[i]),
            "amount": int(implied[i] - last[i]),
        }
        for i in broken[:LISTED]
    ]
    if broken.size > LISTED:
        amount = sum(abs(int(implied[i] - last[i])) for i in broken[LISTED:])
        breaks.append(
            {"kind": "balance", "account_id": None, "rows": int(broken.size - LISTED), "amount": amount}
        )
    return breaks


def _in_open_order(event: Ints, account: Numbers, open_: tuple[Ints, Ints]) -> NDArray[np.bool_]:
    """Whether events are among those of an account whose order nothing decides."""
    events, accounts = open_
    if events.size == 0:
        return np.zeros(event.size, np.bool_)
    span = int(max(events.max(), event.max(initial=0))) + 1
    return np.isin(account.astype(np.int64) * span + event, accounts.astype(np.int64) * span + events)


def _by_later_openings(
    coverage: Coverage, names: Names, books: NDArray[np.void], booked: Booked, opening: Ints, basis: Ints
) -> Breaks:
    """Openings that follow from one stated for a later time of the same period; those that do not follow.

    Several that are stated for one time and differ are breaks, and none of them counts.
    """
    breaks: Breaks = []
    for whose, when, said in coverage.disputed:
        for other in said[1:]:
            breaks.append(_opening_break(names, whose, int(names.own[whose]), when, other, said[0]))
    if not coverage.later:
        return breaks
    account, time, value = (np.array(x, np.int64) for x in zip(*coverage.later, strict=True))
    period = coverage.find(account.astype(np.int32), time)
    of_account = np.ascontiguousarray(books["account"])
    book = np.full(account.size, -1, np.int64)
    for i, number in enumerate(account.tolist()):
        for b in range(*np.searchsorted(of_account, (number, number + 1))):
            if books["currency"][b] == names.own[number] and books["period"][b] == period[i]:
                book[i] = b
    concerned = np.zeros(len(books) + 1, np.bool_)
    concerned[book[book >= 0]] = True
    # the sums of the books that are concerned, event by event
    parts = []
    for sign, books_of, amounts in zip((-1, 1), booked.books, booked.amounts, strict=True):
        events = np.flatnonzero(concerned[books_of])
        parts.append((books_of[events].astype(np.int64), booked.time[events], sign * amounts[events]))
    of, times, change = (np.concatenate(x) for x in zip(*parts, strict=True))
    order = np.lexsort((times, of))
    of, times, sums = of[order], times[order], np.append(0, np.cumsum(change[order]))
    for a, t, v, b in zip(account.tolist(), time.tolist(), value.tolist(), book.tolist(), strict=True):
        if b < 0:
            continue
        low, high = np.searchsorted(of, (b, b + 1))
        run = int(sums[low + np.searchsorted(times[low:high], t)] - sums[low])
        if opening[b] == NONE:
            opening[b], basis[b] = v - run, FIRST
        elif opening[b] + run != v:
            breaks.append(_opening_break(names, a, int(names.own[a]), t, v, int(opening[b]) + run))
    return breaks


def _between_periods(
    coverage: Coverage, names: Names, books: NDArray[np.void], opening: Ints, basis: Ints, total: Ints
) -> Breaks:
    """Where a period opens with something else than what the period before it closed with."""
    period = books["period"]
    held = np.flatnonzero((books["kind"] == ORDINARY) & (basis != UNKNOWN))
    sort = held[np.lexsort((period[held], books["currency"][held], books["account"][held]))]
    before, after = sort[:-1], sort[1:]
    next_one = (books["account"][before] == books["account"][after]) & (
        books["currency"][before] == books["currency"][after]
    )
    next_one &= period[before] + 1 == period[after]
    closing = opening[before] + total[before]
    breaks: Breaks = []
    for i in np.flatnonzero(next_one & (closing != opening[after])).tolist():
        book = books[after[i]]
        time = int(coverage.periods["begins"][book["period"]])
        coin, stated = int(book["currency"]), int(opening[after[i]])
        breaks.append(_opening_break(names, int(book["account"]), coin, time, stated, int(closing[i])))
    return breaks


def _opening_break(
    names: Names, account: int, coin: int, time: int, stated: int, expected: int
) -> Mapping[str, Any]:
    return {
        "kind": "opening",
        "account_id": names.accounts[account].as_py(),
        "currency": names.currencies[coin] if coin >= 0 else "",
        "time": time if time != NONE else None,
        "stated": stated,
        "expected": expected,
        "amount": stated - expected,
    }
