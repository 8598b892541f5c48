"""RL-04 Principal and interest promised (代替客户承诺保本保息、刚性兑付).

The rule: neither a platform nor a manager promises principal or yield, and nobody pays in an asset's place
(暂行办法 art. 10 (3); 资管新规 art. 2 and 19; 私募条例 art. 20). Looked at: what texts and guarantees
say; whether what investors were paid stays at the promise while what the assets earned goes up and down; and
of whose money they were paid: the manager's own and its affiliates', another product's, new investors' where
`rl25_new_for_old` finds that, or a third party's in the assets' place. Not it: deposits, treasury bonds,
pensions and insurance that are guaranteed by law, texts that say that nothing is guaranteed, assets that
hardly vary, open funds that are redeemed at their value, a licensed guarantor of a loan, and an investor who
sells to another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, number_text
from graphflow.language import N_
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test
from graphflow.redlines.borrowing import words_of
from graphflow.redlines.facts import Facts, known
from graphflow.redlines.registers import cite_products, given_of, named
from graphflow.redlines.rl05_maturity_mismatch import LINE_WORDS
from graphflow.redlines.smoothing import Results, Smooth
from graphflow.redlines.standing_in import entity, sources
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

PROMISES = (
    "保本", "保息", "保收益", "保证本金", "保证收益", "保证本息", "保障本金", "保障本息", "本金保障",
    "本息保障", "本金保证", "本息保证", "承诺收益", "承诺本金", "承诺回购", "刚性兑付", "刚兑", "无风险",
    "零风险", "兜底", "差额补足", "稳赚", "保证兑付", "guaranteed", "capital protect", "principal protect",
    "risk-free", "no risk",
)  # fmt: skip
"""What a promise of principal or of a yield says."""

DENIALS = re.compile(r"不|非|未|没有|并无|打破|禁止|严禁|\bno\b(?! risk)|\bnot\b|\bnon-?|without")
"""What stands before such words where nothing is promised."""

NOTHING = frozenset({"", "无", "否", "没有", "不适用", "none", "no", "n/a", "na", "-", "/", "false"})
"""What a text says that says that there is none."""

STRONGER = (
    "不可撤销",
    "不可撤回",
    "无条件",
    "无限连带",
    "irrevocable and unconditional",
    "without condition",
)
"""What makes a promise stronger, though it reads like a denial."""

CLAUSE = re.compile(r"[,，.。;；!！?？\n]")

DEPOSITS = ("存款", "储蓄", "存单", "deposit")
"""What the name of a bank's deposit says."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    promises: Number | None = None,
    smooth: Number | None = None,
    maturities: Number | None = None,
    kept: Number | None = None,
    close: Number | None = None,
    spread: Number | None = None,
    periods: Number | None = None,
    source: Number | None = None,
    hops: int = 4,
) -> Iterator[Finding]:
    """Products whose principal or yield is promised, is paid whatever they earn, or is paid by others.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    promises
        Least number of texts and guarantees that promise it.
    smooth
        Least part of the assets' standard deviation that investors did not feel.
    maturities
        Least number of maturities.
    kept
        Least part of them that were paid as promised.
    close
        A yield is as promised where it is less than this away.
    spread
        Assets whose standard deviation is less than this hardly vary, and nothing is said of them.
    periods
        Least number of periods of which it is known what the assets earned.
    source
        Least part of what investors were paid that was the manager's own, an affiliate's, another product's,
        a third party's, or, in months of new money for old, other investors' money.
    hops
        Through how many transfers money may go out to others and come back, to be followed there.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl04
    >>> [(f.measure, str(f.value)) for f in find(rl04.toy())], len(list(find(rl04.near_miss())))
    ([('smooth', '1')], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, promises=promises, smooth=smooth, maturities=maturities, kept=kept,
        close=close, spread=spread, periods=periods, source=source, hops=hops,
    )  # fmt: skip
    if ask.runs("promised") or ask.runs("smoothing"):
        yield from _products(ask)
    if ask.runs("source"):
        yield from sources(ask, hops)


# ---------------------------------------------------------------- products


@dataclass
class _Seen:
    """What was seen of a product, or of one manager's products together."""

    hit: list[str] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    rows: list[Cited] = field(default_factory=list)
    said: list[Told] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    amount: int | None = None
    worded: bool = True


def _products(ask: Inquiry) -> Iterator[Finding]:
    facts = ask.facts
    frame = facts.rows("products")
    results = Results(facts) if ask.runs("smoothing") else None
    least = ask.threshold("maturities")
    few: dict[str, dict[str, Fraction]] = {}
    given_by = facts.rows("guarantees")  # of products: what secures a loan secures an asset
    given_by = given_by[known(given_by["product_id"]) & ~known(given_by["loan_id"])]
    for name, rate in zip(words_of(frame["product_id"]), words_of(frame["promised_yield"]), strict=True):
        if _legal(facts, name):
            continue
        seen = _Seen()
        if ask.runs("promised"):
            _see_promise(ask, seen, name, given_by)
        if results is not None and rate and results.counts.get(name, 0):
            if results.counts[name] >= least:
                _see_smooth(seen, results.smoothed(ask, {name: Fraction(rate)}), named(facts, name))
            else:
                given = given_of(facts, name)
                run = str(given.get("manager_id") or given.get("issuer_id") or "")
                few.setdefault(run, {})[name] = Fraction(rate)
        if seen.hit:
            yield _finding(ask, ("product", name), _runs(facts, [name]), seen)
    for run, promised in few.items():
        if not run or results is None:
            continue
        seen = _Seen()
        who = facts.name_of(run) or run
        _see_smooth(seen, results.smoothed(ask, promised), who)
        if seen.hit:
            yield _finding(ask, ("party", run), {run}, seen)


def _runs(facts: Facts, products: Sequence[str]) -> set[str]:
    """Who issues or manages some products."""
    return {
        str(given_of(facts, each)[column])
        for each in products
        for column in ("issuer_id", "manager_id")
        if given_of(facts, each).get(column)
    }


def _legal(facts: Facts, product: str) -> bool:
    """Whether a law guarantees it: pensions, deposits of a bank, a state's bonds, an insurer's products."""
    given = given_of(facts, product)
    name = str(given.get("name") or "").lower()
    if given.get("kind") == "pension" or "养老" in str(given.get("exempt") or ""):
        return True
    for party in _runs(facts, [product]):
        number = facts.party_number.get(party, -1)
        sector, kind = (facts.party_sector[number], facts.party_kind[number]) if number >= 0 else ("", "")
        if kind == "government" or sector == "insurer":
            return True
        if "bank" in (sector, kind) and any(word in name for word in DEPOSITS):
            return True
    return False


def promise_in(text: str) -> str:
    """The part of a text that promises principal or a yield; empty where none does.

    Examples
    --------
    >>> promise_in("本产品保本保息，随时可取"), promise_in("不承诺保本、保收益"), promise_in("非保本浮动收益")
    ('本产品保本保息', '', '')
    """
    for clause in CLAUSE.split(_plain(text)):
        for word in PROMISES:
            at = clause.find(word)
            if at >= 0 and not DENIALS.search(clause[:at]):
                return clause.strip()
    return ""


def _plain(text: str) -> str:
    """A text in small letters, without what makes a promise stronger and reads like a denial."""
    plain = text.strip().lower()
    for word in STRONGER:
        plain = plain.replace(word, "")
    return plain


def _stands(text: str) -> bool:
    """Whether a text in the place of a guarantee says anything but that there is none."""
    plain = _plain(text)
    return plain not in NOTHING and not DENIALS.search(plain) and not plain.startswith("无")


def _see_promise(ask: Inquiry, seen: _Seen, product: str, given_by: pd.DataFrame) -> None:
    facts = ask.facts
    given = given_of(facts, product)
    text, name = str(given.get("guarantee") or "").strip(), str(given.get("name") or "")
    worded = [each for each in (promise_in(text), promise_in(name)) if each]
    stands = _stands(text)
    texts = len(worded) + int(stands and not promise_in(text))
    group = frozenset[str]().union(*(facts.group(each) for each in _runs(facts, [product])))
    mine = given_by[(given_by["product_id"] == product).to_numpy(np.bool_)]
    mine = mine[mine["guarantor_id"].isin(group).to_numpy(np.bool_)]
    line = [any(word in kind for word in LINE_WORDS) for kind in words_of(mine["kind"].str.lower())]
    mine = mine[~np.array(line, np.bool_)]
    if texts + len(mine) < ask.threshold("promises") or not texts + len(mine):
        return
    seen.hit.append("promised")
    seen.worded = bool(worded) or bool(len(mine))
    seen.kinds["contract"] = "shown" if seen.worded else "inferred"
    seen.measures += [
        ask.measure("promises", N_("texts and guarantees that promise it"), texts + len(mine), "promises"),
        ask.measure("own_guarantees", N_("of them guarantees of who runs it, or of its group"), len(mine)),
    ]
    said = worded[0] if worded else text if stands else ""
    by_group = N_("{product} is guaranteed by who runs it, or by its group")
    text_ = N_("{product} says: {words}") if said else by_group
    seen.said.append(Told(text_, product=named(facts, product), words=said))
    seen.rows += [
        *cite_products(facts, [product], shows=bool(texts)),
        facts.cite("guarantees", mine),
        facts.cite_parties(set(mine["guarantor_id"])),
    ]
    for run in sorted(_runs(facts, [product])):
        seen.rows += facts.cite_group(run, mine["guarantor_id"])
    if len(mine) and known(mine["amount"]).any():
        seen.amount = int(mine["amount"].fillna(0).sum())


def _see_smooth(seen: _Seen, found: Smooth | None, who: str) -> None:
    if found is None:
        return
    seen.hit.append("smoothing")
    seen.measures += found.measures
    seen.rows += found.rows
    seen.kinds |= {"register": "shown", "statement": "shown"}
    seen.amount = max(seen.amount or 0, found.amount)
    seen.said.append(
        Told(
            N_(
                "investors of {who} were paid as promised on {kept} % of {count} maturities, while what the "
                "assets earned went up and down"
            ),
            who=who, kept=number_text(100 * found.kept), count=found.maturities,
        )
    )  # fmt: skip


def _finding(ask: Inquiry, subject: tuple[str, str], runs: set[str], seen: _Seen) -> Finding:
    facts = ask.facts
    severity, note, licences = entity(facts, runs)
    promised, smoothed = "promised" in seen.hit, "smoothing" in seen.hit
    return ask.finding(
        subject=subject,
        hit=seen.hit,
        summary=seen.said[0],
        measures=seen.measures,
        rows=[*seen.rows, facts.cite_parties(runs), *licences],
        severity=severity,
        severity_note=note,
        kinds=seen.kinds,
        elements={
            "promised": ("inferred", N_("by what was paid: a yield is stated, and kept"))
            if not promised
            else "shown"
            if seen.worded
            else ("inferred", N_("a text stands where a guarantee would")),
            "regardless": "shown" if smoothed else ("unknown", N_("it rests on what was promised")),
            "stands_in": ("unknown", N_("of whose money they were paid is asked of whoever runs it")),
        },
        against={
            "legal": ("clear", N_("neither its kind nor who issues it says that a law guarantees it")),
            "denied": ("clear", N_("the words before a promise were read, too"))
            if promised
            else ("clear", N_("it rests on what was paid")),
            "steady": ("clear", N_("the assets vary by more"))
            if smoothed
            else ("clear", N_("it rests on what was promised")),
            "netting": ("clear", N_("of whose money they were paid is not asked here")),
            "loans": ("clear", N_("of whose money they were paid is not asked here")),
            "units": ("clear", N_("of whose money they were paid is not asked here")),
        },
        amount=seen.amount,
        currency=facts.tables.currency,
    )


LINE = RedLine(
    code="RL-04",
    name=N_("Principal and interest promised"),
    name_zh="承诺保本保息、刚性兑付",
    asks=N_("Are principal or yield promised, or paid whatever the assets return?"),
    tests=(
        Test(
            "promised",
            N_("texts and guarantees of products that promise principal or a yield"),
            ("products", ("products.guarantee", "products.name", "guarantees.product_id")),
        ),
        Test(
            "smoothing",
            N_("what investors were paid, maturity by maturity, beside what the assets earned"),
            (
                "products.promised_yield", "subscriptions.redeemed", "subscriptions.redeemed_amount",
                "holdings.income", "holdings.as_of",
            ),
        ),
        Test(
            "source",
            N_("payouts followed back to own, other products' and third parties' money"),
            (
                "transfers",
                ("accounts.party_id", "accounts.signer_id", "accounts.product_id", "transfers.product_id"),
            ),
        ),
    ),
    elements={
        "promised": N_("principal or a yield is promised"),
        "regardless": N_("investors are paid whatever the assets return"),
        "stands_in": N_("somebody pays in the place of the assets"),
    },
    guards={
        "legal": N_("a law guarantees it: deposits, treasury bonds, pensions, insurance"),
        "denied": N_("the text says that nothing is guaranteed"),
        "steady": N_("the assets hardly vary by themselves"),
        "netting": N_("an open fund is redeemed at its value while others subscribe"),
        "loans": N_("a licensed guarantor pays on a loan"),
        "units": N_("an investor sells to another"),
    },
    find=find,
    uses=("RL-25",),
)  # fmt: skip
