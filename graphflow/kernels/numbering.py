"""Numbers for texts: where each stands among others, by hashing the bytes as they lie in Arrow's buffers.

A column of text is `offsets` (int64, one more than rows), `data` (uint8) and `valid` (one byte a row, or
empty: all rows have a value). A slot of a table holds half of a text's key and its number, plus 1; texts
whose halves are equal are compared byte by byte: two are never taken for one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from graphflow.kernels.prefetch import prefetch

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint64]
Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]

BLOCK = 256
"""Rows whose slots are fetched together: a row alone would wait for memory."""


@njit(cache=True, nogil=True)
def word_at(data: Bytes, at: Any) -> Any:
    """Eight bytes as one number; written out, they are fetched at once."""
    return (
        np.uint64(data[at])
        | np.uint64(data[at + np.uint64(1)]) << np.uint64(8)
        | np.uint64(data[at + np.uint64(2)]) << np.uint64(16)
        | np.uint64(data[at + np.uint64(3)]) << np.uint64(24)
        | np.uint64(data[at + np.uint64(4)]) << np.uint64(32)
        | np.uint64(data[at + np.uint64(5)]) << np.uint64(40)
        | np.uint64(data[at + np.uint64(6)]) << np.uint64(48)
        | np.uint64(data[at + np.uint64(7)]) << np.uint64(56)
    )


@njit(cache=True, nogil=True)
def text_key(data: Bytes, start: int, end: int) -> Any:
    """A 64-bit key of a text."""
    at = np.uint64(start)
    stop = np.uint64(end)
    key = (stop - at) * np.uint64(0x9E3779B97F4A7C15)
    while at + np.uint64(8) <= stop:
        key = (key ^ word_at(data, at)) * np.uint64(0xFF51AFD7ED558CCD)
        key ^= key >> np.uint64(32)
        at += np.uint64(8)
    word = np.uint64(0)
    shift = np.uint64(0)
    while at < stop:
        word |= np.uint64(data[at]) << shift
        shift += np.uint64(8)
        at += np.uint64(1)
    key = (key ^ word) * np.uint64(0xC4CEB9FE1A85EC53)
    key ^= key >> np.uint64(32)
    key *= np.uint64(0xFF51AFD7ED558CCD)
    return key ^ (key >> np.uint64(32))


@njit(cache=True, nogil=True)
def same_text(data: Bytes, start: int, end: int, other: Bytes, its_start: int, its_end: int) -> bool:
    """Whether two texts are the same, byte by byte."""
    if end - start != its_end - its_start:
        return False
    a = np.uint64(start)
    b = np.uint64(its_start)
    stop = np.uint64(end)
    while a + np.uint64(8) <= stop:
        if word_at(data, a) != word_at(other, b):
            return False
        a += np.uint64(8)
        b += np.uint64(8)
    while a < stop:
        if data[a] != other[b]:
            return False
        a += np.uint64(1)
        b += np.uint64(1)
    return True


@njit(cache=True, nogil=True)
def hold_texts(slots: Words, offsets: Ints, data: Bytes, count: int) -> None:
    """Fill an empty table with the first ``count`` texts, each under its number; of equal ones the first."""
    mask = np.uint64(slots.size - 1)
    half = np.uint64(32)
    low = np.uint64(0xFFFFFFFF)
    keys = np.empty(BLOCK, np.uint64)
    for block in range(0, count, BLOCK):
        end = min(block + BLOCK, count)
        for i in range(block, end):
            keys[i - block] = text_key(data, offsets[i], offsets[i + 1])
            prefetch(slots, np.int64(keys[i - block] & mask))
        for i in range(block, end):
            key = keys[i - block]
            slot = key & mask
            while slots[slot] != np.uint64(0):
                o = np.int64(slots[slot] & low) - 1
                if slots[slot] >> half == key >> half and same_text(
                    data, offsets[o], offsets[o + 1], data, offsets[i], offsets[i + 1]
                ):
                    break
                slot = (slot + np.uint64(1)) & mask
            if slots[slot] == np.uint64(0):
                slots[slot] = (key >> half << half) | np.uint64(i + 1)


@njit(cache=True, nogil=True)
def find_texts(offsets: Ints, data: Bytes, valid: Bytes, its_offsets: Ints, its_data: Bytes) -> Numbers:
    """Where each text stands first among others (of which all have a value); -1 where it does not."""
    count = its_offsets.size - 1
    bits = 4
    while (1 << bits) < 2 * count:
        bits += 1
    mask = np.uint64((1 << bits) - 1)
    half = np.uint64(32)
    low = np.uint64(0xFFFFFFFF)
    slots = np.zeros(1 << bits, np.uint64)
    hold_texts(slots, its_offsets, its_data, count)

    n = offsets.size - 1
    found = np.full(n, -1, np.int32)
    keys = np.empty(BLOCK, np.uint64)
    fetched = np.empty(BLOCK, np.uint64)
    for block in range(0, n, BLOCK):
        end = min(block + BLOCK, n)
        # each pass asks for what the next one reads: where a text is held, where it lies, its bytes
        for i in range(block, end):
            keys[i - block] = text_key(data, offsets[i], offsets[i + 1])
            prefetch(slots, np.int64(keys[i - block] & mask))
        for k in range(end - block):
            fetched[k] = slots[keys[k] & mask]
            prefetch(its_offsets, max(np.int64(fetched[k] & low) - 1, 0))
        for k in range(end - block):
            if fetched[k] >> half == keys[k] >> half:
                prefetch(its_data, its_offsets[max(np.int64(fetched[k] & low), np.int64(1)) - 1])
        for i in range(block, end):
            if valid.size > 0 and valid[i] == 0:
                continue
            key = keys[i - block]
            slot = key & mask
            held = fetched[i - block]
            while held != np.uint64(0):
                o = np.int64(held & low) - 1
                if held >> half == key >> half and same_text(
                    data, offsets[i], offsets[i + 1], its_data, its_offsets[o], its_offsets[o + 1]
                ):
                    found[i] = o
                    break
                slot = (slot + np.uint64(1)) & mask
                held = slots[slot]
    return found


@njit(cache=True, nogil=True)
def number_texts(
    column: tuple[Ints, Bytes, Bytes],
    begin: int,
    numbers: Numbers,
    table: tuple[Words, Ints, Bytes],
    count: int,
) -> tuple[int, int]:
    """Number the texts of a column from a row on, in the order in which they first stand (-1: no value).

    ``table``: slots, and the ``count`` texts that have a number, where each begins and its bytes: close
    together, as where they first stand they are far apart. Stops at a block of rows for which there may be
    no room. Returns the row reached and how many texts there are now.
    """
    offsets, data, valid = column
    slots, starts, texts = table
    n = offsets.size - 1
    mask = np.uint64(slots.size - 1)
    half = np.uint64(32)
    low = np.uint64(0xFFFFFFFF)
    keys = np.empty(BLOCK, np.uint64)
    fetched = np.empty(BLOCK, np.uint64)
    block = begin
    while block < n:
        end = min(block + BLOCK, n)
        if (
            2 * (count + end - block) > slots.size
            or count + end - block >= starts.size
            or starts[count] + offsets[end] - offsets[block] > texts.size
        ):
            break
        for i in range(block, end):
            keys[i - block] = text_key(data, offsets[i], offsets[i + 1])
            prefetch(slots, np.int64(keys[i - block] & mask))
        for k in range(end - block):
            fetched[k] = slots[keys[k] & mask]
            prefetch(starts, max(np.int64(fetched[k] & low) - 1, 0))
        for k in range(end - block):
            if fetched[k] >> half == keys[k] >> half:
                prefetch(texts, starts[max(np.int64(fetched[k] & low), np.int64(1)) - 1])
        for i in range(block, end):
            numbers[i] = -1
            if valid.size > 0 and valid[i] == 0:
                continue
            key = keys[i - block]
            slot = key & mask
            held = fetched[i - block]
            if held == np.uint64(0):  # another of this block may have taken it
                held = slots[slot]
            while held != np.uint64(0):
                o = np.int64(held & low) - 1
                if held >> half == key >> half and same_text(
                    data, offsets[i], offsets[i + 1], texts, starts[o], starts[o + 1]
                ):
                    numbers[i] = o
                    break
                slot = (slot + np.uint64(1)) & mask
                held = slots[slot]
            if numbers[i] < 0:
                slots[slot] = (key >> half << half) | np.uint64(count + 1)
                numbers[i] = count
                at = starts[count]
                for k in range(offsets[i], offsets[i + 1]):
                    texts[at] = data[k]
                    at += 1
                count += 1
                starts[count] = at
        block = end
    return block, count
