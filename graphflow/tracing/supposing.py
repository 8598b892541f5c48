"""What if: the same question to a case of which something is supposed to be otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphflow import sets
from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.tracing.excerpt import Change, settled
from graphflow.tracing.orders import asked_rows
from graphflow.tracing.seeds import ends_of_case

if TYPE_CHECKING:
    from graphflow.ledger.form import Ledger
    from graphflow.tracing.excerpt import Excerpt
    from graphflow.tracing.result import Trace

Ints = NDArray[np.int64]

LARGE = 2**50
"""An opening that is supposed to be very large has so many minor units more than it must have."""


class Supposed:
    """The answer to a question where something is supposed to be otherwise, beside the answer as it is.

    Made by :meth:`Trace.suppose`. Nothing of the case is changed, and only the rows of accounts that the
    money reaches are looked at anew.

    Attributes
    ----------
    trace : Trace
        The answer under the supposition, in the order of rows that is shown.
    change : Change
        What is supposed.
    """

    def __init__(self, before: Trace, after: Trace, change: Change) -> None:
        self.before, self.trace, self.change = before, after, change

    def __repr__(self) -> str:
        return f"<Supposed: {int((self.ends['difference'] != 0).sum())} of {len(self.ends)} ends differ>"

    @property
    def ends(self) -> pd.DataFrame:
        """Each end as it is and as supposed.

        Columns ``kind``, ``account_id``, ``party_id``, ``currency``, ``before``, ``after``, ``difference``
        (minor units of the end's currency), the greatest difference first.
        """
        names = ["kind", "account_id", "party_id", "currency"]
        by_party = self.trace.parameters["by"] == "party"
        return _beside(self.before.ends, self.trace.ends, names, "amount", by_party)

    @property
    def transfers(self) -> pd.DataFrame:
        """What each transfer carries beyond the seed, as it is and as supposed: ``transfer_id``,
        ``currency``, ``before``, ``after``, ``difference``.
        """
        return _beside(self.before.transfers, self.trace.transfers, ["transfer_id", "currency"], "traced")


def _beside(
    before: pd.DataFrame, after: pd.DataFrame, names: list[str], amount: str, by_party: bool = False
) -> pd.DataFrame:
    """Two frames of amounts beside one another; what is not there is nothing."""
    # of whom an account is supposed to be is shown as supposed
    keys = [name for name in names if name != "party_id" or by_party]
    both = before[[*names, amount]].merge(
        after[[*names, amount]], on=keys, how="outer", suffixes=("", "_after")
    )
    both = both.rename(columns={amount: "before", f"{amount}_after": "after"})
    if "party_id" in names and not by_party:
        both["party_id"] = both["party_id_after"].fillna(both["party_id"])
    for name in ("before", "after"):
        both[name] = both[name].fillna(0).astype("int64")
    both = both[(both["before"] != 0) | (both["after"] != 0)]
    both["difference"] = both["after"] - both["before"]
    order = np.lexsort((np.arange(len(both)), -both["before"], -both["difference"].abs()))
    return both.iloc[order][[*names, "before", "after", "difference"]].reset_index(drop=True)


def suppose(
    trace: Trace,
    leave_out: Iterable[str],
    same_holder: Iterable[tuple[str, str]],
    reversal_of: Mapping[str, str | None],
    spare: int = 0,
) -> Supposed:
    """Ask the question of a trace again where something is supposed to be otherwise."""
    ledger, question = trace._whole, trace._question
    case = trace.case
    left, same = _listed(leave_out), tuple(same_holder)
    if not spare:
        _check(ledger, left, same, reversal_of)
    change = Change(frozenset(left), {other: one for one, other in same}, dict(reversal_of), spare)
    links = [name for pair in reversal_of.items() for name in pair if name is not None]
    rows = sets.union(asked_rows(case, question), np.array([ledger.row(name) for name in links], np.int64))
    accounts = np.array([ledger.account(name) for pair in same for name in pair], np.int64)
    held = [ledger.account(x.id) for x in question.references if x.kind == "balance"]
    start = np.concatenate((trace._walked, accounts, np.array(held, np.int64)))
    span = ends_of_case(ledger)

    def again(excerpt: Excerpt) -> tuple[Trace, Ints]:
        from graphflow.tracing.question import ask

        found = ask(excerpt.case(change=change), question, span, excerpt)
        return found, found._walked

    after: Trace = settled(case, start, rows, again, question.cash_gaps)
    after.parameters["supposed"] = {
        "leave_out": sorted(change.leave_out),
        "same_holder": [list(pair) for pair in same],
        "reversal_of": dict(reversal_of),
        "spare_opening": spare,
    }
    return Supposed(trace, after, change)


def _listed(names: Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _check(
    ledger: Ledger,
    left: list[str],
    same: tuple[tuple[str, str], ...],
    reversal_of: Mapping[str, str | None],
) -> None:
    """All that is wrong with a supposition at once."""
    problems = []
    if not left and not same and not reversal_of:
        problems.append(
            Problem(
                "suppose",
                N_("nothing is supposed to be otherwise"),
                expected="leave_out, same_holder, reversal_of",
            )
        )
    links = [("reversal_of", name) for pair in reversal_of.items() for name in pair if name is not None]
    for where, name in [*(("leave_out", name) for name in left), *links]:
        if ledger.row(name) < 0:
            problems.append(Problem(where, N_("no transfer has the id {id}"), {"id": name}, name))
    for pair in same:
        for name in pair:
            if ledger.account(name) < 0:
                problems.append(Problem("same_holder", N_("no account has the id {id}"), {"id": name}, name))
    if problems:
        raise UsageError(*problems)
