"""What Streamlit runs: the frame around every screen.

Streamlit puts this file's folder on the path, not the one that holds `app` and `graphflow`; and a folder that
the user stands in may have an `app.py` or a `loaders/` of its own. So the path is set right before anything
is imported.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:] = [str(HERE.parent), *(each for each in sys.path if each and Path(each).resolve() != HERE)]

import streamlit as st  # noqa: E402

from app import cases, session  # noqa: E402
from app.screens import SCREENS  # noqa: E402
from app.session import say  # noqa: E402
from app.style import dress  # noqa: E402
from graphflow.errors import GraphflowError  # noqa: E402

logger = logging.getLogger("graphflow.app")


def main() -> None:
    session.begin()
    st.set_page_config(
        page_title="graphflow",
        page_icon=str(HERE / "icon.svg"),
        layout="wide",
        initial_sidebar_state="auto",
    )
    dress()
    pages = [
        st.Page(screen.show, title=say(screen.title), icon=screen.icon, url_path=screen.path, default=at == 0)
        for at, screen in enumerate(SCREENS)
    ]
    session.keep_pages({screen.path: page for screen, page in zip(SCREENS, pages, strict=True)})
    chosen = st.navigation(pages)
    with st.sidebar:
        cases.card()
        session.choosers(cases.currency())
    session.write_address()
    try:
        chosen.run()
    except GraphflowError as error:
        cases.tell(error)
    except Exception:
        # What went wrong goes to the log, not to the screen: a traceback may hold names and amounts.
        logger.exception("the screen %r failed", chosen.url_path)
        st.error(
            say(
                "Something went wrong that is our fault, not yours. Nothing was changed. "
                "The terminal that started the app shows the details."
            ),
            icon=":material/error:",
        )


main()
