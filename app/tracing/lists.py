"""Ends, chains and assumptions, as tables that say what they leave out."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import session
from app.cases import tell
from app.session import say
from app.style import verbatim
from app.tables import COUNT, MONEY, RIGHT, SHARE, Column, config, rows_chosen
from app.tracing.answer import MOST_ROWS, Words, holders_of
from app.tracing.picture import no_chains
from app.tracing.selection import Selection
from graphflow.errors import GraphflowError
from graphflow.language import N_
from graphflow.pictures.colours import END_COLOURS
from graphflow.pictures.words import OUTER_BOUND

TOPS = (20, 100, 500, 2000)


def end_table(words: Words, selection: Selection) -> None:
    """The ends as a bar and a table; they add up to the seed, but under a rule that attributes nothing."""
    ends = _ends(words)
    _adds_up(words, ends)
    if ends.empty:
        return
    measure = words.kept.measure
    if words.result.attributes:
        st.echarts_chart(
            _bar(words, ends), height=118, key="trace_bar", alt=say("The ends as parts of one bar")
        )
    columns = {
        "what": Column(words.where, width=170),
        "called": Column(say("Account or party"), width=240),
        measure: Column(say("Amount") if words.result.attributes else say("Touched"), MONEY, 150),
    }
    if words.result.attributes:
        ends = ends.assign(share=words.shares(ends["seed_amount"]))
        columns["share"] = Column(say("Share"), SHARE, 90)
    bounded = ends["amount_min"].notna() & ends["amount_max"].notna()
    if (ends["amount_min"] != ends["amount_max"])[bounded].any():
        note = say("The order of some rows is unknown; the amount lies between these.")
        if words.result.order_bounds == "outer":
            note += " " + say(OUTER_BOUND)
        columns["amount_min"] = Column(say("At least"), MONEY, 130, note)
        columns["amount_max"] = Column(say("At most"), MONEY, 130, note)
    notes: list[str] = []
    ends = _beside(words, ends, columns, notes)
    ends = ends.assign(
        what=[words.end(kind) for kind in ends["kind"]], called=[words.called(each) for each in ends["who"]]
    )
    if ends["account_id"].notna().any():
        columns["account_id"] = Column(say("Account"), width=210)
    if ends["party_id"].notna().any():
        columns["party_id"] = Column(say("Party"), width=150)
    shown, settings = config(ends.head(MOST_ROWS), columns, words.figures)
    key = selection.key("ends")

    def chosen() -> None:
        rows = rows_chosen(key)
        focus = ("end", (str(ends["kind"][rows[0]]), str(ends["who"][rows[0]]))) if rows else None
        selection.set("ends", focus)

    # Without chains there is no way to an end that a selection could light.
    selects: dict[str, Any] = (
        {"on_select": chosen, "selection_mode": "single-row"} if words.result.attributes else {}
    )
    st.dataframe(
        shown,
        column_config=settings,
        hide_index=True,
        key=key,
        placeholder="",
        height=min(420, 37 + 35 * max(len(shown), 1)),
        **selects,
    )
    if not words.result.attributes:
        text = N_("{count} ends.")
    elif words.backward:
        text = N_("{count} origins. Select one to see how the money came.")
    else:
        text = N_("{count} ends. Select one to see how the money got there.")
    st.caption("  \n".join((say(text, count=f"{len(ends):,}"), *notes)))


def _ends(words: Words) -> pd.DataFrame:
    """The ends, the greatest first, and who each belongs to."""
    ends: pd.DataFrame = words.result.ends
    ends = ends.assign(who=holders_of(ends))
    return ends.sort_values(words.kept.measure, ascending=False, ignore_index=True, kind="stable")


def _adds_up(words: Words, ends: pd.DataFrame) -> None:
    """Say that the ends add up to the seed, or that they do not."""
    exact = words.figures.exact
    seed = int(words.result.seed)
    if not words.result.attributes:
        st.markdown(
            ":material/info: "
            + say(
                "Poison attributes nothing: an end is all that a touched account holds or let go, and "
                "together they are more than the {seed} asked about.",
                seed=verbatim(exact.money(seed)),
            )
        )
        return
    total = int(ends["seed_amount"].sum())
    if total == seed:
        st.markdown(
            ":material/check_circle: "
            + say(
                N_("The origins add up to the seed: {sum} = {seed}")
                if words.backward
                else N_("The ends add up to the seed: {sum} = {seed}"),
                sum=verbatim(exact.text(total)),
                seed=verbatim(exact.money(seed)),
            )
        )
    else:
        st.error(
            say(
                "The ends do not add up to the seed: {sum} and {seed}. This is a defect of ours; use "
                "nothing of this answer.",
                sum=verbatim(exact.text(total)),
                seed=verbatim(exact.money(seed)),
            )
        )


_KEY = ["kind", "who", "currency"]


def _beside(words: Words, ends: pd.DataFrame, columns: dict[str, Column], notes: list[str]) -> pd.DataFrame:
    """What is shown beside the ends where it is asked for: the envelope, and very large unknown openings."""
    kept, result, measure = words.kept, words.result, words.kept.measure
    unknown = bool((result.assumptions["kind"] == "opening").any())
    with st.container(horizontal=True, gap="medium", key="end_switches"):
        bounds = st.toggle(
            say("Envelope: least and greatest"),
            key="trace_envelope",
            persist_state="session",
            help=say(
                "What no attribution that conserves money in time order could go below or above, "
                "whatever the rule."
            ),
        )
        large = st.toggle(
            say("If unknown openings were very large"),
            key="trace_openings",
            persist_state="session",
            disabled=not unknown,
            help=say(
                "An opening that no statement says may be anything from the least that never overdraws. A "
                "figure that is the same in both columns does not rest on it."
            )
            if unknown
            else say("No figure here rests on an opening that is unknown."),
        )
    try:
        if large and unknown:
            with st.spinner(say("Supposing large openings…")):
                other = kept.later("openings", lambda: result.with_large_openings().trace.ends)
            other = other.assign(who=holders_of(other), large=other[measure])
            ends = ends.merge(other[[*_KEY, "large"]], on=_KEY, how="outer", suffixes=("", "_other"))
            lacks = ends[measure].isna()
            named = dict(
                zip(other["who"], zip(other["account_id"], other["party_id"], strict=True), strict=True)
            )
            for at in lacks[lacks].index:
                ends.loc[at, ["account_id", "party_id"]] = named[ends.loc[at, "who"]]
            for name in (measure, "large", *(["share"] if "share" in ends else [])):
                ends[name] = ends[name].fillna(0)
            ends = ends.astype({measure: "int64", "large": "int64"})
            ends = ends.sort_values(measure, ascending=False, ignore_index=True, kind="stable")
            columns["large"] = Column(say("With large openings"), MONEY, 160)
            differ = int((ends[measure] != ends["large"]).sum())
            notes.append(
                say(
                    "{count} of {all} ends rest on openings that are unknown: with very large ones their "
                    "figure is another.",
                    count=f"{differ:,}",
                    all=f"{len(ends):,}",
                )
            )
        if bounds:
            with st.spinner(say("Computing the envelope…")):
                found = kept.later("envelope", result.envelope)
            if "party_id" not in found:
                found = found.assign(party_id=None)
            found = found.assign(who=holders_of(found))
            others = found.merge(ends[_KEY], on=_KEY, how="left", indicator=True)["_merge"] == "left_only"
            ends = ends.merge(found[[*_KEY, "least", "greatest", "exact"]], on=_KEY, how="left")
            for name in ("least", "greatest"):
                ends[name] = ends[name].astype("Int64")
                head = say("Least") if name == "least" else say("Greatest")
                columns[name] = Column(head, MONEY, 130)
            notes.append(
                say(
                    "{count} other ends could have been reached under another rule.",
                    count=f"{int(others.sum()) + found.attrs.get('left_out', 0):,}",
                )
            )
            notes.extend(say(reason) for reason in found.attrs.get("reasons", ()))
    except GraphflowError as error:
        tell(error)
    return ends


def _bar(words: Words, ends: pd.DataFrame) -> dict[str, Any]:
    by_kind = ends.groupby("kind")["seed_amount"].sum().sort_values(ascending=False)
    figures = words.figures
    unit = 10 ** (figures.digits + figures.power)
    seed = max(int(words.result.seed), 1)
    return {
        "animation": False,
        "tooltip": {"trigger": "item", "valueFormatter": figures.number_format, "confine": True},
        "legend": {"top": 0, "left": 0, "itemGap": 14, "textStyle": {"fontSize": 12}, "selectedMode": False},
        "grid": {"left": 6, "right": 24, "top": 34, "bottom": 38},
        "xAxis": {
            "type": "value",
            "max": seed / unit,
            "name": figures.unit,
            "nameLocation": "middle",
            "nameGap": 22,
            "axisLabel": {"fontSize": 11, "showMaxLabel": False},
        },
        "yAxis": {"type": "category", "data": [""], "axisLine": {"show": False}, "axisTick": {"show": False}},
        "series": [
            {
                "name": f"{words.end(str(kind))} {words.share(int(amount))}",
                "type": "bar",
                "stack": "ends",
                "barWidth": 26,
                "data": [int(amount) / unit],
                "cursor": "default",
                "itemStyle": {
                    "color": END_COLOURS.get(str(kind), "#888888"),
                    "borderColor": "#ffffff",
                    "borderWidth": 1,
                },
            }
            for kind, amount in by_kind.items()
            if amount
        ],
    }


def chain_frame(words: Words, most: int | None) -> pd.DataFrame:
    chains = words.kept.chains[:most]
    return pd.DataFrame(
        {
            "number": pd.Series(range(1, len(chains) + 1), dtype="int64"),
            "amount": pd.Series([chain.amount for chain in chains], dtype="int64"),
            "share": words.shares(chain.amount for chain in chains),
            "hops": pd.Series([max(len(chain.transfers) - 1, 0) for chain in chains], dtype="int64"),
            "end": [words.end(chain.kind) for chain in chains],
            "path": [words.path(chain) for chain in chains],
            "transfers": [" ".join(chain.transfers) for chain in chains],
        }
    )


def chain_columns(words: Words) -> dict[str, Column]:
    return {
        "number": Column("#", COUNT, 55),
        "amount": Column(say("Amount"), MONEY, 150),
        "share": Column(say("Share"), SHARE, 90),
        "hops": Column(say("Hops"), COUNT, 70, say("Transfers after the seed")),
        "end": Column(words.where, width=150),
        "path": Column(say("Path"), width=520),
        "transfers": Column(say("Transfers"), width=260),
    }


def chain_table(words: Words, selection: Selection) -> None:
    """The largest chains, and how much money the others carry."""
    kept = words.kept
    if kept.unchained is not None:
        no_chains(words)
        return
    if not kept.chains:
        st.info(say("There is no chain: nothing flowed."))
        return
    top = (
        st.segmented_control(
            say("Largest"),
            TOPS,
            default=TOPS[0],
            required=True,
            key="trace_top",
            persist_state="session",
            format_func=lambda each: f"{each:,}",
        )
        or TOPS[0]
    )
    frame = chain_frame(words, top)
    shown, settings = config(frame, chain_columns(words), words.figures)
    key = selection.key("chains")

    def chosen() -> None:
        rows = rows_chosen(key)
        selection.set("chains", ("chain", rows[0]) if rows else None)

    st.dataframe(
        shown,
        column_config=settings,
        hide_index=True,
        key=key,
        on_select=chosen,
        selection_mode="single-row",
        height=min(420, 37 + 35 * len(shown)),
    )
    seed, carried = int(words.result.seed), int(frame["amount"].sum())
    some = f"{len(kept.chains):,}" + ("" if kept.complete else "+")
    st.caption(
        say(
            "{shown} of {all} chains: {money} ({share}). Left out: {left} ({left_share}).",
            shown=f"{len(frame):,}",
            all=some,
            money=verbatim(words.figures.money(carried)),
            share=words.share(carried),
            left=verbatim(words.figures.money(seed - carried)),
            left_share=words.share(seed - carried),
        )
    )
    if words.result.rule in ("prorata", "libr"):
        st.caption(
            say(
                "This rule says how much each transfer carries, not which money: these chains are one way to "
                "lay it out, first in, first out among the traced money."
            )
        )


def assumptions(words: Words) -> None:
    """What the answer rests on, with the money that rests on it."""
    found = words.result.assumptions
    if found.empty and words.result.misuse.empty:
        st.info(say("This answer rests on no assumption: openings, order and coverage were all known."))
        return
    if not found.empty:
        _assumed(words)
    if not words.result.misuse.empty:
        _misused(words, words.result.misuse)


def assumption_rows(words: Words) -> tuple[pd.DataFrame, dict[str, Column]]:
    """What was assumed, and the money that rests on it, as a frame and its columns."""
    found = words.result.assumptions
    frame = found.copy(deep=False)
    frame["what"] = [say(str(note)) for note in frame["note"]]
    frame["called"] = ["" if pd.isna(each) else words.name(each) for each in frame["account_id"]]
    if words.result.attributes:
        frame["share"] = words.shares(frame["seed_amount"])
    frame["detail"] = [
        session.figures(currency, words.case.tables.minor_units).money(value)
        if kind == "opening"
        else say("{count} rows", count=f"{value:,}")
        if kind in ("order", "balance", "cash", "overdraft")
        else ""
        for kind, currency, value in zip(frame["kind"], frame["currency"], frame["value"], strict=True)
    ]
    columns = {
        "what": Column(say("What was assumed"), width=430),
        "called": Column(say("Account or party"), width=200),
        "seed_amount": Column(say("Traced money that came there"), MONEY, 210),
        "share": Column(say("Share"), SHARE, 90),
        "detail": Column(say("Opening taken, or rows"), RIGHT, 170),
        "account_id": Column(say("Account"), width=190),
    }
    if not words.result.attributes:
        del columns["seed_amount"], columns["share"]
    return frame, columns


def _assumed(words: Words) -> None:
    frame, columns = assumption_rows(words)
    shown, settings = config(frame.head(MOST_ROWS), columns, words.figures)
    st.dataframe(
        shown,
        column_config=settings,
        hide_index=True,
        placeholder="",
        height=min(420, 37 + 35 * len(shown)),
    )
    st.caption(
        say(
            "{count} assumptions. The money is what passed there, and would be told apart otherwise if the "
            "assumption were wrong; one sum of money may rest on several.",
            count=f"{len(frame):,}",
        )
    )


def _misused(words: Words, misuse: pd.DataFrame) -> None:
    """Money that payments took of others' earmarks."""
    st.markdown(f"**{say('Money taken of others’ earmarks')}** · {len(misuse):,}")
    columns = {
        "transfer_id": Column(say("Transfer"), width=150),
        "called": Column(say("Account or party"), width=220),
        "earmark": Column(say("Earmark"), width=160),
        "taken_from": Column(say("Taken from"), width=160),
        "amount": Column(say("Amount"), MONEY, 160),
        "traced": Column(say("Traced"), MONEY, 160),
        "account_id": Column(say("Account"), width=190),
    }
    frame = misuse.assign(called=[words.name(each) for each in misuse["account_id"]])
    shown, settings = config(frame.head(MOST_ROWS), columns, words.figures)
    st.dataframe(
        shown,
        column_config=settings,
        hide_index=True,
        placeholder="",
        height=min(420, 37 + 35 * len(shown)),
    )
