"""Toys of RL-25: old investors paid with new ones' money, three cases in their true proportions, subsidies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

Row = dict[str, str]


class _Book:
    """Rows of every table, as they come; a payment a minute."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}

    def add(self, table: str, **row: object) -> None:
        self.rows.setdefault(table, []).append({name: str(value) for name, value in row.items()})

    def pay(self, day: str, source: str, target: str, amount: int, **more: object) -> str:
        number = len(self.rows.get("transfers", ()))
        ident = f"t{number + 1:03d}"
        time = f"{day}T{9 + number // 60 % 12:02d}:{number % 60:02d}:00"
        self.add(
            "transfers", transfer_id=ident, time=time, source=source, target=target, amount=amount, **more
        )
        return ident

    def company(self, ident: str, name: str, sector: str = "ordinary", **more: object) -> None:
        self.add("parties", party_id=ident, name=name, kind="company", sector=sector, **more)

    def account(self, ident: str, party: str, opening: int | None = 0, **more: object) -> None:
        """An account with its own statement; ``opening`` None: seen as somebody's other side only."""
        held = {"covered": "false"} if opening is None else {"covered": "true", "opening_balance": opening}
        self.add("accounts", account_id=ident, party_id=party, **held, **more)

    def investors(self, prefix: str, count: int) -> list[str]:
        """So many persons with an account each."""
        found = [f"{prefix}{number:02d}" for number in range(1, count + 1)]
        for each in found:
            self.add("parties", party_id=each.upper(), name=f"投资人{each.upper()}", kind="person")
            self.account(each, each.upper(), None)
        return found

    def frames(self) -> Frames:
        return {table: frame_of(rows) for table, rows in self.rows.items()}


def _rounds(
    book: _Book, day: str, people: Sequence[str], into: str, each: int, product: str, **more: object
) -> None:
    """Investors subscribe on a day."""
    for person in people:
        paid = book.pay(day, person, into, each, memo="认购", product_id=product, **more)
        book.add("subscriptions", product_id=product, investor_id=person.upper(), amount=each,
                 time=f"{day}T09:00:00", transfer_id=paid)  # fmt: skip


def _fund(open_type: str, promised: str, real: int, business: int, **stated: object) -> Frames:
    """Ten investors are paid what eight new ones and a customer bring; before, their own money was spent."""
    book = _Book()
    book.company("RAISER", "华赢财富管理公司", scope="财富管理")
    book.company("SELLER", "御湖别墅公司")
    book.company("CUSTOMER", "客商公司")
    book.add("products", product_id="P1", name="华赢稳盈", issuer_id="RAISER", kind="wealth_management",
             open_type=open_type, start="2023-03-01", promised_yield=promised, **stated)  # fmt: skip
    book.account("pool", "RAISER")
    book.account("seller", "SELLER", None)
    book.account("customer", "CUSTOMER", None)
    old, new = book.investors("old", 10), book.investors("new", 8)
    _rounds(book, "2023-03-06", old, "pool", 900_000, "P1")
    book.pay("2023-03-07", "pool", "seller", 9_000_000, memo="购房款")
    _rounds(book, "2023-04-06", new, "pool", 1_000_000, "P1")
    book.pay("2023-04-07", "customer", "pool", real, memo="货款")
    for person in old:
        book.pay("2023-04-10", "pool", person, 900_000, memo="兑付", product_id="P1")
    if business:
        book.pay("2023-04-11", "pool", "seller", business, memo="购房款")
    return book.frames()


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _fund("closed", "0.12", 1_000_000, 0)


def toy() -> Case:
    """A month's payouts are 9 000 000; 1 000 000 really came in, the rest new investors paid: 8/9."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _fund("closed", "0.12", 9_000_000, 8_000_000)


def near_miss() -> Case:
    """The same, but a customer paid as much as is paid out: the pool mixes it, and it was earned."""
    return case_of(near_miss_tables())


def open_near_miss_tables() -> Frames:
    """The tables of `open_near_miss`."""
    return _fund("open", "", 1_000_000, 0, net_assets=9_100_000, next_open="2023-04-10")


def open_near_miss() -> Case:
    """The same flows in an open fund that promises nothing: redemptions met by subscriptions, at its value."""
    return case_of(open_near_miss_tables())


def open_toy_tables() -> Frames:
    """The tables of `open_toy`."""
    return _fund("open", "", 1_000_000, 0)


def open_toy() -> Case:
    """The same again, but nothing shows that the open product is dealt at a value, nor whether it promises."""
    return case_of(open_toy_tables())


def bond_near_miss_tables() -> Frames:
    """The tables of `bond_near_miss`."""
    book = _Book()
    book.company("TEA", "某茶饮连锁公司")
    book.company("SUPPLIER", "茶叶供应商")
    book.company("BUYER", "商超客户")
    book.add("products", product_id="P1", name="2023年公司债", issuer_id="TEA", kind="fixed_income",
             open_type="closed", start="2023-03-01", end="2024-03-01", promised_yield="0.05")  # fmt: skip
    for account, party, opening in (
        ("raise", "TEA", 0), ("ops", "TEA", 0), ("supplier", "SUPPLIER", None), ("buyer", "BUYER", None)
    ):  # fmt: skip
        book.account(account, party, opening)
    people = book.investors("l", 10)
    _rounds(book, "2023-03-06", people, "raise", 100_000, "P1")
    book.pay("2023-03-07", "raise", "supplier", 1_000_000, memo="采购")
    for month in range(4, 10):
        book.pay(f"2023-{month:02d}-05", "buyer", "ops", 300_000, memo="货款")
    for person in people:
        book.pay("2023-09-06", "ops", person, 105_000, memo="兑付本息", product_id="P1")
    return book.frames()


def bond_near_miss() -> Case:
    """A tea chain pays its bond back out of what it sold: who borrows for its own business has earned it."""
    return case_of(bond_near_miss_tables())


def consignment_near_miss_tables() -> Frames:
    """The tables of `consignment_near_miss`."""
    book = _Book()
    book.company("MARKET", "二手车寄售平台公司")
    book.account("market", "MARKET", 0)
    sellers, buyers = book.investors("s", 12), book.investors("b", 40)
    for number, seller in enumerate(sellers):
        book.pay(f"2023-01-{number + 2:02d}", seller, "market", 2_000, memo="商户保证金")
    for number, buyer in enumerate(buyers):
        month, day, order = 2 if number < 10 else 4 + number % 3, 5 + number % 20, f"O{number + 1}"
        book.pay(f"2023-{month:02d}-{day:02d}", buyer, "market", 50_000, order_id=order)
        book.pay(f"2023-{month:02d}-{day + 2:02d}", "market", sellers[number % 12], 49_000, order_id=order)
    return book.frames()


def consignment_near_miss() -> Case:
    """Sellers leave a deposit and are paid what buyers paid, order by order: buyers are no investors."""
    return case_of(consignment_near_miss_tables())


def guoying_tables() -> Frames:
    """The tables of `guoying_toy`."""
    book = _Book()
    book.company("MANAGER", "国赢资产管理公司", "asset_manager", scope="私募基金管理")
    book.company("PROJECT", "国赢项目公司")
    book.add("parties", party_id="ZHANG", name="张某", kind="person")
    book.add("parties", party_id="BANK", name="托管银行", kind="bank", sector="bank")
    book.company("MARKET", "市场供应商")
    for company in ("MANAGER", "PROJECT"):
        book.add("stakes", owner_id="ZHANG", company_id=company, share="1", since="2014-01-01")
    book.account("project", "PROJECT")
    book.account("pool", "ZHANG")
    book.account("market", "MARKET", None)
    before: list[str] = []
    for number, (raised, paid) in enumerate(((120_0, 0), (160_0, 123_7), (202_8, 164_9), (285_3, 209_0))):
        fund, day = f"F{number}", f"2022-0{4 + number}"
        book.add("products", product_id=fund, name=f"国赢{number}号", issuer_id="MANAGER", manager_id="MANAGER",
                 custodian_id="BANK", offering="private", kind="fixed_income", open_type="closed",
                 start=f"{day}-01", promised_yield="0.10")  # fmt: skip
        book.account(f"custody{number}", "BANK", kind="client_custody", product_id=fund)
        people = book.investors("abcd"[number], 10)
        _rounds(book, f"{day}-11", people, f"custody{number}", raised * 1_000, fund)
        all_ = raised * 10_000
        book.pay(f"{day}-12", f"custody{number}", "project", all_, memo="投资款", product_id=fund)
        book.pay(f"{day}-13", "project", "pool", all_, memo="往来款")
        for person in before:
            book.pay(f"{day}-14", "pool", person, paid * 1_000, memo="基金兑付", product_id=f"F{number - 1}")
        book.pay(f"{day}-15", "pool", "market", all_ - paid * 10_000, memo="项目及费用")
        before = people
    return book.frames()


def guoying_toy() -> Case:
    """Private funds in the proportions of a real case: of 7 681 raised 4 976 went to earlier investors.

    Money passes investor, fund custody, project company, pool, and from there to investors of earlier funds.
    """
    return case_of(guoying_tables())


guoying_toy_tables = guoying_tables


def zhouhui_toy_tables() -> Frames:
    """The tables of `zhouhui_toy`."""
    book = _Book()
    book.add("parties", party_id="ZHOU", name="周某", kind="person")
    book.company("SELLER", "豪车行")
    for number in range(8):
        book.account(f"z{number}", "ZHOU")
    book.account("seller", "SELLER", None)
    before: list[str] = []
    for number, (raised, paid) in enumerate(((15_0, 0), (22_4, 15_4), (30_0, 23_0), (35_6, 30_7))):
        day = f"2022-0{4 + number}"
        people = book.investors("abcd"[number], 10)
        for place, person in enumerate(people):
            book.pay(f"{day}-11", person, f"z{place % 8}", raised * 1_000, memo="投标")
        for place, person in enumerate(before):
            book.pay(f"{day}-14", f"z{place % 8}", person, paid * 1_000, memo="本息")
        for place in range(8):
            left = (raised - paid) * 1_000 * (1 + (place < 2))
            book.pay(f"{day}-15", f"z{place}", "seller", left, memo="购车款")
        before = people
    return book.frames()


def zhouhui_toy() -> Case:
    """Eight personal accounts, no table of investors: of 1 030 raised 691 went back, 356 is not recovered."""
    return case_of(zhouhui_toy_tables())


def ezubao_toy_tables() -> Frames:
    """The tables of `ezubao_toy`."""
    book = _Book()
    book.company("PLATFORM", "例易贷", "p2p_platform")
    book.company("AFFILIATE", "例诚实业")
    book.company("PSP", "示例支付", "payment_institution")
    book.company("GOLD", "金店")
    book.add("stakes", owner_id="PLATFORM", company_id="AFFILIATE", share="1", since="2014-01-01")
    book.add("licences", party_id="PSP", function="payment", number="Z1", since="2011-01-01")
    book.add("products", product_id="E", name="例易贷年年安", issuer_id="PLATFORM", kind="wealth_management",
             open_type="closed", start="2022-04-01", promised_yield="0.146")  # fmt: skip
    book.account("reserve", "PSP", kind="reserve_central")
    book.account("affiliate", "AFFILIATE")
    book.account("pool", "PLATFORM")
    book.account("gold", "GOLD", None)
    before: list[str] = []
    for number, (raised, paid) in enumerate(((12, 0), (15, 12), (20, 15), (29.2, 11.2))):
        day, mark = f"2022-0{4 + number}", {"loan_id": f"L{number}"}
        everything, each = int(raised * 1_000_000), int(paid * 100_000)
        book.company(f"SHELL{number}", f"空壳商贸{number}")
        book.account(f"shell{number}", f"SHELL{number}")
        book.add("loans", loan_id=f"L{number}", platform_id="PLATFORM", borrower_id=f"SHELL{number}",
                 principal=everything, rate="0.146", start=f"{day}-12")  # fmt: skip
        people = book.investors("abcd"[number], 10)
        _rounds(book, f"{day}-11", people, "reserve", everything // 10, "E", **mark)
        book.pay(
            f"{day}-12", "reserve", f"shell{number}", everything, memo="放款", kind="disbursement", **mark
        )
        book.pay(f"{day}-12", f"shell{number}", "affiliate", everything, memo="货款往来")
        book.pay(f"{day}-13", "affiliate", "pool", everything, memo="归集")
        if before:
            old = {"loan_id": f"L{number - 1}"}
            book.pay(f"{day}-14", "pool", "reserve", each * 10, memo="还本付息资金", **old)
            for person in before:
                book.pay(
                    f"{day}-15",
                    "reserve",
                    person,
                    each,
                    memo="回款",
                    kind="redemption",
                    product_id="E",
                    **old,
                )
        book.pay(f"{day}-16", "pool", "gold", everything - each * 10, memo="黄金采购")
        before = people
    return book.frames()


def ezubao_toy() -> Case:
    """A platform that lends to shells and gets it back through an affiliate: of 762 raised 380 is lost."""
    return case_of(ezubao_toy_tables())


def _lending(own: int) -> tuple[_Book, list[str]]:
    """A platform whose lenders are paid 1 000 000: of it so much by the platform, the rest by the borrower."""
    book = _Book()
    book.company("PLATFORM", "易贷", "p2p_platform")
    book.company("BORROWER", "兴业制造")
    book.account("own", "PLATFORM", 500_000)
    book.account("pool", "PLATFORM")
    book.account("borrower", "BORROWER", None)
    book.add("loans", loan_id="L", platform_id="PLATFORM", borrower_id="BORROWER", principal="950000",
             start="2023-03-08", rate="0.12")  # fmt: skip
    lenders = book.investors("l", 10)
    for person in lenders:
        book.pay("2023-03-06", person, "pool", 95_000, memo="出借", loan_id="L")
    book.pay("2023-03-08", "pool", "borrower", 950_000, memo="放款", kind="disbursement", loan_id="L")
    book.pay("2023-09-04", "borrower", "pool", 1_000_000 - own, memo="还款", kind="repayment", loan_id="L")
    if own:
        book.pay("2023-09-05", "own", "pool", own, memo="补贴")
    for person in lenders:
        book.pay("2023-09-06", "pool", person, 100_000, memo="回款", loan_id="L")
    return book, lenders


def subsidy_toy_tables() -> Frames:
    """The tables of `subsidy_toy`."""
    return _lending(100_000)[0].frames()


def subsidy_toy() -> Case:
    """Lenders are paid 1 000 000, a tenth of it out of the platform's own account."""
    return case_of(subsidy_toy_tables())


def subsidy_near_miss_tables() -> Frames:
    """The tables of `subsidy_near_miss`."""
    return _lending(40_000)[0].frames()


def subsidy_near_miss() -> Case:
    """Four hundredths: below what counts."""
    return case_of(subsidy_near_miss_tables())


def cross_toy_tables() -> Frames:
    """The tables of `cross_toy`."""
    book = _Book()
    book.company("MANAGER", "恒信理财", "asset_manager")
    for product in ("A", "B"):
        book.company(f"ASSET{product}", f"资产方{product}")
        book.account(f"asset{product}", f"ASSET{product}", None)
        book.add("products", product_id=product, name=f"恒信{product}款", issuer_id="MANAGER", kind="wealth_management",
                 open_type="closed", start="2023-03-01", promised_yield="0.05")  # fmt: skip
    book.account("pool", "MANAGER")
    first, second = book.investors("a", 10), book.investors("b", 10)
    _rounds(book, "2023-03-06", first, "pool", 95_000, "A")
    book.pay("2023-03-07", "pool", "assetA", 950_000, memo="投资款", product_id="A")
    _rounds(book, "2023-09-01", second, "pool", 100_000, "B")
    book.pay("2023-09-02", "pool", "assetB", 900_000, memo="投资款", product_id="B")
    book.pay("2023-09-04", "assetA", "pool", 900_000, memo="回款", product_id="A")
    for person in first:
        book.pay("2023-09-06", "pool", person, 100_000, memo="兑付", product_id="A")
    return book.frames()


def cross_toy() -> Case:
    """Product A pays its investors 1 000 000, a tenth of it money that product B's investors had paid."""
    return case_of(cross_toy_tables())


def refund_near_miss_tables() -> Frames:
    """The tables of `refund_near_miss`."""
    book = _Book()
    book.company("PLATFORM", "易贷", "p2p_platform")
    book.account("pool", "PLATFORM")
    for listing in ("X", "Y"):
        book.add("listings", listing_id=listing, loan_id=f"L{listing}", platform_id="PLATFORM", amount="2000000",
                 term_days="90", opened="2023-03-01")  # fmt: skip
        book.add("loans", loan_id=f"L{listing}", platform_id="PLATFORM", borrower_id="BORROWER",
                 principal="2000000", start="2023-03-20")  # fmt: skip
    book.company("BORROWER", "兴业制造")
    first, second = book.investors("x", 10), book.investors("y", 10)
    book.account("borrower", "BORROWER", None)
    for listing, people in (("X", first), ("Y", second)):
        for person in people:
            book.pay("2023-03-06", person, "pool", 200_000, memo="出借", listing_id=listing)
            book.add("client_ledger", platform_id="PLATFORM", date="2023-03-06T23:00:00", client_id=person.upper(),
                     balance="200000")  # fmt: skip
    book.pay("2023-03-08", "pool", "borrower", 2_000_000, memo="放款", kind="disbursement", listing_id="Y")
    for person in first:  # the offer was not filled in two weeks
        book.pay("2023-03-20", "pool", person, 200_000, memo="流标退款", listing_id="X")
    return book.frames()


def refund_near_miss() -> Case:
    """An offer that is not filled is given back in two weeks, out of an account from which another one was lent."""
    return case_of(refund_near_miss_tables())


def bank_near_miss_tables() -> Frames:
    """The tables of `bank_near_miss`."""
    frames = zhouhui_toy_tables()
    licence = [{"party_id": "ZHOU", "function": "banking", "number": "B1", "since": "2001-01-01"}]
    return {**frames, "licences": frame_of(licence)}


def bank_near_miss() -> Case:
    """The flows of `zhouhui_toy` at one who is licensed to take deposits: its business."""
    return case_of(bank_near_miss_tables())


def shop_near_miss_tables() -> Frames:
    """The tables of `shop_near_miss`."""
    book = _Book()
    book.company("SHOP", "电器商城")
    book.company("MAKER", "电器厂")
    book.account("shop", "SHOP")
    book.account("maker", "MAKER", None)
    buyers = book.investors("k", 24)
    for month in (4, 5, 6):
        for person in buyers:
            book.pay(f"2022-0{month}-05", person, "shop", 150_000, memo="购货")
        for person in buyers[::2]:
            book.pay(f"2022-0{month}-12", "shop", person, 150_000, memo="退货款")
        book.pay(f"2022-0{month}-20", "shop", "maker", 1_800_000, memo="进货")
    return book.frames()


def shop_near_miss() -> Case:
    """A shop takes goods back and pays for them out of other customers' money: nobody gains by it."""
    return case_of(shop_near_miss_tables())


def _keeper(taken: int, back: int) -> Frames:
    """Ten clients pay in 100 000 each, four take half of it out; before, so much was taken away and put back."""
    book = _Book()
    book.company("KEEPER", "同安钱包")
    book.company("VENDOR", "云服务公司")
    book.account("vendor", "VENDOR", None)
    book.account("own", "KEEPER", 2_000_000)
    book.account("clients", "KEEPER")
    people = book.investors("k", 10)
    for person in people:
        book.pay("2023-03-06", person, "clients", 1_000_000, memo="充值")
        book.add("client_ledger", platform_id="KEEPER", date="2023-03-06T23:00:00", client_id=person.upper(),
                 balance="1000000")  # fmt: skip
    if taken:
        book.pay("2023-03-20", "clients", "vendor", taken, memo="云服务器采购款")
    if back:
        book.pay("2023-04-03", "own", "clients", back, memo="补足")
    for person in people[6:]:
        book.pay("2023-04-10", "clients", person, 500_000, memo="提现")
    return book.frames()


def keeper_toy_tables() -> Frames:
    """The tables of `keeper_toy`."""
    return _keeper(1_000_000, 0)


def keeper_toy() -> Case:
    """Clients take their money out after a tenth of all was spent: who is paid whole is paid of the others'."""
    return case_of(keeper_toy_tables())


def keeper_near_miss_tables() -> Frames:
    """The tables of `keeper_near_miss`."""
    return _keeper(0, 0)


def keeper_near_miss() -> Case:
    """Clients take out of one account what they paid in; all that the others paid in stands there."""
    return case_of(keeper_near_miss_tables())


def refilled_near_miss_tables() -> Frames:
    """The tables of `refilled_near_miss`."""
    return _keeper(1_000_000, 1_000_000)


def refilled_near_miss() -> Case:
    """What had been spent was made good out of the keeper's own money, before anybody was paid."""
    return case_of(refilled_near_miss_tables())
