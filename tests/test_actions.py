"""The action log: it only grows, two writers lose nothing, a killed one leaves nothing half-written."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graphflow.actions import FILE, NOTHING, ActionLog
from graphflow.case import Case, open_case
from graphflow.errors import InputError


def _case(folder: Path) -> Case:
    return Case.from_tables(
        transfers={
            "transfer_id": ["t"],
            "time": ["2024-03-01"],
            "source": ["A"],
            "target": ["B"],
            "amount": ["5"],
        }
    ).save(folder)


def test_what_was_written_is_read_again(tmp_path):
    log = ActionLog(tmp_path)
    assert (log.read(), log.head) == ((), NOTHING)
    first = log.append("note", {"text": "两点\n要问 <b>"}, by="李")
    second = ActionLog(tmp_path).append("decide", {"finding": "RL-06-1"}, by="Wang")
    assert ActionLog(tmp_path).read() == (first, second)
    assert [first.number, second.number] == [1, 2]
    assert log.head == second.hash
    assert len((tmp_path / FILE).read_bytes().splitlines()) == 2


def test_who_did_it_is_the_user_where_nobody_says(tmp_path, monkeypatch):
    monkeypatch.setenv("LOGNAME", "auditor")
    assert ActionLog(tmp_path).append("note", {}).by == "auditor"


@pytest.mark.parametrize("change", ["letter", "out", "in", "order"])
def test_a_changed_log_is_refused_with_its_line(tmp_path, change):
    log = ActionLog(tmp_path)
    for n in range(4):
        log.append("note", {"n": n}, by="A")
    file = tmp_path / FILE
    lines = file.read_bytes().split(b"\n")
    if change == "letter":
        lines[1] = lines[1].replace(b'"n":1', b'"n":7')
    elif change == "out":
        del lines[1]
    elif change == "in":
        lines.insert(1, lines[0])
    else:
        lines[1], lines[2] = lines[2], lines[1]
    file.write_bytes(b"\n".join(lines))
    with pytest.raises(InputError, match=r"line [23] is not the one that was written there"):
        log.read()
    before = file.read_bytes()
    with pytest.raises(InputError):
        log.append("note", {})
    assert file.read_bytes() == before


def test_what_a_killed_writer_left_is_no_action_and_is_removed(tmp_path):
    log = ActionLog(tmp_path)
    log.append("note", {"n": 1}, by="A")
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"number":2,"at":"2026')
    assert [a.number for a in log.read()] == [1]
    assert log.append("note", {"n": 2}, by="A").number == 2
    assert [a.content["n"] for a in log.read()] == [1, 2]


def _write(folder: Path, who: str, count: int) -> None:
    log = ActionLog(folder)
    for n in range(count):
        log.append("note", {"n": n}, by=who)


def test_two_writers_lose_nothing(tmp_path):
    fresh = multiprocessing.get_context("spawn")
    writers = [fresh.Process(target=_write, args=(tmp_path, who, 40)) for who in ("A", "B")]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    actions = ActionLog(tmp_path).read()
    assert [a.number for a in actions] == list(range(1, 81))
    for who in ("A", "B"):
        assert [a.content["n"] for a in actions if a.by == who] == list(range(40))


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals there")
def test_a_writer_that_is_killed_at_any_moment_leaves_whole_lines(tmp_path):
    program = (
        "import sys; from pathlib import Path; from graphflow.actions import ActionLog\n"
        "log = ActionLog(Path(sys.argv[1])); n = 0\n"
        "while True:\n"
        "    n = log.append('note', {'text': 'x' * 5000}, by='A').number; print(n, flush=True)\n"
    )
    last = 0
    for pause in (0.02, 0.05, 0.11):
        run = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert run.stdout is not None
        said = [int(run.stdout.readline())]
        time.sleep(pause)
        run.send_signal(signal.SIGKILL)
        said += [int(line) for line in run.stdout.read().split()]
        run.stdout.close()
        run.wait()
        actions = ActionLog(tmp_path).read()
        assert len(actions) >= max(said) > last  # whatever was said to be written is there
        last = len(actions)
    assert ActionLog(tmp_path).append("note", {}, by="B").number == last + 1


def test_a_full_disk_leaves_the_log_as_it_was(tmp_path, monkeypatch):
    log = ActionLog(tmp_path)
    log.append("note", {"n": 1}, by="A")
    before = (tmp_path / FILE).read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="the disk is full"):
        log.append("note", {"n": 2}, by="A")
    monkeypatch.undo()
    assert (tmp_path / FILE).read_bytes() == before


def test_a_case_keeps_its_log_through_imports_and_copies(tmp_path):
    case = _case(tmp_path / "case")
    case.actions.append("note", {"text": "a"}, by="A")
    again = _case(tmp_path / "other")
    assert again.actions.read() == ()
    copied = open_case(tmp_path / "case").save(tmp_path / "copy")
    assert copied.actions.read() == case.actions.read()
    assert copied.hash == case.hash
    from graphflow.intake import import_sources

    rows = tmp_path / "transfers.csv"
    rows.write_text("transfer_id,time,source,target,amount\nu,2024-03-02,B,C,1\n")
    import_sources(tmp_path / "case", rows)
    assert [a.content["text"] for a in open_case(tmp_path / "case").actions.read()] == ["a"]
    open_case(tmp_path / "case").verify()


def test_a_case_in_memory_has_a_log_too():
    case = Case.from_tables(
        transfers={
            "transfer_id": ["t"],
            "time": ["2024-03-01"],
            "source": ["A"],
            "target": ["B"],
            "amount": ["5"],
        }
    )
    case.actions.append("note", {"text": "a"}, by="A")
    assert json.loads(case.actions.frame()["content"].map(json.dumps).iloc[0]) == {"text": "a"}
