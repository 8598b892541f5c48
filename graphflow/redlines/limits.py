"""Limits of law: a figure that a law gives is none before that law."""

from __future__ import annotations

import datetime

from graphflow.language import N_
from graphflow.law import law
from graphflow.redlines.asking import Inquiry
from graphflow.rows import moment

BEFORE_ITS_LAW = N_(
    "The figures of the crime are those of a law that was not yet in force: nothing is compared with them."
)


_EVER = -(2**62)


def first_day(ask: Inquiry, name: str, given: bool = False) -> datetime.date | None:
    """From which day on a limit judges what is done, by the first law that gave it; None: from ever, as our
    default does.

    Another figure that whoever asked or a file gave makes no rule older: what was before it is not of its
    time. With `given` such a figure holds on every day: where acts are counted, and not judged by a rule.
    """
    if given and ask.is_given(name):
        return None
    since = [
        datetime.date.fromisoformat(row["since"])
        for row in law("thresholds")
        if (row["code"], row["name"]) == (ask.line.code, name) and row["since"]
    ]
    return min(since, default=None)


def first_moment(ask: Inquiry, name: str, given: bool = False) -> int:
    """The first moment of `first_day`, in microseconds; far back where there is none."""
    day = first_day(ask, name, given)
    return _EVER if day is None else moment(day, ask.facts.tables.timezone)[0]
