"""Results as tables: printed, and kept in `benchmarks/results/`."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import median
from benchmarks.question import HOPS

Row = dict[str, Any]


def rows_said(size: int) -> str:
    """
    >>> rows_said(10_000_000), rows_said(2_000)
    ('10M', '2k')
    """
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if size >= unit and size % unit == 0:
            return f"{size // unit}{name}"
    return f"{size:,}"


def seconds_said(seconds: float) -> str:
    """
    >>> [seconds_said(x) for x in (12.34, 0.01234, 0.0000123)]
    ['12.3 s', '12.3 ms', '12.3 µs']
    """
    for unit, name in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= unit:
            return f"{seconds / unit:#.3g}".rstrip(".") + f" {name}"
    return f"{seconds / 1e-6:#.3g}".rstrip(".") + " µs"


def ratio_said(ratio: float) -> str:
    """
    >>> ratio_said(12.3), ratio_said(0.5)
    ('12', '0.50: a loss')
    """
    return f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2f}: a loss"


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table, its columns aligned so that it reads as it stands."""
    rows = [list(head), *([cell.replace("|", "/") for cell in line] for line in lines)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    said = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    said.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(line.rstrip() for line in said)


def question_lines(common: Sequence[Row], which: str) -> list[list[str]]:
    """The common question: question, peer, its time, ours, ratio."""
    lines = []
    for ours in common:
        if ours["peer"] != "graphflow":
            continue
        for row in common:
            if row is ours or row["size"] != ours["size"]:
                continue
            if which == "full":
                share = f"{ours['accounts'] / ours['of_accounts']:.0%} of accounts reached"
                asked = f"everything reached ({share}), {HOPS} hops, {rows_said(row['size'])}"
            else:
                accounts = median(ours["local_accounts"])
                asked = f"local (median of {len(ours['local'])} seeds, {accounts:,.0f} accounts)"
                asked += f", {rows_said(row['size'])}"
            name = f"{row['peer']} {row['version'] or ''}".strip()
            if "why" in row:
                lines.append(
                    [
                        asked,
                        name,
                        f"not measured: {row['why']}",
                        seconds_said(median(ours[which])),
                        "",
                        "",
                        "",
                    ]
                )
                continue
            # the same seeds: a slow peer was asked fewer
            mine = median(ours[which][: len(row[which])]) if which == "local" else median(ours[which])
            theirs = median(row[which])
            memory = f"{row['peak'] / 2**30:.1f} / {ours['peak'] / 2**30:.1f} GiB"
            used = ""
            if which == "full" and "full_cpu" in row and "full_cpu" in ours:  # not kept by older runs
                used = f"{seconds_said(row['full_cpu'])} / {seconds_said(ours['full_cpu'])}"
            lines.append(
                [
                    asked,
                    name,
                    seconds_said(theirs),
                    seconds_said(mine),
                    ratio_said(theirs / mine),
                    used,
                    memory,
                ]
            )
    return lines


def common_said(common: Sequence[Row]) -> str:
    head = ("question", "peer", "peer's time", "ours", "ratio", "processor time", "peak memory")
    return table(head, question_lines(common, "full") + question_lines(common, "local"))


def builds_said(common: Sequence[Row]) -> str:
    lines = [
        [
            f"{row['peer']} {row['version'] or ''}",
            rows_said(row["size"]),
            seconds_said(row["build"]),
            str(len(row["full"])),
        ]
        for row in common
        if "build" in row
    ]
    return table(
        ("engine", "rows", "from numbered arrays to what it asks", "runs of the full question"), lines
    )


def twins_said(rows: Sequence[Row]) -> str:
    lines = [
        [
            row["kernel"],
            f"{row['size']:,}",
            seconds_said(row["twin"]),
            seconds_said(row["ours"]),
            ratio_said(row["twin"] / row["ours"]),
        ]
        for row in rows
    ]
    return table(("kernel", "rows", "naive twin", "ours", "ratio"), lines)


def alone_said(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        name = row["kernel"] + (f" ({row['what']})" if row["what"] else "")
        seconds = median(row["ours"])
        lines.append(
            [name, rows_said(row["size"]), seconds_said(seconds), f"{row['size'] / seconds / 1e6:,.1f}"]
        )
    return table(("kernel", "rows", "median", "million rows a second"), lines)


def targets_said(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        target = row["target"]
        asked = "" if target is None else target if isinstance(target, str) else f"≤ {seconds_said(target)}"
        met = {None: "not judged", True: "met", False: "not met"}[row["met"]]
        if row.get("reason") and row["met"] is False:
            met += f": {row['reason']}"
        lines.append(
            [f"{row['area']}, {rows_said(row['size'])}", asked, seconds_said(row["measured"]), met,
             f"{row['peak'] / 2**30:.1f} GiB", str(row["runs"]), row["facts"]]
        )  # fmt: skip
    return table(("area", "target", "measured (median)", "", "peak memory", "runs", "more"), lines)


def big_said(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        asked = [] if row["target"] is None else [f"≤ {seconds_said(row['target'])}"]
        if row.get("most") is not None:
            asked.append(f"≤ {row['most'] / 2**30:.0f} GiB")
        lines.append(
            [
                f"{row['stage']}, {rows_said(row['size'])}",
                ", ".join(asked),
                "" if row.get("seconds") is None else seconds_said(row["seconds"]),
                "" if row.get("again") is None else seconds_said(row["again"]),
                {None: "", True: "met", False: "not met"}[row["met"]],
                "" if row.get("peak") is None else f"{row['peak'] / 2**30:.1f} GiB",
                "" if row.get("disk") is None else f"{row['disk'] / 2**30:.2f} GiB",
                row["facts"],
            ]
        )
    head = ("stage", "target", "first", "again", "", "peak memory", "disk", "more")
    return table(head, lines)


def ownership_said(rows: Sequence[Row]) -> str:
    ours = {
        (row["question"], row["graph"]): row.get("seconds") for row in rows if row["engine"] == "graphflow"
    }
    lines = []
    for row in rows:
        asked = [f"{row['question']}, {row['graph']}, {rows_said(row['size'])}", row["engine"]]
        if "why" in row:
            lines.append([*asked, f"not measured: {row['why']}", *[""] * 6])
            continue
        ratio = ""
        mine = ours.get((row["question"], row["graph"]))
        if row["engine"] != "graphflow" and mine is not None:
            ratio = ratio_said(row["seconds"] / mine)
        lines.append([
            *asked, seconds_said(row["seconds"]), seconds_said(row["most"]), str(row["runs"]), ratio,
            "" if row["target"] is None else f"≤ {seconds_said(row['target'])}: "
            + ("met" if row["met"] else "not met"),
            f"{row['peak'] / 2**30:.1f} GiB", row["facts"],
        ])  # fmt: skip
    head = (
        "question", "engine", "median", "longest", "runs", "times ours", "target", "peak memory", "more",
    )  # fmt: skip
    return table(head, lines)


def redlines_said(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        name = f"{row['line']}{', ' if row['how'] else ''}{row['how']}, {rows_said(row['size'])}"
        asked = ""
        if "target" in row:
            asked = f"≤ {seconds_said(row['target'])}, ≤ {row['most'] / 2**30:.0f} GiB"
        met = {None: "", True: "met", False: "not met"}[row["met"]]
        if "why" in row:
            lines.append([name, asked, f"not measured: {row['why']}", met, "", "", ""])
            continue
        lines.append(
            [name, asked, seconds_said(row["seconds"]), met, f"{row['peak'] / 2**30:.1f} GiB",
             f"{row['findings']:,}", row["facts"]]
        )  # fmt: skip
    return table(("red line", "target", "measured", "", "peak memory", "findings", "more"), lines)


def said(found: Mapping[str, Any]) -> str:
    """The whole report, as Markdown."""
    where = found["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in where["packages"].items())
    parts = [
        f"# Benchmarks, {found['date']}",
        f"{where['cores']} cores, {where['memory_gib']} GiB, {where['processor']}, {where['system']}; Python "
        f"{where['python']}, graphflow {where['graphflow']}; {packages}. Load before: "
        f"{found['load_before']}, after: {found['load_after']} (above the number of cores, times are "
        "too long). Times are medians in wall time.",
    ]
    if found.get("note"):
        parts.append(f"**Note.** {found['note']}")
    if found.get("common"):
        parts += [
            "## The question that all peers can state",
            "Accounts touched and amounts, in time order (`poison`); the data are in memory in each engine's "
            "own best form; all answers were equal. `benchmarks/question.py` says it in words, "
            "`benchmarks/peers.py` how each is asked. Processor time and peak memory: theirs / ours.",
            common_said(found["common"]),
            builds_said(found["common"]),
        ]
    if found.get("targets"):
        parts += ["## Targets", targets_said(found["targets"])]
    if found.get("ownership"):
        parts += [
            "## Who stands behind everybody",
            "Parties, and six stakes for five of them, by `benchmarks/ownership.py`: a plain graph without "
            "rings, a deep one with thousands of them, and one with a great ring, for which a target is ten "
            "times as long. Figures that two engines both give were equal: rings, how many stand above each, "
            "and shares to a billionth. What all parties were asked at once was compared with some asked one "
            "by one. A peak is that of all questions of an engine.",
            ownership_said(found["ownership"]),
        ]
    if found.get("patterns"):
        from benchmarks.patterns import said as patterns_said

        parts += patterns_said(found["patterns"])
    if found.get("redlines"):
        parts += [
            "## Red lines",
            "Asked of the lending platform's case by `benchmarks/redlines.py`. *Alone*: in a process of "
            "its own, which puts together by itself what red lines share; *with all*: in one process, in "
            "their order, where the first that needs something shared pays for it, and the peak is the most "
            "held up to there, pages of mapped files included.",
            redlines_said(found["redlines"]),
        ]
    if found.get("big"):
        parts += [
            "## One very large case",
            "Every stage in a process of its own, by `benchmarks/big.py`. `first` is what the first time "
            "took, with whatever of the case the page cache had left (opening: with the imports of a process "
            "that has only just begun), `again` the second, by which a question is judged. Peak memory is "
            "what was resident at most, pages of mapped files included.",
            big_said(found["big"]),
        ]
    if found.get("kernels"):
        parts += [
            "## Kernels against their naive twins",
            "The largest inputs that the twin can bear, with equal outcomes. A twin is written to be read.",
            twins_said(found["kernels"]["beside_twins"]),
            "## Kernels alone",
            alone_said(found["kernels"]["alone"]),
        ]
    return "\n\n".join(parts) + "\n"


def keep(found: Mapping[str, Any], folder: Path, name: str) -> tuple[Path, Path]:
    """Write the report and the figures behind it; where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{found['date']}-{name}"
    text, figures = folder / f"{stem}.md", folder / f"{stem}.json"
    text.write_text(said(found), encoding="utf-8")
    figures.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return text, figures


def today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()
