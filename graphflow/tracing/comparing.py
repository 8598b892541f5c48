"""The same question under every rule, side by side, with the envelope of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.tracing.envelope import IN_TIME, is_end
from graphflow.tracing.question import trace
from graphflow.tracing.rules import RULES, rule_named

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.tracing.result import Trace

END = ("kind", "account_id", "party_id", "currency")


def compare_rules(
    case: Case,
    references: str | Iterable[str],
    *,
    rules: Iterable[str] | None = None,
    envelope: bool = True,
    budget: int | None = None,
    **asked: Any,
) -> pd.DataFrame:
    """Ask one question under every rule: one row an end, one column a rule, and the envelope beside them.

    What a rule cannot answer (``libr`` backward, a limit under ``poison``) is an empty column, and
    ``frame.attrs["errors"]`` says why. A figure that stands between `least` and `greatest` is one choice
    among all that conserve money in time order; what is at least `least` holds under every one of them.

    Parameters
    ----------
    case, references
        As in :func:`trace`.
    rules
        Names of rules; None: all of them.
    envelope
        Whether the least and the greatest are computed, for every end that any of the rules has.
    budget
        As in :meth:`Trace.envelope`.
    **asked
        Everything else that :func:`trace` takes.

    Returns
    -------
    pandas.DataFrame
        ``kind``, ``account_id``, ``party_id``, ``currency``; for each rule what of the seed is there, in
        minor units of the seed's currency (``poison``, which attributes nothing: what was touched there, in
        the end's own); ``least``, ``greatest`` and ``exact``. The greatest under any rule first.

    Raises
    ------
    UsageError
        Where no rule has an answer: that of the first.

    Notes
    -----
    No rule is right by itself: which one a court or an auditor asks for depends on the law and on who claims
    (the manual's page on tracing). A conclusion that rests on one rule alone should say so.

    Examples
    --------
    >>> from graphflow.synthesis import toys
    >>> found = compare_rules(toys.t1(), "transfer:a,transfer:c", rules=["fifo", "prorata"])
    >>> found[["account_id", "fifo", "prorata", "least", "greatest"]].values.tolist()
    [['Y', 15000, 18333, 0, 30000], ['X', 15000, 12500, 0, 25000], ['M', 10000, 9167, 0, 15000]]
    """
    names = [rule.name for rule in RULES] if rules is None else [rule_named(name).name for name in rules]
    if not names:
        raise UsageError(Problem("rules", N_("no rule is named"), {}, "", ", ".join(r.name for r in RULES)))
    found, errors = ask_all(case, references, names, **asked)
    return set_beside(found, errors, names, envelope=envelope, budget=budget)


def ask_all(
    case: Case, references: str | Iterable[str], names: Iterable[str], **asked: Any
) -> tuple[dict[str, Trace], dict[str, UsageError]]:
    """The answers of rules to one question, by name, and why others have none; an error where none has."""
    found: dict[str, Trace] = {}
    errors: dict[str, UsageError] = {}
    for name in names:
        try:
            found[name] = trace(case, references, rule=name, **asked)
        except UsageError as error:
            errors[name] = error
    if not found:
        raise next(iter(errors.values()))
    return found, errors


def set_beside(
    found: Mapping[str, Trace],
    errors: Mapping[str, UsageError],
    names: Sequence[str],
    *,
    envelope: bool = True,
    budget: int | None = None,
) -> pd.DataFrame:
    """The frame of :func:`compare_rules`, of answers that there are."""
    frame = pd.DataFrame(columns=list(END))
    for name, answer in found.items():
        amount = "seed_amount" if answer.attributes else "amount"
        ends = answer.ends[[*END, amount]].rename(columns={amount: name})
        frame = ends if frame.empty else frame.merge(ends, on=list(END), how="outer")
    for name in names:
        if name in found:
            frame[name] = frame[name].fillna(0).astype("int64")
        else:
            frame[name] = pd.array([None] * len(frame), "Int64")
    frame = frame[[*END, *names]]
    frame = frame[(frame[list(found)] != 0).any(axis=1)]
    if envelope:
        frame = _with_envelope(frame, next(iter(found.values())), budget)
    figures = [name for name in names if name in found and found[name].attributes] or list(found)
    columns = [frame[name].to_numpy() for name in figures]
    most = np.max(columns, axis=0)
    order = np.lexsort((np.arange(len(frame)), *(-column for column in reversed(columns)), -most))
    frame = frame.iloc[order].reset_index(drop=True)
    frame.attrs["errors"] = {name: str(error) for name, error in errors.items()}
    frame.attrs["seed"], frame.attrs["currency"] = (
        next(iter(found.values())).seed, next(iter(found.values())).currency,
    )  # fmt: skip
    return frame


def _with_envelope(frame: pd.DataFrame, answer: Trace, budget: int | None) -> pd.DataFrame:
    """The least and the greatest of each end, whichever rule has it; none where there is no such end."""
    if answer.parameters["overdraft"] != "lender":
        nothing = {name: pd.array([None] * len(frame), "Int64") for name in ("least", "greatest")}
        frame = frame.assign(**nothing, exact=pd.array([None] * len(frame), "boolean"))
        frame.attrs["reasons"] = [IN_TIME]
        return frame
    whose = frame["account_id"].where(frame["account_id"].notna(), frame["party_id"])
    ends = list(zip(frame["kind"], whose, frame["currency"], strict=True))
    told = [i for i, end in enumerate(ends) if is_end(answer, end)]
    place = np.full(len(frame), -1)
    place[told] = np.arange(len(told))
    found = answer.envelope([[ends[i]] for i in told] if told else None, budget=budget)
    kinds = {"least": "Int64", "greatest": "Int64", "exact": "boolean"}
    bounds = found[list(kinds)].astype(kinds).reindex(place)
    frame = frame.assign(**{name: bounds[name].array for name in kinds})
    frame.attrs["reasons"] = found.attrs["reasons"]
    return frame
