"""RL-24: the vector to the unit, each test alone, the limit of the day, and what is no excess."""

from __future__ import annotations

import datetime
import itertools
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.findings import Finding
from graphflow.law import law
from graphflow.redlines import check
from graphflow.redlines.rl24_excessive_returns import find
from graphflow.synthesis.lines import rl24, rl25
from graphflow.synthesis.small import Frames, case_of, frame_of


def found_in(frames: Frames, **more: object) -> list[Finding]:
    return list(check(case_of(frames), only="RL-24", **more).findings)  # type: ignore[arg-type]


def measured(found: Finding) -> dict[str, Fraction]:
    return {m.name: m.value for m in found.measures}


def hit(found: Finding) -> set[str]:
    return {t.name for t in found.tests if t.hit}


def test_the_vector() -> None:
    (found,) = found_in(rl24.toy_tables())
    told = measured(found)
    assert found.measure == "paid" and found.value == Fraction(33, 125)
    assert (
        told["base"] == told["promised"] == 12 * Fraction(3, 250)
        and told["base"] + 4 * Fraction(3, 100) == found.value
    )
    assert told["steps"] == 3 and told["cap"] == Fraction(33, 125)
    cap = next(m for m in found.measures if m.name == "cap")
    assert cap.threshold == 4 * Fraction("0.0365") and cap.basis == "law"  # the LPR of March 2023
    assert found.parameters["cap@2023-03-01"]["value"] == str(cap.threshold)
    assert hit(found) == {"paid", "promised"} and found.severity == "watch"
    assert Fraction("0.29") < told["irr"] < Fraction("0.32")  # what it comes to, compounded


def test_each_test_alone() -> None:
    frames = rl24.toy_tables()
    nothing = {**frames, "products": frames["products"].drop(columns="promised_yield")}
    (paid,) = found_in(nothing)
    assert hit(paid) == {"paid"} and paid.value == Fraction(33, 125)
    register = {**frames, "transfers": frames["transfers"].iloc[:1]}
    (promised,) = found_in(register)
    assert hit(promised) == {"promised"} and promised.value == Fraction(18, 125)
    assert set(promised.kinds) == {"contract"}
    for toy, test in (("peers", "peers"), ("assets", "assets"), ("cap", "cap")):
        (found,) = found_in(getattr(rl24, f"{toy}_toy_tables")())
        assert hit(found) == {test}


def test_the_limit_is_that_of_the_day_of_the_loan() -> None:
    rows = [row for row in law("thresholds") if (row["code"], row["name"]) == ("RL-24", "cap")]
    days = [(row["since"], row["until"]) for row in rows]
    for (_, until), (since, _) in itertools.pairwise(days):
        assert datetime.date.fromisoformat(until) + datetime.timedelta(1) == datetime.date.fromisoformat(
            since
        )
    for row in rows:
        just = rl24._loans([(row["since"], row["value"])])
        over = rl24._loans([(row["since"], str(float(row["value"]) + 0.001))])
        last = rl24._loans([(row["until"] or "2026-01-01", row["value"])])
        assert not found_in(just) and not found_in(last) and len(found_in(over)) == 1, row
    assert not found_in(rl24._loans([("2015-08-31", "0.9")]))  # there was none yet


def test_a_licensed_lender_is_not_bound() -> None:
    frames = rl24.cap_toy_tables()
    loans = frames["loans"].assign(lender_id="SMALL")
    licences = frame_of([{"party_id": "SMALL", "function": "lending", "number": "X", "since": "2015-01-01"}])
    parties = pd.concat(
        [frames["parties"], frame_of([{"party_id": "SMALL", "name": "小贷公司", "kind": "company"}])]
    )
    lent = {**frames, "loans": loans, "parties": parties.fillna("")}
    assert found_in(lent) and not found_in({**lent, "licences": licences})


def test_a_promotion_is_short_small_and_on_top() -> None:
    frames = rl24.near_miss_tables()
    assert not found_in(frames)
    raised = frames["transfers"]["memo"] == "投资"
    small = frames["transfers"].assign(
        amount=frames["transfers"]["amount"].mask(
            raised & (frames["transfers"]["source"] == "investorC"), "1000"
        )
    )
    (found,) = found_in({**frames, "transfers": small})  # no longer a small part of what was raised
    assert found.value == Fraction(27, 250)
    assert found_in(frames, law=None) == [] and list(find(case_of(frames), promotion="0.001"))


def test_upside_is_no_promise() -> None:
    frames = rl24.upside_near_miss_tables()
    assert not found_in(frames)
    promised = {**frames, "products": frames["products"].assign(promised_yield="0.2")}
    (found,) = found_in(promised)
    assert "promised" in hit(found)
    debt = {**frames, "products": frames["products"].assign(kind="fixed_income")}
    (found,) = found_in(debt)
    assert hit(found) == {"paid"} and found.value == Fraction(12, 25)
    risky = debt["products"].assign(offering="private", risk_level="5")
    assert not found_in({**debt, "products": risky})


def test_the_distance_is_exact_and_needs_others() -> None:
    (found,) = found_in(rl24.peers_toy_tables())
    yields = sorted(Fraction(each) for each in ("0.038", "0.04", "0.041", "0.043", "0.045"))
    spread = Fraction("1.4826") * sorted(abs(each - yields[2]) for each in yields)[2]
    assert found.value == (Fraction("0.09") - yields[2]) / spread
    few = rl24._promises(("0.038", "0.04", "0.041", "0.043", "0.09"))
    assert not found_in(few)
    same = rl24._promises(("0.04",) * 5 + ("0.09",))
    assert not found_in(same)  # no spread: no distance is a multiple of it
    mine = rl24.peers_toy_tables()
    own = {**mine, "products": mine["products"].assign(issuer_id="ISSUER5")}
    assert not found_in(own)  # its own other products are no others


def test_quarters_follow_one_another() -> None:
    (found,) = found_in(rl24.assets_toy_tables())
    assert measured(found)["gap"] == Fraction(8, 100) - Fraction(5, 100)
    assert not found_in(rl24._earning((12_500,)))
    holdings = rl24.assets_toy_tables()
    apart = holdings["holdings"].assign(as_of=["2022-12-31", "2023-06-30", "2023-09-30"])
    assert not found_in({**holdings, "holdings": apart})  # a quarter is missing between


def test_with_new_money_for_old_it_is_high() -> None:
    found = found_in(rl25.guoying_toy_tables())
    assert {f.severity for f in found} == {"high"} and {f.measure for f in found} <= {"paid", "promised"}


def test_what_is_no_yuan_is_not_on_the_ladder() -> None:
    import graphflow as gf

    case = gf.Case.from_tables(currency="USD", **rl24.toy_tables())
    assert not check(case, only="RL-24").findings
    loans = gf.Case.from_tables(currency="USD", **rl24.cap_toy_tables())
    assert not check(loans, only="RL-24").findings


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(1, 50)), min_size=1, max_size=3),
    st.integers(0, 60),
    st.integers(1, 600),
)
def test_a_yield_is_the_gain_over_capital_and_time(paid: list[tuple[int, int]], gain: int, days: int) -> None:
    """One investor pays in on some days and gets all of it back, with a gain, at the end: in plain Python."""
    begin = datetime.date(2020, 1, 31)
    last = begin + datetime.timedelta(max(day for day, _ in paid) + days)
    capital = 1_000 * sum(amount for _, amount in paid)
    stood = Fraction(0)
    for day, amount in paid:
        one = begin + datetime.timedelta(day)
        months = 12 * (last.year - one.year) + last.month - one.month
        years = Fraction(months, 12) if months and one.day == last.day else Fraction((last - one).days, 365)
        stood += 1_000 * amount * years
    rows = [(begin + datetime.timedelta(day), "i", "p", 1_000 * amount) for day, amount in paid]
    rows.append((last, "p", "i", capital + 1_000 * gain))
    frames = {
        "transfers": frame_of([
            {"transfer_id": str(n), "time": str(day), "source": a, "target": b, "amount": str(money), "product_id": "P"}
            for n, (day, a, b, money) in enumerate(rows)
        ]),
        "accounts": frame_of([{"account_id": "p", "party_id": "F"}, {"account_id": "i", "party_id": "I"}]),
        "parties": frame_of([
            {"party_id": "F", "name": "f", "kind": "company"}, {"party_id": "I", "name": "i", "kind": "person"},
        ]),
        "products": frame_of([{"product_id": "P", "issuer_id": "F", "kind": "fixed_income", "start": "2020-01-01"}]),
        "subscriptions": frame_of([{"product_id": "P", "investor_id": "I", "amount": "1", "time": "2020-01-31"}]),
    }  # fmt: skip
    found = list(find(case_of(frames), lose="0"))
    assert [f.value for f in found] == [1_000 * gain / stood]


@pytest.mark.parametrize(
    "name", ["near_miss", "upside_near_miss", "peers_near_miss", "assets_near_miss", "cap_near_miss"]
)
def test_near_misses_are_caught_by_their_guard_not_by_a_missing_table(name: str) -> None:
    tests = check(getattr(rl24, name)(), only="RL-24").tests.set_index("test")["ran"]
    assert tests[
        {"peers_near_miss": "peers", "assets_near_miss": "assets", "cap_near_miss": "cap"}.get(name, "paid")
    ]
