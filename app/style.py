"""The few rules of style that Streamlit has no setting for, and the words that it cannot translate."""

from __future__ import annotations

import json

import streamlit as st

from app.session import language, say

_RULES = """
.stMainBlockContainer {padding: 1.6rem 1.6rem 2rem 1.6rem;}
[data-testid="stSidebar"] {min-width: 236px; max-width: 236px;}
[data-testid="stSidebarHeader"] {height: 2.4rem; margin-bottom: 0;}
[data-testid="stMetricValue"] {font-variant-numeric: tabular-nums; font-size: 1.2rem;}
[data-testid="stMetricLabel"] {margin-bottom: -.2rem;}
.st-key-question [data-testid="stButtonGroup"] > div > button {min-height: 40px;}
[data-testid="stSidebar"] [data-testid="stButtonGroup"] > div > button {padding: 0 .3rem;}
h1, h2, h3 {letter-spacing: 0;}
h3 {padding: 0 0 .2rem 0;}
"""
# Streamlit's uploader speaks English only; its texts are laid over with ours.
_UPLOADER = """
[data-testid="stFileUploaderDropzoneInstructions"] span {font-size: 0 !important;}
[data-testid="stFileUploaderDropzoneInstructions"] > div > span:first-of-type::after,
[data-testid="stFileUploaderDropzoneInstructions"] > span:first-of-type::after
  {content: %(drop)s; font-size: .875rem;}
[data-testid="stFileUploaderDropzone"] button p {font-size: 0 !important;}
[data-testid="stFileUploaderDropzone"] button p::after {content: %(choose)s; font-size: .875rem;}
"""


def dress() -> None:
    """Put the rules on the page."""
    rules = _RULES
    if language() != "en":
        texts = {"drop": say("Drop files here"), "choose": say("Choose")}
        rules += _UPLOADER % {key: json.dumps(text, ensure_ascii=False) for key, text in texts.items()}
    st.html(f"<style>{rules}</style>")


def verbatim(text: object) -> str:
    """Text from data inside Markdown: every sign of it is only itself, so that no name draws, links or loads.

    Examples
    --------
    >>> verbatim("![x](http://h/p.png) *A* $5")
    '\\\\!\\\\[x\\\\]\\\\(http\\\\:\\\\/\\\\/h\\\\/p\\\\.png\\\\) \\\\*A\\\\* \\\\$5'
    """
    line = " ".join(str(text).split())
    return "".join("\\" + sign if sign in _SIGNS else sign for sign in line)


_SIGNS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
