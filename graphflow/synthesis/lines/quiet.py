"""The quiet case: honest entities of every kind that red lines look at, and nothing to be found.

A lending platform whose money runs through a bank's custody account, borrowers with a business, a fund manager
with two products, a payment institution whose reserve is what it owes, a guarantor, a crowdfunding platform, a
broker, a developer. Every table has rows, so that every test of every red line can run; none may find
anything. Whoever changes it keeps it so: it is no fixture to be fitted to a detector.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

START = datetime.date(2024, 6, 3)  # a Monday

LENDERS = 36
BORROWERS = 6
INVESTORS = 12
CLIENTS = 30


def _day(number: int) -> str:
    return str(START + datetime.timedelta(number))


class _Book:
    """Rows of every table, as they come."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, str]]] = {}
        self.clock: dict[str, int] = {}

    def add(self, table: str, **row: object) -> None:
        self.rows.setdefault(table, []).append({name: str(value) for name, value in row.items()})

    def pay(self, day: int, source: str, target: str, amount: int, **more: object) -> str:
        """A payment at the next free minute of a day's business hours; its id."""
        minute = self.clock[_day(day)] = self.clock.get(_day(day), -1) + 1
        ident = f"q{len(self.rows.get('transfers', ())) + 1:04d}"
        time = f"{_day(day)}T{9 + minute // 60:02d}:{minute % 60:02d}:00"
        self.add(
            "transfers", transfer_id=ident, time=time, source=source, target=target, amount=amount, **more
        )
        return ident

    def party(self, ident: str, name: str, kind: str, sector: str = "ordinary", **more: object) -> None:
        address = {} if kind == "person" else {"address": f"{name}路1号", "founded": "2009-05-20"}
        number = len(self.rows.get("parties", ()))
        self.add(
            "parties", party_id=ident, name=name, kind=kind, sector=sector, phone=f"1380000{number:04d}",
            **{**address, **more},
        )  # fmt: skip

    def account(
        self, ident: str, party: str, opening: int = 0, kind: str = "settlement", **more: object
    ) -> None:
        self.add(
            "accounts", account_id=ident, party_id=party, kind=kind, bank="信安银行", covered="true",
            opening_balance=opening, covered_from=_day(-1), covered_to=_day(400), **more,
        )  # fmt: skip


def quiet_tables() -> Frames:
    """The tables of `quiet`."""
    book = _Book()
    _institutions(book)
    _lending(book)
    _funds(book)
    _payments(book)
    _equity(book)
    _ordinary_life(book)
    return {table: frame_of(rows) for table, rows in book.rows.items()}


def quiet() -> Case:
    """Honest entities of every kind; every red line is silent, though every test can run.

    Examples
    --------
    >>> import graphflow as gf
    >>> c = gf.check(quiet())
    >>> len(c.findings), len(c.not_assessable)
    (0, 0)
    """
    return case_of(quiet_tables())


def _institutions(book: _Book) -> None:
    """Who they all are, who owns them, what they may do."""
    book.party("BANK", "信安银行", "bank", "bank")
    book.party("PLATFORM", "诚心网贷信息服务公司", "company", "p2p_platform", scope="网络借贷信息中介")
    book.party("GUARANTOR", "安保融资担保公司", "company", "guarantor", scope="融资担保")
    book.party("MANAGER", "稳行资产管理公司", "company", "asset_manager", scope="私募证券投资基金管理")
    book.party("PSP", "通付支付公司", "company", "payment_institution", scope="互联网支付")
    book.party("CROWD", "众力股权众筹公司", "company", "equity_crowdfunding_platform", scope="股权众筹")
    book.party("BROKER", "明正证券公司", "company", "broker", scope="证券经纪、融资融券")
    book.party("DEVELOPER", "安居置业公司", "company", "developer", scope="房地产开发")
    book.party("STARTUP", "新芽医疗器械公司", "company", scope="医疗器械")
    book.party("TAXOFFICE", "税务局", "government")
    book.party("POWER", "电力公司", "company")
    for number, name in enumerate(("平台股东", "管理人股东", "支付股东", "众筹股东", "担保股东")):
        book.party(f"OWNER{number}", name, "person")
    owned = ("PLATFORM", "MANAGER", "PSP", "CROWD", "GUARANTOR")
    for number, company in enumerate(owned):
        book.add(
            "stakes", owner_id=f"OWNER{number}", company_id=company, share="1", votes="1", since="2010-01-01"
        )
        book.add("relations", party_id=f"OWNER{number}", other_id=company, kind="director", since="2010-01-01",
                 source="工商登记")  # fmt: skip
    functions = {
        "PLATFORM": ("online_lending",), "GUARANTOR": ("guarantee",), "MANAGER": ("asset_management", "fund_sale"),
        "PSP": ("payment",), "CROWD": ("equity_crowdfunding",), "BROKER": ("securities", "margin_financing"),
        "BANK": ("banking", "lending"),
    }  # fmt: skip
    for party, names in functions.items():
        for name in names:
            book.add("licences", party_id=party, function=name, number=f"{party}-{name}", regulator="监管部门",
                     since="2012-01-01")  # fmt: skip
    for party, total, net in (
        ("PLATFORM", 60_000_000, 50_000_000), ("GUARANTOR", 400_000_000, 300_000_000),
        ("MANAGER", 80_000_000, 70_000_000), ("PSP", 300_000_000, 200_000_000), ("BANK", 90_000_000_000, 8_000_000_000),
    ):  # fmt: skip
        book.add("financials", party_id=party, period_end="2024-03-31", total_assets=total, net_assets=net,
                 net_capital=net, revenue=total // 10, net_profit=total // 50)  # fmt: skip
    book.account("bank-own", "BANK", 50_000_000, "internal")
    book.account("tax", "TAXOFFICE", 0, "tax")
    book.account("power", "POWER", 1_000_000)
    book.add("roles", subject_id="power", role="utility", source="供用电合同", since="2010-01-01")
    book.add("roles", subject_id="TAXOFFICE", role="tax_social", source="机构名录", since="2010-01-01")
    book.add("roles", subject_id="custody", role="custody", source="资金存管协议", since="2018-01-01")
    book.add(
        "roles", subject_id="escrow", role="presale_escrow", source="预售资金监管协议", since="2018-01-01"
    )


def _lending(book: _Book) -> None:
    """Six loans, each matched to its lenders through the bank's custody account, repaid of real income."""
    book.account("custody", "BANK", 0, "client_custody")
    book.account("platform-own", "PLATFORM", 5_000_000)
    for number in range(LENDERS):
        book.party(f"LENDER{number:02d}", f"出借人{number:02d}", "person")
        book.account(f"lender{number:02d}", f"LENDER{number:02d}", 200_000)
    for number in range(BORROWERS):
        borrower, account, loan = f"BORROWER{number}", f"borrower{number}", f"LOAN{number}"
        book.party(borrower, f"实业公司{number}", "company", scope="机械制造", registered_capital=3_000_000)
        book.party(f"FOUNDER{number}", f"创办人{number}", "person")
        book.add(
            "stakes",
            owner_id=f"FOUNDER{number}",
            company_id=borrower,
            share="1",
            votes="1",
            since="2009-05-20",
        )
        book.party(f"SUPPLIER{number}", f"钢材供应商{number}", "company")
        book.party(f"CUSTOMER{number}", f"采购商{number}", "company")
        book.account(account, borrower, 400_000)
        book.account(f"supplier{number}", f"SUPPLIER{number}", 300_000)
        book.account(f"customer{number}", f"CUSTOMER{number}", 4_000_000)
        for worker in range(5):
            book.party(f"WORKER{number}{worker}", f"工人{number}{worker}", "person")
            book.account(f"worker{number}{worker}", f"WORKER{number}{worker}", 10_000)
        opened, days, principal = 40 + 3 * number, 180, 600_000
        book.add("loans", loan_id=loan, platform_id="PLATFORM", borrower_id=borrower, principal=principal,
                 rate="0.08", start=_day(opened), end=_day(opened + days), purpose="采购钢材", status="repaid",
                 balance=0, collateral=f"设备抵押{number}")  # fmt: skip
        book.add("listings", listing_id=f"LIST{number}", loan_id=loan, platform_id="PLATFORM", amount=principal,
                 term_days=days, opened=_day(opened - 2), filled=_day(opened))  # fmt: skip
        book.add("guarantees", guarantor_id="GUARANTOR", beneficiary_id=borrower, loan_id=loan, amount=principal,
                 kind="连带责任保证", since=_day(opened), until=_day(opened + days + 30))  # fmt: skip
        for month in range(-12, 8):  # a business: customers pay, wages, tax, power and steel are paid
            day = 8 + 30 * month + number
            if day < 0:
                continue
            book.pay(day, f"customer{number}", account, 300_000 + 7_000 * month, memo="货款", kind="transfer")
            for worker in range(5):
                book.pay(day + 2, account, f"worker{number}{worker}", 8_000 + 200 * worker, memo="工资")
            book.pay(day + 3, account, "tax", 12_000 + 500 * number, memo="增值税")
            book.pay(day + 4, account, "power", 5_000 + 100 * number, memo="电费")
            book.pay(day + 5, account, f"supplier{number}", 90_000 + 1_000 * month, memo="钢材款")
        marks = {"loan_id": loan, "listing_id": f"LIST{number}", "order_id": loan}
        for place in range(6):
            lender = f"lender{6 * number + place:02d}"
            book.pay(opened - 1, lender, "custody", principal // 6, memo="出借", kind="disbursement", **marks)
        book.pay(opened, "custody", account, principal, memo="放款", kind="disbursement", **marks)
        book.pay(opened, account, "platform-own", 6_000, memo="信息服务费", kind="fee")
        book.pay(opened + 1, account, f"supplier{number}", 420_000, memo="采购钢材", kind="transfer")
        due = principal * 104 // 100
        book.pay(opened + days - 1, account, "custody", due, memo="还款", kind="repayment", **marks)
        book.add("instalments", loan_id=loan, due=_day(opened + days), amount=due, paid=due,
                 paid_on=_day(opened + days - 1), paid_by=account)  # fmt: skip
        for place in range(6):
            lender = f"lender{6 * number + place:02d}"
            book.pay(opened + days, "custody", lender, due // 6, memo="回款", kind="repayment", **marks)
    # One lender sells one claim, once, to another.
    book.add("assignments", loan_id="LOAN0", seller_id="LENDER00", buyer_id="LENDER07", amount=100_000,
             time=_day(100), repurchase="false")  # fmt: skip


def _funds(book: _Book) -> None:
    """A closed private fund whose assets end before it does, and a pension product whose guarantee is law."""
    common = {"issuer_id": "MANAGER", "manager_id": "MANAGER", "custodian_id": "BANK"}
    book.add("products", product_id="FUND", name="稳行一号", offering="private", kind="fixed_income",
             open_type="closed", start=_day(10), end=_day(380), net_assets=15_000_000, total_assets=16_500_000,
             promised_yield="", unit_minimum=1_000_000, risk_level=3, project="稳行一号组合", registered="SA0001",
             **common)  # fmt: skip
    book.add("products", product_id="PENSION", name="颐年养老金产品", offering="public", kind="pension",
             open_type="open", start=_day(5), next_open=_day(400), net_assets=2_000_000, total_assets=2_000_000,
             promised_yield="0.02", guarantee="依法保证本金", unit_minimum=1, risk_level=1, project="颐年",
             registered="SY0002", exempt="养老金产品", **common)  # fmt: skip
    book.party("ISSUER", "城投发展公司", "company", scope="市政工程")
    book.account("issuer", "ISSUER", 3_000_000)
    book.account("fund", "BANK", 0, "client_custody", product_id="FUND")
    book.account("pension", "BANK", 0, "client_custody", product_id="PENSION")
    for number, (kind, amount, income) in enumerate(
        (("standard_debt", 9_000_000, 270_000), ("equity", 4_500_000, 90_000))
    ):
        borrower = {"borrower_id": "ISSUER"} if kind == "standard_debt" else {}
        book.add("holdings", product_id="FUND", asset_id=f"BOND{number}", asset_kind=kind, amount=amount,
                 income=income, start=_day(20), end=_day(300 + 30 * number), as_of=_day(30), confirmed="true",
                 **borrower)  # fmt: skip
    book.add("holdings", product_id="FUND", asset_id="BOND2", asset_kind="nonstandard_debt", amount=1_500_000,
             income=60_000, borrower_id="ISSUER", start=_day(20), end=_day(320), as_of=_day(30),
             confirmed="true")  # fmt: skip
    book.add("holdings", product_id="FUND", asset_id="CASH", asset_kind="cash", amount=1_500_000, income=0,
             as_of=_day(30), confirmed="true")  # fmt: skip
    book.add("holdings", product_id="PENSION", asset_id="TREASURY", asset_kind="standard_debt", amount=2_000_000,
             income=40_000, start=_day(20), end=_day(390), as_of=_day(30), confirmed="true")  # fmt: skip
    for number in range(INVESTORS):
        investor, account = f"INVESTOR{number:02d}", f"investor{number:02d}"
        book.party(investor, f"合格投资者{number:02d}", "person")
        book.account(account, investor, 6_000_000)
        amount = 1_250_000
        paid = book.pay(
            11, account, "fund", amount, memo="认购稳行一号", product_id="FUND", order_id=f"S{number}"
        )
        book.add("subscriptions", product_id="FUND", investor_id=investor, amount=amount, time=_day(11),
                 due=_day(380), qualified="true", evidence="金融资产证明500万元", kyc="done", risk_tolerance=4,
                 transfer_id=paid)  # fmt: skip
    book.pay(20, "fund", "issuer", 10_500_000, memo="认购债券", product_id="FUND")
    for number in range(4):
        paid = book.pay(
            12, f"investor{number:02d}", "pension", 500_000, memo="养老金缴费", product_id="PENSION"
        )
        # one of them retires: of what the bonds brought, he is paid his first part
        retired = {"redeemed": f"{_day(200)}T16:00:00", "redeemed_amount": 50_000} if number == 3 else {}
        book.add("subscriptions", product_id="PENSION", investor_id=f"INVESTOR{number:02d}", amount=500_000,
                 time=_day(12), due=_day(400), qualified="true", evidence="", kyc="done", risk_tolerance=4,
                 transfer_id=paid, **retired)  # fmt: skip
    book.party("TREASURY", "财政国库", "government")
    book.account("treasury", "TREASURY", 0, "settlement")
    book.pay(21, "pension", "treasury", 2_000_000, memo="认购国债", product_id="PENSION")
    book.pay(199, "treasury", "pension", 60_000, memo="国债付息还本", product_id="PENSION")
    paid = book.pay(
        200, "pension", "investor03", 50_000, memo="养老金领取", product_id="PENSION", kind="redemption"
    )
    book.rows["subscriptions"][-1]["redemption_transfer_id"] = paid


def _payments(book: _Book) -> None:
    """A payment institution: what stands in the reserve is what it owes its clients, every day."""
    book.account("reserve", "PSP", 0, "reserve_central")
    book.account("psp-own", "PSP", 8_000_000)
    book.party("MERCHANT", "百味餐饮公司", "company", scope="餐饮")
    book.account("merchant", "MERCHANT", 100_000)
    for number in range(CLIENTS):
        book.party(f"CLIENT{number:02d}", f"用户{number:02d}", "person")
        book.account(f"client{number:02d}", f"CLIENT{number:02d}", 20_000)
    owed = 0
    for number in range(CLIENTS):
        day, order = 60 + number, f"P{number:02d}"
        book.pay(day, f"client{number:02d}", "reserve", 1_000, memo="充值", order_id=order, channel="通付")
        owed += 1_000
        if number % 2:
            book.pay(
                day, "reserve", "merchant", 990, memo="结算", order_id=order, clearing_id=f"NUCC{number:02d}"
            )
            book.pay(
                day, "reserve", "psp-own", 10, memo="手续费", order_id=order, clearing_id=f"NUCC{number:02d}"
            )
            owed -= 1_000
        book.add("client_ledger", platform_id="PSP", date=f"{_day(day)}T23:59:00", client_id="CLIENT00",
                 balance=owed, in_transit=0)  # fmt: skip


def _equity(book: _Book) -> None:
    """A start-up that raises money through a crowdfunding platform and uses it; a share with a real dividend."""
    book.account("crowd-own", "CROWD", 1_000_000)
    book.account("crowd-escrow", "BANK", 0, "client_custody")
    book.account("startup", "STARTUP", 100_000)
    for number in range(8):
        book.pay(
            70,
            f"investor{number % INVESTORS:02d}",
            "crowd-escrow",
            50_000,
            memo="股权认购",
            order_id="RAISE1",
        )
        book.add("stakes", owner_id=f"INVESTOR{number % INVESTORS:02d}", company_id="STARTUP", share="0.02",
                 votes="0.02", since=_day(72), **{"class": "ordinary"})  # fmt: skip
    book.party("INVENTOR", "发明人", "person")
    book.add("stakes", owner_id="INVENTOR", company_id="STARTUP", share="0.84", votes="0.84", since="2019-01-01",
             **{"class": "ordinary"})  # fmt: skip
    book.pay(72, "crowd-escrow", "startup", 400_000, memo="募集款划付", order_id="RAISE1")
    book.pay(73, "startup", "crowd-own", 8_000, memo="信息服务费")
    book.pay(75, "startup", "supplier0", 300_000, memo="设备采购")


def _ordinary_life(book: _Book) -> None:
    """Wages, a house bought of savings, shares bought in one's own name, a loan from a bank, a gift."""
    book.party("BUYER", "购房人", "person")
    book.party("MOTHER", "购房人之母", "person")
    book.add("relations", party_id="MOTHER", other_id="BUYER", kind="parent", source="户籍")
    book.account("buyer", "BUYER", 900_000)
    book.account("mother", "MOTHER", 500_000)
    book.account("escrow", "DEVELOPER", 0, "client_custody")
    book.account("developer", "DEVELOPER", 9_000_000)
    book.account("buyer-shares", "BUYER", 0, "securities")
    book.pay(50, "mother", "buyer", 200_000, memo="赠与")
    book.pay(55, "buyer", "escrow", 900_000, memo="首付款")
    book.pay(56, "bank-own", "escrow", 1_800_000, memo="按揭放款", loan_id="MORTGAGE")
    book.pay(58, "buyer", "buyer-shares", 50_000, memo="银证转账")
    book.add("loans", loan_id="MORTGAGE", lender_id="BANK", borrower_id="BUYER", principal=1_800_000, rate="0.039",
             start=_day(56), end="2044-06-01", purpose="购房按揭", status="normal", balance=1_800_000,
             collateral="房产抵押登记")  # fmt: skip
    book.add("media", medium_id="phone-buyer", kind="mobile", blocked="false", opened="2020-01-01")
    book.add(
        "sign_ins", medium_id="phone-buyer", account_id="buyer", time=f"{_day(55)}T08:55:00", location="北京"
    )
