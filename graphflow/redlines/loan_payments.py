"""Payments on the loans of a lending platform, by who pays whom: the group, borrowers and others, custody.

Money that passes custody is told on both its sides. What makes a payment again that failed says so, or one
like it was undone before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphflow import sets
from graphflow.redlines.borrowing import borrowing_of, kind_is, says, words_of
from graphflow.redlines.facts import Facts, Flags, Ints, local_days, micros
from graphflow.redlines.lending_sides import Side, borrowers_of, lenders_of
from graphflow.redlines.raising import holders

AGAIN = ("退票", "退汇", "重发", "重划", "重新划付", "失败退回", "re-credit", "recredit", "resent")
"""What a payment says that makes one again that failed."""

FEES = ("fee", "服务费", "手续费")
"""Kinds of payments that pay no loan back."""


@dataclass(frozen=True)
class Payments:
    """Payments on a platform's loans, by what they are; rows of flows with ``loan`` and ``day``.

    Attributes
    ----------
    direct, funded
        From group or reserve to lenders, and into custody; with ``reserve``, whether of the risk reserve.
    paid_out
        From custody to lenders; of these three ``again``: it makes a payment again that failed, ``failed``:
        on that day, -1 where it only says so.
    by_others
        On a loan by others than group and lenders, to whom it is owed or to who passes it on.
    through
        Into the group's accounts, of others or of custody, and of borrowers though they name no loan.
    undone
        The rows by which that is seen.
    everything
        All of the loans' payments, by place, and those of borrowers that name none.
    inferred
        The loans whose lenders no row names.
    """

    direct: pd.DataFrame
    funded: pd.DataFrame
    paid_out: pd.DataFrame
    by_others: pd.DataFrame
    through: pd.DataFrame
    undone: Ints = field(repr=False)
    everything: pd.DataFrame = field(repr=False)
    inferred: Ints = field(repr=False)

    def none(self) -> Payments:
        """The same without what the group paid: flows may not be asked for it."""
        nothing = self.direct.iloc[:0]
        return Payments(
            nothing, nothing, nothing, self.by_others, self.through, self.undone[:0],
            self.everything, self.inferred,
        )  # fmt: skip

    @classmethod
    def of(cls, facts: Facts, side: Side) -> Payments:
        """All of them at once."""
        rows, first = _tagged(facts, side)
        ours, passes = side.own | side.reserve, facts.guarded & ~side.reserve
        source, target = rows["source"].to_numpy(), rows["account"].to_numpy()
        holder = holders(facts)
        borrower = borrowers_of(facts, side)[rows["loan"].to_numpy()]
        lends, lender, inferred = _lenders(facts, side, rows, first)
        to_lender = lender & ~ours[target] & ~passes[target] & (holder[target] != borrower)
        by_us = ours[source] & (holder[source] != borrower)
        fee = kind_is(facts, rows["row"].to_numpy(), FEES)
        outside = ~ours[source] | (holder[source] == borrower)
        others = outside & ~passes[source] & ~lends & ~fee & (ours[target] | passes[target] | to_lender)
        others &= ~first
        through = (others | (outside & passes[source] & ~fee)) & ours[target]
        made = (by_us & (to_lender | passes[target])) | (passes[source] & to_lender)
        again, failed = np.zeros(len(rows), np.bool_), np.full(len(rows), -1, np.int64)
        again[made], failed[made], undone = _again(facts, rows[made])
        rows = rows.assign(reserve=side.reserve[source], again=again, failed=failed)
        bare = _bare(facts, side, rows["row"].to_numpy())
        return cls(
            rows[by_us & to_lender],
            rows[by_us & passes[target]],
            rows[passes[source] & to_lender],
            rows[others],
            pd.concat([rows[through], bare], ignore_index=True),
            undone,
            pd.concat([rows, bare], ignore_index=True),
            inferred,
        )


def _tagged(facts: Facts, side: Side) -> tuple[pd.DataFrame, Flags]:
    """The payments on the side's loans in the case's currency; and which were collected for a loan first."""
    all_ = borrowing_of(facts)
    claims = all_.claims
    place = {each: number for number, each in enumerate(side.loans.index.tolist())}
    of_claim = np.array(
        [
            place.get(row, -1) if table == "loans" else -1
            for table, row in zip(claims["table"], claims["place"], strict=True)
        ],
        np.int64,
    )
    paid_out = np.zeros(len(claims), np.bool_)
    paid_out[all_.out["claim"].to_numpy()] = True
    parts = [
        each.assign(first=first & paid_out[each["claim"].to_numpy()])
        for each, first in ((all_.before, True), (all_.back, False), (all_.out, False))
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows["loan"] = of_claim[rows["claim"].to_numpy()] if len(rows) else np.zeros(0, np.int64)
    rows = rows[(rows["loan"] >= 0) & (rows["currency"] == facts.home)].sort_values("row", ignore_index=True)
    rows["day"] = local_days(facts, rows["time"])
    return rows, rows["first"].to_numpy(np.bool_)


def _lenders(facts: Facts, side: Side, rows: pd.DataFrame, first: Flags) -> tuple[Flags, Flags, Ints]:
    """Which rows a lender of the loan pays, which are to one of the platform, and loans that name none.

    Lenders are whom tables name, and whoever paid in before the loan was paid out. Of a loan without any,
    natural persons outside the group are taken for some.
    """
    holder = holders(facts)
    size = int(facts.party_ids.size + facts.account_ids.size)
    payer, payee = holder[rows["source"].to_numpy()], holder[rows["account"].to_numpy()]
    loan = rows["loan"].to_numpy()
    funds = first & ~facts.guarded[rows["source"].to_numpy()] & ~np.isin(payer, side.numbers)
    stated = [facts.party_number.get(each, -1) for each in words_of(side.loans["lender_id"])]
    of_record = np.array(stated, np.int64)
    keys = np.concatenate(
        [loan[funds] * size + payer[funds], np.flatnonzero(of_record >= 0) * size + of_record[of_record >= 0]]
    )
    clients = sets.unique(lenders_of(facts, side)["client"].to_numpy())
    named = np.isin(loan * size + payee, keys) | np.isin(payee, clients)
    person = np.zeros(size, np.bool_)
    person[: facts.party_ids.size] = facts.party_is("person")
    person[side.numbers] = False
    alone = ~np.isin(np.arange(len(side.loans)), keys // size) & (clients.size == 0)
    return (
        np.isin(loan * size + payer, keys),
        named | (alone[loan] & person[payee]) if loan.size else named,
        np.flatnonzero(alone),
    )


def _bare(facts: Facts, side: Side, taken: Ints) -> pd.DataFrame:
    """Payments of borrowers into the group's accounts that name no loan: one row for each loan of theirs."""
    flows = facts.flows
    ours = side.own | side.reserve
    borrower = borrowers_of(facts, side)
    keep = ours[flows["target"].to_numpy()] & ~flows["own"].to_numpy()
    rows = flows[keep & np.isin(flows["payer"].to_numpy(), borrower)]
    rows = rows[~np.isin(rows["row"].to_numpy(), borrowing_of(facts).back["row"].to_numpy())]
    rows = rows[~np.isin(rows["row"].to_numpy(), taken)]
    rows = rows[~kind_is(facts, rows["row"].to_numpy(), FEES)]
    rows = rows.rename(columns={"target": "account"})
    loans = pd.DataFrame({"payer": borrower, "loan": np.arange(borrower.size)})
    rows = rows.merge(loans, on="payer")
    rows = rows.assign(day=local_days(facts, rows["time"]), reserve=False)
    columns = ["row", "time", "source", "account", "amount", "loan", "day", "reserve"]
    found: pd.DataFrame = rows.loc[(rows["currency"] == facts.home).to_numpy(np.bool_), columns]
    return found


def _again(facts: Facts, rows: pd.DataFrame) -> tuple[Flags, Ints, Ints]:
    """Which rows make a payment again that failed, on which day it had, and the rows by which that is seen.

    They say so, or a payment like them, from the same account to the same one on the same loan, was undone
    before: each undone payment stands for one that is made again.
    """
    places = rows["row"].to_numpy()
    said = says(facts, places, AGAIN) | kind_is(facts, places, AGAIN)
    day, none = np.full(len(rows), -1, np.int64), np.zeros(0, np.int64)
    table = facts.tables.arrow(
        "transfers",
        ("transfer_id", "reversal_of", "source", "target", "amount", "time", "loan_id", "listing_id"),
    )
    if table is None or "reversal_of" not in table.column_names or not len(rows):
        return said, day, none
    undoing = np.flatnonzero(pc.is_valid(table["reversal_of"]).to_numpy())
    if not undoing.size:
        return said, day, none
    undo = table.take(pa.array(undoing)).select(["reversal_of", "time"]).to_pandas()
    first = facts.at_place(undo["reversal_of"].astype(str))
    undone = table.take(pa.array(first)).to_pandas()
    undone["place"] = first
    by_id = pd.DataFrame(
        {"transfer_id": undo["reversal_of"], "undone": micros(undo["time"]), "undoing": undoing}
    )
    undone = undone.merge(by_id, on="transfer_id")
    tags = [each for each in ("loan_id", "listing_id") if each in undone]
    if not tags:
        return said, day, none
    mark = words_of(undone[tags[0]])
    for each in tags[1:]:
        mark = np.where(mark == "", words_of(undone[each]), mark)
    number = facts.account_number
    one = pd.DataFrame(
        {
            "source": undone["source"].map(number), "account": undone["target"].map(number),
            "amount": undone["amount"], "mark": mark, "undone": undone["undone"], "place": undone["place"],
            "undoing": undone["undoing"], "made": local_days(facts, micros(undone["time"])),
        }
    )  # fmt: skip
    tagged = [facts.texts(each, places) for each in tags]
    mine = tagged[0]
    for more in tagged[1:]:
        mine = np.where(mine == "", more, mine)
    keys = ["source", "account", "amount", "mark"]
    other = rows[["source", "account", "amount", "time"]].assign(mark=mine, at=np.arange(len(rows)))
    both = other.merge(one, on=keys)
    both = both[both["time"] >= both["undone"]].sort_values(["time", "at", "undone", "place"])
    found = said.copy()
    used: set[int] = set()
    for at, place, made in both[["at", "place", "made"]].itertuples(index=False, name=None):
        if place not in used and not found[at]:
            used.add(place)
            found[at], day[at] = True, made
    seen = both[both["place"].isin(used)]
    return found, day, sets.unique(seen[["place", "undoing"]].to_numpy(np.int64))
