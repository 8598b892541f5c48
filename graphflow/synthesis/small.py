"""Frames and cases of a few rows, as toys need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from graphflow.case import Case

Frames = dict[str, pd.DataFrame]


def frame_of(rows: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Text columns in the order in which they are first named; what a row does not say is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pd.DataFrame({name: pd.array([row.get(name, "") for row in rows], dtype="str") for name in names})


def case_of(frames: Frames) -> Case:
    """The case that some frames are."""
    from graphflow.case import Case

    tables: dict[str, Any] = dict(frames)
    return Case.from_tables(**tables)
