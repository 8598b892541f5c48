"""The tables: what we were told, checked once, at the door.

A loader returns :class:`Raw`; :func:`read_raw` checks it row by row; :func:`join_parts` checks all sources
together and gives :class:`Tables`, which no later room checks again.
"""

from __future__ import annotations

from graphflow.tables.check import GENERATED, STATEMENT, read_raw
from graphflow.tables.columns import constant
from graphflow.tables.currencies import digits, iso4217, major
from graphflow.tables.frames import frames_to_raw
from graphflow.tables.join import join_parts
from graphflow.tables.raw import Note, Pieces, Raw, SourceFile
from graphflow.tables.result import (
    QUARANTINE,
    ROWS,
    Checked,
    JoinReport,
    Tables,
    Tally,
    as_frame,
    closed,
    exact_sum,
    joined_quarantine,
    no_quarantine,
    place,
    plus,
    problems,
    quarantine_frame,
    refuse,
    say_expected,
    sums,
)
from graphflow.tables.schema import KINDS, PROVENANCE, SCHEMA, SHARE_DIGITS, ColumnSpec, TableSpec
from graphflow.tables.shelf import LONG, Shelf, ShelfWriter, table_writer

__all__ = [
    "GENERATED",
    "KINDS",
    "LONG",
    "PROVENANCE",
    "QUARANTINE",
    "ROWS",
    "SCHEMA",
    "SHARE_DIGITS",
    "STATEMENT",
    "Checked",
    "ColumnSpec",
    "JoinReport",
    "Note",
    "Pieces",
    "Raw",
    "Shelf",
    "ShelfWriter",
    "SourceFile",
    "TableSpec",
    "Tables",
    "Tally",
    "as_frame",
    "closed",
    "constant",
    "digits",
    "exact_sum",
    "frames_to_raw",
    "iso4217",
    "join_parts",
    "joined_quarantine",
    "major",
    "no_quarantine",
    "place",
    "plus",
    "problems",
    "quarantine_frame",
    "read_raw",
    "refuse",
    "say_expected",
    "sums",
    "table_writer",
]
