"""Searching in the rows of a case."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.mirrors import local_days, midnights
from graphflow.tables import Tables
from graphflow.tables.result import as_frame
from graphflow.threads import threads

Amount = str | Decimal | int
Moment = str | datetime.date
Flags = npt.NDArray[np.bool_]

_TEXTS = (
    "transfer_id",
    "mirror_id",
    "source",
    "target",
    "source_name",
    "target_name",
    "memo",
    "mirror_memo",
    "source_reference",
    "target_reference",
)
_SECOND = 1_000_000


def search(
    tables: Tables,
    *,
    text: str | None = None,
    party: str | None = None,
    least: Amount | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
) -> pd.DataFrame:
    """The transfers for which every given condition holds; see `Case.transfers`."""
    rows = tables.arrow("transfers")
    if rows is None:
        return tables.transfers
    found = np.ones(rows.num_rows, np.bool_)
    if text:
        found &= _with_text(tables, rows, text)
    if party is not None:
        found &= _touching(rows, _accounts_of(tables, party))
    if least is not None:
        found &= _flags(pc.greater_equal(rows["amount"], pa.array(_least(tables, rows, least))))
    if since is not None or until is not None:
        first, last = _span(rows, tables.timezone)
        if since is not None:
            found &= last >= moment(since, tables.timezone)[0]
        if until is not None:
            found &= first <= moment(until, tables.timezone)[1]
    return as_frame(rows.filter(pa.array(found)))


def moment(value: Moment, timezone: str, where: str = "since, until") -> tuple[int, int]:
    """The first and the last microsecond (UTC) that a time means: a bare date is its whole local day.

    ``where`` is what an error says of the place that it stood in.

    Examples
    --------
    >>> first, last = moment("2024-03-01", "Asia/Shanghai")
    >>> (last - first + 1) // 3_600_000_000
    24
    >>> moment("2024-03-01T09:00:00+08:00", "UTC") == moment("2024-03-01 09:00:00", "Asia/Shanghai")
    True
    """
    stated: datetime.date | None = None
    if isinstance(value, datetime.date):
        stated = value
    else:
        for read in (datetime.date.fromisoformat, datetime.datetime.fromisoformat):
            try:
                stated = read(value.strip())
                break
            except (ValueError, AttributeError):
                continue
    if stated is None:
        raise UsageError(
            Problem(
                where,
                N_("this is not a time"),
                first=str(value),
                expected=N_("such as 2024-03-01, or 2024-03-01T09:30:00"),
            )
        )
    if isinstance(stated, datetime.datetime):
        if stated.tzinfo is None:
            stated = stated.replace(tzinfo=ZoneInfo(timezone))
        since_epoch = stated - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
        exact = (since_epoch.days * 86_400 + since_epoch.seconds) * _SECOND + since_epoch.microseconds
        return exact, exact
    day = np.array([stated.toordinal() - datetime.date(1970, 1, 1).toordinal()], np.int64)
    return int(midnights(day, timezone)[0]), int(midnights(day + 1, timezone)[0]) - 1


def local_time(at: int, timezone: str) -> datetime.datetime:
    """The local time of a moment, given in microseconds of UTC.

    Examples
    --------
    >>> local_time(0, "Asia/Shanghai").isoformat()
    '1970-01-01T08:00:00+08:00'
    """
    start = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (start + datetime.timedelta(microseconds=int(at))).astimezone(ZoneInfo(timezone))


def _span(rows: pa.Table, timezone: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    first = np.asarray(rows["time"].cast(pa.int64()).to_numpy(), np.int64)
    if "time_day" not in rows.column_names:
        return first, first
    is_day = _flags(rows["time_day"])
    last = first.copy()
    last[is_day] = midnights(local_days(first[is_day], timezone) + 1, timezone) - 1
    return first, last


def _with_text(tables: Tables, rows: pa.Table, text: str) -> Flags:
    found = _named(rows, text, *_TEXTS)
    accounts, parties = tables.arrow("accounts"), tables.arrow("parties")
    if accounts is not None and accounts.num_rows:
        named = _named(accounts, text, "name", "aliases")
        if parties is not None and parties.num_rows and "party_id" in accounts.column_names:
            hits = _named(parties, text, "party_id", "name", "id_number")
            owners = parties["party_id"].filter(pa.array(hits)).combine_chunks()
            named |= _flags(pc.is_in(accounts["party_id"], value_set=owners))
        found |= _touching(rows, accounts["account_id"].filter(pa.array(named)))
    return found


def _named(table: pa.Table, text: str, *columns: str) -> Flags:
    """Rows in one of whose columns the text stands, in any case of letters."""
    # Digits and Chinese have no case, and are found much faster without one.
    any_case = text.lower() != text.upper()
    have = [c for c in columns if c in table.column_names and table[c].null_count < table.num_rows]
    found = np.zeros(table.num_rows, np.bool_)
    with threads(2, table.num_rows) as pool:  # Arrow searches without Python's lock
        for hits in pool.map(lambda c: pc.match_substring(table[c], text, ignore_case=any_case), have):
            found |= _flags(hits)
    return found


def _touching(rows: pa.Table, accounts: pa.ChunkedArray) -> Flags:
    values = accounts.combine_chunks()
    if len(values) == 0:
        return np.zeros(rows.num_rows, np.bool_)
    return _flags(pc.is_in(rows["source"], value_set=values)) | _flags(
        pc.is_in(rows["target"], value_set=values)
    )


def _accounts_of(tables: Tables, party: str) -> pa.ChunkedArray:
    """The accounts of a party, named by its id or by a name that no other has."""
    accounts = tables.arrow("accounts")
    ident = party_named(tables, party)
    if accounts is None or "party_id" not in accounts.column_names:
        return pa.chunked_array([], pa.large_string())
    return accounts["account_id"].filter(pc.equal(accounts["party_id"], ident))


def party_named(tables: Tables, party: str, where: str = "party") -> str:
    """The id of a party that is named by it, or by a name that no other has.

    Raises
    ------
    UsageError
        For a name that several parties have (it lists them), or none (it lists those with a similar one).
    """
    parties = tables.arrow("parties")
    if parties is None or not parties.num_rows:
        raise UsageError(Problem(where, _NO_PARTY, first=party))
    for column in ("party_id", "name"):
        rows = parties.filter(pc.equal(parties[column], party))
        if rows.num_rows > 1:
            what = N_("several parties have this name")
            raise UsageError(Problem(where, what, first=party, expected=_listed_rows(rows)))
        if rows.num_rows:
            return str(rows["party_id"][0].as_py())
    near = parties.filter(pa.array(_named(parties, party, "party_id", "name")))
    raise UsageError(Problem(where, _NO_PARTY, first=party, expected=_listed_rows(near)))


_NO_PARTY = N_("no party has this id or name")
MOST_LISTED = 10


def _listed_rows(parties: pa.Table) -> str:
    """Some parties as an error lists them."""
    names = zip(parties["party_id"].to_pylist(), parties["name"].to_pylist(), strict=True)
    return with_names(dict(sorted(names)))


def with_names(names: Mapping[str, str | None], most: int = MOST_LISTED) -> str:
    """Ids with the names of what they are, as an error lists them; those left out are counted.

    Examples
    --------
    >>> with_names({"C1": "Ace Ltd", "C2": None, "C3": "C3", "C4": "Dee"}, 3)
    'C1 (Ace Ltd), C2, C3, … (+1)'
    """
    listed = [f"{each} ({name})" if name and name != each else each for each, name in names.items()]
    return ", ".join(listed[:most]) + (f", … (+{len(listed) - most})" if listed[most:] else "")


def party_like(tables: Tables, text: str, most: int = 10) -> list[str]:
    """Ids of parties whose id or name has a text in it, at most so many."""
    parties = tables.arrow("parties")
    if parties is None or not parties.num_rows:
        return []
    found = parties["party_id"].filter(pa.array(_named(parties, text, "party_id", "name")))
    return [str(each) for each in found.slice(0, most).to_pylist()]


def _least(tables: Tables, rows: pa.Table, least: Amount) -> npt.NDArray[np.int64]:
    """The least amount in the minor units of each row's own currency."""
    if isinstance(least, int) and not isinstance(least, bool):
        return np.full(rows.num_rows, least, np.int64)
    try:
        major = Decimal(least) if isinstance(least, (str, Decimal)) else Decimal("NaN")
    except InvalidOperation:
        major = Decimal("NaN")
    if not major.is_finite():
        raise UsageError(
            Problem(
                "least",
                N_("this is not an amount"),
                first=str(least),
                expected=N_("text or Decimal in major units, or an int in minor units"),
            )
        )
    encoded = rows["currency"].combine_chunks().dictionary_encode()
    limits = [
        int((major * 10 ** tables.minor_units.get(currency, 2)).to_integral_value(ROUND_CEILING))
        for currency in encoded.dictionary.to_pylist()
    ]
    bounded = np.asarray([min(limit, 2**63 - 1) for limit in limits] or [0], np.int64)
    return np.asarray(bounded[encoded.indices.to_numpy(zero_copy_only=False)], np.int64)


def _flags(values: pa.Array | pa.ChunkedArray) -> Flags:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), np.bool_)
