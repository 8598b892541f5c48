"""RL-24 Excessive returns (超高回报率): more is promised or paid than can be earned.

The rule: returns that are plainly beyond reason, clearly above what projects or the trade yield, are watched
closely (国办发〔2016〕21号 3(4)). Looked at: what is promised; what investors who got their money back were
really paid a year, bonuses and cash-backs included; rates of loans beside four times the LPR of their day;
how far a promise lies from those of the others (median and median deviation); whether it lies above what the
product's own assets earned, quarter after quarter. Not it: a share's real gain where nothing is promised,
products of high risk that say so and are sold to qualified investors, a short promotion within a budget.

A yield is simple, as contracts write it: the gain over the capital times the time for which it stood. Whole
calendar months count a twelfth of a year each, other spans by days of 365. The internal rate of return is
told beside it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, number_text
from graphflow.kernels.runs import number_runs
from graphflow.language import N_
from graphflow.redlines import rl25_new_for_old
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test
from graphflow.redlines.borrowing import says
from graphflow.redlines.facts import DAY, IN_YUAN, Facts, Ints, known, local_days, micros
from graphflow.redlines.raising import Raising, raisings
from graphflow.redlines.yields import day_of
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

BONUS = (
    "返现",
    "返利",
    "红包",
    "奖励",
    "加息",
    "抵用",
    "体验金",
    "推荐",
    "cashback",
    "cash-back",
    "coupon",
    "bonus",
)
"""What stands in the memo of what is paid beside the agreed yield."""

PROMOTION = 90 * DAY
"""A promotion that is short: from its first bonus to its last."""

UPSIDE = ("equity", "mixed", "commodity")
"""Kinds of products whose gain is the assets' own."""

NORMAL = Fraction("1.4826")
"""What makes a median deviation a standard deviation, of a normal distribution."""

_EPOCH = datetime.date(1970, 1, 1).toordinal()

QUARTER = (80 * DAY, 100 * DAY)
"""How far apart two quarters' ends lie."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    lose: Number | None = None,
    cap: Number | None = None,
    outlier: Number | None = None,
    peers: Number | None = None,
    quarters: Number | None = None,
    promotion: Number | None = None,
) -> Iterator[Finding]:
    """Products and platforms that promise or pay more than can be earned.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    lose
        The yield a year from which all of the capital may be lost, by a rule of thumb.
    cap
        The highest rate of a private loan; None: four times the LPR of the day of the loan.
    outlier
        How many robust standard deviations above the median of the others.
    peers
        Of at least so many others.
    quarters
        In so many quarters one after another more than the assets earned.
    promotion
        Bonuses of at most this part of what was raised, within three months, are a promotion.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl24
    >>> [(f.measure, str(f.value)) for f in find(rl24.toy())], len(list(find(rl24.near_miss())))
    ([('paid', '33/125')], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, lose=lose, cap=cap, outlier=outlier, peers=peers, quarters=quarters,
        promotion=promotion,
    )  # fmt: skip
    offers = _offers(ask)
    for offer in offers:
        hits = [
            *(_paid(ask, offer) if ask.runs("paid") else ()),
            *(_promised(ask, offer) if ask.runs("promised") else ()),
            *(_beside(ask, offer, offers) if ask.runs("peers") else ()),
            *(_above_assets(ask, offer) if ask.runs("assets") else ()),
        ]
        if hits:
            yield _finding(ask, offer, hits)
    if ask.runs("cap"):
        yield from _loans(ask)


# ---------------------------------------------------------------- what is offered, and what was paid


@dataclass(frozen=True)
class Paid:
    """What investors who got their capital back were paid a year.

    Attributes
    ----------
    gain, bonus
        What they got beyond their capital, and what of it was a bonus: minor units.
    stood
        The capital times the years for which it stood.
    investors, left_out
        Investors, and those who have not got their capital back and do not count.
    irr
        The internal rate of return of all their payments together; None where there is none.
    rows
        The transfers.
    """

    gain: int
    bonus: int
    stood: Fraction
    investors: int
    left_out: int
    irr: Fraction | None
    rows: Ints = field(repr=False)

    @property
    def rate(self) -> Fraction:
        """The simple yield a year, bonuses included."""
        return self.gain / self.stood

    @property
    def base(self) -> Fraction:
        """The same without bonuses."""
        return (self.gain - self.bonus) / self.stood


@dataclass(frozen=True)
class Offer:
    """A product, or whoever raises money without one: what is promised and what was paid."""

    subject: tuple[str, str]
    row: Mapping[str, Any]
    promised: Fraction | None
    paid: Paid | None
    raising: Raising | None
    day: datetime.date | None
    promotes: bool
    issuers: frozenset[str]

    @property
    def kind(self) -> str:
        """The kind of the product; empty where there is none."""
        return str(self.row.get("kind") or "")


def _offers(ask: Inquiry) -> list[Offer]:
    facts = ask.facts
    offers: list[Offer] = []
    paid = _payments(ask)
    if facts.has("products"):
        frame = facts.rows("products")
        for place, row in zip(frame.index, frame.to_dict("records"), strict=True):
            product = str(row["product_id"])
            promised = None if pd.isna(row["promised_yield"]) else Fraction(str(row["promised_yield"]))
            raising, got, promotes = paid.pop(product, (None, None, False))
            issuers = {str(row[each]) for each in ("issuer_id", "manager_id") if not pd.isna(row[each])}
            start = int(micros(frame["start"].loc[[place]])[0])
            day = None if pd.isna(row["start"]) else day_of(facts, start)
            offers.append(
                Offer(
                    ("product", product),
                    {str(k): None if pd.api.types.is_scalar(v) and pd.isna(v) else v for k, v in row.items()}
                    | {"place": place},
                    promised, got, raising, day, promotes, frozenset(issuers),
                )
            )  # fmt: skip
    for name, (raising, got, promotes) in paid.items():
        if got is not None and raising is not None and name.startswith("\0"):
            offers.append(Offer(raising.subject, {}, None, got, raising, None, promotes, raising.members))
    return offers


def _payments(ask: Inquiry) -> dict[str, tuple[Raising | None, Paid | None, bool]]:
    """By product, or else by who raises: what was paid, and whether bonuses are a promotion."""
    facts = ask.facts
    found: dict[str, tuple[Raising | None, Paid | None, bool]] = {}
    products = set(facts.rows("products")["product_id"]) if facts.has("products") else set()
    for number, raising in enumerate(raisings(facts)):
        code = raising.ins["currency"].mode().min()
        ins = raising.ins[raising.ins["currency"] == code]
        outs = raising.outs[raising.outs["currency"] == code]
        outs = outs.assign(bonus=says(facts, outs["row"].to_numpy(), BONUS))
        promotes = _promotes(ask, ins, outs)
        # what names no product is for the only one that its receiver has paid for
        bare = (outs["product"] == "").to_numpy(np.bool_)
        if bare.any():
            own = ins[(ins["product"] != "") & ins["holder"].isin(outs.loc[bare, "holder"])]
            own = own.groupby("holder")["product"].agg(["nunique", "first"])
            lone = own.loc[own["nunique"] == 1, "first"].to_dict()
            outs.loc[bare, "product"] = [lone.get(holder, "") for holder in outs.loc[bare, "holder"]]
        for product in sorted(set(ins["product"])):
            mine, back = ins[ins["product"] == product], outs[outs["product"] == product]
            got = _got(facts, mine, back)
            found[product if product in products else f"\0{number}{product}"] = (raising, got, promotes)
    return found


def _promotes(ask: Inquiry, ins: pd.DataFrame, outs: pd.DataFrame) -> bool:
    """Whether all bonuses lie within three months and are a small part of what was raised."""
    bonuses = outs[outs["bonus"]]
    if bonuses.empty:
        return False
    short = bonuses["time"].max() - bonuses["time"].min() <= PROMOTION
    part = Fraction(int(bonuses["amount"].sum()), int(ins["amount"].sum()))
    return bool(short) and part <= ask.threshold("promotion")


def _got(facts: Facts, ins: pd.DataFrame, outs: pd.DataFrame) -> Paid | None:
    """What investors were paid, each from when it paid in until its capital was back."""
    holder, time, amount, row = (
        np.concatenate([ins[name].to_numpy(np.int64), outs[name].to_numpy(np.int64)])
        for name in ("holder", "time", "amount", "row")
    )
    comes_in = np.arange(holder.size) < len(ins)
    bonus = np.concatenate([np.zeros(len(ins), np.bool_), outs["bonus"].to_numpy(np.bool_)])
    order = np.lexsort((row, time, holder))
    holder, time, amount, row = (each[order] for each in (holder, time, amount, row))
    comes_in, bonus = comes_in[order], bonus[order]
    run = number_runs(holder, comes_in, amount)
    of = np.flatnonzero(run >= 0)  # the others were paid before they paid in: of something else
    run = run[of]
    if not of.size:
        return None
    begins = np.flatnonzero(np.append(True, run[1:] != run[:-1]))
    lengths = np.diff(np.append(begins, run.size))
    put = np.where(comes_in[of], amount[of], 0)
    capital = np.add.reduceat(put, begins)
    back = np.cumsum(np.where(comes_in[of], 0, amount[of]))
    back -= np.repeat(back[begins] - np.where(comes_in[of], 0, amount[of])[begins], lengths)
    whole = back >= np.repeat(capital, lengths)
    # where each run's capital was back: the first row that has all of it
    places = np.where(whole, np.arange(run.size), run.size)
    at = np.minimum.reduceat(places, begins)
    closed = at < run.size
    days, years = _terms(facts, time[of], time[of][np.minimum(np.repeat(at, lengths), run.size - 1)])
    none = comes_in[of] & (days == 0) & (years == 0)
    closed &= ~np.logical_or.reduceat(none, begins)
    if not closed.any():
        return None
    kept = np.repeat(closed, lengths)
    gain = int(back[begins + lengths - 1][closed].sum()) - int(capital[closed].sum())
    stood = Fraction(_product(put[kept], years[kept]), 12) + Fraction(_product(put[kept], days[kept]), 365)
    counted = sets.unique(holder[of][begins[closed]]).size
    flows = np.where(comes_in[of], -1, 1)[kept] * amount[of][kept]
    return Paid(
        gain, int(amount[of][kept & bonus[of]].sum()), stood, counted, sets.unique(holder).size - counted,
        _irr(time[of][kept], flows), sets.unique(row[of][kept]),
    )  # fmt: skip


def _product(amounts: Ints, times: Ints) -> int:
    """The sum of amounts times numbers of months or days, exactly: in halves that 64 bits hold."""
    high, low = amounts >> 20, amounts & (1 << 20) - 1
    return (int((high * times).sum()) << 20) + int((low * times).sum())


def _terms(facts: Facts, since: Ints, until: Ints) -> tuple[Ints, Ints]:
    """The times between moments in days (365 to a year), or else in whole calendar months; the other 0."""
    one, other = local_days(facts, since), local_days(facts, until)
    months = [each.astype("datetime64[D]").astype("datetime64[M]") for each in (one, other)]
    of_month = [
        each - begin.astype("datetime64[D]").astype(np.int64)
        for each, begin in zip((one, other), months, strict=True)
    ]
    between = months[1].astype(np.int64) - months[0].astype(np.int64)
    whole = (between > 0) & (of_month[0] == of_month[1])
    return np.where(whole, 0, other - one), np.where(whole, between, 0)


def _irr(times: Ints, flows: Ints) -> Fraction | None:
    """The internal rate of return a year, to six decimals: told, and compared with nothing."""
    if not (flows < 0).any() or not (flows > 0).any():
        return None
    years = (times - times.min()) / (365 * DAY)
    money = flows.astype(np.float64)
    low, high = -0.99, 100.0
    if (money * (1 + high) ** -years).sum() > 0 or (money * (1 + low) ** -years).sum() < 0:
        return None
    for _ in range(200):
        if round(low * 1_000_000) == round(high * 1_000_000):
            break  # whatever lies between them is told the same
        middle = (low + high) / 2
        low, high = (middle, high) if (money * (1 + middle) ** -years).sum() > 0 else (low, middle)
    return Fraction(round(low * 1_000_000), 1_000_000)


# ---------------------------------------------------------------- tests


@dataclass(frozen=True)
class _Hit:
    test: str
    measures: tuple[Measure, ...]
    rows: tuple[Cited, ...]
    kind: str


def _guarded(offer: Offer) -> bool:
    """Whether its gain is the assets' own, or it is of high risk, says so and is for qualified investors."""
    upside = offer.kind in UPSIDE and offer.promised is None and not offer.row.get("guarantee")
    return upside or _qualified(offer)


def _qualified(offer: Offer) -> bool:
    risk = offer.row.get("risk_level")
    return (
        offer.row.get("offering") == "private" and risk is not None and risk >= 4 and offer.promised is None
    )


def _ladder(ask: Inquiry, offer: Offer) -> bool:
    """Whether the rule of thumb can be asked: it is of yields in yuan."""
    return ask.facts.tables.currency == "CNY" and not _guarded(offer)


def _paid(ask: Inquiry, offer: Offer) -> Iterator[_Hit]:
    paid = offer.paid
    if paid is None or not _ladder(ask, offer) or paid.rate < ask.threshold("lose"):
        return
    if offer.promotes and paid.base < ask.threshold("lose"):
        return
    measures = [
        ask.measure("paid", N_("what was paid a year, simple, with bonuses"), paid.rate, "lose"),
        ask.measure("base", N_("of it without bonuses"), paid.base),
        ask.measure("investors", N_("investors whose capital is back"), paid.investors),
    ]
    if paid.irr is not None:
        measures.append(ask.measure("irr", N_("internal rate of return a year"), paid.irr))
    yield _Hit("paid", tuple(measures), (ask.facts.cite("transfers", paid.rows),), "flow")


def _promised(ask: Inquiry, offer: Offer) -> Iterator[_Hit]:
    if offer.promised is None or not _ladder(ask, offer) or offer.promised < ask.threshold("lose"):
        return
    measure = ask.measure("promised", N_("what is promised a year"), offer.promised, "lose")
    yield _Hit("promised", (measure,), (ask.facts.cite("products", [offer.row["place"]]),), "contract")


def _beside(ask: Inquiry, offer: Offer, offers: Sequence[Offer]) -> Iterator[_Hit]:
    """Beside promises of other issuers for products of its kind."""
    if offer.promised is None or _guarded(offer):
        return
    others = [
        each for each in offers
        if each.promised is not None and each.kind == offer.kind and not each.issuers & offer.issuers
    ]  # fmt: skip
    if len(others) < ask.threshold("peers"):
        return
    yields = sorted(each.promised for each in others if each.promised is not None)
    middle = _median(yields)
    spread = NORMAL * _median(sorted(abs(each - middle) for each in yields))
    if spread == 0:
        return  # where half of them promise the same, no distance is a multiple of nothing
    far = (offer.promised - middle) / spread
    if far < ask.threshold("outlier"):
        return
    measures = (
        ask.measure("distance", N_("robust standard deviations above what others promise"), far, "outlier"),
        ask.measure("median", N_("what others promise a year, in the median"), middle),
        ask.measure("peers", N_("others of the kind, by other issuers"), len(others), "peers"),
    )
    places = [each.row["place"] for each in others]
    facts = ask.facts
    rows = (facts.cite("products", [offer.row["place"]]), facts.cite("products", places, False))
    yield _Hit("peers", measures, rows, "contract")


def _median(values: Sequence[Fraction]) -> Fraction:
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def _above_assets(ask: Inquiry, offer: Offer) -> Iterator[_Hit]:
    """More than the product's assets earned, quarter after quarter."""
    facts = ask.facts
    given = offer.promised if offer.promised is not None else offer.paid.rate if offer.paid else None
    if given is None or offer.subject[0] != "product":
        return
    rows = facts.rows("holdings")
    rows = rows[(rows["product_id"] == offer.subject[1]) & known(rows["as_of"]) & known(rows["income"])]
    ends = sets.unique(micros(rows["as_of"]))
    earned: list[Fraction | None] = []
    for end in ends.tolist():
        then = rows[micros(rows["as_of"]) == end]
        amount = int(then["amount"].sum())
        earned.append(Fraction(4 * int(then["income"].sum()), amount) if amount else None)
    best: list[int] = []
    run: list[int] = []
    for place, each in enumerate(earned):
        apart = place and not QUARTER[0] <= ends[place] - ends[place - 1] <= QUARTER[1]
        above = each is not None and given > each
        run = ([] if apart else run) + [place] if above else []
        best = run if len(run) > len(best) else best
    if len(best) < 2 or len(best) < ask.threshold("quarters"):
        return
    least = min(given - each for each in (earned[place] for place in best) if each is not None)
    measures = (
        ask.measure(
            "quarters", N_("quarters in a row in which more was given than earned"), len(best), "quarters"
        ),
        ask.measure("gap", N_("at least so much a year more than its assets earned"), least),
    )  # fmt: skip
    mine = rows[np.isin(micros(rows["as_of"]), ends[best])]
    cited = [facts.cite("holdings", mine), facts.cite("products", [offer.row["place"]])]
    if offer.promised is None and offer.paid is not None:
        cited.append(facts.cite("transfers", offer.paid.rows))
    yield _Hit("assets", measures, tuple(cited), "statement")


# ---------------------------------------------------------------- findings


def _finding(ask: Inquiry, offer: Offer, hits: Sequence[_Hit]) -> Finding:
    facts = ask.facts
    rates = (offer.promised, offer.paid.rate if offer.paid is not None else None)
    highest = max(each for each in rates if each is not None)
    measures = [measure for hit in hits for measure in hit.measures]
    if offer.promised is not None and not any(m.name == "promised" for m in measures):
        measures.append(ask.measure("promised", N_("what is promised a year"), offer.promised))
    limit = ask.threshold_on("cap", offer.day) if offer.day and facts.tables.currency == "CNY" else None
    if limit is not None and highest > limit.value:
        text = N_("the highest of them, beside four times the LPR of the product's first day")
        measures.append(Measure("cap", text, highest, limit.value, ">", limit.basis))
    if facts.tables.currency == "CNY":
        steps = sum(highest >= ask.threshold(name) for name in ("question", "danger", "lose"))
        measures.append(
            ask.measure("steps", N_("steps of the ladder of 6, 8 and 10 % that it reaches"), steps)
        )
    fresh = _paid_of_new_money(ask, offer)
    texts = {
        "paid": N_("investors of {who} were paid {rate} % a year, bonuses included"),
        "promised": N_("{who} promises {rate} % a year"),
        "peers": N_("{who} promises {rate} % a year, {far} robust standard deviations above the others"),
        "assets": N_("{who} gives {rate} % a year, more than its assets earned in {quarters} quarters"),
    }
    by_name = {measure.name: measure.value for measure in measures}
    first = hits[0]
    rate = {"paid": by_name.get("paid"), "assets": highest}.get(first.test) or offer.promised or highest
    return ask.finding(
        subject=offer.subject,
        hit=[hit.test for hit in hits],
        summary=Told(
            texts[first.test],
            who=offer.raising.name(facts)
            if offer.raising is not None and not offer.row.get("name")
            else str(offer.row.get("name") or facts.name_of(offer.subject[1]) or offer.subject[1]),
            rate=number_text(100 * rate),
            far=number_text(by_name.get("distance", Fraction(0))),
            quarters=number_text(by_name.get("quarters", Fraction(0))),
        ),
        measures=measures,
        rows=[*(each for hit in hits for each in hit.rows), *_context(facts, offer, fresh)],
        severity="high" if fresh else "watch",
        kinds={hit.kind: "inferred" if hit.kind == "flow" and _inferred(offer) else "shown" for hit in hits},
        elements={
            "offered": "shown"
            if offer.promised is not None
            else ("inferred", N_("it was paid: what was agreed is not known")),
            "unreasonable": "shown"
            if "assets" in {hit.test for hit in hits}
            else ("inferred", N_("what is beyond reason is for experts to say")),
        },
        against={
            "upside": "clear" if offer.kind else ("unknown", N_("no table says of what kind it is")),
            "qualified": "clear"
            if offer.row.get("offering") and offer.row.get("risk_level")
            else ("unknown", N_("no table says to whom it is offered at which risk")),
            "promotion": "clear"
            if offer.paid is not None
            else ("unknown", N_("no payments are known of which some could be bonuses")),
            "licensed": ("unknown", N_("it is no loan")),
        },
    )


def _inferred(offer: Offer) -> bool:
    return offer.raising is not None and offer.raising.inferred


def _paid_of_new_money(ask: Inquiry, offer: Offer) -> Finding | None:
    """What RL-25 says of whoever offers it."""
    parties = offer.issuers | (offer.raising.members if offer.raising is not None else frozenset())
    for found in rl25_new_for_old.findings(ask.case, ask.as_of, ask.overrides):
        if "new_money" in {test.name for test in found.tests if test.hit} and (
            found.subject_id in parties or ask.facts.group(found.subject_id) & parties
        ):
            return found
    return None


def _context(facts: Facts, offer: Offer, fresh: Finding | None) -> list[Cited]:
    rows = []
    if "place" in offer.row:
        rows.append(facts.cite("products", [offer.row["place"]], False))
    rows.append(facts.cite_parties(offer.issuers))
    if offer.raising is not None and offer.paid is not None:
        rows += offer.raising.cite(facts)
    if fresh is not None:
        rows += [each.as_context() for each in fresh.cited]
    return rows


# ---------------------------------------------------------------- loans


def _loans(ask: Inquiry) -> Iterator[Finding]:
    """Loans of a platform that cost more than the highest rate on their day."""
    facts = ask.facts
    if facts.tables.currency != "CNY":
        return  # the limit is of loans in yuan
    loans = facts.rows("loans")
    loans = loans[known(loans["rate"]) & known(loans["platform_id"])]
    if facts.has("licences") and known(loans["lender_id"]).any():
        rows = facts.in_force("licences")
        lenders = set(rows.loc[rows["function"].isin(("lending", "banking", "trust")), "party_id"])
        loans = loans[~loans["lender_id"].isin(lenders)]
    # loans of one day and rate are alike
    day, days = pd.factorize(local_days(facts, micros(loans["start"])))
    word, words = pd.factorize(loans["rate"].map(str).to_numpy(object))
    on_day = [ask.threshold_on("cap", datetime.date.fromordinal(int(each) + _EPOCH)) for each in days]
    exact = [Fraction(each) for each in words]
    pair, alike = pd.factorize(day * max(len(words), 1) + word)
    kinds = [divmod(int(each), max(len(words), 1)) for each in alike]
    above = [
        Fraction(0) if limit is None else exact[w] - limit.value
        for limit, w in ((on_day[d], w) for d, w in kinds)
    ]
    over = np.array([each > 0 for each in above], np.bool_)[pair] if kinds else np.zeros(0, np.bool_)
    told = loans[over].copy()
    for name, values in (
        ("over", above),
        ("exact", [exact[w] for _, w in kinds]),
        ("limit", [on_day[d] for d, _ in kinds]),
    ):
        told[name] = pd.Series([values[each] for each in pair[over]], told.index, object)
    for platform, part in told.groupby("platform_id"):
        yield _dear(ask, str(platform), part)


def _dear(ask: Inquiry, platform: str, loans: pd.DataFrame) -> Finding:
    facts = ask.facts
    worst = loans.loc[loans["over"] == loans["over"].max()].iloc[0]
    money = int(loans["principal"].sum())
    return ask.finding(
        subject=("party", platform),
        hit=("cap",),
        summary=Told(
            N_("{count} loans on {platform} cost more than the highest rate of their day, up to {rate} %"),
            count=len(loans),
            platform=facts.name_of(platform) or platform,
            rate=number_text(100 * max(loans["exact"])),
        ),
        measures=[
            Measure(
                "rate",
                N_("the rate of the loan furthest above its limit"),
                worst["exact"],
                worst["limit"].value,
                ">",
                worst["limit"].basis,
            ),
            ask.measure("loans", N_("loans above the limit of their day"), len(loans)),
            ask.measure("lent", N_("their principal"), money, unit="CNY"),
        ],
        rows=[
            facts.cite("loans", loans),
            facts.cite_parties([platform, *loans["lender_id"].dropna()]),
            *([facts.cite("licences", facts.in_force("licences"), False)] if facts.has("licences") else []),
        ],
        severity="watch",
        kinds={"contract": "shown"},
        elements={"offered": "shown", "unreasonable": "shown"},
        against={
            "upside": ("clear", N_("a loan has no upside")),
            "qualified": ("unknown", N_("the limit holds whoever lends")),
            "promotion": (
                "unknown",
                N_("the rate is the contract's: what was given on top is not looked at"),
            ),
            "licensed": "clear"
            if facts.has("licences")
            else ("unknown", N_("no table says who is licensed to lend")),
        },
        amount=money,
        currency="CNY",
    )


LINE = RedLine(
    code="RL-24",
    name=N_("Excessive returns"),
    name_zh="超高回报率",
    asks=N_("Is more promised or paid than can be earned?"),
    tests=(
        Test("paid", N_("what investors were paid a year, bonuses included"), ("transfers", IN_YUAN)),
        Test("promised", N_("what is promised a year"), ("products.promised_yield", IN_YUAN)),
        Test("peers", N_("what is promised beside what others promise"), ("products.promised_yield",)),
        Test(
            "assets",
            N_("what is given beside what the product's assets earned"),
            ("products", "holdings.income", "holdings.as_of"),
        ),
        Test(
            "cap",
            N_("the rates of loans beside the highest of their day"),
            ("loans.rate", "loans.platform_id", IN_YUAN),
        ),
    ),
    elements={
        "offered": N_("a return is promised or paid"),
        "unreasonable": N_("it is beyond what projects or the trade yield"),
    },
    guards={
        "upside": N_("it is the real gain of a share, and nothing is promised"),
        "qualified": N_("it is of high risk, says so, and is sold to qualified investors"),
        "promotion": N_("it is a short promotion within a budget"),
        "licensed": N_("a licensed lender is not bound by the limit"),
    },
    find=find,
    uses=("RL-25",),
)  # fmt: skip
