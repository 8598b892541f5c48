"""Small cases whose answers are known without any program: the written vectors of `domain.md`, section 2.2, and others.

Rows are source, target, amount and further columns; a place is a transfer, or =M: what is left in M (or its opening), or !M:
its lender.
"""

from __future__ import annotations

from fractions import Fraction

from tests.strategies import Tables

F = Fraction
START, END = "2024-05-01T09:00:00", "2024-05-01T23:00:00"


def book(rows: list[tuple], opening: dict[str, int], accounts: list[dict] = ()) -> Tables:
    """Tables of a small case: source, target, amount and further columns; each a minute after the one before."""
    transfers = []
    for number, (source, target, amount, *more) in enumerate(rows):
        row = {"transfer_id": f"r{number}", "time": f"2024-05-01T10:{number:02d}:00", "currency": "CNY"}
        row |= {"source": source, "target": target, "amount": amount}
        transfers.append(row | (more[0] if more else {}))
    stated = [{"account_id": name, "opening_balance": value} for name, value in opening.items()]
    return {"transfers": transfers, "accounts": [*stated, *accounts]}


T1 = book([("A", "M", 300), ("B", "M", 200), ("M", "X", 250), ("C", "M", 100), ("M", "Y", 300)], {"M": 100})
T2 = book(
    [("Paul", "M", 10), ("Michael", "M", 10), ("M", "X", 10), ("Karen", "M", 10), ("M", "Y", 10)], {"M": 0}
)
T3 = book(
    [("T", "M", 1000), ("M", "X", 900), ("own", "M", 500), ("M", "Y", 100), ("own", "M", 700)], {"M": 0}
)
T4 = book([("trust", "M", 200_000), ("M", "car", 75_000), ("M", "boat and jet", 179_500)], {"M": 100_000})
T5 = book(
    [
        ("clean", "P", 100),
        ("taint", "P", 100),
        ("clean", "Q", 20),
        ("P", "Q", 80),
        ("Q", "R", 50),
        ("P", "R", 60),
    ],
    {"P": 0, "Q": 0, "R": 0},
)
T7 = book([("M", "X", 60), ("t", "M", 100), ("M", "Y", 40)], {"M": 0})
LENT = book([("M", "X", 60), ("t", "N", 30), ("N", "M", 100), ("M", "Y", 40)], {"M": 0, "N": 70})
T8 = book([("t", "M", 50), ("M", "X", 120), ("c", "M", 30), ("M", "Y", 40)], {})
T9 = book([("t", "M", 50), ("M", "X", 80), ("M", "FEE", 2, {"fee_of": "r1"})], {"M": 50})
UNDONE = {"reversal_of": "r2"}
T10 = book(
    [("t", "M", 100), ("c", "M", 100), ("M", "X", 50), ("X", "M", 50, UNDONE), ("M", "Y", 120)], {"M": 0}
)
DOLLARS = {"target_amount": 100, "target_currency": "USD"}
T11 = book([("c", "M", 360), ("t", "M", 360), ("M", "N", 720, DOLLARS)], {"M": 0})

# Rule, tables; of each place (a transfer, or =M: what is left in M), of whom its money is (a transfer, or =M: M's opening).
LINEAR_VECTORS = {
    "T1.fifo": ("fifo", T1, {"r2": {"=M": 100, "r0": 150}, "r4": {"r0": 150, "r1": 150}, "=M": {"r1": 50, "r3": 100}}),
    "T1.lifo": ("lifo", T1, {"r2": {"r1": 200, "r0": 50}, "r4": {"r3": 100, "r0": 200}, "=M": {"=M": 100, "r0": 50}}),
    "T1.prorata": ("exact", T1, {
        "r2": {"=M": F(125, 3), "r0": 125, "r1": F(250, 3)},
        "r4": {"=M": F(350, 9), "r0": F(350, 3), "r1": F(700, 9), "r3": F(200, 3)},
        "=M": {"=M": F(175, 9), "r0": F(175, 3), "r1": F(350, 9), "r3": F(100, 3)},
    }),
    "T2.fifo": ("fifo", T2, {"r2": {"r0": 10}, "r4": {"r1": 10}, "=M": {"r3": 10}}),
    "T2.lifo": ("lifo", T2, {"r2": {"r1": 10}, "r4": {"r3": 10}, "=M": {"r0": 10}}),
    "T2.rolling": ("exact", T2, {
        "r2": {"r0": 5, "r1": 5},
        "r4": {"r0": F(5, 2), "r1": F(5, 2), "r3": 5},
        "=M": {"r0": F(5, 2), "r1": F(5, 2), "r3": 5},
    }),
    "T3.fifo": ("fifo", T3, {"r1": {"r0": 900}, "r3": {"r0": 100}, "=M": {"r2": 500, "r4": 700}}),
    "T3.lifo": ("lifo", T3, {"r1": {"r0": 900}, "r3": {"r2": 100}, "=M": {"r0": 100, "r2": 400, "r4": 700}}),
    "T3.prorata": ("exact", T3, {
        "r1": {"r0": 900}, "r3": {"r0": F(50, 3), "r2": F(250, 3)}, "=M": {"r0": F(250, 3), "r2": F(1250, 3), "r4": 700},
    }),
    "T5.fifo": ("fifo", T5, {"=P": {"r1": 60}, "=Q": {"r0": 50}, "=R": {"r0": 50, "r1": 40, "r2": 20}}),
    "T5.lifo": ("lifo", T5, {"=P": {"r0": 60}, "=Q": {"r1": 30, "r2": 20}, "=R": {"r1": 70, "r0": 40}}),
    "T5.prorata": ("exact", T5, {
        "=P": {"r0": 30, "r1": 30}, "=Q": {"r0": 20, "r1": 20, "r2": 10}, "=R": {"r0": 50, "r1": 50, "r2": 10},
    }),
    "T7.fifo": ("fifo", T7, {"r2": {"r1": 40}, "!M": {"r1": 60}}),
    "T7.lifo": ("lifo", T7, {"r2": {"r1": 40}, "!M": {"r1": 60}}),
    "T7.prorata": ("exact", T7, {"r2": {"r1": 40}, "!M": {"r1": 60}}),
    "T8.fifo": ("fifo", T8, {"r1": {"=M": 80, "r0": 40}, "r3": {"r0": 10, "r2": 30}}),
    "T8.lifo": ("lifo", T8, {"r1": {"=M": 70, "r0": 50}, "r3": {"=M": 10, "r2": 30}}),
    "T8.prorata": ("exact", T8, {
        "r1": {"=M": F(960, 13), "r0": F(600, 13)}, "r3": {"=M": F(80, 13), "r0": F(50, 13), "r2": 30},
    }),
    "T9.fifo": ("fifo", T9, {"r1": {"=M": 50, "r0": 30}, "r2": {"r0": 2}, "=M": {"r0": 18}}),
    "T9.lifo": ("lifo", T9, {"r1": {"=M": 30, "r0": 50}, "r2": {"=M": 2}, "=M": {"=M": 18}}),
    "T9.prorata": ("exact", T9, {
        "r1": {"=M": 40, "r0": 40}, "r2": {"=M": 1, "r0": 1}, "=M": {"=M": 9, "r0": 9},
    }),
    "T10.fifo": ("fifo", T10, {"r4": {"r0": 100, "r1": 20}, "=M": {"r1": 80}}),
    "T10.lifo": ("lifo", T10, {"r4": {"r1": 100, "r0": 20}, "=M": {"r0": 80}}),
    "T10.prorata": ("exact", T10, {"r4": {"r0": 60, "r1": 60}, "=M": {"r0": 40, "r1": 40}}),
}  # fmt: skip

# tables, the trust's money; of each place, whose money is there: by claimant, pro rata inside the trust's
LIBR_VECTORS = {
    "T1.libr": (T1, ("r0", "r3"), {"r4": {"r0": F(375, 2), "r3": F(125, 2)}, "=M": {"r0": F(225, 2), "r3": F(75, 2)}}),
    "T3.libr": (T3, ("r0",), {"r1": {"r0": 900}, "=M": {"r0": 100}}),
    "T4.libr": (T4, ("r0",), {"r2": {"r0": 154_500}, "=M": {"r0": 45_500}}),
    "T5.libr": (T5, ("r1",), {"r5": {"r1": 40}, "=P": {"r1": 60}, "=R": {"r1": 40}}),
    "T7.libr": (T7, ("r1",), {"r2": {"r1": 40}, "!M": {"r1": 60}}),
    "T7.libr, own money repays a lender first": (LENT, ("r1",), {"r2": {"r1": 30}, "r3": {"r1": 30}, "!M": {}}),
    "T8.libr": (T8, ("r0",), {"r1": {"r0": 40}, "r3": {"r0": 10}}),
    "T9.libr": (T9, ("r0",), {"r1": {"r0": 30}, "r2": {"r0": 2}, "=M": {"r0": 18}}),
    "T10.libr": (T10, ("r0",), {"r4": {"r0": 20}, "=M": {"r0": 80}}),
}  # fmt: skip


# Gaps of cash.
def cash_case(rows: list[tuple], relations: list[dict] = (), opening: int = 0) -> Tables:
    """Withdrawals and deposits: time, source, target, amount; M, N and K are accounts of P, P and Q."""
    tables = book([row[1:] for row in rows], {"M": opening})
    for row, (time, *_) in zip(tables["transfers"], rows, strict=True):
        row["time"] = time
    tables["accounts"][0]["party_id"] = "P"
    tables["accounts"] += [{"account_id": "N", "party_id": "P"}, {"account_id": "K", "party_id": "Q"}]
    tables["accounts"] += [{"account_id": name, "kind": "cash"} for name in ("cash:M", "cash:N", "cash:K")]
    return {**tables, "relations": list(relations)}


DAY = "2024-05-01T"


AGENT = {"party_id": "Q", "other_id": "P", "kind": "agent"}

# Hour, source, target, amount; relations; and which withdrawal is which deposit.
PAIRED = [
    # the same holder; not another's, but for an agent's, at that time, whichever is named first
    ([("10", "M", "cash:M", 50), ("12", "cash:K", "N", 48)], [], {"r0": "r1"}),
    ([("10", "M", "cash:M", 50), ("12", "cash:K", "K", 48)], [], {}),
    ([("10", "M", "cash:M", 50), ("12", "cash:K", "K", 48)], [AGENT], {"r0": "r1"}),
    ([("10", "K", "cash:K", 50), ("12", "cash:M", "M", 48)], [AGENT], {"r0": "r1"}),
    ([("10", "M", "cash:M", 50), ("12", "cash:K", "K", 48)], [{**AGENT, "kind": "employee"}], {}),
    ([("10", "M", "cash:M", 50), ("12", "cash:K", "K", 48)], [{**AGENT, "until": "2024-04-30"}], {}),
    ([("10", "M", "cash:M", 50), ("12", "cash:K", "K", 48)], [{**AGENT, "until": "2024-05-01"}], {"r0": "r1"}),
    ([("10", "M", "cash:M", 50), ("12", "cash:K", "K", 48)], [{**AGENT, "since": "2024-05-02"}], {}),
    # accounts without a party are their own
    ([("10", "A", "cash:M", 50), ("12", "cash:K", "A", 48)], [], {"r0": "r1"}),
    ([("10", "A", "cash:M", 50), ("12", "cash:K", "B", 48)], [], {}),
    # from nine tenths to all of it
    ([("10", "M", "cash:M", 50), ("12", "cash:K", "M", 45)], [], {"r0": "r1"}),
    ([("10", "M", "cash:M", 50), ("12", "cash:K", "M", 44)], [], {}),
    ([("10", "M", "cash:M", 50), ("12", "cash:K", "M", 50)], [], {"r0": "r1"}),
    ([("10", "M", "cash:M", 50), ("12", "cash:K", "M", 51)], [], {}),
    # later on the same day
    ([("10", "cash:M", "M", 50), ("12", "M", "cash:K", 50)], [], {}),
    ([("23", "M", "cash:M", 50), ("24", "cash:M", "M", 50)], [], {}),
    # one to one: by time of deposit the latest free withdrawal, then the least id
    ([("10", "M", "cash:M", 50), ("11", "M", "cash:M", 50), ("12", "cash:M", "M", 48)], [], {"r1": "r2"}),
    ([("10", "M", "cash:M", 50), ("11", "M", "cash:M", 50), ("12", "cash:M", "M", 48), ("13", "cash:M", "M", 50)], [], {"r1": "r2", "r0": "r3"}),
    ([("10", "M", "cash:M", 50), ("12", "cash:M", "M", 48), ("13", "cash:M", "M", 48)], [], {"r0": "r1"}),
    ([("10", "M", "cash:M", 50), ("10", "M", "cash:M", 50), ("12", "cash:M", "M", 48)], [], {"r0": "r2"}),
    ([("10", "M", "cash:M", 50), ("12", "cash:M", "M", 48), ("11", "cash:M", "M", 47)], [], {"r0": "r2"}),
    # from cash to cash is neither
    ([("10", "cash:K", "cash:M", 50), ("12", "cash:M", "cash:K", 50)], [], {}),
    ([("10", "M", "cash:M", 50), ("12", "cash:M", "X", 9, {"currency": "USD"}), ("13", "cash:M", "M", 50, {"currency": "USD"})], [], {}),
]  # fmt: skip
