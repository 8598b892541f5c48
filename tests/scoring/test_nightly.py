"""The nightly run: same bytes, nothing half-written, what is done is not done again, bad input hinders nobody."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest

import graphflow as gf
from graphflow.errors import BusyError, InputError, UsageError
from graphflow.redlines import REDLINES
from graphflow.scoring import keeping, nightly
from graphflow.synthesis.lines import rl02, rl06

NAMES = ("scores", "findings", "classes", "patterns", "changes")


@pytest.fixture
def case(tmp_path):
    rl06.amount_toy().save(tmp_path / "case")
    return tmp_path / "case"


def _bytes(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_a_night_holds_what_the_door_says(case, tmp_path):
    made = gf.night(case, "2020-01-01", tmp_path / "out")
    assert made.folder == tmp_path / "out" / "2020-01-01"
    assert {file.name for file in made.folder.iterdir()} == {*(f"{n}.parquet" for n in NAMES), "night.json"}
    scores = pd.read_parquet(made.folder / "scores.parquet")
    direct = gf.score(gf.open_case(case), "2020-01-01")
    same = ["subject_kind", "subject_id", "level", "class"]
    strong = scores["score"] > 0.05  # the night adds the patterns, which weigh little
    assert (
        scores.loc[strong, same].values.tolist() == direct.loc[direct["score"] > 0.05, same].values.tolist()
    )
    findings = pd.read_parquet(made.folder / "findings.parquet")
    assert findings["id"].tolist() == [
        f.id for f in gf.check(gf.open_case(case), as_of="2020-01-01").findings
    ]
    assert findings["text_zh"].str.contains("线索").all()


def test_the_same_input_gives_the_same_bytes_and_a_second_run_does_nothing_anew(case, tmp_path):
    first = gf.night(case, "2020-01-01", tmp_path / "a")
    other = gf.night(case, "2020-01-01", tmp_path / "b")
    again = gf.night(case, "2020-01-01", tmp_path / "a")
    assert _bytes(first.folder) == _bytes(other.folder) == _bytes(again.folder)
    assert not any(reused for _, reused, _ in first.steps)
    assert all(reused for name, reused, _ in again.steps if name != "scores")


def test_a_changed_threshold_asks_that_line_alone_again(case, tmp_path):
    gf.night(case, "2020-01-01", tmp_path / "out")
    law = tmp_path / "law.csv"
    law.write_text("code,name,value\nRL-06,links,4\n")
    made = gf.night(case, "2020-01-01", tmp_path / "out", law=law)
    anew = {name for name, reused, _ in made.steps if not reused}
    assert anew == {"RL-06", "classes", "scores"}


def test_a_changed_threshold_asks_the_lines_that_look_at_it_again(tmp_path):
    rl02.toy().save(tmp_path / "case")
    law = tmp_path / "law.csv"
    law.write_text("code,name,value\nRL-07,signs,1\nRL-25,months,1\n")
    gf.night(tmp_path / "case", "2019-01-01", tmp_path / "out")
    made = gf.night(tmp_path / "case", "2019-01-01", tmp_path / "out", law=law)
    anew = {name for name, reused, _ in made.steps if not reused}
    uses = {line.code for line in REDLINES if {"RL-07", "RL-25"} & {line.code, *line.uses}}
    assert uses == {"RL-02", "RL-04", "RL-07", "RL-24", "RL-25"} and anew == {*uses, "classes", "scores"}
    findings = pd.read_parquet(made.folder / "findings.parquet")
    asked = gf.check(gf.open_case(tmp_path / "case"), as_of="2019-01-01", law=law).findings
    assert findings[["id", "severity"]].values.tolist() == [[f.id, f.severity] for f in asked]


def test_newcomers_are_named_and_nobody_else(case, tmp_path):
    out = tmp_path / "out"
    gf.night(case, "2020-01-01", out)
    tables = gf.open_case(case).tables
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    loans = tables.frame("loans")
    columns = ["loan_id", "borrower_id", "platform_id", "principal", "start", "end"]
    more = loans[[c for c in columns if c in loans]].head(0)
    rows = [
        {"loan_id": f"N{n}", "borrower_id": "NEW", "platform_id": loans["platform_id"].iloc[0], "principal": "900000",
         "start": "2020-01-02", "end": "2021-01-01"}
        for n in range(3)
    ]  # fmt: skip
    pd.concat([more.astype(object), pd.DataFrame(rows)])[columns].to_csv(inbox / "loans.csv", index=False)
    (inbox / "parties.csv").write_text("party_id,name,kind\nNEW,新来的,person\n")
    made = gf.night(case, "2020-01-02", out, inbox=inbox)
    assert made.before == "2020-01-01"
    new = made.changes[made.changes["change"] == "new"]
    assert new[["subject_kind", "subject_id", "name"]].values.tolist() == [["party", "NEW", "新来的"]]
    from_nothing = tmp_path / "other"
    gf.night(
        case, "2020-01-01", from_nothing
    )  # the case has everything by now, but nothing of it was known then
    assert _bytes(gf.night(case, "2020-01-02", from_nothing).folder) == _bytes(made.folder)


def test_a_bad_file_in_the_inbox_is_said_and_hinders_nothing(case, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "a.bin").write_bytes(b"\x00\x01\x02 nothing that anybody reads")
    (inbox / "parties.csv").write_text("party_id,name,kind\nNEW,新来的,person\n")
    made = gf.night(case, "2020-01-01", tmp_path / "out", inbox=inbox)
    assert [p.where for p in made.refused if "a.bin" in p.where]
    assert "NEW" in gf.open_case(case).tables.parties["party_id"].tolist()
    log = next((tmp_path / "out" / "logs").glob("*.jsonl")).read_text().splitlines()
    assert any(json.loads(line)["message"] == "refused" for line in log)


def test_one_run_at_a_time(case, tmp_path):
    with keeping.alone(tmp_path / "out"), pytest.raises(BusyError) as error:
        gf.night(case, "2020-01-01", tmp_path / "out")
    assert error.value.exit_code == 75


def test_what_is_wrong_is_said_before_anything_is_written(case, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="this is not a day"):
        gf.night(case, "tomorrow", out)
    with pytest.raises(InputError, match="there is no case here"):
        gf.night(tmp_path / "none", "2020-01-01", out)
    with pytest.raises(UsageError, match="is no receiver of news"):
        gf.night(case, "2020-01-01", out, tell=["ftp://x"])
    assert not out.exists()


def test_a_full_disk_is_one_clear_error_and_the_night_before_stands(case, tmp_path, monkeypatch):
    out = tmp_path / "out"
    before = _bytes(gf.night(case, "2020-01-01", out).folder)
    real = keeping.write_aside

    def full(path: Path, data: bytes) -> None:
        if path.name == "scores.parquet":
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(keeping, "write_aside", full)
    with pytest.raises(InputError, match="the disk is full") as error:
        gf.night(case, "2020-01-02", out)
    assert len(error.value.problems) == 1
    monkeypatch.undo()
    assert keeping.nights(out) == ["2020-01-01"]
    assert _bytes(out / "2020-01-01") == before
    assert gf.runs(out)["state"].tolist() == ["done", "failed"]
    made = gf.night(case, "2020-01-02", out)
    assert sum(reused for _, reused, _ in made.steps) > 10


def test_old_nights_go_but_the_last_of_each_month(case, tmp_path):
    out = tmp_path / "out"
    for day in ("2019-11-03", "2019-11-20", "2019-12-30", "2020-01-01", "2020-01-02"):
        gf.night(case, day, out, keep=2)
    assert keeping.nights(out) == ["2019-11-20", "2019-12-30", "2020-01-01", "2020-01-02"]
    assert len(list((out / ".nights").iterdir())) <= 4


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals there")
@pytest.mark.slow
def test_a_killed_run_shows_nothing_half_and_the_next_ends_with_the_same_bytes(case, tmp_path):
    whole = _bytes(gf.night(case, "2020-01-01", tmp_path / "whole").folder)
    out = tmp_path / "out"
    program = (
        "import sys, graphflow as gf\n"
        "import graphflow.scoring.nightly, graphflow.typologies\n"
        "print('go', flush=True); gf.night(sys.argv[1], '2020-01-01', sys.argv[2])\n"
    )
    polled: set[tuple[str, ...]] = set()
    count = int(os.environ.get("GRAPHFLOW_KILLS", "3"))
    for n in range(count):
        run = subprocess.Popen(
            [sys.executable, "-c", program, str(case), str(out)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert run.stdout is not None
        run.stdout.readline()
        until = time.monotonic() + 0.15 * (n + 1) * 5 / count
        while time.monotonic() < until and run.poll() is None:
            if (out / "2020-01-01").exists():
                polled.add(tuple(sorted(_bytes(out / "2020-01-01"))))
                assert _bytes(out / "2020-01-01") == whole
        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()
        assert run.stderr is not None
        run.stderr.close()
    assert _bytes(gf.night(case, "2020-01-01", out).folder) == whole
    assert set(gf.runs(out)["state"]) <= {"killed", "done"}
    assert not [file for file in (out / ".nights").iterdir() if file.suffix == ".new"]


def test_who_rose_is_told_to_a_webhook_and_a_dead_one_only_logged(case, tmp_path):
    heard: list[bytes] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    out = tmp_path / "out"
    gf.night(case, "2013-01-01", out)  # before the loans: nothing was known
    tell = [f"http://127.0.0.1:{server.server_port}/news", "http://127.0.0.1:9/dead"]
    made = gf.night(case, "2020-01-01", out, tell=tell, parameters=_strict(tmp_path))
    server.shutdown()
    server.server_close()
    assert made.changes["change"].tolist()[:1] == ["new"]
    told = json.loads(heard[0])
    assert told["as_of"] == "2020-01-01"
    assert {row["subject_id"] for row in told["risen"]} >= set(made.changes["subject_id"].head(1))
    said = [
        json.loads(line) for file in (out / "logs").glob("2020*") for line in file.read_text().splitlines()
    ]
    assert [line["level"] for line in said if line["message"].startswith(("told", "not told"))] == [
        "info",
        "error",
    ]


def _strict(folder: Path) -> Path:
    file = folder / "strict.csv"
    file.write_text("kind,name,value\nlevel,watch,0.01\n")
    return file


def test_metrics_are_what_prometheus_reads(case, tmp_path):
    gf.night(case, "2020-01-01", tmp_path / "out")
    lines = (tmp_path / "out" / "graphflow.prom").read_text().splitlines()
    assert any(line.startswith("graphflow_last_success_timestamp_seconds ") for line in lines)
    assert 'graphflow_count{what="findings",as_of="2020-01-01"} 1' in lines


def test_another_version_of_the_code_makes_other_steps(case, tmp_path, monkeypatch):
    gf.night(case, "2020-01-01", tmp_path / "out")
    monkeypatch.setattr(nightly, "code_digest", lambda: "another")
    made = gf.night(case, "2020-01-01", tmp_path / "out")
    assert not any(reused for name, reused, _ in made.steps)
