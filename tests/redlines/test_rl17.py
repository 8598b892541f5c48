"""RL-17, nested products: P1 and P4 through the door, each test alone, each guard, and random webs of products."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.findings import Finding
from graphflow.redlines import check, rl17_nesting
from graphflow.synthesis.lines import rl17
from graphflow.synthesis.small import case_of, frame_of

PAID = [{"transfer_id": "1", "time": "2024-03-01T10:00:00", "source": "a", "target": "b", "amount": "1"}]


def found(frames: Mapping[str, Any], **asked: Any) -> list[Finding]:
    return list(check(case_of(dict(frames)), only="RL-17", **asked).findings)


def web(
    products: Sequence[Mapping[str, str]], inside: Sequence[tuple[str, str, int]], **tables: Any
) -> dict[str, Any]:
    names = {row["product_id"] for row in products}
    return {
        "transfers": frame_of(PAID),
        "products": frame_of(products),
        "holdings": frame_of([
            {"product_id": one, "asset_id": other, "amount": str(amount),
             "asset_kind": "product" if other in names else "standard_debt"}
            for one, other, amount in inside
        ]),
        **{name: frame_of(rows) for name, rows in tables.items()},
    }  # fmt: skip


def outcomes(f: Finding) -> dict[str, str]:
    return {each.name: each.state for each in f.counter_evidence}


def test_p1_w_has_two_layers_and_the_public_fund_and_the_exempt_fund_are_silent() -> None:
    (f,) = found(rl17.toy_tables())
    assert (f.subject_id, f.measure, f.value, f.threshold) == ("W", "layers", 2, 1)
    assert f.measures[0].basis == "law" and f.severity == "medium"
    assert (f.amount, f.currency) == (10000, "CNY")
    assert {m.name: m.value for m in f.measures}["units"] == 20000
    shown = f.evidence[f.evidence["shows"]]
    assert shown["table"].tolist() == ["holdings", "holdings"] and shown["source_row"].tolist() == [1, 2]


def test_p4_leverage_is_exact_and_beside_its_law() -> None:
    (f,) = found(rl17.leverage_toy_tables())
    assert {m.name: m.value for m in f.measures} == {
        "leverage": Fraction(8, 5), "nominal": Fraction(6, 5), "consolidated": Fraction(12, 5),
    }  # fmt: skip
    assert f.threshold == Fraction(7, 5) and f.measures[0].basis == "law" and f.amount == 2000
    assert not found(rl17.leverage_toy_tables(), as_of="2018-04-26"), "before the rule"


def test_p4_of_a_kind_that_is_not_stated_the_widest_limit_is_asked() -> None:
    frames = rl17.leverage_toy_tables()
    frames["products"] = frames["products"].drop(columns=["offering", "open_type"])
    assert not found(frames)
    frames["products"].loc[1, "total_assets"] = "260"  # T's: of W 80 + 40/80 × 260 = 210 of 100
    (f,) = found(frames)
    assert f.value == Fraction(21, 10) and f.threshold == 2


def test_at_the_limit_of_leverage_nothing_is_broken() -> None:
    frames = rl17.leverage_toy_tables()
    frames["products"].loc[1, "total_assets"] = "120"  # 80 + 60 of 100
    assert not found(frames)
    frames["products"].loc[1, "total_assets"] = "120.01"
    assert [f.value for f in found(frames)] == [Fraction(140005, 100000)]


def test_one_issuers_bonds_narrow_a_private_product_and_not_before_that_rule() -> None:
    (f,) = found(rl17.bond_toy_tables())
    assert f.threshold == Fraction(6, 5) and f.value == Fraction(8, 5)
    assert {m.name: m.value for m in f.measures}["bond_share"] == Fraction(4, 5)
    frames = rl17.bond_toy_tables()
    frames["transfers"]["time"] = "2022-03-01T10:00:00"
    assert not found(frames, as_of="2022-12-31")


def test_behind_the_layers_the_managers_own_developer_makes_it_grave() -> None:
    (f,) = found(rl17.hidden_toy_tables())
    figures = {m.name: m.value for m in f.measures}
    assert (figures["related"], figures["restricted"], f.severity) == (50000, 50000, "high")
    assert f.kinds == {"register": "shown", "ownership": "shown"}
    assert {t.name for t in f.tests if t.hit} == {"layers", "related", "restricted"}
    assert any("二十八" in a.article for a in f.law)
    frames = rl17.hidden_toy_tables()
    frames["stakes"]["share"] = "0.05"
    frames["parties"].loc[3, "sector"] = "ordinary"
    (f,) = found(frames)
    assert f.severity == "medium" and {t.name for t in f.tests if t.hit} == {"layers"}


def test_a_debtor_in_the_first_layer_is_not_hidden() -> None:
    frames = rl17.hidden_toy_tables()
    frames["holdings"].loc[[3, 4], "borrower_id"] = ["D", "E"]  # L1 of T is the developer's, L2 of S is not
    (f,) = found(frames)
    assert f.severity == "medium" and "related" not in {m.name for m in f.measures}


def test_three_layers_are_grave() -> None:
    frames = web(
        [{"product_id": each} for each in "WTSR"],
        [("W", "T", 1), ("T", "S", 1), ("S", "R", 1), ("R", "bond", 1)],
    )
    (f,) = found(frames)
    assert (f.value, f.severity) == (3, "high")
    (f,) = rl17_nesting.find(case_of(frames), deep=4)
    assert f.severity == "medium"
    assert not list(rl17_nesting.find(case_of(frames), layers=3))


def test_a_product_in_between_is_told_of_where_investors_face_it_too() -> None:
    frames = web(
        [{"product_id": each} for each in "WTSR"],
        [("W", "T", 1), ("T", "S", 1), ("S", "R", 1), ("R", "bond", 1)],
        subscriptions=[{"product_id": "T", "investor_id": "P", "amount": "5", "time": "2024-02-01"}],
    )
    assert {(f.subject_id, f.value) for f in found(frames)} == {("W", 3), ("T", 2)}


def test_a_holding_known_from_the_other_side_only_is_a_layer() -> None:
    frames = web(
        [{"product_id": each} for each in "WTS"],
        [("T", "S", 7), ("S", "bond", 1)],
        subscriptions=[{"product_id": "T", "investor_id": "W", "amount": "5", "time": "2024-02-01"}],
    )
    (f,) = found(frames)
    assert (f.subject_id, f.value, f.amount) == ("W", 2, 500)
    shown = f.evidence[f.evidence["shows"]]
    assert sorted(shown["table"]) == ["holdings", "subscriptions"]


def test_subscriptions_alone_show_layers() -> None:
    frames = {
        "transfers": frame_of(PAID),
        "products": frame_of([{"product_id": each} for each in "WTS"]),
        "subscriptions": frame_of([
            {"product_id": one, "investor_id": two, "amount": "5", "time": "2024-02-01"}
            for one, two in (("T", "W"), ("S", "T"), ("W", "P"))
        ]),
    }  # fmt: skip
    assert [(f.subject_id, f.value) for f in found(frames)] == [("W", 2)]


def test_a_company_that_only_passes_money_on_is_told_and_no_layer() -> None:
    frames = web(
        [{"product_id": each} for each in "WTS"],
        [("T", "S", 1), ("S", "bond", 1)],
        parties=[{"party_id": "SPV", "name": "通道公司", "kind": "company"}],
        subscriptions=[{"product_id": "T", "investor_id": "SPV", "amount": "5", "time": "2024-02-01"}],
    )
    frames["holdings"].loc[len(frames["holdings"])] = ["W", "SPV", "5", "equity"]
    (f,) = [f for f in found(frames) if f.subject_id == "W"]
    figures = {m.name: m.value for m in f.measures}
    assert (figures["layers"], figures["layers_total"]) == (2, 3)


def test_a_ring_is_one_finding_and_what_stands_above_it_has_its_own_depth() -> None:
    (f,) = found(rl17.ring_toy_tables())
    assert (f.measure, f.value, f.amount) == ("ring", 2, 11000)
    frames = web(
        [{"product_id": each} for each in ("W", "A", "B", "C")],
        [("W", "A", 3), ("A", "B", 2), ("B", "A", 2), ("B", "C", 1), ("C", "bond", 1)],
    )
    assert {(f.subject_id, f.measure, f.value) for f in found(frames)} == {
        ("W", "layers", 2),
        ("A", "ring", 2),
    }


def test_a_product_that_holds_itself_is_a_ring_of_one() -> None:
    (f,) = found(web([{"product_id": "A"}], [("A", "A", 5), ("A", "bond", 5)]))
    assert (f.measure, f.value, f.amount) == ("ring", 1, 500)


@pytest.mark.parametrize(
    ("change", "outcome", "silent"),
    [
        ({}, "present", True),
        ({"custodian_id": "C"}, "clear", False),
        ({"manager_id": ""}, "unknown", False),
    ],
)
def test_a_unit_class_is_one_of_the_same_manager_and_custodian(
    change: dict[str, str], outcome: str, silent: bool
) -> None:
    frames = rl17.unit_class_near_miss_tables()
    for column, value in change.items():
        frames["products"].loc[0, column] = value
    got = found(frames)
    assert (not got) == silent
    assert all(outcomes(f)["unit_class"] == outcome for f in got)


def test_a_unit_class_of_what_is_too_deep_itself_is_told_without_its_own_layer() -> None:
    frames = rl17.unit_class_near_miss_tables()
    more = {"product_id": "R", "kind": "mixed", "manager_id": "N", "custodian_id": "B"}
    frames["products"] = frame_of([*rows_of(frames["products"]), more])
    deeper = {
        "product_id": "S",
        "asset_id": "R",
        "asset_kind": "product",
        "amount": "9",
        "as_of": "2024-02-29",
    }
    frames["holdings"] = frame_of([*rows_of(frames["holdings"]), deeper])
    (f,) = found(frames)
    assert (f.subject_id, f.value) == ("W", 2) and outcomes(f)["unit_class"] == "present"


def rows_of(frame: Any) -> list[dict[str, str]]:
    return [{str(k): str(v) for k, v in row.items()} for row in frame.to_dict("records")]


@pytest.mark.parametrize(
    ("day", "start", "count"),
    [("2021-12-31", "2018-04-26", 0), ("2022-01-01", "2018-04-26", 1), ("2021-12-31", "2018-04-27", 1)],
)
def test_products_of_before_the_rule_are_let_be_until_the_transition_ends(
    day: str, start: str, count: int
) -> None:
    frames = rl17.legacy_near_miss_tables()
    frames["products"]["start"] = start
    assert len(found(frames, as_of=day)) == count


@pytest.mark.parametrize("kind", ["public_fund", "abs", "pension"])
def test_what_is_no_layer_by_kind(kind: str) -> None:
    frames = web(
        [{"product_id": "W"}, {"product_id": "T"}, {"product_id": "S", "kind": kind}],
        [("W", "T", 1), ("T", "S", 1), ("S", "bond", 1)],
    )
    assert not found(frames)
    frames["products"].loc[2, "kind"] = "mixed"
    assert found(frames)


# ---------------------------------------------------------------- random webs, reckoned by hand


def depth_of(
    name: str, kinds: Mapping[str, str], exempt: set[str], inside: Mapping[str, list[tuple[str, int]]]
) -> int:
    below = [
        (name not in exempt) + depth_of(other, kinds, exempt, inside)
        for other, _ in inside.get(name, []) if kinds[other] != "public_fund"
    ]  # fmt: skip
    return max(below, default=0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**40))
def test_layers_and_money_are_those_of_the_formula(seed: int) -> None:
    rng = random.Random(seed)
    names = [f"P{n}" for n in range(rng.randint(2, 7))]
    kinds = {name: rng.choice(("mixed", "mixed", "mixed", "public_fund")) for name in names}
    exempt = {name for name in names if rng.random() < 0.15}
    inside: dict[str, list[tuple[str, int]]] = {}
    for place, name in enumerate(names):
        for other in names[place + 1 :]:
            if rng.random() < 0.4:
                inside.setdefault(name, []).append((other, rng.randint(1, 99)))
    rows = [(name, other, amount) for name, below in inside.items() for other, amount in below]
    rows += [(name, f"bond {name}", 10) for name in names]
    products = [
        {"product_id": name, "kind": kinds[name], "exempt": "私募条例第25条" if name in exempt else ""}
        for name in names
    ]
    held = {other for below in inside.values() for other, _ in below}
    wanted = set()
    for name in names:
        depth = depth_of(name, kinds, exempt, inside)
        if name not in held and depth > 1:
            money = sum(
                amount for other, amount in inside[name]
                if kinds[other] != "public_fund"
                and (name not in exempt) + depth_of(other, kinds, exempt, inside) > 1
            )  # fmt: skip
            wanted.add((name, depth, money * 100))
    assert {(f.subject_id, int(f.value), f.amount) for f in found(web(products, rows))} == wanted
