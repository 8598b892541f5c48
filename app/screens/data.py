"""Data (数据): open a case or make one from files; what became of every row; what was refused, and why."""

from __future__ import annotations

import atexit
import datetime
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

import graphflow as gf
from app import cases, recent, session
from app.assigning import looked_at, remember
from app.money import Figures
from app.session import say
from app.style import verbatim
from app.tables import COUNT, RIGHT, Column, Sheet, config, csv_bytes
from graphflow.errors import GraphflowError, InputError, Problem, UsageError
from graphflow.language import N_, translate
from graphflow.tables import SCHEMA, say_expected

if TYPE_CHECKING:
    from graphflow.case import Case

MOST_ROWS = 2_000


def show() -> None:
    """Show the screen."""
    case = cases.current()
    names = [say("Open"), say("Import")] + ([say("Import report"), say("Quarantine")] if case else [])
    waiting = case is None and cases.is_empty(session.open_path())
    tabs = st.tabs(names, default=names[1] if waiting else None)
    with tabs[0]:
        _open()
    with tabs[1]:
        _import(case)
    if case is not None:
        with tabs[2]:
            _report(case)
        with tabs[3]:
            _quarantine(case)


def welcome() -> None:
    """What the other screens show while no case is open."""
    if not session.open_path():
        st.subheader(say("Open a case to begin"))
    left, right = st.columns(2, gap="large")
    with left:
        _open()
    with right:
        st.markdown(f"**{say('Or import files')}**")
        st.caption(
            say(
                "Bank statements (34 columns), our own tables as CSV, Parquet or Excel, IBM AMLSim, "
                "LDBC FinBench, IBM AMLworld; or any other table, with its columns assigned by hand."
            )
        )
        if st.button(
            say("Import files"), icon=":material/upload_file:", type="primary", key="welcome_import"
        ):
            session.go("data")


# ---------------------------------------------------------------- open


def _open() -> None:
    """Open a case by its path, or one that was open lately."""
    with st.form("open_form", border=False):
        path = st.text_input(
            say("Folder of a case"),
            key="open_path",
            placeholder="cases/demo",
            help=say("A folder that `graphflow import` or this screen has made."),
        )
        sent = st.form_submit_button(say("Open"), icon=":material/folder_open:")
    if sent and path.strip():
        _try_open(path.strip())
    known = recent.cases()
    if known:
        st.markdown(f"**{say('Opened lately')}**")
        for at, each in enumerate(known):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.button(
                    verbatim(Path(each).name),
                    key=f"recent_{at}_{each}",
                    on_click=session.open_case_at,
                    args=(each,),
                    icon=":material/history:",
                )
                st.caption(verbatim(each))
    else:
        st.caption(say("No case has been opened on this machine yet. `graphflow demo` makes one to try."))


def _try_open(path: str) -> None:
    try:
        case = cases.opened(path)
    except GraphflowError as error:
        cases.tell(error)
        return
    except OSError as error:
        cases.tell(
            InputError(
                Problem(path, N_("cannot be read: {reason}"), {"reason": error.strerror or str(error)})
            )
        )
        return
    session.open_case_at(str(case.path or path))
    recent.remember_case(session.open_path())
    st.rerun()


# ---------------------------------------------------------------- import


def _import(case: Case | None) -> None:
    """Files in, a case or a new version of it out; a report; nothing half-done."""
    done = st.session_state.pop("import_done", None)
    if done:
        st.success(done, icon=":material/check_circle:")
    folder = st.toggle(
        say("A whole folder"),
        key="import_folder",
        help=say("Choose a folder instead of files; its files keep their places in it."),
    )
    files = st.file_uploader(
        say("Files to import: CSV, Excel, Parquet, text, or zips of them"),
        accept_multiple_files="directory" if folder else True,
        key=f"import_files_{folder}_{_serial()}",
    )
    place = st.text_input(
        say("Or a file, folder or zip on this machine"),
        key="import_place",
        placeholder=say("its path; better for large sources: nothing is copied first"),
    )
    with st.expander(say("Details"), icon=":material/tune:"):
        details = _details(case)
    adding = (
        case is not None
        and st.segmented_control(
            say("Into"),
            ("add", "new"),
            default="add",
            required=True,
            key="import_into",
            format_func={"add": say("The open case"), "new": say("A new case")}.__getitem__,
        )
        == "add"
    )
    target = (
        session.open_path()
        if adding
        else st.text_input(
            say("Folder of the new case"),
            key="import_target",
            value=_new_folder(),
            help=say("It is made if it does not exist. Nothing is written until every file was read."),
        )
    )
    sources = _sources(files, place)
    prepared = looked_at(sources) if sources else None
    ready = prepared is not None and bool(str(target).strip())
    if st.button(
        say("Import"),
        type="primary",
        icon=":material/upload:",
        disabled=not ready,
        key="import_go",
        help=None if ready else say("Choose files first; where columns are to be assigned, assign them."),
    ):
        _run(str(target).strip(), prepared or [], details, adding)


def _serial() -> int:
    return int(st.session_state.get("import_serial", 0))


def _new_folder() -> str:
    if session.open_path() and cases.is_empty(session.open_path()):
        return session.open_path()
    base = Path.cwd() / "cases"
    day = datetime.date.today().isoformat()
    names = (f"{day}" if at == 1 else f"{day}-{at}" for at in range(1, 1000))
    return str(next((base / name for name in names if not (base / name).exists()), base / day))


def _details(case: Case | None) -> dict[str, Any]:
    """The settings of an import that seldom need a thought."""
    left, right = st.columns(2)
    currency = left.text_input(
        say("Currency"),
        key="import_currency",
        max_chars=3,
        placeholder="CNY",
        help=say("Of rows that name none. Empty: the case's."),
        disabled=case is not None,
    )
    timezone = right.text_input(
        say("Time zone"),
        key="import_timezone",
        placeholder="Asia/Shanghai",
        help=say("Of times without an offset. Empty: the format's or the case's."),
    )
    authority = left.text_input(
        say("Given by"),
        key="import_authority",
        help=say("The authority or bank that handed the files over; kept with each file."),
    )
    basis = right.text_input(
        say("Legal basis"),
        key="import_basis",
        help=say("The article or the letter under which they were obtained."),
    )
    strict = st.checkbox(
        say("Refuse everything if one row is bad"),
        key="import_strict",
        help=say("Otherwise bad rows go to quarantine, each with its reason."),
    )
    return {
        "currency": currency.strip().upper() or None,
        "timezone": timezone.strip() or None,
        "authority": authority.strip() or None,
        "basis": basis.strip() or None,
        "strict": strict,
    }


def _sources(files: Any, place: str | None) -> list[str]:
    """Where the files lie: what was dropped is written to a folder of its own, with the names it had."""
    found: list[str] = []
    dropped = list(files or [])
    if dropped:
        found.append(str(_dropped([(each.name, each.file_id, each) for each in dropped])))
    if place and place.strip():
        found.append(str(Path(place.strip()).expanduser()))
    return found


def _dropped(files: Sequence[tuple[str, str, Any]]) -> Path:
    """The folder with the dropped files: made once for the same files."""
    state = st.session_state
    marks = tuple(mark for _, mark, _ in files)
    known = state.get("import_dropped")
    if known and known[0] == marks and Path(known[1]).is_dir():
        return Path(known[1])
    if known:
        shutil.rmtree(Path(known[1]).parent, ignore_errors=True)
    folder = scratch() / "files"  # the name that stands before each file's own in the case
    for name, file in _names((name, file) for name, _, file in files):
        path = folder.joinpath(*PurePosixPath(name).parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            file.seek(0)
            shutil.copyfileobj(file, out)
    state.import_dropped = (marks, str(folder))
    return folder


def scratch() -> Path:
    """An empty folder that lives as long as the app."""
    folder = Path(tempfile.mkdtemp(prefix="graphflow-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _names(files: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Names that stay inside the folder, and no two alike.

    Examples
    --------
    >>> _names([("../../a.csv", 1), ("a.csv", 2), ("C:\\\\x\\\\b.csv", 3), ("/", 4)])
    [('a.csv', 1), ('a (2).csv', 2), ('x/b.csv', 3), ('file', 4)]
    """
    seen: set[str] = set()
    out = []
    for name, file in files:
        parts = [
            part
            for part in name.replace("\\", "/").split("/")
            if part not in ("", ".", "..") and ":" not in part
        ]
        plain = PurePosixPath(*(parts or ["file"]))
        final, at = plain, 2
        while str(final).casefold() in seen:
            final = plain.with_name(f"{plain.stem} ({at}){plain.suffix}")
            at += 1
        seen.add(str(final).casefold())
        out.append((str(final), file))
    return out


def _run(target: str, sources: list[str], details: dict[str, Any], adding: bool) -> None:
    if not adding and (Path(target).expanduser() / "case.json").exists():
        cases.tell(
            UsageError(
                Problem(
                    target,
                    N_("there is a case here already"),
                    expected=N_("another folder, or open that case first"),
                )
            )
        )
        return
    with st.status(say("Importing…"), expanded=True) as status:
        bar = st.progress(0.0)

        def progress(step: str, done: int, total: int) -> None:
            part = min(max(done / total, 0.0), 1.0) if total else 0.0
            bar.progress(part, text=f"{verbatim(say(step))} {done:,}/{total:,}" if total > 1 else say(step))

        try:
            with cases.COMPUTING:
                report = gf.import_sources(
                    str(Path(target).expanduser()), sources, progress=progress, **details
                )
        except GraphflowError as error:
            bar.empty()
            status.update(
                label=say("Not imported. The case is as it was before."), state="error", expanded=True
            )
            cases.tell(error)
            return
        bar.empty()
        status.update(label=say("Imported"), state="complete")
    for source in sources:
        remember(Path(source))
    st.session_state.import_done = say(
        "{files} files added, {rows} rows read, {bad} in quarantine",
        files=len(report.added),
        rows=f"{sum(line.rows for line in report.sources):,}",
        bad=f"{report.quarantined:,}",
    )
    st.session_state.import_serial = _serial() + 1
    session.open_case_at(str(Path(target).expanduser().resolve()))
    st.rerun()


# ---------------------------------------------------------------- report and quarantine


def _report(case: Case) -> None:
    """Rows read = loaded + quarantined + duplicates + set aside; the same for money."""
    report = case.report
    st.markdown(say("Every row is accounted for: read = loaded + quarantined + duplicates + set aside."))
    heads = {
        "read": say("Read"),
        "loaded": say("Loaded"),
        "quarantined": say("Quarantined"),
        "duplicates": say("Duplicates"),
        "set_aside": say("Set aside"),
    }
    rows = [
        {"table": say(SCHEMA[name].title), **{kind: tally.rows.get(kind, 0) for kind in heads}}
        for name, tally in report.tallies.items()
    ]
    columns = {
        "table": Column(say("Table"), width=160),
        **{kind: Column(head, COUNT, 120) for kind, head in heads.items()},
    }
    _show_table(pd.DataFrame(rows, columns=list(columns)), columns)
    money = [
        {
            "table": say(SCHEMA[name].title),
            "currency": code,
            **{
                kind: Figures(code, report.minor_units.get(code, 2)).text(
                    tally.money.get(kind, {}).get(code, 0)
                )
                for kind in heads
            },
        }
        for name, tally in report.tallies.items()
        for code in sorted({code for sums in tally.money.values() for code in sums})
    ]
    if money:
        columns = {
            "table": Column(say("Table"), width=160),
            "currency": Column(say("Currency"), width=90),
            **{kind: Column(head, RIGHT, 160) for kind, head in heads.items()},
        }
        _show_table(pd.DataFrame(money), columns)
    blind = sum(tally.unknown.get("read", 0) for tally in report.tallies.values())
    if blind:
        text = N_("{count} rows have no readable amount: they count as rows, not as money.")
        st.caption(say(text, count=f"{blind:,}"))
    files = [
        {"name": line.name, "loader": line.loader, "rows": line.rows, "sha256": line.sha256}
        for line in report.sources
    ]
    if files:
        st.markdown(f"**{say('Files of the last import')}**")
        _show_table(
            pd.DataFrame(files),
            {
                "name": Column(say("File"), width=320),
                "loader": Column(say("Format"), width=110),
                "rows": Column(say("Rows"), COUNT, 110),
                "sha256": Column("SHA-256", width=420),
            },
        )
    with st.expander(say("The whole report as text"), icon=":material/article:"):
        st.code(report.text(session.language()), language=None, wrap_lines=True)


def _show_table(frame: pd.DataFrame, columns: dict[str, Column]) -> None:
    shown, settings = config(frame, columns, Figures("CNY", 2, session.language()))
    st.dataframe(
        shown,
        column_config=settings,
        hide_index=True,
        placeholder="",
        height=min(420, 37 + 35 * max(len(shown), 1)),
    )


def _quarantine(case: Case) -> None:
    """Rows that were refused: where they stand, why, and what was expected."""
    rows = case.quarantine
    if rows.empty:
        st.success(say("No row was refused."), icon=":material/check_circle:")
        return
    language = session.language()
    frame = rows.sort_values(["source_file", "source_row"], ignore_index=True)
    frame["table"] = [say(SCHEMA[each].title) if each in SCHEMA else each for each in frame["table"]]
    for column, spoken in (("reason", translate), ("expected", say_expected)):
        frame[column] = [spoken(each, language) if isinstance(each, str) else each for each in frame[column]]
    columns = {
        "table": Column(say("Table"), width=100),
        "source_file": Column(say("Source file"), width=200),
        "source_sheet": Column(say("Sheet"), width=90),
        "source_row": Column(say("Row"), COUNT, 80),
        "column": Column(say("Column"), width=110),
        "value": Column(say("Value"), width=150),
        "reason": Column(say("Reason"), width=260),
        "expected": Column(say("Expected"), width=220),
        "amount": Column(say("Amount as written"), RIGHT, 140),
        "currency": Column(say("Currency"), width=80),
        "raw": Column(say("The row"), width=300),
    }
    columns = {
        name: column
        for name, column in columns.items()
        if name in frame and (name in ("table", "reason") or frame[name].notna().any())
    }
    _show_table(frame.head(MOST_ROWS), columns)
    st.caption(
        say(
            "{shown} of {all} refused rows. They are not in the case: correct the source, import it again.",
            shown=f"{min(len(frame), MOST_ROWS):,}",
            all=f"{len(frame):,}",
        )
    )
    sheet = Sheet(say("Quarantine"), frame, columns)
    st.download_button(
        "CSV",
        lambda: csv_bytes(sheet, Figures("CNY", 2, language)),
        "quarantine.csv",
        "text/csv",
        key="quarantine_csv",
        on_click="ignore",
        icon=":material/download:",
    )
