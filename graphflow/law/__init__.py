"""The law as data: dated tables of articles, thresholds and their standing.

Not all is here yet: the parts of votes that make influence or a large holder, the twelve months of related
parties and the rule of thumb for a block that decides alone still stand in `graphflow.ownership`; and
`related` names today's articles whatever the date that is asked about.

Marks of verification: ``V`` checked against the text, ``V~`` the substance is, not number or wording of the
article, ``G`` from general knowledge: check it before relying on it. A mark is of the substance: the days in
`since` and the wording of the texts are from general knowledge throughout.

Examples
--------
>>> rows = law("beneficial_owners")
>>> sorted({row["regime"] for row in rows})
['CN', 'CN-CDD', 'EU', 'FATF', 'UK', 'US']
"""

from __future__ import annotations

import csv
import datetime
import functools
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

MARKS = ("V", "V~", "G")
"""How far a row was checked against its source."""


@functools.cache
def law(name: str) -> tuple[Mapping[str, str], ...]:
    """The rows of a table, every value as text."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def was_in_force(row: Mapping[str, str], day: datetime.date) -> bool:
    """Whether a row with `since` and `until` was in force on a day.

    Examples
    --------
    >>> was_in_force({"since": "2024-11-01", "until": ""}, datetime.date(2020, 1, 1))
    False
    """
    since, until = row["since"], row["until"]
    return (not since or datetime.date.fromisoformat(since) <= day) and (
        not until or day <= datetime.date.fromisoformat(until)
    )
