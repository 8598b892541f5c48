"""What holds of any tables, however dirty: nothing is lost or made, and the order of sources is nothing."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from decimal import Decimal, InvalidOperation

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphflow.tables import Checked, Raw, SourceFile, iso4217, join_parts, read_raw

few = st.sampled_from
dirty_id = few(["A", "B", "C", "D", "card", "", None, " A ", "1.5E+17", "x" * 2000, "a\nb", "?", "cash:A"])
dirty_time = few(
    ["2016-04-14", "2016-04-14T09:30:00", "2016-04-14T09:30:00Z", "1988-04-17T00:30", "x", "", None]
)
dirty_amount = few(
    ["10", "0.5", "0", "0.00", "-3", "1.005", "1e3", "9" * 25, "90000000000000000", "", None, "十"]
)
dirty_currency = few(["CNY", "", None, "USD", "JPY", "usd", "QQQ"])
transfer = st.fixed_dictionaries(
    {"time": dirty_time, "source": dirty_id, "target": dirty_id, "amount": dirty_amount},
    optional={
        "transfer_id": few(["T1", "T2", "T3", "T4", None, "", "2E+5"]),
        "currency": dirty_currency,
        "memo": st.text(max_size=3),
        "source_balance": dirty_amount,
        "loan_id": few(["L1", "L2", None]),
        "reversal_of": few(["T1", "T9", None]),
        "target_amount": few(["3", None, None]),
        "target_currency": few(["USD", "CNY", None, None]),
        "statement_side": few(["source", "target", "source", "target", "O", None]),
    },
)
account = st.fixed_dictionaries(
    {"account_id": dirty_id},
    optional={
        "aliases": few(["card", "card;B", None]),
        "parent_id": few(["A", "B", None]),
        "party_id": few(["P", "Q", None]),
        "bank": few(["x", "y", None]),
        "currency": dirty_currency,
        "opening_balance": dirty_amount,
        "covered": few(["true", "否", "?", None]),
        "covered_from": dirty_time,
        "covered_to": dirty_time,
    },
)
loan = st.fixed_dictionaries(
    {
        "loan_id": few(["L1", "L2", ""]),
        "borrower_id": few(["P", None]),
        "principal": dirty_amount,
        "start": dirty_time,
    }
)
instalment = st.fixed_dictionaries({"loan_id": few(["L1", "L9"]), "due": dirty_time, "amount": dirty_amount})
stake = st.fixed_dictionaries(
    {
        "owner_id": few(["P", "Q"]),
        "company_id": few(["C", None]),
        "share": few(["0.5", "1/2", "0.12345678901", "2"]),
    }
)
tables_of = {
    "transfers": transfer,
    "accounts": account,
    "loans": loan,
    "instalments": instalment,
    "stakes": stake,
}
MONEY = {"transfers": "amount", "loans": "principal", "instalments": "amount"}


@st.composite
def sources(draw) -> Raw:
    name = draw(few(["a.csv", "b.csv", "c.csv"]))
    one_sided = draw(st.booleans())
    chosen = draw(st.sets(few(sorted(tables_of)), min_size=1))
    tables = {}
    rows = {}
    for table in sorted(chosen):
        rows[table] = draw(st.lists(tables_of[table], max_size=7))
        needed = {"transfers": ["time", "source", "target", "amount", "statement_side"]}.get(table, [])
        keys = {"accounts": ["account_id"], "loans": ["loan_id", "borrower_id", "principal", "start"]}.get(
            table, []
        )
        keys += {"instalments": ["loan_id", "due", "amount"], "stakes": ["owner_id", "company_id"]}.get(
            table, []
        )
        names = list(dict.fromkeys([*needed, *keys, *(c for row in rows[table] for c in row)]))
        columns = {c: pa.array([row.get(c) for row in rows[table]], pa.large_string()) for c in names}
        n = len(rows[table])
        place = {
            "source_file": pa.array([name] * n, pa.large_string()),
            "source_row": pa.array(range(2, n + 2), pa.int64()),
        }
        tables[table] = pa.table({**columns, **place})
    digest = hashlib.sha256(json.dumps([name, one_sided, rows]).encode()).hexdigest()
    return Raw(tables, files=(SourceFile(name, digest, 1),), one_sided=one_sided)


def counted(raw: Raw, table: str) -> tuple[int, dict[str, int], int]:
    """Rows, readable money by currency, and rows without readable money, counted the plain way."""
    rows = raw.tables[table].to_pylist()
    money: dict[str, int] = {}
    unknown = 0
    for row in rows:
        code = ((row.get("currency") or "").strip().upper() or "CNY") if table == "transfers" else "CNY"
        said = row[MONEY[table]] or ""
        try:
            places = iso4217()[code]
            value = Decimal(said) * 10**places
            good = re.fullmatch(r"[+-]?[0-9.]+", said) and value == int(value) and abs(value) < 2**63
        except (KeyError, InvalidOperation):
            good = False
        if good:
            money[code] = money.get(code, 0) + abs(int(value))
        else:
            unknown += 1
    return len(rows), money, unknown


def nonzero(money: dict[str, int]) -> dict[str, int]:
    return {currency: value for currency, value in money.items() if value}


@given(sources())
def test_the_report_of_a_source_closes_and_counts_what_was_read(raw):
    part = read_raw(raw)
    for name, table in raw.tables.items():
        tally = part.tallies[name]
        assert tally.closes
        assert tally.rows["read"] == table.num_rows
        if name in MONEY:
            rows, money, unknown = counted(raw, name)
            assert (tally.rows["read"], nonzero(tally.money["read"]), tally.unknown["read"]) == (
                rows,
                nonzero(money),
                unknown,
            )
        bad = [q["source_row"] for q in part.quarantine.to_pylist() if q["table"] == name]
        aside = part.set_aside[name]["source_row"].to_pylist() if name in part.set_aside else []
        loaded = part.tables[name]["source_row"].to_pylist()
        # Every row that was read is in one place, and in one only.
        assert sorted([*bad, *aside, *loaded]) == table["source_row"].to_pylist()


@given(st.lists(sources(), min_size=1, max_size=3))
@settings(max_examples=60)
def test_a_case_of_dirty_sources_closes_in_any_order(raws):
    parts: list[Checked] = [read_raw(raw) for raw in raws]
    tables, quarantine, report = join_parts(parts)
    other, bad, again = join_parts(parts[::-1])
    same = len({part.files[0].sha256 for part in parts}) == len(parts)
    if same:
        assert tables.names == other.names and report.tallies == again.tallies
        assert all(tables.arrow(n).equals(other.arrow(n)) for n in tables.names)
        assert sorted(map(str, quarantine.to_pylist())) == sorted(map(str, bad.to_pylist()))
    assert all(tally.closes for tally in report.tallies.values())
    for name, tally in report.tallies.items():
        read = [counted(raw, name) for raw in raws if name in raw.tables] if name in MONEY else []
        assert tally.rows["read"] == sum(raw.tables[name].num_rows for raw in raws if name in raw.tables)
        if read:
            total: dict[str, int] = {}
            for _, money, _ in read:
                for currency, value in money.items():
                    total[currency] = total.get(currency, 0) + value
            assert nonzero(tally.money["read"]) == nonzero(total)
            assert tally.unknown["read"] == sum(unknown for *_, unknown in read)
        assert sum(q["table"] == name for q in quarantine.to_pylist()) == tally.rows["quarantined"]


@given(st.lists(sources(), min_size=1, max_size=3))
@settings(max_examples=60)
def test_what_comes_out_is_never_in_a_broken_state(raws):
    tables, _, _ = join_parts([read_raw(raw) for raw in raws])

    def column(name: str, key: str) -> list:
        return tables.arrow(name)[key].to_pylist() if tables.has(name, key) else []

    accounts, parties = column("accounts", "account_id"), column("parties", "party_id")
    transfers = column("transfers", "transfer_id")
    for keys in (accounts, parties, transfers, column("loans", "loan_id")):
        assert len(keys) == len(set(keys)) and all(keys)
    assert {*column("transfers", "source"), *column("transfers", "target")} <= set(accounts)
    assert {*column("accounts", "parent_id"), *column("coverage", "account_id")} - {None} <= set(accounts)
    owners = {*column("accounts", "party_id"), *column("stakes", "owner_id"), *column("loans", "borrower_id")}
    assert owners - {None} <= set(parties)
    assert set(column("instalments", "loan_id")) <= set(column("loans", "loan_id"))
    assert all(amount > 0 for amount in column("transfers", "amount"))
    assert all(0 <= share <= 10**9 for share in column("stakes", "share") if share is not None)
    for code in column("transfers", "currency"):
        assert code in tables.minor_units


@given(
    st.lists(transfer, min_size=1, max_size=8),
    st.lists(st.integers(0, 8), max_size=4),
    few(["UTC", "Asia/Shanghai"]),
)
def test_rows_are_read_the_same_in_however_many_pieces_they_lie(rows, cuts, zone):
    names = sorted({name for row in rows for name in row} | {"transfer_id"})
    whole = pa.table({name: pa.array([row.get(name) for row in rows], pa.large_string()) for name in names})
    edges = sorted({0, len(rows), *(cut for cut in cuts if cut < len(rows))})
    pieces = pa.concat_tables([whole.slice(a, b - a) for a, b in itertools.pairwise(edges)])
    one, other = (
        read_raw(Raw({"transfers": table}, timezone=zone)) for table in (whole.combine_chunks(), pieces)
    )
    assert one.tables["transfers"].equals(other.tables["transfers"])
    assert one.quarantine.equals(other.quarantine)
    assert one.tallies == other.tallies
    assert one.set_aside.keys() == other.set_aside.keys()
    assert all(one.set_aside[name].equals(other.set_aside[name]) for name in one.set_aside)


@given(
    st.lists(
        st.none() | st.integers(-(10**20), 10**20) | st.integers(-(10**6), 10**6), min_size=1, max_size=8
    ),
    few([0, 2, 3]),
    few([None, "CNY", "JPY", "QQQ"]),
)
@example([-(2**63), 1], 2, None)
@example([2**63 - 1, None], 2, None)
@example([2**63, 0], 2, None)
def test_decimals_are_read_as_their_text_is(units, scale, currency):
    said = [None if unit is None else Decimal(unit).scaleb(-scale) for unit in units]
    read = []
    for kind, values in (
        (pa.decimal128(38, scale), said),
        (pa.large_string(), [None if value is None else f"{value:f}" for value in said]),
    ):
        rows = pa.table(
            {
                "transfer_id": pa.array([f"T{i}" for i in range(len(said))], pa.large_string()),
                "time": pa.array(["2016-04-14"] * len(said), pa.large_string()),
                "source": pa.array(["A"] * len(said), pa.large_string()),
                "target": pa.array(["B"] * len(said), pa.large_string()),
                "currency": pa.array([currency] * len(said), pa.large_string()),
                "amount": pa.array(values, kind),
                "source_balance": pa.array([None, *values], kind).slice(1),
            }
        )
        read.append(read_raw(Raw({"transfers": rows})))
    one, other = read
    assert one.tables["transfers"].equals(other.tables["transfers"])
    assert one.quarantine.equals(other.quarantine)
    assert one.tallies == other.tallies
