"""A lending platform of shell borrowers (case 3 of the list).

Figures: the Supreme People's Court's typical case (最高法典型案例, e租宝/钰诚): from June 2014 to December
2015 76.2 billion yuan from 1.15 million persons, of which 38.0 billion were lost and so 38.2 cycled back;
what the police told: 95 % of the projects were made up, money went through the borrower into an associated
enterprise, and 800 million were paid for the shells' identities, 8 of every 500 raised.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphflow.synthesis.affairs import honest_lending
from graphflow.synthesis.affairs.book import DAY, HOUR, Book, Ints, affordable, on, rounded, shared
from graphflow.synthesis.affairs.told import Affair, Figure, May, Must

SOURCE = "最高人民法院典型案例（e租宝案）；公安机关通报"
INVESTORS, OF_ALL = 5_000, 1_150_000  # at scale 1, and in the real case
RAISED, RETURNED = 762, 382
FEE_PER_MILLE = 16
SHELLS_IN_20 = 19
SINCE, UNTIL, FIRST, LAST, SEALED = "2014-06-01", "2016-01-31", "2014-06-12", "2015-11-20", "2015-12-08"
GROWTH = 2.0
TERM, YIELD = 90, 130  # days; per mille a year
AFFILIATES, ONLINE = 3, 70  # per cent that comes through the payment institution
HONEST = 600_000_00  # what an honest borrower gets


@dataclass(frozen=True)
class _Plan:
    """Payments in, in order of time, each with its listing; by listing who gets it and when."""

    time: Ints
    who: Ints
    amount: Ints
    listing: Ints
    raised: Ints
    filled: Ints
    honest: Ints  # the number of the honest borrower; -1
    shell: Ints  # the number of the shell; -1
    offline: Ints
    back: Ints


def affair(*, scale: float = 1.0, seed: int = 0) -> Affair:
    """The platform, and honest ones around it.

    Seven tenths of the listings are paid through a payment institution, the others into the platform's own
    account. Nineteen of twenty go to a shell, founded weeks before, which passes the money to an affiliate
    the next day; the affiliate pays an agent for the shell, and passes the rest to the platform's account,
    from which earlier lenders, wages, advertising, gold and the controller are paid. A guarantor of the
    group's stands for every shell.

    Parameters
    ----------
    scale
        1 is five thousand lenders; the real case had 1.15 million.
    seed
        The same scale and seed give the same rows.

    Returns
    -------
    Affair

    Examples
    --------
    >>> found = affair(scale=0.1)
    >>> {name: str(f.ratio) for name, f in found.figures.items()}
    {'lost': '190/381', 'listings of shells': '19/20', 'paid for shells': '2/125'}
    """
    book = Book(seed, "2013-01-01", UNTIL)
    honest_lending.institutions(book)
    people = book.people("I", max(round(INVESTORS * scale), 600))
    unit = 500 * max(round(10_000_000_000 * len(people) / OF_ALL / 500), 1)
    count = 20 * max(round(RAISED * unit / (20 * 2_200_000_00)), 1)
    plan = _planned(book, len(people), count, unit)
    shells = int(plan.shell.max()) + 1
    _cast(book, plan, shells)
    fees = _lend(book, plan, people, unit)
    _repay(book, plan, people, fees, unit)
    honest_lending.platforms(book, -(-10 * len(book.guilty) // 11), SINCE, "2015-12-31")
    figures = (
        Figure("lost", (RAISED - RETURNED) * unit, RAISED * unit, "380 of 762"),
        Figure("listings of shells", int((plan.shell >= 0).sum()), count, "95 %"),
        Figure("paid for shells", int(fees.sum()), RAISED * unit, "8 of 500"),
    )
    return book.affair("ezubao", SOURCE, _truth(plan, shells), figures)


def _planned(book: Book, people: int, count: int, unit: int) -> _Plan:
    rng, total = book.rng, RAISED * unit
    listing_no = np.arange(count)
    honest = np.where(listing_no % 20 == 9, listing_no // 20, -1)
    shells = max(int((honest < 0).sum()) // 2, 8)
    shell = np.where(honest < 0, np.cumsum(honest < 0) - 1, -1)
    shell = np.where(shell >= 0, shell % shells, -1)
    part = listing_no / (count - 1)
    days = (np.log1p(part * np.expm1(GROWTH)) / GROWTH * (on(LAST) - on(FIRST))).astype(np.int64) // DAY * DAY
    opened = on(FIRST) + days
    raised = np.full(count, HONEST, np.int64)
    weights = rng.integers(95, 106, int((honest < 0).sum()))
    raised[honest < 0] = rounded(total - int((honest >= 0).sum()) * HONEST, weights, 1_000_00)
    bids = max(people * 3 // (2 * count), 12)
    listing = np.repeat(listing_no, bids)
    who = np.concatenate([rng.choice(people, bids, replace=False) for _ in range(count)])
    amount = np.concatenate([rounded(int(r), rng.integers(3, 14, bids), 100_00) for r in raised])
    time = book.hours(opened[listing] + rng.integers(0, 3, listing.size) * DAY)
    order = np.argsort(time, kind="stable")
    time, who, amount, listing = time[order], who[order], amount[order], listing[order]
    offline = (listing_no % 10 >= ONLINE // 10) & (honest < 0)
    interest = amount * YIELD * TERM // 365_000
    owed = amount + interest
    mine = honest[listing] >= 0
    mine &= opened[listing] + (TERM + 5) * DAY < on(SEALED)  # a later honest loan is not yet due
    back = np.where(mine, owed, 0)
    rest = RETURNED * unit - int(back.sum())
    others = honest[listing] < 0
    before = np.cumsum(np.where(others, owed, 0)) - np.where(others, owed, 0)
    back = np.where(others, np.clip(rest - before, 0, owed), back)
    return _Plan(
        time, who, amount, listing, raised, opened + 3 * DAY, honest, shell, offline.astype(np.int64), back
    )


def _cast(book: Book, plan: _Plan, shells: int) -> None:
    book.party("DING", "丁某", "person")
    book.account("ding", "DING")
    book.company("HOLDING", "例诚控股集团有限公司", scope="实业")
    book.account("holding", "HOLDING")
    book.company("PLATFORM", "例易金融信息服务有限公司", "p2p_platform", scope="网络借贷信息中介")
    book.account("pool", "PLATFORM")
    book.company("GUARANTOR", "例诚融资担保有限公司", "guarantor", scope="融资担保")
    book.licence("GUARANTOR", "guarantee")
    book.account("guarantor", "GUARANTOR", opening=10_000_000_00)
    book.add(
        "financials",
        party_id="GUARANTOR",
        period_end="2015-06-30",
        total_assets=60_000_000_00,
        net_assets=50_000_000_00,
        net_capital=50_000_000_00,
    )
    for number in range(AFFILIATES):
        book.company(f"AFF{number}", book.firm_name("融资咨询有限公司"), scope="企业咨询")
        book.account(f"aff{number}", f"AFF{number}")
        book.owns("HOLDING", f"AFF{number}")
    book.owns("DING", "HOLDING")
    for each in ("PLATFORM", "GUARANTOR"):
        book.owns("HOLDING", each)
    book.company("PSP", "通例支付有限公司", "payment_institution", scope="互联网支付")
    book.licence("PSP", "payment")
    book.account("psp-reserve", "PSP", "reserve_special")
    book.honest.add("PSP")
    agents = [each.lower() for each in book.people("G", max(shells // 8, 2))]
    nominees = book.people("N", shells)
    first = np.array([plan.filled[plan.shell == number].min() for number in range(shells)])
    for number in range(shells):
        agent = number % len(agents)
        book.company(
            f"S{number:03d}",
            book.firm_name("商贸有限公司"),
            scope="商贸",
            founded=int(first[number]) - 43 * DAY,
            registered_capital=30_000_000_00,
            address=f"秘书公司{agent}号楼",
            phone=f"1390000{agent:04d}",
        )
        book.account(f"s{number:03d}", f"S{number:03d}", signer_id=f"G{agent:06d}")
        book.owns(
            nominees[number],
            f"S{number:03d}",
            since=str(np.datetime64(int(first[number]) - 43 * DAY, "s"))[:10],
        )
    honest = [f"H{number:03d}" for number in range(int(plan.honest.max()) + 1)]
    for each in honest:
        book.company(each, book.firm_name("机械有限公司"), scope="机械制造", registered_capital=5_000_000_00)
        book.owns(book.people(f"{each}O", 1)[0], each)
        book.account(each.lower(), each, opening=700_000_00)
        book.honest.add(each)
    staff = [each.lower() for each in book.people("HW", 5 * len(honest))]
    honest_lending.business(
        book,
        [each.lower() for each in honest],
        on("2013-04-01"),
        on(SEALED),
        honest_lending.traders(book, "HT", 4),
        staff,
    )
    book.guilty |= {"DING", "HOLDING", "PLATFORM", "GUARANTOR", *(f"AFF{n}" for n in range(AFFILIATES))}
    book.guilty |= {f"S{number:03d}" for number in range(shells)}


def _lend(book: Book, plan: _Plan, people: list[str], unit: int) -> Ints:
    """Money comes in and goes out; what is paid for the shells, by listing."""
    accounts = np.array([each.lower() for each in people], object)
    count = len(plan.raised)
    loans = np.array([f"L{number:05d}" for number in range(count)], object)
    lists = np.array([f"L{number:05d}B" for number in range(count)], object)
    hold = np.where(plan.offline > 0, "pool", "psp-reserve").astype(object)
    marks = {"loan_id": loans[plan.listing], "listing_id": lists[plan.listing]}
    book.pay(
        plan.time,
        accounts[plan.who],
        hold[plan.listing],
        plan.amount,
        memo="出借投资",
        kind="subscription",
        **marks,
    )
    of_shell = plan.shell >= 0
    payee = np.array(
        [f"s{s:03d}" if s >= 0 else f"h{h:03d}" for s, h in zip(plan.shell, plan.honest, strict=True)], object
    )
    at = plan.filled + 10 * HOUR + np.arange(count) % 60 * 60
    book.pay(at, hold, payee, plan.raised, memo="放款", kind="disbursement", loan_id=loans, listing_id=lists)
    where = np.flatnonzero(of_shell)
    affiliate = np.array([f"aff{number % AFFILIATES}" for number in plan.shell[where]], object)
    passed = plan.raised[where] - plan.raised[where] // 400
    book.pay(at[where] + DAY, payee[where], affiliate, passed, memo="货款往来", kind="transfer")
    fees = np.zeros(count, np.int64)
    fees[where] = shared(RAISED * unit * FEE_PER_MILLE // 1000, plan.raised[where])
    agents = np.array(
        [f"g{number % max((int(plan.shell.max()) + 1) // 8, 2):06d}" for number in plan.shell[where]], object
    )
    book.pay(at[where] + DAY + 3 * HOUR, affiliate, agents, fees[where], memo="咨询服务费", kind="fee")
    book.pay(
        at[where] + DAY + 5 * HOUR, affiliate, "pool", passed - fees[where], memo="归集", kind="transfer"
    )
    for number in range(count):
        shell = of_shell[number]
        mine = plan.listing == number
        borrower = str(payee[number]).upper()
        due = int(plan.filled[number]) + TERM * DAY
        paid = int(plan.back[mine].sum())
        owed = int((plan.amount[mine] + plan.amount[mine] * YIELD * TERM // 365_000).sum())
        status = "repaid" if paid >= owed else "overdue" if due < on(SEALED) else "normal"
        principal = int(plan.raised[number])
        book.add(
            "loans",
            loan_id=loans[number],
            platform_id="PLATFORM",
            borrower_id=borrower,
            principal=principal,
            rate=f"0.{YIELD}",
            start=int(plan.filled[number]),
            end=due,
            purpose="融资租赁项目",
            status=status,
            balance=0 if paid >= owed else principal,
            collateral=f"租赁物{number}号",
        )
        book.add(
            "listings",
            listing_id=lists[number],
            loan_id=loans[number],
            platform_id="PLATFORM",
            amount=principal,
            term_days=TERM,
            opened=int(plan.filled[number]) - 3 * DAY,
            filled=int(plan.filled[number]),
        )
        if shell:
            book.add(
                "guarantees",
                guarantor_id="GUARANTOR",
                beneficiary_id=borrower,
                loan_id=loans[number],
                amount=principal,
                kind="连带责任保证",
                since=int(plan.filled[number]),
                until=due + 60 * DAY,
            )
        if paid:
            book.add(
                "instalments",
                loan_id=loans[number],
                due=due,
                amount=owed,
                paid=paid,
                paid_on=due,
                paid_by="pool" if shell else str(payee[number]),
            )
    return fees


def _repay(book: Book, plan: _Plan, people: list[str], fees: Ints, unit: int) -> None:
    """Lenders are paid, the earliest first, until 382 of 762 are with them; the rest is spent."""
    accounts = np.array([each.lower() for each in people], object)
    loans = np.array([f"L{number:05d}" for number in range(len(plan.raised))], object)
    lists = np.array([f"L{number:05d}B" for number in range(len(plan.raised))], object)
    due = plan.filled + TERM * DAY
    late = (due + DAY >= on(SEALED)) & (
        plan.shell >= 0
    )  # a small case pays its last lenders ahead of their day
    due = np.where(late, np.minimum(due, on(SEALED) - 3 * DAY), due)
    some = np.flatnonzero(plan.back > 0)
    listing = plan.listing[some]
    at = due[listing] + 14 * HOUR + some % 7_200
    payer = np.where(plan.offline[listing] > 0, "pool", "psp-reserve").astype(object)
    book.pay(
        at,
        payer,
        accounts[plan.who[some]],
        plan.back[some],
        memo="回款本息",
        kind="redemption",
        loan_id=loans[listing],
        listing_id=lists[listing],
    )
    paid = np.zeros(len(plan.raised), np.int64)
    np.add.at(paid, listing, plan.back[some])
    online = np.flatnonzero((plan.offline == 0) & (paid > 0))
    source = np.array(["pool" if plan.shell[n] >= 0 else f"h{plan.honest[n]:03d}" for n in online], object)
    book.pay(
        due[online] + 9 * HOUR,
        source,
        "psp-reserve",
        paid[online],
        memo="还本付息资金",
        kind="repayment",
        loan_id=loans[online],
        listing_id=lists[online],
    )
    of_shell = plan.shell >= 0
    direct = plan.offline[plan.listing] > 0
    passed = (plan.raised - plan.raised // 400 - fees)[of_shell]
    ins = (
        np.concatenate([plan.time[direct], plan.filled[of_shell] + DAY + 17 * HOUR]),
        np.concatenate([plan.amount[direct], passed]),
    )
    outs = (
        np.concatenate([plan.filled[plan.offline > 0] + 10 * HOUR, due[of_shell] + 9 * HOUR]),
        np.concatenate([plan.raised[plan.offline > 0], paid[of_shell]]),
    )
    away = int(ins[1].sum() - outs[1].sum())
    slots = np.arange(on(FIRST) + 15 * DAY, on("2015-12-06"), 7 * DAY) + 16 * HOUR
    slots = np.append(slots, on("2015-12-07T20:00:00"))
    raised = np.array([plan.amount[plan.time < slot].sum() for slot in slots])
    wanted = [away * int(each) // int(plan.amount.sum()) for each in raised]
    staff = [each.lower() for each in book.people("W", 12)]
    for ident, name in (("GOLD", "黄金有限公司"), ("ADS", "广告传媒有限公司")):
        book.company(ident, book.firm_name(name))
        book.account(ident.lower(), ident, covered=False)
    for place, amount in enumerate(affordable(slots, wanted, ins, outs)):
        if amount:
            parts = shared(amount, [4, 2, 2, *([1] * 12)])
            book.pay(
                int(slots[place]) + np.arange(15) * 60,
                "pool",
                ["gold", "ads", "ding", *staff],
                parts,
                memo=["黄金采购", "广告费", "股东往来", *(["工资"] * 12)],
                kind=["purchase", "purchase", "transfer", *(["salary"] * 12)],
            )


def _truth(plan: _Plan, shells: int) -> tuple[tuple[Must, ...], tuple[May, ...]]:
    group = frozenset({"PLATFORM", "pool", "HOLDING", "DING"})
    affiliates = frozenset({f"AFF{n}" for n in range(AFFILIATES)})
    of_shell = np.flatnonzero(plan.shell >= 0)
    loans = frozenset({f"L{n:05d}" for n in of_shell} | {f"L{n:05d}B" for n in of_shell})
    names = frozenset(f"S{n:03d}" for n in range(shells))
    musts = [
        Must(
            "RL-01",
            "pool",
            "lenders pay into the platform's own account, and nothing keeps them apart",
            group,
        ),
        Must(
            "RL-02",
            "PLATFORM",
            "what shells borrow goes to affiliates of the platform the next day",
            group | affiliates | loans | names,
        ),
        Must(
            "RL-03",
            "PLATFORM",
            "a guarantor of the group's stands for every shell",
            group | loans | {"GUARANTOR"},
        ),
        Must(
            "RL-04",
            "PLATFORM",
            "lenders are paid what was promised out of the platform's account",
            group | loans,
        ),
        Must(
            "RL-18", "PLATFORM", "takes money of persons, hands it out, and pays more back: no licence", group
        ),
        Must(
            "RL-23",
            "PLATFORM",
            "no custody, and wages, advertising and gold are paid of clients' money",
            group,
        ),
        Must("RL-24", "PLATFORM", f"{YIELD / 10:.0f} % a year is paid", group),
        Must("RL-25", "PLATFORM", "lenders are paid of later lenders' money", group),
        Must("RL-26", "PLATFORM", "its name says 金融, and it has no licence"),
    ]
    for number in range(shells):
        mine = np.flatnonzero(plan.shell == number)
        ident = f"S{number:03d}"
        musts.append(
            Must(
                "RL-07",
                ident,
                "founded weeks before, shares its agent's address, passes all on, and others repay",
                frozenset(f"L{n:05d}" for n in mine),
            )
        )
        if int(plan.raised[mine].max()) > 1_000_000_00:
            musts.append(Must("RL-06", ident, "owes more than a million yuan on one platform"))
    mays = (
        May("RL-24", loans, "the loans themselves, at 13 %"),
        May("RL-03", names | {"GUARANTOR"}, "the shells that are guaranteed"),
        May("RL-26", frozenset({"HOLDING"}), "its name says 控股, and its platform takes the public's money"),
    )
    return tuple(musts), mays
