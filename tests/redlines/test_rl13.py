"""RL-13, by hand: each of the five signs alone, what speaks against them, and the arithmetic against a naive one."""

from __future__ import annotations

import datetime
import itertools
import math
import statistics
from decimal import Decimal, getcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.rl13_debt_as_equity import LINE, SIGNS, grown, per_year, root, spread_of
from graphflow.synthesis.lines import rl13
from graphflow.synthesis.small import Frames, case_of, frame_of
from tests.redlines.edits import changed, rows, with_rows, without_tables


def found(frames: Frames, **asked: object) -> list[Finding]:
    return list(LINE.find(case_of(frames), **asked))


def hits(f: Finding) -> set[str]:
    return {t.name for t in f.tests if t.hit}


def measured(f: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in f.measures}


def test_the_vector() -> None:
    (f,) = check(rl13.toy(), only="RL-13").findings
    assert f.value == 4 and hits(f) == {"dates", "yield", "loss", "exit"} and f.threshold == 3
    got = measured(f)
    assert got["rate"] == Fraction(2, 25) and got["at_loss"] == 2 and got["exit"] == 1
    assert got["capital"] == 100_000 and got["paid"] == 8_000 and got["spread"] == 0
    assert got["interval"] < Fraction(15, 1000) and f.severity == "medium" and f.subject_id == "COMPANY"
    assert set(f.kinds) == {"flow", "ownership", "register", "statement"}


def test_each_sign_needs_its_own_tables_and_the_others_go_on() -> None:
    c = check(case_of(without_tables(rl13.toy_tables(), "financials")), only="RL-13")
    assert dict(zip(c.tests["test"], c.tests["ran"], strict=True)) == {
        "dates": True, "yield": True, "loss": False, "exit": True, "rights": True,
    }  # fmt: skip
    (f,) = c.findings
    assert hits(f) == {"dates", "yield", "exit"}
    (said,) = (e for e in f.elements if e.name == "fixed")
    assert "cannot be told: (3)" in said.note
    no_stakes = check(case_of(without_tables(rl13.toy_tables(), "stakes")), only="RL-13")
    assert no_stakes.not_assessable["code"].tolist() == ["RL-13"]


def test_two_signs_are_not_enough() -> None:
    base = without_tables(rl13.toy_tables(), "financials")
    assert not found(changed(base, "transfers", {"transfer_id": "exit"}, amount="1100"))
    assert found(changed(base, "transfers", {"transfer_id": "exit"}, amount="1100"), signs=2)


# ---------------------------------------------------------------- (1) and (2)


@pytest.mark.parametrize(
    ("days", "hit"),
    [(("2017-06-30", "2017-09-30", "2017-12-31", "2018-03-31"), True),
     (("2017-06-20", "2017-09-22", "2017-12-20", "2018-03-26"), True),
     (("2017-05-30", "2017-09-30", "2017-11-15", "2018-03-31"), False)],
)  # fmt: skip
def test_fixed_days(days: tuple[str, ...], hit: bool) -> None:
    base = rl13.toy_tables()
    for number, day in enumerate(days, 1):
        base = changed(base, "transfers", {"transfer_id": f"pay{number}"}, time=f"{day}T15:00:00")
    (f,) = found(base, signs=2)
    assert ("dates" in hits(f)) == hit


def test_a_days_payments_are_one_and_three_payments_are_too_few() -> None:
    base = rl13.toy_tables()
    halves = [
        {**row, "transfer_id": f"{row['transfer_id']}-{half}", "amount": "10"}
        for row in rows(base["transfers"]) if row["transfer_id"].startswith("pay") for half in "ab"
    ]  # fmt: skip
    others = [row for row in rows(base["transfers"]) if not row["transfer_id"].startswith("pay")]
    (f,) = found({**base, "transfers": frame_of([*others, *halves])})
    assert measured(f)["rate"] == Fraction(2, 25) and measured(f)["pays"] == 4
    three = {
        **base,
        "transfers": frame_of([r for r in rows(base["transfers"]) if r["transfer_id"] != "pay4"]),
    }
    (f,) = found(three, signs=2)
    assert hits(f) == {"loss", "exit"}


def test_the_yield_has_to_be_constant() -> None:
    base = rl13.toy_tables()
    near = changed(base, "transfers", {"transfer_id": "pay2"}, amount="21")  # 8.4 % once: sd 0.17 points
    assert "yield" in hits(found(near)[0])
    far = changed(base, "transfers", {"transfer_id": "pay2"}, amount="23")  # 9.2 %: sd 0.52 points
    assert "yield" not in hits(found(far)[0])


def test_a_yield_beyond_any_loans_is_none_on_the_capital() -> None:
    base = rl13.toy_tables()
    for number in range(1, 5):
        base = changed(base, "transfers", {"transfer_id": f"pay{number}"}, amount="95")  # 38 % a year
    assert not found(base)
    assert found(base, highest="0.4")


# ---------------------------------------------------------------- (3)


def test_payments_at_a_loss_are_counted_by_the_last_accounts_before_them() -> None:
    base = rl13.toy_tables()
    assert measured(found(base)[0])["at_loss"] == 2
    yearly = {**base, "financials": frame_of([
        {"party_id": "COMPANY", "period_end": "2016-12-31", "net_profit": "4"},
        {"party_id": "COMPANY", "period_end": "2017-12-31", "net_profit": "0"},
    ])}  # fmt: skip
    assert measured(found(yearly)[0])["at_loss"] == 2  # no profit is no profit: the last two
    bare = base  # a payment on the very day of the accounts counts by these
    for number, day in enumerate(("2017-06-30", "2017-09-30", "2017-12-31", "2018-03-31"), 1):
        bare = changed(bare, "transfers", {"transfer_id": f"pay{number}"}, time=day)
    lost = changed(bare, "financials", {"period_end": "2018-03-31"}, net_profit="-1")
    assert measured(found(bare)[0])["at_loss"] == 2 and measured(found(lost)[0])["at_loss"] == 3
    old = {
        **base,
        "financials": frame_of([{"party_id": "COMPANY", "period_end": "2015-12-31", "net_profit": "-4"}]),
    }
    (f,) = found(old)
    assert "loss" not in hits(f) and "cannot be told: (3)" in next(
        e.note for e in f.elements if e.name == "fixed"
    )


# ---------------------------------------------------------------- (4)


@pytest.mark.parametrize(
    ("price", "hit"), [("1005", True), ("995", True), ("1005.01", False), ("994.99", False)]
)
def test_a_buy_back_within_half_a_per_cent(price: str, hit: bool) -> None:
    (f,) = found(changed(rl13.toy_tables(), "transfers", {"transfer_id": "exit"}, amount=price))
    assert ("exit" in hits(f)) == hit


def test_a_last_payment_that_is_both_is_taken_apart() -> None:
    base = rl13.toy_tables()
    one = [row for row in rows(base["transfers"]) if row["transfer_id"] not in ("pay4", "exit")]
    one.append({"transfer_id": "both", "time": "2018-03-31T15:00:00", "source": "controller", "target": "investor",
                "amount": "1020"})  # fmt: skip
    (f,) = found({**base, "transfers": frame_of(one)})
    assert f.value == 4 and measured(f)["rate"] == Fraction(2, 25) and measured(f)["exit"] == 1


def test_a_buyer_from_outside_is_no_buy_back() -> None:
    base = changed(rl13.toy_tables(), "transfers", {"transfer_id": "exit"}, source="stranger")
    base = with_rows(
        base, accounts=[{"account_id": "stranger", "party_id": "STRANGER"}],
        parties=[{"party_id": "STRANGER", "name": "外部买方", "kind": "company"}],
    )  # fmt: skip
    (f,) = found(base)
    assert hits(f) == {"dates", "yield", "loss"}
    tied = with_rows(base, relations=[{"party_id": "STRANGER", "other_id": "COMPANY", "kind": "controller"}])
    assert "exit" in hits(found(tied)[0])


def test_where_nothing_was_paid_the_price_grows_at_what_was_promised() -> None:
    """A product's equity, bought back after three years at 8 % a year: with a guarantee and so much promised."""
    base = without_tables(rl13.toy_tables(), "stakes", "financials")
    transfers = [
        {"transfer_id": "in", "time": "2015-03-31T10:00:00", "source": "fund", "target": "company", "amount": "1000"},
        {"transfer_id": "exit", "time": "2018-03-30T10:00:00", "source": "controller", "target": "fund",
         "amount": "1259.71"},
    ]  # fmt: skip
    base = {
        **base, "transfers": frame_of(transfers),
        "accounts": frame_of([
            {"account_id": "fund", "party_id": "BANK", "product_id": "FUND"},
            {"account_id": "company", "party_id": "COMPANY"},
            {"account_id": "controller", "party_id": "CONTROLLER"},
        ]),
        "stakes": frame_of([{"owner_id": "CONTROLLER", "company_id": "COMPANY", "share": "0.7"}]),
        "products": frame_of([
            {"product_id": "FUND", "manager_id": "INVESTOR", "offering": "public", "promised_yield": "0.08"},
        ]),
        "holdings": frame_of([
            {"product_id": "FUND", "asset_id": "COMPANY", "asset_kind": "equity", "amount": "1000",
             "start": "2015-04-01"},
        ]),
        "guarantees": frame_of([
            {"guarantor_id": "CONTROLLER", "beneficiary_id": "INVESTOR", "product_id": "FUND", "kind": "差额补足"},
        ]),
    }  # fmt: skip
    (f,) = found(base, signs=2)
    assert hits(f) == {"exit", "rights"} and f.severity == "high" and f.kinds["contract"] == "shown"
    assert f.subject_id == "COMPANY" and "FUND" in f.summary
    assert not found(changed(base, "transfers", {"transfer_id": "exit"}, amount="1300"), signs=2)
    unpromised = changed(base, "products", {"product_id": "FUND"}, promised_yield="")
    assert not found(unpromised, signs=2) and found(unpromised, signs=2, rate="0.08")


# ---------------------------------------------------------------- (5), and what speaks against it


def test_no_votes_or_a_guarantee() -> None:
    base = changed(rl13.toy_tables(), "stakes", {"owner_id": "INVESTOR"}, votes="0")
    (f,) = found(base)
    assert f.value == 5 and measured(f)["votes"] == 0
    secured = with_rows(
        rl13.toy_tables(),
        guarantees=[{"guarantor_id": "CONTROLLER", "beneficiary_id": "INVESTOR", "kind": "保证"}],
    )
    assert measured(found(secured)[0])["guarantees"] == 1
    of_a_loan = with_rows(
        rl13.toy_tables(), loans=[{"loan_id": "L", "borrower_id": "COMPANY", "principal": "5", "start": "2017-01-01"}],
        guarantees=[{"guarantor_id": "CONTROLLER", "beneficiary_id": "INVESTOR", "loan_id": "L"}],
    )  # fmt: skip
    assert "rights" not in hits(found(of_a_loan)[0])


def test_a_preference_share_that_is_paid_at_a_loss_is_no_excuse() -> None:
    base = changed(rl13.toy_tables(), "stakes", {"owner_id": "INVESTOR"}, votes="0", **{"class": "优先股"})
    (f,) = found(base)
    assert f.value == 5 and next(e.state for e in f.counter_evidence if e.name == "preferred") == "clear"
    profits = {**base, "financials": rl13.near_miss_tables()["financials"]}
    assert not found(profits)  # and one that is bought back at par, paid of profits, is one


def test_what_says_what_it_is_for_is_no_return_on_a_share() -> None:
    base = rl13.toy_tables()
    for number in range(1, 5):
        base = changed(base, "transfers", {"transfer_id": f"pay{number}"}, memo="3月工资")
    assert not found(base)


def test_a_shareholder_who_works_there_is_paid_for_that() -> None:
    base = changed(rl13.toy_tables(), "parties", {"party_id": "INVESTOR"}, kind="person")
    base = {**base, "transfers": frame_of([r for r in rows(base["transfers"]) if r["transfer_id"] != "exit"])}
    (f,) = found(base)
    assert hits(f) == {"dates", "yield", "loss"}
    works = with_rows(base, relations=[{"party_id": "INVESTOR", "other_id": "COMPANY", "kind": "employee"}])
    assert not found(works)


def test_payments_within_the_investors_own_group_are_none_on_the_share() -> None:
    """The investor's parent, which has a fifth of the company too, pays it every quarter."""
    base = changed(rl13.toy_tables(), "stakes", {"owner_id": "INVESTOR"}, share="0.1", votes="0.1")
    for number in range(1, 5):
        base = changed(base, "transfers", {"transfer_id": f"pay{number}"}, source="parent")
    base = with_rows(
        base, accounts=[{"account_id": "parent", "party_id": "PARENT"}],
        parties=[{"party_id": "PARENT", "name": "永信集团", "kind": "company"}],
        stakes=[{"owner_id": "PARENT", "company_id": "INVESTOR", "share": "1", "since": "2010-01-01"},
                {"owner_id": "PARENT", "company_id": "COMPANY", "share": "0.2", "since": "2010-01-01"}],
    )  # fmt: skip
    assert not found(changed(base, "parties", {"party_id": "INVESTOR"}, kind="company"))


def test_what_another_company_of_the_group_pays_is_on_the_share_in_that_one() -> None:
    """The investor entered the controller's company and the controller: each pays for itself alone."""
    base = with_rows(
        rl13.toy_tables(),
        stakes=[{"owner_id": "INVESTOR", "company_id": "CONTROLLER", "share": "0.3", "since": "2017-04-05"}],
        transfers=[
            {"transfer_id": "in2", "time": "2017-03-31T11:00:00", "source": "investor", "target": "controller",
             "amount": "3000"},
            *({"transfer_id": f"two{n}", "time": f"2017-{m}-10T11:00:00", "source": "controller", "target": "investor",
               "amount": f"{m}0"} for n, m in enumerate(("05", "08", "10", "12"))),
        ],
    )  # fmt: skip
    (f,) = found(base)
    assert f.subject_id == "COMPANY" and measured(f)["rate"] == Fraction(2, 25)


def test_an_investor_with_the_majority_is_looked_at_too() -> None:
    base = changed(rl13.toy_tables(), "stakes", {"owner_id": "INVESTOR"}, share="0.7", votes="0.7", until="")
    base = changed(base, "stakes", {"owner_id": "CONTROLLER"}, share="0.3", votes="0.3")
    base = changed(base, "parties", {"party_id": "INVESTOR"}, kind="company")
    assert found(base)[0].value == 4


def test_other_money_is_another_finding_and_nothing_later_is_seen() -> None:
    base = rl13.toy_tables()
    usd = [
        {**row, "transfer_id": f"usd-{row['transfer_id']}", "currency": "USD"}
        for row in rows(base["transfers"])
    ]
    both = found(with_rows(base, transfers=usd))
    assert sorted((f.currency, f.value) for f in both) == [("CNY", 4), ("USD", 4)]
    assert not check(rl13.toy(), only="RL-13", as_of="2018-03-30").findings
    (f,) = check(rl13.toy(), only="RL-13", as_of="2018-04-01").findings
    assert hits(f) == {"dates", "yield", "loss"}


def test_what_was_taken_back_was_never_paid() -> None:
    base = with_rows(rl13.toy_tables(), transfers=[
        {"transfer_id": "undo", "time": "2017-12-31T16:00:00", "source": "investor", "target": "company", "amount": "20",
         "reversal_of": "pay3"},
    ])  # fmt: skip
    (f,) = found(base, signs=1)
    assert hits(f) == {"loss", "exit"}  # three payments are left


# ---------------------------------------------------------------- the arithmetic


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 4_000), min_size=4, max_size=7), st.lists(st.integers(1, 120), min_size=7, max_size=7),
)  # fmt: skip
def test_days_and_yields_as_a_naive_program_has_them(amounts: list[int], gaps: list[int]) -> None:
    """On random payments: the signs (1) and (2) and the rate, recomputed with floats and the statistics module."""
    day = datetime.date(2017, 4, 1)
    pays, days = [], []
    for number, (cents, gap) in enumerate(zip(amounts, gaps, strict=False)):
        day += datetime.timedelta(gap)
        days.append(day)
        pays.append({"transfer_id": f"p{number}", "time": f"{day}T15:00:00", "source": "company", "target": "investor",
                     "amount": f"{cents / 100:.2f}"})  # fmt: skip
    base = rl13.toy_tables()
    base = {**base, "transfers": frame_of([rows(base["transfers"])[0], *pays])}
    lengths = [(b - a).days for a, b in itertools.pairwise(days)]
    a_year = 365.25 / statistics.fmean(lengths)
    usual = min((1, 2, 3, 4, 6, 12, 24, 26, 52), key=lambda n: abs(a_year - n))
    a_year = usual if abs(a_year - usual) <= usual / 20 else a_year
    yields = [cents / 100_000 * a_year for cents in amounts]
    cv = statistics.pstdev(lengths) / statistics.fmean(lengths)
    sd, mean = statistics.pstdev(yields), statistics.fmean(yields)
    if min(abs(cv - 0.15), abs(sd - 0.005), abs(mean - 0.36)) < 1e-9:
        return
    expected = {"dates"} if cv < 0.15 and mean <= 0.36 else set()
    expected |= {"yield"} if sd < 0.005 and mean <= 0.36 else set()
    got = found(base, signs=1)
    assert (hits(got[0]) - {"loss"} if got else set()) == expected
    if "yield" in expected:
        assert math.isclose(float(measured(got[0])["rate"]), mean)


@settings(max_examples=30, deadline=None)
@given(st.integers(100, 10**9), st.integers(1, 30), st.integers(1, 4_000), st.integers(-80, 80))
def test_growing_prices_as_decimals_have_them(capital: int, per_cent: int, days: int, off: int) -> None:
    getcontext().prec = 60
    rate = Decimal(per_cent) / 100
    compound = (1 + rate) ** (Decimal(days) / 365)
    simple = 1 + rate * days / 365
    back = int(capital * compound * (1 + Decimal(off) / 10_000))
    near = [abs(Decimal(back) / capital - each) / each for each in (compound, simple)]
    if min(abs(each - Decimal("0.005")) for each in near) < Decimal(10) ** -40:
        return
    expected = any(each <= Decimal("0.005") for each in near)
    assert grown(capital, back, Fraction(per_cent, 100), days, Fraction(5, 1000)) == expected


def test_small_arithmetic() -> None:
    assert (
        per_year([0, 30, 61, 91]) == 12
        and per_year([0, 365]) == 1
        and per_year([0, 45, 90]) == Fraction(1461, 180)
    )
    assert spread_of([Fraction(2)]) == (2, 0) and root(Fraction(0)) == 0
    assert tuple(t.name for t in LINE.tests) == SIGNS
