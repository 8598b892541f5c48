"""Sources opened and recognised: zips whole and harmful, files of a wrong kind, two formats in one folder."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

import loaders
from graphflow.errors import InputError, UsageError
from graphflow.language import describe
from graphflow.tables import Raw
from loaders import source as opening
from loaders.source import open_source
from tests.small_files import VARIANT_A, movement, statement, write, zipped

TRANSFERS = "transfer_id,time,source,target,amount\nT1,2024-01-02,A,B,10.00\n"
STATEMENT = statement([movement("2024-01-02 10:00:00", "10.00", "90.00", "出", "2001")])


def names(path: Path, loader: str | None = None) -> list[tuple[str, list[str]]]:
    return [(one.name, [file.name for file in found.files]) for one, found in loaders.recognise(path, loader)]


def load_all(path: Path, loader: str | None = None) -> list[Raw]:
    return [one.load(found) for one, found in loaders.recognise(path, loader)]


def refusal(path: Path, loader: str | None = None) -> str:
    """What is said of a source that is refused, in recognising or loading it; the same in Chinese."""
    with pytest.raises(InputError) as caught:
        load_all(path, loader)
    assert describe(caught.value, "zh")
    return str(caught.value)


# ---------------------------------------------------------------- recognising


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    write(tmp_path / "a" / "rows.dat", TRANSFERS)
    assert names(tmp_path / "a" / "rows.dat") == [("tables", ["rows.dat"])]
    write(tmp_path / "b" / "whatever.xls", STATEMENT, "gb18030")
    assert names(tmp_path / "b") == [("statement", ["b/whatever.xls"])]


def test_two_formats_in_one_folder_are_two_sources_and_the_rest_is_said(tmp_path: Path) -> None:
    write(tmp_path / "transfers.csv", TRANSFERS)
    write(tmp_path / "中国银行" / "交易明细信息.csv", STATEMENT)
    write(tmp_path / "readme.txt", "hello")
    found = loaders.recognise(tmp_path)
    assert [one.name for one, _ in found] == ["tables", "statement"]
    notes = [note for one, source in found for note in one.load(source).notes]
    assert [note.values["file"] for note in notes if note.kind == "unread_file"] == [
        f"{tmp_path.name}/readme.txt"
    ]


def test_a_loader_by_name(tmp_path: Path) -> None:
    write(tmp_path / "transfers.csv", TRANSFERS)
    assert names(tmp_path, "tables")[0][0] == "tables"
    said = refusal(tmp_path, "finbench")
    assert "AccountTransferAccount" in said and "transfers.csv" in said
    with pytest.raises(UsageError, match="tables, statement, amlsim, finbench, amlworld"):
        loaders.recognise(tmp_path, "nonsense")


def test_nothing_recognised_says_what_was_looked_for_and_found(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "x,y\n1,2\n")
    said = refusal(tmp_path)
    for word in ("x,y", "收付标志", "tran_id", "AccountTransferAccount", "From Bank", "transfers.csv"):
        assert word in said


def test_two_loaders_that_claim_one_file_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "transfers.csv", TRANSFERS)
    first = loaders.LOADERS[0]
    second = loaders.Loader("twin", first.title, first.looks_for, first.claims, first.load)
    monkeypatch.setattr(loaders, "LOADERS", (*loaders.LOADERS, second))
    said = refusal(tmp_path)
    assert "tables" in said and "twin" in said and "--loader" in said
    assert names(tmp_path, "twin")[0][0] == "twin"


def test_a_case_of_ours_is_no_source(tmp_path: Path) -> None:
    write(tmp_path / "case.json", "{}")
    write(tmp_path / "versions" / "1" / "tables" / "transfers.csv", TRANSFERS)
    assert "case" in refusal(tmp_path)


def test_a_source_that_is_not_there_or_empty(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "nothing")
    assert "no files" in refusal(tmp_path)


def test_litter_of_desktops_is_not_looked_at(tmp_path: Path) -> None:
    write(tmp_path / "transfers.csv", TRANSFERS)
    for name in (".DS_Store", "~$transfers.xlsx", "__MACOSX/._transfers.csv", "Thumbs.db"):
        write(tmp_path / name, "litter")
    assert [file.name for file in open_source(tmp_path).files] == [f"{tmp_path.name}/transfers.csv"]


# ---------------------------------------------------------------- files of a wrong kind


@pytest.mark.parametrize(
    ("name", "head", "word"),
    [
        ("transfers.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "PNG"),
        ("transfers.csv", b"%PDF-1.7\n" + bytes(range(256)), "PDF"),
        ("transfers.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(99), "PNG"),
        ("transfers.csv", b"\x1f\x8b\x08" + bytes(99), "gzip"),
        ("transfers.csv", bytes(range(256)) * 40, "no known kind"),
        ("transfers.xls", b"<html><body><table><tr><td>transfer_id</td></tr></table>", "HTML"),
    ],
)
def test_a_file_of_the_wrong_kind(tmp_path: Path, name: str, head: bytes, word: str) -> None:
    (tmp_path / name).write_bytes(head)
    assert word in refusal(tmp_path)


@pytest.mark.parametrize("name", ["transfers.csv", "transfers.parquet", "transfers.xlsx"])
def test_an_empty_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert "empty" in refusal(tmp_path)


def test_workbooks_and_parquet_files_that_are_cut_off(tmp_path: Path) -> None:
    (tmp_path / "transfers.parquet").write_bytes(b"PAR1" + bytes(100))
    assert "whole Parquet" in refusal(tmp_path)
    (tmp_path / "transfers.parquet").unlink()
    (tmp_path / "transfers.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert "workbook" in refusal(tmp_path)


# ---------------------------------------------------------------- zips


def test_a_zip_is_a_folder_and_zips_in_zips_are_folders_in_it(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", {"交易明细信息.csv": STATEMENT.encode("gb18030")}).read_bytes()
    outer = zipped(
        tmp_path / "x" / "答复.zip", {"工商银行.zip": inner, "建设银行/交易明细.csv": STATEMENT.encode()}
    )
    (found,) = loaders.recognise(outer)
    assert found[0].name == "statement"
    assert [file.name for file in found[1].files] == [
        "答复.zip/工商银行.zip/交易明细信息.csv",
        "答复.zip/建设银行/交易明细.csv",
    ]
    raw = found[0].load(found[1])
    assert raw.tables["transfers"].num_rows == 2
    assert sorted(raw.tables["accounts"]["bank"].to_pylist()) == ["工商银行", "建设银行"]
    copies = found[1].copies.path  # type: ignore[union-attr]
    assert len(list(copies.iterdir())) == 3
    del found, raw
    assert not copies.exists()


def test_names_that_windows_wrote_in_gbk(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"PLACEHOLDER.csv": STATEMENT.encode()})
    gbk = "工行_交易明细信息.csv".encode("gb18030")
    assert len(gbk) > len(b"PLACEHOLDER.csv")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("A" * len(gbk))
        archive.writestr(info, STATEMENT.encode())
    path.write_bytes(buffer.getvalue().replace(b"A" * len(gbk), gbk))
    assert [file.name for file in open_source(path).files] == ["a.zip/工行_交易明细信息.csv"]


def test_a_truncated_zip(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "a.zip", {"transfers.csv": TRANSFERS.encode() * 50}).read_bytes()
    for size in (len(whole) // 2, len(whole) - 10, 10):
        (tmp_path / "a.zip").write_bytes(whole[:size])
        assert "not a whole zip" in refusal(tmp_path / "a.zip")


def test_a_zip_with_a_damaged_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:  # stored: a changed byte is only seen by its checksum
        archive.writestr("transfers.csv", TRANSFERS * 50)
    data = path.read_bytes().replace(b"T1,2024", b"T1,2023", 1)
    path.write_bytes(data)
    assert "not a whole zip" in refusal(path)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(tmp_path / "bomb.zip", {"transfers.csv": bytes(50 << 20)})
    assert bomb.stat().st_size < 1 << 20
    monkeypatch.setattr(opening._Opening, "_copy", lambda *a: pytest.fail("unpacked"))
    assert "zip bomb" in refusal(bomb)


def test_many_zips_that_are_too_much_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MOST_BYTES", 9_000)
    inner = {
        f"{i}.zip": zipped(tmp_path / "i", {"transfers.csv": bytes(2_000)}).read_bytes() for i in range(5)
    }
    assert "with those around it" in refusal(zipped(tmp_path / "a.zip", inner))
    assert len(open_source(zipped(tmp_path / "a.zip", dict(list(inner.items())[:2]))).files) == 2


def test_a_zip_that_lies_about_its_sizes(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", {"transfers.csv": bytes(30 << 20)})
    data = bytearray(path.read_bytes())
    # The directory says that the file has ten bytes.
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    path.write_bytes(bytes(data))
    assert "not a whole zip" in refusal(path) or "zip bomb" in refusal(path)


def test_a_workbook_that_is_a_zip_bomb(tmp_path: Path) -> None:
    zipped(tmp_path / "transfers.xlsx", {"xl/workbook.xml": bytes(50 << 20)})
    assert "zip bomb" in refusal(tmp_path)


@pytest.mark.parametrize(
    "name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "C:\\evil.csv", "..\\evil.csv"]
)
def test_a_path_that_climbs_out_of_a_zip(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "sub" / "a.zip", {name: TRANSFERS.encode(), "transfers.csv": TRANSFERS.encode()})
    before = set(tmp_path.rglob("*"))
    said = refusal(path)
    assert "out of its folder" in said and "evil.csv" in said
    assert set(tmp_path.rglob("*")) == before


def test_two_cells_far_apart_do_not_take_all_memory(tmp_path: Path) -> None:
    """The reader would make room for every cell between them; the process would be killed."""
    path = tmp_path / "transfers.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("transfers")
        sheet.write(0, 0, "transfer_id")
        sheet.write(1_048_575, 16_383, "x")
    assert path.stat().st_size < 10_000
    assert "far apart" in refusal(tmp_path)
    assert "far apart" in refusal(path.rename(tmp_path / "other.xlsx"))


def test_links_and_locked_files_in_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("transfers.csv")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    assert "links" in refusal(path)
    data = bytearray(zipped(path, {"transfers.csv": TRANSFERS.encode()}).read_bytes())
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    assert "password" in refusal(path)


def test_zips_without_end_in_one_another(tmp_path: Path) -> None:
    data = TRANSFERS.encode()
    name = "transfers.csv"
    for depth in range(5):
        data = zipped(tmp_path / f"{depth}.zip", {name: data}).read_bytes()
        name = f"{depth}.zip"
    assert "deep" in refusal(tmp_path / "4.zip")


def test_what_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "transfers.csv", TRANSFERS)

    def locked(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(opening.File, "head", locked)
    assert "cannot be read: Permission denied" in refusal(tmp_path)


def test_every_column_of_the_export_is_known_or_kept() -> None:
    from loaders import headings

    assert headings.missing(VARIANT_A) == []
    assert headings.kind_of_header(VARIANT_A) == "transactions"
