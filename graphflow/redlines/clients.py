"""Whose money an institution holds: clients whom a table names, and persons whom flows show to be some.

Contracts name them: the client ledger, loans with a lender, assignments, subscriptions of what an institution
manages or issues. Where none does, a natural person who pays in and is paid back later, beyond a refund, is
taken for one (`paid_back`), and where it matters whether they invest only if they gain (`gaining`); whoever
uses that says that it is inferred.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow import sets
from graphflow.findings import Cited
from graphflow.kernels.index import index_by
from graphflow.redlines.facts import DAY, Facts, Ints, picked

REFUND = 30 * DAY
"""Within so long a payment back of the same order is a refund."""


class Clients:
    """Who is whose client.

    Attributes
    ----------
    pairs
        Frame: ``institution`` and ``client`` (parties by number; institution -1: nobody says whose),
        ``table`` and ``place``: the first row of each table that names the two.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """See `Clients`."""
        facts = self.facts
        parts = []
        if facts.has("client_ledger"):
            rows = facts.rows("client_ledger")
            parts.append(self._part("client_ledger", rows, rows["platform_id"], rows["client_id"]))
        if facts.has("loans.lender_id"):
            rows = facts.rows("loans")
            parts.append(self._part("loans", rows, rows["platform_id"], rows["lender_id"]))
        if facts.has("assignments"):
            rows = facts.rows("assignments")
            whose = facts.rows("loans").drop_duplicates("loan_id").set_index("loan_id")["platform_id"]
            parts.append(self._part("assignments", rows, rows["loan_id"].map(whose), rows["buyer_id"]))
        if facts.has("subscriptions"):
            rows = facts.rows("subscriptions")
            products = facts.rows("products").drop_duplicates("product_id").set_index("product_id")
            for column in ("manager_id", "issuer_id"):
                whose = rows["product_id"].map(products[column])
                named = whose.notna()
                parts.append(
                    self._part("subscriptions", rows[named], whose[named], rows["investor_id"][named])
                )
        empty = pd.DataFrame({"institution": [], "client": [], "table": [], "place": []})
        if not parts:
            return empty.astype({"institution": "int64", "client": "int64", "place": "int64"})
        pairs = pd.concat(parts, ignore_index=True)
        return pairs.drop_duplicates(["institution", "client", "table"], ignore_index=True)

    def _part(self, table: str, rows: pd.DataFrame, whose: pd.Series, who: pd.Series) -> pd.DataFrame:
        facts = self.facts
        frame = pd.DataFrame(
            {
                "institution": facts.numbers_of(whose),
                "client": facts.numbers_of(who),
                "table": table,
                "place": rows.index.to_numpy().astype(np.int64),
            }
        )
        frame = frame[(frame["client"] >= 0) & (frame["client"] != frame["institution"])]
        return frame.drop_duplicates(["institution", "client"])

    def of(self, members: Iterable[int]) -> pd.DataFrame:
        """The rows of `pairs` about some institutions (by number): their clients, but not one another."""
        inside = sets.unique(np.fromiter(members, np.int64))
        asked = np.append(inside, self.facts.party_ids.size)  # whose institution nobody knows is anybody's
        mine = picked(self._by_institution, asked)
        return self.pairs.iloc[mine[~np.isin(self._client[mine], inside)]]

    @cached_property
    def _by_institution(self) -> tuple[Ints, npt.NDArray[np.int32]]:
        keys = self.pairs["institution"].to_numpy(np.int64)
        size = self.facts.party_ids.size
        return index_by(np.where(keys < 0, size, keys).astype(np.int32), size + 1)

    @cached_property
    def _client(self) -> Ints:
        return self.pairs["client"].to_numpy(np.int64)

    def cite(self, pairs: pd.DataFrame, clients: Iterable[int]) -> list[Cited]:
        """One row for each of some clients that says that it is one, as context."""
        some = pairs[np.isin(pairs["client"], np.fromiter(clients, np.int64))].drop_duplicates("client")
        return [
            self.facts.cite(str(table), part["place"].to_numpy(), False)
            for table, part in some.groupby("table")
        ]


def clients_of(facts: Facts) -> Clients:
    """The clients of a case as of a day, kept with its facts."""
    known: Clients | None = facts.__dict__.get("_clients")
    if known is None:
        known = Clients(facts)
        facts.__dict__["_clients"] = known
    return known


def paid_back(facts: Facts, ins: Ints, outs: Ints) -> Ints:
    """Natural persons (by number) who paid in and were paid later; rows are of `flows`, refunds left out."""
    flows = facts.flows
    person = facts.party_is("person")
    payer, payee = flows["payer"].to_numpy()[ins], flows["payee"].to_numpy()[outs]
    came, went = flows["time"].to_numpy()[ins], flows["time"].to_numpy()[outs]
    keep = (payee >= 0) & person[np.maximum(payee, 0)]
    paying = (payer >= 0) & person[np.maximum(payer, 0)]
    first = pd.Series(came[paying]).groupby(payer[paying]).min()
    last = pd.Series(went[keep]).groupby(payee[keep]).max()
    both = pd.concat([first.rename("first"), last.rename("last")], axis=1, join="inner")
    earliest = pd.Series(went[keep]).groupby(payee[keep]).min().reindex(both.index)
    # who was paid before it ever paid in borrows, or works there
    back = (both["first"] < both["last"]) & (both["first"] <= earliest)
    return both.index.to_numpy()[back.to_numpy()].astype(np.int64)


SEVERAL = 3
"""From so many on it is no single case."""


def gaining(facts: Facts, ins: Ints, outs: Ints, persons: Ints) -> Ints:
    """Those of some persons who paid in and were paid back, where these are no deposits and refunds.

    Several of them, and a tenth of them at least, have to be paid more than they had paid in, or more often,
    refunds left out; else nobody is taken for an investor. It need not be most: where a scheme breaks down
    most get back less than they put in.
    """
    flows = facts.flows
    outs = outs[~refunds(facts, ins, outs)]
    back = sets.common(paid_back(facts, ins, outs), persons)
    sides = []
    for column, rows in (("payer", ins), ("payee", outs)):
        frame = pd.DataFrame(
            {"who": flows[column].to_numpy()[rows], "amount": flows["amount"].to_numpy(np.int64)[rows]}
        )
        sides.append(frame[np.isin(frame["who"], back)].groupby("who")["amount"].agg(["sum", "size"]))
    came, went = sides[0].reindex(back), sides[1].reindex(back)
    gains = (went["sum"] > came["sum"]) | (went["size"] > came["size"])
    return back if int(gains.sum()) >= max(SEVERAL, len(back) / 10) else back[:0]


def refunds(facts: Facts, ins: Ints, outs: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which payments out give an order's money back to who paid it.

    Soon; or however late, where all that came back of the order is no more than was paid for it, and came no
    more often: a deposit is given back after years, interest comes again and again.
    """
    flows = facts.flows
    rows = flows["row"].to_numpy()
    codes, _ = facts.codes("order_id", np.concatenate([rows[ins], rows[outs]]))
    if not (codes >= 0).any():
        return np.zeros(outs.size, np.bool_)
    amount, time, coin = (flows[each].to_numpy(np.int64) for each in ("amount", "time", "currency"))
    paid = pd.DataFrame(
        {"order": codes[: ins.size], "who": flows["payer"].to_numpy()[ins], "coin": coin[ins],
         "then": time[ins], "amount": amount[ins]}
    )  # fmt: skip
    back = pd.DataFrame(
        {"order": codes[ins.size :], "who": flows["payee"].to_numpy()[outs], "coin": coin[outs],
         "at": time[outs], "amount": amount[outs], "place": np.arange(outs.size)}
    )  # fmt: skip
    keys = ["order", "who", "coin"]
    paid, back = (each[(each["order"] >= 0) & (each["who"] >= 0)] for each in (paid, back))
    put = paid.groupby(keys).agg(
        first=("then", "min"), last=("then", "max"), paid=("amount", "sum"), times=("amount", "size")
    )
    got = back.groupby(keys).agg(got=("amount", "sum"), often=("amount", "size"))
    both = back.join(put.join(got, how="inner"), on=keys, how="inner")
    soon = (both["at"] >= both["last"]) & (both["at"] - both["last"] <= REFUND)
    whole = (both["at"] >= both["first"]) & (both["got"] <= both["paid"]) & (both["often"] <= both["times"])
    found = np.zeros(outs.size, np.bool_)
    found[both.loc[soon | whole, "place"].to_numpy(np.int64)] = True
    return found
