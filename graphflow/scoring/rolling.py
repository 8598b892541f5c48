"""Roll-ups: what was found by region and by authority, and unlicensed payment with who carries it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Problem, UsageError
from graphflow.findings import SEVERITIES, Finding
from graphflow.language import N_
from graphflow.redlines import Check, check
from graphflow.redlines.asking import regulators
from graphflow.redlines.classes import parties_of
from graphflow.redlines.facts import Facts
from graphflow.rows import Moment
from graphflow.tables.columns import names

if TYPE_CHECKING:
    from graphflow.case import Case

WAYS: Mapping[str, str] = {
    "region_registered": N_("region of registration (注册地)"),
    "region_operating": N_("region of operation (经营地)"),
    "authority": N_("authority in charge (主管部门)"),
}
"""By what findings are put together."""


def roll_up(
    case: Case,
    as_of: Moment | None = None,
    *,
    by: str = "region_registered",
    checked: Check | None = None,
) -> pd.DataFrame:
    """What was found, put together by region or by authority.

    A finding counts once in each region of the parties that it is about, and once for each authority now in
    charge of its red line, where two that the law names apart are two; so the rows of authorities do not add
    up to all findings. A region that nobody
    states is an empty one.

    Parameters
    ----------
    case
        The case.
    as_of
        The day; None: everything that the case knows.
    by
        ``region_registered``, ``region_operating`` or ``authority``.
    checked
        The findings, where they are there already; else the red lines are asked.

    Returns
    -------
    pandas.DataFrame
        One row a region or authority and currency, the gravest first: `key`, `currency`, `parties` (about
        which anything was found), `findings`, one column a severity, and `amount`: what they concern, minor
        units, where one finding's money is not taken off another's.

    Raises
    ------
    UsageError
        A way that there is not, or no date.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl06
    >>> roll_up(rl06.amount_toy(), by="authority")["findings"].tolist()
    [1]
    """
    if by not in WAYS:
        raise UsageError(
            Problem("by", N_("there is no such way"), first=str(by), expected=names([str(by)], list(WAYS)))
        )
    c = checked if checked is not None else check(case, as_of=as_of)
    facts = c.facts
    region = _regions(facts, by) if by != "authority" else {}
    rows: list[dict[str, Any]] = []
    for f in c.findings:
        parties = parties_of(facts, f.subject_kind, f.subject_id)
        keys = (
            {zh for zh, _ in authorities(f.code)}
            if by == "authority"
            else {region.get(each, "") for each in parties} or {""}
        )
        rows += [
            {
                "key": key,
                "currency": f.currency,
                "parties": parties,
                "severity": f.severity,
                "amount": f.amount or 0,
            }
            for key in sorted(keys)
        ]
    made = []
    for (key, currency), part in pd.DataFrame(
        rows, columns=["key", "currency", "parties", "severity", "amount"]
    ).groupby(["key", "currency"], sort=True):
        counts = part["severity"].value_counts()
        made.append({
            "key": key, "currency": currency,
            "parties": len({each for parties in part["parties"] for each in parties}), "findings": len(part),
            **{severity: int(counts.get(severity, 0)) for severity in reversed(SEVERITIES)},
            "amount": sum(int(each) for each in part["amount"]),
        })  # fmt: skip
    columns = ["key", "currency", "parties", "findings", *reversed(SEVERITIES), "amount"]
    frame = pd.DataFrame(made, columns=columns)
    if not len(frame):
        return frame
    order = np.lexsort([-frame[each].to_numpy(np.int64) for each in SEVERITIES])
    return frame.iloc[order].reset_index(drop=True)


def authorities(code: str) -> list[tuple[str, str]]:
    """Who is now in charge of a red line, one by one, in Chinese and English.

    >>> authorities("RL-07")
    [('国家金融监督管理总局、地方金融管理局', 'National Financial Regulatory Administration with the local \
financial bureaus'), ('公安机关（犯罪）', 'the police where it is a crime')]
    """
    found: dict[tuple[str, str], None] = {}
    for r in regulators(code):
        if not r.until:
            zh, en = r.name_zh.split("；"), r.name_en.split("; ")
            found |= dict.fromkeys(
                zip(zh, en, strict=True) if len(zh) == len(en) else [(r.name_zh, r.name_en)]
            )
    return list(found)


def _regions(facts: Facts, column: str) -> Mapping[str, str]:
    rows = facts.rows("parties")
    return dict(zip(rows["party_id"], rows[column].fillna(""), strict=True))


def unlicensed_payment(
    case: Case, as_of: Moment | None = None, *, checked: Check | None = None
) -> pd.DataFrame:
    """Who carries payments without a licence: how much, for how many, through whom, and how many deep.

    Parameters
    ----------
    case, as_of, checked
        As in `roll_up`.

    Returns
    -------
    pandas.DataFrame
        One row a party that RL-22 or the payment signature of RL-18 names: `party_id`, `name`, `finding`,
        `currency`, `volume` (what it took in, minor units), `merchants` (how many it pays, whatever accounts
        they have; neither holders of a licence nor others of this list), `providers` (holders of a payment
        licence or banks that pay it), `depth` (how many unlicensed ones the money passes one behind the
        other, itself included).

    Raises
    ------
    UsageError
        `as_of` is no date.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl22
    >>> unlicensed_payment(rl22.toy())["depth"].tolist()
    [1]
    """
    c = checked if checked is not None else check(case, only="RL-18,RL-22", as_of=as_of)
    facts = c.facts
    named: dict[str, Finding] = {}
    for f in c.findings:
        if (
            f.code in ("RL-22", "RL-18")
            and f.subject_kind == "party"
            and any(m.name in ("payers", "forwarded") for m in f.measures)
        ):
            named.setdefault(f.subject_id, f)
    flows = facts.flows
    numbers = {facts.party_number[each]: each for each in named if each in facts.party_number}
    payer, payee = flows["payer"].to_numpy(), flows["payee"].to_numpy()
    licensed = _licensed(facts)
    # of an account whose holder nobody states, the account stands for him
    paid = np.where(payee >= 0, payee, -2 - flows["target"].to_numpy())
    no_merchants = list(licensed | set(numbers))
    below: dict[int, set[int]] = {
        n: set(payee[(payer == n) & np.isin(payee, list(numbers)) & (payee != n)].tolist()) for n in numbers
    }
    rows = []
    for n, ident in sorted(numbers.items(), key=lambda item: item[1]):
        f = named[ident]
        code = facts.currencies.index(f.currency) if f.currency in facts.currencies else -1
        mine = (flows["currency"] == code).to_numpy()
        into = mine & (payee == n) & (payer != n)
        out = mine & (payer == n) & (payee != n)
        sides = sets.unique(payer[into])
        rows.append({
            "party_id": ident, "name": facts.name_of(ident), "finding": f.id, "currency": f.currency,
            "volume": int(flows["amount"].to_numpy()[into].sum()),
            "merchants": int(sets.minus(paid[out], no_merchants).size),
            "providers": int(np.isin(sides, list(licensed)).sum()), "depth": _depth(n, below),
        })  # fmt: skip
    columns = ["party_id", "name", "finding", "currency", "volume", "merchants", "providers", "depth"]
    return pd.DataFrame(rows, columns=columns)


def _licensed(facts: Facts) -> set[int]:
    found = set(np.flatnonzero(facts.party_kind == "bank").tolist())
    if facts.has("licences"):
        rows = facts.in_force("licences")
        mine = rows[rows["function"].isin(["payment", "banking"])]["party_id"]
        found |= {facts.party_number[each] for each in mine if each in facts.party_number}
    return found


def _depth(start: int, below: Mapping[int, set[int]]) -> int:
    """The longest way down without passing anybody twice; a ring counts each of its members once."""
    best, stack = 1, [(start, frozenset({start}))]
    while stack:
        at, seen = stack.pop()
        best = max(best, len(seen))
        stack += [(each, seen | {each}) for each in below[at] if each not in seen]
    return best
