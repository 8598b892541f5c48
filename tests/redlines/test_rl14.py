"""RL-14, investors beyond the count: P2 through the door, each test alone, each guard, random registers."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.findings import Finding
from graphflow.redlines import check, rl14_investor_count
from graphflow.synthesis.lines import rl14
from graphflow.synthesis.small import case_of, frame_of

PAID = [{"transfer_id": "1", "time": "2024-03-01T10:00:00", "source": "a", "target": "b", "amount": "1"}]


def found(frames: Mapping[str, Any], **asked: Any) -> list[Finding]:
    return list(check(case_of(dict(frames)), only="RL-14", **asked).findings)


def figures(f: Finding) -> dict[str, Any]:
    return {m.name: m.value for m in f.measures}


def outcomes(f: Finding) -> dict[str, str]:
    return {each.name: each.state for each in f.counter_evidence}


def states(f: Finding) -> dict[str, str]:
    return {each.name: each.state for each in f.elements}


def rows_of(frame: Any) -> list[dict[str, str]]:
    return [{str(k): str(v) for k, v in row.items()} for row in frame.to_dict("records")]


def funds(
    sold: Sequence[tuple[str, str]], products: Sequence[Mapping[str, str]] | None = None, **tables: Any
) -> dict[str, Any]:
    names = sorted({product for product, _ in sold})
    return {
        "transfers": frame_of(PAID),
        "products": frame_of(products or [{"product_id": each, "offering": "private"} for each in names]),
        "subscriptions": frame_of([
            {"product_id": product, "investor_id": who, "amount": "1000000", "time": "2024-02-01"}
            for product, who in sold
        ]),
        **{name: frame_of(rows) for name, rows in tables.items()},
    }  # fmt: skip


def people(count: int, first: int = 0) -> list[str]:
    return [f"p{n:03d}" for n in range(first, first + count)]


def test_p2_207_in_the_end_34_by_name_222_without_taking_the_same_together() -> None:
    (f,) = found(rl14.toy_tables())
    assert figures(f) == {"investors": 207, "current": 207, "nominal": 34, "entered": 222}
    assert (f.subject_id, f.threshold, f.measures[0].compare, f.measures[0].basis) == ("V", 200, ">", "law")
    assert f.severity == "high" and f.kinds == {"register": "shown", "ownership": "shown"}
    assert f.amount == 34 * 100 * 100
    assert outcomes(f)["exempt"] == "present", "R and its 150 holders are one"
    assert any("八十七" in a.article for a in f.law)


@pytest.mark.parametrize(("more", "severity"), [(-48, None), (-47, "watch"), (-7, "watch"), (-6, "high")])
def test_more_than_200_is_too_many_and_160_are_to_be_watched(more: int, severity: str | None) -> None:
    frames = rl14.toy_tables()
    stakes = rows_of(frames["stakes"])  # the first hundred are LP1's
    frames["stakes"] = frame_of(stakes[-more:])
    got = found(frames)
    assert [f.severity for f in got] == ([severity] if severity else [])
    assert all(f.value == 207 + more for f in got)


def test_where_nothing_is_said_of_the_offering_it_is_no_more_than_medium() -> None:
    frames = rl14.toy_tables()
    frames["products"] = frames["products"].drop(columns="offering")
    (f,) = found(frames)
    assert (
        f.severity == "medium" and states(f)["private"] == "inferred" and outcomes(f)["public"] == "unknown"
    )


@pytest.mark.parametrize("kind", ["public_fund", "wealth_management", "abs", "pension"])
def test_kinds_that_are_public_or_under_no_such_limit(kind: str) -> None:
    sold = [("F", each) for each in people(300)]
    assert not found(funds(sold, [{"product_id": "F", "kind": kind}]))
    assert found(funds(sold, [{"product_id": "F", "kind": "mixed"}]))


def test_offered_to_the_public_without_a_number_is_critical_on_two_kinds_of_evidence() -> None:
    (f,) = found(rl14.public_toy_tables())
    assert f.severity == "critical" and set(f.kinds) == {"register", "flow"}
    frames = rl14.public_toy_tables()
    frames["subscriptions"] = frames["subscriptions"].drop(columns="transfer_id")
    (f,) = found(frames)
    assert f.severity == "high" and f.severity_note
    frames["products"] = frames["products"].drop(columns="registered")
    assert not found(frames), "no product has a number: nothing follows from one that lacks it"


def test_a_company_is_one_and_where_it_seems_to_pass_money_on_that_is_to_be_watched() -> None:
    names = people(250)
    frames = funds(
        [("F", "SPV")],
        parties=[{"party_id": "SPV", "name": "投资公司", "kind": "company"}]
        + [{"party_id": each, "name": each, "kind": "person"} for each in names],
        stakes=[{"owner_id": each, "company_id": "SPV", "share": "0.004"} for each in names],
    )
    (f,) = found(frames)
    assert (f.measure, f.value, f.severity) == ("inferred", 250, "watch")
    assert (
        figures(f)["investors"] == 1 and f.kinds["register"] == "inferred" and states(f)["many"] == "inferred"
    )
    frames["financials"] = frame_of([{"party_id": "SPV", "period_end": "2023-12-31", "revenue": "5"}])
    assert not found(frames), "it has a business of its own"


def test_what_was_paid_back_counts_ever_and_is_told_of_now() -> None:
    frames = funds([("F", each) for each in people(210)])
    gone = frames["subscriptions"].index < 50
    frames["subscriptions"] = frames["subscriptions"].assign(
        redeemed=["2024-06-01" if each else "" for each in gone],
        redeemed_amount=["1100000" if each else "" for each in gone],
    )
    (f,) = found(frames)
    assert (figures(f)["investors"], figures(f)["current"]) == (210, 160) and outcomes(f)[
        "secondary"
    ] == "clear"


@pytest.mark.parametrize(
    ("days", "amount", "count"), [(3, "1000000", 210), (4, "1000000", 220), (3, "900000", 220)]
)
def test_who_takes_anothers_place_is_the_same_amount_within_the_time(
    days: int, amount: str, count: int
) -> None:
    old, new = people(210), people(10, 210)
    frames = funds([("F", each) for each in (*old, *new)])
    rows = rows_of(frames["subscriptions"])
    for place, row in enumerate(rows):
        if place < 10:
            row |= {"redeemed": "2024-05-01", "redeemed_amount": "1000000"}
        if place >= 210:
            row |= {"time": f"2024-05-{1 + days:02d}", "amount": amount}
    frames["subscriptions"] = frame_of(rows)
    (f,) = found(frames)
    assert f.value == count
    assert outcomes(f)["secondary"] == ("present" if count == 210 else "clear")
    assert len(found(frames, law=None)) == 1
    (wide,) = rl14_investor_count.find(case_of(frames), replaced="4D")
    assert wide.value == (220 if amount == "900000" else 210)


def test_an_investor_who_comes_back_is_the_same() -> None:
    frames = funds([("F", each) for each in (*people(150), *people(150))])
    assert not found(frames)


def test_products_of_one_project_by_register_or_by_debtor_count_together() -> None:
    (f,) = found(rl14.project_toy_tables())
    assert (f.subject_kind, f.subject_id) == ("party", "M")
    assert figures(f) == {"investors": 220, "current": 220, "nominal": 220, "entered": 240, "products": 3}
    assert {t.name for t in f.tests if t.hit} == {"project"}
    frames = rl14.project_toy_tables()
    del frames["holdings"]
    assert not found(frames)
    frames["products"]["project"] = "城投项目"
    (f,) = found(frames)
    assert f.value == 220
    frames["products"]["project"] = ["一", "二", "三"]
    assert not found(frames)


def test_a_debtor_that_is_a_small_part_of_each_product_is_no_project() -> None:
    frames = rl14.project_toy_tables()
    rest = [
        {"product_id": f"F{n}", "asset_id": "bonds", "asset_kind": "standard_debt", "amount": "75000001",
         "as_of": "2024-02-29"}
        for n in range(3)
    ]  # fmt: skip
    frames["holdings"] = frame_of([*rows_of(frames["holdings"]), *rest])
    assert not found(frames)
    assert list(rl14_investor_count.find(case_of(frames), project_share="0.4"))


def test_the_same_bonds_in_several_products_are_no_project() -> None:
    frames = rl14.project_toy_tables()
    frames["holdings"]["asset_kind"] = "standard_debt"
    assert not found(frames)


def test_debtors_of_one_group_are_one_project() -> None:
    frames = rl14.project_toy_tables()
    frames["holdings"]["borrower_id"] = ["B1", "B2", "B"]
    names = [{"party_id": each, "name": each, "kind": "company"} for each in ("B1", "B2")]
    frames["parties"] = frame_of([*rows_of(frames["parties"]), *names])
    assert not found(frames)
    frames["stakes"] = frame_of([
        {"owner_id": "B", "company_id": each, "share": "0.8", "since": "2020-01-01"} for each in ("B1", "B2")
    ])  # fmt: skip
    assert [f.value for f in found(frames)] == [220]


def test_one_product_that_has_too_many_alone_is_told_of_once() -> None:
    frames = funds([("F", each) for each in people(210)] + [("G", each) for each in people(50, 300)])
    frames["products"]["project"] = "一个项目"
    assert [(f.subject_id, f.value) for f in found(frames)] == [("F", 210)]


def test_holders_of_a_fund_by_stakes_alone() -> None:
    (f,) = found(rl14.vehicle_toy_tables())
    assert (f.subject_id, f.value, f.severity) == ("FUND", 210, "medium")
    assert f.amount is None and f.kinds == {"ownership": "shown"}


def test_an_ordinary_company_of_many_holders_is_none() -> None:
    frames = rl14.vehicle_toy_tables()
    frames["parties"]["kind"] = frames["parties"]["kind"].replace(
        {"contract_fund": "company", "partnership": "company"}
    )
    assert not found(frames)


def test_a_plan_counts_as_one_only_where_all_its_holders_are_one_firms_staff() -> None:
    frames = rl14.employees_near_miss_tables()
    assert not found(frames)
    frames["relations"].loc[0, "other_id"] = "OTHER"
    frames["parties"] = frame_of([
        *rows_of(frames["parties"]), {"party_id": "OTHER", "name": "他司", "kind": "company"},
    ])  # fmt: skip
    assert [f.value for f in found(frames)] == [210]


def test_payers_are_counted_where_no_register_is_and_marked_as_inferred() -> None:
    (f,) = found(rl14.payers_toy_tables())
    assert (f.value, f.severity, f.kinds) == (205, "medium", {"flow": "inferred"})
    assert states(f)["many"] == "inferred" and f.amount == 205 * 1000000
    frames = rl14.payers_toy_tables()
    frames["subscriptions"] = frame_of([
        {"product_id": "F", "investor_id": "p000", "amount": "1", "time": "2024-02-01"}
    ])  # fmt: skip
    assert not found(frames), "its register is there, and has one"


@pytest.mark.parametrize("how", ["kind", "loan", "debtor", "undone", "company"])
def test_what_is_no_subscription_is_no_payer(how: str) -> None:
    frames = rl14.payers_toy_tables()
    rows = rows_of(frames["transfers"])
    if how == "kind":
        rows = [row | {"kind": "loan repayment"} for row in rows]
    elif how == "loan":
        rows = [row | {"loan_id": f"L{row['source']}"} for row in rows]
        frames["loans"] = frame_of([
            {"loan_id": row["loan_id"], "borrower_id": "M", "principal": "1", "start": "2024-01-01"} for row in rows
        ])  # fmt: skip
    elif how == "debtor":
        frames["loans"] = frame_of([
            {"loan_id": f"L{n}", "borrower_id": f"p{n:03d}", "principal": "1", "start": "2024-01-01"}
            for n in range(205)
        ])  # fmt: skip
    elif how == "undone":
        rows += [
            {**row, "transfer_id": f"r{row['transfer_id']}", "time": "2024-02-02T10:00:00", "source": row["target"],
             "target": row["source"], "reversal_of": row["transfer_id"]}
            for row in rows
        ]  # fmt: skip
    else:
        frames["parties"]["kind"] = "company"
    frames["transfers"] = frame_of(rows)
    assert not found(frames)


def test_a_product_that_pays_in_is_looked_through() -> None:
    frames = rl14.payers_toy_tables()
    rows = rows_of(frames["transfers"])[:60]
    frames["products"] = frame_of([
        *rows_of(frames["products"]), {"product_id": "W", "manager_id": "M", "offering": "private"},
    ])  # fmt: skip
    frames["accounts"] = frame_of([
        *rows_of(frames["accounts"]), {"account_id": "w", "party_id": "N", "product_id": "W"},
    ])  # fmt: skip
    rows.append({**rows[0], "transfer_id": "w", "source": "w"})
    frames["transfers"] = frame_of(rows)
    frames["subscriptions"] = frame_of([
        {"product_id": "W", "investor_id": f"q{n:03d}", "amount": "1", "time": "2024-01-15"} for n in range(150)
    ])  # fmt: skip
    (f,) = [f for f in found(frames) if f.subject_id == "F"]
    assert (f.value, figures(f)["nominal"]) == (210, 61)


def test_before_the_day_nothing_is_counted() -> None:
    frames = rl14.toy_tables()
    assert not found(frames, as_of="2024-02-01")
    assert found(frames, as_of="2024-03-01")


# ---------------------------------------------------------------- random registers, reckoned by hand


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**40))
def test_the_count_is_that_of_a_walk_by_hand(seed: int) -> None:
    rng = random.Random(seed)
    persons = people(rng.randint(3, 12))
    vehicles = [f"V{n}" for n in range(rng.randint(0, 4))]
    products = ["F", *(f"P{n}" for n in range(rng.randint(0, 2)))]
    inside: dict[str, set[str]] = {}
    order = [*products, *vehicles]
    for place, name in enumerate(order):
        others = [*order[place + 1 :], *persons]
        inside[name] = {rng.choice(others) for _ in range(rng.randint(1, 6))}
        if name in vehicles:  # a register of stakes knows no products
            inside[name] = {each for each in inside[name] if each not in products} or {persons[0]}
    exempt = {name for name in products[1:] if rng.random() < 0.3}

    def ends(name: str) -> set[str]:
        if name in persons or name in exempt or not inside.get(name):
            return {name}
        return set().union(*(ends(each) for each in inside[name]))

    def registers(name: str) -> set[str]:
        if name in persons or name in exempt:
            return set()
        return {name}.union(*(registers(each) for each in inside[name]))

    wanted = ends("F")
    entered = sum(ends(each) == {each} for name in registers("F") for each in inside[name])
    frames = funds(
        [(name, who) for name in products for who in sorted(inside[name])],
        [
            {"product_id": name, "offering": "private", "exempt": "依法备案的投资计划" if name in exempt else ""}
            for name in products
        ],
        parties=[{"party_id": each, "name": each, "kind": "person"} for each in persons]
        + [{"party_id": each, "name": each, "kind": "partnership"} for each in vehicles],
        **({"stakes": [
            {"owner_id": who, "company_id": name, "share": f"{1 / len(inside[name]):.9f}"}
            for name in vehicles for who in sorted(inside[name])
        ]} if vehicles else {}),
    )  # fmt: skip
    got = [
        f
        for f in rl14_investor_count.find(case_of(frames), limit=0, watch=0)
        if f.subject_id == "F" and f.tests[0].hit
    ]
    assert [(f.value, figures(f)["nominal"], figures(f)["entered"]) for f in got] == [
        (len(wanted), len(inside["F"]), entered)
    ]
