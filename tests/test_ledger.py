"""The compiled ledger: what the tables say of order, coverage, openings and reversals, kept on disk without a change."""

from __future__ import annotations

import itertools
import json
import os
import random
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from graphflow.ledger import Index, InFolder, Ledger, compile_ledger, histories, keeping, laying
from graphflow.ledger.order import MOST_MOVING, NONE, in_common, orders_of_balances
from graphflow.sealing import Sealing, sealed
from graphflow.synthesis import toys
from tests.strategies import Tables, frames, ledgers

EXAMPLES = int(os.environ.get("GRAPHFLOW_EXAMPLES", "100"))

TOYS = ("mixing", "two_victims", "t1", "t5", "t7", "t8", "t10", "t11")


def rows(*given: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{"transfer_id": f"t{i}", "amount": "1.00", **row} for i, row in enumerate(given)])


def case_of(transfers: pd.DataFrame, **tables: Any) -> gf.Case:
    return gf.Case.from_tables(transfers=transfers, **tables)


def shown(case: gf.Case) -> list[str]:
    """Ids in the order of the ledger."""
    return [str(x) for x in case.ledger.transfer_ids.to_pylist()]


# ------------------------------------------------------------------------------------------- on disk
@pytest.mark.parametrize("toy", TOYS)
def test_a_ledger_opened_is_the_ledger_saved(toy: str, tmp_path: Path) -> None:
    ledger = getattr(toys, toy)().ledger
    ledger.save(tmp_path)
    opened = Ledger.open(tmp_path)
    for name in ("steps", "rows", "pots", "periods", "converted", "account_kind", "id_hashes", "row_steps"):
        assert np.array_equal(getattr(opened, name), getattr(ledger, name)), name
    for name in ("debits", "credits"):
        for part in ("pointer", "steps", "starts"):
            assert np.array_equal(getattr(getattr(opened, name), part), getattr(getattr(ledger, name), part))
    for name in ("transfer_ids", "account_ids", "party_ids", "earmarks"):
        assert getattr(opened, name).to_pylist() == getattr(ledger, name).to_pylist()
    for name in ("currencies", "minor_units", "timezone", "coverage_stated", "breaks"):
        assert getattr(opened, name) == getattr(ledger, name)


def equal(one: Ledger, other: Ledger) -> None:
    """Every field of two ledgers, to the bit."""
    for part in fields(Ledger):
        mine, its = getattr(one, part.name), getattr(other, part.name)
        for a, b in zip(
            *((x,) if not isinstance(x, Index) else vars(x).values() for x in (mine, its)), strict=True
        ):
            if isinstance(a, np.ndarray):
                assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes(), part.name
            else:
                assert a == b if not hasattr(a, "to_pylist") else a.to_pylist() == b.to_pylist(), part.name


@settings(max_examples=EXAMPLES)
@given(tables=ledgers(), rng=st.randoms(use_true_random=False))
def test_compiled_in_stretches_straight_into_files_it_is_the_same(tables: Tables, rng: random.Random) -> None:
    case = gf.Case.from_tables(**frames(tables))
    rows = list(range(len(case.tables.arrow("transfers"))))
    rng.shuffle(rows)
    pairs = sorted(zip(rows[: rng.choice((0, 0, 1, 2))], rows[::-1], strict=False))  # as of the same cash
    asked: dict[str, Any] = {"spare": rng.choice((0, 7))}
    if pairs and len(rows) >= 4:
        asked["gaps"] = np.array(pairs, np.int64)
    try:
        whole = compile_ledger(case.tables, **asked)
    except gf.InputError:
        whole = None  # refused, as below
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for module in (keeping, histories, laying):
            patch.setattr(module, "STRETCH", 3)
        sealing = Sealing()
        if whole is None:
            with pytest.raises(gf.InputError):
                compile_ledger(case.tables, InFolder(Path(folder), sealing), **asked)
            return
        straight = compile_ledger(case.tables, InFolder(Path(folder), sealing), **asked)
        equal(straight, whole)
        straight.save(Path(folder), sealing)
        equal(Ledger.open(Path(folder)), whole)
        files = sealed(Path(folder), [Path(folder)])
        assert {Path(folder, name): files[name] for name in files if name != "ledger.json"} == sealing.seals


def test_its_arrays_cannot_be_written(tmp_path: Path) -> None:
    ledger = toys.t1().ledger
    ledger.save(tmp_path)
    for one in (ledger, Ledger.open(tmp_path)):
        with pytest.raises(ValueError, match="read-only"):
            one.steps["amount"][0] = 7


def test_another_layout_on_disk_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    toys.t1().ledger.save(tmp_path)
    facts = json.loads((tmp_path / "ledger.json").read_text(encoding="utf-8"))
    (tmp_path / "ledger.json").write_text(json.dumps({**facts, "format": 99}), encoding="utf-8")
    with pytest.raises(gf.InputError, match=r"layout 99.*import its sources again"):
        Ledger.open(tmp_path)


def test_a_case_on_disk_answers_as_the_one_in_memory(tmp_path: Path) -> None:
    case = toys.two_victims()
    case.save(tmp_path / "case")
    opened = gf.open_case(tmp_path / "case")
    for row in range(case.ledger.size):
        name = f"transfer:{case.ledger.transfer_ids[row].as_py()}"
        for rule in ("fifo", "prorata"):
            for backward in (False, True):
                one, other = (gf.trace(x, name, rule=rule, backward=backward) for x in (case, opened))
                pd.testing.assert_frame_equal(one.ends, other.ends)
                pd.testing.assert_frame_equal(one.transfers, other.transfers)
                pd.testing.assert_frame_equal(one.chains(), other.chains())


def test_a_question_leaves_no_trace_in_the_next() -> None:
    case = toys.two_victims()
    names = [f"transfer:{x}" for x in shown(case)]
    for rule in ("fifo", "prorata"):
        fresh = {name: gf.trace(toys.two_victims(), name, rule=rule).ends for name in names}
        for name in names + names[::-1]:
            pd.testing.assert_frame_equal(gf.trace(case, name, rule=rule).ends, fresh[name])


# --------------------------------------------------------------------------------------------- order
def test_a_book_that_recorded_everything_orders_rows_of_one_time() -> None:
    at = "2024-03-01T10:00:00"
    case = case_of(rows(*({"time": at, "source": "A", "target": "B", "sequence": str(n)} for n in (3, 1, 2))))
    assert shown(case) == ["t1", "t2", "t0"]
    assert not len(case.ledger.open_rows)


def test_two_statements_together_order_what_neither_does_alone() -> None:
    at = {"time": "2024-03-01T10:00:00"}
    case = case_of(
        rows(
            {**at, "source": "B", "target": "C", "source_sequence": "2", "target_sequence": "1"},
            {**at, "source": "A", "target": "B", "target_sequence": "1"},
            {**at, "source": "C", "target": "D", "source_sequence": "2"},
        )
    )
    assert shown(case) == ["t1", "t0", "t2"]
    assert not len(case.ledger.open_rows)


def test_the_running_balance_orders_rows_also_where_it_comes_back() -> None:
    case = case_of(
        rows(
            {
                "time": "2024-03-01T09:00:00",
                "source": "X",
                "target": "A",
                "amount": "100",
                "target_balance": "100",
            },
            {
                "time": "2024-03-01T10:00:00",
                "source": "Y",
                "target": "A",
                "amount": "50",
                "target_balance": "100",
            },
            {
                "time": "2024-03-01T10:00:00",
                "source": "A",
                "target": "Z",
                "amount": "50",
                "source_balance": "50",
            },
        )
    )
    assert shown(case) == ["t0", "t2", "t1"]
    assert not len(case.ledger.open_rows)


def test_what_nothing_decides_is_open_and_shown_by_id() -> None:
    at = "2024-03-01T10:00:00"
    case = case_of(
        rows(
            {"transfer_id": "z", "time": at, "source": "X", "target": "A"},
            {"transfer_id": "b", "time": at, "source": "A", "target": "Y"},
            {"transfer_id": "m", "time": at, "source": "P", "target": "Q"},
        )
    )
    assert shown(case) == ["b", "m", "z"]
    ids = case.ledger.account_ids
    assert {ids[x].as_py() for x in case.ledger.open_rows[:, 1].tolist()} == {"A"}
    found = gf.trace(case, "transfer:z")
    assert "order" in set(found.assumptions["kind"])
    # where z comes before b, A pays Y with its money; else it stands in A
    spans = found.ends[["kind", "account_id", "amount", "amount_min", "amount_max"]]
    assert spans.values.tolist() == [["balance", "A", 100, 0, 100], ["balance", "Y", 0, 0, 100]]


def test_contradicting_statements_are_a_break() -> None:
    at = {"time": "2024-03-01T10:00:00"}
    case = case_of(
        rows(
            {**at, "source": "A", "target": "B", "source_sequence": "1", "target_sequence": "2"},
            {**at, "source": "A", "target": "B", "source_sequence": "2", "target_sequence": "1"},
        )
    )
    assert [x["kind"] for x in case.ledger.breaks] == ["order"]


def test_a_bare_date_stands_among_the_rows_of_its_day_which_keep_their_order() -> None:
    case = case_of(
        rows(
            {"time": "2024-03-01T16:00:00", "source": "A", "target": "B", "source_sequence": "1"},
            {"time": "2024-03-01", "source": "A", "target": "C", "source_sequence": "2"},
            {"time": "2024-03-01T09:00:00", "source": "D", "target": "E"},
            {"time": "2024-02-29T23:59:59", "source": "D", "target": "E"},
        )
    )
    assert shown(case) == ["t3", "t2", "t0", "t1"]


def test_walks_over_balances() -> None:
    def orders(jumps: list[tuple[int, int]], start: int = NONE) -> list[list[int]]:
        return orders_of_balances(np.array(jumps), start).tolist()

    assert orders([(0, 5), (5, 0), (0, 5)], 0) == [[0, 1, 2], [2, 1, 0]]
    assert orders([(0, 5), (6, 7)]) == []
    assert orders([(0, 5), (5, 7)], 1) == orders([(0, 5), (5, 7)], 5) == orders([(0, 5), (5, 7)], 9) == []
    assert sorted(orders([(0, 5), (5, 0)])) == [[0, 1], [1, 0]]
    assert orders([(0, 0)] * 9, 0) == []  # more than 5,000 orders


def test_what_walks_have_in_common() -> None:
    rng = random.Random(11)
    for _ in range(300):
        whole = [rng.sample(range(5), 5) for _ in range(rng.randint(0, 4))]
        orders = [order[:2] + [5, 6] + order[2:] for order in whole] if rng.random() < 0.5 else whole
        behind = {
            (a, b)
            for a, b in itertools.permutations(range(7 if orders and len(orders[0]) == 7 else 5), 2)
            if orders and all(order.index(a) < order.index(b) for order in orders)
        }
        found = set(in_common(np.array(orders, np.int64)))
        while more := {(a, d) for a, b in found for c, d in found if b == c} - found:
            found |= more
        assert found == behind


def test_of_many_rows_that_may_change_places_nothing_is_said() -> None:
    # batches come in and are swept out, again and again: in any order of batches the balances follow
    assert len([*in_common(np.array([[*range(9)], [*range(3, 9), *range(3)]]))]) == 7
    many = np.arange(2 * MOST_MOVING + 2)
    there, back = [0, *many[1:-1], many[-1]], [0, *np.roll(many[1:-1], 7), many[-1]]
    said = [*in_common(np.array([there, back]))]
    inside = {a for a, b in said if 0 < a < many[-1] and 0 < b < many[-1]}
    assert not inside and {a for a, _ in said} == set(many[:-1].tolist())


def test_a_long_statement_of_one_time_is_put_in_order_by_its_balances() -> None:
    """At each hundred it could go on before it has gone round: of 2 to the 60 ways but one leads nowhere."""
    at = "2024-03-01T10:00:00"
    given: list[dict[str, Any]] = []
    for hundred in range(0, 6000, 100):
        name = f"{hundred:04}"
        given += [
            {"transfer_id": f"a{name}", "source": "B" + name, "target": "A", "amount": "100", "target_balance": f"{hundred + 100}"},
            {"transfer_id": f"b{name}", "source": "A", "target": "C" + name, "amount": "5", "source_balance": f"{hundred}"},
            {"transfer_id": f"c{name}", "source": "D" + name, "target": "A", "amount": "5", "target_balance": f"{hundred + 5}"},
        ]  # fmt: skip
    case = case_of(rows(*({"time": at, **row} for row in given)))
    assert shown(case) == [kind + row["transfer_id"][1:] for row in given[::3] for kind in "cba"]
    assert not len(case.ledger.open_rows)


# ------------------------------------------------------------------------------------------ coverage
def test_covered_days_are_whole_local_days() -> None:
    accounts = pd.DataFrame(
        [
            {
                "account_id": "A",
                "covered_from": "2024-03-01",
                "covered_to": "2024-03-02",
                "opening_balance": "10",
            }
        ]
    )
    case = case_of(
        rows(
            {"time": "2024-02-29T23:59:59", "source": "A", "target": "B"},
            {"time": "2024-03-01T00:00:00", "source": "A", "target": "B"},
            {"time": "2024-03-02T23:59:59", "source": "A", "target": "B"},
            {"time": "2024-03-03T00:00:00", "source": "A", "target": "B"},
        ),
        accounts=accounts,
    )
    ledger = case.ledger
    pots = ledger.steps["src"]
    assert (ledger.pots["period"][pots] >= 0).tolist() == [False, True, True, False]
    (pot,) = set(pots[1:3].tolist())
    assert int(ledger.pots["opening"][pot]) == 1000
    assert int(ledger.pots["closing"][pot]) == 800


def test_periods_that_adjoin_are_one_and_others_open_anew() -> None:
    coverage = pd.DataFrame(
        [
            {"account_id": "A", "from": "2024-01-01", "to": "2024-01-31", "opening_balance": "5"},
            {"account_id": "A", "from": "2024-02-01", "to": "2024-02-29"},
            {"account_id": "A", "from": "2024-04-01", "to": "2024-04-30", "opening_balance": "7"},
        ]
    )
    case = case_of(
        rows(
            {"time": "2024-01-15T10:00:00", "source": "A", "target": "B"},
            {"time": "2024-02-15T10:00:00", "source": "A", "target": "B"},
            {"time": "2024-03-15T10:00:00", "source": "A", "target": "B"},
            {"time": "2024-04-15T10:00:00", "source": "A", "target": "B"},
        ),
        coverage=coverage,
    )
    ledger = case.ledger
    first, second, outside, third = ledger.steps["src"].tolist()
    assert first == second != third
    assert int(ledger.pots["period"][outside]) == -1
    assert [int(ledger.pots["opening"][pot]) for pot in (first, third)] == [500, 700]


def test_the_unknown_other_side_of_a_row_says_nothing_about_the_case() -> None:
    case = case_of(rows({"time": "2024-03-01T10:00:00", "source": "?:A:t0", "target": "A"}))
    assert not case.ledger.coverage_stated
    found = gf.trace(case, "transfer:t0", backward=True)
    assert found.ends["kind"].tolist() == ["frontier"]


# ------------------------------------------------------------------------------ openings and balances
def test_a_balance_that_does_not_follow_is_a_break_once() -> None:
    case = case_of(
        rows(
            {
                "time": "2024-03-01T09:00:00",
                "source": "X",
                "target": "A",
                "amount": "10",
                "target_balance": "10",
            },
            {
                "time": "2024-03-01T10:00:00",
                "source": "X",
                "target": "A",
                "amount": "10",
                "target_balance": "25",
            },
            {
                "time": "2024-03-01T11:00:00",
                "source": "X",
                "target": "A",
                "amount": "10",
                "target_balance": "35",
            },
        )
    )
    (gap,) = case.ledger.breaks
    assert (gap["kind"], gap["transfer_id"], gap["stated"], gap["expected"], gap["amount"]) == (
        "balance", "t1", 2500, 2000, 500,
    )  # fmt: skip


def test_a_balance_too_large_to_divide_exactly_is_refused_by_name() -> None:
    at = ("2024-03-01T09:00:00", "2024-03-01T10:00:00")
    transfers = rows(*({"time": x, "source": "X", "target": "Whale", "amount": "30000000000000"} for x in at))
    with pytest.raises(gf.InputError, match="Whale"):
        _ = case_of(transfers).ledger


def covering(*given: tuple[str, str, str, str | None]) -> pd.DataFrame:
    """Coverage: account, from, to, opening."""
    return pd.DataFrame(given, columns=["account_id", "from", "to", "opening_balance"])


def month(number: int, source: str, target: str, **more: str) -> dict[str, str]:
    return {"time": f"2024-{number:02d}-15T10:00:00", "source": source, "target": target, **more}


@pytest.mark.parametrize("order", [1, -1])
def test_openings_of_one_day_that_differ_are_a_break_and_none_of_them_counts(order: int) -> None:
    told = [("A", "2024-01-01", "2024-01-31", "5"), ("A", "2024-01-01", "2024-02-29", "7")]
    ledger = case_of(rows(month(1, "A", "B")), coverage=covering(*told[::order])).ledger
    (gap,) = ledger.breaks
    assert (gap["kind"], gap["account_id"], gap["stated"], gap["expected"]) == ("opening", "A", 700, 500)
    (pot,) = set(ledger.steps["src"].tolist())
    assert (int(ledger.pots["opening"][pot]), int(ledger.pots["basis"][pot])) == (100, 3)
    # said twice alike, it is said
    told[1] = ("A", "2024-01-01", "2024-02-29", "5")
    ledger = case_of(rows(month(1, "A", "B")), coverage=covering(*told)).ledger
    assert not ledger.breaks
    assert int(ledger.pots["opening"][int(ledger.steps["src"][0])]) == 500


def test_an_opening_of_the_account_and_one_of_its_period_that_differ_are_a_break() -> None:
    accounts = pd.DataFrame({"account_id": ["A"], "opening_balance": ["6"]})
    cover = covering(("A", "2024-01-01", "2024-01-31", "5"))
    ledger = case_of(rows(month(1, "A", "B")), accounts=accounts, coverage=cover).ledger
    assert [(gap["kind"], gap["stated"], gap["expected"]) for gap in ledger.breaks] == [("opening", 600, 500)]


def test_what_a_month_opens_with_is_compared_with_what_the_month_before_closed_with() -> None:
    transfers = rows(month(1, "A", "B"), month(2, "B", "A"), month(4, "A", "B"))
    # January and February adjoin; March is missing
    cover = [("A", "2024-01-01", "2024-01-31", "5"), ("A", "2024-02-01", "2024-02-29", "4")]
    ledger = case_of(transfers, coverage=covering(*cover, ("A", "2024-04-01", "2024-04-30", "5"))).ledger
    assert not ledger.breaks
    cover[1] = ("A", "2024-02-01", "2024-02-29", "3")
    case = case_of(transfers, coverage=covering(*cover, ("A", "2024-04-01", "2024-04-30", "9")))
    assert [(gap["kind"], gap["stated"], gap["expected"]) for gap in case.ledger.breaks] == [
        ("opening", 300, 400), ("opening", 900, 500),
    ]  # fmt: skip
    noted = gf.trace(case, "transfer:t1").assumptions.query("kind == 'balance'")
    assert noted[["account_id", "value"]].values.tolist() == [["A", 2]]


@pytest.mark.parametrize("moves", [True, False])
def test_where_only_a_later_month_says_its_opening_the_first_follows_from_it(moves: bool) -> None:
    transfers = rows(month(1, *("AB" if moves else "BC")), month(3, "B", "C"))
    cover = covering(("A", "2024-01-01", "2024-01-31", None), ("A", "2024-02-01", "2024-02-29", "4"))
    case = case_of(transfers, coverage=cover)
    assert not case.ledger.breaks
    for time, stands in (("2024-01-01", 500 if moves else 400), ("2024-02-01", 400)):
        assert gf.trace(case, f"balance:A@{time}").seed == stands


def delivered(*given: tuple[str, str, str]) -> pd.DataFrame:
    """Coverage that is only inferred from the rows that a file has."""
    frame = covering(*((*one, None) for one in given))
    return frame.assign(inferred="true")


JANUARY, FEBRUARY = ("A", "2024-01-15", "2024-01-15"), ("A", "2024-02-15", "2024-02-15")


def test_a_delivery_that_goes_on_with_the_balance_where_the_last_one_ended_leaves_no_gap() -> None:
    transfers = rows(
        month(1, "B", "A", target_balance="9"),
        month(2, "A", "C", source_balance="8"),
        month(3, "C", "D"),
    )
    case = case_of(transfers, coverage=delivered(JANUARY, FEBRUARY, ("C", "2024-01-01", "2024-03-31")))
    ledger = case.ledger
    assert [(int(p["account"]), int(p["begins"]) < int(p["ends"])) for p in ledger.periods] == [
        (0, True),
        (2, True),
    ]
    assert not ledger.breaks
    assert int(ledger.pots["opening"][int(ledger.steps["dst"][0])]) == 800
    trace = gf.trace(case, "balance:A@2024-02-01")
    assert (trace.seed, set(trace.ends["kind"])) == (900, {"frontier"})  # February's end is not known


@pytest.mark.parametrize(
    ("change", "breaks"),
    [
        ({"source_balance": "6"}, ["opening", "gap"]),  # seven before it, nine at the end of January
        ({}, ["gap"]),
    ],
)
def test_a_gap_between_deliveries_is_named(change: dict[str, str], breaks: list[str]) -> None:
    second = {**month(2, "A", "C"), **change}
    transfers = rows(month(1, "B", "A", target_balance="9"), second, month(3, "B", "D"))
    case = case_of(transfers, coverage=delivered(JANUARY, FEBRUARY))
    assert [gap["kind"] for gap in case.ledger.breaks] == breaks
    assert len(case.ledger.periods) == 2
    trace = gf.trace(case, "transfer:t0")
    assert trace.ends[["kind", "account_id"]].values.tolist() == [["frontier", "A"]]
    (noted,) = trace.assumptions.query("kind == 'coverage'").to_dict("records")
    assert (noted["account_id"], noted["value"], noted["seed_amount"]) == ("A", 1, 100)


def test_a_row_that_only_the_other_side_has_in_between_keeps_the_gap() -> None:
    between = {**month(2, "A", "E"), "time": "2024-02-01T10:00:00"}
    transfers = rows(
        month(1, "B", "A", target_balance="9"),
        between,
        month(2, "A", "C", source_balance="8"),
        month(3, "B", "D"),
    )
    ledger = case_of(transfers, coverage=delivered(JANUARY, FEBRUARY)).ledger
    assert [gap["kind"] for gap in ledger.breaks] == ["gap"]
    assert (ledger.breaks[0]["account_id"], len(ledger.periods)) == ("A", 2)


def test_periods_that_the_files_state_are_taken_as_stated() -> None:
    transfers = rows(month(1, "B", "A", target_balance="9"), month(2, "A", "C", source_balance="8"))
    told = covering(("A", "2024-01-01", "2024-01-20", None), ("A", "2024-02-10", "2024-02-29", None))
    ledger = case_of(transfers, coverage=told).ledger
    assert (len(ledger.periods), ledger.breaks) == (2, ())


def test_more_breaks_than_are_listed_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from graphflow.ledger import openings

    monkeypatch.setattr(openings, "LISTED", 2)
    given = [month(number, "B", "A", target_balance=str(10 * number)) for number in range(1, 8)]
    breaks = case_of(rows(*given)).ledger.breaks
    assert [gap.get("rows", 1) for gap in breaks] == [1, 1, 4]
    assert breaks[2]["amount"] == 4 * 900


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"time": "2024-03-01T08:00:00"}, "later"),
        ({"source": "Z"}, "same two accounts"),
        ({"amount": "2.00"}, "more than is left"),
        ({"currency": "USD"}, "another currency"),
    ],
)
def test_a_link_that_cannot_be_is_an_ordinary_payment_and_a_break(
    change: dict[str, str], reason: str
) -> None:
    undo = {
        "time": "2024-03-01T10:00:00",
        "source": "B",
        "target": "A",
        "reversal_of": "t0",
        "currency": "CNY",
    }
    good = rows({"time": "2024-03-01T09:00:00", "source": "A", "target": "B", "currency": "CNY"}, undo)
    assert case_of(good).ledger.rows["net"].tolist() == [0, 0]
    bad = rows(
        {"time": "2024-03-01T09:00:00", "source": "A", "target": "B", "currency": "CNY"}, {**undo, **change}
    )
    ledger = case_of(bad).ledger
    assert (ledger.rows["net"] == ledger.rows["amount"]).all()
    (gap,) = ledger.breaks
    assert gap["kind"] == "reversal"
    assert reason in gap["reason"]


def test_an_empty_case_compiles() -> None:
    parties = pd.DataFrame([{"party_id": "P", "name": "P", "kind": "person"}])
    ledger = compile_ledger(gf.Case.from_tables(parties=parties).tables)
    assert ledger.size == 0
    with pytest.raises(gf.UsageError):
        gf.trace(gf.Case.from_tables(parties=parties), "party:P")
