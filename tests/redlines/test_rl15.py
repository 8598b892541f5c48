"""RL-15, unqualified investors: the vector of pooling through the door, each test alone, each guard, random pools."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.case import Case
from graphflow.findings import Finding
from graphflow.redlines import check, rl15_unqualified_investors
from graphflow.synthesis.lines import rl15
from graphflow.synthesis.small import case_of, frame_of


def found(frames: Mapping[str, Any], **asked: Any) -> list[Finding]:
    return list(check(case_of(dict(frames)), only="RL-15", **asked).findings)


def figures(f: Finding) -> dict[str, Any]:
    return {m.name: m.value for m in f.measures}


def outcomes(f: Finding) -> dict[str, str]:
    return {each.name: each.state for each in f.counter_evidence}


def states(f: Finding) -> dict[str, str]:
    return {each.name: each.state for each in f.elements}


def hits(f: Finding) -> set[str]:
    return {t.name for t in f.tests if t.hit}


def rows_of(frame: Any) -> list[dict[str, str]]:
    return [{str(k): str(v) for k, v in row.items()} for row in frame.to_dict("records")]


def changed(
    frames: dict[str, Any], table: str, change: Callable[[dict[str, str]], dict[str, str] | None]
) -> None:
    """Change rows of a table; None leaves one out."""
    rows = [change(row) for row in rows_of(frames[table])]
    frames[table] = frame_of([row for row in rows if row is not None])


# ---------------------------------------------------------------- pooling


def test_the_vector_of_pooling() -> None:
    (f,) = found(rl15.toy_tables())
    assert (f.subject_id, f.measure, f.value, f.threshold) == ("I", "pooled", Fraction(4, 5), Fraction(1, 2))
    assert figures(f) == {
        "pooled": Fraction(4, 5), "payers": 3, "passed": Fraction(4, 5), "alike": 1,
        "returned": 6400000, "paid_out": 8000000,
    }  # fmt: skip
    assert (f.amount, f.severity) == (80000000, "medium")
    assert f.kinds == {"flow": "shown", "register": "shown"} and states(f)["for_others"] == "shown"
    assert any("二十条" in a.article for a in f.law)


def test_one_of_the_family_is_left_out_and_told() -> None:
    frames = rl15.toy_tables()
    frames["relations"] = frame_of([{"party_id": "I1", "other_id": "I", "kind": "sibling"}])
    (f,) = found(frames)
    assert (f.value, figures(f)["payers"], outcomes(f)["family"]) == (Fraction(1, 2), 2, "present")
    frames["relations"] = frame_of([{"party_id": "I1", "other_id": "I", "kind": "agent"}])
    (f,) = found(frames)
    assert f.value == Fraction(4, 5) and outcomes(f)["family"] == "clear"


def test_his_own_account_is_no_other() -> None:
    frames = rl15.toy_tables()
    changed(frames, "accounts", lambda row: row | ({"party_id": "I"} if row["account_id"] == "aI1" else {}))
    (f,) = found(frames)
    assert f.value == Fraction(1, 2) and outcomes(f)["own_accounts"] == "clear"


def test_a_payment_with_a_loan_is_one_of_that_loan() -> None:
    frames = rl15.toy_tables()
    changed(frames, "transfers", lambda row: row | {"loan_id": "L" if row["transfer_id"] == "pI1" else ""})
    frames["loans"] = frame_of(
        [{"loan_id": "L", "borrower_id": "I1", "principal": "1", "start": "2023-01-01"}]
    )
    (f,) = found(frames)
    assert f.value == Fraction(1, 2) and outcomes(f)["loans"] == "clear"


@pytest.mark.parametrize(("day", "count"), [("2024-02-27T10:00:01", 3), ("2024-02-27T10:00:00", 2)])
def test_seven_days_before_and_no_more(day: str, count: int) -> None:
    frames = rl15.toy_tables()
    changed(frames, "transfers", lambda row: row | ({"time": day} if row["transfer_id"] == "pI1" else {}))
    (f,) = found(frames)
    assert figures(f)["payers"] == count
    (f,) = rl15_unqualified_investors.find(case_of(frames), before="8D")
    assert figures(f)["payers"] == 3


@pytest.mark.parametrize(("time", "kept"), [("2024-09-08T10:00:00", False), ("2024-09-08T10:00:01", True)])
def test_three_days_after_and_no_more(time: str, kept: bool) -> None:
    frames = rl15.toy_tables()
    changed(
        frames, "transfers", lambda row: row | ({"time": time} if row["transfer_id"].startswith("b") else {})
    )
    assert bool(found(frames)) is not kept


def test_each_distribution_has_to_go_on() -> None:
    frames = rl15.toy_tables()
    more = {"time": "2024-12-05T10:00:00", "source": "f", "target": "aI", "product_id": "F"}
    frames["transfers"] = frame_of([
        *rows_of(frames["transfers"]), {"transfer_id": "d2", "amount": "40000", **more},
        {"transfer_id": "b2", "amount": "19999.99", "time": "2024-12-06T10:00:00", "source": "aI", "target": "aI1"},
    ])  # fmt: skip
    assert not found(frames), "of the second only half less a cent goes on"
    frames["transfers"] = frame_of([
        *rows_of(frames["transfers"]),
        {"transfer_id": "b3", "amount": "0.01", "time": "2024-12-06T11:00:00", "source": "aI", "target": "aI1"},
    ])  # fmt: skip
    (f,) = found(frames)
    assert figures(f)["passed"] == Fraction(1, 2) and figures(f)["returned"] == 8400000


def test_what_goes_on_in_other_proportions_is_none() -> None:
    frames = rl15.toy_tables()
    amounts = {"bI1": "60000", "bI2": "2000", "bI3": "2000"}
    changed(frames, "transfers", lambda row: row | {"amount": amounts.get(row["transfer_id"], row["amount"])})
    assert not found(frames)
    (f,) = rl15_unqualified_investors.find(case_of(frames), alike="0.6")
    assert float(figures(f)["alike"]) == pytest.approx(
        (30 * 60 + 30 * 2 + 20 * 2) / (2200 * 3608) ** 0.5, abs=1e-6
    )


def test_two_who_pay_the_same_are_in_proportion() -> None:
    frames = rl15.toy_tables()
    changed(
        frames, "transfers", lambda row: None if row["target"] == "aI3" or row["source"] == "aI3" else row
    )
    (f,) = found(frames)
    assert (f.value, figures(f)["payers"], figures(f)["alike"]) == (Fraction(3, 5), 2, 1)


def test_one_who_pays_is_no_pool_and_a_company_that_pays_is_none() -> None:
    frames = rl15.toy_tables()
    changed(
        frames, "parties", lambda row: row | ({"kind": "company"} if row["party_id"] in ("I1", "I2") else {})
    )
    assert not found(frames)


def test_without_a_distribution_nothing_says_so() -> None:
    frames = rl15.toy_tables()
    changed(frames, "transfers", lambda row: None if row["transfer_id"] == "dI" else row)
    assert not found(frames)


def test_a_distribution_by_its_product_or_as_the_register_names_it() -> None:
    frames = rl15.toy_tables()
    changed(frames, "accounts", lambda row: row | {"product_id": ""})
    assert found(frames), "the transfer names the product"
    changed(frames, "transfers", lambda row: row | {"product_id": ""})
    assert not found(frames)
    changed(frames, "subscriptions", lambda row: row | {
        "redeemed": "2024-09-05T10:00:00", "redeemed_amount": "80000", "redemption_transfer_id": "dI",
    })  # fmt: skip
    assert found(frames)


def test_without_a_register_what_was_paid_in_stands_for_it_and_is_inferred() -> None:
    frames = rl15.toy_tables()
    del frames["subscriptions"]
    (f,) = found(frames)
    assert f.value == Fraction(4, 5) and f.kinds == {"flow": "shown", "register": "inferred"}


def test_a_purchase_of_which_only_the_day_is_known() -> None:
    frames = rl15.toy_tables()
    frames["subscriptions"] = frames["subscriptions"].drop(columns="transfer_id")
    changed(
        frames,
        "transfers",
        lambda row: row | ({"time": "2024-03-05T09:00:00"} if row["transfer_id"] == "pI3" else {}),
    )
    (f,) = found(frames)
    assert f.value == Fraction(4, 5), "paid in the morning of that day"


def test_three_such_investors_of_one_product_are_grave_and_told_together() -> None:
    (f,) = found(rl15.systematic_toy_tables())
    assert (f.subject_kind, f.subject_id, f.measure, f.value, f.severity) == (
        "product",
        "F",
        "pools",
        3,
        "high",
    )
    assert figures(f)["pooled"] == Fraction(4, 5) and f.amount == 3 * 80000000
    got = list(rl15_unqualified_investors.find(case_of(rl15.systematic_toy_tables()), pools=4))
    assert [f.subject_id for f in got] == ["I", "J", "K"] and {f.severity for f in got} == {"medium"}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**40))
def test_pools_are_those_of_the_formula(seed: int) -> None:
    rng = random.Random(seed)
    others = [f"o{n}" for n in range(rng.randint(1, 4))]
    paid = [(rng.choice(others), rng.randint(1, 12), rng.randint(1, 60)) for _ in range(rng.randint(1, 6))]
    given_out = [(day, rng.randint(1, 20)) for day in sorted(rng.sample(range(20, 60, 4), rng.randint(1, 3)))]
    back = [
        (rng.choice(others), day + rng.randint(0, 3), rng.randint(1, 12))
        for day, _ in given_out for _ in range(rng.randint(0, 3))
    ]  # fmt: skip
    if rng.random() < 0.7:  # what goes on is in proportion, or nearly, so that both answers are met
        back = [
            (who, day + rng.randint(0, 2), max(amount + rng.randint(-3, 3), 1))
            for day, _ in given_out for who, _, amount in paid
        ]  # fmt: skip

    def moment(day: int, hour: int) -> str:
        return f"2024-{3 + (day - 1) // 30:02d}-{1 + (day - 1) % 30:02d}T{hour:02d}:00:00"

    moves = [(f"p{n}", moment(day, 9), who, "i", amount) for n, (who, day, amount) in enumerate(paid)]
    moves.append(("s", moment(12, 12), "i", "f", 100))
    moves += [(f"d{n}", moment(day, 10), "f", "i", amount) for n, (day, amount) in enumerate(given_out)]
    moves += [(f"b{n}", moment(day, 11), "i", who, amount) for n, (who, day, amount) in enumerate(back)]
    frames = {
        "transfers": frame_of([
            {"transfer_id": name, "time": time, "source": source, "target": target, "amount": str(amount)}
            for name, time, source, target, amount in moves
        ]),
        "accounts": frame_of([
            {"account_id": each, "party_id": each.upper(), "product_id": "F" if each == "f" else ""}
            for each in ("i", "f", *others)
        ]),
        "parties": frame_of([{"party_id": each.upper(), "name": each, "kind": "person"} for each in ("i", *others)]),
        "products": frame_of([{"product_id": "F", "offering": "private", "kind": "fixed_income"}]),
        "subscriptions": frame_of([
            {"product_id": "F", "investor_id": "I", "amount": "100", "time": moment(12, 12), "transfer_id": "s"}
        ]),
    }  # fmt: skip
    pool: dict[str, int] = {}
    for who, day, amount in paid:
        if day > 5:  # after noon seven days before
            pool[who] = pool.get(who, 0) + amount
    met = dict.fromkeys(pool, 0)
    parts = []
    for place, (day, amount) in enumerate(given_out):
        until = given_out[place + 1][0] if place + 1 < len(given_out) else 10**6
        went = [(who, sum_) for who, when, sum_ in back if who in pool and day <= when < min(day + 3, until)]
        parts.append(Fraction(sum(sum_ for _, sum_ in went), amount))
        for who, sum_ in went:
            met[who] += sum_
    product = sum(pool[who] * met[who] for who in pool)
    size = sum(a * a for a in pool.values()) * sum(b * b for b in met.values())
    wanted = (
        len(pool) >= 2 and 2 * sum(pool.values()) >= 100 and min(parts) >= Fraction(1, 2)
        and size and Fraction(product**2, size) >= Fraction(95, 100) ** 2
    )  # fmt: skip
    got = [f for f in found(frames) if hits(f) == {"pooling"}]
    assert bool(got) == bool(wanted)
    for f in got:
        assert figures(f)["pooled"] == Fraction(sum(pool.values()), 100)
        assert figures(f)["passed"] == min(parts) and figures(f)["returned"] == 100 * sum(met.values())


# ---------------------------------------------------------------- to whom it was sold


def test_below_the_minimum_counts_all_that_somebody_put_in() -> None:
    (f,) = found(rl15.minimum_toy_tables())
    assert (f.subject_id, f.measure, f.value, f.threshold) == ("F", "least", 20000000, 40000000)
    assert figures(f)["below"] == 2 and f.amount == 39999999 + 20000000 and f.measures[0].basis == "law"


@pytest.mark.parametrize(
    ("kind", "least"),
    [("fixed_income", 300000), ("mixed", 400000), ("equity", 1000000), ("commodity", 1000000), ("trust", 1000000),
     ("fund_of_funds", 300000), ("", 300000)],
)  # fmt: skip
def test_the_minimum_is_that_of_the_kind_and_of_an_unknown_one_the_least(kind: str, least: int) -> None:
    for amount, count in ((str(least), 0), (f"{least - 1}.99", 1)):
        frames = rl15._sold([{"investor_id": "A", "amount": amount}], {"offering": "private", "kind": kind})
        assert len(found(frames)) == count


def test_where_it_is_not_stated_that_it_is_private_there_is_no_minimum() -> None:
    frames = rl15.minimum_toy_tables()
    frames["products"]["offering"] = ""
    assert not found(frames)
    frames["products"]["kind"] = "trust"
    assert found(frames), "a trust plan always is"


def test_the_minimum_is_yuan_and_of_its_law() -> None:
    euros = Case.from_tables(currency="EUR", **rl15.minimum_toy_tables())
    assert not check(euros, only="RL-15").findings
    frames = rl15.minimum_toy_tables()
    frames["subscriptions"]["time"] = "2018-01-02"
    assert not found(frames, as_of="2018-04-26") and not found(frames, as_of="2018-04-27")
    frames["subscriptions"]["time"] = "2018-04-27"
    assert found(frames, as_of="2018-04-28"), "bought on the first day of the rule"
    frames["subscriptions"]["time"] = "2018-01-02"
    given = {("RL-15", name): Fraction(300_000) for name in ("min_fixed", "min_mixed", "min_equity")}
    assert not found(frames, as_of="2018-04-28", law=given), "another figure makes no rule older"


def test_own_staff_are_left_out_and_told() -> None:
    frames = rl15.minimum_near_miss_tables()
    rows = rows_of(frames["subscriptions"])
    frames["subscriptions"] = frame_of([*rows, {**rows[2], "investor_id": "C"}])
    (f,) = found(frames)
    assert figures(f)["below"] == 1 and outcomes(f)["staff"] == "present" and f.amount == 5000000
    frames["relations"]["other_id"] = "SOMEBODY"
    (f,) = found(frames)
    assert figures(f)["below"] == 2 and outcomes(f)["staff"] == "clear"


def test_what_is_stated_of_qualification_and_what_is_not_proved() -> None:
    (f,) = found(rl15.qualified_toy_tables())
    assert figures(f) == {"unqualified": 1, "unproved": 1, "risk": 2, "riskier": 1, "investors": 2}
    assert hits(f) == {"qualified", "risk"} and f.amount == 2 * 50000000 and f.severity == "medium"
    frames = rl15.qualified_toy_tables()
    changed(frames, "subscriptions", lambda row: None if row["investor_id"] in "AB" else row)
    (f,) = found(frames)
    assert (figures(f), f.severity) == ({"unproved": 1, "investors": 1}, "watch")
    assert states(f)["unfit"] == "inferred"
    frames["subscriptions"]["evidence"] = ""
    assert not found(frames), "no evidence is kept in this case at all"


def test_of_a_public_product_only_the_risk_is_asked() -> None:
    frames = rl15.qualified_toy_tables()
    frames["products"]["offering"] = "public"
    (f,) = found(frames)
    assert hits(f) == {"risk"} and f.amount == 50000000


def test_a_companys_net_assets_as_it_last_reported_before() -> None:
    (f,) = found(rl15.company_toy_tables())
    assert (f.measure, f.value, figures(f)["companies"]) == ("net_assets", 999999900, 1)
    assert f.kinds == {"register": "shown", "statement": "shown"}
    frames = rl15.company_toy_tables()
    frames["subscriptions"]["time"] = "2023-06-01"
    assert not found(frames), "of 2022 it had enough"
    frames = rl15.company_toy_tables()
    frames["financials"]["currency"] = "USD"
    assert not found(frames)


def test_persons_behind_a_vehicle_made_for_the_product() -> None:
    (f,) = found(rl15.leaf_toy_tables())
    assert (f.measure, f.value, figures(f)["leaves"], figures(f)["investors"]) == ("leaf", 21000000, 2, 2)
    assert f.kinds == {"register": "shown", "ownership": "inferred"}
    frames = rl15.leaf_toy_tables()
    frames["products"] = frame_of([*rows_of(frames["products"]), {"product_id": "G", "offering": "private"}])
    frames["subscriptions"] = frame_of([
        *rows_of(frames["subscriptions"]), {**rows_of(frames["subscriptions"])[0], "product_id": "G"},
    ])  # fmt: skip
    assert not found(frames), "it is in other products too: what of a partner is in which is not known"


def test_persons_behind_a_plan_that_is_put_into_the_product_whole() -> None:
    (f,) = found(rl15.plan_leaf_toy_tables())
    assert (f.subject_id, f.measure, f.value) == ("F", "leaf", 21000000)
    assert (figures(f)["leaves"], f.amount, f.kinds) == (2, 100000000, {"register": "shown"})
    frames = rl15.plan_leaf_toy_tables()
    frames["subscriptions"].loc[0, "amount"] = "1428571.38"  # each part of the register is so much more
    assert [f.value for f in found(frames)] == [142857138 * Fraction(21, 100)]
    frames["subscriptions"].loc[0, "amount"] = "1428571.39"
    assert not found(frames)
    frames = rl15.plan_leaf_toy_tables()
    more = {"product_id": "S", "asset_kind": "nonstandard_debt", "asset_id": "X", "amount": "1"}
    frames["holdings"] = frame_of([*rows_of(frames["holdings"]), more])
    assert not found(frames), "it is put into other things too"


def test_who_had_left_before_he_bought_is_no_staff() -> None:
    frames = rl15.staff_near_miss_tables()
    for until, hits in (("2019-03-05", 1), ("2019-03-06", 0)):
        frames["relations"]["until"] = until
        assert len(found(frames)) == hits


def test_a_later_purchase_is_asked_of_the_whole() -> None:
    frames = rl15.before_near_miss_tables()
    more = {**rows_of(frames["subscriptions"])[0], "time": "2019-01-01", "amount": "10000"}
    frames["subscriptions"] = frame_of([*rows_of(frames["subscriptions"]), more])
    assert [f.value for f in found(frames)] == [26000000]


def test_what_is_only_not_proved_is_not_said_of_who_was_refused() -> None:
    refused = {"investor_id": "A", "amount": "1000000", "qualified": "false", "evidence": ""}
    bare = [
        {"investor_id": f"B{n}", "amount": "3000000", "qualified": "true", "evidence": ""} for n in range(9)
    ]
    proved = {"investor_id": "C", "amount": "3000000", "qualified": "true", "evidence": "资产证明"}
    product = {"offering": "private", "kind": "equity"}
    (f,) = found(rl15._sold([refused, *bare, proved], product))
    assert (f.amount, f.severity, figures(f)["investors"], figures(f)["unproved"]) == (
        100000000,
        "medium",
        1,
        9,
    )
    (f,) = found(rl15._sold([*bare, proved], product))
    assert f.severity == "watch" and str(f.summary).startswith("nothing proves that 9 investors")


def test_a_vehicle_behind_a_vehicle() -> None:
    frames = rl15.leaf_toy_tables()
    frames["parties"] = frame_of([
        *rows_of(frames["parties"]), {"party_id": "Q", "name": "二层合伙", "kind": "partnership"},
        {"party_id": "P9", "name": "合伙人9", "kind": "person"},
    ])  # fmt: skip
    frames["stakes"] = frame_of([
        {"owner_id": "P0", "company_id": "LP", "share": "0.5"}, {"owner_id": "Q", "company_id": "LP", "share": "0.5"},
        {"owner_id": "P1", "company_id": "Q", "share": "0.7"}, {"owner_id": "P9", "company_id": "Q", "share": "0.3"},
    ])  # fmt: skip
    (f,) = found(frames)
    assert (f.value, figures(f)["leaves"]) == (15000000, 1)


def test_a_share_that_rounds_by_a_unit_is_not_below() -> None:
    frames = rl15._vehicle(["0.333333333", "0.333333333", "0.333333334"])
    frames["subscriptions"]["amount"] = "900000"
    assert not found(frames)


def test_ten_such_investors_are_grave() -> None:
    rows = [{"investor_id": f"C{n}", "amount": "1000"} for n in range(10)]
    (f,) = found(rl15._sold(rows, {"offering": "private", "kind": "mixed"}))
    assert f.severity == "high"
    (f,) = found(rl15._sold(rows[:9], {"offering": "private", "kind": "mixed"}))
    assert f.severity == "medium"
