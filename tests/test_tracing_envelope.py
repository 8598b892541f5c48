"""The envelope: vectors by hand, every rule inside it, and three other ways to the same figures.

The network's own arrays are solved by a linear programme and by igraph; a second network, written from the definition
alone (tests/naive/envelope.py), is solved by a linear programme too.
"""

from __future__ import annotations

import os
import random
from typing import Any

import hypothesis
import igraph
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import graphflow as gf
from graphflow.synthesis import toys
from graphflow.tracing.envelope import ENVELOPE_KINDS, Key, _Work, envelope_of
from graphflow.tracing.network import Network, network_of, reached
from graphflow.tracing.shifting import Flows, carried_between, feasible
from tests.naive.envelope import Network as Twin
from tests.naive.oracle import Oracle, RefusedError
from tests.strategies import Asked, Tables, features, ledgers, questions
from tests.test_tracing_properties import ask, divisible
from tests.test_tracing_vectors import DOLLARS, START, T1, T8, Vector

EXAMPLES = int(os.environ.get("GRAPHFLOW_EXAMPLES", "200"))
many = settings(max_examples=EXAMPLES)
fewer = settings(max_examples=max(EXAMPLES // 4, 1))
pytestmark = pytest.mark.usefixtures("few_orders")
RULES = tuple(rule.name for rule in gf.tracing.RULES if rule.name != "poison")
END = "2024-05-01"


# ---------------------------------------------------------------------- vectors
def bounds(frame: pd.DataFrame) -> dict[tuple[str, str], tuple[int, int]]:
    """By kind and account, in major units."""
    assert frame["exact"].all()
    names = ("kind", "account_id", "least", "greatest")
    rows = zip(*(frame[name].tolist() for name in names), strict=True)
    return {(kind, account): (least / 100, greatest / 100) for kind, account, least, greatest in rows}


def envelope(vector: Vector, seed: str, backward: bool = False, **more: Any) -> dict:
    frames = {"accounts": pd.DataFrame(more["accounts"], dtype="str")} if "accounts" in more else {}
    case = gf.Case.from_tables(transfers=vector.frame(), **frames) if frames else vector.case()
    asked = {name: more[name] for name in ("since", "until", "currency") if name in more}
    return bounds(gf.trace(case, seed, backward=backward, **asked).envelope())


def test_t1_forward() -> None:
    t = gf.trace(T1.case(), "transfer:r0,transfer:r3")
    assert bounds(t.envelope()) == {
        ("balance", "X"): (0, 250), ("balance", "Y"): (0, 300), ("balance", "M"): (0, 150),
    }  # fmt: skip
    (both,) = t.envelope([("balance", "X"), ("balance", "Y")]).to_dict("records")
    assert (both["least"], both["greatest"], both["exact"]) == (25_000, 40_000, True)
    assert (both["kind"], both["account_id"], both["currency"]) == ("balance", "X, Y", "CNY")
    several = t.envelope([[("balance", "X", "CNY"), ("balance", "Y")], [("balance", "M")], [("cash", "M")]])
    assert several["least"].tolist() == [25_000, 0, 0]
    assert several["greatest"].tolist() == [40_000, 15_000, 0]


def test_t1_backward() -> None:
    # what Y got of 300: C's 100 and B's 200 in full at most, A's 300, the opening's 100; X took 250 before
    assert envelope(T1, "transfer:r4", backward=True) == {
        ("balance", "A"): (0, 300), ("balance", "B"): (0, 200), ("balance", "C"): (0, 100), ("balance", "M"): (0, 100),
    }  # fmt: skip
    left = envelope(T1, f"balance:M@{END}", backward=True)
    assert left[("balance", "A")] == (0, 150)
    assert left[("balance", "C")] == (0, 100)
    both = gf.trace(T1.case(), f"balance:M@{END}", backward=True).envelope(
        [("balance", "A"), ("balance", "B"), ("balance", "M")]
    )
    assert (both["least"].item(), both["greatest"].item()) == (5_000, 15_000)


def test_t8_an_unknown_opening_may_be_any_larger_one() -> None:
    found = envelope(T8, "transfer:r0")
    assert found[("balance", "X")] == (0, 50)
    assert found == {("balance", "X"): (0, 50), ("balance", "Y"): (0, 40), ("balance", "M"): (0, 50)}
    stated = envelope(Vector(T8.rows, {"M": "80"}), "transfer:r0")
    assert stated == {("balance", "X"): (40, 50), ("balance", "Y"): (0, 10)}
    assert envelope(T8, "transfer:r1", backward=True)[("balance", "t")] == (0, 50)


def test_an_overdraft_is_repaid_out_of_what_comes_in() -> None:
    # M owes 60 when 100 come: 60 to the lender, 40 stand; of the 70 that are seed 30 to 60 repay, and 10 to 40 stand
    vector = Vector([("M", "X", 60), ("t", "M", 100), ("M", "Y", 25)], {"M": "0"})
    assert envelope(vector, "transfer:r1") == {
        ("lender", "M"): (60, 60), ("balance", "Y"): (25, 25), ("balance", "M"): (15, 15),
    }  # fmt: skip
    assert envelope(vector, "transfer:r1=70") == {
        ("lender", "M"): (30, 60), ("balance", "Y"): (0, 25), ("balance", "M"): (0, 15),
    }  # fmt: skip
    # what stands in the account is never a lender's
    later = Vector([("t", "M", 10), ("M", "X", 70), ("c", "M", 100)], {"M": "0"})
    assert envelope(later, "transfer:r0") == {("balance", "X"): (10, 10)}
    assert envelope(later, "transfer:r1", backward=True) == {
        ("lender", "M"): (60, 60),
        ("balance", "t"): (10, 10),
    }


CUSTODY = [
    {"account_id": "K", "kind": "client_custody", "opening_balance": "0"},
    {"account_id": "M", "kind": None, "opening_balance": "0"},
]


def test_the_compartments_of_a_custody_account_are_one() -> None:
    # the rule pays o2's order out of o2's compartment: the envelope knows one balance of 100
    rows = [
        ("a", "K", 60, {"order_id": "o1"}),
        ("b", "K", 40, {"order_id": "o2"}),
        ("K", "X", 40, {"order_id": "o2"}),
    ]
    found = envelope(Vector(rows), "transfer:r0", accounts=CUSTODY)
    assert found == {("balance", "K"): (20, 60), ("balance", "X"): (0, 40)}
    # paid out of both and a lender, to an account that owes 20: of a's 60 between 10 and 60 can stand in M
    rows = [("M", "Z", 50), *rows[:2], ("K", "M", 120, {"order_id": "o1"})]
    found = envelope(Vector(rows), "transfer:r1", accounts=CUSTODY)
    assert found == {("lender", "M"): (0, 50), ("balance", "M"): (10, 60)}
    back = envelope(Vector(rows), "transfer:r3", backward=True, accounts=CUSTODY)
    assert back == {("balance", "a"): (60, 60), ("balance", "b"): (40, 40), ("lender", "K"): (20, 20)}


def test_clearing_has_a_line_for_every_earmark() -> None:
    rows = [("a", "H", 50, {"clearing_id": "p"}), ("b", "H", 50, {"clearing_id": "q"}),
            ("H", "X", 50, {"clearing_id": "q"}), ("H", "Y", 30, {"clearing_id": "p"}), ("a", "H", 5)]  # fmt: skip
    hub = [{"account_id": "H", "kind": "clearing"}]
    assert envelope(Vector(rows), "transfer:r0", accounts=hub) == {
        ("balance", "Y"): (30, 30),
        ("hub", "H"): (20, 20),
    }
    assert envelope(Vector(rows), "transfer:r4", accounts=hub) == {("hub", "H"): (5, 5)}


def test_in_transit_and_the_period() -> None:
    late = {"target_time": "2024-05-01T18:00:00"}
    vector = Vector(
        [("t", "M", 100), ("c", "M", 50), ("M", "X", 90, late), ("X", "Y", 10)], {"M": "0", "X": "20"}
    )
    assert envelope(vector, "transfer:r0") == {("balance", "X"): (40, 90), ("balance", "M"): (10, 60)}
    # Y was paid before it arrived; closed before that, it is on its way
    assert envelope(vector, "transfer:r0", until="2024-05-01T12:00:00") == {
        ("balance", "transit:r2"): (40, 90), ("balance", "M"): (10, 60),
    }  # fmt: skip
    # backward since then: only what came in the period
    assert envelope(vector, "transfer:r2", backward=True, since="2024-05-01T10:01:00") == {
        ("balance", "M"): (40, 90), ("balance", "c"): (0, 50),
    }  # fmt: skip


def test_a_seed_that_other_seeds_money_comes_to_ends_it() -> None:
    rows = [("a", "M", 100), ("c", "M", 100), ("M", "N", 120), ("N", "Z", 50)]
    vector = Vector(rows, {"M": "0", "N": "0"})
    assert envelope(vector, "transfer:r0,transfer:r2") == {
        ("recirculated", "M"): (20, 100), ("returned", "M"): (0, 80), ("balance", "Z"): (50, 50), ("balance", "N"): (70, 70),
    }  # fmt: skip
    # a seed of 30 restarts as a whole: all 120 may have been a's
    assert envelope(vector, "transfer:r0,transfer:r2=30") == {
        ("recirculated", "M"): (20, 100), ("returned", "M"): (0, 80), ("balance", "Z"): (0, 30), ("balance", "N"): (0, 30),
    }  # fmt: skip
    assert envelope(vector, "transfer:r0,transfer:r2", backward=True)[("balance", "a")] == (100, 100)


def test_a_balance_seed_cuts_what_stands() -> None:
    rows = [("a", "M", 100), ("M", "X", 30), ("c", "M", 40), ("M", "Y", 60)]
    vector = Vector(rows, {"M": "50"})
    found = envelope(vector, "transfer:r0,balance:M@2024-05-01T10:01:00=70")
    # of a's 100 between 70 and 100 stood there: that ends; then 70 of 120 start, c's 40 come, 60 go
    assert found == {
        ("recirculated", "M"): (70, 100), ("balance", "X"): (0, 30), ("balance", "Y"): (0, 60), ("balance", "M"): (10, 70),
    }  # fmt: skip
    back = envelope(vector, "balance:M@2024-05-01T10:01:00", backward=True)
    assert back == {("balance", "a"): (70, 100), ("balance", "M"): (20, 50)}
    assert envelope(vector, f"balance:M@{START}") == {
        ("balance", "X"): (0, 30), ("balance", "Y"): (0, 50), ("balance", "M"): (0, 50),
    }  # fmt: skip


def test_what_is_converted_ends_there_and_what_lies_behind_is_no_more_than_bounded() -> None:
    back = {"target_amount": "300", "target_currency": "CNY", "currency": "USD"}
    rows = [("t", "M", 400), ("M", "N", 360, DOLLARS), ("N", "M", 50, back)]
    t = gf.trace(Vector(rows, {"M": "0"}).case(), "transfer:r0")
    found = t.envelope().set_index(["kind", "account_id", "currency"])
    assert found.loc[("converted", "M", "CNY")].tolist() == [36_000, 36_000, True]
    # 40 stand, and converted money came back: its worth in the seed is not the envelope's to say
    assert found.loc[("balance", "M", "CNY")].tolist() == [4_000, 40_000, False]
    assert found.loc[("balance", "N", "USD")].tolist() == [0, 36_000, False]
    assert any("converted" in reason for reason in t.envelope().attrs["reasons"])
    alone = Vector(rows[:2], {"M": "0"})
    again = gf.trace(alone.case(), "transfer:r0").envelope([("balance", "M"), ("converted", "M")])
    assert again[["least", "greatest", "exact"]].to_numpy().tolist() == [[40_000, 40_000, True]]


# ---------------------------------------------------------------------- what is asked
def test_everything_that_is_wrong_with_a_question_is_said_at_once() -> None:
    t = gf.trace(T1.case(), "transfer:r0")
    with pytest.raises(gf.UsageError) as error:
        t.envelope([[("balance", "nobody"), ("horizon", "X")], [("balance", "X", "USD")], [("balance",)], []])
    said = str(error.value)
    for part in ("nobody", "horizon", "USD", "('balance',)", "no end"):
        assert part in said
    with pytest.raises(gf.UsageError, match="budget"):
        t.envelope(budget=-1)
    with pytest.raises(gf.UsageError):
        t.envelope([])


def test_limits_do_not_exist_in_it() -> None:
    t = gf.trace(T1.case(), "transfer:r0", max_hops=0)
    assert set(t.ends["kind"]) == {"horizon", "balance"} or set(t.ends["kind"]) == {"horizon"}
    found = t.envelope()
    assert "horizon" not in set(found["kind"])
    assert bounds(found) == bounds(gf.trace(T1.case(), "transfer:r0").envelope())
    assert any("limit" in reason for reason in found.attrs["reasons"])


def test_a_budget_gives_wider_bounds_and_says_so() -> None:
    t = gf.trace(T1.case(), "transfer:r0,transfer:r3")
    found = t.envelope(budget=0)
    assert not found["exact"].any()
    assert found.attrs["left_out"] == 0 and len(found.attrs["reasons"]) == 1
    wide = dict(zip(found["account_id"], found["greatest"].tolist(), strict=True))
    assert wide == {"X": 25_000, "Y": 30_000, "M": 40_000}
    assert found["least"].tolist() == [0, 0, 0]


def test_where_overdrafts_are_coordinated_there_is_none() -> None:
    """Money leaves before it came there: the figure lay outside of the bounds beside it."""
    with pytest.raises(gf.UsageError, match="says nothing of coordinated overdrafts"):
        gf.trace(toys.t7(), "transfer:t", overdraft="coordinated").envelope()
    beside = gf.compare_rules(toys.t7(), "transfer:t", overdraft="coordinated")
    assert beside[["least", "greatest", "exact"]].isna().all(axis=None) and len(beside) == 2
    assert any("coordinated" in reason for reason in beside.attrs["reasons"])


def test_ends_of_any_rule_have_bounds_whatever_the_budget() -> None:
    """What the first rule leaves empty was without bounds once the budget was spent."""
    for by in ("account", "party"):
        found = gf.compare_rules(toys.t1(), "transfer:a", budget=0, by=by)
        assert (found["fifo"] == 0).any(), "an end of another rule alone"
        assert found[["least", "greatest", "exact"]].notna().all(axis=None) and not found["exact"].any()
        full = gf.compare_rules(toys.t1(), "transfer:a", by=by)
        assert full["exact"].all() and (full["greatest"] >= full[["fifo", "lifo", "libr"]].max(axis=1)).all()
    horizon = gf.compare_rules(toys.t1(), "transfer:a", rules=["fifo", "lifo"], max_hops=0)
    assert (horizon["least"].isna() == (horizon["kind"] == "horizon")).all() and "horizon" in set(
        horizon["kind"]
    )


# ---------------------------------------------------------------------- every rule lies inside
def traced(case: gf.Case, asked: Asked, rule: str) -> Any:
    try:
        return ask(case, asked, rule)
    except gf.GraphflowError:
        hypothesis.reject()


def network(t: Any) -> Network:
    return network_of(reached(t._ledger, t._seeds, t.backward))


@many
@given(st.data())
def test_every_rule_is_a_flow_and_lies_within_the_bounds(data: st.DataObject) -> None:
    tables = data.draw(ledgers())
    case, asked = divisible(tables), data.draw(questions(tables, limits=False))
    for rule in RULES:
        t = traced(case, asked, rule)
        net = network(t)
        try:
            assert feasible(net, t), rule
        except gf.UsageError:
            continue  # under prorata what comes back converted is not told apart
        found = t.envelope()
        assert found["least"].le(found["greatest"]).all()
        columns = ("kind", "account_id", "currency")
        figures = dict(
            zip(zip(*(t.ends[c] for c in columns), strict=True), t.ends["seed_amount"].tolist(), strict=True)
        )
        for *key, least, greatest in found[[*columns, "least", "greatest"]].itertuples(index=False):
            if key[0] != "converted":
                assert least <= figures.pop(tuple(key), 0) <= greatest, (rule, key)
        assert not any(figures.values()), rule  # every end of the trace has a row
        # and what transfers carry, between their bounds
        rows, _, carried = t._carried
        low, high, exact = carried_between(Flows(net), rows)
        beyond = ~np.isin(rows, t._seeds.rows)
        assert ((low <= carried) & (carried <= high))[beyond & exact].all(), rule


def test_what_is_no_flow_is_seen() -> None:
    def tampered(moved: dict[int, int], ends: dict[int, int]) -> bool:
        t = gf.trace(T1.case(), "transfer:r0,transfer:r3")  # X 150, Y 150, left 100
        for table, changes in ((t._flow.moved, moved), (t._flow.ends, ends)):
            for row, change in changes.items():
                table[row, -2:] += change
        return feasible(network(t), t)

    flow = gf.trace(T1.case(), "transfer:r0,transfer:r3")._flow
    x, y = (int(np.flatnonzero(flow.moved[:, 0] == step)[0]) for step in (2, 4))
    (to_x, to_y, left) = (
        int(np.flatnonzero(flow.ends[:, 2] == amount)[n])
        for amount, n in ((15_000, 0), (15_000, 1), (10_000, 0))
    )
    assert tampered({}, {})
    assert tampered({x: 1000, y: -1000}, {to_x: 1000, to_y: -1000})  # another flow
    assert not tampered({x: 1000}, {to_x: 1000})  # created
    assert not tampered({x: 1000}, {})  # lost
    assert not tampered({x: 1000, y: -1000}, {to_x: -1000, to_y: 1000})  # elsewhere than carried
    assert not tampered({x: 10_001, y: -10_001}, {to_x: 10_001, to_y: -10_001})  # more than the payment
    assert not tampered({y: -6000}, {to_y: -6000, left: 6000})  # more than is left in the account


# ---------------------------------------------------------------------- other ways to the same figures
def programme(net: Network, wanted: np.ndarray) -> tuple[float, float]:
    """The least and the greatest of a linear form over all flows."""
    size, count = net.nodes, len(net.tail)
    signs = np.concatenate((-np.ones(count), np.ones(count)))
    places = (np.concatenate((net.tail, net.head)), np.tile(np.arange(count), 2))
    matrix = scipy.sparse.csr_matrix((signs, places), shape=(size, count))
    inner = np.setdiff1d(np.arange(1, size), net.ends[:, 0])
    limits = [(most if tail == 0 else 0, most) for tail, most in zip(net.tail, net.capacity, strict=True)]
    out = []
    for sign in (1, -1):
        found = linprog(
            sign * wanted, A_eq=matrix[inner] if len(inner) else None, b_eq=np.zeros(len(inner)) if len(inner) else None,
            bounds=limits, method="highs",
        )  # fmt: skip
        assert found.status == 0
        out.append(sign * float(found.fun))
    return out[0], out[1]


def drawn(data: st.DataObject, most: int = 20, **fixed: Any) -> Any:
    tables = data.draw(ledgers(features(most=most, large=False, **fixed)))
    return traced(divisible(tables), data.draw(questions(tables, limits=False)), "fifo")


def test_a_linear_programme_finds_the_same() -> None:
    @fewer
    @given(st.data())
    def same(data: st.DataObject) -> None:
        t = drawn(data)
        net = network(t)
        flows = Flows(net)
        rng = random.Random(data.draw(st.integers(0, 2**32)))
        for _ in range(3):
            some = np.array(sorted(rng.sample(range(len(net.ends)), rng.randint(1, len(net.ends)))))
            least, greatest = programme(net, np.isin(net.head, net.ends[some, 0]).astype(float))
            assert abs(flows.least(some) - least) < 1e-6
            assert abs(flows.greatest(some, net.seed) - greatest) < 1e-6
            edge = rng.randrange(len(net.tail))
            if net.tail[edge] > 0:
                wanted = np.zeros(len(net.tail))
                wanted[edge] = 1
                least, greatest = programme(net, wanted)
                low, high = flows.between(edge)
                assert abs(low - least) < 1e-6
                assert abs(high - greatest) < 1e-6

    same()


def as_igraph(net: Network) -> igraph.Graph:
    """The network with one more node, into which every end drains."""
    tails = np.append(net.tail, net.ends[:, 0])
    heads = np.append(net.head, np.full(len(net.ends), net.nodes))
    return igraph.Graph(n=net.nodes + 1, edges=np.column_stack((tails, heads)), directed=True)


def most(graph: igraph.Graph, net: Network, some: Any) -> int:
    """As much of the seed as can come to some of the ends."""
    drains = np.isin(np.arange(len(net.ends)), some) * net.seed
    return round(graph.maxflow_value(0, net.nodes, capacity=np.append(net.capacity, drains).tolist()))


def test_igraph_finds_the_same() -> None:
    @fewer
    @given(st.data())
    def same(data: st.DataObject) -> None:
        t = drawn(data, most=40)
        net = network(t)
        flows = Flows(net)
        rng = random.Random(data.draw(st.integers(0, 2**32)))
        graph = as_igraph(net)
        everything = np.arange(len(net.ends))
        assert most(graph, net, everything) == net.seed
        for _ in range(5):
            some = np.array(sorted(rng.sample(range(len(net.ends)), rng.randint(1, len(net.ends)))))
            assert flows.greatest(some, net.seed) == most(graph, net, some)
            assert flows.least(some) == net.seed - most(graph, net, np.setdiff1d(everything, some))

    same()


def test_a_network_written_from_the_definition_has_the_same_bounds() -> None:
    @settings(max_examples=max(EXAMPLES // 5, 1))
    @given(st.data())
    def same(data: st.DataObject) -> None:
        most = data.draw(st.sampled_from((6, 6, 12, 20)))
        tables = data.draw(ledgers(features(most=most, large=False)))
        asked = data.draw(questions(tables, limits=False))
        case, oracle = divisible(tables), Oracle(tables)
        try:
            twin = Twin(oracle, list(asked.refs), asked.backward, asked.currency, asked.since, asked.until)
        except RefusedError:
            hypothesis.reject()
        if "contradictory order" in oracle.rows.breaks:
            hypothesis.reject()
        t = ask(case, asked, "fifo")
        assert t.seed == twin.seed
        work = _Work(t, 10**9)
        mine = {(key.kind, key.account, key.currency): places for key, places in work.members.items()}
        known = sorted(set(mine) | twin.ends())
        rng = random.Random(data.draw(st.integers(0, 2**32)))
        for some in [[key] for key in known] + [
            rng.sample(known, rng.randint(1, len(known))) for _ in range(4)
        ]:
            places = np.array(sorted({i for key in some for i in mine.get(key, ())}), np.int64)
            found = (0, 0)
            if len(places):
                found = (work.flows.least(places), work.flows.greatest(places, t.seed))
            assert found == twin.bounds(some), some

    same()


# ---------------------------------------------------------------------- budgets
def test_whatever_the_budget_what_is_exact_is_so_and_the_rest_contains_it() -> None:
    @fewer
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        t = drawn(data, most=40)
        names = ["kind", "account_id", "currency"]
        true = t.envelope().set_index(names)
        budget = data.draw(st.sampled_from((0, 1, 10, 100, 1000, 4000, 10_000)))
        found = t.envelope(budget=budget)
        assert len(found) + found.attrs["left_out"] >= len(true)
        assert bool(found.attrs["reasons"]) or found["exact"].all()
        for *key, least, greatest, exact in found.itertuples(index=False):
            row = true.loc[tuple(key)] if tuple(key) in true.index else pd.Series({"least": 0, "greatest": 0})
            if exact:
                assert (least, greatest) == (row["least"], row["greatest"])
            else:
                assert least <= row["least"] <= row["greatest"] <= greatest <= t.seed

    holds()


# ---------------------------------------------------------------------- the order left open
def with_sequence(tables: Tables, rng: random.Random) -> Tables:
    """The same rows in one of the orders that equal times leave open."""
    rows = [dict(row) for row in tables["transfers"]]
    rng.shuffle(rows)
    for number, row in enumerate(rows):
        row["sequence"] = number
    return {**tables, "transfers": rows}


def test_merging_what_is_open_bounds_every_order() -> None:
    @settings(max_examples=max(EXAMPLES // 10, 1))
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        wants = features(orders=("open",), most=data.draw(st.sampled_from((6, 12))), dates=False, vague=False, large=False,
                         transit=False)  # fmt: skip
        tables = data.draw(ledgers(wants))
        for row in tables["transfers"]:  # a stated balance would say of some orders that they are impossible
            for column in ("source_balance", "target_balance"):
                row.pop(column, None)
        names = [row.get("reversal_of") for row in tables["transfers"] if row.get("reversal_of")]
        hypothesis.assume(len(names) == len(set(names)))
        asked = data.draw(questions(tables, limits=False, periods=False))
        hypothesis.assume(
            all(ref.amount is None or ref.kind in ("transfer", "balance") for ref in asked.refs)
        )
        t = traced(divisible(tables), asked, "fifo")
        wide = _Work(t, 10**9, True)
        hypothesis.assume(wide.spans is not None)
        nets = dict(zip(t._ledger.transfer_ids.to_pylist(), t._ledger.rows["net"].tolist(), strict=True))
        bound = {key: (wide.flows.least(np.array(at)), wide.flows.greatest(np.array(at), t.seed))
                 for key, at in wide.members.items()}  # fmt: skip
        low, high, _ = carried_between(wide.flows, np.arange(t._ledger.size))
        carried = {
            name: (int(low[i]), int(high[i])) for i, name in enumerate(t._ledger.transfer_ids.to_pylist())
        }
        turned = wide.flows.network.reached.moves.converts.any()
        rng = random.Random(data.draw(st.integers(0, 2**32)))
        for _ in range(12):
            other = traced(divisible(with_sequence(tables, rng)), asked, "fifo")
            ids = other._ledger.transfer_ids.to_pylist()
            if other.seed != t.seed or nets != dict(
                zip(ids, other._ledger.rows["net"].tolist(), strict=True)
            ):
                continue
            one = _Work(other, 10**9)
            for key, at in one.members.items():
                least, greatest = one.flows.least(np.array(at)), one.flows.greatest(np.array(at), t.seed)
                outer = bound.get(key, (0, 0))
                assert outer[0] <= least <= greatest <= outer[1], (key, outer, (least, greatest))
            for key in set(bound) - set(one.members):
                assert bound[key][0] == 0
            low, high, _ = carried_between(one.flows, np.arange(other._ledger.size))
            for i, name in enumerate(ids):
                if not turned:
                    assert carried[name][0] <= low[i] <= high[i] <= carried[name][1], name

    holds()


def test_two_rows_of_one_second() -> None:
    rows = [("t", "M", 100), ("M", "X", 80)]
    t = gf.trace(Vector(rows, {"M": "50"}, same_time=True).case(), "transfer:r0")
    # paid first: 50 of M's own and 30 of a lender, whom t's money repays; paid last: up to 80 of t's
    merged = envelope_of(t, merge_open=True)
    assert not merged["exact"].any()
    found = {(k, a): (low, high) for k, a, _, low, high, _ in merged.itertuples(index=False)}
    assert found[("balance", "X")] == (0, 8_000)
    assert found[("lender", "M")] == (0, 3_000)
    assert found[("balance", "M")] == (0, 7_000)
    shown = bounds(t.envelope())
    assert shown[("balance", "X")] == (30, 80)
    assert any("order" in reason for reason in t.envelope().attrs["reasons"])  # paid last, it could be 0
    known = gf.trace(Vector(rows, {"M": "50"}).case(), "transfer:r0")
    assert known.envelope().attrs["reasons"] == []


def test_kinds_and_keys() -> None:
    assert "horizon" not in ENVELOPE_KINDS and ENVELOPE_KINDS[-1] == "converted"
    assert Key("balance", "A", "", "CNY") < Key("balance", "B", "", "CNY")


def test_the_whole_case_is_one_flow_again() -> None:
    """The front door's own cases, with every account as seed."""
    from graphflow.synthesis import toys

    for name in ("t1", "t2", "t3", "t5", "t7", "t8", "t9", "t10", "two_victims", "mixing"):
        case = getattr(toys, name)()
        for account in case.ledger.account_ids.to_pylist():
            for backward in (False, True):
                try:
                    t = gf.trace(case, f"account:{account}", backward=backward)
                except gf.UsageError:
                    continue
                found = t.envelope()
                assert found["exact"].all() and found["least"].le(found["greatest"]).all()
                assert found["least"].sum() <= t.seed <= found["greatest"].sum()


def test_by_party_the_ends_of_one_party_are_one() -> None:
    rows = [("a", "M", 100), ("M", "X1", 60), ("M", "X2", 60), ("M", "Y", 30), ("X1", "X2", 40)]
    accounts = [{"account_id": "M", "opening_balance": "80", "party_id": None}]
    accounts += [{"account_id": name, "opening_balance": "0", "party_id": "P"} for name in ("X1", "X2")]
    case = gf.Case.from_tables(
        transfers=Vector(rows).frame(),
        accounts=pd.DataFrame(accounts, dtype="str"),
        parties=pd.DataFrame({"party_id": ["P"], "name": ["P"], "kind": ["company"]}, dtype="str"),
    )
    found = gf.trace(case, "transfer:r0", by="party").envelope()
    assert found.columns.tolist() == [
        "kind",
        "account_id",
        "party_id",
        "currency",
        "least",
        "greatest",
        "exact",
    ]
    held = {
        (account if isinstance(account, str) else party): (least, greatest)
        for _, account, party, _, least, greatest, _ in found.itertuples(index=False)
    }
    assert held == {"P": (4_000, 10_000), "Y": (0, 3_000), "M": (0, 3_000)}
    (one,) = gf.trace(case, "transfer:r0", by="party").envelope([("balance", "P")]).to_dict("records")
    assert (one["least"], one["greatest"], one["party_id"], one["account_id"]) == (4_000, 10_000, "P", None)
    by_account = bounds(gf.trace(case, "transfer:r0").envelope())
    assert by_account[("balance", "X1")] == (0, 20) and by_account[("balance", "X2")] == (20, 100)


def test_joined_cash_goes_on_in_it() -> None:
    rows = [("t", "M", 100), ("M", "cash:M", 80), ("cash:N", "N", 76), ("N", "Z", 50)]
    accounts = [{"account_id": "M", "opening_balance": "20", "party_id": "P", "kind": None},
                {"account_id": "N", "opening_balance": "0", "party_id": "P", "kind": None},
                {"account_id": "cash:M", "opening_balance": None, "party_id": None, "kind": "cash"},
                {"account_id": "cash:N", "opening_balance": None, "party_id": None, "kind": "cash"}]  # fmt: skip
    case = gf.Case.from_tables(
        transfers=Vector(rows).frame(),
        accounts=pd.DataFrame(accounts, dtype="str"),
        parties=pd.DataFrame({"party_id": ["P"], "name": ["P"], "kind": ["person"]}, dtype="str"),
    )
    apart = bounds(gf.trace(case, "transfer:r0").envelope())
    assert apart[("cash", "cash:M")] == (60, 80)
    joined = gf.trace(case, "transfer:r0", cash_gaps=True).envelope()
    held = bounds(joined)
    assert held[("balance", "Z")] == (30, 50)
    assert held[("cash", "cash:M")] == (0, 4)
