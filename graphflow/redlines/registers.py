"""What red lines on products share: who faces investors, a product's name, and its rows as evidence."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from graphflow.findings import Cited
from graphflow.language import N_
from graphflow.law import law
from graphflow.pictures.words import amount_text
from graphflow.products.positions import Key, Positions
from graphflow.redlines.asking import Inquiry
from graphflow.redlines.facts import Facts, micros
from graphflow.rows import local_time

RUNS = ("issuer_id", "manager_id", "custodian_id")
"""The columns of those who run a product."""


def given_of(facts: Facts, product: str) -> Mapping[str, Any]:
    """What is stated of a product, without what is empty."""
    return facts.positions.products.get(product, {})


def named(facts: Facts, product: str) -> str:
    """A product's name, else its id."""
    return str(given_of(facts, product).get("name") or product)


def money(facts: Facts, amount: int) -> str:
    """An amount in the case's currency, as a person reads it."""
    own = facts.tables.currency
    return f"{amount_text(amount, facts.tables.minor_units.get(own, 2))} {own}"


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


def began_before(facts: Facts, product: str, day: datetime.date) -> bool | None:
    """Whether a product began before a day; None where that is not stated."""
    start = given_of(facts, product).get("start")
    if start is None:
        return None
    return local_time(int(micros(pd.Series([start]))[0]), facts.tables.timezone).date() < day


def rule_since(code: str, threshold: str) -> datetime.date:
    """From when on a limit of law holds, as the table of law says."""
    return min(
        datetime.date.fromisoformat(row["since"])
        for row in law("thresholds")
        if (row["code"], row["name"]) == (code, threshold) and row["since"]
    )


def legacy(ask: Inquiry, product: str, threshold: str) -> tuple[str, str]:
    """Whether a product of before a rule is looked at while its transition lasted: an outcome with a note.

    The transition lasted to the end of the year that the threshold ``transition`` says.
    """
    facts = ask.facts
    day = local_time(facts.at, facts.tables.timezone).date()
    if day.year > ask.threshold("transition"):
        return "clear", N_("the transition is over")
    before = began_before(facts, product, rule_since(ask.line.code, threshold))
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
