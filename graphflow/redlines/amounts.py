"""The amounts that every report on raised money shows: gross, fresh, returned, net loss, outstanding.

Each has its definition beside it, is given for every investor, and can be added up again from the rows. They
are compared with the numbers of 法释〔2022〕5号 as they stand: which crime it is, if any, is for a court.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow.errors import Problem, UsageError
from graphflow.findings import Cited, cited, evidence_of
from graphflow.language import N_
from graphflow.law import law_on
from graphflow.redlines.asking import files_of
from graphflow.redlines.facts import Facts, facts_of, known
from graphflow.rows import Moment, party_named

if TYPE_CHECKING:
    from graphflow.case import Case

DEFINITIONS: Mapping[str, str] = {
    "gross": N_("everything that was put in, also what was put in again (高检诉〔2017〕14号 art. 12)"),
    "fresh": N_("of it, what came in by a transfer: not what was put in again without leaving"),
    "returned": N_("what was paid back to investors by transfers"),
    "net_loss": N_("what each investor paid in by transfers beyond what was paid back; no gain offsets it"),
    "outstanding": N_("what was put in and is not recorded as paid back"),
    "participants": N_("investors, each once, over all time"),
}
"""What each amount is."""

TIERS: Mapping[str, str] = {
    "filing": N_("prosecuted from here on (追诉标准)"),
    "large": N_("large amount (数额巨大, of fraud 数额较大)"),
    "very_large": N_("very large amount (数额特别巨大, of fraud 数额巨大)"),
}

OF_MEASURE: Mapping[str, str] = {
    "amount": "gross",
    "loss": "net_loss",
    "unreturned": "net_loss",
    "participants": "participants",
}
"""Which of the amounts the law's measures mean: by the whole amount (art. 6); in fraud less what was returned
(art. 8)."""


@dataclass(frozen=True)
class Raised:
    """What a party and its group raised, by investor.

    Attributes
    ----------
    party_id, currency
        Whose group, and in which currency.
    investors
        Frame, one row an investor: `investor`, `gross`, `fresh`, `returned`, `net_loss`, `outstanding`. The
        columns add up to `totals`. `outstanding` is missing where nothing is recorded of subscriptions.
    inferred
        Whether the investors were found from flows: natural persons from outside who pay in.
    rows
        The rows that the amounts are sums of.
    """

    party_id: str
    currency: str
    investors: pd.DataFrame
    inferred: bool
    rows: tuple[Cited, ...] = field(repr=False)
    day: Any = field(repr=False, default=None)
    digits: int = field(repr=False, default=2)

    @property
    def totals(self) -> dict[str, int | None]:
        """The amounts, in minor units, and the number of participants."""
        found: dict[str, int | None] = {
            name: int(self.investors[name].sum()) for name in ("gross", "fresh", "returned", "net_loss")
        }
        outstanding = self.investors["outstanding"]
        found["outstanding"] = None if outstanding.isna().any() else int(outstanding.sum())
        found["participants"] = len(self.investors)
        return found

    def evidence(self, case: Case) -> pd.DataFrame:
        """The rows that the amounts are sums of, each with where it came from.

        Parameters
        ----------
        case
            The case that they are of.

        Returns
        -------
        pandas.DataFrame
            As the evidence of a finding: table, key, file, its SHA-256, sheet and row.
        """
        return evidence_of(self.rows, case.tables, files_of(case))

    @property
    def tiers(self) -> pd.DataFrame:
        """The amounts beside the numbers of the law of the day: `crime`, `tier`, `measure`, `value`,
        `threshold`, `reached`, `article`, `mark`. Only where the currency is yuan.
        """
        rows = []
        totals = self.totals
        for row in law_on("crimes", self.day) if self.currency == "CNY" else ():
            value = totals[OF_MEASURE[row["measure"]]]
            assert value is not None
            threshold = Fraction(row["value"]) * (10**self.digits if row["unit"] == "CNY" else 1)
            reached = value >= threshold if row["inclusive"] == "true" else value > threshold
            told = {name: row[name] for name in ("crime", "name_zh", "name_en", "tier", "measure")}
            compared = {"value": value, "threshold": int(threshold), "reached": reached}
            rows.append({**told, **compared, "article": row["article"], "mark": row["mark"]})
        names = ["crime", "name_zh", "name_en", "tier", "measure", "value", "threshold", "reached"]
        return pd.DataFrame(rows, columns=[*names, "article", "mark"])


def raised(case: Case, party: str, as_of: Moment | None = None, *, currency: str | None = None) -> Raised:
    """What a party and its group raised from outside: gross, fresh, returned, net loss and outstanding.

    Where subscriptions of its products are recorded, they say what was put in; a subscription without a
    transfer was put in again without leaving, and is gross but not fresh. Else the natural persons from
    outside who pay into accounts of the group are taken for its investors: that is inferred.

    Parameters
    ----------
    party
        A party's id, or a name that only one has.
    as_of
        Nothing later is seen; None: everything that the case knows.
    currency
        One of the case's; None: the case's own.

    Returns
    -------
    Raised

    Raises
    ------
    UsageError
        No such party or currency.

    See Also
    --------
    check : the red lines, which use these amounts.

    References
    ----------
    法释〔2022〕5号 art. 3 to 8; 高检诉〔2017〕14号 art. 12.

    Examples
    --------
    >>> from graphflow.synthesis.lines import amounts as toys
    >>> raised(toys.raising(), "FUND").totals
    {'gross': 35000000, 'fresh': 30000000, 'returned': 6000000, 'net_loss': 25000000,
     'outstanding': 30000000, 'participants': 3}
    """
    facts = facts_of(case, as_of)
    name = party_named(case.tables, party)
    money = currency or case.tables.currency
    if money not in case.tables.minor_units:
        raise UsageError(Problem("currency", N_("no money of this case is in it"), first=money))
    group = facts.group(name)
    paid, back, rows = _flows(facts, group, money)
    subscribed = _subscribed(facts, group) if money == case.tables.currency else None
    if subscribed is not None:
        frame, cited_rows, fresh = subscribed
        people = list(frame.index)
        rows = [*cited_rows, *_of(facts, paid, back, people)]
        gross = frame["gross"]
        outstanding = frame["outstanding"].astype("Int64")
    else:
        people = sorted(set(paid["who"]))
        gross = paid.groupby("who")["amount"].sum()
        fresh = gross
        outstanding = pd.Series(pd.NA, people, dtype="Int64")
    came, went = paid.groupby("who")["amount"].sum(), back.groupby("who")["amount"].sum()
    table = pd.DataFrame({"investor": people})
    for column, values in (("gross", gross), ("fresh", fresh), ("paid", came), ("returned", went)):
        table[column] = table["investor"].map(values).fillna(0).astype("int64")
    table["net_loss"] = np.maximum(table.pop("paid") - table["returned"], 0)
    table["outstanding"] = table["investor"].map(outstanding).astype("Int64")
    return Raised(
        name, money, table, subscribed is None, tuple(rows), facts.day, case.tables.minor_units[money]
    )


def _flows(
    facts: Facts, group: frozenset[str], currency: str
) -> tuple[pd.DataFrame, pd.DataFrame, list[Cited]]:
    """Transfers of outside persons into the group's accounts and back, with who each is of."""
    flows = facts.flows
    flows = (
        flows[~flows["own"] & (flows["currency"] == facts.currencies.index(currency))]
        if currency in facts.currencies
        else flows[:0]
    )
    ours = np.zeros(facts.account_ids.size, np.bool_)
    ours[facts.accounts_of(group)] = True
    # What is held for its products is theirs too.
    if facts.tables.has("accounts", "product_id"):
        held = facts.tables.frame("accounts")["product_id"].fillna("").astype(str).to_numpy()
        ours |= np.isin(held, list(_products(facts, group)))
    source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
    into, out = flows[ours[target] & ~ours[source]], flows[ours[source] & ~ours[target]]
    paid = into[_persons(facts, into["payer"])].assign(
        who=lambda f: [str(facts.party_ids[p]) for p in f["payer"]]
    )
    back = out[_persons(facts, out["payee"])].assign(
        who=lambda f: [str(facts.party_ids[p]) for p in f["payee"]]
    )
    paid = paid[~paid["who"].isin(_debtors(facts, paid, back))]
    back = back[back["who"].isin(set(paid["who"]))]
    return paid, back, [cited("transfers", np.concatenate([paid["row"], back["row"]]).astype(np.int64))]


def _debtors(facts: Facts, paid: pd.DataFrame, back: pd.DataFrame) -> set[str]:
    """Persons whom loans name as borrowers and who were paid before they paid: they repay."""
    if not facts.has("loans"):
        return set()
    borrowers = set(facts.rows("loans")["borrower_id"])
    first = back[back["who"].isin(borrowers)].groupby("who")["time"].min()
    paying = paid[paid["who"].isin(first.index)].groupby("who")["time"].min()
    return set(paying.index[first.reindex(paying.index) < paying])


def _of(facts: Facts, paid: pd.DataFrame, back: pd.DataFrame, people: list[str]) -> list[Cited]:
    mine = np.concatenate([part.loc[part["who"].isin(people), "row"] for part in (paid, back)])
    return [cited("transfers", mine.astype(np.int64))]


def _persons(facts: Facts, parties: pd.Series) -> Any:
    numbers = parties.to_numpy()
    return (numbers >= 0) & (facts.party_kind[np.maximum(numbers, 0)] == "person")


def _products(facts: Facts, group: frozenset[str]) -> set[str]:
    if not facts.tables.has("products"):
        return set()
    products = facts.rows("products")
    mine = products["issuer_id"].isin(group) | products["manager_id"].isin(group)
    return set(products.loc[mine, "product_id"])


def _subscribed(facts: Facts, group: frozenset[str]) -> tuple[pd.DataFrame, list[Cited], pd.Series] | None:
    """Subscriptions of the group's products by persons: gross and outstanding, rows, what is fresh."""
    if not facts.tables.has("subscriptions"):
        return None
    rows = facts.rows("subscriptions")
    rows = rows[
        rows["product_id"].isin(_products(facts, group)) & rows["investor_id"].isin(facts.party_number)
    ]
    if rows.empty:
        return None
    paid_back = rows["redeemed_amount"].where(known(rows["redeemed_amount"]), rows["amount"])
    left = np.where(known(rows["redeemed"]), np.maximum(rows["amount"] - paid_back, 0), rows["amount"])
    by = pd.DataFrame({"who": rows["investor_id"], "gross": rows["amount"], "outstanding": left})
    frame = by.groupby("who")[["gross", "outstanding"]].sum()
    fresh = rows[known(rows["transfer_id"])].groupby("investor_id")["amount"].sum()
    return frame, [facts.cite("subscriptions", rows)], fresh
