"""Mirrors: the two records of one transfer, in both sides' statements, made one row.

Everything here looks at the whole case at once and at nothing else, so that it cannot matter in what
order its sources were imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.kernels.mirrors import pair_in_order
from graphflow.language import N_

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BANK_DAYS = 3
MINUTES = 2
_MINUTE = 60_000_000
_DAY = 86_400_000_000
_CALENDAR = 4_000_000  # days: more than ten thousand years

_MOMENT = pa.timestamp("us", "UTC")
#: Where the payee's row came from and what it says otherwise: kept beside the payer's.
_KEPT = {
    "source_file": "mirror_file",
    "source_sheet": "mirror_sheet",
    "source_row": "mirror_row",
    "memo": "mirror_memo",
}
_TIMES = frozenset({"time", "time_day", "target_time", "target_time_day"})
#: Columns of a pair that are the payer's even where they are empty.
_AS_PAYER = frozenset({"transfer_id", "mirror_id", *_KEPT} - {"memo"})

#: Why a pair that nearly fits was not made; the words stand in the column `why` of the possible mirrors.
WHY = {
    "late": N_(
        "equal accounts and amount within three bank days, more than two minutes apart, no common reference"
    ),
    "reference": N_("equal accounts, amount and reference, more than three bank days apart"),
    "unknown": N_("equal amount at the same time; one side's row does not name the other account"),
    "unnamed": N_("equal amount and reference within three bank days; neither row names the other account"),
}


@dataclass(frozen=True)
class Paired:
    """Transfers with their mirrors merged, and what nearly was one."""

    transfers: pa.Table
    #: of each row that was given: the row (of those given) into which it went, or -1 where it stays
    merged_into: Ints
    #: payer_id, payee_id, amount, currency, apart (microseconds), why
    possible: pa.Table


def pair(transfers: pa.Table, *, timezone: str) -> Paired:
    """Pair the one-sided rows of a case.

    A payer's row and a payee's row are one transfer if accounts, amount and currency are equal and either
    both have the same reference and lie at most three bank days (Monday to Friday; public holidays are not
    known here) apart, or they lie at most two minutes apart. A bare date is any time of that day. Pairs are
    one to one: as many as possible, and among those the nearest in time. The merged row keeps the payer's id
    and what the payer's row says, and beside it the payee's time, balance, reference, sequence, memo and
    place in its file.

    Parameters
    ----------
    transfers
        Typed rows of ``transfers``, ids and accounts settled; one-sided rows have a `statement_side`.
    timezone
        The case's, in which days are counted.
    """
    n = transfers.num_rows
    none = Paired(transfers, np.full(n, -1, np.int64), _possible(transfers, []))
    if "statement_side" not in transfers.column_names or n == 0:
        return none
    side = transfers["statement_side"]
    is_payer = _flags(pc.equal(side, "source"))
    is_payee = _flags(pc.equal(side, "target"))
    if not is_payer.any() or not is_payee.any():
        return none
    source, target = _codes(transfers, "source", "target")
    currency = _codes(transfers, "currency")[0]
    amount = _ints(transfers["amount"])
    reference = _reference(transfers, is_payer, is_payee)
    time = _ints(transfers["time"])
    first, last = _span(transfers, timezone)
    day_first, day_last = _bank_days(first, timezone), _bank_days(last, timezone)
    rank = _rank(transfers["transfer_id"])

    exact = np.stack([first, last, time], axis=1)
    days = np.stack([day_first, day_last, time], axis=1)
    known = (source >= 0) & (target >= 0)
    open_ = np.ones(n, np.bool_)
    partner = np.full(n, -1, np.int64)

    def match(where: Flags, keys: Sequence[Ints], when: Ints, tolerance: int) -> tuple[Ints, Ints]:
        """Rows of payers and the rows of payees that are their mirrors."""
        rows = np.flatnonzero(where & open_)
        group = _groups([key[rows] for key in keys])
        payer_rows, payee_rows = rows[is_payer[rows]], rows[is_payee[rows]]
        payer_group, payee_group = group[is_payer[rows]], group[is_payee[rows]]
        by_payer = np.lexsort((rank[payer_rows], when[payer_rows, 2], when[payer_rows, 0], payer_group))
        by_payee = np.lexsort((rank[payee_rows], when[payee_rows, 2], when[payee_rows, 0], payee_group))
        payer_rows, payee_rows = payer_rows[by_payer], payee_rows[by_payee]
        found = pair_in_order(
            payer_group[by_payer], when[payer_rows], payee_group[by_payee], when[payee_rows], tolerance
        )
        hit = found >= 0
        return payer_rows[hit], payee_rows[found[hit]]

    same = [source, target, amount, currency]
    for where, keys, when, tolerance in (
        (known & (reference >= 0), [*same, reference], days, BANK_DAYS),
        (known, same, exact, MINUTES * _MINUTE),
    ):
        payers, payees = match(where, keys, when, tolerance)
        partner[payees] = payers
        open_[payers] = open_[payees] = False

    nearly: list[tuple[Ints, Ints, str]] = []
    one_unknown = (source >= 0) != (target >= 0)
    ever = 1 << 60
    window = MINUTES * _MINUTE
    payer_names, payee_names = known & is_payer, known & is_payee
    for why, where, keys, when, tolerance in (
        ("late", known, same, days, BANK_DAYS),
        ("reference", known & (reference >= 0), [*same, reference], exact, ever),
        # Only one of the two names both: the other has the account that both know.
        # Only one of the two names both accounts: the other row has the one that both know.
        ("unknown", payer_names | (one_unknown & is_payee), [target, amount, currency], exact, window),
        ("unknown", (one_unknown & is_payer) | payee_names, [source, amount, currency], exact, window),
        ("unnamed", one_unknown & (reference >= 0), [amount, currency, reference], days, BANK_DAYS),
    ):
        payers, payees = match(where, keys, when, tolerance)
        nearly.append((payers, payees, why))
        open_[payers] = open_[payees] = False
    merged = _merge(transfers, partner, timezone)
    return Paired(merged, partner, _possible(transfers, nearly))


def _merge(transfers: pa.Table, partner: Ints, timezone: str) -> pa.Table:
    """One row for each pair, in the payer's place, with what the payee's row adds."""
    kept = np.flatnonzero(partner < 0)
    if kept.size == partner.size:
        return transfers
    payees = np.flatnonzero(partner >= 0)
    payee_of = np.full(partner.size, -1, np.int64)
    payee_of[partner[payees]] = payees
    other = payee_of[kept]
    is_pair = other >= 0
    take_other = pa.array(other, mask=~is_pair)
    take_kept = pa.array(kept)

    columns: dict[str, pa.Array | pa.ChunkedArray] = {}
    for name in transfers.column_names:
        column = transfers[name].combine_chunks()
        own = column.take(take_kept)
        if name == "statement_side":
            own = pc.if_else(pa.array(is_pair), pa.scalar(None, own.type), own)
        elif name.startswith("target_") and name not in _TIMES:
            own = pc.coalesce(column.take(take_other), own)
        elif name not in _TIMES and name not in _AS_PAYER and own.null_count:
            own = pc.coalesce(own, column.take(take_other))
        columns[name] = own
    for name, kept_as in _KEPT.items():
        if name in columns:
            theirs = transfers[name].combine_chunks().take(take_other)
            if name == "memo":
                theirs = pc.if_else(pc.fill_null(pc.equal(theirs, columns[name]), False), None, theirs)
            columns[kept_as] = theirs
    columns["mirror_id"] = transfers["transfer_id"].combine_chunks().take(take_other)
    columns.update(_arrival(transfers, kept, other, timezone))
    for name in ("reversal_of", "fee_of"):
        if name in columns:  # what points to the payee's row means the pair
            place = pc.index_in(columns[name], value_set=columns["mirror_id"].drop_null())
            pairs = columns["transfer_id"].filter(pa.array(is_pair))
            columns[name] = pc.coalesce(pairs.take(place), columns[name])
    return pa.table(columns)


def _arrival(transfers: pa.Table, kept: Ints, other: Ints, timezone: str) -> dict[str, pa.Array]:
    """When the money arrived: as the payee's own row says, empty where that is no other time."""
    time = _ints(transfers["time"])
    is_pair = other >= 0
    n = kept.size
    if "target_time" in transfers.column_names:
        stated = transfers["target_time"].combine_chunks().take(pa.array(kept))
    else:
        stated = pa.nulls(n, _MOMENT)
    left, arrived = time[kept], time[np.where(is_pair, other, 0)]
    differs = is_pair & (left != arrived)
    result: dict[str, pa.Array] = {}
    if "time_day" in transfers.column_names:
        is_day = _flags(transfers["time_day"])
        bare = is_pair & is_day[np.where(is_pair, other, 0)]
        # "Some time on that day", of the day on which it left, adds nothing to when it left.
        rows = np.flatnonzero(differs & bare)
        differs[rows] = local_days(left[rows], timezone) != local_days(arrived[rows], timezone)
        day = differs & bare
        if "target_time_day" in transfers.column_names:
            day |= ~is_pair & _flags(transfers["target_time_day"])[kept]
        if day.any():
            result["target_time_day"] = pa.array(day)
    # A payer's row may state an arrival of its own; the payee's statement knows better.
    theirs = pa.array(arrived, mask=~differs).cast(_MOMENT)
    result["target_time"] = pc.if_else(pa.array(is_pair), theirs, stated)
    return result


def _possible(transfers: pa.Table, nearly: Sequence[tuple[Ints, Ints, str]]) -> pa.Table:
    """The pairs that nearly fit, each with its money, in the order of their ids."""
    payers = np.concatenate([found[0] for found in nearly] or [np.zeros(0, np.int64)])
    payees = np.concatenate([found[1] for found in nearly] or [np.zeros(0, np.int64)])
    time = _ints(transfers["time"])
    table = pa.table(
        {
            "payer_id": transfers["transfer_id"].take(pa.array(payers)).cast(pa.large_string()),
            "payee_id": transfers["transfer_id"].take(pa.array(payees)).cast(pa.large_string()),
            "amount": _ints(transfers["amount"])[payers],
            "currency": transfers["currency"].take(pa.array(payers)).cast(pa.large_string()),
            "apart": np.abs(time[payees] - time[payers]),
            "why": pa.array([found[2] for found in nearly for _ in found[0]], pa.large_string()),
        }
    )
    return table.sort_by([("payer_id", "ascending"), ("payee_id", "ascending")])


def local_days(moments: Ints, timezone: str) -> Ints:
    """The local calendar day, counted from 1970-01-01, of each moment in microseconds of UTC."""
    return np.asarray((moments + _offsets(moments, timezone)) // _DAY, np.int64)


def midnights(days: Ints, timezone: str) -> Ints:
    """The moment, in microseconds of UTC, at which each local calendar day begins."""
    local = np.asarray(days, np.int64) * _DAY
    near = local - _offsets(local, timezone)
    return np.asarray(local - _offsets(near, timezone), np.int64)


def _offsets(moments: Ints, timezone: str) -> Ints:
    """What local time is ahead of UTC at each moment, in microseconds.

    The zone is asked at both ends of each day on which a moment lies, and to the second within a day of
    change: what that costs follows the days that occur, never how far apart they are.
    """
    if moments.size == 0:
        return np.zeros(0, np.int64)
    zone = ZoneInfo(timezone)

    def ahead(second: int) -> int:
        # a calendar knows the years 1 to 9999, and banks write 9999-12-31 for no end
        second = min(max(second, -62_135_510_400), 253_402_128_000)
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
        offset = moment.astimezone(zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())

    day = moments // _DAY
    first, last = int(day.min()), int(day.max())
    if last - first < _CALENDAR:
        occurs = np.zeros(last - first + 1, np.bool_)
        occurs[day - first] = True
        days = np.flatnonzero(occurs) + first
        place = None
    else:
        days, place = np.unique(day, return_inverse=True)
    before, after, change = (np.zeros(days.size, np.int64) for _ in range(3))
    for i, start in enumerate((days * 86_400).tolist()):
        low, high = start, start + 86_399
        before[i], after[i], change[i] = ahead(low), ahead(high), high + 1
        if before[i] != after[i]:
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if ahead(middle) == before[i] else (low, middle)
            change[i] = high
    if before.min() == before.max() == after.min() == after.max():  # as in China since 1991
        return np.full(moments.size, before[0] * 1_000_000)
    if place is None:
        place = (np.cumsum(occurs) - 1)[day - first]
    ahead_of = np.where(moments < change[place] * 1_000_000, before[place], after[place])
    return np.asarray(ahead_of * 1_000_000, np.int64)


def _bank_days(moments: Ints, timezone: str) -> Ints:
    days = local_days(moments, timezone).astype("datetime64[D]")
    return np.asarray(np.busday_count(np.datetime64("1970-01-01", "D"), days), np.int64)


def _span(transfers: pa.Table, timezone: str) -> tuple[Ints, Ints]:
    """The earliest and latest moment that each row's time may mean: a bare date is its whole local day."""
    time = _ints(transfers["time"])
    if "time_day" not in transfers.column_names:
        return time, time
    is_day = _flags(transfers["time_day"])
    last = time.copy()
    last[is_day] = midnights(local_days(time[is_day], timezone) + 1, timezone) - 1
    return time, last


def _reference(transfers: pa.Table, is_payer: Flags, is_payee: Flags) -> Ints:
    """A number for each row's own reference, -1 where it has none."""
    names = [name for name in ("source_reference", "target_reference") if name in transfers.column_names]
    if not names:
        return np.full(transfers.num_rows, -1, np.int64)
    codes = dict(zip(names, _codes(transfers, *names), strict=True))
    result = np.full(transfers.num_rows, -1, np.int64)
    for name, rows in (("source_reference", is_payer), ("target_reference", is_payee)):
        if name in codes:
            result[rows] = codes[name][rows]
    return result


def _codes(table: pa.Table, *names: str) -> list[Ints]:
    """The texts of the columns as numbers, equal where the texts are, -1 where unknown or a placeholder."""
    chunks = [chunk for name in names for chunk in table[name].cast(pa.large_string()).chunks]
    encoded = pa.chunked_array(chunks, pa.large_string()).combine_chunks().dictionary_encode()
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    unknown = _flags(pc.or_(pc.starts_with(encoded.dictionary, "?:"), pc.equal(encoded.dictionary, "")))
    renamed = np.append(np.where(unknown, -1, np.arange(len(unknown))), -1)
    return [np.asarray(part) for part in np.split(renamed[indices], len(names))]


def _groups(keys: Sequence[Ints]) -> Ints:
    """One number for each distinct combination of keys."""
    group = np.zeros(keys[0].size, np.int64)
    for key in keys:
        distinct, codes = np.unique(key, return_inverse=True)
        _, group = np.unique(group * distinct.size + codes, return_inverse=True)
    return np.asarray(group, np.int64)


def _rank(ids: pa.ChunkedArray) -> Ints:
    """The place of each id among all, as text: what breaks ties the same way in any order of rows."""
    order = pc.sort_indices(ids).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _flags(values: pa.Array | pa.ChunkedArray) -> Flags:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), np.bool_)


def _ints(values: pa.ChunkedArray) -> Ints:
    return np.asarray(pc.fill_null(values.cast(pa.int64()), 0).to_numpy(), np.int64)
