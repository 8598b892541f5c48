"""The written vectors of the tracing rules, through the front door.

Inputs are those of `domain.md` §2.2 in major units, answers those of `vectors.json`; amounts are counted in cents, so
first in, first out is exact and pro rata is held to what is promised: half a unit for what an account holds, and so
one unit for what a payment carries.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest

import graphflow as gf

F = Fraction
RULES = ("fifo", "prorata")


@dataclass
class Vector:
    """A small case: rows are source, target, amount and further columns; each a minute after the one before."""

    rows: list[tuple]
    opening: dict[str, str] = field(default_factory=dict)
    same_time: bool = False

    def frame(self) -> pd.DataFrame:
        lines = []
        for number, (source, target, amount, *more) in enumerate(self.rows):
            minute = 0 if self.same_time else number
            line = {"transfer_id": f"r{number}", "time": f"2024-05-01T10:{minute:02d}:00", "source": source}
            lines.append({**line, "target": target, "amount": str(amount), **(more[0] if more else {})})
        columns = sorted({name for line in lines for name in line})
        return pd.DataFrame({name: [line.get(name) for line in lines] for name in columns}, dtype="str")

    def case(self) -> gf.Case:
        accounts = pd.DataFrame(
            {"account_id": list(self.opening), "opening_balance": list(self.opening.values())}, dtype="str"
        )
        frames = {"accounts": accounts} if self.opening else {}
        return gf.Case.from_tables(transfers=self.frame(), **frames)


START = "2024-05-01T09:00:00"

# name: the case; then for each seed (a label of the law's books) what is traced, by rule, in major units:
# transfers that carry it, and what is left in the mixed account M (or the account named).
T1 = Vector(
    [("A", "M", 300), ("B", "M", 200), ("M", "X", 250), ("C", "M", 100), ("M", "Y", 300)], {"M": "100"}
)
T2 = Vector(
    [("Paul", "M", 10), ("Michael", "M", 10), ("M", "X", 10), ("Karen", "M", 10), ("M", "Y", 10)], {"M": "0"}
)
T3 = Vector(
    [("T", "M", 1000), ("M", "X", 900), ("own", "M", 500), ("M", "Y", 100), ("own", "M", 700)], {"M": "0"}
)
T5 = Vector(
    [
        ("clean", "P", 100),
        ("taint", "P", 100),
        ("clean", "Q", 20),
        ("P", "Q", 80),
        ("Q", "R", 50),
        ("P", "R", 60),
    ],
    {"P": "0", "Q": "0", "R": "0"},
)
T7 = Vector([("M", "X", 60), ("t", "M", 100), ("M", "Y", 40)], {"M": "0"})
T8 = Vector([("t", "M", 50), ("M", "X", 120), ("c", "M", 30), ("M", "Y", 40)])
T9 = Vector([("t", "M", 50), ("M", "X", 80), ("M", "FEE", 2, {"fee_of": "r1"})], {"M": "50"})
T10 = Vector(
    [
        ("t", "M", 100),
        ("c", "M", 100),
        ("M", "X", 50),
        ("X", "M", 50, {"reversal_of": "r2"}),
        ("M", "Y", 120),
    ],
    {"M": "0"},
)
DOLLARS = {"target_amount": "100", "target_currency": "USD"}
T11 = Vector([("c", "M", 360), ("t", "M", 360), ("M", "N", 720, DOLLARS)], {"M": "0"})

# case, seed, rule, what the transfers carry, what the ends hold (kind, account): major units of the seed
FORWARD = {
    "T1.fifo.O": (T1, f"balance:M@{START}", "fifo", {"r2": 100}, {("balance", "X"): 100}),
    "T1.fifo.A": (T1, "transfer:r0", "fifo", {"r2": 150, "r4": 150}, {("balance", "X"): 150, ("balance", "Y"): 150}),
    "T1.fifo.B": (T1, "transfer:r1", "fifo", {"r4": 150}, {("balance", "Y"): 150, ("balance", "M"): 50}),
    "T1.fifo.C": (T1, "transfer:r3", "fifo", {}, {("balance", "M"): 100}),
    "T1.fifo.taint": (
        T1, "transfer:r0,transfer:r3", "fifo", {"r2": 150, "r4": 150},
        {("balance", "X"): 150, ("balance", "Y"): 150, ("balance", "M"): 100},
    ),
    "T1.prorata.O": (
        T1, f"balance:M@{START}", "prorata", {"r2": F(125, 3), "r4": F(350, 9)},
        {("balance", "X"): F(125, 3), ("balance", "Y"): F(350, 9), ("balance", "M"): F(175, 9)},
    ),
    "T1.prorata.A": (
        T1, "transfer:r0", "prorata", {"r2": 125, "r4": F(350, 3)},
        {("balance", "X"): 125, ("balance", "Y"): F(350, 3), ("balance", "M"): F(175, 3)},
    ),
    "T1.prorata.B": (
        T1, "transfer:r1", "prorata", {"r2": F(250, 3), "r4": F(700, 9)},
        {("balance", "X"): F(250, 3), ("balance", "Y"): F(700, 9), ("balance", "M"): F(350, 9)},
    ),
    "T1.prorata.C": (
        T1, "transfer:r3", "prorata", {"r4": F(200, 3)}, {("balance", "Y"): F(200, 3), ("balance", "M"): F(100, 3)},
    ),
    "T1.prorata.taint": (
        T1, "transfer:r0,transfer:r3", "prorata", {"r2": 125, "r4": F(550, 3)},
        {("balance", "X"): 125, ("balance", "Y"): F(550, 3), ("balance", "M"): F(275, 3)},
    ),
    "T2.fifo.Paul": (T2, "transfer:r0", "fifo", {"r2": 10}, {("balance", "X"): 10}),
    "T2.fifo.Michael": (T2, "transfer:r1", "fifo", {"r4": 10}, {("balance", "Y"): 10}),
    "T2.fifo.Karen": (T2, "transfer:r3", "fifo", {}, {("balance", "M"): 10}),
    "T2.rolling.Paul": (
        T2, "transfer:r0", "prorata", {"r2": 5, "r4": F(5, 2)},
        {("balance", "X"): 5, ("balance", "Y"): F(5, 2), ("balance", "M"): F(5, 2)},
    ),
    "T2.rolling.Karen": (T2, "transfer:r3", "prorata", {"r4": 5}, {("balance", "Y"): 5, ("balance", "M"): 5}),
    "T3.fifo": (
        T3, "transfer:r0", "fifo", {"r1": 900, "r3": 100}, {("balance", "X"): 900, ("balance", "Y"): 100},
    ),
    "T3.prorata": (
        T3, "transfer:r0", "prorata", {"r1": 900, "r3": F(50, 3)},
        {("balance", "X"): 900, ("balance", "Y"): F(50, 3), ("balance", "M"): F(250, 3)},
    ),
    "T5.fifo": (T5, "transfer:r1", "fifo", {"r5": 40}, {("balance", "P"): 60, ("balance", "R"): 40}),
    "T5.prorata": (
        T5, "transfer:r1", "prorata", {"r3": 40, "r4": 20, "r5": 30},
        {("balance", "P"): 30, ("balance", "Q"): 20, ("balance", "R"): 50},
    ),
    "T7.fifo": (T7, "transfer:r1", "fifo", {"r2": 40}, {("lender", "M"): 60, ("balance", "Y"): 40}),
    "T7.prorata": (T7, "transfer:r1", "prorata", {"r2": 40}, {("lender", "M"): 60, ("balance", "Y"): 40}),
    "T8.fifo": (T8, "transfer:r0", "fifo", {"r1": 40, "r3": 10}, {("balance", "X"): 40, ("balance", "Y"): 10}),
    "T8.fifo.c": (T8, "transfer:r2", "fifo", {"r3": 30}, {("balance", "Y"): 30}),
    "T8.fifo.U": (T8, f"balance:M@{START}", "fifo", {"r1": 80}, {("balance", "X"): 80}),
    "T8.prorata": (
        T8, "transfer:r0", "prorata", {"r1": F(600, 13), "r3": F(50, 13)},
        {("balance", "X"): F(600, 13), ("balance", "Y"): F(50, 13)},
    ),
    "T8.prorata.U": (
        T8, f"balance:M@{START}", "prorata", {"r1": F(960, 13), "r3": F(80, 13)},
        {("balance", "X"): F(960, 13), ("balance", "Y"): F(80, 13)},
    ),
    "T9.fifo": (
        T9, "transfer:r0", "fifo", {"r1": 30, "r2": 2},
        {("balance", "X"): 30, ("balance", "FEE"): 2, ("balance", "M"): 18},
    ),
    "T9.prorata": (
        T9, "transfer:r0", "prorata", {"r1": 40, "r2": 1},
        {("balance", "X"): 40, ("balance", "FEE"): 1, ("balance", "M"): 9},
    ),
    "T10.fifo.t": (T10, "transfer:r0", "fifo", {"r4": 100}, {("balance", "Y"): 100}),
    "T10.fifo.c": (T10, "transfer:r1", "fifo", {"r4": 20}, {("balance", "Y"): 20, ("balance", "M"): 80}),
    "T10.prorata.t": (T10, "transfer:r0", "prorata", {"r4": 60}, {("balance", "Y"): 60, ("balance", "M"): 40}),
}  # fmt: skip

BACKWARD = {
    "T1.fifo.X": (T1, "transfer:r2", "fifo", {"r0": 150}, {("balance", "M"): 100, ("balance", "A"): 150}),
    "T1.fifo.Y": (
        T1, "transfer:r4", "fifo", {"r0": 150, "r1": 150}, {("balance", "A"): 150, ("balance", "B"): 150},
    ),
    "T1.fifo.left": (
        T1, "balance:M@2024-05-01", "fifo", {"r1": 50, "r3": 100}, {("balance", "B"): 50, ("balance", "C"): 100},
    ),
    "T1.prorata.X": (
        T1, "transfer:r2", "prorata", {"r0": 125, "r1": F(250, 3)},
        {("balance", "M"): F(125, 3), ("balance", "A"): 125, ("balance", "B"): F(250, 3)},
    ),
    "T1.prorata.Y": (
        T1, "transfer:r4", "prorata", {"r0": F(350, 3), "r1": F(700, 9), "r3": F(200, 3)},
        {("balance", "M"): F(350, 9), ("balance", "A"): F(350, 3), ("balance", "B"): F(700, 9),
         ("balance", "C"): F(200, 3)},
    ),
    "T1.prorata.left": (
        T1, "balance:M@2024-05-01", "prorata", {"r0": F(175, 3), "r1": F(350, 9), "r3": F(100, 3)},
        {("balance", "M"): F(175, 9), ("balance", "A"): F(175, 3), ("balance", "B"): F(350, 9),
         ("balance", "C"): F(100, 3)},
    ),
    "T2.fifo.left": (T2, "balance:M@2024-05-01", "fifo", {"r3": 10}, {("balance", "Karen"): 10}),
    "T2.rolling.left": (
        T2, "balance:M@2024-05-01", "prorata", {"r0": F(5, 2), "r1": F(5, 2), "r3": 5},
        {("balance", "Paul"): F(5, 2), ("balance", "Michael"): F(5, 2), ("balance", "Karen"): 5},
    ),
    "T3.fifo.left": (T3, "balance:M@2024-05-01", "fifo", {"r2": 500, "r4": 700}, {("balance", "own"): 1200}),
    "T3.prorata.left": (
        T3, "balance:M@2024-05-01", "prorata", {"r0": F(250, 3), "r2": F(1250, 3), "r4": 700},
        {("balance", "T"): F(250, 3), ("balance", "own"): F(3350, 3)},
    ),
    "T5.fifo.P": (T5, "balance:P@2024-05-01", "fifo", {"r1": 60}, {("balance", "taint"): 60}),
    "T5.fifo.Q": (T5, "balance:Q@2024-05-01", "fifo", {"r3": 50, "r0": 50}, {("balance", "clean"): 50}),
    "T5.fifo.R": (
        T5, "balance:R@2024-05-01", "fifo", {"r4": 50, "r5": 60, "r2": 20, "r3": 30, "r0": 50, "r1": 40},
        {("balance", "clean"): 70, ("balance", "taint"): 40},
    ),
    "T5.prorata.Q": (
        T5, "balance:Q@2024-05-01", "prorata", {"r2": 10, "r3": 40, "r0": 20, "r1": 20},
        {("balance", "clean"): 30, ("balance", "taint"): 20},
    ),
    "T5.prorata.R": (
        T5, "balance:R@2024-05-01", "prorata", {"r4": 50, "r5": 60, "r2": 10, "r3": 40, "r0": 50, "r1": 50},
        {("balance", "clean"): 60, ("balance", "taint"): 50},
    ),
    "T7.fifo.X": (T7, "transfer:r0", "fifo", {}, {("lender", "M"): 60}),
    "T7.fifo.Y": (T7, "transfer:r2", "fifo", {"r1": 40}, {("balance", "t"): 40}),
    "T7.prorata.X": (T7, "transfer:r0", "prorata", {}, {("lender", "M"): 60}),
    "T8.fifo.X": (T8, "transfer:r1", "fifo", {"r0": 40}, {("balance", "M"): 80, ("balance", "t"): 40}),
    "T8.prorata.Y": (
        T8, "transfer:r3", "prorata", {"r0": F(50, 13), "r2": 30},
        {("balance", "M"): F(80, 13), ("balance", "t"): F(50, 13), ("balance", "c"): 30},
    ),
    "T9.fifo.fee": (T9, "transfer:r2", "fifo", {"r0": 2}, {("balance", "t"): 2}),
    "T9.prorata.fee": (T9, "transfer:r2", "prorata", {"r0": 1}, {("balance", "t"): 1, ("balance", "M"): 1}),
    "T10.fifo.Y": (
        T10, "transfer:r4", "fifo", {"r0": 100, "r1": 20}, {("balance", "t"): 100, ("balance", "c"): 20},
    ),
}  # fmt: skip


def check(vector: Vector, seed: str, rule: str, transfers: dict, ends: dict, backward: bool) -> None:
    t = gf.trace(vector.case(), seed, rule=rule, backward=backward)
    carried = dict(zip(t.transfers["transfer_id"], t.transfers["traced"].astype(int), strict=True))
    stands = held(t)
    assert int(t.ends["seed_amount"].sum()) == t.seed
    assert set(t.ends["currency"]) == {"CNY"}
    exact = rule == "fifo"
    assert set(carried) == set(transfers)
    for name, amount in transfers.items():
        assert abs(carried[name] - 100 * amount) <= (0 if exact else 1), name
    assert set(stands) == set(ends)
    for key, amount in ends.items():
        assert abs(stands[key] - 100 * amount) <= (0 if exact else 1), key
    chains = t.chains()
    assert int(chains["amount"].sum()) == t.seed


@pytest.mark.parametrize("name", FORWARD)
def test_forward(name: str) -> None:
    check(*FORWARD[name], backward=False)


@pytest.mark.parametrize("name", BACKWARD)
def test_backward(name: str) -> None:
    check(*BACKWARD[name], backward=True)


@pytest.mark.parametrize(("first", "tainted"), [("t", 100), ("c", 0)])
@pytest.mark.parametrize("column", ["sequence", "target_sequence", "target_balance"])
def test_t6_an_order_given_within_one_second(first: str, tainted: int, column: str) -> None:
    second = "c" if first == "t" else "t"
    said = {
        "sequence": [{"sequence": str(n)} for n in (7, 8, 9)],
        "target_sequence": [{"target_sequence": "1"}, {"target_sequence": "2"}, {"source_sequence": "3"}],
        "target_balance": [{"target_balance": "100"}, {"target_balance": "200"}, {"source_balance": "100"}],
    }[column]
    rows = [("M", "X", 100, said[2]), (second, "M", 100, said[1]), (first, "M", 100, said[0])]
    vector = Vector(rows, {"M": "0"}, same_time=True)
    seed = f"transfer:r{2 if first == 't' else 1}"
    check(vector, seed, "fifo", {"r0": tainted} if tainted else {},
          {("balance", "X"): 100} if tainted else {("balance", "M"): 100}, backward=False)  # fmt: skip
    check(vector, seed, "prorata", {"r0": 50}, {("balance", "X"): 50, ("balance", "M"): 50}, backward=False)
    check(vector, "transfer:r0", "fifo", {f"r{2}": 100}, {("balance", first): 100}, backward=True)


@pytest.mark.parametrize("rule", RULES)
def test_t10_what_was_undone_never_moved(rule: str) -> None:
    for name in ("r2", "r3"):
        with pytest.raises(gf.GraphflowError):
            gf.trace(T10.case(), f"transfer:{name}", rule=rule)


def test_t7_where_overdrafts_are_coordinated_what_repays_one_paid_for_it() -> None:
    """T7 again, and the payment's own side of it: X has 60 of t, Y 40, the lender nothing."""
    case = T7.case()
    t = gf.trace(case, "transfer:r1", overdraft="coordinated")
    assert held(t) == {("balance", "X"): 6_000, ("balance", "Y"): 4_000}
    chains = t.chains().set_index("account_id")
    assert chains["transfers"].to_dict() == {"X": ("r1", "r0"), "Y": ("r1", "r2")}
    for name, amount in (("r0", 6_000), ("r2", 4_000)):
        back = gf.trace(case, f"transfer:{name}", backward=True, overdraft="coordinated")
        assert held(back) == {("balance", "t"): amount}
        assert back.transfers[["transfer_id", "traced"]].values.tolist() == [["r1", amount]]
    lent = gf.trace(case, "transfer:r1")
    for told, note in ((lent, "the money of a lender"), (t, "the money that was paid then")):
        (assumed,) = told.assumptions.query("kind == 'overdraft'").to_dict("records")
        assert (assumed["account_id"], assumed["seed_amount"], note in assumed["note"]) == ("M", 10_000, True)
    for rule in ("lifo", "prorata", "libr", "poison"):
        with pytest.raises(gf.UsageError, match="coordinated"):
            gf.trace(case, "transfer:r1", rule=rule, overdraft="coordinated")


def held(trace: Any) -> dict[tuple[str, str], int]:
    rows = zip(trace.ends["kind"], trace.ends["account_id"], trace.ends["amount"].tolist(), strict=True)
    return {(kind, account): amount for kind, account, amount in rows}


@pytest.mark.parametrize("rule", [*RULES, "lifo"])
def test_t11_a_conversion_at_the_executed_rate(rule: str) -> None:
    t = gf.trace(T11.case(), "transfer:r1", rule=rule)
    (end,) = t.ends.to_dict("records")
    assert (end["kind"], end["account_id"], end["currency"]) == ("balance", "N", "USD")
    assert (end["amount"], end["seed_amount"], t.seed, t.currency) == (5_000, 36_000, 36_000, "CNY")
    (row,) = t.transfers.to_dict("records")
    assert (row["transfer_id"], row["traced"], row["seed_amount"]) == ("r2", 36_000, 36_000)
    back = gf.trace(T11.case(), "balance:N@2024-05-01", rule=rule, backward=True, currency="USD")
    assert (back.seed, back.currency) == (10_000, "USD")
    ends = {
        row["account_id"]: (row["currency"], row["amount"], row["seed_amount"])
        for row in back.ends.to_dict("records")
    }
    assert ends == {"t": ("CNY", 36_000, 5_000), "c": ("CNY", 36_000, 5_000)}


@pytest.mark.parametrize("rule", RULES)
def test_t12_cash_stops_unless_asked_for(rule: str) -> None:
    rows = [("t", "M", 50_000), ("M", "cash:M", 50_000), ("cash:N", "N", 48_000)]
    accounts = {"M": "0"}
    vector = Vector(rows, accounts)
    frame = pd.DataFrame(
        {"account_id": ["M", "cash:M", "cash:N"], "kind": [None, "cash", "cash"]}, dtype="str"
    )
    case = gf.Case.from_tables(transfers=vector.frame(), accounts=frame)
    t = gf.trace(case, "transfer:r0", rule=rule)
    (end,) = t.ends.to_dict("records")
    assert (end["kind"], end["account_id"], end["amount"]) == ("cash", "cash:M", 5_000_000)


@pytest.mark.parametrize(
    ("rule", "put"),
    [("fifo", 8_000), ("lifo", 8_000), ("prorata", 9_600), ("libr", 8_000), ("poison", 48_000)],
)
def test_t12_cash_that_was_withdrawn_and_put_in_again_where_that_is_asked_for(rule: str, put: int) -> None:
    """T12: 50,000 go out at 10:02, of which 10,000 are traced; 48,000 come in that day, to an account of the same holder."""
    transfers = pd.DataFrame(
        {
            "transfer_id": ["r0", "r1", "r2"],
            "time": [f"2024-05-01T{at}:00" for at in ("09:00", "10:02", "15:40")],
            "source": ["t", "M", "cash:N"],
            "target": ["M", "cash:M", "N"],
            "amount": ["10000", "50000", "48000"],
        },
        dtype="str",
    )
    accounts = pd.DataFrame(
        {
            "account_id": ["M", "N", "cash:M", "cash:N"],
            "kind": [None, None, "cash", "cash"],
            "party_id": ["h", "h", None, None],
            "opening_balance": ["40000", None, None, None],
        },
        dtype="str",
    )
    parties = pd.DataFrame({"party_id": ["h"], "name": ["h"], "kind": ["person"]}, dtype="str")
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts, parties=parties)
    rest = (50_000 if rule == "poison" else 10_000) - put
    t = gf.trace(case, "transfer:r0", rule=rule, cash_gaps=True)
    assert held(t) == {("balance", "N"): 100 * put, ("cash", "cash:M"): 100 * rest}
    if rule != "poison":
        chains = t.chains().set_index("account_id")
        assert chains["inferred"].to_dict() == {"N": True, "cash:M": False}
        assert chains["amount"].to_dict() == {"N": 100 * put, "cash:M": 100 * rest}
    assert t.assumptions["kind"].eq("cash").any()
    # a day later it is no longer taken to be the same cash
    transfers.loc[2, "time"] = "2024-05-02T15:40:00"
    case = gf.Case.from_tables(transfers=transfers, accounts=accounts, parties=parties)
    t = gf.trace(case, "transfer:r0", rule=rule, cash_gaps=True)
    assert held(t) == {("cash", "cash:M"): 100 * (rest + put)}


def test_t8_the_opening_is_the_least_one_and_says_so() -> None:
    t = gf.trace(T8.case(), "transfer:r0")
    text = t.assumptions.astype(str).to_csv()
    assert "M" in text and "unknown" in text
