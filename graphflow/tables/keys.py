"""Keys of rows: ids for transfers that have none, and the rows that say the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.kernels import numbering
from graphflow.kernels import text as kernel
from graphflow.tables.columns import as_text, buffers, one, readonly

Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]


def blank(n: int) -> tuple[Words, Words]:
    """Keys with nothing stirred in yet."""
    return np.zeros(n, np.uint64), np.zeros(n, np.uint64)


def stir(keys: tuple[Words, Words], column: pa.ChunkedArray | pa.Array | None) -> None:
    """Stir a column into the keys; None is a column of unknowns."""
    first, second = keys
    with np.errstate(over="ignore"):  # the words wrap around, which plain Python (JIT off) would warn of
        if column is None:
            column = pa.nulls(first.size, pa.int64())
        array = one(column)
        if pa.types.is_timestamp(array.type) or pa.types.is_boolean(array.type):
            array = array.cast(pa.int64())
        elif pa.types.is_floating(array.type):
            array = pa.array(array.cast(pa.float64()).to_numpy(zero_copy_only=False).view(np.int64))
        if pa.types.is_integer(array.type):
            known = np.zeros(0, np.uint8)
            if array.null_count:
                known = array.is_valid().to_numpy(zero_copy_only=False).view(np.uint8)
                array = pc.fill_null(array, 0)
            values = array.cast(pa.int64()).to_numpy(zero_copy_only=False)
            kernel.stir_numbers(first, second, readonly(values), readonly(known))
        else:
            kernel.stir_text(first, second, *buffers(as_text(array)))


def stir_money(keys: tuple[Words, Words], column: pa.ChunkedArray | pa.Array | None, places: Ints) -> None:
    """Stir money in so that it does not matter in how small units it is held: 1.50 is 1.5."""
    if column is None:
        stir(keys, None)
        stir(keys, None)
        return
    array = one(column)
    values = pc.fill_null(array, 0).to_numpy(zero_copy_only=False)
    places = np.broadcast_to(places, values.shape)
    left = int(places.max(initial=0))
    for _ in range(left):
        even = (values % 10 == 0) & (places > 0)
        if not even.any():
            break
        values = np.where(even, values // 10, values)
        places = np.where(even, places - 1, places)
    missing = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    stir(keys, pa.array(values, mask=missing))
    stir(keys, pa.array(np.ascontiguousarray(places, np.int64), mask=missing))


def ordinals(keys: tuple[Words, Words], groups: pa.ChunkedArray | pa.Array) -> Ints:
    """How many earlier rows of the same group (a file) have the same key."""
    coded = one(groups).dictionary_encode()
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32) + np.int32(1)
    with np.errstate(over="ignore"):
        return kernel.ordinals(*keys, codes)


def hexadecimal(keys: tuple[Words, Words]) -> pa.Array:
    """The keys as text of twenty hexadecimal digits."""
    n = keys[0].size
    data = kernel.hex_keys(*keys)
    offsets = np.arange(n + 1, dtype=np.int64) * 20
    return pa.LargeStringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(data))


def first_of(column: pa.ChunkedArray | pa.Array) -> Ints:
    """For each text the first row with the same text."""
    array = as_text(column)
    if pc.all(pc.less(array[:-1], array[1:]), skip_nulls=False).as_py():
        return np.arange(len(array))  # ids mostly stand in order: none is there twice
    where, what, known = buffers(array)
    with np.errstate(over="ignore"):
        keys = kernel.hash64(where, what, known)
        return kernel.first_of(keys, where, what, known)


def places(column: pa.Array, among: pa.Array) -> Numbers:
    """Where each text stands first among others, all of them known; -1 where it does not, or is unknown."""
    with np.errstate(over="ignore"):
        found: Numbers = numbering.find_texts(*buffers(as_text(column)), *buffers(as_text(among))[:2])
    return found


class Numbering:
    """Texts numbered in the order in which they first stand, column after column.

    Examples
    --------
    >>> seen = Numbering()
    >>> seen.add(pa.array(["b", None, "a", "b"])).tolist(), seen.add(pa.array(["c", "a"])).tolist()
    ([0, -1, 1, 0], [2, 1])
    >>> seen.texts().to_pylist()
    ['b', 'a', 'c']
    """

    def __init__(self) -> None:
        self.count = 0
        self._slots = np.zeros(1024, np.uint64)
        self._starts = np.zeros(1024, np.int64)
        self._texts = np.empty(1 << 14, np.uint8)

    def add(self, column: pa.ChunkedArray | pa.Array) -> Numbers:
        """The number of each text (-1: unknown)."""
        rows = buffers(as_text(column))
        numbers = np.empty(len(column), np.int32)
        at = 0
        with np.errstate(over="ignore"):
            while True:
                table = (self._slots, self._starts, self._texts)
                at, self.count = numbering.number_texts(rows, at, numbers, table, self.count)
                if at == numbers.size:
                    return numbers
                self._grow(rows[0], at)

    def texts(self) -> pa.Array:
        """The texts, by number."""
        starts = self._starts[: self.count + 1].copy()
        data = self._texts[: starts[-1]].copy()
        return pa.LargeStringArray.from_buffers(self.count, pa.py_buffer(starts), pa.py_buffer(data))

    def _grow(self, offsets: Ints, at: int) -> None:
        """Make room for a block of rows, wherever there was none.

        The table of slots grows with the texts: where few recur often, it stays in the cache.
        """
        block = numbering.BLOCK
        if 2 * (self.count + block) > self._slots.size:
            self._slots = np.zeros(4 * self._slots.size, np.uint64)
            numbering.hold_texts(self._slots, readonly(self._starts), readonly(self._texts), self.count)
        if self.count + block >= self._starts.size:
            starts = np.zeros(2 * self._starts.size, np.int64)
            starts[: self.count + 1] = self._starts[: self.count + 1]
            self._starts = starts
        used = int(self._starts[self.count])
        wanted = used + int(offsets[min(at + block, offsets.size - 1)] - offsets[at])
        if wanted > self._texts.size:
            texts = np.empty(max(2 * self._texts.size, wanted), np.uint8)
            texts[:used] = self._texts[:used]
            self._texts = texts


def numbered(column: pa.ChunkedArray | pa.Array) -> tuple[Numbers, pa.Array]:
    """Texts numbered in the order in which they first stand (-1: unknown), and each of them once."""
    seen = Numbering()
    return seen.add(column), seen.texts()


def row_keys(table: pa.Table, columns: Sequence[str]) -> tuple[Words, Words]:
    """A 128-bit key for each row of what stands in some columns; a column that is not there is unknown."""
    keys = blank(table.num_rows)
    for name in columns:
        stir(keys, table[name] if name in table.column_names else None)
    return keys
