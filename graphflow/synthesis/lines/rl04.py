"""Toys of RL-04: what a text promises, yields that assets do not explain, and others who pay in their place."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

from graphflow.synthesis.lines import rl25
from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

PUT_IN = 120_000
"""What each maturity's investor puts in: a month of 8 % a year is 800."""

BOOK = 1_200_000
"""What the product holds: a quarter of 2 % a year is 6,000."""


def _month(number: int) -> datetime.date:
    """The fifteenth of a month, from January 2022 on."""
    return datetime.date(2022 + number // 12, number % 12 + 1, 15)


def _product(**more: str) -> dict[str, str]:
    return {
        "product_id": "P", "name": "稳盈月月", "issuer_id": "MANAGER", "manager_id": "MANAGER", "offering": "private",
        "kind": "fixed_income", "open_type": "open", "start": str(_month(0)), "promised_yield": "0.08", **more,
    }  # fmt: skip


def _frames(*products: dict[str, str], **more: str) -> Frames:
    """A manager's products, and a transfer that says nothing."""
    return {
        "transfers": frame_of([
            {"transfer_id": "1", "time": "2023-03-01T10:00:00", "source": "a", "target": "b", "amount": "1"},
        ]),
        "parties": frame_of([
            {"party_id": "MANAGER", "name": "稳盈投资", "kind": "company", "sector": "asset_manager", **more},
            {"party_id": "AFFILIATE", "name": "稳盈控股", "kind": "company", "sector": "ordinary"},
        ]),
        "stakes": frame_of([{"owner_id": "AFFILIATE", "company_id": "MANAGER", "share": "1"}]),
        "products": frame_of(products),
    }  # fmt: skip


def _smoothed(
    yields: Sequence[str] = ("0.02", "0.06", "0.10", "0.14"), paid: Sequence[int] = (800,) * 12, spread: int = 1
) -> Frames:  # fmt: skip
    """A maturity a month, and a report a quarter; the product may be several, that take turns."""
    products = (
        [_product()]
        if spread == 1
        else [_product(product_id=f"P{n}", name=f"稳盈{n}号") for n in range(spread)]
    )
    names = [each["product_id"] for each in products]
    frames = _frames(*products)
    frames["subscriptions"] = frame_of([
        {"product_id": names[n % spread], "investor_id": f"I{n:02d}", "amount": str(PUT_IN), "time": f"{_month(n)}T09:00:00",
         "due": str(_month(n + 1)), "redeemed": f"{_month(n + 1)}T15:00:00", "redeemed_amount": str(PUT_IN + gain)}
        for n, gain in enumerate(paid)
    ])  # fmt: skip
    frames["holdings"] = frame_of([
        {"product_id": name, "asset_id": f"{name}-bonds", "asset_kind": "standard_debt", "amount": str(BOOK),
         "income": str(round(BOOK * float(each) / 4)), "as_of": str(_month(3 * (quarter + 1))), "start": str(_month(0))}
        for name in names
        for quarter, each in enumerate(yields)
    ])  # fmt: skip
    return frames


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _smoothed()


def toy() -> Case:
    """8 % is promised and paid on twelve maturities; the assets earned 2, 6, 10 and 14 % a year: SMOOTH 1."""
    return case_of(toy_tables())


def series_toy_tables() -> Frames:
    """The tables of `series_toy`."""
    return _smoothed(spread=3)


def series_toy() -> Case:
    """The same of three products of one manager, four maturities each."""
    return case_of(series_toy_tables())


GAINS = (200, 200, 200, 600, 600, 600, 1_000, 1_000, 1_000, 1_400, 1_400, 1_400)
"""What investors gain in months in which the assets earn 2, 6, 10 and 14 % a year."""


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    frames = _smoothed(paid=GAINS)
    product = _product(guarantee="不承诺保本、保收益", name="非保本浮动收益月月")
    return {**frames, "products": frame_of([product])}


def near_miss() -> Case:
    """Investors get what the assets earn, and the text says that nothing is promised."""
    return case_of(near_miss_tables())


def steady_near_miss_tables() -> Frames:
    """The tables of `steady_near_miss`."""
    return _smoothed(yields=("0.080", "0.081", "0.080", "0.079"))


def steady_near_miss() -> Case:
    """The assets of a money-market product earn what is paid: they hardly vary by themselves."""
    return case_of(steady_near_miss_tables())


def few_near_miss_tables() -> Frames:
    """The tables of `few_near_miss`."""
    return _smoothed(paid=(800,) * 7)


def few_near_miss() -> Case:
    """Seven maturities: too few to say anything."""
    return case_of(few_near_miss_tables())


def text_toy_tables() -> Frames:
    """The tables of `text_toy`."""
    return _frames(_product(guarantee="平台承诺保本保息，年化收益8%"), sector="ordinary")


def text_toy() -> Case:
    """A product says that principal and interest are promised, and no financial institution runs it."""
    return case_of(text_toy_tables())


def guarantor_toy_tables() -> Frames:
    """The tables of `guarantor_toy`."""
    frames = _frames(_product(), _product(product_id="OTHER", name="稳盈年年"))
    given = {"guarantor_id": "AFFILIATE", "beneficiary_id": "I00", "product_id": "P", "amount": "5000000",
             "kind": "差额补足", "since": "2022-02-01"}  # fmt: skip
    return {**frames, "guarantees": frame_of([given])}


def guarantor_toy() -> Case:
    """The company that owns the manager makes good what a product lacks."""
    return case_of(guarantor_toy_tables())


def legal_near_miss_tables() -> Frames:
    """The tables of `legal_near_miss`."""
    bank = {"party_id": "BANK", "name": "信安银行", "kind": "bank", "sector": "bank"}
    frames = _frames(
        _product(
            product_id="D", name="结构性存款", issuer_id="BANK", manager_id="BANK", guarantee="保证本金"
        ),
        _product(product_id="E", name="颐年养老金", kind="pension", guarantee="依法保证本金"),
        _product(
            product_id="F", name="记账式国债", issuer_id="TREASURY", manager_id="", guarantee="到期还本付息"
        ),
        _product(
            product_id="G", name="年年红年金保险", issuer_id="LIFE", manager_id="", guarantee="保证收益2.5%"
        ),
        _product(product_id="H", name="稳盈季季", guarantee="无"),
    )
    parties = [{str(k): str(v) for k, v in row.items()} for row in frames["parties"].to_dict("records")]
    parties += [
        bank,
        {"party_id": "TREASURY", "name": "财政部", "kind": "government", "sector": ""},
        {"party_id": "LIFE", "name": "安心人寿", "kind": "company", "sector": "insurer"},
    ]
    return {**frames, "parties": frame_of(parties)}


def legal_near_miss() -> Case:
    """A bank's deposit, a pension, a treasury bond and an insurance that a law guarantees; one that nobody does."""
    return case_of(legal_near_miss_tables())


def own_toy_tables() -> Frames:
    """The tables of `own_toy`."""
    return rl25.subsidy_toy_tables()


def own_toy() -> Case:
    """Lenders are paid 1,000,000, a tenth of it out of the platform's own account."""
    return case_of(own_toy_tables())


def rolling_toy_tables() -> Frames:
    """The tables of `rolling_toy`."""
    return rl25.cross_toy_tables()


def rolling_toy() -> Case:
    """A product pays its investors 1,000,000, a tenth of it of what a new product of its manager had raised."""
    return case_of(rolling_toy_tables())


def own_near_miss_tables() -> Frames:
    """The tables of `own_near_miss`."""
    return rl25.subsidy_near_miss_tables()


def own_near_miss() -> Case:
    """Four hundredths of it: below what counts."""
    return case_of(own_near_miss_tables())


def third_tables(memo: str, loan: bool, sector: str) -> Frames:
    """Investors are paid 1,000,000, of which a fifth is a third party's."""
    book = rl25._Book()
    book.company("MANAGER", "恒信理财", "p2p_platform" if loan else "asset_manager")
    book.company("ASSET", "资产方")
    book.company("THIRD", "远航实业", sector)
    book.account("pool", "MANAGER")
    book.account("asset", "ASSET", None)
    book.account("third", "THIRD", None)
    people = book.investors("i", 10)
    mark = {"loan_id": "L"} if loan else {"product_id": "P"}
    if loan:
        book.add(
            "loans",
            loan_id="L",
            platform_id="MANAGER",
            borrower_id="ASSET",
            principal=950_000,
            start="2023-03-08",
        )
        for person in people:
            book.pay("2023-03-06", person, "pool", 95_000, memo="出借", **mark)
    else:
        book.add("products", product_id="P", name="恒信一号", issuer_id="MANAGER", kind="fixed_income",
                 open_type="closed", start="2023-03-01", promised_yield="0.1")  # fmt: skip
        rl25._rounds(book, "2023-03-06", people, "pool", 95_000, "P")
    book.pay("2023-03-08", "pool", "asset", 950_000, memo="放款", **mark)
    book.pay("2023-09-04", "asset", "pool", 800_000, memo="回款", kind="repayment", **mark)
    book.pay("2023-09-05", "third", "pool", 200_000, memo=memo, **mark)
    for person in people:
        book.pay("2023-09-06", "pool", person, 100_000, memo="兑付", **mark)
    return book.frames()


def third_toy_tables() -> Frames:
    """The tables of `third_toy`."""
    return third_tables("代偿款", False, "ordinary")


def third_toy() -> Case:
    """A product's investors are paid 1,000,000, of which a company from outside paid 200,000 in the asset's place."""
    return case_of(third_toy_tables())


def guaranteed_near_miss_tables() -> Frames:
    """The tables of `guaranteed_near_miss`."""
    return third_tables("代偿款", True, "guarantor")


def guaranteed_near_miss() -> Case:
    """The same on a loan, of a guarantor by trade."""
    return case_of(guaranteed_near_miss_tables())


def straight_tables(payer: str) -> Frames:
    """Ten investors are paid by custody but for two, whom somebody else pays."""
    book = rl25._Book()
    book.company("MANAGER", "恒信理财", "asset_manager")
    book.company("ASSET", "资产方")
    book.company("THIRD", "远航实业")
    book.add("parties", party_id="BANK", name="托管银行", kind="bank", sector="bank")
    book.add("products", product_id="P", name="恒信一号", issuer_id="MANAGER", manager_id="MANAGER", custodian_id="BANK",
             kind="fixed_income", open_type="closed", start="2023-03-01", promised_yield="0.1")  # fmt: skip
    book.account("custody", "BANK", 0, kind="client_custody", product_id="P")
    book.account("asset", "ASSET", None)
    book.account("third", "THIRD", None)
    people = book.investors("i", 10)
    rl25._rounds(book, "2023-03-06", people, "custody", 95_000, "P")
    book.pay("2023-03-08", "custody", "asset", 950_000, memo="投资款", product_id="P")
    book.pay("2023-09-04", "asset", "custody", 800_000, memo="回款", kind="repayment", product_id="P")
    for number, person in enumerate(people):
        source = "custody" if number < 8 or payer == person else payer
        paid = book.pay("2023-09-06", source, person, 100_000, memo="兑付", product_id="P")
        row = book.rows["subscriptions"][number]
        row |= {
            "redeemed": "2023-09-06T15:00:00",
            "redeemed_amount": "100000",
            "redemption_transfer_id": paid,
        }
    return book.frames()


def straight_toy_tables() -> Frames:
    """The tables of `straight_toy`."""
    return straight_tables("third")


def straight_toy() -> Case:
    """Two of ten investors are paid by a company from outside, straight."""
    return case_of(straight_toy_tables())


def units_near_miss_tables() -> Frames:
    """The tables of `units_near_miss`."""
    return straight_tables("i01")


def units_near_miss() -> Case:
    """Two of ten are paid by another investor, who takes over what they had."""
    return case_of(units_near_miss_tables())
