"""Toys of RL-14: 207 behind 34 (P2), a project in three products, a fund's holders, payers without a register."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from graphflow.synthesis import holders
from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

Row = Mapping[str, str]

_PAID = [{"transfer_id": "1", "time": "2024-03-01T10:00:00", "source": "a", "target": "b", "amount": "1"}]


def _people(first: int, count: int) -> list[str]:
    return [f"p{number:03d}" for number in range(first, first + count)]


def _persons(names: Iterable[str], kind: str = "person") -> list[Row]:
    return [{"party_id": name, "name": name, "kind": kind} for name in names]


def _bought(product: str, names: Iterable[str], **more: str) -> list[Row]:
    return [
        {"product_id": product, "investor_id": name, "amount": "1000000", "time": "2024-02-01", **more}
        for name in names
    ]


def _owners(vehicle: str, names: Sequence[str]) -> list[Row]:
    share = f"{1 / len(names):.9f}"
    return [{"owner_id": name, "company_id": vehicle, "share": share} for name in names]


def _case(**tables: Sequence[Row]) -> Frames:
    return {"transfers": frame_of(_PAID)} | {name: frame_of(rows) for name, rows in tables.items()}


def _text(row: Mapping[object, object]) -> Row:
    return {str(name): str(value) for name, value in row.items()}


def toy_tables() -> Frames:
    """The tables of `toy`."""
    frames = {"transfers": frame_of(_PAID), **holders.p2_tables()}
    frames["products"] = frames["products"].assign(offering="private")
    return frames


def toy() -> Case:
    """P2: 34 stand in the register; behind two partnerships 175 more, the fund R and 社保 one each: 207."""
    return case_of(toy_tables())


def near_miss_tables() -> Frames:
    """The tables of `near_miss`."""
    frames = toy_tables()
    stakes = [_text(row) for row in frames["stakes"].to_dict("records")]
    frames["stakes"] = frame_of(
        [row for row in stakes if not "person 150" <= row["owner_id"] <= "person 199"]
    )
    return frames


def near_miss() -> Case:
    """The same with 50 fewer partners: the 150 holders of the filed fund R are one, and 157 are not too many."""
    return case_of(near_miss_tables())


def public_toy_tables() -> Frames:
    """The tables of `public_toy`."""
    people = _people(0, 210)
    return {
        "transfers": frame_of([
            {"transfer_id": f"t{name}", "time": "2024-02-01T10:00:00", "source": f"a{name}", "target": "f",
             "amount": "1000000"}
            for name in people
        ]),
        "products": frame_of([
            {"product_id": "F", "name": "全民理财", "offering": "public", "kind": "mixed", "registered": ""},
            {"product_id": "G", "name": "稳健公募", "offering": "public", "kind": "mixed", "registered": "C1"},
        ]),
        "parties": frame_of(_persons(people)),
        "subscriptions": frame_of([
            {**row, "transfer_id": f"t{row['investor_id']}"} for row in _bought("F", people)
        ]),
    }  # fmt: skip


def public_toy() -> Case:
    """Offered to the public, without a number in the register: 210 investors."""
    return case_of(public_toy_tables())


def public_near_miss_tables() -> Frames:
    """The tables of `public_near_miss`."""
    frames = public_toy_tables()
    frames["products"].loc[0, "registered"] = "C2"
    return frames


def public_near_miss() -> Case:
    """The same, registered: a public fund may have as many investors as it likes."""
    return case_of(public_near_miss_tables())


def _project(common: int) -> Frames:
    """Three products of one manager, each of 80 and each lent to one company; so many are in all three."""
    people = [_people(0, common) + _people(common + n * (80 - common), 80 - common) for n in range(3)]
    return _case(
        products=[
            {"product_id": f"F{n}", "name": f"城投{n}号", "offering": "private", "kind": "fixed_income",
             "manager_id": "M"}
            for n in range(3)
        ],
        parties=[
            *_persons(sorted({name for each in people for name in each})),
            {"party_id": "M", "name": "众合资管", "kind": "company", "sector": "asset_manager"},
            {"party_id": "B", "name": "城投实业", "kind": "company"},
        ],
        holdings=[
            {"product_id": f"F{n}", "asset_id": f"L{n}", "asset_kind": "nonstandard_debt", "amount": "75000000",
             "borrower_id": "B", "as_of": "2024-02-29"}
            for n in range(3)
        ],
        subscriptions=[row for n, each in enumerate(people) for row in _bought(f"F{n}", each)],
    )  # fmt: skip


def project_toy_tables() -> Frames:
    """The tables of `project_toy`."""
    return _project(common=10)


def project_toy() -> Case:
    """Three products of 80 lent to one company: 10 are in all three, 220 in all."""
    return case_of(project_toy_tables())


def project_near_miss_tables() -> Frames:
    """The tables of `project_near_miss`."""
    return _project(common=60)


def project_near_miss() -> Case:
    """The same 240 subscriptions, by 120 people: one who is in all three products is one."""
    return case_of(project_near_miss_tables())


def vehicle_toy_tables() -> Frames:
    """The tables of `vehicle_toy`."""
    one, two = _people(0, 90), _people(90, 120)
    return _case(
        parties=[
            *_persons([*one, *two]),
            {"party_id": "FUND", "name": "同创契约基金", "kind": "contract_fund"},
            {"party_id": "LP", "name": "同创合伙", "kind": "partnership"},
        ],
        stakes=[
            *({**row, "share": "0.005"} for row in _owners("FUND", one)),
            {"owner_id": "LP", "company_id": "FUND", "share": "0.55"},
            *_owners("LP", two),
        ],
    )


def vehicle_toy() -> Case:
    """A fund of 91 holders, of which one is a partnership of 120: 210."""
    return case_of(vehicle_toy_tables())


def employees_near_miss_tables() -> Frames:
    """The tables of `employees_near_miss`."""
    frames = vehicle_toy_tables()
    staff = _people(90, 120)
    firm = {"party_id": "FIRM", "name": "同创科技", "kind": "company"}
    frames["parties"] = frame_of([*map(_text, frames["parties"].to_dict("records")), firm])
    frames["relations"] = frame_of([
        {"party_id": name, "other_id": "FIRM", "kind": "employee", "since": "2020-01-01"} for name in staff
    ])  # fmt: skip
    return frames


def employees_near_miss() -> Case:
    """The same; the partnership is the plan of a company's 120 employees, who are one."""
    return case_of(employees_near_miss_tables())


def secondary_near_miss_tables() -> Frames:
    """The tables of `secondary_near_miss`."""
    old, new = _people(0, 140), _people(140, 100)
    return _case(
        products=[{"product_id": "F", "name": "转让基金", "offering": "private", "kind": "equity"}],
        parties=_persons([*old, *new]),
        subscriptions=[
            *_bought("F", old[:40]),
            *_bought("F", old[40:], redeemed="2024-05-06", redeemed_amount="1000000"),
            *({**row, "time": "2024-05-07"} for row in _bought("F", new)),
        ],
    )


def secondary_near_miss() -> Case:
    """240 ever put money in, but 100 of them took the place of 100 others: never more than 140."""
    return case_of(secondary_near_miss_tables())


def _paying(people: Sequence[str], lent: bool) -> Frames:
    """Persons pay into a product's account; or repay there what it had paid them before."""
    transfers = [
        {"transfer_id": f"i{name}", "time": "2024-02-01T10:00:00", "source": f"a{name}", "target": "f",
         "amount": "10000"}
        for name in people
    ]  # fmt: skip
    if lent:
        transfers += [
            {"transfer_id": f"o{name}", "time": "2024-01-01T10:00:00", "source": "f", "target": f"a{name}",
             "amount": "9000"}
            for name in people
        ]  # fmt: skip
    return {
        "transfers": frame_of(transfers),
        "accounts": frame_of([
            {"account_id": "f", "party_id": "M", "product_id": "F", "kind": "client_custody"},
            *({"account_id": f"a{name}", "party_id": name} for name in people),
        ]),
        "products": frame_of([
            {"product_id": "F", "name": "惠民基金", "offering": "private", "manager_id": "M"}
        ]),
        "parties": frame_of([
            *_persons(people), {"party_id": "M", "name": "惠民资管", "kind": "company"},
        ]),
    }  # fmt: skip


def payers_toy_tables() -> Frames:
    """The tables of `payers_toy`."""
    return _paying(_people(0, 205), lent=False)


def payers_toy() -> Case:
    """205 people paid into the account of a private product of which no register is there."""
    return case_of(payers_toy_tables())


def payers_near_miss_tables() -> Frames:
    """The tables of `payers_near_miss`."""
    return _paying(_people(0, 205), lent=True)


def payers_near_miss() -> Case:
    """The same 205 repay what the product had lent them: its debtors, not its investors."""
    return case_of(payers_near_miss_tables())
