"""Manual (使用手册): how the figures of the other screens come about, in the reader's language."""

from __future__ import annotations

import streamlit as st

from app import session
from app.session import language, say
from graphflow.manual import PAGES, Page, Section, read


def show() -> None:
    """Show the screen."""
    page = read(_chosen(), language())
    session.write_address(page=page.name)
    contents, text = st.columns([1, 3.2], gap="medium")
    with contents, st.container(key="manual_contents"):
        st.markdown("\n".join(_entries(page)))
    with text, st.container(key="manual_text"):
        for section in page.sections():
            _section(section)


def _chosen() -> str:
    """The page of the address, as long as nobody chose another one."""
    asked = session.asked("page")
    first = asked if asked in PAGES else PAGES[0]
    titles = {name: read(name, language()).title for name in PAGES}
    chosen = st.selectbox(
        say("Page"),
        PAGES,
        PAGES.index(first),
        key="manual_page",
        persist_state="session",
        format_func=titles.__getitem__,
    )
    return chosen or first


def _entries(page: Page) -> list[str]:
    """The contents, as links to the headings."""
    return [
        f"{'    ' * (section.level - 2)}- [{section.title}](#{section.anchor})"
        for section in page.sections()
        if section.level > 1
    ]


def _section(section: Section) -> None:
    """A heading with an anchor that is the same in both languages, and its text."""
    heads = {1: st.title, 2: st.header, 3: st.subheader}
    heads[section.level](section.title, anchor=section.anchor)
    if section.text:
        st.markdown(section.text)
