"""Toys of RL-07: a borrower with four signs of being made up, and borrowers that only look like one."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_DAY = datetime.date(2018, 3, 1)
_LENDERS = tuple(f"lender{number}" for number in range(1, 6))


def _case(
    uses: tuple[tuple[str, str, str], ...],
    repaid_by: str,
    *,
    founded: str = "2018-01-30",
    more: Frames | None = None,
) -> Frames:
    """A loan of 500,000 from five lenders through custody, how it was used, and who repaid it.

    The borrower shares its telephone with four others who borrow on the platform.
    """
    rows = [
        {"transfer_id": f"lend{number}", "time": f"{_DAY}T08:0{number}:00", "source": lender,
         "target": "custody", "amount": "100000", "loan_id": "LOAN"}
        for number, lender in enumerate(_LENDERS, 1)
    ]  # fmt: skip
    rows.append({"transfer_id": "out", "time": f"{_DAY}T09:00:00", "source": "custody", "target": "borrower",
                 "amount": "500000", "loan_id": "LOAN"})  # fmt: skip
    rows += [
        {
            "transfer_id": f"use{number}",
            "time": when,
            "source": "borrower",
            "target": target,
            "amount": amount,
        }
        for number, (when, target, amount) in enumerate(uses, 1)
    ]
    for month in range(1, 6):
        day = _DAY + datetime.timedelta(30 * month)
        if repaid_by == "borrower":
            rows.append({"transfer_id": f"sale{month}", "time": f"{day}T08:00:00", "source": "customer",
                         "target": "borrower", "amount": "105000"})  # fmt: skip
        rows.append({"transfer_id": f"back{month}", "time": f"{day}T10:00:00", "source": repaid_by,
                     "target": "custody", "amount": "105000", "loan_id": "LOAN"})  # fmt: skip
        rows.append({"transfer_id": f"return{month}", "time": f"{day}T11:00:00", "source": "custody",
                     "target": f"lender{month}", "amount": "105000", "loan_id": "LOAN"})  # fmt: skip
    accounts = [
        {"account_id": "borrower", "party_id": "BORROWER", "kind": "settlement", "opening_balance": "0"},
        {"account_id": "custody", "party_id": "BANK", "kind": "client_custody", "opening_balance": "0"},
        {"account_id": "platform", "party_id": "PLATFORM", "kind": "settlement", "opening_balance": "900000"},
        {"account_id": "affiliate", "party_id": "AFFILIATE", "kind": "settlement", "opening_balance": "0"},
        *({"account_id": each, "party_id": each.upper()} for each in _LENDERS),
        *({"account_id": each, "party_id": each.upper()} for each in ("supplier", "maker", "shop", "customer")),
    ]  # fmt: skip
    used = {row[side] for row in rows for side in ("source", "target")}
    companies = ("SUPPLIER", "MAKER", "SHOP", "CUSTOMER")
    others = tuple(f"OTHER{number}" for number in range(1, 5))
    frames = {
        "transfers": frame_of(rows),
        "accounts": frame_of([each for each in accounts if each["account_id"] in used]),
        "parties": frame_of([
            {"party_id": "BORROWER", "name": "鼎盛商贸", "kind": "company", "phone": "025-8888 6601",
             "founded": founded},
            {"party_id": "PLATFORM", "name": "易贷", "kind": "company", "sector": "p2p_platform"},
            {"party_id": "AFFILIATE", "name": "易融资产", "kind": "company", "founded": "2014-05-01"},
            {"party_id": "BANK", "name": "存管银行", "kind": "bank", "sector": "bank"},
            *({"party_id": each, "name": f"借款公司{number}", "kind": "company", "phone": "02588886601",
               "founded": "2012-06-01"} for number, each in enumerate(others, 1)),
            *({"party_id": each.upper(), "name": f"出借人{number}", "kind": "person"}
              for number, each in enumerate(_LENDERS, 1)),
            *({"party_id": each, "name": each.title(), "kind": "company"} for each in companies),
        ]),
        "stakes": frame_of([{"owner_id": "PLATFORM", "company_id": "AFFILIATE", "share": "0.6"}]),
        "loans": frame_of([
            {"loan_id": "LOAN", "platform_id": "PLATFORM", "borrower_id": "BORROWER", "principal": "500000",
             "start": str(_DAY), "end": "2018-08-01"},
            *({"loan_id": f"L{each}", "platform_id": "PLATFORM", "borrower_id": each, "principal": "100000",
               "start": "2018-02-01", "end": "2018-08-01"} for each in others),
        ]),
    }  # fmt: skip
    return frames | (more or {})


_TO_AFFILIATE = (("2018-03-01T15:00:00", "affiliate", "490000"),)
_TO_ONE_SUPPLIER = (("2018-03-01T15:00:00", "supplier", "490000"),)
_TO_SUPPLIERS = (
    ("2018-03-05T15:00:00", "supplier", "200000"),
    ("2018-03-20T15:00:00", "maker", "150000"),
    ("2018-04-10T15:00:00", "shop", "100000"),
)


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _case(_TO_AFFILIATE, "platform")


def toy() -> Case:
    """Founded 30 days before, one telephone with four borrowers, 98 % passed on in six hours, all repaid by the
    platform: the signs (1), (3), (4) and (5).
    """
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _case(_TO_SUPPLIERS, "platform")


def near_miss() -> Case:
    """As young, with the same telephone and repaid by the platform, but 90 % of the loan was really spent: on three
    suppliers in six weeks. Two signs are left.
    """
    return case_of(near_miss_tables())


def supplier_near_miss_tables() -> Frames:
    """The tables of `supplier_near_miss`."""
    return _case(_TO_ONE_SUPPLIER, "borrower")


def supplier_near_miss() -> Case:
    """The money left in six hours, but to a supplier (受托支付), and was repaid of sales."""
    return case_of(supplier_near_miss_tables())


def vehicle_near_miss_tables() -> Frames:
    """The tables of `vehicle_near_miss`."""
    more = {
        "stakes": frame_of([
            {"owner_id": "PLATFORM", "company_id": "AFFILIATE", "share": "0.6"},
            {"owner_id": "LESSOR", "company_id": "BORROWER", "share": "1"},
        ]),
        "licences": frame_of([{"party_id": "LESSOR", "function": "lending", "since": "2010-01-01"}]),
    }  # fmt: skip
    frames = _case(_TO_AFFILIATE, "platform", more=more)
    parties = frames["parties"].to_dict("records")
    parties.append({"party_id": "LESSOR", "name": "金石租赁", "kind": "company"})
    frames["parties"] = frame_of([{str(k): str(v) for k, v in row.items()} for row in parties])
    return frames


def vehicle_near_miss() -> Case:
    """The same signs on a vehicle of a licensed lessor."""
    return case_of(vehicle_near_miss_tables())


def own_money_near_miss_tables() -> Frames:
    """The tables of `own_money_near_miss`."""
    frames = _case(_TO_AFFILIATE, "borrower")
    for table, column in (("transfers", "amount"), ("loans", "principal")):
        frames[table][column] = [f"{each}0" for each in frames[table][column]]
    accounts = frames["accounts"]
    accounts.loc[accounts["account_id"] == "borrower", "opening_balance"] = "5000000"
    return frames


def own_money_near_miss() -> Case:
    """Five million of its own lay in the account into which five million were lent, 4.9 million went to the
    affiliate, and sales repaid: only last in, first out says that the loan went there. Under the other rules
    two signs are left.
    """
    return case_of(own_money_near_miss_tables())
