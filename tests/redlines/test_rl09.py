"""RL-09: what was sold on divided by what was lent, exactly; the ties, each guard, and each test alone."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.rl09_resale import find, median
from graphflow.synthesis.lines import rl09
from graphflow.synthesis.small import Frames, case_of, frame_of


def found(frames: Frames, **given_: Any) -> list[Finding]:
    return list(check(case_of(frames), only="RL-09", **given_).findings)


def with_rows(frames: Frames, table: str, *rows: dict[str, str]) -> Frames:
    before = [dict(row) for row in frames[table].to_dict("records")] if table in frames else []
    return {**frames, table: frame_of([*before, *rows])}


def test_the_vector() -> None:
    (f,) = found(rl09.vector_toy_tables())
    assert f.value == Fraction(98, 100) and f.measure == "resale"
    assert {m.name: m.value for m in f.measures} == {
        "resale": Fraction(98, 100), "loans": 400, "hold": 2, "assignees": 3500,
    }  # fmt: skip
    assert f.amount == 7_840_000_000 and f.severity == "high"
    assert f.kinds == {"contract": "shown", "register": "shown"}


def test_one_account_for_all_loans_ties_by_flow() -> None:
    (f,) = found(rl09.account_toy_tables())
    assert f.kinds == {"contract": "shown", "flow": "shown"} and f.severity == "high"
    assert {e.name: e.state for e in f.elements}["tied"] == "inferred"
    frames = rl09.account_toy_tables()  # paid from several accounts, by a stranger: no super lender
    paid = frames["transfers"]
    frames["transfers"] = paid.assign(
        source=[f"common{n}" if each == "common" else each for n, each in enumerate(paid["source"])]
    )
    assert not found(frames)


def test_where_no_table_could_tie_it_is_held_at_medium() -> None:
    frames = rl09.toy_tables()
    del frames["relations"]
    (f,) = found(frames)
    assert f.severity == "medium" and "open" in f.severity_note
    assert {e.name: e.state for e in f.elements}["tied"] == "unknown"


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("relations", {"party_id": "LENDER0", "other_id": "PLATFORM", "kind": "director", "until": "2018-12-31"}),
        ("relations", {"party_id": "LENDER0", "other_id": "HOLDING", "kind": "manager"}),
        ("stakes", {"owner_id": "LENDER0", "company_id": "PLATFORM", "share": "0.02"}),
        ("stakes", {"owner_id": "NOMINEE", "company_id": "PLATFORM", "share": "0.02", "nominee_for": "LENDER0"}),
    ],
)  # fmt: skip
def test_staff_and_shareholders_of_the_group_are_tied_also_who_left_since(
    table: str, row: dict[str, str]
) -> None:
    frames = rl09.toy_tables()
    frames["relations"] = frame_of([{"party_id": "X", "other_id": "OTHER", "kind": "employee"}])
    frames = with_rows(frames, "stakes", {"owner_id": "HOLDING", "company_id": "PLATFORM", "share": "0.9"})
    assert {e.name: e.state for e in found(frames)[0].elements}["tied"] == "unknown"
    (f,) = found(with_rows(frames, table, row))
    assert {e.name: e.state for e in f.elements}["tied"] == "shown" and f.severity == "high"


def test_kin_of_staff_is_tied_and_a_tie_of_another_time_is_none() -> None:
    frames = rl09.toy_tables()
    frames["relations"] = frame_of(
        [
            {"party_id": "WIFE", "other_id": "LENDER0", "kind": "spouse"},
            {"party_id": "WIFE", "other_id": "PLATFORM", "kind": "manager"},
        ]
    )
    assert {e.name: e.state for e in found(frames)[0].elements}["tied"] == "shown"
    frames["relations"] = frame_of(
        [{"party_id": "LENDER0", "other_id": "PLATFORM", "kind": "manager", "until": "2017-12-31"}]
    )
    assert {e.name: e.state for e in found(frames)[0].elements}["tied"] == "unknown"


def test_a_licence_after_the_first_loan_covers_nothing() -> None:
    frames = rl09.near_miss_tables()
    assert not found(frames)
    frames["licences"]["since"] = "2018-04-01"
    assert len(found(frames)) == 1
    frames["licences"] = frames["licences"].assign(since="2016-01-01", function="lending")
    assert len(found(frames)) == 1, "a small lender may lend, it may not deal in claims"


def test_a_factor_of_the_platform_is_still_told_and_the_guard_says_what_is_open() -> None:
    assert not found(rl09.factoring_near_miss_tables())
    frames = rl09.factoring_near_miss_tables()
    frames = with_rows(frames, "stakes", {"owner_id": "LENDER0", "company_id": "PLATFORM", "share": "0.1"})
    (f,) = found(frames)
    assert {e.name: e.state for e in f.counter_evidence}["factoring"] == "unknown"


def test_what_is_sold_into_securities_is_left_out_and_said() -> None:
    assert not found(rl09.securities_near_miss_tables())
    frames = rl09.securities_near_miss_tables()
    sold = rl09.toy_tables()["assignments"]
    frames["assignments"] = sold.assign(
        buyer_id=["SPV" if n % 10 == 0 else b for n, b in enumerate(sold["buyer_id"])]
    )
    (f,) = found(frames)
    securities = next(e for e in f.counter_evidence if e.name == "securities")
    assert securities.state == "present" and securities.note == "left out: 35 sales"
    assert f.value < Fraction(98, 100)


def test_what_goes_to_the_own_group_counts_when_it_leaves_it() -> None:
    frames = rl09.toy_tables()
    sold = frames["assignments"]
    frames["assignments"] = sold.assign(buyer_id="AFFILIATE")
    frames = with_rows(frames, "stakes", {"owner_id": "LENDER0", "company_id": "AFFILIATE", "share": "1"})
    assert not found(frames)
    onward = [
        {**row, "seller_id": "AFFILIATE", "time": f"{row['time']}T12:00:00"}
        for row in sold.to_dict("records")
    ]
    (f,) = found(with_rows(frames, "assignments", *onward))
    assert f.value == Fraction(98, 100)
    assert {m.name: m.value for m in f.measures}["hold"] == Fraction(5, 2)


def test_a_claim_bought_back_and_sold_again_counts_once() -> None:
    frames = rl09.toy_tables()
    again = [{**row, "time": "2018-06-15"} for row in frames["assignments"].to_dict("records")]
    (f,) = find(case_of(with_rows(frames, "assignments", *again)), hold=1000)
    assert f.value == 1 and f.amount == 800_000_000


def test_without_a_lender_of_record_who_sold_first_lent() -> None:
    frames = rl09.toy_tables()
    frames["loans"] = frames["loans"].assign(lender_id="")
    (f,) = found(frames)
    assert f.subject_id == "LENDER0" and f.kinds["contract"] == "inferred"
    assert {e.name: e.state for e in f.elements}["lends_first"] == "inferred"


def test_a_promise_to_buy_back_is_an_element() -> None:
    frames = rl09.toy_tables()
    frames["assignments"] = frames["assignments"].assign(repurchase="true")
    element = next(e for e in found(frames)[0].elements if e.name == "buys_back")
    assert element.state == "shown" and element.note == "on 350 sales"


def test_as_of_a_day_sales_to_come_are_not_known() -> None:
    assert not found(rl09.toy_tables(), as_of="2018-03-20")
    assert len(found(rl09.toy_tables(), as_of="2018-07-01")) == 1


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda f: f["assignments"].assign(buyer_id=[f"P{n % 49}" for n in range(350)]), "assignees"),
        (lambda f: f["assignments"].iloc[:280], "resale"),
    ],
)
def test_each_measure_has_to_reach_its_threshold(change: Callable[[Frames], pd.DataFrame], name: str) -> None:
    frames = rl09.toy_tables()
    frames["assignments"] = change(frames).reset_index(drop=True)
    assert not found(frames)
    assert len(list(find(case_of(frames), **{name: "0.01"}))) == 1


@settings(max_examples=30)
@given(st.lists(st.integers(-(10**12), 10**12), min_size=1))
def test_the_median_is_exact(values: list[int]) -> None:
    assert median(values) == Fraction(statistics.median([Fraction(each) for each in values]))


sales = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 60), st.integers(0, 20)), min_size=1, max_size=25
)


@settings(max_examples=30)
@given(sales)
def test_the_figures_are_what_plain_loops_say(drawn: list[tuple[int, int, int]]) -> None:
    """Five loans of 100; sales of parts after some days: no more of a loan than it was for, in order of time."""
    frames = rl09.toy_tables()
    frames["loans"] = frame_of(
        [
            {"loan_id": f"L{n}", "platform_id": "PLATFORM", "lender_id": "LENDER0", "borrower_id": f"B{n}",
             "principal": "100", "start": "2018-03-01"}
            for n in range(5)
        ]
    )  # fmt: skip
    frames["assignments"] = frame_of(
        [
            {"loan_id": f"L{loan}", "seller_id": "LENDER0", "buyer_id": f"P{n % 7}", "amount": str(amount),
             "time": str(pd.Timestamp("2018-03-01").date() + pd.Timedelta(days=days))}
            for n, (loan, amount, days) in enumerate(drawn)
        ]
    )  # fmt: skip
    sold = dict.fromkeys(range(5), 0)
    for loan, amount, _ in drawn:
        sold[loan] = min(100, sold[loan] + amount)
    (f,) = find(case_of(frames), resale=0, loans=1, hold=100, assignees=1)
    assert f.value == Fraction(sum(sold.values()), 500)
    assert f.measures[2].value == Fraction(statistics.median([Fraction(days) for _, _, days in drawn]))
    assert f.measures[3].value == len({n % 7 for n in range(len(drawn))})
