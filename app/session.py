"""What a session of the app remembers: language, unit, the open case; and the same in the address.

The address (`?case=&lang=&unit=`) is read once, when a session begins, and written at every run, so that a
page can be sent on as a link. Nothing here is shared between sessions.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.money import SCALES, Figures, scale_name
from graphflow.language import LANGUAGES, closest, translate

LANGUAGE_NAMES = {"zh": "中文", "en": "English"}


def begin() -> None:
    """Take over what the address and the command line say, once a session; remember what it says now."""
    st.session_state.came = {key: st.query_params[key] for key in st.query_params}
    if "begun" in st.session_state:
        return
    st.session_state.begun = True
    asked = st.query_params
    # The address first, then who started the app (`graphflow app`), then the browser.
    named = asked.get("lang", "")
    wanted = os.environ.get("GRAPHFLOW_LANGUAGE") or st.context.locale
    st.session_state.language = named if named in LANGUAGES else closest(wanted)
    st.session_state.scale = asked["unit"] if asked.get("unit") in SCALES else SCALES[0]
    given = [each for each in sys.argv[1:] if not each.startswith("-")]
    st.session_state.case = asked.get("case") or (given[0] if given else "")
    st.session_state.asked = {key: asked[key] for key in asked}


def language() -> str:
    chosen = st.session_state.get("language")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def say(text: str, /, **values: object) -> str:
    """A text of ours in the session's language."""
    return translate(text, language(), **values)


def figures(currency: str, minor_units: Mapping[str, int]) -> Figures:
    """How this session writes amounts of a currency."""
    scale = st.session_state.get("scale") or SCALES[0]
    return Figures(currency, minor_units.get(currency, 2), language(), scale)


def open_path() -> str:
    return str(st.session_state.get("case") or "")


def open_case_at(path: str) -> None:
    """Make a case the session's; what was asked of another one is forgotten."""
    if path != open_path():
        for key in [key for key in st.session_state if str(key).startswith("trace_")]:
            del st.session_state[key]
        st.session_state.asked = {}
    st.session_state.case = path


def came() -> dict[str, str]:
    """What the address said when this run began, before the screens wrote theirs."""
    return dict(st.session_state.get("came", {}))


def asked(name: str) -> str:
    """What the address said when the session began."""
    return str(st.session_state.get("asked", {}).get(name, ""))


def write_address(**more: str) -> None:
    """Keep the address in step; empty values are left out. Parameters of others stay."""
    wanted: dict[str, Any] = {"case": open_path(), "lang": language(), **more}
    scale = st.session_state.get("scale") or SCALES[0]
    wanted["unit"] = "" if scale == SCALES[0] else scale
    for key, value in wanted.items():
        if value and st.query_params.get(key) != value:
            st.query_params[key] = value
        elif not value and key in st.query_params:
            del st.query_params[key]


def choosers(currency: str = "CNY") -> None:
    """The two switches that every screen has: language and unit."""
    # Drawn on every screen, and yet a switch of screens by the program would forget what they hold.
    st.segmented_control(
        "语言 · Language",
        LANGUAGES[::-1],
        key="language",
        required=True,
        persist_state="session",
        format_func=lambda each: LANGUAGE_NAMES[each],
        width="stretch",
    )
    st.segmented_control(
        say("Amounts in"),
        SCALES,
        key="scale",
        required=True,
        persist_state="session",
        width="stretch",
        format_func={scale: scale_name(currency, language(), scale) for scale in SCALES}.__getitem__,
    )


_PAGES = "pages"


def keep_pages(pages: Mapping[str, Any]) -> None:
    """The pages of this run by their path, for going from one to another."""
    st.session_state[_PAGES] = dict(pages)


def link(path: str, label: str, icon: str) -> None:
    """A link to another screen."""
    st.page_link(st.session_state[_PAGES][path], label=label, icon=icon)


def go(path: str) -> None:
    """Leave for another screen."""
    st.switch_page(st.session_state[_PAGES][path])
