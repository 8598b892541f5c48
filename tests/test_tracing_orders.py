"""Where nothing decides the order of rows: intervals over every order, as the oracle finds them, and bounds of too many."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import Any

import hypothesis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from graphflow.cli.showing import TraceTables
from graphflow.tracing import orders
from tests.naive.oracle import Oracle, RefusedError
from tests.naive.oracle_orders import Intervals, intervals
from tests.strategies import Asked, Tables, features, ledgers, questions
from tests.test_tracing_properties import RULES, SHARES, ask, divisible
from tests.test_tracing_vectors import Vector

EXAMPLES = int(os.environ.get("GRAPHFLOW_EXAMPLES", "200"))
Spans = dict[Any, tuple[int, int]]


def few_open(data: st.DataObject, most: int = 6) -> tuple[Tables, Oracle, Asked]:
    """A ledger with some rows in no known order, and a question; not more than 200 orders."""
    tables = data.draw(
        ledgers(features(orders=("open", "sides", "balances"), most=most, vague=True, large=False))
    )
    asked = data.draw(questions(tables))
    hypothesis.assume(all(ref.amount is None or ref.kind in ("transfer", "balance") for ref in asked.refs))
    oracle = Oracle(tables)
    hypothesis.assume("contradictory order" not in oracle.rows.breaks)
    possible = math.prod(math.factorial(len(group)) for group in oracle.rows.groups)
    hypothesis.assume(1 < possible <= 200)
    return tables, oracle, asked


def comparable(asked: Asked, rule: str) -> Asked:
    """The question without limits, where these hang on how shares are laid out in chains: the oracle lays the money of
    all seeds out together, we each seed's by itself, and either is one way of many.
    """
    return replace(asked, max_hops=None, min_amount=0) if rule in SHARES else asked


def over_orders(oracle: Oracle, asked: Asked, rule: str) -> Intervals:
    """What the oracle finds over every order."""
    how = asked.settings() | ({"backward": False} if rule == "libr" else {})
    try:
        oracle.trace(list(asked.refs), rule, **how)  # the order that is shown has an answer
        found = intervals(oracle, list(asked.refs), rule=rule, **how)
    except RefusedError:
        hypothesis.reject()
    assert found is not None
    return found


def spans(frame: pd.DataFrame, names: tuple[str, ...], low: str, high: str) -> Spans:
    """By name: the least and the greatest, without what is nothing in every order."""
    rows = zip(*(frame[name].tolist() for name in (*names, low, high)), strict=True)
    return {row[: len(names)]: (row[-2], row[-1]) for row in rows if any(row[-2:])}


def test_intervals_are_those_of_every_order() -> None:
    @settings(max_examples=EXAMPLES)
    @given(st.data())
    def same(data: st.DataObject) -> None:
        tables, oracle, asked = few_open(data)
        rule = data.draw(st.sampled_from(RULES))
        asked = comparable(asked, rule)
        wanted = over_orders(oracle, asked, rule)
        found = ask(divisible(tables), asked, rule)
        hypothesis.assume(found.order_bounds != "known")  # no order of rows matters to this question
        assert found.order_bounds == "exact"
        ends = spans(found.ends, ("kind", "account_id", "currency"), "amount_min", "amount_max")
        assert ends == {key: span for key, span in wanted.ends.items() if any(span)}
        moved = spans(found.transfers, ("transfer_id",), "traced_min", "traced_max")
        assert moved == {(key,): span for key, span in wanted.transfers.items() if any(span)}

    same()


@pytest.fixture
def too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every order were too many."""
    monkeypatch.setattr(orders, "MOST_ORDERS", 0)


def test_bounds_of_too_many_orders_hold_every_one(too_many: None) -> None:
    @settings(max_examples=max(EXAMPLES // 8, 1))
    @given(st.data())
    def hold(data: st.DataObject) -> None:
        tables, oracle, asked = few_open(data, data.draw(st.sampled_from((6, 12))))
        rule = data.draw(st.sampled_from(RULES))
        asked = comparable(asked, rule)
        wanted = over_orders(oracle, asked, rule)
        found = ask(divisible(tables), asked, rule)
        hypothesis.assume(found.order_bounds == "outer")
        low = found.ends.set_index(["kind", "account_id", "currency"])
        for key, (least, greatest) in wanted.ends.items():
            if key not in low.index:
                assert (least, greatest) == (0, 0), key
            elif pd.notna(low.loc[key, "amount_min"]):
                assert low.loc[key, "amount_min"] <= least <= greatest <= low.loc[key, "amount_max"], key
        moved = found.transfers.set_index("transfer_id")
        for name, (least, greatest) in wanted.transfers.items():
            if name not in moved.index:
                assert (least, greatest) == (0, 0), name
            else:
                assert moved.loc[name, "traced_min"] <= least, name
                assert greatest <= moved.loc[name, "traced_max"], name

    hold()


def test_what_the_bounds_are_is_said(too_many: None) -> None:
    """80 paid out and 100 paid in at the same second, of which 50 and the rest of a lender's may go first."""
    case = Vector([("t", "M", 100), ("M", "X", 80)], {"M": "50"}, same_time=True).case()
    found = gf.trace(case, "transfer:r0")
    assert found.order_bounds == "outer"
    ends = spans(found.ends, ("kind", "account_id"), "amount_min", "amount_max")
    assert ends == {("balance", "X"): (0, 8000), ("balance", "M"): (0, 7000), ("lender", "M"): (0, 3000)}
    for how in ({"max_hops": 3}, {"rule": "poison"}, {"by": "party"}, {"overdraft": "coordinated"}):
        silent = gf.trace(case, "transfer:r0", **how)
        assert silent.order_bounds == "none"
        assert silent.ends[["amount_min", "amount_max"]].isna().all(axis=None)
        assert silent.transfers[["traced_min", "traced_max"]].isna().all(axis=None)
    known = gf.trace(Vector([("t", "M", 100), ("M", "X", 80)], {"M": "50"}).case(), "transfer:r0")
    assert known.order_bounds == "known"


@pytest.mark.parametrize(("language", "words"), [("en", "outer bounds"), ("zh", "次序过多")])
def test_the_command_line_says_that_bounds_are_outer(language: str, words: str, too_many: None) -> None:
    case = Vector([("t", "M", 100), ("M", "X", 80)], {"M": "50"}, same_time=True).case()
    for most, said in ((0, True), (1000, False)):
        orders.MOST_ORDERS = most
        table = TraceTables(case, gf.trace(case, "transfer:r0"), "transfer:r0", language).ends(10)
        assert any("[" in cell for row in table.rows for cell in row)
        assert (words in table.note) == said
