"""What all formats share: a file that is there whole or not at all, and an account of what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from graphflow.folder import must_be_a_file
from graphflow.language import N_

REASONS: Mapping[str, str] = {
    "not_in_force": N_("not in force at this date"),
    "no_part": N_("holds nothing, is held by nobody and controls nobody"),
    "no_place": N_("the format has no place for it"),
    "no_subject": N_("a person cannot be owned or controlled there"),
    "unknown_kind": N_("what it is is not known: written as an entity not identified"),
    "day_only": N_("only the day is written"),
    "rounded": N_("written as it is held, in parts per billion"),
}
"""Why something of a case is not in what was written, or not as it was."""


@dataclass(frozen=True)
class Exported:
    """What was written, and what was not.

    Attributes
    ----------
    path
        The file.
    as_of
        The day whose state was written.
    counts
        How many of what are in it.
    left_out
        Frame, what is not in it, or not as it was: `where` (table and column, or kind of row), `count` (of
        rows), `first` (the id of one of them), `reason` (a key of `REASONS`).
    """

    path: Path
    as_of: str
    counts: Mapping[str, int]
    left_out: pd.DataFrame = field(repr=False)


class Losses:
    """Gathers what a format has no place for."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], tuple[int, str]] = {}

    def add(self, where: str, reason: str, first: str, count: int = 1) -> None:
        """Count rows that are not written, or not whole; the first of them is kept as an example."""
        had, example = self._rows.get((where, reason), (0, first))
        if count:
            self._rows[where, reason] = (had + count, example)

    def frame(self) -> pd.DataFrame:
        """What was gathered, by place."""
        rows = [
            {"where": where, "count": count, "first": first, "reason": reason}
            for (where, reason), (count, first) in sorted(self._rows.items())
        ]
        columns = ["where", "count", "first", "reason"]
        return pd.DataFrame(rows, columns=columns).astype({"where": "str", "first": "str", "reason": "str"})


def must_be_writable(path: Path) -> None:
    """Raise where a file cannot come to stand: before the work rather than after it."""
    must_be_a_file("to", path)
