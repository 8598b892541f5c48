"""IBM AMLworld: `*_Trans.csv` (its header has `Account` twice), `*_Patterns.txt`, `*_accounts.csv`.

An account is a bank and a number: `BANK:NUMBER`, the bank without the zeros that some files pad it with.
The rows of the patterns are rows of the transactions: where both files are there they only label them, each
once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import InputError, Problem
from graphflow.language import N_
from graphflow.tables import Note, Raw
from loaders import grid as grids
from loaders.mapping import (
    TEXT,
    join,
    provenance,
    refused_rows,
    source_files,
    texts,
    told_by,
    unread_notes,
    unreadable_rows,
)
from loaders.source import File, Source

HEADER = (
    "timestamp",
    "from bank",
    "account",
    "to bank",
    "account",
    "amount received",
    "receiving currency",
    "amount paid",
    "payment currency",
    "payment format",
)
ACCOUNT_HEADER = {"bank name", "bank id", "account number", "entity id", "entity name"}
BLOCK = re.compile(r"^(BEGIN|END) LAUNDERING ATTEMPT(?: - ([^:]*))?:?\s*(.*)$")

CURRENCIES = {
    "US Dollar": "USD",
    "Euro": "EUR",
    "Yuan": "CNY",
    "Yen": "JPY",
    "Rupee": "INR",
    "Ruble": "RUB",
    "Swiss Franc": "CHF",
    "Shekel": "ILS",
    "UK Pound": "GBP",
    "Australian Dollar": "AUD",
    "Canadian Dollar": "CAD",
    "Brazil Real": "BRL",
    "Mexican Peso": "MXN",
    "Saudi Riyal": "SAR",
    "Bitcoin": "BTC",
}
# The simulator writes every currency with two decimals, the yen too, and bitcoin with six.
MINOR_UNITS = {code: 6 if code == "BTC" else 2 for code in CURRENCIES.values()}

ENTITIES = {
    "individual": "person",
    "sole proprietorship": "person",
    "partnership": "partnership",
    "country": "government",
}
SPOILED = r"^\d(?:[.,]\d+)?[Ee]\+\d+$"


def claims(source: Source) -> tuple[File, ...]:
    return tuple(file for file in source.files if _role(file))


def _role(file: File) -> str:
    if file.kind != "text":
        return ""
    line = grids.first_line(file)
    if BLOCK.match(line):
        return "patterns"
    names = [name.lower().removesuffix(".1") for name in grids.split_line(line, ",")]
    if tuple(names[: len(HEADER)]) == HEADER:
        return "transfers"
    return "accounts" if set(names) >= ACCOUNT_HEADER else ""


def load(source: Source, *, currency: str | None = None, timezone: str | None = None) -> Raw:
    """Read the files of one AMLworld set.

    Parameters
    ----------
    source
        Files that `claims` has named.
    currency
        Not used: every row names its own.
    timezone
        Of the times, which have no offset; UTC without it.
    """
    raw = Raw(
        {}, timezone=timezone or "UTC", minor_units=dict(MINOR_UNITS), files=source_files(source, "amlworld")
    )
    notes = unread_notes(source)
    attempts = [attempt for file in source.files if _role(file) == "patterns" for attempt in _attempts(file)]
    refused: list[pa.Table] = []
    parts: list[pa.Table] = []
    for file in source.files:
        if _role(file) == "transfers":
            grid = grids.read_text(file)
            unread = unreadable_rows(grid)
            refused += [] if unread is None else [unread]
            labels, attempts = _labels([grid.column(i) for i in range(len(HEADER))], attempts)
            ready, bad = _transfers(
                file, [grid.column(i) for i in range(grid.table.num_columns)], grid.rows, labels
            )
            parts.append(ready)
            refused += [] if bad is None else [bad]
            for name in sorted({one.file.name for one in labels.values()}):
                count = sum(one.file.name == name for one in labels.values())
                notes.append(
                    told_by(
                        next(one.file for one in labels.values() if one.file.name == name), count, "transfers"
                    )
                )
    files = {attempt.file.name: attempt.file for attempt in attempts}
    for name, file in files.items():
        own = [attempt for attempt in attempts if attempt.file.name == name]
        columns = [texts([one.cells[i] for one in own]) for i in range(len(HEADER) + 1)]
        rows = np.asarray([one.row for one in own], np.int64)
        ready, bad = _transfers(file, columns, rows, dict(enumerate(own)))
        parts.append(ready)
        refused += [] if bad is None else [bad]
    accounts = [grids.read_text(file) for file in source.files if _role(file) == "accounts"]
    if parts:
        raw.tables["transfers"] = join(parts)
        notes += _spoiled_notes(raw.tables["transfers"])
    elif not refused:
        raise InputError(
            Problem(
                str(source.path),
                N_("has no AMLworld transactions"),
                expected=N_("a file with the header Timestamp, From Bank, Account, …, or Patterns.txt"),
            )
        )
    raw.refused = {"transfers": join(refused)} if refused else {}
    raw.rows_read["transfers"] = sum(part.num_rows for part in parts) + sum(part.num_rows for part in refused)
    _describe(raw, accounts)
    raw.notes = tuple(notes)
    return raw


class Attempt:
    """One row of a laundering attempt."""

    def __init__(self, file: File, row: int, cells: list[str], number: int, kind: str, detail: str) -> None:
        self.file, self.row, self.cells = file, row, cells
        self.number, self.kind, self.detail = number, kind, detail


def _attempts(file: File) -> Iterator[Attempt]:
    number, kind, detail, open_ = 0, "", "", False
    problems = []
    for row, line in enumerate(file.path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        block = BLOCK.match(line)
        if block and block[1] == "BEGIN":
            number, kind, detail, open_ = number + 1, (block[2] or "").strip().lower(), block[3].strip(), True
        elif block:
            open_ = False
        elif line.strip():
            cells = grids.split_line(line, ",")
            if len(cells) == len(HEADER) + 1 and open_ and "\ufffd" not in line:
                yield Attempt(file, row, cells, number, kind, detail)
            else:
                problems.append((row, line))
    if open_:
        problems.append((row, N_("the last block has no END")))
    if problems:
        raise InputError(
            Problem(
                file.name,
                N_("{count} lines are no rows of a laundering attempt"),
                {"count": len(problems)},
                first=f"{problems[0][0]}: {problems[0][1][:200]}",
                expected=N_("rows of eleven cells between BEGIN and END"),
            )
        )


def _key(cells: list[str]) -> tuple[str, ...]:
    return (cells[0], cells[1].lstrip("0"), cells[2], cells[3].lstrip("0"), cells[4], *cells[5:10])


def _labels(columns: list[Any], attempts: list[Attempt]) -> tuple[dict[int, Attempt], list[Attempt]]:
    """Which of the rows an attempt's rows are, one to one; and the attempts' rows that are none of them."""
    if not attempts:
        return {}, []
    wanted: dict[tuple[str, ...], list[Attempt]] = {}
    for attempt in attempts:
        wanted.setdefault(_key(attempt.cells), []).append(attempt)
    near = np.asarray(pc.is_in(columns[4], value_set=texts({one.cells[4] for one in attempts})), dtype=bool)
    at = np.flatnonzero(near)
    cells = [column.filter(pa.array(near)).to_pylist() for column in columns[: len(HEADER)]]
    labels: dict[int, Attempt] = {}
    for place, row in zip(at, zip(*cells, strict=True), strict=True):
        waiting = wanted.get(_key(list(row)))
        if waiting:
            labels[int(place)] = waiting.pop(0)
    done = {id(attempt) for attempt in labels.values()}
    return labels, [attempt for attempt in attempts if id(attempt) not in done]


def _transfers(
    file: File, columns: list[Any], rows: npt.NDArray[np.int64], labels: dict[int, Attempt]
) -> tuple[pa.Table, pa.Table | None]:
    n = len(rows)
    time = pc.replace_substring_regex(columns[0], r"^(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d.*)$", r"\1-\2-\3T\4")
    paid, received = columns[7], columns[5]
    from_currency, to_currency = _codes(columns[8]), _codes(columns[6])
    same = pc.equal(from_currency, to_currency)
    lost = np.asarray(pc.and_(same, pc.not_equal(paid, received)), dtype=bool)
    made = {
        "time": time,
        "source": _account(columns[1], columns[2]),
        "target": _account(columns[3], columns[4]),
        "amount": paid,
        "currency": from_currency,
        "target_amount": pc.if_else(same, pa.scalar(None, TEXT), received.cast(TEXT)),
        "target_currency": pc.if_else(same, pa.scalar(None, TEXT), to_currency),
        "channel": columns[9],
        "source_bank": columns[1],
        "target_bank": columns[3],
    }
    if len(columns) > len(HEADER):
        made["is_laundering"] = columns[10]
    label: list[Attempt | None] = [None] * n
    for at, one in labels.items():
        label[at] = one
    if labels:
        made["attempt"] = texts([None if one is None else str(one.number) for one in label])
        made["typology"] = texts([None if one is None else one.kind for one in label])
        made["typology_detail"] = texts([None if one is None else one.detail for one in label])
    if not lost.any():
        return provenance(made, file, None, rows), None
    bad = {name: column.filter(pa.array(lost)) for name, column in made.items()}
    refused = refused_rows(
        bad,
        file,
        None,
        rows[lost],
        reason=N_("paid and received differ in one currency"),
        column="target_amount",
        value=received.filter(pa.array(lost)),
        expected=N_("equal amounts, or two currencies"),
    )
    keep = {name: column.filter(pa.array(~lost)) for name, column in made.items()}
    return provenance(keep, file, None, rows[~lost]), refused


def _codes(column: Any) -> Any:
    """Currency names as codes; a name that is not AMLworld's stays, and is refused at the door."""
    names = list(CURRENCIES)
    at = pc.index_in(column, value_set=texts(names))
    return pc.coalesce(
        texts(CURRENCIES.values()).take(at.combine_chunks() if isinstance(at, pa.ChunkedArray) else at),
        column.cast(TEXT).combine_chunks() if isinstance(column, pa.ChunkedArray) else column.cast(TEXT),
    )


def _account(bank: Any, number: Any) -> Any:
    plain = pc.replace_substring_regex(bank.cast(TEXT), r"^0+(\d)", r"\1")
    return pc.binary_join_element_wise(plain, number.cast(TEXT), pa.scalar(":", TEXT))


def _spoiled_notes(transfers: pa.Table) -> list[Note]:
    """Account numbers such as 800057E30 that a spreadsheet has taken for numbers: kept as written, said."""
    count, first = 0, ""
    bad = np.zeros(transfers.num_rows, dtype=bool)
    for side in ("source", "target"):
        number = pc.replace_substring_regex(transfers[side], r"^[^:]*:", "")
        mask = np.asarray(pc.match_substring_regex(number, SPOILED), dtype=bool)
        if mask.any() and not first:
            first = transfers[side][int(np.flatnonzero(mask)[0])].as_py()
        bad |= mask
    count = int(bad.sum())
    if not count:
        return []
    return [
        Note(
            "spoiled_ids",
            N_(
                "{count} rows have an account number that a spreadsheet made a power of ten ({first}); "
                "it is kept as written, so the account may stand apart from itself in other files"
            ),
            {"count": count, "first": first},
            count,
        )
    ]


def _describe(raw: Raw, file_grids: list[grids.Grid]) -> None:
    """Accounts and their owners, where there is a file of them; others the tables add by themselves."""
    made: list[pa.Table] = []
    for grid in file_grids:
        given = {name.lower(): grid.column(i) for i, name in enumerate(grid.header)}
        owned = {
            "account_id": _account(given["bank id"], given["account number"]),
            "bank": given["bank name"],
            "party_id": given["entity id"],
            "source_id": pc.binary_join_element_wise(
                given["bank id"], given["account number"], pa.scalar(":", TEXT)
            ),
        }
        made.append(provenance(owned, grid.file, None, grid.rows))
        raw.tables["parties"] = _parties(raw, grid, given)
        bad = unreadable_rows(grid)
        if bad is not None:
            raw.refused["accounts"] = join(
                [*([raw.refused["accounts"]] if "accounts" in raw.refused else []), bad]
            )
    if made:
        raw.tables["accounts"] = join(made)
        bad_rows = raw.refused["accounts"].num_rows if "accounts" in raw.refused else 0
        raw.rows_read["accounts"] = raw.tables["accounts"].num_rows + bad_rows


def _parties(raw: Raw, grid: grids.Grid, given: dict[str, Any]) -> pa.Table:
    """Each entity once, at its first row."""
    first: dict[str, int] = {}
    for at, entity in enumerate(given["entity id"].to_pylist()):
        first.setdefault(entity, at)
    places = np.array(list(first.values()), np.int64)
    at = pa.array(places)
    names = given["entity name"].take(at)
    kinds = [
        ENTITIES.get(re.sub(r"\s*#.*$", "", name).strip().lower(), "company") for name in names.to_pylist()
    ]
    columns = {"party_id": given["entity id"].take(at), "name": names, "kind": texts(kinds)}
    made = provenance(columns, grid.file, None, grid.rows[places])
    return join([raw.tables["parties"], made]) if "parties" in raw.tables else made
