"""With whom the money stands once products and companies are looked through, and through which of them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app import cases, controls
from app.names import called, word
from app.session import say
from app.style import verbatim
from app.tables import MONEY, SHARE, Column, table_to_take
from app.tracing.answer import MOST_ROWS, Words
from graphflow.errors import GraphflowError
from graphflow.language import N_
from graphflow.penetration import HOLDINGS, Penetration, penetrate
from graphflow.pictures import sankey_svg
from graphflow.pictures.words import ASSET_KINDS, end_name, said_steps

_HOLDINGS = {
    "frontier": N_("where the statement of a product is missing"),
    "always": N_("always, as a claim on all that it holds"),
    "never": N_("never"),
}
SHOWN = 200
"""Chains that are shown; the rest is counted."""


def standing(words: Words) -> None:
    """The question, its answer as a sum, and two tables: with whom the money stands, and how it got there."""
    tables = words.case.tables
    if not (tables.has("stakes") or tables.has("holdings")):
        st.info(say("The case says neither who owns whom (stakes) nor what products hold (holdings)."))
        return
    if words.backward or not words.result.attributes or words.result.parameters["by"] == "party":
        st.info(
            say(
                "This is asked of where money went, by account, under a rule that says how much of it stands "
                "where: not of this question."
            )
        )
        return
    line = st.columns([3, 1.4, 2.2], vertical_alignment="bottom")
    typed = line[0].text_input(
        say("How much stands with this party and those it controls"),
        key="trace_controller",
        persist_state="session",
        icon=":material/search:",
        placeholder=say("id or name; empty: with whom it stands"),
    )
    day = controls.as_of(line[1], "trace_stands_as_of")
    holdings = line[2].selectbox(
        say("Products are looked through"),
        HOLDINGS,
        format_func=lambda each: say(_HOLDINGS[each]),
        key="trace_stands_holdings",
        persist_state="session",
    )
    who = (typed or "").strip() or None
    question = f"standing {who} {day} {holdings}"
    asking = st.empty()
    if who is None and question not in words.kept.more:  # every tab is made at every click: not unasked
        with asking.container():
            st.caption(say("It goes through every chain, which takes about as long as the trace did."))
            if not st.button(say("Look through"), key="trace_stands", icon=":material/visibility:"):
                return
    try:
        with st.spinner(say("Looking through products and owners…")):
            found, chains, routes, through = words.kept.later(
                question, lambda: _asked(words, who, day, str(holdings))
            )
    except GraphflowError as error:
        cases.tell(error)
        return
    asking.empty()
    _told(words, found)
    if len(found.standing):
        st.image(_picture(words, found, routes))
    _with_whom(words, found)
    _through(words, through)
    _chains(words, chains)
    for note in found.notes.to_dict("records"):
        money = words.figures.money(int(note["amount"]))
        st.caption(
            verbatim(f"{note['id']}: {say(note['note'])} ({say('money concerned: {money}', money=money)})")
        )


def _asked(
    words: Words, who: str | None, day: str | None, holdings: str
) -> tuple[Penetration, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    found = penetrate(words.result, who, as_of=day, holdings=holdings)
    return found, *found.tables(SHOWN)


def _told(words: Words, found: Penetration) -> None:
    """The answer in a sentence, and that it adds up."""
    exact = words.figures.exact
    if found.controller is not None and found.total is not None:
        names = cases.party_names(words.case, found.certain | {found.controller})
        said = say(
            "**{money}** ({share}) of {seed} stand with {party} and the {count} under its control.",
            money=verbatim(words.figures.money(found.total)), share=words.share(found.total),
            seed=verbatim(words.figures.money(found.seed)),
            party=verbatim(names.get(found.controller) or found.controller), count=len(found.certain) - 1,
        )  # fmt: skip
        if found.stopped:
            money = words.figures.money(found.stopped)
            said += " " + say(
                "Besides, {money} is not followed further in accounts of these.", money=verbatim(money)
            )
        if found.total_possible != found.total and found.total_possible is not None:
            money = words.figures.money(found.total_possible)
            said += " " + say(
                "If votes that are not known are as high as they may be: {money}.", money=verbatim(money)
            )
        st.markdown(said)
    total = int(found.standing["amount"].sum())
    st.markdown(
        ":material/check_circle: "
        + say("All of it adds up to the seed: {sum} = {seed}", sum=verbatim(exact.text(total)),
              seed=verbatim(exact.money(found.seed)))
    )  # fmt: skip


def _picture(words: Words, found: Penetration, routes: pd.DataFrame) -> str:
    ids = {str(each) for way in routes["accounts"] for each in way}
    return sankey_svg(
        routes,
        title=say("Transfers, then holdings, then stakes"),
        unit=found.currency,
        digits=found.trace.minor_units,
        language=words.figures.language,
        labels={each: called(words.kept.names, each) for each in ids} | cases.party_names(words.case, ids),
        most=40,
    )


def _labels(words: Words, ids: set[str]) -> dict[str, str]:
    """What accounts and parties are called; accounts of one party with their numbers."""
    return {each: words.called(each) for each in ids & words.kept.everyone} | cases.party_names(
        words.case, ids
    )


def _with_whom(words: Words, found: Penetration) -> None:
    frame = found.standing.head(MOST_ROWS)
    names = _labels(words, set(frame["held_in"]))
    columns = {
        "why": Column(say("Ground"), width=190),
        "called": Column(say("Party, asset or place"), width=220),
        "what": Column(say("Kind"), width=110),
        "amount": Column(say("Amount"), MONEY, 150),
        "part": Column(say("Share"), SHARE, 90),
        "held_in": Column(say("Id"), width=170),
    }
    shown = frame.assign(
        why=[say(end_name(each)) for each in frame["ground"]],
        called=[names.get(each) or each for each in frame["held_in"]],
        what=[say(ASSET_KINDS[each]) if each in ASSET_KINDS else word(each) for each in frame["kind"]],
        part=words.shares(found.standing["amount"])[: len(frame)],
    )
    _table(words, shown, columns, say("With whom the money stands"), "trace_standing")


def _table(words: Words, frame: pd.DataFrame, columns: dict[str, Column], title: str, key: str) -> None:
    st.markdown(f"**{title}**")
    table_to_take(words.figures, frame, columns, title, key)


def _through(words: Words, through: pd.DataFrame) -> None:
    if through.empty:
        return
    names = cases.party_names(words.case, set(through["id"]))
    frame = through.assign(
        what=[say("Product") if each == "product" else say("Company") for each in through["kind"]],
        called=[names.get(each) or each for each in through["id"]],
    )
    columns = {
        "called": Column(say("Through"), width=240),
        "what": Column(say("Kind"), width=110),
        "amount": Column(say("Amount"), MONEY, 150),
        "id": Column(say("Id"), width=170),
    }
    _table(words, frame, columns, say("Through which products and companies"), "trace_through")


def _chains(words: Words, chains: pd.DataFrame) -> None:
    zone, language = words.case.tables.timezone, words.figures.language
    ids = {
        each for steps in chains["steps"] for step in steps for each in (step.source, step.target, step.id)
    }
    labels = _labels(words, ids | set(chains["party_id"].dropna()))
    frame = chains.assign(
        why=[say(end_name(each)) for each in chains["ground"]],
        called=[labels.get(each) or each for each in chains["held_in"]],
        way=[" → ".join(said_steps(steps, zone, language, labels)) for steps in chains["steps"]],
    )
    columns = {
        "amount": Column(say("Amount"), MONEY, 150),
        "called": Column(say("Stands with"), width=150),
        "why": Column(say("Ground"), width=150),
        "way": Column(say("Transfers, holdings and stakes"), width=720),
    }
    _table(words, frame, columns, say("Chains"), "trace_stands_chains")
    left: dict[str, Any] = chains.attrs["left_out"]
    if left["chains"]:
        st.caption(
            say("{count} more chains with {money}.", count=f"{left['chains']:,}",
                money=verbatim(words.figures.money(left["seed_amount"])))
        )  # fmt: skip
