"""Random ledgers and random questions, with everything in them that is hard.

Tables are plain lists of dicts (text times, whole minor units): the oracle reads them as they are, and
`frames` turns them into what the front door takes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from tests.naive.oracle import Ref

START = datetime(2024, 3, 1, 9, 0)
MONEY = ("amount", "target_amount", "source_balance", "target_balance", "opening_balance", "principal")
Tables = dict[str, list[dict]]


@dataclass(frozen=True)
class Features:
    """What a random ledger may have. `order` is how rows of equal time are ordered."""

    order: str = "sequence"  # sequence, sides, balances, times (no ties at all), open
    converts: bool = False
    transit: bool = False
    fees: bool = False
    reversals: bool = False
    custody: bool = False
    clearing: bool = False
    kinds: bool = False
    coverage: str = "none"  # none, short, table
    dates: bool = False
    overdrafts: bool = True
    parties: bool = True
    large: bool = False
    vague: bool = False  # some places in the order are not known, or are the same
    most: int = 40
    cash: bool = False  # money is withdrawn and put in again, by parties and their agents


KNOWN = ("sequence", "sides", "times")


@st.composite
def features(
    draw: st.DrawFn, orders: tuple[str, ...] = (*KNOWN, "balances", "open"), **fixed: object
) -> Features:
    """A random choice of features; those in `fixed` are as given."""
    return choose_features(lambda options: draw(st.sampled_from(options)), orders, **fixed)


def choose_features(
    choose: Callable[[Sequence], Any], orders: tuple[str, ...] = (*KNOWN, "balances", "open"), **fixed: object
) -> Features:
    """The same, with any way to choose one of several: `random.Random(7).choice` for a long run by hand."""
    yes = (False, False, True)
    together = choose((False,) * 7 + (True,))  # what is hardest in one ledger
    chosen = Features(
        order=choose(orders),
        converts=together or choose(yes),
        transit=together or choose(yes),
        fees=choose(yes),
        reversals=together or choose(yes),
        custody=together or choose(yes),
        clearing=choose(yes),
        kinds=choose(yes),
        coverage=choose(("none", "none", "short", "table")),
        dates=choose((False, False, False, False, True)),
        overdrafts=choose((False, True)),
        large=choose(yes),
        vague="open" in orders and choose((False,) * 4 + (True,)),
        most=choose((6, 20, 40, 40)),
    )
    return replace(chosen, **fixed)  # type: ignore[arg-type]


def text_of(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


class Writer:
    """Writes one random ledger: a true order of events first, then what the tables say about it."""

    def __init__(self, rng: random.Random, wants: Features) -> None:
        self.rng, self.wants = rng, wants
        # One book's numbers say in what order rows left; where rows also arrive later, half the time the sides do.
        self.order = (
            "sides" if wants.order == "sequence" and wants.transit and rng.random() < 0.5 else wants.order
        )
        self.accounts = ["A", "B", "C", "D", "E", "F", "G"][: rng.randint(2, 7)]
        self.kind: dict[str, str] = {}
        # forty rows of one second, many of them to oneself, have more orders by balance than anybody looks through
        crowded = self.order == "balances" and wants.most > 20
        self.slots = rng.choice(((20,) if wants.dates else (8, 20)) if crowded else (1, 3, 8, 20))
        self.rows: list[dict] = []
        self.greatest = rng.random() < 0.3

    def tables(self) -> Tables:
        rng, wants = self.rng, self.wants
        self.choose_kinds()
        count = rng.randint(1 + wants.most // 4, wants.most)
        slots = (
            range(count) if self.order == "times" else sorted(rng.randrange(self.slots) for _ in range(count))
        )
        self.held: dict[str, int] = {}
        for number, slot in enumerate(slots):
            self.add_row(number, slot)
        if wants.fees:
            for row in rng.sample(self.rows, min(3, len(self.rows))):
                row["fee_of"] = rng.choice(self.rows)["transfer_id"]
        if wants.reversals:
            for _ in range(rng.randint(1, 4)):
                self.add_reversal()
        self.put_in_order()
        tables: Tables = {
            "transfers": self.rows,
            "accounts": self.account_rows(),
            "parties": self.party_rows(),
        }
        if wants.coverage == "table":
            tables["coverage"] = [row for name in self.accounts for row in self.coverage_rows(name)]
            begun = {row["account_id"] for row in tables["coverage"] if row["from"]}
            for row in tables["accounts"]:
                if row["account_id"] in begun:  # before the first row is not where a later period begins
                    row["opening_balance"] = None
        if wants.cash:
            tables["relations"] = self.relation_rows()
        if wants.parties:
            tables["loans"] = [
                {"loan_id": name, "borrower_id": rng.choice("PQR"), "principal": 100, "start": "2024-01-01"}
                for name in ("L1", "L2")
            ]
            tables["products"] = [{"product_id": name} for name in ("W1", "W2")]
            tables["subscriptions"] = self.subscription_rows()
        rng.shuffle(self.rows)
        return {name: rows for name, rows in tables.items() if rows}

    def choose_kinds(self) -> None:
        rng, wants = self.rng, self.wants
        pool: list[str] = ["settlement"] * 3
        if wants.kinds:
            pool += ["cash", "internal", "tax", "securities", "margin", "loan", "wallet"]
        if wants.custody:
            pool += ["client_custody", "reserve_central", "reserve_special"] * 2
        if wants.clearing:
            pool += ["clearing"] * 3
        self.kind = {name: rng.choice(pool) for name in self.accounts}
        if wants.cash:
            self.cash = [f"cash:{name}" for name in self.accounts[:3]]
            self.kind.update(dict.fromkeys(self.cash, "cash"))
            self.withdrawn: list[int] = []

    def amount(self) -> int:
        rng = self.rng
        if self.wants.large:
            if self.greatest and rng.random() < 0.2:
                self.greatest = False  # once: what 64 bits do not hold is refused, and tried elsewhere
                return 2**51 - rng.randint(1, 9)
            return rng.choice((rng.randint(1, 10), rng.randint(1, 10**6), rng.randint(1, 10**13)))
        return rng.randint(1, rng.choice((3, 12, 100)))

    def time(self, slot: int) -> datetime:
        minutes = 7 * 60 if self.wants.dates else 100 if self.wants.cash else 10
        return START + slot * timedelta(minutes=minutes)

    def add_row(self, number: int, slot: int) -> None:
        """A row; more often than not out of what its source has received, so that money travels far."""
        rng, wants = self.rng, self.wants
        source, target = rng.choice(self.accounts), rng.choice(self.accounts)
        amount = self.amount()
        rich = [name for name, held in self.held.items() if held > 0]
        if rich and rng.random() < 0.7:
            source = rng.choice(rich)
            held = self.held[source]
            amount = held if rng.random() < 0.4 else rng.randint(1, held)
        self.held[source] = self.held.get(source, 0) - amount
        self.held[target] = self.held.get(target, 0) + amount
        if wants.cash and rng.random() < 0.5:
            source, target, amount = self.over_the_counter(source, target, amount)
        if wants.kinds and rng.random() < 0.08:
            target = f"?:{source}:{number}"
        row = {
            "transfer_id": f"{rng.choice('xyz')}{number}",
            "slot": slot,
            "source": source,
            "target": target,
            "amount": amount,
            "currency": "USD" if wants.converts and rng.random() < 0.2 else "CNY",
        }
        if wants.transit and rng.random() < 0.25:
            row["arrives"] = slot + rng.randint(-1, 4) + (100 if self.order == "times" else 0)
        if wants.converts and rng.random() < 0.25:
            row["target_currency"] = "CNY" if row["currency"] == "USD" else "USD"
            row["target_amount"] = self.amount()
        if (wants.custody or wants.clearing) and rng.random() < 0.7:
            row[rng.choice(("order_id", "order_id", "clearing_id"))] = rng.choice(("o1", "o2", "o3"))
        if wants.parties and rng.random() < 0.2:
            row[rng.choice(("loan_id", "product_id"))] = None
            row.update({k: rng.choice({"loan_id": ("L1", "L2"), "product_id": ("W1", "W2")}[k])
                        for k in ("loan_id", "product_id") if k in row})  # fmt: skip
        self.rows.append(row)

    def over_the_counter(self, source: str, target: str, amount: int) -> tuple[str, str, int]:
        """A withdrawal, or a deposit of about as much as was withdrawn before."""
        rng = self.rng
        if not self.withdrawn or rng.random() < 0.5:
            self.withdrawn.append(amount)
            return source, rng.choice(self.cash), amount
        before = rng.choice(self.withdrawn[-3:])
        least = -(-9 * before // 10)
        amount = rng.choice((before, before, least, least - 1, before + 1, rng.randint(least, before)))
        return rng.choice(self.cash), target, max(amount, 1)

    def add_reversal(self) -> None:
        """A row that says it undoes another: rightly, in part, late, twice, or wrongly in one of several ways."""
        rng = self.rng
        first = rng.choice(self.rows)
        row = {
            "transfer_id": f"{rng.choice('uxz')}{len(self.rows)}",
            "slot": first["slot"] + rng.choice((0, 0, 1, 2, 2, 5, -1)),
            "source": first["target"],
            "target": first["source"],
            "amount": first["amount"] if rng.random() < 0.5 else rng.randint(1, first["amount"] + 1),
            "currency": first["currency"],
            "reversal_of": first["transfer_id"],
        }
        if self.order == "times":
            row["slot"] = len(self.rows)
        row["slot"] = max(row["slot"], 0)
        if self.wants.transit and rng.random() < 0.2:
            row["arrives"] = row["slot"] + rng.randint(1, 3) + (100 if self.order == "times" else 0)
        wrong = rng.random()
        if wrong < 0.08:
            row["target"] = rng.choice(self.accounts)
        elif wrong < 0.12:
            row["source"] = f"?:{row['target']}:{row['transfer_id']}"
        elif wrong < 0.16:
            row["currency"] = "USD" if row["currency"] == "CNY" else "CNY"
        self.rows.append(row)

    # -------------------------------------------------------------- the true order, and what is said of it
    def put_in_order(self) -> None:
        rng, wants = self.rng, self.wants
        events: list[tuple] = []
        for row in self.rows:
            slot, arrives = row.pop("slot"), row.pop("arrives", None)
            chance = rng.random()
            row["time"] = text_of(self.time(slot))
            later = arrives is not None and arrives > slot
            if arrives is not None:
                row["target_time"] = text_of(self.time(arrives))
            events.append((slot, chance, 0, row, "both" if not later else "leaves"))
            if later:
                events.append((arrives, rng.random(), 1, row, "arrives"))
        events.sort(key=lambda event: event[:3])
        counters: dict[str, int] = {}
        for number, (_, _, _, row, part) in enumerate(events):
            if part != "arrives" and self.order == "sequence":
                row["sequence"] = 10 + number
            if self.order == "sides":
                for side in ("source", "target"):
                    if part in ("both", "leaves" if side == "source" else "arrives"):
                        counters[row[side]] = counters.get(row[side], rng.randint(1, 5)) + rng.choice(
                            (1, 1, 3)
                        )
                        row[side + "_sequence"] = counters[row[side]]
        if wants.vague:
            for row in self.rows:
                for name in ("sequence", "source_sequence", "target_sequence"):
                    if name in row and rng.random() < 0.3:
                        row[name] = rng.choice((None, row[name] - 1))
        self.state_balances(events)
        if wants.dates:
            for row in self.rows:
                if rng.random() < 0.4:
                    row["time"] = row["time"][:10]
                if row.get("target_time") and rng.random() < (0.8 if len(row["time"]) == 10 else 0.1):
                    row["target_time"] = row["target_time"][:10]

    def state_balances(self, events: list[tuple]) -> None:
        """Openings that are true or unknown, and running balances that follow from them, where stated."""
        rng, wants = self.rng, self.wants
        self.opening: dict[str, int | None] = {}
        truth: dict[tuple[str, str], int] = {}
        for name in self.accounts:
            least = -20 if wants.overdrafts and rng.random() < 0.3 else 0
            most = 10**12 if wants.large and rng.random() < 0.2 else 15
            value = rng.choice((0, 0, rng.randint(least, most)))
            truth[name, "CNY"] = value
            stated = 0.4 if wants.overdrafts else 0.1
            self.opening[name] = value if rng.random() < stated else None
        rate = 1.0 if self.order == "balances" else rng.choice((0.0, 0.0, 0.3))
        saying = {name for name in self.accounts if rng.random() < rate}
        for _, _, _, row, part in events:
            if part != "arrives":
                key = (row["source"], row["currency"])
                truth[key] = truth.get(key, 0) - row["amount"]
                if row["source"] in saying:
                    row["source_balance"] = truth[key]
            if part != "leaves":
                key = (row["target"], row.get("target_currency") or row["currency"])
                truth[key] = truth.get(key, 0) + (
                    row["target_amount"] if row.get("target_currency") else row["amount"]
                )
                if row["target"] in saying:
                    row["target_balance"] = truth[key]

    # -------------------------------------------------------------- the other tables
    def account_rows(self) -> list[dict]:
        rng, wants = self.rng, self.wants
        rows = [{"account_id": name, "kind": "cash"} for name in self.cash] if wants.cash else []
        for name in self.accounts:
            row: dict = {"account_id": name, "kind": self.kind[name], "opening_balance": self.opening[name]}
            if wants.parties and rng.random() < 0.8:
                row["party_id"] = rng.choice("PQRS")
            if wants.parties and rng.random() < 0.3:
                row["product_id"] = rng.choice(("W1", "W2"))
            if (
                wants.cash and name != self.accounts[0] and rng.random() < 0.2
            ):  # a sub-account: an account like others, whoever's it is
                row["parent_id"] = self.accounts[0]
            if rng.random() < 0.3:
                row["currency"] = "USD" if wants.converts and rng.random() < 0.3 else "CNY"
            if wants.coverage == "short":
                self.cover(row)
            elif wants.coverage == "table" and rng.random() < 0.5:
                row["opening_balance"] = None
            if rng.random() < 0.9 or row["opening_balance"] is not None or row["kind"] != "settlement":
                rows.append(row)
        return rows

    def moment(self) -> datetime:
        last = max(len(self.rows), 1) if self.order == "times" else self.slots
        return self.time(self.rng.randint(-1, last)) + self.rng.choice((timedelta(0), timedelta(minutes=5)))

    def cover(self, row: dict) -> None:
        rng = self.rng
        chance = rng.random()
        if chance < 0.15:
            return
        if chance < 0.3:
            row["covered"] = rng.random() < 0.4
            return
        start, end = sorted((self.moment(), self.moment()))
        if rng.random() < 0.7:
            row["covered_from"] = text_of(start)
        if rng.random() < 0.5 or "covered_from" not in row:
            row["covered_to"] = text_of(end)

    def coverage_rows(self, account: str) -> list[dict]:
        rng = self.rng
        rows = []
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            start, end = sorted((self.moment(), self.moment()))
            row = {"account_id": account, "from": text_of(start), "to": text_of(end)}
            for name in ("from", "to"):
                if rng.random() < 0.25:
                    row[name] = None
            if rng.random() < 0.5:
                row["opening_balance"] = rng.randint(-5 if self.wants.overdrafts else 0, 60)
            rows.append(row)
        return rows

    def party_rows(self) -> list[dict]:
        if not self.wants.parties:
            return []
        sectors = ("ordinary", None, "developer", "property_agency", "bank")
        return [
            {"party_id": name, "name": name, "kind": "company", "sector": self.rng.choice(sectors)}
            for name in "PQRS"
        ]

    def relation_rows(self) -> list[dict]:
        """Who is whose agent, and other ties, some of them for a time."""
        rng = self.rng
        rows = []
        for _ in range(rng.randint(0, 4)):
            one, other = rng.sample("PQRS", 2)
            row = {"party_id": one, "other_id": other, "kind": rng.choice(("agent", "agent", "employee"))}
            if rng.random() < 0.3:
                row[rng.choice(("since", "until"))] = "2024-03-02"
            rows.append(row)
        return rows

    def subscription_rows(self) -> list[dict]:
        rng = self.rng
        rows = []
        for _ in range(rng.randint(0, 3)):
            row = {"product_id": rng.choice(("W1", "W2")), "investor_id": rng.choice("PQRS"), "amount": 5}
            row["time"] = "2024-03-01"
            for name in ("transfer_id", "redemption_transfer_id"):
                if rng.random() < 0.7:
                    row[name] = rng.choice(self.rows)["transfer_id"]
            rows.append(row)
        return rows


@st.composite
def ledgers(draw: st.DrawFn, wants: st.SearchStrategy[Features] | None = None) -> Tables:
    """The tables of one random case."""
    chosen = draw(wants if wants is not None else features())
    return Writer(random.Random(draw(st.integers(0, 2**32 - 1))), chosen).tables()


# ---------------------------------------------------------------------- questions
@dataclass(frozen=True)
class Asked:
    """A question: references and settings, as the oracle takes them."""

    refs: tuple[Ref, ...]
    backward: bool = False
    currency: str | None = None
    since: str | None = None
    until: str | None = None
    max_hops: int | None = None
    min_amount: int = 0

    def settings(self) -> dict:
        names = ("backward", "currency", "since", "until", "max_hops", "min_amount")
        return {name: getattr(self, name) for name in names}


@st.composite
def questions(draw: st.DrawFn, tables: Tables, limits: bool = True, periods: bool = True) -> Asked:
    """A random question to these tables; some of them have no answer."""
    return random_question(random.Random(draw(st.integers(0, 2**32 - 1))), tables, limits, periods)


def random_question(rng: random.Random, tables: Tables, limits: bool, periods: bool) -> Asked:
    rows = tables["transfers"]
    # Where some rows have bare dates, a moment within a day would not say which of them are in: whole days then.
    short = 10 if any(len(row["time"]) == 10 for row in rows) else None
    times = sorted(row["time"][:short] for row in rows)
    accounts = sorted({row[side] for row in rows for side in ("source", "target")})
    refs = []
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        kind = rng.choice(("transfer",) * 5 + ("account", "balance", "balance", "party", "product", "loan"))
        if kind in ("product", "loan") and not tables.get(
            {"product": "subscriptions", "loan": "loans"}[kind]
        ):
            kind = "transfer"
        amount = rng.randint(1, 30) if rng.random() < 0.3 else None
        if kind == "transfer":
            row = rng.choice(rows)
            if amount is not None:
                amount = rng.randint(1, row["amount"])
            refs.append(Ref(kind, row["transfer_id"], None, amount))
        elif kind == "balance":
            name = rng.choice([n for n in accounts if not n.startswith("?:")])
            for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):  # of one account at several times
                moment = rng.choice(times) if short or rng.random() < 0.8 else text_of(START)
                refs.append(Ref(kind, name, moment, amount))
        else:
            # A part of several transfers takes them in time order: only a known order says which come first.
            names = {
                "account": accounts,
                "party": list("PQRS"),
                "product": ["W1", "W2"],
                "loan": ["L1", "L2"],
            }[kind]
            refs.append(Ref(kind, rng.choice(names), None, amount))
    since = until = None
    if periods and rng.random() < 0.25:
        since, until = (rng.choice((None, rng.choice(times))) for _ in range(2))
        if since and until and since > until:
            since, until = until, since
    max_hops, min_amount = None, 0
    if limits and rng.random() < 0.3:
        max_hops = rng.choice((None, rng.randint(0, 4)))
        min_amount = rng.choice((0, rng.randint(0, 20)))
    used = {row["currency"] for row in rows}
    currency = (
        rng.choice(("CNY", "CNY", "USD", None))
        if len(used) > 1 or any("target_currency" in r for r in rows)
        else None
    )
    return Asked(tuple(refs), rng.random() < 0.5, currency, since, until, max_hops, min_amount)


# ---------------------------------------------------------------------- for the front door
def major(minor: int) -> str:
    """Minor units as text in major ones; every currency used here has two digits."""
    return str(Decimal(minor).scaleb(-2))


def frames(tables: Tables) -> dict[str, pd.DataFrame]:
    """The tables as data frames of text, as somebody would hand them in."""
    made = {}
    for name, rows in tables.items():
        columns = sorted({column for row in rows for column in row})
        data = {
            column: [
                None if (value := row.get(column)) is None
                else major(value) if column in MONEY
                else str(value).lower() if isinstance(value, bool)
                else str(value)
                for row in rows
            ]
            for column in columns
        }  # fmt: skip
        made[name] = pd.DataFrame(data, dtype="str")
    return made


def reference(refs: tuple[Ref, ...]) -> str:
    """The references as text."""
    parts = []
    for ref in refs:
        part = f"{ref.kind}:{ref.name}"
        if ref.time is not None:
            part += f"@{ref.time}"
        if ref.amount is not None:
            part += f"={major(ref.amount)}"
        parts.append(part)
    return ",".join(parts)
