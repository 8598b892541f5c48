"""Data that nobody here wrote, as cases: where it lies, and how the Czech bank's files become our tables.

AMLSim and AMLworld have loaders. `berka` (the Financial data set of PKDD'99, a real bank's) has none: its
files are one bank's own extracts, and `berka_tables` says column by column what each is taken for.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from benchmarks import data

if TYPE_CHECKING:
    from graphflow.case import Case

Tables = dict[str, pd.DataFrame]


def folder(name: str) -> Path:
    """Where a set lies: beside the repository, or where GRAPHFLOW_DATA says."""
    return Path(os.environ.get("GRAPHFLOW_DATA") or data.ROOT.parent / "shared" / "data") / name


def case(name: str) -> Case:
    """A set that a loader reads, imported once and kept with the other data of the benchmarks."""
    from graphflow.case import open_case
    from graphflow.folder import SCHEMA_VERSION
    from graphflow.ledger.form import FORM

    kept = data._made(
        f"case-{name}-layout-{SCHEMA_VERSION}-form-{FORM}", lambda aside: data._import(folder(name), aside)
    )
    return open_case(kept)


# ---------------------------------------------------------------------- the Czech bank
BANK = "BANK"
LAST_DAY = "1994-03-30"
"""The last whole day of the transactions: the file is cut off in the middle of the next one."""

UNKNOWN = ("", "0")
"""What stands for the account of a partner that is not known."""

KINDS: Mapping[str, str] = {
    "UVER": "repayment",
    "SLUZBY": "fee",
    "UROK": "interest",
    "SANKC. UROK": "interest",
}


def berka(currency: str = "CZK", years: int = 0) -> Case:
    """The bank's files as a case.

    ``currency`` and ``years`` are for a trial only: the same people's money read as if it were another
    currency, and so many years later, so that rules ask it which otherwise have nothing to say of it.
    """
    from graphflow.case import Case

    return Case.from_tables(currency=currency, timezone="Europe/Prague", **berka_tables(years))


def berka_tables(years: int = 0) -> Tables:
    """Account, client, disposition, loan and transaction; what the documentation says, and nothing else.

    Owners hold their accounts, other users are their agents. The bank lends, has a banking licence, and is
    on the other side of interest and fees; cash is cash; a partner at another bank is an account of which
    nobody says whose it is, a partner without a number nobody. What is on one day has no order but that of
    its balances. A loan's rate is not told: its payments add up to what was lent.
    """
    owner = {row["account_id"]: row for row in _rows("disp") if row["type"] == "OWNER"}
    lent = {row["account_id"]: row["loan_id"] for row in _rows("loan")}
    accounts, transfers = _flows(lent, years)
    opened = {row["account_id"]: _day(row["date"], years) for row in _rows("account")}
    last = str(int(LAST_DAY[:4]) + years) + LAST_DAY[4:]
    own = [
        {
            "account_id": ident, "party_id": f"client:{owner[ident]['client_id']}", "bank": BANK, "kind": "",
            "opened": day, "covered": "true" if day <= last else "false",
            "covered_from": day if day <= last else "", "covered_to": last if day <= last else "",
        }
        for ident, day in opened.items()
    ]  # fmt: skip
    bank = {"party_id": BANK, "name": "the bank", "kind": "bank", "sector": "bank"}
    clients = [
        {"party_id": f"client:{row['client_id']}", "name": f"client {row['client_id']}", "kind": "person"}
        for row in _rows("client")
    ]
    agents = [
        {
            "party_id": f"client:{row['client_id']}", "kind": "agent", "source": "disp.asc",
            "other_id": f"client:{owner[row['account_id']]['client_id']}",
        }
        for row in _rows("disp") if row["type"] != "OWNER"
    ]  # fmt: skip
    loans = [
        {
            "loan_id": row["loan_id"], "lender_id": BANK, "principal": row["amount"],
            "borrower_id": f"client:{owner[row['account_id']]['client_id']}",
            "start": _day(row["date"], years), "end": _later(_day(row["date"], years), int(row["duration"])),
            "status": row["status"],
        }
        for row in _rows("loan")
    ]  # fmt: skip
    licence = {"party_id": BANK, "function": "banking", "since": f"{1993 + years}-01-01"}
    return {
        "accounts": pd.DataFrame([*own, *accounts]).fillna(""),
        "parties": pd.DataFrame([bank, *clients]).fillna(""),
        "relations": pd.DataFrame(agents), "loans": pd.DataFrame(loans), "licences": pd.DataFrame([licence]),
        "transfers": pd.DataFrame(transfers),
    }  # fmt: skip


def _rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a file; the last line of the transactions is cut off and is none."""
    with (folder("berka") / f"{name}.asc").open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file, delimiter=";"))
    for line in lines[1:]:
        if len(line) == len(lines[0]):
            yield dict(zip(lines[0], (cell.strip() for cell in line), strict=True))


def _flows(lent: Mapping[str, str], years: int) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The other sides as accounts, and the transactions as transfers."""
    others: dict[str, dict[str, str]] = {}
    transfers = []
    for row in _rows("trans"):
        own, ident, symbol = row["account_id"], row["trans_id"], row["k_symbol"]
        into = row["type"] == "PRIJEM"
        other = _other_side(row)
        others.setdefault(other["account_id"], other)
        transfers.append({
            "transfer_id": ident, "time": _day(row["date"], years), "amount": row["amount"],
            "source": other["account_id"] if into else own, "target": own if into else other["account_id"],
            "source_balance": "" if into else row["balance"],
            "target_balance": row["balance"] if into else "",
            "memo": symbol, "channel": row["operation"], "kind": KINDS.get(symbol, ""),
            "loan_id": lent.get(own, "") if symbol == "UVER" else "",
        })  # fmt: skip
    return list(others.values()), transfers


def _other_side(row: Mapping[str, str]) -> dict[str, str]:
    own, ident = row["account_id"], row["trans_id"]
    if row["k_symbol"] in ("UROK", "SANKC. UROK", "SLUZBY"):
        side = "fee" if row["k_symbol"] == "SLUZBY" else "interest"
        return {
            "account_id": f"{side}:{BANK}",
            "party_id": BANK,
            "bank": BANK,
            "kind": "internal",
            "covered": "false",
        }
    if row["operation"].startswith("PREVOD"):
        if row["account"] in UNKNOWN:
            return {"account_id": f"?:{own}:{ident}", "bank": row["bank"], "covered": "false"}
        return {"account_id": f"{row['bank']}:{row['account']}", "bank": row["bank"], "covered": "false"}
    return {"account_id": f"cash:{own}", "kind": "cash", "covered": "false"}


def _day(text: str, years: int) -> str:
    """YYMMDD as a date.

    >>> _day("930105", 0), _day("940228 00:00:00", 30)
    ('1993-01-05', '2024-02-28')
    """
    return f"{1900 + int(text[:2]) + years}-{text[2:4]}-{text[4:6]}"


def _later(day: str, months: int) -> str:
    """So many months later; a day that its month does not have is the month's last.

    >>> _later("1994-01-31", 13)
    '1995-02-28'
    """
    return (pd.Timestamp(day) + pd.DateOffset(months=months)).date().isoformat()
