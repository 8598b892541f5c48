"""Who raises money from investors and pays them: from which accounts, from whom, and what is paid back.

Investors are those whom tables name (subscriptions, loans, the client ledger), and persons whose payment
names a loan or listing whose money has not gone out yet; beside them, and where no
table names any, those whose flows say so: they pay in before they are paid, and get more back, or more often,
than they paid. A borrower is paid first, a customer is not paid back with a gain, so neither is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphflow import sets
from graphflow.errors import Told
from graphflow.findings import Cited
from graphflow.language import N_
from graphflow.redlines.borrowing import borrowing_of, says
from graphflow.redlines.facts import NEVER_A_POOL, WAGES, Facts, Flags, Ints, known

FEWEST = 10
"""From so many persons a party has to be paid, to be looked at though no table calls it a platform, an issuer
or a manager: a rule of thumb of ours."""

THROUGH = ("client_custody", "reserve_central", "reserve_special", "clearing")
"""Kinds of accounts through which investors' money passes by its earmark, whoever holds them."""

NOT_PAID_IN = frozenset({"repayment", "fee", "purchase", "salary", "tax", "rent", "commission"})
"""Kinds of transfers from an investor that are no investment."""

NOT_PAID_OUT = frozenset(
    {"salary", "commission", "fee", "disbursement", "purchase", "rent", "tax", "reversal"}
)
"""Kinds of transfers to an investor that pay no investment back."""

GOODS = ("购货", "购物", "购车", "购房", "货款", "车款", "房款", "商品", "purchase of goods")
"""What a payment for goods says."""

LICENSED = frozenset({"bank", "insurer", "payment_institution", "exchange", "clearing_house", "broker"})
"""Sectors whose business it is, by law, to take in money of many and pay it out: not looked at here."""

LICENCES = frozenset({"banking", "insurance"})
"""Licences by which a party may meet claims out of other clients' money."""

_NEVER = NEVER_A_POOL | {"marketplace", "payroll"}

NAMED = 3
"""So many of a group are named in a text, the others counted."""

_NO_ACCOUNT_OF_THEIRS = ("internal", "tax", "cash", "clearing")


@dataclass(frozen=True)
class Raising:
    """Somebody who raises money from investors, with its group, and what is paid in and out.

    Attributes
    ----------
    subject
        ``party`` or ``account``, and its id: of the group the member that is paid most.
    takers
        The members that investors pay, who is paid most first: whose name stands in a text.
    members
        The parties of the group.
    own : int64
        The accounts of the group, and those for which a member signs.
    through : int64
        Accounts of others (custody, reserve, clearing) through which its money passes by earmark.
    ins, outs
        What investors paid in and were paid: rows of `Facts.flows`, with ``holder`` (the investor) and
        ``product`` (empty where no row says).
    real
        What others than investors and members paid in.
    spent
        What was paid to others than investors and members.
    inferred
        Whether the investors are known by flows alone.
    cited
        The rows that name the platform, its products, loans and investors.
    """

    subject: tuple[str, str]
    takers: tuple[str, ...]
    members: frozenset[str]
    own: Ints = field(repr=False)
    through: Ints = field(repr=False)
    ins: pd.DataFrame = field(repr=False)
    outs: pd.DataFrame = field(repr=False)
    real: pd.DataFrame = field(repr=False)
    spent: pd.DataFrame = field(repr=False)
    investors: Ints = field(repr=False)
    inferred: bool
    cited: tuple[Cited, ...] = field(repr=False)

    def name(self, facts: Facts) -> str:
        """Who raises it: all members of a group that investors pay, or the greatest of many."""
        if self.subject[0] != "party":
            return self.subject[1]
        names = facts.names_of(self.takers[:NAMED] or (self.subject[1],))
        more = len(self.takers) - NAMED
        return (
            Told(N_("{names} and {count} more of its group"), names=names, count=more) if more > 0 else names
        )

    def cite(self, facts: Facts) -> list[Cited]:
        """What is needed to find it again, all as context: its rows, accounts, parties, group and roles."""
        rows = [each["row"].to_numpy() for each in (self.ins, self.outs, self.real, self.spent)]
        met = sets.unique(
            np.concatenate(
                [self.own, self.through]
                + [
                    each[side].to_numpy()
                    for each in (self.ins, self.outs, self.real, self.spent)
                    for side in ("source", "target")
                ]
            )
        )
        return [
            facts.cite("transfers", np.concatenate(rows), False),
            facts.cite_accounts(met),
            facts.cite_parties({facts.holder(int(each)) for each in met} - {""}),
            facts.cite_parties(self.members),
            *self.cited,
            *(facts.cite_group(self.subject[1]) if self.subject[0] == "party" else ()),
            *(facts.cite(t, facts.in_force(t), False) for t in ("roles", "licences") if facts.has(t)),
        ]

    @property
    def products(self) -> list[str]:
        """The products that its investors' rows name."""
        return sorted({*self.ins["product"], *self.outs["product"]} - {""})


def holders(facts: Facts) -> Ints:
    """By account who holds it, as a number: the party, or a number of its own where nobody says."""
    found: Ints = np.where(
        facts.account_party >= 0,
        facts.account_party,
        facts.party_ids.size + np.arange(facts.account_ids.size, dtype=np.int64),
    )
    return found


def placeholders(facts: Facts) -> Flags:
    """Accounts that stand for an unknown other side of one row: they identify nobody."""
    kept = facts.__dict__.get("_placeholders")
    if kept is None:
        kept = np.fromiter(
            (each.startswith("?:") for each in facts.account_ids), np.bool_, facts.account_ids.size
        )
        facts.__dict__["_placeholders"] = kept
    return np.asarray(kept, np.bool_)


def raisings(facts: Facts) -> tuple[Raising, ...]:
    """Everybody who raises money from investors and has paid some of them; kept with the facts."""
    kept: tuple[Raising, ...] | None = facts.__dict__.get("_raisings")
    if kept is None:
        kept = facts.__dict__["_raisings"] = tuple(_Search(facts).all())
    return kept


class _Search:
    """The search for all of them at once: groups are numbered, and each row is of the groups on its sides."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.holder = holders(facts)
        self.names: list[frozenset[str]] = []
        self.lone: list[int] = []  # an account that nobody holds, by group; -1 for a group of parties
        self.group_of_party = np.full(facts.party_ids.size, -1, np.int64)
        self.group_of_account = np.full(facts.account_ids.size, -1, np.int64)
        self.cites: dict[int, list[Cited]] = {}

    def all(self) -> list[Raising]:
        facts = self.facts
        self._number_groups()
        if not self.names:
            return []
        flows = facts.flows
        source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
        pays, gets = self.group_of_account[source], self.group_of_account[target]
        earmarked = self._by_earmark(flows)
        through = facts.account_is(*THROUGH) & (self.group_of_account < 0)
        pays = np.where(through[source] & (earmarked >= 0), earmarked, pays)
        gets = np.where(through[target] & (earmarked >= 0), earmarked, gets)
        # what passes between a group and an account with its money in it stays inside
        pays = np.where(through[source] & (pays < 0) & (gets >= 0), gets, pays)
        gets = np.where(through[target] & (gets < 0) & (pays >= 0), pays, gets)
        return self._told(flows, pays, gets)

    # ------------------------------------------------------------ groups

    def _number_groups(self) -> None:
        facts = self.facts
        refused = self._refused()
        named: dict[str, list[Cited]] = {}
        for kind in ("lending", "crowdfunding", "manager"):
            for party, known_ in facts.platforms(kind).items():
                named.setdefault(party, []).extend(known_.cited)
        if facts.has("products"):
            products = facts.rows("products")
            for column in ("issuer_id", "manager_id"):
                for issuer, offered in products[known(products[column])].groupby(column):
                    named.setdefault(str(issuer), []).append(facts.cite("products", offered, False))
        for party, rows in named.items():
            self._add(party, refused, rows)
        found = facts.collectors
        for number in found.loc[found["payers"] >= FEWEST, "party"].unique().tolist():
            self._add(str(facts.party_ids[number]), refused, [])
        group = np.append(self.group_of_party, -1)  # of nobody, -1
        held, signed = group[facts.account_party], group[facts.account_signer]
        mine = np.where(held >= 0, held, signed)
        mine[facts.account_is(*_NO_ACCOUNT_OF_THEIRS)] = -1
        self.group_of_account[:] = np.where(self._stated_away(), -1, mine)
        self._number_lone_accounts()

    def _add(self, party: str, refused: Flags, rows: list[Cited]) -> None:
        facts = self.facts
        number = facts.party_number.get(party, -1)
        if number < 0 or refused[number]:
            return
        group = int(self.group_of_party[number])
        if group < 0:
            members = facts.group(party)
            numbers = [facts.party_number[each] for each in members if each in facts.party_number]
            free = [each for each in numbers if self.group_of_party[each] < 0 and not refused[each]]
            group = len(self.names)
            self.names.append(frozenset(str(facts.party_ids[each]) for each in free))
            self.lone.append(-1)
            self.group_of_party[free] = group
        self.cites.setdefault(group, []).extend(rows)

    def _refused(self) -> Flags:
        """Parties that are not looked at: banks, governments, licensed takers of money, stated roles."""
        facts = self.facts
        found = facts.party_is("bank", "government") | np.isin(facts.party_sector, list(LICENSED))
        if facts.has("licences"):
            rows = facts.in_force("licences")
            for party in rows.loc[rows["function"].isin(LICENCES), "party_id"]:
                if party in facts.party_number:
                    found[facts.party_number[party]] = True
        if facts.has("roles"):
            rows = facts.in_force("roles")
            for subject in rows.loc[rows["role"].isin(_NEVER), "subject_id"]:
                if subject in facts.party_number:
                    found[facts.party_number[subject]] = True
        return np.asarray(found, np.bool_)

    def _stated_away(self) -> Flags:
        """Accounts whose stated role says that they are nobody's pool."""
        facts = self.facts
        found = np.zeros(facts.account_ids.size, np.bool_)
        if facts.has("roles"):
            rows = facts.in_force("roles")
            for subject in rows.loc[rows["role"].isin(_NEVER - {"custody", "reserve"}), "subject_id"]:
                if subject in facts.account_number:
                    found[facts.account_number[subject]] = True
        return found

    def _number_lone_accounts(self) -> None:
        """Accounts that nobody holds or signs for, and into which many pay."""
        facts, flows = self.facts, self.facts.flows
        nobody = (facts.account_party < 0) & (facts.account_signer < 0) & ~facts.guarded
        nobody &= (facts.account_kind != "cash") & ~placeholders(self.facts)
        into = flows[nobody[flows["target"].to_numpy()] & ~flows["own"].to_numpy()]
        if into.empty:
            return
        payers = pd.DataFrame(
            {"target": into["target"], "payer": self.holder[into["source"].to_numpy()]}
        ).drop_duplicates()
        counts = payers["target"].value_counts()
        for account in counts.index[counts >= FEWEST].tolist():
            self.group_of_account[account] = len(self.names)
            self.names.append(frozenset())
            self.lone.append(int(account))

    # ------------------------------------------------------------ rows

    def _by_earmark(self, flows: pd.DataFrame) -> Ints:
        """The group that each row through others' accounts belongs to, by what it names; -1: to none."""
        facts = self.facts
        found = np.full(len(flows), -1, np.int64)
        through = facts.account_is(*THROUGH) & (self.group_of_account < 0)
        if not through.any():
            return found
        passing = np.flatnonzero(through[flows["source"].to_numpy()] | through[flows["target"].to_numpy()])
        rows = flows["row"].to_numpy()[passing]
        groups = np.full(passing.size, -1, np.int64)
        for column, whose in (
            ("loan_id", self._groups_of("loans", "loan_id", ("platform_id",))),
            ("listing_id", self._groups_of("listings", "listing_id", ("platform_id",))),
            ("product_id", self._groups_of("products", "product_id", ("issuer_id", "manager_id"))),
        ):
            if whose:
                numbers, words = facts.codes(column, rows)
                meaning = np.array([whose.get(word, -1) for word in words] + [-1], np.int64)
                groups = np.where(groups < 0, meaning[numbers], groups)
        for column in ("order_id", "clearing_id"):
            groups = np.where(groups < 0, self._by_shared(flows, column, rows), groups)
        subscribed = self._subscribed(rows)
        found[passing] = np.where(groups < 0, subscribed, groups)
        return found

    def _groups_of(self, table: str, key: str, columns: tuple[str, ...]) -> Mapping[str, int]:
        facts = self.facts
        found: dict[str, int] = {}
        if facts.has(table):
            frame = facts.rows(table)
            for column in columns:
                part = frame[known(frame[column])]
                for ident, party in zip(part[key], part[column], strict=True):
                    number = facts.party_number.get(party, -1)
                    if number >= 0 and self.group_of_party[number] >= 0:
                        found.setdefault(str(ident), int(self.group_of_party[number]))
        return found

    def _by_shared(self, flows: pd.DataFrame, column: str, rows: Ints) -> Ints:
        """The group whose own rows have the same order or clearing number."""
        facts = self.facts
        if not facts.has(f"transfers.{column}"):
            return np.full(len(rows), -1, np.int64)
        group = np.maximum(
            self.group_of_account[flows["source"].to_numpy()],
            self.group_of_account[flows["target"].to_numpy()],
        )
        mine = np.flatnonzero(group >= 0)
        numbers, words = facts.codes(column, flows["row"].to_numpy()[mine])
        whose: dict[str, int] = {}
        for number, each in zip(numbers.tolist(), group[mine].tolist(), strict=True):
            if number >= 0:
                whose[words[number]] = each
        numbers, words = facts.codes(column, rows)
        meaning = np.array([whose.get(word, -1) for word in words] + [-1], np.int64)
        return np.asarray(meaning[numbers], np.int64)

    def _subscribed(self, rows: Ints) -> Ints:
        """The group of the product for whose subscription or redemption a row is named."""
        facts = self.facts
        found = np.full(len(rows), -1, np.int64)
        whose = self._groups_of("products", "product_id", ("issuer_id", "manager_id"))
        if not whose or not facts.has("subscriptions"):
            return found
        ids = pa.array(facts.ids(rows), pa.large_string())
        frame = facts.rows("subscriptions")
        group = frame["product_id"].map(whose).fillna(-1).to_numpy(np.int64)
        for column in ("transfer_id", "redemption_transfer_id"):
            named = pa.array(frame[column], ids.type, from_pandas=True)
            at = pc.fill_null(pc.index_in(named, value_set=ids, skip_nulls=True), -1).to_numpy()
            found[at[at >= 0]] = group[at >= 0]
        return found

    def _told(self, flows: pd.DataFrame, pays: Ints, gets: Ints) -> list[Raising]:
        facts = self.facts
        source, target = flows["source"].to_numpy(), flows["target"].to_numpy()
        payer, payee = self.holder[source], self.holder[target]
        size = int(facts.party_ids.size + facts.account_ids.size)
        group_of_holder = np.full(size, -1, np.int64)
        group_of_holder[: facts.party_ids.size] = self.group_of_party
        lone = np.array([each for each in self.lone if each >= 0], np.int64)
        group_of_holder[facts.party_ids.size + lone] = self.group_of_account[lone]
        into = np.flatnonzero((gets >= 0) & (pays != gets) & (group_of_holder[payer] != gets))
        out = np.flatnonzero((pays >= 0) & (pays != gets) & (group_of_holder[payee] != pays))
        if not into.size or not out.size:
            return []
        kinds_in, words = facts.codes("kind", flows["row"].to_numpy()[into])
        invests = ~np.isin(kinds_in, [n for n, word in enumerate(words) if word in NOT_PAID_IN])
        kinds_out, words = facts.codes("kind", flows["row"].to_numpy()[out])
        repays = ~np.isin(kinds_out, [n for n, word in enumerate(words) if word in NOT_PAID_OUT])
        named, cites = self._named(size)
        key_in, key_out = gets[into] * size + payer[into], pays[out] * size + payee[out]
        for_goods = self._for_goods(flows, (into[invests], out), (key_in[invests], key_out), size)
        inferred = self._inferred(
            flows, (into[invests], out[repays]), (key_in[invests], key_out[repays]), for_goods, size
        )
        everyone = sets.union(named, sets.minus(inferred, named))
        is_in = invests & np.isin(key_in, everyone)
        is_out = repays & np.isin(key_out, everyone)
        found = []
        for group in sets.unique(pays[out[is_out]]).tolist():
            ins, outs = into[is_in & (gets[into] == group)], out[is_out & (pays[out] == group)]
            if not ins.size:
                continue
            whose = everyone[everyone // size == group] % size
            others = into[~is_in & (gets[into] == group)]
            to_others = out[~is_out & (pays[out] == group)]
            outs = outs[~self._wages(flows, outs)]
            if not outs.size:
                continue
            found.append(
                self._raising(
                    group, flows, (ins, outs, others, to_others), (pays, gets), whose,
                    bool(np.isin(named // size, group).any()), cites.get(group, []),
                )
            )  # fmt: skip
        return found

    def _wages(self, flows: pd.DataFrame, at: Ints) -> Flags:
        said = np.char.lower(self.facts.texts("memo", flows["row"].to_numpy()[at]).astype(str))
        return np.asarray(np.logical_or.reduce([np.char.find(said, word) >= 0 for word in WAGES]), np.bool_)

    def _raising(
        self, group: int, flows: pd.DataFrame, rows: tuple[Ints, ...], sides: tuple[Ints, Ints],
        investors: Ints, named: bool, cites: list[Cited],
    ) -> Raising:  # fmt: skip
        facts = self.facts
        own = np.flatnonzero(self.group_of_account == group)
        touching = (sides[0] == group) | (sides[1] == group)
        met = sets.unique(
            np.concatenate([flows["source"].to_numpy()[touching], flows["target"].to_numpy()[touching]])
        )
        through = met[np.isin(facts.account_kind[met], THROUGH) & (self.group_of_account[met] < 0)]
        frames = [
            self._rows(flows, at, side) for at, side in zip(rows, ("source", "target") * 2, strict=True)
        ]
        subject, takers = ("account", str(facts.account_ids[self.lone[group]])), tuple[str, ...]()
        if self.lone[group] < 0:
            whose = facts.account_party[frames[0]["target"].to_numpy()]
            whose = np.where(whose >= 0, whose, facts.account_signer[frames[0]["target"].to_numpy()])
            mine = np.isin(whose, np.flatnonzero(self.group_of_party == group))
            taken = frames[0]["amount"].to_numpy()[mine]
            if mine.any():
                totals = (
                    pd.Series(taken).groupby(whose[mine]).sum().sort_values(ascending=False, kind="stable")
                )
                takers = tuple(str(facts.party_ids[int(each)]) for each in totals.index)
                subject = ("party", takers[0])
            else:
                subject = (
                    "party",
                    min(self.names[group], key=lambda each: (not self._is_platform(each), each)),
                )
        ins, outs, real, spent = frames
        cites = [*cites, *self._by_which(group)] if through.size else cites
        cited = (*self.cites.get(group, []), *cites)
        return Raising(
            subject, takers, self.names[group], own, through, ins, outs, real, spent, investors, not named,
            cited,
        )  # fmt: skip

    def _by_which(self, group: int) -> list[Cited]:
        """The loans, listings and products by which rows through others' accounts are of a group."""
        facts, found = self.facts, []
        for table, columns in (
            ("loans", ("platform_id",)),
            ("listings", ("platform_id",)),
            ("products", ("issuer_id", "manager_id")),
        ):
            if facts.has(table):
                frame = facts.rows(table)
                mine = np.logical_or.reduce([frame[each].isin(self.names[group]) for each in columns])
                found.append(facts.cite(table, frame[mine], False))
        return found

    def _is_platform(self, party: str) -> bool:
        return any(party in self.facts.platforms(kind) for kind in ("lending", "crowdfunding", "manager"))

    def _rows(self, flows: pd.DataFrame, at: Ints, side: str) -> pd.DataFrame:
        """Rows of the flows, with who is on the other side, and the product that they are for."""
        facts = self.facts
        found = flows.iloc[at].copy()
        found["holder"] = self.holder[found[side].to_numpy()]
        product = facts.texts("product_id", found["row"].to_numpy())
        held_for = facts.account_products
        other = held_for[found["target" if side == "source" else "source"].to_numpy()]
        found["product"] = np.where(product == "", other, product)
        return found

    # ------------------------------------------------------------ investors

    def _named(self, size: int) -> tuple[Ints, dict[int, list[Cited]]]:
        """Investors that tables name, as keys ``group * size + holder``; and the rows, by group."""
        facts = self.facts
        keys: list[Ints] = [np.zeros(0, np.int64)]
        cites: dict[int, list[Cited]] = {}

        def add(table: str, column: str, by: str, whose: Mapping[str, int]) -> None:
            frame = facts.rows(table)
            group = frame[by].map(whose).fillna(-1).to_numpy(np.int64)
            party = facts.numbers_of(frame[column])
            good = (group >= 0) & (party >= 0)
            keys.append(sets.unique(group[good] * size + party[good]))
            for each in sets.unique(group[good]).tolist():
                cites.setdefault(each, []).append(facts.cite(table, frame[good & (group == each)], False))

        platform = {
            str(facts.party_ids[number]): int(self.group_of_party[number])
            for number in np.flatnonzero(self.group_of_party >= 0)
        }
        products = self._groups_of("products", "product_id", ("issuer_id", "manager_id"))
        loans = self._groups_of("loans", "loan_id", ("platform_id",))
        if facts.has("subscriptions") and products:
            add("subscriptions", "investor_id", "product_id", products)
        if facts.has("loans.lender_id"):
            add("loans", "lender_id", "platform_id", platform)
        if facts.has("assignments") and loans:
            add("assignments", "buyer_id", "loan_id", loans)
        if facts.has("client_ledger"):
            add("client_ledger", "client_id", "platform_id", platform)
        listed = self._on_listings(size, platform)
        for each in sets.unique(listed // size).tolist():
            keys.append(listed[listed // size == each])
            for table in ("loans", "listings"):
                frame = facts.rows(table)
                mine = frame["platform_id"].map(platform).fillna(-1).to_numpy(np.int64) == each
                cites.setdefault(each, []).append(facts.cite(table, frame[mine], False))
        found = sets.unique(np.concatenate(keys))
        # a member of the group is nobody's investor
        outside = self.group_of_party[found % size] != found // size
        return found[outside], cites

    def _on_listings(self, size: int, platform: Mapping[str, int]) -> Ints:
        """Persons who paid for a platform's loan or listing before its money went out: keys as in `_named`.

        The contract that their payment names makes them lenders; a borrower is paid first.
        """
        facts = self.facts
        if not facts.has("loans.platform_id"):
            return np.zeros(0, np.int64)
        found = borrowing_of(facts)
        before, claims = found.before, found.claims
        group = claims["platform"].map(platform).fillna(-1).to_numpy(np.int64)[before["claim"].to_numpy()]
        payer = facts.account_party[before["source"].to_numpy()]
        borrower = facts.numbers_of(claims["borrower"])
        person = np.append(facts.party_is("person"), False)[payer]
        good = (group >= 0) & person & (payer != borrower[before["claim"].to_numpy()])
        return sets.unique(group[good] * size + payer[good])

    def _for_goods(
        self, flows: pd.DataFrame, at: tuple[Ints, Ints], keys: tuple[Ints, Ints], size: int
    ) -> Flags:
        """Which payments in are for goods, as they say, or for an order for which somebody else was paid."""
        facts, rows = self.facts, flows["row"].to_numpy()
        found = says(facts, rows[at[0]], GOODS)
        if not facts.has("transfers.order_id"):
            return found
        orders, words = facts.codes("order_id", rows[np.concatenate(at)])
        asked, paid = orders[: at[0].size], orders[at[0].size :]
        deals = keys[0] // size * len(words) + asked  # an order of a group
        settled = pd.DataFrame({"deal": keys[1] // size * len(words) + paid, "who": keys[1] % size})[
            paid >= 0
        ]
        ends = settled.groupby("deal")["who"].agg(["min", "max"]).reindex(deals)
        payer = keys[0] % size
        other = ends["min"].notna() & ((ends["min"] != payer) | (ends["max"] != payer))
        return np.asarray(found | ((asked >= 0) & other.to_numpy(np.bool_)), np.bool_)

    def _inferred(
        self, flows: pd.DataFrame, at: tuple[Ints, Ints], keys: tuple[Ints, Ints], for_goods: Flags, size: int
    ) -> Ints:
        """Investors by flows, as keys: see the file's first lines.

        Persons, and holders of whom nothing is known, that pay a group before it pays them. They count where
        at least `FEWEST` of them were paid back, more often or more than they paid for at least half of that
        money, and half of those who came in the first half of the time were paid back at all. Who was never
        paid is counted with them, unless it paid for goods or for an order that somebody else was paid for.
        """
        facts = self.facts
        time, amount = flows["time"].to_numpy(), flows["amount"].to_numpy()
        parts = []
        for where, key in zip(at, keys, strict=True):
            frame = pd.DataFrame({"key": key, "time": time[where], "amount": amount[where]})
            parts.append(
                frame.groupby("key").agg(
                    first=("time", "min"), count=("time", "size"), money=("amount", "sum")
                )
            )
        pairs = parts[0].join(parts[1].add_suffix("_out"))
        bought = pairs.index.isin(sets.unique(keys[0][for_goods])) & pairs["count_out"].isna()
        pairs = pairs[~bought]
        holder = pairs.index.to_numpy() % size
        party = holder < facts.party_ids.size
        kind = np.full(len(pairs), "", object)
        kind[party] = facts.party_kind[holder[party]]
        placeholder = np.zeros(len(pairs), np.bool_)
        account = holder[~party] - facts.party_ids.size
        odd = placeholders(self.facts) | facts.guarded | facts.account_is("cash", "internal", "tax")
        placeholder[~party] = odd[account]
        paid = pairs["count_out"].notna().to_numpy()
        before = ~paid | (pairs["first"].to_numpy() < pairs["first_out"].fillna(0).to_numpy())
        pairs = pairs[np.isin(kind, ("person", "")) & ~placeholder & before]
        found: list[Ints] = []
        for _, group in pairs.groupby(pairs.index.to_numpy() // size):
            repaid = group["count_out"].notna()
            gains = repaid & ((group["count_out"] > group["count"]) | (group["money_out"] > group["money"]))
            early = group["first"] <= (group["first"].min() + group["first"].max()) / 2
            if (
                repaid.sum() >= FEWEST
                and 2 * group.loc[gains, "money_out"].sum() >= group.loc[repaid, "money_out"].sum()
                and 2 * (early & repaid).sum() >= early.sum()
            ):
                found.append(group.index.to_numpy(np.int64))
        return sets.unique(np.concatenate([np.zeros(0, np.int64), *found]))
