"""RL-01 Fund pool (资金池): the money of many investors mixed in an account of whoever brokers or manages it.

The rule: an intermediary must not take in or collect lenders' money (暂行办法 art. 10 (2)), products are
run, booked and accounted for one by one (资管新规 art. 15). Looked at: accounts of platforms, of managers, of
their groups and of whoever else collects from the public; whether what left carries the contract of what came
in, and within days; how long money stood there; whose and which products' money it was; and whether one
product's asset was paid for with other products' money, under every rule of tracing. Not it: custody and
reserve accounts, a group's own treasury, brokers' clearing accounts by law, settlement that is through in a
day or two, shops and their refunds, the account of one product alone. An account that a bank or
another licensed institution holds is not held against it; who is asked about it is who signs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, cited, number_text
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test
from graphflow.redlines.clients import clients_of, gaining
from graphflow.redlines.facts import DAY, Facts, Flags, Ints, known, micros
from graphflow.redlines.limits import BEFORE_ITS_LAW
from graphflow.redlines.pooling import (
    ANYBODY,
    MANAGER,
    PLATFORM,
    Pool,
    concentration,
    pools,
    sides,
    unmatched,
    who_is_watched,
)
from graphflow.redlines.separability import separability
from graphflow.redlines.standing import Stretch, cite_coverage, money_time, stretches
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

FUNCTIONS: Mapping[str, frozenset[str]] = {
    PLATFORM: frozenset({"online_lending", "equity_crowdfunding", "banking"}),
    MANAGER: frozenset({"asset_management", "fund_sale", "trust", "securities", "insurance", "banking"}),
}
"""Licences under which money may be taken for others' account."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    pool: Number | None = None,
    investors: Number | None = None,
    residence: Number | None = None,
    products: Number | None = None,
    settled: Number | None = None,
    window: Number | None = None,
    passed: Number | None = None,
    returned: Number | None = None,
) -> Iterator[Finding]:
    """Accounts in which many investors' money is mixed, and assets paid for with other products' money.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    pool
        Least part of what left that no contract, or no equal amount, joins to what came in just before.
    investors
        Least number of outside investors who paid in.
    residence
        Least number of days that money stood there on average.
    products
        Least number of products whose money came in; where so many did, money need not stand as long.
    settled
        Money that stands for less than so many days is being settled, and is no pool.
    window
        Within so many working days what came in has to leave to be joined to it.
    passed
        Least part of a product's subscriptions that reached the account, for its investors to count.
    returned
        Of whoever is no known platform or manager: least part of the persons who paid in that were paid back.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl01
    >>> (f,) = find(rl01.toy())
    >>> [(m.name, str(m.value)) for m in f.measures[:3]]
    [('pool', '4/5'), ('investors', '30'), ('residence', '21/4')]
    >>> len(list(find(rl01.near_miss())))
    0
    """
    ask = Inquiry(
        LINE, case, as_of, law, pool=pool, investors=investors, residence=residence, products=products,
        settled=settled, window=window, passed=passed, returned=returned,
    )  # fmt: skip
    for each in pools(ask):
        finding = _judge(ask, each)
        if finding is not None:
            yield finding
    if ask.runs("separability"):
        yield from separability(ask)


# ---------------------------------------------------------------- what is measured


@dataclass(frozen=True)
class _Investors:
    """Who of those who paid in is an investor, and what says so."""

    stated: Ints
    inferred: Ints
    money: Flags  # of the rows in
    rows: list[Cited] = field(repr=False)

    @property
    def count(self) -> int:
        return int(self.stated.size + self.inferred.size)


def _investors(ask: Inquiry, pool: Pool) -> _Investors:
    facts = ask.facts
    outside = ~np.isin(pool.payers, pool.members)
    pairs = clients_of(facts).of(pool.members.tolist())
    some = (pool.payers >= 0) & outside
    paying = sets.unique(pool.payers[some])
    direct = sets.common(paying, pairs["client"].to_numpy())
    behind, rows, carried = _behind_products(ask, pool)
    stated = sets.union(direct, behind)
    persons = paying[(facts.party_kind[paying] == "person") & ~_borrows(facts)[paying]]
    persons = sets.minus(persons, stated)
    back = gaining(facts, pool.ins, pool.outs, persons)
    if persons.size and back.size >= ask.threshold("returned") * persons.size:
        back = persons  # the others' turn has not come, or never will
    elif pool.test == ANYBODY:
        back = back[:0]
    money = (np.isin(pool.payers, sets.union(direct, back)) & some) | carried
    return _Investors(stated, back, money, [*clients_of(facts).cite(pairs, direct.tolist()), *rows])


def _borrows(facts: Facts) -> Flags:
    """Of each party whether a loan names it as who borrowed; kept with the facts."""
    kept: Flags | None = facts.__dict__.get("_borrows")
    if kept is None:
        kept = np.zeros(facts.party_ids.size, np.bool_)
        if facts.has("loans"):
            numbers = facts.rows("loans")["borrower_id"].map(facts.party_number).dropna()
            kept[numbers.to_numpy().astype(np.int64)] = True
        facts.__dict__["_borrows"] = kept
    return kept


def _behind_products(ask: Inquiry, pool: Pool) -> tuple[Ints, list[Cited], Flags]:
    """The investors of products of whose subscriptions a good part reached the pool, with these."""
    facts = ask.facts
    nobody, nothing = np.zeros(0, np.int64), np.zeros(pool.ins.size, np.bool_)
    codes, words = pool.came_for
    in_case = facts.currencies[pool.currency] == facts.tables.currency
    if pool.test != MANAGER or not facts.has("subscriptions") or not in_case or not (codes >= 0).any():
        return nobody, [], nothing
    rows = facts.rows("subscriptions")
    raised = rows.groupby("product_id")["amount"].sum()
    share = ask.threshold("passed")
    sums = np.zeros(len(words), np.int64)
    np.add.at(sums, codes[codes >= 0], pool.came[codes >= 0])
    reached = [
        code
        for code, word in enumerate(words)
        if sums[code] and word in raised.index and int(sums[code]) >= share * int(raised[word])
    ]
    mine = rows[rows["product_id"].isin([words[code] for code in reached])]
    numbers = facts.numbers_of(mine["investor_id"])
    found = sets.minus(sets.unique(numbers[numbers >= 0]), pool.members)
    return found, [facts.cite("subscriptions", mine, False)] if len(mine) else [], np.isin(codes, reached)


# ---------------------------------------------------------------- the pool


def _stood(facts: Facts, parts: Sequence[Stretch], last: int) -> tuple[int, int]:
    """How much stood how long: to the end of each statement, and where none is stated to the last row.

    What a statement says of the time behind its last row is that everything still stood there.
    """
    ends = [
        (min(each.ends, facts.at) if facts.asked else each.ends) if each.ended else last for each in parts
    ]
    sums = [money_time([each], end) for each, end in zip(parts, ends, strict=True)]
    return sum(each[0] for each in sums), sum(each[1] for each in sums)


def _judge(ask: Inquiry, pool: Pool) -> Finding | None:
    facts = ask.facts
    least = ask.threshold("investors")
    if pool.test != MANAGER and sets.unique(pool.payers[pool.payers >= 0]).size < least:
        return None  # each investor pays in
    who = _investors(ask, pool)
    if who.count < least:
        return None
    loose, coded = unmatched(ask, pool)
    left = int(pool.went.sum())
    share = Fraction(int(loose.sum()), left)
    if share < ask.threshold("pool"):
        return None
    parts = stretches(facts, pool.accounts.tolist(), pool.currency)
    last = int(
        max(
            facts.arrivals["time"].to_numpy()[pool.ins].max(), facts.flows["time"].to_numpy()[pool.outs].max()
        )
    )
    stood, opened = _stood(facts, parts, last)
    came = int(pool.came.sum())
    days = Fraction(stood, (came + opened) * DAY)
    codes, _ = pool.came_for
    several = len(set(codes[codes >= 0].tolist()))
    mixed = several >= ask.threshold("products")
    long_enough = days >= ask.threshold("residence") and pool.test != MANAGER
    if days < ask.threshold("settled") or not (mixed or long_enough):
        return None
    shown_by = "shown" if who.stated.size >= least else "inferred"
    invested, back, owed = _amounts(pool, who)
    measures = [
        ask.measure("pool", N_("part of what left that nothing joins to what came in"), share, "pool"),
        ask.measure("investors", N_("outside investors"), who.count, "investors"),
        ask.measure("residence", N_("how long money stood there on average"), days, "residence"),
        ask.measure("products", N_("products whose money came in"), several, "products"),
        ask.measure(
            "payers_hhi",
            N_("concentration of who paid in (sum of squared shares)"),
            concentration(pool.came, sides(facts, pool.payers, facts.flows["source"].to_numpy()[pool.ins])),
        ),
        ask.measure(
            "payees_hhi",
            N_("concentration of who was paid (sum of squared shares)"),
            concentration(pool.went, sides(facts, pool.payees, facts.flows["target"].to_numpy()[pool.outs])),
        ),
        *_money(ask, pool, came, left, back, owed),
    ]
    promise, promised = _promise(ask, pool)
    licence, licences = _licence(ask, pool)
    in_force = {name: ask.in_force(name) for name in ("critical_investors", "critical_amount")}
    many = in_force["critical_investors"] and who.count >= ask.threshold("critical_investors")
    yuan = facts.currencies[pool.currency] == "CNY"
    much = in_force["critical_amount"] and yuan and invested >= ask.threshold("critical_amount")
    critical = (many or much) and promise == "shown" and licence == "shown"
    holder = str(facts.party_ids[pool.key])
    kinds = {"flow": "shown"}
    if shown_by == "shown":
        kinds["contract"] = "shown"
    if critical:
        kinds["register"] = "shown"
    digits = facts.tables.minor_units.get(facts.currencies[pool.currency], 2)
    text = ONLY_SIGNS if pool.only_signs else HOLDS
    return ask.finding(
        subject=("account", str(facts.account_ids[pool.accounts[0]]))
        if pool.accounts.size == 1 and not pool.keepers.size
        else ("party", holder),
        hit=(pool.test,),
        summary=Told(
            text,
            count=who.count,
            money=f"{amount_text(invested, digits)} {facts.currencies[pool.currency]}",
            holder=facts.name_of(holder) or holder,
            share=number_text(share * 100),
            days=number_text(days),
        ),
        measures=measures,
        rows=[*_evidence(ask, pool), *who.rows, *promised, *licences],
        severity="critical" if critical else "high",
        severity_note="" if all(in_force.values()) else BEFORE_ITS_LAW,
        kinds=kinds,
        elements={
            "collects": ("shown", N_("contracts name the investors"))
            if shown_by == "shown"
            else (
                "inferred",
                N_("persons who paid in and were paid more, or more often, later are taken for investors"),
            ),
            "unjoined": UNJOINED[coded],
            "stands": _stands(parts),
            "promise": promise,
            "unlicensed": licence,
        },
        against={
            "custody": _custody(pool),
            "treasury": ("clear", N_("investors outside the group paid in")),
            "broker": _broker(pool),
            "settlement": ("clear", N_("money stood longer than it takes to settle")),
            "refunds": _refunds(pool, who, shown_by),
            "one_product": ("clear", N_("money of several products came in"))
            if mixed
            else ("clear", N_("it is a platform's account, no product's"))
            if pool.test != MANAGER
            else "unknown",
        },
        amount=invested,
        currency=facts.currencies[pool.currency],
    )


HOLDS = N_(
    "{count} investors paid {money} into accounts of {holder}; nothing joins {share} % of what left to "
    "what came in, and money stood there for {days} days"
)

ONLY_SIGNS = N_(
    "{count} investors paid {money} into accounts that {holder} signs for; nothing joins {share} % of what "
    "left to what came in, and money stood there for {days} days"
)

UNJOINED: Mapping[str, tuple[str, str]] = {
    "most": (
        "shown",
        N_("contracts are named for most of the money; of legs that name none equal amounts were joined"),
    ),
    "some": (
        "inferred",
        N_("contracts are named for a part of the money; of legs that name none equal amounts were joined"),
    ),
    "none": ("inferred", N_("no leg names a contract: equal amounts within days were joined")),
}


def _stands(parts: Sequence[Stretch]) -> tuple[str, str] | str:
    state = "shown" if all(part.known for part in parts) else "inferred"
    return (state, N_("counted to the end of the statement")) if any(p.ended for p in parts) else state


def _custody(pool: Pool) -> tuple[str, str]:
    facts = pool.facts
    if all(facts.account_kind[each] or facts.role(each) is not None for each in pool.accounts.tolist()):
        return "clear", N_("its kind and roles name neither custody nor reserve nor clearing")
    return "unknown", N_("neither a kind nor a role of the account is stated")


def _broker(pool: Pool) -> tuple[str, str]:
    """Of those who hold the accounts, not of who only signs for them."""
    facts = pool.facts
    if pool.keepers.size:
        return "unknown", N_(
            "a bank or another licensed institution holds the account; for whom is not stated"
        )
    held = facts.account_party[pool.accounts].tolist()
    if all(number >= 0 and facts.party_sector[number] for number in held):
        return "clear", N_("its holder is no broker, bank, insurer or exchange")
    return "unknown", N_("no sector of its holder is stated")


def _refunds(pool: Pool, who: _Investors, shown_by: str) -> tuple[str, str]:
    """Whether what inferred investors were paid may be refunds: each payment but these names an order."""
    if shown_by == "shown":
        return "clear", N_("contracts name the investors")
    facts = pool.facts
    to_them = pool.outs[np.isin(pool.payees, who.inferred)]
    orders, _ = facts.codes("order_id", facts.flows["row"].to_numpy()[to_them])
    if (orders >= 0).all():
        return "clear", N_("who got no more than an order's money back counts as no investor")
    return "unknown", N_("some payments back name no order and may be refunds")


def _amounts(pool: Pool, who: _Investors) -> tuple[int, int, int]:
    """What investors paid in, what was paid back to those who did so themselves, and what was not."""
    invested = int(pool.came[who.money].sum())
    payers = pool.payers[who.money]
    paid = pd.Series(pool.came[who.money][payers >= 0]).groupby(payers[payers >= 0]).sum()
    direct = sets.minus(paid.index.to_numpy(), pool.members)
    paid = paid.reindex(direct)
    to_them = np.isin(pool.payees, direct)
    back = pd.Series(pool.went[to_them]).groupby(pool.payees[to_them]).sum().reindex(direct, fill_value=0)
    return invested, int(back.sum()), int(np.maximum(paid - back, 0).sum())


def _money(ask: Inquiry, pool: Pool, came: int, left: int, back: int, owed: int) -> Iterator[Measure]:
    unit = ask.facts.currencies[pool.currency]
    for name, title, value in (
        ("came_in", N_("all that came in"), came),
        ("left", N_("all that left"), left),
        ("paid_back", N_("paid back to investors who paid in"), back),
        ("not_returned", N_("paid in by investors and not returned, investor by investor"), owed),
    ):
        yield ask.measure(name, title, value, unit=unit)


def _promise(ask: Inquiry, pool: Pool) -> tuple[str | tuple[str, str], list[Cited]]:
    """Whether a return was promised for the money of the group's products or loans."""
    facts = ask.facts
    told: list[Cited] = []
    state = "unknown"
    if facts.has("products"):
        rows = facts.rows("products")
        mine = rows[rows["manager_id"].isin(pool.group) | rows["issuer_id"].isin(pool.group)]
        said = mine[(mine["promised_yield"].fillna(0) > 0) | known(mine["guarantee"])]
        if len(said):
            state, told = "shown", [facts.cite("products", said.head(1), False)]
    if state == "unknown" and facts.has("loans.rate"):
        rows = facts.rows("loans")
        said = rows[rows["platform_id"].isin(pool.group) & (rows["rate"].fillna(0) > 0)]
        if len(said):
            return ("inferred", N_("loans bear interest; who promised it is not stated")), [
                facts.cite("loans", said.head(1), False)
            ]
    return state, told


def _licence(ask: Inquiry, pool: Pool) -> tuple[str | tuple[str, str], list[Cited]]:
    """Whether nobody of the group had a licence to take money, at any time while it came in."""
    facts = ask.facts
    if not facts.has("licences"):
        return ("unknown", N_("no register of licences is here")), []
    if pool.keepers.size:
        return ("unknown", N_("a bank or another licensed institution holds the account")), []
    rows = facts.rows("licences")
    mine = rows[rows["party_id"].isin(pool.group)]
    wanted = FUNCTIONS.get(pool.test, frozenset().union(*FUNCTIONS.values()))
    times = facts.arrivals["time"].to_numpy()[pool.ins]
    fits = mine[mine["function"].isin(wanted)]
    ended = known(fits["until"]) & (micros(fits["until"]) < times.min())
    valid = fits[(micros(fits["since"]) <= times.max()) & ~ended]
    if len(valid):
        note = N_("a licence to take money for others is registered: it allows no pool")
        return ("unknown", note), [facts.cite("licences", valid, False)]
    searched = mine if len(mine) else rows.head(1)  # so that the register looked through is named
    return "shown", [facts.cite("licences", searched, False)]


def _evidence(ask: Inquiry, pool: Pool) -> Iterator[Cited]:
    """What came in and what left shows it; who is who is its context."""
    facts = ask.facts
    flows = facts.flows
    rows = flows["row"].to_numpy()
    crossing = np.concatenate([pool.ins, pool.outs])
    yield cited("transfers", rows[crossing])
    yield cited("transfers", facts.reversals_of(rows[crossing]))
    inner = rows[pool.inner]
    yield cited("transfers", np.concatenate([inner, facts.reversals_of(inner)]), False)
    every = np.concatenate([crossing, pool.inner])
    accounts = sets.unique(np.concatenate([flows[side].to_numpy()[every] for side in ("source", "target")]))
    yield facts.cite_accounts(accounts.tolist())
    yield from cite_coverage(facts, accounts)
    numbers = sets.unique(np.concatenate([facts.account_party[accounts], facts.account_signer[accounts]]))
    yield facts.cite_parties(str(facts.party_ids[each]) for each in numbers[numbers >= 0].tolist())
    yield from who_is_watched(facts, pool)


LINE = RedLine(
    code="RL-01",
    name=N_("Fund pool"),
    name_zh="资金池",
    asks=N_("Is the money of many investors mixed in an account of whoever brokers or manages it?"),
    tests=(
        Test(
            PLATFORM,
            N_("accounts of a platform and its group: what left beside what came in"),
            (
                ("parties.sector", "loans.platform_id", "listings", "client_ledger"),
                ("accounts.party_id", "accounts.signer_id"),
            ),
        ),
        Test(
            MANAGER,
            N_("accounts of who manages products and of its group: what left beside what came in"),
            (("parties.sector", "products.manager_id"), ("accounts.party_id", "accounts.signer_id")),
        ),
        Test(
            ANYBODY,
            N_("accounts of whoever else collects from persons and pays them back"),
            (("accounts.party_id", "accounts.signer_id"), "parties"),
        ),
        Test(
            "separability",
            N_("whether each product's asset was paid with its own money"),
            ("holdings", ("transfers.product_id", "accounts.product_id")),
        ),
    ),
    elements={
        "collects": N_("money of many outside investors comes into its account"),
        "unjoined": N_("what leaves cannot be told to be whose"),
        "stands": N_("money stands there"),
        "promise": N_("a return was promised"),
        "unlicensed": N_("no licence to take money for others is registered"),
    },
    guards={
        "custody": N_("it is a custody, reserve or clearing account"),
        "treasury": N_("it is a group's own treasury without outside money"),
        "broker": N_("it is a broker's clearing account by law"),
        "settlement": N_("it is settlement that is through in a day or two"),
        "refunds": N_("it is a market or shop whose payments back are refunds"),
        "one_product": N_("it is the account of one product alone"),
    },
    find=find,
)  # fmt: skip
