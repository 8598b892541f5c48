"""A whole night over the lending platform's case: how long, step by step, and the most memory held.

The target is for a night from nothing on `LEAST` transfers, on two cores. After it the same night is run
again, which finds everything done. No inbox: what an import takes is among the targets.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import data
from benchmarks.measure import JobError, job, machine, peak_memory
from benchmarks.results import Row, rows_said, seconds_said, table, today

LEAST = 10_000_000
"""The target is for this many transfers; with fewer, figures are shown and not judged."""

TARGET = 600.0
"""Seconds."""

MOST = 12 * 2**30
"""Bytes that may be resident at most."""

AS_OF = "2016-12-31"
"""The last day of the generated case."""


def run(size: int) -> dict[str, Any]:
    """In a process of its own: a night from nothing, and the same again."""
    import graphflow as gf

    folder = data.lending_folder(size)
    with tempfile.TemporaryDirectory() as out:
        marks = [time.perf_counter()]
        night = gf.night(folder, AS_OF, out)
        marks.append(time.perf_counter())
        peak = peak_memory()
        gf.night(folder, AS_OF, out)
        marks.append(time.perf_counter())
    return {
        "steps": [{"step": name, "seconds": seconds} for name, _, seconds in night.steps],
        "seconds": marks[1] - marks[0], "again": marks[2] - marks[1], "peak": peak,
        "counts": dict(night.counts),
    }  # fmt: skip


def measure(sizes: Sequence[int], limit: float) -> Iterator[list[Row]]:
    """Rows so far, one a size."""
    rows: list[Row] = []
    for size in sizes:
        data.lending_folder(size)
        row: Row = {"size": size, "met": None}
        try:
            row |= job("benchmarks.nightly:run", size, limit=limit)
        except JobError as error:
            row["why"] = str(error)
        if size >= LEAST:
            row["met"] = "why" not in row and row["seconds"] <= TARGET and row["peak"] <= MOST
        rows.append(row)
        yield rows


def said(rows: Sequence[Row], where: Mapping[str, Any], load: float | None) -> str:
    """The report, as Markdown."""
    lines = []
    for row in rows:
        met = {None: "", True: "met", False: "not met"}[row["met"]]
        if "why" in row:
            lines.append([rows_said(row["size"]), f"not measured: {row['why']}", "", "", "", "", met])
            continue
        counts = row["counts"]
        lines.append([
            rows_said(row["size"]), seconds_said(row["seconds"]), seconds_said(row["again"]),
            f"{row['peak'] / 2**30:.1f} GiB", f"{counts['findings']:,}", f"{counts['subjects']:,}", met,
        ])  # fmt: skip
    heads = ("transfers", "from nothing", "the same again", "peak memory", "findings", "subjects", "")
    parts = [
        f"# A night over the lending platform's case, {today()}",
        f"{where['cores']} cores, {where['memory_gib']} GiB, {where['processor']}; Python {where['python']}, "
        f"graphflow {where['graphflow']}. Load before: {load} (above the number of cores, times are too "
        f"long). As of {AS_OF}, no inbox. Target: {rows_said(LEAST)} from nothing in {TARGET:.0f} s and "
        f"{MOST / 2**30:.0f} GiB.",
        table(heads, lines),
    ]
    for row in rows:
        if "steps" in row:
            longest = sorted(row["steps"], key=lambda each: -each["seconds"])
            shown = [
                [each["step"], seconds_said(each["seconds"])] for each in longest if each["seconds"] >= 1
            ]
            parts += [f"## Steps of a second or more, {rows_said(row['size'])}", table(("step", ""), shown)]
    return "\n\n".join(parts) + "\n"


def keep(rows: Sequence[Row], folder: Path, load: float | None) -> tuple[Path, Path]:
    """The table and the figures, as ``DATE-night.md`` and ``.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    text, figures = (folder / f"{today()}-night.{form}" for form in ("md", "json"))
    text.write_text(said(rows, machine(), load), encoding="utf-8")
    figures.write_text(json.dumps({"date": today(), "rows": list(rows)}, indent=1) + "\n", encoding="utf-8")
    return text, figures
