"""Who rose since the night before, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from graphflow.language import N_

CHANGES: Mapping[str, str] = {
    "new": N_("new"),
    "risen": N_("risen"),
    "fallen": N_("fallen"),
    "gone": N_("gone"),
    "other": N_("the same score by other findings"),
}
"""How a subject changed, from what is to be looked at first."""

COLUMNS = [
    "change", "subject_kind", "subject_id", "name", "score_before", "score", "level_before", "level",
    "new_findings", "gone_findings",
]  # fmt: skip


def changes(
    scores: pd.DataFrame,
    findings: pd.DataFrame,
    scores_before: pd.DataFrame | None,
    findings_before: pd.DataFrame | None,
) -> pd.DataFrame:
    """What is different from the night before, subject by subject.

    A finding whose rows became more is the same finding here: of one red line, one subject and one measure.
    A night without one before it has no changes.

    Parameters
    ----------
    scores, scores_before
        Frames of `score` (with `parts` as they are or as JSON).
    findings, findings_before
        The nights' findings.

    Returns
    -------
    pandas.DataFrame
        One row a subject that changed, the highest rise first: `change` (see `CHANGES`), `subject_kind`,
        `subject_id`, `name`, `score_before`, `score`, `level_before`, `level`, `new_findings` and
        `gone_findings` (tuples of ids).

    Examples
    --------
    >>> changes(pd.DataFrame(), pd.DataFrame(), None, None).shape
    (0, 10)
    """
    if scores_before is None or findings_before is None:
        return pd.DataFrame({c: pd.Series(dtype=object) for c in COLUMNS})
    key = ["subject_kind", "subject_id"]
    now = scores.loc[scores["score"] > 0, [*key, "name", "score", "level", "parts"]]
    then = scores_before.loc[scores_before["score"] > 0, [*key, "name", "score", "level", "parts"]]
    both = now.merge(then, on=key, how="outer", suffixes=("", "_before"))
    for side in ("", "_before"):
        both[f"score{side}"] = both[f"score{side}"].fillna(0.0)
        both[f"level{side}"] = both[f"level{side}"].fillna("")
    both["name"] = both["name"].fillna(both["name_before"])
    same, same_before = _identities(findings), _identities(findings_before)
    rows = []
    for row in both.to_dict("records"):
        ours, theirs = _ids(row["parts"]), _ids(row["parts_before"])
        known = {same_before.get(each, each) for each in theirs}
        still = {same.get(each, each) for each in ours}
        came = tuple(sorted(each for each in ours if same.get(each, each) not in known))
        went = tuple(sorted(each for each in theirs if same_before.get(each, each) not in still))
        change = _change(row["score_before"], row["score"], bool(came or went))
        if change:
            rows.append({**row, "change": change, "new_findings": came, "gone_findings": went})
    frame = pd.DataFrame(rows, columns=COLUMNS)
    order = np.lexsort(
        (
            frame["subject_id"].to_numpy(object).astype(str),
            frame["subject_kind"].to_numpy(object).astype(str),
            -frame["score"].to_numpy(np.float64),
            -(frame["score"].to_numpy(np.float64) - frame["score_before"].to_numpy(np.float64)),
        )
    )
    return frame.iloc[order].reset_index(drop=True)


def _change(before: float, now: float, others: bool) -> str:
    if before == now:
        return "other" if others else ""
    if before == 0:
        return "new"
    if now == 0:
        return "gone"
    return "risen" if now > before else "fallen"


def _ids(parts: Any) -> list[str]:
    """The findings that a score is made of, but for those that a person dismissed."""
    if isinstance(parts, str):
        parts = json.loads(parts)
    if not isinstance(parts, (list, tuple)):
        return []
    return list(dict.fromkeys(part["finding"] for part in parts if part["decision"] != "dismiss"))


def _identities(findings: pd.DataFrame) -> Mapping[str, str]:
    if not len(findings):
        return {}
    columns = ["code", "subject_kind", "subject_id", "measure"]
    return dict(zip(findings["id"], findings[columns].agg("\0".join, axis=1), strict=True))
