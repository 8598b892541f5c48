"""Covering: what a lending platform's group pays to lenders in the place of borrowers.

An instalment is overdue by what its borrower, or whoever paid for it, had not paid when it was due. It is
covered by what lenders were then paid on its loan within days, straight from an account of the platform's
group or of its risk reserve, or through custody. Money that others pay in through the platform's accounts
stays theirs: it is taken off first, and of what custody pays out theirs counts first, so that what is left is
the least that can be the group's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.findings import Cited, cited
from graphflow.redlines.borrowing import cite_whose, whose, words_of
from graphflow.redlines.clients import clients_of
from graphflow.redlines.facts import DAY, Facts, Flags, Ints, known, local_days, micros
from graphflow.redlines.lending_sides import Side, borrowers_of, lenders_of, rule_began
from graphflow.redlines.loan_payments import Payments
from graphflow.redlines.raising import holders

TOLD_APART = 9
"""A register of instalments of which more than so many are paid by the group for one by others does not tell
who paid them."""

SMALLEST = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Cover:
    """What of overdue instalments the group paid.

    Attributes
    ----------
    count, helped
        Instalments overdue, and those of which the group paid some.
    overdue, paid, paid_own, seen
        Minor units: what was overdue; of it paid by group and risk reserve; at least by the group's own
        accounts; as far as flows show it.
    given, reached, through, again
        What group and reserve paid for these instalments in all; what lenders were paid of their loans in
        these days; what others had paid in through the group; what only made failed payments again.
    days
        Within so many days.
    payers
        Parties of the group that paid.
    told, inferred, unstated
        Whether the register of instalments says some of it; whether lenders are taken for some by flows;
        whether of some instalments nothing says what was paid when due.
    unknown
        Instalments that do not count, since nothing says whether they were paid.
    rows
        Evidence.
    """

    count: int
    helped: int
    overdue: int
    paid: int
    paid_own: int
    seen: int
    given: int
    reached: int
    through: int
    again: int
    days: int
    payers: set[str]
    told: bool
    inferred: bool
    unstated: bool
    unknown: int
    rows: Sequence[Cited] = field(repr=False)

    @property
    def share(self) -> Fraction:
        """What was paid over what was overdue."""
        return Fraction(self.paid, self.overdue)

    @property
    def share_own(self) -> Fraction:
        """The same of the group's own accounts alone."""
        return Fraction(self.paid_own, self.overdue)


def covered(facts: Facts, side: Side, days: int, *, flows: bool, register: bool) -> Cover | None:
    """What of a platform's overdue instalments its group or risk reserve paid to lenders within some days.

    ``flows`` and ``register`` say which of the two may be asked for it. None where nothing is overdue.
    """
    stated = _stated(facts, side, days)
    if stated.empty:
        return None
    paid = Payments.of(facts, side)
    dues, unknown = _overdue(facts, stated, paid)
    if dues.empty:
        return None
    if not register:
        dues = dues.assign(reg_own=np.int64(0), reg_reserve=np.int64(0))
    return _Books(facts, side, days, stated, dues, paid if flows else paid.none(), unknown).cover()


def _stated(facts: Facts, side: Side, days: int) -> pd.DataFrame:
    """Instalments of the platform's loans to others than its group, with what the register says of each.

    Columns: ``loan`` (place in `Side.loans`), ``day`` (due), ``amount``, ``on_time``, ``said`` (whether
    anything is stated of its payment), ``reg_own``, ``reg_reserve`` and ``reg_others`` (paid in the days
    behind by an account of the group, of its risk reserve, or of others), ``payer`` (account of the group,
    else -1), ``account`` (whoever paid), ``ours`` and ``theirs`` (paid by an account of the group, or of
    others, as it stands there).

    Where nearly all is paid by accounts of the group, as the register has it, it names those through which
    the money came: then it says nothing of who paid.
    """
    rows = facts.rows("instalments")
    number = {each: place for place, each in enumerate(words_of(side.loans["loan_id"]))}
    loan = rows["loan_id"].map(number).fillna(-1).to_numpy(np.int64)
    outside = ~side.loans["borrower_id"].isin(side.group).to_numpy(np.bool_)
    mine = loan >= 0
    if outside.size:
        mine &= outside[loan]
    rows, loan = rows[mine], loan[mine]
    due, when = local_days(facts, micros(rows["due"])), known(rows["paid_on"])
    day = np.where(when, local_days(facts, np.where(when, micros(rows["paid_on"]), 0)), due)
    amount = rows["amount"].to_numpy(np.int64)
    paid = rows["paid"].astype("Int64").fillna(-1).to_numpy(np.int64)
    said = (paid >= 0) | when
    paid = np.where(paid >= 0, paid, np.where(when, amount, 0))  # paid on a day, how much is not said: all
    payer = rows["paid_by"].map(facts.account_number).fillna(-1).to_numpy(np.int64)
    account = np.maximum(payer, 0)
    by_side = (payer >= 0) & (side.own | side.reserve)[account] if payer.size else np.zeros(0, np.bool_)
    by_side &= holders(facts)[account] != borrowers_of(facts, side)[loan]
    ours, theirs = by_side & (paid > 0), (payer >= 0) & ~by_side & (paid > 0)
    if not _differs(ours, theirs):
        by_side = np.zeros(len(rows), np.bool_)
    # what was paid nobody says when counts as paid in time
    in_time = ~when | (day < due) | ((day == due) & ~by_side)
    soon = ~in_time & (day - due <= days)
    of_reserve = side.reserve[account] if payer.size else np.zeros(0, np.bool_)
    return pd.DataFrame(
        {
            "loan": loan, "day": due, "amount": amount, "said": said,
            "on_time": np.where(in_time, np.minimum(paid, amount), 0),
            "reg_own": np.where(soon & by_side & ~of_reserve, paid, 0),
            "reg_reserve": np.where(soon & by_side & of_reserve, paid, 0),
            "reg_others": np.where(soon & ~by_side, paid, 0),
            "payer": np.where(soon & by_side, payer, -1), "account": payer, "ours": ours, "theirs": theirs,
        },
        index=rows.index,
    )  # fmt: skip


def _differs(ours: Flags, theirs: Flags) -> bool:
    """Whether a register tells who paid: at least a tenth was paid by others than the group."""
    return bool(TOLD_APART * theirs.sum() >= ours.sum())


def _overdue(facts: Facts, stated: pd.DataFrame, paid: Payments) -> tuple[pd.DataFrame, int]:
    """One row a loan and day on which something was due and had not been paid: ``loan``, ``day``, ``due``.

    What flows show to have been paid on a loan by others than the group counts for what was due first. Of
    flows and register the one that says more was paid counts. Only what was due while there was a rule, and
    before the moment, can be overdue. Where nothing is stated of a payment it is not known whether it was
    made: such a one counts only where the register states others, so that a blank says something. The second
    is how many do not count for that.
    """
    columns = ["amount", "on_time", "reg_own", "reg_reserve", "reg_others"]
    dues = stated.groupby(["loan", "day"], as_index=False).agg(
        **{name: (name, "sum") for name in columns}, said=("said", "all")
    )
    dues = dues.sort_values(["loan", "day"], ignore_index=True)
    earlier = dues.groupby("loan")["amount"].cumsum() - dues["amount"]
    came = _came_by(dues, paid.by_others)
    flowed = np.clip(came - earlier.to_numpy(), 0, dues["amount"].to_numpy())
    dues["due"] = dues["amount"] - np.minimum(
        np.maximum(dues["on_time"].to_numpy(), flowed), dues["amount"].to_numpy()
    )
    dues["said"] |= np.isin(dues["loan"], paid.by_others["loan"])
    now, began = local_days(facts, np.array([facts.at, rule_began(facts)], np.int64)).tolist()
    late = (dues["due"] > 0) & (dues["day"] < now) & (dues["day"] >= began)
    told = dues["said"] | bool(stated["said"].any())
    return dues[late & told].reset_index(drop=True), int((late & ~told).sum())


def _came_by(dues: pd.DataFrame, rows: pd.DataFrame) -> Ints:
    """Of each loan and day, what of some rows had come by then."""
    if rows.empty:
        return np.zeros(len(dues), np.int64)
    rows = rows.sort_values(["day", "row"], kind="stable")
    rows = rows.assign(came=rows.groupby("loan")["amount"].cumsum())
    both = pd.merge_asof(
        dues[["loan", "day"]].reset_index().sort_values("day", kind="stable"),
        rows[["loan", "day", "came"]], on="day", by="loan",
    )  # fmt: skip
    return both.sort_values("index")["came"].fillna(0).to_numpy().astype(np.int64)


# ---------------------------------------------------------------- joined


@dataclass(frozen=True)
class _Books:
    """Overdue instalments and the payments that belong to them."""

    facts: Facts
    side: Side
    days: int
    stated: pd.DataFrame
    dues: pd.DataFrame
    paid: Payments
    unknown: int

    def _joined(self, rows: pd.DataFrame, *, ahead: bool) -> pd.DataFrame:
        """Rows with the overdue instalment of their loan, ``at``, that they can be for: the first.

        From the day on which it was due to so many days behind; ``ahead``: also so many days before.
        """
        if rows.empty:
            return rows.assign(at=np.zeros(0, np.int64))
        dues = self.dues[["loan", "day"]].assign(at=np.arange(len(self.dues)), due_on=self.dues["day"])
        rows = rows.assign(day=rows["day"].astype("int64"), key=rows["day"].astype("int64") - self.days)
        both = pd.merge_asof(
            rows.sort_values(["key", "row"], kind="stable"),
            dues.rename(columns={"day": "key"}).sort_values("key", kind="stable"),
            on="key", by="loan", direction="forward",
        )  # fmt: skip
        both = both[both["at"].notna()]
        latest = both["day"] + (self.days if ahead else 0)
        return both[both["due_on"] <= latest].astype({"at": "int64"})

    def _anew(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows without those that make a payment again that had failed.

        Where what had failed was for something overdue too, it was no borrower's money either.
        """
        if rows.empty:
            return rows
        again, failed = rows["again"].to_numpy(np.bool_), rows["failed"].to_numpy(np.int64)
        twice = rows[again & (failed >= 0)]
        late = self._joined(twice.assign(day=twice["failed"]), ahead=False)["row"]
        return rows[~again | rows["row"].isin(late).to_numpy(np.bool_)]

    def _sum(self, rows: pd.DataFrame) -> Ints:
        found = np.zeros(len(self.dues), np.int64)
        np.add.at(found, rows["at"].to_numpy(), rows["amount"].to_numpy(np.int64))
        return found

    def cover(self) -> Cover:
        """What of each was paid, and all of it together."""
        facts, dues, paid = self.facts, self.dues, self.paid
        register = dues["reg_own"].to_numpy(np.int64) + dues["reg_reserve"].to_numpy(np.int64)
        made = self._anew(paid.direct), self._anew(paid.funded), self._anew(paid.paid_out)
        direct = self._joined(made[0], ahead=False)
        funded = self._joined(made[1], ahead=True)
        out = self._joined(made[2], ahead=False)
        custody = facts.guarded & ~self.side.reserve
        others = paid.by_others[custody[paid.by_others["account"].to_numpy()]]
        others = self._joined(others, ahead=True)
        last = np.where(register > 0, (dues["day"].to_numpy(np.int64) + self.days + 2) * DAY, SMALLEST)
        for each in (direct, funded):
            np.maximum.at(last, each["at"].to_numpy(), each["time"].to_numpy())
        through = self._joined(paid.through, ahead=True)
        through = through[through["time"].to_numpy() <= last[through["at"].to_numpy()]]
        straight, into, passed = self._sum(direct), self._sum(funded), self._sum(out)
        owed = dues["due"].to_numpy(np.int64)
        in_time = dues["amount"].to_numpy(np.int64) - owed
        theirs = np.maximum(self._sum(others), np.minimum(in_time, passed))
        by_custody = np.minimum(into, np.maximum(passed - theirs, 0))
        taken = self._sum(through) + dues["reg_others"].to_numpy(np.int64)
        flowed = np.clip(straight + by_custody - taken, 0, owed)
        total = np.maximum(flowed, np.clip(register - taken, 0, owed))
        reserve = np.maximum(
            self._sum(direct[direct["reserve"].to_numpy(np.bool_)])
            + self._sum(funded[funded["reserve"].to_numpy(np.bool_)]),
            dues["reg_reserve"].to_numpy(np.int64),
        )
        helped, by_flow = total > 0, flowed > 0
        direct = direct[by_flow[direct["at"].to_numpy()]]
        funded = funded[(by_flow & (by_custody > 0))[funded["at"].to_numpy()]]
        out = out[(by_flow & (by_custody > 0))[out["at"].to_numpy()]]
        straightly = paid.direct[~paid.direct["row"].isin(made[0]["row"])]
        again = self._joined(straightly, ahead=False)
        account = np.concatenate([each["source"].to_numpy(np.int64) for each in (direct, funded)])
        told = self.stated[(self.stated["payer"] >= 0) & self._of(total > flowed)]
        account = sets.unique(np.concatenate([account, told["payer"].to_numpy(np.int64)]))
        whose_ = whose(facts)[account[self.side.own[account]]]
        late_loans = np.isin(paid.inferred, dues["loan"].to_numpy()[by_flow])
        return Cover(
            count=len(dues), helped=int(helped.sum()), overdue=int(owed.sum()), paid=int(total.sum()),
            paid_own=int(np.maximum(total - reserve, 0).sum()), seen=int(flowed.sum()),
            given=int(direct["amount"].sum() + funded["amount"].sum()),
            reached=int(direct["amount"].sum() + out["amount"].sum()),
            through=int(np.minimum(taken, np.maximum(straight + by_custody, register)).sum()),
            again=int(again["amount"].sum()),
            days=self.days, payers={str(facts.party_ids[each]) for each in whose_},
            told=bool(len(told)), inferred=bool(late_loans.any()), unstated=not bool(dues["said"].all()),
            unknown=self.unknown,
            rows=tuple(self._rows((direct, funded, out), account)),
        )  # fmt: skip

    def _of(self, which: Flags) -> Flags:
        """Which instalments belong to some of the overdue loans and days."""
        keys = self.dues[["loan", "day"]][which]
        both = self.stated[["loan", "day"]].merge(keys.drop_duplicates(), how="left", indicator=True)
        return np.asarray(both["_merge"] == "both", np.bool_)

    def _told_apart(self) -> pd.DataFrame:
        """So many instalments that whether the register tells who paid comes out the same by these alone."""
        ours, theirs = (self.stated[name].to_numpy(np.bool_) for name in ("ours", "theirs"))
        if _differs(ours, theirs):
            return self.stated[theirs].head(-(-int(ours.sum()) // TOLD_APART))
        return self.stated[ours].head(TOLD_APART * int(theirs.sum()) + 1)

    def _rows(self, shown: Iterable[pd.DataFrame], accounts: Ints) -> list[Cited]:
        facts, side, paid = self.facts, self.side, self.paid
        loans = sets.unique(self.dues["loan"].to_numpy())
        mine = np.isin(self.stated["loan"].to_numpy(), loans)
        late = self._of(np.ones(len(self.dues), np.bool_))
        whole = paid.everything[np.isin(paid.everything["loan"].to_numpy(), loans)]
        payees = sets.unique(holders(facts)[whole["account"].to_numpy(np.int64)])
        pairs = lenders_of(facts, side)
        # by which it is seen that the register states payments, and who made them
        said = self.stated[self.stated["said"]].head(1)
        told_apart = self._told_apart()
        named = np.append(self.stated.loc[mine, "account"], told_apart["account"]).astype(np.int64)
        sides_ = (whole["source"].to_numpy(np.int64), whole["account"].to_numpy(np.int64))
        touched = sets.unique(np.concatenate([accounts, *sides_, named[named >= 0]]))
        also = pd.concat([said, told_apart])["loan"].to_numpy(np.int64)
        of = side.loans.iloc[sets.union(loans, also)]
        listings = facts.rows("listings")
        return [
            facts.cite("instalments", self.stated[late]),
            facts.cite("instalments", self.stated[mine & ~late], False),
            facts.cite("instalments", said, False),
            facts.cite("instalments", told_apart, False),
            *(cited("transfers", each["row"].to_numpy(np.int64)) for each in shown),
            cited("transfers", whole["row"].to_numpy(np.int64), False),
            cited("transfers", facts.reversals_of(whole["row"].to_numpy(np.int64)), False),
            cited("transfers", paid.undone, False),
            facts.cite("loans", of, False),
            facts.cite("listings", listings[listings["loan_id"].isin(of["loan_id"])], False),
            *cite_whose(facts, touched.tolist()),
            facts.cite_parties(set(words_of(of["borrower_id"])) | set(words_of(of["lender_id"]))),
            *clients_of(facts).cite(pairs, _some(pairs, payees)),
        ]


def _some(pairs: pd.DataFrame, payees: Ints) -> Iterable[int]:
    """The clients among some holders; of none the first, since who is named at all decides who is one."""
    clients = pairs["client"].to_numpy()
    met = sets.common(clients, payees)
    found: Any = met if met.size else clients[:1]
    return list(found.tolist())
