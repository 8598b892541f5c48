"""Where the money of payouts came from, traced back under several rules, to the unit.

Payouts are followed back through the accounts of whoever raises the money, those through which it passes by
earmark, and those of others to whom it went and from whom it came again; at all other accounts it stops. What
comes in there says what it is: another investor's money, what an asset returned, the group's own, money of
another product; what stood there already, or came from nobody knows whom, is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow import sets
from graphflow.findings import Cited
from graphflow.redlines.borrowing import says
from graphflow.redlines.facts import PLATFORM_SECTORS, Facts, Flags, Ints, local_days
from graphflow.redlines.raising import THROUGH, Raising, holders, placeholders
from graphflow.tracing.excerpt import Change, Excerpt, surroundings
from graphflow.tracing.references import written

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.tracing import Trace

PARTS = ("asset", "others", "subsidy", "cross", "unknown", "own", "stand_in")
"""What a payout is made of: what assets returned, other investors' money, the group's own, another product's,
what cannot be told, the receiver's own money, and what third parties paid in the place of assets (代偿)."""

ASSET, OTHERS, SUBSIDY, CROSS, UNKNOWN, OWN, STAND_IN = range(len(PARTS))

STANDS_IN = ("代偿", "垫付", "垫款", "差额补足", "补足款", "兜底", "履约代付", "compensation payment")
"""What a payment of somebody who pays in another's place says."""

FINANCIAL = ("lender", "guarantor", "bank", "insurer", "broker", "exchange", "clearing_house")
"""Sectors, beside those of platforms and managers, of who has others' money by trade."""

GUARANTORS = ("guarantor", "insurer")
"""Sectors of those who may guarantee a loan by trade."""

RETURNS = frozenset({"repayment", "redemption", "interest", "dividend"})
"""Kinds of transfers by which an asset returns something, whoever pays."""

MANAGED = ("wealth_management", "trust", "public_fund", "fund_of_funds", "abs", "pension", "equity", "mixed",
           "commodity")  # fmt: skip
"""Kinds of products whose investors' money somebody manages: a bond is none of them."""

BORROWER, BETWEEN, UNSTATED = "borrower", "between", "unstated"

LOTS = ("fifo", "lifo")
"""Rules that say which money a payment carries; the others only how much."""

MOST_PAIRS = 20_000
"""Under a rule that only says how much, the receiver's own money is told apart from other investors' where
the payouts of a month times those who paid in are at most so many; of more it is next to nothing, and counts
as others'."""

_STOPS = ("cash", "internal", "tax", "securities", "margin")


@dataclass(frozen=True)
class Origins:
    """What the payouts of one that raises money were made of, in one currency.

    Attributes
    ----------
    months
        The local months with payouts, ``2018-03``.
    parts : int64 (rules, months, parts)
        Minor units, by rule, month and part: see `PARTS`. Each month's add up to its payouts.
    real : int64 (rules, months)
        What came in from others than investors and the group, less what had gone out to them from here: at
        most so much of it was earned.
    rules
        The rules, in the order of the first axis.
    carried
        The transfers that carried the money of a month's payouts under any rule, by month and place.
    """

    raising: Raising
    currency: str
    months: tuple[str, ...]
    rules: tuple[str, ...]
    parts: Ints = field(repr=False)
    real: Ints = field(repr=False)
    carried: Mapping[str, Ints] = field(repr=False)
    walked: Ints = field(repr=False)
    facts: Facts = field(repr=False)

    @cached_property
    def paid(self) -> Ints:
        """The payouts of each month."""
        return np.asarray(self.parts[0].sum(axis=1), np.int64)

    @property
    def vague(self) -> bool:
        """Whether the order of some rows in the accounts that were walked is open."""
        known = self.facts.ledger.open_rows[:, 1]
        return bool(np.isin(self.facts.of_ledger[known], self.walked).any())

    def cite(self, months: Iterable[str]) -> list[Cited]:
        """What the traces of some months rest on: what carried the money shows it, all else is context."""
        return [
            *(Cited("transfers", self.carried[month]) for month in months),
            *self.facts.cite_moved(self.walked),
        ]


def origins_of(
    facts: Facts, raising: Raising, currency: str, rules: Sequence[str], outs: pd.DataFrame, hops: int
) -> Origins:
    """What some payouts of one currency were made of, month by month.

    Parameters
    ----------
    outs
        The payouts: rows of `Raising.outs` of that currency.
    hops
        Through how many transfers money may go out to others and come back, to be followed there.
    """
    trail = _Trail(facts, raising, currency, hops)
    month_of = months_of(facts, outs["time"])
    months = tuple(sorted(set(month_of)))
    parts = np.zeros((len(rules), len(months), len(PARTS)), np.int64)
    labels = np.array([f"payout:{m}:{p}" for m, p in zip(month_of, outs["product"], strict=True)], object)
    part = Part(facts, np.flatnonzero(trail.walked), outs["row"].to_numpy(), labels)
    payee = np.full(facts.ledger.size, -2, np.int64)  # by place: who is paid
    payee[outs["row"].to_numpy()] = outs["holder"].to_numpy()
    carried: dict[str, list[Ints]] = {month: [] for month in months}
    for label in sets.unique(labels).tolist():
        _, month, product = label.split(":", 2)
        at = labels == label
        for number, rule in enumerate(rules):
            found, rows = trail.taken_apart(part, label, product, payee, int(at.sum()), rule)
            parts[number, months.index(month)] += found
            carried[month].append(rows)
    return Origins(
        raising, currency, months, tuple(rules), parts, _real(facts, trail, months, rules),
        {month: sets.unique(np.concatenate(rows)) for month, rows in carried.items()},
        np.flatnonzero(trail.walked), facts,
    )  # fmt: skip


def months_of(facts: Facts, times: pd.Series | Ints) -> npt.NDArray[np.object_]:
    """The local month of each time, ``2018-03``."""
    days, inverse = np.unique(local_days(facts, times), return_inverse=True)
    texts = np.array([str(day)[:7] for day in days.astype("datetime64[D]")], object)
    return texts[inverse]


class Part:
    """The rows of some accounts as a case of their own, where money stops at all others.

    What is asked about are some transfers, each paid to an account that is called by a label.
    """

    def __init__(self, facts: Facts, walked: Ints, rows: Ints, labels: npt.NDArray[np.object_]) -> None:
        self.facts = facts
        around = surroundings(facts.case)
        accounts = walked.astype(np.int64)
        excerpt: Excerpt = around.excerpt(facts.in_ledger[accounts], np.zeros(0, np.int64))
        change = Change(
            only=frozenset(facts.account_ids[accounts].tolist()),
            paid_to=dict(zip(facts.ids(rows), labels.tolist(), strict=True)),
            until=facts.at if facts.asked else None,
        )
        self.case: Case = excerpt.case(change=change)
        rows = excerpt.rows
        if facts.asked:
            rows = rows[facts.ledger.rows["time"][rows] <= facts.at]
        self.places = facts.ledger.rows["origin"][rows].astype(np.int64)
        number = facts.account_number
        names = self.case.ledger.account_ids.to_pylist()
        self.accounts = np.fromiter((number.get(each, -1) for each in names), np.int64, len(names))

    def carried(self, t: Trace) -> tuple[Ints, Ints]:
        """The places of the transfers that carried the money of a trace of this part, and how much of it."""
        rows, amounts = t.carried
        return self.places[self.case.ledger.rows["origin"][rows]], amounts


class _Trail:
    """The accounts that money is followed through, and what each row and each end of it is."""

    def __init__(self, facts: Facts, raising: Raising, currency: str, hops: int) -> None:
        self.facts, self.raising = facts, raising
        self.code = facts.currencies.index(currency)
        size = facts.account_ids.size
        self.holder = holders(facts)
        self.own = _flags(size, raising.own)
        self.through = _flags(size, raising.through)
        self.member = _flags(size, facts.accounts_of(raising.members))
        self.invests = np.isin(self.holder, raising.investors) & ~self.own & ~self.member
        self.kind = facts.account_kind
        self.side = self._side()
        self.given = _flags(size, raising.spent["target"].to_numpy())
        self.debtor = np.isin(self.holder, sets.unique(raising.spent["holder"]))
        self.roundabout = self._roundabout(hops)
        self.walked = self.own | self.through | self.roundabout
        flows, count = facts.flows, facts.ledger.size
        self.source, self.target = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self.source[flows["row"]], self.target[flows["row"]] = flows["source"], flows["target"]
        self.paid_in = _flags(count, raising.ins["row"].to_numpy())
        party = facts.account_party
        self.bank = np.append(facts.party_is("bank"), False)[party]
        self.nobody = placeholders(facts)
        self.answers, self.trade = self._guarantors()
        # the group's own is a subsidy of who stands between, and earned of who borrows for its own business
        as_what = self._as_what()
        self.earned = {BETWEEN: SUBSIDY, BORROWER: ASSET, UNSTATED: UNKNOWN}[as_what]
        self.adds = SUBSIDY if as_what == BETWEEN else UNKNOWN

    def _as_what(self) -> str:
        """Whether the group stands between investors and others, or borrows for a business of its own.

        It stands between as a platform, by sector or licence, as a manager, or where what it issues is money
        to be managed; it borrows where it issues something else; else nothing says which.
        """
        facts, members = self.facts, self.raising.members
        known_as = {each for kind in PLATFORM_SECTORS for each in facts.platforms(kind)}
        numbers = [facts.party_number[each] for each in members]
        trade = np.isin(facts.party_sector[numbers], FINANCIAL).any()
        if facts.has("licences"):
            trade |= bool(facts.rows("licences")["party_id"].isin(members).any())
        if trade or known_as & members:
            return BETWEEN
        if not facts.has("products"):
            return UNSTATED
        rows = facts.rows("products")
        issued = rows["issuer_id"].isin(members)
        if rows["manager_id"].isin(members).any() or rows.loc[issued, "kind"].isin(MANAGED).any():
            return BETWEEN
        return BORROWER if issued.any() else UNSTATED

    def _guarantors(self) -> tuple[Flags, Flags]:
        """By account: whether its holder guarantees a product of the group, and whether that is its trade."""
        facts, size = self.facts, self.facts.party_ids.size
        answers = np.zeros(size + 1, np.bool_)
        trade = np.append(np.isin(facts.party_sector, GUARANTORS), False)
        if facts.has("licences"):
            rows = facts.rows("licences")
            held = rows.loc[rows["function"].isin(("guarantee", "insurance")), "party_id"]
            trade[[facts.party_number[str(each)] for each in held]] = True
        if facts.has("guarantees.product_id"):
            products, rows = facts.rows("products"), facts.rows("guarantees")
            members = self.raising.members
            of = products["issuer_id"].isin(members) | products["manager_id"].isin(members)
            mine = rows["product_id"].isin(products.loc[of, "product_id"])
            answers[[facts.party_number[str(each)] for each in rows.loc[mine, "guarantor_id"]]] = True
        return answers[facts.account_party], trade[facts.account_party]

    def _side(self) -> Flags:
        """Own accounts that hold investors' money: they pay into them, or the account says so."""
        facts = self.facts
        found = _flags(facts.account_ids.size, self.raising.ins["target"].to_numpy()) & self.own
        found |= self.own & np.isin(self.kind, THROUGH)
        return found

    def _roundabout(self, hops: int) -> Flags:
        """Accounts of others through which money can have gone out and come back within so many transfers."""
        facts, flows = self.facts, self.facts.flows
        free = ~(self.own | self.through | self.invests | self.member | facts.guarded)
        free &= ~np.isin(self.kind, _STOPS) & with_statement(facts)
        edges = flows[["source", "target"]].drop_duplicates()
        source, target = edges["source"].to_numpy(), edges["target"].to_numpy()
        far = np.iinfo(np.int64).max // 4
        near: list[Ints] = []
        starts = (self.raising.spent["target"].to_numpy(), self.raising.real["source"].to_numpy())
        for start, one, other in ((starts[0], source, target), (starts[1], target, source)):
            away = np.full(free.size, far, np.int64)
            away[start[free[start]]] = 1
            for step in range(1, hops - 1):
                reached = other[(away[one] == step) & free[other]]
                away[reached] = np.minimum(away[reached], step + 1)
            near.append(away)
        return np.asarray(near[0] + near[1] <= hops, np.bool_)

    def taken_apart(
        self, part: Part, label: str, product: str, payee: Ints, count: int, rule: str
    ) -> tuple[Ints, Ints]:
        """The payouts of a label, by part, under a rule; and the rows that carried their money."""
        from graphflow.tracing import trace

        t = trace(part.case, written("account", label), rule=rule, backward=True)
        found = np.zeros(len(PARTS), np.int64)
        places, amounts = part.carried(t)
        enters = ~self.walked[self.source[places]]
        kinds = self._kinds(places[enters], product)
        np.add.at(found, kinds, amounts[enters])
        if (
            int(found.sum()) < t.seed
        ):  # some stood in an account that was walked, or its statement begins there
            at, stands = t.ends_at
            whose = np.where(at >= 0, part.accounts[at], -1)
            here = (whose >= 0) & self.walked[whose]
            np.add.at(found, self._stood(part, at[here]), stands[here])
            found[UNKNOWN] += t.seed - int(found.sum())  # on its way when the statements begin
        own = 0
        several = count * sets.unique(self.source[places[enters]]).size
        if (found[OTHERS] or found[CROSS]) and (rule in LOTS or several <= MOST_PAIRS):
            own = self._own_money(part, t, payee)
        back = min(own, int(found[OTHERS]))
        found[OTHERS] -= back
        found[CROSS] -= own - back
        found[OWN] = own
        return found, places

    def _own_money(self, part: Part, t: Trace, payee: Ints) -> int:
        """How much of the payouts was the receiver's own money."""
        rows, accounts, amounts = t.ends_by_seed()
        stops = np.where(accounts >= 0, part.accounts[accounts], -1)
        whose = np.where(stops >= 0, self.holder[np.maximum(stops, 0)], -1)
        same = (whose == payee[part.places[part.case.ledger.rows["origin"][rows]]]) & (rows >= 0)
        same &= (stops >= 0) & self.invests[np.maximum(stops, 0)]
        return int(amounts[same].sum())

    def _kinds(self, places: Ints, product: str) -> Ints:
        """What each row that comes in from outside is, to a payout for a product."""
        plain, named, stands = (each[places] for each in self._entering)
        found = plain.astype(np.int64)
        if product:
            other = (named >= 0) & (named != self._products.get(product, -1))
            found[other & np.isin(found, (OTHERS, ASSET))] = CROSS
        found[stands & (found == ASSET)] = STAND_IN
        return found

    @cached_property
    def _products(self) -> dict[str, int]:
        """Products by number, as rows name them."""
        return {}

    @cached_property
    def _entering(self) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int32], Flags]:
        """By place, of rows that come in from outside: what each is, whatever it pays for; the product that
        it names, -1 for none; and whether somebody stands in by it. Other rows are never asked about.
        """
        facts = self.facts
        rows = np.flatnonzero(~self.walked[self.source] & self.walked[self.target])
        plain = np.full(facts.ledger.size, -1, np.int8)
        named = np.full(facts.ledger.size, -1, np.int32)
        stands = np.zeros(facts.ledger.size, np.bool_)
        source = self.source[rows]
        earmarked = np.zeros(rows.size, np.bool_)
        for column in ("loan_id", "listing_id"):
            earmarked |= facts.codes(column, rows)[0] >= 0
        plain[rows] = self._plain(rows, earmarked)
        codes, words = facts.codes("product_id", rows)
        self._products.update((word, number) for number, word in enumerate(words))
        named[rows] = codes
        ins = self.raising.ins
        for_them = [
            self._products.setdefault(each, len(self._products)) if each else -1 for each in ins["product"]
        ]
        named[ins["row"].to_numpy()] = np.array(for_them, np.int32)
        # who guarantees loans by trade pays what it is there for
        stands[rows] = (says(facts, rows, STANDS_IN) & ~(self.trade[source] & earmarked)) | self.answers[
            source
        ]
        return plain, named, stands

    def _plain(self, places: Ints, earmarked: Flags) -> Ints:
        """What rows are that come in, whatever they pay for."""
        source, target = self.source[places], self.target[places]
        kind, words = self.facts.codes("kind", places)
        returns = np.isin(kind, [n for n, word in enumerate(words) if word in RETURNS])
        found = np.full(places.size, ASSET, np.int64)
        # what others pay into accounts that hold no investors' money is the group's income
        income = self.own[target] & ~self.side[target] & ~self.debtor[source] & ~returns & ~earmarked
        found[income] = self.earned
        lent = (self.kind[source] == "loan") | self.bank[source]
        found[lent & ~returns] = self.adds
        found[self.kind[source] == "internal"] = ASSET
        found[self.member[source]] = self.adds
        found[self.member[source] & self.given[source]] = UNKNOWN  # it had got money from here
        found[self.nobody[source] | np.isin(self.kind[source], ("cash", "clearing"))] = UNKNOWN
        found[self.invests[source] & self.paid_in[places]] = OTHERS
        return found

    def _stood(self, part: Part, accounts: Ints) -> Ints:
        """What money is that stood in accounts that are walked, or that a lender paid there."""
        ledger = part.case.ledger
        stated = np.bincount(
            np.repeat(np.arange(len(ledger.account_ids)), np.diff(ledger.pot_pointer)),
            ~np.isin(ledger.pots["basis"], (0, 1, 2)), len(ledger.account_ids),
        ) == 0  # fmt: skip
        whose = part.accounts[accounts]
        own = self.own[whose] & ~self.side[whose]
        found = np.where(own, self.adds, np.where(self.roundabout[whose], ASSET, UNKNOWN))
        return np.where(stated[accounts], found, UNKNOWN)


def _real(facts: Facts, trail: _Trail, months: tuple[str, ...], rules: Sequence[str]) -> Ints:
    """What came in of others' own money, by rule and month: of what came back, only what had not gone out."""
    real = trail.raising.real
    real = real[real["currency"] == trail.code]
    found = np.zeros((len(rules), len(months)), np.int64)
    if real.empty:
        return found
    month_of = months_of(facts, real["time"])
    source = real["source"].to_numpy()
    asked = np.isin(month_of, months) & ~trail.member[source]
    straight = asked & ~trail.roundabout[source]
    amounts = real["amount"].to_numpy(np.int64)
    for number, month in enumerate(months):
        found[:, number] += amounts[straight & (month_of == month)].sum()
    back = asked & trail.roundabout[source]
    if not back.any():
        return found
    from graphflow.tracing import trace

    labels = np.array([f"income:{month}" for month in month_of[back]], object)
    part = Part(facts, np.flatnonzero(trail.roundabout), real["row"].to_numpy()[back], labels)
    for label in sets.unique(labels).tolist():
        place = months.index(label.split(":", 1)[1])
        for number, rule in enumerate(rules):
            t = trace(part.case, written("account", label), rule=rule, backward=True)
            places, amounts = part.carried(t)
            went = ~trail.roundabout[trail.source[places]] & (trail.own | trail.through)[trail.source[places]]
            found[number, place] += t.seed - int(amounts[went].sum())
    return found


def with_statement(facts: Facts) -> Flags:
    """Accounts of which some statement is held."""
    ledger = facts.ledger
    covered = np.zeros(len(ledger.account_ids), np.bool_)
    covered[ledger.periods["account"]] = True
    found: Flags = covered[facts.in_ledger]
    return found


def _flags(size: int, numbers: Ints) -> Flags:
    found = np.zeros(size, np.bool_)
    found[numbers] = True
    return found
