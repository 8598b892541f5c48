"""RL-25 New money for old (借新还旧、补贴、交叉补贴): investors are paid of what was not earned.

The rule: no financial product with high returns may be offered by paying them, openly or not, of one's own
money, of other products' or of other clients' (国办发〔2016〕21号 3(4)); whoever has no real source of
returns and pays old investors with new ones' money raises funds illegally. Looked at: every payout to
investors, followed back month by month under several rules, through own accounts, custody and others through
whom money goes round; what it was made of adds up to the unit. Beside it, what really came in from others.
Not it: banks and insurers, a fund that is seen to deal at its net asset value while others subscribe, what a
company earns that borrows for its own business, what is
given back of an offer that came to nothing, what an investor takes out of his own while all that investors
put in stands there, a pool whose borrowers repay at least half of what it pays, what is so under one rule
of tracing alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, number_text
from graphflow.language import N_
from graphflow.ledger.form import BASES
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test
from graphflow.redlines.facts import DAY, Facts, Flags, Ints, known
from graphflow.redlines.keeping import fees
from graphflow.redlines.origins import (
    CROSS,
    MOST_PAIRS,
    OTHERS,
    PARTS,
    SUBSIDY,
    Origins,
    months_of,
    origins_of,
)
from graphflow.redlines.raising import Raising, holders, raisings
from graphflow.redlines.standing import stretches
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

RULES = ("fifo", "lifo", "prorata")
"""The rules of tracing under which payouts are followed back."""

AGREE = 2
"""Under so many rules at least a month has to be one of new money for old: the table of payouts is to be
drawn up under two, and one rule alone makes such months of almost any mixed account."""

SMALL = Fraction(1, 20)
"""Fees may make so much of what investors paid in less: a rule of thumb of ours."""

GAINS = ("interest", "dividend")
"""Kinds of payouts that are no investor's own money, however much of it stands there."""

REFUND = 30 * DAY
"""Money that an investor gets back within this time, of an offer that came to nothing, is no payout."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    ponzi: Number | None = None,
    months: Number | None = None,
    once: Number | None = None,
    once_amount: Number | None = None,
    coverage: Number | None = None,
    subsidy: Number | None = None,
    cross: Number | None = None,
    hops: int = 4,
) -> Iterator[Finding]:
    """Who pays investors of other investors' money, of its own, or of another product's.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    ponzi
        Least part of a month's payouts that was other investors' or another product's money.
    months
        In so many months one after another.
    once
        Or this part in one month.
    once_amount
        With at least so much of such money in that month (yuan; in another currency one month is not enough).
    coverage
        Only months count in which what really came in was less than this part of what was paid.
    subsidy
        Least part of all payouts that was the group's own money.
    cross
        Least part of all payouts that was money of another product.
    hops
        Through how many transfers money may go out to others and come back, to be followed there.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl25
    >>> [(f.measure, str(f.value)) for f in find(rl25.toy())], len(list(find(rl25.near_miss())))
    ([('new_money', '8/9')], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, ponzi=ponzi, months=months, once=once, once_amount=once_amount,
        coverage=coverage, subsidy=subsidy, cross=cross, hops=hops,
    )  # fmt: skip
    yield from ask.once(lambda: (found for each in schemes(ask) for found in _asked(ask, each, hops)))


def findings(case: Case, as_of: Moment | None, law: LawFile | Mapping[Any, Any]) -> list[Finding]:
    """What `find` finds; asked by other red lines too, and found once."""
    return list(find(case, as_of=as_of, law=law))  # type: ignore[arg-type]


def payouts(
    case: Case, *, as_of: Moment | None = None, rules: Sequence[str] = RULES, hops: int = 4
) -> pd.DataFrame:
    """What the payouts of all who raise money were made of, month by month: the table behind a finding.

    One row a subject, currency, month and rule: ``subject_id``, ``currency``, ``month``, ``rule``,
    ``raised``, ``paid``; of what was paid, in minor units, ``asset`` (what assets returned), ``others``
    (other investors' money), ``subsidy`` (the group's own), ``cross`` (another product's), ``unknown``,
    ``own`` (the receiver's own money) and ``stand_in`` (what third parties paid in the place of assets),
    which add up to it; ``real`` (what others than investors paid in); ``new_money``, the part of ``others``
    and ``cross``.

    Parameters
    ----------
    as_of
        The day; None: everything.
    rules
        The rules of tracing.
    hops
        As `find` says.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl25
    >>> table = payouts(rl25.toy(), rules=("fifo",))
    >>> table[["month", "raised", "paid", "asset", "others", "unknown"]].values.tolist()
    [['2023-04', 800000000, 900000000, 100000000, 800000000, 0]]
    """
    ask = Inquiry(LINE, case, as_of, None)
    rows = []
    for scheme in schemes(ask):
        found = scheme.origins(rules, hops)
        raised = scheme.raised_in(found.months)
        for (r, rule), (m, month) in itertools.product(enumerate(rules), enumerate(found.months)):
            parts = found.parts[r, m]
            rows.append(
                {
                    "subject_id": scheme.raising.subject[1], "currency": found.currency, "month": month,
                    "rule": rule, "raised": int(raised[m]), "paid": int(found.paid[m]),
                    **dict(zip(PARTS, parts.tolist(), strict=True)), "real": int(found.real[r, m]),
                    "new_money": float(Fraction(int(parts[OTHERS] + parts[CROSS]), int(found.paid[m]))),
                }
            )  # fmt: skip
    columns = ["subject_id", "currency", "month", "rule", "raised", "paid", *PARTS, "real", "new_money"]
    return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True)
class Scheme:
    """One that raises money, in one currency, without what is no payout."""

    facts: Facts
    raising: Raising
    currency: str
    ins: pd.DataFrame
    outs: pd.DataFrame
    netted: int
    refunded: int
    covered: int

    @classmethod
    def of(cls, ask: Inquiry, raising: Raising, code: int) -> Scheme | None:
        """None where nothing is left that is a payout."""
        facts = ask.facts
        ins = raising.ins[raising.ins["currency"] == code]
        outs = raising.outs[raising.outs["currency"] == code]
        at_value = np.isin(outs["product"], _open_funds(facts))
        refunded = _refunds(facts, raising, ins, outs)
        covered = _covered(facts, code, ins, outs) & ~at_value & ~refunded
        kept = outs[~at_value & ~refunded & ~covered]
        if kept.empty or ins.empty:
            return None
        left_out = (int(each.sum()) for each in (at_value, refunded, covered))
        return cls(facts, raising, facts.currencies[code], ins, kept, *left_out)

    def origins(self, rules: Sequence[str], hops: int) -> Origins:
        """What its payouts were made of; followed back once, whoever asks."""
        kept: dict[Any, Origins] = self.facts.__dict__.setdefault("_origins", {})
        key = (self.raising.subject, self.currency, tuple(rules), hops)
        if key not in kept:
            kept[key] = origins_of(self.facts, self.raising, self.currency, rules, self.outs, hops)
        return kept[key]

    def raised_in(self, months: Sequence[str]) -> Ints:
        """What investors paid in, by month."""
        by_month = self.ins["amount"].groupby(months_of(self.facts, self.ins["time"])).sum()
        return np.array([int(by_month.get(month, 0)) for month in months], np.int64)

    @property
    def raised(self) -> int:
        """All that investors paid in."""
        return int(self.ins["amount"].sum())

    @property
    def paid(self) -> int:
        """All that investors were paid."""
        return int(self.outs["amount"].sum())

    @property
    def unstated(self) -> list[str]:
        """The open products paid back of which nothing says whether they are dealt at their value."""
        return sorted(set(_open_funds(self.facts, stated=False)) & set(self.outs["product"]))

    @property
    def lost(self) -> int:
        """What investors paid in and did not get back, each by itself: nobody's gain makes up for it."""
        paid = self.ins.groupby("holder")["amount"].sum()
        back = self.outs.groupby("holder")["amount"].sum()
        return int((paid - back.reindex(paid.index, fill_value=0)).clip(lower=0).sum())


def schemes(ask: Inquiry) -> Iterator[Scheme]:
    """Everybody who raises money and pays some of it back, by currency."""
    for raising in raisings(ask.facts):
        for code in sets.unique(raising.outs["currency"]).tolist():
            scheme = Scheme.of(ask, raising, code)
            if scheme is not None:
                yield scheme


def _open_funds(facts: Facts, stated: bool = True) -> list[str]:
    """Products that are redeemed at what they are worth: open, with nothing promised, and dealt at a value.

    That no promise is stated says not that there is none. So something has to show that the product is dealt
    at its net asset value: that value, a day of dealing, its number in the register, or that it is a public
    fund, which has to be by law. ``stated`` False: the open ones of which nothing of that is known.
    """
    if not facts.has("products"):
        return []
    rows = facts.rows("products")
    free = ~(rows["promised_yield"].fillna(0) > 0) & ~known(rows["guarantee"])
    dealt = rows["kind"].isin(["public_fund"]).to_numpy(np.bool_)
    for column in ("net_assets", "next_open", "registered"):
        dealt = dealt | known(rows[column])
    mine = (rows["open_type"] == "open") & free & (dealt == stated)
    return [str(each) for each in rows.loc[mine, "product_id"]]


def _refunds(facts: Facts, raising: Raising, ins: pd.DataFrame, outs: pd.DataFrame) -> Flags:
    """Payouts that give an investor back what it paid for an offer of which nothing was ever used."""
    found = np.zeros(len(outs), np.bool_)
    for column in ("order_id", "listing_id", "loan_id"):
        if not facts.has(f"transfers.{column}"):
            continue
        used = set(facts.texts(column, raising.spent["row"].to_numpy())) - {""}
        paid = pd.DataFrame(
            {"holder": ins["holder"], "mark": facts.texts(column, ins["row"].to_numpy()), "time": ins["time"],
             "amount": ins["amount"]}
        )  # fmt: skip
        back = pd.DataFrame(
            {"holder": outs["holder"], "mark": facts.texts(column, outs["row"].to_numpy()),
             "time": outs["time"], "amount": outs["amount"], "place": np.arange(len(outs))}
        )  # fmt: skip
        back = back[(back["mark"] != "") & ~back["mark"].isin(used)]
        keys = ["holder", "mark"]
        put = paid.groupby(keys, as_index=False).agg(
            paid=("amount", "sum"), last=("time", "max"), first=("time", "min")
        )
        got = back.groupby(keys, as_index=False).agg(got=("amount", "sum"))
        both = back.merge(put, on=keys).merge(got, on=keys)
        both = both[(both["got"] <= both["paid"]) & (both["time"] >= both["first"])]
        found[both.loc[both["time"] - both["last"] <= REFUND, "place"].to_numpy(np.int64)] = True
    return found


def _covered(facts: Facts, code: int, ins: pd.DataFrame, outs: pd.DataFrame) -> Flags:
    """Payouts of an investor's own money, while all that investors had put in and not got back stood there.

    Looked at are the accounts that they pay into and are paid from; one of which it is not known what stood
    there counts as empty. What left these as a fee is owed to nobody any more, as long as it is a small part
    of what was paid in. Rows of one moment are taken together, so that no order among them decides.
    """
    both = pd.concat(
        [
            ins.assign(change=ins["amount"], place=-1),
            outs.assign(change=-outs["amount"], place=range(len(outs))),
        ]
    ).sort_values(["time", "place"], kind="stable")
    own = both.groupby("holder")["change"].cumsum()
    claim = own.clip(lower=0)
    step = claim - claim.groupby(both["holder"]).shift(fill_value=0)
    moments = both["time"].to_numpy(np.int64)
    ends, last = np.unique(moments, return_index=True)
    last = np.append(last[1:], moments.size) - 1
    owed = np.cumsum(step.to_numpy(np.int64))[last]
    accounts = sets.union(ins["target"].to_numpy(), outs["source"].to_numpy())
    stood_before, stood = np.zeros(ends.size, np.int64), np.zeros(ends.size, np.int64)
    for part in stretches(facts, accounts.tolist(), code):
        if part.known:
            within_ = (part.begins <= ends) & (ends <= part.ends)
            stood += np.where(within_, part.each(ends), 0)
            stood_before += np.where(within_, part.each(ends - 1), 0)
    put_in = np.cumsum(both["change"].clip(lower=0).to_numpy(np.int64))[last]
    times, sums = _fees_of(facts, code, accounts)

    def fee(by: Ints, of: Ints) -> Ints:
        gone = sums[np.searchsorted(times, by, side="right")]
        return np.asarray(np.minimum(gone, of * SMALL.numerator // SMALL.denominator), np.int64)

    before = np.append(0, owed[:-1]) - fee(ends - 1, np.append(0, put_in[:-1]))
    whole = (stood >= owed - fee(ends, put_in)) & (stood_before >= before)
    place = both["place"].to_numpy()
    free = (place >= 0) & (own >= 0).to_numpy() & whole[np.searchsorted(ends, moments)]
    found = np.zeros(len(outs), np.bool_)
    found[place[free]] = True
    kind, words = facts.codes("kind", outs["row"].to_numpy())
    return found & ~np.isin(kind, [number for number, word in enumerate(words) if word in GAINS])


def _fees_of(facts: Facts, code: int, accounts: Ints) -> tuple[Ints, Ints]:
    """When fees left some accounts, in order; and what had left as one by then, with nothing at first."""
    flows, gone = facts.flows, facts.paid_by(accounts.tolist())
    gone = gone[flows["currency"].to_numpy()[gone] == code]
    gone = gone[fees(facts, flows["row"].to_numpy()[gone])]
    gone = gone[np.argsort(flows["time"].to_numpy()[gone], kind="stable")]
    amounts = flows["amount"].to_numpy(np.int64)[gone]
    return flows["time"].to_numpy(np.int64)[gone], np.append(0, amounts.cumsum())


# ---------------------------------------------------------------- what the months say


def _months(ask: Inquiry, found: Origins) -> tuple[int, ...]:
    """The months, by place, in which new money paid old: enough of them in a row, or enough money in one.

    A month is one of them under a rule where the part is great and little came in; and counts where it is
    one under enough rules.
    """
    fresh = found.parts[:, :, OTHERS] + found.parts[:, :, CROSS]
    agreeing = np.zeros(len(found.months), np.int64)
    once: set[int] = set()
    for number in range(len(found.rules)):
        share = [Fraction(int(a), int(b)) for a, b in zip(fresh[number], found.paid, strict=True)]
        earned = [Fraction(int(a), int(b)) for a, b in zip(found.real[number], found.paid, strict=True)]
        poor = [each < ask.threshold("coverage") for each in earned]
        agreeing += [p and each >= ask.threshold("ponzi") for p, each in zip(poor, share, strict=True)]
        for place, each in enumerate(share if found.currency == "CNY" else ()):
            much = fresh[number][place] >= ask.threshold("once_amount")
            if poor[place] and much and each >= ask.threshold("once"):
                once.add(place)
    hit = agreeing >= AGREE
    runs = (run for run in _runs(found.months, hit.tolist()) if len(run) >= ask.threshold("months"))
    return tuple(sorted({place for place in once if hit[place]}.union(*runs)))


def new_money(ask: Inquiry, found: Origins) -> tuple[int, ...]:
    """The months of some payouts, by place, that this line finds, whoever asks."""
    mine = ask.of(LINE)
    return _months(mine, found) if mine.runs("new_money") else ()


def _runs(months: Sequence[str], flagged: Sequence[bool]) -> Iterator[list[int]]:
    """Flagged months that follow one another in the calendar."""
    run: list[int] = []
    for place, (month, hit) in enumerate(zip(months, flagged, strict=True)):
        if not hit or (run and _number(month) != _number(months[run[-1]]) + 1):
            yield run
            run = []
        if hit:
            run.append(place)
    yield run


def _number(month: str) -> int:
    year, of_year = month.split("-")
    return 12 * int(year) + int(of_year)


# ---------------------------------------------------------------- findings


@dataclass(frozen=True)
class _Hits:
    """What was hit: tests, their measures, the months, and by rule what the first measure is."""

    tests: tuple[str, ...]
    measures: tuple[Measure, ...]
    places: tuple[int, ...]
    by_rule: Mapping[str, Fraction]
    most: int
    least: int
    robust: bool


def _asked(ask: Inquiry, scheme: Scheme, hops: int) -> Iterator[Finding]:
    found = scheme.origins(RULES, hops)
    everything = tuple(range(len(found.months)))
    places = _months(ask, found) if ask.runs("new_money") else ()
    tests: list[str] = []
    measures: list[Measure] = []
    shown: tuple[Mapping[str, Fraction], int, int] = ({}, 0, 0)
    robust = True
    if places:
        shown = _share(found, places, (OTHERS, CROSS))
        robust = min(shown[0].values()) >= ask.threshold("ponzi")
        value = min(shown[0].values()) if robust else _agreed(ask, shown[0])
        text = N_(
            "part of what was paid in these months that was other investors' or another product's money"
        )
        measures.append(ask.measure("new_money", text, value, "ponzi"))
        tests.append("new_money")
    for name, part, text in (
        ("cross", CROSS, N_("part of all payouts that was money of another product")),
        ("subsidy", SUBSIDY, N_("part of all payouts that was the group's own money")),
    ):
        if not ask.runs(name):
            continue
        shares = _share(found, everything, (part,))
        least = min(shares[0].values())
        if least >= ask.threshold(name):
            measures.append(ask.measure(name, text, least, name))
            shown = shown if tests else shares
            tests.append(name)
    if tests:
        hits = _Hits(tuple(tests), tuple(measures), places or everything, *shown, robust)
        yield _finding(ask, scheme, found, hits)


def _agreed(ask: Inquiry, by_rule: Mapping[str, Fraction]) -> Fraction:
    """The part that enough rules support to agree on a month; the greatest where it is too little."""
    values = sorted(by_rule.values(), reverse=True)
    return values[AGREE - 1] if values[AGREE - 1] >= ask.threshold("ponzi") else values[0]


def _share(
    found: Origins, places: Sequence[int], parts: Sequence[int]
) -> tuple[Mapping[str, Fraction], int, int]:
    """What some parts make of the payouts of some months, by rule; and the greatest and least money."""
    at = list(places)
    paid = int(found.paid[at].sum())
    sums = found.parts[:, at][:, :, list(parts)].sum(axis=(1, 2))
    shares = {rule: Fraction(int(each), paid) for rule, each in zip(found.rules, sums, strict=True)}
    return shares, int(sums.max()), int(sums.min())


SUMMARIES: Mapping[str, str] = {
    "new_money": N_(
        "{who} paid {paid} to {count} investors {when}, of which {share} % was other "
        "investors' or another product's money"
    ),
    "cross": N_(
        "{who} paid {paid} to {count} investors {when}, of which {share} % was money of another product"
    ),
    "subsidy": N_("{who} paid {paid} to {count} investors {when}, of which {share} % was its own money"),
}

BY_THE_RULE = N_(
    "{who} paid {paid} to {count} investors {when}, of which {least} % to {most} %, by the "
    "rule of tracing, was other investors' or another product's money"
)

NOT_EVERY_RULE = N_("Held at high: it does not hold under every rule of tracing.")
AT_ITS_VALUE = N_("Held at high: whether an open product is redeemed at its net asset value is not stated.")


def _finding(ask: Inquiry, scheme: Scheme, found: Origins, hits: _Hits) -> Finding:
    facts, raising, coin = ask.facts, scheme.raising, found.currency
    ponzi = "new_money" in hits.tests
    told = min(hits.by_rule, key=lambda rule: (hits.by_rule[rule] != hits.measures[0].value, rule))
    paid = int(found.paid[list(hits.places)].sum())
    months = [found.months[each] for each in hits.places]
    in_months = np.isin(months_of(facts, scheme.outs["time"]), months)
    used = Fraction(_operating(facts, scheme, found), scheme.raised)
    severity = "critical" if ponzi else "high" if "cross" in hits.tests else "medium"
    unstated = bool(scheme.unstated)
    note = NOT_EVERY_RULE if not hits.robust else AT_ITS_VALUE if unstated and ponzi else ""
    return ask.finding(
        subject=raising.subject,
        hit=hits.tests,
        summary=Told(
            SUMMARIES[hits.tests[0]] if hits.robust else BY_THE_RULE,
            who=raising.name(facts),
            paid=f"{amount_text(paid, facts.tables.minor_units.get(coin, 2))} {coin}",
            count=int(scheme.outs.loc[in_months, "holder"].nunique()),
            when=Told(N_("in {month}"), month=months[0])
            if months[0] == months[-1]
            else Told(N_("from {since} to {until}"), since=months[0], until=months[-1]),
            share=number_text(100 * hits.measures[0].value),
            least=number_text(100 * min(hits.by_rule.values())),
            most=number_text(100 * max(hits.by_rule.values())),
        ),
        measures=[*hits.measures, *_told(ask, scheme, found, hits, found.rules.index(told), used)],
        rows=cite_payouts(facts, scheme, found, months),
        severity="high" if note else severity,
        severity_note=note,
        kinds=evidence_kinds(scheme, found),
        elements=_elements(scheme, found, hits, used < ask.threshold("used")),
        against=_against(ask, scheme, months[-1] if ponzi else ""),
        amount=hits.most,
        amount_least=hits.least,
        currency=coin,
        by_rule=hits.by_rule,
    )


PART_TITLES = (
    N_("of it what assets returned"), N_("of it other investors' money"), N_("of it the group's own"),
    N_("of it another product's"), N_("of it what cannot be told"), N_("of it the receiver's own money"),
    N_("of it what third parties paid in the place of assets"),
)  # fmt: skip


def _told(
    ask: Inquiry, scheme: Scheme, found: Origins, hits: _Hits, rule: int, used: Fraction
) -> Iterator[Measure]:
    """What is told beside it: what really came in, what the payouts were made of, the whole of the scheme."""
    at, coin = list(hits.places), found.currency
    paid = int(found.paid[at].sum())
    earned = max(int(each) for each in found.real[:, at].sum(axis=1))
    compared = "coverage" if "new_money" in hits.tests else None
    text = N_("what really came in over what was paid, in these months")
    yield ask.measure("coverage", text, Fraction(earned, paid), compared, "<")
    yield ask.measure("paid", N_("paid to investors in these months"), paid, unit=coin)
    for part, title in enumerate(PART_TITLES):
        yield ask.measure(f"paid_{PARTS[part]}", title, int(found.parts[rule, at, part].sum()), unit=coin)
    yield ask.measure("raised", N_("raised from investors in all"), scheme.raised, unit=coin)
    yield ask.measure("investors", N_("investors who paid in"), int(scheme.ins["holder"].nunique()))
    yield ask.measure(
        "paid_back", N_("paid to investors in all over raised"), Fraction(scheme.paid, scheme.raised)
    )
    text = N_("not got back, investor by investor, over raised")
    yield ask.measure("loss", text, Fraction(scheme.lost, scheme.raised))
    yield ask.measure("used", N_("at most so much of what was raised reached companies outside"), used)
    lasts = _runoff(ask.facts, scheme, found, rule)
    if lasts is not None:
        yield ask.measure("runoff", N_("months for which the cash would last without new money"), lasts)


def evidence_kinds(scheme: Scheme, found: Origins) -> dict[str, str]:
    """The kinds of evidence by which what payouts were made of is seen."""
    kinds = {"flow": "inferred" if found.vague or scheme.raising.inferred else "shown"}
    tables = {each.table for each in scheme.raising.cited}
    if tables & {"subscriptions", "loans", "products", "assignments"}:
        kinds["contract"] = "shown"
    if "client_ledger" in tables:
        kinds["statement"] = "shown"
    return kinds


def _elements(scheme: Scheme, found: Origins, hits: _Hits, idle: bool) -> dict[str, tuple[str, str] | str]:
    money: tuple[str, str] | str = "shown"
    if found.vague:
        money = (
            "inferred",
            N_("nothing decides the order of some rows: the figures are those of the one shown"),
        )
    elif len(scheme.outs) * scheme.raising.investors.size > MOST_PAIRS:
        money = (
            "shown",
            N_("pro rata, the receiver's own money counts as others' where a month's payouts are very many"),
        )
    return {
        "investors": (
            "inferred",
            N_("no table names them: they pay in first, and are paid more, or more often"),
        )
        if scheme.raising.inferred
        else "shown",
        "others": _others(scheme, hits, money) if {"new_money", "cross"} & set(hits.tests) else "unknown",
        "subsidy": money if "subsidy" in hits.tests else "unknown",
        "disproportion": "shown"
        if idle
        else ("unknown", N_("what companies outside did with what reached them is not looked at")),
    }


def _others(scheme: Scheme, hits: _Hits, money: tuple[str, str] | str) -> tuple[str, str] | str:
    """No more is shown of whose money it was than of who invests, and than all rules of tracing say."""
    if not hits.robust:
        return "inferred", N_("it does not hold under every rule of tracing")
    if scheme.raising.inferred:
        return "inferred", N_("who the investors are is inferred")
    return money


def _income(ask: Inquiry, scheme: Scheme, until: str) -> tuple[str, str | Told]:
    """What was earned from the beginning to the end of a month, beside all that was paid by then.

    All that others paid in counts as earned, also what had gone out to them, and what its own accounts opened
    with.
    """
    facts, raising = ask.facts, scheme.raising
    real, outs = raising.real, scheme.outs
    real = real[real["currency"] == facts.currencies.index(scheme.currency)]
    real = real[~np.isin(real["holder"], [facts.party_number[each] for each in raising.members])]
    earned, paid = (
        int(each.loc[months_of(facts, each["time"]) <= until, "amount"].sum()) if len(each) else 0
        for each in (real, outs)
    )
    parts = stretches(facts, raising.own.tolist(), facts.currencies.index(scheme.currency))
    first = {part.account: part for part in sorted(parts, key=lambda each: -each.begins)}
    earned += sum(max(part.opening, 0) for part in first.values())
    share = Fraction(earned, paid)
    if share < ask.threshold("coverage"):
        text = N_(
            "what stood there at first and all that others paid in since make {share} % of what investors "
            "were paid"
        )
        return "clear", Told(text, share=number_text(100 * share))
    return "unknown", N_(
        "little came in during these months; whether what was earned before covers it is open"
    )


def _against(ask: Inquiry, scheme: Scheme, until: str) -> dict[str, tuple[str, str] | str]:
    facts = ask.facts
    marks = any(facts.has(f"transfers.{each}") for each in ("order_id", "listing_id", "loan_id"))
    left_out = Told(N_("left out of the payouts: {count}"), count=scheme.netted)
    given_back = Told(N_("left out of the payouts: {count}"), count=scheme.refunded)
    return {
        "licensed": "clear"
        if facts.has("licences")
        else (
            "unknown",
            N_("no table says who has which licence; by its sector it is no bank and no insurer"),
        ),
        "netting": ("clear", left_out)
        if facts.has("products") and not scheme.unstated
        else ("unknown", N_("whether an open product is redeemed at its net asset value is not stated"))
        if scheme.unstated
        else ("unknown", N_("no table says which products are open and redeemed at their value")),
        "refund": ("clear", given_back)
        if marks
        else ("unknown", N_("no transfer names an order, a listing or a loan")),
        "covered": ("clear", Told(N_("left out of the payouts: {count}"), count=scheme.covered)),
        "income": _income(ask, scheme, until)
        if until
        else ("unknown", N_("what really came in is told beside it, and compared with nothing")),
    }


def cite_payouts(facts: Facts, scheme: Scheme, found: Origins, months: Sequence[str]) -> list[Cited]:
    """What shows of what the payouts of some months were made, and what is needed to follow them again."""
    raising = scheme.raising
    real = raising.real[raising.real["currency"] == facts.currencies.index(found.currency)]
    member = np.isin(
        holders(facts)[real["source"].to_numpy()], [facts.party_number[each] for each in raising.members]
    )
    earned = real["row"].to_numpy()[np.isin(months_of(facts, real["time"]), months) & ~member]
    given = facts.rows("guarantees")
    return [
        *found.cite(months),
        *(
            facts.cite("transfers", each)
            for each in (scheme.ins["row"].to_numpy(), scheme.outs["row"].to_numpy(), earned)
        ),
        *raising.cite(facts),
        facts.cite("guarantees", given[known(given["product_id"])], False),
    ]


def _operating(facts: Facts, scheme: Scheme, found: Origins) -> int:
    """What reached companies that are neither of the group nor investors: an upper bound of what was used.

    What money only went through counts with what companies outside got from there.
    """
    code = facts.currencies.index(scheme.currency)
    flows = facts.flows[facts.flows["currency"] == code]
    raising = scheme.raising
    inside = np.zeros(facts.account_ids.size, np.bool_)
    inside[found.walked] = True
    round_ = inside.copy()
    round_[raising.own] = round_[raising.through] = False
    company = np.append(facts.party_is("company"), False)[facts.account_party] & ~inside
    spent = raising.spent[raising.spent["currency"] == code]
    total = int(spent.loc[company[spent["target"].to_numpy()], "amount"].sum())
    source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
    amount = flows["amount"].to_numpy(np.int64)
    came = (
        pd.Series(amount[inside[source] & round_[target]])
        .groupby(target[inside[source] & round_[target]])
        .sum()
    )
    went = (
        pd.Series(amount[round_[source] & company[target]])
        .groupby(source[round_[source] & company[target]])
        .sum()
    )
    both = pd.concat([came, went], axis=1, join="inner").min(axis=1)
    return min(total + int(both.sum()), scheme.raised)


def _runoff(facts: Facts, scheme: Scheme, found: Origins, rule: int) -> Fraction | None:
    """For how many months own cash would pay what the last three paid, less what came in; None: not known."""
    if facts.asked:
        return None  # what stood there on a day in between
    ledger = facts.ledger
    numbers = [ledger.account(str(each)) for each in facts.account_ids[scheme.raising.own]]
    pots = ledger.pots[[pot for number in numbers for pot in ledger.pots_of(number)]]
    pots = pots[pots["currency"] == facts.currencies.index(scheme.currency)]
    if (pots["basis"] == BASES.index("unknown")).any() or (pots["period"] < 0).any():
        return None
    cash = int(pots["closing"].sum())
    net = int(found.paid[-3:].sum()) - int(found.real[rule, -3:].sum())
    return Fraction(cash * len(found.paid[-3:]), net) if net > 0 and cash >= 0 else None


LINE = RedLine(
    code="RL-25",
    name=N_("New money for old, subsidies and cross-subsidies"),
    name_zh="借新还旧、补贴与交叉补贴",
    asks=N_("Are investors paid of other investors' money, of the payer's own, or of another product's?"),
    tests=(
        Test(
            "new_money",
            N_("payouts followed back to other investors' money, month by month, beside what really came in"),
            ("transfers",),
        ),
        Test(
            "cross",
            N_("payouts followed back to money of another product"),
            ("transfers", ("transfers.product_id", "accounts.product_id")),
        ),
        Test(
            "subsidy",
            N_("payouts followed back to the group's own money"),
            ("transfers", ("accounts.party_id", "accounts.signer_id")),
        ),
    ),
    elements={
        "investors": N_("money was raised from investors who are paid back"),
        "others": N_("what they were paid was other clients' money"),
        "subsidy": N_("what they were paid was the payer's own money"),
        "disproportion": N_("what was used in business is out of proportion to what was raised"),
    },
    guards={
        "licensed": N_("a bank or an insurer meets claims out of what all its clients paid in"),
        "netting": N_("an open fund is redeemed at its value while others subscribe"),
        "refund": N_("money is given back of an offer that came to nothing"),
        "covered": N_("an investor takes out his own while all that investors put in stands there"),
        "income": N_("what borrowers and assets really returned covers at least half of it"),
    },
    find=find,
)  # fmt: skip
