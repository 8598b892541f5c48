"""The question: given some money, where did it go, and how much of it is where?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.rows import Moment, moment
from graphflow.tracing.chains import Limits
from graphflow.tracing.excerpt import settled
from graphflow.tracing.holders import VIEWS
from graphflow.tracing.orders import asked_rows
from graphflow.tracing.references import Reference, resolve
from graphflow.tracing.result import Trace
from graphflow.tracing.rules import RULES, Rule, rule_named
from graphflow.tracing.seeds import ends_of_case, find_seeds, minor
from graphflow.tracing.walk import View, follow

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.tracing.excerpt import Excerpt

Ints = NDArray[np.int64]

MOST = 2**62

OVERDRAFTS = ("lender", "coordinated")
"""Whose the money is that repays an overdraft."""


@dataclass(frozen=True)
class Question:
    """What is asked, checked: it can be asked of another ledger too, with the same references."""

    references: tuple[Reference, ...]
    rule: Rule
    backward: bool = False
    currency: str | None = None
    since: Moment | None = None
    until: Moment | None = None
    max_hops: int | None = None
    min_amount: str | Decimal | int = 0
    by: str = "account"
    overdraft: str = "lender"
    cash_gaps: bool = False


def trace(
    case: Case,
    references: str | Iterable[str],
    *,
    rule: str = "fifo",
    backward: bool = False,
    currency: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    max_hops: int | None = None,
    min_amount: str | Decimal | int = 0,
    by: str = "account",
    overdraft: str = "lender",
    cash_gaps: bool = False,
) -> Trace:
    """Follow money to its ends, exactly, in time order, under a named rule.

    A seed transfer's money is first in the account that it was paid into (backward: in the one that paid it);
    the rule says with which later payments it leaves. Amounts are whole minor units throughout, and the
    ends add up to the seed.

    Parameters
    ----------
    case
        The case.
    references
        What to trace: ``transfer:ID``, ``account:ID`` (what it paid out, backward what it received),
        ``balance:ID@TIME``, ``party:ID``, ``product:ID``, ``loan:ID``, each with ``=AMOUNT`` for a part;
        several join by commas, ``@FILE`` has one a line.
    rule
        ``"fifo"``, ``"lifo"``, ``"prorata"``, ``"libr"`` or ``"poison"``.
    backward
        Ask where the money came from. ``libr`` says nothing about that.
    currency
        The seed's, where the references meet several.
    since, until
        The period that chooses seeds, inclusive; a bare date is its whole local day. Forward `until` closes
        the period, backward `since` does.
    max_hops
        Keep chains of at most so many transfers after the seed; what would go on ends as ``horizon``.
    min_amount
        Keep chains along which at least so much flows: major units as text or Decimal, an int is minor units.
        Not under ``poison``, which has no chains; its `max_hops` counts along the shortest path.
    by
        ``"account"``, or ``"party"``: transfers between accounts of one party carry no hop and are left out
        of chains, and ends are summed by party. How money is shared out is the same, and so are the totals.
    overdraft
        What repays an overdraft is the lender's (``"lender"``); or, where payments are shown to have been
        coordinated with the money that covered them later, it goes on as the payment that the overdraft made
        (``"coordinated"``, first in first out only): earlier in time, the oldest overdraft first. A negative
        opening, the oldest of all, stays the lender's.
    cash_gaps
        Join a withdrawal in cash and the later deposit of the same local day and currency that is nine tenths
        to all of it, by the same party or its agent: an inference, listed in `assumptions`.

    Returns
    -------
    Trace

    Raises
    ------
    UsageError
        All problems of the question at once: unknown references, several currencies, nothing in the period,
        less money than was asked. Coordinated: accounts that overdraw for one another hand the same money
        round millions of times, a unit further on each time.

    Notes
    -----
    First in, first out: Clayton's Case (1816) 1 Mer 572. Pro rata: 法释〔2014〕13号 art. 10.

    Examples
    --------
    >>> from graphflow.synthesis import toys
    >>> t = trace(toys.t1(), "transfer:a")
    >>> t.seed, int(t.ends["seed_amount"].sum())
    (30000, 30000)
    """
    chosen = rule_named(rule)
    if max_hops is not None and (
        isinstance(max_hops, bool) or not isinstance(max_hops, (int, np.integer)) or max_hops < 0
    ):
        raise UsageError(
            Problem("max_hops", N_("a number of transfers is not negative"), {}, str(max_hops), "0, 1, 2, …")
        )
    if not isinstance(backward, bool):
        raise UsageError(Problem("backward", N_("it is true or false"), {}, repr(backward), "True, False"))
    if backward and not chosen.backward:
        raise UsageError(
            Problem(
                "rule",
                N_(
                    "{rule} is not defined backward: which money is an account's own depends on what is "
                    "traced into it, so it says where money goes and not whose money came"
                ),
                {"rule": chosen.name},
                chosen.name,
                ", ".join(rule.name for rule in RULES if rule.backward),
            )
        )
    if not hasattr(case, "ledger"):
        raise UsageError(
            Problem("case", N_("this is not a case"), {}, type(case).__name__, "open_case, Case.from_tables")
        )
    _refuse_unknown("by", by, VIEWS)
    _refuse_unknown("overdraft", overdraft, OVERDRAFTS)
    if overdraft == "coordinated" and chosen.name != "fifo":
        raise UsageError(
            Problem(
                "overdraft",
                N_("overdrafts are coordinated first in, first out only, and not under {rule}"),
                {"rule": chosen.name},
                overdraft,
                N_("the rule fifo; or lender"),
            )
        )
    zone = case.ledger.timezone
    if since is not None and until is not None and moment(since, zone)[0] > moment(until, zone)[1]:
        raise UsageError(Problem("since", N_("begins after the period ends"), {}, f"{since} > {until}"))
    named = tuple(resolve(case, references))
    question = Question(named, chosen, backward, currency, since, until, max_hops, min_amount, by, overdraft)
    return over_gaps(case, replace(question, cash_gaps=True)) if cash_gaps else ask(case, question)


def over_gaps(case: Case, question: Question) -> Trace:
    """Ask a question of a case in which cash that was withdrawn is what was paid in again.

    Only the accounts that the money is in are looked at, and those behind the gaps that it comes to.
    """
    span = ends_of_case(case.ledger)
    before = ask(case, replace(question, cash_gaps=False))
    held = [case.ledger.account(x.id) for x in question.references if x.kind == "balance"]
    start = np.concatenate((before._walked, np.array(held, np.int64)))

    def again(excerpt: Excerpt) -> tuple[Trace, Ints]:
        found = ask(excerpt.case(), question, span, excerpt)
        return found, found._walked

    answer: Trace = settled(case, start, asked_rows(case, question), again, over_gaps=True)
    return answer


def _refuse_unknown(where: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(
            Problem(
                where,
                N_("there is no such choice: {value}"),
                {"value": str(value)},
                repr(value),
                ", ".join(known),
            )
        )


def ask(
    case: Case,
    question: Question,
    span: tuple[int, int] | None = None,
    excerpt: Excerpt | None = None,
) -> Trace:
    """Ask a question of a case; ``span`` is when the whole case begins and ends, where this is a part of it,
    made of ``excerpt``.
    """
    backward, least = question.backward, question.min_amount
    seeds = find_seeds(
        case,
        question.references,
        backward=backward,
        currency=question.currency,
        since=question.since,
        until=question.until,
        span=span,
    )
    ledger = case.ledger
    digits = ledger.minor_units[ledger.currencies[seeds.currency]]
    # no chain is longer, nor any amount greater, than 64 bits count
    hops = -1 if question.max_hops is None else min(int(question.max_hops), MOST)
    limits = Limits(hops, min(minor(least, digits, "min_amount"), MOST))
    if limits.least > 0 and not question.rule.attributes:
        raise UsageError(
            Problem(
                "min_amount",
                N_(
                    "poison attributes no amount to any way that money goes: there is nothing to compare with"
                ),
                {},
                str(least),
                N_("max_hops; or another rule"),
            )
        )
    view = View(backward, question.by == "party", question.overdraft == "coordinated")
    flow, chains = follow(ledger, seeds, question.rule.name, view, limits)
    parameters = {
        "references": ",".join(reference.text for reference in question.references),
        "rule": question.rule.name,
        "backward": backward,
        "currency": question.currency,
        "since": None if question.since is None else str(question.since),
        "until": None if question.until is None else str(question.until),
        "max_hops": question.max_hops,
        "min_amount": limits.least,
        "by": question.by,
        "overdraft": question.overdraft,
        "cash_gaps": question.cash_gaps,
    }
    return Trace(case, question, seeds, flow, chains, parameters, excerpt)
