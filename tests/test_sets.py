"""Sets by sorting are numpy's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

from graphflow import sets

KINDS = (np.int64, np.int32, np.uint64, np.bool_, np.float64, np.dtype("U2"))
PAIRS = {sets.union: np.union1d, sets.common: np.intersect1d, sets.minus: np.setdiff1d}


def arrays(kind: Any) -> st.SearchStrategy[np.ndarray]:
    return of_numpy.arrays(kind, st.integers(0, 12))


@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(data=st.data())
def test_sets_are_numpys(kind: Any, data: st.DataObject) -> None:
    one, other = data.draw(arrays(kind)), data.draw(arrays(kind))
    before = one.copy()
    ours, theirs = sets.unique(one), np.unique(one)
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)
    for our, their in PAIRS.items():
        found, wanted = our(one, other), their(one, other)
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(one, before)  # what was given stays as it is
    assert not np.shares_memory(sets.unique(one), one)


def test_lists_objects_and_tables_are_taken_as_numpy_takes_them() -> None:
    assert sets.unique([]).tolist() == []
    assert sets.unique(np.array(["b", "a", "b"], object)).tolist() == ["a", "b"]
    assert sets.unique(np.array([[2, 1], [1, 2]])).tolist() == [1, 2]
    assert sets.union([1, 2], [3.0]).dtype == np.union1d([1, 2], [3.0]).dtype
