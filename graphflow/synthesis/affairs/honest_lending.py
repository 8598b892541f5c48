"""Lending platforms that keep to the rules, their borrowers, and what looks worse than it is.

A platform's money runs through its own custody account at a bank, each loan under its own marks; borrowers
sell, pay wages, taxes, power and steel before they borrow, spend what they borrow on purchases, and repay
out of what they earn. Here and there: a listing that comes to nothing and is given back within days, a
borrower who pays late, one for whom an independent licensed guarantor pays on the day and who makes it
good.
"""

from __future__ import annotations

import numpy as np

from graphflow.synthesis.affairs.book import DAY, HOUR, Book, Ints, on, shared

WORKERS = 5
QUARTER = 91 * DAY


def institutions(book: Book) -> None:
    """The bank, the tax office and the power company that all others deal with."""
    book.party("BANK", "信安银行", "bank", "bank")
    book.licence("BANK", "banking")
    book.account("bank-own", "BANK", "internal", opening=5_000_000_00)
    book.party("TAX", "税务局", "government")
    book.account("tax", "TAX", "tax")
    book.company("POWER", "电力公司")
    book.account("power", "POWER")
    book.add("roles", subject_id="power", role="utility", source="供用电合同", since="2005-01-01")
    book.add("roles", subject_id="TAX", role="tax_social", source="机构名录", since="2005-01-01")


def traders(book: Book, prefix: str, count: int) -> list[str]:
    """Companies that buy from and sell to the firms of a case: counterparties; their accounts."""
    accounts = []
    for number in range(count):
        ident = f"{prefix}{number:04d}"
        book.company(ident, book.firm_name("贸易有限公司"))
        book.account(ident.lower(), ident, covered=False)
        accounts.append(ident.lower())
    return accounts


def business(
    book: Book, firms: list[str], begin: int, end: int, trade: list[str], workers: list[str]
) -> None:
    """A business of some accounts, quarter by quarter: it sells, and pays wages, taxes, power, supplies."""
    quarters = np.arange(begin, end - 30 * DAY, QUARTER)
    size = len(firms) * quarters.size
    firm = np.repeat(np.arange(len(firms)), quarters.size)
    day = np.tile(quarters, len(firms)) + firm % 20 * DAY
    account = np.array(firms, object)[firm]
    buyer = np.array(trade, object)[(firm * 3 + 1) % len(trade)]
    seller = np.array(trade, object)[(firm * 5 + 2) % len(trade)]
    rng = book.rng

    def money(low: int, high: int, count: int = size) -> Ints:
        return rng.integers(low, high, count) * 100_00

    def pay(days: int, source: object, target: object, amount: Ints, memo: str, kind: str) -> None:
        when = book.hours(day + days * DAY)
        book.pay(when, source, target, amount, memo=memo, kind=kind)

    pay(0, buyer, account, money(4_000, 7_000), "货款", "transfer")
    for place in range(WORKERS):
        payee = np.array(workers, object)[(firm * WORKERS + place) % len(workers)]
        when = day + 9 * DAY + 10 * HOUR + place * 60
        book.pay(when, account, payee, money(180, 260), memo="工资", kind="salary")
    pay(10, account, np.full(size, "tax", object), money(100, 300), "增值税", "tax")
    pay(11, account, np.full(size, "power", object), money(40, 90), "电费", "purchase")
    pay(13, account, seller, money(900, 1_500), "材料款", "purchase")


def platforms(
    book: Book,
    count: int,
    since: str,
    until: str,
    *,
    borrowers: int = 10,
    lenders: int = 36,
    prefix: str = "HP",
) -> None:
    """Some honest platforms with their borrowers, lenders and a guarantor.

    Parameters
    ----------
    count
        Platforms.
    since, until
        When loans are listed, and when the last is due at the latest.
    borrowers, lenders
        Of each platform.
    prefix
        Of their ids.
    """
    begin, end = on(since), on(until)
    trade = traders(book, f"{prefix}T", max(count, 4))
    workers = [each.lower() for each in book.people(f"{prefix}W", count * borrowers * WORKERS)]
    book.company(f"{prefix}G", book.firm_name("融资担保有限公司"), "guarantor", scope="融资担保")
    book.licence(f"{prefix}G", "guarantee")
    book.account(f"{prefix}G".lower(), f"{prefix}G", opening=30_000_000_00)
    book.add(
        "financials",
        party_id=f"{prefix}G",
        period_end=str(until),
        total_assets=60_000_000_000_00,
        net_assets=40_000_000_000_00,
        net_capital=40_000_000_000_00,
    )
    book.honest.add(f"{prefix}G")
    firms: list[str] = []
    for number in range(count):
        firms += _platform(book, f"{prefix}{number:03d}", f"{prefix}G", begin, end, borrowers, lenders, trade)
    business(book, firms, begin - 400 * DAY, end, trade, workers)


def _platform(
    book: Book,
    platform: str,
    guarantor: str,
    begin: int,
    end: int,
    borrowers: int,
    lenders: int,
    trade: list[str],
) -> list[str]:
    rng, low = book.rng, platform.lower()
    book.company(platform, book.firm_name("网贷信息服务有限公司"), "p2p_platform", scope="网络借贷信息中介")
    book.licence(platform, "online_lending")
    book.account(f"{low}-own", platform, opening=3_000_000_00)
    book.account(f"{low}-custody", "BANK", "client_custody")
    (owner,) = book.people(f"{platform}O", 1)
    book.owns(owner, platform)
    book.honest.add(platform)
    people = book.people(f"{platform}L", lenders)
    founders = book.people(f"{platform}F", borrowers)
    accounts = []
    for number in range(borrowers):
        borrower = f"{platform}B{number:02d}"
        account = borrower.lower()
        book.company(
            borrower, book.firm_name("制造有限公司"), scope="机械制造", registered_capital=3_000_000_00
        )
        book.owns(founders[number], borrower)
        book.account(account, borrower, opening=400_000_00)
        book.honest.add(borrower)
        accounts.append(account)
        opened = begin + int(rng.integers(0, 60)) * DAY
        for round_ in range(2):
            lent = (number == 0) and round_ == 0
            opened = _loan(
                book,
                platform,
                guarantor,
                borrower,
                people,
                f"{borrower}R{round_}",
                opened,
                end,
                trade,
                late=lent,
            )
            if opened >= end - 240 * DAY:
                break
    _comes_to_nothing(book, platform, people, begin + 20 * DAY)
    return accounts


def _loan(
    book: Book,
    platform: str,
    guarantor: str,
    borrower: str,
    people: list[str],
    loan: str,
    opened: int,
    end: int,
    trade: list[str],
    *,
    late: bool,
) -> int:
    """One loan from its listing to its repayment; the day from which the next may be listed."""
    rng, low, account = book.rng, platform.lower(), borrower.lower()
    count = int(rng.integers(5, 9))
    each = int(rng.integers(4, 11)) * 10_000_00
    principal, days = count * each, int(rng.choice([90, 120, 180]))
    rate = int(rng.integers(45, 71))  # per mille
    custody, own = f"{low}-custody", f"{low}-own"
    who = np.array([one.lower() for one in rng.choice(people, count, replace=False)], object)
    marks = {"loan_id": loan, "listing_id": f"{loan}L", "order_id": loan}
    filled = opened + 2 * DAY
    due = filled + days * DAY
    book.add(
        "listings",
        listing_id=f"{loan}L",
        loan_id=loan,
        platform_id=platform,
        amount=principal,
        term_days=days,
        opened=opened,
        filled=filled,
    )
    book.add(
        "guarantees",
        guarantor_id=guarantor,
        beneficiary_id=borrower,
        loan_id=loan,
        amount=principal,
        kind="连带责任保证",
        since=filled,
        until=due + 30 * DAY,
    )
    book.pay(book.hours(opened, count), who, custody, each, memo="出借", kind="subscription", **marks)
    book.pay(filled + 9 * HOUR, custody, account, principal, memo="放款", kind="disbursement", **marks)
    book.pay(filled + 18 * HOUR, account, own, principal // 100, memo="信息服务费", kind="fee")
    spent = principal * 7 // 10 // 100_00 * 100_00
    book.pay(
        book.hours(filled + DAY),
        account,
        trade[int(rng.integers(len(trade)))],
        spent,
        memo="采购款",
        kind="purchase",
    )
    owed = principal + principal * rate * days // 365_000
    done = due + 40 * DAY <= end
    book.add(
        "loans",
        loan_id=loan,
        platform_id=platform,
        borrower_id=borrower,
        principal=principal,
        rate=f"0.{rate:03d}",
        start=filled,
        end=due,
        purpose="采购原材料",
        status="repaid" if done else "normal",
        balance=0 if done else principal,
        collateral=f"设备抵押{loan}",
    )
    if not done:
        return end
    payer = guarantor.lower() if late else account
    book.pay(due + 9 * HOUR, payer, custody, owed, memo="代偿" if late else "还款", kind="repayment", **marks)
    if late:  # the guarantor, who is nobody's, paid on the day; the borrower makes it good
        book.pay(due + 25 * DAY + 10 * HOUR, account, payer, owed, memo="偿还代偿款", kind="transfer")
    book.add("instalments", loan_id=loan, due=due, amount=owed, paid=owed, paid_on=due, paid_by=payer)
    parts = shared(owed, [1] * count)
    book.pay(
        due + 14 * HOUR + np.arange(count) * 60, custody, who, parts, memo="回款", kind="repayment", **marks
    )
    return due + int(rng.integers(20, 60)) * DAY


def _comes_to_nothing(book: Book, platform: str, people: list[str], opened: int) -> None:
    """A listing for which too few bid: what they put in is given back within days."""
    custody = f"{platform.lower()}-custody"
    who = np.array([one.lower() for one in people[:3]], object)
    marks = {"order_id": f"{platform}-void", "memo": "投标", "kind": "subscription"}
    book.pay(book.hours(opened, 3), who, custody, 20_000_00, **marks)
    marks |= {"memo": "流标退款", "kind": "refund"}
    book.pay(book.hours(opened + 4 * DAY, 3), custody, who, 20_000_00, **marks)
