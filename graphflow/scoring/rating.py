"""One score a subject, out of what was found about it: every figure can be worked out again by hand.

``score = 1 − Π (1 − weight × strength × confidence)`` over independent kinds of evidence: of each kind only
what weighs most counts, since two findings on the same flows are not two proofs. Weights and the rest are
rows of ``parameters.csv``, with a version; all of them are rules of thumb of ours, none is law.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow.errors import InputError, Problem
from graphflow.findings import Finding
from graphflow.language import N_
from graphflow.redlines import Check, check
from graphflow.redlines.classes import classify, parties_of
from graphflow.redlines.facts import Facts
from graphflow.rows import Moment
from graphflow.tables.columns import names

if TYPE_CHECKING:
    from graphflow.case import Case

DIGITS = 6
"""Decimals of a score."""

TOP = 1_000
"""Patterns of each kind that count for scores, the most unusual first; how many there are is told."""

SUBJECTS: Mapping[str, tuple[str, str]] = {
    "party": ("parties", "party_id"), "account": ("accounts", "account_id"),
    "product": ("products", "product_id"),
}  # fmt: skip
"""Who and what has a score, and the table that names it."""


LEVELS: Mapping[str, str] = {
    "high": N_("high risk (高风险)"),
    "raised": N_("raised risk (较高风险)"),
    "watch": N_("to be watched (关注)"),
}
"""What the levels of scores are called, the highest first."""


# ---------------------------------------------------------------- parameters


@dataclass(frozen=True)
class Parameters:
    """What a score is made with.

    Attributes
    ----------
    version
        Of the rows of ours; with a file of one's own, that and the file's name.
    weight, strength, confidence, level
        By red line, severity, state of evidence, and name of a level: exact.
    """

    version: str
    weight: Mapping[str, Fraction]
    strength: Mapping[str, Fraction]
    confidence: Mapping[str, Fraction]
    level: Mapping[str, Fraction]


KINDS = ("weight", "strength", "confidence", "level")


@functools.cache
def _ours() -> tuple[Mapping[str, str], ...]:
    text = files("graphflow.scoring").joinpath("parameters.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(io.StringIO(text, newline="")))


def read_parameters(path: str | Path | None = None) -> Parameters:
    """The parameters of scores: ours, with those of a file in their place.

    Parameters
    ----------
    path
        CSV with the columns `kind`, `name` and `value`; None: ours.

    Returns
    -------
    Parameters

    Raises
    ------
    InputError
        For a file that cannot be read; all its problems at once.

    Examples
    --------
    >>> read_parameters().weight["RL-07"], read_parameters().strength["medium"]
    (Fraction(9, 10), Fraction(1, 2))
    """
    rows = {(row["kind"], row["name"]): row["value"] for row in _ours()}
    values = {key: Fraction(value) for key, value in rows.items() if key[0] in KINDS}
    version = rows["version", "version"]
    if path is not None:
        values |= _read(Path(path), values)
        version = f"{version}+{Path(path).name}"
    made = {kind: {name: value for (k, name), value in values.items() if k == kind} for kind in KINDS}
    return Parameters(version, **made)


def _read(path: Path, known: Mapping[tuple[str, str], Fraction]) -> dict[tuple[str, str], Fraction]:
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            Problem(
                str(path), N_("cannot be read: {reason}"),
                {"reason": getattr(error, "strerror", None) or type(error).__name__},
                expected=N_("CSV with the columns kind, name and value"),
            )
        ) from None  # fmt: skip
    problems, found = [], {}
    if not rows or not {"kind", "name", "value"} <= set(rows[0]):
        what = N_("has no rows with the columns kind, name and value")
        problems.append(Problem(str(path), what, expected="weight,RL-01,0.5"))
        rows = []
    for number, row in enumerate(rows, 2):
        key = (row["kind"], row["name"])
        where = f"{path}:{number}"
        if key not in known:
            all_of = [name for kind, name in known if kind == row["kind"]] or list(KINDS)
            problems.append(
                Problem(where, N_("there is no such parameter"), first=" ".join(map(str, key)),
                        expected=names([str(row["name"])], all_of))
            )  # fmt: skip
            continue
        try:
            value = Fraction(row["value"])
        except (ValueError, TypeError, ZeroDivisionError):
            value = Fraction(-1)
        if not 0 <= value <= 1:
            what = N_("this is not a part of one")
            problems.append(Problem(where, what, first=str(row["value"]), expected="0 – 1"))
        found[key] = value
    if problems:
        raise InputError(*problems)
    return found


# ---------------------------------------------------------------- leads


@dataclass(frozen=True)
class Lead:
    """What speaks against somebody, as far as a score needs it.

    Attributes
    ----------
    id, code
        Of the finding, and of its red line.
    subjects
        Whom it is about: itself, and the holder of the account, the manager of the product, the platform of
        the loan.
    severity
        A row of `strength`.
    kinds
        By kind of evidence, whether it is shown or inferred.
    """

    id: str
    code: str
    subjects: tuple[tuple[str, str], ...]
    severity: str
    kinds: Mapping[str, str] = field(hash=False)


def leads_of(findings: Iterable[Finding], facts: Facts) -> list[Lead]:
    """The findings as leads."""
    return [
        Lead(f.id, f.code, subjects_of(f.subject_kind, f.subject_id, facts), f.severity, f.kinds)
        for f in findings
    ]


def subjects_of(kind: str, ident: str, facts: Facts) -> tuple[tuple[str, str], ...]:
    """Whom a finding about something is about."""
    own = [(kind, ident)] if kind in SUBJECTS else []
    return tuple(dict.fromkeys([*own, *(("party", each) for each in parties_of(facts, kind, ident))]))


def pattern_leads(rows: Iterable[Mapping[str, Any]], facts: Facts) -> Iterator[Lead]:
    """Patterns as leads. A pattern is no finding: it is to be watched, and inferred from flows alone."""
    for row in rows:
        made = hashlib.sha256("\n".join(sorted(row["transfers"])).encode()).hexdigest()[:12]
        subjects: dict[tuple[str, str], None] = {}
        for account in row["accounts"]:
            subjects |= dict.fromkeys(subjects_of("account", account, facts))
        yield Lead(f"{row['kind']}-{made}", row["kind"], tuple(subjects), "watch", {"flow": "inferred"})


@dataclass(frozen=True)
class Part:
    """What one finding gives a score by one kind of evidence.

    Attributes
    ----------
    evidence
        The kind of evidence.
    finding, code
        Its id, and that of its red line.
    weight, strength, confidence, value
        The three, and their product; exact.
    counts
        Whether it is the one of its kind that weighs most, and so the one that counts.
    decision
        ``confirm`` or ``dismiss`` where a person has decided; what was dismissed does not count.
    """

    evidence: str
    finding: str
    code: str
    weight: Fraction
    strength: Fraction
    confidence: Fraction
    value: Fraction
    counts: bool
    decision: str

    def as_dict(self) -> dict[str, Any]:
        """The part as JSON has it, every number as exact decimal text."""
        told = {name: decimal(getattr(self, name)) for name in ("weight", "strength", "confidence", "value")}
        return {
            "evidence": self.evidence, "finding": self.finding, "code": self.code, **told,
            "counts": self.counts, "decision": self.decision,
        }  # fmt: skip


@functools.lru_cache(maxsize=4096)
def decimal(value: Fraction) -> str:
    """An exact decimal, as far as it has one; else twelve digits.

    >>> decimal(Fraction(28, 100)), decimal(Fraction(1)), decimal(Fraction(1, 3))
    ('0.28', '1', '0.333333333333')
    """
    scaled = value * 10**12
    text = f"{round(scaled):013d}"
    whole, part = text[:-12], text[-12:].rstrip("0")
    return f"{whole}.{part}" if part else whole


def parts_of(leads: Sequence[Lead], p: Parameters, decisions: Mapping[str, str]) -> tuple[Part, ...]:
    """The parts of a subject's score, by kind of evidence, the weightiest of each first."""
    found = []
    for lead in leads:
        decision = decisions.get(lead.id, "")
        weight, strength = p.weight.get(lead.code, Fraction(0)), p.strength[lead.severity]
        for kind, state in lead.kinds.items():
            sure = p.confidence["confirmed" if decision == "confirm" else state]
            value = Fraction(0) if decision == "dismiss" else weight * strength * sure
            found.append(Part(kind, lead.id, lead.code, weight, strength, sure, value, False, decision))
    found.sort(key=lambda part: (part.evidence, -part.value, part.finding, part.code, part.strength))
    made = []
    last = None
    for part in found:
        first = part.evidence != last and part.value > 0
        last = part.evidence
        made.append(replace(part, counts=first))
    return tuple(made)


def score_of(parts: Iterable[Part]) -> Fraction:
    """``1 − Π (1 − value)`` over the parts that count.

    Examples
    --------
    >>> half = Part("flow", "f", "RL-01", Fraction(1), Fraction(1, 2), Fraction(1), Fraction(1, 2), True, "")
    >>> score_of([half, half])
    Fraction(3, 4)
    """
    left = Fraction(1)
    for part in parts:
        if part.counts:
            left *= 1 - part.value
    return 1 - left


# ---------------------------------------------------------------- scores


def score(
    case: Case,
    as_of: Moment | None = None,
    *,
    checked: Check | None = None,
    parameters: str | Path | Parameters | None = None,
) -> pd.DataFrame:
    """Score every party, account and product: from 0 (nothing found) towards 1.

    A finding about an account counts for its holder too, one about a product for who manages it, one about a
    loan for its platform. A finding that a person dismissed counts nothing until its evidence changes, and
    one that a person confirmed counts in full. 0 means that nothing was found in what is here.

    Parameters
    ----------
    case
        The case; the decisions in its action log count.
    as_of
        The day; None: everything that the case knows.
    checked
        The findings, where they are there already; else the red lines are asked.
    parameters
        A CSV file with `kind`, `name`, `value` in the place of ours; see `read_parameters`.

    Returns
    -------
    pandas.DataFrame
        One row a subject, the highest first: `subject_kind` (party, account, product), `subject_id`, `name`,
        `score`, `level` (``high``, ``raised``, ``watch`` or empty), `class` (of the six, parties only),
        `findings` (how many speak of it), `parts` (tuple of dicts: evidence, finding, code, weight, strength,
        confidence, value, counts, decision), from which the score can be worked out.

    Raises
    ------
    UsageError
        `as_of` is no date.
    InputError
        A file of parameters that cannot be read.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl06
    >>> score(rl06.amount_toy())[["subject_kind", "subject_id", "score"]].head(1).values.tolist()
    [['party', 'COMPANY', 0.175]]
    """
    from graphflow.scoring.deciding import verdicts

    p = parameters if isinstance(parameters, Parameters) else read_parameters(parameters)
    c = checked if checked is not None else check(case, as_of=as_of)
    classes = classify(case, as_of, checked=c)
    return scores(c.facts, leads_of(c.findings, c.facts), classes, p, verdicts(case))


def scores(
    facts: Facts,
    leads: Sequence[Lead],
    classes: pd.DataFrame,
    p: Parameters,
    decisions: Mapping[str, str],
) -> pd.DataFrame:
    """The frame of `score`, of leads that are there already."""
    about: dict[tuple[str, str], list[Lead]] = {}
    for lead in leads:
        for subject in lead.subjects:
            about.setdefault(subject, []).append(lead)
    ids = {"party": facts.party_ids, "account": facts.account_ids, "product": _products(facts)}
    frames = []
    for kind, known in ids.items():
        strangers = sorted({ident for k, ident in about if k == kind} - set(known.tolist()))
        every = np.concatenate([known, np.array(strangers, object)])
        frame = pd.DataFrame({"subject_kind": kind, "subject_id": every})
        frame["name"] = _names(facts, kind, every)
        value, count = np.zeros(every.size), np.zeros(every.size, np.int64)
        level, told = np.full(every.size, "", object), np.empty(every.size, object)
        told[:] = [()] * every.size
        place = {ident: number for number, ident in enumerate(every.tolist())}
        for (k, ident), mine in about.items():
            if k != kind:
                continue
            parts = parts_of(mine, p, decisions)
            exact = score_of(parts)
            at = place[ident]
            value[at], count[at] = float(round(exact, DIGITS)), len(mine)
            level[at] = level_of(exact, p)
            told[at] = tuple(part.as_dict() for part in parts)
        frame["score"], frame["level"] = value, level
        frame["class"] = (
            frame["subject_id"].map(classes.set_index("party_id")["six"]) if kind == "party" else None
        )
        frame["findings"], frame["parts"] = count, told
        frames.append(frame)
    whole = pd.concat(frames, ignore_index=True)
    order = np.lexsort((np.arange(len(whole)), -whole["score"].to_numpy()))
    return whole.iloc[order].reset_index(drop=True)


def level_of(value: Fraction, p: Parameters) -> str:
    """The highest level that a score reaches; empty below all.

    >>> level_of(Fraction(6, 10), read_parameters())
    'raised'
    """
    reached = [(least, name) for name, least in p.level.items() if value >= least]
    return max(reached)[1] if reached else ""


def _products(facts: Facts) -> Any:
    rows = facts.rows("products") if facts.has("products") else None
    return np.array([] if rows is None else rows["product_id"].tolist(), object)


def _names(facts: Facts, kind: str, ids: Any) -> Any:
    if kind == "party":
        names_ = np.full(ids.size, "", object)
        names_[: facts.party_name.size] = facts.party_name
        return names_
    if kind == "account":
        names_ = np.full(ids.size, "", object)
        held = facts.account_party
        known = np.flatnonzero(held >= 0)
        names_[known] = facts.party_name[held[known]]
        return names_
    if not facts.has("products.name"):
        return np.full(ids.size, "", object)
    rows = facts.rows("products").drop_duplicates("product_id").set_index("product_id")["name"]
    return rows.reindex(ids).fillna("").to_numpy(object)
