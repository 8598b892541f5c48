"""The truth beside the lending platform's case: whose money went where, and what is planted.

It is what the people who moved the money would tell: each listing's money is followed by purpose, and the
pool pays with its oldest money first. Tracing is not asked; a rule that mixes at every account says something
else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphflow import sets
from graphflow.synthesis.cast import party_ids
from graphflow.synthesis.columns import choose, money, numbered, write_table
from graphflow.synthesis.plan import DAY, RAISED, RETURNED, SHELLS_IN_20, Plan, find_family
from graphflow.synthesis.planted import write_redlines
from graphflow.synthesis.registers import major
from graphflow.synthesis.scheme import BURNS, FEE_PER_MILLE

Ints = NDArray[np.int64]
#: transfers (by event), the listing whose money it is (-1: the pool's own), amount
Pieces = tuple[Ints, Ints, Ints]

#: Families that carry their listing's own money, whole.
_OWN = (
    "subscription",
    "commission",
    "disbursement",
    "pass_on",
    "shell_fee",
    "to_pool",
    "service_fee",
    "purchase_1",
    "purchase_2",
    *(f"burn_{code}" for code in range(len(BURNS))),
)
#: Families paid from the pool, and the end that each is; a funding goes on to the lenders.
_FROM_POOL = ("ads", "wages", "rent", "levies")
ENDS = (
    "earlier_lenders",
    "shell_fee",
    "gold",
    "houses",
    "controller",
    "projects",
    "commission",
    "ads",
    "wages",
    "rent",
    "levies",
    "honest_business",
    "shell_balance",
    "affiliate_balance",
    "pool_balance",
    "custody_balance",
)
_BURN_ENDS = ("gold", "houses", "controller", "projects")


def match(credits: Ints, debits: Ints) -> tuple[Ints, Ints, Ints]:
    """Pay debits with credits, the oldest first: places of credit and debit, and the amount, of each piece.

    Examples
    --------
    >>> import numpy as np
    >>> [part.tolist() for part in match(np.array([5, 3]), np.array([4, 2]))]
    [[0, 0, 1], [0, 1, 1], [4, 1, 1]]
    """
    had, spent = np.cumsum(credits), np.cumsum(debits)
    total = min(int(had[-1]) if len(had) else 0, int(spent[-1]) if len(spent) else 0)
    cuts = sets.unique(np.concatenate([had[had < total], spent[spent < total], [total]]))
    cuts = cuts[cuts > 0]
    amount = np.diff(cuts, prepend=0)
    credit = np.searchsorted(had, cuts, side="left")
    debit = np.searchsorted(spent, cuts, side="left")
    return credit, debit, amount


def write_truth(plan: Plan, pool_opening: int, row_of_event: Ints, out: Path, form: str) -> None:
    """Write ``truth/``: `flows`, `ends`, `investors`, `redlines`, `redline_rows` and `summary.json`."""
    folder = out / "truth"
    folder.mkdir()
    event, listing, amount = _flows(plan, pool_opening)
    row = row_of_event[event]
    order = np.lexsort((listing, row))
    write_table(
        folder,
        "flows",
        form,
        {
            "transfer_id": numbered("T", row[order] + 1, 9),
            "listing_id": numbered("B", listing[order], 8),
            "amount": money(amount[order]),
        },
    )
    ends = _ends(plan, event, listing, amount)
    where, kind = np.nonzero(ends)
    write_table(
        folder,
        "ends",
        form,
        {
            "listing_id": numbered("B", where, 8),
            "end": choose(ENDS, kind),
            "amount": money(ends[where, kind]),
        },
    )
    ids = party_ids(plan.parties)
    _write_investors(plan, ids, folder, form)
    write_redlines(plan, ids, row_of_event, folder, form)
    _write_summary(plan, ends, folder)


def _pool_order(plan: Plan, names: tuple[str, ...]) -> Ints:
    """Event numbers of some families as they stand in the statement."""
    families = np.concatenate([plan.family(name) for name in names])
    inside = np.zeros(len(plan.events["event"]), bool)
    inside[families] = True
    events = plan.events["event"]
    return np.asarray(events[inside[events]])


def _flows(plan: Plan, pool_opening: int) -> Pieces:
    """Which transfers carry how much of which listing's money."""
    parts: list[Pieces] = []
    for name in _OWN:
        table = find_family(plan, name)
        parts.append((table["event"], table["listing"].astype(np.int64), table["amount"]))
    parts += _from_pool(plan, pool_opening)
    event, listing, amount = (np.concatenate([part[which] for part in parts]) for which in range(3))
    some = amount > 0
    return event[some], listing[some], amount[some]


def _from_pool(plan: Plan, pool_opening: int) -> Iterator[Pieces]:
    """The pool's money by listing: to earlier lenders, directly or through custody, and to what it spends."""
    fed = find_family(plan, "to_pool")
    order = _pool_order(plan, ("to_pool",)) - plan.families["to_pool"][0]
    credits = np.concatenate(([pool_opening], fed["amount"][order]))
    label = np.concatenate(([-1], fed["listing"][order].astype(np.int64)))
    payouts = find_family(plan, "payout")
    listing = payouts["listing"].astype(np.int64)
    needed = plan.about["payout_from_pool"]
    # What leaves the pool, in its order; a funding is the payouts of its listing, one after the other.
    leaving = _pool_order(plan, ("funding", "payout", *_FROM_POOL))
    rank = np.full(len(plan.events["event"]), -1, np.int64)
    rank[leaving] = np.arange(len(leaving))
    start, count = plan.families["funding"]
    funding_of = np.full(len(plan.raised), -1, np.int64)
    funding_of[plan.about["funding"]] = start + np.arange(count)
    carrier = np.where(plan.offline[listing], payouts["event"], funding_of[listing])
    spending = [find_family(plan, name) for name in _FROM_POOL]
    # one line a debit of the pool: the transfer that leaves it, the one that it goes on in, the amount
    out = np.concatenate([carrier, *(table["event"] for table in spending)])
    onward = np.concatenate([payouts["event"], *(table["event"] for table in spending)])
    amount = np.concatenate([needed, *(table["amount"] for table in spending)])
    some = amount > 0
    out, onward, amount = out[some], onward[some], amount[some]
    order = np.lexsort((onward, rank[out]))
    out, onward, amount = out[order], onward[order], amount[order]
    credit, debit, piece = match(credits, amount)
    yield onward[debit], label[credit], piece
    through = out != onward
    yield _summed(out[debit][through[debit]], label[credit][through[debit]], piece[through[debit]])
    # A listing of a chain is repaid by the next one: its lenders' principal is the next listing's money.
    rolled = payouts["amount"] - needed
    some = rolled > 0
    following = np.full(len(plan.raised), -1, np.int64)
    following[plan.rolling[:, :-1]] = plan.rolling[:, 1:]
    yield payouts["event"][some], following[listing[some]], rolled[some]
    # Honest borrowers repay with what they earn: no listing's money.


def _summed(event: Ints, listing: Ints, amount: Ints) -> Pieces:
    """Pieces of the same transfer and listing made one."""
    key = np.stack([event, listing], axis=1)
    unique, where = np.unique(key, axis=0, return_inverse=True)
    total = np.zeros(len(unique), np.int64)
    np.add.at(total, where.ravel(), amount)
    return unique[:, 0], unique[:, 1], total


def _ends(plan: Plan, event: Ints, listing: Ints, amount: Ints) -> Ints:
    """How much of each listing's money ended how; every row adds up to what the listing raised."""
    family = np.full(len(plan.events["event"]), -1, np.int64)
    names = list(plan.families)
    for place, name in enumerate(names):
        family[plan.family(name)] = place
    carried = np.zeros((len(plan.raised), len(names)), np.int64)
    known = listing >= 0
    np.add.at(carried, (listing[known], family[event[known]]), amount[known])

    def of(name: str) -> Ints:
        return np.asarray(carried[:, names.index(name)])

    ends = np.zeros((len(plan.raised), len(ENDS)), np.int64)

    def put(end: str, what: Any) -> None:
        ends[:, ENDS.index(end)] += what

    put("earlier_lenders", of("payout"))
    put("shell_fee", of("shell_fee"))
    put("commission", of("commission"))
    for code, end in enumerate(_BURN_ENDS):
        put(end, of(f"burn_{code}"))
    for name in _FROM_POOL:
        put(name, of(name))
    burnt = sum(of(f"burn_{code}") for code in range(len(BURNS)))
    put("honest_business", of("disbursement") * plan.honest)
    put("shell_balance", (of("disbursement") - of("pass_on")) * ~plan.honest)
    put("affiliate_balance", of("pass_on") - of("shell_fee") - of("to_pool") - burnt)
    direct = of("payout") * (plan.part > 0)  # what a later listing of a chain raised never reaches the pool
    from_pool = of("payout") - direct + sum(of(name) for name in _FROM_POOL)
    put("pool_balance", of("to_pool") - from_pool)
    waiting = of("subscription") - of("commission") - of("disbursement") - direct
    put("pool_balance", waiting * plan.offline)  # collected by a shop, and not yet lent
    put("custody_balance", waiting * ~plan.offline)
    return ends


def _write_investors(plan: Plan, ids: pa.Array, folder: Path, form: str) -> None:
    place = plan.investor - plan.parties.start["investor"]
    paid, back = (np.zeros(plan.parties.count["investor"], np.int64) for _ in range(2))
    np.add.at(paid, place, plan.amount)
    np.add.at(back, place, plan.redeemed_amount)
    some = np.flatnonzero(paid)
    write_table(
        folder,
        "investors",
        form,
        {
            "party_id": ids.take(pa.array(plan.parties.of("investor", some))),
            "paid": money(paid[some]),
            "returned": money(back[some]),
            "loss": money(np.maximum(paid - back, 0)[some]),
        },
    )


def _seed_reference(plan: Plan) -> str:
    """The accounts of the three lenders who lost most, of those who do nothing but lend: a money to trace."""
    blocks = plan.accounts.blocks
    place = plan.account - blocks.start["investor"]
    lost = np.zeros(blocks.count["investor"], np.int64)
    np.add.at(lost, place, plan.amount - plan.redeemed_amount)
    number = np.arange(len(lost))
    only = (number >= blocks.count["cash"]) & plan.accounts.covered[blocks.numbers("investor")]
    most = np.argsort(np.where(only, -lost, 1), kind="stable")[:3]
    return "account:" + ",".join(plan.accounts.ids.take(pa.array(blocks.of("investor", most))).to_pylist())


def _write_summary(plan: Plan, ends: Ints, folder: Path) -> None:
    raised = plan.total_raised
    fee = int(find_family(plan, "shell_fee")["amount"].sum())
    summary = {
        "case": f"{RAISED} raised, {RETURNED} returned, {RAISED - RETURNED} lost",
        "raised": major(raised),
        "returned": major(plan.returned),
        "lost": major(raised - plan.returned),
        "returned_over_raised": [plan.returned, raised],
        "listings": len(plan.raised),
        "shell_listings": int((~plan.honest).sum()),
        "shell_listings_of_20": SHELLS_IN_20,
        "shell_fee": major(fee),
        "shell_fee_per_mille": FEE_PER_MILLE,
        "seed_reference": _seed_reference(plan),
        "payouts_stopped": str(np.datetime64(plan.stopped // DAY * DAY, "s").astype("datetime64[D]")),
        "ends": {name: major(int(ends[:, place].sum())) for place, name in enumerate(ENDS)},
    }
    (folder / "summary.json").write_text(
        json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
