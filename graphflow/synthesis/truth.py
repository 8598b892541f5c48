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

from graphflow.synthesis.cast import party_ids
from graphflow.synthesis.columns import choose, money, numbered, write_records, write_table
from graphflow.synthesis.registers import major
from graphflow.synthesis.rows import chosen
from graphflow.synthesis.scheme import (
    BURNS,
    DAY,
    FEE_PER_MILLE,
    RAISED,
    RETURNED,
    SHELLS_IN_20,
    YIELDS,
    Plan,
    find_family,
)

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
    cuts = np.unique(np.concatenate([had[had < total], spent[spent < total], [total]]))
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
    _write_redlines(plan, ids, row_of_event, folder, form)
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


def _write_redlines(plan: Plan, ids: pa.Array, row_of_event: Ints, folder: Path, form: str) -> None:
    """What is planted, one line a fact, and the rows that show it."""
    parties, blocks = plan.parties, plan.accounts.blocks
    platform = str(ids[parties.start["platform"]])
    pool = str(plan.accounts.ids[blocks.of("pool", 0)])
    raised = plan.total_raised
    payout = find_family(plan, "payout")
    facts: list[tuple[str, str, str, str, str, str]] = []
    shown: list[tuple[Ints, str, pa.Array]] = []

    def plant(
        code: str, kind: str, subject: str, measure: str, value: str, amount: int, *rows: tuple[str, pa.Array]
    ) -> None:
        facts.append((code, kind, subject, measure, value, major(amount)))
        for table, keys in rows:
            shown.append((np.full(len(keys), len(facts)), table, keys))

    def transfers(*names: str) -> pa.Array:
        events = np.concatenate([plan.family(name) for name in names])
        return numbered("T", row_of_event[events] + 1, 9)

    # Matched within three days: only what came in for a listing and went on to that listing's shell.
    collected = find_family(plan, "subscription")
    collected = chosen(collected, plan.offline[collected["listing"]])
    lent = find_family(plan, "disbursement")
    matched = int(
        lent["amount"][plan.offline[lent["listing"]]].sum() + find_family(plan, "commission")["amount"].sum()
    )
    own = ("ads", "wages", "rent", "levies")
    spent = int(sum(find_family(plan, name)["amount"].sum() for name in own))
    back = int(
        find_family(plan, "funding")["amount"].sum() + payout["amount"][plan.offline[payout["listing"]]].sum()
    )
    left = matched + spent + back
    lenders = len(np.unique(collected["source"]))
    client_money = numbered("T", row_of_event[collected["event"]] + 1, 9)
    plant(
        "RL-01",
        "account",
        pool,
        "unmatched share of what leaves (POOL)",
        f"{1 - matched / left:.6f}",
        left - matched,
        ("transfers", client_money),
        ("transfers", transfers("to_pool", "funding")),
    )
    plant(
        "RL-01",
        "account",
        pool,
        "lenders who pay into it",
        str(lenders),
        int(collected["amount"].sum()),
        ("transfers", client_money),
    )
    plant(
        "RL-23",
        "account",
        pool,
        "spent on its own purposes from an account that holds client money",
        major(spent),
        spent,
        ("transfers", client_money),
        ("transfers", transfers(*own)),
    )
    passed = find_family(plan, "pass_on")
    plant(
        "RL-02",
        "party",
        platform,
        "share of what was raised that reached affiliates",
        f"{int(passed['amount'].sum()) / raised:.6f}",
        int(passed["amount"].sum()),
        ("transfers", transfers("pass_on")),
    )
    loans = np.arange(len(plan.borrower))
    plant(
        "RL-03",
        "party",
        platform,
        "loans guaranteed within the group",
        str(int((~plan.loan_honest).sum())),
        int(plan.loan_principal[~plan.loan_honest].sum()),
        ("guarantees", numbered("L", loans[~plan.loan_honest], 8)),
    )
    plant(
        "RL-04",
        "party",
        platform,
        "products with a promise of principal and interest",
        "4",
        raised,
        ("products", pa.array(["F030", "F090", "F180", "F365"])),
    )
    short = np.flatnonzero(2 * plan.term < plan.loan_days[plan.loan])
    plant(
        "RL-05",
        "party",
        platform,
        "listings of less than half their loan's term",
        str(len(short)),
        int(plan.raised[short].sum()),
        ("listings", numbered("B", short, 8)),
    )
    for chain in plan.rolling:
        loan = int(plan.loan[chain[0]])
        repaid = np.flatnonzero((np.isin(payout["listing"], chain)) & (plan.part[payout["listing"]] < 11))
        plant(
            "RL-06",
            "loan",
            f"L{loan:08d}",
            "listings in a chain",
            "12",
            int(plan.loan_principal[loan]),
            ("listings", numbered("B", chain, 8)),
            ("transfers", numbered("T", row_of_event[payout["event"][repaid]] + 1, 9)),
        )
    _plant_shells(plan, ids, row_of_event, facts, shown)
    gain = int(YIELDS.max())
    plant(
        "RL-24",
        "party",
        platform,
        "highest promised yield",
        f"{gain / 10_000:.4f}",
        raised,
        ("products", pa.array(["F365"])),
    )
    others = int(payout["amount"].sum())
    plant(
        "RL-25",
        "party",
        platform,
        "share of payouts that is other lenders' money",
        f"{others / plan.returned:.6f}",
        others,
        ("transfers", transfers("payout", "funding")),
    )
    write_records(
        folder,
        "redlines",
        form,
        "fact code subject_kind subject_id measure value amount".split(),
        [(str(place + 1), *fact) for place, fact in enumerate(facts)],
    )
    tables = sorted({table for _, table, _ in shown})
    lengths = [len(keys) for _, _, keys in shown]
    write_table(
        folder,
        "redline_rows",
        form,
        {
            "fact": pa.array(np.concatenate([fact for fact, _, _ in shown])),
            "table": choose(tables, np.repeat([tables.index(table) for _, table, _ in shown], lengths)),
            "key": pa.concat_arrays([keys.cast(pa.string()) for _, _, keys in shown]),
        },
    )


def _plant_shells(
    plan: Plan,
    ids: pa.Array,
    row_of_event: Ints,
    facts: list[tuple[str, str, str, str, str, str]],
    shown: list[tuple[Ints, str, pa.Array]],
) -> None:
    """Each shell: what it borrowed, and that it left within 48 hours."""
    parties, blocks = plan.parties, plan.accounts.blocks
    passed = find_family(plan, "pass_on")
    place = (passed["source"] - blocks.start["shell"]).astype(np.int64)
    amount, count = (np.zeros(parties.count["shell"], np.int64) for _ in range(2))
    np.add.at(amount, place, passed["amount"])
    np.add.at(count, place, 1)
    number = np.full(parties.count["shell"], -1, np.int64)
    for shell in np.flatnonzero(count).tolist():
        subject = str(ids[int(parties.of("shell", shell))])
        facts.append(
            (
                "RL-07",
                "party",
                subject,
                "loans passed on within 48 hours",
                str(count[shell]),
                major(int(amount[shell])),
            )
        )
        number[shell] = len(facts)
    shown.append((number[place], "transfers", numbered("T", row_of_event[passed["event"]] + 1, 9)))
    shown.append((number[place], "loans", numbered("L", passed["loan"].astype(np.int64), 8)))


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
