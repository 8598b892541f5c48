"""RL-06 Term splitting (期限拆分、金额拆标): one long loan sold as a chain of short ones, or in pieces.

The rule: the term of a project must not be split (暂行办法 art. 10 (6)); one borrower may owe so much on one
platform and on all (art. 17). Looked at: loans whose listings are far shorter than they are and follow one
another, whether each was repaid of what the next brought in, traced under several rules; and the greatest sum
that a borrower and its group ever owed at once. Not it: loans that amortise, several loans with debtors of
their own, a new loan after the old one was repaid of the borrower's own income.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, number_text
from graphflow.kernels.index import index_by
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, chains_of, span
from graphflow.redlines.facts import DAY, IN_YUAN, Facts, Ints, among, known, micros, picked
from graphflow.rows import Moment
from graphflow.tracing.walk import lay_chains

if TYPE_CHECKING:
    from graphflow.case import Case

HOPS = 6
"""Over how many transfers a repayment is followed back."""

RULES = ("fifo", "prorata")
"""The rules of tracing under which a repayment is followed back."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    split: Number | None = None,
    links: Number | None = None,
    rolled: Number | None = None,
    within: str = "3D",
) -> Iterator[Finding]:
    """Loans whose listings are short and each repaid by the next; borrowers who owe more than they may.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    split
        Least term of the loan over the longest term listed; None: what the table of law says.
    links
        Least number of listings one after another.
    rolled
        Least part of a repayment that came from the next listing, for that listing to count as rolled over.
    within
        How far apart the next listing's money and the repayment may lie.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl06
    >>> [f.measure for f in find(rl06.toy())], len(list(find(rl06.near_miss())))
    (['split'], 0)
    """
    ask = Inquiry(LINE, case, as_of, law, split=split, links=links, rolled=rolled, within=within)
    if ask.runs("term"):
        yield from _terms(ask, span(within))
    if ask.runs("amount"):
        yield from _amounts(ask)


# ---------------------------------------------------------------- term


def _terms(ask: Inquiry, within: int) -> Iterator[Finding]:
    facts = ask.facts
    loans, listings = facts.rows("loans"), facts.rows("listings")
    loans = loans[known(loans["end"])]
    of_loan = dict(zip(loans["loan_id"], range(len(loans)), strict=True))
    length = micros(loans["end"]) - micros(loans["start"])
    count = listings["loan_id"].map(listings["loan_id"].value_counts())
    several = listings[(count >= float(ask.threshold("links"))) & among(listings["loan_id"], of_loan)]
    for loan_id, offered in several.groupby("loan_id"):
        mine = loans.iloc[[of_loan[loan_id]]]
        loan = mine.iloc[0]
        days = Fraction(int(length[of_loan[loan_id]]), DAY)
        longest = int(offered["term_days"].max())
        if longest == 0 or days / longest < ask.threshold("split"):
            continue
        offered = offered.sort_values(["opened", "listing_id"])
        part, rows, chains = _rolled(ask, offered, within)
        if part is not None and max(part.values()) == 0:
            continue  # every listing was repaid of other money: a new loan after a real repayment
        term = ask.measure(
            "split", N_("term of the loan over the longest term listed"), days / longest, "split"
        )
        measures = [term, ask.measure("links", N_("listings one after another"), len(offered), "links")]
        text = N_("the loan {loan} of {days} days was sold as {count} listings of at most {longest} days")
        values: dict[str, object] = {
            "loan": loan_id, "days": number_text(days), "count": len(offered), "longest": longest,
        }  # fmt: skip
        if part is not None:
            least = min(part.values())
            measures.append(ask.measure("rollover", N_("part of the listings repaid by the next"), least))
            text = N_(
                "the loan {loan} of {days} days was sold as {count} listings of at most {longest} days, "
                "of which {rolled} were repaid by the next"
            )
            values["rolled"] = number_text(least * len(offered))
        yield ask.finding(
            subject=("loan", str(loan_id)),
            hit=("term",) if part is None else ("term", "rollover"),
            summary=Told(text, **values),
            measures=measures,
            rows=[facts.cite("loans", mine), facts.cite("listings", offered), *rows],
            severity="medium",
            kinds={"contract": "shown"} | ({} if part is None else {"flow": "shown"}),
            elements={
                "project": "shown",
                "shorter": "shown",
                "repaid": "unknown" if part is None else "shown",
            },
            against={
                "amortising": ("clear", N_("each listing is for the loan's whole term in turn"))
                if len(set(offered["amount"])) == 1
                else ("unknown", N_("the listings are for different amounts")),
                "own_income": "unknown" if part is None else "clear",
                "own_debtors": "clear",
            },
            amount=int(loan["principal"]),
            chains=chains,
        )


def _rolled(
    ask: Inquiry, offered: pd.DataFrame, within: int
) -> tuple[dict[str, Fraction] | None, list[Cited], list[Mapping[str, Any]]]:
    """By rule, the part of the listings repaid by the next; None where no transfer names a listing."""
    if not ask.runs("rollover"):
        return None, [], []
    facts = ask.facts
    flows = facts.flows
    index, place = _by_listing(facts)
    paid: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    for listing in offered["listing_id"]:
        rows = flows.iloc[picked(index, [place[listing]] if listing in place else [])]
        lenders: set[int] = set()
        is_back = np.zeros(len(rows), np.bool_)
        for i, (source, target) in enumerate(zip(rows["source"], rows["target"], strict=True)):
            is_back[i] = target in lenders  # who has paid in for it is paid back
            if not is_back[i]:
                lenders.add(int(source))
        paid.append((rows[~is_back], rows[is_back]))
    if not any(len(back) for _, back in paid):
        return None, [], []
    shown: list[Ints] = []
    chains: list[Mapping[str, Any]] = []
    count = dict.fromkeys(RULES, 0)
    for (_, back), (following, _) in itertools.pairwise(paid):
        if back.empty or following.empty:
            continue
        begin = int(back["time"].min()) - within
        for rule in RULES:
            found = _brought(facts, back["row"].to_numpy(), following["row"].to_numpy(), rule, begin)
            if found.part >= ask.threshold("rolled"):
                count[rule] += 1
                shown.append(found.rows)
                if found.chain not in chains:  # the same way under both rules is one
                    chains.append(found.chain)
    part = {rule: Fraction(hits, len(offered)) for rule, hits in count.items()}
    if not shown:
        return part, [], chains
    carried = sets.unique(np.concatenate(shown))
    return part, [Cited("transfers", carried), *facts.cite_moved(facts.sides_of(carried))], chains


@dataclass(frozen=True)
class _Brought:
    """Which part of some repayments some transfers brought, the transfers that carried it, by place, and the
    greatest chain.
    """

    part: Fraction
    rows: Ints
    chain: Mapping[str, Any]


def _brought(facts: Facts, back: Ints, news: Ints, rule: str, begin: int) -> _Brought:
    """Follow repayments back, as a trace does; of the many that are asked no frames are made."""
    ledger = facts.ledger
    seeds = sets.unique(facts.ledger_row[back]).astype(np.int64)
    wanted = sets.minus(facts.ledger_row[news], seeds)
    brought, seed = 0, int(ledger.rows["net"][seeds].sum())
    rows = [seeds]
    best: tuple[int, Ints] = (0, seeds[:0])
    for batch in lay_chains(ledger, seeds, rule, HOPS, since=begin).batches():
        size, amount = np.diff(batch.bounds), batch.ends[:, 3]
        brought += int(np.repeat(amount, size)[np.isin(batch.rows, wanted)].sum())
        rows.append(sets.unique(batch.rows))
        # chains of one path to one end are one
        path = batch.ends[:, 5] - batch.ends[:1, 5]
        account = ledger.pots["account"][batch.ends[:, 1]].astype(np.int64)
        key = (path * 8 + batch.ends[:, 0]) * (len(ledger.account_ids) + 1) + account
        _, first, same = np.unique(key, return_index=True, return_inverse=True)
        sums = np.zeros(first.size, np.int64)
        np.add.at(sums, same, amount)
        which = np.lexsort((first, -sums))[0]
        if sums[which] > best[0]:
            at = int(first[which])
            best = int(sums[which]), batch.rows[batch.bounds[at] : batch.bounds[at + 1]]
    touched = sets.unique(np.concatenate(rows))
    if facts.order_open[ledger.rows["source"][touched]].any():  # all that may carry it is cited
        return _asked_whole(facts, seeds, wanted, rule, begin)
    way = [ledger.transfer_ids[row].as_py() for row in best[1].tolist()]
    coin = facts.currencies[int(ledger.rows["currency"][seeds[0]])]
    return _Brought(
        Fraction(brought, seed), sets.unique(ledger.rows["origin"][touched]).astype(np.int64),
        {"amount": best[0], "currency": coin, "transfers": way},
    )  # fmt: skip


def _asked_whole(facts: Facts, seeds: Ints, wanted: Ints, rule: str, begin: int) -> _Brought:
    from graphflow.tracing import trace

    ledger = facts.ledger
    names = [ledger.transfer_ids[row].as_py() for row in seeds.tolist()]
    since = pd.Timestamp(begin, unit="us", tz="UTC").isoformat()
    t = trace(
        facts.case, [f'transfer:"{each}"' for each in names], rule=rule, backward=True, since=since,
        max_hops=HOPS,
    )  # fmt: skip
    rows, amounts = t.carried
    brought = int(amounts[np.isin(rows, wanted)].sum())
    carried = facts.at_place([*t.transfers["transfer_id"], *names])
    return _Brought(Fraction(brought, t.seed), sets.unique(carried), chains_of(t, 1)[0])


def _by_listing(facts: Facts) -> tuple[tuple[Ints, npt.NDArray[np.int32]], Mapping[str, int]]:
    """Where in `Facts.flows` each listing is named, by its number; and the number of each. Kept with them."""
    kept = facts.__dict__.get("_by_listing")
    if kept is None:
        numbers, words = facts.codes("listing_id", facts.flows["row"])
        keys = np.where(numbers < 0, len(words), numbers).astype(np.int32)
        place = {word: number for number, word in enumerate(words)}
        kept = facts.__dict__["_by_listing"] = (index_by(keys, len(words) + 1), place)
    return kept


# ---------------------------------------------------------------- amount


def _amounts(ask: Inquiry) -> Iterator[Finding]:
    facts = ask.facts
    owing = _Owing(facts)
    for name, at, part, owed in owing.greatest():
        if owed > ask.threshold(name):
            yield _too_much(ask, name, owing.loans.iloc[owing.open_at(part, at)], owed)


class _Owing:
    """What groups of borrowers owe at once: every loan opens, is paid off and ends, in the order of time."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.loans = loans = facts.rows("loans")
        self.principal = loans["principal"].to_numpy(np.int64)
        self.start = micros(loans["start"])
        self.end = np.where(known(loans["end"]), micros(loans["end"]), np.iinfo(np.int64).max)
        self.borrower, names = pd.factorize(loans["borrower_id"])
        self.names = [str(each) for each in names]
        groups, numbers = [facts.group(each) for each in self.names], dict[frozenset[str], int]()
        self.group = np.array([numbers.setdefault(each, len(numbers)) for each in groups], np.int64)
        self.group = self.group[self.borrower]
        self.platform = pd.factorize(loans["platform_id"])[0]
        self._lay_payments()

    def _lay_payments(self) -> None:
        """Payments by loan, in order, with what all up to each come to."""
        facts = self.facts
        self.paid_loan = self.paid_at = self.paid = np.zeros(0, np.int64)
        if facts.has("instalments"):
            rows = facts.rows("instalments")
            rows = rows[known(rows["paid"]) & known(rows["paid_on"])]
            number = pd.Series(np.arange(len(self.loans)), self.loans["loan_id"].to_numpy(object))
            loan = rows["loan_id"].map(number).fillna(-1).to_numpy(np.int64)
            at, paid = micros(rows["paid_on"]), rows["paid"].to_numpy(np.int64)
            order = np.lexsort((at, loan))
            order = order[loan[order] >= 0]
            self.paid_loan, self.paid_at, self.paid = loan[order], at[order], paid[order]
        self.pointer = np.searchsorted(self.paid_loan, np.arange(len(self.loans) + 1))
        total = np.cumsum(self.paid)
        before = np.append(0, total)[self.pointer[:-1]]
        self.paid_sum = total - before[self.paid_loan]

    def left(self, loan: int, at: int) -> int:
        """What is owed on a loan at a moment: its principal, less what was paid on it until then."""
        if not self.start[loan] <= at < self.end[loan]:
            return 0
        low, high = self.pointer[loan], self.pointer[loan + 1]
        place = low + int(np.searchsorted(self.paid_at[low:high], at, side="right"))
        paid = int(self.paid_sum[place - 1]) if place > low else 0
        return max(int(self.principal[loan]) - paid, 0)

    def open_at(self, part: Ints, at: int) -> Ints:
        """Those of some loans on which something is owed at a moment."""
        return part[[self.left(loan, at) > 0 for loan in part.tolist()]]

    def _changes(self) -> tuple[Ints, Ints, Ints]:
        """By how much what is owed on which loan changes when."""
        runs = np.flatnonzero(self.start < self.end)
        ends = runs[self.end[runs] != np.iinfo(np.int64).max]
        loan = self.paid_loan
        during = (self.paid_at > self.start[loan]) & (self.paid_at < self.end[loan])
        whole = self.principal[loan]
        now, before = (np.maximum(whole - each, 0) for each in (self.paid_sum, self.paid_sum - self.paid))
        opens = np.array([self.left(each, int(self.start[each])) for each in runs.tolist()], np.int64)
        closes = np.array([self.left(each, int(self.end[each]) - 1) for each in ends.tolist()], np.int64)
        return (
            np.concatenate([runs, loan[during], ends]),
            np.concatenate([self.start[runs], self.paid_at[during], self.end[ends]]),
            np.concatenate([opens, (now - before)[during], -closes]),
        )

    def greatest(self) -> Iterator[tuple[str, int, Ints, int]]:
        """Of each group, on each platform and on all: which limit is for it, when most was owed (of equal
        times the first at which a loan began), its loans, and how much.
        """
        loan, at, change = self._changes()
        platforms = int(self.platform.max(initial=-1)) + 2
        on_one = self.group * platforms + self.platform
        on_one[self.platform < 0] = -1
        named = sets.unique(on_one[on_one >= 0])
        _, several = np.unique(named // platforms, return_counts=True)
        many = sets.unique(named // platforms)[several > 1]
        on_all = np.where(np.isin(self.group, many), self.group, -1)
        of_group = _split(self.group)
        for suffix, key in (("platform", on_one), ("all", on_all)):
            parts = _split(key)
            for which, moment, owed in _peaks(key, loan, at, change, self.start):
                part = parts[which]
                everybody = of_group[int(self.group[part[0]])]
                borrowers = sets.unique(self.borrower[everybody]).tolist()
                person = all(self.facts.is_person(self.names[each]) for each in borrowers)
                yield f"{'person' if person else 'company'}_{suffix}", moment, part, owed


def _split(key: Ints) -> Mapping[int, Ints]:
    """By key, but for those below 0: where it stands."""
    order = np.argsort(key, kind="stable")
    order = order[key[order] >= 0]
    if not order.size:
        return {}
    numbers, begins = np.unique(key[order], return_index=True)
    return dict(zip(numbers.tolist(), np.split(order, begins[1:]), strict=True))


def _peaks(key: Ints, loan: Ints, at: Ints, change: Ints, start: Ints) -> Iterator[tuple[int, int, int]]:
    """By key of the loans: when most is owed, of the moments at which one of them begins, and how much."""
    of = key[loan]
    keep = of >= 0
    of, when, change = of[keep], at[keep], change[keep]
    begins = when == start[loan[keep]]
    order = np.lexsort((when, of))
    of, when, change, begins = of[order], when[order], change[order], begins[order]
    if not of.size:
        return
    first = np.append(True, of[1:] != of[:-1])
    total = np.cumsum(change)
    heads = np.flatnonzero(first)
    owed = total - np.repeat((total - change)[heads], np.diff(np.append(heads, of.size)))
    last = np.append((of[1:] != of[:-1]) | (when[1:] != when[:-1]), True)  # everything of that moment is in
    moments = np.flatnonzero(np.append(True, last[:-1]))
    starts = np.logical_or.reduceat(begins, moments)
    told = np.flatnonzero(last)[starts]
    best = np.lexsort((when[told], -owed[told], of[told]))
    told = told[best]
    told = told[np.append(True, of[told][1:] != of[told][:-1])]
    yield from zip(of[told].tolist(), when[told].tolist(), owed[told].tolist(), strict=True)


def _too_much(ask: Inquiry, name: str, loans: pd.DataFrame, owed: int) -> Finding:
    facts = ask.facts
    by_borrower = loans.groupby("borrower_id")["principal"].sum()
    borrowers = sorted(by_borrower.index)
    subject = max(borrowers, key=lambda each: (by_borrower[each], each))
    digits = facts.tables.minor_units.get("CNY", 2)
    return ask.finding(
        subject=("party", str(subject)),
        hit=("amount",),
        summary=Told(
            N_("{borrower} and its group owed {owed} at once on {count} loans, {over} more than allowed"),
            borrower=facts.name_of(str(subject)) or subject,
            owed=f"{amount_text(owed, digits)} CNY",
            count=len(loans),
            over=f"{amount_text(owed - int(ask.threshold(name)), digits)} CNY",
        ),
        measures=[ask.measure("owed", N_("owed at once"), owed, name, ">")],
        rows=[
            facts.cite("loans", loans),
            facts.cite_parties(borrowers),
            *(facts.cite_group(str(subject), borrowers, shows=True) if len(borrowers) > 1 else ()),
            *_instalments(facts, loans),
        ],
        severity="medium",
        kinds={"contract": "shown"} | ({"ownership": "shown"} if len(borrowers) > 1 else {}),
        elements={
            "project": ("unknown", N_("the limit counts all loans of a borrower, whatever they are for")),
            "shorter": "unknown",
            "repaid": "unknown",
        },
        against={
            "amortising": ("clear", N_("what was paid on them is taken off"))
            if facts.has("instalments")
            else ("unknown", N_("no instalments are known: each counts whole until its end")),
            "own_income": "unknown",
            "own_debtors": (
                "unknown",
                N_("no table says whether the loans are claims on debtors of their own"),
            ),
        },
        amount=owed,
        currency="CNY",
    )


def _instalments(facts: Facts, loans: pd.DataFrame) -> list[Cited]:
    if not facts.has("instalments"):
        return []
    names = loans["loan_id"].tolist()

    def rows() -> Ints:
        kept = facts.__dict__.get("_instalments_of")
        if kept is None:
            frame = facts.rows("instalments")
            kept = facts.__dict__["_instalments_of"] = frame.groupby("loan_id").groups
        return np.sort(np.concatenate([np.zeros(0, np.int64), *(kept[n] for n in names if n in kept)]))

    return [Cited("instalments", rows, False)]


LINE = RedLine(
    code="RL-06",
    name=N_("Term and amount splitting"),
    name_zh="期限拆分、金额拆标",
    asks=N_("Is a long loan sold as a series of short ones, or a large one in pieces beyond the limits?"),
    tests=(
        Test("term", N_("the loan's term beside those of its listings"), ("loans.end", "listings")),
        Test(
            "rollover",
            N_("whether each listing was repaid of the next"),
            ("loans.end", "listings", "transfers.listing_id"),
        ),
        Test("amount", N_("what a borrower and its group owed at once"), ("loans", IN_YUAN)),
    ),
    elements={
        "project": N_("it is one project"),
        "shorter": N_("it is offered for shorter than it runs"),
        "repaid": N_("each is repaid by the next"),
    },
    guards={
        "amortising": N_("the loan is repaid in parts as agreed (等额本息)"),
        "own_income": N_("it was repaid of the borrower's own income"),
        "own_debtors": N_("the loans are different claims with debtors of their own"),
    },
    find=find,
)  # fmt: skip
