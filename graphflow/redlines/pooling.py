"""Accounts through which many people's money goes: whose they are, what passed, what joins in and out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphflow import sets
from graphflow.findings import Cited
from graphflow.kernels.index import index_by
from graphflow.redlines.asking import Inquiry
from graphflow.redlines.facts import Facts, Flags, Ints, local_days, picked
from graphflow.redlines.standing import stretches, within

CONTRACTS = ("order_id", "clearing_id", "listing_id", "loan_id")
"""What says that two legs belong to one contract, the most particular first."""

LICENSED = ("bank", "insurer", "broker", "exchange", "clearing_house", "payment_institution")
"""Sectors that hold many people's money under rules of their own."""

PLATFORM, MANAGER, ANYBODY = "platform", "manager", "anybody"


@dataclass(frozen=True)
class Pool:
    """Accounts of one holder that pay one another, in one currency, and what passed their border.

    ``ins`` and ``outs`` are places in `Facts.flows`; ``inner`` are transfers among the accounts.
    """

    facts: Facts = field(repr=False)
    test: str
    key: int
    accounts: Ints
    currency: int
    ins: Ints
    outs: Ints
    inner: Ints

    @cached_property
    def group(self) -> frozenset[str]:
        """The groups of who holds and who signs, by id."""
        return _group(self.facts, self.key, self.accounts)

    @cached_property
    def members(self) -> Ints:
        """The same by number."""
        number = self.facts.party_number
        return np.array(sorted(number[each] for each in self.group if each in number), np.int64)

    @cached_property
    def came(self) -> Ints:
        """The amounts that came in."""
        return self.facts.arrivals["amount"].to_numpy()[self.ins].astype(np.int64)

    @cached_property
    def went(self) -> Ints:
        """The amounts that went out."""
        return self.facts.flows["amount"].to_numpy()[self.outs].astype(np.int64)

    @cached_property
    def payers(self) -> Ints:
        """Who paid in, by number; -1 nobody knows."""
        return self.facts.flows["payer"].to_numpy()[self.ins]

    @cached_property
    def payees(self) -> Ints:
        """Who was paid, by number; -1 nobody knows."""
        return self.facts.flows["payee"].to_numpy()[self.outs]

    @cached_property
    def came_for(self) -> tuple[Ints, list[str]]:
        """The product that each row in carries, or that its account is held for; and what numbers mean."""
        return products_of(self.facts, self.ins)

    @cached_property
    def only_signs(self) -> bool:
        """Whether nobody of its group holds any of the accounts: it signs for them."""
        held = self.facts.account_party[self.accounts]
        own = self.facts.group(str(self.facts.party_ids[self.key]))
        return not any(number >= 0 and str(self.facts.party_ids[number]) in own for number in held.tolist())

    @cached_property
    def keepers(self) -> Ints:
        """Who holds the accounts and is a bank or one of `LICENSED`, by number: it is not looked at."""
        held = sets.unique(self.facts.account_party[self.accounts])
        return held[[keeps(self.facts, number) for number in held.tolist()]]


def keeps(facts: Facts, number: int) -> bool:
    """Whether a party holds many people's money by trade and under rules of its own."""
    return number >= 0 and bool(facts.party_sector[number] in LICENSED or facts.party_kind[number] == "bank")


def _group(facts: Facts, key: int, accounts: Ints) -> frozenset[str]:
    found = set(facts.group(str(facts.party_ids[key])))
    for account in accounts.tolist():
        signer = int(facts.account_signer[account])
        if signer >= 0 and facts.account_party[account] != key:
            found |= facts.group(str(facts.party_ids[signer]))
        holder = int(facts.account_party[account])
        if holder >= 0 and not keeps(facts, holder):
            found.add(str(facts.party_ids[holder]))
    return frozenset(found)


def watched(ask: Inquiry) -> dict[int, str]:
    """Whose accounts are looked at, by number, and as what."""
    facts = ask.facts
    found: dict[int, str] = {}

    def add(parties: Iterable[str], test: str) -> None:
        for party in parties:
            for member in facts.group(party):
                number = facts.party_number.get(member, -1)
                if number >= 0 and facts.party_sector[number] not in LICENSED:
                    found.setdefault(number, test)

    if ask.runs(PLATFORM):
        add([*facts.platforms("lending"), *facts.platforms("crowdfunding")], PLATFORM)
    if ask.runs(MANAGER):
        add(_managers(facts), MANAGER)
    if ask.runs(ANYBODY):
        many = facts.collectors
        many = many[many["payers"] >= float(ask.threshold("investors"))]
        for number in many["party"].unique().tolist():
            ordinary = facts.party_kind[number] not in ("bank", "government")
            if ordinary and facts.party_sector[number] not in LICENSED:
                found.setdefault(int(number), ANYBODY)
    return found


def _managers(facts: Facts) -> list[str]:
    """Parties that manage products for others."""
    found = list(facts.platforms("manager"))
    if facts.has("products.manager_id"):
        found += facts.rows("products")["manager_id"].dropna().unique().tolist()
    return list(dict.fromkeys(found))


def pools(ask: Inquiry) -> Iterator[Pool]:
    """Accounts that enough payers pay into, those of a holder that pay one another taken together."""
    facts = ask.facts
    if not any(ask.runs(test) for test in (PLATFORM, MANAGER, ANYBODY)):
        return
    looked_at = watched(ask)
    if not looked_at:
        return
    key = np.full(facts.account_ids.size, -1, np.int64)
    for tests in ((PLATFORM, MANAGER), (ANYBODY,)):  # a platform that signs counts before a holder of no name
        is_watched = np.zeros(facts.party_ids.size + 1, np.bool_)  # the last is nobody
        is_watched[[number for number, test in looked_at.items() if test in tests]] = True
        for who in (facts.account_party, facts.account_signer):
            key = np.where((key < 0) & is_watched[who], who, key)
    free = (key >= 0) & ~facts.guarded
    arrivals = facts.arrivals
    target, payer = arrivals["target"].to_numpy(), arrivals["payer"].to_numpy()
    coin = arrivals["currency"].to_numpy()
    into = np.flatnonzero(free[target] & ~arrivals["own"].to_numpy())
    met = pd.DataFrame({"key": key[target[into]], "coin": coin[into], "payer": payer[into]})
    met = met[met["payer"] >= 0].drop_duplicates()
    counts = met.groupby(["key", "coin"]).size()
    enough = set(counts.index[counts >= float(ask.threshold("investors"))].tolist())
    enough |= _by_products(ask, key, free, looked_at)
    size = facts.party_ids.size
    index = index_by(np.where(free, key, size).astype(np.int32), size + 1)
    for number, currency in sorted(enough):
        mine = picked(index, [number])
        mine = mine[[_plain(facts, int(account)) for account in mine]]
        yield from _together(facts, looked_at[number], number, mine, currency)


def _plain(facts: Facts, account: int) -> bool:
    """Whether an account is neither a market's nor one that pays wages."""
    role = facts.role(account)
    return role is None or role.role not in ("marketplace", "payroll")


def _by_products(ask: Inquiry, key: Ints, free: Flags, looked_at: Mapping[int, str]) -> set[tuple[int, int]]:
    """Holders into whose accounts money of several products came: its investors may stand behind custody."""
    facts = ask.facts
    if not facts.has("subscriptions") or not ask.runs(MANAGER):
        return set()
    arrivals = facts.arrivals
    into = np.flatnonzero(free[arrivals["target"].to_numpy()])
    codes, _ = products_of(facts, into)
    some = into[codes >= 0]
    met = pd.DataFrame(
        {
            "key": key[arrivals["target"].to_numpy()[some]],
            "coin": arrivals["currency"].to_numpy()[some],
            "product": codes[codes >= 0],
        }
    ).drop_duplicates()
    counts = met.groupby(["key", "coin"]).size()
    several = counts.index[counts >= float(ask.threshold("products"))].tolist()
    return {(k, c) for k, c in several if looked_at[k] == MANAGER}


def products_of(facts: Facts, where: Ints) -> tuple[Ints, list[str]]:
    """The product of some rows of `Facts.flows`: what the row says, else whose account paid; -1 none.

    An account is a product's that is held for it, or that most of its money came from.
    """
    codes, words = _marked(facts, where)
    return _filled(codes, words, fed_by(facts)[facts.flows["source"].to_numpy()[where]])


def _marked(facts: Facts, where: Ints) -> tuple[Ints, list[str]]:
    """The same, by what rows say and accounts are held for alone."""
    codes, words = facts.codes("product_id", facts.flows["row"].to_numpy()[where])
    if not facts.has("accounts.product_id"):
        return codes, words
    return _filled(codes, words, facts.account_products[facts.flows["source"].to_numpy()[where]])


def _filled(codes: Ints, words: list[str], held: Any) -> tuple[Ints, list[str]]:
    """Numbers of words, where there is none filled up from the words of another list, row by row."""
    place = {word: code for code, word in enumerate(words)}
    for word in dict.fromkeys(held[codes < 0]):
        if word and word not in place:
            place[word] = len(words)
            words = [*words, word]
    more = np.array([place[word] if word else -1 for word in held], np.int64)
    return np.where(codes >= 0, codes, more), words


FED = Fraction(3, 4)
"""An account holds a product's money where so much of what ever came into it did: a rule of thumb of ours."""


def fed_by(facts: Facts) -> Any:
    """The product whose money most is that came into each account; empty where there is none.

    Money is a product's that names it or comes out of an account held for it. So what a project company
    passes on is told to be its one fund's, and of a company that two funds pay nothing is said. Only firms
    are asked that no register names as investors: what an investor got back is its own. An account into which
    several currencies came is no product's. Kept with the facts.
    """
    kept = facts.__dict__.get("_fed_by")
    if kept is None:
        kept = np.full(facts.account_ids.size, "", object)
        arrivals = facts.arrivals
        into = np.flatnonzero((arrivals["time"].to_numpy() <= facts.at) & ~arrivals["own"].to_numpy())
        into = into[_businesses(facts)[arrivals["target"].to_numpy()[into]]]
        codes, words = _marked(facts, into)
        if words:
            came = pd.DataFrame(
                {
                    "account": arrivals["target"].to_numpy()[into],
                    "coin": arrivals["currency"].to_numpy()[into],
                    "code": codes,
                    "amount": arrivals["amount"].to_numpy(np.int64)[into],
                }
            )
            came = came[came["account"].isin(came.loc[came["code"] >= 0, "account"].unique())]
            sums = came.groupby(["account", "coin", "code"])["amount"].sum().reset_index()
            every = sums.groupby("account")["amount"].sum()
            alone = sums.groupby("account")["coin"].nunique() == 1
            best = sums[sums["code"] >= 0].sort_values("amount").drop_duplicates("account", keep="last")
            for account, code, amount in zip(best["account"], best["code"], best["amount"], strict=True):
                if alone[account] and int(amount) >= FED * int(every[account]):
                    kept[account] = words[code]
        facts.__dict__["_fed_by"] = kept
    return kept


def _businesses(facts: Facts) -> Flags:
    """The accounts of firms that subscribed to nothing."""
    firm = ~facts.party_is("person", "bank", "government", "")
    if facts.has("subscriptions"):
        firm[[n for n in facts.numbers_of(facts.rows("subscriptions")["investor_id"]).tolist() if n >= 0]] = (
            False
        )
    return np.append(firm, False)[facts.account_party]


def cite_fed(facts: Facts, ins: Ints) -> Iterator[Cited]:
    """What tells that accounts which paid some rows in hold one product's money: all that came into them."""
    flows = facts.flows
    source = sets.unique(flows["source"].to_numpy()[ins])
    fed = source[(fed_by(facts)[source] != "") & (facts.account_products[source] == "")]
    if not fed.size:
        return
    into = facts.paid_to(fed.tolist())
    rows = flows["row"].to_numpy()[into]
    yield facts.cite("transfers", np.concatenate([rows, facts.reversals_of(rows)]), False)
    accounts = sets.union(fed, flows["source"].to_numpy()[into])
    yield facts.cite_accounts(accounts.tolist())
    yield facts.cite_parties(facts.holder(each) for each in fed.tolist())


def _together(facts: Facts, test: str, key: int, accounts: Ints, currency: int) -> Iterator[Pool]:
    """The accounts of a holder, those that pay one another as one."""
    flows, arrivals = facts.flows, facts.arrivals
    parts = stretches(facts, accounts.tolist(), currency)
    if not parts:
        return
    outs = facts.paid_by(accounts.tolist())
    outs = outs[flows["currency"].to_numpy()[outs] == currency]
    outs = outs[within(parts, flows["source"].to_numpy()[outs], flows["time"].to_numpy()[outs])]
    ins = facts.paid_to(accounts.tolist())
    ins = ins[arrivals["currency"].to_numpy()[ins] == currency]
    ins = ins[within(parts, arrivals["target"].to_numpy()[ins], arrivals["time"].to_numpy()[ins])]
    ins = ins[arrivals["time"].to_numpy()[ins] <= facts.at]
    inner = sets.common(ins, outs)
    one = tuple(np.searchsorted(accounts, flows[side].to_numpy()[inner]) for side in ("source", "target"))
    joined = coo_array((np.ones(inner.size), one), shape=(accounts.size, accounts.size))
    count, label = connected_components(joined, directed=False)
    to, by = (
        np.searchsorted(accounts, flows[side].to_numpy()[at])
        for side, at in (("target", ins), ("source", outs))
    )
    ins, to = ins[~np.isin(ins, inner)], to[~np.isin(ins, inner)]
    outs, by = outs[~np.isin(outs, inner)], by[~np.isin(outs, inner)]
    for number in range(count):
        mine, paid = ins[label[to] == number], outs[label[by] == number]
        if mine.size and paid.size:
            yield Pool(
                facts, test, key, accounts[label == number], currency, mine, paid,
                inner[label[one[0]] == number],
            )  # fmt: skip


def match(
    in_key: Ints, in_day: Ints, in_left: Ints, out_key: Ints, out_day: Ints, out_left: Ints, days: int
) -> None:
    """Join what came in to what left with the same key, no later than so many working days after.

    Both ``left`` are changed: what could be joined is taken off. A key below 0 is none. What came first is
    used first, so as much is joined as can be. Saturdays and Sundays are no working days; holidays are not
    known here.

    Examples
    --------
    >>> came, went = np.array([100, 100, 100]), np.array([120, 120, 60])
    >>> match(np.array([-1, -1, 3]), np.zeros(3, int), came, np.array([-1, -1, 3]), np.ones(3, int), went, 3)
    >>> went.tolist()
    [120, 120, 0]
    """
    last = np.busday_offset(in_day.astype("datetime64[D]"), days, roll="forward").astype(np.int64)
    ins = np.lexsort((in_day, in_key))
    ins = ins[(in_key[ins] >= 0) & (in_left[ins] > 0)]
    outs = np.lexsort((out_day, out_key))
    outs = outs[(out_key[outs] >= 0) & (out_left[outs] > 0)]
    keys = in_key[ins]
    begins = np.searchsorted(keys, out_key[outs]).tolist()
    ends = np.searchsorted(keys, out_key[outs], side="right").tolist()
    order = ins.tolist()
    head = before = -1
    for number, out in enumerate(outs.tolist()):
        if out_key[out] != before:
            before, head = out_key[out], begins[number]
        wanted, day = int(out_left[out]), out_day[out]
        while wanted and head < ends[number] and in_day[order[head]] <= day:
            first = order[head]
            if last[first] >= day and in_left[first]:
                taken = min(wanted, int(in_left[first]))
                in_left[first] -= taken
                wanted -= taken
            if last[first] < day or not in_left[first]:
                head += 1
        out_left[out] = wanted


def unmatched(ask: Inquiry, pool: Pool) -> tuple[Ints, str]:
    """What left, without what joins it to what came in; and whether ``most``, ``some`` or ``none`` is coded.

    Legs that name contracts are joined by these; of legs that name none equal amounts are, which is the best
    that can be said for the holder. Most is coded where contracts are named for more than half of what came
    in and of what left: only then what is not joined is shown not to be.
    """
    facts = ask.facts
    rows = facts.flows["row"].to_numpy()
    both = np.concatenate([rows[pool.ins], rows[pool.outs]])
    size = pool.ins.size
    days = int(ask.threshold("window"))
    in_day = local_days(facts, facts.arrivals["time"].to_numpy()[pool.ins])
    out_day = local_days(facts, facts.flows["time"].to_numpy()[pool.outs])
    came, went = pool.came.copy(), pool.went.copy()
    codes = {column: facts.codes(column, both)[0] for column in CONTRACTS}
    if pool.test == MANAGER:
        codes["product_id"] = _products_joined(pool)
    coded = np.zeros(both.size, np.bool_)
    for column, key in codes.items():
        coded |= key >= 0
        ways = [(key[:size], key[size:])]
        if column == "loan_id":  # of two legs that both name a listing, the listings decide
            listed = codes["listing_id"] >= 0
            bare = np.where(listed, -1, key)
            ways = [(bare[:size], key[size:]), (key[:size], bare[size:])]
        for of_in, of_out in ways:
            match(of_in, in_day, came, of_out, out_day, went, days)
    _, key = np.unique(np.concatenate([came, went]), return_inverse=True)
    key = np.where(coded, -1, key)  # of a leg that names none nothing was taken off yet
    match(key[:size], in_day, came, key[size:], out_day, went, days)
    most = all(
        2 * int(amounts[named].sum()) > int(amounts.sum())
        for amounts, named in ((pool.came, coded[:size]), (pool.went, coded[size:]))
    )
    return went, "most" if most else "some" if coded.any() else "none"


def _products_joined(pool: Pool) -> Ints:
    """The product of each row in, then of each row out: what it says, or its other side is held for."""
    facts = pool.facts
    codes, words = pool.came_for
    of_out, names = facts.codes("product_id", facts.flows["row"].to_numpy()[pool.outs])
    if facts.has("accounts.product_id"):
        of_out, names = _filled(
            of_out, names, facts.account_products[facts.flows["target"].to_numpy()[pool.outs]]
        )
    number = {word: code for code, word in enumerate(words)}
    of = np.array([number.setdefault(name, len(number)) for name in names] + [-1], np.int64)
    return np.concatenate([codes, of[of_out]])


def concentration(amounts: Ints, who: Ints) -> Fraction:
    """The sum of squared shares (Herfindahl) of amounts by who paid or was paid."""
    sums = pd.Series(amounts).groupby(who).sum().tolist()
    total = sum(sums)
    return Fraction(sum(each * each for each in sums), total * total)


def sides(facts: Facts, parties: Ints, accounts: Ints) -> Ints:
    """Who each side is: its party, else its account, as one number."""
    return np.where(parties >= 0, parties, facts.party_ids.size + accounts)


def who_is_watched(facts: Facts, pool: Pool) -> Iterator[Cited]:
    """What says that somebody of the group is a platform or manages products, that it is a group, and whose
    money its companies hold.
    """
    yield facts.cite_parties(pool.group)
    yield from cite_fed(facts, pool.ins)
    yield from facts.cite_group(str(facts.party_ids[pool.key]))
    for account in pool.accounts.tolist():
        signer = int(facts.account_signer[account])
        if signer >= 0 and signer != pool.key:
            yield from facts.cite_group(str(facts.party_ids[signer]))
    for kind in ("lending", "crowdfunding", "manager"):
        for party, how in facts.platforms(kind).items():
            if party in pool.group:
                yield from how.cited
    if facts.has("products"):
        rows = facts.rows("products")
        mine = rows[rows["manager_id"].isin(pool.group) | rows["issuer_id"].isin(pool.group)]
        yield facts.cite("products", mine, False)
    if facts.has("loans"):
        rows = facts.rows("loans")
        yield facts.cite("loans", rows[rows["platform_id"].isin(pool.group)].head(1), False)
