"""What all tests share: where data and browser are, how hypothesis searches, and which lacks are failures.

`GRAPHFLOW_REQUIRE` lists what must not be lacking (`browser`, `data`, ...; `everything` allows no skip at
all): a test that skips for want of it fails. CI sets it; a person's machine skips by name.
"""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# On a shared machine a slow example says nothing; what CI finds it must find again.
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile("default", deadline=None, suppress_health_check=_SLOW)
settings.register_profile("ci", parent=settings.get_profile("default"), derandomize=True, print_blob=True)
settings.register_profile("small", parent=settings.get_profile("default"), max_examples=10, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))

REQUIRED = {word for word in os.environ.get("GRAPHFLOW_REQUIRE", "").replace(",", " ").split() if word}
# The words by which a reason to skip tells what is lacking.
_LACKS = {
    "browser": ("chromium", "browser", "playwright"),
    "data": ("data", "graphflow_data"),
    "notebook": ("nbclient", "nbformat", "ipykernel"),
    "wheel": ("build", "hatchling", "venv"),
}


def pytest_collection_finish() -> None:
    """What was imported and collected stays: the collector of garbage need not look through all of it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def shared_data() -> Path:
    """The folder of the data sets, which are never in the repository."""
    return Path(os.environ.get("GRAPHFLOW_DATA") or ROOT.parent / "shared" / "data")


def chromium_path() -> str | None:
    """Chromium of the system: none is ever downloaded."""
    given = os.environ.get("GRAPHFLOW_CHROMIUM")
    names = [given] if given else ["chromium", "chromium-browser", "google-chrome"]
    return next((path for path in map(shutil.which, names) if path), None)


@pytest.fixture(scope="session")
def data() -> Path:
    """The data sets, or a skip that says so."""
    folder = shared_data()
    if not folder.is_dir():
        pytest.skip(f"data: there is no {folder} (GRAPHFLOW_DATA says where else)")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium, or a skip that says so."""
    path = chromium_path()
    if path is None:
        pytest.skip("browser: no chromium is installed (GRAPHFLOW_CHROMIUM says where else)")
    return path


@pytest.fixture(scope="module")
def few_orders() -> Iterator[None]:
    """Few orders of rows are tried: random ledgers leave so many open that each would be compiled a thousand times.

    The intervals over open orders have tests of their own.
    """
    from graphflow.tracing import orders

    most, orders.MOST_ORDERS = orders.MOST_ORDERS, 4
    yield
    orders.MOST_ORDERS = most


def must_not_lack(reason: str, required: set[str] = REQUIRED) -> bool:
    """Whether a skip with this reason is a failure here."""
    if "everything" in required:
        return not reason.lower().startswith("platform:")
    low = reason.lower()
    return any(word in low for name in required for word in _LACKS.get(name, (name,)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: Any
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and isinstance(report.longrepr, tuple):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        if must_not_lack(reason):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid}: skipped where GRAPHFLOW_REQUIRE forbids it: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):  # a whole module, as importorskip does
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        if must_not_lack(reason):
            report.outcome = "failed"
            report.longrepr = f"{collector.nodeid}: skipped where GRAPHFLOW_REQUIRE forbids it: {reason}"
    return report
