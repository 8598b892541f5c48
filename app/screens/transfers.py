"""Transfers (流水): every row, searched; parties and accounts, looked up; a trace from any of them."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import streamlit as st

from app import cases, controls, session
from app.money import times
from app.names import behind, called, word
from app.references import ask, trace_buttons
from app.screens import data
from app.session import say
from app.style import verbatim
from app.tables import MONEY, RIGHT, Column, Sheet, config, csv_bytes, rows_chosen
from graphflow.tables import as_frame, exact_sum
from graphflow.tracing.references import reference_to

if TYPE_CHECKING:
    from graphflow.case import Case

PAGE = 500
MOST_HITS = 500


def show() -> None:
    """Show the screen."""
    case = cases.current()
    if case is None:
        data.welcome()
        return
    rows, people = st.tabs([say("Transfers"), say("Parties and accounts")])
    with rows:
        _rows(case)
    with people:
        _people(case)


def _rows(case: Case) -> None:
    line = st.columns([3, 2.4, 1.6, 1.5, 1.5], vertical_alignment="bottom")
    text = line[0].text_input(
        say("Search"),
        key="rows_text",
        persist_state="session",
        icon=":material/search:",
        placeholder=say("memo, name, id, reference"),
        help=say("Rows that have this text in any of these."),
    )
    party = line[1].text_input(
        say("Party"),
        key="rows_party",
        persist_state="session",
        placeholder=say("id or name"),
        help=say("Only rows into or out of its accounts."),
    )
    least = controls.least_amount(line[2], case, "rows_least")
    since = controls.day(line[3], case, "rows_since", say("Since"))
    until = controls.day(line[4], case, "rows_until", say("Until"))
    smallest = controls.smallest(case, least)
    if smallest is None or not controls.ordered(since, until):
        return
    asked: dict[str, Any] = {
        "text": (text or "").strip() or None,
        "party": (party or "").strip() or None,
        "least": smallest or None,
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
    }
    stored = case.tables.arrow("transfers")
    if stored is not None and not any(asked.values()):
        # all rows: only the page that is looked at becomes a frame
        found: pa.Table | pd.DataFrame = stored
        order: npt.NDArray[np.int64] = _in_time(stored, f"{case.path} {case.hash}")
    else:
        found = case.transfers(**asked)
        order = np.asarray(found["time"].argsort(kind="stable"), np.int64)
    if len(found) == 0:
        st.info(say("No row matches. Use fewer words, or a longer period."))
        return
    _table(case, found, order)


@st.cache_resource(max_entries=4, show_spinner=False)
def _in_time(_stored: pa.Table, stamp: str) -> npt.NDArray[np.int64]:
    """The places of all transfers in the order of their times; they stand for themselves by a stamp."""
    return np.argsort(_stored["time"].cast(pa.int64()).to_numpy(), kind="stable")


def _table(case: Case, found: pa.Table | pd.DataFrame, order: npt.NDArray[np.int64]) -> None:
    pages = -(-len(found) // PAGE)
    page = 1
    if pages > 1:
        page = min(int(st.session_state.get("rows_page") or 1), pages)
        st.session_state.rows_page = page
        page = st.number_input(
            say("Page of {pages}", pages=f"{pages:,}"), 1, pages, key="rows_page", width=170
        )
    begins = (page - 1) * PAGE
    if isinstance(found, pd.DataFrame):
        part = found.iloc[order[begins : begins + PAGE]].reset_index(drop=True)
        codes = found["currency"].unique()
    else:
        part = as_frame(found.take(pa.array(order[begins : begins + PAGE])))
        codes = found["currency"].unique().to_pylist()
    figures = session.figures(codes[0] if len(codes) == 1 else case.tables.currency, case.tables.minor_units)
    frame, columns = _ready(case, part, len(codes) > 1)
    shown, settings = config(frame, columns, figures)
    key = f"rows_table_{zlib.crc32(repr((page, len(found), list(part['transfer_id'][:3]))).encode())}"
    st.dataframe(
        shown,
        column_config=settings,
        hide_index=True,
        key=key,
        on_select="rerun",
        placeholder="",
        selection_mode="multi-row",
        height=430,
    )
    chosen = [at for at in rows_chosen(key) if at < len(part)]
    caption = say("{shown} of {all} rows shown", shown=f"{len(part):,}", all=f"{len(found):,}")
    if len(codes) == 1:
        caption += " · " + say(
            "sum of all {count}: {money}",
            count=f"{len(found):,}",
            money=verbatim(figures.money(exact_sum(found["amount"]))),
        )
    st.caption(caption)
    if chosen and len(codes) == 1:
        st.markdown(
            say(
                "{count} selected: {money}",
                count=len(chosen),
                money=verbatim(figures.exact.money(exact_sum(part["amount"].iloc[chosen]))),
            )
        )
    if len(chosen) == 1:
        row = part.iloc[chosen[0]]
        trace_buttons(case, str(row["transfer_id"]), str(row["source"]), str(row["target"]), then="trace")
    elif not chosen:
        st.caption(say("Select a row to trace from it; select several to sum them."))
    sheet = Sheet(say("Transfers"), frame, columns)
    st.download_button(
        f"CSV · {say('this page')}",
        lambda: csv_bytes(sheet, figures),
        "transfers.csv",
        "text/csv",
        key="rows_csv",
        on_click="ignore",
        icon=":material/download:",
    )


def _ready(case: Case, part: pd.DataFrame, several: bool) -> tuple[pd.DataFrame, dict[str, Column]]:
    """A page of rows as people read them."""
    frame = part.copy(deep=False)
    days = frame.get("time_day")
    frame["at"] = times(frame["time"], case.tables.timezone, days)
    names = cases.names(case, behind({*frame["source"], *frame["target"]}))
    for side in ("source", "target"):
        frame[side + "_called"] = [called(names, each) for each in frame[side]]
    if "kind" in frame:
        frame["kind"] = [word(each) if isinstance(each, str) else each for each in frame["kind"]]
    columns = {
        "at": Column(say("Time"), width=150),
        "source_called": Column(say("Payer"), width=180),
        "target_called": Column(say("Payee"), width=180),
    }
    if several:
        frame["amount_text"] = [
            session.figures(code, case.tables.minor_units).exact.money(int(amount))
            for amount, code in zip(frame["amount"], frame["currency"], strict=True)
        ]
        columns["amount_text"] = Column(say("Amount"), RIGHT, 160)
    else:
        columns["amount"] = Column(say("Amount"), MONEY, 160)
    heads = {
        "memo": say("Memo"),
        "kind": say("Kind"),
        "channel": say("Channel"),
        "transfer_id": say("Transfer"),
        "source": say("Payer's account"),
        "target": say("Payee's account"),
        "loan_id": say("Loan"),
        "product_id": say("Product"),
        "order_id": say("Order"),
        "source_file": say("Source file"),
        "source_row": say("Row"),
    }
    for name, head in heads.items():
        if name in frame and frame[name].notna().any():
            columns[name] = Column(head)
    return frame, columns


def _people(case: Case) -> None:
    text = st.text_input(
        say("Party or account"),
        key="people_text",
        persist_state="session",
        placeholder=say("name, id or number"),
        icon=":material/search:",
    )
    if not (text or "").strip():
        st.info(say("Part of a name, an id or a card number is enough."))
        return
    hits, total = cases.find(case, text, MOST_HITS)
    if not hits:
        st.info(say("Nothing in this case has that in its name, id or number."))
        return
    frame = pd.DataFrame(hits)
    frame["what"] = frame["what"].map({"party": say("Party"), "account": say("Account")})
    for name in ("kind", "sector"):
        if name in frame:
            frame[name] = [word(each) if isinstance(each, str) else each for each in frame[name]]
    heads = {
        "what": say("Party or account"),
        "name": say("Name"),
        "id": say("Id"),
        "kind": say("Kind"),
        "sector": say("Sector"),
        "bank": say("Bank"),
        "party_id": say("Party"),
    }
    columns = {
        name: Column(head) for name, head in heads.items() if name in frame and frame[name].notna().any()
    }
    shown, settings = config(frame, columns, session.figures("CNY", {}))
    st.dataframe(
        shown,
        column_config=settings,
        hide_index=True,
        key="people_table",
        on_select="rerun",
        selection_mode="single-row",
        height=min(400, 37 + 35 * len(shown)),
        placeholder="",
    )
    st.caption(say("{shown} of {total} found. Select one to trace it.", shown=len(hits), total=f"{total:,}"))
    chosen = [at for at in rows_chosen("people_table") if at < len(hits)]
    if chosen:
        hit = hits[chosen[0]]
        reference = reference_to(case, hit["what"], hit["id"])
        with st.container(horizontal=True):
            out = st.button(say("Where did its money go?"), on_click=ask, args=(reference,), key="people_out")
            back = st.button(
                say("Where did its money come from?"),
                on_click=ask,
                args=(reference,),
                kwargs={"backward": True},
                key="people_back",
            )
            rows = st.button(
                say("Its rows"), on_click=_rows_of, args=(hit["what"], hit["id"]), key="people_rows"
            )
        if out or back:
            session.go("trace")
        if rows:
            st.info(say("The rows are under the tab Transfers."))


def _rows_of(what: str, ident: str) -> None:
    """The rows of a party; of an account those that name it."""
    st.session_state.rows_party = ident if what == "party" else ""
    st.session_state.rows_text = ident if what == "account" else ""
