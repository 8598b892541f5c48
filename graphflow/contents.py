"""The hash of what a case contains: the same rows give the same hash, however and whenever they came in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.tables import Tables
from graphflow.threads import threads

#: Columns that name a file; what is hashed is the SHA-256 of the file that they name.
_FILES = ("source_file", "mirror_file")
_ROWS = 1 << 20


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


def table_digest(name: str, rows: pa.Table, files: Mapping[str, str] | None = None) -> bytes:
    """SHA-256 of one table: its name, and each column that is not empty."""
    whole = hashlib.sha256(f"{name}\0{rows.num_rows}\0".encode())
    columns = sorted(c for c in rows.column_names if rows[c].null_count < rows.num_rows)
    with threads(2, rows.num_rows) as pool:  # hashlib lets go of Python's lock: columns hash side by side
        for column, digest in zip(
            columns, pool.map(lambda c: _column(c, rows[c], files or {}), columns), strict=True
        ):
            whole.update(f"{column}\0{rows.schema.field(column).type}\0".encode())
            whole.update(digest)
    return whole.digest()


def _column(name: str, column: pa.ChunkedArray, files: Mapping[str, str]) -> bytes:
    digest = hashlib.sha256()
    if name in _FILES and files:
        encoded = column.combine_chunks().dictionary_encode()
        known = pa.array(
            [files.get(text, text) for text in encoded.dictionary.to_pylist()], pa.large_string()
        )
        column = pa.chunked_array([known.take(encoded.indices)])
    # The pieces are cut by rows, never by how the table happens to be chunked.
    for start in range(0, len(column), _ROWS):
        piece = column.slice(start, _ROWS).combine_chunks()
        if isinstance(piece, pa.ChunkedArray):  # nothing to combine in an empty column
            piece = pa.concat_arrays(piece.chunks)
        if pa.types.is_dictionary(piece.type):
            piece = piece.cast(piece.type.value_type)
        if pa.types.is_decimal(piece.type):
            piece = piece.cast(pa.large_string())
        elif pa.types.is_date(piece.type):
            piece = piece.cast(pa.timestamp("us"))
        if piece.null_count:
            digest.update(np.packbits(pc.is_valid(piece).to_numpy(zero_copy_only=False)).tobytes())
        if pa.types.is_string(piece.type) or pa.types.is_large_string(piece.type):
            texts = pc.fill_null(piece.cast(pa.large_string()), "")
            digest.update(pc.binary_length(texts).to_numpy())
            digest.update(_text_bytes(texts))
        elif pa.types.is_boolean(piece.type):
            digest.update(np.packbits(pc.fill_null(piece, False).to_numpy(zero_copy_only=False)).tobytes())
        elif pa.types.is_floating(piece.type):
            digest.update(pc.fill_null(piece, 0.0).to_numpy() + 0.0)  # minus zero is zero
        else:
            digest.update(pc.fill_null(piece.cast(pa.int64()), 0).to_numpy())
    return digest.digest()


def _text_bytes(texts: pa.Array) -> memoryview:
    """The characters of a large_string array that has no nulls, without copying them."""
    _, offsets, data = texts.buffers()
    if data is None or len(texts) == 0:
        return memoryview(b"")
    places = np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8)
    return memoryview(data)[int(places[0]) : int(places[-1])]
