"""Case: made of frames, saved, opened, searched; what is open stays what it was."""

from __future__ import annotations

import datetime
import gc
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import graphflow as gf
from graphflow.case import Case, open_case
from graphflow.contents import content_hash
from graphflow.errors import InputError, UsageError
from graphflow.tables import Tables

T = "2024-03-01T0{}:00:00"


def frames() -> dict[str, pd.DataFrame]:
    return {
        "transfers": pd.DataFrame(
            {
                "transfer_id": ["t1", "t2", "t3", "t4"],
                "time": [T.format(1), T.format(2), "2024-03-02", "2024-03-03T00:00:00"],
                "source": ["A", "B", "C", "D"],
                "target": ["B", "C", "A", "A"],
                "amount": ["100.00", "40.5", "7", "7.01"],
                "currency": ["CNY", "", "USD", "JPY"][:3] + ["USD"],
                "memo": ["Loan to 张三", "rent", "", "100% (x)"],
                "target_name": ["", "Charlie", "", ""],
            }
        ),
        "accounts": pd.DataFrame(
            {"account_id": ["A", "B", "C"], "party_id": ["P", "Q", "P"], "name": ["first", "", "third"]}
        ),
        "parties": pd.DataFrame(
            {"party_id": ["P", "Q", "R"], "name": ["王五", "Ms Q", "Ms Q"], "kind": ["person"] * 3}
        ),
    }


@pytest.fixture
def case() -> Case:
    return Case.from_tables(**frames())


def ids(rows: pd.DataFrame) -> list[str]:
    return list(rows["transfer_id"])


# ---------------------------------------------------------------- from frames


def test_money_is_whole_minor_units(case: Case) -> None:
    assert case.tables.transfers["amount"].tolist() == [10000, 4050, 700, 701]
    assert case.tables.transfers["amount"].dtype == "int64"


def test_decimals_and_minor_units() -> None:
    given = frames()["transfers"].assign(
        amount=[Decimal("100"), Decimal("40.5"), Decimal(7), Decimal("7.01")]
    )
    assert Case.from_tables(transfers=given).tables.transfers["amount"].tolist() == [10000, 4050, 700, 701]
    given = given.assign(amount=[10000, 4050, 700, 701])
    assert Case.from_tables(transfers=given, money="minor").tables.transfers["amount"].sum() == 15451
    with pytest.raises(InputError, match="minor"):
        Case.from_tables(transfers=given)
    with pytest.raises(InputError, match="floating"):
        Case.from_tables(transfers=given.assign(amount=[1.0, 2.0, 3.0, 4.0]))


def test_bad_rows_are_one_error_with_all_of_them() -> None:
    bad = frames()
    bad["transfers"].loc[0, "amount"] = "-1"
    bad["transfers"].loc[1, "time"] = "yesterday"
    bad["parties"].loc[2, "kind"] = "alien"
    with pytest.raises(InputError) as caught:
        Case.from_tables(**bad)
    assert len(caught.value.problems) == 3
    lenient = Case.from_tables(**bad, strict=False)
    assert len(lenient.quarantine) == 3
    assert len(lenient.tables.transfers) == 2
    assert lenient.report.quarantined == 3


def test_a_frame_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        Case.from_tables(transfer=frames()["transfers"])
    with pytest.raises(InputError):
        Case.from_tables(transfers=frames()["transfers"].drop(columns="amount"))


def test_a_case_all_of_whose_rows_are_refused_still_opens() -> None:
    never = {"transfer_id": ["t1"], "time": ["never"], "source": ["A"], "target": ["B"], "amount": ["1"]}
    unknown = {"account_id": ["A"], "currency": ["?"]}
    for given in ({"transfers": never}, {"accounts": unknown}, {"transfers": never, "accounts": unknown}):
        case = Case.from_tables(**given, strict=False)
        assert len(case.ledger.rows) == 0 and len(case.quarantine) == len(given)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_a_period_to_the_calendars_end_has_none(zone: str) -> None:
    accounts = {"account_id": ["A"], "covered_from": ["0001-01-01"], "covered_to": ["9999-12-31"]}
    case = Case.from_tables(accounts=accounts, transfers=frames()["transfers"], timezone=zone)
    assert case.ledger.periods["ends"].tolist() == [2**63 - 1]


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("memo", [b"\xff", b"x", None, b""], "memo: this column is binary"),
        ("amount", [[1], [2], [3], [4]], "not a decimal number; first: .*1"),
        ("amount", [2**70, 1, 1, 1], "amount: this column holds values of different kinds"),
        ("memo", [1 + 2j] * 4, "memo: this column holds values of different kinds"),
        ("source_row", ["a", "1", "2", "3"], "source_row: this column is .*; expected: whole numbers"),
        ("sequence", np.array([2**64 - 1, 1, 2, 3], np.uint64), "sequence: this column is uint64"),
    ],
)
def test_columns_of_types_that_are_none_of_ours_are_one_clear_error(
    column: str, values: Any, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        Case.from_tables(transfers=frames()["transfers"].assign(**{column: values}))


def test_further_columns_of_any_type_are_kept_as_text() -> None:
    day = datetime.date(2024, 3, 1)
    more = {"a": [[1], None, [2], []], "b": [day] * 4, "c": [Decimal("1.10"), None, Decimal(2), Decimal(3)]}
    more |= {"d": [pd.Timedelta(1, "D")] * 4, "e": [1.5, None, 2.0, 3.0], "id_generated": ["no"] * 4}
    accounts = frames()["accounts"].assign(billing_day=["1", "2", "3"])
    case = Case.from_tables(transfers=frames()["transfers"].assign(**more), accounts=accounts)
    found = case.tables.transfers
    assert found["a"].tolist()[0] == "[1]" and found["b"].tolist()[0] == "2024-03-01"
    assert found["c"].tolist()[0] == "1.10" and found["given_id_generated"].tolist()[0] == "no"
    assert case.tables.accounts["billing_day"].tolist()[:3] == ["1", "2", "3"]


def test_one_column_twice_is_one_clear_error() -> None:
    given = frames()["transfers"]
    with pytest.raises(InputError, match=r"transfers\.memo: this column is there more than once"):
        Case.from_tables(transfers=pd.concat([given, given[["memo"]]], axis=1))


def test_the_order_of_tables_does_not_matter() -> None:
    given = frames()
    backwards = dict(reversed(list(given.items())))
    assert Case.from_tables(**given).hash == Case.from_tables(**backwards).hash


def test_a_case_without_transfers_is_one(tmp_path: Path) -> None:
    alone = Case.from_tables(parties=frames()["parties"])
    assert len(alone.transfers(text="x")) == 0
    assert open_case(alone.save(tmp_path / "case").path or "").tables.names == ("parties",)


# ---------------------------------------------------------------- on disk


def test_saved_and_opened_it_is_the_same(case: Case, tmp_path: Path) -> None:
    saved = case.save(tmp_path / "case")
    opened = gf.open_case(tmp_path / "case")
    assert opened.hash == saved.hash == case.hash
    assert opened.tables.names == case.tables.names
    for name in case.tables.names:
        pd.testing.assert_frame_equal(opened.tables.frame(name), case.tables.frame(name))
        assert opened.tables.stored[name].schema.equals(case.tables.stored[name].schema)
    assert opened.tables.minor_units == case.tables.minor_units
    assert opened.report.tallies == {name: opened.report.tallies[name] for name in case.report.tallies}
    assert {n: t.as_dict() for n, t in opened.report.tallies.items()} == {
        n: t.as_dict() for n, t in case.report.tallies.items()
    }
    names = {entry["name"]: entry["key"] for entry in opened.manifest["sources"]}
    assert content_hash(opened.tables, names) == opened.hash
    assert (opened.ledger.rows == case.ledger.rows).all()
    assert len(opened.quarantine) == 0


def test_saving_over_a_case_is_asked_for(case: Case, tmp_path: Path) -> None:
    case.save(tmp_path / "case")
    other = Case.from_tables(transfers=frames()["transfers"].head(1))
    with pytest.raises(UsageError, match="there is a case here already"):
        other.save(tmp_path / "case")
    assert open_case(tmp_path / "case").hash == case.hash
    other.save(tmp_path / "case", replace=True)
    assert open_case(tmp_path / "case").hash == other.hash
    assert [entry["name"] for entry in open_case(tmp_path / "case").manifest["sources"]] == ["<transfers>"]


def test_a_case_from_disk_can_be_saved_elsewhere_and_added_to(case: Case, tmp_path: Path) -> None:
    case.save(tmp_path / "one")
    open_case(tmp_path / "one").save(tmp_path / "two")
    assert open_case(tmp_path / "two").hash == case.hash
    more = tmp_path / "transfers.csv"
    more.write_text("transfer_id,time,source,target,amount\nt9,2024-03-05,A,B,1\n")
    report = gf.import_sources(tmp_path / "two", more)
    assert report.tallies["transfers"].rows["loaded"] == 5


def test_what_is_open_stays_what_it_was(case: Case, tmp_path: Path) -> None:
    """Nothing was read before the case was rewritten three times over: it is still the first."""
    case.save(tmp_path / "case")
    first = open_case(tmp_path / "case")
    for amount in ("1", "2", "3"):
        frame = frames()["transfers"].head(1).assign(amount=amount)
        Case.from_tables(transfers=frame).save(tmp_path / "case", replace=True)
    assert first.tables.transfers["amount"].tolist() == [10000, 4050, 700, 701]
    assert len(first.ledger.rows) == 4
    assert len(first.quarantine) == 0
    assert first.report.hash == first.hash == case.hash
    assert open_case(tmp_path / "case").tables.transfers["amount"].tolist() == [300]


def test_the_tables_alone_keep_their_version_too(case: Case, tmp_path: Path) -> None:
    case.save(tmp_path / "case")
    tables = open_case(tmp_path / "case").tables
    gc.collect()
    for amount in ("1", "2", "3"):
        frame = frames()["transfers"].head(1).assign(amount=amount)
        Case.from_tables(transfers=frame).save(tmp_path / "case", replace=True)
    assert tables.transfers["amount"].tolist() == [10000, 4050, 700, 701]


def test_opening_reads_no_table(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case.save(tmp_path / "case")
    read: list[Path] = []
    monkeypatch.setattr("graphflow.case.read_table", read.append)
    opened = open_case(tmp_path / "case")
    assert opened.tables.names == case.tables.names
    assert opened.ledger is not None
    assert opened.hash == case.hash
    assert read == []


# ---------------------------------------------------------------- search


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({}, ["t1", "t2", "t3", "t4"]),
        ({"text": "RENT"}, ["t2"]),
        ({"text": "张三"}, ["t1"]),
        ({"text": "charlie"}, ["t2"]),
        ({"text": "t3"}, ["t3"]),
        ({"text": "100% (x)"}, ["t4"]),
        ({"text": ".*"}, []),
        ({"text": "third"}, ["t2", "t3"]),
        ({"text": "王五"}, ["t1", "t2", "t3", "t4"]),
        ({"party": "Q"}, ["t1", "t2"]),
        ({"party": "王五"}, ["t1", "t2", "t3", "t4"]),
        ({"party": "R"}, []),
        ({"least": "40.50"}, ["t1", "t2"]),
        ({"least": Decimal("7.005")}, ["t1", "t2", "t4"]),
        ({"least": 4051}, ["t1"]),
        ({"least": "99999999999999999999"}, []),
        ({"since": "2024-03-02"}, ["t3", "t4"]),
        ({"until": "2024-03-01"}, ["t1", "t2"]),
        ({"until": T.format(1)}, ["t1"]),
        ({"since": T.format(2), "until": T.format(2)}, ["t2"]),
        ({"since": "2024-03-01T02:00:01", "until": "2024-03-02T12:00:00"}, ["t3"]),
        ({"since": "2024-03-02T23:59:59", "until": "2024-03-02T23:59:59.5"}, ["t3"]),
        ({"since": datetime.date(2024, 3, 3)}, ["t4"]),
        ({"until": datetime.datetime(2024, 3, 1, 1)}, ["t1"]),
        ({"since": "2024-02-29T18:00:00+00:00", "until": "2024-02-29T18:00:00Z"}, ["t2"]),
        ({"text": "a", "since": "2024-03-02", "least": "7.01"}, ["t4"]),
    ],
)
def test_search(case: Case, conditions: dict[str, Any], found: list[str]) -> None:
    assert ids(case.transfers(**conditions)) == found


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"party": "nobody"}, "no party has this id or name"),
        ({"party": "Ms Q"}, "several parties have this name"),
        ({"least": "much"}, "not an amount"),
        ({"least": 1.5}, "not an amount"),
        (
            {"since": "March"},
            "not a time; given: March; expected: such as 2024-03-01, or 2024-03-01T09:30:00$",
        ),
    ],
)
def test_search_for_what_cannot_be(case: Case, conditions: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        case.transfers(**conditions)


def test_several_parties_are_listed(case: Case) -> None:
    with pytest.raises(UsageError, match=r"expected: Q \(Ms Q\), R \(Ms Q\)$"):
        case.transfers(party="Ms Q")


# ---------------------------------------------------------------- the hash


def media(**columns: Any) -> Tables:
    return Tables({"media": pa.table(columns)})


TEXT = pa.large_string()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"medium_id": pa.array(["ab", "c"], TEXT)}, {"medium_id": pa.array(["a", "bc"], TEXT)}),
        ({"medium_id": pa.array(["a", "b"], TEXT)}, {"medium_id": pa.array(["b", "a"], TEXT)}),
        ({"medium_id": pa.array(["a", ""], TEXT)}, {"medium_id": pa.array(["a", None], TEXT)}),
        ({"medium_id": pa.array([None, "a"], TEXT)}, {"medium_id": pa.array(["a", None], TEXT)}),
        ({"n": pa.array([0, 1])}, {"n": pa.array([None, 1])}),
        ({"n": pa.array([1, 2])}, {"n": pa.array([1, 3])}),
        ({"n": pa.array([1.0, 2.0])}, {"n": pa.array([1.0, 2.5])}),
        ({"n": pa.array([True, False])}, {"n": pa.array([True, None])}),
        ({"n": pa.array([True, False])}, {"n": pa.array([True, True])}),
        ({"n": pa.array([1, 2])}, {"m": pa.array([1, 2])}),
        ({"a": pa.array([1]), "b": pa.array([2])}, {"a": pa.array([2]), "b": pa.array([1])}),
        ({"source_file": pa.array(["f"], TEXT)}, {"source_file": pa.array(["g"], TEXT)}),
    ],
)
def test_the_hash_sees_every_difference(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert content_hash(media(**one)) != content_hash(media(**other))


def test_the_hash_sees_units() -> None:
    table = {"media": pa.table({"n": pa.array([1])})}
    units = [("CNY", "UTC", {}), ("USD", "UTC", {}), ("CNY", "Asia/Shanghai", {}), ("CNY", "UTC", {"CNY": 2})]
    assert len({content_hash(Tables(table, *unit)) for unit in units}) == len(units)


def test_the_hash_does_not_see_how_rows_are_held() -> None:
    texts = ["a", None, "ccc", "", "dd"]
    whole = media(medium_id=pa.array(texts, TEXT), n=pa.array([1, None, 3, 4, 5]))
    pieces = pa.chunked_array([pa.array(texts[:2], TEXT), pa.array([], TEXT), pa.array(texts[2:], TEXT)])
    numbers = pa.chunked_array([[1], [None, 3, 4, 5]], pa.int64())
    sliced = pa.array(["x", *texts, "y"], TEXT).slice(1, 5)
    expected = content_hash(whole)
    assert content_hash(media(medium_id=pieces, n=numbers)) == expected
    assert content_hash(media(n=numbers, medium_id=sliced)) == expected
    empty = pa.nulls(5, TEXT)
    assert content_hash(media(medium_id=sliced, n=numbers, kind=empty)) == expected, (
        "an empty column says nothing"
    )
    assert (
        content_hash(Tables({**whole.stored, "parties": pa.table({"party_id": pa.array([], TEXT)})}))
        == expected
    )


def test_the_hash_stands_for_files_by_their_bytes() -> None:
    one = media(n=pa.array([1, 2]), source_file=pa.array(["f", "g"], TEXT))
    two = media(n=pa.array([1, 2]), source_file=pa.array(["renamed", "g"], TEXT))
    assert content_hash(one, {"f": "k1", "g": "k2"}) == content_hash(two, {"renamed": "k1", "g": "k2"})
    assert content_hash(one, {"f": "k1", "g": "k2"}) != content_hash(two, {"renamed": "k3", "g": "k2"})


def test_the_hash_is_the_same_in_every_release() -> None:
    """Manifests and evidence keep it: a change here needs a new layout of cases."""
    moments = pa.array([0, 1, None]).cast(pa.timestamp("us", "UTC"))
    table = pa.table({"medium_id": pa.array(["a", None, "张三"], TEXT), "opened": moments})
    found = content_hash(Tables({"media": table}, "CNY", "Asia/Shanghai", {"CNY": 2}))
    assert found == "1e1817103ec6bf3d002ad3200ab99e1a38b21ddf1f738147a5d66b9ba74f44d0"


def test_a_ledger_of_another_layout_is_compiled_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {"transfer_id": ["t"], "time": ["2024-03-01"], "source": ["A"], "target": ["B"], "amount": ["5"]}
    source = tmp_path / "transfers.csv"
    pd.DataFrame(rows).to_csv(source, index=False)
    gf.import_sources(tmp_path / "case", source)
    before = gf.open_case(tmp_path / "case")
    monkeypatch.setattr("graphflow.ledger.form.FORM", 99)
    assert gf.trace(gf.open_case(tmp_path / "case"), "transfer:t").seed == 500  # out of the tables
    gf.import_sources(tmp_path / "case", source)  # adds nothing, and writes the arrays anew
    after = gf.open_case(tmp_path / "case")
    assert after.manifest["version"] == before.manifest["version"] + 1
    assert after.hash == before.hash
