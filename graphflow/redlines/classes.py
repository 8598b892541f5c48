"""Classes: the six of the clean-up (六分类, RL-27) and the three of lending platforms (三分类, RL-28).

Functions over findings, with reasons: which finding put whom where. A class is a proposal for whoever
decides; what could not be asked is told beside it, because it can only make a class graver.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Element, Finding
from graphflow.language import N_
from graphflow.redlines import Check, check
from graphflow.redlines.amounts import Raised, raised
from graphflow.redlines.facts import Facts, Flags
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

SIX: Mapping[str, tuple[str, str]] = {
    "L1": ("及时整改，加强风险管控", N_("licensed, no breach, but risk is high: rectify in time")),
    "L2": ("停止业务，限期整改", N_("licensed, a rule is broken: stop the business, rectify by a day")),
    "L3": ("停业整改，回归资质业务", N_("licensed for something else: close, return to what is licensed")),
    "U1": ("采取有效方式，逐步化解", N_("unlicensed, small, harmless so far: resolve step by step")),
    "U2": ("坚决予以取缔", N_("unlicensed and disorderly, or evading: ban")),
    "U3": ("依法严厉打击", N_("unlicensed with signs of a crime: hand over to the police")),
    "OK": ("未见违规", N_("nothing found in what could be asked")),
    "N": ("未见金融业务，不分类", N_("no financial business was seen: none of the six is about it")),
    "?": ("情况不明，暂不定类", N_("what the class depends on is not known: the reasons say each outcome")),
}
"""The six classes and what is done (S2-NJ); and where none of them is given, why."""

THREE: Mapping[str, tuple[str, str]] = {
    "ban": ("取缔类", N_("to be banned")),
    "rectify": ("整改类", N_("to be rectified")),
    "compliant": ("合规类", N_("in order as far as it could be asked")),
    "?": ("情况不明，暂不定类", N_("what the class depends on is not known, or could not be asked")),
}
"""The three classes of lending platforms (S1-P2P)."""

AXES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "intermediary": (
        N_("stays an intermediary (信息中介定位)"),
        ("RL-01", "RL-02", "RL-03", "RL-08", "RL-09", "RL-12", "RL-18", "RL-25"),
    ),
    "compliance": (
        N_("keeps the rules of business (业务合规性)"),
        (
            "RL-04", "RL-05", "RL-06", "RL-10", "RL-11", "RL-13", "RL-14", "RL-15", "RL-16", "RL-17", "RL-19",
            "RL-21", "RL-22", "RL-24", "RL-29",
        ),
    ),
    "custody": (N_("clients' money is in custody (第三方存管)"), ("RL-20", "RL-23")),
    "disclosure": (N_("says what is true (信息披露)"), ("RL-07", "RL-26")),
    "facilities": (N_("safe network and facilities (网络设施安全性)"), ()),
}  # fmt: skip
"""The five axes of assessment, and the red lines that speak to each, every one once; no data speaks of the
last."""

PENALTY: Mapping[str, int] = {"watch": 10, "medium": 30, "high": 60, "critical": 100}
"""What a finding takes off an axis of 100, by severity; the gravest counts, a rule of thumb of ours."""

SMALL = {"gross": 1_000_000, "participants": 150}
"""Below both (yuan, persons), and without a loss, unlicensed business counts as small (S2-NJ; 法释〔2022〕5号
art. 3)."""

NO_BUSINESS = {"RL-26": {"name"}, "RL-29": {"structuring"}}
"""Of these red lines, tests that say nothing of what somebody's business is: a name, and a client's habit."""

DECISIVE: Mapping[str, frozenset[str]] = {
    "RL-01": frozenset({"custody", "broker", "refunds", "one_product"}),
    "RL-02": frozenset({"returned", "redeemed", "market"}),
    "RL-07": frozenset({"vehicle", "supplier", "spends"}),
    "RL-08": frozenset({"licensed", "lenders_money"}),
    "RL-10": frozenset({"licensed"}),
    "RL-14": frozenset({"exempt", "employees", "secondary", "public"}),
    "RL-20": frozenset({"cut_off", "own_money", "special", "ordered"}),
    "RL-22": frozenset({"merchant", "own_shops"}),
    "RL-23": frozenset({"on_behalf", "own_first", "cut_off", "invested"}),
    "RL-25": frozenset({"netting", "refund"}),
}
"""By red line: the guards by which, if one applies, nothing is left of what makes a finding grave. Where one
cannot be told, no class as grave as `GRAVE` rests on the finding alone. Those that no table of ours can ever
answer (for whom an agent acts, accounts that nobody listed) are none of them: the reasons say them."""

NEEDED: Mapping[str, frozenset[str]] = {
    "RL-02": frozenset({"purpose"}), "RL-06": frozenset({"project", "shorter"}),
    "RL-23": frozenset({"holds"}), "RL-25": frozenset({"others"}),
}  # fmt: skip
"""By red line: the elements without which a finding is business, but no ground for a class of `GRAVE`."""

GRAVE = ("U2", "U3", "ban")
"""Classes that rest on nothing that cannot be told."""

SHELLS = 3
"""From so many shells on somebody evades."""


@dataclass(frozen=True)
class Class:
    """A class with its reasons.

    Attributes
    ----------
    code
        A key of `SIX` or `THREE`.
    measure_zh
        What is done, or the class, in the words of the plan.
    reasons
        Findings (their ids) that put it there, the gravest first; and other grounds as words.
    """

    code: str
    measure_zh: str
    reasons: tuple[str, ...]


Amounts = Raised | Callable[[], Raised | None] | None
"""What somebody raised; or what finds it out, which is costly and seldom asked."""


def six(
    licensed: bool | None, findings: Sequence[Finding], amounts: Amounts = None, shells: int = 0
) -> Class:
    """The class of RL-27: the first that fits of U3, U2, U1 for the unlicensed, else of L3, L2, L1.

    U3: a finding is critical, or projects are made up (RL-07) and old investors paid of new ones' money
    (RL-25). U2: a pool, split terms or clients' money misused (RL-01, RL-06, RL-23), several shells, or more
    than a small business. U1: a small one, or one of which nobody knows how large it is. Of names changed,
    accounts rotated and answers refused no table speaks. L3: its business is another than its licence's
    (RL-18). L2: another rule is broken. L1: only risk is high.

    Where U3 or U2 would hang on what cannot be told of a finding (`DECISIVE`, `NEEDED`), and the class would
    be another without it, it is ``?``, and the reasons say both classes and what is open.

    Parameters
    ----------
    licensed
        Whether it has any licence of finance on the day; None: no register of licences is here.
    findings
        Those about it.
    amounts
        What it raised, or what finds that out where the class depends on it: small is below a million yuan
        and 150 persons, and without a loss.
    shells
        How many shells it uses.

    Examples
    --------
    >>> six(True, []).code, six(False, [], shells=4).code  # shells of no business are none
    ('OK', 'OK')
    """
    if licensed is None:
        either = six(True, findings, amounts, shells), six(False, findings, amounts, shells)
        if either[0].code == either[1].code:
            return either[0]
        text = Told(
            N_("{licensed} if it is licensed, {unlicensed} if it is not"),
            licensed=either[0].code, unlicensed=either[1].code,
        )  # fmt: skip
        return _class("?", (text, *dict.fromkeys(either[0].reasons + either[1].reasons)))
    if not licensed:
        return _weighed(lambda every, grave: _graded(every, grave, amounts, shells), findings, SIX)
    another = _of(findings, "RL-18")
    if another:
        return _class("L3", another)
    breaches = tuple(f.id for f in findings if f.severity in ("medium", "high", "critical"))
    risks = tuple(f.id for f in findings if f.code == "RL-05" or f.severity == "watch")
    beyond = tuple(f for f in breaches if f not in risks)
    if beyond:
        return _class("L2", beyond)
    return _class("L1", risks) if risks else _class("OK", ())


def _of(findings: Sequence[Finding], *codes: str) -> tuple[str, ...]:
    """The findings of some red lines, by id, in the order of these and the surest first."""
    surest = sorted(findings, key=lambda f: -f.confidence)
    return tuple(f.id for code in codes for f in surest if f.code == code)


def _open(f: Finding) -> tuple[tuple[Element, ...], tuple[Element, ...]]:
    """The guards, and the elements, that cannot be told of a finding and that its gravity hangs on."""
    guards, needed = DECISIVE.get(f.code, ()), NEEDED.get(f.code, ())
    return (
        tuple(e for e in f.counter_evidence if e.state == "unknown" and e.name in guards),
        tuple(e for e in f.elements if e.state == "unknown" and e.name in needed),
    )


def _points(f: Finding, elements: Sequence[Element]) -> tuple[str, ...]:
    text = N_("{finding} leaves open: {point}")
    return tuple(Told(text, finding=f.id, point=Told(e.text)) for e in elements)


def _weighed(
    grade: Callable[[Sequence[Finding], Sequence[Finding]], Class], findings: Sequence[Finding],
    measures: Mapping[str, tuple[str, str]],
) -> Class:  # fmt: skip
    """The class by all findings; where it is grave and another by those alone that leave nothing open, both.

    ``grade`` gives a class by findings, of which some count as grave.
    """
    standing = [f for f in findings if not _open(f)[0]]
    graver = grade(findings, findings)
    if graver.code not in GRAVE:
        return graver
    milder = grade(standing, [f for f in findings if not any(_open(f))])
    if graver.code == milder.code:
        grounds = [f for f in findings if f.id in milder.reasons]  # the sure ones are enough
        more = (
            e for f in grounds for e in _points(f, [g for g in f.counter_evidence if g.state == "unknown"])
        )
        return Class(milder.code, milder.measure_zh, tuple(dict.fromkeys((*milder.reasons, *more))))
    text = Told(
        N_("{graver} as it was found, {milder} if what is open speaks against it"),
        graver=graver.code, milder=milder.code,
    )  # fmt: skip
    points = tuple(point for f in findings for each in _open(f) for point in _points(f, each))
    reasons = (text, *points, *graver.reasons, *milder.reasons)
    return Class("?", measures["?"][0], tuple(dict.fromkeys(reasons)))


def _graded(findings: Sequence[Finding], grave: Sequence[Finding], amounts: Amounts, shells: int) -> Class:
    """The class of who has no licence by its findings, of which some count as grave."""
    critical = tuple(f.id for f in grave if f.severity == "critical")
    made_up, paid_old = _of(grave, "RL-07"), _of(grave, "RL-25")
    if critical or (made_up and paid_old):
        return _class("U3", critical or made_up + paid_old)
    business = tuple(f.id for f in findings if _business(f))
    if not business:  # shells without a business that they serve say nothing
        return _class("N" if findings else "OK", tuple(f.id for f in findings))
    evades = (Told(N_("{count} shells"), count=shells),) if shells >= SHELLS else ()
    disorder = _of(grave, "RL-01", "RL-06", "RL-23") + evades
    if disorder:
        return _class("U2", disorder)
    small = _small(amounts() if callable(amounts) else amounts)
    if small is None:
        return _class("U1", (*business, Told(N_("how much was raised is not known"))))
    return _class("U1", business) if small else _class("U2", (*business, Told(N_("not small"))))


def _business(f: Finding) -> bool:
    """Whether a finding says that somebody does financial business."""
    return not {test.name for test in f.tests if test.hit} <= NO_BUSINESS.get(f.code, set())


def _class(code: str, reasons: tuple[str, ...]) -> Class:
    return Class(code, SIX[code][0], reasons)


def _small(amounts: Raised | None) -> bool | None:
    """None where it is not known (nothing registered, no money seen to come), or in another currency."""
    if amounts is None or amounts.currency != "CNY" or not amounts.seen:
        return None
    totals = amounts.totals
    gross, people, loss = totals["gross"] or 0, totals["participants"] or 0, totals["net_loss"] or 0
    return gross < SMALL["gross"] * 10**amounts.digits and people < SMALL["participants"] and not loss


def three(
    findings: Sequence[Finding], refuses: bool = False, asked: Collection[str] | None = None
) -> tuple[Class, dict[str, int | None]]:
    """The class of RL-28, and the five axes from 0 to 100; None where none of an axis's lines could be asked.

    Banned: something critical, or a fund pool with self-financing, made-up projects or a Ponzi scheme, or who
    refuses to rectify. To be rectified: anything medium or high. Else in order. Where a ban would hang on
    what cannot be told of a finding it is ``?``, see `six`.

    Parameters
    ----------
    findings
        Those about a platform.
    refuses
        Whether it refuses to rectify.
    asked
        The codes of the red lines that could be asked; None: all of them.

    Examples
    --------
    >>> found, axes = three([])
    >>> found.measure_zh, axes["custody"], axes["facilities"]
    ('合规类', 100, None)
    """
    found = _weighed(lambda every, grave: _banned(every, grave, refuses, asked), findings, THREE)
    axes: dict[str, int | None] = {}
    for axis, (_, lines) in AXES.items():
        worst = max((PENALTY[f.severity] for f in findings if f.code in lines), default=0)
        could = lines if asked is None else set(lines) & set(asked)
        axes[axis] = 100 - worst if could else None
    return found, axes


def _banned(
    findings: Sequence[Finding], grave: Sequence[Finding], refuses: bool, asked: Collection[str] | None
) -> Class:
    """The class of a platform by its findings, of which some count as grave."""
    codes = {f.code for f in grave}
    critical = tuple(f.id for f in grave if f.severity == "critical")
    pool = "RL-01" in codes and codes & {"RL-02", "RL-07", "RL-25"}
    mixed = tuple(f.id for f in grave if f.code in ("RL-01", "RL-02", "RL-07", "RL-25")) if pool else ()
    some = tuple(f.id for f in findings if f.severity != "watch")
    if critical or pool or refuses:
        code, reasons = "ban", critical + mixed + ((Told(N_("refuses to rectify")),) if refuses else ())
    elif some:
        code, reasons = "rectify", some
    else:
        code, reasons = "compliant" if asked is None or set(asked) else "?", ()
    return Class(code, THREE[code][0], tuple(dict.fromkeys(reasons)))


def classify(case: Case, as_of: Moment | None = None, *, checked: Check | None = None) -> pd.DataFrame:
    """Every party that a finding is about, or that has a licence or runs a platform, with its classes.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows.
    checked
        The findings, where they are there already; else the red lines are asked.

    Returns
    -------
    pandas.DataFrame
        One row a party: `party_id`, `name`, `licensed` (missing where no licences are given), `six`,
        `six_zh`, `reasons`, `shells`, `three` and `three_zh` (lending platforms only), and the five axes of
        `AXES`, missing where none of their red lines could be asked.

    Raises
    ------
    UsageError
        `as_of` is no date.

    References
    ----------
    南京市互联网金融风险专项整治 (six classes); P2P网络借贷风险专项整治工作实施方案 (three classes).

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl18
    >>> classify(rl18.toy())[["party_id", "licensed", "six"]].values.tolist()
    [['BANK', True, 'OK'], ['X', False, 'U2']]
    """
    c = checked if checked is not None else check(case, as_of=as_of)
    facts = c.facts
    about: dict[str, list[Finding]] = {}
    for f in c.findings:
        for party in parties_of(facts, f.subject_kind, f.subject_id):
            about.setdefault(party, []).append(f)
    platforms = set(facts.platforms("lending"))
    licences = set(facts.in_force("licences")["party_id"]) if facts.has("licences") else None
    asked = set(c.tests.loc[c.tests["ran"], "code"])
    sums: dict[frozenset[str], Raised] = {}

    def raised_by(group: frozenset[str], party: str) -> Raised:
        if group not in sums:
            sums[group] = raised(case, party, as_of)  # what it raised, its group raised
        return sums[group]

    shells_of = functools.cache(functools.partial(_shells, facts))
    rows = []
    for party in sorted({*about, *platforms, *(licences or ())}):
        mine = about.get(party, [])
        licensed = None if licences is None else party in licences
        group = facts.group(party)
        shells = shells_of(group)
        amounts: Amounts = None
        if mine and not licensed and party in facts.party_number:
            amounts = functools.partial(raised_by, group, party)
        found = six(licensed, mine, amounts, shells)
        row: dict[str, object] = {
            "party_id": party, "name": facts.name_of(party),
            "licensed": pd.NA if licensed is None else licensed,
            "six": found.code, "six_zh": found.measure_zh, "reasons": found.reasons, "shells": shells,
            "three": None, "three_zh": None, **dict.fromkeys(AXES),
        }  # fmt: skip
        if party in platforms:
            of_platform, axes = three(mine, asked=asked)
            row |= {"three": of_platform.code, "three_zh": of_platform.measure_zh, **axes}
            if of_platform.code == "?":  # what it hangs on must be read somewhere
                row["reasons"] = tuple(dict.fromkeys((*found.reasons, *of_platform.reasons)))
        rows.append(row)
    columns = [
        "party_id", "name", "licensed", "six", "six_zh", "reasons", "shells", "three", "three_zh", *AXES,
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"licensed": "boolean", **dict.fromkeys(AXES, "Int64")})


def parties_of(facts: Facts, kind: str, ident: str) -> list[str]:
    """Whom a finding is about: a party, an account's holder, a product's manager, a loan's platform."""
    if kind == "party":
        return [ident]
    if kind == "account":
        number = facts.account_number.get(ident, -1)
        holder = facts.holder(number) if number >= 0 else ""
        return [holder] if holder else []
    table, key, columns = {
        "product": ("products", "product_id", ("manager_id", "issuer_id")),
        "loan": ("loans", "loan_id", ("platform_id",)),
    }[kind]
    rows = facts.rows(table)
    mine = rows[rows[key] == ident]
    for column in columns:
        named = mine[column].dropna()
        if len(named):
            return [str(named.iloc[0])]
    return []


def _shells(facts: Facts, group: frozenset[str]) -> int:
    """Companies that share a telephone or an address with two others, and were paid by a group."""
    paid = sets.unique(facts.flows["payee"].to_numpy()[facts.paid_by(facts.accounts_of(group))])
    paid = paid[(paid >= 0) & _alike(facts)[paid]]
    return int((~np.isin(facts.party_ids[paid], sorted(group))).sum()) if paid.size else 0


def _alike(facts: Facts) -> Flags:
    """By party whether it is a company that shares a telephone or an address with two others."""
    found: Flags | None = facts.__dict__.get("_alike")
    if found is None:
        parties = facts.rows("parties")
        firms = parties[parties["kind"] == "company"]
        alike: set[str] = set()
        for column in ("phone", "address"):
            counts = firms[column].dropna().value_counts()
            shared = counts[counts >= SHELLS].index
            alike |= set(firms.loc[firms[column].isin(shared), "party_id"])
        found = facts.__dict__["_alike"] = np.isin(facts.party_ids, sorted(alike))
    return found
