"""Intake: sources of any known format, recognised, read, checked and added to a case."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

import loaders
from graphflow.case import (
    PathLike,
    Whole,
    derive,
    ledger_folder,
    provenance_record,
    read_parts,
    source_line,
    write_version,
)
from graphflow.errors import InputError, Problem, UsageError
from graphflow.folder import MANIFEST, Draft, refuse_foreign, version_folder, writing
from graphflow.language import N_
from graphflow.ledger import InFolder, Keeping, Ledger, compile_ledger
from graphflow.parts import Part, display_names, key_of, split, with_key
from graphflow.receipt import ImportReport
from graphflow.tables import LONG, Note, Raw, ShelfWriter, SourceFile, read_raw
from graphflow.tables.columns import A_CURRENCY, NO_CURRENCY
from graphflow.tables.currencies import iso4217
from graphflow.tables.result import refuse
from loaders import NOTHING_OF_ITS_OWN, assigned

__all__ = [
    "ASSIGNMENT", "FIELDS", "NOTHING_OF_ITS_OWN", "Head", "ImportReport", "Preview", "import_sources",
    "preview",
]  # fmt: skip

#: Called with what is being done (an English message), how much is done, and how much there is in all.
Progress = Callable[[str, int, int], None]
CURRENCY, TIMEZONE = "CNY", "Asia/Shanghai"


def import_sources(
    path: PathLike,
    sources: PathLike | Sequence[PathLike],
    *,
    loader: str | None = None,
    currency: str | None = None,
    timezone: str | None = None,
    authority: str | None = None,
    basis: str | None = None,
    strict: bool = False,
    replace: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Add sources to the case in a folder, or make one there.

    Everything is read and checked before anything is written; on any error the case stays as it was. The
    whole case is derived anew from all its sources each time, so that their order is of no consequence, and
    a file that is already in it (by its SHA-256) adds nothing. To read such a file in another way than before
    (by another loader, in another currency or time zone, with other columns assigned) is an error unless
    `replace` says that what it gives now stands in place of what it gave before.

    Parameters
    ----------
    path
        The case's folder: a case, an empty folder, or a name for a new one.
    sources
        Files, folders and zips.
    loader
        Name of the loader to use; by default each file's format is recognised from what is in it.
    currency, timezone
        What an empty currency and a time without an offset mean in these sources; by default what their
        format says, else what the case says, else CNY and Asia/Shanghai.
    authority, basis
        Who gave the sources and on what legal ground: kept with each of them.
    strict
        Any bad row is an error, with all of them in it, and nothing is written.
    replace
        Files that the case has are read anew, in place of what they gave before; the manifest keeps how they
        were read then.
    progress
        Called with what is being done, how much of it is done, and how much there is.

    Returns
    -------
    ImportReport
        What became of every row; print it, or take `as_dict()` or `json()`.

    Raises
    ------
    InputError
        For sources that cannot be read, all problems at once; with `strict` for any bad row.
    UsageError
        For a loader, currency or time zone that there is not; for sources and case one inside the other.
    BusyError
        While somebody else writes to the case.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> rows = "transfer_id,time,source,target,amount\\nt1,2024-03-01,A,B,5.00\\n"
    >>> _ = (folder / "transfers.csv").write_text(rows)
    >>> report = import_sources(folder / "case", folder / "transfers.csv")
    >>> report.tallies["transfers"].money["loaded"]
    {'CNY': 500}
    >>> import_sources(folder / "case", folder / "transfers.csv").added
    ()
    """
    case = Path(path)
    given = [Path(one) for one in ([sources] if isinstance(sources, (str, os.PathLike)) else sources)]
    say = progress if progress is not None else _silent
    _check_arguments(case, given, currency, timezone)
    refuse_foreign(case)
    ask = _Request(given, loader, currency, timezone, authority, basis, strict, replace, say)
    with ExitStack() as stack:
        is_new = not (case / MANIFEST).exists()
        begun: list[Draft] = []

        def draft() -> Draft:
            if not begun:
                begun.append(stack.enter_context(writing(case, is_new=is_new)))
            return begun[0]

        manifest = None if is_new else draft().manifest
        change = _gather(case, manifest, ask, draft)
        # what another version of the program compiled is written anew, also where nothing is added
        if is_new or change.is_new or not _is_compiled(case, manifest):
            # of a new case nothing is made on the disk before everything is known to be good, if it is small
            ledger = None if _is_large(change) else _compiled(change, say)
            _write(draft(), change, say, ledger)
    return change.report


@dataclass(frozen=True)
class _Request:
    """What the caller asked for."""

    sources: Sequence[Path]
    loader: str | None
    currency: str | None
    timezone: str | None
    authority: str | None
    basis: str | None
    strict: bool
    replace: bool
    say: Progress


@dataclass(frozen=True)
class _Change:
    """A whole case with what an import adds to it; `is_new` where that is anything at all."""

    is_new: bool
    whole: Whole
    parts: Sequence[Part]
    stated: Mapping[str, str | None]
    report: ImportReport


def _is_compiled(case: Path, manifest: Mapping[str, Any] | None) -> bool:
    return manifest is not None and Ledger.is_current(version_folder(case, manifest["version"]) / "ledger")


def _is_large(change: _Change) -> bool:
    transfers = change.whole.tables.stored.get("transfers")
    return transfers is not None and transfers.num_rows >= LONG


def _compiled(change: _Change, say: Progress, keeping: Keeping | None = None) -> Ledger:
    say(N_("compiling the ledger"), 0, 1)
    ledger = compile_ledger(change.whole.tables, keeping)
    say(N_("compiling the ledger"), 1, 1)
    return ledger


def _write(draft: Draft, change: _Change, say: Progress, ledger: Ledger | None) -> None:
    """Write the whole as the next version; a ledger that is not there yet is compiled straight into it."""
    if ledger is None:
        draft.sealing.behind = True  # it is far more than a question reads of it
        ledger = _compiled(change, say, InFolder(ledger_folder(draft), draft.sealing))
    say(N_("writing the case"), 0, 1)
    write_version(draft, change.whole, ledger, change.parts, change.stated)
    say(N_("writing the case"), 1, 1)


def _gather(
    case: Path, manifest: Mapping[str, Any] | None, ask: _Request, draft: Callable[[], Draft]
) -> _Change:
    """Read what is new, and derive the whole; rows that are too many to be held go to the draft."""
    entries = {entry["key"]: entry for entry in manifest["sources"]} if manifest else {}
    stated = dict(manifest["stated"]) if manifest else {"currency": None, "timezone": None}
    # The first who says so decides for the case; who says otherwise later means his own sources.
    stated = {
        "currency": stated["currency"] or ask.currency,
        "timezone": stated["timezone"] or ask.timezone,
    }
    currency = ask.currency or (manifest["currency"] if manifest else CURRENCY)
    timezone = ask.timezone or stated["timezone"] or TIMEZONE
    new, again, notes = _read(ask, entries, currency, timezone, draft)
    ask.say(N_("reading sources"), len(ask.sources), len(ask.sources))
    return _join(case, manifest, ask, stated, new, again, notes)


def _read(
    ask: _Request,
    entries: Mapping[str, Mapping[str, Any]],
    currency: str,
    timezone: str,
    draft: Callable[[], Draft],
) -> tuple[dict[str, Part], list[tuple[str, SourceFile]], list[Note]]:
    """What the sources give that the case has not, what it has already, and what loaders say.

    A function of its own, so that the text that was read is let go of before the whole is derived.
    """
    new: dict[str, Part] = {}
    again: list[tuple[str, SourceFile]] = []
    notes: list[Note] = []
    problems: list[Problem] = []
    record = provenance_record(currency=currency, timezone=timezone, authority=ask.authority, basis=ask.basis)
    for at, path in enumerate(ask.sources):
        ask.say(N_("reading sources"), at, len(ask.sources))
        try:
            for raw in _load(path, ask, entries):
                notes += raw.notes
                for file, its in split(raw):
                    key = key_of(file.sha256)
                    if key in new or (key in entries and not ask.replace):
                        again.append((key, file))
                        continue
                    checked = read_raw(
                        with_key(its, key),
                        currency=currency,
                        timezone=timezone,
                        shelve=functools.partial(_shelve, draft, key, file.name),
                    )
                    names = {file.name, *(entries[key]["names"] if key in entries else ())}
                    new[key] = Part(
                        file,
                        checked,
                        {**record, "timezone": checked.timezone},
                        tuple(sorted(names)),
                        _history(entries.get(key)),
                    )
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(*problems)
    if new and not again and not any(_rows(part) for part in new.values()):
        raise InputError(
            *(
                Problem(part.file.name, N_("has no rows"), expected=N_("a row of column names, then rows"))
                for part in new.values()
            )
        )
    return new, again, notes


def _shelve(draft: Callable[[], Draft], key: str, name: str, table: str, rows: int) -> ShelfWriter:
    """Where the rows of a long table go: to the file in which the case keeps what its source gave."""
    draft().sealing.behind = True
    folder = draft().add_source(key) / "tables"
    folder.mkdir(exist_ok=True)
    return ShelfWriter(table, folder / f"{table}.parquet", name, draft().sealing, rows)


def _rows(part: Part) -> int:
    return sum(tally.rows.get("read", 0) for tally in part.checked.tallies.values())


def _history(entry: Mapping[str, Any] | None) -> tuple[Mapping[str, Any], ...]:
    """How a file was read before, by its entry in the manifest: the latest last."""
    if entry is None:
        return ()
    return (*entry["replaced"], {name: value for name, value in entry.items() if name != "replaced"})


def _load(path: Path, ask: _Request, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[Raw]:
    """What the loaders make of one source; where every byte of it is known already, only the files' names."""
    for loader, source in loaders.recognise(path, ask.loader):
        known = all(key_of(file.contents.sha256) in entries for file in source.files)
        if known and not ask.replace:
            files = tuple(SourceFile(f.name, f.contents.sha256, f.size, loader.name) for f in source.files)
            yield Raw({}, files=files)
        else:
            yield loader.load(source, currency=ask.currency, timezone=ask.timezone)


def _join(
    case: Path,
    manifest: Mapping[str, Any] | None,
    ask: _Request,
    stated: dict[str, str | None],
    new: dict[str, Part],
    again: Sequence[tuple[str, SourceFile]],
    notes: Sequence[Note],
) -> _Change:
    """The whole of what was there and what is new, with a report of this import."""
    before = read_parts(case, manifest, but=new) if manifest else ()
    parts = {part.key: part for part in (*before, *new.values())}
    _same_settings(parts, again, ask)
    renamed = False
    for key, file in again:
        part = parts[key]
        if file.name not in part.names:
            parts[key] = replace(part, names=tuple(sorted({*part.names, file.name})))
            renamed = True
    ask.say(N_("joining the sources, pairing both sides of transfers"), 0, 1)
    whole = derive(
        list(parts.values()),
        currency=stated["currency"] or _agreed({p.checked.currency for p in parts.values()}, CURRENCY),
        timezone=stated["timezone"] or _agreed({p.checked.timezone for p in parts.values()}, TIMEZONE),
    )
    ask.say(N_("joining the sources, pairing both sides of transfers"), 1, 1)
    names = display_names(list(parts.values()))
    if ask.strict:
        theirs = {names[key] for key in new}
        bad = whole.quarantine.filter(
            pc.is_in(whole.quarantine["source_file"], value_set=pa.array(sorted(theirs), pa.large_string()))
        )
        refuse(bad)
    lines = [
        source_line(part, names[part.key], "replaced" if part.replaced else "new") for part in new.values()
    ]
    lines += [replace(source_line(parts[key], file.name, "known"), tallies={}) for key, file in again]
    report = replace(
        whole.report,
        case=str(case),
        sources=tuple(sorted(lines, key=lambda line: (line.status != "new", line.name))),
        notes=_once([*whole.report.notes, *notes]),
    )
    whole = replace(whole, report=report)
    return _Change(bool(new) or renamed, whole, list(parts.values()), stated, report)


def _same_settings(parts: Mapping[str, Part], again: Sequence[tuple[str, SourceFile]], ask: _Request) -> None:
    """An error where a file that the case has is now to be read in another way."""
    found = []
    for key, file in again:
        part = parts[key]
        asked = {"loader": ask.loader, "currency": ask.currency, "timezone": ask.timezone}
        was = {
            "loader": part.file.loader,
            "currency": part.checked.currency,
            "timezone": part.checked.timezone,
        }
        for name, value in asked.items():
            if value is not None and value != was[name]:
                found.append(
                    Problem(
                        file.name,
                        N_("the case has this file already, read with {name} {was}"),
                        {"name": name, "was": was[name]},
                        first=f"{name} {value}",
                        expected=_REPLACE,
                    )
                )
        if file.mapping and file.mapping != part.file.mapping:
            found.append(
                Problem(
                    file.name,
                    N_("the case has this file already, read with other columns assigned, or none"),
                    first=part.file.mapping or part.file.loader,
                    expected=_REPLACE,
                )
            )
    if found:
        raise InputError(*found)


_REPLACE = N_("the same again; or --replace (replace=True), to read it anew in place of what it gave before")


def _agreed(values: set[str], default: str) -> str:
    """What all sources say; where they do not agree, the default."""
    return next(iter(values)) if len(values) == 1 else default


def _once(notes: Sequence[Note]) -> tuple[Note, ...]:
    kept: dict[str, Note] = {}
    for note in notes:
        kept.setdefault(repr((note.kind, note.text, sorted(note.values.items(), key=str), note.count)), note)
    return tuple(kept[key] for key in sorted(kept))


def _check_arguments(case: Path, sources: Sequence[Path], currency: str | None, timezone: str | None) -> None:
    found = []
    if not sources:
        found.append(Problem("sources", N_("nothing to import"), expected=N_("files, folders or zips")))
    whole = case.resolve()
    for source in sources:
        place = source.resolve()
        if place == whole or whole in place.parents or place in whole.parents:
            found.append(
                Problem(
                    str(source),
                    N_("the source and the case {case} lie one inside the other"),
                    {"case": str(case)},
                    expected=N_("a folder for the case that is no part of a source"),
                )
            )
    if currency is not None and currency not in iso4217():
        found.append(Problem("currency", NO_CURRENCY, first=currency, expected=A_CURRENCY))
    if timezone is not None:
        try:
            ZoneInfo(timezone)
        except (KeyError, ValueError, OSError):
            found.append(
                Problem(
                    "timezone",
                    N_("there is no such time zone"),
                    first=timezone,
                    expected="Asia/Shanghai, UTC, …",
                )
            )
    if found:
        raise UsageError(*found)


@dataclass(frozen=True)
class Head:
    """The top of a table that nobody recognises, with what its columns probably are."""

    file: str
    sheet: str | None
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    guess: Mapping[str, int]


@dataclass(frozen=True)
class Preview:
    """What a source is, before it is imported: by whom it would be read, and its tables where by nobody.

    Attributes
    ----------
    formats
        Loader and title (a message id) of each format found, with the names of its files.
    unknown
        Tables that nobody recognises: what a person can assign columns of.
    error
        Why nothing is recognised, if nothing is.
    """

    formats: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    unknown: tuple[Head, ...] = ()
    error: InputError | None = None


def preview(source: PathLike, loader: str | None = None) -> Preview:
    """Look at a source without importing it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("交易日期,对方账号,支出,收入\\n2024-03-01,B,5.00,\\n", encoding="utf-8")
    >>> [head.guess for head in preview(file).unknown]
    [{'date': 0, 'other': 1, 'amount_out': 2, 'amount_in': 3}]
    """
    error = None
    formats: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    try:
        found = loaders.recognise(Path(source), loader)
        formats = tuple((one.name, one.title, tuple(file.name for file in its.files)) for one, its in found)
        left = [file for _, its in found for file in its.others]
    except InputError as raised:
        error = raised
        left = []
        with suppress(InputError):
            left = list(loaders.open_source(Path(source)).files)
    unknown: list[Head] = []
    for file in left:
        with suppress(InputError):
            unknown += [
                Head(file.name, sheet, tuple(header), tuple(map(tuple, rows)), assigned.guess(header))
                for sheet, header, rows in assigned.heads(file)
            ]
    return Preview(formats, tuple(unknown), error)


#: The fields that a column can be assigned to, and the file that an assignment is kept in.
FIELDS, ASSIGNMENT = tuple(assigned.FIELDS), assigned.BESIDE


def _silent(step: str, done: int, total: int) -> None:
    """No progress is shown."""
