"""The answer as files: all rows, exact amounts."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

import graphflow as gf
from app.session import say
from app.tables import COUNT, MONEY, Column, Sheet, csv_bytes, excel_bytes
from app.tracing.answer import Words, holders_of
from app.tracing.comparing import Compared, compared_rows
from app.tracing.frontier import frontier_columns, frontier_rows
from app.tracing.lists import assumption_rows, chain_columns, chain_frame
from app.tracing.picture import row_columns
from graphflow.pictures import sankey_svg


def export(words: Words, question: str, rules: Compared | None) -> None:
    """Files: tables as CSV and Excel, the picture as SVG. All rows, exact amounts."""
    kept = words.kept
    frame = kept.rows.assign(
        source_called=[words.called(each) for each in kept.rows["source"]],
        target_called=[words.called(each) for each in kept.rows["target"]],
    )
    rows = {
        **row_columns(words, kept.rows),
        "source_file": Column(say("Source file")),
        "source_sheet": Column(say("Sheet")),
        "source_row": Column(say("Row"), COUNT),
    }
    rows.pop("amount_text", None)
    rows.setdefault("amount", Column(say("Amount"), MONEY))
    rows = {name: column for name, column in rows.items() if name in frame}
    ends = words.result.ends.sort_values(kept.measure, ascending=False, kind="stable")
    ends = ends.assign(
        what=[words.end(kind) for kind in ends["kind"]],
        called=[words.called(each) for each in holders_of(ends)],
    )
    wanted, _ = frontier_rows(words)
    asked = pd.DataFrame(
        {
            "what": [say("Question"), say("Case"), say("Money asked about"), say("Currency"), say("Version")],
            "value": [
                str(st.session_state.get("trace_from"))
                + " "
                + ", ".join(
                    f"{key}={words.figures.exact.money(value) if key == 'min_amount' else value}"
                    for key, value in dict(words.result.parameters).items()
                    if key != "references" and value not in (None, "", 0, "lender")
                ),
                f"{words.case.path or ''} {words.case.hash}",
                words.figures.exact.text(int(words.result.seed)),
                words.result.currency,
                gf.__version__,
            ],
        }
    )
    sheets = [
        Sheet(say("Question"), asked, {"what": Column(say("What")), "value": Column(say("Value"))}),
        Sheet(say("Transfers"), frame, rows),
        Sheet(
            say("Ends"),
            ends,
            {
                "what": Column(words.where),
                "called": Column(say("Account or party")),
                kept.measure: Column(say("Amount") if words.result.attributes else say("Touched"), MONEY),
                "account_id": Column(say("Account")),
                "party_id": Column(say("Party")),
                "kind": Column("kind"),
            },
        ),
        Sheet(say("Chains"), chain_frame(words, None), chain_columns(words)),
        Sheet(say("Assumptions"), *assumption_rows(words)),
        Sheet(say("Statements to ask for"), wanted, frontier_columns(words, wanted)),
    ]
    names = ["transfers", "ends", "chains", "assumptions", "statements"]
    if rules is not None:
        sheets.append(Sheet(say("Rules compared"), *compared_rows(words, rules)))
        names.append("rules")
    figures = words.figures
    st.caption(
        say(
            "All rows with exact amounts, whatever the picture folds. The picture as PNG: the arrow above "
            "its right corner."
        )
    )
    with st.container(horizontal=True, gap="small"):
        try:
            import xlsxwriter  # noqa: F401
        except ImportError:
            st.caption(say("Excel needs XlsxWriter: pip install 'graphflow-lookthrough[app]'"))
        else:
            st.download_button(
                "Excel",
                lambda: excel_bytes(sheets, figures),
                "trace.xlsx",
                key="trace_xlsx",
                icon=":material/download:",
                on_click="ignore",
            )
        for sheet, name in zip(sheets[1:], names, strict=True):
            st.download_button(
                f"CSV · {sheet.title}",
                partial(csv_bytes, sheet, figures),
                f"trace_{name}.csv",
                "text/csv",
                key=f"trace_csv_{name}",
                on_click="ignore",
                icon=":material/download:",
            )
        if kept.unchained is None:
            st.download_button(
                say("Picture (SVG)"),
                lambda: picture_file(words),
                "trace.svg",
                "image/svg+xml",
                key="trace_svg",
                icon=":material/download:",
                on_click="ignore",
            )


def picture_file(words: Words) -> str:
    """The picture as SVG. Made when it is asked for, outside the session: the language is the words' own."""
    return sankey_svg(
        words.view.flow,
        title=str(words.case.path.name if words.case.path else ""),
        unit=words.result.currency,
        digits=words.figures.digits,
        language=words.figures.language,
        backward=words.backward,
    )
