"""Before an import: what the files are, and for tables that nobody knows, which column is what.

What a person assigns is kept for tables with the same header, and written beside the files as graphflow's own
`graphflow-columns.json`, from which they are read: the app computes nothing of it.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

import graphflow as gf
from app import cases, recent
from app.names import behind, called
from app.session import figures, say
from app.style import verbatim
from app.tables import MONEY, Column, config
from graphflow.errors import GraphflowError, InputError, Problem
from graphflow.intake import ASSIGNMENT, Head, Preview, preview
from graphflow.language import N_

MOST_COPIED = 2 << 30  # bytes that are copied to stand beside an assignment
TITLES = {
    "time": N_("Time"),
    "date": N_("Date, where the time is a column of its own"),
    "source": N_("Payer's account"),
    "target": N_("Payee's account"),
    "source_name": N_("Payer's name"),
    "target_name": N_("Payee's name"),
    "own": N_("Own account"),
    "own_name": N_("Own name"),
    "other": N_("Other side's account"),
    "other_name": N_("Other side's name"),
    "amount": N_("Amount"),
    "amount_out": N_("Money out"),
    "amount_in": N_("Money in"),
    "direction": N_("Direction"),
    "balance": N_("Balance"),
    "currency": N_("Currency"),
    "memo": N_("Memo"),
    "reference": N_("Serial number"),
}
BOTH = (
    "time",
    "date",
    "source",
    "target",
    "amount",
    "source_name",
    "target_name",
    "memo",
    "currency",
    "reference",
)
ONE = (
    "time",
    "date",
    "own",
    "other",
    "amount",
    "direction",
    "amount_out",
    "amount_in",
    "own_name",
    "other_name",
    "balance",
    "memo",
    "currency",
    "reference",
)


def looked_at(sources: Sequence[str]) -> list[str] | None:
    """Say what the sources are; those to import, or None while something is to be done first."""
    ready: list[str] = []
    waiting = False
    for number, source in enumerate(sources):
        found = _preview(source, _stamp(source))
        _say_formats(found)
        if found.formats:
            ready.append(source)
        elif found.unknown:
            with st.container(border=True):
                assigned = _assign(found.unknown, str(number))
            folder = _beside(source, assigned) if assigned else None
            if folder is None:
                waiting = True
            else:
                ready.append(str(folder))
        else:
            if found.error is not None:
                cases.tell(found.error)
            waiting = True
    return ready if ready and not waiting else None


def _stamp(source: str) -> str:
    try:
        state = Path(source).stat()
    except OSError:
        return ""
    return f"{state.st_mtime_ns}-{state.st_size}"


@st.cache_resource(max_entries=32, show_spinner=False)
def _preview(source: str, stamp: str) -> Preview:
    try:
        return preview(source)
    except GraphflowError as error:
        return Preview(error=InputError(*error.problems))
    except OSError as error:
        reason = {"reason": error.strerror or str(error)}
        return Preview(error=InputError(Problem(source, N_("cannot be read: {reason}"), reason)))


def _say_formats(found: Preview) -> None:
    for _, title, files in found.formats:
        names = ", ".join(verbatim(name) for name in files[:4]) + (" …" if len(files) > 4 else "")
        st.success(
            say(
                "Recognised: {format}. {count} files: {names}",
                format=say(title),
                count=len(files),
                names=names,
            ),
            icon=":material/task_alt:",
        )
    if found.formats and found.unknown:
        names = ", ".join(sorted({verbatim(head.file) for head in found.unknown}))
        st.warning(say("Not recognised, and left out: {names}", names=names), icon=":material/help:")


# ---------------------------------------------------------------- the assignment


def _assign(heads: Sequence[Head], key: str) -> list[dict[str, Any]] | None:
    """The widgets in which columns are assigned; what was assigned, or None while it does not suffice."""
    st.markdown(f":material/view_column: **{say('What are the columns?')}**")
    st.caption(
        say(
            "Nobody knows this layout. Say which column is what; it is remembered for files with this header."
        )
    )
    by_header: dict[tuple[str, ...], list[Head]] = {}
    for head in heads:
        by_header.setdefault(head.header, []).append(head)
    tables: list[dict[str, Any]] = []
    skipped = 0
    for number, (header, same) in enumerate(by_header.items()):
        table = _assign_one(
            header, same, f"{key}_{number}_{recent.signature(header)[:8]}", len(by_header) > 1
        )
        if table is None:
            skipped += 1
        else:
            tables.append(table)
    wrong = [problem for table in tables for problem in _lacking(table)]
    if wrong:
        st.info("  \n".join(wrong), icon=":material/rule:")
        return None
    return tables or None


def _assign_one(header: tuple[str, ...], heads: list[Head], key: str, several: bool) -> dict[str, Any] | None:
    known = recent.mapping(header) or {}
    names = ", ".join(f"{head.file} [{head.sheet}]" if head.sheet else head.file for head in heads[:4])
    st.markdown(f"`{names.replace('`', '')}`")
    if several and not st.toggle(say("Import this table"), value=True, key=f"assign_use_{key}"):
        return None
    width = len(header)
    rows = [(list(row) + [""] * width)[:width] for row in heads[0].rows[:5]]
    labels = [f"{at + 1} · {name}" if name else str(at + 1) for at, name in enumerate(header)]
    st.dataframe(pd.DataFrame(rows, columns=labels), hide_index=True, height=37 + 35 * max(len(rows), 1))
    guessed = dict(known.get("columns") or heads[0].guess)
    guessed = {name: at for name, at in guessed.items() if isinstance(at, int) and at < width}
    both = st.segmented_control(
        say("Each row"),
        (True, False),
        default=known.get("both", {"source", "target"} <= set(guessed)),
        required=True,
        key=f"assign_both_{key}",
        format_func={
            True: say("names payer and payee"),
            False: say("is of one account's statement"),
        }.__getitem__,
    )
    fields = BOTH if both else ONE
    columns: dict[str, int] = {}
    places = st.columns(4)
    for number, name in enumerate(fields):
        at = places[number % 4].selectbox(
            say(TITLES[name]),
            range(width),
            guessed.get(name),
            key=f"assign_{name}_{both}_{key}",
            format_func=labels.__getitem__,
            placeholder="–",
        )
        if at is not None:
            columns[name] = at
    table: dict[str, Any] = {"header": list(header), "columns": columns, "both": both}
    if not both:
        _statement(table, known, key)
    return table


def _statement(table: dict[str, Any], known: Mapping[str, Any], key: str) -> None:
    """What a statement of one account needs besides its columns."""
    left, middle, right = st.columns(3)
    if "own" not in table["columns"]:
        table["account"] = left.text_input(
            say("Whose statement it is: the account's number"),
            key=f"assign_account_{key}",
            help=say("Where no column says it. For all rows of these files."),
        ).strip()
    if "direction" in table["columns"]:
        for field, label, words, place in (
            (
                "out",
                say("Words for money out"),
                known.get("out") or "出,支,支出,付,借,转出,D,debit,DR,out",
                middle,
            ),
            (
                "in",
                say("Words for money in"),
                known.get("in") or "进,收,收入,贷,入,转入,C,credit,CR,in",
                right,
            ),
        ):
            given = place.text_input(label, words, key=f"assign_{field}_{key}")
            table[field] = [word.strip() for word in given.replace("，", ",").split(",") if word.strip()]


def _lacking(table: Mapping[str, Any]) -> list[str]:
    """What is still to be assigned."""
    have = set(table["columns"])
    lacking = []
    if not have & {"time", "date"}:
        lacking.append(say("Choose the column of the time."))
    if not table["both"]:
        if "own" not in have and not table.get("account"):
            lacking.append(say("Choose the column of the own account, or write its number."))
        if "amount" not in have and not {"amount_out", "amount_in"} <= have:
            lacking.append(say("Choose the column of the amount, or those of money out and money in."))
    else:
        if not {"source", "target"} <= have:
            lacking.append(say("Choose the columns of payer and payee."))
        if "amount" not in have:
            lacking.append(say("Choose the column of the amount."))
    if len(set(table["columns"].values())) < len(have):
        lacking.append(say("One column stands for two things: choose each once."))
    return lacking


def remember(folder: Path) -> None:
    """Keep an assignment that was imported, for files with the same header."""
    try:
        data = json.loads((folder / ASSIGNMENT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    for table in data["tables"]:
        kept = {"columns": table["columns"], "both": "source" in table["columns"]}
        kept |= {word: ",".join(table[word]) for word in ("out", "in") if table.get(word)}
        recent.remember_mapping(table["header"], kept)


def _beside(source: str, tables: list[dict[str, Any]]) -> Path | None:
    """A folder with the source's files and the assignment beside them, to be tried first."""
    plain = [{name: value for name, value in table.items() if name != "both"} for table in tables]
    text = json.dumps({"version": 1, "tables": plain}, ensure_ascii=False, indent=1)
    folder = _copied(source, _stamp(source))
    if folder is None:
        return None
    (folder / ASSIGNMENT).write_text(text, encoding="utf-8")
    if st.button(
        say("Try it"),
        icon=":material/visibility:",
        key=f"assign_try_{source}",
        help=say("Reads the files and shows the first rows; nothing is kept."),
    ):
        _try(folder)
    return folder


@st.cache_resource(max_entries=8, show_spinner=False)
def _copied(source: str, stamp: str) -> Path | None:
    """A copy of a source in a folder of its own: nothing is ever written beside a person's files."""
    path = Path(source)
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    if sum(each.stat().st_size for each in files) > MOST_COPIED:
        st.error(
            say(
                "These files are too large to be assigned here: put {name} beside them by hand.",
                name=ASSIGNMENT,
            )
        )
        return None
    place = Path(tempfile.mkdtemp(prefix="graphflow-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    folder = place / "files"
    folder.mkdir()
    for each in files:
        target = folder / (each.name if path.is_file() else each.relative_to(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(each, target)
    return folder


def _try(folder: Path) -> None:
    """How the first rows are read, from a case that is thrown away."""
    place = Path(tempfile.mkdtemp(prefix="graphflow-"))
    try:
        with cases.COMPUTING:
            report = gf.import_sources(place / "case", [folder])
        case = gf.open_case(place / "case")
        tally = report.tallies["transfers"]
        st.markdown(
            say(
                "{read} rows read, {loaded} loaded, {bad} in quarantine",
                read=f"{tally.rows.get('read', 0):,}",
                loaded=f"{tally.rows.get('loaded', 0):,}",
                bad=f"{tally.rows.get('quarantined', 0):,}",
            )
        )
        frame = case.tables.transfers.sort_values("source_row").head(8)
        names = cases.names(case, behind({*frame["source"], *frame["target"]}))
        frame = frame.assign(
            at=cases.times_of(case, frame),
            payer=[called(names, each) for each in frame["source"]],
            payee=[called(names, each) for each in frame["target"]],
        )
        columns = {
            "source_row": Column(say("Row"), width=70),
            "at": Column(say("Time"), width=150),
            "payer": Column(say("Payer"), width=220),
            "payee": Column(say("Payee"), width=220),
            "amount": Column(say("Amount"), MONEY, 150),
        }
        shown, settings = config(frame, columns, figures(case.tables.currency, case.tables.minor_units))
        st.dataframe(shown, column_config=settings, hide_index=True)
        refused = case.quarantine
        if not refused.empty:
            first = refused.iloc[0]
            st.caption(
                say(
                    "First refused: row {row}, {column} = {value}",
                    row=int(first["source_row"]),
                    column=verbatim(first["column"]),
                    value=verbatim(first["value"]),
                )
            )
    except GraphflowError as error:
        cases.tell(error)
    finally:
        shutil.rmtree(place, ignore_errors=True)
