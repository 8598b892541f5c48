"""RL-04: what texts promise, yields that assets do not explain, and of whose money investors were paid."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.rl04_promised_principal import find, promise_in
from graphflow.redlines.yields import MOST_EXACT, root, variance
from graphflow.synthesis.lines import rl04, rl25
from graphflow.synthesis.small import Frames, case_of, frame_of
from tests.redlines.edits import changed, rows, with_rows, without_column, without_tables


def found(frames: Frames, **more: Any) -> list[Finding]:
    return list(check(case_of(frames), only="RL-04", **more).findings)


def the_one(frames: Frames, **more: Any) -> Finding:
    (only,) = found(frames, **more)
    return only


def figures(f: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in f.measures}


def hits(f: Finding) -> set[str]:
    return {t.name for t in f.tests if t.hit}


def states(f: Finding) -> dict[str, str]:
    return {e.name: e.state for e in f.elements}


# ---------------------------------------------------------------- smoothing


def test_the_vector() -> None:
    f = the_one(rl04.toy_tables())
    assert (f.measure, f.value, f.threshold) == ("smooth", 1, Fraction(9, 10)) and hits(f) == {"smoothing"}
    told = figures(f)
    assert (told["maturities"], told["kept"], told["periods"]) == (12, 1, 4)
    assert told["least_paid"] == told["most_paid"] == Fraction(8, 100)
    assert told["spread"] ** 2 >= variance([Fraction(each, 100) for each in (2, 6, 10, 14)])
    assert Fraction(447213595, 10**10) < told["spread"] < Fraction(447213596, 10**10)
    assert (told["put_in"], told["redeemed"]) == (12 * 120_000_00, 12 * 120_800_00)
    assert f.severity == "medium" and f.kinds == {"register": "shown", "statement": "shown"}
    assert f.subject_id == "P" and states(f)["regardless"] == "shown"


def test_a_series_of_products_is_one_managers() -> None:
    f = the_one(rl04.series_toy_tables())
    assert (f.subject_kind, f.subject_id, f.value) == ("party", "MANAGER", 1)
    assert (figures(f)["maturities"], figures(f)["periods"]) == (12, 12)
    nobody = without_column(
        without_column(rl04.series_toy_tables(), "products", "manager_id"), "products", "issuer_id"
    )
    assert not found(nobody), "nobody says that they are one's"
    assert not found(rl04._smoothed(paid=(800,) * 7, spread=3)), "seven of them together"


def paid(gains: list[int], yields: tuple[str, ...] = ("0.02", "0.06", "0.10", "0.14")) -> list[Finding]:
    return found(rl04._smoothed(yields, gains))


def test_what_follows_the_assets_is_not_smoothed() -> None:
    assert not found(rl04.near_miss_tables())
    assert not found(rl04._smoothed(paid=rl04.GAINS))
    promised = changed(rl04._smoothed(paid=rl04.GAINS), "products", {}, promised_yield="0.02")
    assert not list(find(case_of(promised), kept="0.25")), "as promised on a quarter, and it goes up and down"
    (loose,) = find(case_of(promised), kept="0.25", smooth="-0.1")
    assert loose.value == 0, "each of them as far apart as the other"


def test_as_promised_is_less_than_five_basis_points_away_on_95_of_100() -> None:
    assert len(paid([800] * 12)) == 1
    assert len(paid([804] * 12)) == 1, "8.04 %"
    assert not paid([805] * 12), "8.05 %: not less than five basis points"
    assert not paid([800] * 11 + [790]), "eleven of twelve"
    assert len(paid([800] * 19 + [790])) == 1 and not paid([800] * 18 + [790])
    assert not found(without_column(rl04.toy_tables(), "products", "promised_yield"))


def test_eight_maturities_on_days_of_their_own() -> None:
    assert len(paid([800] * 8)) == 1 and not paid([800] * 7)
    same = rl04.toy_tables()
    for column in ("time", "redeemed"):
        same["subscriptions"][column] = same["subscriptions"][column].iloc[0]
    assert not found(same), "twelve investors of one day are one maturity"
    assert len(list(find(case_of(rl04.few_near_miss_tables()), maturities=7))) == 1


def test_assets_that_hardly_vary_say_nothing() -> None:
    assert not found(rl04.steady_near_miss_tables())
    assert len(list(find(case_of(rl04.steady_near_miss_tables()), spread="0.0007"))) == 1
    assert not list(find(case_of(rl04.steady_near_miss_tables()), spread="0.00071"))
    flat = rl04._smoothed(yields=("0.08",) * 4)
    assert not list(find(case_of(flat), spread=0)), "a deviation of nought is no measure of anything"


def test_four_periods_of_which_the_income_is_known() -> None:
    assert not paid([800] * 12, ("0.02", "0.06", "0.14"))
    frames = rl04.toy_tables()
    frames["holdings"].loc[1, "income"] = ""
    assert not found(frames), "what is not stated is not nought"
    cash = with_rows(rl04.toy_tables(), holdings=[
        {"product_id": "P", "asset_id": "cash", "asset_kind": "cash", "amount": "1", "as_of": str(rl04._month(3))},
    ])  # fmt: skip
    assert the_one(cash).value == 1
    late = changed(rl04.toy_tables(), "products", {}, start="2022-07-15")
    assert not found(late), "the first two reports are of before it began"


def test_assets_are_taken_together() -> None:
    frames = rl04.toy_tables()
    out = rows(frames["holdings"])
    more = []
    for number, row in enumerate(
        out
    ):  # another that earns what the first does not: together 8 % a year, always
        more.append({**row, "asset_id": "other", "income": str(2 * 24_000 - int(row["income"]))})
        assert number < 4
    assert not found(with_rows(frames, holdings=more))


def test_nine_tenths_are_compared_by_squares() -> None:
    """Yields a hundredth apart beside assets a tenth apart: 0.9 exactly; and a root that has no end."""
    frames = changed(
        rl04._smoothed(("0.05", "0.15", "0.05", "0.15"), []), "products", {}, promised_yield="0.1"
    )

    def of(gains: tuple[int, ...]) -> gf.Case:
        some = [
            {"product_id": "P", "investor_id": f"I{n}", "amount": "1200000", "time": f"{rl04._month(n)}T09:00:00",
             "redeemed": f"{rl04._month(n + 1)}T15:00:00", "redeemed_amount": str(1_200_000 + gains[n % len(gains)])}
            for n in range(8)
        ]  # fmt: skip
        return case_of({**frames, "subscriptions": frame_of(some)})

    (f,) = find(of((9_500, 10_500)), close="0.01")
    assert f.value == Fraction(9, 10) and f.measures[0].met
    assert not list(find(of((9_500, 10_501)), close="0.01")) and list(find(of((9_500, 10_499)), close="0.01"))
    endless = of((9_500, 10_500, 10_000, 10_000))
    (f,) = find(endless, close="0.01")
    assert f.value == 1 - root(Fraction(1, 200)) and f.value**2 != (1 - f.value) ** 2
    near = 1 - root(Fraction(1, 200), 30)  # above what is told to twelve digits, below the root itself
    assert near > f.value
    (f,) = find(endless, close="0.01", smooth=near)
    assert f.value >= near and f.measures[0].met
    assert not list(find(endless, close="0.01", smooth=near + Fraction(1, 10**30)))


def test_a_root_is_exact_or_rounded_up() -> None:
    assert root(Fraction(9, 16)) == Fraction(3, 4) and root(Fraction(0)) == 0
    for square in (Fraction(2), Fraction(1, 3), Fraction(10**20 + 1)):
        up = root(square)
        assert up**2 >= square > (up - Fraction(1, 10**12)) ** 2
    many = [Fraction(number, 7 * 10**13) for number in range(MOST_EXACT + 1)]
    assert abs(variance(many) - sum((x - sum(many) / len(many)) ** 2 for x in many) / len(many)) < Fraction(
        1, 10**20
    )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-300, 900), min_size=8, max_size=12),
    st.lists(st.integers(-200, 400), min_size=4, max_size=4),
    st.integers(1, 99),
)
def test_smoothing_is_what_the_formula_says(gains: list[int], earned: list[int], least: int) -> None:
    """In plain Python, with squares of whole numbers."""
    frames = rl04._smoothed([str(each / 1000) for each in earned], gains)
    theirs = [gain * 12 for gain in gains]  # of 120,000 a year
    assets = [each * 120 for each in earned]
    n, m = len(theirs), len(assets)
    of_theirs = sum((n * each - sum(theirs)) ** 2 for each in theirs) * m**3
    of_assets = sum((m * each - sum(assets)) ** 2 for each in assets) * n**3
    hit = of_assets > 0 and 10_000 * of_theirs <= (100 - least) ** 2 * of_assets
    got = list(find(case_of(frames), kept=0, spread=0, smooth=Fraction(least, 100)))
    assert bool(got) == hit


# ---------------------------------------------------------------- texts


@pytest.mark.parametrize(
    "text",
    [
        "保本保息", "本产品承诺保本，随时可取", "本金保障计划", "年化8%，无风险", "由集团兜底", "到期刚性兑付",
        "principal protected", "returns are guaranteed", "no risk at all", "母公司无条件不可撤销地承诺保本",
    ],
)  # fmt: skip
def test_what_promises(text: str) -> None:
    assert promise_in(text)
    assert hits(the_one(rl04._frames(rl04._product(guarantee=text)))) == {"promised"}


@pytest.mark.parametrize(
    "text",
    [
        "", "无", "不保本", "非保本浮动收益", "不承诺保本、保收益", "本基金不保证本金和最低收益", "打破刚性兑付", "无担保", "none",
        "not guaranteed", "returns are not guaranteed", "non-guaranteed", "without guaranteed return",
    ],
)  # fmt: skip
def test_what_promises_nothing(text: str) -> None:
    assert not promise_in(text)
    assert not found(rl04._frames(rl04._product(guarantee=text)))


def test_what_stands_in_the_column_is_told_by_its_words_or_inferred() -> None:
    f = the_one(rl04.text_toy_tables())
    assert (f.measure, f.value, f.severity) == ("promises", 1, "high") and f.kinds == {"contract": "shown"}
    assert "平台承诺保本保息" in str(f.summary) and states(f)["promised"] == "shown"
    f = the_one(rl04._frames(rl04._product(guarantee="安保公司连带责任保证")))
    assert (
        f.kinds == {"contract": "inferred"} and states(f)["promised"] == "inferred" and f.severity == "medium"
    )
    assert found(rl04._frames(rl04._product(guarantee="无条件不可撤销连带责任保证"))), (
        "no denial, but stronger"
    )
    f = the_one(rl04._frames(rl04._product(name="保本一号", guarantee="承诺兜底")))
    assert f.value == 2


def test_guarantees_of_who_runs_it_or_its_group() -> None:
    frames = rl04.guarantor_toy_tables()
    f = the_one(frames)
    assert (f.subject_id, f.amount, figures(f)["own_guarantees"]) == ("P", 500_000_000, 1)
    assert not found(without_tables(frames, "stakes")), "a guarantor from outside"
    assert not found(changed(frames, "guarantees", {}, kind="流动性支持")), "a line is none"
    with_loan = with_rows(frames, loans=[
        {"loan_id": "L", "borrower_id": "B", "principal": "1", "start": "2022-02-01"},
    ])  # fmt: skip
    assert not found(changed(with_loan, "guarantees", {}, loan_id="L")), "it secures an asset"
    assert found(changed(frames, "guarantees", {}, guarantor_id="MANAGER"))
    assert not list(find(case_of(frames), promises=2))
    denied = the_one(changed(frames, "products", {"product_id": "P"}, guarantee="不保本"))
    assert denied.value == 1 and "says" not in str(denied.summary)


@pytest.mark.parametrize("product", ["D", "E", "F", "G"])
def test_what_a_law_guarantees(product: str) -> None:
    frames = rl04.legal_near_miss_tables()
    assert not found(frames)
    others = changed(
        frames, "products", {"product_id": product}, issuer_id="MANAGER", manager_id="MANAGER", kind="mixed"
    )
    assert [f.subject_id for f in found(others)] == [product]
    assert not found(changed(frames, "products", {"product_id": "D"}, name="结构性存款二号"))
    assert found(changed(frames, "products", {"product_id": "D"}, name="稳健理财")), "no deposit"


def test_it_is_graver_of_what_is_no_financial_institution() -> None:
    text = rl04._product(guarantee="保本保息")
    assert the_one(rl04._frames(text)).severity == "medium"
    assert the_one(rl04._frames(text, sector="p2p_platform")).severity == "high"
    unknown = the_one(rl04._frames(text, sector=""))
    assert unknown.severity == "medium" and "not stated" in unknown.severity_note
    licence = {"party_id": "MANAGER", "function": "asset_management", "since": "2015-01-01"}
    licensed = with_rows(rl04._frames(text, sector="ordinary"), licences=[licence])
    assert the_one(licensed).severity == "medium"
    assert (
        the_one(
            with_rows(rl04._frames(text, sector="ordinary"), licences=[{**licence, "function": "lending"}])
        ).severity
        == "high"
    )


def test_as_of_a_day() -> None:
    frames = rl04.text_toy_tables()
    assert not found(frames, as_of="2021-12-31"), "it had not begun"
    assert found(frames, as_of="2022-02-01")
    toy = rl04.toy_tables()
    assert not found(toy, as_of="2022-08-31") and not found(toy, as_of="2022-12-15T12:00:00")
    assert found(toy, as_of="2023-01-16")


# ---------------------------------------------------------------- of whose money


def test_its_own_money() -> None:
    f = the_one(rl04.own_toy_tables())
    assert (f.measure, f.value, f.subject_id) == ("source", Fraction(1, 10), "PLATFORM") and hits(f) == {
        "source"
    }
    assert figures(f)["paid_own"] == f.amount == f.amount_least == 10_000_000
    assert set(f.by_rule.values()) == {Fraction(1, 10)} and f.severity == "high"
    assert not list(find(case_of(rl04.own_toy_tables()), source="0.101"))


def test_a_new_products_money() -> None:
    f = the_one(rl04.rolling_toy_tables())
    assert f.value == Fraction(1, 10) and figures(f)["paid_cross"] == 10_000_000


def test_a_third_partys_money() -> None:
    f = the_one(rl04.third_toy_tables())
    assert f.value == Fraction(1, 5) and figures(f)["paid_stand_in"] == 20_000_000
    assert not found(rl04.third_tables("货款", False, "ordinary")), "what an asset's buyer pays is its return"
    guarantee = {"guarantor_id": "THIRD", "beneficiary_id": "I01", "product_id": "P", "since": "2023-03-01"}
    given_ = with_rows(rl04.third_tables("往来", False, "ordinary"), guarantees=[guarantee])
    assert the_one(given_).value == Fraction(1, 5), "whoever guarantees the product pays in its place"


def test_a_guarantor_of_loans_by_trade_is_there_for_it() -> None:
    assert not found(rl04.guaranteed_near_miss_tables())
    assert the_one(rl04.third_tables("代偿款", True, "ordinary")).value == Fraction(1, 5)
    frames = rl04.third_tables("代偿款", True, "ordinary")
    licence = {"party_id": "THIRD", "function": "guarantee", "since": "2015-01-01"}
    assert not found(with_rows(frames, licences=[licence]))
    assert the_one(rl04.third_tables("代偿款", False, "guarantor")).value == Fraction(1, 5), (
        "no loan, but a product"
    )


def test_what_others_pay_straight() -> None:
    f = the_one(rl04.straight_toy_tables())
    assert f.value == Fraction(1, 5) and figures(f)["paid_straight"] == 20_000_000
    assert figures(f)["paid"] == 100_000_000
    frames = rl04.straight_toy_tables()
    for change in ({"sector": "fund_distributor"}, {"sector": "payment_institution"}):
        assert not found(changed(frames, "parties", {"party_id": "THIRD"}, **change)), (
            "it passes money on by trade"
        )
    assert not found(changed(frames, "accounts", {"account_id": "third"}, product_id="P"))
    assert not found(changed(frames, "accounts", {"account_id": "third"}, party_id="")), "it may be anybody's"
    assert not found(without_column(frames, "subscriptions", "redemption_transfer_id"))
    lone = [
        row for row in rows(frames["transfers"]) if not (row["source"] == "custody" and row["memo"] == "兑付")
    ]
    f = the_one({**frames, "transfers": frame_of(lone)})  # custody's own statement is not here
    assert f.value == Fraction(1, 5) and figures(f)["paid"] == 100_000_000


def test_an_affiliate_that_pays_straight_is_of_its_group() -> None:
    frames = with_rows(
        rl04.straight_toy_tables(), stakes=[{"owner_id": "MANAGER", "company_id": "THIRD", "share": "1"}]
    )
    f = the_one(frames)
    assert (
        f.value == Fraction(1, 5)
        and figures(f)["paid_straight"] == 0
        and figures(f)["paid_own"] == 20_000_000
    )


def test_an_investor_who_buys_is_no_third_party() -> None:
    assert not found(rl04.units_near_miss_tables())


def test_an_open_fund_at_its_value_is_left_out() -> None:
    assert not found(rl25.open_near_miss_tables())


def test_each_test_says_what_it_lacks() -> None:
    tests = check(case_of(rl04.toy_tables()), only="RL-04").tests.set_index("test")
    assert tests["ran"].to_dict() == {"promised": True, "smoothing": True, "source": False}
    euros = gf.Case.from_tables(currency="EUR", **rl04.toy_tables())
    assert [f.value for f in check(euros, only="RL-04").findings] == [1]


# ---------------------------------------------------------------- to the unit, and what does not count


def test_exactly_a_tenth_and_exactly_a_fifth_are_enough() -> None:
    assert list(find(case_of(rl04.own_toy_tables()), source="0.1"))
    assert list(find(case_of(rl04.straight_toy_tables()), source="0.2"))
    assert not list(find(case_of(rl04.straight_toy_tables()), source="0.20001"))


def test_who_holds_a_products_money_stands_in_for_nobody() -> None:
    frames = rl04.straight_toy_tables()
    assert not found(changed(frames, "products", {"product_id": "P"}, custodian_id="THIRD"))
    assert not found(changed(frames, "accounts", {"account_id": "third"}, kind="client_custody"))


def test_an_account_that_the_manager_signs_for_is_no_third_partys() -> None:
    f = the_one(changed(rl04.straight_toy_tables(), "accounts", {"account_id": "third"}, signer_id="MANAGER"))
    assert figures(f)["paid_straight"] == 0 and figures(f)["paid_own"] == 20_000_000


def test_what_is_promised_is_told_apart_from_what_was_paid() -> None:
    f = the_one(rl04.text_toy_tables())
    assert states(f)["regardless"] == states(f)["stands_in"] == "unknown"
    frames = changed(rl04.toy_tables(), "products", {}, guarantee="保本保息")
    both = the_one(frames)
    assert hits(both) == {"promised", "smoothing"} and states(both)["regardless"] == "shown"
    assert both.kinds == {"contract": "shown", "register": "shown", "statement": "shown"}


def test_what_new_investors_paid_counts_in_the_months_that_rl25_finds() -> None:
    frames = rl25.zhouhui_toy_tables()
    (old,) = check(case_of(frames), only="RL-25").findings
    (f,) = [f for f in find(case_of(frames)) if hits(f) == {"source"}]
    told = {m.name: m.value for m in f.measures}
    theirs = {m.name: m.value for m in old.measures}
    assert told["paid_rolled"] == theirs["paid_others"] > 0 and f.value == told["paid_rolled"] / told["paid"]
    assert f.parameters["RL-25.ponzi"]["value"] == "1/2"
    law = {("RL-25", "ponzi"): Fraction(2), ("RL-25", "once"): Fraction(2)}
    assert not [f for f in find(case_of(frames), law=law) if hits(f) == {"source"}]  # type: ignore[arg-type]
    assert not list(find(case_of(rl25.near_miss_tables())))
