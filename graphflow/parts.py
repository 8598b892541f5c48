"""Parts: what each source file gave to a case, kept so that the whole can be derived from them anew."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graphflow.contents import table_digest
from graphflow.errors import InputError, Problem
from graphflow.language import N_
from graphflow.sealing import RESTORE, Sealing
from graphflow.tables import LONG, Checked, Pieces, Raw, Shelf, SourceFile, constant, table_writer
from graphflow.tables.columns import words_of
from graphflow.tables.result import plus

TEXT = pa.large_string()
_OF_PART = frozenset(
    "key name names sha256 bytes loader mapping folder replaced rows money minor_units".split()
)
_KEY = 16  # hex digits of a file's SHA-256 that name it in the rows of a case


@dataclass(frozen=True)
class Part:
    """One source file, checked row by row.

    Attributes
    ----------
    file
        Its name, SHA-256, size and loader.
    checked
        Its typed rows; their ``source_file`` is `key` until the case is whole and names can be told apart.
    record
        Who imported it and when, authority and legal basis, the currency and time zone that were assumed.
    names
        Every name under which the same bytes were imported.
    replaced
        Its former entries in the manifest, the latest last, where the file was read anew in another way.
    folder
        The name of the folder in which its case keeps it; empty before it is written.
    """

    file: SourceFile
    checked: Checked
    record: Mapping[str, Any]
    names: tuple[str, ...]
    replaced: tuple[Mapping[str, Any], ...] = ()
    folder: str = ""

    @property
    def key(self) -> str:
        """What stands for the file in its rows, whatever it was called."""
        return key_of(self.file.sha256)

    def entry(self, display: str) -> dict[str, Any]:
        """The source as the manifest keeps it."""
        read = {name: tally.rows.get("read", 0) for name, tally in self.checked.tallies.items()}
        transfers = self.checked.tallies.get("transfers")
        return {
            "key": self.key,
            "name": display,
            "names": sorted(self.names),
            "sha256": self.file.sha256,
            "bytes": self.file.bytes,
            "loader": self.file.loader,
            "mapping": self.file.mapping,
            "folder": self.folder,
            "replaced": list(self.replaced),
            "rows": read,
            "money": dict(transfers.money.get("read", {})) if transfers else {},
            "minor_units": dict(self.checked.minor_units),
            **self.record,
        }


def key_of(sha256: str) -> str:
    """The short form of a SHA-256 that names a file in the rows of a case."""
    return sha256[:_KEY]


def display_names(parts: Sequence[Part]) -> dict[str, str]:
    """By key: the name of each file as it is shown, the same in any order of import.

    The least of its names; where two different files have one name, both carry the start of their SHA-256.
    """
    least = {part.key: min(part.names) for part in parts}
    taken: dict[str, int] = {}
    for name in least.values():
        taken[name] = taken.get(name, 0) + 1
    return {key: name if taken[name] == 1 else f"{name} #{key[:8]}" for key, name in least.items()}


def split(raw: Raw) -> list[tuple[SourceFile, Raw]]:
    """A loader's tables, file by file: the same file gives the same part, whatever it was imported with.

    Rows that name no file of `raw.files` (data frames) are a file of their own, with the hash of their
    contents. The notes stay with the first file.
    """
    by_name: dict[str, tuple[SourceFile, Raw]] = {}
    for file in raw.files:
        by_name[file.name] = (file, _empty(raw))
    for kind in ("tables", "set_aside", "refused"):
        for table, rows in getattr(raw, kind).items():
            for name, its_rows in _by_file(rows, raw.files[0].name if len(raw.files) == 1 else f"<{table}>"):
                if name not in by_name:
                    by_name[name] = (SourceFile(name, "", 0, "frames"), _empty(raw))
                getattr(by_name[name][1], kind)[table] = its_rows
    found = []
    read: dict[str, int] = {}
    for file, its in by_name.values():
        for table in {**its.tables, **its.set_aside, **its.refused}:
            count = sum(
                kind[table].num_rows for kind in (its.tables, its.set_aside, its.refused) if table in kind
            )
            its.rows_read[table] = count
            read = plus(read, {table: count})
        if not file.sha256:
            digest = hashlib.sha256(
                b"".join(table_digest(name, rows) for name, rows in sorted(its.tables.items()))
            )
            size = sum(rows.nbytes for rows in its.tables.values())
            file = replace(file, sha256=digest.hexdigest(), bytes=size)
        its.files = (file,)
        found.append((file, its))
    # A loader that says it read more rows than it hands over has lost some: the difference goes to the first
    # file, whose checks then report that its rows do not add up.
    if found:
        for table, said in raw.rows_read.items():
            if said != read.get(table, 0):
                first = found[0][1].rows_read
                first[table] = first.get(table, 0) + said - read.get(table, 0)
        found[0][1].notes = raw.notes
    return found


def with_key(raw: Raw, key: str) -> Raw:
    """The same rows, their file named by its key."""

    def named(rows: pa.Table) -> pa.Table:
        return _set(rows, "source_file", constant(key, rows.num_rows))

    def renamed(tables: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: rows.changed(named) if isinstance(rows, Pieces) else named(rows)
            for name, rows in tables.items()
        }

    return replace(
        raw, tables=renamed(raw.tables), set_aside=renamed(raw.set_aside), refused=renamed(raw.refused)
    )


def renamed_files(rows: Any, names: Mapping[str, str]) -> Any:
    """A table with the files in its rows under the names that are shown."""
    for column in ("source_file", "mirror_file"):
        if column in rows.column_names and rows.num_rows:
            found = words_of(rows[column])
            if len(found) == 1 and found[0] is not None:
                rows = _set(rows, column, constant(names.get(found[0], found[0]), rows.num_rows))
                continue
            encoded = rows[column].combine_chunks().dictionary_encode()
            shown = pa.array([names.get(key, key) for key in encoded.dictionary.to_pylist()], TEXT)
            rows = _set(rows, column, shown.take(encoded.indices))
    return rows


def write_part(part: Part, folder: Path, sealing: Sealing) -> None:
    """Keep a part on disk; `read_part` is the way back. A long table lies there already."""
    for kind, tables in (("tables", part.checked.tables), ("set_aside", part.checked.set_aside)):
        (folder / kind).mkdir(exist_ok=True)
        for name, rows in tables.items():
            file = folder / kind / f"{name}.parquet"
            if not isinstance(rows, Shelf) or rows.file != file:
                write_table(rows, file, sealing)
    write_table(part.checked.quarantine, folder / "quarantine.parquet", sealing)
    (folder / "facts.json").write_text(json.dumps(part.checked.facts(), ensure_ascii=False), encoding="utf-8")


def read_part(folder: Path, entry: Mapping[str, Any]) -> Part:
    """The part that `write_part` kept, with its entry in the manifest."""
    try:
        stored = [
            {file.stem: _its(file, entry["key"]) for file in sorted((folder / kind).glob("*.parquet"))}
            for kind in ("tables", "set_aside")
        ]
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        checked = Checked.of(facts, stored[0], stored[1], read_table(folder / "quarantine.parquet"))
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise InputError(
            Problem(
                str(folder),
                N_("what the case keeps of the source {name} is missing or damaged"),
                {"name": entry["name"]},
                first=str(error),
                expected=N_("the folder as it was written; restore it, or import the sources again"),
            )
        ) from None
    record = {name: value for name, value in entry.items() if name not in _OF_PART}
    names, replaced = tuple(entry["names"]), tuple(entry["replaced"])
    return Part(checked.files[0], checked, record, names, replaced, folder.name)


def _its(file: Path, key: str) -> Any:
    """A table of a part. Its rows are those of one file, which has a key until the case is whole."""
    plain = file.parent.name == "tables" and file.stem == "transfers"
    rows: Any = None
    if (
        plain
        and pq.read_metadata(file).num_rows >= LONG
        and "statement_side" not in pq.read_schema(file).names
    ):
        rows = Shelf.of(file)
    else:
        rows = read_table(file)
    return _set(rows, "source_file", constant(key, rows.num_rows))


def write_table(rows: Any, file: Path, sealing: Sealing) -> None:
    """One Parquet file. What lies on disk as it is to be written is not written again."""
    if isinstance(rows, Shelf):
        if rows.is_as_stored() and _linked(rows.file, file):
            sealing.seals[file] = sealing.seals[rows.file]
            return
        pieces = rows.pieces()
    else:
        pieces = iter([rows])
    with sealing.open(file) as sink:
        first = next(pieces)
        with table_writer(sink, rows.schema, first) as writer:
            for piece in (first, *pieces):
                writer.write_table(piece)


def _linked(file: Path, other: Path) -> bool:
    """Whether a file could be given a second name: not every file system has that."""
    try:
        os.link(file, other)
    except OSError:
        return False
    return True


def read_table(file: Path, columns: Collection[str] | None = None) -> pa.Table:
    """A table that `write_table` wrote; with `columns` those of them that it has, and no other is read."""
    try:
        held = None if columns is None else [name for name in pq.read_schema(file).names if name in columns]
        return pq.read_table(file, columns=held, memory_map=True, page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        problem = Problem(str(file), N_("cannot be read: {reason}"), {"reason": str(error)}, expected=RESTORE)
        raise InputError(problem) from error


def _empty(raw: Raw) -> Raw:
    return replace(raw, tables={}, set_aside={}, refused={}, rows_read={}, notes=(), files=())


def _by_file(rows: Any, nameless: str) -> list[tuple[str, Any]]:
    """The rows of each file, in their order; those that name none are of the file `nameless`."""
    if isinstance(rows, Pieces):
        return [(rows.file, rows)]
    if "source_file" not in rows.column_names:
        return [(nameless, rows)]
    found = words_of(rows["source_file"])
    if len(found) == 1 and found[0] is not None:
        return [(found[0], rows)]
    encoded = rows["source_file"].combine_chunks().cast(TEXT).dictionary_encode()
    names = encoded.dictionary.to_pylist()
    codes = pc.fill_null(encoded.indices, len(names)).to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    ordered = rows.take(pa.array(order))
    ends = np.searchsorted(codes[order], np.arange(len(names) + 1), side="right")
    starts = np.concatenate([[0], ends[:-1]])
    return [
        (name, ordered.slice(int(start), int(end - start)))
        for name, start, end in zip([*names, nameless], starts, ends, strict=True)
        if end > start
    ]


def _set(rows: Any, name: str, values: Any) -> Any:
    if name in rows.column_names:
        return rows.set_column(rows.column_names.index(name), name, values)
    return rows.append_column(name, values)
