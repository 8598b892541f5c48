"""Whether each product's asset was paid with its own money: the separability of products run together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Finding, Measure, by_rules
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry, chains_of
from graphflow.redlines.facts import Facts, Ints, known
from graphflow.redlines.pooling import (
    ANYBODY,
    MANAGER,
    Pool,
    products_of,
    unmatched,
    watched,
    who_is_watched,
)

if TYPE_CHECKING:
    from graphflow.tracing import Trace

RULES = ("fifo", "lifo", "prorata")
"""The rules of tracing under which the money of an asset is followed back to products."""

MOST = 2_000
"""Of the payments for assets of the same products so many are followed, the greatest; the rest is told."""


def separability(ask: Inquiry) -> Iterator[Finding]:
    """Assets that reports give to some products, paid from one account with the money of others."""
    facts = ask.facts
    claims = _claims(facts)
    if claims.empty:
        return
    arrivals = facts.arrivals
    whose = [number for number, test in watched(ask).items() if test != ANYBODY]
    mine = np.isin(facts.account_party, whose) | np.isin(facts.account_signer, whose)
    open_ = mine & ~facts.guarded & (facts.account_products == "")
    into = np.flatnonzero(open_[arrivals["target"].to_numpy()])
    codes, _ = products_of(facts, into)
    met = pd.DataFrame(
        {
            "account": arrivals["target"].to_numpy()[into],
            "coin": arrivals["currency"].to_numpy()[into],
            "product": codes,
        }
    )
    counts = met[codes >= 0].drop_duplicates().groupby(["account", "coin"]).size()
    for account, coin in counts.index[counts >= float(ask.threshold("products"))].tolist():
        pool = _account_alone(facts, int(account), int(coin))
        if pool is None:
            continue
        loose, _ = unmatched(ask, pool)
        failing = [
            found
            for each in _payments(facts, claims, pool.outs[loose > 0])
            if (found := _mixed(ask, pool, each)) is not None
        ]
        if failing:
            yield _not_separate(ask, pool, claims, failing)


def _account_alone(facts: Facts, account: int, coin: int) -> Pool | None:
    """One account with all that passed it in one currency."""
    ins, outs = facts.paid_to((account,)), facts.paid_by((account,))
    ins = ins[facts.arrivals["currency"].to_numpy()[ins] == coin]
    outs = outs[facts.flows["currency"].to_numpy()[outs] == coin]
    if not ins.size or not outs.size:
        return None
    key = max(int(facts.account_party[account]), int(facts.account_signer[account]))
    return Pool(facts, MANAGER, key, np.array([account], np.int64), coin, ins, outs, outs[:0])


@dataclass(frozen=True)
class _Paid:
    """Payments for assets that reports give to the same products, and for which assets."""

    holders: frozenset[str]
    assets: list[tuple[str, Any]]
    rows: Ints


@dataclass(frozen=True)
class _Mixed:
    """Payments made with other products' money: by rule which products paid, and how much others did."""

    paid: _Paid
    products: dict[str, set[str]]
    others: dict[str, int]
    amount: int
    left_out: int
    traces: list[Trace]


def _claims(facts: Facts) -> pd.DataFrame:
    """What reports say: holdings with the party or the loan that the money of each would go to."""
    rows = facts.rows("holdings")
    rows = rows[~rows["asset_kind"].isin(["cash", "product"])]
    party = rows["borrower_id"].where(
        known(rows["borrower_id"]), rows["asset_id"].where(rows["asset_id"].isin(facts.party_number))
    )
    return pd.DataFrame(
        {
            "product": rows["product_id"],
            "asset": rows["asset_id"],
            "party": facts.numbers_of(party),
        },
        index=rows.index,
    )


def _payments(facts: Facts, claims: pd.DataFrame, outs: Ints) -> list[_Paid]:
    """Payments out for assets: those that name one as a loan, and those to whoever owes it."""
    loans, words = facts.codes("loan_id", facts.flows["row"].to_numpy()[outs])
    holders: dict[tuple[str, Any], frozenset[str]] = {}
    for kind in ("asset", "party"):
        for name, products in claims.groupby(kind)["product"]:
            holders[kind, name] = frozenset(products)
    places = {word: code for code, word in enumerate(words)}
    named = [("asset", word) for word in places if ("asset", word) in holders]
    is_named = np.isin(loans, [places[word] for _, word in named])
    payees = facts.flows["payee"].to_numpy()[outs]
    found: dict[frozenset[str], tuple[list[tuple[str, Any]], list[Ints]]] = {}

    def add(asset: tuple[str, Any], rows: Ints) -> None:
        assets, parts = found.setdefault(holders[asset], ([], []))
        assets.append(asset)
        parts.append(rows)

    for asset in named:
        add(asset, outs[loans == places[asset[1]]])
    for payee in sets.unique(payees[~is_named & (payees >= 0)]).tolist():
        if ("party", payee) in holders:
            add(("party", payee), outs[(payees == payee) & ~is_named])
    return [_Paid(who, assets, np.sort(np.concatenate(parts))) for who, (assets, parts) in found.items()]


def _mixed(ask: Inquiry, pool: Pool, paid: _Paid) -> _Mixed | None:
    from graphflow.tracing import trace

    facts = ask.facts
    codes, words = pool.came_for
    if {words[code] for code in sets.unique(codes[codes >= 0])} <= paid.holders:
        return None
    amounts = facts.flows["amount"].to_numpy()[paid.rows]
    chosen = np.sort(np.argsort(-amounts, kind="stable")[:MOST])
    rows = facts.flows["row"].to_numpy()
    ids = facts.ids(rows[paid.rows[chosen]])
    product_of = dict(zip(facts.ids(rows[pool.ins[codes >= 0]]), codes[codes >= 0].tolist(), strict=True))
    seeds = [f'transfer:"{each}"' for each in ids]
    products: dict[str, set[str]] = {}
    others: dict[str, int] = {}
    traces = []
    for rule in RULES:
        t = trace(ask.case, seeds, rule=rule, backward=True, max_hops=1)
        sums = np.zeros(len(words), np.int64)
        for ident, amount in t.transfers[["transfer_id", "seed_amount"]].itertuples(index=False, name=None):
            if ident in product_of:
                sums[product_of[ident]] += amount
        products[rule] = {words[code] for code in np.flatnonzero(sums)}
        others[rule] = int(sum(sums[code] for code, word in enumerate(words) if word not in paid.holders))
        if others[rule] == 0:
            return None  # one way to tell it keeps the products apart
        traces.append(t)
    left = int(amounts.sum() - amounts[chosen].sum())
    return _Mixed(paid, products, others, int(amounts[chosen].sum()), left, traces)


def _not_separate(ask: Inquiry, pool: Pool, claims: pd.DataFrame, failing: list[_Mixed]) -> Finding:
    facts = ask.facts
    unit = facts.currencies[pool.currency]
    others = {rule: sum(each.others[rule] for each in failing) for rule in RULES}
    paid = sum(each.amount for each in failing)
    share = {rule: Fraction(others[rule], paid) for rule in RULES}
    behind = [min(len(each.products[rule] | each.paid.holders) for rule in RULES) for each in failing]
    digits = facts.tables.minor_units.get(unit, 2)
    traces = [t for each in failing for t in each.traces]
    assets = [asset for each in failing for asset in each.paid.assets]
    mine = np.zeros(len(claims), np.bool_)
    for kind in ("asset", "party"):
        mine |= claims[kind].isin([name for what, name in assets if what == kind]).to_numpy()
    cited_claims = claims[mine]
    left = sum(each.left_out for each in failing)
    rows = [facts.cite("holdings", cited_claims), *ask.cite_trace(*traces)]
    if facts.has("products"):
        products = facts.rows("products")
        wanted = set(cited_claims["product"]) | {
            p for each in failing for p in set().union(*each.products.values())
        }
        rows.append(facts.cite("products", products[products["product_id"].isin(wanted)], False))
    rows += who_is_watched(facts, pool)
    return ask.finding(
        subject=("account", str(facts.account_ids[pool.accounts[0]])),
        hit=("separability",),
        summary=Told(
            N_(
                "{count} assets that reports give to some products were paid from one account with others' "
                "money as well: {part}"
            ),
            count=len(assets),
            part=by_rules(
                *(f"{amount_text(each(others.values()), digits)} {unit}" for each in (min, max))
            ),
        ),
        measures=[
            ask.measure("others", N_("part of them paid with other products' money"), max(share.values())),
            ask.measure("assets", N_("assets paid with other products' money as well"), len(assets)),
            ask.measure("products", N_("products behind the same assets, by money or report"), max(behind)),
            *_left_out(ask, left, unit),
        ],
        rows=rows,
        severity="high",
        kinds={"flow": "shown", "statement": "shown"},
        elements={
            "collects": ("shown", N_("money of several products came to one account")),
            "unjoined": ("shown", N_("products paid for what is not theirs, under every rule tried")),
            "stands": "unknown",
            "promise": "unknown",
            "unlicensed": "unknown",
        },
        against={
            "custody": ("clear", N_("its kind and roles name neither custody nor reserve nor clearing")),
            "treasury": ("clear", N_("products paid in, which are others' money")),
            "broker": ("clear", N_("each product's asset is its own, whoever holds the account")),
            "settlement": ("clear", N_("whose money paid is asked, not how long it stood")),
            "refunds": "clear",
            "one_product": ("clear", N_("money of several products came in")),
        },
        amount=max(others.values()),
        amount_least=min(others.values()),
        currency=unit,
        by_rule=share,
        chains=chains_of(traces[0], 5),
    )  # fmt: skip


def _left_out(ask: Inquiry, left: int, unit: str) -> list[Measure]:
    if not left:
        return []
    return [ask.measure("left_out", N_("paid for assets in payments too many to follow"), left, unit=unit)]
