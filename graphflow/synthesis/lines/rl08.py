"""Toys of RL-08: a platform that lends its own money, openly, by an affiliate, or without a register."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_START = datetime.date(2020, 1, 10)
_OWN, _ALL = 12, 40


def _day(number: int, count: int = _OWN) -> datetime.date:
    """Days over eighteen months."""
    return _START + datetime.timedelta(540 * number // count)


def _parties(*more: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"party_id": "PLATFORM", "name": "易贷", "kind": "company", "sector": "p2p_platform"},
        *more,
        *({"party_id": f"B{n:02d}", "name": f"借款人{n:02d}", "kind": "company"} for n in range(_ALL)),
    ]


def _loan(number: int, lender: str = "", **more: str) -> dict[str, str]:
    day = _day(number) if number < _OWN else _day(number - _OWN, _ALL - _OWN)
    return {
        "loan_id": f"L{number:02d}", "platform_id": "PLATFORM", "lender_id": lender,
        "borrower_id": f"B{number:02d}", "principal": "500000", "start": str(day),
        "end": str(day + datetime.timedelta(365)), **more,
    }  # fmt: skip


def _paid(lenders: bool = False) -> Frames:
    """Twelve loans that the platform's own account pays, of its own or of what lenders paid in for them."""
    transfers, accounts = [], [{"account_id": "own", "party_id": "PLATFORM"}]
    for number in range(_OWN):
        accounts.append({"account_id": f"a{number:02d}", "party_id": f"B{number:02d}"})
        if lenders:
            transfers.append(
                {"transfer_id": f"in{number:02d}", "time": f"{_day(number)}T09:00:00", "source": f"saver{number:02d}",
                 "target": "own", "amount": "500000", "loan_id": f"L{number:02d}"}
            )  # fmt: skip
        transfers.append(
            {"transfer_id": f"out{number:02d}", "time": f"{_day(number)}T10:00:00", "source": "own",
             "target": f"a{number:02d}", "amount": "500000", "loan_id": f"L{number:02d}"}
        )  # fmt: skip
    loans = [_loan(n) for n in range(_OWN)] + [_loan(n, f"P{n:02d}") for n in range(_OWN, _ALL)]
    return {
        "transfers": frame_of(transfers),
        "accounts": frame_of(accounts),
        "parties": frame_of(_parties()),
        "loans": frame_of(loans),
    }


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _paid()


def toy() -> Case:
    """12 loans in 18 months from the platform's own account, 6,000k of 20,000k: own_lend_share 0.30."""
    return case_of(toy_tables())


def lenders_near_miss_tables() -> Frames:
    """The tables of `lenders_near_miss`."""
    return _paid(lenders=True)


def lenders_near_miss() -> Case:
    """The same payments, each of what a lender had paid in for that loan: its money is only passed on."""
    return case_of(lenders_near_miss_tables())


def _recorded(licensed: bool = False, employees: bool = False, purpose: str = "经营周转") -> Frames:
    """Twelve loans of a company that the platform owns, as the register has them."""
    return {
        "transfers": frame_of([
            {"transfer_id": "1", "time": "2020-01-02T10:00:00", "source": "a", "target": "b", "amount": "1"},
        ]),
        "parties": frame_of(_parties({"party_id": "CREDIT", "name": "易贷信用", "kind": "company"})),
        "stakes": frame_of([{"owner_id": "PLATFORM", "company_id": "CREDIT", "share": "0.8"}]),
        "loans": frame_of([
            *(_loan(n, "CREDIT", purpose=purpose) for n in range(_OWN)),
            *(_loan(n, f"P{n:02d}", purpose="经营周转") for n in range(_OWN, _ALL)),
        ]),
        "licences": frame_of([
            {"party_id": "CREDIT" if licensed else "OTHER", "function": "lending", "number": "X1", "since": "2019-01-01"},
        ]),
        "relations": frame_of([
            {"party_id": f"B{n:02d}", "other_id": "CREDIT" if employees else "OTHER", "kind": "employee"}
            for n in range(_OWN)
        ]),
    }  # fmt: skip


def affiliate_toy_tables() -> Frames:
    """The tables of `affiliate_toy`."""
    return _recorded()


def affiliate_toy() -> Case:
    """The lender of record of the twelve is a company of the platform, without a licence."""
    return case_of(affiliate_toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _recorded(licensed=True)


def near_miss() -> Case:
    """That company has a licence to lend."""
    return case_of(near_miss_tables())


def employees_near_miss_tables() -> Frames:
    """The tables of `employees_near_miss`."""
    return _recorded(employees=True)


def employees_near_miss() -> Case:
    """Its borrowers are its employees."""
    return case_of(employees_near_miss_tables())


def trade_near_miss_tables() -> Frames:
    """The tables of `trade_near_miss`."""
    return _recorded(purpose="预付货款")


def trade_near_miss() -> Case:
    """They are advances for goods."""
    return case_of(trade_near_miss_tables())


def _unregistered(back: int) -> Frames:
    """Twelve parties that the platform pays and that pay back in so many parts."""
    transfers, accounts = [], [{"account_id": "own", "party_id": "PLATFORM"}]
    for number in range(_OWN):
        accounts.append({"account_id": f"a{number:02d}", "party_id": f"B{number:02d}"})
        rows = [(_day(number), "own", f"a{number:02d}", "90000")]
        rows += [
            (_day(number) + datetime.timedelta(30 * (part + 1)), f"a{number:02d}", "own", "32000")
            for part in range(back)
        ]
        transfers += [
            {"transfer_id": f"t{number:02d}{part}", "time": f"{day}T10:00:00", "source": source, "target": target,
             "amount": amount}
            for part, (day, source, target, amount) in enumerate(rows)
        ]  # fmt: skip
    return {
        "transfers": frame_of(transfers),
        "accounts": frame_of(accounts),
        "parties": frame_of(_parties()),
    }


def unregistered_toy_tables() -> Frames:
    """The tables of `unregistered_toy`."""
    return _unregistered(3)


def unregistered_toy() -> Case:
    """No register of loans: twelve are paid 90,000 each and pay back 32,000 three times."""
    return case_of(unregistered_toy_tables())


def unregistered_near_miss_tables() -> Frames:
    """The tables of `unregistered_near_miss`."""
    return _unregistered(1)


def unregistered_near_miss() -> Case:
    """They pay back once, a part: what was ordered and not delivered."""
    return case_of(unregistered_near_miss_tables())


def clients_near_miss_tables() -> Frames:
    """The tables of `clients_near_miss`."""
    names = [f"c{number:02d}" for number in range(_OWN)]
    rows = [
        {"transfer_id": f"{part}{name}", "time": f"2018-{month}-{number + 5:02d}T10:00:00", "amount": amount,
         "source": "own" if part == "out" else name, "target": name if part == "out" else "own"}
        for number, name in enumerate(names)
        for part, month, amount in (("out", "01", "10000"), ("one", "02", "6000"), ("two", "03", "6000"))
    ]  # fmt: skip
    return {
        "transfers": frame_of(rows),
        "accounts": frame_of([
            {"account_id": "own", "party_id": "PLATFORM", "opening_balance": "200000"},
            *({"account_id": name, "party_id": name.upper()} for name in names),
        ]),
        "parties": frame_of(_parties(*({"party_id": n.upper(), "name": n, "kind": "person"} for n in names))),
        "client_ledger": frame_of([
            {"platform_id": "PLATFORM", "date": "2018-01-01", "client_id": name.upper(), "balance": "10000"}
            for name in names
        ]),
    }  # fmt: skip


def clients_near_miss() -> Case:
    """Twelve clients of the ledger withdraw what is theirs and lend twice: the statements begin in between."""
    return case_of(clients_near_miss_tables())
