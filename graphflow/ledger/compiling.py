"""From checked tables to the compiled ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow.errors import InputError, Problem
from graphflow.kernels.balances import book_rows, divide_custody, run_balances
from graphflow.kernels.index import compact, history_keys, index_by
from graphflow.language import N_
from graphflow.ledger.columns import flags, integers, known, positions, texts, whole
from graphflow.ledger.coverage import Coverage, end_of_day, read_coverage
from graphflow.ledger.form import (
    ARRIVAL,
    BASES,
    CLEARING,
    CONVERTS,
    CUSTODY,
    LENT,
    ORDINARY,
    OUTSIDE,
    PARTS,
    POT,
    ROW,
    STEP,
    TRANSIT,
    Index,
    Ledger,
    hash_ids,
)
from graphflow.ledger.order import NONE, Ordered, Side, order_events
from graphflow.ledger.reversals import net_amounts
from graphflow.tables import SCHEMA

if TYPE_CHECKING:
    from graphflow.tables import Tables

Ints = NDArray[np.int64]

GREATEST = 2**52
"""Balances below this many minor units are divided exactly."""

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

    source = positions(texts(transfers, "source"), who.ids) if size else np.zeros(0, np.int64)
    target = positions(texts(transfers, "target"), who.ids) if size else np.zeros(0, np.int64)
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
        other = np.where(converts, np.array([names.index(x) for x in more], np.int64)[coin], currency)
    else:
        received = amount

    _refuse_beyond_64_bits(names, ((currency, amount), (other, received)))

    # events: every transfer, and the arrival of those in transit
    moving = np.flatnonzero(arrives > time)
    event_row = np.concatenate((np.arange(size), moving))
    second = np.concatenate((np.zeros(size, np.bool_), np.ones(moving.size, np.bool_)))
    first = np.concatenate((arrives > time, np.zeros(moving.size, np.bool_)))
    event_time = np.where(second, arrives[event_row], time[event_row])
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

    coverage = read_coverage(accounts, tables.arrow("coverage"), who.ids, kind == 4, tables.timezone)
    own_coin, names = _own_currencies(accounts, who.ids, coverage, tables.currency, names)
    earmark, earmarks = _earmarks(transfers, size, kind, source, target)

    # the histories of both sides
    clearing_known = earmark[rows] >= 0
    sides = []
    for number, gone, coin in ((source, second, currency), (target, first, other)):
        account = number[rows]
        period = coverage.find(account, event_time)
        if (kind == 4).any():
            period = np.where((kind[account] == 4) & ~clearing_known, -1, period)
        sides.append((np.where(gone, -1, account) if moving.size else account, period, coin[rows]))
    books, pots, source_pot, target_pot, source_book, target_book = _histories(
        sides, kind, earmark[rows], len(names), coverage, own_coin, moving, first, second, currency, event_row
    )

    paid = amount[rows]
    came = received[rows]
    opening, basis, breaks = _openings(
        transfers, who, coverage, own_coin, books, pots, event_row, rows,
        source_book, target_book, paid, came, names,
    )  # fmt: skip

    # of a row with a bare date only the day is known: another day is certainly later, another hour is not
    latest = end_of_day(time, flags(transfers, "time_day", size), tables.timezone)
    net, broken = net_amounts(
        transfers, who.ids, source, target, (time, latest), currency, converts, amount, event_row[~second]
    )
    breaks = [*breaks, *broken]
    breaks.extend(_contradictions(placed, event_row, transfers))
    ledger_rows, row_of = _rows(time, arrives, source, target, amount, net, currency, event_row[~second])

    steps, converted = _steps(
        event_row, rows, first, second, source_pot, target_pot, net, received, converts, row_of
    )
    _mark_stops(steps, event_row, rows, pots, kind, source, target, first, second, transfers, net)
    steps, converted, kept_repaid = _divide(steps, converted, pots, opening, earmark, row_of)
    pots["opening"] = opening
    pots["basis"] = basis
    outside = pots["kind"] == OUTSIDE
    divided = pots["kind"] == CUSTODY
    steps["repaid"] = kept_repaid
    pots["closing"] = run_balances(
        steps, opening, outside, divided, converted[:, 0].copy(), converted[:, 1].copy()
    )
    ids = texts(transfers, "transfer_id") if size else pa.array([], pa.large_string())
    ids = ids.take(pa.array(ledger_rows["origin"])) if size else ids
    _refuse_too_large(steps, converted, pots, who, outside, lambda row: ids[row].as_py())

    debits = _index(steps["src"], steps["dplace"], len(pots))
    credits_ = _index(steps["dst"], steps["cplace"], len(pots))
    plain = len(steps) == size and bool((steps["row"] == np.arange(size)).all())
    row_pointer, row_steps = np.zeros(0, np.int64), np.zeros(0, np.int32)
    if not plain:
        row_pointer, row_steps = index_by(np.ascontiguousarray(steps["row"]), size)
    hashes = hash_ids(ids)
    by_hash = np.argsort(hashes, kind="stable")
    by_party = np.argsort(who.party, kind="stable")
    pointer = np.searchsorted(who.party[by_party], np.arange(len(who.party_ids) + 1)).astype(np.int64)
    return Ledger(
        steps=steps,
        rows=ledger_rows,
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
        row_earmark=earmark[ledger_rows["origin"]].astype(np.int32)
        if len(earmarks)
        else np.zeros(0, np.int32),
        row_pointer=row_pointer,
        row_steps=row_steps,
        id_hashes=hashes[by_hash],
        id_rows=by_hash.astype(np.int32),
        transfer_ids=ids,
        account_ids=who.ids,
        party_ids=who.party_ids,
        earmarks=earmarks,
        currencies=tuple(names),
        minor_units={name: int(tables.minor_units.get(name, 0)) for name in names},  # none in an empty case
        timezone=tables.timezone,
        coverage_stated=coverage.stated,
        breaks=tuple(breaks),
        open_orders=_open_orders(placed, event_row, row_of, source_pot, target_pot, who, source, target),
    )


def _read_accounts(tables: Tables, transfers: Any, accounts: Any) -> _Accounts:
    """Number the accounts by their ids as text, and the parties."""
    named = [texts(transfers, "source"), texts(transfers, "target"), texts(accounts, "account_id")]
    # the door has added every account that a transfer names; a bare ledger may have no table of accounts
    columns = [named[2]] if named[2] is not None else [x for x in named[:2] if x is not None]
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


def _currencies(transfers: Any, name: str, default: str, size: int) -> tuple[list[str], Ints]:
    column = texts(transfers, name)
    if column is None:
        return [default], np.zeros(size, np.int64)
    codes = pc.fill_null(column, default).dictionary_encode()
    return codes.dictionary.to_pylist(), codes.indices.to_numpy(zero_copy_only=False).astype(np.int64)


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
    opens = np.unique(own[coverage.periods["account"][coverage.openings != NONE]])
    names = list(dict.fromkeys([*names, *(words[i] for i in opens)]))
    coin = np.array([names.index(x) if x in names else -1 for x in words], np.int64)
    return coin[own], names


def _earmarks(
    transfers: Any, size: int, kind: NDArray[np.int8], source: Ints, target: Ints
) -> tuple[Ints, Any]:
    """Each row's earmark, where one side is kept by earmark: its clearing, else order, loan or product."""
    numbers = np.full(size, -1, np.int64)
    kept = np.isin(kind, (4, 5))
    concerned = np.flatnonzero(kept[source] | kept[target])
    columns = [texts(transfers, name) for name in _EARMARKS]
    columns = [x for x in columns if x is not None]
    if concerned.size == 0 or not columns:
        return numbers, pa.array([], pa.large_string())
    mark = pc.coalesce(*[x.take(pa.array(concerned)) for x in columns]).dictionary_encode()
    numbers[concerned] = pc.fill_null(mark.indices, -1).to_numpy(zero_copy_only=False)
    return numbers, mark.dictionary


def _order(
    tables: Tables,
    transfers: Any,
    event_row: Ints,
    event_time: Ints,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    source: Ints,
    target: Ints,
    amount: Ints,
    received: Ints,
    currency: Ints,
    other: Ints,
) -> Ordered:
    size = source.size
    rows: Any = event_row if event_row.size > size else slice(None)
    bare = flags(transfers, "time_day", size)[rows] & ~second
    bare |= flags(transfers, "target_time_day", size)[rows] & second
    day = None
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
    sides: list[tuple[Ints, Ints, Ints]],
    kind: NDArray[np.int8],
    earmark: Ints,
    coins: int,
    coverage: Coverage,
    own_coin: Ints,
    moving: Ints,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    currency: Ints,
    event_row: Ints,
) -> tuple[NDArray[np.void], NDArray[np.void], Ints, Ints, Ints, Ints]:
    """Number the books and pots of both sides of every event.

    A book is (account, currency, period); a pot is one, or its part under one earmark. Pots are numbered by
    account, so that those of an account are neighbours; transfers in transit come last, each with its own.
    What opens with a stated balance has one also where no row is.
    """
    # period 0 is the world outside; the periods of one account are neighbours
    widest = int(np.diff(coverage.pointer).max(initial=0)) + 1
    marks = int(earmark.max(initial=-1)) + 2
    by_earmark = np.isin(kind, (4, 5))
    keys = [
        history_keys(account, coin, period, earmark, by_earmark, coverage.pointer, (coins, widest, marks))
        for account, period, coin in sides
    ]
    half = event_row.size
    told = np.flatnonzero(coverage.openings != NONE)
    whose = coverage.periods["account"][told]
    told, whose = (x[(kind[whose] != 4) & (own_coin[whose] >= 0)] for x in (told, whose))
    opened = (whose * coins + own_coin[whose]) * widest + told - coverage.pointer[whose] + 1
    book_keys, book_of = _number(np.concatenate([book for book, _ in keys] + [opened]))
    # a custody book always has its bare compartment: the opening stands there
    custody = book_keys[(kind[book_keys // (widest * coins)] == 5) & (book_keys % widest > 0)]
    bare = np.concatenate((custody, opened)) * marks
    pot_keys, pot_of = _number(np.concatenate([pot for _, pot in keys] + [bare]))
    source_pot, target_pot = pot_of[:half], pot_of[half : 2 * half]
    source_book, target_book = book_of[:half], book_of[half : 2 * half]

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
    # no sums are run for the world outside, nor for clearing
    summed = np.append((books["kind"] != OUTSIDE) & (books["kind"] != CLEARING), False)
    for side_book in (source_book, target_book):
        side_book[~summed[side_book]] = -1
    return books, pots, source_pot, target_pot, source_book, target_book


def _number(keys: Ints) -> tuple[Ints, Ints]:
    """Distinct keys, ascending, and the place of each among them; -1 stays."""
    span = int(keys.max(initial=-1)) + 1
    if span <= 4 * keys.size + 1_000_000:  # a table of all possible keys costs less than a sort
        distinct, places = compact(np.zeros(span, np.bool_), keys)
        return distinct, places
    distinct, inverse = np.unique(keys, return_inverse=True)
    gone = int(distinct[0] < 0)
    return distinct[gone:], inverse.astype(np.int64) - gone


def _openings(
    transfers: Any,
    who: _Accounts,
    coverage: Coverage,
    own_coin: Ints,
    books: NDArray[np.void],
    pots: NDArray[np.void],
    event_row: Ints,
    rows: Any,
    source_book: Ints,
    target_book: Ints,
    paid: Ints,
    came: Ints,
    names: list[str],
) -> tuple[Ints, Ints, list[Mapping[str, Any]]]:
    """Openings by pot, from the rows as booked: stated, else from the first balance, else the least one."""
    size = len(transfers)
    balances = [integers(transfers, x, size)[rows] for x in ("source_balance", "target_balance")]
    stated_balances = [(balances[0] != NONE) & (source_book >= 0), (balances[1] != NONE) & (target_book >= 0)]
    wanted = bool(stated_balances[0].any() or stated_balances[1].any())
    lowest, _, of_source, of_target = book_rows(source_book, target_book, paid, came, len(books), wanted)

    opening = np.full(len(books), NONE, np.int64)
    basis = np.zeros(len(books), np.int64)
    ordinary = books["kind"] == ORDINARY
    # stated: in the account's own currency
    told = np.flatnonzero(ordinary)
    value = coverage.openings[books["period"][told]]
    fits = (value != NONE) & (own_coin[books["account"][told]] == books["currency"][told])
    opening[told[fits]] = value[fits]
    basis[told[fits]] = BASES.index("stated")

    breaks: list[Mapping[str, Any]] = []
    if wanted:
        events = [np.flatnonzero(x) for x in stated_balances]
        event = np.concatenate(events)
        side = np.repeat([0, 1], [x.size for x in events])
        book = np.concatenate((source_book[events[0]], target_book[events[1]]))
        run = np.concatenate((of_source[events[0]], of_target[events[1]]))
        balance = np.concatenate((balances[0][events[0]], balances[1][events[1]]))
        sort = np.lexsort((side, event, book))
        event, side, book, run, balance = (x[sort] for x in (event, side, book, run, balance))
        implied = balance - run
        heads = np.flatnonzero(np.concatenate(([True], book[1:] != book[:-1])))
        open_books = opening[book[heads]] == NONE
        opening[book[heads][open_books]] = implied[heads][open_books]
        basis[book[heads][open_books]] = BASES.index("first balance")
        # a break is where the balance stops being the sum of what came before; the next ones follow from it
        last = np.concatenate(([0], implied[:-1]))
        last[heads] = opening[book[heads]]
        broken = np.flatnonzero(implied != last)
        ids = texts(transfers, "transfer_id")
        for i in broken[:100_000]:
            breaks.append(
                {
                    "kind": "balance",
                    "transfer_id": ids[int(event_row[event[i]])].as_py(),
                    "account_id": who.ids[int(books["account"][book[i]])].as_py(),
                    "currency": names[int(books["currency"][book[i]])],
                    "stated": int(balance[i]),
                    "expected": int(run[i] + last[i]),
                    "amount": int(implied[i] - last[i]),
                }
            )
    least = ordinary & (opening == NONE)
    opening[least] = -np.minimum(lowest[least], 0)
    basis[least] = BASES.index("unknown")
    by_pot = np.zeros(len(pots), np.int64)
    basis_by_pot = np.zeros(len(pots), np.int64)
    bare = books["earmark"][ordinary]
    by_pot[bare] = opening[ordinary]
    basis_by_pot[bare] = basis[ordinary]
    return by_pot, basis_by_pot, breaks


def _rows(
    time: Ints,
    arrives: Ints,
    source: Ints,
    target: Ints,
    amount: Ints,
    net: Ints,
    currency: Ints,
    origin: Ints,
) -> tuple[NDArray[np.void], Ints]:
    rows = np.zeros(origin.size, ROW)
    as_given = origin.size == time.size and bool((origin == np.arange(origin.size)).all())
    for name, values in (
        ("time", time), ("arrives", arrives), ("source", source), ("target", target),
        ("amount", amount), ("net", net), ("currency", currency),
    ):  # fmt: skip
        rows[name] = values if as_given else values[origin]
    rows["origin"] = origin
    row_of = np.empty(origin.size, np.int64)
    row_of[origin] = np.arange(origin.size)
    return rows, row_of


def _steps(
    event_row: Ints,
    rows: Any,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    source_pot: Ints,
    target_pot: Ints,
    net: Ints,
    received: Ints,
    converts: NDArray[np.bool_],
    row_of: Ints,
) -> tuple[NDArray[np.void], Ints]:
    """One step an event that still moves money, in order; conversions happen on arrival."""
    steps = np.zeros(event_row.size, STEP)
    steps["row"] = row_of[rows]
    steps["src"] = source_pot
    steps["dst"] = target_pot
    steps["amount"] = net[rows]
    changed = converts[rows] & ~first
    if changed.any() or second.any():
        steps["flags"] = np.where(changed, CONVERTS, 0) | np.where(second, ARRIVAL, 0)
    keep = steps["amount"] > 0
    if not keep.all():
        steps = steps[keep]
        changed = changed[keep]
        event_row = event_row[keep]
    which = np.flatnonzero(changed)
    converted = np.empty((which.size, 2), np.int64)
    converted[:, 0] = which
    converted[:, 1] = received[event_row[which]]
    return steps, converted


def _mark_stops(
    steps: NDArray[np.void],
    event_row: Ints,
    rows: Any,
    pots: NDArray[np.void],
    kind: NDArray[np.int8],
    source: Ints,
    target: Ints,
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    transfers: Any,
    net: Ints,
) -> None:
    """Why money that arrives by a step goes no further, forward and backward; the first that holds."""
    if len(steps) < event_row.size:
        keep = net[event_row] > 0
        rows, first, second = event_row[keep], first[keep], second[keep]
    fee = known(transfers, "fee_of", source.size)[rows]
    gone = pots["kind"] == OUTSIDE
    special = np.isin(kind, (1, 2, 3, 4))
    for name, account, transit, shift, forward in (
        ("dst", target[rows], first, 0, True),
        ("src", source[rows], second, 3, False),
    ):
        outside = gone[steps[name]]
        place = np.flatnonzero(outside | special[account])  # all others walk on
        outside, what = outside[place], kind[account[place]]
        stop = np.where(outside, 4, 0)
        stop = np.where((what == 4) & outside, 3, stop)
        if forward:
            stop = np.where(outside & fee[place] & (what != 1) & (what != 4), 2, stop)
        stop = np.where((what == 2) | (what == 3), 2, stop)
        stop = np.where(what == 1, 1, stop)
        steps["flags"][place] |= (np.where(transit[place], 0, stop) << shift).astype(np.int32)


def _divide(
    steps: NDArray[np.void],
    converted: Ints,
    pots: NDArray[np.void],
    opening: Ints,
    earmark: Ints,
    row_of: Ints,
) -> tuple[NDArray[np.void], Ints, Ints]:
    """Divide payments out of custody accounts among their compartments."""
    custody = pots["kind"] == CUSTODY
    repaid = np.zeros(len(steps), np.int64)
    if not custody.any():
        return steps, converted, repaid
    concerned = np.flatnonzero(custody[steps["src"]] | custody[steps["dst"]])
    if concerned.size == 0:  # all of their rows were undone
        return steps, converted, repaid
    # custody books, numbered by their bare pots
    bare = np.flatnonzero(custody & (pots["earmark"] < 0))
    start = (
        np.searchsorted(bare, np.arange(len(pots)), side="right") - 1
    )  # the bare pot comes first in its book
    part = steps[concerned]
    pays = custody[part["src"]]
    gets = custody[part["dst"]]
    arrives = part["amount"].copy()
    place = np.searchsorted(concerned, converted[:, 0])
    inside = (place < concerned.size) & (concerned[np.minimum(place, concerned.size - 1)] == converted[:, 0])
    arrives[place[inside]] = converted[inside, 1]
    at, pot, amount, lent, back = divide_custody(
        np.where(pays, start[part["src"]], -1),
        np.where(gets, start[part["dst"]], -1),
        np.where(pays, part["src"], -1).astype(np.int64),
        np.where(gets, part["dst"], -1).astype(np.int64),
        part["amount"].astype(np.int64),
        arrives,
        opening[bare],
        bare.astype(np.int64),
    )
    repaid[concerned] = back
    times = np.ones(len(steps), np.int64)
    times[concerned[pays]] = np.bincount(at, minlength=concerned.size)[pays]
    new = np.repeat(steps, times)
    old = np.repeat(np.arange(len(steps)), times)
    places = np.flatnonzero((custody[steps["src"]])[old])
    new["src"][places] = pot
    new["amount"][places] = amount
    new["flags"][places] |= np.where(lent, LENT, 0).astype(np.int32)
    new["flags"][times[old] > 1] |= PARTS
    new_repaid = repaid[old]
    several = np.flatnonzero(times > 1)
    begins = np.cumsum(times) - times
    for s in several[repaid[several] > 0]:
        # what repays a lender is the first money of the whole transfer
        rest = int(repaid[s])
        for i in range(begins[s], begins[s] + times[s]):
            new_repaid[i] = min(rest, int(new["amount"][i]))
            rest -= int(new_repaid[i])
    # a conversion in parts: cut at the same places as the payment
    parts = []
    for s, total in converted.tolist():
        whole_amount = int(steps["amount"][s])
        run = 0
        done = 0
        for i in range(begins[s], begins[s] + times[s]):
            run += int(new["amount"][i])
            cut = (2 * run * total + whole_amount) // (2 * whole_amount)
            parts.append((i, cut - done))
            done = cut
    return new, np.array(parts, np.int64).reshape(-1, 2), new_repaid


def _refuse_beyond_64_bits(names: list[str], sides: tuple[tuple[Ints, Ints], tuple[Ints, Ints]]) -> None:
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


def _refuse_too_large(
    steps: NDArray[np.void],
    converted: Ints,
    pots: NDArray[np.void],
    who: _Accounts,
    outside: NDArray[np.bool_],
    transfer_of: Any,
) -> None:
    """Refuse by name what pro rata and conversions would not divide exactly."""
    problems: list[Problem] = []
    for name, side in (("avail", "src"), ("after", "dst")):
        for i in np.flatnonzero((steps[name] >= GREATEST) & ~outside[steps[side]])[:1]:
            account = int(pots["account"][steps[side][i]])
            problem = Problem(
                "transfers",
                N_("the balance of account {account} reaches {balance} minor units"),
                {
                    "account": who.ids[account].as_py() if account >= 0 else "",
                    "balance": int(steps[name][i]),
                },
                expected=N_("balances below 4503599627370496 (2**52) minor units"),
            )
            if problem not in problems:
                problems.append(problem)
    # an amount beyond it can still stand between accounts that are not covered, or overdrawn
    of = converted[:, 1] >= GREATEST
    large = [(int(s), int(steps["amount"][s])) for s in np.flatnonzero(steps["amount"] >= GREATEST)[:1]]
    large += [(int(s), int(amount)) for s, amount in converted[of][:1]]
    for step, amount in [] if problems else large[:1]:
        problems.append(
            Problem(
                "transfers",
                N_("the amount of transfer {transfer} is {amount} minor units"),
                {"transfer": transfer_of(int(steps["row"][step])), "amount": amount},
                expected=N_("amounts below 4503599627370496 (2**52) minor units"),
            )
        )
    if problems:
        raise InputError(*problems)


def _index(pot: Any, place: Any, size: int) -> Index:
    pointer, positions_ = index_by(np.ascontiguousarray(pot), size)
    return Index(pointer, positions_, np.ascontiguousarray(place)[positions_])


def _contradictions(placed: Ordered, event_row: Ints, transfers: Any) -> list[Mapping[str, Any]]:
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


def _open_orders(
    placed: Ordered,
    event_row: Ints,
    row_of: Ints,
    source_pot: Ints,
    target_pot: Ints,
    who: _Accounts,
    source: Ints,
    target: Ints,
) -> tuple[Mapping[str, Any], ...]:
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
