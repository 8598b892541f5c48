"""What a loader hands over: rows as text, where they stand, and what it could not map."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class SourceFile:
    """One file that was read, as the manifest keeps it; `mapping`: what its columns were assigned to, if a
    person said so (JSON).
    """

    name: str
    sha256: str
    bytes: int
    loader: str = ""
    mapping: str = ""


@dataclass(frozen=True)
class Note:
    """Something that a reader of the import report should know.

    `text` is an English message id; `values` fill its placeholders; `count` says of how many rows it holds.
    """

    kind: str
    text: str
    values: Mapping[str, object] = field(default_factory=dict)
    count: int = 0


@dataclass(frozen=True)
class Pieces:
    """A table of one file that is read piece by piece: it would fill the memory.

    Attributes
    ----------
    file
        The name of the file.
    schema, num_rows
        As a table has them.
    read
        Reads the pieces, from the first on.
    """

    file: str
    schema: pa.Schema
    num_rows: int
    read: Callable[[], Iterator[pa.Table]]

    @property
    def column_names(self) -> list[str]:
        names: list[str] = self.schema.names
        return names

    def changed(self, change: Callable[[pa.Table], pa.Table]) -> Pieces:
        """The same with something done to every piece."""
        read = self.read
        schema = change(self.schema.empty_table()).schema
        return replace(self, schema=schema, read=lambda: map(change, read()))

    def whole(self) -> pa.Table:
        """The table, in memory."""
        return pa.concat_tables([self.schema.empty_table(), *self.read()])


@dataclass
class Raw:
    """What a loader returns: tables of text columns with canonical names, not yet checked.

    Attributes
    ----------
    tables
        By name of table: text columns under the names of :data:`SCHEMA` (``None`` or ``""`` is unknown),
        further columns, and ``source_file``, ``source_sheet``, ``source_row`` (1-based as a person counts in
        the file or sheet, header included). To save time a loader may hand over timestamps (with a time zone,
        or without one: local), int64 or decimal128 sequences, decimal128 money, booleans; never floats for
        money. A table that is too long to be held is :class:`Pieces`.
    set_aside
        Rows that were read and are no movement (failed, of zero amount), with a column ``reason``.
    refused
        Rows that could not be mapped, with ``reason``, ``column``, ``value`` (and ``expected``): they go to
        quarantine.
    rows_read
        Data rows of each table, with those set aside and refused; a table that is not named counts itself.
    timezone
        The zone of times without an offset, where the format says one.
    minor_units
        Digits of a currency, where the format has more than ISO 4217, or of one that ISO does not list.
    one_sided
        The transfers are rows of statements: ``statement_side`` says whose (``source`` or ``target``), and
        the other side may be empty: then it is unknown.
    files, notes
        What was read, and what to say about it.
    """

    tables: dict[str, Any]
    set_aside: dict[str, pa.Table] = field(default_factory=dict)
    refused: dict[str, pa.Table] = field(default_factory=dict)
    rows_read: dict[str, int] = field(default_factory=dict)
    timezone: str | None = None
    minor_units: dict[str, int] = field(default_factory=dict)
    one_sided: bool = False
    files: tuple[SourceFile, ...] = ()
    notes: tuple[Note, ...] = ()
