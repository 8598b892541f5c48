"""What the rules say of everybody on a day, as numbers to learn from. No decision is in them."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow.findings import SEVERITIES
from graphflow.redlines import REDLINES, check
from graphflow.rows import Moment
from graphflow.scoring.rating import (
    DIGITS,
    TOP,
    Lead,
    leads_of,
    parts_of,
    pattern_leads,
    read_parameters,
    score_of,
    subjects_of,
)
from graphflow.typologies import PATTERNS, patterns

if TYPE_CHECKING:
    from graphflow.case import Case

SCORE = "rules_score"

SIGNALS: tuple[str, ...] = (SCORE, *(line.code for line in REDLINES), *(p.name for p in PATTERNS))
"""The columns: the score by rules; of each red line the gravest severity of its findings, 1 to 4; of each
pattern how unusual the most unusual one is for its members. 0 where there is none."""


def signals(case: Case, as_of: Moment | None = None, *, by: str = "account") -> pd.DataFrame:
    """What red lines and patterns say of each account or party as of a day, decisions left out.

    A decision is what is learned from: with it in the score, the answer would stand among the questions.

    Parameters
    ----------
    case
        The case.
    as_of
        The day; None: everything that the case knows.
    by
        ``"account"`` or ``"party"``.

    Returns
    -------
    pandas.DataFrame
        Index `account_id` or `party_id`, in the order of the table; one column each of `SIGNALS`. Of a
        pattern only the first `TOP` count, as in a nightly run.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl06
    >>> signals(rl06.amount_toy(), by="party").loc["COMPANY", ["rules_score", "RL-06"]].tolist()
    [0.175, 2.0]
    """
    checked = check(case, as_of=as_of)
    facts = checked.facts
    leads = leads_of(checked.findings, facts)
    found = patterns(case, as_of=as_of)
    ids = facts.account_ids if by == "account" else facts.party_ids
    frame = pd.DataFrame(
        np.zeros((ids.size, len(SIGNALS))), pd.Index(pd.array(ids.tolist(), dtype="str"), name=f"{by}_id"),
        list(SIGNALS),
    )  # fmt: skip
    place = {ident: n for n, ident in enumerate(ids.tolist())}
    values = {name: np.zeros(ids.size) for name in SIGNALS}
    for pattern in PATTERNS:
        rows = list(found.rows(pattern.name, TOP))
        leads += pattern_leads(rows, facts)
        for row in rows:
            for account in row["accounts"]:
                for at in _places(subjects_of("account", account, facts), by, place):
                    values[pattern.name][at] = max(values[pattern.name][at], row["score"])
    about: dict[int, list[Lead]] = {}
    for lead in leads:
        for at in _places(lead.subjects, by, place):
            about.setdefault(at, []).append(lead)
            if lead.code.startswith("RL-"):
                grave = float(SEVERITIES.index(lead.severity) + 1)
                values[lead.code][at] = max(values[lead.code][at], grave)
    p = read_parameters()
    for at, mine in about.items():
        exact: Fraction = score_of(parts_of(mine, p, {}))
        values[SCORE][at] = float(round(exact, DIGITS))
    for name, column in values.items():
        frame[name] = column
    return frame


def _places(subjects: tuple[tuple[str, str], ...], by: str, place: dict[str, int]) -> list[int]:
    return [place[ident] for kind, ident in subjects if kind == by and ident in place]
