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

    def pay(self, day: int, minute: int, source: str, target: str, amount: str) -> None:
        when = f"{_START + datetime.timedelta(day)}T{9 + minute // 60:02d}:{minute % 60:02d}:00"
        ident = f"t{len(self.transfers):04d}"
        self.transfers.append(
            {"transfer_id": ident, "time": when, "source": source, "target": target, "amount": amount}
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
    firm.pay(40, 0, "x", people[0], "10500")
    return firm.tables()


def deposit_toy() -> Case:
    """Thirty persons pay in, ten firms are given it, one person has 500 more back: it takes money to lend it on."""
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
