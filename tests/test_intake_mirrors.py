"""Mirrors: the two records of one transfer become one row, and nothing else does."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphflow import mirrors
from graphflow.kernels import mirrors as kernel
from graphflow.mirrors import local_days, midnights, pair
from tests.naive import mirrors as naive

MOMENT = pa.timestamp("us", "UTC")
SECOND = 1_000_000
SHANGHAI = "Asia/Shanghai"
TEXT = pa.large_string()
TEXTS = (
    "transfer_id",
    "source",
    "target",
    "currency",
    "statement_side",
    "source_reference",
    "target_reference",
)


def rows(*given: dict[str, Any]) -> pa.Table:
    """One-sided rows: what a row does not say is unknown; times are local, a bare date has no T."""
    table: dict[str, list[Any]] = {}
    names = list(dict.fromkeys(name for row in given for name in row))
    for at, row in enumerate(given):
        full = {"transfer_id": f"r{at}", "currency": "CNY", "source_file": "f", "source_row": at + 2, **row}
        time = np.datetime64(full["time"], "us").astype(np.int64) - 8 * 3600 * SECOND
        for name in dict.fromkeys((*names, "transfer_id", "currency", "source_file", "source_row")):
            if name != "time":
                table.setdefault(name, []).append(full.get(name))
        table.setdefault("time", []).append(int(time))
        table.setdefault("time_day", []).append("T" not in full["time"])
    arrays = {
        name: pa.array(values, TEXT if name in TEXTS or name in ("memo", "source_file") else None)
        for name, values in table.items()
    }
    arrays["time"] = arrays["time"].cast(MOMENT)
    if "target_time" in arrays:
        arrays["target_time"] = pa.nulls(len(given), MOMENT)
    return pa.table(arrays)


def out(
    time: str, amount: int = 100, source: str | None = "A", target: str | None = "B", **more: Any
) -> dict[str, Any]:
    return {
        "time": time,
        "amount": amount,
        "source": source,
        "target": target,
        "statement_side": "source",
        **more,
    }


def into(
    time: str, amount: int = 100, source: str | None = "A", target: str | None = "B", **more: Any
) -> dict[str, Any]:
    return {
        "time": time,
        "amount": amount,
        "source": source,
        "target": target,
        "statement_side": "target",
        **more,
    }


def merged(*given: dict[str, Any]) -> list[tuple[str, str]]:
    table = pair(rows(*given), timezone=SHANGHAI).transfers
    if "mirror_id" not in table.column_names:
        return []
    found = zip(table["transfer_id"].to_pylist(), table["mirror_id"].to_pylist(), strict=True)
    return [(own, other) for own, other in found if other is not None]


def possible(*given: dict[str, Any]) -> list[tuple[str, str, int, str]]:
    table = pair(rows(*given), timezone=SHANGHAI).possible
    return [
        tuple(row.values()) for row in table.select(["payer_id", "payee_id", "amount", "why"]).to_pylist()
    ]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("payer", "payee", "pairs"),
    [
        (out("2024-03-01T10:00:00"), into("2024-03-01T10:00:00"), True),
        (out("2024-03-01T10:00:00"), into("2024-03-01T10:02:00"), True),
        (out("2024-03-01T10:02:00"), into("2024-03-01T10:00:00"), True),
        (out("2024-03-01T10:00:00"), into("2024-03-01T10:02:00.000001"), False),
        (out("2024-03-01T23:59:30"), into("2024-03-02T00:00:30"), True),
        (out("2024-03-01T10:00:00"), into("2024-03-01T10:00:00", amount=101), False),
        (out("2024-03-01T10:00:00"), into("2024-03-01T10:00:00", currency="USD"), False),
        (out("2024-03-01T10:00:00"), into("2024-03-01T10:00:00", source="C"), False),
        (out("2024-03-01T10:00:00", target=None), into("2024-03-01T10:00:00"), False),
        (out("2024-03-01T10:00:00", target="?:A:r0"), into("2024-03-01T10:00:00", source="?:B:r1"), False),
        # 1 March 2024 is a Friday: Wednesday is the third bank day after it, Thursday the fourth.
        (
            out("2024-03-01T10:00:00", source_reference="R"),
            into("2024-03-06T23:59:59", target_reference="R"),
            True,
        ),
        (
            out("2024-03-01T10:00:00", source_reference="R"),
            into("2024-03-07T00:00:00", target_reference="R"),
            False,
        ),
        (
            out("2024-03-06T10:00:00", source_reference="R"),
            into("2024-03-01T10:00:00", target_reference="R"),
            True,
        ),
        (
            out("2024-03-01T10:00:00", source_reference="R"),
            into("2024-03-01T10:01:00", target_reference="Q"),
            True,
        ),
        (
            out("2024-03-01T10:00:00", source_reference="R"),
            into("2024-03-01T10:03:00", target_reference="Q"),
            False,
        ),
        (out("2024-03-01T10:00:00", source_reference="R"), into("2024-03-01T10:03:00"), False),
        (
            out("2024-03-01T10:00:00", source_reference=""),
            into("2024-03-01T10:03:00", target_reference=""),
            False,
        ),
        # A payee's number in the payer's own column is no reference of the payee's.
        (
            out("2024-03-01T10:00:00", source_reference="R"),
            into("2024-03-01T10:03:00", source_reference="R"),
            False,
        ),
        # A bare date is any time of that day.
        (out("2024-03-01"), into("2024-03-01"), True),
        (out("2024-03-01"), into("2024-03-01T23:00:00"), True),
        (out("2024-03-01T09:00:00"), into("2024-03-01"), True),
        (out("2024-03-01"), into("2024-03-02T00:01:00"), True),
        (out("2024-03-01"), into("2024-03-02T00:03:00"), False),
        (out("2024-03-01"), into("2024-03-03"), False),
    ],
)
def test_what_is_a_mirror(payer: dict[str, Any], payee: dict[str, Any], pairs: bool) -> None:
    assert merged(payer, payee) == ([("r0", "r1")] if pairs else [])
    assert merged(payee, payer) == ([("r1", "r0")] if pairs else []), "in any order"


def test_two_rows_of_one_side_are_no_mirror() -> None:
    assert merged(out("2024-03-01T10:00:00"), out("2024-03-01T10:00:00")) == []


def test_two_sided_rows_are_left_alone() -> None:
    both = {**out("2024-03-01T10:00:00"), "statement_side": None}
    assert merged(both, into("2024-03-01T10:00:00")) == []


def test_a_transfer_to_oneself_in_one_statement() -> None:
    found = merged(out("2024-03-01T10:00:00", target="A"), into("2024-03-01T10:00:01", target="A"))
    assert found == [("r0", "r1")]


def test_one_to_one_the_nearest_and_as_many_as_possible() -> None:
    """r0 and r1 could both be r2; r1 is nearer. With r3 there is a place for both."""
    payers = [out("2024-03-01T10:00:00"), out("2024-03-01T10:01:00")]
    assert merged(*payers, into("2024-03-01T10:01:10")) == [("r1", "r2")]
    assert merged(*payers, into("2024-03-01T10:01:10"), into("2024-03-01T10:02:00")) == [
        ("r0", "r2"),
        ("r1", "r3"),
    ]


def test_two_minutes_are_still_near_where_several_could_be_pairs() -> None:
    payers = [out("2024-03-01T10:00:00"), out("2024-03-01T10:00:10")]
    payees = [into("2024-03-01T10:02:00"), into("2024-03-01T10:02:10")]
    assert merged(*payers, *payees) == [("r0", "r2"), ("r1", "r3")]
    late = [into("2024-03-01T10:02:00.000001"), into("2024-03-01T10:02:10.000001")]
    assert merged(*payers, *late) == [("r1", "r2")]


def test_among_equal_rows_it_is_the_id_that_decides() -> None:
    """Never the order of import: three payments alike, one of which the payee's statement has."""
    payers = [out("2024-03-01T10:00:00", transfer_id=name) for name in "abc"]
    payee = into("2024-03-01T10:00:00", transfer_id="z")
    found = {tuple(merged(*order, payee)) for order in itertools.permutations(payers)}
    assert len(found) == 1
    payees = [into("2024-03-01T10:00:00", transfer_id=name) for name in "xyz"]
    found = {tuple(sorted(merged(*payers[:2], *order))) for order in itertools.permutations(payees)}
    assert len(found) == 1


def test_a_reference_is_stronger_than_a_nearer_time() -> None:
    found = merged(
        out("2024-03-01T10:00:00", source_reference="R"),
        into("2024-03-01T10:00:00", target_reference="Q"),
        into("2024-03-01T10:01:30", target_reference="R"),
    )
    assert found == [("r0", "r2")]


def test_the_pair_keeps_what_both_sides_say() -> None:
    table = pair(
        rows(
            {
                **out("2024-03-01T10:00:00"),
                "source_balance": 900,
                "source_reference": "R",
                "source_sequence": 7,
            }
            | {"target_balance": None, "target_reference": None, "target_sequence": None, "memo": "rent"},
            {
                **into("2024-03-01T10:00:40"),
                "target_balance": 4100,
                "target_reference": "Q",
                "target_sequence": 9,
            }
            | {"memo": "received", "source_file": "g"},
        ),
        timezone=SHANGHAI,
    ).transfers
    assert table.num_rows == 1
    row = table.to_pylist()[0]
    expected = {
        "transfer_id": "r0",
        "mirror_id": "r1",
        "source_balance": 900,
        "target_balance": 4100,
        "source_reference": "R",
        "target_reference": "Q",
        "source_sequence": 7,
        "target_sequence": 9,
        "memo": "rent",
        "mirror_memo": "received",
        "source_file": "f",
        "source_row": 2,
        "mirror_file": "g",
        "mirror_row": 3,
        "statement_side": None,
    }
    assert {name: row[name] for name in expected} == expected
    assert (row["target_time"] - row["time"]).total_seconds() == 40


@pytest.mark.parametrize(
    ("left", "arrived", "stated", "day"),
    [
        ("2024-03-01T10:00:00", "2024-03-01T10:00:00", None, None),
        ("2024-03-01T10:00:00", "2024-03-01", None, None),
        ("2024-03-01", "2024-03-01", None, None),
        ("2024-03-01", "2024-03-01T10:00:00", "2024-03-01T02:00:00", None),
        ("2024-03-01T23:59:00", "2024-03-02", "2024-03-01T16:00:00", True),
    ],
)
def test_when_the_money_arrived(left: str, arrived: str, stated: str | None, day: bool | None) -> None:
    table = pair(rows(out(left), into(arrived)), timezone=SHANGHAI).transfers
    row = table.to_pylist()[0]
    said = row["target_time"]
    assert (said and said.strftime("%Y-%m-%dT%H:%M:%S")) == stated
    assert row.get("target_time_day") == day


def test_reversals_of_the_payees_row_mean_the_pair() -> None:
    table = pair(
        rows(
            {**out("2024-03-01T10:00:00"), "reversal_of": None},
            {**into("2024-03-01T10:00:00"), "reversal_of": None},
            {**out("2024-03-01T11:00:00", source="B", target="A"), "reversal_of": "r1"},
            {**into("2024-03-01T11:00:00", source="B", target="A"), "reversal_of": "r0"},
        ),
        timezone=SHANGHAI,
    ).transfers
    assert table["transfer_id"].to_pylist() == ["r0", "r2"]
    assert table["reversal_of"].to_pylist() == [None, "r0"]


def test_pairs_that_nearly_fit_are_listed_with_their_money() -> None:
    late = [out("2024-03-01T10:00:00"), into("2024-03-01T10:05:00")]
    assert possible(*late) == [("r0", "r1", 100, "late")]
    far = [
        out("2024-03-01T10:00:00", source_reference="R"),
        into("2024-04-01T10:00:00", target_reference="R"),
    ]
    assert possible(*far) == [("r0", "r1", 100, "reference")]
    masked = [out("2024-03-01T10:00:00", target=None), into("2024-03-01T10:00:30")]
    assert possible(*masked) == [("r0", "r1", 100, "unknown")]
    masked = [out("2024-03-01T10:00:00"), into("2024-03-01T10:00:30", source="?:B:r1")]
    assert possible(*masked) == [("r0", "r1", 100, "unknown")]
    both = [
        out("2024-03-01T10:00:00", target=None, source_reference="R"),
        into("2024-03-02T10:00:00", source=None, target_reference="R"),
    ]
    assert possible(*both) == [("r0", "r1", 100, "unnamed")]
    assert possible(out("2024-03-01T10:00:00"), into("2024-03-08T10:00:00")) == []
    assert possible(out("2024-03-01T10:00:00"), into("2024-03-01T10:00:00")) == [], (
        "a mirror is not a possible one"
    )


def test_days_are_local_days() -> None:
    moments = np.array([0, 16 * 3600 * SECOND - 1, 16 * 3600 * SECOND], np.int64)
    assert local_days(moments, SHANGHAI).tolist() == [0, 0, 1]
    # A day of 23 hours and one of 25.
    spring = np.array(["2024-03-31T00:00"], "datetime64[us]").astype(np.int64) - 3600 * SECOND
    day = local_days(spring, "Europe/Berlin")
    lengths = np.diff(midnights(np.array([day[0], day[0] + 1]), "Europe/Berlin"))
    assert lengths.tolist() == [23 * 3600 * SECOND]
    autumn = np.array(["2024-10-27"], "datetime64[D]").astype(np.int64)
    assert np.diff(midnights(np.append(autumn, autumn + 1), "Europe/Berlin")).tolist() == [25 * 3600 * SECOND]


times = st.integers(0, 12)
sides = st.lists(st.tuples(st.integers(0, 2), times, st.integers(0, 2)), max_size=6)


def sorted_rows(drawn: Sequence[tuple[int, int, int]]) -> list[naive.Row]:
    return sorted((group, (first, first + long, first)) for group, first, long in drawn)


@given(payers=sides, payees=sides, tolerance=st.integers(0, 4))
def test_the_kernel_pairs_as_many_and_as_near_as_its_twin(
    payers: list[tuple[int, int, int]], payees: list[tuple[int, int, int]], tolerance: int
) -> None:
    ours, theirs = sorted_rows(payers), sorted_rows(payees)
    partner = kernel_pairs(ours, theirs, tolerance)
    found = [(i, int(j)) for i, j in enumerate(partner) if j >= 0]
    assert len({j for _, j in found}) == len(found), "one to one"
    for i, j in found:
        assert ours[i][0] == theirs[j][0]
        assert max(theirs[j][1][0] - ours[i][1][1], ours[i][1][0] - theirs[j][1][1]) <= tolerance
    apart = sum(abs(ours[i][1][2] - theirs[j][1][2]) for i, j in found)
    assert (len(found), apart) == naive.pair_in_order(ours, theirs, tolerance)


def kernel_pairs(ours: list[naive.Row], theirs: list[naive.Row], tolerance: int) -> Any:
    def arrays(side: list[naive.Row]) -> tuple[Any, Any]:
        return np.array([g for g, _ in side], np.int64), np.array([w for _, w in side], np.int64).reshape(
            -1, 3
        )

    return kernel.pair_in_order(*arrays(ours), *arrays(theirs), tolerance)


def test_a_cluster_too_large_for_the_best_pairs_still_has_as_many() -> None:
    """Ten thousand equal payments at once: as many pairs, in order."""
    many = 10_000
    ours = np.zeros(many, np.int64), np.repeat(np.arange(many), 3).reshape(-1, 3)
    theirs = np.zeros(many, np.int64), np.repeat(np.arange(many) + 1, 3).reshape(-1, 3)
    partner = kernel.pair_in_order(*ours, *theirs, 5)
    assert (partner >= 0).sum() == many


one_row = st.tuples(
    st.sampled_from(["source", "target"]),
    st.sampled_from(["AB", "BA", "AA", "A?", "?B"]),
    st.integers(1, 2),
    st.integers(0, 5),
    st.sampled_from([None, "R", "Q"]),
)


@given(drawn=st.lists(one_row, max_size=14), seed=st.integers(0, 2**16))
def test_the_order_of_rows_changes_nothing(drawn: list[Any], seed: int) -> None:
    given = []
    for at, (side, accounts, amount, minute, reference) in enumerate(drawn):
        make = out if side == "source" else into
        name = "source_reference" if side == "source" else "target_reference"
        ends = {"source": accounts[0], "target": accounts[1]}
        own = "source" if side == "source" else "target"
        if ends[own] == "?":
            ends[own] = "C"
        known = {key: None if value == "?" else value for key, value in ends.items()}
        row = make(f"2024-03-01T10:0{minute}:00", amount, **known)
        given.append({**row, name: reference, "transfer_id": f"t{at}", "source_row": at})
    if not given:
        return
    plain = rows(*({"source_reference": None, "target_reference": None, **row} for row in given))
    mixed = plain.take(pa.array(random.Random(seed).sample(range(len(given)), len(given))))
    first, second = pair(plain, timezone=SHANGHAI), pair(mixed, timezone=SHANGHAI)
    by_id = [("transfer_id", "ascending")]
    assert first.transfers.sort_by(by_id).to_pylist() == second.transfers.sort_by(by_id).to_pylist()
    assert first.possible.to_pylist() == second.possible.to_pylist()
    before = sum(amount for _, _, amount, _, _ in drawn)
    gone = sum(plain["amount"].to_pylist()[i] for i in np.flatnonzero(first.merged_into >= 0))
    assert sum(first.transfers["amount"].to_pylist()) + gone == before, "no money is lost"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_local_days_agree_with_the_calendar_and_cost_nothing_between(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each moment is asked about by itself: two that lie ten thousand years apart need no day between."""
    asked: list[str] = []
    monkeypatch.setattr(mirrors, "timedelta", lambda **k: (asked.append(""), timedelta(**k))[1])
    texts = [
        "0001-01-02",
        "1940-06-01T15:30",
        "1986-05-03T16:59:59",
        "1986-05-03T17:00",
        "2024-03-10T06:59:59",
    ]
    texts += ["2024-03-10T07:00", "2024-04-06T15:00", "2024-11-03T06:00", "9999-12-30T12:00"]
    moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in texts]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    numbers = np.array([(moment - epoch) // timedelta(microseconds=1) for moment in moments])
    days = mirrors.local_days(numbers, zone)
    assert days.tolist() == [
        m.astimezone(ZoneInfo(zone)).date().toordinal() - epoch.toordinal() for m in moments
    ]
    assert len(asked) < 1000
