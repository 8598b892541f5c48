"""What the verb `products` prints: the list of products, or one looked through."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

from graphflow.cli.showing import cell, out, party_names, print_facts, print_table, write_csv
from graphflow.language import N_, translate
from graphflow.pictures import Facts, Table, amount_text
from graphflow.pictures.words import percent
from graphflow.terminal import jsonable, money_text, write_json
from graphflow.version import VERSION

if TYPE_CHECKING:
    import pandas as pd

    from graphflow.case import Case
    from graphflow.products import LookThrough

PARTS = ("assets", "investors", "borrowers", "layers", "ladder", "leverage")
"""The tables of a product; the first is printed as CSV unless another is asked for."""

TITLES = {
    "assets": N_("Assets in the end (最终投向)"),
    "investors": N_("Investors in the end (最终投资者)"),
    "borrowers": N_("Borrowers in the end"),
    "layers": N_("Products and companies below it"),
    "ladder": N_("Maturities, in days (期限)"),
    "leverage": N_("Total over net assets (杠杆)"),
}
_COLUMNS = {
    "asset_id": N_("asset"), "asset_kind": N_("kind"), "weight": N_("weight"), "amount": N_("amount"),
    "borrower_id": N_("borrower"), "end": N_("end"), "party_id": N_("investor"), "kind": N_("kind"),
    "share": N_("share"), "qualified": N_("qualified"), "id": N_("product"), "name": N_("name"),
    "depth": N_("layers below"), "counts": N_("is a layer"), "ground": N_("ground"), "bucket": N_("days"),
    "assets": N_("assets"), "liabilities": N_("liabilities"), "gap": N_("gap"),
    "cumulative_gap": N_("gap up to here"), "gap_ratio": N_("gap over assets"),
    "rollover_dependency": N_("to be rolled over"), "nominal": N_("as stated"),
    "proportional": N_("in proportion"), "consolidated": N_("halves whole"),
    "product_id": N_("product"), "issuer_id": N_("issuer"), "depth_total": N_("with companies"),
    "investor_count": N_("investors"), "nominal_count": N_("by name"), "wam_gap": N_("longer by (days)"),
}  # fmt: skip
_PARTS = frozenset({
    "weight", "share", "gap_ratio", "rollover_dependency", "nominal", "proportional", "consolidated",
})  # fmt: skip
_MONEY = frozenset({"amount", "assets", "liabilities", "gap", "cumulative_gap"})
_NUMBERS = frozenset({"depth", "depth_total", "investor_count", "nominal_count", "wam_gap"})
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
}


def show_product(case: Case, r: LookThrough, form: str, language: str, part: str) -> None:
    """Print one product looked through."""
    digits = case.tables.minor_units.get(case.tables.currency, 2)
    frames: dict[str, pd.DataFrame] = {name: getattr(r, name) for name in PARTS}
    if form == "json":
        pairs: list[tuple[str, object]] = [*facts_of(r).items()]
        pairs += [
            (name, [_record(row, digits) for row in frame.to_dict("records")])
            for name, frame in frames.items()
        ]
        pairs += [("currency", case.tables.currency), ("case_hash", case.hash), ("version", VERSION)]
        write_json(
            [(name, jsonable(value) if not isinstance(value, list) else value) for name, value in pairs],
            sys.stdout,
        )
        return
    if form == "csv":
        frame = frames[part]
        write_csv(
            [_record(row, digits) for row in frame.to_dict("records")], [str(each) for each in frame.columns]
        )
        return
    facts = {name: value for name, value in facts_of(r).items() if value not in (None, [], "")}
    print_facts(Facts([(translate(_FACTS[name], language), _number(value)) for name, value in facts.items()]))
    for name, frame in frames.items():
        if len(frame) and not frame.drop(columns=[c for c in ("bucket",) if c in frame]).isna().all(
            axis=None
        ):
            print_table(_table(case, TITLES[name], frame, language, digits))


def show_products(case: Case, rows: pd.DataFrame, form: str, language: str) -> None:
    """Print the list of a case's products."""
    if form == "json":
        records = [_record(row, 0) for row in rows.to_dict("records")]
        write_json([("products", records), ("case_hash", case.hash), ("version", VERSION)], sys.stdout)
    elif form == "csv":
        write_csv([_record(row, 0) for row in rows.to_dict("records")], [str(each) for each in rows.columns])
    elif len(rows):
        print_table(_table(case, N_("Products (产品)"), rows, language, 0))
    else:
        out(translate(N_("the case has no table of products"), language))


def _record(row: Any, digits: int) -> dict[str, Any]:
    return {
        str(name): money_text(int(value), digits)
        if name in _MONEY and jsonable(value) is not None
        else jsonable(value)
        for name, value in row.items()
    }


def _number(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}".removesuffix(".00")
    return f"{value:,}" if isinstance(value, int) else cell(jsonable(value))


def _table(case: Case, title: str, frame: pd.DataFrame, language: str, digits: int) -> Table:
    columns = [str(each) for each in frame.columns if not frame[each].isna().all()]
    ids = {
        str(each)
        for name in ("party_id", "borrower_id", "issuer_id")
        if name in columns
        for each in frame[name].dropna()
    }
    names = party_names(case, ids)
    shown = frame.head(SHOWN)
    rows = [
        [_cell(row[name], name, names, language, digits, case.tables.timezone) for name in columns]
        for row in shown.to_dict("records")
    ]
    left = len(frame) - len(shown)
    note = (
        translate(N_("{count} more rows: --format csv shows all"), language, count=f"{left:,}")
        if left
        else ""
    )
    right = [place for place, name in enumerate(columns) if name in _PARTS | _MONEY | _NUMBERS]
    return Table(
        translate(title, language),
        [translate(_COLUMNS[name], language) for name in columns],
        rows,
        right,
        note,
    )


def _cell(value: Any, name: str, names: dict[str, str], language: str, digits: int, zone: str) -> str:
    plain = jsonable(value)
    if plain is None:
        return translate(N_("not known"), language) if name in ("party_id",) else ""
    if name in _MONEY:
        return amount_text(int(plain), digits)
    if name in _PARTS:
        return percent(float(plain)) if not math.isnan(float(plain)) else ""
    if name in names or name in ("party_id", "borrower_id", "issuer_id"):
        known = names.get(str(plain), "")
        return f"{known} ({plain})" if known and known != plain else str(plain)
    if isinstance(plain, bool):
        return translate(N_("yes") if plain else N_("no"), language)
    if name == "end":
        return str(value.tz_convert(zone).date())
    return _number(plain) if isinstance(plain, float) else cell(plain)
