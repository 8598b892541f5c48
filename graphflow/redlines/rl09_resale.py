"""RL-09 Resale of claims (债权转让、超级放款人): one lender makes the loans and sells them on to the many.

The rule: nothing like securitisation, no claims sold in packets (暂行办法 art. 10 (8)); no staff of a
platform who lend first and sell then (网贷整治办函〔2017〕57号). Looked at: who lent on many loans in a short
time, how much of it went to others, how soon and to how many, and what ties the lender to the platform. What
is sold inside the lender's group is looked through: it counts when it leaves it. Not it: licensed dealers in
claims and securitisations, factors who give the debtor notice, an investor who sells a claim once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, number_text
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, span
from graphflow.redlines.facts import DAY, Facts, known, micros
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

DEALERS = ("asset_management", "banking", "exchange", "securities", "trust")
"""Licences under which claims are dealt in: of asset managers, banks and issuers of securities."""

STAFF = (
    "agent", "controller", "director", "employee", "legal_representative", "manager", "supervisor", "trustee",
)  # fmt: skip
KIN = ("child", "parent", "sibling", "spouse")
FACTORS = ("保理", "factoring")


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    resale: Number | None = None,
    loans: Number | None = None,
    hold: Number | None = None,
    assignees: Number | None = None,
    within: str = "90D",
) -> Iterator[Finding]:
    """Lenders who make many loans in a short time and sell nearly all of them on to the public at once.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    resale
        Least part of what was lent that was sold on; None: what the table of law says.
    loans
        Least number of loans made within `within`.
    hold
        Most days, in the median of the sales, between the loan and its sale.
    assignees
        Least number of those who bought.
    within
        The time in which loans are counted.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl09
    >>> [(f.measure, str(f.value)) for f in find(rl09.toy())], len(list(find(rl09.near_miss())))
    ([('resale', '49/50')], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, resale=resale, loans=loans, hold=hold, assignees=assignees, within=within
    )
    if not ask.runs("resale"):
        return
    book = _Book(ask.facts)
    for lender in book.with_many(int(ask.threshold("loans"))):
        sales = _Sales(book, lender)
        measures = _measures(ask, sales, span(within))
        if measures is not None:
            yield from _finding(ask, sales, measures)


@dataclass(frozen=True)
class _Book:
    """All loans with who made each, and all sales of claims."""

    facts: Facts

    @cached_property
    def loans(self) -> pd.DataFrame:
        """Loans with a column ``made_by``: the lender of record, else who sold the claim first."""
        loans, sold = self.facts.rows("loans"), self.assignments.sort_values("time", kind="stable")
        first = sold.drop_duplicates("loan_id").set_index("loan_id")["seller_id"]
        recorded = loans["lender_id"]
        return loans.assign(
            made_by=recorded.where(known(recorded), loans["loan_id"].map(first)), recorded=known(recorded)
        )

    @cached_property
    def assignments(self) -> pd.DataFrame:
        """Sales of claims, in the order of the table."""
        return self.facts.rows("assignments")

    def with_many(self, least: int) -> list[str]:
        """Those who made at least so many loans and sold any claim."""
        counts = self.loans["made_by"].value_counts()
        return sorted(str(each) for each in counts.index[counts >= least])


@dataclass(frozen=True)
class _Sales:
    """What one lender made, and what of it left its group."""

    book: _Book
    lender: str

    @cached_property
    def loans(self) -> pd.DataFrame:
        """The loans that it made."""
        return self.book.loans[self.book.loans["made_by"] == self.lender]

    @cached_property
    def group(self) -> frozenset[str]:
        """Itself and its group."""
        return self.book.facts.group(self.lender)

    @cached_property
    def near(self) -> pd.DataFrame:
        """Sales of its loans by anybody of its group."""
        sold = self.book.assignments
        return sold[sold["loan_id"].isin(set(self.loans["loan_id"])) & sold["seller_id"].isin(self.group)]

    @cached_property
    def issuers(self) -> frozenset[str]:
        """Who issues securities of claims, as the register of products has it."""
        facts = self.book.facts
        if not facts.tables.has("products", "kind"):
            return frozenset()
        rows = facts.rows("products")
        rows = rows[rows["kind"] == "abs"]
        return frozenset(str(each) for each in (*rows["issuer_id"].dropna(), *rows["manager_id"].dropna()))

    @cached_property
    def sold(self) -> pd.DataFrame:
        """Sales to outside, securitisations apart; what each adds: of a loan not more than it was for."""
        out = self.near[~self.near["buyer_id"].isin(self.group | self.issuers)]
        out = out.sort_values("time", kind="stable")
        principal = out["loan_id"].map(self.loans.set_index("loan_id")["principal"]).to_numpy(np.int64)
        upto = out.groupby("loan_id")["amount"].cumsum().to_numpy(np.int64)
        before = upto - out["amount"].to_numpy(np.int64)
        adds = np.minimum(upto, principal) - np.minimum(before, principal)
        start = out["loan_id"].map(pd.Series(micros(self.loans["start"]), self.loans["loan_id"]))
        return out.assign(adds=adds, held=micros(out["time"]) - start.to_numpy(np.int64))

    @property
    def platforms(self) -> list[str]:
        """The platforms of its loans; where none says, the one that there is."""
        named = sorted(str(each) for each in self.loans["platform_id"].dropna().unique())
        known_ = list(self.book.facts.platforms("lending"))
        return named or (known_ if len(known_) == 1 else [])


def _measures(ask: Inquiry, sales: _Sales, within: int) -> Sequence[Measure] | None:
    """What is measured of a lender; None where it does not stand to a threshold as it has to."""
    made, sold = sales.loans, sales.sold
    if sold.empty:
        return None
    starts = np.sort(micros(made["start"]))
    held = median(sold["held"]) / DAY
    most = int((np.searchsorted(starts, starts + within, side="right") - np.arange(starts.size)).max())
    found = (
        ask.measure(
            "resale",
            N_("part of what was lent that was sold on"),
            Fraction(int(sold["adds"].sum()), int(made["principal"].sum())),
            "resale",
        ),
        ask.measure("loans", N_("loans made within the time that counts"), most, "loans"),
        ask.measure("hold", N_("from a loan to its sale, in the median"), held, "hold", "<="),
        ask.measure("assignees", N_("those who bought"), sold["buyer_id"].nunique(), "assignees"),
    )
    return found if all(m.met for m in found) else None


def median(values: Sequence[int] | pd.Series) -> Fraction:
    """The median, exact: of an even number the mean of the two in the middle.

    >>> median([3, 1, 2]), median([1, 2])
    (Fraction(2, 1), Fraction(3, 2))
    """
    ordered = sorted(int(each) for each in values)
    half = len(ordered) // 2
    return Fraction(ordered[half] + ordered[~half], 2)


# ---------------------------------------------------------------- what ties the lender to the platform


@dataclass(frozen=True)
class _Tie:
    """What ties the lender to a platform: by ``group``, ``register``, ``account``; with the rows."""

    ways: Mapping[str, Sequence[Cited]]
    known: bool

    @property
    def near(self) -> bool:
        """Whether it belongs to the platform, and is no stranger who lends from one account."""
        return bool(set(self.ways) & {"group", "register"})


def _tie(ask: Inquiry, sales: _Sales) -> _Tie:
    facts, lender = ask.facts, sales.lender
    first, last = int(micros(sales.loans["start"]).min()), int(micros(sales.sold["time"]).max())
    ways: dict[str, list[Cited]] = {}
    circle = {lender}
    rows = kin = pd.DataFrame()
    if facts.tables.has("relations"):  # of the time in which it lent and sold: it may have left since
        rows = facts.in_force_between("relations", first, last)
        kin = rows[rows["kind"].isin(KIN) & ((rows["party_id"] == lender) | (rows["other_id"] == lender))]
        circle |= set(kin["party_id"]) | set(kin["other_id"])
    for platform in sales.platforms:
        group = facts.group(platform)
        if circle & group:
            ways.setdefault("group", []).extend(facts.cite_group(platform, circle & group))
        if facts.tables.has("stakes"):
            stakes = facts.in_force_between("stakes", first, last)
            holds = stakes["owner_id"].isin(circle) | stakes["nominee_for"].isin(circle)
            holds &= stakes["company_id"].isin(group)
            if holds.any():
                ways.setdefault("group", []).append(facts.cite("stakes", stakes[holds], False))
        if len(rows):
            serves = rows["kind"].isin(STAFF) & rows["party_id"].isin(circle) & rows["other_id"].isin(group)
            if serves.any():
                ways.setdefault("register", []).append(facts.cite("relations", rows[serves], False))
        if group - {platform} and ways:
            ways["group" if "group" in ways else "register"] += facts.cite_group(platform)
    if ways and circle - {lender}:
        ways.setdefault("register", []).append(facts.cite("relations", kin, False))
    if ask.runs("account"):
        paid = _paid_from(facts, sales)
        if len(paid) and paid["source"].nunique() == 1:
            ways["account"] = [
                Cited("transfers", sets.unique(paid["row"].to_numpy(np.int64)), False),
                facts.cite_accounts(sets.unique(paid[["source", "target"]].to_numpy(np.int64))),
            ]
    return _Tie(ways, ask.runs("tie") and ask.runs("account"))


def _paid_from(facts: Facts, sales: _Sales) -> pd.DataFrame:
    """Payments to the borrowers under the lender's loans: from which account the loans were made."""
    flows = facts.flows
    numbers, words = facts.codes("loan_id", flows["row"])
    borrower = {
        loan: facts.party_number.get(str(who), -2)
        for loan, who in zip(sales.loans["loan_id"], sales.loans["borrower_id"], strict=True)
    }
    of_word = np.array([borrower.get(word, -2) for word in words] + [-2], np.int64)[numbers]
    paid: pd.DataFrame = flows[(of_word >= 0) & (flows["payee"].to_numpy() == of_word)]
    return paid


# ---------------------------------------------------------------- the finding


def _finding(ask: Inquiry, sales: _Sales, measures: Sequence[Measure]) -> Iterator[Finding]:
    facts, lender, sold = ask.facts, sales.lender, sales.sold
    first = int(micros(sales.loans["start"]).min())
    licensed, licences = _licensed(facts, lender, first)
    tie = _tie(ask, sales)
    factor = _factor(facts, lender)
    if licensed or (factor and not tie.near) or (tie.known and not tie.ways):
        return
    amount = int(sold["adds"].sum())
    securities = sales.near[sales.near["buyer_id"].isin(sales.issuers)]
    digits = facts.tables.minor_units.get(facts.tables.currency, 2)
    bought_back = sold["repurchase"].fillna(False).to_numpy(np.bool_)
    whole = bool(sales.loans["recorded"].all())
    kinds = {"contract": "shown" if whole else "inferred"}
    kinds |= {"ownership": "shown"} if "group" in tie.ways else {}
    kinds |= {"register": "shown"} if "register" in tie.ways else {}
    kinds |= {"flow": "shown"} if "account" in tie.ways else {}
    yield ask.finding(
        subject=("party", lender),
        hit=["resale", *(["tie"] if tie.near else []), *(["account"] if "account" in tie.ways else [])],
        summary=Told(
            N_(
                "{lender} made {count} loans and sold {amount} of them, {part} % of what it lent, to "
                "{buyers} others after {days} days in the median"
            ),
            lender=facts.name_of(lender) or lender,
            count=len(sales.loans),
            amount=f"{amount_text(amount, digits)} {facts.tables.currency}",
            part=number_text(100 * measures[0].value),
            buyers=int(measures[3].value),
            days=number_text(measures[2].value),
        ),
        measures=measures,
        rows=[
            facts.cite("loans", sales.loans.index.to_numpy()),
            facts.cite("assignments", sold.index.to_numpy()[sold["adds"].to_numpy() > 0]),
            facts.cite("assignments", sales.near.index.to_numpy(), False),
            facts.cite_parties({lender, *sales.platforms, *map(str, sold["buyer_id"])}),
            *(each for rows in tie.ways.values() for each in rows),
            *facts.cite_group(lender),
            *licences,
            *_products(facts, sales),
        ],
        severity="high" if tie.ways else "medium",
        severity_note="" if tie.ways else N_("Held at medium: what ties the lender to the platform is open."),
        kinds=kinds,
        elements={
            "lends_first": "shown"
            if whole
            else ("inferred", N_("who sold a claim first counts as its lender")),
            "sells": "shown",
            "tied": _tied(tie),
            "buys_back": ("shown", Told(N_("on {count} sales"), count=int(bought_back.sum())))
            if bought_back.any()
            else "unknown",
        },
        against={
            "licensed": "clear"
            if facts.tables.has("licences")
            else ("unknown", N_("no table lists licences")),
            "securities": ("present", Told(N_("left out: {count} sales"), count=len(securities)))
            if len(securities)
            else "clear"
            if facts.tables.has("products")
            else ("unknown", N_("no table lists products")),
            "factoring": ("unknown", N_("nothing says whether the debtors were given notice"))
            if factor
            else "clear"
            if facts.has("parties.scope")
            else ("unknown", N_("nothing says what the lender's business is")),
            "investor": "clear",
        },
        amount=amount,
        currency=facts.tables.currency,
    )


def _tied(tie: _Tie) -> tuple[str, str] | str:
    if tie.near:
        return "shown"
    if "account" in tie.ways:
        return "inferred", N_("all loans were paid from one account")
    return "unknown", N_("no table says who the lender is to the platform")


def _licensed(facts: Facts, lender: str, first: int) -> tuple[bool, list[Cited]]:
    """Whether the lender may deal in claims when it made its first loan; and what the register says of it."""
    if not facts.tables.has("licences"):
        return False, []
    rows = facts.rows("licences")
    rows = rows[(rows["party_id"] == lender) & rows["function"].isin(DEALERS)]
    since, until = known(rows["since"]) & (micros(rows["since"]) > first), known(rows["until"])
    holds = ~since & ~(until & (micros(rows["until"]) <= first))
    return bool(holds.any()), [facts.cite("licences", rows, False)]


def _factor(facts: Facts, lender: str) -> bool:
    """Whether the lender's name or scope says that it is a factor."""
    number = facts.party_number.get(lender, -1)
    if number < 0:
        return False
    row = facts.rows("parties").iloc[number]
    said = " ".join(str(row[column]) for column in ("name", "scope") if isinstance(row[column], str)).lower()
    return any(word in said for word in FACTORS)


def _products(facts: Facts, sales: _Sales) -> list[Cited]:
    """The securities whose issuers bought: context."""
    if not sales.issuers:
        return []
    rows = facts.rows("products")
    rows = rows[rows["kind"] == "abs"]
    return [facts.cite("products", rows, False), facts.cite_parties(sales.issuers)]


LINE = RedLine(
    code="RL-09",
    name=N_("Resale of claims"),
    name_zh="债权转让、超级放款人",
    asks=N_("Does one lender make the loans of a platform and sell them on to the public at once?"),
    tests=(
        Test(
            "resale",
            N_("what was lent beside what was sold on, how soon and to how many"),
            ("loans", "assignments"),
        ),
        Test(
            "tie",
            N_("what ties the lender to the platform"),
            ("loans", "assignments", ("relations", "stakes")),
        ),
        Test(
            "account",
            N_("whether all loans were paid from one account"),
            ("loans", "assignments", "transfers.loan_id", "accounts.party_id"),
        ),
    ),
    elements={
        "lends_first": N_("the lender makes the loans"),
        "sells": N_("it sells them on to the public in a short time"),
        "tied": N_("it belongs to the platform, or one account serves for all"),
        "buys_back": N_("it promises to buy back"),
    },
    guards={
        "licensed": N_("a licensed dealer in claims (资产管理公司、银行、信托)"),
        "securities": N_("they are sold into registered securities (资产支持证券)"),
        "factoring": N_("it is a factor who gives the debtors notice (商业保理)"),
        "investor": N_("an investor sells a claim of its own now and then"),
    },
    find=find,
)  # fmt: skip
"""RL-09 as data."""
