"""RL-05 Maturity mismatch (期限错配): short money in what ends later, paid back of new money.

The rule: non-standard debt must end no later than the closed product that holds it, or than the next day on
which an open one opens; a closed product runs for at least 90 days; the products of one institution have no
more than so much in one asset (资管新规 art. 15). Looked at: ends of what cannot be sold beside the product's
own calendar, also where a closed product in between hides it; what falls due on both sides, and how much of
it only new money can pay; whether redemptions were in fact paid so; for platforms, loans beside the terms
that lenders were told. Not it: cash-management products under a rule of their own, an asset that can be put
back in time, a committed line for what is lacking, loans that are repaid in instalments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told, UsageError
from graphflow.findings import Cited, Finding, Measure, number_text
from graphflow.language import N_
from graphflow.products.looking import LookThrough
from graphflow.products.positions import positions_of
from graphflow.products.rolling import OWN, SIBLINGS
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test
from graphflow.redlines.facts import IN_YUAN, POSITIONED, Facts, Flags, Ints, known, local_days, micros
from graphflow.redlines.limits import first_day
from graphflow.redlines.registers import (
    began_before,
    cite_products,
    given_of,
    legacy,
    money,
    named,
)
from graphflow.rows import Moment, local_time

if TYPE_CHECKING:
    from graphflow.case import Case

UNSOLD = ("nonstandard_debt", "loan")
"""Kinds of assets that nobody buys before they end."""

SOLD = ("cash", "standard_debt", "equity", "unknown", "product")
"""Kinds of assets that can be sold, or may be for all that is known."""

OUTSIDE = ("abs", "pension")
"""Kinds of products to which the rule does not apply (资管新规 art. 3)."""

HORIZONS = (30, 90, 180, 365)
"""Days up to which a ladder is told."""

ROLLED = (30, 90)
"""Days up to which what only new money can pay is asked."""

CASH_WORDS = ("现金管理", "货币", "cash management", "money market")
PUT_WORDS = ("回售", "回购", "put", "repurchase")
LINE_WORDS = ("授信", "流动性支持", "流动性承诺", "credit line", "liquidity", "standby")
"""What stands in the name of a cash-management product, in a put's kind, in a committed line's kind."""

RULES = ("fifo", "lifo", "prorata")
"""The rules of tracing under which redemptions are followed back."""

LONGER = ("asset_end", "through", "equity", "ladder")
"""The tests by which assets outlast the money that they were bought with."""

OF_ITSELF = ("unknown", N_("this does not depend on what it holds"))

WEEK = 7
"""Days before an opening within which assets that can be sold are asked of an open product."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    overhang: Number | None = None,
    closed_days: Number | None = None,
    rollover: Number | None = None,
    ponzi: Number | None = None,
    ponzi_money: Number | None = None,
    liquid: Number | None = None,
    same_asset: Number | None = None,
    listed: Number | None = None,
    transition: Number | None = None,
) -> Iterator[Finding]:
    """Products whose assets outlast their money, and platforms whose loans outlast what lenders were told.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    overhang
        Most days by which what cannot be sold may end after the product; None: what the table of law says.
    closed_days
        Least days for which a closed product runs.
    rollover
        From which part on of what falls due it is new money's to pay; the same of what was in fact so paid.
    ponzi
        From which part of what was paid back that was new money it is critical.
    ponzi_money
        The same only where at least so much was paid back.
    liquid
        Least part of net assets that an open private product can sell when it opens.
    same_asset
        Most that the products of one institution may have in one asset.
    listed
        Least term listed over the loan's term.
    transition
        The year to whose end products of before the rule were let be.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl05
    >>> [(f.subject_id, f.measure, int(f.value)) for f in find(rl05.toy())], len(list(find(rl05.near_miss())))
    ([('W', 'overhang', 630)], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, overhang=overhang, closed_days=closed_days, rollover=rollover, ponzi=ponzi,
        ponzi_money=ponzi_money, liquid=liquid, same_asset=same_asset, listed=listed, transition=transition,
    )  # fmt: skip
    yield from _products(ask)
    if ask.runs("same_asset") and ask.in_force("same_asset"):
        yield from _same_asset(ask)
    if ask.runs("platform"):
        yield from _platforms(ask)


# ---------------------------------------------------------------- one product


@dataclass
class _Seen:
    """What was seen of a product: the tests that hit, measures in the order in which they weigh, rows."""

    hit: list[str] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    rows: list[Cited] = field(default_factory=list)
    said: list[Told] = field(default_factory=list)
    amount: int | None = None
    waits: str = "unknown"


def _products(ask: Inquiry) -> Iterator[Finding]:
    facts = ask.facts
    late = _late(ask)
    names = {str(each) for each in late["product_id"]} if len(late) else set()
    if ask.runs("closed_term") and ask.in_force("closed_days"):
        names |= {name for name in facts.positions.products if _closed_days(ask, name) is not None}
    if ask.runs("ladder"):
        names |= set(_with_unsold(facts))
    if ask.runs("liquidity") and ask.in_force("liquid"):
        names |= {name for name in facts.positions.held if _opens(facts, name)}
    for name in (str(each) for each in facts.positions.products if each in names):
        mine = late[late["product_id"] == name] if len(late) else late
        found = _product(ask, name, mine)
        if found is not None:
            yield found


def _product(ask: Inquiry, name: str, late: pd.DataFrame) -> Finding | None:
    facts = ask.facts
    given = given_of(facts, name)
    cash = any(word in str(given.get("name") or "").lower() for word in CASH_WORDS)
    seen = _Seen()
    puts, line = _puts(facts, name, late), _line(facts, name)
    late = late[~late["asset_id"].isin(puts.ids)] if len(late) else late
    if len(late) and legacy(ask, name, "overhang")[0] != "present":
        _see_late(ask, seen, late)
    ladder = None if cash else _ladder(ask, name)
    if ladder is not None:
        _see_ladder(ask, seen, ladder)
    short = _closed_days(ask, name) if ask.runs("closed_term") and ask.in_force("closed_days") else None
    if short is not None and not cash:
        _see_short(ask, seen, name, short)
    if ask.runs("liquidity") and ask.in_force("liquid"):
        _see_liquid(ask, seen, name)
    if not seen.hit:
        return None
    if line.amount and line.amount >= (seen.amount or 0) and set(seen.hit) <= set(LONGER):
        return None  # a committed line covers what is lacking
    many = _paid_back(facts, name)
    if many > MOST_TRACED and set(seen.hit) & set(LONGER):
        seen.measures.append(
            ask.measure("untraced", N_("redemptions, too many to be followed back here"), many)
        )
    rolled = _realised(ask, name) if set(seen.hit) & set(LONGER) and many <= MOST_TRACED else None
    if rolled is not None:
        seen.measures += rolled.measures
        seen.rows += rolled.rows
        seen.hit += ["realised"] if rolled.least >= ask.threshold("rollover") else []
    if ladder is not None:
        seen.measures += [
            each for each in ladder.measures if each.name not in {m.name for m in seen.measures}
        ]
        seen.rows += ladder.rows
    grave = ladder is not None and ladder.dependency >= ask.threshold("rollover")
    ponzi = (
        rolled is not None
        and rolled.least >= ask.threshold("ponzi")
        and rolled.redeemed >= _in_own(ask, "ponzi_money")
    )
    return ask.finding(
        subject=("product", name),
        hit=seen.hit,
        summary=seen.said[0],
        measures=seen.measures,
        rows=[
            *seen.rows, *cite_products(facts, [name], shows=True), *puts.rows, *line.rows, *facts.cite_last(),
        ],
        severity="critical" if ponzi else "high" if grave or "realised" in seen.hit else "medium",
        kinds={"register": "shown"} | ({"flow": "shown"} if "realised" in seen.hit else {}),
        elements={
            "waits": OF_ITSELF if seen.waits == "unknown" else seen.waits,
            "longer": "shown" if set(seen.hit) & set(LONGER) else OF_ITSELF,
            "rolled": _rolled_state(ask, ladder, rolled),
        },
        against=_against(ask, name, cash, puts, line),
        amount=seen.amount,
        currency=facts.tables.currency,
    )  # fmt: skip


def _in_own(ask: Inquiry, name: str) -> Fraction:
    """A threshold in yuan, where the case is in yuan; else beyond everything: nobody here knows a rate."""
    own = ask.facts.tables.currency == ask.threshold_row(name).unit
    return ask.threshold(name) if own else Fraction(10**30)


def _rolled_state(ask: Inquiry, ladder: _Ladder | None, rolled: _Realised | None) -> tuple[str, str] | str:
    least = ask.threshold("rollover")
    if rolled is not None:
        if rolled.least >= least:
            return "shown"
        return "unknown", N_(
            "traced back, its redemptions were not mainly paid of new money under every rule"
        )
    if ladder is not None and ladder.dependency >= least:
        return "inferred", N_("by what falls due on both sides; no redemption is there to trace")
    return "unknown", N_("nothing says of what its investors are paid back")


# ---------------------------------------------------------------- ends beside the calendar


def _late(ask: Inquiry) -> pd.DataFrame:
    """Holdings that end after the product's end or next opening: with ``test``, ``limit`` and ``days``."""
    facts, p = ask.facts, ask.facts.positions
    names = ["product_id", "asset_id", "amount", "test", "limit", "days"]
    nothing = pd.DataFrame({name: [] for name in names})
    if (
        not (ask.runs("asset_end") or ask.runs("through"))
        or not len(p.holdings)
        or not ask.in_force("overhang")
    ):
        return nothing
    rows = p.holdings
    limits = {
        name: _NONE if given_of(facts, name).get("kind") in OUTSIDE else _limit(facts, name)
        for name in set(rows["product_id"])
    }
    limit = np.array([limits[each] for each in rows["product_id"]], np.int64)
    kind = rows["asset_kind"].to_numpy(object)
    end = micros(rows["end"]) if "end" in rows else np.full(len(rows), _NONE)
    opens = np.array(
        [given_of(facts, each).get("open_type") == "open" for each in rows["product_id"]], np.bool_
    )
    test = np.full(len(rows), "", object)
    if ask.runs("asset_end"):
        test[np.isin(kind, UNSOLD) & (end != _NONE)] = "asset_end"
        if ask.in_force("liquid"):  # the rule on unlisted equity is that of private products
            private = np.array(
                [given_of(facts, each).get("offering") == "private" for each in rows["product_id"]], np.bool_
            )
            test[(kind == "equity") & (end != _NONE) & private] = "equity"
    if ask.runs("through"):
        inner = [
            _end_of(facts, each) if what == "product" else _NONE
            for each, what in zip(rows["asset_id"], kind, strict=True)
        ]
        hidden = np.array(inner, np.int64)
        test[hidden != _NONE] = "through"
        end = np.where(hidden != _NONE, hidden, end)
    start = micros(rows["start"]) if "start" in rows else np.full(len(rows), _NONE)
    # of an opening that is over: only what was held through it
    over = opens & (limit < p.at) & ~((start != _NONE) & (start <= limit))
    keep = (test != "") & (limit != _NONE) & (end > limit) & ~over
    if not keep.any():
        return nothing
    days = local_days(facts, end[keep]) - local_days(facts, limit[keep])
    found = rows[keep].assign(test=test[keep], limit=limit[keep], days=days)
    late: pd.DataFrame = found[found["days"] > int(ask.threshold("overhang"))]
    return late


_NONE = int(np.iinfo(np.int64).min)
"""What `micros` has for an empty time."""


def _moment(value: Any) -> int:
    return _NONE if value is None else int(micros(pd.Series([value]))[0])


def _limit(facts: Facts, product: str) -> int:
    """By when what a product holds has to end: its end, or its next opening; of an unknown kind the later."""
    given = given_of(facts, product)
    end, opens = _moment(given.get("end")), _moment(given.get("next_open"))
    kind = given.get("open_type")
    if kind == "closed":
        return end
    if kind == "open":
        return opens
    return max(end, opens)


def _end_of(facts: Facts, product: str) -> int:
    """When a closed product ends that is, in the end, in what cannot be sold; nothing of any other."""
    given = given_of(facts, product)
    if given.get("open_type") != "closed" or given.get("end") is None:
        return _NONE
    rows = LookThrough(facts.positions, product).assets
    return _moment(given["end"]) if rows["asset_kind"].isin(UNSOLD).any() else _NONE


def _see_late(ask: Inquiry, seen: _Seen, late: pd.DataFrame) -> None:
    facts = ask.facts
    name = str(late["product_id"].iloc[0])
    amount, days = int(late["amount"].sum()), int(late["days"].max())
    order = ("asset_end", "through", "equity")
    seen.hit += [each for each in order if each in set(late["test"])]
    seen.waits = "shown" if "asset_end" in set(late["test"]) else "inferred"
    seen.amount = amount
    seen.measures += [
        ask.measure("overhang", N_("days by which it ends after the product"), days, "overhang", ">"),
        ask.measure("late", N_("held in what ends after the product"), amount, unit=facts.tables.currency),
    ]
    opens = given_of(facts, name).get("open_type") == "open"
    text = (
        N_("{product} has {money} in what cannot be sold and ends up to {days} days after it opens next")
        if opens
        else N_("{product} has {money} in what cannot be sold and ends up to {days} days after the product")
    )
    seen.said.append(Told(text, product=named(facts, name), money=money(facts, amount), days=days))
    seen.rows.append(facts.cite("holdings", late))
    through = late[late["test"] == "through"]
    if len(through):
        looks = [LookThrough(facts.positions, str(inner)) for inner in through["asset_id"]]
        below = {each for r in looks for kind, each in r.below if kind == "product"}
        held = [facts.positions.held[each] for each in sorted(below) if each in facts.positions.held]
        seen.rows += [facts.cite("holdings", each, False) for each in held]
        seen.rows += cite_products(facts, below)


# ---------------------------------------------------------------- what falls due on both sides


@dataclass
class _Ladder:
    dependency: Fraction
    unsold: Fraction
    at: int
    lacking: int
    measures: list[Measure]
    rows: list[Cited]


def _with_unsold(facts: Facts) -> list[str]:
    """Products that hold what cannot be sold, or other products, and whose investors have a day."""
    rows = facts.positions.holdings
    if not len(rows):
        return []
    return [
        str(each)
        for each in rows.loc[
            rows["asset_kind"].isin([*UNSOLD, "property", "other", "product"]), "product_id"
        ].unique()
    ]


def _ladder(ask: Inquiry, name: str) -> _Ladder | None:
    """What a product's investors may ask back, and what its assets bring by then, as of its last report."""
    facts = ask.facts
    if not ask.runs("ladder") or name not in facts.positions.held:
        return None
    r = _reported(facts, name)
    if name not in r.positions.sold:
        return None  # whose money is in it, and until when, is not known
    dues = r.maturities
    owed = dues[dues["side"] == "liabilities"].dropna(subset=["days"])
    if owed.empty or not _dated(facts, r, name):
        return None
    held = dues[dues["side"] == "assets"]
    days = held["days"].to_numpy(np.int64, na_value=2**40)
    amounts = held["amount"].to_numpy(np.int64)
    sold = held["kind"].isin(SOLD).to_numpy(np.bool_)
    ends = r.assets["end"].notna().to_numpy(np.bool_)
    sold = sold & ~((held["kind"] == "equity").to_numpy(np.bool_) & ends)
    due, money_ = owed["days"].to_numpy(np.int64), owed["amount"].to_numpy(np.int64)

    def owed_by(day: int) -> int:
        return int(money_[due <= day].sum())

    def brought(day: int, and_sold: Flags | bool = False) -> int:
        return int(amounts[((days >= 0) & (days <= day)) | and_sold].sum())

    def dependency(day: int, and_sold: Flags | bool = False) -> Fraction:
        owes = owed_by(day)
        return Fraction(max(owes - brought(day, and_sold), 0), owes) if owes else Fraction(0)

    own = facts.tables.currency
    said = (days < 2**40) & (days >= 0)
    mean_owed = Fraction(int((np.maximum(due, 0) * money_).sum()), int(money_.sum()))
    measures = [
        *(ask.measure(f"rollover_{day}", _TITLES[day], dependency(day), "rollover") for day in ROLLED),
        ask.measure(
            "wam_liabilities", N_("mean days until its investors can have it"), mean_owed, unit="days"
        ),
    ]
    if said.any() and int(amounts[said].sum()):
        mean = Fraction(int((days[said] * amounts[said]).sum()), int(amounts[said].sum()))
        measures += [
            ask.measure("wam_assets", N_("mean days until its assets end"), mean, unit="days"),
            ask.measure("wam_gap", N_("by which its assets are longer"), mean - mean_owed, unit="days"),
        ]
    if brought(90):
        ratio = Fraction(brought(90) - owed_by(90), brought(90))
        measures.append(
            ask.measure("gap_ratio_90", N_("gap of liquidity within 90 days over what comes due"), ratio)
        )
    for day in HORIZONS:
        gap = brought(day) - owed_by(day)
        measures.append(ask.measure(f"gap_{day}", _GAPS[day], gap, unit=own))
    whole = int(amounts.sum()) - int(money_.sum())
    measures.append(
        ask.measure("gap_all", N_("what comes due in all less what may be asked back"), whole, unit=own)
    )
    worst = max(ROLLED, key=lambda day: (dependency(day, sold), -day))
    rows = [
        facts.cite("holdings", r.positions.held[name]),
        *(facts.cite("holdings", r.positions.held[each], False) for kind, each in r.below
          if kind == "product" and each != name and each in r.positions.held),
        *cite_products(facts, {each for kind, each in r.below if kind == "product"}),
        facts.cite("subscriptions", r.positions.sold[name]),
        facts.cite_parties(set(r.positions.sold[name]["investor_id"])),
        *facts.cite_last(*POSITIONED),
    ]  # fmt: skip
    return _Ladder(
        max(dependency(day) for day in ROLLED), dependency(worst, sold), worst,
        max(owed_by(worst) - brought(worst, sold), 0), measures, rows,
    )  # fmt: skip


_TITLES: Mapping[int, str] = {
    30: N_("part of what may be asked back within 30 days that only new money can pay"),
    90: N_("part of what may be asked back within 90 days that only new money can pay"),
}
_GAPS: Mapping[int, str] = {
    30: N_("what comes due within 30 days less what may be asked back"),
    90: N_("what comes due within 90 days less what may be asked back"),
    180: N_("what comes due within 180 days less what may be asked back"),
    365: N_("what comes due within a year less what may be asked back"),
}


def _reported(facts: Facts, name: str) -> LookThrough:
    """A product looked through as of the day asked about; else of the last report of what it holds."""
    r = LookThrough(facts.positions, name)
    if facts.asked:
        return r
    held = [
        facts.positions.held[each]
        for kind, each in r.below
        if kind == "product" and each in facts.positions.held
    ]
    days = [int(micros(rows["as_of"]).max()) for rows in held if "as_of" in rows]
    last = max(days, default=_NONE)
    if last in (_NONE, facts.positions.at):
        return r
    positions = positions_of(facts.case, local_time(last, facts.tables.timezone))
    return LookThrough(positions, name)


def _dated(facts: Facts, r: LookThrough, name: str) -> bool:
    """Whether days are stated on which investors may have their money; one always open has none."""
    given = given_of(facts, name)
    rows = r.positions.sold[name]
    due = "due" in rows and bool(rows["due"].notna().all())
    at = r.positions.at
    if given.get("open_type") == "open":
        return due or _moment(given.get("next_open")) >= at
    return due or given.get("end") is not None


def _see_ladder(ask: Inquiry, seen: _Seen, ladder: _Ladder) -> None:
    if ladder.unsold < ask.threshold("rollover"):
        return
    facts = ask.facts
    seen.hit.append("ladder")
    title = N_("part of what may be asked back that only new money can pay, all sold that can be")
    seen.measures.append(ask.measure("rollover", title, ladder.unsold, "rollover"))
    seen.amount = max(seen.amount or 0, ladder.lacking)
    seen.said.append(
        Told(
            N_("within {days} days only new money can pay {part} % of what may be asked back: {money} lack"),
            days=ladder.at, part=number_text(100 * ladder.unsold), money=money(facts, ladder.lacking),
        )
    )  # fmt: skip
    if seen.waits == "unknown":
        seen.waits = "shown"


# ---------------------------------------------------------------- what redemptions were paid of


@dataclass
class _Realised:
    least: Fraction
    redeemed: int
    measures: list[Measure]
    rows: list[Cited]


MOST_TRACED = 50
"""Redemptions of a product that are followed back under every rule; of more their number is told, and
``graphflow products CASE PRODUCT --rollover`` follows them."""


def _paid_back(facts: Facts, name: str) -> int:
    """How many redemptions of a product are recorded."""
    if not facts.tables.has("subscriptions", "redeemed"):
        return 0
    rows = facts.rows("subscriptions")
    return int(known(rows.loc[rows["product_id"] == name, "redeemed"]).sum())


def _realised(ask: Inquiry, name: str) -> _Realised | None:
    """What part of a product's redemptions was new money of its issuer's products, under every rule."""
    if not ask.runs("realised"):
        return None
    from graphflow.tracing import trace

    facts = ask.facts
    r = LookThrough(facts.positions, name)
    parts: dict[str, Fraction] = {}
    redeemed, own = 0, ""
    for rule in RULES:
        try:
            found = r.realised_rollover(rule)
        except UsageError:
            return None  # nothing was paid back, or in several currencies
        rows = found.sources[found.sources["source"].isin([OWN, SIBLINGS])]
        parts[rule] = Fraction(int(rows["amount"].sum()), found.redeemed)
        redeemed, own = found.redeemed, found.currency
    least, most = min(parts.values()), max(parts.values())
    until = local_time(facts.at, facts.tables.timezone) if facts.asked else None
    traces = [trace(facts.case, f'product:"{name}"', rule=rule, backward=True, until=until) for rule in RULES]
    issuer = given_of(facts, name).get("issuer_id")
    same = [
        each for each in facts.positions.products
        if each == name or (issuer and given_of(facts, each).get("issuer_id") == issuer)
    ]  # fmt: skip
    rows = facts.rows("subscriptions")
    mine = rows[rows["product_id"].isin(same)]
    carried = {each for t in traces for each in t.transfers["transfer_id"]}
    paid = [each for each in mine["transfer_id"].dropna() if each in carried] if "transfer_id" in mine else []
    back = [each for t in traces for each in t.seeds["transfer_id"] if isinstance(each, str)]
    cites = [
        facts.cite("transfers", facts.at_place([*paid, *back])),
        *(each.as_context() for each in ask.cite_trace(*traces)),
        facts.cite("subscriptions", mine, False),
        *cite_products(facts, same),
    ]
    measures = [
        ask.measure(
            "realised",
            N_("part of what was paid back that was new money, the least by rule"),
            least,
            "rollover",
        ),
        ask.measure("realised_most", N_("the same, the greatest by rule"), most),
        ask.measure("redeemed", N_("paid back to its investors"), redeemed, unit=own),
    ]
    return _Realised(least, redeemed, measures, cites)


# ---------------------------------------------------------------- short terms, and what can be sold at once


def _closed_days(ask: Inquiry, name: str) -> int | None:
    """How many days a closed product runs, where these are too few; of one of before the rule nothing."""
    facts = ask.facts
    given = given_of(facts, name)
    start, end = _moment(given.get("start")), _moment(given.get("end"))
    if given.get("open_type") != "closed" or given.get("kind") in OUTSIDE or _NONE in (start, end):
        return None
    if began_before(facts, name, first_day(ask, "closed_days")) or start > facts.at:
        return None
    first, last = local_days(facts, np.array([start, end], np.int64)).tolist()
    return int(last - first) if last - first < ask.threshold("closed_days") else None


def _see_short(ask: Inquiry, seen: _Seen, name: str, days: int) -> None:
    facts = ask.facts
    seen.hit.append("closed_term")
    seen.measures.append(
        ask.measure("closed_days", N_("days for which the closed product runs"), days, "closed_days", "<")
    )
    seen.said.append(
        Told(
            N_("{product} is closed and runs for {days} days, where at least {least} are asked"),
            product=named(facts, name), days=days, least=number_text(ask.threshold("closed_days")),
        )
    )  # fmt: skip


def _opens(facts: Facts, name: str) -> bool:
    """Whether a private product is open at any time, or opens within a week of the moment."""
    given = given_of(facts, name)
    if given.get("offering") != "private" or given.get("open_type") != "open" or not given.get("net_assets"):
        return False
    opens = _moment(given.get("next_open"))
    if opens == _NONE:
        return True
    day, now = local_days(facts, np.array([opens, facts.positions.at], np.int64)).tolist()
    return bool(0 <= day - now <= WEEK)


def _see_liquid(ask: Inquiry, seen: _Seen, name: str) -> None:
    facts = ask.facts
    if not _opens(facts, name) or name not in facts.positions.held:
        return
    rows = facts.positions.held[name]
    ends = micros(rows["end"]) if "end" in rows else np.full(len(rows), _NONE)
    soon = (ends != _NONE) & (
        local_days(facts, ends) - local_days(facts, np.array([facts.positions.at]))[0] <= WEEK + 2
    )
    equity = (rows["asset_kind"] == "equity").to_numpy(np.bool_) & (ends == _NONE)
    sold = rows["asset_kind"].isin(["cash", "standard_debt", "product", "other"]).to_numpy(np.bool_)
    mine = sold | equity | soon
    part = Fraction(int(rows.loc[mine, "amount"].sum()), int(given_of(facts, name)["net_assets"]))
    if part >= ask.threshold("liquid"):
        return
    seen.hit.append("liquidity")
    seen.measures.append(
        ask.measure(
            "liquid", N_("part of net assets that can be sold within seven working days"), part, "liquid", "<"
        )
    )
    seen.said.append(
        Told(
            N_("of {product}, which is open, {part} % of net assets can be sold within seven working days"),
            product=named(facts, name), part=number_text(100 * part),
        )
    )  # fmt: skip
    seen.rows += [
        facts.cite("holdings", rows[mine]),
        facts.cite("holdings", rows[~mine], False),
        *facts.cite_last(*POSITIONED),
    ]  # fmt: skip


# ---------------------------------------------------------------- guards


@dataclass
class _Found:
    """Guarantees of a kind that were found, with their amount and what they are for."""

    ids: frozenset[str]
    amount: int
    rows: list[Cited]


def _guarantees(facts: Facts, words: tuple[str, ...], wanted: Any) -> pd.DataFrame:
    rows = facts.in_force("guarantees")
    kind = rows["kind"].astype(object).where(rows["kind"].notna(), "").str.lower()
    met = np.logical_or.reduce([kind.str.contains(word, regex=False).to_numpy(np.bool_) for word in words])
    found: pd.DataFrame = rows[met & wanted(rows)]
    return found


def _puts(facts: Facts, name: str, late: pd.DataFrame) -> _Found:
    """Which of some holdings can be put back in time: a guarantee of that kind that names the asset."""
    if not facts.has("guarantees") or not len(late):
        return _Found(frozenset(), 0, [])
    ids = {str(each): str(each).removeprefix("loan:") for each in late["asset_id"]}
    rows = _guarantees(
        facts, PUT_WORDS,
        lambda rows: rows["loan_id"].isin([*ids, *ids.values()])
        & (rows["product_id"].isna() | (rows["product_id"] == name)),
    )  # fmt: skip
    limit = int(late["limit"].min())
    since = micros(rows["since"])
    rows = rows[(since == _NONE) | (since <= limit)]
    named_ = set(rows["loan_id"])
    met = frozenset(each for each, short in ids.items() if each in named_ or short in named_)
    return _Found(met, 0, [facts.cite("guarantees", rows, False)])


def _line(facts: Facts, name: str) -> _Found:
    """What is committed to a product for when money is lacking."""
    if not facts.has("guarantees"):
        return _Found(frozenset(), 0, [])
    rows = _guarantees(facts, LINE_WORDS, lambda rows: rows["product_id"] == name)
    return _Found(frozenset(), int(rows["amount"].fillna(0).sum()), [facts.cite("guarantees", rows, False)])


def _against(
    ask: Inquiry, name: str, cash: bool, puts: _Found, line: _Found
) -> dict[str, tuple[str, str] | str]:
    facts = ask.facts
    none = ("unknown", N_("no table says what is committed or can be put back"))
    known_ = facts.has("guarantees")
    return {
        "cash_rule": ("present", N_("its name says so: only what holds for it too is told")) if cash
        else "clear" if given_of(facts, name).get("name")
        else ("unknown", N_("its name is not stated")),
        "credit_line": none if not known_
        else ("present", Told(N_("{money} are committed, which is less"), money=money(facts, line.amount)))
        if line.amount else "clear",
        "put": none if not known_
        else ("present", Told(N_("{count} that can be put back in time are left out"), count=len(puts.ids)))
        if puts.ids else "clear",
        "instalments": ("clear", N_("it is about a product")),
        "legacy": legacy(ask, name, "overhang"),
    }  # fmt: skip


# ---------------------------------------------------------------- one asset in many products


def _same_asset(ask: Inquiry) -> Iterator[Finding]:
    facts, p = ask.facts, ask.facts.positions
    if facts.tables.currency != "CNY" or not len(p.holdings):
        return  # the limit is yuan, and holdings are in the case's currency: nobody here knows a rate
    rows = p.holdings[~p.holdings["asset_kind"].isin(["cash", "product"])]
    runs = {
        name: str(given.get("manager_id") or given.get("issuer_id") or "")
        for name, given in p.products.items()
    }
    rows = rows.assign(run=[runs.get(each, "") for each in rows["product_id"]])
    groups = rows[rows["run"] != ""].groupby(["run", "asset_id"])
    several = groups["product_id"].nunique() >= 2
    sums: dict[tuple[str, str], int] = groups["amount"].sum()[several].to_dict()  # type: ignore[assignment]
    limit = ask.threshold("same_asset") if sums else 0
    for run, asset in (key for key, held in sums.items() if held > limit):
        mine = groups.get_group((run, asset))
        amount = int(mine["amount"].sum())
        names = sorted(set(mine["product_id"]))
        yield ask.finding(
            subject=("party", str(run)),
            hit=("same_asset",),
            summary=Told(
                N_("{count} products of {party} have {money} in one asset, {asset}"),
                count=len(names), party=facts.name_of(str(run)) or run, money=money(facts, amount),
                asset=asset,
            ),
            measures=[
                ask.measure(
                    "same_asset", N_("held in one asset by products of one institution"), amount,
                    "same_asset", ">",
                ),
                ask.measure("products", N_("products that hold it"), len(names)),
            ],
            rows=[
                facts.cite("holdings", mine),
                *cite_products(facts, names),
                facts.cite_parties([str(run)]),
                *facts.cite_last(),
            ],
            severity="medium",
            kinds={"register": "shown"},
            elements={
                "waits": ("unknown", N_("the limit holds whatever the asset is")),
                "longer": ("unknown", N_("the limit holds whenever the asset ends")),
                "rolled": ("unknown", N_("nothing says of what its investors are paid back")),
            },
            against={
                "cash_rule": ("clear", N_("the limit holds for every product")),
                "credit_line": ("clear", N_("the limit holds whatever is committed")),
                "put": ("clear", N_("the limit holds whatever can be put back")),
                "instalments": ("clear", N_("it is about a product")),
                "legacy": legacy(ask, names[0], "same_asset"),
            },
            amount=amount,
            currency="CNY",
        )  # fmt: skip


# ---------------------------------------------------------------- platforms


def _platforms(ask: Inquiry) -> Iterator[Finding]:
    """Loans that run more than twice as long as lenders were told, by platform."""
    facts = ask.facts
    loans, listings = facts.rows("loans"), facts.rows("listings")
    loans = loans[known(loans["end"])]
    ends: Ints = local_days(facts, micros(loans["end"]))
    days = pd.Series(ends - local_days(facts, micros(loans["start"])), loans["loan_id"].to_numpy(object))
    term = listings.groupby("loan_id")["term_days"].min()
    both = pd.DataFrame({"term": term, "days": days}).dropna()
    both = both[both["days"] > 0].astype("int64")
    limit = ask.threshold("listed")
    short = both[both["term"] * limit.denominator < both["days"] * limit.numerator]
    rows = listings[listings["loan_id"].isin(short.index)]
    repaid = _by_instalments(facts, rows)
    for platform, mine in rows[~rows["loan_id"].isin(repaid)].groupby("platform_id"):
        ids = sorted(set(mine["loan_id"]))
        told = short.loc[ids]
        part = {
            each: Fraction(term, days_)
            for each, term, days_ in zip(ids, told["term"].tolist(), told["days"].tolist(), strict=True)
        }
        of = loans[loans["loan_id"].isin(ids)]
        amount = int(of["principal"].sum())
        yield ask.finding(
            subject=("party", str(platform)),
            hit=("platform",),
            summary=Told(
                N_("{count} loans on {party} run up to {times} times as long as their lenders were told"),
                count=len(ids),
                party=facts.name_of(str(platform)) or platform,
                times=number_text(1 / min(part.values())) if min(part.values()) else "∞",
            ),
            measures=[
                ask.measure(
                    "listed", N_("least term listed over the loan's term"), min(part.values()), "listed", "<"
                ),
                ask.measure("loans", N_("loans of which this is so"), len(ids)),
                ask.measure("listings", N_("listings of these loans"), len(mine)),
            ],
            rows=[
                facts.cite("loans", of),
                facts.cite("listings", mine),
                facts.cite_parties([str(platform)]),
                *_instalments(facts, ids),
            ],
            severity="medium",
            kinds={"contract": "shown"},
            elements={
                "waits": ("inferred", N_("a loan is not paid before it ends")),
                "longer": "shown",
                "rolled": ("unknown", N_("whether the next lenders paid is what RL-06 asks")),
            },
            against={
                "cash_rule": ("clear", N_("it is about loans")),
                "credit_line": ("unknown", N_("no table says what is committed to the platform")),
                "put": ("unknown", N_("no table says whether the loan can be called in")),
                "instalments": "clear" if facts.has("instalments")
                else ("unknown", N_("no instalments are known")),
                "legacy": ("clear", N_("there was no transition for loans")),
            },
            amount=amount,
            currency=facts.tables.currency,
        )  # fmt: skip


def _by_instalments(facts: Facts, listings: pd.DataFrame) -> set[str]:
    """Loans each of whose listings is repaid of the loan's own instalments within its term."""
    if not facts.has("instalments") or not len(listings):
        return set()
    rows = facts.rows("instalments")
    loan, loans = pd.factorize(listings["loan_id"])
    of = pd.Series(np.arange(len(loans)), loans).reindex(rows["loan_id"]).fillna(-1).to_numpy(np.int64)
    rows, of = rows[of >= 0], of[of >= 0]
    due = local_days(facts, micros(rows["due"]))
    opened = local_days(facts, micros(listings["opened"]))
    until = opened + listings["term_days"].to_numpy(np.int64)
    # loan and day as one key, so that what falls due within a time is a difference of sums
    base = int(min(due.min(initial=0), opened.min(), until.min()))
    width = int(max(due.max(initial=0), opened.max(), until.max())) - base + 2
    key = of * width + due - base
    order = np.argsort(key, kind="stable")
    total = np.append(0, np.cumsum(rows["amount"].to_numpy(np.int64)[order]))
    first, last = (
        total[np.searchsorted(key[order], loan * width + day - base, side="right")] for day in (opened, until)
    )
    short = last - first < listings["amount"].to_numpy(np.int64)
    return {str(loans[each]) for each in sets.minus(loan, loan[short])}


def _instalments(facts: Facts, loans: list[str]) -> list[Cited]:
    if not facts.has("instalments"):
        return []
    rows = facts.rows("instalments")
    return [facts.cite("instalments", rows[rows["loan_id"].isin(loans)], False)]


LINE = RedLine(
    code="RL-05",
    name=N_("Maturity mismatch"),
    name_zh="期限错配",
    asks=N_("Is short money in what ends later, so that it is paid back of new money?"),
    tests=(
        Test(
            "asset_end",
            N_("ends of what cannot be sold beside the product's end or next opening"),
            ("holdings.end", ("products.end", "products.next_open")),
        ),
        Test(
            "equity",
            N_("the same of unlisted equity with a day of exit in private products"),
            ("holdings.end", ("products.end", "products.next_open"), "products.offering"),
        ),
        Test(
            "through",
            N_("the same of closed products that hold what cannot be sold"),
            ("holdings", "products.end", "products.open_type"),
        ),
        Test(
            "ladder",
            N_("what falls due on both sides, all sold that can be"),
            ("holdings", ("subscriptions.due", "products.end", "products.next_open")),
        ),
        Test(
            "realised",
            N_("whether redemptions were paid of new money, traced back"),
            ("subscriptions.redeemed", "transfers"),
        ),
        Test(
            "closed_term",
            N_("for how many days closed products run"),
            ("products.open_type", "products.start", "products.end"),
        ),
        Test(
            "liquidity",
            N_("what open private products can sell at once"),
            ("holdings", "products.net_assets", "products.open_type", "products.offering"),
        ),
        Test(
            "same_asset",
            N_("what the products of one institution have in one asset"),
            ("holdings", ("products.manager_id", "products.issuer_id"), IN_YUAN),
        ),
        Test("platform", N_("loans beside the terms of their listings"), ("loans.end", "listings")),
    ),
    elements={
        "waits": N_("what is held cannot be sold before it ends"),
        "longer": N_("it ends after those whose money it is may have it back"),
        "rolled": N_("they are paid of new money"),
    },
    guards={
        "cash_rule": N_("it is a cash-management product under a rule of its own"),
        "credit_line": N_("a committed line covers what is lacking"),
        "put": N_("the asset can be put back before the product ends"),
        "instalments": N_("the loan is repaid in instalments within the term listed"),
        "legacy": N_("the product is of before the rule and the transition had not ended"),
    },
    find=find,
)  # fmt: skip
