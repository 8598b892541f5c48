"""The law as data: dated tables of articles, thresholds and their standing.

Marks of verification: ``V`` checked against the text, ``V~`` the substance is, not number or wording of the
article, ``G`` from general knowledge: check it before relying on it; ``def`` no law, but a rule of thumb of
ours. A mark is of the substance: the days in `since` and `until` and the wording of the texts are from
general knowledge, but for the days on which 企业会计准则第36号 and the company laws of 2005 and 2023 came in
force, which were read. Of 第36号 art. 4 (9) the row leaves out the managers of a parent: nobody looks at
them here. That more than half of the votes decide stands in `graphflow.ownership`.

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
import io
from collections.abc import Mapping
from importlib.resources import files

MARKS = ("V", "V~", "G", "def")
"""How far a row was checked against its source."""


@functools.cache
def law(name: str) -> tuple[Mapping[str, str], ...]:
    """The rows of a table, every value as text."""
    text = files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(io.StringIO(text, newline="")))


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


def law_on(name: str, day: datetime.date | None) -> tuple[Mapping[str, str], ...]:
    """The rows of a table that were in force on a day; None: those that no other has taken the place of.

    Examples
    --------
    >>> [row["answer"] for row in law_on("related_parties", None) if row["rule"] == "common_influence"]
    ['no']
    >>> before = law_on("related_parties", datetime.date(2015, 1, 1))
    >>> [row["answer"] for row in before if row["rule"] == "common_influence"]
    ['yes']
    """
    if day is None:
        return tuple(row for row in law(name) if not row["until"])
    return tuple(row for row in law(name) if was_in_force(row, day))
