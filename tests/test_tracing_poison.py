"""Poison through the front door: the law's vectors, what it does where money is not one account's, and that it bounds.

It attributes nothing: amounts are the whole of what was touched, and `seed_amount` is empty everywhere.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from tests.strategies import ledgers, questions
from tests.test_tracing_edges import accounts_of, frame, into
from tests.test_tracing_properties import RULES, answered, ask, both, carried, ends
from tests.test_tracing_vectors import T1, T5, T7, T8, T9, T10, T11, Vector

EXAMPLES = int(os.environ.get("GRAPHFLOW_EXAMPLES", "200"))
pytestmark = pytest.mark.usefixtures("few_orders")


def asked(case: gf.Case, seed: str, **how: Any) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
    """What transfers carry, and the ends, in minor units."""
    trace = gf.trace(case, seed, rule="poison", **how)
    for table in (trace.transfers, trace.ends, trace.assumptions):
        assert table["seed_amount"].isna().all()
    moved = dict(zip(trace.transfers["transfer_id"], trace.transfers["traced"].astype(int), strict=True))
    rows = zip(trace.ends["kind"], trace.ends["account_id"], trace.ends["amount"].astype(int), strict=True)
    return moved, {(kind, account): amount for kind, account, amount in rows}


# case, seed, backward; transfers and ends in major units
VECTORS: dict[str, tuple[Vector, str, bool, dict, dict]] = {
    "T1": (
        T1, "transfer:r0,transfer:r3", False, {"r2": 250, "r4": 300},
        {("balance", "X"): 250, ("balance", "Y"): 300, ("balance", "M"): 150},
    ),
    "T5": (
        T5, "transfer:r1", False, {"r3": 80, "r4": 50, "r5": 60},
        {("balance", "P"): 60, ("balance", "Q"): 50, ("balance", "R"): 110},
    ),
    "T7": (T7, "transfer:r1", False, {"r2": 40}, {("lender", "M"): 60, ("balance", "Y"): 40}),
    "T8": (T8, "transfer:r0", False, {"r1": 120, "r3": 40}, {("balance", "X"): 120, ("balance", "Y"): 40}),
    "T9": (
        T9, "transfer:r0", False, {"r1": 80, "r2": 2},
        {("balance", "X"): 80, ("balance", "FEE"): 2, ("balance", "M"): 18},
    ),
    "T10": (T10, "transfer:r1", False, {"r4": 120}, {("balance", "Y"): 120, ("balance", "M"): 80}),
    "T1 backward": (
        T1, "transfer:r2", True, {"r0": 300, "r1": 200},
        {("balance", "M"): 100, ("balance", "A"): 300, ("balance", "B"): 200},
    ),
    "T5 backward": (
        T5, "transfer:r4", True, {"r0": 100, "r1": 100, "r2": 20, "r3": 80},
        {("balance", "clean"): 120, ("balance", "taint"): 100},
    ),
    "T7 backward, of the overdraft": (T7, "transfer:r0", True, {}, {("lender", "M"): 60}),
    "T7 backward": (T7, "transfer:r2", True, {"r1": 100}, {("balance", "t"): 100}),
    "T8 backward": (
        T8, "transfer:r1", True, {"r0": 50}, {("balance", "M"): 80, ("balance", "t"): 50},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name: str) -> None:
    vector, seed, backward, moved, held = VECTORS[name]
    cents = [{key: 100 * amount for key, amount in part.items()} for part in (moved, held)]
    assert asked(vector.case(), seed, backward=backward) == tuple(cents)


def test_t11_what_is_converted_has_its_own_amount_on_either_side() -> None:
    assert asked(T11.case(), "transfer:r1") == ({"r2": 72_000}, {("balance", "N"): 10_000})
    found = asked(T11.case(), "balance:N@2024-05-01", backward=True, currency="USD")
    assert found == (
        {"r0": 36_000, "r1": 36_000, "r2": 72_000},
        {("balance", "c"): 36_000, ("balance", "t"): 36_000},
    )


def test_what_an_overdraft_paid_of_a_touched_account_counts_too() -> None:
    case = gf.Case.from_tables(
        transfers=frame(
            ("s", "A", "B", "3"), ("p", "B", "C", "5"), ("q", "D", "B", "4"), ("r", "C", "E", "1")
        ),
        accounts=accounts_of(B={"opening_balance": "0"}),
    )
    assert asked(case, "transfer:s") == (
        {"p": 500, "r": 100},
        {("balance", "B"): 200, ("balance", "C"): 400, ("balance", "E"): 100},
    )
    # all that came in repaid what was owed before: the account was touched all the same
    assert asked(case, "transfer:q=1.50") == ({}, {("lender", "B"): 150, ("balance", "B"): 200})
    assert asked(case, "transfer:p", backward=True) == (
        {"s": 300}, {("lender", "B"): 200, ("balance", "A"): 300}
    )  # fmt: skip


def test_one_touched_compartment_touches_the_account() -> None:
    case = gf.Case.from_tables(
        transfers=frame(
            ("s", "A", "K", "3", {"order_id": "o1"}),
            ("x", "B", "K", "4", {"order_id": "o2"}),
            ("p", "K", "C", "4", {"order_id": "o2"}),
            ("q", "K", "D", "9"),
        ),
        accounts=accounts_of(K={"kind": "client_custody", "opening_balance": "7"}),
    )
    touched = {("balance", "C"): 400, ("balance", "D"): 900, ("balance", "K"): 100}
    assert asked(case, "transfer:s") == ({"p": 400, "q": 900}, touched)
    # backward, too, what came for any earmark could have contributed
    assert asked(case, "transfer:p", backward=True) == (
        {"s": 300, "x": 400}, {("balance", "A"): 300, ("balance", "B"): 400, ("balance", "K"): 700}
    )  # fmt: skip


def test_a_clearing_account_is_one_account_an_earmark() -> None:
    case = gf.Case.from_tables(
        transfers=frame(
            ("s", "A", "K", "3", {"clearing_id": "o1"}),
            ("x", "B", "K", "4", {"clearing_id": "o2"}),
            ("p", "K", "C", "4", {"clearing_id": "o2"}),
            ("q", "K", "D", "1", {"clearing_id": "o1"}),
        ),
        accounts=accounts_of(K={"kind": "clearing"}),
    )
    assert asked(case, "transfer:s") == ({"q": 100}, {("balance", "D"): 100, ("hub", "K"): 200})


def test_a_balance_seed_restarts_every_earmark_of_a_clearing_account() -> None:
    rows = (
        ("s", "A", "K", "3", {"clearing_id": "o1"}),
        ("p", "K", "D", "3", {"clearing_id": "o1"}),
        ("x", "B", "K", "4", {"clearing_id": "o2"}),
        ("q", "K", "D", "2", {"clearing_id": "o1"}),
        ("r", "K", "C", "1", {"clearing_id": "o2"}),
    )
    case = gf.Case.from_tables(transfers=frame(*rows), accounts=accounts_of(K={"kind": "clearing"}))
    # o1 was touched and is empty where the balance is cut: it holds none of the seed
    found = asked(case, "transfer:s,balance:K@2024-05-01T09:25:00")
    assert found == ({"p": 300, "r": 100}, {("balance", "D"): 500, ("balance", "C"): 100, ("hub", "K"): 300})


@pytest.mark.parametrize("backward", [False, True])
def test_money_in_transit_is_one_transfer(backward: bool) -> None:
    later = {"target_time": "2024-05-01T10:00:00"}
    case = gf.Case.from_tables(
        transfers=frame(
            ("a", "A", "B", "3"),
            ("b", "B", "C", "5", later),
            ("c", "C", "D", "2", {"target_time": "2024-05-01T12:00:00"}),
        ),
        accounts=accounts_of(B={"opening_balance": "4"}),
    )
    if backward:
        assert asked(case, "transfer:b=2", backward=True) == (
            {"a": 300}, {("balance", "A"): 300, ("balance", "B"): 400}
        )  # fmt: skip
        return
    # a part of what is on its way stays a part
    assert asked(case, "transfer:b=2", until="2024-05-01T09:30:00") == ({}, {("balance", "transit:b"): 200})
    assert asked(case, "transfer:b=2", max_hops=0)[1] == {("balance", "C"): 500}
    assert asked(case, "transfer:a", max_hops=1)[1] == {("balance", "B"): 200, ("balance", "C"): 500}
    assert asked(case, "transfer:a", max_hops=0)[1] == {("balance", "B"): 200, ("horizon", "B"): 500}


def test_limits_count_along_the_shortest_path() -> None:
    rows = (("s", "A", "B", "5"), ("b", "B", "C", "1"), ("c", "C", "D", "1"), ("d", "D", "E", "1"),
            ("e", "B", "D", "2"), ("f", "D", "E", "1"), ("g", "E", "F", "3"))  # fmt: skip
    case = gf.Case.from_tables(transfers=frame(*rows))
    assert asked(case, "transfer:s") == (
        {"b": 100, "c": 100, "d": 100, "e": 200, "f": 100, "g": 300},
        {("balance", "B"): 200, ("balance", "D"): 100, ("balance", "F"): 300},
    )
    # d is the third after the seed, f the second: another way to D is shorter
    assert asked(case, "transfer:s", max_hops=2) == (
        {"b": 100, "c": 100, "e": 200, "f": 100},
        {("balance", "B"): 200, ("balance", "D"): 100, ("horizon", "D"): 100, ("horizon", "E"): 300},
    )
    assert asked(case, "transfer:s", max_hops=0) == ({}, {("balance", "B"): 200, ("horizon", "B"): 300})
    assert asked(case, "transfer:g", backward=True, max_hops=1) == (
        {"d": 100, "f": 100}, {("balance", "E"): 100, ("horizon", "D"): 300}
    )  # fmt: skip


def test_what_meets_a_seed_ends_there_as_a_whole() -> None:
    case = gf.Case.from_tables(
        transfers=frame(("s", "A", "B", "5"), ("t", "B", "C", "4"), ("u", "C", "D", "1")),
        accounts=accounts_of(B={"opening_balance": "2"}, D={"kind": "cash"}),
    )
    assert asked(case, "transfer:s,transfer:t=1") == (
        {"u": 100},
        {("returned", "B"): 300, ("balance", "C"): 300, ("cash", "D"): 100, ("recirculated", "B"): 400},
    )
    # a balance that is a seed ends what was touched there before, all that stands
    assert asked(case, "transfer:s,balance:B@2024-05-01T09:05:00=1") == (
        {"t": 400, "u": 100},
        {("balance", "B"): 300, ("balance", "C"): 300, ("cash", "D"): 100, ("recirculated", "B"): 700},
    )
    assert asked(case, "transfer:t,transfer:s", backward=True)[1] == {
        ("balance", "A"): 500, ("returned", "B"): 200, ("recirculated", "B"): 500
    }  # fmt: skip


def test_the_period_closes_it() -> None:
    case = gf.Case.from_tables(
        transfers=frame(("a", "A", "B", "5"), ("b", "B", "C", "2"), ("c", "C", "D", "1"))
    )
    assert asked(case, "transfer:a", until="2024-05-01T09:10:00")[1] == {
        ("balance", "B"): 300,
        ("balance", "C"): 200,
    }
    found = asked(case, "transfer:c", backward=True, since="2024-05-01T09:10:00")
    assert found == ({"b": 200}, {("balance", "B"): 500})


def test_a_conversion_that_rounds_to_nothing_touches() -> None:
    case = gf.Case.from_tables(
        transfers=frame(
            ("s", "A", "B", "10", into("USD", "0.01")), ("p", "B", "C", "0.01", {"currency": "USD"})
        )
    )
    assert asked(case, "transfer:s=1") == ({"p": 1}, {("balance", "C"): 1})


def test_what_has_no_answer_says_why() -> None:
    case = T1.case()
    trace = gf.trace(case, "transfer:r0", rule="poison")
    assert "seed_amount" in trace.transfers
    assert trace.seed == 30_000
    for enumerate_them in (trace.chains, trace.routes, lambda: list(trace.iter_chains())):
        with pytest.raises(gf.UsageError, match=r"upper bound.*fifo.*prorata.*libr$"):
            enumerate_them()
    for limit in ("0.01", 1):
        with pytest.raises(gf.UsageError, match=r"min_amount.*max_hops"):
            gf.trace(case, "transfer:r0", rule="poison", min_amount=limit)
    assert len(gf.trace(case, "transfer:r0", rule="poison", min_amount=0).ends) == 3
    assert {edge["seed_amount"] for _, _, edge in trace.to_networkx().edges(data=True)} == {None}
    page = trace._repr_html_()
    assert "300.00" in page
    assert "of the seed" not in page


@settings(max_examples=EXAMPLES)
@given(st.data())
def test_it_bounds_what_other_rules_say(data: st.DataObject) -> None:
    """No transfer, and without limits no end, has more of the seed than is touched there; and nothing else is touched."""
    tables = data.draw(ledgers())
    question = replace(data.draw(questions(tables)), min_amount=0)
    case, oracle = both(tables)
    for rule in RULES:
        found = answered(case, oracle, question, rule)
        if found is None:
            continue
        trace = found[1]
        poison = ask(case, replace(question, backward=trace.backward), "poison")
        assert poison.seed == trace.seed
        whole = {name: traced for name, (traced, _) in carried(poison).items()}
        amounts = dict(zip(poison.transfers["transfer_id"], poison.transfers["amount"], strict=True))
        assert all(whole[name] <= amounts[name] for name in whole)
        assert all(traced <= whole[name] for name, (traced, _) in carried(trace).items() if traced)
        touched = {key: amount for key, (amount, _) in ends(poison).items()}
        if question.max_hops is None:
            assert all(amount <= touched.get(key, 0) for key, (amount, _) in ends(trace).items())


@pytest.mark.parametrize("inner", ["B", "A"], ids=["to another account", "to itself"])
@pytest.mark.parametrize("backward", [False, True])
def test_by_party_a_transfer_inside_one_is_no_hop(inner: str, backward: bool) -> None:
    """It was counted: poison stopped earlier than the rules that it bounds."""
    rows = {
        "transfer_id": ["t", "s", "x"], "time": [f"2024-03-01T09:0{i}:00" for i in range(3)],
        "source": ["T", "A", inner], "target": ["A", inner, "X"], "amount": ["10"] * 3,
    }  # fmt: skip
    holders = {"account_id": ["A", "B"], "party_id": ["R", "R"]}
    case = gf.Case.from_tables(transfers=rows, accounts=holders)
    for hops in (0, 1):
        found = {}
        for rule in ("fifo", "poison"):
            how: Any = {"by": "party", "max_hops": hops, "backward": backward}
            trace = gf.trace(case, "transfer:x" if backward else "transfer:t", rule=rule, **how)
            found[rule] = {key: amount for key, (amount, _) in ends(trace).items()}, carried(trace).keys()
        assert found["poison"] == found["fifo"]
