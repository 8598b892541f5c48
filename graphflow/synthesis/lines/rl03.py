"""Toys of RL-03: a platform's group that pays what borrowers do not, by flows and by the register; guarantees."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

Row = dict[str, str]

START = datetime.date(2019, 1, 10)
LOANS, MONTHS, LENDERS = 4, 6, 2
DUE = 50_000
"""Each instalment, of which each of a loan's two lenders has a half."""


def _due(month: int) -> datetime.date:
    return START + datetime.timedelta(30 * (month + 1))


class _Book:
    """A platform with four loans through custody; the first instalment of each is paid in time."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        for party, name, kind, sector in (
            ("PLATFORM", "易贷网", "company", "p2p_platform"),
            ("AFFILIATE", "易贷资产管理", "company", "ordinary"),
            ("GUARANTOR", "稳固融资担保", "company", "guarantor"),
            ("BANK", "存管银行", "bank", "bank"),
        ):
            self.add("parties", party_id=party, name=name, kind=kind, sector=sector)
        self.add("stakes", owner_id="PLATFORM", company_id="AFFILIATE", share="0.8")
        for account, party, kind in (
            ("own", "PLATFORM", "settlement"),
            ("affiliate", "AFFILIATE", "settlement"),
            ("guarantor", "GUARANTOR", "settlement"),
            ("custody", "BANK", "client_custody"),
        ):
            self.add("accounts", account_id=account, party_id=party, kind=kind)
        for loan in range(LOANS):
            self.add(
                "parties", party_id=f"B{loan}", name=f"借款企业{loan}", kind="company", sector="ordinary"
            )
            self.add("accounts", account_id=f"b{loan}", party_id=f"B{loan}", kind="settlement")
            self.add("loans", loan_id=f"L{loan}", platform_id="PLATFORM", borrower_id=f"B{loan}", principal="300000",
                     start=str(START))  # fmt: skip
            for lender in self.lenders(loan):
                self.add("parties", party_id=lender.upper(), name=f"出借人{lender}", kind="person", sector="")
                self.add("accounts", account_id=lender, party_id=lender.upper(), kind="settlement")
                self.pay(START, 9, lender, "custody", 150_000, loan, memo="出借")
            self.pay(START, 10, "custody", f"b{loan}", 300_000, loan, kind="disbursement")
            self.repay(loan, 0, 0)

    @staticmethod
    def lenders(loan: int) -> list[str]:
        """The accounts of a loan's lenders."""
        return [f"p{loan}{number}" for number in range(LENDERS)]

    def add(self, table: str, **row: str) -> None:
        """A row of a table."""
        self.rows.setdefault(table, []).append(row)

    def pay(
        self, day: datetime.date, hour: int, source: str, target: str, amount: int, loan: int | None, **more: str
    ) -> str:  # fmt: skip
        """A payment on a loan; its id."""
        ident = f"t{len(self.rows.get('transfers', ())):03d}"
        marks = {} if loan is None else {"loan_id": f"L{loan}"}
        self.add("transfers", transfer_id=ident, time=f"{day}T{hour:02d}:00:00", source=source, target=target,
                 amount=str(amount), **marks, **more)  # fmt: skip
        return ident

    def to_lenders(
        self, loan: int, day: datetime.date, hour: int, source: str, amount: int = DUE, **more: str
    ) -> None:
        """A loan's lenders are paid from an account."""
        for lender in self.lenders(loan):
            self.pay(day, hour, source, lender, amount // LENDERS, loan, memo="回款", **more)

    def repay(self, loan: int, month: int, late: int, amount: int = DUE) -> None:
        """The borrower pays an instalment through custody, so many days late."""
        day = _due(month) + datetime.timedelta(late)
        self.pay(day, 11, f"b{loan}", "custody", amount, loan, kind="repayment")
        self.to_lenders(loan, day, 12, "custody", amount)

    def due(self, loan: int, month: int, **paid: str) -> None:
        """An instalment in the register."""
        self.add("instalments", loan_id=f"L{loan}", due=str(_due(month)), amount=str(DUE), **paid)

    def frames(self) -> Frames:
        """The tables."""
        return {table: frame_of(rows) for table, rows in self.rows.items()}


def _covered(how: str, months: int = MONTHS) -> _Book:
    """Five of six instalments of each loan are overdue; all but the last of all are paid to lenders in three days."""
    book = _Book()
    for loan in range(LOANS):
        book.due(loan, 0)
        for month in range(1, months):
            book.due(loan, month)
            soon = _due(month) + datetime.timedelta(3)
            if (loan, month) == (LOANS - 1, months - 1):
                continue
            if how == "straight":
                book.to_lenders(loan, soon, 15, "affiliate")
            elif how == "custody":
                book.pay(soon, 13, "affiliate", "custody", DUE, loan, memo="代偿")
                book.to_lenders(loan, soon, 15, "custody")
            elif how == "reserve":
                book.to_lenders(loan, soon, 15, "reserve")
            elif how == "guarantor":  # half straight, half through the platform
                book.to_lenders(loan, soon, 13, "guarantor", DUE // 2)
                book.pay(soon, 13, "guarantor", "own", DUE // 2, loan, memo="代偿")
                book.to_lenders(loan, soon, 15, "own", DUE // 2)
            elif how == "late":
                book.pay(soon, 13, f"b{loan}", "own", DUE, loan, kind="repayment")
                book.to_lenders(loan, soon, 15, "own")
    if how == "reserve":
        book.add(
            "accounts",
            account_id="reserve",
            party_id="BANK",
            kind="client_custody",
            name="易贷网风险备付金专户",
        )
    return book


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _covered("straight").frames()


def toy() -> Case:
    """20 instalments of 50,000 are overdue; of 1,000,000 an affiliate pays lenders 950,000 in three days: 0.95."""
    return case_of(toy_tables())


def custody_toy_tables() -> Frames:
    """The tables of `custody_toy`."""
    return _covered("custody").frames()


def custody_toy() -> Case:
    """The same money goes into custody, and from there to the lenders."""
    return case_of(custody_toy_tables())


def reserve_toy_tables() -> Frames:
    """The tables of `reserve_toy`."""
    return _covered("reserve").frames()


def reserve_toy() -> Case:
    """The same is paid of an account at a bank that is called the platform's risk reserve."""
    return case_of(reserve_toy_tables())


def register_toy_tables() -> Frames:
    """The tables of `register_toy`."""
    return _registered("affiliate").frames()


def _registered(payer: str) -> _Book:
    """No payment names its loan; the register says who paid what when."""
    book = _Book()
    for row in book.rows["transfers"]:
        row.pop("loan_id")
    book.rows["transfers"] = book.rows["transfers"][:3]
    for loan in range(LOANS):
        book.due(loan, 0, paid=str(DUE), paid_on=str(_due(0)), paid_by=f"b{loan}")
        for month in range(1, MONTHS):
            if (loan, month) == (LOANS - 1, MONTHS - 1):
                book.due(loan, month, paid="0")
            else:
                soon = _due(month) + datetime.timedelta(3)
                book.due(loan, month, paid=str(DUE), paid_on=str(soon), paid_by=payer)
    book.pay(_due(MONTHS), 9, "own", "affiliate", 1, None)
    return book


def register_toy() -> Case:
    """No transfer names a loan; by the register an affiliate's account paid 19 of 20 three days late."""
    return case_of(register_toy_tables())


def contract_toy_tables() -> Frames:
    """The tables of `contract_toy`."""
    return _guaranteed("AFFILIATE")


def _guaranteed(guarantor: str) -> Frames:
    book = _Book()
    for loan in range(LOANS):
        book.add("guarantees", guarantor_id=guarantor, beneficiary_id=f"B{loan}", loan_id=f"L{loan}",
                 amount="300000", kind="连带责任保证", since=str(START), until="2020-12-31")  # fmt: skip
    book.add("licences", party_id="GUARANTOR", function="guarantee", number="D1", since="2010-01-01")
    return book.frames()


def contract_toy() -> Case:
    """A company of the platform guarantees four loans on it."""
    return case_of(contract_toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    frames = _covered("guarantor").frames()
    given = _guaranteed("GUARANTOR")
    return {**frames, "guarantees": given["guarantees"], "licences": given["licences"]}


def near_miss() -> Case:
    """An independent licensed guarantor guarantees the loans and pays, half of it through the platform's account."""
    return case_of(near_miss_tables())


def late_near_miss_tables() -> Frames:
    """The tables of `late_near_miss`."""
    return _covered("late").frames()


def late_near_miss() -> Case:
    """Borrowers pay three days late into the platform's account, which pays lenders the same day."""
    return case_of(late_near_miss_tables())


def again_near_miss_tables() -> Frames:
    """The tables of `again_near_miss`."""
    book = _Book()
    for loan in range(LOANS):
        book.due(loan, 0)
        for month in range(1, 9):
            book.due(loan, month)
        for month in range(1, 9, 2):
            # it is paid in time to the platform; its payments to lenders fail, and are made again in the next
            # month, when the borrower pays twenty days late
            book.pay(_due(month), 11, f"b{loan}", "own", DUE, loan, kind="repayment")
            for lender in book.lenders(loan):
                failed = book.pay(_due(month), 12, "own", lender, DUE // 2, loan, memo="回款")
                book.pay(_due(month), 14, lender, "own", DUE // 2, loan, memo="冲正", reversal_of=failed)
            book.to_lenders(loan, _due(month + 1) + datetime.timedelta(2), 15, "own")
            book.repay(loan, month + 1, 20)
    return book.frames()


def again_near_miss() -> Case:
    """The platform pays lenders while borrowers are late: what it makes again had failed a month before."""
    return case_of(again_near_miss_tables())


def _answering(amount: int, scope: str, net: int = 1_000_000) -> Frames:
    return {
        "transfers": frame_of([
            {"transfer_id": "1", "time": "2020-06-30T10:00:00", "source": "a", "target": "b", "amount": "1"},
        ]),
        "parties": frame_of([
            {"party_id": "GUARANTOR", "name": "稳固融资担保", "kind": "company", "sector": "guarantor", "scope": scope},
            *({"party_id": f"B{n}", "name": f"借款企业{n}", "kind": "company"} for n in range(4)),
        ]),
        "guarantees": frame_of([
            {"guarantor_id": "GUARANTOR", "beneficiary_id": f"B{n}", "amount": str(amount), "kind": "连带责任保证",
             "since": "2019-01-01", "until": "2021-12-31"}
            for n in range(4)
        ]),
        "financials": frame_of([
            {"party_id": "GUARANTOR", "period_end": "2019-12-31", "net_assets": str(net)},
        ]),
    }  # fmt: skip


def multiple_toy_tables() -> Frames:
    """The tables of `multiple_toy`."""
    return _answering(3_000_000, "融资性担保业务")


def multiple_toy() -> Case:
    """A guarantor answers for 12,000,000 with net assets of 1,000,000: twelve times, where ten are allowed."""
    return case_of(multiple_toy_tables())


def small_near_miss_tables() -> Frames:
    """The tables of `small_near_miss`."""
    return _answering(3_000_000, "为小微企业和三农提供融资担保")


def small_near_miss() -> Case:
    """The same of a guarantor for small firms and farming, to whom fifteen are allowed."""
    return case_of(small_near_miss_tables())


def multiple_near_miss_tables() -> Frames:
    """The tables of `multiple_near_miss`."""
    return _answering(2_500_000, "融资性担保业务")


def multiple_near_miss() -> Case:
    """Ten times, which are allowed."""
    return case_of(multiple_near_miss_tables())
