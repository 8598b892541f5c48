"""RL-19 Related dealings and fire walls (关联交易、防火墙): an institution's money with its own people.

The rule: what related parties owe a bank, insurer or trust company is limited to 10, 15 and 50 % of its net
capital (银保监会令2022年第1号 art. 16), and is seen through whatever lies between (art. 3). Looked at: loans
to every borrower that is related (or disputed), against the net capital; payments that reach a related party
over one stranger in the same amount within days (过桥); capital that was paid in with money that had come
from the institution itself (循环注资). Not it: dealings between banks, peers of the state alone, salaries of
directors, dividends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding
from graphflow.language import N_
from graphflow.pictures.words import amount_text, percent
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, chains_of, span
from graphflow.redlines.facts import Facts, known, micros
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

LENDERS = ("bank", "insurer", "trust_company", "lender")
RULES = ("fifo", "lifo", "prorata")
CAPITAL = ("增资", "出资", "入股", "注资", "capital")
"""What stands in the memo of a payment of capital."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    single: Number | None = None,
    group: Number | None = None,
    all: Number | None = None,
    close: Number | None = None,
    recycled: Number | None = None,
    within: str = "7D",
) -> Iterator[Finding]:
    """Institutions beyond the limits for related parties, dealings over a stranger, capital from themselves.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    single, group, all
        Greatest part of the net capital that one related party, one group of them, and all may owe.
    close
        Greatest part by which the two payments over a stranger may differ.
    recycled
        Least part of paid-in capital that came from the institution itself.
    within
        How far apart the two payments over a stranger may lie.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl19
    >>> [[(m.name, m.value) for m in f.measures] for f in find(rl19.toy())]
    [[('single', Fraction(3, 25)), ('group', Fraction(4, 25)), ('all', Fraction(12, 25))]]
    """
    ask = Inquiry(
        LINE,
        case,
        as_of,
        law,
        single=single,
        group=group,
        all=all,
        close=close,
        recycled=recycled,
        within=within,
    )
    if ask.runs("limits"):
        yield from _limits(ask)
    if ask.runs("bridge"):
        yield from _bridges(ask, span(within))
    if ask.runs("capital"):
        yield from _capital(ask)


# ---------------------------------------------------------------- limits


def _limits(ask: Inquiry) -> Iterator[Finding]:
    facts = ask.facts
    capital = facts.rows("financials")
    capital = capital[known(capital["net_capital"])].sort_values("period_end")
    loans = facts.rows("loans")
    owed = loans["balance"].where(known(loans["balance"]), loans["principal"]).astype("int64")
    ended = known(loans["end"]) & (micros(loans["end"]) <= facts.at)
    loans = loans.assign(owed=np.where(ended & ~known(loans["balance"]), 0, owed))
    loans = loans[(loans["owed"] > 0) & known(loans["lender_id"])]
    for lender, mine in loans.groupby("lender_id"):
        rows = capital[capital["party_id"] == lender]
        if rows.empty or not _limited(facts, str(lender)):
            continue
        last = rows.tail(1)
        currency = last["currency"].iloc[0]
        if isinstance(currency, str) and currency != facts.tables.currency:
            continue  # nobody here knows a rate
        net = int(last["net_capital"].iloc[0])
        answers = {str(b): _related(facts, str(lender), str(b)) for b in mine["borrower_id"].unique()}
        theirs = mine[mine["borrower_id"].map(answers) != "no"]
        if theirs.empty or net <= 0:
            continue
        by_one = theirs.groupby("borrower_id")["owed"].sum()
        groups = {
            b: facts.group(str(b)) - facts.group(str(lender)) or frozenset([str(b)]) for b in by_one.index
        }
        by_group: dict[frozenset[str], int] = {}
        for borrower, amount in by_one.items():
            by_group[groups[borrower]] = by_group.get(groups[borrower], 0) + int(amount)
        figures = {
            "single": Fraction(int(by_one.max()), net),
            "group": Fraction(max(by_group.values()), net),
            "all": Fraction(int(by_one.sum()), net),
        }
        over = [name for name, value in figures.items() if value > ask.threshold(name)]
        if over:
            yield _beyond(ask, str(lender), figures, over, theirs, last, answers)


def _limited(facts: Facts, party: str) -> bool:
    """Whether the limits are for it: a bank, insurer, trust company or lender, by sector or licence."""
    number = facts.party_number[party]
    if facts.party_sector[number] in LENDERS or facts.party_kind[number] == "bank":
        return True
    return party in _licensed(facts)


def _licensed(facts: Facts) -> set[str]:
    """Who has a licence for which the limits are."""
    kept: set[str] | None = facts.__dict__.get("_limited_by_licence")
    if kept is None:
        rows = facts.in_force("licences")
        kept = set(rows.loc[rows["function"].isin(("banking", "insurance", "trust", "lending")), "party_id"])
        facts.__dict__["_limited_by_licence"] = kept
    return kept


def _related(facts: Facts, one: str, other: str) -> str:
    """Whether they are related; who stands in no stake and no relation is related to nobody."""
    return facts.related(one, other) if {one, other} <= _tied(facts) else "no"


def _tied(facts: Facts) -> set[str]:
    kept: set[str] | None = facts.__dict__.get("_tied")
    if kept is not None:
        return kept
    found: set[str] = set()
    for table, columns in (("stakes", ("owner_id", "company_id")), ("relations", ("party_id", "other_id"))):
        if facts.tables.has(table):
            rows = facts.tables.frame(table)
            for column in columns:
                found |= set(rows[column])
    facts.__dict__["_tied"] = found
    return found


def _ties(facts: Facts, parties: set[str]) -> list[Cited]:
    """Stakes and relations that touch some parties, or those that these lead to: why they are related."""
    found = []
    reached = set(parties)
    for _ in range(3):
        for table, one, other in (
            ("stakes", "owner_id", "company_id"),
            ("relations", "party_id", "other_id"),
        ):
            if facts.tables.has(table):
                rows = facts.tables.frame(table)
                near = rows[one].isin(reached) | rows[other].isin(reached)
                reached |= set(rows.loc[near, one]) | set(rows.loc[near, other])
    for table, one, other in (("stakes", "owner_id", "company_id"), ("relations", "party_id", "other_id")):
        if facts.tables.has(table):
            rows = facts.tables.frame(table)
            near = rows[one].isin(reached) & rows[other].isin(reached)
            found.append(facts.cite(table, np.flatnonzero(near), False))
    return [*found, facts.cite_parties(reached)]


def _beyond(
    ask: Inquiry, lender: str, figures: Mapping[str, Fraction], over: list[str], theirs: pd.DataFrame,
    capital: pd.DataFrame, answers: Mapping[str, str],
) -> Finding:  # fmt: skip
    facts = ask.facts
    names = {
        "single": N_("greatest of one related party, part of the net capital"),
        "group": N_("greatest of one group"),
        "all": N_("all related parties"),
    }
    # The gravest stands first: how far it is beyond its limit.
    order = sorted(figures, key=lambda name: (name not in over, list(figures).index(name)))
    amount = int(theirs["owed"].sum())
    disputed = sorted(b for b in theirs["borrower_id"].unique() if answers[str(b)] == "disputed")
    return ask.finding(
        subject=("party", lender),
        hit=("limits",),
        summary=Told(
            N_("related parties owe it {all} of its net capital, one of them {single}, one group {group}"),
            **{name: percent(float(value), 2) for name, value in figures.items()},
        ),
        measures=[ask.measure(name, names[name], figures[name], name, ">") for name in order],
        rows=[
            facts.cite("loans", theirs),
            facts.cite("financials", capital),
            *_ties(facts, {lender, *map(str, theirs["borrower_id"])}),
            *([facts.cite("licences", facts.rows("licences"), False)] if facts.has("licences") else []),
        ],
        severity="high" if len(over) > 1 else "medium",
        kinds={"contract": "shown", "ownership": "inferred" if disputed else "shown"},
        elements={
            "related": ("inferred", N_("of some it is disputed")) if disputed else "shown",
            "beyond": "shown",
        },
        against={
            "interbank": ("clear", N_("no bank is among them"))
            if not any(facts.party_kind[facts.party_number[str(b)]] == "bank" for b in theirs["borrower_id"])
            else ("unknown", N_("some are banks: whether the dealing is between banks is not told")),
            "state": ("clear", N_("state control alone does not relate")),
            "salaries": ("clear", N_("only loans count")),
        },
        amount=amount,
    )


# ---------------------------------------------------------------- bridges


def _bridges(ask: Inquiry, within: int) -> Iterator[Finding]:
    """Payments of an institution to a stranger that reach a related party in about the amount within days."""
    facts = ask.facts
    limited = np.isin(facts.party_sector, LENDERS) | facts.party_is("bank")
    limited |= np.isin(facts.party_ids, list(_licensed(facts)))
    institutions = [str(p) for p in facts.party_ids[limited] if str(p) in _tied(facts)]
    for institution in institutions:
        number = facts.party_number[institution]
        joined = _over_strangers(ask, institution, within)
        joined = joined[joined["payee_on"] != number]
        answers = {
            p: _related(facts, institution, str(facts.party_ids[p])) for p in joined["payee_on"].unique()
        }
        joined = joined[joined["payee_on"].map(answers) != "no"]
        strangers = {
            p: _related(facts, institution, str(facts.party_ids[p])) for p in joined["payee"].unique()
        }
        joined = (
            joined[joined["payee"].map(strangers) == "no"].drop_duplicates("row").drop_duplicates("row_on")
        )
        for currency, mine in joined.groupby("currency"):
            yield _bridge(ask, institution, mine, facts.currencies[int(str(currency))])


def _over_strangers(ask: Inquiry, institution: str, within: int) -> pd.DataFrame:
    """Payments of an institution to others than its group, each beside what the payee paid on within the time
    in about the same amount (columns with ``_on``).
    """
    facts, flows = ask.facts, ask.facts.flows
    payee, coin, time = (flows[name].to_numpy() for name in ("payee", "currency", "time"))
    between = ~flows["own"].to_numpy() & (payee >= 0)
    group = {facts.party_number[each] for each in facts.group(institution) if each in facts.party_number}
    out = facts.paid_by(facts.accounts_of([institution]))
    out = out[between[out] & ~np.isin(payee[out], list(group))]
    strangers = [str(each) for each in facts.party_ids[sets.unique(payee[out])]]
    onward = facts.paid_by(facts.accounts_of(strangers))
    onward = onward[between[onward]]
    # whoever pays in a currency as one number, and the times as their ranks, so that both are one key
    payer, coins = flows["payer"].to_numpy()[onward], len(facts.currencies)
    who = payer * coins + coin[onward]
    times = sets.unique(time[onward])
    key = who * (times.size + 1) + np.searchsorted(times, time[onward])
    order = np.argsort(key, kind="stable")
    wanted = (payee[out] * coins + coin[out]) * (times.size + 1)
    low = np.searchsorted(key[order], wanted + np.searchsorted(times, time[out]))
    high = np.searchsorted(key[order], wanted + np.searchsorted(times, time[out] + within, side="right"))
    count = np.maximum(high - low, 0)
    left = np.repeat(np.arange(out.size), count)
    right = order[np.arange(count.sum()) + np.repeat(low - (np.cumsum(count) - count), count)]
    shown = np.lexsort((right, left))
    left, right = out[left[shown]], onward[right[shown]]
    amount = flows["amount"].to_numpy()
    least = ask.threshold("close")
    apart = np.abs(amount[right] - amount[left])
    close = [Fraction(d, a) <= least for d, a in zip(apart.tolist(), amount[left].tolist(), strict=True)]
    close_ = np.array(close, np.bool_)
    one = flows.iloc[left[close_]].reset_index(drop=True)
    other = flows.iloc[right[close_]].reset_index(drop=True).add_suffix("_on")
    both: pd.DataFrame = pd.concat([one, other.drop(columns="currency_on")], axis=1)
    return both


def _bridge(ask: Inquiry, institution: str, mine: pd.DataFrame, currency: str) -> Finding:
    facts = ask.facts
    amount = int(mine["amount_on"].sum())
    parties = {str(facts.party_ids[p]) for p in (*mine["payee"], *mine["payee_on"])} | {institution}
    return ask.finding(
        subject=("party", institution),
        hit=("bridge",),
        summary=Told(
            N_("{count} payments of {amount} reached related parties over a stranger within days"),
            count=len(mine),
            amount=f"{amount_text(amount, facts.tables.minor_units.get(currency, 2))} {currency}",
        ),
        measures=[
            ask.measure("bridges", N_("payments that reached a related party over a stranger"), len(mine))
        ],
        rows=[
            facts.cite("transfers", [*mine["row"], *mine["row_on"]]),
            facts.cite_accounts({*mine["source"], *mine["target"], *mine["source_on"], *mine["target_on"]}),
            *_ties(facts, parties),
            *([facts.cite("licences", facts.rows("licences"), False)] if facts.has("licences") else []),
        ],
        severity="high",
        kinds={"flow": "shown", "ownership": "shown"},
        elements={"related": "shown", "beyond": ("unknown", N_("the limits are asked of loans"))},
        against={
            "interbank": "unknown",
            "state": ("clear", N_("state control alone does not relate")),
            "salaries": ("clear", N_("each payment went on in about the same amount")),
        },
        amount=amount,
        currency=currency,
        chains=[
            {"amount": int(a), "currency": currency, "transfers": facts.ids([int(r), int(o)])}
            for a, r, o in zip(mine["amount_on"], mine["row"], mine["row_on"], strict=True)
        ],
    )


# ---------------------------------------------------------------- capital


def _capital(ask: Inquiry) -> Iterator[Finding]:
    """Capital that owners paid, traced back: how much of it the institution had paid out before."""
    from graphflow.tracing import trace

    facts = ask.facts
    stakes = facts.rows("stakes")
    flows = facts.flows
    licensed = set(facts.in_force("licences")["party_id"])
    owners = {
        (str(o), str(c))
        for o, c in zip(stakes["owner_id"], stakes["company_id"], strict=True)
        if c in licensed
    }
    size = facts.party_ids.size
    pairs = [facts.party_number[o] * size + facts.party_number[c] for o, c in owners]
    payer, payee = flows["payer"].to_numpy(), flows["payee"].to_numpy()
    paid = np.isin(payer * size + payee, pairs) & (payer >= 0) & (payee >= 0)
    paying = flows[paid & ~flows["own"].to_numpy()]
    memo = facts.texts("memo", paying["row"])
    paying = paying[np.array([any(word in text.lower() for word in CAPITAL) for text in memo], np.bool_)]
    for (company, currency), mine in paying.groupby(["payee", "currency"]):
        name = str(facts.party_ids[int(str(company))])
        own = set(facts.account_ids[facts.accounts_of([name])])
        seeds = ",".join(f'transfer:"{each}"' for each in facts.ids(mine["row"]))
        parts: dict[str, Fraction] = {}
        money: dict[str, int] = {}
        traces = []
        for rule in RULES:
            t = trace(
                ask.case, seeds, rule=rule, backward=True, currency=facts.currencies[int(str(currency))]
            )
            moved = t.transfers
            money[rule] = int(moved.loc[moved["source"].isin(own), "seed_amount"].sum())
            parts[rule] = Fraction(money[rule], t.seed)
            traces.append(t)
        if max(parts.values()) < ask.threshold("recycled"):
            continue
        least, most = min(parts.values()), max(parts.values())
        yield _circular(
            ask, name, mine, parts, money, traces, least, most, facts.currencies[int(str(currency))]
        )


def _circular(
    ask: Inquiry, company: str, mine: pd.DataFrame, parts: Mapping[str, Fraction], money: Mapping[str, int],
    traces: list[Any], least: Fraction, most: Fraction, currency: str,
) -> Finding:  # fmt: skip
    facts = ask.facts
    owners = {str(facts.party_ids[p]) for p in mine["payer"]}
    stakes = facts.rows("stakes")
    tie = stakes[stakes["owner_id"].isin(owners) & (stakes["company_id"] == company)]
    digits = facts.tables.minor_units.get(currency, 2)
    return ask.finding(
        subject=("party", company),
        hit=("capital",),
        summary=Told(
            N_("of {amount} of capital paid in, {part} came from what it had itself paid out before"),
            amount=f"{amount_text(int(mine['amount'].sum()), digits)} {currency}",
            part=percent(float(most), 2),
        ),
        measures=[ask.measure("recycled", N_("part of the capital that came from itself"), most, "recycled")],
        rows=[
            *ask.cite_trace(*traces),
            facts.cite("stakes", tie, False),
            facts.cite_parties({company, *owners}),
            facts.cite("licences", facts.rows("licences"), False),
        ],
        severity="high",
        kinds={"flow": "shown", "ownership": "shown"},
        elements={"related": "shown", "beyond": ("unknown", N_("the limits are asked of loans"))},
        against={
            "interbank": ("clear", N_("an owner pays")),
            "state": ("clear", N_("an owner pays")),
            "salaries": ("unknown", N_("whether it had owed the money that it paid is in no table")),
        },
        amount=max(money.values()),
        amount_least=min(money.values()),
        by_rule=parts,
        currency=currency,
        chains=chains_of(traces[0], 10),
    )


LINE = RedLine(
    code="RL-19",
    name=N_("Related dealings and fire walls"),
    name_zh="关联交易、防火墙",
    asks=N_("Does an institution lend to its own people beyond the limits, hide it, or pay its own capital?"),
    tests=(
        Test(
            "limits",
            N_("what related parties owe it, over its net capital"),
            ("loans.lender_id", "financials.net_capital", ("stakes", "relations")),
        ),
        Test(
            "bridge",
            N_("payments that reach a related party over a stranger in about the same amount (过桥)"),
            ("accounts.party_id", ("stakes", "relations")),
        ),
        Test(
            "capital",
            N_("capital that the institution itself had paid for (循环注资)"),
            ("accounts.party_id", "transfers.memo", "stakes", "licences"),
        ),
    ),
    elements={
        "related": N_("the other is related to it"),
        "beyond": N_("what is owed is beyond the limits"),
    },
    guards={
        "interbank": N_("it is a dealing between banks"),
        "state": N_("they are only controlled by the state"),
        "salaries": N_("they are salaries, dividends or what was owed"),
    },
    find=find,
)
