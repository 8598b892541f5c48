"""Toys of RL-21: a payment institution with accounts at two banks, and payments that cross between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case


def _paying(*, cleared: bool = False, one_bank: bool = False, netting: int = 0) -> Frames:
    """1,000,000 go to clients; 30,000 of it came in at bank A and go out at bank B, in three payments.

    The others come in and go out at bank A. ``netting``: on so many days 10,000 cross, and are netted.
    """
    accounts = [
        {"account_id": "at-a", "party_id": "PSP", "bank": "甲银行", "kind": "reserve_central"},
        {
            "account_id": "at-b",
            "party_id": "PSP",
            "bank": "甲银行" if one_bank else "乙银行",
            "kind": "reserve_central",
        },
    ]
    parties = [
        {"party_id": "PSP", "name": "通付支付公司", "kind": "company", "sector": "payment_institution"}
    ]
    transfers: list[dict[str, str]] = []

    def client(ident: str, bank: str) -> str:
        accounts.append({"account_id": ident, "party_id": ident.upper(), "bank": bank, "kind": "settlement"})
        parties.append({"party_id": ident.upper(), "name": ident, "kind": "person", "sector": "ordinary"})
        return ident

    def pay(
        day: int, clock: str, source: str, target: str, amount: int, order: str, clearing: str = ""
    ) -> None:
        transfers.append(
            {"transfer_id": f"t{len(transfers):03d}", "time": f"2024-06-{day:02d}T{clock}", "source": source,
             "target": target, "amount": str(amount), "order_id": order, "clearing_id": clearing}
        )  # fmt: skip

    for number in range(10):  # at one bank
        payer, payee = client(f"payer{number}", "甲银行"), client(f"payee{number}", "甲银行")
        pay(3, f"09:{number:02d}:00", payer, "at-a", 97_000, f"o{number}")
        pay(3, f"10:{number:02d}:00", "at-a", payee, 97_000, f"o{number}")
    for number in range(max(3, netting)):
        day = 4 + (number if netting else 0)
        payer, payee = client(f"from{number}", "甲银行"), client(f"to{number}", "乙银行")
        mark = f"NUCC{number}" if cleared else ""
        pay(day, f"09:{number:02d}:00", payer, "at-a", 10_000, f"x{number}", mark)
        pay(day, f"11:{number:02d}:00", "at-b", payee, 10_000, f"x{number}", mark)
        if netting:
            pay(day, "17:00:00", "at-a", "at-b", 10_000, "")
    return {
        "transfers": frame_of(transfers),
        "accounts": frame_of(accounts),
        "parties": frame_of(parties),
        "licences": frame_of([{"party_id": "PSP", "function": "payment"}]),
    }


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _paying()


def toy() -> Case:
    """30,000 of 1,000,000 cross from bank A to bank B without a clearing: XB 0.03."""
    return case_of(toy_tables())


def netting_toy_tables() -> Frames:
    """The tables of `netting_toy`."""
    return _paying(netting=12)


def netting_toy() -> Case:
    """The same on twelve days, each netted in the evening by a transfer between its own accounts."""
    return case_of(netting_toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _paying(cleared=True)


def near_miss() -> Case:
    """The same payments, each through the clearing institution."""
    return case_of(near_miss_tables())


def one_bank_near_miss_tables() -> Frames:
    """The tables of `one_bank_near_miss`."""
    frames = _paying(one_bank=True)
    extra = frame_of([{"account_id": "at-c", "party_id": "PSP", "bank": "丙银行", "kind": "settlement"}])
    import pandas as pd

    return {**frames, "accounts": pd.concat([frames["accounts"], extra], ignore_index=True)}


def one_bank_near_miss() -> Case:
    """Both legs of each payment are at one bank; its own money stands at another."""
    return case_of(one_bank_near_miss_tables())
