"""References to money: how a question is written, and put to the Trace screen from anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app import session
from app.session import say
from graphflow.tracing.references import reference_to

if TYPE_CHECKING:
    from graphflow.case import Case


def ask(reference: str, *, backward: bool = False) -> None:
    """Put a question to this screen: for a callback of any screen, before widgets are drawn."""
    st.session_state.trace_begun = True
    st.session_state.trace_from = reference
    st.session_state.trace_backward = backward


def trace_buttons(case: Case, transfer: str, source: str, target: str, *, then: str | None = None) -> None:
    """Start a trace at a row, or at either side of it."""
    with st.container(horizontal=True, gap="small"):
        for text, reference in (
            (say("Trace this transfer"), reference_to(case, "transfer", transfer)),
            (say("Trace the payer"), reference_to(case, "account", source)),
            (say("Trace the payee"), reference_to(case, "account", target)),
        ):
            clicked = st.button(
                text, key=f"from_{reference}", on_click=ask, args=(reference,), icon=":material/arrow_split:"
            )
            if clicked and then:
                session.go(then)
