"""What is known of some subjects: who was confirmed or dismissed, and when; from decisions or a file."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow import sets
from graphflow.errors import InputError, Problem, UsageError
from graphflow.language import N_
from graphflow.redlines.facts import Facts, facts_of
from graphflow.rows import local_time, moment
from graphflow.scoring.featuring import VIEWS
from graphflow.scoring.rating import subjects_of
from graphflow.tables.columns import names

if TYPE_CHECKING:
    from graphflow.case import Case

MEANINGS = {"1": True, "0": False, "confirm": True, "dismiss": False}
"""What a label may say: confirmed, or dismissed."""

TABLES = {"account": "accounts", "party": "parties"}

COLUMNS = ["subject_id", "label", "day"]


def labels_of(case: Case, file: str | Path | None, by: str | None) -> tuple[str, pd.DataFrame]:
    """The labels of a file, or those that the decisions in the case's log give.

    Parameters
    ----------
    case
        The case.
    file
        CSV with `account_id` or `party_id`, `label` (1 and 0, or confirm and dismiss) and `time`; None: the
        decisions.
    by
        ``account`` or ``party``; None: as the file says; of decisions, ``party``.

    Returns
    -------
    (str, pandas.DataFrame)
        Of what the subjects are, and one row a label: `subject_id`, `label`, `day`: the last local day that
        was whole when the label was given. Nothing after it may be learned from.

    Raises
    ------
    UsageError
        A view that there is not.
    InputError
        A file that cannot be read, with everything that is wrong.
    """
    if by is not None and by not in VIEWS:
        raise UsageError(
            Problem("by", N_("there is no such view"), first=str(by), expected=names([str(by)], list(VIEWS)))
        )
    if file is not None:
        return _of_file(case, Path(file), by)
    view = by or "party"
    return view, _of_decisions(case, view)


def _of_decisions(case: Case, by: str) -> pd.DataFrame:
    """One label a subject: confirmed with its first confirmation, else dismissed with its last dismissal.

    A finding about a loan or a product speaks of its platform or manager, as it does in scores.
    """
    facts, last = facts_of(case), {}
    for action in case.actions.read():
        if action.action == "decide":
            last[str(action.content["finding"])] = action
    told: dict[str, list[tuple[bool, str]]] = {}
    for action in last.values():
        verdict = MEANINGS.get(str(action.content["verdict"]))
        if verdict is None:  # open again
            continue
        about = action.content["subject"]
        day = _day(action.at, case.tables.timezone)
        asked = str(action.content.get("as_of") or "")
        day = min(day, _day(asked, case.tables.timezone)) if asked else day
        for kind, ident in subjects_of(str(about["kind"]), str(about["id"]), facts):
            if kind == by:
                told.setdefault(ident, []).append((verdict, day))
    rows = []
    for ident, each in sorted(told.items()):
        confirmed = sorted(day for verdict, day in each if verdict)
        rows.append((ident, bool(confirmed), confirmed[0] if confirmed else max(day for _, day in each)))
    return pd.DataFrame(rows, columns=COLUMNS).astype({"label": "bool"})


def _day(at: str, timezone: str) -> str:
    """The last local day that was over at a time; a bare date is over.

    >>> _day("2024-03-02", "Asia/Shanghai"), _day("2024-03-02T09:00:00+08:00", "Asia/Shanghai")
    ('2024-03-02', '2024-03-01')
    """
    first, last = moment(at, timezone, "time")
    day = local_time(last, timezone).date()
    return (day if last > first else day - datetime.timedelta(1)).isoformat()


def _of_file(case: Case, file: Path, by: str | None) -> tuple[str, pd.DataFrame]:
    expected = N_("CSV in UTF-8 with the columns account_id or party_id, label and time")
    try:
        frame = pd.read_csv(file, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise InputError(
            Problem(str(file), N_("cannot be read: {reason}"), {"reason": reason}, expected=expected)
        ) from None
    frame.columns = [str(name).strip() for name in frame.columns]
    views = [view for view in VIEWS if f"{view}_id" in frame.columns and by in (None, view)]
    lacking = [name for name in ("label", "time") if name not in frame.columns]
    if len(views) != 1 or lacking:
        have = ", ".join(frame.columns)
        what = N_("labels need the columns label and time, and account_id or party_id but not both")
        raise InputError(Problem(str(file), what, {}, have, expected))
    [view] = views
    facts = facts_of(case)
    ident, label, time = (frame[name].str.strip() for name in (f"{view}_id", "label", "time"))
    known = facts.account_ids if view == "account" else facts.party_ids
    days: dict[str, str] = {}
    for each in pd.unique(time):
        try:
            days[each] = _day(each, case.tables.timezone)
        except UsageError:
            continue
    said = label.str.lower()
    problems = [
        _problem(file, ~ident.isin(known), ident, N_("{count} rows name nobody of the case"),
                 N_("ids of the case's table `{table}`"), table=TABLES[view]),
        _problem(file, ~said.isin(list(MEANINGS)), label, N_("{count} rows have no label"),
                 ", ".join(MEANINGS)),
        _problem(file, ~time.isin(list(days)), time, N_("{count} rows have no time"),
                 N_("such as 2024-03-01, or 2024-03-01T09:30:00")),
    ]  # fmt: skip
    wrong = [each for each in problems if each is not None]
    if wrong or frame.empty:
        raise InputError(*(wrong or [Problem(str(file), N_("there are no rows"), expected=expected)]))
    made = pd.DataFrame(
        {"subject_id": ident, "label": said.map(MEANINGS).astype(bool), "day": time.map(days)}
    )
    made = made.drop_duplicates()
    twice = made.duplicated(["subject_id", "day"], keep=False)
    if twice.any():
        one = made.loc[twice].iloc[0]
        what = N_("{count} labels of a subject on one day contradict each other")
        raise InputError(
            Problem(str(file), what, {"count": int(twice.sum())}, f"{one.iloc[0]} {one.iloc[2]}")
        )
    return view, made.sort_values(["day", "subject_id"], ignore_index=True)


def _problem(
    file: Path, wrong: pd.Series, values: pd.Series, what: str, expected: str, **more: Any
) -> Problem | None:
    """What is wrong with some rows of the file: how many, and the first."""
    rows = np.flatnonzero(wrong.to_numpy())
    if not rows.size:
        return None
    first = f"{int(rows[0]) + 2}: {values.iloc[int(rows[0])]!r}"
    return Problem(str(file), what, {"count": int(rows.size), **more}, first, expected)


# ---------------------------------------------------------------- days


def few_days(days: Iterable[str], most: int) -> dict[str, str]:
    """By day of a label, the day as of which its subject is looked at: its own, or one shortly before.

    Each day that is looked at costs as much as all features of a case do; never is one later than the label.

    Examples
    --------
    >>> few_days(["2024-01-01", "2024-01-02", "2024-01-03"], 2)
    {'2024-01-01': '2024-01-01', '2024-01-02': '2024-01-01', '2024-01-03': '2024-01-03'}
    """
    every = sorted(set(days))
    places: npt.NDArray[np.int64] = sets.unique(
        np.linspace(0, len(every) - 1, min(most, len(every))).astype(np.int64)
    )
    last = np.searchsorted(places, np.arange(len(every)), side="right") - 1
    return {day: every[int(places[k])] for day, k in zip(every, last.tolist(), strict=True)}


def known_by(facts: Facts, by: str) -> npt.NDArray[np.object_]:
    """The ids of all subjects of a kind."""
    return facts.account_ids if by == "account" else facts.party_ids
