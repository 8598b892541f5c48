"""Features: equal to a slow count, and nothing after the day can change them."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta, timezone

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

import graphflow as gf
from graphflow.errors import UsageError
from graphflow.redlines.facts import DAY as DAY_LONG
from graphflow.redlines.facts import facts_of
from graphflow.scoring import featuring
from graphflow.scoring.featuring import FEATURES
from graphflow.synthesis.lines import quiet

ZONE = timezone(timedelta(hours=8))
DAY = "2024-03-20"
PARTY = {"A": "p1", "B": "p1", "C": "p2", "D": "p3", "E": None}


@st.composite
def ledgers(draw, first="2024-02-01", days=90):
    start = datetime.fromisoformat(first).replace(tzinfo=ZONE)
    count = draw(st.integers(1, 25))
    rows = []
    for n in range(count):
        at = start + timedelta(minutes=draw(st.integers(0, days * 24 * 60)))
        rows.append(
            {
                "transfer_id": f"t{n}", "time": at.isoformat(), "source": draw(st.sampled_from("ABCDE")),
                "target": draw(st.sampled_from("ABCDE")), "amount": str(draw(st.sampled_from([1, 7, 10_000, 25_000]))),
                "currency": draw(st.sampled_from(["CNY", "CNY", "CNY", "USD"])), "reversal_of": None,
            }
        )  # fmt: skip
    for n in range(draw(st.integers(0, 4))):
        of = draw(st.sampled_from(rows[:count]))
        later = datetime.fromisoformat(of["time"]) + timedelta(days=draw(st.integers(0, 40)), minutes=1)
        if not any(r["reversal_of"] == of["transfer_id"] for r in rows):
            rows.append(
                of | {"transfer_id": f"r{n}", "time": later.isoformat(), "source": of["target"],
                      "target": of["source"], "reversal_of": of["transfer_id"]}
            )  # fmt: skip
    return rows


def _case(rows):
    accounts = {"account_id": list(PARTY), "party_id": list(PARTY.values())}
    parties = {
        "party_id": ["p1", "p2", "p3"],
        "name": ["x", "y", "z"],
        "kind": ["person", "company", "person"],
    }
    frame = pd.DataFrame(rows)
    if frame["reversal_of"].isna().all():
        frame = frame.drop(columns="reversal_of")
    return gf.Case.from_tables(transfers=frame, accounts=accounts, parties=parties)


def _slow(rows, by):
    """The features counted one transfer after the other."""
    end = datetime.fromisoformat(DAY).replace(tzinfo=ZONE) + timedelta(days=1)
    seen = [r for r in rows if datetime.fromisoformat(r["time"]) < end]
    undone = {r["reversal_of"] for r in seen if r["reversal_of"]}
    live = [r for r in seen if not r["reversal_of"] and r["transfer_id"] not in undone]
    name = (lambda a: a) if by == "account" else PARTY.__getitem__
    found = {}
    for who in PARTY if by == "account" else ("p1", "p2", "p3"):
        into, out, mine = [], [], []
        for r in live:
            own = r["source"] == r["target"] or (
                PARTY[r["source"]] is not None and PARTY[r["source"]] == PARTY[r["target"]]
            )
            if who in (name(r["source"]), name(r["target"])):
                mine.append((r, own))
            if name(r["target"]) == who and not own:
                into.append(r)
            if name(r["source"]) == who and not own:
                out.append(r)
        home_in, home_out = ([r for r in part if r["currency"] == "CNY"] for part in (into, out))
        lately = end - timedelta(days=30)
        by_day = defaultdict(lambda: [0, 0])
        for r in home_in:
            by_day[r["time"][:10]][0] += int(r["amount"])
        for r in home_out:
            by_day[r["time"][:10]][1] += int(r["amount"])
        whole = sum(int(r["amount"]) for r in home_in)
        found[who] = {
            "in_count": len(into), "out_count": len(out), "in_amount": 100 * whole,
            "out_amount": 100 * sum(int(r["amount"]) for r in home_out),
            "payers": len({r["source"] for r in into}), "payees": len({r["target"] for r in out}),
            "payees_lately": len({r["target"] for r in out if datetime.fromisoformat(r["time"]) >= lately}),
            "days_active": len({r["time"][:10] for r, _ in mine}),
            "passed_same_day": sum(min(pair) for pair in by_day.values()) / max(whole, 1),
            "round_share": sum(r["currency"] == "CNY" and int(r["amount"]) % 10_000 == 0 for r, _ in mine)
            / max(len(mine), 1),
            "night_share": sum(r["time"][11:13] < "06" for r, _ in mine) / max(len(mine), 1),
            "own_share": sum(own for _, own in mine) / max(len(mine), 1),
            "foreign_count": sum(r["currency"] == "USD" for r, _ in mine),
            "in_largest": 100 * max((int(r["amount"]) for r in home_in), default=0),
        }  # fmt: skip
    return pd.DataFrame.from_dict(found, orient="index")


@given(ledgers(), st.sampled_from(["account", "party"]))
def test_features_equal_a_slow_count(rows, by):
    fast, slow = gf.features(_case(rows), DAY, by=by), _slow(rows, by)
    for name in slow.columns:
        assert np.allclose(fast[name].to_numpy(float), slow[name].to_numpy(float), atol=1e-12), name


def _with_and_without_what_came_later(rows, later, by):
    known = [r for r in rows if r["time"][:10] <= DAY]
    if not known:
        return None
    renamed = [r | {"transfer_id": f"x{r['transfer_id']}",
                    "reversal_of": r["reversal_of"] and f"x{r['reversal_of']}"} for r in later]  # fmt: skip
    behind = [r for r in rows if r["time"][:10] > DAY]  # reversals of what was known among them
    before = gf.features(_case(known), DAY, by=by)
    return before, gf.features(_case([*known, *behind, *renamed]), DAY, by=by)


@given(ledgers(), ledgers("2024-03-21", 40), st.sampled_from(["account", "party"]))
def test_nothing_after_the_day_changes_a_feature(rows, later, by):
    both = _with_and_without_what_came_later(rows, later, by)
    if both is not None:
        pd.testing.assert_frame_equal(*both)


@pytest.mark.parametrize("leak", ["what came in", "the last transfer", "how many there are"])
def test_a_feature_that_looks_later_is_seen(leak, monkeypatch):
    """Planted: a feature that counts what came after the day."""
    columns = featuring._columns

    def leaking(facts, by, size):
        found = columns(facts, by, size)
        whole = facts_of(facts.case).flows
        if leak == "what came in":
            found["in_count"] = np.bincount(whole["target"], minlength=size)[:size]
        elif leak == "the last transfer":
            found["days_since_last"] = np.full(size, int(whole["time"].max()) // DAY_LONG)
        else:
            found["out_largest"] = np.full(size, len(whole))
        return found

    monkeypatch.setattr(featuring, "_columns", leaking)
    row = {"source": "A", "target": "C", "amount": "7", "currency": "CNY", "reversal_of": None}
    rows = [row | {"transfer_id": "t0", "time": "2024-03-01T09:00:00+08:00"}]
    later = [
        row | {"transfer_id": "t1", "time": "2024-03-25T09:00:00+08:00"},
        row | {"transfer_id": "r0", "time": "2024-03-26T09:00:00+08:00", "source": "C", "target": "A"},
    ]
    both = _with_and_without_what_came_later(rows, later, "account")
    with pytest.raises(AssertionError):
        pd.testing.assert_frame_equal(*both)


def test_every_feature_is_there_with_its_type_and_says_what_it_is():
    f = gf.features(quiet.quiet())
    assert {name: str(kind) for name, kind in f.dtypes.items()} == {n: k for n, (k, _) in FEATURES.items()}
    assert not f.isna().any().any()
    assert all(text for _, text in FEATURES.values())


def test_a_view_that_there_is_not_is_said():
    with pytest.raises(UsageError, match="there is no such view"):
        gf.features(quiet.quiet(), by="bank")
