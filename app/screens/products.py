"""Products (产品穿透): layers, investors and assets in the end, leverage, and what falls due when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from app import cases, controls, layers, looking, session
from app.names import word
from app.screens import data
from app.session import say
from app.tables import COUNT, MONEY, RIGHT, Column, table_to_take
from graphflow.errors import GraphflowError
from graphflow.language import N_
from graphflow.pictures.words import (
    ASSET_KINDS,
    OVERDUE_COUNTS,
    PRODUCT_KINDS,
    brief_percent,
    percent,
)
from graphflow.products import LookThrough
from graphflow.products.looking import NO_DATE, OVERDUE

if TYPE_CHECKING:
    from graphflow.case import Case

DRAWN = 30
"""Assets that are drawn; the rest is one node."""

_KINDS = {
    **ASSET_KINDS,
    "party": N_("passes money on (inferred: no revenue or debt of it is known)"),
}
_OVERDUE = {
    "assets": N_("Overdue assets: {count}, of {money}, for up to {days} days."),
    "liabilities": N_("Overdue liabilities: {count}, of {money}, for up to {days} days."),
}


def show() -> None:
    """Show the screen."""
    case = cases.current()
    if case is None:
        data.welcome()
        return
    if not case.tables.has("products"):
        st.info(
            say(
                "The case has no table of products. "
                "Add products, holdings and subscriptions on the Data screen."
            ),
            icon=":material/inventory_2:",
        )
        return
    given = case.tables.products
    ids = [str(each) for each in given["product_id"]]
    named = given["name"] if "name" in given else [None] * len(given)
    titles = {ident: _title(ident, name) for ident, name in zip(ids, named, strict=True)}
    line = st.columns([3, 1.4], vertical_alignment="bottom")
    asked = session.asked("product")
    chosen = line[0].selectbox(
        say("Product"),
        ids,
        ids.index(asked) if asked in ids else 0,
        key="product_chosen",
        persist_state="session",
        format_func=lambda each: titles.get(each, each),
    )
    day = controls.as_of(line[1], "product_as_of")
    product = str(chosen)
    session.write_address(product=product)
    try:
        r = looking.looked(case, case.hash, product, day)
        _facts(r)
        shown, maturity, people, leaves, back, every, registry = st.tabs(
            [
                say("Layers and assets"),
                say("Maturities"),
                say("Investors"),
                say("Leaves and fees"),
                say("Redemptions"),
                say("All products"),
                say("Register"),
            ]
        )
        with shown:
            _layers(case, r)
        with maturity:
            _maturity(case, r)
        with people:
            _investors(case, r)
        with leaves:
            looking.leaves(case, r)
        with back:
            looking.redemptions(case, r, day)
        with every:
            _all(case, looking.listed(case, case.hash, day))
        with registry:
            looking.registry(case, day)
    except GraphflowError as error:
        cases.tell(error)


def _title(ident: str, name: Any) -> str:
    return f"{name} ({ident})" if isinstance(name, str) and name else ident


def _facts(r: LookThrough) -> None:
    leverage = r.leverage.iloc[0]
    with st.container(horizontal=True, gap="large", key="facts"):
        st.metric(
            say("Layers below it (嵌套层数)"),
            say("ring") if r.depth is None else f"{r.depth}",
            width="content",
            help=say(
                "With companies that only pass money on: {count}",
                count="–" if r.depth_total is None else r.depth_total,
            ),
        )
        st.metric(
            say("Investors in the end"),
            f"{r.investor_count:,}",
            width="content",
            help=say(
                "By name {nominal}; ever {ever}; in all products of the project {project}",
                nominal=f"{r.nominal_count:,}",
                ever=f"{r.investor_count_cumulative:,}",
                project=f"{r.project_investor_count:,}",
            ),
        )
        if not pd.isna(leverage["nominal"]):
            words = [
                f"{leverage[name] * 100:.1f} %" if not pd.isna(leverage[name]) else "–"
                for name in ("nominal", "proportional", "consolidated")
            ]
            st.metric(
                say("Total over net assets"),
                words[1] if words[1] != "–" else words[0],
                width="content",
                help=say(
                    "As stated {nominal}; in proportion {proportional}; halves whole {whole}",
                    nominal=words[0],
                    proportional=words[1],
                    whole=words[2],
                ),
            )
        if r.wam_gap is not None:
            st.metric(
                say("Assets longer by (days)"),
                f"{r.wam_gap:,.0f}",
                width="content",
                help=say(
                    "Assets {assets} days, what is owed {owed} days in the mean",
                    assets=f"{r.wam_assets:,.0f}",
                    owed=f"{r.wam_liabilities:,.0f}",
                ),
            )
    if r.rings:
        st.warning(
            say("These hold themselves through others: {names}", names=", ".join(r.rings)),
            icon=":material/autorenew:",
        )
    if r.unknown_vehicles:
        st.warning(
            say(
                "Of {count} vehicles no holder is known: each counts as one at least.",
                count=len(r.unknown_vehicles),
            ),
            icon=":material/help:",
        )


def _name(r: LookThrough, kind: str, ident: str, parties: dict[str, str]) -> str:
    given = r.positions.products.get(ident, {}) if kind in ("product", "unknown") else {}
    return str(given.get("name") or parties.get(ident) or ident)


def _layers(case: Case, r: LookThrough) -> None:
    if r.product_id not in r.positions.held and (r.assets["asset_kind"] == "unknown").all():
        st.info(say("No holding of it is known."))
        return
    borrowers = {str(each) for each in r.assets["borrower_id"].dropna()}
    parties = cases.party_names(case, borrowers | set(r.layers["id"]))
    drawing, rest = _drawing(case, r, parties)
    picture, table = layers.places(drawing)
    with picture:
        _picture(case, r, drawing, rest)
    with table:
        frame = pd.DataFrame(
            {
                "asset": [
                    _name(r, kind, ident, parties)
                    for kind, ident in zip(r.assets["asset_kind"], r.assets["asset_id"], strict=True)
                ],
                "kind": [say(_KINDS.get(each, each)) for each in r.assets["asset_kind"]],
                "weight": [percent(each) for each in r.assets["weight"]],
                "amount": r.assets["amount"],
                "borrower": [
                    "" if pd.isna(each) else parties.get(each, each) for each in r.assets["borrower_id"]
                ],
                "end": [cases.day_of(case, each) for each in r.assets["end"]],
            }
        )
        columns = {
            "asset": Column(say("asset")),
            "kind": Column(say("kind")),
            "weight": Column(say("weight"), RIGHT),
            "amount": Column(say("amount"), MONEY),
            "borrower": Column(say("borrower")),
            "end": Column(say("falls due")),
        }
        table_to_take(
            cases.figures(case),
            frame,
            columns,
            say("Assets in the end (最终投向)"),
            "product_assets",
        )
        total = r.total
        if r.product_id in r.positions.held and total == int(r.assets["amount"].sum()):
            figures = cases.figures(case)
            st.caption(say("The assets add up to what it holds: {money}", money=figures.money(total)))


def _drawing(case: Case, r: LookThrough, parties: dict[str, str]) -> tuple[layers.Drawing, float]:
    """The product, what it holds, and so on down to the assets in the end.

    Of these the greatest are drawn, the others as one; with what part of the product those others are.
    """
    web = r._down
    figures = cases.figures(case)
    weights = {
        (kind if kind == "unknown" else f"asset:{kind}", ident): float(weight)
        for kind, ident, weight in r.assets[["asset_kind", "asset_id", "weight"]].itertuples(index=False)
    }
    leaves = sorted((node for node in web.nodes if node in weights), key=lambda node: -weights[node])
    small = leaves[DRAWN:] if len(leaves) > DRAWN + 1 else []
    inner = [node for node in web.nodes if node[0] in ("product", "party")]
    place = {node: at for at, node in enumerate(dict.fromkeys([*inner, *leaves])) if node not in small}
    nodes = []
    for at, (kind, ident) in enumerate(place):
        shown = "company" if kind == "party" else kind if kind in ("product", "unknown") else "asset"
        more = f"{ident}; {say(_KINDS.get(kind.removeprefix('asset:'), kind))}"
        words = _name(r, kind, ident, parties)
        nodes.append(layers.Node(f"{kind}:{ident}", "chosen" if at == 0 else shown, words, more))
    rest = sum(weights[node] for node in small)
    if small:
        words = say("{count} more assets", count=f"{len(small):,}")
        nodes.append(layers.Node("others", "others", words, percent(rest)))
        place |= dict.fromkeys(small, len(nodes) - 1)
    amounts: dict[tuple[int, int], int] = {}
    wholes: dict[int, int] = {}
    for node, below in zip(web.nodes, web.edges, strict=True):
        for other, amount in below:
            pair = place[node], place[other]
            amounts[pair] = amounts.get(pair, 0) + amount
            wholes[pair[0]] = wholes.get(pair[0], 0) + amount
    edges = [
        layers.Edge(
            *pair,
            brief_percent(amount / wholes[pair[0]]),
            amount / wholes[pair[0]],
            "" if nodes[pair[1]].kind == "unknown" else figures.text(amount),
        )
        for pair, amount in amounts.items()
    ]
    return layers.drawn(nodes, edges, inward=False), rest


def _picture(case: Case, r: LookThrough, drawing: layers.Drawing, rest: float) -> None:
    kinds = {
        "chosen": N_("asked about"), "product": N_("product"), "company": N_("passes money on"),
        "asset": N_("asset"), "others": N_("the others"), "unknown": N_("not known"),
    }  # fmt: skip
    st.echarts_chart(
        drawing.option(kinds),
        key=f"product_chart_{r.product_id}",
        height=drawing.height,
        renderer="svg",
        alt=say(
            "Graph of {count} products and assets below the product; its table has their weights.",
            count=len(drawing.nodes) - 1,
        ),
    )
    notes = [say("An arrow leads from what holds to what is held.")]
    if drawing.told and drawing.edges:
        unit = cases.figures(case).unit
        notes.append(
            say(
                "On each arrow the part of all that is held there, and under it the amount in {unit}.",
                unit=unit,
            )
        )
    elif drawing.edges:
        notes.append(say("There is no room for parts and amounts: point at an arrow to read them."))
    if rest:
        notes.append(say("The assets drawn as one are {share} of it.", share=percent(rest)))
    st.caption(" ".join(notes))


def _maturity(case: Case, r: LookThrough) -> None:
    figures = cases.figures(case)
    ladder = r.ladder
    if not ladder["assets"].sum() and not ladder["liabilities"].sum():
        st.info(say("Nothing is known of what it holds and owes."))
        return
    words = {OVERDUE: say("overdue"), NO_DATE: say("no date")}
    ladder = ladder.assign(bucket=[words.get(each, each) for each in ladder["bucket"]])
    late = r.overdue.set_index("side")
    dated = ladder.iloc[0 if late["count"].any() else 1 : -1]
    st.echarts_chart(
        _ladder_option(dated, figures),
        key=f"ladder_{r.product_id}",
        height=320,
        alt=say("Bars of assets and liabilities by days; the table below has their amounts."),
    )
    frame = ladder.assign(
        gap_ratio=[percent(each) for each in ladder["gap_ratio"]],
        rollover_dependency=[percent(each) for each in ladder["rollover_dependency"]],
    )
    columns = {
        "bucket": Column(say("days")),
        "assets": Column(say("assets"), MONEY),
        "liabilities": Column(say("liabilities"), MONEY),
        "gap": Column(say("gap"), MONEY),
        "cumulative_gap": Column(say("gap up to here"), MONEY),
        "gap_ratio": Column(say("gap over assets"), RIGHT),
        "rollover_dependency": Column(say("to be rolled over"), RIGHT),
    }
    table_to_take(
        cases.figures(case),
        frame,
        columns,
        say("Maturities, in days (期限)"),
        "product_ladder",
    )
    overdue = {str(row["side"]): row for row in late.reset_index().to_dict("records")}
    said = [
        say(
            text,
            count=f"{overdue[side]['count']:,}",
            money=figures.money(int(overdue[side]["amount"])),
            days=f"{overdue[side]['longest']:,}",
        )
        for side, text in _OVERDUE.items()
        if overdue[side]["count"]
    ]
    if said:
        st.warning(" ".join([*said, say(OVERDUE_COUNTS)]), icon=":material/event_busy:")


def _ladder_option(ladder: pd.DataFrame, figures: Any) -> dict[str, Any]:
    """Assets above the line, what is owed below it, and the gap up to each bucket."""
    scale = 10 ** (figures.digits + figures.power)

    def values(name: str, sign: int = 1) -> list[float]:
        return [sign * int(each) / scale for each in ladder[name]]

    def bars(name: str, data: list[float], colour: str, **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "type": "bar",
            "stack": "all",
            "data": data,
            "itemStyle": {"color": colour},
            **more,
        }

    return {
        "animation": False,
        "tooltip": {"trigger": "axis", "confine": True},
        "legend": {"top": 0},
        "grid": {"left": 90, "right": 20, "top": 36, "bottom": 40},
        "xAxis": {
            "type": "category",
            "data": list(ladder["bucket"]),
            "name": say("days"),
            "nameLocation": "middle",
            "nameGap": 26,
        },
        "yAxis": {"type": "value", "name": figures.unit},
        "series": [
            bars(say("assets"), values("assets"), "#2e9a6a"),
            bars(say("liabilities"), values("liabilities", -1), "#e0822a"),
            {
                "name": say("gap up to here"),
                "type": "line",
                "data": values("cumulative_gap"),
                "itemStyle": {"color": "#cf4a4a"},
                "symbolSize": 7,
            },
        ],
    }


def _investors(case: Case, r: LookThrough) -> None:
    frame = r.investors
    if frame.empty:
        st.info(say("No subscription of it is known."))
        return
    parties = cases.party_names(case, [str(each) for each in frame["party_id"].dropna()])
    shown = pd.DataFrame(
        {
            "party": [
                say("not known") if pd.isna(each) else f"{parties.get(each, each)} ({each})"
                for each in frame["party_id"]
            ],
            "kind": [say(_KINDS[each]) if each in _KINDS else word(each) for each in frame["kind"]],
            "share": [percent(each) for each in frame["share"]],
            "amount": frame["amount"],
            "qualified": [
                "" if each is None else say("yes") if each else say("no") for each in frame["qualified"]
            ],
        }
    )
    columns = {
        "party": Column(say("investor")),
        "kind": Column(say("kind")),
        "share": Column(say("share"), RIGHT),
        "amount": Column(say("amount"), MONEY),
        "qualified": Column(say("qualified")),
    }
    table_to_take(
        cases.figures(case),
        shown,
        columns,
        say("Investors in the end (最终投资者)"),
        "product_investors",
    )
    if abs(float(frame["share"].sum()) - 1) < 1e-9:
        st.caption(
            say("The shares add up to one; amounts are of what it holds.")
            if r.product_id in r.positions.held
            else say("The shares add up to one; amounts are of what is subscribed.")
        )
    looking.matrix(case, r, parties)


def _all(case: Case, rows: pd.DataFrame) -> None:
    parties = cases.party_names(case, [str(each) for each in rows["issuer_id"].dropna()])
    shown = rows.assign(
        kind=["" if pd.isna(each) else say(PRODUCT_KINDS.get(each, each)) for each in rows["kind"]],
        issuer_id=["" if pd.isna(each) else parties.get(each, each) for each in rows["issuer_id"]],
        wam_gap=["" if pd.isna(each) else f"{each:,.0f}" for each in rows["wam_gap"]],
    )
    columns = {
        "product_id": Column(say("product")),
        "name": Column(say("name")),
        "kind": Column(say("kind")),
        "issuer_id": Column(say("issuer")),
        "depth": Column(say("layers below"), COUNT),
        "depth_total": Column(say("layers with companies"), COUNT),
        "nominal_count": Column(say("investors by name"), COUNT),
        "investor_count": Column(say("investors in the end"), COUNT),
        "wam_gap": Column(say("assets longer by (days)"), RIGHT),
    }
    table_to_take(
        cases.figures(case),
        shown,
        columns,
        say("Products (产品)"),
        "product_list",
    )
