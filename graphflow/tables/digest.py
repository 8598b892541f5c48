"""What of a column goes into the hash of a table: the same bytes for the same values, however they lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
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
        laid = [_laid(chunk) for chunk in plain]
        for places, _ in laid:
            digest.update(np.diff(places))
        for places, data in laid:
            if data is not None and places.size > 1:
                digest.update(memoryview(data)[int(places[0]) : int(places[-1])])
    elif pa.types.is_boolean(kind):
        flags = [pc.fill_null(chunk, False).to_numpy(zero_copy_only=False) for chunk in plain]
        digest.update(np.packbits(np.concatenate(flags)).tobytes())
    elif pa.types.is_floating(kind):
        for chunk in plain:
            digest.update(pc.fill_null(chunk, 0.0).to_numpy() + 0.0)  # minus zero is zero
    else:
        for chunk in plain:
            whole = chunk if chunk.type == pa.int64() else chunk.cast(pa.int64())
            digest.update((pc.fill_null(whole, 0) if whole.null_count else whole).to_numpy())


def _plain(chunk: pa.Array) -> pa.Array:
    """Dictionaries resolved; decimals as text, dates as times."""
    if pa.types.is_dictionary(chunk.type):
        chunk = chunk.cast(chunk.type.value_type)
    if pa.types.is_decimal(chunk.type):
        return chunk.cast(pa.large_string())
    return chunk.cast(pa.timestamp("us")) if pa.types.is_date(chunk.type) else chunk


def _laid(texts: pa.Array) -> tuple[npt.NDArray[np.int64], pa.Buffer | None]:
    """Where each text begins and the last one ends, and their characters, not copied; nulls are empty."""
    if texts.type != pa.large_string():
        texts = texts.cast(pa.large_string())
    if texts.null_count:
        texts = pc.fill_null(texts, "")
    _, offsets, data = texts.buffers()
    if len(texts) == 0:
        return np.zeros(1, np.int64), None
    return np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8), data
