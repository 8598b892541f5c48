"""Each check of a single row, with the row that it must catch beside one that it must let through."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from graphflow.errors import InputError, UsageError
from graphflow.language import describe
from graphflow.mirrors import local_days
from graphflow.tables import (
    PROVENANCE,
    SCHEMA,
    Checked,
    Note,
    Raw,
    SourceFile,
    Tables,
    frames_to_raw,
    iso4217,
    join_parts,
    problems,
    quarantine_frame,
    read_raw,
    refuse,
)
from graphflow.tables.check import ZERO

GOOD = {
    "transfers": {
        "transfer_id": "T1", "time": "2016-04-14T09:30:00", "source": "A", "target": "B", "amount": "10",
    },
    "accounts": {"account_id": "A"},
    "coverage": {"account_id": "A"},
    "media": {"medium_id": "M"},
    "sign_ins": {"medium_id": "M", "account_id": "A", "time": "2016-04-14"},
    "parties": {"party_id": "P", "name": "张三", "kind": "person"},
    "stakes": {"owner_id": "P", "company_id": "C", "share": "0.25"},
    "relations": {"party_id": "P", "other_id": "Q", "kind": "spouse"},
    "roles": {"subject_id": "A", "role": "payroll", "source": "letter of the bank"},
    "financials": {"party_id": "C", "period_end": "2016-12-31"},
    "licences": {"party_id": "C", "function": "payment"},
    "products": {"product_id": "X"},
    "holdings": {"product_id": "X", "asset_id": "Y", "asset_kind": "loan", "amount": "5"},
    "subscriptions": {"product_id": "X", "investor_id": "P", "amount": "5", "time": "2016-04-14"},
    "loans": {"loan_id": "L", "borrower_id": "P", "principal": "5", "start": "2016-04-14"},
    "listings": {
        "listing_id": "S", "loan_id": "L", "platform_id": "C", "amount": "5", "term_days": "30",
        "opened": "2016-04-14",
    },
    "instalments": {"loan_id": "L", "due": "2016-05-14", "amount": "5"},
    "assignments": {"loan_id": "L", "seller_id": "P", "buyer_id": "Q", "amount": "5", "time": "2016-04-14"},
    "guarantees": {"guarantor_id": "C", "beneficiary_id": "P", "amount": "5"},
    "client_ledger": {"platform_id": "C", "date": "2016-04-14", "client_id": "P", "balance": "0"},
}  # fmt: skip
"""A row of each table with which nothing is wrong."""


def table(*rows: dict[str, str | None]) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: pa.array([row.get(name) for row in rows], pa.large_string()) for name in names}
    n = len(rows)
    where = {"source_file": pa.array(["book.xlsx"] * n), "source_sheet": pa.array(["S1"] * n)}
    return pa.table({**columns, **where, "source_row": pa.array(range(2, n + 2), pa.int64())})


def check(name: str, *rows: dict[str, str | None], **settings) -> Checked:
    return read_raw(Raw({name: table(*rows)}), **settings)


def caught(name: str, changed: dict[str, str | None], **settings) -> dict:
    """The one refused row, of a good one and the same with changes: it, and nothing else, is quarantined."""
    good = GOOD[name]
    part = check(name, good, {**good, **changed}, **settings)
    assert part.tables[name].num_rows == 1, quarantine_frame(part.quarantine).to_dict("records")
    assert part.quarantine.num_rows == 1
    tally = part.tallies[name]
    assert tally.closes and tally.rows["read"] == 2
    row = part.quarantine.to_pylist()[0]
    assert (row["table"], row["source_file"], row["source_sheet"], row["source_row"]) == (
        name,
        "book.xlsx",
        "S1",
        3,
    )
    assert json.loads(row["raw"]) == {c: {**good, **changed}.get(c) for c in {**good, **changed}}
    return row


def one(name: str, /, **changed: str | None) -> dict:
    """The typed row of a good row with changes."""
    part = check(name, {**GOOD[name], **changed})
    assert part.quarantine.num_rows == 0, quarantine_frame(part.quarantine).to_dict("records")
    return part.tables[name].to_pylist()[0]


# ---------------------------------------------------------------- what is right stays


@pytest.mark.parametrize("name", SCHEMA)
def test_a_good_row_of_each_table_is_loaded_with_its_types(name):
    part = check(name, GOOD[name])
    rows = part.tables[name]
    assert rows.num_rows == 1 and part.quarantine.num_rows == 0
    for column in rows.column_names:
        spec = SCHEMA[name].columns.get(column)
        if spec is not None and spec.currency != "account_id":
            assert rows.schema.field(column).type == spec.type
    assert set(PROVENANCE) <= set(rows.column_names)


def test_there_is_a_good_row_for_every_table_and_the_tables_are_those_of_the_design():
    assert set(GOOD) == set(SCHEMA)
    assert len(SCHEMA) == 20
    ours = 1  # stakes.indirect: what somebody declares to hold through others
    assert sum(len(spec.columns) for spec in SCHEMA.values()) == 198 + ours


def test_a_row_keeps_everything_to_the_letter():
    said = '=HYPERLINK("http://evil","x")'
    row = one(
        "transfers", transfer_id="007", source=" 6228480402564890018\t", target="1" * 30, amount="0012.50",
        memo=said,
        currency="usd", source_balance="-3.07", colour="蓝", order_id="+1", time="2016/4/14 9:30",
    )  # fmt: skip
    assert (
        row["transfer_id"] == "007" and row["source"] == "6228480402564890018" and row["target"] == "1" * 30
    )
    assert (row["amount"], row["currency"], row["source_balance"]) == (1250, "USD", -307)
    assert (row["memo"], row["colour"], row["order_id"]) == (said, "蓝", "+1")
    assert row["time"] == datetime.datetime(2016, 4, 14, 1, 30, tzinfo=datetime.UTC)
    assert (row["source_file"], row["source_sheet"], row["source_row"]) == ("book.xlsx", "S1", 2)


def test_a_field_of_a_million_characters_is_kept_where_it_may_be_and_refused_where_it_is_absurd():
    long = "长" * 1_000_000
    assert one("transfers", memo=long)["memo"] == long
    assert caught("transfers", {"source": long})["reason"] == "too long for an id"
    assert caught("transfers", {"amount": "9" * 1_000_000})["reason"] == "too large a number"
    row = caught("transfers", {"amount": long})
    assert row["reason"] == "not a decimal number" and row["value"] == long
    message = str(InputError(*problems(check("transfers", {**GOOD["transfers"], "time": long}).quarantine)))
    assert len(message) < 2000 and "(1000000 characters)" in message


def test_empty_is_unknown_and_never_zero_false_or_today():
    row = one("accounts", opening_balance="", covered=" ", opened="", kind="", party_id="\u3000", name="")
    assert {row[c] for c in ("opening_balance", "covered", "opened", "kind", "party_id", "name")} == {None}


# ---------------------------------------------------------------- each check


@pytest.mark.parametrize(
    ("name", "column", "value", "reason"),
    [
        ("transfers", "amount", "abc", "not a decimal number"),
        ("transfers", "amount", "1,234.56", "not a decimal number"),
        ("transfers", "amount", "NaN", "not a decimal number"),
        ("transfers", "amount", "1e5", "a number in scientific notation, which may have lost digits"),
        ("transfers", "amount", "10.005", "more decimals than the currency has"),
        ("transfers", "amount", "92233720368547758.08", "too large a number"),
        ("transfers", "amount", "-1", "not greater than zero"),
        ("transfers", "amount", None, "a required value is missing"),
        ("transfers", "time", "  ", "a required value is missing"),
        ("transfers", "source", "", "a required value is missing"),
        ("transfers", "time", "14.04.2016", "not a time"),
        ("transfers", "time", "2016-02-30", "no such date or time"),
        ("transfers", "time", "2016-04-14T25:00", "no such date or time"),
        ("transfers", "time", "2016-04-14T09:30:00.1234567", "finer than a microsecond"),
        ("transfers", "target_time", "tomorrow", "not a time"),
        ("transfers", "currency", "XQQ", "unknown currency"),
        ("transfers", "currency", "人民币", "unknown currency"),
        ("transfers", "transfer_id", "1.23E+17", "a number that lost digits"),
        ("transfers", "source", "6.22848E+18", "a number that lost digits"),
        ("transfers", "target", "6228480402564890000.0", "a number that lost digits"),
        ("transfers", "loan_id", "a\nb", "control characters in an id"),
        ("transfers", "sequence", "1.5", "not a whole number"),
        ("transfers", "source_sequence", "first", "not a whole number"),
        ("transfers", "sequence", "9" * 20, "too large a number"),
        ("transfers", "source_balance", "1.234", "more decimals than the currency has"),
        ("accounts", "kind", "Settlement", "not one of the words"),
        ("accounts", "covered", "maybe", "neither yes nor no"),
        ("accounts", "currency", "ZZZ", "unknown currency"),
        ("accounts", "opening_balance", "ten", "not a decimal number"),
        ("coverage", "opening_balance", "ten", "not a decimal number"),
        ("parties", "kind", "human", "not one of the words"),
        ("parties", "sector", "casino", "not one of the words"),
        ("parties", "id_number", "1.10101E+17", "a number that lost digits"),
        ("parties", "name", None, "a required value is missing"),
        ("stakes", "share", "25", "outside its bounds"),
        ("stakes", "share", "-0.0000000000001", "outside its bounds"),
        ("stakes", "share", "1.0000000000001", "outside its bounds"),
        ("stakes", "votes", "25%", "not a decimal number"),
        ("relations", "kind", "friend", "not one of the words"),
        ("roles", "role", "pool", "not one of the words"),
        ("licences", "function", "magic", "not one of the words"),
        ("products", "promised_yield", "8", "outside its bounds"),
        ("products", "promised_yield", "nan", "not a decimal number"),
        ("products", "risk_level", "6", "outside its bounds"),
        ("products", "risk_level", "0", "outside its bounds"),
        ("holdings", "amount", "0", "not greater than zero"),
        ("holdings", "asset_kind", "stock", "not one of the words"),
        ("loans", "principal", "-5", "not greater than zero"),
        ("listings", "term_days", "30.5", "not a whole number"),
        ("listings", "term_days", "-1", "outside its bounds"),
        ("subscriptions", "qualified", "probably", "neither yes nor no"),
    ],
)
def test_a_bad_value_is_quarantined_with_its_reason(name, column, value, reason):
    row = caught(name, {column: value})
    assert (row["column"], row["reason"]) == (column, reason)
    assert row["value"] == value and row["expected"] and row["also"] is None


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [(name, *period) for name, spec in SCHEMA.items() for period in spec.periods],
)
def test_what_ends_before_it_begins_is_quarantined(name, start, end):
    row = caught(name, {start: "2016-04-15", end: "2016-04-14"})
    assert (row["column"], row["reason"], row["expected"]) == (
        end,
        "ends before it begins",
        f"{start} <= {end}",
    )
    # A bare date is some time on that day: what begins in the afternoon may end on it.
    assert one(name, **{start: "2016-04-14T15:00:00", end: "2016-04-14"})
    assert caught(name, {start: "2016-04-14T15:00:00", end: "2016-04-14T14:59:59"})


def test_an_enum_lists_its_words():
    row = caught("products", {"offering": "semi"})
    assert row["expected"] == "one of: public, private"
    frame = quarantine_frame(check("products", {"product_id": "X", "offering": "semi"}).quarantine, "zh")
    assert frame["expected"][0] == "下列之一：public, private" and frame["reason"][0] == "不在规定的取值之内"


@pytest.mark.parametrize("changed", [{"target_amount": "7"}, {"target_currency": "USD"}])
def test_converted_amount_and_currency_stand_together(changed):
    assert (
        caught("transfers", changed)["reason"]
        == "target_amount and target_currency stand together or not at all"
    )


def test_a_conversion_is_into_another_currency():
    same = {"target_amount": "10", "target_currency": "CNY", "currency": ""}
    assert caught("transfers", same)["reason"] == "a conversion into the same currency"
    row = one("transfers", target_amount="3", target_currency="JPY", target_balance="8", source_balance="8")
    assert (row["target_amount"], row["target_balance"], row["source_balance"]) == (3, 8, 800)
    assert (
        caught("transfers", {"target_amount": "0.5", "target_currency": "JPY"})["expected"]
        == "decimals, at most: 0"
    )
    assert (
        caught("transfers", {"target_amount": "0", "target_currency": "USD"})["reason"]
        == "not greater than zero"
    )


def test_a_stake_between_two_shares():
    turned = caught("stakes", {"share": None, "share_min": "0.5", "share_max": "0.25"})
    assert turned["reason"] == "the least share is greater than the greatest"
    row = one("stakes", share=None, share_min="0.25", share_max="0.5")
    assert (row["share"], row["share_min"], row["share_max"]) == (None, 250_000_000, 500_000_000)


def test_several_faults_of_a_row_are_one_row_that_tells_all():
    row = caught("transfers", {"amount": "x", "time": "y", "currency": "Z"})
    assert (row["column"], row["reason"]) == ("time", "not a time")
    assert "amount: not a decimal number: x" in row["also"] and "currency: unknown currency: Z" in row["also"]


# ---------------------------------------------------------------- money


def test_minor_units_are_those_of_iso_4217_unless_somebody_has_more():
    assert [iso4217()[c] for c in ("CNY", "USD", "JPY", "KWD", "CLF", "HRK")] == [2, 2, 0, 3, 4, 2]
    assert "XAU" not in iso4217() and "XXX" not in iso4217()
    assert one("transfers", amount="1.234", currency="KWD")["amount"] == 1234
    assert one("transfers", amount="7", currency="JPY")["amount"] == 7
    yen = {**GOOD["transfers"], "amount": "7.25", "currency": "JPY"}
    part = read_raw(Raw({"transfers": table(yen)}, minor_units={"JPY": 2, "BTC": 6}))
    assert part.tables["transfers"]["amount"].to_pylist() == [725] and part.minor_units["JPY"] == 2
    coin = {**GOOD["transfers"], "amount": "0.000001", "currency": "BTC"}
    part = read_raw(Raw({"transfers": table(coin)}), minor_units={"BTC": 6})
    assert part.tables["transfers"]["amount"].to_pylist() == [1] and part.minor_units["BTC"] == 6
    assert caught("transfers", {"currency": "BTC"})["reason"] == "unknown currency"


def test_an_amount_is_never_rounded_but_zeros_are_no_digits():
    assert one("transfers", amount="10.0500")["amount"] == 1005
    assert caught("transfers", {"amount": "10.0501"})["expected"] == "decimals, at most: 2"


def test_a_zero_amount_is_counted_and_set_aside():
    part = check(
        "transfers", GOOD["transfers"], {**GOOD["transfers"], "transfer_id": "T2", "amount": "+0.00"}
    )
    assert part.tables["transfers"].num_rows == 1 and part.quarantine.num_rows == 0
    aside = part.set_aside["transfers"].to_pylist()
    assert [(r["transfer_id"], r["amount"], r["reason"], r["source_row"]) for r in aside] == [
        ("T2", "+0.00", ZERO, 3)
    ]
    assert part.tallies["transfers"].rows["set_aside"] == 1 and part.tallies["transfers"].closes
    # With something wrong besides, it is a bad row.
    bad = check("transfers", {**GOOD["transfers"], "amount": "0", "time": "x"})
    assert bad.quarantine.num_rows == 1 and not bad.set_aside


def test_sums_beyond_64_bits_are_exact():
    most = "92233720368547758.07"
    part = check("holdings", *({**GOOD["holdings"], "amount": most} for _ in range(5)))
    assert part.tallies["holdings"].money["loaded"] == {"CNY": 5 * (2**63 - 1)}


@pytest.mark.parametrize(
    ("amounts", "says"),
    [
        ([1.5, 2.0], "money is never floating-point"),
        (np.array([1.5], np.float32), "money is never floating-point"),
        ([1, 2], "whole numbers are not taken for money"),
        ([Decimal("1"), 2.5], "money is never floating-point"),
        (["1", 2.5], "money is never floating-point"),
        ([True, False], "money is text or Decimal"),
    ],
)
def test_money_is_text_or_decimal(amounts, says):
    n = len(amounts)
    frame = pd.DataFrame(
        {**{c: ["x"] * n for c in ("transfer_id", "source", "target")}, "time": ["2016-04-14"] * n}
    )
    frame["amount"] = amounts
    with pytest.raises(InputError) as error:
        read_raw(frames_to_raw({"transfers": frame}))
    assert says in str(error.value)
    assert "major units as text or Decimal; or minor units as whole numbers with money='minor'" in str(
        error.value
    )
    assert "transfers.amount" in str(error.value)


def test_money_of_frames_is_exact():
    rows = {c: ["a", "b", "c"] for c in ("transfer_id", "source", "target")}
    frame = pd.DataFrame({**rows, "time": pd.to_datetime(["2016-04-14"] * 3)})
    decimals = frame.assign(amount=[Decimal("1.10"), Decimal("45035996273704.93"), Decimal("1E+2")])
    part = read_raw(frames_to_raw({"transfers": decimals}))
    assert part.tables["transfers"]["amount"].to_pylist() == [110, 4503599627370493, 10000]
    arrow = pa.table(
        {**rows, "time": ["2016-04-14"] * 3, "amount": pa.array([Decimal("1E-10"), Decimal(0), Decimal(2)])}
    )
    part = read_raw(frames_to_raw({"transfers": arrow}))
    assert part.tables["transfers"]["amount"].to_pylist() == [200]
    assert part.set_aside["transfers"].num_rows == 1
    assert part.quarantine["reason"].to_pylist() == ["more decimals than the currency has"]
    minor = frame.assign(amount=[2**52 - 1, 5, 7], source_balance=pd.array([1, None, -3], "Int64"))
    part = read_raw(frames_to_raw({"transfers": minor}), money="minor")
    assert part.tables["transfers"]["amount"].to_pylist() == [2**52 - 1, 5, 7]
    assert part.tables["transfers"]["source_balance"].to_pylist() == [1, None, -3]
    with pytest.raises(UsageError, match="unknown unit of money"):
        read_raw(frames_to_raw({"transfers": minor}), money="cents")


# ---------------------------------------------------------------- shares


def test_a_share_of_more_than_nine_decimals_is_rounded_half_to_even_kept_and_counted():
    said = ["0.32606821811373277", "0.0000000005", "0.0000000015", "0.5", "1.0E-4", None]
    part = check("stakes", *({**GOOD["stakes"], "share": text} for text in said))
    assert part.tables["stakes"]["share"].to_pylist() == [326068218, 0, 2, 500_000_000, 100_000, None]
    assert part.tables["stakes"]["share_stated"].to_pylist() == [*said[:3], None, None, None]
    assert part.rounded == {"stakes.share": 3}
    assert "share_stated" not in check("stakes", GOOD["stakes"]).tables["stakes"].column_names


def test_shares_of_frames_may_be_floats():
    frame = pd.DataFrame(
        {"owner_id": ["a", "b"], "company_id": ["c", "c"], "share": [0.25, np.nan], "votes": [1e-5, 1.0]}
    )
    part = read_raw(frames_to_raw({"stakes": frame}))
    assert part.tables["stakes"]["share"].to_pylist() == [250_000_000, None]
    assert part.tables["stakes"]["votes"].to_pylist() == [10_000, 10**9]


# ---------------------------------------------------------------- time


def moment(text: str, **settings) -> dict:
    part = check("transfers", {**GOOD["transfers"], "time": text}, **settings)
    assert part.quarantine.num_rows == 0, part.quarantine.to_pylist()
    row = part.tables["transfers"].to_pylist()[0]
    return {"utc": row["time"].strftime("%Y-%m-%dT%H:%M:%S.%f"), "day": row.get("time_day")}


def test_a_time_without_an_offset_is_local_and_one_with_an_offset_is_not():
    assert moment("2016-04-14T09:30:00")["utc"] == "2016-04-14T01:30:00.000000"
    assert moment("2016-04-14T09:30:00Z")["utc"] == "2016-04-14T09:30:00.000000"
    assert moment("2016-04-14T09:30:00.25-05:30")["utc"] == "2016-04-14T15:00:00.250000"
    assert moment("2016-04-14T09:30:00", timezone="UTC")["utc"] == "2016-04-14T09:30:00.000000"
    assert moment("2016-07-14T09:30:00", timezone="America/New_York")["utc"] == "2016-07-14T13:30:00.000000"
    both = check(
        "transfers",
        *({**GOOD["transfers"], "time": t} for t in ("2016-04-14 10:00", "2016-04-14T10:00+08:00")),
    )
    assert len(set(both.tables["transfers"]["time"].to_pylist())) == 1


def test_a_format_says_its_own_time_zone():
    rows = table({**GOOD["transfers"], "time": "2016-04-14T09:30:00"})
    part = read_raw(Raw({"transfers": rows}, timezone="UTC"), timezone="Asia/Shanghai")
    assert part.timezone == "UTC"
    assert part.tables["transfers"]["time"].to_pylist()[0].hour == 9


def test_a_bare_date_is_some_time_on_that_day():
    assert moment("2016-04-14") == {"utc": "2016-04-13T16:00:00.000000", "day": True}
    assert moment("20160414") == {"utc": "2016-04-13T16:00:00.000000", "day": True}
    mixed = check(
        "transfers", *({**GOOD["transfers"], "time": t} for t in ("2016-04-14", "2016-04-14T00:00", ""))
    )
    assert mixed.tables["transfers"]["time_day"].to_pylist() == [True, False]
    assert moment("2016-04-14T00:00")["day"] is None
    # A day whose midnight does not exist, or exists twice, still begins somewhere.
    assert moment("2018-11-04", timezone="America/Sao_Paulo")["utc"] == "2018-11-04T03:00:00.000000"
    assert moment("2016-11-06", timezone="America/Havana")["utc"] == "2016-11-06T04:00:00.000000"


def test_local_times_that_are_twice_or_never_are_quarantined():
    zone = {"timezone": "America/New_York"}
    row = caught("transfers", {"time": "2016-11-06T01:30:00"}, **zone)
    assert row["reason"] == "a local time that occurs twice, when clocks are set back"
    assert row["expected"] == "a time with its offset, such as 2016-04-14T09:30:00+08:00"
    row = caught("transfers", {"time": "2016-03-13T02:30:00"}, **zone)
    assert row["reason"] == "a local time that does not exist, when clocks are set forward"
    assert moment("2016-11-06T01:30:00-05:00", **zone)["utc"] == "2016-11-06T06:30:00.000000"
    # China set its clocks until 1991.
    assert caught("transfers", {"time": "1988-09-11T01:30:00"})["reason"].startswith(
        "a local time that occurs twice"
    )


def test_typed_times_are_taken_as_they_are():
    rows = {c: ["a", "b"] for c in ("transfer_id", "source", "target", "amount")} | {"amount": ["1", "2"]}
    naive = pd.DataFrame({**rows, "time": pd.to_datetime(["2016-04-14T09:30:00", "2016-04-15T00:00:00"])})
    aware = naive.assign(time=naive["time"].dt.tz_localize("America/New_York"))
    dates = naive.assign(time=[datetime.date(2016, 4, 14), datetime.date(2016, 4, 15)])
    nano = naive.assign(
        time=pd.to_datetime(["2016-04-14T09:30:00.123456789", "2016-04-15T00:00:00.000000000"])
    )
    seen = {}
    for name, frame in (("naive", naive), ("aware", aware), ("dates", dates), ("nano", nano)):
        part = read_raw(frames_to_raw({"transfers": frame}))
        first = part.tables["transfers"]["time"].to_pylist()[0]
        seen[name] = (
            first.strftime("%d %H:%M"),
            "time_day" in part.tables["transfers"].column_names,
            part.quarantine.num_rows,
        )
    assert seen["naive"] == ("14 01:30", False, 0)
    assert seen["aware"] == ("14 13:30", False, 0)
    assert seen["dates"] == ("13 16:00", True, 0)
    assert seen["nano"] == ("14 16:00", False, 1)


# ---------------------------------------------------------------- ids


def test_ids_of_frames_are_text():
    frame = pd.DataFrame({"account_id": [6228480402564890018, 2]})
    with pytest.raises(
        InputError, match=r"accounts\.account_id: ids are text, never numbers: this column is int64"
    ):
        read_raw(frames_to_raw({"accounts": frame}))
    with pytest.raises(InputError, match="ids are text"):
        read_raw(frames_to_raw({"accounts": frame.astype(float)}))
    # A column of nothing is a column of unknowns, whatever its type.
    whole = pd.DataFrame({"account_id": ["1"], "party_id": [None], "kind": [None]})
    assert read_raw(frames_to_raw({"accounts": whole})).tables["accounts"].num_rows == 1


def statement(**changed: str | None) -> dict[str, str | None]:
    row = {
        "time": "2016-04-14T09:30:00", "source": "A", "target": "B", "amount": "10", "source_balance": "90",
        "source_reference": "R1", "statement_side": "source",
    }  # fmt: skip
    return {**row, **changed}


def ids_of(*rows: dict[str, str | None], file: str = "a.csv", **settings) -> list[str]:
    rows_table = table(*rows)
    rows_table = rows_table.set_column(
        rows_table.column_names.index("source_file"), "source_file", pa.array([file] * len(rows))
    )
    part = read_raw(Raw({"transfers": rows_table}, one_sided=True), **settings)
    assert part.quarantine.num_rows == 0, part.quarantine.to_pylist()
    return part.tables["transfers"]["transfer_id"].to_pylist()


def test_a_missing_id_is_a_hash_of_the_row_as_its_statement_has_it():
    [first] = ids_of(statement())
    assert len(first) == 20 and set(first) <= set("0123456789abcdef")
    assert ids_of(statement(), file="another.csv") == [first]
    assert ids_of(statement(amount="10.00", time="2016-04-14T01:30:00Z", currency="CNY")) == [first]
    assert ids_of(statement(memo="later exports have a memo", target_balance="5", target_reference="R9")) == [
        first
    ]
    assert ids_of(statement(), minor_units={"CNY": 4}) == [first]
    assert ids_of(statement(time="2016-04-14")) != ids_of(statement(time="2016-04-14T00:00"))
    for changed in (
        {"source": "A2"}, {"target": "B2"}, {"time": "2016-04-14T09:30:01"}, {"amount": "10.01"},
        {"currency": "USD"},
        {"source_balance": "89"}, {"source_reference": "R2"}, {"target": None}, {"target_name": "李四"},
        {"other_as_written": "6228****18"}, {"time": "2016-04-14"},
        {"statement_side": "target", "source": "B", "target": "A", "source_balance": None,
         "target_balance": "90",
         "source_reference": None, "target_reference": "R1"},
    ):  # fmt: skip
        assert ids_of(statement(**changed)) != [first], changed


def test_identical_rows_of_a_file_have_ids_of_their_own():
    twice = ids_of(statement(), statement(source="C"), statement())
    assert len(set(twice)) == 3
    assert ids_of(statement()) == twice[:1]
    assert ids_of(statement(), statement(), file="b.csv") == [twice[0], twice[2]]


def test_ids_do_not_depend_on_how_many_rows_there_are():
    n = 230_001  # more than one thread takes
    row = statement()
    columns = {c: pa.repeat(pa.scalar(v, pa.large_string()), n) for c, v in row.items()}
    rows = pa.table({**columns, "memo": pa.array(np.arange(n)).cast(pa.large_string())})
    part = read_raw(Raw({"transfers": rows}, one_sided=True))
    made = part.tables["transfers"]["transfer_id"].to_pylist()
    assert len(set(made)) == n and made[:3] == ids_of(row, row, row)


def test_a_stated_id_stays_beside_generated_ones():
    part = check("transfers", GOOD["transfers"], {**GOOD["transfers"], "transfer_id": None})
    assert part.tables["transfers"]["transfer_id"].to_pylist()[0] == "T1"
    assert part.tables["transfers"]["id_generated"].to_pylist() == [False, True]
    without = {c: v for c, v in GOOD["transfers"].items() if c != "transfer_id"}
    assert check("transfers", without).tables["transfers"].num_rows == 1


def test_a_row_of_a_statement_says_whose_it_is_and_may_lack_the_other_side():
    raw = Raw(
        {"transfers": table(statement(target=None), statement(statement_side="O"), statement(source=None))},
        one_sided=True,
    )
    part = read_raw(raw)
    assert part.tables["transfers"]["target"].to_pylist() == [None]
    reasons = [(r["column"], r["reason"]) for r in part.quarantine.to_pylist()]
    assert reasons == [
        ("statement_side", "the row of a statement that does not say whose"),
        ("source", "a required value is missing"),
    ]
    with pytest.raises(InputError, match=r"transfers\.statement_side: this required column is missing"):
        read_raw(Raw({"transfers": table(GOOD["transfers"])}, one_sided=True))


# ---------------------------------------------------------------- tables as a whole


def test_all_that_makes_tables_unreadable_is_said_at_once():
    raw = Raw(
        {
            "transfers": pa.table(
                {"transfer_id": ["1"], "time": ["2016-04-14"], "source": ["A"], "amout": ["1"]}
            ),
            "accounts": pa.table({"account_id": [1]}),
            "stakes": pa.table([["a"], ["b"], ["b"]], names=["owner_id", "company_id", "company_id"]),
            "acounts": pa.table({"x": ["1"]}),
        }
    )
    with pytest.raises(InputError) as error:
        read_raw(raw, currency="RMB", timezone="Mars/Olympus")
    said = str(error.value).splitlines()
    assert len(said) == 7
    assert any(
        line.startswith("transfers.amount: this required column is missing; there are: amout")
        for line in said
    )
    assert any(line.startswith("transfers.target: this required column is missing") for line in said)
    assert any(line.startswith("accounts.account_id: ids are text") for line in said)
    assert any(line.startswith("stakes.company_id: this column is there more than once") for line in said)
    assert any(
        line.startswith("acounts: there is no such table; expected: one of: accounts, transfers")
        for line in said
    )
    assert "currency: unknown currency; first: RMB; expected: a code of ISO 4217, such as CNY" in said
    assert any(line.startswith("timezone: unknown time zone; first: Mars/Olympus") for line in said)


@pytest.mark.parametrize(("name", "column"), [(t.name, c) for t in SCHEMA.values() for c in t.required])
def test_every_required_column_is_required(name, column):
    rows = {c: v for c, v in GOOD[name].items() if c != column}
    if (name, column) == ("transfers", "transfer_id"):
        assert check(name, rows).tables[name].num_rows == 1
        return
    with pytest.raises(InputError, match=f"{name}.{column}: this required column is missing"):
        read_raw(Raw({name: table({"memo": "x", **rows})}))


def test_strict_is_one_error_with_all_problems():
    rows = [
        {**GOOD["transfers"], "amount": a, "time": t}
        for a, t in (("x", "2016-04-14"), ("y", "2016-04-14"), ("1", "z"))
    ]
    part = check("transfers", *rows)
    with pytest.raises(InputError) as error:
        refuse(part.quarantine)
    assert str(error.value).splitlines() == [
        "transfers.amount (×2): not a decimal number; first: book.xlsx [S1] row 2: 'x'; "
        "expected: digits with a point before the decimals, such as 1234.56",
        "transfers.time: not a time; first: book.xlsx [S1] row 4: 'z'; "
        "expected: ISO 8601, such as 2016-04-14T09:30:00 or 2016-04-14",
    ]
    assert "不是十进制数" in describe(error.value, "zh")
    refuse(check("transfers", GOOD["transfers"]).quarantine)


def test_empty_tables_are_tables():
    part = read_raw(Raw({name: table(GOOD[name]).slice(0, 0) for name in SCHEMA}))
    assert all(part.tables[name].num_rows == 0 for name in SCHEMA)
    assert all(tally.closes for tally in part.tallies.values())
    tables, quarantine, _ = join_parts([part])
    assert quarantine.num_rows == 0 and not tables.has("transfers")


# ---------------------------------------------------------------- what the loader says


def test_what_a_loader_puts_aside_or_refuses_is_counted_with_its_money():
    failed = table({**GOOD["transfers"], "amount": "5"}).append_column("reason", pa.array(["failed"]))
    strange = table({"amount": "abc", "收付标志": "O"}, {"amount": "2.50", "收付标志": ""})
    strange = strange.append_column("reason", pa.array(["which way?"] * 2)).append_column(
        "column", pa.array(["收付标志"] * 2)
    )
    strange = strange.append_column("value", pa.array(["O", ""]))
    raw = Raw(
        {"transfers": table(GOOD["transfers"])},
        {"transfers": failed},
        {"transfers": strange},
        {"transfers": 4},
    )
    part = read_raw(raw)
    tally = part.tallies["transfers"]
    assert tally.rows == {"read": 4, "loaded": 1, "quarantined": 2, "set_aside": 1, "duplicates": 0}
    assert tally.money["read"] == {"CNY": 1750} and tally.money["quarantined"] == {"CNY": 250}
    assert tally.unknown["quarantined"] == 1 and tally.closes
    rows = part.quarantine.to_pylist()
    assert [(r["reason"], r["column"], r["value"], r["amount"], r["source_row"]) for r in rows] == [
        ("which way?", "收付标志", "O", "abc", 2),
        ("which way?", "收付标志", "", "2.50", 3),
    ]
    assert json.loads(rows[0]["raw"]) == {"amount": "abc", "收付标志": "O"}


def test_a_row_that_a_loader_loses_is_a_defect_that_is_seen():
    from graphflow.errors import GraphflowError

    with pytest.raises(GraphflowError, match="the import report does not close"):
        read_raw(Raw({"transfers": table(GOOD["transfers"])}, rows_read={"transfers": 2}))


def test_a_part_can_be_kept_on_disk():
    notes = (Note("inferred", "the period is inferred", {"account": "A"}, 1),)
    raw = Raw(
        {"stakes": table({**GOOD["stakes"], "share": "0.12345678912"})},
        files=(SourceFile("a.csv", "00", 3, "x"),),
        notes=notes,
    )
    part = read_raw(raw)
    again = Checked.of(json.loads(json.dumps(part.facts())), part.tables, part.set_aside, part.quarantine)
    assert again.facts() == part.facts() and again.tallies == part.tallies and again.files == part.files


# ---------------------------------------------------------------- Tables


def test_tables_hand_out_frames_of_ones_own():
    part = check(
        "transfers",
        {**GOOD["transfers"], "source_balance": None, "sequence": "5"},
        {**GOOD["transfers"], "transfer_id": "T2", "source_balance": "-45035996273704.93"},
    )
    tables, _, _ = join_parts([part])
    frame = tables.transfers
    assert frame["amount"].tolist() == [1000, 1000] and frame["amount"].dtype == np.int64
    assert frame["source_balance"].isna()[0] and frame["source_balance"][1] == -4503599627370493
    frame["amount"] = 0
    frame.loc[0, "source"] = "changed"
    assert tables.transfers["amount"].tolist() == [1000, 1000] and tables.transfers["source"][0] == "A"
    assert tables.names == ("transfers", "accounts")
    assert (
        tables.has("transfers")
        and tables.has("transfers", "sequence")
        and not tables.has("transfers", "memo")
    )
    assert not tables.has("loans") and tables.arrow("loans") is None
    assert list(tables.loans.columns) == list(SCHEMA["loans"].columns) and len(tables.loans) == 0
    with pytest.raises(AttributeError, match="there is transfers"):
        _ = tables.transferz
    with pytest.raises(AttributeError):
        tables.arrow("transferz")
    with pytest.raises(AttributeError):
        tables.currency = "USD"
    other = tables.with_table("transfers", tables.arrow("transfers").slice(0, 1))
    assert len(other.transfers) == 1 and len(tables.transfers) == 2
    assert isinstance(other, Tables)


# ---------------------------------------------------------------- what is a row's fault stays a row's fault


def read_rows(*rows):
    return read_raw(Raw({"transfers": table(*rows)}))


def test_an_amount_beyond_what_is_divided_exactly_is_refused_alone():
    most = "45035996273704.95"  # 2**52 - 1 fen
    more = "45035996273704.96"
    given = {
        "T1": {"amount": most, "source_balance": "-" + most},
        "T2": {"amount": more},
        "T3": {"amount": "1", "source_balance": more},
        "T4": {"amount": "1", "target_balance": "-" + more},
        "T5": {"amount": "1", "target_amount": more, "target_currency": "USD"},
    }
    checked = read_rows(*({**GOOD["transfers"], "transfer_id": name, **row} for name, row in given.items()))
    assert checked.tables["transfers"]["transfer_id"].to_pylist() == ["T1"]
    found = {row["column"]: row for row in checked.quarantine.to_pylist()}
    assert {row["reason"] for row in found.values()} == {"too large a number"}
    assert set(found) == {"amount", "source_balance", "target_balance", "target_amount"}
    assert checked.tallies["transfers"].money["quarantined"] == {"CNY": 2**52 + 300}
    accounts = [{"account_id": name, "opening_balance": text} for name, text in (("A", most), ("B", more))]
    assert read_raw(Raw({"accounts": table(*accounts)})).tables["accounts"]["account_id"].to_pylist() == ["A"]


@pytest.mark.parametrize("year", ["0001", "1899", "2101", "9999"])
def test_a_time_at_which_nothing_can_have_happened_is_refused(year):
    checked = read_rows(
        {**GOOD["transfers"], "transfer_id": "T1", "time": f"{year}-06-30T12:00:00"},
        {**GOOD["transfers"], "transfer_id": "T2", "target_time": f"{year}-06-30T12:00:00+08:00"},
        {**GOOD["transfers"], "transfer_id": "T3"},
    )
    assert checked.tables["transfers"]["transfer_id"].to_pylist() == ["T3"]
    assert [row["column"] for row in checked.quarantine.to_pylist()] == ["time", "target_time"]
    assert {row["expected"] for row in checked.quarantine.to_pylist()} == {"years, from and to: 1900, 2100"}


def test_the_first_and_last_local_moment_of_the_years_are_taken():
    times = ["1900-01-01T00:00:00", "2100-12-31T23:59:59.999999", "1900-01-01", "2100-12-31"]
    checked = read_rows(
        *({**GOOD["transfers"], "transfer_id": f"T{i}", "time": time} for i, time in enumerate(times))
    )
    assert checked.quarantine.num_rows == 0
    checked = read_rows(
        *(
            {**GOOD["transfers"], "transfer_id": time, "time": time}
            for time in ("1899-12-31T23:59:59", "2101-01-01")
        )
    )
    assert checked.quarantine.num_rows == 2


def test_amounts_of_both_signs_do_not_hide_one_another():
    checked = read_rows(
        {**GOOD["transfers"], "transfer_id": "T1", "amount": "70"},
        {**GOOD["transfers"], "transfer_id": "T2", "amount": "-70"},
        {**GOOD["transfers"], "transfer_id": "T3", "amount": "70", "time": "never"},
    )
    tally = checked.tallies["transfers"]
    assert tally.money == {
        "read": {"CNY": 21000}, "loaded": {"CNY": 7000}, "quarantined": {"CNY": 14000}, "set_aside": {}, "duplicates": {}
    }  # fmt: skip
    assert tally.negative == {"CNY": 7000} and tally.closes
    assert type(tally).of_dict(tally.as_dict()) == tally
    assert (tally + tally).negative == {"CNY": 14000} and tally.scaled({"CNY": 10}).negative == {"CNY": 70000}


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "UTC"])
def test_the_calendars_own_ends_are_moments_that_can_be_shown(zone):
    accounts = [
        {"account_id": "A", "opened": "0001-01-01", "closed": "9999-12-31"},
        {"account_id": "B", "opened": "0001-01-01T00:00:01", "closed": "9999-12-31T23:59:59"},
        {"account_id": "C", "opened": None, "closed": None},
    ]
    checked = read_raw(Raw({"accounts": table(*accounts)}), timezone=zone)
    assert checked.quarantine.num_rows == 0
    for name, day in (("opened", "0001-01-01"), ("closed", "9999-12-31")):
        shown = checked.tables["accounts"][name].to_pylist()
        assert shown[2] is None
        # beyond the calendar's end in UTC they stand at it: still on that local day
        moments = checked.tables["accounts"][name].cast(pa.int64()).slice(0, 2).to_numpy()
        there = datetime.date.fromisoformat(day).toordinal() - datetime.date(1970, 1, 1).toordinal()
        assert local_days(moments, zone).tolist() == [there, there]


def test_a_table_that_takes_anothers_place_is_asked_anew() -> None:
    tables = Tables({"roles": pa.table({"role": pa.array([None, None], pa.string())})})
    assert not tables.has("roles", "role") and tables.has("roles")
    after = tables.with_table("roles", pa.table({"role": ["custody"]}))
    assert after.has("roles", "role") and not after.with_table(
        "roles", pa.table({"role": pa.array([], pa.string())})
    ).has("roles")
