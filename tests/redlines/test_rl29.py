"""RL-29 part by part: its exact figures, its limits by the law of the day, and each of what looks like it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphflow.case import Case
from graphflow.findings import Finding
from graphflow.redlines import check
from graphflow.redlines.rl29_structuring import runs_of
from graphflow.synthesis.lines import rl29
from graphflow.synthesis.small import Frames, case_of


def found(case: Case, **more: object) -> list[Finding]:
    return list(check(case, only="RL-29", **more).findings)  # type: ignore[arg-type]


def hits(f: Finding) -> list[str]:
    return [t.name for t in f.tests if t.hit]


def changed(frames: Frames, table: str, **columns: object) -> Case:
    return case_of({**frames, table: frames[table].assign(**columns)})


# ---------------------------------------------------------------- structuring


def test_cash_just_below_what_is_reported() -> None:
    (f,) = found(rl29.toy())
    assert (f.subject_kind, f.subject_id, hits(f), f.measure, f.value) == (
        "party", "P", ["cash"], "structured", 4,
    )  # fmt: skip
    assert f.amount == 18_200_000 and f.currency == "CNY" and f.severity == "medium"
    assert f.measures[1].value == 4_900_000 and f.measures[1].threshold == 5_000_000
    assert "第五条" in f.law[0].article and f.law[0].mark == "V"


def test_seven_days_and_the_edge_are_met_to_the_fen() -> None:
    frames = rl29.toy_tables()
    times = frames["transfers"]["time"].tolist()
    assert found(changed(frames, "transfers", time=[*times[:3], "2024-06-10T10:00:01"]))[0].value == 3
    amounts = frames["transfers"]["amount"].tolist()
    assert found(changed(frames, "transfers", amount=[*amounts[:3], "39999.99"]))[0].value == 3
    assert found(changed(frames, "transfers", amount=["10", "10", *amounts[2:]])) == []


def test_cash_taken_out_counts_by_itself() -> None:
    frames = rl29.toy_tables()
    sides = frames["transfers"][["source", "target"]]
    both = changed(frames, "transfers", source=sides["target"], target=sides["source"])
    assert "took cash out 4 times" in found(both)[0].summary
    mixed = frames["transfers"].copy()
    mixed.loc[:1, ["source", "target"]] = ["p", "till"]
    assert found(case_of({**frames, "transfers": mixed})) == []


def test_cash_of_an_account_whose_holder_nobody_knows() -> None:
    frames = rl29.toy_tables()
    (f,) = found(changed(frames, "accounts", party_id=""))
    assert (f.subject_kind, f.subject_id) == ("account", "p")
    assert {g.name: g.state for g in f.counter_evidence}["exempt"] == "unknown"


def test_what_is_called_cash_without_an_account_of_that_kind() -> None:
    frames = rl29.toy_tables()
    accounts = frames["accounts"].assign(kind="settlement")
    for memo, count in (("现金存入", 1), ("现金管理类理财", 0), ("cash deposit", 1), ("货款", 0)):
        transfers = frames["transfers"].assign(memo=memo)
        assert len(found(case_of({**frames, "accounts": accounts, "transfers": transfers}))) == count, memo


def test_the_limit_is_that_of_the_day() -> None:
    frames = rl29.toy_tables()
    old = changed(frames, "transfers", time=frames["transfers"]["time"].str.replace("2024", "2016"))
    assert found(old, as_of="2016-12-31") == []
    four = changed(
        frames,
        "transfers",
        time=frames["transfers"]["time"].str.replace("2024", "2016"),
        amount=["190000", "180000", "170000", "160000"],
    )
    (f,) = found(four, as_of="2016-12-31")
    assert f.measures[1].threshold == 20_000_000 and "〔2006〕" in f.law[0].article and f.law[0].mark == "G"
    assert found(four, as_of="2006-12-31") == []


def test_who_passes_the_limit_as_well_does_not_avoid_it() -> None:
    assert found(rl29.near_miss()) == []
    frames = rl29.toy_tables()
    later = pd.concat(
        [frames["transfers"], frames["transfers"].tail(1).assign(transfer_id="x", time="2024-07-10", amount="90000")]
    )  # fmt: skip
    assert len(found(case_of({**frames, "transfers": later}))) == 1, "a month later is another time"


def test_a_day_whose_sum_is_reported_is_told() -> None:
    frames = rl29.toy_tables()
    (f,) = found(changed(frames, "transfers", time=[f"2024-06-03T1{n}:00:00" for n in range(4)]))
    guard = {g.name: g for g in f.counter_evidence}["same_day"]
    assert guard.state == "present" and "1 days" in guard.note
    (apart,) = found(rl29.toy())
    assert {g.name: g.state for g in apart.counter_evidence}["same_day"] == "clear"


@pytest.mark.parametrize("kind", ["government", "bank"])
def test_the_state_and_banks_need_not_be_reported(kind: str) -> None:
    frames = rl29.toy_tables()
    assert found(changed(frames, "parties", kind=kind)) == []


def test_legal_persons_natural_persons_and_the_border_have_limits_of_their_own() -> None:
    (company,) = found(rl29.company_toy())
    assert hits(company) == ["company"] and company.subject_id == "C" and company.amount == 549_999_999
    (person,) = found(rl29.person_toy())
    assert hits(person) == ["person"] and person.value == 3 and person.amount == 144_000_000
    (abroad,) = found(rl29.abroad_toy())
    assert hits(abroad) == ["abroad"] and abroad.amount == 57_000_000
    at_home = changed(rl29.abroad_toy_tables(), "transfers", channel="网银")
    assert found(at_home) == []
    firm = rl29.company_toy_tables()
    assert found(changed(firm, "parties", kind="person")) == [], "beyond the limit of a person"


def test_many_customers_of_one_merchant_split_nothing() -> None:
    assert found(rl29.company_near_miss()) == []


def test_own_accounts_and_other_money_do_not_count() -> None:
    frames = rl29.person_toy_tables()
    own = frames["accounts"].assign(party_id=frames["accounts"]["party_id"].replace("Q", "P"))
    assert found(case_of({**frames, "accounts": own})) == []
    assert found(changed(frames, "transfers", currency="USD")) == []


def test_what_was_undone_does_not_count() -> None:
    frames = rl29.person_toy_tables()
    undone = frames["transfers"].assign(reversal_of="")
    back = undone.iloc[[0]].assign(
        transfer_id="r", time="2024-06-03T11:00:00", source="q", target="p", reversal_of="t0"
    )
    assert found(case_of({**frames, "transfers": pd.concat([undone, back])})) == []


def slow_runs(rows: list[tuple[int, int]], count: int, within: int) -> list[int]:
    """By every stretch that begins with a row."""
    best = [0] * len(rows)
    for who, begin in rows:
        inside = [n for n, (w, t) in enumerate(rows) if w == who and begin <= t <= begin + within]
        if len(inside) >= count:
            for n in inside:
                best[n] = max(best[n], len(inside))
    return best


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20)), max_size=12).map(sorted),
    count=st.integers(1, 4),
    within=st.integers(0, 8),
)
def test_runs_are_those_of_every_stretch_tried(rows: list[tuple[int, int]], count: int, within: int) -> None:
    who = np.array([w for w, _ in rows], np.int64)
    times = np.array([t for _, t in rows], np.int64)
    assert runs_of(who, times, count, within).tolist() == slow_runs(rows, count, within)
