"""The tables: what we were told, checked once, at the door."""

from __future__ import annotations

from graphflow.tables.raw import Note, Raw, SourceFile
from graphflow.tables.schema import KINDS, PROVENANCE, SCHEMA, SHARE_DIGITS, ColumnSpec, TableSpec

__all__ = ["KINDS", "PROVENANCE", "SCHEMA", "SHARE_DIGITS", "ColumnSpec", "Note", "Raw", "SourceFile", "TableSpec"]
