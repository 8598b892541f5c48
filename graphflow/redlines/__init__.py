"""Red lines: questions of the clean-up plan that data can answer, each with rows, law and counter-evidence.

`REDLINES` is the one list. `check` asks all of them, or some, of a case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pandas as pd

from graphflow.errors import Problem, UsageError
from graphflow.findings import SEVERITIES, Finding, frame_of
from graphflow.language import N_, translate
from graphflow.redlines import (
    rl01_fund_pool,
    rl02_self_financing,
    rl03_self_guarantee,
    rl04_promised_principal,
    rl05_maturity_mismatch,
    rl06_term_splitting,
    rl07_fictitious_projects,
    rl08_lending,
    rl09_resale,
    rl10_margin_lending,
    rl11_down_payment_loans,
    rl12_self_raising,
    rl13_debt_as_equity,
    rl14_investor_count,
    rl15_unqualified_investors,
    rl16_packaging,
    rl17_nesting,
    rl18_substance,
    rl19_related_dealings,
    rl20_reserves,
    rl21_clearing,
    rl22_unlicensed_payment,
    rl23_client_money,
    rl24_excessive_returns,
    rl25_new_for_old,
    rl26_names,
    rl29_supplementary,
)
from graphflow.redlines.asking import LawFile, RedLine, missing_of, read_thresholds
from graphflow.redlines.facts import Facts, facts_of
from graphflow.rows import Moment
from graphflow.tables.columns import names

if TYPE_CHECKING:
    from graphflow.case import Case

REDLINES: tuple[RedLine, ...] = (
    rl01_fund_pool.LINE,
    rl02_self_financing.LINE,
    rl03_self_guarantee.LINE,
    rl04_promised_principal.LINE,
    rl05_maturity_mismatch.LINE,
    rl06_term_splitting.LINE,
    rl07_fictitious_projects.LINE,
    rl08_lending.LINE,
    rl09_resale.LINE,
    rl10_margin_lending.LINE,
    rl11_down_payment_loans.LINE,
    rl12_self_raising.LINE,
    rl13_debt_as_equity.LINE,
    rl14_investor_count.LINE,
    rl15_unqualified_investors.LINE,
    rl16_packaging.LINE,
    rl17_nesting.LINE,
    rl18_substance.LINE,
    rl19_related_dealings.LINE,
    rl20_reserves.LINE,
    rl21_clearing.LINE,
    rl22_unlicensed_payment.LINE,
    rl23_client_money.LINE,
    rl24_excessive_returns.LINE,
    rl25_new_for_old.LINE,
    rl26_names.LINE,
    rl29_supplementary.LINE,
)  # fmt: skip
"""Every red line, in the order of their codes."""


SHOWN = 50
"""Findings that a person is shown at once; the rest is counted."""

LEADS = N_("Every finding is a lead (线索), no determination; what was not found may still be there.")
"""What stands below every list of findings."""


@dataclass(frozen=True)
class Check:
    """What the red lines say of a case.

    Attributes
    ----------
    findings
        Leads, the gravest first; see `Finding`.
    tests
        Frame, one row a test of each red line asked: `code`, `test`, `ran`, `missing` (tables or columns, or
        a rule in force on the day), `findings` (how many rest on it).
    facts
        The case as of the day.
    as_of
        The day as it was given; None: everything that the case knows.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl06
    >>> c = check(rl06.toy(), only="RL-06")
    >>> c.frame()[["code", "measure", "value"]].values.tolist()
    [['RL-06', 'split', 12.0]]
    """

    findings: Sequence[Finding]
    tests: pd.DataFrame
    facts: Facts = field(repr=False)
    as_of: str | None = None

    def frame(self) -> pd.DataFrame:
        """The findings, one row each: the columns are those of a `Finding` that fit into one cell."""
        return frame_of(self.findings)

    @property
    def not_assessable(self) -> pd.DataFrame:
        """Red lines of which no test could run: `code`, `missing`. They are not answered, never clean."""
        rows = [
            {"code": code, "missing": ", ".join(dict.fromkeys(part["missing"]))}
            for code, part in self.tests.groupby("code", sort=False)
            if not part["ran"].any()
        ]
        return pd.DataFrame(rows, columns=["code", "missing"])

    @property
    def hubs(self) -> pd.DataFrame:
        """Accounts of very many counterparties that have no role: what they are should be found out."""
        return self.facts.hubs

    def _repr_html_(self) -> str:
        """The gravest findings, what was not assessable, and how both are to be read."""
        import html

        def said(text: str, **values: Any) -> str:
            return f"<p>{html.escape(translate(text, **values))}</p>"

        columns = [
            "code", "title", "title_zh", "subject_id", "subject_name", "summary", "severity", "confidence",
        ]  # fmt: skip
        parts = [
            said(N_("Nothing was found in what could be asked of this case."))
            if not self.findings
            else frame_of(self.findings[:SHOWN])[columns].to_html(index=False)
        ]
        if len(self.findings) > SHOWN:
            parts.append(said(N_("and {count} more"), count=len(self.findings) - SHOWN))
        parts.append(said(LEADS))
        lacking = self.not_assessable
        if len(lacking):
            parts.append(said(N_("Not assessable, which is no clean bill:")))
            parts.append(lacking.to_html(index=False))
        return "".join(parts)


def check(
    case: Case,
    only: str | Iterable[str] | None = None,
    as_of: Moment | None = None,
    law: LawFile | Mapping[tuple[str, str], Fraction] = None,
    *,
    progress: Callable[..., Any] | None = None,
) -> Check:
    """Ask the red lines of a case: findings with their rows, and what could not be asked for want of what.

    A red line is not assessable only when none of its tests can run. A finding is a lead, never a
    determination; no finding means that nothing was found in what is here, not that nothing is wrong.

    Parameters
    ----------
    case
        The case.
    only
        Codes such as ``"RL-06"``, one text with commas or several; None: all of them.
    as_of
        The day: nothing later is seen, and the law is that of the day. None: everything, and the law as last.
    law
        A CSV file of thresholds in the place of ours: columns `code`, `name`, `value`, and `unit` if it is to
        be compared; or the same as a mapping of (code, name).
    progress
        Called before each red line with its code and name, how many were asked, and how many there are.

    Returns
    -------
    Check

    Raises
    ------
    UsageError
        A code that there is not, no date, a threshold that is no number.
    InputError
        A file of thresholds that cannot be read.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl06
    >>> [f.summary for f in check(rl06.amount_toy(), only="RL-06").findings]
    ['恒达实业 and its group owed 1,500,000.00 CNY at once on 15 loans, 500,000.00 CNY more than allowed']
    """
    lines = _asked(only)
    overrides = law if isinstance(law, Mapping) else read_thresholds(law)
    facts = facts_of(case, as_of)
    found: list[Finding] = []
    tests = []
    for number, line in enumerate(lines):
        if progress is not None:
            progress(line.name, number, len(lines))
        missing = missing_of(line, facts)
        mine = list(line.find(case, as_of=as_of, law=overrides)) if not all(missing.values()) else []
        found += mine
        tests += [
            {
                "code": line.code, "test": test.name, "ran": not missing[test.name],
                "missing": ", ".join(missing[test.name]),
                "findings": sum(any(t.name == test.name and t.hit for t in f.tests) for f in mine),
            }
            for test in line.tests
        ]  # fmt: skip
    found.sort(
        key=lambda f: (-SEVERITIES.index(f.severity), -f.confidence, f.code, -(f.amount or 0), f.subject_id)
    )
    columns = ["code", "test", "ran", "missing", "findings"]
    frame = pd.DataFrame(tests, columns=columns)
    return Check(tuple(found), frame, facts, None if as_of is None else str(as_of))


def _asked(only: str | Iterable[str] | None) -> Sequence[RedLine]:
    """The red lines of some codes, in the order of the list."""
    if only is None:
        return REDLINES
    wanted = [
        each.strip().upper()
        for part in ([only] if isinstance(only, str) else only)
        for each in part.split(",")
        if each.strip()
    ]
    have: Mapping[str, RedLine] = {line.code: line for line in REDLINES}
    unknown = [each for each in wanted if each not in have]
    if unknown or not wanted:
        raise UsageError(
            Problem(
                "only",
                N_("there is no such red line"),
                first=", ".join(unknown),
                expected=names(unknown, list(have)),
            )
        )
    return [line for line in REDLINES if line.code in wanted]
