"""What a case says as of a day, put together once for all red lines: flows, groups, roles, platforms."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphflow import sets
from graphflow.findings import Cited, cited
from graphflow.kernels.index import index_by
from graphflow.language import N_
from graphflow.ownership.controlling import Ties, group_of, ties_of
from graphflow.ownership.stakes import Stakes, in_force, stakes_at
from graphflow.ownership.stakes import last_moment as last_moment_of
from graphflow.redlines.texts import Texts
from graphflow.rows import Moment, local_time, moment
from graphflow.tables import SCHEMA
from graphflow.tables.columns import periods

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.ledger import Ledger
    from graphflow.products.positions import Positions

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

DAY = 86_400 * 1_000_000
"""A day in microseconds."""

NEVER = int(np.iinfo(np.int64).min)
"""What stands for a time that nobody says."""

BEGINS: Mapping[str, str] = {
    "transfers": "time", "subscriptions": "time", "loans": "start", "listings": "opened",
    "assignments": "time", "holdings": "start", "guarantees": "since", "client_ledger": "date",
    "financials": "period_end", "products": "start", "sign_ins": "time",
}  # fmt: skip
"""The column that says when a row of a table came to be: one behind the date asked for is not yet known."""

LATER: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "subscriptions": (("redeemed", ("redeemed_amount", "redemption_transfer_id")),),
    "instalments": (("paid_on", ("paid", "paid_by")),),
    "listings": (("filled", ()),),
}
"""What is written into a row later, by the column that says when: not yet known before that."""

MOMENTS: Mapping[str, tuple[str, ...]] = {
    "transfers": ("time", "target_time"), "stakes": ("since",), "relations": ("since",),
    "holdings": ("start", "as_of"), "subscriptions": ("time", "redeemed"), "products": ("start",),
    "loans": ("start",), "listings": ("opened", "filled"), "assignments": ("time",),
    "guarantees": ("since",), "client_ledger": ("date",), "financials": ("period_end",),
    "sign_ins": ("time",), "instalments": ("paid_on",),
}  # fmt: skip
"""The columns by which a case knows of a moment: what was or became, never what is to be."""

YUAN = "CNY"
IN_YUAN, SOME_IN_YUAN = N_("a case in yuan"), N_("transfers in yuan")
"""What tests need whose limits are yuan: nobody here knows a rate. Without it they are not asked."""

POSITIONED = ("transfers", "stakes", "relations", "holdings", "subscriptions")
"""The tables whose last moment is that of positions."""

ROLE_OF_KIND: Mapping[str, str] = {
    "client_custody": "custody", "reserve_central": "reserve", "reserve_special": "reserve",
    "clearing": "clearing", "internal": "bank_internal", "payroll": "payroll", "tax": "tax_social",
}  # fmt: skip
"""The role that an account has by its kind."""

NEVER_A_POOL = frozenset({
    "bank_internal", "clearing", "custody", "reserve", "settlement_house", "intragroup_pool", "tax_social",
    "utility", "exchange", "hospital_school", "court_escrow", "presale_escrow", "administrator", "government",
})  # fmt: skip
"""Roles whose accounts bring many people's money together as their business or by law: no red line takes them
for a pool, a platform or a shell; money passes through them (`domain` §0.5 of the rules: the guard)."""

PLATFORM_SECTORS: Mapping[str, tuple[str, ...]] = {
    "lending": ("p2p_platform",),
    "crowdfunding": ("equity_crowdfunding_platform",),
    "payment": ("payment_institution",),
    "manager": ("asset_manager", "trust_company", "fund_distributor"),
}
"""Kinds of platforms by the sectors of parties."""


@dataclass(frozen=True)
class Role:
    """What a node of the flows is, with the row that says so; ``inferred`` where no row does, but flows."""

    role: str
    inferred: bool
    cited: Cited | None = None


@dataclass(frozen=True)
class Known:
    """Something of a party that a table states, or that flows let infer; with the rows."""

    inferred: bool
    cited: tuple[Cited, ...] = field(repr=False)


class Facts:
    """A case as of a day.

    Parties and accounts are numbered as in their tables (``party_ids``, ``account_ids``); -1 is nobody.

    Attributes
    ----------
    at
        The moment, in microseconds of UTC; nothing later is seen.
    day
        The day of the law that holds; None where nobody asked for a day: then the law as it was last.
    """

    def __init__(self, case: Case, as_of: Moment | None = None) -> None:
        self.case = case
        self.tables = case.tables
        self.asked = as_of is not None
        self.at = last_moment(case) if as_of is None else moment(as_of, self.tables.timezone, "as_of")[1]
        self.day = local_time(self.at, self.tables.timezone).date() if self.asked else None
        self._rows: dict[str, pd.DataFrame] = {}
        self._now: dict[str, pd.DataFrame] = {}
        self._moments: dict[str, Ints] = {}
        self._platforms: dict[str, Mapping[str, Known]] = {}
        self._tied_rows: dict[str, _TiedRows] = {}
        self._last_moved: tuple[Ints, Ints] | None = None
        self._last_touched: tuple[Ints, Ints] | None = None
        self._from_source: dict[str, Flags] = {}
        self._texts: dict[str, Texts | None] = {}

    # ------------------------------------------------------------ tables

    def rows(self, table: str) -> pd.DataFrame:
        """The rows of a table that are known at the moment; the index is each row's place in the table.

        Every column of the schema is there, empty where the table lacks it. What was written into a row later
        (a redemption, a payment of an instalment) is empty. Money is in minor units, times are UTC.
        """
        if table not in self._rows:
            frame = self.tables.frame(table)
            lacking = {name: spec.type for name, spec in SCHEMA[table].columns.items() if name not in frame}
            if lacking:  # all at once: one by one each takes half a millisecond
                empty = {
                    kind: pa.nulls(len(frame), kind).to_pandas(types_mapper=_types).array
                    for kind in set(lacking.values())
                }
                given = {name: frame[name].array for name in frame.columns}
                lacks = {name: empty[kind] for name, kind in lacking.items()}
                frame = pd.DataFrame({**given, **lacks}, index=frame.index, copy=False)
            if self.asked:
                begins = BEGINS.get(table)
                if begins:
                    frame = frame[~(micros(frame[begins]) > self.at)]
                for column, written in LATER.get(table, ()):
                    later = known(frame[column]) & (micros(frame[column]) > self.at)
                    if later.any():
                        frame = frame.copy()
                        for name in (column, *written):
                            frame.loc[later, name] = None
            self._rows[table] = frame
        return self._rows[table].copy(deep=False)

    def in_force(self, table: str) -> pd.DataFrame:
        """Those of `rows` whose `since` to `until` the moment lies in."""
        if table not in self._now:
            frame = self.rows(table)
            rows = self.tables.arrow(table)
            if rows is not None and len(frame):
                frame = frame[in_force(rows, self.at)[frame.index.to_numpy()]]
            self._now[table] = frame
        return self._now[table].copy(deep=False)

    def in_force_between(self, table: str, first: int, last: int) -> pd.DataFrame:
        """Those of `rows` whose `since` to `until` meets a stretch of time (microseconds, both inclusive).

        Who has left since was there all the same: ties of the time in which something was done count.
        """
        frame = self.rows(table)
        rows = self.tables.arrow(table)
        if rows is None or not len(frame):
            return frame
        since, until = periods(rows)
        places = frame.index.to_numpy()
        met: pd.DataFrame = frame[(since[places] <= last) & (until[places] > first)]
        return met

    def licensed_then(self, functions: Iterable[str], parties: Ints, times: Ints) -> Flags:
        """Whether parties, by number, had a licence of some functions, each at a moment of its own."""
        found = np.zeros(times.size, np.bool_)
        table, held = self.tables.arrow("licences"), self.rows("licences")
        held = held[held["function"].isin(list(functions))]
        if table is None or held.empty:
            return found
        since, until = periods(table)
        numbers = self.numbers_of(held["party_id"])
        mine = (numbers >= 0) & np.isin(numbers, parties)
        for place, party in zip(held.index[mine].tolist(), numbers[mine].tolist(), strict=True):
            found |= (parties == party) & (times >= since[place]) & (times < until[place])
        return found

    def has(self, need: str) -> bool:
        """Whether the case has a table with rows, or (``table.column``) a column of it with any value.

        `IN_YUAN` and `SOME_IN_YUAN` are needs too: a limit in yuan says nothing of other money.
        """
        if need == IN_YUAN:
            return self.tables.currency == YUAN
        if need == SOME_IN_YUAN:
            return YUAN in self.currencies
        table, _, column = need.partition(".")
        return self.tables.has(table, column or None)

    def cite(self, table: str, frame_or_rows: Any, shows: bool = True) -> Cited:
        """Rows as evidence, from a frame of `rows` (its index) or their places."""
        rows = frame_or_rows.index.to_numpy() if isinstance(frame_or_rows, pd.DataFrame) else frame_or_rows
        return cited(table, rows, shows)

    def moments(self, table: str) -> Ints:
        """When each row of a table came to be (`BEGINS`), by its place; `NEVER` where nobody says."""
        if table not in self._moments:
            column = BEGINS[table]
            rows = self.tables.arrow(table, (column,))
            times = np.zeros(0, np.int64)
            if rows is not None and column in rows.column_names:
                times = pc.fill_null(rows[column].cast(pa.int64()), NEVER).to_numpy()
            self._moments[table] = times
        return self._moments[table]

    # ------------------------------------------------------------ parties and accounts

    @cached_property
    def party_ids(self) -> npt.NDArray[np.object_]:
        """The ids of parties, by number."""
        return _objects(self.tables, "parties", "party_id")

    @cached_property
    def party_number(self) -> Mapping[str, int]:
        """The number of each party."""
        return {each: number for number, each in enumerate(self.party_ids.tolist())}

    def numbers_of(self, parties: pd.Series) -> Ints:
        """The number of each of some parties, given by id; -1 of one that is not there."""
        if len(parties) < self.party_ids.size // 16:  # one index for all who ask about few
            return np.asarray(self._party_index.get_indexer(pd.Index(parties, dtype=object)), np.int64)
        ids = pa.array(self.party_ids, pa.large_string())
        found = pc.index_in(pa.array(parties, pa.large_string(), from_pandas=True), value_set=ids)
        return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)

    @cached_property
    def _party_index(self) -> pd.Index[Any]:
        return pd.Index(self.party_ids, dtype=object)

    @cached_property
    def party_kind(self) -> npt.NDArray[np.object_]:
        """The kinds of parties; empty where unknown."""
        return _objects(self.tables, "parties", "kind")

    def party_is(self, *kinds: str) -> Flags:
        """Which parties, by number, are of one of some kinds; kept, and not to be written to."""
        return self._are(self.party_kind, "party", kinds)

    def account_is(self, *kinds: str) -> Flags:
        """Which accounts, by number, are of one of some kinds; kept, and not to be written to."""
        return self._are(self.account_kind, "account", kinds)

    def _are(self, values: npt.NDArray[np.object_], what: str, kinds: tuple[str, ...]) -> Flags:
        if (what, kinds) not in self._of_kind:
            found = np.isin(values, kinds).astype(np.bool_)
            found.flags.writeable = False
            self._of_kind[what, kinds] = found
        return self._of_kind[what, kinds]

    @cached_property
    def _of_kind(self) -> dict[tuple[str, tuple[str, ...]], Flags]:
        return {}

    @cached_property
    def party_sector(self) -> npt.NDArray[np.object_]:
        """The sectors of parties; empty where unknown."""
        return _objects(self.tables, "parties", "sector")

    @cached_property
    def party_name(self) -> npt.NDArray[np.object_]:
        """The names of parties."""
        return _objects(self.tables, "parties", "name")

    @cached_property
    def account_ids(self) -> npt.NDArray[np.object_]:
        """The ids of accounts, by number: the same numbers as in `flows`."""
        return _objects(self.tables, "accounts", "account_id")

    @cached_property
    def account_number(self) -> Mapping[str, int]:
        """The number of each account."""
        return {each: number for number, each in enumerate(self.account_ids.tolist())}

    @cached_property
    def account_kind(self) -> npt.NDArray[np.object_]:
        """The kinds of accounts; empty where unknown."""
        return _objects(self.tables, "accounts", "kind")

    def _parties_of(self, column: str) -> Ints:
        held = _objects(self.tables, "accounts", column)
        return np.fromiter((self.party_number.get(each, -1) for each in held), np.int64, held.size)

    @cached_property
    def account_party(self) -> Ints:
        """The party that each account belongs to; -1 where nobody says."""
        return self._parties_of("party_id")

    @cached_property
    def account_signer(self) -> Ints:
        """The party that signs for each account; -1 where nobody says."""
        return self._parties_of("signer_id")

    def accounts_of(self, parties: Iterable[str], *, signed: bool = False) -> Ints:
        """The numbers of the accounts of some parties; ``signed``: also those that they sign for."""
        numbers = np.array([self.party_number[p] for p in parties if p in self.party_number], np.int64)
        found = [picked(self._by_party, numbers)]
        if signed:
            found.append(picked(self._by_signer, numbers))
        return sets.unique(np.concatenate(found))

    @cached_property
    def _by_party(self) -> tuple[Ints, Numbers]:
        return _known_by(self.account_party, self.party_ids.size)

    @cached_property
    def _by_signer(self) -> tuple[Ints, Numbers]:
        return _known_by(self.account_signer, self.party_ids.size)

    def holder(self, account: int) -> str:
        """The party of an account, by id; empty where nobody says."""
        party = int(self.account_party[account])
        return str(self.party_ids[party]) if party >= 0 else ""

    def name_of(self, party: str) -> str:
        """A party's name; empty where there is none."""
        number = self.party_number.get(party, -1)
        return str(self.party_name[number]) if number >= 0 else ""

    def names_of(self, parties: Iterable[str]) -> str:
        """Some parties by name, by id where they have none, with commas."""
        return ", ".join(self.name_of(each) or each for each in parties)

    def is_person(self, party: str) -> bool:
        """Whether a party is stated to be a natural person."""
        number = self.party_number.get(party, -1)
        return number >= 0 and self.party_kind[number] == "person"

    def cite_accounts(self, accounts: Iterable[int], shows: bool = False) -> Cited:
        """The rows of some accounts, as context; those that no source has a row of are none."""
        places = accounts if isinstance(accounts, np.ndarray) else np.fromiter(accounts, np.int64)
        return cited("accounts", self.in_source("accounts", places), shows)

    def coverage_of(self, accounts: Ints) -> Ints:
        """The places of what says for what time the statements of some accounts are held."""
        here = np.zeros(self.account_ids.size + 1, np.bool_)  # the last is no account
        here[accounts] = True
        return np.flatnonzero(here[self._covered])

    @cached_property
    def _covered(self) -> Ints:
        """The account of each row of coverage, by number."""
        named = _objects(self.tables, "coverage", "account_id")
        return np.fromiter((self.account_number.get(each, -1) for each in named), np.int64, named.size)

    def cite_parties(self, parties: Iterable[str], shows: bool = False) -> Cited:
        """The rows of some parties, as context; those that no source has a row of are none."""
        known_ = [self.party_number[p] for p in parties if p in self.party_number]
        return cited("parties", self.in_source("parties", np.asarray(known_, np.int64)), shows)

    def in_source(self, table: str, rows: Ints) -> Ints:
        """Those of some rows of parties or accounts that a source has."""
        found: Ints = rows[self._told(table)[rows]]
        return found

    def _told(self, table: str) -> Flags:
        """Which rows of parties or accounts a source has: others were added for what names them."""
        if table not in self._from_source:
            rows = self.tables.arrow(table, ("source_row",))
            valid = [] if rows is None else rows["source_row"].is_valid().to_numpy()
            self._from_source[table] = np.asarray(valid, np.bool_)
        return self._from_source[table]

    # ------------------------------------------------------------ flows

    @cached_property
    def ledger(self) -> Ledger:
        """The compiled ledger."""
        return self.case.ledger

    @cached_property
    def _net(self) -> Ints:
        """What is left of each of the ledger's rows after its reversals, those that came later left out."""
        rows = self.ledger.rows
        net = rows["net"].astype(np.int64)
        if not self.asked or not self.tables.has("transfers", "reversal_of"):
            return net
        late = np.flatnonzero((rows["time"] > self.at) & (rows["net"] == 0) & (rows["amount"] > 0))
        table = self.tables.arrow("transfers", ("transfer_id", "reversal_of"))
        assert table is not None
        links = table["reversal_of"].take(pa.array(rows["origin"][late].astype(np.int64)))
        found = pc.index_in(links, value_set=table["transfer_id"].combine_chunks())
        undone = np.asarray(found.fill_null(-1), np.int64)
        place = np.empty(len(rows), np.int64)
        place[rows["origin"]] = np.arange(len(rows))
        known_ = undone >= 0
        np.add.at(net, place[undone[known_]], rows["amount"][late[known_]].astype(np.int64))
        return net

    @cached_property
    def _kept(self) -> Flags:
        """Which of the ledger's rows `flows` has."""
        rows = self.ledger.rows
        keep = self._net > 0
        if self.asked:
            keep &= rows["time"] <= self.at
        return np.asarray(keep, np.bool_)

    @cached_property
    def flows(self) -> pd.DataFrame:
        """Transfers in the order that is shown, net of their reversals, up to the moment.

        Columns: ``row`` (place in the table), ``time`` (microseconds), ``source`` and ``target`` (accounts),
        ``payer`` and ``payee`` (parties, -1 unknown), ``amount`` (what is left after reversals),
        ``currency`` (a code, see `currencies`), ``own`` (both sides are one party's). What was undone whole,
        and reversals themselves, are not there.
        """
        rows, net = self.ledger.rows[self._kept], self._net[self._kept]
        source, target = self.of_ledger[rows["source"]], self.of_ledger[rows["target"]]
        payer, payee = self.account_party[source], self.account_party[target]
        return pd.DataFrame(
            {
                "row": rows["origin"].astype(np.int64), "time": rows["time"],
                "source": source, "target": target,
                "payer": payer, "payee": payee, "amount": net,
                "currency": rows["currency"].astype(np.int64),
                "own": (source == target) | ((payer >= 0) & (payer == payee)),
            }
        )  # fmt: skip

    @cached_property
    def order_open(self) -> Flags:
        """Of accounts, as the ledger numbers them: whether the order of some of their rows is open."""
        found = np.zeros(len(self.ledger.account_ids), np.bool_)
        found[self.ledger.open_rows[:, 1]] = True
        return found

    @cached_property
    def of_ledger(self) -> Ints:
        """By the ledger's number of an account, which follows its id, the number that it has here."""
        number = self.account_number
        found = (number[each] for each in self.ledger.account_ids.to_pylist())
        return np.fromiter(found, np.int64, len(self.ledger.account_ids))

    @cached_property
    def arrivals(self) -> pd.DataFrame:
        """`flows` row by row as the money arrives: later where it is in transit, another amount and currency
        where it is converted.
        """
        flows, rows = self.flows, self.ledger.rows
        converts = self.tables.has("transfers", "target_amount")
        if not converts and bool((rows["arrives"] == rows["time"]).all()):
            return flows
        came = flows.copy(deep=False)
        came["time"] = rows["arrives"][self._kept]
        if converts:
            table = self.tables.arrow("transfers", ("target_amount", "target_currency"))
            assert table is not None
            taken = table.take(pa.array(flows["row"].to_numpy()))
            some = np.flatnonzero(pc.is_valid(taken["target_amount"]).to_numpy())
            coin = {each: code for code, each in enumerate(self.currencies)}
            amounts, coins = flows["amount"].to_numpy().copy(), flows["currency"].to_numpy().copy()
            chosen = taken.take(pa.array(some))
            amounts[some] = chosen["target_amount"].to_numpy()
            coins[some] = [coin.get(each, -1) for each in chosen["target_currency"].to_pylist()]
            came["amount"], came["currency"] = amounts, coins
        return came

    @cached_property
    def _by_source(self) -> tuple[Ints, Numbers]:
        return index_by(self.flows["source"].to_numpy().astype(np.int32), self.account_ids.size)

    @cached_property
    def _by_target(self) -> tuple[Ints, Numbers]:
        return index_by(self.flows["target"].to_numpy().astype(np.int32), self.account_ids.size)

    @cached_property
    def flow(self) -> Mapping[str, Ints]:
        """The columns of `flows`, for who asks about few rows of it many times."""
        return {str(name): self.flows[name].to_numpy() for name in self.flows}

    def paid_by(self, accounts: Iterable[int]) -> Ints:
        """Where in `flows` some accounts pay, in order."""
        return picked(self._by_source, accounts)

    def paid_to(self, accounts: Iterable[int]) -> Ints:
        """Where in `flows` some accounts are paid, in order."""
        return picked(self._by_target, accounts)

    @cached_property
    def in_ledger(self) -> Ints:
        """By the number that an account has here the ledger's; -1 where no transfer names it."""
        found = np.full(self.account_ids.size, -1, np.int64)
        found[self.of_ledger] = np.arange(self.of_ledger.size)
        return found

    @cached_property
    def statements(self) -> tuple[int, int, Ints]:
        """The first and the last moment of the ledger; and where each of its accounts' periods begin."""
        times, accounts = self.ledger.rows["time"], np.arange(len(self.ledger.account_ids) + 1)
        pointer = np.searchsorted(self.ledger.periods["account"], accounts).astype(np.int64)
        return int(times.min()), int(times.max()), pointer

    @cached_property
    def ledger_row(self) -> Numbers:
        """By its place in the table, where a transfer stands in the ledger."""
        origin = self.ledger.rows["origin"]
        found = np.full(origin.size, -1, np.int32)
        found[origin] = np.arange(origin.size, dtype=np.int32)
        return found

    def sides_of(self, rows: Any) -> Ints:
        """The accounts on both sides of some transfers, which are given by place; each once."""
        found = self.ledger.rows[self.ledger_row[np.asarray(rows, np.int64)]]
        return sets.union(*(self.of_ledger[found[side]] for side in ("source", "target")))

    @cached_property
    def _ledger_sides(self) -> tuple[tuple[Ints, Numbers], ...]:
        rows, size = self.ledger.rows, len(self.ledger.account_ids)
        return tuple(index_by(np.ascontiguousarray(rows[side]), size) for side in ("source", "target"))

    def moved(self, accounts: Ints) -> Ints:
        """The ledger's rows, undone ones too, that some accounts pay or are paid by, in order.

        The last answer is kept, for the same array.
        """
        if self._last_moved is None or self._last_moved[0] is not accounts:
            numbers = self.in_ledger[accounts]
            numbers = numbers[numbers >= 0]
            parts = [positions[runs_of(pointer, numbers)] for pointer, positions in self._ledger_sides]
            if sum(part.size for part in parts) > self.ledger.size // 64:
                here = np.zeros(self.ledger.size, np.bool_)  # it costs less than to sort them
                for part in parts:
                    here[part] = True
                found = np.flatnonzero(here)
            else:
                found = sets.unique(np.concatenate(parts)).astype(np.int64)
            self._last_moved = accounts, found
        return self._last_moved[1]

    def cite_moved(self, accounts: Ints) -> list[Cited]:
        """As context all that moved some accounts, and what is needed to follow it: whose those on both
        sides are, and for what time their statements are held. It is sought when somebody asks.
        """

        def near() -> Ints:
            return self.moved(accounts)

        def touched() -> Ints:
            rows = near()
            if self._last_touched is None or self._last_touched[0] is not rows:
                here = np.zeros(self.account_ids.size, np.bool_)
                for side in ("source", "target"):
                    here[self.of_ledger[self.ledger.rows[side][rows]]] = True
                self._last_touched = rows, np.flatnonzero(here)
            return self._last_touched[1]

        def rows() -> Ints:
            return np.sort(self.ledger.rows["origin"][near()].astype(np.int64))

        def coverage() -> Ints:
            return self.coverage_of(touched())

        def holders() -> Ints:
            parties: Ints = sets.unique(self.account_party[touched()])
            parties = parties[parties >= 0]
            return parties[self._told("parties")[parties]]

        return [
            Cited("transfers", rows, False),
            Cited("accounts", lambda: self.cite_accounts(touched()).rows, False),
            *([Cited("coverage", coverage, False)] if self.tables.has("coverage") else []),
            Cited("parties", holders, False),
        ]

    @cached_property
    def account_products(self) -> npt.NDArray[np.object_]:
        """The product that each account is held for; empty where it is none."""
        found = self.tables.arrow("accounts", ("product_id",))
        if found is None or "product_id" not in found.column_names:
            return np.full(self.account_ids.size, "", object)
        return np.array([each or "" for each in found["product_id"].to_pylist()], object)

    @cached_property
    def home(self) -> int:
        """The code in `flows` of the case's own currency; -1 where no transfer is in it."""
        own = self.tables.currency
        return self.currencies.index(own) if own in self.currencies else -1

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currency of each code in `flows`."""
        return self.ledger.currencies

    def text_of(self, column: str) -> Texts | None:
        """A text column of transfers, read once; None where there is none."""
        if column not in self._texts:
            found = self.tables.arrow("transfers", (column,))
            has = found is not None and column in found.column_names
            self._texts[column] = Texts(found[column]) if has else None  # type: ignore[index]
        return self._texts[column]

    def texts(self, column: str, rows: Any) -> npt.NDArray[np.object_]:
        """A text column of transfers at some places of the table; empty text where there is none."""
        if column == "transfer_id":  # all are different: the ledger has them in a file that is mapped
            return np.array(self.ids(rows), object)
        found = self.text_of(column)
        return np.full(len(rows), "", object) if found is None else found.at(rows)

    def ids(self, rows: Any) -> list[str]:
        """The ids of some transfers, by place."""
        where = self.ledger_row[np.asarray(rows, np.int64)]
        found: list[str] = self.ledger.transfer_ids.take(pa.array(where)).to_pylist()
        return found

    def codes(self, column: str, rows: Any) -> tuple[Ints, list[str]]:
        """A text column at some places as numbers, -1 where it is empty; and what the numbers mean."""
        found = self.text_of(column)
        return (np.full(len(rows), -1, np.int64), []) if found is None else found.codes(rows)

    def at_place(self, transfer_ids: Iterable[str]) -> Ints:
        """The places in the table of some transfers, by id, ascending; without those that are not there."""
        found = self.places(transfer_ids)
        return sets.unique(found[found >= 0])

    def places(self, transfer_ids: Iterable[str]) -> Ints:
        """The place in the table of each of some transfers, by id; -1 where there is none, or no id."""
        wanted = list(transfer_ids)
        some = [number for number, each in enumerate(wanted) if each]
        found = np.full(len(wanted), -1, np.int64)
        rows = self.ledger.rows_named([wanted[number] for number in some])
        origin = self.ledger.rows["origin"]
        found[some] = np.where(rows >= 0, origin[rows] if origin.size else -1, -1)
        return found

    def reversals_of(self, rows: Any) -> Ints:
        """The places of the transfers that reverse some, which are given by place."""
        if not self.tables.has("transfers", "reversal_of"):
            return np.zeros(0, np.int64)
        table = self.tables.arrow("transfers", ("transfer_id", "reversal_of"))
        assert table is not None
        ids = table["transfer_id"].take(pa.array(np.asarray(rows, np.int64)))
        return np.flatnonzero(pc.is_in(table["reversal_of"], value_set=ids.combine_chunks()).to_numpy())

    # ------------------------------------------------------------ ownership

    @cached_property
    def stakes(self) -> Stakes:
        """The stakes in force at the moment."""
        return stakes_at(self.case, self.at)

    @cached_property
    def ties(self) -> Ties:
        """Who decides over whom at the moment."""
        return ties_of(self.stakes)

    @cached_property
    def _groups(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def _groups_of_tops(self) -> dict[frozenset[int], frozenset[str]]:
        return {}

    def group(self, party: str) -> frozenset[str]:
        """A party, its ultimate controllers and everything under them: its group (`grp`)."""
        if party not in self._groups:
            number = self.party_number.get(party, -1)
            if number < 0:
                self._groups[party] = frozenset({party})
            else:
                tops, members = group_of(self.ties, number)
                if tops not in self._groups_of_tops:  # one object for all who are of it
                    names = self.party_ids[np.fromiter(members, np.int64, len(members))]
                    self._groups_of_tops[tops] = frozenset(str(each) for each in names)
                group = self._groups_of_tops[tops]
                self._groups[party] = group if party in group else group | {party}
        return self._groups[party]

    def of_one_group(self, one: Ints, other: Ints) -> Flags:
        """Which of some pairs of parties, by number, are of one group: the second is in the first's."""
        found = np.zeros(one.size, np.bool_)
        place = np.full(self.party_ids.size, -1, np.int64)
        for name, number in self._joined.items():
            if name in self.party_number:
                place[self.party_number[name]] = number
        near = np.flatnonzero((place[one] >= 0) & (place[one] == place[other]))
        for each in sets.unique(one[near]).tolist():
            members = [
                self.party_number[m] for m in self.group(str(self.party_ids[each])) if m in self.party_number
            ]
            mine = near[one[near] == each]
            found[mine] = np.isin(other[mine], members)
        return found

    def cite_group(
        self, party: str, members: Iterable[str] | None = None, shows: bool = False
    ) -> list[Cited]:
        """The rows by which a group hangs together: stakes and relations among its members.

        ``members``: only those that lead to some members, upwards and down, are wanted; None: all.
        """
        group = self.group(party)
        if len(group) < 2 or (members is not None and set(members) <= {party}):
            return []
        if (group, shows) not in self._groups_cited:
            self._groups_cited[group, shows] = self._cite_all_of(group, shows)
        return self._groups_cited[group, shows]

    @cached_property
    def _groups_cited(self) -> dict[tuple[frozenset[str], bool], list[Cited]]:
        return {}

    def _cite_all_of(self, group: frozenset[str], shows: bool) -> list[Cited]:
        numbers = np.array(sorted(self.party_number[p] for p in group if p in self.party_number), np.int64)
        found: list[Cited] = []
        for table, columns in (
            ("stakes", ("owner_id", "company_id", "nominee_for")),
            ("relations", ("party_id", "other_id")),
        ):
            if self.tables.has(table):
                if table not in self._tied_rows:
                    self._tied_rows[table] = _TiedRows(self, table, columns)
                inside = self._tied_rows[table].inside(numbers)
                if inside.size:
                    found.append(cited(table, inside, shows))
        return found

    def tied(self, table: str, column: str, parties: Iterable[str]) -> Ints:
        """The places of the rows in force of stakes or relations that name some parties in a column."""
        if (table, column) not in self._by_named:
            frame = self.in_force(table)
            self._by_named[table, column] = (
                frame.index.to_numpy().astype(np.int64),
                _known_by(self.numbers_of(frame[column]), self.party_ids.size),
            )
        places, index = self._by_named[table, column]
        numbers = [self.party_number[each] for each in parties if each in self.party_number]
        return np.sort(places[picked(index, numbers)])

    @cached_property
    def _by_named(self) -> dict[tuple[str, str], tuple[Ints, tuple[Ints, Numbers]]]:
        return {}

    @cached_property
    def _joined(self) -> Mapping[str, int]:
        from graphflow.products.leaves import joined

        return joined(self.case)

    def cite_ties(self, parties: Iterable[str]) -> list[Cited]:
        """Everything that stakes and relations, at any time, join to some parties, as context.

        It is what whoever asks again whether they are related has to look at.
        """
        numbers = {self._joined[each] for each in parties if each in self._joined}
        if not numbers:
            return []
        near = {each for each, number in self._joined.items() if number in numbers}
        found = [self.cite_parties(near)]
        for table, column in (("stakes", "company_id"), ("relations", "party_id")):
            if self.tables.has(table):
                rows = self.tables.frame(table)
                found.append(self.cite(table, rows[rows[column].isin(near)], False))
        return found

    def related(self, one: str, other: str) -> str:
        """Whether two parties are related: ``yes``, ``no`` or ``disputed``; the same party is ``yes``."""
        if one == other:
            return "yes"
        if one not in self.party_number or other not in self.party_number:
            return "no"
        from graphflow.ownership import related

        day = local_time(self.at, self.tables.timezone)
        return related(self.case, one, other, day).answer

    @cached_property
    def positions(self) -> Positions:
        """Holdings and subscriptions in force at the moment."""
        from graphflow.products.positions import positions_of

        return positions_of(self.case, local_time(self.at, self.tables.timezone) if self.asked else None)

    def cite_last(self, *tables: str) -> list[Cited]:
        """The row by which the case knows of its last moment, as context; none where a day was asked about.

        Whatever is counted from that moment is not found again without it. ``tables``: only of these (the
        moment of `positions` is that of `POSITIONED`); none: of all.
        """
        if self.asked:
            return []
        last: tuple[int, str, int] | None = None
        for table in tables or MOMENTS:
            columns = MOMENTS[table]
            rows = self.tables.arrow(table, columns)
            for column in columns:
                if rows is not None and column in rows.column_names and rows.num_rows:
                    values = rows[column].cast(pa.int64())
                    most = pc.max(values).as_py()
                    if most is not None and (last is None or most > last[0]):
                        last = most, table, int(pc.index(values, pa.scalar(most)).as_py())
        return [] if last is None else [cited(last[1], [last[2]], False)]

    # ------------------------------------------------------------ the guard

    @cached_property
    def _stated_roles(self) -> Mapping[str, Role]:
        """Roles by subject (account or party id), as the table states them."""
        if not self.tables.has("roles"):
            return {}
        frame = self.in_force("roles")
        return {
            str(subject): Role(str(role), False, cited("roles", [place], False))
            for place, subject, role in zip(frame.index, frame["subject_id"], frame["role"], strict=True)
        }

    def role(self, account: int) -> Role | None:
        """What an account is in the flows: as stated, by its kind, as stated of its party; else None."""
        stated = self._stated_roles
        found = stated.get(str(self.account_ids[account]))
        if found is None and self.account_kind[account] in ROLE_OF_KIND:
            return Role(ROLE_OF_KIND[self.account_kind[account]], False, cited("accounts", [account], False))
        return found or stated.get(self.holder(account)) or self._payrolls.get(account)

    @cached_property
    def guarded(self) -> Flags:
        """Accounts that no red line takes for a pool, a platform or a shell: by kind and by stated role."""
        found = np.isin(self.account_kind, [k for k, r in ROLE_OF_KIND.items() if r in NEVER_A_POOL])
        stated = self._stated_roles
        for subject, role in stated.items():
            if role.role in NEVER_A_POOL:
                if subject in self.account_number:
                    found[self.account_number[subject]] = True
                elif subject in self.party_number:
                    found |= self.account_party == self.party_number[subject]
        return np.asarray(found, np.bool_)

    @cached_property
    def _payrolls(self) -> Mapping[int, Role]:
        """Accounts that pay wages, inferred: see `payrolls`."""
        return {account: Role("payroll", True) for account in payrolls(self)}

    @cached_property
    def hubs(self) -> pd.DataFrame:
        """Accounts of very many counterparties that have no role: walked, and named.

        Columns ``account_id``, ``party_id``, ``counterparties``, ``paid_in``, ``currency``; see `HUB`.
        """
        flows = self.flows[~self.flows["own"]]
        met = pd.concat(
            [
                flows[["source", "target"]].rename(columns={"source": "account", "target": "other"}),
                flows[["target", "source"]].rename(columns={"target": "account", "source": "other"}),
            ]
        ).drop_duplicates()
        counts = met["account"].value_counts()
        counts = counts[counts >= HUB]
        paid = flows[flows["target"].isin(counts.index)].groupby(["target", "currency"])["amount"].sum()
        by_account = {a: paid[a] for a in paid.index.get_level_values(0).unique()}
        rows = [
            {
                "account_id": str(self.account_ids[a]), "party_id": self.holder(a), "counterparties": n,
                "paid_in": int(amount), "currency": self.currencies[currency],
            }
            for a, n in zip(counts.index.tolist(), counts.tolist(), strict=True)
            if not self.guarded[a] and self.role(a) is None
            for currency, amount in by_account.get(a, pd.Series([0], [0])).items()
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["account_id", "party_id", "counterparties", "paid_in", "currency"])

    # ------------------------------------------------------------ who is a platform

    def platforms(self, kind: str = "lending") -> Mapping[str, Known]:
        """Parties that run a platform of a kind, each with the rows that say so.

        By sector; a lending platform also by loans, listings and the client ledger that name it, and by a
        licence. Where no row names one, see `collectors`.
        """
        if kind not in self._platforms:
            self._platforms[kind] = self._find_platforms(kind)
        return self._platforms[kind]

    def _find_platforms(self, kind: str) -> Mapping[str, Known]:
        found: dict[str, list[Cited]] = {}
        sector = np.isin(self.party_sector, PLATFORM_SECTORS[kind])
        for number in np.flatnonzero(sector):
            found.setdefault(str(self.party_ids[number]), []).append(cited("parties", [number], False))
        if kind == "lending":
            for table in ("loans", "listings", "client_ledger"):
                if self.tables.has(table, "platform_id"):
                    frame = self.rows(table)
                    first = frame[known(frame["platform_id"])].drop_duplicates("platform_id")
                    for place, party in sorted(
                        zip(first.index, first["platform_id"], strict=True), key=lambda each: str(each[1])
                    ):
                        found.setdefault(str(party), []).append(cited(table, [place], False))
        return {party: Known(False, tuple(rows)) for party, rows in found.items()}

    @cached_property
    def collectors(self) -> pd.DataFrame:
        """Parties into whose accounts outside persons pay: who collects from the public, by flows alone.

        One row a party and currency: ``party`` (number), ``currency``, ``payers`` (distinct outside natural
        persons), ``amount``. An account's money counts for its party, else for who signs. What stays in one
        group, guarded accounts and wages do not count.
        """
        flows = self.flows[~self.flows["own"]]
        person = np.append(self.party_is("person"), False)  # nobody, -1, is none
        who = np.where(self.account_party >= 0, self.account_party, self.account_signer)
        into = who[flows["target"].to_numpy()]
        payer = flows["payer"].to_numpy()
        keep = (into >= 0) & (payer >= 0) & ~self.guarded[flows["target"].to_numpy()]
        keep &= person[payer]
        keep[np.flatnonzero(keep)] = ~self.of_one_group(into[keep], payer[keep])
        part = pd.DataFrame(
            {
                "party": into[keep], "currency": flows["currency"].to_numpy()[keep], "payer": payer[keep],
                "amount": flows["amount"].to_numpy()[keep],
            }
        )  # fmt: skip
        grouped = part.groupby(["party", "currency"], as_index=False)
        found = grouped.agg(payers=("payer", "nunique"), amount=("amount", "sum"))
        return found.sort_values("amount", ascending=False, ignore_index=True)


def among(values: pd.Series, some: Iterable[object]) -> Flags:
    """Which texts of a column are among some: `isin`, which in pandas makes an object of each of the some."""
    texts = pa.array(values, pa.large_string(), from_pandas=True)
    wanted = pa.array([each for each in some if isinstance(each, str)], pa.large_string())
    return np.asarray(pc.is_in(texts, value_set=wanted).to_numpy(zero_copy_only=False), np.bool_)


def runs_of(pointer: Ints, keys: Ints) -> Ints:
    """The places ``pointer[k]`` to ``pointer[k + 1]`` of some keys, one key's behind another's.

    >>> runs_of(np.array([0, 2, 2, 5]), np.array([2, 0])).tolist()
    [2, 3, 4, 0, 1]
    """
    begins = pointer[keys]
    lengths = pointer[keys + 1] - begins
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if ends.size else 0
    return np.asarray(np.arange(total) + np.repeat(begins - (ends - lengths), lengths), np.int64)


def picked(index: tuple[Ints, Numbers], keys: Iterable[int]) -> Ints:
    """What an index (`index_by`) has of some keys, in order."""
    pointer, positions = index
    numbers = np.asarray(keys if isinstance(keys, np.ndarray) else list(keys), np.int64)
    return np.sort(positions[runs_of(pointer, numbers)]).astype(np.int64)


def _known_by(numbers: Ints, size: int) -> tuple[Ints, Numbers]:
    """An index of numbers of which -1 is none."""
    pointer, positions = index_by(np.where(numbers < 0, size, numbers).astype(np.int32), size + 1)
    return pointer, positions


class _TiedRows:
    """The rows of stakes or relations in force, by the parties that they name."""

    def __init__(self, facts: Facts, table: str, columns: tuple[str, ...]) -> None:
        frame = facts.in_force(table)
        self.places = frame.index.to_numpy()
        self.named = [facts.numbers_of(frame[column]) for column in columns]
        self.by_other = _known_by(self.named[1], facts.party_ids.size)

    def inside(self, numbers: Ints) -> Ints:
        """The places of the rows that join some parties; ``numbers`` ascending."""
        near = picked(self.by_other, numbers)  # the other side is one of them
        joins = np.zeros(near.size, np.bool_)
        for column in (self.named[0], *self.named[2:]):
            joins |= np.isin(column[near], numbers)
        return np.sort(self.places[near[joins]])


WAGES = ("工资", "代发", "salary", "wage")
"""What stands in the memo of wages."""

HUB = 1000
"""From so many counterparties on an account without a role is named as a hub."""


def last_moment(case: Case) -> int:
    """The last moment of which any table of a case knows anything."""
    last = [last_moment_of(case.tables)]
    for table, column in BEGINS.items():
        rows = case.tables.arrow(table, (column,))
        if rows is not None and column in rows.column_names and rows.num_rows:
            last.append(pc.max(rows[column].cast(pa.int64())).as_py() or 0)
    for table, written in LATER.items():
        for column, _ in written:
            rows = case.tables.arrow(table, (column,))
            if rows is not None and column in rows.column_names and rows.num_rows:
                last.append(pc.max(rows[column].cast(pa.int64())).as_py() or 0)
    return max(last)


def facts_of(case: Case, as_of: Moment | None = None) -> Facts:
    """The facts of a case as of a day, kept with the case."""
    known_: dict[Any, Facts] = case.__dict__.setdefault("_facts", {})
    if as_of not in known_:
        known_[as_of] = Facts(case, as_of)
        for old in list(known_)[:-2]:
            del known_[old]
    return known_[as_of]


def payrolls(facts: Facts, least: int = 5, spread: float = 0.3) -> list[int]:
    """Accounts from which wages are paid, by flows.

    On each day on which they pay natural persons they pay at least `least` of them, each once, in amounts
    whose coefficient of variation is below `spread`, and this in at least two months, or with payments that
    say so (工资, 代发, salary, wage). Where they do not say so, who is paid for a product or a loan, or had
    paid in before, is paid back: an account that mainly pays such people back pays no wages.
    """
    flows = facts.flows[~facts.flows["own"]]
    person = np.append(facts.party_is("person"), False)  # nobody, -1, is none
    paid = flows[person[flows["payee"].to_numpy()]].copy()
    if paid.empty:
        return []
    paid["day"] = local_days(facts, paid["time"])
    first, last = int(paid["day"].min()), int(paid["day"].max())
    key = paid["source"].to_numpy() * (last - first + 1) + paid["day"].to_numpy() - first
    _, inverse, count = np.unique(key, return_inverse=True, return_counts=True)
    few = np.zeros(facts.account_ids.size, np.bool_)
    few[paid["source"].to_numpy()[count[inverse] < least]] = True  # one day of too few is enough
    paid = paid[~few[paid["source"].to_numpy()]]
    by_day = paid.groupby(["source", "day"])["amount"].agg(["size", "mean", "std"])
    payees = paid.groupby(["source", "day"])["payee"].nunique()
    alike = (by_day["size"] >= least) & (payees == by_day["size"]) & (by_day["std"] < spread * by_day["mean"])
    always = alike.groupby(level="source").all()
    sources = always.index.to_numpy()[always.to_numpy(np.bool_)]
    days = by_day.index.to_frame(index=False)
    days = days[np.isin(days["source"].to_numpy(), sources)]
    days["month"] = days["day"].to_numpy(np.int64).astype("datetime64[D]").astype("datetime64[M]")
    months = days.drop_duplicates(["source", "month"]).groupby("source").size()
    often = paid[np.isin(paid["source"].to_numpy(), months.index[months >= 2].to_numpy())]
    enough = {each for each, mine in often.groupby("source") if not _pays_back(facts, int(str(each)), mine)}
    unsure = paid[np.isin(paid["source"].to_numpy(), [each for each in sources if each not in enough])]
    if len(unsure):
        said = np.char.lower(facts.texts("memo", unsure["row"].to_numpy()).astype(str))
        worded = np.logical_or.reduce([np.char.find(said, word) >= 0 for word in WAGES])
        whole = pd.Series(worded).groupby(unsure["source"].to_numpy()).all()
        enough |= set(whole.index[whole.to_numpy(np.bool_)].tolist())
    return sorted(int(each) for each in enough)


def _pays_back(facts: Facts, account: int, mine: pd.DataFrame) -> bool:
    """Whether half of what an account pays persons is for a product or loan, or to who paid in before."""
    rows = mine["row"].to_numpy()
    back = np.zeros(len(mine), np.bool_)
    for column in ("product_id", "loan_id", "listing_id"):
        back |= facts.codes(column, rows)[0] >= 0
    holder = int(facts.account_party[account])
    whose = np.array([account]) if holder < 0 else np.flatnonzero(facts.account_party == holder)
    came = facts.flows.iloc[facts.paid_to(whose.tolist())]
    first = came[came["payer"] >= 0].groupby("payer")["time"].min()
    back |= mine["payee"].map(first).fillna(np.inf).to_numpy() < mine["time"].to_numpy()
    return 2 * int(mine["amount"].to_numpy()[back].sum()) >= int(mine["amount"].sum())


_EPOCH = datetime.date(1970, 1, 1).toordinal()


def local_days(facts: Facts, times: Any) -> Ints:
    """The local day of each time (microseconds of UTC), as days since 1970."""
    stamps = pa.array(np.asarray(times, np.int64)).cast(pa.timestamp("us", "UTC"))
    local = pc.local_timestamp(stamps.cast(pa.timestamp("us", facts.tables.timezone)))
    return np.asarray(local.cast(pa.int64()).to_numpy(zero_copy_only=False) // DAY, np.int64)


def day_text(facts: Facts, at: int) -> str:
    """The local day of a moment.

    It is what a finding's period is written in.
    """
    return local_time(at, facts.tables.timezone).date().isoformat()


def micros(values: pd.Series) -> npt.NDArray[np.int64]:
    """Times of a column as microseconds of UTC; the least number where there is none."""
    return np.asarray(values.astype("datetime64[us, UTC]").astype("int64"), np.int64)


def latest(rows: pd.DataFrame, column: str) -> Ints:
    """The last microsecond that each time of a column may mean: of a bare date the end of its day."""
    at = micros(rows[column])
    if f"{column}_day" not in rows:
        return at
    bare = rows[f"{column}_day"].fillna(False).to_numpy(np.bool_)
    return np.asarray(np.where(bare, at + DAY - 1, at), np.int64)


def known(values: pd.Series) -> Flags:
    """Where a column has a value."""
    return values.notna().to_numpy(np.bool_)


def _types(kind: pa.DataType) -> Any:
    return {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get(kind)


def _objects(tables: Any, table: str, column: str) -> npt.NDArray[np.object_]:
    rows = tables.arrow(table, (column,))
    if rows is None:
        return np.zeros(0, object)
    if column not in rows.column_names:
        whole = tables.arrow(table, ())
        return np.full(whole.num_rows, "", object)
    return np.asarray(pc.fill_null(rows[column].cast(pa.large_string()), "").to_pylist(), object)
