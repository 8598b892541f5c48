"""Borrowing: who borrowed, what was paid out on it, what came back, and where the money went in time.

A claim is a loan, or what a product holds against a borrower. Transfers belong to a claim by the loan,
listing or product that they name; where none names a loan, what was paid out is told by its amount and day.
`follow` is the one question that several red lines ask of it: how much came to certain accounts within some
time, under each rule of tracing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphflow import sets
from graphflow.findings import Cited, cited
from graphflow.kernels.index import index_by
from graphflow.redlines.facts import DAY, Facts, Flags, Ints, known, micros, picked, runs_of

if TYPE_CHECKING:
    from graphflow.redlines.asking import Inquiry
    from graphflow.tracing import Trace

RULES = ("fifo", "lifo", "prorata", "libr")
"""Rules of tracing that attribute money; backward all but the last."""

FOREVER = np.iinfo(np.int64).max
REPAYING = ("repay", "还款")
PAYING_OUT = ("disburse", "放款")
PASSING = ("clearing", "reserve_central", "reserve_special")
"""Kinds of accounts that money goes through under its own earmark."""


@dataclass(frozen=True)
class Borrowing:
    """Claims and the transfers on them.

    Attributes
    ----------
    claims
        One row a claim: ``table`` and ``place`` of its row, ``name`` (loan or product), ``borrower``,
        ``platform``, ``lender`` (ids, empty where unknown), ``begins``, ``listed``, ``ends`` (microseconds),
        ``amount``, ``purpose``.
    out
        What was paid out: ``claim``, ``row`` (place of the transfer), ``time``, ``source``, ``account`` (that
        it came to), ``amount``, ``currency``, ``tagged`` (false: told by its amount and day).
    back
        Transfers on a claim behind its first payment out: the same columns, ``account`` the target.
    before
        Transfers on a claim that are neither: what was collected for it.
    """

    claims: pd.DataFrame
    out: pd.DataFrame = field(repr=False)
    back: pd.DataFrame = field(repr=False)
    before: pd.DataFrame = field(repr=False)

    def of(self, frame: pd.DataFrame, claims: Iterable[int]) -> pd.DataFrame:
        """The rows of one of the frames that belong to some claims."""
        return frame.iloc[self.on(frame).of(np.fromiter(claims, np.int64))]

    def on(self, frame: pd.DataFrame) -> OnClaims:
        """One of the frames by claim."""
        kept: dict[int, OnClaims] = self.__dict__.setdefault("_on_claims", {})
        if id(frame) not in kept:
            kept[id(frame)] = OnClaims(frame, len(self.claims))
        return kept[id(frame)]

    def loans_listed(self, facts: Facts) -> tuple[Ints, Ints]:
        """Listings by claim: an index, and their places in the table."""
        kept: tuple[Ints, Ints] | None = self.__dict__.get("_loans_listed")
        if kept is None:
            listings = facts.rows("listings")
            loans = self.claims[self.claims["table"] == "loans"]
            number = pd.Series(loans.index.to_numpy(), loans["name"].to_numpy())
            of = number[~number.index.duplicated()].reindex(words_of(listings["loan_id"])).to_numpy()
            known_ = ~np.isnan(of.astype(np.float64))
            keys = np.where(known_, np.nan_to_num(of.astype(np.float64)), len(self.claims)).astype(np.int32)
            pointer, positions = index_by(keys, len(self.claims) + 1)
            kept = self.__dict__["_loans_listed"] = (pointer, listings.index.to_numpy()[positions])
        return kept

    def cite(self, facts: Facts, claims: Ints, shows: bool = True) -> list[Cited]:
        """The rows of claims, with what listed them; as context what a product's row says."""
        is_loan, places = self._is_loan
        found = []
        for table in ("holdings", "loans"):
            mine = claims[is_loan[claims] == (table == "loans")]
            if not mine.size:
                continue
            found.append(cited(table, places[mine], shows))
            if table == "loans":
                pointer, listed = self.loans_listed(facts)
                found.append(cited("listings", listed[runs_of(pointer, mine)], False))
            else:
                rows = self._products(facts)
                named = {each for each in self._names[mine].tolist() if each in rows}
                found.append(cited("products", [rows[each] for each in named], False))
        return found

    @cached_property
    def _is_loan(self) -> tuple[Flags, Ints]:
        """Of each claim whether it is a loan, and where its row stands."""
        return (self.claims["table"] == "loans").to_numpy(np.bool_), self.claims["place"].to_numpy(np.int64)

    @cached_property
    def _names(self) -> npt.NDArray[np.object_]:
        return self.claims["name"].to_numpy(object)

    def _products(self, facts: Facts) -> Mapping[str, int]:
        """Where in the table each product stands."""
        kept: Mapping[str, int] | None = self.__dict__.get("_product_rows")
        if kept is None:
            rows = facts.rows("products")
            kept = dict(zip(words_of(rows["product_id"]).tolist(), rows.index.tolist(), strict=True))
            self.__dict__["_product_rows"] = kept
        return kept


class OnClaims:
    """Transfers on claims, a column an array, and by claim where they stand."""

    def __init__(self, frame: pd.DataFrame, claims: int) -> None:
        self.claim, self.row, self.time, self.source, self.account, self.amount, self.currency = (
            frame[name].to_numpy(np.int64)
            for name in ("claim", "row", "time", "source", "account", "amount", "currency")
        )
        self.tagged = frame["tagged"].to_numpy(np.bool_)
        self._index = index_by(self.claim.astype(np.int32), claims)

    def of(self, claims: Ints) -> Ints:
        """Where those of some claims stand, in order."""
        return picked(self._index, claims)


def words_of(values: pd.Series) -> npt.NDArray[np.object_]:
    """A text column, empty where it is unknown."""
    if isinstance(values.dtype, pd.StringDtype):
        texts = pa.array(values, pa.large_string(), from_pandas=True)
        return np.asarray(pc.fill_null(texts, "").to_numpy(zero_copy_only=False), object)
    return np.asarray(values.astype(object).where(values.notna(), "").astype(str).to_numpy(), object)


def those(frame: pd.DataFrame, column: str, value: str) -> Flags:
    """Which rows of a frame have a text in a column."""
    return np.asarray(words_of(frame[column]) == value, np.bool_)


def says(facts: Facts, rows: Any, words: Sequence[str], column: str = "memo") -> Flags:
    """Which transfers, by place, have one of some words in a text, in capitals or small."""
    found = facts.text_of(column)
    return np.zeros(len(rows), np.bool_) if found is None else found.said(rows, words)


def kind_is(facts: Facts, rows: Any, words: Sequence[str]) -> Flags:
    """Which transfers, by place, are of one of some kinds, as somebody wrote them."""
    return says(facts, rows, words, "kind") if len(rows) else np.zeros(0, np.bool_)


def whose(facts: Facts) -> Ints:
    """Of each account its party, else who signs for it; -1 where nobody says."""
    return np.where(facts.account_party >= 0, facts.account_party, facts.account_signer)


def of_party(values: npt.NDArray[np.object_], parties: Ints) -> npt.NDArray[np.object_]:
    """What parties are, by their numbers; empty for nobody (-1)."""
    found: npt.NDArray[np.object_] = np.append(values, "")[parties]
    return found


def borrowing_of(facts: Facts) -> Borrowing:
    """The claims of a case as of its day, put together once."""
    known_: Borrowing | None = facts.__dict__.get("_borrowing")
    if known_ is None:
        known_ = facts.__dict__["_borrowing"] = _build(facts)
    return known_


def _claims(facts: Facts) -> pd.DataFrame:
    loans = facts.rows("loans")
    parts = [
        pd.DataFrame(
            {
                "table": "loans", "place": loans.index.to_numpy(), "name": words_of(loans["loan_id"]),
                "borrower": words_of(loans["borrower_id"]), "platform": words_of(loans["platform_id"]),
                "lender": words_of(loans["lender_id"]), "begins": micros(loans["start"]),
                "listed": micros(loans["start"]),
                "ends": np.where(known(loans["end"]), micros(loans["end"]), FOREVER),
                "amount": loans["principal"].to_numpy(np.int64), "purpose": words_of(loans["purpose"]),
            }
        )
    ]  # fmt: skip
    listings = facts.rows("listings")
    if len(listings) and len(loans):
        first = pd.Series(micros(listings["opened"]), words_of(listings["loan_id"])).groupby(level=0).min()
        listed = first.reindex(parts[0]["name"]).to_numpy()
        own = parts[0]["listed"].to_numpy()
        parts[0]["listed"] = np.where(np.isnan(listed), own, np.nan_to_num(listed)).astype(np.int64)
    holdings = facts.rows("holdings")
    holdings = holdings[known(holdings["borrower_id"])]
    if len(holdings):
        products = facts.rows("products").set_index("product_id")
        of = products.reindex(words_of(holdings["product_id"]))
        runs = words_of(of["manager_id"])
        runs = np.where(runs == "", words_of(of["issuer_id"]), runs)
        begins = np.where(known(holdings["start"]), micros(holdings["start"]), micros(of["start"]))
        parts.append(
            pd.DataFrame(
                {
                    "table": "holdings", "place": holdings.index.to_numpy(),
                    "name": words_of(holdings["product_id"]), "borrower": words_of(holdings["borrower_id"]),
                    "platform": runs, "lender": "", "begins": begins, "listed": begins,
                    "ends": np.where(known(holdings["end"]), micros(holdings["end"]), FOREVER),
                    "amount": holdings["amount"].to_numpy(np.int64), "purpose": "",
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _build(facts: Facts) -> Borrowing:
    claims = _claims(facts)
    flows = facts.flows
    who = whose(facts)
    claim = tags_of(facts, claims, who)
    place = np.flatnonzero(claim >= 0)
    rows = flows.iloc[place]
    on = claim[place]
    numbers = (facts.party_number.get(each, -2) for each in claims["borrower"])
    borrower = np.fromiter(numbers, np.int64, len(claims))
    paid, came = who[rows["source"].to_numpy()], who[rows["target"].to_numpy()]
    of = borrower[on]
    own = paid == of
    repays = kind_is(facts, rows["row"].to_numpy(), REPAYING)
    out = ~own & ~repays & ((came == of) | _straight(facts, claims, rows, on))
    tagged = pd.DataFrame(
        {
            "claim": on, "row": rows["row"].to_numpy(), "time": rows["time"].to_numpy(),
            "source": rows["source"].to_numpy(), "account": rows["target"].to_numpy(),
            "amount": rows["amount"].to_numpy(), "currency": rows["currency"].to_numpy(), "tagged": True,
        }
    )  # fmt: skip
    told = _by_amount(facts, claims, sets.minus(np.arange(len(claims)), on[out]), claim, borrower, who)
    paid_out = pd.concat([tagged[out], told.astype({"tagged": bool})], ignore_index=True)
    first = paid_out.groupby("claim")["time"].min().reindex(range(len(claims))).to_numpy()
    begun = np.nan_to_num(first, nan=float(FOREVER)).astype(np.float64)[on]
    later = ~out & (tagged["time"].to_numpy() >= begun)
    return Borrowing(
        claims,
        paid_out,
        tagged[later].reset_index(drop=True),
        tagged[~out & ~later].reset_index(drop=True),
    )


def _straight(facts: Facts, claims: pd.DataFrame, rows: pd.DataFrame, on: Ints) -> Flags:
    """Which transfers pay a loan out to somebody else for the borrower: from its lender or from custody."""
    source, target = rows["source"].to_numpy(), rows["target"].to_numpy()
    lenders = (facts.party_number.get(each, -2) for each in claims["lender"])
    lender = np.fromiter(lenders, np.int64, len(claims))[on]
    payee = facts.account_party[target]
    builds = np.isin(of_party(facts.party_sector, payee), ("developer", "property_agency"))
    said = kind_is(facts, rows["row"].to_numpy(), PAYING_OUT)
    found: Flags = said & (facts.guarded[source] | (whose(facts)[source] == lender))
    found &= ~facts.guarded[target] | builds
    return found


def tags_of(facts: Facts, claims: pd.DataFrame, who: Ints) -> Ints:
    """Of each row of `Facts.flows` the claim that it names; -1 where it names none."""
    flows = facts.flows
    found = np.full(len(flows), -1, np.int64)
    if claims.empty:
        return found
    rows = flows["row"].to_numpy()
    loans = claims[claims["table"] == "loans"]
    of_loan = dict(zip(loans["name"], loans.index, strict=True))
    listings = facts.rows("listings")
    of_listing = {
        listing: of_loan.get(loan, -1)
        for listing, loan in zip(words_of(listings["listing_id"]), words_of(listings["loan_id"]), strict=True)
    }
    for column, of in (("loan_id", of_loan), ("listing_id", of_listing)):
        numbers, words = facts.codes(column, rows)
        if words:
            table = np.array([of.get(word, -1) for word in words] + [-1], np.int64)
            found = np.where(found < 0, table[numbers], found)
    held = claims[claims["table"] == "holdings"]
    numbers, words = facts.codes("product_id", rows) if len(held) else (np.zeros(0, np.int64), [])
    if words:
        place = {word: number for number, word in enumerate(words)}
        size = len(facts.party_ids) + 1
        pairs: dict[int, int] = {}
        for claim, product, party in zip(held.index, held["name"], held["borrower"], strict=True):
            if product in place and party in facts.party_number:
                pairs.setdefault(place[product] * size + facts.party_number[party], int(claim))
        keys = np.array(sorted(pairs), np.int64)
        values = np.array([pairs[key] for key in keys.tolist()] + [-1], np.int64)
        for side in ("target", "source"):
            wanted = np.where(numbers >= 0, numbers * size + who[flows[side].to_numpy()], -1)
            at = np.searchsorted(keys, wanted)
            hit = (at < keys.size) & (numbers >= 0) & (who[flows[side].to_numpy()] >= 0)
            hit[hit] = keys[at[hit]] == wanted[hit]
            found = np.where((found < 0) & hit, values[np.where(hit, at, -1)], found)
    return found


def _by_amount(
    facts: Facts, claims: pd.DataFrame, without: Ints, claim: Ints, borrower: Ints, who: Ints
) -> pd.DataFrame:
    """Loans on which no transfer is named: what came to the borrower in the loan's amount, from its lender or
    platform or from custody, from a day before it began to a week after; each transfer once, the first that
    fits.
    """
    columns = ["claim", "row", "time", "source", "account", "amount", "currency", "tagged"]
    loans = claims.loc[without]
    loans = loans[(loans["table"] == "loans") & (borrower[without] >= 0)]
    flows = facts.flows
    own = facts.tables.currency
    if loans.empty or own not in facts.currencies:
        return pd.DataFrame({name: np.zeros(0, np.int64) for name in columns})
    came = who[flows["target"].to_numpy()]
    fits = (claim < 0) & ~flows["own"].to_numpy() & np.isin(came, borrower[loans.index])
    fits &= flows["currency"].to_numpy() == facts.currencies.index(own)
    rows = flows[fits].assign(who=came[fits])
    wanted = pd.DataFrame(
        {
            "claim": loans.index, "who": borrower[loans.index], "amount": loans["amount"].to_numpy(),
            "begins": loans["begins"].to_numpy(), "platform": loans["platform"].to_numpy(),
            "lender": loans["lender"].to_numpy(),
        }
    )  # fmt: skip
    both = wanted.merge(rows, on=["who", "amount"])
    both = both[(both["time"] >= both["begins"] - DAY) & (both["time"] < both["begins"] + 8 * DAY)]
    taken: set[int] = set()
    done: set[int] = set()
    found = []
    for each in both.sort_values(["begins", "claim", "time", "row"]).to_dict("records"):
        source, number, row = each["source"], each["claim"], each["row"]
        payer = str(facts.party_ids[who[source]]) if who[source] >= 0 else ""
        platform = each["platform"]
        fits_ = payer and (payer == each["lender"] or (platform and payer in facts.group(str(platform))))
        if number in done or row in taken or not (fits_ or facts.guarded[source]):
            continue
        done.add(number)
        taken.add(row)
        told = (each["time"], source, each["target"], each["amount"], each["currency"])
        found.append((number, row, *told, False))
    return pd.DataFrame(found, columns=columns).astype("int64")


# ---------------------------------------------------------------- following the money


def stops(facts: Facts) -> Flags:
    """Accounts behind which money is not followed: guarded ones, but those that it passes by its earmark."""
    found: Flags = facts.guarded & ~facts.account_is(*PASSING)
    return found


def near(facts: Facts, aims: Flags, hops: int) -> Flags:
    """The accounts from which money can come to the aims in so many transfers: whatever amounts and times."""
    flows = facts.flows
    source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
    found = aims.copy()
    blocked = stops(facts) & ~aims
    for _ in range(hops):
        reached = found & ~blocked
        found = found.copy()
        found[source[reached[target]]] = True
    return found & ~blocked


def paid_to(
    facts: Facts, to: Flags, currency: int, parties: Ints, begins: Ints, ends: Ints, *, own: bool = False
) -> Ints:
    """What each party paid to some accounts in some time: not less than that, by seconds.

    ``own``: also what it paid to accounts of its own.
    """
    flows = facts.flows
    who = whose(facts)
    source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
    keep = to[target] & (flows["currency"].to_numpy() == currency)
    keep &= own | ~flows["own"].to_numpy()
    keep &= np.isin(who[source], parties) & (who[source] >= 0)
    seconds = flows["time"].to_numpy()[keep] // 1_000_000
    if not keep.any():
        return np.zeros(parties.size, np.int64)
    base, width = int(seconds.min()), int(seconds.max() - seconds.min()) + 2
    keys = who[source[keep]] * width + (seconds - base)
    order = np.argsort(keys, kind="stable")
    total = np.concatenate(([0], np.cumsum(flows["amount"].to_numpy()[keep][order])))
    low = np.clip(begins // 1_000_000 - base, 0, width - 1)
    high = np.clip(-(-ends // 1_000_000) - base, -1, width - 2)
    first = np.searchsorted(keys[order], parties * width + low, side="left")
    last = np.searchsorted(keys[order], parties * width + high, side="right")
    return np.asarray(np.where(parties >= 0, np.maximum(total[last] - total[first], 0), 0), np.int64)


@dataclass(frozen=True)
class Reached:
    """Of some money, what came to the accounts asked about within the time, under one rule.

    Attributes
    ----------
    amount
        How much, in minor units.
    rows
        The transfers by which it came, by place, the seeds among them.
    chains
        The greatest ways.
    """

    amount: int
    rows: Ints = field(repr=False)
    chains: Sequence[Mapping[str, Any]] = field(repr=False)
    trace: Trace = field(repr=False)


def follow(
    ask: Inquiry,
    seeds: pd.DataFrame,
    aims: Flags,
    within: int,
    *,
    hops: int,
    backward: bool = False,
    rules: Sequence[str] = RULES,
    without: Ints | None = None,
    over: Ints | None = None,
) -> dict[str, Reached]:
    """How much of some transfers' money came to certain accounts within some time, under each rule.

    Each chain counts at the first of the accounts that it comes to, by the time since its own seed. It is not
    followed through the accounts of `stops`, nor over transfers in `without`. Backward: how much of what paid
    the seeds had come from the accounts, ``within`` before them.

    Parameters
    ----------
    seeds
        Frame with ``row`` and ``time``.
    aims
        Accounts.
    over
        Transfers, by place: a chain counts at the first of them as well.
    within
        Microseconds.
    hops
        Most transfers after the seed.
    """
    from graphflow.tracing import trace

    facts = ask.facts
    if seeds.empty:
        return {}
    references = [f'transfer:"{each}"' for each in facts.texts("transfer_id", seeds["row"].to_numpy())]
    since = _stamp(int(seeds["time"].min()) - within) if backward else None
    until = None if backward else _stamp(min(int(seeds["time"].max()) + within, facts.at))
    blocked = stops(facts) & ~aims
    barred, counted = ({*each.tolist()} if each is not None else set() for each in (without, over))
    rows = facts.ledger.rows
    places: dict[str, int] = {}
    found = {}
    for rule in rules:
        t = trace(
            ask.case, references, rule=rule, backward=backward, currency=_currency(facts, seeds),
            max_hops=hops, since=since, until=until,
        )  # fmt: skip
        amount, shown = 0, set()
        ways: list[tuple[int, list[str]]] = []
        for chain in t.iter_chains():
            numbers = []
            for each in chain.transfers:
                if each not in places:
                    places[each] = facts.ledger.row(each)
                numbers.append(places[each])
            start = int(rows["time"][numbers[0]])
            for at, number in enumerate(numbers):
                if int(rows["origin"][number]) in barred and at:
                    break
                account = int(facts.of_ledger[rows["source" if backward else "target"][number]])
                passed = abs(int(rows["time"][number]) - start)
                if passed > within or blocked[account]:
                    break
                if aims[account] or int(rows["origin"][number]) in counted:
                    amount += chain.amount
                    way = numbers[: at + 1]
                    shown |= {int(rows["origin"][n]) for n in way}
                    ways.append((chain.amount, list(chain.transfers[: at + 1])))
                    break
        ways.sort(key=lambda way: (-way[0], way[1]))
        told = [{"amount": a, "currency": t.currency, "transfers": w} for a, w in ways[:3]]
        found[rule] = Reached(amount, np.array(sorted(shown), np.int64), told, t)
    return found


def _stamp(at: int) -> str:
    return str(pd.Timestamp(at, unit="us", tz="UTC").isoformat())


def _currency(facts: Facts, seeds: pd.DataFrame) -> str | None:
    return facts.currencies[int(seeds["currency"].iloc[0])] if "currency" in seeds else None


def context(ask: Inquiry, found: Mapping[str, Reached]) -> list[Cited]:
    """What is needed to follow the money again: all that moved the accounts that it came through."""
    traces = [each.trace for each in found.values()]
    return [each.as_context() for each in ask.cite_trace(*traces)] if traces else []


def cite_roles(facts: Facts, accounts: Iterable[int]) -> list[Cited]:
    """The rows that say what some accounts, or their parties, are in the flows; as context."""
    if not facts.tables.has("roles"):
        return []
    return [cited("roles", _roles_of(facts, np.fromiter(accounts, np.int64)), False)]


def _roles_of(facts: Facts, accounts: Ints) -> Ints:
    """The places of the roles in force of some accounts, and of who holds them."""
    kept: tuple[Ints, Ints, Ints] | None = facts.__dict__.get("_roles_named")
    if kept is None:
        frame = facts.in_force("roles")
        subjects = pd.Index(frame["subject_id"], dtype=object)
        as_account = pd.Index(facts.account_ids, dtype=object).get_indexer(subjects)
        kept = frame.index.to_numpy().astype(np.int64), as_account, facts.numbers_of(frame["subject_id"])
        facts.__dict__["_roles_named"] = kept
    places, as_account, as_party = kept
    parties = facts.account_party[accounts]
    mine = np.isin(as_account, accounts) | np.isin(as_party, parties[parties >= 0])
    found: Ints = places[mine]
    return found


def cite_whose(facts: Facts, accounts: Iterable[int]) -> list[Cited]:
    """The rows of some accounts and of their parties, and what they are in the flows; as context."""
    numbers = sets.unique(np.fromiter(accounts, np.int64))
    tables = ["accounts", "parties", *(["roles"] if facts.tables.has("roles") else [])]
    return [cited(table, whose_rows(facts, numbers, table), False) for table in tables]


def whose_rows(facts: Facts, accounts: Ints, table: str) -> Ints:
    """The places in one of `accounts`, `parties` and `roles` of what says whose some accounts are."""
    if table == "accounts":
        return facts.cite_accounts(accounts).rows
    if table == "roles":
        return _roles_of(facts, accounts)
    named = sets.union(facts.account_party[accounts], facts.account_signer[accounts])
    return facts.in_source("parties", named[named >= 0])


def cite_claims(facts: Facts, claims: pd.DataFrame, shows: bool = True) -> list[Cited]:
    """The rows of claims, with what listed them; as context what a product's row says."""
    found = []
    for table, mine in claims.groupby("table"):
        found.append(cited(str(table), mine["place"].to_numpy(), shows))
        if table == "loans":
            listings = facts.rows("listings")
            found.append(facts.cite("listings", listings[listings["loan_id"].isin(mine["name"])], False))
        else:
            products = facts.rows("products")
            found.append(facts.cite("products", products[products["product_id"].isin(mine["name"])], False))
    return found


def covered(facts: Facts, account: int, begins: int, ends: int) -> bool:
    """Whether the account's own statement is held from one time to another.

    What is held throughout is held from the first to the last moment of the case.
    """
    one = (np.array([each], np.int64) for each in (account, begins, ends))
    return bool(all_covered(facts, *one)[0])


def all_covered(facts: Facts, accounts: Ints, begins: Ints, ends: Ints) -> Flags:
    """The same of many accounts, each with its own times."""
    ledger = facts.ledger
    found = np.zeros(accounts.size, np.bool_)
    if not ledger.rows.size:
        return found
    first, last, pointer = facts.statements
    numbers = facts.in_ledger[accounts]
    low, high = (np.where(numbers < 0, 0, pointer[each]) for each in (numbers, numbers + 1))
    for place in range(int((high - low).max(initial=0))):
        some = np.flatnonzero(low + place < high)
        period = ledger.periods[low[some] + place]
        enough = np.maximum(period["begins"], first) <= begins[some]
        enough &= (period["ends"] >= ends[some]) | ((period["ends"] >= last) & (ends[some] > last))
        found[some] |= enough
    return found
