"""Any table, with its columns assigned by a person: read exactly, or refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import graphflow as gf
from graphflow.errors import InputError
from graphflow.intake import ASSIGNMENT, FIELDS, preview
from tests.small_files import workbook

OWN = (
    "查询结果,,,,,,\n"
    "日期,摘要,对方账号,对方户名,支出（元）,收入（元）,余额\n"
    "2024/3/1,工资,6222000000000000011,甲公司,,\"1,000.00\",1000.00\n"
    "2024/3/1,转账,6222000000000000022,乙,400.00,,600.00\n"
    "2024/3/2,转账,6222****0033,丙,100.00,,500.00\n"
    "2024/3/2,手续费,,,0.00,,500.00\n"
    "2024/3/3,转账,6222000000000000022,乙,abc,,500.00\n"
    "昨天,转账,6222000000000000022,乙,1.00,,499.00\n"
    "2024/3/4,转账,6222000000000000022,乙,1.00,2.00,501.00\n"
)  # fmt: skip


def assigned(folder: Path, header: list[str], columns: dict[str, int], **more: Any) -> Path:
    table = {"header": header, "columns": columns, **more}
    text = json.dumps({"version": 1, "tables": [table]}, ensure_ascii=False)
    (folder / ASSIGNMENT).write_text(text, encoding="utf-8")
    return folder


def own_statement(folder: Path, encoding: str = "utf-8") -> Path:
    folder.mkdir()
    (folder / "流水.csv").write_bytes(OWN.encode(encoding))
    header = "日期,摘要,对方账号,对方户名,支出（元）,收入（元）,余额".split(",")
    columns = {
        "date": 0,
        "memo": 1,
        "other": 2,
        "other_name": 3,
        "amount_out": 4,
        "amount_in": 5,
        "balance": 6,
    }
    return assigned(folder, header, columns, account="6222000000000000099")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_statement_of_one_account_is_read_to_the_cent_and_closes(tmp_path: Path, encoding: str) -> None:
    report = gf.import_sources(tmp_path / "case", own_statement(tmp_path / "files", encoding))
    tally = report.tallies["transfers"]
    assert tally.rows == {"read": 7, "loaded": 3, "quarantined": 3, "duplicates": 0, "set_aside": 1}
    case = gf.open_case(tmp_path / "case")
    rows = case.tables.transfers.set_index("source_row")
    assert rows["amount"].to_dict() == {3: 100000, 4: 40000, 5: 10000}
    assert rows.loc[3, "target"] == "6222000000000000099" and rows.loc[3, "source"] == "6222000000000000011"
    assert rows.loc[4, "source"] == "6222000000000000099"
    assert rows.loc[5, "target"].startswith("?:"), "a masked number identifies nobody"
    assert rows.loc[4, "source_balance"] == 60000
    refused = case.quarantine.set_index("source_row")["column"].to_dict()
    assert refused == {7: "amount_out", 8: "date", 9: "amount_out"}


def test_payer_and_payee_tables_are_read_from_a_workbook(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    header = ["付款账号", "收款账号", "金额(万元)", "时间", "用途"]
    rows = [
        ["001", "002", "1.5", "2024-03-01 09:00:00", "货款"],
        ["002", "003", "-1", "2024-03-01 10:00:00", "退"],
        ["002", "", "1", "2024-03-01 10:00:00", ""],
        ["6.22202E+18", "003", "1", "2024-03-01 10:00:00", ""],
    ]
    workbook(folder / "book.xlsx", {"明细": [["某某公司明细"], header, *rows]})
    assigned(folder, header, {"source": 0, "target": 1, "amount": 2, "time": 3, "memo": 4})
    report = gf.import_sources(tmp_path / "case", folder)
    assert report.tallies["transfers"].rows["loaded"] == 1
    assert report.tallies["transfers"].rows["quarantined"] == 3
    [row] = gf.open_case(tmp_path / "case").tables.transfers.to_dict("records")
    assert (row["source"], row["target"], row["amount"], row["memo"]) == ("001", "002", 1_500_000, "货款")
    assert (row["source_sheet"], row["source_row"]) == ("明细", 3)


@pytest.mark.parametrize(
    ("columns", "rows", "expected"),
    [
        ({"own": 0, "other": 1, "amount": 2, "time": 3}, ["A1,B1,-5.00,2024-03-01", "A1,B1,7,2024-03-01"],
         {("A1", "B1", 500), ("B1", "A1", 700)}),
        ({"own": 0, "other": 1, "amount": 2, "time": 3, "direction": 4},
         ["A1,B1,5,2024-03-01,借", "A1,B1,7,2024-03-01,贷", "A1,B1,9,2024-03-01,?"],
         {("A1", "B1", 500), ("B1", "A1", 700)}),
    ],
)  # fmt: skip
def test_the_direction_is_the_sign_or_a_word_and_never_a_guess(
    tmp_path: Path, columns: dict[str, int], rows: list[str], expected: set[tuple[str, str, int]]
) -> None:
    header = ["a", "b", "c", "d", "e"][: len(rows[0].split(","))]
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "x.csv").write_text("\n".join([",".join(header), *rows]) + "\n", encoding="utf-8")
    gf.import_sources(tmp_path / "case", assigned(tmp_path / "files", header, columns))
    case = gf.open_case(tmp_path / "case")
    found = set(case.tables.transfers[["source", "target", "amount"]].itertuples(index=False, name=None))
    assert found == expected
    assert len(case.quarantine) == len(rows) - len(expected)


def test_masked_numbers_are_nobodys_account(tmp_path: Path) -> None:
    """Two accounts look alike behind a mask: taken for an id, they would be one."""
    header = ["a", "b", "c", "d"]
    for name, columns in (
        ("one", {"own": 0, "other": 1, "amount": 2, "time": 3}),
        ("two", {"source": 0, "target": 1, "amount": 2, "time": 3}),
    ):
        folder = tmp_path / name
        folder.mkdir()
        rows = ["6222****0011,B,5,2024-03-01", "A,6222****0011,5,2024-03-01", "A,B,5,2024-03-01"]
        (folder / "x.csv").write_text("\n".join([",".join(header), *rows]) + "\n", encoding="utf-8")
        gf.import_sources(tmp_path / f"case_{name}", assigned(folder, header, columns))
        case = gf.open_case(tmp_path / f"case_{name}")
        assert not case.tables.accounts["account_id"].str.fullmatch(r"6222\*+0011").any()
        assert case.quarantine["source_row"].tolist() == ([2] if name == "one" else [2, 3])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no assignment"),
        ('{"version": 2, "tables": []}', "no assignment"),
        ('{"version": 1, "tables": [{"header": ["a"], "columns": {"time": 0}}]}', "lacks"),
        ('{"version": 1, "tables": [{"header": ["a", "b"], "columns": {"time": 7, "own": 1, "amount": 1}}]}', "not there"),
        ('{"version": 1, "tables": [{"header": ["a"], "columns": {"nonsense": 0}}]}', "no such field"),
        ('{"version": 1, "tables": [{"header": ["z", "y", "x", "w"],'
         ' "columns": {"time": 0, "source": 1, "target": 2, "amount": 3}}]}', "no file has"),
        ('{"version": 1, "tables": 3}', "no assignment"),
    ],
)  # fmt: skip
def test_an_assignment_that_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, text: str, said: str
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "x.csv").write_text("a,b,c\n1,2,3\n")
    (folder / ASSIGNMENT).write_text(text)
    with pytest.raises(InputError, match=said):
        gf.import_sources(tmp_path / "case", folder)
    assert not (tmp_path / "case").exists()


def test_a_preview_says_who_would_read_a_source_and_guesses_the_rest(tmp_path: Path) -> None:
    (tmp_path / "流水.csv").write_bytes(OWN.encode("gb18030"))
    found = preview(tmp_path / "流水.csv")
    assert not found.formats and found.error is not None
    [head] = found.unknown
    assert head.header[0] == "日期" and len(head.rows) == 7
    assert head.guess == {
        "date": 0, "memo": 1, "other": 2, "other_name": 3, "amount_out": 4, "amount_in": 5, "balance": 6,
    }  # fmt: skip
    assert set(head.guess) <= set(FIELDS)
    (tmp_path / "transfers.csv").write_text("time,source,target,amount\n2024-03-01,A,B,1\n")
    assert preview(tmp_path / "transfers.csv").formats[0][0] == "tables"
    (tmp_path / "x.pdf").write_bytes(b"%PDF-1.4")
    nothing = preview(tmp_path / "x.pdf")
    assert nothing.error is not None and not nothing.unknown
