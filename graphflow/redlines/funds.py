"""Funds: what their managers raised through them, what was paid out of it, and what holds it for investors.

Looked at are products that are not offered to the public, of whoever manages them (or issues them, where
nobody is named): not those of banks, insurers and brokers, who have rules of their own for dealings with
their own side (RL-19), nor public funds, pensions and securitised assets, whose money goes by rule to who
sold these. A transfer is a fund's that names it, or that comes from or goes to an account held for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from graphflow.redlines.borrowing import words_of
from graphflow.redlines.facts import Facts, Flags, Ints, known, micros
from graphflow.redlines.offers import Offers, told_apart

NOT_LOOKED_AT = (
    "bank", "insurer", "broker", "equity_crowdfunding_platform", "payment_institution", "exchange",
    "clearing_house",
)  # fmt: skip
"""Sectors of managers that are not looked at: their products have rules of their own."""

NOT_PRIVATE = ("public_fund", "pension", "abs")
"""Kinds of products that are no funds of this kind, whatever their offering."""

FUND_KINDS = ("contract_fund", "trust")
"""Kinds of parties that are funds themselves."""


def managers_of(facts: Facts) -> Mapping[str, pd.DataFrame]:
    """Who manages funds that are looked at, and the rows of these."""
    rows = facts.rows("products")
    if rows.empty:
        return {}
    runs = words_of(rows["manager_id"])
    runs = np.where(runs == "", words_of(rows["issuer_id"]), runs)
    sectors = np.append(facts.party_sector, "")  # of nobody: none
    sector = sectors[[facts.party_number.get(each, -1) for each in runs]]
    keep = (words_of(rows["offering"]) != "public") & ~np.isin(words_of(rows["kind"]), NOT_PRIVATE)
    keep &= (runs != "") & ~np.isin(sector, NOT_LOOKED_AT)
    return {str(name): mine for name, mine in rows[keep].groupby(runs[keep])}


def funds_of(facts: Facts, manager: str, rows: pd.DataFrame) -> Offers:
    """The funds of one manager, rows of the products, and what was paid out of each."""
    claims = pd.DataFrame(
        {
            "table": "products", "place": rows.index.to_numpy(), "name": words_of(rows["product_id"]),
            "borrower": "", "platform": manager, "amount": 0,
            "begins": np.where(known(rows["start"]), micros(rows["start"]), facts.at),
        }
    )  # fmt: skip
    number, (pointer, order) = _by_product(facts)
    runs = [order[pointer[of] : pointer[of + 1]] for of in (number[name] for name in claims["name"])]
    offer = np.repeat(claims.index.to_numpy(np.int64), [run.size for run in runs])
    at = np.concatenate([np.zeros(0, np.int64), *runs])
    shown = np.argsort(at)
    held = np.flatnonzero(holding(facts)[0])
    offers = told_apart(facts, manager, claims, (at[shown], offer[shown]), None, held)
    return replace(offers, held=held, funds=fund_ids(facts))


def holding(facts: Facts) -> tuple[Flags, np.ndarray[tuple[int], np.dtype[np.object_]]]:
    """Of each account whether it is held for a product, and for which, as far as that is told.

    Held for a product is what the accounts say, and what belongs to a fund that is a party itself: then the
    product is that of its id, else the only one that it issues.
    """
    kept = facts.__dict__.get("_held_for_products")
    if kept is None:
        names = facts.account_products.copy()
        funds = _fund_parties(facts)
        theirs = np.isin(facts.account_party, funds) & (names == "")
        rows = facts.rows("products")
        issued = pd.Series(words_of(rows["product_id"]), words_of(rows["issuer_id"]))
        issued = issued[~issued.index.duplicated(keep=False)]
        products = set(words_of(rows["product_id"]))
        for account in np.flatnonzero(theirs).tolist():
            party = facts.holder(account)
            names[account] = party if party in products else issued.get(party, "")
        kept = facts.__dict__["_held_for_products"] = (names != "") | theirs, names
    return kept


def _fund_parties(facts: Facts) -> Ints:
    """Parties that are funds: contracts, trusts, products by their id, and partnerships that issue one."""
    rows = facts.rows("products")
    found = facts.party_is(*FUND_KINDS) | np.isin(facts.party_ids, list(words_of(rows["product_id"])))
    issues = np.isin(facts.party_ids, list(words_of(rows["issuer_id"])))
    return np.flatnonzero(found | (issues & facts.party_is("partnership")))


def fund_ids(facts: Facts) -> frozenset[str]:
    """The ids of all products, and of parties that are funds; kept with the facts."""
    kept: frozenset[str] | None = facts.__dict__.get("_fund_ids")
    if kept is None:
        parties = facts.party_ids[_fund_parties(facts)]
        products = words_of(facts.rows("products")["product_id"])
        kept = facts.__dict__["_fund_ids"] = frozenset({*parties, *products})
    return kept


def _by_product(facts: Facts) -> tuple[Mapping[str, int], tuple[Ints, Ints]]:
    """The rows of `Facts.flows` by the product whose they are, and what number each has; kept with the facts.

    A row is of the product that it names; else whose account pays; else whose account is paid.
    """
    kept: tuple[Mapping[str, int], tuple[Ints, Ints]] | None = facts.__dict__.get("_flows_by_product")
    if kept is None:
        flows = facts.flows
        number = {name: place for place, name in enumerate(words_of(facts.rows("products")["product_id"]))}
        codes, words = facts.codes("product_id", flows["row"].to_numpy())
        of = np.array([number.get(word, -1) for word in words] + [-1], np.int64)[codes]
        of_account = np.array([number.get(name, -1) for name in holding(facts)[1]], np.int64)
        for side in ("source", "target"):
            of = np.where(of >= 0, of, of_account[flows[side].to_numpy()])
        order = np.argsort(of, kind="stable")
        pointer = np.searchsorted(of[order], np.arange(len(number) + 1))
        kept = facts.__dict__["_flows_by_product"] = number, (pointer, order)
    return kept
