"""A disk that is full, at moments spread over whole runs: one clear error, nothing half, and then the same bytes.

The disk is a real one where this system lets us mount one; everywhere, every write that is to last is also
made to fail in its turn.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import graphflow as gf
from graphflow.cli import run
from graphflow.scoring import nightly
from graphflow.synthesis.lines import rl06

SIZE = 8 << 20
DAY = "2020-01-01"
BLOCK = 4096
FINDING = "RL-06-e6536e0428b9"


class Disk:
    """A small disk of which one can say how much room is left."""

    def __init__(self, root: Path) -> None:
        self.root, self.filler = root, root / ".filler"

    def leave(self, room: int) -> None:
        """Fill it up, but for so many bytes."""
        gc.collect()  # a file that was removed takes room as long as somebody has it open
        with self.filler.open("wb", buffering=0) as file:
            block = b"\0" * BLOCK
            with contextlib.suppress(OSError):
                while file.write(block):
                    pass
            file.truncate(max(0, file.tell() - room))

    def clear(self) -> None:
        """Make room again."""
        self.filler.unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    root = tmp_path / "disk"
    root.mkdir()
    asked = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(root)]
    if shutil.which("mount") is None or subprocess.run(asked, check=False, capture_output=True).returncode:
        pytest.skip("platform: no disk of our own can be mounted here")
    try:
        yield Disk(root)
    finally:
        gc.collect()
        subprocess.run(["umount", "-l", str(root)], check=True)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    rl06.amount_toy().save(folder / "case")
    assert run(["synth", "t1", "--out", str(folder / "source")]) == 0
    return folder


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "REDLINES", [line for line in nightly.REDLINES if line.code <= "RL-09"])
    monkeypatch.setattr(nightly, "PATTERNS", nightly.PATTERNS[:2])


def told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """One line that says so, and says where."""
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and ": the disk is full; " in said[0], said


def files(folder: Path) -> dict[str, str]:
    """Every file below a folder with the SHA-256 of what is in it."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*")) if file.is_file()
    }  # fmt: skip


def whole(case: Path) -> str:
    """The hash of a case of which every byte was compared with what was written."""
    opened = gf.open_case(case)
    opened.verify()
    return opened.hash


def test_a_night_on_a_disk_that_fills_up_later_each_time(disk, kept, tmp_path, capsys):
    want = files(gf.night(kept / "case", DAY, tmp_path / "whole").folder)
    case, out = disk.root / "case", disk.root / "nights"
    shutil.copytree(kept / "case", case)
    asked = ["score", str(case), "--as-of", DAY, "--out", str(out)]
    failed = 0
    for room in range(0, 40 * BLOCK, 3 * BLOCK):
        disk.leave(room)
        code = run(asked)
        disk.clear()
        if code == 0:
            break
        assert code == 4
        told_once(capsys)
        if (out / DAY).exists():  # shown, then the ledger found no room
            assert files(out / DAY) == want
        failed += 1
    assert failed >= 3 and run(asked) == 0
    assert files(out / DAY) == want and not list((out / ".nights").glob("*.new"))
    assert gf.runs(out)["state"].iloc[-1] == "done"


def test_a_night_that_was_shown_before_the_disk_filled_up_says_so(kept, tmp_path, capsys, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(nightly, "metrics", full)
    out = tmp_path / "nights"
    assert run(["score", str(kept / "case"), "--as-of", DAY, "--out", str(out)]) == 4
    assert "the results of the night are whole, the ledger of runs is not" in capsys.readouterr().err
    assert (out / DAY / "scores.parquet").exists()


def test_an_import_on_a_full_disk_leaves_the_case_as_it_was(disk, kept, tmp_path, capsys):
    asked = ["import", str(kept / "source"), "--case"]
    shutil.copytree(kept / "case", tmp_path / "more")
    assert run([*asked, str(tmp_path / "more")]) == run([*asked, str(tmp_path / "new")]) == 0
    before = whole(kept / "case")
    for name in ("more", "new"):
        want, case, failed = whole(tmp_path / name), disk.root / name, 0
        for room in range(0, 100 * BLOCK, 21 * BLOCK):
            if name == "more":
                shutil.copytree(kept / "case", case)
            disk.leave(room)
            capsys.readouterr()
            code = run([*asked, str(case)])
            disk.clear()
            if code == 0:
                break
            assert code == 4
            told_once(capsys)
            assert whole(case) == before if name == "more" else not (case / "case.json").exists()
            failed += 1
            assert run([*asked, str(case)]) == 0 and whole(case) == want
            shutil.rmtree(case)
        assert failed >= 3 and whole(case) == want


def test_a_pack_is_whole_and_in_the_log_or_neither(disk, kept, capsys):
    case, file = disk.root / "case", disk.root / "pack.zip"
    shutil.copytree(kept / "case", case)
    asked = ["pack", str(case), FINDING, "--out", str(file)]
    assert run(asked) == 0
    want, size = file.read_bytes(), file.stat().st_size
    file.unlink()
    capsys.readouterr()
    for room in (size // 2 // BLOCK * BLOCK, -(-size // BLOCK) * BLOCK):
        before = gf.open_case(case).actions.read()
        assert len(before) == 1
        padding = BLOCK - (case / "actions.jsonl").stat().st_size % BLOCK
        gf.open_case(case).actions.append(
            "note", {"text": "n" * (padding - 250)}
        )  # what follows needs a block
        before = gf.open_case(case).actions.read()
        disk.leave(room)
        code = run(asked)
        disk.clear()
        assert code == 4
        told_once(capsys)
        assert not file.exists() and not list(disk.root.glob(".pack*"))
        assert gf.open_case(case).actions.read() == before
        shutil.copy(kept / "case" / "case.json", case)
        lines = (case / "actions.jsonl").read_bytes().splitlines(keepends=True)
        (case / "actions.jsonl").write_bytes(lines[0])
    assert run(asked) == 0 and file.read_bytes() == want and gf.verify(file).agrees
    assert zipfile.is_zipfile(file)


def test_a_decision_on_a_full_disk_is_none(disk, kept, capsys):
    case = disk.root / "case"
    shutil.copytree(kept / "case", case)
    asked = ["decide", str(case), FINDING, "confirm", "--reason", "r", "--by", "A"]
    disk.leave(0)
    assert run(asked) == 4
    told_once(capsys)
    assert gf.open_case(case).actions.read() == ()
    disk.clear()
    assert run(asked) == 0
    assert [a.action for a in gf.open_case(case).actions.read()] == ["decide"]


@pytest.mark.skipif(os.name == "nt", reason="platform: folders are not synced there")
@pytest.mark.parametrize("verb", ["import", "score", "decide", "pack", "dossier"])
def test_every_write_that_is_to_last_may_fail(verb, kept, tmp_path, capsys, monkeypatch):
    out = tmp_path / "out"
    case = tmp_path / "case"
    more: dict[str, list[str]] = {
        "import": [str(kept / "source"), "--case", str(case)],
        "score": [str(case), "--as-of", DAY, "--out", str(out)],
        "decide": [str(case), FINDING, "confirm", "--reason", "r", "--by", "A"],
        "pack": [str(case), FINDING, "--out", str(out), "--by", "A"],
        "dossier": [str(case), "COMPANY", "--out", str(out), "--form", "html", "--in", "both"],
    }
    made: dict[str, Callable[[], Any]] = {
        "import": lambda: whole(case),
        "score": lambda: files(out / DAY),
        "decide": lambda: [(a.number, a.content) for a in gf.open_case(case).actions.read()],
        "pack": out.read_bytes,
        "dossier": lambda: files(out),
    }
    asked, state = [verb, *more[verb]], made[verb]
    real, left, calls = os.fsync, [-1], [0]

    def full(handle: int) -> None:
        calls[0] += 1
        left[0] -= 1
        if left[0] == -1:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)

    def anew() -> None:
        shutil.rmtree(case, ignore_errors=True)
        shutil.rmtree(out, ignore_errors=True)
        out.unlink(missing_ok=True)
        shutil.copytree(kept / "case", case)
        capsys.readouterr()

    anew()
    left[0], calls[0] = 1 << 30, 0
    assert run(asked) == 0
    want, count, old = state(), calls[0], whole(kept / "case")
    for at in sorted({count // 3, count - 1} if verb in ("import", "decide") else {count // 2}):
        anew()
        left[0] = at
        code = run(asked)
        left[0] = 1 << 30
        assert code == 4, at
        told_once(capsys)
        if verb != "import":
            assert whole(case) == old
        assert not [file for file in tmp_path.rglob("*") if file.name.startswith(".") and file.is_file()]
        assert run(asked) == 0 and state() == want


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="platform: no device that is always full")
def test_what_is_printed_to_a_full_disk_is_said_not_to_be_whole():
    with open("/dev/full", "w") as full:
        made = subprocess.run(
            [sys.executable, "-m", "graphflow", "manual", "tracing", "--language", "en"],
            check=False, stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert (made.returncode, made.stderr) == (4, "the disk is full: what was printed is not whole\n")


def test_a_generated_case_on_a_full_disk_is_none(disk, capsys):
    disk.leave(BLOCK)
    assert run(["synth", "t1", "--out", str(disk.root / "t1")]) == 4
    told_once(capsys)
    disk.clear()
    assert list(disk.root.iterdir()) == []
