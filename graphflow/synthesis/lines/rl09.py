"""Toys of RL-09: a manager of the platform lends to all borrowers and sells the claims two days later."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_START = datetime.date(2018, 3, 1)
_PRINCIPAL, _SOLD = 200_000, 196_000  # of each loan 98 % are sold


def _resold(
    loans: int, *, days: int = 2, lenders: int = 1, tied: bool = True, one_account: bool = False
) -> Frames:
    """So many loans within 90 days, each sold after so many days to eight or nine persons of 3,500 in 400.

    With several lenders each makes its share of the loans: investors who sell a claim of their own.
    """
    rows: dict[str, list[dict[str, str]]] = {
        "loans": [], "assignments": [],
        "transfers": [
            {"transfer_id": "1", "time": "2018-01-02T10:00:00", "source": "a", "target": "b", "amount": "1"}
        ],
        "parties": [
            {"party_id": "PLATFORM", "name": "易贷", "kind": "company", "sector": "p2p_platform"},
            {"party_id": "OTHER", "name": "某某商行", "kind": "company"},
        ],
        "relations": [
            {"party_id": "LENDER0", "other_id": "PLATFORM" if tied else "OTHER", "kind": "employee"}
        ],
        "accounts": [],
    }  # fmt: skip
    buyers = 0
    for number in range(loans):
        start = _START + datetime.timedelta(90 * number // loans)
        lender = f"LENDER{number % lenders}"
        rows["loans"].append(
            {"loan_id": f"L{number:03d}", "platform_id": "PLATFORM", "lender_id": lender,
             "borrower_id": f"B{number:03d}", "principal": str(_PRINCIPAL), "start": str(start)}
        )  # fmt: skip
        if one_account:
            rows["transfers"].append(
                {"transfer_id": f"out{number:03d}", "time": f"{start}T10:00:00", "source": "common",
                 "target": f"b{number:03d}", "amount": str(_PRINCIPAL), "loan_id": f"L{number:03d}"}
            )  # fmt: skip
            rows["accounts"].append({"account_id": f"b{number:03d}", "party_id": f"B{number:03d}"})
        count = 9 if number % 4 else 8
        for part in range(count):
            share = _SOLD // count if part else _SOLD - (count - 1) * (_SOLD // count)
            rows["assignments"].append(
                {"loan_id": f"L{number:03d}", "seller_id": lender, "buyer_id": f"P{buyers:04d}",
                 "amount": str(share), "time": str(start + datetime.timedelta(days)), "repurchase": "false"}
            )  # fmt: skip
            buyers += 1
    for n in range(lenders):
        rows["parties"].append(
            {"party_id": f"LENDER{n}", "name": f"刘某{n}" if n else "刘某", "kind": "person"}
        )
    rows["accounts"].append({"account_id": "common", "party_id": "LENDER0"})
    return {table: frame_of(each) for table, each in rows.items()}


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _resold(40)


def toy() -> Case:
    """A tenth of `vector_toy`: 40 loans of 8 million, 7.84 million sold to 350 persons after 2 days."""
    return case_of(toy_tables())


def vector_toy_tables() -> Frames:
    """The tables of `vector_toy`."""
    return _resold(400)


def vector_toy() -> Case:
    """400 loans of 80 million in 90 days, 78.4 million sold to 3,500 persons, median 2 days: RESALE 0.98."""
    return case_of(vector_toy_tables())


def account_toy_tables() -> Frames:
    """The tables of `account_toy`."""
    return _resold(24, tied=False, one_account=True)


def account_toy() -> Case:
    """The lender is not known to belong to the platform; all loans were paid from one account."""
    return case_of(account_toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    licence = {"party_id": "LENDER0", "function": "asset_management", "number": "X1", "since": "2016-01-01"}
    return {**_resold(40), "licences": frame_of([licence])}


def near_miss() -> Case:
    """The same sales by a licensed dealer in claims."""
    return case_of(near_miss_tables())


def securities_near_miss_tables() -> Frames:
    """The tables of `securities_near_miss`."""
    frames = _resold(40)
    sold = frames["assignments"]
    frames["assignments"] = sold.assign(
        buyer_id=["SPV" if n % 5 else each for n, each in enumerate(sold["buyer_id"])]
    )
    frames["products"] = frame_of(
        [
            {
                "product_id": "ABS1",
                "name": "一号资产支持专项计划",
                "issuer_id": "SPV",
                "kind": "abs",
                "registered": "R1",
            }
        ]
    )
    return frames


def securities_near_miss() -> Case:
    """Four fifths are sold into a registered securitisation: what is left is too little."""
    return case_of(securities_near_miss_tables())


def factoring_near_miss_tables() -> Frames:
    """The tables of `factoring_near_miss`."""
    frames = _resold(24, tied=False, one_account=True)
    frames["parties"] = frames["parties"].assign(
        scope=["商业保理业务" if each == "LENDER0" else "" for each in frames["parties"]["party_id"]]
    )
    return frames


def factoring_near_miss() -> Case:
    """A factor that is nobody of the platform's."""
    return case_of(factoring_near_miss_tables())


def investors_near_miss_tables() -> Frames:
    """The tables of `investors_near_miss`."""
    return _resold(40, lenders=20)


def investors_near_miss() -> Case:
    """Twenty investors sell two claims of their own each."""
    return case_of(investors_near_miss_tables())


def slow_near_miss_tables() -> Frames:
    """The tables of `slow_near_miss`."""
    return _resold(40, days=60)


def slow_near_miss() -> Case:
    """The claims are held for two months before they are sold."""
    return case_of(slow_near_miss_tables())
