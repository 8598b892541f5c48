"""Laundering patterns: shapes of money in time, found all of them within a stated window, and ranked.

`PATTERNS` is the one list; `patterns` looks for all of them, or for some. A pattern is no finding: it says
that transfers lie so, not that somebody did wrong. What was not looked at to the end is in
`Patterns.left_out`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.rows import Moment
from graphflow.tables.columns import names
from graphflow.typologies import (
    bipartite,
    cycle,
    fan_in,
    fan_out,
    gather_scatter,
    pass_through,
    scatter_gather,
    stack,
    structuring,
)
from graphflow.typologies.found import Asked, Found, scores
from graphflow.typologies.payments import LeftOut, Payments, payments_of

if TYPE_CHECKING:
    from graphflow.case import Case

Ints = npt.NDArray[np.int64]

DAY = 86_400_000_000
"""A day in microseconds."""


@dataclass(frozen=True)
class Pattern:
    """A pattern as data: names, what it is in one sentence, how it is looked for, and what it needs at least.

    ``least`` counts what ``of`` says; ``window`` is in days.
    """

    name: str
    name_en: str
    name_zh: str
    text: str
    find: Callable[[Payments, Asked], Found]
    least: int
    of: str
    window: int = 20
    permille: int = -1


PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        "cycle", N_("cycle"), "循环转账",
        N_("Money comes back to where it left, through others, each of them once, in time order."),
        cycle.find, 3, N_("transfers"),
    ),
    Pattern(
        "fan_in", N_("fan-in"), "集中转入", N_("One holder receives from many within a short time."),
        fan_in.find, 5, N_("payers"), 7,
    ),
    Pattern(
        "fan_out", N_("fan-out"), "分散转出", N_("One holder pays many within a short time."),
        fan_out.find, 5, N_("payees"), 7,
    ),
    Pattern(
        "gather_scatter", N_("gather-scatter"), "先集中后分散",
        N_("One holder collects from many, and then pays to many."),
        gather_scatter.find, 3, N_("payers, and as many payees"),
    ),
    Pattern(
        "scatter_gather", N_("scatter-gather"), "先分散后集中",
        N_("One holder pays many, who pass it on to one other."),
        scatter_gather.find, 3, N_("holders between"), 20, 100,
    ),
    Pattern(
        "pass_through", N_("pass-through"), "快进快出",
        N_("What a holder receives leaves soon after, in about the same amounts."),
        pass_through.find, 3, N_("times"), 1, 50,
    ),
    Pattern(
        "stack", N_("stack"), "多层堆叠",
        N_("Several holders pay several others, who all pay several others again, in time order."),
        stack.find, 2, N_("payers, holders between and payees"), 20,
    ),
    Pattern(
        "bipartite", N_("bipartite"), "多对多转账",
        N_("Several holders each pay each of several others within a short time."),
        bipartite.find, 2, N_("payers, and as many payees"), 7,
    ),
    Pattern(
        "structuring", N_("structuring"), "拆分交易",
        N_("Several transfers of one holder lie just below the amount from which a bank must report."),
        structuring.find, 3, N_("transfers"), 7, 200,
    ),
)  # fmt: skip
"""Every pattern that is looked for."""


@dataclass(frozen=True)
class Patterns:
    """The patterns of a case.

    Attributes
    ----------
    parameters
        By kind of pattern: window, least, permille, most, budget and total, as they were used.

    Examples
    --------
    >>> from graphflow.typologies import patterns
    >>> from graphflow.synthesis import toys
    >>> patterns(toys.t1()).frame().shape[0]
    0
    """

    payments: Payments = field(repr=False)
    found: Mapping[str, Found] = field(repr=False)
    parameters: Mapping[str, Mapping[str, int]]

    @cached_property
    def _scores(self) -> Mapping[str, npt.NDArray[np.float64]]:
        return {kind: scores(self.payments, each) for kind, each in self.found.items()}

    def counts(self) -> Mapping[str, int]:
        """How many patterns of each kind there are."""
        return {kind: each.size for kind, each in self.found.items()}

    def frame(self, top: int | None = None) -> pd.DataFrame:
        """The patterns, by kind, the most unusual for their accounts first.

        Parameters
        ----------
        top
            How many of each kind at most.

        Returns
        -------
        pandas.DataFrame
            `kind`; `score`: what part of a member's transfers belongs to the pattern, on average over the
            members; `accounts` (tuple: of each member the accounts that were used, members in the order that
            the kind says); `transfers` (tuple of ids); `amount`: what went through it, empty where it is in
            several currencies; `currency` (several: joined by commas); `since`, `until`; `members`: how many
            holders.
        """
        rows = [row for kind in self.found for row in self.rows(kind, top)]
        columns = [
            "kind", "score", "accounts", "transfers", "amount", "currency", "since", "until", "members",
        ]  # fmt: skip
        frame = pd.DataFrame(rows, columns=columns).astype({"amount": "Int64", "members": "int64"})
        for name in ("since", "until"):
            frame[name] = pd.to_datetime(frame[name], unit="us", utc=True).astype("datetime64[us, UTC]")
        return frame

    def rows(self, kind: str, top: int | None = None) -> Iterator[dict[str, Any]]:
        """The patterns of one kind as the rows of `frame`, times in microseconds of UTC.

        Parameters
        ----------
        kind
            One of those that were looked for.
        top
            Only the first so many; None: all.

        Returns
        -------
        iterator of dict
            One a pattern, in the order of `frame`.
        """
        for k in self._ranked(kind)[:top].tolist():
            yield self._row(kind, self.found[kind], k)

    def _ranked(self, kind: str) -> Ints:
        """The patterns of a kind in the order that is shown: score, then amount, then as they were found."""
        order: Ints = np.lexsort((-self.found[kind].amount, -self._scores[kind]))
        return order

    def _row(self, kind: str, found: Found, k: int) -> dict[str, Any]:
        p = self.payments
        which = found.transfers[found.pointer[k] : found.pointer[k + 1]]
        members = found.members[found.members_pointer[k] : found.members_pointer[k + 1]].tolist()
        used: dict[int, dict[int, None]] = {}
        for side in (0, 1):
            for holder, account in zip(
                p.ends[which, side].tolist(), p.accounts[which, side].tolist(), strict=True
            ):
                used.setdefault(holder, {}).setdefault(account)
        ids, names_of = p.ledger.transfer_ids, p.ledger.account_ids
        codes = dict.fromkeys(p.money[which][:, [1, 3]].reshape(-1).tolist())
        amount = int(found.amount[k])
        return {
            "kind": kind, "score": float(self._scores[kind][k]),
            "accounts": tuple(names_of[a].as_py() for holder in members for a in used[holder]),
            "transfers": tuple(ids[int(row)].as_py() for row in p.rows[which]),
            "amount": None if amount < 0 else amount,
            "currency": ",".join(p.currencies[code] for code in codes),
            "since": int(p.ledger.rows["time"][p.rows[which]].min()),
            "until": int(p.ledger.rows["arrives"][p.rows[which]].max()),
            "members": len(members),
        }  # fmt: skip

    @property
    def left_out(self) -> pd.DataFrame:
        """Where a pattern was not looked for, or not to the end: `kind` (empty: all), `account_id`,
        `transfer_id`, `why`, `transfers` (how many), `amount`, `currency`.
        """
        p = self.payments
        lines = [*p.aside, *(line for each in self.found.values() for line in each.left_out)]
        columns = ["kind", "account_id", "transfer_id", "why", "transfers", "amount", "currency"]
        return pd.DataFrame([self._left(line) for line in lines], columns=columns)

    def _left(self, line: LeftOut) -> dict[str, Any]:
        p = self.payments
        transfer = p.ledger.transfer_ids[int(p.rows[line.transfer])].as_py() if line.transfer >= 0 else ""
        return {
            "kind": line.kind,
            "account_id": p.ledger.account_ids[line.account].as_py() if line.account >= 0 else "",
            "transfer_id": transfer,
            "why": line.why, "transfers": line.transfers, "amount": line.amount,
            "currency": p.currencies[line.currency] if line.currency >= 0 else "",
        }  # fmt: skip

    def _repr_html_(self) -> str:
        return str(self.frame(top=20).to_html(index=False))


def patterns(
    case: Case,
    only: str | Iterable[str] | None = None,
    *,
    as_of: Moment | None = None,
    window: str | None = None,
    least: int | None = None,
    permille: int | None = None,
    most: int = 10,
    budget: int = 1_000_000,
    total: int = 200_000_000,
    by: str = "party",
    progress: Callable[..., Any] | None = None,
) -> Patterns:
    """Look for laundering patterns: every one within its window, or counted where not.

    Transfers count net of reversals; what stays with one holder is no transfer here. Order is that of time;
    at equal times, and within a day of which some row says only the date, any order counts. Accounts by whose
    kind or role everybody's money passes through them (cash, clearing, custody, tax, the bank's own) are no
    members, and an unknown other side is nobody: `Patterns.left_out` says how much that leaves out.

    Parameters
    ----------
    case
        The case.
    only
        Names such as ``"cycle"``, one text with commas or several; None: all of them.
    as_of
        Nothing later is seen; None: everything.
    window
        Within which time a pattern lies: ``"20D"`` days, ``"36h"`` hours; None: each pattern's own.
    least
        How many transfers (or holders, as each pattern says) make a pattern; None: each pattern's own.
    permille
        By how many thousandths an amount may differ from the one that it goes on from, in one currency; None:
        each pattern's own; below 0: no limit.
    most
        The most transfers of a cycle.
    budget
        How many steps are tried for one first transfer, or pairs for one holder; where it does not do, that
        is said.
    total
        How many steps are tried for all first transfers of cycles together, about: some seconds. With a
        window in which everybody can be reached from everybody there are more ways than anybody could look
        at; then a part of those of each first transfer is tried, and that is said too.
    by
        ``"party"``: the accounts of one party are one holder; ``"account"``: each account is.
    progress
        Called as ``progress(step, done, total)``.

    Returns
    -------
    Patterns

    Raises
    ------
    UsageError
        A pattern or view that there is not, no length of time, a number that is too small.

    Examples
    --------
    >>> from graphflow.case import Case
    >>> case = Case.from_tables(transfers={"transfer_id": ["t1", "t2", "t3"], "amount": ["9", "8", "7"],
    ...     "time": ["2024-03-01T09:00", "2024-03-02T09:00", "2024-03-03T09:00"],
    ...     "source": ["A", "B", "C"], "target": ["B", "C", "A"]})
    >>> patterns(case, only="cycle").frame()[["accounts", "amount", "score"]].values.tolist()
    [[('A', 'B', 'C'), 700, 1.0]]
    """
    chosen = _chosen(only)
    wide = None if window is None else _span(window)
    for name, value, floor in (
        ("least", least, 1),
        ("most", most, 2),
        ("budget", budget, 1),
        ("total", total, 1),
    ):
        if value is not None and value < floor:
            wrong = N_("this is too small")
            raise UsageError(Problem(name, wrong, first=str(value), expected=f"≥ {floor}"))
    payments = payments_of(case, as_of, by)
    found, parameters = {}, {}
    for number, each in enumerate(chosen):
        if progress is not None:
            progress(each.name_en, number, len(chosen))
        asked = Asked(
            each.window * DAY if wide is None else wide,
            each.least if least is None else least,
            each.permille if permille is None else permille,
            most, budget, total, progress,
        )  # fmt: skip
        found[each.name] = each.find(payments, asked)
        parameters[each.name] = {
            "window": asked.window, "least": asked.least, "permille": asked.permille, "most": most,
            "budget": budget, "total": total,
        }  # fmt: skip
    return Patterns(payments, found, parameters)


def _chosen(only: str | Iterable[str] | None) -> Sequence[Pattern]:
    """The patterns of some names, in the order of the list."""
    if only is None:
        return PATTERNS
    wanted = [
        each.strip() for part in ([only] if isinstance(only, str) else only) for each in part.split(",")
    ]
    known = [each.name for each in PATTERNS]
    unknown = [each for each in wanted if each not in known]
    if unknown or not wanted:
        raise UsageError(
            Problem(
                "only",
                N_("there is no such pattern"),
                first=", ".join(unknown),
                expected=names(unknown, known),
            )
        )
    return [each for each in PATTERNS if each.name in wanted]


def _span(text: str) -> int:
    """A length of time in microseconds.

    >>> _span("20D") == 20 * DAY, _span("36h") == 36 * 3_600_000_000
    (True, True)
    """
    found = re.fullmatch(r"\s*(\d+)\s*([DdHh])\s*", text)
    if found is None:
        raise UsageError(
            Problem("window", N_("this is not a length of time"), first=text, expected="20D, 36h")
        )
    return int(found[1]) * (DAY if found[2] in "Dd" else DAY // 24)
