"""Open cases, shared by the sessions of this process, and the small look-ups that the screens need.

A case is opened once and kept; it is opened anew when its folder says that it has changed, so a re-import by
another program is seen at the next click.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

import graphflow as gf
from app import recent, session
from app.money import Figures, times
from app.session import say
from app.style import verbatim
from graphflow.errors import GraphflowError, InputError, Problem
from graphflow.language import N_, describe

if TYPE_CHECKING:
    from graphflow.case import Case

# Streamlit runs every session in a thread of its own, and parallel kernels called from several threads abort
# the process under numba's fallback threading layer: one at a time.
COMPUTING = threading.RLock()


def _stamp(path: str) -> str:
    """What changes whenever the case does."""
    try:
        state = (Path(path) / "case.json").stat()
    except OSError:
        return ""
    return f"{state.st_mtime_ns}-{state.st_size}-{state.st_ino}"


@st.cache_resource(max_entries=4, show_spinner=False)
def _opened(path: str, stamp: str) -> Case:
    with COMPUTING:
        return gf.open_case(path)


def opened(path: str) -> Case:
    """The case in a folder, as it is now."""
    full = str(Path(path).expanduser())
    stamp = _stamp(full)
    if not stamp:
        # Not through the cache: the error is not to be kept, and the case may be back at the next click.
        return gf.open_case(full)
    return _opened(full, stamp)


def is_empty(path: str) -> bool:
    """Whether a folder is there and waits for its case."""
    folder = Path(path).expanduser()
    try:
        return folder.is_dir() and next(folder.iterdir(), None) is None
    except OSError:
        return False


def current() -> Case | None:
    """The session's case; None where none is chosen, or it cannot be opened, which is said."""
    path = session.open_path()
    if not path:
        return None
    if is_empty(path):
        st.info(
            say("There is no case in {folder} yet: import files into it.", folder=verbatim(path)),
            icon=":material/upload_file:",
        )
        return None
    try:
        case = opened(path)
    except GraphflowError as error:
        tell(error)
        return None
    except OSError as error:
        tell(
            InputError(
                Problem(path, N_("cannot be read: {reason}"), {"reason": error.strerror or str(error)})
            )
        )
        return None
    recent.remember_case(path)
    return case


# What the screens call the arguments that an error is about.
_ARGUMENTS = {
    "reference": N_("From"),
    "currency": N_("Currency"),
    "since": N_("Since"),
    "since, until": N_("Period"),
    "until": N_("Until"),
    "min_amount": N_("Least amount"),
    "max_hops": N_("Most hops"),
    "rule": N_("Rule"),
    "party": N_("Party"),
    "company": N_("Company or person"),
    "other": N_("Other party"),
    "as_of": N_("As of"),
    "regime": N_("Regime"),
    "product": N_("Product"),
}


def tell(error: GraphflowError) -> None:
    """An error in the reader's language, one line a problem; what comes from data stays text."""
    names = {argument: say(shown) for argument, shown in _ARGUMENTS.items()}
    lines = [
        verbatim(line) for line in describe(error, session.language(), names).splitlines() if line.strip()
    ]
    st.error("  \n".join(lines[:20]), icon=":material/error:")
    if len(lines) > 20:
        st.caption(say("and {count} more lines", count=len(lines) - 20))


def figures(case: Case) -> Figures:
    """How this session writes amounts of a case's own currency."""
    return session.figures(case.tables.currency, case.tables.minor_units)


def name_of(case: Case) -> str:
    return case.path.name if case.path is not None else say("in memory")


def currency() -> str:
    """The open case's currency, for the unit switch; the yuan where none is open."""
    path = session.open_path()
    if not path or not _stamp(str(Path(path).expanduser())):
        return "CNY"
    try:
        return opened(path).tables.currency
    except (GraphflowError, OSError):
        return "CNY"


def card() -> None:
    """Which case is open: in the sidebar of every screen."""
    path = session.open_path()
    if not path:
        st.caption(say("No case is open."))
        return
    try:
        case = opened(path)
        rows = case.tables.arrow("transfers")
    except (GraphflowError, OSError):
        st.markdown(f"**{verbatim(Path(path).name)}**")
        st.caption(say("no case yet") if is_empty(path) else say("cannot be opened"))
        return
    st.markdown(f":material/folder_open: **{verbatim(name_of(case))}**", help=verbatim(path))
    first, last = period(case)
    count = 0 if rows is None else rows.num_rows
    st.caption(say("{count} transfers", count=f"{count:,}") + (f"  \n{first} – {last}" if first else ""))


def period(case: Case) -> tuple[str, str]:
    """The days of the first and the last row, in the case's zone; empty where there is none."""
    rows = case.tables.arrow("transfers")
    if rows is None or rows.num_rows == 0:
        return "", ""
    ends = pc.min_max(rows["time"]).as_py()
    days = times(pd.Series([ends["min"], ends["max"]]), case.tables.timezone)
    return str(days.iloc[0])[:10], str(days.iloc[1])[:10]


def times_of(case: Case, rows: pd.DataFrame) -> pd.Series:
    """The times of rows of transfers, in the case's zone."""
    return times(rows["time"], case.tables.timezone, rows.get("time_day"))


def day_of(case: Case, time: Any) -> str:
    """The day of a moment in the case's zone; empty where there is none."""
    return "" if time is None or pd.isna(time) else str(time.tz_convert(case.tables.timezone).date())


def picked(
    case: Case, table: str, key: str, ids: Collection[str], columns: Collection[str]
) -> pa.Table | None:
    """The rows of a table with these ids, some columns of them; None where the case has no such table."""
    rows = case.tables.arrow(table)
    if rows is None:
        return None
    wanted = [each for each in (key, *columns) if each in rows.column_names]
    mask = pc.is_in(rows[key], value_set=pa.array(list(ids), rows[key].type))
    return rows.select(wanted).filter(mask)


def names(case: Case, accounts: Collection[str]) -> dict[str, str]:
    """What accounts are called: their party's name, else their own, else their id."""
    found: dict[str, str] = {}
    owners = parties_of(case, accounts)
    called = party_names(case, set(owners.values()))
    rows = picked(case, "accounts", "account_id", accounts, ["name"])
    own = {}
    if rows is not None and "name" in rows.column_names:
        own = dict(zip(rows["account_id"].to_pylist(), rows["name"].to_pylist(), strict=True))
    for account in accounts:
        found[account] = called.get(owners.get(account, "")) or own.get(account) or account
    return found


def parties_of(case: Case, accounts: Collection[str]) -> dict[str, str]:
    """Accounts and their parties, where known."""
    rows = picked(case, "accounts", "account_id", accounts, ["party_id"])
    if rows is None or "party_id" not in rows.column_names:
        return {}
    pairs = zip(rows["account_id"].to_pylist(), rows["party_id"].to_pylist(), strict=True)
    return {account: party for account, party in pairs if party}


def party_names(case: Case, parties: Collection[str]) -> dict[str, str]:
    rows = picked(case, "parties", "party_id", parties, ["name"])
    if rows is None or "name" not in rows.column_names:
        return {}
    pairs = zip(rows["party_id"].to_pylist(), rows["name"].to_pylist(), strict=True)
    return {party: name for party, name in pairs if name}


def find(case: Case, text: str, most: int) -> tuple[list[dict[str, Any]], int]:
    """Parties and accounts with the text in their id, number or name: the first few, and how many."""
    needle = text.strip()
    if not needle:
        return [], 0
    hits: list[dict[str, Any]] = []
    total = 0
    for kind, table, key, searched, shown in (
        ("party", "parties", "party_id", ("party_id", "name", "id_number", "source_id"), ("kind", "sector")),
        (
            "account",
            "accounts",
            "account_id",
            ("account_id", "name", "aliases"),
            ("party_id", "bank", "kind"),
        ),
    ):
        rows = case.tables.arrow(table)
        if rows is None or rows.num_rows == 0:
            continue
        mask = None
        for column in searched:
            if column in rows.column_names:
                one = pc.fill_null(pc.match_substring(rows[column], needle, ignore_case=True), False)
                mask = one if mask is None else pc.or_(mask, one)
        if mask is None:
            continue
        found = rows.filter(mask)
        total += found.num_rows
        kept = [each for each in ("name", *shown) if each in found.column_names]
        for row in found.select([key, *kept]).slice(0, max(most - len(hits), 0)).to_pylist():
            hits.append({"what": kind, "id": row.pop(key), **row})
    return hits, total
