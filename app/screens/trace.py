"""Trace (资金穿透): given some money, where did it go, or where had it come from.

One question, one answer, one selection: a click in the picture filters the rows, a row lights its path.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from app import cases, controls, session
from app.money import Figures
from app.names import RULES, rule_title, word
from app.references import ask
from app.sankey import COLUMNS, MOST
from app.screens import data
from app.session import say
from app.style import verbatim
from app.tables import Column, config, rows_chosen
from app.tracing.answer import MOST_ROWS, Kept, Words, answered, viewed
from app.tracing.comparing import compared, comparison
from app.tracing.files import export
from app.tracing.frontier import frontier_table
from app.tracing.lists import assumptions, chain_table, end_table
from app.tracing.picture import facts, picture, row_table
from app.tracing.selection import Selection, focused
from app.tracing.standing import standing
from graphflow.errors import GraphflowError
from graphflow.language import N_
from graphflow.tracing.references import reference_to

if TYPE_CHECKING:
    from graphflow.case import Case

MOST_HOPS = 1_000
RULE_HELP = N_("An account mixes money; a rule says which money leaves first.")
RULE_SAID = N_("{says} Used by: {used_by} Source: {source}")
REFERENCE_HELP = N_(
    "What to trace, joined by commas: `transfer:ID`, `account:ID`, `party:ID`, `product:ID`, `loan:ID`, "
    "`balance:ACCOUNT@TIME`, or just an id or a name. `=AMOUNT` after it takes a part: `account:A1=5000`."
)


def show() -> None:
    """Show the screen."""
    case = cases.current()
    if case is None:
        data.welcome()
        return
    asked = _question(case)
    if asked is None:
        return
    reference, settings = asked
    note = st.empty()

    def compiling(count: int) -> None:
        note.info(
            say(
                "First use on this machine: parts of the program are being compiled (number {count}). This "
                "takes a minute in all, and only once.",
                count=count,
            ),
            icon=":material/hourglass_top:",
        )

    try:
        with st.spinner(say("Tracing…")):
            kept = answered(case, reference, tuple(settings.items()), compiling, lambda: None)
    except GraphflowError as error:
        note.empty()
        cases.tell(error)
        return
    note.empty()
    _answer(case, kept, repr((str(case.path), case.hash, reference, settings)), reference, settings)


def _rule_help() -> str:
    """Every rule: what it says, who uses it, and its source."""
    said = [
        f"**{say(rule.title)}**  \n"
        + say(RULE_SAID, says=say(rule.says), used_by=say(rule.used_by), source=say(rule.source))
        for rule in RULES.values()
    ]
    return "\n\n".join((say(RULE_HELP), *said))


def _question(case: Case) -> tuple[str, dict[str, Any]] | None:
    """The widgets of the question, and what they ask; None while there is nothing to ask."""
    _from_address()
    _hold_to_case(case, *controls.days(case))
    with st.container(key="question"):
        top = st.columns([5, 1.1, 2.5, 2.6], vertical_alignment="bottom")
        reference = top[0].text_input(
            say("From"),
            key="trace_from",
            persist_state="session",
            help=say(REFERENCE_HELP),
            placeholder="account:…  party:…  transfer:…  loan:…",
            icon=":material/my_location:",
        )
        with top[1].popover(say("Find"), icon=":material/search:", width="stretch"):
            _finder(case)
        backward = top[2].segmented_control(
            say("Direction"),
            (False, True),
            key="trace_backward",
            required=True,
            persist_state="session",
            help=say("Forward: where did the money go. Backward: where had it come from."),
            width="stretch",
            format_func={False: say("Forward"), True: say("Backward")}.__getitem__,
        )
        rule = top[3].selectbox(
            say("Rule"),
            tuple(RULES),
            key="trace_rule",
            help=_rule_help(),
            persist_state="session",
            filter_mode=None,
            format_func={name: rule_title(name) for name in RULES}.__getitem__,
        )
        several = len(case.tables.minor_units) > 1
        low = st.columns(
            [1.6, 1.6, 1.7, 1.2, 1.9, *([1.5] if several else []), 1.3, 1.1], vertical_alignment="bottom"
        )
        since = controls.day(
            low[0], case, "trace_since", say("Since"), say("Empty: from the first row of the case.")
        )
        until = controls.day(
            low[1],
            case,
            "trace_until",
            say("Until"),
            say("The day is included. Empty: to the last row of the case."),
        )
        least = controls.least_amount(
            low[2],
            case,
            "trace_min",
            say(
                "Paths that carry less are not followed further; their money ends as “beyond the limit set”."
            ),
        )
        hops = low[3].number_input(
            say("Most hops"),
            0,
            MOST_HOPS,
            None,
            1,
            key="trace_hops",
            persist_state="session",
            placeholder="∞",
            help=say("Transfers after the seed. Empty: no limit."),
        )
        by = low[4].segmented_control(
            say("Group by"),
            ("account", "party"),
            key="trace_by",
            required=True,
            persist_state="session",
            width="stretch",
            disabled=not case.tables.has("parties"),
            format_func={"account": say("Account"), "party": say("Party")}.__getitem__,
            help=say(
                "By party, transfers between accounts of one party are left out, and ends are summed "
                "by party."
            ),
        )
        currency = None
        if several:
            currency = low[5].selectbox(
                say("Currency"),
                sorted(case.tables.minor_units),
                None,
                key="trace_currency",
                persist_state="session",
                placeholder=say("any"),
                help=say("The money asked about has one currency; choose it where there are several."),
            )
        with low[-2].popover(say("Options"), icon=":material/tune:", width="stretch"):
            overdraft, gaps = _options(rule or "fifo")
        low[-1].button(say("Trace"), type="primary", shortcut="T", width="stretch", key="trace_go")
        session.link("manual", say("How each rule counts, with examples by hand"), ":material/menu_book:")
    smallest = controls.smallest(case, least)
    if smallest is None or not controls.ordered(since, until):
        return None
    if not (reference or "").strip():
        _suggest(case)
        return None
    settings: dict[str, Any] = {
        "rule": rule or "fifo",
        "currency": currency,
        "backward": bool(backward),
        "by": by or "account",
        "min_amount": smallest,
        "max_hops": hops,
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        "overdraft": overdraft,
        "cash_gaps": gaps,
    }
    st.session_state.trace_written = _address()
    session.write_address(**st.session_state.trace_written)
    return reference.strip(), settings


OVERDRAFTS = {
    "lender": N_("The lender's"),
    "coordinated": N_("The payment's that the overdraft made (coordinated)"),
}


def _options(rule: str) -> tuple[str, bool]:
    """Settings that are seldom changed: whose money repays an overdraft, and gaps of cash."""
    overdraft = st.radio(
        say("Money that repays an overdraft is"),
        tuple(OVERDRAFTS),
        key="trace_overdraft",
        persist_state="session",
        disabled=rule != "fifo",
        format_func={name: say(text) for name, text in OVERDRAFTS.items()}.__getitem__,
        help=say(
            "Coordinated: where payments are shown to have been planned with the money that covered them "
            "later, it goes on as the payment that the overdraft made. First in, first out only."
        ),
    )
    gaps = st.toggle(
        say("Follow cash over gaps"),
        key="trace_gaps",
        persist_state="session",
        help=say(
            "A withdrawal and a deposit of nine tenths to all of it on the same day, by the same party or "
            "its agent, are taken to be the same cash: an inference, listed among the assumptions."
        ),
    )
    return (overdraft or "lender") if rule == "fifo" else "lender", bool(gaps)


def _address() -> dict[str, str]:
    """The question of the widgets as the address has it."""
    state = st.session_state
    days = {key: state.get(f"trace_{key}") for key in ("since", "until")}
    hops = state.get("trace_hops")
    return {
        "from": (state.get("trace_from") or "").strip(),
        "rule": state.get("trace_rule") or "fifo",
        "back": "1" if state.get("trace_backward") else "",
        "by": "party" if state.get("trace_by") == "party" else "",
        "currency": state.get("trace_currency") or "",
        "min": (state.get("trace_min") or "").strip(),
        "hops": "" if hops is None else str(hops),
        "overdraft": "coordinated" if state.get("trace_overdraft") == "coordinated" else "",
        "gaps": "1" if state.get("trace_gaps") else "",
        "envelope": "1" if state.get("trace_envelope") else "",
        "openings": "1" if state.get("trace_openings") else "",
        **{key: day.isoformat() if day else "" for key, day in days.items()},
    }


def _from_address() -> None:
    """Take the question from the address: once a session, and when the browser went back or forward.

    Then the address has another question than was written last, and no widget has changed. Without a case the
    address says nothing: the screen was chosen anew.
    """
    state = st.session_state
    if not state.get("trace_begun"):
        state.trace_begun = True
        _take({key: session.asked(key) for key in _address()}, anew=False)
        return
    came, written = session.came(), state.get("trace_written")
    here = {key: came.get(key, "") for key in _address()}
    if "case" in came and written is not None and here != written and _address() == written:
        _take(here, anew=True)


def _take(question: Mapping[str, str], *, anew: bool) -> None:
    """Put a question into the widgets; what is no value of a widget is left out.

    Anew, it takes the place of the one that stands there; else what was asked for already goes first.
    """
    state = st.session_state
    days: dict[str, datetime.date | None] = {"since": None, "until": None}
    for key in days:
        with suppress(ValueError):
            days[key] = datetime.date.fromisoformat(question[key])
    hops = question["hops"]
    values: dict[str, Any] = {
        "from": question["from"],
        "rule": question["rule"] if question["rule"] in RULES else None,
        "backward": True if question["back"] == "1" else None,
        "by": "party" if question["by"] == "party" else None,
        "min": question["min"],
        "hops": int(hops) if hops.isdecimal() and int(hops) <= MOST_HOPS else None,
        "currency": question["currency"] or None,
        "overdraft": "coordinated" if question["overdraft"] == "coordinated" else None,
        **{key: True if question[key] == "1" else None for key in ("gaps", "envelope", "openings")},
        **days,
    }
    for key, value in values.items():
        if anew or (value not in (None, "") and f"trace_{key}" not in state):
            state[f"trace_{key}"] = value


def _hold_to_case(case: Case, first: datetime.date | None, last: datetime.date | None) -> None:
    """Drop what a widget would refuse: an address may be old, a case may have changed under the question."""
    state = st.session_state
    if state.get("trace_rule") not in RULES:
        state.trace_rule = "fifo"
    for key, value in (
        ("trace_backward", False),
        ("trace_by", "account"),
        ("trace_overdraft", "lender"),
        ("trace_gaps", False),
        ("trace_envelope", False),
        ("trace_openings", False),
    ):
        if state.get(key) is None:
            state[key] = value
    for key in ("trace_since", "trace_until"):
        day = state.get(key)
        if day is not None and (first is None or last is None or not first <= day <= last):
            del state[key]
    if state.get("trace_currency") not in (None, *case.tables.minor_units):
        del state["trace_currency"]
    if not case.tables.has("parties"):
        state.trace_by = "account"


def _finder(case: Case) -> None:
    """Look up a party or an account by id, number or name."""
    text = st.text_input(say("Party or account"), key="trace_find", placeholder=say("name, id or number"))
    hits, total = cases.find(case, text, 100)
    if not text.strip():
        st.caption(say("Part of a name, an id or a card number is enough."))
        return
    if not hits:
        st.info(say("Nothing in this case has that in its name, id or number."))
        return
    frame = pd.DataFrame(hits)
    frame["what"] = frame["what"].map({"party": say("Party"), "account": say("Account")})
    for column in ("name", "kind"):
        if column not in frame:
            frame[column] = ""
    frame["kind"] = [word(each) if isinstance(each, str) else each for each in frame["kind"]]
    columns = {
        "what": Column(say("Party or account"), width=90),
        "name": Column(say("Name"), width=190),
        "id": Column(say("Id"), width=180),
        "kind": Column(say("Kind"), width=90),
    }
    shown, settings = config(frame, columns, Figures("CNY"))
    st.dataframe(
        shown,
        column_config=settings,
        hide_index=True,
        height=260,
        width=560,
        key="trace_hits",
        on_select=lambda: _take_hit(case, hits),
        selection_mode="single-row",
    )
    st.caption(say("{shown} of {total} found. Select one to trace it.", shown=len(hits), total=f"{total:,}"))


def _take_hit(case: Case, hits: list[dict[str, Any]]) -> None:
    chosen = st.session_state.trace_hits["selection"]["rows"]
    if chosen and chosen[0] < len(hits):
        hit = hits[chosen[0]]
        ask(reference_to(case, hit["what"], hit["id"]), backward=bool(st.session_state.get("trace_backward")))


def _suggest(case: Case) -> None:
    """Nothing asked yet: say how to begin, with references that this case has."""
    st.info(
        say(
            "Say where the money starts: write a reference, find a party or an account, "
            "or choose a row under Transfers. To begin with, for example:"
        ),
        icon=":material/lightbulb:",
    )
    found = []
    for kind, table, key in (
        ("loan", "loans", "loan_id"),
        ("product", "products", "product_id"),
        ("party", "parties", "party_id"),
        ("account", "accounts", "account_id"),
        ("transfer", "transfers", "transfer_id"),
    ):
        rows = case.tables.arrow(table)
        if rows is not None and rows.num_rows and key in rows.column_names:
            ident = str(rows[key][0].as_py())
            name = rows["name"][0].as_py() if "name" in rows.column_names else None
            found.append((reference_to(case, kind, ident), f"  {name}" if name and name != ident else ""))
    with st.container(horizontal=True):
        for reference, name in found:
            st.button(verbatim(reference + name), key=f"suggest_{reference}", on_click=ask, args=(reference,))


def _answer(case: Case, kept: Kept, question: str, reference: str, settings: dict[str, Any]) -> None:
    """Everything below the question."""
    state = st.session_state
    view = viewed(kept, question, state.get("trace_most") or MOST, state.get("trace_steps") or COLUMNS)
    words = Words(case, kept, view)
    selection = Selection(question)
    transfers, links = focused(kept, view, selection.focus)
    shown = kept.rows if transfers is None else kept.rows[kept.rows["transfer_id"].isin(transfers)]
    shown = shown.head(MOST_ROWS)
    marked = [
        str(shown["transfer_id"].iloc[at]) for at in rows_chosen(selection.key("rows")) if at < len(shown)
    ]
    lit = view.paths_of_transfers(marked) if marked else links

    facts(words)
    left, right = st.columns([5, 4], gap="small")
    with left:
        picture(words, selection, lit)
    with right:
        row_table(words, selection, shown, transfers, marked)
    ends, chains, behind, wanted, rules, basis, files = st.tabs(
        [
            say("Origins") if words.backward else say("Ends"),
            say("Chains"),
            say("Owners behind"),
            say("Statements to ask for"),
            say("Rules compared"),
            say("Assumptions"),
            say("Export"),
        ]
    )
    with ends:
        end_table(words, selection)
    with chains:
        chain_table(words, selection)
    with behind:
        standing(words)
    with wanted:
        frontier_table(words)
    with rules:
        comparison(words, reference, settings)
    with basis:
        assumptions(words)
    with files:
        export(words, question, compared(case, reference, settings))
