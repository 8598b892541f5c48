"""Our own tables as CSV, Parquet and Excel: every cell as written, every row with its place, nothing evaluated."""

from __future__ import annotations

import datetime
import unicodedata
import warnings
import zipfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import loaders
from graphflow.case import open_case
from graphflow.errors import InputError
from graphflow.intake import import_sources
from graphflow.tables import Raw, read_raw
from loaders import grid as grids
from loaders.source import File
from tests.small_files import csv_text, workbook, write

HEADER = ["transfer_id", "time", "source", "target", "amount"]
ROW = ["T1", "2024-01-02T10:00:00", "A", "B", "10.00"]


def load(path: Path) -> Raw:
    raws = [one.load(found) for one, found in loaders.recognise(path)]
    assert len(raws) == 1
    return raws[0]


def rows(path: Path, table: str = "transfers") -> list[dict[str, object]]:
    return load(path).tables[table].to_pylist()  # type: ignore[no-any-return]


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load(path)
    return str(caught.value)


# ---------------------------------------------------------------- CSV


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "cp936", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_delimiters_and_line_ends(tmp_path: Path, encoding: str, delimiter: str, end: str) -> None:
    header = [*HEADER, "memo"]
    body = [
        [*ROW, "货款,一;二|三\t四"],
        ["00120034005600780090", "2024-01-03", "甲", "乙", "0.10", 'er sagte "ja"'],
    ]
    write(tmp_path / "transfers.csv", csv_text(header, body, end=end, delimiter=delimiter), encoding)
    found = rows(tmp_path)
    assert [[row[name] for name in header] for row in found] == body
    assert [(row["source_file"], row["source_row"]) for row in found] == [
        (f"{tmp_path.name}/transfers.csv", at) for at in (2, 3)
    ]


def test_ids_stay_as_they_are_written(tmp_path: Path) -> None:
    ids = [
        "007",
        "12345678901234567890",
        "1.10",
        "1E5",
        "+8613800000000",
        "=SUM(A1:A9)",
        "0x1F",
        "NULL",
        "nan",
        "true",
    ]
    write(tmp_path / "transfers.csv", csv_text(HEADER, [[one, *ROW[1:]] for one in ids]))
    assert [row["transfer_id"] for row in rows(tmp_path)] == ids


def test_rows_keep_their_numbers_past_blank_lines_and_quoted_newlines(tmp_path: Path) -> None:
    text = 'transfer_id,time,source,target,amount,memo\nT1,t,A,B,1,"two\nlines"\n\nT2,t,A,B,2,\n,,,,,\nT3,t,A,B,3,x\n'
    write(tmp_path / "transfers.csv", text)
    raw = load(tmp_path)
    assert [(row["transfer_id"], row["source_row"]) for row in raw.tables["transfers"].to_pylist()] == [
        ("T1", 2),
        ("T2", 4),
        ("T3", 6),
    ]
    assert raw.rows_read == {"transfers": 3} and not raw.refused


def test_rows_of_another_width_are_refused_and_the_others_read(tmp_path: Path) -> None:
    lines = [
        "transfer_id,time,source,target,amount",
        "T1,t,A,B,1",
        "T2,t,A,B",
        "T3,t,A,B,3,",
        "T4,t,A,B,4,x,y",
        "T5,t,A,B,5",
    ]
    write(tmp_path / "transfers.csv", "\n".join(lines))
    raw = load(tmp_path)
    assert [(row["transfer_id"], row["source_row"]) for row in raw.tables["transfers"].to_pylist()] == [
        ("T1", 2),
        ("T3", 4),
        ("T5", 6),
    ]
    refused = raw.refused["transfers"].to_pylist()
    assert [(row["source_row"], row["value"]) for row in refused] == [(3, "T2,t,A,B"), (5, "T4,t,A,B,4,x,y")]
    assert raw.rows_read == {"transfers": 5}


def test_a_million_character_field_is_one_refused_row(tmp_path: Path) -> None:
    body = [ROW, ["T2", *ROW[1:4], "9" * 1_000_000], ["T" * 150_000, *ROW[1:]], ["T4", *ROW[1:]]]
    write(tmp_path / "transfers.csv", csv_text(HEADER, body))
    raw = load(tmp_path)
    assert raw.tables["transfers"]["transfer_id"].to_pylist() == ["T1", "T4"]
    assert [row["source_row"] for row in raw.refused["transfers"].to_pylist()] == [3, 4]
    assert all(
        "longer" in row["reason"] and len(row["value"]) <= 2000
        for row in raw.refused["transfers"].to_pylist()
    )


def test_nul_bytes_are_refused_rows(tmp_path: Path) -> None:
    text = csv_text(HEADER, [ROW, ["T2", *ROW[1:]], ["T3", *ROW[1:]]]).replace("T2", "T\x002")
    write(tmp_path / "transfers.csv", text)
    raw = load(tmp_path)
    assert raw.tables["transfers"]["transfer_id"].to_pylist() == ["T1", "T3"]
    assert [(row["source_row"], "NUL" in row["reason"]) for row in raw.refused["transfers"].to_pylist()] == [
        (3, True)
    ]


def test_mixed_encodings_are_read_line_by_line_and_said(tmp_path: Path) -> None:
    header = ",".join([*HEADER, "memo"]).encode()
    lines = [
        header,
        *(f"T{i},t,A,B,1,转账给张三".encode("gb18030") for i in range(3)),
        "T8,t,A,B,1,还款".encode(),
        b"T9,t,A,B,1,\xff\xff\x01",
    ]
    (tmp_path / "transfers.csv").write_bytes(b"\n".join(lines))
    raw = load(tmp_path)
    assert raw.tables["transfers"]["memo"].to_pylist() == ["转账给张三"] * 3 + ["还款"]
    assert [(row["source_row"], row["reason"]) for row in raw.refused["transfers"].to_pylist()] == [
        (6, grids.UNREADABLE["bytes"])
    ]
    assert [(note.kind, note.count) for note in raw.notes] == [("mixed_encodings", 1)]


def test_missing_double_and_nameless_columns(tmp_path: Path) -> None:
    write(tmp_path / "transfers.csv", "transfer_id,time,source,target\nT1,t,A,B\n")
    with pytest.raises(InputError, match="amount"):
        read_raw(load(tmp_path))
    write(tmp_path / "transfers.csv", "transfer_id,time,source,target,amount,Amount\nT1,t,A,B,1,2\n")
    assert "twice" in refusal(tmp_path) and "amount" in refusal(tmp_path)
    write(tmp_path / "transfers.csv", ",transfer_id,Time,SOURCE,target,amount,Note\n0,T1,t,A,B,1,x\n")
    assert set(rows(tmp_path)[0]) >= {"column_1", "transfer_id", "time", "source", "Note"}


def test_the_topmost_folder_counts_and_one_file_a_table(tmp_path: Path) -> None:
    write(tmp_path / "transfers.csv", csv_text(HEADER, [ROW]))
    write(tmp_path / "truth" / "transfers.csv", csv_text(HEADER, [ROW] * 5))
    write(tmp_path / "notes.csv", "a,b\n1,2\n")
    raw = load(tmp_path)
    assert raw.tables["transfers"].num_rows == 1
    assert sorted(str(note.values["file"]).partition("/")[2] for note in raw.notes) == [
        "notes.csv",
        "truth/transfers.csv",
    ]
    pq.write_table(pa.table({name: ["x"] for name in HEADER}), tmp_path / "transfers.parquet")
    assert "2 times" in refusal(tmp_path)


def test_one_file_of_any_name_with_transfers(tmp_path: Path) -> None:
    path = write(tmp_path / "export-2024.csv", csv_text(HEADER, [ROW]))
    assert rows(path)[0]["transfer_id"] == "T1"


# ---------------------------------------------------------------- Parquet


def test_parquet_of_every_type_that_loses_nothing(tmp_path: Path) -> None:
    moment = datetime.datetime(2024, 1, 2, 3, 4, 5, 678_000)
    pq.write_table(
        pa.table(
            {
                "transfer_id": pa.array([12345678901234567890], pa.uint64()),
                "time": pa.array([moment], pa.timestamp("ns")),
                "source": pa.array(["A"]).dictionary_encode(),
                "target": pa.array(["B"], pa.large_string()),
                "amount": pa.array([Decimal("12345678901234.56")], pa.decimal128(20, 2)),
                "sequence": pa.array([7], pa.int32()),
                "memo": pa.nulls(1),
            }
        ),
        tmp_path / "transfers.parquet",
    )
    pq.write_table(
        pa.table(
            {
                "owner_id": ["P"],
                "company_id": ["C"],
                "share": [0.1],
                "since": pa.array([datetime.date(2020, 2, 3)]),
            }
        ),
        tmp_path / "stakes.parquet",
    )
    raw = load(tmp_path)
    checked = read_raw(raw, timezone="UTC")
    row = checked.tables["transfers"].to_pylist()[0]
    assert row["transfer_id"] == "12345678901234567890"
    assert row["amount"] == 1234567890123456
    assert row["time"].replace(tzinfo=None) == moment
    assert (row["sequence"], row["source_row"]) == (7, 1)
    stake = checked.tables["stakes"].to_pylist()[0]
    assert stake["share"] == 100_000_000 and stake["since_day"] is True


@pytest.mark.parametrize(
    ("column", "values", "word"),
    [
        ("amount", pa.array([10.5]), "float"),
        ("amount", pa.array([1050]), "major or minor"),
        ("source", pa.array([1.0]), "float"),
        ("time", pa.array([1.5]), "times"),
        ("time", pa.array([1], pa.timestamp("ns")), "microsecond"),
    ],
)
def test_parquet_types_that_would_lose_something(
    tmp_path: Path, column: str, values: pa.Array, word: str
) -> None:
    table = {name: pa.array([value]) for name, value in zip(HEADER, ROW, strict=True)}
    pq.write_table(pa.table({**table, column: values}), tmp_path / "transfers.parquet")
    said = refusal(tmp_path)
    assert word in said and column in said


# ---------------------------------------------------------------- Excel


def test_a_workbook_with_a_sheet_a_table(tmp_path: Path) -> None:
    workbook(
        tmp_path / "case.xlsx",
        {
            "transfers": [HEADER, ["T1", datetime.datetime(2024, 1, 2, 10, 30), "6222021234567890123", 1001, 1234.56],
                          ["T2", datetime.datetime(2024, 1, 3), "B", "C", 0.1]],
            "Accounts": [["account_id", "name"], ["0012", "张三"]],
            "remarks": [["nothing"]],
        },
    )  # fmt: skip
    raw = load(tmp_path / "case.xlsx")
    found = raw.tables["transfers"].to_pylist()
    assert [row["amount"] for row in found] == ["1234.56", "0.1"]
    assert (found[0]["source"], found[0]["target"]) == ("6222021234567890123", "1001")
    assert [row["time"] for row in found] == ["2024-01-02 10:30:00", "2024-01-03 00:00:00"]
    assert (found[1]["source_sheet"], found[1]["source_row"]) == ("transfers", 3)
    assert raw.tables["accounts"]["account_id"].to_pylist() == ["0012"]
    assert read_raw(raw).tables["transfers"]["amount"].to_pylist() == [123456, 10]


def test_long_numbers_that_excel_has_stored_as_numbers_are_refused(tmp_path: Path) -> None:
    workbook(
        tmp_path / "transfers.xlsx",
        {"Sheet1": [HEADER, ["T1", "2024-01-02", 6222021234567890123, "B", 5], ROW]},
    )
    checked = read_raw(load(tmp_path))
    assert checked.tables["transfers"]["transfer_id"].to_pylist() == ["T1"]
    bad = checked.quarantine.to_pylist()
    assert [(row["column"], row["source_row"], row["amount"]) for row in bad] == [("source", 2, "5")]


def test_formulas_are_never_evaluated(tmp_path: Path) -> None:
    """In a workbook a formula is what Excel last computed (here: nothing, or a number); in CSV it is text."""
    path = tmp_path / "transfers.xlsx"
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("transfers")
        sheet.write_row(0, 0, HEADER)
        for at, value in enumerate((7, "")):
            sheet.write_row(at + 1, 0, ROW[:4])
            sheet.write_formula(at + 1, 4, "=3+4", None, value)
    assert [row["amount"] for row in rows(tmp_path)] == ["7", ""]
    path.unlink()
    write(
        tmp_path / "transfers.csv",
        csv_text(HEADER, [["=1+1", *ROW[1:4], "=3+4"], ["T2", *ROW[1:4], "@SUM(1)"]]),
    )
    checked = read_raw(load(tmp_path))
    assert checked.quarantine["value"].to_pylist() == ["=3+4", "@SUM(1)"]


@given(st.decimals(min_value=0, max_value=10**12, places=2).map(lambda d: d.normalize()))
def test_money_in_excel_cells_comes_back_to_the_cent(value: Decimal) -> None:
    assert Decimal(grids.cell_text(float(value))) == value


@given(st.integers(10**15, 10**22))
def test_a_number_with_lost_digits_is_seen_to_be_one(number: int) -> None:
    from loaders.mapping import spoiled, texts

    assert spoiled(texts([grids.cell_text(float(number))])).tolist() == [True]


# ---------------------------------------------------------------- the reader, against Python's own


_CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)


@given(st.lists(st.lists(_CELLS, min_size=3, max_size=3), max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_any_text_is_read_as_written(
    tmp_path_factory: pytest.TempPathFactory, body: list[list[str]], end: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.csv"
    path.write_bytes(csv_text(["one", "two", "three"], body, end=end).encode())
    grid = grids.read_text(File("a.csv", path))
    read = [list(row.values()) for row in grid.table.to_pylist()]

    def with_content(table: list[list[str]]) -> list[list[str]]:
        return [row for row in table if any(cell.strip() for cell in row)]

    assert with_content(read) == with_content(body)
    assert not grid.unreadable
    assert list(grid.rows) == sorted(set(grid.rows))


@pytest.mark.parametrize("memo", ["", '"two\nlines"'], ids=["plain", "quoted newlines"])
def test_ten_thousand_rows_over_many_blocks_keep_their_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memo: str
) -> None:
    """Small blocks, rows of another width in several of them, blank lines, and one row longer than a block."""
    monkeypatch.setattr(grids, "BLOCK", 1 << 12)
    lines = [",".join([*HEADER, "memo"]), *(f"T{i},{ROW[1]},A,B,{i}.00,{memo}" for i in range(10_000))]
    broken = [3, 500, 501, 5_000, 9_999, 10_000]
    for at in broken:
        lines[at] = "broken"
    lines[700] = lines[800] = ""
    write(tmp_path / "transfers.csv", "\n".join(lines))
    raw = load(tmp_path)
    table = raw.tables["transfers"]
    numbers = np.asarray(table["source_row"])
    assert [f"T{row - 2}" for row in numbers] == table["transfer_id"].to_pylist()
    assert len(numbers) == 10_000 - len(broken) - 2
    assert raw.refused["transfers"]["source_row"].to_pylist() == [at + 1 for at in broken]
    lines[600] = f"T599,{ROW[1]},A,B,1.00,{'x' * (1 << 13)}"
    write(tmp_path / "transfers.csv", "\n".join(lines))
    again = load(tmp_path).tables["transfers"]
    assert again.select(HEADER[:4]).equals(table.select(HEADER[:4])) and again["source_row"].equals(
        table["source_row"]
    )


def test_many_files_that_nobody_reads_are_one_note(tmp_path: Path) -> None:
    write(tmp_path / "transfers.csv", csv_text(HEADER, [ROW]))
    for i in range(30):
        write(tmp_path / f"other-{i}.txt", "x")
    (note,) = load(tmp_path).notes
    assert note.values["count"] == 30 and "other-29.txt" in str(note.values["files"])


# ---------------------------------------------------------------- nothing half done


def test_a_bad_source_leaves_no_case(tmp_path: Path) -> None:
    write(tmp_path / "in" / "transfers.csv", csv_text(HEADER, [ROW]))
    (tmp_path / "in" / "accounts.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    with pytest.raises(InputError, match="PNG"):
        import_sources(tmp_path / "case", tmp_path / "in")
    assert not (tmp_path / "case").exists()


# ---------------------------------------------------------------- messages as their reader sees them


def test_a_missing_column_is_said_with_its_file_and_among_the_files_own(tmp_path: Path) -> None:
    file = write(tmp_path / "transfers.csv", "transfer_id,time,source,target\nt,2024-03-01,A,B\n")
    with pytest.raises(InputError) as caught:
        import_sources(tmp_path / "case", file)
    assert str(caught.value) == (
        "transfers.amount: this required column is missing; "
        "there are: transfer_id, time, source, target; first: transfers.csv"
    )


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4 ", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_can_be_no_table_is_one_message(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(InputError) as caught:
        import_sources(tmp_path / "case", tmp_path / "x.csv")
    assert len(caught.value.problems) == 1


def test_a_name_that_stands_for_two_files_of_a_zip_is_refused(tmp_path: Path) -> None:
    head = "transfer_id,time,source,target,amount\n"
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("transfers.csv", head + "t,2024-03-01,A,B,5\n")
        archive.writestr("transfers.csv", head + "u,2024-03-01,A,B,7\n")
    with pytest.raises(InputError, match=r"1 names stand for several files each; first: a.zip/transfers.csv"):
        import_sources(tmp_path / "case", tmp_path / "a.zip")
    # Written in two ways that look alike, too
    for name, form in (("a", "NFC"), ("b", "NFD")):
        write(tmp_path / "d" / unicodedata.normalize(form, "é.csv"), head + f"{name},2024-03-01,A,B,5\n")
    with pytest.raises(InputError, match="1 names stand for several files"):
        import_sources(tmp_path / "case", tmp_path / "d")


def test_a_workbook_that_cannot_be_opened_says_why(tmp_path: Path) -> None:
    far = [[""] * 16_383 + ["x"]]
    workbook(tmp_path / "far.xlsx", {"S": [["time", "source"], *[[]] * 1_000_000, *far]})
    with pytest.raises(InputError, match=r"far.xlsx: has a sheet with cells so far apart"):
        import_sources(tmp_path / "case", tmp_path / "far.xlsx")


def test_a_header_of_more_than_a_million_characters_is_none(tmp_path: Path) -> None:
    head = "transfer_id,time,source,target,amount," + "x" * (1 << 20)
    file = write(tmp_path / "transfers.csv", f"{head}\nt,2024-03-01,A,B,5,\n")
    with pytest.raises(InputError, match=r"transfers.csv: is empty|no header row"):
        import_sources(tmp_path / "case", file)


def test_a_refused_value_is_shown_in_part_and_kept(tmp_path: Path) -> None:
    file = write(
        tmp_path / "transfers.csv",
        f"transfer_id,time,source,target,amount\nt,2024-03-01,A,B,5\nu,2024-03-01,A,B,{'9' * 5000}x\n",
    )
    report = import_sources(tmp_path / "case", file)
    (line,) = [line for line in report.text().splitlines() if "quarantine:" in line]
    assert len(line) < 300 and line.endswith("… (5001 characters)")
    assert open_case(tmp_path / "case").quarantine["value"].tolist() == ["9" * 5000 + "x"]
