"""Toys of RL-23: clients' money in custody with own money, spent, sent to the controller, or short.

Nine lenders pay 100 each; whoever else pays and is paid makes the toy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

Row = tuple[str, str, str, str, Mapping[str, str]]
"""A transfer: time, source, target, amount, and what else it says."""

LENDERS = [f"L{number}" for number in range(1, 10)]


def _paid_in(target: str = "custody", amount: str = "100", lenders: Sequence[str] = LENDERS) -> list[Row]:
    return [
        (f"2018-01-09T09:{number:02d}:00", each.lower(), target, amount, {"memo": "充值"})
        for number, each in enumerate(lenders)
    ]


def _ledger(day: str = "2018-06-29T20:00:00", balance: str = "10", **more: str) -> list[dict[str, str]]:
    return [
        {"platform_id": "PLATFORM", "date": day, "client_id": each, "balance": balance, **more}
        for each in LENDERS
    ]


def _tables(
    rows: Sequence[Row],
    ledger: Sequence[Mapping[str, str]] = (),
    custody: str = "client_custody",
    **tables: Sequence[Mapping[str, str]],
) -> Frames:
    """A platform of 老板, its accounts, those of a shell, and everybody else's, which are not covered."""
    held = [
        {"account_id": "custody", "party_id": "PLATFORM", "kind": custody},
        {"account_id": "own", "party_id": "PLATFORM", "kind": "settlement"},
        {"account_id": "shell", "party_id": "SHELL", "kind": "settlement"},
    ]
    others = [
        ("boss", "BOSS", ""),
        ("wage", "WORKER", ""),
        ("landlord", "LANDLORD", ""),
        ("bank", "BANK", "internal"),
    ]
    others += [("borrower", "BORROWER", ""), ("customer", "CUSTOMER", ""), ("tax", "TAX", "tax")]
    others += [(each.lower(), each, "") for each in LENDERS]
    parties = [
        ("PLATFORM", "易贷网络", "company", "p2p_platform"), ("BOSS", "老板", "person", ""), ("WORKER", "职员", "person", ""),
        ("SHELL", "顺达咨询", "company", ""), ("LANDLORD", "房东", "person", ""), ("BANK", "信安银行", "bank", "bank"),
        ("BORROWER", "借款企业", "company", ""), ("CUSTOMER", "客商", "company", ""), ("TAX", "税务局", "government", ""),
        *((each, f"出借人{each}", "person", "") for each in LENDERS),
    ]  # fmt: skip
    transfers = [
        {"transfer_id": f"t{number:03d}", "time": time, "source": source, "target": target, "amount": amount, **more}
        for number, (time, source, target, amount, more) in enumerate(sorted(rows, key=lambda row: row[0]), 1)
    ]  # fmt: skip
    met = {row[side] for row in transfers for side in ("source", "target")}
    return {
        "transfers": frame_of(transfers),
        "accounts": frame_of([
            *({**row, "covered": "true", "opening_balance": "0"} for row in held),
            *({"account_id": a, "party_id": p, "kind": k, "covered": "false"} for a, p, k in others if a in met),
        ]),
        "parties": frame_of([{"party_id": p, "name": n, "kind": k, "sector": s} for p, n, k, s in parties]),
        "stakes": frame_of([
            {"owner_id": "BOSS", "company_id": "PLATFORM", "share": "1", "votes": "1", "since": "2015-01-01"},
        ]),
        "relations": frame_of([
            {"party_id": "WORKER", "other_id": "PLATFORM", "kind": "employee", "since": "2016-01-01"},
        ]),
        "client_ledger": frame_of([dict(row) for row in ledger or _ledger()]),
        **{name: frame_of([dict(row) for row in part]) for name, part in tables.items()},
    }  # fmt: skip


_CAPITAL: Row = ("2018-01-10T09:00:00", "boss", "custody", "100", {"memo": "注资"})
_SALARY: Row = ("2018-03-15T09:00:00", "custody", "wage", "50", {"memo": "三月工资"})
_LAST: Row = ("2018-07-30T09:00:00", "customer", "own", "1", {"memo": "货款"})


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _tables([*_paid_in(), _CAPITAL, _SALARY, _LAST])


def toy() -> Case:
    """Clients 900 and own 100 in, salary 50 out: CI 0.10 and a direct hit of 50.

    First in, first out all of the salary is clients' money; last in, first out and by the lowest intermediate
    balance none is, for the owner's 100 came last and are spent first; pro rata 45 are.
    """
    return case_of(toy_tables())


def apart_toy_tables() -> Frames:
    """The tables of `apart_toy`."""
    return _tables(
        [*_paid_in(), _SALARY, ("2018-03-16T09:00:00", "custody", "landlord", "30", {"memo": "房租"}), _LAST]
    )


def apart_toy() -> Case:
    """No own money is there: salary and rent, 80, are clients' money under every rule."""
    return case_of(apart_toy_tables())


def _over(*, early: bool = False) -> list[Row]:
    """The shell has 10 of its own and gets 60 from custody; it pays the boss 50."""
    then = "2018-01-11" if early else "2018-02-10"
    return [
        *_paid_in(),
        ("2018-01-10T09:00:00", "customer", "shell", "10" if not early else "60", {"memo": "货款"}),
        ("2018-02-01T09:00:00", "custody", "shell", "60", {"memo": "咨询费"}),
        (f"{then}T09:00:00", "shell", "boss", "50", {"memo": "往来款"}),
        _LAST,
    ]


def diverted_toy_tables() -> Frames:
    """The tables of `diverted_toy`."""
    return _tables(_over())


def diverted_toy() -> Case:
    """Of 900 of clients 60 go to a stranger with 10 of its own, and 50 on to who owns the platform.

    Of these 40 are clients' money first in, first out and with own money first, 50 last in, first out, and
    300/7 pro rata: critical, for it reached a controller under every rule.
    """
    return case_of(diverted_toy_tables())


def before_near_miss_tables() -> Frames:
    """The tables of `before_near_miss`."""
    return _tables(_over(early=True))


def before_near_miss() -> Case:
    """The stranger paid the owner before anything came from custody: of its customer's money."""
    return case_of(before_near_miss_tables())


def loan_near_miss_tables() -> Frames:
    """The tables of `loan_near_miss`."""
    rows: list[Row] = [
        *_paid_in(),
        ("2018-02-01T09:00:00", "custody", "borrower", "60", {"memo": "放款", "loan_id": "B1"}),
        ("2018-02-02T09:00:00", "borrower", "boss", "50", {"memo": "货款"}),
        ("2018-02-03T09:00:00", "custody", "landlord", "50", {"memo": "代付房租", "order_id": "O1"}),
        _LAST,
    ]
    loan = {
        "loan_id": "B1",
        "platform_id": "PLATFORM",
        "borrower_id": "BORROWER",
        "principal": "60",
        "start": "2018-02-01",
    }
    return _tables(rows, loans=[loan])


def loan_near_miss() -> Case:
    """What leaves custody names a loan or an order: it is paid for clients, whatever the payee does with it."""
    return case_of(loan_near_miss_tables())


def covered_toy_tables() -> Frames:
    """The tables of `covered_toy`."""
    return _tables([*_paid_in(lenders=LENDERS[:6]), *_paid_in("own", lenders=LENDERS[6:]), _LAST])


def covered_toy() -> Case:
    """Six clients pay into custody, three into the platform's own account: coverage 2/3."""
    return case_of(covered_toy_tables())


def short_toy_tables() -> Frames:
    """The tables of `short_toy`."""
    rows: list[Row] = [*_paid_in(), ("2018-06-01T09:00:00", "custody", "l1", "40", {"memo": "提现"}), _LAST]
    return _tables(rows, _ledger(balance="100"))


def short_toy() -> Case:
    """The ledger says 900, custody holds 860: 40 are lacking, on a Friday and still on Monday."""
    return case_of(short_toy_tables())


def cut_off_near_miss_tables() -> Frames:
    """The tables of `cut_off_near_miss`."""
    rows: list[Row] = [
        *_paid_in(),
        ("2018-06-01T09:00:00", "custody", "l1", "40", {"memo": "提现"}),
        ("2018-07-02T09:00:00", "l2", "custody", "40", {"memo": "充值"}),
        _LAST,
    ]
    return _tables(rows, _ledger(balance="100"))


def cut_off_near_miss() -> Case:
    """What was lacking on Friday evening came on Monday: it was on its way."""
    return case_of(cut_off_near_miss_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    fees = [(time, source, target, "4", {"memo": "充值手续费"}) for time, source, target, _, _ in _paid_in()]
    swept: Row = ("2018-02-01T09:00:00", "custody", "own", "36", {"memo": "手续费划转"})
    return _tables([*_paid_in(), *fees, swept, _LAST])


def near_miss() -> Case:
    """Each client pays a fee of 4 with his 100; the platform takes these 36 out."""
    return case_of(near_miss_tables())


def interest_near_miss_tables() -> Frames:
    """The tables of `interest_near_miss`."""
    rows: list[Row] = [
        *_paid_in(),
        ("2018-03-21T09:00:00", "bank", "custody", "50", {"memo": "结息"}),
        ("2018-04-10T09:00:00", "custody", "own", "50", {"memo": "利息划转"}),
        _LAST,
    ]
    return _tables(rows)


def interest_near_miss() -> Case:
    """The bank credits interest of 50, and the platform takes it out within a month."""
    return case_of(interest_near_miss_tables())


def correction_near_miss_tables() -> Frames:
    """The tables of `correction_near_miss`."""
    back: Row = ("2018-01-13T09:00:00", "custody", "boss", "100", {"memo": "退回误入款"})
    return _tables([*_paid_in(), _CAPITAL, back, _LAST])


def correction_near_miss() -> Case:
    """The owner's 100 went back to him three days later: a wrong entry, put right."""
    return case_of(correction_near_miss_tables())


_ZERO = {"platform_id": "PLATFORM", "date": "2018-03-14T20:00:00", "balance": "0"}
_HOLDERS = [
    {"owner_id": "BOSS", "company_id": "PLATFORM", "share": "0.6", "votes": "0.6", "since": "2015-01-01"},
    {"owner_id": "LANDLORD", "company_id": "PLATFORM", "share": "0.4", "votes": "0.4", "since": "2015-01-01"},
]


def client_owner_toy_tables() -> Frames:
    """The tables of `client_owner_toy`."""
    to_owner: Row = ("2018-03-15T09:00:00", "custody", "landlord", "500", {"memo": "往来"})
    ledger = [*_ledger(), {**_ZERO, "client_id": "LANDLORD"}]
    return _tables([*_paid_in(), to_owner, _LAST], ledger, stakes=_HOLDERS)


def client_owner_toy() -> Case:
    """Who holds two fifths of the platform has a client account with nothing in it, and is paid 500."""
    return case_of(client_owner_toy_tables())


def client_owner_near_miss_tables() -> Frames:
    """The tables of `client_owner_near_miss`."""
    rows: list[Row] = [
        *_paid_in(),
        ("2018-02-15T09:00:00", "landlord", "custody", "300", {"memo": "充值"}),
        ("2018-03-15T09:00:00", "custody", "landlord", "300", {"memo": "提现"}),
        _LAST,
    ]
    return _tables(rows, [*_ledger(), {**_ZERO, "client_id": "LANDLORD"}], stakes=_HOLDERS)


def client_owner_near_miss() -> Case:
    """He takes out what he had paid in as a client."""
    return case_of(client_owner_near_miss_tables())


def client_worker_toy_tables() -> Frames:
    """The tables of `client_worker_toy`."""
    return _tables([*_paid_in(), _SALARY, _LAST], [*_ledger(), {**_ZERO, "client_id": "WORKER"}])


def client_worker_toy() -> Case:
    """An employee who has a client account with nothing in it gets his salary of 50 out of custody."""
    return case_of(client_worker_toy_tables())
