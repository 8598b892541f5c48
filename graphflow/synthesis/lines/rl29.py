"""Toys of RL-29: what each of its parts sees, and each of what looks like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_PARTIES = (
    ("P", "张三", "person"), ("Q", "李四", "person"), ("R", "王五", "person"), ("C", "恒达实业", "company"),
    ("D", "宏远商贸", "company"),
)  # fmt: skip


def _tables(payments: list[tuple[str, str, str, str]], **more: str) -> Frames:
    """Payments (time, from, to, amount) of a few parties, each with an account of its small letter."""
    return {
        "transfers": frame_of([
            {"transfer_id": f"t{number}", "time": time, "source": source, "target": target, "amount": amount, **more}
            for number, (time, source, target, amount) in enumerate(payments)
        ]),
        "accounts": frame_of([
            {"account_id": "till", "party_id": "", "kind": "cash"},
            *({"account_id": ident.lower(), "party_id": ident, "kind": "settlement"} for ident, _, _ in _PARTIES),
        ]),
        "parties": frame_of([
            {"party_id": ident, "name": name, "kind": kind} for ident, name, kind in _PARTIES
        ]),
    }  # fmt: skip


def _cash(last: str) -> Frames:
    """Four days on which cash is put in: 49 000, 48 000, 45 000 and the last amount."""
    days = ("03", "04", "06", "10")
    amounts = ("49000", "48000", "45000", last)
    return _tables([
        (f"2024-06-{day}T10:00:00", "till", "p", amount) for day, amount in zip(days, amounts, strict=True)
    ])  # fmt: skip


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _cash("40000")


def toy() -> Case:
    """Four times within seven days cash from 40 000 to 49 000 is put in: each below 50 000, 182 000 in all.

    The last is exactly 0.8 of the limit, and exactly seven days behind the first.
    """
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _cash("50000")


def near_miss() -> Case:
    """A merchant's takings: the fourth reaches the limit, and is reported: nothing is avoided."""
    return case_of(near_miss_tables())


def company_toy_tables() -> Frames:
    """The tables of `company_toy`."""
    return _tables([
        ("2024-06-03T10:00:00", "c", "d", "1999999.99"), ("2024-06-05T10:00:00", "c", "p", "1600000"),
        ("2024-06-07T10:00:00", "c", "d", "1900000"),
    ])  # fmt: skip


def company_toy() -> Case:
    """A company makes three transfers from 1 600 000 to a fen below 2 000 000 within five days."""
    return case_of(company_toy_tables())


def company_near_miss_tables() -> Frames:
    """The tables of `company_near_miss`."""
    return _tables([
        ("2024-06-03T10:00:00", "p", "c", "480000"), ("2024-06-04T10:00:00", "q", "c", "470000"),
        ("2024-06-05T10:00:00", "r", "c", "490000"), ("2024-06-06T10:00:00", "d", "c", "1900000"),
    ])  # fmt: skip


def company_near_miss() -> Case:
    """Four customers pay one merchant: each amount is below its limit, but nobody splits."""
    return case_of(company_near_miss_tables())


def person_toy_tables() -> Frames:
    """The tables of `person_toy`."""
    return _tables([
        (f"2024-06-0{day}T10:00:00", "p", "q", amount)
        for day, amount in ((3, "490000"), (4, "480000"), (5, "470000"), (6, "300000"))
    ])  # fmt: skip


def person_toy() -> Case:
    """A person sends three times a little less than 500 000 at home; 300 000 is not just below it."""
    return case_of(person_toy_tables())


def abroad_toy_tables() -> Frames:
    """The tables of `abroad_toy`."""
    return _tables(
        [(f"2024-06-0{day}T10:00:00", "p", "d", "190000") for day in (3, 4, 5)], channel="跨境汇款"
    )


def abroad_toy() -> Case:
    """A person sends three times 190 000 across the border, of which 200 000 are reported."""
    return case_of(abroad_toy_tables())


def person_near_miss_tables() -> Frames:
    """The tables of `person_near_miss`."""
    return _tables([
        (f"2024-{month}-03T10:00:00", "p", "q", "450000") for month in ("03", "04", "05", "06")
    ])  # fmt: skip


def person_near_miss() -> Case:
    """An instalment of 450 000 each month: each is just below the limit, but they lie months apart."""
    return case_of(person_near_miss_tables())


# ---------------------------------------------------------------- commission


class _Book:
    """Rows as they come: parties with an account each, of the same name in small letters, and payments."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, str]]] = {}

    def add(self, table: str, **row: object) -> None:
        """A row of a table."""
        self.rows.setdefault(table, []).append({name: str(value) for name, value in row.items()})

    def party(self, ident: str, kind: str = "person", sector: str = "", account: str = "settlement") -> None:
        """A party, and its account of a kind."""
        self.add("parties", party_id=ident, name=f"{ident}名", kind=kind, sector=sector)
        self.add("accounts", account_id=ident.lower(), party_id=ident, kind=account)

    def pay(self, day: str, source: str, target: str, amount: object, **more: object) -> str:
        """A payment, in the order in which they are told; its id."""
        number = len(self.rows.get("transfers", ()))
        time = f"{day}T{9 + number % 600 // 60:02d}:{number % 60:02d}:00"
        self.add(
            "transfers", transfer_id=f"t{number:03d}", time=time, source=source.lower(), target=target.lower(),
            amount=amount, **more,
        )  # fmt: skip
        return f"t{number:03d}"

    def tables(self) -> Frames:
        """All of them."""
        return {table: frame_of(rows) for table, rows in self.rows.items()}


def _raising(memo: str, helpers: int, paid_back: bool) -> _Book:
    """Twelve investors put 50,000 each into a product; helpers are paid 360 each, the first 360 in two parts."""
    book = _Book()
    book.party("X", "company")
    book.add("products", product_id="F", name="鑫财一号", issuer_id="X", manager_id="X", offering="private")
    for number in range(12):
        name = f"I{number:02d}"
        book.party(name)
        paid = book.pay("2024-06-03", name, "x", 50_000, memo="认购", product_id="F")
        book.add("subscriptions", product_id="F", investor_id=name, amount=50_000, time="2024-06-03",
                 transfer_id=paid)  # fmt: skip
    for number in range(helpers):
        name = f"S{number:02d}"
        book.party(name)
        for part in (180, 180) if number == 0 else (360,):
            book.pay("2024-06-20", "x", name, part, memo=memo)
    for number in range(12 if paid_back else 0):
        book.pay("2024-07-03", "x", f"I{number:02d}", 500, memo="付息", product_id="F")
    return book


def commission_toy_tables() -> Frames:
    """The tables of `commission_toy`."""
    book = _raising("推荐奖", 50, True)
    book.add("licences", party_id="X", function="asset_management", since="2020-01-01")
    return book.tables()


def commission_toy() -> Case:
    """Of 600,000 raised, 18,000 go to 50 persons who brought the money: exactly 0.03."""
    return case_of(commission_toy_tables())


def commission_subscribed_toy_tables() -> Frames:
    """The tables of `commission_subscribed_toy`."""
    return _raising("业务提成", 50, False).tables()


def commission_subscribed_toy() -> Case:
    """The same, none of the investors was paid yet: they are known by what they subscribed for."""
    return case_of(commission_subscribed_toy_tables())


def commission_near_miss_tables() -> Frames:
    """The tables of `commission_near_miss`."""
    book = _raising("推荐奖", 50, True)
    book.add("licences", party_id="X", function="fund_sale", since="2020-01-01")
    return book.tables()


def commission_near_miss() -> Case:
    """A licensed seller of funds pays its agents."""
    return case_of(commission_near_miss_tables())


def wages_near_miss_tables() -> Frames:
    """The tables of `wages_near_miss`."""
    return _raising("六月工资及提成", 50, True).tables()


def wages_near_miss() -> Case:
    """Fifty who work there are paid wages, with what their sales add to them."""
    return case_of(wages_near_miss_tables())


def merchant_near_miss_tables() -> Frames:
    """The tables of `merchant_near_miss`."""
    book = _Book()
    book.party("X", "company")
    for number in range(60):
        book.party(f"C{number:02d}")
        book.pay("2024-06-03", f"C{number:02d}", "x", 1_000 + number, memo="货款")
    for number in range(55):
        book.pay("2024-06-20", "x", f"C{number:02d}", 50, memo="推荐奖励")
    return book.tables()


def merchant_near_miss() -> Case:
    """A shop pays 55 customers a reward for bringing others: nobody invests there."""
    return case_of(merchant_near_miss_tables())


# ---------------------------------------------------------------- identity


def _bought(kyc: tuple[str, ...], payers: tuple[str, ...]) -> _Book:
    """Investors who subscribe 100,000 each, whose kyc and payer are told."""
    book = _Book()
    book.party("X", "company")
    book.add("products", product_id="F", name="鑫财一号", issuer_id="X", manager_id="X", offering="private")
    for name in dict.fromkeys([*(f"I{number}" for number in range(len(kyc))), *payers]):
        book.party(name)
    for number, (said, payer) in enumerate(zip(kyc, payers, strict=True)):
        paid = book.pay("2024-06-03", payer, "x", 100_000, memo="认购", product_id="F")
        book.add("subscriptions", product_id="F", investor_id=f"I{number}", amount=100_000,
                 time="2024-06-03", kyc=said, transfer_id=paid)  # fmt: skip
    return book


def unverified_toy_tables() -> Frames:
    """The tables of `unverified_toy`."""
    return _bought(("实名", "未实名", "", "否"), ("I0", "I1", "I2", "I3")).tables()


def unverified_toy() -> Case:
    """Of four investors two are stated not to be verified, of one nothing is stated."""
    return case_of(unverified_toy_tables())


def unverified_near_miss_tables() -> Frames:
    """The tables of `unverified_near_miss`."""
    return _bought(("实名", "已核验", "", "verified"), ("I0", "I1", "I2", "I3")).tables()


def unverified_near_miss() -> Case:
    """All that is stated is that they were verified; of one nothing is stated, which says nothing."""
    return case_of(unverified_near_miss_tables())


def third_toy_tables() -> Frames:
    """The tables of `third_toy`."""
    return _bought(("实名",) * 4, ("I0", "P1", "P2", "P2")).tables()


def third_toy() -> Case:
    """Three of four investors paid from accounts of two others, whom nothing ties to them."""
    return case_of(third_toy_tables())


def family_near_miss_tables() -> Frames:
    """The tables of `family_near_miss`."""
    book = _bought(("实名",) * 4, ("I0", "P1", "P2", "P3"))
    for number, kind in ((1, "spouse"), (2, "parent"), (3, "child")):
        book.add("relations", party_id=f"P{number}", other_id=f"I{number}", kind=kind, source="户籍")
    return book.tables()


def family_near_miss() -> Case:
    """The investor's wife, mother or son paid."""
    return case_of(family_near_miss_tables())


def collected_near_miss_tables() -> Frames:
    """The tables of `collected_near_miss`."""
    book = _bought(("实名",) * 4, ("D", "D", "D", "D"))
    book.add("licences", party_id="D", function="fund_sale", since="2020-01-01")
    return book.tables()


def collected_near_miss() -> Case:
    """A licensed seller passes on what its clients paid."""
    return case_of(collected_near_miss_tables())


def custody_near_miss_tables() -> Frames:
    """The tables of `custody_near_miss`."""
    book = _bought(("实名",) * 4, ("D", "D", "D", "D"))
    account = next(row for row in book.rows["accounts"] if row["party_id"] == "D")
    account["kind"] = "client_custody"
    return book.tables()


def custody_near_miss() -> Case:
    """It comes through an account of custody."""
    return case_of(custody_near_miss_tables())


# ---------------------------------------------------------------- selling others' products


def _platform() -> _Book:
    """A platform for lending, a bank with a product of wealth management, four persons."""
    book = _Book()
    book.party("P", "company", "p2p_platform")
    book.party("B", "bank", "bank")
    book.add(
        "products",
        product_id="W",
        name="稳利理财",
        issuer_id="B",
        kind="wealth_management",
        offering="public",
    )
    book.add("licences", party_id="B", function="banking", since="2000-01-01")
    for number in range(4):
        book.party(f"I{number}")
    return book


def selling_toy_tables() -> Frames:
    """The tables of `selling_toy`."""
    book = _platform()
    for number in range(3):
        book.pay("2024-06-03", f"I{number}", "p", 20_000, memo="购买理财", product_id="W")
    book.pay("2024-06-04", "p", "b", 60_000, memo="划付", product_id="W")
    return book.tables()


def selling_toy() -> Case:
    """Three persons pay 60,000 for a bank's product into the platform's account."""
    return case_of(selling_toy_tables())


def subscribed_toy_tables() -> Frames:
    """The tables of `subscribed_toy`."""
    book = _platform()
    for number in range(3):
        paid = book.pay("2024-06-03", f"I{number}", "p", 20_000, memo="充值")
        book.add("subscriptions", product_id="W", investor_id=f"I{number}", amount=20_000, time="2024-06-03",
                 transfer_id=paid)  # fmt: skip
    return book.tables()


def subscribed_toy() -> Case:
    """The same, known by the subscriptions that name the payments."""
    return case_of(subscribed_toy_tables())


def selling_fee_toy_tables() -> Frames:
    """The tables of `selling_fee_toy`."""
    book = _platform()
    for month in ("06", "07", "08"):
        book.pay(f"2024-{month}-28", "b", "p", 1_500, memo="代销手续费")
    return book.tables()


def selling_fee_toy() -> Case:
    """The bank pays the platform three times for selling; the money of those who bought is not seen."""
    return case_of(selling_fee_toy_tables())


def selling_near_miss_tables() -> Frames:
    """The tables of `selling_near_miss`."""
    book = _platform()
    for month in ("06", "07", "08"):
        book.pay(f"2024-{month}-03", "p", "b", 20_000, memo="购买理财", product_id="W")
        book.pay(f"2024-{month}-28", "b", "p", 20_050, memo="理财赎回", product_id="W")
    for number in range(4):
        book.pay("2024-06-03", f"I{number}", "p", 10, memo="服务费")
    return book.tables()


def selling_near_miss() -> Case:
    """The platform buys the product for itself."""
    return case_of(selling_near_miss_tables())


def licensed_near_miss_tables() -> Frames:
    """The tables of `licensed_near_miss`."""
    book = _platform()
    for number in range(4):
        book.pay("2024-06-03", f"I{number}", "p", 20_000, memo="购买理财", product_id="W")
    book.add("licences", party_id="P", function="fund_sale", since="2020-01-01", until="2024-12-31")
    return book.tables()


def licensed_near_miss() -> Case:
    """The platform has a licence to sell."""
    return case_of(licensed_near_miss_tables())


# ---------------------------------------------------------------- members of an exchange


def _trading(clients: int) -> _Book:
    """A firm that pays an exchange dues; persons pay it, and are paid back less or more."""
    book = _Book()
    book.party("E", "company", "exchange")
    book.party("M", "company", "ordinary")
    book.add("licences", party_id="E", function="exchange", since="2015-01-01")
    book.pay("2024-06-01", "m", "e", 30_000, memo="会员年费")
    for number in range(clients):
        name = f"K{number:02d}"
        book.party(name)
        book.pay("2024-06-03", name, "m", 10_000, memo="入金")
    book.pay("2024-06-05", "m", "e", 90_000, memo="保证金")
    for number in range(clients):
        book.pay("2024-06-20", "m", f"K{number:02d}", 4_000 + number, memo="出金")
    return book


def exchange_toy_tables() -> Frames:
    """The tables of `exchange_toy`."""
    return _trading(10).tables()


def exchange_toy() -> Case:
    """A member without any licence takes 100,000 from ten clients and pays them back a part."""
    return case_of(exchange_toy_tables())


def exchange_near_miss_tables() -> Frames:
    """The tables of `exchange_near_miss`."""
    book = _trading(0)
    book.pay("2024-06-25", "e", "m", 120_000, memo="货款")
    for number in range(12):
        book.party(f"K{number:02d}")
        book.pay("2024-06-26", f"K{number:02d}", "m", 10_000, memo="货款")
    return book.tables()


def exchange_near_miss() -> Case:
    """A trader that is a member buys for itself; persons buy from it, and nobody is paid back."""
    return case_of(exchange_near_miss_tables())


def broker_near_miss_tables() -> Frames:
    """The tables of `broker_near_miss`."""
    book = _trading(10)
    book.add("licences", party_id="M", function="securities", since="2015-01-01")
    return book.tables()


def broker_near_miss() -> Case:
    """The member is a licensed broker."""
    return case_of(broker_near_miss_tables())


# ---------------------------------------------------------------- partners without a licence


def _partners(loans: int) -> _Book:
    """A bank whose loans go to borrowers over a lender of whom no licence is known."""
    book = _Book()
    book.party("B", "bank", "bank")
    book.party("Y", "company", "lender")
    book.add("licences", party_id="B", function="banking", since="2000-01-01")
    for number in range(loans):
        name, loan = f"Z{number:02d}", f"L{number:02d}"
        book.party(name)
        book.add("loans", loan_id=loan, lender_id="B", borrower_id=name, principal=10_000, start="2024-06-03")
        book.pay("2024-06-03", "b", "y", 10_000, memo="助贷资金", loan_id=loan)
        book.pay("2024-06-04", "y", name, 9_800, memo="放款", loan_id=loan)
    return book


def cooperation_toy_tables() -> Frames:
    """The tables of `cooperation_toy`."""
    return _partners(10).tables()


def cooperation_toy() -> Case:
    """Ten loans of a bank, 100,000, go over an unlicensed lender to the borrowers."""
    return case_of(cooperation_toy_tables())


def cooperation_fee_toy_tables() -> Frames:
    """The tables of `cooperation_fee_toy`."""
    book = _partners(0)
    for month in ("06", "07", "08"):
        book.pay(f"2024-{month}-28", "b", "y", 5_000, memo="导流服务费")
    return book.tables()


def cooperation_fee_toy() -> Case:
    """The bank pays it three times for bringing clients."""
    return case_of(cooperation_fee_toy_tables())


def cooperation_near_miss_tables() -> Frames:
    """The tables of `cooperation_near_miss`."""
    book = _partners(10)
    book.add("licences", party_id="Y", function="lending", since="2020-01-01")
    return book.tables()


def cooperation_near_miss() -> Case:
    """The partner is licensed to lend."""
    return case_of(cooperation_near_miss_tables())


def bank_services_near_miss_tables() -> Frames:
    """The tables of `bank_services_near_miss`."""
    book = _partners(0)
    for number in range(12):
        loan = f"L{number:02d}"
        book.add("loans", loan_id=loan, lender_id="B", borrower_id="Y", principal=10_000, start="2024-06-03")
        book.pay("2024-06-03", "b", "y", 10_000, memo="贷款", loan_id=loan)
        book.pay("2024-07-03", "y", "b", 10_050, memo="还本付息", loan_id=loan)
        book.pay("2024-07-04", "y", "b", 20, memo="账户管理费")
    return book.tables()


def bank_services_near_miss() -> Case:
    """The bank lends to it, and is paid interest and fees, as by any customer."""
    return case_of(bank_services_near_miss_tables())


def one_group_near_miss_tables() -> Frames:
    """The tables of `one_group_near_miss`."""
    book = _partners(10)
    book.add("stakes", owner_id="B", company_id="Y", share="1", votes="1", since="2010-01-01")
    return book.tables()


def one_group_near_miss() -> Case:
    """The lender is the bank's own."""
    return case_of(one_group_near_miss_tables())


# ---------------------------------------------------------------- lending on


def _lent_on(own: int, lent: int, day: str = "2024-06-20") -> _Book:
    """A bank lends 1,000,000 to a firm that has some money of its own, and lends out some."""
    book = _Book()
    book.party("B", "bank", "bank")
    book.party("X", "company")
    book.party("Z", "company")
    book.party("K", "company")
    book.add("licences", party_id="B", function="banking", since="2000-01-01")
    book.pay("2024-06-01", "k", "x", own, memo="货款")
    book.add("loans", loan_id="BANK", lender_id="B", borrower_id="X", principal=1_000_000, rate="0.04",
             start="2024-06-03", purpose="流动资金")  # fmt: skip
    book.add("loans", loan_id="ON", lender_id="X", borrower_id="Z", principal=lent, rate="0.15", start=day,
             purpose="周转")  # fmt: skip
    book.pay("2024-06-03", "b", "x", 1_000_000, memo="流贷", loan_id="BANK")
    book.pay(day, "x", "z", lent, memo="周转款", loan_id="ON")
    return book


def onlending_toy_tables() -> Frames:
    """The tables of `onlending_toy`."""
    return _lent_on(100_000, 700_000).tables()


def onlending_toy() -> Case:
    """Own 100,000, a bank's 1,000,000, then 700,000 are lent out: of the bank's 600,000 first in first out,
    700,000 last in first out, 636,363.63 or .64 in proportion.
    """
    return case_of(onlending_toy_tables())


def worded_toy_tables() -> Frames:
    """The tables of `worded_toy`."""
    book = _lent_on(100_000, 700_000)
    del book.rows["loans"]
    for row, memo in zip(book.rows["transfers"], ("货款", "贷款发放", "出借款"), strict=True):
        row.pop("loan_id", None)
        row["memo"] = memo
    return book.tables()


def worded_toy() -> Case:
    """The same without a register of loans: the payments say what they are."""
    return case_of(worded_toy_tables())


def savings_near_miss_tables() -> Frames:
    """The tables of `savings_near_miss`."""
    return _lent_on(800_000, 700_000).tables()


def savings_near_miss() -> Case:
    """As much own money stood in the account: first in first out nothing of the bank's was lent on."""
    return case_of(savings_near_miss_tables())


def late_near_miss_tables() -> Frames:
    """The tables of `late_near_miss`."""
    return _lent_on(100_000, 700_000, "2024-07-04").tables()


def late_near_miss() -> Case:
    """It is lent out 31 days later."""
    return case_of(late_near_miss_tables())


def inside_near_miss_tables() -> Frames:
    """The tables of `inside_near_miss`."""
    book = _lent_on(100_000, 700_000)
    book.add("stakes", owner_id="X", company_id="Z", share="1", votes="1", since="2010-01-01")
    return book.tables()


def inside_near_miss() -> Case:
    """A parent borrows for its subsidiary, and hands it on."""
    return case_of(inside_near_miss_tables())


def lender_near_miss_tables() -> Frames:
    """The tables of `lender_near_miss`."""
    book = _lent_on(100_000, 700_000)
    book.add("licences", party_id="X", function="lending", since="2020-01-01")
    return book.tables()


def lender_near_miss() -> Case:
    """A licensed lender is financed by a bank."""
    return case_of(lender_near_miss_tables())


def trade_near_miss_tables() -> Frames:
    """The tables of `trade_near_miss`."""
    book = _lent_on(100_000, 700_000)
    book.rows["loans"][1]["purpose"] = "预付货款"
    return book.tables()


def trade_near_miss() -> Case:
    """What is handed on is an advance for goods."""
    return case_of(trade_near_miss_tables())
