"""What a red line is made of, and how it says what it found.

A red line is a row of the list in `graphflow.redlines`: a code, names, tests (each with the tables that it
needs), the elements of its rule, and what could speak against it. Its one verb is ``find``. An `Inquiry` is
one asking of it: it knows the case as of a day, which tests can run, and the thresholds of the law in force;
it completes what the red line found to a `Finding`.
"""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphflow import sets
from graphflow.errors import InputError, Problem, UsageError
from graphflow.findings import (
    KINDS,
    OUTCOMES,
    SEVERITIES,
    STATES,
    Article,
    Cited,
    Element,
    Finding,
    Measure,
    Regulator,
    TestRun,
)
from graphflow.language import N_
from graphflow.law import law, law_on
from graphflow.redlines.facts import BEGINS, NEVER, Facts, day_text, facts_of
from graphflow.rows import Moment
from graphflow.tables.columns import names

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.tracing import Trace

Number = Fraction | Decimal | int | float | str
"""A threshold as somebody gives it; text and `Decimal` are exact, a float is taken as it is written."""

LawFile = str | Path | None
"""A file of thresholds that take the place of ours: CSV with `code`, `name`, `value`, perhaps `unit`."""


@dataclass(frozen=True)
class Test:
    """One test of a red line: what it looks at, and the tables (or ``table.column``) without which it cannot.

    ``needs`` in a tuple of its own are alternatives: one of them is enough.
    """

    __test__ = False  # pytest: this is no test of ours

    name: str
    text: str
    needs: tuple[str | tuple[str, ...], ...]

    def missing(self, facts: Facts) -> tuple[str, ...]:
        """What the case lacks for it; empty where it can run."""
        lacking = []
        for need in self.needs:
            ways = need if isinstance(need, tuple) else (need,)
            if not any(facts.has(way) for way in ways):
                lacking.append(" | ".join(ways))
        return tuple(lacking)


@dataclass(frozen=True)
class RedLine:
    """A red line as data.

    Attributes
    ----------
    code, name, name_zh
        ``RL-06``, its name as a message, and its Chinese name.
    asks
        The question, one sentence.
    tests
        What it looks at.
    elements
        By name: the elements of the rule. Every finding says of each how it stands.
    guards
        By name: what looks like it and is not. Every finding says of each how it came out.
    find
        ``find(case, *, as_of=None, law=None, …)``, an iterator of findings.
    whole
        Whether the cited rows show it only together (an order statistic, an absence): then no single one is
        necessary.
    guards_of
        By guard: the tests that it can speak against; a guard that is not named here concerns all of them.
        A finding says nothing of guards that concern none of its tests.
    uses
        Other red lines whose findings it looks at: their thresholds matter to it as well.
    elements_of
        The same of elements: the tests whose rule has them.
    """

    code: str
    name: str
    name_zh: str
    asks: str
    tests: tuple[Test, ...]
    elements: Mapping[str, str]
    guards: Mapping[str, str]
    find: Callable[..., Iterator[Finding]] = field(repr=False)
    whole: bool = False
    guards_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    uses: tuple[str, ...] = ()
    elements_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def elements_for(self, hit: Iterable[str]) -> dict[str, str]:
        """The elements of the rule of some tests."""
        return _concerning(self.elements, self.elements_of, set(hit))

    def guards_against(self, hit: Iterable[str]) -> dict[str, str]:
        """The guards that can speak against a finding that rests on some tests."""
        return _concerning(self.guards, self.guards_of, set(hit))


def _concerning(
    texts: Mapping[str, str], of: Mapping[str, tuple[str, ...]], hits: set[str]
) -> dict[str, str]:
    """The texts by name that concern one of some tests; what is not named in `of` concerns all."""
    return {name: text for name, text in texts.items() if name not in of or hits & set(of[name])}


@dataclass(frozen=True)
class Threshold:
    """A threshold in force: exact, and where it is from."""

    name: str
    value: Fraction
    basis: str
    unit: str
    article: str
    text_zh: str
    text_en: str
    mark: str


class Inquiry:
    """One asking of a red line: which tests run, which thresholds hold, and how a finding is made.

    Parameters
    ----------
    line
        The red line.
    as_of
        The day: nothing later is seen, and the law is that of the day. None: everything, and the law as last.
    law
        A file of thresholds in the place of ours, see `read_thresholds`.
    settings
        Arguments of `find` beside these: those named as a threshold are one (None: what the law says); all
        stand in the finding's parameters.
    """

    def __init__(
        self,
        line: RedLine,
        case: Case,
        as_of: Moment | None,
        law: LawFile | Mapping[Any, Any],
        **settings: Any,
    ) -> None:
        self.line = line
        self.case = case
        self.facts = facts_of(case, as_of)
        self.as_of = as_of
        self.overrides = law if isinstance(law, Mapping) else read_thresholds(law)
        self.settings = settings
        self.missing = missing_of(line, self.facts)
        self._thresholds: dict[str, Threshold] = {}
        self._on_days: dict[str, Threshold] = {}
        self._law: dict[frozenset[str], tuple[Article, ...]] = {}
        self._others: dict[str, Inquiry] = {}

    def of(self, line: RedLine) -> Inquiry:
        """The same asked of another line; its thresholds stand in the parameters of this one, too."""
        if line.code not in self._others:
            self._others[line.code] = Inquiry(line, self.case, self.as_of, self.overrides)
        return self._others[line.code]

    def runs(self, test: str) -> bool:
        """Whether a test of the red line can run on this case."""
        return not self.missing[test]

    def threshold(self, name: str) -> Fraction:
        """A threshold: what whoever asked gave, else the file, else the law of the day, else our default."""
        return self._in_minor(self.threshold_row(name))

    def _in_minor(self, row: Threshold) -> Fraction:
        """A threshold that is money in minor units, as all money here; any other as it stands."""
        digits = self.facts.tables.minor_units.get(row.unit, 2 if row.unit == "CNY" else 0)
        return row.value * Fraction(10**digits)

    def threshold_row(self, name: str) -> Threshold:
        """A threshold with where it is from."""
        if name not in self._thresholds:
            rows = [
                r
                for r in law_on("thresholds", self.facts.day)
                if (r["code"], r["name"]) == (self.line.code, name)
            ]
            rows = (
                rows
                or [r for r in law("thresholds") if (r["code"], r["name"]) == (self.line.code, name)][-1:]
            )
            (row,) = rows
            value, basis = Fraction(row["value"]), row["basis"]
            if (self.line.code, name) in self.overrides:
                value, basis = self.overrides[self.line.code, name], "file"
            if self.settings.get(name) is not None:
                value, basis = exact(self.settings[name], name), "argument"
            self._thresholds[name] = Threshold(
                name, value, basis, row["unit"], row["article"], row["text_zh"], row["text_en"], row["mark"]
            )
        return self._thresholds[name]

    def threshold_on(self, name: str, day: datetime.date) -> Threshold | None:
        """A threshold as it was on a day of its own, that of a contract, say; None where there was none yet.

        What whoever asked or the file gave holds on every day. It stands in the parameters with the day.
        """
        rows = [r for r in law_on("thresholds", day) if (r["code"], r["name"]) == (self.line.code, name)]
        if self.is_given(name):
            return self.threshold_row(name)
        if not rows:
            return None
        (row,) = rows
        found = Threshold(
            name, Fraction(row["value"]), row["basis"], row["unit"], row["article"], row["text_zh"],
            row["text_en"], row["mark"],
        )  # fmt: skip
        self._on_days[f"{name}@{day}"] = found
        return found

    def is_given(self, name: str) -> bool:
        """Whether whoever asked, or the file, gave a threshold: that holds on every day."""
        return self.settings.get(name) is not None or (self.line.code, name) in self.overrides

    def once(self, make: Callable[[], Iterable[Finding]]) -> Sequence[Finding]:
        """The findings of the line, found once of a case, day, law and settings, whichever line asks."""
        key = repr((self.line.code, sorted(self.overrides.items()), sorted(self.settings.items(), key=str)))
        kept: dict[str, Sequence[Finding]] = self.facts.__dict__.setdefault("_found_once", {})
        if key not in kept:
            kept[key] = tuple(make())
        return kept[key]

    def in_force(self, name: str) -> bool:
        """Whether a threshold holds on the day: one of law not before its law, one that is given always."""
        return self.is_given(name) or any(
            (row["code"], row["name"]) == (self.line.code, name)
            for row in law_on("thresholds", self.facts.day)
        )

    def measure(
        self, name: str, title: str, value: Fraction | int, threshold: str | None = None, compare: str = ">=",
        unit: str = "",
    ) -> Measure:  # fmt: skip
        """A measured value, beside the threshold of that name."""
        if threshold is None:
            return Measure(name, title, Fraction(value), unit=unit)
        row = self.threshold_row(threshold)
        return Measure(
            name, title, Fraction(value), self._in_minor(row), compare, row.basis, unit or row.unit
        )

    def finding(
        self,
        *,
        subject: tuple[str, str],
        hit: Iterable[str],
        summary: str,
        measures: Sequence[Measure],
        rows: Iterable[Cited],
        severity: str,
        kinds: Mapping[str, str],
        elements: Mapping[str, tuple[str, str] | str],
        against: Mapping[str, tuple[str, str] | str],
        amount: int | None = None,
        amount_least: int | None = None,
        currency: str = "",
        by_rule: Mapping[str, Fraction] | None = None,
        chains: Iterable[Mapping[str, Any]] = (),
        severity_note: str = "",
    ) -> Finding:
        """What was found, completed: law, regulators, thresholds used, period, and tests that could not run.

        Parameters
        ----------
        subject
            ``party``, ``account``, ``product`` or ``loan``, and its id.
        hit
            The tests that it rests on.
        summary
            One sentence with the figures: a `Told`.
        measures
            The first is the one that the finding is listed by.
        rows
            The rows that show it, and its context.
        severity, kinds
            As it would be; held down to ``high`` where it rests on one kind of evidence alone.
        elements, against
            Of each element and guard of the red line: its state, or its state and a note.
        amount, amount_least, currency
            Money concerned, in minor units; `amount_least` where it depends on the rule of tracing.
        """
        line = self.line
        hits = set(hit)
        wanted = line.elements_for(hits)
        _all_of(line.code, "elements", wanted, elements, STATES)
        guards = line.guards_against(hits)
        against = {name: said for name, said in against.items() if name in guards or name not in line.guards}
        _all_of(line.code, "guards", guards, against, OUTCOMES)
        if (
            severity not in SEVERITIES
            or not set(kinds) <= set(KINDS)
            or not set(kinds.values()) <= set(STATES[:2])
        ):
            raise ValueError(f"{line.code}: {severity}, {kinds}")
        cited = tuple(each for each in rows if each.is_sought or each.rows.size)
        note = severity_note
        if severity == "critical" and len(kinds) < 2:
            severity, note = "high", ONE_KIND
        return Finding(
            code=line.code,
            title=line.name,
            title_zh=line.name_zh,
            subject_kind=subject[0],
            subject_id=subject[1],
            subject_name=self._name(subject),
            summary=summary,
            period=self._period(cited),
            measures=tuple(measures),
            amount=amount,
            amount_least=amount if amount_least is None else amount_least,
            currency=currency or self.facts.tables.currency,
            by_rule=dict(by_rule or {}),
            severity=severity,
            severity_note=note,
            kinds=dict(kinds),
            confidence=confidence(kinds),
            tests=tuple(
                TestRun(
                    test.name, test.text, self.runs(test.name), self.missing[test.name], test.name in hits
                )
                for test in line.tests
            ),
            elements=_stated(wanted, elements),
            counter_evidence=_stated(guards, against),
            law=self._articles(frozenset(hits)),
            regulator=self._regulators,
            cited=cited,
            chains=tuple(chains),
            parameters=self._parameters(),
            tables=self.facts.tables,
            files=files_of(self.case),
        )

    def _parameters(self) -> dict[str, Any]:
        """What it was asked with: thresholds looked at, with their basis, and the other settings."""
        found: dict[str, Any] = {"as_of": None if self.as_of is None else str(self.as_of)}
        for name, row in sorted({**self._thresholds, **self._on_days}.items()):
            found[name] = {"value": str(row.value), "basis": row.basis, "unit": row.unit}
        for code, other in sorted(self._others.items()):
            for name, row in sorted(other._thresholds.items()):
                found[f"{code}.{name}"] = {"value": str(row.value), "basis": row.basis, "unit": row.unit}
        for name, value in self.settings.items():
            if name not in self._thresholds and value is not None:
                found[name] = str(value) if isinstance(value, Fraction | Decimal) else value
        return found

    def _name(self, subject: tuple[str, str]) -> str:
        kind, ident = subject
        if kind == "party":
            return self.facts.name_of(ident)
        if kind == "account":
            number = self.facts.account_number.get(ident, -1)
            return self.facts.name_of(self.facts.holder(number)) if number >= 0 else ""
        if kind == "product" and self.facts.tables.has("products", "name"):
            frame = self.facts.rows("products")
            found = frame.loc[frame["product_id"] == ident, "name"].dropna()
            return str(found.iloc[0]) if len(found) else ""
        return ""

    def _articles(self, hits: frozenset[str]) -> tuple[Article, ...]:
        if hits not in self._law:
            self._law[hits] = articles(self.line.code, self.facts, hits)
        return self._law[hits]

    @cached_property
    def _regulators(self) -> tuple[Regulator, ...]:
        return regulators(self.line.code)

    def _period(self, cited: Iterable[Cited]) -> tuple[str, str]:
        """The first and the last local day of the rows that show it."""
        first: list[int] = []
        last: list[int] = []
        for each in cited:
            if not each.shows or each.table not in BEGINS:
                continue
            times = self.facts.moments(each.table)
            if times.size:
                known = times[each.rows]
                known = known[known != NEVER]
                if known.size:
                    first.append(int(known.min()))
                    last.append(int(known.max()))
        if not first:
            return "", ""
        return day_text(self.facts, min(first)), day_text(self.facts, max(last))

    # ------------------------------------------------------------ tracing

    def cite_trace(self, *traces: Trace) -> list[Cited]:
        """The rows of traces: what carried the money shows it; all else that moved the accounts is context.

        The context is what the rules need to give the same amounts again: every transfer of the accounts that
        the money came through, what was held of them, and whose they are.
        """
        facts = self.facts
        rows = facts.ledger.rows
        found = [np.zeros(0, np.int64)]
        for t in traces:
            if t.order_is_open:  # some rows carry money in another order only
                names = [each for each in t.transfers["transfer_id"] if isinstance(each, str)]
                found.append(facts.at_place(names))
            found.append(rows["origin"][t.carried[0]].astype(np.int64))
            found.append(rows["origin"][t.seed_rows].astype(np.int64))
        shown = sets.unique(np.concatenate(found))
        return [Cited("transfers", shown), *facts.cite_moved(facts.sides_of(shown))]


ONE_KIND = N_("Held at high: it rests on one kind of evidence alone.")

WEIGHT: Mapping[str, Fraction] = {"shown": Fraction(7, 10), "inferred": Fraction(2, 5)}
"""What one kind of evidence counts, shown or inferred: a rule of thumb of ours."""


def confidence(kinds: Mapping[str, str]) -> float:
    """1 − Π(1 − c) over independent kinds of evidence.

    Examples
    --------
    >>> confidence({"flow": "shown"}), confidence({"flow": "shown", "ownership": "inferred"})
    (0.7, 0.82)
    """
    left = Fraction(1)
    for state in kinds.values():
        left *= 1 - WEIGHT[state]
    return float(1 - left)


def exact(value: Number, name: str) -> Fraction:
    """A threshold that somebody gave, exactly.

    >>> exact("0.3", "ratio"), exact(Decimal("1.5"), "ratio"), exact("1/3", "ratio")
    (Fraction(3, 10), Fraction(3, 2), Fraction(1, 3))
    """
    try:
        return Fraction(str(value) if isinstance(value, float) else value)
    except (ValueError, TypeError, ZeroDivisionError, InvalidOperation):
        raise UsageError(
            Problem(name, N_("this is not a number"), first=str(value), expected="0.3")
        ) from None


def read_thresholds(path: LawFile) -> Mapping[tuple[str, str], Fraction]:
    """A file of thresholds that take the place of ours: CSV with the columns `code`, `name` and `value`.

    A column `unit` may stand beside them; what it says has to be the threshold's own unit, so that nobody
    gives months where days are counted. Nothing else is taken: a column that nobody reads would be a
    threshold that its writer believes in.

    Raises
    ------
    InputError
        With everything that is wrong: a column that is missing or that nobody reads, a threshold that there
        is not or that is given twice, no number, less than nothing, a percentage where a part of one is
        asked.
    """
    if path is None:
        return {}
    file = Path(path)
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = [(reader.line_num, row) for row in reader]
            columns = [str(column).strip() for column in reader.fieldnames or ()]
    except UnicodeDecodeError:
        raise InputError(Problem(str(file), N_("this is not a CSV file in UTF-8"))) from None
    have = {(row["code"], row["name"]): row for row in law("thresholds")}
    lacking = [column for column in ("code", "name", "value") if rows and column not in columns]
    if lacking or not rows:
        raise InputError(
            Problem(
                str(file),
                N_("thresholds are a CSV file with rows and the columns {columns}"),
                {"columns": "code, name, value"},
                ", ".join(lacking),
                "RL-01,pool,0.3",
            )
        )
    unread = [column for column in columns if column not in ("code", "name", "value", "unit")]
    problems, found = [], {}
    if unread:
        what = N_("there is no such column in a file of thresholds")
        problems.append(Problem(str(file), what, {}, ", ".join(unread), "code, name, value, unit"))
    for line, told in rows:
        row = {str(name).strip(): text for name, text in told.items() if name is not None}
        if None in told:
            what = N_("this row has more cells than the file has columns")
            problems.append(Problem(f"{file}:{line}", what, {}, ", ".join(told[None])))
            continue
        key = (row["code"] or "").strip(), (row["name"] or "").strip()
        if key not in have:
            known = [f"{code} {name}" for code, name in sorted(have)]
            what = N_("there is no such threshold")
            problems.append(
                Problem(f"{file}:{line}", what, {}, " ".join(key), names([" ".join(key)], known)[:300])
            )
            continue
        if key in found:
            what = N_("this threshold is given twice")
            problems.append(Problem(f"{file}:{line}", what, {}, " ".join(key)))
            continue
        try:
            found[key] = Fraction((row["value"] or "").strip())
        except (ValueError, ZeroDivisionError):
            problems.append(
                Problem(f"{file}:{line}", N_("this is not a number"), {}, row["value"] or "", "0.3")
            )
            continue
        wrong = _misgiven(found[key], (row.get("unit") or "").strip(), have[key])
        if wrong is not None:
            what, expected = wrong
            problems.append(Problem(f"{file}:{line}", what, {}, f"{' '.join(key)} {row['value']}", expected))
    if problems:
        raise InputError(*problems)
    return found


def _misgiven(value: Fraction, unit: str, ours: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with a threshold's number or unit, and what is expected; None where nothing is."""
    own = Fraction(ours["value"])
    if unit not in ("", ours["unit"]):
        return N_("this threshold is in another unit"), ours["unit"] or N_("no unit")
    if value < 0:
        return N_("a threshold is never less than nothing"), ours["value"]
    if 0 < own < 1 and value >= 2 and not ours["unit"]:
        return N_("this threshold is a part of one, not a percentage"), ours["value"]
    if ours["unit"] in ("persons", "days", "layers") and value.denominator != 1:
        return N_("this threshold is a whole number"), ours["value"]
    return None


def articles(code: str, facts: Facts, hits: Iterable[str] = ()) -> tuple[Article, ...]:
    """The articles of a red line that were in force on the day: of all tests, and of those that hit."""
    found = []
    for row in law_on("articles", facts.day) or ():
        if row["code"] == code and (not row["test"] or set(row["test"].split("|")) & set(hits)):
            found.append(
                Article(
                    row["article"], row["text_zh"], row["text_en"], row["since"], row["until"], row["mark"]
                )
            )
    return tuple(found)


def missing_of(line: RedLine, facts: Facts) -> dict[str, tuple[str, ...]]:
    """By test: what it lacks on this case: tables, or a rule in force on the day; empty where it can run."""
    return {
        test.name: test.missing(facts) or (() if articles(line.code, facts, (test.name,)) else (NO_RULE,))
        for test in line.tests
    }


NO_RULE = N_("a rule in force on that day")


def regulators(code: str) -> tuple[Regulator, ...]:
    """Who was and who is in charge."""
    return tuple(
        Regulator(row["name_zh"], row["name_en"], row["since"], row["until"], row["mark"])
        for row in law("regulators")
        if row["code"] == code
    )


def files_of(case: Case) -> Mapping[str, str]:
    """The SHA-256 of each source file, by the name that stands in the rows."""
    known: Mapping[str, str] | None = case.__dict__.get("_files")
    if known is None:
        stored = case.manifest.get("sources")
        known = (
            {entry["name"]: entry["sha256"] for entry in stored}
            if stored is not None
            else {line.name: line.sha256 for line in case.report.sources}
        )
        case.__dict__["_files"] = known
    return known


def chains_of(t: Trace, top: int) -> list[Mapping[str, Any]]:
    """The greatest chains of a trace, as a finding keeps them."""
    return [
        {"amount": int(amount), "currency": t.currency, "transfers": list(transfers)}
        for amount, transfers in t.chains(top=top)[["amount", "transfers"]].itertuples(index=False, name=None)
    ]


def span(text: str, where: str = "within") -> int:
    """A length of time as text, in microseconds: ``3D`` days, ``48h`` hours.

    >>> span("3D") == 3 * 86_400_000_000, span("48h") == 2 * 86_400_000_000
    (True, True)
    """
    found = re.fullmatch(r"\s*(\d+)\s*([DdHh])\s*", text)
    if found is None:
        raise UsageError(Problem(where, N_("this is not a length of time"), first=text, expected="3D, 48h"))
    return int(found[1]) * (86_400_000_000 if found[2] in "Dd" else 3_600_000_000)


def _all_of(
    code: str, what: str, wanted: Mapping[str, str], given: Mapping[str, Any], states: Sequence[str]
) -> None:
    """A red line must say of each element and guard how it stands: leaving one out is a defect of it."""
    said = {name: value[0] if isinstance(value, tuple) else value for name, value in given.items()}
    if set(said) != set(wanted) or not set(said.values()) <= set(states):
        raise ValueError(f"{code}: {what}: {sorted(wanted)} are wanted, each one of {states}; given: {said}")


def _stated(wanted: Mapping[str, str], given: Mapping[str, tuple[str, str] | str]) -> tuple[Element, ...]:
    found = []
    for name, text in wanted.items():
        state = given[name]
        found.append(Element(name, text, *state) if isinstance(state, tuple) else Element(name, text, state))
    return tuple(found)
