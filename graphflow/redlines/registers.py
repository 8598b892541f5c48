"""What red lines on products share: who faces investors, a product's name, and its rows as evidence."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from graphflow.findings import Cited
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.products.positions import VEHICLES, Key, Positions
from graphflow.redlines.asking import Inquiry
from graphflow.redlines.facts import Facts, known, micros
from graphflow.redlines.limits import first_day
from graphflow.rows import local_time

RUNS = ("issuer_id", "manager_id", "custodian_id")
"""The columns of those who run a product."""

BACK = ("repay", "还款", "回款", "disburse", "放款", "interest", "利息")
"""What stands in the kind of a payment that is no subscription."""


def given_of(facts: Facts, product: str) -> Mapping[str, Any]:
    """What is stated of a product, without what is empty."""
    return facts.positions.products.get(product, {})


def named(facts: Facts, product: str) -> str:
    """A product's name, else its id."""
    return str(given_of(facts, product).get("name") or product)


def money(facts: Facts, amount: int, currency: str = "") -> str:
    """An amount in a currency, else in the case's, as a person reads it."""
    own = currency or facts.tables.currency
    return f"{amount_text(amount, facts.tables.minor_units.get(own, 2))} {own}"


UNITS: Mapping[str, str] = {
    "fixed_income": "min_fixed", "mixed": "min_mixed", "equity": "min_equity", "commodity": "min_equity",
    "trust": "min_trust",
}  # fmt: skip
"""By kind of private product: the threshold that says how much each investor puts in at least."""


def least_unit(ask: Inquiry, product: str) -> str | None:
    """The threshold of the least that is put into a private product, by name; of an unknown kind the least.

    None where it is not in force on the day, or the case is not in yuan: nobody here knows a rate.
    """
    name = UNITS.get(str(given_of(ask.facts, product).get("kind") or ""), "min_fixed")
    return name if ask.facts.tables.currency == "CNY" and ask.in_force(name) else None


def cite_products(facts: Facts, products: Iterable[str], shows: bool = False) -> list[Cited]:
    """The rows of some products, and, as context, of those who run them."""
    rows = facts.rows("products")
    mine = rows[rows["product_id"].isin(list(products))]
    runs = {str(each) for column in RUNS for each in mine[column].dropna()}
    return [facts.cite("products", mine, shows), facts.cite_parties(runs)]


def facing(facts: Facts) -> frozenset[str]:
    """Products that somebody else than a product subscribed to, and those that none is known to hold."""
    p = facts.positions
    held: set[str] = set()
    if len(p.holdings):
        held |= set(p.holdings.loc[p.holdings["asset_kind"] == "product", "asset_id"])
    open_to: set[str] = set()
    if len(p.ever):
        inside = p.ever["investor_id"].isin(list(p.products)).to_numpy(np.bool_)
        held |= set(p.ever.loc[inside, "product_id"])
        open_to = set(p.ever.loc[~inside, "product_id"])
    return frozenset(str(each) for each in p.products if each in open_to or each not in held)


def holders_of_products(facts: Facts) -> list[str]:
    """Products that hold another, or a company that only passes money on, in the order of their table."""
    p = facts.positions
    found: set[str] = set()
    if len(p.holdings):
        kind = p.holdings["asset_kind"].to_numpy(object)
        passing = {each for each in p.bought_by if p.passes_on(each)}
        into = p.holdings["asset_id"].isin(passing).to_numpy(np.bool_) & (kind == "equity")
        found |= set(p.holdings.loc[(kind == "product") | into, "product_id"])
    if len(p.subscriptions):
        found |= set(p.subscriptions["investor_id"]) & p.products.keys()
    return [str(each) for each in p.products if each in found]


def began_before(facts: Facts, product: str, day: datetime.date | None) -> bool | None:
    """Whether a product began before a day (None: from ever); None where that is not stated."""
    if day is None:
        return False
    start = given_of(facts, product).get("start")
    if start is None:
        return None
    return local_time(int(micros(pd.Series([start]))[0]), facts.tables.timezone).date() < day


def legacy(ask: Inquiry, product: str, threshold: str) -> tuple[str, str]:
    """Whether a product of before a rule is looked at while its transition lasted: an outcome with a note.

    The transition lasted to the end of the year that the threshold ``transition`` says.
    """
    facts = ask.facts
    day = local_time(facts.at, facts.tables.timezone).date()
    if day.year > ask.threshold("transition"):
        return "clear", N_("the transition is over")
    before = began_before(facts, product, first_day(ask, threshold))
    if before is None:
        return "unknown", N_("when it began is not stated, and the transition had not ended")
    if before:
        return "present", N_("it began before the rule, and the transition had not ended")
    return "clear", N_("it began under the rule")


def step_rows(p: Positions, steps: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of holdings and subscriptions that some steps down are (see `LookThrough.steps`).

    A step that a holding states stands there; one known from the other side only stands in subscriptions.
    """
    held: list[pd.DataFrame] = []
    bought: list[pd.DataFrame] = []
    for holder_kind, holder, held_kind, name in steps[
        ["holder_kind", "holder", "held_kind", "held"]
    ].itertuples(index=False):
        rows = p.held.get(holder) if holder_kind == "product" else None
        mine = (
            rows[
                (rows["asset_id"] == name)
                & (rows["asset_kind"] == ("product" if held_kind == "product" else "equity"))
            ]
            if rows is not None
            else None
        )
        if mine is not None and len(mine):
            held.append(mine)
            continue
        other = p.bought_by.get(holder)
        if other is not None:
            bought.append(other[other["product_id"] == name])
    return {
        "holdings": pd.concat(held) if held else p.holdings.iloc[:0],
        "subscriptions": pd.concat(bought) if bought else p.subscriptions.iloc[:0],
    }


def ring_rows(p: Positions, ring: Iterable[Key]) -> dict[str, pd.DataFrame]:
    """The rows by which the members of a ring hold one another, or themselves."""
    members = set(ring)
    found = []
    for kind, holder in sorted(members):
        rows = p.held.get(holder) if kind == "product" else None
        steps = {
            ("party" if k == "equity" else k, each) for k, each in _pairs(rows, "asset_kind", "asset_id")
        }
        steps |= {("product", str(each)) for each in p.bought_by.get(holder, p.ever.iloc[:0])["product_id"]}
        found += [(kind, holder, *each) for each in sorted(steps & members)]
    return step_rows(p, pd.DataFrame(found, columns=["holder_kind", "holder", "held_kind", "held"]))


def _pairs(rows: pd.DataFrame | None, one: str, other: str) -> list[tuple[str, str]]:
    return [] if rows is None else list(zip(rows[one].astype(str), rows[other].astype(str), strict=True))


def paid_in(facts: Facts) -> pd.DataFrame:
    """Payments of persons and vehicles into the accounts of products of which no subscription is known.

    They are like subscriptions, numbered below nought; ``row`` is the transfer's place. Whoever was paid by
    the product first is no investor, nor is a known debtor; nor are payments with a loan or a kind in `BACK`.
    """
    p = facts.positions
    accounts = facts.rows("accounts")
    accounts = accounts[known(accounts["product_id"])]
    ids = [str(each) for each in p.products]
    sold = np.array([each in p.sold_ever for each in ids], np.bool_)
    number = {each: place for place, each in enumerate(ids)}
    product = np.full(facts.account_ids.size, -1, np.int64)
    product[accounts.index] = [number.get(str(each), -1) for each in accounts["product_id"]]
    flows = facts.flows[~facts.flows["own"]]
    into, out = product[flows["target"].to_numpy()], product[flows["source"].to_numpy()]
    mine = ((into >= 0) | (out >= 0)) & (into != out)
    flows, into, out = flows[mine], into[mine], out[mine]
    base = len(facts.party_ids)  # a product that pays is itself the investor
    payer = np.where(out >= 0, base + out, flows["payer"].to_numpy())
    payee = np.where(into >= 0, base + into, flows["payee"].to_numpy())
    sides = [
        pd.DataFrame({"product": one, "other": other, "order": np.arange(one.size), "came": came})
        for one, other, came in ((into, payer, True), (out, payee, False))
    ]
    met = pd.concat([side[side["product"] >= 0] for side in sides]).sort_values("order", kind="stable")
    first = met.drop_duplicates(["product", "other"]).set_index(["product", "other"])["came"]
    kind = np.char.lower(facts.texts("kind", flows["row"]).astype(str))
    back = facts.texts("loan_id", flows["row"]) != ""
    for word in BACK:
        back |= np.char.find(kind, word) >= 0
    counts = facts.party_is("person", *VEHICLES)
    for table in ("loans", "holdings"):
        if facts.has(f"{table}.borrower_id"):
            counts = counts & ~np.isin(
                facts.party_ids, facts.rows(table)["borrower_id"].dropna().to_numpy(object)
            )
    counts = np.append(counts, np.ones(len(ids), np.bool_))
    keep = (into >= 0) & (payer >= 0) & ~back
    keep &= ~sold[np.maximum(into, 0)]
    keep &= counts[np.maximum(payer, 0)] if counts.size else keep
    flows, into, payer = flows[keep], into[keep], payer[keep]
    led = (
        first.reindex(pd.MultiIndex.from_arrays([into, payer])).to_numpy(np.bool_)
        if into.size
        else np.zeros(0, bool)
    )
    flows, into, payer = flows[led], into[led], payer[led]
    names = np.append(facts.party_ids, np.array(ids, object))
    return pd.DataFrame({
        "product_id": np.array(ids, object)[into], "investor_id": names[payer],
        "amount": flows["amount"].to_numpy(np.int64),
        "time": pd.to_datetime(flows["time"].to_numpy(), unit="us", utc=True),
        "row": flows["row"].to_numpy(np.int64), "currency": flows["currency"].to_numpy(np.int64),
    }, index=-1 - np.arange(into.size))  # fmt: skip
