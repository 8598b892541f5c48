"""Toys of RL-16: 5,000万 from 320 persons into a private fund (the vector: 0.92), a platform; and what is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

Row = Mapping[str, str]

_PRIVATE = {
    "product_id": "U", "name": "恒丰私募股权基金", "offering": "private", "kind": "equity",
    "unit_minimum": "1000000", "manager_id": "M",
}  # fmt: skip


def _text(row: Mapping[object, object]) -> dict[str, str]:
    return {str(name): str(value) for name, value in row.items()}


def _people(amounts: Sequence[int]) -> list[str]:
    return [f"p{number:03d}" for number in range(len(amounts))]


def _parties(names: Sequence[str]) -> list[Row]:
    return [
        {"party_id": "M", "name": "恒丰资管", "kind": "company", "sector": "asset_manager"},
        {"party_id": "S", "name": "丰收理财网", "kind": "company"},
        {"party_id": "BANK", "name": "托管银行", "kind": "bank"},
        *({"party_id": name, "name": f"客户{name}", "kind": "person"} for name in names),
    ]


def _product(amounts: Sequence[int], into: int, **product: str) -> Frames:
    """A product raises these amounts and puts so much into a private fund; the rest is spent."""
    names = _people(amounts)
    transfers = [
        (f"i{name}", "2024-01-10T09:00:00", f"a{name}", "v", str(amount), "V")
        for name, amount in zip(names, amounts, strict=True)
    ]
    transfers.append(("u", "2024-01-15T09:00:00", "v", "u", str(into), "U"))
    transfers.append(("x", "2024-01-16T09:00:00", "v", "s", str(sum(amounts) - into), ""))
    subscriptions = [
        {
            "product_id": "V",
            "investor_id": name,
            "amount": str(amount),
            "time": "2024-01-10",
            "transfer_id": f"i{name}",
        }
        for name, amount in zip(names, amounts, strict=True)
    ]
    subscriptions.append(
        {"product_id": "U", "investor_id": "V", "amount": str(into), "time": "2024-01-15", "transfer_id": "u"}
    )
    return {
        "transfers": frame_of([
            {"transfer_id": ident, "time": time, "source": source, "target": target, "amount": amount,
             "product_id": product_}
            for ident, time, source, target, amount, product_ in transfers
        ]),
        "accounts": frame_of([
            {"account_id": "v", "party_id": "S", "product_id": "V", "covered": "true", "opening_balance": "0"},
            {"account_id": "u", "party_id": "BANK", "product_id": "U", "kind": "client_custody", "covered": "false"},
            {"account_id": "s", "party_id": "S", "covered": "false"},
            *({"account_id": f"a{name}", "party_id": name, "covered": "false"} for name in names),
        ]),
        "parties": frame_of(_parties(names)),
        "products": frame_of([
            {"product_id": "V", "name": "丰收宝", "kind": "mixed", "issuer_id": "S", **product}, _PRIVATE,
        ]),
        "subscriptions": frame_of(subscriptions),
    }  # fmt: skip


VECTOR = [10_000, *[156_700] * 318, 159_400]
"""What 320 persons put in: 50,000,000 together, the least of them 10,000."""


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _product(VECTOR, 46_000_000)


def toy() -> Case:
    """The vector: of 5,000万 from 320 persons, one of whom put in 1万, 4,600万 go into a fund that asks 100万."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _product(VECTOR, 46_000_000, kind="fund_of_funds", registered="SF0001")


def near_miss() -> Case:
    """The same as a registered fund of funds, which may take less than what it holds asks of each."""
    return case_of(near_miss_tables())


def qualified_near_miss_tables() -> Frames:
    """The tables of `qualified_near_miss`."""
    return _product([1_000_000] * 12, 11_000_000)


def qualified_near_miss() -> Case:
    """Twelve who each put in what the private fund asks: they might have bought it themselves."""
    return case_of(qualified_near_miss_tables())


def public_near_miss_tables() -> Frames:
    """The tables of `public_near_miss`."""
    frames = _product(VECTOR, 46_000_000, offering="public", kind="wealth_management", registered="C1001")
    frames["licences"] = frame_of([
        {"party_id": "S", "function": "banking", "number": "B1", "since": "2010-01-01"},
    ])  # fmt: skip
    return frames


def public_near_miss() -> Case:
    """The same as a registered public product of a bank: one layer is allowed, and RL-17 counts them."""
    return case_of(public_near_miss_tables())


def family_near_miss_tables() -> Frames:
    """The tables of `family_near_miss`."""
    frames = _product([50_000] * 12, 550_000, kind="trust")
    frames["products"].loc[0, "name"] = "陈氏家族信托"
    return frames


def family_near_miss() -> Case:
    """A family's trust, to which twelve of the family have given."""
    return case_of(family_near_miss_tables())


def register_toy_tables() -> Frames:
    """The tables of `register_toy`."""
    frames = _product([50_000] * 12, 550_000)
    del frames["accounts"]
    frames["transfers"] = frame_of([
        {"transfer_id": "1", "time": "2024-01-20T09:00:00", "source": "?a", "target": "?b", "amount": "1"},
    ])  # fmt: skip
    rows = [_text(row) for row in frames["subscriptions"].to_dict("records")]
    frames["subscriptions"] = frame_of([{**row, "transfer_id": ""} for row in rows[:-1]])
    frames["holdings"] = frame_of([
        {"product_id": "V", "asset_id": "U", "asset_kind": "product", "amount": "550000", "as_of": "2024-01-31"},
    ])  # fmt: skip
    return frames


def register_toy() -> Case:
    """Twelve who each put in 50,000, by the registers alone: 550,000 of 600,000 are in a private fund."""
    return case_of(register_toy_tables())


def _platform(earned: bool) -> Frames:
    """A firm takes 50,000 from each of fifteen persons and buys a trust plan: of that, or of what it earned."""
    names = _people([0] * 15)
    transfers = [
        (f"i{number:02d}", f"2024-01-{number + 2:02d}T09:00:00", f"a{name}", "s", "50000", "")
        for number, name in enumerate(names)
    ]
    if earned:
        transfers += [
            ("goods", "2024-01-20T09:00:00", "s", "supplier", "740000", ""),
            ("sales", "2024-01-21T09:00:00", "wholesale", "s", "700000", ""),
        ]
    transfers.append(("u", "2024-01-22T09:00:00", "s", "u", "700000", "U"))
    outside = dict.fromkeys(side for row in transfers for side in row[2:4] if side not in ("s", "u"))
    holders = {f"a{name}": name for name in names}
    return {
        "transfers": frame_of([
            {"transfer_id": ident, "time": time, "source": source, "target": target, "amount": amount,
             "product_id": product}
            for ident, time, source, target, amount, product in transfers
        ]),
        "accounts": frame_of([
            {"account_id": "s", "party_id": "S", "covered": "true", "opening_balance": "0"},
            {"account_id": "u", "party_id": "BANK", "product_id": "U", "kind": "client_custody", "covered": "false"},
            *({"account_id": each, "party_id": holders.get(each, ""), "covered": "false"} for each in outside),
        ]),
        "parties": frame_of(_parties(names)),
        "products": frame_of([{**_PRIVATE, "kind": "trust", "offering": ""}]),
        "subscriptions": frame_of([
            {"product_id": "U", "investor_id": "S", "amount": "700000", "time": "2024-01-22", "transfer_id": "u"},
        ]),
    }  # fmt: skip


def platform_toy_tables() -> Frames:
    """The tables of `platform_toy`."""
    return _platform(earned=False)


def platform_toy() -> Case:
    """A firm buys a trust plan of what fifteen persons paid it, 50,000 each: the flows alone say so."""
    return case_of(platform_toy_tables())


def business_near_miss_tables() -> Frames:
    """The tables of `business_near_miss`."""
    return _platform(earned=True)


def business_near_miss() -> Case:
    """The same firm sells goods to the fifteen, pays for these, and invests what its wholesale earned."""
    return case_of(business_near_miss_tables())
