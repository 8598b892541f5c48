"""Signs: where a rule is told by several signs of which some are enough, each with how it came out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphflow.errors import Told
from graphflow.findings import Cited, Measure
from graphflow.language import N_


@dataclass(frozen=True)
class Sign:
    """How one sign came out.

    Attributes
    ----------
    told
        False: it cannot be told, `note` says why.
    hit
        Whether it was seen; where it rests on money that is followed, under every rule of tracing.
    measures, rows
        What was measured, and the rows that show it or are its context.
    by_rule
        By rule of tracing, whether it is seen; empty where nothing is traced.
    kind, state
        The kind of evidence, and whether it is ``shown`` or ``inferred``.
    chains
        Ways of the money.
    """

    told: bool
    hit: bool = False
    measures: tuple[Measure, ...] = ()
    rows: tuple[Cited, ...] = field(default=(), repr=False)
    note: str = ""
    by_rule: Mapping[str, bool] = field(default_factory=dict)
    kind: str = "flow"
    state: str = "shown"
    chains: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)


UNTOLD = Sign(False, note=N_("the case has no table for it"))
NOT_SO = Sign(True)


def hits(order: Sequence[str], signs: Mapping[str, Sign]) -> list[str]:
    """The signs that were seen, in their order."""
    return [name for name in order if signs[name].hit]


def open_by_rule(order: Sequence[str], signs: Mapping[str, Sign]) -> list[str]:
    """The signs that are seen under some rules of tracing and not under others: they do not count."""
    return [name for name in order if not signs[name].hit and any(signs[name].by_rule.values())]


def kinds_of(signs: Iterable[Sign]) -> dict[str, str]:
    """The kinds of evidence of some signs: inferred where any of them is."""
    found: dict[str, str] = {}
    for sign in signs:
        if found.get(sign.kind) != "inferred":
            found[sign.kind] = sign.state
    return found


def numbers(order: Sequence[str], which: Iterable[str]) -> str:
    """Signs by number.

    >>> numbers(("a", "b", "c"), ["a", "c"])
    '(1)(3)'
    """
    chosen = set(which)
    return "".join(f"({place})" for place, name in enumerate(order, 1) if name in chosen) or "—"


def said(order: Sequence[str], signs: Mapping[str, Sign]) -> Told:
    """Which signs were seen, which were looked at in vain, and which cannot be told, and why."""
    unsure = open_by_rule(order, signs)
    told = Told(
        N_("seen: {hit}; looked at and not so: {no}; cannot be told: {unknown}"),
        hit=numbers(order, hits(order, signs)),
        no=numbers(order, [n for n in order if signs[n].told and not signs[n].hit and n not in unsure]),
        unknown=numbers(order, [n for n in order if not signs[n].told]),
    )
    if unsure:
        by_rule = N_("under some rules of tracing only, and not counted: {numbers}")
        told = Told(N_("{first}; {rest}"), first=told, rest=Told(by_rule, numbers=numbers(order, unsure)))
    for name in order:
        if not signs[name].told:
            why = Told(N_("{number} {why}"), number=numbers(order, [name]), why=Told(signs[name].note))
            told = Told(N_("{first}; {rest}"), first=told, rest=why)
    return told
