"""The parts of a register are those that a plain grouping gives, whichever are asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from graphflow.products.positions import _ByName


def test_parts_are_those_of_a_plain_grouping() -> None:
    rng = np.random.default_rng(3)
    names = pd.array(rng.choice(["b", "a", "c", None], 60), dtype="str")
    frame = pd.DataFrame({"name": names, "amount": np.arange(60)}, index=np.arange(100, 160))
    parts, plain = _ByName(frame, "name"), {str(n): rows for n, rows in frame.groupby("name")}
    assert list(parts) == list(plain) and len(parts) == 3 and "a" in parts and "d" not in parts
    for name, rows in plain.items():
        pd.testing.assert_frame_equal(parts[name], rows)
    assert parts.get("d") is None
    with pytest.raises(KeyError):
        parts["d"]
    assert len(_ByName(frame.iloc[:0], "name")) == 0
