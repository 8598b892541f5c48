"""Toys of RL-10: a margin multiplied on a nominee's account, a loan put into shares, and what only looks so."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_DAY = datetime.date(2020, 6, 1)  # a Monday


def _days(count: int) -> list[datetime.date]:
    """The business days behind the first."""
    days = [_DAY + datetime.timedelta(number) for number in range(1, 60)]
    return [day for day in days if day.weekday() < 5][:count]


def _margin(owner: str, *, over: bool = False, licensed: bool = False, kin: bool = False) -> Frames:
    """A client pays 100, 500 go to a securities account, and 0.40 of interest come back each business day.

    ``over``: the money goes over the owner's bank account.
    """
    rows = [
        {"transfer_id": "margin", "time": f"{_DAY}T09:30:00", "source": "client", "target": "financier",
         "amount": "100"},
        {"transfer_id": "put", "time": f"{_DAY}T10:30:00", "source": "financier",
         "target": "owner" if over else "shares", "amount": "500"},
    ]  # fmt: skip
    if over:
        rows.append({"transfer_id": "on", "time": f"{_DAY}T11:00:00", "source": "owner", "target": "shares",
                     "amount": "500"})  # fmt: skip
    rows += [
        {"transfer_id": f"interest{number:02d}", "time": f"{day}T15:00:00", "source": "client",
         "target": "financier", "amount": "0.40"}
        for number, day in enumerate(_days(20), 1)
    ]  # fmt: skip
    end = _days(21)[-1]
    rows.append({"transfer_id": "back", "time": f"{end}T10:00:00", "source": "shares", "target": "financier",
                 "amount": "530"})  # fmt: skip
    rows.append({"transfer_id": "rest", "time": f"{end}T11:00:00", "source": "financier", "target": "client",
                 "amount": "130"})  # fmt: skip
    kin_of = [{"party_id": "CLIENT", "other_id": owner, "kind": "spouse"}] if kin else []
    frames = {
        "transfers": frame_of(rows),
        "accounts": frame_of([
            {"account_id": "client", "party_id": "CLIENT", "kind": "settlement", "opening_balance": "200"},
            {"account_id": "financier", "party_id": "FINANCIER", "kind": "settlement", "opening_balance": "900"},
            {"account_id": "owner", "party_id": owner, "kind": "settlement", "opening_balance": "0"},
            {"account_id": "shares", "party_id": owner, "kind": "securities", "opening_balance": "0"},
        ]),
        "parties": frame_of([
            {"party_id": "CLIENT", "name": "股民", "kind": "person"},
            {"party_id": "FINANCIER", "name": "鼎鑫咨询", "kind": "company",
             "sector": "broker" if licensed else "ordinary"},
            {"party_id": "NOMINEE", "name": "出借账户人", "kind": "person"},
        ]),
    }  # fmt: skip
    if licensed:
        frames["licences"] = frame_of([
            {"party_id": "FINANCIER", "function": "margin_financing", "since": "2012-01-01"}
        ])  # fmt: skip
    if kin:
        frames["relations"] = frame_of(kin_of)
    return frames


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _margin("NOMINEE")


def toy() -> Case:
    """A margin of 100, 400 more, a nominee's account and daily interest: a leverage of 5."""
    return case_of(toy_tables())


def nominee_toy_tables() -> Frames:
    """The tables of `nominee_toy`."""
    return _margin("NOMINEE", over=True)


def nominee_toy() -> Case:
    """The same, over the bank account of the nominee, who moves the money on himself."""
    return case_of(nominee_toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _margin("NOMINEE", licensed=True)


def near_miss() -> Case:
    """The same flows, by a broker with a licence to lend on margin."""
    return case_of(near_miss_tables())


def own_near_miss_tables() -> Frames:
    """The tables of `own_near_miss`."""
    return _margin("CLIENT")


def own_near_miss() -> Case:
    """Lent at interest, but to the client's own securities account."""
    return case_of(own_near_miss_tables())


def family_near_miss_tables() -> Frames:
    """The tables of `family_near_miss`."""
    return _margin("NOMINEE", kin=True)


def family_near_miss() -> Case:
    """The account is the client's spouse's."""
    return case_of(family_near_miss_tables())


def landlord_near_miss_tables() -> Frames:
    """The tables of `landlord_near_miss`."""
    rows = [
        {"transfer_id": "deposit", "time": "2020-06-01T09:00:00", "source": "tenant", "target": "landlord",
         "amount": "20000"},
        {"transfer_id": "saved", "time": "2020-06-02T10:00:00", "source": "landlord", "target": "shares",
         "amount": "50000"},
    ]  # fmt: skip
    rows += [
        {"transfer_id": f"rent{month}", "time": f"2020-{month:02d}-01T09:00:00", "source": "tenant",
         "target": "landlord", "amount": "5000"} for month in range(7, 13)
    ]  # fmt: skip
    return {
        "transfers": frame_of(rows),
        "accounts": frame_of([
            {"account_id": "tenant", "party_id": "TENANT", "kind": "settlement"},
            {"account_id": "landlord", "party_id": "LANDLORD", "kind": "settlement"},
            {"account_id": "shares", "party_id": "LANDLORD", "kind": "securities"},
        ]),
        "parties": frame_of([
            {"party_id": "TENANT", "name": "租客", "kind": "person"},
            {"party_id": "LANDLORD", "name": "房东", "kind": "person"},
        ]),
    }  # fmt: skip


def landlord_near_miss() -> Case:
    """A tenant pays a deposit and then rent each month; the day after the landlord buys shares for himself."""
    return case_of(landlord_near_miss_tables())


def _loan(opening: str, put: str, when: str = "2020-06-11") -> Frames:
    """A loan of 100,000 into an account with so much in it; so much goes to the borrower's securities account."""
    return {
        "transfers": frame_of([
            {"transfer_id": "out", "time": "2020-06-01T09:00:00", "source": "custody", "target": "borrower",
             "amount": "100000", "loan_id": "LOAN"},
            {"transfer_id": "put", "time": f"{when}T10:00:00", "source": "borrower", "target": "shares",
             "amount": put},
        ]),
        "accounts": frame_of([
            {"account_id": "borrower", "party_id": "BORROWER", "kind": "settlement", "opening_balance": opening},
            {"account_id": "custody", "party_id": "BANK", "kind": "client_custody", "opening_balance": "100000"},
            {"account_id": "shares", "party_id": "BORROWER", "kind": "securities", "opening_balance": "0"},
        ]),
        "parties": frame_of([
            {"party_id": "BORROWER", "name": "借款人", "kind": "person"},
            {"party_id": "BANK", "name": "存管银行", "kind": "bank"},
            {"party_id": "PLATFORM", "name": "易贷", "kind": "company", "sector": "p2p_platform"},
        ]),
        "loans": frame_of([
            {"loan_id": "LOAN", "platform_id": "PLATFORM", "borrower_id": "BORROWER", "principal": "100000",
             "start": "2020-06-01", "end": "2021-06-01", "purpose": "装修"},
        ]),
    }  # fmt: skip


def loan_toy_tables() -> Frames:
    """The tables of `loan_toy`."""
    return _loan("0", "60000")


def loan_toy() -> Case:
    """60 % of a loan went into shares within ten days."""
    return case_of(loan_toy_tables())


def loan_near_miss_tables() -> Frames:
    """The tables of `loan_near_miss`."""
    return _loan("400000", "60000")


def loan_near_miss() -> Case:
    """As much went into shares, but of an account with savings of 400,000."""
    return case_of(loan_near_miss_tables())


def later_near_miss_tables() -> Frames:
    """The tables of `later_near_miss`."""
    return _loan("0", "60000", "2020-08-15")


def later_near_miss() -> Case:
    """As much went into shares, but two months and a half later."""
    return case_of(later_near_miss_tables())
