"""Toys of RL-18: an unlicensed firm that settles for merchants, one that takes deposits, one that lends."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_START = datetime.date(2024, 6, 3)


class _Firm:
    """A firm `X` with one account, and those it deals with."""

    def __init__(self) -> None:
        self.transfers: list[dict[str, str]] = []
        self.accounts = [{"account_id": "x", "party_id": "X", "kind": "settlement"}]
        self.parties = [{"party_id": "X", "name": "汇联信息技术公司", "kind": "company"}]

    def other(self, ident: str, kind: str) -> str:
        self.parties.append({"party_id": ident.upper(), "name": ident.upper(), "kind": kind})
        self.accounts.append({"account_id": ident, "party_id": ident.upper(), "kind": "settlement"})
        return ident

    def pay(self, day: int, minute: int, source: str, target: str, amount: str, **more: str) -> None:
        when = f"{_START + datetime.timedelta(day)}T{9 + minute // 60:02d}:{minute % 60:02d}:00"
        ident = f"t{len(self.transfers):04d}"
        self.transfers.append(
            {"transfer_id": ident, "time": when, "source": source, "target": target, "amount": amount, **more}
        )

    def tables(self, *licences: tuple[str, str]) -> Frames:
        given = [("BANK", "banking"), *licences]
        return {
            "transfers": frame_of(self.transfers),
            "accounts": frame_of(self.accounts),
            "parties": frame_of([*self.parties, {"party_id": "BANK", "name": "信安银行", "kind": "bank"}]),
            "licences": frame_of([{"party_id": party, "function": function} for party, function in given]),
        }


def settling(payers: int, payees: int, amount: int, kept: int) -> _Firm:
    """`payers` pay `amount` each; the day's sum less `kept` thousandths goes on to the payees the next day."""
    firm = _Firm()
    people = [firm.other(f"payer{n:03d}", "person") for n in range(payers)]
    shops = [firm.other(f"shop{n:02d}", "company") for n in range(payees)]
    for number, payer in enumerate(people):
        firm.pay(0, number % 480, payer, "x", str(amount))
    total = payers * amount * (1000 - kept) * 100 // 1000
    each, rest = divmod(total, payees)
    for number, shop in enumerate(shops):
        cents = each + (number < rest)
        firm.pay(1, number, "x", shop, f"{cents // 100}.{cents % 100:02d}")
    return firm


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return settling(400, 55, 5_000, 15).tables()


def toy() -> Case:
    """400 payers, 55 payees, 0.985 of it on the next day, no licence: payment."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return settling(400, 55, 5_000, 15).tables(("X", "payment"))


def near_miss() -> Case:
    """The same with a licence for payment."""
    return case_of(near_miss_tables())


def keeps_near_miss_tables() -> Frames:
    """The tables of `keeps_near_miss`."""
    return settling(400, 55, 5_000, 200).tables()


def keeps_near_miss() -> Case:
    """A shop that keeps a fifth of what comes in: it sells, and pays suppliers."""
    return case_of(keeps_near_miss_tables())


def deposit_toy_tables() -> Frames:
    """The tables of `deposit_toy`."""
    firm = _Firm()
    people = [firm.other(f"saver{n:02d}", "person") for n in range(30)]
    firms = [firm.other(f"debtor{n:02d}", "company") for n in range(10)]
    for number, person in enumerate(people):
        firm.pay(0, number, person, "x", "10000")
    for number, debtor in enumerate(firms):
        firm.pay(1, number, "x", debtor, "25000")
    for number in range(3):
        firm.pay(40, number, "x", people[number], "10500")
    return firm.tables()


def deposit_toy() -> Case:
    """Thirty persons pay in, ten firms are given it, three persons have 500 more back: it takes money to lend it on."""
    return case_of(deposit_toy_tables())


def lending_toy_tables() -> Frames:
    """The tables of `lending_toy`."""
    firm = _Firm()
    owner = firm.other("owner", "person")
    firm.pay(0, 0, owner, "x", "1000000")
    for number in range(10):
        debtor = firm.other(f"debtor{number:02d}", "person")
        firm.pay(1, number, "x", debtor, "50000")
        firm.pay(60 + number, 0, debtor, "x", "54000")
    return firm.tables()


def lending_toy() -> Case:
    """A firm lends ten persons 50,000 each of its own money and gets 54,000 back: lending."""
    return case_of(lending_toy_tables())


def refund_near_miss_tables() -> Frames:
    """The tables of `refund_near_miss`."""
    firm = _Firm()
    for number in range(40):
        buyer = firm.other(f"buyer{number:02d}", "person")
        firm.pay(0, number, buyer, "x", "10000")
        if number % 2:
            firm.pay(5, number, "x", buyer, "10000")
    for number in range(12):
        firm.pay(6, number, "x", firm.other(f"maker{number:02d}", "company"), "15000")
    return firm.tables()


def refund_near_miss() -> Case:
    """A shop with refunds: nobody has more back than he paid."""
    return case_of(refund_near_miss_tables())


def shop_near_miss_tables() -> Frames:
    """The tables of `shop_near_miss`."""
    firm = _Firm()
    for number in range(31):
        firm.pay(number, 0, firm.other(f"buyer{number:02d}", "person"), "x", "200", kind="purchase")
    for number in range(10):
        firm.pay(number + 1, 30, "x", firm.other(f"maker{number}", "company"), "400", kind="purchase")
    for month in range(3):  # three of the buyers work there
        firm.pay(31, month, "x", f"buyer{month:02d}", "5000", kind="salary")
    return firm.tables()


def shop_near_miss() -> Case:
    """A shop sells to 31 persons and pays ten suppliers; three buyers work there and are paid wages."""
    return case_of(shop_near_miss_tables())


def staff_near_miss_tables() -> Frames:
    """The tables of `staff_near_miss`."""
    firm = _Firm()
    for number in range(31):
        firm.pay(number, 0, firm.other(f"buyer{number:02d}", "person"), "x", "4000")
    for number in range(10):
        firm.pay(number + 1, 30, "x", firm.other(f"maker{number}", "company"), "9000")
    for number in range(3):
        firm.pay(31, number, "x", f"buyer{number:02d}", "5000")
    ties = [{"party_id": f"BUYER{n:02d}", "other_id": "X", "kind": "employee"} for n in range(3)]
    return firm.tables() | {"relations": frame_of(ties)}


def staff_near_miss() -> Case:
    """The same of whom no transfer says what it is for; the table of relations has the three employees."""
    return case_of(staff_near_miss_tables())


def rebate_near_miss_tables() -> Frames:
    """The tables of `rebate_near_miss`."""
    firm = _Firm()
    for number in range(12):
        dealer = firm.other(f"dealer{number:02d}", "company")
        firm.pay(number, 0, "x", dealer, "5000", memo="年度返利")
        firm.pay(60 + number, 0, dealer, "x", "200000")
    return firm.tables()


def rebate_near_miss() -> Case:
    """A maker pays twelve dealers a rebate of 5,000; each later buys for 200,000: forty times is no interest."""
    return case_of(rebate_near_miss_tables())


def lapsed_near_miss_tables() -> Frames:
    """The tables of `lapsed_near_miss`."""
    frames = lending_toy_tables()
    more = {
        "transfer_id": "late",
        "time": "2025-06-02T10:00:00",
        "source": "x",
        "target": "owner",
        "amount": "100",
    }
    old = frames["transfers"].to_dict("records")
    licences = [{"party_id": "X", "function": "lending", "since": "2015-01-01", "until": "2024-12-31"}]
    return frames | {
        "transfers": frame_of([*({str(k): str(v) for k, v in row.items()} for row in old), more]),
        "licences": frame_of([{"party_id": "BANK", "function": "banking"}, *licences]),
    }


def lapsed_near_miss() -> Case:
    """It lent and was repaid while it had a licence; the case goes on after that was over."""
    return case_of(lapsed_near_miss_tables())
