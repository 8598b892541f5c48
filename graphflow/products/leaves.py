"""A product's leaves: debtors related to those who run it, sectors that are restricted; and its fees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from graphflow import sets
from graphflow.ownership.relating import answer_of
from graphflow.ownership.stakes import numbers_of, party_number, stakes_at
from graphflow.products.crossing import apportion
from graphflow.products.positions import Positions, micros, paid_for, records
from graphflow.tables.columns import one

if TYPE_CHECKING:
    from graphflow.case import Case

YES, DISPUTED, NO, UNKNOWN = ANSWERS = ("yes", "disputed", "no", "unknown")
"""Whether something is so of an asset; `UNKNOWN` where nobody is known whom it could be asked of."""


def debtors(positions: Positions, assets: pd.DataFrame) -> list[str | None]:
    """Who owes each asset: its borrower, else the loan's of that id, else, of equity, the company itself."""
    tables = positions.case.tables
    loans: dict[str, str] = {}
    if tables.has("loans", "borrower_id"):
        rows = tables.loans.dropna(subset=["borrower_id"])
        loans = dict(zip(rows["loan_id"].astype(str), rows["borrower_id"].astype(str), strict=True))
    found: list[str | None] = []
    for row in records(assets):
        name, kind, given = str(row["asset_id"]), row["asset_kind"], row["borrower_id"]
        if given is not None and not pd.isna(given):
            found.append(str(given))
        elif kind in ("loan", "nonstandard_debt") and (name in loans or f"loan:{name}" in loans):
            found.append(loans.get(name) or loans[f"loan:{name}"])
        elif kind == "equity" and name in positions.party_kinds:
            found.append(name)
        else:
            found.append(None)
    return found


def related_assets(positions: Positions, products: Iterable[str], assets: pd.DataFrame) -> pd.DataFrame:
    """Each asset with whether its debtor is related to who issues or manages one of the products."""
    given = [positions.products.get(name, {}) for name in products]
    runs = sorted(
        {str(each[role]) for each in given for role in ("issuer_id", "manager_id") if each.get(role)}
    )
    groups = joined(positions.case)
    known: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {}
    rows = []
    for row, debtor in zip(records(assets), debtors(positions, assets), strict=True):
        if debtor is None or not runs:
            answer: tuple[str, tuple[str, ...], tuple[str, ...]] = (UNKNOWN, (), ())
        else:
            if debtor not in known:
                known[debtor] = _answer(positions, debtor, runs, groups)
            answer = known[debtor]
        rows.append({
            "asset_id": row["asset_id"], "asset_kind": row["asset_kind"], "party_id": debtor,
            "weight": row["weight"], "amount": row["amount"],
            "related": answer[0], "to": answer[1], "basis": answer[2],
        })  # fmt: skip
    columns = ["asset_id", "asset_kind", "party_id", "weight", "amount", "related", "to", "basis"]
    return pd.DataFrame(rows, columns=columns)


def _answer(
    positions: Positions, debtor: str, runs: list[str], groups: Mapping[str, int]
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Yes, disputed or no; with whom; by which rules. The first of these that holds for one of them."""
    said: dict[str, dict[str, tuple[str, ...]]] = {}
    for other in runs:
        if other == debtor:
            said.setdefault(YES, {})[other] = ("same",)
        elif groups.get(other) is not None and groups.get(other) == groups.get(debtor):
            stakes = positions.stakes
            answer, basis = answer_of(
                stakes, party_number(stakes, debtor), party_number(stakes, other),
                as_of=stakes.said_at if positions.asked else None,
            )  # fmt: skip
            basis = basis[(basis["scope"] == "general") & (basis["answer"] == answer)]
            said.setdefault(answer, {})[other] = tuple(basis["rule"].unique())
    for answer in (YES, DISPUTED):
        if answer in said:
            met = dict.fromkeys(rule for each in said[answer].values() for rule in each)
            return answer, tuple(said[answer]), tuple(met)
    return NO, (), ()


def joined(case: Case) -> Mapping[str, int]:
    """The number of everything that stakes and relations, at any time, join: what is apart is not related.

    Asking who is related looks at every moment of twelve months, and most debtors have nothing to do with
    those who run a product.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ids = stakes_at(case, None).ids
    ends: list[tuple[Any, Any]] = []
    for table, pairs in (
        ("stakes", (("owner_id", "company_id"), ("nominee_for", "company_id"))),
        ("relations", (("party_id", "other_id"),)),
    ):
        rows = case.tables.arrow(table)
        for first, second in pairs if rows is not None else ():
            if rows is not None and first in rows.column_names:
                ends.append((numbers_of(one(rows[first]), ids), numbers_of(one(rows[second]), ids)))
    if not ends:
        return {}
    left, right = (np.concatenate(side) for side in zip(*ends, strict=True))
    keep = (left >= 0) & (right >= 0)
    left, right = left[keep], right[keep]
    graph = coo_array((np.ones(left.size, np.int8), (left, right)), shape=(len(ids), len(ids)))
    numbers = connected_components(graph, directed=False)[1]
    met = sets.unique(np.concatenate((left, right)))
    return {str(ids[int(place)].as_py()): int(numbers[place]) for place in met}


def restricted_assets(positions: Positions, assets: pd.DataFrame) -> pd.DataFrame:
    """Each asset with its debtor's sector, and the row of law that restricts it."""
    tables = positions.case.tables
    sectors: dict[str, str] = {}
    if tables.has("parties", "sector"):
        rows = tables.parties.dropna(subset=["sector"])
        sectors = dict(zip(rows["party_id"].astype(str), rows["sector"].astype(str), strict=True))
    rules = {rule["sector"]: rule for rule in positions.law["restricted_sectors"]}
    found = []
    for row, debtor in zip(records(assets), debtors(positions, assets), strict=True):
        sector = sectors.get(debtor) if debtor is not None else None
        rule = rules.get(sector or "", {})
        found.append({
            "asset_id": row["asset_id"], "asset_kind": row["asset_kind"], "party_id": debtor,
            "weight": row["weight"], "amount": row["amount"], "sector": sector,
            "restricted": UNKNOWN if sector is None else YES if rule else NO,
            "article": rule.get("article"), "since": rule.get("since"), "mark": rule.get("mark"),
        })  # fmt: skip
    columns = [
        "asset_id", "asset_kind", "party_id", "weight", "amount", "sector", "restricted", "article", "since",
        "mark",
    ]  # fmt: skip
    return pd.DataFrame(found, columns=columns)


def summed(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Assets summed by what is said of them, the answers in their order: how many, `weight` and `amount`."""
    groups = rows.groupby(columns, dropna=False, sort=False)
    frame = groups.agg(assets=("asset_id", "size"), weight=("weight", "sum"), amount=("amount", "sum"))
    frame = frame.reset_index()
    order = frame[columns[-1]].map({answer: place for place, answer in enumerate(ANSWERS)})
    frame = frame.assign(order=order).sort_values(["order", "weight"], ascending=[True, False])
    return frame.drop(columns="order").reset_index(drop=True)


# ---------------------------------------------------------------------- fees


class Fees:
    """The fees of a case, by the transfer, and which product each was paid for.

    A fee is a transfer that names another one in `fee_of`, or whose kind ends in ``fee`` or 费, net of
    reversals. It is a product's where the product's own account paid it; else where the transfer that it is
    the fee of is the product's: where a subscription names that as payment or redemption, else by its
    `product_id`. The fee of a payment for several products is divided by what their subscriptions say is of
    each, rounded down and the greatest remainders up: it adds up. The tables have no rates: a fee that nobody
    paid by a transfer of its own, but kept back from a payment, is not seen.
    """

    def __init__(self, positions: Positions) -> None:
        self.positions = positions
        tables = positions.case.tables
        frame = tables.transfers
        kind = frame["kind"].fillna("") if "kind" in frame else pd.Series("", index=frame.index)
        named = frame["fee_of"].notna() if "fee_of" in frame else pd.Series(False, index=frame.index)
        fee = named | kind.str.lower().str.endswith(("fee", "费"))
        rows = frame[fee & (micros(frame["time"]) <= positions.at)]
        ledger = positions.case.ledger if len(rows) else None
        places = [ledger.row(str(each)) for each in rows["transfer_id"]] if ledger is not None else []
        net = [int(ledger.rows["net"][place]) for place in places] if ledger is not None else []
        self.rows = rows.assign(amount=np.array(net, np.int64))

    @cached_property
    def _of_transfer(self) -> Mapping[str, Mapping[str, int]]:
        """The products of each transfer that subscriptions or the transfer itself name, and each's part."""
        tables = self.positions.case.tables
        found: dict[str, dict[str, int]] = {}
        # also what is subscribed later: it may name a payment of now
        for rows in paid_for(tables.subscriptions).values():
            for transfer, product, part in zip(rows["transfer_id"], rows["of"], rows["part"], strict=True):
                parts = found.setdefault(str(transfer), {})
                parts[str(product)] = parts.get(str(product), 0) + max(int(part), 0)
        if tables.has("transfers", "product_id"):
            named = tables.transfers.dropna(subset=["product_id"])
            for transfer, product in zip(named["transfer_id"], named["product_id"], strict=True):
                found.setdefault(str(transfer), {str(product): 1})
        return found

    @cached_property
    def _accounts(self) -> Mapping[str, tuple[str, str]]:
        """Whose each account is: a product's, or else a party's."""
        tables = self.positions.case.tables
        found: dict[str, tuple[str, str]] = {}
        for column, kind in (("party_id", "party"), ("product_id", "product")):
            if tables.has("accounts", column):
                rows = tables.accounts.dropna(subset=[column])
                found |= {
                    str(a): (kind, str(b)) for a, b in zip(rows["account_id"], rows[column], strict=True)
                }
        return found

    @cached_property
    def by_node(self) -> Mapping[tuple[str, str], Mapping[str, int]]:
        """Sums by product or company and by currency."""
        found: dict[tuple[str, str], dict[str, int]] = {}
        of = self.rows["fee_of"] if "fee_of" in self.rows else pd.Series(None, index=self.rows.index)
        for source, fee_of, amount, currency in zip(
            self.rows["source"], of, self.rows["amount"], self._currencies(), strict=True
        ):
            node = self._accounts.get(str(source))
            parts = self._of_transfer.get(fee_of, {}) if isinstance(fee_of, str) else {}
            if parts and (node is None or node[0] != "product"):
                nodes = [("product", product) for product in parts]
                weights = list(parts.values())
                amounts = apportion(int(amount), weights if any(weights) else [1] * len(weights))
            else:
                nodes, amounts = ([node], [int(amount)]) if node is not None else ([], [])
            for one_, part in zip(nodes, amounts, strict=True):
                sums = found.setdefault(one_, {})
                sums[currency] = sums.get(currency, 0) + part
        return found

    def _currencies(self) -> list[str]:
        own = self.positions.case.tables.currency
        if "currency" not in self.rows:
            return [own] * len(self.rows)
        return [str(each) if isinstance(each, str) and each else own for each in self.rows["currency"]]

    @cached_property
    def seen(self) -> frozenset[tuple[str, str]]:
        """Products and companies of which an account is in the case: no fee of theirs is then none."""
        return frozenset(self._accounts.values())


def fee_stack(
    positions: Positions, nodes: Iterable[tuple[tuple[str, str], int, float | None, int | None]], total: int
) -> pd.DataFrame:
    """The fees of each layer, and the part of them that falls on the product at the top.

    Parameters
    ----------
    nodes
        Each layer: its node, how deep it lies, how much of the product's money passes through it (None: it
        goes round there without end), and how much it holds or is worth in all (None: not known).
    total
        What the product holds.
    """
    fees = Fees(positions)
    own = positions.case.tables.currency
    rows: list[dict[str, Any]] = []
    for node, depth, passes, size in nodes:
        sums = fees.by_node.get(node, {own: 0} if node in fees.seen else {})
        paid: list[tuple[str, int | None]] = [*sorted(sums.items())]
        ground = "ring" if passes is None else "unknown_holdings" if depth and not size else None
        for currency, amount in paid or [(own, None)]:
            part = passes
            if part is not None and depth:
                part = part * total / size if size else None
            share = None if amount is None or part is None else Fraction(part) * amount
            rows.append({
                "id": node[1], "kind": node[0], "depth": depth, "currency": currency, "fees": amount,
                "part": part, "amount": None if share is None else round(share),
                "rate": None if share is None or not total or currency != own else float(share / total),
                "ground": ground,
            })  # fmt: skip
    columns = ["id", "kind", "depth", "currency", "fees", "part", "amount", "rate", "ground"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"fees": "Int64", "amount": "Int64", "part": float, "rate": float, "ground": "str"}
    )
