"""RL-23 Clients' money not kept apart (客户资金与自有资金未分账、未第三方存管、挪用).

The rule: clients' money is booked apart from an institution's own, is in a third party's custody, and is not
misappropriated (国办发〔2016〕21号 二（一）3; 暂行办法 art. 28; 证券法 art. 131; 信托法 art. 27).

Looked at: accounts into which both clients' and own money comes, and payments out of them for purposes of
its own; how much of clients' money goes into custody first; the client ledger beside the balance in custody;
and clients' money that reaches others of the group, straight or over strangers, under every rule of tracing.
Not it: small fees, interest that is taken out within a month, entries put right within days, and what is paid
out by a contract, by an order or to a client.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, by_rules, cited
from graphflow.language import N_
from graphflow.law import law_on
from graphflow.ownership.controlling import group_of
from graphflow.pictures.words import amount_text, percent
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test
from graphflow.redlines.diverting import Spread, spread, to_group, total
from graphflow.redlines.facts import Facts, Ints, known, micros
from graphflow.redlines.keeping import (
    CLIENT,
    LEFT_OUT,
    OTHER,
    OWN,
    RESERVE,
    Keeper,
    Limits,
    certainly,
    keepers,
    to_clients,
)  # fmt: skip
from graphflow.redlines.pooling import sides
from graphflow.redlines.reconciling import Gap, Reconciled, cite_gap, cut_off, reconcile
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

OLD = ("trust_company", "asset_manager", "broker", "exchange")
"""Sectors for which there were rules before the plan of 2016, which is for all."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    mixed: Number | None = None,
    clients: Number | None = None,
    fees: Number | None = None,
    covered: Number | None = None,
    short: Number | None = None,
    spent: Number | None = None,
    diverted: Number | None = None,
    critical: Number | None = None,
    hops: int = 3,
) -> Iterator[Finding]:
    """Institutions that mix clients' money with their own, spend or divert it, or hold too little in custody.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    mixed
        The lesser of clients' and own money, over all that came into an account, has to be more than this.
    clients
        Least number of clients whose money came into the account.
    fees
        Greatest part of clients' money that is taken for fees, where it is called so.
    covered
        Of clients' money less than this part went first into custody.
    short
        What is lacking in custody has to be more than this part of what clients are owed.
    spent, diverted
        Of what was paid for own purposes, or to others of the group, more than this part has to have been
        clients' money under some rule of tracing.
    critical
        What reached a controller under every rule of tracing has to be more than this to be critical.
    hops
        Through how many payments clients' money is followed to others of the group.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl23
    >>> [[(m.name, str(m.value)) for m in f.measures[:2]] for f in find(rl23.toy())]
    [[('mixed', '1/10'), ('clients_in', '90000')], [('spent_part', '1'), ('spent', '5000')]]
    >>> len(list(find(rl23.near_miss())))
    0
    """
    ask = Inquiry(
        LINE, case, as_of, law, mixed=mixed, clients=clients, fees=fees, covered=covered, short=short,
        spent=spent, diverted=diverted, critical=critical, hops=hops,
    )  # fmt: skip
    if not any(ask.runs(test.name) for test in LINE.tests):
        return
    limits = Limits(ask.threshold("mixed"), ask.threshold("fees"), int(ask.threshold("clients")))
    for keeper in keepers(ask.facts, limits):
        if not _in_force(ask, keeper):
            continue
        if ask.runs("mixed"):
            yield from _flows(ask, keeper, hops)
        if ask.runs("short"):
            yield from _shortfall(ask, keeper)


def _in_force(ask: Inquiry, keeper: Keeper) -> bool:
    """Whether a rule for such an institution was in force: the plan, or an older one of its sector."""
    facts = ask.facts
    everybody = any(row["code"] == LINE.code and not row["test"] for row in law_on("articles", facts.day))
    return everybody or bool(np.isin(facts.party_sector[keeper.of], OLD).any())


def _flows(ask: Inquiry, keeper: Keeper, hops: int) -> Iterator[Finding]:
    """Accounts, ways to the group, and custody, of each currency in which clients paid."""
    ins, facts = keeper.ins, ask.facts
    holding = np.flatnonzero(keeper.holding)
    holding = holding[~np.isin(facts.account_kind[holding], RESERVE)]
    mine = keeper.purposes
    mine = mine[mine["purpose"] != "group"]
    mine = mine[np.isin(mine["account"], holding)]
    to = ask.runs("diverted") and bool(keeper.group.size > keeper.of.size)
    for currency in sets.unique(ins["currency"][ins["what"] == CLIENT]).tolist():
        spent = mine[mine["currency"] == currency]
        way = spread(keeper, currency, hops if to else 0, bool(len(spent)))
        for account in holding.tolist():
            yield from _account(ask, keeper, account, currency, spent[spent["account"] == account], way)
        if to and way is not None:
            yield from _to_the_group(ask, keeper, way, hops)
        yield from _uncovered(ask, keeper, currency)


# ---------------------------------------------------------------- accounts


@dataclass(frozen=True)
class _Account:
    """What came into an account: clients' money, the group's own, and what cannot be told."""

    rows: pd.DataFrame = field(repr=False)
    amounts: Mapping[int, int]
    clients: int

    @property
    def index(self) -> Fraction:
        """The commingling index, the least that it can be whatever the rest was."""
        every = sum(self.amounts.values())
        return Fraction(min(self.amounts[CLIENT], self.amounts[OWN]), every) if every else Fraction(0)


def _came(keeper: Keeper, account: int, currency: int) -> _Account:
    ins = keeper.ins
    rows = ins[(ins["account"] == account) & (ins["currency"] == currency) & (ins["what"] != LEFT_OUT)]
    sums = rows.groupby("what")["amount"].sum()
    amounts = {what: int(sums.get(what, 0)) for what in (CLIENT, OWN, OTHER)}
    return _Account(rows, amounts, _count(keeper.facts, rows[rows["what"] == CLIENT]))


def _count(facts: Facts, rows: pd.DataFrame) -> int:
    """By how many some rows were paid."""
    return int(sets.unique(sides(facts, rows["payer"].to_numpy(), rows["source"].to_numpy())).size)


def _account(
    ask: Inquiry, keeper: Keeper, account: int, currency: int, spent: pd.DataFrame, way: Spread | None
) -> Iterator[Finding]:
    came = _came(keeper, account, currency)
    if came.clients < ask.threshold("clients"):
        return
    if came.index > ask.threshold("mixed"):
        yield _mixed(ask, keeper, account, came, ask.facts.currencies[currency])
    if way is not None and len(spent) and _part(way, spent) > ask.threshold("spent"):
        yield _spent(ask, keeper, account, came, spent, way)


def _part(way: Spread, payments: pd.DataFrame) -> Fraction:
    """Which part of some payments was clients' money, at most, by rule."""
    return Fraction(total(way.of(payments))[1], int(payments["amount"].sum()))


def _mixed(ask: Inquiry, keeper: Keeper, account: int, came: _Account, unit: str) -> Finding:
    facts = ask.facts
    text = N_("{client} of {count} clients and {own} of its own came into one account of {holder}: {index}")
    return ask.finding(
        subject=("account", str(facts.account_ids[account])),
        hit=("mixed",),
        summary=Told(
            text,
            client=_money(facts, came.amounts[CLIENT], unit),
            count=came.clients,
            own=_money(facts, came.amounts[OWN], unit),
            holder=_holder(keeper, account),
            index=percent(float(came.index), 2),
        ),
        measures=[
            ask.measure(
                "mixed",
                N_("the lesser of clients' and own money, over all that came in"),
                came.index,
                "mixed",
                ">",
            ),
            *_of_account(ask, came, unit),
        ],
        rows=[cited("transfers", _with_reversals(facts, [came.rows["row"]])), *keeper.cite()],
        severity="high",
        kinds={"flow": "shown", "contract": "shown"},
        elements={**_ELEMENTS, "mixed": "shown"},
        against=_against(keeper, {}, account),
        amount=came.amounts[CLIENT],
        currency=unit,
    )


def _spent(
    ask: Inquiry, keeper: Keeper, account: int, came: _Account, spent: pd.DataFrame, way: Spread
) -> Finding:
    facts = ask.facts
    unit = facts.currencies[int(spent["currency"].iloc[0])]
    paid, by_rule = int(spent["amount"].sum()), way.of(spent)
    least, most = total(by_rule)
    sure = total(way.of(certainly(spent)))[0]
    text = N_(
        "{holder} paid {paid} for purposes of its own from an account into which {client} of {count} "
        "clients came: {part} of it was clients' money; {own} of its own had come there"
    )
    return ask.finding(
        subject=("account", str(facts.account_ids[account])),
        hit=("spent",),
        summary=Told(
            text,
            holder=_holder(keeper, account),
            paid=_money(facts, paid, unit),
            client=_money(facts, came.amounts[CLIENT], unit),
            count=came.clients,
            part=by_rules(_money(facts, least, unit), _money(facts, most, unit)),
            own=_money(facts, came.amounts[OWN], unit),
        ),
        measures=[
            ask.measure(
                "spent_part",
                N_("part of it that was clients' money, at most, by rule"),
                Fraction(most, paid),
                "spent",
                ">",
            ),
            ask.measure("spent", N_("paid from there for purposes of its own"), paid, unit=unit),
            *_by_purpose(ask, spent, unit),
            *_of_account(ask, came, unit),
            *_left_out(ask, way, unit),
        ],
        rows=[
            cited("transfers", _with_reversals(facts, [came.rows["row"], spent["row"]])),
            *keeper.cite(way.between),
        ],
        severity="high" if sure else "medium",
        severity_note="" if sure else _held(spent),
        kinds={"flow": "shown", "contract": "shown"},
        elements={
            **_ELEMENTS,
            "mixed": "shown" if came.index > ask.threshold("mixed") else "unknown",
            "spent": (
                "inferred",
                N_("what the payments say they are for, and no register besides"),
            )
            if spent["told"].all()
            else "shown",
        },
        against=_against(keeper, by_rule, account, spent),
        amount=most,
        amount_least=sure,
        currency=unit,
        by_rule=_shares(by_rule, paid),
        chains=way.chains(spent["row"].to_numpy()),
    )


CLAIMS_UNSEEN = N_(
    "Held at medium: more may have been owed to registered clients than the ledger says, and of the rest "
    "under a rule of tracing none was clients' money."
)
NOT_BY_EVERY_RULE = N_("Held at medium: under a rule of tracing none of it was clients' money.")

_TITLES: Mapping[str, str] = {
    "wages": N_("of it wages"), "tax": N_("of it taxes"), "rent": N_("of it rent"),
    "ads": N_("of it advertising"),
    "debt": N_("of it own debts"), "owner": N_("of it to who holds a stake in it"),
    "own": N_("of it from custody to own accounts"),
}  # fmt: skip


def _held(payments: pd.DataFrame) -> str:
    return NOT_BY_EVERY_RULE if to_clients(payments) is None else CLAIMS_UNSEEN


def _by_purpose(ask: Inquiry, spent: pd.DataFrame, unit: str) -> Iterator[Measure]:
    sums = spent.groupby("purpose")["amount"].sum()
    for purpose, title in _TITLES.items():
        if purpose in sums.index:
            yield ask.measure(f"spent_{purpose}", title, int(sums[purpose]), unit=unit)


def _of_account(ask: Inquiry, came: _Account, unit: str) -> list[Measure]:
    return [
        ask.measure("clients_in", N_("clients' money that came in"), came.amounts[CLIENT], unit=unit),
        ask.measure("own_in", N_("own money that came in"), came.amounts[OWN], unit=unit),
        ask.measure("other_in", N_("what came in and cannot be told"), came.amounts[OTHER], unit=unit),
        ask.measure("clients", N_("clients whose money came in"), came.clients, "clients"),
    ]


def _left_out(ask: Inquiry, way: Spread, unit: str) -> list[Measure]:
    if not way.left_out:
        return []
    return [
        ask.measure("left_out", N_("clients' money in payments too many to follow"), way.left_out, unit=unit)
    ]


def _shares(amounts: Mapping[str, int], whole: int) -> dict[str, Fraction]:
    return {rule: Fraction(amount, whole) for rule, amount in amounts.items()} if whole else {}


def _money(facts: Facts, amount: int, unit: str) -> str:
    return f"{amount_text(amount, facts.tables.minor_units.get(unit, 2))} {unit}"


def _holder(keeper: Keeper, account: int) -> str:
    """Whose account it is; of one in custody at a stranger's, for whom."""
    facts = keeper.facts
    party = int(facts.account_party[account])
    mine = [str(facts.party_ids[party])] if party >= 0 and party in keeper.group else keeper.institutions
    return facts.names_of(mine)


def _with_reversals(facts: Facts, parts: Sequence[pd.Series]) -> Ints:
    rows = sets.unique(np.concatenate([part.to_numpy(np.int64) for part in parts]))
    return sets.union(rows, facts.reversals_of(rows))


_ELEMENTS: Mapping[str, str | tuple[str, str]] = {
    "holds": "shown",
    **dict.fromkeys(("mixed", "spent", "diverted", "custody", "short"), "unknown"),
}


def _against(
    keeper: Keeper, by_rule: Mapping[str, int], account: int | None = None,
    payments: pd.DataFrame | None = None,
) -> dict[str, tuple[str, str | Told]]:  # fmt: skip
    """What could speak against it, as it came out on the accounts."""
    ins = keeper.ins
    out = ins[(ins["what"] == LEFT_OUT) & (True if account is None else ins["account"] == account)]
    own_first: tuple[str, str] = ("unknown", N_("no payment is followed"))
    if by_rule:
        own_first = ("clear", N_("under every rule of tracing some of it was clients' money"))
        if total(by_rule)[0] == 0:
            own_first = ("present", N_("under a rule of tracing own money was enough to pay all of it"))
    small = N_("small fees are left out")
    right = N_("what went back in the same amount within five days is left out")
    swept = N_("interest that was taken out within a month is left out")
    why = {"fees": small, "corrections": right, "interest": swept}
    reasons = out["why"]
    return {
        **{name: ("present" if (reasons == name).any() else "clear", text) for name, text in why.items()},
        "on_behalf": (None if payments is None else to_clients(payments)) or ("clear", ON_BEHALF),
        "own_first": own_first,
        "cut_off": ("unknown", N_("no ledger is compared")),
        "invested": ("unknown", N_("no ledger is compared")),
        "unseen": ("unknown", N_("accounts in custody that are in no table are not seen")),
    }


ON_BEHALF = N_(
    "what names a contract or an order is left out, and what goes to a client up to what he paid in or "
    "is owed"
)


# ---------------------------------------------------------------- to the group


def _to_the_group(ask: Inquiry, keeper: Keeper, way: Spread, hops: int) -> Iterator[Finding]:
    """Clients' money that reached others of the group, by whose clients they are."""
    if len(keeper.shares) == 1:
        yield from _reached(ask, keeper, keeper.shares[0][0], way)
        return
    currency = int(way.seeds["currency"].iloc[0])
    for who, rows in keeper.shares:
        mine = spread(keeper, currency, hops, False, rows)
        if mine is not None:
            yield from _reached(ask, keeper, who, mine)


def _reached(ask: Inquiry, keeper: Keeper, who: Sequence[str], way: Spread) -> Iterator[Finding]:
    facts = ask.facts
    currency = int(way.seeds["currency"].iloc[0])
    payments = to_group(keeper, way)
    payments = payments[payments["currency"] == currency]
    payments = payments[np.isin(payments["row"], way.carrying(payments["row"].to_numpy()))]
    if payments.empty or _part(way, payments) <= ask.threshold("diverted"):
        return
    amounts = way.of(payments)
    least, most = total(amounts)
    unit = facts.currencies[currency]
    to_top = payments[np.isin(payments["payee"], _controllers(keeper))]
    sure = total(way.of(certainly(payments)))[0]
    reached = total(way.of(certainly(to_top)))[0]
    critical = reached > ask.threshold("critical")
    paid, came = int(payments["amount"].sum()), int(way.seeds["amount"].sum()) + way.left_out
    shown = [way.seeds["row"], payments["row"], _through(keeper, way)]
    yield ask.finding(
        subject=("party", who[0]),
        hit=("diverted",),
        summary=Told(
            N_(
                "of clients' money, {part} reached {count} others of the group of {holder}, {top} of it its "
                "controllers under every rule"
            ),
            part=by_rules(_money(facts, least, unit), _money(facts, most, unit)),
            count=int(payments["payee"].nunique()),
            holder=facts.names_of(who),
            top=_money(facts, reached, unit),
        ),
        measures=[
            ask.measure(
                "diverted_part",
                N_("part of what they were paid that was clients' money, at most, by rule"),
                Fraction(most, paid),
                "diverted",
                ">",
            ),
            ask.measure(
                "diverted", N_("clients' money that reached others of the group, at most"), most, unit=unit
            ),
            ask.measure("diverted_least", N_("and at least"), least, unit=unit),
            Measure(
                "controllers",
                N_("of it, what reached controllers under every rule"),
                Fraction(reached),
                ask.threshold("critical"),
                ">",
                ask.threshold_row("critical").basis,
                unit,
            ),
            ask.measure("paid", N_("all that they were paid out of these accounts"), paid, unit=unit),
            ask.measure("clients_in", N_("clients' money that came in"), came, unit=unit),
            *_left_out(ask, way, unit),
        ],
        rows=[
            cited("transfers", _with_reversals(facts, shown)),
            *keeper.cite(way.between),
        ],
        severity="critical" if critical else "high" if sure else "medium",
        severity_note="" if sure else _held(payments),
        kinds={"flow": "shown", "contract": "shown", "ownership": "shown"},
        elements={
            **_ELEMENTS,
            "diverted": "shown" if least else ("inferred", N_("by some rules of tracing, not by all")),
        },
        against=_against(keeper, amounts, payments=payments),
        amount=most,
        amount_least=sure,
        currency=unit,
        by_rule=_shares(amounts, paid),
        chains=way.chains(payments["row"].to_numpy()),
    )


def _controllers(keeper: Keeper) -> Ints:
    """Those at the top of the group, by number; what an institution itself is paid is not asked about."""
    found: set[int] = set()
    for number in keeper.of.tolist():
        found |= group_of(keeper.facts.ties, number)[0]
    return np.array(sorted(found), np.int64)


def _through(keeper: Keeper, way: Spread) -> pd.Series:
    """Payments into others' accounts between that carried clients' money."""
    facts = keeper.facts
    rows = facts.flows["row"].to_numpy()[facts.paid_to(way.between)]
    return pd.Series(way.carrying(rows), dtype="int64")


# ---------------------------------------------------------------- custody


def _uncovered(ask: Inquiry, keeper: Keeper, currency: int) -> Iterator[Finding]:
    """Of clients' money, what part did not go first into custody."""
    for who, rows in keeper.shares:
        mine = keeper.ins[rows & (keeper.ins["currency"] == currency).to_numpy()]
        if len(mine):
            yield from _beside(ask, keeper, who, mine)


def _beside(ask: Inquiry, keeper: Keeper, who: Sequence[str], mine: pd.DataFrame) -> Iterator[Finding]:
    facts = ask.facts
    into = np.isin(mine["account"], keeper.custody)
    whole, covered = int(mine["amount"].sum()), int(mine["amount"][into].sum())
    beside = _count(facts, mine[~into])
    part = Fraction(covered, whole)
    if part >= ask.threshold("covered") or beside < ask.threshold("clients"):
        return
    unit = facts.currencies[int(mine["currency"].iloc[0])]
    seen = bool(keeper.custody.size)
    yield ask.finding(
        subject=("party", who[0]),
        hit=("covered",),
        summary=Told(
            N_(
                "of {whole} that clients of {holder} are seen to pay into its accounts and into custody for "
                "them, {beside} of {count} clients went past custody"
            ),
            whole=_money(facts, whole, unit),
            holder=facts.names_of(who),
            beside=_money(facts, whole - covered, unit),
            count=beside,
        ),
        measures=[
            ask.measure(
                "covered", N_("part of clients' money that went first into custody"), part, "covered", "<"
            ),
            ask.measure("clients", N_("clients who paid past custody"), beside, "clients"),
            ask.measure("clients_in", N_("clients' money that came in"), whole, unit=unit),
        ],
        rows=[cited("transfers", _with_reversals(facts, [mine["row"]])), *keeper.cite()],
        severity="high" if seen else "medium",
        severity_note="" if seen else NO_CUSTODY,
        kinds={"flow": "shown", "contract": "shown"},
        elements={
            **_ELEMENTS,
            "custody": "shown"
            if seen
            else (
                "inferred",
                N_("no account in custody is in the tables: there may be one that nobody gave us"),
            ),
        },
        against=_against(keeper, {}),
        amount=whole - covered,
        currency=unit,
    )


NO_CUSTODY = N_("Held at medium: no account in custody is in the tables, and one may be missing from them.")


def _shortfall(ask: Inquiry, keeper: Keeper) -> Iterator[Finding]:
    """What the client ledger says is owed beyond what stands in custody; a reserve has a line of its own."""
    facts = ask.facts
    ours = [
        each for each in keeper.institutions
        if facts.party_sector[facts.party_number[each]] != "payment_institution"
    ]  # fmt: skip
    every = keeper.custody[~np.isin(facts.account_kind[keeper.custody], RESERVE)]
    for who, accounts in keeper.apart(every):
        mine = [each for each in who if each in ours]
        found = reconcile(facts, mine, keeper.members, accounts, in_transit=False) if mine else None
        days = found.beyond(ask.threshold("short"), in_transit=False) if found else []
        if found and days:
            worst = max(days, key=lambda day: (day.lacking, -day.at))
            yield _short(ask, keeper, mine, found, worst, len(days))


def _short(
    ask: Inquiry, keeper: Keeper, who: Sequence[str], found: Reconciled, worst: Gap, count: int
) -> Finding:
    facts = ask.facts
    unit = facts.tables.currency
    invested = _outstanding(facts, who, worst.at) >= worst.lacking
    sure = worst.settled and not invested
    return ask.finding(
        subject=("party", who[0]),
        hit=("short",),
        summary=Told(
            N_(
                "the client ledger of {holder} says that {owed} are owed, and {stood} stood in custody: "
                "{lacking} are lacking, and were not made good within a working day; so on {count} days"
            ),
            holder=facts.names_of(who),
            owed=_money(facts, worst.owed, unit),
            stood=_money(facts, worst.stood, unit),
            lacking=_money(facts, worst.lacking, unit),
            count=count,
        ),
        measures=[
            Measure(
                "short",
                N_("lacking in custody on the worst day"),
                Fraction(worst.lacking),
                ask.threshold("short") * worst.owed,
                ">",
                ask.threshold_row("short").basis,
                unit,
            ),
            ask.measure("owed", N_("owed to clients that day, by the ledger"), worst.owed, unit=unit),
            ask.measure("overdrawn", N_("taken off for clients who owe"), worst.overdrawn, unit=unit),
            ask.measure("stood", N_("stood in custody that day"), worst.stood, unit=unit),
            ask.measure("days", N_("days with something lacking"), count, unit="days"),
            ask.measure(
                "days_unknown", N_("days on which a balance is not known"), found.unknown, unit="days"
            ),
        ],
        rows=[*cite_gap(facts, found, worst), *_loans(facts, who), *keeper.cite()],
        severity="high" if sure else "medium",
        severity_note="" if sure else NOT_RULED_OUT,
        kinds={"flow": "shown", "statement": "shown"},
        elements={**_ELEMENTS, "short": "shown"},
        against={
            **_against(keeper, {}),
            "cut_off": cut_off(worst),
            "invested": (
                "unknown",
                N_("loans outstanding are as much: the ledger may count what clients have lent out"),
            )
            if invested
            else ("clear", N_("loans outstanding are less than what is lacking")),
        },
        amount=worst.lacking + worst.overdrawn,
        amount_least=worst.lacking,
        currency=unit,
    )


NOT_RULED_OUT = N_("Held at medium: something that could explain it is not ruled out.")


def _its_loans(facts: Facts, who: Sequence[str]) -> pd.DataFrame:
    loans = facts.rows("loans")
    mine: pd.DataFrame = loans[loans["platform_id"].isin(who)]
    return mine


def _outstanding(facts: Facts, who: Sequence[str], at: int) -> int:
    """The principal of its loans that ran at a moment."""
    loans = _its_loans(facts, who)
    runs = (micros(loans["start"]) <= at) & (~known(loans["end"]) | (micros(loans["end"]) > at))
    return int(loans["principal"][runs].sum())


def _loans(facts: Facts, who: Sequence[str]) -> Iterator[Cited]:
    loans = _its_loans(facts, who)
    if len(loans):
        yield facts.cite("loans", loans, False)


_CLIENTS = (
    "client_ledger", "loans.lender_id", "assignments", "subscriptions", "transfers.loan_id",
    "transfers.listing_id",
)  # fmt: skip
_WHOSE = ("accounts.party_id", "accounts.signer_id")

LINE = RedLine(
    code="RL-23",
    name=N_("Clients' money not kept apart"),
    name_zh="客户资金与自有资金未分账、未第三方存管、挪用",
    asks=N_("Is clients' money kept apart from the institution's own, in custody, whole, and not spent?"),
    tests=(
        Test("mixed", N_("clients' and own money that comes into one account"), (_CLIENTS, _WHOSE)),
        Test(
            "spent",
            N_("payments for purposes of its own from an account that holds clients' money"),
            (_CLIENTS, _WHOSE),
        ),
        Test(
            "diverted",
            N_("clients' money that reaches others of the group, under every rule of tracing"),
            (_CLIENTS, _WHOSE, ("stakes", "relations")),
        ),
        Test(
            "covered",
            N_("which part of clients' money goes first into custody (第三方存管)"),
            (_CLIENTS, _WHOSE),
        ),
        Test(
            "short",
            N_("the client ledger beside the balance in custody"),
            ("client_ledger", ("accounts.kind", "roles")),
        ),
    ),
    elements={
        "holds": N_("it holds money of clients"),
        "mixed": N_("own money comes into the same account"),
        "spent": N_("the account pays for purposes of its own"),
        "diverted": N_("clients' money reaches others of the group"),
        "custody": N_("clients' money goes past custody"),
        "short": N_("less stands in custody than is owed"),
    },
    guards={
        "fees": N_("they are small fees"),
        "interest": N_("it is interest that was taken out within a month"),
        "corrections": N_("it is an entry put right within days"),
        "on_behalf": N_("it is paid for clients, by contract or order"),
        "own_first": N_("its own money there was enough to pay"),
        "cut_off": N_("the money was on its way over the cut-off"),
        "invested": N_("the ledger counts what clients have lent out or invested"),
        "unseen": N_("further accounts in custody hold it"),
    },
    guards_of={
        "own_first": ("spent", "diverted", "covered"),
        **dict.fromkeys(("cut_off", "invested"), ("short",)),
        "unseen": ("covered", "short"),
    },
    find=find,
)
