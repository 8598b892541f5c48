"""The 34-column export: its variants, its dirt, and rows that say one thing only."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import loaders
from graphflow.case import open_case
from graphflow.errors import InputError
from graphflow.intake import import_sources
from graphflow.tables import Raw, read_raw
from loaders import cleaning, headings
from loaders.ordering import sequences
from loaders.statement import FAILED, NEGATIVE, NO_AMOUNT, NO_DIRECTION, NO_OWN, NO_SUCCESS, NO_TIME, ZERO
from tests.small_files import (
    ACCOUNT,
    CARD,
    PERSON,
    UNIFIED,
    VARIANT_A,
    VARIANT_B,
    csv_text,
    movement,
    statement,
    under,
    workbook,
    write,
    zipped,
)

Row = dict[str, object]


def load(path: Path) -> Raw:
    raws = [one.load(found) for one, found in loaders.recognise(path, "statement")]
    assert len(raws) == 1
    return raws[0]


def of(
    tmp_path: Path,
    rows: Sequence[Mapping[str, str]],
    header: Sequence[str] = VARIANT_A,
    encoding: str = "utf-8",
) -> Raw:
    """What the loader makes of these rows in one file of one bank."""
    return load(
        write(tmp_path / "中国银行" / "中国银行_交易明细信息.csv", statement(rows, header), encoding).parent
    )


def transfers(raw: Raw) -> list[Row]:
    return raw.tables["transfers"].to_pylist()  # type: ignore[no-any-return]


def reasons(raw: Raw, kind: str = "refused") -> list[tuple[object, object]]:
    table = getattr(raw, kind).get("transfers")
    return [] if table is None else [(row["source_row"], row["reason"]) for row in table.to_pylist()]


DAY = "2021-01-05 09:00:0"


# ---------------------------------------------------------------- variants and encodings


@pytest.mark.parametrize("header", [VARIANT_A, VARIANT_B, UNIFIED], ids=["A", "B", "unified"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "cp936", "utf-16"])
def test_every_variant_says_the_same(tmp_path: Path, header: Sequence[str], encoding: str) -> None:
    raw = of(
        tmp_path,
        [
            movement(
                DAY + "1",
                "100.00",
                "1100.00",
                "进",
                "2001",
                对手户名="李四",
                交易流水号="S1",
                摘要说明="货款",
                IP地址="10.0.0.1",
            ),
            movement(
                DAY + "2",
                "30.50",
                "1069.50",
                "出",
                "2002",
                对手户名="王五",
                对手交易余额="99.00",
                交易流水号="S2",
            ),
        ],
        header,
        encoding,
    )
    assert raw.one_sided and raw.rows_read == {"transfers": 2} and not raw.refused and not raw.set_aside
    first, second = transfers(raw)
    assert (first["source"], first["target"], first["amount"], first["currency"]) == (
        "2001",
        ACCOUNT,
        "100.00",
        "CNY",
    )
    assert (first["statement_side"], first["source_name"], first["target_name"]) == ("target", "李四", "张三")
    assert (first["target_reference"], first["source_reference"]) == ("S1", None)
    assert (first["target_balance"], first["target_sequence"], first["source_sequence"]) == (
        "1100.00",
        1,
        None,
    )
    assert (first["memo"], first["ip"], first["time"]) == ("货款", "10.0.0.1", DAY + "1")
    assert (second["source"], second["target"], second["statement_side"]) == (ACCOUNT, "2002", "source")
    assert (second["source_balance"], second["target_balance"], second["source_sequence"]) == (
        "1069.50",
        "99.00",
        2,
    )
    (account,) = raw.tables["accounts"].to_pylist()
    assert (account["account_id"], account["aliases"], account["party_id"], account["bank"]) == (
        ACCOUNT,
        CARD,
        PERSON,
        "中国银行",
    )
    (party,) = raw.tables["parties"].to_pylist()
    assert (party["party_id"], party["name"], party["kind"]) == (PERSON, "张三", "person")


def test_names_of_columns_in_every_form(tmp_path: Path) -> None:
    for name in ("账户开户名称", "交易户名", "交易方户名"):
        for number in ("开户人证件号码", "交易证件号码", "交易证件号", "交易方证件号码"):
            header = [
                "交易卡号",
                "交易帐号",
                name,
                number,
                "交易时间 ",
                "交易金额（元）",
                "交易余额(元)",
                "收付标志",
                "交易对手帐卡号",
                "对手证件号",
            ]
            at = headings.columns_of(header)
            assert set(at) == {
                "own_card",
                "own_account",
                "own_name",
                "own_number",
                "time",
                "amount",
                "balance",
                "direction",
                "other",
                "other_number",
            }
            assert not headings.missing(header)


@pytest.mark.parametrize(
    ("unit", "amount", "same"),
    [
        ("(元)", "1,234.50", "1234.50"),
        ("（万元）", "0.12345", "1234.5"),
        ("(分)", "123450", "1234.50"),
        ("", "１，２３４．５０", "1234.50"),
    ],
)
def test_yuan_ten_thousands_and_fen_by_the_header(tmp_path: Path, unit: str, amount: str, same: str) -> None:
    header = [name + unit if name == "交易金额" else name for name in VARIANT_A]
    raw = of(tmp_path, [movement(DAY + "1", amount, "5.00", "出", "2001")], header)
    (row,) = transfers(raw)
    assert float(str(row["amount"])) == float(same)
    assert read_raw(raw).tables["transfers"]["amount"].to_pylist() == [123450]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1,234,567.89", "1234567.89"), ("1.2345E+3", "1234.5"), ("￥88.00", "88.00"), ("\t12.30 ", "12.30"), ("+5", "5"),
        ("12元", "12"), ("123456789012345678.99", "123456789012345678.99"), ("7E-1", "0.7"),
    ],
)  # fmt: skip
def test_amounts_as_banks_write_them(tmp_path: Path, written: str, read: str) -> None:
    (row,) = transfers(of(tmp_path, [movement(DAY + "1", written, "", "出", "2001")]))
    assert row["amount"] == read


@pytest.mark.parametrize("written", ["abc", "12..34", "1,23", "", "--", "1.5E+2000", "五百"])
def test_what_is_no_amount_is_refused(tmp_path: Path, written: str) -> None:
    raw = of(
        tmp_path, [movement(DAY + "1", written, "", "出", "2001"), movement(DAY + "2", "1", "", "出", "2001")]
    )
    assert reasons(raw) == [(2, NO_AMOUNT)]
    assert len(transfers(raw)) == 1


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("20210105093001", "2021-01-05 09:30:01"), ("2021/1/5 9:30:01", "2021-01-05 09:30:01"), ("2021-01-05", "2021-01-05"),
        ("20210105", "2021-01-05"), ("2021年1月5日", "2021-01-05"), ("2021-01-05T09:30:01", "2021-01-05 09:30:01"),
        ("2021-01-05 09:30:01.250000", "2021-01-05 09:30:01.250000"), ("2021-01-05 09.30.01", "2021-01-05 09:30:01"),
        ("20210105 093001", "2021-01-05 09:30:01"), ("２０２１－０１－０５", "2021-01-05"),
    ],
)  # fmt: skip
def test_times_as_banks_write_them(tmp_path: Path, written: str, read: str) -> None:
    (row,) = transfers(of(tmp_path, [movement(written, "1", "", "出", "2001")]))
    assert row["time"] == read


@pytest.mark.parametrize("written", ["", "昨天", "2021-02-30", "2021-01-05 25:00:00", "05/01/2021"])
def test_what_is_no_time_is_refused(tmp_path: Path, written: str) -> None:
    assert reasons(of(tmp_path, [movement(written, "1", "", "出", "2001")])) == [(2, NO_TIME)]


def test_a_day_and_a_time_of_day_in_two_columns(tmp_path: Path) -> None:
    header = [*VARIANT_A, "交易日期"]
    rows = [
        movement("093001", "1", "", "出", "2001", 交易日期="20210105"),
        movement("9:30:02", "1", "", "出", "2001", 交易日期="2021-01-05"),
    ]
    assert [row["time"] for row in transfers(of(tmp_path, rows, header))] == [
        "2021-01-05 09:30:01",
        "2021-01-05 09:30:02",
    ]


# ---------------------------------------------------------------- directions


@pytest.mark.parametrize(
    ("mark", "side"),
    [
        (mark, "source")
        for mark in (
            "出",
            "D",
            "借",
            "借方",
            "付",
            "支出",
            "转出",
            "取",
            "出账",
            "-",
            "−",
            "d",
            " 出 ",
            "借 Dr",
        )
    ]
    + [
        (mark, "target")
        for mark in (
            "进",
            "C",
            "贷",
            "贷方",
            "收",
            "收入",
            "转入",
            "存",
            "入",
            "入账",
            "+",
            "＋",
            "c",
            "\t进",
        )
    ],
)
def test_every_direction_that_was_seen(tmp_path: Path, mark: str, side: str) -> None:
    (row,) = transfers(of(tmp_path, [movement(DAY + "1", "1", "", mark, "2001")]))
    assert row["statement_side"] == side


@pytest.mark.parametrize("mark", ["", "O", "0", "1", "?", "现"])
def test_a_direction_that_is_blank_or_stray_is_never_guessed(tmp_path: Path, mark: str) -> None:
    raw = of(tmp_path, [movement(DAY + "1", "1", "", mark, "2001")])
    assert reasons(raw) == [(2, NO_DIRECTION)]
    assert raw.refused["transfers"]["amount"].to_pylist() == ["1"]
    assert raw.refused["transfers"]["column"].to_pylist() == ["收付标志"]


def test_two_columns_of_amounts(tmp_path: Path) -> None:
    header = [
        "交易卡号",
        "交易账号",
        "交易时间",
        "收入金额",
        "支出金额",
        "交易余额",
        "交易对手账卡号",
        "交易流水号",
        "交易柜员号",
        "现金标志",
    ]
    body = [["", "1001", DAY + "1", "5.00", "", "5.00", "2001"], ["", "1001", DAY + "2", "0.00", "3.00", "2.00", "2002"],
            ["", "1001", DAY + "3", "1", "1", "", "2001"], ["", "1001", DAY + "4", "", "0.00", "", ""]]  # fmt: skip
    raw = load(write(tmp_path / "a.csv", csv_text(header, [row + [""] * 3 for row in body])))
    assert [(row["source"], row["target"], row["amount"]) for row in transfers(raw)] == [
        ("2001", "1001", "5.00"),
        ("1001", "2002", "3.00"),
    ]
    assert [row for row, _ in reasons(raw)] == [4]
    assert reasons(raw, "set_aside") == [(5, ZERO)]


def test_a_minus_that_says_the_direction_again_and_one_that_contradicts_it(tmp_path: Path) -> None:
    raw = of(
        tmp_path, [movement(DAY + "1", "-5", "", "出", "2001"), movement(DAY + "2", "7", "", "进", "2001")]
    )
    assert [(row["statement_side"], row["amount"]) for row in transfers(raw)] == [
        ("source", "5"),
        ("target", "7"),
    ]
    raw = of(
        tmp_path, [movement(DAY + "1", "-5", "", "出", "2001"), movement(DAY + "2", "7", "", "出", "2001")]
    )
    assert reasons(raw) == [(2, NEGATIVE)]


# ---------------------------------------------------------------- rows that are no movements


def test_failed_zero_and_unknown_rows(tmp_path: Path) -> None:
    raw = of(
        tmp_path,
        [
            movement(DAY + "1", "1", "", "出", "2001", 交易是否成功="否"),
            movement(DAY + "2", "1", "", "", "", 交易是否成功="失败"),
            movement(DAY + "3", "0.00", "", "", "", 摘要说明="利息税"),
            movement(DAY + "4", "1", "", "出", "2001", 交易是否成功="7"),
            *(
                movement(DAY + "5", "1", "", "出", "2001", 交易是否成功=word)
                for word in ("1", "Y", "是", "成功", "")
            ),
        ],
    )
    assert reasons(raw, "set_aside") == [(2, FAILED), (3, FAILED), (4, ZERO)]
    assert reasons(raw) == [(5, NO_SUCCESS)]
    assert len(transfers(raw)) == 5 and raw.rows_read["transfers"] == 9


def test_preamble_footer_and_headers_in_the_middle(tmp_path: Path) -> None:
    rows = [movement(DAY + f"{i}", "1", "", "出", "2001") for i in range(4)]
    lines = statement(rows).splitlines()
    text = [
        "某某银行协助查询反馈",
        "查询起止日期：20201201 至 20210131,,",
        *lines[:3],
        lines[0],
        *lines[3:],
        "",
        "合计：4笔",
        "以上为全部交易" + "," * 33,
        "打印时间：2021-02-01 10:00:00",
    ]
    raw = load(write(tmp_path / "a.csv", "\r\n".join(text), "gb18030"))
    assert [row["source_row"] for row in transfers(raw)] == [4, 5, 7, 8]
    assert raw.rows_read["transfers"] == 4 and not raw.refused
    assert [note.count for note in raw.notes if note.kind == "footer"] == [3]
    (period,) = raw.tables["coverage"].to_pylist()
    assert (period["account_id"], period["from"], period["to"]) == (ACCOUNT, "2020-12-01", "2021-01-31")


def test_without_a_stated_period_the_intake_infers_it(tmp_path: Path) -> None:
    raw = of(
        tmp_path,
        [movement(DAY + "1", "1", "", "出", "2001"), movement("2021-02-03 01:00:00", "1", "", "出", "2001")],
    )
    assert "coverage" not in raw.tables
    import_sources(tmp_path / "case", tmp_path / "中国银行")
    (period,) = open_case(tmp_path / "case").tables.arrow("coverage").to_pylist()
    assert (period["account_id"], period["inferred"]) == (ACCOUNT, "true")


def test_rows_with_a_cell_too_many_or_too_few(tmp_path: Path) -> None:
    lines = statement([movement(DAY + f"{i}", "1", "", "出", "2001") for i in range(4)]).splitlines()
    lines[2] += ","
    lines[3] += ",x"
    lines[4] = lines[4].rstrip(",")
    raw = load(write(tmp_path / "a.csv", "\n".join(lines)))
    assert [row["source_row"] for row in transfers(raw)] == [2, 3]
    assert [row for row, _ in reasons(raw)] == [4, 5] and raw.rows_read["transfers"] == 4


# ---------------------------------------------------------------- identity


def test_card_and_account_are_one_and_a_card_alone_is_the_id(tmp_path: Path) -> None:
    raw = of(
        tmp_path,
        [movement(DAY + "1", "1", "", "出", "2001"), movement(DAY + "2", "1", "", "出", "2001", 交易账号="")],
    )
    assert [row["source"] for row in transfers(raw)] == [ACCOUNT, CARD]
    assert [(row["account_id"], row["aliases"]) for row in raw.tables["accounts"].to_pylist()] == [
        (ACCOUNT, CARD),
        (CARD, None),
    ]
    import_sources(tmp_path / "case", tmp_path / "中国银行")
    assert set(open_case(tmp_path / "case").tables.transfers["source"]) == {ACCOUNT}


def test_a_card_of_two_accounts_is_an_alias_of_none(tmp_path: Path) -> None:
    raw = of(
        tmp_path,
        [
            movement(DAY + "1", "1", "", "出", "2001"),
            movement(DAY + "2", "1", "", "出", "2001", 交易账号="1002"),
        ],
    )
    assert raw.tables["accounts"].to_pylist()[0].get("aliases") is None
    assert [note.kind for note in raw.notes] == ["shared_card"]


def test_ids_that_look_like_numbers(tmp_path: Path) -> None:
    raw = of(
        tmp_path,
        [
            movement(DAY + "1", "1", "", "出", "00120034005600780090"),
            movement(DAY + "2", "1", "", "出", "'0012"),
            movement(DAY + "3", "1", "", "出", '="0013"'),
            movement(DAY + "4", "1", "", "出", "6222 0212 3456 7890 123"),
            movement(DAY + "5", "1", "", "出", "123456789012345.0"),
            movement(DAY + "6", "1", "", "出", "6.22202E+18"),
            movement(DAY + "7", "1", "", "出", "6222021234567890123.0"),
            movement(DAY + "8", "1", "", "出", "2001", 交易账号="1.001E+18"),
            movement(DAY + "9", "1", "", "出", "2001", 交易账号="", 交易卡号=""),
        ],
    )
    assert [row["target"] for row in transfers(raw)] == [
        "00120034005600780090",
        "0012",
        "0013",
        "6222021234567890123",
        "123456789012345",
    ]
    assert [row for row, _ in reasons(raw)] == [7, 8, 9, 10]
    assert raw.refused["transfers"]["value"].to_pylist()[:3] == [
        "6.22202E+18",
        "6222021234567890123.0",
        "1.001E+18",
    ]
    assert reasons(raw)[3][1] == NO_OWN


@pytest.mark.parametrize(
    "written", ["6222****1234", "622202xxxxxx0123", "", "-", "无", "0", "支付宝（中国）", "NULL"]
)
def test_the_other_side_unknown_is_empty_with_its_name(tmp_path: Path, written: str) -> None:
    (row,) = transfers(of(tmp_path, [movement(DAY + "1", "1", "", "出", written, 对手户名="赵六")]))
    assert row["target"] is None and row["target_name"] == "赵六"
    assert row["other_as_written"] == (
        None if written in ("", "-", "无", "0", "NULL") else written.replace("（", "(").replace("）", ")")
    )


@pytest.mark.parametrize(
    ("more", "mark", "other", "kind"),
    [
        ({"现金标志": "现金"}, "出", "cash:1001", "cash"),
        ({"现金标志": "现"}, "进", "cash:1001", "cash"),
        ({"现金标志": "非现金"}, "进", None, None),
        ({"现金标志": "转账"}, "进", None, None),
        ({"摘要说明": "结息"}, "进", "interest:中国银行", "interest"),
        ({"摘要说明": "利息税"}, "出", "tax", "tax"),
        ({"摘要说明": "转账手续费"}, "出", "fee:中国银行", "fee"),
        ({"摘要说明": "还利息", "对手户名": "李四"}, "出", None, None),
    ],
)
def test_cash_interest_fees_and_tax(
    tmp_path: Path, more: dict[str, str], mark: str, other: str | None, kind: str | None
) -> None:
    (row,) = transfers(of(tmp_path, [movement(DAY + "1", "1", "", mark, "", **more)]))
    assert row["target" if mark == "出" else "source"] == other
    assert row["kind"] == kind


def test_cash_is_cash_whatever_number_stands_beside_it(tmp_path: Path) -> None:
    (row,) = transfers(of(tmp_path, [movement(DAY + "1", "1", "", "出", "ATM00912", 现金标志="现金")]))
    assert (row["target"], row["other_as_written"]) == ("cash:1001", "ATM00912")


def test_a_number_of_the_other_side_stands_even_where_the_words_say_interest(tmp_path: Path) -> None:
    (row,) = transfers(of(tmp_path, [movement(DAY + "1", "1", "", "进", "9009", 摘要说明="付息")]))
    assert (row["source"], row["kind"]) == ("9009", None)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("人民币", "CNY"),
        ("156", "CNY"),
        ("美元", "USD"),
        ("14", "USD"),
        ("HKD", "HKD"),
        ("", None),
        ("156-人民币", "CNY"),
        ("贝壳", "贝壳"),
    ],
)
def test_currencies(tmp_path: Path, written: str, code: str | None) -> None:
    (row,) = transfers(of(tmp_path, [movement(DAY + "1", "1", "", "出", "2001", 交易币种=written)]))
    assert row["currency"] == code


def test_the_holder_of_the_other_account(tmp_path: Path) -> None:
    raw = of(tmp_path, [movement(DAY + "1", "1", "", "出", "2001", 对手户名="甲有限公司", 对手身份证号="91310000MA1FL0000X"),
                        movement(DAY + "2", "1", "", "出", "2002", 对手户名="钱七", 对手身份证号="1101****0011")])  # fmt: skip
    assert [(row["account_id"], row["party_id"]) for row in raw.tables["accounts"].to_pylist()] == [
        (ACCOUNT, PERSON),
        ("2001", "91310000MA1FL0000X"),
    ]
    assert {row["party_id"]: row["kind"] for row in raw.tables["parties"].to_pylist()} == {
        PERSON: "person",
        "91310000MA1FL0000X": "company",
    }


# ---------------------------------------------------------------- order


def test_the_running_balance_confirms_the_order_of_the_file_or_turns_it(tmp_path: Path) -> None:
    steps = [("进", "10", "10"), ("出", "4", "6"), ("进", "1", "7"), ("出", "7", "0")]
    rows = [movement(DAY + "1", amount, balance, mark, "2001") for mark, amount, balance in steps]
    for given_rows, places in ((rows, [1, 2, 3, 4]), (rows[::-1], [4, 3, 2, 1])):
        raw = of(tmp_path, given_rows)
        assert [row["source_sequence"] or row["target_sequence"] for row in transfers(raw)] == places
    mixed = [rows[i] for i in (0, 2, 1, 3)]
    assert [row["source_sequence"] or row["target_sequence"] for row in transfers(of(tmp_path, mixed))] == [
        None
    ] * 4


def test_where_both_ways_chain_the_balance_before_them_decides(tmp_path: Path) -> None:
    for before, places in (("10", [1, 2, 3]), ("15", [1, 3, 2])):
        rows = [movement(DAY + "1", before, before, "进", "2001"), movement(DAY + "2", "5", "15", "进", "2001"),
                movement(DAY + "2", "5", "10", "出", "2001")]  # fmt: skip
        found = transfers(of(tmp_path, rows))
        assert [row["source_sequence"] or row["target_sequence"] for row in found] == places


def test_without_a_balance_there_is_no_sequence(tmp_path: Path) -> None:
    raw = of(
        tmp_path, [movement(DAY + "1", "1", "", "出", "2001"), movement(DAY + "1", "2", "", "出", "2001")]
    )
    assert [row["source_sequence"] for row in transfers(raw)] == [None, None]


def test_rows_with_a_bare_date_are_one_group_with_the_others_of_their_day(tmp_path: Path) -> None:
    rows = [
        movement("2021-01-05", "5", "5", "进", "2001"),
        movement("2021-01-05 10:00:00", "2", "3", "出", "2001"),
        movement("2021-01-05", "3", "0", "出", "2001"),
    ]
    assert [row["source_sequence"] or row["target_sequence"] for row in transfers(of(tmp_path, rows))] == [
        1,
        2,
        3,
    ]


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(-3, 3).filter(bool)),
        min_size=1,
        max_size=14,
    ),
    st.booleans(),
)
def test_a_statement_that_chains_is_given_its_own_order(
    booked: list[tuple[int, int, int]], backwards: bool
) -> None:
    """Rows as booked, in time order, printed forwards or backwards: no sequence contradicts the booking's balances."""
    booked = sorted(booked, key=lambda row: row[1])
    balance = [100, 100, 100]
    rows = []
    for account, time, change in booked:
        balance[account] += change
        rows.append((account, time, change, balance[account]))
    printed = rows[::-1] if backwards else rows
    columns = [np.array(column, np.int64) for column in zip(*printed, strict=True)]
    places = sequences(*columns, np.ones(len(rows), bool))
    assert (places >= 0).all()
    for account in set(columns[0].tolist()):
        own = np.flatnonzero(columns[0] == account)
        order = own[np.argsort(places[own])]
        assert sorted(places[own].tolist()) == list(range(len(own)))
        for time in range(4):
            group = [i for i in order if columns[1][i] == time]
            for one, next_ in pairwise(group):
                assert columns[3][next_] == columns[3][one] + columns[2][next_]


# ---------------------------------------------------------------- reversals


def links(raw: Raw) -> dict[object, object]:
    return {row["source_row"]: row["reversal_row"] for row in transfers(raw) if row.get("reversal_row")}


def test_a_reversal_is_linked_to_the_row_that_it_takes_back(tmp_path: Path) -> None:
    raw = of(
        tmp_path,
        [
            movement(DAY + "1", "5", "95", "出", "2001", 交易流水号="S1"),
            movement(DAY + "2", "5", "90", "出", "2001", 交易流水号="S2"),
            movement(DAY + "3", "5", "95", "进", "2001", 交易流水号="S1", 摘要说明="冲正"),
            movement(DAY + "4", "-5", "100", "出", "2001", 备注="抹账"),
            movement(DAY + "5", "8", "108", "进", "2009", 摘要说明="冲补抹"),
            movement("2021-03-05 00:00:00", "5", "113", "进", "2001", 摘要说明="退货"),
        ],
    )
    assert links(raw) == {4: 2, 5: 3}
    assert [(row["statement_side"], row["amount"]) for row in transfers(raw)][3] == ("target", "5")
    assert [(note.kind, note.count) for note in raw.notes] == [("reversal_alone", 1)]
    import_sources(tmp_path / "case", tmp_path / "中国银行")
    frame = open_case(tmp_path / "case").tables.transfers.set_index("source_row")
    assert frame.loc[4, "reversal_of"] == frame.loc[2, "transfer_id"]
    assert frame.loc[5, "reversal_of"] == frame.loc[3, "transfer_id"]
    assert frame["reversal_of"].isna().sum() == 4


@pytest.mark.parametrize(
    "change",
    [
        {"交易金额": "6"},
        {"收付标志": "进"},
        {"交易对手账卡号": "2002"},
        {"交易时间": "2021-01-06 00:00:00"},
        {"交易时间": "2020-12-01 00:00:00"},
    ],
    ids=["amount", "direction", "other side", "later", "too long ago"],
)
def test_what_is_not_the_row_taken_back(tmp_path: Path, change: dict[str, str]) -> None:
    original = {**movement(DAY + "1", "5", "", "出", "2001"), **change}
    raw = of(tmp_path, [original, movement(DAY + "3", "5", "", "进", "2001", 摘要说明="冲正")])
    assert not links(raw)


def test_rows_are_taken_back_once_each(tmp_path: Path) -> None:
    raw = of(
        tmp_path,
        [
            movement(DAY + "1", "5", "", "出", "2001"),
            *(movement(DAY + f"{i}", "5", "", "进", "2001", 摘要说明="冲正") for i in (3, 4)),
        ],
    )
    assert links(raw) == {3: 2}


# ---------------------------------------------------------------- both sides, folders, the files beside


def test_both_sides_of_a_transfer_are_one_row(tmp_path: Path) -> None:
    mine = movement("2021-01-05 09:00:01", "88.00", "12.00", "出", "2001", 交易流水号="A1")
    theirs = {**movement("2021-01-05 09:00:30", "88.00", "88.00", "贷", CARD, 交易流水号="B9"),
              "交易卡号": "", "交易账号": "2001", "账户开户名称": "李四", "开户人证件号码": "110101199003072324"}  # fmt: skip
    data = {"工商银行/交易明细信息.csv": statement([mine]).encode("gb18030"),
            "建设银行/建设银行_交易明细.csv": statement([theirs], VARIANT_B).encode("utf-8-sig")}  # fmt: skip
    report = import_sources(tmp_path / "case", zipped(tmp_path / "answer.zip", data))
    assert report.tallies["transfers"].rows["duplicates"] == 1
    (row,) = open_case(tmp_path / "case").tables.arrow("transfers").to_pylist()
    assert (row["source"], row["target"], row["amount"]) == (ACCOUNT, "2001", 8800)
    assert (row["source_balance"], row["target_balance"]) == (1200, 8800)
    assert (row["source_reference"], row["target_reference"]) == ("A1", "B9")


def test_the_files_beside_the_transactions(tmp_path: Path) -> None:
    folder = tmp_path / "农业银行"
    write(folder / "交易明细信息.csv", statement([movement(DAY + "1", "1", "", "出", "2001")]))
    write(
        folder / "农业银行_账户信息.csv",
        csv_text(
            ["账户开户名称", "开户人证件号码", "交易卡号", "交易账号", "账号开户时间", "账户余额", "币种", "账户状态", "开户人证件类型", "销户日期", "代理人", "代办人证件号码", "法人代表", "法人代表证件号码", "联系电话"],
            [["张三", PERSON, CARD, ACCOUNT, "20150302", "1.00", "人民币", "正常", "居民身份证", "", "", "", "", "", "13800000000"],
             ["乙有限公司", "91310000MA1FL0000X", "", "3001", "2014-05-06 10:00:00", "", "美元", "销户", "统一社会信用代码", "99991231", "孙八", "110101198001011234", "周九", "110101197001011239", ""]],
        ),
        "gb18030",
    )  # fmt: skip
    write(
        folder / "人员信息.csv",
        csv_text(
            ["客户名称", "证照类型", "证照号码", "单位地址", "联系电话", "邮箱地址"],
            [["张三", "居民身份证", PERSON, "", "", "a@b.cn"]],
        ),
    )
    write(
        folder / "关联子账户信息.csv",
        csv_text(
            ["银行名称", "开户账号", "子账户账号", "余额", "币种", "账户人姓名"],
            [
                ["农业银行", ACCOUNT, "100100000001", "1", "CNY", "张三"],
                ["农业银行", ACCOUNT, "00001", "1", "CNY", "张三"],
            ],
        ),
    )
    write(
        folder / "强制措施信息.csv",
        csv_text(
            ["银行名称", "账号", "冻结措施类型", "冻结金额", "冻结机关", "冻结开始日期"],
            [
                ["农业银行", ACCOUNT, "01", "500.00", "某公安局", "20210201"],
                ["农业银行", ACCOUNT, "02", "70.00", "某法院", "20210301"],
            ],
        ),
    )
    write(
        folder / "任务信息(失败).csv",
        csv_text(
            ["任务流水号", "银行名称", "主体类别", "账卡号", "反馈结果", "反馈明细结果"],
            [["T1", "农业银行", "个人", "4001", "失败", "账号不存在"]],
        ),
    )
    write(
        folder / "人员住址信息.csv",
        csv_text(
            ["开户名称", "证照类型", "证照号码", "住宅地址", "住宅电话"],
            [["张三", "居民身份证", PERSON, "某路1号", ""]],
        ),
    )
    write(
        folder / "人员联系方式信息.csv",
        csv_text(
            ["开户名称", "证照类型", "证照号码", "联系电话"], [["张三", "居民身份证", PERSON, "13800000000"]]
        ),
    )
    raw = load(folder)
    assert not [note for note in raw.notes if note.kind == "unread_file"]
    accounts: dict[object, list[Row]] = {}
    for row in raw.tables["accounts"].to_pylist():
        accounts.setdefault(row["account_id"], []).append(row)
    told = next(row for row in accounts[ACCOUNT] if row["opened"])
    assert (told["aliases"], told["opened"], told["currency"], told["party_id"], told["账户余额"]) == (
        CARD,
        "2015-03-02",
        "CNY",
        PERSON,
        "1.00",
    )
    (company,) = accounts["3001"]
    assert (company.get("closed"), company["currency"], company["signer_id"]) == (
        None,
        "USD",
        "110101198001011234",
    )
    assert accounts["100100000001"][0]["parent_id"] == ACCOUNT and "00001" not in accounts
    assert next(row["冻结金额"] for row in accounts[ACCOUNT] if row["冻结金额"]) == "500.00;70.00"
    parties = {row["party_id"]: row["kind"] for row in raw.tables["parties"].to_pylist()}
    assert parties == {
        PERSON: "person",
        "91310000MA1FL0000X": "company",
        "110101198001011234": "person",
        "110101197001011239": "person",
    }
    (tie,) = raw.tables["relations"].to_pylist()
    assert (tie["party_id"], tie["other_id"], tie["kind"]) == (
        "110101197001011239",
        "91310000MA1FL0000X",
        "legal_representative",
    )
    failed = next(note for note in raw.notes if note.kind == "task_failed")
    assert (failed.values["account"], failed.values["reason"]) == ("4001", "账号不存在")
    import_sources(tmp_path / "case", folder)
    tables = open_case(tmp_path / "case").tables
    joined = tables.accounts.set_index("account_id").loc[ACCOUNT]
    assert joined["aliases"] == CARD and joined["bank"] == "农业银行"
    person = tables.parties.set_index("party_id").loc[PERSON]
    assert (person["address"], person["email"], person["phone"]) == ("某路1号", "a@b.cn", "13800000000")


def test_the_same_in_a_workbook(tmp_path: Path) -> None:
    rows = [movement("", "100.00", "1100.00", "进", "2001"), movement("", "30.50", "1069.50", "出", "2002")]
    cells: list[list[object]] = [list(under(VARIANT_A, row)) for row in rows]
    for row, moment in zip(
        cells, (datetime.datetime(2021, 1, 5, 9, 0, 1), datetime.datetime(2021, 1, 5)), strict=True
    ):
        row[VARIANT_A.index("交易时间")] = moment
        row[VARIANT_A.index("交易金额")] = float(str(row[VARIANT_A.index("交易金额")]))
        row[VARIANT_A.index("交易账号")] = 1001
    cells[1][VARIANT_A.index("交易对手账卡号")] = 6222021234567890123  # Excel keeps 15 digits of it
    path = workbook(
        tmp_path / "某银行" / "某银行交易明细信息.xlsx",
        {"封面": [["说明"]], "明细": [["某银行"], [], VARIANT_A, *cells]},
    )
    raw = load(path)
    (row,) = transfers(raw)
    assert (row["source"], row["target"], row["amount"], row["time"]) == (
        "2001",
        "1001",
        "100",
        "2021-01-05 09:00:01",
    )
    assert (row["source_sheet"], row["source_row"]) == ("明细", 4)
    assert [at for at, _ in reasons(raw)] == [5]
    assert raw.tables["accounts"]["bank"].to_pylist() == ["某银行"]


def test_missing_columns_are_one_message_with_all_of_them(tmp_path: Path) -> None:
    header = [name for name in VARIANT_A if name not in ("收付标志", "交易时间")]
    write(tmp_path / "交易明细信息.csv", statement([movement("", "1", "", "", "2001")], header))
    with pytest.raises(InputError) as caught:
        load(tmp_path)
    assert (
        "收付标志" in str(caught.value)
        and "交易时间" in str(caught.value)
        and len(caught.value.problems) == 1
    )
    assert not (tmp_path / "case").exists()


def test_a_broken_quotation_mark_costs_its_rows_only(tmp_path: Path) -> None:
    lines = statement([movement(DAY + f"{i}", "1", "", "出", "2001") for i in range(6)]).splitlines()
    lines[3] = lines[3].replace("2001", '"2001', 1)
    raw = load(write(tmp_path / "a.csv", "\r\n".join(lines) + "\r\n"))
    kept = [row["source_row"] for row in transfers(raw)]
    assert kept[:2] == [2, 3] and reasons(raw)
    assert len(kept) + len(reasons(raw)) == raw.rows_read["transfers"]


def test_an_account_that_only_a_failed_row_names_is_not_covered(tmp_path: Path) -> None:
    raw = of(tmp_path, [movement(DAY + "1", "1", "", "出", "2001", 交易是否成功="否")])
    assert raw.tables["transfers"].num_rows == 0 and "accounts" not in raw.tables


def test_an_old_workbook_with_merged_cells() -> None:
    """`files/statement.xls`: a title, merged account and card over three rows, an amount merged over two, a sum."""
    raw = load(Path(__file__).parent / "files" / "statement.xls")
    (row,) = transfers(raw)
    assert (row["source"], row["target"], row["amount"], row["target_balance"]) == (
        "2001",
        "0010020030",
        "88.5",
        "100.1",
    )
    assert (row["source_sheet"], row["source_row"], row["time"]) == ("交易明细", 4, "2021-01-05 09:00:01")
    assert reasons(raw)[0] == (5, NO_AMOUNT)  # an amount that is merged over two rows was booked once
    assert raw.refused["transfers"]["column"].to_pylist() == ["交易金额", "交易对手账卡号"]
    assert raw.refused["transfers"]["交易账号"].to_pylist() == ["0010020030", "0010020030"]


# ---------------------------------------------------------------- what banks' own words and programs make of it


@pytest.mark.parametrize(
    ("mark", "way"),
    [
        ("D:借", "out"), ("C：贷", "in"), ("C-贷", "in"), ("收入（贷）", "in"), ("付(借)", "out"), ("[借]", "out"), ("“贷”", "in"),
        ("贷记", "in"), ("付方", "out"), ("汇入", "in"), ("往账", "out"), ("流出", "out"), ("D/借", "out"), ("－", "out"),
        ("贷(D)", ""), ("进出", ""), ("借|贷", ""), ("贷-", ""), ("1", ""), ("()", ""), ("-(-)", "out"),
    ],
)  # fmt: skip
def test_marks_of_several_words_say_one_way_or_none(mark: str, way: str) -> None:
    assert headings.direction(mark) == way


def test_payments_with_a_minus_beside_a_reversal_without_one(tmp_path: Path) -> None:
    """The sign repeats the direction in the whole file; of the reversal it says that the money came back."""
    rows = [
        movement("2021-01-05 09:30:00", "-100.00", "900.00", "出", "2002"),
        movement("2021-01-05 09:31:00", "7.00", "907.00", "进", "2002"),
        movement("2021-01-05 09:32:00", "100.00", "1007.00", "出", "2002", 摘要说明="冲正"),
        movement("2021-01-05 09:33:00", "-7.00", "1000.00", "进", "2002", 摘要说明="抹账"),
    ]
    file = write(tmp_path / "交易明细.csv", statement(rows))
    import_sources(tmp_path / "case", file)
    case = open_case(tmp_path / "case")
    assert len(case.quarantine) == 0
    found = case.tables.transfers
    assert list(found["source"]) == ["1001", "2002", "2002", "1001"]
    by_row = dict(zip(found["source_row"], found["transfer_id"], strict=True))
    taken = dict(zip(found["source_row"], found["reversal_of"], strict=True))
    assert (taken[4], taken[5]) == (by_row[2], by_row[3])
    # A payment without a minus contradicts the others: then nobody knows what the sign means.
    rows.append(movement("2021-01-05 09:34:00", "3.00", "997.00", "出", "2002"))
    import_sources(tmp_path / "other", write(tmp_path / "b" / "交易明细.csv", statement(rows)))
    assert open_case(tmp_path / "other").quarantine["source_row"].tolist() == [2]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.23457E+11", None), ("1E+12", None), ("-9.99999E+14", None), ("1.5E+3", "1500"), ("1.2345678E7", "12345678"),
        ("1.0E12", "1000000000000"), ("1.2345678901E+11", "123456789010"),
    ],
)  # fmt: skip
def test_an_amount_that_a_spreadsheet_has_cut_off_is_no_amount(text: str, amount: str | None) -> None:
    values, wrong = cleaning.money(pa.array([text], pa.large_string()))
    assert (values.to_pylist(), wrong.tolist()) == ([amount], [amount is None])


def test_a_masked_own_number_is_nobodys_account(tmp_path: Path) -> None:
    """Two accounts look alike behind a mask: taken for an id, they would be one."""
    row = movement("2021-01-05 09:30:00", "100.00", "900.00", "出", "2002")
    rows = [
        {**row, "交易账号": "10****01", "交易卡号": ""},
        {**row, "交易账号": "", "交易卡号": "6222****0123"},
        {**row, "交易账号": "10****01", "交易卡号": CARD},
        {**row, "交易账号": ACCOUNT, "交易卡号": "6222****0123"},
    ]
    import_sources(tmp_path / "case", write(tmp_path / "交易明细.csv", statement(rows)))
    case = open_case(tmp_path / "case")
    assert set(case.tables.accounts["account_id"]) == {CARD, ACCOUNT, "2002"}
    assert case.tables.accounts.get("aliases") is None
    refused = case.quarantine.set_index("source_row")
    assert refused["value"].to_dict() == {2: "10****01", 3: "6222****0123"}


def test_masked_numbers_of_cards_and_people_identify_nobody(tmp_path: Path) -> None:
    heads = ["账户开户名称", "开户人证件号码", "交易卡号", "交易账号", "币种"]
    people = [
        ["张三", "1101********2316", "6222****0123", "1001", "人民币"],
        ["李四", PERSON, "6222099", "10****02", "人民币"],
    ]
    write(tmp_path / "d" / "甲银行_账户信息.csv", csv_text(heads, people))
    row = movement("2021-01-05 09:30:00", "1.00", "9.00", "出", "2002", 开户人证件号码="1101********2316")
    write(tmp_path / "d" / "甲银行_交易明细.csv", statement([row]))
    import_sources(tmp_path / "case", tmp_path / "d")
    case = open_case(tmp_path / "case")
    for name in case.tables.names:
        for column in ("account_id", "aliases", "party_id", "id_number"):
            if column in case.tables.frame(name):
                assert not case.tables.frame(name)[column].dropna().str.contains("*", regex=False).any()
    assert set(case.tables.accounts["account_id"]) == {"1001", "2002", "6222099"}


def test_what_was_frozen_stays_with_its_account(tmp_path: Path) -> None:
    write(
        tmp_path / "d" / "甲银行_交易明细.csv",
        statement([movement("2021-01-05", "1.00", "9.00", "出", "2002")]),
    )
    heads = ["账户开户名称", "开户人证件号码", "交易卡号", "交易账号"]
    write(tmp_path / "d" / "甲银行_账户信息.csv", csv_text(heads, [["张三", PERSON, CARD, ACCOUNT]]))
    heads = ["银行名称", "账号", "冻结措施类型", "冻结金额"]
    rows = [["甲银行", ACCOUNT, "01", "500"], ["甲银行", ACCOUNT, "01", "600"]]
    write(tmp_path / "d" / "甲银行_强制措施信息.csv", csv_text(heads, rows))
    import_sources(tmp_path / "case", tmp_path / "d")
    accounts = open_case(tmp_path / "case").tables.accounts.set_index("account_id")
    assert accounts.loc[ACCOUNT, "冻结金额"] == "500;600"
