"""LDBC FinBench: the `snapshot` folder, `|` between columns.

Transfers, withdrawals, loan deposits and repayments are all rows of `transfers`. Persons, companies and loans
are numbered separately (14 numbers are a person and a company, 4 an account and a loan), so they carry their
kind: `person:93`, `company:93`, `loan:93`; the account that a loan is paid from is called `loan:93` too.
Times are UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import InputError, Problem
from graphflow.language import N_
from graphflow.tables import Note, Raw
from loaders import grid as grids
from loaders.grid import Grid
from loaders.mapping import (
    TEXT,
    constant,
    join,
    provenance,
    source_files,
    told_by,
    unread_notes,
    unreadable_rows,
)
from loaders.source import File, Source

# The files of the format, by name, and the columns that each needs.
FILES: dict[str, tuple[str, ...]] = {
    "person": ("personid", "personname"),
    "company": ("companyid", "companyname"),
    "account": ("accountid", "createtime"),
    "medium": ("mediumid", "mediumtype"),
    "loan": ("loanid", "loanamount", "createtime"),
    "accounttransferaccount": ("fromid", "toid", "amount", "createtime"),
    "accountwithdrawaccount": ("fromid", "toid", "amount", "createtime"),
    "loandepositaccount": ("loanid", "accountid", "amount", "createtime"),
    "accountrepayloan": ("accountid", "loanid", "amount", "createtime"),
    "personownaccount": ("personid", "accountid"),
    "companyownaccount": ("companyid", "accountid"),
    "personapplyloan": ("personid", "loanid"),
    "companyapplyloan": ("companyid", "loanid"),
    "personinvestcompany": ("investorid", "companyid", "ratio"),
    "companyinvestcompany": ("investorid", "companyid", "ratio"),
    "personguaranteeperson": ("fromid", "toid"),
    "companyguaranteecompany": ("fromid", "toid"),
    "mediumsigninaccount": ("mediumid", "accountid", "createtime"),
}


def claims(source: Source) -> tuple[File, ...]:
    return tuple(file for file in source.files if _role(file))


def _role(file: File) -> str:
    """Which file of the format this is: by its name (or its folder's, where it is in parts) and header."""
    if file.kind != "text":
        return ""
    names = [name for name in (file.stem.lower(), file.folder.rpartition("/")[2].lower()) if name in FILES]
    if not names:
        return ""
    header = [name.lower() for name in grids.split_line(grids.first_line(file), "|")]
    for name in names:
        # A file that lacks a column is one of these still: it is to be said, not passed over.
        if len(set(FILES[name]) & set(header)) >= min(2, len(FILES[name]) - 1):
            return name
    return ""


class _Rows:
    """The rows of one kind of file, all its parts, by lower-case column name."""

    def __init__(self, files: list[File]) -> None:
        self.grids: list[Grid] = [grids.read_text(file) for file in files]
        self.bad = [bad for bad in map(unreadable_rows, self.grids) if bad is not None]

    def tables(self, columns: Callable[[dict[str, Any], int], dict[str, Any]]) -> list[pa.Table]:
        """Each part mapped by `columns`; what it does not take is kept under its own name."""
        made = []
        for grid in self.grids:
            given = {name.lower(): grid.column(i) for i, name in enumerate(grid.header)}
            taken = _Taken(given)
            ours = columns(taken, len(grid.rows))
            rest = {
                name: grid.column(i)
                for i, name in enumerate(grid.header)
                if name.lower() not in taken.used and name not in ours
            }
            made.append(provenance({**ours, **rest}, grid.file, grid.sheet, grid.rows))
        return made

    def pairs(self, key: str, *values: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for grid in self.grids:
            given = {name.lower(): grid.column(i).to_pylist() for i, name in enumerate(grid.header)}
            blank = [""] * len(grid.rows)
            found.update(
                zip(given[key], zip(*(given.get(name, blank) for name in values), strict=True), strict=True)
            )
        return found


class _Taken(dict[str, Any]):
    """A row's columns, remembering which were asked for."""

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__(given)
        self.used: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.used.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.used.add(name)
        return super().get(name, default)


def _of(kind: str, column: Any) -> Any:
    """`kind:` before every id, which is how the same number stays three things."""
    return pc.binary_join_element_wise(pa.scalar(kind, TEXT), column.cast(TEXT), pa.scalar(":", TEXT))


def load(source: Source, *, currency: str | None = None, timezone: str | None = None) -> Raw:
    """Read every file of a snapshot.

    Parameters
    ----------
    source
        Files that `claims` has named.
    currency
        Of all amounts; FinBench names none, so without it they are in the case's.
    timezone
        Not used: FinBench is UTC.
    """
    by_role: dict[str, list[File]] = {}
    for file in source.files:
        by_role.setdefault(_role(file), []).append(file)
    _once(source, by_role)
    rows = {role: _Rows(files) for role, files in by_role.items()}
    lacking = [problem for role, found in rows.items() for problem in _lacking(role, found)]
    if lacking:
        raise InputError(*lacking)
    raw = Raw({}, timezone="UTC", files=source_files(source, "finbench"), notes=tuple(unread_notes(source)))
    parts: dict[str, list[pa.Table]] = {}

    def add(table: str, role: str, columns: Callable[[dict[str, Any], int], dict[str, Any]]) -> None:
        if role in rows:
            made = rows[role].tables(columns)
            parts.setdefault(table, []).extend(made)
            for bad in rows[role].bad:
                raw.refused[table] = join([raw.refused[table], bad]) if table in raw.refused else bad
            read = sum(part.num_rows for part in made) + sum(bad.num_rows for bad in rows[role].bad)
            raw.rows_read[table] = raw.rows_read.get(table, 0) + read

    money = {} if currency is None else {"currency": currency}
    for role, kind in (("accounttransferaccount", "transfer"), ("accountwithdrawaccount", "withdrawal")):
        add("transfers", role, lambda c, n, kind=kind: _paid(c, n, kind, c["fromid"], c["toid"], money))  # type: ignore[misc]
    add("transfers", "loandepositaccount", lambda c, n: _lent(c, n, money))
    add("transfers", "accountrepayloan", lambda c, n: _repaid(c, n, money))
    add("parties", "person", _person)
    add("parties", "company", _company)
    owner = _owners(rows)
    add("accounts", "account", lambda c, n: _account(c, n, owner))
    borrower = _borrowers(rows)
    add("loans", "loan", lambda c, n: _loan(c, n, borrower))
    lent: list[pa.Table] = []
    if "loan" in rows:
        # The account that a loan is paid from and repaid to; a row of its own, not one that the files have.
        lent = rows["loan"].tables(_loan_account)
        parts.setdefault("accounts", []).extend(lent)
        raw.rows_read["accounts"] = raw.rows_read.get("accounts", 0) + sum(part.num_rows for part in lent)
    add("media", "medium", _medium)
    add("sign_ins", "mediumsigninaccount", _sign_in)
    for role, kind in (("personinvestcompany", "person"), ("companyinvestcompany", "company")):
        add("stakes", role, lambda c, n, kind=kind: _stake(c, kind))  # type: ignore[misc]
    for role, kind in (("personguaranteeperson", "person"), ("companyguaranteecompany", "company")):
        add("guarantees", role, lambda c, n, kind=kind: _guarantee(c, kind))  # type: ignore[misc]
    if "transfers" not in parts:
        raise InputError(
            Problem(
                str(source.path),
                N_("has no FinBench file with movements of money"),
                expected=N_(
                    "AccountTransferAccount, AccountWithdrawAccount, LoanDepositAccount or AccountRepayLoan"
                ),
            )
        )
    raw.tables = {table: join(made) for table, made in parts.items()}
    notes = list(raw.notes)
    for role, table in _COMPLETE.items():
        if role in rows:
            notes += [told_by(grid.file, len(grid.rows), table) for grid in rows[role].grids]
    if lent:
        notes.append(
            Note(
                "loan_accounts",
                N_(
                    "{count} accounts stand for the loans themselves: from them they are paid, to them repaid"
                ),
                {"count": sum(part.num_rows for part in lent)},
                sum(part.num_rows for part in lent),
            )
        )
    raw.notes = tuple(notes)
    return raw


# Files whose rows say whose something is; they have no rows of their own in our tables.
_COMPLETE = {
    "personownaccount": "accounts",
    "companyownaccount": "accounts",
    "personapplyloan": "loans",
    "companyapplyloan": "loans",
}


def _once(source: Source, by_role: dict[str, list[File]]) -> None:
    """One snapshot: the same file in two folders would count its money twice."""
    problems = [
        Problem(
            str(source.path),
            N_("the FinBench file {file} is there {count} times"),
            {"file": role, "count": len(files)},
            first=", ".join(file.name for file in files[:2]),
            expected=N_("one snapshot at a time"),
        )
        for role, files in by_role.items()
        if len(files) > 1 and not all(file.folder.rpartition("/")[2].lower() == role for file in files)
    ]
    if problems:
        raise InputError(*problems)


def _lacking(role: str, rows: _Rows) -> Iterator[Problem]:
    for grid in rows.grids:
        have = {name.lower() for name in grid.header}
        missing = [name for name in FILES[role] if name not in have]
        if missing:
            yield Problem(
                grid.file.name,
                N_("{count} columns are missing"),
                {"count": len(missing)},
                first=missing[0],
                expected="|".join(FILES[role]),
            )


def _paid(
    c: dict[str, Any], n: int, kind: str, source: Any, target: Any, money: dict[str, str]
) -> dict[str, Any]:
    made = {
        "time": c["createtime"],
        "source": source,
        "target": target,
        "amount": c["amount"],
        "kind": constant(kind, n),
    }
    if "currency" in money:
        made["currency"] = constant(money["currency"], n)
    for theirs, ours in (("comment", "memo"), ("paytype", "channel"), ("ordernum", "source_reference")):
        if theirs in c:
            made[ours] = c[theirs]
    return made


def _lent(c: dict[str, Any], n: int, money: dict[str, str]) -> dict[str, Any]:
    loan = _of("loan", c["loanid"])
    return {**_paid(c, n, "disbursement", loan, c["accountid"], money), "loan_id": loan}


def _repaid(c: dict[str, Any], n: int, money: dict[str, str]) -> dict[str, Any]:
    loan = _of("loan", c["loanid"])
    return {**_paid(c, n, "repayment", c["accountid"], loan, money), "loan_id": loan}


def _person(c: dict[str, Any], n: int) -> dict[str, Any]:
    return {
        "party_id": _of("person", c["personid"]),
        "name": c["personname"],
        "kind": constant("person", n),
        "source_id": c["personid"],
    }


def _company(c: dict[str, Any], n: int) -> dict[str, Any]:
    made = {
        "party_id": _of("company", c["companyid"]),
        "name": c["companyname"],
        "kind": constant("company", n),
        "source_id": c["companyid"],
    }
    for theirs, ours in (("business", "scope"), ("country", "region_registered")):
        if theirs in c:
            made[ours] = c[theirs]
    return made


def _owners(rows: dict[str, _Rows]) -> dict[str, str]:
    owner: dict[str, str] = {}
    for role, kind in (("personownaccount", "person"), ("companyownaccount", "company")):
        if role in rows:
            for account, (party,) in rows[role].pairs("accountid", f"{kind}id").items():
                if account in owner:
                    raise InputError(
                        Problem(
                            f"account {account}",
                            N_("has two owners"),
                            first=f"{owner[account]}, {kind}:{party}",
                            expected=N_("one owner an account"),
                        )
                    )
                owner[account] = f"{kind}:{party}"
    return owner


def _account(c: dict[str, Any], n: int, owner: dict[str, str]) -> dict[str, Any]:
    made = {
        "account_id": c["accountid"],
        "party_id": pa.array([owner.get(account) for account in c["accountid"].to_pylist()], TEXT),
        "opened": c["createtime"],
        "source_id": c["accountid"],
    }
    if "nickname" in c:
        made["name"] = c["nickname"]
    return made


def _borrowers(rows: dict[str, _Rows]) -> dict[str, tuple[str, str]]:
    borrower: dict[str, tuple[str, str]] = {}
    for role, kind in (("personapplyloan", "person"), ("companyapplyloan", "company")):
        if role in rows:
            for loan, (party, lender) in rows[role].pairs("loanid", f"{kind}id", "org").items():
                borrower[loan] = (f"{kind}:{party}", lender)
    return borrower


def _loan(c: dict[str, Any], n: int, borrower: dict[str, tuple[str, str]]) -> dict[str, Any]:
    found = [borrower.get(loan, (None, None)) for loan in c["loanid"].to_pylist()]
    made = {
        "loan_id": _of("loan", c["loanid"]),
        "borrower_id": pa.array([party for party, _ in found], TEXT),
        "principal": c["loanamount"],
        "start": c["createtime"],
        "source_id": c["loanid"],
        "org": pa.array([lender for _, lender in found], TEXT),  # the lender, a mere name
    }
    for theirs, ours in (("balance", "balance"), ("loanusage", "purpose"), ("interestrate", "rate")):
        if theirs in c:
            made[ours] = c[theirs]
    return made


def _loan_account(c: dict[str, Any], n: int) -> dict[str, Any]:
    for name in list(c):
        c[name]  # everything else about the loan stands in `loans`
    loan = _of("loan", c["loanid"])
    return {
        "account_id": loan,
        "kind": constant("loan", n),
        "opened": c["createtime"],
        "source_id": c["loanid"],
    }


def _medium(c: dict[str, Any], n: int) -> dict[str, Any]:
    made = {"medium_id": c["mediumid"], "kind": c["mediumtype"]}
    for theirs, ours in (("isblocked", "blocked"), ("createtime", "opened")):
        if theirs in c:
            made[ours] = c[theirs]
    return made


def _sign_in(c: dict[str, Any], n: int) -> dict[str, Any]:
    made = {"medium_id": c["mediumid"], "account_id": c["accountid"], "time": c["createtime"]}
    if "location" in c:
        made["location"] = c["location"]
    return made


def _stake(c: dict[str, Any], kind: str) -> dict[str, Any]:
    made = {
        "owner_id": _of(kind, c["investorid"]),
        "company_id": _of("company", c["companyid"]),
        "share": c["ratio"],
    }
    if "createtime" in c:
        made["since"] = c["createtime"]
    return made


def _guarantee(c: dict[str, Any], kind: str) -> dict[str, Any]:
    made = {"guarantor_id": _of(kind, c["fromid"]), "beneficiary_id": _of(kind, c["toid"])}
    for theirs, ours in (("createtime", "since"), ("relation", "kind")):
        if theirs in c:
            made[ours] = c[theirs]
    return made
