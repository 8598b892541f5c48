"""Self-funding: what part of what a platform raised came to its own side, offer by offer.

One question for all offers of a platform (RL-02, RL-12). What was paid out for every offer is followed, over
a number of transfers and until the end of a day so many days later, first in, first out and pro rata, and
stops at the first account of the platform's side: its group, as it was on that day, and who is related to it.
Of what came there, fees within their schedule do not count. It is not followed through custody, through
accounts without a statement, nor through a seller whom a whole market pays: what went there is told.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Measure, cited, number_text
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry
from graphflow.redlines.borrowing import cite_whose, stops, whose
from graphflow.redlines.facts import Facts, Flags, Ints, local_days
from graphflow.redlines.offers import Offers, is_fee
from graphflow.redlines.raising import holders
from graphflow.redlines.sides import Side, side_of
from graphflow.rows import moment
from graphflow.tracing.excerpt import Change, surroundings
from graphflow.tracing.reaching import RULES, Asked, Range, Reached, by_rule, range_of

SIDE, FEE, MARKET, UNSEEN, FORMER, LARGE = range(1, 7)
"""What an account is that money stops at: of the platform's side; a fee paid there; a seller whom a market
pays; one without a statement; one of the side that was not yet, or no more, of the group; one too large."""

BY_AMOUNT = N_("some payments are told by amount and day alone")

ENDS_THERE = ("cash", "securities", "margin")
"""Kinds of accounts that money is not followed through, beside those that are guarded (a bank's own, say)."""

CLOSE = 2
"""Within so many transfers behind what was paid out nobody is an independent buyer."""

MOST_ROWS = 1_000_000
"""Through accounts of more transfers money is not followed."""

BUDGET = 20_000_000
"""Edges that may be looked at for the envelope of one platform."""

_AWAY = np.iinfo(np.int64).max // 4


# ---------------------------------------------------------------- the measure


@dataclass(frozen=True)
class How:
    """How it is asked.

    Attributes
    ----------
    hops, days
        Over how many transfers, and until the end of which day, the money is followed.
    fee
        Up to this part of an offer fees are within their schedule.
    market
        A seller of whom so many others buy, who bring at least half of its money, is a market's.
    forward : microseconds, or None
        Within this time an account of the side that only holds for investors has paid all of it on.
    """

    hops: int
    days: int
    fee: Fraction
    market: int
    forward: int | None = None


@dataclass(frozen=True)
class SelfFunding:
    """What came to the platform's side, in one currency.

    Attributes
    ----------
    table
        One row an offer: ``raised``; by rule what ``reached`` the side (``fifo``, ``prorata``: what was
        kept, and fees beyond the schedule, among it); ``fee_fifo``, ``fee_prorata`` (fees in all);
        ``kept``; ``straight`` (fees out of custody); ``market``, ``unseen``, ``former``, ``large`` (first in,
        first out: what went to such accounts); the index is that of the claims.
    """

    facts: Facts = field(repr=False)
    offers: Offers
    side: Side
    how: How
    currency: str
    table: pd.DataFrame
    offer_of: Ints = field(repr=False)
    asked: Asked = field(repr=False)
    reached: Mapping[str, Ints] = field(repr=False)
    lots: Reached = field(repr=False)
    places: Ints = field(repr=False)
    walked: Ints = field(repr=False)
    sellers: Ints = field(repr=False)
    vehicles: Ints = field(repr=False)

    @cached_property
    def raised(self) -> int:
        """All that was raised."""
        return int(self.table["raised"].sum())

    def part(self, rule: str) -> Fraction:
        """The part of all that was raised that reached the side."""
        return Fraction(int(self.table[rule].sum()), self.raised) if self.raised else Fraction(0)

    def greatest(self, rule: str) -> Fraction:
        """The same of that offer of which it is most."""
        reached, raised = self.table[rule].to_numpy(), self.table["raised"].to_numpy()
        about = reached / np.maximum(raised, 1)
        close = np.flatnonzero((raised > 0) & (about >= about.max(initial=0) - 1e-9))
        parts = {Fraction(int(reached[at]), int(raised[at])) for at in close.tolist()}
        return max(parts, default=Fraction(0))

    def beyond(self, least: Fraction) -> Ints:
        """The offers of which at least a part reached the side under some rule: the greatest first."""
        best = self.table[list(RULES)].max(axis=1)
        hit = [
            (-Fraction(int(a), int(b)), int(offer))
            for a, b, offer in zip(best, self.table["raised"], self.table.index, strict=True)
            if b and a * least.denominator >= b * least.numerator
        ]
        return np.array([offer for _, offer in sorted(hit)], np.int64)

    def range(self, which: Iterable[int], budget: int = BUDGET) -> tuple[Range, int]:
        """What of some offers any conserving attribution could bring to the side: see `range_of`.

        What was kept, and fees out of custody beyond the schedule, is in both bounds; fees that were paid
        later may all be within it, or none.
        """
        offers = np.fromiter(which, np.int64)
        seeds = np.flatnonzero(np.isin(self.offer_of, offers))
        mine = self.table.loc[offers]
        fees = bool((mine[[f"fee_{rule}" for rule in RULES]].to_numpy() > mine[["allowed"]].to_numpy()).any())
        goals = (SIDE, FEE) if fees else (SIDE,)
        low, left = range_of(self.asked, seeds, (SIDE,), budget)
        high, left = range_of(self.asked, seeds, goals, left) if fees else (low, left)
        sure = int(mine["kept"].sum() + (mine["straight"] - mine["allowed"]).clip(lower=0).sum())
        return Range(low.least + sure, high.greatest + sure, low.exact and high.exact, high.left_out), left

    def shares(self, whose: str, offer: str) -> pd.DataFrame:
        """The offers of which something was raised, as a table; ``whose``, ``offer``: what the columns of the
        platform and of the offer are called.
        """
        table = self.table[self.table["raised"] > 0]
        share = table[list(RULES)].max(axis=1) / table["raised"]
        frame = table[["raised", *RULES]].assign(share=share)
        frame.insert(0, "currency", self.currency)
        frame.insert(0, offer, self.offers.claims["name"].reindex(table.index))
        frame.insert(0, whose, self.offers.platform)
        return frame

    def cite(self) -> list[Cited]:
        """The rows: what was paid out, and what carried it to the side, show it; what is needed to tell it
        again is context.
        """
        facts, offers = self.facts, self.offers
        paid = offers.paid["row"].to_numpy()
        carried = self.places[sets.unique(self.lots.carried[:, 1])]
        ledger = facts.ledger.rows
        source, target = facts.of_ledger[ledger["source"]], facts.of_ledger[ledger["target"]]
        walked = _flags(facts.account_ids.size, self.walked) | _flags(facts.account_ids.size, self.vehicles)
        near = walked[source] | walked[target] | _flags(facts.account_ids.size, self.sellers)[target]
        rows = ledger["origin"][near].astype(np.int64)
        every = sets.unique(np.concatenate([rows, offers.rows]))
        here = np.isin(ledger["origin"], every)
        touched = sets.unique(np.concatenate([source[here], target[here]]))
        runs = facts.accounts_of([offers.platform])
        found = [
            Cited("transfers", sets.unique(paid)),
            Cited("transfers", sets.unique(carried)),
            Cited("transfers", sets.unique(offers.collected)),
            Cited("transfers", every, False),
            *cite_whose(facts, [*touched, *runs]),
            facts.cite_parties([offers.platform]),
            *facts.cite_ties(self.side.members(facts)),
        ]
        if facts.tables.has("coverage"):
            found.append(cited("coverage", facts.coverage_of(touched), False))
        return [*found, *facts.cite_last()]

    def chains(self) -> list[Mapping[str, Any]]:
        """The greatest ways first in, first out."""
        ids, places = self.facts.ids, self.places
        return [
            {"amount": amount, "currency": self.currency, "transfers": ids(places[list(rows)])}
            for amount, rows in self.lots.ways
        ]


def self_funding(
    facts: Facts, offers: Offers, currency: int, how: How, opened: Ints | None = None
) -> SelfFunding | None:
    """What came to the platform's side of everything that it raised in one currency (a code); None: nothing
    was raised. ``opened``: accounts of the side through which the money is followed further.
    """
    paid, kept, fees = (
        frame[frame["currency"] == currency] for frame in (offers.paid, offers.kept, offers.fees)
    )
    deadlines = _deadline(facts, kept["last"].to_numpy(), how.days)
    kept = kept[deadlines <= facts.at]  # what came later may still be paid out
    if paid.empty and kept.empty:
        return None
    times = np.concatenate([paid["time"].to_numpy(), kept["last"].to_numpy()])
    until = _deadline(facts, paid["time"].to_numpy(), how.days)
    last = int(until.max(initial=int(times.max())))
    side = side_of(facts, offers.platform, int(times.min()), min(last, facts.at), offers.borrowers)
    side = side.apart_from(facts, offers.funds)
    map_ = _Map(facts, offers, paid, side, how, opened)
    asked, places, offer_of = map_.part(paid, until)
    found, lots = by_rule(asked, FEE)
    table = _table(offers, how, (paid, kept, fees), (offer_of, found, lots))
    return SelfFunding(
        facts, offers, side, how, facts.currencies[currency], table, offer_of, asked, found, lots, places,
        np.flatnonzero(map_.walked), map_.sellers, map_.vehicles,
    )  # fmt: skip


def _deadline(facts: Facts, times: Ints, days: int) -> Ints:
    """The last moment of the local day so many days behind the day of each time."""
    if not times.size:
        return np.zeros(0, np.int64)
    ends, inverse = np.unique(local_days(facts, times) + days, return_inverse=True)
    epoch = datetime.date(1970, 1, 1)
    moments = [moment(epoch + datetime.timedelta(day), facts.tables.timezone)[1] for day in ends.tolist()]
    return np.array(moments, np.int64)[inverse]


def _table(
    offers: Offers,
    how: How,
    frames: tuple[pd.DataFrame, ...],
    found: tuple[Ints, Mapping[str, Ints], Reached],
) -> pd.DataFrame:
    """What each offer raised and what of it reached the side."""
    (paid, kept, fees), (offer_of, amounts, lots) = frames, found
    index = offers.claims.index.to_numpy()
    size = int(index.max()) + 1

    def sums(of: Ints, values: Ints) -> Ints:
        total = np.zeros(size, np.int64)
        np.add.at(total, of, values)
        found: Ints = total[index]
        return found

    table = pd.DataFrame(index=offers.claims.index)
    straight = sums(fees["offer"].to_numpy(), fees["amount"].to_numpy())
    stays = sums(kept["offer"].to_numpy(), kept["amount"].to_numpy())
    raised = sums(paid["offer"].to_numpy(), paid["amount"].to_numpy()) + stays + straight
    table["raised"] = raised
    table["kept"], table["straight"] = stays, straight
    # the part of a unit that a schedule would allow is not allowed
    allowed = np.array([int(how.fee * int(each)) for each in raised], np.int64)
    table["allowed"] = allowed
    for rule in RULES:
        fee = sums(offer_of, amounts[rule][:, FEE - 1]) + straight
        table[f"fee_{rule}"] = fee
        table[rule] = sums(offer_of, amounts[rule][:, SIDE - 1]) + stays + np.maximum(fee - allowed, 0)
    for name, goal in (("market", MARKET), ("unseen", UNSEEN), ("former", FORMER), ("large", LARGE)):
        table[name] = sums(offer_of, lots.amounts[:, goal - 1])
    return table


class _Map:
    """What each account is for one platform's money: of its side, walked through, or a stop."""

    def __init__(
        self, facts: Facts, offers: Offers, paid: pd.DataFrame, side: Side, how: How,
        opened: Ints | None = None,
    ) -> None:  # fmt: skip
        self.facts, self.offers, self.side, self.how = facts, offers, side, how
        self.size = facts.account_ids.size
        self.holder = holders(facts)
        self.who = whose(facts)
        self.starts = _flags(self.size, paid["target"].to_numpy())
        self.flows = facts.flows
        self.source, self.target = self.flows["source"].to_numpy(), self.flows["target"].to_numpy()
        members = self.side.spans["party"].to_numpy()
        ends_there = facts.account_is(*ENDS_THERE)
        self.ours = np.isin(self.who, members) & (self.who >= 0) & ~facts.guarded & ~ends_there
        self.stops = stops(facts) | ends_there
        self.stops[offers.held] = True  # what is held for a product is its investors', not the side's
        self.ours[offers.held] = False
        if opened is not None:
            self.ours[opened] = False
        self.held = _held(facts)
        self.vehicles = self._vehicles(paid)
        self.ours[self.vehicles] = False
        blocked = self.stops | ~self.held | self.ours
        self.sellers = self._sellers(blocked)
        self.market = _flags(self.size, self.sellers)
        self.ours &= ~self.market
        self.walked = self._between(blocked | self.market)
        self.large = self._large()
        self.walked &= ~self.large

    # ------------------------------------------------------------ which way

    def _forward(self, blocked: Flags) -> Ints:
        """By holder: over how few transfers money can come there."""
        away = np.full(self.facts.party_ids.size + self.size, _AWAY, np.int64)
        away[self.holder[self.starts]] = 0
        pays = ~blocked[self.source]
        one, other = self.holder[self.source[pays]], self.holder[self.target[pays]]
        for step in range(self.how.hops):
            near = other[away[one] == step]
            near = near[away[near] > step]
            if not near.size:
                break
            away[near] = step + 1
        return away

    def _between(self, blocked: Flags) -> Flags:
        """Accounts through which money can come from what was paid out to the side, in few transfers."""
        away = self._forward(blocked)
        pays = ~blocked[self.source] & (away[self.holder[self.source]] < self.how.hops)
        source, target = self.source[pays], self.target[pays]
        back = np.full(away.size, _AWAY, np.int64)
        straight = self.ours[target] | self.market[target]  # what goes to a market's sellers is told
        back[self.holder[source[straight]]] = 1
        on = ~blocked[target]
        one, other = self.holder[source[on]], self.holder[target[on]]
        for step in range(1, self.how.hops):
            near = one[back[other] == step]
            near = near[back[near] > step]
            if not near.size:
                break
            back[near] = step + 1
        found: Flags = ~blocked & (away + back <= self.how.hops)[self.holder]
        return found

    # ------------------------------------------------------------ what looks like it and is not

    def _sellers(self, blocked: Flags) -> Ints:
        """Accounts that a whole market pays: many others bring at least half of their money.

        Who is financed is none, nor is the platform. Nobody is another to whom the money may have come itself
        in few transfers, for an account of the side in any number: or so many shells would be a market.
        """
        facts = self.facts
        away = self._forward(blocked)
        reached = (away < _AWAY)[self.holder]
        financed = {facts.party_number.get(each, -2) for each in self.offers.claims["borrower"].unique()}
        financed.add(facts.party_number.get(self.offers.platform, -2))
        free = reached & ~self.starts & ~np.isin(self.who, sorted(financed)) & ~self.stops
        into = np.flatnonzero(free[self.target] & ~self.flows["own"].to_numpy())
        payer = self.holder[self.source[into]]
        others = ~self.facts.guarded[self.source[into]] & ~self.ours[self.source[into]]
        others &= ~np.isin(payer, np.array(sorted(financed))) & ~np.isin(payer, self.offers.payers)
        others &= ~np.isin(facts.account_kind[self.source[into]], ENDS_THERE)
        others &= away[payer] > np.where(self.ours[self.target[into]], _AWAY - 1, CLOSE)
        target, amount = self.target[into], self.flows["amount"].to_numpy()[into]
        currency = self.flows["currency"].to_numpy()[into]
        frame = pd.DataFrame({"target": target[others], "payer": payer[others]}).drop_duplicates()
        counts = frame["target"].value_counts()
        chosen = np.isin(target, counts.index.to_numpy()[counts.to_numpy() >= self.how.market])
        money = pd.DataFrame(
            {
                "target": target[chosen], "currency": currency[chosen], "all": amount[chosen],
                "others": np.where(others, amount, 0)[chosen],
            }
        ).groupby(["target", "currency"]).sum()  # fmt: skip
        enough = (2 * money["others"] >= money["all"]).groupby(level="target").all()
        return np.asarray(enough.index[enough.to_numpy(np.bool_)], np.int64)

    def _vehicles(self, paid: pd.DataFrame) -> Ints:
        """Accounts of the side, not the platform itself, that pay on in time all that offers bring."""
        within = self.how.forward
        if within is None or paid.empty:
            return np.zeros(0, np.int64)
        runs = self.facts.party_number.get(self.offers.platform, -2)
        found = []
        for account in sets.unique(paid["target"].to_numpy()).tolist():
            if not self.ours[account] or self.who[account] == runs or not self.held[account]:
                continue
            mine = paid[paid["target"] == account].sort_values("time")
            coin = int(mine["currency"].iloc[0])
            at = self.facts.paid_by((account,))
            at = at[(self.flows["currency"].to_numpy()[at] == coin) & ~self.ours[self.target[at]]]
            times = self.flows["time"].to_numpy()[at]
            after = np.concatenate(([0], np.cumsum(self.flows["amount"].to_numpy()[at])))
            begun = after[np.searchsorted(times, mine["time"].iloc[0], side="left")]
            gone = after[np.searchsorted(times, mine["time"].to_numpy() + within, side="right")] - begun
            if (gone >= mine["amount"].to_numpy().cumsum()).all():
                found.append(account)
        return np.array(found, np.int64)

    def _large(self) -> Flags:
        """Accounts of too many transfers."""
        if not self.walked.any():
            return np.zeros(self.size, np.bool_)
        counts = np.bincount(self.source, minlength=self.size) + np.bincount(self.target, minlength=self.size)
        return np.asarray(self.walked & (counts > MOST_ROWS), np.bool_)

    # ------------------------------------------------------------ the part of the case

    def part(self, paid: pd.DataFrame, until: Ints) -> tuple[Asked, Ints, Ints]:
        """The question, of the rows of the accounts that are walked; the place of each row there in the
        table; and the offer of each seed.

        Fees, and what came to who was not of the side then, are paid to accounts of their own there.
        """
        facts = self.facts
        ledger = facts.ledger
        accounts = np.flatnonzero(self.walked)
        number_of = np.empty(self.size, np.int64)
        number_of[facts.of_ledger] = np.arange(facts.of_ledger.size)
        numbers = number_of[accounts]
        place = np.full(int(ledger.rows["origin"].max(initial=-1)) + 1, -1, np.int64)
        place[ledger.rows["origin"]] = np.arange(ledger.size)
        excerpt = surroundings(facts.case).excerpt(numbers, place[paid["row"].to_numpy()])
        change = Change(
            only=frozenset(facts.account_ids[accounts].tolist()),
            paid_to=self._elsewhere(),
            until=facts.at if facts.asked else None,
        )
        part = excerpt.case(change=change).ledger
        rows = excerpt.rows
        if facts.asked:
            rows = rows[ledger.rows["time"][rows] <= facts.at]
        places = ledger.rows["origin"][rows].astype(np.int64)[part.rows["origin"]]
        back = pd.Series(np.arange(places.size), places)
        seeds: Ints = back.reindex(paid["row"].to_numpy()).to_numpy().astype(np.int64)
        order = np.argsort(seeds, kind="stable")
        goals = np.array([self._goal(str(each)) for each in part.account_ids.to_pylist()], np.int8)
        asked = Asked(part, seeds[order], until[order], goals, self.how.hops, LARGE)
        return asked, places, paid["offer"].to_numpy()[order]

    def _goal(self, account: str) -> int:
        if account in (_FEE, _FORMER):
            return FEE if account == _FEE else FORMER
        number = self.facts.account_number.get(account, -1)
        if number < 0 or self.walked[number]:
            return 0
        if self.ours[number]:
            return SIDE
        if self.market[number]:
            return MARKET
        if self.large[number]:
            return LARGE
        return UNSEEN if not self.held[number] and not self.stops[number] else 0

    def _elsewhere(self) -> dict[str, str]:
        """Transfers to the side that are fees, or that came to who was not of it then; by id."""
        at = np.flatnonzero(self.ours[self.target] & (self.walked[self.source] | self.starts[self.target]))
        if not at.size:
            return {}
        rows = self.flows["row"].to_numpy()[at]
        fee = is_fee(self.facts, rows)
        then = self.side.has(self.who[self.target[at]], self.flows["time"].to_numpy()[at])
        ids = self.facts.texts("transfer_id", rows)
        found = dict.fromkeys(ids[fee].tolist(), _FEE)
        found.update(dict.fromkeys(ids[~then].tolist(), _FORMER))
        return found


_FEE, _FORMER = "?fee", "?former"


def _flags(size: int, numbers: Ints) -> Flags:
    found = np.zeros(size, np.bool_)
    found[numbers] = True
    return found


def _held(facts: Facts) -> Flags:
    """Accounts of which some statement is held."""
    ledger = facts.ledger
    covered = np.zeros(len(ledger.account_ids), np.bool_)
    covered[ledger.periods["account"]] = True
    found = np.zeros(facts.account_ids.size, np.bool_)
    found[facts.of_ledger] = covered
    return found


# ---------------------------------------------------------------- how it is said


def direct_of(facts: Facts, offers: Offers, side: Side) -> Ints:
    """The offers of which who is financed is of the side when they begin."""
    claims = offers.claims
    number = np.array([facts.party_number.get(each, -2) for each in claims["borrower"]], np.int64)
    return np.asarray(claims.index[side.has(number, claims["begins"].to_numpy())], np.int64)


def amounts_of(facts: Facts, amount: int, currency: str) -> str:
    """Money as a person reads it."""
    return f"{amount_text(amount, facts.tables.minor_units.get(currency, 2))} {currency}"


def enveloped(
    ask: Inquiry, found: SelfFunding, which: Iterable[int], limit: Fraction
) -> tuple[list[Measure], Told]:
    """What any attribution gives of some offers together; and, beside the part to be met, in words."""
    offers = list(which)
    total = int(found.table.loc[offers, "raised"].sum())
    bounds, _ = found.range(offers)
    least, most = (Fraction(each, total) for each in (bounds.least, bounds.greatest))
    measures = [
        ask.measure("least", N_("the least that any attribution of the money gives"), least),
        ask.measure("most", N_("the most that any attribution of the money gives"), most),
    ]
    if bounds.left_out:
        return measures, Told(
            N_("of {amount} it was not asked what any attribution gives: there are too many ways"),
            amount=amounts_of(found.facts, bounds.left_out, found.currency),
        )
    if least >= limit:
        return measures, Told(N_("it is so under any attribution of the money"))
    if bounds.exact:
        return measures, Told(N_("it is not so under any attribution of the money: it hangs on the rule"))
    return measures, Told(N_("what any attribution of the money gives is bounded from outside"))


def followed(found: SelfFunding) -> Told:
    """Over what the money was followed, and what was not."""
    table = found.table
    return Told(
        N_(
            "followed over {hops} transfers and {days} days; not followed: {unseen} into accounts without a "
            "statement, {large} into very large ones, {former} to who was not of the side then"
        ),
        hops=found.how.hops,
        days=found.how.days,
        **{
            name: amounts_of(found.facts, int(table[name].sum()), found.currency)
            for name in ("unseen", "large", "former")
        },
    )


def against_fees(found: SelfFunding | None) -> tuple[str, str]:
    """Whether fees are among what came there: those within the schedule do not count."""
    if found is None:
        return "unknown", N_("no payment is known")
    fees = max(int(found.table[f"fee_{rule}"].sum()) for rule in RULES)
    if not fees:
        return "clear", N_("nothing that came there says that it is a fee")
    return "present", Told(
        N_("{amount} says that it is fees: of each loan what is within {part} of it is left out"),
        amount=amounts_of(found.facts, fees, found.currency),
        part=number_text(found.how.fee),
    )


def against_returns(offers: Offers) -> tuple[str, str]:
    """Whether something was given back to who had paid in."""
    if not offers.payers.size:
        return "unknown", N_("no payment of who paid in is known: what is given back could not be told")
    if not offers.returned.size:
        return "clear", N_("nothing was given back to who had paid in")
    return "present", Told(
        N_("left out: {count} payments that gave back what had been paid in"), count=offers.returned.size
    )


def against_market(found: SelfFunding | None) -> tuple[str, str]:
    """Whether money went to a seller whom a whole market pays."""
    if found is None:
        return "unknown", N_("no payment is known")
    amount = int(found.table["market"].sum())
    if not amount:
        return "clear", N_("nothing went to a seller whom a market pays")
    return "present", Told(
        N_("{amount} went to sellers whom many others pay: it neither counts nor is followed further"),
        amount=amounts_of(found.facts, amount, found.currency),
    )


def said_of(side: Side) -> tuple[str, str]:
    """How it is known who is of the side."""
    return "shown", Told(
        N_(
            "related beside the group: {related}; disputed, and not counted: {disputed}; not asked about: "
            "{rest}"
        ),
        related=side.related,
        disputed=side.disputed,
        rest=side.not_asked,
    )
