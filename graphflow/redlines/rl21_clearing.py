"""RL-21 Clearing between banks in disguise (多头连接银行、变相跨行清算): clients' money from bank to bank.

The rule: payments between banks go through the clearing institutions (支付条例 art. 30; 国办发〔2016〕21号
二（三）2). Looked at: the accounts of a payment institution at several banks; payments that come in at one
and go out at another within a day, for the same order or about the same amount, and of which
neither leg names a clearing; and transfers between its own accounts that net the day's payments between two
banks. Not it: both legs at one bank, accounts for special business, its own treasury (no client's payment
matches it).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test
from graphflow.redlines.facts import DAY, Facts, local_days
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

CLEARED_SINCE = "2018-06-30"
"""The day from which on nothing may go past the clearing institutions (银支付〔2017〕209号)."""

CLOSE = Fraction(1, 20)
"""How far a netting transfer may be from the day's net position."""


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    matched: Number | None = None,
    fee: Number | None = None,
    netting_days: Number | None = None,
) -> Iterator[Finding]:
    """Payment institutions whose clients' money goes from one bank to another past the clearing.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    matched
        Least part of what goes out to clients; the law allows none.
    fee
        Greatest part by which the two legs of one payment may differ.
    netting_days
        Least number of days on which transfers between its own accounts net the day's payments.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl21
    >>> [f.value for f in find(rl21.toy())], len(list(find(rl21.near_miss())))
    ([Fraction(3, 100)], 0)
    """
    ask = Inquiry(LINE, case, as_of, law, matched=matched, fee=fee, netting_days=netting_days)
    if not ask.runs("matched"):
        return
    facts = ask.facts
    for institution in sorted(_institutions(facts)):
        accounts = facts.accounts_of([institution])
        accounts = accounts[facts.account_kind[accounts] != "reserve_special"]
        banks = _banks(facts)
        if len({banks[a] for a in accounts if banks[a]}) < 2:
            continue
        flows = facts.flows
        flows = flows[flows["time"] >= _since(facts)]
        for currency, mine in flows[flows["source"].isin(accounts) | flows["target"].isin(accounts)].groupby(
            "currency"
        ):
            yield from _matched(ask, institution, mine, accounts, banks, facts.currencies[int(str(currency))])


def _institutions(facts: Facts) -> set[str]:
    licensed: set[str] = set()
    if facts.has("licences"):
        rows = facts.in_force("licences")
        licensed = set(rows.loc[rows["function"] == "payment", "party_id"])
    return licensed | set(facts.platforms("payment"))


def _banks(facts: Facts) -> npt.NDArray[np.object_]:
    frame = facts.tables.frame("accounts")
    return np.asarray(frame["bank"].fillna("").astype(str), object)


def _since(facts: Facts) -> int:
    from graphflow.rows import moment

    return moment(CLEARED_SINCE, facts.tables.timezone)[0]


def _matched(
    ask: Inquiry, institution: str, flows: pd.DataFrame, accounts: npt.NDArray[np.int64],
    banks: npt.NDArray[np.object_], currency: str,
) -> Iterator[Finding]:  # fmt: skip
    facts = ask.facts
    ours = np.isin(np.arange(facts.account_ids.size), accounts)
    came = flows[ours[flows["target"]] & ~ours[flows["source"]] & ~flows["own"]]
    went = flows[ours[flows["source"]] & ~ours[flows["target"]] & ~flows["own"]]
    pairs = _pairs(ask, came, went, banks)
    total = int(went["amount"].sum())
    if not pairs or not total:
        return
    crossed = sum(amount for _, _, amount in pairs)
    part = Fraction(crossed, total)
    if part < ask.threshold("matched"):
        return
    netted = _netting(facts, flows, ours, banks, pairs, came, went) if ask.runs("netting") else []
    enough = len({day for day, _ in netted}) >= ask.threshold("netting_days")
    digits = facts.tables.minor_units.get(currency, 2)
    touched = sets.unique(flows[["source", "target"]].to_numpy())
    measures = [
        ask.measure(
            "matched", N_("part of what went to clients that crossed banks uncleared"), part, "matched"
        ),
        ask.measure("payments", N_("payments that crossed"), len(pairs)),
    ]
    if enough:
        days = len({day for day, _ in netted})
        measures.append(ask.measure("netting", N_("days with netting of its own"), days, "netting_days"))
    yield ask.finding(
        subject=("party", institution),
        hit=("matched", "netting") if enough else ("matched",),
        summary=Told(
            N_("{count} payments of {amount} came in at one bank and went out at another without a clearing"),
            count=len(pairs),
            amount=f"{amount_text(crossed, digits)} {currency}",
        ),
        measures=measures,
        rows=[
            facts.cite("transfers", [row for pair in pairs for row in pair[:2]]),
            facts.cite("transfers", went["row"].to_numpy()),
            *([facts.cite("transfers", [row for _, row in netted])] if enough else ()),
            facts.cite("transfers", flows["row"].to_numpy(), False),
            facts.cite_accounts(touched),
            facts.cite_parties({institution, *(facts.holder(int(each)) for each in touched)} - {""}),
            *_licence(facts, institution),
        ],
        severity="high",
        kinds={"flow": "shown"} | ({"register": "shown"} if _licence(facts, institution) else {}),
        elements={
            "banks": "shown",
            "crossing": "shown",
            "netting": "shown" if enough else "unknown",
        },
        against={
            "on_us": ("clear", N_("both legs are at different banks")),
            "special": ("clear", N_("accounts for special business are left out")),
            "treasury": ("clear", N_("each has a client's payment on both sides")),
            "by_order": ("clear", N_("order numbers match the two legs"))
            if facts.has("transfers.order_id")
            else ("unknown", N_("no order numbers are known: legs are matched by amount and time")),
        },
        amount=crossed,
        currency=currency,
        chains=_chains(facts, pairs, currency),
    )


def _licence(facts: Facts, institution: str) -> list[Cited]:
    if not facts.has("licences"):
        return []
    rows = facts.in_force("licences")
    mine = rows[(rows["party_id"] == institution) & (rows["function"] == "payment")]
    return [facts.cite("licences", mine, False)] if len(mine) else []


def _pairs(
    ask: Inquiry, came: pd.DataFrame, went: pd.DataFrame, banks: npt.NDArray[np.object_]
) -> list[tuple[int, int, int]]:
    """Payments that came in at one bank and went out at another, neither leg cleared: (in, out, amount out).

    By order where both legs name one; else the first still unmatched leg of about the amount within a day.
    """
    facts = ask.facts
    both = pd.concat([came, went])
    cleared = facts.texts("clearing_id", both["row"]) != ""
    orders = pd.Series(facts.texts("order_id", both["row"]), both["row"].to_numpy())
    open_ = set(both["row"].to_numpy()[~cleared])
    came, went = came[came["row"].isin(open_)], went[went["row"].isin(open_)]
    by_order: dict[str, list[tuple[int, int, int, int]]] = {}
    legs = [
        (int(row), int(time), int(amount), int(target))
        for row, time, amount, target in zip(
            came["row"], came["time"], came["amount"], came["target"], strict=True
        )
    ]
    for leg in legs:
        by_order.setdefault(str(orders[leg[0]]), []).append(leg)
    used: set[int] = set()
    found = []
    for row, time, amount, source in zip(
        went["row"], went["time"], went["amount"], went["source"], strict=True
    ):
        order = str(orders[int(row)])
        for leg in by_order.get(order, ()):
            least = leg[2] * (1 - ask.threshold("fee"))
            near = abs(int(time) - leg[1]) <= DAY and least <= amount <= leg[2]
            if (
                leg[0] not in used
                and near
                and banks[leg[3]] != banks[int(source)]
                and banks[leg[3]]
                and banks[int(source)]
            ):
                used.add(leg[0])
                found.append((leg[0], int(row), int(amount)))
                break
    return found


def _netting(
    facts: Facts, flows: pd.DataFrame, ours: npt.NDArray[np.bool_], banks: npt.NDArray[np.object_],
    pairs: list[tuple[int, int, int]], came: pd.DataFrame, went: pd.DataFrame,
) -> list[tuple[int, int]]:  # fmt: skip
    """Transfers between its own accounts that net a day's crossings between two banks: (day, place)."""
    of = {int(row): int(account) for row, account in zip(came["row"], came["target"], strict=True)}
    to = {int(row): int(account) for row, account in zip(went["row"], went["source"], strict=True)}
    day_of = dict(zip(flows["row"].tolist(), local_days(facts, flows["time"]).tolist(), strict=True))
    net: dict[tuple[int, str, str], int] = {}
    for into, out, amount in pairs:
        one, other = str(banks[of[into]]), str(banks[to[out]])
        net[day_of[out], one, other] = net.get((day_of[out], one, other), 0) + amount
    inner = flows[ours[flows["source"]] & ours[flows["target"]]]
    found = []
    for row, source, target, amount in zip(
        inner["row"], inner["source"], inner["target"], inner["amount"], strict=True
    ):
        day, one, other = day_of[int(row)], str(banks[int(source)]), str(banks[int(target)])
        position = net.get((day, one, other), 0) - net.get((day, other, one), 0)
        if position > 0 and abs(int(amount) - position) <= CLOSE * position:
            found.append((day, int(row)))
    return found


def _chains(facts: Facts, pairs: list[tuple[int, int, int]], currency: str) -> list[dict[str, object]]:
    greatest = sorted(pairs, key=lambda pair: (-pair[2], pair))[:30]
    return [
        {
            "amount": amount, "currency": currency,
            "transfers": facts.ids([into, out]),
        }
        for into, out, amount in greatest
    ]  # fmt: skip


LINE = RedLine(
    code="RL-21",
    name=N_("Clearing between banks in disguise"),
    name_zh="多头连接银行、变相跨行清算",
    asks=N_(
        "Does a payment institution move clients' money from bank to bank past the clearing institutions?"
    ),
    tests=(
        Test(
            "matched",
            N_("payments in at one bank and out at another, of which neither names a clearing"),
            ("accounts.bank", "accounts.party_id", ("licences", "parties.sector")),
        ),
        Test(
            "netting",
            N_("transfers between its own accounts that net the day's payments"),
            ("accounts.bank", "accounts.party_id", ("licences", "parties.sector")),
        ),
    ),
    elements={
        "banks": N_("it has accounts at several banks"),
        "crossing": N_("clients' money crosses from one to another uncleared"),
        "netting": N_("it nets the positions between its own accounts"),
    },
    guards={
        "on_us": N_("both legs are at one bank"),
        "special": N_("it is an account for special business (特定业务待结算)"),
        "treasury": N_("it moves its own funds"),
        "by_order": N_("two payments that have nothing to do with one another look alike"),
    },
    find=find,
)
