"""RL-13 Debt dressed as equity (明股实债): money is put in as a share, and comes back like a loan.

The rule: no "明股实债" (国办发〔2016〕21号 二（一）). What it is says 备案管理规范第4号: a return that does
not hang on results, capital that is promised back, fixed payments on fixed days, and a buy-back at the end.
Looked at: each entry of an investor into a company (a stake with the money paid for it, or the equity that a
product holds), and what the company and those who lead it paid the investor since it was last paid in: (1) on
fixed days; (2) at a constant yield; (3) also while the company made no profit; (4) the capital bought back at
what was paid for it; (5) no votes, or a guarantee as for a loan. Three are enough. Not it: preference shares
whose dividends stop with the profit, a state fund's policy equity, a utility that smooths its dividends,
wages and rents of a shareholder.

A day's payments count as one. Payments below a quarter of the capital are its return, greater ones give it
back; where the last one is both, it is taken apart. Spreads are compared exactly, as squares.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, cited
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, exact, span
from graphflow.redlines.borrowing import cite_roles, says, those, whose, words_of
from graphflow.redlines.facts import DAY, WAGES, Facts, Flags, Ints, known, local_days, micros
from graphflow.redlines.signs import NOT_SO, UNTOLD, Sign, hits, kinds_of, numbers, said
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

SIGNS = ("dates", "yield", "loss", "exit", "rights")
"""The tests, in the order in which the signs are numbered."""

PREFERRED = ("优先", "类别", "prefer", "class_")
OTHERWISE = (*WAGES, "租金", "房租", "rent", "货款", "服务费", "报销", "奖金")
"""What stands in the memo of payments that are no return on a share."""

LEADS = ("director", "supervisor", "manager", "legal_representative", "controller", "trustee", "concert")
WORKS = ("employee", "manager", "director", "legal_representative", "supervisor")
PER_YEAR = (1, 2, 3, 4, 6, 12, 24, 26, 52)
YEAR_DAYS = Fraction(1461, 4)
FIFTH = 200_000_000
"""A fifth, as stakes are held: who has it leads (parts per billion)."""

BIG = Fraction(1, 4)
"""From this part of the capital on a payment gives capital back."""


@dataclass(frozen=True)
class Entry:
    """Money that an investor put into a company as a share.

    Attributes
    ----------
    investor, company
        Parties; of a product, ``product`` is its id and the investor its manager.
    accounts
        The investor's.
    paid
        The transfers: ``row``, ``time``, ``amount``.
    since
        When it was last paid in.
    rows
        The rows that say it is a share.
    """

    investor: str
    company: str
    product: str
    accounts: Ints = field(repr=False)
    paid: pd.DataFrame = field(repr=False)
    currency: int
    rows: tuple[Cited, ...] = field(repr=False)

    @property
    def capital(self) -> int:
        return int(self.paid["amount"].sum())

    @property
    def since(self) -> int:
        return int(self.paid["time"].max())


@dataclass(frozen=True)
class Returns:
    """What came back on an entry, by day: ``day``, ``time``, ``amount``, ``rows``, ``payers``.

    ``regular`` is its return, ``big`` what gave the capital back.
    """

    regular: pd.DataFrame
    big: pd.DataFrame


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    signs: Number | None = None,
    pays: Number | None = None,
    interval: Number | None = None,
    spread: Number | None = None,
    tolerance: Number | None = None,
    highest: Number | None = None,
    rate: Number | None = None,
    around: str = "30D",
) -> Iterator[Finding]:
    """Shares that pay and end like a loan: at least three of five signs.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    signs
        Least number of signs; None: what the table of law says.
    pays
        Least number of payments from which days and yields are told.
    interval
        The coefficient of variation of the days between payments is below it.
    spread
        The standard deviation of the yields, a year, is below it.
    tolerance
        By how much of it a buy-back may miss what was paid in.
    highest
        A yield above it, a year, is not taken for one on the capital.
    rate
        A yearly rate that was promised, where not payments but a buy-back at a growing price was agreed;
        None: what the product promises, if anything.
    around
        How far the payment may lie from the day since when the share is held.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl13
    >>> (f,) = find(rl13.toy())
    >>> f.value, next(m.value for m in f.measures if m.name == "rate"), len(list(find(rl13.near_miss())))
    (Fraction(4, 1), Fraction(2, 25), 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, signs=signs, pays=pays, interval=interval, spread=spread,
        tolerance=tolerance, highest=highest, rate=rate, around=around,
    )  # fmt: skip
    listed = list(entries(ask.facts, span(around, "around")))
    look = _Look(ask, None if rate is None else exact(rate, "rate"), listed)
    for entry in listed:
        finding = look.at(entry)
        if finding is not None:
            yield finding


# ---------------------------------------------------------------- entries


def entries(facts: Facts, around: int) -> Iterator[Entry]:
    """Every entry into a company that a row and the money paid for it show; several of one pair are one."""
    yield from _stakes(facts, around)
    yield from _holdings(facts, around)


def _stakes(facts: Facts, around: int) -> Iterator[Entry]:
    if not facts.tables.has("stakes", "since"):
        return
    stakes = facts.rows("stakes")
    direct = ~stakes["indirect"].astype("boolean").fillna(False).to_numpy(np.bool_)
    stakes = stakes[known(stakes["since"]) & (micros(stakes["since"]) <= facts.at) & direct]
    flows = facts.flows
    who = whose(facts)
    payer, payee = who[flows["source"].to_numpy()], who[flows["target"].to_numpy()]
    size = len(facts.party_ids) + 1
    owner, company = (
        np.array([facts.party_number[each] for each in words_of(stakes[side])], np.int64)
        for side in ("owner_id", "company_id")
    )
    pairs = np.where((payer >= 0) & (payee >= 0) & (payer != payee), payer * size + payee, -1)
    place = np.flatnonzero(np.isin(pairs, owner * size + company))
    paid = flows.iloc[place].assign(pair=pairs[place])
    paid = paid[~_otherwise(facts, paid["row"].to_numpy())]
    held = stakes.assign(pair=owner * size + company)
    for pair in sorted(set(paid["pair"].tolist())):
        mine = held[held["pair"] == pair]
        rows = paid[paid["pair"] == pair]
        part = rows[_close(rows, mine["since"], around)]
        accounts = np.flatnonzero(who == pair // size)
        investor, other = str(facts.party_ids[pair // size]), str(facts.party_ids[pair % size])
        for coin in sorted(set(part["currency"].tolist())):
            in_coin = part[part["currency"] == coin]
            yield Entry(investor, other, "", accounts, in_coin, coin, (facts.cite("stakes", mine),))


def _close(rows: pd.DataFrame, since: pd.Series, around: int) -> Flags:
    """Which transfers lie near any of some days."""
    apart = np.abs(rows["time"].to_numpy()[:, None] - micros(since)[None, :])
    found: Flags = apart.min(axis=1) <= around
    return found


def _holdings(facts: Facts, around: int) -> Iterator[Entry]:
    holdings = facts.rows("holdings")
    holdings = holdings[those(holdings, "asset_kind", "equity") & known(holdings["start"])]
    if holdings.empty:
        return
    flows = facts.flows
    who = whose(facts)
    of_product = words_of(facts.rows("accounts")["product_id"])
    products = facts.rows("products")
    for product in sorted(set(words_of(holdings["product_id"]))):
        accounts = np.flatnonzero(of_product == product)
        if not accounts.size:
            continue
        rows = holdings[those(holdings, "product_id", product)]
        manager = words_of(products.loc[products_at(facts, product), "manager_id"])[0]
        sent = flows[np.isin(flows["source"].to_numpy(), accounts)]
        payee = who[sent["target"].to_numpy()]
        held = np.where(known(rows["borrower_id"]), words_of(rows["borrower_id"]), words_of(rows["asset_id"]))
        for company in sorted(set(held) & set(facts.party_number)):
            mine = rows[held == company]
            paid = sent[payee == facts.party_number[company]]
            part = paid[_close(paid, mine["start"], around)]
            place = products_at(facts, product)
            cites = (facts.cite("holdings", mine), cited("products", place, False))
            for coin in sorted(set(part["currency"].tolist())):
                in_coin = part[part["currency"] == coin]
                yield Entry(manager, company, product, accounts, in_coin, coin, cites)


def products_at(facts: Facts, product: str) -> Ints:
    """The place of a product's row."""
    frame = facts.rows("products")
    return np.asarray(frame.index[those(frame, "product_id", product)].to_numpy(), np.int64)


def _otherwise(facts: Facts, rows: Ints) -> Flags:
    """Which transfers say that they are no return on a share: wages, rents, goods, loans."""
    found = says(facts, rows, OTHERWISE)
    for column in ("loan_id", "listing_id"):
        found = found | (facts.texts(column, rows) != "")
    return found


# ---------------------------------------------------------------- one entry


LIKE_A_LOAN = N_(
    "{capital} put into {company} as a share by {investor} came back like a loan: {numbers} of five signs"
)
LIKE_A_LOAN_AT = N_(
    "{capital} put into {company} as a share by {investor} came back like a loan at {rate} % a year: "
    "{numbers} of five signs"
)


class _Look:
    """One asking."""

    def __init__(self, ask: Inquiry, rate: Fraction | None, listed: Sequence[Entry]) -> None:
        self.ask, self.facts, self.rate = ask, ask.facts, rate
        self.who = whose(ask.facts)
        self._led: dict[str, frozenset[str]] = {}
        self.invested: dict[str, set[str]] = {}
        for entry in listed:
            self.invested.setdefault(entry.product or entry.investor, set()).add(entry.company)
        flows = ask.facts.flows
        accounts = (
            sets.unique(np.concatenate([each.accounts for each in listed])) if listed else np.array([], int)
        )
        self.into = flows[np.isin(flows["target"].to_numpy(), accounts)].sort_values("target", kind="stable")

    def leaders(self, company: str, investor: str) -> frozenset[str]:
        """The company, its group, and who else has a fifth of it or leads it; nobody of the investor's.

        Where the investor itself controls the company, its group is the company and those below it.
        """
        key = f"{company}\0{investor}"
        if key not in self._led:
            facts = self.facts
            found = set(facts.group(company)) | {company}
            if investor in found:
                below = facts.ties.under([facts.party_number[company]])[0]
                found = {company} | {str(facts.party_ids[each]) for each in below}
            ours = (facts.group(investor) | {investor}) - found
            stakes = facts.rows("stakes")
            mine = stakes[those(stakes, "company_id", company)]
            much = mine["share"].isna() | (mine["share"] >= FIFTH)
            for owner in set(words_of(mine.loc[much.to_numpy(np.bool_), "owner_id"])) - {investor}:
                found |= facts.group(owner)
            if facts.tables.has("relations"):
                ties = facts.in_force("relations")
                of = ties[those(ties, "other_id", company) & ties["kind"].isin(LEADS).to_numpy()]
                found |= set(words_of(of["party_id"]))
            self._led[key] = frozenset(found - ours - {investor})
        return self._led[key]

    def payers(self, entry: Entry) -> frozenset[str]:
        """Whose payments to the investor count; not those of other companies that it entered."""
        others = self.invested[entry.product or entry.investor] - {entry.company}
        return self.leaders(entry.company, entry.investor) - others

    def returns(self, entry: Entry) -> Returns:
        """What those paid the investor behind its entry, by day."""
        facts = self.facts
        targets = self.into["target"].to_numpy()
        parts = [
            self.into.iloc[np.searchsorted(targets, a, "left") : np.searchsorted(targets, a, "right")]
            for a in entry.accounts
        ]
        rows = pd.concat(parts).sort_index()
        numbers_ = [facts.party_number[each] for each in self.payers(entry) if each in facts.party_number]
        keep = np.isin(self.who[rows["source"].to_numpy()], numbers_)
        keep &= (rows["currency"].to_numpy() == entry.currency) & (rows["time"].to_numpy() > entry.since)
        rows = rows[keep]
        rows = rows[~_otherwise(facts, rows["row"].to_numpy())]
        wages = [a for a in set(rows["source"]) if getattr(facts.role(int(a)), "role", "") == "payroll"]
        rows = rows[~rows["source"].isin(wages)]
        days = local_days(facts, rows["time"].to_numpy()) if len(rows) else np.zeros(0, np.int64)
        by_day = [
            {
                "day": int(day), "time": int(part["time"].min()), "amount": int(part["amount"].sum()),
                "rows": part["row"].to_numpy(), "payers": {int(self.who[a]) for a in part["source"]},
            }
            for day in sorted(set(days.tolist()))
            for part in (rows[days == day],)
        ]  # fmt: skip
        frame = pd.DataFrame(by_day, columns=["day", "time", "amount", "rows", "payers"])
        big = np.array([Fraction(int(each), entry.capital) >= BIG for each in frame["amount"]], bool)
        regular, back = (frame[which].reset_index(drop=True) for which in (~big, big))
        return self._apart(entry, Returns(regular, back))

    def _apart(self, entry: Entry, found: Returns) -> Returns:
        """A last payment that holds both the capital and the return of its period, as two."""
        if len(found.big) != 1 or len(found.regular) < 2:
            return found
        last = found.big.iloc[0]
        usual = sorted(found.regular["amount"])[len(found.regular) // 2]
        over = int(last["amount"]) - entry.capital
        near = abs(over - usual) <= self.ask.threshold("tolerance") * entry.capital
        plain = abs(over) <= self.ask.threshold("tolerance") * entry.capital
        if not near or plain:
            return found
        regular = pd.concat([found.regular, pd.DataFrame([{**last, "amount": over}])], ignore_index=True)
        return Returns(regular, pd.DataFrame([{**last, "amount": entry.capital}]))

    # ------------------------------------------------------------ the signs

    def at(self, entry: Entry) -> Finding | None:
        """What is found on one entry."""
        came = self.returns(entry)
        if came.regular.empty and came.big.empty:
            return None
        a_year = per_year(came.regular["day"].tolist())
        rate = None
        if a_year is not None and len(came.regular):
            yields = [Fraction(int(each), entry.capital) * a_year for each in came.regular["amount"]]
            rate = sum(yields, Fraction(0)) / len(yields)
        likely = rate is not None and rate <= self.ask.threshold("highest")
        told = {
            "dates": self.dates(came, likely), "yield": self.constant(entry, came, a_year, likely),
            "loss": self.loss(entry, came, likely), "exit": self.exit(entry, came, likely),
            "rights": self.rights(entry),
        }  # fmt: skip
        against = self.against(entry, told)
        preferred = against["preferred"][0] == "present"
        if preferred and told["rights"].hit and told["rights"].kind == "register":
            told["rights"] = NOT_SO  # shares of a class have no votes by their class
        score = len(hits(SIGNS, told))
        stops = preferred or any(against[each][0] == "present" for each in ("state", "smoothing", "works"))
        if score < self.ask.threshold("signs") or stops:
            return None
        return self.finding(entry, came, told, rate, against)

    def dates(self, came: Returns, likely: bool) -> Sign:
        """(1) Payments on fixed days."""
        if not self.ask.runs("dates"):
            return UNTOLD
        days = came.regular["day"].tolist()
        if len(days) < 3 or len(days) < self.ask.threshold("pays"):
            return Sign(False, note=N_("there are too few payments"))
        gaps = [Fraction(b - a) for a, b in itertools.pairwise(days)]
        mean, square = spread_of(gaps)
        part = square / mean**2
        if not likely or not part < self.ask.threshold("interval") ** 2:
            return NOT_SO
        title = N_("coefficient of variation of the days between payments")
        measure = self.ask.measure("interval", title, root(part), "interval", "<")
        return Sign(True, True, (measure, self._count(came)), self._rows(came.regular))

    def _count(self, came: Returns) -> Any:
        return self.ask.measure("pays", N_("payments"), len(came.regular), "pays")

    def constant(self, entry: Entry, came: Returns, a_year: Fraction | None, likely: bool) -> Sign:
        """(2) A constant yield."""
        if not self.ask.runs("yield"):
            return UNTOLD
        if a_year is None or len(came.regular) < self.ask.threshold("pays"):
            return Sign(False, note=N_("there are too few payments"))
        yields = [Fraction(int(each), entry.capital) * a_year for each in came.regular["amount"]]
        mean, square = spread_of(yields)
        if not likely or not square < self.ask.threshold("spread") ** 2:
            return NOT_SO
        measures = (
            self.ask.measure("rate", N_("yield a year"), mean),
            self.ask.measure(
                "spread", N_("standard deviation of the yields"), root(square), "spread", "<"
            ),
        )  # fmt: skip
        return Sign(True, True, measures, self._rows(came.regular))

    def loss(self, entry: Entry, came: Returns, likely: bool) -> Sign:
        """(3) Payments go on while the company makes no profit."""
        if not self.ask.runs("loss"):
            return UNTOLD
        frame = self.facts.rows("financials")
        mine = frame[those(frame, "party_id", entry.company) & known(frame["net_profit"])]
        ends = micros(mine["period_end"])
        mine, ends = mine.iloc[np.argsort(ends, kind="stable")], np.sort(ends)
        at_loss, shown, looked = 0, [], 0
        for at in came.regular["time"] if likely else ():
            place = int(np.searchsorted(ends, int(at), side="right")) - 1
            if place < 0 or int(at) - int(ends[place]) > 400 * DAY:
                continue
            looked += 1
            if int(mine["net_profit"].iloc[place]) <= 0:
                at_loss += 1
                shown.append(int(mine.index[place]))
        if not looked:
            return Sign(False, note=N_("no profit or loss is known of the time of the payments"))
        if not at_loss:
            return NOT_SO
        measure = self.ask.measure("at_loss", N_("payments while there was no profit"), at_loss)
        rows = (
            cited("financials", shown), cited("financials", mine.index.to_numpy(), False),
            *self._rows(came.regular),
        )  # fmt: skip
        return Sign(True, True, (measure,), rows, kind="statement")

    def exit(self, entry: Entry, came: Returns, likely: bool) -> Sign:
        """(4) The capital is bought back at what was paid for it, or at that grown by an agreed rate."""
        if not self.ask.runs("exit"):
            return UNTOLD
        if came.big.empty:
            return Sign(False, note=N_("nothing is known to have given the capital back"))
        back = int(came.big["amount"].sum())
        capital = entry.capital
        slack = self.ask.threshold("tolerance")
        promised = self._promised(entry)
        if likely or not promised:
            hit = likely and abs(back - capital) <= slack * capital
        else:
            days = (int(came.big["time"].max()) - entry.since) // DAY
            hit = grown(capital, back, promised, days, slack)
        if not likely and not promised:
            return Sign(False, note=N_("no rate is known by which the price could have been agreed"))
        if not hit:
            return NOT_SO
        measure = self.ask.measure(
            "exit", N_("what was given back over what was paid in"), Fraction(back, capital)
        )
        payers = {p for each in came.big["payers"] for p in each}
        own = payers == {self.facts.party_number[entry.company]}
        return Sign(True, True, (measure,), self._rows(came.big), kind="flow" if own else "ownership")

    def _promised(self, entry: Entry) -> Fraction | None:
        if self.rate is not None:
            return self.rate
        if not entry.product:
            return None
        promised = self.facts.rows("products").loc[products_at(self.facts, entry.product), "promised_yield"]
        return exact(str(promised.iloc[0]), "promised_yield") if known(promised)[0] else None

    def rights(self, entry: Entry) -> Sign:
        """(5) No votes with the share, or a guarantee for the investor as for a loan."""
        if not self.ask.runs("rights"):
            return UNTOLD
        facts = self.facts
        given = facts.rows("guarantees")
        for_us = those(given, "beneficiary_id", entry.investor)
        for_us |= those(given, "product_id", entry.product or "-")
        by_side = given["guarantor_id"].isin(self.leaders(entry.company, entry.investor)).to_numpy()
        secured = given[for_us & ~known(given["loan_id"]) & by_side]
        if len(secured):
            title = N_("guarantees for the investor")
            measure = self.ask.measure("guarantees", title, len(secured))
            return Sign(True, True, (measure,), (facts.cite("guarantees", secured),), kind="contract")
        held = [each for each in entry.rows if each.table == "stakes"]
        if not held:
            return (
                NOT_SO if facts.has("guarantees") else Sign(False, note=N_("no table says what votes it has"))
            )
        stakes = facts.rows("stakes").loc[held[0].rows]
        votes = stakes["votes"]
        if not known(votes).all():
            return (
                NOT_SO if facts.has("guarantees") else Sign(False, note=N_("no table says what votes it has"))
            )
        if (votes == 0).all():
            measure = self.ask.measure("votes", N_("votes with the share"), 0)
            return Sign(True, True, (measure,), tuple(held), kind="register")
        return NOT_SO

    def _rows(self, days: pd.DataFrame) -> tuple[Cited, ...]:
        places = np.concatenate([*days["rows"]]) if len(days) else np.zeros(0, np.int64)
        return (cited("transfers", places),)

    # ------------------------------------------------------------ what speaks against it

    def against(self, entry: Entry, told: Mapping[str, Sign]) -> dict[str, tuple[str, str]]:
        facts = self.facts
        found: dict[str, tuple[str, str]] = {}
        classes = [
            str(each).lower()
            for row in entry.rows if row.table == "stakes"
            for each in words_of(facts.rows("stakes").loc[row.rows, "class"])
        ]  # fmt: skip
        if not any(classes):
            found["preferred"] = ("unknown", N_("no table says of what class the share is"))
        elif any(word in each for each in classes for word in PREFERRED):
            found["preferred"] = (
                ("clear", N_("it is a share of a class, but its dividends did not stop with the profit"))
                if told["loss"].hit
                else ("present", N_("it is a share of a class"))
            )
        else:
            found["preferred"] = ("clear", N_("it is an ordinary share"))
        state = facts.party_number.get(entry.investor, -1)
        public = state >= 0 and facts.party_kind[state] == "government"
        roles = [getattr(facts.role(int(a)), "role", "") for a in entry.accounts]
        found["state"] = ("present", "") if public or "government" in roles else ("clear", "")
        if told["loss"].hit or told["exit"].hit:
            found["smoothing"] = ("clear", N_("it was paid at a loss, or bought back"))
        elif told["loss"].told and told["exit"].told:
            found["smoothing"] = ("present", N_("neither was it paid at a loss nor bought back"))
        else:
            found["smoothing"] = (
                "unknown",
                N_("whether it was paid at a loss or bought back cannot be told"),
            )
        found["works"] = self._works(entry, told)
        return found

    def _works(self, entry: Entry, told: Mapping[str, Sign]) -> tuple[str, str]:
        """Whether the payments may be wages of a shareholder who works there."""
        facts = self.facts
        if not facts.is_person(entry.investor):
            return "clear", N_("the investor is no natural person")
        if not facts.tables.has("relations"):
            return "unknown", N_("no table says who works for the company")
        ties = facts.in_force("relations")
        mine = those(ties, "party_id", entry.investor) & those(ties, "other_id", entry.company)
        if not (mine & ties["kind"].isin(WORKS).to_numpy()).any():
            return "clear", N_("the investor does not work for the company")
        if told["exit"].hit:
            return "clear", N_("the investor works for the company, but the capital was bought back")
        return "present", N_("the investor works for the company")

    # ------------------------------------------------------------ the finding

    def finding(
        self, entry: Entry, came: Returns, told: Mapping[str, Sign], rate: Fraction | None,
        against: Mapping[str, tuple[str, str]],
    ) -> Finding:  # fmt: skip
        facts, ask = self.facts, self.ask
        hit = hits(SIGNS, told)
        currency = facts.currencies[entry.currency]
        digits = facts.tables.minor_units.get(currency, 2)
        measures = [ask.measure("signs", N_("signs of five"), len(hit), "signs")]
        measures += [each for test in hit for each in told[test].measures]
        measures.append(ask.measure("capital", N_("what was paid in"), entry.capital, unit=currency))
        paid = int(came.regular["amount"].sum())
        measures.append(ask.measure("paid", N_("what was paid on it"), paid, unit=currency))
        public, why, public_rows = self._public(entry)
        fixed = {"dates", "yield"} <= set(hit) or "loss" in hit
        investor = entry.product or entry.investor
        name = facts.name_of(investor) or investor
        return ask.finding(
            subject=("party", entry.company),
            hit=hit,
            summary=Told(
                LIKE_A_LOAN if rate is None else LIKE_A_LOAN_AT,
                capital=f"{amount_text(entry.capital, digits)} {currency}",
                company=facts.name_of(entry.company) or entry.company, investor=name,
                rate="" if rate is None else f"{float(rate * 100):.2f}".rstrip("0").rstrip("."),
                numbers=numbers(SIGNS, hit),
            ),
            measures=measures,
            rows=[
                *entry.rows, cited("transfers", entry.paid["row"].to_numpy()), *self._rows(came.regular),
                *(row for test in hit for row in told[test].rows), *self._context(entry, came), *public_rows,
            ],
            severity="high" if public else "medium",
            kinds={"register": "shown"} | kinds_of(told[test] for test in hit),
            elements={
                "share": "shown",
                "fixed": ("shown" if fixed else "inferred", said(SIGNS, told)),
                "back": "shown" if "exit" in hit else "inferred" if "rights" in hit else "unknown",
            },
            against=against,
            amount=entry.capital,
            currency=currency,
            severity_note=why,
        )  # fmt: skip

    def _context(self, entry: Entry, came: Returns) -> list[Cited]:
        """Whose the accounts are, and how payers hang together with the company."""
        facts = self.facts
        payers = {
            str(facts.party_ids[p]) for each in (*came.regular["payers"], *came.big["payers"]) for p in each
        }
        parties = {entry.investor, entry.company} | payers | set(facts.group(entry.company))
        flows = facts.flows
        rows = np.concatenate([
            entry.paid["row"].to_numpy(),
            *(each for frame in (came.regular, came.big) for each in frame["rows"]),
        ])  # fmt: skip
        mine = flows[np.isin(flows["row"].to_numpy(), rows)]
        accounts = sets.unique(np.concatenate([mine["source"].to_numpy(), mine["target"].to_numpy()]))
        found = [
            facts.cite_accounts(accounts),
            *facts.cite_group(entry.company),
            *cite_roles(facts, accounts),
        ]
        stakes = facts.rows("stakes")
        found.append(facts.cite("stakes", stakes[those(stakes, "company_id", entry.company)], False))
        for payer in sorted(payers):
            found += facts.cite_group(payer)
            parties |= facts.group(payer)
        if facts.tables.has("relations"):
            ties = facts.in_force("relations")
            found.append(facts.cite("relations", ties[those(ties, "other_id", entry.company)], False))
        found.append(facts.cite_parties(parties))
        return found

    def _public(self, entry: Entry) -> tuple[bool, str, list[Cited]]:
        """Whether the money is the public's, and the rows that say so."""
        facts = self.facts
        if entry.product:
            place = products_at(facts, entry.product)
            if (facts.rows("products").loc[place, "offering"] == "public").any():
                return True, N_("The product is offered to the public."), [cited("products", place, False)]
            bought = facts.rows("subscriptions")
            bought = bought[those(bought, "product_id", entry.product)]
            if bought["investor_id"].nunique() > self.ask.threshold("public"):
                return (
                    True,
                    N_("More investors than may be unless it is public."),
                    [facts.cite("subscriptions", bought, False)],
                )
            return False, "", [facts.cite("subscriptions", bought, False)]
        return False, "", []


# ---------------------------------------------------------------- arithmetic


def per_year(days: list[int]) -> Fraction | None:
    """How many payments a year some days are: a usual number where one is within a twentieth, else exactly.

    >>> per_year([0, 92, 184, 274]), per_year([0, 100, 200]), per_year([5])
    (Fraction(4, 1), Fraction(1461, 400), None)
    """
    if len(days) < 2:
        return None
    exactly = YEAR_DAYS * (len(days) - 1) / (days[-1] - days[0])
    usual = min(PER_YEAR, key=lambda n: abs(exactly - n))
    return Fraction(usual) if abs(exactly - usual) * 20 <= usual else exactly


def spread_of(values: Iterable[Fraction]) -> tuple[Fraction, Fraction]:
    """The mean, and the square of the standard deviation (of the values themselves, not of a sample).

    >>> spread_of([Fraction(1), Fraction(3)])
    (Fraction(2, 1), Fraction(1, 1))
    """
    listed = list(values)
    mean = sum(listed, Fraction(0)) / len(listed)
    return mean, sum(((each - mean) ** 2 for each in listed), Fraction(0)) / len(listed)


def root(square: Fraction) -> Fraction:
    """A square root, cut to six decimals; what is compared are squares.

    >>> root(Fraction(1, 4)), root(Fraction(2))
    (Fraction(1, 2), Fraction(1414213, 1000000))
    """
    return Fraction(math.isqrt(square.numerator * 10**12 // square.denominator), 10**6)


def grown(capital: int, back: int, rate: Fraction, days: int, slack: Fraction) -> bool:
    """Whether what came back is the capital grown at a rate, simply or with interest on interest.

    >>> grown(1000, 1254, Fraction(2, 25), 1095, Fraction(1, 200))
    True
    >>> grown(1000, 1240, Fraction(2, 25), 1095, Fraction(1, 200))
    True
    >>> grown(1000, 1300, Fraction(2, 25), 1095, Fraction(1, 200))
    False
    """
    if days <= 0:
        return False
    part = Fraction(back, capital)
    simple = 1 + rate * days / 365
    if abs(part - simple) <= slack * simple:
        return True
    low, high = part / (1 + slack), part / (1 - slack)  # part lies within slack of (1 + rate)^(days / 365)
    return low**365 <= (1 + rate) ** days <= high**365


ENTRIES = ("stakes.since", "holdings.start")

LINE = RedLine(
    code="RL-13",
    name=N_("Debt dressed as equity"),
    name_zh="明股实债",
    asks=N_("Is money put in as a share paid for and given back like a loan?"),
    tests=(
        Test("dates", N_("(1) whether payments come on fixed days"), (ENTRIES, "accounts.party_id")),
        Test("yield", N_("(2) whether they are a constant yield"), (ENTRIES, "accounts.party_id")),
        Test(
            "loss",
            N_("(3) whether they go on without a profit"),
            (ENTRIES, "accounts.party_id", "financials.net_profit"),
        ),
        Test("exit", N_("(4) whether the capital is bought back"), (ENTRIES, "accounts.party_id")),
        Test(
            "rights",
            N_("(5) whether it lacks votes, or is guaranteed"),
            (ENTRIES, ("stakes.votes", "guarantees")),
        ),
    ),
    elements={
        "share": N_("money was put in as a share"),
        "fixed": N_("its return does not hang on results"),
        "back": N_("the capital is promised back"),
    },
    guards={
        "preferred": N_("it is a preference share whose dividends stop with the profit"),
        "state": N_("it is policy equity of the state"),
        "smoothing": N_("it is a company that smooths its dividends"),
        "works": N_("the investor works for the company, and is paid for that"),
    },
    find=find,
)  # fmt: skip
