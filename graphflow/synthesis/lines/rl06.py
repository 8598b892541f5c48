"""Toys of RL-06: a loan sold in twelve pieces of its term, a company with too many loans at once."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_START = datetime.date(2018, 1, 1)


def _chain(own_income: bool) -> Frames:
    """A loan of 360 days in twelve listings of 30; each repaid by the next, or of what the borrower earned.

    A listing's lenders pay the borrower in the morning of its first day. The listing before it is repaid an
    hour later. The last is repaid of a customer's money, in either case.
    """
    transfers, listings = [], []
    for number in range(12):
        day = _START + datetime.timedelta(30 * number)
        listing, lender = f"L{number + 1:02d}", f"lender{number + 1:02d}"
        listings.append(
            {"listing_id": listing, "loan_id": "LOAN", "platform_id": "PLATFORM", "amount": "100000",
             "term_days": "30", "opened": f"{day}T08:00:00"}
        )  # fmt: skip
        if own_income and number:
            transfers.append(("own", day, "07:00:00", "customer", "borrower", "100000", ""))
            transfers.append(
                ("back", day, "08:30:00", "borrower", f"lender{number:02d}", "100000", f"L{number:02d}")
            )
        transfers.append(("in", day, "09:00:00", lender, "borrower", "100000", listing))
        if not own_income and number:
            transfers.append(
                ("back", day, "10:00:00", "borrower", f"lender{number:02d}", "100000", f"L{number:02d}")
            )
        if not number or own_income:  # it is used for what it was taken for
            transfers.append(("use", day, "09:30:00", "borrower", "supplier", "100000", ""))
    last = _START + datetime.timedelta(360)
    transfers.append(("own", last, "09:00:00", "customer", "borrower", "100000", ""))
    transfers.append(("back", last, "10:00:00", "borrower", "lender12", "100000", "L12"))
    rows = [
        {"transfer_id": f"{kind}{number:02d}", "time": f"{day}T{clock}", "source": source, "target": target,
         "amount": amount, "listing_id": listing}
        for number, (kind, day, clock, source, target, amount, listing) in enumerate(transfers)
    ]  # fmt: skip
    accounts = [{"account_id": "borrower", "party_id": "BORROWER", "opening_balance": "0", "covered": "true"}]
    outside = sorted({row[side] for row in rows for side in ("source", "target")} - {"borrower"})
    accounts += [{"account_id": each, "covered": "false"} for each in outside]
    return {
        "transfers": frame_of(rows),
        "accounts": frame_of(accounts),
        "parties": frame_of([
            {"party_id": "BORROWER", "name": "华昌贸易", "kind": "company"},
            {"party_id": "PLATFORM", "name": "易贷", "kind": "company", "sector": "p2p_platform"},
        ]),
        "loans": frame_of([
            {"loan_id": "LOAN", "platform_id": "PLATFORM", "borrower_id": "BORROWER", "principal": "100000",
             "start": str(_START), "end": str(last)},
        ]),
        "listings": frame_of(listings),
    }  # fmt: skip


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _chain(own_income=False)


def toy() -> Case:
    """360 days sold as twelve listings of 30, eleven of which are repaid by the next: SPLIT 12, 11/12."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _chain(own_income=True)


def near_miss() -> Case:
    """The same listings, each repaid of what a customer paid: a new loan after a real repayment."""
    return case_of(near_miss_tables())


def _loans(count: int) -> Frames:
    return {
        "transfers": frame_of([
            {"transfer_id": "1", "time": "2018-01-02T10:00:00", "source": "a", "target": "b", "amount": "1"},
        ]),
        "parties": frame_of([
            {"party_id": "COMPANY", "name": "恒达实业", "kind": "company"},
            {"party_id": "PLATFORM", "name": "易贷", "kind": "company", "sector": "p2p_platform"},
        ]),
        "loans": frame_of([
            {"loan_id": f"B{number:02d}", "platform_id": "PLATFORM", "borrower_id": "COMPANY",
             "principal": "100000", "start": f"2018-01-{number + 1:02d}", "end": "2018-12-31"}
            for number in range(count)
        ]),
    }  # fmt: skip


def amount_toy_tables() -> Frames:
    """The tables of `amount_toy`."""
    return _loans(15)


def amount_toy() -> Case:
    """A company with fifteen open loans of 100,000 on one platform: 1,500,000 are more than 1,000,000."""
    return case_of(amount_toy_tables())


def amount_near_miss_tables() -> Frames:
    """The tables of `amount_near_miss`."""
    return _loans(10)


def amount_near_miss() -> Case:
    """Ten of them: 1,000,000 is what is allowed."""
    return case_of(amount_near_miss_tables())
