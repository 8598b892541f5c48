"""Small source files that tests write: statements in the 34 columns, workbooks, zips whole and broken."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

VARIANT_A = (
    "交易卡号,交易账号,账户开户名称,开户人证件号码,交易时间,交易金额,交易余额,收付标志,交易对手账卡号,现金标志,对手户名,"
    "对手身份证号,对手开户银行,摘要说明,交易币种,交易网点名称,交易网点代码,交易发生地,交易是否成功,传票号,终端号,"
    "IP地址,MAC地址,对手交易余额,交易流水号,日志号,凭证种类,凭证号,交易柜员号,商户名称,商户号,备注,交易类型,"
    "查询反馈结果原因"
).split(",")
VARIANT_B = (
    "交易卡号,交易账号,交易方户名,交易方证件号码,交易时间,交易金额,交易余额,收付标志,交易对手账卡号,现金标志,对手户名,"
    "对手身份证号,对手开户银行,摘要说明,交易币种,交易网点名称,交易发生地,交易是否成功,传票号,IP地址,MAC地址,"
    "对手交易余额,交易流水号,日志号,凭证种类,凭证号,交易柜员号,备注,商户名称,交易类型,查询反馈结果原因,来源"
).split(",")
UNIFIED = (
    "交易卡号,交易账号,交易户名,交易证件号码,交易方开户行,账户性质,交易时间,交易金额,交易余额,收付标志,交易对手账卡号,"
    "对手账户性质,现金标志,对手户名,对手身份证号,对手开户银行,摘要说明,交易币种,交易网点名称,交易发生地,交易是否成功,"
    "传票号,IP地址,MAC地址,对手交易余额,交易流水号,商户流水号,日志号,凭证种类,凭证号,交易柜员号,备注,查询反馈结果原因,"
    "数据来源,来源类型,来源表类型,来源文件,来源文件SHA256,来源Sheet,原始行号,映射规则版本,来源记录ID"
).split(",")

CARD, ACCOUNT, PERSON = "6222021234567890123", "1001", "110101199003072316"
NAMES = ("账户开户名称", "交易户名", "交易方户名")
NUMBERS = ("开户人证件号码", "交易证件号码", "交易方证件号码")


def movement(
    time: str, amount: str, balance: str, direction: str, other: str = "", **more: str
) -> dict[str, str]:
    """One row of a statement of account 1001, by the headings of variant A."""
    row = {
        "交易卡号": CARD, "交易账号": ACCOUNT, "账户开户名称": "张三", "开户人证件号码": PERSON, "交易时间": time,
        "交易金额": amount, "交易余额": balance, "收付标志": direction, "交易对手账卡号": other, "交易币种": "人民币",
        "交易是否成功": "是",
    }  # fmt: skip
    return {**row, **more}


def under(header: Sequence[str], row: Mapping[str, str]) -> list[str]:
    """A row's cells in the order of a header, whichever of the variants' names it uses."""
    cells = []
    for name in header:
        plain = name.partition("(")[0].partition("（")[0]
        same = next((group for group in (NAMES, NUMBERS) if plain in group), (plain,))
        cells.append(next((row[key] for key in (name, *same) if key in row), ""))
    return cells


def csv_text(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, end: str = "\r\n", delimiter: str = ","
) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def statement(rows: Iterable[Mapping[str, str]], header: Sequence[str] = VARIANT_A, **how: str) -> str:
    return csv_text(header, [under(header, row) for row in rows], **how)


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]]) -> Path:
    """An .xlsx whose cells are what Python says: numbers numbers, text text, `=...` a formula without a value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(
        str(path), {"strings_to_numbers": False, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
    ) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, value in enumerate(row):
                    sheet.write(at, column, value)
    return path


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
