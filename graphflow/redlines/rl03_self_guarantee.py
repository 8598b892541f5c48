"""RL-03 Self-guarantee (自保、自担): the platform or its group answers for what borrowers owe.

The rule: an intermediary of information gives lenders no security of its own, directly or in disguise
(暂行办法 art. 10 (3); 银发〔2015〕221号 (8)); a guarantor by trade answers for no more than ten times its net
assets (融资担保公司监督管理条例 art. 15). Looked at: guarantors in the platform's group; instalments that
borrowers had not paid when they were due and that lenders were paid within days by an account of the group or
of its risk reserve, straight or through custody, as flows and as the register of instalments say; and what
guarantors answer for beside their net assets. Not it: an independent licensed guarantor or insurer, a
borrower who pays late through the platform, a payment that failed and is made again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, number_text
from graphflow.language import N_
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test
from graphflow.redlines.borrowing import words_of
from graphflow.redlines.clients import clients_of
from graphflow.redlines.covering import Cover, covered
from graphflow.redlines.facts import Facts, Flags, Ints, among, day_text, known, micros
from graphflow.redlines.lending_sides import Side, lenders_of, rule_began, sides
from graphflow.redlines.limits import first_moment
from graphflow.redlines.registers import money
from graphflow.rows import Moment
from graphflow.tables.columns import EVER

if TYPE_CHECKING:
    from graphflow.case import Case

SMALL = ("小微", "三农", "农业", "农村", "农户", "涉农", "small and micro", "agricult", "rural")
"""What the name or the business scope of a guarantor says that serves small firms and farming."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    guarantees: Number | None = None,
    covered: Number | None = None,
    overdue: Number | None = None,
    grave: Number | None = None,
    days: Number | None = None,
    multiple: Number | None = None,
    multiple_small: Number | None = None,
) -> Iterator[Finding]:
    """Platforms whose group answers for borrowers, and guarantors that answer for too much.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    guarantees
        Least number of guarantees of the platform's own group.
    covered
        Least part of what was overdue that the group or its risk reserve paid to lenders.
    overdue
        With at least so many overdue instalments.
    grave
        It is grave where more than this part was paid of the group's own accounts.
    days
        Within so many days after it was due.
    multiple
        Most that a guarantor may answer for, in times of its net assets; None: what the table of law says.
    multiple_small
        The same of one that mainly serves small firms or farming.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl03
    >>> [(f.measure, str(f.value)) for f in find(rl03.toy())], len(list(find(rl03.near_miss())))
    ([('covered', '19/20')], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, guarantees=guarantees, covered=covered, overdue=overdue, grave=grave,
        days=days, multiple=multiple, multiple_small=multiple_small,
    )  # fmt: skip
    for side in sides(ask.facts):
        given = _given(ask, side) if ask.runs("contract") else None
        cover = _cover(ask, side)
        if given is not None or cover is not None:
            yield _finding(ask, side, given, cover)
    if ask.runs("multiple"):
        yield from _multiples(ask)


# ---------------------------------------------------------------- guarantees by contract


@dataclass(frozen=True)
class _Given:
    """Guarantees of a platform's group: rows, what they are for, and those whose amount nobody states."""

    rows: pd.DataFrame
    amount: int
    unstated: int
    loans: list[str]
    products: list[str]
    lenders: list[Cited] = field(repr=False)


def _about(facts: Facts, side: Side, rows: pd.DataFrame) -> Flags:
    """Which guarantees secure the platform's lenders: of its loans, of its group's products, or by name."""
    borrower = dict(zip(words_of(side.loans["loan_id"]), words_of(side.loans["borrower_id"]), strict=True))
    of_loan = words_of(rows["loan_id"])
    guarantor = words_of(rows["guarantor_id"])
    secures = np.array([each in borrower for each in of_loan], np.bool_)
    # who answers for what it owes itself is no guarantor
    secures &= guarantor != np.array([borrower.get(each, "") for each in of_loan], object)
    secures |= rows["product_id"].isin(side.products(facts)).to_numpy(np.bool_)
    bare = ~known(rows["loan_id"]) & ~known(rows["product_id"])
    if bare.any():
        whom = [facts.party_number[str(each)] for each in rows.loc[bare, "beneficiary_id"]]
        secures[bare] |= np.isin(whom, lenders_of(facts, side)["client"].to_numpy())
    return np.asarray(secures, np.bool_)


def _given(ask: Inquiry, side: Side) -> _Given | None:
    facts = ask.facts
    rows = facts.rows("guarantees")
    until = micros(rows["until"])
    rows = rows[~(known(rows["until"]) & (until < rule_began(facts)))]
    if rows.empty:
        return None
    mine = rows[_about(facts, side, rows) & rows["guarantor_id"].isin(side.group).to_numpy(np.bool_)]
    if mine.empty or len(mine) < ask.threshold("guarantees"):
        return None
    amounts = _stated(facts, mine)
    bare = mine[~known(mine["loan_id"]) & ~known(mine["product_id"])]
    whom = [facts.party_number[str(each)] for each in bare["beneficiary_id"]]
    pairs = lenders_of(facts, side)
    return _Given(
        mine,
        int(amounts[amounts >= 0].sum()),
        int((amounts < 0).sum()),
        sorted(set(mine["loan_id"].dropna())),
        sorted(set(mine["product_id"].dropna())),
        clients_of(facts).cite(pairs, whom),
    )


def _stated(facts: Facts, rows: pd.DataFrame) -> Ints:
    """What each guarantee is for: its amount, else the principal of the loan that it names; -1 unknown."""
    loans = facts.rows("loans")
    principal = dict(zip(words_of(loans["loan_id"]), loans["principal"].tolist(), strict=True))
    named = [principal.get(each, -1) for each in words_of(rows["loan_id"])]
    amounts = rows["amount"].astype("Int64").fillna(-1).to_numpy(np.int64)
    return np.where(amounts >= 0, amounts, np.array(named, np.int64))


# ---------------------------------------------------------------- overdue instalments that somebody pays


def _cover(ask: Inquiry, side: Side) -> Cover | None:
    """What the group paid of what was overdue, where it is enough to be found."""
    flows, register = ask.runs("payouts"), ask.runs("register")
    if not (flows or register):
        return None
    found = covered(ask.facts, side, int(ask.threshold("days")), flows=flows, register=register)
    if found is None or found.count < ask.threshold("overdue"):
        return None
    return found if found.share >= ask.threshold("covered") and found.paid else None


# ---------------------------------------------------------------- a platform's finding


def _finding(ask: Inquiry, side: Side, given: _Given | None, cover: Cover | None) -> Finding:
    facts = ask.facts
    own = facts.tables.currency
    payers = set() if cover is None else cover.payers
    guarantors = set() if given is None else set(given.rows["guarantor_id"])
    others = (payers | guarantors) - {side.platform}
    grave = cover is not None and cover.share_own > ask.threshold("grave")
    kinds = {"contract": "shown"}
    if cover is not None and cover.seen:
        kinds["flow"] = "inferred" if cover.inferred else "shown"
    if cover is not None and cover.told:
        kinds["statement"] = "shown"
    if others:
        kinds["ownership"] = "shown"
    hit = ["contract"] if given is not None else []
    if cover is not None:
        hit += (["payouts"] if cover.seen else []) + (["register"] if cover.told else [])
    who = facts.name_of(side.platform) or side.platform
    return ask.finding(
        subject=("party", side.platform),
        hit=hit,
        summary=_summary(facts, who, given, cover),
        measures=[*_covered(ask, cover, own), *_guaranteed(ask, given, own)],
        rows=[
            *(cover.rows if cover is not None else ()),
            *_given_rows(facts, side, given),
            facts.cite_parties({side.platform, *others}),
            *facts.cite_group(side.platform, others),
            *side.why.cited,
            *facts.cite_last(),
        ],
        severity="high" if grave else "medium",
        kinds=kinds,
        elements=_elements(given, cover),
        against=_against(ask, side, cover),
        amount=cover.paid if cover is not None else given.amount if given is not None else None,
        currency=own,
    )


def _summary(facts: Facts, who: str, given: _Given | None, cover: Cover | None) -> Told:
    if cover is not None:
        return Told(
            N_(
                "of {overdue} that borrowers on {platform} owed on {count} days due and had not paid, it or "
                "its group paid lenders {covered} within {days} days, {share} % of it"
            ),
            overdue=money(facts, cover.overdue),
            platform=who,
            count=cover.count,
            covered=money(facts, cover.paid),
            days=cover.days,
            share=number_text(100 * cover.share),
        )
    assert given is not None
    return Told(
        N_("the group of {platform} gives lenders on it {count} guarantees, for {amount}"),
        platform=who,
        count=len(given.rows),
        amount=money(facts, given.amount),
    )


def _covered(ask: Inquiry, cover: Cover | None, own: str) -> Iterator[Measure]:
    if cover is None:
        return
    text = N_("part of what was overdue that the group or its risk reserve paid to lenders")
    yield ask.measure("covered", text, cover.share, "covered")
    yield ask.measure("count", N_("instalments overdue"), cover.count, "overdue")
    text = N_("the same of the group's own accounts, without the risk reserve")
    yield ask.measure("share_own", text, cover.share_own)
    for name, title, value in (
        ("overdue", N_("overdue on the day after it was due"), cover.overdue),
        ("paid", N_("of it paid by the group or its risk reserve"), cover.paid),
        ("seen", N_("of that what flows show, the rest as the register says"), cover.seen),
        ("given", N_("what it paid for these instalments in all"), cover.given),
        ("reached", N_("what reached lenders on these loans in these days"), cover.reached),
    ):
        yield ask.measure(name, title, value, unit=own)
    yield ask.measure("helped", N_("instalments of which it paid some"), cover.helped)


def _guaranteed(ask: Inquiry, given: _Given | None, own: str) -> Iterator[Measure]:
    if given is None:
        return
    yield ask.measure("guarantees", N_("guarantees of its own group"), len(given.rows), "guarantees")
    yield ask.measure("guaranteed", N_("what they are for"), given.amount, unit=own)
    if given.unstated:
        yield ask.measure("unstated", N_("guarantees of which no amount is known"), given.unstated)


def _given_rows(facts: Facts, side: Side, given: _Given | None) -> Iterator[Cited]:
    if given is None:
        return
    yield facts.cite("guarantees", given.rows)
    loans, products = side.loans, facts.rows("products")
    yield facts.cite("loans", loans[among(loans["loan_id"], given.loans)], False)
    yield facts.cite("products", products[products["product_id"].isin(given.products)], False)
    yield facts.cite_parties(set(given.rows["guarantor_id"]) | set(given.rows["beneficiary_id"]))
    yield from given.lenders


def _elements(given: _Given | None, cover: Cover | None) -> dict[str, tuple[str, str] | str]:
    whom: tuple[str, str] | str = "shown"
    if cover is not None and cover.inferred:
        whom = "inferred", N_("no row names the lenders: natural persons whom a loan's money is paid to are")
    if given is not None:
        stands: tuple[str, str] | str = "shown"
    else:
        stands = "inferred", N_("no guarantee is written: it pays again and again what borrowers do not")
    unpaid: tuple[str, str] | str = ("unknown", N_("it rests on what was promised: nothing need be overdue"))
    if cover is not None:
        left_out = Told(
            N_("left out: {count} of which nothing says whether they were paid"), count=cover.unknown
        )
        unpaid = (
            ("inferred", N_("of some the register states no payment, as it does of others"))
            if cover.unstated
            else ("shown", left_out)
            if cover.unknown
            else "shown"
        )
    return {"platform": "shown", "stands_in": stands, "lenders": whom, "unpaid": unpaid}


def _against(ask: Inquiry, side: Side, cover: Cover | None) -> Mapping[str, tuple[str, str] | str]:
    facts = ask.facts
    outside = 0
    if facts.has("guarantees"):
        rows = facts.rows("guarantees")
        outside = int(
            (_about(facts, side, rows) & ~rows["guarantor_id"].isin(side.group).to_numpy(np.bool_)).sum()
        )
    no_flows = ("unknown", N_("no payments on the loans are known"))
    by_contract = ("clear", N_("it rests on what was promised, not on payments"))
    late = again = by_contract
    if cover is not None:
        late = again = no_flows
        if ask.runs("payouts"):
            text = N_("taken off: {money} that borrowers and others paid in before")
            late = ("present", Told(text, money=money(facts, cover.through))) if cover.through else _CLEAR
            text = N_("left out: {money} that made failed payments again")
            again = ("present", Told(text, money=money(facts, cover.again))) if cover.again else _CLEAR
    return {
        "independent": ("present", Told(N_("left out: {count} guarantees of others"), count=outside))
        if outside
        else ("clear", N_("whoever guarantees or pays here is controlled with the platform")),
        "late": late,
        "again": again,
        "small": ("clear", N_("how much a guarantor may answer for is not asked here")),
    }


_CLEAR = ("clear", N_("every payment on these loans in these days was looked at"))


# ---------------------------------------------------------------- how much a guarantor answers for


def _multiples(ask: Inquiry) -> Iterator[Finding]:
    """Guarantors by trade that answer for more than the law lets them, at a balance date or now."""
    facts = ask.facts
    rows = facts.rows("guarantees")
    trade = _by_trade(facts)
    rows = rows[rows["guarantor_id"].isin(trade)]
    books = facts.rows("financials")
    books = books[books["party_id"].isin(set(rows["guarantor_id"])) & known(books["net_assets"])]
    own = facts.tables.currency
    books = books[books["currency"].isna().to_numpy() | (books["currency"] == own).to_numpy()]
    for guarantor, mine in rows.groupby("guarantor_id"):
        of = books[books["party_id"] == guarantor]
        worst = _worst(ask, mine, of)
        if worst is not None:
            found = _too_much(ask, str(guarantor), worst)
            if found is not None:
                yield found


def _by_trade(facts: Facts) -> set[str]:
    """Guarantors by sector or by licence: the limit is theirs, not an insurer's and not any company's."""
    found = set(facts.party_ids[facts.party_sector == "guarantor"].tolist())
    if facts.has("licences"):
        rows = facts.rows("licences")
        found |= set(rows.loc[rows["function"] == "guarantee", "party_id"])
    return found


@dataclass(frozen=True)
class _Answers:
    """What a guarantor answered for on a day, beside the net assets last known then."""

    rows: pd.DataFrame
    book: pd.DataFrame
    day: int
    amount: int
    net: int
    unstated: int


def _worst(ask: Inquiry, rows: pd.DataFrame, books: pd.DataFrame) -> _Answers | None:
    """Of the balance dates and of the moment the one with the greatest multiple; None where none is known.

    Only of the time for which there has been such a limit.
    """
    facts = ask.facts
    ends = micros(books["period_end"])
    began = first_moment(ask, "multiple")
    worst: _Answers | None = None
    for at in sorted({each for each in (*ends.tolist(), facts.at) if each >= began}):
        past = books[ends <= at]
        if past.empty:
            continue
        book = past.iloc[[int(np.argmax(micros(past["period_end"])))]]
        held = rows[_stands(facts, rows, at)]
        amounts = _balance(facts, held, at)
        answers = _Answers(
            held, book, at, int(amounts[amounts >= 0].sum()), int(book["net_assets"].iloc[0]),
            int((amounts < 0).sum()),
        )  # fmt: skip
        if answers.amount and (worst is None or _graver(answers, worst)):
            worst = answers
    return worst


def _graver(one: _Answers, other: _Answers) -> bool:
    if one.net <= 0 or other.net <= 0:
        return (one.net <= 0, one.amount) > (other.net <= 0, other.amount)
    return one.amount * other.net > other.amount * one.net


def _ends(facts: Facts, rows: pd.DataFrame) -> Ints:
    """Until when each guarantee holds: as stated, else as long as the loan that it names."""
    loans = facts.rows("loans")
    loans = loans[known(loans["end"])]
    end = dict(zip(words_of(loans["loan_id"]), micros(loans["end"]).tolist(), strict=True))
    of_loan = np.array([end.get(each, EVER) for each in words_of(rows["loan_id"])], np.int64)
    return np.where(known(rows["until"]), micros(rows["until"]), of_loan)


def _stands(facts: Facts, rows: pd.DataFrame, at: int) -> Flags:
    begun = ~known(rows["since"]) | (micros(rows["since"]) <= at)
    return np.asarray(begun & (_ends(facts, rows) > at), np.bool_)


def _balance(facts: Facts, rows: pd.DataFrame, at: int) -> Ints:
    """What each guarantee still answers for: now no more than is still owed on the loan that it names."""
    amounts = _stated(facts, rows)
    if at != facts.at or not facts.has("loans.balance"):
        return amounts
    loans = facts.rows("loans")
    loans = loans[known(loans["balance"])]
    left = dict(zip(words_of(loans["loan_id"]), loans["balance"].tolist(), strict=True))
    owed = np.array([left.get(each, -1) for each in words_of(rows["loan_id"])], np.int64)
    return np.where(owed >= 0, np.where(amounts >= 0, np.minimum(amounts, owed), owed), amounts)


def _too_much(ask: Inquiry, guarantor: str, worst: _Answers) -> Finding | None:
    facts = ask.facts
    own = facts.tables.currency
    number = facts.party_number.get(guarantor, -1)
    scope = words_of(facts.rows("parties")["scope"])[number] if number >= 0 else ""
    said = f"{facts.name_of(guarantor)} {scope}".lower()
    small = any(word in said for word in SMALL)
    name = "multiple_small" if small else "multiple"
    limit = ask.threshold(name)
    if worst.amount <= limit * max(worst.net, 0):
        return None
    who = facts.name_of(guarantor) or guarantor
    if worst.net > 0:
        times = Fraction(worst.amount, worst.net)
        text = N_("what it answers for, in times of its net assets")
        first = ask.measure("multiple", text, times, name, ">")
        summary = Told(
            N_(
                "on {day} {guarantor} answers for {money}, {times} times its net assets, where {limit} are "
                "allowed"
            ),
            day=day_text(facts, worst.day), guarantor=who, money=money(facts, worst.amount),
            times=number_text(times), limit=number_text(limit),
        )  # fmt: skip
    else:
        basis = ask.threshold_row(name).basis
        text = N_("what it answers for, where its net assets allow nothing")
        first = Measure("answers", text, Fraction(worst.amount), Fraction(0), ">", basis, own)
        summary = Told(
            N_("on {day} {guarantor} answers for {money} and has no net assets"),
            day=day_text(facts, worst.day), guarantor=who, money=money(facts, worst.amount),
        )  # fmt: skip
    measures = [
        first,
        ask.measure("answers_for", N_("what it answers for"), worst.amount, unit=own),
        ask.measure("net_assets", N_("its net assets as last stated then"), worst.net, unit=own),
        ask.measure("guarantees_held", N_("guarantees that it is so by"), len(worst.rows)),
    ]
    if worst.unstated:
        text = N_("guarantees of which no amount is known")
        measures.append(ask.measure("unstated", text, worst.unstated))
    loans = facts.rows("loans")
    licences = facts.rows("licences")
    return ask.finding(
        subject=("party", guarantor),
        hit=("multiple",),
        summary=summary,
        measures=measures,
        rows=[
            facts.cite("guarantees", worst.rows),
            facts.cite("financials", worst.book),
            facts.cite("loans", loans[loans["loan_id"].isin(worst.rows["loan_id"].dropna())], False),
            facts.cite("licences", licences[licences["party_id"] == guarantor], False),
            facts.cite_parties([guarantor]),
            *facts.cite_last(),
        ],
        severity="medium",
        kinds={"contract": "shown", "statement": "shown"},
        elements={
            "platform": ("unknown", N_("the limit holds whomever it guarantees")),
            "stands_in": "shown",
            "lenders": ("unknown", N_("the limit holds whomever it guarantees")),
            "unpaid": ("unknown", N_("it rests on what was promised: nothing need be overdue")),
        },
        against={
            "independent": ("clear", N_("the limit holds for an independent guarantor too")),
            "late": ("clear", N_("it rests on what was promised, not on payments")),
            "again": ("clear", N_("it rests on what was promised, not on payments")),
            "small": ("present", N_("its name or scope says so: fifteen times are allowed"))
            if small
            else ("clear", N_("neither its name nor its scope says so"))
            if scope
            else ("unknown", N_("its business scope is not stated")),
        },
        amount=worst.amount,
        currency=own,
    )


_PLATFORM = ("parties.sector", "loans.platform_id", "listings", "client_ledger")
_WHOSE = ("accounts.party_id", "accounts.signer_id", "accounts.name")

LINE = RedLine(
    code="RL-03",
    name=N_("Self-guarantee"),
    name_zh="自保、自担",
    asks=N_("Does a lending platform or its group answer for what borrowers owe?"),
    tests=(
        Test(
            "contract",
            N_("guarantors beside the platform's group"),
            ("guarantees", _PLATFORM),
        ),
        Test(
            "payouts",
            N_("who paid lenders what was overdue, as flows show"),
            ("instalments", ("transfers.loan_id", "transfers.listing_id"), _PLATFORM, _WHOSE),
        ),
        Test(
            "register",
            N_("who paid what was overdue, as the register of instalments says"),
            ("instalments.paid_by", "instalments.paid_on", _PLATFORM, _WHOSE),
        ),
        Test(
            "multiple",
            N_("what guarantors by trade answer for beside their net assets"),
            ("guarantees", "financials.net_assets", ("licences", "parties.sector")),
        ),
    ),
    elements={
        "platform": N_("it brings lenders and borrowers together"),
        "stands_in": N_("it or its group answers for what borrowers owe"),
        "lenders": N_("lenders are kept free of loss"),
        "unpaid": N_("the borrowers had not paid when it was due"),
    },
    guards={
        "independent": N_("an independent licensed guarantor or insurer answers or pays"),
        "late": N_("a borrower pays late through the platform's accounts"),
        "again": N_("a payment that failed is made again"),
        "small": N_("the guarantor mainly serves small firms or farming, and fifteen times are allowed"),
    },
    find=find,
)  # fmt: skip
