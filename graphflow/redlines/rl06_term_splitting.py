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
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow.errors import Told
from graphflow.findings import Cited, Finding, number_text
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, chains_of, span
from graphflow.redlines.facts import DAY, IN_YUAN, Facts, known, micros
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

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
    for loan_id, offered in listings.groupby("loan_id"):
        mine = loans[loans["loan_id"] == loan_id]
        if mine.empty or len(offered) < ask.threshold("links"):
            continue
        loan = mine.iloc[0]
        days = Fraction(int(micros(mine["end"])[0] - micros(mine["start"])[0]), DAY)
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
        count = ask.measure("links", N_("listings one after another"), len(offered), "links")
        measures = [term, count]
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
    from graphflow.tracing import trace

    facts = ask.facts
    flows = facts.flows
    numbers, words = facts.codes("listing_id", flows["row"])
    place = {word: number for number, word in enumerate(words)}
    ids = facts.tables.arrow("transfers", ("transfer_id",))["transfer_id"]  # type: ignore[index]
    paid: list[tuple[pd.DataFrame, pd.DataFrame]] = []
    for listing in offered["listing_id"]:
        rows = flows[numbers == place.get(listing, -2)]
        lenders: set[int] = set()
        is_back = np.zeros(len(rows), np.bool_)
        for i, (source, target) in enumerate(zip(rows["source"], rows["target"], strict=True)):
            is_back[i] = target in lenders  # who has paid in for it is paid back
            if not is_back[i]:
                lenders.add(int(source))
        paid.append((rows[~is_back], rows[is_back]))
    if not any(len(back) for _, back in paid):
        return None, [], []
    traces = []
    chains: list[Mapping[str, Any]] = []
    count = dict.fromkeys(RULES, 0)
    for (_, back), (following, _) in itertools.pairwise(paid):
        if back.empty or following.empty:
            continue
        seeds = ",".join(f'transfer:"{ids[int(row)].as_py()}"' for row in back["row"])
        begin = pd.Timestamp(int(back["time"].min()) - within, unit="us", tz="UTC").isoformat()
        news = {ids[int(row)].as_py() for row in following["row"]}
        for rule in RULES:
            t = trace(ask.case, seeds, rule=rule, backward=True, since=begin, max_hops=6)
            carried = t.transfers[t.transfers["transfer_id"].isin(news)]
            if Fraction(int(carried["seed_amount"].sum()), t.seed) >= ask.threshold("rolled"):
                count[rule] += 1
                traces.append(t)
                chains += chains_of(t, 1)
    part = {rule: Fraction(hits, len(offered)) for rule, hits in count.items()}
    return part, ask.cite_trace(*traces) if traces else [], chains


# ---------------------------------------------------------------- amount


def _amounts(ask: Inquiry) -> Iterator[Finding]:
    facts = ask.facts
    loans = facts.rows("loans")
    groups = [facts.group(str(borrower)) for borrower in loans["borrower_id"]]
    for _, mine in loans.groupby(pd.Series(groups, loans.index)):
        who = "person" if all(facts.is_person(str(each)) for each in mine["borrower_id"]) else "company"
        on_one = [(f"{who}_platform", part) for _, part in mine.groupby("platform_id")]
        on_all = [(f"{who}_all", mine)] if mine["platform_id"].nunique() > 1 else []
        for name, part in (*on_one, *on_all):
            at = max(set(micros(part["start"]).tolist()), key=lambda at: (_open(facts, part, at).sum(), -at))
            open_then = part[_open(facts, part, at) > 0]
            owed = int(_open(facts, part, at).sum())
            if owed > ask.threshold(name):
                yield _too_much(ask, name, open_then, owed)


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


def _open(facts: Facts, loans: pd.DataFrame, at: int) -> npt.NDArray[np.int64]:
    """What is owed on each loan at a moment: its principal, less what was paid on it until then."""
    owed = loans["principal"].to_numpy(np.int64).copy()
    ended = known(loans["end"]) & (micros(loans["end"]) <= at)
    owed[(micros(loans["start"]) > at) | ended] = 0
    if facts.has("instalments"):
        rows = facts.rows("instalments")
        rows = rows[known(rows["paid"]) & known(rows["paid_on"])]
        paid = rows[micros(rows["paid_on"]) <= at].groupby("loan_id")["paid"].sum()
        owed = np.maximum(owed - loans["loan_id"].map(paid).fillna(0).to_numpy(np.int64), 0)
    return owed


def _instalments(facts: Facts, loans: pd.DataFrame) -> list[Cited]:
    if not facts.has("instalments"):
        return []
    rows = facts.rows("instalments")
    return [facts.cite("instalments", rows[rows["loan_id"].isin(loans["loan_id"])], False)]


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
