"""Accounts, currencies and earmarks by number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow import sets
from graphflow.ledger.columns import positions, texts
from graphflow.ledger.coverage import Coverage
from graphflow.tables.shelf import Shelf

if TYPE_CHECKING:
    from graphflow.tables import Tables

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]

KIND = {
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
EARMARKS = ("clearing_id", "order_id", "loan_id", "product_id")


@dataclass(frozen=True)
class Accounts:
    """What is known of the accounts, by number; ``number`` is that of each row of their table."""

    ids: Any
    kind: NDArray[np.int8]
    party: NDArray[np.int32]
    asset: NDArray[np.bool_]
    party_ids: Any
    number: Numbers


def read_accounts(tables: Tables, transfers: Any, accounts: Any) -> Accounts:
    """Number the accounts by their ids as text, and the parties."""
    # the door has added every account that a transfer names; a bare ledger may have no table of accounts
    named = texts(accounts, "account_id")
    columns = [named] if named is not None else []
    if named is None:
        columns = [x for x in (texts(transfers, "source"), texts(transfers, "target")) if x is not None]
    ascending = len(columns) == 1 and bool(pc.all(pc.less(columns[0][:-1], columns[0][1:])).as_py())
    if ascending:
        ids = columns[0]  # each once
    else:
        ids = pa.chunked_array(columns).unique() if columns else pa.array([], pa.large_string())
        ids = ids.take(pc.sort_indices(ids))
    size = len(ids)
    number = np.arange(size, dtype=np.int32) if ascending else positions(named, ids)
    kind = np.zeros(size, np.int8)
    party = np.full(size, -1, np.int32)
    asset = np.zeros(size, np.bool_)
    party_ids = pa.array([], pa.large_string())
    if accounts is not None and size:
        words = texts(accounts, "kind")
        if words is not None:
            codes = words.dictionary_encode()
            meaning = np.array([KIND.get(x, 0) for x in codes.dictionary.to_pylist()] + [0], np.int8)
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
    return Accounts(ids, kind, party, asset, party_ids, number)


def numbers_of(tables: Tables, transfers: Any, side: str, who: Accounts) -> Numbers:
    """The account of each transfer on one side, by number."""
    known = tables.accounts_by_row.get(side)
    if known is None:
        column = texts(transfers, side)
        return np.zeros(0, np.int32) if column is None else positions(column, who.ids)
    if bool((who.number == np.arange(who.number.size)).all()):  # the accounts stand in the order of their ids
        return known
    return who.number[known]


def read_currencies(transfers: Any, name: str, default: str, size: int) -> tuple[list[str], Numbers]:
    words: list[Any] = []
    if isinstance(transfers, Shelf):
        words = transfers.words(name).to_pylist() if name in transfers.column_names else []
    elif name in transfers.column_names:
        words = pc.unique(transfers.column(name)).to_pylist()
    if len(words) < 2 and None not in words:  # one piece of them all would be only memory
        return [*words, default][:1], np.zeros(size, np.int32)
    column = texts(transfers, name)
    if column is None:
        return [default], np.zeros(size, np.int32)
    codes = pc.fill_null(column, default).dictionary_encode()
    return codes.dictionary.to_pylist(), codes.indices.to_numpy(zero_copy_only=False)


def own_currencies(
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
    opens = sets.unique(own[coverage.periods["account"][coverage.tells]])
    names = list(dict.fromkeys([*names, *(words[i] for i in opens)]))
    coin = np.array([names.index(x) if x in names else -1 for x in words], np.int64)
    return coin[own], names


def read_earmarks(
    transfers: Any, size: int, kind: NDArray[np.int8], source: Numbers, target: Numbers
) -> tuple[Numbers, Any]:
    """Each row's earmark, where one side is kept by earmark: its clearing, else order, loan or product.

    Without any earmark no row has an entry.
    """
    kept = np.isin(kind, (4, 5))
    concerned = np.flatnonzero(kept[source] | kept[target]) if kept.any() else np.zeros(0, np.int64)
    columns = [texts(transfers, name) for name in EARMARKS]
    columns = [x for x in columns if x is not None]
    if concerned.size == 0 or not columns:
        return np.zeros(0, np.int32), pa.array([], pa.large_string())
    mark = pc.coalesce(*[x.take(pa.array(concerned)) for x in columns]).dictionary_encode()
    if len(mark.dictionary) == 0:
        return np.zeros(0, np.int32), mark.dictionary
    numbers = np.full(size, -1, np.int32)
    numbers[concerned] = pc.fill_null(mark.indices, -1).to_numpy(zero_copy_only=False)
    return numbers, mark.dictionary
