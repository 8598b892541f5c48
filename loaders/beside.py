"""The files beside the transactions of a 调单 answer, and what these say of accounts and people.

Every row here is a function of its one file: what several files say of the same account is joined by the
tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.language import N_
from graphflow.tables import Note
from loaders import cleaning, headings
from loaders.grid import Grid
from loaders.mapping import TEXT, join, spoiled, texts

Row = dict[str, Any]

_FIELDS: dict[str, tuple[str, ...]] = {
    "name": ("账户开户名称", "开户名称", "客户名称(客户姓名)", "客户姓名", "客户名称", "账户人姓名"),
    "number": ("开户人证件号码", "证照号码", "证件号码"),
    "number_type": ("开户人证件类型", "证照类型", "证件类型"),
    "card": ("交易卡号", "卡号"),
    "account": ("交易账号", "账号", "开户账号"),
    "sub": ("子账户账号",),
    "opened": ("账号开户时间", "开户时间", "开户日期"),
    "closed": ("销户日期", "销户时间"),
    "currency": ("币种",),
    "bank": ("账号开户银行", "银行名称", "反馈单位"),
    "phone": ("联系电话", "开户联系方式", "联系手机"),
    "address": ("通信地址", "住宅地址", "户籍地址", "单位地址"),
    "email": ("邮箱地址",),
    "agent": ("代理人", "代办人姓名"),
    "agent_number": ("代办人证件号码",),
    "agent_type": ("代办人证件类型",),
    "chief": ("法人代表",),
    "chief_number": ("法人代表证件号码",),
    "chief_type": ("法人代表证件类型",),
    "task": ("任务流水号",),
    "answer": ("反馈结果", "查询结果"),
    "answer_more": ("反馈明细结果", "反馈非明细结果", "查询反馈结果原因"),
    "asked": ("账卡号", "证账号码", "账卡号码"),
}
_PLACED = {"name", "number", "number_type", "card", "account", "sub", "opened", "closed", "currency", "bank"}
_IDS = ("number", "card", "account", "sub", "agent_number", "chief_number")


@dataclass
class Beside:
    """Rows of accounts, parties and relations, gathered file by file."""

    accounts: list[pa.Table] = field(default_factory=list)
    parties: list[pa.Table] = field(default_factory=list)
    relations: list[pa.Table] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def tables(self) -> dict[str, pa.Table]:
        return {
            name: join(made) for name in ("accounts", "parties", "relations") if (made := getattr(self, name))
        }

    def add(self, kind: str, grid: Grid, bank: str) -> None:
        """A file other than one of transactions."""
        given = _Given(grid)
        if kind == "tasks":
            self._tasks(given)
        elif kind == "accounts":
            self._accounts(given, bank)
        elif kind == "subaccounts":
            self._subaccounts(given, bank)
        elif kind == "measures":
            self._measures(given, bank)
        else:
            self._put(self.parties, grid, _together(_people(given), "party_id"))

    # ------------------------------------------------------------ from the files of their own

    def _accounts(self, given: _Given, bank: str) -> None:
        rows: list[Row] = []
        people: list[Row] = []
        ties: list[Row] = []
        lost = 0
        for row in given.rows():
            number = row["account"] or row["card"]
            if number is None:
                lost += 1
                continue
            rows.append(
                {
                    "account_id": number,
                    "aliases": row["card"] if row["card"] != number else None,
                    "name": row["name"],
                    "party_id": row["number"],
                    "signer_id": row["agent_number"],
                    "bank": bank or row["bank"],
                    "currency": headings.currency(row["currency"] or ""),
                    "opened": row["opened"],
                    "closed": row["closed"],
                    **row["further"],
                    "source_row": row["source_row"],
                }
            )
            for who, name, kind in (
                ("agent_number", "agent", "agent_type"),
                ("chief_number", "chief", "chief_type"),
            ):
                if row[who] and row[name]:
                    people.append(_party(row[who], row[name], row[kind], row["source_row"]))
            if row["chief_number"] and row["number"] and row["chief_number"] != row["number"]:
                ties.append(
                    {
                        "party_id": row["chief_number"],
                        "other_id": row["number"],
                        "kind": "legal_representative",
                        "source": "账户信息",
                        "source_row": row["source_row"],
                    }
                )
        if lost:
            self.notes.append(
                Note(
                    "account_without_number",
                    N_("{count} rows of {file} name no account that can be read and were left out"),
                    {"count": lost, "file": given.grid.file.name},
                    lost,
                )
            )
        self._put(self.accounts, given.grid, _together(rows, "account_id", {"aliases"}))
        self._put(self.parties, given.grid, _together([*_people(given), *people], "party_id"))
        self._put(self.relations, given.grid, _once(ties))

    def _subaccounts(self, given: _Given, bank: str) -> None:
        rows = []
        short = 0
        for row in given.rows():
            main, sub = row["account"], row["sub"]
            if not sub or sub == main:
                continue
            if len(sub) < 8:  # a running number, which means something beside its account only
                short += 1
                continue
            rows.append(
                {
                    "account_id": sub,
                    "parent_id": main,
                    "name": row["name"],
                    "bank": bank or row["bank"],
                    "currency": headings.currency(row["currency"] or ""),
                    **row["further"],
                    "source_row": row["source_row"],
                }
            )
        if short:
            self.notes.append(
                Note(
                    "short_subaccounts",
                    N_("{count} sub-accounts of {file} have a mere running number and were left out"),
                    {"count": short, "file": given.grid.file.name},
                    short,
                )
            )
        self._put(self.accounts, given.grid, _together(rows, "account_id"))

    def _measures(self, given: _Given, bank: str) -> None:
        """What is frozen, kept beside the account under the file's own headings."""
        rows = [
            {
                "account_id": row["account"] or row["card"],
                "bank": bank or row["bank"],
                **row["further"],
                "source_row": row["source_row"],
            }
            for row in given.rows()
            if row["account"] or row["card"]
        ]
        measures = {name for row in rows for name in row if name not in ("account_id", "bank", "source_row")}
        self._put(self.accounts, given.grid, _together(rows, "account_id", measures))

    def _tasks(self, given: _Given) -> None:
        """What was asked and not answered: the next statements to ask for."""
        failed = [row for row in given.rows() if headings.success(row["answer"] or "") == "no"]
        if failed:
            first = failed[0]
            self.notes.append(
                Note(
                    "task_failed",
                    N_("{count} requests of {file} were not answered, the first for {account}: {reason}"),
                    {
                        "count": len(failed),
                        "file": given.grid.file.name,
                        "account": first["asked"] or first["account"] or first["task"] or "?",
                        "reason": first["answer_more"] or first["answer"],
                    },
                    len(failed),
                )
            )

    # ------------------------------------------------------------ from transactions

    def holders(
        self, own: pa.Array, columns: dict[str, pa.Array], bank: str, grid: Grid, rows: npt.NDArray[np.int64]
    ) -> None:
        """The accounts whose statement a file is, with their cards and holders."""
        seen = _distinct(
            {
                "own": own,
                "card": columns["own_card"],
                "name": columns["own_name"],
                "number": columns["own_number"],
                "bank": columns["own_bank"],
            },
            rows,
        )
        accounts: list[Row] = []
        people: list[Row] = []
        for row in seen:
            if row["own"] is None:
                continue
            card = row["card"] if row["card"] != row["own"] else None
            accounts.append(
                {
                    "account_id": row["own"],
                    "aliases": card,
                    "name": row["name"],
                    "party_id": row["number"],
                    "bank": bank or row["bank"],
                    "source_row": row["row"],
                }
            )
            if row["number"] and row["name"]:
                people.append(_party(row["number"], row["name"], None, row["row"]))
        shared = _shared_cards(accounts)
        if shared:
            self.notes.append(
                Note(
                    "shared_card",
                    N_("{count} cards of {file} stand for several accounts and are aliases of none: {first}"),
                    {"count": len(shared), "file": grid.file.name, "first": min(shared)},
                    len(shared),
                )
            )
            for account in accounts:
                if account["aliases"] in shared:
                    account["aliases"] = None
        self._put(self.accounts, grid, _together(accounts, "account_id", {"aliases"}))
        self._put(self.parties, grid, _together(people, "party_id"))

    def others(
        self,
        own: pa.Array,
        other: pa.Array,
        columns: dict[str, pa.Array],
        grid: Grid,
        rows: npt.NDArray[np.int64],
    ) -> None:
        """Counterparties whose identity number a row gives: holders, as the other bank sees them."""
        numbers = columns["other_number"]
        known = pc.and_(
            pc.and_(pc.is_valid(other), pc.is_valid(numbers)), pc.invert(pa.array(cleaning.masked(numbers)))
        )
        known = pc.and_(known, pc.invert(pc.is_in(other, value_set=pc.unique(own))))
        seen = _distinct(
            {
                "other": other.filter(known),
                "name": columns["other_name"].filter(known),
                "number": numbers.filter(known),
            },
            rows[np.asarray(known, dtype=bool)],
        )
        accounts = [
            {
                "account_id": row["other"],
                "name": row["name"],
                "party_id": row["number"],
                "source_row": row["row"],
            }
            for row in seen
        ]
        people = [_party(row["number"], row["name"], None, row["row"]) for row in seen if row["name"]]
        self._put(self.accounts, grid, _together(accounts, "account_id"))
        self._put(self.parties, grid, _together(people, "party_id"))

    def _put(self, where: list[pa.Table], grid: Grid, rows: list[Row]) -> None:
        if not rows:
            return
        names = [name for name in dict.fromkeys(name for row in rows for name in row) if name != "source_row"]
        columns: dict[str, Any] = {}
        for name in names:
            column = texts([row.get(name) for row in rows])
            if column.null_count < len(rows):
                columns[name] = column
        columns["source_file"] = texts([grid.file.name] * len(rows))
        columns["source_sheet"] = texts([grid.sheet] * len(rows))
        columns["source_row"] = pa.array([row["source_row"] for row in rows], pa.int64())
        where.append(pa.table(columns))


class _Given:
    """A file's cells by what they mean, cleaned."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        at = {headings.plain_heading(name)[0]: i for i, name in reversed(list(enumerate(grid.header)))}
        self.cells: dict[str, pa.Array] = {}
        used = set()
        for key, names in _FIELDS.items():
            found = [at[name] for name in names if name in at]
            if not found:
                continue
            columns = [_no_text(cleaning.whole(grid.column(i))) for i in found]
            column = pc.coalesce(*columns)
            if key in _IDS:
                column = cleaning.ids(pc.fill_null(column, ""))
                column = pc.if_else(pa.array(spoiled(column)), pa.scalar(None, TEXT), column)
                column = cleaning.unmasked(column)
            elif key in ("opened", "closed"):
                column = cleaning.times(pc.fill_null(column, ""), serial=grid.encoding == "excel")[0]
                never = pc.match_substring_regex(column, r"^(19000101|1900-01-01|0001|9999|2999)")
                column = pc.if_else(never, pa.scalar(None, TEXT), column)
            self.cells[key] = column
            if key in _PLACED:
                used.update(found)
        self.further = {
            name: _no_text(cleaning.whole(grid.column(i)))
            for i, name in enumerate(grid.header)
            if name and i not in used
        }

    def rows(self) -> Iterator[Row]:
        blank = [None] * len(self.grid.rows)
        cells = {key: self.cells[key].to_pylist() if key in self.cells else blank for key in _FIELDS}
        further = {
            name: column.to_pylist()
            for name, column in self.further.items()
            if column.null_count < len(column)
        }
        header = {headings.plain_heading(name)[0] for name in self.grid.header}
        for i, row in enumerate(self.grid.rows.tolist()):
            found: Row = {key: values[i] for key, values in cells.items()}
            if found["name"] in header or found["account"] in header or found["number"] in header:
                continue  # the header again, in the middle
            found["further"] = {name: values[i] for name, values in further.items()}
            found["source_row"] = row
            yield found


def _no_text(column: pa.Array) -> pa.Array:
    return pc.if_else(
        pc.is_in(column, value_set=texts(sorted(cleaning.NOTHING | {"NULL", "None"}))),
        pa.scalar(None, TEXT),
        column,
    )


def _people(given: _Given) -> list[Row]:
    rows = []
    for row in given.rows():
        if row["number"] and row["name"]:
            party = _party(row["number"], row["name"], row["number_type"], row["source_row"])
            rows.append({**party, "phone": row["phone"], "address": row["address"], "email": row["email"]})
    return rows


def _party(number: str, name: str, id_type: str | None, row: int) -> Row:
    return {
        "party_id": number,
        "name": name,
        "kind": cleaning.kind_of_party(number, name, id_type or ""),
        "id_type": id_type,
        "id_number": number,
        "source_row": row,
    }


def _together(rows: list[Row], key: str, joined: set[str] | None = None) -> list[Row]:
    """One row for each key: the first word that a column has, those of `joined` all of them, `;` between."""
    found: dict[str, Row] = {}
    for row in rows:
        kept = found.setdefault(row[key], dict(row))
        if kept is not row:
            for name, value in row.items():
                if value is None:
                    continue
                if kept.get(name) is None:
                    kept[name] = value
                elif joined and name in joined and value not in str(kept[name]).split(";"):
                    kept[name] = f"{kept[name]};{value}"
    return list(found.values())


def _once(rows: list[Row]) -> list[Row]:
    return list({(row["party_id"], row["other_id"], row["kind"]): row for row in reversed(rows)}.values())


def _distinct(columns: dict[str, pa.Array], rows: npt.NDArray[np.int64]) -> list[Row]:
    """The distinct combinations of some columns, each with its first row."""
    table = pa.table({**columns, "row": pa.array(rows, pa.int64())})
    seen = table.group_by(list(columns), use_threads=False).aggregate([("row", "min")])
    return sorted(seen.rename_columns([*columns, "row"]).to_pylist(), key=lambda row: int(row["row"]))


def _shared_cards(accounts: list[Row]) -> set[str]:
    of: dict[str, set[str]] = {}
    for account in accounts:
        if account["aliases"]:
            of.setdefault(account["aliases"], set()).add(account["account_id"])
    return {card for card, numbers in of.items() if len(numbers) > 1}
