"""Importing: nothing lost, nothing twice, nothing half-done, and the order of no consequence."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import random
import re
import shutil
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from graphflow import intake
from graphflow.case import open_case
from graphflow.contents import content_hash
from graphflow.errors import BusyError, GraphflowError, InputError, UsageError
from graphflow.folder import writing
from graphflow.intake import ASSIGNMENT, import_sources
from graphflow.receipt import ImportReport
from graphflow.sealing import manifest_seal
from graphflow.synthesis import make
from graphflow.tables import Raw, SourceFile, join_parts, read_raw

HEADER = (
    "交易卡号,交易账号,账户开户名称,开户人证件号码,交易时间,交易金额,交易余额,收付标志,交易对手账卡号,现金标志,对手户名,"
    "对手身份证号,对手开户银行,摘要说明,交易币种,交易网点名称,交易网点代码,交易发生地,交易是否成功,传票号,终端号,IP地址,"
    "MAC地址,对手交易余额,交易流水号,日志号,凭证种类,凭证号,交易柜员号,商户名称,商户号,备注,交易类型,查询反馈结果原因"
).split(",")
TABLES = "transfer_id,time,source,target,amount,memo\n"


def line(account: str, time: str, amount: str, side: str, other: str = "", **more: str) -> dict[str, str]:
    """One row of a statement."""
    return {
        "交易账号": account,
        "账户开户名称": f"户{account[-4:]}",
        "交易时间": time,
        "交易金额": amount,
        "收付标志": side,
        "交易对手账卡号": other,
        "交易币种": "人民币",
        "交易是否成功": "成功",
        **more,
    }


def statement(rows: Sequence[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, HEADER, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def put(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def number(n: int) -> str:
    return f"62220200000000{n:05d}"


def both_sides(folder: Path) -> list[Path]:
    """Two banks that saw the same transfer, and one of their statements again, with more rows."""
    a, b = number(1), number(2)
    one = [
        line(a, "2024-03-01 10:00:00", "100.00", "出", b, 交易余额="900.00", 交易流水号="R1"),
        line(a, "2024-03-01 11:00:00", "5.00", "出", b, 交易余额="895.00", 交易流水号="R2"),
        line(a, "2024-03-01 11:00:00", "5.00", "出", b, 交易余额="895.00", 交易流水号="R2"),
    ]
    two = [line(b, "2024-03-01 10:00:30", "100.00", "进", a, 交易余额="1100.00", 交易流水号="Q1")]
    again = [
        *one[:2],
        line(a, "2024-03-02 09:00:00", "7.00", "进", number(3), 交易余额="902.00", 交易流水号="R3"),
    ]
    return [
        put(folder / "工商银行" / "交易明细信息.csv", statement(one)),
        put(folder / "建设银行" / "交易明细信息.csv", statement(two)),
        put(folder / "补充" / "工商银行交易明细信息.csv", statement(again)),
    ]


def whole(path: Path) -> dict[str, Any]:
    """All tables of a case, as plain rows."""
    case = open_case(path)
    return {name: case.tables.stored[name].to_pylist() for name in case.tables.names}


def contents(path: Path) -> dict[str, bytes]:
    return {str(f.relative_to(path)): f.read_bytes() for f in sorted(path.rglob("*")) if f.is_file()}


# ---------------------------------------------------------------- what an import does


def test_both_sides_overlap_and_the_report_closes(tmp_path: Path) -> None:
    both_sides(tmp_path / "src")
    report = import_sources(tmp_path / "case", tmp_path / "src")
    tally = report.tallies["transfers"]
    assert tally.rows == {"read": 7, "loaded": 4, "quarantined": 0, "duplicates": 3, "set_aside": 0}
    assert tally.money["read"] == {"CNY": 22200 + 10000}
    assert tally.money["loaded"] == {"CNY": 10000 + 500 + 500 + 700}
    assert tally.money["duplicates"] == {"CNY": 10000 + 10000 + 500}
    assert tally.closes
    assert report.mirrors == (1, {"CNY": 10000})
    case = open_case(tmp_path / "case")
    rows = case.tables.transfers
    assert sorted(rows["amount"]) == [500, 500, 700, 10000]
    pair = rows[rows["amount"] == 10000].iloc[0]
    assert (pair["source"], pair["target"]) == (number(1), number(2))
    assert (pair["source_balance"], pair["target_balance"]) == (90000, 110000)
    assert (pair["source_reference"], pair["target_reference"]) == ("R1", "Q1")
    assert pair["mirror_file"].endswith("建设银行/交易明细信息.csv")
    assert pair["mirror_row"] == 2
    accounts = case.tables.accounts.set_index("account_id")["covered"]
    assert accounts.to_dict() == {number(1): True, number(2): True, number(3): False}
    assert case.ledger is not None
    assert case.hash == report.hash == content_hash(case.tables, sources_of(case))


def sources_of(case: Any) -> dict[str, str]:
    return {entry["name"]: entry["key"] for entry in case.manifest["sources"]}


def test_the_manifest_says_where_everything_came_from(tmp_path: Path) -> None:
    import hashlib

    file = put(tmp_path / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5.25,x\n")
    import_sources(tmp_path / "case", file, authority="Court of X", basis="Art. 1")
    manifest = json.loads((tmp_path / "case" / "case.json").read_text(encoding="utf-8"))
    assert manifest["schema"] == 3
    assert (manifest["currency"], manifest["timezone"]) == ("CNY", "Asia/Shanghai")
    assert manifest["minor_units"]["CNY"] == 2
    assert manifest["counts"]["transfers"] == 1
    assert manifest["money"] == {"CNY": 525}
    (source,) = manifest["sources"]
    assert source["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert source["bytes"] == file.stat().st_size
    assert (source["name"], source["loader"]) == ("transfers.csv", "tables")
    assert (source["authority"], source["basis"]) == ("Court of X", "Art. 1")
    assert (source["rows"], source["money"]) == ({"transfers": 1}, {"CNY": 525})
    assert source["imported_by"] and source["imported_at"].startswith("20")


def test_the_same_source_twice_adds_nothing(tmp_path: Path) -> None:
    both_sides(tmp_path / "src")
    first = import_sources(tmp_path / "case", tmp_path / "src")
    before = contents(tmp_path / "case")
    again = import_sources(tmp_path / "case", tmp_path / "src")
    assert contents(tmp_path / "case") == before
    assert again.added == ()
    assert {line.status for line in again.sources} == {"known"}
    assert again.hash == first.hash
    assert {n: t.rows for n, t in again.tallies.items()} == {n: t.rows for n, t in first.tallies.items()}


def test_a_copy_under_another_name_adds_nothing_but_the_name(tmp_path: Path) -> None:
    files = both_sides(tmp_path / "src")
    first = import_sources(tmp_path / "case", tmp_path / "src")
    copy = tmp_path / "copy of it.csv"
    shutil.copy(files[0], copy)
    again = import_sources(tmp_path / "case", copy)
    assert again.hash == first.hash
    assert again.tallies["transfers"].rows == first.tallies["transfers"].rows
    names = [source["names"] for source in open_case(tmp_path / "case").manifest["sources"]]
    assert ["copy of it.csv", "src/工商银行/交易明细信息.csv"] in names
    assert (
        content_hash(open_case(tmp_path / "case").tables, sources_of(open_case(tmp_path / "case")))
        == first.hash
    )


def test_a_copy_beside_its_original_in_one_import(tmp_path: Path) -> None:
    files = both_sides(tmp_path / "src")
    first = import_sources(tmp_path / "case", tmp_path / "src")
    shutil.copy(files[0], tmp_path / "src" / "建设银行" / "copy交易明细信息.csv")
    both = import_sources(tmp_path / "other", tmp_path / "src")
    assert both.hash == first.hash
    assert both.tallies["transfers"].rows == first.tallies["transfers"].rows


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    one = put(tmp_path / "a" / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    two = put(tmp_path / "b" / "transfers.csv", TABLES + "t2,2024-03-01T10:00:00,A,B,6,x\n")
    import_sources(tmp_path / "case", one)
    import_sources(tmp_path / "case", two)
    files = sorted(open_case(tmp_path / "case").tables.transfers["source_file"])
    assert len(set(files)) == 2
    assert all(name.startswith("transfers.csv #") for name in files)


def test_a_source_later_adds_to_the_pairs(tmp_path: Path) -> None:
    files = both_sides(tmp_path / "src")
    assert import_sources(tmp_path / "case", files[0]).mirrors == (0, {})
    assert import_sources(tmp_path / "case", files[1]).mirrors == (1, {"CNY": 10000})


def test_unknown_other_sides(tmp_path: Path) -> None:
    rows = [
        line(number(1), "2024-03-01 10:00:00", "1.00", "出", "", 对手户名="张三"),
        line(number(1), "2024-03-01 10:00:01", "1.00", "出", ""),
        line(number(1), "2024-03-01 10:00:02", "1.00", "出", "6222****1234"),
    ]
    put(tmp_path / "src" / "工商银行交易明细信息.csv", statement(rows))
    report = import_sources(tmp_path / "case", tmp_path / "src")
    case = open_case(tmp_path / "case")
    targets = case.tables.transfers.set_index("transfer_id")["target"].to_dict()
    assert len(targets) == 3
    assert all(target == f"?:{number(1)}:{own}" for own, target in targets.items())
    accounts = case.tables.accounts.set_index("account_id")
    assert not accounts.loc[list(targets.values()), "covered"].any()
    assert report.listed["unknown_sides"].rows == 3


def test_coverage_is_inferred_from_what_a_statement_has(tmp_path: Path) -> None:
    both_sides(tmp_path / "src")
    import_sources(tmp_path / "case", tmp_path / "src")
    cover = open_case(tmp_path / "case").tables.coverage
    spans = {
        (
            row.account_id,
            str(row[2].tz_convert("Asia/Shanghai").date()),
            str(row.to.tz_convert("Asia/Shanghai").date()),
        )
        for row in cover.itertuples()
    }
    assert spans == {
        (number(1), "2024-03-01", "2024-03-01"),
        (number(1), "2024-03-01", "2024-03-02"),
        (number(2), "2024-03-01", "2024-03-01"),
    }


def test_bad_rows_are_in_quarantine_and_the_report_closes(tmp_path: Path) -> None:
    rows = "t1,2024-03-01T10:00:00,A,B,5,x\nt2,2024-13-01,A,B,6.50,x\nt3,2024-03-01T10:00:00,A,B,-1,x\n"
    rows += "t4,2024-03-01,A,B,abc,x\nt5,2024-03-01,A,B,0,x\n"
    file = put(tmp_path / "transfers.csv", TABLES + rows)
    report = import_sources(tmp_path / "case", file)
    tally = report.tallies["transfers"]
    assert tally.rows == {"read": 5, "loaded": 1, "quarantined": 3, "duplicates": 0, "set_aside": 1}
    assert tally.closes
    assert report.quarantined == 3
    case = open_case(tmp_path / "case")
    assert case.quarantine["source_row"].tolist() == [3, 4, 5]
    assert set(case.quarantine["source_file"]) == {"transfers.csv"}
    assert case.listed["set_aside_transfers"].num_rows == 1


def test_strict_makes_bad_rows_an_error_and_writes_nothing(tmp_path: Path) -> None:
    rows = "t1,2024-03-01T10:00:00,A,B,5,x\nt2,2024-13-01,A,B,6.50,x\nt3,2024-03-01T10:00:00,A,B,-1,x\n"
    file = put(tmp_path / "transfers.csv", TABLES + rows)
    with pytest.raises(InputError) as caught:
        import_sources(tmp_path / "case", file, strict=True)
    assert len(caught.value.problems) == 2, "all problems at once"
    assert not (tmp_path / "case").exists()
    good = put(tmp_path / "good" / "transfers.csv", TABLES + "t9,2024-03-01T10:00:00,A,B,5,x\n")
    import_sources(tmp_path / "case", good, strict=True)
    before = contents(tmp_path / "case")
    with pytest.raises(InputError):
        import_sources(tmp_path / "case", file, strict=True)
    assert contents(tmp_path / "case") == before


def test_strict_sees_what_only_the_whole_case_shows(tmp_path: Path) -> None:
    one = put(tmp_path / "a" / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    two = put(tmp_path / "b" / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,6,x\n")
    import_sources(tmp_path / "case", one, strict=True)
    with pytest.raises(InputError):
        import_sources(tmp_path / "case", two, strict=True)


@pytest.mark.parametrize(
    "break_it",
    ["unknown", "missing", "column", "ledger", "disk"],
)
def test_any_error_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, break_it: str
) -> None:
    good = put(tmp_path / "a" / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    bad = put(tmp_path / "b" / "transfers.csv", TABLES + "t2,2024-03-01T10:00:00,A,B,5,x\n")
    if break_it == "unknown":
        bad = put(tmp_path / "b" / "what.bin", "\x00\x01 nothing")
    elif break_it == "missing":
        bad = tmp_path / "nowhere.csv"
    elif break_it == "column":
        bad = put(tmp_path / "b" / "transfers.csv", "transfer_id,time,source,amount\nt2,2024-03-01,A,5\n")

    def broken(*_: object) -> None:
        raise OSError("disk full")

    def attempt(case: Path) -> None:
        with monkeypatch.context() as patch:
            if break_it == "ledger":
                patch.setattr("graphflow.intake.compile_ledger", broken)
            elif break_it == "disk":
                patch.setattr("graphflow.case.write_table", broken)
            with pytest.raises((GraphflowError, OSError)):
                import_sources(case, [good, bad])

    attempt(tmp_path / "new")
    if break_it == "disk":  # the lock is never removed: whoever has it open must have the one that others see
        assert [p.name for p in (tmp_path / "new").rglob("*")] == ["case.lock"]
    else:
        assert not (tmp_path / "new").exists()
    import_sources(tmp_path / "case", good)
    before = contents(tmp_path / "case")
    attempt(tmp_path / "case")
    assert contents(tmp_path / "case") == before


def test_problems_of_several_sources_come_together(tmp_path: Path) -> None:
    one = put(tmp_path / "a" / "transfers.csv", "transfer_id,time,source,amount\nt2,2024-03-01,A,5\n")
    with pytest.raises(InputError) as caught:
        import_sources(tmp_path / "case", [one, tmp_path / "nowhere.csv"])
    text = str(caught.value)
    assert "target" in text and "nowhere.csv" in text


def test_arguments_that_cannot_be(tmp_path: Path) -> None:
    file = put(tmp_path / "src" / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    with pytest.raises(UsageError, match="nothing to import"):
        import_sources(tmp_path / "case", [])
    with pytest.raises(UsageError, match="no such time zone"):
        import_sources(tmp_path / "case", file, timezone="Mars/Olympus")
    with pytest.raises(UsageError, match="one inside the other"):
        import_sources(tmp_path / "src" / "case", tmp_path / "src")
    with pytest.raises(InputError, match="not a case and is not empty"):
        import_sources(tmp_path / "src", put(tmp_path / "other.csv", file.read_text()))
    import_sources(tmp_path / "case", file)
    with pytest.raises(UsageError, match="one inside the other"):
        import_sources(tmp_path / "case", tmp_path / "case")


def test_a_file_is_not_read_again_in_another_way(tmp_path: Path) -> None:
    file = put(tmp_path / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    import_sources(tmp_path / "case", file)
    before = contents(tmp_path / "case")
    with pytest.raises(InputError, match="already, read with timezone Asia/Shanghai"):
        import_sources(tmp_path / "case", file, timezone="UTC")
    assert contents(tmp_path / "case") == before


def test_a_case_of_a_newer_layout_is_left_alone(tmp_path: Path) -> None:
    file = put(tmp_path / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    import_sources(tmp_path / "case", file)
    manifest = tmp_path / "case" / "case.json"
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace('"schema": 3', '"schema": 4'), encoding="utf-8"
    )
    before = contents(tmp_path / "case")
    with pytest.raises(InputError, match="upgrade"):
        open_case(tmp_path / "case")
    with pytest.raises(InputError, match="upgrade"):
        import_sources(tmp_path / "case", file)
    assert contents(tmp_path / "case") == before


def test_a_case_of_the_layout_before_is_read_and_added_to(tmp_path: Path) -> None:
    """Its rows have the same names of files; only what long tables keep of them is another."""
    one = put(tmp_path / "a" / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    two = put(tmp_path / "b" / "transfers.csv", TABLES + "t2,2024-03-01T10:00:00,A,B,5,x\n")
    expected = import_sources(tmp_path / "new", [one, two]).hash
    import_sources(tmp_path / "case", one)
    manifest = json.loads((tmp_path / "case" / "case.json").read_text(encoding="utf-8"))
    manifest["schema"] = 2
    manifest["seal"] = manifest_seal(manifest)
    (tmp_path / "case" / "case.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert open_case(tmp_path / "case").tables.transfers["transfer_id"].tolist() == ["t1"]
    assert import_sources(tmp_path / "case", two).hash == expected


def test_a_damaged_source_is_one_clear_error(tmp_path: Path) -> None:
    one = put(tmp_path / "a" / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    two = put(tmp_path / "b" / "transfers.csv", TABLES + "t2,2024-03-01T10:00:00,A,B,5,x\n")
    import_sources(tmp_path / "case", one)
    (source,) = (tmp_path / "case" / "sources").iterdir()
    (source / "tables" / "transfers.parquet").write_bytes(b"PAR1")
    before = contents(tmp_path / "case")
    with pytest.raises(InputError, match="has 4 bytes; it was written with"):
        import_sources(tmp_path / "case", two)
    assert contents(tmp_path / "case") == before


def test_two_first_imports_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both found no case; while one still reads, the other has finished: it is not written over."""
    one = put(tmp_path / "a" / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    two = put(tmp_path / "b" / "transfers.csv", TABLES + "t2,2024-03-01T10:00:00,A,B,5,x\n")
    real = intake.compile_ledger

    def slow(*tables: Any) -> Any:
        monkeypatch.setattr(intake, "compile_ledger", real)
        import_sources(tmp_path / "case", two)
        return real(*tables)

    monkeypatch.setattr(intake, "compile_ledger", slow)
    with pytest.raises(BusyError):
        import_sources(tmp_path / "case", one)
    assert open_case(tmp_path / "case").tables.transfers["transfer_id"].tolist() == ["t2"]


def test_an_import_while_another_writes(tmp_path: Path) -> None:
    one = put(tmp_path / "a" / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    import_sources(tmp_path / "case", one)
    with writing(tmp_path / "case"), pytest.raises(BusyError) as caught:
        import_sources(tmp_path / "case", one)
    assert caught.value.exit_code == 75


def test_progress_is_told(tmp_path: Path) -> None:
    file = put(tmp_path / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    told: list[tuple[str, int, int]] = []
    import_sources(tmp_path / "case", file, progress=lambda *step: told.append(step))
    assert [step for step, _, _ in told] == sorted(
        (step for step, _, _ in told), key=[s for s, _, _ in told].index
    )
    assert all(0 <= done <= total for _, done, total in told)
    assert told[-1][1] == told[-1][2]


# ---------------------------------------------------------------- the report


def test_the_report_for_people_and_for_programs(tmp_path: Path) -> None:
    both_sides(tmp_path / "src")
    put(
        tmp_path / "src" / "坏" / "交易明细信息.csv",
        statement([line(number(9), "2024-03-01 10:00:00", "x", "出", number(1))]),
    )
    report = import_sources(tmp_path / "case", tmp_path / "src")
    english, chinese = report.text("en"), report.text("zh")
    assert "320.00" not in english
    assert "117.00" in english, "the money loaded"
    assert "CNY" in english
    assert english != chinese
    assert "quarantined" in english and "quarantined" not in chinese
    assert "1 rows of transfers in quarantine" in english
    assert "行 x" not in chinese and "隔离" in chinese
    data = json.loads(report.json())
    assert data["tallies"]["transfers"]["money"]["loaded"] == {"CNY": "117.00"}
    assert data["mirrors"] == {"rows": 1, "money": {"CNY": "100.00"}}
    assert ImportReport.of_dict(json.loads(json.dumps(report.as_dict()))).as_dict() == report.as_dict()
    stored = open_case(tmp_path / "case").report
    assert stored.as_dict() == report.as_dict()


def test_columns_that_nothing_uses_are_named_and_a_slip_is_guessed(tmp_path: Path) -> None:
    """One line a table; a guess only where the column meant is missing, and never an error."""
    put(
        tmp_path / "in" / "transfers.csv",
        TABLES.replace("memo", "memo,recipient_naem,Target Name") + "t,2024-03-01,A,B,1,,x,y\n",
    )
    put(tmp_path / "in" / "stakes.csv", "owner_id,company_id,share,vote,shares,remark\nP,C,0.6,0.9,0.6,x\n")
    put(tmp_path / "in" / "parties.csv", "party_id,name,kind\nP,P,person\n")
    report = import_sources(tmp_path / "case", tmp_path / "in")
    found = {
        "transfers": {"Target Name": "target_name", "recipient_naem": None},
        "stakes": {"remark": None, "shares": None, "vote": "votes"},
    }
    assert report.further == found and report.quarantined == 0
    assert json.loads(report.json())["further"] == found
    lines = [line for line in report.text().splitlines() if "used by no question" in line]
    assert lines == [
        "transfers: further columns, kept and shown, and used by no question: Target Name (did you mean target_name?), recipient_naem",
        "stakes: further columns, kept and shown, and used by no question: remark, shares, vote (did you mean votes?)",
    ]
    put(tmp_path / "more" / "stakes.csv", "owner_id,company_id,share,votes\nQ,C,0.4,0.1\n")
    again = import_sources(tmp_path / "case", tmp_path / "more")
    assert again.further == found, "it is of the whole case"
    case = open_case(tmp_path / "case")
    assert case.report.further == found and "0.9" in case.tables.stakes["vote"].tolist()


def test_the_columns_of_a_foreign_format_are_no_slips(tmp_path: Path) -> None:
    """They are in one line; what a loader calls them is meant."""
    rows = [line(number(1), "2024-03-01 10:00:00", "1.00", "出", number(2), 传票号="7", 商户名称="店")]
    header = statement(rows).replace("商户名称", "opened").replace("传票号", "votes")
    report = import_sources(tmp_path / "case", put(tmp_path / "a.csv", header))
    assert report.further == {"transfers": {"opened": None, "votes": None, "交易是否成功": None}}
    assert sum("used by no question" in line for line in report.text().splitlines()) == 1
    raw = Raw({"stakes": pa.table({"owner_id": ["P"], "company_id": ["C"], "vote": ["1"]})})
    for loader, near in (("tables", "votes"), ("bods", None)):
        part = read_raw(dataclasses.replace(raw, files=(SourceFile("a", "", 0, loader),)))
        assert join_parts([part])[2].further == {"stakes": {"vote": near}}


def test_a_report_that_does_not_close_is_a_defect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a step that loses a row's money, and one that forgets to count the mirrors."""
    import graphflow.settle as room

    both_sides(tmp_path / "src")
    real = room.pair

    def losing(transfers: pa.Table, **keywords: Any) -> Any:
        paired = real(transfers, **keywords)
        return type(paired)(paired.transfers.slice(1), paired.merged_into, paired.possible)

    monkeypatch.setattr(room, "pair", losing)
    with pytest.raises(GraphflowError, match="does not close") as caught:
        import_sources(tmp_path / "case", tmp_path / "src")
    assert caught.value.exit_code == 70
    assert not (tmp_path / "case").exists()


# ---------------------------------------------------------------- the order of import


def messy(folder: Path, seed: int, files: int = 5) -> list[Path]:
    """Statements of several accounts over several files: overlaps, both sides, repeats, holes, our tables."""
    dice = random.Random(seed)
    accounts = [number(n) for n in range(1, 5)]
    ledger = []
    for n in range(25):
        source, target = dice.sample(accounts, 2)
        minute = dice.randint(0, 40)
        ledger.append(
            (
                source,
                target,
                f"2024-03-0{dice.randint(1, 3)} 10:{minute:02d}:{dice.randint(0, 59):02d}",
                f"{dice.randint(1, 4)}.00",
                f"S{n}",
            )
        )
    made = []
    for n in range(files):
        rows = []
        for source, target, time, amount, reference in ledger:
            own = accounts[n % len(accounts)]
            if own not in (source, target) or dice.random() < 0.2:
                continue
            other = target if own == source else source
            shown = "" if dice.random() < 0.2 else other
            rows.append(
                line(
                    own,
                    time,
                    amount,
                    "出" if own == source else "进",
                    shown,
                    交易流水号=dice.choice(["", reference]),
                )
            )
            if dice.random() < 0.2:
                rows.append(dict(rows[-1]))
        rows.append(
            line(
                accounts[0],
                "2024-03-01 00:00:00",
                dice.choice(["0.00", "x", "3.00"]),
                dice.choice(["出", "?"]),
                accounts[1],
            )
        )
        dice.shuffle(rows)
        made.append(put(folder / f"行{n}交易明细信息.csv", statement(rows)))
    made.append(
        put(folder / "ours" / "transfers.csv", TABLES + f"x1,2024-03-01T10:00:00,{accounts[0]},Z,9.99,m\n")
    )
    made.append(
        put(folder / "ours2" / "accounts.csv", f"account_id,aliases,name\n{accounts[0]},card1,N\nQ,,M\n")
    )
    return made


# Each example is a dozen imports: a failing one is shown as it was found, not made smaller for minutes.
@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_any_order_and_any_partition_give_the_same_case(
    tmp_path_factory: pytest.TempPathFactory, seed: int, data: st.DataObject
) -> None:
    base = tmp_path_factory.mktemp("order")
    files = messy(base / "src", seed)
    import_sources(base / "at once", files)
    order = data.draw(st.permutations(files))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(files) - 1), max_size=3)))
    for start, end in zip([0, *cuts], [*cuts, len(files)], strict=True):
        import_sources(base / "bit by bit", order[start:end])
    once, bits = open_case(base / "at once"), open_case(base / "bit by bit")
    assert once.hash == bits.hash
    assert whole(base / "at once") == whole(base / "bit by bit")
    first, last = once.report, bits.report
    assert {n: t.as_dict() for n, t in first.tallies.items()} == {
        n: t.as_dict() for n, t in last.tallies.items()
    }
    assert first.mirrors == last.mirrors
    assert once.quarantine.to_dict() == bits.quarantine.to_dict()
    shutil.rmtree(base)


def test_a_folder_at_once_is_its_files_one_by_one(tmp_path: Path) -> None:
    files = messy(tmp_path / "src", 7)[:5]
    shutil.rmtree(tmp_path / "src" / "ours")
    shutil.rmtree(tmp_path / "src" / "ours2")
    report = import_sources(tmp_path / "folder", tmp_path / "src")
    for file in reversed(files):
        last = import_sources(tmp_path / "files", file)
    assert report.hash == last.hash


def test_the_hash_sees_a_difference_of_one_cent(tmp_path: Path) -> None:
    """What the tests above would not see: a hash that is always the same."""
    one = put(tmp_path / "a" / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5.00,x\n")
    two = put(tmp_path / "b" / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5.01,x\n")
    assert import_sources(tmp_path / "c1", one).hash != import_sources(tmp_path / "c2", two).hash


# ---------------------------------------------------------------- real data


@pytest.mark.data
def test_finbench_whole(data: Path, tmp_path: Path) -> None:
    folder = data / "finbench_sf0.01" / "snapshot"
    report = import_sources(tmp_path / "case", folder)
    assert report.tallies["transfers"].rows["loaded"] == 22819
    total, rows = 0, 0
    for name in (
        "AccountTransferAccount",
        "AccountWithdrawAccount",
        "LoanDepositAccount",
        "AccountRepayLoan",
    ):
        with (folder / f"{name}.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="|"):
                total += int(Decimal(row["amount"]) * 100)
                rows += 1
    assert rows == 22819
    assert report.tallies["transfers"].money["loaded"] == {"CNY": total}


@pytest.mark.data
def test_amlsim_whole(data: Path, tmp_path: Path) -> None:
    report = import_sources(tmp_path / "case", data / "amlsim_12k")
    assert report.tallies["transfers"].rows["loaded"] == 204_916
    assert sum(report.tallies["transfers"].money["loaded"].values()) == 11_127_945_109


@pytest.mark.data
def test_amlworld_whole(data: Path, tmp_path: Path) -> None:
    report = import_sources(tmp_path / "case", data / "amlworld_hi_small")
    assert report.tallies["transfers"].rows["read"] == 3209 + 572
    assert report.tallies["transfers"].closes


# ---------------------------------------------------------------- read anew, in another way


def assigned_folder(folder: Path, columns: dict[str, int]) -> Path:
    put(folder / "x.csv", "when,a,b,much\n2024-03-01,A,B,5\n2024-03-02,B,C,7\n")
    table = {"header": ["when", "a", "b", "much"], "columns": columns}
    put(folder / ASSIGNMENT, json.dumps({"version": 1, "tables": [table]}))
    return folder


RIGHT = {"time": 0, "source": 1, "target": 2, "amount": 3}
WRONG = {"time": 0, "source": 2, "target": 1, "amount": 3}


def sides(case: Path) -> list[tuple[str, str, int]]:
    rows = open_case(case).tables.transfers[["source", "target", "amount"]]
    return sorted(rows.itertuples(index=False, name=None))


def test_a_file_is_read_anew_by_another_assignment_when_that_is_asked_for(tmp_path: Path) -> None:
    case, other = (
        tmp_path / "case",
        put(tmp_path / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,X,Y,5,x\n"),
    )
    import_sources(case, other)
    import_sources(case, assigned_folder(tmp_path / "files", WRONG), authority="Court of X")
    old = open_case(case)
    assert sides(case) == [("B", "A", 500), ("C", "B", 700), ("X", "Y", 500)]
    before = contents(case)
    assert import_sources(case, tmp_path / "files").added == ()  # the same again adds nothing
    assigned_folder(tmp_path / "files", RIGHT)
    with pytest.raises(InputError, match="with other columns assigned, or none.*--replace"):
        import_sources(case, tmp_path / "files")
    assert contents(case) == before
    report = import_sources(case, tmp_path / "files", replace=True)
    assert (report.added, report.replaced) == ((), ("files/x.csv",))
    assert "1 files read anew with 2 rows, in place of what they had given: files/x.csv" in report.text()
    assert report.tallies["transfers"].rows["read"] == 3
    assert sides(case) == [("A", "B", 500), ("B", "C", 700), ("X", "Y", 500)]
    now = open_case(case)
    now.verify()
    (entry,) = [entry for entry in now.manifest["sources"] if entry["name"] == "files/x.csv"]
    assert json.loads(entry["mapping"])[0]["columns"] == RIGHT and entry["authority"] is None
    (was,) = entry["replaced"]
    assert json.loads(was["mapping"])[0]["columns"] == WRONG and was["authority"] == "Court of X"
    # What was open goes on as it was, and can be saved elsewhere; the case equals one that never erred.
    assert sorted(old.tables.transfers["source"]) == ["B", "C", "X"]
    assert old.save(tmp_path / "old").hash == old.hash
    import_sources(tmp_path / "plain", [other, tmp_path / "files"])
    assert open_case(tmp_path / "plain").hash == now.hash
    # ... and again, back; then another file
    assigned_folder(tmp_path / "files", WRONG)
    import_sources(case, tmp_path / "files", replace=True)
    assert open_case(case).hash == old.hash
    import_sources(case, put(tmp_path / "b" / "transfers.csv", TABLES + "t2,2024-03-01T10:00:00,X,Y,5,x\n"))
    assert len(sides(case)) == 4
    open_case(case).verify()


def test_a_file_is_read_anew_in_another_zone_and_by_strict_rules(tmp_path: Path) -> None:
    file = put(tmp_path / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\nt2,never,A,B,5,x\n")
    import_sources(tmp_path / "case", file, timezone="UTC")
    before = contents(tmp_path / "case")
    with pytest.raises(InputError, match="not a time"):
        import_sources(tmp_path / "case", file, timezone="Asia/Tokyo", replace=True, strict=True)
    assert contents(tmp_path / "case") == before
    import_sources(tmp_path / "case", file, timezone="Asia/Tokyo", replace=True)
    (moment,) = open_case(tmp_path / "case").tables.transfers["time"]
    assert moment.isoformat() == "2024-03-01T01:00:00+00:00"


def test_reading_anew_mends_a_source_that_is_damaged(tmp_path: Path) -> None:
    file = put(tmp_path / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    import_sources(tmp_path / "case", file)
    good = open_case(tmp_path / "case").hash
    (source,) = (tmp_path / "case" / "sources").iterdir()
    (source / "facts.json").unlink()
    with pytest.raises(InputError, match="is missing"):
        import_sources(tmp_path / "case", put(tmp_path / "b" / "media.csv", "medium_id\nM\n"))
    import_sources(tmp_path / "case", file, replace=True)
    assert open_case(tmp_path / "case").hash == good
    open_case(tmp_path / "case").verify()


def test_a_case_saved_over_another_takes_its_own_reading_of_a_file(tmp_path: Path) -> None:
    import_sources(tmp_path / "one", assigned_folder(tmp_path / "files", WRONG))
    import_sources(tmp_path / "two", assigned_folder(tmp_path / "files", RIGHT))
    open_case(tmp_path / "two").save(tmp_path / "one", replace=True)
    import_sources(tmp_path / "one", put(tmp_path / "media.csv", "medium_id\nM\n"))
    assert sides(tmp_path / "one") == sides(tmp_path / "two")


# ---------------------------------------------------------------- nothing to read


@pytest.mark.parametrize("head", ["", "\n\n", "transfer_id,time,source,target,amount\n"])
def test_an_import_that_reads_no_row_is_an_error(tmp_path: Path, head: str) -> None:
    empty = put(tmp_path / "transfers.csv", head)
    with pytest.raises(InputError, match=r"transfers\.csv: (is empty|has no rows)"):
        import_sources(tmp_path / "case", empty)
    assert not (tmp_path / "case").exists()


def test_an_empty_table_beside_others_is_fine_and_said(tmp_path: Path) -> None:
    put(tmp_path / "d" / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    put(tmp_path / "d" / "accounts.csv", "account_id,name\n")
    report = import_sources(tmp_path / "case", tmp_path / "d")
    assert "d/accounts.csv has a header and no rows" in report.text()
    put(tmp_path / "e" / "media.csv", "medium_id\n")
    with pytest.raises(InputError, match="has no rows"):
        import_sources(tmp_path / "case", tmp_path / "e")


def test_the_truth_of_a_generated_case_is_left_aside_in_one_line(tmp_path: Path) -> None:
    make("p2p", tmp_path / "made", size=2000)
    report = import_sources(tmp_path / "case", tmp_path / "made")
    (note,) = [note for note in report.notes if "truth" in str(note.values)]
    assert note.kind == "truth" and note.values["folders"] == "made/truth"
    # Files that are merely in a folder of that name are said as ever.
    put(tmp_path / "d" / "transfers.csv", TABLES + "t1,2024-03-01T10:00:00,A,B,5,x\n")
    put(tmp_path / "d" / "truth" / "summary.txt", "x")
    notes = import_sources(tmp_path / "other", tmp_path / "d").notes
    assert [note.kind for note in notes] == ["unread_file"]


def test_contradictions_are_said_in_the_readers_language(tmp_path: Path) -> None:
    put(tmp_path / "a" / "parties.csv", "party_id,name,kind,phone\nP,王五,person,1\n")
    put(tmp_path / "b" / "parties.csv", "party_id,name,kind,phone\nP,王五,person,2\n")
    put(tmp_path / "c" / "stakes.csv", "owner_id,company_id,share\nP,C,0.8\nQ,C,0.7\n")
    put(tmp_path / "d" / "transfers.csv", TABLES.replace("memo", "reversal_of") + "t,2024-03-01,A,B,1,L9\n")
    report = import_sources(tmp_path / "case", [tmp_path / name for name in "abcd"])
    text, chinese = report.text("en"), report.text("zh")
    assert re.search(
        r"parties P, phone: (1 is kept, another source says 2|2 is kept, .* says 1) \(./parties.csv", text
    )
    assert "transfers, reversal_of: L9, in 1 rows; it should be a key of transfers" in text
    assert "C from –: 1.5" in text
    for line in chinese.splitlines():
        assert not re.search(r"\b(table|key|column|kept|other|share|rows) ", line), line


def test_a_currency_that_nobody_knows_is_a_wrong_argument(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown currency"):
        import_sources(tmp_path / "case", tmp_path / "rows.csv", currency="ZZZ")
    assert not (tmp_path / "case").exists()
