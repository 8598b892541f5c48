"""A man with a lending platform and eight accounts of his own (case 2 of the list).

Figures: guiding case 40 of the Supreme People's Procuratorate (检例第40号, 周辉集资诈骗案): from May 2011
to December 2013 1,586 investors put 1,030 million yuan into eight personal accounts; thirty-four borrowers
were made up, thirteen were real and got 1.7 million; the yield was about 20 %; 691 million was returned
(67.1 %), 356 million not (34.6 %). The two overlap by 17 million: interest among what was returned. What
was left bought houses and cars.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphflow import sets
from graphflow.synthesis.affairs import honest_lending
from graphflow.synthesis.affairs.book import DAY, HOUR, Book, Ints, affordable, on, rounded, shared
from graphflow.synthesis.affairs.told import Affair, Figure, May, Must

SOURCE = "最高人民检察院指导性案例检例第40号"
INVESTORS, MADE_UP, REAL, ACCOUNTS = 1_586, 34, 13, 8
RAISED, RETURNED, UNPAID = 1_030, 691, 356  # million
LENT = 17, 10_300  # of what was raised, what the real borrowers got
TERM = 46  # days: 17 of interest on 674 of principal is 20 % a year
SINCE, UNTIL, FIRST, LAST = "2011-05-01", "2013-12-31", "2011-05-10", "2013-11-20"
GROWTH = 1.5
TIMES = 3  # that an investor puts money in
BIDS, OPEN = 12, 4  # on a listing, and how many listings are open at one time


@dataclass(frozen=True)
class _Plan:
    """Payments in, in order of time; for each its listing, whether it is real, and what came back."""

    time: Ints
    who: Ints
    amount: Ints
    listing: Ints
    real: Ints  # the listing's number among the real ones; -1
    back: Ints
    gain: Ints


def affair(*, scale: float = 1.0, seed: int = 0) -> Affair:
    """The platform, and honest ones around it.

    Investors pay into one of eight accounts of the owner's; once a week they are swept into the first, from
    which those whose six weeks are over are paid, real borrowers get their loans, and houses and cars are
    bought. The made-up borrowers have names, telephones that are shared, and one title deed for the four
    listings of a time; they have no accounts.

    Parameters
    ----------
    scale
        1 is 1,586 investors and thirty-four made-up borrowers.
    seed
        The same scale and seed give the same rows.

    Returns
    -------
    Affair

    Examples
    --------
    >>> found = affair(scale=0.05)
    >>> {name: float(round(f.ratio, 3)) for name, f in found.figures.items()}
    {'returned': 0.671, 'unrecovered': 0.346, 'lent to real borrowers': 0.002}
    """
    book = Book(seed, "2010-01-01", "2014-01-31")
    honest_lending.institutions(book)
    people = book.people("I", max(round(INVESTORS * scale), 80))
    made_up = max(round(MADE_UP * scale), 8)
    real = max(round(REAL * scale), REAL)
    unit = max(round(100_000_000 * len(people) / INVESTORS), 1)
    _cast(book, made_up, real)
    plan = _planned(book, len(people), real, unit)
    loans = _listed(book, plan, made_up)
    _paid(book, plan, people, loans, unit)
    honest_lending.platforms(book, -(-10 * (made_up + 2) // 11), "2011-06-01", "2013-12-31")
    figures = (
        Figure("returned", RETURNED * unit, RAISED * unit, "67.1 %"),
        Figure("unrecovered", UNPAID * unit, RAISED * unit, "34.6 %"),
        Figure(
            "lent to real borrowers",
            int(plan.amount[plan.real >= 0].sum()),
            RAISED * unit,
            "1.7 of 1,030 million",
        ),
    )
    return book.affair("zhouhui", SOURCE, _truth(book, made_up, loans), figures)


def _cast(book: Book, made_up: int, real: int) -> None:
    book.party("ZHOU", "周某", "person", phone="13905710000")
    for number in range(ACCOUNTS):
        book.account(f"zhou{number}", "ZHOU")
    book.company("PLATFORM", "中例投资有限公司", "p2p_platform", scope="信息咨询")
    book.account("platform", "PLATFORM", opening=200_000_00)
    book.owns("ZHOU", "PLATFORM")
    shared_by = max(made_up // 6, 1)
    for number in range(made_up):
        book.party(
            f"B{number:03d}", f"借款人{number:03d}", "person", phone=f"1395719{number % shared_by:04d}"
        )
    for number in range(real):
        book.party(f"R{number:03d}", f"真实借款人{number:03d}", "person", phone=f"1385718{number:04d}")
        book.account(f"r{number:03d}", f"R{number:03d}", opening=300_000_00)
    for number in range(4):
        book.company(f"HOUSES{number}", book.firm_name("房地产开发有限公司"), "developer", scope="房地产开发")
        book.account(f"houses{number}", f"HOUSES{number}", covered=False)
        book.company(f"CARS{number}", book.firm_name("汽车销售有限公司"), scope="汽车销售")
        book.account(f"cars{number}", f"CARS{number}", covered=False)
    book.guilty |= {"ZHOU", "PLATFORM", *(f"B{number:03d}" for number in range(made_up))}


def _planned(book: Book, people: int, real: int, unit: int) -> _Plan:
    rng, count = book.rng, people * TIMES
    part = np.arange(count) / (count - 1)
    days = (np.log1p(part * np.expm1(GROWTH)) / GROWTH * (on(LAST) - on(FIRST))).astype(np.int64) // DAY * DAY
    time = np.sort(book.hours(on(FIRST) + days))
    who = rng.permutation(np.tile(np.arange(people), TIMES))
    of_real = np.full(count, -1, np.int64)
    of_real[(np.arange(real) + 1) * count // (real + 2)] = np.arange(real)
    lent = shared(RAISED * unit * LENT[0] // LENT[1], [1] * real)
    amount = np.zeros(count, np.int64)
    amount[of_real >= 0] = lent
    others = rounded(RAISED * unit - int(lent.sum()), rng.integers(8, 17, count - real), 1_000_00)
    amount[of_real < 0] = others
    place = np.arange(count)
    listing = place // (OPEN * BIDS) * OPEN + place % OPEN
    listing[of_real >= 0] = listing.max() + 1 + np.arange(real)
    before = np.cumsum(amount) - amount
    back = np.clip((RAISED - UNPAID) * unit - before, 0, amount)
    gain = shared((RETURNED - RAISED + UNPAID) * unit, back)
    return _Plan(time, who, amount, listing, of_real, back, gain)


def _listed(book: Book, plan: _Plan, made_up: int) -> dict[str, list[tuple[str, int]]]:
    """Loans and listings; by made-up borrower its loans with their principal."""
    loans: dict[str, list[tuple[str, int]]] = {}
    for listing in range(int(plan.listing.max()) + 1):
        mine = plan.listing == listing
        principal, opened = int(plan.amount[mine].sum()), int(plan.time[mine].min()) // DAY * DAY
        filled = int(plan.time[mine].max()) // DAY * DAY
        number = int(plan.real[mine].max())
        borrower = f"R{number:03d}" if number >= 0 else f"B{listing % made_up:03d}"
        if number < 0:
            loans.setdefault(borrower, []).append((f"L{listing:05d}", principal))
        owed = principal + int((plan.gain)[mine].sum())
        paid = int((plan.back + plan.gain)[mine].sum())
        due = filled + TERM * DAY
        deed = f"房权证字第{8_000 + (listing // OPEN if number < 0 else 90_000 + number)}号"
        book.add(
            "loans",
            loan_id=f"L{listing:05d}",
            platform_id="PLATFORM",
            borrower_id=borrower,
            principal=principal,
            rate="0.2",
            start=filled,
            end=due,
            purpose="经营周转",
            status="repaid" if paid >= owed else "overdue",
            balance=max(principal - int(plan.back[mine].sum()), 0),
            collateral=deed,
        )
        book.add(
            "listings",
            listing_id=f"L{listing:05d}L",
            loan_id=f"L{listing:05d}",
            platform_id="PLATFORM",
            amount=principal,
            term_days=TERM,
            opened=opened,
            filled=filled,
        )
        if paid:
            payer = f"r{number:03d}" if number >= 0 else "zhou0"
            book.add(
                "instalments",
                loan_id=f"L{listing:05d}",
                due=due,
                amount=owed,
                paid=paid,
                paid_on=due,
                paid_by=payer,
            )
        if number >= 0:  # a real one gets the money, and pays it back
            at = filled + 7 * DAY + 15 * HOUR
            marks = {"loan_id": f"L{listing:05d}"}
            book.pay(at, "zhou0", f"r{number:03d}", principal, memo="放款", kind="disbursement", **marks)
            again = principal + principal * 20 * TERM // 36_500
            book.pay(
                at + TERM * DAY, f"r{number:03d}", "zhou0", again, memo="还款", kind="repayment", **marks
            )
    return loans


def _paid(
    book: Book, plan: _Plan, people: list[str], loans: dict[str, list[tuple[str, int]]], unit: int
) -> None:
    accounts = np.array([each.lower() for each in people], object)
    names = np.array([f"L{number:05d}L" for number in range(int(plan.listing.max()) + 1)], object)
    into = np.arange(len(plan.time)) % ACCOUNTS
    pots = np.array([f"zhou{number}" for number in range(ACCOUNTS)], object)
    listing = names[plan.listing]
    book.pay(
        plan.time,
        accounts[plan.who],
        pots[into],
        plan.amount,
        memo="投标充值",
        kind="subscription",
        listing_id=listing,
    )
    week = (plan.time - on(FIRST)) // (7 * DAY)
    swept = on(FIRST) + (week + 1) * 7 * DAY + 1 * HOUR
    for pot in range(1, ACCOUNTS):
        for each in sets.unique(week[into == pot]).tolist():
            some = (into == pot) & (week == each)
            night = int(swept[some][0]) + pot * 60
            book.pay(night, f"zhou{pot}", "zhou0", int(plan.amount[some].sum()), memo="转账")
    some = np.flatnonzero(plan.back > 0)
    at = plan.time[some] // DAY * DAY + (TERM + 1) * DAY + 14 * HOUR + some % 7_200
    paid = (plan.back + plan.gain)[some]
    book.pay(
        at, "zhou0", accounts[plan.who[some]], paid, memo="提现", kind="redemption", listing_id=listing[some]
    )
    _spent(book, plan, swept, (at, paid), unit)


def _spent(book: Book, plan: _Plan, swept: Ints, outs: tuple[Ints, Ints], unit: int) -> None:
    """Houses and cars, fortnight by fortnight, of what can be spared."""
    lent = plan.real >= 0
    arrives = np.where(np.arange(len(plan.time)) % ACCOUNTS == 0, plan.time, swept + HOUR)
    filled = plan.time[lent] // DAY * DAY
    given = filled + 7 * DAY + 15 * HOUR
    again = plan.amount[lent] + plan.amount[lent] * 20 * TERM // 36_500
    came = np.concatenate([arrives, given + TERM * DAY]), np.concatenate([plan.amount, again])
    went = np.concatenate([outs[0], given]), np.concatenate([outs[1], plan.amount[lent]])
    away = int(came[1].sum() - went[1].sum())
    slots = np.arange(on(FIRST) + 20 * DAY, on("2014-01-20"), 14 * DAY) + 16 * HOUR
    raised = np.array([plan.amount[plan.time < slot].sum() for slot in slots])
    wanted = [away * int(each) // (RAISED * unit) for each in raised]
    for place, amount in enumerate(affordable(slots, wanted, came, went)):
        if amount:
            parts = shared(amount, [7, 3])
            book.pay(
                int(slots[place]),
                "zhou0",
                [f"houses{place % 4}", f"cars{place % 4}"],
                parts,
                memo=["购房款", "购车款"],
                kind="purchase",
            )


def _truth(
    book: Book, made_up: int, loans: dict[str, list[tuple[str, int]]]
) -> tuple[tuple[Must, ...], tuple[May, ...]]:
    his = frozenset({"ZHOU", "PLATFORM", *(f"zhou{number}" for number in range(ACCOUNTS))})
    every = frozenset(
        {loan for each in loans.values() for loan, _ in each}
        | {f"{loan}L" for each in loans.values() for loan, _ in each}
    )
    musts = [
        Must("RL-01", "ZHOU", "all investors' money is in eight accounts of the platform's owner", his),
        Must(
            "RL-02",
            "PLATFORM",
            "what is listed for made-up borrowers stays with the platform's owner",
            his | every | set(loans),
        ),
        Must(
            "RL-04",
            "PLATFORM",
            "investors are paid what was promised out of the owner's accounts",
            his | every,
        ),
        Must("RL-18", "ZHOU", "takes money of persons, lends it, and pays more back: no licence", his),
        Must("RL-23", "ZHOU", "no custody, and clients' money buys houses and cars", his),
        Must("RL-24", "PLATFORM", "about 20 % a year is paid", his),
        Must("RL-25", "ZHOU", "whoever is paid is paid of later investors' money", his),
        Must(
            "RL-26",
            "PLATFORM",
            "its name says 投资, it has no licence, and the public pays its owner",
            frozenset({"ZHOU"}),
        ),
    ]
    for borrower, lent in loans.items():
        musts.append(
            Must(
                "RL-07",
                borrower,
                "shared telephone, one title deed for four, and repaid by the platform's owner",
                frozenset(loan for loan, _ in lent),
            )
        )
        if max(amount for _, amount in lent) > 200_000_00:
            musts.append(Must("RL-06", borrower, "owes more than 200,000 yuan on one platform"))
    mays = (
        May(
            "RL-08", his, "thirteen real borrowers are paid from the owner's accounts, with investors' money"
        ),
        May("RL-24", every, "loans at 20 %"),
    )
    return tuple(musts), mays
