"""Products looked through: published vectors, random webs of products, what positions may be like."""

from __future__ import annotations

import json
import random
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from graphflow import cli
from graphflow.cli import products, run
from graphflow.language import translate
from graphflow.pictures.words import OVERDUE_COUNTS
from graphflow.products import list_products
from graphflow.products.crossing import crossed
from graphflow.products.registering import GAPS, GROUPS
from graphflow.synthesis import holders, small
from tests.test_ownership import text_frame

TWELVE = 1e-12


def case_of(holdings: list[dict], subscriptions: list[dict] | None = None, **tables: list[dict]) -> gf.Case:
    names = {row["product_id"] for row in [*holdings, *(subscriptions or [])]}
    names |= {row["asset_id"] for row in holdings if row["asset_kind"] == "product"}
    frames = {"products": [{"product_id": name} for name in sorted(names)], "holdings": holdings, **tables}
    if subscriptions:
        frames["subscriptions"] = subscriptions
    return gf.Case.from_tables(**{name: text_frame(rows) for name, rows in frames.items() if rows})


def holding(product: str, asset: str, amount: int | str, kind: str = "standard_debt", **more: str) -> dict:
    return {"product_id": product, "asset_id": asset, "amount": str(amount), "asset_kind": kind, **more}


def bought(product: str, who: str, amount: int | str, **more: str) -> dict:
    return {"product_id": product, "investor_id": who, "amount": str(amount), "time": "2024-03-01", **more}


# ---------------------------------------------------------------------- the published vectors


def test_p1_layers() -> None:
    case = holders.p1()
    assert {name: gf.look_through(case, name).depth for name in ("W", "W2", "X", "T", "T2", "S")} == {
        "W": 2, "W2": 1, "X": 1, "T": 1, "T2": 0, "S": 0,
    }  # fmt: skip


def test_p2_investors() -> None:
    r = gf.look_through(holders.p2(), "V")
    assert (r.nominal_count, r.investor_count) == (34, 207)
    assert abs(r.investors["share"].sum() - 1) < 1e-12
    assert r.investors["party_id"].dropna().is_unique


def test_p4_leverage() -> None:
    leverage = gf.look_through(holders.p4(), "W").leverage.iloc[0]
    for name, wanted in (("nominal", "6/5"), ("proportional", "8/5"), ("consolidated", "12/5")):
        assert abs(leverage[name] - Fraction(wanted)) < TWELVE


def test_p5_maturities() -> None:
    r = gf.look_through(holders.p5(), "W", "2024-03-01T00:00:00")
    assert (r.wam_assets, r.wam_liabilities, r.wam_gap) == (414, 66, 348)
    ladder = r.ladder.set_index("bucket")
    gaps = {"8-30": -20, "31-90": -80, "91-180": -50, "181-365": -50, ">365": 0}
    assert {bucket: ladder.loc[bucket, "cumulative_gap"] for bucket in gaps} == {
        b: g * 100 for b, g in gaps.items()
    }
    assert ladder.loc["31-90", "gap_ratio"] == -4
    assert (r.rollover_dependency["8-30"], r.rollover_dependency["31-90"]) == (0.5, 0.8)
    assert ladder["assets"].sum() == ladder["liabilities"].sum() == 10000


def test_p5_later_what_is_overdue_is_due_on_no_day_and_what_is_owed_at_once() -> None:
    r = gf.look_through(holders.p5(), "W", "2024-09-01T00:00:00")
    rows = r.ladder.set_index("bucket")[["assets", "liabilities", "gap", "cumulative_gap"]]
    assert rows.loc[["overdue", "0-1"]].values.tolist() == [
        [3000, 10000, -7000, -10000], [2000, 0, 2000, -8000],
    ]  # fmt: skip
    assert rows.loc[">365"].tolist() == [5000, 0, 5000, -3000], "what is overdue never counts as come"
    assert rows["assets"].sum() == rows["liabilities"].sum() == r.total
    assert (r.wam_assets, r.wam_liabilities) == (pytest.approx(50 * 536 / 70), 0)
    assert r.rollover_dependency["overdue"] == 1 and r.rollover_dependency["0-1"] == 0.8
    assert pd.isna(r.ladder["gap_ratio"][0]) and r.ladder["gap_ratio"][1] == -4
    assert r.overdue.values.tolist() == [["assets", 1, 3000, 4], ["liabilities", 2, 10000, 154]]
    before = gf.look_through(holders.p5(), "W", "2024-03-01T00:00:00").overdue
    assert before["count"].tolist() == [0, 0] and before["longest"].isna().all()


@pytest.mark.parametrize(
    ("end", "days"),
    [("2024-05-09", -1), ("2024-05-09T23:59:59", -1), ("2024-05-10", 0), ("2024-05-10T08:00:00", 0),
     ("2024-05-11T09:00:00", 1), ("2024-05-12T09:00:01", 3), ("2023-05-10", -366), ("", None)],
)  # fmt: skip
def test_overdue_is_what_was_due_on_a_day_before_on_both_sides(end: str, days: int | None) -> None:
    case = case_of(
        [holding("A", "loan", 5, "loan", end=end), holding("A", "money", 7, "cash", end="2020-01-01")],
        [bought("A", "p", 9, due=end), bought("A", "q", 3, due="2020-01-01", redeemed="2024-04-01")],
    )
    r = gf.look_through(case, "A", "2024-05-10T09:00:00")
    assert r._asset_days == [(0, 700), (days, 500)] and r._liability_days == [(days, 900)]
    late = days is not None and days < 0
    assert r.overdue[["count", "amount"]].values.tolist() == [[late, late * 500], [late, late * 900]]
    assert r.ladder["assets"][0] == late * 500 and r.ladder["liabilities"][0] == late * 900
    if late:
        assert r.overdue["longest"].tolist() == [-days, -days]


@pytest.mark.parametrize(
    ("given", "days"),
    [({"end": "2024-05-01"}, -9), ({"end": "2024-05-20"}, 10), ({}, None), ({"open_type": "open"}, 1),
     ({"open_type": "open", "next_open": "2024-05-15"}, 5), ({"open_type": "open", "next_open": "2024-05-01"}, 1),
     ({"open_type": "open", "next_open": "2024-05-01", "end": "2025-01-01"}, 1),
     ({"open_type": "open", "next_open": "2024-05-01", "end": "2024-05-08"}, -2),
     ({"open_type": "open", "end": "2024-05-20"}, 10),
     ({"open_type": "closed", "next_open": "2024-05-01", "end": "2024-05-20"}, 10),
     ({"open_type": "closed", "next_open": "2024-05-01"}, None)],
)  # fmt: skip
def test_a_product_that_has_ended_owes_its_money_and_one_that_has_opened_does_not(
    given: dict[str, str], days: int | None
) -> None:
    case = case_of([holding("A", "bond", 1)], [bought("A", "p", 9)], products=[{"product_id": "A", **given}])
    r = gf.look_through(case, "A", "2024-05-10T00:00:00")
    assert r._liability_days == [(days, 900)]


# ---------------------------------------------------------------------- what must hold of every web


@settings(max_examples=50)
@given(st.integers(0, 2**40))
def test_weights_and_shares_add_up_to_one(seed: int) -> None:
    rng = random.Random(seed)
    names = [f"W{n}" for n in range(rng.randint(1, 6))]
    holdings, subscriptions = [], []
    for name in names:
        for _ in range(rng.randint(0, 3)):
            other = rng.choice([*names, "bond", "loan", "cash"])
            kind = (
                "product"
                if other in names
                else {"bond": "standard_debt", "loan": "loan", "cash": "cash"}[other]
            )
            if other != name:
                holdings.append(holding(name, other, rng.randint(1, 1000), kind))
        subscriptions += [
            bought(name, rng.choice(["p", "q", "r", *names[:1]]), rng.randint(1, 500))
            for _ in range(rng.randint(0, 3))
        ]
    if not holdings:
        return
    case = case_of(holdings, [row for row in subscriptions if row["product_id"] != row["investor_id"]])
    for name in case.tables.products["product_id"]:
        r = gf.look_through(case, name)
        assert abs(r.assets["weight"].sum() - 1) < 1e-9
        held = [row for row in holdings if row["product_id"] == name]
        put = [row for row in subscriptions if row["product_id"] == name != row["investor_id"]]
        assert r.assets["amount"].sum() == r.total == 100 * sum(int(row["amount"]) for row in held or put)
        if len(r.investors):
            assert abs(r.investors["share"].sum() - 1) < 1e-9
            assert r.investors["amount"].sum() == r.total
        assert (r.depth is None) == (name in r.rings)


def solved(parts: dict[str, dict[str, Fraction]], start: str) -> dict[str, Fraction]:
    """What of the first comes to each that consists of nothing: ``x = e + x N``, by elimination."""
    inner = sorted(parts)
    rows = [
        [Fraction(i == j) - parts[j].get(i, Fraction(0)) for j in inner] + [Fraction(i == start)]
        for i in inner
    ]
    for at in range(len(inner)):
        best = next(k for k in range(at, len(inner)) if rows[k][at])
        rows[at], rows[best] = rows[best], rows[at]
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for k in range(len(inner)):
            if k != at and rows[k][at]:
                rows[k] = [x - rows[k][at] * y for x, y in zip(rows[k], rows[at], strict=True)]
    passes = {name: row[-1] for name, row in zip(inner, rows, strict=True)}
    found: dict[str, Fraction] = {}
    for name in inner:
        for other, part in parts[name].items():
            if other not in parts and passes[name]:
                found[other] = found.get(other, Fraction(0)) + passes[name] * part
    return found


def of_whole(rows: list[tuple[str, str, int]]) -> dict[str, dict[str, Fraction]]:
    found: dict[str, dict[str, Fraction]] = {}
    for one, other, amount in rows:
        if one != other:  # what a product has of itself is nobody's
            found.setdefault(one, {})[other] = found.get(one, {}).get(other, Fraction(0)) + amount
    return {one: {k: v / sum(row.values()) for k, v in row.items()} for one, row in found.items()}


@settings(max_examples=50)
@given(st.integers(0, 2**40))
def test_investors_by_assets_close_both_ways_and_are_those_of_a_dense_solution(seed: int) -> None:
    rng = random.Random(seed)
    names = [f"W{n}" for n in range(rng.randint(1, 6))]
    inside = [(rng.choice(names), rng.choice(names), rng.randint(1, 900)) for _ in range(rng.randint(0, 9))]
    held = [*inside, *((name, rng.choice("abc"), rng.randint(1, 900)) for name in names * 2)]
    put = [(other, name, amount) for name, other, amount in inside if name != other]
    put += [(name, rng.choice("pqr"), rng.randint(1, 900)) for name in names * 2]
    case = case_of(
        [holding(p, a, n, "product" if a in names else "loan") for p, a, n in held],
        [bought(p, who, n) for p, who, n in put],
    )
    for name in names:
        r = gf.look_through(case, name)
        shares, weights = solved(of_whole(put), name), solved(of_whole(held), name)
        found = r.matrix.set_index(["party_id", "asset_id"])
        assert set(found.index) == {(who, asset) for who in shares for asset in weights}
        by_investor, by_asset = (r.matrix.groupby(key)["amount"].sum() for key in ("party_id", "asset_id"))
        for row in r.investors.itertuples():
            assert row.share == pytest.approx(float(shares[row.party_id]), abs=TWELVE)
            assert by_investor[row.party_id] == row.amount
        for row in r.assets.itertuples():
            assert row.weight == pytest.approx(float(weights[row.asset_id]), abs=TWELVE)
            assert by_asset[row.asset_id] == row.amount
        for (who, asset), row in found.iterrows():
            exact = shares[who] * weights[asset]
            assert row["share"] == pytest.approx(float(exact), abs=TWELVE)
            assert row["amount"] >= 0 and abs(row["amount"] - r.total * exact) < 3
        assert (name in r.rings) == (r.depth is None)


@settings(max_examples=80)
@given(
    st.lists(st.integers(0, 2**50), max_size=9),
    st.lists(st.integers(0, 2**50), max_size=9),
    st.integers(0, 9),
)
def test_a_table_of_whole_units_closes_and_is_never_a_unit_off(
    rows: list[int], columns: list[int], small: int
) -> None:
    if small < 5:  # where the remainders decide everything
        rows, columns = [value % (small + 2) for value in rows], [value % (small + 2) for value in columns]
    for long, short in ((rows, columns), (columns, rows)):
        short.extend([max(sum(long) - sum(short), 0)])
    _check_crossed(rows, columns)


def test_sums_that_doubles_cannot_hold_close_too() -> None:
    _check_crossed([2**58 + 1, 5, 2**57], [2**58 - 1, 7, 2**57])


def _check_crossed(rows: list[int], columns: list[int]) -> None:
    table = crossed(rows, columns)
    total = sum(rows)
    assert total == sum(columns)
    assert table.sum(axis=1).tolist() == rows and table.sum(axis=0).tolist() == columns
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            assert 0 <= int(table[i, j]) - (row * column // total if total else 0) <= 1


@settings(max_examples=25)
@given(st.integers(0, 2**40))
def test_a_vehicle_in_between_changes_no_count_and_no_share(seed: int) -> None:
    rng = random.Random(seed)
    persons = [f"p{n}" for n in range(rng.randint(1, 8))]
    rows = [bought("V", who, rng.choice((100, 200))) for who in persons]
    direct = gf.look_through(case_of([holding("V", "bond", 1)], rows), "V")
    total = sum(int(row["amount"]) for row in rows)
    parties = [{"party_id": "LP", "name": "LP", "kind": "partnership"}]
    parties += [{"party_id": name, "name": name, "kind": "person"} for name in persons]
    stakes = [
        {"owner_id": row["investor_id"], "company_id": "LP", "share": f"{int(row['amount']) / total:.9f}"}
        for row in rows
    ]
    case = case_of([holding("V", "bond", 1)], [bought("V", "LP", total)], parties=parties, stakes=stakes)
    through = gf.look_through(case, "V")
    assert through.investor_count == direct.investor_count == len(persons)
    one = direct.investors.set_index("party_id")["share"]
    other = through.investors.dropna(subset=["party_id"]).set_index("party_id")["share"]
    assert all(abs(one[name] - other[name]) < 1e-8 for name in persons)


# ---------------------------------------------------------------------- what positions may be like


def test_products_that_hold_one_another_are_solved_and_have_no_depth() -> None:
    case = case_of([
        holding("A", "B", 50, "product"), holding("A", "bond", 50),
        holding("B", "A", 50, "product"), holding("B", "loan", 50, "loan"),
    ])  # fmt: skip
    r = gf.look_through(case, "A")
    assert r.depth is None and sorted(r.rings) == ["A", "B"]
    weights = dict(zip(r.assets["asset_id"], r.assets["weight"], strict=True))
    assert weights == pytest.approx({"bond": 2 / 3, "loan": 1 / 3}, abs=TWELVE)


def test_a_product_whose_holdings_nobody_stated_is_unknown_and_said_so() -> None:
    r = gf.look_through(case_of([holding("A", "B", 30, "product"), holding("A", "bond", 70)]), "A")
    assert r.assets[["asset_id", "asset_kind", "weight"]].values.tolist() == [
        ["bond", "standard_debt", 0.7], ["B", "unknown", 0.3],
    ]  # fmt: skip


def test_of_several_snapshots_the_last_before_the_date_counts() -> None:
    case = case_of([
        holding("A", "bond", 70, as_of="2024-01-31"), holding("A", "loan", 30, "loan", as_of="2024-01-31"),
        holding("A", "bond", 100, as_of="2024-02-29"),
    ])  # fmt: skip
    assert set(gf.look_through(case, "A", "2024-02-10").assets["asset_id"]) == {"bond", "loan"}
    assert set(gf.look_through(case, "A").assets["asset_id"]) == {"bond"}


def test_what_was_paid_back_counts_ever_but_not_now() -> None:
    rows = [bought("A", "p", 100, redeemed="2024-04-01", redeemed_amount="110"), bought("A", "q", 100)]
    r = gf.look_through(case_of([holding("A", "bond", 1)], rows), "A")
    assert (r.investor_count, r.investor_count_cumulative) == (1, 2)
    before = gf.look_through(case_of([holding("A", "bond", 1)], rows), "A", "2024-03-15")
    assert before.investor_count == 2


def test_one_project_in_several_products_has_each_investor_once() -> None:
    tables = {
        "products": [
            {"product_id": "A", "project": "the tower"},
            {"product_id": "B", "project": "the tower"},
        ],
        "subscriptions": [bought("A", "p", 1), bought("A", "q", 1), bought("B", "q", 1), bought("B", "r", 1)],
    }
    case = gf.Case.from_tables(**{name: text_frame(rows) for name, rows in tables.items()})
    r = gf.look_through(case, "A")
    assert (r.investor_count, r.project_investor_count) == (2, 3)


def test_a_company_that_only_passes_money_on_is_a_layer_of_the_total() -> None:
    parties = [{"party_id": "SPV", "name": "SPV", "kind": "company"}]
    case = case_of(
        [holding("A", "SPV", 100, "equity"), holding("B", "bond", 100)],
        [bought("B", "SPV", 100)],
        parties=parties,
    )
    r = gf.look_through(case, "A")
    assert (r.depth, r.depth_total) == (1, 2)
    assert r.assets["asset_id"].tolist() == ["bond"]
    layers = r.layers.set_index("id")
    assert layers.loc["SPV", "ground"] == "passes_on" and not layers.loc["SPV", "counts"]


def test_a_vehicle_of_which_no_holder_is_known_is_at_least_one() -> None:
    parties = [{"party_id": "LP", "name": "LP", "kind": "partnership"}]
    r = gf.look_through(case_of([holding("A", "bond", 1)], [bought("A", "LP", 5)], parties=parties), "A")
    assert r.investor_count == 1 and r.unknown_vehicles == ["LP"]


def test_a_product_that_is_not_there_is_named_with_those_that_are() -> None:
    """With their names: what a name contains first; what is left out is counted."""
    with pytest.raises(gf.UsageError, match=r"no product has this id or name; given: Z; expected: W, T$"):
        gf.look_through(holders.p4(), "Z")
    rows = [
        {"product_id": f"F{n:02}", "name": name}
        for n, name in enumerate(["例易贷月月稳", "例易贷季季盈", "安心", "安心", *"abcdefgh"])
    ]
    case = gf.Case.from_tables(products=pd.DataFrame(rows))
    for asked, said in (
        ("例易贷", "no product has this id or name; given: 例易贷; expected: F00 (例易贷月月稳), F01 (例易贷季季盈)"),
        ("安心", "several products have this name; given: 安心; expected: F02 (安心), F03 (安心)"),
        ("?", "expected: F00 (例易贷月月稳), F01 (例易贷季季盈), F02 (安心), F03 (安心), F04 (a), F05 (b), F06 (c), F07 (d), F08 (e), F09 (f), … (+2)"),
    ):  # fmt: skip
        with pytest.raises(gf.UsageError, match=re.escape(said) + "$"):
            gf.look_through(case, asked)


def test_missing_net_assets_leave_the_leverage_empty() -> None:
    leverage = gf.look_through(case_of([holding("A", "bond", 1)]), "A").leverage
    assert leverage.isna().all(axis=None) and isinstance(leverage, pd.DataFrame)


def test_a_product_that_holds_itself_is_solved_without_that_and_said_so() -> None:
    r = gf.look_through(case_of([holding("A", "A", 50, "product"), holding("A", "bond", 50)]), "A")
    assert (r.depth, r.rings) == (None, ["A"])
    assert r.assets[["asset_id", "weight", "amount"]].values.tolist() == [["bond", 1.0, 10000]]


def test_without_a_known_investor_all_of_it_is_somebody_s_who_is_not_known() -> None:
    r = gf.look_through(case_of([holding("A", "bond", 3), holding("A", "loan", 1, "loan")]), "A")
    assert r.investors.empty
    assert r.matrix[["party_id", "kind", "asset_id", "amount"]].values.tolist() == [
        [None, "unknown", "bond", 300], [None, "unknown", "loan", 100],
    ]  # fmt: skip


def exempt(ground: str) -> gf.LookThrough:
    """W is in X, which is exempt on a ground, which is in bonds; X has two holders, W one besides."""
    tables = {
        "products": [{"product_id": "W"}, {"product_id": "X", "exempt": ground}],
        "holdings": [holding("W", "bond", 300)],
        "subscriptions": [
            bought("W", "p", 100),
            bought("W", "X", 200),
            bought("X", "q", 50),
            bought("X", "r", 50),
        ],
    }
    return gf.look_through(
        gf.Case.from_tables(**{name: text_frame(rows) for name, rows in tables.items()}), "W"
    )


@pytest.mark.parametrize(
    ("ground", "count"),
    [
        ("私募条例第25条", 3),
        ("依法备案的投资计划", 2),
        ("社保基金", 2),
        ("a Charity", 2),
        ("创投基金，已备案", 3),
    ],
)
def test_what_is_no_layer_is_looked_through_for_investors_all_the_same(ground: str, count: int) -> None:
    assert exempt(ground).investor_count == count


@pytest.mark.parametrize("ground", ["私募条例第25条", "依法备案的投资计划"])
def test_any_stated_ground_stops_the_count_of_layers(ground: str) -> None:
    tables = {
        "products": [{"product_id": "X", "exempt": ground}, {"product_id": "Y"}, {"product_id": "W"}],
        "holdings": [
            holding("X", "Y", 1, "product"),
            holding("Y", "bond", 1),
            holding("W", "Y", 1, "product"),
        ],
    }
    case = gf.Case.from_tables(**{name: text_frame(rows) for name, rows in tables.items()})
    assert (gf.look_through(case, "X").depth, gf.look_through(case, "W").depth) == (0, 1)


def fund_of(kind: str, ground: str = "") -> gf.Case:
    """W holds F, a fund of a kind or exempt on a ground, of two holders, which is in G, as p is."""
    old = {"time": "2010-01-01"}
    return case_of(
        [holding("W", "F", 100, "product"), holding("F", "G", 50, "product"), holding("G", "bond", 1)],
        [bought("G", "F", 50, **old), bought("G", "p", 50, **old), bought("F", "q", 1, **old), bought("F", "r", 1, **old)],
        products=[{"product_id": "F", "kind": kind, "exempt": ground}, {"product_id": "W"}, {"product_id": "G"}],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "since"), [("public_fund", "2018-04-27"), ("abs", "2018-04-27"), ("pension", "2018-04-27")]
)
def test_what_is_no_layer_is_that_of_the_day_asked_about(kind: str, since: str) -> None:
    case, before = fund_of(kind), str((pd.Timestamp(since) - pd.Timedelta(days=1)).date())
    said = {}
    for day in (before, since, None):
        r = gf.look_through(case, "W", day)
        row = r.layers.set_index("id").loc["F"]
        said[day] = (r.depth, bool(row["counts"]), row["ground"])
    assert said == {before: (2, True, ""), since: (0, False, kind), None: (0, False, kind)}


@pytest.mark.parametrize(
    ("given", "since"),
    [(("public_fund",), "2018-04-27"), (("pension",), "2014-08-21"), (("", "社保基金"), "2014-08-21"),
     (("", "a charity"), "2014-08-21"), (("", "依法备案的投资计划"), "2014-08-21")],
)  # fmt: skip
def test_where_the_count_of_investors_stops_is_that_of_the_day_asked_about(
    given: tuple[str, ...], since: str
) -> None:
    case, before = fund_of(*given), str((pd.Timestamp(since) - pd.Timedelta(days=1)).date())
    found = {day: gf.look_through(case, "G", day).investor_count for day in (before, since, None)}
    assert found == {before: 3, since: 2, None: 2}


def test_a_ground_that_the_register_states_is_of_every_day() -> None:
    case = fund_of("", "社保基金")
    for day in ("2011-01-01", None):
        assert gf.look_through(case, "F", day).depth == 0
        assert gf.look_through(case, "W", day).layers.set_index("id").loc["F", "ground"] == "社保基金"


def test_without_a_day_asked_about_the_law_is_as_it_was_last() -> None:
    parties = [{"party_id": "D", "name": "D", "kind": "company", "sector": "developer"}]
    case = case_of([holding("A", "L", 1, "loan", borrower_id="D", as_of="2015-01-01")], parties=parties)
    assert gf.look_through(case, "A").restricted_shares["restricted"].tolist() == ["yes"]
    assert gf.look_through(case, "A", "2015-01-01").restricted_shares["restricted"].tolist() == ["no"]


def test_beyond_the_greatest_investors_and_assets_the_rest_is_one_of_each_and_adds_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    r = gf.look_through(holders.p2(), "V")
    table = r.cross(investors=2, assets=5)
    assert table["kind"].tolist() == ["person", "person", "others"]
    assert table["amount"].sum() == r.total and table["amount"].tolist()[:2] == [10111, 10111]
    assert abs(table["share"].sum() - 1) < TWELVE
    monkeypatch.setattr("graphflow.products.looking.MOST_CELLS", 100)
    with pytest.raises(gf.UsageError, match="208 investors by 1 assets are more rows than 100"):
        gf.look_through(holders.p2(), "V").matrix  # noqa: B018


# ---------------------------------------------------------------------- leaves and fees


def test_p7_related_and_restricted_leaves() -> None:
    r = gf.look_through(holders.p7(), "W")
    assert r.related_assets[["asset_id", "party_id", "related", "to", "basis"]].values.tolist()[:2] == [
        ["L2", "D", "disputed", ("I",), ("through_person",)], ["L1", "C", "yes", ("I",), ("control",)],
    ]  # fmt: skip
    assert r.related_shares.round(9).values.tolist() == [
        ["yes", 1, 0.4, 4000], ["disputed", 1, 0.45, 4500], ["unknown", 1, 0.15, 1500],
    ]  # fmt: skip
    shares = r.restricted_shares
    assert shares[["restricted", "amount"]].values.tolist() == [
        ["yes", 4500],
        ["no", 4000],
        ["unknown", 1500],
    ]
    assert shares["sector"].tolist()[:2] == ["developer", "ordinary"] and pd.isna(shares["sector"][2])
    assert shares["amount"].sum() == r.related_shares["amount"].sum() == r.total
    assert shares["mark"][0] in ("V", "V~", "G") and shares["since"][0] and shares["article"][0]


def test_a_sector_is_restricted_from_the_day_of_the_rule() -> None:
    parties = [{"party_id": "D", "name": "D", "kind": "company", "sector": "developer"}]
    rows = [holding("A", "L", 1, "loan", borrower_id="D", as_of="2015-01-01")]
    case = case_of(rows, parties=parties)
    assert gf.look_through(case, "A", "2016-04-11").restricted_shares["restricted"].tolist() == ["no"]
    assert gf.look_through(case, "A", "2016-04-12").restricted_shares["restricted"].tolist() == ["yes"]


def test_the_debtor_of_a_loan_is_its_borrower_and_of_equity_the_company() -> None:
    parties = [{"party_id": each, "name": each, "kind": "company"} for each in ("I", "C")]
    loans = [{"loan_id": "L1", "borrower_id": "I", "principal": "5", "start": "2024-01-01"}]
    case = case_of(
        [holding("A", "L1", 5, "loan"), holding("A", "C", 2, "equity"), holding("A", "?", 1, "other")],
        parties=parties, loans=loans, products=[{"product_id": "A", "manager_id": "I"}],
    )  # fmt: skip
    found = gf.look_through(case, "A").related_assets
    assert found[["asset_id", "related", "basis"]].values.tolist() == [
        ["L1", "yes", ("same",)], ["C", "no", ()], ["?", "unknown", ()],
    ]  # fmt: skip


def test_without_an_issuer_or_manager_nothing_is_said_to_be_unrelated() -> None:
    parties = [{"party_id": "C", "name": "C", "kind": "company"}]
    case = case_of([holding("A", "C", 2, "equity")], parties=parties)
    assert gf.look_through(case, "A").related_assets["related"].tolist() == ["unknown"]


def test_p7_fees_of_each_layer_fall_on_the_product_in_proportion() -> None:
    fees = gf.look_through(holders.p7(), "W").fees
    assert fees[["id", "depth", "fees", "part", "amount", "rate"]].values.tolist() == [
        ["W", 0, 100, 1.0, 100, 0.01], ["T", 1, 400, 0.5, 200, 0.02],
    ]  # fmt: skip
    assert gf.look_through(holders.p7(), "W").fee_rate == pytest.approx(0.03)
    assert gf.look_through(holders.p4(), "W").fee_rate is None


def test_of_a_layer_without_an_account_in_the_case_the_fees_are_not_known() -> None:
    fees = gf.look_through(holders.p4(), "W").fees
    assert fees["id"].tolist() == ["W", "T"] and fees[["fees", "amount", "rate"]].isna().all(axis=None)


def test_a_fee_of_a_subscription_is_the_products_whoever_paid_it_net_of_what_was_taken_back() -> None:
    transfers = [
        {"transfer_id": name, "time": f"2024-03-01T09:0{n}:00", "source": source, "target": target, "amount": amount, **more}
        for n, (name, source, target, amount, more) in enumerate([
            ("s", "q", "m", "100", {}), ("f", "q", "m", "3", {"fee_of": "s"}),
            ("b", "m", "q", "1", {"reversal_of": "f"}), ("x", "q", "m", "9", {"kind": "手续费"}),
        ])
    ]  # fmt: skip
    case = gf.Case.from_tables(
        transfers=text_frame(transfers), products=text_frame([{"product_id": "A"}]),
        subscriptions=text_frame([bought("A", "Q", 100, transfer_id="s")]),
    )  # fmt: skip
    assert gf.look_through(case, "A").fees[["id", "fees", "amount"]].values.tolist() == [["A", 200, 200]]


def fees_of(subscriptions: list[dict[str, str]], **paid: dict[str, str]) -> dict[str, int]:
    """Fees of three products that there are, of a payment of 100 by Q and a fee of 1 for it."""
    transfers = [
        {"transfer_id": "s", "time": "2024-03-01", "source": "q", "target": "m", "amount": "100", **paid.get("s", {})},
        {"transfer_id": "f", "time": "2024-03-01", "source": "q", "target": "m", "amount": "1", "fee_of": "s",
         **paid.get("f", {})},
    ]  # fmt: skip
    case = case_of(
        [holding(name, "bond", 1) for name in "TVW"], subscriptions, transfers=transfers,
        accounts=[{"account_id": "v", "product_id": "V"}, {"account_id": "q", "party_id": "Q"}],
    )  # fmt: skip
    frames = {name: gf.look_through(case, name).fees for name in "TVW"}
    return {name: int(frame["fees"].fillna(0).sum()) for name, frame in frames.items()}


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [((60, 40, 0), (60, 40, 0)), ((1, 1, 1), (34, 33, 33)), ((0, 50, 50), (0, 50, 50)), ((0, 0, 7), (0, 0, 100))],
)  # fmt: skip
def test_a_fee_of_a_payment_for_several_products_is_divided_as_the_payment_is_and_adds_up(
    parts: tuple[int, ...], wanted: tuple[int, ...]
) -> None:
    rows = [bought(name, "Q", n, transfer_id="s") for name, n in zip("TVW", parts, strict=True) if n]
    found = fees_of(rows)
    assert tuple(found.values()) == wanted and sum(found.values()) == 100
    # what was paid back in one payment, and what the transfer itself names, which subscriptions say better
    back = [
        {**bought(name, "Q", 9), "redeemed": "2024-03-01", "redeemed_amount": str(n), "redemption_transfer_id": "s"}
        for name, n in zip("TVW", parts, strict=True) if n
    ]  # fmt: skip
    assert tuple(fees_of(back, s={"product_id": "T"}).values()) == wanted


def test_a_fee_of_a_payment_that_only_names_a_product_is_that_ones_and_one_paid_by_a_product_its_own() -> (
    None
):
    assert fees_of([bought("W", "Q", 1)], s={"product_id": "T"}) == {"T": 100, "V": 0, "W": 0}
    rows = [bought(name, "V", 50, transfer_id="s") for name in "TW"]
    assert fees_of(rows, f={"source": "v"}) == {"T": 0, "V": 100, "W": 0}


def test_a_fee_of_a_redemption_of_nothing_for_several_is_divided_evenly() -> None:
    back = [
        {**bought(name, "Q", 9), "redeemed": "2024-03-01", "redeemed_amount": "0", "redemption_transfer_id": "s"}
        for name in "TW"
    ]  # fmt: skip
    assert fees_of(back) == {"T": 50, "V": 0, "W": 50}


def ring_with_fees(*ring: tuple[str, str, int]) -> gf.Case:
    """W holds bonds of 50 and A of 50; what A and B hold is given. W has paid fees of 1, A of 4, B of 8."""
    held = [holding(p, a, n, "product" if a in "AB" else "standard_debt") for p, a, n in ring]
    return case_of(
        [holding("W", "bond", 50), holding("W", "A", 50, "product"), *held],
        accounts=[{"account_id": f"account {name}", "product_id": name} for name in "WAB"],
        transfers=[
            {"transfer_id": f"f{name}", "time": "2024-03-01", "source": f"account {name}", "target": "m",
             "amount": amount, "kind": "management_fee"} for name, amount in (("W", "1"), ("A", "4"), ("B", "8"))
        ],
    )  # fmt: skip


def test_of_a_ring_that_holds_all_of_itself_no_part_of_the_fees_is_told() -> None:
    case = ring_with_fees(("A", "B", 100), ("B", "A", 100))
    r = gf.look_through(case, "W")
    fees = r.fees
    assert fees.fillna({"ground": ""})[["id", "fees", "ground"]].values.tolist() == [
        ["W", 100, ""], ["A", 400, "ring"], ["B", 800, "ring"],
    ]  # fmt: skip
    assert fees["amount"].astype(object).where(fees["amount"].notna(), None).tolist() == [100, None, None]
    assert fees["part"].isna().tolist() == fees["rate"].isna().tolist() == [False, True, True]
    assert r.fee_rate == 0.01 and r.assets["amount"].sum() == r.total == 10000
    inside = gf.look_through(case, "A").fees
    assert inside["ground"].tolist() == ["ring", "ring"] and inside["amount"].isna().all()
    assert gf.look_through(case, "A").fee_rate is None


def test_of_a_ring_that_something_leaves_the_part_of_the_fees_is_what_the_shares_solve_to() -> None:
    # of A's 100, W has 50 and B 50; A has 50 of B's 100: a = 1/2 + b/2, b = a/2, so that a = 2/3, b = 1/3
    r = gf.look_through(
        ring_with_fees(("A", "B", 50), ("A", "bond", 50), ("B", "A", 50), ("B", "bond", 50)), "W"
    )
    assert r.fees["part"].tolist() == pytest.approx([1, 2 / 3, 1 / 3], abs=TWELVE)
    assert r.fees["amount"].tolist() == [100, 267, 267] and r.fees["ground"].isna().all()


def test_of_a_layer_without_net_assets_and_holdings_no_part_of_the_fees_is_told() -> None:
    r = gf.look_through(ring_with_fees(("B", "bond", 100)), "W")
    assert r.fees["ground"].fillna("").tolist() == ["", "unknown_holdings"]
    assert r.fees["amount"].isna().tolist() == [False, True]


# ---------------------------------------------------------------------- realised roll-over


@pytest.mark.parametrize("rule", ["fifo", "lifo", "prorata"])
def test_p6_realised_rollover(rule: str) -> None:
    found = gf.look_through(holders.p6(), "F").realised_rollover(rule)
    assert (found.redeemed, found.share, found.share_issuer, found.untold) == (8000, 0.75, 0.9375, 0.0625)
    assert found.sources["amount"].sum() == found.redeemed and found.orders == 1
    assert found.sources[["source", "amount", "told"]].values.tolist() == [
        ["same_product", 6000, True], ["same_issuer", 1500, True], ["frontier", 500, False],
    ]  # fmt: skip


def rollover_of(steps: list[tuple[str, str, str, int, str]], subscriptions: list[dict]) -> gf.LookThrough:
    """Product F, whose money goes through account M; steps are id, source, target, amount, time."""
    names = {name for step in steps for name in step[1:3]} - {"M"}
    tables = {
        "transfers": [
            {"transfer_id": i, "source": s, "target": t, "amount": str(n), "time": w}
            for i, s, t, n, w in steps
        ],
        "accounts": [
            {"account_id": "M", "covered": "true", "opening_balance": "0"},
            *({"account_id": name, "covered": "false"} for name in sorted(names)),
        ],
        "products": [{"product_id": "F"}],
        "subscriptions": subscriptions,
    }
    return gf.look_through(
        gf.Case.from_tables(**{name: text_frame(rows) for name, rows in tables.items()}), "F"
    )


def test_where_the_order_of_rows_is_open_the_share_is_an_interval() -> None:
    # on one day 50 are subscribed and 50 earned, and then, or before the second of them, 50 paid back
    day = "2024-03-02"
    r = rollover_of(
        [("s1", "a", "M", 50, "2024-02-28"), ("out", "M", "p", 50, "2024-03-01"), ("s2", "b", "M", 50, day),
         ("e", "p", "M", 50, day), ("r1", "M", "a", 50, "2024-03-03")],
        [bought("F", "A", 50, transfer_id="s1", redeemed="2024-03-03", redemption_transfer_id="r1"),
         bought("F", "B", 50, transfer_id="s2")],
    )  # fmt: skip
    found = r.realised_rollover()
    own = found.sources.set_index("source").loc["same_product"]
    assert (own["amount_min"], own["amount_max"]) == (0, 5000) and found.orders == 2
    closed = r.realised_rollover("prorata").sources.set_index("source").loc["same_product"]
    assert (closed["amount"], closed["amount_min"], closed["amount_max"]) == (2500, 2500, 2500)


def test_too_many_orders_leave_the_interval_empty_and_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphflow.tracing.orders.MOST_ORDERS", 1)
    day = "2024-03-02"
    r = rollover_of(
        [("s", "b", "M", 50, day), ("e", "p", "M", 50, day), ("r", "M", "a", 50, "2024-03-03")],
        [bought("F", "A", 50, transfer_id="s", redeemed="2024-03-03", redemption_transfer_id="r")],
    )
    found = r.realised_rollover()
    assert found.orders == 0 and found.sources[["amount_min", "amount_max"]].isna().all(axis=None)


def test_money_counts_once_at_the_last_subscription_before_the_redemption() -> None:
    # what was put into G is paid back to N, who puts it into F, of the same issuer, and is paid back again
    steps = [
        ("s1", "a", "M", "2024-03-01"), ("r1", "M", "N", "2024-03-02"), ("s2", "N", "M", "2024-03-03"),
        ("r2", "M", "a", "2024-03-04"),
    ]  # fmt: skip
    tables = {
        "transfers": [
            {"transfer_id": i, "source": s, "target": t, "amount": "50", "time": when}
            for i, s, t, when in steps
        ],
        "accounts": [
            {"account_id": name, "covered": "true" if name in "MN" else "false", "opening_balance": "0"}
            for name in "MNa"
        ],
        "parties": [{"party_id": "I", "name": "I", "kind": "company"}],
        "products": [{"product_id": name, "issuer_id": "I"} for name in ("F", "G")],
        "subscriptions": [
            bought("G", "A", 50, transfer_id="s1", redeemed="2024-03-02", redemption_transfer_id="r1"),
            bought("F", "B", 50, transfer_id="s2", redeemed="2024-03-04", redemption_transfer_id="r2"),
        ],
    }
    case = gf.Case.from_tables(**{name: text_frame(rows) for name, rows in tables.items()})
    found = gf.look_through(case, "F").realised_rollover()
    assert (found.redeemed, found.share, found.share_issuer) == (5000, 1.0, 1.0)
    earlier = gf.look_through(case, "G").realised_rollover()
    assert (earlier.share, earlier.share_issuer) == (1.0, 1.0)


def test_redemptions_are_those_up_to_the_date() -> None:
    back = {"redemption_transfer_id": "r1", "redeemed": "2024-03-02"}
    r = rollover_of(
        [("s1", "a", "M", 50, "2024-03-01"), ("r1", "M", "N", 50, "2024-03-02"), ("s2", "b", "M", 50, "2024-03-03"),
         ("r2", "M", "a", 50, "2024-03-04")],
        [bought("F", "A", 50, transfer_id="s1", **back),
         bought("F", "B", 50, transfer_id="s2", redeemed="2024-03-04", redemption_transfer_id="r2")],
    )  # fmt: skip
    case = r.positions.case
    assert r.realised_rollover().redeemed == 10000
    assert gf.look_through(case, "F", "2024-03-02").realised_rollover().redeemed == 5000
    assert r.realised_rollover(until="2024-03-02").redeemed == 5000
    later = r.realised_rollover(since="2024-03-03")
    assert (later.redeemed, later.share) == (5000, 1.0)


def test_a_rule_that_does_not_say_whose_money_was_paid_is_refused() -> None:
    """What was asked, why it cannot be, and by which rules it can."""
    r = gf.look_through(holders.p6(), "F")
    for rule, why in (
        ("poison", "it says what may be touched, not whose money was paid"),
        ("libr", "it follows money forward only"), ("x", "there is no such rule"),
    ):  # fmt: skip
        said = f"rule: what the redemptions of F were paid of cannot be told by the rule {rule}: {why}; given: {rule}; expected: fifo, lifo, prorata"
        with pytest.raises(gf.UsageError, match=f"^{said}$"):
            r.realised_rollover(rule)


def test_where_no_redemption_can_be_traced_it_says_why_and_what_would_help() -> None:
    f = gf.look_through(holders.p6(), "F")
    no = "product: no redemption of product {} {}, net of reversals; in the whole case subscribed: {}; redeemed: {}; given: {}; expected: {}"
    there = (
        "160.00 CNY (2024-03-01)",
        "80.00 CNY (2024-03-01 09:05:00)",
        "F",
        "a period in which there are redemptions",
    )
    nothing = (
        "nothing",
        "nothing",
        "F",
        "in subscriptions, redemption_transfer_id: 1 are said to be redeemed and name no transfer",
    )
    for look, more, said in (
        (f, {"until": "2024-02-01"}, no.format("F", "until 2024-02-01", *there)),
        (gf.look_through(holders.p6(), "F", "2024-02-01"), {}, no.format("F", "until 2024-02-01T23:59:59.999999+08:00", *there)),
        (gf.look_through(holders.p6(), "G"), {}, no.format("G", "in the whole case", "15.00 CNY (2024-03-01 09:03:00)", "nothing", "G", "a product of which something was redeemed: F")),
        (gf.look_through(holders.p2(), "V"), {}, no.format("V", "in the whole case", "nothing", "nothing", "V", "redemptions: the case has none, of any product")),
        (gf.look_through(case_of([], [bought("F", "A", 5, redeemed="2024-03-02")]), "F"), {}, no.format("F", "in the whole case", *nothing)),
    ):  # fmt: skip
        with pytest.raises(gf.UsageError, match="^" + re.escape(said)):
            look.realised_rollover(**more)
    with pytest.raises(gf.UsageError, match=r"^currency: the case has no money in USD"):
        f.realised_rollover(currency="USD")


# ---------------------------------------------------------------------- the register


def test_p7_what_is_missing_in_the_register_and_outside_it() -> None:
    found = gf.register(holders.p7())
    assert found.products[["product_id", "state", "paid_in", "paid_out", "paid", "held"]].values.tolist() == [
        ["W", "registered", 10000, 6100, 0, 10000], ["T", "no_number", 12000, 400, 0, 12000],
        ["V", "registered", 0, 0, 0, 0], ["Y", "no_row", 0, 0, 3000, 0],
    ]  # fmt: skip
    rows = found.gaps.astype({"amount": object})[["problem", "product_id", "row", "amount"]].values.tolist()
    assert [row[:3] for row in rows if row[0] != "subscription_without_transfer"] == [
        ["no_row", "Y", "Y"], ["no_number", "T", "T"], ["no_money", "V", "V"],
        ["transfer_without_subscription", "T", "t1"], ["transfer_without_subscription", "T", "t2"],
        ["transfer_without_subscription", "W", "s2"], ["transfer_without_subscription", "Y", "y1"],
    ]  # fmt: skip
    assert ["subscription_without_transfer", "W", 2500] in [[row[0], row[1], row[3]] for row in rows]
    assert found.products["gaps"].sum() == len(found.gaps)


def test_the_register_at_a_date_knows_nothing_later() -> None:
    found = gf.register(holders.p7(), "2024-02-29").products
    assert found["product_id"].tolist() == ["W", "T", "V"]
    assert found[["transfers", "paid_in", "subscribed"]].sum().tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("by", "groups"),
    [("issuer", {"I": 2, "J": 1, None: 1}), ("project", {"the tower": 2, None: 2}), ("layer", {0: 3, 1: 1}),
     ("region", {"上海": 2, "北京": 1, None: 1})],
)  # fmt: skip
def test_products_sum_by(by: str, groups: dict) -> None:
    found = gf.register(holders.p7())
    frame = found.by(by)
    keys = [None if pd.isna(each) else each for each in frame.iloc[:, 0]]
    assert dict(zip(keys, frame["products"], strict=True)) == groups
    for column in ("paid_in", "held", "gaps", "subscribed"):
        assert frame[column].sum() == found.products[column].sum()
    assert frame[["registered", "no_number", "no_row"]].sum(axis=1).tolist() == frame["products"].tolist()
    with pytest.raises(gf.UsageError, match="issuer, project, layer, region"):
        found.by("colour")


def test_what_does_not_fit_is_listed_row_by_row() -> None:
    tables = {
        "products": [{"product_id": "A", "registered": "1"}],
        "holdings": [holding("A", "B", 5, "product"), holding("Z", "bond", 4)],
        "subscriptions": [
            bought("A", "p", 100, transfer_id="t1"),
            bought("A", "q", 50, transfer_id="gone", redeemed="2024-04-01", redeemed_amount="20"),
            bought("X", "r", 7),
        ],
        "transfers": [
            {"transfer_id": "t1", "time": "2024-03-01", "source": "a", "target": "b", "amount": "99"},
            {"transfer_id": "t2", "time": "2024-05-01", "source": "a", "target": "b", "amount": "1"},
        ],
    }
    case = gf.Case.from_tables(**{name: text_frame(rows) for name, rows in tables.items()}, strict=False)
    found = gf.register(case)
    rows = [[row.problem, row.product_id, row.amount] for row in found.gaps.itertuples()]
    assert rows == [
        ["held_without_row", "B", 500],
        ["subscription_refused", "X", 700],
        ["holding_refused", "Z", 400],
        ["redemption_without_transfer", "A", 2000],
        ["transfer_not_there", "A", 5000],
        ["amount_differs", "A", -100],
        ["paid_back_less", "A", 3000],
    ]
    assert found.products["product_id"].tolist() == ["A", "B", "X", "Z"]
    before = gf.register(case, "2024-03-31").gaps["problem"].tolist()
    assert "paid_back_less" not in before and "transfer_not_there" in before


def test_what_the_register_leaves_empty_and_what_is_past_its_last_day() -> None:
    """By hand: A is closed and over on 2024-03-31 with 100 - 0 still in; 7 came on 04-01, 5 on the day itself."""
    tables = {
        "products": [
            {"product_id": "A", "registered": "1", "issuer_id": "I", "kind": "mixed", "open_type": "closed",
             "end": "2024-03-31"},
            {"product_id": "B", "registered": "2", "issuer_id": "", "kind": "", "open_type": "closed", "end": ""},
            {"product_id": "C", "registered": "3", "issuer_id": "I", "kind": "mixed", "open_type": "open",
             "end": ""},
        ],
        "subscriptions": [
            bought("A", "p", 100), bought("A", "q", 5, time="2024-03-31T12:00:00"),
            bought("A", "r", 7, time="2024-04-01"), bought("B", "p", 3),
        ],
    }  # fmt: skip
    case = gf.Case.from_tables(**{name: text_frame(rows) for name, rows in tables.items()})

    def asked(day: str) -> list[list]:
        gaps = gf.register(case, day).gaps
        mine = gaps[gaps["problem"].isin(["fields_missing", "over", "sold_after_end"])]
        return mine[["problem", "product_id", "row", "amount"]].astype({"amount": object}).values.tolist()

    empty = ["fields_missing", "B", "issuer_id, kind, end", pd.NA]
    assert asked("2024-03-31")[0][:3] == empty[:3] and len(asked("2024-03-31")) == 1
    late = asked("2024-04-02")
    assert [[row[0], row[1], row[3]] for row in late[1:]] == [
        ["over", "A", 11200],
        ["sold_after_end", "A", 700],
    ]


# ---------------------------------------------------------------------- the command line


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """P6 and P7 as cases on disk."""
    folder = tmp_path_factory.mktemp("products")
    for name in ("p6", "p7"):
        assert run(["synth", name, "--out", str(folder / "files" / name)]) == 0
        assert run(["import", str(folder / "files" / name), "--case", str(folder / name)]) == 0
    return folder


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert run(["products", *words]) == 0
    return capsys.readouterr().out


def test_the_command_line_says_the_same_figures(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case, r = str(kept / "p7"), gf.look_through(holders.p7(), "W")
    found = json.loads(told(capsys, case, "W", "--format", "json", "--part", "matrix"))
    assert [row["amount"] for row in found["matrix"]] == [f"{n / 100:.2f}" for n in r.matrix["amount"]]
    assert [(row["related"], row["assets"]) for row in found["related_shares"]] == [
        ("yes", 1), ("disputed", 1), ("unknown", 1),
    ]  # fmt: skip
    assert [row["amount"] for row in found["fees"]] == ["1.00", "2.00"] and found["fee_rate"] == r.fee_rate
    assert "matrix" not in json.loads(told(capsys, case, "W", "--format", "json"))
    rows = told(capsys, case, "W", "--format", "csv", "--part", "restricted_shares").splitlines()
    assert rows[0].startswith("sector,article,since,mark,restricted,assets") and rows[1].startswith(
        "developer"
    )
    plain = told(capsys, case, "W", "--language", "zh")
    assert "33.75" in plain and "最终投资者 × 最终投向" in plain
    assert "房地产开发商" in plain and "developer" not in plain


def test_why_no_part_of_a_layers_fees_is_told_stands_beside_them(capsys: pytest.CaptureFixture[str]) -> None:
    case = ring_with_fees(("A", "B", 100), ("B", "A", 100))
    products.show_product(case, gf.look_through(case, "W"), "table", "en", "assets")
    shown = capsys.readouterr().out
    assert shown.count("in a ring that holds all of itself: no part of it can be told") == 2
    products.show_product(case, gf.look_through(case, "W"), "json", "en", "assets")
    rows = json.loads(capsys.readouterr().out)["fees"]
    assert [(row["fees"], row["amount"], row["ground"]) for row in rows] == [
        ("1.00", "1.00", None), ("4.00", None, "ring"), ("8.00", None, "ring"),
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_overdue_stands_on_the_command_line_and_how_it_counts(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown(form: str, day: str, part: str = "assets") -> str:
        products.show_product(holders.p5(), gf.look_through(holders.p5(), "W", day), form, language, part)
        return capsys.readouterr().out

    title, note = translate(products.TITLES["overdue"], language), translate(OVERDUE_COUNTS, language)
    late, now = shown("table", "2024-09-01"), shown("table", "2024-03-01")
    assert title in late and note in late and title not in now and note not in now
    word = translate(products.STATES["overdue"], language)
    assert [line.split()[1:3] for line in late.splitlines() if line.startswith(f"{word} ")] == [
        ["30.00", "100.00"]
    ]
    assert json.loads(shown("json", "2024-09-01"))["overdue"] == [
        {"side": "assets", "count": 1, "amount": "30.00", "longest": 4},
        {"side": "liabilities", "count": 2, "amount": "100.00", "longest": 154},
    ]
    assert shown("csv", "2024-03-01", "overdue").splitlines()[1] == "assets,0,0.00,"


def test_the_register_on_the_command_line(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case, found = str(kept / "p7"), gf.register(holders.p7())
    said = json.loads(told(capsys, case, "--register", "--format", "json"))
    assert [row["problem"] for row in said["gaps"]] == found.gaps["problem"].tolist()
    assert [row["paid_in"] for row in said["products"]] == ["100.00", "120.00", "0.00", "0.00"]
    groups = told(capsys, case, "--by", "region", "--format", "csv").splitlines()
    assert [line.split(",")[:2] for line in groups[1:]] == [["上海", "2"], ["北京", "1"], ["", "1"]]
    plain = told(capsys, case, "--register", "--language", "zh")
    assert {"认购", "产品"} <= set(plain.split()) and not {"subscriptions", "products"} & set(plain.split())
    assert run(["products", case, "W", "--register"]) == 2
    assert "leave out the one" in capsys.readouterr().err


def shown_tables(text: str) -> dict[str, list[str]]:
    """What was printed, table by table: the heads by the title, columns as they are lined up."""
    blocks = [block.splitlines() for block in text.strip().split("\n\n")]
    return {block[0]: block[1:] for block in blocks}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_person_reads_the_register_in_two_tables_and_many_gaps_together_first(
    language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(text: str) -> str:
        return translate(text, language)

    def shown(case: gf.Case) -> dict[str, list[str]]:
        found = gf.register(case)
        frames = {"products": found.products, "gaps": found.gaps}
        products.show_register(case, frames, "table", language)
        return shown_tables(capsys.readouterr().out)

    few = shown(holders.p7())
    assert list(few) == [say(products.TITLES[each]) for each in ("products", "shown", "gaps")]
    heads = few[say("What is registered (产品登记)")][0].split("  ")
    assert {say(each) for each in ("in the register", "number", "region", "what is missing")} <= {
        each.strip() for each in heads
    }
    shown_head = few[say("What payments, subscriptions and holdings show")][0]
    assert say("how many subscriptions") in shown_head and say("in other currencies") not in shown_head
    assert say("transfers") in "".join(few[say("What is missing or does not fit")])
    paid = [
        {"transfer_id": f"t{n}", "time": "2024-03-01", "source": "a", "target": "b", "amount": "2",
         "product_id": "AB"[n % 2], "currency": "USD" if n == 1 else ""} for n in range(41)
    ]  # fmt: skip
    kinds = [{"product_id": "A", "kind": "wealth_management"}, {"product_id": "B", "kind": "public_fund"}]
    case = case_of(
        [holding("A", "B", 1, "product"), holding("B", "A", 1, "product")], transfers=paid, products=kinds
    )
    many = shown(case)
    together = many[say("What is missing or does not fit, together")]
    counted = {
        line.split()[-2] for line in together[2:] if say(GAPS["transfer_without_subscription"]) in line
    }
    assert counted == {"21", "20"}
    assert say("in other currencies") in many[say("What payments, subscriptions and holdings show")][0]
    rows = many[say("What is registered (产品登记)")]
    assert say("wealth management product") in rows[2] and say("public securities fund") in rows[3]
    assert say("ring") in rows[2].split(), "what has no depth is in a ring"
    for by in ("layer", "issuer"):
        products.show_register(case, {"by": gf.register(case).by(by)}, "table", language)
        [lines] = shown_tables(capsys.readouterr().out).values()
        assert lines[2].strip().startswith(say("ring" if by == "layer" else "not known"))


def test_the_list_of_products_says_what_its_columns_are(capsys: pytest.CaptureFixture[str]) -> None:
    case = case_of([holding("A", "B", 1, "product"), holding("B", "A", 1, "product")], [bought("A", "p", 1)])
    products.show_products(case, list_products(case), "table", "en")
    [lines] = shown_tables(capsys.readouterr().out).values()
    assert lines[0].split("  ")[:1] == ["product"] and lines[2].split() == ["A", "ring", "ring", "1", "1"]
    for head in ("layers with companies", "investors by name", "investors in the end"):
        assert head in lines[0]
    products.show_product(case, gf.look_through(case, "A"), "table", "en", "assets")
    assert (
        f"{products.TITLES['fees']}: no account of a layer is in the case: what was paid is not known"
        in capsys.readouterr().out
    )


def test_realised_rollover_on_the_command_line(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = str(kept / "p6")
    said = json.loads(told(capsys, case, "F", "--rollover", "prorata", "--format", "json"))
    assert (said["rule"], said["redeemed"], said["share"], said["untold"]) == (
        "prorata",
        "80.00",
        0.75,
        0.0625,
    )
    assert "93.7500 %" in told(capsys, case, "F", "--rollover")
    assert run(["products", case, "G", "--rollover"]) == 2
    assert run(["products", case, "--rollover"]) == 2
    capsys.readouterr()
    for words, said in (
        (["F", "--rollover", "--until", "2024-02-01"], "PRODUCT: no redemption of product F until 2024-02-01"),
        (["F", "--rollover", "poison"], "--rollover: what the redemptions of F were paid of cannot be told by the rule poison: "),
        (["--rollover", "F"], f"given: F; expected: products {case} F --rollover"),
        (["F", "--since", "2024-01-01", "--currency", "CNY"], "--since: only with --rollover\n--currency: only with --rollover"),
        (["F", "--rollover", "--currency", "USD"], "--currency: the case has no money in USD"),
    ):  # fmt: skip
        assert run(["products", case, *words]) == 2
        assert said in capsys.readouterr().err


def page(
    case: gf.Case, product: str, capsys: pytest.CaptureFixture[str], language: str = "en"
) -> list[list[str]]:
    """What is printed of a product, by paragraph."""
    capsys.readouterr()
    products.show_product(case, gf.look_through(case, product), "table", language, "assets")
    return [part.splitlines() for part in capsys.readouterr().out.split("\n\n")]


def table_of(pages: list[list[str]], title: str) -> list[str]:
    (found,) = [part for part in pages if part[0].startswith(title)]
    return found


def test_money_is_shown_with_its_currency(capsys: pytest.CaptureFixture[str]) -> None:
    """The case's in the heading; where a row has one of its own, beside the amount, in its digits."""
    case = case_of(
        [holding("F", "bond", 10)], [bought("F", "A", 5, due="2030-01-01")],
        transfers=[
            {"transfer_id": name, "time": "2024-01-01", "source": "M", "target": "B", "amount": "700", "currency": coin, "kind": "fee"}
            for name, coin in (("t1", "JPY"), ("t2", "CNY"))
        ],
        accounts=[{"account_id": "M", "product_id": "F"}],
    )  # fmt: skip
    pages = page(case, "F", capsys)
    for title in ("Assets in the end", "Investors in the end", "Assets by sector", "Whose money"):
        assert table_of(pages, title)[1].endswith("amount, CNY")
    assert "liabilities, CNY" in table_of(pages, "Maturities")[1]
    fees = table_of(pages, "Fees paid")
    assert "currency" not in fees[1] and "CNY" not in fees[1]
    assert "700.00 CNY" in fees[3] and "700 JPY" in fees[4]
    capsys.readouterr()
    products.show_product(case, gf.look_through(case, "F"), "json", "en", "assets")
    rows = json.loads(capsys.readouterr().out)["fees"]
    assert [(row["currency"], row["fees"]) for row in rows] == [("CNY", "700.00"), ("JPY", "700")]
    found = gf.register(case)
    assert "subscribed, CNY" in _register_page(case, found, capsys)


def _register_page(case: gf.Case, found: Any, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    products.show_register(case, {"products": found.products, "gaps": found.gaps}, "table", "en")
    return capsys.readouterr().out


def test_a_payment_in_another_currency_is_no_amount_of_the_cases() -> None:
    case = case_of([], transfers=[
        {"transfer_id": name, "time": "2024-01-01", "source": "A", "target": "M", "amount": "700", "currency": coin, "product_id": "F"}
        for name, coin in (("t1", "JPY"), ("t2", "CNY"))
    ], products=[{"product_id": "F"}])  # fmt: skip
    gaps = gf.register(case).gaps
    amounts = gaps[gaps["problem"] == "transfer_without_subscription"].set_index("row")["amount"]
    assert amounts["t2"] == 70000 and pd.isna(amounts["t1"])


def test_a_table_of_zeros_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    pages = page(holders.p1(), "W", capsys)
    assert table_of(pages, "Maturities") == [
        "Maturities, in days (期限): no date is known; without one: assets 100.00 CNY, liabilities 0.00 CNY"
    ]
    assert table_of(pages, "Fees paid") == [
        "Fees paid along the layers (通道费用): no account of a layer is in the case: what was paid is not known"
    ]
    free = case_of([holding("F", "bond", 10)], accounts=[{"account_id": "M", "product_id": "F"}], transfers=[
        {"transfer_id": "t", "time": "2024-01-01", "source": "A", "target": "M", "amount": "7"},
    ])  # fmt: skip
    assert table_of(page(free, "F", capsys), "Fees paid") == [
        "Fees paid along the layers (通道费用): none were paid"
    ]
    assert len(table_of(page(holders.p5(), "W", capsys), "Maturities")) > 3


def test_a_rollover_without_new_money_says_so_and_lists_no_zeros(capsys: pytest.CaptureFixture[str]) -> None:
    r = rollover_of(
        [("e", "p", "M", 50, "2024-03-01"), ("r1", "M", "a", 50, "2024-03-02")],
        [bought("F", "A", 50, redeemed="2024-03-02", redemption_transfer_id="r1")],
    )
    capsys.readouterr()
    products.show_rollover(r.positions.case, r.realised_rollover(), "table", "en")
    said = capsys.readouterr().out
    assert "No money of new subscriptions is found in it, of the product or of others of its issuer." in said
    assert "new subscriptions of" not in said.partition("came from")[2] and "amount, CNY" in said
    assert "came from outside our statements" in said
    products.show_rollover(
        holders.p6(), gf.look_through(holders.p6(), "F").realised_rollover(), "table", "en"
    )
    said = capsys.readouterr().out
    assert (
        "No money of new" not in said and "new subscriptions of the product" in said.partition("came from")[2]
    )


def test_words_of_ours_are_said_and_not_their_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """Kinds of products, sectors, rules, tables and who stands above a borrower, in what a person reads."""
    case = case_of(
        [holding("W", "loan", 5, "loan", borrower_id="D"), holding("W", "T", 5, "product")], [bought("W", "T2", 5)],
        products=[{"product_id": "W", "kind": "wealth_management"}, {"product_id": "T", "kind": "public_fund"}, {"product_id": "T2"}],
        parties=[{"party_id": "D", "name": "D Ltd", "kind": "company", "sector": "developer"}, {"party_id": "P", "name": "Ms P", "kind": "person"}],
        stakes=[{"owner_id": "P", "company_id": "D", "share": "1"}],
    )  # fmt: skip
    pages = page(case, "W", capsys)
    layers = table_of(pages, "Products and companies")
    assert "wealth management product" in layers[3]
    assert layers[4].count("public securities fund") == 2, "its kind, and the ground on which it is no layer"
    assert "Ms P (P)" in table_of(pages, "Borrowers in the end")[3]
    assert table_of(pages, "Assets by sector")[3].startswith("property developer")
    products.show_products(case, list_products(case), "table", "en")
    assert "wealth management product" in capsys.readouterr().out
    said = _register_page(case, gf.register(case), capsys)
    assert "wealth management product" in said and " subscriptions " in said
    products.show_register(case, {"gaps": gf.register(case).gaps}, "table", "zh")
    assert " subscriptions " not in capsys.readouterr().out
    products.show_rollover(
        holders.p6(), gf.look_through(holders.p6(), "F").realised_rollover("prorata"), "table", "en"
    )
    assert "Pro rata (比例法)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [["products", "例"], ["owners", "例"], ["related", "例", "A"], ["weakest-link", "例", "A"]]
)
def test_a_chinese_reader_is_told_in_chinese_what_is_not_found(
    words: list[str], kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([words[0], str(kept / "p7"), *words[1:], "--language", "zh"]) == 2
    assert capsys.readouterr().err.startswith(
        ("产品：没有产品", "公司：没有主体", "主体：没有主体", "所有人：没有主体")
    )


def test_the_command_lines_lists_are_those_of_the_rooms() -> None:
    # it keeps its own, so that a wrong word is told before anything heavy is imported
    assert tuple(cli.PRODUCT_GROUPS) == tuple(GROUPS)
    assert (*products.PARTS, *products.MORE) == cli.PRODUCT_PARTS
    assert set(products.PARTS) <= set(products.TITLES)


def test_a_payment_for_two_products_counts_for_each_with_its_part() -> None:
    def asked(subscriptions: list[dict[str, str]], day: str | None = None) -> Any:
        paid = [{"transfer_id": "1", "time": "2024-01-01", "source": "p", "target": "m", "amount": "100"}]
        case = small.case_of({
            "transfers": small.frame_of(paid), "accounts": small.frame_of([{"account_id": "p", "party_id": "P"}]),
            "parties": small.frame_of([{"party_id": "P", "name": "P", "kind": "person"}]),
            "products": small.frame_of([{"product_id": p, "registered": p} for p in ("W", "T")]),
            "subscriptions": small.frame_of([{"investor_id": "P", "transfer_id": "1", **row} for row in subscriptions]),
        })  # fmt: skip
        return gf.register(case, day)

    both = asked([
        {"product_id": "W", "amount": "60", "time": "2024-01-01"}, {"product_id": "T", "amount": "40", "time": "2024-01-01"}
    ])  # fmt: skip
    shown = both.products.set_index("product_id")[["transfers", "paid_in"]]
    assert shown.loc["W"].tolist() == [1, 6000] and shown.loc["T"].tolist() == [1, 4000]
    assert "amount_differs" not in set(both.gaps["problem"])
    later = [
        {"product_id": "W", "amount": "60", "time": "2024-01-01"},
        {"product_id": "W", "amount": "40", "time": "2024-01-03"},
    ]
    assert "amount_differs" not in set(asked(later, "2024-01-02").gaps["problem"]), (
        "the rest is subscribed the day after"
    )
    assert "amount_differs" in set(asked(later[:1]).gaps["problem"])


def test_tables_of_very_large_sums_close_too() -> None:
    rng = random.Random(3)
    for _ in range(50):
        rows = [rng.randint(0, 2**60) for _ in range(3)]
        cut = sorted(rng.randint(0, sum(rows)) for _ in range(2))
        columns = [cut[0], cut[1] - cut[0], sum(rows) - cut[1]]
        table = crossed(rows, columns)
        assert table.sum(axis=1).tolist() == rows and table.sum(axis=0).tolist() == columns
        assert all(
            0 <= int(table[i, j]) - r * c // sum(rows) <= 1
            for i, r in enumerate(rows)
            for j, c in enumerate(columns)
        )


def test_borrowers_under_one_controller_stand_together() -> None:
    # of O5, P controls A, B and C, and nobody is known to control D
    parties, stakes = (holders.o5().tables.frame(name) for name in ("parties", "stakes"))
    held = [
        {
            "product_id": "W",
            "asset_id": f"loan {who}",
            "asset_kind": "loan",
            "amount": amount,
            "borrower_id": who,
        }
        for who, amount in (("D", "50"), ("C", "30"), ("A", "20"), ("P", "10"))
    ]
    case = small.case_of({
        "parties": parties[["party_id", "name", "kind"]], "products": small.frame_of([{"product_id": "W"}]),
        "stakes": stakes[["owner_id", "company_id"]].assign(share=[f"{each / 10**9:.9f}" for each in stakes["share"]]),
        "holdings": small.frame_of(held),
    })  # fmt: skip
    rows = gf.look_through(case, "W").borrowers
    assert rows[["borrower_id", "group"]].values.tolist() == [["C", "P"], ["A", "P"], ["P", "P"], ["D", "D"]]
    assert rows["weight"].tolist() == pytest.approx([30 / 110, 20 / 110, 10 / 110, 50 / 110])
    assert rows["group_weight"].tolist() == pytest.approx([60 / 110] * 3 + [50 / 110])
