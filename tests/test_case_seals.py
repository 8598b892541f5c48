"""Seals: whatever changes a byte of a case on disk is found, and said in one message."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import graphflow as gf
from graphflow.case import Case, open_case
from graphflow.cli import run
from graphflow.errors import InputError
from graphflow.parts import read_table, write_table
from graphflow.sealing import SMALL, Sealing, Seals, sealed

RESTORE = "restore it from a copy, or import the sources again"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seals")
    rows = "".join(
        f"t{i},2024-03-01T09:{i % 60:02d}:00,{'ABCD'[i % 4]},{'BCDA'[i % 4]},{i + 1}.50,memo {i}\n"
        for i in range(200)
    )
    head = "transfer_id,time,source,target,amount,memo\n"
    (folder / "transfers.csv").write_text(head + rows + "bad,never,A,B,1,x\n")
    gf.import_sources(folder / "case", folder / "transfers.csv")
    return folder / "case"


@pytest.fixture
def case(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "case"))


def everything(case: Path) -> list[Path]:
    return sorted(
        file for file in case.rglob("*") if file.is_file() and file.name not in ("in-use", "case.lock")
    )


def use(case: Path) -> None:
    """Everything that reads a case."""
    opened = open_case(case)
    assert opened.report.hash == opened.hash
    assert len(opened.quarantine) == 1
    for name in opened.tables.names:
        opened.tables.frame(name)
    for name in opened.listed:
        assert opened.listed[name].num_rows
    gf.trace(opened, "account:A").ends  # noqa: B018
    opened.parts()


def test_a_case_as_it_was_written_is_verified(case: Path) -> None:
    files = [file for file in everything(case) if file.name != "case.json"]
    assert open_case(case).verify() == (len(files), sum(file.stat().st_size for file in files))
    assert Case.from_tables(media={"medium_id": ["M"]}).verify() == (0, 0)
    use(case)


def test_every_flipped_bit_is_found(case: Path) -> None:
    """In every file, in its first and last bytes and at random places; where the case is small, on opening."""
    choose = random.Random(7)
    for file in everything(case):
        good = file.read_bytes()
        for at in {0, len(good) - 1, *(choose.randrange(len(good)) for _ in range(4))}:
            bad = bytearray(good)
            bad[at] ^= 1 << choose.randrange(8)
            file.write_bytes(bad)
            with pytest.raises(InputError, match="damaged|manifest|layout"):
                open_case(case).verify()
            with pytest.raises(InputError) as caught:
                use(case)
            assert caught.value.exit_code == 4
        file.write_bytes(good)
    use(case)


@pytest.mark.parametrize("change", ["missing", "shorter", "longer", "strange"])
def test_files_that_are_gone_or_not_ours_are_named(case: Path, change: str) -> None:
    for file in everything(case):
        if file.name == "case.json":
            continue
        good = file.read_bytes()
        other = file
        if change == "missing":
            file.unlink()
        elif change == "strange":
            other = file.with_name("other.parquet")
            other.write_bytes(good)
        else:
            file.write_bytes(good[:-1] if change == "shorter" else good + b"\0")
        with pytest.raises(InputError, match=RESTORE) as caught:
            open_case(case).verify()
        assert [Path(problem.where) for problem in caught.value.problems] == [other]
        if change != "strange":
            with pytest.raises(InputError, match=RESTORE):
                use(case)
        if other != file:
            use(case)  # nobody reads it
            other.unlink()
        file.write_bytes(good)


def test_a_source_that_changed_does_not_come_into_the_next_version(case: Path, tmp_path: Path) -> None:
    (file,) = (case / "sources").glob("*/tables/transfers.parquet")
    good = bytearray(file.read_bytes())
    good[len(good) // 2] ^= 1
    file.write_bytes(good)
    (tmp_path / "transfers.csv").write_text("transfer_id,time,source,target,amount\nx,2024-03-02,A,B,1\n")
    before = (case / "case.json").read_bytes()
    with pytest.raises(InputError, match="damaged"):
        gf.import_sources(case, tmp_path / "transfers.csv")
    assert (case / "case.json").read_bytes() == before


def test_a_flipped_bit_in_the_pages_of_a_large_table_is_found_when_it_is_read(tmp_path: Path) -> None:
    """Larger tables are not compared in full when they are opened: Parquet compares each page."""
    choose = random.Random(3)
    file = tmp_path / "t.parquet"
    write_table(pa.table({"a": np.arange(50_000), "b": [str(i) for i in range(50_000)]}), file, Sealing())
    good = file.read_bytes()
    truth = read_table(file)
    for _ in range(200):
        bad = bytearray(good)
        bad[choose.randrange(4, len(good) * 9 // 10)] ^= 1 << choose.randrange(8)
        file.write_bytes(bad)
        try:
            found = read_table(file)
        except InputError:
            continue
        assert found.equals(truth)  # a bit of a page's header that says nothing of its contents


def test_only_small_files_are_compared_in_full_on_opening(tmp_path: Path) -> None:
    for name, size in (("a", 10), ("b", 20), ("c", 30)):
        (tmp_path / name).write_bytes(b"x" * size)
    seals = Seals(tmp_path, sealed(tmp_path, [tmp_path]))
    for name, size in (("a", 10), ("b", 20), ("c", 30)):
        (tmp_path / name).write_bytes(b"y" * size)
    for most, bad in ((0, ""), (10, "a"), (29, "a"), (30, "ab"), (60, "abc"), (None, "abc")):
        if not bad:
            seals.check(tmp_path / "a", tmp_path / "b", tmp_path / "c", most=most)
            continue
        with pytest.raises(InputError) as caught:
            seals.check(tmp_path / "a", tmp_path / "b", tmp_path / "c", most=most)
        assert [Path(problem.where).name for problem in caught.value.problems] == list(bad)
    assert SMALL == 64 << 20


def test_a_manifest_that_was_edited_is_refused(case: Path) -> None:
    manifest = json.loads((case / "case.json").read_text(encoding="utf-8"))
    manifest["minor_units"]["CNY"] = 3
    (case / "case.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(InputError, match="damaged: its contents"):
        open_case(case)
    (case / "case.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not the manifest of a case"):
        open_case(case)


def test_a_folder_in_the_manifests_place_is_one_clear_error(case: Path, tmp_path: Path) -> None:
    (case / "case.json").unlink()
    (case / "case.json").mkdir()
    with pytest.raises(InputError, match="is a folder; the manifest of a case is a file"):
        open_case(case)
    with pytest.raises(InputError, match="is a folder; the manifest of a case is a file"):
        gf.import_sources(case, __file__)


def test_the_command_line_verifies_when_asked(case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info", str(case), "--verify"]) == 0
    assert "are as they were written" in capsys.readouterr().err
    (case / "versions" / "1" / "tables" / "strange.parquet").write_bytes(b"x")
    assert run(["info", str(case)]) == 0
    assert run(["info", str(case), "--verify"]) == 4
    said = capsys.readouterr()
    assert "strange.parquet" in said.err and "Traceback" not in said.err
