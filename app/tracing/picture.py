"""The picture and the rows behind it, side by side."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import sankey, session
from app.cases import tell
from app.references import trace_buttons
from app.session import say
from app.style import verbatim
from app.tables import MONEY, RIGHT, Column, config
from app.tracing.answer import MOST_CHAINS, MOST_ROWS, Words
from app.tracing.selection import Selection
from graphflow.errors import GraphflowError


def facts(words: Words) -> None:
    """The answer in four figures."""
    result = words.result
    by_kind = result.ends.groupby("kind")["seed_amount"].sum().sort_values(ascending=False)
    if not result.attributes:
        by_kind = by_kind[:0]
    with st.container(horizontal=True, gap="large", key="facts"):
        st.metric(
            say("{head} ({unit})", head=say("Money asked about"), unit=words.figures.unit),
            words.figures.text(result.seed),
            width="content",
        )
        if len(by_kind):
            kind, amount = str(by_kind.index[0]), int(by_kind.iloc[0])
            st.metric(
                say("Largest origin") if words.backward else say("Largest end"),
                f"{words.end(kind)} · {words.share(amount)}",
                width="content",
            )
        if result.attributes:
            st.metric(say("Transfers that carry it"), f"{len(words.kept.rows):,}", width="content")
        else:
            touched = {*words.kept.rows["source"], *words.kept.rows["target"]}
            st.metric(say("Transfers touched"), f"{len(words.kept.rows):,}", width="content")
            st.metric(say("Accounts touched"), f"{len(touched):,}", width="content")
    if not words.kept.complete:
        st.warning(
            say(
                "The picture and the chains are of the first {count} chains; {money} ({share}) run along "
                "others. Ends and transfers are complete.",
                count=f"{MOST_CHAINS:,}",
                money=verbatim(words.figures.money(words.kept.left_out)),
                share=words.share(words.kept.left_out),
            ),
            icon=":material/filter_alt:",
        )


SIZES, STEPS = (30, 60, 100, 150), (4, 6, 8, 10, 12)


def picture_settings() -> None:
    """How much is drawn: read from the session before the picture is built."""
    st.session_state.setdefault("trace_most", sankey.MOST)
    st.session_state.setdefault("trace_steps", sankey.COLUMNS)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="picture_head"):
        st.markdown(f"**{say('Picture')}**")
        with st.popover(say("Size"), icon=":material/tune:", type="tertiary"):
            st.segmented_control(
                say("Nodes drawn, about"), SIZES, key="trace_most", required=True, persist_state="session"
            )
            st.segmented_control(
                say("Hops drawn"),
                STEPS,
                key="trace_steps",
                required=True,
                persist_state="session",
                help=say("What goes on after that is folded into the last."),
            )


def picture(words: Words, selection: Selection, lit: frozenset[int]) -> None:
    """The Sankey; a click in it is the screen's selection."""
    if words.kept.unchained is not None:
        no_chains(words)
        return
    picture_settings()
    view = words.view
    if not view.links:
        st.info(say("Nothing flowed on from there in this period."))
        return
    focus = selection.focus
    key = selection.key("chart")

    def clicked() -> None:
        groups = st.session_state[key]["selection"]["selected"]
        found: tuple[str, Any] | None = None
        for group in groups:
            kind = {"edge": "link", "node": "node"}.get(group.get("data_type"))
            for index in group.get("data_indices", ()):
                limit = len(view.links) if kind == "link" else len(view.nodes)
                if kind and 0 <= index < limit:
                    found = (kind, int(index))
        selection.set("chart", found)
        selection.renew("rows")

    st.echarts_chart(
        sankey.option(
            view,
            label=words.node,
            money=words.figures.money,
            lit=lit,
            chosen=focus if focus and focus[0] in ("node", "link") else None,
        ),
        key=key,
        on_select=clicked,
        height=sankey.height(view),
        alt=say(
            "Sankey of the traced money: {count} nodes, {money} in all; the table beside it has its rows.",
            count=len(view.nodes),
            money=words.figures.money(view.seed),
        ),
    )
    drawn = (
        say("All {count} accounts or parties stand here by name.", count=f"{view.groups:,}")
        if view.named == view.seed
        else say(
            "{part} of {all} accounts or parties stand here by name; {share} of the money has its whole way "
            "among them, the rest is folded into “+N more”.",
            part=f"{view.groups_named:,}",
            all=f"{view.groups:,}",
            share=words.share(view.named),
        )
    )
    how = say(
        "Money flows from left to right. Click a band or a node to see its rows; click it again, or "
        "double-click, to see all."
    )
    st.caption(f"{drawn}  \n{how}")


def no_chains(words: Words) -> None:
    """Why there is neither a picture nor a chain: the error's sentence."""
    st.info(
        "  \n".join(verbatim(say(problem.what)) for problem in getattr(words.kept.unchained, "problems", ()))
        + "\n\n"
        + say("The ends below and the transfers beside this are what the rule says."),
        icon=":material/block:",
    )


def row_columns(words: Words, frame: pd.DataFrame) -> dict[str, Column]:
    mixed = bool((frame["currency"] != words.result.currency).any()) if "currency" in frame else False
    columns = {
        "at": Column(say("Time"), width=126),
        "source_called": Column(say("Payer"), width=100),
        "target_called": Column(say("Payee"), width=100),
        "traced": Column(say("Traced"), MONEY, 106, say("How much of the transfer is the money asked about."))
        if words.result.attributes
        else Column(say("Touched"), MONEY, 106, say("What was paid after the account had been touched.")),
        "amount_text" if mixed else "amount": Column(
            say("Amount"), RIGHT if mixed else MONEY, 130, say("The whole transfer.")
        ),
    }
    if "memo" in frame and frame["memo"].notna().any():
        columns["memo"] = Column(say("Memo"), width=140)
    columns |= {
        "transfer_id": Column(say("Transfer"), width=130),
        "source": Column(say("Payer's account"), width=150),
        "target": Column(say("Payee's account"), width=150),
    }
    return columns


def row_table(
    words: Words,
    selection: Selection,
    shown: pd.DataFrame,
    filtered: frozenset[str] | None,
    marked: list[str],
) -> None:
    """The rows behind the picture; a selected row lights its path."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="row_head"):
        if selection.focus is None:
            st.markdown(f"**{say('Transfers')}** · {len(words.kept.rows):,}")
        else:
            st.button(
                "",
                icon=":material/close:",
                key="trace_clear",
                on_click=selection.clear,
                shortcut="Esc",
                type="tertiary",
                help=say("Show all"),
            )
            st.markdown(
                f"**{verbatim(words.focus(selection.focus))}** · "
                + say(
                    "{shown} of {all} rows",
                    shown=f"{len(filtered or ()):,}",
                    all=f"{len(words.kept.rows):,}",
                ),
                width="stretch",
            )
    columns = row_columns(words, words.kept.rows)
    frame = shown.copy(deep=False)
    for side in ("source", "target"):
        frame[side + "_called"] = [words.called(each) for each in frame[side]]
    if "amount_text" in columns:
        frame["amount_text"] = [
            session.figures(code, words.case.tables.minor_units).exact.money(amount)
            for amount, code in zip(frame["amount"], frame["currency"], strict=True)
        ]
    shown_frame, settings = config(frame, columns, words.figures)
    st.dataframe(
        shown_frame,
        column_config=settings,
        hide_index=True,
        key=selection.key("rows"),
        height=max(300, sankey.height(words.view) - 40),
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
        row_height=30,
    )
    if filtered is None and len(words.kept.rows) > MOST_ROWS:
        caption = say(
            "The first {count} of {all} rows; the export has all.",
            count=f"{MOST_ROWS:,}",
            all=f"{len(words.kept.rows):,}",
        )
    elif filtered is None:
        caption = say("Select a row to light its path; select several to sum them.")
    else:
        total = int(shown["traced"].sum())
        caption = say("Sum of what these rows carry: {money}", money=verbatim(words.figures.money(total)))
    if words.kept.inside:
        note = say(
            "Left out: {count} transfers between accounts of one party.", count=f"{words.kept.inside:,}"
        )
        caption = f"{caption}  \n{note}"
    if marked:
        chosen = shown[shown["transfer_id"].isin(marked)]
        caption = say(
            "{count} selected: {money} traced of {whole}",
            count=len(marked),
            money=verbatim(words.figures.money(int(chosen["traced"].sum()))),
            whole=verbatim(words.figures.money(int(chosen["amount"].sum()))),
        )
    st.caption(caption)
    if len(marked) == 1:
        row = shown[shown["transfer_id"] == marked[0]].iloc[0]
        _from_row(words, row)


def _from_row(words: Words, row: Any) -> None:
    """Where a row stands in its source, and questions that start at it."""
    if "source_file" in row and isinstance(row["source_file"], str):
        sheet = row.get("source_sheet")
        st.caption(
            say(
                "From {file}{sheet}, row {row}",
                file=verbatim(row["source_file"]),
                sheet=f" \\[{verbatim(sheet)}\\]" if isinstance(sheet, str) and sheet else "",
                row=int(row["source_row"]),
            )
        )
    _explained(words, str(row["transfer_id"]))
    trace_buttons(words.case, str(row["transfer_id"]), str(row["source"]), str(row["target"]))


def _explained(words: Words, transfer_id: str) -> None:
    """Why that transfer carries so much, in the reader's language."""
    language = session.language()
    with st.container(border=True, key="explained", gap="small"):
        st.markdown(f"**{say('Why this transfer carries that much')}**")
        try:
            told = words.kept.later(
                f"explain {language} {transfer_id}", lambda: words.result.explain(transfer_id, language)
            )
        except GraphflowError as error:
            tell(error)
            return
        st.code(told.strip(), language=None, wrap_lines=True, height="content")
