"""Toys of RL-01: a platform's pool, a collector without a licence, one product's asset paid with another's money.

``vector`` and ``concentration`` are the figures of the rule's own example, with fewer investors than are asked
for: they need a file of thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

Row = tuple[str, str, str, str, Mapping[str, str]]
"""A transfer: time, source, target, amount, and what else it says."""

_PLATFORM = {"party_id": "PLATFORM", "name": "易贷", "kind": "company", "sector": "p2p_platform"}


def _transfers(rows: Sequence[Row]) -> list[dict[str, str]]:
    return [
        {"transfer_id": f"t{number:03d}", "time": time, "source": source, "target": target, "amount": amount, **more}
        for number, (time, source, target, amount, more) in enumerate(sorted(rows, key=lambda row: row[0]), 1)
    ]  # fmt: skip


def _case(
    rows: Sequence[Row],
    held: Sequence[Mapping[str, str]],
    parties: Sequence[Mapping[str, str]],
    **tables: Sequence[Mapping[str, str]],
) -> Frames:
    """Tables of some transfers: accounts that are held, everybody else's not covered and named as its party."""
    transfers = _transfers(rows)
    known = {row["account_id"] for row in held}
    named = {row["party_id"] for row in parties}
    others = dict.fromkeys(row[side] for row in transfers for side in ("source", "target"))
    accounts = [{"covered": "true", "opening_balance": "0", **row} for row in held]
    accounts += [
        {"account_id": each, "party_id": each if each in named else "", "covered": "false"}
        for each in others if each not in known
    ]  # fmt: skip
    return {
        "transfers": frame_of(transfers),
        "accounts": frame_of(accounts),
        "parties": frame_of([{"sector": "", **row} for row in parties]),
        **{name: frame_of(part) for name, part in tables.items()},
    }


def _persons(names: Sequence[str]) -> list[dict[str, str]]:
    return [{"party_id": each, "name": each, "kind": "person"} for each in names]


_LENDERS = [f"p{number:02d}" for number in range(1, 31)]
_BORROWERS = [{"party_id": each, "name": each, "kind": "company"} for each in ("a1", "a2", "a3")]


def _owed(names: Sequence[str], amount: str) -> list[dict[str, str]]:
    return [
        {"platform_id": "PLATFORM", "date": "2018-01-10", "client_id": each, "balance": amount}
        for each in names
    ]


def _pool(contracts: bool = False, late: bool = True) -> list[Row]:
    """Thirty lenders pay in 10 each, three borrowers get 120, 120 and 60; the last with its lenders' contract.

    All came in at once; 60 stayed 2 days and 6 hours, 240 six days: 5.25 days on average.
    """
    rows: list[Row] = []
    for number, lender in enumerate(_LENDERS):
        loan = "B3" if number >= 24 else ("B1" if number < 12 else "B2") if contracts else ""
        rows.append(("2018-01-09T09:00:00", lender, "pool", "10", {"loan_id": loan}))
    last = "2018-01-15T09:00:00" if late else "2018-01-10T09:00:00"
    rows.append(
        ("2018-01-11T15:00:00" if late else "2018-01-10T09:00:00", "pool", "a3", "60", {"loan_id": "B3"})
    )
    for number in (1, 2):
        rows.append((last, "pool", f"a{number}", "120", {"loan_id": f"B{number}" if contracts else ""}))
    return rows


_LOANS = [
    {"loan_id": f"B{number}", "platform_id": "PLATFORM", "borrower_id": f"a{number}", "principal": amount,
     "start": "2018-01-09", "end": "2018-07-09"}
    for number, amount in ((1, "120"), (2, "120"), (3, "60"))
]  # fmt: skip


def toy_tables() -> Frames:
    """The tables of `toy`."""
    return _case(
        _pool(),
        [{"account_id": "pool", "party_id": "PLATFORM", "kind": "settlement"}],
        [_PLATFORM, *_persons(_LENDERS), *_BORROWERS],
        client_ledger=_owed(_LENDERS, "10"),
        loans=_LOANS,
    )


def toy() -> Case:
    """POOL 240/300 = 0.8 with thirty investors, and money that stood there for 5.25 days."""
    return case_of(toy_tables())


def vector_tables() -> Frames:
    """The tables of `vector`."""
    rows: list[Row] = [
        ("2018-01-09T09:00:00", lender, "pool", "100", {"loan_id": "B3" if lender == "p3" else ""})
        for lender in ("p1", "p2", "p3")
    ]
    rows += [
        ("2018-01-11T15:00:00", "pool", "a3", "60", {"loan_id": "B3"}),
        ("2018-01-15T09:00:00", "pool", "a1", "120", {}),
        ("2018-01-15T09:00:00", "pool", "a2", "120", {}),
    ]
    names = ["p1", "p2", "p3"]
    return _case(
        rows,
        [{"account_id": "pool", "party_id": "PLATFORM", "kind": "settlement"}],
        [_PLATFORM, *_persons(names), *_BORROWERS],
        client_ledger=_owed(names, "100"),
        loans=_LOANS,
    )


def vector() -> Case:
    """Three pay in 100 each, 120, 120 and 60 leave, the 60 by contract: POOL 0.8, concentration 1/3 and 9/25.

    Three investors are fewer than are asked for.
    """
    return case_of(vector_tables())


def residence_tables() -> Frames:
    """The tables of `residence`."""
    rows: list[Row] = [
        ("2018-01-08T00:00:00", "p1", "pool", "100", {}),
        ("2018-01-10T00:00:00", "p2", "pool", "100", {}),
        ("2018-01-13T00:00:00", "pool", "a1", "150", {}),
        ("2018-01-18T00:00:00", "pool", "a2", "50", {}),
    ]
    return _case(
        rows,
        [{"account_id": "pool", "party_id": "PLATFORM", "kind": "settlement"}],
        [_PLATFORM, *_persons(["p1", "p2"]), *_BORROWERS[:2]],
        client_ledger=_owed(["p1", "p2"], "100"),
    )


def residence() -> Case:
    """100 on day 0 and on day 2, 150 leave on day 5 and 50 on day 10: 1050/200 = 5.25 days; two investors."""
    return case_of(residence_tables())


def collector_toy_tables() -> Frames:
    """The tables of `collector_toy`."""
    people = [f"q{number:03d}" for number in range(1, 161)]
    rows: list[Row] = []
    for number, each in enumerate(people):
        day = number % 20 + 1
        account = "boss1" if number % 2 else "boss2"
        rows.append((f"2022-03-{day:02d}T10:00:00", each, account, "10000", {}))
        if number < 80:  # an early one is paid of what later ones bring, month after month
            for month in ("05", "06"):
                rows.append((f"2022-{month}-{day:02d}T10:00:00", account, each, "1500", {}))
    rows.append(("2022-04-15T10:00:00", "boss1", "boss2", "500000", {}))
    rows.append(("2022-06-25T10:00:00", "boss2", "cars", "800000", {}))
    return _case(
        rows,
        [{"account_id": each, "party_id": "BOSS"} for each in ("boss1", "boss2")],
        [{"party_id": "BOSS", "name": "周某", "kind": "person"}, *_persons(people),
         {"party_id": "cars", "name": "某汽车销售", "kind": "company", "sector": "ordinary"}],
        products=[{"product_id": "WEALTH", "name": "稳健理财", "issuer_id": "BOSS", "promised_yield": "0.2"}],
        licences=[{"party_id": "cars", "function": "insurance", "number": "1"}],
    )  # fmt: skip


def collector_toy() -> Case:
    """A person takes 10,000 each from 160 people on two accounts, promises 20 %, and pays half of them back."""
    return case_of(collector_toy_tables())


_FUNDS = [
    {"product_id": each, "name": f"稳盈{each}号", "manager_id": "MANAGER", "kind": "fixed_income"}
    for each in ("F1", "F2")
]
_MANAGER = {"party_id": "MANAGER", "name": "某资产管理", "kind": "company", "sector": "asset_manager"}
_DEBTORS = [{"party_id": f"D{number}", "name": f"债务人{number}", "kind": "company"} for number in (1, 2)]
_CUSTODY = [
    {"account_id": f"c{number}", "party_id": "BANK", "kind": "client_custody", "product_id": f"F{number}",
     "opening_balance": "100"}
    for number in (1, 2)
]  # fmt: skip
_BANK = {"party_id": "BANK", "name": "某银行", "kind": "bank", "sector": "bank"}
_CLAIMS = [
    {"product_id": f"F{number}", "asset_id": f"claim{number}", "asset_kind": "nonstandard_debt", "amount": "100",
     "borrower_id": f"D{number}"}
    for number in (1, 2)
]  # fmt: skip


def _funds(*paid: tuple[str, str]) -> Frames:
    rows: list[Row] = [
        ("2024-03-04T09:00:00", "c1", "run", "100", {}),
        ("2024-03-04T09:30:00", "c2", "run", "100", {}),
        *((f"2024-03-08T1{hour}:00:00", "run", to, amount, {}) for hour, (to, amount) in enumerate(paid)),
    ]
    frames = _case(
        rows,
        [{"account_id": "run", "party_id": "MANAGER", "kind": "settlement"}, *_CUSTODY],
        [_MANAGER, _BANK, *_DEBTORS],
        products=_FUNDS,
        holdings=_CLAIMS,
    )
    accounts = frames["accounts"]
    for number in (1, 2):
        accounts.loc[accounts["account_id"] == f"d{number}", "party_id"] = f"D{number}"
    return frames


def separability_toy_tables() -> Frames:
    """The tables of `separability_toy`."""
    return _funds(("d1", "150"), ("d2", "50"))


def separability_toy() -> Case:
    """Two funds put 100 each through the manager's account; the debtor of the first got 150."""
    return case_of(separability_toy_tables())


def separability_near_miss_tables() -> Frames:
    """The tables of `separability_near_miss`."""
    return _funds(("d1", "60"), ("d1", "40"), ("d2", "30"), ("d2", "70"))


def separability_near_miss() -> Case:
    """The same two, each debtor paid what its fund put in: one way to tell it keeps them apart."""
    return case_of(separability_near_miss_tables())


def _two_funds() -> tuple[list[str], list[Row], list[dict[str, str]]]:
    """Two funds of twenty investors each: the investors, what they pay into custody, and the register."""
    people = [f"q{number:02d}" for number in range(1, 41)]
    day, rows, register = "2024-03-04T09:00:00", list[Row](), list[dict[str, str]]()
    for number, each in enumerate(people):
        fund = {"product_id": f"F{number % 2 + 1}"}
        rows.append((day, each, f"c{number % 2 + 1}", "1000", fund))
        register.append({**fund, "investor_id": each, "amount": "1000", "time": day})
    return people, rows, register


def _through_projects(earned: str = "") -> Frames:
    """Two funds of twenty investors each pay a project company each; these pay the manager's own company.

    ``earned``: what each project company was paid for its own work before.
    """
    people, rows, subscriptions = _two_funds()
    for number in (1, 2):
        if earned:
            rows.append((f"2024-03-01T09:0{number}:00", "customer", f"works{number}", earned, {}))
        rows.append(
            (
                f"2024-03-05T09:0{number}:00",
                f"c{number}",
                f"works{number}",
                "20000",
                {"product_id": f"F{number}"},
            )
        )
        rows.append((f"2024-03-06T09:0{number}:00", f"works{number}", "run", "19600", {}))
    rows.append(("2024-03-12T09:00:00", "run", "D1", "37200", {}))
    rows.append(("2024-03-13T09:00:00", "run", "D2", "2000", {}))
    companies = [
        {"party_id": each, "name": f"某{each}公司", "kind": "company"}
        for each in ("RUN", "WORKS1", "WORKS2", "customer")
    ]
    return _case(
        rows,
        [{"account_id": each, "party_id": each.upper(), "kind": "settlement"} for each in ("run", "works1", "works2")]
        + [{**each, "opening_balance": "0"} for each in _CUSTODY],
        [_MANAGER, _BANK, *_DEBTORS, *_persons(people), *companies],
        products=_FUNDS,
        stakes=[{"owner_id": "MANAGER", "company_id": each, "share": "1"} for each in ("RUN", "WORKS1", "WORKS2")],
        subscriptions=subscriptions,
    )  # fmt: skip


def projects_toy_tables() -> Frames:
    """The tables of `projects_toy`."""
    return _through_projects()


def projects_toy() -> Case:
    """Each fund's money goes through a project company of its own, and from there, unmarked, into one account."""
    return case_of(projects_toy_tables())


def projects_near_miss_tables() -> Frames:
    """The tables of `projects_near_miss`."""
    return _through_projects(earned="7000")


def projects_near_miss() -> Case:
    """The project companies have earned money too: of what they pass on, nothing says whose it is."""
    return case_of(projects_near_miss_tables())


def products_toy_tables() -> Frames:
    """The tables of `products_toy`."""
    people, rows, subscriptions = _two_funds()
    for number in (1, 2):
        rows.append(
            (f"2024-03-05T09:0{number}:00", f"c{number}", "run", "20000", {"product_id": f"F{number}"})
        )
    rows.append(("2024-03-11T09:00:00", "run", "D1", "38000", {}))
    rows.append(("2024-03-12T09:00:00", "run", "D2", "2000", {}))
    return _case(
        rows,
        [{"account_id": "run", "party_id": "PROJECT", "kind": "settlement"},
         *({**each, "opening_balance": "0"} for each in _CUSTODY)],
        [_MANAGER, _BANK, *_DEBTORS, *_persons(people),
         {"party_id": "PROJECT", "name": "某项目公司", "kind": "company"}],
        products=_FUNDS,
        stakes=[{"owner_id": "MANAGER", "company_id": "PROJECT", "share": "1"}],
        subscriptions=subscriptions,
    )  # fmt: skip


def products_toy() -> Case:
    """Two funds' money goes through custody into the account of the manager's own company, and out mixed."""
    return case_of(products_toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    return _case(
        _pool(contracts=True, late=False),
        [{"account_id": "pool", "party_id": "PLATFORM", "kind": "settlement"}],
        [_PLATFORM, *_persons(_LENDERS), *_BORROWERS],
        client_ledger=_owed(_LENDERS, "10"),
        loans=_LOANS,
    )


def near_miss() -> Case:
    """The platform passes each loan's money on the next day, all of it by contract."""
    return case_of(near_miss_tables())


def custody_near_miss_tables() -> Frames:
    """The tables of `custody_near_miss`."""
    frames = toy_tables()
    accounts = frames["accounts"]
    accounts.loc[accounts["account_id"] == "pool", "kind"] = "client_custody"
    return frames


def custody_near_miss() -> Case:
    """The same money in a custody account."""
    return case_of(custody_near_miss_tables())


def settlement_near_miss_tables() -> Frames:
    """The tables of `settlement_near_miss`."""
    frames = toy_tables()
    transfers = frames["transfers"]
    late = transfers["source"] == "pool"
    transfers.loc[late, "time"] = "2018-01-10T09:00:00"
    transfers.loc[late, "loan_id"] = ""
    return frames


def settlement_near_miss() -> Case:
    """No contract joins what left to what came in, but it was through in a day."""
    return case_of(settlement_near_miss_tables())


def treasury_near_miss_tables() -> Frames:
    """The tables of `treasury_near_miss`."""
    sisters = [f"s{number:02d}" for number in range(1, 36)]
    rows: list[Row] = [
        (f"2018-01-{k % 9 + 1:02d}T09:00:00", each, "pool", "1000", {}) for k, each in enumerate(sisters)
    ]
    rows += [(f"2018-02-{k % 9 + 1:02d}T09:00:00", "pool", each, "900", {}) for k, each in enumerate(sisters)]
    return _case(
        rows,
        [{"account_id": "pool", "party_id": "PLATFORM", "kind": "settlement"}],
        [_PLATFORM, *({"party_id": each, "name": each, "kind": "company"} for each in sisters)],
        stakes=[{"owner_id": "PLATFORM", "company_id": each, "share": "1"} for each in sisters],
        client_ledger=_owed(sisters, "100"),
    )


def treasury_near_miss() -> Case:
    """A group's treasury: thirty-five companies of its own pay in and are paid."""
    return case_of(treasury_near_miss_tables())


def broker_near_miss_tables() -> Frames:
    """The tables of `broker_near_miss`."""
    frames = collector_toy_tables()
    parties = frames["parties"]
    parties.loc[parties["party_id"] == "BOSS", ["kind", "sector"]] = ["company", "broker"]
    return frames


def broker_near_miss() -> Case:
    """The same flows, but through a broker's clearing account, as the law has it."""
    return case_of(broker_near_miss_tables())


def shop_near_miss_tables() -> Frames:
    """The tables of `shop_near_miss`."""
    people = [f"q{number:02d}" for number in range(1, 61)]
    rows: list[Row] = []
    for number, each in enumerate(people):
        order = {"order_id": f"o{number}"}
        rows.append((f"2022-03-{number % 20 + 1:02d}T10:00:00", each, "till", "300", order))
        if number < 40:  # a bad batch: it is sent back, and paid back
            rows.append((f"2022-03-{number % 20 + 9:02d}T10:00:00", "till", each, "300", order))
    rows.append(("2022-04-15T10:00:00", "till", "maker", "5000", {}))
    return _case(
        rows,
        [{"account_id": "till", "party_id": "SHOP"}],
        [{"party_id": "SHOP", "name": "某商店", "kind": "company", "sector": "ordinary"}, *_persons(people)],
    )  # fmt: skip


def shop_near_miss() -> Case:
    """A shop takes money from sixty people and pays forty of them back within days: refunds of their orders."""
    return case_of(shop_near_miss_tables())


def _residence_tables(until: str) -> Frames:
    rows: list[Row] = [("2018-01-09T09:00:00", each, "pool", "100", {}) for each in _LENDERS]
    rows += [
        ("2018-01-09T15:00:00", "pool", "a1", "700", {}),
        ("2018-01-09T15:10:00", "pool", "a2", "500", {}),
    ]
    return _case(
        rows,
        [{"account_id": "pool", "party_id": "PLATFORM", "kind": "settlement", "covered_from": "2018-01-01",
          "covered_to": until}],
        [_PLATFORM, *_persons(_LENDERS), *_BORROWERS],
        client_ledger=_owed(_LENDERS, "100"),
    )  # fmt: skip


def standing_toy_tables() -> Frames:
    """The tables of `standing_toy`."""
    return _residence_tables("2018-12-31")


def standing_toy() -> Case:
    """3,000 comes in and 1,200 leaves on one day; the statement goes to the year's end, and 1,800 stands there."""
    return case_of(standing_toy_tables())


def standing_near_miss_tables() -> Frames:
    """The tables of `standing_near_miss`."""
    return _residence_tables("2018-01-10")


def standing_near_miss() -> Case:
    """The same, but the statement ends a day later: how long the rest stood nobody knows."""
    return case_of(standing_near_miss_tables())


def signed_toy_tables() -> Frames:
    """The tables of `signed_toy`."""
    frames = toy_tables()
    accounts = frames["accounts"]
    accounts["signer_id"] = ""
    mine = accounts["account_id"] == "pool"
    accounts.loc[mine, ["party_id", "signer_id", "kind"]] = ["BANK", "PLATFORM", ""]
    bank = {"party_id": "BANK", "name": "信安银行", "kind": "bank", "sector": "bank"}
    frames["parties"] = pd.concat([frames["parties"], frame_of([bank])], ignore_index=True)
    return frames


def signed_toy() -> Case:
    """The pool stands in an account of a bank, and the platform signs for it: the bank is not asked about."""
    return case_of(signed_toy_tables())


def through_near_miss_tables() -> Frames:
    """The tables of `through_near_miss`."""
    rows: list[Row] = []
    for number, each in enumerate(_LENDERS):
        came, went = ("09", "12") if number < 15 else ("10", "15")
        amount = str(100 + number)
        rows.append((f"2018-01-{came}T09:00:00", each, "pool", amount, {}))
        rows.append((f"2018-01-{went}T08:00:00", "pool", f"a{number % 3 + 1}", amount, {}))
    rows.append(("2018-01-09T08:00:00", "ESTATE", "pool", "5", {"order_id": "电费2018"}))
    return _case(
        rows,
        [{"account_id": "pool", "party_id": "PLATFORM", "kind": "settlement"}],
        [_PLATFORM, {"party_id": "ESTATE", "name": "物业", "kind": "company"}, *_persons(_LENDERS), *_BORROWERS],
        client_ledger=_owed(_LENDERS, "100"),
    )  # fmt: skip


def through_near_miss() -> Case:
    """Each lender's amount is passed on within three bank days; an electricity bill alone names an order."""
    return case_of(through_near_miss_tables())


def lease_near_miss_tables(orders: bool = True) -> Frames:
    """The tables of `lease_near_miss`."""
    tenants = [f"z{number:02d}" for number in range(30)]
    rows: list[Row] = []
    for number, each in enumerate(tenants):
        day, lease = number % 20 + 5, {"order_id": f"lease{number}" if orders else ""}
        rows.append((f"2020-01-{day:02d}T09:00:00", each, "shop", "3000", {**lease, "memo": "租房押金"}))
        rows.append((f"2020-01-{day:02d}T09:05:00", each, "shop", "2000", {**lease, "memo": "租金"}))
        rows.append(
            (f"2020-02-{day:02d}T09:00:00", "shop", f"ll{number % 5}", "1900", {"memo": "付房东租金"})
        )
        if number < 9:
            rows.append((f"2021-01-{day:02d}T09:00:00", "shop", each, "3000", {**lease, "memo": "退押金"}))
    agent = {"party_id": "AGENT", "name": "安居房屋租赁公司", "kind": "company", "sector": "property_agency"}
    return _case(
        rows,
        [{"account_id": "shop", "party_id": "AGENT", "kind": "settlement"}],
        [agent, *_persons(tenants), *_persons([f"ll{number}" for number in range(5)])],
    )


def lease_near_miss() -> Case:
    """A letting agent gives nine of thirty tenants their deposits back a year later, at the lease's end."""
    return case_of(lease_near_miss_tables())
