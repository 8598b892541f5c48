"""RL-29, marketing: commission to many for bringing in money; sales to whose identity is not verified.

Commission: who raises money from investors must not market offline (国办发〔2016〕21号 二（一）1), and what
those who helped to collect got of it is taken back (防非条例 art. 26 (5)). Looked at: payments called
commission, referral or the like to at least so many natural persons, beside what was raised in the same
money: what investors paid in, or what they subscribed for where that is more. Not it: wages; whoever is
licensed to sell to the public; a merchant that rewards who brings customers, for nobody invests there.

Identity: products are sold to users of verified identity only (暂行办法 art. 11; a local plan of the clean-up
asks for it in these words). Looked at: subscriptions of which it is stated that the identity was not
verified, and those paid from an account of somebody else. Where nothing is stated, nothing is held against
anybody: how many that are is told. Not it: family, one's own company, whoever signs for the account, custody,
and licensed sellers or who runs the product, who pass on what they collected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, cited
from graphflow.language import N_
from graphflow.redlines.asking import Inquiry
from graphflow.redlines.borrowing import cite_whose, says, words_of
from graphflow.redlines.facts import WAGES, Facts, Flags, Ints, among, known
from graphflow.redlines.raising import holders, raisings
from graphflow.redlines.registers import RUNS, cite_products, money, named

COMMISSION = (
    "佣金", "提成", "返点", "返佣", "好处费", "代理费", "代言费", "推荐奖", "推荐费", "推介费", "介绍费",
    "拉新", "邀请奖", "推广费", "commission", "referral",
)  # fmt: skip
"""What stands in the memo or kind of what is paid for bringing in money: words of art. 26 (5), and ours."""

SELLS = ("banking", "insurance", "fund_sale", "securities", "trust")
"""Licences under which products are sold to the public, by agents who are paid for it."""

COLLECTS = (*SELLS, "asset_management", "payment")
"""Licences of those who pass on what they collected for a product."""

FAMILY = ("spouse", "parent", "child", "sibling")

NOT_VERIFIED = re.compile(
    r"^(否|无|不|0|n|no|none|false|failed|rejected|pending|unverified|anonymous)$|未|非实名|匿名|不(符|一致|通过)"
    r"|待(审|核|验|补)|\bnot\b",
    re.IGNORECASE,
)
"""How it is stated that an identity was not verified."""


# ---------------------------------------------------------------- commission


@dataclass(frozen=True)
class Commission:
    """What somebody who raises money paid for bringing it in, in one currency.

    Attributes
    ----------
    subject, members
        Who raises, and its group.
    paid
        Rows of `Facts.flows`, with ``to``: who was paid (party by number, or behind them an account), and
        ``person``: whether that is a natural person.
    raised
        What investors put in.
    basis
        The rows that sum is of, and what is needed to find the raising again.
    inferred
        Whether the investors are known by flows alone.
    """

    subject: tuple[str, str]
    members: frozenset[str]
    currency: int
    paid: pd.DataFrame = field(repr=False)
    raised: int
    basis: tuple[Cited, ...] = field(repr=False)
    inferred: bool

    @property
    def amount(self) -> int:
        """All of it."""
        return int(self.paid["amount"].sum())

    @property
    def persons(self) -> int:
        """How many natural persons were paid."""
        return int(self.paid.loc[self.paid["person"], "to"].nunique())


def commissions(ask: Inquiry) -> Iterator[Commission]:
    """Who raises money and paid so much of it, to so many, for bringing it in."""
    facts = ask.facts
    who = holders(facts)
    for subject, members, own, by_flow, cites, inferred in _raisers(facts):
        paid = _rewards(facts, who, own, members)
        if paid.loc[paid["person"], "to"].nunique() < ask.threshold("payees") or _sells(facts, members, paid):
            continue
        subscribed = _subscribed(facts, members)
        for coin in sorted(set(paid["currency"].tolist())):
            mine = paid[paid["currency"] == coin]
            came = by_flow[by_flow["currency"] == coin]
            by_rows, by_contract = int(came["amount"].sum()), 0
            if facts.currencies[coin] == facts.tables.currency:
                by_contract = int(subscribed["amount"].sum())
            raised = max(by_rows, by_contract)
            if not raised:
                continue
            # where both say the same, no row of either is needed for it
            shown = facts.cite("transfers", came["row"].to_numpy(), by_rows > by_contract)
            if by_contract >= by_rows:
                shown = facts.cite("subscriptions", subscribed, by_contract > by_rows)
            found = Commission(subject, members, coin, mine, raised, (shown, *cites()), inferred)
            part = Fraction(found.amount, raised)
            if found.persons >= ask.threshold("payees") and part >= ask.threshold("commission_share"):
                yield found


def _raisers(
    facts: Facts,
) -> Iterator[tuple[tuple[str, str], frozenset[str], Ints, pd.DataFrame, Callable[[], list[Cited]], bool]]:
    """Who raises money: subject, group, accounts, what investors paid in, rows; whether that is inferred.

    Those who paid some of it back, and those whose products have investors though none was paid yet.
    """
    seen: set[str] = set()
    for each in raisings(facts):
        seen |= each.members
        yield each.subject, each.members, each.own, each.ins, partial(each.cite, facts), each.inferred
    if not facts.has("subscriptions"):
        return
    products = facts.rows("products")
    sold = products[among(products["product_id"], facts.rows("subscriptions")["product_id"].unique())]
    runs = [words_of(sold[column]) for column in ("manager_id", "issuer_id")]
    for party in dict.fromkeys(np.where(runs[0] == "", runs[1], runs[0]).tolist()):
        if not party or party in seen:
            continue
        members = facts.group(party)
        seen |= members
        own = facts.accounts_of(members, signed=True)
        yield ("party", party), members, own, facts.flows.iloc[:0], partial(_group_rows, facts, party), False


def _group_rows(facts: Facts, party: str) -> list[Cited]:
    return [facts.cite_parties(facts.group(party)), *facts.cite_group(party)]


def _rewards(facts: Facts, who: Ints, own: Ints, members: frozenset[str]) -> pd.DataFrame:
    """What was paid out of some accounts to others for bringing in money; wages are none."""
    flows = facts.flows.iloc[facts.paid_by(own.tolist())]
    target = flows["target"].to_numpy()
    numbers = [facts.party_number[each] for each in members if each in facts.party_number]
    keep = ~np.isin(target, own) & ~facts.guarded[target]
    rows = flows[keep & ~np.isin(flows["payee"].to_numpy(), numbers)]
    places = rows["row"].to_numpy()
    said = says(facts, places, COMMISSION) | says(facts, places, COMMISSION, "kind")
    said &= ~says(facts, places, WAGES) & ~says(facts, places, ("salary", "wage"), "kind")
    rows = rows[said]
    to = who[rows["target"].to_numpy()]
    kind = np.append(facts.party_kind, np.full(facts.account_ids.size, "", object))
    found: pd.DataFrame = rows.assign(to=to, person=kind[to] == "person")
    return found


def _sells(facts: Facts, members: frozenset[str], paid: pd.DataFrame) -> bool:
    """Whether one of a group may sell to the public by a licence of that time."""
    if not facts.has("licences") or paid.empty:
        return False
    rows = facts.in_force_between("licences", int(paid["time"].min()), int(paid["time"].max()))
    return bool((rows["party_id"].isin(members) & rows["function"].isin(SELLS)).any())


def _subscribed(facts: Facts, members: frozenset[str]) -> pd.DataFrame:
    """What others than the group subscribed for of its products."""
    rows = facts.rows("subscriptions")
    products = facts.rows("products")
    mine = products["issuer_id"].isin(members) | products["manager_id"].isin(members)
    held = rows["product_id"].isin(products.loc[mine, "product_id"])
    return rows[held & rows["investor_id"].isin(facts.party_number) & ~rows["investor_id"].isin(members)]


def commission(ask: Inquiry) -> Iterator[Finding]:
    """Who raises money and paid many natural persons for bringing it in."""
    for each in commissions(ask):
        yield _rewarded(ask, each)


def _rewarded(ask: Inquiry, of: Commission) -> Finding:
    facts, paid = ask.facts, of.paid
    currency = facts.currencies[of.currency]
    staff = _staff(facts, of)
    by_payee = paid.groupby("to")["amount"].sum()
    kind, name = of.subject
    return ask.finding(
        subject=of.subject,
        hit=("commission",),
        summary=Told(
            N_("{who} raised {raised} and paid {amount} of commission for it to {persons} natural persons"),
            who=(facts.name_of(name) if kind == "party" else "") or name,
            raised=money(facts, of.raised, currency), amount=money(facts, of.amount, currency),
            persons=of.persons,
        ),
        measures=[
            ask.measure(
                "commission", N_("commission over what was raised"), Fraction(of.amount, of.raised),
                "commission_share",
            ),
            ask.measure("payees", N_("natural persons who were paid commission"), of.persons, "payees"),
            ask.measure("paid", N_("commission in all"), of.amount, unit=currency),
            ask.measure("raised", N_("what investors put in"), of.raised, unit=currency),
            ask.measure(
                "largest", N_("the most that one of them was paid"), int(by_payee.max()), unit=currency
            ),
        ],
        rows=[
            facts.cite("transfers", paid["row"].to_numpy()),
            facts.cite("transfers", facts.reversals_of(paid["row"].to_numpy()), False),
            *cite_whose(facts, {*paid["source"].tolist(), *paid["target"].tolist()}),
            *of.basis,
            *_products_of(facts, of.members),
            *staff,
            *licences_of(facts, of.members),
        ],
        severity="medium",
        kinds={"flow": "inferred" if of.inferred else "shown"},
        elements={
            "done": ("inferred", N_("what for they were paid is told by the words of the payments")),
            "size": "shown",
            "unallowed": unlicensed(facts),
        },
        against={
            "licensed": ("clear", N_("no licence of its group to sell to the public is given"))
            if facts.has("licences")
            else ("unknown", N_("no table lists licences")),
            "merchant": ("clear", N_("investors put money in by their gains, not customers"))
            if of.inferred
            else ("clear", N_("contracts name its investors")),
            "staff": ("present", N_("some of them are its staff: by law what they got is taken back as well"))
            if staff
            else ("clear", N_("wages are left out"))
            if facts.has("relations")
            else ("unknown", N_("no table says who is employed; wages are left out")),
        },
        amount=of.amount,
        currency=currency,
    )  # fmt: skip


def unlicensed(facts: Facts) -> tuple[str, str]:
    """That nothing allows it: no licence is among those that are given."""
    if facts.has("licences"):
        return "inferred", N_("no licence for it is among those that were given")
    return "unknown", N_("no table lists licences")


def licences_of(facts: Facts, members: frozenset[str]) -> list[Cited]:
    """That licences were given at all, and those of a group, as context: what the absence of one rests on."""
    if not facts.has("licences"):
        return []
    rows = facts.rows("licences")
    return [facts.cite("licences", pd.concat([rows.head(1), rows[rows["party_id"].isin(members)]]), False)]


def _products_of(facts: Facts, members: frozenset[str]) -> list[Cited]:
    products = facts.rows("products")
    mine = products["issuer_id"].isin(members) | products["manager_id"].isin(members)
    return cite_products(facts, products.loc[mine, "product_id"])


def _staff(facts: Facts, of: Commission) -> list[Cited]:
    """The rows by which some of those who were paid work for the group, as context."""
    if not facts.has("relations"):
        return []
    to = of.paid["to"].to_numpy()
    payees = set(facts.party_ids[to[to < facts.party_ids.size]])
    ties = facts.in_force_between("relations", int(of.paid["time"].min()), int(of.paid["time"].max()))
    mine = (ties["kind"] == "employee") & ties["party_id"].isin(payees) & ties["other_id"].isin(of.members)
    return [facts.cite("relations", ties[mine], False)] if mine.any() else []


# ---------------------------------------------------------------- identity


def identity(ask: Inquiry) -> Iterator[Finding]:
    """Products sold to whose identity is not verified, or who paid from accounts of others."""
    facts = ask.facts
    rows = facts.rows("subscriptions")
    rows = rows[facts.numbers_of(rows["investor_id"]) >= 0]
    unverified = _unverified(rows) if ask.runs("unverified") else np.zeros(len(rows), np.bool_)
    payers = _Payers(facts, rows) if ask.runs("third") else None
    third = payers.strangers if payers is not None else np.zeros(len(rows), np.bool_)
    seen = pd.DataFrame(
        {
            "product": words_of(rows["product_id"]), "investor": words_of(rows["investor_id"]),
            "unverified": unverified, "third": third,
        },
        index=rows.index,
    )  # fmt: skip
    for product, mine in seen[unverified | third].groupby("product", sort=False):
        counts = {name: mine.loc[mine[name], "investor"].nunique() for name in ("unverified", "third")}
        hits = [name for name, count in counts.items() if count and count >= ask.threshold(name)]
        if hits:
            yield _unknown_buyers(ask, str(product), seen[seen["product"] == product], hits, payers)


def _unverified(rows: pd.DataFrame) -> Flags:
    """Of which subscriptions it is stated that the identity was not verified."""
    said = words_of(rows["kyc"])
    words = {each: bool(NOT_VERIFIED.search(each.strip())) for each in set(said.tolist())}
    return np.array([words[each] for each in said], np.bool_)


class _Payers:
    """Who paid for some subscriptions.

    Attributes
    ----------
    at
        Of each its place in `Facts.flows`; -1 where none is named or known.
    strangers
        Which were paid by somebody whom nothing ties to the investor.
    kin
        Which were paid by the investor's family.
    """

    def __init__(self, facts: Facts, rows: pd.DataFrame) -> None:
        self.facts, self.rows = facts, rows
        self.at = paid_by_id(facts, words_of(rows["transfer_id"]))
        self.strangers, self.kin = self._strangers()

    def _strangers(self) -> tuple[Flags, Flags]:
        facts, at = self.facts, self.at
        flows = facts.flows
        none = np.zeros(at.size, np.bool_)
        if not len(flows) or not at.size:
            return none, none
        source = flows["source"].to_numpy()[np.maximum(at, 0)]
        payer, signer = facts.account_party[source], facts.account_signer[source]
        investor = np.array([facts.party_number[str(each)] for each in self.rows["investor_id"]], np.int64)
        found = (at >= 0) & (payer >= 0) & (payer != investor) & (signer != investor)
        found &= ~facts.guarded[source] & ~np.isin(facts.party_kind[payer], ("bank", "government"))
        found &= ~np.isin(payer, self._passing(flows["time"].to_numpy()[at[found]]))
        found[found] = ~self._runs(found, payer)
        size = facts.party_ids.size
        key = investor * size + payer
        close = found & np.isin(key, _family(facts))
        found &= ~close
        names = facts.party_ids
        inside = [
            each
            for each in sets.unique(key[found]).tolist()
            if str(names[each % size]) in facts.group(str(names[each // size]))
        ]
        return np.asarray(found & ~np.isin(key, inside), np.bool_), np.asarray(close, np.bool_)

    def _runs(self, asked: Flags, payer: Ints) -> Flags:
        """Of some, whether who runs the product, or one of its group, paid."""
        facts = self.facts
        products = facts.rows("products").set_index("product_id")
        product = words_of(self.rows["product_id"])[asked]
        theirs: dict[str, set[str]] = {}
        for each in set(product.tolist()):
            runs = products.loc[[each], list(RUNS)].iloc[0].dropna()
            theirs[each] = {member for one in runs for member in facts.group(str(one))}
        names = facts.party_ids[payer[asked]]
        return np.array([name in theirs[each] for each, name in zip(product, names, strict=True)], np.bool_)

    def _passing(self, times: Ints) -> Ints:
        """Licensed parties that collect for products, by number."""
        facts = self.facts
        if not facts.has("licences") or not times.size:
            return np.zeros(0, np.int64)
        rows = facts.in_force_between("licences", int(times.min()), int(times.max()))
        names = rows.loc[rows["function"].isin(COLLECTS), "party_id"]
        return np.array([facts.party_number[str(each)] for each in names], np.int64)


def paid_by_id(facts: Facts, ids: npt.NDArray[np.object_]) -> Ints:
    """The place in `Facts.flows` of some transfers, by id; -1 where an id is empty or not there."""
    in_flows = np.full(facts.ledger.size + 1, -1, np.int64)  # the last is no transfer
    in_flows[facts.flows["row"].to_numpy()] = np.arange(len(facts.flows))
    return in_flows[facts.places(ids.tolist())]


def _family(facts: Facts) -> Ints:
    """Who is family of whom, both ways, as keys: one by number times all parties, and the other."""
    if not facts.has("relations"):
        return np.zeros(0, np.int64)
    ties = facts.in_force("relations")
    ties = ties[ties["kind"].isin(FAMILY)]
    one, other = (
        np.array([facts.party_number[str(each)] for each in ties[side]], np.int64)
        for side in ("party_id", "other_id")
    )
    size = facts.party_ids.size
    return np.concatenate([one * size + other, other * size + one])


def _unknown_buyers(
    ask: Inquiry, product: str, seen: pd.DataFrame, hits: list[str], payers: _Payers | None
) -> Finding:
    facts = ask.facts
    hit = seen[[name for name in ("unverified", "third") if name in hits]].any(axis=1)
    mine = facts.rows("subscriptions").loc[seen.index[hit.to_numpy(np.bool_)]]
    titles = {
        "unverified": N_("investors of whom it is stated that their identity was not verified"),
        "third": N_("investors who paid from accounts of others whom nothing ties to them"),
    }
    measures = [
        ask.measure(name, titles[name], seen.loc[seen[name], "investor"].nunique(), name) for name in hits
    ]
    kin = int(payers.kin[np.isin(payers.rows.index, seen.index)].sum()) if payers is not None else 0
    rows: list[Cited] = []
    if "third" in hits and payers is not None:
        at = payers.at[np.isin(payers.rows.index, seen.index[seen["third"].to_numpy(np.bool_)])]
        paid = facts.flows.iloc[at]
        rows = [
            cited("transfers", paid["row"].to_numpy()),
            *cite_whose(facts, {*paid["source"].tolist(), *paid["target"].tolist()}),
        ]
    all_of = facts.rows("subscriptions").loc[seen.index]
    unstated = all_of[~known(all_of["kyc"])] if ask.runs("unverified") else all_of.iloc[:0]
    if len(unstated):
        title = N_("investors of whom nothing is stated about it")
        measures.append(ask.measure("unstated", title, unstated["investor_id"].nunique()))
    amount = int(mine["amount"].sum())
    return ask.finding(
        subject=("product", product),
        hit=hits,
        summary=Told(
            N_("{product} was sold for {money} to {count} investors who are not identified as they must be"),
            product=named(facts, product), money=money(facts, amount),
            count=mine["investor_id"].nunique(),
        ),
        measures=measures,
        rows=[
            facts.cite("subscriptions", mine),
            facts.cite("subscriptions", unstated, False),
            facts.cite_parties({str(each) for each in mine["investor_id"]}),
            *rows,
            *cite_products(facts, [product]),
            *licences_of(facts, frozenset()),
        ],
        severity="medium" if "unverified" in hits else "watch",
        kinds=({"register": "shown"} if "unverified" in hits else {})
        | ({"flow": "shown"} if "third" in hits else {}),
        elements={
            "done": "shown"
            if "unverified" in hits
            else ("inferred", N_("who pays for another may be asked to, or stand behind him")),
            "size": "shown",
            "unallowed": "shown" if "unverified" in hits else ("unknown", N_("no table says why they paid")),
        },
        against={
            "family": ("clear", N_("it is not about who paid"))
            if "third" not in hits or payers is None
            else ("unknown", N_("no table says who is kin of whom"))
            if not facts.has("relations")
            else ("present", Told(N_("left out: {count} paid by the investor's family"), count=kin))
            if kin
            else ("clear", N_("none of those who paid is kin of the investor")),
            "passes_on": ("clear", N_("custody, licensed sellers and who runs the product are left out")),
        },
        amount=amount,
        currency=facts.tables.currency,
    )  # fmt: skip
