"""RL-08 Lending of its own (发放贷款): a platform that lends its own or its group's money.

The rule: an intermediary of information brings lender and borrower together and lends nothing itself
(暂行办法 art. 10 (5)); who lends to the public by trade needs a licence, and ten times within two years is by
trade (法发〔2019〕24号). Looked at: the lender of record beside the platform's group, the account that the
principal was paid from, and, where no register of loans says so, who was paid first and paid back in parts.
Not it: loans of a licensed lender in the group, to employees, advances in trade, lenders' money that is only
passed on, and clients who are paid what is theirs and pay in again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, number_text
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, span
from graphflow.redlines.clients import clients_of
from graphflow.redlines.facts import Facts, Flags, Ints, Known, known, local_days, micros
from graphflow.redlines.limits import BEFORE_ITS_LAW, first_moment
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

LICENSED = ("lending", "banking", "trust")
"""Licences under which money may be lent."""

TRADE = ("预付", "货款", "采购", "垫付", "trade", "advance", "prepayment")
"""What the purpose of an advance between traders says."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    count: Number | None = None,
    share: Number | None = None,
    borrowers: Number | None = None,
    parts: Number | None = None,
    within: str = "730D",
) -> Iterator[Finding]:
    """Platforms that lend their own or their group's money, ten times and more within two years.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    count
        Least number of own loans within that time; None: what the table of law says.
    share
        The part of all principal that is own has to be more than this.
    borrowers
        Least number of borrowers: fewer are no public.
    parts
        Least number of payments back, where no register of loans tells a loan from another payment.
    within
        The time in which loans are counted.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl08
    >>> [(f.measure, str(f.value)) for f in find(rl08.toy())], len(list(find(rl08.near_miss())))
    ([('own_lend_share', '3/10')], 0)
    """
    settings = {"count": count, "share": share, "borrowers": borrowers, "parts": parts, "within": within}
    ask = Inquiry(LINE, case, as_of, law, **settings)
    platforms = ask.facts.platforms("lending")
    for platform, why in platforms.items():
        if ask.runs("lender") or ask.runs("principal"):
            yield from _registered(ask, platform, why, len(platforms) == 1, span(within))
        if ask.runs("repaid"):
            yield from _unregistered(ask, platform, why, span(within))


# ---------------------------------------------------------------- loans in the register


@dataclass(frozen=True)
class _Own:
    """Loans of a platform, and what of them is its own group's money.

    Attributes
    ----------
    loans
        All loans on the platform.
    amount, lender
        Of each: what its group lent (0: nothing), and which of the group did.
    flows
        Rows by which the group paid the principal, and by which lenders had paid in for it.
    left_out
        How many own loans each guard left out.
    """

    loans: pd.DataFrame
    amount: Ints
    lender: npt.NDArray[np.object_]
    paid: pd.DataFrame
    passed: pd.DataFrame
    left_out: Mapping[str, int]
    spoke: tuple[Cited, ...] = ()


def _registered(ask: Inquiry, platform: str, why: Known, only: bool, within: int) -> Iterator[Finding]:
    facts = ask.facts
    loans = facts.rows("loans")
    here = (loans["platform_id"] == platform).to_numpy(np.bool_, na_value=False)
    if only:  # where one platform is all there is, a loan that names none is its
        here = here | ~known(loans["platform_id"])
    loans = loans[here]
    if loans.empty:
        return
    own = _guarded(ask, facts.group(platform), _own(ask, platform, loans))
    lent = own.amount > 0
    starts = micros(own.loans["start"])[lent]
    who = own.loans["borrower_id"][lent].nunique()
    total = int(own.loans["principal"].sum())
    measures = [
        ask.measure(
            "own_lend_share",
            N_("part of all principal that was lent of the group's own money"),
            Fraction(int(own.amount.sum()), total) if total else Fraction(0),
            "share",
            ">",
        ),
        _count(ask, starts, within),
        ask.measure("borrowers", N_("borrowers of own loans"), who, "borrowers"),
    ]
    if not all(m.met for m in measures):
        return
    yield _finding(ask, platform, why, own, measures)


def _own(ask: Inquiry, platform: str, loans: pd.DataFrame) -> _Own:
    """What of each loan the platform's group lent: by record, or by the account that paid it."""
    facts = ask.facts
    group = facts.group(platform)
    amount = np.zeros(len(loans), np.int64)
    lender = np.full(len(loans), "", object)
    principal = loans["principal"].to_numpy(np.int64)
    recorded = loans["lender_id"].fillna("").astype(str).to_numpy(object)
    outside = ~np.isin(loans["borrower_id"].astype(str).to_numpy(object), sorted(group))
    if ask.runs("lender"):
        mine = np.isin(recorded, sorted(group)) & outside
        amount[mine], lender[mine] = principal[mine], recorded[mine]
    flows = facts.flows
    paid = passed = flows.iloc[:0]
    if ask.runs("principal"):
        paid, passed, sums, payers = _principal(facts, group, loans)
        # what lenders had paid in for a loan is not the group's; one counts if half of it and more is
        of_own = np.where((amount == 0) & outside, np.minimum(sums, principal), 0)
        of_own = np.where(2 * of_own >= principal, of_own, 0)
        amount, lender = np.where(of_own > 0, of_own, amount), np.where(of_own > 0, payers, lender)
        counts = set(loans["loan_id"].to_numpy(object)[of_own > 0])
        paid, passed = paid[paid["loan"].isin(counts)], passed[passed["loan"].isin(counts)]
    return _Own(loans, amount, lender, paid, passed, {})


def _principal(
    facts: Facts, group: frozenset[str], loans: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, Ints, npt.NDArray[np.object_]]:
    """Payments of the group to borrowers under their loans; what others paid into its accounts for these.

    And of each loan what of the first is more than the second, and which of the group paid the most of it.
    """
    flows = facts.flows
    own = np.zeros(facts.account_ids.size, np.bool_)
    own[facts.accounts_of(group)] = True
    own &= ~facts.guarded
    near = own[flows["source"].to_numpy()] | own[flows["target"].to_numpy()]
    part = flows[near & ~flows["own"].to_numpy()]
    numbers, words = facts.codes("loan_id", part["row"])
    ids = loans["loan_id"].astype(str).to_numpy(object)
    place = {each: at for at, each in enumerate(ids)}
    of_word = np.array([place.get(word, -1) for word in words] + [-1], np.int64)
    at = of_word[numbers]
    part, at = part[at >= 0], at[at >= 0]
    part = part.assign(loan=ids[at])
    borrower = np.array([facts.party_number.get(str(b), -2) for b in loans["borrower_id"]], np.int64)[at]
    out = own[part["source"].to_numpy()] & (part["payee"].to_numpy() == borrower)
    group_numbers = [facts.party_number[p] for p in group if p in facts.party_number]
    into = own[part["target"].to_numpy()] & (part["payer"].to_numpy() != borrower)
    into &= ~np.isin(part["payer"].to_numpy(), group_numbers)
    first = np.full(len(loans), np.iinfo(np.int64).max)
    np.minimum.at(first, at[out], part["time"].to_numpy()[out])
    into &= part["time"].to_numpy() <= first[at]  # what comes later repays no principal of this loan
    sums = np.zeros(len(loans), np.int64)
    np.add.at(sums, at[out], part["amount"].to_numpy()[out])
    np.subtract.at(sums, at[into], part["amount"].to_numpy()[into])
    payers = np.full(len(loans), "", object)
    for loan, source in zip(at[out], part["source"].to_numpy()[out], strict=True):
        payers[loan] = payers[loan] or facts.holder(int(source))
    return part[out], part[into], np.maximum(sums, 0), payers


def _guarded(ask: Inquiry, group: frozenset[str], own: _Own) -> _Own:
    """Own loans without those that a licence covers, to employees, and advances in trade."""
    facts, loans = ask.facts, own.loans
    amount, spoke = own.amount.copy(), []
    left_out = dict.fromkeys(("licensed", "employees", "trade"), 0)

    def leave_out(guard: str, which: Flags) -> None:
        which = which & (amount > 0)
        left_out[guard] += int(which.sum())
        amount[which] = 0

    lent = set(own.lender[amount > 0])
    if facts.tables.has("licences"):
        rows = facts.rows("licences")
        rows = rows[rows["party_id"].isin(lent) & rows["function"].isin(LICENSED)]
        starts = micros(loans["start"])
        for party, since, until in zip(
            rows["party_id"], _or(rows["since"], _EARLIEST), _or(rows["until"], _LATEST), strict=True
        ):
            leave_out("licensed", (own.lender == party) & (starts >= since) & (starts < until))
        spoke.append(facts.cite("licences", rows, False))
    if facts.tables.has("relations"):
        rows = facts.rows("relations")
        rows = rows[(rows["kind"] == "employee") & rows["other_id"].isin(group)]
        leave_out("employees", loans["borrower_id"].isin(set(rows["party_id"])).to_numpy(np.bool_))
        spoke.append(facts.cite("relations", rows, False))
    purpose = loans["purpose"].fillna("").astype(str).str.lower()
    leave_out("trade", purpose.str.contains("|".join(TRADE), regex=True).to_numpy(np.bool_))
    counts = set(loans["loan_id"].to_numpy(object)[amount > 0])
    return replace(
        own,
        amount=amount,
        left_out=left_out,
        spoke=tuple(spoke),
        paid=own.paid[own.paid["loan"].isin(counts)] if len(own.paid) else own.paid,
        passed=own.passed[own.passed["loan"].isin(counts)] if len(own.passed) else own.passed,
    )


_EARLIEST, _LATEST = -(2**62), 2**62


def _or(times: pd.Series, otherwise: int) -> Ints:
    """Times as numbers; where there is none, another."""
    return np.where(known(times), micros(times), otherwise)


def _most_within(times: Ints, within: int) -> int:
    """How many of some times lie in one stretch of a length, at most.

    >>> _most_within(np.array([0, 5, 10, 11, 30]), 10)
    3
    """
    ordered = np.sort(times)
    upto = np.searchsorted(ordered, ordered + within, side="right")
    return int((upto - np.arange(ordered.size)).max(initial=0))


def _count(ask: Inquiry, starts: Ints, within: int) -> Measure:
    """The own loans within the time that counts, beside the figure that held when they were made.

    The opinion that gives ten times is of 2019: what was lent before is compared with our default, which no
    law gives, and so is what was lent before and after together.
    """
    name, counted = "count_before", starts
    if ask.in_force("count"):
        since = starts[starts >= first_moment(ask, "count", given=True)]
        if since.size == starts.size or _most_within(since, within) >= ask.threshold("count"):
            name, counted = "count", since
    times = _most_within(counted, within)
    return ask.measure("count", N_("own loans within the time that counts"), times, name)


def _business(measures: Sequence[Measure], state: str = "shown") -> tuple[str, str] | str:
    """Whether it is by trade: what no law gave a figure for is inferred."""
    (count,) = (m for m in measures if m.name == "count")
    return ("inferred", NO_FIGURE) if count.basis == "default" else state


NO_FIGURE = N_("when some of it was lent no law gave a figure yet: ten times is our default")


def _finding(ask: Inquiry, platform: str, why: Known, own: _Own, measures: Sequence[Measure]) -> Finding:
    facts, loans = ask.facts, own.loans
    lent = own.amount > 0
    lenders = sorted(set(own.lender[lent]))
    by_flow = bool(len(own.paid))
    by_record = bool((lent & ~loans["loan_id"].isin(set(own.paid.get("loan", ()))).to_numpy()).any())
    amount = int(own.amount.sum())
    crime, note = _crime(ask, own, lenders)
    kinds = {"contract": "shown"}
    kinds |= {"flow": "shown"} if by_flow else {}
    kinds |= {"ownership": "shown"} if set(lenders) - {platform} else {}
    digits = facts.tables.minor_units.get(facts.tables.currency, 2)
    accounts = sets.unique(own.paid[["source", "target"]].to_numpy(np.int64)) if by_flow else np.zeros(0, int)
    more = sets.unique(own.passed[["source", "target"]].to_numpy(np.int64)) if len(own.passed) else accounts
    return ask.finding(
        subject=("party", platform),
        hit=[*(["lender"] if by_record else []), *(["principal"] if by_flow else [])],
        summary=Told(
            N_(
                "{platform} or its group lent {amount} of its own on {count} loans, {share} % of all that "
                "was lent on the platform"
            ),
            platform=facts.name_of(platform) or platform,
            amount=f"{amount_text(amount, digits)} {facts.tables.currency}",
            count=int(lent.sum()),
            share=number_text(Fraction(100 * amount, int(loans["principal"].sum()))),
        ),
        measures=measures,
        rows=[
            facts.cite("loans", loans),
            Cited("transfers", sets.unique(own.paid["row"].to_numpy(np.int64))),
            Cited("transfers", sets.unique(own.passed["row"].to_numpy(np.int64)), False),
            facts.cite_accounts(sets.union(accounts, more)),
            facts.cite_parties({platform, *lenders, *map(str, loans["borrower_id"])}),
            *(facts.cite_group(platform, lenders, shows=False)),
            *own.spoke,
            *why.cited,
        ],
        severity="critical" if crime else "high",
        severity_note=note,
        kinds=kinds,
        elements={
            "lends": "shown",
            "public": ("inferred", N_("the borrowers are many, and no table ties them to the lender")),
            "business": _business(measures),
            "no_licence": "shown"
            if facts.tables.has("licences")
            else ("unknown", N_("no table lists licences")),
        },
        against={
            "licensed": _left_out(own.left_out["licensed"])
            if facts.tables.has("licences")
            else ("unknown", N_("no table lists licences")),
            "employees": _left_out(own.left_out["employees"])
            if facts.tables.has("relations")
            else ("unknown", N_("no table says who is employed")),
            "trade": _left_out(own.left_out["trade"])
            if facts.has("loans.purpose")
            else ("unknown", N_("no loan says what it is for")),
            "lenders_money": ("clear", N_("what lenders had paid in for a loan is taken off"))
            if ask.runs("principal")
            else ("unknown", N_("no transfer names its loan: whose money was lent is as the register says")),
        },
        amount=amount,
        currency=facts.tables.currency,
    )


def _left_out(count: int) -> tuple[str, str] | str:
    if not count:
        return "clear"
    return "present", Told(N_("left out: {count} loans"), count=count)


def _crime(ask: Inquiry, own: _Own, lenders: list[str]) -> tuple[bool, str]:
    """Whether the figures are those from which unlicensed lending is a crime; and why it cannot be told.

    What was lent before their law counts for none of them (法发〔2019〕24号 art. 8).
    """
    facts = ask.facts
    if facts.tables.currency != "CNY":
        return False, N_("The figures of the crime are yuan: another currency is not compared with them.")
    person = all(facts.is_person(each) for each in lenders)
    sums, number = (f"crime_{'person' if person else 'company'}{each}" for each in ("", "_borrowers"))
    names = [name for name in (sums, number) if ask.in_force(name)]
    if not names or not ask.in_force("crime_rate"):
        return False, BEFORE_ITS_LAW
    mine = own.amount > 0
    loans, amount = own.loans[mine], own.amount[mine]
    starts = micros(loans["start"])
    since = {name: starts >= first_moment(ask, name, given=True) for name in (*names, "crime_rate")}
    usury, rates = ask.threshold("crime_rate"), loans["rate"]
    stated = known(rates)
    dear = np.zeros(rates.size, np.bool_)
    dear[stated] = [Fraction(str(rate)) > usury for rate in rates[stated]]

    def reached(which: Flags, whenever: bool = False) -> bool:
        for name in names:
            counts = which if whenever else which & since[name] & since["crime_rate"]
            figure = int(amount[counts].sum()) if name == sums else loans["borrower_id"][counts].nunique()
            if figure >= ask.threshold(name):
                return True
        return False

    if reached(dear):
        return True, ""
    if not stated.all() and reached(np.ones(rates.size, np.bool_)):
        return False, N_(
            "The sums are those of the crime of unlicensed lending; whether the rate is too is not known of "
            "every loan."
        )
    return False, LENT_BEFORE if reached(dear | ~stated, whenever=True) else ""


LENT_BEFORE = N_("What was lent before the law on unlicensed lending is not compared with its figures.")


# ---------------------------------------------------------------- no register: paid first, paid back in parts


def _unregistered(ask: Inquiry, platform: str, why: Known, within: int) -> Iterator[Finding]:
    """Who was paid by an account of the group first, and paid back in parts: loans without a register."""
    facts = ask.facts
    flows = facts.flows
    group = facts.group(platform)
    own = np.zeros(facts.account_ids.size, np.bool_)
    own[facts.accounts_of(group)] = True
    own &= ~facts.guarded
    numbers = [facts.party_number[p] for p in group if p in facts.party_number]
    out = own[flows["source"].to_numpy()] & ~np.isin(flows["payee"].to_numpy(), numbers)
    into = own[flows["target"].to_numpy()] & ~np.isin(flows["payer"].to_numpy(), numbers)
    out &= (flows["payee"].to_numpy() >= 0) & ~facts.guarded[flows["target"].to_numpy()]
    into &= (flows["payer"].to_numpy() >= 0) & ~facts.guarded[flows["source"].to_numpy()]
    met = flows[out | into]
    met = met.assign(
        out=out[out | into], other=np.where(out[out | into], met["payee"].to_numpy(), met["payer"].to_numpy())
    )
    if met.empty:
        return
    if facts.tables.has("loans"):  # those are looked at by the register
        listed = {facts.party_number.get(str(each), -1) for each in facts.rows("loans")["borrower_id"]}
        met = met[~met["other"].isin(listed)]
    met, spared = _spared(facts, group, met)
    if met.empty:
        return
    met = _unlicensed(facts, met)
    for _, part in met.groupby("currency"):
        others = part.groupby("other")
        first_out = others["out"].first()  # in the order that is shown
        back = part[~part["out"]]
        days = back.assign(day=local_days(facts, back["time"])).groupby("other")["day"].nunique()
        lent = part[part["out"]].groupby("other")["amount"].sum()
        due = back.groupby("other")["amount"].sum()
        days, lent, due = (each.reindex(first_out.index, fill_value=0) for each in (days, lent, due))
        is_loan = first_out & (days >= int(ask.threshold("parts"))) & (2 * due >= lent) & (due <= 3 * lent)
        who = is_loan.index[is_loan]
        if who.empty:
            continue
        mine = part[part["other"].isin(who)]
        starts = mine[mine["out"]].groupby("other")["time"].min().to_numpy(np.int64)
        measures = [
            _count(ask, starts, within),
            ask.measure("borrowers", N_("borrowers of own loans"), len(who), "borrowers"),
        ]  # fmt: skip
        if not all(m.met for m in measures):
            continue
        amount, coin = int(lent.loc[who].sum()), facts.currencies[int(part["currency"].iloc[0])]
        digits = facts.tables.minor_units.get(coin, 2)
        borrowers = [str(facts.party_ids[int(each)]) for each in who]
        accounts = sets.unique(mine[["source", "target"]].to_numpy(np.int64))
        lenders = sorted({facts.holder(int(a)) for a in accounts if own[a]})
        yield ask.finding(
            subject=("party", platform),
            hit=["repaid"],
            summary=Told(
                N_(
                    "{platform} or its group paid {amount} to {count} parties that paid back in parts: loans "
                    "that no register lists"
                ),
                platform=facts.name_of(platform) or platform,
                amount=f"{amount_text(amount, digits)} {coin}",
                count=len(who),
            ),
            measures=measures,
            rows=[
                Cited("transfers", sets.unique(mine["row"].to_numpy(np.int64)[mine["out"].to_numpy()])),
                Cited("transfers", sets.unique(mine["row"].to_numpy(np.int64)), False),
                facts.cite_accounts(accounts),
                facts.cite_parties({platform, *lenders, *borrowers}),
                *facts.cite_group(platform, lenders),
                *why.cited,
            ],
            severity="medium",
            kinds={"flow": "inferred"}
            | ({"ownership": "shown"} if set(lenders) - {platform} else {}),
            elements={
                "lends": ("inferred", N_("who was paid first and pays back in parts was lent to")),
                "public": ("inferred", N_("the borrowers are many, and no table ties them to the lender")),
                "business": _business(measures, "inferred"),
                "no_licence": "shown"
                if facts.tables.has("licences")
                else ("unknown", N_("no table lists licences")),
            },
            against={
                "licensed": "clear"
                if facts.tables.has("licences")
                else ("unknown", N_("no table lists licences")),
                **spared,
                "trade": ("unknown", N_("no loan says to whom and what for")),
            },
            amount=amount,
            currency=coin,
        )  # fmt: skip


def _unlicensed(facts: Facts, met: pd.DataFrame) -> pd.DataFrame:
    """Payments without those of whoever was paid by a lender that had a licence then.

    Of somebody who was lent to under a licence and without one nothing counts: what he
    pays cannot be told apart.
    """
    lender, time = met["payer"].to_numpy(np.int64), met["time"].to_numpy(np.int64)
    covered = facts.licensed_then(LICENSED, lender, time)
    return met[~met["other"].isin(met.loc[covered & met["out"].to_numpy(), "other"])]


def _spared(
    facts: Facts, group: frozenset[str], met: pd.DataFrame
) -> tuple[pd.DataFrame, Mapping[str, tuple[str, str] | str]]:
    """Payments without those of clients whom a table names, and of employees; and what is said of both.

    What a client is paid may be what is held for him, whenever the statements begin.
    """
    numbers = [facts.party_number[p] for p in group if p in facts.party_number]
    named = clients_of(facts).of(numbers)["client"].to_numpy(np.int64)
    others = met["other"].to_numpy()
    clients = np.isin(others, named)
    employees, said = np.zeros(len(met), np.bool_), ("unknown", N_("no table says who is employed"))
    told: dict[str, tuple[str, str] | str] = {"employees": said}
    if facts.tables.has("relations"):
        ties = facts.rows("relations")
        ties = ties[(ties["kind"] == "employee") & ties["other_id"].isin(group)]
        employees = np.isin(others, facts.numbers_of(ties["party_id"]))
        told["employees"] = _parties_left_out(int(sets.unique(others[employees]).size))
    count = int(sets.unique(others[clients]).size)
    told["lenders_money"] = (
        "unknown",
        Told(
            N_("left out: {count} clients whom a table names; whose money the rest was is open"), count=count
        )
        if count
        else N_("no transfer names a loan: whose money it was is open"),
    )
    return met[~clients & ~employees], told


def _parties_left_out(count: int) -> tuple[str, str] | str:
    return ("present", Told(N_("left out: {count} parties"), count=count)) if count else "clear"


LINE = RedLine(
    code="RL-08",
    name=N_("Lending of its own"),
    name_zh="发放贷款",
    asks=N_("Does a platform that should only bring lenders and borrowers together lend money itself?"),
    tests=(
        Test(
            "lender",
            N_("the lenders of record beside the platform's group"),
            ("loans.lender_id",),
        ),
        Test(
            "principal",
            N_("from whose accounts the principal was paid"),
            ("loans", "transfers.loan_id", "accounts.party_id"),
        ),
        Test(
            "repaid",
            N_("who was paid by the group first and paid back in parts"),
            (("parties.sector", "loans.platform_id", "listings", "client_ledger"), "accounts.party_id"),
        ),
    ),
    elements={
        "lends": N_("the platform or its group lends"),
        "public": N_("to a public: many, and no circle that is closed"),
        "business": N_("again and again"),
        "no_licence": N_("without a licence"),
    },
    guards={
        "licensed": N_("a licensed lender of the group lends (小贷、消金、信托)"),
        "employees": N_("the loans are to employees"),
        "trade": N_("they are advances in trade"),
        "lenders_money": N_("it is lenders' money that is passed on"),
    },
    find=find,
)  # fmt: skip
"""RL-08 as data."""
