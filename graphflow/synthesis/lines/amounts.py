"""A toy of raised money: three investors, one of whom puts in again what he was owed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case


def raising_tables() -> Frames:
    """The tables of `raising`."""
    payments = [
        ("t1", "2024-06-03T10:00:00", "a", "fund", "100000"),
        ("t2", "2024-06-03T11:00:00", "b", "fund", "50000"),
        ("t3", "2024-06-04T10:00:00", "c", "fund", "150000"),
        ("t4", "2024-09-04T10:00:00", "fund", "b", "60000"),
    ]
    subscriptions = [
        ("A", "100000", "2024-06-03", "t1", "", "", ""),
        ("B", "50000", "2024-06-03", "t2", "2024-09-04", "60000", "t4"),
        # C's first half fell due in September and was put in again without leaving.
        ("C", "150000", "2024-06-04", "t3", "", "", ""),
        ("C", "50000", "2024-09-04", "", "", "", ""),
    ]
    return {
        "transfers": frame_of([
            dict(zip(("transfer_id", "time", "source", "target", "amount"), row, strict=True)) for row in payments
        ]),
        "accounts": frame_of([
            {"account_id": "fund", "party_id": "BANK", "product_id": "P"},
            *({"account_id": each, "party_id": each.upper(), "product_id": ""} for each in "abc"),
        ]),
        "parties": frame_of([
            {"party_id": "FUND", "name": "汇鑫资产", "kind": "company"},
            {"party_id": "BANK", "name": "信安银行", "kind": "bank"},
            *({"party_id": each, "name": f"投资者{each}", "kind": "person"} for each in "ABC"),
        ]),
        "products": frame_of([{"product_id": "P", "name": "汇鑫一号", "issuer_id": "FUND"}]),
        "subscriptions": frame_of([
            dict(zip(
                ("investor_id", "amount", "time", "transfer_id", "redeemed", "redeemed_amount", "redemption_transfer_id"),
                row, strict=True,
            )) | {"product_id": "P"}
            for row in subscriptions
        ]),
    }  # fmt: skip


def raising() -> Case:
    """Gross 350,000, of which 300,000 fresh; B had 60,000 back for 50,000, and no gain offsets a loss.

    Net loss 250,000 (A 100,000, C 150,000), outstanding 300,000 (A 100,000, C 200,000), three participants.
    """
    return case_of(raising_tables())
