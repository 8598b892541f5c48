"""Beneficial owners: the persons whom a regime looks for behind a company, each with the ground for it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.law import law, law_on
from graphflow.ownership.controlling import Ties, controllers_of, relations_of, ties_of
from graphflow.ownership.owning import Upstream, exact_shares, paths_by_owner
from graphflow.ownership.stakes import Stakes, party_number, stakes_of
from graphflow.rows import Moment, local_time

if TYPE_CHECKING:
    from graphflow.case import Case

YES, AT, MAYBE = "yes", "at the threshold", "possible"
"""How a threshold is met: surely; within 1e-9 of it, round a ring; only if ranges turn out so."""

CLOSE = 1e-9

_SENIOR = ("legal_representative", "manager", "director")

_BASIS = {"zh": "{article}：{text}（{mark}）", "en": "{article}: {text} ({mark})"}


def regimes() -> tuple[str, ...]:
    """The regimes that there are."""
    return tuple(dict.fromkeys(row["regime"] for row in law("beneficial_owners")))


def beneficial_owners(
    case: Case,
    company: str,
    regime: str = "CN",
    as_of: Moment | None = None,
    *,
    language: str = "en",
) -> pd.DataFrame:
    """The persons whom a regime holds to own a company in the end, and what is not known of them.

    What a regime asks is data, in `graphflow.law`: shares multiplied along each chain and added over all
    (``multiply_add``), what those have together whom a person controls (``majority_chain``), control by
    other means, and where nobody is found, who manages it. A threshold is compared exactly; where a ring
    makes a share a fraction that was solved for, one within 1e-9 of it is ``at the threshold``.

    Parameters
    ----------
    company
        Id of a party, or a name that only one has.
    regime
        ``CN``, ``CN-CDD``, ``FATF``, ``EU``, ``UK`` or ``US``.
    as_of
        The date, of the stakes and of the law; None means the last moment of which the case knows anything,
        and the law as it was last.
    language
        Of `basis`: ``en`` or ``zh``.

    Returns
    -------
    pandas.DataFrame
        One row a person and ground: `party_id`, `kind`, `axis` (``share``, ``votes``, ``control``,
        ``senior``), `mode`, `value`, `threshold`, `met` (``yes``, ``at the threshold``, ``possible``),
        `basis` (article and wording, with how far it was checked), `paths`. The last row, of the axis
        ``unknown``, is what nobody is known to own; and how much ends at companies without known owners.

    Raises
    ------
    UsageError
        For a regime that there is not, or was not yet in force.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> beneficial_owners(holders.o8(), "T", "EU")[["party_id", "mode", "value"]].dropna().values.tolist()
    [['P', 'majority_chain', 0.3], ['P', 'majority_chain', 0.3]]
    >>> beneficial_owners(holders.o8(), "T", "CN")["axis"].tolist()        # 0.51 * 0.30 is 15.3 %
    ['unknown']
    """
    stakes = stakes_of(case, as_of)
    rows = rules_of(regime, stakes, as_of)
    number = party_number(stakes, company, "company")
    ties = ties_of(stakes)
    up = Upstream.of(stakes, number)
    found: list[dict[str, Any]] = []
    for rule in rows:
        if rule["mode"] != "senior":
            found += _MODES[rule["mode"]](rule, up, ties, number)
    if not found:
        for rule in rows:
            if rule["mode"] == "senior":
                found += _senior(rule, up, ties, number)
    for row in found:
        rule = row.pop("rule")
        row |= {
            "kind": str(stakes.kinds[row["number"]]), "party_id": stakes.name(row.pop("number")),
            "axis": rule["axis"], "mode": rule["mode"],
            "threshold": float(rule["threshold"]) if rule["threshold"] else np.nan,
            "basis": _basis(rule, language),
        }  # fmt: skip
    columns = ["party_id", "kind", "axis", "mode", "value", "threshold", "met", "basis", "paths"]
    frame = pd.DataFrame(found + _unknown(up), columns=columns)
    return frame.astype({"party_id": "str", "kind": "str", "axis": "str", "met": "str", "basis": "str"})


def _basis(rule: Mapping[str, str], language: str) -> str:
    return _BASIS[language].format(article=rule["article"], text=rule[f"text_{language}"], mark=rule["mark"])


def rules_of(regime: str, stakes: Stakes, as_of: Moment | None) -> list[Mapping[str, str]]:
    """The rows of a regime that were in force; an error where there is no such regime, or was none yet."""
    rows = [row for row in law("beneficial_owners") if row["regime"] == regime]
    if not rows:
        raise UsageError(
            Problem("regime", N_("there is no regime {name}"), {"name": regime}, regime, ", ".join(regimes()))
        )
    day = None if as_of is None else local_time(stakes.at, stakes.tables.timezone).date()
    in_force = law_on("beneficial_owners", day)
    held = [row for row in in_force if row["regime"] == regime]
    if not held:
        since = min(row["since"] for row in rows)
        raise UsageError(
            Problem(
                "regime",
                N_("{name} was not in force on {day}: it holds from {since} on"),
                {"name": regime, "day": str(day), "since": since},
                regime,
                ", ".join(dict.fromkeys(row["regime"] for row in in_force)),
            )
        )
    return held


def _persons(stakes: Stakes, numbers: Any) -> list[int]:
    return [place for place, number in enumerate(numbers) if stakes.kinds[number] == "person"]


def _meets(value: Fraction | float, threshold: Fraction, inclusive: bool) -> str | None:
    """Whether a value reaches a threshold: exactly for a fraction, to 1e-9 for what was solved for."""
    if isinstance(value, Fraction):
        return YES if value > threshold or (inclusive and value == threshold) else None
    if abs(value - float(threshold)) <= CLOSE:
        return AT
    return YES if value > float(threshold) else None


def _multiplied(rule: Mapping[str, str], up: Upstream, ties: Ties, company: int) -> list[dict[str, Any]]:
    axis, threshold, inclusive = rule["axis"], Fraction(rule["threshold"]), rule["inclusive"] == "true"
    least = up.integrated(axis)[0]
    places = [place for place in _persons(up.all, up.parties) if place]
    exact_axis = up.is_exact(axis)
    paths = paths_by_owner(up, axis)
    found = []
    for place in places:
        value: Fraction | float = float(least[place])
        if not up.has_rings and abs(value - float(threshold)) <= CLOSE:
            value = exact_shares(up, axis, [place])[0]
        met = _meets(value, threshold, inclusive)
        if met is None and not exact_axis:
            wanted = np.zeros(up.parties.size, np.bool_)
            wanted[place] = True
            if _meets(float(up.most(axis, wanted)[0]), threshold, inclusive):
                met = MAYBE
        if met:
            found.append({
                "rule": rule, "number": int(up.parties[place]), "value": float(least[place]), "met": met,
                "paths": tuple(path for _, path in paths.get(place, [])),
            })  # fmt: skip
    return sorted(found, key=lambda row: -row["value"])


def _through_controlled(
    rule: Mapping[str, str], up: Upstream, ties: Ties, company: int
) -> list[dict[str, Any]]:
    """What a person and everybody under its control have in the company directly, together."""
    stakes, axis = up.all, rule["axis"]
    threshold, inclusive = Fraction(rule["threshold"]), rule["inclusive"] == "true"
    first = slice(int(up.pointer[0]), int(up.pointer[1]))
    whole = int(up.whole(axis)[0])
    holders = up.parties[up.owners[first]]
    found = []
    for place in _persons(stakes, up.parties):
        person = int(up.parties[place])
        for possible in (False, True):
            inside = set(ties.under([person], possible=possible)[0].tolist())
            parts = up.column(axis, "most" if possible else "least")[first]
            total = sum(
                int(part) for part, holder in zip(parts, holders.tolist(), strict=True) if holder in inside
            )
            if _meets(Fraction(total, whole), threshold, inclusive):
                by = dict.fromkeys(holder for holder in holders.tolist() if holder in inside)
                ways = [dict.fromkeys((person, holder, company)) for holder in by]
                found.append({
                    "rule": rule, "number": person, "value": total / whole, "met": MAYBE if possible else YES,
                    "paths": tuple(tuple(stakes.name(each) for each in way) for way in ways),
                })  # fmt: skip
                break
    return sorted(found, key=lambda row: -row["value"])


def _controlling(rule: Mapping[str, str], up: Upstream, ties: Ties, company: int) -> list[dict[str, Any]]:
    stakes = up.all
    return [
        {"rule": rule, "number": above, "value": np.nan, "met": YES if certain else MAYBE, "paths": ()}
        for above, certain in sorted(controllers_of(ties, company).items())
        if stakes.kinds[above] == "person"
    ]


def _senior(rule: Mapping[str, str], up: Upstream, ties: Ties, company: int) -> list[dict[str, Any]]:
    one, other, kinds = relations_of(up.all, _SENIOR)
    found: dict[int, str] = {}
    for party, over, kind in zip(one.tolist(), other.tolist(), kinds, strict=True):
        if over == company and up.all.kinds[party] == "person":
            found.setdefault(party, kind)
    return [
        {"rule": rule, "number": party, "value": np.nan, "met": YES, "paths": ((kind,),)}
        for party, kind in sorted(found.items())
    ]


_MODES = {"multiply_add": _multiplied, "majority_chain": _through_controlled, "control": _controlling}


def _unknown(up: Upstream) -> list[dict[str, Any]]:
    """What nobody is known to own, and what ends at companies of which no owner is known."""
    passes, lost, _ = up.integrated("share")
    nobody = float(np.maximum(lost, 0).sum()) if up.pointer[1] > up.pointer[0] else 1.0
    rows = []
    if nobody > 0:
        rows.append({"axis": "unknown", "value": nobody, "paths": ()})
    kinds = up.all.kinds[up.parties]
    ends = up.ends() & ~np.isin(kinds.astype(str), ("person", "government"))
    ends[0] = False
    if ends.any() and passes[ends].sum() > 0:
        rows.append({"axis": "unowned", "value": float(passes[ends].sum()),
                     "paths": tuple((up.all.name(each),) for each in up.parties[ends])})  # fmt: skip
    return rows
