"""RL-10 Margin lending outside the law (配资): money lent for shares, on accounts that are another's.

The rule: no platform may help finance shares, futures and structured products (暂行办法 art. 10 (11)); nobody
may lend out or borrow a securities account (证券法 art. 58), nor lend on margin without a licence (art. 120).
Looked at, of flows: a client pays a margin to a financier, who within days puts a multiple of it into a
securities account that is not the client's (his own, a nominee's; by way of the nominee's bank account too),
and the client pays small equal sums daily or monthly: the interest. And of loans: how much of what was paid
out came to securities accounts within a month. Not it: a licensed broker's margin loan, the account of a
family member, a plan in which the client itself holds units, wages put into one's own account.

A margin is told from interest by its size, and from an ordinary payment by the interest that goes with it.
Where the financier puts the money into accounts of his own group, that alone proves little (a landlord has
tenants and shares): then a client has to use the account, or the clients have to be many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, Finding, cited
from graphflow.language import N_
from graphflow.pictures.words import amount_text
from graphflow.redlines.asking import Inquiry, LawFile, Number, RedLine, Test, span
from graphflow.redlines.borrowing import (
    RULES,
    Reached,
    borrowing_of,
    cite_claims,
    cite_whose,
    context,
    follow,
    near,
    of_party,
    paid_to,
    says,
    those,
    whose,
    words_of,
)
from graphflow.redlines.facts import WAGES, Facts, Flags, local_days
from graphflow.rows import Moment

if TYPE_CHECKING:
    from graphflow.case import Case

SECURITIES = ("securities", "margin")
"""Kinds of accounts that securities are traded on."""

LICENSED = ("margin_financing", "securities")
FAMILY = ("spouse", "parent", "child", "sibling")
TIMES = 3
"""A margin is at least so many times what is paid as interest at a time."""

ALIKE, MOST = Fraction(3, 10), Fraction(4, 5)
"""Interest: at least so much of the payments lie within so much of the middle one."""

LONGEST_GAP = 35
"""Days: interest is paid at least monthly."""

MONEY_RULES = ("fifo", "prorata")
"""Under one of these the loan's money has to have come to the securities account."""


@dataclass(frozen=True)
class Client:
    """A client: what it paid in all, as a margin and as interest, as rows of flows."""

    party: int
    paid: pd.DataFrame = field(repr=False)
    margin: pd.DataFrame = field(repr=False)
    interest: pd.DataFrame = field(repr=False)
    uses: tuple[Cited, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Funding:
    """Money that a financier put into a securities account of some owner.

    ``rows`` those of flows that he paid it by; ``by_rule`` what of it came to the account, where it went over
    the owner's bank account.
    """

    owner: int
    rows: pd.DataFrame = field(repr=False)
    by_rule: Mapping[str, Reached] | None = field(default=None, repr=False)

    def amount(self, rule: str) -> int:
        return int(self.rows["amount"].sum()) if self.by_rule is None else self.by_rule[rule].amount


def find(
    case: Case,
    *,
    as_of: Moment | None = None,
    law: LawFile = None,
    lev: Number | None = None,
    interest: Number | None = None,
    clients: Number | None = None,
    stock: Number | None = None,
    within: str = "3D",
    use: str = "30D",
    hops: int = 3,
) -> Iterator[Finding]:
    """Margins that were multiplied on securities accounts of others; loans that went into the stock market.

    Parameters
    ----------
    as_of
        The day; None: everything that the case knows, and the law as it was last.
    law
        A file of thresholds in the place of ours.
    lev
        Least leverage: what was put into the accounts over the margins; None: what the table of law says.
    interest
        Least number of payments of interest.
    clients
        From so many clients on it is a business, whoever's the accounts are.
    stock
        Least part of a loan that came to securities accounts.
    within
        In what time the financier's money follows the margin.
    use
        In what time a loan has to have come to the securities account.
    hops
        Over how many transfers a loan is followed.

    Examples
    --------
    >>> from graphflow.synthesis.lines import rl10
    >>> [(f.measure, int(f.value)) for f in find(rl10.toy())], len(list(find(rl10.near_miss())))
    ([('lev', 5)], 0)
    """
    ask = Inquiry(
        LINE, case, as_of, law, lev=lev, interest=interest, clients=clients, stock=stock, within=within,
        use=use, hops=hops,
    )  # fmt: skip
    if not np.isin(ask.facts.account_kind, SECURITIES).any():
        return
    if ask.runs("margin"):
        yield from _Financing(ask, span(within)).findings()
    if ask.runs("use"):
        yield from _loans(ask, span(use, "use"), hops)


# ---------------------------------------------------------------- margin, funding, interest


MULTIPLIED = N_(
    "{financier} took margins of {margins} from {count} clients, put {lev} times as much into securities "
    "accounts of others, and took {interest} of interest in {paid} payments"
)


class _Financing:
    """One asking about margins."""

    def __init__(self, ask: Inquiry, within: int) -> None:
        self.ask, self.facts, self.within = ask, ask.facts, within
        self.who = whose(ask.facts)
        self.trades: Flags = np.isin(ask.facts.account_kind, SECURITIES)
        flows = ask.facts.flows
        self.flows = flows.assign(
            paid_by=self.who[flows["source"].to_numpy()], paid_to=self.who[flows["target"].to_numpy()]
        )
        order = np.argsort(self.flows["paid_to"].to_numpy(), kind="stable")
        self._by_payee = self.flows.iloc[order]
        self._payees = self._by_payee["paid_to"].to_numpy()

    def paid_to(self, parties: Sequence[int]) -> pd.DataFrame:
        """What anybody paid some parties, in order."""
        parts = [
            self._by_payee.iloc[
                np.searchsorted(self._payees, p, "left") : np.searchsorted(self._payees, p, "right")
            ]
            for p in parties
        ]
        return pd.concat(parts).sort_index() if parts else self._by_payee.iloc[:0]

    def licensed(self, parties: frozenset[str]) -> bool:
        """Whether anybody of some parties may lend on margin."""
        facts = self.facts
        brokers = [p for p in parties if facts.party_sector[facts.party_number[p]] == "broker"]
        if facts.tables.has("licences") and not brokers:
            held = facts.in_force("licences")
            return bool((held["party_id"].isin(parties) & held["function"].isin(LICENSED).to_numpy()).any())
        return bool(brokers)

    def candidates(self) -> Mapping[tuple[int, int], pd.DataFrame]:
        """By financier and currency: what may have been put into securities accounts, and of whom.

        Rows of flows, with ``owner`` (of the account) and ``over`` (over the owner's bank account).
        """
        flows, facts = self.flows, self.facts
        into = self.trades[flows["target"].to_numpy()]
        source = flows["source"].to_numpy()
        inside = self.trades[source]
        owner = flows["paid_to"].to_numpy()
        payer = flows["paid_by"].to_numpy()
        free = ~facts.guarded[source] & ~inside & (payer >= 0) & (owner >= 0)
        straight = flows[into & free].assign(over=False)
        own_in = flows[into & ~inside & (payer == owner) & (owner >= 0)]
        over = flows[~into & free & (payer != owner) & np.isin(owner, own_in["paid_to"].to_numpy())]
        over = over[~self._wages(over)]
        over = over[self._goes_on(over, own_in)].assign(over=True)
        rows = pd.concat([straight, over]).sort_index()
        rows = rows[~self._lent_to_owner(rows)].rename(columns={"paid_to": "owner"})
        return {
            (int(party), int(coin)): rows[(rows["paid_by"] == party) & (rows["currency"] == coin)]
            for party, coin in sorted(set(zip(rows["paid_by"], rows["currency"], strict=True)))
        }

    def _wages(self, rows: pd.DataFrame) -> Flags:
        found = says(self.facts, rows["row"].to_numpy(), WAGES)
        payrolls = [
            a for a in set(rows["source"]) if getattr(self.facts.role(int(a)), "role", "") == "payroll"
        ]
        return found | rows["source"].isin(payrolls).to_numpy()

    def _goes_on(self, rows: pd.DataFrame, own_in: pd.DataFrame) -> Flags:
        """Which payments may have gone on to the securities account: at least half as much did in time."""
        found = np.zeros(len(rows), np.bool_)
        later = own_in.sort_values(["paid_to", "time"], kind="stable")
        owners, times = later["paid_to"].to_numpy(), later["time"].to_numpy()
        total = np.concatenate(([0], np.cumsum(later["amount"].to_numpy())))
        places = rows[["paid_to", "time", "amount"]].to_numpy(np.int64)
        for at, (owner, time, amount) in enumerate(places):
            low, high = np.searchsorted(owners, owner, "left"), np.searchsorted(owners, owner, "right")
            first = low + np.searchsorted(times[low:high], time, "left")
            last = low + np.searchsorted(times[low:high], time + self.within, "right")
            found[at] = 2 * (total[last] - total[first]) >= amount
        return found

    def _lent_to_owner(self, rows: pd.DataFrame) -> Flags:
        """Which payments are a loan to whoever owns the account: what it is used for is asked of loans."""
        borrowing = borrowing_of(self.facts)
        return np.isin(rows["row"].to_numpy(), borrowing.out["row"].to_numpy())

    # ------------------------------------------------------------ one financier

    def findings(self) -> Iterator[Finding]:
        """What is found, a financier and a currency at a time; a group speaks once, by who put in most."""
        done: set[tuple[int, frozenset[str]]] = set()
        listed = self.candidates()
        sizes = {key: int(rows["amount"].sum()) for key, rows in listed.items()}
        for party, coin in sorted(listed, key=lambda key: (-sizes[key], key)):
            group = self.facts.group(str(self.facts.party_ids[party]))
            if (coin, group) in done or self.licensed(group):
                continue
            done.add((coin, group))
            members = [
                self.facts.party_number[each] for each in sorted(group) if each in self.facts.party_number
            ]
            rows = pd.concat([listed[m, coin] for m in members if (m, coin) in listed]).sort_index()
            found = self.at(party, coin, members, rows)
            if found is not None:
                yield found

    def at(self, party: int, coin: int, members: Sequence[int], rows: pd.DataFrame) -> Finding | None:
        """What is found on one financier."""
        outside = ~np.isin(rows["owner"].to_numpy(), members)
        for chosen in (outside, ~outside):
            put = rows[chosen]
            owners = sorted(set(put["owner"].tolist()))
            clients = self.clients(coin, sorted({*members, *owners}), put, owners) if owners else []
            used = any(client.uses for client in clients)
            if chosen is not outside and not used and len(clients) < self.ask.threshold("clients"):
                continue  # accounts of his own group: a landlord has tenants and shares, too
            if clients:
                return self._multiplied(party, coin, members, put, clients)
        return None

    def _multiplied(
        self, party: int, coin: int, members: Sequence[int], put: pd.DataFrame, clients: Sequence[Client]
    ) -> Finding | None:
        """What is found on one financier and his clients: how much was put in over their margins."""
        fundings = self.fundings(put, clients)
        margins = sum(int(client.margin["amount"].sum()) for client in clients)
        nominees = {f.owner for f in fundings} - set(members)
        direct = sum(
            int(client.margin.loc[client.margin["paid_to"].isin(nominees), "amount"].sum())
            for client in clients
        )
        rules = RULES if any(f.by_rule is not None for f in fundings) else ("",)
        put_in = {rule: direct + sum(f.amount(rule) for f in fundings) for rule in rules}
        lev = {rule: Fraction(amount, margins) for rule, amount in put_in.items()}
        if max(lev.values()) < self.ask.threshold("lev"):
            return None
        return self.finding(party, coin, members, clients, fundings, margins, put_in, lev)

    def clients(
        self, coin: int, side: Sequence[int], put: pd.DataFrame, owners: Sequence[int]
    ) -> list[Client]:
        """Who paid a margin shortly before money was put in, and interest since."""
        facts = self.facts
        paid = self.paid_to(side)
        source = paid["source"].to_numpy()
        payer = paid["paid_by"].to_numpy()
        keep = (payer >= 0) & ~np.isin(payer, side) & (paid["currency"].to_numpy() == coin)
        keep &= ~facts.guarded[source] & ~facts.guarded[paid["target"].to_numpy()]
        paid = paid[keep]
        times = np.sort(put["time"].to_numpy())
        after = np.searchsorted(times, paid["time"].to_numpy(), "left")
        soon = (after < times.size) & (
            times[np.minimum(after, times.size - 1)] - paid["time"].to_numpy() <= self.within
        )
        paid = paid.assign(soon=soon)
        counts = paid.groupby("paid_by")["soon"].agg(["size", "sum"])
        likely = counts.index[(counts["size"] > self.ask.threshold("interest")) & (counts["sum"] > 0)]
        found = []
        for client in sorted(likely.tolist()):
            mine = paid[paid["paid_by"] == client]
            split = self._split(mine)
            if split is None or self._kin(client, owners) or self._holds_units(client, put):
                continue
            found.append(Client(client, mine, *split, self.uses(client, put)))
        return found

    def _split(self, paid: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame] | None:
        """A client's payments as its margins and its interest; None where they are not like that."""
        usual = sorted(paid["amount"].tolist())[len(paid) // 2]
        large = (paid["amount"] >= TIMES * usual).to_numpy(np.bool_)
        margin = paid[paid["soon"].to_numpy(np.bool_) & large]
        if margin.empty:
            return None
        interest = paid[(paid["time"] > int(margin["time"].min())).to_numpy(np.bool_) & ~large]
        days = sets.unique(local_days(self.facts, interest["time"].to_numpy()))
        if days.size < self.ask.threshold("interest") or days.size < 2:
            return None
        alike = sum(abs(Fraction(int(each)) - usual) <= ALIKE * usual for each in interest["amount"])
        gaps = np.sort(np.diff(days))
        middle = int(gaps[gaps.size // 2])
        even = int((gaps <= max(2 * middle, middle + 3)).sum())
        if alike < MOST * len(interest) or even < MOST * gaps.size or middle > LONGEST_GAP:
            return None
        return margin, interest

    def fundings(self, put: pd.DataFrame, clients: Sequence[Client]) -> list[Funding]:
        """What was put in shortly behind a margin of one of the clients."""
        if not clients:
            return []
        margins = np.sort(np.concatenate([client.margin["time"].to_numpy() for client in clients]))
        times = put["time"].to_numpy()
        before = np.searchsorted(margins, times, "right") - 1
        close = (before >= 0) & (times - margins[np.maximum(before, 0)] <= self.within)
        put = put[close]
        found = []
        for owner in sorted(set(put["owner"].tolist())):
            mine = put[put["owner"] == owner]
            straight, over = mine[~mine["over"]], mine[mine["over"]]
            if len(straight):
                found.append(Funding(owner, straight))
            if len(over):
                aims = self.trades & (self.who == owner)
                found.append(Funding(owner, over, follow(self.ask, over, aims, self.within, hops=2)))
        return found

    # ------------------------------------------------------------ guards and links

    def _kin(self, client: int, owners: Sequence[int]) -> bool:
        """Whether the accounts are a family's: all owners are kin of the client."""
        facts = self.facts
        if not facts.tables.has("relations"):
            return False
        ties = facts.in_force("relations")
        ties = ties[ties["kind"].isin(FAMILY)]
        name = str(facts.party_ids[client])
        kin = set(words_of(ties.loc[those(ties, "party_id", name), "other_id"]))
        kin |= set(words_of(ties.loc[those(ties, "other_id", name), "party_id"]))
        return {str(facts.party_ids[owner]) for owner in owners} <= kin

    def _holds_units(self, client: int, put: pd.DataFrame) -> bool:
        """Whether the accounts are of a product of which the client holds units."""
        facts = self.facts
        accounts = facts.rows("accounts")
        products = set(words_of(accounts.loc[sorted(set(put["target"])), "product_id"])) - {""}
        bought = facts.rows("subscriptions")
        mine = those(bought, "investor_id", str(facts.party_ids[client]))
        return bool(products) and bool((bought["product_id"].isin(products).to_numpy() & mine).any())

    def uses(self, client: int, put: pd.DataFrame) -> tuple[Cited, ...]:
        """The rows by which a client uses the accounts: it signs for them, or signs in, or is said to."""
        if not self.ask.runs("link"):
            return ()
        facts = self.facts
        owners = set(put["owner"].tolist())
        theirs = np.flatnonzero(self.trades & np.isin(self.who, list(owners)))
        found = []
        signed = [int(a) for a in theirs if facts.account_signer[a] == client]
        if signed:
            found.append(cited("accounts", signed))
        mine = np.flatnonzero(self.who == client)
        signs = facts.rows("sign_ins")
        if len(signs):
            account = np.array(
                [facts.account_number[each] for each in words_of(signs["account_id"])], np.int64
            )
            medium = words_of(signs["medium_id"])
            both = set(medium[np.isin(account, mine)]) & set(medium[np.isin(account, theirs)])
            if both:
                rows = signs[np.isin(medium, list(both)) & np.isin(account, [*mine, *theirs])]
                media = facts.rows("media")
                found.append(facts.cite("sign_ins", rows, False))
                found.append(facts.cite("media", media[media["medium_id"].isin(both)], False))
        if facts.tables.has("relations"):
            ties = facts.in_force("relations")
            agents = those(ties, "kind", "agent") & those(ties, "party_id", str(facts.party_ids[client]))
            agents &= ties["other_id"].isin([str(facts.party_ids[o]) for o in owners]).to_numpy()
            if agents.any():
                found.append(facts.cite("relations", ties[agents]))
        return tuple(found)

    # ------------------------------------------------------------ the finding

    def finding(
        self, party: int, coin: int, members: Sequence[int], clients: Sequence[Client],
        fundings: Sequence[Funding], margins: int, put_in: Mapping[str, int], lev: Mapping[str, Fraction],
    ) -> Finding:  # fmt: skip
        facts, ask = self.facts, self.ask
        currency = facts.currencies[coin]
        digits = facts.tables.minor_units.get(currency, 2)
        interest = sum(int(client.interest["amount"].sum()) for client in clients)
        paid = sum(len(client.interest) for client in clients)
        most, least = max(put_in.values()), min(put_in.values())
        grave = currency == "CNY" and (
            most >= ask.threshold("business") or interest >= ask.threshold("gains")
        )
        used = [client for client in clients if client.uses]
        owners = sorted({f.owner for f in fundings})
        inside = all(owner in members for owner in owners)
        money = [
            *(client.margin for client in clients), *(client.interest for client in clients),
            *(f.rows for f in fundings),
        ]  # fmt: skip
        shown = np.concatenate([
            *(each["row"].to_numpy() for each in money),
            *(r.rows for f in fundings if f.by_rule for r in f.by_rule.values()),
        ])  # fmt: skip
        accounts = sets.unique(
            np.concatenate([each[side].to_numpy() for each in money for side in ("source", "target")])
        )
        traded = np.flatnonzero(self.trades & np.isin(self.who, owners))
        subject = str(facts.party_ids[party])
        return ask.finding(
            subject=("party", subject),
            hit=("margin", "link") if used else ("margin",),
            summary=Told(
                MULTIPLIED,
                financier=facts.name_of(subject) or subject,
                margins=f"{amount_text(margins, digits)} {currency}", count=len(clients),
                lev=f"{float(max(lev.values())):.2f}".rstrip("0").rstrip("."),
                interest=f"{amount_text(interest, digits)} {currency}", paid=paid,
            ),
            measures=[
                ask.measure("lev", N_("what was put in over the margins"), max(lev.values()), "lev"),
                ask.measure("clients", N_("clients"), len(clients)),
                ask.measure("interest", N_("payments of interest"), paid),
                ask.measure("gains", N_("interest"), interest, "gains", unit=currency)
                if currency == "CNY"
                else ask.measure("gains", N_("interest"), interest, unit=currency),
                ask.measure("margins", N_("margins"), margins, unit=currency),
                *([ask.measure("users", N_("clients who use the accounts"), len(used))] if used else ()),
            ],
            rows=[
                cited("transfers", shown), *(row for client in clients for row in client.uses),
                *(cited("transfers", client.paid["row"].to_numpy(), False) for client in clients),
                *(row for f in fundings if f.by_rule for row in context(ask, f.by_rule)),
                *cite_whose(facts, [*accounts, *traded]), *facts.cite_group(subject),
                facts.cite_parties(str(facts.party_ids[m]) for m in members),
                facts.cite_accounts(np.flatnonzero(np.isin(self.who, [client.party for client in used]))),
            ],
            severity="critical" if grave else "high",
            kinds={"flow": "shown"} | ({"register": "shown"} if used else {}),
            elements={
                "lent": "shown",
                "account": ("shown", N_("the accounts are the financier's own or his group's"))
                if inside
                else ("shown", N_("the accounts are others', neither the clients' nor the financier's")),
                "interest": "inferred",
                "used": "shown" if used else "unknown",
            },
            against={
                "licensed": ("clear", N_("nobody in its group has a licence for that"))
                if facts.tables.has("licences")
                else ("unknown", N_("no table of licences is here")),
                "family": ("clear", N_("no client is kin of the accounts' owners"))
                if facts.tables.has("relations")
                else ("unknown", N_("no table says who is kin of whom")),
                "plan": ("clear", N_("no client holds units of a product whose accounts they are"))
                if facts.tables.has("subscriptions")
                else ("unknown", N_("no table of subscriptions is here")),
                "own": ("clear", N_("the accounts are not the clients'")),
            },
            amount=max(most - margins, 0),
            amount_least=max(least - margins, 0),
            currency=currency,
            by_rule={} if "" in lev else lev,
            chains=[chain for f in fundings if f.by_rule for chain in f.by_rule["fifo"].chains][:3],
        )  # fmt: skip


# ---------------------------------------------------------------- loans


def _loans(ask: Inquiry, use: int, hops: int) -> Iterator[Finding]:
    """Loans of which much came to securities accounts within the time."""
    facts = ask.facts
    borrowing = borrowing_of(facts)
    claims, out = borrowing.claims, borrowing.out
    out = out[(claims["table"] == "loans").to_numpy()[out["claim"].to_numpy()]]
    if out.empty:
        return
    aims: Flags = facts.account_is(*SECURITIES)
    aims = aims | (of_party(facts.party_sector, facts.account_party) == "broker")
    least = ask.threshold("stock")
    close = near(facts, aims, hops - 1)
    spans = out.groupby(["claim", "currency"], as_index=False).agg(
        begins=("time", "min"), ends=("time", "max"), amount=("amount", "sum")
    )
    numbers_ = [facts.party_number.get(each, -1) for each in claims["borrower"].to_numpy()[spans["claim"]]]
    for coin in sorted(set(spans["currency"].tolist())):
        in_coin = (spans["currency"] == coin).to_numpy(np.bool_)
        part = spans[in_coin]
        parties = np.array(numbers_, np.int64)[in_coin]
        most = paid_to(
            facts, close, coin, parties, part["begins"].to_numpy(), part["ends"].to_numpy() + use, own=True
        )
        for number, whole, upper in zip(part["claim"], part["amount"], most, strict=True):
            if Fraction(int(upper), int(whole)) >= least:
                found = _loan(
                    ask,
                    claims.loc[[number]],
                    out[(out["claim"] == number) & (out["currency"] == coin)],
                    aims,
                    use,
                    hops,
                )
                if found is not None:
                    yield found


def _loan(
    ask: Inquiry, claim: pd.DataFrame, paid: pd.DataFrame, aims: Flags, use: int, hops: int
) -> Finding | None:
    facts = ask.facts
    loan = claim.iloc[0]
    lender, broker = _licensed_lender(facts, str(loan["lender"] or loan["platform"]))
    if broker:
        return None
    whole = int(paid["amount"].sum())
    found = follow(ask, paid, aims, use, hops=hops)
    parts = {rule: Fraction(each.amount, whole) for rule, each in found.items()}
    part = max(parts[rule] for rule in MONEY_RULES)
    if part < ask.threshold("stock"):
        return None
    currency = facts.currencies[int(paid["currency"].iloc[0])]
    amounts = [each.amount for each in found.values()]
    shown = sets.unique(np.concatenate([each.rows for each in found.values()] + [paid["row"].to_numpy()]))
    flows = facts.flows
    moved = flows[np.isin(flows["row"].to_numpy(), shown)]
    accounts = sets.unique(np.concatenate([moved["source"].to_numpy(), moved["target"].to_numpy()]))
    borrower = str(loan["borrower"])
    return ask.finding(
        subject=("loan", str(loan["name"])),
        hit=("use",),
        summary=Told(
            N_("of the loan {loan} to {borrower}, {part} % came to securities accounts within {days} days"),
            loan=loan["name"], borrower=facts.name_of(borrower) or borrower,
            part=f"{float(part * 100):.1f}", days=use // 86_400_000_000,
        ),
        measures=[
            ask.measure("stock", N_("part of the loan that came to securities accounts"), part, "stock"),
        ],
        rows=[
            *cite_claims(facts, claim), cited("transfers", shown), *context(ask, found),
            *cite_whose(facts, accounts), facts.cite_parties([borrower]),
        ],
        severity="medium",
        kinds={"flow": "shown" if paid["tagged"].all() else "inferred", "contract": "shown"},
        elements={
            "lent": "shown",
            "account": ("unknown", N_("of a loan it is not asked whose the account is")),
            "interest": "unknown",
            "used": "unknown",
        },
        against={
            "licensed": lender,
            "family": ("clear", N_("it is the loan's money, whoever's the account is")),
            "plan": "clear",
            "own": ("clear", N_("it is the loan's money, first in first out or in proportion")),
        },
        amount=max(amounts),
        amount_least=min(amounts),
        currency=currency,
        by_rule=parts,
        chains=found["fifo"].chains,
    )  # fmt: skip


def _licensed_lender(facts: Facts, lender: str) -> tuple[tuple[str, str], bool]:
    """Whether who lent may lend for shares."""
    if not lender:
        return ("unknown", N_("it is not known who lent")), False
    number = facts.party_number.get(lender, -1)
    if number >= 0 and facts.party_sector[number] == "broker":
        return ("present", ""), True
    if not facts.tables.has("licences"):
        return ("unknown", N_("no table of licences is here")), False
    held = facts.in_force("licences")
    may = bool((those(held, "party_id", lender) & held["function"].isin(LICENSED).to_numpy()).any())
    return (("present", "") if may else ("clear", N_("the lender has no licence for that"))), may


HELD = ("accounts.kind", "accounts.party_id")
USE = ("accounts.signer_id", "sign_ins", "relations")

LINE = RedLine(
    code="RL-10",
    name=N_("Margin lending outside the law"),
    name_zh="高风险证券市场配资",
    asks=N_("Is money lent for shares without a licence, on accounts that are another's?"),
    tests=(
        Test(
            "margin",
            N_("margins, what was put into securities accounts of others, and interest"),
            HELD,
        ),
        Test("link", N_("whether clients use those accounts"), (*HELD, USE)),
        Test("use", N_("whether loans came to securities accounts"), (*HELD, "loans")),
    ),
    elements={
        "lent": N_("money is lent for trading in securities"),
        "account": N_("it is traded on an account that is not the client's"),
        "interest": N_("interest is paid on it"),
        "used": N_("the client uses the account"),
    },
    guards={
        "licensed": N_("a licensed broker lends on margin"),
        "family": N_("it is the account of a family member"),
        "plan": N_("it is a plan in which the client holds units"),
        "own": N_("own money goes to an own account"),
    },
    find=find,
)  # fmt: skip
