"""Controls that several screens have: a period, and a least amount."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from app import cases
from app.money import minor_of
from app.session import say
from graphflow.errors import Problem, UsageError
from graphflow.language import N_

if TYPE_CHECKING:
    from graphflow.case import Case


def days(case: Case) -> tuple[datetime.date | None, datetime.date | None]:
    """The days of the first and the last row of a case."""
    first, last = (datetime.date.fromisoformat(day) if day else None for day in cases.period(case))
    return first, last


def day(place: Any, case: Case, key: str, head: str, note: str | None = None) -> datetime.date | None:
    """A day within the case, or none."""
    first, last = days(case)
    chosen: datetime.date | None = place.date_input(
        head,
        None,
        key=key,
        min_value=first,
        max_value=last,
        format="YYYY-MM-DD",
        persist_state="session",
        help=note,
    )
    return chosen


def as_of(place: Any, key: str) -> str | None:
    """The date asked about, as text, or none; a case may be older than the ten years that a calendar has."""
    chosen: datetime.date | None = place.date_input(
        say("As of"),
        None,
        key=key,
        min_value=datetime.date(1900, 1, 1),
        max_value=datetime.date(2100, 12, 31),
        format="YYYY-MM-DD",
        persist_state="session",
        help=say("Without a date: the last moment of which the case knows anything."),
    )
    return chosen.isoformat() if chosen else None


def least_amount(place: Any, case: Case, key: str, note: str | None = None) -> str:
    """A least amount as it was typed."""
    unit = cases.figures(case).exact.unit
    typed: str | None = place.text_input(
        say("{head} ({unit})", head=say("Least amount"), unit=unit),
        key=key,
        persist_state="session",
        placeholder="0",
        help=note,
    )
    return (typed or "").strip()


def smallest(case: Case, typed: str) -> int | None:
    """The minor units of a least amount; None, and the reader is told, where it is none."""
    digits = case.tables.minor_units.get(case.tables.currency, 2)
    found = minor_of(typed, digits)
    if found is None:
        problem = Problem(
            say("Least amount"),
            N_("this is no amount in the unit with {digits} decimals"),
            {"digits": digits},
            first=typed,
            expected="1234.56",
        )
        cases.tell(UsageError(problem))
    return found


def ordered(since: datetime.date | None, until: datetime.date | None) -> bool:
    """Whether a period begins before it ends; where it does not, the reader is told."""
    if since and until and since > until:
        problem = Problem(say("Since"), N_("begins after the period ends"), {}, first=f"{since} > {until}")
        cases.tell(UsageError(problem))
        return False
    return True
