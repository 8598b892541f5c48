"""Texts of transfers, each kept once: red lines ask about few rows of them, and very often."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Texts:
    """A text column of a table: a number for each text that it has, and which row has which.

    Parameters
    ----------
    column
        The column, as Arrow.

    Examples
    --------
    >>> memo = Texts(pa.chunked_array([["rent", None, "wages May", "", "rent"]]))
    >>> memo.at([4, 1, 2]).tolist(), memo.said([4, 2], ("WAGE",)).tolist()
    (['rent', '', 'wages May'], [False, True])
    >>> memo.codes([2, 1, 4, 0])
    (array([ 0, -1,  1,  1]), ['wages May', 'rent'])
    """

    def __init__(self, column: Any) -> None:
        encoded = column.cast(pa.large_string()).dictionary_encode().unify_dictionaries().combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):  # of no chunk
            encoded = pa.array([], pa.large_string()).dictionary_encode()
        self.words = encoded.dictionary
        numbers = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
        empty = pc.index(self.words, pa.scalar("", self.words.type)).as_py()
        if empty >= 0:
            numbers[numbers == empty] = -1
        numbers.setflags(write=False)
        self.numbers: npt.NDArray[np.int32] = numbers
        self._hits: dict[str, Flags] = {}
        self._asked: dict[str, int] = {}

    def at(self, rows: Any) -> npt.NDArray[np.object_]:
        """The texts at some places, empty where there is none."""
        return self._texts(self.numbers[np.asarray(rows, np.int64)])

    def codes(self, rows: Any) -> tuple[Ints, list[str]]:
        """The texts at some places as numbers from 0 in the order in which they come, -1 where there is none;
        and what the numbers mean.
        """
        numbers = self.numbers[np.asarray(rows, np.int64)]
        found = np.full(numbers.size, -1, np.int64)
        some = numbers >= 0
        found[some], words = pd.factorize(numbers[some])
        return found, self._texts(words).tolist()

    def said(self, rows: Any, words: Sequence[str]) -> Flags:
        """Whether the texts at some places have one of some words in them, in capitals or small."""
        numbers = self.numbers[np.asarray(rows, np.int64)]
        pattern = "|".join(re.escape(word) for word in words)
        if pattern not in self._hits:
            # of few rows only theirs are looked at; from when they are as many as there are texts on, all are
            self._asked[pattern] = self._asked.get(pattern, 0) + numbers.size
            if self._asked[pattern] < len(self.words):
                return _matches(self.words.take(pa.array(numbers, mask=numbers < 0)), pattern)
            self._hits[pattern] = np.append(_matches(self.words, pattern), False)
        return self._hits[pattern][numbers]

    def _texts(self, numbers: Any) -> npt.NDArray[np.object_]:
        taken = self.words.take(pa.array(numbers, mask=np.asarray(numbers) < 0))
        found = np.empty(len(taken), object)
        found[:] = pc.fill_null(taken, "").to_pylist()
        return found


def _matches(texts: Any, pattern: str) -> Flags:
    hit = pc.fill_null(pc.match_substring_regex(texts, pattern, ignore_case=True), False)
    return np.asarray(hit.to_numpy(zero_copy_only=False), np.bool_)
