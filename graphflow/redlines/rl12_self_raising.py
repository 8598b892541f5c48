"""RL-12 Raising for oneself (自筹): a crowdfunding platform raises money that comes to its own side.

The rule: a platform for equity crowdfunding must not raise money for itself (国办发〔2016〕21号 二（一）).
Looked at: who issues what is offered on it, beside the platform's group; and of every offer what part of the
proceeds came, over some transfers and days, first in, first out and pro rata, to the group or who is related
to it. Not it: fees within their schedule, what is given back of offers that came to nothing, what is paid to
a seller whom a whole market pays, and a company of the group that only holds for the investors and pays all
of it on within days. An offer that is neither a product nor a loan on the platform is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, number_text
from graphflow.language import N_
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, span
from graphflow.redlines.facts import DAY, Facts, Ints, Known
from graphflow.redlines.offers import Offers, loans_of, products_of
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


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    proceeds: Number | None = None,
    issuer: Number | None = None,
    fee: Number | None = None,
    market: Number | None = None,
    within: str = "60D",
    forward: str = "3D",
    hops: int = 6,
) -> Iterator[Finding]:
    """Crowdfunding platforms that offer what their own side issues, or whose offers' money comes there.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    proceeds
        Least part of the proceeds of one offer.
    issuer
        Least number of offers whose issuer is of the platform's side.
    fee
        Up to this part of the proceeds fees are within their schedule.
    market
        So many others have to buy of a seller, to be one that a market pays.
    within
        Until the end of which day behind the payment the money is followed.
    forward
        Within this time a company that only holds for the investors has paid all of it on.
    hops
        Over how many transfers the money is followed.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl12
    >>> [(f.measure, str(f.value)) for f in find(rl12.toy())], len(list(find(rl12.near_miss())))
    ([('proceeds', '7/10')], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, proceeds=proceeds, issuer=issuer, fee=fee, market=market, within=within,
        forward=forward, hops=hops,
    )  # fmt: skip
    days = -(-span(within) // DAY)
    how = How(hops, days, ask.threshold("fee"), int(ask.threshold("market")), span(forward, "forward"))
    for name, why in ask.facts.platforms("crowdfunding").items():
        for offers in (products_of(ask.facts, name), loans_of(ask.facts, name, only=False)):
            if len(offers.claims):
                yield from _asked(ask, offers, why, how)


def _asked(ask: Inquiry, offers: Offers, why: Known, how: How) -> Iterator[Finding]:
    """What is found of one kind of a platform's offers, by currency."""
    facts = ask.facts
    begins = offers.claims["begins"].to_numpy()
    side = side_of(facts, offers.platform, int(begins.min()), int(begins.max()), offers.borrowers)
    direct = direct_of(facts, offers, side) if ask.runs("issuer") else np.zeros(0, np.int64)
    paid = sets.union(offers.paid["offer"].to_numpy(), offers.kept["offer"].to_numpy())
    for coin in offers.currencies:
        found = self_funding(facts, offers, coin, how) if ask.runs("proceeds") else None
        if found is None:
            continue
        raised = found.table.index[found.table["raised"].to_numpy() > 0].to_numpy()
        mine = sets.minus(sets.common(direct, raised), _only_held(found))
        beyond = found.beyond(ask.threshold("proceeds"))
        hit = ["proceeds"] if beyond.size else []
        if mine.size and mine.size >= ask.threshold("issuer"):
            hit.append("issuer")
        if hit:
            yield _finding(ask, offers, found, found.side, (tuple(hit), beyond, mine), why)
    bare = sets.minus(direct, paid)
    if bare.size and bare.size >= ask.threshold("issuer"):
        yield _finding(ask, offers, None, side, (("issuer",), bare[:0], bare), why)


def _only_held(found: SelfFunding) -> Ints:
    """Offers of which all that was paid out came to accounts that only held it for the investors."""
    paid = found.offers.paid
    held = np.isin(paid["target"].to_numpy(), found.vehicles)
    whole = paid.assign(held=held).groupby("offer")["held"].all()
    return np.asarray(whole.index[whole.to_numpy(np.bool_)], np.int64)


def _finding(
    ask: Inquiry, offers: Offers, found: SelfFunding | None, side: Side,
    given: tuple[tuple[str, ...], Ints, Ints], why: Known,
) -> Finding:  # fmt: skip
    facts = ask.facts
    hit, beyond, mine = given
    concerned = sets.union(beyond, mine) if "issuer" in hit else beyond  # else they are no part of it
    currency = found.currency if found is not None else facts.tables.currency
    measures, by_rule, bound = _measures(ask, found, given)
    amounts = [0]
    if found is not None:
        reached = found.table.loc[concerned, list(RULES)].sum()
        amounts = [int(reached[rule]) for rule in RULES]
    tagged = bool(offers.paid["tagged"].all())
    sure = "issuer" in hit or all(value >= ask.threshold("proceeds") for value in by_rule.values())
    kinds = {} if found is None else {"flow": "shown" if tagged else "inferred"}
    kinds |= {"ownership": "shown"} if side.members(facts) - {offers.platform} else {}
    kinds |= {"register": "shown"} if "issuer" in hit else {}
    return ask.finding(
        subject=("party", offers.platform),
        hit=hit,
        summary=_summary(
            facts, offers, found, given, [amounts_of(facts, each(amounts), currency) for each in (min, max)]
        ),
        measures=measures,
        rows=[
            *offers.cite(facts, concerned), *why.cited,
            *(found.cite() if found is not None else _register(facts, offers, side, concerned)),
        ],
        severity="high" if sure else "medium",
        severity_note="" if sure else N_("It is so under one rule of tracing, and not under the other."),
        kinds=kinds,
        elements={
            "raised": "shown" if tagged else ("inferred", BY_AMOUNT),
            "reaches": _reaches(found, bound),
            "side": said_of(side),
        },
        against={
            "fees": against_fees(found),
            "returned": against_returns(offers),
            "holds": _holding(found),
            "market": against_market(found),
        },
        amount=max(amounts) if found is not None else None,
        amount_least=min(amounts) if found is not None else None,
        currency=currency,
        by_rule=by_rule,
        chains=found.chains() if found is not None else (),
    )  # fmt: skip


def _measures(
    ask: Inquiry, found: SelfFunding | None, given: tuple[tuple[str, ...], Ints, Ints]
) -> tuple[list[Measure], Mapping[str, Fraction], Told | None]:
    hit, beyond, mine = given
    measures: list[Measure] = []
    by_rule: dict[str, Fraction] = {}
    bound = None
    if found is not None:
        by_rule = {rule: found.greatest(rule) for rule in RULES}
        title = N_("greatest part of one offer's proceeds that came to the platform's own side")
        measures.append(ask.measure("proceeds", title, max(by_rule.values()), "proceeds"))
        if beyond.size > 1:
            measures.append(ask.measure("offers", N_("offers of which so much came there"), beyond.size))
    if mine.size:
        title = N_("offers whose issuer is of the platform's side")
        measures.append(ask.measure("issuers", title, mine.size, "issuer"))
    if "proceeds" not in hit:
        measures.sort(key=lambda each: each.name != "issuers")
        return measures, {}, None
    assert found is not None
    more, bound = enveloped(ask, found, beyond[:1].tolist(), ask.threshold("proceeds"))
    return [*measures, *more], by_rule, bound


def _summary(
    facts: Facts,
    offers: Offers,
    found: SelfFunding | None,
    given: tuple[tuple[str, ...], Ints, Ints],
    money: Sequence[str],
) -> Told:
    hit, _, mine = given
    name = facts.name_of(offers.platform) or offers.platform
    if "proceeds" in hit and found is not None:
        parts = [found.greatest(rule) for rule in RULES]
        low, part = (number_text(100 * each) for each in (min(parts), max(parts)))
        if (low, money[0]) != (part, money[1]):
            return Told(
                N_(
                    "{least} to {most} raised on {platform}, {low} % to {part} % of one offer by the rule of "
                    "tracing, came to the platform's own side"
                ),
                least=money[0], most=money[1], platform=name, low=low, part=part,
            )  # fmt: skip
        return Told(
            N_("{money} raised on {platform}, {part} % of one offer, came to the platform's own side"),
            money=money[1], platform=name, part=part,
        )  # fmt: skip
    return Told(
        N_("{count} offers on {platform} are issued by the platform's own side"),
        count=mine.size,
        platform=name,
    )


def _reaches(found: SelfFunding | None, bound: Told | None) -> tuple[str, str]:
    if found is None:
        return "unknown", N_("no payment is known: by the register alone")
    text = followed(found)
    return "shown", text if bound is None else Told(N_("{first}; {rest}"), first=bound, rest=text)


def _holding(found: SelfFunding | None) -> tuple[str, str]:
    if found is None:
        return "unknown", N_("no payment is known")
    if not found.vehicles.size:
        return "clear", N_("nobody of the platform's side has paid all of it on within the time")
    return "present", Told(
        N_("{count} accounts of the group only held it and have paid all of it on: they do not count"),
        count=found.vehicles.size,
    )


def _register(facts: Facts, offers: Offers, side: Side, concerned: Ints) -> list[Cited]:
    """What says whose issuers they are, where no payment is known."""
    parties = {offers.platform, *offers.claims.loc[concerned, "borrower"]}
    ties = facts.cite_ties(side.members(facts) | {offers.platform})
    return [facts.cite_parties(parties), *ties, *facts.cite_last()]


LINE = RedLine(
    code="RL-12",
    name=N_("Raising for oneself"),
    name_zh="自筹",
    asks=N_("Does a platform for equity crowdfunding raise money for itself?"),
    tests=(
        Test(
            "proceeds",
            N_("what part of an offer's proceeds came to the platform's own side"),
            (("products", "loans"), "accounts.party_id", "parties.sector"),
        ),
        Test(
            "issuer",
            N_("whether an issuer is of the platform's side"),
            (("products.issuer_id", "loans"), ("stakes", "relations"), "parties.sector"),
        ),
    ),
    elements={
        "raised": N_("money is raised by offers on the platform"),
        "reaches": N_("it comes to the platform's own side"),
        "side": N_("who gets it is of the platform's group, or related to it"),
    },
    guards={
        "fees": N_("it is fees within their schedule"),
        "returned": N_("it is given back of offers that came to nothing"),
        "holds": N_("a company of the group only holds it for the investors, and pays it on"),
        "market": N_("it is paid to a seller whom a whole market pays"),
    },
    find=find,
)
"""RL-12 as data."""
