"""Laundering patterns: on small cases by hand, beside plain recomputation, and on data that nobody here wrote."""

from __future__ import annotations

import json
import random
from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import graphflow as gf
from benchmarks.schemes import schemes_of
from graphflow.cli import run
from graphflow.kernels.cycles import cycles
from graphflow.kernels.windows import crowded
from graphflow.typologies import PATTERNS, Patterns, cycle, patterns
from tests import cases_patterns
from tests.conftest import shared_data
from tests.naive import cycles as naive

DAY = 86_400_000_000


def case_of(rows: list[str], **more: object) -> gf.Case:
    """Rows such as ``"A B 2024-03-01T09:00 5.00 USD"``, numbered t0, t1, …"""
    split = [row.split() for row in rows]
    frame = {
        "transfer_id": [f"t{i:0{len(str(len(rows) - 1))}}" for i in range(len(rows))],
        "source": [row[0] for row in split],
        "target": [row[1] for row in split],
        "time": [row[2] for row in split],
        "amount": [row[3] for row in split],
        "currency": [row[4] if len(row) > 4 else "CNY" for row in split],
    }
    frame |= {name: more.pop(name) for name in list(more) if name not in ("accounts", "parties", "roles")}
    return gf.Case.from_tables(transfers=frame, **more)


RING = ["A B 2024-03-01T09:00 9", "B C 2024-03-02T09:00 8", "C A 2024-03-03T09:00 7"]


def ways(found: Patterns) -> list[tuple[str, ...]]:
    return sorted(found.frame()["transfers"])


# ------------------------------------------------------------------ what is looked at


def test_a_ring_in_time_order_is_a_cycle_and_out_of_order_it_is_none() -> None:
    assert ways(patterns(case_of(RING), "cycle")) == [("t0", "t1", "t2")]
    turned = [RING[0].replace("03-01", "03-02T10:00").replace("T09:00", "", 1), *RING[1:]]
    assert ways(patterns(case_of(turned), "cycle")) == []


def test_the_window_is_inclusive_and_begins_with_the_first() -> None:
    assert ways(patterns(case_of(RING), "cycle", window="48h")) == [("t0", "t1", "t2")]
    assert ways(patterns(case_of(RING), "cycle", window="47h")) == []


def test_amounts_may_differ_by_so_many_thousandths() -> None:
    assert ways(patterns(case_of(RING), "cycle", permille=125)) == [("t0", "t1", "t2")]
    assert ways(patterns(case_of(RING), "cycle", permille=124)) == []  # 8 to 7 is an eighth
    coins = [f"{row} {coin}" for row, coin in zip(RING, ("CNY", "USD", "EUR"), strict=True)]
    found = patterns(case_of(coins), "cycle", permille=0).frame()  # two currencies are not compared
    assert found["currency"].tolist() == ["CNY,USD,EUR"] and found["amount"].isna().all()


def test_at_one_moment_any_order_counts_and_each_cycle_comes_once() -> None:
    rows = [row[:4] + "2024-03-01T09:00 5" for row in ("C A ", "B C ", "A B ")]
    assert len(patterns(case_of(rows), "cycle").frame()) == 1


def test_within_a_day_of_which_only_the_date_is_known_any_order_counts() -> None:
    rows = ["A B 2024-03-01T18:00 5", "B C 2024-03-01 5", "C A 2024-03-01T09:00 5"]
    assert len(patterns(case_of(rows), "cycle").frame()) == 1
    rows[1] = "B C 2024-03-01T12:00 5"
    assert len(patterns(case_of(rows), "cycle").frame()) == 0


def test_money_in_transit_leaves_no_earlier_than_it_arrives() -> None:
    arrives = ["2024-03-01T10:00", "", ""]
    assert len(patterns(case_of(RING, target_time=arrives), "cycle").frame()) == 1
    arrives[0] = "2024-03-02T09:01"
    assert len(patterns(case_of(RING, target_time=arrives), "cycle").frame()) == 0


def test_what_was_undone_is_no_part_and_what_was_undone_in_part_counts_for_the_rest() -> None:
    undone = [*RING, "C B 2024-03-02T12:00 8"]
    back = ["", "", "", "t1"]
    assert ways(patterns(case_of(undone, reversal_of=back), "cycle", least=2)) == []
    undone[3] = "C B 2024-03-02T12:00 3"
    found = patterns(case_of(undone, reversal_of=back), "cycle", least=2).frame()
    assert found["transfers"].tolist() == [("t0", "t1", "t2")] and found["amount"].tolist() == [500]


def test_accounts_of_one_party_are_one_holder_unless_accounts_are_asked_for() -> None:
    rows = ["A1 B 2024-03-01T09:00 9", "B C 2024-03-02T09:00 8", "C A2 2024-03-03T09:00 7",
            "A2 A1 2024-03-04T09:00 7"]  # fmt: skip
    accounts = {"account_id": ["A1", "A2", "B", "C"], "party_id": ["P", "P", "", ""]}
    parties = {"party_id": ["P"], "name": ["p"], "kind": ["person"]}
    case = case_of(rows, accounts=accounts, parties=parties)
    found = patterns(case, "cycle").frame()
    assert found[["transfers", "accounts", "members"]].values.tolist() == [
        [("t0", "t1", "t2"), ("A1", "A2", "B", "C"), 3]
    ]
    assert ways(patterns(case, "cycle", by="account")) == [("t0", "t1", "t2", "t3")]


def test_nothing_later_than_the_day_is_seen() -> None:
    assert ways(patterns(case_of(RING), "cycle", as_of="2024-03-03")) == [("t0", "t1", "t2")]
    assert ways(patterns(case_of(RING), "cycle", as_of="2024-03-02")) == []


@pytest.mark.parametrize("kind", ["clearing", "tax", "internal", "client_custody", "reserve_central", "cash"])
def test_accounts_through_which_everything_passes_are_no_members_and_it_is_said(kind: str) -> None:
    found = patterns(case_of(RING, accounts={"account_id": ["B"], "kind": [kind]}), "cycle")
    assert found.frame().empty
    assert found.left_out[["account_id", "transfers", "amount", "currency"]].values.tolist() == [
        ["B", 2, 1700, "CNY"]
    ]


@pytest.mark.parametrize("subject", ["B", "P"])
def test_a_role_says_the_same_of_an_account_or_its_holder(subject: str) -> None:
    tables = {
        "accounts": {"account_id": ["B"], "party_id": ["P"]},
        "parties": {"party_id": ["P"], "name": ["p"], "kind": ["company"]},
        "roles": {"subject_id": [subject], "role": ["settlement_house"], "source": ["register"]},
    }
    found = patterns(case_of(RING, **tables), "cycle")
    assert found.frame().empty and found.left_out["account_id"].tolist() == ["B"]
    tables["roles"]["role"] = ["payroll"]
    assert len(patterns(case_of(RING, **tables), "cycle").frame()) == 1


def test_an_unknown_other_side_is_nobody_and_its_money_is_said_beside_the_known_one() -> None:
    rows = ["A ?:A:1 2024-03-01T09:00 9", "?:A:2 A 2024-03-03T09:00 8"]
    found = patterns(case_of(rows), "cycle", least=2)
    assert found.frame().empty
    assert found.left_out[["account_id", "transfers", "amount"]].values.tolist() == [["A", 2, 1700]]


def test_a_score_is_what_part_of_the_transfers_of_its_members_lies_in_it() -> None:
    more = [*RING, "A X 2024-03-09T09:00 1", "Y A 2024-03-09T09:00 1"]
    assert patterns(case_of(more), "cycle").frame()["score"].tolist() == [pytest.approx((2 / 4 + 1 + 1) / 3)]


def test_ways_that_were_not_tried_are_said() -> None:
    found = patterns(case_of(RING), "cycle", budget=1)
    assert found.frame().empty
    assert found.left_out[["kind", "transfer_id"]].values.tolist() == [["cycle", "t0"]]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"only": "circle"}, "cycle"),
        ({"window": "soon"}, "20D"),
        ({"least": 0}, "least"),
        ({"by": "bank"}, "party"),
        ({"as_of": "then"}, "as_of"),
    ],
)
def test_wrong_settings_are_said_by_name(wrong: dict, said: str) -> None:
    with pytest.raises(gf.UsageError, match=said):
        patterns(case_of(RING), **wrong)


def test_every_pattern_says_what_it_is() -> None:
    assert len({each.name for each in PATTERNS}) == len(PATTERNS)
    for each in PATTERNS:
        assert each.name.isidentifier() and each.text.endswith(".") and each.name_zh and each.find.__doc__


def test_an_empty_case_has_no_patterns() -> None:
    assert patterns(case_of(RING[:1])).frame().empty


def cash_case(amounts: list[str], days: list[str], into: bool = True, **more: object) -> gf.Case:
    ways = "cash:A A" if into else "A cash:A"
    rows = [f"{ways} {day} {amount}" for day, amount in zip(days, amounts, strict=True)]
    return case_of(rows, accounts={"account_id": ["cash:A"], "kind": ["cash"]}, **more)


WEEK = ["2024-03-01", "2024-03-04", "2024-03-08"]


@pytest.mark.parametrize(
    ("amounts", "days", "count"),
    [
        (["49999.99", "45000", "40000"], WEEK, 1),
        (["50000", "45000", "40000"], WEEK, 0),  # the limit itself is reported
        (["49999.99", "45000", "39999.99"], WEEK, 0),
        (["49999.99", "45000", "40000"], [*WEEK[:2], "2024-03-09"], 0),
        (
            ["49999.99", "45000", "40000"],
            ["2017-06-27", "2017-06-29", "2017-07-01"],
            0,
        ),  # the limit was another
        (["199999", "160000", "170000"], ["2017-06-24", "2017-06-29", "2017-06-30"], 1),
    ],
)
@pytest.mark.parametrize("into", [True, False])
def test_structuring_is_cash_below_the_limit_of_the_day(
    amounts: list[str], days: list[str], count: int, into: bool
) -> None:
    frame = patterns(cash_case(amounts, days, into), "structuring").frame()
    assert len(frame) == count
    if count:
        assert frame[["accounts", "members"]].values.tolist() == [[("A",), 1]]


def test_structuring_looks_one_way_and_cash_is_nothing_to_the_other_patterns() -> None:
    rows = ["cash:A A 2024-03-01 45000", "A cash:A 2024-03-02 45000", "cash:A A 2024-03-03 45000"]
    found = patterns(case_of(rows, accounts={"account_id": ["cash:A"], "kind": ["cash"]}), least=2)
    assert {kind: count for kind, count in found.counts().items() if count} == {"structuring": 1}
    assert found.left_out[["account_id", "transfers", "amount"]].values.tolist() == [["cash:A", 3, 13500000]]


@pytest.mark.parametrize(
    ("kind", "amount", "count"),
    [
        ("person", "450000", 2),
        ("person", "1900000", 0),
        ("company", "450000", 0),
        ("company", "1900000", 2),
        ("", "450000", 0),
    ],
)
def test_transfers_have_the_limit_of_the_holder_where_it_is_known(kind: str, amount: str, count: int) -> None:
    holders = {"account_id": ["A", "B"], "party_id": ["P", "Q"] if kind else ["", ""]}
    tables = {"accounts": holders}
    if kind:
        tables["parties"] = {"party_id": ["P", "Q"], "name": ["p", "q"], "kind": [kind, kind]}
    case = case_of([f"A B {day} {amount}" for day in WEEK], **tables)
    assert len(patterns(case, "structuring").frame()) == count  # the payer's, and the payee's


# ------------------------------------------------------------------ the command line


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("ring") / "case"
    rows = [*RING, "A ?:A:1 2024-03-05T09:00 4", "B A 2024-03-06T09:00 1"]
    case_of(rows).save(place)
    return str(place)


def test_the_verb_has_the_choices_of_the_room() -> None:
    from graphflow import cli
    from graphflow.typologies.payments import VIEWS

    assert tuple(each.name for each in PATTERNS) == cli.PATTERN_NAMES
    assert VIEWS == cli.HOLDERS


def test_the_verb_prints_json_that_says_how_many_there_are(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["patterns", folder, "--only", "cycle", "--least", "2", "--top", "1", "--format", "json"]
    assert run(asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["counts"] == {"cycle": 2}
    [one] = told["patterns"]
    assert one["transfers"] == ["t0", "t1", "t2"] and one["amount"] == "7.00" and one["currency"] == "CNY"
    assert one["since"].startswith("2024-03-01T01:00")
    assert told["parameters"]["cycle"]["window"] == 20 * DAY
    assert told["left_out"] == [
        {"kind": "", "account_id": "A", "transfer_id": "", "why": "the other side is unknown", "transfers": 1,
         "amount": "4.00", "currency": "CNY"}
    ]  # fmt: skip


def test_the_verb_prints_csv_and_tables_in_both_languages(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["patterns", folder, "--window", "72h", "--format", "csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("kind,score,accounts,transfers,amount") and len(lines) == 2
    for language, words in (("en", "A → B → C"), ("zh", "循环转账")):
        assert run(["patterns", folder, "--language", language]) == 0
        assert words in capsys.readouterr().out
    assert run(["patterns", folder, "--only", "circle"]) == 2
    assert "cycle" in capsys.readouterr().err


def test_the_front_door_has_it(folder: str) -> None:
    found = gf.patterns(gf.open_case(folder), only=["cycle", "fan_in"])
    assert isinstance(found, gf.Patterns) and found.counts() == {"cycle": 1, "fan_in": 0}
    assert "t0" in found._repr_html_()


# ------------------------------------------------------------------ beside plain recomputation


@settings(max_examples=60)
@given(st.integers(0, 2**40), st.integers(1, 200))
def test_what_is_cut_is_said_and_the_rest_is_all_there(seed: int, steps: int) -> None:
    args = list(cases_patterns.cycles_inputs(random.Random(seed), 16))
    args[5] = np.arange(len(args[0]), dtype=np.int32)
    whole = naive.cycles(*args)[0]
    args[4] = args[4].copy()
    args[4][4] = steps
    pointer, found, cut, _ = cycles(*args)
    some = {tuple(found[a:b].tolist()) for a, b in pairwise(pointer)}
    assert some <= set(map(tuple, whole))
    assert {way for way in map(tuple, whole) if way[0] not in set(cut.tolist())} <= some


@settings(max_examples=60)
@given(st.integers(0, 2**40), st.sampled_from((1, 30, 300, 3000)), st.integers(0, 3))
def test_where_steps_run_out_some_ways_of_each_are_tried_and_the_rest_is_said(
    seed: int, total: int, lines: int
) -> None:
    case, _ = random_case(seed, 30)
    asked = {"only": "cycle", "least": 2, "window": "400h"}
    whole = set(patterns(case, **asked).frame()["transfers"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cycle, "LEAST_STEPS", 1)
        every = patterns(case, **asked, total=total)
        patch.setattr(cycle, "LINES", lines)
        few = patterns(case, **asked, total=total)
    cut, found = set(every.left_out["transfer_id"]), every.frame()["transfers"].tolist()
    assert len(set(found)) == len(found) and set(found) <= whole
    assert {way for way in whole if way[0] not in cut} <= set(found)
    assert few.left_out["transfers"].sum() == len(cut)
    assert few.left_out["amount"].sum() == every.left_out["amount"].sum()
    named = few.left_out[few.left_out["transfer_id"] != ""]
    assert len(named) == min(lines, len(cut)) and set(named["transfer_id"]) <= cut


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), min_size=1, max_size=30),
    st.integers(0, 15), st.integers(1, 4), st.integers(1, 10),
)  # fmt: skip
def test_rows_that_lie_together_are_never_left_out(
    rows: list[tuple[int, int]], window: int, least: int, bits: int
) -> None:
    keys, time = (np.array(each, np.int64) for each in zip(*rows, strict=True))
    found = crowded(keys, time, window, least, bits)
    for (key, at), kept in zip(rows, found, strict=True):
        near = [
            [t for k, t in rows if k == key and begin <= t <= begin + window]
            for begin in range(at - window, at + 1)
        ]
        assert kept or max(map(len, near)) < least


def random_case(seed: int, size: int = 24) -> tuple[gf.Case, list[tuple[str, str, int, int]]]:
    """A few accounts that pay one another within some days; and the rows: payer, payee, hour, amount."""
    rng = random.Random(seed)
    accounts, hours = rng.randint(3, 8), rng.choice((24, 100, 400))
    rows = []
    for hour in sorted(rng.randint(0, hours) for _ in range(size)):
        payer, payee = rng.sample(range(accounts), 2)
        rows.append((f"A{payer}", f"A{payee}", hour, rng.choice((100, rng.randint(90, 110)))))
    start = pd.Timestamp("2024-03-01T00:00")
    lines = [f"{a} {b} {(start + pd.Timedelta(hours=h)).isoformat()} {m}" for a, b, h, m in rows]
    return case_of(lines), rows


def grouped(windows: list[set[int]]) -> set[frozenset[int]]:
    """Sets that have something in common, together."""
    found: list[set[int]] = []
    for window in windows:
        mine = set(window)
        for other in [each for each in found if each & mine]:
            mine |= other
            found.remove(other)
        found.append(mine)
    return set(map(frozenset, found))


def places(frame: pd.DataFrame) -> list[frozenset[int]]:
    return [frozenset(int(name[1:]) for name in way) for way in frame["transfers"]]


@pytest.mark.parametrize("kind", ["fan_in", "fan_out"])
@settings(max_examples=30)
@given(st.integers(0, 2**40), st.integers(2, 4), st.sampled_from((0, 5, 30)))
def test_fans_are_the_windows_with_enough_others(kind: str, seed: int, least: int, hours: int) -> None:
    case, rows = random_case(seed)
    side = kind == "fan_in"
    expected: set[frozenset[int]] = set()
    for hub in {row[side] for row in rows}:
        mine = [i for i, row in enumerate(rows) if row[side] == hub]
        windows = [{j for j in mine if rows[i][2] <= rows[j][2] <= rows[i][2] + hours} for i in mine]
        expected |= grouped([w for w in windows if len({rows[j][not side] for j in w}) >= least])
    frame = patterns(case, kind, least=least, window=f"{hours}h").frame()
    found = places(frame)
    assert set(found) == expected and len(found) == len(expected)
    for way, accounts, amount in zip(found, frame["accounts"], frame["amount"], strict=True):
        assert {accounts[0]} == {rows[i][side] for i in way}
        assert sorted(accounts[1:]) == sorted({rows[i][not side] for i in way})
        assert amount == 100 * sum(rows[i][3] for i in way)


@settings(max_examples=30)
@given(st.integers(0, 2**40), st.integers(2, 3), st.sampled_from((5, 30, 100)))
def test_gather_scatter_is_enough_payers_before_and_payees_after(seed: int, least: int, hours: int) -> None:
    case, rows = random_case(seed)
    expected: set[frozenset[int]] = set()
    for hub in {row[1] for row in rows}:
        windows = []
        for at in [row[2] for row in rows if row[1] == hub]:
            ins = {i for i, row in enumerate(rows) if row[1] == hub and at - hours <= row[2] <= at}
            outs = {i for i, row in enumerate(rows) if row[0] == hub and at <= row[2] <= at + hours}
            if len({rows[i][0] for i in ins}) >= least and len({rows[i][1] for i in outs}) >= least:
                windows.append(ins | outs)
        expected |= grouped(windows)
    frame = patterns(case, "gather_scatter", least=least, window=f"{hours}h").frame()
    found = places(frame)
    assert set(found) == expected and len(found) == len(expected)
    for way, amount in zip(found, frame["amount"], strict=True):
        assert 0 < amount <= 100 * sum(rows[i][3] for i in way) / 2


def passed(rows: list[tuple[str, str, int, int]], hours: int, permille: int) -> list[tuple[int, int]]:
    """Pairs of a transfer in and one out that it goes on as, by what comes in and then by what goes out."""
    return [
        (e, f)
        for e, (payer, between, came, amount) in enumerate(rows)
        for f, (source, payee, goes, paid) in enumerate(rows)
        if source == between and payee != payer and came <= goes <= came + hours
        and abs(amount - paid) * 100 <= 100 * amount * permille // 1000
    ]  # fmt: skip


def of_pairs(sets: set[frozenset[int]], pairs: list[tuple[int, int]]) -> Counter[frozenset[int]]:
    return Counter(frozenset(i for k in each for i in pairs[k]) for each in sets)


@settings(max_examples=30)
@given(st.integers(0, 2**40), st.integers(2, 3), st.sampled_from((5, 30)), st.sampled_from((0, 50, 300)))
def test_scatter_gather_is_enough_between_two(seed: int, least: int, hours: int, permille: int) -> None:
    case, rows = random_case(seed, 40)
    pairs = passed(rows, hours, permille)
    expected: Counter[frozenset[int]] = Counter()
    for ends in {(rows[e][0], rows[f][1]) for e, f in pairs}:
        mine = [k for k, (e, f) in enumerate(pairs) if (rows[e][0], rows[f][1]) == ends]
        windows = []
        for k in mine:
            first = rows[pairs[k][0]][2]
            inside = {j for j in mine if first <= rows[pairs[j][0]][2] <= first + hours}
            if len({rows[pairs[j][0]][1] for j in inside}) >= least:
                windows.append(inside)
        expected += of_pairs(grouped(windows), pairs)
    found = patterns(case, "scatter_gather", least=least, window=f"{hours}h", permille=permille).frame()
    assert Counter(places(found)) == expected
    for way, members in zip(places(found), found["members"], strict=True):
        assert members == len({name for i in way for name in rows[i][:2]})


@settings(max_examples=30)
@given(st.integers(0, 2**40), st.integers(1, 3), st.sampled_from((5, 30)), st.sampled_from((0, 50, 300)))
def test_pass_through_is_enough_matches(seed: int, least: int, hours: int, permille: int) -> None:
    case, rows = random_case(seed, 40)
    pairs: list[tuple[int, int]] = []
    for e, f in passed(rows, hours, permille):
        if all(e != a and f != b for a, b in pairs):
            pairs.append((e, f))
    expected: Counter[frozenset[int]] = Counter()
    for holder in {rows[e][1] for e, _ in pairs}:
        mine = [k for k, (e, _) in enumerate(pairs) if rows[e][1] == holder]
        windows = []
        for k in mine:
            first = rows[pairs[k][0]][2]
            inside = {j for j in mine if first <= rows[pairs[j][0]][2] <= first + hours}
            if len(inside) >= least:
                windows.append(inside)
        expected += of_pairs(grouped(windows), pairs)
    frame = patterns(case, "pass_through", least=least, window=f"{hours}h", permille=permille).frame()
    assert Counter(places(frame)) == expected


def near(keys: list[tuple], at: list[int], who: list[str], hours: int, least: int) -> list[set[int]]:
    """Runs of equal keys in which some window has enough different others."""
    found = []
    for key in sorted(set(keys)):
        mine = [k for k, each in enumerate(keys) if each == key]
        windows = [{j for j in mine if at[k] <= at[j] <= at[k] + hours} for k in mine]
        found += sorted(map(sorted, grouped([w for w in windows if len({who[j] for j in w}) >= least])))
    return [set(each) for each in found]


def together(runs: list[set[int]], of: list[frozenset[str]], span: list[tuple[int, int]]) -> list[list[int]]:
    """Runs with the same holders whose times overlap, by trying all."""
    groups = [[k] for k in range(len(runs))]
    joined = True
    while joined:
        joined = False
        for a in groups:
            for b in groups:
                lap = any(span[i][0] <= span[j][1] and span[j][0] <= span[i][1] for i in a for j in b)
                if a is not b and of[a[0]] == of[b[0]] and lap:
                    a += b
                    groups.remove(b)
                    joined = True
                    break
            if joined:
                break
    return groups


@settings(max_examples=30)
@given(st.integers(0, 2**40), st.integers(2, 3), st.sampled_from((5, 30)))
def test_bipartite_is_all_to_all(seed: int, least: int, hours: int) -> None:
    case, rows = random_case(seed, 40)
    wedges = [
        tuple(sorted((i, j), key=lambda k: rows[k][1]))
        for i in range(len(rows)) for j in range(i + 1, len(rows))
        if rows[i][0] == rows[j][0] and rows[i][1] != rows[j][1] and rows[j][2] - rows[i][2] <= hours
    ]  # fmt: skip
    keys = [(rows[a][1], rows[b][1]) for a, b in wedges]
    at = [min(rows[a][2], rows[b][2]) for a, b in wedges]
    runs = near(keys, at, [rows[a][0] for a, _ in wedges], hours, least)
    flat = [{i for k in run for i in wedges[k]} for run in runs]
    span = [(min(rows[i][2] for i in each), max(rows[i][2] for i in each)) for each in flat]
    expected = Counter()
    for group in together(runs, [frozenset(rows[i][0] for i in each) for each in flat], span):
        mine = frozenset(i for k in group for i in flat[k])
        if len({rows[i][1] for i in mine}) >= least:
            expected[mine] += 1
    found = places(patterns(case, "bipartite", least=least, window=f"{hours}h").frame())
    assert Counter(found) == expected
    for way in found:
        paid = {rows[i][:2] for i in way}
        assert len(paid) == len({a for a, _ in paid}) * len({b for _, b in paid})


@settings(max_examples=30)
@given(st.integers(0, 2**40), st.sampled_from((5, 30)), st.sampled_from((-1, 100)))
def test_a_stack_is_all_to_all_in_time_order(seed: int, hours: int, permille: int) -> None:
    case, rows = random_case(seed, 60)
    pairs = passed(rows, hours, 10**6 if permille < 0 else permille)
    keys = [(rows[e][0], rows[f][1]) for e, f in pairs]
    runs = near(keys, [rows[e][2] for e, _ in pairs], [rows[e][1] for e, _ in pairs], hours, 2)
    between = [frozenset(rows[pairs[k][0]][1] for k in run) for run in runs]
    span = [(min(rows[pairs[k][0]][2] for k in run), max(rows[pairs[k][1]][2] for k in run)) for run in runs]
    ends = [keys[min(run)] for run in runs]
    expected = Counter()
    for group in together(runs, between, span):
        reached = {
            payer: frozenset(q for p, q in (ends[k] for k in group) if p == payer)
            for payer, _ in (ends[k] for k in group)
        }
        for those in set(reached.values()):
            payers = {payer for payer, its in reached.items() if its == those}
            if len(payers) >= 2 and len(those) >= 2:
                mine = [k for k in group if ends[k][0] in payers]
                expected[frozenset(i for k in mine for j in runs[k] for i in pairs[j])] += 1
    found = places(patterns(case, "stack", window=f"{hours}h", permille=permille).frame())
    assert Counter(found) == expected


def test_a_holder_with_too_many_pairs_is_said_and_not_looked_at() -> None:
    rows = [f"A{i} M 2024-03-01T0{i}:00 5" for i in range(4)] + [
        f"M B{i} 2024-03-01T1{i}:00 5" for i in range(4)
    ]
    found = patterns(case_of(rows), "pass_through", budget=15)
    assert found.frame().empty
    assert found.left_out[["kind", "account_id", "transfers", "amount"]].values.tolist() == [
        ["pass_through", "M", 4, 2000]
    ]
    assert len(patterns(case_of(rows), "pass_through", budget=16).frame()) == 1


def test_in_transit_money_is_passed_on_only_after_it_came() -> None:
    rows = ["A M 2024-03-01T09:00 5", "M B 2024-03-01T10:00 5"]
    assert len(patterns(case_of(rows), "pass_through", least=1).frame()) == 1
    late = case_of(rows, target_time=["2024-03-01T10:30", ""])
    assert len(patterns(late, "pass_through", least=1).frame()) == 0


# ------------------------------------------------------------------ data of others


def imported(name: str, factory: pytest.TempPathFactory) -> gf.Case:
    source = shared_data() / name
    if not source.is_dir():
        pytest.skip(f"data: there is no {source} (GRAPHFLOW_DATA says where else)")
    folder = factory.mktemp(name) / "case"
    gf.import_sources(str(folder), [str(source)])
    return gf.open_case(str(folder))


@pytest.fixture(scope="module")
def amlsim(tmp_path_factory: pytest.TempPathFactory) -> gf.Case:
    return imported("amlsim_12k", tmp_path_factory)


@pytest.mark.data
@pytest.mark.slow
def test_every_cycle_of_amlsim_is_found_and_the_laundering_ones_rank_first(amlsim: gf.Case) -> None:
    found = patterns(amlsim, "cycle", window="20D", least=3, most=10)
    frame = found.frame()
    assert Counter(map(len, frame["transfers"])) == {
        3: 343, 4: 381, 5: 302, 6: 187, 7: 119, 8: 58, 9: 36, 10: 18,
    }  # fmt: skip
    assert len(set(map(frozenset, frame["transfers"]))) == len(frame) == 1444
    assert found.left_out.empty
    planted = set(schemes_of(amlsim.tables.transfers, "cycle", "alert_type", "alert_id"))
    hits = [frozenset(way) in planted for way in frame["transfers"]]
    assert sum(hits) == 95
    assert sum(hits[:100]) > 50
