"""Seeds: the money that a trace starts from, at a place and time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graphflow import sets
from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.ledger.form import ARRIVAL, CONVERTS, CUSTODY, OUTSIDE, Ledger
from graphflow.rows import Moment, moment
from graphflow.tables.currencies import major
from graphflow.tracing.absent import nothing_there
from graphflow.tracing.references import FEW, Reference

if TYPE_CHECKING:
    from graphflow.case import Case

Ints = NDArray[np.int64]
DAY = 86_400_000_000


@dataclass(frozen=True)
class Standing:
    """Money that stands in a pot: its places on the pot's ruler, the whole balance, the step after which, and
    the time that was asked (the first of several).
    """

    pot: int
    begins: int
    ends: int
    balance: int
    after: int
    time: int


@dataclass(frozen=True)
class Seeds:
    """What a trace starts from.

    Attributes
    ----------
    rows, amounts : int64 (k)
        Seed transfers in the order that is shown, and how much of each is seed (its first money).
    standing
        Money that stands in accounts.
    total : int
        Minor units of ``currency``.
    payers
        Accounts whose holders paid the seed (backward: received it).
    first, last : int
        The steps of the period, inclusive.
    opens, closes : int
        The period, in microseconds.
    reduced
        Seed transfers that count net of their reversals, with what was taken back.
    """

    rows: Ints
    amounts: Ints
    standing: tuple[Standing, ...]
    currency: int
    total: int
    payers: Ints
    first: int
    last: int
    opens: int
    closes: int
    reduced: tuple[tuple[int, int], ...] = field(default=())


def minor(value: str | Decimal | int, digits: int, where: str) -> int:
    """An amount that a caller gives, in minor units: text and Decimal are major units, an int minor ones.

    Examples
    --------
    >>> minor("12.5", 2, "min_amount"), minor(12, 2, "min_amount")
    (1250, 12)
    """
    if isinstance(value, bool) or not isinstance(value, (str, Decimal, int, np.integer)):
        raise UsageError(
            Problem(
                where,
                N_("an amount is text, a Decimal, or an int of minor units"),
                {},
                repr(value),
                '"12.50"',
            )
        )
    if isinstance(value, (int, np.integer)):
        scaled = Decimal(int(value))
    else:
        try:
            scaled = Decimal(value).scaleb(digits)
        except InvalidOperation:
            raise UsageError(Problem(where, N_("this is not an amount"), {}, str(value), "12.50")) from None
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or scaled < 0:
        raise UsageError(
            Problem(
                where,
                N_("an amount is not negative and has at most {digits} decimals"),
                {"digits": digits},
                str(value),
                "12.50",
            )
        )
    return int(scaled)


def find_seeds(
    case: Case,
    references: Sequence[Reference],
    *,
    backward: bool,
    currency: str | None,
    since: Moment | None,
    until: Moment | None,
    span: tuple[int, int] | None = None,
) -> Seeds:
    """The seeds that references name; ``span`` is when the whole case begins and ends, if this is a part of
    it.

    Raises
    ------
    UsageError
        All problems at once: several currencies, nothing in the period, less than was asked.
    """
    ledger = case.ledger
    opens, closes, first, last = _period(ledger, since, until, backward, span)
    period = _rows_between(ledger, since, until, first, last)
    problems: list[Problem] = []
    candidates: list[tuple[Reference, Ints, list[Standing]]] = []
    coins: dict[int, int] = {}
    whole, others = _whole_transfers(ledger, references, period, currency)
    if len(whole):
        coins[int(ledger.rows["currency"][whole[0]])] = int(ledger.rows["net"][whole].sum())
    for reference in others:
        standing: list[Standing] = []
        rows = np.zeros(0, np.int64)
        if reference.kind == "balance":
            try:
                standing = _balance(ledger, reference, since, until, first)
            except UsageError as error:
                problems.extend(error.problems)
                continue
        else:
            rows = sets.unique(rows_of(case, reference, backward))
            rows = rows[rows >= 0]  # a transfer that is supposed not to be there
            rows = rows[period(rows) & (ledger.rows["net"][rows] > 0)]
        of = ledger.rows[rows]
        for coin in sets.unique(of["currency"]).tolist():
            coins[coin] = coins.get(coin, 0) + int(of["net"][of["currency"] == coin].sum())
        for stand in standing:
            coin = int(ledger.pots["currency"][stand.pot])
            coins[coin] = coins.get(coin, 0) + stand.balance
        candidates.append((reference, rows, standing))
    chosen = _one_currency(ledger, coins, currency, problems)
    if (chosen < 0) if currency is not None else (len(coins) > 1):
        raise UsageError(*problems)  # without a currency nothing can be said of amounts
    digits = ledger.minor_units[ledger.currencies[chosen]] if chosen >= 0 else 0

    amounts: list[tuple[Ints, Ints]] = [(whole, ledger.rows["net"][whole].astype(np.int64))]
    stands: dict[tuple[int, int], Standing] = {}
    for reference, rows, standing in candidates:
        kept = rows[ledger.rows["currency"][rows] == chosen]
        held = [stand for stand in standing if int(ledger.pots["currency"][stand.pot]) == chosen]
        has = int(ledger.rows["net"][kept].sum()) + sum(stand.balance for stand in held)
        try:
            wanted = None if reference.amount is None else minor(reference.amount, digits, "reference")
        except UsageError as error:
            problems.extend(error.problems)
            continue
        if has == 0:
            absent = nothing_there(
                ledger,
                reference,
                backward=backward,
                currency=ledger.currencies[chosen] if currency is not None or coins else None,
                since=since,
                until=until,
                out=rows_of(case, reference, False),
                into=rows_of(case, reference, True),
            )
            problems.append(absent)
            continue
        if wanted == 0:
            problems.append(
                Problem(
                    "reference",
                    N_("there is nothing to trace in an amount of zero"),
                    {},
                    reference.text,
                    N_("an amount greater than zero"),
                )
            )
            continue
        if wanted is not None and has < wanted:
            problems.append(
                Problem(
                    "reference",
                    N_("there is less than was asked: {found} of {wanted} {currency}"),
                    {
                        "found": major(has, digits),
                        "wanted": major(wanted, digits),
                        "currency": ledger.currencies[chosen],
                    },
                    reference.text,
                )
            )
            continue
        rest = has if wanted is None else wanted
        net = ledger.rows["net"][kept]
        parts = np.clip(rest - (np.cumsum(net) - net), 0, net)
        rest -= int(parts.sum())
        amounts.append((kept[parts > 0], parts[parts > 0]))
        for stand in held:
            part = min(rest, stand.balance)
            rest -= part
            key = (stand.pot, stand.after)
            before = stands.get(key)
            length = max(part, before.ends - before.begins if before else 0)
            stands[key] = replace(
                stand, ends=stand.begins + length, time=min(stand.time, before.time if before else stand.time)
            )
    if problems:
        raise UsageError(*problems)
    # a transfer that is named twice counts once, with its greatest part
    named_rows = np.concatenate([x for x, _ in amounts])
    named_parts = np.concatenate([x for _, x in amounts])
    order = np.lexsort((-named_parts, named_rows))
    taken, head = np.unique(named_rows[order], return_index=True)
    parts = named_parts[order][head]
    side = "target" if backward else "source"
    booked = ledger.rows["amount"][taken]
    net = ledger.rows["net"][taken]
    less = np.flatnonzero(booked != net)
    standing_seeds = tuple(sorted(stands.values(), key=lambda x: (x.after, x.pot)))
    return Seeds(
        rows=taken,
        amounts=parts,
        standing=standing_seeds,
        currency=chosen,
        total=int(parts.sum()) + sum(x.ends - x.begins for x in standing_seeds),
        payers=sets.unique(ledger.rows[side][taken]).astype(np.int64),
        first=first,
        last=last,
        opens=opens,
        closes=closes,
        reduced=tuple((int(taken[i]), int(booked[i] - net[i])) for i in less),
    )


def _whole_transfers(
    ledger: Ledger,
    references: Sequence[Reference],
    period: Callable[[Ints], NDArray[np.bool_]],
    currency: str | None,
) -> tuple[Ints, Sequence[Reference]]:
    """Transfers that are seeds whole, of one currency, where very many are named: all in one pass; and the
    references that are to be looked at one by one, those with something to be said of them among them.
    """
    plain = [each for each in references if each.kind == "transfer" and each.amount is None]
    none = np.zeros(0, np.int64)
    if len(plain) < FEW:
        return none, references
    rows = ledger.rows_named([each.id for each in plain])
    good = rows >= 0
    good[good] = period(rows[good]) & (ledger.rows["net"][rows[good]] > 0)
    coins = sets.unique(ledger.rows["currency"][rows[good]]).tolist()
    if len(coins) != 1 or currency not in (None, ledger.currencies[coins[0]]):
        return none, references
    done = {id(each) for each, is_good in zip(plain, good.tolist(), strict=True) if is_good}
    return rows[good], [each for each in references if id(each) not in done]


def _period(
    ledger: Ledger,
    since: Moment | None,
    until: Moment | None,
    backward: bool,
    span: tuple[int, int] | None,
) -> tuple[int, int, int, int]:
    """When the question opens and closes, and its first and last step."""
    size = len(ledger.steps)
    if ledger.size == 0:
        return 0, 0, 0, -1
    opens, closes = span or ends_of_case(ledger)
    first, last = 0, size - 1
    if until is not None and not backward:
        closes = moment(until, ledger.timezone)[1]
        last = step_after(ledger, closes) - 1
    if since is not None and backward:
        opens = moment(since, ledger.timezone)[0]
        first = step_after(ledger, opens - 1)
    return opens, closes, first, last


def ends_of_case(ledger: Ledger) -> tuple[int, int]:
    """When the case's first row was and its last, one that was undone included.

    Rows stand in the order that is shown: in a day of which some rows have a date alone the first and the
    last place need not be the earliest and the latest time: the two days at each end are looked through.
    """
    times = ledger.rows["time"]
    count = ledger.size
    head = bisect_right(range(count), int(times[0]) + 2 * DAY, key=lambda i: int(times[i]))
    tail = bisect_left(range(count), int(times[-1]) - 2 * DAY, key=lambda i: int(times[i]))
    closes = int(ledger.rows["arrives"][tail:].max())
    if len(ledger.steps):
        closes = max(closes, step_time(ledger, len(ledger.steps) - 1))
    return int(times[:head].min()), closes


def step_time(ledger: Ledger, step: int) -> int:
    """When a step happens, in microseconds."""
    row = ledger.rows[int(ledger.steps["row"][step])]
    return int(row["arrives"] if int(ledger.steps["flags"][step]) & ARRIVAL else row["time"])


def step_after(ledger: Ledger, time: int) -> int:
    """The first step later than a time.

    On a day with rows of which only the date is known, these stand among the others by the order that is
    shown, so the search goes on from the day before, one by one.
    """
    low, high = 0, len(ledger.steps)
    while low < high:
        middle = (low + high) // 2
        if step_time(ledger, middle) > time - 2 * DAY:
            high = middle
        else:
            low = middle + 1
    begin = low
    low, high = begin, len(ledger.steps)
    while low < high:
        middle = (low + high) // 2
        if step_time(ledger, middle) > time + 2 * DAY:
            high = middle
        else:
            low = middle + 1
    steps = ledger.steps[begin:low]
    of_rows = ledger.rows[steps["row"]]
    times = np.where(steps["flags"] & ARRIVAL, of_rows["arrives"], of_rows["time"])
    later = np.flatnonzero(times > time)
    return begin + int(later[0]) if later.size else low


def _rows_between(ledger: Ledger, since: Moment | None, until: Moment | None, first: int, last: int) -> Any:
    """A test of whether rows lie in the period that chooses seeds."""
    low = moment(since, ledger.timezone)[0] if since is not None else None
    high = moment(until, ledger.timezone)[1] if until is not None else None

    def inside(rows: Ints) -> NDArray[np.bool_]:
        times = ledger.rows["time"][rows]
        found = np.ones(rows.size, np.bool_)
        if low is not None:
            found &= times >= low
        if high is not None:
            found &= times <= high
        # among rows of which only the date is known the period's steps need not be those of its times
        leaves = _leaving_steps(ledger, rows)
        return found & (leaves >= first) & (leaves <= last)

    return inside


def _leaving_steps(ledger: Ledger, rows: Ints) -> Ints:
    """The step by which each row leaves its source; -1 for one that was undone."""
    if len(ledger.row_pointer) == 0:
        return rows
    begins = ledger.row_pointer[rows]
    found = np.full(rows.size, -1, np.int64)
    has = np.flatnonzero(begins < ledger.row_pointer[rows + 1])
    found[has] = ledger.row_steps[begins[has]]
    return found


def _one_currency(
    ledger: Ledger, coins: dict[int, int], currency: str | None, problems: list[Problem]
) -> int:
    if currency is not None:
        if currency not in ledger.currencies:
            problems.append(
                Problem(
                    "currency",
                    N_("the case has no money in {currency}"),
                    {"currency": currency},
                    currency,
                    ", ".join(ledger.currencies),
                )
            )
            return -1
        return ledger.currencies.index(currency)
    if len(coins) > 1:
        listed = ", ".join(
            f"{ledger.currencies[c]} {Decimal(v).scaleb(-ledger.minor_units[ledger.currencies[c]])}"
            for c, v in coins.items()
        )
        problems.append(
            Problem(
                "currency",
                N_("the references have money in several currencies, and a question is about one: name it"),
                {},
                listed,
                ", ".join(ledger.currencies[c] for c in coins),
            )
        )
    return next(iter(coins), -1)


def rows_of(case: Case, reference: Reference, backward: bool) -> Ints:
    """The transfers that a reference names, whenever they were."""
    ledger = case.ledger
    if reference.kind == "balance":
        return np.zeros(0, np.int64)
    if reference.kind == "transfer":
        return np.array([ledger.row(reference.id)], np.int64)
    if reference.kind == "account":
        account = ledger.account(reference.id)
        return _others(ledger, np.array([account], np.int64), backward, party=None)
    if reference.kind == "party":
        party = ledger.party(reference.id)
        if party < 0:
            return np.zeros(0, np.int64)
        return _others(ledger, ledger.accounts_of(party).astype(np.int64), backward, party=party)
    if reference.kind == "loan":
        return _loan_rows(case, reference.id, backward)
    return _product_rows(case, reference.id, backward)


def _others(ledger: Ledger, accounts: Ints, backward: bool, party: int | None) -> Ints:
    """Transfers between these accounts and others': out of them, backward into them."""
    index = ledger.credits if backward else ledger.debits
    near, far = ("target", "source") if backward else ("source", "target")
    # cash that is joined over a gap stands in no account between
    joined = np.array([pair[not backward] for pair in sorted(ledger.gaps)], np.int64)
    found = []
    for account in accounts.tolist():
        pots = ledger.pots_of(account)
        steps = index.steps[int(index.pointer[pots.start]) : int(index.pointer[pots.stop])]
        over = joined[ledger.rows[near][joined] == account]
        rows = sets.union(ledger.steps["row"][steps], over).astype(np.int64)
        other = ledger.rows[far][rows]
        if party is None:
            rows = rows[other != account]
        else:
            rows = rows[ledger.account_party[other] != party]
        found.append(rows)
    return np.concatenate(found) if found else np.zeros(0, np.int64)


def _by_origin(ledger: Ledger, mask: Any) -> Ints:
    """Rows of the ledger for a mask over the table of transfers."""
    origins = np.flatnonzero(mask.to_numpy(zero_copy_only=False) if hasattr(mask, "to_numpy") else mask)
    place = np.full(ledger.size, -1, np.int64)
    place[ledger.rows["origin"]] = np.arange(ledger.size)
    rows: Ints = place[origins]
    return rows


def _equal(table: Any, column: str, value: str) -> Any:
    if table is None or column not in table.column_names:
        return None
    return pc.fill_null(pc.equal(table[column], pa.scalar(value, table[column].type)), False)


def _rows(table: Any, mask: Any) -> Any:
    return table.filter(mask)


def _loan_rows(case: Case, loan: str, backward: bool) -> Ints:
    """Transfers with that loan into the borrower's accounts; backward those out of them."""
    ledger = case.ledger
    same = _equal(case.tables.arrow("transfers"), "loan_id", loan)
    if same is None:
        return np.zeros(0, np.int64)
    rows = _by_origin(ledger, same)
    loans = case.tables.arrow("loans")
    which = _equal(loans, "loan_id", loan)
    borrowers = [] if which is None else _rows(loans, which)["borrower_id"].to_pylist()
    parties = np.array([ledger.party(x) for x in borrowers if x is not None], np.int64)
    side = ledger.rows["source" if backward else "target"][rows]
    return rows[np.isin(ledger.account_party[side], parties[parties >= 0])]


def _product_rows(case: Case, product: str, backward: bool) -> Ints:
    """Transfers that paid for a product's subscriptions; backward those that paid its redemptions."""
    ledger = case.ledger
    column = "redemption_transfer_id" if backward else "transfer_id"
    subscriptions = case.tables.arrow("subscriptions")
    which = _equal(subscriptions, "product_id", product)
    named: list[int] = []
    unnamed = True
    if which is not None:
        some = _rows(subscriptions, which)
        if backward and "redeemed" in some.column_names:
            some = some.filter(some["redeemed"].is_valid())
        if column in some.column_names:
            ids = some[column]
            named = [ledger.row(x) for x in ids.drop_null().to_pylist()]
            unnamed = ids.null_count > 0 or len(ids) == 0
    rows = np.array([x for x in named if x >= 0], np.int64)
    if not unnamed:
        return rows
    transfers, accounts = case.tables.arrow("transfers"), case.tables.arrow("accounts")
    same = _equal(transfers, "product_id", product)
    own = _equal(accounts, "product_id", product)
    if same is None or own is None:
        return rows
    held = np.array([ledger.account(x) for x in _rows(accounts, own)["account_id"].to_pylist()], np.int64)
    more = _by_origin(ledger, same)
    side = ledger.rows["source" if backward else "target"][more]
    return np.concatenate((rows, more[np.isin(side, held)]))


def _balance(
    ledger: Ledger, reference: Reference, since: Moment | None, until: Moment | None, first: int
) -> list[Standing]:
    """What stands in an account's pots after all rows at or before a time, the oldest money first.

    It stands there since the account's last row in that currency (or since its statement begins, or the
    period): at two times between which nothing came or went it is one and the same money.
    """
    begin, time = moment(reference.time or "", ledger.timezone, "reference")
    if (since is not None and begin < moment(since, ledger.timezone)[0]) or (
        until is not None and begin > moment(until, ledger.timezone)[1]
    ):
        return []
    after = step_after(ledger, time) - 1
    account = ledger.account(reference.id)
    whose = ledger.periods["account"]
    held = {
        period
        for period in range(bisect_left(whose, account), bisect_right(whose, account))
        if ledger.periods["begins"][period] <= time <= ledger.periods["ends"][period]
    }
    begins = max((int(ledger.periods["begins"][period]) for period in held), default=0)
    covered = step_after(ledger, begins - 1) if len(ledger.steps) and begins > step_time(ledger, 0) else 0
    since_step: dict[int, int] = {}  # by currency
    found: list[tuple[int, int, Standing]] = []
    for pot in ledger.pots_of(account):
        kind = int(ledger.pots["kind"][pot])
        if kind == OUTSIDE or int(ledger.pots["period"][pot]) not in held:
            continue
        came, came_step = _run(ledger, ledger.credits, pot, after, credit=True)
        went, went_step = _run(ledger, ledger.debits, pot, after, credit=False)
        coin = int(ledger.pots["currency"][pot])
        since_step[coin] = max(came_step, went_step, since_step.get(coin, max(covered, first) - 1))
        if came <= went:
            continue
        filled = _filled_since(ledger, pot, after, came_step)
        # custody: the compartment without an earmark first, then the one non-empty longest
        rank = -2 if kind == CUSTODY and int(ledger.pots["earmark"][pot]) < 0 else filled
        found.append((rank, pot, Standing(pot, went, came, came - went, after, time)))
    if not held:
        raise UsageError(
            Problem(
                "reference",
                N_("no statement of account {account} is held for that time"),
                {"account": reference.id},
                reference.text,
            )
        )
    return [
        replace(stand, after=min(after, since_step[int(ledger.pots["currency"][stand.pot])]))
        for _, _, stand in sorted(found, key=lambda x: (x[0], x[1]))
    ]


def _run(ledger: Ledger, index: Any, pot: int, after: int, *, credit: bool) -> tuple[int, int]:
    """How far a pot's ruler is filled behind a step, and its last step up to there."""
    low, high = int(index.pointer[pot]), int(index.pointer[pot + 1])
    place = low + int(np.searchsorted(index.steps[low:high], after, side="right"))
    if place == low:
        return (max(int(ledger.pots["opening"][pot]), 0) if credit else 0), -1
    number = int(index.steps[place - 1])
    step = ledger.steps[number]
    if credit:
        return int(step["cplace"]) + arriving(ledger, number) - int(step["repaid"]), number
    return int(step["dplace"]) + min(int(step["amount"]), int(step["avail"])), number


def arriving(ledger: Ledger, step: int) -> int:
    """What arrives by a step, in the receiving pot's currency."""
    if int(ledger.steps["flags"][step]) & CONVERTS:
        place = int(np.searchsorted(ledger.converted[:, 0], step))
        return int(ledger.converted[place, 1])
    return int(ledger.steps["amount"][step])


def _filled_since(ledger: Ledger, pot: int, after: int, came_step: int) -> int:
    """The step at which a pot was last filled from nothing; -1: since its opening."""
    index = ledger.credits
    low, high = int(index.pointer[pot]), int(index.pointer[pot + 1])
    place = low + int(np.searchsorted(index.steps[low:high], came_step, side="right")) - 1
    while place >= low:
        number = int(index.steps[place])
        step = ledger.steps[number]
        if int(step["after"]) == arriving(ledger, number) - int(step["repaid"]):
            return number
        place -= 1
    return -1
