"""A dry run: changed thresholds against the last nights, before anybody uses them. Nothing is written.

Both sides are asked anew of the case as it is now, as of each night's day: what differs is the thresholds'
doing alone, not that of rows which came in since. Whether that is what a night kept is said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from graphflow.errors import InputError, Problem, UsageError
from graphflow.findings import Finding
from graphflow.language import N_
from graphflow.redlines import REDLINES, check
from graphflow.redlines.asking import read_thresholds
from graphflow.rows import Moment
from graphflow.scoring.deciding import verdicts
from graphflow.scoring.keeping import nights
from graphflow.scoring.measuring import base_rate_of, ppv, ppv_least
from graphflow.scoring.nightly import relied_on

if TYPE_CHECKING:
    from graphflow.case import Case

Progress = Callable[[str, int | None, int | None], Any]
Law = Mapping[tuple[str, str], Fraction]

LAST = 5
"""Nights that are looked at."""

CHANGES: Mapping[str, str] = {
    "comes": N_("would come"),
    "goes": N_("would go"),
    "other": N_("would rest on other rows: a decision on it would no longer hold"),
    "graver": N_("would be graver"),
    "milder": N_("would be milder"),
    "stays": N_("stays"),
}
"""What changed thresholds would do to a finding, from what is to be looked at first."""

COLUMNS = [
    "as_of", "change", "code", "subject_kind", "subject_id", "subject_name", "measure", "finding_before",
    "finding", "severity_before", "severity", "verdict", "summary",
]  # fmt: skip
NIGHTS = ["as_of", "before", "after", *CHANGES, "confirmed_gone", "dismissed_gone", "as_kept"]


@dataclass(frozen=True)
class DryRun:
    """What changed thresholds would have done.

    Attributes
    ----------
    findings
        Frame, one row a finding and night: `as_of`, `change` (see `CHANGES`), `code`, `subject_kind`,
        `subject_id`, `subject_name`, `measure`, `finding_before` and `finding` (ids, empty where there is
        none), `severity_before`, `severity`, `verdict` (confirm, dismiss or empty: what was decided of this
        evidence), `summary`.
    nights
        Frame, one row a night: `as_of`, how many `before` and `after`, how many of each change,
        `confirmed_gone` and `dismissed_gone`, `as_kept` (whether *before* is what the night kept of these
        red lines: yes, no, or unknown).
    thresholds
        Frame of what was changed on some night: `code`, `name`, `before` and `after`, exact; empty: ours.
    codes
        The red lines that were asked.
    decided
        By id of finding what was decided, of all that either side found.
    not_assessable
        By red line that could not be asked on any of the days, what it lacks: of its thresholds this says
        nothing.
    """

    findings: pd.DataFrame
    nights: pd.DataFrame = field(repr=False)
    thresholds: pd.DataFrame = field(repr=False)
    codes: tuple[str, ...]
    decided: Mapping[str, str] = field(repr=False)
    not_assessable: Mapping[str, str] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """How many different findings with a decision each side names, on any of the nights.

        Returns
        -------
        dict
            `confirmed` and `dismissed`: of all that either side names; `confirmed_before`, `confirmed_after`,
            `dismissed_before`, `dismissed_after`: of these, those that a side names, on other rows too;
            `undecided_new`: findings that would come or rest on other rows, of which nobody has decided.
        """
        rows = self.findings[self.findings["verdict"] != ""]
        ids = rows["finding_before"].where(rows["finding_before"].isin(list(self.decided)), rows["finding"])
        said: dict[str, int] = {}
        for verdict, name in (("confirm", "confirmed"), ("dismiss", "dismissed")):
            mine = rows["verdict"] == verdict
            said[name] = int(ids[mine].nunique())
            said[f"{name}_before"] = int(ids[mine & (rows["finding_before"] != "")].nunique())
            said[f"{name}_after"] = int(ids[mine & (rows["finding"] != "")].nunique())
        new = self.findings[self.findings["change"].isin(["comes", "other"])]
        said["undecided_new"] = len(set(new["finding"]) - set(self.decided))
        return said

    def ppv(self, base_rate: Fraction | str | float) -> pd.DataFrame:
        """What part of the findings would be true on each side, if a stated part of all candidates were.

        The candidates are all findings that either side names; of those with a decision the rates are
        counted. Findings that nobody decided of are not in it: a threshold that only adds such ones shows no
        other PPV, and `undecided_new` says how many there are.

        Parameters
        ----------
        base_rate
            The part of the candidates that is true, as somebody states it.

        Returns
        -------
        pandas.DataFrame
            One row a side (before, after): `side`, `confirmed`, `of_confirmed`, `dismissed`, `of_dismissed`,
            `ppv` and `ppv_least` (the least that so few decisions let one believe in); both empty where there
            are no decisions of one kind, or nothing is named.
        """
        rate, n = base_rate_of(base_rate), self.counts()
        rows = []
        for side in ("before", "after"):
            figures = (n[f"confirmed_{side}"], n["confirmed"], n[f"dismissed_{side}"], n["dismissed"])
            exact, least = ppv(*figures, rate), ppv_least(*figures, rate)
            rows.append([side, *figures, None if exact is None else float(exact), least])
        columns = ["side", "confirmed", "of_confirmed", "dismissed", "of_dismissed", "ppv", "ppv_least"]
        return pd.DataFrame(rows, columns=columns).astype({"ppv": "float64", "ppv_least": "float64"})


def dry_run(
    case: Case,
    law: str | Path | Law,
    *,
    nights: str | Path | None = None,
    last: int = LAST,
    as_of: Moment | None = None,
    progress: Progress | None = None,
) -> DryRun:
    """What changed thresholds would do: which findings come and go, and what was decided of them.

    Only red lines of which a threshold differs are asked, each twice: as the night asked it, and with the new
    file in the place of the night's. Nothing is written.

    Parameters
    ----------
    case
        The case.
    law
        The changed thresholds: CSV with `code`, `name`, `value`, as for `check`; or a mapping.
    nights
        The folder of the nights: the last of them are asked again, as of their days and beside their own
        thresholds. None: one asking as of `as_of`, beside ours.
    last
        How many nights.
    as_of
        Without nights, the day; None: everything that the case knows.
    progress
        Called with what is being done, how much of it is done, and how much there is.

    Returns
    -------
    DryRun

    Raises
    ------
    UsageError
        A folder without nights; a day beside nights; no date.
    InputError
        A file of thresholds that cannot be read; a night that is damaged.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl06
    >>> tried = dry_run(rl06.amount_toy(), {("RL-06", "company_platform"): Fraction(2_000_000)})
    >>> tried.findings[["change", "code", "subject_id"]].values.tolist()
    [['goes', 'RL-06', 'COMPANY']]
    """
    new = law if isinstance(law, Mapping) else read_thresholds(law)
    days = _days(nights, last, as_of)
    decided = verdicts(case)
    changed: dict[tuple[str, str], tuple[str, str]] = {}
    rows: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    asked: dict[str, None] = {}
    lacking: dict[str, list[str]] = {}
    for number, (day, old, kept) in enumerate(days):
        if progress is not None:
            progress(N_("asking the nights again"), number, len(days))
        differ = {key for key in {*old, *new} if old.get(key) != new.get(key)}
        changed |= {key: (_text(old.get(key)), _text(new.get(key))) for key in differ}
        codes = [line.code for line in REDLINES if any(k in differ for k in relied_on(line.code, differ))]
        asked |= dict.fromkeys(codes)
        (before, lacks), (after, _) = (_found(case, codes, day, law_) for law_ in (old, new))
        for code in codes:
            lacking.setdefault(code, []).append(lacks.get(code, ""))
        mine = [_row(day, pair, decided) for pair in paired(before, after)]
        rows += mine
        told.append(_night(day, before, after, mine, codes, kept))
    order = list(CHANGES)
    frame = pd.DataFrame(rows, columns=COLUMNS)
    frame = frame.sort_values(
        ["as_of", "change", "code", "subject_id", "finding_before", "finding"],
        key=lambda column: column.map(order.index) if column.name == "change" else column,
        ignore_index=True, kind="stable",
    )  # fmt: skip
    known = {*frame["finding_before"], *frame["finding"]}
    return DryRun(
        frame, pd.DataFrame(told, columns=NIGHTS),
        pd.DataFrame(
            [[*key, *pair] for key, pair in sorted(changed.items())],
            columns=["code", "name", "before", "after"],
        ),
        tuple(line.code for line in REDLINES if line.code in asked),
        {ident: what for ident, what in decided.items() if ident in known},
        {code: each[-1] for code, each in lacking.items() if all(each)},
    )  # fmt: skip


def _text(value: Fraction | None) -> str:
    return "" if value is None else str(value)


def _days(
    folder: str | Path | None, last: int, as_of: Moment | None
) -> list[tuple[str | None, Law, Mapping[str, frozenset[str]] | None]]:
    """The days that are asked of, each with its thresholds, and by red line the ids that the night kept."""
    if folder is None:
        return [(None if as_of is None else str(as_of), {}, None)]
    if as_of is not None:
        what = N_("nights have days of their own")
        raise UsageError(Problem("as_of", what, first=str(as_of), expected=N_("either nights or a day")))
    if last < 1:
        raise UsageError(Problem("last", N_("this is too small"), first=str(last), expected="≥ 1"))
    out = Path(folder)
    known = nights(out)[-last:]
    if not known:
        what = N_("there are no nights here")
        raise UsageError(
            Problem("nights", what, first=str(out), expected=N_("a folder that `graphflow score` wrote"))
        )
    found: list[tuple[str | None, Law, Mapping[str, frozenset[str]] | None]] = []
    for day in known:
        try:
            about = json.loads((out / day / "night.json").read_bytes())
            old = {_key(name): Fraction(value) for name, value in about["law"].items()}
            ids = pd.read_parquet(out / day / "findings.parquet", columns=["code", "id"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            what = N_("this night cannot be read: {reason}")
            raise InputError(
                Problem(str(out / day), what, {"reason": reason}, expected=N_("run it again"))
            ) from None
        kept = {str(code): frozenset(mine["id"]) for code, mine in ids.groupby("code")}
        found.append((day, old, kept))
    return found


def _key(name: str) -> tuple[str, str]:
    code, _, what = name.partition(" ")
    return code, what


def _found(
    case: Case, codes: Iterable[str], day: str | None, law: Law
) -> tuple[list[Finding], dict[str, str]]:
    """The findings of some red lines as a night asks them, with the thresholds that each relies on; and of
    those that cannot be asked what they lack."""
    found: list[Finding] = []
    lacks: dict[str, str] = {}
    for code in codes:
        mine = {key: law[key] for key in relied_on(code, law)}
        checked = check(case, only=code, as_of=day, law=mine)
        found += checked.findings
        lacks |= dict(zip(*(checked.not_assessable[name] for name in ("code", "missing")), strict=True))
    return found, lacks


Pair = tuple[Finding | None, Finding | None]


def paired(before: Sequence[Finding], after: Sequence[Finding]) -> list[Pair]:
    """Each finding before with the same after: of one id; else of one red line, subject and measure."""
    left = {f.id: f for f in before}
    pairs: list[Pair] = [(left.pop(f.id), f) for f in after if f.id in left]
    same = {f.id for _, f in pairs if f is not None}
    waiting: dict[tuple[str, ...], list[Finding]] = {}
    for f in left.values():
        waiting.setdefault(_identity(f), []).append(f)
    for f in after:
        if f.id not in same:
            mine = waiting.get(_identity(f))
            pairs.append((mine.pop(0) if mine else None, f))
    return pairs + [(f, None) for each in waiting.values() for f in each]


def _identity(f: Finding) -> tuple[str, ...]:
    return f.code, f.subject_kind, f.subject_id, f.measure


def _row(day: str | None, pair: Pair, decided: Mapping[str, str]) -> dict[str, Any]:
    from graphflow.findings import SEVERITIES

    was, now = pair
    f = now or was
    assert f is not None
    if was is None or now is None:
        change = "comes" if was is None else "goes"
    elif was.id != now.id:
        change = "other"
    else:
        step = SEVERITIES.index(now.severity) - SEVERITIES.index(was.severity)
        change = "graver" if step > 0 else "milder" if step < 0 else "stays"
    return {
        "as_of": day or "", "change": change, "code": f.code, "subject_kind": f.subject_kind,
        "subject_id": f.subject_id, "subject_name": f.subject_name, "measure": f.measure,
        "finding_before": was.id if was else "", "finding": now.id if now else "",
        "severity_before": was.severity if was else "", "severity": now.severity if now else "",
        "verdict": decided.get((was or f).id, "") or decided.get(f.id, ""), "summary": str(f.summary),
    }  # fmt: skip


def _night(
    day: str | None, before: Sequence[Finding], after: Sequence[Finding], rows: Sequence[Mapping[str, Any]],
    codes: Sequence[str], kept: Mapping[str, frozenset[str]] | None,
) -> dict[str, Any]:  # fmt: skip
    gone = [row["verdict"] for row in rows if row["change"] == "goes"]
    ids = {f.id for f in before}
    then = None if kept is None else set().union(*(kept.get(code, frozenset()) for code in codes))
    return {
        "as_of": day or "", "before": len(before), "after": len(after),
        **{name: sum(row["change"] == name for row in rows) for name in CHANGES},
        "confirmed_gone": gone.count("confirm"), "dismissed_gone": gone.count("dismiss"),
        "as_kept": "" if then is None else "yes" if then == ids else "no",
    }  # fmt: skip
