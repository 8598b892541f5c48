"""Limits of law: a figure that a law gives is none before that law."""

from __future__ import annotations

import datetime

from graphflow.language import N_
from graphflow.law import law_on
from graphflow.redlines.asking import Inquiry

BEFORE_ITS_LAW = N_(
    "The figures of the crime are those of a law that was not yet in force: nothing is compared with them."
)


def holds(ask: Inquiry, name: str) -> bool:
    """Whether a limit holds on the day that is asked about."""
    return ask.is_given(name) or ask.in_force(name)


def first_day(ask: Inquiry, name: str) -> datetime.date | None:
    """From which day on a limit that holds judges what is done; None: from ever."""
    since = [
        row["since"]
        for row in law_on("thresholds", ask.facts.day)
        if (row["code"], row["name"]) == (ask.line.code, name)
    ]
    if ask.is_given(name) or not since or not since[0]:
        return None
    return datetime.date.fromisoformat(since[0])
