"""A long table kept on disk while a case is made of it: nothing that is found, refused or answered is another."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import graphflow as gf
import loaders.canonical
from graphflow import contents, intake, parts
from graphflow.contents import table_digest
from graphflow.sealing import Sealing
from graphflow.tables import Shelf, ShelfWriter, check, digest, join, shelf
from graphflow.tables.columns import constant

MODULES = (check, shelf, parts, intake, loaders.canonical)


@contextmanager
def long_from(rows: int) -> Iterator[None]:
    """Tables of so many rows are long, and every piece has seven."""
    with pytest.MonkeyPatch.context() as patch:
        for module in MODULES:
            patch.setattr(module, "LONG", rows)
        for module in (check, contents, digest, join, shelf):
            patch.setattr(module, "PIECE", 7)
        patch.setattr(loaders.canonical, "_AT_ONCE", 7)
        yield


def source(folder: Path, number: int, form: str, ids: bool = True) -> Path:
    """Transfers as they come: twice, of no amount, damaged, bare dates late in the file, other sides unknown."""
    rng = random.Random(number)
    size = rng.choice((0, 1, 6, 7, 8, 40, 100))
    dated = rng.random() < 0.4
    names = ["A", "B", "C", "cash:A", "tax", "card", "D" * 9]
    columns: dict[str, list[str | None]] = {name: [] for name in (
        "transfer_id", "time", "source", "target", "amount", "currency", "target_time", "reversal_of",
        "target_amount", "target_currency", "source_balance", "memo", "loan_id", "other",
    )}  # fmt: skip
    for i in range(size):
        late = dated and i > size // 2 and rng.random() < 0.3
        row = {
            "transfer_id": f"t{rng.randrange(i + 1) if rng.random() < 0.05 else i:04}",
            "time": "2024-03-05" if late else f"2024-03-{1 + i % 28:02}T10:{i % 60:02}:00",
            "source": rng.choice(names),
            "target": rng.choice(names),
            "amount": rng.choice(("5.00", "17.5", "0", "-3", "1.234", "x", "100"))
            if rng.random() < 0.2
            else "9.99",
            "currency": rng.choice(("CNY", "", "USD", "XXY")) if rng.random() < 0.1 else "CNY",
            "target_time": f"2024-04-{1 + i % 28:02}" if rng.random() < 0.1 else "",
            "reversal_of": f"t{rng.randrange(size):04}" if rng.random() < 0.1 else "",
            "target_amount": "3.00" if rng.random() < 0.1 else "",
            "target_currency": "",
            "source_balance": "100.00" if rng.random() < 0.1 else "",
            "memo": rng.choice((" a ", "", "rent")),
            "loan_id": rng.choice(("L1", "", "L2")),
            "other": str(i),
        }
        row["target_currency"] = "EUR" if row["target_amount"] else ""
        for name, value in row.items():
            columns[name].append(value or None)
    if not ids:
        del columns["transfer_id"]
    folder.mkdir(parents=True)
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    if form == "csv":
        pyarrow.csv.write_csv(table, folder / "transfers.csv")
    else:
        at = table.column_names.index("memo")
        table = table.set_column(at, "memo", table["memo"].combine_chunks().dictionary_encode())
        pq.write_table(table, folder / "transfers.parquet", row_group_size=rng.choice((3, 5, 50)))
    accounts = {"account_id": ["A", "B"], "aliases": [None, "card"], "kind": ["client_custody", "settlement"]}
    if rng.random() < 0.6:
        pyarrow.csv.write_csv(pa.table(accounts), folder / "accounts.csv")
    return folder


def everything(path: Path) -> dict[str, Any]:
    """All that a case says but where it lies and when it was written."""
    case = gf.open_case(path)
    report = case.report.as_dict()
    del report["case"]
    found: dict[str, Any] = {"hash": case.hash, "report": report, "counts": case.manifest["counts"]}
    found["quarantine"] = case.quarantine.to_dict("list")
    found["listed"] = {name: rows.to_pydict() for name, rows in case.listed.items()}
    found["tables"] = {name: case.tables.arrow(name).to_pydict() for name in case.tables.names}
    for part in case.parts():
        read = {
            name: getattr(rows, "read", lambda rows=rows: rows)()
            for name, rows in part.checked.tables.items()
        }
        found[part.key] = {name: rows.to_pydict() for name, rows in read.items()}
    case.verify()
    for file in sorted((path / "versions" / str(case.manifest["version"]) / "ledger").iterdir()):
        found[file.name] = file.read_bytes()
    return found


def attempted(path: Path, *steps: Any) -> Any:
    try:
        for step in steps:
            gf.import_sources(path, step)
    except gf.InputError as error:
        return str(error)
    return everything(path)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_case_of_long_tables_is_the_same(form: str, tmp_path: Path) -> None:
    shelved = 0
    for number in range(12):
        one = source(tmp_path / f"{number}" / "one", number, form, ids=number % 6 != 5)
        two = source(tmp_path / f"{number}" / "two", number + 500, form)
        steps = ([one],) if number % 3 else ([one], [two]) if number % 2 else ([one, two],)
        with long_from(1 << 40):
            expected = attempted(tmp_path / f"{number}" / "plain", *steps)
        with long_from(1):
            assert attempted(tmp_path / f"{number}" / "long", *steps) == expected
        links = [
            file.stat().st_nlink for file in (tmp_path / f"{number}" / "long").rglob("transfers.parquet")
        ]
        shelved += max(links, default=1) > 1
    assert shelved > 1  # of the same bytes there is one file


def writer(tmp_path: Path, rows: int) -> ShelfWriter:
    return ShelfWriter("transfers", tmp_path / "transfers.parquet", "a.csv", Sealing(), rows)


def rows_of(first: int, count: int, **more: Any) -> pa.Table:
    numbers = np.arange(first, first + count)
    return pa.table(
        {
            "transfer_id": pa.array([f"t{n:05}" for n in numbers], pa.large_string()),
            "source": pa.array([None if n % 5 == 0 else f"A{n % 3}" for n in numbers], pa.large_string()),
            "target": pa.array([f"B{n % 4}" for n in numbers], pa.large_string()),
            "amount": pa.array(numbers),
            "currency": constant("CNY", count),
            **{name: pa.array(values) for name, values in more.items()},
            "source_file": constant("key", count),
            "source_row": pa.array(numbers),
        }
    )


def test_what_is_known_of_a_shelf_is_what_its_rows_say(tmp_path: Path) -> None:
    with long_from(1):
        file = writer(tmp_path, 100)
        for at, count in ((0, 3), (3, 20), (23, 1), (24, 30)):
            file.add(rows_of(at, count))
        kept = file.close()
        fresh = Shelf.of(kept.file).set_column(5, "source_file", constant("key", 54))
        whole = rows_of(0, 54)
        assert kept.read().equals(whole)
        assert fresh.read().equals(whole)
        for one in (kept, fresh):
            assert table_digest("transfers", one) == table_digest("transfers", whole)
            assert [one.nulls(name) for name in one.column_names] == [c.null_count for c in whole.columns]
            assert one.ascending("transfer_id") and one.size("transfer_id") == 6 * 54
            assert one.words("currency").to_pylist() == ["CNY"]
            for side in ("source", "target"):
                numbers, texts = one.numbered(side)
                said = [None if n < 0 else texts[int(n)].as_py() for n in numbers]
                assert said == whole[side].to_pylist()
        assert kept.is_as_stored() is False  # the file has the name, its rows the key
        assert kept.set_column(5, "source_file", constant("a.csv", 54)).is_as_stored()
        assert not kept.set_column(5, "source_file", constant("b.csv", 54)).is_as_stored()
        assert not kept.set_column(3, "amount", pa.array(np.arange(54))).is_as_stored()
        assert kept.filter(pa.array(np.arange(54) % 2 == 0)).equals(
            whole.filter(pa.array(np.arange(54) % 2 == 0))
        )
        assert kept.take(pa.array([7, 3])).equals(whole.take(pa.array([7, 3])))


@pytest.mark.parametrize(
    "swap",
    [
        lambda ids: [*ids[:9], ids[10], ids[9], *ids[11:]],
        lambda ids: [*ids[:7], ids[6], *ids[8:]],
        lambda ids: [*ids[:7], None, *ids[8:]],
        lambda ids: [None, *ids[1:]],
    ],
)
def test_ids_out_of_order_are_seen_wherever_pieces_meet(
    swap: Callable[[list[Any]], list[Any]], tmp_path: Path
) -> None:
    with long_from(1):
        file = writer(tmp_path, 30)
        rows = rows_of(0, 30)
        ids = pa.array(swap(rows["transfer_id"].to_pylist()), pa.large_string())
        rows = rows.set_column(0, "transfer_id", ids)
        for at in range(0, 30, 4):
            file.add(rows.slice(at, 4))
        kept = file.close()
        assert not kept.ascending("transfer_id")
        assert not Shelf.of(kept.file).ascending("transfer_id")


def test_a_column_that_only_later_rows_have_is_added_to_those_before(tmp_path: Path) -> None:
    with long_from(1):
        file = writer(tmp_path, 60)
        file.add(rows_of(0, 20))
        file.add(rows_of(20, 20, time_day=[True] * 20))
        file.add(rows_of(40, 10))
        kept = file.close()
        assert kept["time_day"].to_pylist() == [False] * 20 + [True] * 20 + [False] * 10
        assert kept.column_names.index("time_day") == kept.column_names.index("source_file") - 1
        assert kept.nulls("time_day") == 0
        assert kept.digest("time_day") == Shelf.of(kept.file).digest("time_day")
        assert kept["transfer_id"].to_pylist() == rows_of(0, 50)["transfer_id"].to_pylist()
        assert not kept.file.with_suffix(".narrow").exists()
