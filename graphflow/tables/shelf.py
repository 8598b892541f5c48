"""Long tables, kept on disk while a case is made of them: a column is read when it is asked for.

A table of a hundred million rows takes some ten gigabytes in memory, and most of what is done with it looks
at one column after the other. So its rows go to a Parquet file as soon as they are checked, and what every
case asks of each column (its hash, how many values are missing, whether ids stand in order, the accounts by
number) is found on the way, while the rows are at hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graphflow.sealing import Sealing
from graphflow.tables.columns import constant, words_of
from graphflow.tables.digest import PIECE, add_rows
from graphflow.tables.keys import Numbering
from graphflow.tables.schema import PROVENANCE, SCHEMA

Numbers = npt.NDArray[np.int32]

LONG = 1 << 22
"""From so many rows on a table is kept on disk while a case is made of it; of transfers alone: of the others
several rows are put together, and they are shorter.
"""
_SAMPLE = 10_000


def table_writer(sink: Any, schema: pa.Schema, some: pa.Table) -> pq.ParquetWriter:
    """A writer of Parquet. Columns in which few texts recur are dictionaries, as `some` of the rows show; for
    ids one is only work.
    """
    some = some.slice(0, _SAMPLE)
    recurring = [
        field.name
        for field in schema
        if (pa.types.is_large_string(field.type) or pa.types.is_string(field.type))
        and len(pc.unique(some[field.name])) <= some.num_rows // 2
    ]
    whole = [
        field.name for field in schema if pa.types.is_int64(field.type) or pa.types.is_timestamp(field.type)
    ]
    return pq.ParquetWriter(
        pa.PythonFile(sink, mode="w"),
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=recurring,
        column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
        write_statistics=False,  # nobody reads part of a table by its values
        write_page_checksum=True,
    )


class Shelf:
    """A table on disk, in the place of a `pyarrow.Table` where single columns are looked at.

    Attributes
    ----------
    file
        The Parquet file.
    column_names, schema, num_rows
        As a table has them.
    stored_name
        The text that stands in every row of the file's ``source_file``, where that is known.
    """

    def __init__(self, file: Path, schema: pa.Schema, num_rows: int, stored_name: str = "") -> None:
        self.file = file
        self.schema = schema
        self.num_rows = num_rows
        self.stored_name = stored_name
        self._stored = tuple(schema.names)
        self._over: dict[str, pa.ChunkedArray] = {}
        self._facts: dict[tuple[str, str], Any] = {}

    @classmethod
    def of(cls, file: Path) -> Shelf:
        """The table in a Parquet file."""
        return cls(file, pq.read_schema(file), int(pq.read_metadata(file).num_rows))

    # ------------------------------------------------------------ as a table

    @property
    def column_names(self) -> list[str]:
        names: list[str] = self.schema.names
        return names

    def __len__(self) -> int:
        return self.num_rows

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        return self.column(name)

    def column(self, name: str) -> pa.ChunkedArray:
        """A whole column."""
        if name in self._over:
            return self._over[name]
        return pa.chunked_array(list(self.pieces_of(name)), self.schema.field(name).type)

    def read(self) -> pa.Table:
        """The whole table, in memory."""
        return pa.table({name: self[name] for name in self.column_names}, schema=self.schema)

    def taken_down(self) -> pa.Table:
        """The whole table, in memory, and its file no more."""
        rows = self.read()
        self.file.unlink()
        return rows

    def select(self, names: Sequence[str]) -> Shelf:
        """The same with some columns, in that order."""
        return self._with(pa.schema([self.schema.field(name) for name in names]), self._over)

    def set_column(self, at: int, name: str, values: Any) -> Shelf:
        """The same with other values in a column: these are held in memory."""
        over = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
        return self._with(self.schema.set(at, pa.field(name, over.type)), {**self._over, name: over})

    def append_column(self, name: str, values: Any) -> Shelf:
        """The same with one column more."""
        over = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
        return self._with(self.schema.append(pa.field(name, over.type)), {**self._over, name: over})

    def filter(self, mask: Any) -> pa.Table:
        """Some rows, in memory."""
        return pa.table({name: self[name].filter(mask) for name in self.column_names}, schema=self.schema)

    def take(self, rows: Any) -> pa.Table:
        """Some rows, in memory."""
        return pa.table({name: self[name].take(rows) for name in self.column_names}, schema=self.schema)

    def _with(self, schema: pa.Schema, over: Mapping[str, pa.ChunkedArray]) -> Shelf:
        other = Shelf(self.file, schema, self.num_rows, self.stored_name)
        other._stored = self._stored
        other._over = {name: values for name, values in over.items() if name in schema.names}
        kept = {name for name in schema.names if other._over.get(name) is self._over.get(name)}
        other._facts = {key: fact for key, fact in self._facts.items() if key[1] in kept}
        return other

    # ------------------------------------------------------------ piece by piece

    def pieces_of(self, name: str) -> Iterator[pa.Array]:
        """A column, piece by piece."""
        if name in self._over:
            yield from self._over[name].chunks
            return
        for piece in self._read([name]):
            yield from piece[name].chunks

    def pieces(self) -> Iterator[pa.Table]:
        """The table in pieces of :data:`PIECE` rows."""
        stored = [name for name in self.column_names if name not in self._over]
        read = _cut(self._read(stored)) if stored else None
        for at in range(0, max(self.num_rows, 1), PIECE):
            count = min(PIECE, self.num_rows - at)
            piece = next(read) if read is not None else None
            columns = {
                name: self._over[name].slice(at, count)
                if piece is None or name not in stored
                else piece[name]
                for name in self.column_names
            }
            yield pa.table(columns, schema=self.schema)

    def _read(self, names: list[str]) -> Iterator[pa.Table]:
        with pq.ParquetFile(self.file, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=names)

    # ------------------------------------------------------------ what is known of a column

    def _known(self, what: str, name: str, find: Any) -> Any:
        key = (what, name)
        if key not in self._facts:
            self._facts[key] = find()
        return self._facts[key]

    def nulls(self, name: str) -> int:
        """How many values of a column are missing."""
        return int(self._known("nulls", name, lambda: sum(x.null_count for x in self.pieces_of(name))))

    def size(self, name: str) -> int:
        """How many bytes the texts of a column have in all."""

        def find() -> int:
            return sum(pc.sum(pc.binary_length(x)).as_py() or 0 for x in self.pieces_of(name))

        return int(self._known("size", name, find))

    def ascending(self, name: str) -> bool:
        """Whether the texts of a column stand in order, each once and none missing."""

        def find() -> bool:
            last = None
            return all((last := _goes_on(last, x)) is not None for x in self.pieces_of(name))

        return bool(self._known("ascending", name, find))

    def words(self, name: str) -> pa.Array:
        """The texts of a column, each once."""

        def find() -> pa.Array:
            return pa.chunked_array([pc.unique(x) for x in self.pieces_of(name)]).unique()

        found: pa.Array = self._known("words", name, find)
        return found

    def digest(self, name: str) -> bytes:
        """The hash of a column."""

        def find() -> bytes:
            digest = hashlib.sha256()
            for piece in self.select([name]).pieces():
                add_rows(digest, *piece[name].chunks)
            return digest.digest()

        found: bytes = self._known("digest", name, find)
        return found

    def numbered(self, name: str) -> tuple[Numbers, pa.Array]:
        """The texts of a column by number (-1: missing), and the texts."""

        def find() -> tuple[Numbers, pa.Array]:
            seen = Numbering()
            numbers = np.concatenate([np.zeros(0, np.int32), *map(seen.add, self.pieces_of(name))])
            return numbers, seen.texts()

        found: tuple[Numbers, pa.Array] = self._known("numbered", name, find)
        return found

    def know(self, what: str, name: str, fact: Any) -> None:
        """Keep what was found on the way."""
        self._facts[what, name] = fact

    def forget(self, what: str, name: str) -> None:
        """Let go of what takes memory, and is not asked for again."""
        self._facts.pop((what, name), None)

    def is_as_stored(self) -> bool:
        """Whether the file says the same as this table."""
        over = set(self._over)
        if over == {"source_file"}:
            words = words_of(self._over["source_file"])
            return tuple(self.column_names) == self._stored and words == [self.stored_name]
        return not over and tuple(self.column_names) == self._stored


def _cut(tables: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in pieces of :data:`PIECE`, the last one of what is left; of no row, one piece."""
    waiting: list[pa.Table] = []
    count = 0
    for table in tables:
        waiting.append(table)
        count += table.num_rows
        while count >= PIECE:
            rows = pa.concat_tables(waiting)
            yield rows.slice(0, PIECE)
            waiting, count = [rows.slice(PIECE)], count - PIECE
    if waiting:
        yield pa.concat_tables(waiting)


def nulls_of(table: Any, column: str) -> int:
    """How many values of a column are missing, of a table in memory or on disk."""
    return table.nulls(column) if isinstance(table, Shelf) else int(table[column].null_count)


class ShelfWriter:
    """Takes the checked rows of a long table, stretch by stretch, and finds out what is asked of them later.

    Parameters
    ----------
    table
        Whose columns they are.
    file
        The Parquet file that is made.
    stored_name
        What the file calls the source of its rows, which have a key for it until the case is whole.
    most
        Rows that there are at most.
    """

    def __init__(self, table: str, file: Path, stored_name: str, sealing: Sealing, most: int) -> None:
        self.spec = SCHEMA[table]
        self.file = file
        self.stored_name = stored_name
        self.sealing = sealing
        self._numbered = [c.name for c in self.spec.columns.values() if c.refers == ("accounts",)]
        self._few = [c.name for c in self.spec.columns.values() if c.kind == "currency"]
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self._schema: pa.Schema | None = None
        self._source: pa.Array | None = None
        self._sink: Any = None
        self._writer: Any = None
        self._digests: dict[str, Any] = {}
        self._nulls: dict[str, int] = {}
        self._size = 0
        self._last: Any = None
        self._in_order = True
        self._words: dict[str, dict[str | None, None]] = {name: {} for name in self._few}
        self._seen = Numbering()
        self._numbers = {name: np.empty(most, np.int32) for name in self._numbered}
        self._at = 0
        # each in the order of the rows, beside one another
        self._threads = [ThreadPoolExecutor(1) for _ in range(3)]
        self._under_way: list[list[Future[None]]] = []

    def add(self, rows: pa.Table) -> None:
        """Take over rows."""
        if self._schema is None:
            self._schema = rows.schema
        elif rows.schema.names != self._schema.names:
            self._widen(rows.schema)
            rows = fitted(rows, self._schema)
        self._waiting.append(rows)
        while sum(table.num_rows for table in self._waiting) >= PIECE:
            self._flush(PIECE)

    def close(self) -> Shelf:
        """The table."""
        assert self._schema is not None
        try:
            self._flush(PIECE)
            while self._under_way:
                self._wait()
        finally:
            for thread in self._threads:
                thread.shutdown()
            if self._writer is not None:
                self._writer.close()
                self._sink.close()
        shelf = Shelf(self.file, self._schema, self._rows, self.stored_name)
        if self._source is not None:
            shelf = shelf.set_column(
                self._schema.get_field_index("source_file"),
                "source_file",
                constant(self._source, self._rows),
            )
        for name in self._schema.names:
            shelf.know("nulls", name, self._nulls.get(name, 0))
            shelf.know("digest", name, self._digests[name].digest())
        if self.spec.key in self._schema.names:
            shelf.know("ascending", self.spec.key, self._in_order)
            shelf.know("size", self.spec.key, self._size)
        for name in self._few:
            if name in self._schema.names:
                shelf.know("words", name, pa.array(list(self._words[name]), pa.large_string()))
        texts = self._seen.texts()
        for name in self._numbered:
            if name in self._schema.names:
                shelf.know("numbered", name, (self._numbers[name][: self._rows], texts))
        return shelf

    # ------------------------------------------------------------ pieces

    def _flush(self, count: int) -> None:
        rows = pa.concat_tables(self._waiting) if len(self._waiting) != 1 else self._waiting[0]
        piece, rest = rows.slice(0, count), rows.slice(count)
        self._waiting = [rest] if rest.num_rows else []
        if piece.num_rows == 0 and self._writer is not None:
            return
        while len(self._under_way) > 1:
            self._wait()
        self._rows += piece.num_rows
        tasks = (self._write, self._hash, self._number)
        self._under_way.append(
            [thread.submit(task, piece) for thread, task in zip(self._threads, tasks, strict=True)]
        )

    def _wait(self) -> None:
        for task in self._under_way.pop(0):
            task.result()

    def _write(self, piece: pa.Table) -> None:
        if "source_file" in piece.column_names:
            at = piece.column_names.index("source_file")
            piece = piece.set_column(at, "source_file", constant(self.stored_name, piece.num_rows))
        if self._writer is None:
            self._sink = self.sealing.open(self.file)
            self._writer = table_writer(self._sink, piece.schema, piece)
        self._writer.write_table(piece, row_group_size=PIECE)

    def _hash(self, piece: pa.Table) -> None:
        for name in piece.column_names:
            values = piece[name]
            digest = self._digests.setdefault(name, hashlib.sha256())
            if len(values):
                add_rows(digest, *values.chunks)
            self._nulls[name] = self._nulls.get(name, 0) + values.null_count
            if name == self.spec.key:
                for chunk in values.chunks:
                    self._size += pc.sum(pc.binary_length(chunk)).as_py() or 0
                    if self._in_order:
                        last = _goes_on(self._last, chunk)
                        self._in_order, self._last = last is not None, last
            elif name == "source_file" and self._source is None and len(values):
                self._source = values[0].as_py()

    def _number(self, piece: pa.Table) -> None:
        for name in self._few:
            if name in piece.column_names:
                self._words[name].update(dict.fromkeys(words_of(piece[name])))
        for name in self._numbered:
            if name in piece.column_names:
                at = self._at
                for chunk in piece[name].chunks:
                    self._numbers[name][at : at + len(chunk)] = self._seen.add(chunk)
                    at += len(chunk)
        self._at += piece.num_rows

    def _widen(self, schema: pa.Schema) -> None:
        """Write what is written anew, with the columns that only later rows have."""
        while self._under_way:
            self._wait()
        assert self._schema is not None
        before = self._schema
        self._schema = united(self.spec.columns, before, schema)
        self._waiting = [fitted(rows, self._schema) for rows in self._waiting]
        added = [name for name in self._schema.names if name not in before.names]
        for name in added:
            digest = self._digests[name] = hashlib.sha256()
            for at in range(0, self._rows, PIECE):
                values = _absent(self._schema.field(name), min(PIECE, self._rows - at))
                add_rows(digest, values)
                self._nulls[name] = self._nulls.get(name, 0) + values.null_count
        if self._writer is None:
            return
        self._writer.close()
        self._sink.close()
        aside = self.file.with_suffix(".narrow")
        self.file.rename(aside)
        self._writer = None
        for piece in Shelf(aside, before, self._rows).pieces():
            self._write(fitted(piece, self._schema))
        aside.unlink()


def _goes_on(last: str | None, texts: pa.Array) -> str | None:
    """The last of some texts, where they are in order, each once, behind `last`; None where they are not."""
    if len(texts) == 0:
        return "" if last is None else last
    first = texts[0].as_py()
    if first is None or (last is not None and not last < first):
        return None
    if len(texts) > 1 and not pc.all(pc.less(texts[:-1], texts[1:]), skip_nulls=False).as_py():
        return None
    end: str = texts[-1].as_py()
    return end


def fitted(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows with all columns of a schema: a mark that they do not have is not set there."""
    have = set(rows.column_names)
    return pa.table(
        {
            field.name: rows[field.name] if field.name in have else _absent(field, rows.num_rows)
            for field in schema
        },
        schema=schema,
    )


def _absent(field: pa.Field, count: int) -> pa.Array:
    if pa.types.is_boolean(field.type):
        return pa.repeat(pa.scalar(False), count)
    return pa.nulls(count, field.type)


def united(columns: Mapping[str, Any], *schemas: pa.Schema) -> pa.Schema:
    """The columns of all, in the order in which a table has them that is checked as a whole."""
    fields = {field.name: field for schema in schemas for field in schema}
    order = list(columns)

    def place(name: str) -> tuple[int, int]:
        base = name.removesuffix("_day").removesuffix("_stated")
        if name in columns:
            return 0, order.index(name)
        if base in columns and base != name:
            return 1, order.index(base)
        return (3, PROVENANCE.index(name)) if name in PROVENANCE else (2, list(fields).index(name))

    return pa.schema([fields[name] for name in sorted(fields, key=place)])
