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
        columns add up to `totals`. `outstanding` is missing for whom no subscription is recorded.
    inferred
        Whether some investor was found from flows alone: a natural person from outside who pays in.
    rows
        The rows that the amounts are sums of.
    seen
        Whether an account of theirs is seen to receive anything, or something is registered; else zeros only
        say that nothing is known.
    """

    party_id: str
    currency: str
    investors: pd.DataFrame
    inferred: bool
    rows: tuple[Cited, ...] = field(repr=False)
    day: Any = field(repr=False, default=None)
    digits: int = field(repr=False, default=2)
    seen: bool = True

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
    transfer was put in again without leaving, and is gross but not fresh. Beside what is registered counts
    what flows show beyond it, so that nothing is counted twice: a subscription that names its transfer is
    that transfer, and what somebody pays otherwise may be for what he subscribed without naming one. Natural
    persons from outside who pay into accounts that the group holds or signs for, and are in no register, are
    taken for investors too: that is inferred. Of others only what is registered is gross; all that they are
    paid counts as returned, for no table says what else it was for.

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
    into, out = _flows(facts, group, money)
    register = _register(facts, group) if money == case.tables.currency else _register(facts, frozenset())
    paid, back = _whose(facts, register, into, out)
    table = _added_up(register, paid, back)
    people = list(table["investor"])
    rows = [facts.cite("subscriptions", register)] if len(register) else []
    rows += _of(paid, back, people)
    inferred = not set(people) <= set(register["investor_id"])
    return Raised(
        name, money, table, inferred or not len(register), tuple(rows), facts.day,
        case.tables.minor_units[money], bool(len(into) or len(register)),
    )  # fmt: skip


def _flows(facts: Facts, group: frozenset[str], currency: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Transfers from outside into accounts that the group holds or signs for, and out of them."""
    flows = facts.flows
    flows = (
        flows[~flows["own"] & (flows["currency"] == facts.currencies.index(currency))]
        if currency in facts.currencies
        else flows[:0]
    )
    ours = np.zeros(facts.account_ids.size, np.bool_)
    ours[facts.accounts_of(group, signed=True)] = True
    # What is held for its products is theirs too.
    ours |= np.isin(facts.account_products, list(_products(facts, group)))
    source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
    return flows[ours[target] & ~ours[source]], flows[ours[source] & ~ours[target]]


def _whose(
    facts: Facts, register: pd.DataFrame, into: pd.DataFrame, out: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Payments of investors and back, with ``who`` each is of and whether a subscription is ``named`` by it.

    Who is registered counts whatever he is, and is whom a named transfer is of; else natural persons do.
    """
    paid = _parties(facts, register, "transfer_id", into, "payer")
    back = _parties(facts, register, "redemption_transfer_id", out, "payee")
    registered = set(register["investor_id"])
    known_ones = paid["who"].isin(registered)
    debtors = _debtors(facts, paid[paid["person"]], back[back["person"]]) - registered
    paid = paid[(paid["person"] & ~paid["who"].isin(debtors)) | known_ones | paid["named"]]
    return paid, back[back["who"].isin({*paid["who"], *registered}) | back["named"]]


def _parties(
    facts: Facts, register: pd.DataFrame, column: str, flows: pd.DataFrame, side: str
) -> pd.DataFrame:
    """Whose each flow is: of the one investor whose subscriptions name it, else of who pays or is paid."""
    numbers = flows[side].to_numpy()
    who = np.where(numbers >= 0, facts.party_ids[np.maximum(numbers, 0)], "").astype(object)
    named = np.zeros(len(flows), np.bool_)
    ids = np.full(len(flows), "", object)
    rows = register[known(register[column])]
    if len(rows):
        whose = rows.groupby(column)["investor_id"].agg(["first", "nunique"])
        ids = facts.texts("transfer_id", flows["row"].to_numpy())
        named = np.isin(ids, whose.index.to_numpy(object))
        one = pd.Series(ids).map(whose["first"].where(whose["nunique"] == 1, "")).to_numpy(object)
        who = np.where(named, one, who)
    return flows.assign(who=who, named=named, id=ids, person=_persons(facts, flows[side]) & ~named)


def _together(register: pd.DataFrame, column: str, amount: str, flows: pd.DataFrame) -> pd.Series:
    """By investor: what the register says of transfers that are of several of them at once."""
    ids = flows.loc[flows["named"] & (flows["who"] == ""), "id"]
    return register[register[column].isin(ids)].groupby("investor_id")[amount].sum()


def _added_up(register: pd.DataFrame, paid: pd.DataFrame, back: pd.DataFrame) -> pd.DataFrame:
    """The amounts of each investor."""
    beside = paid[~paid["named"]]
    people = sorted({*register["investor_id"], *paid["who"]} - {""})
    table = pd.DataFrame({"investor": people})

    def of(values: pd.Series) -> pd.Series:
        return table["investor"].map(values).fillna(0).astype("int64")

    by = register.groupby("investor_id")
    registered, outstanding = of(by["amount"].sum()), by["left"].sum()
    with_transfer = of(register[register["has_transfer"]].groupby("investor_id")["amount"].sum())
    seen = of(paid[paid["named"]].groupby("who")["amount"].sum())
    seen = seen + of(_together(register, "transfer_id", "amount", paid))
    more = of(beside[beside["person"]].groupby("who")["amount"].sum())
    # what others than persons pay beside counts as far as they subscribed without naming a transfer
    other = of(beside[~beside["person"]].groupby("who")["amount"].sum())
    more = more + np.minimum(other, registered - with_transfer)
    table["gross"] = registered + np.maximum(more - (registered - with_transfer), 0)
    table["fresh"] = with_transfer + more
    together = of(_together(register, "redemption_transfer_id", "back", back))
    table["returned"] = of(back.groupby("who")["amount"].sum()) + together
    lost = np.maximum(seen + more - table["returned"], 0)
    table["net_loss"] = np.minimum(lost, table["gross"])
    table["outstanding"] = table["investor"].map(outstanding).astype("Int64")
    return table


def _debtors(facts: Facts, paid: pd.DataFrame, back: pd.DataFrame) -> set[str]:
    """Persons whom loans name as borrowers and who were paid before they paid: they repay."""
    if not facts.has("loans"):
        return set()
    borrowers = set(facts.rows("loans")["borrower_id"])
    first = back[back["who"].isin(borrowers)].groupby("who")["time"].min()
    paying = paid[paid["who"].isin(first.index)].groupby("who")["time"].min()
    return set(paying.index[first.reindex(paying.index) < paying])


def _of(paid: pd.DataFrame, back: pd.DataFrame, people: list[str]) -> list[Cited]:
    mine = np.concatenate(
        [part.loc[part["who"].isin([*people, ""]), "row"].to_numpy(np.int64) for part in (paid, back)]
    )
    return [cited("transfers", np.unique(mine))] if mine.size else []


def _persons(facts: Facts, parties: pd.Series) -> Any:
    numbers = parties.to_numpy()
    return (numbers >= 0) & (facts.party_kind[np.maximum(numbers, 0)] == "person")


def _products(facts: Facts, group: frozenset[str]) -> set[str]:
    if not facts.tables.has("products"):
        return set()
    products = facts.rows("products")
    mine = products["issuer_id"].isin(group) | products["manager_id"].isin(group)
    return set(products.loc[mine, "product_id"])


def _register(facts: Facts, group: frozenset[str]) -> pd.DataFrame:
    """Subscriptions of the group's products by parties, with what is ``left`` of each."""
    rows = facts.rows("subscriptions")
    rows = rows[
        rows["product_id"].isin(_products(facts, group)) & rows["investor_id"].isin(facts.party_number)
    ]
    paid_back = rows["redeemed_amount"].where(known(rows["redeemed_amount"]), rows["amount"])
    left = np.where(known(rows["redeemed"]), np.maximum(rows["amount"] - paid_back, 0), rows["amount"])
    return rows.assign(
        left=left.astype(np.int64), back=paid_back.astype(np.int64), has_transfer=known(rows["transfer_id"])
    )
