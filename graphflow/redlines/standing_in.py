"""Who pays in the place of assets: of whose money investors were paid, as flows show.

Payouts are followed back as `rl25_new_for_old` does; in the months in which that finds new money for old,
what other investors paid in stands in as well (滚动发行). Beside them, what others paid straight to
investors: the register of subscriptions names the transfer by which each was redeemed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, number_text
from graphflow.language import N_
from graphflow.redlines.asking import Inquiry
from graphflow.redlines.borrowing import words_of
from graphflow.redlines.facts import Facts, Ints, known
from graphflow.redlines.origins import CROSS, OTHERS, STAND_IN, SUBSIDY, Origins
from graphflow.redlines.raising import holders, placeholders
from graphflow.redlines.registers import cite_products, money
from graphflow.redlines.rl25_new_for_old import (
    RULES,
    Scheme,
    cite_payouts,
    evidence_kinds,
    new_money,
    schemes,
)

INSTITUTIONS = ("asset_manager", "trust_company", "bank", "insurer", "broker", "fund_distributor")
PASSERS = (
    "bank", "payment_institution", "broker", "fund_distributor", "trust_company", "clearing_house",
    "exchange",
)  # fmt: skip
"""Sectors of those who hold products' money or pass it on by trade."""

FUNCTIONS = ("asset_management", "fund_sale", "securities", "insurance", "trust", "banking")
"""Sectors and licences of financial institutions that issue, manage or sell products."""


NOT_STATED = N_("Held at medium: whether a financial institution does it is not stated.")


def entity(facts: Facts, runs: set[str]) -> tuple[str, str, list[Cited]]:
    """How grave it is by who does it, graver of what is no financial institution; and the licences read."""
    sectors = {
        facts.party_sector[facts.party_number[each]] for each in runs if each in facts.party_number
    } - {""}
    if facts.has("licences"):
        rows = facts.rows("licences")
        mine = rows[rows["party_id"].isin(runs)]
        read = [facts.cite("licences", mine if len(mine) else rows.head(1), False)]
        held = bool(mine["function"].isin(FUNCTIONS).any()) or bool(sectors & set(INSTITUTIONS))
        return ("medium", "", read) if held else ("high", "", read)
    if not sectors:
        return "medium", NOT_STATED, []
    return ("medium" if sectors & set(INSTITUTIONS) else "high"), "", []


def sources(ask: Inquiry, hops: int) -> Iterator[Finding]:
    """Whoever raises money: what its payouts were made of, and what others paid its investors straight."""
    facts = ask.facts
    straight = _straight(facts)
    done: set[tuple[str, str]] = set()
    for scheme in schemes(ask):
        members = scheme.raising.members
        mine = straight[straight["runs"].isin(members) & (straight["coin"] == scheme.currency)]
        done |= {(str(run), scheme.currency) for run in mine["runs"]}
        found = _source(ask, scheme.raising.subject, scheme, scheme.origins(RULES, hops), mine)
        if found is not None:
            yield found
    for (run, coin), mine in straight.groupby(["runs", "coin"]):
        if (str(run), str(coin)) not in done:
            found = _source(ask, ("party", str(run)), None, None, mine)
            if found is not None:
                yield found


def _straight(facts: Facts) -> pd.DataFrame:
    """Redemptions that others paid straight to investors: rows of flows with ``runs``, ``coin``, ``place``.

    Others: neither who runs the product or its group, nor who holds or passes on its money by trade, nor an
    investor, who has bought. And straight: not to any of those, whatever the register calls it; an asset that
    pays custody back has paid no investor.
    """
    nothing = facts.flows.iloc[:0].assign(runs="", coin="", place=0)
    if not facts.has("subscriptions.redemption_transfer_id"):
        return nothing
    subscribed = facts.rows("subscriptions")
    rows = subscribed[known(subscribed["redemption_transfer_id"])]
    products = facts.rows("products")
    whose = dict(zip(words_of(products["product_id"]), _run_by(products), strict=True))
    rows = rows.assign(runs=[whose.get(each, "") for each in words_of(rows["product_id"])])
    rows = rows[(rows["runs"] != "").to_numpy(np.bool_)]
    ids = rows["redemption_transfer_id"].astype(str)
    first = pd.DataFrame({"id": ids, "runs": rows["runs"], "place": rows.index}).drop_duplicates("id")
    places = facts.at_place(first["id"])
    if not places.size:
        return nothing
    named_ = pd.DataFrame({"row": places, "id": facts.texts("transfer_id", places)}).merge(first, on="id")
    flows = facts.flows
    flows = flows[np.isin(flows["row"].to_numpy(), places) & ~flows["own"].to_numpy()].merge(named_, on="row")
    source, target = (flows[side].to_numpy(np.int64) for side in ("source", "target"))
    holder = holders(facts)
    passes = np.append(np.isin(facts.party_sector, PASSERS), False)[facts.account_party]
    custodians = [facts.party_number.get(str(each), -2) for each in products["custodian_id"].dropna()]
    passes |= np.isin(facts.account_party, custodians)
    passes |= facts.guarded | (facts.account_products != "")
    outside = ~(placeholders(facts) | passes)[source] & ~passes[target]
    # who the payer is has to be known: an account of nobody known may be anybody's, the manager's, too
    outside &= (facts.account_party[source] >= 0) & ~np.isin(holder[source], _investors(facts, subscribed))
    kept = []
    for run, part in flows[outside].groupby("runs"):
        group = [facts.party_number[p] for p in facts.group(str(run)) if p in facts.party_number]
        theirs = np.isin(facts.account_party, group) | np.isin(facts.account_signer, group)
        kept.append(part[~theirs[part["source"]] & ~theirs[part["target"]]])
    found = pd.concat(kept) if kept else nothing
    return found.assign(coin=[facts.currencies[each] for each in found["currency"]])


def _run_by(products: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Who manages each product, else who issues it; empty where nobody says."""
    manager, issuer = words_of(products["manager_id"]), words_of(products["issuer_id"])
    return np.asarray(np.where(manager == "", issuer, manager), object)


def _investors(facts: Facts, subscribed: pd.DataFrame) -> Ints:
    numbers = facts.numbers_of(subscribed["investor_id"])
    return sets.unique(numbers[numbers >= 0])


def _source(
    ask: Inquiry, subject: tuple[str, str], scheme: Scheme | None, origins: Origins | None,
    straight: pd.DataFrame,
) -> Finding | None:  # fmt: skip
    facts = ask.facts
    others = int(straight["amount"].sum())
    known_ = int(origins.paid.sum()) if origins is not None else _elsewhere(facts, subject[1], straight)
    paid = others + known_
    if not paid:
        return None
    parts = {
        rule: origins.parts[number].sum(axis=0) if origins is not None else np.zeros(STAND_IN + 1, np.int64)
        for number, rule in enumerate(RULES)
    }
    rolled = dict.fromkeys(RULES, 0)
    if origins is not None:
        months = list(new_money(ask, origins))
        rolled = {rule: int(origins.parts[n, months, OTHERS].sum()) for n, rule in enumerate(RULES)}
    sums = {
        rule: int(each[SUBSIDY] + each[CROSS] + each[STAND_IN]) + rolled[rule] + others
        for rule, each in parts.items()
    }
    by_rule = {rule: Fraction(each, paid) for rule, each in sums.items()}
    least = min(by_rule.values())
    if least < ask.threshold("source") or not least:
        return None
    told = min(RULES, key=lambda rule: (by_rule[rule], RULES.index(rule)))
    coin = str(straight["coin"].iloc[0]) if origins is None else origins.currency
    runs = set(scheme.raising.members) if scheme is not None else {subject[1]}
    severity, note, licences = entity(facts, runs)
    who = scheme.raising.name(facts) if scheme is not None else facts.names_of([subject[1]])
    kinds = {"flow": "shown", "register": "shown"}
    if scheme is not None and origins is not None:
        kinds = evidence_kinds(scheme, origins)
    return ask.finding(
        subject=subject,
        hit=("source",),
        summary=Told(
            N_(
                "of {paid} that investors of {who} were paid, {share} % was not what assets returned, but "
                "its own, another product's, third parties' or new investors' money"
            ),
            paid=money(facts, paid, coin),
            who=who,
            share=number_text(100 * least),
        ),
        measures=[
            *_source_measures(ask, parts[told], (by_rule[told], paid, others, rolled[told]), coin),
            *(_raised(ask, scheme, origins) if scheme is not None and origins is not None else ()),
        ],
        rows=[
            *_source_rows(facts, scheme, origins, straight, licences),
            *([facts.cite("subscriptions", _paid_back(facts, subject[1]))] if scheme is None else ()),
        ],
        severity=severity,
        severity_note=note,
        kinds=kinds,
        elements={
            "promised": ("inferred", N_("no promise is needed: it was paid all the same")),
            "regardless": ("inferred", N_("what assets returned would not have paid it")),
            "stands_in": "shown",
        },
        against=_source_against(facts, scheme),
        amount=max(sums.values()),
        amount_least=min(sums.values()),
        currency=coin,
        by_rule=by_rule,
    )


def _paid_back(facts: Facts, run: str) -> pd.DataFrame:
    """Subscriptions to what somebody runs of which the register says what was paid back."""
    rows, products = facts.rows("subscriptions"), facts.rows("products")
    mine = _run_by(products) == run
    found: pd.DataFrame = rows[
        rows["product_id"].isin(products.loc[mine, "product_id"]).to_numpy(np.bool_)
        & known(rows["redeemed_amount"])
    ]
    return found


def _elsewhere(facts: Facts, run: str, straight: pd.DataFrame) -> int:
    """What was paid back besides, of money that nobody can follow, as the register says."""
    if straight["coin"].iloc[0] != facts.tables.currency:
        return 0
    back = int(_paid_back(facts, run)["redeemed_amount"].sum())
    return max(back - int(straight["amount"].sum()), 0)


def _source_measures(
    ask: Inquiry, parts: Ints, told: tuple[Fraction, int, int, int], coin: str
) -> Iterator[Measure]:  # fmt: skip
    share, paid, others, rolled = told
    text = N_(
        "part of what investors were paid that was its own, another product's, third parties' or new "
        "investors' money"
    )
    yield ask.measure("source", text, share, "source")
    yield ask.measure("paid", N_("what its investors were paid"), paid, unit=coin)
    for name, title, value in (
        ("paid_own", N_("of it its own or its affiliates' money"), parts[SUBSIDY]),
        ("paid_cross", N_("of it another product's"), parts[CROSS]),
        ("paid_rolled", N_("of it new investors', in months of new money for old (滚动兑付)"), rolled),
        ("paid_stand_in", N_("of it what third parties paid in the place of assets"), parts[STAND_IN]),
        ("paid_straight", N_("of it what third parties paid straight to investors"), others),
    ):
        yield ask.measure(name, title, int(value), unit=coin)


def _raised(ask: Inquiry, scheme: Scheme, origins: Origins) -> Iterator[Measure]:
    coin = origins.currency
    yield ask.measure("raised", N_("raised from investors in all"), scheme.raised, unit=coin)
    yield ask.measure("investors", N_("investors who paid in"), int(scheme.ins["holder"].nunique()))
    earned = max(int(each) for each in origins.real.sum(axis=1))
    text = N_("what others than investors and its group really paid in")
    yield ask.measure("real", text, earned, unit=coin)


def _source_rows(
    facts: Facts, scheme: Scheme | None, origins: Origins | None, straight: pd.DataFrame,
    licences: list[Cited],
) -> list[Cited]:  # fmt: skip
    rows = list(licences)
    if scheme is not None and origins is not None:
        rows += cite_payouts(facts, scheme, origins, origins.months)
    if len(straight):
        subscribed = facts.rows("subscriptions")
        sides = sets.unique(straight[["source", "target"]].to_numpy(np.int64))
        places = straight["place"].to_numpy(np.int64)
        products = set(subscribed.loc[places, "product_id"])
        rows += [
            facts.cite("transfers", straight["row"].to_numpy(np.int64)),
            facts.cite("subscriptions", places, False),
            facts.cite_accounts(sides.tolist()),
            facts.cite_parties({facts.holder(int(each)) for each in sides} - {""}),
            *cite_products(facts, products),
        ]
    return rows


def _source_against(facts: Facts, scheme: Scheme | None) -> Mapping[str, tuple[str, str] | str]:
    netted = scheme.netted if scheme is not None else 0
    left_out = Told(N_("left out of the payouts: {count}"), count=netted)
    found: dict[str, Any] = {
        "legal": ("clear", N_("banks and insurers are not looked at")),
        "denied": ("clear", N_("it rests on what was paid")),
        "steady": ("clear", N_("it rests on of whose money they were paid")),
        "netting": ("present", left_out) if netted else "clear",
        "loans": ("clear", N_("what who guarantees by trade pays on a loan counts as the loan's return"))
        if facts.has("licences") or facts.has("parties.sector")
        else ("unknown", N_("no table says who guarantees by trade")),
        "units": ("clear", N_("what another investor paid is left out"))
        if facts.has("subscriptions")
        else ("unknown", N_("no table says who has put money in")),
    }
    return found
