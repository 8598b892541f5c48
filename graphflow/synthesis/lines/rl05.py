"""Toys of RL-05: a ladder with its breach (P5), what hides or pays for one, platforms; and what is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from graphflow.synthesis import holders
from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

Row = Mapping[str, str]

_PAID = [{"transfer_id": "1", "time": "2024-03-01T00:00:00", "source": "a", "target": "b", "amount": "1"}]


def _text(row: Mapping[object, object]) -> dict[str, str]:
    return {str(name): str(value) for name, value in row.items()}


def _case(**tables: Sequence[Row]) -> Frames:
    return {"transfers": frame_of(_PAID)} | {name: frame_of(rows) for name, rows in tables.items()}


def toy_tables() -> Frames:
    """The tables of `toy`."""
    frames = {"transfers": frame_of(_PAID), **holders.p5_tables()}
    frames["products"] = frames["products"].assign(
        name="盈丰一号", open_type="closed", start="2024-03-01", end="2024-05-30", offering="private"
    )
    return frames


def toy() -> Case:
    """P5 with its calendar: closed for 90 days, half of it lent for 720; 80 of 100 are new money's to pay."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    frames = toy_tables()
    frames["holdings"]["end"] = ["", "2024-08-28", "2024-05-30"]
    return frames


def near_miss() -> Case:
    """The same, the loan ending on the product's last day: what it brings and the bill pay everybody."""
    return case_of(near_miss_tables())


def cash_near_miss_tables() -> Frames:
    """The tables of `cash_near_miss`."""
    frames = ladder_toy_tables()
    frames["products"] = frames["products"].assign(name="现金管理一号")
    return frames


def cash_near_miss() -> Case:
    """A cash-management product, which is under a rule of its own."""
    return case_of(cash_near_miss_tables())


def line_near_miss_tables() -> Frames:
    """The tables of `line_near_miss`."""
    return toy_tables() | {"guarantees": frame_of([
        {"guarantor_id": "BANK", "beneficiary_id": "M", "product_id": "W", "amount": "50",
         "kind": "流动性支持承诺", "since": "2024-03-01"},
    ])}  # fmt: skip


def line_near_miss() -> Case:
    """The same; a bank has committed a line of all that the loan is."""
    return case_of(line_near_miss_tables())


def put_near_miss_tables() -> Frames:
    """The tables of `put_near_miss`."""
    frames = near_miss_tables()
    frames["holdings"]["end"] = ["", "2024-08-28", "2026-02-19"]
    frames["holdings"]["amount"] = ["20", "70", "10"]
    return frames | {
        "guarantees": frame_of([
            {"guarantor_id": "B", "beneficiary_id": "M", "loan_id": "loan", "product_id": "W", "amount": "10",
             "kind": "回售", "since": "2024-05-20"},
        ]),
        "loans": frame_of([{"loan_id": "loan", "borrower_id": "B", "principal": "10", "start": "2024-02-19"}]),
    }  # fmt: skip


def put_near_miss() -> Case:
    """A loan of 720 days that can be put back before the product ends."""
    return case_of(put_near_miss_tables())


def ladder_toy_tables() -> Frames:
    """The tables of `ladder_toy`."""
    frames = {"transfers": frame_of(_PAID), **holders.p5_tables()}
    frames["products"] = frames["products"].assign(name="盈丰二号", kind="mixed")
    return frames


def ladder_toy() -> Case:
    """P5 as it stands: no calendar, but days on which its investors are owed: half is new money's to pay."""
    return case_of(ladder_toy_tables())


def open_toy_tables() -> Frames:
    """The tables of `open_toy`."""
    return _case(
        products=[
            {"product_id": "W", "name": "开放一号", "open_type": "open", "next_open": "2024-04-01",
             "start": "2023-01-01", "net_assets": "100"},
            {"product_id": "T", "name": "信托计划", "open_type": "closed", "end": "2025-12-31", "kind": "trust"},
            {"product_id": "S", "name": "债券信托", "open_type": "closed", "end": "2025-12-31", "kind": "trust"},
        ],
        holdings=[
            {"product_id": "W", "asset_id": "T", "asset_kind": "product", "amount": "30"},
            {"product_id": "W", "asset_id": "S", "asset_kind": "product", "amount": "30"},
            {"product_id": "W", "asset_id": "N", "asset_kind": "nonstandard_debt", "amount": "15",
             "end": "2024-04-02"},
            {"product_id": "W", "asset_id": "bonds", "asset_kind": "standard_debt", "amount": "25",
             "end": "2029-01-01"},
            {"product_id": "T", "asset_id": "L", "asset_kind": "loan", "amount": "30", "end": "2025-12-30"},
            {"product_id": "S", "asset_id": "Y", "asset_kind": "standard_debt", "amount": "30",
             "end": "2025-12-30"},
        ],
    )  # fmt: skip


def open_toy() -> Case:
    """Open in a month: one claim ends a day too late, and a closed trust hides a loan of two years."""
    return case_of(open_toy_tables())


def _rolled(earned: bool) -> Frames:
    """A product with a long loan pays its first investor back of what the next put in, or of what it earned."""
    paid = [
        ("s1", "2024-01-10T09:00:00", "a", "w", "2000000"),
        ("l1", "2024-01-10T10:00:00", "w", "debtor", "2000000"),
        ("s2", "2024-02-10T09:00:00", "b", "w", "2200000"),
        ("l2", "2024-02-10T10:00:00", "w", "debtor", "200000"),
        ("r1", "2024-02-11T10:00:00", "w", "a", "2000000"),
    ]
    if earned:
        paid[2:5] = [
            ("i1", "2024-02-10T09:00:00", "debtor", "w", "2000000"),
            ("r1", "2024-02-11T10:00:00", "w", "a", "2000000"),
            ("s2", "2024-02-12T09:00:00", "b", "w", "2200000"),
        ]
    return {
        "transfers": frame_of([
            {"transfer_id": name, "time": time, "source": source, "target": target, "amount": amount}
            for name, time, source, target, amount in paid
        ]),
        "accounts": frame_of([
            {"account_id": "w", "party_id": "M", "product_id": "W", "covered": "true", "opening_balance": "0"},
            {"account_id": "a", "party_id": "A", "covered": "false"},
            {"account_id": "b", "party_id": "B", "covered": "false"},
            {"account_id": "debtor", "party_id": "D", "covered": "false"},
        ]),
        "parties": frame_of([
            {"party_id": "A", "name": "甲", "kind": "person"}, {"party_id": "B", "name": "乙", "kind": "person"},
            {"party_id": "M", "name": "信成资管", "kind": "company", "sector": "asset_manager"},
            {"party_id": "D", "name": "长河置业", "kind": "company"},
        ]),
        "products": frame_of([
            {"product_id": "W", "name": "信成一号", "issuer_id": "M", "open_type": "open", "start": "2024-01-10",
             "next_open": "2024-04-10"},
        ]),
        "holdings": frame_of([
            {"product_id": "W", "asset_id": "L", "asset_kind": "loan", "amount": "2200000", "borrower_id": "D",
             "start": "2024-01-10", "end": "2027-01-10", "as_of": "2024-02-12"},
        ]),
        "subscriptions": frame_of([
            {"product_id": "W", "investor_id": "A", "amount": "2000000", "time": "2024-01-10T09:00:00",
             "transfer_id": "s1", "redeemed": "2024-02-11T10:00:00", "redeemed_amount": "2000000",
             "redemption_transfer_id": "r1"},
            {"product_id": "W", "investor_id": "B", "amount": "2200000", "time": "2024-02-10T09:00:00",
             "transfer_id": "s2"},
        ]),
    }  # fmt: skip


def realised_toy_tables() -> Frames:
    """The tables of `realised_toy`."""
    return _rolled(earned=False)


def realised_toy() -> Case:
    """An open product in a loan of three years paid its first investor back of what the second put in."""
    return case_of(realised_toy_tables())


def short_toy_tables() -> Frames:
    """The tables of `short_toy`."""
    return _case(products=[
        {"product_id": "W", "name": "月月盈", "open_type": "closed", "start": "2024-01-01", "end": "2024-03-30"},
        {"product_id": "V", "name": "季季盈", "open_type": "closed", "start": "2024-01-01", "end": "2024-03-31"},
        {"product_id": "U", "name": "旧月月盈", "open_type": "closed", "start": "2018-01-01", "end": "2018-02-01"},
    ])  # fmt: skip


def short_toy() -> Case:
    """A closed product of 89 days; one of 90, and one of before the rule, are as they may be."""
    return case_of(short_toy_tables())


def liquid_toy_tables() -> Frames:
    """The tables of `liquid_toy`."""
    return _case(
        products=[
            {"product_id": "W", "name": "随时赎回", "open_type": "open", "offering": "private",
             "net_assets": "100", "start": "2023-05-01"},
        ],
        holdings=[
            {"product_id": "W", "asset_id": "N", "asset_kind": "nonstandard_debt", "amount": "91"},
            {"product_id": "W", "asset_id": "C", "asset_kind": "cash", "amount": "9"},
        ],
    )  # fmt: skip


def liquid_toy() -> Case:
    """Open at any time, and 9 of 100 can be sold."""
    return case_of(liquid_toy_tables())


def liquid_near_miss_tables() -> Frames:
    """The tables of `liquid_near_miss`."""
    frames = liquid_toy_tables()
    frames["holdings"]["amount"] = ["90", "10"]
    return frames


def liquid_near_miss() -> Case:
    """The same with 10 of 100."""
    return case_of(liquid_near_miss_tables())


def _large(amount: str) -> Frames:
    return _case(
        products=[
            {"product_id": f"F{n}", "name": f"大成{n}号", "manager_id": "M", "start": "2023-05-01"}
            for n in range(3)
        ],
        holdings=[
            {"product_id": f"F{n}", "asset_id": "地铁股权", "asset_kind": "equity", "amount": amount}
            for n in range(3)
        ],
        parties=[{"party_id": "M", "name": "大成资管", "kind": "company", "sector": "asset_manager"}],
    )  # fmt: skip


def same_asset_toy_tables() -> Frames:
    """The tables of `same_asset_toy`."""
    return _large("10000000001")


def same_asset_toy() -> Case:
    """Three products of one manager have a little more than 30 billion in one asset."""
    return case_of(same_asset_toy_tables())


def same_asset_near_miss_tables() -> Frames:
    """The tables of `same_asset_near_miss`."""
    return _large("10000000000")


def same_asset_near_miss() -> Case:
    """Exactly 30 billion."""
    return case_of(same_asset_near_miss_tables())


def platform_toy_tables() -> Frames:
    """The tables of `platform_toy`."""
    return _case(
        loans=[
            {"loan_id": f"L{n}", "platform_id": "P", "borrower_id": "B", "principal": "60000",
             "start": "2018-01-01", "end": end}
            for n, end in enumerate(("2018-12-27", "2018-12-27", "2018-07-01"))
        ],
        listings=[
            {"listing_id": f"T{n}", "loan_id": f"L{n}", "platform_id": "P", "amount": "60000",
             "term_days": term, "opened": "2018-01-01"}
            for n, term in enumerate(("90", "180", "90"))
        ],
        parties=[
            {"party_id": "P", "name": "短融网", "kind": "company", "sector": "p2p_platform"},
            {"party_id": "B", "name": "工贸公司", "kind": "company"},
        ],
    )  # fmt: skip


def platform_toy() -> Case:
    """Of three loans one of 360 days was offered for 90; one was for half its term, one for just less."""
    return case_of(platform_toy_tables())


def instalments_near_miss_tables() -> Frames:
    """The tables of `instalments_near_miss`."""
    frames = platform_toy_tables()
    parts = [
        {"loan_id": loan, "due": f"2018-{month:02d}-28", "amount": "21000"}
        for loan in ("L0", "L2") for month in (1, 2, 3)
    ]  # fmt: skip
    frames["instalments"] = frame_of(parts)
    return frames


def instalments_near_miss() -> Case:
    """The same loans, their lenders paid back of instalments within the term that they were told."""
    return case_of(instalments_near_miss_tables())
