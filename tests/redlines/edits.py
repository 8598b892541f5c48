"""Frames of toys, edited: what a test changes in them."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from graphflow.synthesis.small import Frames, frame_of


def rows(frame: pd.DataFrame) -> list[dict[str, str]]:
    """The rows of a frame, without what is empty."""
    return [{str(k): str(v) for k, v in row.items() if v != ""} for row in frame.to_dict("records")]


def changed(frames: Frames, table: str, where: dict[str, str], **values: str) -> Frames:
    """Other values in the rows that match."""
    out = rows(frames[table])
    hit = [row for row in out if all(row.get(k) == v for k, v in where.items())]
    assert hit, f"{table}: no row is {where}"
    for row in hit:
        row.update(values)
    return {**frames, table: frame_of(out)}


def with_rows(frames: Frames, **more: Iterable[dict[str, str]]) -> Frames:
    """More rows, in tables that are there or not."""
    joined = {t: frame_of([*(rows(frames[t]) if t in frames else []), *new]) for t, new in more.items()}
    return {**frames, **joined}


def without_rows(frames: Frames, table: str, *ids: str) -> Frames:
    """Without some rows, by what stands in the first column."""
    first = str(frames[table].columns[0])
    return {**frames, table: frame_of([row for row in rows(frames[table]) if row[first] not in ids])}


def without_column(frames: Frames, table: str, column: str) -> Frames:
    """Without a column of a table."""
    return {**frames, table: frames[table].drop(columns=[column])}


def without_tables(frames: Frames, *tables: str) -> Frames:
    """Without some tables."""
    return {name: frame for name, frame in frames.items() if name not in tables}
