"""How frames are put on the screen and into files: columns with units, text that stays text."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from app.money import Figures
from app.session import say
from graphflow.language import translate

TEXT, RIGHT, MONEY, COUNT, SHARE = "text", "right", "money", "count", "share"


@dataclass(frozen=True)
class Column:
    """A column as people see it: its head, what it holds, and how wide it is."""

    head: str
    kind: str = TEXT
    width: Any = None
    help: str | None = None


def config(
    frame: pd.DataFrame, columns: Mapping[str, Column], figures: Figures
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A frame of minor units made ready for `st.dataframe`, with its column configuration."""
    shown = pd.DataFrame(index=range(len(frame)))
    settings: dict[str, Any] = {}
    for name, column in columns.items():
        values = frame[name].reset_index(drop=True)
        head, width, help_text = column.head, column.width, column.help
        if column.kind == MONEY:
            values = figures.column(values)
            head = say("{head} ({unit})", head=head, unit=figures.short_unit)
            if values.dtype == object:
                settings[name] = st.column_config.TextColumn(
                    head, width=width, help=help_text, alignment="right"
                )
            else:
                settings[name] = st.column_config.NumberColumn(
                    head, width=width, help=help_text, alignment="right", format=figures.number_format
                )
        elif column.kind == COUNT:
            settings[name] = st.column_config.NumberColumn(
                head, width=width, help=help_text, alignment="right", format="%,d"
            )
        elif column.kind == SHARE:
            settings[name] = st.column_config.NumberColumn(
                say("{head} ({unit})", head=head, unit="%"),
                width=width,
                help=help_text,
                alignment="right",
                format="%.1f",
            )
        else:
            values = values.map(lambda each: "" if pd.isna(each) else str(each))
            settings[name] = st.column_config.TextColumn(
                head, width=width, help=help_text, alignment="right" if column.kind == RIGHT else None
            )
        shown[name] = values
    return shown, settings


def rows_chosen(key: str) -> list[int]:
    """The positions that are selected in a table on this run, before it is drawn."""
    state = st.session_state.get(key)
    try:
        return [int(each) for each in state["selection"]["rows"]] if state else []
    except (KeyError, TypeError):
        return []


def table_to_take(
    figures: Figures, frame: pd.DataFrame, columns: Mapping[str, Column], title: str, key: str
) -> None:
    """A table, and the same to take away."""
    shown, settings = config(frame, columns, figures)
    with st.container(key=key):
        st.dataframe(shown, column_config=settings, hide_index=True, placeholder="")
    sheet = Sheet(title, frame, columns)
    st.download_button(
        "CSV",
        lambda: csv_bytes(sheet, figures),
        f"{key}.csv",
        "text/csv",
        key=f"{key}_csv",
        icon=":material/download:",
        on_click="ignore",
        type="tertiary",
    )


# ---------------------------------------------------------------- files


@dataclass(frozen=True)
class Sheet:
    """One table of an export: amounts of money stay exact, as text and as a number beside it."""

    title: str
    frame: pd.DataFrame
    columns: Mapping[str, Column]


def _cells(sheet: Sheet, figures: Figures) -> tuple[list[str], list[list[Any]], list[str]]:
    """Heads, rows and the kind of each column as they stand in a file; money in whole units, exactly."""
    exact = figures.exact
    units = {MONEY: exact.unit, SHARE: "%"}
    heads = [
        translate("{head} ({unit})", exact.language, head=column.head, unit=units[column.kind])
        if column.kind in units
        else column.head
        for column in sheet.columns.values()
    ]
    kinds = [column.kind for column in sheet.columns.values()]
    rows: list[list[Any]] = []
    for values in zip(*(sheet.frame[name] for name in sheet.columns), strict=True):
        row: list[Any] = []
        for value, kind in zip(values, kinds, strict=True):
            empty = pd.isna(value)
            if kind == MONEY and not empty:
                row.append(exact.text(int(value)).replace(",", "").replace("−", "-"))
            else:
                row.append("" if empty else value)
        rows.append(row)
    return heads, rows, kinds


def csv_bytes(sheet: Sheet, figures: Figures) -> bytes:
    """A table as CSV for a spreadsheet: UTF-8 with a mark, and no cell that one would run as a formula.

    Made when it is asked for, outside the session: the language is that of `figures`.
    """
    heads, rows, kinds = _cells(sheet, figures)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow(
            [_inert(str(cell)) if kind == TEXT else cell for cell, kind in zip(row, kinds, strict=True)]
        )
    return out.getvalue().encode("utf-8-sig")


def _inert(text: str) -> str:
    """A spreadsheet runs a cell that begins like a formula; a leading apostrophe keeps it text.

    Examples
    --------
    >>> _inert("=1+1"), _inert("-5"), _inert("a=1")
    ("'=1+1", "'-5", 'a=1')
    """
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def excel_bytes(sheets: Sequence[Sheet], figures: Figures) -> bytes:
    """Tables as one workbook; ids and exact amounts are text, beside each amount stands the number."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    head_format = book.add_format({"bold": True, "bottom": 1})
    number = book.add_format({"num_format": "#,##0" + ("." + "0" * figures.digits if figures.digits else "")})
    right = book.add_format({"align": "right"})
    exact_text = translate("exact text", figures.language)
    for sheet in sheets:
        heads, rows, kinds = _cells(sheet, figures)
        page = book.add_worksheet(_sheet_name(sheet.title))
        page.freeze_panes(1, 0)
        at = 0
        for head, kind, column in zip(heads, kinds, range(len(heads)), strict=True):
            page.write_string(0, at, head, head_format)
            if kind == MONEY:
                page.write_string(0, at + 1, f"{head} · {exact_text}", head_format)
            page.set_column(at, at, 18 if kind == TEXT else 20)
            for line, row in enumerate(rows, start=1):
                cell = row[column]
                if cell == "":
                    continue
                if kind == MONEY:
                    page.write_number(line, at, float(cell), number)
                    page.write_string(line, at + 1, str(cell), right)
                elif kind in (COUNT, SHARE):
                    page.write_number(line, at, float(cell))
                else:
                    page.write_string(line, at, str(cell)[:32_000])
            at += 2 if kind == MONEY else 1
        if kinds.count(MONEY):
            page.set_column(at, at, 18)
    book.close()
    return out.getvalue()


def _sheet_name(title: str) -> str:
    """A name that Excel accepts."""
    return "".join(" " if sign in "[]:*?/\\'" else sign for sign in title)[:31] or "Sheet"
