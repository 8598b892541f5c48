"""Tabs of the Products screen: whose money is in what, leaves and fees, redemptions, the register."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from app import cases, session
from app.names import rule_title, word
from app.session import say
from app.tables import COUNT, MONEY, RIGHT, Column, table_to_take
from graphflow import tracing
from graphflow.errors import GraphflowError
from graphflow.language import N_
from graphflow.pictures.words import FEE_GROUNDS, end_name, percent
from graphflow.products import LookThrough, Register, Rollover, list_products, look_through, register
from graphflow.products.registering import GAPS, GROUPS
from graphflow.tables import SCHEMA

if TYPE_CHECKING:
    from graphflow.case import Case

MATRIX = (12, 6)
"""Investors and assets, the greatest of each, that have rows and columns of their own."""

TRACED = [rule.name for rule in tracing.RULES if rule.backward and rule.attributes]
"""The rules that say whose money redemptions were paid with."""

ANSWERS = {
    "yes": N_("yes"), "no": N_("no"), "disputed": N_("disputed"), "unknown": N_("not known"),
}  # fmt: skip
_STATES = {
    "registered": N_("registered"), "no_number": N_("no number stated"), "no_row": N_("no row"),
}  # fmt: skip
_SOURCES = {
    "same_product": N_("new subscriptions of the product (同一产品新认购)"),
    "same_issuer": N_("new subscriptions of other products of the issuer (同一发行人其他产品)"),
}
_BY = {"issuer": N_("issuer"), "project": N_("project"), "layer": N_("layers below"), "region": N_("region")}


# A case stands for itself by its hash: it is what it was opened as.
@st.cache_resource(max_entries=16, show_spinner=False)
def looked(_case: Case, stamp: str, product: str, as_of: str | None) -> LookThrough:
    """A product looked through, kept between two runs of the screen with all that was computed of it."""
    with cases.COMPUTING:
        return look_through(_case, product, as_of)


@st.cache_resource(max_entries=4, show_spinner=False)
def listed(_case: Case, stamp: str, as_of: str | None) -> pd.DataFrame:
    """The list of a case's products, kept."""
    with cases.COMPUTING:
        return list_products(_case, as_of)


@st.cache_resource(max_entries=4, show_spinner=False)
def _registered(_case: Case, stamp: str, as_of: str | None) -> Register:
    with cases.COMPUTING:
        return register(_case, as_of)


@st.cache_resource(max_entries=16, show_spinner=False)
def _rolled(_case: Case, stamp: str, product: str, as_of: str | None, rule: str) -> Rollover:
    with cases.COMPUTING:
        return looked(_case, stamp, product, as_of).realised_rollover(rule)


# ---------------------------------------------------------------- investors by assets


def matrix(case: Case, r: LookThrough, parties: dict[str, str]) -> None:
    """Whose money is in what: the greatest investors by the greatest assets, the others summed."""
    st.markdown(f"**{say('Whose money is in what (最终投资者 × 最终投向)')}**")
    if not r.total:
        st.info(say("Nothing is known of what it holds, nor of what is subscribed."))
        return
    rows = r.cross(investors=MATRIX[0], assets=MATRIX[1])
    wide = len(rows.drop_duplicates(["asset_id", "asset_kind"]))
    heads = [
        say("all others") if row.asset_kind == "others" else str(row.asset_id)
        for row in rows.head(wide).itertuples()
    ]
    names = [f"asset {place}" for place in range(wide)]
    amounts = rows["amount"].to_numpy().reshape(-1, wide)
    who = rows.iloc[::wide]
    frame = pd.DataFrame(amounts, columns=names)
    frame.insert(
        0,
        "party",
        [
            say("all others") if kind == "others"
            else say("not known") if pd.isna(each)
            else str(parties.get(each, each))
            for each, kind in zip(who["party_id"], who["kind"], strict=True)
        ],
    )  # fmt: skip
    frame["sum"] = amounts.sum(axis=1)
    columns = {"party": Column(say("investor"))}
    columns |= {name: Column(head, MONEY) for name, head in zip(names, heads, strict=True)}
    columns["sum"] = Column(say("sum"), MONEY)
    title = say("Whose money is in what (最终投资者 × 最终投向)")
    table_to_take(cases.figures(case), frame, columns, title, "product_matrix")
    if int(amounts.sum()) == r.total:
        money = cases.figures(case).money(r.total)
        if r.product_id in r.positions.held:
            st.caption(say("Rows and columns add up to what it holds: {money}", money=money))
        else:
            st.caption(say("Rows and columns add up to what is subscribed: {money}", money=money))


# ---------------------------------------------------------------- leaves and fees


def leaves(case: Case, r: LookThrough) -> None:
    """Related debtors, restricted sectors, and fees along the layers."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**{say('Assets whose debtor is related to issuer or manager (关联方)')}**")
        if not len(r.assets) or not r.total:
            st.info(say("No holding of it is known."))
        else:
            _related(case, r)
    with right:
        st.markdown(f"**{say('Assets by sector of the debtor (限制行业)')}**")
        if not len(r.assets) or not r.total:
            st.info(say("No holding of it is known."))
        else:
            _restricted(case, r)
    st.markdown(f"**{say('Fees paid along the layers (通道费用)')}**")
    _fees(case, r)


def _related(case: Case, r: LookThrough) -> None:
    shares = r.related_shares
    frame = shares.assign(
        related=[say(ANSWERS[each]) for each in shares["related"]],
        weight=[percent(each) for each in shares["weight"]],
    )
    columns = {
        "related": Column(say("related")),
        "assets": Column(say("assets"), COUNT),
        "weight": Column(say("weight"), RIGHT),
        "amount": Column(say("amount"), MONEY),
    }
    title = say("Assets whose debtor is related to issuer or manager (关联方)")
    table_to_take(cases.figures(case), frame, columns, title, "product_related")
    found = r.related_assets[r.related_assets["related"].isin(["yes", "disputed"])]
    if len(found):
        parties = cases.party_names(
            case, {str(each) for each in found["party_id"]} | {each for to in found["to"] for each in to}
        )
        detail = found.assign(
            party_id=[parties.get(str(each), str(each)) for each in found["party_id"]],
            related=[say(ANSWERS[each]) for each in found["related"]],
            to=[", ".join(parties.get(each, each) for each in to) for to in found["to"]],
            weight=[percent(each) for each in found["weight"]],
        )
        columns = {
            "asset_id": Column(say("asset")),
            "party_id": Column(say("debtor")),
            "related": Column(say("related")),
            "to": Column(say("to")),
            "weight": Column(say("weight"), RIGHT),
            "amount": Column(say("amount"), MONEY),
        }
        with st.expander(say("{count} assets, one by one", count=f"{len(found):,}")):
            table_to_take(cases.figures(case), detail, columns, title, "product_related_assets")
    note = say("Not known: no debtor is stated, or nobody who issues or manages the product.")
    st.caption(note + " " + say("Why two parties are related stands on the Ownership screen."))


def _restricted(case: Case, r: LookThrough) -> None:
    shares = r.restricted_shares
    frame = shares.assign(
        sector=[say("not known") if pd.isna(each) else word(str(each)) for each in shares["sector"]],
        restricted=[say(ANSWERS[each]) for each in shares["restricted"]],
        weight=[percent(each) for each in shares["weight"]],
    )
    columns = {
        "sector": Column(say("sector")),
        "restricted": Column(say("restricted")),
        "assets": Column(say("assets"), COUNT),
        "weight": Column(say("weight"), RIGHT),
        "amount": Column(say("amount"), MONEY),
        "article": Column(say("article")),
        "since": Column(say("since")),
        "mark": Column(say("checked")),
    }
    table_to_take(
        cases.figures(case),
        frame,
        columns,
        say("Assets by sector of the debtor (限制行业)"),
        "product_restricted",
    )


def _fees(case: Case, r: LookThrough) -> None:
    fees = r.fees
    if fees["fees"].isna().all():
        st.info(
            say("No account of these products is in the case, and no fee names their payments: not known.")
        )
        return
    parties = cases.party_names(case, {str(each) for each in fees["id"]})
    frame = fees.assign(
        id=[
            str(r.positions.products.get(each, {}).get("name") or parties.get(each, each))
            for each in fees["id"]
        ],
        part=[percent(each) for each in fees["part"]],
        rate=[percent(each) for each in fees["rate"]],
        ground=[say(FEE_GROUNDS[each]) if each in FEE_GROUNDS else "" for each in fees["ground"]],
    )
    columns = {
        "id": Column(say("product")),
        "depth": Column(say("layer"), COUNT),
        "currency": Column(say("currency")),
        "fees": Column(say("fees paid"), MONEY),
        "part": Column(say("part of it"), RIGHT),
        "amount": Column(say("amount"), MONEY),
        "rate": Column(say("of its assets"), RIGHT),
    }
    if fees["ground"].notna().any():
        columns["ground"] = Column(say("ground"))
    title = say("Fees paid along the layers (通道费用)")
    table_to_take(cases.figures(case), frame, columns, title, "product_fees")
    own = fees[fees["currency"] == case.tables.currency]
    note = say(
        "Together {money}: {share} of what it holds. Fees are those paid by transfers; no rates are stated.",
        money=cases.figures(case).money(int(own["amount"].fillna(0).sum())),
        share=percent(float(own["rate"].fillna(0).sum())),
    )
    unknown = int(fees["fees"].isna().sum())
    if unknown:
        note += " " + say("Of {count} layers the fees are not known.", count=unknown)
    st.caption(note)


# ---------------------------------------------------------------- redemptions


def redemptions(case: Case, r: LookThrough, as_of: str | None) -> None:
    """What its redemptions were paid of, under a rule that a person chooses."""
    st.caption(
        say(
            "Traced backward: of what was paid back, what part was the money of new subscriptions (借新还旧)?"
        )
    )
    rule = st.selectbox(
        say("Rule"),
        TRACED,
        None,
        key="product_rule",
        persist_state="session",
        format_func=rule_title,
        placeholder=say("choose a rule to trace under"),
        width=320,
    )
    if rule is None:
        return
    try:
        found = _rolled(case, case.hash, r.product_id, as_of, str(rule))
    except GraphflowError as error:
        cases.tell(error)
        return
    figures = session.figures(found.currency, case.tables.minor_units)
    with st.container(horizontal=True, gap="large", key="rollover"):
        st.metric(say("Paid back"), figures.money(found.redeemed), width="content")
        st.metric(say("Of it new money of the product"), percent(found.share), width="content")
        st.metric(say("With other products of the issuer"), percent(found.share_issuer), width="content")
        st.metric(say("Cannot be told"), percent(found.untold), width="content")
    rows = found.sources
    frame = rows.assign(
        source=[say(_SOURCES.get(each, end_name(each, backward=True))) for each in rows["source"]],
        share=[percent(each) for each in rows["share"]],
        told=[say("yes") if each else say("no") for each in rows["told"]],
    )
    columns = {
        "source": Column(say("came from")),
        "amount": Column(say("amount"), MONEY),
        "share": Column(say("share"), RIGHT),
        "transfers": Column(say("payments"), COUNT),
        "told": Column(say("known further")),
    }
    if found.orders > 1:
        columns |= {"amount_min": Column(say("at least"), MONEY), "amount_max": Column(say("at most"), MONEY)}
    table_to_take(
        figures, frame, columns, say("What its redemptions were paid of (兑付资金来源)"), "product_sources"
    )
    if found.orders == 0:
        st.warning(
            say("nothing decides the order of some rows, and the orders are too many to try"),
            icon=":material/swap_vert:",
        )
    st.caption(say("Each piece of money counts at the last subscription before the redemption; all adds up."))


# ---------------------------------------------------------------- the register


def registry(case: Case, as_of: str | None) -> None:
    """The register of products: what is registered, what is shown, and what is missing on either side."""
    found = _registered(case, case.hash, as_of)
    rows, gaps = found.products, found.gaps
    counts = rows["state"].value_counts()
    with st.container(horizontal=True, gap="large", key="register"):
        st.metric(say("products"), f"{len(rows):,}", width="content")
        for state, head in _STATES.items():
            st.metric(say(head), f"{int(counts.get(state, 0)):,}", width="content")
        st.metric(say("What is missing or does not fit"), f"{len(gaps):,}", width="content")
    by = st.segmented_control(
        say("Together by"),
        list(GROUPS),
        key="product_by",
        persist_state="session",
        format_func=lambda each: say(_BY[each]),
    )
    money = {
        "subscriptions": Column(say("subscriptions"), COUNT),
        "subscribed": Column(say("subscribed"), MONEY),
        "current": Column(say("still in it"), MONEY),
        "held": Column(say("held"), MONEY),
        "transfers": Column(say("payments"), COUNT),
        "paid_in": Column(say("paid in"), MONEY),
        "paid_out": Column(say("paid out"), MONEY),
        "paid": Column(say("other payments"), MONEY),
        "gaps": Column(say("gaps"), COUNT),
    }
    issuers = cases.party_names(case, {str(each) for each in rows["issuer_id"].dropna()})
    if by:
        frame = found.by(by)
        key = str(frame.columns[0])
        unknown = say("ring") if by == "layer" else say("not known")
        frame[key] = [unknown if pd.isna(each) else str(issuers.get(each, each)) for each in frame[key]]
        columns = {key: Column(say(_BY[by])), "products": Column(say("products"), COUNT)}
        columns |= {state: Column(say(head), COUNT) for state, head in _STATES.items()}
        table_to_take(cases.figures(case), frame, columns | money, say("Products together"), "product_groups")
    else:
        frame = rows.assign(
            state=[say(_STATES[each]) for each in rows["state"]],
            issuer_id=["" if pd.isna(each) else issuers.get(each, each) for each in rows["issuer_id"]],
        )
        columns = {
            "product_id": Column(say("product")),
            "name": Column(say("name")),
            "issuer_id": Column(say("issuer")),
            "state": Column(say("state")),
            "registered": Column(say("number")),
        }
        title = say("What is registered, and what is shown (产品登记)")
        table_to_take(cases.figures(case), frame, columns | money, title, "product_register")
    if gaps.empty:
        st.success(say("nothing is missing on either side"), icon=":material/check:")
        return
    st.markdown(f"**{say('What is missing or does not fit')}**")
    frame = gaps.assign(
        problem=[say(GAPS[each]) for each in gaps["problem"]],
        table=[say(SCHEMA[each].title) for each in gaps["table"]],
        time=[cases.day_of(case, each) for each in gaps["time"]],
    )
    columns = {
        "problem": Column(say("what")),
        "product_id": Column(say("product")),
        "table": Column(say("table")),
        "row": Column(say("row")),
        "party_id": Column(say("investor")),
        "amount": Column(say("amount"), MONEY),
        "time": Column(say("time")),
    }
    table_to_take(cases.figures(case), frame, columns, say("What is missing or does not fit"), "product_gaps")
