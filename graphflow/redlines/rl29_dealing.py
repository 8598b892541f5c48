"""RL-29, dealing: others' products sold by a platform, members of an exchange, partners without a licence.

Selling: a platform for lending must not sell banks' wealth management, insurers', trust companies' or
funds' products (暂行办法 art. 10 (7)). No table says through whom a subscription came, so a sale is seen by
its money: outside persons pay for the product into the platform's accounts, or the institution pays the
platform for selling. Not it: what the platform buys for itself; a licence to sell such products.

Exchange: members of an exchange work with approval only (国发〔2011〕38号, 国办发〔2012〕37号). No table
lists members or their approvals: a member is inferred where somebody pays an exchange dues and has clients,
persons who pay in and are paid back. Not it: who trades for himself; who is licensed for it.

Cooperation: a licensed institution must not work with who does financial business without a licence
(国办发〔2016〕21号 三（五）). Looked at: contracts whose money goes over an entity of a financial sector
without a licence, on one side the licensed institution and on the other its clients; and fees between the
two for bringing clients. Not it: what a bank does for any customer (a loan to it, its account, fees of the
bank), custody and clearing, one group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, cited
from graphflow.language import N_
from graphflow.redlines.asking import Inquiry
from graphflow.redlines.borrowing import cite_whose, says, whose, words_of
from graphflow.redlines.clients import paid_back
from graphflow.redlines.facts import Facts, Flags, Ints
from graphflow.redlines.raising import LICENSED
from graphflow.redlines.registers import cite_products, money
from graphflow.redlines.rl29_marketing import licences_of, paid_by_id, unlicensed

INSTITUTIONS = ("bank", "insurer", "trust_company", "broker", "asset_manager")
"""Sectors of those whose products a platform must not sell."""

ISSUES = ("banking", "insurance", "trust", "securities", "asset_management")
"""Licences of the same."""

MAY_SELL = ("banking", "insurance", "fund_sale", "securities", "trust")
SELLING = ("代销", "销售服务费", "尾随佣金", "尾佣", "渠道销售", "distribution fee", "sales commission")
"""What stands in the memo of what an institution pays for selling."""

DUES = ("会员费", "会员年费", "席位费", "会员席位", "入会费", "会员资格", "membership", "seat fee")
"""What stands in the memo of a member's dues."""

MAY_TRADE = (
    "exchange",
    "securities",
    "margin_financing",
    "banking",
    "asset_management",
    "trust",
    "insurance",
)

FINANCIAL = (
    "p2p_platform", "equity_crowdfunding_platform", "payment_institution", "asset_manager",
    "fund_distributor", "trust_company", "insurer", "broker", "lender", "guarantor", "exchange",
)  # fmt: skip
"""Sectors whose business needs a licence."""

BRINGING = ("导流", "引流", "获客", "渠道", "通道", "助贷", "居间", "推荐", "referral", "channel")
FEE = ("费", "佣", "分润", "提成", "fee", "commission")
"""What stands in the memo of fees for bringing clients: one of the first, and one of the second."""

MARKS = ("loan_id", "listing_id", "product_id", "order_id", "clearing_id")
"""What says that two transfers belong to one contract."""


def _numbers(facts: Facts, parties: frozenset[str] | set[str]) -> Ints:
    return np.array(sorted(facts.party_number[p] for p in parties if p in facts.party_number), np.int64)


def _flagged(size: int, places: Ints) -> Flags:
    found = np.zeros(size, np.bool_)
    found[places] = True
    return found


def _licensed(facts: Facts, functions: tuple[str, ...] | None, first: int, last: int) -> set[str]:
    """Who has a licence of certain functions, of any at all, at some time of a stretch."""
    if not facts.has("licences"):
        return set()
    rows = facts.in_force_between("licences", first, last)
    if functions is not None:
        rows = rows[rows["function"].isin(functions)]
    return {str(each) for each in rows["party_id"]}


def _span(rows: pd.DataFrame) -> tuple[int, int]:
    return int(rows["time"].min()), int(rows["time"].max())


# ---------------------------------------------------------------- selling others' products


def selling(ask: Inquiry) -> Iterator[Finding]:
    """Platforms for lending that sell the products of banks, insurers, trust companies and funds."""
    facts = ask.facts
    products = facts.rows("products")
    runs = np.where(
        words_of(products["issuer_id"]) == "",
        words_of(products["manager_id"]),
        words_of(products["issuer_id"]),
    )
    issues = _issuers(facts)
    offered = {str(p): str(r) for p, r in zip(products["product_id"], runs, strict=True) if r in issues}
    if not offered:
        return
    named = _for_products(facts, offered)
    for platform, why in facts.platforms("lending").items():
        if facts.party_sector[facts.party_number[platform]] in LICENSED:
            continue
        group = facts.group(platform)
        own = facts.accounts_of(group, signed=True)
        of = {product: each for product, each in offered.items() if each not in group}
        found = _sold(ask, own, named, of)
        if found is None or _licensed(facts, MAY_SELL, *_span(pd.concat(found[:2]))) & group:
            continue
        yield from _sale(ask, platform, why.cited, *found)


def _issuers(facts: Facts) -> set[str]:
    """Institutions whose products are of the kind: by sector or by any licence."""
    found = set(facts.party_ids[np.isin(facts.party_sector, INSTITUTIONS)].tolist())
    found |= set(facts.party_ids[facts.party_is("bank")].tolist())
    if facts.has("licences"):
        rows = facts.rows("licences")
        found |= {str(each) for each in rows.loc[rows["function"].isin(ISSUES), "party_id"]}
    return found


@dataclass(frozen=True)
class _Named:
    """Of each row of `Facts.flows` the product that it names, as a number (-1: none); what numbers mean."""

    code: Ints = field(repr=False)
    words: list[str] = field(repr=False)
    subscribed: Mapping[int, int] = field(repr=False)
    """By place in the flows, the subscription (its place) that names the transfer."""


def _for_products(facts: Facts, offered: Mapping[str, str]) -> _Named:
    code, words = facts.codes("product_id", facts.flows["row"].to_numpy())
    number = {word: each for each, word in enumerate(words)}
    subscribed: dict[int, int] = {}
    if facts.has("subscriptions.transfer_id"):
        rows = facts.rows("subscriptions")
        rows = rows[rows["product_id"].isin(list(offered))]
        at = paid_by_id(facts, words_of(rows["transfer_id"]))
        for product in dict.fromkeys(words_of(rows["product_id"]).tolist()):
            number.setdefault(product, len(number))
        some = (at >= 0) & (code[np.maximum(at, 0)] < 0) if code.size else np.zeros(at.size, np.bool_)
        code = code.copy()
        code[at[some]] = [number[each] for each in words_of(rows["product_id"])[some]]
        subscribed = dict(zip(at[some].tolist(), rows.index.to_numpy()[some].tolist(), strict=True))
    return _Named(code, list(number), subscribed)


def _sold(
    ask: Inquiry, own: Ints, named: _Named, of: Mapping[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame, list[int], list[str]] | None:
    """What outside persons paid into a platform's accounts for others' products, and what it was paid for it.

    Rows with ``institution``; the subscriptions that name some of them; the products.
    """
    facts = ask.facts
    at = facts.paid_to(own.tolist())
    flows = facts.flows.iloc[at]
    outside = (flows["payer"].to_numpy() >= 0) & ~np.isin(flows["source"].to_numpy(), own)
    code = named.code[at]
    meaning = np.array([of.get(word, "") for word in named.words] + [""], object)
    institution = meaning[code]
    person = np.append(facts.party_is("person"), False)[flows["payer"].to_numpy()]
    money_in = outside & person & (institution != "")
    payer = np.append(facts.party_ids, "")[flows["payer"].to_numpy()]
    fee = outside & np.isin(payer, list(set(of.values()))) & says(facts, flows["row"].to_numpy(), SELLING)
    bought = flows[money_in].assign(institution=institution[money_in])
    fees = flows[fee].assign(institution=payer[fee])
    if bought.empty and fees.empty:
        return None
    subscribed = [named.subscribed[each] for each in at[money_in].tolist() if each in named.subscribed]
    products = {named.words[each] for each in code[money_in].tolist()}
    # of who paid for selling, all that it has: which of them was sold is not said
    products |= {p for p, each in of.items() if each in set(fees["institution"])}
    return bought, fees, subscribed, sorted(products)


def _sale(
    ask: Inquiry, platform: str, why: tuple[Cited, ...], bought: pd.DataFrame, fees: pd.DataFrame,
    subscribed: list[int], products: list[str],
) -> Iterator[Finding]:  # fmt: skip
    facts = ask.facts
    both = pd.concat([bought, fees])
    for coin in sorted(set(both["currency"].tolist())):
        currency = facts.currencies[coin]
        mine, paid = bought[bought["currency"] == coin], fees[fees["currency"] == coin]
        if mine["payer"].nunique() < ask.threshold("sold"):
            mine = mine.iloc[:0]
        if len(paid) < ask.threshold("fees"):
            paid = paid.iloc[:0]
        if mine.empty and paid.empty:
            continue
        shown = pd.concat([mine, paid])
        institutions = sorted(set(shown["institution"]))
        measures = []
        if len(mine):
            measures += [
                ask.measure(
                    "sold",
                    N_("persons who paid the platform for others' products"),
                    mine["payer"].nunique(),
                    "sold",
                ),
                ask.measure("money", N_("what they paid"), int(mine["amount"].sum()), unit=currency),
            ]
        if len(paid):
            measures += [
                ask.measure("fees", N_("payments of the institutions for selling"), len(paid), "fees"),
                ask.measure(
                    "paid", N_("what they paid for selling"), int(paid["amount"].sum()), unit=currency
                ),
            ]
        amount = int(mine["amount"].sum() if len(mine) else paid["amount"].sum())
        yield ask.finding(
            subject=("party", platform),
            hit=("selling",),
            summary=Told(
                N_("{platform} sold products of {institutions}: {amount} went over it"),
                platform=facts.name_of(platform) or platform,
                institutions=", ".join(facts.name_of(each) or each for each in institutions),
                amount=money(facts, amount, currency),
            ),
            measures=measures,
            rows=[
                cited("transfers", shown["row"].to_numpy()),
                facts.cite("transfers", facts.reversals_of(shown["row"].to_numpy()), False),
                facts.cite("subscriptions", np.array(subscribed, np.int64), False),
                *cite_products(facts, products),
                *cite_whose(facts, {*shown["source"].tolist(), *shown["target"].tolist()}),
                facts.cite_parties({platform, *institutions}), *facts.cite_group(platform),
                *why, *licences_of(facts, frozenset({*facts.group(platform), *institutions})),
            ],
            severity="medium",
            kinds={"flow": "shown", "register": "inferred"},
            elements={
                "done": "shown" if len(mine) else ("inferred", N_("by what it is paid for")),
                "size": "shown",
                "unallowed": unlicensed(facts),
            },
            against={
                "licensed": ("clear", N_("no licence of its group to sell such products is given"))
                if facts.has("licences")
                else ("unknown", N_("no table lists licences")),
                "own_business": ("clear", N_("what it buys for itself does not count")),
            },
            amount=amount,
            currency=currency,
        )  # fmt: skip


# ---------------------------------------------------------------- members of an exchange


def _exchanges(facts: Facts) -> tuple[set[str], list[Cited]]:
    """Exchanges, by sector, licence or stated role, and the rows that say so."""
    found = set(facts.party_ids[facts.party_sector == "exchange"].tolist())
    rows: list[Cited] = []
    if facts.has("licences"):
        licences = facts.rows("licences")
        mine = licences[licences["function"] == "exchange"]
        found |= {str(each) for each in mine["party_id"]}
        rows.append(facts.cite("licences", mine, False))
    if facts.has("roles"):
        roles = facts.in_force("roles")
        mine = roles[roles["role"] == "exchange"]
        for subject in mine["subject_id"]:
            account = facts.account_number.get(str(subject), -1)
            found.add(facts.holder(account) if account >= 0 else str(subject))
        rows.append(facts.cite("roles", mine, False))
    return found - {""}, rows


def exchange(ask: Inquiry) -> Iterator[Finding]:
    """Who pays an exchange a member's dues and has clients, without a licence for it."""
    facts = ask.facts
    exchanges, said = _exchanges(facts)
    if not exchanges:
        return
    flows = facts.flows
    at = facts.paid_to(facts.accounts_of(exchanges).tolist())
    dues = flows.iloc[at]
    dues = dues[dues["payer"] >= 0]
    dues = dues[says(facts, dues["row"].to_numpy(), DUES)]
    for member, paid in dues.groupby("payer"):
        name = str(facts.party_ids[int(str(member))])
        group = facts.group(name)
        if group & exchanges or group & _licensed(facts, MAY_TRADE, *_span(paid)):
            continue
        yield from _member(ask, name, group, paid, exchanges, said)


def _member(
    ask: Inquiry, name: str, group: frozenset[str], dues: pd.DataFrame, exchanges: set[str], said: list[Cited]
) -> Iterator[Finding]:
    facts = ask.facts
    flows = facts.flows
    own = facts.accounts_of(group)
    own = own[~facts.guarded[own]]
    ins, outs = facts.paid_to(own.tolist()), facts.paid_by(own.tolist())
    clients = sets.minus(paid_back(facts, ins, outs), _numbers(facts, group))
    came = flows.iloc[ins]
    came = came[np.isin(came["payer"].to_numpy(), clients)]
    went = flows.iloc[outs]
    went = went[np.isin(went["payee"].to_numpy(), clients)]
    for coin in sorted(set(came["currency"].tolist()) & set(dues["currency"].tolist())):
        mine = came[came["currency"] == coin]
        back, paid = went[went["currency"] == coin], dues[dues["currency"] == coin]
        many = mine["payer"].nunique()
        if many < ask.threshold("clients"):
            continue
        currency = facts.currencies[coin]
        amount = int(mine["amount"].sum())
        shown = pd.concat([mine, back, paid])
        to = sorted({facts.holder(each) for each in paid["target"].tolist()})
        yield ask.finding(
            subject=("party", name),
            hit=("exchange",),
            summary=Told(
                N_(
                    "{who} pays dues to {exchange} and took {amount} from {count} clients; no licence for it "
                    "is known"
                ),
                who=facts.name_of(name) or name, amount=money(facts, amount, currency), count=many,
                exchange=", ".join(facts.name_of(each) or each for each in to),
            ),
            measures=[
                ask.measure("clients", N_("persons who paid in and were paid back"), many, "clients"),
                ask.measure("money", N_("what they paid"), amount, unit=currency),
                ask.measure(
                    "returned", N_("what they were paid back"), int(back["amount"].sum()), unit=currency
                ),
                ask.measure("dues", N_("dues to the exchange"), int(paid["amount"].sum()), unit=currency),
            ],
            rows=[
                cited("transfers", shown["row"].to_numpy()),
                facts.cite("transfers", facts.reversals_of(shown["row"].to_numpy()), False),
                *cite_whose(facts, {*shown["source"].tolist(), *shown["target"].tolist()}),
                *facts.cite_group(name), facts.cite_parties(exchanges & set(to)), *said,
                *licences_of(facts, group),
            ],
            severity="medium",
            kinds={"flow": "shown", "register": "inferred"},
            elements={
                "done": ("inferred", N_("no table lists members: it pays dues, and has clients")),
                "size": "shown",
                "unallowed": ("inferred", N_("no table lists approvals, and no licence for it is given")),
            },
            against={
                "licensed": ("clear", N_("no licence of its group for it is given")),
                "own_business": (
                    "clear", N_("others pay in and are paid back: it does not trade for itself alone"),
                ),
            },
            amount=amount,
            currency=currency,
        )  # fmt: skip


# ---------------------------------------------------------------- partners without a licence


@dataclass(frozen=True)
class _Between:
    """What went between a licensed institution and one of a financial sector without a licence.

    Attributes
    ----------
    x, y
        The two, by number: licensed, and not.
    channel
        Transfers between them on contracts with others.
    others
        Transfers of the second with others on the same contracts.
    fees
        Fees for bringing clients.
    """

    x: int
    y: int
    currency: int
    contracts: int
    channel: pd.DataFrame = field(repr=False)
    others: pd.DataFrame = field(repr=False)
    fees: pd.DataFrame = field(repr=False)


def cooperation(ask: Inquiry) -> Iterator[Finding]:
    """Licensed institutions whose clients' money goes over who has no licence, or who pay it for clients."""
    facts = ask.facts
    flows = facts.flows
    if flows.empty:
        return
    ever = _licensed(facts, None, *_span(flows))
    financial = np.isin(facts.party_sector, FINANCIAL)
    financial[_numbers(facts, set(facts.platforms("lending")))] = True
    financial &= ~facts.party_is("bank", "government")
    without = financial & ~np.isin(facts.party_ids, list(ever))
    of = whose(facts)
    size = facts.party_ids.size + 1  # the last is nobody
    is_x, is_y = _flagged(size, _numbers(facts, ever)), np.append(without, False)
    source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
    one, other = of[source], of[target]
    free = ~facts.guarded[source] & ~facts.guarded[target]
    met = free & ((is_x[one] & is_y[other]) | (is_y[one] & is_x[other]))
    for y in sets.unique(np.where(is_y[one[met]], one[met], other[met])).tolist():
        accounts = np.flatnonzero(of == y).tolist()
        at = sets.union(facts.paid_by(accounts), facts.paid_to(accounts))
        at = at[free[at]]
        rows = flows.iloc[at].assign(with_=np.where(one[at] == y, other[at], one[at]))
        group = _numbers(facts, facts.group(str(facts.party_ids[y])))
        rows = rows[~np.isin(rows["with_"].to_numpy(), group)]
        for each in _between(ask, y, rows, is_x):
            yield _together(ask, each)


def _between(ask: Inquiry, y: int, rows: pd.DataFrame, is_x: Flags) -> Iterator[_Between]:
    """What one without a licence has with each licensed institution; its group is left out."""
    facts = ask.facts
    marks = _marks(facts, rows)
    places = rows["row"].to_numpy()
    fee = says(facts, places, BRINGING) & says(facts, places, FEE)
    partner = rows["with_"].to_numpy()
    for x, coin in sorted(set(zip(partner.tolist(), rows["currency"].tolist(), strict=True))):
        if not is_x[x]:
            continue
        in_coin = (rows["currency"] == coin).to_numpy(np.bool_)
        mine = in_coin & (partner == x)
        shared = sets.common(marks[mine], marks[in_coin & (partner != x)])
        shared = shared[shared >= 0]
        contracts = shared.size if shared.size >= ask.threshold("contracts") else 0
        joined = np.isin(marks, shared) & in_coin & bool(contracts)
        paid = rows[mine & fee & ~joined]
        paid = paid if len(paid) >= ask.threshold("fees") else paid.iloc[:0]
        shown = rows[joined | rows.index.isin(paid.index)]
        if len(shown) and str(facts.party_ids[x]) in _licensed(facts, None, *_span(shown)):
            yield _Between(x, y, coin, contracts, rows[joined & mine], rows[joined & ~mine], paid)


def _marks(facts: Facts, rows: pd.DataFrame) -> Ints:
    """The contract that each row names, the most particular first, as numbers; -1: none."""
    found = np.full(len(rows), -1, np.int64)
    base = 0
    for column in MARKS:
        code, words = facts.codes(column, rows["row"].to_numpy())
        found = np.where((found < 0) & (code >= 0), code + base, found)
        base += len(words)
    return found


def _together(ask: Inquiry, of: _Between) -> Finding:
    facts = ask.facts
    x, y = str(facts.party_ids[of.x]), str(facts.party_ids[of.y])
    currency = facts.currencies[of.currency]
    shown = pd.concat([of.channel, of.others, of.fees])
    amount = int(of.channel["amount"].sum()) + int(of.fees["amount"].sum())
    measures = []
    if of.contracts:
        measures += [
            ask.measure("contracts", N_("contracts whose money goes over it"), of.contracts, "contracts"),
            ask.measure(
                "between",
                N_("what went between the two on them"),
                int(of.channel["amount"].sum()),
                unit=currency,
            ),
            ask.measure(
                "with_others",
                N_("what went between it and others on them"),
                int(of.others["amount"].sum()),
                unit=currency,
            ),
        ]
    if len(of.fees):
        measures += [
            ask.measure("fees", N_("fees for bringing clients"), len(of.fees), "fees"),
            ask.measure("paid", N_("what was paid for it"), int(of.fees["amount"].sum()), unit=currency),
        ]
    licences = facts.in_force_between("licences", *_span(facts.flows))
    return ask.finding(
        subject=("party", x),
        hit=("cooperation",),
        summary=Told(
            N_("{x} has a licence and works with {y}, of which none is known: {amount} went between them"),
            x=facts.name_of(x) or x, y=facts.name_of(y) or y, amount=money(facts, amount, currency),
        ),
        measures=measures,
        rows=[
            cited("transfers", shown["row"].to_numpy()),
            facts.cite("transfers", facts.reversals_of(shown["row"].to_numpy()), False),
            *cite_whose(facts, {*shown["source"].tolist(), *shown["target"].tolist()}),
            facts.cite_parties({x, y}),
            *(c for party, known in facts.platforms("lending").items() if party == y for c in known.cited),
            facts.cite("licences", licences[licences["party_id"] == x].head(1)),
        ],
        severity="medium",
        kinds={"flow": "shown", "register": "inferred"},
        elements={
            "done": "shown" if of.contracts else ("inferred", N_("by what is paid for")),
            "size": "shown",
            "unallowed": ("inferred", N_("no licence of the other is among those that were given")),
        },
        against={
            "licensed": ("clear", N_("no licence of the other was in force at any time of the case")),
            "bank_services": (
                "clear", N_("only contracts with others, and fees for bringing clients, count"),
            ),
            "passes_on": ("clear", N_("accounts of custody, reserve and clearing are left out")),
            "group": ("clear", N_("the two are not of one group")),
        },
        amount=amount,
        currency=currency,
    )  # fmt: skip
