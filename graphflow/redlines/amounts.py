"""The amounts that every report on raised money shows: gross, fresh, returned, net loss, outstanding.

Each has its definition beside it, is given for every investor, and can be added up again from the rows. They
are compared with the numbers of 法释〔2022〕5号 as they stand: which crime it is, if any, is for a court.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Problem, UsageError
from graphflow.findings import Cited, cited, evidence_of
from graphflow.language import N_
from graphflow.law import law_on
from graphflow.redlines.asking import files_of
from graphflow.redlines.borrowing import words_of
from graphflow.redlines.facts import Facts, Flags, Ints, facts_of, known
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

    @cached_property
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
    products = _products(facts, group)
    register = _register(facts, products if money == case.tables.currency else products[:0])
    into, out = _flows(facts, group, products, register, money)
    paid, back = _whose(facts, register, into, out)
    table = _added_up(register, paid, back)
    people = table["investor"].to_numpy(np.int64)
    rows = [facts.cite("subscriptions", register.index)] if len(register) else []
    rows += _of(paid, back, people)
    inferred = not np.isin(people, register["investor"]).all()
    table["investor"] = facts.party_ids[people]
    table = table.sort_values("investor", ignore_index=True)
    return Raised(
        name, money, table, inferred or not len(register), tuple(rows), facts.day,
        case.tables.minor_units[money], bool(into.row.size or len(register)),
    )  # fmt: skip


NOBODY = -1
"""In the place of an investor's number: several at once, or nobody known."""


@dataclass(frozen=True)
class _Flows:
    """Transfers over the border of a group: places in the table, who is outside, when, how much; whether a
    subscription names it, and whether who is outside is a natural person (and none names it).
    """

    row: Ints
    who: Ints
    time: Ints
    amount: Ints
    named: Flags
    person: Flags

    def where(self, keep: Flags) -> _Flows:
        """Some of them."""
        return _Flows(*(getattr(self, each.name)[keep] for each in fields(self)))


def _flows(
    facts: Facts, group: frozenset[str], products: Ints, register: pd.DataFrame, currency: str
) -> tuple[_Flows, _Flows]:
    """Transfers from outside into accounts that the group holds or signs for, and out of them.

    Each is of the one investor whose subscriptions name it, else of who pays or is paid.
    """
    columns = facts.flow
    # What is held for its products is theirs too.
    for_products = np.flatnonzero(np.isin(_product_of_account(facts), products))
    ours = sets.union(facts.accounts_of(group, signed=True), for_products)
    coin = facts.currencies.index(currency) if currency in facts.currencies else -1
    sides = (
        (facts.paid_to(ours), "source", "payer", "paid_at"),
        (facts.paid_by(ours), "target", "payee", "back_at"),
    )
    found = []
    for at, other, outside, names in sides:
        at = at[(columns["currency"][at] == coin) & ~columns["own"][at].astype(np.bool_)]
        at = at[~np.isin(columns[other][at], ours)]
        row, who = columns["row"][at], columns[outside][at].astype(np.int64)
        person = (who >= 0) & (facts.party_kind[who] == "person")
        rows = register[register[names] >= 0]
        named = np.isin(row, rows[names])
        if named.any():
            whose = rows.groupby(names)["investor"].agg(["min", "max"]).reindex(row[named])
            least, most = (whose[each].to_numpy(np.int64) for each in ("min", "max"))
            who[named] = np.where(least == most, least, NOBODY)
        found.append(_Flows(row, who, columns["time"][at], columns["amount"][at], named, person & ~named))
    return found[0], found[1]


def _product_of_account(facts: Facts) -> Ints:
    """By account the place of its product in the table; -1 of none."""
    kept: Ints | None = facts.__dict__.get("_product_of_account")
    if kept is None:
        names = pd.Index(facts.rows("products")["product_id"], dtype=object)
        kept = facts.__dict__["_product_of_account"] = np.asarray(
            names.get_indexer(facts.account_products), np.int64
        )
    return kept


def _whose(facts: Facts, register: pd.DataFrame, into: _Flows, out: _Flows) -> tuple[_Flows, _Flows]:
    """Payments of investors and back: who is registered counts whatever he is, else natural persons do."""
    registered = sets.unique(register["investor"].to_numpy(np.int64))
    debtors = sets.minus(_debtors(facts, into, out), registered)
    keep = into.named | (into.person & ~np.isin(into.who, debtors)) | np.isin(into.who, registered)
    paid = into.where(keep)
    people = sets.union(paid.who, registered)
    return paid, out.where(np.isin(out.who, people) | out.named)


def _added_up(register: pd.DataFrame, paid: _Flows, back: _Flows) -> pd.DataFrame:
    """The amounts of each investor, by number."""
    investor = register["investor"].to_numpy(np.int64)
    people = sets.minus(sets.union(investor, paid.who), [NOBODY])

    def of(who: Ints, amounts: Ints, which: Flags) -> Ints:
        """By investor the sum of some rows."""
        some = which & (who >= 0)
        place = np.searchsorted(people, who[some])
        found = np.zeros(people.size + 1, np.int64)
        np.add.at(found, place, np.where(np.append(people, NOBODY)[place] == who[some], amounts[some], 0))
        return found[:-1]

    def together(column: str, flows: _Flows) -> Flags:
        """Subscriptions that name a transfer of several investors at once."""
        return np.isin(register[column], flows.row[flows.named & (flows.who == NOBODY)])

    all_ = np.ones(len(register), np.bool_)
    amount, put_back, left_over = (register[each].to_numpy(np.int64) for each in ("amount", "back", "left"))
    registered = of(investor, amount, all_)
    with_transfer = of(investor, amount, register["has_transfer"].to_numpy(np.bool_))
    seen = of(paid.who, paid.amount, paid.named)
    seen += of(investor, amount, together("paid_at", paid))
    more = of(paid.who, paid.amount, paid.person)
    # what others than persons pay beside counts as far as they subscribed without naming a transfer
    other = of(paid.who, paid.amount, ~paid.named & ~paid.person)
    more += np.minimum(other, registered - with_transfer)
    returned = of(back.who, back.amount, np.ones(back.who.size, np.bool_))
    returned += of(investor, put_back, together("back_at", back))
    gross = registered + np.maximum(more - (registered - with_transfer), 0)
    left = pd.array(of(investor, left_over, all_), dtype="Int64")
    left[~np.isin(people, investor)] = pd.NA
    return pd.DataFrame(
        {
            "investor": people, "gross": gross, "fresh": with_transfer + more, "returned": returned,
            "net_loss": np.minimum(np.maximum(seen + more - returned, 0), gross), "outstanding": left,
        }
    )  # fmt: skip


def _debtors(facts: Facts, paid: _Flows, back: _Flows) -> Ints:
    """Persons whom loans name as borrowers and who were paid before they paid: they repay."""
    persons = [each.where(each.person & np.isin(each.who, _borrowers(facts))) for each in (paid, back)]
    paying, got = (pd.Series(each.time).groupby(each.who).min() for each in persons)
    both = paying.index.intersection(got.index)
    return both[(got[both] < paying[both]).to_numpy()].to_numpy(np.int64)


def _borrowers(facts: Facts) -> Ints:
    """Whom loans name, by number."""
    kept: Ints | None = facts.__dict__.get("_borrowers_named")
    if kept is None:
        numbers = facts.numbers_of(facts.rows("loans")["borrower_id"])
        kept = facts.__dict__["_borrowers_named"] = sets.unique(numbers[numbers >= 0])
    return kept


def _of(paid: _Flows, back: _Flows, people: Ints) -> list[Cited]:
    mine = np.concatenate([each.row[np.isin(each.who, np.append(people, NOBODY))] for each in (paid, back)])
    return [cited("transfers", sets.unique(mine))] if mine.size else []


def _products(facts: Facts, group: frozenset[str]) -> Ints:
    """The products that a group issues or manages, by their place among those known."""
    rows = facts.rows("products")
    mine = rows["issuer_id"].isin(group) | rows["manager_id"].isin(group)
    return np.flatnonzero(mine.to_numpy(np.bool_))


def _register(facts: Facts, products: Ints) -> pd.DataFrame:
    """Subscriptions of some products by parties, with what is ``left`` of each; the index is their place."""
    kept: pd.DataFrame | None = facts.__dict__.get("_subscribed")
    if kept is None:
        kept = facts.__dict__["_subscribed"] = _subscribed(facts)
    return kept[np.isin(kept["product"], products)]


def _subscribed(facts: Facts) -> pd.DataFrame:
    """All subscriptions by parties: products, investors and the transfers that they name by number."""
    rows = facts.rows("subscriptions")
    names = pd.Index(facts.rows("products")["product_id"], dtype=object)
    paid_back = rows["redeemed_amount"].where(known(rows["redeemed_amount"]), rows["amount"])
    left = np.where(known(rows["redeemed"]), np.maximum(rows["amount"] - paid_back, 0), rows["amount"])
    found = pd.DataFrame(
        {
            "product": names.get_indexer(pd.Index(rows["product_id"], dtype=object)),
            "investor": facts.numbers_of(rows["investor_id"]),
            "amount": rows["amount"].to_numpy(np.int64),
            "left": left.astype(np.int64), "back": paid_back.to_numpy(np.int64),
            "has_transfer": known(rows["transfer_id"]),
            "paid_at": facts.places(words_of(rows["transfer_id"])),
            "back_at": facts.places(words_of(rows["redemption_transfer_id"])),
        },
        index=rows.index,
    )  # fmt: skip
    return found[(found["investor"] >= 0) & (found["product"] >= 0)]
