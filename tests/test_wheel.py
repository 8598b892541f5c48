"""What is installed works: from a wheel and editable, in an empty folder and beside files with our names."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.slow


# A few rows need no compiled loops, and to compile them once more takes a minute.
PLAIN = {"NUMBA_DISABLE_JIT": "1"}


def sh(*command: str | Path, cwd: Path, code: int = 0, **environment: str) -> str:
    """Run a command; its output."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONSAFEPATH", "LANGUAGE")}
    result = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**clean, "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == code, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    sh(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    [built] = folder.glob("*.whl")
    return built


def new_environment(folder: Path) -> Path:
    """A virtual environment that sees the packages of this one, but not this one's graphflow."""
    sh(sys.executable, "-m", "venv", "--without-pip", folder, cwd=ROOT)
    python = folder / "bin" / "python"
    site = Path(sh(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=ROOT).strip())
    # A line in a .pth file adds a folder to the path, but not what .pth files in it (editable installs) add.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return python


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment with the wheel."""
    python = new_environment(tmp_path_factory.mktemp("from-wheel") / "venv")
    sh(python, "-m", "pip", "install", "--no-deps", "--no-index", wheel, cwd=wheel.parent)
    return python


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


@pytest.fixture
def crowded(tmp_path: Path) -> Path:
    """A folder whose files have our names, and shout when they are imported."""
    folder = tmp_path / "crowded"
    (folder / "loaders").mkdir(parents=True)
    shout = "raise SystemExit('the wrong one was imported')\n"
    for name in ("app.py", "loaders/__init__.py", "streamlit.py", "numpy.py"):
        (folder / name).write_text(shout, encoding="utf-8")
    return folder


SMALL = """transfer_id,time,source,target,amount
t1,2024-01-01T10:00:00,A,B,100.00
t2,2024-01-02T10:00:00,B,C,60.00
"""


def test_the_wheel_has_what_it_needs_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        [metadata] = [archive.read(n).decode() for n in names if n.endswith(".dist-info/METADATA")]
        [scripts] = [archive.read(n).decode() for n in names if n.endswith(".dist-info/entry_points.txt")]
    assert wheel.name.startswith("graphflow_lookthrough-")
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"graphflow", "loaders", "app"}
    shipped = {
        path.relative_to(ROOT).as_posix()
        for package in ("graphflow", "loaders", "app")
        for path in (ROOT / package).rglob("*")
        if path.is_file()
        and path.suffix not in (".pyc", ".po", ".nbi", ".nbc")
        and "__pycache__" not in path.parts
    }
    assert shipped - names == set()
    assert {
        "graphflow/locale/zh/LC_MESSAGES/graphflow.mo",
        "graphflow/manual/en/tracing.md",
        "graphflow/manual/zh/tracing.md",
        "graphflow/py.typed",
        "graphflow/currencies.csv",
    } <= names
    assert not [name for name in names if name.endswith((".pyc", ".po")) or "__pycache__" in name]
    assert "graphflow = graphflow.__main__:main" in scripts
    assert "Requires-Dist: streamlit" in metadata
    assert "License-Expression: Apache-2.0" in metadata


@pytest.mark.parametrize("place", ["empty", "crowded"])
def test_the_packages_are_ours(installed: Path, place: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(place)
    code = "import app, graphflow, loaders; print(app.__file__, graphflow.__file__, loaders.__file__)"
    for file in sh(installed, "-P", "-c", code, cwd=folder).split():
        assert Path(file).is_relative_to(installed.parent.parent)


@pytest.mark.parametrize("place", ["empty", "crowded"])
def test_the_command_line_works(installed: Path, place: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(place)
    (folder / "in").mkdir()
    (folder / "in" / "transfers.csv").write_text(SMALL, encoding="utf-8")
    script = installed.parent / "graphflow"
    for command in ([script], [installed, "-m", "graphflow"]):
        assert "graphflow" in sh(*command, "--version", cwd=folder)
        case = f"case{len(command)}"
        sh(*command, "import", "in", "--case", case, cwd=folder, **PLAIN)
        told = sh(*command, "trace", case, "--from", "transfer:t1", "--language", "zh", cwd=folder, **PLAIN)
        assert "100.00 CNY" in told
        assert "规则" in told


def test_what_was_compiled_is_kept_beside_the_wheel(installed: Path, empty: Path) -> None:
    code = "from graphflow.kernels import lifo; print(lifo.first_below.stats.cache_path, lifo.__file__)"
    kept, file = sh(installed, "-P", "-c", code, cwd=empty).split()
    assert Path(kept) == Path(file).parent / "__pycache__"


@pytest.mark.parametrize("packed", [False, True], ids=["installed", "as a zip"])
def test_the_manual_can_be_read(wheel: Path, installed: Path, empty: Path, packed: bool) -> None:
    more = {"PYTHONPATH": str(wheel)} if packed else {}
    python = Path(sys.executable) if packed else installed
    where = sh(python, "-P", "-c", "import graphflow; print(graphflow.__file__)", cwd=empty, **more)
    assert (wheel.name in where) == packed
    for language, words in (("en", "Lowest intermediate balance"), ("zh", "差额法")):
        command = ("-P", "-m", "graphflow", "manual", "--language", language)
        assert "tracing" in sh(python, *command, cwd=empty, **more)
        assert words in sh(python, *command, "tracing", cwd=empty, **more)


def test_a_pack_is_verified_by_who_has_the_wheel_alone(installed: Path, empty: Path) -> None:
    import graphflow as gf
    from graphflow.synthesis.lines import rl06

    case = rl06.amount_toy()
    gf.pack(case, gf.check(case).findings, empty / "pack.zip")
    script = installed.parent / "graphflow"
    assert "agrees" in sh(script, "verify", "pack.zip", "--language", "en", cwd=empty, **PLAIN)
    with zipfile.ZipFile(empty / "pack.zip") as good, zipfile.ZipFile(empty / "bad.zip", "w") as bad:
        for member in good.infolist():
            data = good.read(member)
            bad.writestr(member, data.replace(b"000", b"001") if member.filename.endswith(".csv") else data)
    sh(script, "verify", "bad.zip", cwd=empty, code=1, **PLAIN)


def test_an_editable_install_works(empty: Path, tmp_path: Path) -> None:
    python = new_environment(tmp_path / "venv")
    sh(
        python,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "-e",
        ROOT,
        cwd=empty,
    )
    code = "import app, graphflow, loaders; print(app.__file__, graphflow.__file__, loaders.__file__)"
    for file in sh(python, "-c", code, cwd=empty).split():
        assert Path(file).is_relative_to(ROOT)
    assert "graphflow" in sh(python.parent / "graphflow", "--version", cwd=empty)


# ---------------------------------------------------------------- the app


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
            return bool(answer.read() == b"ok")
    except (OSError, urllib.error.URLError):
        return False


@contextlib.contextmanager
def serving(script: Path, folder: Path, *more: str) -> Iterator[str]:
    """The app, started as a user does; its address."""
    port = free_port()
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    log = folder.parent / "app.log"
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            [str(script), "app", *more, "--port", str(port), "--no-browser"],
            cwd=folder,
            env=clean,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(300):
                assert process.poll() is None, log.read_text(encoding="utf-8")
                if healthy(address):
                    break
                time.sleep(0.2)
            else:
                pytest.fail(f"it never answered: {log.read_text(encoding='utf-8')}")
            yield address
        finally:
            os.killpg(process.pid, 15)


def listeners(port: int) -> set[str]:
    """Addresses on which something listens at that port, from the kernel's own table."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not Path(table).exists():
            continue
        for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, _, number = local.partition(":")
            if state == "0A" and int(number, 16) == port:
                found.add(address)
    return found


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="platform: no /proc/net/tcp")
def test_the_app_listens_on_this_machine_only(installed: Path, empty: Path) -> None:
    with serving(installed.parent / "graphflow", empty) as address:
        assert listeners(int(address.rpartition(":")[2])) == {"0100007F"}


@pytest.mark.browser
@pytest.mark.parametrize("place", ["empty", "crowded"])
def test_the_app_works_from_the_wheel(
    installed: Path, place: str, chromium: str, request: pytest.FixtureRequest
) -> None:
    sync = pytest.importorskip("playwright.sync_api")
    folder = request.getfixturevalue(place)
    (folder / "in").mkdir()
    (folder / "in" / "transfers.csv").write_text(SMALL, encoding="utf-8")
    script = installed.parent / "graphflow"
    sh(script, "import", "in", "--case", "case", cwd=folder, **PLAIN)
    with serving(script, folder, "case") as address, sync.sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
            ],
        )
        page = browser.new_page(locale="en-US")
        asked: list[str] = []
        page.on("request", lambda each: asked.append(each.url))
        page.goto(address)
        page.wait_for_selector("[data-testid=stAppViewContainer] [data-testid=stMain]", timeout=60_000)
        page.wait_for_selector("[data-testid=stStatusWidget]", state="detached", timeout=60_000)
        shown = (
            "document.body.innerText.includes('case') || document.querySelector('[data-testid=stException]')"
        )
        page.wait_for_function(shown, timeout=60_000)
        words = page.inner_text("body")
        failed = page.query_selector_all("[data-testid=stException]")
        browser.close()
    assert failed == []
    assert "wrong one" not in words
    assert "case" in words
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
