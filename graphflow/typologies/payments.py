"""A case's transfers as patterns look at them: between holders, net of reversals, in time order with ties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphflow import sets
from graphflow.errors import Problem, UsageError
from graphflow.kernels.index import index_by
from graphflow.language import N_
from graphflow.mirrors import local_days, midnights
from graphflow.rows import Moment, moment

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.ledger import Ledger

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

UNKNOWN_SIDE = "?:"
"""How the placeholders begin that stand for an unknown other side, one a row."""

NEVER_MEMBERS: Mapping[str, str] = {
    "internal": "internal", "tax": "tax", "clearing": "clearing", "client_custody": "custody",
    "reserve_central": "reserve", "reserve_special": "reserve",
}  # fmt: skip
"""Kinds of accounts through which everybody's money passes: they are no members of a pattern."""

PASSING_ROLES = frozenset({
    "bank_internal", "clearing", "custody", "reserve", "settlement_house", "tax_social", "utility",
    "exchange", "hospital_school", "court_escrow", "presale_escrow", "administrator", "government",
})  # fmt: skip
"""Roles of the same sort, as the table `roles` states them of an account or of its holder."""


@dataclass(frozen=True)
class LeftOut:
    """Something that a pattern was not looked for in: an account or a transfer, and why."""

    kind: str
    account: int = -1
    transfer: int = -1
    why: str = ""
    transfers: int = 0
    amount: int = 0
    currency: int = -1


@dataclass(frozen=True)
class Payments:
    """Transfers between holders, in time order.

    A holder is a party with all its accounts, or an account whose party nobody says (``by="account"``: each
    account is one). What stays with one holder is not here, nor what was undone, nor rows whose other side is
    unknown, nor what touches accounts through which everybody's money passes; `aside` says how much that was.

    Attributes
    ----------
    ledger
        The compiled ledger.
    rows : int64 (n)
        Places of the transfers in it.
    ends : int32 (n, 2)
        Payer and payee, as numbers of holders.
    accounts : int32 (n, 2)
        The accounts of both, by the ledger's numbers.
    time, arrives : int64 (n)
        When the money leaves and when it arrives; of a row with a bare date, and of every row of such a day,
        the day's beginning: within it any order counts.
    money : int64 (n, 4)
        What leaves and its currency, what arrives and its currency.
    holders : int
        How many there are.
    cash
        Which have an account of kind cash on one side: for structuring alone, and not in the indexes.
    is_cash, is_person : by holder
        Whether it is such an account; 1 for a natural person, 0 for others, -1 where nobody says.
    aside
        What was left out before any pattern was looked for.
    """

    ledger: Ledger = field(repr=False)
    rows: Ints = field(repr=False)
    ends: Numbers = field(repr=False)
    accounts: Numbers = field(repr=False)
    time: Ints = field(repr=False)
    arrives: Ints = field(repr=False)
    money: Ints = field(repr=False)
    holders: int
    currencies: tuple[str, ...]
    digits: Mapping[str, int] = field(repr=False)
    timezone: str
    cash: Flags = field(repr=False)
    is_cash: Flags = field(repr=False)
    is_person: npt.NDArray[np.int8] = field(repr=False)
    aside: tuple[LeftOut, ...] = field(repr=False, default=())

    @property
    def size(self) -> int:
        """Number of transfers."""
        return len(self.rows)

    @cached_property
    def by_payer(self) -> tuple[Ints, Numbers]:
        """Pointer and places: what each holder pays, in time order."""
        return self._by(0)

    @cached_property
    def by_payee(self) -> tuple[Ints, Numbers]:
        """Pointer and places: what each holder receives, in time order."""
        return self._by(1)

    def _by(self, side: int) -> tuple[Ints, Numbers]:
        if not self.cash.any():
            return index_by(np.ascontiguousarray(self.ends[:, side]), self.holders)
        which = self.between
        pointer, places = index_by(np.ascontiguousarray(self.ends[which, side]), self.holders)
        return pointer, which[places]

    @cached_property
    def between(self) -> Numbers:
        """The transfers between holders: all but cash."""
        return np.flatnonzero(~self.cash).astype(np.int32)

    @cached_property
    def degree(self) -> Ints:
        """How many transfers each holder pays and receives."""
        return np.bincount(self.ends.reshape(-1), minlength=self.holders)


def payments_of(case: Case, as_of: Moment | None = None, by: str = "party") -> Payments:
    """The transfers of a case as patterns look at them.

    Examples
    --------
    >>> from graphflow.synthesis import toys
    >>> p = payments_of(toys.t1())
    >>> p.size, p.holders, p.money[:, 0].tolist()
    (5, 6, [30000, 20000, 25000, 10000, 30000])
    """
    if by not in VIEWS:
        raise UsageError(Problem("by", N_("there is no such view"), first=by, expected=", ".join(VIEWS)))
    ledger, tables = case.ledger, case.tables
    rows = ledger.rows
    source, target = (np.ascontiguousarray(rows[side]) for side in ("source", "target"))
    number = _holders(ledger, by)
    ends = _two(number[source], number[target])
    keep = (rows["net"] > 0) & (ends[:, 0] != ends[:, 1])
    if as_of is not None:
        keep &= rows["time"] <= moment(as_of, tables.timezone, "as_of")[1]
    why = _why_never(case)
    aside: list[LeftOut] = []
    cash = _cash_accounts(case)
    if any(accounts.size for accounts in why.values()):
        never = np.zeros(len(number), np.bool_)
        for accounts in why.values():
            never[accounts] = True
        touched = keep & (never[source] | never[target])
        aside = _said(rows, touched, why)
        keep &= ~touched
    chosen, kept = np.flatnonzero(keep), rows
    if chosen.size < len(rows):
        kept, source, target, ends = rows[chosen], source[chosen], target[chosen], ends[chosen]
    time, arrives = _times(case, kept)
    if chosen.size and (np.diff(time) < 0).any():
        order = np.argsort(time, kind="stable")
        chosen, kept, ends = chosen[order], kept[order], ends[order]
        source, target, time, arrives = source[order], target[order], time[order], arrives[order]
    money, currencies = _money(case, kept)
    in_cash = cash[source] | cash[target] if cash.any() else np.zeros(len(kept), np.bool_)
    if in_cash.any():
        told = {N_("cash is looked at for structuring alone"): np.flatnonzero(cash)}
        aside += _said(kept, np.ones(len(kept), np.bool_), told, by_member=True)
    holders = int(number.max(initial=-1)) + 1
    is_cash = np.zeros(holders, np.bool_)
    is_cash[number[cash]] = True
    return Payments(
        ledger, chosen.astype(np.int64), ends, _two(source, target), time, arrives, money, holders,
        currencies, tables.minor_units, tables.timezone, in_cash, is_cash,
        _persons(case, number, holders), tuple(aside),
    )  # fmt: skip


def _two(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> Numbers:
    found = np.empty((len(one), 2), np.int32)
    found[:, 0], found[:, 1] = one, other
    return found


VIEWS = ("party", "account")


def _cash_accounts(case: Case) -> Flags:
    """Which accounts, by the ledger's numbers, are cash."""
    found = np.zeros(len(case.ledger.account_ids), np.bool_)
    accounts = case.tables.arrow("accounts", ("account_id", "kind"))
    if accounts is not None and "kind" in accounts.column_names:
        hit = pc.fill_null(pc.equal(accounts["kind"].cast(pa.large_string()), "cash"), False)
        place = _places(accounts["account_id"].cast(pa.large_string()), case.ledger.account_ids)
        found[place[hit.to_numpy(zero_copy_only=False) & (place >= 0)]] = True
    return found


def _persons(case: Case, number: Numbers, holders: int) -> npt.NDArray[np.int8]:
    """By holder: 1 a natural person, 0 another, -1 where no table says."""
    found = np.full(holders, -1, np.int8)
    ledger, parties = case.ledger, case.tables.arrow("parties", ("party_id", "kind"))
    if parties is None or "kind" not in parties.column_names or not len(ledger.party_ids):
        return found
    kinds = parties["kind"].cast(pa.large_string())
    place = _places(parties["party_id"].cast(pa.large_string()), ledger.party_ids)
    known = kinds.is_valid().to_numpy(zero_copy_only=False) & (place >= 0)
    person = pc.fill_null(pc.equal(kinds, "person"), False).to_numpy(zero_copy_only=False)
    of_party = np.full(len(ledger.party_ids) + 1, -1, np.int8)
    of_party[place[known]] = person[known]
    found[number] = of_party[np.asarray(ledger.account_party)]  # the last one is nobody's
    return found


def _holders(ledger: Ledger, by: str) -> Numbers:
    """The holder of each account: its party, else itself."""
    accounts = np.arange(len(ledger.account_ids), dtype=np.int32)
    if by == "account":
        return accounts
    party = np.asarray(ledger.account_party)
    _, number = np.unique(np.where(party >= 0, party, len(ledger.party_ids) + accounts), return_inverse=True)
    return number.astype(np.int32)


def _why_never(case: Case) -> dict[str, Ints]:
    """By reason: the accounts that are no members of any pattern."""
    ledger, tables = case.ledger, case.tables
    ids = ledger.account_ids
    found: dict[str, Ints] = {}
    unknown = pc.starts_with(ids, UNKNOWN_SIDE)
    found[N_("the other side is unknown")] = np.flatnonzero(unknown.to_numpy(zero_copy_only=False))
    accounts = tables.arrow("accounts", ("account_id", "kind", "party_id"))
    if accounts is None:
        return found
    names = accounts["account_id"].cast(pa.large_string())
    place = _places(names, ids)
    if "kind" in accounts.column_names:
        kinds = accounts["kind"].cast(pa.large_string())
        for kind, role in NEVER_MEMBERS.items():
            hit = pc.fill_null(pc.equal(kinds, kind), False).to_numpy(zero_copy_only=False)
            text = WHY_KIND[role]
            found[text] = np.append(found.get(text, np.zeros(0, np.int64)), place[hit & (place >= 0)])
    roles = tables.arrow("roles", ("subject_id", "role"))
    if roles is not None and roles.num_rows:
        passing = pc.is_in(
            roles["role"].cast(pa.large_string()), pa.array(sorted(PASSING_ROLES), pa.large_string())
        )
        subjects = roles["subject_id"].cast(pa.large_string()).filter(passing).combine_chunks()
        mine = pc.is_in(names, subjects)
        if "party_id" in accounts.column_names:
            held = pc.is_in(accounts["party_id"].cast(pa.large_string()), subjects)
            mine = pc.or_(mine, pc.fill_null(held, False))
        hit = mine.to_numpy(zero_copy_only=False)
        found[N_("by its role everybody's money passes through it")] = place[hit & (place >= 0)]
    return found


WHY_KIND: Mapping[str, str] = {
    "internal": N_("an account of the bank itself"),
    "tax": N_("tax"),
    "clearing": N_("clearing"),
    "custody": N_("custody"),
    "reserve": N_("a reserve account"),
}


def _places(names: Any, ids: Any) -> Ints:
    found = pc.index_in(names, value_set=ids.cast(pa.large_string()))
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)


def _said(rows: Any, touched: Flags, why: Mapping[str, Ints], by_member: bool = False) -> list[LeftOut]:
    """By account that is no member, and currency: how many transfers touch it, and how much they carry.

    Those with an unknown other side are summed by the account that is known.
    """
    lines = []
    left = touched.copy()
    size = int(max(rows["source"].max(initial=-1), rows["target"].max(initial=-1))) + 1
    for number, (text, accounts) in enumerate(why.items()):
        never = np.zeros(size, np.bool_)
        never[accounts[accounts < size]] = True
        mine = left & (never[rows["source"]] | never[rows["target"]])
        left &= ~mine
        part = rows[mine]
        of_source = never[part["source"]] if number or by_member else ~never[part["source"]]
        account = np.where(of_source, part["source"], part["target"]).astype(np.int64)
        keys = np.column_stack([account, part["currency"].astype(np.int64)])
        each, group = np.unique(keys, axis=0, return_inverse=True)
        group = group.reshape(-1)
        counts = np.bincount(group, minlength=len(each))
        amounts = np.zeros(len(each), np.int64)
        np.add.at(amounts, group, part["net"])
        for (a, currency), count, amount in zip(
            each.tolist(), counts.tolist(), amounts.tolist(), strict=True
        ):
            lines.append(LeftOut("", a, -1, text, count, amount, currency))
    return lines


def _times(case: Case, kept: Any) -> tuple[Ints, Ints]:
    """When money leaves and arrives; on a day of which some row has only the date, the day's beginning."""
    time, arrives = kept["time"].astype(np.int64), kept["arrives"].astype(np.int64)
    marks = case.tables.arrow("transfers", ("time_day", "target_time_day"))
    if marks is None:
        return time, arrives
    bare = np.zeros(len(kept), np.bool_)
    for name in ("time_day", "target_time_day"):
        if name in marks.column_names:
            column = pc.fill_null(marks[name], False).to_numpy()
            bare |= np.asarray(column, np.bool_)[kept["origin"]]
    if not bare.any():
        return time, arrives
    zone = case.tables.timezone
    days, later = local_days(time, zone), local_days(arrives, zone)
    loose = sets.unique(np.concatenate([days[bare], later[bare]]))
    here, there = np.isin(days, loose), np.isin(later, loose)
    time[here] = midnights(days[here], zone)
    arrives[there] = midnights(later[there], zone)
    return time, arrives


def _money(case: Case, kept: Any) -> tuple[Ints, tuple[str, ...]]:
    """What leaves and arrives, each with its currency."""
    currency = kept["currency"].astype(np.int64)
    money = np.empty((len(kept), 4), np.int64)
    money[:, 0] = money[:, 2] = kept["net"]
    money[:, 1] = money[:, 3] = currency
    names = list(case.ledger.currencies)
    other = case.tables.arrow("transfers", ("target_amount", "target_currency"))
    if other is None or "target_amount" not in other.column_names or not len(kept):
        return money, tuple(names)
    amounts = other["target_amount"].combine_chunks()
    converts = amounts.is_valid().to_numpy(zero_copy_only=False)[kept["origin"]]
    if converts.any():
        which = np.flatnonzero(converts)
        origin = kept["origin"][which].astype(np.int64)
        words = other["target_currency"].cast(pa.large_string()).combine_chunks().take(pa.array(origin))
        for word in words.unique().to_pylist():
            if word not in names:
                names.append(word)
        code = pc.index_in(words, value_set=pa.array(names, pa.large_string()))
        money[which, 2] = pc.fill_null(amounts, 0).to_numpy()[origin]
        money[which, 3] = code.to_numpy(zero_copy_only=False)
    return money, tuple(names)
