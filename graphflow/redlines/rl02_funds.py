"""RL-02 of funds: what managers raise through funds that comes to their own side.

The rule: who manages private funds must not invest their money, in order to get hold of it, in itself, in who
controls it or in their companies and projects (证监会公告〔2020〕71号 art. 9 (4)). Before 30 December 2020,
and of trust companies and other sellers of products, it is a red line by analogy alone: then it is held at
medium. For what purpose money was paid is not told by data: that is said of every finding, and none is
critical. What the register of a fund names as what it is invested in is told apart: where no more than that
came to the side, and did not go on to others of it, it is medium too. Whether investors were told is unknown.

Not it: fees within their schedule; what goes back to investors, up to twice what they had paid in; accounts
held for products, whoever's; funds, and companies that nobody of the side owns but funds; a company that pays
all of it on to outsiders within days. What lies in accounts of the manager into which investors paid does not
count: RL-01 and RL-23 ask about that.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, number_text
from graphflow.language import N_
from graphflow.law import law
from graphflow.redlines.asking import Inquiry
from graphflow.redlines.borrowing import whose
from graphflow.redlines.facts import Facts, Flags, Ints, known
from graphflow.redlines.funds import funds_of, managers_of
from graphflow.redlines.selffunding import (
    How,
    SelfFunding,
    against_market,
    amounts_of,
    enveloped,
    followed,
    said_of,
    self_funding,
)
from graphflow.rows import moment
from graphflow.tracing.reaching import RULES

RULED = "asset_manager"
"""The sector of those to whom the rule itself speaks."""

BEFORE = N_(
    "Held at medium: what was paid out before {day} is a red line by analogy alone: no rule named it then."
)
BY_ANALOGY = N_("Held at medium: by analogy alone: the rule is one of managers of private funds.")
BY_RULE = N_("It is so under one rule of tracing, and not under the other.")
NAMED = N_("Held at medium: what it came to is what the registers of the funds name.")


def of_funds(ask: Inquiry, how: How) -> Iterator[Finding]:
    """Managers of whose funds' money part came to their own side."""
    if not (ask.runs("manager") or ask.runs("fund")):
        return
    for manager, rows in managers_of(ask.facts).items():
        offers = funds_of(ask.facts, manager, rows)
        for coin in offers.currencies:
            found = self_funding(ask.facts, offers, coin, how)
            if found is not None:
                yield from _of_one(ask, _Given(ask, found))


def _of_one(ask: Inquiry, given: _Given) -> Iterator[Finding]:
    if given.hit:
        yield _finding(ask, given)


def first_rule() -> datetime.date:
    """The day since which a rule names self-financing of funds."""
    days = [
        row["since"] for row in law("articles") if row["code"] == "RL-02" and "自融行为" in row["text_zh"]
    ]
    return datetime.date.fromisoformat(min(days))


# ---------------------------------------------------------------- one manager, in one currency


@dataclass(frozen=True)
class _Given:
    """What was measured of one manager's funds, and what of it is beyond its threshold."""

    ask: Inquiry
    found: SelfFunding

    @cached_property
    def beyond(self) -> Ints:
        """The funds of which at least the threshold came to the side: the greatest first."""
        return self.found.beyond(self.ask.threshold("fund"))

    @cached_property
    def hit(self) -> tuple[str, ...]:
        """The tests."""
        most = max(self.found.part(rule) for rule in RULES)
        hit = ["manager"] if most and most >= self.ask.threshold("manager") else []
        return (*hit, *(["fund"] if self.beyond.size else []))

    @cached_property
    def concerned(self) -> Ints:
        """The funds that it is about."""
        if "manager" not in self.hit:
            return np.sort(self.beyond)
        table = self.found.table
        return np.asarray(table.index[(table[list(RULES)].max(axis=1) > 0).to_numpy()], np.int64)

    @property
    def by_rule(self) -> dict[str, Fraction]:
        """What it is listed by, under each rule."""
        if self.hit[0] == "manager":
            return {rule: self.found.part(rule) for rule in RULES}
        return {rule: self.found.greatest(rule) for rule in RULES}

    @property
    def sure(self) -> bool:
        """Whether it is so under every rule."""
        return all(value >= self.ask.threshold(self.hit[0]) for value in self.by_rule.values())

    # ------------------------------------------------------------ since the rule

    @cached_property
    def later(self) -> pd.DataFrame:
        """Of each fund what was paid out since a rule names it, and what of that came to the side."""
        found = self.found
        since = moment(first_rule(), found.facts.tables.timezone)[0]
        at = found.asked.ledger.rows["time"][found.asked.rows] >= since
        table = pd.DataFrame({"raised": found.asked.ledger.rows["net"][found.asked.rows]})
        for rule in RULES:
            table[rule] = found.reached[rule][:, 0]
        sums = table[at].groupby(found.offer_of[at]).sum().astype("int64")
        return sums.reindex(found.table.index, fill_value=0)

    @cached_property
    def ruled(self) -> bool:
        """Whether what was paid out since a rule names it alone is enough."""
        return self._enough(self.later)

    def _enough(self, table: pd.DataFrame) -> bool:
        """Whether the part of a table's columns is beyond the threshold under every rule."""
        limit = self.ask.threshold(self.hit[0])
        if self.hit[0] == "manager":
            table = table.sum().to_frame().T
        else:
            table = table.loc[self.beyond]
        least, raised = table[list(RULES)].min(axis=1).tolist(), table["raised"].tolist()
        return any(b and Fraction(int(a), int(b)) >= limit for a, b in zip(least, raised, strict=True))

    # ------------------------------------------------------------ what registers name

    @cached_property
    def holdings(self) -> pd.DataFrame:
        """The registers of these funds, with the party that each row names: ``offer``, ``party`` (number)."""
        facts, claims = self.found.facts, self.found.offers.claims
        rows = facts.rows("holdings")
        offers = dict(zip(claims["name"], claims.index, strict=True))
        rows = rows[rows["product_id"].isin(offers)]
        named = rows["borrower_id"].where(known(rows["borrower_id"]), rows["asset_id"])
        return rows.assign(
            offer=[offers[each] for each in rows["product_id"]],
            party=[facts.party_number.get(each, -1) for each in named],
        )

    @cached_property
    def unnamed(self) -> SelfFunding:
        """The same, where companies of the side that the funds' registers name are gone through.

        What one fund pays to what another's register names stays what it is: that is counted in `rest`.
        """
        found, named = self.found, self.holdings["party"].unique()
        who = whose(found.facts)
        opened = np.flatnonzero(np.isin(who, named[named >= 0]))
        paid = found.offers.paid[~self._strange]
        again = (
            self_funding(found.facts, replace(found.offers, paid=paid), self._coin, found.how, opened)
            if len(paid)
            else None
        )
        return again or found

    @cached_property
    def _strange(self) -> Flags:
        """Which payments out go to a company of the side that another fund's register names, not its own."""
        paid, who = self.found.offers.paid, whose(self.found.facts)
        size = self.found.facts.party_ids.size + 1
        party = who[paid["target"].to_numpy()]
        rows = self.holdings
        pairs = rows["offer"].to_numpy(np.int64) * size + rows["party"].to_numpy(np.int64)
        named = np.isin(party, rows["party"].to_numpy(np.int64)) & (party >= 0)
        return np.asarray(named & ~np.isin(paid["offer"].to_numpy() * size + party, pairs), np.bool_)

    @property
    def _coin(self) -> int:
        return self.found.facts.currencies.index(self.found.currency)

    @cached_property
    def rest(self) -> pd.DataFrame:
        """Of each fund what was paid out, and what came to the side beyond what its register names."""
        found = self.found
        table = found.table[["raised"]].copy()
        paid = found.offers.paid[self._strange & (found.offers.paid["currency"] == self._coin).to_numpy()]
        straight = paid.groupby("offer")["amount"].sum().reindex(table.index, fill_value=0)
        for rule in RULES:
            more = (
                self.unnamed.table[rule].reindex(table.index, fill_value=0)
                if self.unnamed is not found
                else 0
            )
            table[rule] = np.minimum(more + straight, found.table[rule])
        return table.astype("int64")

    @cached_property
    def open(self) -> bool:
        """Whether enough came to who is named by no register."""
        return self._enough(self.rest)


# ---------------------------------------------------------------- how it is said


def _finding(ask: Inquiry, given: _Given) -> Finding:
    facts, found = ask.facts, given.found
    offers = found.offers
    amounts = [int(found.table.loc[given.concerned, rule].sum()) for rule in RULES]
    measures, bound = _measures(ask, given)
    severity, note = _severity(facts, given)
    text = followed(found)
    again = given.unnamed
    return ask.finding(
        subject=("party", offers.platform),
        hit=given.hit,
        summary=_summary(facts, given, amounts),
        measures=measures,
        rows=[
            *offers.cite(facts, given.concerned), *found.cite(),
            *([] if again is found else [each.as_context() for each in again.cite()]),
            facts.cite("holdings", given.holdings, False), *_funds(facts, found),
        ],
        severity=severity,
        severity_note=note,
        kinds=_kinds(given),
        elements={
            "raised": _raised(facts, given),
            "reaches": ("shown", Told(N_("{first}; {rest}"), first=bound, rest=text)),
            "side": said_of(found.side),
            "purpose": ("unknown", N_("for what purpose money is paid is not told by data")),
        },
        against={
            "fees": _fees(found),
            "redeemed": _redeemed(found),
            "holds": _holding(found),
            "named": _named(facts, given),
            "market": against_market(found),
        },
        amount=max(amounts),
        amount_least=min(amounts),
        currency=found.currency,
        by_rule=given.by_rule,
        chains=found.chains(),
    )  # fmt: skip


def _severity(facts: Facts, given: _Given) -> tuple[str, str]:
    """How grave it is, and why it is held where it is."""
    if not given.sure:
        return "medium", BY_RULE
    number = facts.party_number.get(given.found.offers.platform, -1)
    if np.append(facts.party_sector, "")[number] != RULED:
        return "medium", BY_ANALOGY
    if not given.ruled:
        return "medium", Told(BEFORE, day=first_rule().isoformat())
    return ("high", "") if given.open else ("medium", NAMED)


def _kinds(given: _Given) -> dict[str, str]:
    others = given.found.side.members(given.found.facts) - {given.found.offers.platform}
    kinds = {"flow": "shown"} | ({"ownership": "shown"} if others else {})
    return kinds | ({"register": "shown"} if len(given.holdings) else {})


def _measures(ask: Inquiry, given: _Given) -> tuple[list[Measure], Told]:
    """The measures, that which it is listed by first; and what the envelope says of it."""
    found, by_manager = given.found, given.hit[0] == "manager"
    whole = ask.measure(
        "fund_self_funding", N_("part of all that the manager's funds paid out that came to its own side"),
        max(found.part(rule) for rule in RULES), "manager",
    )  # fmt: skip
    one = ask.measure(
        "greatest_fund", N_("greatest part of what one fund paid out that came there"),
        max(found.greatest(rule) for rule in RULES), "fund",
    )  # fmt: skip
    measures = [whole, one] if by_manager else [one, whole]
    if given.beyond.size:
        measures.append(ask.measure("funds", N_("funds of which so much came there"), given.beyond.size))
    rest = given.rest
    measures.append(
        ask.measure(
            "not_named", N_("of that, what came to who is not named by the fund's register"),
            int(rest.loc[given.concerned, list(RULES)].sum().max()), unit=found.currency,
        )
    )  # fmt: skip
    which = found.table.index if by_manager else given.beyond[:1]
    more, bound = enveloped(ask, found, which, ask.threshold(given.hit[0]))
    return [*measures, *more], bound


def _summary(facts: Facts, given: _Given, amounts: Sequence[int]) -> Told:
    found = given.found
    name = facts.name_of(found.offers.platform) or found.offers.platform
    low, money = (amounts_of(facts, each(amounts), found.currency) for each in (min, max))
    if given.hit[0] == "fund":
        least = number_text(100 * given.ask.threshold("fund"))
        return Told(
            N_("{amount} came to the own side of {manager}, of {count} of its funds at least {part} % each"),
            amount=money, manager=name, count=given.beyond.size, part=least,
        )  # fmt: skip
    parts = [number_text(100 * each(given.by_rule.values())) for each in (min, max)]
    if low != money:
        return Told(
            N_(
                "{least} to {most} that funds of {manager} paid out, {low} % to {part} % of it by the rule "
                "of tracing, came to the manager's own side"
            ),
            least=low, most=money, manager=name, low=parts[0], part=parts[1],
        )  # fmt: skip
    return Told(
        N_("{amount} that funds of {manager} paid out, {part} % of it, came to the manager's own side"),
        amount=money, manager=name, part=parts[1],
    )  # fmt: skip


def _raised(facts: Facts, given: _Given) -> tuple[str, str] | str:
    found = given.found
    before = int(found.table["raised"].sum()) - int(given.later["raised"].sum())
    if not before:
        return "shown"
    return "shown", Told(
        N_("of what the funds paid out {amount} was paid before {day}, when no rule named it"),
        amount=amounts_of(facts, before, found.currency), day=first_rule().isoformat(),
    )  # fmt: skip


def _fees(found: SelfFunding) -> tuple[str, str]:
    fees = max(int(found.table[f"fee_{rule}"].sum()) for rule in RULES)
    if not fees:
        return "clear", N_("nothing that came there says that it is a fee")
    return "present", Told(
        N_("{amount} says that it is fees: of each fund what is within {part} of it is left out"),
        amount=amounts_of(found.facts, fees, found.currency), part=number_text(found.how.fee),
    )  # fmt: skip


def _redeemed(found: SelfFunding) -> tuple[str, str]:
    offers = found.offers
    if not offers.payers.size:
        return "unknown", N_("no payment of an investor is known: what is paid back could not be told")
    if not offers.returned.size:
        return "clear", N_("no payment out of the funds goes back to investors")
    return "present", Told(N_("left out: {count} payments to investors"), count=offers.returned.size)


def _holding(found: SelfFunding) -> tuple[str, str]:
    if not found.vehicles.size:
        return "clear", N_("nobody of the manager's side has paid all of it on within the time")
    return "present", Told(
        N_("{count} accounts of the group only held it and have paid all of it on: they do not count"),
        count=found.vehicles.size,
    )


def _named(facts: Facts, given: _Given) -> tuple[str, str]:
    found = given.found
    if not len(given.holdings):
        return "unknown", N_("no register says what the funds are invested in")
    concerned = given.concerned
    named = [int(found.table.loc[concerned, r].sum() - given.rest.loc[concerned, r].sum()) for r in RULES]
    if not max(named):
        return "clear", N_("no register of these funds names who got it")
    return "present", Told(
        N_(
            "{amount} came to companies that the register of the fund names, and did not go on to others of "
            "the side; whether investors were told is not known"
        ),
        amount=amounts_of(facts, max(named), found.currency),
    )


def _funds(facts: Facts, found: SelfFunding) -> list[Cited]:
    """What says which accounts are held for products, beside the accounts themselves."""
    rows = facts.rows("products")
    parties = {facts.holder(each) for each in sets.unique(found.offers.paid["source"].to_numpy()).tolist()}
    return [
        facts.cite("products", rows[rows["issuer_id"].isin(parties)], False),
        facts.cite_parties(parties - {""}),
    ]


def frame_of_funds(facts: Facts, how: How) -> pd.DataFrame:
    """What of every fund came to its manager's own side: see `rl02_self_financing.self_funded_by_funds`."""
    parts = []
    for manager, rows in managers_of(facts).items():
        offers = funds_of(facts, manager, rows)
        for coin in offers.currencies:
            found = self_funding(facts, offers, coin, how)
            if found is not None:
                parts.append(found.shares("manager_id", "product_id"))
    columns = ["manager_id", "product_id", "currency", "raised", *RULES, "share"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
