"""Small cases with known answers: examples for documentation, first cells of notebooks, fixtures of tests.

Each toy is two functions: ``NAME_tables()`` gives the frames, ``NAME()`` the case made of them. Those named
``t1`` to ``t12`` are published or hand-computed vectors of tracing through one mixed account, `M`, whose
statement is held; whoever pays it and whoever it pays is seen only as its counterparty. Toys of owners are in
`holders`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from graphflow.synthesis import holders
from graphflow.synthesis.small import Frames, case_of, frame_of

if TYPE_CHECKING:
    from graphflow.case import Case

_Step = tuple[str, str, str, str] | tuple[str, str, str, str, Mapping[str, str]]


def _book(steps: Sequence[_Step], held: Mapping[str, Mapping[str, str]]) -> Frames:
    """Transfers a minute apart, and accounts: those in `held` covered, the others seen only from outside."""
    rows = []
    for minute, (transfer, source, target, amount, *extra) in enumerate(steps):
        row = {"transfer_id": transfer, "time": f"2024-03-01T09:{minute:02d}:00", "source": source}
        rows.append(row | {"target": target, "amount": amount} | dict(extra[0] if extra else {}))
    names = dict.fromkeys(name for step in steps for name in step[1:3])
    accounts = [{"account_id": name, "covered": "true", **held[name]} for name in held]
    for name in names:
        if name not in held:
            kind = {"cash": "cash", "fee": "internal"}.get(name.split(":")[0], "")
            accounts.append({"account_id": name, "covered": "false", "kind": kind})
    return {"transfers": frame_of(rows), "accounts": frame_of(accounts)}


def t1_tables() -> Frames:
    """The tables of `t1`."""
    steps = [
        ("a", "A", "M", "300"),
        ("b", "B", "M", "200"),
        ("x", "M", "X", "250"),
        ("c", "C", "M", "100"),
        ("y", "M", "Y", "300"),
    ]
    return _book(steps, {"M": {"opening_balance": "100"}})


def t1() -> Case:
    """Three credits and two debits through an account that opens with 100 of its own (T1).

    Of A's and C's 400: `fifo` X 150, Y 150, left 100; `lifo` X 50, Y 300, left 50;
    `prorata` X 125, Y 550/3, left 275/3; `libr` X 0, Y 250, left 150; `poison` X 250, Y 300, left 150.

    Examples
    --------
    >>> import graphflow as gf
    >>> ends = gf.trace(t1(), "transfer:a,c", rule="fifo").ends
    >>> sorted(zip(ends["account_id"], ends["amount"]))
    [('M', 10000), ('X', 15000), ('Y', 15000)]
    """
    return case_of(t1_tables())


def t2_tables() -> Frames:
    """The tables of `t2`."""
    steps = [
        ("paul", "Paul", "M", "10"),
        ("michael", "Michael", "M", "10"),
        ("x", "M", "X", "10"),
        ("karen", "Karen", "M", "10"),
        ("y", "M", "Y", "10"),
    ]
    return _book(steps, {"M": {"opening_balance": "0"}})


def t2() -> Case:
    """Whose are the last 10 of three people's 30, of which 20 were spent (T2, published).

    `fifo` Karen's; `lifo` Paul's; `prorata` Paul 2.50, Michael 2.50, Karen 5.
    """
    return case_of(t2_tables())


def t3_tables() -> Frames:
    """The tables of `t3`."""
    steps = [
        ("t", "T", "M", "1000"),
        ("x", "M", "X", "900"),
        ("o1", "OWN", "M", "500"),
        ("y", "M", "Y", "100"),
        ("o2", "OWN", "M", "700"),
    ]
    return _book(steps, {"M": {"opening_balance": "0"}})


def t3() -> Case:
    """Later deposits of the holder's own money do not replenish what was spent of T's 1,000 (T3).

    Left of T's money: `libr` 100, `prorata` 250/3, `fifo` 0.
    """
    return case_of(t3_tables())


def t5_tables() -> Frames:
    """The tables of `t5`."""
    steps = [
        ("t", "T", "P", "100"),
        ("pq", "P", "Q", "80"),
        ("qr", "Q", "R", "50"),
        ("pr", "P", "R", "60"),
    ]
    openings = {"P": "100", "Q": "20", "R": "0"}
    return _book(steps, {name: {"opening_balance": amount} for name, amount in openings.items()})


def t5() -> Case:
    """Two ways from P to R, of which one leads through Q (T5); T's 100 arrive after P's own 100.

    What ends in P, Q, R: `fifo` 60, 0, 40; `lifo` 0, 30, 70; `prorata` 30, 20, 50; `libr` 60, 0, 40;
    `poison` 60, 50, 110.
    """
    return case_of(t5_tables())


def t6_tables(first: str | None = "t") -> Frames:
    """The tables of `t6`."""
    steps = [("t", "T", "M", "100"), ("c", "C", "M", "100"), ("x", "M", "X", "100")]
    frames = _book(steps, {"M": {"opening_balance": "0"}})
    frames["transfers"]["time"] = "2024-03-01T09:00:00"
    if first is not None:
        order = {"t": ("1", "2", "3"), "c": ("2", "1", "3")}[first]
        frames["transfers"]["sequence"] = pd.array(list(order), dtype="str")
    return frames


def t6(first: str | None = "t") -> Case:
    """Three transfers within one second (T6); `first` says whose credit the book has first; None: open.

    `fifo` X has 100 of T's money with `first="t"`, 0 with `first="c"`, and 0 to 100 where the order is open;
    `prorata` 50.
    """
    return case_of(t6_tables(first))


def t7_tables() -> Frames:
    """The tables of `t7`."""
    steps = [("x", "M", "X", "60"), ("t", "T", "M", "100"), ("y", "M", "Y", "40")]
    return _book(steps, {"M": {"opening_balance": "0", "overdraft_limit": "100"}})


def t7() -> Case:
    """Sixty are paid on credit before T's 100 arrive (T7).

    T's money: the lender 60, Y 40, X 0; with `overdraft="coordinated"` X 60, Y 40, the lender 0.
    """
    return case_of(t7_tables())


def t8_tables() -> Frames:
    """The tables of `t8`."""
    steps = [("t", "T", "M", "50"), ("x", "M", "X", "120"), ("c", "C", "M", "30"), ("y", "M", "Y", "40")]
    return _book(steps, {"M": {}})


def t8() -> Case:
    """The opening balance is not known; the least one that never overdraws is 80 (T8).

    T's 50: `fifo` X 40, Y 10; `prorata` X 600/13, Y 50/13; nothing is left.
    """
    return case_of(t8_tables())


def t9_tables() -> Frames:
    """The tables of `t9`."""
    steps: list[_Step] = [
        ("t", "T", "M", "50"),
        ("x", "M", "X", "80"),
        ("f", "M", "fee:BANK", "2", {"fee_of": "x"}),
    ]
    return _book(steps, {"M": {"opening_balance": "50"}})


def t9() -> Case:
    """A payment and the bank's fee for it (T9).

    T's 50: `fifo` X 30, fee 2, left 18; `prorata` X 40, fee 1, left 9.
    """
    return case_of(t9_tables())


def t10_tables() -> Frames:
    """The tables of `t10`."""
    steps: list[_Step] = [
        ("t", "T", "M", "100"),
        ("c", "C", "M", "100"),
        ("x", "M", "X", "50"),
        ("r", "X", "M", "50", {"reversal_of": "x"}),
        ("y", "M", "Y", "120"),
    ]
    return _book(steps, {"M": {"opening_balance": "0"}})


def t10() -> Case:
    """A payment that was undone never moved (T10).

    `fifo`: Y has T's 100 and 20 of C's; 80 of C's are left.
    """
    return case_of(t10_tables())


def t11_tables() -> Frames:
    """The tables of `t11`."""
    steps: list[_Step] = [
        ("t", "T", "M", "360"),
        ("fx", "M", "D", "720", {"target_amount": "100", "target_currency": "USD"}),
        ("x", "D", "X", "40", {"currency": "USD"}),
    ]
    return _book(
        steps,
        {
            "M": {"opening_balance": "360", "currency": "CNY"},
            "D": {"opening_balance": "0", "currency": "USD"},
        },
    )


def t11() -> Case:
    """An account, half of it T's money, is changed at 7.2: 720 CNY become 100 USD (T11).

    Of the dollars 50 are T's; of the 40 that go on to X, `prorata` has 20 of T's, `fifo` none.
    """
    return case_of(t11_tables())


def t12_tables() -> Frames:
    """The tables of `t12`."""
    steps: list[_Step] = [
        ("t", "T", "M", "50000"),
        ("w", "M", "cash:M", "50000", {"time": "2024-03-01T10:02:00"}),
        ("d", "cash:N", "N", "48000", {"time": "2024-03-01T15:40:00"}),
    ]
    holder = {"opening_balance": "0", "party_id": "P"}
    frames = _book(steps, {"M": holder, "N": holder})
    return {**frames, "parties": frame_of([{"party_id": "P", "name": "P", "kind": "person"}])}


def t12() -> Case:
    """Cash is taken out of one account of a person, and nearly as much paid into another, the same day (T12).

    T's 50,000: `cash` at `cash:M`; where cash gaps are joined (48,000 of 50,000 are 0.96), 48,000 in N.
    """
    return case_of(t12_tables())


def custody_tables() -> Frames:
    """The tables of `custody`."""
    steps: list[_Step] = [
        ("p", "P", "K", "300", {"order_id": "L1"}),
        ("q", "Q", "K", "200", {"order_id": "L2"}),
        ("x", "K", "X", "400", {"order_id": "L2"}),
    ]
    return _book(steps, {"K": {"opening_balance": "50", "kind": "client_custody"}})


def custody() -> Case:
    """A custody account pays 400 for L2, for which it holds 200: 50 of nobody's, then 150 of what L1 brought.

    P's 300, under every rule: X 150, left 150; all of Q's 200: X.

    Examples
    --------
    >>> import graphflow as gf
    >>> t = gf.trace(custody(), "account:P", rule="prorata")
    >>> sorted(zip(t.ends["account_id"], t.ends["amount"], strict=True))
    [('K', 15000), ('X', 15000)]
    >>> t.misuse[["transfer_id", "earmark", "taken_from", "amount"]].values.tolist()
    [['x', 'L2', 'L1', 15000]]
    """
    return case_of(custody_tables())


def by_hand_tables() -> Frames:
    """The tables of `by_hand`."""
    steps = [
        ("1", "V", "A", "600"),
        ("2", "W", "A", "100"),
        ("3", "A", "B", "400"),
        ("4", "A", "C", "200"),
        ("5", "W", "B", "150"),
        ("6", "B", "C", "400"),
        ("7", "C", "V", "50"),
        ("8", "C", "X", "500"),
    ]
    openings = {"A": "100", "B": "100", "C": "0"}
    return _book(steps, {name: {"opening_balance": amount} for name, amount in openings.items()})


def by_hand() -> Case:
    """The case that the manual works through by hand: a victim V, a trader W, three accounts, a payment to X.

    V's 600 in A, B, C, V (returned), X: `fifo` 100, 100, 50, 50, 300; `lifo` 100, 50, 50, 50, 350;
    `prorata` 150, 115.38, 27.88, 27.89, 278.85; `libr` 200, 200, 50, 0, 150; `poison` 200, 250, 50, 50, 500.

    Examples
    --------
    >>> import graphflow as gf
    >>> ends = gf.trace(by_hand(), "account:V", rule="fifo").ends
    >>> ends[["kind", "account_id", "amount"]].values.tolist()
    [['frontier', 'X', 30000], ['balance', 'A', 10000], ['balance', 'B', 10000],
     ['balance', 'C', 5000], ['returned', 'V', 5000]]
    """
    return case_of(by_hand_tables())


def two_victims_tables() -> Frames:
    """The tables of `two_victims`."""
    transfers: list[tuple[str, ...]] = [
        ("1", "2024-03-01T09:12:40", "chen", "desk", "30000", "investment"),
        ("2", "2024-03-01T10:05:03", "lin", "desk", "20000", "investment"),
        ("3", "2024-03-01T10:41:15", "desk", "mule", "24000", ""),
        ("4", "2024-03-02T08:30:00", "desk", "chen", "5000", "interest, as promised"),
        ("5", "2024-03-02T11:20:09", "desk", "cash:desk", "6000", "withdrawal"),
        ("6", "2024-03-03T15:00:00", "works", "mule", "8000", "wages March"),
        ("7", "2024-03-03T16:45:31", "mule", "safe", "20000", ""),
        ("8", "2024-03-04T12:02:18", "mule", "shop", "8000", "furniture"),
        ("9", "2024-03-05T09:59:59", "safe", "dealer", "12000", "deposit for a car"),
    ]
    accounts: list[tuple[str, ...]] = [
        ("desk", "yao", "settlement", "true", "0"),
        ("mule", "ma", "settlement", "true", "0"),
        ("safe", "yao", "settlement", "true", "0"),
        ("chen", "chen", "settlement", "false", ""),
        ("lin", "lin", "settlement", "false", ""),
        ("works", "works", "payroll", "false", ""),
        ("shop", "shop", "settlement", "false", ""),
        ("dealer", "dealer", "settlement", "false", ""),
        ("cash:desk", "", "cash", "false", ""),
    ]
    parties: list[tuple[str, ...]] = [
        ("chen", "Chen Yu", "person"),
        ("lin", "Lin Xia", "person"),
        ("yao", "Yao Qi", "person"),
        ("ma", "Ma Li", "person"),
        ("works", "Works Ltd", "company"),
        ("shop", "Furniture Ltd", "company"),
        ("dealer", "Motors Ltd", "company"),
    ]
    named: dict[str, tuple[tuple[str, ...], list[tuple[str, ...]]]] = {
        "transfers": (("transfer_id", "time", "source", "target", "amount", "memo"), transfers),
        "accounts": (("account_id", "party_id", "kind", "covered", "opening_balance"), accounts),
        "parties": (("party_id", "name", "kind"), parties),
    }
    return {
        table: frame_of([dict(zip(columns, row, strict=True)) for row in rows])
        for table, (columns, rows) in named.items()
    }


def two_victims() -> Case:
    """Chen and Lin pay 30,000 and 20,000 into one account; nine transfers later, whose money is where?

    Chen's 30,000 under `fifo`: 5,000 returned to Chen, 1,000 cash, 4,000 at the shop, 12,000 at the dealer,
    8,000 left in `safe`. Under `prorata`: 3,000 returned, 3,600 cash, 3,600 shop, 5,400 dealer,
    and left 9,000 in `desk`, 1,800 in `mule`, 3,600 in `safe`.
    Lin's 20,000 under `fifo`: 5,000 cash, 15,000 left in `desk`.

    Examples
    --------
    >>> import graphflow as gf
    >>> ends = gf.trace(two_victims(), "account:lin", rule="fifo").ends
    >>> ends[["kind", "account_id", "amount"]].values.tolist()
    [['balance', 'desk', 1500000], ['cash', 'cash:desk', 500000]]
    """
    return case_of(two_victims_tables())


def mixing_tables() -> Frames:
    """The tables of `mixing`."""
    steps = [
        ("1", "victim", "hub", "1000"),
        ("2", "trade", "hub", "1000"),
        ("3", "hub", "left", "800"),
        ("4", "hub", "right", "800"),
        ("5", "right", "hub", "300"),
        ("6", "left", "out", "500"),
        ("7", "hub", "out", "600"),
        ("8", "right", "out", "400"),
    ]
    openings = {"hub": "0", "left": "0", "right": "0"}
    return _book(steps, {name: {"opening_balance": amount} for name, amount in openings.items()})


def mixing() -> Case:
    """A victim's 1,000 and a trade's 1,000 meet in a hub, part, come back to it, and meet again in `out`.

    The victim's 1,000 under `fifo`: 700 in `out`, 300 left in `left`, 0 in `hub`, 0 in `right`.
    Under `prorata`: 750 in `out`, 150 left in `left`, 50 in `hub`, 50 in `right`.

    Examples
    --------
    >>> import graphflow as gf
    >>> gf.trace(mixing(), "account:victim", rule="fifo").ends[["account_id", "amount"]].values.tolist()
    [['out', 70000], ['left', 30000]]
    """
    return case_of(mixing_tables())


#: Every toy by name, in the order in which they are best read.
TOYS: Mapping[str, Callable[[], Frames]] = {
    "two_victims": two_victims_tables,
    "mixing": mixing_tables,
    "by_hand": by_hand_tables,
    "custody": custody_tables,
    "t1": t1_tables,
    "t2": t2_tables,
    "t3": t3_tables,
    "t5": t5_tables,
    "t6": t6_tables,
    "t7": t7_tables,
    "t8": t8_tables,
    "t9": t9_tables,
    "t10": t10_tables,
    "t11": t11_tables,
    "t12": t12_tables,
    **holders.TOYS,
}


def write_toy(name: str, folder: Path, *, form: str | None = None, **_: object) -> None:
    """Write a toy's tables into a folder, as CSV unless `form` is ``"parquet"``."""
    for table, frame in TOYS[name]().items():
        if form == "parquet":
            frame.to_parquet(folder / f"{table}.parquet", index=False)
        else:
            frame.to_csv(folder / f"{table}.csv", index=False, lineterminator="\n")
