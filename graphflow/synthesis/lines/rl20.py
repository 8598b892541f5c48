"""Toys of RL-20: a payment institution whose reserve lacks money, pays its own, advances, is pledged or bears interest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

Row = tuple[str, str, str, str, Mapping[str, str]]
"""A transfer: time, source, target, amount, and what else it says."""

CLIENTS = [f"C{number}" for number in range(1, 5)]


def _paid_in(amount: str = "250") -> list[Row]:
    return [
        (
            f"2024-06-03T09:{number:02d}:00",
            each.lower(),
            "reserve",
            amount,
            {"memo": "充值", "order_id": f"in{number}"},
        )
        for number, each in enumerate(CLIENTS)
    ]


def _ledger(balance: str = "250", transit: str = "5") -> list[dict[str, str]]:
    return [
        {"platform_id": "PSP", "date": "2024-06-05T20:00:00", "client_id": each, "balance": balance, "in_transit": transit}
        for each in CLIENTS
    ]  # fmt: skip


def _tables(rows: Sequence[Row], **tables: Sequence[Mapping[str, str]]) -> Frames:
    """A payment institution of a holding of 老板, with a reserve and an account of its own."""
    held = [
        {"account_id": "reserve", "party_id": "PSP", "kind": "reserve_central"},
        {"account_id": "special", "party_id": "PSP", "kind": "reserve_special"},
        {"account_id": "own", "party_id": "PSP", "kind": "settlement"},
    ]
    others = [
        ("shop", "SHOP", ""), ("sister", "SISTER", ""), ("wage", "WORKER", "payroll"), ("bank", "BANK", "internal"),
        ("fund", "CUSTODIAN", "client_custody"), ("stranger", "STRANGER", ""),
        *((each.lower(), each, "") for each in CLIENTS),
    ]  # fmt: skip
    parties = [
        ("PSP", "通付支付", "company", "payment_institution"), ("HOLDING", "通付控股", "company", ""),
        ("SISTER", "通付置业", "company", ""), ("BOSS", "老板", "person", ""), ("SHOP", "百味餐饮", "company", ""),
        ("WORKER", "职员", "person", ""), ("BANK", "信安银行", "bank", "bank"), ("STRANGER", "路人公司", "company", ""),
        ("CUSTODIAN", "托管银行", "bank", "bank"), ("MANAGER", "稳行基金", "company", "asset_manager"),
        *((each, f"用户{each}", "person", "") for each in CLIENTS),
    ]  # fmt: skip
    transfers = [
        {"transfer_id": f"t{number:03d}", "time": time, "source": source, "target": target, "amount": amount, **more}
        for number, (time, source, target, amount, more) in enumerate(sorted(rows, key=lambda row: row[0]), 1)
    ]  # fmt: skip
    met = {row[side] for row in transfers for side in ("source", "target")}
    return {
        "transfers": frame_of(transfers),
        "accounts": frame_of([
            *({**row, "covered": "true", "opening_balance": "0"} for row in held),
            *({"account_id": a, "party_id": p, "kind": k, "covered": "false"} for a, p, k in others if a in met),
        ]),
        "parties": frame_of([{"party_id": p, "name": n, "kind": k, "sector": s} for p, n, k, s in parties]),
        "stakes": frame_of([
            {"owner_id": "BOSS", "company_id": "HOLDING", "share": "1", "votes": "1", "since": "2015-01-01"},
            {"owner_id": "HOLDING", "company_id": "PSP", "share": "1", "votes": "1", "since": "2015-01-01"},
            {"owner_id": "HOLDING", "company_id": "SISTER", "share": "1", "votes": "1", "since": "2015-01-01"},
        ]),
        "licences": frame_of([{"party_id": "PSP", "function": "payment", "number": "Z1", "since": "2012-01-01"}]),
        **{name: frame_of([dict(row) for row in part]) for name, part in tables.items()},
    }  # fmt: skip


def _order(time: str, target: str, amount: str, order: str) -> Row:
    return time, "reserve", target, amount, {"memo": "结算", "order_id": order}


_LAST: Row = ("2024-07-01T09:00:00", "shop", "own", "1", {"memo": "开户费"})


def toy_tables() -> Frames:
    """The tables of `toy`."""
    rows = [*_paid_in(), _order("2024-06-04T09:00:00", "shop", "15", "out1"), _LAST]
    return _tables(rows, client_ledger=_ledger())


def toy() -> Case:
    """Clients 1,000 and in transit 20 beside a reserve of 985: GAP 35, and nothing comes until the next day."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    rows = [
        *_paid_in(),
        _order("2024-06-04T09:00:00", "shop", "15", "out1"),
        ("2024-06-06T09:00:00", "c1", "reserve", "35", {"memo": "充值", "order_id": "in9"}),
        _LAST,
    ]
    return _tables(rows, client_ledger=_ledger())


def near_miss() -> Case:
    """The 35 that were lacking at the cut-off came the next morning."""
    return case_of(near_miss_tables())


def transit_near_miss_tables() -> Frames:
    """The tables of `transit_near_miss`."""
    return _tables([*_paid_in(), _LAST], client_ledger=_ledger())


def transit_near_miss() -> Case:
    """What is lacking, 20, is known to be in transit."""
    return case_of(transit_near_miss_tables())


def _shop(count: int = 4) -> list[Row]:
    return [
        _order(f"2024-06-04T10:{number:02d}:00", "shop", "1000", f"out{number}") for number in range(count)
    ]


def outflow_toy_tables() -> Frames:
    """The tables of `outflow_toy`."""
    rows = [
        *_paid_in("2500000"),
        *_shop(),
        ("2024-06-10T09:00:00", "reserve", "sister", "6000000", {"memo": "往来款"}),
        ("2024-06-11T09:00:00", "reserve", "wage", "50000", {"memo": "六月工资"}),
        ("2024-06-12T09:00:00", "reserve", "own", "20000", {"memo": "调拨"}),
        _LAST,
    ]
    return _tables(rows)


def outflow_toy() -> Case:
    """6,000,000 to a sister company, 50,000 of wages and 20,000 to its own account: critical."""
    return case_of(outflow_toy_tables())


def stranger_toy_tables() -> Frames:
    """The tables of `stranger_toy`."""
    rows = [*_paid_in("2500"), *_shop(9)]
    rows = [(*row[:3], "100", row[4]) if row[2] == "shop" else row for row in rows]
    return _tables([*rows, ("2024-06-10T09:00:00", "reserve", "stranger", "700", {"memo": "付款"}), _LAST])


def stranger_toy() -> Case:
    """Nine of ten payments out name their order; one of 700 to a stranger does not."""
    return case_of(stranger_toy_tables())


def fees_near_miss_tables() -> Frames:
    """The tables of `fees_near_miss`."""
    fee: Row = ("2024-06-28T09:00:00", "reserve", "own", "400", {"memo": "手续费划转"})
    special: Row = ("2024-06-28T09:30:00", "reserve", "special", "700", {"memo": "特定业务"})
    return _tables([*_paid_in("2500"), *_shop(2), fee, special, _LAST])


def fees_near_miss() -> Case:
    """Fees of 400 out of 10,000 to its own account, and 700 to an account for special business."""
    return case_of(fees_near_miss_tables())


def _redeeming(first: str) -> Frames:
    """Three redeem 100 each at ten; the fund pays so much at nine and the rest of 300 at three."""
    rows = _paid_in()
    bought = []
    for number, each in enumerate(CLIENTS[:3]):
        marks = {"memo": "基金赎回", "product_id": "MMF", "order_id": f"r{number}"}
        rows.append((f"2024-06-20T10:{number:02d}:00", "reserve", each.lower(), "100", marks))
        bought.append({"product_id": "MMF", "investor_id": each, "amount": "100", "time": "2024-05-06"})
    rest = str(300 - int(first))
    rows.append(
        (
            "2024-06-20T09:00:00",
            "fund",
            "reserve",
            first,
            {"memo": "赎回款", "product_id": "MMF", "order_id": "f1"},
        )
    )
    if rest != "0":
        rows.append(
            (
                "2024-06-20T15:00:00",
                "fund",
                "reserve",
                rest,
                {"memo": "赎回款", "product_id": "MMF", "order_id": "f2"},
            )
        )
    product = {
        "product_id": "MMF",
        "name": "余利宝",
        "manager_id": "MANAGER",
        "custodian_id": "CUSTODIAN",
        "start": "2020-01-01",
    }
    return _tables([*rows, _LAST], subscriptions=bought, products=[product])


def advance_toy_tables() -> Frames:
    """The tables of `advance_toy`."""
    return _redeeming("120")


def advance_toy() -> Case:
    """Of 300 that three are paid for their redemptions the fund had paid 120: ADV 180."""
    return case_of(advance_toy_tables())


def advance_near_miss_tables() -> Frames:
    """The tables of `advance_near_miss`."""
    return _redeeming("300")


def advance_near_miss() -> Case:
    """The fund had paid all of it before."""
    return case_of(advance_near_miss_tables())


def _secured(kind: str) -> Frames:
    given = {
        "guarantor_id": "PSP",
        "beneficiary_id": "SISTER",
        "amount": "500",
        "kind": kind,
        "since": "2024-06-04",
    }
    return _tables([*_paid_in(), _LAST], guarantees=[given])


def pledge_toy_tables() -> Frames:
    """The tables of `pledge_toy`."""
    return _secured("备付金存单质押")


def pledge_toy() -> Case:
    """The reserve is pledged for a sister company's debt of 500."""
    return case_of(pledge_toy_tables())


def pledge_near_miss_tables() -> Frames:
    """The tables of `pledge_near_miss`."""
    return _secured("连带责任保证")


def pledge_near_miss() -> Case:
    """The institution is surety with what it owns, and the reserve is not named."""
    return case_of(pledge_near_miss_tables())


def _bearing(amount: str) -> Frames:
    credited: Row = ("2025-06-03T09:00:00", "bank", "reserve", amount, {"memo": "结息"})
    return _tables([*_paid_in("2500"), credited])


def interest_toy_tables() -> Frames:
    """The tables of `interest_toy`."""
    return _bearing("150")


def interest_toy() -> Case:
    """10,000 stand there for a year and bear 150: 1.5 %, more than the central bank pays."""
    return case_of(interest_toy_tables())


def interest_near_miss_tables() -> Frames:
    """The tables of `interest_near_miss`."""
    return _bearing("34")


def interest_near_miss() -> Case:
    """They bear 34: less than the central bank pays."""
    return case_of(interest_near_miss_tables())


def _merchant(paid: str, *days: tuple[str, str]) -> Frames:
    """Four buy for 10,000,000 at a merchant of the institution's own group, whom the ledger names a client."""
    settled: Row = ("2024-06-10T10:00:00", "reserve", "sister", paid, {"memo": "商户结算"})
    ledger = [
        {"platform_id": "PSP", "date": day, "client_id": "SISTER", "balance": balance}
        for day, balance in days
    ]
    return _tables([*_paid_in("2500000"), *_shop(), settled, _LAST], client_ledger=ledger)


def merchant_near_miss_tables() -> Frames:
    """The tables of `merchant_near_miss`."""
    return _merchant("5950000", ("2024-06-09", "5950000"), ("2024-06-10", "0"))


def merchant_near_miss() -> Case:
    """A merchant of the group is paid exactly what the ledger said the day before that it is owed."""
    return case_of(merchant_near_miss_tables())


def merchant_toy_tables() -> Frames:
    """The tables of `merchant_toy`."""
    return _merchant("5950000", ("2024-06-09", "900000"), ("2024-06-10", "0"))


def merchant_toy() -> Case:
    """It was owed 900,000 and is paid 5,950,000: of that 5,050,000 went to the group, and not to a client."""
    return case_of(merchant_toy_tables())
