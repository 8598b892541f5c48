"""The register of products: what flows and holdings show against what is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graphflow.errors import Problem, UsageError
from graphflow.language import N_
from graphflow.products.looking import LookThrough
from graphflow.products.positions import Positions, micros, paid_for, positions_of, records

if TYPE_CHECKING:
    from graphflow.case import Case
    from graphflow.rows import Moment

DAY = 86_400_000_000  # microseconds

REGISTERED, NO_NUMBER, NO_ROW = STATES = ("registered", "no_number", "no_row")
"""Of a product: a number in the register is stated; it has a row and no number is; it has no row."""

GAPS: Mapping[str, str] = {
    "no_row": N_("money flows for a product of which there is no row"),
    "no_number": N_("there is money in it, and no number in the register is stated"),
    "fields_missing": N_("the register has columns for it that are empty for this product"),
    "over": N_("past its last day, and money is still in it"),
    "no_money": N_("registered, and no payment, subscription or holding of it is known"),
    "no_holdings": N_("money was put in, and nothing that it holds is stated"),
    "held_without_row": N_("held by another product, and there is no row of it"),
    "subscription_refused": N_("a subscription of a product that is not there was refused at the import"),
    "holding_refused": N_("a holding of a product that is not there was refused at the import"),
    "transfer_without_subscription": N_("a payment for the product that no subscription names"),
    "subscription_without_transfer": N_("a subscription that names no payment"),
    "redemption_without_transfer": N_("something was paid back, and no payment is named"),
    "transfer_not_there": N_("a subscription names a payment that is not in the case"),
    "amount_differs": N_("the payment is of another amount than the subscriptions that name it"),
    "sold_after_end": N_("put in after the last day of the product"),
    "paid_back_less": N_("less was paid back than was put in: the rest counts as still in it"),
}
"""What may be missing on either side, in words."""

FIELDS = ("issuer_id", "manager_id", "custodian_id", "offering", "kind", "open_type", "start")
"""What a register should say of every product; of a closed one also its last day."""

GROUPS: Mapping[str, str] = {
    "issuer": "issuer_id", "project": "project", "layer": "depth", "region": "region",
}  # fmt: skip
"""By what products can be summed, and the column that says it."""

_SUMS = ("subscriptions", "subscribed", "current", "held", "transfers", "paid_in", "paid_out", "paid", "gaps")


@dataclass(frozen=True)
class Register:
    """What is registered, and what flows and holdings show.

    Attributes
    ----------
    products
        Frame, one row a product that anything names: `product_id`, `name`, `kind`, `issuer_id`, `project`,
        `region` (in which its issuer is registered), `depth` (layers below it; missing in a ring), `state`
        (``registered``, ``no_number``, ``no_row``), `registered` (the number), `subscriptions` (how many, up
        to the date), `subscribed` (what they put in), `current` (what of it is still in), `held` (what its
        holdings say), `transfers` (how many), `paid_in` and `paid_out` (as paid, before reversals: through
        its own accounts, or named by its subscriptions as payment or redemption), `paid` (other transfers
        that name it), `gaps` (rows of the frame below). Money is in minor units of the case's currency;
        `other_currencies` counts the transfers in any other.
    gaps
        Frame, one row a thing that is missing or does not fit: `problem` (one of :data:`GAPS`), `product_id`,
        `table`, `row` (which row of it), `party_id`, `amount` (of `amount_differs` the payment less the
        subscriptions; missing where it is in another currency than the case's), `time`.
    """

    positions: Positions = field(repr=False)

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """What is missing on either side, row by row."""
        rows = list(self._gaps())
        order = {name: place for place, name in enumerate(GAPS)}
        rows.sort(key=lambda row: (order[row["problem"]], row["product_id"]))
        columns = ["problem", "product_id", "table", "row", "party_id", "amount", "time"]
        return pd.DataFrame(rows, columns=columns).astype({"amount": "Int64"})

    @cached_property
    def products(self) -> pd.DataFrame:
        """Every product that anything names, with what is registered and what is shown."""
        gaps = self.gaps["product_id"].value_counts().to_dict()
        rows = [row | {"gaps": int(gaps.get(row["product_id"], 0))} for row in self._rows]
        columns = [
            "product_id", "name", "kind", "issuer_id", "project", "region", "depth", "state", "registered",
            *_SUMS, "other_currencies",
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns).astype({"depth": "Int64"})

    def by(self, what: str) -> pd.DataFrame:
        """Products summed by issuer, project, layer or region.

        Parameters
        ----------
        what
            ``"issuer"``, ``"project"``, ``"layer"`` (products with as many layers below them) or ``"region"``
            (in which the issuer is registered).

        Returns
        -------
        pandas.DataFrame
            One row a group, what is not known last: the group, `products` (how many), how many of them are in
            each `state`, and the sums of `products`.
        """
        if what not in GROUPS:
            raise UsageError(
                Problem(
                    "by",
                    N_("there is no such choice: {value}"),
                    {"value": what},
                    repr(what),
                    ", ".join(GROUPS),
                )
            )
        column = GROUPS[what]
        frame = self.products
        for state in STATES:
            frame = frame.assign(**{state + "_count": (frame["state"] == state).astype(int)})
        groups = frame.groupby(column, dropna=False, sort=True)
        counts = groups.agg(
            products=("product_id", "size"), **{state: (state + "_count", "sum") for state in STATES}
        )
        sums = groups[list(_SUMS)].sum()
        return pd.concat([counts, sums], axis=1).reset_index()

    def __repr__(self) -> str:
        return f"<Register: {len(self.products)} products, {len(self.gaps)} gaps>"

    # ------------------------------------------------------------ what is known

    @cached_property
    def _transfers(self) -> pd.DataFrame:
        """Transfers that name a product or touch its account: `product_id`, `named`, and where it stands."""
        tables = self.positions.case.tables
        rows = tables.arrow("transfers")
        names = [
            "transfer_id",
            "time",
            "source",
            "target",
            "amount",
            "currency",
            "product_id",
            "kind",
            "fee_of",
        ]
        columns = [*names, "side"]
        if rows is None or not rows.num_rows:
            return pd.DataFrame(columns=columns)
        frame = rows.select([each for each in names if each in rows.column_names]).to_pandas()
        frame = frame.reindex(columns=names)
        frame = frame[micros(frame["time"]) <= self.positions.at]
        accounts: dict[str, str] = {}
        if tables.has("accounts", "product_id"):
            own = tables.accounts.dropna(subset=["product_id"])
            accounts = dict(zip(own["account_id"], own["product_id"], strict=True))
        into, out = frame["target"].map(accounts), frame["source"].map(accounts)
        parts = []
        inside = into.notna() & (into == out)
        for side, of in (("in", into.where(~inside)), ("out", out.where(~inside))):
            parts.append(frame.assign(of=of, side=side)[of.notna()])
        for side, named in zip(("in", "out"), self._named.values(), strict=True):
            of = frame.merge(named, on="transfer_id")
            part = of.pop("part").fillna(of["amount"])
            parts.append(of.assign(amount=part.astype("int64"), side=side))
        rest = frame[frame["product_id"].notna()]
        parts.append(rest.assign(of=rest["product_id"], side=""))
        found: pd.DataFrame = pd.concat(parts)
        # of the same transfer and product the first that is known of where it stands
        return found.drop_duplicates(["transfer_id", "of"])

    @cached_property
    def _named(self) -> Mapping[str, pd.DataFrame]:
        """The products of each transfer that subscriptions name, as payment and as redemption.

        Of one that pays for several products, `part` is what its subscriptions say of each.
        """
        found: dict[str, pd.DataFrame] = {}
        for column, sums in paid_for(self.positions.ever).items():
            several = sums.groupby("transfer_id")["of"].transform("size") > 1
            found[column] = sums.assign(part=sums["part"].astype("Int64").where(several))
        return found

    @cached_property
    def _held_products(self) -> pd.DataFrame:
        rows = self.positions.holdings
        return rows[rows["asset_kind"] == "product"] if len(rows) else rows

    @cached_property
    def _refused(self) -> list[dict[str, Any]]:
        """Rows of holdings and subscriptions that were refused because their product is not there."""
        frame = self.positions.case.quarantine
        mask = frame["table"].isin(["holdings", "subscriptions"]) & (frame["column"] == "product_id")
        return [row for row in records(frame[mask]) if isinstance(row["value"], str) and row["value"]]

    @cached_property
    def _names(self) -> list[str]:
        tables = self.positions.case.tables
        found = dict.fromkeys(map(str, self.positions.products))
        more: list[Iterable[Any]] = [self._transfers["of"]] if len(self._transfers) else []
        if tables.has("accounts", "product_id"):
            more.append(tables.accounts["product_id"].dropna())
        if len(self._held_products):
            more.append(self._held_products["asset_id"])
        more.append([row["value"] for row in self._refused])
        for each in more:
            found |= dict.fromkeys(sorted(map(str, set(each) - found.keys())))
        return list(found)

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        p = self.positions
        own = p.case.tables.currency
        regions: dict[str, Any] = {}
        if p.case.tables.has("parties", "region_registered"):
            parties = p.case.tables.parties.dropna(subset=["region_registered"])
            regions = dict(zip(parties["party_id"], parties["region_registered"], strict=True))
        moved: dict[str, dict[str, int]] = {}
        for name, side, amount, currency in (
            zip(*(self._transfers[each] for each in ("of", "side", "amount", "currency")), strict=True)
            if len(self._transfers)
            else ()
        ):
            sums = moved.setdefault(str(name), dict.fromkeys(("transfers", "in", "out", "", "other"), 0))
            sums["transfers"] += 1
            if isinstance(currency, str) and currency not in ("", own):
                sums["other"] += 1
            else:
                sums[side] += int(amount)
        rows = []
        for name in self._names:
            given = p.products.get(name)
            stated = given or {}
            put, now, held = p.sold_ever.get(name), p.sold.get(name), p.held.get(name)
            sums = moved.get(name, {})
            rows.append({
                "product_id": name, "name": stated.get("name"), "kind": stated.get("kind"),
                "issuer_id": stated.get("issuer_id"), "project": stated.get("project"),
                "region": regions.get(str(stated.get("issuer_id"))),
                "depth": LookThrough(p, name).depth,
                "state": NO_ROW if given is None else REGISTERED if stated.get("registered") else NO_NUMBER,
                "registered": stated.get("registered"),
                "subscriptions": 0 if put is None else len(put),
                "subscribed": 0 if put is None else int(put["amount"].sum()),
                "current": 0 if now is None else int(now["amount"].sum()),
                "held": 0 if held is None else int(held["amount"].sum()),
                "transfers": sums.get("transfers", 0), "paid_in": sums.get("in", 0),
                "paid_out": sums.get("out", 0), "paid": sums.get("", 0),
                "other_currencies": sums.get("other", 0),
            })  # fmt: skip
        return rows

    def _empty(self, name: str) -> list[str]:
        """Columns that the register has and that are empty for one product."""
        p = self.positions
        stated = p.products.get(name)
        if stated is None:
            return []
        wanted = (*FIELDS, *(("end",) if stated.get("open_type") == "closed" else ()))
        there = [each for each in wanted if p.case.tables.has("products", each)]
        return [each for each in there if pd.isna(stated.get(each)) or stated.get(each) == ""]

    @cached_property
    def _over(self) -> Mapping[str, int]:
        """When the last day of each product is over, where it is stated, in microseconds."""
        ends = {name: row.get("end") for name, row in self.positions.products.items()}
        known = pd.Series({name: end for name, end in ends.items() if not pd.isna(end)}, dtype=object)
        return dict(zip(known.index, micros(known) + DAY, strict=True)) if len(known) else {}

    # ------------------------------------------------------------ what is missing

    def _gaps(self) -> Iterator[dict[str, Any]]:
        yield from self._of_products()
        yield from self._of_refused()
        yield from self._of_transfers()
        yield from self._of_subscriptions()

    def _of_products(self) -> Iterator[dict[str, Any]]:
        held = {str(each) for each in self._held_products["asset_id"]} if len(self._held_products) else set()
        for row in self._rows:
            name = row["product_id"]
            flows = row["transfers"] or row["subscriptions"]
            money = row["paid_in"] or row["paid_out"] or row["paid"] or row["subscribed"]
            if row["state"] == NO_ROW and flows:
                yield _gap("no_row", name, "transfers", name, amount=money)
            if row["state"] == NO_ROW and name in held:
                rows = self._held_products[self._held_products["asset_id"] == name]
                yield _gap("held_without_row", name, "holdings", name, amount=int(rows["amount"].sum()))
            if row["state"] == NO_NUMBER and (flows or row["held"]):
                yield _gap("no_number", name, "products", name, amount=money or row["held"])
            if empty := self._empty(name):
                yield _gap("fields_missing", name, "products", ", ".join(empty))
            if self._over.get(name, self.positions.at + 1) <= self.positions.at and row["current"]:
                yield _gap("over", name, "products", name, amount=row["current"])
            if row["state"] == REGISTERED and not (flows or row["held"] or name in held):
                yield _gap("no_money", name, "products", name)
            if row["current"] and not row["held"]:
                yield _gap("no_holdings", name, "holdings", name, amount=row["current"])

    def _of_refused(self) -> Iterator[dict[str, Any]]:
        digits = self.positions.case.tables.minor_units.get(self.positions.case.tables.currency, 2)
        for row in self._refused:
            try:
                amount: int | None = int(Decimal(str(row["amount"])).scaleb(digits))
            except (InvalidOperation, ValueError):
                amount = None
            place = f"{row['source_file']}:{row['source_row']}"
            problem = {"holdings": "holding_refused", "subscriptions": "subscription_refused"}[row["table"]]
            yield _gap(problem, row["value"], row["table"], place, amount=amount)

    def _of_transfers(self) -> Iterator[dict[str, Any]]:
        rows = self._transfers
        if not len(rows):
            return
        named = self._named
        kind = rows["kind"].astype(object).where(rows["kind"].notna(), "").astype(str).str.lower()
        fee = rows["fee_of"].notna() | kind.str.endswith(("fee", "费"))
        known = rows["transfer_id"].isin([each for rows_ in named.values() for each in rows_["transfer_id"]])
        loose = rows[~fee & ~known & (rows["product_id"] == rows["of"])]
        own = ("", self.positions.case.tables.currency)
        for row in records(loose):
            other = isinstance(row["currency"], str) and row["currency"] not in own
            yield _gap(
                "transfer_without_subscription", row["of"], "transfers", row["transfer_id"],
                amount=None if other else int(row["amount"]), time=row["time"],
            )  # fmt: skip

    def _of_subscriptions(self) -> Iterator[dict[str, Any]]:
        ever = self.positions.ever
        if not len(ever):
            return
        frame = ever.reset_index(drop=True)
        none = pd.Series([None] * len(frame), dtype=object)
        paid, back = (frame.get(each, none) for each in ("transfer_id", "redemption_transfer_id"))
        amount = frame["amount"].astype("int64")
        redeemed = pd.Series(False, index=frame.index)
        when, money = none, amount
        if "redeemed" in frame:
            redeemed, when = pd.Series(micros(frame["redeemed"]) <= self.positions.at), frame["redeemed"]
            if "redeemed_amount" in frame:
                money = frame["redeemed_amount"].fillna(amount).astype("int64")
        there = self._amounts
        bad = [~(each.isna() | each.isin(list(there))) for each in (paid, back)]
        over = frame["product_id"].map(self._over).astype("Int64")
        late = (pd.Series(micros(frame["time"]), index=frame.index) >= over).fillna(False).astype(bool)
        places = self._places(frame)
        for problem, mask, values, times, rows in (
            ("subscription_without_transfer", paid.isna(), amount, frame["time"], places),
            ("redemption_without_transfer", redeemed & back.isna(), money, when, places),
            ("transfer_not_there", bad[0], amount, frame["time"], paid),
            ("transfer_not_there", bad[1] & redeemed, money, when, back),
            ("sold_after_end", late, amount, frame["time"], places),
            ("paid_back_less", redeemed & (money < amount), amount - money, when, places),
        ):
            for at in frame.index[mask]:
                yield _gap(
                    problem, frame["product_id"][at], "subscriptions", rows[at],
                    amount=int(values[at]), time=times[at], party_id=frame["investor_id"][at],
                )  # fmt: skip
        stated: dict[Any, int] = {}
        every = self.positions.case.tables.subscriptions  # what is subscribed later may name a payment of now
        if "transfer_id" in every:
            mine = every[every["transfer_id"].isin(paid.dropna())]
            stated = mine["amount"].astype("int64").groupby(mine["transfer_id"]).sum().to_dict()
        product: dict[Any, Any] = frame["product_id"].groupby(paid).first().to_dict()
        for transfer, total in stated.items():
            moved = there.get(transfer)
            if moved is not None and moved != total:
                yield _gap(
                    "amount_differs", product[transfer], "transfers", transfer, amount=int(moved) - int(total)
                )

    @staticmethod
    def _places(frame: pd.DataFrame) -> pd.Series:
        """Where each row stands: its file and row, else its number."""
        if "source_row" not in frame or "source_file" not in frame:
            return pd.Series(frame.index.astype(str), index=frame.index)
        return frame["source_file"].astype(str) + ":" + frame["source_row"].astype(str)

    @cached_property
    def _amounts(self) -> Mapping[str, int | None]:
        """The amounts of the transfers that subscriptions name, those that are there; None of other coins."""
        tables, ever = self.positions.case.tables, self.positions.ever
        rows = tables.arrow("transfers")
        names = [ever[each].dropna() for each in ("transfer_id", "redemption_transfer_id") if each in ever]
        if rows is None or not names:
            return {}
        wanted = pa.array(pd.concat(names).unique().tolist(), rows["transfer_id"].type)
        rows = rows.filter(pc.is_in(rows["transfer_id"], value_set=wanted))
        ids, amounts = rows["transfer_id"].to_pylist(), rows["amount"].to_pylist()
        own = (None, "", tables.currency)
        coins = rows["currency"].to_pylist() if "currency" in rows.column_names else [None] * len(ids)
        return {
            name: amount if coin in own else None
            for name, amount, coin in zip(ids, amounts, coins, strict=True)
        }


def _gap(
    problem: str, product: Any, table: str, row: Any, *, amount: int | None = None, time: Any = None,
    party_id: Any = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "problem": problem, "product_id": str(product), "table": table, "row": str(row),
        "party_id": party_id, "amount": amount, "time": time,
    }  # fmt: skip


def register(case: Case, as_of: Moment | None = None) -> Register:
    """Compare what is registered of products with what payments, subscriptions and holdings show.

    A product is registered where `products.registered` has its number in the register; where it is empty that
    is not known, and said so. Every product that a transfer, an account, a holding or a refused row names is
    looked at, whether there is a row of it or not.

    Parameters
    ----------
    as_of
        The date; None means the last moment of which the case knows anything.

    Returns
    -------
    Register
        `products`, `gaps` and `by`.

    Raises
    ------
    UsageError
        For a date that is none.

    References
    ----------
    国办发〔2016〕21号 六（二）: products are to be registered in one place, and their accounts watched.

    Examples
    --------
    >>> from graphflow.synthesis import holders
    >>> found = register(holders.p7())
    >>> found.products[["product_id", "state", "gaps"]].values.tolist()
    [['W', 'registered', 2], ['T', 'no_number', 3], ['V', 'registered', 1], ['Y', 'no_row', 2]]
    """
    return Register(positions_of(case, as_of))
