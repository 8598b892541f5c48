"""The few rules of style that Streamlit has no setting for, and the words that it cannot translate."""

from __future__ import annotations

import json

import streamlit as st

from app.session import language, say
from graphflow.language import N_

# A table's own "Download as CSV" has what the browser shows: rounded, and with cells that a spreadsheet runs.
_RULES = """
.stMainBlockContainer {padding: 1.6rem 1.6rem 2rem 1.6rem;}
[data-testid="stSidebar"] {min-width: 236px; max-width: 236px;}
[data-testid="stSidebarHeader"] {height: 2.4rem; margin-bottom: 0;}
[data-testid="stMetricValue"] {font-variant-numeric: tabular-nums; font-size: 1.2rem;}
[data-testid="stMetricLabel"] {margin-bottom: -.2rem;}
.st-key-question [data-testid="stButtonGroup"] > div > button {min-height: 40px;}
[data-testid="stSidebar"] [data-testid="stButtonGroup"] > div > button {padding: 0 .3rem;}
[data-testid="stColumn"]:has(> div .st-key-manual_contents)
  {position: sticky; top: 1rem; align-self: flex-start; max-height: calc(100vh - 2rem); overflow-y: auto;}
.st-key-manual_contents {padding-bottom: 1.2rem;}
.st-key-manual_contents li {font-size: .85rem; list-style: none; margin: 0;}
.st-key-manual_contents ul {padding-left: .9rem; margin: 0;}
.st-key-manual_contents a {text-decoration: none;}
.st-key-manual_text h1 {font-size: 1.9rem;}
.st-key-manual_text h2 {font-size: 1.5rem; margin-top: 1.2rem;}
.st-key-manual_text h3 {font-size: 1.15rem; margin-top: .6rem;}
.st-key-manual_text td, .st-key-manual_text th {font-variant-numeric: tabular-nums;}
h1, h2, h3 {letter-spacing: 0;}
h3 {padding: 0 0 .2rem 0;}
[data-testid="stElementToolbarButton"]:has(button[aria-label="Download as CSV"]) {display: none;}
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


# Streamlit's own words in menus, hints and dialogs, which it cannot say in another language.
_ITS_WORDS = (
    N_("Sort ascending"),
    N_("Sort descending"),
    N_("Statistics"),
    N_("Format"),
    N_("Autosize"),
    N_("Pin column"),
    N_("Unpin column"),
    N_("Hide column"),
    N_("Copy column name"),
    N_("Show/hide columns"),
    N_("Search"),
    N_("Fullscreen"),
    N_("Close fullscreen"),
    N_("Clear selection"),
    N_("Download as PNG"),
    N_("Page not found"),
    N_("The page that you have requested does not seem to exist. Running the app's main page."),
)
_PLACES = (
    '[data-testid="stDataFrameColumnMenu"], [data-testid="stTooltipContent"], '
    '[data-testid="stDialog"], [role="dialog"]'
)
# Only texts of that list are replaced, only there, and only as text.
_TRANSLATOR = """
<script>
(() => {
  window.graphflowWords = %(words)s;
  const said = (node) => {
    const word = window.graphflowWords[node.textContent.trim()];
    if (word && node.parentElement && node.parentElement.closest(%(places)s)) node.textContent = word;
  };
  const look = (root) => {
    if (root.nodeType === Node.TEXT_NODE) return said(root);
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) said(walk.currentNode);
  };
  look(document.body);
  if (window.graphflowWatch) return;
  window.graphflowWatch = new MutationObserver((changes) => {
    for (const change of changes) change.addedNodes.forEach(look);
  });
  window.graphflowWatch.observe(document.body, {childList: true, subtree: true});
})();
</script>
"""


def dress() -> None:
    """Put the rules on the page, and Streamlit's own words into the reader's language."""
    rules = _RULES
    if language() != "en":
        texts = {"drop": say("Drop files here"), "choose": say("Choose")}
        rules += _UPLOADER % {key: json.dumps(text, ensure_ascii=False) for key, text in texts.items()}
    st.html(f"<style>{rules}</style>")
    words = {} if language() == "en" else {word: say(word) for word in _ITS_WORDS}
    script = _TRANSLATOR % {
        "words": json.dumps(words, ensure_ascii=False).replace("<", "\\u003c"),
        "places": json.dumps(_PLACES),
    }
    st.html(script, unsafe_allow_javascript=True)


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
