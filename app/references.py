"""References to money: how a question is written, and put to the Trace screen from anywhere."""

from __future__ import annotations

import streamlit as st

from app import session
from app.session import say


def ask(reference: str, *, backward: bool = False) -> None:
    """Put a question to this screen: for a callback of any screen, before widgets are drawn."""
    st.session_state.trace_begun = True
    st.session_state.trace_from = reference
    st.session_state.trace_backward = backward


def reference_to(kind: str, ident: str) -> str:
    """A reference that means exactly this id, whatever is in it.

    Examples
    --------
    >>> reference_to("account", "A1"), reference_to("account", "A,1=2@3")
    ('account:A1', 'account:"A,1=2@3"')
    """
    plain = not any(sign in ident for sign in ',=@"') and ident == ident.strip()
    return f"{kind}:{ident}" if plain else f'{kind}:"{ident}"'


def trace_buttons(transfer: str, source: str, target: str, *, then: str | None = None) -> None:
    """Start a trace at a row, or at either side of it."""
    with st.container(horizontal=True, gap="small"):
        for text, reference in (
            (say("Trace this transfer"), reference_to("transfer", transfer)),
            (say("Trace the payer"), reference_to("account", source)),
            (say("Trace the payee"), reference_to("account", target)),
        ):
            clicked = st.button(
                text, key=f"from_{reference}", on_click=ask, args=(reference,), icon=":material/arrow_split:"
            )
            if clicked and then:
                session.go(then)
