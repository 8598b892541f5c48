"""Starts the app: Streamlit as a process of its own, which listens on this machine only and asks nobody."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from graphflow.errors import InputError, MissingExtraError, Problem, UsageError
from graphflow.language import N_, translate

ADDRESS = "127.0.0.1"
PORTS = range(8501, 8600)
# By default Streamlit listens on all interfaces, reports its use, and links errors to search engines.
STREAMLIT_FLAGS: Mapping[str, str | tuple[str, ...]] = {
    "server.address": ADDRESS,
    "server.allowedHosts": (ADDRESS, "localhost"),
    "server.headless": "true",
    "server.showEmailPrompt": "false",
    "server.enableAgentApi": "false",
    "server.fileWatcherType": "none",
    "server.runOnSave": "false",
    "server.maxUploadSize": "4096",
    "browser.gatherUsageStats": "false",
    "browser.serverAddress": ADDRESS,
    "client.showErrorLinks": "false",
    "client.showErrorDetails": "none",
    "client.toolbarMode": "minimal",
    "global.developmentMode": "false",
}


def main_script() -> Path:
    """The app that belongs to this graphflow: beside it, wherever that is, never one of the user's own."""
    return Path(__file__).resolve().parents[2] / "app" / "main.py"


def command(case: str | None, port: int) -> list[str]:
    """What is run. `-P` keeps the current folder off the path: it may have a `loaders/` of its own.

    Examples
    --------
    >>> command("cases/demo", 8501)[1:5]
    ['-P', '-m', 'streamlit', 'run']
    """
    flags = [
        f"--{name}={one}"
        for name, value in {**STREAMLIT_FLAGS, "server.port": str(port)}.items()
        for one in ([value] if isinstance(value, str) else value)
    ]
    return [
        *(sys.executable, "-P", "-m", "streamlit", "run", str(main_script()), *flags),
        *(["--", str(Path(case).absolute())] if case else []),
    ]


def launch(
    case: str | None, port: int | None, language: str, *, asked: str | None = None, browser: bool = True
) -> int:
    """Run the app until it is stopped; its exit code.

    Parameters
    ----------
    case, port
        What to open, and where to listen: None is nothing, and the first free one.
    language
        Of messages here.
    asked
        The language that the app is to begin in; None leaves it to the browser.
    browser
        Open one, where there is a terminal.
    """
    if find_spec("streamlit") is None:
        raise MissingExtraError.of("app", "streamlit")
    if case is not None and not Path(case).is_dir():
        raise InputError(
            Problem(
                case, N_("there is no such folder"), expected=N_("a case, as `graphflow import` makes one")
            )
        )
    port = _free_port() if port is None else port
    if not _free(port):
        raise UsageError(
            Problem("--port", N_("port {port} is taken"), {"port": port}, expected=N_("a free port"))
        )
    address = f"http://{ADDRESS}:{port}"
    environment = {**os.environ, "PYTHONSAFEPATH": "1"} | ({"GRAPHFLOW_LANGUAGE": asked} if asked else {})
    with _stops() as stop:
        said = translate("The app is at {address} (stop it with Ctrl+C).", language, address=address)
        print(said, flush=True)
        # In a session of its own, so that Ctrl-C stops it through us: while it starts it would answer with a
        # traceback.
        with subprocess.Popen(
            command(case, port), env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        ) as process:
            if browser and sys.stdout.isatty():
                threading.Thread(target=_show, args=(address, port, process), daemon=True).start()
            while not stop.wait(0.2):
                if process.poll() is not None:
                    return process.returncode
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
            return 0


@contextmanager
def _stops() -> Iterator[threading.Event]:
    """Set once somebody wants us to end: Ctrl-C, and whatever else ends a process but a kill.

    An event, no exception: that could come in the middle of the start of the app, which nobody would then
    stop.
    """
    stop = threading.Event()
    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays nohup
                before[number] = signal.signal(number, lambda *_: stop.set())
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(address: str, port: int, process: subprocess.Popen[bytes]) -> None:
    """Open a browser once the server answers."""
    for _ in range(300):
        if process.poll() is not None:
            return
        if not _free(port):
            webbrowser.open(address)
            return
        time.sleep(0.1)


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((ADDRESS, port)) != 0


def _free_port() -> int:
    for port in PORTS:
        if _free(port):
            return port
    raise UsageError(
        Problem(
            "--port",
            N_("all ports from {first} to {last} are taken"),
            {"first": PORTS[0], "last": PORTS[-1]},
            expected=N_("a free port"),
        )
    )
