"""Who keeps money for clients, in which accounts, and what came into these and went out of them.

An institution keeps clients' money by its sector, or because loans, listings, the client ledger or products
name it. Its clients are those whom a table names as its; nobody is inferred to be one. What comes into its
accounts is clients' money where a client pays it, where it names a loan, listing or product of the
institution, and in a reserve; its own where its group, an owner or a lender pays it; all else cannot be
told. Fees as long as they are small, interest that is taken out within a month, and entries put right
within days belong to neither. What goes out to a client goes to him as one up to his claim (`claims`); a
client can hold a stake or work there as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import networkx as nx
import numpy as np
import numpy.typing as npt
import pandas as pd

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited, cited
from graphflow.language import N_
from graphflow.redlines.borrowing import cite_roles, of_party, says
from graphflow.redlines.claims import beyond, cite_claims, registered
from graphflow.redlines.clients import clients_of
from graphflow.redlines.facts import DAY, WAGES, Facts, Flags, Ints, among
from graphflow.redlines.pooling import sides
from graphflow.redlines.standing import cite_coverage

KEEPERS = (
    "p2p_platform", "equity_crowdfunding_platform", "asset_manager", "trust_company", "fund_distributor",
    "broker", "exchange", "payment_institution",
)  # fmt: skip
"""Sectors that keep clients' money apart from their own by law."""

NO_KEEPERS = ("bank", "insurer", "clearing_house")
"""Sectors that take money as their own business by law: what they hold is theirs, and owed."""

NAMING = (
    ("loans", "platform_id"), ("listings", "platform_id"), ("client_ledger", "platform_id"),
    ("products", "manager_id"),
)  # fmt: skip
"""Tables that name who keeps money for others."""

CUSTODY = ("client_custody", "reserve_central", "reserve_special")
RESERVE = CUSTODY[1:]
ORDINARY = ("", "settlement", "wallet", "payroll")
"""Kinds of accounts in custody, and of ordinary ones; margin, securities and loans are neither."""

CUSTODY_ROLES = ("custody", "reserve")

FEES = ("手续费", "服务费", "管理费", "佣金", "通道费", "service fee", "management fee", "commission")
INTEREST = ("利息", "结息", "interest")
"""What stands in the memo of a fee, and of interest."""

PURPOSES = {
    "wages": (WAGES, ("salary", "wage", "wages", "payroll")),
    "tax": (("缴税", "税款", "增值税", "所得税"), ("tax",)),
    "rent": (("房租", "租金", "物业费"), ("rent",)),
    "ads": (("广告", "推广费", "营销费", "advertis"), ("ads", "advertising", "marketing")),
    "debt": (("归还贷款", "偿还贷款", "还银行贷款"), ()),
}
"""Purposes of its own: what the memo of a payment says, and its kind."""

PUT_RIGHT = 5 * DAY
SWEPT = 31 * DAY
"""Within so long an entry is put right, and interest that was credited is taken out."""

Texts = npt.NDArray[np.object_]

CLIENT, OWN, OTHER, LEFT_OUT = range(4)
"""What a row in is: clients' money, the group's own, not to be told, or left out by a guard."""


@dataclass(frozen=True)
class Limits:
    """From what on an account holds clients' money, how great a part fees may be, how soon an entry is
    put right (microseconds; below 0: never).
    """

    mixed: Fraction
    fees: Fraction
    clients: int
    put_right: int = PUT_RIGHT


@dataclass(frozen=True)
class Keeper:
    """Institutions of one group that keep clients' money.

    Attributes
    ----------
    institutions, members
        They, and their whole group, by id.
    """

    facts: Facts = field(repr=False)
    institutions: tuple[str, ...]
    members: frozenset[str]
    limits: Limits

    # ------------------------------------------------------------ who

    @cached_property
    def of(self) -> Ints:
        """The institutions by number."""
        return np.array([self.facts.party_number[each] for each in self.institutions], np.int64)

    @cached_property
    def group(self) -> Ints:
        """The members by number."""
        number = self.facts.party_number
        return np.array(sorted(number[each] for each in self.members if each in number), np.int64)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """The rows of `Clients.pairs` that name a client of theirs."""
        pairs = clients_of(self.facts).pairs
        mine = np.isin(pairs["institution"], self.of) & ~np.isin(pairs["client"], self.group)
        return pairs[mine]

    @cached_property
    def clients(self) -> Ints:
        """Their clients by number."""
        return sets.unique(self.pairs["client"].to_numpy(np.int64))

    @cached_property
    def registered(self) -> Ints:
        """Whom a table names a client, by number; of the group those whom the client ledger names."""
        return registered(self.facts, self.of, self.group)

    @cached_property
    def owners(self) -> Ints:
        """Who held a stake in an institution at any time, by number; one can be a client as well."""
        if not self.facts.has("stakes"):
            return np.zeros(0, np.int64)
        rows = self._stakes
        numbers = self.facts.numbers_of(rows["owner_id"])
        return sets.unique(numbers[numbers >= 0])

    @cached_property
    def _stakes(self) -> pd.DataFrame:
        rows = self.facts.rows("stakes")
        mine: pd.DataFrame = rows[rows["company_id"].isin(self.institutions)]
        return mine

    @cached_property
    def employees(self) -> Ints:
        """Who is employed by the group, by number."""
        rows = self._employed
        numbers = self.facts.numbers_of(rows["party_id"])
        return sets.unique(numbers[numbers >= 0])

    @cached_property
    def _employed(self) -> pd.DataFrame:
        rows = self.facts.rows("relations")
        if not len(rows):
            return rows
        mine: pd.DataFrame = rows[(rows["kind"] == "employee") & rows["other_id"].isin(self.members)]
        return mine

    # ------------------------------------------------------------ accounts

    @cached_property
    def held(self) -> Ints:
        """All accounts that the group holds or signs for."""
        return self.facts.accounts_of(self.members, signed=True)

    @cached_property
    def ordinary(self) -> Ints:
        """Those of them that are ordinary ones."""
        facts, mine = self.facts, self.held
        free = np.isin(facts.account_kind[mine], ORDINARY) & ~facts.guarded[mine] & ~custody_of(facts)[mine]
        return mine[free]

    @cached_property
    def custody(self) -> Ints:
        """Accounts in custody for them: of the group, of a product, or where their clients' money goes."""
        facts = self.facts
        found = np.zeros(facts.account_ids.size, np.bool_)
        found[self.held] = True
        found |= np.isin(facts.account_products, sorted(self._named["product_id"]))
        theirs = np.flatnonzero(custody_of(facts) & ~found & ~facts.account_is(*RESERVE))
        into = facts.paid_to(theirs)
        pairs = clients_of(facts).pairs
        others = pairs.loc[~np.isin(pairs["institution"], np.append(self.of, -1)), "client"]
        alone = sets.minus(self.clients, others)
        flows = facts.flows
        tied = self._earmarked(flows["row"].to_numpy()[into]) | np.isin(
            flows["payer"].to_numpy()[into], alone
        )
        found[flows["target"].to_numpy()[into[tied]]] = True
        return np.flatnonzero(found & custody_of(facts))

    @cached_property
    def kept(self) -> Ints:
        """Both."""
        return sets.union(self.ordinary, self.custody)

    # ------------------------------------------------------------ contracts

    @cached_property
    def _named(self) -> dict[str, set[str]]:
        """By the column of transfers: the contracts of theirs that are about clients' money."""
        return self._named_by(self.institutions)

    def _named_by(self, institutions: Sequence[str]) -> dict[str, set[str]]:
        loans, listings, products = (self.facts.rows(each) for each in ("loans", "listings", "products"))
        lent = loans[loans["platform_id"].isin(institutions) & ~loans["lender_id"].isin(self.members)]
        return {
            "loan_id": set(lent["loan_id"]),
            "listing_id": set(listings.loc[listings["platform_id"].isin(institutions), "listing_id"]),
            "product_id": set(products.loc[products["manager_id"].isin(institutions), "product_id"]),
        }

    def _earmarked(self, rows: Ints, named: Mapping[str, set[str]] | None = None) -> Flags:
        """Which transfers, by place, name a contract of theirs."""
        found = np.zeros(rows.size, np.bool_)
        for column, names in (self._named if named is None else named).items():
            if names and rows.size:
                numbers, words = self.facts.codes(column, rows)
                found |= np.array([word in names for word in words] + [False], np.bool_)[numbers]
        return found

    # ------------------------------------------------------------ what came in

    @cached_property
    def ins(self) -> pd.DataFrame:
        """What came into their accounts: ``at`` (place in `Facts.flows`), ``row``, ``time``, ``account``,
        ``source``, ``payer``, ``amount``, ``currency``, ``what`` it is, and ``why`` it is left out.
        """
        facts, arrivals = self.facts, self.facts.arrivals
        at = facts.paid_to(self.kept)
        at = at[arrivals["time"].to_numpy()[at] <= facts.at]
        part = arrivals.iloc[at]
        ins = pd.DataFrame(
            {
                "at": at, "row": part["row"].to_numpy(), "time": part["time"].to_numpy(),
                "account": part["target"].to_numpy(), "source": part["source"].to_numpy(),
                "payer": part["payer"].to_numpy(), "amount": part["amount"].to_numpy(np.int64),
                "currency": part["currency"].to_numpy(),
            }
        )  # fmt: skip
        ins["what"], ins["why"] = self._judged(ins)
        return ins

    def _judged(self, ins: pd.DataFrame) -> tuple[Ints, Texts]:
        """What each row is, and by which guard it is left out."""
        facts = self.facts
        rows, source, payer = (ins[name].to_numpy() for name in ("row", "source", "payer"))
        inner = np.isin(source, self.kept)
        member = np.isin(payer, self.group) | np.isin(source, self.held)
        names_one = np.isin(payer, self.clients) & (payer >= 0)
        client = (names_one | self._earmarked(rows)) & ~member & ~inner
        credited = self._interest(rows, source, payer) & ~client
        lent = (facts.account_kind[source] == "loan") & ~client
        own = (member & ~inner) | (np.isin(payer, self.owners) & ~client) | lent | credited
        # nothing but clients' money is to come into a reserve
        reserve = np.isin(facts.account_kind[ins["account"].to_numpy()], RESERVE)
        client |= reserve & ~own & ~inner & ~np.isin(source, np.flatnonzero(custody_of(facts)))
        what = np.where(client, CLIENT, np.where(own, OWN, OTHER))
        why = np.full(len(ins), "", object)
        why[self._put_right[0]] = "corrections"
        why[credited & self._swept[0]] = "interest"
        fee = (fees(facts, rows) | self._beside_custody(ins, names_one & client)) & (why == "")
        small = _little(ins, fee, _sums(ins, client & ~fee & (why == "")), self.limits.fees)
        what[fee] = OWN
        why[fee & small] = "fees"
        what[why != ""] = LEFT_OUT
        # what comes from its other accounts is its own, unless these hold clients' money too
        holding = self._holding(ins, what)
        from_own = inner & ~np.isin(source, self.custody) & ~holding[source] & (what == OTHER)
        what[from_own] = OWN
        return what, why

    def _interest(self, rows: Ints, source: Ints, payer: Ints) -> Flags:
        facts = self.facts
        bank = (facts.account_kind[source] == "internal") | (of_party(facts.party_kind, payer) == "bank")
        found = np.zeros(rows.size, np.bool_)
        some = rows[bank]
        found[bank] = says(facts, some, INTEREST) | says(facts, some, ("interest",), "kind")
        return found

    def _beside_custody(self, ins: pd.DataFrame, client: Flags) -> Flags:
        """What a client pays past custody, where it is little beside what it pays into it: a fee."""
        custody = np.isin(ins["account"], self.custody)
        keys = [ins["payer"], ins["currency"]]
        into = ins["amount"].where(client & custody, 0).groupby(keys).transform("sum").to_numpy(np.int64)
        beside = ins["amount"].where(client & ~custody, 0).groupby(keys).transform("sum").to_numpy(np.int64)
        part = self.limits.fees
        little = beside * part.denominator <= into * part.numerator
        return np.asarray(client & ~custody & little & (into > 0), np.bool_)

    def _holding(self, ins: pd.DataFrame, what: Ints) -> Flags:
        """Accounts of which more than a little of what came in is clients' money, of several of them."""
        found = np.zeros(self.facts.account_ids.size, np.bool_)
        held = _sums(ins, what == CLIENT)
        every = _sums(ins, what != LEFT_OUT)
        some = ins[what == CLIENT]
        whose = sides(self.facts, some["payer"].to_numpy(), some["source"].to_numpy())
        who = pd.Series(whose).groupby(_key(some)).nunique()
        counts = dict(zip(who.index.tolist(), who.tolist(), strict=True))
        for key, amount in held.items():
            if amount > self.limits.mixed * every[key] and counts[key] >= self.limits.clients:
                found[key >> 16] = True
        return found

    @cached_property
    def holding(self) -> Flags:
        """The accounts that hold clients' money: by what came in."""
        return self._holding(self.ins, self.ins["what"].to_numpy())

    @cached_property
    def paid_in(self) -> pd.DataFrame:
        """`ins` to the institutions' own accounts, into custody, and where clients' money is held: not what
        others of the group are paid for their own business, nor what moves on from custody.
        """
        facts, ins = self.facts, self.ins
        account = ins["account"].to_numpy()
        to = np.isin(account, self.custody) | self.holding[account]
        to |= np.isin(facts.account_party[account], self.of) | np.isin(facts.account_signer[account], self.of)
        found: pd.DataFrame = ins[to & ~np.isin(ins["source"], self.custody)]
        return found

    # ------------------------------------------------------------ whose clients

    @cached_property
    def shares(self) -> list[tuple[tuple[str, ...], Flags]]:
        """Whose clients' money the rows of `ins` are: institutions of the group, and which rows are theirs.

        The contract that a payment names says it, else who names the payer a client, and of several the one
        whose account it is. Where that leaves several, the rows stand under these together.
        """
        client = (self.ins["what"] == CLIENT).to_numpy()
        if self.of.size == 1:
            return [(self.institutions, client)]
        rows, payer, account = (self.ins[name].to_numpy()[client] for name in ("row", "payer", "account"))
        ties = []
        for who, number in zip(self.institutions, self.of.tolist(), strict=True):
            mine = self.pairs["client"][self.pairs["institution"] == number]
            ties.append(
                (
                    self._earmarked(rows, self._named_by([who])),
                    np.isin(payer, mine) & (payer >= 0),
                    (self.facts.account_party[account] == number)
                    | (self.facts.account_signer[account] == number),
                )
            )
        contract, named, holder = (np.array(part).T for part in zip(*ties, strict=True))
        may = np.where(contract.any(axis=1, keepdims=True), contract, named)
        may = np.where(may.any(axis=1, keepdims=True), may, True)
        may = np.where((may & holder).any(axis=1, keepdims=True), may & holder, may)
        kinds, kind = np.unique(may, axis=0, return_inverse=True)
        places = np.flatnonzero(client)
        found = []
        for number, those in enumerate(kinds):
            which = np.zeros(client.size, np.bool_)
            which[places[kind.ravel() == number]] = True
            found.append((tuple(np.array(self.institutions)[those].tolist()), which))
        return found

    def apart(self, accounts: Ints) -> list[tuple[tuple[str, ...], Ints]]:
        """Some of their accounts by institution; those that share one, or of which that cannot be told,
        together.
        """
        if self.of.size == 1:
            return [(self.institutions, accounts)]
        facts, into = self.facts, self.ins["account"].to_numpy()
        products = facts.rows("products")
        ties: nx.Graph[tuple[str, object]] = nx.Graph()
        ties.add_nodes_from(("institution", each) for each in self.institutions)
        paid = [(set(who), set(into[rows].tolist())) for who, rows in self.shares]
        for account in accounts.tolist():
            sides = {int(facts.account_party[account]), int(facts.account_signer[account])}
            product = products["product_id"] == facts.account_products[account]
            whose = {who for who in self.institutions if facts.party_number[who] in sides}
            whose |= set(products["manager_id"][product]) & set(self.institutions)
            whose = whose or set().union(*(who for who, to in paid if account in to))
            for who in whose or self.institutions:
                ties.add_edge(("institution", who), ("account", account))
        found = []
        for part in nx.connected_components(ties):
            names = tuple(sorted(str(name) for kind, name in part if kind == "institution"))
            mine = sorted(int(str(name)) for kind, name in part if kind == "account")
            found.append((names, np.array(mine, np.int64)))
        return sorted(found, key=lambda one: one[0])

    # ------------------------------------------------------------ what went out

    @cached_property
    def outs(self) -> pd.DataFrame:
        """What went out of their accounts: ``at``, ``row``, ``time``, ``account``, ``target``, ``payee``,
        ``amount``, ``currency``; ``free``: for nobody's contract or order, and into no custody, so perhaps
        their own; ``client``: to one whom a table names a client, and who may have a claim.
        """
        facts, flows = self.facts, self.facts.flows
        at = facts.paid_by(self.kept)
        part = flows.iloc[at]
        outs = pd.DataFrame(
            {
                "at": at, "row": part["row"].to_numpy(), "time": part["time"].to_numpy(),
                "account": part["source"].to_numpy(), "target": part["target"].to_numpy(),
                "payee": part["payee"].to_numpy(), "amount": part["amount"].to_numpy(np.int64),
                "currency": part["currency"].to_numpy(),
            }
        )  # fmt: skip
        outs["free"] = self._free(outs)
        outs["client"] = np.isin(outs["payee"], self.registered)
        return outs

    def _free(self, outs: pd.DataFrame) -> Flags:
        facts = self.facts
        rows, target = outs["row"].to_numpy(), outs["target"].to_numpy()
        free = ~self._earmarked(rows)
        for column in ("order_id", "clearing_id"):
            free &= facts.codes(column, rows)[0] < 0
        free &= ~custody_of(facts)[target] & (facts.account_kind[target] != "clearing")
        return np.asarray(free & ~self._put_right[1] & ~self._swept[1], np.bool_)

    @cached_property
    def _judged_outs(self) -> pd.DataFrame:
        """Free `outs` with ``purpose``, ``told`` (only their text says so) and ``sure`` (a table agrees)."""
        facts, outs = self.facts, self.outs
        outs = outs[outs["free"].to_numpy()]
        rows, target, payee = (outs[name].to_numpy() for name in ("row", "target", "payee"))
        from_custody = np.isin(outs["account"], self.custody)
        mine, member = np.isin(payee, self.of), np.isin(payee, self.group)
        away = ~self.holding[target]
        purpose = np.full(len(outs), "", object)
        told = np.zeros(len(outs), np.bool_)
        kinds, words = facts.codes("kind", rows)
        for name, (memo, said) in PURPOSES.items():
            by_kind = np.array([word.lower() in said for word in words] + [False], np.bool_)[kinds]
            hit = (purpose == "") & ~member & (by_kind | says(facts, rows, memo))
            purpose[hit], told[hit] = name, True
        sure = np.zeros(len(outs), np.bool_)
        stated = {
            "wages": (facts.account_kind[target] == "payroll") | np.isin(payee, self.employees),
            "tax": (facts.account_kind[target] == "tax") | self._taxes(target),
            "debt": facts.account_kind[target] == "loan",
            "owner": np.isin(payee, self.owners),
        }
        for name, hit in stated.items():
            hit = hit & ~member & (payee >= 0 if name == "owner" else True)
            sure |= hit & (purpose == name) & told
            purpose[hit], told[hit] = name, False
        fee = self._small_fees(outs)
        purpose[mine & from_custody & away & ~fee] = "own"
        purpose[member & ~mine & away & ~fee] = "group"
        told[mine | member] = False
        return outs.assign(purpose=purpose, told=told, sure=sure & ~member)

    @cached_property
    def purposes(self) -> pd.DataFrame:
        """`outs` that serve a purpose of their own, with ``purpose``, and ``told`` (only their text says so).

        ``owner``: to who holds a stake; ``own``: from custody to an own account that holds no clients' money;
        ``group``: to others of the group. The others are in `PURPOSES`. Of what is paid to a registered
        client only what goes beyond his claim counts, as ``amount``, the rest of the payment is ``covered``;
        unless both its text and a table say what it is for. So much of ``amount`` is ``certain``: no claim
        can have grown so far unseen, and not only a text speaks against a client.
        """
        found = self._judged_outs
        found = found[found["purpose"] != ""]
        found = found.assign(covered=0, certain=found["amount"])
        asked = (found["client"] & ~found["sure"]).to_numpy()
        if asked.any():
            outs = self.outs[np.isin(self.outs["payee"], found["payee"][asked])]
            agreed = found.index[found["sure"]]
            fee = fees(self.facts, outs["row"].to_numpy()) & np.isin(outs["payee"], self.group)
            more, least = beyond(self, outs, ~outs.index.isin(agreed) & ~fee)
            both = pd.DataFrame({"more": more, "least": least}, index=outs.index).loc[found.index[asked]]
            amount, certain = found["amount"].to_numpy(np.int64).copy(), found["certain"].to_numpy().copy()
            amount[asked] = both["more"]
            certain[asked] = np.where(found["told"][asked], 0, both["least"])
            found = found.assign(amount=amount, covered=found["amount"] - amount, certain=certain)
        kept: pd.DataFrame = found[found["amount"] > 0]
        return kept

    def clients_between(self, currency: pd.Series, since: Ints, until: pd.Series) -> Ints:
        """Of each row: how much clients' money of a currency came in after a moment, until another."""
        found = np.zeros(len(currency), np.int64)
        ins = self.ins[self.ins["what"] == CLIENT].sort_values("time", kind="stable")
        for code in sets.unique(currency).tolist():
            part = ins[ins["currency"] == code]
            sums = np.concatenate([[0], np.cumsum(part["amount"].to_numpy(np.int64))])
            mine, times = (currency == code).to_numpy(), part["time"].to_numpy()
            first = np.searchsorted(times, since[mine], "right")
            last = np.searchsorted(times, until.to_numpy()[mine], "right")
            found[mine] = sums[last] - sums[first]
        return found

    @cached_property
    def creditors(self) -> Ints:
        """Registered clients who paid in, or whom a contract or the ledger ever showed to be owed."""
        ledger = self.facts.rows("client_ledger")
        numbers = [self.paid_in["payer"].to_numpy(np.int64)]
        if len(ledger):
            owed = ledger[(ledger["balance"] > 0) | (ledger["in_transit"].fillna(0) > 0)]
            numbers.append(self.facts.numbers_of(owed["client_id"]))
        pairs = self.pairs
        numbers.append(pairs["client"].to_numpy(np.int64)[(pairs["table"] != "client_ledger").to_numpy()])
        return sets.common(np.concatenate(numbers), self.registered)

    def _taxes(self, target: Ints) -> Flags:
        facts = self.facts
        if not facts.tables.has("roles"):
            return np.zeros(target.size, np.bool_)
        rows = facts.in_force("roles")
        names = set(rows.loc[rows["role"] == "tax_social", "subject_id"])
        found: Flags = np.isin(facts.account_ids[target], sorted(names))
        return found | np.isin(of_party(facts.party_ids, facts.account_party[target]), sorted(names - {""}))

    def _small_fees(self, outs: pd.DataFrame) -> Flags:
        """Fees out of accounts from which they are a small part of the clients' money that came in."""
        fee = fees(self.facts, outs["row"].to_numpy()) & np.isin(outs["payee"], self.group)
        came = _sums(self.ins, (self.ins["what"] == CLIENT).to_numpy())
        return fee & _little(outs, fee, came, self.limits.fees)

    # ------------------------------------------------------------ what is left out

    @cached_property
    def _put_right(self) -> tuple[Flags, Flags]:
        """Rows in and out between two accounts, of one amount, one undone by the other within days."""
        facts = self.facts
        ins, outs = facts.paid_to(self.kept), facts.paid_by(self.kept)
        ins = ins[facts.arrivals["time"].to_numpy()[ins] <= facts.at]
        came, went = facts.arrivals.iloc[ins], facts.flows.iloc[outs]
        both = pd.DataFrame(
            {
                "mine": np.concatenate([came["target"], went["source"]]),
                "other": np.concatenate([came["source"], went["target"]]),
                "amount": np.concatenate([came["amount"], went["amount"]]),
                "currency": np.concatenate([came["currency"], went["currency"]]),
            }
        )
        times = np.concatenate([came["time"], went["time"]])
        out = np.repeat([False, True], [ins.size, outs.size])
        undone = undone_within(_same(both), times, out, self.limits.put_right)
        return undone[: ins.size], undone[ins.size :]

    @cached_property
    def _swept(self) -> tuple[Flags, Flags]:
        """Interest that is paid on to an own account within a month; and these payments."""
        facts = self.facts
        ins, outs = facts.paid_to(self.kept), facts.paid_by(self.kept)
        ins = ins[facts.arrivals["time"].to_numpy()[ins] <= facts.at]
        came, went = facts.arrivals.iloc[ins], facts.flows.iloc[outs]
        is_in, is_out = np.zeros(ins.size, np.bool_), np.zeros(outs.size, np.bool_)
        credited = np.flatnonzero(
            self._interest(came["row"].to_numpy(), came["source"].to_numpy(), came["payer"].to_numpy())
        )
        if not credited.size:
            return is_in, is_out
        to_own = np.isin(went["payee"], self.of) & ~custody_of(facts)[went["target"].to_numpy()]
        taken = pd.DataFrame(
            {
                "account": went["source"].to_numpy(), "amount": went["amount"].to_numpy(),
                "currency": went["currency"].to_numpy(), "time": went["time"].to_numpy(),
            }
        )[to_own]  # fmt: skip
        by_key = dict(iter(taken.groupby(["account", "currency", "amount"])))
        for place in credited.tolist():
            one = came.iloc[place]
            part = by_key.get((int(one["target"]), int(one["currency"]), int(one["amount"])))
            if part is None:
                continue
            fits = part.index[
                (part["time"] >= one["time"]) & (part["time"] <= one["time"] + SWEPT) & ~is_out[part.index]
            ]
            if len(fits):
                is_in[place] = is_out[fits[0]] = True
        return is_in, is_out

    # ------------------------------------------------------------ what shows it

    def rows_around(self, more: Ints | None = None) -> Ints:
        """The places of all transfers of their accounts, and of some more, as context."""
        facts, flows = self.facts, self.facts.flows
        accounts = self.kept if more is None else sets.union(self.kept, more)
        at = sets.union(facts.paid_to(accounts), facts.paid_by(accounts))
        rows = flows["row"].to_numpy()[at]
        return sets.union(rows, facts.reversals_of(rows))

    def cite(self, more: Ints | None = None) -> list[Cited]:
        """Who they are, whose money came, what passed their accounts, and whose these are: all as context."""
        known: dict[bytes, list[Cited]] = self.__dict__.setdefault("_cited", {})
        key = b"" if more is None else np.sort(more).tobytes()
        if key not in known:
            known[key] = list(self._context(more))
        return known[key]

    def _context(self, more: Ints | None) -> Iterator[Cited]:
        facts, flows = self.facts, self.facts.flows
        accounts = self.kept if more is None else sets.union(self.kept, more)
        at = sets.union(facts.paid_to(accounts), facts.paid_by(accounts))
        yield cited("transfers", self.rows_around(more), False)
        sides = [flows[side].to_numpy()[at] for side in ("source", "target")]
        touched = sets.unique(np.concatenate([*sides, accounts]))
        yield facts.cite_accounts(touched)
        yield from cite_coverage(facts, touched)
        numbers = sets.unique(np.concatenate([facts.account_party[touched], facts.account_signer[touched]]))
        yield facts.cite_parties({*map(str, facts.party_ids[numbers[numbers >= 0]]), *self.members})
        yield from cite_roles(facts, touched.tolist())
        for each in self.institutions:
            yield from facts.cite_group(each)
        payers = sets.unique(np.concatenate([flows["payer"].to_numpy()[at], flows["payee"].to_numpy()[at]]))
        mine = self.pairs[np.isin(self.pairs["client"], payers)].drop_duplicates("client")
        for table, part in mine.groupby("table"):
            yield facts.cite(str(table), part["place"].to_numpy(), False)
            if table == "assignments":
                loans, sold = facts.rows("loans"), facts.rows("assignments")
                named = sold.loc[part["place"].to_numpy(), "loan_id"]
                yield facts.cite("loans", loans[loans["loan_id"].isin(named)], False)
            if table == "subscriptions":
                products, bought = facts.rows("products"), facts.rows("subscriptions")
                named = bought.loc[part["place"].to_numpy(), "product_id"]
                yield facts.cite("products", products[products["product_id"].isin(named)], False)
        asked = self._judged_outs
        asked = asked[(asked["purpose"] != "") & asked["client"]]
        yield from cite_claims(self, sets.unique(asked["payee"].to_numpy(np.int64)))
        yield from self._cite_contracts(flows["row"].to_numpy()[at])
        yield from self._cite_naming()
        if facts.has("stakes"):
            yield facts.cite("stakes", self._stakes, False)
        if facts.has("relations"):
            yield facts.cite("relations", self._employed, False)

    def _cite_contracts(self, rows: Ints) -> Iterator[Cited]:
        """The loans, listings and products that some transfers name."""
        facts = self.facts
        for table, column in (("loans", "loan_id"), ("listings", "listing_id"), ("products", "product_id")):
            frame = facts.rows(table)
            if len(frame) and rows.size:
                numbers, words = facts.codes(column, rows)
                names = {words[each] for each in sets.unique(numbers[numbers >= 0]).tolist()}
                yield facts.cite(table, frame[among(frame[column], names)], False)

    def _cite_naming(self) -> Iterator[Cited]:
        facts = self.facts
        for table, column in NAMING:
            frame = facts.rows(table)
            if len(frame):
                mine = frame[frame[column].isin(self.institutions)].drop_duplicates(column)
                yield facts.cite(table, mine, False)


def keepers(facts: Facts, limits: Limits, parties: Iterable[str] | None = None) -> Iterator[Keeper]:
    """Who keeps money for clients, group by group; ``parties``: only these."""
    named = list(parties) if parties is not None else _named_keepers(facts)
    groups: dict[frozenset[str], list[str]] = {}
    for party in dict.fromkeys(named):
        number = facts.party_number.get(party, -1)
        if number < 0 or facts.party_kind[number] == "bank" or facts.party_sector[number] in NO_KEEPERS:
            continue
        groups.setdefault(facts.group(party), []).append(party)
    for members, those in groups.items():
        yield Keeper(facts, tuple(sorted(those)), members, limits)


def _named_keepers(facts: Facts) -> list[str]:
    named = [str(each) for each in facts.party_ids[np.isin(facts.party_sector, KEEPERS)]]
    for table, column in NAMING:
        if facts.has(f"{table}.{column}"):
            named += facts.rows(table)[column].dropna().unique().tolist()
    return named


def custody_of(facts: Facts) -> Flags:
    """Accounts in custody or of a reserve, by their kind or by what is said of them; kept with the facts."""
    known: Flags | None = facts.__dict__.get("_custody")
    if known is None:
        known = facts.account_is(*CUSTODY)
        if facts.tables.has("roles"):
            rows = facts.in_force("roles")
            names = sorted(set(rows.loc[rows["role"].isin(CUSTODY_ROLES), "subject_id"]))
            known = known | np.isin(facts.account_ids, names)
            known = known | np.isin(of_party(facts.party_ids, facts.account_party), names)
        facts.__dict__["_custody"] = known
    return known


def fees(facts: Facts, rows: Ints) -> Flags:
    """Which transfers, by place, are fees: of another transfer, by their kind, or as their memo says."""
    kinds, words = facts.codes("kind", rows)
    by_kind = np.array([word.lower() in ("fee", "commission") for word in words] + [False], np.bool_)[kinds]
    return np.asarray(by_kind | (facts.codes("fee_of", rows)[0] >= 0) | says(facts, rows, FEES), np.bool_)


TO_CLIENT = (
    "unknown",
    N_(
        "{count} of these payments go to registered clients beyond what the tables show that they are "
        "owed, and not certainly: more may have been owed than the last row of the client ledger says, or "
        "only their text says what they are for"
    ),
)
"""What is said where a claim of a client may have grown unseen."""


def to_clients(payments: pd.DataFrame) -> tuple[str, Told] | None:
    """What is to be said of clients among the payees of some `Keeper.purposes`; None: nothing."""
    doubtful = int((payments["certain"] < payments["amount"]).sum())
    return (TO_CLIENT[0], Told(TO_CLIENT[1], count=doubtful)) if doubtful else None


def certainly(payments: pd.DataFrame) -> pd.DataFrame:
    """Of some `Keeper.purposes` what is certain; the rest counts as covered by a claim."""
    rest = payments["amount"] - payments["certain"]
    found = payments.assign(amount=payments["certain"], covered=payments["covered"] + rest)
    kept: pd.DataFrame = found[found["amount"] > 0]
    return kept


def _same(frame: pd.DataFrame) -> Ints:
    """One number for each combination of values that rows have."""
    found = np.zeros(len(frame), np.int64)
    for name in frame:
        codes, values = pd.factorize(frame[name])
        found, _ = pd.factorize(found * (len(values) + 1) + codes)
    return np.asarray(found, np.int64)


def undone_within(key: Ints, times: Ints, out: Flags, within: int) -> Flags:
    """Of rows in and out with one key: those of which one undoes another within some time, first with first.

    Examples
    --------
    >>> out = np.array([False, False, True, True])
    >>> undone_within(np.array([7, 7, 7, 8]), np.array([0, 1, 4, 4]), out, 3).tolist()
    [False, True, True, False]
    """
    order = np.lexsort((out, times, key))
    keys, then, side = key[order], times[order], out[order]
    near = (keys[1:] == keys[:-1]) & (side[1:] != side[:-1]) & (then[1:] - then[:-1] <= within)
    some = np.isin(keys, keys[1:][near])  # of all other keys no row is undone so soon
    undone = np.zeros(key.size, np.bool_)
    waiting: list[tuple[int, int]] = []
    before, was_out = -1, False
    for place, number, time, is_out in zip(
        order[some].tolist(), keys[some].tolist(), then[some].tolist(), side[some].tolist(), strict=True
    ):
        if number != before:
            before, waiting = number, []
        waiting = [each for each in waiting if time - each[1] <= within]
        if waiting and was_out != is_out:
            undone[[waiting.pop(0)[0], place]] = True
        else:
            waiting.append((place, time))
            was_out = is_out
    return undone


def _key(frame: pd.DataFrame) -> Ints:
    """Account and currency as one number."""
    account, currency = (frame[name].to_numpy(np.int64) for name in ("account", "currency"))
    return np.asarray((account << 16) + currency, np.int64)


def _sums(frame: pd.DataFrame, where: Flags) -> dict[int, int]:
    """The amounts of some rows, by account and currency."""
    sums = frame["amount"][where].groupby(_key(frame)[where]).sum()
    return dict(zip(sums.index.tolist(), sums.tolist(), strict=True))


def _little(frame: pd.DataFrame, few: Flags, whole: Mapping[int, int], part: Fraction) -> Flags:
    """The rows of accounts in which a few rows sum up to at most a part of a whole."""
    paid = _sums(frame, few)
    keys, inverse = np.unique(_key(frame), return_inverse=True)
    little = [paid.get(key, 0) <= part * whole.get(key, 0) for key in keys.tolist()]
    return np.array(little, np.bool_)[inverse]
