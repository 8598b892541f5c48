"""RL-20 Clients' reserves (备付金): lacking, misappropriated, used for advances, pledged, kept for interest.

The rule: a payment institution moves clients' reserves only as they say, and must not misappropriate, use or
borrow them, nor give security with them (支付条例 art. 27; 国办发〔2016〕21号 二（三）1); they must not be
used to advance redemptions (银发〔2015〕221号 (十)), nor to earn interest.

Looked at: the client ledger and what is in transit beside the balances of the reserve, day by day; payments
out of it to whom no client sent them; redemptions paid out of it before the fund's money came; guarantees
that name it; and the interest that it bears. Not it: the cut-off of a day, small fees, special-business
accounts, and what its own money in it covers.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, Measure, cited
from graphflow.language import N_
from graphflow.pictures.words import amount_text, percent
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test
from graphflow.redlines.borrowing import says
from graphflow.redlines.facts import DAY, Facts, Ints
from graphflow.redlines.keeping import INTEREST, OWN, RESERVE, Keeper, Limits, certainly, keepers, to_clients
from graphflow.redlines.reconciling import Gap, Reconciled, cite_gap, cut_off, reconcile, tolerance
from graphflow.redlines.standing import money_time, stretches
from graphflow.rows import moment

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.rows import Moment

WORDS = ("备付金", "客户资金", "reserve")
"""What a guarantee or a collateral says that is one of the reserve."""

CENTRAL_SINCE = datetime.date(2019, 1, 14)
"""The day from which all reserves stand at the central bank (银办发〔2018〕114号), at its rate."""

YEAR = 365 * DAY


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    gap: Number | None = None,
    outflow: Number | None = None,
    fees: Number | None = None,
    ordered: Number | None = None,
    advance: Number | None = None,
    interest: Number | None = None,
    critical: Number | None = None,
) -> Iterator[Finding]:
    """Payment institutions whose reserve lacks money, pays for no client, advances, or is pledged.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    gap
        What is lacking has to be more than this part of what is owed, and than is known to be in transit.
    outflow
        What was paid out for no client has to be more than this.
    fees
        Greatest part of clients' money that is taken for fees, where it is called so.
    ordered
        Least part of all payments out that name an order or a clearing; below it one without proves nothing.
    advance
        What was paid to redeem before the fund's money came has to be more than this.
    interest
        The interest of a year, over what stood there on average, has to be more than this.
    critical
        Least amount that reached the institution's group for it to be critical.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl20
    >>> [(f.measure, str(f.value), f.currency) for f in find(rl20.toy())], len(list(find(rl20.near_miss())))
    ([('gap', '3500', 'CNY')], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, gap=gap, outflow=outflow, fees=fees, ordered=ordered, advance=advance,
        interest=interest, critical=critical,
    )  # fmt: skip
    if not any(ask.runs(test.name) for test in LINE.tests):
        return
    for keeper in keepers(ask.facts, Limits(SOME, ask.threshold("fees"), 1, NEVER), institutions(ask.facts)):
        for who, reserve in keeper.apart(_reserve(keeper)):
            for test, one in _TESTS.items():
                if ask.runs(test):
                    yield from one(ask, keeper, who, reserve)


Who = tuple[str, ...]
"""Of whom a finding is: one institution, or several of a group that share a reserve."""

NEVER = -1
"""What was borrowed of a reserve is misused though it is paid back the next day: no entry is put right."""

SOME = Fraction(1, 100)
"""An account of which more than this part is clients' money holds clients' money."""


def institutions(facts: Facts) -> list[str]:
    """Payment institutions: by sector, or by a licence at any time."""
    found = list(facts.platforms("payment"))
    if facts.has("licences"):
        rows = facts.rows("licences")
        found += rows.loc[rows["function"] == "payment", "party_id"].tolist()
    return list(dict.fromkeys(found))


def _reserve(keeper: Keeper) -> Ints:
    """The group's accounts of the reserve, special-business accounts among them."""
    facts = keeper.facts
    mine = sets.common(keeper.custody, keeper.held)
    kinds = facts.account_kind[mine]
    found: Ints = mine[np.isin(kinds, RESERVE) | (kinds != "client_custody")]
    return found


def _money(facts: Facts, amount: int, unit: str) -> str:
    return f"{amount_text(amount, facts.tables.minor_units.get(unit, 2))} {unit}"


def _licence(facts: Facts, who: Who) -> list[Cited]:
    if not facts.has("licences"):
        return []
    rows = facts.rows("licences")
    mine = rows[rows["party_id"].isin(who) & (rows["function"] == "payment")]
    return [facts.cite("licences", mine, False)] if len(mine) else []


_ELEMENTS: Mapping[str, str | tuple[str, str]] = {
    "reserve": "shown",
    **dict.fromkeys(("lacking", "outflow", "advance", "pledge", "interest"), "unknown"),
}
_AGAINST: Mapping[str, str | tuple[str, str]] = {
    "cut_off": ("clear", N_("what was paid is asked, not what stood there")),
    "fees": ("clear", N_("small fees are left out")),
    "own_money": ("unknown", N_("whose money it was is not asked")),
    "special": ("clear", N_("special-business accounts count as reserve")),
    "ordered": ("unknown", N_("no order of a client is asked for")),
    "unseen": ("unknown", N_("accounts of the reserve that are in no table are not seen")),
}


def _finding(
    ask: Inquiry, keeper: Keeper, who: Who, test: str, element: str,
    against: Mapping[str, tuple[str, str | Told]], **more: object,
) -> Finding:  # fmt: skip
    """A finding about the institution: what no test speaks of is not told."""
    rows: list[Cited] = [*more.pop("rows"), *keeper.cite(), *_licence(keeper.facts, who)]  # type: ignore[misc]
    told: dict[str, object] = {"severity": "high", "kinds": {"flow": "shown"}, **more}
    return ask.finding(
        subject=("party", who[0]),
        hit=(test,),
        rows=rows,
        elements={**_ELEMENTS, element: "shown"},
        against={**_AGAINST, **against},
        **told,  # type: ignore[arg-type]
    )


# ---------------------------------------------------------------- the gap


def _gaps(ask: Inquiry, keeper: Keeper, who: Who, reserve: Ints) -> Iterator[Finding]:
    found = reconcile(ask.facts, who, keeper.members, reserve, in_transit=True)
    if found is None:
        return
    days = found.beyond(ask.threshold("gap"), in_transit=True)
    if days:
        worst = max(days, key=lambda day: (day.lacking, -day.at))
        yield _gap(ask, keeper, who, found, worst, len(days))


def _gap(ask: Inquiry, keeper: Keeper, who: Who, found: Reconciled, worst: Gap, count: int) -> Finding:
    facts, unit = ask.facts, ask.facts.tables.currency
    own = len(_own_rows(keeper, found.accounts, unit))
    return _finding(
        ask, keeper, who, "gap", "lacking",
        {
            "cut_off": cut_off(worst),
            "own_money": ("present", OWN_COVERS) if own else ("clear", NO_OWN),
        },
        summary=Told(
            N_(
                "clients of {holder} are owed {owed} and {transit} is on its way to them, and {stood} stood "
                "in its reserve: {lacking} are lacking, and were not made good within a working day; so on "
                "{count} days"
            ),
            holder=facts.names_of(who),
            owed=_money(facts, worst.owed, unit),
            transit=_money(facts, worst.transit, unit),
            stood=_money(facts, worst.stood, unit),
            lacking=_money(facts, worst.lacking, unit),
            count=count,
        ),
        measures=[
            Measure(
                "gap", N_("lacking in the reserve on the worst day"), Fraction(worst.lacking),
                tolerance(worst, ask.threshold("gap"), True), ">", ask.threshold_row("gap").basis, unit,
            ),
            ask.measure("owed", N_("owed to clients that day, by the ledger"), worst.owed, unit=unit),
            ask.measure("transit", N_("on its way to clients that day"), worst.transit, unit=unit),
            ask.measure("overdrawn", N_("taken off for clients who owe"), worst.overdrawn, unit=unit),
            ask.measure("stood", N_("stood in the reserve that day"), worst.stood, unit=unit),
            ask.measure("days", N_("days with something lacking"), count, unit="days"),
            ask.measure(
                "days_unknown", N_("days on which a balance is not known"), found.unknown, unit="days"
            ),
        ],
        rows=[*cite_gap(facts, found, worst)],
        severity="high" if worst.settled else "medium",
        severity_note="" if worst.settled else NOT_OVER,
        kinds={"flow": "shown", "statement": "shown"},
        amount=worst.lacking + worst.overdrawn,
        amount_least=worst.lacking,
        currency=unit,
    )  # fmt: skip


NO_OWN = N_("no own money came into the reserve")
OWN_COVERS = N_("own money in the reserve counts as cover: without it more is lacking")
MAY_BE_OWN = N_("as much as own money came into the reserve may have been its own")
ORDERED = N_(
    "what names an order, a clearing or a contract is left out, and what goes to a client up to what he "
    "paid in or is owed"
)
NO_ORDERS = N_(
    "no payment out of the reserve names an order or a clearing, so none can be told to be ordered"
)
NOT_OVER = N_("Held at medium: the statements end before the next working day is over.")


def _own_rows(keeper: Keeper, accounts: Ints, unit: str) -> pd.DataFrame:
    """What the group and its owners paid into some accounts."""
    ins = keeper.ins
    coin = keeper.facts.currencies.index(unit)
    mine = (ins["what"] == OWN) & np.isin(ins["account"], accounts) & (ins["currency"] == coin)
    found: pd.DataFrame = ins[mine]
    return found


# ---------------------------------------------------------------- payments out


def _outflows(ask: Inquiry, keeper: Keeper, who: Who, reserve: Ints) -> Iterator[Finding]:
    """Payments out of the reserve that no client sent: to the group, for own purposes, to strangers."""
    facts = ask.facts
    outs = keeper.outs
    outs = outs[np.isin(outs["account"], reserve)]
    told = keeper.purposes
    told = told[np.isin(told["account"], reserve)]
    strange = _strangers(ask, keeper, outs)
    strange = strange[~np.isin(strange["row"], told["row"])]
    strange = strange.assign(purpose="stranger", told=False, covered=0, certain=strange["amount"])
    both = pd.concat([told, strange], ignore_index=True)
    for currency in sets.unique(both["currency"]).tolist():
        mine = both[both["currency"] == currency]
        unit = facts.currencies[currency]
        paid = int(mine["amount"].sum())
        if paid > ask.threshold("outflow"):
            yield _outflow(ask, keeper, who, reserve, mine, unit, paid)


def _strangers(ask: Inquiry, keeper: Keeper, outs: pd.DataFrame) -> pd.DataFrame:
    """Payments to known parties that never paid in and are no clients, without the order that others name."""
    facts = ask.facts
    rows = outs["row"].to_numpy()
    named = (facts.codes("order_id", rows)[0] >= 0) | (facts.codes("clearing_id", rows)[0] >= 0)
    if not len(outs) or Fraction(int(named.sum()), len(outs)) < ask.threshold("ordered"):
        return outs.iloc[:0]
    payee = outs["payee"].to_numpy()
    strange = outs["free"].to_numpy() & ~named & (payee >= 0) & ~np.isin(payee, keeper.ins["payer"])
    strange &= ~np.isin(payee, keeper.group) & ~outs["client"].to_numpy(np.bool_)
    return outs[strange]


def _outflow(
    ask: Inquiry, keeper: Keeper, who: Who, reserve: Ints, mine: pd.DataFrame, unit: str, paid: int
) -> Finding:
    facts = ask.facts
    topped_up = _own_rows(keeper, reserve, unit)
    own = int(topped_up["amount"].sum())
    least = _beyond(certainly(mine), topped_up)
    to_group = mine[mine["purpose"].isin(["group", "own", "owner"])]
    reached = _beyond(certainly(to_group), topped_up)
    critical = unit == "CNY" and reached >= ask.threshold("critical")
    kinds = {"flow": "shown"} | ({"register": "shown"} if _licence(facts, who) else {})
    kinds |= {"ownership": "shown"} if (mine["purpose"].isin(["group", "owner"])).any() else {}
    sums = mine.groupby("purpose")["amount"].sum()
    return _finding(
        ask, keeper, who, "outflow", "outflow",
        {
            "own_money": ("present", MAY_BE_OWN) if own else ("clear", NO_OWN),
            "ordered": to_clients(mine) or _ordered(keeper, reserve),
        },
        summary=Told(
            BEYOND_CLAIMS if mine["client"].any() else FOR_NONE,
            paid=_money(facts, paid, unit),
            holder=facts.names_of(who),
            count=len(mine),
            group=_money(facts, int(to_group["amount"].sum()), unit),
        ),
        measures=[
            ask.measure("outflow", N_("paid out of the reserve for no client"), paid, "outflow", ">", unit),
            *(
                ask.measure(f"outflow_{purpose}", title, int(sums[purpose]), unit=unit)
                for purpose, title in _TITLES.items()
                if purpose in sums.index
            ),
            ask.measure("own_in", N_("own money that came into the reserve"), own, unit=unit),
            ask.measure(
                "reached",
                N_("of it certainly clients', to own accounts, owners and the group"),
                reached,
                unit=unit,
            ),
        ],
        rows=[_moved(facts, mine["row"].to_numpy())],
        severity="critical" if critical else "high" if least else "medium",
        severity_note="" if least else OWN_ENOUGH if to_clients(mine) is None else CLAIMS_UNSEEN,
        kinds=kinds,
        amount=paid,
        amount_least=least,
        currency=unit,
    )  # fmt: skip


def _ordered(keeper: Keeper, reserve: Ints) -> tuple[str, str]:
    """Whether a client's order can be told: only where some payment out of the reserve names one."""
    rows = keeper.outs["row"].to_numpy()[np.isin(keeper.outs["account"], reserve)]
    some = any((keeper.facts.codes(each, rows)[0] >= 0).any() for each in ("order_id", "clearing_id"))
    return ("clear", ORDERED) if some else ("unknown", NO_ORDERS)


FOR_NONE = N_(
    "{paid} left the reserve of {holder} in {count} payments for no client: {group} of it to its own "
    "accounts, its owners and its group"
)
BEYOND_CLAIMS = N_(
    "{paid} left the reserve of {holder} in {count} payments for no client, or beyond what the tables show "
    "that the client is owed: {group} of it to its own accounts, its owners and its group"
)
CLAIMS_UNSEEN = N_("Held at medium: the client ledger does not say for certain that less was owed.")
OWN_ENOUGH = N_("Held at medium: own money in the reserve was enough to pay all of it.")

_TITLES: Mapping[str, str] = {
    "own": N_("of it to its own accounts, beyond fees"), "group": N_("of it to others of its group"),
    "owner": N_("of it to who holds a stake in it"), "wages": N_("of it wages"), "tax": N_("of it taxes"),
    "rent": N_("of it rent"), "ads": N_("of it advertising"), "debt": N_("of it own debts"),
    "stranger": N_("of it to strangers, without an order"),
}  # fmt: skip


def _moved(facts: Facts, rows: Ints) -> Cited:
    rows = sets.unique(rows)
    return cited("transfers", sets.union(rows, facts.reversals_of(rows)))


# ---------------------------------------------------------------- advances


@dataclass(frozen=True)
class _Advance:
    """Redemptions of one product paid out of the reserve, and what the fund had paid in for them."""

    product: str
    paid: pd.DataFrame = field(repr=False)
    came: pd.DataFrame = field(repr=False)
    advance: int

    @property
    def in_time(self) -> pd.DataFrame:
        """Of what came, what was there before the last was paid."""
        found: pd.DataFrame = self.came[self.came["time"] <= self.paid["time"].max()]
        return found


def _advances(ask: Inquiry, keeper: Keeper, who: Who, reserve: Ints) -> Iterator[Finding]:
    """Redemptions paid before the fund's money came (垫付)."""
    facts = ask.facts
    outs, ins = keeper.outs, keeper.ins
    outs = outs[np.isin(outs["account"], reserve)]
    ins = ins[np.isin(ins["account"], reserve)]
    found: dict[int, list[_Advance]] = {}
    bought = facts.rows("subscriptions")
    numbers, words = facts.codes("product_id", outs["row"].to_numpy())
    for number in sets.unique(numbers[numbers >= 0]).tolist():
        product = words[number]
        investor = bought.loc[bought["product_id"] == product, "investor_id"].map(facts.party_number)
        investors = investor.fillna(-1).to_numpy().astype(np.int64)
        investors = investors[investors >= 0]
        paid = outs[(numbers == number) & np.isin(outs["payee"], investors)]
        came = ins[_from_fund(facts, ins, product) & ~np.isin(ins["payer"], investors)]
        for currency in sets.unique(paid["currency"]).tolist():
            one = _advance(product, paid[paid["currency"] == currency], came[came["currency"] == currency])
            if one.advance:
                found.setdefault(currency, []).append(one)
    for currency, parts in found.items():
        total = sum(part.advance for part in parts)
        if total > ask.threshold("advance"):
            yield _advanced(ask, keeper, who, parts, facts.currencies[currency], total)


def _from_fund(facts: Facts, ins: pd.DataFrame, product: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which rows in are a product's money: they name it, or come from its account, manager or custodian."""
    numbers, words = facts.codes("product_id", ins["row"].to_numpy())
    found = numbers == (words.index(product) if product in words else -2)
    found |= facts.account_products[ins["source"].to_numpy()] == product
    rows = facts.rows("products")
    of = rows[rows["product_id"] == product]
    names = {*of["manager_id"].dropna(), *of["custodian_id"].dropna(), *of["issuer_id"].dropna()}
    parties = [facts.party_number[each] for each in names if each in facts.party_number]
    return np.asarray(found | np.isin(ins["payer"], parties), np.bool_)


def _advance(product: str, paid: pd.DataFrame, came: pd.DataFrame) -> _Advance:
    """What was paid of a product before it had come."""
    return _Advance(product, paid, came, _beyond(paid, came))


def _beyond(paid: pd.DataFrame, came: pd.DataFrame) -> int:
    """What was paid beyond what had come until then: what comes later makes good what was missing first."""
    paid, came = paid.sort_values(["time", "row"]), came.sort_values(["time", "row"])
    amounts = paid["amount"].to_numpy(np.int64)
    received = np.concatenate([[0], np.cumsum(came["amount"].to_numpy(np.int64))])
    upto = np.searchsorted(came["time"].to_numpy(), paid["time"].to_numpy(), side="right")
    before = np.cumsum(amounts) - amounts
    there = np.maximum(received[upto] - before, 0)
    return int(np.maximum(amounts - there, 0).sum())


def _advanced(
    ask: Inquiry, keeper: Keeper, who: Who, parts: list[_Advance], unit: str, total: int
) -> Finding:
    facts = ask.facts
    names = {part.product for part in parts}
    rows = np.concatenate([each["row"].to_numpy() for part in parts for each in (part.paid, part.in_time)])
    bought, products = facts.rows("subscriptions"), facts.rows("products")
    paid = sum(int(part.paid["amount"].sum()) for part in parts)
    return _finding(
        ask, keeper, who, "advance", "advance",
        {
            "own_money": ("unknown", N_("an agreement by which another advances is in no table")),
            "ordered": ("clear", N_("each redemption has an investor of the product")),
        },
        summary=Told(
            N_(
                "the reserve of {holder} paid redemptions of {paid}, {advance} of it before the funds' money "
                "had come"
            ),
            holder=facts.names_of(who),
            paid=_money(facts, paid, unit),
            advance=_money(facts, total, unit),
        ),
        measures=[
            ask.measure(
                "advance", N_("redemptions paid before the fund's money came"), total, "advance", ">", unit
            ),
            ask.measure(
                "redeemed", N_("redemptions of these products paid out of the reserve"), paid, unit=unit
            ),
            ask.measure("products", N_("products whose redemptions were advanced"), len(parts)),
        ],
        rows=[
            _moved(facts, rows),
            facts.cite("subscriptions", bought[bought["product_id"].isin(names)], False),
            facts.cite("products", products[products["product_id"].isin(names)], False),
        ],
        kinds={"flow": "shown", "contract": "shown"},
        amount=total,
        currency=unit,
    )  # fmt: skip


# ---------------------------------------------------------------- pledges


def _pledges(ask: Inquiry, keeper: Keeper, who: Who, reserve: Ints) -> Iterator[Finding]:
    """Guarantees by the institution that name the reserve, and loans whose collateral is its account."""
    facts = ask.facts
    given = facts.in_force("guarantees")
    given = given[given["guarantor_id"].isin(who) & _names_reserve(given["kind"])]
    loans = facts.rows("loans")
    ids = {str(each) for each in facts.account_ids[reserve]}
    pledged = loans[loans["collateral"].isin(ids)]
    if given.empty and pledged.empty:
        return
    unit = facts.tables.currency
    amount = int(given["amount"].fillna(0).sum()) + int(pledged["principal"].sum())
    count = len(given) + len(pledged)
    yield _finding(
        ask, keeper, who, "pledge", "pledge", {},
        summary=Told(
            N_("the reserve of {holder} stands as security for {count} debts of others, {amount} in all"),
            holder=facts.names_of(who),
            count=count,
            amount=_money(facts, amount, unit),
        ),
        measures=[
            ask.measure("pledges", N_("securities that name the reserve"), count, "pledges"),
            ask.measure("pledged", N_("for debts of"), amount, unit=unit),
            ask.measure(
                "without_amount", N_("securities without an amount"), int(given["amount"].isna().sum())
            ),
        ],
        rows=[facts.cite("guarantees", given), facts.cite("loans", pledged)],
        kinds={"contract": "shown"},
        amount=amount,
        currency=unit,
    )  # fmt: skip


def _names_reserve(texts: pd.Series) -> pd.Series:
    said = texts.fillna("").astype(str).str.lower()
    found: pd.Series = said.str.contains("|".join(WORDS), regex=True)
    return found


# ---------------------------------------------------------------- interest


def _interest(ask: Inquiry, keeper: Keeper, who: Who, reserve: Ints) -> Iterator[Finding]:
    """Interest that the reserve bears, beyond what the central bank pays."""
    facts, ins = ask.facts, keeper.ins
    since = moment(CENTRAL_SINCE.isoformat(), facts.tables.timezone)[0]
    source, payer = ins["source"].to_numpy(), ins["payer"].to_numpy()
    bank = (facts.account_kind[source] == "internal") | np.isin(payer, np.flatnonzero(facts.party_is("bank")))
    rows = ins["row"].to_numpy()
    says_so = says(facts, rows, INTEREST) | says(facts, rows, ("interest",), "kind")
    mine = ins[bank & says_so & np.isin(ins["account"], reserve) & (ins["time"].to_numpy() >= since)]
    for currency in sets.unique(mine["currency"]).tolist():
        part = mine[mine["currency"] == currency]
        held = stretches(facts, reserve.tolist(), currency)
        if not all(each.known for each in held):
            continue
        stood = money_time(held, facts.at)[0] - money_time(held, since)[0]
        credited = int(part["amount"].sum())
        if stood > 0 and Fraction(credited * YEAR, stood) > ask.threshold("interest"):
            yield _bears(
                ask, keeper, who, part, facts.currencies[currency], credited, Fraction(credited * YEAR, stood)
            )


def _bears(
    ask: Inquiry, keeper: Keeper, who: Who, part: pd.DataFrame, unit: str, credited: int, rate: Fraction
) -> Finding:
    facts = ask.facts
    return _finding(
        ask, keeper, who, "interest", "interest",
        {"own_money": ("unknown", N_("what of it own money in the reserve earned is not told apart"))},
        summary=Told(
            N_("the reserve of {holder} bore interest of {credited}, {rate} a year of what stood there"),
            holder=facts.names_of(who),
            credited=_money(facts, credited, unit),
            rate=percent(float(rate), 2),
        ),
        measures=[
            ask.measure(
                "interest", N_("interest of a year over what stood in the reserve"), rate, "interest", ">"
            ),
            ask.measure("credited", N_("interest that was credited"), credited, unit=unit),
        ],
        rows=[_moved(facts, part["row"].to_numpy()), *facts.cite_last()],
        severity="medium",
        amount=credited,
        currency=unit,
    )  # fmt: skip


_TESTS = {
    "gap": _gaps, "outflow": _outflows, "advance": _advances, "pledge": _pledges, "interest": _interest,
}  # fmt: skip
_PSP = ("licences", "parties.sector")

LINE = RedLine(
    code="RL-20",
    name=N_("Clients' reserves"),
    name_zh="备付金挪用、占用、垫付、担保、吃利差",
    asks=N_("Are clients' reserves whole, and moved for nobody but clients?"),
    tests=(
        Test(
            "gap",
            N_("the client ledger and what is in transit beside the balances of the reserve, day by day"),
            ("client_ledger", "accounts.kind", _PSP),
        ),
        Test(
            "outflow",
            N_("payments out of the reserve to whom no client sent them"),
            ("accounts.kind", "accounts.party_id", _PSP),
        ),
        Test(
            "advance",
            N_("redemptions paid out of the reserve before the fund's money came (垫付)"),
            ("accounts.kind", "subscriptions", "transfers.product_id", _PSP),
        ),
        Test(
            "pledge",
            N_("guarantees and collateral that name the reserve"),
            (("guarantees", "loans.collateral"), _PSP),
        ),
        Test(
            "interest",
            N_("interest that the reserve bears, over what stood there"),
            ("accounts.kind", _PSP),
        ),
    ),
    elements={
        "reserve": N_("it keeps clients' reserves"),
        "lacking": N_("less stands there than is owed"),
        "outflow": N_("money leaves it for no client"),
        "advance": N_("it advances redemptions"),
        "pledge": N_("it stands as security for others"),
        "interest": N_("it is kept for interest"),
    },
    guards={
        "cut_off": N_("the money was on its way over the cut-off"),
        "fees": N_("they are small fees"),
        "own_money": N_("it is own money in the reserve"),
        "special": N_("it is an account for special business (特定业务待结算)"),
        "ordered": N_("a client ordered it"),
        "unseen": N_("further accounts of the reserve hold it"),
    },
    find=find,
)
