"""Case: the tables of one matter, in memory or as a folder, with what it takes to ask questions of them.

Examples
--------
>>> import pandas as pd
>>> transfers = pd.DataFrame({
...     "transfer_id": ["t1", "t2"], "time": ["2024-03-01T09:00:00", "2024-03-01T10:00:00"],
...     "source": ["A", "B"], "target": ["B", "C"], "amount": ["100.00", "40.5"], "memo": ["loan", "rent"]})
>>> case = Case.from_tables(transfers=transfers)
>>> case.tables.transfers["amount"].tolist()
[10000, 4050]
>>> case.transfers(text="rent")["transfer_id"].tolist()
['t2']
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from graphflow.actions import ActionLog, whoever
from graphflow.contents import content_hash
from graphflow.errors import InputError, Problem, UsageError
from graphflow.folder import MANIFEST, Draft, Pin, folder_of, pin_current, source_folder, writing
from graphflow.language import N_
from graphflow.parts import (
    Part,
    display_names,
    key_of,
    read_part,
    read_table,
    renamed_files,
    split,
    with_key,
    write_part,
    write_table,
)
from graphflow.receipt import SHOWN, ImportReport, Listing, SourceLine, refusals_of
from graphflow.rows import Amount, Moment, search
from graphflow.sealing import Seals
from graphflow.settle import settle
from graphflow.tables import Tables, closed, frames_to_raw, quarantine_frame, read_raw, refuse, sums
from graphflow.version import VERSION

if TYPE_CHECKING:
    from graphflow.ledger import Ledger

PathLike = str | os.PathLike[str]


class Case:
    """The checked tables of one matter, its compiled ledger, and the record of how it came about.

    A case is never changed: importing into its folder makes a new version there, and a case that is open goes
    on showing the version that it opened. Made by `open_case`, `Case.from_tables` or `import_sources`.

    Attributes
    ----------
    tables : Tables
        The checked tables; those of a folder are read when they are first asked for.
    path : Path or None
        The folder; None for a case in memory.
    manifest : mapping
        What the folder says of itself: sources with their SHA-256, counts, money, hash. Empty in memory.
    listed : mapping
        What a person should look at, by kind, as Arrow tables: possible mirrors, conflicts, rows set aside.
    """

    def __init__(
        self,
        tables: Tables,
        *,
        quarantine: pa.Table | None = None,
        report: ImportReport | None = None,
        listed: Mapping[str, pa.Table] | None = None,
        manifest: Mapping[str, Any] | None = None,
        path: Path | None = None,
        pin: Pin | None = None,
        parts: Sequence[Part] = (),
    ) -> None:
        self.tables = tables
        self.path = path
        self.manifest: Mapping[str, Any] = manifest if manifest is not None else {}
        self.listed: Mapping[str, pa.Table] = listed if listed is not None else {}
        self._quarantine = quarantine
        self._report = report
        self._pin = pin
        self._parts = tuple(parts)

    @classmethod
    def from_tables(
        cls,
        *,
        currency: str = "CNY",
        timezone: str = "Asia/Shanghai",
        minor_units: Mapping[str, int] | None = None,
        money: str = "major",
        strict: bool = True,
        **frames: Any,
    ) -> Case:
        """A case in memory from data frames named and shaped as the tables.

        Parameters
        ----------
        currency, timezone
            What an empty currency and a time without an offset mean.
        minor_units
            Digits after the point, of currencies for which ISO 4217's are not right.
        money
            ``"major"``: amounts are decimal text or `Decimal` in major units; ``"minor"``: columns of
            integers are minor units.
        strict
            Bad rows raise one error with all of them; otherwise they go to `quarantine`.
        **frames
            pandas frames, Arrow tables, or anything that pandas makes a frame of, by the name of their table.

        Returns
        -------
        Case
            In memory; `save` writes it to a folder.

        Raises
        ------
        InputError
            For tables, columns and types that cannot be taken, and with `strict` for bad rows: all at once.
        UsageError
            For a unit of money that there is not.

        Examples
        --------
        >>> Case.from_tables(transfers={"time": ["2024-03-01"], "source": ["A"], "target": ["B"],
        ...                             "amount": ["-5"], "transfer_id": ["t"]})
        Traceback (most recent call last):
        ...
        graphflow.errors.InputError: ...
        """
        raw = frames_to_raw({name: _frame(frame) for name, frame in frames.items()})
        record = provenance_record(currency=currency, timezone=timezone)
        parts = tuple(
            Part(
                file,
                read_raw(
                    with_key(its, key_of(file.sha256)),
                    currency=currency,
                    timezone=timezone,
                    minor_units=minor_units,
                    money=money,
                ),
                record,
                (file.name,),
            )
            for file, its in split(raw)
        )
        whole = derive(parts, currency=currency, timezone=timezone)
        if strict:
            refuse(whole.quarantine)
        return cls(
            whole.tables,
            quarantine=whole.quarantine,
            report=whole.report,
            listed=whole.listed,
            parts=parts,
        )

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the tables' rows: the same for the same files, in whatever order they were imported."""
        stored = self.manifest.get("hash")
        return str(stored) if stored else self.report.hash

    @cached_property
    def ledger(self) -> Ledger:
        """The transfers as arrays in time order; memory-mapped where the case is a folder.

        Arrays of another version's layout are compiled anew from the tables, in memory, each time; the next
        import, also of what the case has already, writes them.
        """
        from graphflow.ledger import Ledger, compile_ledger

        if self._pin is not None:
            folder = self._pin.folder / "ledger"
            self._seals.check(folder)
            try:
                return Ledger.open(folder)
            except InputError:
                if Ledger.is_current(folder):
                    raise
        return compile_ledger(self.tables)

    @cached_property
    def actions(self) -> ActionLog:
        """What people did with the case: decisions, notes, packs; who and when. It only grows."""
        return ActionLog(self.path)

    @cached_property
    def quarantine(self) -> pd.DataFrame:
        """The rows that were refused, each with its place, the reason and what was expected."""
        return quarantine_frame(self._quarantine_rows())

    @cached_property
    def report(self) -> ImportReport:
        """What became of every row, as of the last import."""
        if self._report is None:
            assert self._pin is not None
            file = self._pin.folder / "report.json"
            self._seals.check(file)
            return ImportReport.of_dict(json.loads(file.read_text(encoding="utf-8")))
        return self._report

    def verify(self) -> tuple[int, int]:
        """Compare every byte of the case on disk with what was written, however large it is.

        Opening a case compares the sizes of its files, and the contents of small ones; of larger tables each
        page when it is read. The arrays of a large ledger are compared in full here only.

        Returns
        -------
        tuple of two int
            How many files were compared, and how many bytes; none for a case in memory.

        Raises
        ------
        InputError
            With every file that is missing, was changed, or does not belong to the case.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> folder = pathlib.Path(tempfile.mkdtemp(), "demo")
        >>> made = Case.from_tables(transfers={"transfer_id": ["t"], "time": ["2024-03-01"], "source": ["A"],
        ...                                    "target": ["B"], "amount": ["5"]}).save(folder)
        >>> made.verify()[0] > 20
        True
        """
        if self._pin is None or self.path is None:
            return 0, 0
        places = [self._pin.folder, *(source_folder(self.path, folder_of(entry)) for entry in self._sources)]
        problems = self._seals.strangers(*places)
        try:
            self._seals.check(*places, most=None)
        except InputError as error:
            problems += error.problems
        if problems:
            raise InputError(*problems)
        names = [name for place in places for name in self._seals.below(place)]
        return len(names), sum(self._seals.files[name]["bytes"] for name in names)

    @property
    def _sources(self) -> Sequence[Mapping[str, Any]]:
        sources: Sequence[Mapping[str, Any]] = self.manifest.get("sources", ())
        return sources

    @property
    def _seals(self) -> Seals:
        return seals_of(self.path or Path(), self.manifest)

    def transfers(
        self,
        text: str | None = None,
        party: str | None = None,
        least: Amount | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
    ) -> pd.DataFrame:
        """Search in the rows; every condition that is given must hold.

        Parameters
        ----------
        text
            Stands, in any case of letters, in an id, account, name, reference or memo of the row, or in the
            name of one of its two accounts or of their parties.
        party
            Id of a party: it owns one of the row's accounts. A name does where only one party has it.
        least
            The least amount: text or `Decimal` in major units of the row's own currency; an int is minor
            units.
        since, until
            The period, inclusive; a bare date is the whole local day. A row with a bare date is found where
            its day touches the period.

        Returns
        -------
        pandas.DataFrame
            The rows of ``tables.transfers``, money in minor units.

        Raises
        ------
        UsageError
            For a name that no party has, or several; for what is no amount or no time.
        """
        return search(self.tables, text=text, party=party, least=least, since=since, until=until)

    def save(self, path: PathLike, *, replace: bool = False) -> Case:
        """Write the case to a folder and return it, opened from there.

        Parameters
        ----------
        path
            A new or empty folder; with `replace` also a case, of which this becomes the next version.
        replace
            Whether it may take the place of a case that is there.

        Returns
        -------
        Case
            Opened from the folder.

        Raises
        ------
        UsageError
            For a folder with a case in it, without `replace`.
        BusyError
            While somebody else writes to that case.
        """
        folder = Path(path)
        if not replace and (folder / MANIFEST).exists():
            raise UsageError(
                Problem(
                    str(folder),
                    N_("there is a case here already"),
                    expected=N_("a new folder, or replace=True to put this case in its place"),
                )
            )
        whole = Whole(self.tables, self._quarantine_rows(), self.report, self.listed)
        stated = self.manifest.get("stated") or {
            "currency": self.tables.currency,
            "timezone": self.tables.timezone,
        }
        parts = [_unplaced(part) for part in self.parts()]
        ledger = self.ledger  # all that can be wrong is known before anything is written
        with writing(folder, is_new=not replace) as draft:
            write_version(draft, whole, ledger, parts, stated)
        saved = open_case(folder)
        if not saved.actions.read():
            self.actions.copy_to(saved.actions)
        return saved

    def parts(self) -> tuple[Part, ...]:
        """What each source file gave, as `settle` needs it to add others."""
        if self.path is None:
            return self._parts
        return read_parts(self.path, self.manifest)

    def _quarantine_rows(self) -> pa.Table:
        if self._quarantine is None:
            assert self._pin is not None
            file = self._pin.folder / "quarantine.parquet"
            self._seals.check(file)
            self._quarantine = read_table(file)
        return self._quarantine

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.tables.stored[name].num_rows:,} {name}" for name in self.tables.names)
        return f"<Case {self.path or 'in memory'}: {counts}>"


@dataclass(frozen=True)
class Whole:
    """Everything of a case that follows from its parts."""

    tables: Tables
    quarantine: pa.Table
    report: ImportReport
    listed: Mapping[str, pa.Table]


def derive(parts: Sequence[Part], *, currency: str, timezone: str) -> Whole:
    """The whole case from its parts, given in any order; a report that does not close is an error of ours."""
    ordered = sorted(parts, key=lambda part: part.key)
    settled = settle([part.checked for part in ordered], currency=currency, timezone=timezone)
    closed(settled.tallies)
    names = display_names(ordered)
    tables = replace(
        settled.tables,
        stored={name: renamed_files(rows, names) for name, rows in settled.tables.stored.items()},
        _frames={},
    )
    listed = {name: renamed_files(rows, names) for name, rows in settled.listed.items()}
    quarantine = renamed_files(settled.quarantine, names)
    report = ImportReport(
        case="",
        hash=content_hash(settled.tables),
        minor_units=tables.minor_units,
        sources=tuple(source_line(part, names[part.key], "new") for part in ordered),
        tallies=settled.tallies,
        mirrors=settled.mirrors,
        listed={name: _listing(rows) for name, rows in listed.items()},
        refusals=refusals_of(quarantine),
        rounded=settled.rounded,
        further=settled.further,
        notes=settled.notes,
    )
    return Whole(tables, quarantine, report, listed)


def source_line(part: Part, name: str, status: str) -> SourceLine:
    """A source file as the import report shows it."""
    file = part.file
    return SourceLine(name, file.sha256, file.bytes, file.loader, status, part.checked.tallies)


def provenance_record(
    *, currency: str | None, timezone: str | None, authority: str | None = None, basis: str | None = None
) -> dict[str, Any]:
    """Who brings a source in, now, and on what ground."""
    return {
        "imported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "imported_by": whoever(),
        "authority": authority,
        "basis": basis,
        "currency": currency,
        "timezone": timezone,
    }


def open_case(path: PathLike) -> Case:
    """Open the case in a folder, as it stands now.

    Nothing is read but its manifest: tables and ledger come when they are asked for. A writer at work is no
    hindrance, and what is open stays as it is when the writer has finished.

    Parameters
    ----------
    path
        The case's folder, as `import_sources` or `Case.save` made it.

    Returns
    -------
    Case
        As it is on the disk now; what is imported later is seen when it is opened anew.

    Raises
    ------
    InputError
        Where there is no case, or it is damaged, or another version of the program wrote it.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp(), "demo")
    >>> made = Case.from_tables(transfers={"transfer_id": ["t"], "time": ["2024-03-01"], "source": ["A"],
    ...                                    "target": ["B"], "amount": ["5"]}).save(folder)
    >>> open_case(folder).tables.transfers["amount"].tolist()
    [500]
    """
    folder = Path(path)
    manifest, pin = pin_current(folder)
    seals = seals_of(folder, manifest)
    seals.check(pin.folder, most=0)
    tables = Tables(
        _Stored(pin, "tables", seals),
        manifest["currency"],
        manifest["timezone"],
        manifest["minor_units"],
    )
    return Case(tables, manifest=manifest, path=folder, pin=pin, listed=_Stored(pin, "listed", seals))


def seals_of(path: Path, manifest: Mapping[str, Any]) -> Seals:
    """The seals that a case's manifest keeps."""
    return Seals(path, manifest.get("files", {}))


def read_parts(
    path: Path, manifest: Mapping[str, Any], but: Collection[str] = frozenset()
) -> tuple[Part, ...]:
    """The parts that a case's manifest names, but for some keys.

    A new version is made of them, so all of each is compared with what was written.
    """
    entries = [entry for entry in manifest["sources"] if entry["key"] not in but]
    folders = [source_folder(path, folder_of(entry)) for entry in entries]
    seals_of(path, manifest).check(*folders, most=None)
    return tuple(read_part(folder, entry) for folder, entry in zip(folders, entries, strict=True))


def ledger_folder(draft: Draft) -> Path:
    """The folder in which a draft's ledger lies, made when it is first asked for."""
    folder = draft.folder / "ledger"
    folder.mkdir(exist_ok=True)
    return folder


def write_version(
    draft: Draft, whole: Whole, ledger: Ledger, parts: Sequence[Part], stated: Mapping[str, str | None]
) -> dict[str, Any]:
    """Write a whole case as the next version of a folder, and make it the one that counts."""
    report = replace(whole.report, case=str(draft.path))
    for name in ("tables", "listed"):
        (draft.folder / name).mkdir()
    with ThreadPoolExecutor(2) as threads:  # Parquet is written without Python's lock
        tasks = [
            threads.submit(write_table, tables[name], draft.folder / kind / f"{name}.parquet", draft.sealing)
            for kind, tables in (("tables", whole.tables.stored), ("listed", whole.listed))
            for name in tables
        ]
        folders = {part.key: part.folder for part in parts if part.folder}
        for part in parts:
            if part.key not in folders:
                place = draft.add_source(part.key)
                folders[part.key] = place.name
                tasks.append(threads.submit(write_part, part, place, draft.sealing))
        write_table(whole.quarantine, draft.folder / "quarantine.parquet", draft.sealing)
        text = json.dumps(report.as_dict(), ensure_ascii=False, default=str)
        (draft.folder / "report.json").write_text(text, encoding="utf-8")
        ledger.save(ledger_folder(draft), draft.sealing)
        for task in tasks:
            task.result()
    names = display_names(parts)
    transfers = report.tallies.get("transfers")
    return draft.commit(
        {
            "format": "graphflow case",
            "package": VERSION,
            "currency": whole.tables.currency,
            "timezone": whole.tables.timezone,
            "stated": dict(stated),  # by whoever imported; empty where it follows from the sources
            "minor_units": dict(whole.tables.minor_units),
            "hash": report.hash,
            "counts": {name: whole.tables.stored[name].num_rows for name in whole.tables.names},
            "money": dict(transfers.money.get("loaded", {})) if transfers else {},
            "quarantined": report.quarantined,
            "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "sources": [
                replace(part, folder=folders[part.key]).entry(names[part.key])
                for part in sorted(parts, key=lambda part: part.key)
            ],
        }
    )


def _unplaced(part: Part) -> Part:
    """A part for another case than the one that keeps it."""
    return replace(part, folder="")


class _Stored(Mapping[str, pa.Table]):
    """The tables in a folder, each read when it is first asked for; the version stays on disk meanwhile."""

    def __init__(self, pin: Pin, kind: str, seals: Seals) -> None:
        self._pin = pin
        self._seals = seals
        files = [seals.root / name for name in sorted(seals.below(pin.folder / kind))]
        self._files = {file.stem: file for file in files}
        self._checked: set[str] = set()
        self._read: dict[str, pa.Table] = {}

    def __getitem__(self, name: str) -> pa.Table:
        if name not in self._read:
            self._read[name] = read_table(self._file(name))
        return self._read[name]

    def select(self, name: str, columns: Collection[str]) -> pa.Table:
        """Those of the columns that the table has, without reading the others."""
        if name in self._read:
            rows = self._read[name]
            return rows.select([column for column in rows.column_names if column in columns])
        return read_table(self._file(name), columns)

    def _file(self, name: str) -> Path:
        """The file of a table, compared with what was written the first time that it is read."""
        if name not in self._checked:
            self._seals.check(self._files[name])
            self._checked.add(name)
        return self._files[name]

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _listing(rows: pa.Table) -> Listing:
    """The head of a listed matter; its money where it has any in minor units."""
    money: Mapping[str, int] = {}
    if {"amount", "currency"} <= set(rows.column_names) and pa.types.is_integer(
        rows.schema.field("amount").type
    ):
        money = sums(rows["amount"], rows["currency"])
    first = tuple(
        {
            name: value if isinstance(value, (int, str, bool)) else str(value)
            for name, value in row.items()
            if value is not None
        }
        for row in rows.slice(0, SHOWN).to_pylist()
    )
    return Listing(rows.num_rows, money, first)


def _frame(given: Any) -> Any:
    """What was given, if it is a frame; else the frame that pandas makes of it (of a dict of lists, say)."""
    if isinstance(given, (pa.Table, pd.DataFrame)):
        return given
    try:
        return pd.DataFrame(given)
    except (TypeError, ValueError):
        return given  # what it is not, is said with everything else that is wrong
