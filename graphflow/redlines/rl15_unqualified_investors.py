"""RL-15 Unqualified investors (向非合格投资者销售、拼单): private products, sold to whom they may not be.

The rule: a private product is sold to qualified investors only, each with at least so much (资管新规 art. 5,
私募暂行办法 art. 12); to nobody whose tolerance of risk is below the product's; to nobody who invests for
others (私募条例 art. 20). Looked at: what each investor ever put into a private product beside the least that
the law asks, what is stated of his qualification, a company's net assets, tolerance beside risk, the part of
each person behind a vehicle; and pooling: several persons pay an investor just before he subscribes, and what
he is paid out goes on to them in the same proportions. Not it: family, the investor's own accounts, loans
repaid under a contract, the manager's own staff, a later payment by somebody who is already in.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, number_text
from graphflow.language import N_
from graphflow.ownership.stakes import party_number
from graphflow.products.positions import VEHICLES
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, span
from graphflow.redlines.facts import DAY, Facts, Flags, known, latest, micros
from graphflow.redlines.limits import first_moment
from graphflow.redlines.registers import (
    cite_products,
    given_of,
    least_unit,
    money,
    named,
    paid_in,
)
from graphflow.rows import Moment
from graphflow.tables.columns import periods

if TYPE_CHECKING:
    from graphflow.case import Case

KIN = ("spouse", "parent", "child", "sibling")
"""Relations within a family: what they pay one another is their own."""

POOLS = ("person", "company")
"""Kinds of investors that may stand for others; a partnership or fund does so by what it is (RL-14)."""

POOLED = N_("part of what was put in that others had just paid")
PAYERS = N_("natural persons who paid it")
RETURNED = N_("paid on to them")
PAID_OUT = N_("paid out to the investor")
"""Titles of measures of one investor, and of several."""

LONGEST = 12
"""Vehicles behind one another that are looked through."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    min_fixed: Number | None = None,
    min_mixed: Number | None = None,
    min_equity: Number | None = None,
    min_trust: Number | None = None,
    net_assets: Number | None = None,
    systematic: Number | None = None,
    pooled: Number | None = None,
    payers: Number | None = None,
    passed: Number | None = None,
    alike: Number | None = None,
    pools: Number | None = None,
    before: str = "7D",
    after: str = "3D",
) -> Iterator[Finding]:
    """Private products sold below the minimum, to the unqualified, or to one who pays with others' money.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    min_fixed
        Least that is put into a private product of fixed income, or of a kind that is not stated; None: what
        the table of law says.
    min_mixed
        The same of a mixed one.
    min_equity
        The same of one of equity or commodities.
    min_trust
        The same of a trust plan.
    net_assets
        Least net assets of a company that may buy.
    systematic
        From so many investors of one product on it is grave.
    pooled
        Least part of what was put in that others had just paid the investor.
    payers
        Least number of them.
    passed
        Least part of each distribution that goes on to them.
    alike
        Least correlation, about nought, of what they paid with what they were paid.
    pools
        From so many such investors of one product on it is grave.
    before
        How long before the subscription the others pay.
    after
        How long after a distribution they are paid.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl15
    >>> [(f.subject_id, f.measure, float(f.value)) for f in find(rl15.toy())]
    [('I', 'pooled', 0.8)]
    >>> len(list(find(rl15.near_miss())))
    0
    """
    ask = Inquiry(
        LINE, case, as_of, law, min_fixed=min_fixed, min_mixed=min_mixed, min_equity=min_equity,
        min_trust=min_trust, net_assets=net_assets, systematic=systematic, pooled=pooled, payers=payers,
        passed=passed, alike=alike, pools=pools, before=before, after=after,
    )  # fmt: skip
    if any(ask.runs(test) for test in ("minimum", "qualified", "net_assets", "risk", "leaf")):
        yield from _sold(ask)
    if ask.runs("pooling"):
        yield from _pooling(ask, span(before, "before"), span(after, "after"))


# ---------------------------------------------------------------- to whom a product was sold


@dataclass
class _Unfit:
    """What was seen of a product's investors: tests that hit, measures, rows, and whom it is about."""

    hit: list[str] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    rows: set[int] = field(default_factory=set)
    who: set[str] = field(default_factory=set)
    unproved: pd.DataFrame | None = None
    cites: list[Cited] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)


def _sold(ask: Inquiry) -> Iterator[Finding]:
    facts = ask.facts
    staff = _staff(facts)
    registers = _Registers(facts)
    for product in registers.places:
        every = registers.of(product)
        mine = every[registers.party[registers.places[product]]]
        own = _worked_there(mine, staff, _runs(facts, product))
        others = mine[~own]
        seen = _Unfit()
        private = _private(facts, product)
        if private:
            _below_minimum(ask, seen, product, others)
            _below_net_assets(ask, seen, others)
            _leaves(ask, seen, product, others, registers)
        if private is not False:
            _not_qualified(ask, seen, others, bool(private))
        _riskier(ask, seen, product, mine)
        if not seen.hit and seen.unproved is not None:  # by itself it is told; beside others it only counts
            seen.hit.append("qualified")
            _take(seen, seen.unproved)
        if seen.hit:
            yield _unfit(ask, product, every, seen, mine.loc[own, "investor_id"].nunique())


def _private(facts: Facts, product: str) -> bool | None:
    """Whether a product is private: as stated, and a trust plan always; None where that is not known."""
    given = given_of(facts, product)
    if given.get("offering") == "public" or given.get("kind") in ("public_fund", "pension"):
        return False
    return True if given.get("offering") == "private" or given.get("kind") == "trust" else None


def _runs(facts: Facts, product: str) -> set[str]:
    given = given_of(facts, product)
    return {str(given[role]) for role in ("issuer_id", "manager_id") if given.get(role)}


def _staff(facts: Facts) -> Mapping[tuple[str, str], list[tuple[int, int]]]:
    """Who worked for whom, and from when until when."""
    ties = facts.tables.arrow("relations")
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    if ties is None or not facts.has("relations"):
        return found
    since, until = periods(ties)
    rows = facts.rows("relations")
    rows = rows[(rows["kind"] == "employee").to_numpy(np.bool_)]
    for place, one, other in zip(
        rows.index, rows["party_id"].astype(str), rows["other_id"].astype(str), strict=True
    ):
        found.setdefault((one, other), []).append((int(since[place]), int(until[place])))
    return found


def _worked_there(
    rows: pd.DataFrame, staff: Mapping[tuple[str, str], list[tuple[int, int]]], runs: Collection[str]
) -> Flags:
    """Which purchases were made by who worked for those who run the product, on the day of the purchase."""
    if not staff:
        return np.zeros(len(rows), np.bool_)
    found = []
    for who, bought in zip(rows["investor_id"].astype(str), micros(rows["time"]).tolist(), strict=True):
        spans = [span for each in runs for span in staff.get((who, each), ())]
        found.append(any(since < bought + DAY and bought < until for since, until in spans))
    return np.array(found, np.bool_)


def _below_minimum(ask: Inquiry, seen: _Unfit, product: str, rows: pd.DataFrame) -> None:
    """Investors who never had as much in the product as the law asks of each."""
    least = least_unit(ask, product) if ask.runs("minimum") else None
    if least is None or rows.empty:
        return
    since = first_moment(ask, least)
    lately = micros(rows["time"]) + DAY > since  # who bought nothing since the rule was there may have less
    rows = rows[rows["investor_id"].isin(rows.loc[lately, "investor_id"])]
    sums = rows.groupby("investor_id")["amount"].sum()
    short = sums[sums < math.ceil(ask.threshold(least))]
    if short.empty:
        return
    seen.hit.append("minimum")
    title = N_("the least that one of them put in, all his payments together")
    seen.measures += [
        ask.measure("least", title, int(short.min()), least, "<"),
        ask.measure("below", N_("investors below the minimum"), len(short)),
    ]
    _take(seen, rows[rows["investor_id"].isin(short.index)])


def _take(seen: _Unfit, rows: pd.DataFrame) -> None:
    seen.rows |= set(rows.index.tolist())
    seen.who |= {str(each) for each in rows["investor_id"]}


def _below_net_assets(ask: Inquiry, seen: _Unfit, rows: pd.DataFrame) -> None:
    """Companies whose net assets, as last reported before they bought, were below what the law asks."""
    facts = ask.facts
    if not ask.runs("net_assets") or not ask.in_force("net_assets"):
        return
    reports = facts.rows("financials")
    reports = reports[known(reports["net_assets"])]
    own = reports["currency"].isna() | (reports["currency"] == "") | (reports["currency"] == "CNY")
    reports = reports[own.to_numpy(np.bool_)] if facts.tables.currency == "CNY" else reports.iloc[:0]
    company = [facts.party_kind[facts.party_number[str(each)]] == "company" for each in rows["investor_id"]]
    found: dict[str, int] = {}
    cites: list[int] = []
    for investor, mine in rows[np.array(company, np.bool_)].groupby("investor_id"):
        told = reports[reports["party_id"] == investor]
        told = told[micros(told["period_end"]) <= int(micros(mine["time"]).min())]
        if told.empty:
            continue
        place = int(told.index[int(np.argmax(micros(told["period_end"])))])
        worth = int(told["net_assets"].loc[[place]].iloc[0])
        if worth < ask.threshold("net_assets"):
            found[str(investor)] = worth
            cites.append(place)
    if not found:
        return
    seen.hit.append("net_assets")
    title = N_("the least net assets of a company among them, as it last reported before")
    seen.measures += [
        ask.measure("net_assets", title, min(found.values()), "net_assets", "<"),
        ask.measure("companies", N_("companies below that"), len(found)),
    ]
    seen.cites.append(facts.cite("financials", np.array(cites, np.int64)))
    seen.kinds["statement"] = "shown"
    _take(seen, rows[rows["investor_id"].isin(found.keys())])


def _not_qualified(ask: Inquiry, seen: _Unfit, rows: pd.DataFrame, private: bool) -> None:
    """Subscriptions whose investor is stated not to be qualified, or nothing proves that he is."""
    if not ask.runs("qualified") or rows.empty:
        return
    said = rows["qualified"]
    refused = rows[(said.notna() & ~said.fillna(True).astype(bool)).to_numpy(np.bool_)]
    if len(refused):
        seen.hit.append("qualified")
        title = N_("investors of whom it is stated that they are not qualified")
        seen.measures.append(ask.measure("unqualified", title, refused["investor_id"].nunique()))
        _take(seen, refused)
    if not private or not ask.facts.has("subscriptions.evidence"):
        return
    evidence = rows["evidence"].astype(object).where(rows["evidence"].notna(), "").astype(str).str.strip()
    unproved = rows[(evidence == "").to_numpy(np.bool_) & ~rows.index.isin(refused.index)]
    if len(unproved):
        title = N_("investors of whom no evidence of qualification is stated")
        seen.measures.append(ask.measure("unproved", title, unproved["investor_id"].nunique()))
        seen.unproved = unproved
        seen.cites.append(ask.facts.cite("subscriptions", unproved))
        seen.cites.append(ask.facts.cite_parties(unproved["investor_id"].astype(str)))
        proved = ask.facts.rows("subscriptions")
        proved = proved[known(proved["evidence"])].head(1)
        seen.cites.append(ask.facts.cite("subscriptions", proved, False))


def _riskier(ask: Inquiry, seen: _Unfit, product: str, rows: pd.DataFrame) -> None:
    """Subscriptions of a product riskier than its investor's tolerance."""
    risk = given_of(ask.facts, product).get("risk_level")
    if not ask.runs("risk") or risk is None:
        return
    tolerance = rows["risk_tolerance"]
    mine = rows[(tolerance.notna() & (tolerance.fillna(9) < int(risk))).to_numpy(np.bool_)]
    if mine.empty:
        return
    seen.hit.append("risk")
    gap = int(risk) - int(mine["risk_tolerance"].min())
    seen.measures += [
        ask.measure(
            "risk", N_("levels by which the product is riskier than an investor bears, at most"), gap
        ),
        ask.measure("riskier", N_("investors for whom it is too risky"), mine["investor_id"].nunique()),
    ]
    _take(seen, mine)


def _leaves(ask: Inquiry, seen: _Unfit, product: str, rows: pd.DataFrame, registers: _Registers) -> None:
    """Persons behind vehicles that were made for this product, whose part is below the minimum."""
    least = least_unit(ask, product) if ask.runs("leaf") else None
    if least is None:
        return
    behind, bought = _Behind(registers, product), registers.of(product)
    alone = ~bought["investor_id"].isin(registers.several).to_numpy(np.bool_)
    mine = bought[
        alone & np.array([behind.looks_through(str(each)) for each in bought["investor_id"]], np.bool_)
    ]
    if mine.empty:
        return
    for vehicle, put_in in mine.groupby("investor_id")["amount"]:
        behind.walk(str(vehicle), Fraction(int(put_in.sum())), 0)
    # who stands in the register himself is asked there; a unit more is for what stated shares round
    direct = set(rows["investor_id"])
    small = {
        name: part
        for name, part in behind.parts.items()
        if name not in direct and math.floor(part) + 1 < ask.threshold(least)
    }
    if not small:
        return
    seen.hit.append("leaf")
    seen.measures += [
        ask.measure(
            "leaf",
            N_("the least part of a person behind a vehicle made for it"),
            min(small.values()),
            least,
            "<",
        ),
        ask.measure("leaves", N_("persons behind vehicles whose part is below the minimum"), len(small)),
    ]
    if behind.stakes:
        seen.kinds["ownership"] = "inferred"
    seen.cites += behind.cite(small)
    seen.rows |= set(mine.index.tolist())
    seen.who |= set(small)


class _Registers:
    """The registers of all products."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.rows = facts.rows("subscriptions")
        groups = self.rows.groupby("product_id", sort=False).indices
        order = dict.fromkeys(self.rows["product_id"])
        self.places = {str(name): np.asarray(groups[name], np.int64) for name in order if name in groups}
        self.party = facts.numbers_of(self.rows["investor_id"]) >= 0

    def of(self, product: str) -> pd.DataFrame:
        """The rows of a product."""
        found: pd.DataFrame = self.rows.iloc[self.places[product]]
        return found

    @cached_property
    def several(self) -> set[str]:
        """Investors in more than one product."""
        pairs = self.rows[["investor_id", "product_id"]].drop_duplicates()
        counts = pairs["investor_id"].value_counts()
        return set(counts.index[counts > 1])

    @cached_property
    def assets(self) -> dict[str, set[str]]:
        """By product, what it holds beside cash."""
        held = self.facts.rows("holdings")
        if not len(held):
            return {}
        held = held[(held["asset_kind"] != "cash").fillna(True).to_numpy(np.bool_)]
        return {str(name): set(part) for name, part in held.groupby("product_id")["asset_id"]}


class _Behind:
    """What part persons have in what vehicles put into a product, by stakes and by other products' registers.

    A product is looked through that is put into this one alone and is not exempt: what each of its investors
    ever put in, over what all did, is his part. So whoever sells a plan in pieces is seen behind it.
    """

    def __init__(self, registers: _Registers, product: str) -> None:
        self.facts, self.product = registers.facts, product
        self.registers = registers
        self.positions = registers.facts.positions
        self.parts: dict[str, Fraction] = {}
        self.stakes: list[tuple[int, str]] = []
        self.rows: list[tuple[int, str]] = []
        self.entered: list[str] = []

    def looks_through(self, name: str) -> bool:
        """Whether an investor is a vehicle that may have been made for the product."""
        if name in self.facts.party_number:
            return self.positions.party_kinds.get(name, "") in VEHICLES
        if name not in self.registers.places or name == self.product:
            return False
        if not self.registers.assets.get(name, set()) <= {self.product}:
            return False  # it is put into other things too
        return not given_of(self.facts, name).get("exempt") and _private(self.facts, name) is not False

    def walk(self, vehicle: str, amount: Fraction, depth: int) -> None:
        """Spread what a vehicle put in over who is behind it."""
        self.entered.append(vehicle)
        noted = self.stakes if vehicle in self.facts.party_number else self.rows
        for row, name, part in self._owners(vehicle, amount):
            if self.positions.party_kinds.get(name) == "person" and part:
                self.parts[name] = self.parts.get(name, Fraction(0)) + part
                noted.append((row, name))
            elif self.looks_through(name) and depth < LONGEST:
                noted.append((row, name))
                self.walk(name, part, depth + 1)

    def _owners(self, vehicle: str, amount: Fraction) -> Iterator[tuple[int, str, Fraction]]:
        """Who has which part in a vehicle, by which row of stakes or of its register."""
        if vehicle not in self.facts.party_number:
            rows = self.registers.of(vehicle)
            whole = int(rows["amount"].sum())
            for place, name, put_in in zip(rows.index, rows["investor_id"], rows["amount"], strict=True):
                yield int(place), str(name), amount * int(put_in) / whole
            return
        p = self.positions
        number = party_number(p.stakes, vehicle)
        own = slice(int(p.stakes.pointer[number]), int(p.stakes.pointer[number + 1]))
        whole = int(p.stakes.whole[number])
        for owner, share, row in zip(
            p.stakes.owners[own].tolist(),
            p.stakes.least[own].tolist(),
            p.stakes.rows[own].tolist(),
            strict=True,
        ):
            yield int(row), p.stakes.name(owner), amount * Fraction(int(share), whole)

    def cite(self, small: Collection[str]) -> Iterator[Cited]:
        """What says who is behind them: the rows of those whose part is small show it."""
        facts = self.facts
        for table, noted in (("stakes", self.stakes), ("subscriptions", self.rows)):
            if noted:
                shown = [row for row, name in noted if name in small]
                yield facts.cite(table, np.array(shown, np.int64))
                yield facts.cite(table, np.array([row for row, _ in noted], np.int64), False)
        products = [each for each in self.entered if each not in facts.party_number]
        for each in products:  # all of its register says what a part of it is
            yield facts.cite("subscriptions", self.registers.of(each), False)
        held = facts.rows("holdings")
        if products and len(held):
            yield facts.cite("holdings", held[held["product_id"].isin(products)], False)
        yield from cite_products(facts, products) if products else ()
        yield facts.cite_parties(
            {each for each in self.entered if each in facts.party_number} | {*self.parts}
        )


def _unfit(ask: Inquiry, product: str, every: pd.DataFrame, seen: _Unfit, own: int) -> Finding:
    facts = ask.facts
    rows = every.loc[sorted(seen.rows)]
    amount = int(rows["amount"].sum())
    weak = seen.hit == ["qualified"] and {m.name for m in seen.measures} == {"unproved"}
    many = len(seen.who) >= ask.threshold("systematic")
    count = ask.measure("investors", N_("investors of whom one of these is so"), len(seen.who))
    return ask.finding(
        subject=("product", product),
        hit=seen.hit,
        summary=Told(
            N_("nothing proves that {count} investors to whom {product} was sold for {money} were qualified")
            if weak
            else N_(
                "{product} was sold for {money} to {count} investors who, as recorded, fall short of what is "
                "required"
            ),
            product=named(facts, product), count=len(seen.who), money=money(facts, amount),
        ),
        measures=[*seen.measures, count],
        rows=[
            facts.cite("subscriptions", rows),
            *cite_products(facts, [product]),
            facts.cite_parties(seen.who),
            *seen.cites,
            *facts.cite_last(),
        ],
        severity="watch" if weak else "high" if many else "medium",
        kinds={"register": "shown"} | seen.kinds,
        elements={
            "private": "shown" if _private(facts, product) or seen.hit == ["risk"]
            else ("inferred", N_("it is not stated that it is offered to the public")),
            "unfit": "inferred" if seen.hit == ["leaf"]
            else ("inferred", N_("that nothing proves it does not mean that it is not so")) if weak
            else "shown",
            "for_others": ("unknown", N_("by the register each invests for himself")),
        },
        against={
            "family": ("clear", N_("it is about what each put in himself")),
            "own_accounts": ("clear", N_("it is about what each put in himself")),
            "loans": ("clear", N_("it is about what each put in himself")),
            "staff": ("present", Told(N_("{count} of the manager's staff are left out"), count=own)) if own
            else "clear" if facts.has("relations")
            else ("unknown", N_("no table says who works for whom")),
            "later": ("clear", N_("all that an investor ever put in counts together")),
        },
        amount=amount,
        currency=facts.tables.currency,
    )  # fmt: skip


# ---------------------------------------------------------------- pooling


@dataclass
class _Pool:
    """An investor who subscribed with others' money and passed on what came of it."""

    product: str
    investor: str
    put_in: int
    pooled: int
    payers: int
    kin: int
    passed: Fraction
    returned: int
    paid_out: int
    alike: Fraction
    bought: list[int]
    payments: list[int]
    shown: list[int]
    code: int

    @property
    def share(self) -> Fraction:
        return Fraction(self.pooled, self.put_in)


def _pooling(ask: Inquiry, before: int, after: int) -> Iterator[Finding]:
    by_product: dict[tuple[str, int], list[_Pool]] = {}
    for each in _pools(ask, before, after):
        by_product.setdefault((each.product, each.code), []).append(each)
    for (product, _), pools in by_product.items():
        if len(pools) >= ask.threshold("pools"):
            yield _systematic(ask, product, pools)
            continue
        for each in pools:
            yield _one_pool(ask, each)


def _pools(ask: Inquiry, before: int, after: int) -> Iterator[_Pool]:
    facts = ask.facts
    bought = _bought(facts)
    person = facts.party_is("person")
    wanted = {facts.party_number[each] for each in set(bought["investor_id"]) if each in facts.party_number}
    wanted = {each for each in wanted if facts.party_kind[each] in POOLS}
    if not wanted:
        return
    payer, payee = facts.flows["payer"].to_numpy(), facts.flows["payee"].to_numpy()
    near = np.isin(payee, sorted(wanted)) | np.isin(payer, sorted(wanted))
    flows = facts.flows[near & ~facts.flows["own"].to_numpy()]
    loan = facts.texts("loan_id", flows["row"]) != ""
    marks, names = facts.codes("product_id", flows["row"])
    accounts = facts.rows("accounts")
    held_for = np.full(facts.account_ids.size, "", object)
    held = known(accounts["product_id"])
    held_for[accounts.index.to_numpy()[held]] = accounts["product_id"].to_numpy(object)[held]
    flows = flows.assign(
        loan=loan,
        product=np.where(
            held_for[flows["source"].to_numpy()] != "", held_for[flows["source"].to_numpy()],
            np.array([*names, ""], object)[marks],
        ),
        of_person=(flows["payer"] >= 0).to_numpy() & person[np.maximum(flows["payer"].to_numpy(), 0)],
    )  # fmt: skip
    flows["of_person"] &= held_for[flows["source"].to_numpy()] == ""
    bought = _with_others(bought, flows, facts.party_number, ask.threshold("pooled"), before)
    kin, debts = _kin(facts), _debts(facts)
    paid_back = _paid_back(facts)
    # of whom fewer persons than that paid in nothing is to be said
    payers = flows[flows["of_person"]].groupby("payee")["payer"].nunique()
    many = payers.index[payers >= float(ask.threshold("payers"))].to_numpy()
    into = dict(iter(flows[np.isin(flows["payee"], many)].groupby("payee")))
    out = dict(iter(flows[np.isin(flows["payer"], many)].groupby("payer")))
    bought = bought[np.isin(facts.numbers_of(bought["investor_id"]), many)]
    for (product, investor), rows in bought.groupby(["product_id", "investor_id"], sort=False):
        number = facts.party_number.get(str(investor), -1)
        if (
            number not in into
            or number not in out
            or given_of(facts, str(product)).get("offering") == "public"
        ):
            continue
        code = int(rows["currency"].iloc[0])
        came = into[number]
        came = came[(came["currency"] == code).to_numpy()]
        times = came["time"].to_numpy(np.int64)
        window = np.zeros(len(came), np.bool_)
        for end in rows["end"]:
            window |= (times > end - before) & (times <= end)
        family = kin.get(str(investor), set())
        ids = facts.party_ids[came["payer"].to_numpy()]
        lent = debts.get(str(investor), set())
        outside = came["of_person"].to_numpy(np.bool_) & window
        close = np.array([each in family for each in ids], np.bool_) & outside
        repays = came["loan"].to_numpy(np.bool_) | np.array([each in lent for each in ids], np.bool_)
        pool = came[outside & ~close & ~repays]
        put_in, pooled = int(rows["amount"].sum()), int(pool["amount"].sum())
        paid = pool.groupby("payer")["amount"].sum()
        if len(paid) < ask.threshold("payers") or Fraction(pooled, put_in) < ask.threshold("pooled"):
            continue
        first = int(rows["end"].min())
        is_out = (came["product"] == product).to_numpy() & ~came["of_person"].to_numpy(np.bool_)
        is_out |= came["row"].isin(paid_back.get((str(product), str(investor)), set())).to_numpy()
        shares = came[is_out & (times >= first)]
        if shares.empty:
            continue
        gone = out[number]
        gone = gone[((gone["currency"] == code) & gone["payee"].isin(paid.index)).to_numpy()]
        at = np.searchsorted(shares["time"].to_numpy(), gone["time"].to_numpy(), side="right") - 1
        late = gone["time"].to_numpy() - shares["time"].to_numpy()[np.maximum(at, 0)]
        on = (at >= 0) & (late <= after)
        gone, at = gone[on], at[on]
        # what is paid out at one moment is one distribution
        each, place = np.unique(shares["time"].to_numpy(), return_inverse=True)
        given = _sums(place, shares["amount"], each.size)
        back = _sums(place[at], gone["amount"], each.size)
        passed = min(Fraction(int(b), int(g)) for b, g in zip(back, given, strict=True))
        returned = gone.groupby("payee")["amount"].sum().reindex(paid.index).fillna(0).astype("int64")
        square = _likeness(paid.tolist(), returned.tolist())
        if passed < ask.threshold("passed") or square < ask.threshold("alike") ** 2:
            continue
        yield _Pool(
            str(product), str(investor), put_in, pooled, len(paid),
            len(set(ids[close & ~repays])), passed, int(sum(back)), int(sum(given)),
            Fraction(math.isqrt(square.numerator * 10**12 // square.denominator), 10**6),
            [int(row) for row in rows.index if row >= 0],
            [int(row) for row in rows["row"] if row >= 0],
            [*pool["row"].tolist(), *shares["row"].tolist(), *gone["row"].tolist()],
            code,
        )  # fmt: skip


def _with_others(
    bought: pd.DataFrame, flows: pd.DataFrame, number: Mapping[str, int], least: Fraction, before: int
) -> pd.DataFrame:
    """Those of whose investor persons paid enough before: the others need not be looked at one by one."""
    came = flows[flows["of_person"]].sort_values("time", kind="stable")
    came = came.assign(sum=came.groupby("payee")["amount"].cumsum())[["time", "payee", "sum"]]
    who = bought["investor_id"].map(number).fillna(-1).astype("int64")
    window = np.zeros(len(bought), np.int64)
    for sign, end in ((1, bought["end"]), (-1, bought["end"] - before)):
        asked = pd.DataFrame(
            {"time": end.to_numpy(np.int64), "payee": who.to_numpy(), "at": np.arange(len(bought))}
        )
        met = pd.merge_asof(asked.sort_values("time", kind="stable"), came, on="time", by="payee")
        window[met["at"].to_numpy()] += sign * met["sum"].fillna(0).to_numpy(np.int64)
    sums = (
        bought.assign(window=window)
        .groupby(["product_id", "investor_id"])[["window", "amount"]]
        .transform("sum")
    )
    enough = [int(a) >= least * int(b) for a, b in zip(sums["window"], sums["amount"], strict=True)]
    return bought[np.array(enough, np.bool_)]


def _sums(places: Any, amounts: Any, size: int) -> list[int]:
    found = [0] * size
    for place, amount in zip(np.asarray(places).tolist(), amounts.tolist(), strict=True):
        found[place] += int(amount)
    return found


def _likeness(paid: list[int], returned: list[int]) -> Fraction:
    """The square of the correlation of two lists, about nought: one where they are in proportion.

    READING: not about their means, as which two equal payers would have none, and any two payers one.
    """
    both = sum(a * b for a, b in zip(paid, returned, strict=True))
    size = sum(a * a for a in paid) * sum(b * b for b in returned)
    return Fraction(both * both, size) if size else Fraction(0)


def _bought(facts: Facts) -> pd.DataFrame:
    """What was subscribed, each with the moment by which it was paid: ``end``, ``row``, ``currency``.

    Where no register is there, payments into the product's accounts stand for it, numbered below nought.
    """
    own = facts.home
    columns = ["product_id", "investor_id", "amount", "end", "row", "currency"]
    parts = []
    if facts.has("subscriptions"):
        rows = facts.rows("subscriptions")
        ids = rows["transfer_id"].astype(object).where(rows["transfer_id"].notna(), "").tolist()
        at = facts.places(ids)
        times = facts.flows.set_index("row")["time"].reindex(at)
        there = times.notna().to_numpy(np.bool_)
        end = np.where(there, times.fillna(0).to_numpy(np.int64), latest(rows, "time"))
        parts.append(rows.assign(end=end, row=at, currency=own)[columns])
    if facts.has("accounts.product_id"):
        more = paid_in(facts)
        parts.append(more.assign(end=micros(more["time"]))[columns])
    found = pd.concat(parts) if parts else pd.DataFrame({name: [] for name in columns})
    return found[found["amount"] > 0]


def _kin(facts: Facts) -> Mapping[str, set[str]]:
    """By who invests: close family, and of a firm its owners; the rule is about persons not related."""
    found: dict[str, set[str]] = {}
    if facts.has("relations"):
        ties = facts.rows("relations")
        ties = ties[ties["kind"].isin(KIN)]
        for one, other in zip(ties["party_id"].astype(str), ties["other_id"].astype(str), strict=True):
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
    if facts.has("stakes"):
        held = facts.rows("stakes")
        for one, other in zip(held["company_id"].astype(str), held["owner_id"].astype(str), strict=True):
            found.setdefault(one, set()).add(other)
    return found


def _debts(facts: Facts) -> Mapping[str, set[str]]:
    """By lender: who borrowed from him under a contract."""
    found: dict[str, set[str]] = {}
    if facts.has("loans.lender_id"):
        loans = facts.rows("loans")
        loans = loans[known(loans["lender_id"])]
        for one, other in zip(loans["lender_id"].astype(str), loans["borrower_id"].astype(str), strict=True):
            found.setdefault(one, set()).add(other)
    return found


def _paid_back(facts: Facts) -> Mapping[tuple[str, str], set[int]]:
    """By product and investor: the transfers that the register names as paid back."""
    found: dict[tuple[str, str], set[int]] = {}
    if facts.has("subscriptions.redemption_transfer_id"):
        rows = facts.rows("subscriptions")
        rows = rows[known(rows["redemption_transfer_id"])]
        places = facts.places(rows["redemption_transfer_id"]).tolist()
        for product, who, place in zip(
            rows["product_id"].astype(str), rows["investor_id"].astype(str), places, strict=True
        ):
            if place >= 0:
                found.setdefault((product, who), set()).add(place)
    return found


def _cite_pool(facts: Facts, pool: _Pool) -> list[Cited]:
    rows = np.array([*pool.shown, *pool.payments], np.int64)
    flows = facts.flows[np.isin(facts.flows["row"], rows)]
    accounts = {*flows["source"].tolist(), *flows["target"].tolist()}
    parties = {facts.holder(each) for each in accounts} - {""}
    shown = [*pool.shown, *([] if pool.bought else pool.payments)]
    return [
        facts.cite("transfers", np.array(shown, np.int64)),
        facts.cite("transfers", np.array(pool.payments, np.int64), False),
        facts.cite("transfers", facts.reversals_of(rows), False),
        # where its payment is known too, the one would do without the other
        facts.cite("subscriptions", np.array(pool.bought, np.int64), not pool.payments),
        facts.cite_accounts(accounts),
        facts.cite_parties({*parties, pool.investor}),
        *cite_products(facts, [pool.product]),
    ]


def _one_pool(ask: Inquiry, pool: _Pool) -> Finding:
    facts = ask.facts
    own = facts.currencies[pool.code]
    return ask.finding(
        subject=("party", pool.investor),
        hit=("pooling",),
        summary=Told(
            N_(
                "{count} others had just paid {investor} {share} of what was put into {product}, and were "
                "paid their parts of what came of it"
            ),
            count=pool.payers,
            investor=facts.name_of(pool.investor) or pool.investor,
            share=number_text(pool.share),
            product=named(facts, pool.product),
        ),
        measures=[
            ask.measure("pooled", POOLED, pool.share, "pooled"),
            ask.measure("payers", PAYERS, pool.payers, "payers"),
            ask.measure("passed", N_("least part of a distribution passed on"), pool.passed, "passed"),
            ask.measure(
                "alike", N_("correlation of what they paid with what they were paid"), pool.alike, "alike"
            ),
            ask.measure("returned", RETURNED, pool.returned, unit=own),
            ask.measure("paid_out", PAID_OUT, pool.paid_out, unit=own),
        ],
        rows=_cite_pool(facts, pool),
        severity="medium",
        kinds=_pool_kinds([pool]),
        elements=_pool_elements(facts, pool.product, [pool]),
        against=_pool_against(facts, [pool]),
        amount=pool.pooled,
        currency=own,
    )  # fmt: skip


def _systematic(ask: Inquiry, product: str, pools: list[_Pool]) -> Finding:
    facts = ask.facts
    own = facts.currencies[pools[0].code]
    put_in, pooled = sum(each.put_in for each in pools), sum(each.pooled for each in pools)
    return ask.finding(
        subject=("product", product),
        hit=("pooling",),
        summary=Told(
            N_("{count} investors of {product} put in {money} of others, and passed on what came of it"),
            count=len(pools), product=named(facts, product), money=money(facts, pooled, own),
        ),
        measures=[
            ask.measure("pools", N_("investors who stand for others"), len(pools), "pools"),
            ask.measure("pooled", POOLED, Fraction(pooled, put_in), "pooled"),
            ask.measure("payers", PAYERS, sum(each.payers for each in pools)),
            ask.measure("returned", RETURNED, sum(each.returned for each in pools), unit=own),
            ask.measure("paid_out", PAID_OUT, sum(each.paid_out for each in pools), unit=own),
        ],
        rows=[row for each in pools for row in _cite_pool(facts, each)],
        severity="high",
        kinds=_pool_kinds(pools),
        elements=_pool_elements(facts, product, pools),
        against=_pool_against(facts, pools),
        amount=pooled,
        currency=own,
    )  # fmt: skip


def _pool_kinds(pools: list[_Pool]) -> dict[str, str]:
    return {"flow": "shown", "register": "shown" if all(each.bought for each in pools) else "inferred"}


def _pool_elements(facts: Facts, product: str, pools: list[_Pool]) -> dict[str, tuple[str, str] | str]:
    return {
        "private": "shown" if _private(facts, product)
        else ("inferred", N_("it is not stated that it is offered to the public")),
        "unfit": ("inferred", N_("who invests for others is not to be sold to, whoever they are")),
        "for_others": "shown",
    }  # fmt: skip


def _pool_against(facts: Facts, pools: list[_Pool]) -> dict[str, tuple[str, str] | str]:
    kin = sum(each.kin for each in pools)
    return {
        "family": (
            "present",
            Told(N_("{count} of the family or the owners who paid too are left out"), count=kin),
        ) if kin
        else "clear" if facts.has("relations")
        else ("unknown", N_("no table says who is family")),
        "own_accounts": ("clear", N_("what comes from accounts of his own is left out")),
        "loans": "clear" if facts.has("loans") or facts.has("transfers.loan_id")
        else ("unknown", N_("no table says what was lent under a contract")),
        "staff": ("clear", N_("staff may not invest for others either")),
        "later": ("clear", N_("it is about who paid, not how much")),
    }  # fmt: skip


LINE = RedLine(
    code="RL-15",
    name=N_("Unqualified investors and pooling"),
    name_zh="向非合格投资者销售（含拼单、代持）",
    asks=N_("Was a private product sold below the minimum, to the unqualified, or to one who is a front?"),
    tests=(
        Test(
            "minimum",
            N_("what each investor put in beside the least that the law asks"),
            ("subscriptions", ("products.offering", "products.kind")),
        ),
        Test(
            "qualified",
            N_("what is stated of the investors' qualification"),
            ("products", ("subscriptions.qualified", "subscriptions.evidence")),
        ),
        Test(
            "net_assets",
            N_("net assets of companies that bought"),
            ("subscriptions", "financials.net_assets", ("products.offering", "products.kind")),
        ),
        Test(
            "risk",
            N_("tolerance of risk beside the product's"),
            ("subscriptions.risk_tolerance", "products.risk_level"),
        ),
        Test(
            "leaf",
            N_("the parts of persons behind vehicles made for the product"),
            ("subscriptions", ("stakes", "holdings"), ("products.offering", "products.kind")),
        ),
        Test(
            "pooling",
            N_("who paid an investor before, and whom he paid after"),
            ("transfers", "accounts.party_id", ("subscriptions", "accounts.product_id")),
        ),
    ),
    elements={
        "private": N_("the product is not for everybody"),
        "unfit": N_("it is sold to those who may not buy it"),
        "for_others": N_("the investor stands for others"),
    },
    guards={
        "family": N_("the money is the family's"),
        "own_accounts": N_("the money is from accounts of his own"),
        "loans": N_("loans were repaid to him under a contract"),
        "staff": N_("they are the manager's own staff, who count as qualified"),
        "later": N_("a small payment is a later one of somebody who is already in"),
    },
    find=find,
)  # fmt: skip
