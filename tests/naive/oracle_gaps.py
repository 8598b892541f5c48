"""Gaps of cash: which deposit is taken to be the money of which withdrawal.

Written from the definition alone (tracing.md, `T12`), to be read. A comment that begins `READING:` stands where the
definition leaves room.
"""

from __future__ import annotations

from fractions import Fraction

from tests.naive.oracle_rows import Rows

LEAST = Fraction(9, 10)


def gaps_of(rows: Rows, least: Fraction = LEAST) -> dict[str, str]:
    """Withdrawals with their deposits: one to one, by time of deposit, the latest free withdrawal first."""
    # READING: cash is an account of kind cash, whatever its name. A withdrawal comes from an account that is not, a deposit
    # goes to one that is not. What was undone never moved: amounts are net of reversals, and what is wholly undone is none.
    # READING: what counts of a withdrawal is what comes to the cash account: when it arrives there and, converted, as what;
    # of a deposit what leaves it.
    withdrawals, deposits = [], []
    for place, step in enumerate(rows.steps):
        row = step.row
        if not rows.net[row["transfer_id"]]:
            continue
        if step.arrives and rows.kind(step.target) == "cash" != rows.kind(row["source"]):
            converted = row.get("target_amount") if row.get("target_currency") else None
            amount = rows.net[row["transfer_id"]] if converted is None else converted
            withdrawals.append((step, place, row["source"], amount))
        if step.leaves and rows.kind(step.source) == "cash" != rows.kind(row["target"]):
            deposits.append((step, place, row["target"], rows.net[row["transfer_id"]]))
    joined: dict[str, str] = {}
    # READING: deposits of one time come in the order that is shown.
    for step, place, payee, amount in sorted(deposits, key=lambda item: (item[0].time, item[1])):
        fitting = [
            (-other.time, other.row["transfer_id"])
            for other, earlier, payer, paid in withdrawals
            if other.row["transfer_id"] not in joined
            # READING: a deposit is later where it is so in the order that is shown.
            and earlier < place
            and rows.day(other.time) == rows.day(step.time)
            and other.currency_in == step.row["currency"]
            and least * paid <= amount <= paid
            and same_hands(rows, payer, payee, step.time)
        ]
        if fitting:
            joined[min(fitting)[1]] = step.row["transfer_id"]
    return joined


def same_hands(rows: Rows, payer: str, payee: str, time: int) -> bool:
    """Whether the two accounts' parties are the same, or one is the other's agent at that time."""
    # READING: an account without a party is its own; a relation has no direction, and holds from `since` to `until`.
    one, other = rows.party(payer), rows.party(payee)
    if one == other:
        return True
    for relation in rows.tables.get("relations", []):
        if relation["kind"] != "agent" or {relation["party_id"], relation["other_id"]} != {one, other}:
            continue
        since, until = relation.get("since"), relation.get("until")
        if (not since or rows.moment(since)[0] <= time) and (not until or time <= rows.last_moment(until)):
            return True
    return False
