"""From checked tables to the compiled ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from graphflow.errors import InputError, Problem
from graphflow.kernels.index import sort_hashes
from graphflow.language import N_
from graphflow.ledger.columns import flags, integers, known, text_pieces, texts, whole
from graphflow.ledger.coverage import end_of_day, join_deliveries, missing, read_coverage
from graphflow.ledger.form import ORDINARY, Ledger, hash_ids
from graphflow.ledger.histories import Events, Sides, bridge, number_histories
from graphflow.ledger.keeping import InMemory, Keeping, text_buffers
from graphflow.ledger.laying import Moves, lay_out_rows, lay_out_steps
from graphflow.ledger.openings import Booked, Names, find_openings
from graphflow.ledger.order import NONE, Ordered, Side, ascending, order_events
from graphflow.ledger.reading import numbers_of, own_currencies, read_accounts, read_currencies, read_earmarks
from graphflow.ledger.reversals import net_amounts
from graphflow.tables import SCHEMA, Shelf
from graphflow.threads import threads

if TYPE_CHECKING:
    from graphflow.tables import Tables

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]

SUM = 2**62
"""Sums below this many minor units are counted exactly."""


def compile_ledger(
    tables: Tables,
    keeping: Keeping | None = None,
    *,
    order: Ints | None = None,
    stated: bool = False,
    gaps: Ints | None = None,
    spare: int = 0,
) -> Ledger:
    """Compile checked tables into a ledger.

    Orders the transfers, finds each account's opening, takes back what was reversed, divides custody and
    clearing accounts by earmark, and runs every history once, so that a question later visits only what its
    money reaches. The rules are those of the manual's page on tracing.

    Parameters
    ----------
    tables
        Checked tables; only ``transfers`` is needed.
    keeping
        Where long arrays are put; by default they stay in memory.
    order : int64, optional
        The events in the order in which they are to stand, where it is not to be found: rows of the table by
        their numbers, behind these the arrivals of those in transit. The table itself stands in the order
        that is shown, in which reversals count.
    stated
        Whether coverage counts as stated although nothing here says anything of it: the tables are a part
        of a case in which something does.
    gaps : int64 (g, 2), optional
        Withdrawals and deposits, as rows of the table, that are taken to be the same cash: the deposit is
        paid out of a place where the withdrawal's money stands by itself.
    spare
        How many minor units more than the least every opening has that is not known.

    Raises
    ------
    InputError
        A balance or an amount of 2**52 minor units or more, named: beyond it pro rata would not be exact.
        Transfers in one currency that add up to 2**62 minor units or more.
    """
    keeping = keeping or InMemory()
    transfers: Any = tables.arrow("transfers")
    if transfers is None:  # a case to which only other tables have been imported so far
        columns = SCHEMA["transfers"].columns.values()
        transfers = pa.table({column.name: pa.array([], column.type) for column in columns})
    accounts = tables.arrow("accounts")
    size = len(transfers)
    who = read_accounts(tables, transfers, accounts)
    kind = who.kind

    # what nothing waits for is done beside the rest: the kernels let go of Python's lock
    aside = threads(2, size)
    source, target = aside.map(lambda side: numbers_of(tables, transfers, side, who), ("source", "target"))
    time = integers(transfers, "time", size)
    arrives = integers(transfers, "target_time", size)
    if known(transfers, "target_time", size).any():
        # an arrival before the departure is a difference of clocks
        arrives = np.where((arrives == NONE) | (arrives < time), time, arrives)
    else:
        arrives = time
    amount = integers(transfers, "amount", size)
    currencies, currency = read_currencies(transfers, "currency", tables.currency, size)
    received = integers(transfers, "target_amount", size)
    converts = known(transfers, "target_amount", size)
    names, other = currencies, currency
    if converts.any():
        received = np.where(converts, received, amount)
        more, coin = read_currencies(transfers, "target_currency", tables.currency, size)
        names = list(dict.fromkeys([*currencies, *more]))
        other = np.where(converts, np.array([names.index(x) for x in more], np.int32)[coin], currency)
    else:
        received = amount

    _refuse_beyond_64_bits(names, ((currency, amount), (other, received)))

    # events: every transfer, and the arrival of those in transit
    moving = np.flatnonzero(arrives > time)
    event_row = np.concatenate((np.arange(size, dtype=np.int32), moving.astype(np.int32)))
    second = np.concatenate((np.zeros(size, np.bool_), np.ones(moving.size, np.bool_)))
    first = np.concatenate((arrives > time, np.zeros(moving.size, np.bool_)))
    event_time = np.concatenate((time, arrives[moving])) if moving.size else time
    # where the rows stand in order already, picking them costs nothing
    rows: Any = event_row if moving.size else slice(None)
    events = Events(event_row, event_time, first, second, moving, rows)
    if order is None:
        placed = _order(tables, transfers, events, (source, target), (amount, received), (currency, other))
    else:
        placed = Ordered.settled(order)
    as_given = moving.size == 0 and bool((placed.order == event_row).all())
    if not as_given:
        event_row, event_time = event_row[placed.order], event_time[placed.order]
        first, second = first[placed.order], second[placed.order]
        rows = event_row
        events = Events(event_row, event_time, first, second, moving, rows)
    origin = event_row[~second] if moving.size else event_row
    named = aside.submit(_keep_ids, transfers, None if as_given else origin, keeping)

    coverage = read_coverage(accounts, tables.arrow("coverage"), who.ids, kind == 4, tables.timezone, stated)
    own_coin, names = own_currencies(accounts, who.ids, coverage, tables.currency, names)
    if coverage.loose.any():
        payers = (np.where(second, -1, source[rows]), event_time, currency[rows])
        payees = (np.where(first, -1, target[rows]), event_time, other[rows])
        behind = [integers(transfers, name, size)[rows] for name in ("source_balance", "target_balance")]
        sides_of = ((*payers, behind[0], -amount[rows]), (*payees, behind[1], received[rows]))
        coverage = join_deliveries(coverage, sides_of)
    earmark, earmarks = read_earmarks(transfers, size, kind, source, target)

    sides = Sides((source, target), (currency, other), earmark, kind)
    books, pots, pots_of, books_of = number_histories(sides, len(names), coverage, own_coin, events)
    bridged = (np.zeros(0, np.bool_), np.zeros(0, np.bool_))
    if gaps is not None and len(gaps):
        books_of = (books_of[0].copy(), books_of[1].copy())
        pots, bridged = bridge(gaps, events, pots, pots_of, books_of)

    vague = _open_events(placed)
    booked = Booked(event_row, event_time, rows, books_of, (amount[rows], received[rows]), vague)
    by_book, basis, breaks = find_openings(
        transfers, coverage, Names(who.ids, names, own_coin), books, booked, spare
    )
    ordinary = books["kind"] == ORDINARY
    opening = np.zeros(len(pots), np.int64)
    opening[books["earmark"][ordinary]] = by_book[ordinary]
    pots["basis"][books["earmark"][ordinary]] = basis[ordinary]

    # of a row with a bare date only the day is known: another day is certainly later, another hour is not
    latest = end_of_day(time, flags(transfers, "time_day", size), tables.timezone)
    net, broken = net_amounts(
        transfers, who.ids, source, target, (time, latest), currency, converts, amount,
        origin if order is None else np.arange(size, dtype=np.int32),
    )  # fmt: skip
    breaks = [*breaks, *broken, *missing(coverage, who.ids)]
    breaks.extend(_contradictions(placed, event_row, transfers))
    row_of = event_row if as_given else np.empty(size, np.int32)
    if not as_given:
        row_of[origin] = np.arange(size, dtype=np.int32)
    groups, pairs = _open_groups(placed, event_row, second, row_of)
    by_row = aside.submit(
        lay_out_rows, keeping, origin, (time, arrives), (source, target), (amount, net), currency
    )
    moves = Moves(
        events, pots_of, (source, target), net, received, converts, row_of, pots, kind, who.party,
        known(transfers, "fee_of", size), bridged,
    )  # fmt: skip
    del pots_of, books_of, booked, sides
    ids, id_hashes, id_rows = named.result()  # before the indexes take their memory
    laid = lay_out_steps(moves, opening, origin, keeping, (who.ids, lambda row: str(ids[row])))
    by_party = np.argsort(who.party, kind="stable")
    pointer = np.searchsorted(who.party[by_party], np.arange(len(who.party_ids) + 1)).astype(np.int64)
    return Ledger(
        steps=laid.steps,
        rows=by_row.result(),
        pots=laid.pots,
        periods=coverage.periods,
        converted=laid.converted,
        debits=laid.debits,
        credits=laid.credits,
        account_kind=kind,
        account_party=who.party,
        account_asset=who.asset,
        party_pointer=pointer,
        party_accounts=by_party.astype(np.int32),
        row_earmark=earmark[origin] if earmark.size else earmark,
        row_pointer=laid.row_pointer,
        row_steps=laid.row_steps,
        id_hashes=id_hashes,
        id_rows=id_rows,
        transfer_ids=ids,
        account_ids=who.ids,
        party_ids=who.party_ids,
        earmarks=earmarks,
        currencies=tuple(names),
        minor_units={name: int(tables.minor_units.get(name, 0)) for name in names},  # none in an empty case
        timezone=tables.timezone,
        coverage_stated=coverage.stated,
        breaks=tuple(breaks),
        open_rows=np.column_stack((row_of[event_row[vague[0]]], vague[1])).astype(np.int64).reshape(-1, 2),
        open_groups=groups,
        open_pairs=pairs,
        arrivals=_arrivals(event_row, second, row_of),
    )


def _keep_ids(
    transfers: Any, origin: Numbers | None, keeping: Keeping
) -> tuple[Any, NDArray[np.uint64], Numbers]:
    """The ids of transfers in order, and by their hashes."""
    if origin is None:
        pieces, size = text_pieces(transfers, "transfer_id"), _bytes_of(transfers, "transfer_id")
    else:
        ids = texts(transfers, "transfer_id").take(pa.array(origin))
        pieces, size = iter([ids]), text_buffers(ids)[1].size
    hashes, at = np.empty(len(transfers), np.uint64), 0

    def hashed() -> Iterator[Any]:
        nonlocal at
        for piece in pieces:
            hashes[at : at + len(piece)] = hash_ids(piece)
            at += len(piece)
            yield piece

    kept = keeping.texts("transfer_ids", hashed(), len(transfers), size)
    ordered, rows = sort_hashes(hashes)
    return kept, keeping.whole("id_hashes", ordered), keeping.whole("id_rows", rows)


def _bytes_of(transfers: Any, name: str) -> int:
    if isinstance(transfers, Shelf):
        return transfers.size(name)
    return int(text_buffers(texts(transfers, name))[1].size) if len(transfers) else 0


def _order(
    tables: Tables,
    transfers: Any,
    events: Events,
    accounts: tuple[Numbers, Numbers],
    amounts: tuple[Ints, Ints],
    currencies: tuple[Numbers, Numbers],
) -> Ordered:
    size = accounts[0].size
    rows, first, second = events.rows, events.first, events.second
    bare = flags(transfers, "time_day", size)[rows] & ~second
    bare |= flags(transfers, "target_time_day", size)[rows] & second
    day = None
    if not bare.any() and ascending(events.time):  # nothing else needs to be looked at
        places = events.row if events.row.size == size else np.arange(events.row.size)
        return Ordered.settled(places)
    if bare.any():
        local = pd.to_datetime(events.time, unit="us", utc=True).tz_convert(tables.timezone).tz_localize(None)
        day = local.normalize().as_unit("us").asi8
    sequence = integers(transfers, "sequence", size)[rows]
    payers = Side(
        np.where(second, -1, accounts[0][rows]),
        integers(transfers, "source_sequence", size)[rows],
        integers(transfers, "source_balance", size)[rows],
        currencies[0][rows],
        -amounts[0][rows],
    )
    payees = Side(
        np.where(first, -1, accounts[1][rows]),
        integers(transfers, "target_sequence", size)[rows],
        integers(transfers, "target_balance", size)[rows],
        currencies[1][rows],
        amounts[1][rows],
    )
    ids = texts(transfers, "transfer_id")
    if events.row.size > size and ids is not None:
        ids = ids.take(pa.array(events.row))
    return order_events(events.time, sequence, bare, day, events.row, ids, (payers, payees))


def _refuse_beyond_64_bits(
    names: list[str], sides: tuple[tuple[Numbers, Ints], tuple[Numbers, Ints]]
) -> None:
    """Refuse what 64 bits might not count: no ruler of an account, seed or end is longer than all amounts."""
    problems = []
    for coins, amounts in sides:
        if amounts.size == 0:
            continue
        if int(amounts.max()) * amounts.size >= SUM:
            for coin, name in enumerate(names):
                of = amounts[coins == coin]
                total = (int((of >> 26).sum()) << 26) + int((of & (2**26 - 1)).sum())
                if total >= SUM:
                    problems.append(
                        Problem(
                            "transfers",
                            N_("the transfers in {currency} add up to {total} minor units"),
                            {"currency": name, "total": total},
                            expected=N_("less than 4611686018427387904 (2**62) minor units in all"),
                        )
                    )
        if problems:
            raise InputError(*problems)


def _contradictions(placed: Ordered, event_row: Numbers, transfers: Any) -> list[Mapping[str, Any]]:
    """Rows whose statements contradict one another about their order."""
    if placed.contradicted.size == 0:
        return []
    ids = texts(transfers, "transfer_id")
    amounts = whole(transfers, "amount")
    out: list[Mapping[str, Any]] = []
    for event in placed.contradicted:
        row = int(event_row[placed.place[event]])
        out.append({"kind": "order", "transfer_id": ids[row].as_py(), "amount": amounts[row].as_py()})
    return out


def _open_events(placed: Ordered) -> tuple[Ints, Ints]:
    """Events, by their places in the order that is shown, and the account whose order is open there."""
    if placed.open_events.size == 0:
        return placed.open_events, placed.open_account
    return placed.place[placed.open_events], placed.open_account


def _open_groups(
    placed: Ordered, event_row: Numbers, second: NDArray[np.bool_], row_of: Numbers
) -> tuple[Ints, Ints]:
    """Events of groups in which an order is open, and what is known of their order."""
    known = placed.open_groups
    if known is None:
        return np.zeros((0, 2), np.int64), np.zeros((0, 2), np.int64)
    at = placed.place[known.event]
    code = 2 * row_of[event_row[at]].astype(np.int64) + second[at]
    return np.column_stack((code, known.group)), np.column_stack((known.before, known.after))


def _arrivals(event_row: Numbers, second: NDArray[np.bool_], row_of: Numbers) -> Ints:
    """Transfers in transit in the order in which they arrive, and how many rows leave before each does."""
    at = np.flatnonzero(second)
    return np.column_stack((row_of[event_row[at]], at - np.arange(at.size))).astype(np.int64).reshape(-1, 2)
