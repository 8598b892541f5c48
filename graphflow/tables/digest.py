"""What of a column goes into the hash of a table: the same bytes for the same values, however they lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PIECE = 1 << 20
"""Rows that are hashed together: pieces are cut by rows, never by how a table happens to be chunked."""


def add_rows(digest: Any, piece: pa.Array) -> None:
    """Add the next rows of a column: :data:`PIECE` of them, or what is left."""
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


def _text_bytes(texts: pa.Array) -> memoryview:
    """The characters of a large_string array that has no nulls, without copying them."""
    _, offsets, data = texts.buffers()
    if data is None or len(texts) == 0:
        return memoryview(b"")
    places = np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8)
    return memoryview(data)[int(places[0]) : int(places[-1])]
