"""From checked tables to the compiled ledger."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow.errors import InputError, Problem
from graphflow.kernels.balances import run_balances
from graphflow.kernels.index import history_keys, index_by, sort_hashes
from graphflow.language import N_
from graphflow.ledger.columns import fixed, flags, integers, known, positions, texts, whole
from graphflow.ledger.coverage import Coverage, end_of_day, gaps, join_deliveries, read_coverage
from graphflow.ledger.division import divide
from graphflow.ledger.form import (
    CLEARING,
    CUSTODY,
    ORDINARY,
    OUTSIDE,
    POT,
    TRANSIT,
    Ledger,
    hash_ids,
)
from graphflow.ledger.laying import index_of, lay_out_rows, lay_out_steps, refuse_too_large
from graphflow.ledger.openings import Booked, Names, find_openings
from graphflow.ledger.order import NONE, Ordered, Side, ascending, order_events
from graphflow.ledger.reversals import net_amounts
from graphflow.tables import SCHEMA

if TYPE_CHECKING:
    from graphflow.tables import Tables

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]

SUM = 2**62
"""Sums below this many minor units are counted exactly."""

_KIND = {
    "cash": 1,
    "internal": 2,
    "tax": 3,
    "clearing": 4,
    "client_custody": 5,
    "reserve_central": 5,
    "reserve_special": 5,
    "securities": 6,
    "margin": 6,
}
_EARMARKS = ("clearing_id", "order_id", "loan_id", "product_id")


@dataclass(frozen=True)
class _Accounts:
    """What is known of the accounts, by number."""

    ids: Any
    kind: NDArray[np.int8]
    party: NDArray[np.int32]
    asset: NDArray[np.bool_]
    party_ids: Any


def compile_ledger(tables: Tables) -> Ledger:
    """Compile checked tables into a ledger.

    Orders the transfers, finds each account's opening, takes back what was reversed, divides custody and
    clearing accounts by earmark, and runs every history once, so that a question later visits only what its
    money reaches. The rules are those of the manual's page on tracing.

    Parameters
    ----------
    tables
        Checked tables; only ``transfers`` is needed.

    Raises
    ------
    InputError
        A balance or an amount of 2**52 minor units or more, named: beyond it pro rata would not be exact.
        Transfers in one currency that add up to 2**62 minor units or more.
    """
    transfers: Any = tables.arrow("transfers")
    if transfers is None:  # a case to which only other tables have been imported so far
        columns = SCHEMA["transfers"].columns.values()
        transfers = pa.table({column.name: pa.array([], column.type) for column in columns})
    accounts = tables.arrow("accounts")
    size = len(transfers)
    who = _read_accounts(tables, transfers, accounts)
    kind = who.kind

    with ThreadPoolExecutor(2) as threads:
        source, target = threads.map(
            lambda name: _numbers(texts(transfers, name), who.ids), ("source", "target")
        )
    time = integers(transfers, "time", size)
    arrives = integers(transfers, "target_time", size)
    if known(transfers, "target_time", size).any():
        # an arrival before the departure is a difference of clocks
        arrives = np.where((arrives == NONE) | (arrives < time), time, arrives)
    else:
        arrives = time
    amount = integers(transfers, "amount", size)
    currencies, currency = _currencies(transfers, "currency", tables.currency, size)
    received = integers(transfers, "target_amount", size)
    converts = known(transfers, "target_amount", size)
    names, other = currencies, currency
    if converts.any():
        received = np.where(converts, received, amount)
        more, coin = _currencies(transfers, "target_currency", tables.currency, size)
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
    placed = _order(
        tables, transfers, event_row, event_time, first, second, source, target, amount, received, currency,
        other
    )  # fmt: skip
    as_given = moving.size == 0 and bool((placed.order == event_row).all())
    if not as_given:
        event_row, event_time = event_row[placed.order], event_time[placed.order]
        first, second = first[placed.order], second[placed.order]
    # where the rows stand in order already, picking them costs nothing
    rows: Any = slice(None) if as_given else event_row
    origin = event_row[~second] if moving.size else event_row
    ids = texts(transfers, "transfer_id") if size else pa.array([], pa.large_string())
    ids = ids if as_given else ids.take(pa.array(origin))
    # what nothing waits for is done beside the rest: the kernels let go of Python's lock
    aside = ThreadPoolExecutor(2)
    by_hash = aside.submit(lambda: sort_hashes(hash_ids(ids)))

    coverage = read_coverage(accounts, tables.arrow("coverage"), who.ids, kind == 4, tables.timezone)
    own_coin, names = _own_currencies(accounts, who.ids, coverage, tables.currency, names)
    if coverage.loose.any():
        payers = (np.where(second, -1, source[rows]), event_time, currency[rows])
        payees = (np.where(first, -1, target[rows]), event_time, other[rows])
        behind = [integers(transfers, name, size)[rows] for name in ("source_balance", "target_balance")]
        sides_of = ((*payers, behind[0], -amount[rows]), (*payees, behind[1], received[rows]))
        coverage = join_deliveries(coverage, sides_of)
    earmark, earmarks = _earmarks(transfers, size, kind, source, target)

    # the histories of both sides
    mark = earmark[rows] if earmark.size else earmark
    sides = []
    for number, gone, coin in ((source, second, currency), (target, first, other)):
        account = number[rows]
        period = coverage.find(account, event_time)
        if (kind == 4).any():
            clearing_known = mark >= 0 if mark.size else np.zeros(account.size, np.bool_)
            period = np.where((kind[account] == 4) & ~clearing_known, -1, period)
        sides.append((np.where(gone, -1, account) if moving.size else account, period, coin[rows]))
    books, pots, source_pot, target_pot, source_book, target_book = _histories(
        sides, kind, mark, len(names), coverage, own_coin, moving, first, second, currency, event_row
    )

    booked = Booked(event_row, event_time, rows, (source_book, target_book), (amount[rows], received[rows]))
    by_book, basis, breaks = find_openings(
        transfers, coverage, Names(who.ids, names, own_coin), books, booked
    )
    ordinary = books["kind"] == ORDINARY
    opening = np.zeros(len(pots), np.int64)
    opening[books["earmark"][ordinary]] = by_book[ordinary]
    pots["basis"][books["earmark"][ordinary]] = basis[ordinary]

    # of a row with a bare date only the day is known: another day is certainly later, another hour is not
    latest = end_of_day(time, flags(transfers, "time_day", size), tables.timezone)
    net, broken = net_amounts(
        transfers, who.ids, source, target, (time, latest), currency, converts, amount, origin
    )
    breaks = [*breaks, *broken, *gaps(coverage, who.ids)]
    breaks.extend(_contradictions(placed, event_row, transfers))
    laid = aside.submit(lay_out_rows, origin, (time, arrives), (source, target), (amount, net), currency)
    row_of = np.empty(size, np.int32)
    row_of[origin] = np.arange(size, dtype=np.int32)

    steps, converted = lay_out_steps(
        (event_row, first, second), (source_pot, target_pot), (source, target), (net, received),
        converts, row_of, pots, kind, transfers,
    )  # fmt: skip
    del source_pot, target_pot, source_book, target_book, sides, booked
    if (pots["kind"] == CUSTODY).any():
        divided = divide(steps, converted, pots, opening, origin)
        steps, converted, pots, opening = divided.steps, divided.converted, divided.pots, divided.opening
        steps["repaid"] = divided.repaid
    pots["opening"] = opening
    outside = pots["kind"] == OUTSIDE
    custody = pots["kind"] == CUSTODY
    pots["closing"] = run_balances(
        steps, opening, outside, custody, converted[:, 0].copy(), converted[:, 1].copy()
    )
    refuse_too_large(steps, converted, pots, who.ids, lambda row: ids[row].as_py())

    debits, credits_ = aside.map(lambda back: index_of(steps, back, len(pots)), (False, True))
    id_hashes, id_rows = by_hash.result()
    plain = len(steps) == size and bool((steps["row"] == np.arange(size, dtype=np.int32)).all())
    row_pointer, row_steps = np.zeros(0, np.int64), np.zeros(0, np.int32)
    if not plain:
        row_pointer, row_steps = index_by(np.ascontiguousarray(steps["row"]), size)
    by_party = np.argsort(who.party, kind="stable")
    pointer = np.searchsorted(who.party[by_party], np.arange(len(who.party_ids) + 1)).astype(np.int64)
    return Ledger(
        steps=steps,
        rows=laid.result(),
        pots=pots,
        periods=coverage.periods,
        converted=converted,
        debits=debits,
        credits=credits_,
        account_kind=kind,
        account_party=who.party,
        account_asset=who.asset,
        party_pointer=pointer,
        party_accounts=by_party.astype(np.int32),
        row_earmark=earmark[origin] if earmark.size else earmark,
        row_pointer=row_pointer,
        row_steps=row_steps,
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
        open_orders=_open_orders(placed, event_row, row_of),
    )


def _read_accounts(tables: Tables, transfers: Any, accounts: Any) -> _Accounts:
    """Number the accounts by their ids as text, and the parties."""
    named = [texts(transfers, "source"), texts(transfers, "target"), texts(accounts, "account_id")]
    # the door has added every account that a transfer names; a bare ledger may have no table of accounts
    columns = [named[2]] if named[2] is not None else [x for x in named[:2] if x is not None]
    if len(columns) == 1 and bool(pc.all(pc.less(columns[0][:-1], columns[0][1:])).as_py()):
        ids = columns[0]  # ascending already, each once
    else:
        ids = pa.chunked_array(columns).unique() if columns else pa.array([], pa.large_string())
        ids = ids.take(pc.sort_indices(ids))
    size = len(ids)
    kind = np.zeros(size, np.int8)
    party = np.full(size, -1, np.int32)
    asset = np.zeros(size, np.bool_)
    party_ids = pa.array([], pa.large_string())
    if accounts is not None and size:
        number = positions(named[2], ids)
        words = texts(accounts, "kind")
        if words is not None:
            codes = words.dictionary_encode()
            meaning = np.array([_KIND.get(x, 0) for x in codes.dictionary.to_pylist()] + [0], np.int8)
            kind[number] = meaning[pc.fill_null(codes.indices, -1).to_numpy(zero_copy_only=False)]
        holder = texts(accounts, "party_id")
        if holder is not None:
            party_ids = holder.drop_null().unique()
            party_ids = party_ids.take(pc.sort_indices(party_ids))
            party[number] = positions(holder, party_ids)
        asset = kind == 6
        parties = tables.arrow("parties")
        sector = texts(parties, "sector")
        if sector is not None and len(party_ids):
            land = texts(parties, "party_id").filter(
                pc.fill_null(
                    pc.is_in(sector, value_set=pa.array(["developer", "property_agency"], pa.large_string())),
                    False,
                )
            )
            sold = pc.is_in(party_ids, value_set=land).to_numpy(zero_copy_only=False)
            asset = asset | ((party >= 0) & sold[np.maximum(party, 0)])
    return _Accounts(ids, kind, party, asset, party_ids)


def _numbers(column: Any, ids: Any) -> Numbers:
    return np.zeros(0, np.int32) if column is None else positions(column, ids)


def _currencies(transfers: Any, name: str, default: str, size: int) -> tuple[list[str], Numbers]:
    words = pc.unique(transfers.column(name)).to_pylist() if name in transfers.column_names else []
    if len(words) < 2 and None not in words:  # one piece of them all would be only memory
        return [*words, default][:1], np.zeros(size, np.int32)
    column = texts(transfers, name)
    if column is None:
        return [default], np.zeros(size, np.int32)
    codes = pc.fill_null(column, default).dictionary_encode()
    return codes.dictionary.to_pylist(), codes.indices.to_numpy(zero_copy_only=False)


def _own_currencies(
    accounts: Any, ids: Any, coverage: Coverage, default: str, names: list[str]
) -> tuple[Ints, list[str]]:
    """The currency of each account, in which its stated openings are, and all currencies of the case.

    Money that only ever stood still may be in one that no transfer has.
    """
    words, own = [default], np.zeros(len(ids), np.int64)
    column = texts(accounts, "currency")
    if column is not None:
        codes = column.dictionary_encode()
        words += codes.dictionary.to_pylist()
        own[positions(texts(accounts, "account_id"), ids)] = (
            pc.fill_null(codes.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
        )
    opens = np.unique(own[coverage.periods["account"][coverage.tells]])
    names = list(dict.fromkeys([*names, *(words[i] for i in opens)]))
    coin = np.array([names.index(x) if x in names else -1 for x in words], np.int64)
    return coin[own], names


def _earmarks(
    transfers: Any, size: int, kind: NDArray[np.int8], source: Numbers, target: Numbers
) -> tuple[Numbers, Any]:
    """Each row's earmark, where one side is kept by earmark: its clearing, else order, loan or product.

    Without any earmark no row has an entry.
    """
    kept = np.isin(kind, (4, 5))
    concerned = np.flatnonzero(kept[source] | kept[target]) if kept.any() else np.zeros(0, np.int64)
    columns = [texts(transfers, name) for name in _EARMARKS]
    columns = [x for x in columns if x is not None]
    if concerned.size == 0 or not columns:
        return np.zeros(0, np.int32), pa.array([], pa.large_string())
    mark = pc.coalesce(*[x.take(pa.array(concerned)) for x in columns]).dictionary_encode()
    if len(mark.dictionary) == 0:
        return np.zeros(0, np.int32), mark.dictionary
    numbers = np.full(size, -1, np.int32)
    numbers[concerned] = pc.fill_null(mark.indices, -1).to_numpy(zero_copy_only=False)
    return numbers, mark.dictionary


def _order(
    tables: Tables,
    transfers: Any,
    event_row: Numbers,
    event_time: Ints,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    source: Numbers,
    target: Numbers,
    amount: Ints,
    received: Ints,
    currency: Numbers,
    other: Numbers,
) -> Ordered:
    size = source.size
    rows: Any = event_row if event_row.size > size else slice(None)
    bare = flags(transfers, "time_day", size)[rows] & ~second
    bare |= flags(transfers, "target_time_day", size)[rows] & second
    day = None
    if not bare.any() and ascending(event_time):  # nothing else needs to be looked at
        places = event_row if event_row.size == size else np.arange(event_row.size)
        return Ordered(places, *(np.zeros(0, np.int64) for _ in range(3)))
    if bare.any():
        local = pd.to_datetime(event_time, unit="us", utc=True).tz_convert(tables.timezone).tz_localize(None)
        day = local.normalize().as_unit("us").asi8
    sequence = integers(transfers, "sequence", size)[rows]
    payers = Side(
        np.where(second, -1, source[rows]),
        integers(transfers, "source_sequence", size)[rows],
        integers(transfers, "source_balance", size)[rows],
        currency[rows],
        -amount[rows],
    )
    payees = Side(
        np.where(first, -1, target[rows]),
        integers(transfers, "target_sequence", size)[rows],
        integers(transfers, "target_balance", size)[rows],
        other[rows],
        received[rows],
    )
    ids = texts(transfers, "transfer_id")
    if event_row.size > size and ids is not None:
        ids = ids.take(pa.array(event_row))
    return order_events(event_time, sequence, bare, day, event_row, ids, (payers, payees))


def _histories(
    sides: list[tuple[Numbers, Numbers, Numbers]],
    kind: NDArray[np.int8],
    earmark: Numbers,
    coins: int,
    coverage: Coverage,
    own_coin: Ints,
    moving: Ints,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    currency: Numbers,
    event_row: Numbers,
) -> tuple[NDArray[np.void], NDArray[np.void], Numbers, Numbers, Numbers, Numbers]:
    """Number the books and pots of both sides of every event.

    A book is (account, currency, period); a pot is one, or its part under one earmark. Pots are numbered by
    account, so that those of an account are neighbours; transfers in transit come last, each with its own.
    What opens with a stated balance has one also where no row is.
    """
    # period 0 is the world outside; the periods of one account are neighbours
    widest = int(np.diff(coverage.pointer).max(initial=0)) + 1
    marks = int(earmark.max(initial=-1)) + 2
    by_earmark = np.isin(kind, (4, 5))
    keys = []
    for side in sides:
        account, period, coin = (fixed(values, np.int32) for values in side)
        sizes = (coins, widest, marks)
        keys.append(
            history_keys(account, coin, period, fixed(earmark, np.int32), by_earmark, coverage.pointer, sizes)
        )
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

    pots = np.zeros(pot_keys.size + moving.size, POT)
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

    if moving.size:
        transit = pots[pot_keys.size :]
        transit["account"] = -1
        transit["period"] = moving  # the transfer, as a row of the table
        transit["currency"] = currency[moving]
        transit["earmark"] = -1
        transit["kind"] = TRANSIT
        own = np.full(int(event_row.max()) + 1, -1, np.int64)
        own[moving] = pot_keys.size + np.arange(moving.size)
        target_pot[first] = own[event_row[first]]
        source_pot[second] = own[event_row[second]]
    # no sums are run for the world outside, for clearing, in transit
    summed = (books["kind"] != OUTSIDE) & (books["kind"] != CLEARING)
    number = np.searchsorted(book_keys, of_book)
    book_of = np.full(len(pots) + 1, -1, np.int32)  # behind the pots: of no pot
    book_of[: pot_keys.size] = np.where(summed[number], number, -1)
    return books, pots, source_pot, target_pot, book_of[source_pot], book_of[target_pot]


def _distinct(*sides: Ints) -> Ints:
    """The keys that occur, ascending, but -1."""
    span = max(int(keys.max(initial=-1)) for keys in sides) + 1
    if span > 4 * sum(keys.size for keys in sides) + 1_000_000:
        found = np.unique(np.concatenate(sides))
        return found[found >= 0]
    present = np.zeros(span + 1, np.bool_)  # a table of all possible keys costs less than a sort
    for keys in sides:
        present[keys] = True  # -1 is the last
    return np.flatnonzero(present[:-1])


def _ascending(keys: Ints) -> Ints:
    """The keys in order, each once; `np.unique` hashes, which costs far more where they are sorted nearly."""
    keys = np.sort(keys)
    return keys[np.append(True, keys[1:] != keys[:-1])] if keys.size else keys


def _places(keys: Ints, among: Ints) -> Numbers:
    """Where each key stands among ascending ones; -1 stays."""
    span = int(among[-1]) + 1 if among.size else 0
    if span > 4 * keys.size + 1_000_000:
        return np.where(keys < 0, -1, np.searchsorted(among, keys)).astype(np.int32)
    number = np.full(span + 1, -1, np.int32)
    number[among] = np.arange(among.size, dtype=np.int32)
    return number[keys]


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
    place = np.empty(placed.order.size, np.int64)
    place[placed.order] = np.arange(placed.order.size)
    ids = texts(transfers, "transfer_id")
    amounts = whole(transfers, "amount")
    out: list[Mapping[str, Any]] = []
    for event in placed.contradicted:
        row = int(event_row[place[event]])
        out.append({"kind": "order", "transfer_id": ids[row].as_py(), "amount": amounts[row].as_py()})
    return out


def _open_orders(placed: Ordered, event_row: Numbers, row_of: Numbers) -> tuple[Mapping[str, Any], ...]:
    """Rows of one account whose order nothing decides."""
    if placed.open_events.size == 0:
        return ()
    place = np.empty(placed.order.size, np.int64)
    place[placed.order] = np.arange(placed.order.size)
    out = []
    for event, account in zip(placed.open_events, placed.open_account, strict=True):
        at = int(place[event])
        row = int(event_row[at])
        out.append({"row": int(row_of[row]), "account": int(account)})
    return tuple(out)
