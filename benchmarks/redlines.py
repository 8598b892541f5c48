"""All red lines asked of the lending platform's case: how long each takes, and the most memory held.

The target is for all of them on `LEAST` transfers, on two cores. Each line stands in a row of its own: up to
`ALONE` transfers it is asked in a process of its own, which puts together by itself what red lines share;
then all are asked in one, in their order, where the first that needs something shared pays for it. A peak of
that process is the most that it held up to there.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

from benchmarks import data
from benchmarks.measure import JobError, job, peak_memory

LEAST = 10_000_000
"""The target is for this many transfers; with fewer, figures are shown and not judged."""

TARGET = 120.0
"""Seconds for all red lines."""

MOST = 8 * 2**30
"""Bytes that may be resident at most."""

ALONE = 1_000_000
"""Up to so many transfers each line is asked in a process of its own too."""

Row = dict[str, Any]


def ask_all(size: int, only: str | None = None) -> dict[str, Any]:
    """In a process of its own: seconds, findings and peak of each red line, and then of their table."""
    import graphflow as gf
    from graphflow.redlines import check

    case = gf.open_case(data.lending_folder(size))
    marks: list[tuple[str, float, int]] = []

    def progress(name: str, done: int, of: int) -> None:
        marks.append((name.split(maxsplit=1)[0], time.perf_counter(), peak_memory()))

    found = check(case, only=only, progress=progress)
    marks.append(("", time.perf_counter(), peak_memory()))
    counts: dict[str, int] = {}
    for each in found.findings:
        counts[each.code] = counts.get(each.code, 0) + 1
    lines = [
        {"code": code, "seconds": after[1] - at, "findings": counts.get(code, 0), "peak": after[2]}
        for (code, at, _), after in itertools.pairwise(marks)
    ]
    begun = time.perf_counter()
    rows = len(found.frame())
    return {
        "lines": lines, "seconds": marks[-1][1] - marks[0][1], "peak": marks[-1][2], "findings": rows,
        "table": time.perf_counter() - begun, "table_peak": peak_memory(),
        "transfers": int(case.ledger.size), "parties": len(case.ledger.party_ids),
    }  # fmt: skip


def measure(size: int, only: str | None, limit: float, quick: bool = False) -> Iterator[list[Row]]:
    """Rows as they come: a line alone each (unless quick), then all together, then their table."""
    from graphflow.redlines import REDLINES

    rows: list[Row] = []
    codes = [line.code for line in REDLINES if not only or only in line.code]
    for code in codes if (size <= ALONE and not quick) or only else ():
        rows.append(_row(size, code, "alone", ("benchmarks.redlines:ask_all", size, code), limit))
        yield rows
    if only:
        return
    try:
        found = job("benchmarks.redlines:ask_all", size, limit=limit)
    except JobError as error:
        rows.append(_judged({"line": "all", "how": "", "size": size, "why": str(error)}))
        yield rows
        return
    for each in found["lines"]:
        rows.append(
            {"line": each["code"], "how": "with all", "size": size, "seconds": each["seconds"],
             "peak": each["peak"], "findings": each["findings"], "met": None, "facts": ""}
        )  # fmt: skip
    facts = f"{found['transfers']:,} transfers, {found['parties']:,} parties"
    rows.append(
        _judged(
            {"line": "all", "how": "", "size": size, "seconds": found["seconds"], "peak": found["peak"],
             "findings": found["findings"], "facts": facts}
        )
    )  # fmt: skip
    rows.append(
        {"line": "their table", "how": "check().frame()", "size": size, "seconds": found["table"],
         "peak": found["table_peak"], "findings": found["findings"], "met": None, "facts": ""}
    )  # fmt: skip
    yield rows


def _row(size: int, code: str, how: str, asked: tuple[Any, ...], limit: float) -> Row:
    row: Row = {"line": code, "how": how, "size": size, "met": None, "facts": ""}
    try:
        found = job(*asked, limit=limit)
    except JobError as error:
        return {**row, "why": str(error)}
    return {**row, "seconds": found["seconds"], "peak": found["peak"], "findings": found["findings"]}


def _judged(row: Row) -> Row:
    """Beside the target, where it is for so many transfers; what was given up has not met it."""
    if row["size"] < LEAST:
        return {**row, "met": None}
    met = "why" not in row and row["seconds"] <= TARGET and row["peak"] <= MOST
    return {**row, "met": met, "target": TARGET, "most": MOST}
