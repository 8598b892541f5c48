"""Where the arrays of a ledger are put while it is compiled: in memory, or straight into files of a folder.

In a folder no long array is ever whole in memory: its records are laid out stretch by stretch in a small
buffer, and hashed and written beside the work; what comes back is the file, memory-mapped. Texts are two
arrays, where each begins and their bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphflow.sealing import Sealing

STRETCH = 1 << 18
"""Records that are laid out at a time."""

TEXTS = ("offsets", "bytes")
"""What each text array is kept as: where each text begins (and the last ends), and the bytes."""

Array = NDArray[Any]


class Growing(Protocol):
    """An array that is laid out from its first record to its last."""

    def room(self, count: int) -> Array:
        """A writable array for the next records."""

    def put(self, records: Array) -> None:
        """Take over what was written into the room that was given last; it may no longer be written to."""

    def end(self) -> Array:
        """The whole array, read-only."""


class Keeping(Protocol):
    """Takes arrays by their names."""

    def growing(self, name: str, kind: np.dtype[Any], size: int) -> Growing:
        """An array of `size` records, to be laid out."""

    def whole(self, name: str, array: Array) -> Array:
        """An array that is there already."""

    def texts(self, name: str, pieces: Iterable[pa.Array], count: int, size: int) -> pa.Array:
        """Texts, given in pieces: so many of them, of so many bytes in all."""


class InMemory:
    """Arrays as they are."""

    def growing(self, name: str, kind: np.dtype[Any], size: int) -> Growing:
        return _Held(kind, size)

    def whole(self, name: str, array: Array) -> Array:
        return array

    def texts(self, name: str, pieces: Iterable[pa.Array], count: int, size: int) -> pa.Array:
        return pa.concat_arrays([pa.array([], pa.large_string()), *pieces])


class _Held:
    def __init__(self, kind: np.dtype[Any], size: int) -> None:
        self._all = np.empty(size, kind)
        self._at = 0

    def room(self, count: int) -> Array:
        self._at += count
        return self._all[self._at - count : self._at]

    def put(self, records: Array) -> None:
        pass

    def end(self) -> Array:
        assert self._at == self._all.size
        return self._all


class InFolder:
    """Arrays as files ``NAME.npy`` of a folder that exists."""

    def __init__(self, folder: Path, sealing: Sealing) -> None:
        self.folder = folder
        self.sealing = sealing

    def growing(self, name: str, kind: np.dtype[Any], size: int) -> Growing:
        return _Written(self.folder / f"{name}.npy", kind, (size,), self.sealing)

    def whole(self, name: str, array: Array) -> Array:
        self.save(name, array)
        return mapped(self.folder / f"{name}.npy")

    def texts(self, name: str, pieces: Iterable[pa.Array], count: int, size: int) -> pa.Array:
        starts = self.growing(f"{name}_{TEXTS[0]}", np.dtype(np.int64), count + 1)
        data = self.growing(f"{name}_{TEXTS[1]}", np.dtype(np.uint8), size)
        first = starts.room(1)
        first[0] = 0
        starts.put(first)
        done = 0
        for piece in pieces:
            offsets, laid = text_buffers(piece)
            for at in range(1, offsets.size, STRETCH):
                room = starts.room(min(STRETCH, offsets.size - at))
                np.add(offsets[at : at + room.size], done, out=room)
                starts.put(room)
            for at in range(0, laid.size, 8 * STRETCH):
                room = data.room(min(8 * STRETCH, laid.size - at))
                room[:] = laid[at : at + room.size]
                data.put(room)
            done += laid.size
        return texts_of(starts.end(), data.end())

    def save(self, name: str, array: Array) -> None:
        """Write an array, unless it was laid out here."""
        path = self.folder / f"{name}.npy"
        if path not in self.sealing.seals:
            with self.sealing.open(path) as file:
                file.write(_header(array.dtype, array.shape))
                if array.size:
                    file.write(_bytes(np.ascontiguousarray(array)))


class _Written:
    """Records on their way to a file: two buffers, so that one is written while the other is filled."""

    def __init__(self, path: Path, kind: np.dtype[Any], shape: tuple[int, ...], sealing: Sealing) -> None:
        self._path = path
        self._kind = kind
        self._file = sealing.open(path)
        self._file.write(_header(kind, shape))
        self._left = shape[0]
        self._thread = ThreadPoolExecutor(1)
        self._free: list[Array] = []
        self._under_way: list[tuple[Array, Future[int]]] = []

    def room(self, count: int) -> Array:
        while len(self._under_way) > 1:
            self._wait()
        buffer = next((held for held in self._free if held.size >= count), None)
        if buffer is None:
            buffer = np.empty(max(count, STRETCH), self._kind)
        else:
            self._free = [held for held in self._free if held is not buffer]
        self._buffer = buffer
        return buffer[:count]

    def put(self, records: Array) -> None:
        self._left -= records.size
        self._under_way.append((self._buffer, self._thread.submit(self._file.write, _bytes(records))))

    def end(self) -> Array:
        try:
            while self._under_way:
                self._wait()
        finally:
            self._thread.shutdown()
            self._file.close()
        assert self._left == 0
        self._free.clear()
        return mapped(self._path)

    def _wait(self) -> None:
        buffer, written = self._under_way.pop(0)
        written.result()
        self._free.append(buffer)


def mapped(path: Path) -> Array:
    """A saved array, mapped read-only; an empty one cannot be mapped and is read."""
    return np.asarray(np.load(path, mmap_mode="r"))


def texts_of(starts: Array, data: Array) -> pa.Array:
    """Texts by where each begins and their bytes, without copying them."""
    return pa.LargeStringArray.from_buffers(starts.size - 1, pa.py_buffer(starts), pa.py_buffer(data))


def text_buffers(texts: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Where each of some texts begins (and the last ends), counted from the first, and their bytes."""
    if len(texts) == 0:
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, np.int64, len(texts) + 1, texts.offset * 8)
    laid = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    laid = laid[starts[0] : starts[-1]]
    if starts[0]:
        starts = starts - starts[0]
        starts.flags.writeable = False  # as Arrow's own are: to numba, others are another type
    return starts, laid


def _bytes(array: Array) -> NDArray[np.uint8]:
    return array.reshape(-1).view(np.uint8)


def _header(kind: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """What stands before the records of a file ``.npy``."""
    said = io.BytesIO()
    facts = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(said, facts)
    return said.getvalue()
