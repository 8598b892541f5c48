"""Findings: what a red line says of somebody, as a lead, with the rows that show it and the article of law.

A finding is never a determination. It keeps apart how bad the thing would be (severity) and how well it is
shown (confidence), says of each element of the rule whether it is shown, inferred or cannot be told, and what
speaks against it. Texts are kept as messages (`graphflow.errors.Told`) and said in the reader's language.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphflow import sets
from graphflow.errors import LONGEST_SHOWN, GraphflowError, Problem, Told
from graphflow.language import N_, translate
from graphflow.pictures.words import amount_text
from graphflow.tables import SCHEMA, Tables
from graphflow.tables.currencies import major
from graphflow.tables.schema import PROVENANCE

SEVERITIES = ("watch", "medium", "high", "critical")
"""From what is only to be watched to a suspected crime; `critical` never rests on one kind of evidence."""

KINDS = ("flow", "ownership", "contract", "register", "statement")
"""Independent kinds of evidence."""

STATES = ("shown", "inferred", "unknown")
"""How an element of a rule stands: shown by rows, inferred from them, or cannot be told."""

OUTCOMES = ("clear", "present", "unknown")
"""How what could speak against a finding came out: it does not apply, it does, or cannot be told."""

COMPARE: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
"""How a measured value has to stand to its threshold."""

SHOWN_ROWS = 20
"""Rows of its evidence that a finding shows in a notebook; the rest is counted."""

EVIDENCE = ("table", "key", "sha256", "source_file", "source_sheet", "source_row", "shows")
"""Columns of a finding's evidence."""

SEVERITY_NAMES: Mapping[str, str] = {
    "watch": N_("to be watched (关注)"),
    "medium": N_("medium (中)"),
    "high": N_("high (高)"),
    "critical": N_("critical (重大)"),
}
KIND_NAMES: Mapping[str, str] = {
    "flow": N_("flows"),
    "ownership": N_("ownership"),
    "contract": N_("contracts"),
    "register": N_("registers"),
    "statement": N_("statements"),
}
STATE_NAMES: Mapping[str, str] = {
    "shown": N_("shown"),
    "inferred": N_("inferred"),
    "unknown": N_("cannot be told"),
}
RULE_NAMES: Mapping[str, str] = {
    "fifo": N_("first in, first out"),
    "lifo": N_("last in, first out"),
    "prorata": N_("pro rata"),
    "libr": N_("lowest intermediate balance"),
    "poison": N_("poison (the most that can be)"),
}
OUTCOME_NAMES: Mapping[str, str] = {
    # looked at and not so, or without bearing on this test: the note says which
    "clear": N_("does not apply"),
    "present": N_("applies"),
    "unknown": N_("cannot be told"),
}
COMPARE_NAMES: Mapping[str, str] = {
    ">=": N_("at least {value}"),
    ">": N_("more than {value}"),
    "<=": N_("at most {value}"),
    "<": N_("less than {value}"),
}
BASIS_NAMES: Mapping[str, str] = {
    "law": N_("law"),
    "default": N_("our default, no law"),
    "file": N_("given in a file"),
    "argument": N_("given by whoever asked"),
}
MARK_NAMES: Mapping[str, str] = {
    "V": N_("checked against the text"),
    "V~": N_("substance checked, wording or number of the article not"),
    "G": N_("from general knowledge: check it"),
    "def": N_("no law, a rule of thumb"),
}
"""What the marks of verification mean; they stand beside every article that a reader is shown."""


UNIT_NAMES: Mapping[str, str] = {
    "days": N_("days"),
    "months": N_("months"),
    "persons": N_("persons"),
    "layers": N_("layers"),
    "times": N_("times as much"),
    "signs": N_("signs"),
}
"""Units of measured values beside currencies; a ratio and a plain count have none."""


def number_text(value: Fraction | int | float) -> str:
    """A measured value as a person reads it: exact where that is short, else four decimals.

    >>> number_text(Fraction(4, 5)), number_text(Fraction(11, 12)), number_text(12), number_text(Fraction(-4))
    ('0.8', '0.9167', '12', '-4')
    """
    exact = Fraction(value)
    if exact.denominator == 1:
        return f"{exact.numerator:,}"
    rounded = Fraction(round(exact * 10_000), 10_000)
    text = f"{float(rounded):.4f}"
    return text.rstrip("0").rstrip(".") if rounded == exact else text


def by_rules(least: str, most: str) -> Told:
    """An amount that every rule of tracing gives alike, or from the least to the greatest that they give.

    >>> str(by_rules("70.00 CNY", "80.00 CNY")), str(by_rules("80.00 CNY", "80.00 CNY"))
    ('70.00 CNY to 80.00 CNY (by the rule of tracing)', '80.00 CNY (under every rule of tracing)')
    """
    if least == most:
        return Told(N_("{amount} (under every rule of tracing)"), amount=most)
    return Told(N_("{least} to {most} (by the rule of tracing)"), least=least, most=most)


@dataclass(frozen=True)
class Measure:
    """A measured value, beside the threshold that it is compared with.

    Attributes
    ----------
    name, title
        Its name in frames, and what it is, as a message.
    value
        Exact.
    threshold
        What it is compared with; None where it is only told.
    compare
        ``>=``, ``>``, ``<``, ``<=``: how it has to stand to the threshold.
    basis
        Where the threshold is from: ``law``, ``default``, ``file`` or ``argument``.
    unit
        A word such as ``days``; empty for a ratio or a count. ``CNY`` and other currencies: minor units.
    """

    name: str
    title: str
    value: Fraction
    threshold: Fraction | None = None
    compare: str = ">="
    basis: str = ""
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the value stands to the threshold as it has to; true where there is none."""
        if self.threshold is None:
            return True
        value, threshold = self.value, self.threshold
        return COMPARE[self.compare](value, threshold)


@dataclass(frozen=True)
class Element:
    """One element of the rule, or one thing that could speak against the finding.

    Attributes
    ----------
    name, text
        Its name in the red line's list, and what it says, as a message.
    state
        One of `STATES`, or of `OUTCOMES`.
    note
        What was seen, or why it cannot be told.
    """

    name: str
    text: str
    state: str
    note: str = ""


@dataclass(frozen=True)
class TestRun:
    """A test of a red line: whether it could run on this case, else for want of what; and whether it hit."""

    __test__ = False  # pytest: this is no test of ours

    name: str
    text: str
    ran: bool
    missing: tuple[str, ...] = ()
    hit: bool = False


@dataclass(frozen=True)
class Article:
    """A rule of law, with its day and how far it was checked."""

    article: str
    text_zh: str
    text_en: str
    since: str
    until: str
    mark: str


@dataclass(frozen=True)
class Regulator:
    """Who is in charge: since when, until when."""

    name_zh: str
    name_en: str
    since: str
    until: str
    mark: str


Places = npt.NDArray[np.int64]


class Cited:
    """Rows of one table, by their places in it: they show the finding, or are its context.

    Parameters
    ----------
    table
        The table.
    rows
        Places, ascending; or what seeks them. That is asked whenever somebody wants them and what it finds
        is not kept: the context of a finding may be millions of rows, and of a list of findings more than
        there is room for.
    shows
        Whether they show the finding.

    Examples
    --------
    >>> later = Cited("transfers", lambda: np.array([1, 4]), False)
    >>> later.is_sought, later.rows.tolist()
    (True, [1, 4])
    """

    __slots__ = ("_rows", "shows", "table")

    def __init__(self, table: str, rows: Places | Callable[[], Places], shows: bool = True) -> None:
        self.table = table
        self._rows = rows
        self.shows = shows

    @property
    def is_sought(self) -> bool:
        """Whether the rows are sought only when they are asked for."""
        return callable(self._rows)

    @property
    def rows(self) -> Places:
        """The places."""
        return self._rows() if callable(self._rows) else self._rows

    def as_context(self) -> Cited:
        """The same rows as context; they are not sought for it."""
        return Cited(self.table, self._rows, False)

    def __repr__(self) -> str:
        rows = "…" if self.is_sought else repr(self._rows)
        return f"Cited(table={self.table!r}, rows={rows}, shows={self.shows})"


def cited(table: str, rows: Any, shows: bool = True) -> Cited:
    """Rows of a table as evidence; places may be given in any order and more than once.

    >>> cited("transfers", [4, 1, 4]).rows.tolist()
    [1, 4]
    """
    places = np.asarray(rows if hasattr(rows, "dtype") else list(rows), np.int64)
    if not (places[1:] > places[:-1]).all():  # most are ascending already
        places = sets.unique(places)
    return Cited(table, places, shows)


@dataclass(frozen=True)
class Finding:
    """What a red line says of a subject: a lead (线索), never a determination.

    Attributes
    ----------
    code, title, title_zh
        Of the red line.
    subject_kind, subject_id, subject_name
        ``party``, ``account``, ``product`` or ``loan``, and which.
    summary
        One sentence with the figures.
    period
        The first and the last local day of the rows that show it; empty where they have none.
    measures
        Measured values; the first is the one that the finding is listed by.
    amount, currency
        Money concerned, in minor units; None where it is about none. Where it depends on the rule of tracing,
        the greatest. A finding is about one currency: nobody here knows a rate.
    amount_least
        The same, the least; equal to `amount` where it does not depend on the rule.
    by_rule
        By rule of tracing: the value of the first measure; empty where nothing is traced.
    severity, severity_note
        One of `SEVERITIES`; why it is not higher, where something holds it down.
    kinds
        By kind of evidence: ``shown`` or ``inferred``.
    confidence
        1 − Π(1 − c) over the kinds of evidence.
    tests
        Those of the red line: run, and not runnable for want of what.
    elements, counter_evidence
        Elements of the rule, and what could speak against it; each with how it stands.
    law, regulator
        Articles, and who was and is in charge.
    cited
        Rows by table and place.
    chains
        Ways of the money: dicts with ``amount``, ``currency`` and ``transfers`` (ids).
    parameters
        What the red line was asked with: thresholds with their basis, dates, limits.

    Examples
    --------
    >>> import graphflow as gf
    >>> from graphflow.synthesis.lines import rl06
    >>> found = gf.check(rl06.toy()).findings
    >>> found[0].code, found[0].measure, found[0].value
    ('RL-06', 'split', Fraction(12, 1))
    """

    code: str
    title: str
    title_zh: str
    subject_kind: str
    subject_id: str
    subject_name: str
    summary: str
    period: tuple[str, str]
    measures: tuple[Measure, ...]
    amount: int | None
    amount_least: int | None
    currency: str
    by_rule: Mapping[str, Fraction]
    severity: str
    severity_note: str
    kinds: Mapping[str, str]
    confidence: float
    tests: tuple[TestRun, ...]
    elements: tuple[Element, ...]
    counter_evidence: tuple[Element, ...]
    law: tuple[Article, ...]
    regulator: tuple[Regulator, ...]
    cited: tuple[Cited, ...]
    chains: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, Any]
    tables: Tables = field(repr=False, compare=False)
    files: Mapping[str, str] = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if not any(each.shows and (each.is_sought or each.rows.size) for each in self.cited):
            raise GraphflowError(Problem(self.code, "a finding without rows", {}, self.subject_id))
        if not self.law:
            raise GraphflowError(
                Problem(self.code, "a finding without an article of law", {}, self.subject_id)
            )
        if self.severity == "critical" and len(self.kinds) < 2:
            raise GraphflowError(Problem(self.code, "critical on one kind of evidence", {}, self.subject_id))

    @property
    def measure(self) -> str:
        """The name of the measure that the finding is listed by."""
        return self.measures[0].name

    @property
    def value(self) -> Fraction:
        """Its value, exact."""
        return self.measures[0].value

    @property
    def threshold(self) -> Fraction | None:
        """Its threshold."""
        return self.measures[0].threshold

    @property
    def robust(self) -> bool:
        """Whether it holds under every rule of tracing that was tried; true where nothing is traced."""
        first = self.measures[0]
        return all(
            Measure(first.name, "", value, first.threshold, first.compare).met
            for value in self.by_rule.values()
        )

    @property
    def later_law(self) -> tuple[Article, ...]:
        """Articles that came into force only after the last day of the rows: they did not bind then.

        The law of an asking is that of its day, and without a day the last: a finding about years before it
        must not read as if it had been the law of those years.
        """
        return tuple(each for each in self.law if self.period[1] and each.since > self.period[1])

    @cached_property
    def id(self) -> str:
        """The same while the evidence is: of the red line, the subject, and the rows that show it.

        A row counts by its file's SHA-256, sheet and place, so an import of more sources changes nothing.
        """
        digest = hashlib.sha256(
            "\n".join((self.code, self.subject_kind, self.subject_id, self.measure)).encode()
        )
        for places in _stand(self._by_table(True), self.tables, self.files):
            digest.update(places)
        return f"{self.code}-{digest.hexdigest()[:12]}"

    def _by_table(self, shown: bool) -> Mapping[str, Places]:
        """The rows by table: those that show it, or all."""
        wanted = [each for each in self.cited if each.shows or not shown]
        return {
            table: _union(each.rows for each in wanted if each.table == table)
            for table in dict.fromkeys(each.table for each in wanted)
        }

    @cached_property
    def counts(self) -> tuple[int, int]:
        """How many rows show it, and how many it cites in all: as `evidence` has them."""
        by_table: dict[str, tuple[list[Places], list[Places]]] = {}
        for each in self.cited:
            shows, every = by_table.setdefault(each.table, ([], []))
            rows = each.rows
            every.append(rows)
            if each.shows:
                shows.append(rows)
        shown = sum(_union(shows).size for shows, _ in by_table.values())
        return shown, sum(_union(every).size for _, every in by_table.values())

    @cached_property
    def evidence(self) -> pd.DataFrame:
        """The rows, by table and place: see `EVIDENCE`. One that shows the finding is no context."""
        return evidence_of(self.cited, self.tables, self.files)

    def as_dict(self, *, evidence: bool = True) -> dict[str, Any]:
        """The finding as JSON has it: money as decimal text, ratios as numbers with their exact form.

        Parameters
        ----------
        evidence
            Whether its rows are in it; how many there are is told all the same.

        Returns
        -------
        dict
            Everything that the finding says.
        """
        rows = {"evidence": evidence_records(self.evidence)} if evidence else {}
        shown, every = self.counts
        return {
            "id": self.id, "code": self.code, "title": self.title, "title_zh": self.title_zh,
            "subject": {"kind": self.subject_kind, "id": self.subject_id, "name": self.subject_name},
            "summary": str(self.summary), "period": list(self.period),
            "measure": self.measure, "value": float(self._major(self.measures[0], self.value)),
            "exact": str(self._major(self.measures[0], self.value)), "unit": self.measures[0].unit,
            "threshold": None
            if self.threshold is None
            else float(self._major(self.measures[0], self.threshold)),
            "measures": [
                {
                    "name": m.name, "value": float(self._major(m, m.value)), "unit": m.unit,
                    "exact": str(self._major(m, m.value)), "compare": m.compare, "basis": m.basis,
                    "threshold": None if m.threshold is None else float(self._major(m, m.threshold)),
                }
                for m in self.measures
            ],
            "amount": self._decimal(self.amount), "amount_least": self._decimal(self.amount_least),
            "currency": self.currency,
            "by_rule": {rule: float(value) for rule, value in self.by_rule.items()}, "robust": self.robust,
            "severity": self.severity, "severity_note": str(self.severity_note),
            "confidence": self.confidence, "kinds": dict(self.kinds),
            "tests": [
                {"name": t.name, "ran": t.ran, "hit": t.hit, "missing": list(t.missing)} for t in self.tests
            ],
            "elements": [vars(e) | {"note": str(e.note)} for e in self.elements],
            "counter_evidence": [vars(e) | {"note": str(e.note)} for e in self.counter_evidence],
            "law": [dict(vars(a)) for a in self.law], "later_law": [a.article for a in self.later_law],
            "regulator": [dict(vars(r)) for r in self.regulator],
            **rows, "rows_shown": shown, "rows": every,
            "chains": [dict(chain) for chain in self.chains], "parameters": dict(self.parameters),
        }  # fmt: skip

    def _decimal(self, money: int | None) -> str | None:
        return None if money is None else major(money, self.tables.minor_units.get(self.currency, 2))

    def _major(self, m: Measure, value: Fraction) -> Fraction:
        """A measure that is money in major units, as files have it; any other as it stands."""
        digits = self.tables.minor_units.get(m.unit)
        return value if digits is None else value / Fraction(10**digits)

    def _money(self, money: int) -> str:
        return f"{amount_text(money, self.tables.minor_units.get(self.currency, 2))} {self.currency}"

    def text(self, language: str = "en") -> str:
        """The finding as a paragraph that can stand in a report.

        Parameters
        ----------
        language
            ``en`` or ``zh``.

        Returns
        -------
        str
            Everything that the finding says but its rows, which it counts.
        """
        return ("" if language == "zh" else " ").join(self.paragraphs(language))

    def paragraphs(self, language: str = "en") -> tuple[str, ...]:
        """The same in several paragraphs, for a page.

        Parameters
        ----------
        language
            ``en`` or ``zh``.

        Returns
        -------
        tuple of str
            What it is; what was measured; the elements of the rule; what could speak against it; which tests
            ran; the law; who is in charge; the evidence.
        """

        def say(message: str, /, **values: object) -> str:
            # what was put together of our own sentences is never cut, as a literal from a file is
            what = values.get("what")
            if not isinstance(what, str) or len(what) <= LONGEST_SHOWN:
                return translate(message, language, **values)
            return translate(message, language, **{**values, "what": _MARK}).replace(_MARK, what, 1)

        def told(text: str) -> str:
            return text.text(lambda each: translate(each, language)) if isinstance(text, Told) else say(text)

        def listed(elements: Sequence[Element], names: Mapping[str, str]) -> str:
            alike: dict[tuple[str, str], list[str]] = {}  # what stands alike for one reason is said at once
            for number, e in enumerate(elements):
                note = told(e.note) if e.note else ""
                alike.setdefault((e.state, note or f"\0{number}"), []).append(told(e.text))
            return say(N_("; ")).join(
                say(N_("{what} ({state})"), what=say(N_("; ")).join(texts), state=say(names[state]))
                if note.startswith("\0")
                else say(
                    N_("{what} ({state}): {note}") if len(texts) == 1 else N_("{what} (all {state}): {note}"),
                    what=say(N_("; ")).join(texts),
                    state=say(names[state]),
                    note=note,
                )
                for (state, note), texts in alike.items()
            )

        zh = language == "zh"
        name = f"{self.title_zh}" if zh else f"{say(self.title)} ({self.title_zh})"
        who = self.subject_name if self.subject_name not in ("", self.subject_id) else ""
        parts = [
            say(
                N_("{code} {name}. A lead, no determination, about {subject}: {summary}."),
                code=self.code,
                name=name,
                subject=f"{who} ({self.subject_id})" if who else self.subject_id,
                summary=told(self.summary),
            )
        ]
        breaks = [0]
        if self.period[0]:
            since, until = self.period
            parts.append(
                say(N_("Day: {day}."), day=since)
                if since == until
                else say(N_("Period: {since} to {until}."), since=since, until=until)
            )
        breaks.append(len(parts))
        parts.append(
            say(
                N_("Measured: {what}."),
                what=say(N_("; ")).join(self._measure_text(m, say) for m in self.measures),
            )
        )
        if self.amount is not None and self.amount_least is not None:
            most, least = self._money(self.amount), self._money(self.amount_least)
            parts.append(
                say(N_("Money concerned: {money}."), money=most)
                if most == least
                else say(
                    N_("Money concerned: {least} to {most}, by the rule of tracing."), least=least, most=most
                )
            )
        if self.by_rule:
            rules = say(N_("; ")).join(
                say(
                    N_("{what}: {value}"),
                    what=say(RULE_NAMES.get(rule, rule)),
                    value=self._value_text(self.measures[0], value, say),
                )
                for rule, value in self.by_rule.items()
            )
            holds = (
                N_("it holds under every rule tried")
                if self.robust
                else N_("it does not hold under every rule")
            )
            parts.append(say(N_("By rule: {rules}; {holds}."), rules=rules, holds=say(holds)))
        parts.append(
            say(
                N_("Severity {severity}; confidence {confidence} from {kinds}."),
                severity=say(SEVERITY_NAMES[self.severity]),
                confidence=f"{self.confidence:.2f}",
                kinds=say(N_("; ")).join(
                    say(N_("{what} ({state})"), what=say(KIND_NAMES[kind]), state=say(STATE_NAMES[state]))
                    for kind, state in self.kinds.items()
                ),
            )
        )
        if self.severity_note:
            parts.append(told(self.severity_note))
        if self.elements:
            breaks.append(len(parts))
            parts.append(say(N_("Elements of the rule: {what}."), what=listed(self.elements, STATE_NAMES)))
        if self.counter_evidence:
            breaks.append(len(parts))
            parts.append(
                say(
                    N_("What could speak against it: {what}."),
                    what=listed(self.counter_evidence, OUTCOME_NAMES),
                )
            )
        ran = [told(t.text) for t in self.tests if t.ran]
        breaks.append(len(parts))
        parts.append(say(N_("Tests run: {what}."), what=say(N_("; ")).join(ran)))
        lacking = [
            say(
                N_("{what} (needs {missing})"),
                what=told(t.text),
                missing=", ".join(said_need(m, language) for m in t.missing),
            )
            for t in self.tests
            if not t.ran
        ]
        if lacking:
            parts.append(say(N_("Tests that could not run: {what}."), what=say(N_("; ")).join(lacking)))
        articles = say(N_("; ")).join(
            say(
                N_("{article} (in force from {since}; {mark}): {text}"),
                article=a.article,
                since=a.since or "?",
                mark=say(MARK_NAMES[a.mark]),
                text=a.text_zh if zh else a.text_en,
            )
            for a in self.law
        )
        breaks.append(len(parts))
        parts.append(say(N_("Law: {what}."), what=articles))
        if self.later_law:
            parts.append(
                say(
                    N_(
                        "In force only after {until}, the last day of the rows, and not the law of that "
                        "time: {what}. Asked as of that day (--as-of {until}), the law of that day is "
                        "applied."
                    ),
                    until=self.period[1],
                    what=say(N_("; ")).join(a.article for a in self.later_law),
                )
            )
        if self.regulator:
            breaks.append(len(parts))
            parts.append(
                say(
                    N_("In charge: {what}."),
                    what=say(N_("; ")).join(
                        (r.name_zh if zh else r.name_en)
                        + (say(N_(" (until {day})"), day=r.until) if r.until else "")
                        for r in self.regulator
                    ),
                )
            )
        shown, every = self.counts
        breaks.append(len(parts))
        parts.append(
            say(
                N_("Evidence: rows that show it: {shown}; rows of context: {context}; reference {id}."),
                shown=shown,
                context=every - shown,
                id=self.id,
            )
        )
        between = "" if zh else " "
        return tuple(
            between.join(parts[first:end]) for first, end in itertools.pairwise([*breaks, len(parts)])
        )

    def _value_text(self, m: Measure, number: Fraction, say: Any) -> str:
        """A value in a measure's unit; where exact, no more decimals than it has."""
        if m.unit in self.tables.minor_units:
            return f"{amount_text(int(number), self.tables.minor_units[m.unit])} {m.unit}"
        if not m.unit:
            return number_text(number)
        return str(
            say(N_("{number} {unit}"), number=number_text(number), unit=say(UNIT_NAMES.get(m.unit, m.unit)))
        )

    def _measure_text(self, m: Measure, say: Any) -> str:
        said = say(N_("{what}: {value}"), what=say(m.title), value=self._value_text(m, m.value, say))
        if m.threshold is None:
            return str(said)
        against = say(
            N_(" (threshold: {threshold}; {basis})"),
            threshold=say(COMPARE_NAMES[m.compare], value=self._value_text(m, m.threshold, say)),
            basis=say(BASIS_NAMES[m.basis]),
        )
        return f"{said}{against}"

    def __repr__(self) -> str:
        return f"<Finding {self.code} {self.subject_kind}:{self.subject_id} {self.severity}: {self.summary}>"

    def _repr_html_(self) -> str:
        """The paragraph with the first of its rows, and how many more there are."""
        import html

        rows = self.evidence
        more = max(0, len(rows) - SHOWN_ROWS)
        rest = f"<p>{html.escape(translate(N_('and {count} more rows'), count=more))}</p>" if more else ""
        return (
            f"<p>{html.escape(self.text())}</p>{rows.head(SHOWN_ROWS).to_html(index=False, na_rep='')}{rest}"
        )


def said_need(need: str, language: str = "en") -> str:
    """A table or column that a test needs, as a person reads it; alternatives stand beside one another.

    >>> said_need("loans.end"), said_need("loans.end", "zh"), said_need("stakes | relations", "zh")
    ('loans.end', '借款（loans.end）', '持股（stakes） | 关系（relations）')
    """
    if " | " in need:
        return " | ".join(said_need(each, language) for each in need.split(" | "))
    table = need.partition(".")[0]
    if table not in SCHEMA:
        return translate(need, language)
    title = translate(SCHEMA[table].title, language)
    return need if title == table else f"{title}（{need}）"


_MARK = "⟦what⟧"


def _union(parts: Iterable[Places]) -> Places:
    found = [part for part in parts if part.size]
    if not found:
        return np.zeros(0, np.int64)
    if len(found) == 1 and bool((np.diff(found[0]) > 0).all()):
        return found[0]
    size = sum(part.size for part in found)
    most = max(int(part.max()) for part in found)
    if size < most // 64:
        return sets.unique(np.concatenate(found))
    here = np.zeros(most + 1, np.bool_)  # of many rows of a table it costs less to tick them off
    for part in found:
        here[part] = True
    return np.flatnonzero(here)


_PIECE = 1 << 16
"""So many rows are put into words at a time."""


def _stand(shown: Mapping[str, Places], tables: Tables, files: Mapping[str, str]) -> Iterator[bytes]:
    """Where rows stand, a line each: table, the file's SHA-256, sheet and row, in their order."""
    parts = []
    for table, rows in shown.items():
        found = tables.origins(table)
        columns: list[Any] = [pa.scalar(table, pa.large_string())]
        for name, nothing in zip(PROVENANCE, ("None", "", "<NA>"), strict=True):
            taken = found[name].take(pa.array(rows)).combine_chunks() if name in found.column_names else None
            if taken is None:
                columns.append(pa.scalar(nothing, pa.large_string()))
                continue
            if name == "source_file":
                sums = [files.get(str(each), "None") for each in taken.dictionary.to_pylist()]
                taken = pa.array([*sums, nothing], pa.large_string()).take(
                    pc.fill_null(taken.indices, len(sums))
                )
            columns.append(pc.fill_null(taken.cast(pa.large_string()), nothing))
        parts.append(
            pc.binary_join_element_wise(*columns, pa.scalar("\0", pa.large_string()))
            if any(isinstance(each, pa.Array | pa.ChunkedArray) for each in columns)
            else pa.repeat(
                pa.scalar("\0".join(each.as_py() for each in columns), pa.large_string()), rows.size
            )
        )
    lines = pa.chunked_array(parts, pa.large_string())
    lines = lines.take(pc.sort_indices(lines))
    for begin in range(0, len(lines), _PIECE):
        yield ("\n" + "\n".join(lines.slice(begin, _PIECE).to_pylist())).encode()


def key_columns(table: str) -> tuple[str, ...]:
    """The columns that tell the rows of a table apart: its key, else what is required of a row, and dates.

    >>> key_columns("transfers"), key_columns("stakes")
    (('transfer_id',), ('owner_id', 'company_id', 'class', 'since'))
    """
    spec = SCHEMA[table]
    if spec.key:
        return (spec.key,)
    return (
        *spec.required,
        *(c for c in ("class", "since", "from") if c in spec.columns and c not in spec.required),
    )


def evidence_of(rows: Sequence[Cited], tables: Tables, files: Mapping[str, str]) -> pd.DataFrame:
    """Rows as evidence, by table and place, see `EVIDENCE`. One that shows something is no context."""
    parts = []
    for table in dict.fromkeys(each.table for each in rows):
        shown = _union(each.rows for each in rows if each.table == table and each.shows)
        context = sets.minus(
            _union(each.rows for each in rows if each.table == table and not each.shows), shown
        )
        for places, shows in ((shown, True), (context, False)):
            if places.size:
                parts.append(_places(tables, files, table, places, shows))
    if not parts:
        return pd.DataFrame(columns=list(EVIDENCE))
    return pd.concat(parts, ignore_index=True)[list(EVIDENCE)]


def evidence_records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Evidence as JSON has it."""
    return [
        {
            **{str(name): value for name, value in row.items()},
            "key": json.loads(row["key"]),
            "shows": bool(row["shows"]),
        }
        for row in rows.astype(object).where(rows.notna(), None).to_dict("records")
    ]


def _places(
    tables: Tables, files: Mapping[str, str], table: str, rows: npt.NDArray[np.int64], shows: bool
) -> pd.DataFrame:
    """Where rows of a table stand in their files, with the columns that tell them apart, as JSON."""
    wanted = key_columns(table)
    found = tables.arrow(table, wanted)
    assert found is not None
    columns = [c for c in wanted if c in found.column_names]
    taken = found.take(pa.array(rows))
    where = tables.origins(table).take(pa.array(rows))
    keys = [
        json.dumps(
            {c: _plain(v) for c, v in zip(columns, row, strict=True) if v is not None}, ensure_ascii=False
        )
        for row in zip(*(taken[c].to_pylist() for c in columns), strict=True)
    ]
    names = where["source_file"].to_pylist() if "source_file" in where.column_names else [None] * rows.size
    frame = pd.DataFrame(
        {"table": table, "key": keys, "sha256": [files.get(str(n)) for n in names], "source_file": names}
    )
    for column in ("source_sheet", "source_row"):
        frame[column] = where[column].to_pylist() if column in where.column_names else None
    frame["source_row"] = frame["source_row"].astype("Int64")
    frame["shows"] = shows
    return frame


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def frame_of(findings: Sequence[Finding]) -> pd.DataFrame:
    """Findings as a frame, one row each."""
    rows = [
        {
            "id": f.id, "code": f.code, "title": f.title, "title_zh": f.title_zh,
            "subject_kind": f.subject_kind, "subject_id": f.subject_id, "subject_name": f.subject_name,
            "summary": str(f.summary),
            "since": f.period[0], "until": f.period[1],
            "measure": f.measure, "unit": f.measures[0].unit, "value": float(f.value),
            "threshold": float("nan") if f.threshold is None else float(f.threshold),
            "currency": f.currency, "amount": f.amount, "amount_least": f.amount_least,
            "severity": f.severity, "confidence": f.confidence, "robust": f.robust,
            "rows_shown": f.counts[0],
            "rows": f.counts[1],
        }
        for f in findings
    ]  # fmt: skip
    columns = [
        "id", "code", "title", "title_zh", "subject_kind", "subject_id", "subject_name", "summary", "since",
        "until", "measure", "unit", "value", "threshold", "currency", "amount", "amount_least", "severity",
        "confidence", "robust", "rows_shown", "rows",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).astype({"amount": "Int64", "amount_least": "Int64"})
