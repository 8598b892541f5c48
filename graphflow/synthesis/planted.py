"""What is planted in the lending platform's case: each fact, and the rows that show it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graphflow import sets
from graphflow.synthesis.columns import choose, numbered, write_records, write_table
from graphflow.synthesis.plan import YIELDS, Plan, find_family
from graphflow.synthesis.registers import major
from graphflow.synthesis.rows import chosen

Ints = NDArray[np.int64]


def write_redlines(plan: Plan, ids: pa.Array, row_of_event: Ints, folder: Path, form: str) -> None:
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
    lenders = len(sets.unique(collected["source"]))
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
