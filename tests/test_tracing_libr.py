"""The lowest intermediate balance through the front door: the law's vectors, edges, and what must hold of it."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from tests.strategies import KNOWN, features, ledgers, questions
from tests.test_tracing_edges import accounts_of, ends, frame, into
from tests.test_tracing_properties import ask, carried, divisible
from tests.test_tracing_vectors import T1, T2, T3, T5, T7, T8, T9, T10, T11, Vector, check

EXAMPLES = int(os.environ.get("GRAPHFLOW_EXAMPLES", "300"))
fewer = settings(max_examples=max(EXAMPLES // 3, 1))
pytestmark = pytest.mark.usefixtures("few_orders")

T4 = Vector([("ABC", "M", 200_000), ("M", "car", 75_000), ("M", "boat and jet", 179_500)], {"M": "100000"})

# case, seed, what the transfers carry, what the ends hold: major units
VECTORS: dict[str, tuple[Vector, str, dict, dict]] = {
    "T1": (T1, "transfer:r0,transfer:r3", {"r4": 250}, {("balance", "Y"): 250, ("balance", "M"): 150}),
    "T2, Paul": (T2, "transfer:r0", {}, {("balance", "M"): 10}),
    "T2, Paul and Michael": (T2, "transfer:r0,transfer:r1", {"r2": 10}, {("balance", "X"): 10, ("balance", "M"): 10}),
    "T2, Karen": (T2, "transfer:r3", {}, {("balance", "M"): 10}),
    "T3": (T3, "transfer:r0", {"r1": 900}, {("balance", "X"): 900, ("balance", "M"): 100}),
    "T4": (T4, "transfer:r0", {"r2": 154_500}, {("balance", "boat and jet"): 154_500, ("balance", "M"): 45_500}),
    "T5": (T5, "transfer:r1", {"r5": 40}, {("balance", "P"): 60, ("balance", "R"): 40}),
    "T7": (T7, "transfer:r1", {"r2": 40}, {("lender", "M"): 60, ("balance", "Y"): 40}),
    "T8": (T8, "transfer:r0", {"r1": 40, "r3": 10}, {("balance", "X"): 40, ("balance", "Y"): 10}),
    "T9": (T9, "transfer:r0", {"r1": 30, "r2": 2}, {("balance", "X"): 30, ("balance", "FEE"): 2, ("balance", "M"): 18}),
    "T10": (T10, "transfer:r0", {"r4": 20}, {("balance", "Y"): 20, ("balance", "M"): 80}),
}  # fmt: skip


@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name: str) -> None:
    vector, seed, transfers, held = VECTORS[name]
    trace = gf.trace(vector.case(), seed, rule="libr")
    moved = {row: amounts[0] for row, amounts in carried(trace).items()}
    assert moved == {row: 100 * amount for row, amount in transfers.items()}
    found = {(kind, account): amount for kind, account, _, amount, seed in ends(trace)}
    assert found == {place: 100 * amount for place, amount in held.items()}
    assert sum(row[-1] for row in ends(trace)) == int(trace.chains()["amount"].sum()) == trace.seed


def test_the_vectors_of_t8_rest_on_the_least_opening() -> None:
    """80 of the holder's own left first; with more of it nothing of t's would have gone."""
    richer = Vector(T8.rows, {"M": "200"})
    check(richer, "transfer:r0", "libr", {}, {("balance", "M"): 50}, backward=False)


def test_t11_and_what_is_left_of_dollars() -> None:
    trace = gf.trace(T11.case(), "transfer:r1", rule="libr")
    assert ends(trace) == [("balance", "N", "USD", 5_000, 36_000)]


def test_backward_says_why_not_and_what_to_use() -> None:
    for case in (T1.case(), T11.case()):
        with pytest.raises(gf.UsageError, match=r"libr is not defined backward.*fifo.*prorata.*poison"):
            gf.trace(case, "transfer:r2", rule="libr", backward=True)


def test_own_money_repays_the_lender_first() -> None:
    """B owes 5; of the 8 that come 3 are traced, and the other 5 repay it. Of 8 that are all traced, 5."""
    transfers = frame(
        ("o", "B", "X", "5"),
        ("s", "A", "P", "3"),
        ("m", "P", "B", "8"),
        ("p", "B", "C", "1"),
        ("q", "B", "D", "2"),
    )
    case = gf.Case.from_tables(
        transfers=transfers, accounts=accounts_of(B={"opening_balance": "0"}, P={"opening_balance": "5"})
    )
    assert ends(gf.trace(case, "transfer:s", rule="libr")) == [
        ("balance", "C", "CNY", 100, 100), ("balance", "D", "CNY", 200, 200)
    ]  # fmt: skip
    assert ends(gf.trace(case, "transfer:m=6", rule="libr")) == [
        ("balance", "C", "CNY", 100, 100), ("balance", "D", "CNY", 200, 200), ("lender", "B", "CNY", 300, 300)
    ]  # fmt: skip


def test_every_compartment_has_its_own_lowest_balance() -> None:
    """Orders one and two hold 3 each beside 4 of nobody's: a payment for one empties that, then takes nobody's."""
    transfers = frame(
        ("s", "A", "K", "3", {"order_id": "o1"}),
        ("x", "B", "K", "3", {"order_id": "o2"}),
        ("p", "K", "C", "5", {"order_id": "o2"}),
        ("q", "K", "D", "4", {"order_id": "o2"}),
        ("r", "D", "E", "3"),
    )
    accounts = accounts_of(K={"kind": "client_custody", "opening_balance": "4"}, D={"opening_balance": "0"})
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts)
    # q finds nothing of its own: 2 of nobody's, then 2 of order one, all of them traced
    trace = gf.trace(case, "transfer:s", rule="libr")
    assert ends(trace) == [
        ("balance", "D", "CNY", 100, 100), ("balance", "E", "CNY", 100, 100), ("balance", "K", "CNY", 100, 100)
    ]  # fmt: skip
    assert {row: amounts[0] for row, amounts in carried(trace).items()} == {"q": 200, "r": 100}
    assert trace.misuse[["transfer_id", "taken_from", "amount", "traced"]].values.tolist() == [
        ["q", "o1", 200, 200]
    ]
    # in one compartment the untraced money of all would have left first
    plain = gf.Case.from_tables(
        transfers=transfers, accounts=accounts_of(K={"opening_balance": "4"}, D={"opening_balance": "0"})
    )
    assert carried(gf.trace(plain, "transfer:s", rule="libr")) == {"q": (200, 200), "r": (100, 100)}


def test_money_in_transit_and_limits() -> None:
    later = {"target_time": "2024-05-01T11:00:00"}
    transfers = frame(
        ("s", "A", "B", "3"), ("p", "B", "C", "4", later), ("q", "C", "D", "4"), ("r", "D", "E", "4")
    )
    transfers.loc[2:, "time"] = ["2024-05-01T12:00:00", "2024-05-01T13:00:00"]
    case = gf.Case.from_tables(
        transfers=transfers, accounts=accounts_of(B={"opening_balance": "2"}, C={"opening_balance": "1"})
    )
    on_its_way = gf.trace(case, "transfer:s", rule="libr", until="2024-05-01T10:30:00")
    assert ends(on_its_way) == [("balance", "B", "CNY", 100, 100), ("balance", "transit:p", "CNY", 200, 200)]
    trace = gf.trace(case, "transfer:s", rule="libr")
    assert carried(trace) == {"p": (200, 200), "q": (100, 100), "r": (100, 100)}
    limited = gf.trace(case, "transfer:s", rule="libr", max_hops=2)
    assert ends(limited) == [
        ("balance", "B", "CNY", 100, 100), ("balance", "C", "CNY", 100, 100), ("horizon", "D", "CNY", 100, 100)
    ]  # fmt: skip
    assert carried(limited) == {"p": (200, 200), "q": (100, 100)}
    greater = gf.trace(case, "transfer:s", rule="libr", min_amount="1.50")
    assert ends(greater) == [
        ("balance", "B", "CNY", 100, 100), ("balance", "C", "CNY", 100, 100), ("horizon", "C", "CNY", 100, 100)
    ]  # fmt: skip


def test_worth_is_spread_by_proportion_and_both_columns_close() -> None:
    transfers = frame(
        ("s", "A", "B", "0.05"),
        ("c", "B", "C", "0.07", into("USD", "0.03")),
        ("p", "C", "D", "0.02", {"currency": "USD"}),
        ("q", "C", "E", "0.02", {"currency": "USD"}),
    )
    accounts = accounts_of(B={"opening_balance": "0.04"}, C={"currency": "USD", "opening_balance": "0.01"})
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts)
    # c takes all 4 of B's own and 3 of the 5, which arrive as 1 of 3 (9/7 rounded); C pays 2 of its own 3, then that
    assert ends(gf.trace(case, "transfer:s", rule="libr")) == [
        ("balance", "B", "CNY", 2, 2), ("balance", "E", "USD", 1, 3)
    ]  # fmt: skip
    # less would not be worth a cent there, and ends with nothing
    assert ends(gf.trace(case, "transfer:s=0.03", rule="libr")) == [
        ("balance", "B", "CNY", 2, 2), ("balance", "C", "USD", 0, 1)
    ]  # fmt: skip


def test_seeds_restart() -> None:
    transfers = frame(("s", "A", "B", "5"), ("t", "B", "C", "6"), ("u", "C", "D", "1"))
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts_of(B={"opening_balance": "2"}))
    trace = gf.trace(case, "transfer:s,transfer:t=1", rule="libr")
    assert ends(trace) == [
        ("balance", "C", "CNY", 100, 100), ("recirculated", "B", "CNY", 400, 400), ("returned", "B", "CNY", 100, 100)
    ]  # fmt: skip
    trace = gf.trace(case, "transfer:s,balance:B@2024-05-01T09:05:00=3", rule="libr")
    assert ends(trace) == [
        ("balance", "B", "CNY", 100, 100), ("balance", "C", "CNY", 200, 200), ("recirculated", "B", "CNY", 500, 500)
    ]  # fmt: skip


# ---------------------------------------------------------------------- what must hold on random ledgers
def test_traced_money_is_at_most_the_lowest_balance_since_it_came() -> None:
    """Replayed account by account, out of what the tables say: T grows by what comes, and sinks to the balance."""

    @fewer
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        wants = features(
            orders=KNOWN, converts=False, transit=False, custody=False, clearing=False, kinds=False,
            coverage="none", fees=False, reversals=False, dates=False, parties=False,
        )  # fmt: skip
        tables = data.draw(ledgers(wants))
        asked = replace(data.draw(questions(tables, limits=False, periods=False)), backward=False)
        asked = replace(asked, refs=tuple(ref for ref in asked.refs if ref.kind in ("transfer", "account")))
        if not asked.refs:
            return
        case = divisible(tables)
        try:
            trace = ask(case, asked, "libr")
        except gf.UsageError:
            return
        replay(case, trace)

    holds()


def replay(case: gf.Case, trace: Any) -> None:
    ledger = case.ledger
    moved = {name: amounts[0] for name, amounts in carried(trace).items()}
    seeds = dict(zip(trace.seeds["transfer_id"], trace.seeds["seed_amount"], strict=True))
    signed: dict[tuple[str, str], int] = defaultdict(int)
    for pot in ledger.pots:
        name = ledger.account_ids[int(pot["account"])].as_py()
        signed[name, ledger.currencies[int(pot["currency"])]] = int(pot["opening"])
    traced: dict[tuple[str, str], int] = defaultdict(int)
    stopped: dict[tuple[str, str], int] = defaultdict(int)
    for row, name in zip(ledger.rows, ledger.transfer_ids.to_pylist(), strict=True):
        coin = ledger.currencies[int(row["currency"])]
        source, target = ((ledger.account_ids[int(row[side])].as_py(), coin) for side in ("source", "target"))
        amount = int(row["amount"])
        signed[source] -= amount
        stays = min(traced[source], max(signed[source], 0))
        goes, traced[source] = traced[source] - stays, stays
        if name in seeds:
            stopped["recirculated", source[0]] += goes
            goes = int(seeds[name])
        else:
            assert moved.get(name, 0) == goes
        owed = max(-signed[target], 0)
        signed[target] += amount
        lender = max(min(owed, amount) - (amount - goes), 0)
        stopped["lender", target[0]] += lender
        traced[target] += goes - lender
        for place in (source, target):
            assert traced[place] <= max(signed[place], 0)
    for place, amount in traced.items():
        stopped["stays", place[0]] += amount
    found: dict[tuple[str, str], int] = defaultdict(int)
    for kind, account, _, amount, _ in ends(trace):
        found[kind if kind in ("lender", "recirculated") else "stays", account] += amount
    assert {k: v for k, v in stopped.items() if v} == dict(found)


def test_it_depends_on_what_is_traced() -> None:
    """Not linear: two victims' money asked for apart is less of what left than together."""
    case = T1.case()
    parts = [gf.trace(case, f"transfer:{name}", rule="libr") for name in ("r0", "r1", "r3")]
    alone = [carried(part).get("r4", (0, 0))[0] for part in parts]
    together = carried(gf.trace(case, "transfer:r0,transfer:r1,transfer:r3", rule="libr"))
    assert sum(alone) < together["r4"][0]
