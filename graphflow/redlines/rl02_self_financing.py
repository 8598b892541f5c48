"""RL-02 Self-financing (自融): who raises money through loans or funds has it come to its own side.

The rule: an intermediary must not raise money for itself, openly or in disguise (暂行办法 art. 10 (1)).
Looked at: of every loan what was paid out, followed over some transfers and days, first in, first out and pro
rata, to the platform's group or who is related to it; the part of one loan, and of all that the platform
raised; and borrowers of record who are of that side themselves. What any attribution of the money could give
stands beside it. Not it: fees within their schedule, what is given back of bids that came to nothing, what is
paid to a seller whom a whole market pays. A borrower of the group who is disclosed and pays what others pay
is a red line on a lending platform all the same; elsewhere such loans are left out. A loan that no table
lists is not seen. The same is asked of what managers raise through funds: `graphflow.redlines.rl02_funds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, number_text
from graphflow.language import N_
from graphflow.redlines import rl07_fictitious_projects as fictitious
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, span
from graphflow.redlines.facts import DAY, Facts, Ints, Known, among, known, micros
from graphflow.redlines.offers import Offers, loans_of
from graphflow.redlines.rl02_funds import frame_of_funds, of_funds
from graphflow.redlines.selffunding import (
    BY_AMOUNT,
    How,
    SelfFunding,
    against_fees,
    against_market,
    against_returns,
    amounts_of,
    direct_of,
    enveloped,
    followed,
    said_of,
    self_funding,
)
from graphflow.redlines.sides import Side, side_of
from graphflow.rows import Moment
from graphflow.tracing.reaching import RULES

if TYPE_CHECKING:
    from graphflow.case import Case

CROWDFUNDING = "equity_crowdfunding_platform"
ANY = ("", "ordinary", "p2p_platform")
"""Sectors of which a platform for lending is taken for one between persons; any other says another thing."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    platform: Number | None = None,
    listing: Number | None = None,
    borrower: Number | None = None,
    fee: Number | None = None,
    market: Number | None = None,
    rates: Number | None = None,
    loss: Number | None = None,
    manager: Number | None = None,
    fund: Number | None = None,
    within: str = "30D",
    forward: str = "3D",
    hops: int = 6,
) -> Iterator[Finding]:
    """Platforms of whose loans, and managers of whose funds, part came to their own side.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    platform
        Least part of all that the platform raised.
    listing
        Least part of what one loan raised.
    borrower
        Least number of loans whose borrower of record is of the platform's side.
    fee
        Up to this part of what was raised fees are within their schedule.
    market
        So many others have to buy of a seller, to be one that a market pays.
    rates
        So many rates of outsiders' loans have to be known, for a rate to be compared with them.
    loss
        From what is overdue and unpaid on these loans (yuan) it is critical.
    manager
        Least part of all that a manager's funds paid out.
    fund
        Least part of what one fund paid out.
    within
        Until the end of which day behind the payment the money is followed.
    forward
        Within this time a company of the manager's side that only holds what funds pay has paid all of it on.
    hops
        Over how many transfers it is followed.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl02
    >>> [(f.measure, str(f.value)) for f in find(rl02.toy())], len(list(find(rl02.near_miss())))
    ([('self_funding', '7/20')], 0)
    >>> [(f.measure, str(f.value)) for f in find(rl02.fund_toy())], len(list(find(rl02.fund_near_miss())))
    ([('fund_self_funding', '1/2')], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, platform=platform, listing=listing, borrower=borrower, fee=fee, market=market,
        rates=rates, loss=loss, manager=manager, fund=fund, within=within, forward=forward, hops=hops,
    )  # fmt: skip
    how = How(hops, -(-span(within) // DAY), ask.threshold("fee"), int(ask.threshold("market")))
    lending = _platforms(ask.facts)
    for name, why in lending.items():
        offers = loans_of(ask.facts, name, only=len(lending) == 1)
        if len(offers.claims):
            yield from _asked(ask, offers, why, how)
    yield from of_funds(ask, replace(how, forward=span(forward, "forward")))


def self_funded(
    case: Case, *, as_of: Moment | None = None, within: str = "30D", hops: int = 6
) -> pd.DataFrame:
    """What of every loan came to the platform's own side: the table behind a finding.

    One row a loan: ``platform_id``, ``loan_id``, ``currency``, ``raised``; in minor units what came to the
    side under each rule (``fifo``, ``prorata``), and ``share``, the greater part.

    Parameters
    ----------
    as_of
        The day; None: everything.
    within, hops
        As `find` says.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl02
    >>> self_funded(rl02.toy())[["loan_id", "raised", "fifo", "prorata", "share"]].values.tolist()
    [['L', 100000, 35000, 35000, 0.35]]
    """
    ask = Inquiry(LINE, case, as_of, None)
    how = How(hops, -(-span(within) // DAY), ask.threshold("fee"), int(ask.threshold("market")))
    lending = _platforms(ask.facts)
    parts = []
    for name in lending:
        offers = loans_of(ask.facts, name, only=len(lending) == 1)
        for coin in offers.currencies:
            found = self_funding(ask.facts, offers, coin, how)
            if found is not None:
                parts.append(found.shares("platform_id", "loan_id"))
    columns = ["platform_id", "loan_id", "currency", "raised", *RULES, "share"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def self_funded_by_funds(
    case: Case, *, as_of: Moment | None = None, within: str = "30D", forward: str = "3D", hops: int = 6
) -> pd.DataFrame:
    """What of every fund came to its manager's own side: the table behind a finding.

    One row a fund: ``manager_id``, ``product_id``, ``currency``, ``raised`` (what it paid out); in minor
    units what came to the side under each rule (``fifo``, ``prorata``), and ``share``, the greater part.

    Parameters
    ----------
    as_of
        The day; None: everything.
    within, forward, hops
        As `find` says.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl02
    >>> self_funded_by_funds(rl02.fund_toy())[["product_id", "raised", "fifo", "prorata"]].values.tolist()
    [['F', 100000, 50000, 50000]]
    """
    ask = Inquiry(LINE, case, as_of, None)
    how = How(
        hops, -(-span(within) // DAY), ask.threshold("fee"), int(ask.threshold("market")),
        span(forward, "forward"),
    )  # fmt: skip
    return frame_of_funds(ask.facts, how)


def _platforms(facts: Facts) -> Mapping[str, Known]:
    """Platforms for lending; those for crowdfunding are another red line's."""
    return {
        name: why
        for name, why in facts.platforms("lending").items()
        if facts.party_sector[facts.party_number[name]] != CROWDFUNDING
    }


# ---------------------------------------------------------------- one platform


@dataclass(frozen=True)
class _Direct:
    """Loans whose borrower of record is of the side: which, and which of them are left out and why."""

    offers: Ints
    left_out: Ints
    note: str


def _asked(ask: Inquiry, offers: Offers, why: Known, how: How) -> Iterator[Finding]:
    facts = ask.facts
    begins = offers.claims["begins"].to_numpy()
    direct = _Direct(np.zeros(0, np.int64), np.zeros(0, np.int64), "")
    side = side_of(facts, offers.platform, int(begins.min()), int(begins.max()), offers.borrowers)
    if ask.runs("borrower"):
        direct = _disclosed(ask, offers, direct_of(facts, offers, side))
    left = offers.without(direct.left_out)
    own = facts.home
    paid = sets.union(left.paid["offer"].to_numpy(), left.kept["offer"].to_numpy())
    bare = sets.minus(direct.offers, paid)
    coins = sorted({*left.currencies, *([own] if bare.size else [])})
    for coin in coins:
        found = None
        if ask.runs("platform") and coin >= 0 and len(left.claims):
            found = self_funding(facts, left, coin, how)
        given = _Given.of(ask, left, found, direct, bare if coin == own else bare[:0], side, why)
        if given.hit:
            yield _finding(ask, given)


def _disclosed(ask: Inquiry, offers: Offers, direct: Ints) -> _Direct:
    """Borrowers of the side who are disclosed, at the rates of others: left out but on a platform between
    persons, where they may not borrow at all.
    """
    facts = ask.facts
    none = np.zeros(0, np.int64)
    if not direct.size:
        return _Direct(direct, none, "")
    sector = facts.party_sector[facts.party_number[offers.platform]]
    loans = facts.rows("loans").loc[offers.claims["place"]]
    rates = pd.Series(loans["rate"].to_numpy(), offers.claims.index)
    has = pd.Series(known(loans["rate"]), offers.claims.index)
    others = [Fraction(str(each)) for each in rates[has & ~rates.index.isin(direct)]]
    if len(others) < ask.threshold("rates"):
        return _Direct(direct, none, N_("there are not enough rates of outsiders to compare theirs with"))
    least, most = min(others), max(others)
    alike = [
        offer for offer in direct.tolist() if has[offer] and least <= Fraction(str(rates[offer])) <= most
    ]
    if sector in ANY:
        note = Told(
            N_("{count} of them are at rates of others; on a lending platform it is a red line all the same"),
            count=len(alike),
        )
        return _Direct(direct, none, note)
    out = np.array(alike, np.int64)
    return _Direct(
        sets.minus(direct, out), out,
        Told(
            N_("left out: {count} loans to disclosed borrowers of the group, at rates of others"),
            count=out.size,
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class _Given:
    """What was measured of one platform in one currency, and what of it is beyond its threshold.

    Attributes
    ----------
    hit
        The tests.
    concerned
        The loans that it is about.
    bare
        Loans of borrowers of the side on which no payment is known.
    """

    offers: Offers
    found: SelfFunding | None
    direct: _Direct
    bare: Ints
    side: Side
    why: Known
    hit: tuple[str, ...]
    beyond: Ints
    concerned: Ints

    @classmethod
    def of(
        cls, ask: Inquiry, offers: Offers, found: SelfFunding | None, direct: _Direct, bare: Ints, side: Side,
        why: Known,
    ) -> _Given:  # fmt: skip
        none = np.zeros(0, np.int64)
        hit, beyond, concerned = [], none, none
        mine = bare
        if found is not None:
            reached = found.table[list(RULES)].max(axis=1) > 0
            if max(found.part(rule) for rule in RULES) >= ask.threshold("platform"):
                hit.append("platform")
                concerned = found.table.index[reached.to_numpy()].to_numpy()
            beyond = found.beyond(ask.threshold("listing"))
            hit += ["listing"] if beyond.size else []
            raised = found.table.index[found.table["raised"].to_numpy() > 0].to_numpy()
            mine = sets.union(bare, sets.common(direct.offers, raised))
        if mine.size and mine.size >= ask.threshold("borrower"):
            hit.append("borrower")
        concerned = sets.unique(np.concatenate([concerned, beyond, mine if "borrower" in hit else none]))
        return cls(
            offers, found, _Direct(mine, direct.left_out, direct.note), bare, side, why, tuple(hit), beyond,
            concerned,
        )  # fmt: skip

    @property
    def first(self) -> str:
        """The measure that it is listed by."""
        return next(each for each in ("platform", "listing", "borrower") if each in self.hit)


def _measures(ask: Inquiry, given: _Given) -> tuple[list[Measure], dict[str, Fraction], Told | None]:
    """The measures, that which it is listed by first; it by rule; and what the envelope says of it."""
    found, bound = given.found, None
    measures: dict[str, Measure] = {}
    by_rule: dict[str, Fraction] = {}
    if found is not None and found.raised:
        parts = {rule: found.part(rule) for rule in RULES}
        shares = {rule: found.greatest(rule) for rule in RULES}
        measures["platform"] = ask.measure(
            "self_funding", N_("part of all that the platform raised that came to its own side"),
            max(parts.values()), "platform",
        )  # fmt: skip
        measures["listing"] = ask.measure(
            "greatest", N_("greatest part of what one loan raised that came there"), max(shares.values()),
            "listing",
        )  # fmt: skip
        if given.first != "borrower":
            by_rule = parts if given.first == "platform" else shares
    if given.direct.offers.size:
        measures["borrower"] = ask.measure(
            "borrowers", N_("loans whose borrower is of the platform's side"), given.direct.offers.size,
            "borrower",
        )  # fmt: skip
    ordered = [measures.pop(given.first), *measures.values()]
    if given.beyond.size:
        ordered.append(ask.measure("loans", N_("loans of which so much came there"), given.beyond.size))
    if found is not None and given.first != "borrower":
        which = found.table.index if given.first == "platform" else given.beyond[:1]
        more, bound = enveloped(ask, found, which, ask.threshold(given.first))
        ordered += more
    return ordered, by_rule, bound


def _finding(ask: Inquiry, given: _Given) -> Finding:
    facts, offers, found = ask.facts, given.offers, given.found
    measures, by_rule, bound = _measures(ask, given)
    currency = found.currency if found is not None else facts.tables.currency
    amounts = [0]
    if found is not None:
        reached = found.table.loc[found.table.index.isin(given.concerned), list(RULES)].sum()
        amounts = [int(reached[rule]) for rule in RULES]
    bare = int(offers.claims.loc[given.bare, "amount"].sum()) if "borrower" in given.hit else 0
    most, least = max(amounts) + bare, min(amounts) + bare
    fakes = _fictitious(ask, offers, given.concerned)
    lost, rows = _lost(ask, offers, given.concerned, currency)
    grave = bool(fakes) or (
        lost > 0 and currency == "CNY" and ask.in_force("loss") and lost >= ask.threshold("loss")
    )
    if lost:
        measures.append(
            ask.measure(
                "loss", N_("overdue and unpaid on these loans"), lost,
                "loss" if grave and not fakes else None, unit=currency,
            )
        )  # fmt: skip
    sure = "borrower" in given.hit or all(value >= ask.threshold(given.first) for value in by_rule.values())
    tagged = bool(offers.paid["tagged"].all())
    others = given.side.members(facts) - {offers.platform}
    flows = bool({"platform", "listing"} & set(given.hit)) or max(amounts) > 0  # else by the record alone
    kinds = {"flow": "shown" if tagged else "inferred"} if flows else {}
    kinds |= {"ownership": "shown"} if others else {}
    kinds |= {"contract": "shown"} if "borrower" in given.hit else {}
    return ask.finding(
        subject=("party", offers.platform),
        hit=given.hit,
        summary=_summary(facts, given, (least, most), currency),
        measures=measures,
        rows=[
            *offers.cite(facts, given.concerned), *given.why.cited,
            *(found.cite() if found is not None else _contract(facts, given)),
            *rows, *fakes,
        ],
        severity="critical" if grave else "high" if sure else "medium",
        severity_note="" if sure else N_("It is so under one rule of tracing, and not under the other."),
        kinds=kinds,
        elements={
            "raised": "shown" if tagged else ("inferred", BY_AMOUNT),
            "reaches": _reaches(given, bound),
            "side": said_of(given.found.side if given.found is not None else given.side),
        },
        against={
            "fees": against_fees(found),
            "returned": against_returns(offers),
            "disclosed": _disclosure(ask, given),
            "market": against_market(found),
        },
        amount=most,
        amount_least=least,
        currency=currency,
        by_rule=by_rule,
        chains=found.chains() if found is not None else (),
    )  # fmt: skip


def _summary(facts: Facts, given: _Given, amounts: tuple[int, int], currency: str) -> Told:
    name = facts.name_of(given.offers.platform) or given.offers.platform
    low, money = (amounts_of(facts, each, currency) for each in amounts)
    found = given.found
    if given.first == "platform" and found is not None:
        parts = [found.part(rule) for rule in RULES]
        if low != money:
            return Told(
                N_(
                    "{least} to {most} that {platform} raised, {low} % to {part} % of it by the rule of "
                    "tracing, came to its own side"
                ),
                least=low, most=money, platform=name, low=number_text(100 * min(parts)),
                part=number_text(100 * max(parts)),
            )  # fmt: skip
        return Told(
            N_("{amount} that {platform} raised, {part} % of it, came to its own side"),
            amount=money, platform=name, part=number_text(100 * max(parts)),
        )  # fmt: skip
    if given.first == "listing":
        return Told(
            N_("{amount} came to the own side of {platform}, of {count} loans at least half each"),
            amount=money, platform=name, count=given.beyond.size,
        )  # fmt: skip
    return Told(
        N_("{count} loans on {platform}, {amount}, are to borrowers of its own side"),
        count=given.direct.offers.size, platform=name, amount=money,
    )  # fmt: skip


def _reaches(given: _Given, bound: Told | None) -> tuple[str, str] | str:
    if given.found is None:
        return "shown", N_("no payment is known: by the record alone")
    text = followed(given.found)
    return "shown", text if bound is None else Told(N_("{first}; {rest}"), first=bound, rest=text)


def _disclosure(ask: Inquiry, given: _Given) -> tuple[str, str] | str:
    if not ask.runs("borrower"):
        return "unknown", N_("no table says who is of the platform's group")
    if given.direct.note:
        return (
            "present" if given.direct.offers.size or given.direct.left_out.size else "clear"
        ), given.direct.note
    return "clear", N_("no borrower of record is of the platform's side")


def _contract(facts: Facts, given: _Given) -> list[Cited]:
    """What says whose borrowers they are, where no payment is known."""
    offers = given.offers
    members = given.side.members(facts)
    parties = {offers.platform, *offers.claims.loc[given.concerned, "borrower"]}
    return [facts.cite_parties(parties), *facts.cite_ties(members | {offers.platform}), *facts.cite_last()]


def _fictitious(ask: Inquiry, offers: Offers, concerned: Ints) -> list[Cited]:
    """The rows, as context, by which borrowers of these loans are found to be made up (RL-07)."""
    borrowers = set(offers.claims.loc[concerned, "borrower"])
    made_up = fictitious.find(ask.case, as_of=ask.as_of, law=ask.overrides)  # type: ignore[arg-type]
    return [each.as_context() for f in made_up if f.subject_id in borrowers for each in f.cited]


def _lost(ask: Inquiry, offers: Offers, concerned: Ints, currency: str) -> tuple[int, list[Any]]:
    """What is due and unpaid on these loans, in the currency of the case; and the rows."""
    facts = ask.facts
    if not facts.has("instalments") or currency != facts.tables.currency:
        return 0, []
    rows = facts.rows("instalments")
    rows = rows[among(rows["loan_id"], offers.claims.loc[concerned, "name"])]
    rows = rows[micros(rows["due"]) <= facts.at]
    left = rows["amount"].to_numpy(np.int64) - rows["paid"].fillna(0).to_numpy(np.int64)
    return int(np.maximum(left, 0).sum()), [facts.cite("instalments", rows[left > 0])]


FUNDS = (
    ("products.manager_id", "products.issuer_id"),
    "accounts.party_id",
    ("transfers.product_id", "accounts.product_id"),
)
"""What the tests of funds need."""

LINE = RedLine(
    code="RL-02",
    name=N_("Self-financing"),
    name_zh="自融",
    asks=N_("Does money that was raised through loans or funds come to the own side of who raised it?"),
    tests=(
        Test(
            "platform",
            N_("what part of all that was raised came to the platform's own side"),
            ("loans", "accounts.party_id"),
        ),
        Test(
            "listing",
            N_("what part of what one loan raised came there"),
            ("loans", "accounts.party_id"),
        ),
        Test(
            "borrower",
            N_("whether a borrower of record is of the platform's side"),
            ("loans", ("stakes", "relations")),
        ),
        Test(
            "manager",
            N_("what part of all that a manager's funds paid out came to the manager's own side"),
            FUNDS,
        ),
        Test("fund", N_("what part of what one fund paid out came there"), FUNDS),
    ),
    elements={
        "raised": N_("money is raised for loans on the platform, or through funds"),
        "reaches": N_("part of it comes to the own side of who raised it"),
        "side": N_("who gets it is of the same group as who raised it, or related to that"),
        "purpose": N_("it was paid in order to get hold of the fund's money"),
    },
    elements_of={"purpose": ("manager", "fund")},
    guards={
        "fees": N_("it is fees within their schedule"),
        "returned": N_("it is given back of bids that came to nothing"),
        "disclosed": N_("the borrower is disclosed, and borrows as others do"),
        "market": N_("it is paid to a seller whom a whole market pays"),
        "redeemed": N_("it goes back to the fund's investors"),
        "holds": N_("a company of the group only holds it, and pays it on"),
        "named": N_("the register of the fund names the company that it is invested in"),
    },
    guards_of={
        **dict.fromkeys(("returned", "disclosed"), ("platform", "listing", "borrower")),
        **dict.fromkeys(("redeemed", "holds", "named"), ("manager", "fund")),
    },
    find=find,
    uses=("RL-07",),
)
"""RL-02 as data."""
