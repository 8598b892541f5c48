"""What whoever runs the nights meets: files half written, receivers that are not there, Ctrl-C, no home."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import graphflow as gf
import graphflow.cli
from graphflow.cli import run
from graphflow.errors import InputError
from graphflow.manual import read
from graphflow.scoring import nightly
from graphflow.synthesis.lines import rl06

ROWS = "transfer_id,time,source,target,amount\nn1,2019-01-01,A,B,5.00\n"
DAY = "2020-01-01"


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(nightly, "REDLINES", [line for line in nightly.REDLINES if line.code <= "RL-06"][-1:])
    monkeypatch.setattr(nightly, "PATTERNS", nightly.PATTERNS[:1])
    monkeypatch.setattr(nightly, "PAUSE", 0.2)


@pytest.fixture
def case(tmp_path):
    rl06.amount_toy().save(tmp_path / "case")
    return tmp_path / "case"


@pytest.fixture
def inbox(tmp_path):
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def _log(out: Path) -> list[dict]:
    (file,) = (out / "logs").glob("*.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_file_that_is_being_written_waits_for_the_next_night(case, inbox, tmp_path):
    (inbox / "parties.csv").write_text("party_id,name,kind\nNEW,新来的,person\n")
    stop = threading.Event()

    def write() -> None:
        with (inbox / "transfers.csv").open("w") as file:
            file.write(ROWS)
            while not stop.is_set():
                file.write("n1,2019-01-")
                file.flush()
                time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    time.sleep(0.05)
    try:
        made = gf.night(case, DAY, tmp_path / "out", inbox=inbox)
    finally:
        stop.set()
        writer.join()
    assert [(p.where, p.what) for p in made.refused] == [("transfers.csv", "is still being written")]
    assert not made.quarantined and "NEW" in set(gf.open_case(case).tables.parties["party_id"])
    said = {line["message"]: line for line in _log(tmp_path / "out")}
    assert said["taken in"]["files"] == ["parties.csv"] and said["refused"]["file"] == "transfers.csv"


def test_names_of_unfinished_files_are_left(case, inbox, tmp_path):
    for name in ("transfers.csv.part", ".transfers.csv", "transfers.csv~"):
        (inbox / name).write_text(ROWS[:-9])
    made = gf.night(case, DAY, tmp_path / "out", inbox=inbox)
    assert not made.refused and not made.quarantined
    left = [line["file"] for line in _log(tmp_path / "out") if line["message"] == "left"]
    assert left == ["transfers.csv.part", "transfers.csv~"]


def test_a_file_cut_off_and_whole_the_next_day_adds_what_it_lacked(case, inbox, tmp_path):
    whole = ROWS + "n2,2019-01-02,A,B,6.00\n"
    (inbox / "transfers.csv").write_text(whole[:-12])
    assert gf.night(case, DAY, tmp_path / "out", inbox=inbox).quarantined
    (inbox / "transfers.csv").write_text(whole)
    gf.night(case, DAY, tmp_path / "out", inbox=inbox)
    rows = gf.open_case(case).tables.transfers.set_index("transfer_id")["amount"]
    assert rows[["n1", "n2"]].tolist() == [500, 600]


def test_a_file_that_nobody_recognises_is_one_line(case, inbox, tmp_path, capsys):
    (inbox / "what.csv").write_text("a,b\n1,2\n")
    asked = ["score", str(case), "--as-of", DAY, "--out", str(tmp_path / "out"), "--inbox", str(inbox)]
    assert run(asked) == 4
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("not read")]
    assert len(said) == 1 and "what.csv" in said[0]
    assert sum(line["message"] == "refused" for line in _log(tmp_path / "out")) > 1


def test_who_could_not_be_told_is_said_where_the_night_is(case, tmp_path, capsys):
    out = tmp_path / "out"
    gf.night(case, "2013-01-01", out)
    strict = tmp_path / "strict.csv"
    strict.write_text("kind,name,value\nlevel,watch,0.01\n")
    tell = "mailto:desk@example?server=127.0.0.1:9"
    asked = ["score", str(case), "--as-of", DAY, "--out", str(out), "--parameters", str(strict)]
    assert run([*asked, "--tell", tell]) == 0
    assert f"not told: {tell}: " in capsys.readouterr().out
    assert "graphflow_untold 1" in (out / "graphflow.prom").read_text().splitlines()


def test_the_folder_of_the_nights_is_no_file(case, tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(InputError, match="this is a file"):
        gf.night(case, DAY, tmp_path / "out")


def test_a_run_that_was_interrupted_says_so_in_the_ledger(case, tmp_path, monkeypatch):
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(nightly, "check", stop)
    with contextlib.suppress(KeyboardInterrupt):
        gf.night(case, DAY, tmp_path / "out")
    assert gf.runs(tmp_path / "out")[["state", "message"]].values.tolist() == [["killed", "interrupted"]]


def test_many_new_findings_of_one_subject_are_counted(capsys):
    from graphflow.cli.scoring import _some

    many = [*(f"cycle-{n}" for n in range(9)), "RL-06-1"]
    assert _some(many, "en") == "RL-06-1, cycle-0, cycle-1 and 7 more"
    assert _some(many[-4:], "en") == "RL-06-1, cycle-6, cycle-7, cycle-8"


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch, capsys):
    def homeless(_: object) -> int:
        raise RuntimeError("cannot cache function 'f': no locator available for file 'text.py'")

    monkeypatch.setitem(graphflow.cli.VERBS, "info", homeless)
    assert run(["info", "x"]) == 4
    assert "NUMBA_CACHE_DIR=/var/cache/graphflow" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="platform: no such signals on Windows")
def test_ctrl_c_while_the_program_is_read_in_is_one_line(tmp_path):
    # a module of the same name stands in for one that takes long to read
    program = (
        "import sys, types, graphflow.__main__ as main\n"
        "class Slow:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'graphflow.cli':\n"
        "            print('reading', flush=True); import time; time.sleep(30)\n"
        "sys.meta_path.insert(0, Slow()); main.main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "interrupted\n")


def test_the_examples_of_the_manual_are_what_systemd_and_airflow_read():
    for language in ("en", "zh"):
        code = [block.text for block in read("operating", language).blocks() if block.kind == "code"]
        (service,) = (each for each in code if "[Service]" in each)
        assert "CacheDirectory=graphflow" in service and "NUMBA_CACHE_DIR=/var/cache/graphflow" in service
        (dag,) = (each for each in code if "airflow" in each)
        compile(dag, "dag.py", "exec")
        assert "macros.ds_add(ds, -1)" in dag
