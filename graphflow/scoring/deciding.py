"""What people decided about findings: kept in the case's action log, by whom and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from graphflow.actions import Action
from graphflow.errors import Problem, UsageError
from graphflow.findings import Finding
from graphflow.language import N_
from graphflow.redlines import REDLINES, check
from graphflow.rows import Moment
from graphflow.tables.columns import names
from graphflow.version import VERSION

if TYPE_CHECKING:
    from graphflow.case import Case

VERDICTS: Mapping[str, str] = {
    "confirm": N_("confirmed (属实)"),
    "dismiss": N_("dismissed (排除)"),
    "reopen": N_("open again (重新打开)"),
}
"""What can be decided of a finding: it counts in full, nothing, or as if nobody had decided."""


def decide(
    case: Case,
    finding: str | Finding,
    verdict: str,
    *,
    reason: str,
    by: str | None = None,
    as_of: Moment | None = None,
) -> Action:
    """Keep a person's decision on a finding in the case's action log.

    A decision is about the finding's evidence: its id is made of the rows that show it, so when they change
    there is another finding, on which nobody has decided. Decisions are never taken out; the last one counts.

    Parameters
    ----------
    case
        The case.
    finding
        The finding or its id; of an id, the red line is asked again whether there is such a finding.
    verdict
        ``confirm``, ``dismiss``, or ``reopen`` to take back what was decided.
    reason
        Why, in words.
    by
        Who; None means the user that this runs as.
    as_of
        The day of which the finding was asked.

    Returns
    -------
    Action
        As it stands in the log.

    Raises
    ------
    UsageError
        For a verdict that there is not, no reason, or a finding that the case does not have.
    BusyError
        Where others write without end.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl06
    >>> case = rl06.amount_toy()
    >>> found = check(case, only="RL-06").findings[0]
    >>> decide(case, found.id, "dismiss", reason="the group was split in 2015", by="Li").content["verdict"]
    'dismiss'
    >>> verdicts(case) == {found.id: "dismiss"}
    True
    """
    problems = []
    if verdict not in VERDICTS:
        what = N_("there is no such verdict")
        problems.append(
            Problem("verdict", what, first=str(verdict), expected=names([verdict], list(VERDICTS)))
        )
    if not reason.strip():
        what = N_("a decision needs a reason")
        problems.append(Problem("reason", what, first=repr(reason), expected=N_("why, in words")))
    if problems:
        raise UsageError(*problems)
    f = finding if isinstance(finding, Finding) else _found(case, finding, as_of)
    content = {
        "finding": f.id, "verdict": verdict, "reason": reason.strip(), "code": f.code,
        "subject": {"kind": f.subject_kind, "id": f.subject_id}, "summary": str(f.summary),
        "case_hash": case.hash, "version": VERSION,
    }  # fmt: skip
    if as_of is not None:
        content["as_of"] = str(as_of)  # what was known when it was decided, for whoever learns from it
    return case.actions.append("decide", content, by)


def _found(case: Case, ident: str, as_of: Moment | None) -> Finding:
    code = ident.rpartition("-")[0]
    if code not in {line.code for line in REDLINES}:
        raise UsageError(
            Problem(
                "finding", N_("this is not the id of a finding"), first=ident, expected="RL-06-0123456789ab"
            )
        )
    have = {f.id: f for f in check(case, only=code, as_of=as_of).findings}
    if ident not in have:
        raise UsageError(
            Problem(
                "finding",
                N_("the case has no such finding"),
                first=ident,
                expected=names([ident], list(have)) if have else N_("none: {code} finds nothing here"),
                values={"code": code},
            )
        )
    return have[ident]


def decisions(case: Case) -> pd.DataFrame:
    """Every decision on findings, the oldest first.

    Parameters
    ----------
    case
        The case.

    Returns
    -------
    pandas.DataFrame
        `finding`, `code`, `verdict`, `reason`, `by`, `at`, and `counts`: whether it is the last on its
        finding.

    Raises
    ------
    InputError
        For an action log that was changed by hand.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl06
    >>> decisions(rl06.toy()).shape
    (0, 7)
    """
    rows = [
        {
            "finding": a.content["finding"], "code": a.content["code"], "verdict": a.content["verdict"],
            "reason": a.content["reason"], "by": a.by, "at": a.at,
        }
        for a in case.actions.read() if a.action == "decide"
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["finding", "code", "verdict", "reason", "by", "at"])
    frame["counts"] = ~frame["finding"].duplicated(keep="last")
    return frame


def verdicts(case: Case) -> Mapping[str, str]:
    """Of each finding on which somebody decided, what counts: ``confirm`` or ``dismiss``."""
    last = {
        str(a.content["finding"]): str(a.content["verdict"])
        for a in case.actions.read()
        if a.action == "decide"
    }
    return {finding: verdict for finding, verdict in last.items() if verdict != "reopen"}
