"""What stands in the manual: its numbers, computed by `by_hand`, and how a page is compared with them.

`TABLES` has what stands in each table (a page names it in a comment above the table, which no reader sees), `PROSE` the
numbers of each section's running text, `CITED` its sources. Nothing here is a test; `test_manual.py` uses it.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from graphflow.ledger.order import MOST_MOVING, MOST_ORDERS
from graphflow.manual import Block, blocks, read
from tests.by_hand import KEPT, Answer, Lots, Move, Queue, attributions, extremes, follow, lots_after

Number = int | Fraction
CLAIMED = ("fifo", "lifo", "prorata", "libr", "poison")


def moves(*rows: tuple[str, str, str, int]) -> list[Move]:
    return [Move(name, source, target, 100 * amount) for name, source, target, amount in rows]


@dataclass(frozen=True)
class Example:
    """A case of the manual: its rows and openings as the page has them, and which of its money is asked about."""

    rows: list[Move]
    openings: Mapping[str, int]
    seeds: Mapping[str, str]

    def answer(self, rule: str) -> Answer:
        """What a rule says; in whole units all that is asked about is one sort of money."""
        seeds = self.seeds if rule == "exact" else dict.fromkeys(self.seeds, "S")
        return follow(self.rows, self.openings, seeds, rule)


EXAMPLES = {
    "t1": Example(
        moves(("a", "A", "M", 300), ("b", "B", "M", 200), ("x", "M", "X", 250), ("c", "C", "M", 100),
              ("y", "M", "Y", 300)),
        {"M": 10_000}, {"a": "A", "c": "C"},
    ),
    "t2": Example(
        moves(("paul", "Paul", "M", 10), ("michael", "Michael", "M", 10), ("x", "M", "X", 10),
              ("karen", "Karen", "M", 10), ("y", "M", "Y", 10)),
        {"M": 0}, {"paul": "Paul", "michael": "Michael", "karen": "Karen"},
    ),
    "t3": Example(
        moves(("t", "T", "M", 1000), ("x", "M", "X", 900), ("o1", "OWN", "M", 500), ("y", "M", "Y", 100),
              ("o2", "OWN", "M", 700)),
        {"M": 0}, {"t": "T"},
    ),
    "t5": Example(
        moves(("t", "T", "P", 100), ("pq", "P", "Q", 80), ("qr", "Q", "R", 50), ("pr", "P", "R", 60)),
        {"P": 10_000, "Q": 2_000, "R": 0}, {"t": "T"},
    ),
    "t6": Example(moves(("t", "T", "M", 100), ("c", "C", "M", 100), ("x", "M", "X", 100)), {"M": 0}, {"t": "T"}),
    "t7": Example(moves(("x", "M", "X", 60), ("t", "T", "M", 100), ("y", "M", "Y", 40)), {"M": 0}, {"t": "T"}),
    "t8": Example(
        moves(("t", "T", "M", 50), ("x", "M", "X", 120), ("c", "C", "M", 30), ("y", "M", "Y", 40)),
        {"M": 8_000}, {"t": "T"},
    ),
    "t9": Example(
        moves(("t", "T", "M", 50), ("x", "M", "X", 80), ("f", "M", "fee:BANK", 2)), {"M": 5_000}, {"t": "T"},
    ),
    # net of what was undone: x and its reversal never moved
    "t10": Example(moves(("t", "T", "M", 100), ("c", "C", "M", 100), ("y", "M", "Y", 120)), {"M": 0}, {"t": "T"}),
    "by_hand": Example(
        moves(("1", "V", "A", 600), ("2", "W", "A", 100), ("3", "A", "B", 400), ("4", "A", "C", 200),
              ("5", "W", "B", 150), ("6", "B", "C", 400), ("7", "C", "V", 50), ("8", "C", "X", 500)),
        {"A": 10_000, "B": 10_000, "C": 0}, {"1": "V"},
    ),
}  # fmt: skip
SEED = {name: "transfer:" + ",".join(example.seeds) for name, example in EXAMPLES.items()}

# ---------------------------------------------------------------- how the page writes numbers


def money(minor: Number) -> str:
    """Major units: whole ones without decimals, others with two; what is no whole minor unit as a fraction."""
    major = Fraction(minor) / 100
    if major.denominator == 1:
        return f"{major.numerator:,}"
    if Fraction(minor).denominator == 1:
        return f"{Decimal(int(minor)) / 100:,.2f}"
    return f"{major.numerator}/{major.denominator}"


def fen(minor: Number, places: int = 4) -> str:
    """Minor units, a fraction of one cut after so many places and marked so."""
    whole, rest = divmod(Fraction(minor), 1)
    if rest == 0:
        return f"{whole:,}"
    digits = f"{int(rest * 10**places):0{places}d}"
    return f"{whole:,}.{digits.rstrip('0')}" if rest * 10**places % 1 == 0 else f"{whole:,}.{digits}…"


def lots(parts: Lots) -> str:
    """Lots in their order, neighbours of one owner joined."""
    joined: list[list[Any]] = []
    for whose, amount in parts:
        if joined and joined[-1][0] == whose:
            joined[-1][1] += amount
        else:
            joined.append([whose, amount])
    return " + ".join(f"{whose} {money(amount)}" for whose, amount in joined) or "0"


# ---------------------------------------------------------------- what stands in the tables

Rows = list[list[str | None]]  # None: words, in which no number stands
TABLES: dict[str, Callable[[], Rows]] = {}


def table(key: str) -> Callable[[Callable[[], Rows]], Callable[[], Rows]]:
    def keep(make: Callable[[], Rows]) -> Callable[[], Rows]:
        TABLES[key] = make
        return make

    return keep


def rows_of(name: str) -> Rows:
    return [[move.name, f"{move.source} → {move.target}", money(move.amount)] for move in EXAMPLES[name].rows]


for _name in ("t1", "by_hand"):
    TABLES[f"{_name}.rows"] = functools.partial(rows_of, _name)


@table("t1.rules")
def _() -> Rows:
    found: Rows = []
    for rule in CLAIMED:
        answer = EXAMPLES["t1"].answer(rule)
        ends = [answer.left(name) for name in ("X", "Y", "M")]
        found.append([rule, *map(money, ends), money(sum(ends))])
    return found


LABELS = {"a": "A", "b": "B", "c": "C"}


def queue(rule: str) -> Rows:
    """T1 lot by lot: what each row takes, what stands in M behind it, and how much of the taken is A's or C's."""
    rows = EXAMPLES["t1"].rows
    found: Rows = [["", "", lots([("O", 10_000)]), ""]]
    for n, move in enumerate(rows):
        steps = lots_after(rows[: n + 1], 10_000, LABELS, rule)
        taken = steps.get(move.name, [])
        asked = money(sum(amount for whose, amount in taken if whose in "AC")) if taken else ""
        found.append([move.name, lots(taken) if taken else "", lots(steps["left"]), asked])
    return found


TABLES["t1.fifo"] = functools.partial(queue, "fifo")
TABLES["t1.lifo"] = functools.partial(queue, "lifo")


@table("t1.shares")
def _() -> Rows:
    rows = EXAMPLES["t1"].rows
    found: Rows = []
    balance = 10_000
    for n, move in enumerate(rows):
        after = lots_after(rows[: n + 1], 10_000, LABELS, "exact")
        if move.source == "M":
            share = f"{money(move.amount)} ÷ {money(balance)} = {Fraction(move.amount, balance)}"
            found.append([move.name, None, share, *by_owner(after[move.name])])
        if move.name not in ("a", "b"):
            found.append([move.name if move.target == "M" else "", None, "", *by_owner(after["left"])])
        balance += move.amount if move.target == "M" else -move.amount
    return found


def by_owner(parts: Lots) -> list[str]:
    return [money(sum(amount for whose, amount in parts if whose == each)) for each in "OABC"]


def kept(name: str, of: Mapping[str, int]) -> Rows:
    """Pro rata in whole units, payment by payment: balance, exact holding, what it takes, what stays, what is carried.

    The exact holding is counted in parts of 2^-32 of a unit, as the program does; `of` has the openings.
    """
    example = EXAMPLES[name]
    balance, exact, whole = dict(of), dict.fromkeys(of, 0), dict.fromkeys(of, 0)
    found: Rows = []
    for move in example.rows:
        carried = move.amount if move.name in example.seeds else 0
        if move.source in of and move.name not in example.seeds:
            at = move.source
            before, held = balance[at], exact[at]
            takes = held * move.amount // before
            exact[at] -= takes
            stays = (2 * exact[at] + KEPT - 1) // (2 * KEPT)  # the nearest whole, a half goes
            carried = whole[at] - stays
            whole[at] = stays
            balance[at] -= move.amount
            found.append(
                [move.name, fen(move.amount), at, fen(before), shown(held), shown(takes), shown(exact[at]), fen(stays),
                 fen(carried)]
            )  # fmt: skip
        if move.target in of:
            balance[move.target] += move.amount
            exact[move.target] += carried * KEPT
            whole[move.target] += carried
    return found


def shown(parts: int) -> str:
    """Parts of 2^-32 as minor units, cut after four places; off by less than a millionth, it counts as whole."""
    near = round(Fraction(parts, KEPT) * 10_000)
    exact = Fraction(parts, KEPT)
    if abs(exact - Fraction(near, 10_000)) < Fraction(1, 1_000_000):
        return fen(Fraction(near, 10_000))
    return fen(exact)


TABLES["t1.kept"] = functools.partial(kept, "t1", {"M": 10_000})
TABLES["by_hand.prorata"] = functools.partial(kept, "by_hand", EXAMPLES["by_hand"].openings)

POOL = {"whole": 100_000, "part": 100, "payment": 49}  # one deposit among a thousand, in minor units


def pool(payments: int) -> list[tuple[int, Fraction, int, int]]:
    """A pool pays 0.49 again and again: what of one deposit it holds exactly, what stays, what each payment carries."""
    balance, exact, whole = POOL["whole"], POOL["part"] * KEPT, POOL["part"]
    found = []
    for number in range(1, payments + 1):
        exact -= exact * POOL["payment"] // balance
        balance -= POOL["payment"]
        stays = (2 * exact + KEPT - 1) // (2 * KEPT)
        found.append((number, Fraction(exact, KEPT), stays, whole - stays))
        whole = stays
    return found


def first_unit() -> int:
    """Which payment of the pool carries something."""
    return next(number for number, _, _, carried in pool(100) if carried)


@table("pool")
def _() -> Rows:
    first = first_unit()
    return [
        [str(number), fen(Fraction(round(exact * 10_000), 10_000)), str(stays), str(carried)]
        for number, exact, stays, carried in pool(first)
        if number in (1, 2, first - 1, first)
    ]


def lowest(name: str, account: str) -> Rows:
    """The least of balance and traced money, row by row."""
    example = EXAMPLES[name]
    balance, traced = example.openings[account], 0
    found: Rows = [["", money(balance), money(traced), ""]] if balance else []
    for move in example.rows:
        if move.target == account:
            balance += move.amount
            traced += move.amount if move.name in example.seeds else 0
            found.append([move.name, money(balance), money(traced), ""])
        else:
            balance -= move.amount
            least = min(traced, balance)
            found.append(
                [move.name, money(balance), f"min({money(traced)}, {money(balance)}) = {money(least)}",
                 money(traced - least)]
            )  # fmt: skip
            traced = least
    return found


TABLES["t1.libr"] = functools.partial(lowest, "t1", "M")
TABLES["t3.libr"] = functools.partial(lowest, "t3", "M")


@table("t2.rules")
def _() -> Rows:
    example = EXAMPLES["t2"]
    found: Rows = []
    for rule in ("fifo", "lifo", "prorata"):
        answer = follow(example.rows, example.openings, example.seeds, rule)
        found.append([rule, *(money(answer.ends["M"].get(who, 0)) for who in example.seeds.values())])
    return found


@table("t5.rules")
def _() -> Rows:
    found: Rows = []
    for rule in CLAIMED:
        answer = EXAMPLES["t5"].answer(rule)
        carried = [answer.through(name) for name in ("pq", "qr", "pr")]
        found.append([rule, *map(money, carried), *(money(answer.left(name)) for name in ("P", "Q", "R"))])
    return found


def t6(first: str) -> Answer:
    t, c, x = EXAMPLES["t6"].rows
    return follow([t, c, x] if first == "t" else [c, t, x], {"M": 0}, {"t": "T"}, "fifo")


@table("t6.orders")
def _() -> Rows:
    both = [t6("t"), t6("c")]
    found: Rows = [[None, money(each.left("X")), money(each.left("M"))] for each in both]
    between = [" – ".join(money(f(each.left(at) for each in both)) for f in (min, max)) for at in ("X", "M")]
    even = EXAMPLES["t6"].answer("prorata")
    return [*found, [None, *between], [None, money(even.left("X")), money(even.left("M"))]]


@table("t7.modes")
def _() -> Rows:
    answer = EXAMPLES["t7"].answer("fifo")
    # coordinated: the 60 go on as the payment that the overdraft made
    x, t = EXAMPLES["t7"].rows[:2]
    repaid = min(x.amount, t.amount)
    return [
        ["lender", money(answer.left("X")), money(answer.left("Y")), money(answer.lender)],
        ["coordinated", money(repaid), money(t.amount - repaid), money(0)],
    ]


@table("t8.opening")
def _() -> Rows:
    total, found = 0, []
    for move in EXAMPLES["t8"].rows:
        change = move.amount if move.target == "M" else -move.amount
        total += change
        found.append([move.name, signed(change), signed(total)])
    return found


def signed(minor: int) -> str:
    return ("−" if minor < 0 else "+") + money(abs(minor))


def least_opening() -> int:
    total = least = 0
    for move in EXAMPLES["t8"].rows:
        total += move.amount if move.target == "M" else -move.amount
        least = min(least, total)
    return -least


@table("t8.rules")
def _() -> Rows:
    rows = EXAMPLES["t8"].rows
    found: Rows = []
    for rule in ("fifo", "exact"):
        steps = lots_after(rows, least_opening(), {"t": "t", "c": "c"}, rule)
        x, y, left = (
            lots([("U" if who == "O" else who, part) for who, part in steps[name]])
            for name in ("x", "y", "left")
        )
        found.append(["prorata" if rule == "exact" else rule, x, y, left])
    return found


@table("t9.rules")
def _() -> Rows:
    found: Rows = []
    for rule in ("fifo", "prorata"):
        answer = EXAMPLES["t9"].answer(rule)
        found.append([rule, *(money(answer.left(name)) for name in ("X", "fee:BANK", "M"))])
    return found


@table("t10.lots")
def _() -> Rows:
    steps = lots_after(EXAMPLES["t10"].rows, 0, {"t": "t", "c": "c"}, "fifo")
    return [["y", lots(steps["y"]), lots(steps["left"])]]


# a custody account: earmark, what stands in its compartment when 400 are paid for L2, what is taken, what is left
COMPARTMENTS = (("L2", 20_000), (None, 5_000), ("L1", 30_000))


@table("custody")
def _() -> Rows:
    need, found = 40_000, []
    for earmark, held in COMPARTMENTS:
        taken = min(need, held)
        need -= taken
        found.append([earmark, money(held), money(taken), money(held - taken)])
    assert need == 0
    return found


def bounds(name: str, openings: Mapping[str, int], ends: tuple[str, ...], unit: int) -> tuple[int, int]:
    example = EXAMPLES[name]
    return extremes(possible(name, tuple(sorted(openings.items())), unit), ends) if example else (0, 0)


@functools.cache
def possible(name: str, openings: tuple[tuple[str, int], ...], unit: int) -> set[tuple[tuple[str, int], ...]]:
    example = EXAMPLES[name]
    return attributions(example.rows, dict(openings), example.seeds, unit)


def unknown(ends: tuple[str, ...]) -> tuple[int, int]:
    """T8 with every opening from the least possible on: beyond what is ever paid out, more changes nothing."""
    found = [bounds("t8", {"M": opening}, ends, 1_000) for opening in range(least_opening(), 30_000, 1_000)]
    return min(low for low, _ in found), max(high for _, high in found)


@table("t1.envelope")
def _() -> Rows:
    ends = [("X",), ("Y",), ("X", "Y"), ("M",)]
    found = [bounds("t1", {"M": 10_000}, each, 2_500) for each in ends]
    return [
        [" + ".join(each), money(low), money(high)] for each, (low, high) in zip(ends, found, strict=True)
    ]


@table("t8.envelope")
def _() -> Rows:
    ends = [("X",), ("Y",), ("M",)]
    return [[each[0], money(low), money(high)] for each in ends for low, high in [unknown(each)]]


def steps(rule: str) -> Rows:
    """The case by hand, lot by lot; what is not V's is o."""
    example = EXAMPLES["by_hand"]
    found: Rows = []
    for n, move in enumerate(example.rows):
        if move.source not in example.openings:
            continue
        taken, left = step_of(rule, n)
        asked = sum(amount for whose, amount in taken if whose == "V")
        found.append([move.name, f"{move.source} → {move.target}", lots(taken), money(asked), lots(left)])
    return found


def step_of(rule: str, n: int) -> tuple[Lots, Lots]:
    """What the n-th row takes, and what is left in the account that paid it."""
    example = EXAMPLES["by_hand"]
    accounts = {name: Queue(rule, opening, "o") for name, opening in example.openings.items()}
    taken: Lots = []
    for move in example.rows[: n + 1]:
        taken = [("V" if move.name in example.seeds else "o", move.amount)]
        if move.source in accounts:
            taken = accounts[move.source].pay(move.amount)
        if move.target in accounts:
            accounts[move.target].receive(taken)
    return taken, accounts[example.rows[n].source].held()


TABLES["by_hand.fifo"] = functools.partial(steps, "fifo")
TABLES["by_hand.lifo"] = functools.partial(steps, "lifo")


@table("by_hand.libr")
def _() -> Rows:
    example = EXAMPLES["by_hand"]
    balance, traced = dict(example.openings), dict.fromkeys(example.openings, 0)
    found: Rows = []
    for move in example.rows:
        carried = move.amount if move.name in example.seeds else 0
        if move.source in balance:
            at = move.source
            other = balance[at] - traced[at]
            carried = max(0, move.amount - other)
            found.append(
                [move.name, f"{move.source} → {move.target}", money(balance[at]), money(traced[at]), money(other),
                 f"{money(move.amount)} − {money(other)}" if carried else "0", money(carried)]
            )  # fmt: skip
            balance[at] -= move.amount
            traced[at] -= carried
        if move.target in balance:
            balance[move.target] += move.amount
            traced[move.target] += carried
    return found


@table("by_hand.ends")
def _() -> Rows:
    example = EXAMPLES["by_hand"]
    answers = [example.answer(rule) for rule in CLAIMED]
    found: Rows = []
    for end in ("A", "B", "C", "V", "X"):
        low, high = bounds("by_hand", example.openings, (end,), 5_000)
        *exact, poison = [money(answer.left(end)) for answer in answers]
        found.append([end, *exact, money(low), money(high), poison])
    *sums, poison = [money(sum(answer.left(end) for end in answer.ends)) for answer in answers]
    return [*found, [None, *sums, "", "", poison]]


# ---------------------------------------------------------------- what stands in running text

# Sources, as each language writes them, with how far they were checked; their numbers are not figures. Changed or
# missing, they are a fault of the page: the marks are those of the project's notes on the law and may not drift.
CITED: dict[str, tuple[str, ...]] = {
    "fifo": (
        "Devaynes v Noble (1816) 1 Mer 572 (general knowledge)", "Devaynes v Noble (1816) 1 Mer 572（一般知识）",
        "Barlow Clowes v Vaughan [1991] EWCA Civ 11 (text checked)", "Barlow Clowes v Vaughan [1991] EWCA Civ 11（已核对原文）",
        "does not suffice (text checked, of a practitioner's article)", "采用先进先出（已核对原文，来源为实务文章）",
        "Tydings v Reed, 2020 (text checked)", "Tydings v Reed, 2020（已核对原文）",
        "Anderson et al. (text checked, of a secondary source)", "Anderson et al.（已核对原文，来源为二手资料）",
    ),
    "lifo": ("US v Banco Cafetero (2d Cir 1986) let the government choose among first in, last out and an average (general knowledge)",
             "US v Banco Cafetero (2d Cir 1986) 允许政府在先进先出、后进先出与平均法之间选择（一般知识）",
             "published by P. Todd (text checked)", "由 P. Todd 发表（已核对原文）"),
    "prorata": (
        "法释〔2014〕13号, art. 10 (text checked)", "（法释〔2014〕13号）第十条（已核对原文）",
        "first in, first out (text checked, of a practitioner's article)", "先进先出之外的选择（已核对原文，来源为实务文章）",
        "Barlow Clowes v Vaughan [1991] EWCA Civ 11 (text checked)", "Barlow Clowes v Vaughan [1991] EWCA Civ 11（已核对原文）",
        "Foskett v McKeown [2001] (general knowledge)", "Foskett v McKeown [2001]（一般知识）",
        "“haircut” (text checked, of a vendor's page)", "haircut（已核对原文，来源为服务商网页）",
    ),
    "libr": (
        "forensic accounting (general knowledge)", "称差额法（一般知识）",
        "Re Hallett (1880), own money first; Roscoe v Winder [1915], never more than the lowest balance in between (both general knowledge)",
        "Re Hallett (1880)，自有资金先出；Roscoe v Winder [1915]，不超过期间最低余额（均为一般知识）",
        "Re Oatway [1903] (general knowledge)", "Re Oatway [1903]（一般知识）",
        "UCC 9-315(b)(2) (substance confirmed)", "UCC 9-315(b)(2) 中以此为主（已核实大意）",
    ),
    "poison": ("the widest net (general knowledge)", "最宽的一张网（一般知识）"),
    "overdraft": ("Durant [2015] UKPC 35 (general knowledge)", "Durant [2015] UKPC 35（一般知识）"),
    "envelope": ("attacked on their definitions (text checked, of a practitioner's article)",
                 "受到质疑（已核对原文，来源为实务文章）"),
    "limits": (
        "法释〔2014〕13号, art. 10 (text checked)", "法释〔2014〕13号第十条（已核对原文）",
        "法释〔2014〕13号, art. 11 (text checked)", "法释〔2014〕13号第十一条（已核对原文）",
        "法释〔2014〕13号, art. 13 (text checked)", "法释〔2014〕13号第十三条（已核对原文）",
        "(国务院令第737号), art. 26, names six sources of repayment (text checked)",
        "（国务院令第737号）第二十六条列有六类清退资金来源（已核对原文）",
    ),
}  # fmt: skip
T1, T5, T8, BY_HAND = (EXAMPLES[name] for name in ("t1", "t5", "t8", "by_hand"))


def amounts(name: str) -> list[str]:
    return [money(move.amount) for move in EXAMPLES[name].rows]


def ends(name: str, rule: str, *which: str) -> list[str]:
    answer = EXAMPLES[name].answer(rule)
    return [money(answer.left(end)) for end in which]


def raw_of_y() -> list[str]:
    """Row y of T1 in parts of 2^-32 of a minor unit: held, taken, what stays."""
    held = 27_500 * KEPT
    takes = held * 30_000 // 45_000
    return [f"{number:,}" for number in (held, takes, held - takes)]


def prose() -> dict[str, list[str]]:
    """The numbers of each section's running text, in any order."""
    asked = [money(move.amount) for move in T1.rows if move.name in T1.seeds]  # A's and C's
    seed = money(sum(move.amount for move in T1.rows if move.name in T1.seeds))
    a, b, x, c, y = amounts("t1")
    opening, left = "100", money(10_000 + sum(m.amount * (1 if m.target == "M" else -1) for m in T1.rows))
    exact = T1.answer("exact")
    thirds = {(end, who): money(amount) for end, of in exact.ends.items() for who, amount in of.items()}
    sums = {end: money(sum(of.values())) for end, of in exact.ends.items()}
    held, takes, stays = raw_of_y()
    claims = T1.answer("exact"), follow(T1.rows, T1.openings, T1.seeds, "libr")
    shares = {(end, who): money(part) for end, of in claims[1].ends.items() for who, part in of.items()}
    t3 = EXAMPLES["t3"].answer("exact")
    poison = [money(part) for part in (T1.answer("poison").left(end) for end in ("X", "Y", "M"))]
    pq, qr, pr = (money(T5.answer("prorata").through(name)) for name in ("pq", "qr", "pr"))
    t8 = T8.answer("exact")
    low, _ = bounds("by_hand", BY_HAND.openings, ("X",), 5_000)
    both = bounds("t1", T1.openings, ("X", "Y"), 2_500)
    other = sum(BY_HAND.openings.values()) + sum(m.amount for m in BY_HAND.rows if m.source == "W")
    fifo, lifo = ({row[0]: row for row in steps(rule)} for rule in ("fifo", "lifo"))
    whole = {row[0]: row for row in kept("by_hand", BY_HAND.openings)}
    into_c = [int(whole[row][8].replace(",", "")) for row in ("4", "6")]
    return {
        "tracing": ["T1", "T12"],
        "seed": [],
        "rules": ["T1", opening, *asked, seed, seed, left],
        "fifo": [*ends("t1", "fifo", "X", "Y", "M"), seed],
        "lifo": [*ends("t1", "lifo", "X", "Y", "M"), "T2", *amounts("t2"), "10"],
        "prorata": [
            "T1", "2", "32", "2", "32", "2", "32",
            sums["X"], thirds["Y", "A"], thirds["Y", "C"], sums["Y"], thirds["M", "A"], thirds["M", "C"], sums["M"],
            "T1", "0.01", f"{Decimal(12_500) / 100:.2f}", *ends("t1", "prorata", "Y", "M"), f"{seed}.00",
            fen(27_500), held, fen(30_000), fen(45_000), takes, stays, "9,166.6667", fen(9_167),
            "1.00", "1,000.00", "0.49", "0.049", str(first_unit()),
        ],
        "libr": [
            *ends("t1", "libr", "Y", "M"), money(T1.answer("libr").left("Y")), seed, "250", "300", seed,
            shares["Y", "A"], "250", "100", seed, shares["Y", "C"], left, shares["M", "A"], shares["M", "C"],
            "T3", *(each for each in amounts("t3")), "1,200", money(EXAMPLES["t3"].answer("libr").left("M")),
            money(t3.left("M")),
        ],
        "poison": ["T1", *poison, *poison, money(sum(map(number, poison)) * 100), seed, "T1",
                   *ends("t1", "fifo", "X"), poison[0]],
        "two-accounts": [
            "T5", "100", "20", *amounts("t5"), "100",
            # fifo: P's own 100, then T's; what pq and pr take, what stays
            "100", "100", "80", "20", "40", "60",
            # lifo
            "80", "20", "50", "30", "20", "40",
            # pro rata: three quotients
            "80", "100", "200", pq, pq, "100", "50", pq, "100", qr, "60", "60", "120", pr,
        ],
        "backward": ["T1", x, opening, ends("t1", "fifo", "X")[0]],
        "account": [],
        "order": ["T6", *amounts("t6"), "100", "1,000", f"{MOST_ORDERS:,}", f"{MOST_MOVING}"],
        "opening": ["T8", signed(-least_opening()), money(least_opening()), amounts("t8")[0],
                    *ends("t8", "fifo", "X"), money(t8.left("X")), f"{float(t8.left('X')) / 100:.2f}", "0",
                    amounts("t8")[0]],
        "overdraft": ["T7", "0", *amounts("t7"), amounts("t7")[1]],
        "rows": [
            "T9", "50", *amounts("t9"), amounts("t9")[0],
            "T10", "100", "100", "50", "120", "50",
            "T11", "360", "360", "720", "100", "50", "50", "360", "2", "2",
            "T12", "50,000", "10", "02", "48,000", "15", "40", "48,000", "50,000", "0.96", "0.9", "1", "48,000",
            "2,000",
        ],
        "pots": ["50", "300", "L1", "200", "L2", "400", "L2", "150", "300", "L2", "150", "200"],
        "ends": [],
        "chains": [],
        "envelope": [
            "T1", x, a, opening, b, money(10_000 + 20_000),  # what M holds before x
            x, money(30_000), "0", "0", x, money(30_000),
            x, money(30_000 - 25_000), c, money(30_000), left, "0", y,
            left,
            seed, left, money(both[0]), seed,
            x, y,
            "T8", money(least_opening()), amounts("t8")[1], "0", amounts("t8")[0],
            money(both[0]), seed, "0",
        ],
        "next": [],
        "limits": [],
        "by-hand": ["600", "100", "100", "0", "600", "1", "2", "5"],
        "by-hand-fifo": [
            "100", "600", "100", "3", *labelled(fifo["3"][2]), "4", *labelled(fifo["4"][2]), *labelled(fifo["4"][4]),
            "100", *labelled(fifo["3"][2]), "3", "150", "5", "6", *labelled(fifo["6"][2]),
            *labelled(fifo["4"][2]), "4", *labelled(fifo["6"][2]), "6",
            "7", *labelled(fifo["7"][2]), "8", *labelled(fifo["8"][2]), *labelled(fifo["8"][4]),
        ],
        "by-hand-lifo": [
            "6", "100", *labelled(lifo["3"][2]), "3", "150", "5", *labelled(lifo["6"][2]),
            "8", "7", *labelled(lifo["7"][4]), "500", *labelled(lifo["8"][2]),
        ],
        "by-hand-prorata": [
            *(fen(part) for part in into_c), "4", "6", fen(sum(into_c)), "7", whole["7"][7], fen(sum(into_c)),
            whole["7"][7], whole["7"][8], "8", whole["7"][6], whole["7"][7],
        ],
        "by-hand-libr": ["150", "5", "6", "200"],
        "by-hand-ends": [
            "600", "400", "3", "6", "200", "4", "500", "100", "100", "100", "150", money(other), "500", money(other),
            money(low), money(low), "600",
        ],
        "by-hand-backward": ["500", "8", *ends("by_hand", "fifo", "X"), "100", "100"],
    }  # fmt: skip


def number(text: str) -> Fraction:
    return Fraction(text.replace(",", ""))


def labelled(text: str) -> list[str]:
    """The amounts of lots as they are written."""
    return re.findall(r"[\d,.]+", text)


_NUMBER = re.compile(r"[−+]?[A-Z]?\d[\d,]*(?:\.\d+)?(?:/\d+)?")


def cited(section: str, page: str) -> tuple[str, ...]:
    """The sources of a section in the language of the page: first in English, then in Chinese."""
    return CITED.get(section, ())[1 if chinese(page) else 0 :: 2]


def chinese(text: str) -> bool:
    return "的" in text


def numbers(text: str, sources: tuple[str, ...] = ()) -> list[str]:
    """The numbers of running text; 3.5 is one, T1 is one, and so is 550/3."""
    for each in sources:
        text = text.replace(each, "")
    return [found.rstrip(",") for found in _NUMBER.findall(text)]


# ---------------------------------------------------------------- a page, and what is wrong with it


@functools.cache
def source(language: str) -> str:
    return read("tracing", language).source


def wrong(
    page: str, outputs: Mapping[str, str], expected: Mapping[str, list[str]] | None = None
) -> Iterator[str]:
    """Everything in a page that is not what was computed; `outputs` has what each command printed."""
    expected = prose() if expected is None else expected
    texts: dict[str, list[str]] = {}
    seen: list[str] = []
    found: list[tuple[str, str]] = []
    section, count = "", 0
    for block in blocks(page):
        count = count + 1 if block.kind == "item" and block.mark != "-" else 0
        if count and block.mark != f"{count}.":
            yield f"{section}: {block.mark} is not {count}."
        if block.kind == "heading":
            section = block.mark
            texts.setdefault(section, []).extend(numbers(block.text))
        elif block.kind == "table":
            seen.append(block.note)
            yield from wrong_table(block)
        elif block.kind == "code":
            found += sessions(block)
            yield from wrong_code(block, outputs)
        else:
            texts[section] += numbers(block.text, cited(section, page))
            yield from wrong_equations(block.text)
    for name in set(texts) & set(CITED):
        for each in cited(name, page):
            if each not in page:
                yield f"{name}: no longer cited: {each}"
    if set(texts) != set(expected):
        yield f"sections: {set(texts) ^ set(expected)}"
    for name in set(texts) & set(expected):
        if Counter(texts[name]) != Counter(expected[name]):
            more, less = (Counter(one) - Counter(two) for one, two in
                          ((texts[name], expected[name]), (expected[name], texts[name])))  # fmt: skip
            yield f"{name}: the text has {dict(more)} too much and lacks {dict(less)}"
    if missing := set(outputs) - {command for command, _ in found}:
        yield f"not in the page: {missing}"
    if Counter(key for key in seen if key != "words") != Counter(TABLES.keys()):
        yield f"tables: {Counter(seen)}"


def wrong_table(block: Block) -> Iterator[str]:
    heads, *body = block.rows
    if re.search(r"\d", "".join(heads)):
        yield f"{block.note}: a number in a head"
    if block.note == "words":
        if found := re.findall(r"\d+", str(body)):
            yield f"words: {found}"
        return
    expected = TABLES[block.note]() if block.note in TABLES else []
    if len(body) != len(expected):
        yield f"{block.note}: {len(body)} rows, not {len(expected)}"
        return
    for row, computed in zip(body, expected, strict=True):
        if len(row) != len(heads) or len(computed) != len(row):
            yield f"{block.note}: {row}"
            continue
        for cell, said in zip(row, computed, strict=True):
            if re.search(r"\d", cell) if said is None else cell != said:
                yield f"{block.note}: {cell!r} is not {said!r}"


_SIDE = r"[\dA-Zo][\dA-Zo .,/^+−×÷]*"
_EQUATION = re.compile(rf"({_SIDE}) = (?=({_SIDE}))")


def wrong_equations(text: str) -> Iterator[str]:
    """What stands on both sides of an equals sign is the same number."""
    for left, right in _EQUATION.findall(text):
        sides = [value(side) for side in (left, right)]
        if None not in sides and sides[0] != sides[1]:
            yield f"{left} is not {right}"


def value(expression: str) -> Fraction | None:
    """What arithmetic comes to; None where it has other letters than the names of lots."""
    terms = re.sub(r"\b[A-Zo] (?=\d)", "", expression.strip(" .,"))
    terms = terms.replace(",", "").replace("−", "-").replace("×", "*").replace("÷", "/").replace("^", "**")
    terms = re.sub(r"[ ,.]+$", "", terms)
    if not re.fullmatch(r"[\d ./+*-]+", terms):
        return None
    exact = re.sub(r"\d+(?:\.\d+)?", lambda found: f"Fraction('{found[0]}')", terms)
    return Fraction(eval(exact, {"Fraction": Fraction}))


def wrong_code(block: Block, outputs: Mapping[str, str]) -> Iterator[str]:
    for command, shown_ in sessions(block):
        if command not in outputs:
            yield f"not run: {command}"
        elif shown_ and not matches(shown_, outputs[command]):
            yield f"{command} printed\n{outputs[command]}\nand not\n{shown_}"


def sessions(block: Block) -> Iterator[tuple[str, str]]:
    """The commands of a piece of code, each with what it is said to print."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output.strip("\n")


def matches(want: str, got: str) -> bool:
    """Whether an output is the one shown; a line of three dots stands for any lines, three dots for any signs."""
    pattern = re.escape(want.strip()).replace(r"\.\.\.", ".*")
    return re.fullmatch(pattern, got.strip(), re.DOTALL) is not None
