"""A real browser on the real app: the server, Chromium, a guard on the network, and where things are drawn.

Nothing here is a test; `test_app_browser.py` uses it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from weakref import WeakKeyDictionary

from graphflow.cli.launch import command

ROOT = Path(__file__).resolve().parent.parent
HERE = ("127.0.0.1", "localhost", "[::1]", "::1")
# Without these Chromium itself looks for updates and the like.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-US",
)
# A name that no test host answers to: a request to it is seen and stopped by the guard, and never leaves.
AWAY = "http://graphflow-guard.invalid/pixel.png"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(script: list[str], port: int, state: Path) -> Iterator[str]:
    """A Streamlit server as a process of its own; its address. `state` is where it remembers things."""
    log = state / "server.log"
    state.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "XDG_STATE_HOME": str(state), "PYTHONSAFEPATH": "1"}
    environment.pop("GRAPHFLOW_LANGUAGE", None)
    with (
        log.open("wb") as out,
        subprocess.Popen(
            script, cwd=state, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=environment
        ) as process,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(600):
                if process.poll() is not None:
                    raise RuntimeError(f"the server ended: {log.read_text(errors='replace')}")
                try:
                    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                        break
                except OSError:
                    time.sleep(0.1)
            else:
                raise RuntimeError(f"the server does not answer: {log.read_text(errors='replace')}")
            yield address
        finally:
            process.terminate()


@contextmanager
def app(state: Path, case: Path | None = None) -> Iterator[str]:
    """The app as `graphflow app` starts it."""
    port = free_port()
    with served(command(None if case is None else str(case), port), port, state) as address:
        yield address


def streamlit_page(script: Path, state: Path, port: int) -> list[str]:
    """How another script is run, with the same flags."""
    return [str(script) if each.endswith("main.py") else each for each in command(None, port)]


@dataclass
class Guard:
    """Every request of every page; those that leave this machine are stopped and kept."""

    left: list[str] = field(default_factory=list)
    seen: int = 0

    def watch(self, context: Any) -> None:
        context.route("**/*", self._decide)
        context.on("page", lambda page: page.on("websocket", self._socket))

    def _decide(self, route: Any) -> None:
        self.seen += 1
        if at_home(route.request.url):
            route.continue_()
        else:
            self.left.append(route.request.url)
            route.abort()

    def _socket(self, socket_: Any) -> None:
        self.seen += 1
        if not at_home(socket_.url):
            self.left.append(socket_.url)

    def check(self) -> None:
        """Fail where anything asked for something off this machine."""
        assert self.seen, "the guard has seen no request at all"
        assert not self.left, f"requests that leave this machine: {self.left[:5]}"


def at_home(url: str) -> bool:
    """Whether an address is of this machine, or of no machine (data, blob)."""
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob", "about") or (parts.hostname or "") in HERE


@contextmanager
def chromium_at(path: str) -> Iterator[Any]:
    """Chromium, driven. Playwright allows one driver a thread: share it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def looking(browser: Any, guard: Guard, *, width: int = 1366, height: int = 768) -> Iterator[Any]:
    """A browser's context with nothing remembered, watched by the guard."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-US")
    guard.watch(context)
    context.on("page", _listen)
    try:
        yield context
    finally:
        context.close()


def open_page(context: Any, address: str, path: str = "", **asked: str) -> Any:
    """A page of the app, drawn."""
    page = context.new_page()
    page.goto(f"{address}/{path}?{urlencode(asked)}")
    page.wait_for_selector('[data-testid="stSidebar"]', timeout=60_000)
    settle(page)
    return page


# Pages from which something was said to the server, and not answered yet: on a busy machine the answer may
# come later than a page takes to stand still.
_WAITING: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


def _listen(page: Any) -> None:
    def answered(waits: bool) -> Any:
        return lambda _: _WAITING.update({page: waits})

    def opened(socket: Any) -> None:
        socket.on("framesent", answered(True))
        socket.on("framereceived", answered(False))
        socket.on("close", answered(False))

    page.on("websocket", opened)


def settle(page: Any, timeout: float = 90.0) -> None:
    """Wait until what was said to the server is answered, the script has run and the page stands still."""
    end = time.monotonic() + timeout
    quiet = 0
    while quiet < 4:
        assert time.monotonic() < end, "the app does not come to rest"
        page.wait_for_timeout(150)
        busy = page.evaluate(
            """() => {
                const app = document.querySelector('[data-testid="stApp"]');
                return !app || app.getAttribute('data-test-script-state') === 'running'
                    || app.getAttribute('data-test-connection-state') !== 'CONNECTED'
                    || !!document.querySelector('[data-testid="stSpinner"], [data-testid="stSkeleton"]');
            }"""
        )
        quiet = 0 if busy or _WAITING.get(page) else quiet + 1


# The chart's own object hangs in a hook of the React component that drew it: only a test needs to find it.
_FIND = """(index) => {
    const found = [];
    for (const box of document.querySelectorAll('[_echarts_instance_]')) {
        let fiber = box[Object.keys(box).find((key) => key.startsWith('__reactFiber$'))];
        let chart = null;
        while (fiber && !chart) {
            let hook = fiber.memoizedState;
            for (let n = 0; hook && typeof hook === 'object' && 'memoizedState' in hook && n < 100; n += 1) {
                const state = hook.memoizedState;
                for (const each of [state, state && state.current, Array.isArray(state) && state[0]]) {
                    if (each && each.getModel && each.getZr && each.getDom() === box) chart = each;
                }
                hook = hook.next;
            }
            fiber = fiber.return;
        }
        if (chart && chart.getOption().series.some((each) => each.type === 'sankey')) found.push(chart);
    }
    window.__sankey = found[index];
    return found.length;
}"""

_DRAWN = """() => {
    const chart = window.__sankey, series = chart.getModel().getSeriesByIndex(0);
    const at = series.layoutInfo, graph = series.getGraph(), data = series.option;
    const nodes = graph.nodes.map((node) => {
        const box = node.getLayout();
        return {index: node.dataIndex, key: node.id,
                x: at.x + box.x + box.dx / 2, y: at.y + box.y + box.dy / 2,
                tall: box.dy, left: at.x + box.x, value: box.value};
    });
    const links = graph.edges.map((edge) => {
        const from = edge.node1.getLayout(), to = edge.node2.getLayout(), box = edge.getLayout();
        return {index: edge.dataIndex, source: edge.node1.id, target: edge.node2.id, wide: box.dy,
                value: edge.getValue(), opacity: edge.getModel().get(['lineStyle', 'opacity']),
                x: at.x + (from.x + from.dx + to.x) / 2,
                y: at.y + (from.y + box.sy + to.y + box.ty) / 2 + box.dy * 0.15};
    });
    // a link's point is off its middle: names stand there, and a click on a name is one on its node
    const labels = data.data.map((each) => each.label.formatter);
    return {nodes, links, labels};
}"""


@dataclass
class Sankey:
    """The Sankey as it is drawn on a page: where each node and link is, in pixels of the page."""

    page: Any
    box: dict[str, float]
    nodes: list[dict[str, Any]]
    links: list[dict[str, Any]]
    labels: list[str]

    @classmethod
    def on(cls, page: Any) -> Sankey:
        page.wait_for_selector("[_echarts_instance_] canvas", timeout=60_000)
        found = page.evaluate(_FIND, 0)
        assert found, "no Sankey is drawn"
        drawn = page.evaluate(_DRAWN)
        place = page.locator("[_echarts_instance_]").first
        place.scroll_into_view_if_needed()
        box = page.evaluate(
            "() => { const b = window.__sankey.getDom().getBoundingClientRect();"
            " return {x: b.x, y: b.y, width: b.width, height: b.height}; }"
        )
        return cls(page, box, drawn["nodes"], drawn["links"], drawn["labels"])

    def click(self, thing: dict[str, Any]) -> None:
        """Click where a link or node is drawn."""
        x, y = self.box["x"] + thing["x"], self.box["y"] + thing["y"]
        view = self.page.viewport_size
        assert 0 < x < view["width"] and 0 < y < view["height"], f"{thing} is off the screen"
        self.page.mouse.move(x, y)
        self.page.wait_for_timeout(150)
        self.page.mouse.click(x, y)
        settle(self.page)

    def lit(self) -> set[int]:
        """The links that are not faded."""
        opacities = [link["opacity"] for link in self.links]
        return {link["index"] for link in self.links if link["opacity"] >= max(opacities) - 1e-9}


_CELLS = """(key) => {
    const rows = [...document.querySelectorAll(`[class*="st-key-${key}"] canvas table tbody tr`)];
    return rows.length && rows.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent));
}"""


def table(page: Any, key: str) -> list[list[str]]:
    """The cells of a table as the browser has them (its canvas carries a hidden table for screen readers).

    The part that draws tables is loaded when the first one is shown, after the page stands still otherwise.
    """
    rows = page.wait_for_function(_CELLS, arg=key, timeout=60_000).json_value()
    return [list(row) for row in rows]


def text(page: Any) -> str:
    """All text of the main part."""
    return str(page.locator('[data-testid="stMain"]').inner_text())


def words(page: Any) -> str:
    """All text that a person reads on the page: without the ligatures of icons and what is hidden."""
    return str(
        page.evaluate(
            """() => {
                const said = [];
                const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
                while (walk.nextNode()) {
                    const place = walk.currentNode.parentElement;
                    if (!place || place.closest('[data-testid="stIconMaterial"], style, script, canvas')) continue;
                    const style = getComputedStyle(place);
                    if (style.fontSize === '0px' || style.fontFamily.includes('Material')) continue;
                    if (!place.checkVisibility({checkOpacity: true, checkVisibilityCSS: true})) continue;
                    const box = place.getBoundingClientRect();
                    if (box.width > 2 && box.height > 2 && box.right > 0 && box.bottom > 0)
                        said.push(walk.currentNode.textContent);
                }
                return said.join('\\n');
            }"""
        )
    )
