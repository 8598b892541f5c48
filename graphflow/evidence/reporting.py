"""The reports of a pack: HTML, PDF and Excel, made of nothing but the findings as JSON has them."""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping, Sequence
from typing import Any

from graphflow.errors import MissingExtraError
from graphflow.evidence.paper import pdf_page, rare
from graphflow.language import N_, translate
from graphflow.pictures import Facts, Table, Words, html_page
from graphflow.tables import SCHEMA
from graphflow.version import VERSION

Told = Mapping[str, Any]

ROWS = 200
"""Rows of evidence that a report on paper shows of a finding; the workbook has all."""

_HEADS = (N_("table"), N_("key"), N_("file"), N_("sheet"), N_("row"))


def html_report(findings: Sequence[Told], language: str) -> str:
    """The findings as a page that stands alone.

    Parameters
    ----------
    findings
        As JSON has them, with their `text` and `paragraphs` by language.
    language
        ``en`` or ``zh``.
    """
    title, parts = _title(language), finding_parts(findings, language)
    parts += rare(title, parts, language)
    return html_page(title, parts, language=language, foot=foot(language))


def pdf_report(findings: Sequence[Told], language: str) -> bytes:
    """The same as PDF/A; see `pdf_page`."""
    last = max((f["period"][1] for f in findings), default="")
    return pdf_page(
        _title(language), finding_parts(findings, language), language=language, day=last, foot=foot(language)
    )


def finding_parts(findings: Sequence[Told], language: str) -> list[Facts | Table | Words]:
    """Each finding as its paragraphs and its rows."""
    parts: list[Facts | Table | Words] = [Facts([(_say(N_("Findings"), language), f"{len(findings):,}")])]
    for f in findings:
        parts.append(Words(_heading(f, language), f["paragraphs"][language]))
        parts.append(
            Table(
                _say(N_("The rows that it rests on"), language),
                [_say(each, language) for each in _HEADS],
                _rows(f, language)[:ROWS],
                note=_note(f, language),
            )
        )
    return parts


def foot(language: str) -> str:
    """What stands below every page: what made it, and what a finding is."""
    return _say(
        N_("graphflow {version}. Every finding is a lead (线索), no determination."),
        language,
        version=VERSION,
    )


def workbook(findings: Sequence[Told]) -> bytes:
    """The findings and all their rows as Excel: ids and exact amounts as text, no formula out of data.

    Raises
    ------
    MissingExtraError
        Where what writes Excel is not installed.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise MissingExtraError.of("report", "XlsxWriter") from None
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"created": datetime.datetime(1980, 1, 1), "title": "graphflow"})
        bold = book.add_format({"bold": True})
        _sheet(
            book, "findings 线索", bold,
            ["id", "code", "title", "title_zh", "subject_kind", "subject_id", "subject_name", "since",
             "until", "measure", "value", "threshold", "unit", "amount", "currency", "severity", "confidence",
             "text_en", "text_zh"],
            [
                [f["id"], f["code"], f["title"], f["title_zh"], f["subject"]["kind"], f["subject"]["id"],
                 f["subject"]["name"], *f["period"], f["measure"], f["value"], f["threshold"], f["unit"],
                 f["amount"], f["currency"], f["severity"], f["confidence"], f["text"]["en"], f["text"]["zh"]]
                for f in findings
            ],
        )  # fmt: skip
        _sheet(
            book, "rows 证据", bold,
            ["finding", "shows", "table", "key", "file", "sheet", "row", "sha256"],
            [
                [f["id"], bool(r["shows"]), r["table"], _key(r), r["source_file"], r["source_sheet"],
                 r["source_row"], r["sha256"]]
                for f in findings for r in f["evidence"]
            ],
        )  # fmt: skip
    return out.getvalue()


_LONGEST = 32_767
"""Characters that a cell of Excel holds."""


def _sheet(book: Any, name: str, bold: Any, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, heads, bold)
    for n, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            if value is None:
                continue
            if isinstance(value, bool):
                sheet.write_boolean(n, column, value)
            elif isinstance(value, (int, float)):
                sheet.write_number(n, column, value)
            else:
                sheet.write_string(n, column, str(value)[:_LONGEST])
    sheet.autofilter(0, 0, max(len(rows), 1), len(heads) - 1)
    sheet.set_column(0, len(heads) - 1, 18)


def _say(text: str, language: str, **values: object) -> str:
    return translate(text, language, **values)


def _title(language: str) -> str:
    return _say(N_("Findings and their evidence (线索与证据)"), language)


def _heading(f: Told, language: str) -> str:
    name = f["title_zh"] if language == "zh" else _say(f["title"], language)
    who = f["subject"]["name"]
    ident = f["subject"]["id"]
    return f"{f['code']} {name}: {who} ({ident})" if who and who != ident else f"{f['code']} {name}: {ident}"


def _rows(f: Told, language: str) -> list[list[str]]:
    """The rows that show a finding, before those of its context."""
    ordered = sorted(f["evidence"], key=lambda r: not r["shows"])
    return [
        [
            _say(SCHEMA[r["table"]].title, language), _key(r), str(r["source_file"] or ""),
            str(r["source_sheet"] or ""), "" if r["source_row"] is None else str(r["source_row"]),
        ]
        for r in ordered
    ]  # fmt: skip


def _key(row: Mapping[str, Any]) -> str:
    """What tells a row apart, but for its money: that is in minor units there, which nobody reads as such."""
    key = row["key"]
    if not isinstance(key, Mapping):
        return str(key)
    columns = SCHEMA[row["table"]].columns
    return ", ".join(
        str(value) for name, value in key.items() if name not in columns or columns[name].kind != "money"
    )


def _note(f: Told, language: str) -> str:
    count, shown = len(f["evidence"]), sum(bool(r["shows"]) for r in f["evidence"])
    note = _say(
        N_("{shown} rows show it, {context} are its context."), language, shown=shown, context=count - shown
    )
    if count > ROWS:
        note += " " + _say(
            N_("The first {count} stand here, all of them in findings.xlsx."), language, count=ROWS
        )
    return note
