"""What of a column goes into the hash of a table: the same bytes for the same values, however they lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PIECE = 1 << 20
"""Rows that are hashed together: pieces are cut by rows, never by how a table happens to be chunked."""


def add_rows(digest: Any, *chunks: pa.Array) -> None:
    """Add the next rows of a column, in one chunk or several: :data:`PIECE` of them, or what is left."""
    plain = [_plain(chunk) for chunk in chunks]
    if any(chunk.null_count for chunk in plain):
        valid = [pc.is_valid(chunk).to_numpy(zero_copy_only=False) for chunk in plain]
        digest.update(np.packbits(np.concatenate(valid)).tobytes())
    kind = plain[0].type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = [pc.fill_null(chunk.cast(pa.large_string()), "") for chunk in plain]
        for text in texts:
            digest.update(pc.binary_length(text).to_numpy())
        for text in texts:
            digest.update(_text_bytes(text))
    elif pa.types.is_boolean(kind):
        flags = [pc.fill_null(chunk, False).to_numpy(zero_copy_only=False) for chunk in plain]
        digest.update(np.packbits(np.concatenate(flags)).tobytes())
    elif pa.types.is_floating(kind):
        for chunk in plain:
            digest.update(pc.fill_null(chunk, 0.0).to_numpy() + 0.0)  # minus zero is zero
    else:
        for chunk in plain:
            whole = chunk.cast(pa.int64())
            digest.update((pc.fill_null(whole, 0) if whole.null_count else whole).to_numpy())


def _plain(chunk: pa.Array) -> pa.Array:
    """Dictionaries resolved; decimals as text, dates as times."""
    if pa.types.is_dictionary(chunk.type):
        chunk = chunk.cast(chunk.type.value_type)
    if pa.types.is_decimal(chunk.type):
        return chunk.cast(pa.large_string())
    return chunk.cast(pa.timestamp("us")) if pa.types.is_date(chunk.type) else chunk


def _text_bytes(texts: pa.Array) -> memoryview:
    """The characters of a large_string array that has no nulls, without copying them."""
    _, offsets, data = texts.buffers()
    if data is None or len(texts) == 0:
        return memoryview(b"")
    places = np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8)
    return memoryview(data)[int(places[0]) : int(places[-1])]
