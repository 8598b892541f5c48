"""Ownership (股权穿透): who owns a company in the end, who decides over it, why two parties are related."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from app import cases, layers, session
from app.controls import as_of
from app.names import word
from app.screens import data
from app.session import say
from app.style import verbatim
from app.tables import RIGHT, Column, table_to_take
from graphflow.errors import GraphflowError
from graphflow.language import N_
from graphflow.law import law_on
from graphflow.ownership import (
    OwnershipGraph,
    Related,
    beneficial_owners,
    controllers,
    controls,
    owners,
    ownership_graph,
    related,
)
from graphflow.ownership.beneficial import regimes
from graphflow.ownership.stakes import party_number, stakes_of
from graphflow.pictures.words import PARTY_KINDS, brief_percent, percent
from graphflow.rows import party_like

if TYPE_CHECKING:
    from graphflow.case import Case

DRAWN = 25
"""Parties that are drawn; the rest is counted."""


def show() -> None:
    """Show the screen."""
    case = cases.current()
    if case is None:
        data.welcome()
        return
    if not case.tables.has("stakes"):
        st.info(
            say("The case has no table of stakes: it says who owns whom. Add one on the Data screen."),
            icon=":material/account_balance:",
        )
        return
    line = st.columns([3, 1.4, 1.4], vertical_alignment="bottom")
    typed = line[0].text_input(
        say("Company or person"),
        session.asked("party") or "",
        key="owner_party",
        persist_state="session",
        icon=":material/search:",
        placeholder=say("id or name"),
    )
    day = as_of(line[1], "owner_as_of")
    regime = line[2].selectbox(say("Regime"), regimes(), key="owner_regime", persist_state="session")
    name = (typed or "").strip()
    if not name:
        st.info(
            say(
                "Name a company or a person: who owns it in the end, with what shares and votes; who "
                "controls it, and whom it controls; and why it is related to another."
            ),
            icon=":material/groups:",
        )
        _suggest(case, "")
        return
    try:
        stakes = stakes_of(case, day)
        party = stakes.name(party_number(stakes, name))
    except GraphflowError as error:
        if not _suggest(case, name):
            cases.tell(error)
        return
    session.write_address(party=party)
    kind = str(stakes.kinds[party_number(stakes, party)])
    names = _Names(case)
    st.markdown(f"**{names.plain(party)}** · {word(kind)}")
    st.caption(
        say("As of {moment}", moment=stakes.said_at) if stakes.said_at else say("No stake has a date.")
    )
    above, decides, tie = st.tabs([say("Owners in the end"), say("Control"), say("Related to another")])
    with above:
        _owners(case, party, kind, day, str(regime), names)
    with decides:
        _control(case, party, day, names)
    with tie:
        _related(case, party, day, names)


class _Names:
    """What parties are called, looked up once a run."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.known: dict[str, str] = {}

    def know(self, ids: Any) -> None:
        wanted = {str(each) for each in ids if isinstance(each, str)} - self.known.keys()
        if wanted:
            self.known |= dict.fromkeys(wanted, "") | cases.party_names(self.case, wanted)

    def plain(self, party: str) -> str:
        """Name and id."""
        self.know([party])
        name = self.known.get(party, "")
        return f"{name} ({party})" if name and name != party else party

    def short(self, party: str) -> str:
        """The name, or the id where there is none."""
        self.know([party])
        return self.known.get(party) or party


def _suggest(case: Case, name: str, key: str = "owner_party") -> bool:
    """Parties like what was typed; without words, the companies with the most owners."""
    found = party_like(case.tables, name) if name else _with_most_owners(case)
    head = say("Did you mean one of these?") if name else say("Companies with the most owners")
    return _offer(_Names(case), found, head, key)


def _offer(names: _Names, found: list[str], head: str, key: str) -> bool:
    """Buttons with parties, one of which is to stand in the field of that key; False where there is none."""
    if not found:
        return False
    names.know(found)
    st.caption(head)
    with st.container(horizontal=True, gap="small"):
        for each in found:
            st.button(names.plain(each), key=f"{key}_{each}", on_click=_choose, args=(key, each))
    return True


def _choose(key: str, party: str) -> None:
    st.session_state[key] = party


def _with_most_owners(case: Case, most: int = 8) -> list[str]:
    counts = stakes_of(case).companies
    numbers = pd.Series(counts).value_counts().head(most).index
    return [stakes_of(case).name(number) for number in numbers]


def _brief(row: Any, axis: str) -> str:
    """A share on an edge, where room is short."""
    low, high = row[f"{axis}_min"], row[f"{axis}_max"]
    if abs(high - low) < 1e-12:
        return brief_percent(low)
    return f"{brief_percent(low).removesuffix(' %')} – {brief_percent(high)}"


def _range(row: Any, axis: str) -> str:
    low, high = row[f"{axis}_min"], row[f"{axis}_max"]
    return percent(low) if abs(high - low) < 1e-12 else f"{percent(low)} – {percent(high)}"


def _owners(case: Case, party: str, kind: str, day: str | None, regime: str, names: _Names) -> None:
    if kind == "person":
        st.info(say("This is a person: nobody owns it. See what it controls."))
        return
    frame = owners(case, party, day)
    graph = ownership_graph(case, party, day, most=DRAWN)
    names.know(graph.nodes["party_id"])
    drawing = _drawing(graph, names)
    picture, table = layers.places(drawing)
    with picture:
        _picture(graph, drawing)
    with table:
        shown = pd.DataFrame(
            {
                "owner": [
                    word(kind) if pd.isna(owner) else names.plain(owner)
                    for owner, kind in zip(frame["owner_id"], frame["kind"], strict=True)
                ],
                "kind": [word(each) for each in frame["kind"]],
                "share": [_range(row, "share") for row in frame.to_dict("records")],
                "votes": [_range(row, "votes") for row in frame.to_dict("records")],
                "direct": [percent(each) for each in frame["direct"]],
                "paths": [
                    ";  ".join(" → ".join(names.short(one) for one in way) for way in ways)
                    for ways in frame["paths"]
                ],
            }
        )
        columns = {
            "owner": Column(say("owner")),
            "kind": Column(say("kind")),
            "share": Column(say("share"), RIGHT),
            "votes": Column(say("votes"), RIGHT),
            "direct": Column(say("held directly"), RIGHT),
            "paths": Column(say("ways"), width="large"),
        }
        table_to_take(
            cases.figures(case),
            shown,
            columns,
            say("Owners in the end"),
            "owners_table",
        )
        if (frame["kind"] == "excess").any():
            st.warning(
                say(
                    "Some companies above it have owners of more than the whole: "
                    "what is too much is taken off below."
                ),
                icon=":material/error:",
            )
        total = float(frame["share_min"].sum())
        if abs(total - 1) < 1e-9:
            st.caption(say("The shares add up to one."))
    st.markdown(f"**{say('Beneficial owners (受益所有人)')}** · {regime}")
    try:
        found = beneficial_owners(case, party, regime, day, language=session.language())
    except GraphflowError as error:
        cases.tell(error)
        return
    persons = found[found["party_id"].notna()]
    for row in found[found["party_id"].isna()].to_dict("records"):
        text = (
            say("{share} belongs to owners who are not known.", share=percent(row["value"]))
            if row["axis"] == "unknown"
            else say("{share} ends at companies of which no owner is known.", share=percent(row["value"]))
        )
        st.caption(text)
    if persons.empty:
        st.info(say("Nobody reaches the threshold of this regime by what is known."))
        return
    shown = pd.DataFrame(
        {
            "party": [names.plain(each) for each in persons["party_id"]],
            "axis": [word(each) for each in persons["axis"]],
            "value": [percent(each) for each in persons["value"]],
            "threshold": [percent(each) for each in persons["threshold"]],
            "met": [word(each) for each in persons["met"]],
            "basis": list(persons["basis"]),
        }
    )
    columns = {
        "party": Column(say("party")),
        "axis": Column(say("by what")),
        "value": Column(say("value"), RIGHT),
        "threshold": Column(say("threshold"), RIGHT),
        "met": Column(say("met")),
        "basis": Column(say("ground"), width="large"),
    }
    table_to_take(
        cases.figures(case),
        shown,
        columns,
        say("Beneficial owners (受益所有人)"),
        "beneficial_table",
    )


def _drawing(graph: OwnershipGraph, names: _Names) -> layers.Drawing:
    """The company, its owners and theirs, with shares and votes on the edges."""
    nodes = [
        layers.Node(
            row["party_id"],
            "chosen" if at == 0 else row["kind"],
            names.short(row["party_id"]),
            f"{names.plain(row['party_id'])}; {word(row['kind'])}; "
            + say("of the company {share}", share=percent(row["share"])),
        )
        for at, row in enumerate(graph.nodes.to_dict("records"))
    ]
    place = {node.key: at for at, node in enumerate(nodes)}
    edges = []
    for row in graph.edges.to_dict("records"):
        nominee = row["nominee_id"] if isinstance(row["nominee_id"], str) else ""
        edges.append(
            layers.Edge(
                place[row["owner_id"]],
                place[row["company_id"]],
                _brief(row, "share"),
                row["share_max"],
                say("votes {votes}", votes=_brief(row, "votes")),
                say("(held by {nominee})", nominee=names.short(nominee)) if nominee else "",
                bool(nominee),
            )
        )
    return layers.drawn(nodes, edges, inward=True)


def _picture(graph: OwnershipGraph, drawing: layers.Drawing) -> None:
    """The owners of the company; a click on one asks about it."""
    key = f"owners_chart_{graph.company_id}"

    def clicked() -> None:
        for group in st.session_state[key]["selection"]["selected"]:
            for index in group["data_indices"] if group["series_id"] == layers.NODES else ():
                if index > 0:
                    st.session_state.owner_party = drawing.nodes[index].key

    st.echarts_chart(
        drawing.option({**PARTY_KINDS, "chosen": N_("asked about")}),
        key=key,
        on_select=clicked,
        height=drawing.height,
        renderer="svg",
        alt=say(
            "Graph of {count} owners of the company; its table has their shares.",
            count=len(drawing.nodes) - 1,
        ),
    )
    notes = [say("An arrow leads from an owner to what it owns. Click on one to ask about it.")]
    if drawing.told and drawing.edges:
        notes.append(say("On each arrow the share, and under it the votes."))
    elif drawing.edges:
        notes.append(say("There is no room for shares and votes: point at an arrow to read them."))
    if any(edge.dashed for edge in drawing.edges):
        notes.append(say("Dashed: held in another's name."))
    count, share = graph.left_out
    if count:
        notes.append(
            say(
                "{count} more parties are not drawn; {share} of the company is theirs.",
                count=f"{count:,}",
                share=percent(share),
            )
        )
    st.caption(" ".join(notes))


def _control(case: Case, party: str, day: str | None, names: _Names) -> None:
    (block,) = (row for row in law_on("control", None) if row["rule"] == "de_facto")
    de_facto = st.toggle(
        say("Also by the greatest block of votes"),
        key="owner_de_facto",
        persist_state="session",
        help=say(
            "From {share} on and {times} times the next: a rule of thumb, no law.",
            share=percent(float(block["threshold"]), 0),
            times=block["times"],
        ),
    )
    over, under = st.columns(2, gap="medium")
    with over:
        st.markdown(f"**{say('Who controls it')}**")
        frame = controllers(case, party, day, de_facto=de_facto)
        if frame.empty:
            st.info(say("Nobody is known to control it."))
        else:
            shown = pd.DataFrame(
                {
                    "party": [names.plain(each) for each in frame["party_id"]],
                    "kind": [word(each) for each in frame["kind"]],
                    "ultimate": [say("yes") if each else say("no") for each in frame["ultimate"]],
                    "with": [
                        "; ".join(names.plain(each) for each in group) for group in frame["with_parties"]
                    ],
                    "certain": [say("yes") if each else say("possible") for each in frame["certain"]],
                }
            )
            columns = {
                "party": Column(say("party")),
                "kind": Column(say("kind")),
                "ultimate": Column(say("nobody above")),
                "with": Column(say("together with")),
                "certain": Column(say("certain")),
            }
            table_to_take(
                cases.figures(case),
                shown,
                columns,
                say("Controllers"),
                "controllers_table",
            )
    with under:
        st.markdown(f"**{say('Whom it controls')}**")
        frame = controls(case, party, day, de_facto=de_facto)
        if frame.empty:
            st.info(say("It controls nobody by what is known."))
            return
        shown = pd.DataFrame(
            {
                "party": [names.plain(each) for each in frame["party_id"]],
                "how": [word(each) for each in frame["how"]],
                "votes": [percent(each) for each in frame["votes"]],
                "through": [
                    "; ".join(
                        names.short(one)
                        if isinstance(one, str)
                        else f"{names.short(one[0])} {percent(one[1])}"
                        for one in step
                    )
                    for step in frame["through"]
                ],
                "certain": [say("yes") if each else say("possible") for each in frame["certain"]],
            }
        )
        columns = {
            "party": Column(say("party")),
            "how": Column(say("by")),
            "votes": Column(say("votes"), RIGHT),
            "through": Column(say("through"), width="large"),
            "certain": Column(say("certain")),
        }
        table_to_take(
            cases.figures(case),
            shown,
            columns,
            say("Whom it controls"),
            "controls_table",
        )
        st.caption(say("In the order in which they come under control."))


def _related(case: Case, party: str, day: str | None, names: _Names) -> None:
    st.caption(
        say(
            "Two parties are related where an article says so: by control or significant influence of the "
            "one on the other or of somebody on both, or through managers, investors and their close family. "
            "What held within twelve months before or after the date counts."
        )
    )
    typed = st.text_input(
        say("Other party"),
        session.asked("other") or "",
        key="owner_other",
        persist_state="session",
        icon=":material/link:",
        placeholder=say("id or name"),
    )
    other = (typed or "").strip()
    if not other:
        st.info(
            say("Name another party to see whether the two are related, and why."), icon=":material/link:"
        )
        _offer(names, _next_to(case, party, day), say("Parties that it owns or that own it"), "owner_other")
        return
    stakes = stakes_of(case, day)
    try:
        other = stakes.name(party_number(stakes, other, "other"))
    except GraphflowError as error:
        if not _suggest(case, other, "owner_other"):
            cases.tell(error)
        return
    if other == party:
        st.info(say("This is the party itself: name another one."), icon=":material/link_off:")
        return
    try:
        answer = related(case, party, other, day, language=session.language())
    except GraphflowError as error:
        cases.tell(error)
        return
    session.write_address(party=party, other=other)
    heads = {
        "yes": f":material/link: {say('Related')}",
        "no": f":material/link_off: {say('Not related, by what is known')}",
        "disputed": f":material/balance: {say('Disputed')}",
    }
    st.markdown(f"### {heads[answer.answer]}")
    st.markdown(verbatim(_because(answer, names.short(party), names.short(other), names)))
    if len(answer.basis):
        shown = pd.DataFrame(
            {
                "answer": [word(each) for each in answer.basis["answer"]],
                "between": [
                    "; ".join(names.plain(each) for each in group) for group in answer.basis["between"]
                ],
                "date": list(answer.basis["date"]),
                "article": list(answer.basis["article"]),
                "text": list(answer.basis["text"]),
                "mark": list(answer.basis["mark"]),
                "scope": [word(each) for each in answer.basis["scope"]],
            }
        )
        columns = {
            "answer": Column(say("answer")),
            "between": Column(say("through")),
            "date": Column(say("date")),
            "article": Column(say("article"), width="medium"),
            "text": Column(say("wording"), width="large"),
            "mark": Column(
                say("checked"), help=say("V: against the text; V~: the substance; G: general knowledge.")
            ),
            "scope": Column(say("scope")),
        }
        table_to_take(
            cases.figures(case),
            shown,
            columns,
            say("Grounds"),
            "related_table",
        )
    if len(answer.hints):
        pairs = zip(answer.hints["hint"], answer.hints["value"], strict=True)
        hints = [f"{word(hint)} {value}".strip() for hint, value in pairs]
        st.warning(say("Hints, which prove nothing") + ": " + "; ".join(hints), icon=":material/lightbulb:")


def _because(answer: Related, one: str, other: str, names: _Names) -> str:
    """Why two parties are related, or not, in one sentence: the first ground that decides it."""
    if answer.basis.empty:
        return say(
            "No control, no influence, no manager or relative joins {one} and {other} in what this case "
            "knows. What is not in it may.",
            one=one,
            other=other,
        )
    everybody = answer.basis[answer.basis["scope"] == "general"]
    decides = everybody[everybody["answer"] == answer.answer]
    if decides.empty:  # not related, but for companies that are listed
        ground = answer.basis.iloc[0]
        text = N_(
            "No rule for everybody relates {one} and {other}; where one of them is listed, this does: "
            "{text} ({article})."
        )
    else:
        ground = decides.iloc[0]
        text = {
            "yes": N_("{one} and {other} are related: {text} ({article})."),
            "no": N_("{one} and {other} are not related: {text} ({article})."),
            "disputed": N_(
                "It is disputed whether {one} and {other} are related; one text says: {text} ({article}). "
                "Another says that this alone does not relate them."
            ),
        }[answer.answer]
    said = say(text, one=one, other=other, text=ground["text"], article=ground["article"])
    if ground["between"]:
        between = ", ".join(names.plain(each) for each in ground["between"])
        said += " " + say("Between them stands: {names}.", names=between)
    return said


def _next_to(case: Case, party: str, day: str | None, most: int = 8) -> list[str]:
    """The first few parties that own a party or are owned by it."""
    stakes = stakes_of(case, day)
    number = party_number(stakes, party)
    near = [
        *stakes.owners[stakes.companies == number].tolist(),
        *stakes.companies[stakes.owners == number].tolist(),
    ]
    return [stakes.name(each) for each in dict.fromkeys(near) if each != number][:most]
