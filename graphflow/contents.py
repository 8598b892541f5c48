"""The hash of what a case contains: the same rows give the same hash, however and whenever they came in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from graphflow.tables import Shelf, Tables
from graphflow.tables.digest import PIECE, add_rows
from graphflow.tables.shelf import nulls_of
from graphflow.threads import threads

#: Columns that name a file; what is hashed is the SHA-256 of the file that they name.
_FILES = ("source_file", "mirror_file")


def content_hash(tables: Tables, files: Mapping[str, str] | None = None) -> str:
    """SHA-256, in hex, of the tables' rows in their order, their units and their columns' names and types.

    Names of files are not content, as the same file may be imported under another: where `files` gives the
    SHA-256 of a name, that stands for it. Empty columns do not count.

    Examples
    --------
    >>> import pyarrow as pa
    >>> one = Tables({"media": pa.table({"medium_id": pa.array(["m"], pa.large_string())})})
    >>> two = Tables({"media": pa.table({"medium_id": pa.array(["n"], pa.large_string())})})
    >>> content_hash(one) == content_hash(one), content_hash(one) == content_hash(two)
    (True, False)
    """
    whole = hashlib.sha256()
    units = {"currency": tables.currency, "timezone": tables.timezone, "digits": dict(tables.minor_units)}
    whole.update(json.dumps(units, sort_keys=True).encode())
    for name in sorted(tables.names):
        rows = tables.arrow(name)
        if rows is not None and rows.num_rows:
            whole.update(table_digest(name, rows, files))
    return whole.hexdigest()


def table_digest(name: str, rows: Any, files: Mapping[str, str] | None = None) -> bytes:
    """SHA-256 of one table: its name, and each column that is not empty."""
    whole = hashlib.sha256(f"{name}\0{rows.num_rows}\0".encode())
    columns = sorted(c for c in rows.column_names if nulls_of(rows, c) < rows.num_rows)
    with threads(2, rows.num_rows) as pool:  # hashlib lets go of Python's lock: columns hash side by side
        for column, digest in zip(
            columns, pool.map(lambda c: _digest(c, rows, files or {}), columns), strict=True
        ):
            whole.update(f"{column}\0{rows.schema.field(column).type}\0".encode())
            whole.update(digest)
    return whole.digest()


def _digest(name: str, rows: Any, files: Mapping[str, str]) -> bytes:
    if isinstance(rows, Shelf) and not (name in _FILES and files):
        return rows.digest(name)
    return _column(name, rows[name], files)


def _column(name: str, column: pa.ChunkedArray, files: Mapping[str, str]) -> bytes:
    digest = hashlib.sha256()
    if name in _FILES and files:
        encoded = column.combine_chunks().dictionary_encode()
        known = pa.array(
            [files.get(text, text) for text in encoded.dictionary.to_pylist()], pa.large_string()
        )
        column = pa.chunked_array([known.take(encoded.indices)])
    for start in range(0, len(column), PIECE):
        add_rows(digest, *column.slice(start, PIECE).chunks)
    return digest.digest()
