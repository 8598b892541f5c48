"""Everything once, on a generated case."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from graphflow.cli.showing import TraceTables, out, print_facts, print_table, trace_page
from graphflow.errors import Problem, UsageError
from graphflow.folder import write_aside
from graphflow.language import N_, translate
from graphflow.terminal import Progress

SIZE, SEED, SHOWN = 50_000, 7, 12
_MARK = ".graphflow-demo"  # a folder with this in it is ours to write anew


def demo(folder: Path, size: int | None, language: str) -> int:
    """Generate a lending platform, import its banks' statements, trace the investors' money, show it."""
    from graphflow.case import open_case
    from graphflow.intake import import_sources
    from graphflow.synthesis import make
    from graphflow.tracing import trace

    def say(text: str, **values: object) -> None:
        out(translate(text, language, **values))
        sys.stdout.flush()

    begun = time.monotonic()
    _clear(folder)
    page = folder / "trace.html"
    say(N_("1. Generating a lending platform: investors, borrowers, shells, ordinary life around them."))
    with Progress(language) as progress:
        progress(N_("generating"))
        facts = make(
            "p2p", folder / "source", size=size or SIZE, seed=SEED, style="statements", progress=progress
        )
    say(N_("2. Importing the statements of its banks; both sides of a transfer become one row."))
    with Progress(language) as progress, progress.compiling():
        progress(N_("reading"))
        report = import_sources(folder / "case", [folder / "source"], progress=progress)
    rows = report.tallies["transfers"].rows
    say(
        N_(
            "   {read} rows read: {loaded} transfers, {duplicates} second sides or copies, "
            "{aside} failed or of no amount, {refused} refused."
        ),
        read=f"{rows['read']:,}",
        loaded=f"{rows['loaded']:,}",
        duplicates=f"{rows['duplicates']:,}",
        aside=f"{rows['set_aside']:,}",
        refused=f"{rows['quarantined']:,}",
    )
    start = str(facts["seed_reference"])
    say(N_("3. Tracing the investors' money, first in, first out."))
    with Progress(language) as progress, progress.compiling():
        progress(N_("tracing"))
        case = open_case(folder / "case")
        found = trace(case, start)
        progress(N_("drawing"))
        write_aside(page, trace_page(case, found, start, language).encode())
    out()
    tables = TraceTables(case, found, start, language)
    print_facts(tables.facts())
    print_table(tables.ends(SHOWN))
    print_table(tables.chains(SHOWN, transfers=False), wraps=3)
    out()
    say(N_("Done in {seconds} s."), seconds=f"{time.monotonic() - begun:.0f}")
    say(N_("The picture, with all tables:  {file}"), file=page.absolute())
    say(N_("The same in the app:           graphflow app {case}"), case=folder / "case")
    say(N_("Another question:              graphflow trace {case} --from {start} --rule prorata"),
        case=folder / "case", start=start)  # fmt: skip
    return 0


def _clear(folder: Path) -> None:
    """Make room for the demo, and touch nothing that is not a demo's."""
    if folder.exists() and not (folder / _MARK).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            Problem(
                "--out",
                N_("{folder} is not empty and is no demo's"),
                {"folder": str(folder)},
                expected=N_("a new folder, or one of an earlier demo"),
            )
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).touch()
    for name in ("source", "case"):
        shutil.rmtree(folder / name, ignore_errors=True)
