"""The benchmarks' answers are right, and a run of all of them gives its tables."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import (
    big,
    common,
    data,
    measure,
    nightly,
    ownership,
    patterns,
    peers,
    ranking,
    results,
    targets,
)
from benchmarks.__main__ import sizes_of
from benchmarks.peers import Peer
from benchmarks.question import HOPS, Answer
from graphflow.case import Case

ROOT = Path(__file__).resolve().parent.parent
SIZE = 2_000


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of two thousand transfers, made once."""
    folder = tmp_path_factory.mktemp("benchmarks")
    kept, data.CACHE = data.CACHE, folder
    data.case_folder(SIZE)
    data.seeds(SIZE)
    data.CACHE = kept
    return folder


@pytest.fixture
def cached(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(data, "CACHE", cache)
    return cache


def by_paths(seed: int, hops: int) -> Answer:
    """The question as it is worded: every path is walked; nothing of the engines is in it."""
    table = data.numbers(SIZE)
    source, target, amount = (x.tolist() for x in (table.source, table.target, table.amount))
    fewest = {seed: 0}  # touched transfer: fewest transfers after the seed
    for place in range(seed + 1, SIZE):
        before = [fewest[earlier] for earlier in fewest if target[earlier] == source[place]]
        if before and min(before) < hops:
            fewest[place] = min(before) + 1
    first: dict[int, int] = {}
    received: dict[int, int] = {}
    for place in sorted(fewest):
        first.setdefault(target[place], place)
        received[target[place]] = received.get(target[place], 0) + amount[place]
    return Answer.of(list(first), list(first.values()), [received[account] for account in first])


@pytest.mark.parametrize("hops", [1, 2, 3, HOPS])
@pytest.mark.parametrize("peer", peers.installed(), ids=lambda peer: peer.name)
def test_every_engine_gives_the_answer_that_the_words_ask_for(cached: Path, peer: Peer, hops: int) -> None:
    seeds = data.seeds(SIZE)
    state = peer.build(SIZE)
    for seed in (seeds.full, *seeds.local[:4], SIZE - 1):
        ours, theirs = by_paths(seed, hops), peer.ask(state, seed, hops)
        assert theirs.account.tolist() == ours.account.tolist()
        assert theirs.first.tolist() == ours.first.tolist()
        assert theirs.received.tolist() == ours.received.tolist()
        assert theirs.digest() == ours.digest()


def test_the_peers_in_our_dependencies_are_among_them() -> None:
    assert {"graphflow", "networkx", "igraph"} <= {peer.name for peer in peers.installed()}


def test_a_digest_tells_answers_apart(cached: Path) -> None:
    answer = by_paths(data.seeds(SIZE).full, HOPS)
    shuffled = np.random.default_rng(0).permutation(len(answer.account))
    assert (
        Answer.of(*(x[shuffled] for x in (answer.account, answer.first, answer.received))).digest()
        == answer.digest()
    )
    for part in ("account", "first", "received"):
        changed = getattr(answer, part).copy()
        changed[-1] += 1
        assert dataclasses.replace(answer, **{part: changed}).digest() != answer.digest()


def test_a_wrong_answer_stops_the_comparison() -> None:
    ours = {"full_digest": "a", "local_digests": ["b", "c"]}
    theirs = {"peer": "P", "size": SIZE, "full_digest": "a", "local_digests": ["b"]}
    common._equal(ours, theirs)
    for wrong in ({"full_digest": "x"}, {"local_digests": ["x"]}, {"local_digests": []}):
        with pytest.raises(common.DifferentAnswers, match=r"P at 2000 rows"):
            common._equal(ours, theirs | wrong)


def test_the_full_question_reaches_nearly_all_and_a_local_one_little(cached: Path) -> None:
    seeds, table = data.seeds(SIZE), data.numbers(SIZE)
    assert len(by_paths(seeds.full, HOPS).account) > 0.9 * table.accounts
    assert len(seeds.local) == data.LOCAL
    for seed in seeds.local[:5]:
        assert 1 <= len(by_paths(seed, HOPS).account) <= table.accounts / 2


@pytest.mark.parametrize("shared", [False, True])
def test_a_measurement_that_fails_says_why(shared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if shared:
        monkeypatch.setattr(measure, "_SHARED", [])
        for name, value in measure.surroundings().items():
            monkeypatch.setenv(name, value)
        measure.share_imports("benchmarks.results")
        assert measure.job("benchmarks.results:seconds_said", 2.0, limit=60) == results.seconds_said(2.0)
        with pytest.raises(measure.JobError, match="ended with 3"):
            measure.job("os:_exit", 3, limit=60)
    with pytest.raises(measure.JobError, match="AttributeError"):
        measure.job("benchmarks.results:keep", {}, "nowhere", "x", limit=60)
    with pytest.raises(measure.JobError, match="not within 0 s"):
        measure.job("benchmarks.common:ask", 0, SIZE, limit=0.01)
    with pytest.raises(measure.JobError, match="graphflow info"):
        measure.command(["info", "no such case"], 60)


def test_a_target_is_judged_at_its_size_only() -> None:
    found = {"peak": 1, "seconds": [2.0]}
    assert targets._target("a", 10_000_000, 2.0, 1.5, found, "")["met"] is False
    assert targets._target("a", 10_000_000, 1.0, 1.5, found, "")["met"] is True
    assert targets._target("a", 1_000_000, 1.0, 1.5, found, "")["met"] is None


def test_the_common_question_is_judged_by_the_faster_of_a_peers_two_ways() -> None:
    ours = {"peer": "graphflow", "size": 10_000_000, "full": [1.0], "full_cpu": 1.0, "peak": 1}
    slow = {"peer": "DuckDB, one way", "size": 10_000_000, "full": [20.0], "full_cpu": 30.0, "peak": 1}
    (row,) = common.judged([ours, slow])
    assert row["met"] is True
    (row,) = common.judged([ours, slow, slow | {"peer": "DuckDB, another", "full": [9.0]}])
    assert row["met"] is False and "9.0 times in time" in row["facts"]
    (row,) = common.judged([{**one, "size": SIZE} for one in (ours, slow)])
    assert row["met"] is None


def test_losses_are_said() -> None:
    ours = {"peer": "graphflow", "version": "1", "size": SIZE, "full": [2.0], "local": [2.0, 2.0], "peak": 1}
    ours |= {"full_cpu": 2.0}
    ours |= {"accounts": 9, "of_accounts": 10, "local_accounts": [3, 4]}
    theirs = {"peer": "P", "version": "2", "size": SIZE, "full": [1.0], "local": [8.0], "peak": 1}
    theirs |= {"full_cpu": 1.5}
    absent = {"peer": "Q", "version": None, "size": SIZE, "why": "not installed"}
    said = results.common_said([ours, theirs, absent])
    assert "0.50: a loss" in said and "| 4.0 " in said and "not measured: not installed" in said


@pytest.mark.parametrize("graph", ownership.GRAPHS)
def test_owners_that_every_engine_finds_are_those_of_a_dense_solve(cached: Path, graph: str) -> None:
    ours = ownership.all_at_once(SIZE, graph) | ownership.one_by_one(SIZE, graph)
    passes = np.linalg.inv(np.eye(SIZE) - ownership._matrix(SIZE, graph).toarray())
    count = ownership.drawn(SIZE, graph)[3]
    for number, said in ours["shares"].items():
        found = dict(map(tuple, said))
        assert np.allclose(
            passes[count:, int(number)], [found.get(i, 0.0) for i in range(count, SIZE)], atol=1e-9
        )
    assert (ours["in_rings"] > 0) == (graph != "plain") and ours["rows"] and ours["pairs"]

    assert ownership.same_owners(ours["found"], ours["shares"])


def test_a_wrong_figure_of_a_peer_is_seen() -> None:
    assert ownership.same_owners({"5": [[7, 0.3, 0.0]]}, {"5": [[7, 0.3], [8, 0.2]]})
    for wrong in ([[7, 0.3, 0.0], [8, 0.2, 0.1]], [], [[7, 0.25, 0.01]], [[7, 0.31, 0.0]]):
        assert not ownership.same_owners({"5": wrong}, {"5": [[7, 0.3], [8, 0.2]]})
    ours = {"5": [[7, 0.5], [8, 0.25]]}
    assert ownership.equal_shares(ours, {"5": [[8, 0.25], [7, 0.5 + 1e-12]]})
    assert not ownership.equal_shares(ours, {"5": [[7, 0.5]]})
    assert not ownership.equal_shares(ours, {"5": [[7, 0.5], [8, 0.2500001]]})
    one, other = ownership.rings_digest(np.array([4, 4, 0])), ownership.rings_digest(np.array([1, 1, 3]))
    assert one == other != ownership.rings_digest(np.array([1, 3, 3]))


LONG = {"cycle": "480h", "fan_in": "60D", "fan_out": "60D", "scatter_gather": "90D", "gather_scatter": "30D"}


@pytest.mark.parametrize("kind", LONG)
def test_peers_find_the_patterns_that_we_find(
    cached: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    asked = {**patterns.BESIDE[kind], "window": LONG[kind], "least": 2}
    monkeypatch.setattr(patterns, "BESIDE", {kind: asked})
    monkeypatch.setattr(patterns, "DAY", patterns.DAY * (20 if kind == "cycle" else 1))
    us = patterns.ours(SIZE, kind, asked)
    other = patterns.plain_cycles(SIZE) if kind == "cycle" else patterns.duckdb(SIZE, kind)
    assert us["count"] > 3 and us["digest"] == other["digest"] and not us["left"]


def test_other_patterns_stop_the_comparison() -> None:
    us = {"pattern": "cycle", "digest": "a", "left": 0, "members": 9}
    row = {"engine": "P", "size": SIZE, "digest": "a"}
    assert "equal" in patterns._compared(us, row)["facts"]
    with pytest.raises(common.DifferentAnswers, match="P at 2000: cycle"):
        patterns._compared(us, row | {"digest": "b"})
    assert "not compared" in patterns._compared(us | {"left": 1}, row | {"digest": "b"})["facts"]
    streamed = patterns._compared(us, {**row, "engine": "P, streamed", "digest": "b", "members": 4})
    assert streamed["facts"] == "marks 4 of the 9 transfers in cycles"


def test_recall_precision_and_losses_are_said() -> None:
    found = {"data": "amlsim_12k", "kind": "fan_in", "planted": 10, "found": 40, "hits": 7, "complete": 3, "first": 5,
             "laundering": 9, "transfers": 50, "covered": 44, "days": (0, 1, 2)}  # fmt: skip
    us = {"size": SIZE, "pattern": "fan_in", "engine": "graphflow", "seconds": [2.0], "peak": 1, "count": 4, "left": 0,
          "prepared": 0.1}  # fmt: skip
    theirs = {"size": SIZE, "pattern": "fan_in", "engine": "DuckDB, one statement", "seconds": [1.0], "peak": 1,
              "facts": "equal"}  # fmt: skip
    said = "\n".join(patterns.said({"found": [found], "bank": [], "speed": [us, theirs]}))
    for words in ("What a hit is", "7 of 10 (70%)", "7 of 40 (18%)", "0.50: a loss", "4 found"):
        assert words in said


def test_sizes_are_read() -> None:
    assert sizes_of("1e6,10M,2k") == [2_000, 1_000_000, 10_000_000]


def test_a_large_case_is_judged_at_its_size_only_and_a_question_where_it_is_local() -> None:
    asked = {"seconds": 2.0, "again": 0.5, "ends": 3, "reached": 7, "peak": 1}
    assert big._row("a", big.FULL, asked, 1.0)["met"] is True
    assert big._row("a", big.FULL, {**asked, "again": 1.5}, 1.0)["met"] is False
    assert big._row("a", big.FULL // 10, asked, 1.0)["met"] is None
    far = big._row("a", big.FULL, {**asked, "reached": None, "ends": 10**6}, 1.0)
    assert far["met"] is None and far["target"] is None
    failed = big._row("a", big.FULL, {"facts": "no answer: killed"})
    assert "no answer: killed" in results.big_said([failed, far])


@pytest.mark.slow
def test_a_large_case_from_its_tables_to_its_answers(cached: Path, tmp_path: Path) -> None:
    rules = ("fifo", "libr")  # one that is asked backward too, one that is not
    rows = big.measure(SIZE, tmp_path, 600, tell=lambda text: None, rules=rules)
    by_stage = {row["stage"]: row for row in rows}
    assert len(rows) == 3 + 3 * len(rules) - 1 + 1
    assert not any("no answer" in row["facts"] for row in rows)
    assert by_stage["one transfer, fifo, forward"]["ends"] >= 1
    (common_question,) = [row for row in rows if "digest" in row]
    assert common_question["digest"] == by_paths(data.seeds(SIZE).full, HOPS).digest()
    assert all(row["stage"] in results.said(minimal(rows)) for row in rows)


def minimal(rows: list[dict]) -> dict:
    return {"date": "", "machine": measure.machine(), "load_before": 0, "load_after": 0, "big": rows}


@pytest.mark.slow
def test_a_run_of_everything_gives_its_tables(cache: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick", "--sizes", str(SIZE), "--out", str(tmp_path)]
    surroundings = {**os.environ, "GRAPHFLOW_BENCHMARK_DATA": str(cache)}
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (text,) = tmp_path.glob("*-all.md")
    (figures,) = tmp_path.glob("*-all.json")
    said, found = text.read_text(encoding="utf-8"), json.loads(figures.read_text(encoding="utf-8"))
    assert said in done.stdout
    names = ("The question that all peers can state", "Targets", "naive twins", "Kernels alone")
    for name in (*names, "Who stands behind everybody", "How fast patterns are found"):
        assert f"## {name}" in said or name in said
    measured = {row["peer"] for row in found["common"] if "full" in row}
    assert measured == {peer.name for peer in peers.installed()}
    asked = {(row["question"], row["graph"]) for row in found["ownership"] if "seconds" in row}
    assert asked == {
        (q, g) for q in (*ownership.TARGETS, ownership.ABOVE) for g in list(ownership.GRAPHS)[:1]
    }
    assert {row["area"].split(",")[0] for row in found["targets"]} >= {"local trace", "graphflow trace"}
    # results are published: nothing in them tells where they were taken
    everything = said + figures.read_text(encoding="utf-8")
    for private in (platform.node(), str(ROOT), str(tmp_path), str(cache), str(Path.home())):
        assert len(private) < 3 or private not in everything


def test_the_ranking_learns_from_nothing_after_the_split() -> None:
    """Labels of AMLSim: the month of an alert's last transfer, and others drawn among those not known by then."""
    transfers = pd.DataFrame({
        "transfer_id": ["a", "b", "c", "d"], "source": ["A", "B", "C", "D"], "target": ["B", "A", "D", "E"],
        "amount": "1.00", "time": ["2017-01-03T00:00Z", "2017-02-27T00:00Z", "2018-03-05T00:00Z", "2017-01-09T00:00Z"],
        "alert_id": ["1", "1", "2", None],
    })  # fmt: skip
    accounts = pd.DataFrame({"account_id": list("ABCDE"), "alert_id": ["1", "1", "2", "2", None]})
    case = Case.from_tables(transfers=transfers, accounts=accounts)
    alerts = ranking.alerts_of(case)
    assert dict(zip(alerts["account_id"], alerts["month"], strict=True)) == {
        "A": "2017-02-28", "B": "2017-02-28", "C": "2018-03-31", "D": "2018-03-31",
    }  # fmt: skip
    told = ranking.labels(case, alerts, "2017-12-31", beside=5)
    assert told[told["label"] == 1]["account_id"].tolist() == ["A", "B"]
    assert set(told["time"]) == {"2017-02-28"}
    assert set(told.loc[told["label"] == 0, "account_id"]) == {"C", "D", "E"}  # C and D are guilty later


def test_a_ranking_that_loses_is_told_as_a_loss() -> None:
    rows = [
        {"month": "2018-01-31", "ranking": name, "guilty": 1, "of": 9, "precision": p, "average_precision": p,
         "ppv": 0.5, "ppv_least": 0.4}
        for name, p in zip(ranking.RANKINGS, (0.5, 0.5, 0.25, 0.3, 0.5, 0.6, 0.1), strict=True)
    ]  # fmt: skip
    counts = dict.fromkeys(("train_true", "train_false", "held_true", "held_false"), 20)
    model = {
        "labels": counts,
        "window": ["a", "b"],
        "held": ["c", "d"],
        "average_precision": 0.5,
        "part": 0.1,
    }
    where = {"cores": 2, "python": "3", "graphflow": "1"}
    said = ranking.said({
        "date": "D", "split": "S", "beside": 5, "first": 100, "machine": where, "rows": rows,
        "models": {"learned": model}, "seconds": {"learned": 1.0},
    })  # fmt: skip
    assert "precision 0.50 times: a loss, PR-AUC 0.50 times: a loss" in said
    assert "0 better, 1 worse, of 1" in said and "1 better, 0 worse, of 1" in said
    assert "Less came true than promised in 1 of 1 months, less than the least in 1." in said


@pytest.mark.slow
@pytest.mark.data
def test_the_ranking_beside_the_rules_on_amlsim(data: Path, cached: Path) -> None:
    pytest.importorskip("lightgbm", reason="learn: lightgbm is not installed")
    found = ranking.measure(split="2017-04-30", months=1)
    rows = {row["ranking"]: row for row in found["rows"]}
    assert set(rows) == set(ranking.RANKINGS)
    chance = rows["by chance"]
    assert chance["precision"] == pytest.approx(chance["guilty"] / chance["of"])
    for name in ("learned", "learned with rules"):
        assert rows[name]["average_precision"] > 3 * chance["average_precision"]
        assert rows[name]["precision"] > 3 * chance["precision"]
    assert "## Month by month" in ranking.said(found)


def test_a_night_is_measured_and_judged_at_its_size_only(cached: Path, tmp_path: Path) -> None:
    (row,) = list(nightly.measure([SIZE], 300))[-1]
    assert row["met"] is None and row["counts"]["findings"] > 0 and 0 < row["again"] < row["seconds"]
    assert {"RL-01", "cycle", "scores"} <= {each["step"] for each in row["steps"]}
    large = row | {"size": nightly.LEAST, "met": False}
    text, _ = nightly.keep([row, large, {"size": SIZE, "met": None, "why": "not within 1 s"}], tmp_path, 0.0)
    said = text.read_text(encoding="utf-8")
    assert "not met" in said and "not measured: not within 1 s" in said and "| RL-02 " in said
