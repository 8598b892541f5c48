"""What the verb `products` prints: the list of products, or one looked through."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphflow.cli.showing import (
    Amounts,
    cell,
    in_unit,
    out,
    party_names,
    print_facts,
    print_table,
    write_csv,
)
from graphflow.language import N_, translate
from graphflow.pictures import Facts, Table
from graphflow.pictures.words import (
    ASSET_KINDS,
    FEE_GROUNDS,
    ORIGIN_NAMES,
    OVERDUE_COUNTS,
    OWNING_WORDS,
    PRODUCT_KINDS,
    SECTORS,
    percent,
)
from graphflow.products.registering import GAPS
from graphflow.products.rolling import OWN, SIBLINGS
from graphflow.tables import SCHEMA
from graphflow.terminal import in_zone, jsonable, write_json
from graphflow.tracing.rules import rule_named
from graphflow.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from graphflow.case import Case
    from graphflow.products import LookThrough, Rollover

PARTS = (
    "assets", "investors", "borrowers", "layers", "ladder", "overdue", "leverage", "fees",
    "related_shares", "restricted_shares",
)  # fmt: skip
"""The tables of a product that are always shown; the first is printed as CSV unless another is asked for."""

MORE = ("related_assets", "restricted_assets", "matrix")
"""Further tables, one row an asset or more: JSON and CSV have them where they are asked for."""

TITLES = {
    "assets": N_("Assets in the end (最终投向)"),
    "investors": N_("Investors in the end (最终投资者)"),
    "borrowers": N_("Borrowers in the end"),
    "layers": N_("Products and companies below it"),
    "ladder": N_("Maturities, in days (期限)"),
    "overdue": N_("Overdue: due before this day, and still there (逾期)"),
    "leverage": N_("Total over net assets (杠杆)"),
    "list": N_("Products (产品)"),
    "fees": N_("Fees paid along the layers (通道费用)"),
    "related_shares": N_("Assets whose debtor is related to issuer or manager (关联方)"),
    "restricted_shares": N_("Assets by sector of the debtor (限制行业)"),
    "matrix": N_("Whose money is in what (最终投资者 × 最终投向)"),
    "sources": N_("What its redemptions were paid of (兑付资金来源)"),
    "products": N_("What is registered (产品登记)"),
    "shown": N_("What payments, subscriptions and holdings show"),
    "gaps_together": N_("What is missing or does not fit, together"),
    "gaps": N_("What is missing or does not fit"),
    "by": N_("Products together"),
}
_COLUMNS = {
    "asset_id": N_("asset"), "asset_kind": N_("kind"), "weight": N_("weight"), "amount": N_("amount"),
    "borrower_id": N_("borrower"), "group": N_("under"), "group_weight": N_("all under it"),
    "end": N_("falls due"), "party_id": N_("investor"), "kind": N_("kind"),
    "share": N_("share"), "qualified": N_("qualified"), "id": N_("product"), "name": N_("name"),
    "depth": N_("layers below"), "counts": N_("is a layer"), "ground": N_("ground"), "bucket": N_("days"),
    "assets": N_("assets"), "liabilities": N_("liabilities"), "gap": N_("gap"),
    "cumulative_gap": N_("gap up to here"), "gap_ratio": N_("gap over assets"),
    "rollover_dependency": N_("to be rolled over"), "side": N_("side"), "count": N_("how many"),
    "longest": N_("days, the oldest"), "nominal": N_("as stated"),
    "proportional": N_("in proportion"), "consolidated": N_("halves whole"),
    "product_id": N_("product"), "issuer_id": N_("issuer"), "depth_total": N_("layers with companies"),
    "investor_count": N_("investors in the end"), "nominal_count": N_("investors by name"),
    "wam_gap": N_("assets longer by (days)"),
    "currency": N_("currency"), "fees": N_("fees paid"), "part": N_("part of it"),
    "rate": N_("of its assets"),
    "related": N_("related"), "to": N_("to"), "basis": N_("ground"), "sector": N_("sector"),
    "restricted": N_("restricted"), "article": N_("article"), "since": N_("since"), "mark": N_("checked"),
    "source": N_("came from"), "transfers": N_("payments"), "told": N_("known further"),
    "amount_min": N_("at least"), "amount_max": N_("at most"), "project": N_("project"),
    "region": N_("region"), "state": N_("state"), "registered": N_("registered"),
    "subscriptions": N_("subscriptions"), "subscribed": N_("subscribed"), "current": N_("still in it"),
    "held": N_("held"), "paid_in": N_("paid in"), "paid_out": N_("paid out"), "paid": N_("other payments"),
    "gaps": N_("gaps"), "other_currencies": N_("in other currencies"), "problem": N_("what"),
    "table": N_("table"), "row": N_("row"), "time": N_("time"), "products": N_("products"),
    "no_number": N_("without a number"), "no_row": N_("without a row"),
}  # fmt: skip
_HEADS = {
    ("layers", "id"): N_("product or company"),
    ("fees", "id"): N_("product or company"),
    ("fees", "depth"): N_("layer"),
    ("products", "state"): N_("in the register"),
    ("products", "registered"): N_("number"),
    ("products", "gaps"): N_("what is missing"),
    ("shown", "subscriptions"): N_("how many subscriptions"),
    ("shown", "held"): N_("holds"),
    ("gaps_together", "gaps"): N_("how often"),
    ("by", "subscriptions"): N_("how many subscriptions"),
    ("by", "held"): N_("holds"),
    ("by", "gaps"): N_("what is missing"),
}
"""Heads of columns that say something else, or must say more, in one table."""

_PARTS = frozenset({
    "weight", "share", "gap_ratio", "rollover_dependency", "nominal", "proportional", "consolidated", "part",
    "rate", "group_weight",
})  # fmt: skip
_DEPTHS = ("depth", "depth_total")
"""Missing only where a product is in a ring."""
_MONEY = frozenset({
    "amount", "assets", "liabilities", "gap", "cumulative_gap", "fees", "amount_min", "amount_max",
    "subscribed", "current", "held", "paid_in", "paid_out", "paid",
})  # fmt: skip
_NUMBERS = frozenset({
    "depth", "depth_total", "investor_count", "nominal_count", "wam_gap", "transfers", "subscriptions",
    "gaps", "products", "no_number", "no_row", "other_currencies", "count", "longest",
})  # fmt: skip
_COUNTED = frozenset({"related_shares", "restricted_shares"})
"""Tables whose column `assets` counts them."""

STATES = {
    "registered": N_("registered"), "no_number": N_("no number stated"), "no_row": N_("no row"),
    "passes_on": N_("passes money on (inferred: no revenue or debt of it is known)"),
    "same_product": N_("new subscriptions of the product (同一产品新认购)"),
    "same_issuer": N_("new subscriptions of other products of the issuer (同一发行人其他产品)"),
    "others": N_("all others"), "same": N_("it is one of them"),
    "overdue": N_("overdue"), "no date": N_("no date"), "assets": N_("assets"),
    "liabilities": N_("liabilities"),
}  # fmt: skip
"""What stands in these frames as a word of ours."""

_WORDS: Mapping[str, Mapping[str, str]] = {
    "kind": {
        **PRODUCT_KINDS, **OWNING_WORDS, "product": N_("product"), "party": N_("company"),
        "others": STATES["others"],
    },
    "asset_kind": {**ASSET_KINDS, "others": STATES["others"]},
    "related": OWNING_WORDS, "restricted": OWNING_WORDS, "sector": SECTORS, "state": STATES,
    "ground": {**PRODUCT_KINDS, **STATES}, "source": {**ORIGIN_NAMES, **STATES}, "problem": GAPS,
    "table": {name: spec.title for name, spec in SCHEMA.items()}, "bucket": STATES, "side": STATES,
}  # fmt: skip
"""By column: the words of ours in it, as people read them."""
SHOWN = 30
"""Rows of a table that a person is shown; the rest is counted."""


def facts_of(r: LookThrough) -> dict[str, Any]:
    """What a product comes to, in figures."""
    return {
        "product_id": r.product_id,
        "depth": r.depth,
        "depth_total": r.depth_total,
        "rings": r.rings,
        "nominal_count": r.nominal_count,
        "investor_count": r.investor_count,
        "investor_count_cumulative": r.investor_count_cumulative,
        "project_investor_count": r.project_investor_count,
        "unknown_vehicles": r.unknown_vehicles,
        "wam_assets": r.wam_assets,
        "wam_liabilities": r.wam_liabilities,
        "wam_gap": r.wam_gap,
        "fee_rate": r.fee_rate,
    }


_FACTS = {
    "product_id": N_("product"),
    "depth": N_("Layers of products below it (嵌套层数)"),
    "depth_total": N_("Layers with companies that pass money on"),
    "rings": N_("Hold themselves through others"),
    "nominal_count": N_("Investors by name"),
    "investor_count": N_("Investors in the end, each once"),
    "investor_count_cumulative": N_("The same, ever"),
    "project_investor_count": N_("The same, in all products of the project"),
    "unknown_vehicles": N_("Vehicles without known holders: each counts as one at least"),
    "wam_assets": N_("Mean term of its assets (days)"),
    "wam_liabilities": N_("Mean term of what it owes (days)"),
    "wam_gap": N_("Its assets are longer by (days)"),
    "fee_rate": N_("Fees that are known of its layers, over what it holds"),
}


def show_product(case: Case, r: LookThrough, form: str, language: str, part: str) -> None:
    """Print one product looked through."""
    amounts = _amounts(case)
    frames: dict[str, pd.DataFrame] = {name: getattr(r, name) for name in asked(form, part)}
    if form == "json":
        pairs: list[tuple[str, object]] = [*facts_of(r).items()]
        pairs += [
            (name, [_record(row, amounts, name, case.tables.timezone) for row in frame.to_dict("records")])
            for name, frame in frames.items()
        ]
        pairs += [("currency", case.tables.currency), ("case_hash", case.hash), ("version", VERSION)]
        write_json(
            [(name, jsonable(value) if not isinstance(value, list) else value) for name, value in pairs],
            sys.stdout,
        )
        return
    if form == "csv":
        _csv(case, frames[part], amounts, part)
        return
    frames["matrix"] = r.cross(investors=MATRIX[0], assets=MATRIX[1])
    if not frames["overdue"]["count"].any():
        del frames["overdue"]
    facts = {name: value for name, value in facts_of(r).items() if value not in (None, [], "")}
    print_facts(
        Facts([
            (translate(_FACTS[name], language), percent(value) if name == "fee_rate" else _number(value))
            for name, value in facts.items()
        ])
    )  # fmt: skip
    for name, frame in frames.items():
        said = _instead(name, frame, amounts)
        if said is not None:
            text, values = said
            what = translate(text, language, **values)
            out()
            out(
                translate(N_("{where}: {what}"), language, where=translate(TITLES[name], language), what=what)
            )
        elif len(frame) and not frame.drop(columns="bucket", errors="ignore").isna().all(axis=None):
            print_table(_table(case, name, frame, language, amounts))


def _amounts(case: Case, currency: str | None = None) -> Amounts:
    return Amounts(case.tables.minor_units, currency or case.tables.currency)


def _instead(name: str, frame: pd.DataFrame, amounts: Amounts) -> tuple[str, dict[str, str]] | None:
    """What is said in place of a table that would say nothing: one of zeros, or of unknown fees."""
    if name == "fees" and len(frame) and frame["fees"].isna().all():
        return N_("no account of a layer is in the case: what was paid is not known"), {}
    if name == "fees" and len(frame) and frame["fees"].eq(0).fillna(False).all():
        return N_("none were paid"), {}
    sides = ["assets", "liabilities"]
    if name == "ladder" and not frame[sides].iloc[:-1].any(axis=None):
        undated = {side: f"{amounts.shown(frame[side].iloc[-1])} {amounts.currency}" for side in sides}
        return N_("no date is known; without one: assets {assets}, liabilities {liabilities}"), undated
    return None


MATRIX = (6, 4)
"""Investors and assets, the greatest of each, that a person is shown; the others are summed."""


def asked(form: str, part: str) -> tuple[str, ...]:
    """The tables that are computed."""
    if form == "csv":
        return (part,)
    return (*PARTS, part) if form == "json" and part in MORE else PARTS


def show_rollover(case: Case, found: Rollover, form: str, language: str) -> None:
    """Print what a product's redemptions were paid of."""
    amounts = _amounts(case, found.currency)
    if form == "json":
        figures: list[tuple[str, object]] = [
            ("product_id", found.product_id), ("rule", found.rule), ("currency", found.currency),
            ("redeemed", amounts.text(found.redeemed)), ("share", found.share),
            ("share_issuer", found.share_issuer), ("untold", found.untold), ("orders", found.orders),
        ]  # fmt: skip
        rows = [
            _record(row, amounts, "sources", case.tables.timezone) for row in found.sources.to_dict("records")
        ]
        write_json([*figures, ("sources", rows), ("case_hash", case.hash), ("version", VERSION)], sys.stdout)
        return
    if form == "csv":
        _csv(case, found.sources, amounts, "sources")
        return
    facts = [
        (N_("product"), found.product_id),
        (N_("Rule"), translate(rule_named(found.rule).title, language)),
        (N_("Paid back"), f"{amounts.shown(found.redeemed)} {found.currency}"),
        (N_("Of it the money of new subscriptions of the product"), percent(found.share)),
        (N_("With those of other products of the issuer"), percent(found.share_issuer)),
        (N_("Of which it cannot be told"), percent(found.untold)),
    ]
    print_facts(Facts([(translate(name, language), value) for name, value in facts]))
    frame = found.sources
    if found.orders == 1:  # no order is open: nothing to say of others
        frame = frame.drop(columns=["amount_min", "amount_max"])
    frame = frame[frame["amount"].ne(0) | frame.get("amount_max", frame["amount"]).fillna(1).ne(0)]
    if not frame["source"].isin([OWN, SIBLINGS]).any():
        out()
        out(
            translate(
                N_(
                    "No money of new subscriptions is found in it, of the product or of others of its issuer."
                ),
                language,
            )
        )
    print_table(_table(case, "sources", frame, language, amounts))
    if found.orders == 0:
        out(
            translate(
                N_("nothing decides the order of some rows, and the orders are too many to try"), language
            )
        )


def show_register(case: Case, frames: Mapping[str, pd.DataFrame], form: str, language: str) -> None:
    """Print the register of products with what is missing on either side, or its groups."""
    amounts = _amounts(case)
    if form == "json":
        pairs: list[tuple[str, object]] = [
            (name, [_record(row, amounts, name, case.tables.timezone) for row in frame.to_dict("records")])
            for name, frame in frames.items()
        ]
        ends = [("currency", case.tables.currency), ("case_hash", case.hash), ("version", VERSION)]
        write_json([*pairs, *ends], sys.stdout)
    elif form == "csv":
        name, frame = next(iter(frames.items()))
        _csv(case, frame, amounts, name)
    else:
        for name, frame in _registered(frames).items():
            if len(frame):
                print_table(_table(case, name, frame, language, amounts))
            elif name == "gaps":
                out(translate(N_("nothing is missing on either side"), language))
            else:
                out(translate(N_("nothing in the case names a product"), language))


def _registered(frames: Mapping[str, pd.DataFrame]) -> Mapping[str, pd.DataFrame]:
    """The register as a person reads it: what is registered apart from what is shown, gaps first together."""
    if "products" not in frames:
        return frames
    rows, gaps = frames["products"], frames["gaps"]
    left = ["other_currencies"] if rows["other_currencies"].any() else []  # no column where there is none
    found = {
        "products": rows[[*_REGISTERED, "gaps"]],
        "shown": rows[["product_id", *_SHOWN_SUMS, *left]],
    }
    if len(gaps) > SHOWN:
        groups = gaps.groupby(["problem", "product_id"], sort=False)
        found["gaps_together"] = groups.agg(gaps=("row", "size"), amount=("amount", "sum")).reset_index()
    return (found if len(rows) else {"products": rows}) | {"gaps": gaps}


_REGISTERED = (
    "product_id", "name", "kind", "issuer_id", "project", "region", "depth", "state", "registered",
)  # fmt: skip
_SHOWN_SUMS = (
    "subscriptions", "subscribed", "current", "held", "transfers", "paid_in", "paid_out", "paid",
)  # fmt: skip


def _csv(case: Case, frame: pd.DataFrame, amounts: Amounts, name: str) -> None:
    rows = [_record(row, amounts, name, case.tables.timezone) for row in frame.to_dict("records")]
    write_csv(rows, [str(each) for each in frame.columns])


def show_products(case: Case, rows: pd.DataFrame, form: str, language: str) -> None:
    """Print the list of a case's products."""
    if form == "json":
        records = [_record(row, _amounts(case), "", case.tables.timezone) for row in rows.to_dict("records")]
        write_json([("products", records), ("case_hash", case.hash), ("version", VERSION)], sys.stdout)
    elif form == "csv":
        _csv(case, rows, _amounts(case), "")
    elif len(rows):
        print_table(_table(case, "list", rows, language, _amounts(case)))
    else:
        out(translate(N_("the case has no table of products"), language))


def _is_money(name: str, table: str) -> bool:
    """Whether a column of a table is money: `assets` counts them in some, as `registered` does by group."""
    return name in _MONEY and not (name == "assets" and table in _COUNTED)


def _record(row: Any, amounts: Amounts, table: str, zone: str) -> dict[str, Any]:
    """A row for programs: money as decimal text, times in the case's zone: a day stays that day."""
    return {
        str(name): amounts.text(int(value), row.get("currency"))
        if _is_money(str(name), table) and jsonable(value) is not None
        else jsonable(in_zone(value, zone))
        for name, value in row.items()
    }


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}".removesuffix(".00")
    return f"{value:,}" if isinstance(value, int) else cell(jsonable(value))


def _table(case: Case, table: str, frame: pd.DataFrame, language: str, amounts: Amounts) -> Table:
    """A frame in the reader's language; the currency of its money stands in the heading, or beside it."""
    columns = [
        str(each)
        for each in frame.columns
        if each != "currency" and (table == "by" or each in _DEPTHS or not frame[each].isna().all())
    ]
    ids = {
        str(each)
        for name in ("party_id", "borrower_id", "issuer_id")
        if name in columns
        for each in frame[name].dropna()
    }
    ids |= {each for group in (frame["group"] if "group" in columns else ()) for each in group.split(", ")}
    names = party_names(case, ids)
    shown = frame.head(SHOWN)
    zone = case.tables.timezone
    rows = [
        [
            _money(row, name, amounts) if _is_money(name, table)
            else _cell(row[name], (table, name), names, language, zone)
            for name in columns
        ]
        for row in shown.to_dict("records")
    ]  # fmt: skip
    left = len(frame) - len(shown)
    note = (
        translate(N_("{count} more rows: --format csv shows all"), language, count=f"{left:,}")
        if left
        else translate(OVERDUE_COUNTS, language)
        if table == "overdue"
        else ""
    )
    right = [
        place for place, name in enumerate(columns)
        if name in _PARTS | _MONEY | _NUMBERS or (name == "registered" and table == "by")
    ]  # fmt: skip
    own = "currency" in frame.columns  # then it stands beside each amount
    heads = []
    for name in columns:
        head = _HEADS.get((table, name), _COLUMNS[name])
        money = _is_money(name, table) and not own
        heads.append(in_unit(head, amounts.currency, language) if money else translate(head, language))
    return Table(translate(TITLES[table], language), heads, rows, right, note)


def _named(party: str, names: Mapping[str, str]) -> str:
    known = names.get(party, "")
    return f"{known} ({party})" if known and known != party else party


def _money(row: Mapping[Any, Any], name: str, amounts: Amounts) -> str:
    """Money of a row, with its currency where the row says one; nothing where it is not known."""
    if jsonable(row[name]) is None:
        return ""
    currency = row.get("currency")
    said = amounts.shown(int(row[name]), currency)
    return f"{said} {currency}" if currency else said


def _cell(value: Any, where: tuple[str, str], names: dict[str, str], language: str, zone: str) -> str:
    table, name = where
    plain = jsonable(value)
    if plain is None and name in _DEPTHS:
        return translate(N_("ring"), language)
    if plain is None:
        unknown = (name == "party_id" and table != "gaps") or name == "sector" or table == "by"
        return translate(N_("not known"), language) if unknown else ""
    if name in _PARTS:
        return percent(float(plain)) if not math.isnan(float(plain)) else ""
    if name in ("party_id", "borrower_id", "issuer_id"):
        return _named(str(plain), names)
    if isinstance(plain, bool):
        return translate(N_("yes") if plain else N_("no"), language)
    if name in ("end", "time"):
        return str(value.tz_convert(zone).date())
    if name == "group":
        return ", ".join(_named(each, names) for each in str(plain).split(", "))
    if isinstance(plain, (list, tuple)):
        return ", ".join(str(each) for each in plain)
    words = FEE_GROUNDS if table == "fees" and name == "ground" else _WORDS.get(name, {})
    if isinstance(plain, str) and plain in words:
        return translate(words[plain], language)
    return _number(plain) if isinstance(plain, float) else cell(plain)
