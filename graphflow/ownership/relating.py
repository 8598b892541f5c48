"""Related parties: yes, no or disputed, with the ground of each answer; hints of hidden ties stand apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.law import law, law_on
from graphflow.ownership.controlling import Ties, controllers_of, group_of, relations_of, ties_of
from graphflow.ownership.stakes import (
    Stakes,
    in_force,
    numbers_of,
    party_numbers,
    stakes_at,
    stakes_of,
)
from graphflow.rows import Moment, local_time
from graphflow.tables.columns import one

if TYPE_CHECKING:
    from graphflow.case import Case

YES, NO, DISPUTED = "yes", "no", "disputed"

Rules = Mapping[str, Mapping[str, str]]
"""The rows of law in force, by rule: thresholds, days, answers and articles."""

_DAY = 86_400 * 1_000_000  # microseconds

_MANAGERS = ("director", "supervisor", "manager", "legal_representative")
_FAMILY = ("spouse", "parent", "child", "sibling")
_HINTS = ("shared_address", "shared_phone", "shared_device", "shared_signer", "agent", "employee")
_SAME = ("address", "phone", "email", "device")


@dataclass(frozen=True)
class Related:
    """Whether two parties are related: an answer with its grounds, never a plain yes or no.

    Attributes
    ----------
    answer
        ``yes``, ``no`` or ``disputed``, by the rules of scope ``general``.
    basis
        Frame, one row a ground: `rule`, `answer` (``yes``, ``no``, ``disputed``), `scope` (``general``, or
        ``listed``: only where the exchanges' rules apply), `between` (who stands between the two), `date` (on
        which it held, nearest to the one asked about), `article`, `text`, `mark` (how far it was checked).
    hints
        Frame of what two parties share that proves nothing: `hint`, `value`, `source`.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> related(holders.o5(), "D", "E").answer
    'disputed'
    """

    answer: str
    basis: pd.DataFrame
    hints: pd.DataFrame

    def __bool__(self) -> NoReturn:
        raise TypeError("an answer may be disputed: compare .answer with 'yes', 'no' or 'disputed'")


class _View:
    """Who controls, influences and manages whom, at one moment."""

    def __init__(self, stakes: Stakes) -> None:
        self.stakes = stakes
        self.ties: Ties = ties_of(stakes)

    @classmethod
    def of(cls, stakes: Stakes) -> _View:
        """The view at the moment of some stakes, kept with them."""
        known: _View = stakes.__dict__.setdefault("_view", cls(stakes))
        return known

    @cached_property
    def managers(self) -> dict[int, set[int]]:
        """The persons who manage each party."""
        found: dict[int, set[int]] = {}
        one_, other, _ = relations_of(self.stakes, _MANAGERS)
        for person, company in zip(one_.tolist(), other.tolist(), strict=True):
            found.setdefault(company, set()).add(person)
        return found

    @cached_property
    def family(self) -> dict[int, set[int]]:
        """The close family of each person."""
        found: dict[int, set[int]] = {}
        one_, other, _ = relations_of(self.stakes, _FAMILY)
        for first, second in zip(one_.tolist(), other.tolist(), strict=True):
            found.setdefault(first, set()).add(second)
            found.setdefault(second, set()).add(first)
        return found

    def controllers(self, party: int) -> set[int]:
        return {each for each, certain in controllers_of(self.ties, party).items() if certain}

    def holders(self, party: int, rule: Mapping[str, str] | None) -> set[int]:
        """Those who have, with what they control, as many votes as a rule asks; not its controllers."""
        ties, found = self.ties, set[int]()
        if rule is None:  # there was none
            return found
        enough = Fraction(rule["threshold"]) * int(ties.castable[party])
        pointer, order = ties.by_company
        over = order[pointer[party] : pointer[party + 1]]
        for above in ties.above(party).tolist():
            inside = set(ties.under(ties.together(above))[0].tolist())
            if party in inside:
                continue
            votes = sum(int(ties.least[tie]) for tie in over.tolist() if int(ties.owners[tie]) in inside)
            if votes > enough or (votes == enough and rule["inclusive"] == "true"):
                found.add(above)
        return found

    def is_person(self, party: int) -> bool:
        return bool(self.stakes.kinds[party] == "person")

    def is_state(self, party: int) -> bool:
        return bool(self.stakes.kinds[party] == "government")

    def close(self, persons: set[int]) -> set[int]:
        """Some persons and their close family."""
        return persons.union(*(self.family.get(person, set()) for person in persons))


Ground = tuple[str, str, tuple[int, ...]]


def _grounds(view: _View, rules: Rules, x: int, y: int) -> Iterator[Ground]:
    """What the rules say of two parties at one moment, asked from the first's side.

    The rule; what it says where that is not its own answer; who stands between.
    """
    above_x, above_y = view.controllers(x), view.controllers(y)
    influence_x, influence_y = (view.holders(each, rules.get("influence")) for each in (x, y))
    if y in above_x:
        yield "control", "", ()
    common = above_x & above_y
    if common and y not in above_x and x not in above_y:
        private = {each for each in common if not view.is_state(each)}
        yield (
            ("common_control", "", tuple(sorted(private)))
            if private
            else ("state_only", "", tuple(sorted(common)))
        )
    if y in influence_x:
        yield "influence", "", ()
    group = group_of(view.ties, x)[1] if not all(view.is_state(each) for each in above_x or {x}) else {x}
    members = {each for each in (group - {x, y}) & influence_y if not view.is_person(each)}
    if members:
        yield "group_associate", "", tuple(sorted(members))
    yield from _through_persons(view, rules, x, y, (above_x, above_y), (influence_x, influence_y))
    if not members and not (group & influence_y):
        same = {each for each in influence_x & influence_y if not view.is_person(each)}
        if same:
            yield "common_influence", "", tuple(sorted(same))
    bosses = {each for each in above_x | view.managers.get(x, set()) if each != y and not view.is_state(each)}
    if bosses & above_y:
        yield "company_law", "", tuple(sorted(bosses & above_y))
    if y in view.holders(x, rules.get("five_percent")) - influence_x:
        yield "five_percent", "", ()
    both = view.managers.get(x, set()) & view.managers.get(y, set())
    if both:
        yield "common_manager", "", tuple(sorted(both))


def _through_persons(
    view: _View,
    rules: Rules,
    x: int,
    y: int,
    above: tuple[set[int], set[int]],
    influence: tuple[set[int], set[int]],
) -> Iterator[Ground]:
    investors = {each for each in above[0] | influence[0] if view.is_person(each)}
    managers = {each for each in view.managers.get(x, set()) if view.is_person(each)}
    if y in view.close(investors) and y not in above[0] | influence[0]:
        yield "investor", "", tuple(sorted(investors & view.family.get(y, set())))
    if y in view.close(managers):
        yield "manager", "", tuple(sorted(managers & view.family.get(y, set())))
    near = view.close(investors | managers) - {x, y}
    leading = near & above[1]
    if leading and not (above[0] & above[1]):
        yield "through_person", "", tuple(sorted(leading))
    weak = near & influence[1]
    if not weak:
        return
    # whoever leads the one and has influence on the other relates them; influence on both is disputed where
    # another rule says that it does not
    strong = weak & view.close((investors & above[0]) | managers)
    if strong:
        yield "through_person", "", tuple(sorted(strong))
    elif not leading:
        against = rules.get("common_influence", {}).get("answer") == NO
        yield "through_person", DISPUTED if against else "", tuple(sorted(weak))
        yield "common_influence", "", tuple(sorted(weak))


def related(
    case: Case, one: str, other: str, as_of: Moment | None = None, *, language: str = "en"
) -> Related:
    """Whether two parties are related, with the ground of each answer.

    Control, common control (but for the state's alone), significant influence (at least 20 % of the votes,
    with what is under the same control), associates of a member of the group, principal individual investors
    and key managers with their close family and what these control: as the accounting standard and company
    law say; what the exchanges ask besides is listed and not part of the answer. What held within twelve
    months before or after the date counts. Where one text relates two parties and another does not, the
    answer is ``disputed``. Articles, thresholds and months are rows of `graphflow.law` with their dates:
    those in force at the date count. Before 2020 common influence alone was a relation.

    Parameters
    ----------
    one, other
        Ids of parties, or names that only one has.
    as_of
        The date, of the stakes and of the law; None means the last moment of which the case knows anything,
        and the law as it was last.
    language
        Of the grounds' texts: ``en`` or ``zh``.

    Returns
    -------
    Related
        The answer, its grounds, and hints of hidden ties, which are no grounds.

    Raises
    ------
    UsageError
        For one party given twice, and for a date before there were rules.

    References
    ----------
    企业会计准则第36号; 企业会计准则解释第13号（财会〔2019〕21号）; 公司法 (2023) art. 265(4).

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> related(holders.o5(), "A", "C").basis["rule"].tolist()
    ['common_control', 'influence', 'group_associate', 'company_law']
    """
    stakes = stakes_of(case, as_of)
    x, y = party_numbers(stakes, one=one, other=other)
    if x == y:
        raise UsageError(Problem("one, other", N_("both are the same party"), {}, one))
    answer, basis = answer_of(stakes, x, y, language, as_of)
    return Related(answer, basis, _hints(stakes, x, y))


def answer_of(
    stakes: Stakes, x: int, y: int, language: str = "en", as_of: Moment | None = None,
    known_at: int | None = None,
) -> tuple[str, pd.DataFrame]:  # fmt: skip
    """The answer of `related` and its grounds, of two parties by their numbers.

    ``known_at``: what becomes otherwise only behind this moment is not known yet; None: everything is.
    """
    rules = _rules(stakes, as_of)
    seen: dict[Ground, int] = {}
    for at in _moments(stakes, x, y, int(rules["window"]["days"]) * _DAY, known_at):
        view = _View.of(stakes_at(stakes.case, at))
        for first, second in ((x, y), (y, x)):
            for rule, answer, between in _grounds(view, rules, first, second):
                if rule in rules:
                    seen.setdefault((rule, answer or rules[rule]["answer"], between), at)
    order = list(rules)
    zone = stakes.tables.timezone
    rows = [
        {
            "rule": rule, "answer": answer, "scope": rules[rule]["scope"],
            "between": tuple(stakes.name(each) for each in between),
            "date": str(local_time(at, zone).date()) if at else "",
            "article": rules[rule]["article"], "text": rules[rule][f"text_{language}"],
            "mark": rules[rule]["mark"],
        }
        for (rule, answer, between), at in sorted(seen.items(), key=lambda item: order.index(item[0][0]))
    ]  # fmt: skip
    columns = ["rule", "answer", "scope", "between", "date", "article", "text", "mark"]
    said = {row["answer"] for row in rows if row["scope"] == "general"}
    answer = YES if YES in said else DISPUTED if DISPUTED in said else NO
    return answer, pd.DataFrame(rows, columns=columns)


def _rules(stakes: Stakes, as_of: Moment | None) -> Rules:
    """The rules in force at the date that was asked about; without one, as they were last."""
    day = None if as_of is None else local_time(stakes.at, stakes.tables.timezone).date()
    rules = {row["rule"]: row for row in law_on("related_parties", day)}
    if not any(row["scope"] == "general" for row in rules.values()):
        since = min(row["since"] for row in law("related_parties") if row["scope"] == "general")
        raise UsageError(
            Problem(
                "as_of",
                N_("no rule on who is related was in force on {day}: they hold from {since} on"),
                {"day": str(day), "since": since},
                str(as_of),
            )
        )
    return rules


def _moments(stakes: Stakes, x: int, y: int, window: int, known_at: int | None) -> list[int]:
    """The moments within a window at which something may be otherwise, the one asked about first."""
    last = stakes.at + window if known_at is None else known_at
    found = {stakes.at, *(at for at in changes_of(stakes, x, y) if at <= last)}
    return sorted((at for at in found if abs(at - stakes.at) <= window), key=lambda at: abs(at - stakes.at))


def changes_of(stakes: Stakes, x: int, y: int) -> set[int]:
    """All moments at which it may become otherwise whether two parties are related.

    Only what stands above one of the two at any time can relate them: its changes are looked at.
    """
    ever = stakes_at(stakes.case, None)
    near = set(ties_of(ever).above(x).tolist()) | set(ties_of(ever).above(y).tolist()) | {x, y}
    names = pa.array([stakes.name(each) for each in near], stakes.ids.type)
    found: set[int] = set()
    for table, columns in (("stakes", ("owner_id", "company_id")), ("relations", ("party_id", "other_id"))):
        rows = stakes.tables.arrow(table)
        if rows is None:
            continue
        both = [pc.is_in(one(rows[column]), value_set=names) for column in columns]
        rows = rows.filter(pc.or_(*both))
        for column in ("since", "until"):
            if column in rows.column_names:
                times = rows[column].drop_null().cast(pa.int64()).to_pylist()
                # what ends at a moment held until just before it
                found.update(time - (column == "until") for time in times)
    return found


def _hints(stakes: Stakes, x: int, y: int) -> pd.DataFrame:
    """What two parties share: hints, which prove nothing."""
    rows: list[dict[str, Any]] = []
    table = stakes.tables.arrow("relations")
    if table is not None and table.num_rows:
        held = table.take(np.flatnonzero(in_force(table, stakes.at)))
        one_, other = numbers_of(held["party_id"], stakes.ids), numbers_of(held["other_id"], stakes.ids)
        kinds = one(held["kind"]).to_pylist()
        by: dict[str, dict[int, set[int]]] = {}
        for first, second, kind in zip(one_.tolist(), other.tolist(), kinds, strict=True):
            if kind in _HINTS:
                if {first, second} == {x, y}:
                    rows.append({"hint": kind, "value": "", "source": "relations"})
                by.setdefault(kind, {}).setdefault(second, set()).add(first)
                by[kind].setdefault(first, set()).add(second)
        agents = by.get("agent", {})
        rows += [
            {"hint": "agent", "value": stakes.name(each), "source": "relations"}
            for each in sorted(agents.get(x, set()) & agents.get(y, set()))
        ]
    parties = stakes.tables.arrow("parties")
    assert parties is not None
    pair = parties.take(pa.array([x, y]))
    for column in (*_SAME, "founded"):
        if column in pair.column_names:
            first, second = pair[column].to_pylist()
            if first is not None and first == second:
                rows.append({"hint": f"same_{column}", "value": str(first), "source": "parties"})
    return pd.DataFrame(rows, columns=["hint", "value", "source"])
