"""``python -m benchmarks``: peers side by side, the targets, every kernel; printed and kept.

Seven parts, each of which `--only` chooses: ``common`` (the question that all peers can state), ``targets``
(what people wait for), ``ownership`` (who stands behind whom, of a million parties), ``patterns`` (laundering
patterns: recall, precision and speed), ``redlines`` (all of them asked of the lending platform's case) and
``kernels``. `--match` narrows a part: a peer's name, a target's, a red line's code, a kernel's, an affair's.
``affairs`` (whom every red line finds in the generated affairs, beside their truth), ``ranking`` (the learned
ranking beside the rules, on AMLSim split by time) and ``night`` (a whole nightly run) are run only where
`--only` says so.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import (
    affairs,
    common,
    data,
    kernels,
    nightly,
    ownership,
    patterns,
    ranking,
    redlines,
    results,
    targets,
)
from benchmarks.measure import load_average, machine, share_imports

PARTS = ("common", "targets", "ownership", "patterns", "redlines", "kernels", "affairs", "ranking", "night")


# what most measurements import, none of which starts a thread that a copy would lack
IMPORTED = (
    "benchmarks.common", "benchmarks.ownership", "benchmarks.patterns", "benchmarks.redlines",
    "benchmarks.targets", "graphflow.case", "graphflow.intake", "graphflow.ownership", "graphflow.redlines",
    "graphflow.tracing", "graphflow.typologies",
)  # fmt: skip


def say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def sizes_of(text: str) -> list[int]:
    """
    >>> sizes_of("1e6,10M,2000")
    [2000, 1000000, 10000000]
    """
    found = set()
    for word in text.split(","):
        unit = {"k": 1_000, "M": 1_000_000}.get(word.strip()[-1:], 0)
        size = float(word.strip()[:-1]) * unit if unit else float(word)
        if size != int(size) or size < 1000:
            raise argparse.ArgumentTypeError(f"{word}: a size is a whole number, at least 1000")
        found.add(int(size))
    return sorted(found)


def arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=sizes_of, default=[1_000_000, 10_000_000], help="transfers: 1e6,1e7")
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--match", help="within a part: only what has this in its name")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="few runs of one rule, to see that it works: no peaks of memory to publish",
    )
    parser.add_argument(
        "--limit", type=float, default=600.0, help="seconds after which one measurement is given up"
    )
    parser.add_argument(
        "--out", type=Path, default=data.ROOT / "benchmarks" / "results", help="where results are kept"
    )
    parser.add_argument("--name", default="all", help="of the results: DATE-NAME.md and .json")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    ask = arguments(given)
    if ask.quick:
        share_imports(*IMPORTED)
    if ask.only == "affairs":
        return _affairs(ask)
    if ask.only == "ranking":
        return _ranking(ask)
    if ask.only == "night":
        return _night(ask)
    name = ask.name if ask.only is None else ask.only
    found: dict[str, Any] = {
        "date": results.today(),
        "sizes": ask.sizes,
        "load_before": load_average(),
        "machine": machine(),
        "common": [],
        "targets": [],
        "ownership": [],
        "redlines": [],
        "kernels": {},
    }
    for size in ask.sizes if ask.only not in ("ownership", "redlines") else ():
        say(f"data of {size:,} transfers")
        data.case_folder(size)
        data.seeds(size)
    targets.clean()
    if ask.only in (None, "common"):
        for size in ask.sizes:
            say(f"the common question, {size:,} transfers")
            found["common"] += common.compare(size, ask.match, ask.limit)
        found["targets"] += common.judged(found["common"])
        keep(found, ask.out, name)
    if ask.only in (None, "targets"):
        for size in ask.sizes:
            say(f"targets, {size:,} transfers")
            data.csv_folder(size)
            parts = targets.PARTS if size == max(ask.sizes) else targets.TRACING
            found["targets"] += targets.measure(size, parts, ask.match, ask.limit, ask.quick)
            keep(found, ask.out, name)
    if ask.only in (None, "ownership"):
        size = min(max(ask.sizes), ownership.FULL)
        say(f"ownership, {size:,} parties")
        for rows in ownership.measure(size, ask.match, ask.limit, ask.quick):
            found["ownership"] = rows
            keep(found, ask.out, name)
    if ask.only in (None, "patterns"):
        for found["patterns"] in patterns.measure(ask.sizes, ask.match, ask.limit, ask.quick):
            keep(found, ask.out, name)
    if ask.only in (None, "redlines"):
        for size in ask.sizes:
            say(f"red lines, {size:,} transfers")
            data.lending_folder(size)
            before = list(found["redlines"])
            for rows in redlines.measure(size, ask.match, ask.limit, ask.quick):
                found["redlines"] = before + rows
                keep(found, ask.out, name)
    if ask.only in (None, "kernels"):
        say("kernels")
        found["kernels"] = kernels.measure(ask.sizes, ask.match, ask.quick, ask.limit)
    text, figures = keep(found, ask.out, name)
    print(results.said(found))
    say(f"kept: {text.name} and {figures.name}")
    return 0


def _affairs(ask: argparse.Namespace) -> int:
    """Every red line on every affair; kept after each case, since some take minutes."""
    seeds = affairs.SEEDS[:1] if ask.quick else affairs.SEEDS
    rows: list[results.Row] = []
    for rows in affairs.measure(affairs.SCALE, seeds, ask.match):
        cases = {(row["affair"], row["seed"]) for row in rows}
        say(f"{len(cases)} cases asked")
        affairs.keep(rows, ask.out, affairs.SCALE)
    text, figures = affairs.keep(rows, ask.out, affairs.SCALE)
    print(text.read_text(encoding="utf-8"))
    say(f"kept: {text.name} and {figures.name}")
    return 0


def _ranking(ask: argparse.Namespace) -> int:
    """The learned ranking beside the rules; `--quick` asks of one month."""
    text, figures = ranking.keep(ranking.measure(months=1 if ask.quick else None), ask.out)
    print(text.read_text(encoding="utf-8"))
    say(f"kept: {text.name} and {figures.name}")
    return 0


def _night(ask: argparse.Namespace) -> int:
    """A whole nightly run of each size."""
    load = load_average()
    for rows in nightly.measure(ask.sizes, ask.limit):
        text, figures = nightly.keep(rows, ask.out, load)
        say(f"{len(rows)} of {len(ask.sizes)} sizes")
    print(text.read_text(encoding="utf-8"))
    say(f"kept: {text.name} and {figures.name}")
    return 0


def keep(found: dict[str, Any], folder: Path, name: str) -> tuple[Path, Path]:
    """What was measured so far: a part that fails does not lose those before it."""
    found["load_after"] = load_average()
    return results.keep(found, folder, name)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except common.DifferentAnswers as error:
        sys.exit(f"benchmarks: different answers to the same question: {error}")
